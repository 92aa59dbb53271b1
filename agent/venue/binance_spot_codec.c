#include "venue/binance_spot_codec.h"

#include "venue/binance_spot_parse.h"

/* A level in the venue's own layout, ["1.00","2.00"], without a space; false (and nothing moved)
 * for any other: the way for all but the odd message. */
static inline bool plain_level(struct json *j, struct level *ret)
{
    const char *p = j->p, *end = j->end;
    struct level l;
    if (end - p < 2 || p[0] != '[' || p[1] != '"')
        return false;
    p += 2;
    if (dec_scan(&p, end, &l.price) || end - p < 3 || p[0] != '"' || p[1] != ',' || p[2] != '"')
        return false;
    p += 3;
    if (dec_scan(&p, end, &l.qty) || end - p < 2 || p[0] != '"' || p[1] != ']')
        return false;
    j->p = p + 2;
    *ret = l;
    return true;
}

static void any_level(struct json *j, struct level *l)
{
    json_enter(j, '[');
    bool pair = json_element(j) && (l->price = json_quoted_dec(j), json_element(j)) &&
                (l->qty = json_quoted_dec(j), !json_element(j));
    if (!pair)
        json_fail(j, ERR_SYNTAX);
}

uint32_t binance_levels(struct json *j, struct level *out, uint32_t cap)
{
    uint32_t n = 0;
    json_enter(j, '[');
    while (json_element(j)) {
        struct level l = {DEC_ZERO, DEC_ZERO};
        if (!plain_level(j, &l))
            any_level(j, &l);
        if (l.price.v == 0 || !binance_sane(l.price) || !binance_sane(l.qty))
            json_fail(j, ERR_RANGE);
        else if (n == cap)
            json_fail(j, ERR_FULL);
        else
            out[n++] = l;
    }
    return n;
}

/* What a decoder of one kind works on. */
struct work {
    struct json j;
    struct level *levels;
    uint32_t cap;
    struct binance_message *m;
};

/* Whether all of [needed] was seen; a missing key is a malformed message. */
static bool complete(struct json *j, uint64_t seen, uint64_t needed)
{
    if (!j->err && (seen & needed) != needed)
        json_fail(j, ERR_SYNTAX);
    return !j->err;
}

static void set_time(struct json *j, uint64_t t, int64_t *ret_ns)
{
    enum err e = binance_time(t, ret_ns);
    if (e)
        json_fail(j, e);
}

/* trade and aggTrade differ in the letter of their id. */
static void decode_trade(struct work *w, char id_letter)
{
    struct json *j = &w->j;
    struct binance_message *m = w->m;
    struct binance_trade *t = &m->trade;
    uint64_t seen = 0, event_time = 0, trade_time = 0;
    bool buyer_is_maker = false;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        switch (c) {
        case 'E': event_time = json_u64(j); break;
        case 's': m->symbol = json_string(j); break;
        case 'p': t->price = json_quoted_dec(j); break;
        case 'q': t->qty = json_quoted_dec(j); break;
        case 'T': trade_time = json_u64(j); break;
        case 'm': buyer_is_maker = json_bool(j); break;
        case 'X': json_fail(j, ERR_UNSUPPORTED); break; /* futures */
        default:
            if (c == id_letter)
                t->id = json_u64(j);
            else
                (void)json_skip(j);
        }
    }
    const uint64_t needed = LETTER('E') | LETTER('s') | LETTER('p') | LETTER('q') | LETTER('T') |
                            LETTER('m') | LETTER(id_letter);
    if (!complete(j, seen, needed))
        return;
    if (!(seen & LETTER('M'))) {
        json_fail(j, ERR_UNSUPPORTED); /* futures have no "M" */
        return;
    }
    if (!dec_is_pos(t->price) || !dec_is_pos(t->qty) || !binance_sane(t->price) ||
        !binance_sane(t->qty))
        json_fail(j, ERR_RANGE);
    set_time(j, event_time, &m->ts_event_ns);
    set_time(j, trade_time, &t->ts_trade_ns);
    t->aggressor = buyer_is_maker ? SIDE_SELL : SIDE_BUY;
    m->kind = id_letter == 't' ? BINANCE_TRADE : BINANCE_AGG_TRADE;
}

/* A side of the book that is empty has price 0 and quantity 0, never one of them. */
static bool top_side_ok(dec price, dec qty)
{
    return binance_sane(price) && binance_sane(qty) && dec_is_zero(price) == dec_is_zero(qty);
}

#define BOOK_TICKER                                                                                \
    (LETTER('u') | LETTER('s') | LETTER('b') | LETTER('B') | LETTER('a') | LETTER('A'))

static void decode_book_ticker(struct work *w)
{
    struct json *j = &w->j;
    struct binance_message *m = w->m;
    struct binance_book_ticker *t = &m->book_ticker;
    uint64_t seen = 0;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        switch (c) {
        case 'u': t->update_id = json_u64(j); break;
        case 's': m->symbol = json_string(j); break;
        case 'b': t->bid_price = json_quoted_dec(j); break;
        case 'B': t->bid_qty = json_quoted_dec(j); break;
        case 'a': t->ask_price = json_quoted_dec(j); break;
        case 'A': t->ask_qty = json_quoted_dec(j); break;
        case 'e':
        case 'E':
        case 'T': json_fail(j, ERR_UNSUPPORTED); break; /* futures */
        default: (void)json_skip(j);
        }
    }
    if (!complete(j, seen, BOOK_TICKER))
        return;
    if (!top_side_ok(t->bid_price, t->bid_qty) || !top_side_ok(t->ask_price, t->ask_qty))
        json_fail(j, ERR_RANGE);
    m->kind = BINANCE_BOOK_TICKER;
}

static void decode_depth(struct work *w)
{
    struct json *j = &w->j;
    struct binance_message *m = w->m;
    struct binance_depth *d = &m->depth;
    uint64_t seen = 0, event_time = 0;
    uint32_t used = 0; /* levels of both sides share the array, in the order they come */
    d->bid = d->ask = w->levels;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        switch (c) {
        case 'E': event_time = json_u64(j); break;
        case 's': m->symbol = json_string(j); break;
        case 'U': d->first_id = json_u64(j); break;
        case 'u': d->last_id = json_u64(j); break;
        case 'b':
            d->bid = w->levels + used;
            d->bids = binance_levels(j, w->levels + used, w->cap - used);
            used += d->bids;
            break;
        case 'a':
            d->ask = w->levels + used;
            d->asks = binance_levels(j, w->levels + used, w->cap - used);
            used += d->asks;
            break;
        case 'T': json_fail(j, ERR_UNSUPPORTED); break; /* futures */
        default: (void)json_skip(j);
        }
    }
    if (!complete(j, seen,
                  LETTER('E') | LETTER('s') | LETTER('U') | LETTER('u') | LETTER('b') |
                      LETTER('a')))
        return;
    if (d->first_id > d->last_id)
        json_fail(j, ERR_SYNTAX);
    set_time(j, event_time, &m->ts_event_ns);
    m->kind = BINANCE_DEPTH;
}

/* An amount of a kline. All of them have eight decimals on Spot; futures write the decimals of
 * their tick, and nothing else tells the two apart. */
static dec kline_amount(struct json *j)
{
    const char *start = j->p;
    dec d = json_quoted_dec(j);
    if (!j->err && (j->p - start < 11 || j->p[-10] != '.'))
        json_fail(j, ERR_UNSUPPORTED);
    return d;
}

static void decode_kline_body(struct work *w, struct binance_kline *k)
{
    struct json *j = &w->j;
    uint64_t seen = 0, open_time = 0, last_time = 0;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        switch (c) {
        case 't': open_time = json_u64(j); break;
        case 'T': last_time = json_u64(j); break;
        case 'i': k->interval = json_string(j); break;
        case 'o': k->open = kline_amount(j); break;
        case 'h': k->high = kline_amount(j); break;
        case 'l': k->low = kline_amount(j); break;
        case 'c': k->close = kline_amount(j); break;
        case 'v': k->volume = kline_amount(j); break;
        case 'n': k->trades = json_u64(j); break;
        case 'x': k->closed = json_bool(j); break;
        default: (void)json_skip(j);
        }
    }
    if (!complete(j, seen,
                  LETTER('t') | LETTER('T') | LETTER('i') | LETTER('o') | LETTER('h') |
                      LETTER('l') | LETTER('c') | LETTER('v') | LETTER('n') | LETTER('x')))
        return;
    set_time(j, open_time, &k->open_ns);
    set_time(j, last_time + 1, &k->close_ns);
    if (!binance_kline_ok(k))
        json_fail(j, ERR_RANGE);
}

static void decode_kline(struct work *w)
{
    struct json *j = &w->j;
    uint64_t seen = 0, event_time = 0;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        switch (c) {
        case 'E': event_time = json_u64(j); break;
        case 's': w->m->symbol = json_string(j); break;
        case 'k': decode_kline_body(w, &w->m->kline); break;
        default: (void)json_skip(j);
        }
    }
    if (!complete(j, seen, LETTER('E') | LETTER('s') | LETTER('k')))
        return;
    set_time(j, event_time, &w->m->ts_event_ns);
    w->m->kind = BINANCE_KLINE;
}

/* Tickers and the like: known, with nothing in them that is needed here. */
static void decode_statistics(struct work *w, bool is_24h_ticker)
{
    struct json *j = &w->j;
    uint64_t seen = 0;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        if (c == 's')
            w->m->symbol = json_string(j);
        else
            (void)json_skip(j);
    }
    if (complete(j, seen, LETTER('s')) && is_24h_ticker && !(seen & LETTER('x')))
        json_fail(j, ERR_UNSUPPORTED); /* futures tickers have no best prices */
    w->m->kind = BINANCE_STATISTICS;
}

static void decode_shutdown(struct work *w)
{
    struct json *j = &w->j;
    uint64_t seen = 0, event_time = 0;
    json_enter(j, '{');
    for (char c; (c = binance_field(j, &seen));) {
        if (c == 'E')
            event_time = json_u64(j);
        else
            (void)json_skip(j);
    }
    if (!complete(j, seen, LETTER('E')))
        return;
    set_time(j, event_time, &w->m->ts_event_ns);
    w->m->kind = BINANCE_SHUTDOWN;
}

static void decode_partial_depth(struct work *w)
{
    struct json_text rest = json_skip(&w->j);
    if (w->j.err)
        return;
    enum err e = binance_spot_decode_snapshot(rest.p, rest.len, w->levels, w->cap, &w->m->depth);
    if (e)
        json_fail(&w->j, e);
    w->m->kind = BINANCE_PARTIAL_DEPTH;
}

/* {"code":2,"msg":"..."}, also nested in "error" */
static void decode_error_body(struct json *j, struct binance_response *r, struct json_text key,
                              unsigned *seen)
{
    if (json_is(key, "code")) {
        r->code = json_i64(j);
        *seen |= 1;
    } else if (json_is(key, "msg")) {
        r->msg = json_string(j);
        *seen |= 2;
    } else {
        (void)json_skip(j);
    }
}

static void decode_response(struct work *w)
{
    struct json *j = &w->j;
    struct binance_response *r = &w->m->response;
    unsigned error_seen = 0;
    bool result = false;
    struct json_text key;
    json_enter(j, '{');
    while (json_key(j, &key)) {
        if (json_is(key, "id")) {
            char c = json_peek(j);
            r->has_id = c == '-' || (c >= '0' && c <= '9');
            if (r->has_id)
                r->id = json_i64(j);
            else
                (void)json_skip(j);
        } else if (json_is(key, "result")) {
            (void)json_skip(j);
            result = true;
        } else if (json_is(key, "error") && json_peek(j) == '{') {
            struct json_text inner;
            json_enter(j, '{');
            while (json_key(j, &inner))
                decode_error_body(j, r, inner, &error_seen);
        } else {
            decode_error_body(j, r, key, &error_seen);
        }
    }
    r->ok = result && error_seen == 0;
    if (!r->ok && error_seen != 3)
        json_fail(j, ERR_SYNTAX);
    w->m->kind = BINANCE_RESPONSE;
}

static bool is_statistics(struct json_text e)
{
    return json_is(e, "24hrTicker") || json_is(e, "24hrMiniTicker") || json_is(e, "1hTicker") ||
           json_is(e, "4hTicker") || json_is(e, "1dTicker") || json_is(e, "avgPrice") ||
           json_is(e, "blockTrade") || json_is(e, "referencePrice");
}

/* Events of other dialects of the same venue: futures, and a Spot account's own. */
static bool is_foreign(struct json_text e)
{
    static const char *const FOREIGN[] = {
        "bookTicker",         "markPriceUpdate",
        "indexPriceUpdate",   "continuous_kline",
        "indexPrice_kline",   "markPrice_kline",
        "forceOrder",         "compositeIndex",
        "contractInfo",       "assetIndexUpdate",
        "tradingSession",     "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",     "TRADE_LITE",
        "ALGO_UPDATE",        "MARGIN_CALL",
        "STRATEGY_UPDATE",    "ACCOUNT_CONFIG_UPDATE",
        "GRID_UPDATE",        "listenKeyExpired",
        "executionReport",    "balanceUpdate",
        "listStatus",         "outboundAccountPosition",
        "externalLockUpdate", "eventStreamTerminated",
    };
    for (unsigned i = 0; i < sizeof FOREIGN / sizeof FOREIGN[0]; i++)
        if (json_is(e, FOREIGN[i]))
            return true;
    return false;
}

static void decode_event(struct work *w, struct json_text e)
{
    if (json_is(e, "depthUpdate"))
        decode_depth(w);
    else if (json_is(e, "trade"))
        decode_trade(w, 't');
    else if (json_is(e, "aggTrade"))
        decode_trade(w, 'a');
    else if (json_is(e, "kline"))
        decode_kline(w);
    else if (json_is(e, "serverShutdown"))
        decode_shutdown(w);
    else if (is_statistics(e))
        decode_statistics(w, json_is(e, "24hrTicker"));
    else if (json_skip(&w->j), !w->j.err)
        json_fail(&w->j, is_foreign(e) ? ERR_UNSUPPORTED : ERR_UNKNOWN);
}

/* What an object could be, by the names in it; for those that do not say it at once. */
struct shape {
    struct json_text event; /* value of "e"; p NULL where absent */
    uint64_t letters;       /* keys of one letter */
    bool stream, data, snapshot, result, code, msg, error, foreign;
};

static struct shape look_at(struct json j)
{
    struct shape s = {0};
    struct json_text key;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "e") && json_peek(&j) == '"') {
            s.event = json_string(&j);
            continue;
        }
        if (key.len == 1 && binance_is_letter(key.p[0]))
            s.letters |= LETTER(key.p[0]);
        s.stream |= json_is(key, "stream");
        s.data |= json_is(key, "data");
        s.snapshot |= json_is(key, "lastUpdateId");
        s.result |= json_is(key, "result");
        s.code |= json_is(key, "code");
        s.msg |= json_is(key, "msg");
        s.error |= json_is(key, "error");
        s.foreign |= json_is(key, "status") || json_is(key, "event") ||
                     json_is(key, "subscriptionId") || json_is(key, "contractType");
        (void)json_skip(&j);
    }
    return s;
}

static void decode_object(struct work *w, bool wrapped);

/* {"stream":"btcusdt@trade","data":{...}} */
static void decode_wrapper(struct work *w)
{
    struct json *j = &w->j;
    struct json_text key, stream = {"", 0};
    bool has_stream = false, has_data = false;
    json_enter(j, '{');
    while (json_key(j, &key)) {
        if (json_is(key, "stream") && !has_stream) {
            stream = json_string(j);
            has_stream = true;
        } else if (json_is(key, "data") && !has_data) {
            decode_object(w, true);
            has_data = true;
        } else if (json_is(key, "stream") || json_is(key, "data")) {
            json_fail(j, ERR_SYNTAX);
        } else {
            (void)json_skip(j);
        }
    }
    if (!has_stream || !has_data)
        json_fail(j, ERR_SYNTAX);
    w->m->stream = stream;
}

/* [{...}, ...]: the all-market tickers. */
static void decode_array(struct work *w)
{
    struct json *j = &w->j;
    unsigned n = 0;
    json_enter(j, '[');
    for (; json_element(j); n++) {
        struct shape s = look_at(*j);
        if (json_peek(j) == '{' && s.event.p && is_statistics(s.event))
            decode_statistics(w, json_is(s.event, "24hrTicker"));
        else if (json_skip(j), !j->err)
            json_fail(j, s.event.p && is_foreign(s.event) ? ERR_UNSUPPORTED : ERR_UNKNOWN);
    }
    if (n == 0)
        json_fail(j, ERR_UNKNOWN);
    w->m->symbol = (struct json_text){"", 0};
    w->m->kind = BINANCE_STATISTICS;
}

static void decode_by_shape(struct work *w, bool wrapped)
{
    struct shape s = look_at(w->j);
    *w->m = (struct binance_message){.stream = {"", 0}, .symbol = {"", 0}};
    if (s.event.p)
        decode_event(w, s.event);
    else if ((s.letters & BOOK_TICKER) == BOOK_TICKER)
        decode_book_ticker(w);
    else if (s.stream && s.data && !wrapped)
        decode_wrapper(w);
    else if (s.snapshot)
        decode_partial_depth(w);
    else if (!s.foreign && !wrapped && (s.result || s.error || (s.code && s.msg)))
        decode_response(w);
    else if (json_skip(&w->j), !w->j.err)
        json_fail(&w->j, s.foreign ? ERR_UNSUPPORTED : ERR_UNKNOWN);
}

/* The first key tells what most messages are; the others are looked through before. */
static void decode_object(struct work *w, bool wrapped)
{
    const char c = json_peek(&w->j);
    if (c == '[') {
        decode_array(w);
        return;
    }
    const struct json start = w->j;
    struct json ahead = start;
    struct json_text key;
    json_enter(&ahead, '{');
    if (!json_key(&ahead, &key)) {
        if (ahead.err) /* else: {} */
            w->j = ahead;
        decode_by_shape(w, wrapped);
    } else if (json_is(key, "e") && json_peek(&ahead) == '"') {
        decode_event(w, json_string(&ahead));
    } else if (json_is(key, "stream") && !wrapped) {
        decode_wrapper(w);
    } else if (json_is(key, "u")) {
        decode_book_ticker(w); /* mostly; an "e" further on would make it something else */
        if (w->j.err) {
            w->j = start;
            decode_by_shape(w, wrapped);
        }
    } else {
        decode_by_shape(w, wrapped);
    }
}

/* Whether the wrapper's stream is that of the message's symbol: btcusdt@..., or one for all (!...).
 */
static bool stream_fits(struct json_text stream, struct json_text symbol)
{
    if (stream.len == 0 || stream.p[0] == '!' || symbol.len == 0)
        return true;
    if (stream.len <= symbol.len || stream.p[symbol.len] != '@')
        return false;
    for (size_t i = 0; i < symbol.len; i++) {
        char c = symbol.p[i];
        if (stream.p[i] != (c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c))
            return false;
    }
    return true;
}

enum err binance_spot_decode(const char *text, size_t len, struct level *levels, uint32_t cap,
                             struct binance_message *ret)
{
    struct binance_message m = {.stream = {"", 0}, .symbol = {"", 0}};
    struct work w = {.j = json_make(text, len), .levels = levels, .cap = cap, .m = &m};
    decode_object(&w, false);
    enum err e = json_finish(&w.j);
    if (!e && !stream_fits(m.stream, m.symbol))
        e = ERR_SYNTAX;
    if (e)
        return e;
    *ret = m;
    return ERR_OK;
}

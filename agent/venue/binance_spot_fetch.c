/* The REST half of the Binance Spot session: one request at a time, within the venue's weight. */
#include "venue/binance_spot_session.h"

#include "base/buf.h"
#include "base/check.h"

#include <string.h>

void fetch_start(struct session *s)
{
    s->fetch.kind = FETCH_NONE;
    s->fetch.rules_at_ns = s->mono_ns;
    s->fetch.rules_next = 0;
    fetch_pump(s);
}

static void put(struct bufw *b, const char *text)
{
    bufw_bytes(b, text, strlen(text));
}

static bool paid(const struct session *s, int64_t weight)
{
    return s->fetch.weight_ns + weight * FETCH_WEIGHT_NS <= s->mono_ns + FETCH_BURST_NS;
}

static void send(struct session *s, enum fetch_kind kind, int64_t weight, struct bufw *path)
{
    struct fetch *f = &s->fetch;
    bufw_u8(path, 0);
    CHECK(!path->failed);
    if (f->weight_ns < s->mono_ns)
        f->weight_ns = s->mono_ns;
    f->weight_ns += weight * FETCH_WEIGHT_NS;
    f->kind = kind;
    f->request++;
    f->connection = s->connection;
    f->deadline_ns = s->mono_ns + FETCH_TIMEOUT_NS;
    session_wake(s, f->deadline_ns);
    s->host.http_get(s->host.ctx, f->request, (const char *)path->data);
}

static void ask_rules(struct session *s)
{
    char text[4096];
    struct bufw path = bufw_make(text, sizeof text);
    put(&path, "/api/v3/exchangeInfo?showPermissionSets=false&");
    if (s->fetch.one_by_one || s->feeds == 1) {
        s->fetch.feed = s->fetch.one_by_one ? s->fetch.rules_next : 0;
        put(&path, "symbol=");
        put(&path, s->feed[s->fetch.feed].symbol);
    } else {
        put(&path, "symbols=%5B");
        for (uint32_t i = 0; i < s->feeds; i++) {
            put(&path, i ? ",%22" : "%22");
            put(&path, s->feed[i].symbol);
            put(&path, "%22");
        }
        put(&path, "%5D");
    }
    send(s, FETCH_RULES, FETCH_WEIGHT_RULES, &path);
}

static void ask_book(struct session *s, uint32_t i)
{
    struct feed *f = &s->feed[i];
    char text[128];
    struct bufw path = bufw_make(text, sizeof text);
    put(&path, "/api/v3/depth?symbol=");
    put(&path, f->symbol);
    put(&path, "&limit=" FETCH_BOOK_LIMIT);
    s->fetch.feed = i;
    f->book_at_ns =
        s->mono_ns + session_jitter(s, FETCH_BOOK_EVERY_NS, FETCH_BOOK_EVERY_NS * 3 / 2);
    send(s, FETCH_BOOK, FETCH_WEIGHT_BOOK, &path);
}

static bool wants_book(const struct session *s, const struct feed *f)
{
    return s->connected && !f->refused && f->depth.state == DEPTH_WAITING && f->depth.diffs > 0;
}

void fetch_pump(struct session *s)
{
    struct fetch *f = &s->fetch;
    if (f->kind != FETCH_NONE || s->stats.state == SESSION_STOPPED)
        return;
    if (s->mono_ns < f->blocked_until) {
        session_wake(s, f->blocked_until);
        return;
    }
    if (s->mono_ns >= f->rules_at_ns) {
        if (paid(s, FETCH_WEIGHT_RULES))
            ask_rules(s);
        else
            session_wake(s, s->mono_ns + FETCH_WEIGHT_RULES * FETCH_WEIGHT_NS);
        return;
    }
    session_wake(s, f->rules_at_ns);
    for (uint32_t n = 0; n < s->feeds; n++) {
        uint32_t i = (f->book_next + n) % s->feeds;
        struct feed *feed = &s->feed[i];
        if (!wants_book(s, feed))
            continue;
        if (s->mono_ns < feed->book_at_ns) {
            session_wake(s, feed->book_at_ns);
        } else if (!paid(s, FETCH_WEIGHT_BOOK)) {
            session_wake(s, s->mono_ns + FETCH_WEIGHT_BOOK * FETCH_WEIGHT_NS);
            return;
        } else {
            f->book_next = (i + 1) % s->feeds;
            ask_book(s, i);
            return;
        }
    }
}

/* ---- failures ---- */

static void block(struct session *s, int64_t ns)
{
    const int64_t until = s->mono_ns + ns;
    if (until > s->fetch.blocked_until)
        s->fetch.blocked_until = until;
}

/* An answer that says no, or none: wait. Bans by their header, the rest with growing delay. */
static void failed(struct session *s, int status, int retry_after_s, const char *why)
{
    char number[SESSION_NUMBER_BYTES], wait[SESSION_NUMBER_BYTES];
    int64_t ns;
    if (status == 429 || status == 418 || status == 403) {
        const int64_t least = status == 418 ? FETCH_BANNED_NS : FETCH_LIMITED_NS;
        ns = retry_after_s >= 0 ? retry_after_s * NS_PER_S : least;
        ns = ns > FETCH_WAIT_MAX_NS ? FETCH_WAIT_MAX_NS : ns;
        /* "0 s" is no licence to hammer. */
        ns += session_jitter(s, SESSION_BACKOFF_MIN_NS, NS_PER_S);
    } else {
        ns = session_backoff(s, s->fetch.failures);
    }
    s->fetch.failures++;
    block(s, ns);
    SESSION_LOG(s, true, NULL, "REST request failed: ", status ? "HTTP status " : "no answer",
                status ? session_number(status, number) : "", *why ? ", " : "", why,
                "; next try in ", session_number(ns / NS_PER_MS, wait), " ms");
}

/* Text of the venue's {code,msg} for the log, cut and made printable. */
static const char *error_words(const char *body, size_t len, char out[static 128], int64_t *code)
{
    struct binance_error e;
    *code = 0;
    out[0] = 0;
    if (binance_spot_decode_error(body, len, &e))
        return out;
    *code = e.code;
    char number[SESSION_NUMBER_BYTES];
    struct bufw b = bufw_make(out, 127);
    put(&b, session_number(e.code, number));
    put(&b, " ");
    bufw_bytes(&b, e.msg.p, e.msg.len < 90 ? e.msg.len : 90);
    out[b.len] = 0;
    for (char *p = out; *p; p++)
        if ((signed char)*p < ' ')
            *p = '?';
    return out;
}

#define CODE_INVALID_SYMBOL (-1121)

static void refuse(struct session *s, struct feed *f, const char *why)
{
    if (!f->refused)
        SESSION_LOG(s, true, f, "no market data: ", why);
    f->refused = true;
}

/* ---- rules ---- */

static bool same_rules(const struct instrument_rules *a, const struct instrument_rules *b)
{
    return a->status == b->status && dec_eq(a->tick_size, b->tick_size) &&
           dec_eq(a->lot_size, b->lot_size) && dec_eq(a->min_price, b->min_price) &&
           dec_eq(a->max_price, b->max_price) && dec_eq(a->min_qty, b->min_qty) &&
           dec_eq(a->max_qty, b->max_qty) && dec_eq(a->min_notional, b->min_notional) &&
           dec_eq(a->max_notional, b->max_notional) &&
           dec_eq(a->base_precision, b->base_precision) &&
           dec_eq(a->quote_precision, b->quote_precision);
}

static void take_symbol(void *ctx, const struct binance_symbol *symbol)
{
    struct session *s = ctx;
    for (uint32_t i = 0; i < s->feeds; i++) {
        struct feed *f = &s->feed[i];
        const struct instrument *in = &s->setup->instrument[f->id];
        /* All three names: "BTCUSDT" alone could also be BTCU-SDT. */
        if (json_is(symbol->symbol, f->symbol) &&
            json_is(symbol->base, s->setup->asset[in->base]) &&
            json_is(symbol->quote, s->setup->asset[in->quote])) {
            f->answered = true;
            f->new_rules = symbol->rules;
        }
    }
}

static void learn_rules(struct session *s, struct feed *f)
{
    f->refused = false;
    if (!f->rules_known || !same_rules(&f->rules, &f->new_rules)) {
        f->rules_known = true;
        f->rules = f->new_rules;
        if (f->rules.status != INSTRUMENT_TRADING)
            SESSION_LOG(s, true, f, "the venue does not trade it at the moment");
        struct event ev = {.kind = EVENT_INSTRUMENT,
                           .ts_event_ns = session_venue_now(s, s->mono_ns),
                           .rules = f->rules};
        session_emit(s, f, &ev);
    }
    session_tell_feed(s, f);
}

/* The next round: the rest of a round of single requests, or the refresh. */
static void rules_done(struct session *s)
{
    struct fetch *f = &s->fetch;
    f->failures = 0;
    if (f->one_by_one && ++f->rules_next < s->feeds)
        return; /* rules_at_ns has come already */
    f->rules_next = 0;
    f->rules_at_ns = s->mono_ns + FETCH_RULES_EVERY_NS;
}

static void rules_answer(struct session *s, int status, int retry_after_s, const char *body,
                         size_t len)
{
    struct fetch *f = &s->fetch;
    const bool single = f->one_by_one || s->feeds == 1;
    char words[128];
    int64_t code, time_ns;
    if (status != 200) {
        const char *why = error_words(body, len, words, &code);
        if (status != 400 || code != CODE_INVALID_SYMBOL) {
            failed(s, status, retry_after_s, why);
        } else if (single) {
            refuse(s, &s->feed[f->feed], "the venue does not know this symbol");
            rules_done(s);
        } else {
            f->one_by_one = true;
            f->rules_next = 0;
        }
        return;
    }
    for (uint32_t i = 0; i < s->feeds; i++)
        s->feed[i].answered = false;
    enum err e = binance_spot_decode_exchange_info(body, len, take_symbol, s, &time_ns);
    if (!e && !session_take_time(s, time_ns))
        e = ERR_RANGE;
    if (e) {
        failed(s, status, retry_after_s,
               e == ERR_UNSUPPORTED ? "exchangeInfo is that of a futures venue: check rest_url"
                                    : err_name(e));
        return;
    }
    for (uint32_t i = 0; i < s->feeds; i++) {
        if (s->feed[i].answered)
            learn_rules(s, &s->feed[i]);
        else if (!single || i == f->feed)
            refuse(s, &s->feed[i], "the venue's exchangeInfo has no such pair of assets");
    }
    rules_done(s);
}

/* ---- books ---- */

/* Whether the snapshot can be a book: no empty levels, and bids below asks. */
static bool snapshot_is_sane(const struct binance_depth *d)
{
    dec best_bid = DEC_ZERO, best_ask = DEC_MAX;
    for (uint32_t i = 0; i < d->bids; i++) {
        if (dec_is_zero(d->bid[i].qty))
            return false;
        best_bid = dec_max(best_bid, d->bid[i].price);
    }
    for (uint32_t i = 0; i < d->asks; i++) {
        if (dec_is_zero(d->ask[i].qty))
            return false;
        best_ask = dec_min(best_ask, d->ask[i].price);
    }
    return dec_lt(best_bid, best_ask);
}

static void apply_snapshot(struct session *s, struct feed *f, const struct binance_depth *d)
{
    if (depth_take_snapshot(&f->depth, d->last_id) != DEPTH_APPLY) {
        SESSION_LOG(s, false, f, "the book's snapshot is older than the stream; fetching another");
        return;
    }
    s->stats.resyncs++;
    struct event ev = {.kind = EVENT_BOOK,
                       .ts_event_ns = s->venue_ns,
                       .book = {.snapshot = true,
                                .bids = d->bids,
                                .asks = d->asks,
                                .bid = d->bid,
                                .ask = d->ask,
                                .last_update_id = d->last_id}};
    session_emit(s, f, &ev);
    const struct depth_diff *diff;
    while (!f->resync_asked && (diff = depth_next(&f->depth)))
        session_emit_diff(s, f, diff);
    f->behind_mono_ns = f->ticker_id > f->depth.last_id ? s->mono_ns : 0;
    session_tell_feed(s, f);
}

static void book_answer(struct session *s, int status, int retry_after_s, const char *body,
                        size_t len)
{
    struct feed *f = &s->feed[s->fetch.feed];
    struct binance_depth d;
    char words[128];
    int64_t code;
    if (status != 200) {
        const char *why = error_words(body, len, words, &code);
        if (status == 400 && code == CODE_INVALID_SYMBOL)
            refuse(s, f, "the venue does not know this symbol");
        else
            failed(s, status, retry_after_s, why);
        return;
    }
    enum err e = binance_spot_decode_snapshot(body, len, s->levels, SESSION_LEVELS_MAX, &d);
    if (!e && !snapshot_is_sane(&d))
        e = ERR_RANGE;
    if (e) {
        failed(s, status, retry_after_s, err_name(e));
        return;
    }
    s->fetch.failures = 0;
    if (s->fetch.connection == s->connection && wants_book(s, f))
        apply_snapshot(s, f, &d);
}

void fetch_answer(struct session *s, uint32_t request, int status, int retry_after_s,
                  const char *body, size_t len)
{
    const enum fetch_kind kind = s->fetch.kind;
    if (kind == FETCH_NONE || request != s->fetch.request)
        return; /* given up already */
    s->fetch.kind = FETCH_NONE;
    if (kind == FETCH_RULES)
        rules_answer(s, status, retry_after_s, body, len);
    else
        book_answer(s, status, retry_after_s, body, len);
    fetch_pump(s);
}

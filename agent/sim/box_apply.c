/* What one recorded line does to the box. */
#include "sim/box.h"

#include "base/check.h"
#include "base/clock.h"
#include "venue/binance_spot_names.h"
#include "venue/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static enum err fail(enum err e, char *why,
                                                           const char *format, ...)
{
    va_list a;
    va_start(a, format);
    vsnprintf(why, BOX_WHY_MAX, format, a);
    va_end(a);
    return e;
}

/* ---- a payload taken apart ---- */

enum kind { KIND_OTHER, KIND_TRADE, KIND_AGG_TRADE, KIND_DEPTH, KIND_TOP };

/* The fields of all kinds together; absent numbers are 0. */
struct payload {
    enum kind kind;
    char symbol[SYMBOL_MAX];
    int64_t event_ms; /* 0: the message has none */
    struct box_print print;
    uint64_t first_update, last_update;
    struct json_text bids, asks;
    dec bid, bid_qty, ask, ask_qty;
};

static bool copy_symbol(struct json_text t, char out[static SYMBOL_MAX])
{
    if (!t.len || t.len >= SYMBOL_MAX)
        return false;
    memcpy(out, t.p, t.len);
    out[t.len] = '\0';
    return true;
}

/* A look at the object: which kind, whose, and whether it is of another market. */
static enum err classify(const char *data, size_t len, struct payload *p, char *why)
{
    struct json j = json_make(data, len);
    struct json_text key, type = {0}, symbol = {0};
    unsigned top = 0;
    bool futures = false;
    if (json_peek(&j) != '{') {
        (void)json_skip(&j); /* an array: all-market tickers, which the box makes itself */
        p->kind = KIND_OTHER;
        return json_finish(&j) ? fail(ERR_SYNTAX, why, "the payload is not valid JSON") : ERR_OK;
    }
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "e"))
            type = json_string(&j);
        else if (json_is(key, "s") && json_peek(&j) == '"')
            symbol = json_string(&j);
        else {
            /* What only futures messages have: the previous id, the pair, the transaction time
             * beside no event type of spot. */
            futures = futures || json_is(key, "pu") || json_is(key, "ps");
            if (json_is(key, "u") || json_is(key, "b") || json_is(key, "B") || json_is(key, "a") ||
                json_is(key, "A"))
                top++;
            (void)json_skip(&j);
        }
    }
    if (json_finish(&j))
        return fail(ERR_SYNTAX, why, "the payload is not valid JSON");
    if (json_is(type, "bookTicker") || futures)
        return fail(ERR_UNSUPPORTED, why,
                    "this is a futures message; the exchange in a box replays Binance Spot only");
    p->kind = json_is(type, "trade")         ? KIND_TRADE
              : json_is(type, "aggTrade")    ? KIND_AGG_TRADE
              : json_is(type, "depthUpdate") ? KIND_DEPTH
              : !type.p && top == 5          ? KIND_TOP
                                             : KIND_OTHER;
    if (p->kind != KIND_OTHER && !copy_symbol(symbol, p->symbol))
        return fail(ERR_SYNTAX, why, "the payload has no usable symbol (\"s\")");
    return ERR_OK;
}

/* Reads the fields of a known kind; each kind names its letters. */
static enum err read_fields(const char *data, size_t len, struct payload *p, char *why)
{
    struct json j = json_make(data, len);
    struct json_text key;
    uint64_t seen = 0; /* one bit a letter */
    bool trade = p->kind == KIND_TRADE, agg = p->kind == KIND_AGG_TRADE;
    bool depth = p->kind == KIND_DEPTH, top = p->kind == KIND_TOP;
    bool print = trade || agg;
    int due = trade ? 6 : agg ? 8 : 5;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        char k = key.len == 1 ? key.p[0] : 0;
        uint64_t before = seen;
        seen |= k >= 'A' && k <= 'z' ? UINT64_C(1) << (k - 'A') : 0;
        if (k == 'E' && !top)
            p->event_ms = json_i64(&j);
        else if (k == 'T' && print)
            p->print.time_ms = json_i64(&j);
        else if ((k == 't' && trade) || (k == 'a' && agg))
            p->print.id = json_i64(&j);
        else if (k == 'f' && agg)
            p->print.first_id = json_i64(&j);
        else if (k == 'l' && agg)
            p->print.last_id = json_i64(&j);
        else if (k == 'p' && print)
            p->print.price = json_quoted_dec(&j);
        else if (k == 'q' && print)
            p->print.qty = json_quoted_dec(&j);
        else if (k == 'm' && print)
            p->print.buyer_maker = json_bool(&j);
        else if (k == 'U' && depth)
            p->first_update = json_u64(&j);
        else if (k == 'u' && (depth || top))
            p->last_update = json_u64(&j);
        else if (k == 'b' && depth)
            p->bids = json_skip(&j);
        else if (k == 'a' && depth)
            p->asks = json_skip(&j);
        else if (k == 'b' && top)
            p->bid = json_quoted_dec(&j);
        else if (k == 'B' && top)
            p->bid_qty = json_quoted_dec(&j);
        else if (k == 'a' && top)
            p->ask = json_quoted_dec(&j);
        else if (k == 'A' && top)
            p->ask_qty = json_quoted_dec(&j);
        else {
            seen = before;
            (void)json_skip(&j);
        }
    }
    enum err e = json_finish(&j);
    if (e)
        return fail(e, why, "a field of the payload is not what it must be (%s)", err_name(e));
    if (__builtin_popcountll(seen) != due)
        return fail(ERR_SYNTAX, why, "the payload lacks a field");
    if (print && (p->print.time_ms < 0 || p->print.id < 0))
        return fail(ERR_RANGE, why, "the trade has a negative time or id");
    if (p->event_ms < 0)
        return fail(ERR_RANGE, why, "the event time is negative");
    if (trade)
        p->print.first_id = p->print.last_id = p->print.id;
    if (agg && (p->print.first_id < 0 || p->print.first_id > p->print.last_id))
        return fail(ERR_RANGE, why, "the aggregate's first trade id is above its last");
    if (depth && p->first_update > p->last_update)
        return fail(ERR_RANGE, why, "the difference's first update id is above its last");
    return ERR_OK;
}

/* ---- order book ---- */

/* Sets the levels of one side: [["61837.63000000","3.78826000"],...]. The text is walked twice by
 * the caller: first with [side] NULL to check it, so that a bad one changes nothing. */
static enum err walk_levels(struct json_text text, struct book_side *side)
{
    struct json j = json_make(text.p, text.len);
    json_enter(&j, '[');
    while (json_element(&j)) {
        json_enter(&j, '[');
        dec price = DEC_ZERO, qty = DEC_ZERO;
        unsigned n = 0;
        while (json_element(&j)) {
            if (n == 0)
                price = json_quoted_dec(&j);
            else if (n == 1)
                qty = json_quoted_dec(&j);
            else
                (void)json_skip(&j); /* early recordings have an empty third element */
            n++;
        }
        if (!j.err && (n < 2 || !dec_is_pos(price)))
            json_fail(&j, ERR_SYNTAX);
        if (!j.err && side)
            book_side_set(side, price, qty);
    }
    return json_finish(&j);
}

static enum err set_levels(struct box_symbol *s, struct json_text bids, struct json_text asks,
                           char *why)
{
    enum err e = walk_levels(bids, NULL);
    if (!e)
        e = walk_levels(asks, NULL);
    if (e)
        return fail(e, why, "a price level is not [\"price\",\"quantity\"] (%s)", err_name(e));
    CHECK(walk_levels(bids, &s->book.bid) == ERR_OK);
    CHECK(walk_levels(asks, &s->book.ask) == ERR_OK);
    return ERR_OK;
}

/* [ret_fresh]: it was news to the book. */
static enum err apply_depth(struct box *b, struct box_symbol *s, const struct payload *p,
                            bool *ret_fresh, char *why)
{
    if (p->last_update <= s->last_update_id) {
        b->n.repeated++;
        *ret_fresh = false;
        return ERR_OK;
    }
    enum err e = set_levels(s, p->bids, p->asks, why);
    if (e)
        return e;
    if (p->first_update > s->last_update_id + 1)
        b->n.gaps++;
    s->last_update_id = p->last_update;
    *ret_fresh = true;
    return ERR_OK;
}

/* Keeps a difference until the snapshot tells whether it is part of it. */
static enum err keep_early(struct box_symbol *s, const char *data, size_t len)
{
    if (!s->early) {
        s->early = calloc(BOX_EARLY_MAX, sizeof *s->early);
        if (!s->early)
            return ERR_NOMEM;
    }
    if (s->early_count == BOX_EARLY_MAX) { /* the oldest is the least likely to be needed */
        free(s->early[0]);
        memmove(s->early, s->early + 1, (BOX_EARLY_MAX - 1) * sizeof *s->early);
        s->early_count--;
    }
    char *copy = strndup(data, len);
    if (!copy)
        return ERR_NOMEM;
    s->early[s->early_count++] = copy;
    return ERR_OK;
}

static enum err apply_snapshot(struct box *b, struct box_symbol *s, const char *data, size_t len,
                               char *why)
{
    struct json j = json_make(data, len);
    struct json_text key, bids = {0}, asks = {0};
    uint64_t id = 0;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "lastUpdateId"))
            id = json_u64(&j);
        else if (json_is(key, "bids"))
            bids = json_skip(&j);
        else if (json_is(key, "asks"))
            asks = json_skip(&j);
        else {
            if (json_is(key, "T") || json_is(key, "pair"))
                return fail(ERR_UNSUPPORTED, why,
                            "this is a futures snapshot; the exchange in a box replays Binance "
                            "Spot only");
            (void)json_skip(&j);
        }
    }
    if (json_finish(&j) || !bids.p || !asks.p || !id)
        return fail(ERR_SYNTAX, why, "the order book snapshot lacks lastUpdateId, bids or asks");
    if (s->live)
        return ERR_OK; /* the differences have led the book on; a later snapshot says nothing new */
    enum err e = set_levels(s, bids, asks, why);
    if (e)
        return e;
    s->last_update_id = id;
    for (uint32_t i = 0; i < s->early_count && !e; i++) {
        struct payload p = {.kind = KIND_DEPTH};
        bool fresh;
        e = read_fields(s->early[i], strlen(s->early[i]), &p, why);
        if (!e)
            e = apply_depth(b, s, &p, &fresh, why);
    }
    for (uint32_t i = 0; i < s->early_count; i++)
        free(s->early[i]);
    free(s->early);
    s->early = NULL;
    s->early_count = 0;
    s->live = !e;
    return e;
}

/* ---- trades ---- */

struct closing {
    struct box *box;
    uint32_t symbol;
};

static void on_close(void *ctx, int interval, const struct box_candle *c)
{
    struct closing *k = ctx;
    box_publish_candle(k->box, k->symbol, interval, c, true);
}

static bool add_print(struct box_ring *r, const struct box_print *p)
{
    if (!r->p) {
        r->p = calloc(BOX_PRINTS_MAX, sizeof *r->p);
        if (!r->p)
            return false;
    }
    r->p[r->count++ % BOX_PRINTS_MAX] = *p;
    return true;
}

static bool is_known(const struct box_ring *r, int64_t id)
{
    return r->count && id <= r->p[(r->count - 1) % BOX_PRINTS_MAX].id;
}

static enum err add_to_candles(struct box *b, uint32_t symbol, const struct box_print *p)
{
    struct box_symbol *s = b->symbol[symbol];
    struct closing k = {b, symbol};
    s->printed++;
    for (int i = 0; i < BOX_INTERVALS; i++)
        if (!box_candles_add(&s->candles[i], i, p, on_close, &k))
            return ERR_NOMEM;
    return ERR_OK;
}

/* ---- lines ---- */

static enum err symbol_of(struct box *b, const char *venue, int *ret, char *why)
{
    int i = box_find(b, venue, strlen(venue));
    if (i < 0 && !b->fixed) {
        enum err e = box_add_venue_symbol(b, venue);
        if (e == ERR_FULL)
            return fail(e, why, "more than %d symbols; name those to serve with --symbol",
                        BOX_SYMBOLS_MAX);
        if (e)
            return fail(e, why,
                        "cannot tell base and quote of %.32s apart; name it with --symbol "
                        "BASE-QUOTE",
                        venue);
        i = box_find(b, venue, strlen(venue));
    }
    *ret = i;
    return ERR_OK;
}

static void take_time(struct box *b, int64_t ts_ns, int64_t event_ms)
{
    if (!event_ms || event_ms > INT64_MAX / NS_PER_MS)
        return;
    if (!b->has_shift) {
        b->shift_ns = event_ms * NS_PER_MS - ts_ns;
        b->has_shift = true;
    }
    if (event_ms > b->now_ms)
        b->now_ms = event_ms;
}

static enum err apply_print(struct box *b, uint32_t i, struct payload *p, const char *data,
                            size_t len)
{
    struct box_symbol *s = b->symbol[i];
    bool agg = p->kind == KIND_AGG_TRADE;
    struct box_ring *ring = agg ? &s->agg_trades : &s->trades;
    if (is_known(ring, p->print.id)) {
        b->n.repeated++;
        return ERR_OK;
    }
    *(agg ? &b->n.agg_trades : &b->n.trades) += 1;
    if (!add_print(ring, &p->print))
        return ERR_NOMEM;
    if (!agg && !s->has_trades) {
        /* Candles that were built from aggregates would count these trades twice. */
        s->has_trades = true;
        for (int k = 0; k < BOX_INTERVALS; k++)
            box_candles_free(&s->candles[k]);
    }
    if (!agg || !s->has_trades) {
        enum err e = add_to_candles(b, i, &p->print);
        if (e)
            return e;
    }
    if (s->live)
        box_publish(b, i, agg ? BOX_STREAM_AGG_TRADE : BOX_STREAM_TRADE, data, len);
    return ERR_OK;
}

static void publish_depth(struct box *b, uint32_t i, const char *data, size_t len)
{
    static const struct {
        int stream;
        uint32_t levels;
        int64_t every_ms;
    } PARTIAL[] = {{BOX_STREAM_DEPTH5, 5, 1000},      {BOX_STREAM_DEPTH10, 10, 1000},
                   {BOX_STREAM_DEPTH20, 20, 1000},    {BOX_STREAM_DEPTH5_100MS, 5, 0},
                   {BOX_STREAM_DEPTH10_100MS, 10, 0}, {BOX_STREAM_DEPTH20_100MS, 20, 0}};
    struct box_symbol *s = b->symbol[i];
    box_publish(b, i, BOX_STREAM_DEPTH_100MS, data, len);
    box_publish(b, i, BOX_STREAM_DEPTH, data, len);
    for (size_t k = 0; k < sizeof PARTIAL / sizeof PARTIAL[0]; k++) {
        int stream = PARTIAL[k].stream;
        if (!b->publishing || !s->wanted[stream] ||
            b->now_ms < s->pushed_ms[stream] + PARTIAL[k].every_ms)
            continue;
        s->pushed_ms[stream] = b->now_ms;
        box_text_clear(&b->scratch);
        box_depth_text(s, PARTIAL[k].levels, &b->scratch);
        if (!b->scratch.failed)
            box_publish(b, i, stream, b->scratch.p, b->scratch.len);
    }
}

static enum err apply_message(struct box *b, const struct recording *r, char *why)
{
    struct payload p = {.kind = KIND_OTHER};
    enum err e = classify(r->data, r->data_len, &p, why);
    if (e)
        return e;
    if (p.kind == KIND_OTHER) {
        b->n.ignored++;
        return ERR_OK;
    }
    int i;
    e = symbol_of(b, p.symbol, &i, why);
    if (e)
        return e;
    if (i < 0) {
        b->n.ignored++;
        return ERR_OK;
    }
    e = read_fields(r->data, r->data_len, &p, why);
    if (e)
        return e;
    take_time(b, r->ts_ns, p.event_ms);
    struct box_symbol *s = b->symbol[i];
    switch (p.kind) {
    case KIND_TRADE:
    case KIND_AGG_TRADE: e = apply_print(b, (uint32_t)i, &p, r->data, r->data_len); break;
    case KIND_DEPTH:
        if (!s->live) {
            e = keep_early(s, r->data, r->data_len);
        } else {
            bool fresh = false;
            e = apply_depth(b, s, &p, &fresh, why);
            if (!e && fresh) {
                b->n.depths++;
                publish_depth(b, (uint32_t)i, r->data, r->data_len);
            }
        }
        break;
    case KIND_TOP:
        b->n.tops++;
        s->has_top = true;
        s->bid = p.bid;
        s->bid_qty = p.bid_qty;
        s->ask = p.ask;
        s->ask_qty = p.ask_qty;
        if (s->live)
            box_publish(b, (uint32_t)i, BOX_STREAM_BOOK_TICKER, r->data, r->data_len);
        break;
    case KIND_OTHER: break;
    }
    return e == ERR_NOMEM ? fail(e, why, "out of memory") : e;
}

enum err box_apply(struct box *b, const struct recording *r, const char *default_symbol, char *why)
{
    b->n.lines++;
    switch (r->kind) {
    case RECORDING_NOTHING: return ERR_OK;
    case RECORDING_MESSAGE: return apply_message(b, r, why);
    case RECORDING_EXCHANGE_INFO: {
        char *copy = strndup(r->data, r->data_len);
        if (!copy)
            return fail(ERR_NOMEM, why, "out of memory");
        free(b->exchange_info);
        b->exchange_info = copy;
        return ERR_OK;
    }
    case RECORDING_BOOK: break;
    }
    const char *venue = r->symbol[0] ? r->symbol : default_symbol;
    if (!venue[0])
        return fail(ERR_UNKNOWN, why,
                    "this order book does not say whose it is; name its symbol with --replay "
                    "BASE-QUOTE=FILE");
    int i;
    enum err e = symbol_of(b, venue, &i, why);
    if (e || i < 0)
        return e;
    return apply_snapshot(b, b->symbol[i], r->data, r->data_len, why);
}

void box_advance(struct box *b, int64_t ts_ns)
{
    int64_t venue_ms = (ts_ns + b->shift_ns) / NS_PER_MS;
    if (b->has_shift && venue_ms > b->now_ms)
        b->now_ms = venue_ms;
    box_sweep(b);
}

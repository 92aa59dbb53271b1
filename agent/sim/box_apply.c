/* What one recorded line does to the box. */
#include "sim/box.h"

#include "base/clock.h"
#include "sim/box_trading.h"
#include "venue/binance_spot_codec.h"
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

/* ---- order book ---- */

/* Room for the levels of one message. */
static struct level *levels_of(struct box *b)
{
    if (!b->room)
        b->room = malloc(BOX_MESSAGE_LEVELS_MAX * sizeof *b->room);
    return b->room;
}

static enum err decode(struct box *b, const char *data, size_t len, struct binance_message *m,
                       char *why)
{
    struct level *room = levels_of(b);
    if (!room)
        return fail(ERR_NOMEM, why, "out of memory");
    enum err e = binance_spot_decode(data, len, room, BOX_MESSAGE_LEVELS_MAX, m);
    if (e == ERR_UNSUPPORTED)
        return fail(e, why,
                    "a message of another market (futures?); the exchange in a box replays Binance "
                    "Spot only");
    if (e && e != ERR_UNKNOWN)
        return fail(e, why, "the message is damaged (%s)", err_name(e));
    return e;
}

static void set_levels(struct box_symbol *s, const struct binance_depth *d)
{
    for (uint32_t i = 0; i < d->bids; i++)
        book_side_set(&s->book.bid, d->bid[i].price, d->bid[i].qty);
    for (uint32_t i = 0; i < d->asks; i++)
        book_side_set(&s->book.ask, d->ask[i].price, d->ask[i].qty);
}

static uint32_t index_of(const struct box *b, const struct box_symbol *s)
{
    uint32_t i = 0;
    while (b->symbol[i] != s)
        i++;
    return i;
}

/* Returns whether it was news to the book. */
static bool apply_depth(struct box *b, struct box_symbol *s, const struct binance_depth *d)
{
    if (d->last_id <= s->last_update_id) {
        b->n.repeated++;
        return false;
    }
    if (d->first_id > s->last_update_id + 1)
        b->n.gaps++;
    set_levels(s, d);
    if (b->trading) {
        uint32_t i = index_of(b, s);
        box_trading_levels(b->trading, i, SIDE_BUY, d->bid, d->bids);
        box_trading_levels(b->trading, i, SIDE_SELL, d->ask, d->asks);
    }
    s->last_update_id = d->last_id;
    b->n.depths++;
    return true;
}

/* Keeps a difference until the snapshot tells whether it is part of it. */
static bool keep_early(struct box_symbol *s, const char *data, size_t len)
{
    if (!s->early) {
        s->early = calloc(BOX_EARLY_MAX, sizeof *s->early);
        if (!s->early)
            return false;
    }
    if (s->early_count == BOX_EARLY_MAX) { /* the oldest is the least likely to be needed */
        free(s->early[0]);
        memmove(s->early, s->early + 1, (BOX_EARLY_MAX - 1) * sizeof *s->early);
        s->early_count--;
    }
    char *copy = strndup(data, len);
    if (!copy)
        return false;
    s->early[s->early_count++] = copy;
    return true;
}

/* Makes [step], a power of ten, fine enough for [value]; never finer than 10^-8. */
static void refine(dec *step, dec value)
{
    for (unsigned places = 0; places <= 8 && !dec_is_multiple(value, *step); places++)
        if (dec_lt(dec_from_i64(1, places), *step))
            *step = dec_from_i64(1, places);
}

static void learn_steps(struct box_symbol *s, const struct level *level, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        refine(&s->tick, level[i].price);
        refine(&s->lot, level[i].qty);
    }
}

static enum err apply_snapshot(struct box *b, struct box_symbol *s, const char *data, size_t len,
                               char *why)
{
    struct binance_depth d;
    struct level *room = levels_of(b);
    if (!room)
        return fail(ERR_NOMEM, why, "out of memory");
    enum err e = binance_spot_decode_snapshot(data, len, room, BOX_MESSAGE_LEVELS_MAX, &d);
    if (e)
        return fail(e, why, "this is no order book snapshot of Binance Spot (%s)", err_name(e));
    if (s->live)
        return ERR_OK; /* the differences have led the book on; a later snapshot says nothing new */
    set_levels(s, &d);
    s->tick = s->lot = DEC_ONE;
    learn_steps(s, d.bid, d.bids);
    learn_steps(s, d.ask, d.asks);
    s->last_update_id = d.last_id;
    for (uint32_t i = 0; i < s->early_count && !e; i++) {
        struct binance_message m;
        e = decode(b, s->early[i], strlen(s->early[i]), &m, why);
        if (!e)
            (void)apply_depth(b, s, &m.depth);
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

static bool add_to_candles(struct box *b, uint32_t symbol, const struct box_print *p)
{
    struct box_symbol *s = b->symbol[symbol];
    struct box_closing k = {b, symbol};
    s->printed++;
    for (int i = 0; i < BOX_INTERVALS; i++)
        if (!box_candles_add(&s->candles[i], i, p, box_candle_closed, &k))
            return false;
    return true;
}

/* ---- lines ---- */

static enum err symbol_of(struct box *b, const char *venue, size_t len, int *ret, char *why)
{
    int i = box_find(b, venue, len);
    if (i < 0 && !b->fixed) {
        char name[SYMBOL_MAX];
        if (len >= sizeof name)
            return fail(ERR_RANGE, why, "the symbol's name is too long");
        memcpy(name, venue, len);
        name[len] = '\0';
        enum err e = box_add_venue_symbol(b, name);
        if (e == ERR_FULL)
            return fail(e, why, "more than %d symbols; name those to serve with --symbol",
                        BOX_SYMBOLS_MAX);
        if (e)
            return fail(e, why,
                        "cannot tell base and quote of %s apart; name it with --symbol BASE-QUOTE",
                        name);
        i = box_find(b, venue, len);
    }
    *ret = i;
    return ERR_OK;
}

static void take_time(struct box *b, int64_t ts_ns, int64_t event_ns)
{
    if (!event_ns)
        return;
    if (!b->has_shift) {
        b->shift_ns = event_ns - ts_ns;
        b->has_shift = true;
    }
    if (event_ns / NS_PER_MS > b->now_ms)
        b->now_ms = event_ns / NS_PER_MS;
}

/* The trades an aggregate stands for, which is all the codec leaves out. */
static bool read_aggregate(const char *data, size_t len, struct box_print *p)
{
    struct json j = json_make(data, len);
    struct json_text key;
    p->first_id = p->last_id = -1;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "f"))
            p->first_id = json_i64(&j);
        else if (json_is(key, "l"))
            p->last_id = json_i64(&j);
        else
            (void)json_skip(&j);
    }
    return json_finish(&j) == ERR_OK && p->first_id >= 0 && p->first_id <= p->last_id;
}

static enum err apply_print(struct box *b, uint32_t i, const struct binance_message *m,
                            const struct recording *r, char *why)
{
    struct box_symbol *s = b->symbol[i];
    bool agg = m->kind == BINANCE_AGG_TRADE;
    if (m->trade.id > INT64_MAX)
        return fail(ERR_RANGE, why, "the trade's id is too large");
    struct box_print p = {
        .id = (int64_t)m->trade.id,
        .first_id = (int64_t)m->trade.id,
        .last_id = (int64_t)m->trade.id,
        .time_ms = m->trade.ts_trade_ns / NS_PER_MS,
        .price = m->trade.price,
        .qty = m->trade.qty,
        .buyer_maker = m->trade.aggressor == SIDE_SELL,
    };
    if (agg && !read_aggregate(r->data, r->data_len, &p))
        return fail(ERR_SYNTAX, why, "the aggregate does not say which trades it stands for");
    struct box_ring *ring = agg ? &s->agg_trades : &s->trades;
    if (is_known(ring, p.id)) {
        b->n.repeated++;
        return ERR_OK;
    }
    *(agg ? &b->n.agg_trades : &b->n.trades) += 1;
    if (!add_print(ring, &p))
        return fail(ERR_NOMEM, why, "out of memory");
    if (!agg && !s->has_trades) {
        /* Candles that were built from aggregates would count these trades twice. */
        s->has_trades = true;
        for (int k = 0; k < BOX_INTERVALS; k++)
            box_candles_free(&s->candles[k]);
    }
    if ((!agg || !s->has_trades) && !add_to_candles(b, i, &p))
        return fail(ERR_NOMEM, why, "out of memory");
    if (s->live && b->trading && agg != s->has_trades)
        box_trading_print(b->trading, i, p.price, p.qty);
    if (s->live)
        box_publish(b, i, agg ? BOX_STREAM_AGG_TRADE : BOX_STREAM_TRADE, r->data, r->data_len);
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
    struct binance_message m;
    enum err e = decode(b, r->data, r->data_len, &m, why);
    if (e && e != ERR_UNKNOWN)
        return e;
    bool wanted = !e && (m.kind == BINANCE_TRADE || m.kind == BINANCE_AGG_TRADE ||
                         m.kind == BINANCE_DEPTH || m.kind == BINANCE_BOOK_TICKER);
    int i = -1;
    if (wanted) {
        e = symbol_of(b, m.symbol.p, m.symbol.len, &i, why);
        if (e)
            return e;
    }
    if (i < 0) {
        b->n.ignored++;
        return ERR_OK;
    }
    take_time(b, r->ts_ns, m.ts_event_ns);
    struct box_symbol *s = b->symbol[i];
    if (m.kind == BINANCE_TRADE || m.kind == BINANCE_AGG_TRADE)
        return apply_print(b, (uint32_t)i, &m, r, why);
    if (m.kind == BINANCE_DEPTH) {
        if (!s->live)
            return keep_early(s, r->data, r->data_len) ? ERR_OK
                                                       : fail(ERR_NOMEM, why, "out of memory");
        if (apply_depth(b, s, &m.depth))
            publish_depth(b, (uint32_t)i, r->data, r->data_len);
        return ERR_OK;
    }
    b->n.tops++;
    s->has_top = true;
    s->bid = m.book_ticker.bid_price;
    s->bid_qty = m.book_ticker.bid_qty;
    s->ask = m.book_ticker.ask_price;
    s->ask_qty = m.book_ticker.ask_qty;
    if (s->live)
        box_publish(b, (uint32_t)i, BOX_STREAM_BOOK_TICKER, r->data, r->data_len);
    return ERR_OK;
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
    enum err e = symbol_of(b, venue, strlen(venue), &i, why);
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

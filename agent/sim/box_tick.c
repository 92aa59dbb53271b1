/* What the box derives from trades and book: klines, statistics of a day, tops of the book. */
#include "sim/box.h"

#define SWEEP_EVERY_MS 100
#define DAY_MS         INT64_C(86400000)
#define DAY_INTERVAL   2 /* 3m: the finest whose 1000 candles cover a day */

void box_publish(struct box *b, uint32_t symbol, int stream, const char *payload, size_t len)
{
    if (!b->publishing || !b->symbol[symbol]->wanted[stream])
        return;
    b->n.published++;
    b->publish(b->ctx, symbol, stream, payload, len);
}

static void side_text(const struct book_side *side, uint32_t limit, struct box_text *out)
{
    for (uint32_t i = 0; i < limit; i++) {
        const struct level *l = book_nth(side, i);
        if (!l)
            break;
        box_text_add(out, i ? ",[" : "[");
        box_text_money(out, l->price);
        box_text_add(out, ",");
        box_text_money(out, l->qty);
        box_text_add(out, "]");
    }
}

void box_depth_text(const struct box_symbol *s, uint32_t limit, struct box_text *out)
{
    box_text_addf(out, "{\"lastUpdateId\":%llu,\"bids\":[", (unsigned long long)s->last_update_id);
    side_text(&s->book.bid, limit, out);
    box_text_add(out, "],\"asks\":[");
    side_text(&s->book.ask, limit, out);
    box_text_add(out, "]}");
}

void box_day_of(const struct box *b, const struct box_symbol *s, struct box_day *ret)
{
    const struct box_candles *c = &s->candles[DAY_INTERVAL];
    *ret = (struct box_day){
        .open_ms = b->now_ms - DAY_MS, .close_ms = b->now_ms, .first_id = -1, .last_id = -1};
    for (uint32_t i = 0; i < c->count; i++) {
        const struct box_candle *k = &c->c[i];
        if (k->start_ms < ret->open_ms || !k->trades)
            continue;
        dec sum;
        if (!ret->trades) {
            ret->open = k->open;
            ret->high = k->high;
            ret->low = k->low;
            ret->first_id = k->first_id;
        }
        ret->high = dec_max(ret->high, k->high);
        ret->low = dec_min(ret->low, k->low);
        ret->close = k->close;
        ret->last_id = k->last_id;
        ret->trades += k->trades;
        if (dec_add(ret->volume, k->volume, &sum))
            ret->volume = sum;
        if (dec_add(ret->quote, k->quote, &sum))
            ret->quote = sum;
    }
}

dec box_average(const struct box_day *d)
{
    dec r;
    return dec_is_pos(d->volume) && dec_div(d->quote, d->volume, DEC_DOWN, &r) ? r : DEC_ZERO;
}

void box_percent_text(struct box_text *out, dec from, dec to)
{
    dec change = DEC_ZERO, percent = DEC_ZERO;
    char text[DEC_TEXT_MAX];
    if (!dec_is_pos(from) || !dec_sub(to, from, &change) ||
        !dec_mul_div(change, dec_from_i64(100, 0), from, DEC_HALF_EVEN, &percent))
        percent = DEC_ZERO;
    dec_format_places(percent, 3, DEC_HALF_EVEN, text);
    box_text_addf(out, "\"%s\"", text);
}

static void key_money(struct box_text *t, const char *key, dec d)
{
    box_text_addf(t, ",\"%s\":", key);
    box_text_money(t, d);
}

void box_publish_candle(struct box *b, uint32_t symbol, int interval, const struct box_candle *c,
                        bool closed)
{
    const struct box_symbol *s = b->symbol[symbol];
    if (!b->publishing || !s->live || !s->wanted[BOX_STREAM_KLINE + interval])
        return;
    struct box_text *t = &b->scratch;
    box_text_clear(t);
    box_text_addf(t,
                  "{\"e\":\"kline\",\"E\":%lld,\"s\":\"%s\",\"k\":{\"t\":%lld,\"T\":%lld,"
                  "\"s\":\"%s\",\"i\":\"%s\",\"f\":%lld,\"L\":%lld",
                  (long long)b->now_ms, s->venue, (long long)c->start_ms,
                  (long long)(c->end_ms - 1), s->venue, box_interval_name(interval),
                  (long long)c->first_id, (long long)c->last_id);
    key_money(t, "o", c->open);
    key_money(t, "c", c->close);
    key_money(t, "h", c->high);
    key_money(t, "l", c->low);
    key_money(t, "v", c->volume);
    box_text_addf(t, ",\"n\":%llu,\"x\":%s", (unsigned long long)c->trades,
                  closed ? "true" : "false");
    key_money(t, "q", c->quote);
    key_money(t, "V", c->taker_volume);
    key_money(t, "Q", c->taker_quote);
    box_text_add(t, ",\"B\":\"0\"}}");
    if (!t->failed)
        box_publish(b, symbol, BOX_STREAM_KLINE + interval, t->p, t->len);
}

static void publish_mini_ticker(struct box *b, uint32_t symbol, const struct box_day *d)
{
    struct box_text *t = &b->scratch;
    box_text_clear(t);
    box_text_addf(t, "{\"e\":\"24hrMiniTicker\",\"E\":%lld,\"s\":\"%s\"", (long long)b->now_ms,
                  b->symbol[symbol]->venue);
    key_money(t, "c", d->close);
    key_money(t, "o", d->open);
    key_money(t, "h", d->high);
    key_money(t, "l", d->low);
    key_money(t, "v", d->volume);
    key_money(t, "q", d->quote);
    box_text_add(t, "}");
    if (!t->failed)
        box_publish(b, symbol, BOX_STREAM_MINI_TICKER, t->p, t->len);
}

static void publish_ticker(struct box *b, uint32_t symbol, const struct box_day *d)
{
    const struct box_symbol *s = b->symbol[symbol];
    const struct box_ring *r = s->has_trades ? &s->trades : &s->agg_trades;
    const struct level *bid = book_best(&s->book.bid), *ask = book_best(&s->book.ask);
    dec change;
    struct box_text *t = &b->scratch;
    box_text_clear(t);
    box_text_addf(t, "{\"e\":\"24hrTicker\",\"E\":%lld,\"s\":\"%s\"", (long long)b->now_ms,
                  s->venue);
    key_money(t, "p", dec_sub(d->close, d->open, &change) ? change : DEC_ZERO);
    box_text_add(t, ",\"P\":");
    box_percent_text(t, d->open, d->close);
    key_money(t, "w", box_average(d));
    key_money(t, "x", d->open); /* the trade before the window is not in the recording */
    key_money(t, "c", d->close);
    key_money(t, "Q", r->count ? r->p[(r->count - 1) % BOX_PRINTS_MAX].qty : DEC_ZERO);
    key_money(t, "b", bid ? bid->price : DEC_ZERO);
    key_money(t, "B", bid ? bid->qty : DEC_ZERO);
    key_money(t, "a", ask ? ask->price : DEC_ZERO);
    key_money(t, "A", ask ? ask->qty : DEC_ZERO);
    key_money(t, "o", d->open);
    key_money(t, "h", d->high);
    key_money(t, "l", d->low);
    key_money(t, "v", d->volume);
    key_money(t, "q", d->quote);
    box_text_addf(t, ",\"O\":%lld,\"C\":%lld,\"F\":%lld,\"L\":%lld,\"n\":%llu}",
                  (long long)d->open_ms, (long long)d->close_ms, (long long)d->first_id,
                  (long long)d->last_id, (unsigned long long)d->trades);
    if (!t->failed)
        box_publish(b, symbol, BOX_STREAM_TICKER, t->p, t->len);
}

/* Whether a stream with news is due, every [every_ms]; notes that it is served. */
static bool due(struct box *b, struct box_symbol *s, int stream, int64_t every_ms)
{
    if (!s->wanted[stream] || b->now_ms < s->pushed_ms[stream] + every_ms ||
        s->pushed_printed[stream] == s->printed)
        return false;
    s->pushed_ms[stream] = b->now_ms;
    s->pushed_printed[stream] = s->printed;
    return true;
}

void box_candle_closed(void *ctx, int interval, const struct box_candle *c)
{
    struct box_closing *k = ctx;
    box_publish_candle(k->box, k->symbol, interval, c, true);
}

void box_sweep(struct box *b)
{
    if (!b->publishing || b->now_ms < b->swept_ms + SWEEP_EVERY_MS)
        return;
    b->swept_ms = b->now_ms;
    for (uint32_t i = 0; i < b->symbols; i++) {
        struct box_symbol *s = b->symbol[i];
        if (!s->live)
            continue;
        struct box_closing k = {b, i};
        for (int n = 0; n < BOX_INTERVALS; n++) {
            struct box_candles *c = &s->candles[n];
            /* Trades of the last moment may still be on their way: a second of patience. Without
             * memory the candle stays open until there is some. */
            if (!box_candles_roll(c, n, b->now_ms - 1000, box_candle_closed, &k) || !c->count)
                continue;
            if (due(b, s, BOX_STREAM_KLINE + n, n == 0 ? 1000 : 2000))
                box_publish_candle(b, i, n, &c->c[c->count - 1], false);
        }
        bool mini = due(b, s, BOX_STREAM_MINI_TICKER, 1000);
        bool full = due(b, s, BOX_STREAM_TICKER, 1000);
        if (!mini && !full)
            continue;
        struct box_day d;
        box_day_of(b, s, &d);
        if (mini)
            publish_mini_ticker(b, i, &d);
        if (full)
            publish_ticker(b, i, &d);
    }
}

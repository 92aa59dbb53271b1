/* Warm-up in a backtest: the data before --from, as candles for the strategies that want them. */
#include "main/backtest.h"

#include "base/clock.h"
#include "core/candle.h"
#include "strategies/strategy.h"

#include <stdlib.h>

struct backtest_history {
    struct candle_builder builder;
    struct event_candle *ring; /* the newest [cap] closed ones */
    uint32_t cap;
    uint64_t count; /* in all; the newest is ring[(count - 1) % cap] */
};

static uint32_t wanted(const struct strategy_setup *ss, int64_t *ret_frame_ns)
{
    bool wants = ss->warmup == WARMUP_VENUE && ss->ops->warmup_candles && ss->ops->candle_timeframe;
    *ret_frame_ns = wants ? ss->ops->candle_timeframe(&ss->params) : 0;
    return *ret_frame_ns > 0 ? ss->ops->warmup_candles(&ss->params) : 0;
}

int64_t backtest_history_span(const struct backtest *b)
{
    int64_t span_ns = 0, frame_ns;
    for (uint32_t i = 0; b->from_ns > 0 && i < b->setup->strategies; i++) {
        int64_t n = wanted(&b->setup->strategy[i], &frame_ns);
        /* one more, of which only a part may lie before --from */
        if (n > 0 && (n + 1) * (frame_ns / NS_PER_S + 1) < b->from_ns / NS_PER_S &&
            (n + 1) * frame_ns > span_ns)
            span_ns = (n + 1) * frame_ns;
    }
    return span_ns;
}

enum err backtest_history_open(struct backtest *b)
{
    b->history = calloc(b->setup->strategies ? b->setup->strategies : 1, sizeof *b->history);
    if (!b->history)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < b->setup->strategies; i++) {
        struct backtest_history *h = &b->history[i];
        h->cap = wanted(&b->setup->strategy[i], &h->builder.timeframe_ns);
        if (h->cap && !(h->ring = calloc(h->cap, sizeof *h->ring)))
            return ERR_NOMEM;
    }
    return ERR_OK;
}

void backtest_history_close(struct backtest *b)
{
    for (uint32_t i = 0; b->history && i < b->setup->strategies; i++)
        free(b->history[i].ring);
    free(b->history);
    b->history = NULL;
}

static void close_until(struct backtest_history *h, int64_t end_ns)
{
    while (candle_end_ns(&h->builder) <= end_ns)
        candle_close(&h->builder, &h->ring[h->count++ % h->cap]);
}

enum err backtest_history_add(struct backtest *b, const struct event *ev)
{
    bool late;
    enum err e = ERR_OK;
    for (uint32_t i = 0; ev->kind == EVENT_TRADE && !e && i < b->setup->strategies; i++) {
        struct backtest_history *h = &b->history[i];
        if (h->cap == 0 || b->setup->strategy[i].instrument[0] != ev->instrument)
            continue;
        close_until(h, ev->ts_event_ns);
        e = candle_trade(&h->builder, ev->ts_event_ns, ev->trade.price, ev->trade.qty, &late);
    }
    return e;
}

enum err backtest_history_give(struct backtest *b, int64_t ts_ns)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; !e && i < b->setup->strategies; i++) {
        struct backtest_history *h = &b->history[i];
        if (h->cap == 0)
            continue;
        close_until(h, b->from_ns);
        uint64_t n = h->count < h->cap ? h->count : h->cap;
        for (uint64_t k = h->count - n; !e && k < h->count; k++) {
            instrument_id in = b->setup->strategy[i].instrument[0];
            struct event ev = {.kind = EVENT_HISTORY,
                               .venue = b->setup->instrument[in].venue,
                               .instrument = in,
                               .ts_event_ns = ts_ns,
                               .ts_recv_ns = ts_ns};
            ev.history = (struct event_history){.strategy = (strategy_id)i,
                                                .last = k + 1 == h->count,
                                                .candle = h->ring[k % h->cap]};
            e = paper_event(b->paper, &ev);
        }
    }
    return e;
}

/* Candles from the venue: warm-up before the run, and whatever the engine could not build whole
 * itself (docs/definitions.md, "Warm-up"). Each candle reaches its strategy once, in order. */
#include "base/check.h"
#include "core/internal.h"

/* Whether the strategy's candles are completed from the venue. */
static bool wants_venue(const struct strategy_slot *slot)
{
    const struct strategy_setup *ss = slot->setup;
    return ss->warmup == WARMUP_VENUE && slot->candle.timeframe_ns > 0 &&
           slot->candle.timeframe_ns % NS_SECOND == 0 && ss->ops->warmup_candles &&
           ss->ops->warmup_candles(&slot->params) > 0;
}

void history_start(struct engine *e)
{
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        struct history *h = &slot->history;
        h->from_venue = wants_venue(slot);
        /* It may have been told a parameter, or a part of its history: it waits for all of it. */
        h->waits = h->from_venue && (!slot->started || h->waits);
        h->kept = 0;
        h->live_ns = INT64_MAX; /* until the feed says so: what was before is not known */
        if (!slot->started)
            h->next_ns = INT64_MIN;
    }
}

void history_feed(struct engine *e, instrument_id i, enum feed_state feed)
{
    const struct routes *r = &e->routes[i];
    for (const struct route *to = e->route + r->begin; to < e->route + r->end; to++) {
        struct strategy_slot *slot = &e->strategy[to->strategy];
        if (!to->candles)
            continue;
        if (feed != FEED_LIVE)
            slot->history.live_ns = INT64_MAX;
        else if (slot->history.live_ns == INT64_MAX)
            slot->history.live_ns = e->now_ns;
    }
}

static enum err tell(struct engine *e, strategy_id s, const struct event_candle *c, bool past)
{
    instrument_id i = e->strategy[s].setup->instrument[0];
    struct event ev = {.kind = past ? EVENT_HISTORY : EVENT_CANDLE,
                       .venue = e->market.item[i].in.venue,
                       .instrument = i,
                       .ts_event_ns = e->now_ns,
                       .ts_recv_ns = e->now_ns};
    if (past)
        ev.history = (struct event_history){.strategy = s, .candle = *c};
    else
        ev.candle = *c;
    return dispatch_event(e, s, &ev);
}

static bool knows_next(const struct history *h)
{
    return h->next_ns != INT64_MIN;
}

/* An own candle that came before the ones it follows: the oldest one goes where there is no room,
 * the venue has it. */
static void keep(struct history *h, const struct event_candle *c)
{
    if (h->kept == HISTORY_KEPT_MAX)
        memmove(&h->keep[0], &h->keep[1], --h->kept * sizeof h->keep[0]);
    h->keep[h->kept++] = *c;
}

enum err history_own_candle(struct engine *e, strategy_id s, const struct event_candle *c)
{
    struct strategy_slot *slot = &e->strategy[s];
    struct history *h = &slot->history;
    if (!h->from_venue)
        return tell(e, s, c, false);
    if (h->live_ns > c->open_ns)
        return ERR_OK; /* not seen whole: the venue has it */
    if (h->waits || (knows_next(h) && c->open_ns > h->next_ns)) {
        keep(h, c);
        return ERR_OK;
    }
    if (knows_next(h) && c->open_ns < h->next_ns)
        return ERR_OK; /* the venue was faster */
    h->next_ns = c->open_ns + c->timeframe_ns;
    return tell(e, s, c, false);
}

/* The own candles that were kept and now have all that comes before them. */
static enum err tell_kept(struct engine *e, strategy_id s)
{
    struct history *h = &e->strategy[s].history;
    uint32_t stay = 0;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < h->kept && !err; i++) {
        struct event_candle c = h->keep[i];
        if (!knows_next(h) || c.open_ns == h->next_ns) {
            h->next_ns = c.open_ns + c.timeframe_ns;
            err = tell(e, s, &c, false);
        } else if (c.open_ns > h->next_ns) {
            h->keep[stay++] = c;
        }
    }
    h->kept = stay;
    return err;
}

enum err history_event(struct engine *e, const struct event *ev)
{
    strategy_id s = ev->history.strategy;
    struct strategy_slot *slot = &e->strategy[s];
    struct history *h = &slot->history;
    const struct event_candle *c = &ev->history.candle;
    bool has_candle = c->timeframe_ns > 0 && c->timeframe_ns == slot->candle.timeframe_ns &&
                      !(knows_next(h) && c->open_ns < h->next_ns);
    enum err err = ERR_OK;
    if (has_candle) {
        if (c->open_ns < 0 || c->open_ns > ENGINE_TIME_MAX_NS - c->timeframe_ns)
            return ERR_RANGE;
        h->next_ns = c->open_ns + c->timeframe_ns;
        /* One that closed since the feed is live is news, and may be acted upon. */
        bool past = h->waits || !h->from_venue || h->next_ns <= h->live_ns;
        err = tell(e, s, c, past);
    } else if (ev->history.last && c->timeframe_ns == 0 && !h->waits) {
        h->next_ns = INT64_MIN; /* the venue does not have it: the next whole one will do */
    }
    if (err || !ev->history.last)
        return err;
    h->waits = false;
    err = tell_kept(e, s);
    dispatch_find_next_wake(e);
    return err;
}

bool engine_wants_candles(const struct engine *e, strategy_id s, int64_t now_ns,
                          int64_t *ret_from_ns)
{
    CHECK(s < e->setup->strategies);
    const struct strategy_slot *slot = &e->strategy[s];
    const struct history *h = &slot->history;
    if (!h->from_venue || slot->broken)
        return false;
    if (!h->waits && (!knows_next(h) || h->next_ns > now_ns - slot->candle.timeframe_ns))
        return false;
    *ret_from_ns = h->waits ? INT64_MIN : h->next_ns;
    return true;
}

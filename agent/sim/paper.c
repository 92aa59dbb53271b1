#include "sim/paper.h"

#include "base/check.h"
#include "core/execution.h" /* EXECUTION_ORDERS: what is open here is open there, too */

#include <stdlib.h>

/* The most that one request or one market event can make: an answer, a fill for each level that can
 * be remembered and an expiry; or a fill for each order. */
#define QUEUE_MAX (MATCHING_TAKEN_MAX + EXECUTION_ORDERS + 2)

struct paper {
    const struct setup *setup;
    struct engine *engine;
    struct matching *matching;
    void *engine_memory, *matching_memory;
    paper_sink *sink;
    void *ctx;
    enum err failed;
    int64_t still_ns; /* engine time of the last step inside, and the steps at that time */
    uint32_t steps;
    /* Where on_market() puts what the engine gives by value. */
    struct event_top top;
    dec last, mark;
    uint32_t queued;
    struct event queue[QUEUE_MAX]; /* what the matching engine made and the engine did not see */
    struct effects fx;
};

/* ---- what the matching engine asks and tells ---- */

static void on_market(void *ctx, instrument_id i, struct matching_market *ret)
{
    struct paper *p = ctx;
    *ret = (struct matching_market){
        .book = engine_book(p->engine, i),
        .top = engine_top(p->engine, i, &p->top) ? &p->top : NULL,
        .last = engine_last(p->engine, i, &p->last) ? &p->last : NULL,
        .mark = engine_mark(p->engine, i, &p->mark) ? &p->mark : NULL,
    };
}

static void on_answer(void *ctx, const struct event *ev)
{
    struct paper *p = ctx;
    CHECK(p->queued < QUEUE_MAX);
    p->queue[p->queued++] = *ev;
}

/* ---- one event into the engine, and what it wants ---- */

static enum err act(struct paper *p, const struct effect *fx)
{
    switch (fx->kind) {
    case EFFECT_SUBMIT: return matching_submit(p->matching, &fx->submit, engine_now_ns(p->engine));
    case EFFECT_CANCEL: return matching_cancel(p->matching, fx->cancel, engine_now_ns(p->engine));
    case EFFECT_DENIED:
    case EFFECT_STATE:
    case EFFECT_LEDGER:
    case EFFECT_RESYNC:
    case EFFECT_NOTE:
    case EFFECT_GUARD:
    case EFFECT_ALERT:
    case EFFECT_ORDER:
    case EFFECT_FILL: return ERR_OK; /* told by the sink */
    }
    return ERR_RANGE;
}

static enum err deliver(struct paper *p, const struct event *ev)
{
    enum err stepped = engine_step(p->engine, ev, &p->fx);
    enum err e = p->sink(p->ctx, ev, &p->fx);
    if (stepped)
        return stepped;
    for (uint32_t i = 0; !e && i < p->fx.count; i++)
        e = act(p, &p->fx.item[i]);
    return e;
}

/* An event that the host made itself: bounded while time stands still. */
static enum err deliver_own(struct paper *p, const struct event *ev)
{
    int64_t now_ns = engine_now_ns(p->engine);
    if (now_ns != p->still_ns) {
        p->still_ns = now_ns;
        p->steps = 0;
    }
    if (++p->steps > PAPER_STEPS_MAX)
        return ERR_FULL;
    return deliver(p, ev);
}

/* Shows the engine what the matching engine made. Requests that this causes go to the matching
 * engine's queue, so that nothing is added here meanwhile. */
static enum err drain(struct paper *p)
{
    enum err e = ERR_OK;
    for (uint32_t i = 0; !e && i < p->queued; i++)
        e = deliver_own(p, &p->queue[i]);
    p->queued = 0;
    return e;
}

static enum err fire_timer(struct paper *p, int64_t due_ns)
{
    int64_t now_ns = engine_now_ns(p->engine), at_ns = due_ns > now_ns ? due_ns : now_ns;
    struct event ev = {.kind = EVENT_TIMER,
                       .venue = VENUE_NONE,
                       .instrument = INSTRUMENT_NONE,
                       .ts_event_ns = at_ns,
                       .ts_recv_ns = at_ns};
    return deliver_own(p, &ev);
}

/* Handles what is due strictly before [end_ns], by time; at equal times the timer first. */
static enum err run_until(struct paper *p, int64_t end_ns)
{
    for (;;) {
        int64_t timer_ns = engine_next_timer_ns(p->engine),
                request_ns = matching_next_ns(p->matching);
        if (timer_ns >= end_ns && request_ns >= end_ns)
            return ERR_OK;
        enum err e = timer_ns <= request_ns ? fire_timer(p, timer_ns) : matching_step(p->matching);
        if (!e)
            e = drain(p);
        if (e)
            return e;
    }
}

/* ---- the host's functions ---- */

enum err paper_open(struct paper **ret, const struct setup *s, paper_sink *sink, void *ctx)
{
    struct paper *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_NOMEM;
    p->setup = s;
    p->sink = sink;
    p->ctx = ctx;
    p->still_ns = INT64_MIN;
    p->engine_memory = calloc(1, engine_size(s));
    p->matching_memory = calloc(1, matching_size(s, EXECUTION_ORDERS));
    enum err e = p->engine_memory && p->matching_memory ? ERR_OK : ERR_NOMEM;
    if (!e)
        e = engine_init(&p->engine, p->engine_memory, s);
    if (!e)
        e = matching_init(&p->matching, p->matching_memory, s, EXECUTION_ORDERS, on_market,
                          on_answer, p);
    if (e)
        paper_close(p);
    else
        *ret = p;
    return e;
}

void paper_close(struct paper *p)
{
    if (!p)
        return;
    free(p->engine_memory);
    free(p->matching_memory);
    free(p);
}

static enum err market_event(struct paper *p, const struct event *ev)
{
    enum err e = run_until(p, ev->ts_event_ns);
    if (!e)
        e = deliver(p, ev);
    if (!e)
        e = matching_market_event(p->matching, ev);
    return e || !p->queued ? e : drain(p);
}

static enum err other_event(struct paper *p, const struct event *ev)
{
    enum err e = run_until(p, ev->ts_event_ns);
    if (!e)
        e = deliver(p, ev);
    if (!e && ev->kind == EVENT_INSTRUMENT)
        matching_set_rules(p->matching, ev->instrument, &ev->rules);
    return e;
}

static enum err external_event(struct paper *p, const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_TRADE:
    case EVENT_TOP:
    case EVENT_BOOK: return market_event(p, ev);
    case EVENT_INSTRUMENT:
    case EVENT_FEED:
    case EVENT_CANDLE:
    case EVENT_HISTORY:
    case EVENT_PARAM:
    case EVENT_SIGNER:
    case EVENT_COMMAND: return other_event(p, ev);
    case EVENT_TIMER:
    case EVENT_ORDER:
    case EVENT_FILL:
    case EVENT_STARTED: break;
    }
    return ERR_RANGE;
}

enum err paper_event(struct paper *p, const struct event *ev)
{
    if (!p->failed)
        p->failed = external_event(p, ev);
    return p->failed;
}

enum err paper_advance(struct paper *p, int64_t now_ns)
{
    if (!p->failed)
        p->failed = run_until(p, now_ns < INT64_MAX ? now_ns + 1 : now_ns);
    return p->failed;
}

int64_t paper_next_ns(const struct paper *p)
{
    int64_t timer_ns = engine_next_timer_ns(p->engine), request_ns = matching_next_ns(p->matching);
    return timer_ns < request_ns ? timer_ns : request_ns;
}

enum err paper_finish(struct paper *p)
{
    int64_t now_ns = engine_now_ns(p->engine), last_ns = matching_last_ns(p->matching);
    enum err e = paper_advance(p, last_ns != INT64_MAX && last_ns > now_ns ? last_ns : now_ns);
    if (!e)
        e = p->failed = engine_finish(p->engine);
    return e;
}

struct engine *paper_engine(struct paper *p)
{
    return p->engine;
}

const struct matching *paper_matching(const struct paper *p)
{
    return p->matching;
}

/* What all strategies and nobody hold together; false where the sum overflows. */
static bool sum_of_ledgers(const struct paper *p, venue_id v, asset_id a, dec *ret)
{
    *ret = engine_balance(p->engine, STRATEGY_NONE, v, a);
    for (strategy_id s = 0; s < p->setup->strategies; s++)
        if (!dec_add(*ret, engine_balance(p->engine, s, v, a), ret))
            return false;
    return true;
}

bool paper_books_balance(const struct paper *p, venue_id *venue, asset_id *asset, dec *ledgers,
                         dec *account)
{
    for (venue_id v = 0; v < p->setup->venues; v++)
        for (asset_id a = 0; a < p->setup->assets; a++) {
            dec sum, there = matching_balance(p->matching, v, a);
            if (sum_of_ledgers(p, v, a, &sum) && dec_eq(sum, there))
                continue;
            *venue = v;
            *asset = a;
            *ledgers = sum;
            *account = there;
            return false;
        }
    return true;
}

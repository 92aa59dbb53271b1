#include "core/guard.h"

#include "core/internal.h"

/* The locks of a scope; of several in force the first is the one named. */
enum lock { LOCK_LOSSES, LOCK_LOW_PROFIT, LOCK_COOLDOWN, LOCK_SCHEDULE, LOCKS };

static const enum reason LOCK_REASON[LOCKS] = {REASON_GUARD_LOSSES, REASON_GUARD_LOW_PROFIT,
                                               REASON_GUARD_COOLDOWN, REASON_SCHEDULE};

struct close {
    int64_t at_ns;
    dec result; /* agent quote */
};

/* The newest [cap] closes that are younger than a lookback. */
struct ring {
    struct close *item;
    uint32_t cap, first, count;
};

/* A strategy, or (the last one) all together. */
struct scope {
    const struct guard_setup *limits;
    const struct schedule *schedule; /* NULL: always */
    int64_t until_ns[LOCKS];         /* 0: not locked */
    int64_t change_ns;               /* of the schedule: looked at from then on */
    enum reason reason;              /* of the first lock in force */
    struct ring losses, closes;
    dec sum; /* of the results in [closes] */
};

struct guard {
    bool used;
    uint32_t strategies;
    struct scope scope[];
};

/* ---- set-up ---- */

static bool counts_losses(const struct guard_setup *l)
{
    return l->has_loss_count;
}

static bool counts_profit(const struct guard_setup *l)
{
    return l->has_min_profit;
}

static size_t ring_items(const struct guard_setup *l)
{
    return (counts_losses(l) ? l->loss_count : 0) + (counts_profit(l) ? GUARD_CLOSES_MAX : 0);
}

size_t guard_size(const struct setup *s)
{
    return sizeof(struct guard) + (s->strategies + 1) * sizeof(struct scope);
}

size_t guard_rings_size(const struct setup *s)
{
    size_t n = ring_items(&s->guard_agent);
    for (uint32_t i = 0; i < s->strategies; i++)
        n += ring_items(&s->strategy[i].guard);
    return n * sizeof(struct close);
}

static struct close *open_scope(struct guard *g, struct scope *c, const struct guard_setup *l,
                                const struct schedule *sch, struct close *rings)
{
    c->limits = l;
    c->schedule = sch && sch->count ? sch : NULL;
    c->change_ns = c->schedule ? INT64_MIN : INT64_MAX;
    c->losses = (struct ring){.item = rings, .cap = counts_losses(l) ? l->loss_count : 0};
    rings += c->losses.cap;
    c->closes = (struct ring){.item = rings, .cap = counts_profit(l) ? GUARD_CLOSES_MAX : 0};
    rings += c->closes.cap;
    if (c->losses.cap || c->closes.cap || l->has_cooldown || l->has_cooldown_after_loss)
        g->used = true;
    if (c->schedule)
        g->used = true;
    return rings;
}

int64_t guard_init(struct guard *g, void *rings, const struct setup *s)
{
    struct close *at = rings;
    int64_t next_ns = INT64_MAX;
    g->strategies = s->strategies;
    for (uint32_t i = 0; i < s->strategies; i++) {
        at = open_scope(g, &g->scope[i], &s->strategy[i].guard, &s->strategy[i].schedule, at);
        if (g->scope[i].schedule)
            next_ns = INT64_MIN; /* whether it is open is known at the first event */
    }
    (void)open_scope(g, &g->scope[s->strategies], &s->guard_agent, NULL, at);
    return next_ns;
}

/* ---- locks ---- */

static strategy_id owner(const struct guard *g, const struct scope *c)
{
    uint32_t i = (uint32_t)(c - g->scope);
    return i == g->strategies ? STRATEGY_NONE : (strategy_id)i;
}

static void tell(struct engine *e, const struct scope *c, enum lock k, dec limit, dec value)
{
    struct effect *fx = engine_effect(e, EFFECT_GUARD, owner(e->guard, c));
    if (fx)
        fx->guard = (struct effect_guard){.reason = LOCK_REASON[k],
                                          .instrument = INSTRUMENT_NONE,
                                          .locked = c->until_ns[k] != 0,
                                          .until_ns = c->until_ns[k],
                                          .limit = limit,
                                          .value = value};
}

static void find_reason(struct scope *c)
{
    c->reason = REASON_NONE;
    for (int k = 0; k < LOCKS && c->reason == REASON_NONE; k++)
        if (c->until_ns[k])
            c->reason = LOCK_REASON[k];
}

/* Locks until [until_ns]; a lock that lasts longer already stays as it is. */
static void lock(struct engine *e, struct scope *c, enum lock k, int64_t until_ns, dec limit,
                 dec value)
{
    if (until_ns <= e->now_ns || until_ns <= c->until_ns[k])
        return;
    c->until_ns[k] = until_ns;
    find_reason(c);
    if (until_ns < e->next_guard_ns)
        e->next_guard_ns = until_ns;
    if (c->limits->cancel_entries)
        e->cancel_halted = true;
    tell(e, c, k, limit, value);
}

static void unlock(struct engine *e, struct scope *c, enum lock k)
{
    c->until_ns[k] = 0;
    find_reason(c);
    tell(e, c, k, DEC_ZERO, DEC_ZERO);
}

enum reason guard_reason(const struct guard *g, strategy_id s, int64_t *ret_until_ns)
{
    const struct scope *c = &g->scope[s == STRATEGY_NONE ? g->strategies : s];
    if (c->reason == REASON_NONE)
        c = &g->scope[g->strategies];
    for (int k = 0; k < LOCKS && ret_until_ns; k++)
        if (LOCK_REASON[k] == c->reason)
            *ret_until_ns = c->until_ns[k];
    return c->reason;
}

bool guard_cancels(const struct guard *g, const struct order *o)
{
    const struct scope *own = &g->scope[o->strategy], *all = &g->scope[g->strategies];
    return o->req.side == SIDE_BUY &&
           ((own->reason != REASON_NONE && own->limits->cancel_entries) ||
            (all->reason != REASON_NONE && all->limits->cancel_entries));
}

/* ---- the clock ---- */

#define NS_WEEK (7 * NS_DAY)

/* Whether the schedule is open at [now_ns], and when that changes next. */
static bool is_open(const struct schedule *s, int64_t now_ns, int64_t *ret_change_ns)
{
    /* 1970-01-01 was a Thursday */
    int64_t at = (now_ns + 3 * NS_DAY) % NS_WEEK, week = now_ns - at;
    for (uint32_t i = 0; i < s->count; i++) {
        int64_t from = s->window[i].from * NS_MINUTE, to = s->window[i].to * NS_MINUTE;
        if (at >= to)
            continue;
        bool open = at >= from;
        if (open && to == NS_WEEK && s->window[0].from == 0) /* goes on on Monday */
            to = NS_WEEK + s->window[0].to * NS_MINUTE;
        *ret_change_ns = week + (open ? to : from);
        return open;
    }
    *ret_change_ns = week + NS_WEEK + s->window[0].from * NS_MINUTE;
    return false;
}

static void follow_schedule(struct engine *e, struct scope *c)
{
    bool open = is_open(c->schedule, e->now_ns, &c->change_ns);
    if (open && c->until_ns[LOCK_SCHEDULE])
        unlock(e, c, LOCK_SCHEDULE);
    else if (!open)
        lock(e, c, LOCK_SCHEDULE, c->change_ns, DEC_ZERO, DEC_ZERO);
}

void guard_due(struct engine *e)
{
    struct guard *g = e->guard;
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i <= g->strategies; i++) {
        struct scope *c = &g->scope[i];
        if (c->change_ns <= e->now_ns)
            follow_schedule(e, c);
        next = c->change_ns < next ? c->change_ns : next;
        for (int k = 0; k < LOCK_SCHEDULE; k++) {
            if (c->until_ns[k] && c->until_ns[k] <= e->now_ns)
                unlock(e, c, (enum lock)k);
            if (c->until_ns[k])
                next = c->until_ns[k] < next ? c->until_ns[k] : next;
        }
    }
    e->next_guard_ns = next;
}

/* ---- closes ---- */

static void forget_oldest(struct ring *r, dec *sum)
{
    sum->v -= r->item[r->first].result.v; /* it was added before: cannot overflow */
    r->first = (r->first + 1) % r->cap;
    r->count--;
}

/* Takes in a close, and leaves those that are younger than [lookback_ns]. */
static enum err remember(struct ring *r, dec *sum, int64_t lookback_ns, int64_t now_ns, dec result)
{
    dec more;
    while (r->count && (r->count == r->cap || r->item[r->first].at_ns <= now_ns - lookback_ns))
        forget_oldest(r, sum);
    if (!dec_add(*sum, result, &more))
        return ERR_OVERFLOW;
    *sum = more;
    r->item[(r->first + r->count) % r->cap] = (struct close){now_ns, result};
    r->count++;
    return ERR_OK;
}

static void start_cooldown(struct engine *e, struct scope *c, bool loss)
{
    const struct guard_setup *l = c->limits;
    int64_t pause_ns = l->has_cooldown ? l->cooldown_ns : 0;
    if (loss && l->has_cooldown_after_loss && l->cooldown_after_loss_ns > pause_ns)
        pause_ns = l->cooldown_after_loss_ns;
    lock(e, c, LOCK_COOLDOWN, e->now_ns + pause_ns, DEC_ZERO, DEC_ZERO);
}

static enum err judge(struct engine *e, struct scope *c, bool loss, dec result)
{
    const struct guard_setup *l = c->limits;
    dec none = DEC_ZERO;
    enum err err = ERR_OK;
    start_cooldown(e, c, loss);
    if (loss && c->losses.cap) {
        err = remember(&c->losses, &none, l->loss_lookback_ns, e->now_ns, DEC_ZERO);
        if (c->losses.count >= l->loss_count)
            lock(e, c, LOCK_LOSSES, e->now_ns + l->loss_pause_ns, dec_from_i64(l->loss_count, 0),
                 dec_from_i64(c->losses.count, 0));
    }
    if (!err && c->closes.cap) {
        err = remember(&c->closes, &c->sum, l->profit_lookback_ns, e->now_ns, result);
        if (!err && c->closes.count >= l->profit_trades && dec_lt(c->sum, l->min_profit))
            lock(e, c, LOCK_LOW_PROFIT, e->now_ns + l->profit_pause_ns, l->min_profit, c->sum);
    }
    return err;
}

enum err guard_close(struct engine *e, strategy_id s, instrument_id i, dec result)
{
    struct guard *g = e->guard;
    const struct instrument *in = &e->market.item[i].in;
    dec value;
    if (!g->used)
        return ERR_OK;
    /* Whether it is a loss needs no conversion; what cannot be valued adds nothing to the sum. */
    if (!valuation_convert(e, in->venue, in->quote, result, DEC_FLOOR, &value))
        value = DEC_ZERO;
    enum err err = judge(e, &g->scope[s], dec_is_neg(result), value);
    return err ? err : judge(e, &g->scope[g->strategies], dec_is_neg(result), value);
}

void guard_release(struct engine *e, strategy_id s)
{
    struct scope *c = &e->guard->scope[s == STRATEGY_NONE ? e->guard->strategies : s];
    for (int k = 0; k < LOCK_SCHEDULE; k++)
        if (c->until_ns[k])
            unlock(e, c, (enum lock)k);
    c->losses.count = c->closes.count = 0;
    c->sum = DEC_ZERO;
}

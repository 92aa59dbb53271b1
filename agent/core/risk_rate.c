/* Limits per time: messages, executions that repeat, orders that repeat. */
#include "core/risk_internal.h"

#include "base/check.h"

/* ---- windows ---- */

static void forget_older(struct window *w, int64_t now_ns, int64_t interval_ns)
{
    while (w->count && w->at[w->first] <= now_ns - interval_ns) {
        w->first = (w->first + 1) % w->cap;
        w->count--;
    }
}

static void add(struct window *w, int64_t now_ns)
{
    if (w->cap == 0)
        return;
    if (w->count == w->cap) { /* more than the limit may happen; the oldest is then forgotten */
        w->first = (w->first + 1) % w->cap;
        w->count--;
    }
    w->at[(w->first + w->count) % w->cap] = now_ns;
    w->count++;
}

uint32_t risk_window_count(const struct window *w, int64_t now_ns, int64_t interval_ns)
{
    uint32_t n = w->count;
    for (uint32_t i = w->first; n && w->at[i] <= now_ns - interval_ns; i = (i + 1) % w->cap)
        n--;
    return n;
}

/* ---- memory ---- */

static uint32_t message_cap(const struct risk_setup *r)
{
    return r->has_max_messages ? r->max_messages : 0;
}

uint32_t risk_max_executions(const struct setup *s, strategy_id id)
{
    const struct risk_setup *a = &s->risk, *b = &s->strategy[id].risk;
    uint32_t of_agent = a->has_max_executions ? a->max_executions : 0;
    uint32_t own = b->has_max_executions ? b->max_executions : 0;
    return own && (!of_agent || own < of_agent) ? own : of_agent;
}

size_t risk_rate_bytes(const struct setup *s)
{
    size_t n = message_cap(&s->risk);
    for (uint32_t v = 0; v < s->venues; v++)
        n += message_cap(&s->venue[v].risk);
    for (strategy_id i = 0; i < s->strategies; i++)
        n += message_cap(&s->strategy[i].risk) +
             (size_t)2 * s->strategy[i].instruments * risk_max_executions(s, i);
    return n * sizeof(int64_t);
}

static struct window window_at(int64_t **times, uint32_t cap)
{
    struct window w = {.at = *times, .cap = cap};
    *times += cap;
    return w;
}

void risk_rate_init(struct risk *r, int64_t *times)
{
    const struct setup *s = r->setup;
    r->agent = window_at(&times, message_cap(&s->risk));
    for (uint32_t v = 0; v < s->venues; v++)
        r->venue[v] = window_at(&times, message_cap(&s->venue[v].risk));
    for (strategy_id i = 0; i < s->strategies; i++) {
        r->strategy[i] = window_at(&times, message_cap(&s->strategy[i].risk));
        struct window *w = r->executions + (size_t)i * 2 * STRATEGY_INSTRUMENTS_MAX;
        for (uint32_t k = 0; k < 2 * s->strategy[i].instruments; k++)
            w[k] = window_at(&times, risk_max_executions(s, i));
    }
}

/* ---- messages ---- */

void risk_count_message(struct risk *r, strategy_id s, venue_id v, int64_t now_ns)
{
    add(&r->agent, now_ns);
    add(&r->venue[v], now_ns);
    add(&r->strategy[s], now_ns);
}

uint32_t risk_messages_allowed(const struct risk_setup *l)
{
    return l->max_messages > l->cancel_reserve ? l->max_messages - l->cancel_reserve : 0;
}

static bool rate_allows(const struct subject *x, struct window *w, const struct limits *of)
{
    if (!of->l->has_max_messages)
        return true;
    forget_older(w, x->e->now_ns, of->l->message_interval_ns);
    uint32_t allowed = risk_messages_allowed(of->l);
    return w->count < allowed ||
           risk_deny_limit(x, of, REASON_MESSAGE_RATE, dec_from_i64(allowed, 0),
                           dec_from_i64((int64_t)w->count + 1, 0));
}

bool risk_rate(const struct subject *x)
{
    struct risk *r = x->e->risk;
    return rate_allows(x, &r->agent, &x->limits[0]) &&
           rate_allows(x, &r->venue[x->m->in.venue], &x->limits[1]) &&
           rate_allows(x, &r->strategy[x->s], &x->limits[3]);
}

/* ---- executions ---- */

struct window *risk_executions(const struct risk *r, strategy_id s, instrument_id i, enum side side)
{
    const struct strategy_setup *ss = &r->setup->strategy[s];
    for (uint32_t k = 0; k < ss->instruments; k++)
        if (ss->instrument[k] == i)
            return r->executions + ((size_t)s * STRATEGY_INSTRUMENTS_MAX + k) * 2 +
                   (side == SIDE_SELL);
    CHECK(false); /* orders are of the strategy's instruments only */
    return NULL;
}

bool risk_count_execution(struct risk *r, const struct order *o, int64_t now_ns)
{
    struct window *w = risk_executions(r, o->strategy, o->req.instrument, o->req.side);
    if (w->cap == 0)
        return true;
    forget_older(w, now_ns, r->setup->risk.execution_interval_ns);
    bool within = w->count < w->cap;
    add(w, now_ns);
    return within;
}

void risk_forget_executions(struct risk *r, strategy_id s)
{
    struct window *w = r->executions + (size_t)s * 2 * STRATEGY_INSTRUMENTS_MAX;
    for (uint32_t k = 0; k < 2 * STRATEGY_INSTRUMENTS_MAX; k++)
        w[k].count = 0;
}

/* ---- duplicates ---- */

static bool is_alike(const struct subject *x, const struct order *o)
{
    const struct order_request *a = x->req, *b = &o->req;
    return o->strategy == x->s && a->instrument == b->instrument && a->side == b->side &&
           a->type == b->type && dec_eq(a->price, b->price) && dec_eq(a->qty, b->qty);
}

/* One that ended without a fill (rejected, not sent, denied by the signer, cancelled, expired) was
 * taken back: asking again doubles nothing. */
static bool counts(const struct order *o)
{
    return !order_state_is_terminal(o->state) || dec_is_pos(o->filled_qty);
}

bool risk_duplicate(const struct subject *x)
{
    const struct engine *e = x->e;
    const struct risk_setup *l = &e->setup->risk;
    const struct order *o = NULL;
    if (x->req->repeat || l->duplicate_window_ns == 0)
        return true;
    while ((o = execution_alike(&e->execution, x->s, x->req, o)) != NULL) {
        int64_t age = e->now_ns - o->ts_submit_ns;
        if (age >= l->duplicate_window_ns)
            return true; /* newest first: what follows is older */
        if (is_alike(x, o) && counts(o))
            return risk_deny_limit(x, &x->limits[0], REASON_DUPLICATE,
                                   dec_from_i64(l->duplicate_window_ns, 9), dec_from_i64(age, 9));
    }
    return true;
}

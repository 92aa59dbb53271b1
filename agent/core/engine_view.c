/* What hosts see of the engine (core/engine.h), and what they do with it besides its steps. */
#include "base/check.h"
#include "core/internal.h"

int64_t engine_now_ns(const struct engine *e)
{
    return e->now_ns;
}

const struct setup *engine_setup(const struct engine *e)
{
    return e->setup;
}

const struct instrument *engine_instrument(const struct engine *e, instrument_id i)
{
    CHECK(i < e->setup->instruments);
    return &e->market.item[i].in;
}

const struct book *engine_book(const struct engine *e, instrument_id i)
{
    CHECK(i < e->setup->instruments);
    return e->market.item[i].has_book ? &e->market.item[i].book : NULL;
}

bool engine_top(const struct engine *e, instrument_id i, struct event_top *ret)
{
    CHECK(i < e->setup->instruments);
    if (!e->market.item[i].has_top)
        return false;
    *ret = e->market.item[i].top;
    return true;
}

bool engine_mark(const struct engine *e, instrument_id i, dec *ret)
{
    CHECK(i < e->setup->instruments);
    if (!e->market.item[i].has_mark)
        return false;
    *ret = e->market.item[i].mark;
    return true;
}

bool engine_last(const struct engine *e, instrument_id i, dec *ret)
{
    CHECK(i < e->setup->instruments);
    if (!e->market.item[i].has_last)
        return false;
    *ret = e->market.item[i].last;
    return true;
}

enum feed_state engine_feed(const struct engine *e, instrument_id i)
{
    CHECK(i < e->setup->instruments);
    return e->market.item[i].feed;
}

enum trading_state engine_state(const struct engine *e, enum state_scope scope, uint16_t index)
{
    switch (scope) {
    case SCOPE_AGENT: return e->agent_state;
    case SCOPE_VENUE: CHECK(index < e->setup->venues); return e->venue_state[index];
    case SCOPE_STRATEGY: CHECK(index < e->setup->strategies); return e->strategy[index].trading;
    }
    return STATE_HALTED;
}

enum reason engine_guard(const struct engine *e, strategy_id s, int64_t *ret_until_ns)
{
    CHECK(s == STRATEGY_NONE || s < e->setup->strategies);
    return guard_reason(e->guard, s, ret_until_ns);
}

void engine_alert(const struct engine *e, uint32_t n, struct engine_alert *ret)
{
    CHECK(n < e->setup->alerts);
    alert_view(e->alerts, n, ret);
}

bool engine_suspect(const struct engine *e, instrument_id i)
{
    CHECK(i < e->setup->instruments);
    return suspect_is(e->suspect, i);
}

const struct order *engine_open_order(const struct engine *e, uint32_t n)
{
    return execution_nth(&e->execution, &e->execution.open, LINK_AGE, n);
}

uint32_t engine_open_orders(const struct engine *e)
{
    return e->execution.open.count;
}

const struct order *engine_order(const struct engine *e, order_id id)
{
    return execution_find(&e->execution, id);
}

dec engine_balance(const struct engine *e, strategy_id s, venue_id v, asset_id a)
{
    return ledger_balance(&e->ledger, s, v, a)->total;
}

dec engine_reserved(const struct engine *e, strategy_id s, venue_id v, asset_id a)
{
    return ledger_balance(&e->ledger, s, v, a)->reserved;
}

dec engine_position(const struct engine *e, strategy_id s, instrument_id i, dec *ret_cost,
                    dec *ret_realized)
{
    const struct holding *h = ledger_holding(&e->ledger, s, i);
    *ret_cost = h->cost;
    *ret_realized = h->realized;
    return h->qty;
}

void engine_totals(const struct engine *e, strategy_id s, struct engine_totals *ret)
{
    const struct equity_series *q = s == STRATEGY_NONE ? &e->equity : &e->strategy[s].equity;
    struct engine_totals t = s == STRATEGY_NONE ? e->totals : e->strategy[s].totals;
    t.valued = q->valued;
    t.equity_start = q->start;
    t.equity_peak = q->peak;
    t.max_drawdown = q->max_drawdown;
    t.day_start_equity = s == STRATEGY_NONE ? e->day_start_equity : e->strategy[s].day_start_equity;
    t.equity = q->last;
    dec now;
    if (s == STRATEGY_NONE ? valuation_equity(e, &now)
                           : valuation_strategy_equity(e, &e->strategy[s], s, &now))
        t.equity = now;
    *ret = t;
}

const struct params *engine_params(const struct engine *e, strategy_id s)
{
    CHECK(s < e->setup->strategies);
    return &e->strategy[s].params;
}

void engine_closes(const struct engine *e, strategy_id s, struct engine_closes *ret)
{
    CHECK(s < e->setup->strategies);
    *ret = e->strategy[s].closes;
}

void engine_denied(const struct engine *e, strategy_id s, enum reason r, struct engine_denied *ret)
{
    *ret = (struct engine_denied){.times = 0};
    CHECK(s == STRATEGY_NONE || s < e->setup->strategies);
    for (strategy_id k = 0; k < e->setup->strategies && (unsigned)r < DENIED_REASONS; k++) {
        const struct denied *n = &e->strategy[k].denied[r];
        if (s != STRATEGY_NONE && s != k)
            continue;
        ret->times += n->times;
        ret->in_row = s == k ? n->in_row : 0;
        ret->last_ns = n->last_ns > ret->last_ns ? n->last_ns : ret->last_ns;
    }
}

uint32_t engine_figures(const struct engine *e, strategy_id s, struct figure *ret)
{
    CHECK(s < e->setup->strategies);
    const struct strategy_slot *slot = &e->strategy[s];
    /* the view is read-only; only view_random() would change the engine, and figures have no need
     * of it */
    struct strategy_view view = {.engine = (struct engine *)(uintptr_t)e, .id = s};
    return slot->setup->ops->figures ? slot->setup->ops->figures(slot->state, &view, ret) : 0;
}

enum err engine_strategy_save(const struct engine *e, strategy_id s, struct bufw *out)
{
    CHECK(s < e->setup->strategies);
    const struct strategy_slot *slot = &e->strategy[s];
    if (!slot->setup->ops->save)
        return ERR_STATE;
    enum err err = slot->setup->ops->save(slot->state, out);
    return err ? err : out->failed ? ERR_FULL : ERR_OK;
}

enum err engine_strategy_load(struct engine *e, strategy_id s, struct bufr *in)
{
    CHECK(s < e->setup->strategies);
    struct strategy_slot *slot = &e->strategy[s];
    const struct strategy_ops *ops = slot->setup->ops;
    if (!ops->load)
        return ERR_STATE;
    struct strategy_view view = {.engine = e, .id = s};
    memset(slot->state, 0, ops->state_size);
    enum err err = ops->init(slot->state, &slot->params, &view);
    if (!err)
        err = ops->load(slot->state, in);
    return err ? err : in->failed || in->pos != in->len ? ERR_SYNTAX : ERR_OK;
}

void engine_anomalies(const struct engine *e, struct engine_anomalies *ret)
{
    *ret = e->anomalies;
}

void engine_on_equity(struct engine *e, engine_equity_fn *fn, void *ctx)
{
    e->on_equity = fn;
    e->on_equity_ctx = ctx;
}

/* Each limit of the configuration with its present use, and what is latched: for `tradewind risk`.
 */
#include "core/risk_internal.h"

#include "base/check.h"

struct teller {
    const struct engine *e;
    engine_limit_fn *fn;
    void *ctx;
    struct limit_use u; /* scope and index are set */
};

static void tell(struct teller *t, const char *key, enum limit_unit unit, dec limit)
{
    t->u.key = key;
    t->u.unit = unit;
    t->u.limit = limit;
    t->fn(t->ctx, &t->u);
}

/* A limit that bounds each order by itself. */
static void tell_each(struct teller *t, bool is_set, const char *key, enum limit_unit unit,
                      dec limit)
{
    if (!is_set)
        return;
    t->u.each = true;
    t->u.known = false;
    t->u.used = DEC_ZERO;
    t->u.instrument = INSTRUMENT_NONE;
    tell(t, key, unit, limit);
}

static void tell_used(struct teller *t, const char *key, enum limit_unit unit, dec limit,
                      bool known, dec used, instrument_id of)
{
    t->u.each = false;
    t->u.known = known;
    t->u.used = known ? used : DEC_ZERO;
    t->u.instrument = of;
    tell(t, key, unit, limit);
}

static void tell_count(struct teller *t, const char *key, uint32_t limit, uint32_t used,
                       instrument_id of)
{
    tell_used(t, key, LIMIT_AS_COUNT, dec_from_i64(limit, 0), true, dec_from_i64(used, 0), of);
}

static strategy_id owner_of(const struct teller *t)
{
    return t->u.scope == LIMIT_OF_STRATEGY ? (strategy_id)t->u.index : STRATEGY_NONE;
}

static venue_id venue_of(const struct teller *t)
{
    return t->u.scope == LIMIT_OF_VENUE ? (venue_id)t->u.index : VENUE_NONE;
}

/* Whether a scope's limit on a position is about this instrument. */
static bool is_about(const struct teller *t, instrument_id i)
{
    const struct setup *s = t->e->setup;
    switch (t->u.scope) {
    case LIMIT_OF_VENUE: return s->instrument[i].venue == t->u.index;
    case LIMIT_OF_INSTRUMENT: return i == t->u.index;
    case LIMIT_OF_NONE:
    case LIMIT_OF_AGENT:
    case LIMIT_OF_STRATEGY:
    case LIMIT_OF_ASSET:
    case LIMIT_OF_GROUP: return true;
    }
    return true;
}

/* The largest position of the scope's instruments. */
static void tell_position(struct teller *t, const struct risk_setup *l)
{
    dec most = DEC_ZERO, value;
    instrument_id of = INSTRUMENT_NONE;
    bool known = true;
    for (instrument_id i = 0; i < t->e->setup->instruments; i++) {
        if (!is_about(t, i))
            continue;
        if (!risk_position_value(t->e, owner_of(t), i, NULL, &value)) {
            known = false;
        } else if (dec_gt(value, most)) {
            most = value;
            of = i;
        }
    }
    tell_used(t, "max_position_value", LIMIT_IN_QUOTE, l->max_position_value, known, most, of);
}

static void tell_losses(struct teller *t, const struct risk_setup *l)
{
    const struct engine *e = t->e;
    strategy_id s = owner_of(t);
    const struct strategy_slot *slot = s == STRATEGY_NONE ? NULL : &e->strategy[s];
    const struct equity_series *q = slot ? &slot->equity : &e->equity;
    dec equity, fall = DEC_ZERO, ratio = DEC_ZERO;
    dec day_start = slot ? slot->day_start_equity : e->day_start_equity;
    dec high = slot ? slot->high_water : e->high_water;
    bool known = q->valued && (slot ? valuation_strategy_equity(e, slot, s, &equity)
                                    : valuation_equity(e, &equity));
    if (l->has_daily_loss) {
        bool ok = known && dec_sub(day_start, equity, &fall);
        tell_used(t, "daily_loss", LIMIT_IN_QUOTE, l->daily_loss, ok, dec_max(fall, DEC_ZERO),
                  INSTRUMENT_NONE);
    }
    if (l->has_max_drawdown) {
        bool ok = known && dec_sub(dec_max(high, equity), equity, &fall) &&
                  (!dec_is_pos(high) || dec_div(fall, high, DEC_UP, &ratio));
        tell_used(t, "max_drawdown", LIMIT_AS_RATIO, l->max_drawdown, ok, ratio, INSTRUMENT_NONE);
    }
}

static const struct window *messages_of(const struct teller *t)
{
    const struct risk *r = t->e->risk;
    switch (t->u.scope) {
    case LIMIT_OF_VENUE: return &r->venue[t->u.index];
    case LIMIT_OF_STRATEGY: return &r->strategy[t->u.index];
    case LIMIT_OF_NONE:
    case LIMIT_OF_AGENT:
    case LIMIT_OF_INSTRUMENT:
    case LIMIT_OF_ASSET:
    case LIMIT_OF_GROUP: break;
    }
    return &r->agent;
}

/* The agent's limit, too, is told where it counts: per strategy, with the instrument and side that
 * has most. */
static void tell_executions(struct teller *t)
{
    const struct engine *e = t->e;
    const struct strategy_setup *ss = &e->setup->strategy[t->u.index];
    uint32_t limit = risk_max_executions(e->setup, (strategy_id)t->u.index), most = 0;
    instrument_id of = INSTRUMENT_NONE;
    if (limit == 0)
        return;
    for (uint32_t k = 0; k < ss->instruments; k++)
        for (enum side side = SIDE_BUY; side <= SIDE_SELL; side++) {
            uint32_t n = risk_window_count(
                risk_executions(e->risk, (strategy_id)t->u.index, ss->instrument[k], side),
                e->now_ns, e->setup->risk.execution_interval_ns);
            if (n > most) {
                most = n;
                of = ss->instrument[k];
            }
        }
    tell_count(t, "max_executions", limit, most, of);
}

static void tell_scope(struct teller *t, enum limit_scope scope, uint32_t index,
                       const struct risk_setup *l)
{
    const struct engine *e = t->e;
    dec value = DEC_ZERO;
    t->u.scope = scope;
    t->u.index = index;
    tell_each(t, l->has_max_order_value, "max_order_value", LIMIT_IN_QUOTE, l->max_order_value);
    tell_each(t, l->has_max_order_qty, "max_order_qty", LIMIT_IN_BASE, l->max_order_qty);
    tell_each(t, l->has_price_collar, "price_collar", LIMIT_AS_RATIO, l->price_collar);
    tell_each(t, l->has_max_reference_age, "max_reference_age", LIMIT_IN_SECONDS,
              dec_from_i64(l->max_reference_age_ns, 9));
    if (scope == LIMIT_OF_AGENT)
        tell_each(t, l->duplicate_window_ns > 0, "duplicate_window", LIMIT_IN_SECONDS,
                  dec_from_i64(l->duplicate_window_ns, 9));
    if (l->has_max_position_value)
        tell_position(t, l);
    if (l->has_max_gross_exposure) {
        bool known = risk_gross(e, owner_of(t), venue_of(t), NULL, &value);
        tell_used(t, "max_gross_exposure", LIMIT_IN_QUOTE, l->max_gross_exposure, known, value,
                  INSTRUMENT_NONE);
    }
    tell_losses(t, l);
    if (l->has_max_open_orders)
        tell_count(t, "max_open_orders", l->max_open_orders, risk_open_orders(e, scope, index),
                   INSTRUMENT_NONE);
    if (l->has_max_messages)
        tell_count(t, "max_messages", risk_messages_allowed(l),
                   risk_window_count(messages_of(t), e->now_ns, l->message_interval_ns),
                   INSTRUMENT_NONE);
    if (scope == LIMIT_OF_STRATEGY)
        tell_executions(t);
}

static bool is_base(const struct setup *s, asset_id a)
{
    for (instrument_id i = 0; i < s->instruments; i++)
        if (s->instrument[i].base == a)
            return true;
    return false;
}

static void tell_assets(struct teller *t, enum limit_scope scope, uint32_t index, uint64_t assets,
                        const char *key, dec limit)
{
    dec value = DEC_ZERO;
    t->u.scope = scope;
    t->u.index = index;
    bool known = risk_assets_exposure(t->e, assets, NULL, &value);
    tell_used(t, key, LIMIT_IN_QUOTE, limit, known, value, INSTRUMENT_NONE);
}

void engine_limits(const struct engine *e, engine_limit_fn *fn, void *ctx)
{
    const struct setup *s = e->setup;
    struct teller t = {.e = e, .fn = fn, .ctx = ctx};
    tell_scope(&t, LIMIT_OF_AGENT, 0, &s->risk);
    for (uint32_t v = 0; v < s->venues; v++)
        tell_scope(&t, LIMIT_OF_VENUE, v, &s->venue[v].risk);
    for (uint32_t i = 0; i < s->instruments; i++)
        tell_scope(&t, LIMIT_OF_INSTRUMENT, i, &s->instrument_risk[i]);
    for (uint32_t k = 0; k < s->strategies; k++)
        tell_scope(&t, LIMIT_OF_STRATEGY, k, &s->strategy[k].risk);
    for (uint32_t a = 0; a < s->assets && s->risk.has_max_asset_exposure; a++)
        if (is_base(s, (asset_id)a))
            tell_assets(&t, LIMIT_OF_ASSET, a, UINT64_C(1) << a, "max_asset_exposure",
                        s->risk.max_asset_exposure);
    for (uint32_t g = 0; g < s->groups; g++)
        tell_assets(&t, LIMIT_OF_GROUP, g, s->group[g].assets, "max_exposure",
                    s->group[g].max_exposure);
}

bool engine_latch(const struct engine *e, enum state_scope scope, uint16_t index,
                  struct engine_latch *ret)
{
    if (engine_state(e, scope, index) == STATE_ACTIVE)
        return false;
    switch (scope) {
    case SCOPE_AGENT: *ret = e->agent_latch; return true;
    case SCOPE_VENUE: *ret = e->venue_latch[index]; return true;
    case SCOPE_STRATEGY: *ret = e->strategy[index].latch; return true;
    }
    return false;
}

enum trading_state engine_state_below(const struct engine *e)
{
    return e->agent_state == STATE_HALTED ? e->agent_below : STATE_ACTIVE;
}

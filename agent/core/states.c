/* Trading states, the limits that latch them, and the operator's commands. */
#include "core/internal.h"

/* What is latched, without the guards. */
static enum trading_state latched(const struct engine *e, strategy_id s, venue_id v)
{
    enum trading_state st = trading_state_stricter(e->agent_state, e->venue_state[v]);
    return trading_state_stricter(st, e->strategy[s].trading);
}

enum trading_state states_effective(const struct engine *e, strategy_id s, venue_id v)
{
    enum trading_state st = latched(e, s, v);
    return guard_reason(e->guard, s, NULL) == REASON_NONE
               ? st
               : trading_state_stricter(st, STATE_REDUCING);
}

enum reason states_reducing_reason(const struct engine *e, strategy_id s, venue_id v)
{
    return latched(e, s, v) == STATE_ACTIVE ? guard_reason(e->guard, s, NULL)
                                            : REASON_STATE_REDUCING;
}

static enum trading_state *state_of(struct engine *e, enum state_scope scope, uint16_t index)
{
    switch (scope) {
    case SCOPE_AGENT: return &e->agent_state;
    case SCOPE_VENUE: return &e->venue_state[index];
    case SCOPE_STRATEGY: return &e->strategy[index].trading;
    }
    return &e->agent_state;
}

static struct engine_latch *latch_of(struct engine *e, enum state_scope scope, uint16_t index)
{
    switch (scope) {
    case SCOPE_AGENT: return &e->agent_latch;
    case SCOPE_VENUE: return &e->venue_latch[index];
    case SCOPE_STRATEGY: return &e->strategy[index].latch;
    }
    return &e->agent_latch;
}

void states_set(struct engine *e, enum state_scope scope, uint16_t index, enum trading_state to,
                enum reason reason, dec limit, dec value)
{
    enum trading_state *st = state_of(e, scope, index);
    if (*st == to)
        return;
    struct effect *fx = engine_effect(e, EFFECT_STATE, STRATEGY_NONE);
    if (fx)
        fx->state = (struct effect_state){.scope = scope,
                                          .index = index,
                                          .from = *st,
                                          .to = to,
                                          .reason = reason,
                                          .limit = limit,
                                          .value = value};
    if (scope == SCOPE_AGENT && to == STATE_HALTED)
        e->agent_below = *st;
    *st = to;
    *latch_of(e, scope, index) = (struct engine_latch){reason, limit, value, e->now_ns};
    if (to == STATE_HALTED)
        e->cancel_halted = true;
}

static bool is_halted(const struct engine *e, const struct order *o)
{
    venue_id v = e->setup->instrument[o->req.instrument].venue;
    return states_effective(e, o->strategy, v) == STATE_HALTED;
}

/* An entry of a strategy that executed too often: what rests would go on executing. */
static bool is_throttled(const struct engine *e, const struct order *o)
{
    const struct strategy_slot *s = &e->strategy[o->strategy];
    return s->trading == STATE_REDUCING && s->latch.reason == REASON_REPEATED_EXECUTION &&
           o->req.side == SIDE_BUY;
}

void states_cancel_halted(struct engine *e)
{
    e->cancel_halted = false;
    for (uint32_t i = e->execution.open.first; i != SLOT_NONE;
         i = e->execution.slot[i].link[LINK_AGE].next) {
        struct order_slot *s = &e->execution.slot[i];
        if (s->cancel_asked ||
            !(is_halted(e, &s->order) || is_throttled(e, &s->order) ||
              guard_cancels(e->guard, &s->order) || lifecycle_cancels(e, &s->order)))
            continue;
        if (engine_effects_full(e)) {
            /* the rest in the next step, which engine_next_timer_ns() asks for at once */
            e->cancel_halted = true;
            return;
        }
        orders_cancel(e, &s->order);
    }
}

/* A person looked at it: the day's loss is counted from here on ... */
static void rebase_day(struct engine *e, strategy_id s)
{
    dec equity;
    if (s == STRATEGY_NONE ? valuation_equity(e, &equity)
                           : valuation_strategy_equity(e, &e->strategy[s], s, &equity))
        *(s == STRATEGY_NONE ? &e->day_start_equity : &e->strategy[s].day_start_equity) = equity;
}

/* ... and the drawdown. */
static void rebase_high_water(struct engine *e, strategy_id s)
{
    dec equity;
    if (s == STRATEGY_NONE ? valuation_equity(e, &equity)
                           : valuation_strategy_equity(e, &e->strategy[s], s, &equity))
        *(s == STRATEGY_NONE ? &e->high_water : &e->strategy[s].high_water) = equity;
}

static void stop_entry(struct engine *e)
{
    if (e->agent_state == STATE_HALTED)
        e->agent_below = STATE_REDUCING;
    else
        states_set(e, SCOPE_AGENT, 0, STATE_REDUCING, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
}

/* Undoes REDUCING; under a halt that is what unhalt would have led back to. */
static void resume_agent(struct engine *e)
{
    if (e->agent_state == STATE_HALTED) {
        if (e->agent_below == STATE_REDUCING)
            rebase_day(e, STRATEGY_NONE);
        e->agent_below = STATE_ACTIVE;
    } else if (e->agent_state == STATE_REDUCING) {
        rebase_day(e, STRATEGY_NONE);
        states_set(e, SCOPE_AGENT, 0, STATE_ACTIVE, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
    }
}

void states_command(struct engine *e, const struct event_command *c)
{
    bool one = c->strategy != STRATEGY_NONE;
    if (one && c->strategy >= e->setup->strategies)
        return; /* the control interface resolves names; a stale index does nothing */
    enum state_scope scope = one ? SCOPE_STRATEGY : SCOPE_AGENT;
    uint16_t index = one ? c->strategy : 0;
    switch (c->kind) {
    case COMMAND_PAUSE:
        if (!one)
            stop_entry(e);
        else if (e->strategy[index].trading == STATE_ACTIVE)
            states_set(e, scope, index, STATE_REDUCING, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
        break;
    case COMMAND_RESUME:
        if (one && !e->strategy[index].broken) {
            states_set(e, scope, index, STATE_ACTIVE, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
            rebase_day(e, index);
            rebase_high_water(e, index);
            guard_release(e, index);
            risk_forget_executions(e->risk, index);
        }
        if (!one) {
            resume_agent(e);
            guard_release(e, STRATEGY_NONE);
        }
        break;
    case COMMAND_STOPENTRY: stop_entry(e); break;
    case COMMAND_HALT:
        states_set(e, scope, index, STATE_HALTED, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
        break;
    case COMMAND_UNHALT:
        if (e->agent_state == STATE_HALTED) {
            rebase_high_water(e, STRATEGY_NONE);
            states_set(e, SCOPE_AGENT, 0, e->agent_below, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
        }
        break;
    case COMMAND_STOP:
    case COMMAND_START: break; /* lifecycle.c's */
    }
}

void states_repeated_execution(struct engine *e, strategy_id s)
{
    int64_t limit = risk_max_executions(e->setup, s);
    if (e->strategy[s].trading != STATE_ACTIVE)
        return;
    states_set(e, SCOPE_STRATEGY, s, STATE_REDUCING, REASON_REPEATED_EXECUTION,
               dec_from_i64(limit, 0), dec_from_i64(limit + 1, 0));
    e->cancel_halted = true;
}

/* One scope's daily loss (-> REDUCING) and drawdown (-> HALTED). */
static enum err check_losses(struct engine *e, const struct risk_setup *r, enum state_scope scope,
                             uint16_t index, dec equity, dec day_start, dec high_water)
{
    dec fall, ratio;
    if (r->has_daily_loss) {
        if (!dec_sub(day_start, equity, &fall))
            return ERR_OVERFLOW;
        if (dec_ge(fall, r->daily_loss) && *state_of(e, scope, index) == STATE_ACTIVE)
            states_set(e, scope, index, STATE_REDUCING, REASON_DAILY_LOSS, r->daily_loss, fall);
    }
    if (r->has_max_drawdown && dec_is_pos(high_water)) {
        if (!dec_sub(high_water, equity, &fall) || !dec_div(fall, high_water, DEC_UP, &ratio))
            return ERR_OVERFLOW;
        if (dec_ge(ratio, r->max_drawdown))
            states_set(e, scope, index, STATE_HALTED, REASON_DRAWDOWN, r->max_drawdown, ratio);
    }
    return ERR_OK;
}

static enum err check_agent(struct engine *e)
{
    dec equity;
    e->equity_known = e->equity.valued && valuation_equity(e, &equity);
    if (!e->equity_known)
        return ERR_OK;
    e->high_water = dec_max(e->high_water, equity);
    return check_losses(e, &e->setup->risk, SCOPE_AGENT, 0, equity, e->day_start_equity,
                        e->high_water);
}

static enum err check_strategy(struct engine *e, strategy_id s)
{
    struct strategy_slot *slot = &e->strategy[s];
    const struct risk_setup *r = &slot->setup->risk;
    dec equity;
    if (!r->has_daily_loss && !r->has_max_drawdown)
        return ERR_OK;
    slot->equity_known = slot->equity.valued && valuation_strategy_equity(e, slot, s, &equity);
    if (!slot->equity_known)
        return ERR_OK;
    slot->high_water = dec_max(slot->high_water, equity);
    return check_losses(e, r, SCOPE_STRATEGY, s, equity, slot->day_start_equity, slot->high_water);
}

enum err states_check_limits(struct engine *e, strategy_id s)
{
    enum err err = check_agent(e);
    return err ? err : check_strategy(e, s);
}

enum err states_look(struct engine *e)
{
    e->next_limits_ns = e->now_ns + NS_SECOND;
    e->cancel_halted = true; /* a venue may have refused one: it is asked again */
    enum err err = check_agent(e);
    for (strategy_id s = 0; !err && e->strategy_loss_limits && s < e->setup->strategies; s++) {
        if (engine_effects_full(e)) {
            e->next_limits_ns = e->now_ns; /* many at once: the others with the next event */
            break;
        }
        err = check_strategy(e, s);
    }
    return err;
}

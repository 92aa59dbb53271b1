/* Trading states, the limits that latch them, and the operator's commands. */
#include "core/internal.h"

enum trading_state states_effective(const struct engine *e, strategy_id s, venue_id v)
{
    enum trading_state st = trading_state_stricter(e->agent_state, e->venue_state[v]);
    return trading_state_stricter(st, e->strategy[s].trading);
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
    *st = to;
    if (scope == SCOPE_AGENT && to == STATE_HALTED)
        e->cancel_all = true;
}

void states_cancel_some(struct engine *e)
{
    if (!e->cancel_all)
        return;
    e->cancel_all = false;
    for (uint32_t i = e->execution.open.first; i != SLOT_NONE; i = e->execution.slot[i].next) {
        struct order *o = &e->execution.slot[i].order;
        if (o->state == ORDER_PENDING_CANCEL)
            continue;
        if (engine_effects_full(e)) {
            e->cancel_all =
                true; /* the rest in the next step, which engine_next_timer_ns() asks for at once */
            return;
        }
        struct effect *fx = engine_effect(e, EFFECT_CANCEL, o->strategy);
        fx->cancel = o->id;
        o->state = ORDER_PENDING_CANCEL;
        risk_count_message(e->risk, o->strategy, e->now_ns);
    }
}

/* A person looked at it: the losses are counted from here on. */
static void rebase(struct engine *e, strategy_id s, bool high_water_too)
{
    dec equity;
    bool known = s == STRATEGY_NONE ? valuation_equity(e, &equity)
                                    : valuation_strategy_equity(e, &e->strategy[s], s, &equity);
    if (!known)
        return;
    if (s == STRATEGY_NONE)
        e->day_start_equity = equity;
    else
        e->strategy[s].day_start_equity = equity;
    if (high_water_too && s == STRATEGY_NONE)
        e->high_water = equity;
    else if (high_water_too)
        e->strategy[s].high_water = equity;
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
        if (*state_of(e, scope, index) == STATE_ACTIVE)
            states_set(e, scope, index, STATE_REDUCING, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
        break;
    case COMMAND_RESUME:
        if (one && !e->strategy[index].broken) {
            states_set(e, scope, index, STATE_ACTIVE, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
            rebase(e, index, true);
        }
        if (!one && e->agent_state == STATE_REDUCING) {
            states_set(e, scope, index, STATE_ACTIVE, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
            rebase(e, STRATEGY_NONE, false);
        }
        break;
    case COMMAND_STOPENTRY:
        if (e->agent_state == STATE_ACTIVE)
            states_set(e, SCOPE_AGENT, 0, STATE_REDUCING, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
        break;
    case COMMAND_HALT:
        states_set(e, SCOPE_AGENT, 0, STATE_HALTED, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
        e->cancel_all = true; /* also when halted already: a second halt sweeps again */
        break;
    case COMMAND_UNHALT:
        if (e->agent_state == STATE_HALTED) {
            e->cancel_all = false;
            states_set(e, SCOPE_AGENT, 0, STATE_ACTIVE, REASON_OPERATOR, DEC_ZERO, DEC_ZERO);
            rebase(e, STRATEGY_NONE, true);
        }
        break;
    }
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

enum err states_check_limits(struct engine *e)
{
    dec equity;
    e->next_limits_ns = e->now_ns + NS_SECOND;
    if (!e->equity.valued || !valuation_equity(e, &equity))
        return ERR_OK;
    e->high_water = dec_max(e->high_water, equity);
    enum err err = check_losses(e, &e->setup->risk, SCOPE_AGENT, 0, equity, e->day_start_equity,
                                e->high_water);
    for (strategy_id s = 0; !err && e->strategy_loss_limits && s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        if (!slot->equity.valued || !valuation_strategy_equity(e, slot, s, &equity))
            continue;
        slot->high_water = dec_max(slot->high_water, equity);
        err = check_losses(e, &slot->setup->risk, SCOPE_STRATEGY, s, equity, slot->day_start_equity,
                           slot->high_water);
    }
    return err;
}

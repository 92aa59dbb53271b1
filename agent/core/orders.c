/* What venues answer: states of our orders, and fills. */
#include "base/check.h"
#include "core/internal.h"

static void tell(struct engine *e, const struct order *o, enum order_state from, enum reason reason)
{
    struct effect *fx = engine_effect(e, EFFECT_ORDER, o->strategy);
    if (fx)
        fx->order =
            (struct effect_order){.id = o->id, .from = from, .to = o->state, .reason = reason};
}

static enum err unbind(struct engine *e, struct order *o)
{
    enum err err = ledger_release(&e->ledger, o, o->reserved);
    if (!err)
        err = ledger_open_qty(&e->ledger, o, dec_neg(order_open_qty(o)));
    o->reserved = DEC_ZERO;
    return err;
}

/* A sell has ended with a fill: counted, and the guards look at it. */
static enum err closed(struct engine *e, strategy_id s, instrument_id i, dec result)
{
    struct engine_closes *c = &e->strategy[s].closes;
    c->won += dec_is_pos(result);
    c->lost += dec_is_neg(result);
    c->even += dec_is_zero(result);
    c->best = dec_max(c->best, result);
    c->worst = dec_min(c->worst, result);
    return guard_close(e, s, i, result);
}

enum err orders_finish(struct engine *e, struct order *o, enum order_state to, enum reason reason)
{
    enum order_state from = o->state;
    enum err err = unbind(e, o);
    if (err)
        return err;
    parents_ended(&e->parents, o);
    o->state = to;
    o->ts_last_ns = e->now_ns;
    execution_close(&e->execution, o);
    struct strategy_slot *slot = &e->strategy[o->strategy];
    if (to == ORDER_REJECTED) {
        e->totals.rejected++;
        slot->totals.rejected++;
    } else if (to == ORDER_DENIED) {
        e->totals.denied++;
        slot->totals.denied++;
    } else if (to == ORDER_CANCELED || to == ORDER_EXPIRED) {
        e->totals.canceled++;
        slot->totals.canceled++;
    }
    tell(e, o, from, reason);
    if (o->req.side == SIDE_SELL && dec_is_pos(o->filled_qty))
        return closed(e, o->strategy, o->req.instrument, execution_slot(o)->realized);
    return ERR_OK;
}

void orders_cancel(struct engine *e, struct order *o)
{
    struct order_slot *slot = execution_slot(o);
    if (slot->cancel_asked)
        return;
    struct effect *fx = engine_effect(e, EFFECT_CANCEL, o->strategy);
    CHECK(fx != NULL); /* the callers look for room */
    fx->cancel = o->id;
    slot->cancel_asked = true;
    if (o->state != ORDER_IN_DOUBT) /* asking is no proof: what is in doubt stays so */
        o->state = ORDER_PENDING_CANCEL;
    risk_count_message(e->risk, o->strategy, e->setup->instrument[o->req.instrument].venue,
                       e->now_ns);
}

enum err orders_event(struct engine *e, const struct event *ev)
{
    const struct event_order *a = &ev->order;
    struct order *o = execution_find(&e->execution, a->id);
    if (!o) {
        e->anomalies.unknown_order_ids++;
        return ERR_OK;
    }
    bool knew_it = o->venue_order_id != 0;
    if (a->venue_order_id)
        o->venue_order_id = a->venue_order_id;
    if (a->state == ORDER_ACCEPTED || a->state == ORDER_PARTIALLY_FILLED)
        execution_slot(o)->at_venue = true;
    /* The first acceptance may cross our cancel on its way: the cancel is still under way then. */
    bool crossed = o->state == ORDER_PENDING_CANCEL && a->state == ORDER_ACCEPTED && !knew_it;
    /* Filled is reached by fills alone: the message says nothing new. */
    bool by_fills = a->state == ORDER_FILLED || a->state == ORDER_PARTIALLY_FILLED;
    if (crossed || by_fills || !order_state_may_follow(o->state, a->state)) {
        if (!by_fills && !crossed)
            e->anomalies.late_order_events++;
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (order_state_is_terminal(a->state)) {
        err = orders_finish(e, o, a->state, a->reason);
    } else {
        enum order_state from = o->state;
        o->state = a->state;
        execution_slot(o)->cancel_asked = a->state == ORDER_PENDING_CANCEL;
        if (o->state == ORDER_ACCEPTED && dec_is_pos(o->filled_qty))
            o->state = ORDER_PARTIALLY_FILLED; /* a refused cancel of a partly filled order */
        o->ts_last_ns = e->now_ns;
        tell(e, o, from, a->reason);
    }
    return err ? err : dispatch_event(e, o->strategy, ev);
}

/* What the order binds after this fill: a limit buy the cost of the rest, a market buy what is
 * left, a sell its rest. */
static enum err rebind(struct engine *e, struct order *o, const struct event_fill *f)
{
    dec keep, spent;
    if (o->req.side == SIDE_SELL) {
        keep = order_open_qty(o);
    } else if (o->req.type == ORDER_LIMIT) {
        if (!dec_mul(order_open_qty(o), o->req.price, DEC_UP, &keep))
            return ERR_OVERFLOW;
    } else {
        if (!dec_mul(f->qty, f->price, DEC_UP, &spent))
            return ERR_OVERFLOW;
        keep = dec_gt(o->reserved, spent) ? (dec){o->reserved.v - spent.v} : DEC_ZERO;
    }
    keep = dec_min(keep, o->reserved);
    enum err err = ledger_release(&e->ledger, o, (dec){o->reserved.v - keep.v});
    o->reserved = keep;
    return err;
}

static enum err count_fill(struct engine *e, const struct order *o, const struct event_fill *f)
{
    const struct instrument *in = &e->market.item[o->req.instrument].in;
    struct engine_totals *t[2] = {&e->totals, &e->strategy[o->strategy].totals};
    dec quote, volume = DEC_ZERO, fee = DEC_ZERO;
    if (!dec_mul(f->price, f->qty, DEC_DOWN, &quote))
        return ERR_OVERFLOW;
    /* Without a mark on the way to the agent's quote the report's sums stay short; balances never
     * do. */
    (void)valuation_convert(e, in->venue, in->quote, quote, DEC_DOWN, &volume);
    (void)valuation_convert(e, in->venue, f->fee_asset, f->fee, DEC_UP, &fee);
    for (int i = 0; i < 2; i++) {
        t[i]->fills++;
        if (!dec_add(t[i]->volume_quote, volume, &t[i]->volume_quote) ||
            !dec_add(t[i]->fees_quote, fee, &t[i]->fees_quote))
            return ERR_OVERFLOW;
    }
    return ERR_OK;
}

/* A fee that was not taken from what was received, in the instrument's quote; zero for one that
 * was, and for one that has no price. */
static dec fee_in_quote(const struct engine *e, const struct order *o, const struct event_fill *f)
{
    const struct instrument *in = &e->market.item[o->req.instrument].in;
    if (f->fee_asset == (o->req.side == SIDE_BUY ? in->base : in->quote))
        return DEC_ZERO;
    dec agent_value, unit, value;
    if (!valuation_convert(e, in->venue, f->fee_asset, f->fee, DEC_UP, &agent_value) ||
        !valuation_convert(e, in->venue, in->quote, DEC_ONE, DEC_DOWN, &unit) ||
        dec_is_zero(unit) || !dec_div(agent_value, unit, DEC_UP, &value))
        return DEC_ZERO;
    return value;
}

static void tell_books(struct engine *e, strategy_id s, instrument_id i)
{
    const struct instrument *in = &e->market.item[i].in;
    const struct holding *h = ledger_holding(&e->ledger, s, i);
    struct effect *fx = engine_effect(e, EFFECT_LEDGER, s);
    if (fx)
        fx->ledger = (struct effect_ledger){
            .strategy = s,
            .instrument = i,
            .base = ledger_balance(&e->ledger, s, in->venue, in->base)->total,
            .quote = ledger_balance(&e->ledger, s, in->venue, in->quote)->total,
            .position = h->qty,
            .cost = h->cost,
            .realized = h->realized};
}

static void tell_fill(struct engine *e, const struct order *o, const struct event_fill *f,
                      dec realized)
{
    struct effect *fx = engine_effect(e, EFFECT_FILL, o->strategy);
    if (fx)
        fx->fill = (struct effect_fill){.id = o->id,
                                        .req = o->req,
                                        .fill_id = f->fill_id,
                                        .price = f->price,
                                        .qty = f->qty,
                                        .fee = f->fee,
                                        .fee_asset = f->fee_asset,
                                        .liquidity = f->liquidity,
                                        .realized = realized};
    tell_books(e, o->strategy, o->req.instrument);
    instrument_id home[2];
    if (setup_is_cross(e->setup, o->strategy, o->req.instrument, home))
        for (int k = 0; k < 2; k++)
            tell_books(e, o->strategy, home[k]);
}

/* A sub-ledger below zero means that more was taken than was bound: the strategy stops, the numbers
 * are told. */
static void check_overdraft(struct engine *e, const struct order *o)
{
    const struct instrument *in = &e->market.item[o->req.instrument].in;
    const asset_id asset[2] = {in->base, in->quote};
    for (int i = 0; i < 2; i++) {
        dec total = ledger_balance(&e->ledger, o->strategy, in->venue, asset[i])->total;
        if (dec_is_neg(total))
            states_set(e, SCOPE_STRATEGY, o->strategy, STATE_HALTED, REASON_BUDGET, DEC_ZERO,
                       total);
    }
}

/* What a cross's quote is worth in the agent's (ledger_fill); zero for any other instrument. */
static dec home_mark(const struct engine *e, const struct order *o)
{
    instrument_id home[2];
    if (!setup_is_cross(e->setup, o->strategy, o->req.instrument, home))
        return DEC_ZERO;
    const struct market_instrument *m = &e->market.item[home[1]];
    return m->has_mark ? m->mark : DEC_ZERO;
}

enum err orders_fill(struct engine *e, const struct event *ev)
{
    const struct event_fill *f = &ev->fill;
    struct order *o = execution_find(&e->execution, f->id);
    if (!o) {
        e->anomalies.unknown_order_ids++;
        return ERR_OK;
    }
    if (execution_fill_seen(&e->execution, f->id, f->fill_id)) {
        e->anomalies.repeated_fills++;
        return ERR_OK;
    }
    dec filled, filled_quote, gross, realized;
    if (!dec_is_pos(f->qty) || !dec_is_pos(f->price) || dec_is_neg(f->fee) ||
        f->fee_asset >= e->setup->assets)
        return ERR_RANGE;
    if (!dec_add(o->filled_qty, f->qty, &filled) || !dec_mul(f->price, f->qty, DEC_DOWN, &gross) ||
        !dec_add(o->filled_quote, gross, &filled_quote))
        return ERR_OVERFLOW;
    if (dec_gt(filled, o->req.qty))
        return ERR_STATE; /* more than was asked for: venue and order disagree */
    const struct instrument *in = &e->setup->instrument[o->req.instrument];
    bool buy = o->req.side == SIDE_BUY;
    if (f->fee_asset == (buy ? in->base : in->quote) && dec_gt(f->fee, buy ? f->qty : gross))
        return ERR_RANGE; /* a fee of more than what was received */
    bool open = !order_state_is_terminal(o->state);
    enum err err = open ? ledger_open_qty(&e->ledger, o, dec_neg(f->qty)) : ERR_OK;
    if (!err)
        err = ledger_fill(&e->ledger, o, f, fee_in_quote(e, o, f), home_mark(e, o), &realized);
    if (!err)
        err = count_fill(e, o, f);
    if (err)
        return err;
    if (!open)
        parents_late_fill(&e->parents, o, f->qty);
    bool executed_before = o->fills > 0;
    o->filled_qty = filled;
    o->filled_quote = filled_quote;
    o->fills++;
    execution_slot(o)->at_venue = true;
    o->ts_last_ns = e->now_ns;
    tell_fill(e, o, f, realized);
    dec *sum = &execution_slot(o)->realized;
    if (!dec_add(*sum, realized, sum))
        return ERR_OVERFLOW;
    enum order_state from = o->state;
    if (!open && o->req.side == SIDE_SELL) /* came after its order's end: a close of its own */
        err = closed(e, o->strategy, o->req.instrument, realized);
    if (open && dec_eq(filled, o->req.qty)) {
        err = orders_finish(e, o, ORDER_FILLED, REASON_NONE);
    } else if (open) {
        if (o->state ==
            ORDER_IN_DOUBT) /* the venue shows it; a cancel may have been lost with it */
            execution_slot(o)->cancel_asked = false;
        if (o->state != ORDER_PENDING_CANCEL)
            o->state = ORDER_PARTIALLY_FILLED;
        err = rebind(e, o, f);
        if (o->state != from)
            tell(e, o, from, REASON_NONE);
    }
    if (err)
        return err;
    if (!executed_before && !risk_count_execution(e->risk, o, e->now_ns))
        states_repeated_execution(e, o->strategy);
    check_overdraft(e, o);
    err = valuation_sample(e, e->now_ns, false);
    if (!err)
        err = valuation_sample_strategy(e, o->strategy);
    if (!err)
        err = states_check_limits(e, o->strategy);
    return err ? err : dispatch_event(e, o->strategy, ev);
}

/* arbitrage: one trade. Its orders are limit ioc (but for an unwinding that is told to use market
 * orders), at most one at a time on each instrument; what they did is counted from their fills.
 *
 *   LEGS -> (both legs have the same) end
 *        -> HEDGE | UNWIND -> end; what cannot be evened out in time is stranded
 */
#include "arbitrage.h"

#define REFUSED_WAIT_NS INT64_C(60000000000) /* after a denied or rejected order */

static struct arb_trade *find(struct arb *a, uint32_t serial)
{
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        if (a->trade[i].step != STEP_NONE && a->trade[i].serial == serial)
            return &a->trade[i];
    return NULL;
}

bool arb_in_doubt(const struct arb *a, const struct strategy_view *v)
{
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        for (uint32_t k = 0; k < 2 && a->trade[i].step != STEP_NONE; k++) {
            const struct order *o =
                a->trade[i].order[k] ? view_order(v, a->trade[i].order[k]) : NULL;
            if (o && o->state == ORDER_IN_DOUBT)
                return true;
        }
    return false;
}

/* ---- orders ---- */

/* [price] zero: a market order. */
static void submit(struct arb *a, const struct arb_look *l, struct arb_trade *t, uint32_t k,
                   enum side side, dec price, dec qty, const struct arb_leg *leg,
                   struct intents *out)
{
    int64_t now = view_now_ns(l->v);
    struct order_request q = {.instrument = l->id[k],
                              .side = side,
                              .type = dec_is_pos(price) ? ORDER_LIMIT : ORDER_MARKET,
                              .tif = TIF_IOC,
                              .price = price,
                              .qty = qty,
                              .tag = t->serial,
                              .repeat = true, /* fresh prices, or an attempt that is meant */
                              .parent = leg->parent};
    t->order[k] = intents_submit(out, &q);
    t->deadline_ns = now + l->p->value[P_DEADLINE].duration_ns;
    t->cancel_asked = false;
    a->sent_ns[k] = now;
}

static enum side side_on(const struct arb_trade *t, uint32_t k)
{
    return k == t->buy ? SIDE_BUY : SIDE_SELL;
}

void arb_open(struct arb *a, const struct arb_look *l, const struct arb_plan *plan,
              struct intents *out)
{
    uint32_t slot = 0;
    while (slot < ARB_OPEN_MAX && a->trade[slot].step != STEP_NONE)
        slot++;
    CHECK(slot < ARB_OPEN_MAX); /* the caller looked for room */
    struct arb_trade *t = &a->trade[slot];
    *t = (struct arb_trade){.step = STEP_LEGS, .serial = ++a->serial, .buy = plan->buy};
    bool sequential = l->p->value[P_LEGS].choice == LEGS_SEQUENTIAL;
    uint32_t first = l->p->value[P_FIRST].choice;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t k = i == 0 ? first : 1 - first;
        dec whole = plan->qty[k], gross;
        /* A buy whose fee should be a third asset's may have to pay it in base after all; a sell
         * may find more bought than that. */
        if (k == t->buy && dec_div(whole, l->keep[k], DEC_UP, &gross) && !l->base_fee[k] &&
            dec_round_to(gross, l->in[k]->rules.lot_size, DEC_UP, &gross))
            whole = gross;
        if (k != t->buy &&
            dec_round_to(plan->qty[t->buy], l->in[k]->rules.lot_size, DEC_DOWN, &gross))
            whole = gross;
        t->limit[k] = plan->limit[k];
        t->leg[k] = (struct arb_leg){.parent = intents_parent(out, l->id[k], side_on(t, k), whole),
                                     .left = whole};
        if (i == 0 || !sequential)
            submit(a, l, t, k, side_on(t, k), plan->limit[k], plan->qty[k], &t->leg[k], out);
    }
    t->second_due = sequential;
    a->trades_today++;
}

/* ---- what is uneven ---- */

static dec rest_of(const struct arb_trade *t)
{
    return (dec){t->bought.v - t->sold.v}; /* both are at most a few sizes */
}

/* The order that would even out [rest] on instrument [k]; zero where the venue takes none. */
static bool missing(const struct arb_look *l, const struct arb_trade *t, uint32_t k, dec rest,
                    dec *ret)
{
    dec qty;
    if (dec_is_neg(rest) ? !arb_gross(l, k, dec_neg(rest), &qty)
                         : !dec_round_to(rest, l->in[k]->rules.lot_size, DEC_DOWN, &qty))
        return false;
    *ret = arb_tradable(l, k, qty, t->limit[k]) ? qty : DEC_ZERO;
    return true;
}

/* Where an order of [step] trades [rest]: hedged on the venue of the leg that has too little. */
static uint32_t place_of(const struct arb_trade *t, enum arb_step step, dec rest)
{
    uint32_t lacking = dec_is_neg(rest) ? t->buy : 1u - t->buy;
    return step == STEP_UNWIND ? 1 - lacking : lacking;
}

bool arb_pending(const struct arb_trade *t, uint32_t first, uint32_t *ret_k, enum side *ret_side,
                 dec *ret_left)
{
    if (t->step == STEP_LEGS && t->second_due) {
        *ret_k = 1 - first;
        *ret_side = side_on(t, *ret_k);
        *ret_left = t->leg[*ret_k].left;
        return true;
    }
    if (t->step == STEP_LEGS || t->order[0] || t->order[1])
        return false;
    dec rest = rest_of(t);
    *ret_k = place_of(t, t->step, rest);
    *ret_side = dec_is_neg(rest) ? SIDE_BUY : SIDE_SELL;
    *ret_left =
        t->step == STEP_UNWIND ? t->unwind.left : dec_min(dec_abs(rest), t->leg[*ret_k].left);
    return true;
}

/* The worst price at which the whole trade still loses at most max_loss, for an order that evens
 * out [rest] on [k]. */
static bool bound_of(const struct arb_look *l, const struct arb_trade *t, uint32_t k, dec rest,
                     dec *ret)
{
    dec keep = {DEC_ONE.v - l->p->value[P_MAX_LOSS].decimal.v};
    dec tick = l->in[k]->rules.tick_size, unit, per_base;
    bool other = k == ARB_B && l->id[ARB_RATE] != INSTRUMENT_NONE;
    if (dec_is_neg(rest)) { /* to buy: what a sold unit brought, over keep */
        if (!dec_div(t->received, t->sold, DEC_DOWN, &unit) ||
            !dec_div(unit, keep, DEC_DOWN, &per_base) ||
            !dec_mul(per_base, l->keep[k], DEC_DOWN, &per_base))
            return false;
        if (other && (!dec_div(per_base, l->rate_buy, DEC_DOWN, &per_base) ||
                      !dec_div(per_base, l->cost_up, DEC_DOWN, &per_base)))
            return false;
        return dec_round_to(per_base, tick, DEC_DOWN, ret);
    }
    if (!dec_div(t->paid, t->bought, DEC_UP, &unit) || !dec_mul(unit, keep, DEC_UP, &per_base) ||
        !dec_div(per_base, l->keep[k], DEC_UP, &per_base))
        return false;
    if (other && (!dec_div(per_base, l->rate_sell, DEC_UP, &per_base) ||
                  !dec_div(per_base, l->cost_down, DEC_UP, &per_base)))
        return false;
    return dec_round_to(per_base, tick, DEC_UP, ret);
}

/* The most that an order at [price] can be of, by what is free. */
static bool affordable(const struct arb_look *l, const struct arb_trade *t, uint32_t k,
                       enum side side, dec price, dec *ret)
{
    if (side == SIDE_SELL) {
        *ret = view_free_at(l->v, l->id[k], l->in[k]->base);
        return true;
    }
    return dec_div(view_free_at(l->v, l->id[k], l->in[k]->quote), dec_max(price, t->market_unit),
                   DEC_DOWN, ret);
}

/* One attempt to even out; false where there is nothing to be had now. */
static bool attempt(struct arb *a, const struct arb_look *l, struct arb_trade *t, uint32_t k,
                    dec rest, dec qty, struct intents *out)
{
    enum side side = dec_is_neg(rest) ? SIDE_BUY : SIDE_SELL;
    const struct arb_leg *leg = t->step == STEP_UNWIND ? &t->unwind : &t->leg[k];
    enum trading_state st = view_state_at(l->v, l->id[k]);
    bool market = t->step == STEP_UNWIND && l->p->value[P_UNWIND_MARKET].boolean;
    struct level best;
    dec bound = DEC_ZERO, most;
    if (st == STATE_HALTED || (st == STATE_REDUCING && side == SIDE_BUY) ||
        !arb_level(l, k, side, 0, &best))
        return false;
    if (!market) {
        if (!bound_of(l, t, k, rest, &bound) || !dec_is_pos(bound) ||
            (side == SIDE_BUY ? dec_gt(best.price, bound) : dec_lt(best.price, bound)))
            return false;
    }
    if (!affordable(l, t, k, side, market ? best.price : bound, &most))
        return false;
    qty = dec_min(qty, dec_min(most, leg->left));
    if (!dec_round_to(qty, l->in[k]->rules.lot_size, DEC_DOWN, &qty) ||
        !arb_tradable(l, k, qty, market ? best.price : bound))
        return false;
    t->asked = qty;
    submit(a, l, t, k, side, bound, qty, leg, out);
    return true;
}

/* ---- the end ---- */

/* Books what both sides have in common as profit; the rest keeps its cost, or what it brought. */
static bool book_profit(struct arb *a, const struct arb_trade *t)
{
    dec paid = t->paid, received = t->received, profit, sum;
    if (dec_gt(t->bought, t->sold) && !dec_mul_div(t->paid, t->sold, t->bought, DEC_UP, &paid))
        return false;
    if (dec_gt(t->sold, t->bought) &&
        !dec_mul_div(t->received, t->bought, t->sold, DEC_DOWN, &received))
        return false;
    if (!dec_sub(received, paid, &profit) || !dec_add(a->profit, profit, &sum))
        return false;
    a->profit = sum;
    return true;
}

static enum err end_trade(struct arb *a, const struct arb_look *l, struct arb_trade *t,
                          struct intents *out)
{
    dec rest = rest_of(t), here, there, *to;
    bool both = dec_is_pos(t->bought) && dec_is_pos(t->sold);
    if (!missing(l, t, ARB_A, rest, &here) || !missing(l, t, ARB_B, rest, &there) ||
        (both && !book_profit(a, t)))
        return ERR_OVERFLOW;
    bool kept = dec_is_pos(here) || dec_is_pos(there);
    to = kept ? &a->stranded : &a->dust;
    if (!dec_add(*to, rest, to))
        return ERR_OVERFLOW;
    if (kept) {
        a->held++;
        intents_note(out,
                     dec_is_neg(rest)
                         ? "a leg is stranded: more was sold than bought; even it out by hand"
                         : "a leg is stranded: more was bought than sold; even it out by hand");
    }
    if (both)
        a->trades++;
    else
        a->missed++;
    int64_t wait = l->p->value[P_COOLDOWN].duration_ns;
    if (t->refused && wait < REFUSED_WAIT_NS)
        wait = REFUSED_WAIT_NS;
    if (view_now_ns(l->v) + wait > a->not_before_ns)
        a->not_before_ns = view_now_ns(l->v) + wait;
    t->step = STEP_NONE;
    return ERR_OK;
}

/* ---- steps ---- */

static void begin_unwind(struct arb *a, const struct arb_look *l, struct arb_trade *t, dec rest,
                         dec qty, struct intents *out)
{
    t->step = STEP_UNWIND;
    t->unwind =
        (struct arb_leg){.parent = intents_parent(out, l->id[place_of(t, STEP_UNWIND, rest)],
                                                  dec_is_neg(rest) ? SIDE_BUY : SIDE_SELL, qty),
                         .left = qty};
    t->deadline_ns = view_now_ns(l->v) + l->p->value[P_DEADLINE].duration_ns;
    t->next_ns = view_now_ns(l->v);
    a->unwound++;
}

/* Sends the second leg of a sequential trade, sized by what the first one got. */
static enum err send_second(struct arb *a, const struct arb_look *l, struct arb_trade *t,
                            struct intents *out)
{
    dec rest = rest_of(t), qty, most;
    t->second_due = false;
    if (dec_is_zero(rest))
        return ERR_OK;
    uint32_t k = place_of(t, STEP_HEDGE, rest);
    if (!missing(l, t, k, rest, &qty) || !affordable(l, t, k, side_on(t, k), t->limit[k], &most))
        return ERR_OVERFLOW;
    qty = dec_min(qty, dec_min(most, t->leg[k].left));
    if (dec_round_to(qty, l->in[k]->rules.lot_size, DEC_DOWN, &qty) &&
        arb_tradable(l, k, qty, t->limit[k]))
        submit(a, l, t, k, side_on(t, k), t->limit[k], qty, &t->leg[k], out);
    return ERR_OK;
}

/* Both legs are known, and uneven by [rest]. */
static void choose_policy(struct arb *a, const struct arb_look *l, struct arb_trade *t, dec rest,
                          struct intents *out)
{
    int64_t now = view_now_ns(l->v);
    dec qty;
    switch (l->p->value[P_FAILURE].choice) {
    case FAILURE_HEDGE:
        t->step = STEP_HEDGE;
        t->deadline_ns = now + l->p->value[P_DEADLINE].duration_ns;
        t->next_ns = now;
        a->hedged++;
        break;
    case FAILURE_UNWIND:
        if (missing(l, t, place_of(t, STEP_UNWIND, rest), rest, &qty) && dec_is_pos(qty))
            begin_unwind(a, l, t, rest, qty, out);
        break;
    default: break; /* hold: it ends as it is */
    }
}

/* HEDGE or UNWIND, no order open. */
static enum err even_out(struct arb *a, const struct arb_look *l, struct arb_trade *t, dec rest,
                         struct intents *out)
{
    int64_t now = view_now_ns(l->v);
    uint32_t k = place_of(t, t->step, rest);
    dec qty;
    if (!missing(l, t, k, rest, &qty))
        return ERR_OVERFLOW;
    if (now >= t->deadline_ns || dec_is_zero(qty)) {
        if (t->step != STEP_HEDGE || l->p->value[P_FALLBACK].choice != FALLBACK_UNWIND)
            return end_trade(a, l, t, out);
        if (!missing(l, t, 1 - k, rest, &qty))
            return ERR_OVERFLOW;
        if (dec_is_zero(qty))
            return end_trade(a, l, t, out);
        begin_unwind(a, l, t, rest, qty, out);
        k = 1 - k;
    }
    if (now < t->next_ns)
        return ERR_OK;
    int64_t deadline = t->deadline_ns; /* of the whole step, not of each attempt */
    if (attempt(a, l, t, k, rest, qty, out))
        t->next_ns = now + l->p->value[P_RETRY].duration_ns;
    t->deadline_ns = deadline;
    return ERR_OK;
}

/* Orders that should have ended long ago are cancelled, once; one in doubt is left to be known. */
static void cancel_late(const struct arb_look *l, struct arb_trade *t, struct intents *out)
{
    if (view_now_ns(l->v) < t->deadline_ns || t->cancel_asked)
        return;
    bool doubt = false;
    for (uint32_t k = 0; k < 2; k++) {
        const struct order *o = t->order[k] ? view_order(l->v, t->order[k]) : NULL;
        if (o && o->state != ORDER_IN_DOUBT)
            intents_cancel(out, o->id);
        doubt |= o && o->state == ORDER_IN_DOUBT;
    }
    t->cancel_asked = !doubt;
}

enum err arb_progress(struct arb *a, const struct arb_look *l, struct arb_trade *t,
                      struct intents *out)
{
    dec here, there, rest;
    if (t->step == STEP_LEGS && t->second_due && !t->order[0] && !t->order[1]) {
        enum err e = send_second(a, l, t, out);
        if (e)
            return e;
    }
    if (t->order[0] || t->order[1]) {
        cancel_late(l, t, out);
        return ERR_OK;
    }
    rest = rest_of(t);
    if (!missing(l, t, ARB_A, rest, &here) || !missing(l, t, ARB_B, rest, &there))
        return ERR_OVERFLOW;
    if (dec_is_zero(here) && dec_is_zero(there))
        return end_trade(a, l, t, out);
    if (t->step == STEP_LEGS)
        choose_policy(a, l, t, rest, out);
    if (t->step == STEP_LEGS)
        return end_trade(a, l, t, out);
    return even_out(a, l, t, rest, out);
}

/* ---- what the venues answer ---- */

static uint32_t place_of_instrument(const struct arb_look *l, instrument_id i)
{
    return i == l->id[ARB_A] ? ARB_A : ARB_B;
}

/* Base that a fill moved (bought: less a fee in it), and its quote in `instrument`'s, fee included.
 * A fee in another asset than the received one was paid from elsewhere: it counts at its rate. */
static bool flow_of(const struct arb_look *l, uint32_t k, enum side side,
                    const struct event_fill *f, dec *base, dec *quote)
{
    bool buy = side == SIDE_BUY;
    bool taken = f->fee_asset == (buy ? l->in[k]->base : l->in[k]->quote);
    dec gross, fee = f->fee;
    if (!dec_mul(f->price, f->qty, buy ? DEC_UP : DEC_DOWN, &gross))
        return false;
    if (!taken && !dec_mul(gross, l->fee[k], DEC_UP, &fee))
        return false;
    *base = f->qty;
    if (buy && taken)
        return dec_sub(f->qty, fee, base) && arb_paid_in_a(l, k, gross, quote);
    if (buy)
        return dec_add(gross, fee, &gross) && arb_paid_in_a(l, k, gross, quote);
    return dec_sub(gross, fee, &gross) && arb_received_in_a(l, k, gross, quote);
}

static enum err count_fill(struct arb_trade *t, const struct order *o, const struct event_fill *f,
                           uint32_t k, dec base, dec quote)
{
    bool buy = o->req.side == SIDE_BUY;
    dec *amount = buy ? &t->bought : &t->sold, *money = buy ? &t->paid : &t->received;
    struct arb_leg *leg = o->req.parent == t->unwind.parent ? &t->unwind : &t->leg[k];
    if (!dec_add(*amount, base, amount) || !dec_add(*money, quote, money))
        return ERR_OVERFLOW;
    leg->left = dec_gt(leg->left, f->qty) ? (dec){leg->left.v - f->qty.v} : DEC_ZERO;
    if (t->order[k] == o->id && o->state == ORDER_FILLED)
        t->order[k] = 0;
    return ERR_OK;
}

enum err arb_on_fill(struct arb *a, const struct arb_look *l, const struct event_fill *f,
                     struct intents *out)
{
    const struct order *o = view_order(l->v, f->id);
    dec base, quote;
    CHECK(o != NULL); /* the engine has just booked it */
    uint32_t k = place_of_instrument(l, o->req.instrument);
    if (!flow_of(l, k, o->req.side, f, &base, &quote))
        return ERR_OVERFLOW;
    dec moved = o->req.side == SIDE_BUY ? base : dec_neg(base);
    if (k == ARB_A && !dec_add(a->imbalance, moved, &a->imbalance))
        return ERR_OVERFLOW;
    struct arb_trade *t = find(a, o->req.tag);
    if (!t) {
        intents_note(out, "a fill came after its trade had ended: it counts as stranded");
        return dec_add(a->stranded, moved, &a->stranded) ? ERR_OK : ERR_OVERFLOW;
    }
    enum err e = count_fill(t, o, f, k, base, quote);
    return e ? e : arb_progress(a, l, t, out);
}

struct arb_trade *arb_on_order(struct arb *a, const struct event_order *e)
{
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        for (uint32_t k = 0; k < 2; k++) {
            struct arb_trade *t = &a->trade[i];
            if (t->step == STEP_NONE || t->order[k] != e->id)
                continue;
            if (!order_state_is_terminal(e->state))
                return t;
            t->order[k] = 0;
            /* A market buy binds more than its price: how much, the denial tells. */
            if (e->state == ORDER_DENIED && e->reason == REASON_BUDGET && t->step == STEP_UNWIND &&
                dec_is_pos(t->asked) &&
                !dec_div(e->denial.value, t->asked, DEC_UP, &t->market_unit))
                t->market_unit = DEC_ZERO;
            t->refused |= e->state == ORDER_DENIED || e->state == ORDER_REJECTED;
            return t;
        }
    return NULL;
}

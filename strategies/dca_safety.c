/* dca, mode "safety": when a deal begins, what it does, how it ends. Each look compares what there
 * is with what should be, and asks for the difference: a fill, a refusal, a cancel by someone else
 * or a restart all end in the same place. */
#include "dca.h"

#define NEVER          INT64_MAX
#define CANCEL_WAIT_NS DCA_SECOND_NS
#define LOOK_AGAIN_NS                                                                              \
    DCA_MINUTE_NS /* while a trading state or a missing price forbids an order                     \
                   */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static const struct instrument *instrument(const struct strategy_view *v)
{
    return view_instrument(v, view_first_instrument(v));
}

/* ---- the beginning ---- */

/* For people; told once until it changes. */
static const char *const HELD_TEXT[DCA_HELD_COUNT] = {
    [DCA_HELD_NOTHING] = "",
    [DCA_HELD_DEALS] = "no further deal: max_deals is reached",
    [DCA_HELD_BUDGET] = "no deal begins: the free budget cannot pay base and safety orders",
    [DCA_HELD_TERMS] = "no deal begins: amount is less than an order, or the parameters do not fit",
};

static void hold(struct dca_safety *s, uint32_t why, int64_t until_ns, struct intents *out)
{
    s->next_ns = until_ns;
    if (s->told != why)
        intents_note(out, HELD_TEXT[why]);
    s->told = why;
}

static bool price_allows(const struct params *p, dec price)
{
    return (!p->value[DCA_CEILING].present || dec_le(price, p->value[DCA_CEILING].decimal)) &&
           (!p->value[DCA_FLOOR].present || dec_ge(price, p->value[DCA_FLOOR].decimal));
}

static void begin(struct dca_safety *s, const struct strategy_view *v, dec price,
                  struct intents *out)
{
    const struct params *p = view_params(v);
    const struct instrument *in = instrument(v);
    struct dca_deal *d = &s->deal;
    int64_t now = view_now_ns(v);
    struct order_request q;
    if (s->ended >= (uint64_t)dca_integer(p, DCA_MAX_DEALS, INT64_MAX)) {
        hold(s, DCA_HELD_DEALS, now + LOOK_AGAIN_NS, out);
        return;
    }
    const char *key;
    char why[DCA_NOTE_MAX];
    if (dca_check(p, in, &key, why, sizeof why)) { /* they may have changed */
        hold(s, DCA_HELD_TERMS, now + LOOK_AGAIN_NS, out);
        return;
    }
    memset(d, 0, sizeof *d);
    dca_terms(p, &d->terms);
    if (!dca_ladder_make(&d->terms, &d->ladder) ||
        dca_buy_request(v, d->terms.amount, price, false, &q) ||
        !dca_is_tradable(&in->rules, q.qty, q.type == ORDER_LIMIT ? q.price : price)) {
        hold(s, DCA_HELD_TERMS, now + LOOK_AGAIN_NS, out);
        return;
    }
    if (dec_lt(view_free(v, in->quote),
               dca_flag(p, DCA_UNDERFUNDED) ? d->terms.amount : d->ladder.capital)) {
        hold(s, DCA_HELD_BUDGET, now + LOOK_AGAIN_NS, out);
        return;
    }
    s->told = DCA_HELD_NOTHING;
    s->phase = DCA_BASE;
    s->attempt++;
    d->held = s->dust;
    d->base.fails = s->fails;
    d->first_price = q.price; /* of a market order: known by its fills */
    d->begun_ns = now;
    d->base_until_ns =
        q.type == ORDER_LIMIT && d->terms.unfilled_ns ? now + d->terms.unfilled_ns : 0;
    dca_leg_submit(s, &d->base, 0, &q, out);
}

static int64_t look_idle(struct dca *d, const struct strategy_view *v, struct intents *out)
{
    struct dca_safety *s = &d->safety;
    int64_t now = view_now_ns(v);
    dec price;
    if (s->next_ns > now)
        return s->next_ns;
    if (view_state(v) != STATE_ACTIVE || instrument(v)->rules.status != INSTRUMENT_TRADING)
        return now + LOOK_AGAIN_NS;
    if (!d->triggered || !dca_buying_price(v, &price) || !price_allows(view_params(v), price))
        return NEVER; /* a price tells */
    begin(s, v, price, out);
    return s->phase == DCA_IDLE ? s->next_ns : NEVER;
}

/* ---- the base order ---- */

/* The rest of a base order that timed out, at market; what cannot be bought is left. */
static void buy_rest(struct dca_safety *s, const struct strategy_view *v, struct intents *out)
{
    struct dca_deal *d = &s->deal;
    struct order_request q;
    dec rest, price;
    if (!dca_buying_price(v, &price) || view_state(v) != STATE_ACTIVE)
        return; /* tried again with the next look */
    d->rest_at_market = false;
    if (dec_sub(d->terms.amount, d->base.spent, &rest) && dec_is_pos(rest) &&
        dca_buy_request(v, rest, price, true, &q) == ERR_OK &&
        dca_is_tradable(&instrument(v)->rules, q.qty, price))
        dca_leg_submit(s, &d->base, 0, &q, out);
}

/* Cancels a base order whose time is over. Returns when that is. */
static int64_t watch_base(struct dca_safety *s, const struct strategy_view *v, struct intents *out)
{
    struct dca_deal *d = &s->deal;
    int64_t now = view_now_ns(v);
    if (d->rest_at_market && !d->base.id)
        buy_rest(s, v, out);
    if (!d->base.id || d->base_until_ns == 0)
        return NEVER;
    if (d->base_until_ns > now)
        return d->base_until_ns;
    d->rest_at_market = d->terms.then_market;
    d->base_until_ns = 0;
    dca_leg_cancel(&d->base, now, out);
    return NEVER;
}

static int64_t look_base(struct dca_safety *s, const struct strategy_view *v, struct intents *out)
{
    struct dca_deal *d = &s->deal;
    int64_t now = view_now_ns(v), next = watch_base(s, v, out);
    bool limit = dec_is_pos(d->first_price);
    if (view_state(v) == STATE_REDUCING) {
        d->rest_at_market = false;
        dca_leg_cancel(&d->base, now, out);
    }
    if (d->base.id && !(limit && dec_is_pos(d->bought)))
        return least(next, dca_deal_next_cancel(d, now));
    if (dec_is_pos(d->bought)) {
        if (!limit && !dec_div(d->cost, d->bought, DEC_DOWN, &d->first_price))
            d->first_price = DEC_ZERO; /* cannot be: the quantity is above 0 */
        s->phase = DCA_RUN;
        s->fails = 0;
        return now;
    }
    if (d->rest_at_market)
        return NEVER; /* the next price */
    /* Nothing was bought: there is no deal. One that timed out is placed anew at once. */
    s->fails = d->base.fails;
    s->phase = DCA_IDLE;
    s->next_ns = d->base.retry_ns > now ? d->base.retry_ns : now;
    return s->next_ns;
}

/* ---- while it holds something ---- */

bool dca_stop_price(const struct dca_deal *d, const struct strategy_view *v, dec *ret)
{
    dec average, part, stop = DEC_ZERO, even;
    bool has = dec_is_pos(d->terms.stop_loss);
    if (!dca_average_price(d->cost, d->bought, &average))
        return false;
    if (has &&
        (!dec_sub(DEC_ONE, d->terms.stop_loss, &part) || !dec_mul(average, part, DEC_UP, &stop)))
        return false;
    if (d->terms.break_even && d->take[0].complete &&
        dca_break_even(d->cost, d->net, view_taker_fee(v, view_first_instrument(v)),
                       instrument(v)->rules.tick_size, &even)) {
        stop = dec_max(stop, even);
        has = true;
    }
    *ret = stop;
    return has;
}

/* Looks at the stop and the trailing profit; sets the exit where one is reached. Returns when to
 * look again without a new price. */
static int64_t watch_price(struct dca_deal *d, const struct strategy_view *v)
{
    int64_t now = view_now_ns(v);
    dec price, stop, average, last, part, low;
    if (!dca_selling_price(v, &price))
        return NEVER;
    if (dca_stop_price(d, v, &stop)) {
        bool even = d->terms.break_even && d->take[0].complete;
        if (dec_gt(price, stop))
            d->below_ns = 0;
        else if (d->below_ns == 0)
            d->below_ns = now;
        if (d->below_ns && now - d->below_ns >= d->terms.stop_timeout_ns) {
            d->exit = even ? DCA_EXIT_BREAK_EVEN : DCA_EXIT_STOP_LOSS;
            return NEVER;
        }
    }
    if (dec_is_pos(d->terms.trailing) && dca_average_price(d->cost, d->bought, &average) &&
        dca_take_price(average, d->terms.take_profit[d->terms.steps - 1],
                       instrument(v)->rules.tick_size, &last)) {
        if (dec_ge(price, last))
            d->armed = true;
        if (d->armed)
            d->high = dec_max(d->high, price);
        if (d->armed && dec_sub(DEC_ONE, d->terms.trailing, &part) &&
            dec_mul(d->high, part, DEC_UP, &low) && dec_le(price, low))
            d->exit = DCA_EXIT_TRAILING;
    }
    return d->below_ns ? d->below_ns + d->terms.stop_timeout_ns : NEVER;
}

/* Whether there is nothing left to do but to end it. */
static bool is_sold(const struct dca_deal *d, const struct strategy_view *v)
{
    bool selling = false, done = true, buying = d->base.id || d->rest_at_market;
    dec price, free = dca_deal_free(d);
    for (uint32_t k = 0; k < d->terms.steps; k++) {
        selling = selling || d->take[k].id;
        done = done && d->take[k].complete;
    }
    for (uint32_t k = 0; k < d->terms.safety_count; k++)
        buying = buying || !d->safety[k].complete;
    if (selling || !dca_selling_price(v, &price))
        return false;
    return done || ((dec_is_pos(d->proceeds) || !buying) &&
                    !dca_is_tradable(&instrument(v)->rules, free, price));
}

static int64_t look_run(struct dca_safety *s, const struct strategy_view *v, struct intents *out)
{
    struct dca_deal *d = &s->deal;
    int64_t now = view_now_ns(v), next;
    enum trading_state state = view_state(v);
    bool trades = instrument(v)->rules.status == INSTRUMENT_TRADING;
    next = watch_price(d, v);
    if (d->exit == DCA_EXIT_NONE && is_sold(d, v))
        d->exit = dec_is_pos(d->proceeds) ? DCA_EXIT_TAKE_PROFIT : DCA_EXIT_DUST;
    if (d->exit == DCA_EXIT_NONE && d->terms.deal_timeout_ns) {
        if (now - d->begun_ns >= d->terms.deal_timeout_ns)
            d->exit = DCA_EXIT_TIMEOUT;
        next = least(next, d->begun_ns + d->terms.deal_timeout_ns);
    }
    if (d->exit != DCA_EXIT_NONE) {
        s->phase = DCA_EXIT;
        return now;
    }
    if (state == STATE_ACTIVE && trades) {
        next = least(next, watch_base(s, v, out));
        next = least(next, dca_deal_place_buys(s, v, out));
    } else {
        /* Nothing is added while the owner wants less. HALTED is not ours to act on: the engine
         * cancels then, or the orders are to stay over a restart. */
        if (state == STATE_REDUCING)
            dca_deal_cancel_buys(d, now, out);
        next = least(next, now + LOOK_AGAIN_NS);
    }
    if (state != STATE_HALTED && trades)
        next = least(next, dca_deal_place_takes(s, v, out));
    return least(next, dca_deal_next_cancel(d, now));
}

/* ---- the end ---- */

static void tell_end(const struct dca_safety *s, dec result, struct intents *out)
{
    static const char *const WHY[] = {[DCA_EXIT_NONE] = "",
                                      [DCA_EXIT_TAKE_PROFIT] = "take profit",
                                      [DCA_EXIT_TRAILING] = "trailing take profit",
                                      [DCA_EXIT_STOP_LOSS] = "stop loss",
                                      [DCA_EXIT_BREAK_EVEN] = "stop at break-even",
                                      [DCA_EXIT_TIMEOUT] = "time-out",
                                      [DCA_EXIT_DUST] = "having too little to sell"};
    char text[DCA_NOTE_MAX];
    struct dca_text t = dca_text_make(text, sizeof text);
    dca_put(&t, "deal ");
    dca_put_count(&t, s->ended);
    dca_put(&t, " ended by ");
    dca_put(&t, WHY[s->deal.exit]);
    dca_put(&t, ", result ");
    dca_put_dec(&t, result, 8);
    intents_note(out, text);
}

static enum err end(struct dca_safety *s, const struct strategy_view *v, struct intents *out)
{
    struct dca_deal *d = &s->deal;
    dec result;
    if (!dec_sub(d->proceeds, d->cost, &result) || !dec_add(s->profit, result, &s->profit))
        return ERR_OVERFLOW;
    s->ended++;
    s->won += dec_is_pos(result);
    s->dust = d->held;
    s->phase = DCA_IDLE;
    s->next_ns = view_now_ns(v) + dca_duration(view_params(v), DCA_COOLDOWN, 0);
    tell_end(s, result, out);
    return ERR_OK;
}

/* First the safety orders go, then all is sold that no take profit binds, at market. A cancel that
 * stays without an answer holds the sell up for a moment only: what that order may still buy is
 * sold as well. */
static enum err look_exit(struct dca_safety *s, const struct strategy_view *v, struct intents *out,
                          int64_t *ret_next)
{
    struct dca_deal *d = &s->deal;
    const struct instrument *in = instrument(v);
    int64_t now = view_now_ns(v);
    dec price, qty;
    d->rest_at_market = false;
    if (d->exit_ns == 0)
        d->exit_ns = now;
    dca_deal_cancel_buys(d, now, out);
    dca_deal_cancel_takes(d, now, out);
    *ret_next = dca_deal_next_cancel(d, now);
    if (d->sell.id)
        return ERR_OK;
    if (dca_deal_is_open(d) && now - d->exit_ns < CANCEL_WAIT_NS) {
        *ret_next = least(*ret_next, d->exit_ns + CANCEL_WAIT_NS);
        return ERR_OK;
    }
    if (!dca_selling_price(v, &price))
        return ERR_OK; /* the next price */
    if (!dec_round_to(dca_deal_free(d), in->rules.lot_size, DEC_DOWN, &qty))
        return ERR_OVERFLOW;
    (void)dca_part(&in->rules, d->sell_max, &qty);
    if (!dca_is_tradable(&in->rules, qty, price)) {
        if (dca_deal_is_open(d))
            return ERR_OK; /* their ends come as events */
        *ret_next = now;
        return end(s, v, out);
    }
    if (view_state(v) == STATE_HALTED || in->rules.status != INSTRUMENT_TRADING) {
        *ret_next = least(*ret_next, now + LOOK_AGAIN_NS);
        return ERR_OK;
    }
    if (d->sell.retry_ns > now) {
        *ret_next = least(*ret_next, d->sell.retry_ns);
        return ERR_OK;
    }
    struct order_request q = {.instrument = view_first_instrument(v),
                              .side = SIDE_SELL,
                              .type = ORDER_MARKET,
                              .tif = TIF_IOC,
                              .qty = qty};
    dca_leg_submit(s, &d->sell, DCA_TAG_SELL, &q, out);
    return ERR_OK;
}

/* ---- events ---- */

/* Whether a market event is worth a look: something waits for a price. */
static bool price_matters(const struct dca *d, int64_t now)
{
    const struct dca_safety *s = &d->safety;
    const struct dca_deal *deal = &s->deal;
    switch (s->phase) {
    case DCA_IDLE: return s->next_ns <= now;
    case DCA_BASE: return deal->rest_at_market;
    case DCA_RUN: return true;
    case DCA_EXIT: return !deal->sell.id;
    }
    return false;
}

/* Looks until nothing changes at this instant: a phase may lead on to the next. */
static enum err look(struct dca *d, const struct strategy_view *v, struct intents *out)
{
    struct dca_safety *s = &d->safety;
    int64_t now = view_now_ns(v), next = NEVER;
    for (;;) {
        enum dca_phase was = s->phase;
        enum err err = ERR_OK;
        switch (was) {
        case DCA_IDLE: next = look_idle(d, v, out); break;
        case DCA_BASE: next = look_base(s, v, out); break;
        case DCA_RUN: next = look_run(s, v, out); break;
        case DCA_EXIT: err = look_exit(s, v, out, &next); break;
        }
        if (err)
            return err;
        /* From IDLE only an event leads on: deals that end at once do not spin. */
        if (s->phase == was || s->phase == DCA_IDLE)
            break;
    }
    dca_timer(d, out, next <= now ? now + 1 : next);
    return ERR_OK;
}

enum err dca_safety_event(struct dca *d, const struct strategy_view *v, const struct event *e,
                          struct intents *out)
{
    struct dca_safety *s = &d->safety;
    enum trading_state state = view_state(v);
    enum err err = ERR_OK;
    bool told = e->kind == EVENT_FILL || e->kind == EVENT_ORDER || e->kind == EVENT_TIMER ||
                e->kind == EVENT_STARTED || e->kind == EVENT_PARAM || state != d->seen_state;
    d->seen_state = state;
    if (e->kind == EVENT_FILL)
        err = dca_deal_fill(s, v, &e->fill);
    else if (e->kind == EVENT_ORDER)
        dca_deal_order(s, v, &e->order);
    else if (e->kind == EVENT_STARTED)
        dca_deal_forget(s, v);
    if (err || (!told && !price_matters(d, view_now_ns(v))))
        return err;
    return look(d, v, out);
}

/* dca: buys in parts (docs/definitions.md, "dca"). Mode "scheduled" buys at its times, whatever the
 * price, and never sells; mode "safety" runs deals: a base order, safety orders below it, and a
 * take profit from the average price.
 *
 * Scheduled loses when the price falls and stays low. Safety wins little and often while prices
 * swing, and loses much at once when they fall through the ladder: what the stop-loss sells, or
 * what is held without one.
 */
#include "dca.h"

void dca_timer(struct dca *d, struct intents *out, int64_t at_ns)
{
    int64_t at = at_ns == INT64_MAX ? 0 : at_ns;
    if (at == d->timer_ns)
        return;
    d->timer_ns = at;
    intents_timer(out, at);
}

static enum err dca_init(void *state, const struct params *p, const struct strategy_view *v)
{
    struct dca *d = state;
    (void)v;
    d->seen_state = STATE_ACTIVE;
    d->triggered = !p->value[DCA_START_PRICE].present;
    d->scheduled.multiple = DEC_ONE;
    return ERR_OK;
}

/* Whether start_price was reached, from the side on which the price was seen first. */
static void look_at_start(struct dca *d, const struct strategy_view *v)
{
    dec price, start = view_params(v)->value[DCA_START_PRICE].decimal;
    if (d->triggered || !dca_buying_price(v, &price))
        return;
    if (dec_is_zero(d->trigger_from))
        d->trigger_from = price;
    d->triggered = dec_lt(d->trigger_from, start) ? dec_ge(price, start) : dec_le(price, start);
}

static enum err dca_on_event(void *state, const struct strategy_view *v, const struct event *e,
                             struct intents *out)
{
    struct dca *d = state;
    const struct params *p = view_params(v);
    enum err err = ERR_OK;
    if (e->kind == EVENT_TIMER)
        d->timer_ns = 0; /* it has fired */
    if (e->kind == EVENT_CANDLE)
        err = dca_average_add(&d->scheduled.average, p, &e->candle);
    else if (e->kind == EVENT_HISTORY)
        err = dca_average_add(&d->scheduled.average, p, &e->history.candle);
    if (err)
        return err;
    look_at_start(d, v);
    return dca_choice(p, DCA_MODE) == DCA_MODE_SAFETY ? dca_safety_event(d, v, e, out)
                                                      : dca_scheduled_event(d, v, e, out);
}

static int64_t dca_timeframe(const struct params *p)
{
    return p->value[DCA_AVERAGE].present ? dca_duration(p, DCA_AVERAGE_TIMEFRAME, DCA_DAY_NS) : 0;
}

static uint32_t dca_warmup(const struct params *p)
{
    return p->value[DCA_AVERAGE].present ? (uint32_t)dca_integer(p, DCA_AVERAGE_CANDLES, 20) : 0;
}

/* ---- figures ---- */

static uint32_t scheduled_figures(const struct dca_scheduled *s, struct figure *ret)
{
    dec average;
    if (!dca_average_price(s->spent, s->bought, &average))
        average = DEC_ZERO;
    uint32_t n = 0;
    ret[n++] = (struct figure){"purchases", FIGURE_COUNT, dec_from_i64((int64_t)s->purchases, 0)};
    ret[n++] = (struct figure){"spent", FIGURE_QUOTE, s->spent};
    ret[n++] = (struct figure){"bought", FIGURE_BASE, s->bought};
    ret[n++] = (struct figure){"average_price", FIGURE_PRICE, average};
    ret[n++] = (struct figure){"amount_multiple", FIGURE_RATIO, s->multiple};
    return n;
}

/* The result of the deal if what it holds was sold now; zero where that is not known. */
static dec deal_profit(const struct dca_deal *d, const struct strategy_view *v)
{
    dec price, value, fee, result;
    if (!dca_selling_price(v, &price) || !dec_mul(price, d->held, DEC_DOWN, &value) ||
        !dec_mul(value, view_taker_fee(v, view_first_instrument(v)), DEC_UP, &fee) ||
        !dec_sub(value, fee, &value) || !dec_add(value, d->proceeds, &value) ||
        !dec_sub(value, d->cost, &result))
        return DEC_ZERO;
    return result;
}

static uint32_t safety_figures(const struct dca_safety *s, const struct strategy_view *v,
                               struct figure *ret)
{
    static const struct dca_deal NONE = {.held = {0}};
    const struct dca_deal *d = s->phase == DCA_IDLE ? &NONE : &s->deal;
    const struct instrument_rules *r = &view_instrument(v, view_first_instrument(v))->rules;
    dec average = DEC_ZERO, take = DEC_ZERO, stop = DEC_ZERO, even = DEC_ZERO;
    int64_t filled = 0;
    if (dca_average_price(d->cost, d->bought, &average)) {
        uint32_t k = 0;
        while (k + 1 < d->terms.steps && d->take[k].complete)
            k++;
        if (!dca_take_price(average, d->terms.take_profit[k], r->tick_size, &take))
            take = DEC_ZERO;
        if (!dca_stop_price(d, v, &stop))
            stop = DEC_ZERO;
        if (!dca_break_even(d->cost, d->net, view_taker_fee(v, view_first_instrument(v)),
                            r->tick_size, &even))
            even = DEC_ZERO;
    }
    for (uint32_t k = 0; k < d->terms.safety_count; k++)
        filled += d->safety[k].complete && dec_is_pos(d->safety[k].spent);
    uint32_t n = 0;
    uint64_t number = s->ended + (s->phase != DCA_IDLE);
    ret[n++] = (struct figure){"deal_number", FIGURE_COUNT, dec_from_i64((int64_t)number, 0)};
    ret[n++] = (struct figure){"deals_won", FIGURE_COUNT, dec_from_i64((int64_t)s->won, 0)};
    ret[n++] = (struct figure){"deals_ended", FIGURE_COUNT, dec_from_i64((int64_t)s->ended, 0)};
    ret[n++] = (struct figure){"total_profit", FIGURE_QUOTE, s->profit};
    ret[n++] = (struct figure){"deal_profit", FIGURE_QUOTE,
                               s->phase == DCA_IDLE ? DEC_ZERO : deal_profit(d, v)};
    ret[n++] = (struct figure){"spent", FIGURE_QUOTE, d->cost};
    ret[n++] = (struct figure){"held", FIGURE_BASE, s->phase == DCA_IDLE ? s->dust : d->held};
    ret[n++] = (struct figure){"average_price", FIGURE_PRICE, average};
    ret[n++] = (struct figure){"take_profit_price", FIGURE_PRICE, take};
    ret[n++] = (struct figure){"stop_price", FIGURE_PRICE, stop};
    ret[n++] = (struct figure){"break_even_price", FIGURE_PRICE, even};
    ret[n++] = (struct figure){"safety_orders_filled", FIGURE_COUNT, dec_from_i64(filled, 0)};
    return n;
}

static uint32_t dca_figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    const struct dca *d = state;
    return dca_choice(view_params(v), DCA_MODE) == DCA_MODE_SAFETY
               ? safety_figures(&d->safety, v, ret)
               : scheduled_figures(&d->scheduled, ret);
}

const struct strategy_ops strategy_dca = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "dca",
    .summary = "buys in parts: at fixed times, or in deals with safety orders and a take profit",
    .params = DCA_PARAMS,
    .subscribes = SUBSCRIBE_TOP | SUBSCRIBE_TRADE | SUBSCRIBE_CANDLE,
    .state_size = sizeof(struct dca),
    .check = dca_check,
    .candle_timeframe = dca_timeframe,
    .init = dca_init,
    .on_event = dca_on_event,
    .save = dca_save,
    .load = dca_load,
    .warmup_candles = dca_warmup,
    .plan = dca_plan,
    .figures = dca_figures,
};

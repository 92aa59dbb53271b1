/* momentum: in when a fast average crosses above a slow one, out when it crosses below
 * (docs/definitions.md, "momentum"). It wins in long moves and loses a little, often, in markets
 * that go sideways. */
#include "indicators.h"
#include "strategy.h"

enum { P_INSTRUMENT, P_TIMEFRAME, P_FAST, P_SLOW, P_AMOUNT };

static const struct param_spec PARAMS[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is traded"},
    [P_TIMEFRAME] = {.key = "timeframe",
                     .type = PARAM_DURATION,
                     .flags = PARAM_REQUIRED,
                     .min = "1s",
                     .max = "7d",
                     .help = "length of a candle, made from trades"},
    [P_FAST] = {.key = "fast",
                .type = PARAM_INTEGER,
                .min = "1",
                .max = "1000",
                .default_value = "12",
                .help = "candles of the fast exponential average"},
    [P_SLOW] = {.key = "slow",
                .type = PARAM_INTEGER,
                .min = "2",
                .max = "1000",
                .default_value = "26",
                .help = "candles of the slow exponential average"},
    [P_AMOUNT] = {.key = "amount",
                  .type = PARAM_DECIMAL,
                  .flags = PARAM_REQUIRED,
                  .min = "0.000000000000000001",
                  .help = "quote currency for each entry"},
    {.key = NULL},
};

struct momentum {
    struct ema fast, slow;
    bool was_above; /* fast > slow at the previous candle */
};

static enum err momentum_check(const struct params *p, const struct instrument *in,
                               const char **key, char *why, size_t cap)
{
    static const char TEXT[] = "must be greater than fast";
    (void)in;
    if (p->value[P_SLOW].integer > p->value[P_FAST].integer)
        return ERR_OK;
    memcpy(why, TEXT, sizeof TEXT < cap ? sizeof TEXT : cap);
    why[cap - 1] = 0;
    *key = "slow";
    return ERR_RANGE;
}

static int64_t momentum_timeframe(const struct params *p)
{
    return p->value[P_TIMEFRAME].duration_ns;
}

static enum err momentum_init(void *state, const struct params *p, const struct strategy_view *v)
{
    struct momentum *m = state;
    (void)v;
    ema_init(&m->fast, p->value[P_FAST].integer);
    ema_init(&m->slow, p->value[P_SLOW].integer);
    return ERR_OK;
}

static void enter(const struct strategy_view *v, struct intents *out)
{
    instrument_id i = view_first_instrument(v);
    const struct instrument *in = view_instrument(v, i);
    struct event_top top;
    dec price, qty;
    if (view_top(v, i, &top))
        price = top.ask_price;
    else if (!view_last(v, i, &price))
        return;
    if (!dec_div(view_params(v)->value[P_AMOUNT].decimal, price, DEC_DOWN, &qty) ||
        !dec_round_to(qty, in->rules.lot_size, DEC_DOWN, &qty) || !dec_is_pos(qty)) {
        intents_note(out, "entry skipped: amount is less than one lot");
        return;
    }
    struct order_request q = {
        .instrument = i, .side = SIDE_BUY, .type = ORDER_MARKET, .tif = TIF_IOC, .qty = qty};
    intents_submit(out, &q);
}

static enum err momentum_on_event(void *state, const struct strategy_view *v, const struct event *e,
                                  struct intents *out)
{
    struct momentum *m = state;
    instrument_id i = view_first_instrument(v);
    const struct instrument *in = view_instrument(v, i);
    dec mark, cost, qty;
    if (e->kind != EVENT_CANDLE)
        return ERR_OK;
    double close = dec_to_double(e->candle.close);
    ema_add(&m->fast, close);
    ema_add(&m->slow, close);
    bool above = m->fast.value > m->slow.value, crossed_up = above && !m->was_above;
    m->was_above = above;
    if (m->slow.count < (uint64_t)view_params(v)->value[P_SLOW].integer)
        return ERR_OK; /* warming up */
    if (in->rules.status != INSTRUMENT_TRADING || !view_mark(v, i, &mark) ||
        view_open_orders(v) > 0)
        return ERR_OK;
    if (!dec_round_to(view_position(v, i, &cost), in->rules.lot_size, DEC_DOWN, &qty))
        return ERR_OVERFLOW;
    if (crossed_up && dec_is_zero(qty)) {
        enter(v, out);
    } else if (m->fast.value < m->slow.value && dec_is_pos(qty)) {
        struct order_request q = {.instrument = i,
                                  .side = SIDE_SELL,
                                  .type = ORDER_MARKET,
                                  .tif = TIF_IOC,
                                  .reduce_only = true,
                                  .qty = qty};
        intents_submit(out, &q);
    }
    return ERR_OK;
}

const struct strategy_ops strategy_momentum = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "momentum",
    .summary = "follows moves: in when a fast average crosses above a slow one, out when below",
    .params = PARAMS,
    .subscribes = SUBSCRIBE_CANDLE,
    .state_size = sizeof(struct momentum),
    .check = momentum_check,
    .candle_timeframe = momentum_timeframe,
    .init = momentum_init,
    .on_event = momentum_on_event,
};

/* momentum: in when an indicator of closed candles turns up, out when it turns down, or when a
 * stop, a profit or a time says so before (docs/strategies/momentum.md). It wins in long moves and
 * loses a little, often, in markets that go sideways. */
#include "momentum.h"

static int64_t momentum_timeframe(const struct params *p)
{
    return p->value[P_TIMEFRAME].duration_ns;
}

static uint32_t momentum_warmup(const struct params *p)
{
    uint32_t n = signal_warmup(p);
    int64_t range = needs_range(p) ? p->value[P_ATR_PERIODS].integer + 1 : 0;
    return range > (int64_t)n ? (uint32_t)range : n;
}

static enum err momentum_init(void *state, const struct params *p, const struct strategy_view *v)
{
    struct momentum *m = state;
    (void)v;
    signal_init(&m->signal, p);
    return ERR_OK;
}

static enum err take_candle(struct momentum *m, const struct params *p,
                            const struct event_candle *c)
{
    signal_add(&m->signal, p, c);
    /* kept whether needed or not, since a live parameter may ask for it */
    return p->value[P_ATR_PERIODS].present
               ? range_add(&m->range, p->value[P_ATR_PERIODS].integer, c)
               : ERR_OK;
}

static bool is_ready(const struct momentum *m, const struct params *p)
{
    return signal_ready(&m->signal) &&
           (!needs_range(p) || m->range.count >= (uint64_t)p->value[P_ATR_PERIODS].integer);
}

/* At a candle's close. */
static enum err decide(struct momentum *m, const struct strategy_view *v,
                       const struct event_candle *c, struct intents *out)
{
    const struct params *p = view_params(v);
    if (!is_ready(m, p))
        return ERR_OK;
    bool holds = m->stage == STAGE_HOLDING || m->stage == STAGE_ENTERING;
    /* What was held before there was a range gets its stop now. */
    if (m->stage == STAGE_HOLDING && is_on(p, P_ATR_STOP) && dec_is_zero(m->stop_distance) &&
        !dec_mul(m->range.value, p->value[P_ATR_MULTIPLE].decimal, DEC_UP, &m->stop_distance))
        return ERR_OVERFLOW;
    bool follows = !p->value[P_EXIT_SIGNAL].present || p->value[P_EXIT_SIGNAL].boolean;
    if (holds && follows && signal_leaves(&m->signal, p)) {
        begin_exit(m, v, CAUSE_SIGNAL, out);
        return ERR_OK;
    }
    /* After a gap many candles close at once: all but the newest say what is long past. */
    bool newest = view_now_ns(v) - c->open_ns < 2 * c->timeframe_ns;
    return newest && signal_enters(&m->signal, p) ? begin_entry(m, v, out) : ERR_OK;
}

/* With every price: what is held may have to go. */
static enum err protect(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    enum cause cause;
    if (m->stage == STAGE_FLAT || m->entered_ns == 0)
        return ERR_OK;
    enum err err = exits_look(m, v, &cause);
    if (!err && cause != CAUSE_NONE)
        begin_exit(m, v, cause, out);
    return err;
}

static enum err momentum_on_event(void *state, const struct strategy_view *v, const struct event *e,
                                  struct intents *out)
{
    struct momentum *m = state;
    const struct params *p = view_params(v);
    enum err err = ERR_OK;
    bool price = false;
    switch (e->kind) {
    case EVENT_HISTORY: return take_candle(m, p, &e->history.candle);
    case EVENT_CANDLE: err = take_candle(m, p, &e->candle); break;
    case EVENT_PARAM: signal_params(&m->signal, p); break;
    case EVENT_STARTED: /* of a run that goes on with a loaded state: timers and parents were the
                           host's, and are gone */
        m->timer_ns = 0;
        m->parent = 0;
        break;
    case EVENT_TIMER:
        m->timer_ns = 0;
        price = true;
        break;
    case EVENT_TOP:
    case EVENT_TRADE: price = true; break;
    case EVENT_FILL: orders_filled(m, v, &e->fill); break;
    case EVENT_INSTRUMENT:
    case EVENT_FEED:
    case EVENT_BOOK:
    case EVENT_ORDER:
    case EVENT_SIGNER:
    case EVENT_COMMAND: break;
    }
    if (!err)
        err = orders_settle(m, v, e, out);
    if (!err && price)
        err = protect(m, v, out);
    if (!err && e->kind == EVENT_CANDLE)
        err = decide(m, v, &e->candle, out);
    if (!err)
        err = orders_work(m, v, out);
    if (!err)
        orders_timer(m, v, out);
    return err;
}

static uint32_t momentum_figures(const void *state, const struct strategy_view *v,
                                 struct figure *ret)
{
    const struct momentum *m = state;
    const struct params *p = view_params(v);
    struct signal_figures s;
    uint32_t needed = momentum_warmup(p), n = 0;
    uint64_t missing = m->signal.candles < needed ? needed - m->signal.candles : 0;
    dec entry = DEC_ZERO, stop = DEC_ZERO, goal = DEC_ZERO;
    bool trailing, holds = m->stage != STAGE_FLAT && entry_price(v, &entry);
    if (!holds || stop_price(m, v, entry, &stop, &trailing) != ERR_OK)
        stop = DEC_ZERO;
    if (!holds || !p->value[P_TAKE_PROFIT].present ||
        !dec_mul(entry, p->value[P_TAKE_PROFIT].decimal, DEC_UP, &goal) ||
        !dec_add(entry, goal, &goal))
        goal = DEC_ZERO;
    signal_figures(&m->signal, p, &s);
    ret[n++] = (struct figure){"stage", FIGURE_COUNT, dec_from_i64(m->stage, 0)};
    ret[n++] = (struct figure){"candles_missing", FIGURE_COUNT, dec_from_i64((int64_t)missing, 0)};
    ret[n++] = (struct figure){"entry_price", FIGURE_PRICE, holds ? entry : DEC_ZERO};
    ret[n++] = (struct figure){"stop_price", FIGURE_PRICE, stop};
    ret[n++] = (struct figure){"take_profit_price", FIGURE_PRICE, goal};
    ret[n++] = (struct figure){"peak_price", FIGURE_PRICE, m->peak};
    ret[n++] = (struct figure){"atr", FIGURE_PRICE, m->range.value};
    ret[n++] = (struct figure){"signal_value", FIGURE_RATIO, s.value};
    ret[n++] = (struct figure){"signal_level", FIGURE_RATIO, s.level};
    ret[n++] = (struct figure){"rsi", FIGURE_RATIO, s.rsi};
    ret[n++] = (struct figure){"adx", FIGURE_RATIO, s.adx};
    ret[n++] = (struct figure){"filter_ema", FIGURE_PRICE, s.ema};
    return n;
}

const struct strategy_ops strategy_momentum = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "momentum",
    .summary = "follows moves: in when an indicator of closed candles turns up, out when it turns "
               "down or a stop says so",
    .params = momentum_params,
    .subscribes = SUBSCRIBE_CANDLE | SUBSCRIBE_TRADE | SUBSCRIBE_TOP,
    .state_size = sizeof(struct momentum),
    .check = momentum_check,
    .candle_timeframe = momentum_timeframe,
    .init = momentum_init,
    .on_event = momentum_on_event,
    .save = momentum_save,
    .load = momentum_load,
    .warmup_candles = momentum_warmup,
    .plan = momentum_plan,
    .figures = momentum_figures,
};

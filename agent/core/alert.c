#include "core/alert.h"

#include "core/alert_candles.h"
#include "core/extremes.h"
#include "core/internal.h"

#define NO_FIGURE UINT32_MAX

struct alert {
    enum alert_state state;
    bool known; /* there is a value */
    dec value;  /* the last one */
    uint64_t fired;
    int64_t fired_ns;             /* the last time */
    int64_t not_before_ns;        /* end of its cooldown */
    uint32_t figure;              /* place among the strategy's figures, once known */
    uint16_t next;                /* of the same instrument and more; UINT16_MAX ends */
    struct extremes prices;       /* of a change */
    struct alert_candles candles; /* of an indicator */
};

struct alerts {
    const struct setup *setup;
    uint16_t first[SETUP_INSTRUMENTS_MAX]; /* of an instrument */
    bool any_look;
    struct alert item[];
};

static bool is_indicator(const struct alert_setup *s)
{
    return s->when == ALERT_OF_RSI || s->when == ALERT_OF_EMA_CROSS;
}

size_t alert_size(const struct setup *s)
{
    return sizeof(struct alerts) + s->alerts * sizeof(struct alert);
}

void alert_init(struct alerts *a, const struct setup *s)
{
    a->setup = s;
    for (int i = 0; i < SETUP_INSTRUMENTS_MAX; i++)
        a->first[i] = UINT16_MAX;
    for (uint32_t n = s->alerts; n-- > 0;) { /* backwards: the lists are in the file's order */
        const struct alert_setup *as = &s->alert[n];
        struct alert *x = &a->item[n];
        /* a crossing needs to have been on the other side */
        x->state = as->when == ALERT_OF_EMA_CROSS ? ALERT_WAITING : ALERT_ARMED;
        x->figure = NO_FIGURE;
        if (as->instrument == INSTRUMENT_NONE) {
            a->any_look = true;
            continue;
        }
        x->next = a->first[as->instrument];
        a->first[as->instrument] = (uint16_t)n;
        if (as->when == ALERT_OF_CHANGE)
            extremes_init(&x->prices, as->window_ns);
        if (is_indicator(as))
            alert_candles_init(&x->candles, as);
    }
}

/* ---- judging ---- */

/* Whether the value is back far enough for the next time. */
static bool is_back(const struct alert_setup *s, dec value)
{
    dec bound;
    if (s->has_above)
        return !dec_sub(s->above, s->hysteresis, &bound) || dec_le(value, bound);
    return !dec_add(s->below, s->hysteresis, &bound) || dec_ge(value, bound);
}

static void judge(struct engine *e, uint32_t n, dec value)
{
    const struct alert_setup *s = &e->setup->alert[n];
    struct alert *x = &e->alerts->item[n];
    x->known = true;
    x->value = value;
    if (x->state == ALERT_WAITING && is_back(s, value))
        x->state = ALERT_ARMED;
    bool beyond = s->has_above ? dec_gt(value, s->above) : dec_lt(value, s->below);
    /* where this step has no room for it, the next one tells */
    if (!beyond || x->state != ALERT_ARMED || e->now_ns < x->not_before_ns ||
        engine_effects_full(e))
        return;
    x->fired++;
    x->fired_ns = e->now_ns;
    x->not_before_ns = e->now_ns + s->cooldown_ns;
    x->state = s->repeat == ALERT_ONCE ? ALERT_FIRED : ALERT_WAITING;
    struct effect *fx = engine_effect(e, EFFECT_ALERT, s->strategy);
    if (fx)
        fx->alert = (struct effect_alert){
            .alert = (uint16_t)n, .level = s->has_above ? s->above : s->below, .value = value};
}

/* ---- of an instrument ---- */

/* [a] / [b] - 1; false where it cannot be said. */
static bool ratio_of(dec a, dec b, dec *ret)
{
    dec apart;
    return dec_is_pos(b) && dec_sub(a, b, &apart) && dec_div(apart, b, DEC_HALF_EVEN, ret);
}

/* The rise from the lowest, or the fall from the highest price of the window. */
static bool change(struct engine *e, uint32_t n, dec price, dec *ret)
{
    struct alert *x = &e->alerts->item[n];
    dec low = price, high = price;
    extremes_advance(&x->prices, e->now_ns);
    extremes_add(&x->prices, price);
    return extremes_range(&x->prices, &low, &high) &&
           ratio_of(price, e->setup->alert[n].has_above ? low : high, ret);
}

static bool value_of_price(struct engine *e, uint32_t n, const struct market_instrument *m,
                           dec *ret)
{
    switch (e->setup->alert[n].when) {
    case ALERT_OF_PRICE: *ret = m->mark; return true;
    case ALERT_OF_CHANGE: return change(e, n, m->mark, ret);
    case ALERT_OF_SPREAD:
        return m->has_top && dec_sub(m->top.ask_price, m->top.bid_price, ret) &&
               dec_div(*ret, m->mark, DEC_HALF_EVEN, ret);
    case ALERT_OF_RSI:
    case ALERT_OF_EMA_CROSS: /* with closed candles */
    case ALERT_OF_BALANCE:
    case ALERT_OF_EQUITY:
    case ALERT_OF_DRAWDOWN:
    case ALERT_OF_FIGURE:
    case ALERT_OF_SIGNER_SEALED:
    case ALERT_OF_SIGNER_LOST: break;
    }
    return false;
}

void alert_price(struct engine *e, instrument_id i)
{
    const struct market_instrument *m = &e->market.item[i];
    dec value;
    if (m->feed != FEED_LIVE || !m->has_reference || !dec_is_pos(m->mark) ||
        suspect_is(e->suspect, i))
        return;
    for (uint32_t n = e->alerts->first[i]; n != UINT16_MAX; n = e->alerts->item[n].next)
        if (value_of_price(e, n, m, &value))
            judge(e, n, value);
}

/* ---- of candles ---- */

static void find_next_end(struct engine *e)
{
    e->next_alert_ns = INT64_MAX;
    for (uint32_t n = 0; n < e->setup->alerts; n++) {
        int64_t end_ns = is_indicator(&e->setup->alert[n])
                             ? candle_end_ns(&e->alerts->item[n].candles.candle)
                             : INT64_MAX;
        e->next_alert_ns = end_ns < e->next_alert_ns ? end_ns : e->next_alert_ns;
    }
}

enum err alert_trade(struct engine *e, instrument_id i, const struct event *ev)
{
    for (uint32_t n = e->alerts->first[i]; n != UINT16_MAX; n = e->alerts->item[n].next) {
        struct candle_builder *c = &e->alerts->item[n].candles.candle;
        if (!is_indicator(&e->setup->alert[n]))
            continue;
        bool was_building = c->building, late;
        enum err err = candle_trade(c, ev->ts_event_ns, ev->trade.price, ev->trade.qty, &late);
        if (err)
            return err;
        if (!was_building)
            find_next_end(e);
    }
    return ERR_OK;
}

enum err alert_due(struct engine *e)
{
    for (uint32_t n = 0; n < e->setup->alerts; n++) {
        const struct alert_setup *s = &e->setup->alert[n];
        struct alert_candles *c = &e->alerts->item[n].candles;
        dec value;
        if (!is_indicator(s) || !c->candle.building)
            continue;
        if ((e->now_ns - c->candle.open_ns) / s->timeframe_ns > CANDLES_AT_ONCE_MAX)
            return ERR_RANGE;
        while (candle_end_ns(&c->candle) <= e->now_ns)
            if (alert_candles_close(c, s, &value))
                judge(e, n, value);
    }
    find_next_end(e);
    return ERR_OK;
}

/* ---- of what is held ---- */

static bool balance_of(const struct engine *e, const struct alert_setup *s, dec *ret)
{
    *ret = DEC_ZERO;
    for (venue_id v = 0; v < e->setup->venues; v++) {
        if (s->venue != VENUE_NONE && s->venue != v)
            continue;
        dec there = s->strategy == STRATEGY_NONE
                        ? e->ledger.account[(size_t)v * e->setup->assets + s->asset]
                        : ledger_balance(&e->ledger, s->strategy, v, s->asset)->total;
        if (!dec_add(*ret, there, ret))
            return false;
    }
    return true;
}

static bool equity_of(const struct engine *e, const struct alert_setup *s, dec *ret)
{
    return s->strategy == STRATEGY_NONE
               ? valuation_equity(e, ret)
               : valuation_strategy_equity(e, &e->strategy[s->strategy], s->strategy, ret);
}

/* From the high-water mark that the drawdown limits are counted from. */
static bool drawdown_of(const struct engine *e, const struct alert_setup *s, dec *ret)
{
    bool all = s->strategy == STRATEGY_NONE;
    dec equity, fall, high = all ? e->high_water : e->strategy[s->strategy].high_water;
    if (!(all ? e->equity.valued : e->strategy[s->strategy].equity.valued) ||
        !equity_of(e, s, &equity) || !dec_is_pos(high) || !dec_sub(high, equity, &fall))
        return false;
    return dec_div(dec_max(fall, DEC_ZERO), high, DEC_UP, ret);
}

static bool figure_of(const struct engine *e, uint32_t n, dec *ret)
{
    const struct alert_setup *s = &e->setup->alert[n];
    struct alert *x = &e->alerts->item[n];
    struct figure f[FIGURES_MAX];
    uint32_t count = engine_figures(e, s->strategy, f);
    for (uint32_t i = 0; x->figure == NO_FIGURE && i < count; i++)
        if (strcmp(f[i].name, s->figure) == 0)
            x->figure = i;
    if (x->figure >= count || !figure_known(&f[x->figure]))
        return false;
    *ret = f[x->figure].value;
    return true;
}

/* ---- of the signer ---- */

/* 1 while it is so, 0 while it is not; none before the first is known. */
static bool signer_is(const struct engine *e, enum alert_of what, dec *ret)
{
    if (!e->signer)
        return false;
    bool so = what == ALERT_OF_SIGNER_SEALED
                  ? e->signer == SIGNER_SEALED
                  : e->signer != SIGNER_SEALED && e->signer != SIGNER_OPEN;
    *ret = so ? DEC_ONE : DEC_ZERO;
    return true;
}

static bool value_of(const struct engine *e, uint32_t n, dec *ret)
{
    const struct alert_setup *s = &e->setup->alert[n];
    switch (s->when) {
    case ALERT_OF_BALANCE: return balance_of(e, s, ret);
    case ALERT_OF_EQUITY: return equity_of(e, s, ret);
    case ALERT_OF_DRAWDOWN: return drawdown_of(e, s, ret);
    case ALERT_OF_FIGURE: return figure_of(e, n, ret);
    case ALERT_OF_SIGNER_SEALED:
    case ALERT_OF_SIGNER_LOST: return signer_is(e, s->when, ret);
    case ALERT_OF_PRICE:
    case ALERT_OF_CHANGE:
    case ALERT_OF_SPREAD:
    case ALERT_OF_RSI:
    case ALERT_OF_EMA_CROSS: break;
    }
    return false;
}

void alert_look(struct engine *e)
{
    dec value;
    for (uint32_t n = 0; e->alerts->any_look && n < e->setup->alerts; n++)
        if (value_of(e, n, &value))
            judge(e, n, value);
}

void alert_signer(struct engine *e)
{
    dec value;
    for (uint32_t n = 0; n < e->setup->alerts; n++) {
        enum alert_of when = e->setup->alert[n].when;
        if (alert_of_signer(when) && signer_is(e, when, &value))
            judge(e, n, value);
    }
}

void alert_view(const struct alerts *a, uint32_t n, struct engine_alert *ret)
{
    const struct alert *x = &a->item[n];
    *ret = (struct engine_alert){.state = x->state,
                                 .known = x->known,
                                 .value = x->value,
                                 .fired = x->fired,
                                 .fired_ns = x->fired_ns};
}

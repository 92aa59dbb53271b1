/* What candles say: the indicators in use, the entry's condition, the filters, the exit's signal.
 * Doubles decide here, and never become a price or a quantity. */
#include "momentum.h"

static uint32_t uses_of_entry(const struct params *p)
{
    switch ((enum entry_kind)p->value[P_ENTRY].choice) {
    case ENTRY_EMA_CROSS: return USES_EMA_CROSS;
    case ENTRY_MACD: return USES_MACD;
    case ENTRY_RSI: return USES_RSI;
    case ENTRY_BOLLINGER: return USES_BOLLINGER;
    case ENTRY_SUPERTREND: return USES_SUPERTREND;
    case ENTRY_ADX: return USES_ADX;
    }
    return 0;
}

static uint32_t uses_of(const struct params *p)
{
    const struct param_value *v = p->value;
    uint32_t uses = uses_of_entry(p);
    if (is_on(p, P_FILTER_EMA_CROSS))
        uses |= USES_EMA_CROSS;
    if (is_on(p, P_FILTER_MACD))
        uses |= USES_MACD;
    if (v[P_FILTER_RSI_MIN].present || v[P_FILTER_RSI_MAX].present)
        uses |= USES_RSI;
    if (v[P_FILTER_BOLLINGER_MIN].present || v[P_FILTER_BOLLINGER_MAX].present)
        uses |= USES_BOLLINGER;
    if (is_on(p, P_FILTER_SUPERTREND))
        uses |= USES_SUPERTREND;
    if (v[P_FILTER_ADX_MIN].present)
        uses |= USES_ADX;
    if (v[P_FILTER_EMA].present)
        uses |= USES_EMA;
    return uses;
}

static void start(struct signal *s, const struct params *p, uint32_t which)
{
    const struct param_value *v = p->value;
    if (which & USES_EMA_CROSS) {
        ema_init(&s->fast, v[P_FAST].integer);
        ema_init(&s->slow, v[P_SLOW].integer);
    }
    if (which & USES_MACD)
        macd_init(&s->macd, v[P_MACD_FAST].integer, v[P_MACD_SLOW].integer,
                  v[P_MACD_SIGNAL].integer);
    if (which & USES_RSI)
        rsi_init(&s->rsi, v[P_RSI_PERIODS].integer);
    if (which & USES_BOLLINGER)
        bollinger_init(&s->bollinger, v[P_BOLLINGER_PERIODS].integer,
                       dec_to_double(v[P_BOLLINGER_WIDTH].decimal));
    if (which & USES_SUPERTREND)
        supertrend_init(&s->supertrend, v[P_SUPERTREND_PERIODS].integer,
                        dec_to_double(v[P_SUPERTREND_WIDTH].decimal));
    if (which & USES_ADX)
        adx_init(&s->adx, v[P_ADX_PERIODS].integer);
    if (which & USES_EMA)
        ema_init(&s->filter, v[P_FILTER_EMA].integer);
}

void signal_init(struct signal *s, const struct params *p)
{
    s->uses = uses_of(p);
    start(s, p, s->uses);
}

void signal_params(struct signal *s, const struct params *p)
{
    uint32_t uses = uses_of(p);
    start(s, p, uses & ~s->uses);
    s->uses = uses;
}

/* What EMA cross and MACD compare is defined from the first candle on; the others wait until they
 * are ready, and count as true before, so that becoming ready is no turn. */
static bool is_up(const struct signal *s, const struct params *p)
{
    const struct param_value *v = p->value;
    switch ((enum entry_kind)v[P_ENTRY].choice) {
    case ENTRY_EMA_CROSS: return s->fast.value > s->slow.value;
    case ENTRY_MACD: return s->macd.line > s->macd.signal;
    case ENTRY_RSI:
        return !rsi_ready(&s->rsi) || s->rsi.value > dec_to_double(v[P_RSI_ENTRY].decimal);
    case ENTRY_BOLLINGER:
        if (!bollinger_ready(&s->bollinger))
            return true;
        return s->last.close > (v[P_BOLLINGER_ENTRY].choice == BOLLINGER_BREAKOUT
                                    ? s->bollinger.upper
                                    : s->bollinger.lower);
    case ENTRY_SUPERTREND: return !supertrend_ready(&s->supertrend) || s->supertrend.direction > 0;
    case ENTRY_ADX:
        return !adx_ready(&s->adx) || (s->adx.plus_di > s->adx.minus_di &&
                                       s->adx.value >= dec_to_double(v[P_ADX_MIN].decimal));
    }
    return true;
}

void signal_add(struct signal *s, const struct params *p, const struct event_candle *c)
{
    s->last = (struct bar){dec_to_double(c->high), dec_to_double(c->low), dec_to_double(c->close)};
    double close = s->last.close;
    s->candles++;
    if (s->uses & USES_EMA_CROSS) {
        ema_add(&s->fast, close);
        ema_add(&s->slow, close);
    }
    if (s->uses & USES_MACD)
        macd_add(&s->macd, close);
    if (s->uses & USES_RSI)
        rsi_add(&s->rsi, close);
    if (s->uses & USES_BOLLINGER)
        bollinger_add(&s->bollinger, close);
    if (s->uses & USES_SUPERTREND)
        supertrend_add(&s->supertrend, &s->last);
    if (s->uses & USES_ADX)
        adx_add(&s->adx, &s->last);
    if (s->uses & USES_EMA)
        ema_add(&s->filter, close);
    bool up = is_up(s, p);
    s->turned = up && !s->was_up;
    s->was_up = up;
}

bool signal_ready(const struct signal *s)
{
    uint32_t u = s->uses;
    return (!(u & USES_EMA_CROSS) || ema_ready(&s->slow)) &&
           (!(u & USES_MACD) || macd_ready(&s->macd)) && (!(u & USES_RSI) || rsi_ready(&s->rsi)) &&
           (!(u & USES_BOLLINGER) || bollinger_ready(&s->bollinger)) &&
           (!(u & USES_SUPERTREND) || supertrend_ready(&s->supertrend)) &&
           (!(u & USES_ADX) || adx_ready(&s->adx)) && (!(u & USES_EMA) || ema_ready(&s->filter));
}

static bool not_below(const struct params *p, uint32_t i, double x)
{
    return !p->value[i].present || x >= dec_to_double(p->value[i].decimal);
}

static bool not_above(const struct params *p, uint32_t i, double x)
{
    return !p->value[i].present || x <= dec_to_double(p->value[i].decimal);
}

/* Where the close lies between the lower band (0) and the upper (1). */
static double place_in_bands(const struct signal *s)
{
    double width = s->bollinger.upper - s->bollinger.lower;
    return width > 0 ? (s->last.close - s->bollinger.lower) / width : 0.5;
}

static bool filters_agree(const struct signal *s, const struct params *p)
{
    double place = s->uses & USES_BOLLINGER ? place_in_bands(s) : 0.5;
    return (!is_on(p, P_FILTER_EMA_CROSS) || s->fast.value > s->slow.value) &&
           (!is_on(p, P_FILTER_MACD) || s->macd.line > s->macd.signal) &&
           not_below(p, P_FILTER_RSI_MIN, s->rsi.value) &&
           not_above(p, P_FILTER_RSI_MAX, s->rsi.value) &&
           not_below(p, P_FILTER_BOLLINGER_MIN, place) &&
           not_above(p, P_FILTER_BOLLINGER_MAX, place) &&
           (!is_on(p, P_FILTER_SUPERTREND) || s->supertrend.direction > 0) &&
           not_below(p, P_FILTER_ADX_MIN, s->adx.value) &&
           (!p->value[P_FILTER_EMA].present || s->last.close > s->filter.value);
}

bool signal_enters(const struct signal *s, const struct params *p)
{
    return s->turned && filters_agree(s, p);
}

bool signal_leaves(const struct signal *s, const struct params *p)
{
    const struct param_value *v = p->value;
    switch ((enum entry_kind)v[P_ENTRY].choice) {
    case ENTRY_EMA_CROSS: return s->fast.value < s->slow.value;
    case ENTRY_MACD: return s->macd.line < s->macd.signal;
    case ENTRY_RSI: return s->rsi.value > dec_to_double(v[P_RSI_EXIT].decimal);
    case ENTRY_BOLLINGER:
        return v[P_BOLLINGER_ENTRY].choice == BOLLINGER_BREAKOUT
                   ? s->last.close < s->bollinger.middle
                   : s->last.close >= s->bollinger.middle;
    case ENTRY_SUPERTREND: return s->supertrend.direction < 0;
    case ENTRY_ADX: return s->adx.plus_di < s->adx.minus_di;
    }
    return false;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

uint32_t signal_warmup(const struct params *p)
{
    const struct param_value *v = p->value;
    uint32_t uses = uses_of(p);
    int64_t n = 1;
    if (uses & USES_EMA_CROSS)
        n = larger(n, larger(v[P_FAST].integer, v[P_SLOW].integer));
    if (uses & USES_MACD)
        n = larger(n, v[P_MACD_SLOW].integer + v[P_MACD_SIGNAL].integer - 1);
    if (uses & USES_RSI)
        n = larger(n, v[P_RSI_PERIODS].integer + 1);
    if (uses & USES_BOLLINGER)
        n = larger(n, v[P_BOLLINGER_PERIODS].integer);
    if (uses & USES_SUPERTREND)
        n = larger(n, v[P_SUPERTREND_PERIODS].integer + 1);
    if (uses & USES_ADX)
        n = larger(n, 2 * v[P_ADX_PERIODS].integer);
    if (uses & USES_EMA)
        n = larger(n, v[P_FILTER_EMA].integer);
    return (uint32_t)n;
}

/* For people, at 8 places; what is too large for that is shown as 0. */
static dec shown(double x)
{
    return x > -9e10 && x < 9e10 ? dec_from_i64((int64_t)(x * 1e8), 8) : DEC_ZERO;
}

void signal_figures(const struct signal *s, const struct params *p, struct signal_figures *ret)
{
    const struct param_value *v = p->value;
    *ret = (struct signal_figures){.value = DEC_ZERO};
    switch ((enum entry_kind)v[P_ENTRY].choice) {
    case ENTRY_EMA_CROSS:
        ret->value = shown(s->fast.value);
        ret->level = shown(s->slow.value);
        break;
    case ENTRY_MACD:
        ret->value = shown(s->macd.line);
        ret->level = shown(s->macd.signal);
        break;
    case ENTRY_RSI:
        ret->value = shown(s->rsi.value);
        ret->level = v[P_RSI_ENTRY].decimal;
        break;
    case ENTRY_BOLLINGER:
        ret->value = shown(s->last.close);
        ret->level = shown(v[P_BOLLINGER_ENTRY].choice == BOLLINGER_BREAKOUT ? s->bollinger.upper
                                                                             : s->bollinger.lower);
        break;
    case ENTRY_SUPERTREND:
        ret->value = shown(s->last.close);
        ret->level = shown(s->supertrend.direction > 0 ? s->supertrend.lower : s->supertrend.upper);
        break;
    case ENTRY_ADX:
        ret->value = shown(s->adx.plus_di);
        ret->level = shown(s->adx.minus_di);
        break;
    }
    if (s->uses & USES_ADX)
        ret->adx = shown(s->adx.value);
    if (s->uses & USES_RSI)
        ret->rsi = shown(s->rsi.value);
    if (s->uses & USES_EMA)
        ret->ema = shown(s->filter.value);
}

void signal_save(const struct signal *s, struct bufw *out)
{
    bufw_u32(out, s->uses);
    bufw_u64(out, s->candles);
    bar_save(&s->last, out);
    bufw_u8(out, s->was_up);
    bufw_u8(out, s->turned);
    if (s->uses & USES_EMA_CROSS) {
        ema_save(&s->fast, out);
        ema_save(&s->slow, out);
    }
    if (s->uses & USES_MACD)
        macd_save(&s->macd, out);
    if (s->uses & USES_RSI)
        rsi_save(&s->rsi, out);
    if (s->uses & USES_BOLLINGER)
        bollinger_save(&s->bollinger, out);
    if (s->uses & USES_SUPERTREND)
        supertrend_save(&s->supertrend, out);
    if (s->uses & USES_ADX)
        adx_save(&s->adx, out);
    if (s->uses & USES_EMA)
        ema_save(&s->filter, out);
}

void signal_load(struct signal *s, struct bufr *in)
{
    if (bufr_u32(in) != s->uses) {
        in->failed = true;
        return;
    }
    s->candles = bufr_u64(in);
    bar_load(&s->last, in);
    uint8_t was_up = bufr_u8(in), turned = bufr_u8(in);
    if (was_up > 1 || turned > 1)
        in->failed = true;
    s->was_up = was_up == 1;
    s->turned = turned == 1;
    if (s->uses & USES_EMA_CROSS) {
        ema_load(&s->fast, in);
        ema_load(&s->slow, in);
    }
    if (s->uses & USES_MACD)
        macd_load(&s->macd, in);
    if (s->uses & USES_RSI)
        rsi_load(&s->rsi, in);
    if (s->uses & USES_BOLLINGER)
        bollinger_load(&s->bollinger, in);
    if (s->uses & USES_SUPERTREND)
        supertrend_load(&s->supertrend, in);
    if (s->uses & USES_ADX)
        adx_load(&s->adx, in);
    if (s->uses & USES_EMA)
        ema_load(&s->filter, in);
}

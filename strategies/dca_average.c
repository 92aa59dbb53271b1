/* dca: an average of closes, and the multiple of the amount that follows from it. All in exact
 * decimals: the multiple becomes money. */
#include "dca.h"

static uint32_t periods(const struct params *p)
{
    return (uint32_t)dca_integer(p, DCA_AVERAGE_CANDLES, 20);
}

static bool add_ema(struct dca_average *a, uint32_t n, dec close)
{
    dec step;
    if (a->count == 0) {
        a->ema = close;
        return true;
    }
    return dec_sub(close, a->ema, &step) && dec_mul_int(step, 2, &step) &&
           dec_div(step, dec_from_i64((int64_t)n + 1, 0), DEC_HALF_EVEN, &step) &&
           dec_add(a->ema, step, &a->ema);
}

enum err dca_average_add(struct dca_average *a, const struct params *p,
                         const struct event_candle *c)
{
    uint32_t n = periods(p);
    dec close = c->close;
    if (!p->value[DCA_AVERAGE].present || (a->count && c->open_ns <= a->open_ns))
        return ERR_OK;
    if (a->count > n || a->next >= n)
        *a = (struct dca_average){0}; /* of a saved state with another number of candles */
    if (!add_ema(a, n, close))
        return ERR_OVERFLOW;
    if (a->count == n && !dec_sub(a->sum, a->close[a->next], &a->sum))
        return ERR_OVERFLOW;
    if (!dec_add(a->sum, close, &a->sum))
        return ERR_OVERFLOW;
    a->open_ns = c->open_ns;
    a->close[a->next] = close;
    a->next = (a->next + 1) % n;
    a->count += a->count < n;
    return ERR_OK;
}

bool dca_average_value(const struct dca_average *a, const struct params *p, dec *ret)
{
    uint32_t n = periods(p);
    if (!p->value[DCA_AVERAGE].present || a->count < n)
        return false;
    if (dca_choice(p, DCA_AVERAGE) == DCA_AVERAGE_EMA) {
        *ret = a->ema;
        return true;
    }
    return dec_div(a->sum, dec_from_i64((int64_t)n, 0), DEC_HALF_EVEN, ret);
}

bool dca_multiple(const struct dca_average *a, const struct params *p, dec price, dec *ret)
{
    dec average, below, m, per;
    *ret = DEC_ONE;
    if (!dca_average_value(a, p, &average) || !dec_is_pos(average))
        return true;
    if (!dec_mul_int(dca_decimal(p, DCA_PER_PERCENT, DEC_ZERO), 100, &per) ||
        !dec_sub(average, price, &below) || !dec_mul_div(below, per, average, DEC_FLOOR, &m) ||
        !dec_add(m, DEC_ONE, &m))
        return false;
    m = dec_max(m, dca_decimal(p, DCA_MIN_MULTIPLE, DEC_ONE));
    *ret = dec_min(m, dca_decimal(p, DCA_MAX_MULTIPLE, dec_from_i64(3, 0)));
    return true;
}

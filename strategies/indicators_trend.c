/* Indicators of high, low and close: ranges and what follows from them. */
#include "base/check.h"
#include "indicators.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Of a candle that follows one which closed at [before]. */
static double true_range(const struct bar *b, double before)
{
    double up = b->high - before, down = before - b->low;
    return larger(b->high - b->low, larger(up, down));
}

void atr_init(struct atr *a, int64_t periods)
{
    *a = (struct atr){.begun = false};
    wilder_init(&a->range, periods, periods);
}

void atr_add(struct atr *a, const struct bar *b)
{
    if (a->begun)
        wilder_add(&a->range, true_range(b, a->last_close));
    a->begun = true;
    a->last_close = b->close;
    a->value = a->range.value;
}

bool atr_ready(const struct atr *a)
{
    return wilder_ready(&a->range);
}

void supertrend_init(struct supertrend *s, int64_t periods, double width)
{
    *s = (struct supertrend){.width = width};
    atr_init(&s->atr, periods);
}

void supertrend_add(struct supertrend *s, const struct bar *b)
{
    atr_add(&s->atr, b);
    if (!atr_ready(&s->atr))
        return;
    double middle = (b->high + b->low) / 2.0, spread = s->width * s->atr.value;
    double upper = middle + spread, lower = middle - spread;
    /* A band moves back only after a close beyond it. */
    if (s->has_bands && upper > s->upper && s->last_close <= s->upper)
        upper = s->upper;
    if (s->has_bands && lower < s->lower && s->last_close >= s->lower)
        lower = s->lower;
    s->has_bands = true;
    s->upper = upper;
    s->lower = lower;
    s->last_close = b->close;
    if (b->close > upper)
        s->direction = 1;
    else if (b->close < lower)
        s->direction = -1;
}

bool supertrend_ready(const struct supertrend *s)
{
    return atr_ready(&s->atr);
}

void adx_init(struct adx *a, int64_t periods)
{
    CHECK(periods >= 2);
    *a = (struct adx){.begun = false};
    wilder_init(&a->plus, periods, periods - 1);
    wilder_init(&a->minus, periods, periods - 1);
    wilder_init(&a->range, periods, periods - 1);
    wilder_init(&a->smooth, periods, periods);
}

void adx_add(struct adx *a, const struct bar *b)
{
    struct bar before = a->last;
    a->last = *b;
    if (!a->begun) {
        a->begun = true;
        return;
    }
    double up = b->high - before.high, down = before.low - b->low;
    wilder_add(&a->plus, up > down && up > 0 ? up : 0);
    wilder_add(&a->minus, down > up && down > 0 ? down : 0);
    wilder_add(&a->range, true_range(b, before.close));
    if (!wilder_ready(&a->range))
        return;
    a->plus_di = a->minus_di = 0;
    if (a->range.value > 0) {
        a->plus_di = 100.0 * a->plus.value / a->range.value;
        a->minus_di = 100.0 * a->minus.value / a->range.value;
    }
    double both = a->plus_di + a->minus_di, apart = a->plus_di - a->minus_di;
    double dx = both > 0 ? 100.0 * (apart < 0 ? -apart : apart) / both : 0;
    wilder_add(&a->smooth, dx);
    a->value = a->smooth.value;
}

bool adx_ready(const struct adx *a)
{
    return wilder_ready(&a->smooth);
}

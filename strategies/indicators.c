#include "indicators.h"

void ema_init(struct ema *e, int64_t periods)
{
    e->alpha = 2.0 / ((double)periods + 1.0);
    e->value = 0.0;
    e->count = 0;
}

void ema_add(struct ema *e, double x)
{
    e->value = e->count == 0 ? x : e->value + e->alpha * (x - e->value);
    e->count++;
}

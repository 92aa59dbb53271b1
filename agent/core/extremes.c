#include "core/extremes.h"

#include <string.h>

void extremes_init(struct extremes *x, int64_t window_ns)
{
    memset(x, 0, sizeof *x);
    x->slice_ns = window_ns / EXTREMES_SLICES;
}

bool extremes_advance(struct extremes *x, int64_t now_ns)
{
    int64_t now = now_ns / x->slice_ns + 1;
    if (now == x->now)
        return false;
    x->now = now;
    return true;
}

void extremes_add(struct extremes *x, dec price)
{
    uint32_t k = (uint32_t)(x->now % EXTREMES_SLICES);
    if (x->slice[k].number != x->now) {
        x->slice[k].number = x->now;
        x->slice[k].low = x->slice[k].high = price;
        return;
    }
    x->slice[k].low = dec_min(x->slice[k].low, price);
    x->slice[k].high = dec_max(x->slice[k].high, price);
}

bool extremes_range(const struct extremes *x, dec *low, dec *high)
{
    bool found = false;
    for (int k = 0; k < EXTREMES_SLICES; k++) {
        if (x->slice[k].number == 0 || x->slice[k].number <= x->now - EXTREMES_SLICES)
            continue;
        *low = found ? dec_min(*low, x->slice[k].low) : x->slice[k].low;
        *high = found ? dec_max(*high, x->slice[k].high) : x->slice[k].high;
        found = true;
    }
    return found;
}

void extremes_clear(struct extremes *x)
{
    memset(x->slice, 0, sizeof x->slice);
}

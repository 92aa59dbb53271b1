/* The lowest and highest price of a sliding window, in constant room and time: kept for each eighth
 * of the window by the clock, the present one and the seven before. */
#ifndef TW_CORE_EXTREMES_H
#define TW_CORE_EXTREMES_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

#define EXTREMES_SLICES 8

struct extremes {
    int64_t slice_ns;
    int64_t now; /* number of the present eighth: engine time / slice_ns + 1 */
    struct {
        int64_t number; /* 0: never used */
        dec low, high;
    } slice[EXTREMES_SLICES];
};

/* [window_ns]: EXTREMES_SLICES at least. */
void extremes_init(struct extremes *x, int64_t window_ns);

/* Time is [now_ns], never less than before. Returns whether the window moved: prices may have left
 * it. */
bool extremes_advance(struct extremes *x, int64_t now_ns);

/* A price at the time of the last extremes_advance(). */
void extremes_add(struct extremes *x, dec price);

/* Lowest and highest in the window; false where there is no price in it. */
bool extremes_range(const struct extremes *x, dec *low, dec *high);

/* Forgets all prices. */
void extremes_clear(struct extremes *x);

#endif

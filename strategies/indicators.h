/* Indicators for strategies: doubles, + - * / only, the same bits with every compiler
 * (-ffp-contract=off). A value from here may decide, but never becomes a price or a quantity. Each
 * costs O(1) per candle. */
#ifndef TW_STRATEGIES_INDICATORS_H
#define TW_STRATEGIES_INDICATORS_H

#include <stdint.h>

/* Exponential moving average: seeded with the first value, then value += alpha * (x - value), alpha
 * = 2 / (n + 1). */
struct ema {
    double alpha, value;
    uint64_t count; /* values taken in */
};

void ema_init(struct ema *e, int64_t periods); /* periods >= 1 */
void ema_add(struct ema *e, double x);

#endif

/* The exact walk of a triangle: what three orders in a row give, through lots, ticks, the venue's
 * minima and maxima, the displayed quantities and the fees as the engine charges them (taken from
 * what each fill receives, rounded up to the asset's precision; or paid in an asset apart).
 * Everything is rounded to the side that gives less. */
#ifndef TW_STRATEGIES_TRIANGULAR_WALK_H
#define TW_STRATEGIES_TRIANGULAR_WALK_H

#include "strategy.h"

#define TRIANGLE_STEPS_MAX 100 /* investments tried between the least and the greatest */

/* One leg: an order on [side] of an instrument, and what it would trade against. */
struct triangle_leg {
    const struct instrument *in;
    enum side side;
    dec fee;        /* taker's, a ratio */
    bool fee_apart; /* paid in a third asset: nothing is taken from what is received */
    const struct book_side *levels; /* NULL: only [one] */
    uint32_t levels_max;            /* how many of them are looked at */
    struct level one;               /* a level without a book */
    dec funds; /* the most that its order may bind: quote of a buy, base of a sell */
};

/* What a leg does with an amount. A buy spends quote and receives base, a sell the reverse. */
struct triangle_step {
    dec qty, limit; /* the order: limit is the worst price of the walk, on the tick */
    dec bound;      /* what the order binds: qty x limit of a buy, qty of a sell */
    dec spent, received;
};

struct triangle_plan {
    struct triangle_step step[3];
    dec profit; /* in the start asset: received last, less spent first, less fees paid apart */
    dec ratio;  /* profit / spent first, rounded down */
};

/* The largest order that [amount] pays for within the levels. False where there is none: too small
 * or too large for the rules, the levels, or the leg's funds; or an overflow. */
bool triangle_walk(const struct triangle_leg *leg, dec amount, struct triangle_step *ret);

/* All three, from [amount] of the start asset. False where a leg cannot be walked. */
bool triangle_evaluate(const struct triangle_leg leg[static 3], dec amount,
                       struct triangle_plan *ret);

/* The most profitable of the amounts min, min + step, ... and max (at most TRIANGLE_STEPS_MAX and
 * max itself; of equals the least) among those with a ratio of at least [least]. False where there
 * is none. */
bool triangle_search(const struct triangle_leg leg[static 3], dec min, dec max, dec step, dec least,
                     struct triangle_plan *ret);

/* The edge at the best prices: what an amount that nothing rounds would gain, as a ratio, fees
 * taken off; no walk gains more. [amount] > 0 sets the precision. False without prices. */
bool triangle_edge(const struct triangle_leg leg[static 3], dec amount, dec *ret);

/* The order of at most [amount] (of what it gives away: quote of a buy, base of a sell) at [limit]:
 * rounded down to the lot, at most the venue's maximum. False where the rules allow none that
 * small. */
bool triangle_size(const struct instrument *in, enum side side, dec amount, dec limit, dec *ret);

/* Whether the rules allow an order of [qty] at [limit]. */
bool triangle_allowed(const struct instrument_rules *r, dec qty, dec limit);

#endif

/* Random configurations for the property tests, drawn from the parameter tables of the strategies
 * themselves: a parameter for which nothing is known here fails the test, so that a new one is not
 * forgotten. Some draws are refused by `check`; the caller draws again. */
#ifndef TW_TESTS_PROPERTY_DRAWS_H
#define TW_TESTS_PROPERTY_DRAWS_H

#include "base/rng.h"
#include "strategies/strategy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct property_draw {
    const struct strategy_ops *ops; /* NULL ends the table */
    enum { ONE_MARKET, TRIANGLE, TWO_VENUES } market;
    /* Where a run ends depends on the prices alone, once [plain] leaves out what depends on the
     * second in which something happens. */
    bool has_place;
    const char *plain; /* lines of every plain draw, or NULL */
};

extern const struct property_draw PROPERTY_DRAWS[];

/* Writes a configuration with one strategy of the kind, and where each instrument's bid begins, in
 * ticks. [plain]: without fees, time limits and the like. */
void property_draw(const struct property_draw *d, bool plain, struct rng *r, char *text, size_t cap,
                   int64_t *ticks);

/* Gives the strategy's block of [to] (a text of at most [cap] bytes) the line of [key] that [from]
 * has, which may be none. False where both have the same. */
bool property_move(char *to, size_t cap, char *from, const char *key);

#endif

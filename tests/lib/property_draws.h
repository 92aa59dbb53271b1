/* Random configurations for the property tests: one function per kind of strategy, which draws
 * every parameter the kind has. Some draws are refused by `check`; the caller draws again. */
#ifndef TW_TESTS_PROPERTY_DRAWS_H
#define TW_TESTS_PROPERTY_DRAWS_H

#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

struct property_draw {
    const char *kind; /* NULL ends the table */
    /* Writes a configuration with one strategy of the kind, and where each instrument's bid begins,
     * in ticks. */
    void (*draw)(struct rng *r, char *text, size_t cap, int64_t *ticks);
    /* The same without what depends on the second in which something happens, and without fees:
     * where the run ends then depends on the prices alone. NULL: there is no such configuration. */
    void (*draw_plain)(struct rng *r, char *text, size_t cap, int64_t *ticks);
};

extern const struct property_draw PROPERTY_DRAWS[];

#endif

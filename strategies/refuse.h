/* What a strategy's check() answers about a key that it refuses. */
#ifndef TW_STRATEGIES_REFUSE_H
#define TW_STRATEGIES_REFUSE_H

#include "strategy.h"

/* Puts [text], cut where it does not fit, into why[cap] and [key] into *ret_key; ERR_RANGE. */
enum err refuse(const char *key, const char *text, const char **ret_key, char *why, size_t cap);

/* A parameter that not every configuration uses. */
struct usable {
    uint32_t param; /* in the table */
    bool used;      /* by the parameters at hand */
    const char *by; /* what would: "entry = \"adx\"" */
};

/* Refuses the first of all[n] that the file gives and nothing uses: nothing is ignored in silence.
 * ERR_OK where there is none. */
enum err refuse_unused(const struct param_spec *spec, const struct params *p,
                       const struct usable *all, size_t n, const char **ret_key, char *why,
                       size_t cap) MUST_CHECK;

#endif

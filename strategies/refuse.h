/* What a strategy's check() answers about a key that it refuses. */
#ifndef TW_STRATEGIES_REFUSE_H
#define TW_STRATEGIES_REFUSE_H

#include "strategy.h"

/* Puts [text], cut where it does not fit, into why[cap] and [key] into *ret_key; ERR_RANGE. */
enum err refuse(const char *key, const char *text, const char **ret_key, char *why, size_t cap);

#endif

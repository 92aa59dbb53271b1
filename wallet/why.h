/* The sentence that goes with a refusal. It never holds anything of a secret, nor of an argument
 * that could be one. */
#ifndef TW_WALLET_WHY_H
#define TW_WALLET_WHY_H

#include "base/err.h"

#define WHY_MAX 256

/* Writes the sentence to why[WHY_MAX], cut where it is longer, and returns [e]. */
enum err why_say(char *why, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

/* What a generated market is like, as people write it. */
#ifndef TW_MAIN_GENERATE_H
#define TW_MAIN_GENERATE_H

#include "sim/market_gen.h"

#define GENERATE_WHY_MAX 256

/* For help texts. */
extern const char GENERATE_KEYS[];

/* Reads "seed=7,length=10m,edge=0.006": any of the keys, over market_gen_defaults(); "" and NULL
 * are the defaults. On failure a sentence in why[GENERATE_WHY_MAX]. */
enum err generate_parse(const char *text, struct market_gen_setup *ret, char *why) MUST_CHECK;

#endif

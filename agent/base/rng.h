/* Seeded random stream (xoshiro256**, Blackman and Vigna, public domain algorithm).
 * For jitter, tests and the seeded world; never for keys. Equal seeds give equal streams
 * everywhere. */
#ifndef TW_BASE_RNG_H
#define TW_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n); n > 0. Without bias. */
uint64_t rng_below(struct rng *r, uint64_t n);

#endif

/* A generated market: three pairs, BTC-USDT, ETH-BTC and ETH-USDT, in the form of a recording.
 *
 * BTC and ETH walk at random in USDT; ETH-BTC is what follows from the two, but for planted
 * mispricings: from time to time it lies beside that by `edge` for a while, up or down. Around each
 * price there are a spread and a book of MARKET_GEN_LEVELS levels a side, and trades at the best
 * prices. Every 100 ms each symbol gets its differences and its top of book.
 *
 * Pure: equal setups give equal bytes on every machine (integers only). Lines are those of
 * sim/recording.h: the rules, messages, and behind those of the first step the three books.
 */
#ifndef TW_SIM_MARKET_GEN_H
#define TW_SIM_MARKET_GEN_H

#include "base/err.h"
#include "base/rng.h"
#include "sim/box_text.h"

#include <stdbool.h>
#include <stdint.h>

#define MARKET_GEN_SYMBOLS    3
#define MARKET_GEN_LEVELS     16 /* a side */
#define MARKET_GEN_STEP_MS    100
#define MARKET_GEN_START_MS   INT64_C(1704067200000) /* 2024-01-01 */
#define MARKET_GEN_LENGTH_MAX (INT64_C(366) * 86400000)
#define MARKET_GEN_UNITS      INT64_C(100000000) /* prices and quantities count 10^-8 */

/* Ratios are parts of 10^9. */
struct market_gen_setup {
    uint64_t seed;
    int64_t length_ms;  /* > 0 */
    int64_t every_ms;   /* mean time between the starts of two mispricings; 0: none */
    int64_t lasts_ms;   /* how long one lasts, at most half of every_ms */
    int64_t edge;       /* how far ETH-BTC then is from what follows from the other two */
    int64_t volatility; /* standard deviation of a second's change */
    int64_t spread;     /* between best bid and ask */
};
/* Seed 1, 10 minutes; 0.6 % for 2 s every 20 s; 0.01 % a second, 0.01 % between bid and ask. */
struct market_gen_setup market_gen_defaults(void);

struct market_gen_level {
    int64_t price, qty;
};
struct market_gen_book {
    struct market_gen_level bid[MARKET_GEN_LEVELS], ask[MARKET_GEN_LEVELS]; /* best first */
};

struct market_gen {
    struct market_gen_setup setup;
    struct rng rng;
    int64_t now_ms;            /* of the lines given out last, and of what is below */
    int64_t btc, eth;          /* fair, in USDT */
    int64_t shift;             /* of ETH-BTC now, a signed ratio; 0: the three agree */
    int64_t next_ms, until_ms; /* next mispricing; end of the present one */
    uint64_t update_id[MARKET_GEN_SYMBOLS], trade_id[MARKET_GEN_SYMBOLS];
    uint32_t symbol, line; /* what comes next */
    uint32_t books;        /* of the opening: still to come */
    bool opened;
    struct market_gen_book book[MARKET_GEN_SYMBOLS], before[MARKET_GEN_SYMBOLS];
};

/* ERR_RANGE where the setup is not as described. */
enum err market_gen_init(struct market_gen *g, const struct market_gen_setup *setup) MUST_CHECK;

/* The next line, without its newline, in place of what is in [out]. False at the end. A failure of
 * [out] is left for the caller to see. */
bool market_gen_next(struct market_gen *g, struct box_text *out);

#endif

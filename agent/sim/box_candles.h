/* Candles of the exchange in a box, in all sixteen intervals of the venue, built from trades.
 *
 * As on the venue an interval without a trade repeats the last close with volume 0, and before the
 * first trade there is none. The newest CANDLES_MAX are kept.
 */
#ifndef TW_SIM_BOX_CANDLES_H
#define TW_SIM_BOX_CANDLES_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOX_INTERVALS   16
#define BOX_CANDLES_MAX 1000 /* per interval: what the venue answers at most */

/* "1s" .. "1M": index 0..15, or -1. Case matters. */
int box_interval_find(const char *name, size_t len);
const char *box_interval_name(int interval);
/* Start of the candle that holds [t_ms], and of the one after; t_ms >= 0. Weeks begin on Monday,
 * months on their first day, UTC. */
int64_t box_interval_start(int interval, int64_t t_ms);
int64_t box_interval_end(int interval, int64_t t_ms);

struct box_candle {
    int64_t start_ms, end_ms; /* [start, end) */
    dec open, high, low, close;
    dec volume, quote;             /* base and quote */
    dec taker_volume, taker_quote; /* the part in which the buyer took */
    int64_t first_id, last_id;     /* trade ids; -1 while there is no trade */
    uint64_t trades;
};

struct box_print {
    int64_t id;
    int64_t first_id, last_id; /* trades it stands for; more than one only for an aggregate */
    int64_t time_ms;
    dec price, qty;
    bool buyer_maker;
};

struct box_candles {
    struct box_candle *c; /* oldest first */
    uint32_t count, cap;
    uint64_t late; /* prints that came after their candle was closed: left out */
};

typedef void box_candle_fn(void *ctx, int interval, const struct box_candle *closed);

void box_candles_free(struct box_candles *s);

/* Closes every candle that ends at or before [t_ms], telling [on_close] (may be NULL) of each, and
 * opens the empty one that holds t_ms. Nothing before the first print. False without memory. */
bool box_candles_roll(struct box_candles *s, int interval, int64_t t_ms, box_candle_fn *on_close,
                      void *ctx);

/* Adds a print to the newest candle, rolling first. A sum that overflows stays as it was. */
bool box_candles_add(struct box_candles *s, int interval, const struct box_print *p,
                     box_candle_fn *on_close, void *ctx);

#endif

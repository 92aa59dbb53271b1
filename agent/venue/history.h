/* Closed candles that a venue keeps: how to ask for them, and how to make a timeframe of shorter
 * ones. Pure, like sessions. */
#ifndef TW_VENUE_HISTORY_H
#define TW_VENUE_HISTORY_H

#include "base/err.h"
#include "model/event.h"

#include <stddef.h>
#include <stdint.h>

#define HISTORY_PATH_MAX     256
#define HISTORY_ROWS_MAX     1000 /* of one answer */
#define HISTORY_REQUESTS_MAX 20   /* for one warm-up */

struct history_ops {
    const char *kind; /* of the venue: "binance-spot" */
    /* Lengths it has, aligned to 1970-01-01 UTC, ascending; ends with 0. */
    const int64_t *interval_ns;
    /* The path that asks for candles of [interval_ns] that begin in [from_ns, to_ns), oldest first,
     * at most HISTORY_ROWS_MAX. ERR_SYNTAX: not an instrument of that venue. */
    enum err (*path)(const char *symbol, int64_t interval_ns, int64_t from_ns, int64_t to_ns,
                     char out[static HISTORY_PATH_MAX]);
    /* The answer: up to [cap] candles, oldest first. */
    enum err (*parse)(const char *text, size_t len, int64_t interval_ns, struct event_candle *ret,
                      uint32_t cap, uint32_t *ret_count);
};

extern const struct history_ops history_binance_spot;

/* NULL where the kind keeps no candles for us. */
const struct history_ops *history_find(const char *kind);

/* The longest interval that candles of [timeframe_ns] can be made of; 0: there is none. */
int64_t history_interval(const struct history_ops *ops, int64_t timeframe_ns);

/* The most candles of [timeframe_ns] that are asked for. */
uint32_t history_most(const struct history_ops *ops, int64_t timeframe_ns);

/* Makes candles of [timeframe_ns] from shorter ones, which come in order: */
struct history_maker {
    int64_t timeframe_ns;
    bool has;                /* now is of some use */
    struct event_candle now; /* the one under way */
};

/* Adds a shorter candle. Each candle that is complete by that, those in between that had no trade
 * too, goes to [ret] (room for [cap]) behind *count. ERR_FULL, ERR_OVERFLOW (its volume). */
enum err history_add(struct history_maker *m, const struct event_candle *c,
                     struct event_candle *ret, uint32_t cap, uint32_t *count) MUST_CHECK;
/* Completes what closed at or before [end_ns]. */
enum err history_end(struct history_maker *m, int64_t end_ns, struct event_candle *ret,
                     uint32_t cap, uint32_t *count) MUST_CHECK;

#endif

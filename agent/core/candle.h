/* Candles from trades: one builder per strategy that asks for one (docs/definitions.md, "Candles").
 */
#ifndef TW_CORE_CANDLE_H
#define TW_CORE_CANDLE_H

#include "base/err.h"
#include "model/event.h"

struct candle_builder {
    int64_t timeframe_ns; /* 0: not in use */
    int64_t open_ns;      /* start of the candle being built */
    bool building;        /* a first trade was seen */
    bool traded;          /* a trade fell into the present candle */
    dec open, high, low, close, volume;
};

/* Adds a trade. Due candles must have been closed before (candle_due). A trade older than the
 * present candle is late: left out, *late set. Returns ERR_OVERFLOW where the volume cannot be
 * held. */
enum err candle_trade(struct candle_builder *c, int64_t ts_ns, dec price, dec qty,
                      bool *late) MUST_CHECK;

/* End of the candle being built: INT64_MAX while there is none. */
int64_t candle_end_ns(const struct candle_builder *c);

/* Closes the present candle into [ret] and begins the next, which repeats the close until a trade
 * comes. */
void candle_close(struct candle_builder *c, struct event_candle *ret);

#endif

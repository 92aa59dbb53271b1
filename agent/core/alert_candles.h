/* The indicator of one alert: candles made of trades, and what is computed from their closes. */
#ifndef TW_CORE_ALERT_CANDLES_H
#define TW_CORE_ALERT_CANDLES_H

#include "core/candle.h"
#include "model/setup.h"
#include "strategies/indicators.h"

struct alert_candles {
    struct candle_builder candle;
    struct rsi rsi;
    struct ema fast, slow;
};

void alert_candles_init(struct alert_candles *c, const struct alert_setup *s);

/* Takes in the next close. Returns whether there is a value: *ret, rounded to 8 places. */
bool alert_candles_close(struct alert_candles *c, const struct alert_setup *s, dec *ret);

#endif

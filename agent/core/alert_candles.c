#include "core/alert_candles.h"

void alert_candles_init(struct alert_candles *c, const struct alert_setup *s)
{
    c->candle.timeframe_ns = s->timeframe_ns;
    if (s->when == ALERT_OF_RSI) {
        rsi_init(&c->rsi, s->periods);
    } else {
        ema_init(&c->fast, s->fast);
        ema_init(&c->slow, s->slow);
    }
}

/* Shown to people and compared with a level; nothing is traded by it. */
static bool to_dec(double x, dec *ret)
{
    if (!(x > -9e9 && x < 9e9))
        return false;
    *ret = dec_from_i64((int64_t)(x * 1e8 + (x < 0 ? -0.5 : 0.5)), 8);
    return true;
}

bool alert_candles_close(struct alert_candles *c, const struct alert_setup *s, dec *ret)
{
    struct event_candle closed;
    candle_close(&c->candle, &closed);
    double close = dec_to_double(closed.close);
    if (s->when == ALERT_OF_RSI) {
        rsi_add(&c->rsi, close);
        return rsi_ready(&c->rsi) && to_dec(c->rsi.value, ret);
    }
    ema_add(&c->fast, close);
    ema_add(&c->slow, close);
    return ema_ready(&c->slow) && ema_ready(&c->fast) &&
           to_dec(c->fast.value / c->slow.value - 1.0, ret);
}

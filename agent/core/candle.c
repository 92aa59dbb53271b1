#include "core/candle.h"

#include "base/check.h"

enum err candle_trade(struct candle_builder *c, int64_t ts_ns, dec price, dec qty, bool *late)
{
    *late = false;
    if (!c->building) {
        int64_t rest = ts_ns % c->timeframe_ns;
        if (rest < 0)
            rest += c->timeframe_ns;
        c->building = true;
        c->open_ns = ts_ns - rest;
        c->traded = false;
        c->volume = DEC_ZERO;
    }
    if (ts_ns < c->open_ns) {
        *late = true;
        return ERR_OK;
    }
    dec volume;
    if (!dec_add(c->volume, qty, &volume))
        return ERR_OVERFLOW;
    c->volume = volume;
    if (!c->traded) {
        c->traded = true;
        c->open = c->high = c->low = price;
    }
    c->high = dec_max(c->high, price);
    c->low = dec_min(c->low, price);
    c->close = price;
    return ERR_OK;
}

int64_t candle_end_ns(const struct candle_builder *c)
{
    return c->building ? c->open_ns + c->timeframe_ns : INT64_MAX;
}

void candle_close(struct candle_builder *c, struct event_candle *ret)
{
    CHECK(c->building);
    *ret = (struct event_candle){.open_ns = c->open_ns,
                                 .timeframe_ns = c->timeframe_ns,
                                 .open = c->open,
                                 .high = c->high,
                                 .low = c->low,
                                 .close = c->close,
                                 .volume = c->volume,
                                 .empty = !c->traded};
    c->open_ns += c->timeframe_ns;
    c->open = c->high = c->low = c->close;
    c->volume = DEC_ZERO;
    c->traded = false;
}

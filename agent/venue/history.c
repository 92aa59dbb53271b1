#include "venue/history.h"

#include <string.h>

static const struct history_ops *const KINDS[] = {&history_binance_spot};

const struct history_ops *history_find(const char *kind)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(KINDS[i]->kind, kind) == 0)
            return KINDS[i];
    return NULL;
}

int64_t history_interval(const struct history_ops *ops, int64_t timeframe_ns)
{
    int64_t found = 0;
    for (const int64_t *i = ops->interval_ns; *i; i++)
        if (timeframe_ns > 0 && timeframe_ns % *i == 0)
            found = *i;
    return found;
}

uint32_t history_most(const struct history_ops *ops, int64_t timeframe_ns)
{
    int64_t interval_ns = history_interval(ops, timeframe_ns);
    if (interval_ns == 0)
        return 0;
    int64_t n = (int64_t)HISTORY_ROWS_MAX * HISTORY_REQUESTS_MAX / (timeframe_ns / interval_ns);
    return (uint32_t)n;
}

/* The present candle is complete; the next one repeats its close. */
static enum err complete(struct history_maker *m, struct event_candle *ret, uint32_t cap,
                         uint32_t *count)
{
    if (*count == cap)
        return ERR_FULL;
    ret[(*count)++] = m->now;
    m->now.open_ns += m->timeframe_ns;
    m->now.open = m->now.high = m->now.low = m->now.close;
    m->now.volume = DEC_ZERO;
    m->now.empty = true;
    return ERR_OK;
}

enum err history_end(struct history_maker *m, int64_t end_ns, struct event_candle *ret,
                     uint32_t cap, uint32_t *count)
{
    enum err err = ERR_OK;
    while (!err && m->has && m->now.open_ns + m->timeframe_ns <= end_ns)
        err = complete(m, ret, cap, count);
    return err;
}

enum err history_add(struct history_maker *m, const struct event_candle *c,
                     struct event_candle *ret, uint32_t cap, uint32_t *count)
{
    enum err err = history_end(m, c->open_ns, ret, cap, count);
    if (err)
        return err;
    if (!m->has) {
        m->has = true;
        m->now = *c;
        m->now.open_ns = c->open_ns - c->open_ns % m->timeframe_ns;
        m->now.timeframe_ns = m->timeframe_ns;
        return ERR_OK;
    }
    if (c->empty)
        return ERR_OK;
    if (m->now.empty) {
        m->now.open = m->now.high = m->now.low = c->open;
        m->now.empty = false;
    }
    dec volume;
    if (!dec_add(m->now.volume, c->volume, &volume))
        return ERR_OVERFLOW;
    m->now.volume = volume;
    m->now.high = dec_max(m->now.high, c->high);
    m->now.low = dec_min(m->now.low, c->low);
    m->now.close = c->close;
    return ERR_OK;
}

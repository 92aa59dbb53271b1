#include "sim/box_candles.h"

#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

static const struct {
    const char *name;
    int64_t ms; /* 0: a calendar month */
} INTERVAL[BOX_INTERVALS] = {
    {"1s", S}, {"1m", M},     {"3m", 3 * M}, {"5m", 5 * M}, {"15m", 15 * M}, {"30m", 30 * M},
    {"1h", H}, {"2h", 2 * H}, {"4h", 4 * H}, {"6h", 6 * H}, {"8h", 8 * H},   {"12h", 12 * H},
    {"1d", D}, {"3d", 3 * D}, {"1w", 7 * D}, {"1M", 0},
};

int box_interval_find(const char *name, size_t len)
{
    for (int i = 0; i < BOX_INTERVALS; i++)
        if (strlen(INTERVAL[i].name) == len && memcmp(INTERVAL[i].name, name, len) == 0)
            return i;
    return -1;
}

const char *box_interval_name(int interval)
{
    return INTERVAL[interval].name;
}

/* Days since 1970 of the first day of a month, counted from year 0 month 0. */
static int64_t days_of_month(int64_t month)
{
    int64_t y = month / 12, m = month % 12;
    int64_t days = 0;
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    /* leap days in the years 0 .. y-1, and this year's from March on */
    int64_t last = m >= 2 ? y : y - 1;
    days = 365 * y + last / 4 - last / 100 + last / 400 + before[m];
    int64_t base = INT64_C(365) * 1970 + 1969 / 4 - 1969 / 100 + 1969 / 400;
    return days - base;
}

static int64_t month_of(int64_t t_ms)
{
    int64_t days = t_ms / D;
    int64_t month = INT64_C(1970) * 12 + days / 31; /* never later than the true one */
    while (days_of_month(month + 1) <= days)
        month++;
    return month;
}

int64_t box_interval_start(int interval, int64_t t_ms)
{
    int64_t ms = INTERVAL[interval].ms;
    if (!ms)
        return days_of_month(month_of(t_ms)) * D;
    /* 1970-01-01 was a Thursday: weeks are counted from the Monday before it. */
    int64_t shift = ms == 7 * D ? 3 * D : 0;
    return (t_ms + shift) / ms * ms - shift;
}

int64_t box_interval_end(int interval, int64_t t_ms)
{
    int64_t ms = INTERVAL[interval].ms;
    return ms ? box_interval_start(interval, t_ms) + ms : days_of_month(month_of(t_ms) + 1) * D;
}

void box_candles_free(struct box_candles *s)
{
    free(s->c);
    *s = (struct box_candles){0};
}

static bool push(struct box_candles *s, const struct box_candle *c)
{
    if (s->count == BOX_CANDLES_MAX + BOX_CANDLES_MAX / 4) {
        /* Room for some more than are kept, so that old ones leave in batches. */
        memmove(s->c, s->c + BOX_CANDLES_MAX / 4, BOX_CANDLES_MAX * sizeof *s->c);
        s->count = BOX_CANDLES_MAX;
    }
    if (s->count == s->cap) {
        uint32_t cap = s->cap ? s->cap * 2 : 8;
        struct box_candle *p = realloc(s->c, cap * sizeof *p);
        if (!p)
            return false;
        s->c = p;
        s->cap = cap;
    }
    s->c[s->count++] = *c;
    return true;
}

static struct box_candle empty_candle(int interval, int64_t t_ms, dec price)
{
    return (struct box_candle){
        .start_ms = box_interval_start(interval, t_ms),
        .end_ms = box_interval_end(interval, t_ms),
        .open = price,
        .high = price,
        .low = price,
        .close = price,
        .first_id = -1,
        .last_id = -1,
    };
}

bool box_candles_roll(struct box_candles *s, int interval, int64_t t_ms, box_candle_fn *on_close,
                      void *ctx)
{
    /* A pause longer than all that is kept (two recordings of different days): only the end of it
     * is filled. Short intervals only, where every interval has the same length. */
    int64_t ms = INTERVAL[interval].ms;
    while (s->count && s->c[s->count - 1].end_ms <= t_ms) {
        struct box_candle *last = &s->c[s->count - 1];
        if (on_close)
            on_close(ctx, interval, last);
        int64_t next_ms = last->end_ms;
        if (ms && (t_ms - next_ms) / ms > BOX_CANDLES_MAX) {
            next_ms = t_ms - ms * BOX_CANDLES_MAX;
            on_close = NULL;
        }
        struct box_candle c = empty_candle(interval, next_ms, last->close);
        if (!push(s, &c))
            return false;
    }
    return true;
}

static void sum(dec *total, dec add)
{
    dec r;
    if (dec_add(*total, add, &r))
        *total = r;
}

bool box_candles_add(struct box_candles *s, int interval, const struct box_print *p,
                     box_candle_fn *on_close, void *ctx)
{
    if (!s->count) {
        struct box_candle c = empty_candle(interval, p->time_ms, p->price);
        if (!push(s, &c))
            return false;
    }
    if (!box_candles_roll(s, interval, p->time_ms, on_close, ctx))
        return false;
    struct box_candle *c = &s->c[s->count - 1];
    if (p->time_ms < c->start_ms) {
        s->late++;
        return true;
    }
    if (!c->trades) {
        c->open = c->high = c->low = p->price;
        c->first_id = p->first_id;
    }
    c->close = p->price;
    c->high = dec_max(c->high, p->price);
    c->low = dec_min(c->low, p->price);
    c->last_id = p->last_id;
    c->trades += (uint64_t)(p->last_id - p->first_id) + 1;
    dec quote;
    bool known = dec_mul(p->price, p->qty, DEC_HALF_EVEN, &quote);
    sum(&c->volume, p->qty);
    if (known)
        sum(&c->quote, quote);
    if (!p->buyer_maker) {
        sum(&c->taker_volume, p->qty);
        if (known)
            sum(&c->taker_quote, quote);
    }
    return true;
}

#include "io/chart.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

static bool is_traded(const struct setup *s, instrument_id i)
{
    for (uint32_t k = 0; k < s->strategies; k++)
        for (uint32_t n = 0; n < s->strategy[k].instruments; n++)
            if (s->strategy[k].instrument[n] == i)
                return true;
    return false;
}

enum err chart_open(struct chart **ret, const struct setup *s, int64_t first_ns, int64_t last_ns)
{
    struct chart *c = calloc(1, sizeof *c);
    bool ok = c != NULL;
    if (ok) {
        c->setup = s;
        c->first_ns = first_ns;
        c->last_ns = last_ns > first_ns ? last_ns : first_ns + 1;
        c->fill = calloc(CHART_FILLS_MAX, sizeof *c->fill);
        c->order = calloc(CHART_ORDERS_MAX, sizeof *c->order);
        ok = c->fill && c->order;
    }
    for (instrument_id i = 0; ok && i < s->instruments; i++)
        if (is_traded(s, i))
            ok = (c->price[i] = calloc(CHART_BUCKETS, sizeof *c->price[i])) != NULL;
    if (!ok) {
        chart_close(c);
        return ERR_NOMEM;
    }
    *ret = c;
    return ERR_OK;
}

void chart_close(struct chart *c)
{
    if (!c)
        return;
    for (instrument_id i = 0; i < SETUP_INSTRUMENTS_MAX; i++)
        free(c->price[i]);
    free(c->fill);
    free(c->order);
    free(c);
}

static size_t bucket_of(const struct chart *c, int64_t ts_ns)
{
    if (ts_ns <= c->first_ns)
        return 0;
    if (ts_ns >= c->last_ns)
        return CHART_BUCKETS - 1;
    double part = (double)(ts_ns - c->first_ns) / (double)(c->last_ns - c->first_ns);
    size_t k = (size_t)(part * CHART_BUCKETS);
    return k < CHART_BUCKETS ? k : CHART_BUCKETS - 1;
}

int64_t chart_bucket_ns(const struct chart *c, size_t k)
{
    double part = ((double)k + 0.5) / CHART_BUCKETS;
    return c->first_ns + (int64_t)(part * (double)(c->last_ns - c->first_ns));
}

static void widen(struct chart_bucket *b, dec value)
{
    if (!b->any || dec_lt(value, b->low))
        b->low = value;
    if (!b->any || dec_gt(value, b->high))
        b->high = value;
    b->last = value;
    b->any = true;
}

void chart_price(struct chart *c, int64_t ts_ns, instrument_id i, dec mark)
{
    if (i < c->setup->instruments && c->price[i])
        widen(&c->price[i][bucket_of(c, ts_ns)], mark);
}

static void note_month(struct chart *c, int64_t ts_ns, dec equity)
{
    time_t s = (time_t)(ts_ns / NS_PER_SECOND);
    struct tm tm;
    if (!gmtime_r(&s, &tm))
        return;
    struct chart_month *m = c->months ? &c->month[c->months - 1] : NULL;
    if (!m || m->year != tm.tm_year + 1900 || m->month != tm.tm_mon + 1) {
        if (c->months == CHART_MONTHS_MAX)
            return;
        m = &c->month[c->months++];
        m->year = tm.tm_year + 1900;
        m->month = tm.tm_mon + 1;
    }
    m->equity = equity;
}

void chart_equity(struct chart *c, int64_t ts_ns, dec equity)
{
    if (!c->valued)
        c->equity_start = c->peak = equity;
    c->valued = true;
    if (dec_gt(equity, c->peak))
        c->peak = equity;
    size_t k = bucket_of(c, ts_ns);
    if (dec_is_pos(c->peak)) {
        double fall = 1.0 - dec_to_double(equity) / dec_to_double(c->peak);
        if (fall > c->drawdown[k])
            c->drawdown[k] = fall;
    }
    widen(&c->equity[k], equity);
    note_month(c, ts_ns, equity);
}

static void begin_order(struct chart *c, int64_t ts_ns, const struct order *o)
{
    if (o->req.type != ORDER_LIMIT)
        return;
    c->orders_seen++;
    if (c->orders == CHART_ORDERS_MAX || c->opens == sizeof c->open / sizeof c->open[0])
        return;
    c->open[c->opens++] = c->orders;
    c->order[c->orders++] = (struct chart_order){.id = o->id,
                                                 .begin_ns = ts_ns,
                                                 .end_ns = INT64_MAX,
                                                 .instrument = o->req.instrument,
                                                 .side = o->req.side,
                                                 .price = o->req.price};
}

static void end_order(struct chart *c, int64_t ts_ns, order_id id)
{
    for (size_t k = 0; k < c->opens; k++) {
        struct chart_order *o = &c->order[c->open[k]];
        if (o->id != id)
            continue;
        o->end_ns = ts_ns;
        c->open[k] = c->open[--c->opens];
        return;
    }
}

static void add_fill(struct chart *c, int64_t ts_ns, strategy_id strategy,
                     const struct effect_fill *f)
{
    c->fills_seen++;
    if (c->fills == CHART_FILLS_MAX)
        return;
    c->fill[c->fills++] = (struct chart_fill){.ts_ns = ts_ns,
                                              .instrument = f->req.instrument,
                                              .strategy = strategy,
                                              .side = f->req.side,
                                              .price = f->price,
                                              .qty = f->qty};
}

void chart_effects(struct chart *c, int64_t ts_ns, const struct effects *fx)
{
    for (uint32_t i = 0; i < fx->count; i++) {
        const struct effect *e = &fx->item[i];
        if (e->kind == EFFECT_SUBMIT)
            begin_order(c, ts_ns, &e->submit);
        else if (e->kind == EFFECT_FILL)
            add_fill(c, ts_ns, e->strategy, &e->fill);
        else if (e->kind == EFFECT_ORDER && order_state_is_terminal(e->order.to))
            end_order(c, ts_ns, e->order.id);
    }
}

/* What a picture of a run needs, gathered while it runs: prices and equity in a bounded number of
 * time buckets, every fill, and the life of every order, up to a limit that is told. For eyes only:
 * nothing is computed from it. */
#ifndef TW_IO_CHART_H
#define TW_IO_CHART_H

#include "core/engine.h"
#include "model/effect.h"

#include <stddef.h>
#include <stdio.h>

#define CHART_BUCKETS    1500  /* a screen is not wider */
#define CHART_FILLS_MAX  20000 /* per run: more are counted, not kept */
#define CHART_ORDERS_MAX 20000
#define CHART_MONTHS_MAX 600

struct chart_bucket {
    bool any;
    dec low, high, last;
};

struct chart_fill {
    int64_t ts_ns;
    instrument_id instrument;
    strategy_id strategy;
    enum side side;
    dec price, qty;
};

/* A limit order at its price, from the moment it was sent until it ended. */
struct chart_order {
    order_id id;
    int64_t begin_ns, end_ns; /* end INT64_MAX: it was open at the end */
    instrument_id instrument;
    enum side side;
    dec price;
};

/* Equity at the end of a calendar month, UTC. */
struct chart_month {
    int32_t year, month; /* 1..12 */
    dec equity;
};

struct chart {
    const struct setup *setup;
    int64_t first_ns, last_ns;                         /* of the data */
    struct chart_bucket *price[SETUP_INSTRUMENTS_MAX]; /* NULL: no strategy trades it */
    struct chart_bucket equity[CHART_BUCKETS];
    double
        drawdown[CHART_BUCKETS]; /* worst of the bucket, as a ratio >= 0; valid where equity is */
    dec equity_start, peak;
    bool valued;
    struct chart_fill *fill;
    struct chart_order *order;
    size_t fills, orders;             /* kept */
    uint64_t fills_seen, orders_seen; /* all */
    size_t open[4096];                /* indices into order[] of those that are open */
    size_t opens;
    struct chart_month month[CHART_MONTHS_MAX];
    size_t months;
};

/* ERR_NOMEM. [s] must outlive it. */
enum err chart_open(struct chart **ret, const struct setup *s, int64_t first_ns,
                    int64_t last_ns) MUST_CHECK;
void chart_close(struct chart *c); /* NULL is fine */

/* After an event of [i]: its mark. */
void chart_price(struct chart *c, int64_t ts_ns, instrument_id i, dec mark);
void chart_equity(struct chart *c, int64_t ts_ns, dec equity);
/* After a step at engine time [ts_ns]: fills and orders. */
void chart_effects(struct chart *c, int64_t ts_ns, const struct effects *fx);

/* Middle of bucket [k]. */
int64_t chart_bucket_ns(const struct chart *c, size_t k);

/* The run as one SVG picture: per instrument its price with orders and fills, below equity and
 * drawdown. [title]: one line. */
void chart_svg(const struct chart *c, const char *title, FILE *out);

#endif

/* What the files of the risk manager share: for nobody else. */
#ifndef TW_CORE_RISK_INTERNAL_H
#define TW_CORE_RISK_INTERNAL_H

#include "core/internal.h"

struct approved_order {
    order_id id;
    struct order_request req;
    dec reserve;
};

/* The newest times of something: a sliding window, exact up to [cap] of them. */
struct window {
    int64_t *at;
    uint32_t cap, first, count;
};

/* One set of limits that a request must meet, and whose it is. */
struct limits {
    enum limit_scope scope;
    uint32_t index;
    const struct risk_setup *l;
};

/* What is a cross to a strategy, with the homes of its positions (setup_is_cross()). */
struct cross {
    strategy_id strategy;
    instrument_id instrument, home[2];
};

#define SCOPES 4 /* the agent, the venue, the instrument, the strategy: in this order */

struct risk {
    struct approved_order approved;
    const struct setup *setup;
    struct window agent;
    struct window venue[SETUP_VENUES_MAX];
    struct window *strategy;                   /* [strategies] messages */
    struct window *executions;                 /* [strategies][4 instruments][2 sides] */
    instrument_id same[SETUP_INSTRUMENTS_MAX]; /* the next instrument that is the same market: a
                                                  ring; itself where it is alone */
    struct cross *cross;
    uint32_t crosses;
};

/* What the checks share about one request. */
struct subject {
    struct engine *e;
    strategy_id s;
    const struct order_request *req;
    const struct market_instrument *m;
    const struct holding *own;
    bool reduces;  /* a sell that with the open sells is at most the position */
    dec reference; /* mark of a live feed */
    dec value;     /* order value in the instrument's quote ... */
    dec in_quote;  /* ... and in the agent's */
    dec reserve;   /* what the order binds */
    struct limits limits[SCOPES];
    struct denial *d;
};

/* Fills the denial; returns false. */
bool risk_deny(const struct subject *x, enum reason reason, dec limit, dec value);
/* The same for a limit of the configuration. */
bool risk_deny_limit(const struct subject *x, const struct limits *of, enum reason reason,
                     dec limit, dec value);

/* ---- risk_limits.c: what is bounded by value and number ---- */

void risk_find_crosses(struct risk *r);

bool risk_limits(const struct subject *x);

/* Position with open orders at their worst side, of an instrument and an owner (STRATEGY_NONE: all
 * strategies), with [qty] more on [side] (zero: as it is); both results may be negative. */
bool risk_sides(const struct engine *e, strategy_id s, instrument_id i, enum side side, dec qty,
                dec *ret_up, dec *ret_down);
/* The position's value at mark in agent quote, with [add] (which may be NULL) where that is of the
 * instrument, and with what open orders on crosses would bring to it. */
bool risk_position_value(const struct engine *e, strategy_id s, instrument_id i,
                         const struct order_request *add, dec *ret);
/* Sum of the instruments' values (of a venue's, unless VENUE_NONE), where an order on a cross
 * counts as one of the cross; false while inventory waits for its first mark. */
bool risk_gross(const struct engine *e, strategy_id s, venue_id v, const struct order_request *add,
                dec *ret);
/* Exposure to the assets of the set, likewise; false where a mark is missing. */
bool risk_assets_exposure(const struct engine *e, uint64_t assets, const struct order_request *add,
                          dec *ret);
uint32_t risk_open_orders(const struct engine *e, enum limit_scope scope, uint32_t index);

/* ---- risk_rate.c: what is bounded per time ---- */

size_t risk_rate_bytes(const struct setup *s);
void risk_rate_init(struct risk *r, int64_t *times);
bool risk_rate(const struct subject *x);
/* Of max_messages, those that orders may take. */
uint32_t risk_messages_allowed(const struct risk_setup *l);
bool risk_duplicate(const struct subject *x);
/* How many are in a window now. */
uint32_t risk_window_count(const struct window *w, int64_t now_ns, int64_t interval_ns);
struct window *risk_executions(const struct risk *r, strategy_id s, instrument_id i,
                               enum side side);

/* ---- risk_self_trade.c ---- */

void risk_find_markets(struct risk *r);
bool risk_self_trade(const struct subject *x);

/* ---- risk.c ---- */

/* The worst price a market order for [qty] reaches by the book; false where there is no price. */
bool risk_reach(const struct market_instrument *m, enum side side, dec qty, dec *ret);

#endif

/* A small world for tests: a setup with one venue and one or two instruments, an engine, and events
 * by hand. */
#ifndef TW_TESTS_WORLD_H
#define TW_TESTS_WORLD_H

#include "core/engine.h"
#include "strategies/strategy.h"

#define D(text) dec_lit(text)
#define SECOND  INT64_C(1000000000)

struct world {
    struct setup *setup;
    void *mem;
    struct engine *engine;
    struct effects *fx; /* of the last step */
    int64_t now_ns;
    uint64_t next_fill;
};

/* USDT 10000 and BTC 1 on venue "sim", BTC-USDT (tick 0.01, lot 0.00001, min notional 5); fees
 * 0.001. No strategy yet, no limits. The clock begins at 2024-01-01. */
void world_open(struct world *w);
/* Adds a strategy on BTC-USDT; before world_start(). Its setup is returned for more changes. */
struct strategy_setup *world_strategy(struct world *w, const char *name,
                                      const struct strategy_ops *ops, const char *budget,
                                      const char *inventory);
/* Adds an instrument base-quote to venue 0. */
instrument_id world_instrument(struct world *w, const char *symbol, const char *base,
                               const char *quote);
/* The same on another venue; a venue like the first one, an exchange of its own with its own fees;
 * more opening balances; what a strategy, whose instruments are set already, has of an asset at the
 * start. */
instrument_id world_instrument_at(struct world *w, venue_id v, const char *symbol, const char *base,
                                  const char *quote);
venue_id world_venue(struct world *w, const char *name, const char *fee);
void world_balance(struct world *w, venue_id v, const char *asset, const char *amount);
void world_fund(struct world *w, strategy_id id, venue_id v, const char *asset, const char *amount);
/* Builds the engine; feeds live. */
void world_start(struct world *w);
void world_close(struct world *w);

/* Steps, one nanosecond apart; each asserts that the engine agreed. */
void world_step(struct world *w, const struct event *ev);
void world_trade(struct world *w, const char *price, const char *qty);
void world_top(struct world *w, const char *bid, const char *ask);
void world_feed(struct world *w, enum feed_state feed);
void world_timer(struct world *w);
void world_advance(struct world *w, int64_t ns); /* moves the clock without an event */
void world_command(struct world *w, enum command_kind kind, strategy_id s);
void world_order(struct world *w, order_id id, enum order_state state);
/* A maker fill with the fee in the received asset at 0.001, rounded up at 1e-8. */
void world_fill(struct world *w, order_id id, const char *price, const char *qty);

/* The [n]th effect of a kind in the last step, or NULL. */
const struct effect *world_effect(const struct world *w, enum effect_kind kind, uint32_t n);

/* A strategy that asks, on every trade, for the requests in probe_requests (set by the test), once.
 */
extern const struct strategy_ops strategy_probe;
extern struct order_request probe_request[512];
extern uint32_t probe_requests;       /* cleared when asked */
extern strategy_id probe_strategy;    /* which of several probes asks; STRATEGY_NONE: the first */
extern order_id probe_cancel;         /* 0 or an order to cancel at the next event */
extern struct event probe_seen[1024]; /* its own order and fill events */
extern uint32_t probe_seen_count;
struct order_request probe_limit(enum side side, const char *price, const char *qty);
struct order_request probe_market(enum side side, const char *qty);

/* The usual beginning: a world with a probe "p", before it starts; returns the agent's limits. */
struct risk_setup *world_probe(struct world *w, const char *budget, const char *inventory);
/* world_start(), and a trade at 50000. */
void world_go(struct world *w);
/* The probe asks, at a trade at 50000; returns the order's id where it was sent, 0 where denied. */
order_id world_ask(struct world *w, struct order_request r);
/* Strategy [s] asks, at a trade at [price] of its first instrument. */
order_id world_ask_by(struct world *w, strategy_id s, const char *price, struct order_request r);
/* As world_ask(), and it must be sent. */
order_id world_passes(struct world *w, struct order_request r);
/* As world_ask(), and it must be denied for [reason], with these numbers unless NULL; the strategy
 * must be told the same. */
void world_denied(struct world *w, struct order_request r, enum reason reason, const char *limit,
                  const char *value);
/* That the last step denied so, by the limit of that scope. */
void world_was_denied(const struct world *w, enum reason reason, enum limit_scope scope,
                      uint32_t index, const char *limit, const char *value);

#endif

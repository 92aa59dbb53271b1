/* momentum in the small world of world.h: one strategy on BTC-USDT, candles of a minute, fills by
 * hand. */
#ifndef TW_TESTS_TREND_H
#define TW_TESTS_TREND_H

#include "world.h"

#define MINUTE (60 * SECOND)

extern struct world trend;

/* Parameters from lines of TOML, as a configuration would have them; amount is 1000 and timeframe
 * "1m" unless they say otherwise. NULL, or what the configuration says against them. */
const char *trend_params(const char *lines, struct params *ret);
/* A world with it, budget 9000 USDT, no inventory; the feed is live. */
void trend_begin(const char *lines);
void trend_begin_with(const char *lines, const char *budget, const char *inventory);
void trend_end(void);

struct trend_bar {
    int64_t open, high, low, close; /* in cents */
};
/* Four trades in a minute, in the order open, high, low, close, then its end. */
void trend_candle(const struct trend_bar *b);
/* One trade, then the end of its minute. */
void trend_close(const char *price);
/* The clock goes to [ns] after the present moment, and the strategies' timers fire on the way, each
 * in a step of its own; stops behind a step that sends an order. */
void trend_wait(int64_t ns);

#define QUICK "fast = 1\nslow = 2\n"
/* Nothing but what the case adds sells. */
#define HOLD QUICK "exit_signal = false\n"
void trend_price(const char *text); /* a trade */
/* Two candles, then one that turns up at 50000. */
void trend_turn_up(void);
/* Begins, and turns up: asserts that 1000 are sent as a market order, and returns its id. */
order_id trend_enter(const char *lines);
/* Its fill: 0.02 bought at 50000, less the fee of 0.1 %: 0.01998 at an average of 50050.05005... */
void trend_hold(const char *lines);

/* Of the last step: the first order sent, or NULL; the cancel asked for, or 0; the first note, or
 * "". */
const struct order *trend_sent(void);
order_id trend_cancel(void);
const char *trend_note(void);
/* Asserts that the last step sent exactly this: "buy market 0.02", "sell limit 0.01998 50050.05".
 * Returns its id. */
order_id trend_assert_sent(const char *want);
void trend_assert_nothing_sent(void);
/* Asserts that it asked for the cancel of [id]. */
void trend_assert_cancel(order_id id);
/* An order ends, or is accepted, with the reason; a fill as world_fill's. */
void trend_answer(order_id id, enum order_state state, enum reason reason);
/* All that is open of it, at this price. */
void trend_fill_all(order_id id, const char *price);
/* The figure of that name, as text. */
const char *trend_figure(const char *name);

#endif

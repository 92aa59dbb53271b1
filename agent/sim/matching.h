/* The matching engine: paper, backtest and the exchange in a box (docs/definitions.md, "Matching").
 *
 * It knows nothing of strategies: orders come in with the time at which they become visible, market
 * events come in in order, and what happens to the orders goes out as EVENT_ORDER and EVENT_FILL.
 * Pure: no clock, no heap.
 */
#ifndef TW_SIM_MATCHING_H
#define TW_SIM_MATCHING_H

#include "base/err.h"
#include "model/book.h"
#include "model/event.h"
#include "model/order.h"
#include "model/setup.h"

struct matching;

/* Receives each event that the matching engine makes, in order. */
typedef void matching_sink(void *ctx, const struct event *ev);

/* What the matching engine knows of the market of an instrument, supplied by whoever holds the
 * book. */
struct matching_market {
    const struct book *book; /* NULL: no depth; then top, else last */
    const struct event_top *top;
    const dec *last;
};
typedef void matching_market_fn(void *ctx, instrument_id i, struct matching_market *ret);

size_t matching_size(const struct setup *s, uint32_t orders_max);

/* Builds one in [mem] (matching_size() bytes, zeroed, 16-aligned). Opening balances come from [s];
 * the account is kept here as a venue keeps it, independent of the engine's ledgers, so that the
 * two can be compared. */
enum err matching_init(struct matching **ret, void *mem, const struct setup *s, uint32_t orders_max,
                       matching_market_fn *market, matching_sink *sink, void *ctx) MUST_CHECK;

/* Rules of an instrument became known or changed. */
void matching_set_rules(struct matching *m, instrument_id i, const struct instrument_rules *rules);

/* An order or a cancel left the agent at [ts_ns]: visible after the venue's order latency. */
enum err matching_submit(struct matching *m, const struct order *o, int64_t ts_ns) MUST_CHECK;
enum err matching_cancel(struct matching *m, order_id id, int64_t ts_ns) MUST_CHECK;

/* Time at which the next pending request becomes visible; INT64_MAX for none. */
int64_t matching_next_ns(const struct matching *m);
/* Lets in every request visible strictly before [ts_ns] (a market event at the same nanosecond
 * comes first). */
enum err matching_advance(struct matching *m, int64_t ts_ns) MUST_CHECK;

/* A market event (EVENT_TRADE, EVENT_BOOK, EVENT_TOP) that the holder of the book has applied
 * already. */
enum err matching_market_event(struct matching *m, const struct event *ev) MUST_CHECK;

/* The account as the venue sees it. */
dec matching_balance(const struct matching *m, venue_id v, asset_id a);

#endif

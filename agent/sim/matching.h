/* The matching engine: paper, backtest and the exchange in a box (docs/definitions.md, "Matching").
 *
 * It knows nothing of strategies: orders come in with the time at which they left the agent, market
 * events come in in order, and what happens to the orders goes out as EVENT_ORDER (accepted,
 * rejected, canceled, expired) and EVENT_FILL; that an order is partially filled or filled is told
 * by its fills alone. Pure: no clock, no heap.
 */
#ifndef TW_SIM_MATCHING_H
#define TW_SIM_MATCHING_H

#include "base/err.h"
#include "model/book.h"
#include "model/event.h"
#include "model/order.h"
#include "model/setup.h"

struct matching;

/* Receives each event that the matching engine makes, in order. Called from inside the functions
 * below: it must not call back into them. */
typedef void matching_sink(void *ctx, const struct event *ev);

/* What the holder of the book knows of the market of an instrument. It must stay as it is until the
 * function that asked for it returns. */
struct matching_market {
    const struct book *book; /* NULL: no depth that may be used; then top, else last */
    const struct event_top *top;
    const dec *last;
    const dec *mark; /* NULL: none; values a fee that is paid in a third asset */
};
typedef void matching_market_fn(void *ctx, instrument_id i, struct matching_market *ret);

/* Levels of all books together of which the volume we took is remembered. An order that needs more
 * takes what can be remembered; its rest expires (BOOK_EXHAUSTED). */
#define MATCHING_TAKEN_MAX 4096u

/* Orders, pending and resting together, are at most orders_max; requests on their way at most twice
 * that. */
size_t matching_size(const struct setup *s, uint32_t orders_max);

/* Builds one in [mem] (matching_size() bytes, zeroed, 16-aligned). Opening balances come from [s],
 * which must outlive it; the account is kept here as a venue keeps it, independent of the engine's
 * ledgers, so that the two can be compared. Returns ERR_RANGE for a negative balance, fee, latency
 * or slippage or an index that is not in [s], ERR_OVERFLOW where balances do not add up. */
enum err matching_init(struct matching **ret, void *mem, const struct setup *s, uint32_t orders_max,
                       matching_market_fn *market, matching_sink *sink, void *ctx) MUST_CHECK;

/* Rules of an instrument became known or changed; orders that rest already stay. */
void matching_set_rules(struct matching *m, instrument_id i, const struct instrument_rules *rules);

/* An order or a cancel left the agent at [ts_ns]: visible after the venue's order latency. What is
 * wrong with an order is told by EVENT_ORDER when it becomes visible; the errors here are the
 * caller's: ERR_RANGE (no such instrument, id 0, unknown side, type or tif), ERR_EXISTS (the id is
 * in use), ERR_FULL, ERR_OVERFLOW (time). A cancel of an order that is not here does nothing. */
enum err matching_submit(struct matching *m, const struct order *o, int64_t ts_ns) MUST_CHECK;
enum err matching_cancel(struct matching *m, order_id id, int64_t ts_ns) MUST_CHECK;

/* Time at which the next pending request becomes visible, and the last one; INT64_MAX for none. */
int64_t matching_next_ns(const struct matching *m);
int64_t matching_last_ns(const struct matching *m);
/* Lets in the next pending request, whatever its time; ERR_NOT_FOUND where there is none. The host
 * that must show the answer to an engine before the next request calls this. */
enum err matching_step(struct matching *m) MUST_CHECK;
/* Lets in every request visible strictly before [ts_ns] (a market event at the same nanosecond
 * comes first). */
enum err matching_advance(struct matching *m, int64_t ts_ns) MUST_CHECK;

/* A market event (EVENT_TRADE, EVENT_BOOK, EVENT_TOP; others do nothing) that the holder of the
 * book has applied already. A trade that matches nothing costs two comparisons. ERR_RANGE for an
 * instrument that is not in the setup and for a trade that would match at no price or with a
 * quantity below 0; one of quantity 0 (candles without volume) fills nothing. */
enum err matching_market_event(struct matching *m, const struct event *ev) MUST_CHECK;

/* The account as the venue sees it: everything, and the part that open orders bind. */
dec matching_balance(const struct matching *m, venue_id v, asset_id a);
dec matching_locked(const struct matching *m, venue_id v, asset_id a);
/* Orders that rest or are on their way. */
uint32_t matching_orders(const struct matching *m);

#endif

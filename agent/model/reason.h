/* Why an order was denied (by us) or rejected (by the venue): one stable code per reason.
 * Numbers are stored in journals, names are shown to people and in JSON: never renumber, never
 * rename. */
#ifndef TW_MODEL_REASON_H
#define TW_MODEL_REASON_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

/*          code, name,                    what it means */
#define REASON_TABLE(X)                                                                            \
    X(NONE, 0, "none")                                                                             \
    X(STATE_HALTED, 1, "trading state HALTED allows no new order")                                 \
    X(STATE_REDUCING, 2, "trading state REDUCING allows only orders that reduce exposure")         \
    X(INSTRUMENT_NOT_ALLOWED, 3, "instrument is not on the strategy's or the agent's allow-list")  \
    X(INSTRUMENT_STATUS, 4, "instrument is not trading, or its rules are not known yet")           \
    X(NO_REFERENCE, 5, "no reference price")                                                       \
    X(STALE_REFERENCE, 6, "the reference price is older than allowed")                             \
    X(FEED_INVALID, 7, "the feed of the instrument is stale or invalid")                           \
    X(PRICE_COLLAR, 8, "limit price too far on the aggressive side of the reference")              \
    X(TICK_SIZE, 9, "price is not a multiple of the tick size")                                    \
    X(LOT_SIZE, 10, "quantity is not a multiple of the lot size")                                  \
    X(MIN_QTY, 11, "quantity below the venue's minimum")                                           \
    X(MAX_QTY, 12, "quantity above the venue's maximum")                                           \
    X(MIN_NOTIONAL, 13, "order value below the venue's minimum")                                   \
    X(MAX_NOTIONAL, 14, "order value above the venue's maximum")                                   \
    X(PRICE_RANGE, 15, "price outside the venue's price filter")                                   \
    X(ORDER_VALUE, 16, "order value above max_order_value")                                        \
    X(ORDER_QTY, 17, "order quantity above max_order_qty")                                         \
    X(POSITION, 18, "position with open orders at their worst side above max_position_value")      \
    X(GROSS_EXPOSURE, 19, "gross exposure with open orders above max_gross_exposure")              \
    X(OPEN_ORDERS, 20, "too many open orders")                                                     \
    X(MESSAGE_RATE, 21, "too many messages per interval (a share is kept for cancels)")            \
    X(BUDGET, 22, "not enough free funds in the strategy's own ledger")                            \
    X(REDUCE_ONLY, 23, "reduce_only order larger than the position")                               \
    X(DAILY_LOSS, 24, "daily loss limit reached: REDUCING until a person acts")                    \
    X(DRAWDOWN, 25, "drawdown limit reached: HALTED until a person acts")                          \
    X(MALFORMED, 26, "the request itself is wrong: quantity, price, type or flags")                \
    X(OVERFLOW, 27, "a value leaves the range that can be computed exactly")                       \
    X(FLOOD, 28, "the strategy made more requests per event than allowed")                         \
    X(ORDER_TABLE_FULL, 29, "no room for another order")                                           \
    X(WOULD_TAKE, 30, "post-only order would have taken liquidity (venue)")                        \
    X(NOT_ENOUGH_FUNDS, 31, "the venue account has not enough free balance (venue)")               \
    X(VENUE_RULE, 32, "a venue rule was broken (venue)")                                           \
    X(NO_LIQUIDITY, 33, "nothing to trade against (venue)")                                        \
    X(UNKNOWN_ORDER, 34, "cancel for an order that is not open")                                   \
    X(OPERATOR, 35, "by operator command")                                                         \
    X(NO_MARK, 36, "equity cannot be valued: an asset has no price yet")                           \
    X(STRATEGY_ERROR, 37, "the strategy returned an error")                                        \
    X(BOOK_EXHAUSTED, 38, "the book had not enough quantity within the limits")                    \
    X(REPEATED_EXECUTION, 39,                                                                      \
      "more executions on one side within execution_interval than max_executions: strategy "       \
      "REDUCING until a person acts")                                                              \
    X(DUPLICATE, 40, "the same order was sent within duplicate_window and not taken back")         \
    X(SELF_TRADE, 41, "it could trade with an own order on the same market")                       \
    X(ASSET_EXPOSURE, 42, "exposure to one asset over all venues above max_asset_exposure")        \
    X(GROUP_EXPOSURE, 43, "exposure to a group of assets above its max_exposure")                  \
    X(PARENT, 44, "more than is left of the parent it names, or no such parent")                   \
    X(RESTING, 50, "the agent stops or starts: the strategy rests")                                \
    X(GUARD_LOSSES, 55, "too many losing closes: only orders that reduce, for a time")             \
    X(GUARD_COOLDOWN, 56, "cooldown after a close: only orders that reduce, for a time")           \
    X(GUARD_LOW_PROFIT, 57, "the result of late is too low: only orders that reduce, for a time")  \
    X(SCHEDULE, 58, "outside of the strategy's schedule: only orders that reduce")                 \
    X(PRICE_JUMP, 59, "the price jumped and is not confirmed: only orders that reduce")            \
    X(CROSS_SOURCE, 60, "another source has a different price: only orders that reduce")

enum reason {
#define X(name, number, text) REASON_##name = number,
    REASON_TABLE(X)
#undef X
};

/* "PRICE_COLLAR"; "?" for a number that is not in the table. */
const char *reason_name(enum reason r);
/* The sentence from the table. */
const char *reason_text(enum reason r);
/* Whether the number is in the table. */
bool reason_exists(unsigned number);

/* Whose limit it was. Stored in journals: never renumber. */
enum limit_scope {
    LIMIT_OF_NONE = 0, /* no limit of the configuration: form, venue rules, funds, states */
    LIMIT_OF_AGENT = 1,
    LIMIT_OF_VENUE = 2,
    LIMIT_OF_INSTRUMENT = 3,
    LIMIT_OF_STRATEGY = 4,
    LIMIT_OF_ASSET = 5, /* the agent's limit for one asset */
    LIMIT_OF_GROUP = 6, /* a [[risk_group]]'s */
};

const char *limit_scope_name(enum limit_scope s); /* "venue" */

/* A refusal says which limit, its value, and the order's value; zero where a reason has none; and
 * whose limit it was: the venue, instrument, strategy, asset or group of that index. */
struct denial {
    enum reason reason;
    dec limit, value;
    enum limit_scope scope;
    uint32_t index;
};

#endif

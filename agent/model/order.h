/* Orders and their life. States and words are those of docs/definitions.md.
 *
 *   intent -> denied | submitted -> accepted | rejected -> partially_filled -> filled
 *                                   | pending_cancel -> canceled | expired
 *             not_sent (bytes never left), in_doubt (no conclusive answer)
 */
#ifndef TW_MODEL_ORDER_H
#define TW_MODEL_ORDER_H

#include "base/decimal.h"
#include "model/instrument.h"

#include <stdbool.h>
#include <stdint.h>

/* Values are stored in journals: never renumber. */
enum side { SIDE_BUY = 1, SIDE_SELL = 2 };
enum order_type { ORDER_LIMIT = 1, ORDER_MARKET = 2 };
enum tif { TIF_GTC = 1, TIF_IOC = 2, TIF_FOK = 3 };
enum liquidity { LIQUIDITY_MAKER = 1, LIQUIDITY_TAKER = 2 };

enum order_state {
    ORDER_INTENT = 1,
    ORDER_DENIED = 2, /* terminal: by our risk manager or signer */
    ORDER_SUBMITTED = 3,
    ORDER_ACCEPTED = 4,
    ORDER_REJECTED = 5, /* terminal: by the venue */
    ORDER_PARTIALLY_FILLED = 6,
    ORDER_FILLED = 7, /* terminal */
    ORDER_PENDING_CANCEL = 8,
    ORDER_CANCELED = 9,  /* terminal */
    ORDER_EXPIRED = 10,  /* terminal */
    ORDER_NOT_SENT = 11, /* terminal: provably never handed to a socket */
    ORDER_IN_DOUBT = 12, /* counts as open at full size in every limit */
};

/* Our order id: the strategy's index in the top 16 bits, its running number (from 1) below. 0 is no
 * order. A venue codec turns it into the client order id text together with the instance tag. */
typedef uint64_t order_id;

static inline order_id order_id_make(strategy_id strategy, uint64_t seq)
{
    return (uint64_t)strategy << 48 | seq;
}
static inline strategy_id order_id_strategy(order_id id)
{
    return (strategy_id)(id >> 48);
}
static inline uint64_t order_id_seq(order_id id)
{
    return id & ((UINT64_C(1) << 48) - 1);
}

/* What a strategy asks for. */
struct order_request {
    instrument_id instrument;
    enum side side;
    enum order_type type;
    enum tif tif;
    bool post_only, reduce_only;
    dec price;    /* limit orders only, else zero */
    dec qty;      /* base */
    uint32_t tag; /* the strategy's own mark (grid: level number); returned in every event */
    bool repeat; /* the same order as one just sent is meant: risk does not take it for a mistake */
    uint64_t parent; /* id from intents_parent() that this order is a part of; 0: none */
};

struct order {
    order_id id;
    struct order_request req;
    strategy_id strategy;
    enum order_state state;
    dec filled_qty, filled_quote; /* sums over fills; quote is price times quantity, fees apart */
    dec reserved;                 /* what it still binds: quote for buys, base for sells */
    int64_t ts_submit_ns, ts_last_ns; /* engine time */
    uint64_t venue_order_id;          /* 0 until known */
    uint32_t fills;                   /* how many fills were booked */
};

const char *side_name(enum side s);               /* "buy" */
const char *order_type_name(enum order_type t);   /* "limit" */
const char *tif_name(enum tif t);                 /* "gtc" */
const char *order_state_name(enum order_state s); /* "partially_filled" */
const char *liquidity_name(enum liquidity l);     /* "maker" */

static inline enum side side_opposite(enum side s)
{
    return s == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

/* Terminal states absorb: whatever arrives later is merged, never followed. */
bool order_state_is_terminal(enum order_state s);

/* Whether a message that says [to] may move an order from [from]. Late and repeated messages
 * (accepted after partially_filled, canceled after filled ...) are not allowed moves: the caller
 * ignores and counts them. */
bool order_state_may_follow(enum order_state from, enum order_state to);

static inline dec order_open_qty(const struct order *o)
{
    return (dec){o->req.qty.v -
                 o->filled_qty.v}; /* filled_qty <= qty is an invariant of the engine */
}

#endif

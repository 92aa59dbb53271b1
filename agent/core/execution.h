/* The order table: every order of the run that is not terminal, and the newest terminal ones.
 *
 * Fixed pool; open orders are linked by age, over all, per strategy, and per instrument and side;
 * terminal ones are kept until their room is needed. Orders that are alike (risk's duplicates) are
 * found by a hash of what makes them so.
 */
#ifndef TW_CORE_EXECUTION_H
#define TW_CORE_EXECUTION_H

#include "base/err.h"
#include "model/order.h"

#define EXECUTION_ORDERS 4096 /* open and remembered terminal ones */
#define EXECUTION_HASH   8192 /* power of two, twice the orders */
#define EXECUTION_FILLS  4096 /* sets of four remembered fill ids */

#define SLOT_NONE UINT32_MAX

/* The lists an order is in. */
enum order_link {
    LINK_AGE,  /* all open ones, or the terminal ones */
    LINK_OWN,  /* open ones of the same strategy */
    LINK_SIDE, /* open ones of the same instrument and side */
    ORDER_LINKS
};

struct order_slot {
    struct order order;
    struct {
        uint32_t prev, next;
    } link[ORDER_LINKS];
    uint32_t hash_next;
    /* Both ways: orders that are equal are all in one list, and the oldest, at its end, is the one
     * that is forgotten. */
    uint32_t alike_prev, alike_next;
    dec realized;      /* by its fills, in the instrument's quote */
    bool cancel_asked; /* a cancel left, and the venue has not answered it by another state */
    bool at_venue;     /* the venue has shown it: it takes nothing any more */
    int64_t in_way_ns; /* since when it is in the way of an exit; INT64_MAX: it is not */
};

struct order_list {
    uint32_t first, last, count;
};

struct execution {
    struct order_slot *slot;  /* [EXECUTION_ORDERS] */
    uint32_t *bucket, *alike; /* [EXECUTION_HASH] */
    struct order_list open, terminal;
    struct order_list *own;  /* [strategies] open orders */
    struct order_list *side; /* [instruments][2] open orders: buys, then sells */
    uint32_t fresh;          /* slots never used yet begin here */
    struct {
        order_id id;
        uint64_t fill_id;
    } * fill;           /* [EXECUTION_FILLS * 4]: to recognise repeated fills */
    uint8_t *fill_next; /* [EXECUTION_FILLS] which of four is replaced next */
};

void execution_init(struct execution *x, uint32_t strategies, uint32_t instruments);

/* A new open order in state SUBMITTED; NULL where the table is full of open orders. */
struct order *execution_add(struct execution *x, const struct order *o);

struct order *execution_find(const struct execution *x, order_id id);

/* The slot an order of the table lies in. */
struct order_slot *execution_slot(struct order *o);

/* Moves the order, whose state has become terminal, to the remembered ones. */
void execution_close(struct execution *x, struct order *o);

/* The [n]th order of a list by age, linked by [link]; NULL past the end. O(n). */
const struct order *execution_nth(const struct execution *x, const struct order_list *list,
                                  enum order_link link, uint32_t n);

/* Open orders of an instrument on one side. */
const struct order_list *execution_side(const struct execution *x, instrument_id i, enum side side);

/* Orders of the table that may be like this one, newest first, until NULL: the same strategy,
 * instrument, side, type, price and quantity, and now and then another. [after]: NULL, or the one
 * before. */
const struct order *execution_alike(const struct execution *x, strategy_id s,
                                    const struct order_request *req, const struct order *after);

/* Whether this fill was seen before; remembers it. The newest four per hash set are remembered. */
bool execution_fill_seen(struct execution *x, order_id id, uint64_t fill_id);

#endif

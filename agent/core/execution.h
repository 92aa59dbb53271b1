/* The order table: every order of the run that is not terminal, and the newest terminal ones.
 *
 * Fixed pool; open orders are linked by age, over all and per strategy; terminal ones are kept
 * until their room is needed.
 */
#ifndef TW_CORE_EXECUTION_H
#define TW_CORE_EXECUTION_H

#include "base/err.h"
#include "model/order.h"

#define EXECUTION_ORDERS 4096 /* open and remembered terminal ones */
#define EXECUTION_HASH   8192 /* power of two, twice the orders */
#define EXECUTION_FILLS  4096 /* sets of four remembered fill ids */

#define SLOT_NONE UINT32_MAX

struct order_slot {
    struct order order;
    uint32_t prev, next;         /* open list by age, or the list of terminal ones by age */
    uint32_t own_prev, own_next; /* open orders of the same strategy */
    uint32_t hash_next;
    dec realized;      /* by its fills, in the instrument's quote */
    bool cancel_asked; /* a cancel left, and the venue has not answered it by another state */
};

struct order_list {
    uint32_t first, last, count;
};

struct execution {
    struct order_slot *slot; /* [EXECUTION_ORDERS] */
    uint32_t *bucket;        /* [EXECUTION_HASH] */
    struct order_list open, terminal;
    struct order_list *own; /* [strategies] open orders */
    uint32_t fresh;         /* slots never used yet begin here */
    struct {
        order_id id;
        uint64_t fill_id;
    } * fill;           /* [EXECUTION_FILLS * 4]: to recognise repeated fills */
    uint8_t *fill_next; /* [EXECUTION_FILLS] which of four is replaced next */
};

void execution_init(struct execution *x, uint32_t strategies);

/* A new open order in state SUBMITTED; NULL where the table is full of open orders. */
struct order *execution_add(struct execution *x, const struct order *o);

struct order *execution_find(const struct execution *x, order_id id);

/* The slot an order of the table lies in. */
struct order_slot *execution_slot(struct order *o);

/* Moves the order, whose state has become terminal, to the remembered ones. */
void execution_close(struct execution *x, struct order *o);

/* The [n]th open order by age, of one strategy or (own NULL) of all; NULL past the end. O(n). */
const struct order *execution_nth(const struct execution *x, const struct order_list *list,
                                  bool own, uint32_t n);

/* Whether this fill was seen before; remembers it. The newest four per hash set are remembered. */
bool execution_fill_seen(struct execution *x, order_id id, uint64_t fill_id);

#endif

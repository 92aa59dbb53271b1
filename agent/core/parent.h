/* Parents: what a strategy declared it means to trade in all, and what its orders took of that.
 *
 * A module apart from the strategies, so that one which loops cannot talk itself into more: what is
 * open and filled of a parent's children never exceeds the parent. Children in doubt count in full.
 */
#ifndef TW_CORE_PARENT_H
#define TW_CORE_PARENT_H

#include "model/order.h"
#include "model/reason.h"
#include "model/setup.h"

#include <stddef.h>

/* Remembered per strategy. The oldest without an open child gives way to a new one; where all have
 * open children, a new one is not taken. */
#define PARENTS_MAX 64

struct parent {
    uint64_t id; /* 0: free */
    instrument_id instrument;
    enum side side;
    dec qty;
    dec used;      /* open and filled of its children */
    uint32_t open; /* children that are not terminal */
};

struct parents {
    struct parent *item; /* [strategies][PARENTS_MAX] */
};

size_t parents_size(const struct setup *s);

/* False where it is not taken: a quantity or side that is none, or no room. */
bool parents_declare(struct parents *p, strategy_id s, uint64_t id, instrument_id i, enum side side,
                     dec qty);

/* Whether a request may be sent: it names no parent, or an own one of its instrument and side that
 * has so much left. Else *denial is filled. */
bool parents_allow(const struct parents *p, strategy_id s, const struct order_request *req,
                   struct denial *denial);

/* A child that parents_allow() let pass leaves now; it has ended, its open quantity is free again;
 * a fill came after its end. Orders without a parent, or whose parent is forgotten, are ignored. */
void parents_sent(struct parents *p, const struct order *o);
void parents_ended(struct parents *p, const struct order *o);
void parents_late_fill(struct parents *p, const struct order *o, dec qty);

#endif

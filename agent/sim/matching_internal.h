/* Shared by the files of the matching engine; nobody else includes it.
 *
 *   matching.c          requests: on their way, let in, cancelled
 *   matching_take.c     what a marketable order trades against, and what we took of it
 *   matching_rest.c     orders that rest, and the market events that reach them
 *   matching_account.c  balances, locks, fees, fills
 */
#ifndef TW_SIM_MATCHING_INTERNAL_H
#define TW_SIM_MATCHING_INTERNAL_H

#include "sim/matching.h"

#define NIL UINT32_MAX /* no slot, no entry */

enum slot_state { SLOT_FREE = 0, SLOT_PENDING, SLOT_RESTING };

/* An order from its submit until it is closed. */
struct slot {
    order_id id;
    uint64_t venue_order_id;
    dec price;  /* limit; zero for market orders */
    dec open;   /* quantity not filled yet */
    dec ahead;  /* queue model: what must trade at our price before us */
    dec locked; /* quote for buys, base for sells */
    instrument_id instrument;
    uint32_t next, prev; /* in its side's list, or the free list */
    uint32_t chain;      /* in its bucket */
    enum side side;
    enum order_type type;
    enum tif tif;
    enum slot_state state;
    bool post_only;
    bool cancel_pending; /* one cancel on its way is enough */
};

/* A request on its way to the venue. */
struct request {
    int64_t visible_ns;
    order_id id;
    uint32_t slot; /* NIL: a cancel */
};

/* What we took of a level since its last update. */
struct taken {
    dec price, qty;
    uint32_t next;
};

/* Orders that rest on one side of one instrument: best price first, then arrival. */
struct side_list {
    uint32_t head, tail;
};

struct market {
    /* The prices a trade must reach to concern us at all. */
    dec buy_at;  /* best resting buy; 0 for none */
    dec sell_at; /* best resting sell; DEC_MAX for none */
    struct side_list buys, sells;
    uint32_t taken_bids, taken_asks; /* lists of struct taken, best price first; NIL: empty */
    enum fill_model model;
    venue_id venue;
    asset_id base, quote;
    struct instrument_rules rules;
};

struct account {
    dec total, locked;
};

struct matching {
    const struct setup *setup;
    matching_market_fn *ask_market;
    matching_sink *sink;
    void *ctx;

    struct market *market; /* per instrument */
    struct slot *slot;
    uint32_t slots, slots_used, free_slot;
    uint32_t *bucket; /* heads of chains of slots, by id */
    uint32_t bucket_mask;

    struct request *request; /* ring, by time, then by order of arrival */
    uint32_t request_cap, request_head, requests;

    struct taken *taken;
    uint32_t free_taken, takens_free;

    uint64_t fills, venue_orders; /* running numbers */
    struct account account[SETUP_VENUES_MAX][SETUP_ASSETS_MAX];
};

/* ---- matching.c ---- */

/* Tells what became of an order. */
void matching_tell(struct matching *m, const struct slot *o, enum order_state state,
                   enum reason reason, int64_t ts_ns);
/* Gives back what the order locks, and its slot; a resting order must be unlinked before. */
void matching_release(struct matching *m, uint32_t slot);

/* ---- matching_account.c ---- */

dec matching_free(const struct matching *m, venue_id v, asset_id a);
/* Binds [amount] of the free balance to the order; false where there is not that much. */
bool matching_lock(struct matching *m, struct slot *o, dec amount);
void matching_unlock(struct matching *m, struct slot *o);
/* Books one fill and tells it. *ret_paid is false, and nothing happened, where the account cannot
 * pay: possible only by the units of 10^-18 that the rounding of several partial fills adds up to.
 */
enum err matching_fill(struct matching *m, struct slot *o, dec price, dec qty, enum liquidity l,
                       int64_t ts_ns, bool *ret_paid) MUST_CHECK;

/* ---- matching_take.c ---- */

/* What an order would take now. */
struct take_plan {
    bool known;      /* there is a book, a top or a last trade */
    bool cut;        /* more levels than can be remembered: the rest must not rest */
    dec qty;         /* what can be taken within the limit, at most the order's quantity */
    dec cost;        /* of that, in quote; for sells the proceeds */
    dec first_price; /* of the first level; 0 where there is none */
};
/* ERR_OVERFLOW where the cost cannot be computed. */
enum err matching_plan(struct matching *m, const struct slot *o, struct take_plan *ret) MUST_CHECK;
/* Takes what the plan found; *ret_paid as in matching_fill(). */
enum err matching_take(struct matching *m, struct slot *o, int64_t ts_ns,
                       bool *ret_paid) MUST_CHECK;
/* The market told these levels anew: what we took of them is history. */
void matching_forget(struct matching *m, struct market *k, const struct event *ev);

/* ---- matching_rest.c ---- */

/* Puts an order behind those of its price; queue model: behind what is displayed there. */
void matching_rest(struct matching *m, uint32_t slot);
void matching_unrest(struct matching *m, uint32_t slot);
/* A trade that reaches our best buy or sell. */
enum err matching_trade(struct matching *m, struct market *k, const struct event *ev) MUST_CHECK;
/* Queue model: what is displayed now bounds what is ahead of us. */
void matching_queue_forward(struct matching *m, struct market *k, const struct event *ev);

#endif

/* Between the files of the trading side of the exchange in a box; nobody else includes it. */
#ifndef TW_SIM_BOX_TRADING_PARTS_H
#define TW_SIM_BOX_TRADING_PARTS_H

#include "sim/box_trading.h"

static inline int box_side_index(enum side s)
{
    return s == SIDE_SELL;
}

static inline enum side box_other_side(enum side s)
{
    return s == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

/* What an order pays with. */
static inline int box_pays_asset(const struct box_trading *t, const struct box_order *o)
{
    const struct box_market *m = &t->market[o->symbol];
    return o->side == SIDE_BUY ? m->quote : m->base;
}

static inline bool box_is_limit(const struct box_order *o)
{
    return o->type == BOX_LIMIT || o->type == BOX_LIMIT_MAKER || o->type == BOX_STOP_LOSS_LIMIT ||
           o->type == BOX_TAKE_PROFIT_LIMIT;
}

static inline bool box_is_conditional(const struct box_order *o)
{
    return o->type == BOX_STOP_LOSS || o->type == BOX_TAKE_PROFIT ||
           o->type == BOX_STOP_LOSS_LIMIT || o->type == BOX_TAKE_PROFIT_LIMIT;
}

/* ---- box_match.c ---- */

/* What a marketable order would find, leaving out orders that self-trade prevention keeps from it.
 */
struct box_plan {
    dec qty, cost;
};
/* False on overflow. */
bool box_match_plan(const struct box_trading *t, const struct box_order *o, struct box_plan *ret);
/* The quantity that [o]'s quote_qty buys or sells, in whole lots of the symbol. */
bool box_match_quote_qty(const struct box_trading *t, const struct box_order *o, dec *ret);
/* Whether it would meet anything at once. */
bool box_match_would_take(const struct box_trading *t, const struct box_order *o);
/* Takes what it can, and rests or expires what is left. */
void box_match_enter(struct box_trading *t, struct box_order *o);
/* Conditional orders whose price the last trade reached enter. */
void box_match_trigger(struct box_trading *t, uint32_t symbol);
/* Whether the last trade has reached its stop price. */
bool box_match_is_due(const struct box_trading *t, const struct box_order *o);
/* Takes it off the book or off the waiting ones. */
void box_match_unlink(struct box_trading *t, struct box_order *o);
void box_match_wait(struct box_trading *t, struct box_order *o);

/* ---- box_settle.c ---- */

/* Binds funds; false where there are not enough. */
bool box_lock(struct box_trading *t, struct box_order *o, dec amount);
void box_unlock(struct box_trading *t, struct box_order *o);
/* Frees what a limit order binds beyond what its open rest can cost. */
void box_release_surplus(struct box_trading *t, struct box_order *o);
/* Moves free funds between accounts; false where there are not enough. */
bool box_transfer(struct box_trading *t, int asset, uint32_t from, uint32_t to, dec amount);
/* Money and goods of one fill of one side, its commission, its record, its counts and its user
 * events. [counter]: the other order, 0: the market. False: nothing happened, for want of memory or
 * funds. */
bool box_settle(struct box_trading *t, struct box_order *o, dec price, dec qty, bool maker,
                uint64_t counter, uint64_t trade);
/* Ends an order that is open: off the books, funds back. The caller tells it. */
void box_close(struct box_trading *t, struct box_order *o, enum box_status status,
               enum box_expiry why);

/* ---- box_lists.c ---- */

/* One leg of a list traded, began to work or ended: the other one ends. Nothing for an order
 * without a list. */
void box_list_react(struct box_trading *t, struct box_order *o, bool canceled);

/* ---- box_user_events.c ---- */

struct box_told {
    enum box_execution what;
    const struct box_fill *fill;       /* TRADE */
    const char *client_id;             /* CANCELED: the cancel's own */
    const struct box_prevented *match; /* TRADE_PREVENTION */
    const struct box_order *counter;   /* likewise */
    dec prevented;                     /* likewise: by this event */
};
/* executionReport, and outboundAccountPosition where balances changed. */
void box_tell_order(struct box_trading *t, const struct box_order *o, const struct box_told *told);
void box_tell_balances(struct box_trading *t, uint32_t account);
void box_tell_list(struct box_trading *t, const struct box_list *l);

#endif

/* Self-trade prevention: an order that could trade with one of ours, of whatever strategy and
 * account, is not sent (docs/definitions.md, "Risk values"). */
#include "core/risk_internal.h"

#include <string.h>

/* ---- the same market ---- */

static bool same_exchange(const struct venue_setup *a, const struct venue_setup *b)
{
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->exchange, b->exchange) == 0;
}

static bool same_market(const struct setup *s, instrument_id a, instrument_id b)
{
    const struct instrument *x = &s->instrument[a], *y = &s->instrument[b];
    return strcmp(x->symbol, y->symbol) == 0 &&
           (x->venue == y->venue || same_exchange(&s->venue[x->venue], &s->venue[y->venue]));
}

void risk_find_markets(struct risk *r)
{
    const struct setup *s = r->setup;
    for (instrument_id i = 0; i < s->instruments; i++) {
        r->same[i] = i;
        for (instrument_id k = 0; k < i; k++)
            if (same_market(s, k, i)) { /* into the ring behind the first one */
                r->same[i] = r->same[k];
                r->same[k] = i;
                break;
            }
    }
}

/* ---- whether two orders could trade with each other ---- */

static bool may_rest(const struct order_request *q)
{
    return q->type == ORDER_LIMIT && q->tif == TIF_GTC;
}

/* How far an order reaches: its limit; a market order as far as the book says, or, where there is
 * none, the venue's slippage beyond the last trade. False: as far as there is anything. */
static bool reach(const struct engine *e, const struct order_request *q, dec qty, dec *ret)
{
    const struct market_instrument *m = &e->market.item[q->instrument];
    dec price, more;
    if (q->type == ORDER_LIMIT) {
        *ret = q->price;
        return true;
    }
    if (m->feed != FEED_LIVE || !risk_reach(m, q->side, qty, &price))
        return false;
    if (m->has_top || m->has_book) {
        *ret = price;
        return true;
    }
    return dec_mul(price, e->setup->venue[m->in.venue].slippage, DEC_UP, &more) &&
           (q->side == SIDE_BUY ? dec_add(price, more, ret) : dec_sub(price, more, ret));
}

static bool could_trade(const struct subject *x, const struct order_slot *s)
{
    const struct order *o = &s->order;
    const struct order_request *q = x->req;
    /* A post-only order takes nothing: the venue rejects it where it would. What rests already
     * takes nothing either. What is under way, or in doubt, may do both. */
    bool takes = !q->post_only, is_taken = !o->req.post_only && !s->at_venue;
    if (!(takes && may_rest(&o->req)) && !(is_taken && may_rest(q)))
        return false;
    dec mine, theirs;
    if (!reach(x->e, q, q->qty, &mine) || !reach(x->e, &o->req, order_open_qty(o), &theirs))
        return true;
    return q->side == SIDE_BUY ? dec_ge(mine, theirs) : dec_le(mine, theirs);
}

/* How long an exit waits for one own order to end: a cancel that nobody answers, or an order in
 * doubt, must not keep a position open for good. */
#define IN_WAY_MAX_NS (10 * NS_SECOND)

/* Whether an order was in the way of an exit for so long that exits do not wait for it any more. */
static bool has_waited(const struct engine *e, struct order_slot *s)
{
    if (s->in_way_ns == INT64_MAX)
        s->in_way_ns = e->now_ns;
    return e->now_ns - s->in_way_ns >= IN_WAY_MAX_NS;
}

/* Looks at the open orders of the other side, on every account of the market. With cancel_resting,
 * and for an exit under any policy, each that is in the way is cancelled, as far as this step's
 * effects have room: a position must not stay open because of an entry that waits in its way. */
bool risk_self_trade(const struct subject *x)
{
    struct engine *e = x->e;
    enum self_trade policy = e->setup->risk.self_trade;
    if (policy != SELF_TRADE_DENY && policy != SELF_TRADE_CANCEL_RESTING)
        return true;
    dec price = DEC_ZERO;
    bool found = false, cancel = policy == SELF_TRADE_CANCEL_RESTING || x->reduces;
    instrument_id i = x->req->instrument;
    do {
        const struct order_list *l = execution_side(&e->execution, i, side_opposite(x->req->side));
        for (uint32_t k = l->first; k != SLOT_NONE; k = e->execution.slot[k].link[LINK_SIDE].next) {
            struct order_slot *s = &e->execution.slot[k];
            if (!could_trade(x, s) || (x->reduces && has_waited(e, s)))
                continue;
            if (!found)
                price = s->order.req.price;
            found = true;
            if (!cancel)
                break;
            if (!engine_effects_full(e))
                orders_cancel(e, &s->order);
        }
        i = e->risk->same[i];
    } while (i != x->req->instrument && !(found && !cancel));
    return !found || risk_deny_limit(x, &x->limits[0], REASON_SELF_TRADE, price, x->req->price);
}

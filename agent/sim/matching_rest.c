/* Orders that rest: sorted by price, then arrival, so that an event that reaches none of them costs
 * two comparisons. */
#include "sim/matching_internal.h"

static struct side_list *list_of(struct market *k, enum side side)
{
    return side == SIDE_BUY ? &k->buys : &k->sells;
}

/* Keeps the two prices that every trade is compared with. */
static void refresh(struct matching *m, struct market *k)
{
    k->buy_at = k->buys.head == NIL ? DEC_ZERO : m->slot[k->buys.head].price;
    k->sell_at = k->sells.head == NIL ? DEC_MAX : m->slot[k->sells.head].price;
}

/* What is displayed on the order's own side at its price, 0 where unknown. */
static dec displayed(struct matching *m, const struct slot *o)
{
    struct matching_market market = {0};
    m->ask_market(m->ctx, o->instrument, &market);
    bool buy = o->side == SIDE_BUY;
    if (market.book)
        return book_qty_at(buy ? &market.book->bid : &market.book->ask, o->price);
    if (market.top && dec_eq(o->price, buy ? market.top->bid_price : market.top->ask_price))
        return buy ? market.top->bid_qty : market.top->ask_qty;
    return DEC_ZERO;
}

/* Whether [a] goes before a later order at price [b]. */
static bool goes_before(enum side side, dec a, dec b)
{
    return side == SIDE_BUY ? dec_ge(a, b) : dec_le(a, b);
}

void matching_rest(struct matching *m, uint32_t slot)
{
    struct slot *o = &m->slot[slot];
    struct market *k = &m->market[o->instrument];
    struct side_list *l = list_of(k, o->side);
    o->ahead = k->model == FILL_QUEUE ? displayed(m, o) : DEC_ZERO;
    o->state = SLOT_RESTING;
    uint32_t after = l->tail;
    while (after != NIL && !goes_before(o->side, m->slot[after].price, o->price))
        after = m->slot[after].prev;
    o->prev = after;
    o->next = after == NIL ? l->head : m->slot[after].next;
    *(o->prev == NIL ? &l->head : &m->slot[o->prev].next) = slot;
    *(o->next == NIL ? &l->tail : &m->slot[o->next].prev) = slot;
    refresh(m, k);
}

void matching_unrest(struct matching *m, uint32_t slot)
{
    const struct slot *o = &m->slot[slot];
    struct market *k = &m->market[o->instrument];
    struct side_list *l = list_of(k, o->side);
    *(o->prev == NIL ? &l->head : &m->slot[o->prev].next) = o->next;
    *(o->next == NIL ? &l->tail : &m->slot[o->next].prev) = o->prev;
    refresh(m, k);
}

/* What of a trade one order may have: of [left], which our orders share. The whole print counts
 * against the quantity ahead of each order, since it is the market's that must trade first. */
static dec share_of(const struct market *k, struct slot *o, const struct event_trade *t, dec left)
{
    if (!dec_eq(t->price, o->price)) { /* through: nobody is left ahead of us */
        o->ahead = DEC_ZERO;
        return left;
    }
    if (k->model != FILL_QUEUE)
        return left;
    dec passed = dec_min(o->ahead, t->qty);
    o->ahead.v -= passed.v;
    return dec_min(left, (dec){t->qty.v - passed.v});
}

static bool is_reached(const struct market *k, const struct slot *o, dec price)
{
    if (dec_eq(price, o->price))
        return k->model != FILL_CROSS;
    return o->side == SIDE_BUY ? dec_lt(price, o->price) : dec_gt(price, o->price);
}

static enum err match_side(struct matching *m, struct market *k, enum side side,
                           const struct event *ev, dec *left)
{
    uint32_t i = list_of(k, side)->head;
    /* With nothing left of the print, it still moves us forward in the queue. */
    while (i != NIL && (dec_is_pos(*left) || k->model == FILL_QUEUE) &&
           is_reached(k, &m->slot[i], ev->trade.price)) {
        struct slot *o = &m->slot[i];
        uint32_t next = o->next;
        dec qty = dec_min(o->open, share_of(k, o, &ev->trade, *left));
        bool paid = true;
        if (dec_is_pos(qty)) {
            enum err e =
                matching_fill(m, o, o->price, qty, LIQUIDITY_MAKER, ev->ts_event_ns, &paid);
            if (e)
                return e;
            if (paid)
                left->v -= qty.v;
            else
                matching_tell(m, o, ORDER_EXPIRED, REASON_NOT_ENOUGH_FUNDS, ev->ts_event_ns);
        }
        if (!paid || dec_is_zero(o->open)) {
            matching_unrest(m, i);
            matching_release(m, i);
        }
        i = next;
    }
    return ERR_OK;
}

enum err matching_trade(struct matching *m, struct market *k, const struct event *ev)
{
    if (dec_is_neg(ev->trade.qty) || !dec_is_pos(ev->trade.price))
        return ERR_RANGE;
    if (dec_is_zero(ev->trade.qty))
        return ERR_OK; /* a print of a candle in which nothing was traded */
    dec left = ev->trade.qty;
    enum err e = match_side(m, k, SIDE_BUY, ev, &left);
    return e ? e : match_side(m, k, SIDE_SELL, ev, &left);
}

/* A depth event: changes leave every other level as it was; a snapshot tells every level down to
 * its worst, and nothing of those beyond. */
static void forward_by_book(struct matching *m, uint32_t head, const struct book_side *s,
                            bool snapshot)
{
    for (uint32_t i = head; i != NIL; i = m->slot[i].next) {
        struct slot *o = &m->slot[i];
        bool beyond = s->count == 0 || (s->is_bid ? dec_lt(o->price, s->level[0].price)
                                                  : dec_gt(o->price, s->level[0].price));
        if (dec_is_pos(o->ahead) && !(snapshot && beyond))
            o->ahead = dec_min(o->ahead, book_qty_at(s, o->price));
    }
}

/* A top of book: tells its level, and that there is nothing before it. */
static void forward_by_top(struct matching *m, uint32_t head, bool buy, dec price, dec qty)
{
    if (!dec_is_pos(price))
        return; /* an empty side tells nothing */
    for (uint32_t i = head; i != NIL; i = m->slot[i].next) {
        struct slot *o = &m->slot[i];
        if (buy ? dec_lt(o->price, price) : dec_gt(o->price, price))
            return; /* this and all that follow lie behind the top */
        o->ahead = dec_eq(o->price, price) ? dec_min(o->ahead, qty) : DEC_ZERO;
    }
}

void matching_queue_forward(struct matching *m, struct market *k, const struct event *ev)
{
    if (k->buys.head == NIL && k->sells.head == NIL)
        return;
    struct matching_market market = {0};
    m->ask_market(m->ctx, ev->instrument, &market);
    if (ev->kind == EVENT_BOOK && market.book) {
        forward_by_book(m, k->buys.head, &market.book->bid, ev->book.snapshot);
        forward_by_book(m, k->sells.head, &market.book->ask, ev->book.snapshot);
    } else if (ev->kind == EVENT_TOP && !market.book) {
        forward_by_top(m, k->buys.head, true, ev->top.bid_price, ev->top.bid_qty);
        forward_by_top(m, k->sells.head, false, ev->top.ask_price, ev->top.ask_qty);
    }
}

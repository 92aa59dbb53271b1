/* Orders meet: the replayed market's levels and the accounts' resting orders, best price first. */
#include "sim/box_trading_parts.h"

#include <stdlib.h>

/* ---- lists ---- */

static struct box_order **head_of(struct box_trading *t, const struct box_order *o)
{
    struct box_market *m = &t->market[o->symbol];
    return o->working ? &m->side[box_side_index(o->side)] : &m->waiting;
}

static bool is_linked(struct box_trading *t, const struct box_order *o)
{
    return o->prev || o->next || *head_of(t, o) == o;
}

void box_match_unlink(struct box_trading *t, struct box_order *o)
{
    if (!is_linked(t, o))
        return;
    *(o->prev ? &o->prev->next : head_of(t, o)) = o->next;
    if (o->next)
        o->next->prev = o->prev;
    o->next = o->prev = NULL;
}

/* Behind those that go before it: a better or equal price, or all the waiting ones. */
static void link_in(struct box_trading *t, struct box_order *o)
{
    struct box_order **at = head_of(t, o), *before = NULL;
    bool buy = o->side == SIDE_BUY;
    while (*at && (!o->working ||
                   (buy ? dec_ge((*at)->price, o->price) : dec_le((*at)->price, o->price)))) {
        before = *at;
        at = &before->next;
    }
    o->next = *at;
    o->prev = before;
    if (*at)
        (*at)->prev = o;
    *at = o;
}

void box_match_wait(struct box_trading *t, struct box_order *o)
{
    o->working = false;
    link_in(t, o);
}

/* ---- what was taken of the market ---- */

static dec taken_at(const struct box_market *m, int by, dec price)
{
    for (uint32_t i = 0; i < m->takens[by]; i++)
        if (dec_eq(m->taken[by][i].price, price))
            return m->taken[by][i].qty;
    return DEC_ZERO;
}

static bool take(struct box_market *m, int by, dec price, dec qty)
{
    for (uint32_t i = 0; i < m->takens[by]; i++)
        if (dec_eq(m->taken[by][i].price, price)) {
            m->taken[by][i].qty.v += qty.v; /* at most the level's quantity */
            return true;
        }
    if (m->takens[by] == BOX_TAKEN_MAX)
        return false;
    m->taken[by][m->takens[by]].price = price;
    m->taken[by][m->takens[by]++].qty = qty;
    return true;
}

void box_trading_levels(struct box_trading *t, uint32_t symbol, enum side of,
                        const struct level *level, uint32_t count)
{
    struct box_market *m = &t->market[symbol];
    int by = box_side_index(box_other_side(of)); /* bids are taken by sells */
    for (uint32_t k = 0; k < count && m->takens[by]; k++)
        for (uint32_t i = 0; i < m->takens[by]; i++)
            if (dec_eq(m->taken[by][i].price, level[k].price)) {
                m->taken[by][i] = m->taken[by][--m->takens[by]];
                break;
            }
}

/* ---- a walk over what an order meets ---- */

struct offer {
    dec price, qty;
    struct box_order *maker; /* NULL: the market */
};

struct walk {
    uint32_t level;          /* the next one of the market's */
    struct box_order *maker; /* the next one that rests */
};

static bool within(const struct box_order *o, dec price)
{
    return !box_is_limit(o) ||
           (o->side == SIDE_BUY ? dec_le(price, o->price) : dec_ge(price, o->price));
}

static struct walk walk_start(const struct box_trading *t, const struct box_order *o)
{
    return (struct walk){.maker =
                             t->market[o->symbol].side[box_side_index(box_other_side(o->side))]};
}

/* The best offer at the walk's place; the caller moves it on. */
static bool best_offer(const struct box_trading *t, const struct box_order *o, struct walk *w,
                       struct offer *ret)
{
    const struct box_market *m = &t->market[o->symbol];
    const struct book *book = &t->box->symbol[o->symbol]->book;
    bool buy = o->side == SIDE_BUY;
    const struct level *l;
    dec left = DEC_ZERO;
    for (;; w->level++) {
        l = book_nth(buy ? &book->ask : &book->bid, w->level);
        if (!l)
            break;
        left = (dec){l->qty.v - taken_at(m, box_side_index(o->side), l->price).v};
        if (dec_is_pos(left))
            break;
    }
    const struct box_order *k = w->maker;
    bool market = l && (!k || (buy ? dec_le(l->price, k->price) : dec_ge(l->price, k->price)));
    if (!market && !k)
        return false;
    *ret = market ? (struct offer){l->price, left, NULL}
                  : (struct offer){k->price, box_left(k), w->maker};
    return within(o, ret->price);
}

static void walk_on(struct walk *w, const struct offer *f)
{
    if (f->maker)
        w->maker = f->maker->next;
    else
        w->level++;
}

static bool same_owner(const struct box_trading *t, const struct box_order *a,
                       const struct box_order *b)
{
    const struct box_account *x = &t->account[a->account], *y = &t->account[b->account];
    return x == y || (x->trade_group >= 0 && x->trade_group == y->trade_group);
}

static bool is_prevented(const struct box_trading *t, const struct box_order *o,
                         const struct box_order *maker)
{
    return maker && o->stp != BOX_STP_NONE && same_owner(t, o, maker);
}

bool box_match_plan(const struct box_trading *t, const struct box_order *o, struct box_plan *ret)
{
    struct box_plan p = {0};
    struct walk w = walk_start(t, o);
    struct offer f;
    dec open = box_left(o);
    for (; dec_is_pos(open) && best_offer(t, o, &w, &f); walk_on(&w, &f)) {
        if (is_prevented(t, o, f.maker)) {
            if (o->stp == BOX_STP_EXPIRE_TAKER || o->stp == BOX_STP_EXPIRE_BOTH)
                break;
            continue;
        }
        dec value, qty = dec_min(open, f.qty);
        if (!dec_mul(f.price, qty, DEC_UP, &value) || !dec_add(p.cost, value, &p.cost))
            return false;
        open.v -= qty.v;
        p.qty.v += qty.v;
    }
    *ret = p;
    return true;
}

bool box_match_quote_qty(const struct box_trading *t, const struct box_order *o, dec *ret)
{
    dec step = t->market[o->symbol].rules.step, rest = o->quote_qty, sum = DEC_ZERO;
    struct walk w = walk_start(t, o);
    struct offer f;
    if (dec_is_zero(step))
        step = dec_from_i64(1, 8);
    for (; dec_is_pos(rest) && best_offer(t, o, &w, &f); walk_on(&w, &f)) {
        dec affordable, value;
        if (!dec_div(rest, f.price, DEC_DOWN, &affordable) ||
            !dec_round_to(affordable, step, DEC_DOWN, &affordable))
            return false;
        dec qty = dec_min(affordable, f.qty);
        if (!dec_mul(f.price, qty, DEC_UP, &value) || !dec_add(sum, qty, &sum))
            return false;
        rest.v -= dec_min(rest, value).v;
        if (dec_lt(qty, f.qty))
            break;
    }
    return dec_round_to(sum, step, DEC_DOWN, ret);
}

bool box_match_would_take(const struct box_trading *t, const struct box_order *o)
{
    struct walk w = walk_start(t, o);
    struct offer f;
    return best_offer(t, o, &w, &f);
}

/* ---- self-trade prevention ---- */

static const struct box_prevented *record(struct box_trading *t, const struct box_order *taker,
                                          const struct box_order *maker, enum box_stp mode)
{
    if (t->prevents == BOX_PREVENTED_MAX)
        return NULL;
    if (t->prevents == t->prevented_cap) {
        uint32_t cap = t->prevented_cap ? t->prevented_cap * 2 : 64;
        struct box_prevented *p = realloc(t->prevented, cap * sizeof *p);
        if (!p)
            return NULL;
        t->prevented = p;
        t->prevented_cap = cap;
    }
    struct box_prevented *p = &t->prevented[t->prevents];
    *p = (struct box_prevented){.id = t->prevents++,
                                .taker = taker->id,
                                .maker = maker->id,
                                .symbol = taker->symbol,
                                .group = t->account[taker->account].trade_group,
                                .mode = mode,
                                .price = maker->price,
                                .time_us = box_trading_now_us(t)};
    return p;
}

/* Takes [qty] away from an order; without a rest it ends. */
static void prevent_one(struct box_trading *t, struct box_order *o, const struct box_order *counter,
                        const struct box_prevented *p, dec qty)
{
    o->prevented.v += qty.v;
    o->prevented_match = (int64_t)p->id;
    if (dec_is_zero(box_left(o)))
        box_close(t, o, BOX_EXPIRED_IN_MATCH, BOX_EXPIRY_NONE);
    else
        box_release_surplus(t, o);
    o->updated_us = p->time_us;
    struct box_told told = {
        .what = BOX_X_TRADE_PREVENTION, .match = p, .counter = counter, .prevented = qty};
    box_tell_order(t, o, &told);
    if (!box_is_open(o))
        box_list_react(t, o, false);
}

/* Of two accounts of a group that both want it so, goods and money change hands all the same. */
static void transfer(struct box_trading *t, const struct box_order *o,
                     const struct box_order *maker, dec qty)
{
    const struct box_market *m = &t->market[o->symbol];
    uint32_t buyer = o->side == SIDE_BUY ? o->account : maker->account;
    uint32_t seller = o->side == SIDE_BUY ? maker->account : o->account;
    dec value;
    if (!dec_mul(maker->price, qty, DEC_UP, &value) ||
        !box_transfer(t, m->quote, buyer, seller, value))
        return;
    if (!box_transfer(t, m->base, seller, buyer, qty))
        (void)box_transfer(t, m->quote, seller, buyer, value);
    box_tell_balances(t, buyer);
    box_tell_balances(t, seller);
}

/* False: no room to record it, which ends the matching. */
static bool prevent(struct box_trading *t, struct box_order *o, struct box_order *maker)
{
    enum box_stp mode =
        o->stp == BOX_STP_TRANSFER && maker->stp != BOX_STP_TRANSFER ? BOX_STP_DECREMENT : o->stp;
    const struct box_prevented *made = record(t, o, maker, mode);
    if (!made)
        return false;
    struct box_prevented *p = &t->prevented[t->prevents - 1];
    dec both = dec_min(box_left(o), box_left(maker));
    bool shared = mode == BOX_STP_DECREMENT || mode == BOX_STP_TRANSFER;
    if (mode == BOX_STP_EXPIRE_TAKER || mode == BOX_STP_EXPIRE_BOTH || shared)
        p->taker_qty = shared ? both : box_left(o);
    if (mode == BOX_STP_EXPIRE_MAKER || mode == BOX_STP_EXPIRE_BOTH || shared)
        p->maker_qty = shared ? both : box_left(maker);
    const struct box_prevented match = *p;
    if (dec_is_pos(match.maker_qty))
        prevent_one(t, maker, o, &match, match.maker_qty);
    if (dec_is_pos(match.taker_qty))
        prevent_one(t, o, maker, &match, match.taker_qty);
    if (mode == BOX_STP_TRANSFER && o->account != maker->account)
        transfer(t, o, maker, both);
    return true;
}

/* ---- taking, resting ---- */

static bool trade_with(struct box_trading *t, struct box_order *o, const struct offer *f)
{
    struct box_market *m = &t->market[o->symbol];
    dec qty = dec_min(box_left(o), f->qty);
    if (!f->maker && !take(m, box_side_index(o->side), f->price, qty))
        return false;
    uint64_t trade = ++t->trades;
    m->has_last = true;
    m->last = f->price; /* also what commissions in a third asset are reckoned with */
    /* The taker first: only it can lack funds, and then nothing has happened. */
    if (!box_settle(t, o, f->price, qty, false, f->maker ? f->maker->id : 0, trade))
        return false;
    return !f->maker || box_settle(t, f->maker, f->price, qty, true, o->id, trade);
}

static void expire(struct box_trading *t, struct box_order *o, enum box_expiry why)
{
    box_close(t, o, BOX_EXPIRED, why);
    box_tell_order(t, o, &(struct box_told){.what = BOX_X_EXPIRED});
    box_list_react(t, o, false);
}

void box_match_enter(struct box_trading *t, struct box_order *o)
{
    struct box_plan plan;
    o->working = true;
    o->working_us = box_trading_now_us(t);
    if (o->tif == BOX_FOK && box_is_limit(o) &&
        (!box_match_plan(t, o, &plan) || dec_lt(plan.qty, box_left(o)))) {
        expire(t, o, BOX_EXPIRY_FOK);
        return;
    }
    struct walk w = walk_start(t, o);
    struct offer f;
    bool goes_on = true;
    while (goes_on && box_is_open(o) && best_offer(t, o, &w, &f)) {
        goes_on = is_prevented(t, o, f.maker) ? prevent(t, o, f.maker) : trade_with(t, o, &f);
        uint32_t level = w.level;
        w = walk_start(t, o); /* whoever rested there may be gone */
        w.level = level;
    }
    if (!box_is_open(o))
        return;
    if (!box_is_limit(o) || !goes_on)
        expire(t, o, BOX_EXPIRY_LIQUIDITY);
    else if (o->tif != BOX_GTC)
        expire(t, o, BOX_EXPIRY_IOC);
    else {
        o->rested = true;
        link_in(t, o);
    }
}

bool box_match_is_due(const struct box_trading *t, const struct box_order *o)
{
    const struct box_market *m = &t->market[o->symbol];
    bool loss = o->type == BOX_STOP_LOSS || o->type == BOX_STOP_LOSS_LIMIT;
    bool above = loss == (o->side == SIDE_BUY);
    return m->has_last && (above ? dec_ge(m->last, o->stop) : dec_le(m->last, o->stop));
}

/* What a conditional order needs when it begins to work: a leg of a list and a market buy bind
 * nothing before. */
static bool fund(struct box_trading *t, struct box_order *o)
{
    struct box_plan plan;
    dec need = box_left(o);
    if (o->side == SIDE_BUY && box_is_limit(o) && !dec_mul(o->price, box_left(o), DEC_UP, &need))
        return false;
    if (o->side == SIDE_BUY && !box_is_limit(o)) {
        if (!box_match_plan(t, o, &plan))
            return false;
        need = plan.cost;
    }
    return dec_le(need, o->locked) || box_lock(t, o, (dec){need.v - o->locked.v});
}

void box_match_trigger(struct box_trading *t, uint32_t symbol)
{
    struct box_order *o = t->market[symbol].waiting;
    while (o) {
        if (!box_match_is_due(t, o)) {
            o = o->next;
            continue;
        }
        box_match_unlink(t, o);
        o->working = true;
        o->was_conditional = true;
        o->working_us = o->updated_us = box_trading_now_us(t);
        box_list_react(t, o, false);
        if (fund(t, o)) {
            box_tell_order(t, o, &(struct box_told){.what = BOX_X_NEW});
            box_match_enter(t, o);
        } else {
            expire(t, o, BOX_EXPIRY_REJECTED);
        }
        o = t->market[symbol].waiting; /* its trades may have moved the last price */
    }
}

/* ---- a trade of the market ---- */

static bool is_reached(const struct box_trading *t, const struct box_order *o, dec price)
{
    if (dec_eq(price, o->price))
        return t->model == BOX_TOUCH;
    return o->side == SIDE_BUY ? dec_lt(price, o->price) : dec_gt(price, o->price);
}

void box_trading_print(struct box_trading *t, uint32_t symbol, dec price, dec qty)
{
    struct box_market *m = &t->market[symbol];
    dec left = qty;
    m->has_last = true;
    m->last = price;
    for (int side = 0; side < 2; side++)
        for (struct box_order *o = m->side[side];
             o && dec_is_pos(left) && is_reached(t, o, price);) {
            dec part = dec_min(left, box_left(o));
            uint64_t trade = ++t->trades;
            if (!box_settle(t, o, o->price, part, true, 0, trade))
                break;
            left.v -= part.v;
            o = m->side[side]; /* who was filled is gone */
        }
    if (m->waiting)
        box_match_trigger(t, symbol);
}

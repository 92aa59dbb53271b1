/* Money: what orders bind, what fills move, what they cost, and how orders end. */
#include "sim/box_trading_parts.h"

#include <stdlib.h>
#include <string.h>

#define MAKER_BONUS 5 /* the unfilled count falls by this with a first fill as maker, else by 1 */

static struct box_balance *balance_of(struct box_trading *t, uint32_t account, int asset)
{
    t->account[account].known[asset] = true;
    return &t->account[account].balance[asset];
}

bool box_lock(struct box_trading *t, struct box_order *o, dec amount)
{
    struct box_balance *b = balance_of(t, o->account, box_pays_asset(t, o));
    if (dec_gt(amount, b->free))
        return false;
    b->free.v -= amount.v;
    b->locked.v += amount.v;
    o->locked.v += amount.v;
    return true;
}

void box_unlock(struct box_trading *t, struct box_order *o)
{
    struct box_balance *b = balance_of(t, o->account, box_pays_asset(t, o));
    b->free.v += o->locked.v;
    b->locked.v -= o->locked.v;
    o->locked = DEC_ZERO;
}

void box_release_surplus(struct box_trading *t, struct box_order *o)
{
    struct box_balance *b = balance_of(t, o->account, box_pays_asset(t, o));
    dec target = box_left(o);
    if (!box_is_limit(o) ||
        (o->side == SIDE_BUY && !dec_mul(o->price, box_left(o), DEC_UP, &target)))
        return;
    dec surplus = {o->locked.v - dec_min(o->locked, target).v};
    o->locked.v -= surplus.v;
    b->locked.v -= surplus.v;
    b->free.v += surplus.v;
}

bool box_transfer(struct box_trading *t, int asset, uint32_t from, uint32_t to, dec amount)
{
    struct box_balance *out = balance_of(t, from, asset), *in = balance_of(t, to, asset);
    dec sum;
    if (dec_gt(amount, out->free) || !dec_add(in->free, amount, &sum))
        return false;
    in->free = sum;
    out->free.v -= amount.v;
    return true;
}

/* ---- commission ---- */

/* Turns an amount of [from] into [to] at the last price of a symbol that has both. */
static bool convert(struct box_trading *t, int from, int to, dec amount, dec *ret)
{
    for (uint32_t i = 0; i < t->box->symbols; i++) {
        if (!box_trading_market(t, i) || !t->market[i].has_last || !dec_is_pos(t->market[i].last))
            continue;
        const struct box_market *m = &t->market[i];
        if (m->base == to && m->quote == from)
            return dec_div(amount, m->last, DEC_UP, ret);
        if (m->base == from && m->quote == to)
            return dec_mul(amount, m->last, DEC_UP, ret);
    }
    return false;
}

/* The commission on [amount] of what was received; in *asset what it is paid in. */
static dec commission_of(struct box_trading *t, const struct box_account *a, dec amount,
                         int received, bool maker, int *asset)
{
    dec rate = maker ? a->maker : a->taker, fee, kept, other;
    const dec smallest = dec_from_i64(1, 8);
    *asset = received;
    if (dec_is_zero(rate))
        return DEC_ZERO;
    if (a->fee_asset >= 0 && a->fee_asset != received && dec_sub(DEC_ONE, a->fee_discount, &kept) &&
        dec_mul(rate, kept, DEC_UP, &kept) && dec_mul(amount, kept, DEC_UP, &fee) &&
        convert(t, received, a->fee_asset, fee, &other) &&
        dec_round_to(other, smallest, DEC_CEIL, &other) &&
        dec_le(other, a->balance[a->fee_asset].free)) {
        *asset = a->fee_asset;
        return other;
    }
    if (!dec_mul(amount, rate, DEC_UP, &fee) || !dec_round_to(fee, smallest, DEC_CEIL, &fee))
        return amount; /* cannot be: rates are below 1 */
    return dec_min(fee, amount);
}

/* ---- fills ---- */

static struct box_fill *new_fill(struct box_trading *t)
{
    if (t->fills == BOX_FILLS_MAX)
        return NULL;
    if (t->fills == t->fill_cap) {
        uint32_t cap = t->fill_cap ? t->fill_cap * 2 : 256;
        struct box_fill *p = realloc(t->fill, cap * sizeof *p);
        if (!p)
            return NULL;
        t->fill = p;
        t->fill_cap = cap;
    }
    return &t->fill[t->fills];
}

/* A first fill makes room for new orders. */
static void count_fill(struct box_trading *t, struct box_order *o, bool maker)
{
    struct box_account *a = &t->account[o->account];
    uint32_t less = maker ? MAKER_BONUS : 1;
    for (int i = 0; i < 2 && !o->filled_once; i++) {
        uint32_t n = box_unfilled(t, o->account, i);
        a->unfilled[i] = n > less ? n - less : 0;
    }
    o->filled_once = true;
}

/* An order that is not open any more. */
static void retire(struct box_trading *t, struct box_order *o)
{
    struct box_account *a = &t->account[o->account];
    box_match_unlink(t, o);
    box_unlock(t, o);
    *(o->open_prev ? &o->open_prev->open_next : &a->open) = o->open_next;
    if (o->open_next)
        o->open_next->open_prev = o->open_prev;
    o->open_next = o->open_prev = NULL;
    a->open_count--;
}

bool box_settle(struct box_trading *t, struct box_order *o, dec price, dec qty, bool maker,
                uint64_t counter, uint64_t trade)
{
    const struct box_market *m = &t->market[o->symbol];
    bool buy = o->side == SIDE_BUY;
    dec amount, cost;
    struct box_fill *f = new_fill(t);
    if (!f || !dec_mul(price, qty, DEC_UP, &amount) || !dec_add(o->cost, amount, &cost))
        return false;
    dec pay = buy ? amount : qty, get = buy ? qty : amount;
    struct box_balance *out = balance_of(t, o->account, buy ? m->quote : m->base);
    struct box_balance *in = balance_of(t, o->account, buy ? m->base : m->quote);
    /* The order's own funds first; a market order may need some of what is free. */
    dec bound = dec_min(o->locked, pay), extra = {pay.v - bound.v};
    dec have;
    if (dec_gt(extra, out->free) || !dec_add(in->free, get, &have))
        return false;
    o->locked.v -= bound.v;
    out->locked.v -= bound.v;
    out->free.v -= extra.v;
    in->free = have;
    o->executed.v += qty.v;
    o->cost = cost;
    box_release_surplus(t, o);
    struct box_account *a = &t->account[o->account];
    int fee_asset;
    dec fee = commission_of(t, a, get, buy ? m->base : m->quote, maker, &fee_asset);
    balance_of(t, o->account, fee_asset)->free.v -= fee.v;
    int64_t now = box_trading_now_us(t);
    *f = (struct box_fill){.id = trade,
                           .order = o->id,
                           .counter_order = counter,
                           .account = o->account,
                           .symbol = o->symbol,
                           .side = o->side,
                           .maker = maker,
                           .price = price,
                           .qty = qty,
                           .quote_qty = amount,
                           .commission = fee,
                           .commission_asset = fee_asset,
                           .time_us = now};
    t->fills++;
    o->status = dec_is_zero(box_left(o)) ? BOX_FILLED : BOX_PARTIALLY_FILLED;
    if (dec_is_pos(o->prevented) && o->status == BOX_FILLED)
        o->status = BOX_EXPIRED_IN_MATCH;
    o->updated_us = now;
    count_fill(t, o, maker);
    struct box_told told = {.what = BOX_X_TRADE, .fill = f};
    if (!box_is_open(o))
        retire(t, o);
    box_tell_order(t, o, &told);
    box_list_react(t, o, false);
    return true;
}

void box_close(struct box_trading *t, struct box_order *o, enum box_status status,
               enum box_expiry why)
{
    retire(t, o);
    o->status = status;
    o->expiry = why;
    o->updated_us = box_trading_now_us(t);
}

#include "core/ledger.h"

#include "base/check.h"

struct balance *ledger_balance(const struct ledger *l, strategy_id s, venue_id v, asset_id a)
{
    const struct setup *st = l->setup;
    uint32_t row = s == STRATEGY_NONE ? st->strategies : s;
    CHECK(row <= st->strategies && v < st->venues && a < st->assets);
    return &l->balance[((size_t)row * st->venues + v) * st->assets + a];
}

struct holding *ledger_holding(const struct ledger *l, strategy_id s, instrument_id i)
{
    CHECK(s < l->setup->strategies && i < l->setup->instruments);
    return &l->holding[(size_t)s * l->setup->instruments + i];
}

dec ledger_free(const struct ledger *l, strategy_id s, venue_id v, asset_id a)
{
    const struct balance *b = ledger_balance(l, s, v, a);
    dec free_now = DEC_ZERO;
    if (!dec_sub(b->total, b->reserved, &free_now) || dec_is_neg(free_now))
        return DEC_ZERO;
    return free_now;
}

/* Adds to a sub-ledger and to the account it is a part of. */
static enum err change(struct ledger *l, strategy_id s, venue_id v, asset_id a, dec amount)
{
    struct balance *b = ledger_balance(l, s, v, a);
    dec *account = &l->account[(size_t)v * l->setup->assets + a];
    dec total, sum;
    if (!dec_add(b->total, amount, &total) || !dec_add(*account, amount, &sum))
        return ERR_OVERFLOW;
    b->total = total;
    *account = sum;
    return ERR_OK;
}

/* Moves from nobody's part to a strategy's. */
static enum err allot(struct ledger *l, strategy_id s, venue_id v, asset_id a, dec amount)
{
    if (dec_gt(amount, ledger_free(l, STRATEGY_NONE, v, a)))
        return ERR_RANGE;
    enum err e = change(l, STRATEGY_NONE, v, a, dec_neg(amount));
    return e ? e : change(l, s, v, a, amount);
}

enum err ledger_open(struct ledger *l)
{
    const struct setup *st = l->setup;
    for (uint32_t i = 0; i < st->balances; i++) {
        enum err e = change(l, STRATEGY_NONE, st->balance[i].venue, st->balance[i].asset,
                            st->balance[i].amount);
        if (e)
            return e;
    }
    for (strategy_id s = 0; s < st->strategies; s++) {
        struct allotment a[STRATEGY_ASSETS_MAX];
        uint32_t n = setup_allotments(st, s, a);
        for (uint32_t i = 0; i < n; i++) {
            enum err e = allot(l, s, a[i].venue, a[i].asset, a[i].amount);
            if (e)
                return e;
            instrument_id of = setup_inventory_instrument(st, s, a[i].venue, a[i].asset);
            if (of != INSTRUMENT_NONE)
                ledger_holding(l, s, of)->inventory = a[i].amount;
        }
    }
    return ERR_OK;
}

enum err ledger_book_inventory(struct ledger *l, instrument_id i, dec mark)
{
    for (strategy_id s = 0; s < l->setup->strategies; s++) {
        struct holding *h = ledger_holding(l, s, i);
        if (dec_is_zero(h->inventory))
            continue;
        dec cost, qty, position;
        if (!dec_mul(h->inventory, mark, DEC_UP, &cost) || !dec_add(h->cost, cost, &cost) ||
            !dec_add(h->qty, h->inventory, &qty) ||
            !dec_add(l->exposure[i].position, h->inventory, &position))
            return ERR_OVERFLOW;
        h->cost = cost;
        h->qty = qty;
        l->exposure[i].position = position;
        h->inventory = DEC_ZERO;
    }
    return ERR_OK;
}

bool ledger_awaits_mark(const struct ledger *l, strategy_id s, instrument_id i)
{
    uint32_t first = s == STRATEGY_NONE ? 0 : s;
    uint32_t end = s == STRATEGY_NONE ? l->setup->strategies : s + 1u;
    for (uint32_t k = first; k < end; k++)
        if (!dec_is_zero(ledger_holding(l, (strategy_id)k, i)->inventory))
            return true;
    return false;
}

static struct balance *bound_balance(const struct ledger *l, const struct order *o)
{
    const struct instrument *in = &l->setup->instrument[o->req.instrument];
    return ledger_balance(l, o->strategy, in->venue,
                          o->req.side == SIDE_BUY ? in->quote : in->base);
}

enum err ledger_reserve(struct ledger *l, const struct order *o, dec amount)
{
    struct balance *b = bound_balance(l, o);
    dec r;
    if (!dec_add(b->reserved, amount, &r))
        return ERR_OVERFLOW;
    b->reserved = r;
    return ERR_OK;
}

enum err ledger_release(struct ledger *l, const struct order *o, dec amount)
{
    struct balance *b = bound_balance(l, o);
    CHECK(dec_ge(b->reserved, amount));
    return ledger_reserve(l, o, dec_neg(amount));
}

enum err ledger_open_qty(struct ledger *l, const struct order *o, dec change_qty)
{
    struct holding *h = ledger_holding(l, o->strategy, o->req.instrument);
    struct instrument_exposure *x = &l->exposure[o->req.instrument];
    bool buy = o->req.side == SIDE_BUY;
    dec *own = buy ? &h->open_buy : &h->open_sell, *all = buy ? &x->open_buy : &x->open_sell;
    dec a, b;
    if (!dec_add(*own, change_qty, &a) || !dec_add(*all, change_qty, &b))
        return ERR_OVERFLOW;
    CHECK(!dec_is_neg(a) && !dec_is_neg(b));
    *own = a;
    *all = b;
    return ERR_OK;
}

static enum err fill_buy(struct holding *h, struct instrument_exposure *x, dec received, dec cost)
{
    dec qty, sum, position;
    if (!dec_add(h->qty, received, &qty) || !dec_add(h->cost, cost, &sum) ||
        !dec_add(x->position, received, &position))
        return ERR_OVERFLOW;
    h->qty = qty;
    h->cost = sum;
    x->position = position;
    return ERR_OK;
}

/* [net]: proceeds less fees. What is sold beyond the position (opening balances) has no cost of its
 * own. */
static enum err fill_sell(struct holding *h, struct instrument_exposure *x, dec sold, dec net,
                          dec *realized)
{
    dec from_position = dec_min(sold, h->qty), taken = h->cost;
    if (dec_lt(from_position, h->qty) &&
        !dec_mul_div(h->cost, from_position, h->qty, DEC_UP, &taken))
        return ERR_OVERFLOW;
    dec result, sum, position;
    if (!dec_sub(net, taken, &result) || !dec_add(h->realized, result, &sum) ||
        !dec_sub(x->position, from_position, &position))
        return ERR_OVERFLOW;
    h->qty.v -= from_position.v;
    h->cost.v -= taken.v;
    h->realized = sum;
    x->position = position;
    *realized = result;
    return ERR_OK;
}

/* A fill on a cross: the asset given away is sold at its home, the one received bought at its own,
 * both for what moved of the cross's quote at [mark]. */
static enum err fill_cross(struct ledger *l, strategy_id s, const instrument_id home[2], dec base,
                           dec quote, dec fee_value, dec mark, dec *realized)
{
    bool buy = dec_is_pos(base);
    instrument_id sold = home[buy], bought = home[!buy];
    dec value, fee, net, result;
    if (!dec_mul(dec_abs(quote), mark, DEC_DOWN, &value) ||
        !dec_mul(fee_value, mark, DEC_UP, &fee) || !dec_sub(value, fee, &net))
        return ERR_OVERFLOW;
    enum err e = fill_sell(ledger_holding(l, s, sold), &l->exposure[sold],
                           dec_abs(buy ? quote : base), net, &result);
    if (!e)
        e = fill_buy(ledger_holding(l, s, bought), &l->exposure[bought],
                     dec_abs(buy ? base : quote), value);
    if (!e && !dec_div(result, mark, DEC_FLOOR, realized))
        e = ERR_OVERFLOW;
    return e;
}

enum err ledger_fill(struct ledger *l, const struct order *o, const struct event_fill *fill,
                     dec fee_value, dec mark, dec *ret_realized)
{
    const struct instrument *in = &l->setup->instrument[o->req.instrument];
    struct holding *h = ledger_holding(l, o->strategy, o->req.instrument);
    struct instrument_exposure *x = &l->exposure[o->req.instrument];
    instrument_id home[2];
    bool buy = o->req.side == SIDE_BUY;
    /* A fee is taken from what was received, or it is a third asset's: paid from nobody's part. */
    bool third = fill->fee_asset != (buy ? in->base : in->quote);
    dec fee_base = buy && !third ? fill->fee : DEC_ZERO;
    dec fee_quote = !buy && !third ? fill->fee : DEC_ZERO;
    dec gross, base, quote, realized = DEC_ZERO;
    if (!dec_mul(fill->price, fill->qty, buy ? DEC_UP : DEC_DOWN, &gross))
        return ERR_OVERFLOW;
    if (!dec_sub(buy ? fill->qty : dec_neg(fill->qty), fee_base, &base) ||
        !dec_sub(buy ? dec_neg(gross) : gross, fee_quote, &quote))
        return ERR_OVERFLOW;
    enum err e = change(l, o->strategy, in->venue, in->base, base);
    if (!e)
        e = change(l, o->strategy, in->venue, in->quote, quote);
    if (!e && third)
        e = change(l, STRATEGY_NONE, in->venue, fill->fee_asset, dec_neg(fill->fee));
    if (e)
        return e;
    if (dec_is_pos(mark) && setup_is_cross(l->setup, o->strategy, o->req.instrument, home)) {
        e = fill_cross(l, o->strategy, home, base, quote, third ? fee_value : DEC_ZERO, mark,
                       &realized);
        if (!e)
            *ret_realized = realized;
        return e;
    }
    dec worth; /* what the position costs, or what selling it brought, fees included */
    if (!dec_sub(quote, third ? fee_value : DEC_ZERO, &worth))
        return ERR_OVERFLOW;
    e = buy ? fill_buy(h, x, base, dec_neg(worth))
            : fill_sell(h, x, dec_neg(base), worth, &realized);
    if (e)
        return e;
    *ret_realized = realized;
    return ERR_OK;
}

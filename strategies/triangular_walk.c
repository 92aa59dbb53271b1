#include "triangular_walk.h"

/* Smallest unit of a fee where the instrument says nothing. */
#define FEE_PRECISION ((dec){(i128)10000000000}) /* 1e-8 */

bool triangle_allowed(const struct instrument_rules *r, dec qty, dec limit)
{
    dec notional;
    if (r->status != INSTRUMENT_TRADING || !dec_is_pos(qty) || !dec_is_pos(limit) ||
        dec_lt(qty, r->min_qty) || (dec_is_pos(r->max_qty) && dec_gt(qty, r->max_qty)) ||
        dec_lt(limit, r->min_price) || (dec_is_pos(r->max_price) && dec_gt(limit, r->max_price)))
        return false;
    return dec_mul(limit, qty, DEC_DOWN, &notional) && dec_ge(notional, r->min_notional) &&
           !(dec_is_pos(r->max_notional) && dec_gt(notional, r->max_notional));
}

/* What [amount] pays for at [limit], rounded down to the lot. */
static bool affordable(const struct instrument *in, enum side side, dec amount, dec limit, dec *ret)
{
    dec qty = amount;
    if (side == SIDE_BUY && !dec_div(amount, limit, DEC_DOWN, &qty))
        return false;
    return dec_round_to(qty, in->rules.lot_size, DEC_DOWN, ret);
}

bool triangle_size(const struct instrument *in, enum side side, dec amount, dec limit, dec *ret)
{
    dec qty, most;
    if (in->rules.status != INSTRUMENT_TRADING || !dec_is_pos(amount) || !dec_is_pos(limit) ||
        !affordable(in, side, amount, limit, &qty))
        return false;
    if (dec_is_pos(in->rules.max_qty)) {
        if (!dec_round_to(in->rules.max_qty, in->rules.lot_size, DEC_DOWN, &most))
            return false;
        qty = dec_min(qty, most);
    }
    if (!triangle_allowed(&in->rules, qty, limit))
        return false;
    *ret = qty;
    return true;
}

static bool level_at(const struct triangle_leg *leg, uint32_t n, struct level *ret)
{
    const struct level *l = n == 0 ? &leg->one : NULL;
    if (leg->levels)
        l = n < leg->levels_max ? book_nth(leg->levels, n) : NULL;
    if (!l || !dec_is_pos(l->price) || !dec_is_pos(l->qty))
        return false;
    *ret = *l;
    return true;
}

/* A level's price as the limit of an order that reaches it. */
static bool limit_at(const struct triangle_leg *leg, dec price, dec *ret)
{
    return dec_round_to(price, leg->in->rules.tick_size,
                        leg->side == SIDE_BUY ? DEC_CEIL : DEC_FLOOR, ret);
}

/* How much the order is of, and at which limit. Deeper levels give more quantity at worse prices: a
 * buy ends at the level that has all that the amount pays for there, or before it, where the worse
 * price would buy less. */
static bool choose(const struct triangle_leg *leg, dec amount, dec *ret_qty, dec *ret_limit)
{
    dec seen = DEC_ZERO, best = DEC_ZERO, best_limit = DEC_ZERO;
    struct level l;
    for (uint32_t n = 0; level_at(leg, n, &l); n++) {
        dec limit, wanted, shown;
        if (!limit_at(leg, l.price, &limit) || !dec_is_pos(limit) ||
            !affordable(leg->in, leg->side, amount, limit, &wanted))
            return false;
        if (!dec_add(seen, l.qty, &seen))
            seen = DEC_MAX;
        shown = wanted; /* as much of it as is displayed up to here */
        if (dec_gt(wanted, seen) && !dec_round_to(seen, leg->in->rules.lot_size, DEC_DOWN, &shown))
            return false;
        if (dec_gt(shown, best)) {
            best = shown;
            best_limit = limit;
        }
        if (dec_ge(seen, wanted)) {
            *ret_qty = best;
            *ret_limit = best_limit;
            return dec_is_pos(best);
        }
    }
    return false; /* the levels end before the amount is traded */
}

static dec precision(dec told)
{
    return dec_is_pos(told) ? told : FEE_PRECISION;
}

/* One fill of the walk, as the matching engine books it. */
static bool add_fill(const struct triangle_leg *leg, dec price, dec qty, struct triangle_step *s)
{
    const struct instrument_rules *r = &leg->in->rules;
    bool buy = leg->side == SIDE_BUY;
    dec value, fee = DEC_ZERO, got;
    if (!dec_mul(price, qty, buy ? DEC_UP : DEC_DOWN, &value))
        return false;
    got = buy ? qty : value;
    if (!leg->fee_apart &&
        (!dec_mul(got, leg->fee, DEC_UP, &fee) ||
         !dec_round_to(fee, precision(buy ? r->base_precision : r->quote_precision), DEC_CEIL,
                       &fee)))
        return false;
    got.v -= dec_min(fee, got).v;
    return dec_add(s->spent, buy ? value : qty, &s->spent) &&
           dec_add(s->received, got, &s->received);
}

bool triangle_walk(const struct triangle_leg *leg, dec amount, struct triangle_step *ret)
{
    const struct instrument_rules *r = &leg->in->rules;
    struct triangle_step s = {.qty = DEC_ZERO};
    if (r->status != INSTRUMENT_TRADING || !dec_is_pos(amount) ||
        !choose(leg, amount, &s.qty, &s.limit) || !triangle_allowed(r, s.qty, s.limit))
        return false;
    s.bound = s.qty;
    if (leg->side == SIDE_BUY && !dec_mul(s.qty, s.limit, DEC_UP, &s.bound))
        return false;
    if (dec_gt(s.bound, leg->funds))
        return false;
    dec left = s.qty;
    struct level l;
    for (uint32_t n = 0; dec_is_pos(left) && level_at(leg, n, &l); n++) {
        dec part = dec_min(left, l.qty);
        if (!add_fill(leg, l.price, part, &s))
            return false;
        left.v -= part.v;
    }
    *ret = s;
    return true;
}

/* Fees paid apart, in the start asset: each leg's rate of what moves in it, the second's of the
 * greater of the two known amounts. */
static bool fees_apart(const struct triangle_leg leg[static 3], dec first, dec last, dec *ret)
{
    const dec moved[3] = {first, dec_max(first, last), last};
    dec sum = DEC_ZERO, fee;
    for (int k = 0; k < 3; k++)
        if (leg[k].fee_apart &&
            (!dec_mul(moved[k], leg[k].fee, DEC_UP, &fee) || !dec_add(sum, fee, &sum)))
            return false;
    *ret = sum;
    return true;
}

bool triangle_evaluate(const struct triangle_leg leg[static 3], dec amount,
                       struct triangle_plan *ret)
{
    struct triangle_plan p;
    dec fees;
    for (int k = 0; k < 3; k++)
        if (!triangle_walk(&leg[k], k ? p.step[k - 1].received : amount, &p.step[k]))
            return false;
    if (!fees_apart(leg, p.step[0].spent, p.step[2].received, &fees) ||
        !dec_sub(p.step[2].received, p.step[0].spent, &p.profit) ||
        !dec_sub(p.profit, fees, &p.profit) ||
        !dec_div(p.profit, p.step[0].spent, DEC_FLOOR, &p.ratio))
        return false;
    *ret = p;
    return true;
}

bool triangle_search(const struct triangle_leg leg[static 3], dec min, dec max, dec step, dec least,
                     struct triangle_plan *ret)
{
    bool found = false;
    dec amount = min;
    for (uint32_t n = 0; n <= TRIANGLE_STEPS_MAX + 1 && dec_le(amount, max); n++) {
        struct triangle_plan p;
        if (triangle_evaluate(leg, amount, &p) && dec_ge(p.ratio, least) &&
            (!found || dec_gt(p.profit, ret->profit))) {
            *ret = p;
            found = true;
        }
        if (dec_ge(amount, max))
            break;
        if (!dec_is_pos(step) || !dec_add(amount, step, &amount) || dec_gt(amount, max))
            amount = max;
    }
    return found;
}

bool triangle_edge(const struct triangle_leg leg[static 3], dec amount, dec *ret)
{
    dec at = amount, fees, gain;
    struct level l;
    for (int k = 0; k < 3; k++) {
        dec keep = leg[k].fee_apart ? DEC_ZERO : leg[k].fee;
        if (!level_at(&leg[k], 0, &l) || !dec_sub(DEC_ONE, keep, &keep) ||
            !(leg[k].side == SIDE_BUY ? dec_mul_div(at, keep, l.price, DEC_UP, &at)
                                      : dec_mul(at, l.price, DEC_UP, &at)) ||
            (leg[k].side == SIDE_SELL && !dec_mul(at, keep, DEC_UP, &at)))
            return false;
    }
    return fees_apart(leg, amount, at, &fees) && dec_sub(at, amount, &gain) &&
           dec_sub(gain, fees, &gain) && dec_div(gain, amount, DEC_UP, ret);
}

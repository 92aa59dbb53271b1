/* How much: the average true range in decimals, the entry's quantity, what can be sold. */
#include "momentum.h"

/* ---- the average true range ---- */

static bool true_range(dec high, dec low, dec before, dec *ret)
{
    dec up, down, span;
    if (!dec_sub(high, low, &span) || !dec_sub(high, before, &up) || !dec_sub(before, low, &down))
        return false;
    *ret = dec_max(span, dec_max(up, down));
    return true;
}

enum err range_add(struct range *r, int64_t periods, const struct event_candle *c)
{
    dec before = r->last_close, span, part;
    bool first = !r->begun;
    r->begun = true;
    r->last_close = c->close;
    if (first)
        return ERR_OK;
    dec n = dec_from_i64(periods, 0);
    if (!true_range(c->high, c->low, before, &span))
        return ERR_OVERFLOW;
    if (r->count++ < (uint64_t)periods) {
        if (!dec_add(r->sum, span, &r->sum) || !dec_div(r->sum, n, DEC_HALF_EVEN, &r->value))
            return ERR_OVERFLOW;
        return ERR_OK;
    }
    if (!dec_sub(span, r->value, &part) || !dec_div(part, n, DEC_HALF_EVEN, &part) ||
        !dec_add(r->value, part, &r->value))
        return ERR_OVERFLOW;
    return ERR_OK;
}

/* ---- prices ---- */

bool trade_price(const struct strategy_view *v, enum side side, dec *ret)
{
    instrument_id i = view_first_instrument(v);
    struct event_top top;
    dec mark;
    if (!view_mark(v, i, &mark))
        return false;
    if (view_top(v, i, &top)) {
        *ret = side == SIDE_BUY ? top.ask_price : top.bid_price;
        return true;
    }
    return view_last(v, i, ret);
}

bool entry_price(const struct strategy_view *v, dec *ret)
{
    dec cost, qty = view_position(v, view_first_instrument(v), &cost);
    return dec_is_pos(qty) && dec_div(cost, qty, DEC_UP, ret);
}

/* ---- quantities ---- */

enum err orderable(const struct strategy_view *v, dec qty, dec *ret)
{
    instrument_id i = view_first_instrument(v);
    const struct instrument_rules *r = &view_instrument(v, i)->rules;
    dec mark, value, lots;
    *ret = DEC_ZERO;
    if (r->status == INSTRUMENT_UNKNOWN)
        return ERR_OK;
    if (!dec_round_to(qty, r->lot_size, DEC_DOWN, &lots))
        return ERR_OVERFLOW;
    if (!dec_is_pos(lots) || dec_lt(lots, r->min_qty))
        return ERR_OK;
    if (view_mark(v, i, &mark)) { /* without a price nothing is sent, and nothing given up */
        if (!dec_mul(mark, lots, DEC_DOWN, &value))
            return ERR_OVERFLOW;
        if (dec_lt(value, r->min_notional))
            return ERR_OK;
    }
    *ret = lots;
    return ERR_OK;
}

enum err sellable(const struct strategy_view *v, dec *ret)
{
    instrument_id i = view_first_instrument(v);
    dec cost, held = view_position(v, i, &cost);
    return orderable(v, dec_min(held, view_free(v, view_instrument(v, i)->base)), ret);
}

enum err affordable(const struct momentum *m, const struct strategy_view *v, dec price, dec *ret)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    if (dec_gt(m->binding, DEC_ONE) && !dec_mul(price, m->binding, DEC_UP, &price))
        return ERR_OVERFLOW;
    return dec_div(dec_max(view_free(v, in->quote), DEC_ZERO), price, DEC_DOWN, ret) ? ERR_OK
                                                                                     : ERR_OVERFLOW;
}

enum err entry_qty(const struct momentum *m, const struct strategy_view *v, dec price, dec *ret,
                   const char **why)
{
    const struct params *p = view_params(v);
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    dec qty, most, by_risk, distance, lots;
    *ret = DEC_ZERO;
    enum err err = affordable(m, v, price, &most);
    if (err)
        return err;
    if (!dec_div(p->value[P_AMOUNT].decimal, price, DEC_DOWN, &qty))
        return ERR_OVERFLOW;
    qty = dec_min(qty, most);
    if (p->value[P_RISK_AMOUNT].present) {
        if (!dec_mul(m->range.value, p->value[P_ATR_MULTIPLE].decimal, DEC_UP, &distance))
            return ERR_OVERFLOW;
        /* A market that does not move sets no size; amount does. */
        if (dec_is_pos(distance) &&
            dec_div(p->value[P_RISK_AMOUNT].decimal, distance, DEC_DOWN, &by_risk))
            qty = dec_min(qty, by_risk);
    }
    if (dec_is_pos(in->rules.max_qty))
        qty = dec_min(qty, in->rules.max_qty);
    if (!dec_round_to(qty, in->rules.lot_size, DEC_DOWN, &lots))
        return ERR_OVERFLOW;
    *why = "entry skipped: amount is less than one lot";
    if (!dec_is_pos(lots))
        return ERR_OK;
    *why = "entry skipped: it is less than the venue's minimum";
    return orderable(v, lots, ret);
}

/* Protective exits: what is looked at with every price, not only at a candle's close. */
#include "momentum.h"

/* price x (1 + ratio), rounded as told. */
static bool above(dec price, dec ratio, enum dec_rounding r, dec *ret)
{
    dec part;
    return dec_mul(price, ratio, r, &part) && dec_add(price, part, ret);
}

enum err stop_price(const struct momentum *m, const struct strategy_view *v, dec entry, dec *ret,
                    bool *trailing)
{
    const struct param_value *p = view_params(v)->value;
    dec stop = DEC_ZERO, other, active;
    *trailing = false;
    if (p[P_STOP_LOSS].present && !above(entry, dec_neg(p[P_STOP_LOSS].decimal), DEC_DOWN, &stop))
        return ERR_OVERFLOW;
    if (is_on(view_params(v), P_ATR_STOP) && dec_is_pos(m->stop_distance)) {
        if (!dec_sub(entry, m->stop_distance, &other))
            return ERR_OVERFLOW;
        stop = dec_max(stop, other);
    }
    if (p[P_TRAILING_STOP].present) {
        if (!above(entry, p[P_TRAILING_ACTIVATION].decimal, DEC_UP, &active) ||
            !above(m->peak, dec_neg(p[P_TRAILING_STOP].decimal), DEC_DOWN, &other))
            return ERR_OVERFLOW;
        /* Without an activation it counts from the entry on, whatever the fees. */
        bool counts = dec_is_zero(p[P_TRAILING_ACTIVATION].decimal) || dec_ge(m->peak, active);
        if (counts && dec_gt(other, stop)) {
            *trailing = true;
            stop = other;
        }
    }
    *ret = stop;
    return ERR_OK;
}

/* The return wanted by now; false before the first time in the table. */
static bool wanted_return(const struct params *p, int64_t held_ns, dec *ret)
{
    const struct param_list *after = params_list(p, P_RETURN_AFTER),
                            *least = params_list(p, P_RETURN_MIN);
    bool found = false;
    /* Live changes come one list at a time: for a moment one may be longer. */
    for (uint32_t i = 0; i < after->count && i < least->count; i++)
        if (held_ns >= after->duration_ns[i]) {
            *ret = least->decimal[i];
            found = true;
        }
    return found;
}

enum err exits_look(struct momentum *m, const struct strategy_view *v, enum cause *ret)
{
    const struct params *p = view_params(v);
    int64_t held_ns = view_now_ns(v) - m->entered_ns;
    dec price, entry, stop, goal, ratio;
    bool trailing;
    *ret = CAUSE_NONE;
    if (!trade_price(v, SIDE_SELL, &price) || !entry_price(v, &entry))
        return ERR_OK;
    m->peak = dec_max(m->peak, price);
    enum err err = stop_price(m, v, entry, &stop, &trailing);
    if (err)
        return err;
    if (dec_is_pos(stop) && dec_le(price, stop)) {
        *ret = trailing ? CAUSE_TRAILING_STOP : CAUSE_STOP_LOSS;
        return ERR_OK;
    }
    if (p->value[P_TAKE_PROFIT].present) {
        if (!above(entry, p->value[P_TAKE_PROFIT].decimal, DEC_UP, &goal))
            return ERR_OVERFLOW;
        if (dec_ge(price, goal)) {
            *ret = CAUSE_TAKE_PROFIT;
            return ERR_OK;
        }
    }
    if (wanted_return(p, held_ns, &ratio)) {
        if (!above(entry, ratio, DEC_UP, &goal))
            return ERR_OVERFLOW;
        if (dec_ge(price, goal)) {
            *ret = CAUSE_RETURN;
            return ERR_OK;
        }
    }
    if (p->value[P_TIME_LIMIT].present && held_ns >= p->value[P_TIME_LIMIT].duration_ns)
        *ret = CAUSE_TIME_LIMIT;
    return ERR_OK;
}

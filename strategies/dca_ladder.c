/* dca, mode "safety": the ladder of a deal as numbers. Every rounding is to the safe side: orders
 * lower and smaller, profits and stops higher. */
#include "dca.h"

bool dca_ladder_make(const struct dca_terms *t, struct dca_ladder *ret)
{
    struct dca_ladder l = {.capital = t->amount};
    dec amount = t->safety_amount, step = t->deviation, deviation = DEC_ZERO;
    for (uint32_t k = 0; k < t->safety_count; k++) {
        if (k > 0 && (!dec_mul(amount, t->volume_scale, DEC_DOWN, &amount) ||
                      !dec_mul(step, t->step_scale, DEC_UP, &step)))
            return false;
        if (!dec_add(deviation, step, &deviation) || dec_ge(deviation, DEC_ONE) ||
            !dec_add(l.capital, amount, &l.capital))
            return false;
        l.rung[k] = (struct dca_rung){deviation, amount};
    }
    *ret = l;
    return true;
}

bool dca_round_tick(dec price, dec tick, enum dec_rounding r, dec *ret)
{
    if (dec_is_pos(tick))
        return dec_round_to(price, tick, r, ret);
    *ret = price;
    return true;
}

bool dca_rung_price(dec first, dec deviation, dec tick, dec *ret)
{
    dec part, price;
    return dec_sub(DEC_ONE, deviation, &part) && dec_mul(first, part, DEC_DOWN, &price) &&
           dca_round_tick(price, tick, DEC_DOWN, ret);
}

bool dca_average_price(dec cost, dec qty, dec *ret)
{
    return dec_is_pos(qty) && dec_div(cost, qty, DEC_UP, ret);
}

bool dca_take_price(dec average, dec ratio, dec tick, dec *ret)
{
    dec whole, price;
    return dec_add(DEC_ONE, ratio, &whole) && dec_mul(average, whole, DEC_UP, &price) &&
           dca_round_tick(price, tick, DEC_UP, ret);
}

bool dca_break_even(dec cost, dec net, dec fee, dec tick, dec *ret)
{
    dec kept, price;
    return dec_is_pos(net) && dec_sub(DEC_ONE, fee, &kept) && dec_is_pos(kept) &&
           dec_div(cost, net, DEC_UP, &price) && dec_div(price, kept, DEC_UP, &price) &&
           dca_round_tick(price, tick, DEC_UP, ret);
}

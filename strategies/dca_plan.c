/* dca: what `tradewind check` shows before anything starts. */
#include "dca.h"

static void write_remark(struct plan *ret, uint32_t n, const char *a, dec x, unsigned places,
                         const char *b)
{
    struct dca_text t = dca_text_make(ret->remark[n], sizeof ret->remark[n]);
    dca_put(&t, a);
    dca_put_dec(&t, x, places);
    dca_put(&t, b);
}

/* Sums of the buys so far. */
struct sums {
    dec cost, fees, qty, net;
};

/* A row for a buy of [amount] at [price] (zero: not known), counted into the sums. */
static bool add_buy(struct plan *ret, struct sums *s, const struct instrument_rules *r, dec amount,
                    dec price, dec fee, dec taker_fee)
{
    struct plan_row *row = &ret->row[ret->count++];
    dec fee_quote, fee_base;
    row->side = SIDE_BUY;
    row->price = price;
    row->amount = amount;
    if (dec_is_pos(price)) {
        if (!dec_div(amount, price, DEC_DOWN, &row->qty) ||
            (dec_is_pos(r->lot_size) &&
             !dec_round_to(row->qty, r->lot_size, DEC_DOWN, &row->qty)) ||
            !dec_mul(row->qty, price, DEC_UP, &row->amount))
            return false;
    }
    if (!dec_mul(row->amount, fee, DEC_UP, &fee_quote) ||
        !dec_mul(row->qty, fee, DEC_UP, &fee_base) || !dec_add(s->cost, row->amount, &s->cost) ||
        !dec_add(s->fees, fee_quote, &s->fees) || !dec_add(s->qty, row->qty, &s->qty) ||
        !dec_add(s->net, (dec){row->qty.v - fee_base.v}, &s->net))
        return false;
    row->total_amount = s->cost;
    row->total_fees = s->fees;
    if (!dec_is_pos(s->qty))
        return true;
    return dca_average_price(s->cost, s->qty, &row->average) &&
           dca_break_even(s->cost, s->net, taker_fee, r->tick_size, &row->break_even);
}

static void name_row(struct plan *ret, const char *what, uint64_t n, const char *more)
{
    struct dca_text t = dca_text_make(ret->row[ret->count - 1].what, PLAN_TEXT_MAX);
    dca_put(&t, what);
    if (n)
        dca_put_count(&t, n);
    dca_put(&t, more);
}

/* The steps of take profit for what the buys so far are on average, and what they would give. */
static bool add_takes(struct plan *ret, const struct dca_terms *t, const struct sums *s,
                      const struct instrument_rules *r, dec first, const char *more)
{
    dec average, rest = s->net, parts = DEC_ZERO;
    if (!dca_average_price(s->cost, s->qty, &average))
        return true; /* no price, no prices */
    for (uint32_t k = 0; k < t->steps; k++)
        if (!dec_add(parts, t->share[k], &parts))
            return false;
    for (uint32_t k = 0; k < t->steps; k++) {
        struct plan_row *row = &ret->row[ret->count++];
        row->side = SIDE_SELL;
        if (!dca_take_price(average, t->take_profit[k], r->tick_size, &row->price) ||
            !dec_mul_div(rest, t->share[k], parts, DEC_DOWN, &row->qty) ||
            (dec_is_pos(r->lot_size) &&
             !dec_round_to(row->qty, r->lot_size, DEC_DOWN, &row->qty)) ||
            !dec_mul(row->price, row->qty, DEC_DOWN, &row->amount) ||
            !dec_div(row->price, first, DEC_HALF_EVEN, &row->deviation) ||
            !dec_sub(row->deviation, DEC_ONE, &row->deviation) ||
            !dec_sub(parts, t->share[k], &parts) || !dec_sub(rest, row->qty, &rest))
            return false;
        name_row(ret, "take profit ", k + 1, more);
    }
    return true;
}

/* What the stop costs when every safety order was filled. */
static bool remark_stop(struct plan *ret, uint32_t n, const struct dca_terms *t,
                        const struct sums *s, dec taker_fee)
{
    dec average, part, value, fee, loss;
    if (!dec_is_pos(t->stop_loss)) {
        struct dca_text text = dca_text_make(ret->remark[n], sizeof ret->remark[n]);
        dca_put(&text, "no stop_loss: what is bought is held, whatever the price does");
        return true;
    }
    if (!dca_average_price(s->cost, s->qty, &average))
        return true;
    if (!dec_sub(DEC_ONE, t->stop_loss, &part) || !dec_mul(average, part, DEC_UP, &average) ||
        !dec_mul(average, s->net, DEC_DOWN, &value) || !dec_mul(value, taker_fee, DEC_UP, &fee) ||
        !dec_sub(value, fee, &value) || !dec_sub(s->cost, value, &loss))
        return false;
    write_remark(ret, n, "stop at ", average, 2, " with all orders filled: loses ");
    struct dca_text text = dca_text_make(ret->remark[n] + strlen(ret->remark[n]),
                                         sizeof ret->remark[n] - strlen(ret->remark[n]));
    dca_put_dec(&text, loss, 2);
    dca_put(&text, ", fees included");
    return true;
}

static enum err plan_safety(const struct params *p, const struct instrument_rules *r, dec price,
                            dec maker_fee, dec taker_fee, struct plan *ret)
{
    struct dca_terms t;
    struct dca_ladder l;
    struct sums s = {.cost = {0}};
    bool limit = dca_choice(p, DCA_ORDER_TYPE) == DCA_TYPE_LIMIT;
    dec first = price, part, capital;
    dca_terms(p, &t);
    if (!dca_ladder_make(&t, &l))
        return ERR_RANGE;
    if (limit && (!dec_sub(DEC_ONE, dca_decimal(p, DCA_OFFSET, DEC_ZERO), &part) ||
                  !dec_mul(price, part, DEC_FLOOR, &first) ||
                  !dca_round_tick(first, r->tick_size, DEC_FLOOR, &first)))
        return ERR_RANGE;
    capital = l.capital;
    if (!add_buy(ret, &s, r, t.amount, first, limit ? maker_fee : taker_fee, taker_fee))
        return ERR_RANGE;
    ret->row[0].market = !limit;
    name_row(ret, "base order", 0, limit ? " (limit)" : " (market)");
    if (t.safety_count && !add_takes(ret, &t, &s, r, first, " of the base order"))
        return ERR_RANGE;
    for (uint32_t k = 0; k < t.safety_count; k++) {
        dec at = DEC_ZERO;
        if (dec_is_pos(first) &&
            (!dca_rung_price(first, l.rung[k].deviation, r->tick_size, &at) || !dec_is_pos(at)))
            return ERR_RANGE;
        if (!add_buy(ret, &s, r, l.rung[k].amount, at, maker_fee, taker_fee))
            return ERR_RANGE;
        ret->row[ret->count - 1].deviation = dec_neg(l.rung[k].deviation);
        name_row(ret, "safety order ", k + 1, "");
    }
    if (!add_takes(ret, &t, &s, r, first, t.safety_count ? " of all" : ""))
        return ERR_RANGE;
    ret->capital_quote = capital;
    ret->unless = dca_flag(p, DCA_UNDERFUNDED) ? NULL : "allow_underfunded";
    if (!remark_stop(ret, 0, &t, &s, taker_fee))
        return ERR_RANGE;
    dec both;
    if (dec_add(maker_fee, limit ? maker_fee : taker_fee, &both) && dec_le(t.take_profit[0], both))
        write_remark(ret, 1, "take_profit begins below the fees of both ways, ", both, 6,
                     ": that step loses");
    return ERR_OK;
}

static enum err plan_scheduled(const struct params *p, const struct instrument_rules *r, dec price,
                               dec maker_fee, dec taker_fee, struct plan *ret)
{
    struct sums s = {.cost = {0}};
    bool limit = dca_choice(p, DCA_ORDER_TYPE) == DCA_TYPE_LIMIT;
    dec part, most;
    if (limit && (!dec_sub(DEC_ONE, dca_decimal(p, DCA_OFFSET, DEC_ZERO), &part) ||
                  !dec_mul(price, part, DEC_FLOOR, &price) ||
                  !dca_round_tick(price, r->tick_size, DEC_FLOOR, &price)))
        return ERR_RANGE;
    if (!add_buy(ret, &s, r, p->value[DCA_AMOUNT].decimal, price, limit ? maker_fee : taker_fee,
                 taker_fee))
        return ERR_RANGE;
    ret->row[0].market = !limit;
    name_row(ret, "each purchase", 0, limit ? " (limit)" : " (market)");
    if (dec_is_pos(price) && dec_is_pos(r->lot_size) &&
        !dca_is_tradable(r, ret->row[0].qty, price)) {
        struct dca_text t = dca_text_make(ret->remark[1], sizeof ret->remark[1]);
        dca_put(&t, "a purchase at this price is less than the venue takes");
    }
    ret->capital_quote = dca_decimal(p, DCA_TOTAL, DEC_ZERO);
    if (p->value[DCA_AVERAGE].present &&
        dec_mul(p->value[DCA_AMOUNT].decimal, dca_decimal(p, DCA_MAX_MULTIPLE, dec_from_i64(3, 0)),
                DEC_UP, &most))
        write_remark(ret, 0, "the amount is at most ", most, 2, ", far below the average");
    return ERR_OK;
}

enum err dca_plan(const struct params *p, const struct instrument *const *in, dec price,
                  dec maker_fee, dec taker_fee, struct plan *ret)
{
    const struct instrument_rules *r = &in[0]->rules;
    memset(ret, 0, sizeof *ret);
    return dca_choice(p, DCA_MODE) == DCA_MODE_SAFETY
               ? plan_safety(p, r, price, maker_fee, taker_fee, ret)
               : plan_scheduled(p, r, price, maker_fee, taker_fee, ret);
}

/* What `tradewind check` prints before it starts: the entry, its exits, what it costs. */
#include "momentum.h"

static void put_text(char *to, size_t cap, const char *text)
{
    size_t have = strnlen(to, cap - 1), n = strnlen(text, cap - 1 - have);
    memcpy(to + have, text, n);
    to[have + n] = 0;
}

static void put_number(char *to, size_t cap, dec number)
{
    char text[DEC_TEXT_MAX];
    dec_format(number, text);
    put_text(to, cap, text);
}

static bool entry_row(struct plan_row *r, const struct params *p, const struct instrument *in,
                      dec price, dec fee)
{
    dec keep, both;
    *r = (struct plan_row){.side = SIDE_BUY,
                           .shrinks = true,
                           .market = p->value[P_ENTRY_ORDER].choice == CHOICE_MARKET,
                           .amount = p->value[P_AMOUNT].decimal};
    put_text(r->what, sizeof r->what, p->value[P_RISK_AMOUNT].present ? "entry, at most" : "entry");
    r->total_amount = r->amount;
    if (!dec_mul(r->amount, fee, DEC_UP, &r->total_fees))
        return false;
    if (!dec_is_pos(price))
        return true;
    r->price = r->average = price;
    /* Both fees are paid when price x (1 - fee) x (1 - fee) of the exit is the entry's price. */
    if (!dec_div(r->amount, price, DEC_DOWN, &r->qty) ||
        (dec_is_pos(in->rules.lot_size) &&
         !dec_round_to(r->qty, in->rules.lot_size, DEC_DOWN, &r->qty)) ||
        !dec_sub(DEC_ONE, fee, &keep) || !dec_mul(keep, keep, DEC_DOWN, &both) ||
        !dec_is_pos(both) || !dec_div(price, both, DEC_UP, &r->break_even))
        return false;
    return true;
}

static bool exit_row(struct plan_row *r, const struct plan_row *entry, const char *what,
                     dec deviation, dec fee)
{
    dec factor;
    *r = (struct plan_row){.side = SIDE_SELL, .deviation = deviation, .qty = entry->qty};
    put_text(r->what, sizeof r->what, what);
    return dec_add(DEC_ONE, deviation, &factor) &&
           dec_mul(entry->amount, factor, DEC_DOWN, &r->amount) &&
           dec_mul(entry->price, factor, DEC_DOWN, &r->price) &&
           dec_mul(r->amount, fee, DEC_UP, &r->total_fees);
}

static bool rows(const struct params *p, const struct instrument *in, dec price, dec maker_fee,
                 dec taker_fee, struct plan *ret)
{
    const struct param_value *v = p->value;
    dec fee =
        is_on(p, P_POST_ONLY) && v[P_ENTRY_ORDER].choice == CHOICE_LIMIT ? maker_fee : taker_fee;
    dec exit_fee =
        is_on(p, P_POST_ONLY) && v[P_EXIT_ORDER].choice == CHOICE_LIMIT ? maker_fee : taker_fee;
    const struct plan_row *entry = &ret->row[0];
    if (!entry_row(&ret->row[ret->count++], p, in, price, fee))
        return false;
    const struct param_list *after = params_list(p, P_RETURN_AFTER),
                            *least = params_list(p, P_RETURN_MIN);
    if (v[P_TAKE_PROFIT].present && !exit_row(&ret->row[ret->count++], entry, "take profit",
                                              v[P_TAKE_PROFIT].decimal, exit_fee))
        return false;
    for (uint32_t i = 0; i < after->count && i < least->count; i++) {
        struct plan_row *r = &ret->row[ret->count++];
        if (!exit_row(r, entry, "return after ", least->decimal[i], exit_fee))
            return false;
        put_number(r->what, sizeof r->what, dec_from_i64(after->duration_ns[i] / 1000000000, 0));
        put_text(r->what, sizeof r->what, " s");
    }
    if (v[P_STOP_LOSS].present && !exit_row(&ret->row[ret->count++], entry, "stop-loss",
                                            dec_neg(v[P_STOP_LOSS].decimal), taker_fee))
        return false;
    return dec_add(entry->total_amount, entry->total_fees, &ret->capital_quote);
}

enum err momentum_plan(const struct params *p, const struct instrument *const *in, dec price,
                       dec maker_fee, dec taker_fee, struct plan *ret)
{
    memset(ret, 0, sizeof *ret);
    if (!rows(p, in[0], price, maker_fee, taker_fee, ret))
        return ERR_RANGE;
    uint32_t n = 0;
    char *remark = ret->remark[n++];
    put_text(remark, sizeof ret->remark[0], "decides from candle ");
    put_number(remark, sizeof ret->remark[0], dec_from_i64(strategy_momentum.warmup_candles(p), 0));
    put_text(remark, sizeof ret->remark[0], " of its timeframe on");
    if (p->value[P_RISK_AMOUNT].present)
        put_text(ret->remark[n++], sizeof ret->remark[0],
                 "the size is risk_amount over atr_multiple average true ranges");
    if (is_on(p, P_ATR_STOP))
        put_text(ret->remark[n++], sizeof ret->remark[0],
                 "a stop lies atr_multiple average true ranges below the entry");
    if (p->value[P_TRAILING_STOP].present)
        put_text(ret->remark[n++], sizeof ret->remark[0],
                 "a stop follows the highest price since the entry");
    return ERR_OK;
}

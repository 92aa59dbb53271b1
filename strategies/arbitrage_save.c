/* arbitrage: its state as bytes, and back. */
#include "arbitrage.h"

#define VERSION 1

static void save_leg(const struct arb_leg *g, struct bufw *out)
{
    bufw_u64(out, g->parent);
    bufw_dec(out, g->left);
}

static void load_leg(struct arb_leg *g, struct bufr *in)
{
    g->parent = bufr_u64(in);
    g->left = bufr_dec(in);
}

static void save_trade(const struct arb_trade *t, struct bufw *out)
{
    bufw_u8(out, (uint8_t)t->step);
    if (t->step == STEP_NONE)
        return;
    bufw_u32(out, t->serial);
    bufw_u8(out, t->buy);
    bufw_u8(out, (uint8_t)(t->second_due | t->cancel_asked << 1 | t->refused << 2));
    for (uint32_t k = 0; k < 2; k++) {
        bufw_u64(out, t->order[k]);
        bufw_dec(out, t->limit[k]);
        save_leg(&t->leg[k], out);
    }
    save_leg(&t->unwind, out);
    bufw_i64(out, t->deadline_ns);
    bufw_i64(out, t->next_ns);
    bufw_dec(out, t->asked);
    bufw_dec(out, t->market_unit);
    bufw_dec(out, t->bought);
    bufw_dec(out, t->sold);
    bufw_dec(out, t->paid);
    bufw_dec(out, t->received);
}

static bool load_trade(struct arb_trade *t, struct bufr *in)
{
    uint8_t step = bufr_u8(in), flags;
    *t = (struct arb_trade){.step = STEP_NONE};
    if (step > STEP_UNWIND)
        return false;
    if (step == STEP_NONE)
        return true;
    t->step = (enum arb_step)step;
    t->serial = bufr_u32(in);
    t->buy = bufr_u8(in);
    flags = bufr_u8(in);
    t->second_due = flags & 1;
    t->cancel_asked = flags & 2;
    t->refused = flags & 4;
    for (uint32_t k = 0; k < 2; k++) {
        t->order[k] = bufr_u64(in);
        t->limit[k] = bufr_dec(in);
        load_leg(&t->leg[k], in);
    }
    load_leg(&t->unwind, in);
    t->deadline_ns = bufr_i64(in);
    t->next_ns = bufr_i64(in);
    t->asked = bufr_dec(in);
    t->market_unit = bufr_dec(in);
    t->bought = bufr_dec(in);
    t->sold = bufr_dec(in);
    t->paid = bufr_dec(in);
    t->received = bufr_dec(in);
    return t->buy < 2 && flags < 8;
}

static void save_told(const struct arb *a, struct bufw *out)
{
    uint8_t told = (uint8_t)(a->told_imbalance | a->told_stranded << 1 | a->told_doubt << 2 |
                             a->has_edge << 3);
    for (uint32_t i = 0; i < 4; i++)
        told |= (uint8_t)(a->told_funds[i] << (4 + i));
    bufw_u8(out, told);
}

static void load_told(struct arb *a, struct bufr *in)
{
    uint8_t told = bufr_u8(in);
    a->told_imbalance = told & 1;
    a->told_stranded = told & 2;
    a->told_doubt = told & 4;
    a->has_edge = told & 8;
    for (uint32_t i = 0; i < 4; i++)
        a->told_funds[i] = told >> (4 + i) & 1;
}

enum err arb_save(const void *state, struct bufw *out)
{
    const struct arb *a = state;
    bufw_u8(out, VERSION);
    bufw_u32(out, a->serial);
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        save_trade(&a->trade[i], out);
    for (uint32_t k = 0; k < ARB_WATCHED; k++) {
        bufw_i64(out, a->quote_ns[k]);
        bufw_i64(out, a->last_ns[k]);
    }
    for (uint32_t k = 0; k < 2; k++)
        bufw_i64(out, a->sent_ns[k]);
    bufw_i64(out, a->timer_ns);
    bufw_i64(out, a->not_before_ns);
    bufw_i64(out, a->day);
    bufw_i64(out, a->trades_today);
    bufw_dec(out, a->rate_buy);
    bufw_dec(out, a->rate_sell);
    save_told(a, out);
    const uint64_t counts[] = {a->trades, a->missed, a->hedged, a->unwound, a->held};
    const dec sums[] = {a->profit, a->imbalance, a->stranded, a->dust, a->last_edge, a->best_edge};
    for (uint32_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        bufw_u64(out, counts[i]);
    for (uint32_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        bufw_dec(out, sums[i]);
    return out->failed ? ERR_FULL : ERR_OK;
}

enum err arb_load(void *state, struct bufr *in)
{
    struct arb *a = state;
    if (bufr_u8(in) != VERSION)
        return ERR_SYNTAX;
    a->serial = bufr_u32(in);
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        if (!load_trade(&a->trade[i], in))
            return ERR_SYNTAX;
    for (uint32_t k = 0; k < ARB_WATCHED; k++) {
        a->quote_ns[k] = bufr_i64(in);
        a->last_ns[k] = bufr_i64(in);
    }
    for (uint32_t k = 0; k < 2; k++)
        a->sent_ns[k] = bufr_i64(in);
    a->timer_ns = bufr_i64(in);
    a->not_before_ns = bufr_i64(in);
    a->day = bufr_i64(in);
    a->trades_today = bufr_i64(in);
    a->rate_buy = bufr_dec(in);
    a->rate_sell = bufr_dec(in);
    load_told(a, in);
    uint64_t *const counts[] = {&a->trades, &a->missed, &a->hedged, &a->unwound, &a->held};
    dec *const sums[] = {&a->profit, &a->imbalance, &a->stranded,
                         &a->dust,   &a->last_edge, &a->best_edge};
    for (uint32_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        *counts[i] = bufr_u64(in);
    for (uint32_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        *sums[i] = bufr_dec(in);
    return in->failed ? ERR_SYNTAX : ERR_OK;
}

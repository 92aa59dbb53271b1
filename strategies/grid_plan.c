/* What a grid says of itself: the ladder before it starts, the figures while it runs. */
#include "strategies/grid_internal.h"

/* ---- the plan ---- */

struct ladder {
    const struct params *p;
    const struct instrument_rules *r;
    dec price, fee;
    struct plan *out;
    dec qty[2], amount[2], fees[2]; /* so far, by side */
};

static void say_level(char *out, size_t cap, uint32_t k)
{
    struct grid_text t = grid_text(out, cap);
    grid_say(&t, "level ");
    grid_say_dec(&t, dec_from_i64((int64_t)k, 0));
}

/* One order: a buy at the slot's lower, or a sell at its upper price. */
static bool add_row(struct ladder *l, uint32_t k, int side, dec price, dec qty)
{
    struct plan_row *row = &l->out->row[l->out->count];
    dec amount, fee, ratio, keep;
    if (!dec_mul(price, qty, side == GRID_BUY ? DEC_UP : DEC_DOWN, &amount) ||
        !dec_mul(amount, l->fee, DEC_UP, &fee) || !dec_add(l->qty[side], qty, &l->qty[side]) ||
        !dec_add(l->amount[side], amount, &l->amount[side]) ||
        !dec_add(l->fees[side], fee, &l->fees[side]))
        return false;
    *row = (struct plan_row){.side = side == GRID_BUY ? SIDE_BUY : SIDE_SELL,
                             .price = price,
                             .qty = qty,
                             .amount = amount,
                             .total_amount = l->amount[side],
                             .total_fees = l->fees[side]};
    say_level(row->what, sizeof row->what, side == GRID_BUY ? k : k + 1);
    if (dec_is_pos(l->price) && dec_div(price, l->price, DEC_DOWN, &ratio) &&
        dec_sub(ratio, DEC_ONE, &ratio))
        row->deviation = ratio;
    if (!dec_div(l->amount[side], l->qty[side], DEC_UP, &row->average))
        return false;
    /* Bought with a fee in base, sold with one in quote: both are paid at average / (1 - fee)^2. */
    if (side == GRID_BUY &&
        (!dec_sub(DEC_ONE, l->fee, &keep) || !dec_mul(keep, keep, DEC_DOWN, &keep) ||
         !dec_div(row->average, keep, DEC_UP, &row->break_even)))
        return false;
    l->out->count++;
    return true;
}

static bool add_ladder(struct ladder *l, uint32_t slots)
{
    bool known = dec_is_pos(l->price);
    uint32_t direction = l->p->value[P_DIRECTION].choice;
    dec low[GRID_LEVELS_MAX], size[GRID_LEVELS_MAX], tick = l->r->tick_size;
    for (uint32_t k = 0; k <= slots; k++)
        if (!grid_level(l->p, tick, (int32_t)k, &low[k]))
            return false;
    size[0] = grid_slot_size(l->p, l->r, low[0]);
    for (uint32_t k = 0; k < slots; k++)
        size[k] = l->p->value[P_AMOUNT].present ? grid_slot_size(l->p, l->r, low[k]) : size[0];
    for (uint32_t k = slots; k-- > 0;)
        if ((!known || dec_lt(low[k], l->price)) && !add_row(l, k, GRID_BUY, low[k], size[k]))
            return false;
    for (uint32_t k = 0; k < slots; k++) {
        if (!known || dec_lt(low[k], l->price))
            continue;
        if (!add_row(l, k, GRID_SELL, low[k + 1], size[k]))
            return false;
    }
    /* Who brings what the levels above the price sell, and those below it buy with. */
    bool initial = l->p->value[P_INITIAL_ORDER].choice != INITIAL_NONE;
    dec bought, all, cap, later = l->amount[GRID_BUY], cost;
    for (uint32_t k = 0; k < slots && known; k++) /* bought for when the price has been above */
        if (dec_ge(low[k], l->price) &&
            (!dec_mul(low[k], size[k], DEC_UP, &cost) || !dec_add(later, cost, &later)))
            return false;
    if (!dec_add(DEC_ONE, l->p->value[P_SLIPPAGE].decimal, &cap) ||
        !dec_mul(cap, l->price, DEC_UP, &cap) || !dec_add(l->qty[0], l->qty[1], &all) ||
        !dec_mul(cap, l->qty[GRID_SELL], DEC_UP, &bought) ||
        !dec_add(bought, l->amount[GRID_BUY], &bought))
        return false;
    l->out->capital_quote = l->amount[GRID_BUY];
    l->out->capital_base = l->qty[GRID_SELL];
    if (direction == DIRECTION_LONG) {
        l->out->capital_base = DEC_ZERO;
        l->out->capital_quote = initial ? bought : later;
    } else if (direction == DIRECTION_SHORT) {
        l->out->capital_base = all;
        l->out->capital_quote = DEC_ZERO;
    }
    return true;
}

/* "a round trip earns 0.61 % to 0.78 % after two fees of 0.1 %" */
static bool say_profit(const struct params *p, const struct instrument_rules *r, dec fee,
                       uint32_t slots, char *out, size_t cap)
{
    struct grid_text t = grid_text(out, cap);
    dec least = DEC_MAX, most = dec_neg(DEC_MAX), low, high, profit;
    for (uint32_t k = 0; k < slots; k++) {
        if (!grid_level(p, r->tick_size, (int32_t)k, &low) ||
            !grid_level(p, r->tick_size, (int32_t)k + 1, &high) ||
            !grid_step_profit(low, high, fee, &profit))
            return false;
        least = dec_min(least, profit);
        most = dec_max(most, profit);
    }
    grid_say(&t, "a round trip earns ");
    grid_say_percent(&t, least);
    grid_say(&t, " to ");
    grid_say_percent(&t, most);
    grid_say(&t, " after two fees of ");
    grid_say_percent(&t, fee);
    return true;
}

enum err grid_plan(const struct params *p, const struct instrument *const *in, dec price,
                   dec maker_fee, dec taker_fee, struct plan *ret)
{
    struct instrument_rules rules = in[0]->rules;
    uint32_t slots = grid_level_count(p);
    (void)taker_fee;
    if (slots < 2)
        return ERR_RANGE;
    slots--;
    if (rules.status != INSTRUMENT_TRADING) /* to eight places until the venue tells */
        rules.tick_size = rules.lot_size = dec_from_i64(1, 8);
    memset(ret, 0, sizeof *ret);
    struct ladder l = {.p = p, .r = &rules, .price = price, .fee = maker_fee, .out = ret};
    if (!add_ladder(&l, slots) ||
        !say_profit(p, &rules, maker_fee, slots, ret->remark[0], sizeof ret->remark[0]))
        return ERR_RANGE;
    if (!dec_is_pos(price))
        return ERR_OK;
    const struct param_value *v = p->value;
    struct grid_text t = grid_text(ret->remark[1], sizeof ret->remark[1]);
    if (v[P_STOP_LOSS].present && dec_le(price, v[P_STOP_LOSS].decimal))
        grid_say(&t, "at this price stop_loss stops it at once");
    else if (v[P_TAKE_PROFIT].present && dec_ge(price, v[P_TAKE_PROFIT].decimal))
        grid_say(&t, "at this price take_profit stops it at once");
    else if (v[P_TRIGGER].present && !dec_eq(price, v[P_TRIGGER].decimal))
        grid_say(&t, "it begins when the price has come to trigger; the plan is for this price");
    return ERR_OK;
}

/* ---- figures ---- */

struct sums {
    dec held, cost;
    int64_t buys, sells;
};

static struct sums add_up(const struct grid *g)
{
    struct sums x = {.held = DEC_ZERO, .cost = DEC_ZERO};
    for (uint32_t i = 0; i < g->slots; i++) {
        const struct grid_slot *s = &g->slot[i];
        x.held.v += s->held.v; /* at most the inventory and the budget's worth: no overflow */
        x.cost.v += s->cost.v;
        x.buys += grid_legs(s, GRID_BUY);
        x.sells += grid_legs(s, GRID_SELL);
    }
    return x;
}

uint32_t grid_figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    const struct grid *g = state;
    struct sums x = add_up(g);
    dec mark, worth = x.cost, average = DEC_ZERO;
    if (view_mark(v, view_first_instrument(v), &mark) && !dec_mul(x.held, mark, DEC_DOWN, &worth))
        worth = x.cost;
    if (dec_is_pos(x.held) && !dec_div(x.cost, x.held, DEC_UP, &average))
        average = DEC_ZERO;
    bool begun = g->phase != GRID_WAITING;
    const struct figure all[] = {
        {"grid_profit", FIGURE_QUOTE, g->profit},
        {"floating", FIGURE_QUOTE, {worth.v - x.cost.v}},
        {"round_trips", FIGURE_COUNT, dec_from_i64((int64_t)g->round_trips, 0)},
        {"inventory", FIGURE_BASE, x.held},
        {"average_price", FIGURE_PRICE, average},
        {"lower_now", FIGURE_PRICE, begun ? grid_nth_const(g, 0)->low : DEC_ZERO},
        {"upper_now", FIGURE_PRICE, begun ? grid_nth_const(g, g->slots - 1)->high : DEC_ZERO},
        {"open_buys", FIGURE_COUNT, dec_from_i64(x.buys, 0)},
        {"open_sells", FIGURE_COUNT, dec_from_i64(x.sells, 0)},
        {"stopped", FIGURE_COUNT, dec_from_i64(g->phase >= GRID_CLOSING, 0)},
    };
    memcpy(ret, all, sizeof all);
    return sizeof all / sizeof all[0];
}

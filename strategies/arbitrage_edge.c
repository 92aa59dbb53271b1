/* arbitrage: prices, the edge between them, and the size that they, the funds and the venues'
 * rules allow. */
#include "arbitrage.h"

void arb_look_init(struct arb_look *l, const struct arb *a, const struct strategy_view *v)
{
    const struct params *p = view_params(v);
    dec slippage = p->value[P_SLIPPAGE].decimal;
    const struct param_value *other = &p->value[P_SLIPPAGE_OTHER], *rate = &p->value[P_RATE];
    *l = (struct arb_look){.p = p, .v = v};
    l->id[ARB_A] = p->value[P_INSTRUMENT].instrument;
    l->id[ARB_B] = p->value[P_OTHER].instrument;
    l->id[ARB_RATE] = rate->present ? rate->instrument : INSTRUMENT_NONE;
    for (uint32_t k = 0; k < 2; k++) {
        asset_id third = view_fee_asset(v, l->id[k]);
        l->in[k] = view_instrument(v, l->id[k]);
        l->fee[k] = view_taker_fee(v, l->id[k]);
        l->keep[k] = (dec){DEC_ONE.v - l->fee[k].v}; /* a fee is at most a tenth */
        l->base_fee[k] = third == ASSET_NONE || third == l->in[k]->base;
    }
    l->slippage[ARB_A] = slippage;
    l->slippage[ARB_B] = other->present ? other->decimal : slippage;
    l->rate_buy = a->rate_buy;
    l->rate_sell = a->rate_sell;
    l->cost_up = (dec){DEC_ONE.v + p->value[P_RATE_COST].decimal.v};
    l->cost_down = (dec){DEC_ONE.v - p->value[P_RATE_COST].decimal.v};
}

bool arb_level(const struct arb_look *l, uint32_t k, enum side side, uint32_t n, struct level *ret)
{
    const struct book *b = view_book(l->v, l->id[k]);
    struct event_top top;
    dec last, mark;
    if (b) {
        const struct level *at = book_nth(side == SIDE_BUY ? &b->ask : &b->bid, n);
        if (at)
            *ret = *at;
        return at != NULL;
    }
    if (n > 0)
        return false;
    if (view_top(l->v, l->id[k], &top)) {
        *ret = side == SIDE_BUY ? (struct level){top.ask_price, top.ask_qty}
                                : (struct level){top.bid_price, top.bid_qty};
        return dec_is_pos(ret->price);
    }
    /* A mark is there only while the feed is live, and then is the last trade. */
    if (!l->p->value[P_USE_LAST].boolean || !view_mark(l->v, l->id[k], &mark) ||
        !view_last(l->v, l->id[k], &last))
        return false;
    *ret = (struct level){last, DEC_MAX};
    return true;
}

/* ---- the rate between the two quotes ---- */

bool arb_read_rate(struct arb_look *l, dec *ret_buy, dec *ret_sell)
{
    struct level bid, ask;
    dec buy, sell;
    if (l->id[ARB_RATE] == INSTRUMENT_NONE) {
        *ret_buy = *ret_sell = DEC_ONE;
        return true;
    }
    if (!arb_level(l, ARB_RATE, SIDE_SELL, 0, &bid) || !arb_level(l, ARB_RATE, SIDE_BUY, 0, &ask))
        return false;
    if (view_instrument(l->v, l->id[ARB_RATE])->base == l->in[ARB_B]->quote) {
        sell = bid.price;
        buy = ask.price;
    } else if (!dec_div(DEC_ONE, ask.price, DEC_DOWN, &sell) ||
               !dec_div(DEC_ONE, bid.price, DEC_UP, &buy)) {
        return false;
    }
    if (!dec_is_pos(sell) || !dec_is_pos(buy))
        return false;
    *ret_buy = buy;
    *ret_sell = sell;
    return true;
}

bool arb_paid_in_a(const struct arb_look *l, uint32_t k, dec amount, dec *ret)
{
    if (k == ARB_A || l->id[ARB_RATE] == INSTRUMENT_NONE) {
        *ret = amount;
        return true;
    }
    return dec_mul(amount, l->rate_buy, DEC_UP, &amount) &&
           dec_mul(amount, l->cost_up, DEC_UP, ret);
}

bool arb_received_in_a(const struct arb_look *l, uint32_t k, dec amount, dec *ret)
{
    if (k == ARB_A || l->id[ARB_RATE] == INSTRUMENT_NONE) {
        *ret = amount;
        return true;
    }
    return dec_mul(amount, l->rate_sell, DEC_DOWN, &amount) &&
           dec_mul(amount, l->cost_down, DEC_DOWN, ret);
}

/* ---- the edge ---- */

bool arb_edge(const struct arb_look *l, uint8_t buy, dec ask, dec bid, dec limit[2], dec *ret_edge)
{
    uint8_t sell = 1 - buy;
    dec most, least, cost, proceeds, ratio;
    dec up = {DEC_ONE.v + l->slippage[buy].v}, down = {DEC_ONE.v - l->slippage[sell].v};
    if (!dec_is_pos(l->in[buy]->rules.tick_size) || !dec_is_pos(l->in[sell]->rules.tick_size))
        return false; /* the venue has not told its rules yet */
    if (!dec_mul(ask, up, DEC_DOWN, &most) ||
        !dec_round_to(most, l->in[buy]->rules.tick_size, DEC_DOWN, &most) ||
        !dec_mul(bid, down, DEC_UP, &least) ||
        !dec_round_to(least, l->in[sell]->rules.tick_size, DEC_UP, &least) || !dec_is_pos(most) ||
        !dec_is_pos(least))
        return false;
    /* What one unit of base costs when a fee in base leaves less of it, and what it brings. */
    if (!dec_div(most, l->keep[buy], DEC_UP, &cost) || !arb_paid_in_a(l, buy, cost, &cost) ||
        !dec_mul(least, l->keep[sell], DEC_DOWN, &proceeds) ||
        !arb_received_in_a(l, sell, proceeds, &proceeds) || !dec_is_pos(cost) ||
        !dec_div(proceeds, cost, DEC_DOWN, &ratio))
        return false;
    limit[buy] = most;
    limit[sell] = least;
    ret_edge->v = ratio.v - DEC_ONE.v;
    return true;
}

/* ---- the size ---- */

bool arb_gross(const struct arb_look *l, uint32_t k, dec net, dec *ret)
{
    if (l->base_fee[k] && !dec_div(net, l->keep[k], DEC_UP, &net))
        return false;
    return dec_round_to(net, l->in[k]->rules.lot_size, DEC_UP, ret);
}

bool arb_tradable(const struct arb_look *l, uint32_t k, dec qty, dec price)
{
    const struct instrument_rules *r = &l->in[k]->rules;
    dec notional;
    return dec_is_pos(qty) && dec_ge(qty, r->min_qty) && dec_mul(qty, price, DEC_DOWN, &notional) &&
           dec_ge(notional, r->min_notional);
}

/* Walks both sides as long as even the worst pair of prices earns min_profit, up to [cap]. */
static bool walk(const struct arb_look *l, uint8_t buy, dec cap, dec *ret_qty, dec limit[2])
{
    uint32_t at[2] = {0, 0};
    struct level ask, bid;
    dec qty = DEC_ZERO, edge, here[2];
    uint8_t sell = 1 - buy;
    if (!arb_level(l, buy, SIDE_BUY, 0, &ask) || !arb_level(l, sell, SIDE_SELL, 0, &bid))
        return false;
    for (uint32_t i = 0; i < ARB_DEPTH_MAX && dec_lt(qty, cap); i++) {
        if (!arb_edge(l, buy, ask.price, bid.price, here, &edge) ||
            dec_lt(edge, l->p->value[P_MIN_PROFIT].decimal))
            break;
        dec take = dec_min(dec_min(ask.qty, bid.qty), (dec){cap.v - qty.v});
        if (!dec_is_pos(take)) /* a level that offers nothing */
            break;
        qty.v += take.v;
        limit[0] = here[0];
        limit[1] = here[1];
        ask.qty.v -= take.v;
        bid.qty.v -= take.v;
        if (!dec_is_pos(ask.qty) && !arb_level(l, buy, SIDE_BUY, ++at[0], &ask))
            break;
        if (!dec_is_pos(bid.qty) && !arb_level(l, sell, SIDE_SELL, ++at[1], &bid))
            break;
    }
    *ret_qty = qty;
    return dec_is_pos(qty);
}

/* How much more may be bought on [buy] before max_imbalance. */
static dec room_of(const struct arb_look *l, const struct arb *a, uint8_t buy)
{
    const struct param_value *max = &l->p->value[P_MAX_IMBALANCE];
    dec room;
    if (!max->present)
        return DEC_MAX;
    dec now = buy == ARB_A ? a->imbalance : dec_neg(a->imbalance);
    return dec_sub(max->decimal, now, &room) && dec_is_pos(room) ? room : DEC_ZERO;
}

/* What trades under way will still need of [asset] on the venue of [k], beyond what their open
 * orders bind: the second leg of a sequential one, what a hedge or an unwinding lacks. */
static dec claimed(const struct arb_look *l, const struct arb *a, uint32_t k, asset_id asset)
{
    dec sum = DEC_ZERO, need;
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++) {
        const struct arb_trade *t = &a->trade[i];
        dec left;
        enum side side;
        uint32_t at;
        if (t->step == STEP_NONE ||
            !arb_pending(t, l->p->value[P_FIRST].choice, &at, &side, &left) ||
            l->in[at]->venue != l->in[k]->venue)
            continue;
        if (side == SIDE_SELL && l->in[at]->base == asset)
            need = left;
        else if (side == SIDE_SELL || l->in[at]->quote != asset ||
                 !dec_mul(left, t->limit[at], DEC_UP, &need))
            continue;
        if (!dec_add(sum, need, &sum))
            return DEC_MAX;
    }
    return sum;
}

static dec available(const struct arb_look *l, const struct arb *a, uint32_t k, asset_id asset)
{
    dec rest, free_now = view_free_at(l->v, l->id[k], asset);
    return dec_sub(free_now, claimed(l, a, k, asset), &rest) && dec_is_pos(rest) ? rest : DEC_ZERO;
}

static dec least_of(const struct arb_look *l)
{
    const struct param_value *min = &l->p->value[P_MIN_SIZE];
    return min->present ? min->decimal : DEC_ZERO;
}

/* Rounds [qty] to what is bought and sold; false where a venue would not take it. */
static bool fit(const struct arb_look *l, uint8_t buy, dec qty, struct arb_plan *plan)
{
    uint8_t sell = 1 - buy;
    dec net;
    if (!dec_round_to(qty, l->in[buy]->rules.lot_size, DEC_DOWN, &qty) ||
        dec_lt(qty, least_of(l)) || !dec_is_pos(qty))
        return false;
    net = qty;
    if (l->base_fee[buy] && !dec_mul(qty, l->keep[buy], DEC_DOWN, &net))
        return false;
    if (!dec_round_to(net, l->in[sell]->rules.lot_size, DEC_DOWN, &net))
        return false;
    plan->qty[buy] = qty;
    plan->qty[sell] = net;
    return arb_tradable(l, buy, qty, plan->limit[buy]) &&
           arb_tradable(l, sell, net, plan->limit[sell]);
}

enum arb_answer arb_size(const struct arb_look *l, const struct arb *a, uint8_t buy,
                         struct arb_plan *ret)
{
    uint8_t sell = 1 - buy;
    const struct instrument_rules *rb = &l->in[buy]->rules, *rs = &l->in[sell]->rules;
    struct arb_plan plan = {.buy = buy};
    dec wish = l->p->value[P_SIZE].decimal, qty, afford;
    if (dec_is_pos(rb->max_qty))
        wish = dec_min(wish, rb->max_qty);
    if (dec_is_pos(rs->max_qty))
        wish = dec_min(wish, rs->max_qty);
    if (!walk(l, buy, wish, &qty, plan.limit))
        return ANSWER_NO_EDGE;
    if (!fit(l, buy, qty, &plan))
        return ANSWER_TOO_SMALL;
    dec room = room_of(l, a, buy);
    if (!fit(l, buy, dec_min(qty, room), &plan))
        return ANSWER_IMBALANCE;
    qty = dec_min(qty, room);
    dec base = available(l, a, sell, l->in[sell]->base);
    if (!fit(l, buy, dec_min(qty, base), &plan))
        return ANSWER_NO_BASE_FUNDS;
    qty = dec_min(qty, base);
    dec quote = available(l, a, buy, l->in[buy]->quote);
    if (!dec_div(quote, plan.limit[buy], DEC_DOWN, &afford) ||
        !fit(l, buy, dec_min(qty, afford), &plan))
        return ANSWER_NO_QUOTE_FUNDS;
    *ret = plan;
    return ANSWER_GO;
}

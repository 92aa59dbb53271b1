/* arbitrage: buys on one venue and sells on another where the prices differ by more than both fees
 * (docs/definitions.md, "arbitrage").
 *
 * Both venues hold money and stock beforehand; nothing is ever transferred between them. It earns
 * the difference; it loses when the second leg cannot be had any more, and when what it moved from
 * one venue to the other has to be brought back at a cost.
 */
#include "arbitrage.h"

#define NS_DAY INT64_C(86400000000000)

static enum err arb_init(void *state, const struct params *p, const struct strategy_view *v)
{
    struct arb *a = state;
    (void)p, (void)v;
    a->rate_buy = a->rate_sell = DEC_ONE;
    a->day = INT64_MIN;
    return ERR_OK;
}

/* ---- whether prices may be used ---- */

static uint32_t watched(const struct arb_look *l, instrument_id i)
{
    uint32_t k = 0;
    while (k < ARB_WATCHED && l->id[k] != i)
        k++;
    return k;
}

/* Notes when a price came; true where one did. */
static bool note_price(struct arb *a, const struct arb_look *l, const struct event *e)
{
    uint32_t k = watched(l, e->instrument);
    if (k == ARB_WATCHED)
        return false;
    if (e->kind == EVENT_TOP || e->kind == EVENT_BOOK)
        a->quote_ns[k] = view_now_ns(l->v);
    else if (e->kind == EVENT_TRADE)
        a->last_ns[k] = view_now_ns(l->v);
    else if (e->kind == EVENT_FEED && e->feed == FEED_INVALID)
        a->quote_ns[k] = a->last_ns[k] = 0;
    return e->kind == EVENT_TOP || e->kind == EVENT_BOOK ||
           (e->kind == EVENT_TRADE && l->p->value[P_USE_LAST].boolean);
}

/* Engine time of the price that would be traded on; 0: there is none. */
static int64_t price_time(const struct arb *a, const struct arb_look *l, uint32_t k)
{
    struct event_top top;
    bool quoted = view_book(l->v, l->id[k]) || view_top(l->v, l->id[k], &top);
    return quoted ? a->quote_ns[k] : l->p->value[P_USE_LAST].boolean ? a->last_ns[k] : 0;
}

static bool is_fresh(const struct arb *a, const struct arb_look *l, uint32_t k)
{
    static const int KEY[ARB_WATCHED] = {P_MAX_AGE, P_MAX_AGE_OTHER, P_MAX_AGE_RATE};
    const struct param_value *max = &l->p->value[KEY[k]];
    int64_t at = price_time(a, l, k);
    int64_t most = max->present ? max->duration_ns : l->p->value[P_MAX_AGE].duration_ns;
    return at > 0 && view_now_ns(l->v) - at <= most;
}

/* Prices of all that it watches are fresh, and the rate is taken over. */
static bool read_markets(struct arb *a, struct arb_look *l)
{
    bool rate = l->id[ARB_RATE] != INSTRUMENT_NONE;
    if (!is_fresh(a, l, ARB_A) || !is_fresh(a, l, ARB_B) || (rate && !is_fresh(a, l, ARB_RATE)))
        return false;
    if (!arb_read_rate(l, &a->rate_buy, &a->rate_sell))
        return false;
    l->rate_buy = a->rate_buy;
    l->rate_sell = a->rate_sell;
    return true;
}

/* ---- whether a new trade may begin ---- */

static uint32_t under_way(const struct arb *a)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        n += a->trade[i].step != STEP_NONE;
    return n;
}

/* A note once, until what it is about has passed. */
static void tell(bool *told, bool now, const char *text, struct intents *out)
{
    if (now && !*told)
        intents_note(out, text);
    *told = now;
}

static bool may_open(struct arb *a, const struct arb_look *l, struct intents *out)
{
    const struct params *p = l->p;
    const struct param_value *daily = &p->value[P_MAX_TRADES_DAY];
    int64_t now = view_now_ns(l->v), day = now / NS_DAY;
    if (day != a->day) {
        a->day = day;
        a->trades_today = 0;
    }
    bool doubt = arb_in_doubt(a, l->v);
    bool stranded = dec_gt(dec_abs(a->stranded), p->value[P_MAX_STRANDED].decimal);
    tell(&a->told_doubt, doubt, "an order is in doubt: no new trade until its fate is known", out);
    tell(&a->told_stranded, stranded,
         "more is stranded than max_stranded: no new trade until that is raised", out);
    for (uint32_t k = 0; k < 2; k++)
        if (view_state_at(l->v, l->id[k]) != STATE_ACTIVE ||
            l->in[k]->rules.status != INSTRUMENT_TRADING || price_time(a, l, k) <= a->sent_ns[k])
            return false;
    return !doubt && !stranded && now >= a->not_before_ns &&
           under_way(a) < (uint32_t)p->value[P_MAX_OPEN].integer &&
           (!daily->present || a->trades_today < daily->integer);
}

static void tell_limits(struct arb *a, uint8_t buy, enum arb_answer why, struct intents *out)
{
    static const char *const TEXT[4] = {
        "no money left to buy `instrument` with on its venue: rebalance by hand",
        "nothing left to sell of `other` on its venue: rebalance by hand",
        "no money left to buy `other` with on its venue: rebalance by hand",
        "nothing left to sell of `instrument` on its venue: rebalance by hand",
    };
    if (why == ANSWER_NO_EDGE || why == ANSWER_TOO_SMALL)
        return; /* funds and imbalance were not looked at */
    tell(&a->told_imbalance, why == ANSWER_IMBALANCE,
         "max_imbalance is reached: rebalance by hand, or wait for the other direction", out);
    if (why == ANSWER_IMBALANCE)
        return;
    tell(&a->told_funds[2 * buy], why == ANSWER_NO_QUOTE_FUNDS, TEXT[2 * buy], out);
    tell(&a->told_funds[2 * buy + 1], why == ANSWER_NO_BASE_FUNDS, TEXT[2 * buy + 1], out);
}

/* The edge at the best prices, of buying on [buy]. */
static bool best_edge(const struct arb_look *l, uint8_t buy, dec *ret)
{
    struct level ask, bid;
    dec limit[2];
    return arb_level(l, buy, SIDE_BUY, 0, &ask) && arb_level(l, 1u - buy, SIDE_SELL, 0, &bid) &&
           arb_edge(l, buy, ask.price, bid.price, limit, ret);
}

static void consider(struct arb *a, struct arb_look *l, struct intents *out)
{
    dec edge[2];
    bool has[2];
    struct arb_plan plan;
    if (!read_markets(a, l))
        return;
    for (uint8_t k = 0; k < 2; k++)
        has[k] = best_edge(l, k, &edge[k]);
    if (!has[0] && !has[1])
        return;
    uint8_t buy = !has[0] || (has[1] && dec_gt(edge[1], edge[0]));
    a->last_edge = edge[buy];
    if (!a->has_edge || dec_gt(edge[buy], a->best_edge))
        a->best_edge = edge[buy];
    a->has_edge = true;
    if (dec_lt(edge[buy], l->p->value[P_MIN_PROFIT].decimal) || !may_open(a, l, out))
        return;
    enum arb_answer answer = arb_size(l, a, buy, &plan);
    tell_limits(a, buy, answer, out);
    if (answer == ANSWER_GO)
        arb_open(a, l, &plan, out);
}

/* ---- events ---- */

/* When something is to be done without an event. */
static void set_timer(struct arb *a, const struct arb_look *l, struct intents *out)
{
    int64_t now = view_now_ns(l->v), next = INT64_MAX;
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++) {
        const struct arb_trade *t = &a->trade[i];
        bool open = t->order[0] || t->order[1];
        if (t->step == STEP_NONE)
            continue;
        if (t->deadline_ns > now && t->deadline_ns < next)
            next = t->deadline_ns;
        if (!open && t->next_ns > now && t->next_ns < next)
            next = t->next_ns;
    }
    next = next == INT64_MAX ? 0 : next;
    if (next != a->timer_ns)
        intents_timer(out, next);
    a->timer_ns = next;
}

static enum err progress_all(struct arb *a, const struct arb_look *l, struct intents *out)
{
    for (uint32_t i = 0; i < ARB_OPEN_MAX; i++)
        if (a->trade[i].step != STEP_NONE) {
            enum err e = arb_progress(a, l, &a->trade[i], out);
            if (e)
                return e;
        }
    return ERR_OK;
}

static enum err arb_on_event(void *state, const struct strategy_view *v, const struct event *e,
                             struct intents *out)
{
    struct arb *a = state;
    struct arb_look l;
    enum err err = ERR_OK;
    arb_look_init(&l, a, v);
    if (e->kind == EVENT_FILL) {
        err = arb_on_fill(a, &l, &e->fill, out);
    } else if (e->kind == EVENT_ORDER) {
        struct arb_trade *t = arb_on_order(a, &e->order);
        err = t ? arb_progress(a, &l, t, out) : ERR_OK;
    } else {
        bool price = note_price(a, &l, e);
        if (e->kind == EVENT_TIMER)
            a->timer_ns = 0;
        if (price || e->kind == EVENT_TIMER)
            err = progress_all(a, &l, out);
        if (!err && price)
            consider(a, &l, out);
    }
    if (err)
        return err;
    set_timer(a, &l, out);
    return ERR_OK;
}

static uint32_t arb_figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    const struct arb *a = state;
    (void)v;
    const struct figure all[] = {
        {"trades", FIGURE_COUNT, dec_from_i64((int64_t)a->trades, 0)},
        {"profit", FIGURE_QUOTE, a->profit},
        {"last_edge", FIGURE_RATIO, a->has_edge ? a->last_edge : FIGURE_UNKNOWN},
        {"best_edge", FIGURE_RATIO, a->has_edge ? a->best_edge : FIGURE_UNKNOWN},
        {"imbalance", FIGURE_BASE, a->imbalance},
        {"stranded", FIGURE_BASE, a->stranded},
        {"dust", FIGURE_BASE, a->dust},
        {"under_way", FIGURE_COUNT, dec_from_i64((int64_t)under_way(a), 0)},
        {"missed", FIGURE_COUNT, dec_from_i64((int64_t)a->missed, 0)},
        {"hedged", FIGURE_COUNT, dec_from_i64((int64_t)a->hedged, 0)},
        {"unwound", FIGURE_COUNT, dec_from_i64((int64_t)a->unwound, 0)},
        {"held", FIGURE_COUNT, dec_from_i64((int64_t)a->held, 0)},
    };
    _Static_assert(sizeof all / sizeof all[0] <= FIGURES_MAX, "too many figures");
    memcpy(ret, all, sizeof all);
    return sizeof all / sizeof all[0];
}

static const char *arb_needs_quotes(const struct params *p)
{
    return p->value[P_USE_LAST].boolean ? NULL : "use_last = true";
}

const struct strategy_ops strategy_arbitrage = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "arbitrage",
    .summary = "buys on one venue and sells on another where prices differ by more than the fees",
    .params = arb_params,
    .subscribes = SUBSCRIBE_TOP | SUBSCRIBE_TRADE | SUBSCRIBE_BOOK | SUBSCRIBE_FEED,
    .state_size = sizeof(struct arb),
    .check = arb_check,
    .check_instruments = arb_check_instruments,
    .init = arb_init,
    .on_event = arb_on_event,
    .save = arb_save,
    .load = arb_load,
    .plan = arb_plan_print,
    .figures = arb_figures,
    .needs_quotes = arb_needs_quotes,
};

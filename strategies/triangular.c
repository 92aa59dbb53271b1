/* triangular: around three instruments of one venue and back to the asset it began with, when that
 * leaves more after three fees (docs/definitions.md, "triangular").
 *
 * It loses when prices move between the legs: then what is stranded goes back at a worse price, or
 * stays.
 */
#include "triangular.h"
#include "refuse.h"

#define ABOVE_ZERO "0.000000000000000001"

static const struct param_spec PARAMS[] = {
    [TRI_FIRST] = {.key = "first",
                   .type = PARAM_INSTRUMENT,
                   .flags = PARAM_REQUIRED,
                   .help = "one of the three instruments; the budget is of its quote currency"},
    [TRI_SECOND] = {.key = "second",
                    .type = PARAM_INSTRUMENT,
                    .flags = PARAM_REQUIRED,
                    .help = "another; in any order and any direction, as long as they close"},
    [TRI_THIRD] = {.key = "third",
                   .type = PARAM_INSTRUMENT,
                   .flags = PARAM_REQUIRED,
                   .help = "the last one"},
    [TRI_START] = {.key = "start",
                   .type = PARAM_CHOICE,
                   .choices = "quote|base",
                   .default_value = "quote",
                   .help = "asset of `first` in which a cycle begins and ends, and is counted"},
    [TRI_INVESTMENT_MIN] = {.key = "investment_min",
                            .type = PARAM_DECIMAL,
                            .flags = PARAM_LIVE,
                            .min = ABOVE_ZERO,
                            .help = "least amount of the start asset for a cycle; absent: only "
                                    "investment_max is tried"},
    [TRI_INVESTMENT_MAX] = {.key = "investment_max",
                            .type = PARAM_DECIMAL,
                            .flags = PARAM_REQUIRED | PARAM_LIVE,
                            .min = ABOVE_ZERO,
                            .help = "greatest amount of the start asset for a cycle"},
    [TRI_INVESTMENT_STEP] = {.key = "investment_step",
                             .type = PARAM_DECIMAL,
                             .flags = PARAM_LIVE,
                             .min = ABOVE_ZERO,
                             .help = "between the amounts that are tried, at most 100 of them; "
                                     "absent: a tenth of the range"},
    [TRI_MIN_PROFIT] = {.key = "min_profit",
                        .type = PARAM_DECIMAL,
                        .flags = PARAM_LIVE,
                        .min = "0",
                        .max = "1",
                        .default_value = "0.0005",
                        .help = "least profit, as a ratio of what is invested, after all fees"},
    [TRI_MAX_AGE] = {.key = "max_age",
                     .type = PARAM_DURATION,
                     .flags = PARAM_LIVE,
                     .min = "1ms",
                     .max = "1h",
                     .default_value = "500ms",
                     .help = "no cycle begins on a quote for which nothing came for longer"},
    [TRI_PRICES] = {.key = "prices",
                    .type = PARAM_CHOICE,
                    .choices = "book|top|trade",
                    .default_value = "top",
                    .help = "the least that is traded on: the depth book, a top of book with its "
                            "size, or (backtests of candles) a last trade, once for its quantity"},
    [TRI_LEVELS] = {.key = "levels",
                    .type = PARAM_INTEGER,
                    .flags = PARAM_LIVE,
                    .min = "1",
                    .max = "100",
                    .default_value = "10",
                    .help = "levels of a book that a leg may take"},
    [TRI_EXECUTION] = {.key = "execution",
                       .type = PARAM_CHOICE,
                       .choices = "linear|parallel",
                       .default_value = "linear",
                       .help = "one leg after the other, each for what the last one gave; or all "
                               "at once, which needs balances of all three assets"},
    [TRI_STRANDED] = {.key = "stranded",
                      .type = PARAM_CHOICE,
                      .flags = PARAM_LIVE,
                      .choices = "unwind|hold",
                      .default_value = "unwind",
                      .help = "what happens to an asset in the middle when a leg fails"},
    [TRI_UNWIND_DEADLINE] = {.key = "unwind_deadline",
                             .type = PARAM_DURATION,
                             .flags = PARAM_LIVE,
                             .min = "100ms",
                             .max = "1d",
                             .default_value = "10s",
                             .help = "unwinding ends after this; what is left then is kept"},
    [TRI_UNWIND_SLIPPAGE] = {.key = "unwind_slippage",
                             .type = PARAM_DECIMAL,
                             .flags = PARAM_LIVE,
                             .min = "0",
                             .max = "0.5",
                             .default_value = "0.005",
                             .help = "unwinding accepts prices this much worse than when it began, "
                                     "as a ratio"},
    [TRI_MAX_STRANDED] = {.key = "max_stranded",
                          .type = PARAM_DECIMAL,
                          .flags = PARAM_LIVE,
                          .min = "0",
                          .help = "no cycle begins while what was kept is worth more, in the start "
                                  "asset; absent: investment_max"},
    [TRI_COOLDOWN] = {.key = "cooldown",
                      .type = PARAM_DURATION,
                      .flags = PARAM_LIVE,
                      .min = "0s",
                      .max = "1d",
                      .default_value = "250ms",
                      .help = "pause after a cycle"},
    [TRI_MAX_CYCLES] = {.key = "max_cycles",
                        .type = PARAM_INTEGER,
                        .flags = PARAM_LIVE,
                        .min = "1",
                        .max = "256",
                        .help = "cycles begun within cycle_interval; absent: any number"},
    [TRI_CYCLE_INTERVAL] = {.key = "cycle_interval",
                            .type = PARAM_DURATION,
                            .flags = PARAM_LIVE,
                            .min = "1s",
                            .max = "366d",
                            .default_value = "1h",
                            .help = "for max_cycles: the time up to now that is looked at"},
    {.key = NULL},
};

/* ---- the shape ---- */

uint32_t triangle_joint(uint32_t a, uint32_t b)
{
    return (a + 1) % 3 == b ? a : b;
}

uint32_t triangle_from(uint32_t direction, uint32_t k)
{
    return direction ? (3 - k) % 3 : k;
}

enum side triangle_side(const struct triangle *t, uint32_t a, uint32_t b)
{
    return t->in[triangle_joint(a, b)]->quote == t->asset[a] ? SIDE_BUY : SIDE_SELL;
}

static bool joins(const struct instrument *in, asset_id a, asset_id b)
{
    return (in->base == a && in->quote == b) || (in->base == b && in->quote == a);
}

bool triangle_make(const struct params *p, const struct instrument *const in[static 3],
                   struct triangle *ret)
{
    bool quote = p->value[TRI_START].choice == TRI_START_QUOTE;
    asset_id start = quote ? in[0]->quote : in[0]->base,
             middle = quote ? in[0]->base : in[0]->quote;
    if (in[1]->venue != in[0]->venue || in[2]->venue != in[0]->venue)
        return false;
    for (uint32_t k = 1; k < 3; k++) { /* the second joint may be either of the other two */
        uint32_t other = 3 - k;
        asset_id third = in[k]->base == middle ? in[k]->quote : in[k]->base;
        if (third == start || !joins(in[k], middle, third) || !joins(in[other], third, start))
            continue;
        *ret = (struct triangle){
            .id = {p->value[TRI_FIRST].instrument, p->value[TRI_FIRST + k].instrument,
                   p->value[TRI_FIRST + other].instrument},
            .in = {in[0], in[k], in[other]},
            .asset = {start, middle, third},
        };
        return true;
    }
    return false;
}

/* ---- configuration ---- */

static enum err tri_check(const struct params *p, const struct instrument *first, const char **key,
                          char *why, size_t cap)
{
    dec max = p->value[TRI_INVESTMENT_MAX].decimal, range, steps;
    bool least = p->value[TRI_INVESTMENT_MIN].present,
         unwinds = p->value[TRI_STRANDED].choice == TRI_UNWIND;
    const struct usable all[] = {
        {TRI_INVESTMENT_STEP, least, "investment_min"},
        {TRI_UNWIND_DEADLINE, unwinds, "stranded = \"unwind\""},
        {TRI_UNWIND_SLIPPAGE, unwinds, "stranded = \"unwind\""},
        {TRI_CYCLE_INTERVAL, p->value[TRI_MAX_CYCLES].present, "max_cycles"},
    };
    enum err err = refuse_unused(PARAMS, p, all, sizeof all / sizeof all[0], key, why, cap);
    (void)first;
    if (err || !least)
        return err;
    if (!dec_sub(max, p->value[TRI_INVESTMENT_MIN].decimal, &range) || dec_is_neg(range))
        return refuse("investment_min", "is more than investment_max; allowed: at most as much",
                      key, why, cap);
    if (p->value[TRI_INVESTMENT_STEP].present &&
        (!dec_div(range, p->value[TRI_INVESTMENT_STEP].decimal, DEC_UP, &steps) ||
         dec_gt(steps, dec_from_i64(TRIANGLE_STEPS_MAX, 0))))
        return refuse("investment_step",
                      "makes more than 100 amounts between investment_min and investment_max; "
                      "allowed: a larger one",
                      key, why, cap);
    return ERR_OK;
}

static enum err tri_check_instruments(const struct params *p, const struct instrument *const *in,
                                      const char **key, char *why, size_t cap)
{
    struct triangle t;
    if (in[1]->venue != in[0]->venue || in[2]->venue != in[0]->venue)
        return refuse(in[1]->venue != in[0]->venue ? "second" : "third",
                      "is on another venue than first; allowed: three instruments of one venue",
                      key, why, cap);
    if (!triangle_make(p, in, &t))
        return refuse("third",
                      "first, second and third do not close; allowed: three instruments between "
                      "three assets, like BTC-USDT, ETH-BTC and ETH-USDT",
                      key, why, cap);
    return ERR_OK;
}

/* ---- the plan ---- */

static void add_text(char out[static 2 * PLAN_TEXT_MAX], const char *text)
{
    size_t n = strnlen(out, 2 * PLAN_TEXT_MAX), len = strlen(text), cap = 2 * PLAN_TEXT_MAX - 1;
    len = len < cap - n ? len : cap - n;
    memcpy(out + n, text, len);
    out[n + len] = 0;
}

static void describe_cycle(const struct triangle *t, uint32_t direction, char *out)
{
    add_text(out, direction ? "backward: " : "forward: ");
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t from = triangle_from(direction, k), to = triangle_from(direction, (k + 1) % 3);
        add_text(out, k ? ", " : "");
        add_text(out, triangle_side(t, from, to) == SIDE_BUY ? "buy " : "sell ");
        add_text(out, t->in[triangle_joint(from, to)]->symbol);
    }
}

static enum err tri_plan(const struct params *p, const struct instrument *const *in, dec price,
                         dec maker_fee, dec taker_fee, struct plan *ret)
{
    struct triangle t;
    dec keep, all, edge;
    char text[DEC_TEXT_MAX];
    (void)price, (void)maker_fee;
    if (!triangle_make(p, in, &t) || !dec_sub(DEC_ONE, taker_fee, &keep) ||
        !dec_mul(keep, keep, DEC_DOWN, &all) || !dec_mul(all, keep, DEC_DOWN, &all) ||
        !dec_div(DEC_ONE, all, DEC_UP, &edge) || !dec_sub(edge, DEC_ONE, &edge))
        return ERR_RANGE;
    memset(ret, 0, sizeof *ret);
    if (p->value[TRI_START].choice == TRI_START_QUOTE)
        ret->capital_quote = p->value[TRI_INVESTMENT_MAX].decimal;
    else
        ret->capital_base = p->value[TRI_INVESTMENT_MAX].decimal;
    describe_cycle(&t, 0, ret->remark[0]);
    describe_cycle(&t, 1, ret->remark[1]);
    dec_format_places(edge, 8, DEC_UP, text);
    add_text(ret->remark[2], "break-even: prices must be off by ");
    add_text(ret->remark[2], text);
    add_text(ret->remark[2], " to pay three taker fees");
    if (p->value[TRI_EXECUTION].choice == TRI_PARALLEL)
        add_text(ret->remark[3],
                 "parallel: needs as much of the other two assets before it begins");
    return ERR_OK;
}

/* ---- running ---- */

static enum err tri_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

static void note_time(struct tri *s, const struct strategy_view *v, const struct event *e)
{
    uint32_t k = 0;
    while (k < 2 && view_params(v)->value[TRI_FIRST + k].instrument != e->instrument)
        k++;
    if (e->kind == EVENT_TRADE && !dec_is_pos(e->trade.qty))
        return; /* a candle without trades repeats a price of old */
    if (e->kind == EVENT_TRADE)
        s->trade_qty[k] = e->trade.qty;
    s->told_ns[k][e->kind == EVENT_TRADE ? TRI_PRICES_TRADE
                  : e->kind == EVENT_TOP ? TRI_PRICES_TOP
                                         : TRI_PRICES_BOOK] = view_now_ns(v);
}

/* Time passed, or prices came. */
static enum err go_on(struct tri *s, const struct strategy_view *v, struct intents *out)
{
    if (s->phase == TRI_IDLE)
        return tri_consider(s, v, out);
    bool waits = s->order[0] || s->order[1] || s->order[2];
    return waits ? ERR_OK : tri_settle(s, v, out);
}

static enum err tri_on_event(void *state, const struct strategy_view *v, const struct event *e,
                             struct intents *out)
{
    struct tri *s = state;
    const struct order *o;
    switch (e->kind) {
    case EVENT_TOP:
    case EVENT_BOOK:
    case EVENT_TRADE: note_time(s, v, e); return go_on(s, v, out);
    case EVENT_FEED:
    case EVENT_TIMER:
    case EVENT_INSTRUMENT:
    case EVENT_PARAM: return go_on(s, v, out);
    case EVENT_FILL: return tri_fill(s, v, e, out);
    case EVENT_ORDER:
        o = view_order(v, e->order.id);
        if (o && !order_state_is_terminal(o->state))
            return ERR_OK; /* also in doubt: the cycle waits until it is known what became of it */
        return tri_order_ended(s, v, e->order.id,
                               e->order.state == ORDER_DENIED || e->order.state == ORDER_REJECTED,
                               out);
    case EVENT_STARTED: return tri_forget_lost(s, v, out);
    case EVENT_CANDLE:
    case EVENT_SIGNER:
    case EVENT_COMMAND:
    case EVENT_HISTORY: return ERR_OK;
    }
    return ERR_OK;
}

static uint32_t tri_figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    const struct tri *s = state;
    struct triangle t;
    tri_triangle(v, &t);
    bool quote = view_params(v)->value[TRI_START].choice == TRI_START_QUOTE;
    enum figure_unit start = quote ? FIGURE_QUOTE : FIGURE_BASE;
    const struct figure all[] = {
        {"cycles", FIGURE_COUNT, dec_from_i64((int64_t)s->cycles, 0)},
        {"losing_cycles", FIGURE_COUNT, dec_from_i64((int64_t)s->losses, 0)},
        {"stranded_cycles", FIGURE_COUNT, dec_from_i64((int64_t)s->strandings, 0)},
        {"opportunities", FIGURE_COUNT, dec_from_i64((int64_t)s->opportunities, 0)},
        {"cycle_profit", start, s->profit},
        {"last_edge", FIGURE_RATIO, s->seen_edge ? s->last_edge : FIGURE_UNKNOWN},
        {"best_edge", FIGURE_RATIO, s->seen_edge ? s->best_edge : FIGURE_UNKNOWN},
        {"dust_middle", start, tri_value(v, &t, 1, s->phase == TRI_IDLE ? s->held[1] : DEC_ZERO)},
        {"dust_third", start, tri_value(v, &t, 2, s->phase == TRI_IDLE ? s->held[2] : DEC_ZERO)},
        {"stranded_middle", start, tri_value(v, &t, 1, s->given_up[1])},
        {"stranded_third", start, tri_value(v, &t, 2, s->given_up[2])},
        {"last_cycle_us", FIGURE_COUNT, dec_from_i64((int64_t)(s->last_ns / 1000), 0)},
    };
    memcpy(ret, all, sizeof all);
    return sizeof all / sizeof all[0];
}

static const char *tri_needs_quotes(const struct params *p)
{
    return p->value[TRI_PRICES].choice == TRI_PRICES_TRADE ? NULL : "prices = \"trade\"";
}

const struct strategy_ops strategy_triangular = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "triangular",
    .summary = "around three instruments of one venue and back, when three fees leave a profit",
    .params = PARAMS,
    .subscribes = SUBSCRIBE_TOP | SUBSCRIBE_TRADE | SUBSCRIBE_BOOK | SUBSCRIBE_FEED,
    .state_size = sizeof(struct tri),
    .check = tri_check,
    .init = tri_init,
    .on_event = tri_on_event,
    .save = tri_save,
    .load = tri_load,
    .plan = tri_plan,
    .figures = tri_figures,
    .check_instruments = tri_check_instruments,
    .needs_quotes = tri_needs_quotes,
};

/* grid: buys a step lower, sells a step higher, again and again, between two prices
 * (docs/definitions.md, "grid"; docs/strategies/grid.md for people).
 *
 * The range is cut into slots. A slot buys at its lower price and sells at its upper what it
 * bought, from the first partial fill on. It earns the step less two fees per round trip; it loses
 * when the price leaves the range downwards and the slots hold what they bought.
 */
#include "strategies/grid_internal.h"

#define ANY_PRICE "0.000000000000000001"

const struct param_spec grid_params[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is traded"},
    [P_LOWER] = {.key = "lower",
                 .type = PARAM_DECIMAL,
                 .flags = PARAM_REQUIRED,
                 .min = ANY_PRICE,
                 .help = "lowest price of the range, in quote"},
    [P_UPPER] = {.key = "upper",
                 .type = PARAM_DECIMAL,
                 .flags = PARAM_REQUIRED,
                 .min = ANY_PRICE,
                 .help = "highest price of the range, in quote"},
    [P_LEVELS] = {.key = "levels",
                  .type = PARAM_INTEGER,
                  .min = "2",
                  .max = "200",
                  .help = "number of price levels, lower and upper included; this or step"},
    [P_SIZE] = {.key = "size",
                .type = PARAM_DECIMAL,
                .min = ANY_PRICE,
                .help = "quantity per level, in base; this, amount or investment"},
    [P_POST_ONLY] = {.key = "post_only",
                     .type = PARAM_BOOL,
                     .default_value = "true",
                     .help = "orders only ever rest (maker fee); one that would take is tried "
                             "again a second later"},
    [P_SPACING] = {.key = "spacing",
                   .type = PARAM_CHOICE,
                   .default_value = "arithmetic",
                   .choices = "arithmetic|geometric",
                   .help = "levels the same distance apart, or the same ratio"},
    [P_STEP] = {.key = "step",
                .type = PARAM_DECIMAL,
                .min = ANY_PRICE,
                .max = "1000000000000",
                .help = "distance of two levels: in quote, or as a ratio (0.01 is 1 %) where "
                        "spacing is geometric; this or levels"},
    [P_AMOUNT] = {.key = "amount",
                  .type = PARAM_DECIMAL,
                  .min = ANY_PRICE,
                  .help = "value of each level's buy, in quote"},
    [P_INVESTMENT] = {.key = "investment",
                      .type = PARAM_DECIMAL,
                      .min = ANY_PRICE,
                      .help = "value of the buys of all levels, in quote; each gets the same base"},
    [P_DIRECTION] = {.key = "direction",
                     .type = PARAM_CHOICE,
                     .default_value = "neutral",
                     .choices = "neutral|long|short",
                     .help = "neutral: the inventory serves the levels above the price; long: "
                             "begins with quote alone; short: begins with inventory alone"},
    [P_INITIAL_ORDER] = {.key = "initial_order",
                         .type = PARAM_CHOICE,
                         .default_value = "none",
                         .choices = "none|market|limit",
                         .help = "how the levels get at the start what they lack: buying (short: "
                                 "selling) at once, or with an order at the price, or not at all"},
    [P_SLIPPAGE] = {.key = "slippage",
                    .type = PARAM_DECIMAL,
                    .default_value = "0.005",
                    .min = "0",
                    .max = "0.5",
                    .help = "most that the initial orders, and the selling when it closes, may "
                            "be worse than the price, as a ratio"},
    [P_TRIGGER] = {.key = "trigger",
                   .type = PARAM_DECIMAL,
                   .min = ANY_PRICE,
                   .help = "begins only when the price has come to this one, from either side"},
    [P_STOP_LOSS] = {.key = "stop_loss",
                     .type = PARAM_DECIMAL,
                     .flags = PARAM_LIVE,
                     .min = ANY_PRICE,
                     .help = "at this price or below it cancels everything, sells what it holds "
                             "and stops, until this is changed"},
    [P_TAKE_PROFIT] = {.key = "take_profit",
                       .type = PARAM_DECIMAL,
                       .flags = PARAM_LIVE,
                       .min = ANY_PRICE,
                       .help = "the same at this price or above"},
    [P_ON_EXIT] = {.key = "on_exit",
                   .type = PARAM_CHOICE,
                   .flags = PARAM_LIVE,
                   .default_value = "hold",
                   .choices = "hold|close|trail",
                   .help = "when the price leaves the range: wait, sell everything and stop, or "
                           "move the range along"},
    [P_TRAIL_UP_TO] = {.key = "trail_up_to",
                       .type = PARAM_DECIMAL,
                       .flags = PARAM_LIVE,
                       .min = ANY_PRICE,
                       .help = "highest price to which on_exit = trail may move the upper level"},
    [P_TRAIL_DOWN_TO] = {.key = "trail_down_to",
                         .type = PARAM_DECIMAL,
                         .flags = PARAM_LIVE,
                         .min = ANY_PRICE,
                         .help = "lowest price to which on_exit = trail may move the lower level"},
    [P_MAX_OPEN] = {.key = "max_open",
                    .type = PARAM_INTEGER,
                    .flags = PARAM_LIVE,
                    .min = "1",
                    .max = "400",
                    .help = "open orders on each side at most, the nearest to the price; absent: "
                            "all"},
    [P_MIN_PROFIT] = {.key = "min_profit",
                      .type = PARAM_DECIMAL,
                      .default_value = "0",
                      .min = "-1",
                      .max = "1",
                      .help = "least that a round trip must earn after two maker fees, as a ratio; "
                              "a smaller step is refused"},
    [P_REPRICE] = {.key = "reprice",
                   .type = PARAM_BOOL,
                   .flags = PARAM_LIVE,
                   .default_value = "true",
                   .help = "a post-only order that would have taken comes back at least one tick "
                           "off the market, then two, to ten; false: at its level, once the "
                           "price has left it"},
    [P_COOLDOWN] = {.key = "cooldown",
                    .type = PARAM_DURATION,
                    .flags = PARAM_LIVE,
                    .default_value = "0s",
                    .min = "0s",
                    .max = "7d",
                    .help =
                        "how long a level waits after an order filled, before the opposite one"},
    [P_COUNT] = {.key = NULL},
};

static enum err grid_check(const struct params *p, const struct instrument *in, const char **key,
                           char *why, size_t cap)
{
    return grid_validate(p, in, NULL, key, why, cap);
}

static enum err grid_check_fees(const struct params *p, const struct instrument *in, dec maker_fee,
                                dec taker_fee, const char **key, char *why, size_t cap)
{
    (void)taker_fee; /* its orders rest */
    return grid_validate(p, in, &maker_fee, key, why, cap);
}

static enum err grid_init(void *state, const struct params *p, const struct strategy_view *v)
{
    struct grid *g = state;
    (void)v;
    g->slots = grid_level_count(p) - 1; /* check() has looked: there are two at least */
    return ERR_OK;
}

/* A parameter that stopped it and has been changed lets it begin anew. */
static void on_param(struct grid *g, const struct strategy_view *v, const struct event_param *p)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    g->due = true;
    if (g->phase == GRID_STOPPED && g->stopped_by == p->index) {
        g->phase = GRID_WAITING;
        g->trigger_armed = false;
    }
    if (g->phase == GRID_RUNNING)
        grid_find_trail(g, view_params(v), &in->rules);
}

static enum err own_event(struct grid *g, const struct strategy_view *v, const struct event *e)
{
    if (e->kind == EVENT_FILL)
        return grid_on_fill(g, v, &e->fill);
    if (e->kind == EVENT_ORDER) {
        grid_on_order(g, v, &e->order);
    } else if (e->kind == EVENT_TIMER) {
        g->due = true;
        grid_release(g, view_now_ns(v));
    } else if (e->kind == EVENT_PARAM) {
        on_param(g, v, &e->param);
    }
    return ERR_OK;
}

/* Whether the price has come to the trigger, from the side on which it was at first. */
static bool is_triggered(struct grid *g, const struct params *p, dec mark)
{
    dec trigger = p->value[P_TRIGGER].decimal;
    if (!p->value[P_TRIGGER].present)
        return true;
    if (!g->trigger_armed) {
        g->trigger_armed = true;
        g->trigger_above = dec_gt(trigger, mark);
    }
    return g->trigger_above ? dec_ge(mark, trigger) : dec_le(mark, trigger);
}

static enum err wait_or_begin(struct grid_call *c)
{
    struct grid *g = c->g;
    const struct param_value *v = c->p->value;
    if (c->r->status != INSTRUMENT_TRADING || !is_triggered(g, c->p, c->mark))
        return ERR_OK;
    if (v[P_ON_EXIT].choice == EXIT_CLOSE &&
        (dec_lt(c->mark, v[P_LOWER].decimal) || dec_gt(c->mark, v[P_UPPER].decimal)))
        return ERR_OK; /* it would stop at once: waits for the price to be inside */
    enum err err = grid_begin(c);
    if (err)
        return err;
    uint32_t reason = grid_stop_reason(g, c->p, c->mark);
    if (reason != P_COUNT)
        grid_start_closing(c, reason);
    return ERR_OK;
}

static bool is_beyond(const struct grid *g, dec mark)
{
    return (dec_is_pos(g->trail_up) && dec_ge(mark, g->trail_up)) ||
           (dec_is_pos(g->trail_down) && dec_le(mark, g->trail_down));
}

static void run(struct grid_call *c)
{
    struct grid *g = c->g;
    uint32_t reason = grid_stop_reason(g, c->p, c->mark);
    if (reason != P_COUNT) {
        grid_start_closing(c, reason);
        return;
    }
    bool beyond = is_beyond(g, c->mark) && c->r->status == INSTRUMENT_TRADING &&
                  view_state(c->v) == STATE_ACTIVE;
    if (beyond)
        grid_trail(c);
    if (g->due || beyond || g->entries || (g->any_waiting && dec_lt(g->lowest_waiting, c->mark)) ||
        grid_unblocks(c)) {
        grid_place(c);
        grid_set_timer(c);
    }
}

static bool holds_something(const struct grid_call *c)
{
    dec held = DEC_ZERO;
    for (uint32_t i = 0; i < c->g->slots; i++)
        held.v += c->g->slot[i].held.v;
    return grid_worth(c->r, grid_lots(c->r, held), c->mark);
}

static enum err grid_on_event(void *state, const struct strategy_view *v, const struct event *e,
                              struct intents *out)
{
    struct grid_call c; /* its large part is filled when it is needed */
    c.g = state;
    c.v = v;
    c.out = out;
    c.p = view_params(v);
    c.asks = 0;
    c.more = false;
    instrument_id first = view_first_instrument(v);
    enum err err = own_event(c.g, v, e);
    if (err || !view_mark(v, first, &c.mark))
        return err; /* what is due waits for a price */
    if (e->kind == EVENT_ORDER &&
        (e->order.state == ORDER_DENIED || !order_state_is_terminal(e->order.state))) {
        c.now = view_now_ns(v);
        grid_set_timer(&c);
        return ERR_OK; /* nothing new in answer to a denial, or to what has not ended */
    }
    c.r = &view_instrument(v, first)->rules;
    c.now = view_now_ns(v);
    if (c.g->phase == GRID_WAITING)
        err = wait_or_begin(&c);
    if (err)
        return err;
    if (c.g->phase == GRID_RUNNING)
        run(&c);
    if (c.g->phase == GRID_STOPPED && c.g->due && c.r->status == INSTRUMENT_TRADING) {
        c.g->due = false;
        if (holds_something(&c)) /* a fill that came late */
            grid_start_closing(&c, c.g->stopped_by);
    }
    if (c.g->phase == GRID_CLOSING && c.g->due) {
        grid_close(&c);
        grid_set_timer(&c);
    }
    return ERR_OK;
}

const struct strategy_ops strategy_grid = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "grid",
    .summary = "buys a step lower and sells a step higher between two prices",
    .params = grid_params,
    .subscribes = SUBSCRIBE_TOP | SUBSCRIBE_TRADE | SUBSCRIBE_FEED,
    .state_size = sizeof(struct grid),
    .check = grid_check,
    .init = grid_init,
    .on_event = grid_on_event,
    .save = grid_save,
    .load = grid_load,
    .plan = grid_plan,
    .figures = grid_figures,
    .check_fees = grid_check_fees,
};

/* dca, mode "safety": a deal from its base order to its end, each parameter, and what goes wrong.
 * The venue's answers are given by hand. */
#include "params.h"
#include "world.h"

#include "strategies/dca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define MINUTE (60 * SECOND)

static struct world w;

static void assert_dec(dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, want);
}

#define BASE "mode = \"safety\"\namount = \"100\"\n"
#define LADDER                                                                                     \
    BASE "safety_amount = \"200\"\nsafety_count = 3\ndeviation = \"0.01\"\n"                       \
         "volume_scale = \"1.5\"\nstep_scale = \"2\"\n"
#define TAKE "take_profit = [\"0.02\"]\n"

static void prepare(const char *budget, const char *lines)
{
    char all[2048];
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "d", &strategy_dca, budget, "0");
    snprintf(all, sizeof all, "budget = \"%s\"\ninstrument = \"BTC-USDT\"\n%s", budget, lines);
    params_read(&s->params, &strategy_dca, all);
}

static void begin(const char *lines)
{
    prepare("9000", lines);
    world_start(&w);
}

/* ---- its orders ---- */

enum {
    ROLE_BASE = 0,
    ROLE_SAFETY = DCA_TAG_SAFETY,
    ROLE_TAKE = DCA_TAG_TAKE,
    ROLE_SELL = DCA_TAG_SELL
};

/* The open order of a role, or NULL. */
static const struct order *working(uint32_t role)
{
    const struct order *o;
    for (uint32_t n = 0; (o = engine_open_order(w.engine, n)) != NULL; n++)
        if ((o->req.tag & 0xff) == role)
            return o;
    return NULL;
}

static const struct order *safety(uint32_t n)
{
    return working(ROLE_SAFETY + n - 1);
}
static const struct order *take(uint32_t n)
{
    return working(ROLE_TAKE + n - 1);
}

/* The venue accepts what was sent and cancels what it was asked to, until nothing is new. */
static void settle(void)
{
    struct {
        order_id id;
        enum order_state state;
    } todo[256];
    uint32_t n = 0, done = 0;
    do {
        for (uint32_t i = 0; i < w.fx->count; i++) {
            const struct effect *fx = &w.fx->item[i];
            if (fx->kind != EFFECT_SUBMIT && fx->kind != EFFECT_CANCEL)
                continue;
            assert_in_range(n, 0, 255);
            todo[n].id = fx->kind == EFFECT_SUBMIT ? fx->submit.id : fx->cancel;
            todo[n++].state = fx->kind == EFFECT_SUBMIT ? ORDER_ACCEPTED : ORDER_CANCELED;
        }
        if (done < n)
            world_order(&w, todo[done].id, todo[done].state);
    } while (done++ < n);
}

static void price(const char *p)
{
    world_trade(&w, p, "1");
    settle();
}

static void fill(const struct order *o, const char *at, const char *qty)
{
    assert_non_null(o);
    world_fill(&w, o->id, at, qty);
    settle();
}

static void pass(int64_t ns)
{
    world_advance(&w, ns);
    world_timer(&w);
    settle();
}

/* The base order of 0.002 at 50000 is filled; what follows is placed. */
static void open_deal(void)
{
    price("50000");
    fill(working(ROLE_BASE), "50000", "0.002");
}

static dec figure(const char *name)
{
    struct figure f[FIGURES_MAX];
    uint32_t n = engine_figures(w.engine, 0, f);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0)
            return f[i].value;
    fail_msg("no figure %s", name);
    return DEC_ZERO;
}

static void assert_order(const struct order *o, const char *at, const char *qty)
{
    assert_non_null(o);
    assert_dec(o->req.price, at);
    assert_dec(o->req.qty, qty);
}

static uint32_t open_count(void)
{
    return engine_open_orders(w.engine);
}

static void set(const char *key, enum param_type type, struct param_value value)
{
    struct event e = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    e.param = (struct event_param){.index = params_index(&strategy_dca, key),
                                   .type = type,
                                   .present = value.present,
                                   .value = value};
    world_step(&w, &e);
    settle();
}

/* ---- a deal ---- */

static void the_ladder_is_what_the_definition_says(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    price("50000");
    const struct order *base = working(ROLE_BASE);
    assert_int_equal(base->req.type, ORDER_MARKET);
    assert_dec(base->req.qty, "0.002");
    assert_int_equal(open_count(), 1); /* nothing else before it is filled */
    fill(base, "50000", "0.002");
    assert_order(safety(1), "49500", "0.00404"); /* 1 % below, of 200 */
    assert_order(safety(2), "48500", "0.00618"); /* 2 % more, of 300 */
    assert_order(safety(3), "46500", "0.00967"); /* 4 % more, of 450 */
    assert_order(take(1), "51000", "0.00199");   /* what was bought less its fee, in lots */
    assert_int_equal(take(1)->req.side, SIDE_SELL);
    assert_int_equal(open_count(), 4);
    world_close(&w);
}

static void the_first_price_of_a_market_order_is_its_average(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    price("50000");
    const struct order *base = working(ROLE_BASE);
    fill(base, "50000", "0.001");
    assert_int_equal(open_count(), 1);
    fill(base, "50100", "0.001");
    assert_order(safety(1), "49549.5", "0.00403"); /* 1 % below 50050 */
    world_close(&w);
}

static void a_filled_safety_order_lowers_the_take_profit(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    order_id old = take(1)->id;
    world_advance(&w, SECOND);
    fill(safety(1), "49500", "0.00404");
    assert_int_not_equal(take(1)->id, old);
    /* (100 + 199.98) / 0.00604 = 49665.5629..., times 1.02, up to the tick */
    assert_order(take(1), "50658.88", "0.00603");
    assert_dec(figure("safety_orders_filled"), "1");
    assert_dec(figure("take_profit_price"), "50658.88");
    world_close(&w);
}

/* Partial fills come in bursts: one change of the take profit a second, and none is lost. */
static void the_take_profit_is_resized_once_a_second(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    order_id old = take(1)->id;
    fill(safety(1), "49500", "0.001");
    fill(safety(1), "49500", "0.001");
    assert_int_equal(take(1)->id, old);
    pass(SECOND);
    assert_int_not_equal(take(1)->id, old);
    assert_dec(take(1)->req.qty, "0.00399");
    world_close(&w);
}

static void selling_all_ends_the_deal_and_the_next_begins(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    fill(take(1), "51000", "0.00199");
    assert_null(safety(1));
    assert_int_equal(open_count(), 0);
    assert_dec(figure("deals_ended"), "1");
    assert_dec(figure("deals_won"), "1");
    /* 0.00199 x 51000 = 101.49, less 0.10149 of fee, less 100 */
    assert_dec(figure("total_profit"), "1.38851");
    assert_dec(figure("held"), "0.000008"); /* dust: 0.001998 - 0.00199 */
    price("51000");
    assert_non_null(working(ROLE_BASE));
    assert_dec(figure("deal_number"), "2");
    /* the dust is sold with the next deal, once it makes a lot: 0.000008 + 0.00196 x 0.999 */
    fill(working(ROLE_BASE), "51000", "0.00196");
    assert_dec(figure("held"), "0.00196604");
    world_close(&w);
}

static void volume_scale_and_step_scale_below_one(void **state)
{
    (void)state;
    begin(BASE "safety_amount = \"200\"\nsafety_count = 3\ndeviation = \"0.02\"\n"
               "volume_scale = \"0.5\"\nstep_scale = \"0.5\"\n" TAKE);
    open_deal();
    assert_order(safety(1), "49000", "0.00408");
    assert_order(safety(2), "48500", "0.00206"); /* 2 % + 1 %, of 100 */
    assert_order(safety(3), "48250", "0.00103"); /* + 0.5 %, of 50 */
    world_close(&w);
}

static void only_active_count_safety_orders_rest_at_once(void **state)
{
    (void)state;
    begin(LADDER TAKE "active_count = 1\n");
    open_deal();
    assert_non_null(safety(1));
    assert_null(safety(2));
    fill(safety(1), "49500", "0.00404");
    assert_non_null(safety(2));
    assert_null(safety(3));
    world_close(&w);
}

static void no_safety_orders_are_needed(void **state)
{
    (void)state;
    begin(BASE TAKE);
    open_deal();
    assert_int_equal(open_count(), 1);
    fill(take(1), "51000", "0.00199");
    assert_dec(figure("deals_ended"), "1");
    world_close(&w);
}

/* A safety order whose price the market has left behind pays the market's price: its limit is near
 * it, or the price collar would refuse. */
static void a_price_far_below_is_not_overpaid(void **state)
{
    (void)state;
    begin(LADDER TAKE "active_count = 1\n");
    open_deal();
    price("40000");
    fill(safety(1), "49500", "0.00404");
    assert_order(safety(2), "40400", "0.00742"); /* 300 of quote */
    world_close(&w);
}

/* ---- the base order ---- */

#define LIMIT "order_type = \"limit\"\nlimit_offset = \"0.01\"\n"

static void a_limit_base_order_counts_from_its_first_fill(void **state)
{
    (void)state;
    begin(LADDER TAKE LIMIT);
    price("50000");
    assert_order(working(ROLE_BASE), "49500", "0.00202");
    fill(working(ROLE_BASE), "49500", "0.001");
    assert_order(safety(1), "49005", "0.00408"); /* of its limit */
    assert_non_null(take(1));
    assert_non_null(working(ROLE_BASE));
    world_close(&w);
}

static void an_unfilled_base_order_is_placed_anew(void **state)
{
    (void)state;
    begin(LADDER TAKE LIMIT "unfilled_timeout = \"30s\"\n");
    price("50000");
    order_id old = working(ROLE_BASE)->id;
    pass(30 * SECOND);
    price("51000");
    assert_non_null(working(ROLE_BASE));
    assert_int_not_equal(working(ROLE_BASE)->id, old);
    assert_dec(working(ROLE_BASE)->req.price, "50490");
    assert_dec(figure("deals_ended"), "0");
    world_close(&w);
}

static void the_rest_of_a_base_order_may_be_bought_at_market(void **state)
{
    (void)state;
    begin(LADDER TAKE LIMIT "unfilled_timeout = \"30s\"\non_timeout = \"market\"\n");
    price("50000");
    fill(working(ROLE_BASE), "49500", "0.00101"); /* half */
    pass(30 * SECOND);
    const struct order *rest = working(ROLE_BASE);
    assert_non_null(rest);
    assert_int_equal(rest->req.type, ORDER_MARKET);
    assert_dec(rest->req.qty, "0.001"); /* 50.005 / 50000 */
    world_close(&w);
}

static void a_rejected_base_order_backs_off(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    static const int64_t WAIT[] = {1, 5, 30, 30};
    world_trade(&w, "50000", "1");
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(working(ROLE_BASE));
        world_order(&w, working(ROLE_BASE)->id, ORDER_REJECTED);
        world_advance(&w, WAIT[i] * MINUTE - SECOND);
        world_trade(&w, "50000", "1");
        assert_null(working(ROLE_BASE));
        world_advance(&w, SECOND);
        world_trade(&w, "50000", "1");
        if (!working(ROLE_BASE))
            world_timer(&w);
    }
    assert_dec(figure("deals_ended"), "0");
    world_close(&w);
}

/* ---- take profit in steps ---- */

#define STEPS                                                                                      \
    "take_profit = [\"0.01\", \"0.02\", \"0.03\"]\ntake_profit_share = [\"0.5\", \"0.3\", "        \
    "\"0.2\"]\n"

static void steps_sell_their_shares(void **state)
{
    (void)state;
    begin("mode = \"safety\"\namount = \"1000\"\n" STEPS);
    price("50000");
    fill(working(ROLE_BASE), "50000", "0.02"); /* 0.01998 held */
    assert_order(take(1), "50500", "0.00999");
    assert_order(take(2), "51000", "0.00599"); /* 3/5 of the rest */
    assert_order(take(3), "51500", "0.004");   /* all that is left */
    fill(take(1), "50500", "0.00999");
    fill(take(2), "51000", "0.00599");
    assert_dec(figure("take_profit_price"), "51500");
    assert_dec(figure("deals_ended"), "0");
    fill(take(3), "51500", "0.004");
    assert_dec(figure("deals_ended"), "1");
    world_close(&w);
}

static void steps_have_equal_shares_by_default(void **state)
{
    (void)state;
    begin("mode = \"safety\"\namount = \"1000\"\ntake_profit = [\"0.01\", \"0.02\"]\n");
    price("50000");
    fill(working(ROLE_BASE), "50000", "0.02");
    assert_order(take(1), "50500", "0.00999");
    assert_order(take(2), "51000", "0.00999");
    world_close(&w);
}

/* Parts below the venue's minimum are left to the next step, never lost. */
static void a_step_too_small_for_an_order_is_left_to_the_next(void **state)
{
    (void)state;
    begin("mode = \"safety\"\namount = \"16\"\n"
          "take_profit = [\"0.01\", \"0.02\"]\ntake_profit_share = [\"0.2\", \"0.8\"]\n");
    price("50000");
    fill(working(ROLE_BASE), "50000", "0.00032"); /* a fifth is worth 3.2 */
    assert_null(take(1));
    assert_order(take(2), "51000", "0.00031");
    fill(take(2), "51000", "0.00031");
    assert_dec(figure("deals_ended"), "1");
    world_close(&w);
}

/* ... and what a step would leave unsellable goes with it. */
static void a_rest_too_small_for_an_order_goes_with_the_step(void **state)
{
    (void)state;
    begin("mode = \"safety\"\namount = \"16\"\n"
          "take_profit = [\"0.01\", \"0.02\"]\ntake_profit_share = [\"0.8\", \"0.2\"]\n");
    price("50000");
    fill(working(ROLE_BASE), "50000", "0.00032");
    assert_order(take(1), "50500", "0.00031");
    assert_null(take(2));
    world_close(&w);
}

static void a_fill_after_the_first_step_moves_the_others(void **state)
{
    (void)state;
    begin(LADDER "take_profit = [\"0.01\", \"0.02\"]\n");
    open_deal();
    fill(take(1), "50500", "0.00099");
    world_advance(&w, SECOND);
    fill(safety(1), "49500", "0.00404");
    assert_null(take(1)); /* done once */
    /* held: 0.001998 - 0.00099 + 0.00403596; average of all buys */
    assert_order(take(2), "50658.88", "0.00504");
    world_close(&w);
}

/* ---- trailing ---- */

static void trailing_sells_when_the_price_falls_from_its_height(void **state)
{
    (void)state;
    begin(LADDER TAKE "trailing = \"0.01\"\n");
    open_deal();
    assert_null(take(1)); /* followed, not placed */
    price("50999.99");
    price("50400"); /* not armed: nothing */
    assert_null(working(ROLE_SELL));
    price("51000");
    price("52000");
    price("51480.01");
    assert_null(working(ROLE_SELL));
    price("51480"); /* 1 % below 52000 */
    assert_non_null(working(ROLE_SELL));
    assert_int_equal(working(ROLE_SELL)->req.type, ORDER_MARKET);
    assert_dec(working(ROLE_SELL)->req.qty, "0.00199");
    assert_null(safety(1));
    fill(working(ROLE_SELL), "51480", "0.00199");
    assert_dec(figure("deals_ended"), "1");
    world_close(&w);
}

static void trailing_follows_the_last_step_only(void **state)
{
    (void)state;
    begin("mode = \"safety\"\namount = \"1000\"\n" STEPS "trailing = \"0.01\"\n");
    price("50000");
    fill(working(ROLE_BASE), "50000", "0.02");
    assert_non_null(take(1));
    assert_non_null(take(2));
    assert_null(take(3));
    world_close(&w);
}

/* ---- stops ---- */

static void the_stop_is_below_the_average_and_takes_the_adds_away_first(void **state)
{
    (void)state;
    begin(LADDER TAKE "stop_loss = \"0.05\"\n");
    open_deal();
    fill(safety(1), "49500", "0.00404"); /* average 49665.56, stop 47182.28... */
    assert_dec(figure("stop_price"), "47182.284768211920529802");
    price("47182.29");
    assert_null(working(ROLE_SELL));
    /* The canceling comes before the sell, and the sell waits for its end. */
    world_trade(&w, "47182.28", "1");
    uint32_t cancels = 0;
    while (world_effect(&w, EFFECT_CANCEL, cancels))
        cancels++;
    assert_int_equal(cancels, 3); /* two safety orders, the take profit */
    assert_null(world_effect(&w, EFFECT_SUBMIT, 0));
    settle();
    assert_null(safety(2));
    assert_null(safety(3));
    assert_null(take(1));
    assert_dec(working(ROLE_SELL)->req.qty, "0.00603");
    fill(working(ROLE_SELL), "47000", "0.00603");
    assert_dec(figure("deals_ended"), "1");
    assert_dec(figure("deals_won"), "0");
    assert_true(dec_is_neg(figure("total_profit")));
    world_close(&w);
}

/* A cancel without an answer must not keep the stop from selling; what still fills is sold, too. */
static void a_stop_does_not_wait_for_ever_for_a_cancel(void **state)
{
    (void)state;
    begin(LADDER "take_profit = [\"0.5\"]\nstop_loss = \"0.02\"\n");
    open_deal();
    order_id adds[3] = {safety(1)->id, safety(2)->id, safety(3)->id};
    world_trade(&w, "49000", "1"); /* cancels go out ... */
    order_id tp = take(1)->id;
    world_order(&w, tp, ORDER_CANCELED);
    assert_null(working(ROLE_SELL)); /* ... the adds' are not answered */
    world_advance(&w, SECOND);
    world_timer(&w);
    assert_non_null(working(ROLE_SELL));
    world_fill(&w, working(ROLE_SELL)->id, "49000", "0.00199");
    world_order(&w, adds[0], ORDER_CANCELED);
    world_order(&w, adds[1], ORDER_CANCELED);
    assert_dec(figure("deals_ended"), "0");
    world_fill(&w, adds[2], "46500", "0.00967"); /* it crossed the cancel */
    assert_non_null(working(ROLE_SELL));
    assert_dec(working(ROLE_SELL)->req.qty, "0.00966");
    world_fill(&w, working(ROLE_SELL)->id, "46000", "0.00966");
    assert_dec(figure("deals_ended"), "1");
    world_close(&w);
}

static void the_stop_can_wait_for_a_lasting_fall(void **state)
{
    (void)state;
    begin(LADDER "take_profit = [\"0.5\"]\nstop_loss = \"0.05\"\nstop_timeout = \"10s\"\n");
    open_deal();
    price("47500");
    assert_int_equal(engine_next_timer_ns(w.engine) > w.now_ns + 9 * SECOND, 1);
    pass(9 * SECOND);
    price("47501"); /* above: counted anew */
    price("47500");
    pass(9 * SECOND);
    assert_null(working(ROLE_SELL));
    pass(SECOND);
    assert_non_null(working(ROLE_SELL));
    world_close(&w);
}

static void after_the_first_step_the_stop_is_at_break_even(void **state)
{
    (void)state;
    begin(LADDER "take_profit = [\"0.01\", \"0.02\"]\nstop_loss = \"0.05\"\n"
                 "stop_to_break_even = true\n");
    open_deal();
    price("50100");
    assert_dec(figure("stop_price"), "47500");
    price("50500");
    fill(take(1), "50500", "0.00099");
    /* 100 / 0.001998 / 0.999, up to the tick */
    assert_dec(figure("stop_price"), "50100.16");
    assert_dec(figure("break_even_price"), "50100.16");
    price("50100.17");
    assert_null(working(ROLE_SELL));
    price("50100.16");
    assert_non_null(working(ROLE_SELL));
    world_close(&w);
}

static void a_refused_sell_is_tried_again_soon(void **state)
{
    (void)state;
    static const int64_t WAIT[] = {1, 5, 30, 30};
    begin(BASE "take_profit = [\"0.5\"]\nstop_loss = \"0.02\"\n");
    open_deal();
    price("49000");
    for (size_t i = 0; i < 4; i++) {
        world_order(&w, working(ROLE_SELL)->id, ORDER_CANCELED);
        pass((WAIT[i] - 1) * SECOND);
        assert_null(working(ROLE_SELL));
        pass(SECOND);
        assert_non_null(working(ROLE_SELL));
    }
    world_close(&w);
}

static void end_order(const struct order *o, enum reason reason)
{
    assert_non_null(o);
    world_step(&w, &(struct event){.kind = EVENT_ORDER,
                                   .order = {.id = o->id,
                                             .state = ORDER_EXPIRED,
                                             .reason = reason,
                                             .venue_order_id = o->id}});
    settle();
}

/* A limit on the size of orders must not keep a stop from selling: it sells in parts. */
static void what_is_too_large_for_a_limit_is_sold_in_parts(void **state)
{
    (void)state;
    begin("mode = \"safety\"\namount = \"100\"\ntake_profit = [\"0.01\"]\nstop_loss = \"0.02\"\n");
    open_deal();
    end_order(take(1), REASON_MAX_NOTIONAL);
    assert_null(take(1));
    pass(2 * SECOND);
    assert_dec(take(1)->req.qty, "0.00099");
    fill(take(1), "50500", "0.00099"); /* a part: the step goes on */
    assert_dec(figure("deals_ended"), "0");
    pass(SECOND);
    assert_dec(take(1)->req.qty, "0.00099");
    price("49000");
    end_order(working(ROLE_SELL), REASON_ORDER_QTY);
    pass(SECOND);
    fill(working(ROLE_SELL), "49000", "0.00049");
    fill(working(ROLE_SELL), "49000", "0.00049");
    assert_dec(figure("deals_ended"), "1"); /* 0.00002 are less than an order: dust */
    world_close(&w);
}

static void the_venues_largest_quantity_is_kept(void **state)
{
    (void)state;
    prepare("9000", LADDER TAKE "stop_loss = \"0.02\"\n");
    w.setup->instrument[0].rules.max_qty = D("0.003");
    world_start(&w);
    open_deal();
    assert_order(safety(1), "49500", "0.003");
    fill(safety(1), "49500", "0.003");
    assert_order(safety(1), "49500", "0.00104"); /* what it lacks */
    world_advance(&w, SECOND);
    fill(safety(1), "49500", "0.00104");
    assert_order(take(1), "50658.88", "0.003");
    price("48600");
    assert_dec(working(ROLE_SELL)->req.qty, "0.003");
    fill(working(ROLE_SELL), "48600", "0.003");
    assert_dec(working(ROLE_SELL)->req.qty, "0.003");
    world_close(&w);
}

/* ---- time and number ---- */

static void a_deal_that_is_too_old_is_sold(void **state)
{
    (void)state;
    begin(LADDER TAKE "deal_timeout = \"1h\"\n");
    open_deal();
    int64_t begun = w.now_ns;
    pass(59 * MINUTE);
    assert_null(working(ROLE_SELL));
    pass(MINUTE);
    assert_true(w.now_ns - begun < 61 * MINUTE);
    assert_non_null(working(ROLE_SELL));
    assert_null(safety(1));
    world_close(&w);
}

static void deals_have_a_pause_between_them(void **state)
{
    (void)state;
    begin(BASE TAKE "cooldown = \"10m\"\n");
    open_deal();
    fill(take(1), "51000", "0.00199");
    price("50000");
    assert_null(working(ROLE_BASE));
    pass(10 * MINUTE - SECOND);
    price("50000");
    assert_null(working(ROLE_BASE));
    pass(SECOND);
    assert_non_null(working(ROLE_BASE));
    world_close(&w);
}

static void no_more_than_max_deals(void **state)
{
    (void)state;
    begin(BASE TAKE "max_deals = 2\n");
    for (int i = 0; i < 2; i++) {
        open_deal();
        fill(take(1), "51000", i == 0 ? "0.00199" : "0.002"); /* with the first one's dust */
    }
    price("50000");
    pass(2 * MINUTE);
    assert_null(working(ROLE_BASE));
    set("max_deals", PARAM_INTEGER, (struct param_value){.present = true, .integer = 3});
    pass(2 * MINUTE);
    assert_non_null(working(ROLE_BASE));
    world_close(&w);
}

static void deals_begin_within_the_price_range(void **state)
{
    (void)state;
    begin(BASE TAKE "price_floor = \"49000\"\nprice_ceiling = \"50000\"\n");
    price("50000.01");
    assert_int_equal(open_count(), 0);
    price("48999.99");
    assert_int_equal(open_count(), 0);
    price("49000");
    assert_non_null(working(ROLE_BASE));
    world_close(&w);
}

static void the_first_deal_waits_for_the_start_price(void **state)
{
    (void)state;
    begin(BASE TAKE "start_price = \"48000\"\n");
    price("50000");
    price("48000.01");
    assert_int_equal(open_count(), 0);
    price("47000");
    assert_non_null(working(ROLE_BASE));
    world_close(&w);
}

static void parameters_that_change_are_for_the_next_deal(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    set("amount", PARAM_DECIMAL, (struct param_value){.present = true, .decimal = D("200")});
    set("deviation", PARAM_DECIMAL, (struct param_value){.present = true, .decimal = D("0.02")});
    world_advance(&w, SECOND);
    fill(safety(1), "49500", "0.00404");
    assert_order(safety(2), "48500", "0.00618");
    fill(take(1), "50658.88", "0.00603");
    price("50000");
    assert_dec(working(ROLE_BASE)->req.qty, "0.004");
    fill(working(ROLE_BASE), "50000", "0.004");
    assert_dec(safety(1)->req.price, "49000");
    world_close(&w);
}

/* ---- the budget ---- */

static void a_deal_begins_only_when_the_whole_ladder_is_paid_for(void **state)
{
    (void)state;
    prepare("1050", LADDER TAKE); /* 100 + 200 + 300 + 450: exactly enough */
    world_start(&w);
    open_deal();
    assert_int_equal(open_count(), 4);
    fill(safety(1), "49500", "0.00404");
    world_close(&w);
    prepare("1050", LADDER TAKE);
    w.setup->strategy[0].budget = D("1049.99"); /* as after a loss */
    world_start(&w);
    price("50000");
    assert_int_equal(open_count(), 0);
    world_close(&w);
}

static void an_underfunded_ladder_must_be_allowed(void **state)
{
    (void)state;
    prepare("500", LADDER TAKE "allow_underfunded = true\n");
    world_start(&w);
    open_deal();
    assert_non_null(safety(1)); /* 199.98 of the 400 that are left */
    assert_null(safety(2));     /* 299.73: denied */
    world_close(&w);
    params_refused(&strategy_dca, "budget = \"1049.99\"\ninstrument = \"BTC-USDT\"\n" LADDER TAKE,
                   "strategy.budget: 1049.99 cannot pay all orders of the strategy, which need "
                   "1050 at most at a time; allowed: at least 1050");
}

/* ---- what others do to it ---- */

static void an_order_canceled_by_someone_is_placed_again_later(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    world_order(&w, safety(2)->id, ORDER_CANCELED);
    world_order(&w, take(1)->id, ORDER_CANCELED);
    settle();
    pass(MINUTE - SECOND);
    assert_null(safety(2));
    assert_null(take(1));
    pass(SECOND);
    assert_order(safety(2), "48500", "0.00618");
    assert_order(take(1), "51000", "0.00199");
    world_close(&w);
}

static void a_safety_order_canceled_halfway_buys_what_it_lacks(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    fill(safety(1), "49500", "0.002");
    world_order(&w, safety(1)->id, ORDER_CANCELED);
    pass(MINUTE);
    assert_order(safety(1), "49500", "0.00204"); /* 200 - 99 */
    world_close(&w);
}

static void reducing_takes_the_safety_orders_away_and_leaves_the_exit(void **state)
{
    (void)state;
    begin(LADDER TAKE "stop_loss = \"0.05\"\n");
    open_deal();
    world_command(&w, COMMAND_PAUSE, 0);
    price("50000");
    assert_null(safety(1));
    assert_non_null(take(1));
    price("47000"); /* the stop still works */
    assert_non_null(working(ROLE_SELL));
    fill(working(ROLE_SELL), "47000", "0.00199");
    price("47000");
    pass(2 * MINUTE);
    assert_null(working(ROLE_BASE)); /* and no new deal begins */
    world_command(&w, COMMAND_RESUME, 0);
    price("47000");
    if (!working(ROLE_BASE))
        pass(2 * MINUTE);
    assert_non_null(working(ROLE_BASE));
    world_close(&w);
}

static void resuming_brings_the_safety_orders_back(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    world_command(&w, COMMAND_PAUSE, 0);
    price("50000");
    assert_int_equal(open_count(), 1);
    world_command(&w, COMMAND_RESUME, 0);
    price("50000");
    assert_int_equal(open_count(), 4);
    world_close(&w);
}

static void halted_it_waits_and_goes_on_afterwards(void **state)
{
    (void)state;
    begin(LADDER TAKE);
    open_deal();
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    settle(); /* the engine cancels all */
    price("50000");
    pass(2 * MINUTE);
    assert_int_equal(open_count(), 0);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    price("50000");
    pass(2 * MINUTE);
    assert_int_equal(open_count(), 4);
    world_close(&w);
}

static void a_late_fill_of_an_ended_deal_is_dust(void **state)
{
    (void)state;
    begin(BASE LIMIT TAKE "unfilled_timeout = \"30s\"\nmax_deals = 1\n");
    price("50000");
    order_id base = working(ROLE_BASE)->id;
    set("price_ceiling", PARAM_DECIMAL, (struct param_value){.present = true, .decimal = D("1")});
    pass(30 * SECOND);
    assert_int_equal(open_count(), 0);
    world_fill(&w, base, "49500", "0.001"); /* it crossed the cancel */
    assert_dec(figure("held"), "0.000999");
    assert_dec(figure("total_profit"), "-49.5");
    world_close(&w);
}

/* ---- restart ---- */

static void a_restart_forgets_orders_that_are_gone_and_nothing_else(void **state)
{
    (void)state;
    static uint8_t bytes[65536];
    begin(LADDER TAKE "stop_loss = \"0.05\"\n");
    open_deal();
    world_advance(&w, SECOND);
    fill(safety(1), "49500", "0.00404");
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(w.engine, 0, &out), ERR_OK);
    /* A new engine that holds what the old one did, and none of its orders. */
    w.setup->strategy[0].inventory = D("0.00603396");
    memset(w.mem, 0, engine_size(w.setup));
    assert_int_equal(engine_init(&w.engine, w.mem, w.setup), ERR_OK);
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_OK);
    world_feed(&w, FEED_LIVE);
    settle();
    price("49600");
    if (!take(1))
        pass(SECOND);
    assert_order(take(1), "50658.88", "0.00603");
    assert_null(safety(1));
    assert_order(safety(2), "48500", "0.00618");
    assert_order(safety(3), "46500", "0.00967");
    assert_int_equal(open_count(), 3); /* no level twice */
    assert_dec(figure("safety_orders_filled"), "1");
    world_close(&w);
}

/* Of every byte that a save wrote, the loss is noticed. */
static void a_truncated_state_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[65536];
    begin(LADDER TAKE);
    open_deal();
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(w.engine, 0, &out), ERR_OK);
    for (size_t len = 0; len < out.len; len++) {
        struct bufr in = bufr_make(bytes, len);
        assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_SYNTAX);
    }
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_OK);
    bytes[0]++; /* another version */
    in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_SYNTAX);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ladder_is_what_the_definition_says),
        cmocka_unit_test(the_first_price_of_a_market_order_is_its_average),
        cmocka_unit_test(a_filled_safety_order_lowers_the_take_profit),
        cmocka_unit_test(the_take_profit_is_resized_once_a_second),
        cmocka_unit_test(selling_all_ends_the_deal_and_the_next_begins),
        cmocka_unit_test(volume_scale_and_step_scale_below_one),
        cmocka_unit_test(only_active_count_safety_orders_rest_at_once),
        cmocka_unit_test(no_safety_orders_are_needed),
        cmocka_unit_test(a_price_far_below_is_not_overpaid),
        cmocka_unit_test(a_limit_base_order_counts_from_its_first_fill),
        cmocka_unit_test(an_unfilled_base_order_is_placed_anew),
        cmocka_unit_test(the_rest_of_a_base_order_may_be_bought_at_market),
        cmocka_unit_test(a_rejected_base_order_backs_off),
        cmocka_unit_test(steps_sell_their_shares),
        cmocka_unit_test(steps_have_equal_shares_by_default),
        cmocka_unit_test(a_step_too_small_for_an_order_is_left_to_the_next),
        cmocka_unit_test(a_rest_too_small_for_an_order_goes_with_the_step),
        cmocka_unit_test(a_fill_after_the_first_step_moves_the_others),
        cmocka_unit_test(trailing_sells_when_the_price_falls_from_its_height),
        cmocka_unit_test(trailing_follows_the_last_step_only),
        cmocka_unit_test(the_stop_is_below_the_average_and_takes_the_adds_away_first),
        cmocka_unit_test(a_stop_does_not_wait_for_ever_for_a_cancel),
        cmocka_unit_test(the_stop_can_wait_for_a_lasting_fall),
        cmocka_unit_test(after_the_first_step_the_stop_is_at_break_even),
        cmocka_unit_test(a_refused_sell_is_tried_again_soon),
        cmocka_unit_test(what_is_too_large_for_a_limit_is_sold_in_parts),
        cmocka_unit_test(the_venues_largest_quantity_is_kept),
        cmocka_unit_test(a_deal_that_is_too_old_is_sold),
        cmocka_unit_test(deals_have_a_pause_between_them),
        cmocka_unit_test(no_more_than_max_deals),
        cmocka_unit_test(deals_begin_within_the_price_range),
        cmocka_unit_test(the_first_deal_waits_for_the_start_price),
        cmocka_unit_test(parameters_that_change_are_for_the_next_deal),
        cmocka_unit_test(a_deal_begins_only_when_the_whole_ladder_is_paid_for),
        cmocka_unit_test(an_underfunded_ladder_must_be_allowed),
        cmocka_unit_test(an_order_canceled_by_someone_is_placed_again_later),
        cmocka_unit_test(a_safety_order_canceled_halfway_buys_what_it_lacks),
        cmocka_unit_test(reducing_takes_the_safety_orders_away_and_leaves_the_exit),
        cmocka_unit_test(resuming_brings_the_safety_orders_back),
        cmocka_unit_test(halted_it_waits_and_goes_on_afterwards),
        cmocka_unit_test(a_late_fill_of_an_ended_deal_is_dust),
        cmocka_unit_test(a_restart_forgets_orders_that_are_gone_and_nothing_else),
        cmocka_unit_test(a_truncated_state_is_refused),
    };
    return cmocka_run_group_tests_name("dca, safety", tests, NULL, NULL);
}

/* momentum's limit orders and what becomes of them, stops in a hurry, refusals, halts, live
 * parameters, figures and the plan. */
#include "strategies/momentum.h"
#include "trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- limit orders ---- */

#define LIMIT QUICK "entry_order = \"limit\"\nexit_order = \"limit\"\nreprices = 1\n"

static void a_limit_is_better_by_the_offset(void **state)
{
    (void)state;
    trend_begin(LIMIT "limit_offset = \"0.0011\"\n");
    trend_close("50000");
    trend_close("49000");
    world_top(&trend, "49990", "50000.01");
    trend_close("50000");
    order_id buy = trend_assert_sent("buy limit 0.01999 49945"); /* 49945.0099...; down */
    assert_int_equal(trend_sent()->req.tif, TIF_GTC);
    assert_false(trend_sent()->req.post_only);
    trend_fill_all(buy, "49945");
    trend_close("49000");
    order_id sell = trend_assert_sent("sell limit 0.01997 50044.99"); /* 50044.989; up */
    trend_fill_all(sell, "50044.99");
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

static void tif_and_post_only_are_the_orders(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        enum tif tif;
        bool post_only;
    } CASE[] = {{LIMIT "tif = \"ioc\"\n", TIF_IOC, false},
                {LIMIT "tif = \"fok\"\n", TIF_FOK, false},
                {LIMIT "post_only = true\n", TIF_GTC, true}};
    for (int i = 0; i < 3; i++) {
        trend_begin(CASE[i].lines);
        trend_turn_up();
        trend_assert_sent("buy limit 0.02 50000");
        assert_int_equal(trend_sent()->req.tif, CASE[i].tif);
        assert_int_equal(trend_sent()->req.post_only, CASE[i].post_only);
        trend_end();
    }
}

/* A rest is asked for again at the price then; after the last time what was got is kept. */
static void an_unfilled_entry_is_repriced_then_given_up(void **state)
{
    (void)state;
    trend_begin(LIMIT "unfilled_timeout = \"20s\"\n");
    trend_turn_up();
    order_id first = trend_assert_sent("buy limit 0.02 50000");
    int64_t since = trend.now_ns;
    uint64_t parent = trend_sent()->req.parent;
    assert_true(parent != 0);
    trend_answer(first, ORDER_ACCEPTED, REASON_NONE);
    world_fill(&trend, first, "50000", "0.005");
    trend_price("50100");
    assert_int_equal(trend_cancel(), 0);
    trend_wait(30 * SECOND);
    trend_assert_cancel(first);
    assert_int_equal(trend.now_ns, since + 20 * SECOND);
    trend_answer(first, ORDER_CANCELED, REASON_NONE);
    order_id second = trend_assert_sent("buy limit 0.015 50100");
    assert_int_equal(trend_sent()->req.parent, parent);
    assert_true(trend_sent()->req.repeat);
    trend_wait(30 * SECOND);
    trend_assert_cancel(second);
    trend_answer(second, ORDER_CANCELED, REASON_NONE);
    trend_assert_nothing_sent();
    assert_string_equal(trend_note(), "entry given up: what is left was not filled");
    assert_string_equal(trend_figure("stage"), "2"); /* 0.005 less its fee */
    trend_close("49000");
    trend_assert_sent("sell limit 0.00499 49000");
    trend_end();
}

/* A fill that comes after its order was seen to end is a part of the entry all the same. */
static void a_late_fill_makes_the_next_order_smaller(void **state)
{
    (void)state;
    trend_begin(QUICK "entry_order = \"limit\"\nreprices = 2\nunfilled_timeout = \"20s\"\n");
    trend_turn_up();
    order_id first = trend_assert_sent("buy limit 0.02 50000");
    trend_wait(20 * SECOND);
    trend_answer(first, ORDER_CANCELED, REASON_NONE);
    order_id second = trend_assert_sent("buy limit 0.02 50000");
    world_fill(&trend, first, "50000", "0.005");
    trend_wait(20 * SECOND);
    trend_assert_cancel(second);
    trend_answer(second, ORDER_CANCELED, REASON_NONE);
    trend_assert_sent("buy limit 0.015 50000");
    trend_end();
}

static void an_unfilled_exit_ends_at_the_market(void **state)
{
    (void)state;
    trend_begin(LIMIT "unfilled_timeout = \"20s\"\n");
    trend_turn_up();
    trend_fill_all(trend_sent()->id, "50000");
    trend_close("49000");
    order_id first = trend_assert_sent("sell limit 0.01998 49000");
    uint64_t parent = trend_sent()->req.parent;
    trend_wait(20 * SECOND);
    trend_assert_cancel(first);
    world_fill(&trend, first, "49000", "0.00998"); /* on its way */
    trend_answer(first, ORDER_CANCELED, REASON_NONE);
    order_id second = trend_assert_sent("sell limit 0.01 49000");
    trend_wait(20 * SECOND);
    trend_assert_cancel(second);
    trend_answer(second, ORDER_CANCELED, REASON_NONE);
    trend_assert_sent("sell market 0.01");
    assert_int_equal(trend_sent()->req.parent, parent);
    trend_end();
}

/* A cancel that the venue refuses is asked for again, each second. */
static void a_refused_cancel_is_asked_again(void **state)
{
    (void)state;
    trend_begin(LIMIT "unfilled_timeout = \"20s\"\n");
    trend_turn_up();
    order_id first = trend_sent()->id;
    trend_answer(first, ORDER_ACCEPTED, REASON_NONE);
    trend_wait(20 * SECOND);
    trend_assert_cancel(first);
    trend_answer(first, ORDER_ACCEPTED, REASON_UNKNOWN_ORDER);
    int64_t since = trend.now_ns;
    trend_wait(10 * SECOND);
    trend_assert_cancel(first);
    assert_in_range(trend.now_ns - since, 1, SECOND);
    trend_end();
}

static void a_post_only_order_that_would_take_is_repriced(void **state)
{
    (void)state;
    trend_begin(LIMIT "post_only = true\n");
    trend_turn_up();
    trend_answer(trend_sent()->id, ORDER_REJECTED, REASON_WOULD_TAKE);
    trend_assert_nothing_sent();
    trend_price("50010"); /* within the second */
    trend_assert_nothing_sent();
    trend_wait(2 * SECOND);
    trend_assert_sent("buy limit 0.02 50010");
    trend_end();
}

/* ---- stops in a hurry ---- */

static void a_stop_takes_a_resting_exit_to_the_market(void **state)
{
    (void)state;
    trend_begin(LIMIT "stop_loss = \"0.05\"\nlimit_offset = \"0.01\"\n");
    trend_turn_up();
    trend_fill_all(trend_sent()->id, "49500");
    trend_close("49000");
    order_id resting = trend_assert_sent("sell limit 0.01998 49490");
    trend_price("47000");
    trend_assert_cancel(resting);
    assert_string_equal(trend_note(), "exit: stop-loss");
    trend_answer(resting, ORDER_CANCELED, REASON_NONE);
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void a_stop_while_still_entering_cancels_the_rest(void **state)
{
    (void)state;
    trend_begin(LIMIT "stop_loss = \"0.05\"\nunfilled_timeout = \"1h\"\n");
    trend_turn_up();
    order_id buy = trend_assert_sent("buy limit 0.02 50000");
    trend_answer(buy, ORDER_ACCEPTED, REASON_NONE);
    world_fill(&trend, buy, "50000", "0.01");
    trend_price("47000");
    trend_assert_cancel(buy);
    trend_assert_nothing_sent();
    world_fill(&trend, buy, "50000", "0.002"); /* crossed the cancel */
    trend_answer(buy, ORDER_CANCELED, REASON_NONE);
    trend_assert_sent("sell market 0.01198");
    trend_end();
}

/* A buy whose fate nobody knows must not keep a stop from selling what is there; what comes of it
 * later is sold, too. */
static void a_stop_waits_five_seconds_for_the_entry_no_longer(void **state)
{
    (void)state;
    trend_begin(LIMIT "stop_loss = \"0.05\"\nunfilled_timeout = \"1h\"\n");
    trend_turn_up();
    order_id buy = trend_sent()->id;
    trend_answer(buy, ORDER_ACCEPTED, REASON_NONE);
    world_fill(&trend, buy, "50000", "0.01");
    trend_price("47000");
    trend_assert_cancel(buy);
    int64_t since = trend.now_ns;
    trend_wait(4 * SECOND);
    trend_assert_nothing_sent();
    trend_wait(4 * SECOND);
    order_id sell = trend_assert_sent("sell market 0.00999");
    assert_int_equal(trend.now_ns - since, 5 * SECOND);
    trend_fill_all(sell, "47000");
    assert_string_equal(trend_figure("stage"), "3"); /* the buy is still there */
    world_fill(&trend, buy, "50000", "0.01");
    trend_fill_all(trend_assert_sent("sell market 0.00999"), "47000");
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

static void a_signal_while_entering_takes_it_back(void **state)
{
    (void)state;
    trend_begin(LIMIT "unfilled_timeout = \"1h\"\n");
    trend_turn_up();
    order_id buy = trend_sent()->id;
    trend_close("49000");
    trend_assert_cancel(buy);
    trend_answer(buy, ORDER_CANCELED, REASON_NONE);
    trend_assert_nothing_sent();
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

/* ---- refusals, and others' hands ---- */

static void entries_rest_longer_with_each_refusal(void **state)
{
    (void)state;
    static const int REST[] = {1, 5, 30, 30};
    trend_begin("timeframe = \"1s\"\n" QUICK);
    for (int i = 0; i < 4; i++) {
        /* down and up within two seconds */
        for (int k = 0; k < 3; k++) {
            trend_price(k == 1 ? "49000" : "50000");
            world_advance(&trend, SECOND - 1 - trend.now_ns % SECOND);
            world_timer(&trend);
        }
        int64_t since = trend.now_ns;
        trend_answer(trend_assert_sent("buy market 0.02"), ORDER_REJECTED, REASON_VENUE_RULE);
        trend_assert_nothing_sent();
        while (trend.now_ns < since + REST[i] * MINUTE - 3 * SECOND) {
            trend_price("49000");
            world_advance(&trend, SECOND - 1 - trend.now_ns % SECOND);
            world_timer(&trend);
            trend_price("50000");
            world_advance(&trend, SECOND - 1 - trend.now_ns % SECOND);
            world_timer(&trend);
            trend_assert_nothing_sent();
        }
        trend.now_ns = since + REST[i] * MINUTE;
    }
    trend_end();
}

static void an_exit_that_is_refused_is_tried_again_for_ever(void **state)
{
    (void)state;
    static const int REST[] = {1, 5, 30, 60, 60, 60};
    trend_hold(QUICK);
    trend_close("49000");
    order_id sell = trend_assert_sent("sell market 0.01998");
    for (int i = 0; i < 6; i++) {
        trend_answer(sell, i % 2 ? ORDER_REJECTED : ORDER_NOT_SENT, REASON_VENUE_RULE);
        trend_assert_nothing_sent();
        int64_t since = trend.now_ns;
        trend_wait(10 * MINUTE);
        assert_int_equal(trend.now_ns - since, REST[i] * SECOND);
        sell = trend_assert_sent("sell market 0.01998");
        assert_true(trend_sent()->req.repeat);
    }
    trend_fill_all(sell, "49000");
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

/* More prices below the stop neither hurry nor repeat a sell that waits after a refusal. */
static void a_refused_stop_waits_whatever_the_price(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\ntrailing_stop = \"0.2\"\n");
    trend_price("47000");
    trend_answer(trend_assert_sent("sell market 0.01998"), ORDER_REJECTED, REASON_VENUE_RULE);
    int64_t since = trend.now_ns;
    trend_price("39000");
    trend_assert_nothing_sent();
    assert_string_equal(trend_note(), "");
    trend_wait(MINUTE);
    trend_assert_sent("sell market 0.01998");
    assert_int_equal(trend.now_ns - since, SECOND);
    trend_end();
}

/* The engine forgets parents without an open order after many others. */
static void an_exit_whose_parent_is_forgotten_declares_another(void **state)
{
    (void)state;
    trend_hold(QUICK);
    trend_close("49000");
    order_id sell = trend_assert_sent("sell market 0.01998");
    uint64_t first = trend_sent()->req.parent;
    trend_answer(sell, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED);
    trend_wait(2 * SECOND);
    assert_int_equal(trend_sent()->req.parent, first);
    trend_answer(trend_sent()->id, ORDER_DENIED, REASON_PARENT);
    trend_wait(2 * SECOND);
    trend_assert_sent("sell market 0.01998");
    assert_true(trend_sent()->req.parent > first);
    trend_end();
}

static void an_exit_cut_short_is_tried_again(void **state)
{
    (void)state;
    trend_hold(QUICK);
    trend_close("49000");
    order_id sell = trend_assert_sent("sell market 0.01998");
    world_fill(&trend, sell, "49000", "0.005");
    trend_answer(sell, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED);
    trend_assert_nothing_sent();
    trend_wait(MINUTE);
    trend_assert_sent("sell market 0.01498");
    trend_end();
}

static void a_cancelled_exit_comes_again(void **state)
{
    (void)state;
    trend_hold(QUICK);
    trend_close("49000");
    trend_answer(trend_sent()->id, ORDER_CANCELED, REASON_OPERATOR);
    trend_assert_nothing_sent();
    trend_wait(2 * SECOND);
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void a_cancelled_entry_does_not(void **state)
{
    (void)state;
    trend_begin(LIMIT);
    trend_turn_up();
    trend_answer(trend_sent()->id, ORDER_CANCELED, REASON_OPERATOR);
    trend_wait(2 * SECOND);
    trend_price("50000");
    trend_assert_nothing_sent();
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

/* An exit too large for the venue goes in parts. */
static void an_exit_above_the_venues_value_is_sold_in_parts(void **state)
{
    (void)state;
    world_open(&trend);
    trend.setup->instrument[0].rules.max_notional = D("1001");
    struct strategy_setup *s = world_strategy(&trend, "m", &strategy_momentum, "9000", "0");
    assert_null(trend_params(HOLD "take_profit = \"0.5\"\n", &s->params));
    world_start(&trend);
    trend_turn_up();
    trend_fill_all(trend_assert_sent("buy market 0.02"), "50000");
    trend_price("80000"); /* 0.01998 x 80000 = 1598.4 */
    assert_non_null(world_effect(&trend, EFFECT_DENIED, 0));
    order_id part = trend_assert_sent("sell market 0.01251");
    uint64_t parent = trend_sent()->req.parent;
    trend_fill_all(part, "80000");
    trend_fill_all(trend_assert_sent("sell market 0.00747"), "80000");
    assert_int_equal(engine_order(trend.engine, part)->req.parent, parent);
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

static void the_venues_largest_order_cuts_an_exit(void **state)
{
    (void)state;
    world_open(&trend);
    trend.setup->instrument[0].rules.max_qty = D("0.3");
    struct strategy_setup *s = world_strategy(&trend, "m", &strategy_momentum, "9000", "0.5");
    assert_null(trend_params(HOLD "stop_loss = \"0.1\"\n", &s->params));
    world_start(&trend);
    trend_price("50000");
    trend_price("45000");
    trend_fill_all(trend_assert_sent("sell market 0.3"), "45000");
    trend_assert_sent("sell market 0.2");
    trend_end();
}

/* ---- trading states ---- */

static void a_halt_delays_an_exit_and_does_not_end_it(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\n");
    world_command(&trend, COMMAND_HALT, STRATEGY_NONE);
    trend_price("47000");
    trend_assert_nothing_sent();
    assert_null(world_effect(&trend, EFFECT_DENIED, 0));
    trend_wait(MINUTE);
    trend_price("50000"); /* even where the price is back: it was decided */
    trend_assert_nothing_sent();
    world_command(&trend, COMMAND_UNHALT, STRATEGY_NONE);
    trend_price("50000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void a_halt_that_cancels_an_exit_does_not_end_it(void **state)
{
    (void)state;
    trend_hold(QUICK "exit_order = \"limit\"\n");
    trend_close("49000");
    order_id sell = trend_assert_sent("sell limit 0.01998 49000");
    world_command(&trend, COMMAND_HALT, STRATEGY_NONE);
    trend_assert_cancel(sell);
    trend_answer(sell, ORDER_CANCELED, REASON_NONE);
    trend_wait(MINUTE);
    trend_price("49000");
    trend_assert_nothing_sent();
    world_command(&trend, COMMAND_UNHALT, STRATEGY_NONE);
    trend_price("49000");
    trend_assert_sent("sell limit 0.01998 49000");
    trend_end();
}

static void reducing_lets_exits_and_no_entry(void **state)
{
    (void)state;
    trend_hold(QUICK);
    world_command(&trend, COMMAND_STOPENTRY, STRATEGY_NONE);
    trend_close("49000");
    trend_fill_all(trend_assert_sent("sell market 0.01998"), "49000");
    trend_close("50000");
    trend_assert_nothing_sent();
    assert_null(world_effect(&trend, EFFECT_DENIED, 0));
    trend_end();
}

static void reducing_ends_an_entry_at_its_next_order(void **state)
{
    (void)state;
    trend_begin(LIMIT "unfilled_timeout = \"20s\"\n");
    trend_turn_up();
    order_id buy = trend_sent()->id;
    world_command(&trend, COMMAND_PAUSE, 0);
    assert_int_equal(trend_cancel(), 0); /* its orders stay */
    trend_wait(20 * SECOND);
    trend_assert_cancel(buy);
    trend_answer(buy, ORDER_CANCELED, REASON_NONE);
    trend_assert_nothing_sent();
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

static void cooldown_keeps_from_the_next_entry(void **state)
{
    (void)state;
    trend_fill_all(trend_enter(QUICK "cooldown = \"179s\"\n"), "50000");
    trend_close("49000");
    trend_fill_all(trend_assert_sent("sell market 0.01998"), "49000");
    trend_close("50000"); /* one minute after */
    trend_assert_nothing_sent();
    trend_close("49000");
    trend_close("50000"); /* three minutes after */
    trend_assert_sent("buy market 0.02");
    trend_end();
}

/* ---- live parameters, figures, the plan ---- */

static void stops_change_while_it_runs(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\n");
    world_step(&trend,
               &(struct event){.kind = EVENT_PARAM,
                               .venue = VENUE_NONE,
                               .instrument = INSTRUMENT_NONE,
                               .param = {.strategy = 0,
                                         .index = P_STOP_LOSS,
                                         .type = PARAM_DECIMAL,
                                         .present = true,
                                         .value = {.present = true, .decimal = D("0.01")}}});
    trend_price("49549.55");
    trend_assert_nothing_sent();
    trend_price("49549.54"); /* 50050.05005 x 0.99 = 49549.549549 */
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void figures_are_the_values_behind_the_decision(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\ntake_profit = \"0.04\"\natr_periods = 2\n"
                    "atr_stop = true\natr_multiple = \"10\"\n");
    trend_price("50500");
    assert_string_equal(trend_figure("entry_price"), "50050.050050050050050051");
    assert_string_equal(trend_figure("stop_price"), "47547.547547547547547549");
    assert_string_equal(trend_figure("take_profit_price"), "52052.052052052052052054");
    assert_string_equal(trend_figure("peak_price"), "50500");
    assert_string_equal(trend_figure("atr"), "1000");
    assert_string_equal(trend_figure("signal_value"), "50000");
    assert_string_equal(trend_figure("signal_level"), "49777.77777777");
    assert_string_equal(trend_figure("candles_missing"), "0");
    trend_end();
}

static struct plan plan;

static void make_plan(const char *lines, const char *at)
{
    struct params p;
    assert_null(trend_params(lines, &p));
    world_open(&trend);
    const struct instrument *in = &trend.setup->instrument[0];
    assert_int_equal(strategy_momentum.plan(&p, &in, D(at), D("0.0005"), D("0.001"), &plan),
                     ERR_OK);
    free(trend.setup);
    free(trend.fx);
}

static void assert_text(dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, want);
}

static void the_plan_shows_entry_exits_and_capital(void **state)
{
    (void)state;
    make_plan("stop_loss = \"0.05\"\ntake_profit = \"0.04\"\nreturn_after = [\"0s\", \"30m\"]\n"
              "return_min = [\"0.03\", \"0.02\"]\nrisk_amount = \"10\"\natr_stop = true\n",
              "50000");
    assert_int_equal(plan.count, 5);
    assert_string_equal(plan.row[0].what, "entry, at most");
    assert_text(plan.row[0].qty, "0.02");
    assert_text(plan.row[0].amount, "1000");
    assert_text(plan.row[0].total_fees, "1");
    assert_text(plan.row[0].break_even, "50100.150200250300350401");
    assert_text(plan.capital_quote, "1001");
    assert_string_equal(plan.row[1].what, "take profit");
    assert_text(plan.row[1].price, "52000");
    assert_string_equal(plan.row[3].what, "return after 1800 s");
    assert_text(plan.row[3].price, "51000");
    assert_string_equal(plan.row[4].what, "stop-loss");
    assert_text(plan.row[4].price, "47500");
    assert_text(plan.row[4].amount, "950");
    assert_string_equal(plan.remark[0], "decides from candle 26 of its timeframe on");
    assert_true(plan.remark[1][0] && plan.remark[2][0] && !plan.remark[3][0]);
    /* Maker fees where nothing else can happen; no price: amounts only. */
    make_plan("entry_order = \"limit\"\nexit_order = \"limit\"\npost_only = true\n"
              "trailing_stop = \"0.05\"\n",
              "0");
    assert_int_equal(plan.count, 1);
    assert_text(plan.row[0].total_fees, "0.5");
    assert_text(plan.row[0].qty, "0");
    assert_text(plan.row[0].amount, "1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_better_by_the_offset),
        cmocka_unit_test(tif_and_post_only_are_the_orders),
        cmocka_unit_test(an_unfilled_entry_is_repriced_then_given_up),
        cmocka_unit_test(a_late_fill_makes_the_next_order_smaller),
        cmocka_unit_test(an_unfilled_exit_ends_at_the_market),
        cmocka_unit_test(a_refused_cancel_is_asked_again),
        cmocka_unit_test(a_post_only_order_that_would_take_is_repriced),
        cmocka_unit_test(a_stop_takes_a_resting_exit_to_the_market),
        cmocka_unit_test(a_stop_while_still_entering_cancels_the_rest),
        cmocka_unit_test(a_stop_waits_five_seconds_for_the_entry_no_longer),
        cmocka_unit_test(a_signal_while_entering_takes_it_back),
        cmocka_unit_test(entries_rest_longer_with_each_refusal),
        cmocka_unit_test(an_exit_that_is_refused_is_tried_again_for_ever),
        cmocka_unit_test(a_refused_stop_waits_whatever_the_price),
        cmocka_unit_test(an_exit_whose_parent_is_forgotten_declares_another),
        cmocka_unit_test(an_exit_cut_short_is_tried_again),
        cmocka_unit_test(a_cancelled_exit_comes_again),
        cmocka_unit_test(a_cancelled_entry_does_not),
        cmocka_unit_test(an_exit_above_the_venues_value_is_sold_in_parts),
        cmocka_unit_test(the_venues_largest_order_cuts_an_exit),
        cmocka_unit_test(a_halt_delays_an_exit_and_does_not_end_it),
        cmocka_unit_test(a_halt_that_cancels_an_exit_does_not_end_it),
        cmocka_unit_test(reducing_lets_exits_and_no_entry),
        cmocka_unit_test(reducing_ends_an_entry_at_its_next_order),
        cmocka_unit_test(cooldown_keeps_from_the_next_entry),
        cmocka_unit_test(stops_change_while_it_runs),
        cmocka_unit_test(figures_are_the_values_behind_the_decision),
        cmocka_unit_test(the_plan_shows_entry_exits_and_capital),
    };
    return cmocka_run_group_tests_name("momentum's orders", tests, NULL, NULL);
}

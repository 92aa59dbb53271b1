/* grid: what it says before it starts and while it runs, and what it saves. */
#include "grids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct world w;
static struct plan plan;

static void make_plan(const struct strategy_setup *s, const char *price)
{
    const struct instrument *in = &w.setup->instrument[0];
    assert_int_equal(strategy_grid.plan(&s->params, &in, D(price), D("0.001"), D("0.002"), &plan),
                     ERR_OK);
}

static void assert_dec(dec have, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(have, text);
    assert_string_equal(text, want);
}

static void assert_rows(const char *want)
{
    char have[2048] = "", price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
    for (uint32_t i = 0; i < plan.count; i++) {
        const struct plan_row *r = &plan.row[i];
        size_t n = strlen(have);
        dec_format(r->price, price);
        dec_format(r->qty, qty);
        snprintf(have + n, sizeof have - n, "%s%s: %s %s@%s", n ? ", " : "", r->what,
                 side_name(r->side), qty, price);
    }
    assert_string_equal(have, want);
}

static void the_plan_has_all_levels(void **state)
{
    (void)state;
    struct strategy_setup *s =
        grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=5", "size=0.01", NULL);
    make_plan(s, "49500");
    assert_rows("level 1: buy 0.01@49000, level 0: buy 0.01@48000, level 3: sell 0.01@51000, "
                "level 4: sell 0.01@52000");
    assert_dec(plan.capital_quote, "970");
    assert_dec(plan.capital_base, "0.02");
    assert_dec(plan.row[0].break_even, "49098.147196245294343393"); /* 49000 / 0.999^2 */
    assert_dec(plan.row[1].average, "48500");
    assert_dec(plan.row[1].total_amount, "970");
    assert_dec(plan.row[1].total_fees, "0.97");
    assert_dec(plan.row[3].deviation, "0.050505050505050505");
    assert_string_equal(plan.remark[0],
                        "a round trip earns 1.756 % to 1.879 % after two fees of 0.1 %");
    /* a level at the price is not below it */
    make_plan(s, "49000");
    assert_dec(plan.capital_quote, "480");
    assert_dec(plan.capital_base, "0.03");
    make_plan(s, "0"); /* not known: as if all were to be bought */
    assert_int_equal(plan.count, 4);
    assert_dec(plan.capital_quote, "1980");
    assert_dec(plan.capital_base, "0");
    world_close(&w);
}

static void the_plan_knows_the_direction(void **state)
{
    (void)state;
    struct strategy_setup *s =
        grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=5", "size=0.01",
                   "direction=long", "initial_order=market", "slippage=0.01", NULL);
    make_plan(s, "49500");
    assert_dec(plan.capital_quote, "1969.9"); /* 970 + 0.02 x 49500 x 1.01 */
    assert_dec(plan.capital_base, "0");
    grids_set(s, "initial_order", "none");
    make_plan(s, "49500");
    assert_dec(plan.capital_quote, "1980"); /* all of them, once the price has been above */
    grids_set(s, "direction", "short");
    make_plan(s, "49500");
    assert_dec(plan.capital_quote, "0");
    assert_dec(plan.capital_base, "0.04");
    world_close(&w);
}

static void the_plan_warns(void **state)
{
    (void)state;
    struct strategy_setup *s =
        grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=5", "size=0.01",
                   "stop_loss=47000", "take_profit=53000", "trigger=50000", NULL);
    make_plan(s, "47000");
    assert_string_equal(plan.remark[1], "at this price stop_loss stops it at once");
    make_plan(s, "53000");
    assert_string_equal(plan.remark[1], "at this price take_profit stops it at once");
    make_plan(s, "49000");
    assert_non_null(strstr(plan.remark[1], "trigger"));
    make_plan(s, "50000");
    assert_string_equal(plan.remark[1], "");
    world_close(&w);
}

/* One round trip and a half: what was earned and what floats are apart. */
static void the_figures(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=5", "size=0.01", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_fill(&w, grids_at(&w, "49000"), "49000", "0.01");
    world_fill(&w, grids_at(&w, "50000"), "50000", "0.00999"); /* 499.5 - 0.4995 - 490 */
    assert_dec(grids_figure(&w, "grid_profit"), "9.0005");
    assert_dec(grids_figure(&w, "round_trips"), "1");
    assert_dec(grids_figure(&w, "floating"), "0");
    world_fill(&w, grids_at(&w, "49000"), "49000", "0.01");
    assert_dec(grids_figure(&w, "inventory"), "0.00999");
    assert_dec(grids_figure(&w, "average_price"), "49049.04904904904904905"); /* with its fee */
    assert_dec(grids_figure(&w, "floating"), "4.505"); /* 0.00999 x 49500 - 490 */
    assert_dec(grids_figure(&w, "lower_now"), "48000");
    assert_dec(grids_figure(&w, "upper_now"), "52000");
    assert_dec(grids_figure(&w, "open_buys"), "1");
    assert_dec(grids_figure(&w, "open_sells"), "1");
    world_close(&w);
}

/* Fees in base leave a rest that is no lot; it is not lost, but joins the next sell. */
static void dust_is_kept(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=3", "size=0.01005", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_fill(&w, grids_at(&w, "48000"), "48000", "0.01005"); /* fee 0.00001005 */
    grids_assert_open(&w, "sell 0.01003@50000");
    world_fill(&w, grids_at(&w, "50000"), "50000", "0.01003");
    assert_dec(grids_figure(&w, "inventory"), "0.00000995");
    grids_assert_open(&w, "buy 0.01005@48000");
    world_fill(&w, grids_at(&w, "48000"), "48000", "0.01005");
    assert_dec(grids_figure(&w, "inventory"), "0.0100499");
    grids_assert_open(&w, "sell 0.01004@50000");
    world_close(&w);
}

/* Between a sell that is too small and a buy that is too small a slot would rest for ever. */
static void a_slot_is_never_stuck_between_two_minima(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=3", "size=0.00015", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = grids_at(&w, "48000");
    world_fill(&w, id, "48000", "0.00008"); /* worth 3.84, the venue wants 5 */
    world_order(&w, id, ORDER_CANCELED);
    world_advance(&w, 60 * SECOND);
    world_timer(&w);
    grids_assert_open(&w, "buy 0.00011@48000"); /* 0.00007 are lacking, 0.00011 are worth 5 */
    world_close(&w);
}

static void a_refused_order_backs_off(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", "lower=48000", "upper=52000", "levels=3", "size=0.01", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    static const int64_t WAITS[] = {60, 300, 1800, 1800};
    for (size_t i = 0; i < sizeof WAITS / sizeof WAITS[0]; i++) {
        world_order(&w, grids_at(&w, "48000"), ORDER_REJECTED);
        grids_assert_open(&w, "");
        assert_int_equal(engine_next_timer_ns(w.engine), w.now_ns + WAITS[i] * SECOND);
        world_advance(&w, WAITS[i] * SECOND - 2);
        world_timer(&w);
        grids_assert_open(&w, "");
        world_timer(&w);
        world_timer(&w);
        grids_assert_open(&w, "buy 0.01@48000");
    }
    world_order(&w, grids_at(&w, "48000"), ORDER_ACCEPTED); /* all is well again */
    world_order(&w, grids_at(&w, "48000"), ORDER_CANCELED);
    assert_int_equal(engine_next_timer_ns(w.engine), w.now_ns + 60 * SECOND);
    world_close(&w);
}

/* A halt cancels from outside: no fight, and no order before it ends. */
static void a_halt_while_it_closes_waits(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.02", "lower=48000", "upper=52000", "levels=5", "size=0.01",
               "stop_loss=47000", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_trade(&w, "47000", "1");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "");
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    world_trade(&w, "46990", "1");
    world_advance(&w, 60 * SECOND);
    world_timer(&w);
    grids_assert_open(&w, "sell 0.02@46755.05");
    world_close(&w);
}

static void broken_states_are_refused(void **state)
{
    (void)state;
    static uint8_t bytes[64 * 1024];
    grids_open(&w, "9000", "0.02", "lower=48000", "upper=52000", "levels=5", "size=0.01", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(w.engine, 0, &out), ERR_OK);
    for (size_t len = 0; len < out.len; len++) {
        struct bufr in = bufr_make(bytes, len);
        assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_SYNTAX);
    }
    for (size_t at = 0; at < 6; at++) { /* version, slots, phase */
        bytes[at] ^= 0x44;
        struct bufr in = bufr_make(bytes, out.len);
        assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_SYNTAX);
        bytes[at] ^= 0x44;
    }
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_OK);
    struct bufw small = bufw_make(bytes, 100);
    assert_int_equal(engine_strategy_save(w.engine, 0, &small), ERR_FULL);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_has_all_levels),
        cmocka_unit_test(the_plan_knows_the_direction),
        cmocka_unit_test(the_plan_warns),
        cmocka_unit_test(the_figures),
        cmocka_unit_test(dust_is_kept),
        cmocka_unit_test(a_slot_is_never_stuck_between_two_minima),
        cmocka_unit_test(a_refused_order_backs_off),
        cmocka_unit_test(a_halt_while_it_closes_waits),
        cmocka_unit_test(broken_states_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("grid_plan", tests, NULL, NULL);
}

/* Orders through the engine: reserve, fills, results, late and repeated messages. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_dec(dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, want);
}

static order_id ask(struct world *w, struct order_request r)
{
    probe_request[0] = r;
    probe_requests = 1;
    world_trade(w, "50000", "0.01");
    const struct effect *fx = world_effect(w, EFFECT_SUBMIT, 0);
    return fx ? fx->submit.id : 0;
}

static void open_probe(struct world *w)
{
    world_open(w);
    world_strategy(w, "p", &strategy_probe, "5000", "0.5");
    world_start(w);
    world_trade(w, "50000", "1");
}

static void limit_buy_reserves_cost_and_releases_it_on_cancel(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    assert_true(id != 0);
    assert_dec(engine_reserved(w.engine, 0, 0, 0), "490");
    world_order(&w, id, ORDER_ACCEPTED);
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_PENDING_CANCEL);
    world_order(&w, id, ORDER_CANCELED);
    assert_dec(engine_reserved(w.engine, 0, 0, 0), "0");
    assert_int_equal(engine_open_orders(w.engine), 0);
    world_close(&w);
}

static void buy_then_sell_realizes_average_cost_with_fees(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    dec cost, realized;
    /* 0.5 inventory was booked at the first mark, 50000 */
    assert_dec(engine_position(w.engine, 0, 0, &cost, &realized), "0.5");
    assert_dec(cost, "25000");
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_fill(&w, id, "49000", "0.01"); /* fee 0.00001 BTC */
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_FILLED);
    assert_dec(engine_position(w.engine, 0, 0, &cost, &realized), "0.50999");
    assert_dec(cost, "25490");
    assert_dec(engine_balance(w.engine, 0, 0, 0), "4510");
    assert_dec(engine_balance(w.engine, 0, 0, 1), "0.50999");
    id = ask(&w, probe_limit(SIDE_SELL, "51000", "0.50999"));
    world_fill(&w, id, "51000", "0.50999");
    /* proceeds 26009.49, fee 26.00949, cost 25490 */
    assert_dec(engine_position(w.engine, 0, 0, &cost, &realized), "0");
    assert_dec(cost, "0");
    assert_dec(realized, "493.48051");
    assert_dec(engine_balance(w.engine, 0, 0, 0), "30493.48051");
    world_close(&w);
}

static void partial_fills_keep_the_rest_reserved(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, ORDER_ACCEPTED);
    world_fill(&w, id, "49000", "0.004");
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_PARTIALLY_FILLED);
    assert_dec(engine_reserved(w.engine, 0, 0, 0), "294");
    world_fill(&w, id, "49000", "0.006");
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_FILLED);
    assert_dec(engine_reserved(w.engine, 0, 0, 0), "0");
    world_close(&w);
}

static void repeated_fill_is_booked_once(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_fill(&w, id, "49000", "0.004");
    w.next_fill--;
    world_fill(&w, id, "49000", "0.004");
    struct engine_anomalies a;
    engine_anomalies(w.engine, &a);
    assert_int_equal(a.repeated_fills, 1);
    assert_dec(engine_order(w.engine, id)->filled_qty, "0.004");
    world_close(&w);
}

static void fill_after_cancel_is_booked_and_the_order_stays_canceled(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, ORDER_CANCELED);
    world_fill(&w, id, "49000", "0.004");
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_CANCELED);
    assert_dec(engine_balance(w.engine, 0, 0, 0), "4804");
    world_order(&w, id, ORDER_ACCEPTED);
    struct engine_anomalies a;
    engine_anomalies(w.engine, &a);
    assert_int_equal(a.late_order_events, 1);
    world_close(&w);
}

static void overfill_stops_the_engine(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    struct event ev = {.kind = EVENT_FILL,
                       .ts_event_ns = w.now_ns,
                       .fill = {.id = id,
                                .fill_id = 77,
                                .price = D("49000"),
                                .qty = D("0.01001"),
                                .fee = D("0"),
                                .fee_asset = 1,
                                .liquidity = LIQUIDITY_MAKER}};
    assert_int_equal(engine_step(w.engine, &ev, w.fx), ERR_STATE);
    world_close(&w);
}

static void late_acceptance_does_not_undo_a_cancel_under_way(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id id = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    world_order(&w, id, ORDER_ACCEPTED);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_PENDING_CANCEL);
    world_order(&w, id, ORDER_ACCEPTED); /* the second one says that the cancel was refused */
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_ACCEPTED);
    world_close(&w);
}

static void halt_cancels_every_open_order_and_denies_new_ones(void **state)
{
    (void)state;
    struct world w;
    open_probe(&w);
    order_id a = ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    order_id b = ask(&w, probe_limit(SIDE_SELL, "51000", "0.01"));
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, a);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 1)->cancel, b);
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_HALTED);
    assert_int_equal(ask(&w, probe_limit(SIDE_BUY, "49000", "0.01")), 0);
    assert_int_equal(world_effect(&w, EFFECT_DENIED, 0)->denied.denial.reason, REASON_STATE_HALTED);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE); /* resume does not undo a halt */
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_HALTED);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    assert_true(ask(&w, probe_limit(SIDE_BUY, "49000", "0.01")) != 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_buy_reserves_cost_and_releases_it_on_cancel),
        cmocka_unit_test(buy_then_sell_realizes_average_cost_with_fees),
        cmocka_unit_test(partial_fills_keep_the_rest_reserved),
        cmocka_unit_test(repeated_fill_is_booked_once),
        cmocka_unit_test(fill_after_cancel_is_booked_and_the_order_stays_canceled),
        cmocka_unit_test(overfill_stops_the_engine),
        cmocka_unit_test(late_acceptance_does_not_undo_a_cancel_under_way),
        cmocka_unit_test(halt_cancels_every_open_order_and_denies_new_ones),
    };
    return cmocka_run_group_tests_name("engine orders", tests, NULL, NULL);
}

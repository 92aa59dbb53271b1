/* What prices the engine takes orders on, and what it leaves out: age, sides, gaps, nonsense. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct world w;

/* Asks with an event that is no price of the instrument. */
static enum reason ask(struct order_request r)
{
    probe_request[0] = r;
    probe_requests = 1;
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = 1,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
    const struct effect *no = world_effect(&w, EFFECT_DENIED, 0);
    if (!no)
        assert_non_null(world_effect(&w, EFFECT_SUBMIT, 0));
    return no ? no->denied.denial.reason : REASON_NONE;
}

static void with_eth(void)
{
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->strategy[0].instruments = 2;
    w.setup->strategy[0].instrument[1] = 1;
}

static void a_top_with_an_empty_side_does_not_make_an_old_trade_younger(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_reference_age = true;
    r->max_reference_age_ns = 10 * SECOND;
    with_eth();
    world_go(&w);
    world_advance(&w, 11 * SECOND);
    world_top(&w, "49999", "0");
    assert_int_equal(ask(probe_limit(SIDE_BUY, "49000", "0.001")), REASON_STALE_REFERENCE);
    world_top(&w, "49999", "50001");
    assert_int_equal(ask(probe_limit(SIDE_BUY, "49000", "0.001")), REASON_NONE);
    world_close(&w);
}

static void after_a_gap_orders_wait_for_a_price(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    with_eth();
    world_go(&w);
    world_top(&w, "49999", "50001");
    world_feed(&w, FEED_INVALID);
    world_feed(&w, FEED_LIVE);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = 1,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
    assert_int_equal(ask(probe_limit(SIDE_BUY, "49000", "0.001")), REASON_NO_REFERENCE);
    dec mark;
    assert_true(engine_mark(w.engine, 0, &mark)); /* for valuation it stays */
    world_trade(&w, "49900", "1");
    assert_int_equal(ask(probe_limit(SIDE_BUY, "49000", "0.001")), REASON_NONE);
    world_close(&w);
}

static void a_change_without_a_snapshot_takes_the_top_with_it(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    with_eth();
    world_go(&w);
    world_top(&w, "49999", "50001");
    const struct level bid[] = {{D("49999"), D("2")}};
    world_step(&w, &(struct event){.kind = EVENT_BOOK, .book = {.bids = 1, .bid = bid}});
    assert_non_null(world_effect(&w, EFFECT_RESYNC, 0));
    assert_int_equal(engine_feed(w.engine, 0), FEED_INVALID);
    world_feed(&w, FEED_LIVE);
    struct event_top top;
    assert_false(engine_top(w.engine, 0, &top));
    assert_int_equal(ask(probe_limit(SIDE_BUY, "49000", "0.001")), REASON_NO_REFERENCE);
    world_close(&w);
}

static void levels_that_cannot_be_break_the_book(void **state)
{
    (void)state;
    const struct level bad[] = {{D("0"), D("1")}, {D("-1"), D("1")}, {D("49000"), D("-1")}};
    for (int i = 0; i < 3; i++)
        for (int ask_side = 0; ask_side < 2; ask_side++) {
            world_probe(&w, "9000", "0.5");
            world_go(&w);
            struct event ev = {.kind = EVENT_BOOK, .book = {.snapshot = true}};
            *(ask_side ? &ev.book.ask : &ev.book.bid) = &bad[i];
            *(ask_side ? &ev.book.asks : &ev.book.bids) = 1;
            world_step(&w, &ev);
            assert_non_null(world_effect(&w, EFFECT_RESYNC, 0));
            assert_null(engine_book(w.engine, 0));
            world_close(&w);
        }
}

static void senseless_trades_are_left_out_and_counted(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    world_trade(&w, "0", "1");
    world_trade(&w, "-1", "1");
    world_trade(&w, "49000", "-1");
    dec last;
    assert_true(engine_last(w.engine, 0, &last));
    assert_true(dec_eq(last, D("50000")));
    struct engine_anomalies a;
    engine_anomalies(w.engine, &a);
    assert_int_equal(a.senseless_trades, 3);
    world_trade(&w, "49000", "0"); /* a candle without volume has a price */
    assert_true(engine_last(w.engine, 0, &last));
    assert_true(dec_eq(last, D("49000")));
    world_close(&w);
}

static void rules_without_a_step_are_no_rules(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    struct instrument_rules r = w.setup->instrument[0].rules;
    r.lot_size = DEC_ZERO;
    world_step(&w, &(struct event){.kind = EVENT_INSTRUMENT, .rules = r});
    assert_int_equal(engine_instrument(w.engine, 0)->rules.status, INSTRUMENT_UNKNOWN);
    world_close(&w);
}

static void a_market_order_is_valued_at_the_top_where_there_is_no_depth(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_value = true;
    r->max_order_value = D("600");
    with_eth();
    world_go(&w);
    world_top(&w, "40000", "60000"); /* mid 50000 */
    assert_int_equal(ask(probe_market(SIDE_BUY, "0.01")), REASON_NONE);
    char text[DEC_TEXT_MAX];
    dec_format(engine_reserved(w.engine, 0, 0, 0), text);
    assert_string_equal(text, "600");
    assert_int_equal(ask(probe_market(SIDE_BUY, "0.01001")), REASON_ORDER_VALUE);
    world_close(&w);
}

static void a_market_buy_reserves_what_slippage_to_the_tick_can_cost(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    w.setup->venue[0].slippage = D("0.0000001");
    with_eth();
    world_go(&w); /* 50000.005: 50000.01 is paid */
    assert_int_equal(ask(probe_market(SIDE_BUY, "0.01")), REASON_NONE);
    char text[DEC_TEXT_MAX];
    dec_format(engine_reserved(w.engine, 0, 0, 0), text);
    assert_string_equal(text, "500.0001");
    world_close(&w);
}

static void inventory_without_a_mark_is_exposure_of_unknown_value(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_gross_exposure = true;
    r->max_gross_exposure = D("26000");
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "ETH"), D("100")};
    struct strategy_setup *q = world_strategy(&w, "q", &strategy_probe, "0", "100");
    q->instrument[0] = 1;
    world_go(&w);
    probe_request[0] = probe_limit(SIDE_BUY, "49000", "0.001");
    probe_requests = 1;
    world_trade(&w, "50000", "1");
    assert_int_equal(world_effect(&w, EFFECT_DENIED, 0)->denied.denial.reason, REASON_NO_MARK);
    world_close(&w);
}

static void a_fee_above_what_was_received_stops_the_engine(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    probe_request[0] = probe_limit(SIDE_BUY, "49000", "0.01");
    probe_requests = 1;
    world_trade(&w, "50000", "1");
    order_id id = world_effect(&w, EFFECT_SUBMIT, 0)->submit.id;
    struct event ev = {.kind = EVENT_FILL,
                       .ts_event_ns = w.now_ns,
                       .fill = {.id = id,
                                .fill_id = 7,
                                .price = D("49000"),
                                .qty = D("0.01"),
                                .fee = D("0.010000000000000001"),
                                .fee_asset = 1,
                                .liquidity = LIQUIDITY_MAKER}};
    assert_int_equal(engine_step(w.engine, &ev, w.fx), ERR_RANGE);
    world_close(&w);
}

static void what_is_traded_must_have_a_way_to_the_agent_s_quote(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    w.setup->strategy[0].instruments = 2;
    w.setup->strategy[0].instrument[1] = world_instrument(&w, "XRP-KRW", "XRP", "KRW");
    setup_resolve_conversions(w.setup);
    w.mem = calloc(1, engine_size(w.setup));
    assert_int_equal(engine_init(&w.engine, w.mem, w.setup), ERR_RANGE);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_top_with_an_empty_side_does_not_make_an_old_trade_younger),
        cmocka_unit_test(after_a_gap_orders_wait_for_a_price),
        cmocka_unit_test(a_change_without_a_snapshot_takes_the_top_with_it),
        cmocka_unit_test(levels_that_cannot_be_break_the_book),
        cmocka_unit_test(senseless_trades_are_left_out_and_counted),
        cmocka_unit_test(rules_without_a_step_are_no_rules),
        cmocka_unit_test(a_market_order_is_valued_at_the_top_where_there_is_no_depth),
        cmocka_unit_test(a_market_buy_reserves_what_slippage_to_the_tick_can_cost),
        cmocka_unit_test(inventory_without_a_mark_is_exposure_of_unknown_value),
        cmocka_unit_test(a_fee_above_what_was_received_stops_the_engine),
        cmocka_unit_test(what_is_traded_must_have_a_way_to_the_agent_s_quote),
    };
    return cmocka_run_group_tests_name("engine prices", tests, NULL, NULL);
}

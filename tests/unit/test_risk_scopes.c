/* Limits of the agent, a venue, an instrument, a strategy, an asset and a group: each at its
 * boundary, the strictest of them decides, and the refusal says whose limit it was. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

/* Two venues with BTC-USDT, and ETH-USDT on the first; probes "p" on sim (with ETH-USDT, too), "q"
 * on two. Nothing is held. */
enum { BTC, BTC_TWO, ETH };

static void begin(void)
{
    world_probe(&w, "5000", "0");
    venue_id two = world_venue(&w, "two", "0.001");
    world_instrument_at(&w, two, "BTC-USDT", "BTC", "USDT");
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    world_balance(&w, two, "USDT", "9000");
    struct strategy_setup *p = &w.setup->strategy[0];
    p->instruments = 2;
    p->instrument[1] = ETH;
    struct strategy_setup *q = world_strategy(&w, "q", &strategy_probe, "0", "0");
    q->instrument[0] = BTC_TWO;
    q->budget = D("5000");
}

static void go(void)
{
    world_go(&w);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = BTC_TWO,
                                   .trade = {D("50000"), D("1"), 0, SIDE_BUY}});
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = ETH,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
}

static struct order_request on(instrument_id i, struct order_request r)
{
    r.instrument = i;
    return r;
}

/* Strategy q asks on venue two. */
static order_id ask_two(const char *price, const char *qty)
{
    return world_ask_by(&w, 1, "50000", on(BTC_TWO, probe_limit(SIDE_BUY, price, qty)));
}

static void order_value_of_each_scope(void **state)
{
    (void)state;
    const struct {
        enum limit_scope scope;
        uint32_t index;
    } CASES[] = {{LIMIT_OF_AGENT, 0},
                 {LIMIT_OF_VENUE, 0},
                 {LIMIT_OF_INSTRUMENT, BTC},
                 {LIMIT_OF_STRATEGY, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        begin();
        struct risk_setup *r[] = {&w.setup->risk, &w.setup->venue[0].risk,
                                  &w.setup->instrument_risk[BTC], &w.setup->strategy[0].risk};
        for (size_t k = 0; k < 4; k++) { /* the others are looser */
            r[k]->has_max_order_value = true;
            r[k]->max_order_value = D(k == i ? "500" : "600");
        }
        go();
        world_passes(&w, probe_limit(SIDE_BUY, "50000", "0.01"));
        world_denied(&w, probe_limit(SIDE_BUY, "50000", "0.01001"), REASON_ORDER_VALUE, "500",
                     "500.5");
        world_was_denied(&w, REASON_ORDER_VALUE, CASES[i].scope, CASES[i].index, "500", "500.5");
        world_close(&w);
    }
}

static void a_venue_s_limits_are_for_it_alone(void **state)
{
    (void)state;
    begin();
    struct risk_setup *r = &w.setup->venue[1].risk;
    r->has_max_order_value = r->has_max_open_orders = true;
    r->max_order_value = D("500");
    r->max_open_orders = 2;
    go();
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    assert_true(ask_two("49000", "0.01"));
    assert_int_equal(ask_two("49000", "0.01001"), 0);
    world_was_denied(&w, REASON_ORDER_VALUE, LIMIT_OF_VENUE, 1, "500", "500.5");
    order_id id = ask_two("49001", "0.001");
    assert_true(id);
    assert_int_equal(ask_two("49002", "0.001"), 0);
    world_was_denied(&w, REASON_OPEN_ORDERS, LIMIT_OF_VENUE, 1, "2", "3");
    world_passes(&w, probe_limit(SIDE_BUY, "49003", "0.001"));
    world_order(&w, id, ORDER_IN_DOUBT); /* counts as open */
    assert_int_equal(ask_two("49002", "0.001"), 0);
    world_order(&w, id, ORDER_CANCELED);
    assert_true(ask_two("49002", "0.001"));
    world_close(&w);
}

static void a_venue_s_position_and_gross_exposure(void **state)
{
    (void)state;
    begin();
    struct risk_setup *r = &w.setup->venue[0].risk;
    r->has_max_position_value = r->has_max_gross_exposure = true;
    r->max_position_value = D("1000");
    r->max_gross_exposure = D("1200");
    go();
    assert_true(ask_two("49000", "0.1")); /* of another venue */
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.00011"), REASON_POSITION, "1000", "1005.5");
    world_was_denied(&w, REASON_POSITION, LIMIT_OF_VENUE, 0, NULL, NULL);
    world_passes(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.1"))); /* 1200 in all */
    world_denied(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.0025")), REASON_GROSS_EXPOSURE,
                 "1200", "1205");
    world_was_denied(&w, REASON_GROSS_EXPOSURE, LIMIT_OF_VENUE, 0, NULL, NULL);
    world_close(&w);
}

static void a_venue_s_messages_and_reserve(void **state)
{
    (void)state;
    begin();
    struct risk_setup *r = &w.setup->venue[1].risk;
    r->has_max_messages = true;
    r->max_messages = 3;
    r->cancel_reserve = 1;
    r->message_interval_ns = 10 * SECOND;
    go();
    assert_true(ask_two("49000", "0.001"));
    assert_true(ask_two("49001", "0.001"));
    assert_int_equal(ask_two("49002", "0.001"), 0);
    world_was_denied(&w, REASON_MESSAGE_RATE, LIMIT_OF_VENUE, 1, "2", "3");
    world_passes(&w, probe_limit(SIDE_BUY, "49002", "0.001"));
    world_advance(&w, 10 * SECOND);
    assert_true(ask_two("49002", "0.001"));
    world_close(&w);
}

static void an_instrument_s_limits(void **state)
{
    (void)state;
    begin();
    struct risk_setup *r = &w.setup->instrument_risk[BTC];
    r->has_max_order_qty = r->has_max_position_value = r->has_max_open_orders = true;
    r->max_order_qty = D("0.02");
    r->max_position_value = D("1500");
    r->max_open_orders = 2;
    go();
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.02001"), REASON_ORDER_QTY, "0.02",
                 "0.02001");
    world_was_denied(&w, REASON_ORDER_QTY, LIMIT_OF_INSTRUMENT, BTC, NULL, NULL);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.01001"), REASON_POSITION, "1500", "1500.5");
    world_was_denied(&w, REASON_POSITION, LIMIT_OF_INSTRUMENT, BTC, NULL, NULL);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_denied(&w, probe_limit(SIDE_SELL, "51000", "0.001"), REASON_OPEN_ORDERS, "2", "3");
    world_was_denied(&w, REASON_OPEN_ORDERS, LIMIT_OF_INSTRUMENT, BTC, NULL, NULL);
    world_passes(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.05"))); /* another one is free */
    assert_true(ask_two("49000", "0.05"));
    world_close(&w);
}

static void the_tightest_collar_decides_and_is_named(void **state)
{
    (void)state;
    begin();
    struct risk_setup *r[] = {&w.setup->risk, &w.setup->venue[0].risk,
                              &w.setup->instrument_risk[BTC]};
    static const char *const COLLAR[] = {"0.05", "0.03", "0.01"};
    for (size_t i = 0; i < 3; i++) {
        r[i]->has_price_collar = true;
        r[i]->price_collar = D(COLLAR[i]);
    }
    go();
    world_passes(&w, probe_limit(SIDE_BUY, "50500", "0.001"));
    world_denied(&w, probe_limit(SIDE_BUY, "50500.01", "0.001"), REASON_PRICE_COLLAR, "50500",
                 "50500.01");
    world_was_denied(&w, REASON_PRICE_COLLAR, LIMIT_OF_INSTRUMENT, BTC, NULL, NULL);
    world_passes(&w, on(ETH, probe_limit(SIDE_BUY, "2060", "0.05")));
    world_denied(&w, on(ETH, probe_limit(SIDE_BUY, "2060.01", "0.05")), REASON_PRICE_COLLAR, "2060",
                 NULL);
    world_was_denied(&w, REASON_PRICE_COLLAR, LIMIT_OF_VENUE, 0, NULL, NULL);
    world_close(&w);
}

static void the_youngest_reference_demanded_decides(void **state)
{
    (void)state;
    begin();
    w.setup->risk.has_max_reference_age = true;
    w.setup->risk.max_reference_age_ns = 10 * SECOND;
    w.setup->instrument_risk[ETH].has_max_reference_age = true;
    w.setup->instrument_risk[ETH].max_reference_age_ns = 2 * SECOND;
    w.setup->venue[0].risk.has_max_reference_age = true;
    w.setup->venue[0].risk.max_reference_age_ns = 5 * SECOND;
    go();
    world_advance(&w, 2 * SECOND - 1); /* the ETH price is from the last step of go() */
    world_passes(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.05")));
    world_denied(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.05")), REASON_STALE_REFERENCE, "2",
                 "2.000000001");
    world_was_denied(&w, REASON_STALE_REFERENCE, LIMIT_OF_INSTRUMENT, ETH, NULL, NULL);
    world_close(&w);
}

/* 0.5 BTC are held: a sell of them is an exit. */
static void an_exit_is_not_stopped_for_its_value_but_for_its_quantity(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_value = r->has_max_position_value = r->has_max_gross_exposure =
        r->has_max_asset_exposure = r->has_max_order_qty = true;
    r->max_order_value = D("500");
    r->max_position_value = r->max_gross_exposure = r->max_asset_exposure = D("100");
    r->max_order_qty = D("0.4");
    world_go(&w);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.01001"), REASON_ORDER_VALUE, NULL, NULL);
    world_denied(&w, probe_market(SIDE_SELL, "0.40001"), REASON_ORDER_QTY, "0.4", "0.40001");
    world_passes(&w, probe_market(SIDE_SELL, "0.4"));
    /* with what is open it would be more than the position: no exit any more */
    world_denied(&w, probe_limit(SIDE_SELL, "50000", "0.10001"), REASON_ORDER_VALUE, "500",
                 "5000.5");
    world_passes(&w, probe_limit(SIDE_SELL, "50000", "0.1"));
    world_close(&w);
}

static void an_asset_counts_over_all_venues(void **state)
{
    (void)state;
    begin();
    w.setup->risk.has_max_asset_exposure = true;
    w.setup->risk.max_asset_exposure = D("1500");
    go();
    order_id first = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    asset_id btc = w.setup->instrument[BTC].base;
    assert_int_equal(ask_two("49000", "0.01001"), 0);
    world_was_denied(&w, REASON_ASSET_EXPOSURE, LIMIT_OF_ASSET, btc, "1500", "1500.5");
    order_id second = ask_two("49000", "0.01");
    assert_true(second);
    world_passes(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.5"))); /* another asset */
    world_order(&w, first, ORDER_IN_DOUBT);                          /* counts in full */
    assert_int_equal(ask_two("49000", "0.00011"), 0);
    world_order(&w, first, ORDER_CANCELED);
    world_order(&w, second, ORDER_ACCEPTED);
    world_fill(&w, second, "49000", "0.01"); /* 0.00999 held after the fee */
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.02002"), REASON_ASSET_EXPOSURE, "1500",
                 "1500.5");
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02001"));
    world_close(&w);
}

/* Buys on one venue and sells on the other do not add up: the worst side does. */
static void an_asset_s_worst_side(void **state)
{
    (void)state;
    begin();
    world_balance(&w, 1, "BTC", "1");
    w.setup->strategy[1].inventory = D("0.02");
    w.setup->risk.has_max_asset_exposure = true;
    w.setup->risk.max_asset_exposure = D("1500");
    go(); /* 1000 of BTC are held on venue two */
    assert_true(world_ask_by(&w, 1, "50000", on(BTC_TWO, probe_limit(SIDE_SELL, "51000", "0.02"))));
    /* the sell is open, not done: 1000 and this */
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.01001"), REASON_ASSET_EXPOSURE, "1500",
                 "1500.5");
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_close(&w);
}

static void a_group_counts_its_assets_together(void **state)
{
    (void)state;
    begin();
    struct setup *s = w.setup;
    asset_id btc = s->instrument[BTC].base, eth = s->instrument[ETH].base;
    s->groups = 2;
    s->group[0] = (struct risk_group){
        .name = "other", .assets = UINT64_C(1) << s->quote, .max_exposure = D("1")};
    s->group[1] = (struct risk_group){.name = "majors",
                                      .assets = UINT64_C(1) << btc | UINT64_C(1) << eth,
                                      .max_exposure = D("1500")};
    go();
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    world_denied(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.25001")), REASON_GROUP_EXPOSURE,
                 "1500", "1500.02");
    world_was_denied(&w, REASON_GROUP_EXPOSURE, LIMIT_OF_GROUP, 1, NULL, NULL);
    world_passes(&w, on(ETH, probe_limit(SIDE_BUY, "2000", "0.25")));
    world_close(&w);
}

static void an_exposure_without_a_mark_is_not_taken_for_zero(void **state)
{
    (void)state;
    begin();
    world_balance(&w, 1, "BTC", "1");
    w.setup->strategy[1].inventory = D("0.02");
    w.setup->risk.has_max_asset_exposure = true;
    w.setup->risk.max_asset_exposure = D("100000");
    world_go(&w); /* no price of BTC-USDT@two yet: its inventory is of unknown value */
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_NO_MARK, "100000", "0");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_value_of_each_scope),
        cmocka_unit_test(a_venue_s_limits_are_for_it_alone),
        cmocka_unit_test(a_venue_s_position_and_gross_exposure),
        cmocka_unit_test(a_venue_s_messages_and_reserve),
        cmocka_unit_test(an_instrument_s_limits),
        cmocka_unit_test(the_tightest_collar_decides_and_is_named),
        cmocka_unit_test(the_youngest_reference_demanded_decides),
        cmocka_unit_test(an_exit_is_not_stopped_for_its_value_but_for_its_quantity),
        cmocka_unit_test(an_asset_counts_over_all_venues),
        cmocka_unit_test(an_asset_s_worst_side),
        cmocka_unit_test(a_group_counts_its_assets_together),
        cmocka_unit_test(an_exposure_without_a_mark_is_not_taken_for_zero),
    };
    return cmocka_run_group_tests_name("risk_scopes", tests, NULL, NULL);
}

/* Which prices are believed: jumps and their confirmation, and a second source. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

/* Two percent within eight seconds, confirmed after five. */
static struct price_guard_setup *begin(void)
{
    world_open(&w);
    world_strategy(&w, "p", &strategy_probe, "5000", "0.5");
    struct price_guard_setup *p = &w.setup->price_guard[0];
    *p = (struct price_guard_setup){.has_max_jump = true,
                                    .max_jump = D("0.02"),
                                    .jump_window_ns = 8 * SECOND,
                                    .jump_confirm_ns = 5 * SECOND};
    return p;
}

static void go(void)
{
    world_start(&w);
    world_trade(&w, "50000", "1");
}

/* Asks at the price [last], which it prints itself. */
static enum reason ask_at(const char *last, struct order_request r)
{
    probe_request[0] = r;
    probe_requests = 1;
    world_trade(&w, last, "0.01");
    const struct effect *fx = world_effect(&w, EFFECT_DENIED, 0);
    if (fx)
        return fx->denied.denial.reason;
    world_order(&w, world_effect(&w, EFFECT_SUBMIT, 0)->submit.id, ORDER_CANCELED);
    return REASON_NONE;
}

static enum reason buy_at(const char *last)
{
    return ask_at(last, probe_limit(SIDE_BUY, "40000", "0.001"));
}

#define assert_reason(is, expected) assert_string_equal(reason_name(is), reason_name(expected))

static void told(bool suspect, const char *limit, const char *price)
{
    const struct effect *fx = world_effect(&w, EFFECT_GUARD, 0);
    assert_non_null(fx);
    assert_null(world_effect(&w, EFFECT_GUARD, 1));
    assert_int_equal(fx->strategy, STRATEGY_NONE);
    assert_int_equal(fx->guard.instrument, 0);
    assert_int_equal(fx->guard.reason, REASON_PRICE_JUMP);
    assert_int_equal(fx->guard.locked, suspect);
    assert_true(fx->guard.until_ns == 0);
    assert_true(dec_eq(fx->guard.limit, D(limit)));
    assert_true(dec_eq(fx->guard.value, D(price)));
    assert_int_equal(engine_suspect(w.engine, 0), suspect);
}

static void a_move_of_exactly_max_jump_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *price, *limit;
    } CASES[] = {{"51000", NULL}, {"51000.01", "51000"}, {"49000", NULL}, {"48999.99", "49000"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        begin();
        go();
        assert_reason(buy_at(CASES[i].price), CASES[i].limit ? REASON_PRICE_JUMP : REASON_NONE);
        assert_int_equal(engine_suspect(w.engine, 0), CASES[i].limit != NULL);
        world_close(&w);
    }
    begin();
    go();
    world_trade(&w, "51000.01", "1");
    told(true, "51000", "51000.01");
    world_close(&w);
    begin()->has_max_jump = false; /* not asked for: anything goes */
    go();
    assert_reason(buy_at("90000"), REASON_NONE);
    world_close(&w);
}

static void an_exit_is_not_held_up(void **state)
{
    (void)state;
    begin();
    go();
    assert_reason(buy_at("45000"), REASON_PRICE_JUMP);
    assert_reason(ask_at("45000", probe_limit(SIDE_SELL, "45000", "0.5")), REASON_NONE);
    assert_reason(ask_at("45000", probe_market(SIDE_SELL, "0.5")), REASON_NONE);
    assert_reason(ask_at("45000", probe_limit(SIDE_SELL, "45000", "0.50001")), REASON_PRICE_JUMP);
    world_close(&w);
}

static void a_spike_is_over_when_the_price_is_back(void **state)
{
    (void)state;
    begin();
    go();
    world_trade(&w, "60000", "1");
    told(true, "51000", "60000");
    world_trade(&w, "50010", "1");
    told(false, "0", "50010");
    assert_reason(buy_at("50010"), REASON_NONE);
    world_trade(&w, "60000", "1"); /* the spike before taught it nothing */
    told(true, "51000", "60000");
    world_close(&w);
}

static void a_price_that_stays_is_confirmed_by_time_and_updates(void **state)
{
    (void)state;
    begin();
    go();
    world_trade(&w, "60000", "1");
    int64_t since_ns = w.now_ns;
    world_trade(&w, "60500", "1");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    world_trade(&w, "60000", "1");
    world_trade(&w, "60000", "1");
    w.now_ns = since_ns + 5 * SECOND - 2;
    assert_reason(buy_at("60000"), REASON_PRICE_JUMP); /* a nanosecond early */
    w.now_ns = since_ns + 5 * SECOND - 1;
    world_trade(&w, "60100", "1");
    told(false, "0", "60100");
    assert_reason(buy_at("60100"), REASON_NONE);
    world_trade(&w, "50000", "1"); /* what was trusted before is a jump now */
    told(true, "58898", "50000");
    world_close(&w);

    begin(); /* the time has passed, but three updates it takes */
    go();
    world_trade(&w, "60000", "1");
    world_advance(&w, 6 * SECOND);
    assert_reason(buy_at("60000"), REASON_PRICE_JUMP);
    assert_reason(buy_at("60000"), REASON_NONE);
    world_close(&w);
}

static void a_price_that_jumps_on_begins_anew(void **state)
{
    (void)state;
    begin();
    go();
    world_trade(&w, "60000", "1");
    world_advance(&w, 5 * SECOND);
    world_trade(&w, "61300", "1"); /* more than two percent from 60000 */
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    assert_reason(buy_at("61300"), REASON_PRICE_JUMP);
    assert_reason(buy_at("61300"), REASON_PRICE_JUMP);
    world_advance(&w, 5 * SECOND);
    assert_reason(buy_at("61300"), REASON_NONE);
    world_close(&w);
}

/* Small steps add up: the reference is what was trusted within the window, not the last price. */
static void steps_within_the_window_add_up(void **state)
{
    (void)state;
    begin();
    go();
    world_advance(&w, SECOND);
    world_trade(&w, "50500", "1");
    world_advance(&w, SECOND);
    world_trade(&w, "51000", "1");
    world_advance(&w, SECOND);
    assert_reason(buy_at("51100"), REASON_PRICE_JUMP);
    world_close(&w);

    begin(); /* with the first of them out of the window they do not */
    go();
    world_advance(&w, SECOND);
    world_trade(&w, "50500", "1");
    world_advance(&w, SECOND);
    world_trade(&w, "51000", "1");
    world_advance(&w, 6 * SECOND);
    assert_reason(buy_at("51100"), REASON_NONE);
    world_close(&w);
}

static void the_newest_trusted_price_counts_however_old(void **state)
{
    (void)state;
    begin();
    go();
    world_trade(&w, "49500", "1");
    world_advance(&w, 86400 * SECOND);
    assert_reason(buy_at("50490.01"), REASON_PRICE_JUMP);
    assert_reason(buy_at("50490"), REASON_NONE); /* 49500 and two percent */
    assert_reason(buy_at("51400"), REASON_NONE); /* 49500 is the newest no more, and too old */
    world_close(&w);
}

static void books_and_tops_are_looked_at_too(void **state)
{
    (void)state;
    begin();
    go();
    world_top(&w, "59999", "60001");
    told(true, "51000", "60000");
    world_top(&w, "49999", "50001");
    told(false, "0", "50000");
    world_close(&w);

    begin();
    go();
    struct level bid = {D("59999"), D("1")}, ask = {D("60001"), D("1")};
    world_step(&w, &(struct event){.kind = EVENT_BOOK,
                                   .book = {.snapshot = true,
                                            .bids = 1,
                                            .asks = 1,
                                            .bid = &bid,
                                            .ask = &ask,
                                            .last_update_id = 1}});
    told(true, "51000", "60000");
    world_close(&w);
}

static void other_instruments_are_left_alone(void **state)
{
    (void)state;
    begin();
    instrument_id eth = world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    go();
    for (int i = 1; i < 4; i++) {
        world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                       .instrument = eth,
                                       .trade = {dec_from_i64(1000 * i, 0), D("1"), 0, SIDE_BUY}});
        assert_null(world_effect(&w, EFFECT_GUARD, 0));
    }
    assert_false(engine_suspect(w.engine, eth));
    assert_reason(buy_at("50000"), REASON_NONE);
    world_close(&w);
}

static void extremes_do_not_break_it(void **state)
{
    (void)state;
    begin()->max_jump = D("10");
    go();
    world_trade(&w, "0.000000000000000001", "1"); /* nothing is too low at a jump of ten */
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    world_trade(&w, "170000000000000000000", "0");
    assert_int_equal(engine_suspect(w.engine, 0), true);
    world_close(&w);
}

/* ---- another source ---- */

static instrument_id other;

static void begin_two(void)
{
    struct price_guard_setup *p = begin();
    other = world_instrument(&w, "BTC-USDC", "BTC", "USDC");
    world_instrument(&w, "USDC-USDT", "USDC", "USDT");
    *p = (struct price_guard_setup){
        .has_max_deviation = true, .max_deviation = D("0.01"), .cross_check = other};
    w.setup->risk.has_max_reference_age = true;
    w.setup->risk.max_reference_age_ns = 10 * SECOND;
    go();
}

static void other_trades(const char *price)
{
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = other,
                                   .trade = {D(price), D("1"), 0, SIDE_BUY}});
}

static void another_source_must_agree(void **state)
{
    (void)state;
    begin_two();
    other_trades("40000");
    assert_reason(buy_at("40400"), REASON_NONE); /* exactly one percent of the other's */
    assert_reason(buy_at("40400.01"), REASON_CROSS_SOURCE);
    assert_true(dec_eq(world_effect(&w, EFFECT_DENIED, 0)->denied.denial.limit, D("0.01")));
    assert_true(dec_eq(world_effect(&w, EFFECT_DENIED, 0)->denied.denial.value, D("0.01000025")));
    assert_reason(buy_at("39600"), REASON_NONE);
    assert_reason(buy_at("39599.99"), REASON_CROSS_SOURCE);
    assert_reason(ask_at("39599.99", probe_limit(SIDE_SELL, "39000", "0.5")), REASON_NONE);
    world_close(&w);
}

static void a_source_that_says_nothing_contradicts_nothing(void **state)
{
    (void)state;
    begin_two();
    assert_reason(buy_at("50000"), REASON_NONE); /* it has no price yet */
    other_trades("40000");
    assert_reason(buy_at("50000"), REASON_CROSS_SOURCE);
    int64_t since_ns = w.now_ns - 1;
    w.now_ns = since_ns + 10 * SECOND - 1;
    assert_reason(buy_at("50000"), REASON_CROSS_SOURCE); /* as old as a reference may be */
    assert_reason(buy_at("50000"), REASON_NONE);
    other_trades("40000");
    assert_reason(buy_at("50000"), REASON_CROSS_SOURCE);
    world_step(&w, &(struct event){.kind = EVENT_FEED, .instrument = other, .feed = FEED_STALE});
    assert_reason(buy_at("50000"), REASON_NONE);
    world_step(&w, &(struct event){.kind = EVENT_FEED, .instrument = other, .feed = FEED_LIVE});
    assert_reason(buy_at("50000"), REASON_CROSS_SOURCE);
    world_step(&w, &(struct event){.kind = EVENT_FEED, .instrument = other, .feed = FEED_INVALID});
    world_step(&w, &(struct event){.kind = EVENT_FEED, .instrument = other, .feed = FEED_LIVE});
    assert_reason(buy_at("50000"), REASON_NONE); /* live, but without a price since */
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_of_exactly_max_jump_is_none),
        cmocka_unit_test(an_exit_is_not_held_up),
        cmocka_unit_test(a_spike_is_over_when_the_price_is_back),
        cmocka_unit_test(a_price_that_stays_is_confirmed_by_time_and_updates),
        cmocka_unit_test(a_price_that_jumps_on_begins_anew),
        cmocka_unit_test(steps_within_the_window_add_up),
        cmocka_unit_test(the_newest_trusted_price_counts_however_old),
        cmocka_unit_test(books_and_tops_are_looked_at_too),
        cmocka_unit_test(other_instruments_are_left_alone),
        cmocka_unit_test(extremes_do_not_break_it),
        cmocka_unit_test(another_source_must_agree),
        cmocka_unit_test(a_source_that_says_nothing_contradicts_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

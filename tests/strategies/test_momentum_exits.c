/* momentum's protective exits at their boundary, its sizes, and what counts as held. */
#include "strategies/momentum.h"
#include "trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- protective exits, at their boundary ---- */

static void stop_loss_is_below_the_average_entry_price(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\n");
    trend_price("47547.55");
    trend_assert_nothing_sent();
    trend_price("47547.54"); /* 50050.05005 x 0.95 = 47547.547547 */
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: stop-loss");
    assert_true(trend_sent()->req.reduce_only);
    trend_end();
}

static void take_profit_is_above_it(void **state)
{
    (void)state;
    trend_hold(HOLD "take_profit = \"0.04\"\n");
    trend_price("52052.05");
    trend_assert_nothing_sent();
    trend_price("52052.06"); /* 50050.05005 x 1.04 = 52052.052052 */
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: take profit");
    trend_end();
}

static void trailing_stop_follows_the_peak_once_active(void **state)
{
    (void)state;
    trend_hold(HOLD "trailing_stop = \"0.01\"\ntrailing_activation = \"0.02\"\n");
    trend_price("51051.05"); /* active at 51051.051051 */
    trend_price("50000");
    trend_assert_nothing_sent();
    trend_price("51051.06");
    trend_price("52000");
    trend_price("51480.01");
    trend_assert_nothing_sent();
    trend_price("51480"); /* 52000 x 0.99 */
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: trailing stop");
    trend_end();
    trend_hold(HOLD "trailing_stop = \"0.01\"\n"); /* without an activation: from the entry on */
    trend_price("49500");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

/* The peak is of the holding, not of the one before. */
static void a_new_entry_has_a_new_peak(void **state)
{
    (void)state;
    trend_hold(HOLD "trailing_stop = \"0.01\"\ntake_profit = \"0.1\"\n");
    trend_price("60000");
    trend_fill_all(trend_assert_sent("sell market 0.01998"), "60000");
    trend_close("49000");
    trend_close("50000");
    trend_fill_all(trend_assert_sent("buy market 0.02"), "50000");
    trend_price("50000");
    trend_assert_nothing_sent();
    assert_string_equal(trend_figure("peak_price"), "50000");
    trend_end();
}

static void time_limit_ends_it_also_when_no_price_comes(void **state)
{
    (void)state;
    trend_hold(HOLD "time_limit = \"10m\"\n");
    int64_t since = trend.now_ns;
    trend_price("50000");
    trend_wait(9 * MINUTE);
    trend_assert_nothing_sent();
    trend_wait(2 * MINUTE);
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: time limit");
    assert_int_equal(trend.now_ns, since + 10 * MINUTE);
    trend_end();
}

/* A candle closes at the nanosecond of the limit, and is told first. */
static void a_time_limit_at_a_candles_close_is_kept(void **state)
{
    (void)state;
    order_id buy = trend_enter(HOLD "time_limit = \"3m\"\n");
    trend.now_ns += MINUTE - 1;
    trend_fill_all(buy, "50000");
    assert_int_equal(trend.now_ns % MINUTE, 0);
    int64_t since = trend.now_ns;
    trend_wait(10 * MINUTE);
    trend_assert_sent("sell market 0.01998");
    assert_int_equal(trend.now_ns - since, 3 * MINUTE);
    trend_end();
}

static void the_return_table_asks_for_less_with_time(void **state)
{
    (void)state;
    static const char LINES[] = HOLD "return_after = [\"1m\", \"10m\", \"20m\"]\n"
                                     "return_min = [\"0.04\", \"0.02\", \"-0.5\"]\n";
    trend_hold(LINES);
    int64_t since = trend.now_ns;
    trend_price("60000"); /* before the first time nothing is asked for */
    trend_assert_nothing_sent();
    trend.now_ns = since + MINUTE - 1;
    trend_price("52052.05");
    trend_assert_nothing_sent();
    trend_price("52052.06");
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: return table");
    trend_end();
    trend_hold(LINES);
    since = trend.now_ns;
    trend.now_ns = since + 10 * MINUTE - 2;
    trend_price("51100"); /* one nanosecond early */
    trend_assert_nothing_sent();
    trend_price("51051.05");
    trend_assert_nothing_sent();
    trend_price("51051.06");
    trend_assert_sent("sell market 0.01998");
    trend_end();
    trend_hold(LINES);
    trend.now_ns += 20 * MINUTE;
    trend_price("30000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

/* Of a top of book the bid counts, as that is what a sell gets. */
static void the_price_looked_at_is_the_bid(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\n");
    world_top(&trend, "47547.55", "47547.56");
    trend_price("40000"); /* a print beside a live book */
    trend_assert_nothing_sent();
    world_top(&trend, "47547.54", "52000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void nothing_is_sold_at_the_price_of_a_feed_that_is_not_live(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\ntime_limit = \"10m\"\n");
    world_feed(&trend, FEED_INVALID);
    trend_price("40000");
    trend_assert_nothing_sent();
    world_feed(&trend, FEED_LIVE);
    trend_price("47600");
    trend_assert_nothing_sent();
    trend_price("47000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

/* A signal counts at the close only; a stop inside the candle. */
static void signals_wait_for_the_close(void **state)
{
    (void)state;
    trend_hold(QUICK "stop_loss = \"0.05\"\n");
    trend_price("48000");
    trend_assert_nothing_sent();
    trend_price("51000");
    trend_close("51000");
    trend_assert_nothing_sent();
    trend_close("50000");
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: signal");
    trend_end();
}

/* Inventory is held at its first mark, without a fee: the boundaries are round, and inclusive. */
static void hold_inventory(const char *lines)
{
    trend_begin_with(lines, "9000", "0.5");
    trend_price("50000");
    trend_assert_nothing_sent();
    assert_string_equal(trend_figure("entry_price"), "50000");
}

static void a_price_exactly_at_a_boundary_counts(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *first, *before, *at, *note;
    } CASE[] = {
        {HOLD "stop_loss = \"0.1\"\n", "50000", "45000.01", "45000", "exit: stop-loss"},
        {HOLD "take_profit = \"0.04\"\n", "50000", "51999.99", "52000", "exit: take profit"},
        {HOLD "trailing_stop = \"0.01\"\ntrailing_activation = \"0.02\"\n", "51000", "50490.01",
         "50490", "exit: trailing stop"},
        {HOLD "trailing_stop = \"0.1\"\nstop_loss = \"0.1\"\n", "50000", "45000.01", "45000",
         "exit: stop-loss"}, /* the same price: the one that was there first */
        {HOLD "return_after = [\"0s\"]\nreturn_min = [\"0.04\"]\n", "50000", "51999.99", "52000",
         "exit: return table"},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        hold_inventory(CASE[i].lines);
        trend_price(CASE[i].first);
        trend_price(CASE[i].before);
        trend_assert_nothing_sent();
        trend_price(CASE[i].at);
        trend_assert_sent("sell market 0.5");
        assert_string_equal(trend_note(), CASE[i].note);
        trend_end();
    }
    hold_inventory(HOLD "return_after = [\"10m\"]\nreturn_min = [\"0.01\"]\n");
    int64_t since = trend.now_ns;
    trend.now_ns = since + 10 * MINUTE - 2;
    trend_price("51000");
    trend_assert_nothing_sent();
    trend_price("51000");
    trend_assert_sent("sell market 0.5"); /* ten minutes to the nanosecond */
    trend_end();
}

/* While a reload has changed one list and not yet the other, what both have counts. */
static void of_two_lists_the_shorter_counts(void **state)
{
    (void)state;
    hold_inventory(HOLD "return_after = [\"0s\", \"1m\"]\nreturn_min = [\"0.2\", \"0.1\"]\n");
    struct event e = {.kind = EVENT_PARAM,
                      .venue = VENUE_NONE,
                      .instrument = INSTRUMENT_NONE,
                      .param = {.strategy = 0,
                                .index = P_RETURN_AFTER,
                                .type = PARAM_DURATIONS,
                                .present = true,
                                .list = {.count = 3, .duration_ns = {0, SECOND, 2 * SECOND}}}};
    world_step(&trend, &e);
    trend.now_ns += MINUTE;
    trend_price("54999.99"); /* not the 0 of a third row that is not there */
    trend_assert_nothing_sent();
    trend_price("55000");
    trend_assert_sent("sell market 0.5");
    trend_end();
}

/* What was held before there was a range has its stop from the first candle that makes one. */
static void an_atr_stop_waits_for_the_range(void **state)
{
    (void)state;
    hold_inventory(HOLD "atr_stop = true\natr_periods = 2\natr_multiple = \"2\"\n");
    assert_string_equal(trend_figure("stop_price"), "0");
    trend_close("49000");
    trend_close("50000");
    trend_price("49000");
    trend_assert_nothing_sent();
    trend_close("50000"); /* two ranges of 1000 */
    assert_string_equal(trend_figure("stop_price"), "48000");
    trend_price("48000.01");
    trend_assert_nothing_sent();
    trend_price("48000");
    trend_assert_sent("sell market 0.5");
    trend_end();
}

/* ---- sizes ---- */

static void risk_amount_over_ranges_is_the_size(void **state)
{
    (void)state;
    /* ranges of 1000, 1000 and 1000: 40 / (2 x 1000) */
    trend_begin(QUICK "risk_amount = \"40\"\natr_periods = 2\n");
    trend_turn_up();
    trend_assert_sent("buy market 0.02");
    trend_end();
    trend_begin(QUICK "risk_amount = \"20\"\natr_periods = 2\n");
    trend_turn_up();
    trend_assert_sent("buy market 0.01");
    trend_end();
    trend_begin(QUICK "risk_amount = \"20\"\natr_periods = 2\natr_multiple = \"4\"\n");
    trend_turn_up();
    trend_assert_sent("buy market 0.005");
    trend_end();
    trend_begin(QUICK "risk_amount = \"4000\"\natr_periods = 2\n"); /* amount is the most */
    trend_turn_up();
    trend_assert_sent("buy market 0.02");
    trend_end();
    trend_begin(QUICK "risk_amount = \"20\"\natr_periods = 3\n"); /* not ready yet */
    trend_turn_up();
    trend_assert_nothing_sent();
    trend_close("49000");
    trend_close("50000");
    trend_assert_sent("buy market 0.01");
    trend_end();
}

static void the_decimal_range_is_the_indicator(void **state)
{
    (void)state;
    struct range r = {0};
    struct atr a;
    atr_init(&a, 14);
    uint64_t x = 12345;
    int64_t cents = 5000000;
    for (int i = 0; i < 3000; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        int64_t open = cents;
        cents += (int64_t)(x >> 40) % 40000 - 20000;
        cents = cents < 100000 ? 100000 : cents;
        int64_t high = (open > cents ? open : cents) + (int64_t)(x >> 20) % 3000;
        int64_t low = (open > cents ? cents : open) - (int64_t)(x >> 10) % 3000;
        struct event_candle c = {.high = dec_from_i64(high, 2),
                                 .low = dec_from_i64(low, 2),
                                 .close = dec_from_i64(cents, 2)};
        struct bar b = {(double)high / 100, (double)low / 100, (double)cents / 100};
        assert_int_equal(range_add(&r, 14, &c), ERR_OK);
        atr_add(&a, &b);
        double difference = dec_to_double(r.value) - a.value;
        assert_true(difference <= 1e-9 * a.value && difference >= -1e-9 * a.value);
    }
}

static void atr_stop_is_that_far_below(void **state)
{
    (void)state;
    trend_hold(HOLD "atr_stop = true\natr_periods = 2\natr_multiple = \"1.5\"\n");
    trend_price("48550.06");
    trend_assert_nothing_sent();
    trend_price("48550.05"); /* 50050.05005 - 1500 */
    trend_assert_sent("sell market 0.01998");
    trend_end();
    /* The higher stop counts. */
    trend_hold(HOLD "atr_stop = true\natr_periods = 2\nstop_loss = \"0.001\"\n");
    trend_price("49990");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void money_that_is_there_bounds_the_size(void **state)
{
    (void)state;
    trend_begin_with(QUICK, "600", "0");
    trend_turn_up();
    trend_assert_sent("buy market 0.012");
    trend_end();
    trend_begin_with(QUICK, "4", "0");
    trend_turn_up();
    trend_assert_nothing_sent();
    assert_string_equal(trend_note(), "entry skipped: it is less than the venue's minimum");
    trend_end();
    trend_begin_with(QUICK, "0.4", "0");
    trend_turn_up();
    assert_string_equal(trend_note(), "entry skipped: amount is less than one lot");
    trend_end();
}

/* What a market order binds is more than its price: the collar. The refusal says by how much. */
static void a_refusal_for_money_is_asked_again_smaller_once(void **state)
{
    (void)state;
    world_open(&trend);
    trend.setup->venue[0].slippage = D("0.05");
    struct strategy_setup *s = world_strategy(&trend, "m", &strategy_momentum, "1000", "0");
    assert_null(trend_params(QUICK, &s->params));
    world_start(&trend);
    trend_turn_up();
    assert_non_null(world_effect(&trend, EFFECT_DENIED, 0));
    order_id buy = trend_assert_sent("buy market 0.01904"); /* 0.02 x 1000 / 1050 */
    trend_fill_all(buy, "50000");
    trend_close("49000");
    trend_fill_all(trend_sent()->id, "49000"); /* 48 and 931.05 are there */
    trend_close("50000");
    assert_null(world_effect(&trend, EFFECT_DENIED, 0)); /* the next one knows */
    trend_assert_sent("buy market 0.01864");             /* 979.05 / 1.05 / 50000 */
    trend_end();
}

/* ---- what counts as held ---- */

static void what_the_exit_leaves_is_not_held(void **state)
{
    (void)state;
    trend_fill_all(trend_enter(QUICK), "50000");
    trend_close("49000");
    order_id sell = trend_assert_sent("sell market 0.01998");
    world_fill(&trend, sell, "49000", "0.0199"); /* 0.00008: 3.92, below the minimum of 5 */
    trend_answer(sell, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED);
    assert_string_equal(trend_note(),
                        "exit ends with a rest that the venue's minimum keeps from being sold");
    assert_string_equal(trend_figure("stage"), "0");
    trend_close("80000"); /* the rest would now be worth more than the minimum */
    trend_assert_sent("buy market 0.0125");
    trend_fill_all(trend_sent()->id, "80000");
    trend_close("60000");
    trend_assert_sent("sell market 0.01256"); /* 0.0124875 + 0.00008 */
    trend_end();
}

static void less_than_a_lot_left_is_not_held(void **state)
{
    (void)state;
    trend_begin("amount = \"777\"\n" QUICK);
    trend_turn_up();
    order_id buy = trend_assert_sent("buy market 0.01554");
    trend_fill_all(buy, "50000"); /* 0.01552446 */
    trend_close("49000");
    trend_fill_all(trend_assert_sent("sell market 0.01552"), "49000");
    assert_string_equal(trend_note(), "");
    trend_close("50000");
    assert_non_null(trend_sent());
    assert_int_equal(trend_sent()->req.side, SIDE_BUY);
    trend_end();
}

static void an_inventory_too_small_to_sell_is_not_held(void **state)
{
    (void)state;
    trend_begin_with(QUICK "stop_loss = \"0.1\"\n", "9000", "0.00009");
    trend_price("50000"); /* 4.5, below the minimum of 5 */
    assert_string_equal(trend_figure("stage"), "0");
    trend_price("40000");
    assert_string_equal(trend_note(), "");
    trend_turn_up();
    trend_assert_sent("buy market 0.02");
    trend_end();
}

/* What was worth selling stays held when its price falls below the minimum; only an exit finds that
 * it cannot be sold. */
static void what_is_held_stays_held_at_any_price(void **state)
{
    (void)state;
    trend_begin_with(HOLD "stop_loss = \"0.5\"\n", "9000", "0.0002");
    trend_price("50000"); /* 10 */
    trend_price("25000.01");
    assert_string_equal(trend_figure("stage"), "2");
    trend_price("24000"); /* 4.8 */
    trend_assert_nothing_sent();
    assert_string_equal(trend_note(), "exit: stop-loss");
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

static void exactly_the_venues_minimum_is_held(void **state)
{
    (void)state;
    trend_begin_with(HOLD "stop_loss = \"0.5\"\n", "9000", "0.0001");
    trend_price("50000"); /* 5 */
    assert_string_equal(trend_figure("stage"), "2");
    trend_end();
    for (int i = 0; i < 2; i++) {
        world_open(&trend);
        trend.setup->instrument[0].rules.min_qty = D(i ? "0.50001" : "0.5");
        struct strategy_setup *s = world_strategy(&trend, "m", &strategy_momentum, "9000", "0.5");
        assert_null(trend_params(HOLD "stop_loss = \"0.5\"\n", &s->params));
        world_start(&trend);
        trend_price("50000");
        assert_string_equal(trend_figure("stage"), i ? "0" : "2");
        trend_end();
    }
}

/* A suspended instrument ends an entry, and only delays an exit. */
static void a_suspended_instrument_delays_an_exit(void **state)
{
    (void)state;
    trend_hold(HOLD "stop_loss = \"0.05\"\n");
    struct event e = {.kind = EVENT_INSTRUMENT, .rules = trend.setup->instrument[0].rules};
    e.rules.status = INSTRUMENT_SUSPENDED;
    world_step(&trend, &e);
    trend_price("47000");
    trend_assert_nothing_sent();
    assert_null(world_effect(&trend, EFFECT_DENIED, 0));
    e.rules.status = INSTRUMENT_TRADING;
    world_step(&trend, &e);
    trend_price("49000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void an_inventory_is_held_from_the_start(void **state)
{
    (void)state;
    trend_begin_with(QUICK "stop_loss = \"0.1\"\n", "9000", "0.5");
    trend_close("50000");
    assert_string_equal(trend_figure("stage"), "2");
    assert_string_equal(trend_figure("entry_price"), "50000");
    assert_string_equal(trend_figure("stop_price"), "45000");
    trend_price("45000");
    trend_assert_sent("sell market 0.5");
    trend_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_loss_is_below_the_average_entry_price),
        cmocka_unit_test(take_profit_is_above_it),
        cmocka_unit_test(trailing_stop_follows_the_peak_once_active),
        cmocka_unit_test(a_new_entry_has_a_new_peak),
        cmocka_unit_test(time_limit_ends_it_also_when_no_price_comes),
        cmocka_unit_test(a_time_limit_at_a_candles_close_is_kept),
        cmocka_unit_test(the_return_table_asks_for_less_with_time),
        cmocka_unit_test(the_price_looked_at_is_the_bid),
        cmocka_unit_test(nothing_is_sold_at_the_price_of_a_feed_that_is_not_live),
        cmocka_unit_test(signals_wait_for_the_close),
        cmocka_unit_test(a_price_exactly_at_a_boundary_counts),
        cmocka_unit_test(of_two_lists_the_shorter_counts),
        cmocka_unit_test(an_atr_stop_waits_for_the_range),
        cmocka_unit_test(risk_amount_over_ranges_is_the_size),
        cmocka_unit_test(the_decimal_range_is_the_indicator),
        cmocka_unit_test(atr_stop_is_that_far_below),
        cmocka_unit_test(money_that_is_there_bounds_the_size),
        cmocka_unit_test(a_refusal_for_money_is_asked_again_smaller_once),
        cmocka_unit_test(what_the_exit_leaves_is_not_held),
        cmocka_unit_test(less_than_a_lot_left_is_not_held),
        cmocka_unit_test(an_inventory_too_small_to_sell_is_not_held),
        cmocka_unit_test(what_is_held_stays_held_at_any_price),
        cmocka_unit_test(exactly_the_venues_minimum_is_held),
        cmocka_unit_test(a_suspended_instrument_delays_an_exit),
        cmocka_unit_test(an_inventory_is_held_from_the_start),
    };
    return cmocka_run_group_tests_name("momentum's exits", tests, NULL, NULL);
}

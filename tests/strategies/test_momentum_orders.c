/* momentum's orders: sizes, protective exits at their boundary, limit orders and what becomes of
 * them, refusals, halts, and what counts as held. */
#include "strategies/momentum.h"
#include "trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUICK "fast = 1\nslow = 2\n"
/* Nothing but what the case adds sells. */
#define HOLD QUICK "exit_signal = false\n"

static void price(const char *text)
{
    world_trade(&trend, text, "1");
}

/* Two candles, then one that turns up at 50000: an entry of 1000 is sent. */
static void turn_up(void)
{
    trend_close("50000");
    trend_close("49000");
    trend_assert_nothing_sent();
    trend_close("50000");
}

static order_id enter(const char *lines)
{
    trend_begin(lines);
    turn_up();
    return trend_assert_sent("buy market 0.02");
}

/* 0.02 bought at 50000, less the fee of 0.1 %: 0.01998 at an average of 50050.05005... */
static void hold(const char *lines)
{
    trend_fill_all(enter(lines), "50000");
    assert_string_equal(trend_figure("stage"), "2");
}

/* ---- protective exits, at their boundary ---- */

static void stop_loss_is_below_the_average_entry_price(void **state)
{
    (void)state;
    hold(HOLD "stop_loss = \"0.05\"\n");
    price("47547.55");
    trend_assert_nothing_sent();
    price("47547.54"); /* 50050.05005 x 0.95 = 47547.547547 */
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: stop-loss");
    assert_true(trend_sent()->req.reduce_only);
    trend_end();
}

static void take_profit_is_above_it(void **state)
{
    (void)state;
    hold(HOLD "take_profit = \"0.04\"\n");
    price("52052.05");
    trend_assert_nothing_sent();
    price("52052.06"); /* 50050.05005 x 1.04 = 52052.052052 */
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: take profit");
    trend_end();
}

static void trailing_stop_follows_the_peak_once_active(void **state)
{
    (void)state;
    hold(HOLD "trailing_stop = \"0.01\"\ntrailing_activation = \"0.02\"\n");
    price("51051.05"); /* active at 51051.051051 */
    price("50000");
    trend_assert_nothing_sent();
    price("51051.06");
    price("52000");
    price("51480.01");
    trend_assert_nothing_sent();
    price("51480"); /* 52000 x 0.99 */
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: trailing stop");
    trend_end();
    hold(HOLD "trailing_stop = \"0.01\"\n"); /* without an activation: from the entry on */
    price("49500");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

/* The peak is of the holding, not of the one before. */
static void a_new_entry_has_a_new_peak(void **state)
{
    (void)state;
    hold(HOLD "trailing_stop = \"0.01\"\ntake_profit = \"0.1\"\n");
    price("60000");
    trend_fill_all(trend_assert_sent("sell market 0.01998"), "60000");
    trend_close("49000");
    trend_close("50000");
    trend_fill_all(trend_assert_sent("buy market 0.02"), "50000");
    price("50000");
    trend_assert_nothing_sent();
    assert_string_equal(trend_figure("peak_price"), "50000");
    trend_end();
}

static void time_limit_ends_it_also_when_no_price_comes(void **state)
{
    (void)state;
    hold(HOLD "time_limit = \"10m\"\n");
    int64_t since = trend.now_ns;
    price("50000");
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
    order_id buy = enter(HOLD "time_limit = \"3m\"\n");
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
    hold(LINES);
    int64_t since = trend.now_ns;
    price("60000"); /* before the first time nothing is asked for */
    trend_assert_nothing_sent();
    trend.now_ns = since + MINUTE - 1;
    price("52052.05");
    trend_assert_nothing_sent();
    price("52052.06");
    trend_assert_sent("sell market 0.01998");
    assert_string_equal(trend_note(), "exit: return table");
    trend_end();
    hold(LINES);
    since = trend.now_ns;
    trend.now_ns = since + 10 * MINUTE - 2;
    price("51100"); /* one nanosecond early */
    trend_assert_nothing_sent();
    price("51051.05");
    trend_assert_nothing_sent();
    price("51051.06");
    trend_assert_sent("sell market 0.01998");
    trend_end();
    hold(LINES);
    trend.now_ns += 20 * MINUTE;
    price("30000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

/* Of a top of book the bid counts, as that is what a sell gets. */
static void the_price_looked_at_is_the_bid(void **state)
{
    (void)state;
    hold(HOLD "stop_loss = \"0.05\"\n");
    world_top(&trend, "47547.55", "47547.56");
    price("40000"); /* a print beside a live book */
    trend_assert_nothing_sent();
    world_top(&trend, "47547.54", "52000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void nothing_is_sold_at_the_price_of_a_feed_that_is_not_live(void **state)
{
    (void)state;
    hold(HOLD "stop_loss = \"0.05\"\ntime_limit = \"10m\"\n");
    world_feed(&trend, FEED_INVALID);
    price("40000");
    trend_assert_nothing_sent();
    world_feed(&trend, FEED_LIVE);
    price("47600");
    trend_assert_nothing_sent();
    price("47000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

/* A signal counts at the close only; a stop inside the candle. */
static void signals_wait_for_the_close(void **state)
{
    (void)state;
    hold(QUICK "stop_loss = \"0.05\"\n");
    price("48000");
    trend_assert_nothing_sent();
    price("51000");
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
    price("50000");
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
        price(CASE[i].first);
        price(CASE[i].before);
        trend_assert_nothing_sent();
        price(CASE[i].at);
        trend_assert_sent("sell market 0.5");
        assert_string_equal(trend_note(), CASE[i].note);
        trend_end();
    }
    hold_inventory(HOLD "return_after = [\"10m\"]\nreturn_min = [\"0.01\"]\n");
    int64_t since = trend.now_ns;
    trend.now_ns = since + 10 * MINUTE - 2;
    price("51000");
    trend_assert_nothing_sent();
    price("51000");
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
    price("54999.99"); /* not the 0 of a third row that is not there */
    trend_assert_nothing_sent();
    price("55000");
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
    price("49000");
    trend_assert_nothing_sent();
    trend_close("50000"); /* two ranges of 1000 */
    assert_string_equal(trend_figure("stop_price"), "48000");
    price("48000.01");
    trend_assert_nothing_sent();
    price("48000");
    trend_assert_sent("sell market 0.5");
    trend_end();
}

/* ---- sizes ---- */

static void risk_amount_over_ranges_is_the_size(void **state)
{
    (void)state;
    /* ranges of 1000, 1000 and 1000: 40 / (2 x 1000) */
    trend_begin(QUICK "risk_amount = \"40\"\natr_periods = 2\n");
    turn_up();
    trend_assert_sent("buy market 0.02");
    trend_end();
    trend_begin(QUICK "risk_amount = \"20\"\natr_periods = 2\n");
    turn_up();
    trend_assert_sent("buy market 0.01");
    trend_end();
    trend_begin(QUICK "risk_amount = \"20\"\natr_periods = 2\natr_multiple = \"4\"\n");
    turn_up();
    trend_assert_sent("buy market 0.005");
    trend_end();
    trend_begin(QUICK "risk_amount = \"4000\"\natr_periods = 2\n"); /* amount is the most */
    turn_up();
    trend_assert_sent("buy market 0.02");
    trend_end();
    trend_begin(QUICK "risk_amount = \"20\"\natr_periods = 3\n"); /* not ready yet */
    turn_up();
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
    hold(HOLD "atr_stop = true\natr_periods = 2\natr_multiple = \"1.5\"\n");
    price("48550.06");
    trend_assert_nothing_sent();
    price("48550.05"); /* 50050.05005 - 1500 */
    trend_assert_sent("sell market 0.01998");
    trend_end();
    /* The higher stop counts. */
    hold(HOLD "atr_stop = true\natr_periods = 2\nstop_loss = \"0.001\"\n");
    price("49990");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void money_that_is_there_bounds_the_size(void **state)
{
    (void)state;
    trend_begin_with(QUICK, "600", "0");
    turn_up();
    trend_assert_sent("buy market 0.012");
    trend_end();
    trend_begin_with(QUICK, "4", "0");
    turn_up();
    trend_assert_nothing_sent();
    assert_string_equal(trend_note(), "entry skipped: it is less than the venue's minimum");
    trend_end();
    trend_begin_with(QUICK, "0.4", "0");
    turn_up();
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
    turn_up();
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
    trend_fill_all(enter(QUICK), "50000");
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
    turn_up();
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
    price("50000"); /* 4.5, below the minimum of 5 */
    assert_string_equal(trend_figure("stage"), "0");
    price("40000");
    assert_string_equal(trend_note(), "");
    turn_up();
    trend_assert_sent("buy market 0.02");
    trend_end();
}

/* What was worth selling stays held when its price falls below the minimum; only an exit finds that
 * it cannot be sold. */
static void what_is_held_stays_held_at_any_price(void **state)
{
    (void)state;
    trend_begin_with(HOLD "stop_loss = \"0.5\"\n", "9000", "0.0002");
    price("50000"); /* 10 */
    price("25000.01");
    assert_string_equal(trend_figure("stage"), "2");
    price("24000"); /* 4.8 */
    trend_assert_nothing_sent();
    assert_string_equal(trend_note(), "exit: stop-loss");
    assert_string_equal(trend_figure("stage"), "0");
    trend_end();
}

static void exactly_the_venues_minimum_is_held(void **state)
{
    (void)state;
    trend_begin_with(HOLD "stop_loss = \"0.5\"\n", "9000", "0.0001");
    price("50000"); /* 5 */
    assert_string_equal(trend_figure("stage"), "2");
    trend_end();
    for (int i = 0; i < 2; i++) {
        world_open(&trend);
        trend.setup->instrument[0].rules.min_qty = D(i ? "0.50001" : "0.5");
        struct strategy_setup *s = world_strategy(&trend, "m", &strategy_momentum, "9000", "0.5");
        assert_null(trend_params(HOLD "stop_loss = \"0.5\"\n", &s->params));
        world_start(&trend);
        price("50000");
        assert_string_equal(trend_figure("stage"), i ? "0" : "2");
        trend_end();
    }
}

/* A suspended instrument ends an entry, and only delays an exit. */
static void a_suspended_instrument_delays_an_exit(void **state)
{
    (void)state;
    hold(HOLD "stop_loss = \"0.05\"\n");
    struct event e = {.kind = EVENT_INSTRUMENT, .rules = trend.setup->instrument[0].rules};
    e.rules.status = INSTRUMENT_SUSPENDED;
    world_step(&trend, &e);
    price("47000");
    trend_assert_nothing_sent();
    assert_null(world_effect(&trend, EFFECT_DENIED, 0));
    e.rules.status = INSTRUMENT_TRADING;
    world_step(&trend, &e);
    price("49000");
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
    price("45000");
    trend_assert_sent("sell market 0.5");
    trend_end();
}

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
        turn_up();
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
    turn_up();
    order_id first = trend_assert_sent("buy limit 0.02 50000");
    int64_t since = trend.now_ns;
    uint64_t parent = trend_sent()->req.parent;
    assert_true(parent != 0);
    trend_answer(first, ORDER_ACCEPTED, REASON_NONE);
    world_fill(&trend, first, "50000", "0.005");
    price("50100");
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
    turn_up();
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
    turn_up();
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
    turn_up();
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
    turn_up();
    trend_answer(trend_sent()->id, ORDER_REJECTED, REASON_WOULD_TAKE);
    trend_assert_nothing_sent();
    price("50010"); /* within the second */
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
    turn_up();
    trend_fill_all(trend_sent()->id, "49500");
    trend_close("49000");
    order_id resting = trend_assert_sent("sell limit 0.01998 49490");
    price("47000");
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
    turn_up();
    order_id buy = trend_assert_sent("buy limit 0.02 50000");
    trend_answer(buy, ORDER_ACCEPTED, REASON_NONE);
    world_fill(&trend, buy, "50000", "0.01");
    price("47000");
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
    turn_up();
    order_id buy = trend_sent()->id;
    trend_answer(buy, ORDER_ACCEPTED, REASON_NONE);
    world_fill(&trend, buy, "50000", "0.01");
    price("47000");
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
    turn_up();
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
            price(k == 1 ? "49000" : "50000");
            world_advance(&trend, SECOND - 1 - trend.now_ns % SECOND);
            world_timer(&trend);
        }
        int64_t since = trend.now_ns;
        trend_answer(trend_assert_sent("buy market 0.02"), ORDER_REJECTED, REASON_VENUE_RULE);
        trend_assert_nothing_sent();
        while (trend.now_ns < since + REST[i] * MINUTE - 3 * SECOND) {
            price("49000");
            world_advance(&trend, SECOND - 1 - trend.now_ns % SECOND);
            world_timer(&trend);
            price("50000");
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
    hold(QUICK);
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
    hold(HOLD "stop_loss = \"0.05\"\ntrailing_stop = \"0.2\"\n");
    price("47000");
    trend_answer(trend_assert_sent("sell market 0.01998"), ORDER_REJECTED, REASON_VENUE_RULE);
    int64_t since = trend.now_ns;
    price("39000");
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
    hold(QUICK);
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
    hold(QUICK);
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
    hold(QUICK);
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
    turn_up();
    trend_answer(trend_sent()->id, ORDER_CANCELED, REASON_OPERATOR);
    trend_wait(2 * SECOND);
    price("50000");
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
    turn_up();
    trend_fill_all(trend_assert_sent("buy market 0.02"), "50000");
    price("80000"); /* 0.01998 x 80000 = 1598.4 */
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
    price("50000");
    price("45000");
    trend_fill_all(trend_assert_sent("sell market 0.3"), "45000");
    trend_assert_sent("sell market 0.2");
    trend_end();
}

/* ---- trading states ---- */

static void a_halt_delays_an_exit_and_does_not_end_it(void **state)
{
    (void)state;
    hold(HOLD "stop_loss = \"0.05\"\n");
    world_command(&trend, COMMAND_HALT, STRATEGY_NONE);
    price("47000");
    trend_assert_nothing_sent();
    assert_null(world_effect(&trend, EFFECT_DENIED, 0));
    trend_wait(MINUTE);
    price("50000"); /* even where the price is back: it was decided */
    trend_assert_nothing_sent();
    world_command(&trend, COMMAND_UNHALT, STRATEGY_NONE);
    price("50000");
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void a_halt_that_cancels_an_exit_does_not_end_it(void **state)
{
    (void)state;
    hold(QUICK "exit_order = \"limit\"\n");
    trend_close("49000");
    order_id sell = trend_assert_sent("sell limit 0.01998 49000");
    world_command(&trend, COMMAND_HALT, STRATEGY_NONE);
    trend_assert_cancel(sell);
    trend_answer(sell, ORDER_CANCELED, REASON_NONE);
    trend_wait(MINUTE);
    price("49000");
    trend_assert_nothing_sent();
    world_command(&trend, COMMAND_UNHALT, STRATEGY_NONE);
    price("49000");
    trend_assert_sent("sell limit 0.01998 49000");
    trend_end();
}

static void reducing_lets_exits_and_no_entry(void **state)
{
    (void)state;
    hold(QUICK);
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
    turn_up();
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
    trend_fill_all(enter(QUICK "cooldown = \"179s\"\n"), "50000");
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
    hold(HOLD "stop_loss = \"0.05\"\n");
    world_step(&trend,
               &(struct event){.kind = EVENT_PARAM,
                               .venue = VENUE_NONE,
                               .instrument = INSTRUMENT_NONE,
                               .param = {.strategy = 0,
                                         .index = P_STOP_LOSS,
                                         .type = PARAM_DECIMAL,
                                         .present = true,
                                         .value = {.present = true, .decimal = D("0.01")}}});
    price("49549.55");
    trend_assert_nothing_sent();
    price("49549.54"); /* 50050.05005 x 0.99 = 49549.549549 */
    trend_assert_sent("sell market 0.01998");
    trend_end();
}

static void figures_are_the_values_behind_the_decision(void **state)
{
    (void)state;
    hold(HOLD "stop_loss = \"0.05\"\ntake_profit = \"0.04\"\natr_periods = 2\n");
    price("50500");
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

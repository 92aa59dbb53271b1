/* Candles (docs/definitions.md, "Candles"), each rule. */
#include "core/candle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define D(text) dec_lit(text)
#define S       INT64_C(1000000000)

static bool add(struct candle_builder *c, int64_t at, const char *price, const char *qty)
{
    bool late;
    assert_int_equal(candle_trade(c, at, D(price), D(qty), &late), ERR_OK);
    return late;
}

static void there_is_no_candle_before_the_first_trade(void **state)
{
    (void)state;
    struct candle_builder c = {.timeframe_ns = 60 * S};
    assert_true(candle_end_ns(&c) == INT64_MAX);
}

static void candles_are_aligned_to_utc(void **state)
{
    (void)state;
    struct candle_builder c = {.timeframe_ns = 60 * S};
    add(&c, INT64_C(1704067259) * S, "1", "1"); /* 00:00:59 */
    assert_true(candle_end_ns(&c) == INT64_C(1704067260) * S);
    struct candle_builder odd = {.timeframe_ns = 7 * S};
    add(&odd, 15 * S, "1", "1");
    assert_true(candle_end_ns(&odd) == 21 * S);
    struct candle_builder before = {.timeframe_ns =
                                        60 * S}; /* before 1970: still aligned, never ahead */
    add(&before, -1, "1", "1");
    assert_true(candle_end_ns(&before) == 0);
}

static void open_high_low_close_volume(void **state)
{
    (void)state;
    struct candle_builder c = {.timeframe_ns = 60 * S};
    struct event_candle e;
    add(&c, 1, "10", "1");
    add(&c, 2, "12", "0.5");
    add(&c, 3, "9", "0.25");
    add(&c, 60 * S - 1, "11", "0.25"); /* the last nanosecond belongs to it */
    candle_close(&c, &e);
    assert_true(dec_eq(e.open, D("10")) && dec_eq(e.high, D("12")) && dec_eq(e.low, D("9")));
    assert_true(dec_eq(e.close, D("11")) && dec_eq(e.volume, D("2")) && !e.empty);
    assert_true(e.open_ns == 0 && e.timeframe_ns == 60 * S);
}

static void an_empty_interval_repeats_the_close_with_no_volume(void **state)
{
    (void)state;
    struct candle_builder c = {.timeframe_ns = 60 * S};
    struct event_candle e;
    add(&c, 1, "10", "1");
    candle_close(&c, &e);
    candle_close(&c, &e);
    assert_true(e.empty && e.open_ns == 60 * S && dec_is_zero(e.volume));
    assert_true(dec_eq(e.open, D("10")) && dec_eq(e.high, D("10")) && dec_eq(e.low, D("10")) &&
                dec_eq(e.close, D("10")));
    /* the next trade makes its own open, not the repeated close */
    add(&c, 121 * S, "20", "1");
    candle_close(&c, &e);
    assert_true(!e.empty && dec_eq(e.open, D("20")) && dec_eq(e.low, D("20")));
}

static void a_late_trade_is_left_out_and_told(void **state)
{
    (void)state;
    struct candle_builder c = {.timeframe_ns = 60 * S};
    struct event_candle e;
    add(&c, 1, "10", "1");
    candle_close(&c, &e);
    assert_true(add(&c, 59 * S, "99", "1"));
    assert_false(add(&c, 60 * S, "11", "1"));
    candle_close(&c, &e);
    assert_true(dec_eq(e.high, D("11")) && dec_eq(e.volume, D("1")));
}

static void volume_overflow_is_an_error_not_a_wrong_number(void **state)
{
    (void)state;
    struct candle_builder c = {.timeframe_ns = 60 * S};
    bool late;
    assert_int_equal(candle_trade(&c, 1, D("1"), DEC_MAX, &late), ERR_OK);
    assert_int_equal(candle_trade(&c, 2, D("1"), D("1"), &late), ERR_OVERFLOW);
    assert_true(dec_eq(c.volume, DEC_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_candle_before_the_first_trade),
        cmocka_unit_test(candles_are_aligned_to_utc),
        cmocka_unit_test(open_high_low_close_volume),
        cmocka_unit_test(an_empty_interval_repeats_the_close_with_no_volume),
        cmocka_unit_test(a_late_trade_is_left_out_and_told),
        cmocka_unit_test(volume_overflow_is_an_error_not_a_wrong_number),
    };
    return cmocka_run_group_tests_name("candle", tests, NULL, NULL);
}

/* Candles of the exchange in a box. */
#include "sim/box_candles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    (void)state;
    static const char *const NAME[] = {"1s", "1m", "3m", "5m",  "15m", "30m", "1h", "2h",
                                       "4h", "6h", "8h", "12h", "1d",  "3d",  "1w", "1M"};
    for (int i = 0; i < BOX_INTERVALS; i++) {
        assert_int_equal(box_interval_find(NAME[i], strlen(NAME[i])), i);
        assert_string_equal(box_interval_name(i), NAME[i]);
    }
    assert_int_equal(box_interval_find("1", 1), -1);
    assert_int_equal(box_interval_find("2m", 2), -1);
    assert_int_equal(box_interval_find("1mm", 3), -1);
    assert_int_equal(box_interval_find("", 0), -1);
}

/* Times from `date -u -d ... +%s`. */
static void test_starts_and_ends(void **state)
{
    (void)state;
    static const struct {
        const char *interval;
        int64_t t, start, end;
    } CASE[] = {
        {"1s", 1723161255208, 1723161255000, 1723161256000},
        {"1m", 1723161255208, 1723161240000, 1723161300000},
        {"1m", 1723161240000, 1723161240000, 1723161300000},
        {"1m", 1723161299999, 1723161240000, 1723161300000},
        {"1h", 1723161255208, 1723158000000, 1723161600000},
        {"1d", 1723161255208, 1723075200000, 1723161600000},
        /* Thursday 2024-08-08: its week began on Monday the 5th */
        {"1w", 1723161255208, 1722816000000, 1723420800000},
        {"1w", 1722816000000, 1722816000000, 1723420800000},
        {"1w", 1722815999999, 1722211200000, 1722816000000},
        {"1w", 0, -259200000, 345600000},
        {"1M", 1723161255208, 1722470400000, 1725148800000}, /* August */
        {"1M", 1709251199999, 1706745600000, 1709251200000}, /* the end of 2024-02-29 */
        {"1M", 1709251200000, 1709251200000, 1711929600000}, /* 2024-03-01 */
        {"1M", 0, 0, 2678400000},
        {"1M", 951782400000, 949363200000, 951868800000},    /* 2000-02-29: a leap year */
        {"1M", 4107542399999, 4105123200000, 4107542400000}, /* 2100-02 has 28 days */
        {"1M", 1735689599999, 1733011200000, 1735689600000}, /* the last of 2024 */
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        int k = box_interval_find(CASE[i].interval, strlen(CASE[i].interval));
        assert_int_equal(box_interval_start(k, CASE[i].t), CASE[i].start);
        assert_int_equal(box_interval_end(k, CASE[i].t), CASE[i].end);
    }
}

static struct box_print print_of(int64_t id, int64_t t, const char *price, const char *qty,
                                 bool maker)
{
    return (struct box_print){.id = id,
                              .first_id = id,
                              .last_id = id,
                              .time_ms = t,
                              .price = dec_lit(price),
                              .qty = dec_lit(qty),
                              .buyer_maker = maker};
}

static int closings;
static struct box_candle last_closed;

static void on_close(void *ctx, int interval, const struct box_candle *c)
{
    (void)ctx, (void)interval;
    closings++;
    last_closed = *c;
}

static void test_sums(void **state)
{
    (void)state;
    struct box_candles s = {0};
    const struct box_print P[] = {
        print_of(7, 60000, "10", "1", true),
        print_of(8, 60500, "12.5", "2", false),
        print_of(9, 119999, "9", "0.5", true),
        print_of(10, 120000, "11", "3", false),
    };
    closings = 0;
    for (size_t i = 0; i < 4; i++)
        assert_true(box_candles_add(&s, 1, &P[i], on_close, NULL));
    assert_int_equal(s.count, 2);
    assert_int_equal(closings, 1);
    const struct box_candle *c = &last_closed;
    assert_int_equal(c->start_ms, 60000);
    assert_int_equal(c->end_ms, 120000);
    assert_true(dec_eq(c->open, dec_lit("10")) && dec_eq(c->close, dec_lit("9")));
    assert_true(dec_eq(c->high, dec_lit("12.5")) && dec_eq(c->low, dec_lit("9")));
    assert_true(dec_eq(c->volume, dec_lit("3.5")) && dec_eq(c->quote, dec_lit("39.5")));
    assert_true(dec_eq(c->taker_volume, dec_lit("2")) && dec_eq(c->taker_quote, dec_lit("25")));
    assert_int_equal(c->trades, 3);
    assert_int_equal(c->first_id, 7);
    assert_int_equal(c->last_id, 9);
    struct box_print late = print_of(11, 119999, "1", "1", true);
    assert_true(box_candles_add(&s, 1, &late, on_close, NULL));
    assert_int_equal(s.late, 1);
    assert_true(dec_eq(s.c[1].low, dec_lit("11")));
    box_candles_free(&s);
}

static void test_empty_intervals_repeat_the_close(void **state)
{
    (void)state;
    struct box_candles s = {0};
    assert_true(box_candles_roll(&s, 1, 1000000, on_close, NULL));
    assert_int_equal(s.count, 0); /* before the first print there is none */
    struct box_print a = print_of(1, 60000, "10", "1", true),
                     b = print_of(2, 300000, "20", "1", true);
    assert_true(box_candles_add(&s, 1, &a, NULL, NULL));
    closings = 0;
    assert_true(box_candles_roll(&s, 1, 119999, on_close, NULL));
    assert_int_equal(closings, 0);
    assert_true(box_candles_roll(&s, 1, 120000, on_close, NULL));
    assert_int_equal(closings, 1);
    assert_true(box_candles_add(&s, 1, &b, on_close, NULL));
    assert_int_equal(closings, 4);
    assert_int_equal(s.count, 5);
    for (uint32_t i = 1; i < 4; i++) {
        assert_int_equal(s.c[i].start_ms, 60000 * (i + 1));
        assert_true(dec_eq(s.c[i].open, dec_lit("10")) && dec_eq(s.c[i].high, dec_lit("10")));
        assert_true(dec_is_zero(s.c[i].volume));
        assert_int_equal(s.c[i].trades, 0);
        assert_int_equal(s.c[i].first_id, -1);
    }
    assert_true(dec_eq(s.c[4].open, dec_lit("20"))); /* not the last close */
    box_candles_free(&s);
}

/* The newest thousand stay, also over a pause that is longer than all of them. */
static void test_bounded(void **state)
{
    (void)state;
    struct box_candles s = {0};
    struct box_print p = print_of(1, 0, "10", "1", true);
    for (int64_t i = 0; i < 5000; i++) {
        p.time_ms = i * 1000;
        assert_true(box_candles_add(&s, 0, &p, NULL, NULL));
        assert_true(s.count <= BOX_CANDLES_MAX + BOX_CANDLES_MAX / 4);
    }
    assert_true(s.count >= BOX_CANDLES_MAX);
    assert_int_equal(s.c[s.count - 1].start_ms, 4999000);
    p.time_ms = INT64_C(86400000) * 365;
    assert_true(box_candles_add(&s, 0, &p, NULL, NULL));
    assert_true(s.count >= BOX_CANDLES_MAX && s.count <= BOX_CANDLES_MAX + BOX_CANDLES_MAX / 4);
    for (uint32_t i = s.count - BOX_CANDLES_MAX + 1; i < s.count; i++)
        assert_int_equal(s.c[i].start_ms, s.c[i - 1].end_ms);
    assert_int_equal(s.c[s.count - 1].start_ms, p.time_ms);
    box_candles_free(&s);
}

static void test_aggregates_count_their_trades(void **state)
{
    (void)state;
    struct box_candles s = {0};
    struct box_print p = print_of(5, 0, "10", "1", true);
    p.first_id = 100;
    p.last_id = 104;
    assert_true(box_candles_add(&s, 15, &p, NULL, NULL));
    assert_int_equal(s.c[0].trades, 5);
    assert_int_equal(s.c[0].first_id, 100);
    assert_int_equal(s.c[0].last_id, 104);
    box_candles_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_sums),    cmocka_unit_test(test_empty_intervals_repeat_the_close),
        cmocka_unit_test(test_bounded), cmocka_unit_test(test_aggregates_count_their_trades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

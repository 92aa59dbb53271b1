/* Candles of a venue: what is asked for, what is believed of the answer, and longer candles made of
 * shorter ones. */
#include "base/check.h"
#include "venue/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S   INT64_C(1000000000)
#define M   (60 * S)
#define H   (60 * M)
#define DAY (24 * H)

static const struct history_ops *binance(void)
{
    const struct history_ops *ops = history_find("binance-spot");
    assert_non_null(ops);
    return ops;
}

static void the_longest_interval_that_divides(void **state)
{
    (void)state;
    static const struct {
        int64_t frame, interval;
    } CASES[] = {{S, S},           {10 * S, S},    {M, M},          {90 * S, S},
                 {7 * M, M},       {9 * M, 3 * M}, {10 * M, 5 * M}, {45 * M, 15 * M},
                 {H, H},           {3 * H, H},     {24 * H, DAY},   {7 * DAY, DAY},
                 {36 * H, 12 * H}, {S / 2, 0},     {S + S / 2, 0},  {61 * S, S}};
    assert_null(history_find("nothing"));
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(history_interval(binance(), CASES[i].frame), CASES[i].interval);
    assert_int_equal(history_most(binance(), M), 20000);
    assert_int_equal(history_most(binance(), 10 * S), 2000);
    assert_int_equal(history_most(binance(), S / 2), 0);
}

static void paths(void **state)
{
    (void)state;
    char path[HISTORY_PATH_MAX];
    assert_int_equal(binance()->path("BTC-USDT", 5 * M, 1704067200 * S, 1704067200 * S + H, path),
                     ERR_OK);
    assert_string_equal(path, "/api/v3/klines?symbol=BTCUSDT&interval=5m&startTime=1704067200000"
                              "&endTime=1704070799999&limit=1000");
    assert_int_equal(binance()->path("BTC-USDT", DAY, 0, DAY, path), ERR_OK);
    assert_string_equal(path, "/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=0"
                              "&endTime=86399999&limit=1000");
    assert_int_not_equal(binance()->path("BTC USDT", M, 0, M, path), ERR_OK);
}

#define ROW(open, close, trades)                                                                   \
    "[" open ",\"1\",\"3\",\"0.5\",\"2\",\"10\"," close ",\"20\"," trades ",\"1\",\"2\",\"0\"]"

static enum err parse(const char *text, int64_t interval_ns, uint32_t cap, uint32_t *n)
{
    struct event_candle c[8];
    enum err err = binance()->parse(text, strlen(text), interval_ns, c, cap, n);
    if (err == ERR_OK && *n) {
        assert_true(c[0].open_ns == 1704067260 * S && c[0].timeframe_ns == M);
        assert_true(dec_eq(c[0].open, dec_lit("1")) && dec_eq(c[0].high, dec_lit("3")) &&
                    dec_eq(c[0].low, dec_lit("0.5")) && dec_eq(c[0].close, dec_lit("2")) &&
                    dec_eq(c[0].volume, dec_lit("10")));
        assert_false(c[0].empty);
        assert_true(*n < 2 || c[1].empty);
    }
    return err;
}

static void answers(void **state)
{
    (void)state;
    uint32_t n = 9;
    assert_int_equal(parse("[]", M, 8, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(parse("[" ROW("1704067260000", "1704067319999",
                                   "5") "," ROW("1704067320000", "1704067379999", "0") "]",
                           M, 8, &n),
                     ERR_OK);
    assert_int_equal(n, 2);
    static const char *const BAD[] = {
        "",
        "{}",
        "[[]]",
        "[" ROW("1704067260000", "1704067319999", "5"),
        "[" ROW("1704067260001", "1704067320000", "5") "]", /* not on the grid */
        "[" ROW("1704067260000", "1704067319998", "5") "]", /* not of that length */
        "[" ROW("1704067320000", "1704067379999", "5") "," ROW("1704067260000", "1704067319999",
                                                               "5") "]", /* backwards */
        "[" ROW("1704067260000", "1704067319999", "5") "," ROW("1704067260000", "1704067319999",
                                                               "5") "]", /* twice */
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (parse(BAD[i], M, 8, &n) == ERR_OK)
            fail_msg("accepted: %s", BAD[i]);
    assert_int_not_equal(parse("[" ROW("1704067260000", "1704067319999",
                                       "5") "," ROW("1704067320000", "1704067379999", "0") "]",
                               M, 1, &n),
                         ERR_OK); /* more than there is room for */
}

static struct event_candle candle(int64_t open_ns, const char *o, const char *h, const char *l,
                                  const char *c, const char *v)
{
    return (struct event_candle){.open_ns = open_ns,
                                 .timeframe_ns = M,
                                 .open = dec_lit(o),
                                 .high = dec_lit(h),
                                 .low = dec_lit(l),
                                 .close = dec_lit(c),
                                 .volume = dec_lit(v),
                                 .empty = strcmp(v, "0") == 0};
}

static void longer_ones_of_shorter_ones(void **state)
{
    (void)state;
    struct history_maker m = {.timeframe_ns = 3 * M};
    struct event_candle made[8];
    uint32_t n = 0;
    const struct event_candle in[] = {
        candle(0, "5", "5", "5", "5", "0"), /* nothing traded: it only has a close */
        candle(M, "6", "9", "4", "7", "2"),
        candle(2 * M, "7", "8", "3", "4", "1"),
        candle(3 * M, "4", "4", "4", "4", "1"),
        /* two minutes are missing, and the next three */
        candle(9 * M, "6", "6", "6", "6", "5"),
    };
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
        assert_int_equal(history_add(&m, &in[i], made, 8, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(made[0].open_ns == 0 && made[0].timeframe_ns == 3 * M);
    assert_true(dec_eq(made[0].open, dec_lit("6")) && dec_eq(made[0].high, dec_lit("9")) &&
                dec_eq(made[0].low, dec_lit("3")) && dec_eq(made[0].close, dec_lit("4")) &&
                dec_eq(made[0].volume, dec_lit("3")) && !made[0].empty);
    assert_true(made[1].open_ns == 3 * M && dec_eq(made[1].close, dec_lit("4")) && !made[1].empty);
    assert_true(made[2].open_ns == 6 * M && made[2].empty && dec_eq(made[2].high, dec_lit("4")) &&
                dec_is_zero(made[2].volume));
    assert_int_equal(history_end(&m, 12 * M - 1, made, 8, &n), ERR_OK);
    assert_int_equal(n, 3); /* the last one is not over */
    assert_int_equal(history_end(&m, 15 * M, made, 8, &n), ERR_OK);
    assert_int_equal(n, 5);
    assert_true(dec_eq(made[3].close, dec_lit("6")) && made[4].empty);
    assert_int_equal(history_end(&m, 40 * M, made, 8, &n), ERR_FULL);
    assert_int_equal(n, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_interval_that_divides),
        cmocka_unit_test(paths),
        cmocka_unit_test(answers),
        cmocka_unit_test(longer_ones_of_shorter_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

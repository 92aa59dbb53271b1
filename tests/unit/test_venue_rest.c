/* REST answers of Binance Spot: rules, snapshots, klines, time, errors. */
#include "venue/binance_spot_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_dec(dec is, const char *text)
{
    char out[DEC_TEXT_MAX];
    dec_format(is, out);
    if (!dec_eq(is, dec_lit(text)))
        fail_msg("%s instead of %s", out, text);
}

/* ---- exchangeInfo ---- */

struct seen {
    unsigned count;
    struct binance_symbol symbol;
};

static void keep(void *ctx, const struct binance_symbol *symbol)
{
    struct seen *s = ctx;
    s->count++;
    s->symbol = *symbol;
}

static enum err decode_info(const char *text, struct seen *s)
{
    int64_t time = 42;
    memset(s, 0, sizeof *s);
    enum err e = binance_spot_decode_exchange_info(text, strlen(text), keep, s, &time);
    if (e)
        assert_true(time == 42);
    else
        assert_true(time == INT64_C(1723161255000) * 1000000);
    return e;
}

/* exchangeInfo with one symbol of the given status, further members and filters. */
static enum err info_with(const char *status, const char *members, const char *filters,
                          struct seen *s)
{
    static char text[4096];
    snprintf(
        text, sizeof text,
        "{\"timezone\":\"UTC\",\"serverTime\":1723161255000,\"rateLimits\":[{}],\"symbols\":[{"
        "\"symbol\":\"ETHBTC\",\"status\":\"%s\",\"baseAsset\":\"ETH\",\"quoteAsset\":\"BTC\",%s"
        "\"filters\":[%s],\"permissionSets\":[[\"SPOT\"]]}],\"sors\":[]}",
        status, members, filters);
    return decode_info(text, s);
}

static void test_filters_become_rules(void **state)
{
    (void)state;
    struct seen s;
    assert_int_equal(
        info_with(
            "TRADING",
            "\"baseAssetPrecision\":8,\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":7,"
            "\"quoteCommissionPrecision\":6,\"isSpotTradingAllowed\":true,",
            "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0.01\",\"maxPrice\":\"1000\","
            "\"tickSize\":\"0.01\"},"
            /* the type behind the values */
            "{\"minQty\":\"0.001\",\"maxQty\":\"9000\",\"stepSize\":\"0.0001\",\"filterType\":"
            "\"LOT_SIZE\"},"
            "{\"filterType\":\"MARKET_LOT_SIZE\",\"minQty\":\"0.002\",\"maxQty\":\"112.5\","
            "\"stepSize\":\"0\"},"
            "{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"5\",\"applyToMarket\":true,"
            "\"avgPriceMins\":5},"
            "{\"filterType\":\"NOTIONAL\",\"minNotional\":\"10\",\"maxNotional\":\"9000000\"},"
            "{\"filterType\":\"PERCENT_PRICE_BY_SIDE\",\"bidMultiplierUp\":\"1.2\"},"
            "{\"filterType\":\"NEW_FILTER\",\"x\":[{}]}",
            &s),
        ERR_OK);
    assert_int_equal(s.count, 1);
    const struct instrument_rules *r = &s.symbol.rules;
    assert_int_equal(r->status, INSTRUMENT_TRADING);
    assert_dec(r->tick_size, "0.01");
    assert_dec(r->min_price, "0.01");
    assert_dec(r->max_price, "1000");
    assert_dec(r->lot_size, "0.0001");
    assert_dec(r->min_qty, "0.002"); /* the stricter of the two */
    assert_dec(r->max_qty, "112.5");
    assert_dec(r->min_notional, "10");
    assert_dec(r->max_notional, "9000000");
    assert_dec(r->base_precision, "0.0000001");
    assert_dec(r->quote_precision, "0.000001");
}

static void test_absent_filters_set_no_limits(void **state)
{
    (void)state;
    struct seen s;
    assert_int_equal(
        info_with("TRADING", "\"baseAssetPrecision\":6,\"quoteAssetPrecision\":4,", "", &s),
        ERR_OK);
    const struct instrument_rules *r = &s.symbol.rules;
    assert_dec(r->tick_size, "0.0001"); /* by the precisions: never zero */
    assert_dec(r->lot_size, "0.000001");
    assert_dec(r->base_precision, "0.000001");
    assert_true(dec_is_zero(r->max_qty) && dec_is_zero(r->min_notional) &&
                dec_is_zero(r->max_notional) && dec_is_zero(r->max_price));
    /* Zero means that the venue switched it off. */
    assert_int_equal(
        info_with("TRADING", "",
                  "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0.00000000\","
                  "\"maxPrice\":\"0.00000000\",\"tickSize\":\"0.00000000\"},"
                  "{\"filterType\":\"MARKET_LOT_SIZE\",\"minQty\":\"0\",\"maxQty\":\"0\","
                  "\"stepSize\":\"0\"},{\"filterType\":\"LOT_SIZE\",\"minQty\":\"1\","
                  "\"maxQty\":\"7\",\"stepSize\":\"1\"}",
                  &s),
        ERR_OK);
    assert_dec(s.symbol.rules.tick_size, "0.00000001");
    assert_dec(s.symbol.rules.max_qty, "7");
    assert_dec(s.symbol.rules.base_precision, "0.00000001");
}

static void test_status(void **state)
{
    (void)state;
    struct seen s;
    const char *const HALTED[] = {"END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY", "NEW_STATUS"};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(info_with(HALTED[i], "", "", &s), ERR_OK);
        assert_int_equal(s.symbol.rules.status, INSTRUMENT_SUSPENDED);
    }
    assert_int_equal(info_with("TRADING", "\"isSpotTradingAllowed\":false,", "", &s), ERR_OK);
    assert_int_equal(s.symbol.rules.status, INSTRUMENT_SUSPENDED);
}

static void test_wrong_exchange_info(void **state)
{
    (void)state;
    struct seen s;
    assert_int_equal(info_with("", "", "", &s), ERR_SYNTAX);
    assert_int_equal(info_with("TRADING", "\"baseAssetPrecision\":19,", "", &s), ERR_RANGE);
    assert_int_equal(info_with("TRADING", "\"contractType\":\"PERPETUAL\",", "", &s),
                     ERR_UNSUPPORTED);
    assert_int_equal(info_with("TRADING", "", "{\"filterType\":\"LOT_SIZE\",\"minQty\":0.1}", &s),
                     ERR_SYNTAX);
    assert_int_equal(
        info_with("TRADING", "", "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"-1\"}", &s),
        ERR_SYNTAX);
    const struct {
        const char *text;
        enum err err;
    } BAD[] = {
        {"{\"serverTime\":1723161255000}", ERR_SYNTAX},
        {"{\"symbols\":[]}", ERR_SYNTAX},
        {"{\"serverTime\":17,\"symbols\":[]}", ERR_RANGE},
        {"{\"serverTime\":1723161255000,\"symbols\":{}}", ERR_SYNTAX},
        {"{\"serverTime\":1723161255000,\"symbols\":[7]}", ERR_SYNTAX},
        {"{\"serverTime\":1723161255000,\"symbols\":[],\"symbols\":[]}", ERR_SYNTAX},
        {"{\"serverTime\":1723161255000,\"symbols\":[]", ERR_TRUNCATED},
        {"{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", ERR_SYNTAX},
        {"{\"futuresType\":\"U_MARGINED\",\"serverTime\":1723161255000,\"symbols\":[]}",
         ERR_UNSUPPORTED},
        {"", ERR_TRUNCATED},
        {"<html>", ERR_SYNTAX},
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        enum err e = decode_info(BAD[i].text, &s);
        if (e != BAD[i].err)
            fail_msg("%s: %s", BAD[i].text, err_name(e));
    }
    assert_int_equal(decode_info("{\"serverTime\":1723161255000,\"symbols\":[]}", &s), ERR_OK);
}

/* ---- snapshots ---- */

static void test_snapshot(void **state)
{
    (void)state;
    struct level levels[4];
    struct binance_depth d = {.last_id = 42};
    const char text[] =
        " {\"asks\":[[\"4.00000200\",\"12.00000000\"]],\"lastUpdateId\":1027024,\"bids\":"
        "[[\"4\",\"431\"],[\"3.9\",\"1\"]],\"new\":null}\n";
    assert_int_equal(binance_spot_decode_snapshot(text, strlen(text), levels, 3, &d), ERR_OK);
    assert_true(d.last_id == 1027024 && d.bids == 2 && d.asks == 1);
    assert_dec(d.bid[1].price, "3.9");
    assert_dec(d.ask[0].qty, "12");
    assert_int_equal(binance_spot_decode_snapshot(text, strlen(text), levels, 2, &d), ERR_FULL);
    const struct {
        const char *text;
        enum err err;
    } BAD[] = {
        {"{\"lastUpdateId\":1,\"bids\":[]}", ERR_SYNTAX},
        {"{\"bids\":[],\"asks\":[]}", ERR_SYNTAX},
        {"{\"lastUpdateId\":\"1\",\"bids\":[],\"asks\":[]}", ERR_SYNTAX},
        {"{\"lastUpdateId\":1,\"bids\":[],\"asks\":[],\"asks\":[]}", ERR_SYNTAX},
        {"{\"lastUpdateId\":1,\"E\":1723161255000,\"bids\":[],\"asks\":[]}", ERR_UNSUPPORTED},
        {"{\"lastUpdateId\":1,\"bids\":[],\"asks\":[],\"pair\":\"BTCUSD\"}", ERR_UNSUPPORTED},
        {"{\"lastUpdateId\":1,\"bids\":[[\"1\"]],\"asks\":[]}", ERR_SYNTAX},
        {"{\"lastUpdateId\":1,\"bids\":[[\"0\",\"1\"]],\"asks\":[]}", ERR_RANGE},
        {"[]", ERR_SYNTAX},
        {"", ERR_TRUNCATED},
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        d.last_id = 42;
        enum err e = binance_spot_decode_snapshot(BAD[i].text, strlen(BAD[i].text), levels, 4, &d);
        if (e != BAD[i].err || d.last_id != 42)
            fail_msg("%s: %s", BAD[i].text, err_name(e));
    }
}

/* ---- klines ---- */

static void test_klines(void **state)
{
    (void)state;
    struct binance_kline k[2];
    uint32_t n = 42;
    const char text[] =
        "[[1499040000000,\"0.01634790\",\"0.80000000\",\"0.01575800\",\"0.01577100\",\"148976."
        "11427815\","
        "1499644799999,\"2434.19055334\",308,\"1756.87402397\",\"28.46694368\",\"0\"],"
        "[1499040000000000,\"1\",\"1\",\"1\",\"1\",\"0\",1499040059999999,\"0\",0]]";
    assert_int_equal(binance_spot_decode_klines(text, strlen(text), k, 2, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_true(k[0].open_ns == INT64_C(1499040000000) * 1000000);
    assert_true(k[0].close_ns == INT64_C(1499644800000) * 1000000);
    assert_dec(k[0].open, "0.0163479");
    assert_dec(k[0].high, "0.8");
    assert_dec(k[0].low, "0.015758");
    assert_dec(k[0].close, "0.015771");
    assert_dec(k[0].volume, "148976.11427815");
    assert_int_equal(k[0].trades, 308);
    assert_true(k[1].close_ns - k[1].open_ns == INT64_C(60) * 1000000000);
    n = 42;
    assert_int_equal(binance_spot_decode_klines(text, strlen(text), k, 1, &n), ERR_FULL);
    assert_int_equal(n, 42);
    assert_int_equal(binance_spot_decode_klines("[]", 2, k, 1, &n), ERR_OK);
    assert_int_equal(n, 0);
    const char *const BAD[] = {
        "[[1499040000000,\"1\",\"1\",\"1\",\"1\",\"0\",1499040059999,\"0\"]]",     /* short */
        "[[1499040000000,\"1\",\"0.5\",\"1\",\"1\",\"0\",1499040059999,\"0\",0]]", /* high below */
        "[[1499040000000,\"1\",\"1\",\"1.1\",\"1\",\"0\",1499040059999,\"0\",0]]", /* low above */
        "[[1499040000000,\"1\",\"1\",\"0\",\"1\",\"0\",1499040059999,\"0\",0]]",   /* no price */
        "[[1499040000000,\"1\",\"1\",\"1\",\"1\",\"0\",1499039999999,\"0\",0]]",   /* no time */
        "[[14990400,\"1\",\"1\",\"1\",\"1\",\"0\",1499040059999,\"0\",0]]",
        "[1]",
        "{}",
        "[[",
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (binance_spot_decode_klines(BAD[i], strlen(BAD[i]), k, 2, &n) == ERR_OK)
            fail_msg("%s was taken", BAD[i]);
}

/* ---- time and errors ---- */

static void test_time_and_errors(void **state)
{
    (void)state;
    int64_t t = 42;
    assert_int_equal(binance_spot_decode_time("{\"serverTime\":1499827319559}", 28, &t), ERR_OK);
    assert_true(t == INT64_C(1499827319559) * 1000000);
    t = 42;
    assert_int_equal(binance_spot_decode_time("{}", 2, &t), ERR_SYNTAX);
    assert_int_equal(binance_spot_decode_time("{\"serverTime\":1}", 16, &t), ERR_RANGE);
    assert_int_equal(binance_spot_decode_time("{\"serverTime\":\"1499827319559\"}", 30, &t),
                     ERR_SYNTAX);
    assert_true(t == 42);
    struct binance_error e;
    const char text[] = "{\"code\":-1121,\"msg\":\"Invalid symbol.\",\"data\":{}}";
    assert_int_equal(binance_spot_decode_error(text, strlen(text), &e), ERR_OK);
    assert_true(e.code == -1121 && json_is(e.msg, "Invalid symbol."));
    assert_int_equal(binance_spot_decode_error("{\"code\":-1121}", 14, &e), ERR_SYNTAX);
    assert_int_equal(binance_spot_decode_error("{\"msg\":\"x\"}", 11, &e), ERR_SYNTAX);
    assert_int_equal(binance_spot_decode_error("", 0, &e), ERR_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters_become_rules),
        cmocka_unit_test(test_absent_filters_set_no_limits),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_wrong_exchange_info),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_klines),
        cmocka_unit_test(test_time_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the exchange in a box refuses, with the venue's codes, texts and HTTP statuses. */
#include "base/clock.h"
#include "traders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORDER "POST /api/v3/order"
#define BUY   "symbol=BTCUSDT&side=BUY&"
#define LIMIT BUY "type=LIMIT&timeInForce=GTC&"

static struct traders t;

static int start(void **state)
{
    (void)state;
    traders_open(&t, "");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    traders_close(&t);
    return 0;
}

static void error(const char *key, const char *what, const char *params, int status, int code,
                  const char *msg)
{
    char want[512];
    snprintf(want, sizeof want, "{\"code\":%d,\"msg\":\"%s\"}", code, msg);
    const char *got = traders_get(&t, status, key, what, params);
    if (strcmp(got, want) != 0)
        print_error("%s %s\n", what, params);
    assert_string_equal(got, want);
}

static void test_who_asks(void **state)
{
    (void)state;
    static const char KEY[] = "Invalid API-key, IP, or permissions for action.";
    char params[160];
    error(NULL, "GET /api/v3/account", "", 401, -2014, "API-key format invalid.");
    error("a key", "GET /api/v3/account", "", 401, -2014, "API-key format invalid.");
    error("nobody", "GET /api/v3/account", "", 401, -2015, KEY);
    error("reader", ORDER, LIMIT "price=8&quantity=1", 401, -2015, KEY);
    traders_get(&t, 200, "reader", "GET /api/v3/account", "");
    snprintf(params, sizeof params, "timestamp=%lld", (long long)(t.now_us / 1000));
    error("anna", "GET /api/v3/account", params, 400, -1102,
          "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.");
    strcat(params, "&signature=bad");
    error("anna", "GET /api/v3/account", params, 400, -1022,
          "Signature for this request is not valid.");
    error("anna", "GET /api/v3/account", "timestamp=&signature=good", 400, -1102,
          "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.");
}

static void at(int64_t us, const char *unit, const char *window, int code, const char *msg)
{
    char params[160];
    snprintf(params, sizeof params, "timestamp=%lld%s&signature=good",
             (long long)(strcmp(unit, "ms") == 0 ? us / 1000 : us), window);
    if (code)
        error("anna", "GET /api/v3/account", params, 400, code, msg);
    else
        traders_get(&t, 200, "anna", "GET /api/v3/account", params);
}

static void test_time(void **state)
{
    (void)state;
    static const char LATE[] = "Timestamp for this request is outside of the recvWindow.",
                      EARLY[] = "Timestamp for this request was 1000ms ahead of the server's time.";
    at(t.now_us - 5000000, "ms", "", 0, "");
    at(t.now_us - 5001000, "ms", "", -1021, LATE);
    at(t.now_us - 5000000, "us", "", 0, "");
    at(t.now_us - 5000001, "us", "", -1021, LATE);
    at(t.now_us + 999000, "ms", "", 0, "");
    at(t.now_us + 1000000, "ms", "", -1021, EARLY);
    at(t.now_us - 60000000, "ms", "&recvWindow=60000", 0, "");
    at(t.now_us - 1500, "us", "&recvWindow=1.5", 0, "");
    at(t.now_us - 1501, "us", "&recvWindow=1.5", -1021, LATE);
    at(t.now_us, "ms", "&recvWindow=60001", -1102,
       "'recvWindow' contains unexpected value. Cannot be greater than 60000.");
    t.trading.skew_us = 10000000; /* the venue's clock goes 10 s ahead of the world's */
    at(t.now_us, "ms", "", -1021, LATE);
}

static void test_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *params;
        int code;
        const char *msg;
    } CASE[] = {
        {"side=BUY&type=LIMIT", -1102,
         "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."},
        {"symbol=XXXUSDT&side=BUY&type=MARKET&quantity=1", -1121, "Invalid symbol."},
        {"symbol=BTCUSDT&side=HOLD&type=MARKET&quantity=1", -1117, "Invalid side."},
        {BUY "type=LIMITED&quantity=1", -1116, "Invalid orderType."},
        {BUY "type=LIMIT&timeInForce=GTD&price=8&quantity=1", -1115, "Invalid timeInForce."},
        {BUY "type=LIMIT&price=8&quantity=1", -1102,
         "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed."},
        {LIMIT "quantity=1", -1102,
         "Mandatory parameter 'price' was not sent, was empty/null, or malformed."},
        {LIMIT "price=8", -1102,
         "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."},
        {LIMIT "price=8&quantity=1&stopPrice=7", -1106,
         "Parameter 'stopPrice' sent when not required."},
        {LIMIT "price=8&quantity=1&quoteOrderQty=7", -1106,
         "Parameter 'quoteOrderQty' sent when not required."},
        {LIMIT "price=-8&quantity=1", -1100,
         "Illegal characters found in parameter 'price'; legal range is "
         "'^([0-9]{1,20})(\\\\.[0-9]{1,20})?$'."},
        {LIMIT "price=8&quantity=1e3", -1100,
         "Illegal characters found in parameter 'quantity'; legal range is "
         "'^([0-9]{1,20})(\\\\.[0-9]{1,20})?$'."},
        {LIMIT "price=8.000000001&quantity=1", -1111, "Parameter 'price' has too much precision."},
        {LIMIT "price=0&quantity=1", -1013, "Invalid price."},
        {LIMIT "price=8&quantity=0.0", -1013, "Invalid quantity."},
        {LIMIT "price=8&quantity=1&newClientOrderId=a+b", -1100,
         "Illegal characters found in parameter 'newClientOrderId'; legal range is "
         "'^[a-zA-Z0-9-_]{1,36}$'."},
        {LIMIT "price=8&quantity=1&price=9", -1101, "Duplicate values for a parameter detected."},
        {LIMIT "price=8&quantity=1&reduceOnly=true", -1104,
         "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."},
        {LIMIT "price=&quantity=1", -1105, "Parameter 'price' was empty."},
        {LIMIT "price=8&quantity=1&strategyType=999999", -1134,
         "`strategyType` was less than 1000000."},
        {LIMIT "price=8&quantity=1&trailingDelta=10", -2010,
         "Trailing stop orders are not supported for this symbol."},
        {BUY "type=MARKET", -1102,
         "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"},
        {BUY "type=MARKET&quantity=1&quoteOrderQty=1", -1128,
         "Combination of optional parameters invalid."},
        {BUY "type=MARKET&quantity=1&timeInForce=GTC", -1106,
         "Parameter 'timeInForce' sent when not required."},
        {BUY "type=MARKET&quantity=1&price=8", -1106, "Parameter 'price' sent when not required."},
        {BUY "type=LIMIT_MAKER&timeInForce=GTC&price=8&quantity=1", -1106,
         "Parameter 'timeInForce' sent when not required."},
        {BUY "type=LIMIT&timeInForce=IOC&price=8&quantity=2&icebergQty=1", -1013,
         "Unsupported order combination"},
        {LIMIT "price=8&quantity=1000", -2010,
         "Account has insufficient balance for requested action."},
        {"symbol=BTCUSDT&side=SELL&type=MARKET&quantity=11", -2010,
         "Account has insufficient balance for requested action."},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++)
        error("anna", ORDER, CASE[i].params, 400, CASE[i].code, CASE[i].msg);
    assert_string_equal(traders_balance(&t, "anna", "USDT"), "1000/0");
    assert_int_equal(t.trading.orders, 0);
}

static void test_filters(void **state)
{
    (void)state;
    struct box_rules *r = &t.trading.market[0].rules;
    assert_true(box_trading_market(&t.trading, 0));
    error("anna", ORDER, LIMIT "price=8.5&quantity=1", 400, -1013, "Filter failure: PRICE_FILTER");
    error("anna", ORDER, LIMIT "price=8&quantity=1.5", 400, -1013, "Filter failure: LOT_SIZE");
    error("anna", ORDER, LIMIT "price=4&quantity=1", 400, -1013, "Filter failure: NOTIONAL");
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=5&quantity=1");
    r->max_price = dec_lit("9");
    error("anna", ORDER, LIMIT "price=10&quantity=1", 400, -1013, "Filter failure: PRICE_FILTER");
    r->max_qty = dec_lit("2");
    error("anna", ORDER, LIMIT "price=8&quantity=3", 400, -1013, "Filter failure: LOT_SIZE");
    r->market_max = dec_lit("1");
    error("anna", ORDER, BUY "type=MARKET&quantity=2", 400, -1013,
          "Filter failure: MARKET_LOT_SIZE");
    traders_print(&t, "10", "1");
    r->bid_down = dec_lit("0.8");
    error("anna", ORDER, LIMIT "price=7&quantity=1", 400, -1013,
          "Filter failure: PERCENT_PRICE_BY_SIDE");
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    r->max_orders = 2;
    error("anna", ORDER, LIMIT "price=8&quantity=1", 400, -1013, "Filter failure: MAX_NUM_ORDERS");
    r->max_orders = 0;
    r->max_position = dec_lit("12");
    error("anna", ORDER, LIMIT "price=8&quantity=1", 400, -1013, "Filter failure: MAX_POSITION");
    r->max_position = DEC_ZERO;
    r->max_algo = 0;
    r->trading = false;
    error("anna", ORDER, LIMIT "price=8&quantity=1", 400, -1013, "Market is closed.");
    error("anna", "POST /api/v3/order/test", LIMIT "price=8&quantity=1", 400, -1013,
          "Market is closed.");
}

static void test_client_ids(void **state)
{
    (void)state;
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1&newClientOrderId=x");
    error("anna", ORDER, LIMIT "price=8&quantity=1&newClientOrderId=x", 400, -2010,
          "Duplicate order sent.");
    traders_get(&t, 200, "ben", ORDER, LIMIT "price=8&quantity=1&newClientOrderId=x");
    traders_get(&t, 200, "anna", "DELETE /api/v3/order", "symbol=BTCUSDT&origClientOrderId=x");
    error("anna", "DELETE /api/v3/order", "symbol=BTCUSDT&origClientOrderId=x", 400, -2011,
          "Unknown order sent.");
    /* among open orders only: the venue takes it a second time, and so does this one */
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1&newClientOrderId=x");
    assert_non_null(strstr(
        traders_get(&t, 200, "anna", "GET /api/v3/order", "symbol=BTCUSDT&origClientOrderId=x"),
        "\"orderId\":3,"));
    error("anna", "GET /api/v3/order", "symbol=BTCUSDT&orderId=3&origClientOrderId=y", 400, -2013,
          "Order does not exist.");
    error("ben", "GET /api/v3/order", "symbol=BTCUSDT&orderId=3", 400, -2013,
          "Order does not exist.");
    error("anna", "DELETE /api/v3/order", "symbol=BTCUSDT", 400, -1102,
          "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
    error("anna", "DELETE /api/v3/order",
          "symbol=BTCUSDT&orderId=3&cancelRestrictions=ONLY_PARTIALLY_FILLED", 400, -2011,
          "Order was not canceled due to cancel restrictions.");
    error("anna", "DELETE /api/v3/order", "symbol=BTCUSDT&orderId=3&cancelRestrictions=ONLY_OLD",
          400, -1145, "Invalid cancelRestrictions");
}

static void test_cancel_and_replace(void **state)
{
    (void)state;
    static const char WHAT[] = "POST /api/v3/order/cancelReplace";
    const char *body;
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    body =
        traders_get(&t, 200, "anna", WHAT,
                    LIMIT "price=9&quantity=1&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=1");
    assert_non_null(strstr(body, "{\"cancelResult\":\"SUCCESS\",\"newOrderResult\":\"SUCCESS\""));
    body =
        traders_get(&t, 400, "anna", WHAT,
                    LIMIT "price=9&quantity=1&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=1");
    assert_string_equal(body, "{\"code\":-2022,\"msg\":\"Order cancel-replace failed.\",\"data\":{"
                              "\"cancelResult\":\"FAILURE\",\"newOrderResult\":\"NOT_ATTEMPTED\","
                              "\"cancelResponse\":{\"code\":-2011,\"msg\":\"Unknown order sent.\"},"
                              "\"newOrderResponse\":null}}");
    body = traders_get(&t, 409, "anna", WHAT,
                       LIMIT "price=9&quantity=1&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=1");
    assert_non_null(strstr(body, "{\"code\":-2021,"));
    body = traders_get(
        &t, 409, "anna", WHAT,
        BUY
        "type=LIMIT_MAKER&price=12&quantity=1&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=2");
    assert_non_null(strstr(body, "\"newOrderResponse\":{\"code\":-2010,\"msg\":\"Order would "
                                 "immediately match and take.\"}"));
    /* filters are looked at first: the old order stays */
    error("anna", WHAT,
          LIMIT "price=9.5&quantity=1&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=3", 400, -1013,
          "Filter failure: PRICE_FILTER");
    assert_non_null(
        strstr(traders_get(&t, 200, "anna", "GET /api/v3/openOrders", ""), "\"orderId\":3,"));
}

static void test_answers_by_type(void **state)
{
    (void)state;
    char want[200];
    traders_ask(&t, "anna", ORDER,
                LIMIT "price=8&quantity=1&newClientOrderId=k&newOrderRespType=ACK");
    snprintf(want, sizeof want,
             "{\"symbol\":\"BTCUSDT\",\"orderId\":1,\"orderListId\":-1,\"clientOrderId\":\"k\","
             "\"transactTime\":%lld}",
             (long long)(t.now_us / 1000));
    assert_string_equal(t.answer.body.p, want);
    const char *body =
        traders_ask(&t, "anna", ORDER, LIMIT "price=8&quantity=1&newOrderRespType=RESULT");
    assert_non_null(strstr(body, "\"origQuoteOrderQty\""));
    assert_null(strstr(body, "\"fills\""));
    assert_non_null(
        strstr(traders_ask(&t, "anna", ORDER, LIMIT "price=8&quantity=1"), "\"fills\":[]"));
    assert_string_equal(
        traders_get(&t, 200, "anna", "POST /api/v3/order/test", LIMIT "price=8&quantity=1"), "{}");
    assert_int_equal(t.trading.orders, 3);
    error("anna", ORDER, LIMIT "price=8&quantity=1&newOrderRespType=ALL", 400, -1130,
          "Data sent for parameter 'newOrderRespType' is not valid.");
}

static void test_orders_in_ten_seconds(void **state)
{
    (void)state;
    t.trading.order_limit[0] = 2;
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    assert_true(t.answer.has_counts && t.answer.count[0] == 1);
    traders_get(&t, 400, "anna", ORDER, LIMIT "price=8.5&quantity=1"); /* refused: not counted */
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    error("anna", ORDER, LIMIT "price=8&quantity=1", 429, -1015,
          "Too many new orders; current limit is 2 orders per 10 SECOND.");
    assert_int_equal(t.answer.retry_after_s, 10);
    traders_get(&t, 200, "ben", ORDER, LIMIT "price=8&quantity=1"); /* each account has its own */
    traders_print(&t, "8", "1"); /* a fill as maker gives back more than one */
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    assert_int_equal(t.answer.count[0], 1);
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    t.now_us += 10000000;
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
    assert_int_equal(t.answer.count[0], 1);
    assert_int_equal(t.answer.count[1], 3);
}

static void test_weights_and_bans(void **state)
{
    (void)state;
    t.trading.weight_limit = 100;
    traders_get(&t, 200, "anna", "GET /api/v3/openOrders", "");
    assert_int_equal(t.answer.used_weight, 80);
    traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1"); /* free where it succeeds */
    assert_int_equal(t.answer.used_weight, 80);
    traders_get(&t, 400, "anna", ORDER, LIMIT "price=8.5&quantity=1");
    assert_int_equal(t.answer.used_weight, 81);
    traders_get(&t, 200, "anna", "GET /api/v3/openOrders", "symbol=BTCUSDT");
    assert_int_equal(t.answer.used_weight, 87);
    for (int i = 0; i < BOX_REFUSED_MAX; i++) {
        traders_get(&t, 429, "anna", "GET /api/v3/account", "");
        assert_int_equal(t.answer.retry_after_s, 60);
    }
    assert_non_null(strstr(traders_get(&t, 418, "anna", "GET /api/v3/account", ""),
                           "{\"code\":-1003,\"msg\":\"Way too much request weight used; IP banned "
                           "until 1700000120000."));
    assert_int_equal(t.answer.retry_after_s, 120);
    t.mono_ns += 119 * NS_PER_S;
    traders_get(&t, 418, "anna", "GET /api/v3/account", "");
    assert_int_equal(t.answer.retry_after_s, 1);
    t.mono_ns += NS_PER_S;
    traders_get(&t, 200, "anna", "GET /api/v3/account", "");
    traders_get(&t, 200, "anna", "GET /api/v3/openOrders", ""); /* 100 of 100 */
    for (int i = 0; i <= BOX_REFUSED_MAX; i++)
        traders_ask(&t, "anna", "GET /api/v3/account", "");
    assert_int_equal(t.answer.status, 418); /* the second ban is twice as long */
    assert_int_equal(t.answer.retry_after_s, 240);
}

static void test_key_permissions_are_shown(void **state)
{
    (void)state;
    static const char WHAT[] = "GET /sapi/v1/account/apiRestrictions";
    assert_non_null(strstr(traders_get(&t, 200, "anna", WHAT, ""), "\"enableWithdrawals\":false"));
    assert_non_null(
        strstr(traders_get(&t, 200, "reader", WHAT, ""), "\"enableSpotAndMarginTrading\":false"));
    assert_non_null(strstr(traders_get(&t, 200, "ed", WHAT, ""), "\"enableWithdrawals\":true"));
}

static void test_histories(void **state)
{
    (void)state;
    char params[160];
    for (int i = 0; i < 5; i++) {
        traders_get(&t, 200, "anna", ORDER, LIMIT "price=8&quantity=1");
        t.now_us += 1000000;
    }
    const char *body =
        traders_get(&t, 200, "anna", "GET /api/v3/allOrders", "symbol=BTCUSDT&limit=2");
    assert_true(strstr(body, "\"orderId\":4,") && strstr(body, "\"orderId\":5,"));
    assert_null(strstr(body, "\"orderId\":3,"));
    body =
        traders_get(&t, 200, "anna", "GET /api/v3/allOrders", "symbol=BTCUSDT&orderId=2&limit=1");
    assert_true(strstr(body, "\"orderId\":2,") && !strstr(body, "\"orderId\":3,"));
    snprintf(params, sizeof params, "symbol=BTCUSDT&startTime=%lld&endTime=%lld",
             (long long)(TRADERS_NOW_US / 1000 + 1000), (long long)(TRADERS_NOW_US / 1000 + 2000));
    body = traders_get(&t, 200, "anna", "GET /api/v3/allOrders", params);
    assert_true(strstr(body, "\"orderId\":2,") && strstr(body, "\"orderId\":3,"));
    assert_true(!strstr(body, "\"orderId\":1,") && !strstr(body, "\"orderId\":4,"));
    error("anna", "GET /api/v3/allOrders", "symbol=BTCUSDT&startTime=1&endTime=86400002", 400,
          -1127, "More than 24 hours between startTime and endTime.");
    error("anna", "GET /api/v3/myTrades", "symbol=BTCUSDT&orderId=1&startTime=5", 400, -1128,
          "Combination of optional parameters invalid.");
}

static void test_no_accounts(void **state)
{
    (void)state;
    t.box.trading = NULL;
    assert_non_null(
        strstr(traders_get(&t, 400, "anna", ORDER, LIMIT "price=8&quantity=1"), "-1020"));
    t.box.trading = &t.trading;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_who_asks),         CASE(test_time),
        CASE(test_parameters),       CASE(test_filters),
        CASE(test_client_ids),       CASE(test_cancel_and_replace),
        CASE(test_answers_by_type),  CASE(test_orders_in_ten_seconds),
        CASE(test_weights_and_bans), CASE(test_key_permissions_are_shown),
        CASE(test_histories),        CASE(test_no_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* REST answers of the exchange in a box. The usual ones and the venue's errors are tested over TLS
 * in tests/scenario/test_exchange.py; here are the limits and the corners. */
#include "base/clock.h"
#include "boxes.h"
#include "sim/box_rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct box box;
static struct heard heard;
static struct box_usage usage;
static struct box_answer answer;
static char args[1024];

static int start(void **state)
{
    (void)state;
    boxes_open(&box, &heard);
    usage = (struct box_usage){0};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    box_free(&box);
    box_text_free(&answer.body);
    return 0;
}

/* GET of "path?a=b&c=d" by [client]; returns the body. */
static const char *get_by(const char *client, int64_t mono_ns, const char *text)
{
    struct box_request r = {.method = BOX_GET, .path = args, .client = client, .mono_ns = mono_ns};
    snprintf(args, sizeof args, "%s", text);
    for (char *p = strchr(args, '?'); p && *p;) {
        *p++ = '\0';
        char *value = strchr(p, '='), *next = strchr(p, '&');
        assert_non_null(value);
        if (r.params < BOX_PARAMS_MAX)
            r.param[r.params] = (struct box_param){p, value + 1};
        r.params++;
        *value = '\0';
        p = next;
    }
    box_text_free(&answer.body);
    box_rest(&box, &usage, &r, &answer);
    return answer.body.p;
}

static const char *get(const char *text)
{
    return get_by("127.0.0.1", NS_PER_S, text);
}

static void trade(unsigned id, int64_t ms, const char *price)
{
    char line[512];
    snprintf(line, sizeof line,
             "1723161255000000000 {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":"
             "%lld,\"s\":\"BTCUSDT\",\"t\":%u,\"p\":\"%s\",\"q\":\"0.5\",\"T\":%lld,\"m\":%s,"
             "\"M\":true}}",
             (long long)ms, id, price, (long long)ms, id % 2 ? "true" : "false");
    boxes_feed(&box, line);
}

static void test_nothing_traded_yet(void **state)
{
    (void)state;
    assert_string_equal(get("/api/v3/trades?symbol=BTCUSDT"), "[]");
    assert_string_equal(get("/api/v3/aggTrades?symbol=BTCUSDT"), "[]");
    assert_string_equal(get("/api/v3/klines?symbol=BTCUSDT&interval=1m"), "[]");
    assert_string_equal(get("/api/v3/ticker/price"),
                        "[{\"symbol\":\"BTCUSDT\",\"price\":\"0.00000000\"}]");
    assert_string_equal(get("/api/v3/avgPrice?symbol=BTCUSDT"),
                        "{\"mins\":5,\"price\":\"0.00000000\",\"closeTime\":0}");
    assert_non_null(strstr(get("/api/v3/ticker/24hr?symbol=BTCUSDT"), "\"count\":0}"));
    assert_string_equal(get("/api/v3/ticker/bookTicker?symbol=BTCUSDT"),
                        "{\"symbol\":\"BTCUSDT\",\"bidPrice\":\"10.00000000\",\"bidQty\":"
                        "\"1.00000000\",\"askPrice\":\"11.00000000\",\"askQty\":\"1.00000000\"}");
}

static void test_symbols_that_are_not_live_do_not_exist(void **state)
{
    (void)state;
    assert_int_equal(box_add_symbol(&box, "ETH-USDT"), ERR_OK);
    assert_string_equal(get("/api/v3/depth?symbol=ETHUSDT"),
                        "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    assert_string_equal(get("/api/v3/ticker/price?symbols=[\"BTCUSDT\",\"ETHUSDT\"]"),
                        "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    assert_null(strstr(get("/api/v3/exchangeInfo"), "ETHUSDT"));
    assert_int_equal(answer.status, 200);
}

static void test_lists_of_symbols(void **state)
{
    (void)state;
    assert_string_equal(get("/api/v3/ticker/price?symbols=[]"), "[]");
    assert_string_equal(get("/api/v3/ticker/price?symbols=[\"BTCUSDT\"]"),
                        "[{\"symbol\":\"BTCUSDT\",\"price\":\"0.00000000\"}]");
    static const char *const BAD[] = {
        "[",        "[\"BTCUSDT\"", "[BTCUSDT]",      "[\"\"]", "[\"btcusdt\"]",
        "[\"A\",]", "[\"A\"]x",     "[\"A\" ,\"B\"]", "\"A\"",  "[\"ABCDEFGHIJKLMNOPQRSTU\"]"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "/api/v3/ticker/price?symbols=%s", BAD[i]);
        assert_non_null(strstr(get(text), "\"code\":-1100"));
    }
    assert_non_null(strstr(get("/api/v3/ticker/price?symbol=BTCUSDT&symbolStatus=HALT"), "-1220"));
    assert_string_equal(get("/api/v3/ticker/price?symbolStatus=HALT"), "[]");
    assert_non_null(strstr(get("/api/v3/ticker/price?symbolStatus=SLEEPING"), "-1122"));
}

/* Without a recorded exchangeInfo: as fine as the snapshot is, whatever the numbers look like. */
static void test_rules_come_from_the_book(void **state)
{
    (void)state;
    const char *info = get("/api/v3/exchangeInfo?symbol=BTCUSDT");
    assert_non_null(strstr(info, "\"tickSize\":\"1.00000000\""));
    assert_non_null(strstr(info, "\"stepSize\":\"1.00000000\""));
    assert_non_null(strstr(info, "\"minNotional\":\"5.00000000\""));
    assert_int_equal(box_add_symbol(&box, "NKN-BTC"), ERR_OK);
    boxes_feed(&box, "{\"t\":\"http\",\"ts\":1,\"url\":\"https://x/api/v3/depth?symbol=NKNBTC\","
                     "\"data\":\"{\\\"lastUpdateId\\\":10,\\\"bids\\\":[[\\\"0.00000500\\\","
                     "\\\"120.00000000\\\"]],\\\"asks\\\":[[\\\"0.00000637\\\",\\\"3.50000000\\\"]"
                     "]}\"}");
    info = get("/api/v3/exchangeInfo?symbol=NKNBTC");
    assert_non_null(strstr(info, "\"baseAsset\":\"NKN\""));
    assert_non_null(strstr(info, "\"tickSize\":\"0.00000001\""));
    assert_non_null(strstr(info, "\"minQty\":\"0.10000000\",\"maxQty\":\"90000000.00000000\","
                                 "\"stepSize\":\"0.10000000\""));
    assert_non_null(strstr(info, "\"minNotional\":\"0.00010000\""));
}

static void test_trades_are_the_newest_thousand(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= BOX_PRINTS_MAX + 2; i++)
        trade(i, 1723161255000 + i, "10.1");
    const char *all = get("/api/v3/trades?symbol=BTCUSDT&limit=5000");
    assert_non_null(strstr(all, "[{\"id\":3,\"price\":\"10.10000000\",\"qty\":\"0.50000000\","
                                "\"quoteQty\":\"5.05000000\",\"time\":1723161255003,"
                                "\"isBuyerMaker\":true,\"isBestMatch\":true},{\"id\":4,"));
    assert_non_null(strstr(all, "{\"id\":1002,"));
    const char *some = get("/api/v3/trades?symbol=BTCUSDT");
    assert_non_null(strstr(some, "[{\"id\":503,"));
    const char *from = get("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=10&limit=1");
    assert_non_null(strstr(from, "[{\"id\":10,"));
    assert_null(strstr(from, "\"id\":11,"));
    assert_string_equal(get("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=1003"), "[]");
    /* where no aggregates were recorded, each trade stands for itself */
    assert_string_equal(
        get("/api/v3/aggTrades?symbol=BTCUSDT&startTime=1723161255007&endTime=1723161255007"),
        "[{\"a\":7,\"p\":\"10.10000000\",\"q\":\"0.50000000\",\"f\":7,\"l\":7,\"T\":1723161255007,"
        "\"m\":true,\"M\":true}]");
    assert_string_equal(get("/api/v3/aggTrades?symbol=BTCUSDT&startTime=9&endTime=8"), "[]");
    assert_non_null(strstr(get("/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&endTime=8"), "-1128"));
}

static void test_statistics(void **state)
{
    (void)state;
    trade(1, 1723161255000, "10");
    trade(2, 1723161256000, "16");
    trade(3, 1723161257000, "8");
    trade(4, 1723161258000, "12.5");
    const char *day = get("/api/v3/ticker/24hr?symbol=BTCUSDT");
    assert_non_null(strstr(day, "\"priceChange\":\"2.50000000\",\"priceChangePercent\":\"25.000\","
                                "\"weightedAvgPrice\":\"11.62500000\""));
    assert_non_null(strstr(day, "\"openPrice\":\"10.00000000\",\"highPrice\":\"16.00000000\","
                                "\"lowPrice\":\"8.00000000\",\"volume\":\"2.00000000\","
                                "\"quoteVolume\":\"23.25000000\""));
    assert_non_null(strstr(day, "\"firstId\":1,\"lastId\":4,\"count\":4}"));
    const char *mini = get("/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI");
    assert_null(strstr(mini, "priceChange"));
    assert_non_null(strstr(mini, "\"lastPrice\":\"12.50000000\""));
    assert_non_null(strstr(get("/api/v3/ticker/24hr?symbol=BTCUSDT&type=TINY"), "-1130"));
    /* a day later nothing of it counts */
    trade(5, 1723161258000 + 86400000 + 180000, "9");
    assert_non_null(strstr(get("/api/v3/ticker/24hr?symbol=BTCUSDT"), "\"count\":1}"));
}

static void test_klines_between(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        trade(i + 1, 1723161240000 + (int64_t)i * 60000, "10");
    const char *k = get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2");
    assert_int_equal(strncmp(k, "[[1723161720000,", 16), 0);
    k = get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1&startTime=1723161300000");
    assert_string_equal(k, "[[1723161300000,\"10.00000000\",\"10.00000000\",\"10.00000000\","
                           "\"10.00000000\",\"0.50000000\",1723161359999,\"5.00000000\",1,"
                           "\"0.50000000\",\"5.00000000\",\"0\"]]");
    k = get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1&endTime=1723161359999");
    assert_int_equal(strncmp(k, "[[1723161300000,", 16), 0);
    assert_string_equal(get("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1723170000000"),
                        "[]");
}

static void test_weight_at_its_limit(void **state)
{
    (void)state;
    for (int i = 1; i <= 24; i++) {
        get("/api/v3/depth?symbol=BTCUSDT&limit=5000");
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.used_weight, 250 * i);
    }
    const char *text = get_by("127.0.0.1", 17 * NS_PER_S, "/api/v3/ping");
    assert_int_equal(answer.status, 429);
    assert_int_equal(answer.retry_after_s, 43);
    assert_non_null(strstr(text, "{\"code\":-1003,\"msg\":\"Too much request weight used; current "
                                 "limit is 6000 request weight per 1 MINUTE."));
    get_by("127.0.0.2", 17 * NS_PER_S, "/api/v3/ping"); /* another client has its own */
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.used_weight, 1);
    get_by("127.0.0.1", 60 * NS_PER_S, "/api/v3/ping"); /* a new minute */
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.used_weight, 1);
}

static void test_weights(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t weight;
    } CASE[] = {
        {"/api/v3/ping", 1},
        {"/api/v3/exchangeInfo", 20},
        {"/api/v3/depth?symbol=BTCUSDT", 5},
        {"/api/v3/depth?symbol=BTCUSDT&limit=100", 5},
        {"/api/v3/depth?symbol=BTCUSDT&limit=101", 25},
        {"/api/v3/depth?symbol=BTCUSDT&limit=500", 25},
        {"/api/v3/depth?symbol=BTCUSDT&limit=501", 50},
        {"/api/v3/depth?symbol=BTCUSDT&limit=1000", 50},
        {"/api/v3/depth?symbol=BTCUSDT&limit=1001", 250},
        {"/api/v3/klines?symbol=BTCUSDT&interval=1m", 2},
        {"/api/v3/ticker/price?symbol=BTCUSDT", 2},
        {"/api/v3/ticker/price", 4},
        {"/api/v3/ticker/24hr?symbol=BTCUSDT", 2},
        {"/api/v3/ticker/24hr", 80},
        {"/api/v3/nothing", 1},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        usage = (struct box_usage){0};
        get(CASE[i].text);
        assert_int_equal(answer.used_weight, CASE[i].weight);
    }
}

static void test_many_clients(void **state)
{
    (void)state;
    char client[32];
    for (int i = 0; i < BOX_CLIENTS_MAX + 10; i++) {
        snprintf(client, sizeof client, "10.0.0.%d", i);
        get_by(client, (int64_t)i * 60 * NS_PER_S, "/api/v3/ping");
        assert_int_equal(answer.used_weight, 1);
    }
    get_by(client, (BOX_CLIENTS_MAX + 9) * 60 * NS_PER_S, "/api/v3/ping"); /* the last is known */
    assert_int_equal(answer.used_weight, 2);
}

static void test_parameters_at_their_limit(void **state)
{
    (void)state;
    char text[512] = "/api/v3/ping?p0=1";
    for (int i = 1; i < BOX_PARAMS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "&p%d=1", i);
    assert_non_null(strstr(get(text), "-1104"));
    assert_non_null(strstr(answer.body.p, "was sent '40'"));
    strcat(text, "&q=1");
    assert_non_null(strstr(get(text), "-1101"));
    assert_non_null(strstr(answer.body.p, "received '41'"));
    assert_non_null(strstr(get("/api/v3/depth?symbol=ABCDEFGHIJKLMNOPQRST"), "-1121"));
    assert_non_null(strstr(get("/api/v3/depth?symbol=ABCDEFGHIJKLMNOPQRSTU"), "-1100"));
    get("/api/v3/depth?symbol=BTCUSDT&limit=9223372036854775807");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(get("/api/v3/depth?symbol=BTCUSDT&limit=9223372036854775808"), "-1108"));
    assert_non_null(
        strstr(get("/api/v3/depth?symbol=BTCUSDT&limit=000000000000000000001"), "-1100"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_nothing_traded_yet),
        CASE(test_symbols_that_are_not_live_do_not_exist),
        CASE(test_lists_of_symbols),
        CASE(test_rules_come_from_the_book),
        CASE(test_trades_are_the_newest_thousand),
        CASE(test_statistics),
        CASE(test_klines_between),
        CASE(test_weight_at_its_limit),
        CASE(test_weights),
        CASE(test_many_clients),
        CASE(test_parameters_at_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The websocket API of the exchange in a box, what of a request is signed, ordered faults, and the
 * file of accounts. */
#include "io/box_sign.h"
#include "traders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct traders t;
static struct box_api api;
static struct box_text reply, after;

static int start(void **state)
{
    (void)state;
    traders_open(&t, "");
    box_api_open(&api, &t.box, "false", NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    traders_close(&t);
    box_text_free(&reply);
    box_text_free(&after);
    return 0;
}

static const char *say_with(const struct box_fault *fault, const char *text)
{
    box_api_message(&t.box, &t.usage, &api, text, strlen(text), "127.0.0.1", t.mono_ns, fault,
                    &reply, &after);
    return reply.p;
}

static const char *say(const char *text)
{
    return say_with(NULL, text);
}

/* {"id":7,"method":...,"params":{..., apiKey, timestamp, signature}} */
static const char *signed_by(const char *key, const char *method, const char *params)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"id\":7,\"method\":\"%s\",\"params\":{%s%s\"apiKey\":\"%s\",\"timestamp\":%lld,"
             "\"signature\":\"good\"}}",
             method, params, params[0] ? "," : "", key, (long long)(t.now_us / 1000));
    return say(text);
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("%s\nlacks %s\n", text, part);
    assert_non_null(strstr(text, part));
}

static void test_forms_of_requests(void **state)
{
    (void)state;
    assert_string_equal(say("{\"id\":\"a-1\",\"method\":\"ping\"}"),
                        "{\"id\":\"a-1\",\"status\":200,\"result\":{}}");
    assert_string_equal(say("{\"id\":null,\"method\":\"v3/time\"}"),
                        "{\"id\":null,\"status\":200,\"result\":{\"serverTime\":1700000000000}}");
    has(say("{\"id\":1,\"method\":\"ping\",\"params\":{\"returnRateLimits\":true}}"),
        "\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\"");
    has(say("{\"id\":1,"), "\"code\":-1135");
    has(say("[]"), "\"code\":-1135");
    has(say("{\"method\":\"ping\"}"), "Mandatory parameter 'id'");
    has(say("{\"id\":1}"), "Mandatory parameter 'method'");
    has(say("{\"id\":1,\"method\":\"userDataStream.start\"}"), "\"code\":-1020"); /* gone */
    has(say("{\"id\":1,\"method\":\"depth\",\"params\":{\"symbol\":\"BTCUSDT\",\"limit\":1}}"),
        "\"bids\":[[\"10.00000000\",\"1.00000000\"]]");
    has(say("{\"id\":1,\"method\":\"depth\"}"), "Mandatory parameter 'symbol'");
    has(say("{\"id\":1,\"method\":\"depth\",\"params\":{\"symbol\":\"BTCUSDT\",\"apiKey\":\"x\"}}"),
        "-1104");
}

static void test_orders_over_websocket(void **state)
{
    (void)state;
    const char *order =
        "\"symbol\":\"BTCUSDT\",\"side\":\"BUY\",\"type\":\"LIMIT\",\"timeInForce\":"
        "\"GTC\",\"price\":\"8\",\"quantity\":\"1\"";
    has(signed_by("anna", "order.place", order), "{\"id\":7,\"status\":200,\"result\":{\"symbol\"");
    has(signed_by("anna", "order.status", "\"symbol\":\"BTCUSDT\",\"orderId\":1"), "\"NEW\"");
    has(signed_by("anna", "openOrders.status", ""), "\"orderId\":1");
    has(signed_by("anna", "account.status", ""), "\"locked\":\"8.00000000\"");
    has(signed_by("anna", "order.cancel", "\"symbol\":\"BTCUSDT\",\"orderId\":1"), "\"CANCELED\"");
    has(signed_by("anna", "order.cancel", "\"symbol\":\"BTCUSDT\",\"orderId\":1"),
        "{\"id\":7,\"status\":400,\"error\":{\"code\":-2011,\"msg\":\"Unknown order sent.\"}}");
    has(signed_by("anna", "myTrades", "\"symbol\":\"BTCUSDT\""), "\"result\":[]");
    has(signed_by("anna", "order.place",
                  "\"returnRateLimits\":true,\"symbol\":\"BTCUSDT\",\"side\":"
                  "\"BUY\",\"type\":\"MARKET\",\"quantity\":1"),
        "\"rateLimits\":[{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,"
        "\"limit\":100,\"count\":1}"); /* two placed, one of them filled at once */
    has(say("{\"id\":7,\"method\":\"order.place\",\"params\":{}}"), "Mandatory parameter 'apiKey'");
}

static void test_sessions(void **state)
{
    (void)state;
    has(say("{\"id\":1,\"method\":\"session.status\"}"),
        "{\"apiKey\":null,\"authorizedSince\":null");
    has(signed_by("anna", "session.logon", ""), "-4056"); /* HMAC */
    has(say("{\"id\":1,\"method\":\"userDataStream.subscribe\"}"), "\"status\":401");
    has(signed_by("ed", "session.logon", ""), "{\"apiKey\":\"ed\",\"authorizedSince\":17");
    char text[200];
    snprintf(text, sizeof text,
             "{\"id\":1,\"method\":\"account.status\",\"params\":{\"timestamp\":%lld}}",
             (long long)(t.now_us / 1000));
    has(say(text), "\"canWithdraw\":true");
    has(say("{\"id\":1,\"method\":\"account.status\"}"), "Mandatory parameter 'timestamp'");
    has(say("{\"id\":1,\"method\":\"userDataStream.subscribe\"}"), "{\"subscriptionId\":0}");
    has(say("{\"id\":1,\"method\":\"userDataStream.subscribe\"}"), "\"code\":-2035");
    has(signed_by("ben", "userDataStream.subscribe.signature", ""), "{\"subscriptionId\":1}");
    has(say("{\"id\":1,\"method\":\"session.subscriptions\"}"),
        "[{\"subscriptionId\":0},{\"subscriptionId\":1}]");
    struct box_text frame = {0};
    assert_true(box_api_event(&api, 1, "{\"e\":\"x\"}", 9, &frame));
    assert_string_equal(frame.p, "{\"subscriptionId\":1,\"event\":{\"e\":\"x\"}}");
    has(say("{\"id\":1,\"method\":\"session.logout\"}"), "\"apiKey\":null");
    assert_string_equal(after.p, "{\"subscriptionId\":0,\"event\":{\"e\":\"eventStreamTerminated\","
                                 "\"E\":1700000000000}}\n");
    assert_false(box_api_event(&api, 0, "{}", 2, &frame));
    has(say("{\"id\":1,\"method\":\"userDataStream.unsubscribe\",\"params\":{\"subscriptionId\":5}"
            "}"),
        "-2036");
    has(say("{\"id\":1,\"method\":\"userDataStream.unsubscribe\"}"), "\"result\":{}");
    has(after.p, "eventStreamTerminated");
    assert_false(box_api_event(&api, 1, "{}", 2, &frame));
    box_text_free(&frame);
}

/* Examples of the venue's documentation. */
static void test_documented_signatures(void **state)
{
    (void)state;
    struct box_key k = {.kind = BOX_KEY_HMAC,
                        .secret =
                            "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"};
    const char *rest = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&"
                       "recvWindow=5000&timestamp=1499827319559";
    const char *good = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
    assert_true(box_sign_verify(&k, rest, strlen(rest), good));
    assert_true(
        box_sign_verify(&k, rest, strlen(rest),
                        "C8DB56825AE71D6D79447849E617115F4A920FA2ACDCAB2B053C4B2838BD6B71"));
    assert_false(box_sign_verify(&k, rest, strlen(rest) - 1, good));
    assert_false(box_sign_verify(&k, rest, strlen(rest), good + 1));
    assert_false(
        box_sign_verify(&k, rest, strlen(rest),
                        "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b7x"));
    /* the body as sent, without its signature */
    char payload[BOX_PAYLOAD_MAX], body[400];
    snprintf(body, sizeof body, "%s&signature=%s", rest, good);
    size_t n = box_payload_body(body, strlen(body), payload, 0);
    assert_int_equal(n, strlen(rest));
    assert_memory_equal(payload, rest, n);
}

/* RFC 8032, 7.1, test 2. */
static void test_ed25519(void **state)
{
    (void)state;
    struct box_key k = {.kind = BOX_KEY_ED25519,
                        .public_key = {0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a,
                                       0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
                                       0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c,
                                       0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c}};
    char bad[100] = "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoI"
                    "WsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==";
    assert_true(box_sign_verify(&k, "\x72", 1, bad));
    assert_false(box_sign_verify(&k, "\x73", 1, bad));
    bad[5] = bad[5] == 'A' ? 'B' : 'A';
    assert_false(box_sign_verify(&k, "\x72", 1, bad));
    assert_false(box_sign_verify(&k, "\x72", 1, "short"));
}

static void test_queries_are_signed_encoded(void **state)
{
    (void)state;
    const struct box_param p[] = {{"symbols", "[\"A\"]"}, {"signature", "x"}, {"b", "c d"}};
    char out[BOX_PAYLOAD_MAX];
    size_t n = box_payload_query(p, 3, out);
    assert_int_equal(n, strlen("symbols=%5B%22A%22%5D&b=c%20d"));
    assert_memory_equal(out, "symbols=%5B%22A%22%5D&b=c%20d", n);
}

static void test_forms(void **state)
{
    (void)state;
    struct box_request r = {.params = 1, .param = {{"a", "query"}}};
    char body[] = "a=body&b=%2B+%41&c&&d=";
    assert_true(box_form_read(body, &r));
    assert_int_equal(r.params, 4); /* the query's goes before the body's */
    assert_string_equal(r.param[1].value, "+ A");
    assert_string_equal(r.param[2].name, "c");
    assert_string_equal(r.param[2].value, "");
    assert_string_equal(r.param[3].value, "");
    static const char *const BAD[] = {"a=%", "a=%4", "a=%4g", "%00=1", "a=%00"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        char copy[16];
        snprintf(copy, sizeof copy, "%s", BAD[i]);
        assert_false(box_form_read(copy, &(struct box_request){0}));
    }
}

static void test_faults(void **state)
{
    (void)state;
    struct box_faults f = {0};
    struct box_fault got;
    uint64_t id;
    char why[BOX_FAULT_WHY_MAX];
    const struct box_param two[] = {
        {"kind", "lost"}, {"match", "POST /api/v3/order"}, {"after", "1"}, {"count", "2"}};
    assert_int_equal(box_fault_add(&f, two, 4, &id, why), ERR_OK);
    const char *what = "POST /api/v3/order";
    assert_false(box_fault_strikes(&f, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, "GET /x", &got));
    assert_false(box_fault_strikes(&f, BOX_FAULT_EVENT_LOST, BOX_FAULT_EVENT_SWAP, what, &got));
    assert_false(box_fault_strikes(&f, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, what, &got));
    assert_true(box_fault_strikes(&f, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, what, &got));
    assert_true(box_fault_strikes(&f, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, what, &got));
    assert_false(box_fault_strikes(&f, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, what, &got));
    const struct box_param any[] = {{"kind", "html"}, {"match", "GET /api/*"}};
    assert_int_equal(box_fault_add(&f, any, 2, &id, why), ERR_OK);
    assert_true(box_fault_strikes(&f, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, "GET /api/v3/x", &got));
    static const struct {
        struct box_param p;
        enum err e;
    } BAD[] = {{{"kind", "none"}, ERR_RANGE},  {{"kind", "delay"}, ERR_RANGE},
               {{"what", "x"}, ERR_UNKNOWN},   {{"count", "0"}, ERR_RANGE},
               {{"status", "200"}, ERR_RANGE}, {{"code", "1"}, ERR_RANGE},
               {{"execute", "1"}, ERR_RANGE},  {{"match", "x"}, ERR_RANGE}};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(box_fault_add(&f, &BAD[i].p, 1, &id, why), BAD[i].e);
    const struct box_param lost = {"kind", "lost"};
    for (int i = 0; i < BOX_FAULTS_MAX; i++)
        assert_int_equal(box_fault_add(&f, &lost, 1, &id, why), ERR_OK);
    assert_int_equal(box_fault_add(&f, &lost, 1, &id, why), ERR_FULL);
    /* an order that is carried out, and answered as if nobody knew */
    const struct box_fault unknown = {
        .kind = BOX_FAULT_STATUS, .status = 504, .code = -1007, .execute = true};
    char text[400];
    snprintf(
        text, sizeof text,
        "{\"id\":7,\"method\":\"order.place\",\"params\":{\"symbol\":\"BTCUSDT\",\"side\":"
        "\"BUY\",\"type\":\"MARKET\",\"quantity\":\"1\",\"apiKey\":\"anna\",\"timestamp\":%lld,"
        "\"signature\":\"good\"}}",
        (long long)(t.now_us / 1000));
    has(say_with(&unknown, text), "\"status\":504,\"error\":{\"code\":-1007,\"msg\":\"Timeout");
    assert_int_equal(t.trading.fills, 1);
}

static void test_books(void **state)
{
    (void)state;
    struct box_text out = {0};
    traders_get(&t, 200, "anna", "POST /api/v3/order",
                "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1&newClientOrderId=z");
    box_books_text(&t.trading, 0, 0, &out);
    has(out.p, "\"orderCount\":1,\"fillCount\":1");
    has(out.p, "{\"asset\":\"BTC\",\"free\":\"10.999\",\"locked\":\"0\"}");
    has(out.p, "\"clientOrderId\":\"z\"");
    box_text_clear(&out);
    box_books_text(&t.trading, 1, 1, &out);
    has(out.p, "\"orders\":[],\"fills\":[]");
    box_text_free(&out);
}

static void test_files_of_accounts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } BAD[] = {
        {"", "the file: want an object"},
        {"{\"accounts\":[{}],}", "not JSON"},
        {"{}", "no account"},
        {"{\"accounts\":[{}],\n\"x\":1}", "line 2: unknown key \"x\""},
        {"{\"accounts\":[{\n\"balances\":{\"BTC\":1}}]}", "line 2: balances: want an amount"},
        {"{\"accounts\":[{\"balances\":{\"BTC\":\"-1\"}}]}", "balances: want an amount"},
        {"{\"accounts\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", "two accounts are named a"},
        {"{\"accounts\":[{\"maker\":\"1\"}]}", "maker: want"},
        {"{\"accounts\":[{\"keys\":[{\"apiKey\":\"k\",\"secret\":\"s\"}]}]}", "a key wants"},
        {"{\"accounts\":[{\"keys\":[{\"apiKey\":\"k\",\"permissions\":[]}]}]}", "a key wants"},
        {"{\"accounts\":[{\"keys\":[{\"apiKey\":\"k\",\"secret\":\"s\",\"permissions\":[\"all\"]}]}"
         "]}",
         "permissions: want"},
        {"{\"accounts\":[{\"keys\":[{\"apiKey\":\"k\",\"ed25519\":\"AAAA\",\"permissions\":[]}]}]}",
         "ed25519: want"},
        {"{\"accounts\":[{\"keys\":[{\"apiKey\":\"k\",\"secret\":\"s\",\"permissions\":[]},"
         "{\"apiKey\":\"k\",\"secret\":\"s\",\"permissions\":[]}]}]}",
         "given twice"},
        {"{\"accounts\":[{}],\"limits\":{\"weight\":0}}", "weight: want"},
        {"{\"accounts\":[{}],\"fills\":\"maybe\"}", "fills: want"},
        {"{\"accounts\":[{}],\"faults\":[{\"kind\":\"odd\"}]}", "faults: kind"},
        {"{\"accounts\":1}", "accounts: want a list"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        static struct box_trading one;
        char why[BOX_WHY_MAX] = "";
        box_trading_init(&one, &t.box);
        assert_int_not_equal(box_trading_read(&one, BAD[i].text, strlen(BAD[i].text), why), ERR_OK);
        has(why, BAD[i].why);
        box_trading_free(&one);
    }
    traders_close(&t);
    traders_open(&t, ", \"limits\": {\"weight\": 50, \"orders10s\": 3, \"ordersDay\": 4}, "
                     "\"fills\": \"cross\", \"faults\": [{\"kind\": \"delay\", \"ms\": 5}]");
    assert_int_equal(t.trading.weight_limit, 50);
    assert_int_equal(box_order_limit(&t.trading, 0), 3);
    assert_int_equal(box_order_limit(&t.trading, 1), 4);
    assert_int_equal(t.trading.faults.count, 1);
    assert_int_equal(t.trading.model, BOX_CROSS);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_forms_of_requests),
        CASE(test_orders_over_websocket),
        CASE(test_sessions),
        CASE(test_documented_signatures),
        CASE(test_ed25519),
        CASE(test_queries_are_signed_encoded),
        CASE(test_forms),
        CASE(test_faults),
        CASE(test_books),
        CASE(test_files_of_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

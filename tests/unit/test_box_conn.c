/* Websocket requests of the exchange in a box. What they look like over the wire is tested in
 * tests/scenario/test_exchange.py; here are the limits and the corners. */
#include "base/clock.h"
#include "boxes.h"
#include "sim/box_conn.h"

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
static struct box_conn conn;
static struct box_text reply;
static int64_t now_ns;

static int start(void **state)
{
    (void)state;
    boxes_open(&box, &heard);
    box_conn_init(&conn);
    now_ns = NS_PER_S;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    box_conn_free(&box, &conn);
    for (int i = 0; i < BOX_STREAMS; i++) /* whoever leaves wants nothing any more */
        assert_int_equal(box.symbol[0]->wanted[i], 0);
    box_free(&box);
    box_text_free(&reply);
    return 0;
}

/* Says something, ten seconds after the last time. */
static const char *ask(const char *text)
{
    now_ns += 10 * NS_PER_S;
    box_conn_message(&box, &conn, text, strlen(text), false, now_ns, &reply);
    return reply.p ? reply.p : "";
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *streams;
        enum err e;
        uint32_t names;
        bool combined;
    } CASE[] = {
        {"/ws", NULL, ERR_OK, 0, false},
        {"/ws/", NULL, ERR_OK, 0, false},
        {"/ws/0", NULL, ERR_OK, 0, false},
        {"/ws/btcusdt@trade", NULL, ERR_OK, 1, false},
        {"/ws/btcusdt@trade/btcusdt@depth", NULL, ERR_OK, 2, false},
        {"/stream", NULL, ERR_OK, 0, true},
        {"/stream", "btcusdt@trade/btcusdt@trade/btcusdt@kline_1M/", ERR_OK, 2, true},
        {"/stream", "", ERR_OK, 0, true},
        {"/stream", "btcusdt", ERR_SYNTAX, 0, true},
        {"/stream", "@trade", ERR_SYNTAX, 0, true},
        {"/stream", "btcusdt@", ERR_SYNTAX, 0, true},
        {"/stream", "btc\"usdt@trade", ERR_SYNTAX, 0, true},
        {"/stream", "!miniTicker@arr", ERR_OK, 1, true},
        {"/streams", NULL, ERR_NOT_FOUND, 0, false},
        {"/wsx", NULL, ERR_NOT_FOUND, 0, false},
        {"/", NULL, ERR_NOT_FOUND, 0, false},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        struct box_conn c;
        box_conn_init(&c);
        assert_int_equal(box_conn_open(&box, &c, CASE[i].path, CASE[i].streams), CASE[i].e);
        if (!CASE[i].e) {
            assert_int_equal(c.names, CASE[i].names);
            assert_int_equal(c.combined, CASE[i].combined);
        }
        box_conn_free(&box, &c);
    }
}

static void test_names_at_their_longest(void **state)
{
    (void)state;
    char name[BOX_STREAM_NAME_MAX + 8];
    memset(name, 'a', sizeof name);
    memcpy(name, "x@", 2);
    name[BOX_STREAM_NAME_MAX - 1] = '\0';
    assert_int_equal(box_conn_open(&box, &conn, "/stream", name), ERR_OK);
    assert_string_equal(conn.name[0], name);
    name[BOX_STREAM_NAME_MAX - 1] = 'a';
    name[BOX_STREAM_NAME_MAX] = '\0';
    assert_int_equal(box_conn_open(&box, &conn, "/stream", name), ERR_SYNTAX);
}

static void test_upper_case_symbols_stay_silent(void **state)
{
    (void)state;
    assert_string_equal(ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"BTCUSDT@trade\"],\"id\":1}"),
                        "{\"result\":null,\"id\":1}");
    assert_false(box_conn_wants(&conn, 0, BOX_STREAM_TRADE));
    ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":1}");
    assert_true(box_conn_wants(&conn, 0, BOX_STREAM_TRADE));
    assert_int_equal(box.symbol[0]->wanted[BOX_STREAM_TRADE], 1);
    ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":1}"); /* once is enough */
    assert_int_equal(box.symbol[0]->wanted[BOX_STREAM_TRADE], 1);
    ask("{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"btcusdt@trade\"],\"id\":1}");
    assert_int_equal(box.symbol[0]->wanted[BOX_STREAM_TRADE], 0);
}

static void test_ids(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"0",
                                       "1",
                                       "-1",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "null",
                                       "\"\"",
                                       "\"a1\"",
                                       "\"9d32157c-a556-4d27-9866-66760a174b57\""};
    static const char *const BAD[] = {"9223372036854775808",
                                      "-9223372036854775809",
                                      "1.0",
                                      "1e3",
                                      "true",
                                      "[1]",
                                      "{}",
                                      "\"a b\"",
                                      "\"\\u0041\"",
                                      "\"0123456789012345678901234567890123456\"",
                                      "\"01234567890123456789012345678901234567890123456789\""};
    char text[160], want[160];
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        snprintf(text, sizeof text, "{\"id\":%s,\"method\":\"LIST_SUBSCRIPTIONS\"}", GOOD[i]);
        snprintf(want, sizeof want, "{\"result\":[],\"id\":%s}", GOOD[i]);
        assert_string_equal(ask(text), want);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        snprintf(text, sizeof text, "{\"id\":%s,\"method\":\"LIST_SUBSCRIPTIONS\"}", BAD[i]);
        assert_string_equal(ask(text), "{\"error\":{\"code\":2,\"msg\":\"Invalid request: request "
                                       "ID must be an unsigned integer\"}}");
    }
    assert_int_equal(conn.close, BOX_CLOSE_NOT);
}

static void test_what_is_no_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
    } CASE[] = {{"", 1, 1},           {"x", 1, 1},           {"{\"a\":}", 1, 6},
                {"{\"a\":1", 1, 7},   {"{\n\"a\" 1}", 2, 5}, {"{} x", 1, 4},
                {"{\"a\":tru}", 1, 9}};
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        struct box_conn c;
        char want[160];
        box_conn_init(&c);
        box_conn_message(&box, &c, CASE[i].text, strlen(CASE[i].text), false, 0, &reply);
        snprintf(want, sizeof want,
                 "{\"error\":{\"code\":3,\"msg\":\"Invalid JSON: expected value at line %d column "
                 "%d\"}}",
                 CASE[i].line, CASE[i].column);
        assert_string_equal(reply.p, want);
        assert_int_equal(c.close, BOX_CLOSE_POLICY);
        box_conn_free(&box, &c);
    }
}

/* Five messages within any second; the sixth is one too many until the second is over. */
static void test_rate_at_its_limit(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        box_conn_count(&conn, now_ns + i);
        assert_int_equal(conn.close, BOX_CLOSE_NOT);
    }
    struct box_conn other = conn;
    box_conn_count(&other, now_ns + NS_PER_S); /* a second after the first of them */
    assert_int_equal(other.close, BOX_CLOSE_NOT);
    box_conn_count(&conn, now_ns + NS_PER_S - 1);
    assert_int_equal(conn.close, BOX_CLOSE_POLICY);
    assert_non_null(strstr(conn.why, "Too many requests"));
}

static void test_size_at_its_limit(void **state)
{
    (void)state;
    static char text[BOX_CONN_REQUEST_BYTES + 1];
    memset(text, ' ', sizeof text);
    static const char request[] = "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":1}";
    memcpy(text, request, sizeof request - 1);
    box_conn_message(&box, &conn, text, BOX_CONN_REQUEST_BYTES, false, now_ns, &reply);
    assert_string_equal(reply.p, "{\"result\":[],\"id\":1}");
    box_conn_message(&box, &conn, text, BOX_CONN_REQUEST_BYTES + 1, false, now_ns, &reply);
    assert_int_equal(conn.close, BOX_CLOSE_TOO_BIG);
    assert_int_equal(reply.len, 0);
}

static void test_streams_at_their_limit(void **state)
{
    (void)state;
    char text[64];
    for (int i = 0; i < BOX_CONN_STREAMS_MAX; i++) {
        snprintf(text, sizeof text, "{\"method\":\"SUBSCRIBE\",\"params\":[\"s%d@x\"],\"id\":1}",
                 i);
        assert_string_equal(ask(text), "{\"result\":null,\"id\":1}");
    }
    assert_non_null(
        strstr(ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"one@more\"],\"id\":1}"), "\"code\":2"));
    assert_int_equal(conn.names, BOX_CONN_STREAMS_MAX);
    assert_string_equal(ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"s0@x\"],\"id\":1}"),
                        "{\"result\":null,\"id\":1}");
    assert_string_equal(ask("{\"method\":\"UNSUBSCRIBE\",\"params\":[\"s5@x\"],\"id\":1}"),
                        "{\"result\":null,\"id\":1}");
    assert_string_equal(ask("{\"method\":\"SUBSCRIBE\",\"params\":[\"one@more\"],\"id\":1}"),
                        "{\"result\":null,\"id\":1}");
    assert_string_equal(conn.name[5], "s6@x");
}

static void test_frames(void **state)
{
    (void)state;
    struct box_text t = {0};
    box_conn_frame(&conn, "btcusdt@trade", "{\"p\":1}", 7, &t);
    assert_string_equal(t.p, "{\"p\":1}");
    conn.combined = true;
    box_conn_frame(&conn, "btcusdt@trade", "{\"p\":1}", 7, &t);
    assert_string_equal(t.p, "{\"stream\":\"btcusdt@trade\",\"data\":{\"p\":1}}");
    box_text_free(&t);
}

/* Requests with a byte changed, cut, or doubled: an answer, an end, or both; never more. */
static void test_damaged_requests(void **state)
{
    (void)state;
    static const char *const SEED_TEXT[] = {
        "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"btcusdt@depth\"],\"id\":1}",
        "{\"id\":\"abc\",\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",true]}",
        "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":null}"};
    const char *given = getenv("TRADEWIND_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 20240808;
    print_message("# seed %u (TRADEWIND_SEED)\n", seed);
    srand(seed);
    for (int i = 0; i < 20000; i++) {
        char text[256];
        const char *from = SEED_TEXT[i % 3];
        size_t len = strlen(from), cut = (size_t)rand() % (len + 1);
        memcpy(text, from, len);
        switch (rand() % 3) {
        case 0: len = cut; break;
        case 1: text[cut % len] = (char)rand(); break;
        default:
            memmove(text + cut, from, len);
            len += cut;
            break;
        }
        struct box_conn c;
        box_conn_init(&c);
        box_conn_message(&box, &c, text, len, false, 0, &reply);
        assert_true(reply.len > 0);
        assert_true(strncmp(reply.p, "{\"error\"", 8) == 0 || c.close == BOX_CLOSE_NOT);
        assert_true(c.close == BOX_CLOSE_NOT || c.why);
        box_conn_free(&box, &c);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_paths),
        CASE(test_names_at_their_longest),
        CASE(test_upper_case_symbols_stay_silent),
        CASE(test_ids),
        CASE(test_what_is_no_json),
        CASE(test_rate_at_its_limit),
        CASE(test_size_at_its_limit),
        CASE(test_streams_at_their_limit),
        CASE(test_frames),
        CASE(test_damaged_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

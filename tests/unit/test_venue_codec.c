/* The Binance Spot codec: each kind of message, exactly, in any order of keys; what is missing,
 * twice, wrong or of another dialect is refused. */
#include "base/rng.h"
#include "venue/binance_spot_codec.h"
#include "venue/binance_spot_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static struct level levels[64];

/* Decodes an exact-size copy; symbol and texts of *m then point to a static buffer. */
static enum err decode(const char *text, struct binance_message *m)
{
    static char kept[8192];
    const size_t len = strlen(text);
    assert_true(len < sizeof kept);
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(m, 0x5a, sizeof *m);
    struct binance_message before = *m;
    enum err e = binance_spot_decode(copy, len, levels, 64, m);
    if (e)
        assert_memory_equal(m, &before, sizeof before); /* untouched on failure */
    free(copy);
    if (!e) {
        memcpy(kept, text, len);
        assert_int_equal(binance_spot_decode(kept, len, levels, 64, m), ERR_OK);
    }
    return e;
}

static void assert_dec(dec is, const char *text)
{
    char out[DEC_TEXT_MAX];
    dec_format(is, out);
    if (!dec_eq(is, dec_lit(text)))
        fail_msg("%s instead of %s", out, text);
}

/* ---- values ---- */

static void test_trade(void **state)
{
    (void)state;
    struct binance_message m;
    assert_int_equal(
        decode("{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,"
               "\"s\":\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":"
               "\"0.02000000\",\"T\":1723161255342,\"m\":true,\"M\":true}}",
               &m),
        ERR_OK);
    assert_int_equal(m.kind, BINANCE_TRADE);
    assert_true(json_is(m.stream, "btcusdt@trade") && json_is(m.symbol, "BTCUSDT"));
    assert_true(m.ts_event_ns == INT64_C(1723161255343) * MS);
    assert_true(m.trade.ts_trade_ns == INT64_C(1723161255342) * MS);
    assert_true(m.trade.id == UINT64_C(3735683259));
    assert_dec(m.trade.price, "61837.63");
    assert_dec(m.trade.qty, "0.02");
    assert_int_equal(m.trade.aggressor, SIDE_SELL); /* the buyer was the maker */
    /* The older form, with order ids in "b" and "a", in a raw stream, in microseconds. */
    assert_int_equal(
        decode("{\"e\":\"trade\",\"E\":1723161255343001,\"s\":\"BTCUSDT\",\"t\":1,\"p\":"
               "\"1\",\"q\":\"2\",\"b\":88,\"a\":50,\"T\":1723161255342999,\"m\":false,"
               "\"M\":true}",
               &m),
        ERR_OK);
    assert_int_equal(m.stream.len, 0);
    assert_true(m.ts_event_ns == INT64_C(1723161255343001) * 1000);
    assert_true(m.trade.ts_trade_ns == INT64_C(1723161255342999) * 1000);
    assert_int_equal(m.trade.aggressor, SIDE_BUY);
}

static void test_book_ticker(void **state)
{
    (void)state;
    struct binance_message m;
    assert_int_equal(decode("{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":\"61837.63000000\",\"B\":"
                            "\"3.78826000\",\"a\":\"61837.64000000\",\"A\":\"1.54698000\"}",
                            &m),
                     ERR_OK);
    assert_int_equal(m.kind, BINANCE_BOOK_TICKER);
    assert_true(m.ts_event_ns == 0 && m.book_ticker.update_id == UINT64_C(50093239212));
    assert_dec(m.book_ticker.bid_price, "61837.63");
    assert_dec(m.book_ticker.bid_qty, "3.78826");
    assert_dec(m.book_ticker.ask_price, "61837.64");
    assert_dec(m.book_ticker.ask_qty, "1.54698");
}

static void test_depth(void **state)
{
    (void)state;
    struct binance_message m;
    assert_int_equal(
        decode("{\"e\":\"depthUpdate\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"U\":157,"
               "\"u\":160,\"b\":[[\"0.0024\",\"10\"],[\"0.0023\",\"0\"]],\"a\":[ [ \"0.0026\" "
               ", \"100\" ] ]}",
               &m),
        ERR_OK);
    assert_int_equal(m.kind, BINANCE_DEPTH);
    assert_true(m.depth.first_id == 157 && m.depth.last_id == 160);
    assert_int_equal(m.depth.bids, 2);
    assert_int_equal(m.depth.asks, 1);
    assert_dec(m.depth.bid[1].price, "0.0023");
    assert_dec(m.depth.bid[1].qty, "0");
    assert_dec(m.depth.ask[0].qty, "100");
    /* Asks in front of bids, one side empty. */
    assert_int_equal(decode("{\"e\":\"depthUpdate\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"U\":160,"
                            "\"u\":160,\"a\":[[\"3\",\"1\"]],\"b\":[]}",
                            &m),
                     ERR_OK);
    assert_int_equal(m.depth.bids, 0);
    assert_dec(m.depth.ask[0].price, "3");
    /* A whole top of a book: the symbol is in the stream's name only. */
    assert_int_equal(
        decode("{\"stream\":\"bnbbtc@depth5\",\"data\":{\"lastUpdateId\":160,\"bids\":[["
               "\"0.0024\",\"10\"]],\"asks\":[[\"0.0026\",\"100\"]]}}",
               &m),
        ERR_OK);
    assert_int_equal(m.kind, BINANCE_PARTIAL_DEPTH);
    assert_int_equal(m.symbol.len, 0);
    assert_true(m.depth.last_id == 160 && m.depth.first_id == 160 && m.depth.asks == 1);
}

static void test_kline(void **state)
{
    (void)state;
    struct binance_message m;
    assert_int_equal(
        decode(
            "{\"e\":\"kline\",\"E\":1633998523963,\"s\":\"NKNUSDT\",\"k\":{\"t\":1633998480000,"
            "\"T\":"
            "1633998539999,\"s\":\"NKNUSDT\",\"i\":\"1m\",\"f\":19862761,\"L\":19862790,\"o\":"
            "\"0.35270000\",\"c\":\"0.35280000\",\"h\":\"0.35290000\",\"l\":\"0.35220000\",\"v\":"
            "\"25877.00000000\",\"n\":30,\"x\":false,\"q\":\"9116.04600000\",\"V\":\"58.00000000\","
            "\"Q\":\"20.46240000\",\"B\":\"0\"}}",
            &m),
        ERR_OK);
    assert_int_equal(m.kind, BINANCE_KLINE);
    assert_true(m.kline.open_ns == INT64_C(1633998480000) * MS);
    assert_true(m.kline.close_ns == INT64_C(1633998540000) * MS);
    assert_true(json_is(m.kline.interval, "1m") && !m.kline.closed && m.kline.trades == 30);
    assert_dec(m.kline.open, "0.3527");
    assert_dec(m.kline.high, "0.3529");
    assert_dec(m.kline.low, "0.3522");
    assert_dec(m.kline.close, "0.3528");
    assert_dec(m.kline.volume, "25877");
}

static void test_control_messages(void **state)
{
    (void)state;
    struct binance_message m;
    assert_int_equal(
        decode("{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":"
               "1770123456789}}",
               &m),
        ERR_OK);
    assert_int_equal(m.kind, BINANCE_SHUTDOWN);
    const struct {
        const char *text;
        bool ok, has_id;
        int64_t id, code;
    } R[] = {
        {"{\"result\":null,\"id\":312}", true, true, 312, 0},
        {"{\"id\":-5,\"result\":null}", true, true, -5, 0},
        {"{\"result\":[\"btcusdt@aggTrade\"],\"id\":3}", true, true, 3, 0},
        {"{\"result\":true,\"id\":\"abc\"}", true, false, 0, 0},
        {"{\"result\":null,\"id\":null}", true, false, 0, 0},
        {"{\"code\":2,\"msg\":\"Invalid request: x\",\"id\":1}", false, true, 1, 2},
        {"{\"code\":3,\"msg\":\"Invalid JSON: expected value\"}", false, false, 0, 3},
        {"{\"error\":{\"code\":-1,\"msg\":\"m\"},\"id\":9}", false, true, 9, -1},
        {"{\"result\":null,\"error\":{\"code\":1,\"msg\":\"m\"},\"id\":9}", false, true, 9, 1},
    };
    for (unsigned i = 0; i < sizeof R / sizeof R[0]; i++) {
        assert_int_equal(decode(R[i].text, &m), ERR_OK);
        assert_int_equal(m.kind, BINANCE_RESPONSE);
        assert_int_equal(m.response.ok, R[i].ok);
        assert_int_equal(m.response.has_id, R[i].has_id);
        assert_int_equal(m.response.id, R[i].id);
        assert_int_equal(m.response.code, R[i].code);
    }
}

static void test_what_is_known_and_not_needed(void **state)
{
    (void)state;
    const char *const TEXT[] = {
        "{\"e\":\"24hrMiniTicker\",\"E\":123456789,\"s\":\"BNBBTC\",\"c\":\"0.0025\"}",
        "{\"e\":\"avgPrice\",\"E\":1693907033000,\"s\":\"BTCUSDT\",\"i\":\"5m\",\"w\":\"25776\"}",
        "{\"e\":\"1hTicker\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"p\":\"-0.1\"}",
        "{\"e\":\"blockTrade\",\"E\":1772506983582,\"s\":\"BNBBTC\",\"t\":582}",
        "{\"e\":\"referencePrice\",\"s\":\"BAZUSD\",\"r\":null,\"t\":1770313263917}",
        "{\"stream\":\"!miniTicker@arr\",\"data\":[{\"e\":\"24hrMiniTicker\",\"E\":1672515782136,"
        "\"s\":"
        "\"A\"},{\"e\":\"24hrMiniTicker\",\"E\":1672515782136,\"s\":\"\xe5\xb8\x81\"}]}",
    };
    struct binance_message m;
    for (unsigned i = 0; i < sizeof TEXT / sizeof TEXT[0]; i++) {
        assert_int_equal(decode(TEXT[i], &m), ERR_OK);
        assert_int_equal(m.kind, BINANCE_STATISTICS);
    }
}

/* ---- order, repetition, absence ---- */

struct form {
    const char
        *member[12]; /* "\"key\":value", NULL-terminated; the last [optional] may be absent */
    unsigned optional;
    enum binance_kind kind;
};
static const struct form FORM[] = {
    {{"\"e\":\"trade\"", "\"E\":1723161255343", "\"s\":\"BTCUSDT\"", "\"t\":7", "\"p\":\"1.5\"",
      "\"q\":\"2\"", "\"T\":1723161255342", "\"m\":true", "\"M\":true", "\"b\":9", NULL},
     1,
     BINANCE_TRADE},
    {{"\"e\":\"aggTrade\"", "\"E\":1723161255343", "\"s\":\"BTCUSDT\"", "\"a\":7", "\"p\":\"1.5\"",
      "\"q\":\"2\"", "\"T\":1723161255342", "\"m\":true", "\"M\":true", "\"f\":6", "\"l\":7", NULL},
     2,
     BINANCE_AGG_TRADE},
    {{"\"u\":7", "\"s\":\"BTCUSDT\"", "\"b\":\"1\"", "\"B\":\"2\"", "\"a\":\"3\"", "\"A\":\"4\"",
      "\"st\":1", NULL},
     1,
     BINANCE_BOOK_TICKER},
    {{"\"e\":\"depthUpdate\"", "\"E\":1723161255343", "\"s\":\"BTCUSDT\"", "\"U\":7", "\"u\":8",
      "\"b\":[[\"1\",\"2\"]]", "\"a\":[[\"3\",\"4\"],[\"5\",\"6\"]]", "\"new\":{\"b\":[1,null]}",
      NULL},
     1,
     BINANCE_DEPTH},
    {{"\"lastUpdateId\":8", "\"bids\":[[\"1\",\"2\"]]", "\"asks\":[[\"3\",\"4\"]]", NULL},
     0,
     BINANCE_PARTIAL_DEPTH},
    {{"\"e\":\"serverShutdown\"", "\"E\":1723161255343", NULL}, 0, BINANCE_SHUTDOWN},
};
enum { FORMS = sizeof FORM / sizeof FORM[0] };

static unsigned members(const struct form *f)
{
    unsigned n = 0;
    while (f->member[n])
        n++;
    return n;
}

/* The members in the given order, with white space where [loose], in a wrapper where [wrapped]. */
static const char *compose(const char *const *member, unsigned n, bool loose, bool wrapped)
{
    static char text[2048];
    const char *space = loose ? " \n\t" : "";
    size_t len = (size_t)snprintf(text, sizeof text, "%s{%s",
                                  wrapped ? "{\"stream\":\"btcusdt@x\",\"data\":" : "", space);
    for (unsigned i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s", i ? "," : "", member[i],
                                space);
    snprintf(text + len, sizeof text - len, "}%s", wrapped ? "}" : "");
    return text;
}

static void test_keys_in_any_order(void **state)
{
    (void)state;
    const char *given = getenv("TRADEWIND_SEED");
    const uint64_t seed = given ? strtoull(given, NULL, 0) : 3;
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    struct rng r;
    rng_seed(&r, seed);
    for (unsigned f = 0; f < FORMS; f++) {
        const unsigned n = members(&FORM[f]);
        for (int round = 0; round < 300; round++) {
            const char *member[12];
            memcpy(member, FORM[f].member, sizeof member);
            for (unsigned i = n - 1; i > 0; i--) {
                const unsigned k = (unsigned)rng_below(&r, i + 1);
                const char *swap = member[i];
                member[i] = member[k];
                member[k] = swap;
            }
            const char *text = compose(member, n, round % 3 == 1, round % 2);
            struct binance_message m;
            enum err e = decode(text, &m);
            if (e || m.kind != FORM[f].kind)
                fail_msg("%s: %s", text, err_name(e));
            if (m.kind == BINANCE_TRADE || m.kind == BINANCE_AGG_TRADE)
                assert_true(m.trade.id == 7 && dec_eq(m.trade.price, dec_lit("1.5")));
            if (m.kind == BINANCE_BOOK_TICKER)
                assert_true(dec_eq(m.book_ticker.ask_qty, dec_lit("4")));
            if (m.kind == BINANCE_DEPTH || m.kind == BINANCE_PARTIAL_DEPTH) {
                assert_dec(m.depth.bid[0].qty, "2");
                assert_dec(m.depth.ask[0].price, "3");
            }
        }
    }
}

static void test_the_wrapper_in_any_order(void **state)
{
    (void)state;
    struct binance_message m;
    const char *const GOOD[] = {
        "{\"data\":{\"u\":1,\"s\":\"AB\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"},"
        "\"stream\":"
        "\"ab@bookTicker\"}",
        "{\"x\":[{}],\"stream\":\"ab@bookTicker\",\"y\":0,\"data\":{\"u\":1,\"s\":\"AB\",\"b\":"
        "\"1\",\"B\":"
        "\"1\",\"a\":\"2\",\"A\":\"1\"}}",
    };
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(decode(GOOD[i], &m), ERR_OK);
        assert_true(m.kind == BINANCE_BOOK_TICKER && json_is(m.stream, "ab@bookTicker"));
    }
    const struct {
        const char *text;
        enum err err;
    } BAD[] = {
        {"{\"stream\":\"ab@trade\"}", ERR_SYNTAX},
        {"{\"data\":{}}", ERR_UNKNOWN},
        {"{\"stream\":\"ab@trade\",\"data\":{}}", ERR_UNKNOWN},
        {"{\"stream\":\"ab@trade\",\"data\":null}", ERR_SYNTAX},
        {"{\"stream\":\"ab@trade\",\"data\":7}", ERR_SYNTAX},
        {"{\"stream\":7,\"data\":{\"e\":\"serverShutdown\",\"E\":1770123456789}}", ERR_SYNTAX},
        /* twice */
        {"{\"stream\":\"!a\",\"stream\":\"!a\",\"data\":{\"e\":\"serverShutdown\",\"E\":"
         "1770123456789}}",
         ERR_SYNTAX},
        {"{\"stream\":\"!a\",\"data\":{\"e\":\"serverShutdown\",\"E\":1770123456789},\"data\":{"
         "\"e\":"
         "\"serverShutdown\",\"E\":1770123456789}}",
         ERR_SYNTAX},
        /* one inside the other */
        {"{\"stream\":\"!a\",\"data\":{\"stream\":\"!a\",\"data\":{\"e\":\"serverShutdown\",\"E\":"
         "1770123456789}}}",
         ERR_UNKNOWN},
        /* of another symbol */
        {"{\"stream\":\"ac@bookTicker\",\"data\":{\"u\":1,\"s\":\"AB\",\"b\":\"1\",\"B\":\"1\","
         "\"a\":\"2\","
         "\"A\":\"1\"}}",
         ERR_SYNTAX},
        {"{\"stream\":\"abc@bookTicker\",\"data\":{\"u\":1,\"s\":\"AB\",\"b\":\"1\",\"B\":\"1\","
         "\"a\":\"2\","
         "\"A\":\"1\"}}",
         ERR_SYNTAX},
        {"{\"stream\":\"ab\",\"data\":{\"u\":1,\"s\":\"AB\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\","
         "\"A\":\"1\"}}",
         ERR_SYNTAX},
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        enum err e = decode(BAD[i].text, &m);
        if (e != BAD[i].err)
            fail_msg("%s: %s", BAD[i].text, err_name(e));
    }
}

static void test_a_missing_or_repeated_key_is_an_error(void **state)
{
    (void)state;
    struct binance_message m;
    for (unsigned f = 0; f < FORMS; f++) {
        const unsigned n = members(&FORM[f]);
        for (unsigned skip_one = 0; skip_one < n - FORM[f].optional; skip_one++) {
            const char *member[13];
            unsigned k = 0;
            for (unsigned i = 0; i < n; i++)
                if (i != skip_one)
                    member[k++] = FORM[f].member[i];
            const char *text = compose(member, k, false, skip_one % 2);
            enum err e = decode(text, &m);
            /* Without "M" it could be of futures, without "e" it is nothing that is known. */
            if (e != ERR_SYNTAX && e != ERR_UNKNOWN &&
                !(e == ERR_UNSUPPORTED && strcmp(FORM[f].member[skip_one], "\"M\":true") == 0))
                fail_msg("%s: %s", text, err_name(e));
        }
        for (unsigned twice = 0; twice < n - FORM[f].optional; twice++) {
            const char *member[13];
            memcpy(member, FORM[f].member, n * sizeof member[0]);
            member[n] = member[twice];
            const char *text = compose(member, n + 1, false, twice % 2);
            enum err e = decode(text, &m);
            if (e != ERR_SYNTAX)
                fail_msg("%s: %s", text, err_name(e));
        }
    }
}

static void test_wrong_types_are_errors(void **state)
{
    (void)state;
    static const char *const VALUE[] = {"null",
                                        "true",
                                        "{}",
                                        "[]",
                                        "\"x\"",
                                        "-1",
                                        "1.5",
                                        "[[]]",
                                        "\"\"",
                                        "[[\"1\"]]",
                                        "[[\"1\",\"2\",\"3\"]]",
                                        "[[1,2]]",
                                        "01"};
    struct binance_message m;
    for (unsigned f = 0; f < FORMS; f++) {
        const unsigned n = members(&FORM[f]);
        for (unsigned which = 0; which < n - FORM[f].optional; which++) {
            const char *key = FORM[f].member[which];
            if (strncmp(key, "\"e\"", 3) == 0 || strncmp(key, "\"M\"", 3) == 0)
                continue; /* another type, and a flag to be ignored */
            for (unsigned v = 0; v < sizeof VALUE / sizeof VALUE[0]; v++) {
                const bool fits = (strncmp(key, "\"s\"", 3) == 0 && VALUE[v][0] == '"') ||
                                  (strncmp(key, "\"m\"", 3) == 0 && v == 1) ||
                                  (strchr(key, '[') && strcmp(VALUE[v], "[]") == 0);
                if (fits)
                    continue;
                char changed[64];
                snprintf(changed, sizeof changed, "%.*s:%s", (int)strcspn(key, ":"), key, VALUE[v]);
                const char *member[13];
                memcpy(member, FORM[f].member, n * sizeof member[0]);
                member[which] = changed;
                const char *text = compose(member, n, false, false);
                enum err e = decode(text, &m);
                if (e == ERR_OK)
                    fail_msg("%s was taken", text);
            }
        }
    }
}

static void test_every_truncation_is_an_error(void **state)
{
    (void)state;
    struct binance_message m;
    for (unsigned f = 0; f < FORMS; f++) {
        char text[2048], cut[2048];
        strcpy(text, compose(FORM[f].member, members(&FORM[f]), false, true));
        for (size_t n = 0; n < strlen(text); n++) {
            snprintf(cut, sizeof cut, "%.*s", (int)n, text);
            assert_int_not_equal(decode(cut, &m), ERR_OK);
        }
    }
}

/* ---- bounds ---- */

static enum err trade_with(const char *price, const char *qty, const char *time)
{
    char text[512];
    struct binance_message m;
    snprintf(text, sizeof text,
             "{\"e\":\"trade\",\"E\":%s,\"s\":\"BTCUSDT\",\"t\":7,\"p\":\"%s\",\"q\":\"%s\",\"T\":%"
             "s,\"m\":"
             "true,\"M\":true}",
             time, price, qty, time);
    return decode(text, &m);
}

static void test_numbers_at_their_bounds(void **state)
{
    (void)state;
    const char *now = "1723161255343";
    assert_int_equal(trade_with("1000000000000", "1", now), ERR_OK);
    assert_int_equal(trade_with("1000000000000.00000001", "1", now), ERR_RANGE);
    assert_int_equal(trade_with("1", "1000000000000", now), ERR_OK);
    assert_int_equal(trade_with("1", "1000000000000.00000001", now), ERR_RANGE);
    assert_int_equal(trade_with("0.000000000000000001", "1", now), ERR_OK);
    assert_int_equal(trade_with("0.0000000000000000001", "1", now), ERR_PRECISION);
    assert_int_equal(trade_with("0", "1", now), ERR_RANGE);
    assert_int_equal(trade_with("1", "0.00000000", now), ERR_RANGE);
    assert_int_equal(trade_with("-1", "1", now), ERR_SYNTAX);
    assert_int_equal(trade_with("NaN", "1", now), ERR_SYNTAX);
    assert_int_equal(trade_with("1e3", "1", now), ERR_SYNTAX);
    assert_int_equal(trade_with("1", "1", "999999999999"), ERR_RANGE);
    assert_int_equal(trade_with("1", "1", "1000000000000"), ERR_OK);
    assert_int_equal(trade_with("1", "1", "8999999999999"), ERR_OK);
    assert_int_equal(trade_with("1", "1", "9000000000000"), ERR_RANGE);
    assert_int_equal(trade_with("1", "1", "999999999999999"), ERR_RANGE);
    assert_int_equal(trade_with("1", "1", "1000000000000000"), ERR_OK); /* microseconds */
    assert_int_equal(trade_with("1", "1", "8999999999999999"), ERR_OK);
    assert_int_equal(trade_with("1", "1", "9000000000000000"), ERR_RANGE);
    assert_int_equal(trade_with("1", "1", "18446744073709551615"), ERR_RANGE);
}

static void test_levels_at_their_bounds(void **state)
{
    (void)state;
    char text[4096];
    struct binance_message m;
    for (unsigned n = 63; n <= 65; n++) { /* room for 64 of both sides */
        size_t len =
            (size_t)snprintf(text, sizeof text,
                             "{\"e\":\"depthUpdate\",\"E\":1723161255343,\"s\":\"B\",\"U\":1,"
                             "\"u\":1,\"b\":[[\"1\",\"1\"]],\"a\":[");
        for (unsigned i = 0; i < n - 1; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s[\"2\",\"1\"]", i ? "," : "");
        snprintf(text + len, sizeof text - len, "]}");
        assert_int_equal(decode(text, &m), n <= 64 ? ERR_OK : ERR_FULL);
    }
    const char *const BAD[] = {"[\"0\",\"1\"]", "[\"1\",\"1000000000001\"]",
                               "[\"1000000000001\",\"1\"]"};
    for (unsigned i = 0; i < 3; i++) {
        snprintf(
            text, sizeof text,
            "{\"e\":\"depthUpdate\",\"E\":1723161255343,\"s\":\"B\",\"U\":1,\"u\":1,\"b\":[%s],"
            "\"a\":[]}",
            BAD[i]);
        assert_int_equal(decode(text, &m), ERR_RANGE);
    }
    /* The first id behind the last one. */
    assert_int_equal(
        decode("{\"e\":\"depthUpdate\",\"E\":1723161255343,\"s\":\"B\",\"U\":2,\"u\":1,\"b\":"
               "[],\"a\":[]}",
               &m),
        ERR_SYNTAX);
    /* A top with a price and nothing there, or the reverse. */
    assert_int_equal(
        decode("{\"u\":1,\"s\":\"B\",\"b\":\"1\",\"B\":\"0\",\"a\":\"2\",\"A\":\"1\"}", &m),
        ERR_RANGE);
    assert_int_equal(
        decode("{\"u\":1,\"s\":\"B\",\"b\":\"1\",\"B\":\"1\",\"a\":\"0\",\"A\":\"1\"}", &m),
        ERR_RANGE);
    assert_int_equal(
        decode("{\"u\":1,\"s\":\"B\",\"b\":\"0\",\"B\":\"0\",\"a\":\"0\",\"A\":\"0\"}", &m),
        ERR_OK);
}

static void test_odd_texts(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum err err;
    } CASE[] = {
        {"", ERR_TRUNCATED},
        {" ", ERR_TRUNCATED},
        {"{}", ERR_UNKNOWN},
        {"[]", ERR_UNKNOWN},
        {"[1]", ERR_UNKNOWN},
        {"null", ERR_SYNTAX},
        {"7", ERR_SYNTAX},
        {"\"trade\"", ERR_SYNTAX},
        {"pong", ERR_SYNTAX},
        {"{\"e\":\"trade\"}", ERR_SYNTAX},
        {"{\"e\":\"\"}", ERR_UNKNOWN},
        {"{\"e\":7}", ERR_UNKNOWN},
        {"{\"e\":null,\"u\":1}", ERR_UNKNOWN},
        {"{\"e\":\"somethingNew\",\"x\":[1,{}]}", ERR_UNKNOWN},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[],\"id\":1}", ERR_UNKNOWN},
        {"{\"e\":\"executionReport\",\"E\":1}", ERR_UNSUPPORTED},
        {"{\"subscriptionId\":0,\"event\":{\"e\":\"executionReport\"}}", ERR_UNSUPPORTED},
        {"{\"id\":1,\"status\":200,\"result\":{}}", ERR_UNSUPPORTED},
        {"{\"\\u0065\":\"trade\"}", ERR_UNKNOWN}, /* an escaped name is no name */
        {"{\"e\":\"somethingNew\",\"x\":[1,{}}", ERR_SYNTAX},
        {"{\"u\":1,\"e\":\"bookTicker\",\"s\":\"B\"}", ERR_UNSUPPORTED},
        {"{\"u\":1,\"e\":\"newThing\",\"s\":\"B\"}", ERR_UNKNOWN},
    };
    struct binance_message m;
    for (unsigned i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        enum err e = decode(CASE[i].text, &m);
        if (e != CASE[i].err)
            fail_msg("%s: %s instead of %s", CASE[i].text, err_name(e), err_name(CASE[i].err));
    }
    static char deep[20000];
    strcpy(deep, "{\"e\":\"depthUpdate\",\"x\":");
    memset(deep + strlen(deep), '[', 10000);
    assert_int_equal(binance_spot_decode(deep, strlen(deep), levels, 64, &m), ERR_RANGE);
}

/* ---- names ---- */

static void test_symbols(void **state)
{
    (void)state;
    char out[BINANCE_SYMBOL_MAX] = "before";
    const char *const BAD[] = {"",         "-",          "BTC",           "BTC-",
                               "-USDT",    "BTC-USDT-X", "btc-usdt",      "BTC_USDT",
                               "BTC-US T", "BTC--USDT",  "B\xc3\x84-USDT"};
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_int_equal(binance_spot_symbol(BAD[i], out), ERR_SYNTAX);
        assert_string_equal(out, "before");
    }
    assert_int_equal(binance_spot_symbol("BTC-USDT", out), ERR_OK);
    assert_string_equal(out, "BTCUSDT");
    assert_int_equal(binance_spot_symbol("1000SATS-USDT", out), ERR_OK);
    assert_string_equal(out, "1000SATSUSDT");
    assert_int_equal(binance_spot_symbol("AAAAAAAAAAAAAAA-BBBBBBBBBBBBBBB", out), ERR_OK); /* 31 */
    assert_int_equal(binance_spot_symbol("AAAAAAAAAAAAAAA-BBBBBBBBBBBBBBBB", out), ERR_RANGE);
}

static void test_stream_names(void **state)
{
    (void)state;
    const struct {
        const char *name;
        enum binance_stream kind;
        bool one_spelling;
    } NAME[] = {
        {"btcusdt@trade", BINANCE_STREAM_TRADE, true},
        {"btcusdt@aggTrade", BINANCE_STREAM_AGG_TRADE, true},
        {"btcusdt@bookTicker", BINANCE_STREAM_BOOK_TICKER, true},
        {"btcusdt@depth@100ms", BINANCE_STREAM_DEPTH_100MS, true},
        {"btcusdt@depth", BINANCE_STREAM_DEPTH, true},
        {"btcusdt@depth5", BINANCE_STREAM_DEPTH_PARTIAL, false},
        {"btcusdt@depth20@100ms", BINANCE_STREAM_DEPTH_PARTIAL, false},
        {"btcusdt@kline_1m", BINANCE_STREAM_KLINE, false},
        {"btcusdt@miniTicker", BINANCE_STREAM_MINI_TICKER, true},
        {"btcusdt@ticker", BINANCE_STREAM_TICKER, false},
        {"btcusdt@ticker_1h", BINANCE_STREAM_TICKER, false},
        {"btcusdt@avgPrice", BINANCE_STREAM_AVG_PRICE, true},
        {"btcusdt@blockTrade", BINANCE_STREAM_BLOCK_TRADE, true},
        {"btcusdt@referencePrice", BINANCE_STREAM_REFERENCE_PRICE, true},
    };
    for (unsigned i = 0; i < sizeof NAME / sizeof NAME[0]; i++) {
        char symbol[BINANCE_SYMBOL_MAX], out[BINANCE_STREAM_MAX];
        enum binance_stream kind;
        assert_int_equal(
            binance_spot_stream_parse(NAME[i].name, strlen(NAME[i].name), symbol, &kind), ERR_OK);
        assert_int_equal(kind, NAME[i].kind);
        assert_string_equal(symbol, "BTCUSDT");
        if (NAME[i].one_spelling) {
            assert_int_equal(binance_spot_stream_name("BTCUSDT", kind, out), strlen(NAME[i].name));
            assert_string_equal(out, NAME[i].name);
        }
    }
    const struct {
        const char *name;
        enum err err;
    } BAD[] = {
        {"", ERR_SYNTAX},
        {"btcusdt", ERR_SYNTAX},
        {"@trade", ERR_SYNTAX},
        {"btc-usdt@trade", ERR_SYNTAX},
        {"btcusdt@", ERR_UNKNOWN},
        {"btcusdt@Trade", ERR_UNKNOWN},
        {"btcusdt@trades", ERR_UNKNOWN},
        {"btcusdt@depth6", ERR_UNKNOWN},
        {"btcusdt@depth@200ms", ERR_UNKNOWN},
        {"btcusdt@kline_", ERR_UNKNOWN},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@trade", ERR_RANGE},
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        char symbol[BINANCE_SYMBOL_MAX];
        enum binance_stream kind;
        assert_int_equal(binance_spot_stream_parse(BAD[i].name, strlen(BAD[i].name), symbol, &kind),
                         BAD[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trade),
        cmocka_unit_test(test_book_ticker),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_kline),
        cmocka_unit_test(test_control_messages),
        cmocka_unit_test(test_what_is_known_and_not_needed),
        cmocka_unit_test(test_keys_in_any_order),
        cmocka_unit_test(test_the_wrapper_in_any_order),
        cmocka_unit_test(test_a_missing_or_repeated_key_is_an_error),
        cmocka_unit_test(test_wrong_types_are_errors),
        cmocka_unit_test(test_every_truncation_is_an_error),
        cmocka_unit_test(test_numbers_at_their_bounds),
        cmocka_unit_test(test_levels_at_their_bounds),
        cmocka_unit_test(test_odd_texts),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_stream_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

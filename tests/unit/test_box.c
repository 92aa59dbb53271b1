/* The state of the exchange in a box: lines of a recording go in, books, trades and streams come
 * out. */
#include "boxes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TS "1723161255000000000 "

static struct box box;
static struct heard heard;

static void want(int stream)
{
    box.symbol[0]->wanted[stream]++;
}

static int start(void **state)
{
    (void)state;
    boxes_open(&box, &heard);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    box_free(&box);
    return 0;
}

static void depth(unsigned first, unsigned last, const char *bids, const char *asks)
{
    char line[512];
    snprintf(line, sizeof line,
             TS "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"
                "1723161255208,\"s\":\"BTCUSDT\",\"U\":%u,\"u\":%u,\"b\":[%s],\"a\":[%s]}}",
             first, last, bids, asks);
    boxes_feed(&box, line);
}

static void trade(unsigned id, int64_t ms, const char *price, const char *qty)
{
    char line[512];
    snprintf(line, sizeof line,
             TS "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":%lld,\"s\":"
                "\"BTCUSDT\",\"t\":%u,\"p\":\"%s\",\"q\":\"%s\",\"T\":%lld,\"m\":true,\"M\":true}}",
             (long long)ms + 1, id, price, qty, (long long)ms);
    boxes_feed(&box, line);
}

static void test_book_follows(void **state)
{
    (void)state;
    struct box_symbol *s = box.symbol[0];
    assert_true(s->live);
    assert_int_equal(s->last_update_id, 100);
    depth(99, 100, "[\"10.00000000\",\"7.00000000\"]", ""); /* part of the snapshot */
    assert_int_equal(box.n.repeated, 1);
    assert_true(dec_eq(book_qty_at(&s->book.bid, dec_lit("10")), dec_lit("1")));
    depth(100, 103, "[\"10.00000000\",\"0.00000000\"],[\"9.50000000\",\"2.00000000\"]",
          "[\"11.00000000\",\"3.00000000\"]");
    assert_int_equal(s->last_update_id, 103);
    assert_true(dec_eq(book_best(&s->book.bid)->price, dec_lit("9.5")));
    assert_true(dec_eq(book_best(&s->book.ask)->qty, dec_lit("3")));
    assert_int_equal(box.n.gaps, 0);
    depth(105, 106, "", "");
    assert_int_equal(box.n.gaps, 1);
    assert_int_equal(s->last_update_id, 106);
    struct box_text t = {0};
    box_depth_text(s, 1, &t);
    assert_string_equal(t.p, "{\"lastUpdateId\":106,\"bids\":[[\"9.50000000\",\"2.00000000\"]],"
                             "\"asks\":[[\"11.00000000\",\"3.00000000\"]]}");
    box_text_free(&t);
}

static void test_publishes_what_is_wanted(void **state)
{
    (void)state;
    depth(101, 101, "", "");
    trade(1, 1723161255000, "10.5", "1");
    assert_int_equal(heard.count, 0);
    want(BOX_STREAM_DEPTH);
    want(BOX_STREAM_TRADE);
    depth(101, 101, "", ""); /* known: not news */
    assert_int_equal(heard.count, 0);
    depth(102, 102, "", "");
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.last[0].stream, BOX_STREAM_DEPTH);
    assert_string_equal(heard.last[0].text,
                        "{\"e\":\"depthUpdate\",\"E\":1723161255208,\"s\":\"BTCUSDT\",\"U\":102,"
                        "\"u\":102,\"b\":[],\"a\":[]}");
    trade(1, 1723161255000, "10.5", "1"); /* twice the same */
    assert_int_equal(heard.count, 1);
    trade(2, 1723161255000, "10.5", "1");
    assert_int_equal(heard.count, 2);
    box.publishing = false;
    trade(3, 1723161255000, "10.5", "1");
    assert_int_equal(heard.count, 2);
}

static void test_differences_before_the_snapshot(void **state)
{
    (void)state;
    assert_int_equal(box_add_symbol(&box, "ETH-USDT"), ERR_OK);
    struct box_symbol *s = box.symbol[1];
    s->wanted[BOX_STREAM_DEPTH_100MS] = s->wanted[BOX_STREAM_TRADE] = 1;
    static const char *const EARLY[] = {"\"U\":5,\"u\":8,\"b\":[[\"1.0\",\"5.0\"]],\"a\":[]",
                                        "\"U\":9,\"u\":12,\"b\":[[\"1.0\",\"6.0\"]],\"a\":[]",
                                        "\"U\":13,\"u\":14,\"b\":[[\"2.0\",\"7.0\"]],\"a\":[]"};
    for (int i = 0; i < 3; i++) {
        char line[256];
        snprintf(line, sizeof line,
                 TS "{\"stream\":\"ethusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"
                    "1723161255208,\"s\":\"ETHUSDT\",%s}}",
                 EARLY[i]);
        boxes_feed(&box, line);
    }
    boxes_feed(&box, TS "{\"stream\":\"ethusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":"
                        "1723161255208,\"s\":\"ETHUSDT\",\"t\":1,\"p\":\"1.0\",\"q\":\"1.0\","
                        "\"T\":1723161255208,\"m\":true,\"M\":true}}");
    assert_false(s->live);
    assert_false(box_ready(&box));
    assert_int_equal(heard.count, 0);
    assert_int_equal(s->early_count, 3);
    boxes_feed(&box, "{\"t\":\"http\",\"conn\":\"x\",\"ts\":1723161256.5,\"url\":"
                     "\"https://api.binance.com/api/v3/depth?symbol=ETHUSDT&limit=1000\",\"data\":"
                     "\"{\\\"lastUpdateId\\\":10,\\\"bids\\\":[[\\\"1.0\\\",\\\"1.0\\\"],"
                     "[\\\"0.5\\\",\\\"1.0\\\"]],\\\"asks\\\":[]}\"}");
    assert_true(s->live);
    assert_true(box_ready(&box));
    assert_int_equal(s->last_update_id, 14);
    assert_int_equal(box.n.repeated, 1);
    assert_int_equal(box.n.gaps, 0);
    assert_true(dec_eq(book_qty_at(&s->book.bid, dec_lit("1")), dec_lit("6")));
    assert_true(dec_eq(book_best(&s->book.bid)->price, dec_lit("2")));
    assert_int_equal(heard.count, 0); /* clients hear from the snapshot on */
    assert_null(s->early);
}

static void test_early_differences_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(box_add_symbol(&box, "ETH-USDT"), ERR_OK);
    for (unsigned i = 1; i <= BOX_EARLY_MAX + 5; i++) {
        char line[256];
        snprintf(line, sizeof line,
                 TS "{\"stream\":\"ethusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"
                    "1723161255208,\"s\":\"ETHUSDT\",\"U\":%u,\"u\":%u,\"b\":[],\"a\":[]}}",
                 i, i);
        boxes_feed(&box, line);
    }
    assert_int_equal(box.symbol[1]->early_count, BOX_EARLY_MAX);
    assert_non_null(strstr(box.symbol[1]->early[0], "\"U\":6,"));
    assert_non_null(strstr(box.symbol[1]->early[BOX_EARLY_MAX - 1], "\"U\":1005,"));
}

static void test_other_markets_and_damage_are_refused(void **state)
{
    (void)state;
    char why[BOX_WHY_MAX];
    static const struct {
        const char *line;
        enum err e;
    } CASE[] = {
        {TS "{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161255208,"
            "\"T\":1723161255207,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"pu\":0,\"b\":[],\"a\":[]}}",
         ERR_UNSUPPORTED},
        {TS "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255208}}",
         ERR_SYNTAX},
        {TS "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255208,\"s\":"
            "\"BTCUSDT\",\"t\":1,\"p\":\"-1\",\"q\":\"1\",\"T\":1723161255208,\"m\":true,"
            "\"M\":true}}",
         ERR_SYNTAX},
        {TS "{\"lastUpdateId\":5,\"bids\":[]}", ERR_SYNTAX},
        {TS "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1723161255208,"
            "\"s\":\"BTCUSDT\",\"a\":1,\"p\":\"1\",\"q\":\"1\",\"f\":5,\"l\":4,\"T\":"
            "1723161255208,\"m\":true,\"M\":true}}",
         ERR_SYNTAX},
        {TS "{\"stream\":\"x\"}", ERR_SYNTAX},
        {TS "[1,2", ERR_SYNTAX},
        {"17231612 {", ERR_TRUNCATED},
        {"1723161255000000000", ERR_TRUNCATED},
        {"99999999999999999999 {}", ERR_RANGE},
        {"", ERR_TRUNCATED},
        {"{\"t\":\"recv\",\"ts\":1,\"data\":\"{\\\"a\\\":\\u00zz}\"}", ERR_SYNTAX},
        {"{\"t\":\"recv\",\"ts\":1,\"data\":\"\\ud800\"}", ERR_SYNTAX},
        {"{\"t\":\"recv\",\"data\":\"{}\"}", ERR_SYNTAX},
        {"{\"t\":\"recv\",\"ts\":-1,\"data\":\"{}\"}", ERR_RANGE},
        {"{\"t\":\"recv\",\"ts\":1e19,\"data\":\"{}\"}", ERR_RANGE},
        {"{\"t\":\"recv\",\"ts\":1}", ERR_SYNTAX},
        {"{\"t\":\"nonsense\",\"ts\":1,\"data\":\"{}\"}", ERR_SYNTAX},
        {"{\"ts\":1}", ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        why[0] = '\0';
        enum err e = boxes_try(&box, CASE[i].line, why);
        if (e != CASE[i].e)
            print_message("%s: %s: %s\n", CASE[i].line, err_name(e), why);
        assert_int_equal(e, CASE[i].e);
        assert_true(strlen(why) > 10);
    }
    assert_int_equal(box.symbol[0]->last_update_id, 100);
    assert_int_equal(heard.count, 0);
}

static void test_what_the_box_makes_itself_is_passed_over(void **state)
{
    (void)state;
    boxes_feed(&box, TS "{\"stream\":\"btcusdt@miniTicker\",\"data\":{\"e\":\"24hrMiniTicker\","
                        "\"E\":1723161255208,\"s\":\"BTCUSDT\",\"c\":\"1\",\"o\":\"1\",\"h\":\"1\","
                        "\"l\":\"1\",\"v\":\"1\",\"q\":\"1\"}}");
    boxes_feed(&box, TS "{\"result\":null,\"id\":1}");
    boxes_feed(&box, TS "{\"stream\":\"btcusdt@new\",\"data\":{\"e\":\"somethingNew\",\"x\":1}}");
    boxes_feed(&box, "{\"t\":\"header\",\"format\":2}");
    boxes_feed(&box, "{\"t\":\"connect\",\"addr\":\"wss://x\"}");
    /* of a symbol that is not served */
    boxes_feed(&box, TS "{\"stream\":\"xrpusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":"
                        "1723161255208,\"s\":\"XRPUSDT\",\"t\":1,\"p\":\"1.0\",\"q\":\"1.0\","
                        "\"T\":1723161255208,\"m\":true,\"M\":true}}");
    assert_int_equal(box.n.ignored, 4);
    assert_int_equal(box.symbols, 1);
}

static void test_symbols(void **state)
{
    (void)state;
    assert_int_equal(box_add_symbol(&box, "BTC-USDT"), ERR_OK);
    assert_int_equal(box.symbols, 1);
    assert_int_equal(box_add_symbol(&box, "BTCUSDT"), ERR_SYNTAX);
    assert_int_equal(box_add_symbol(&box, "btc-usdt"), ERR_SYNTAX);
    assert_int_equal(box_add_venue_symbol(&box, "ETHFDUSD"), ERR_OK);
    assert_string_equal(box.symbol[1]->name, "ETH-FDUSD");
    assert_int_equal(box_add_venue_symbol(&box, "USDTTRY"), ERR_OK);
    assert_string_equal(box.symbol[2]->name, "USDT-TRY");
    assert_int_equal(box_add_venue_symbol(&box, "FOOBAR"), ERR_UNKNOWN);
    assert_int_equal(box_add_venue_symbol(&box, "USDT"), ERR_UNKNOWN); /* no base is left */
    /* what the recorded exchangeInfo says goes before the ending */
    boxes_feed(&box,
               "{\"t\":\"http\",\"ts\":1,\"url\":\"https://api.binance.com/api/v3/exchangeInfo\","
               "\"data\":\"{\\\"symbols\\\":[{\\\"symbol\\\":\\\"ABCBTC\\\",\\\"baseAsset\\\":"
               "\\\"AB\\\",\\\"quoteAsset\\\":\\\"CBTC\\\",\\\"note\\\":\\\"kept\\\"}]}\"}");
    assert_int_equal(box_add_venue_symbol(&box, "ABCBTC"), ERR_OK);
    assert_string_equal(box.symbol[3]->name, "AB-CBTC");
    assert_non_null(strstr(box.symbol[3]->info, "\"note\":\"kept\""));
    box_drop_exchange_info(&box);
    assert_null(box.exchange_info);
    char name[16];
    for (int i = 4; i < BOX_SYMBOLS_MAX; i++) {
        snprintf(name, sizeof name, "X%d-USDT", i);
        assert_int_equal(box_add_symbol(&box, name), ERR_OK);
    }
    assert_int_equal(box_add_symbol(&box, "LAST-USDT"), ERR_FULL);
    assert_int_equal(box_find(&box, "X4USDT", 6), 4);
    assert_int_equal(box_find(&box, "X4USD", 5), -1);
}

static void test_stream_names(void **state)
{
    (void)state;
    for (int i = 0; i < BOX_STREAMS; i++) {
        char name[BOX_STREAM_NAME_MAX];
        size_t n = box_stream_name("BTCUSDT", i, name);
        assert_int_equal(n, strlen(name));
        assert_memory_equal(name, "btcusdt@", 8);
        assert_int_equal(box_stream_find(name + 8, n - 8), i);
    }
    assert_int_equal(box_stream_find("kline_", 6), -1);
    assert_int_equal(box_stream_find("kline_9m", 8), -1);
    assert_int_equal(box_stream_find("depth@1000ms", 12), -1);
}

static void test_clock(void **state)
{
    (void)state;
    assert_int_equal(box.now_ms, 0); /* nothing has told the venue's time yet */
    box_advance(&box, 1723161254000000000);
    assert_int_equal(box.now_ms, 0);
    depth(101, 101, "", ""); /* local ...5.000, venue ...5.208 */
    assert_int_equal(box.now_ms, 1723161255208);
    box_advance(&box, 1723161254000000000);
    assert_int_equal(box.now_ms, 1723161255208);
    box_advance(&box, 1723161256000000000);
    assert_int_equal(box.now_ms, 1723161256208);
    trade(1, 1723161255999, "10", "1"); /* late on its way: the clock does not fall */
    assert_int_equal(box.now_ms, 1723161256208);
}

static void test_candles_come_from_trades_else_from_aggregates(void **state)
{
    (void)state;
    static const char AGG[] = TS
        "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1723161255208,\"s\":"
        "\"BTCUSDT\",\"a\":1,\"p\":\"10\",\"q\":\"4\",\"f\":5,\"l\":8,\"T\":1723161255208,\"m\":"
        "true,\"M\":true}}";
    boxes_feed(&box, AGG);
    const struct box_candles *c = &box.symbol[0]->candles[1];
    assert_int_equal(c->c[0].trades, 4);
    trade(9, 1723161255300, "11", "1");
    assert_int_equal(c->count, 1);
    assert_int_equal(c->c[0].trades, 1);
    assert_true(dec_eq(c->c[0].volume, dec_lit("1")));
    boxes_feed(&box, AGG);
    assert_int_equal(box.n.repeated, 1);
}

static void test_klines_are_pushed(void **state)
{
    (void)state;
    want(BOX_STREAM_KLINE + 1);
    want(BOX_STREAM_MINI_TICKER);
    trade(1, 1723161255000, "10", "2");
    box_advance(&box, 1723161255100000000);
    assert_int_equal(heard.count, 2);
    assert_string_equal(heard.last[0].text,
                        "{\"e\":\"kline\",\"E\":1723161255101,\"s\":\"BTCUSDT\",\"k\":{\"t\":"
                        "1723161240000,\"T\":1723161299999,\"s\":\"BTCUSDT\",\"i\":\"1m\",\"f\":1,"
                        "\"L\":1,\"o\":\"10.00000000\",\"c\":\"10.00000000\",\"h\":\"10.00000000\","
                        "\"l\":\"10.00000000\",\"v\":\"2.00000000\",\"n\":1,\"x\":false,\"q\":"
                        "\"20.00000000\",\"V\":\"0.00000000\",\"Q\":\"0.00000000\",\"B\":\"0\"}}");
    assert_int_equal(heard.last[1].stream, BOX_STREAM_MINI_TICKER);
    box_advance(&box, 1723161259000000000); /* nothing new: nothing is pushed */
    assert_int_equal(heard.count, 2);
    box_advance(&box, 1723161300900000000); /* the minute is over, but trades may be on their way */
    assert_int_equal(heard.count, 2);
    box_advance(&box, 1723161301100000000);
    assert_int_equal(heard.count, 3);
    assert_non_null(strstr(heard.last[2].text, "\"x\":true"));
    trade(2, 1723161301000, "12", "1");
    box_advance(&box, 1723161301500000000);
    assert_int_equal(heard.count, 5);
    assert_non_null(strstr(heard.last[3].text, "\"t\":1723161300000"));
    trade(3, 1723161301600, "12", "1"); /* less than two seconds after the last push */
    box_advance(&box, 1723161302000000000);
    assert_int_equal(heard.count, 5);
    box_advance(&box, 1723161303600000000);
    assert_int_equal(heard.count, 7);
}

static void test_text_is_bounded(void **state)
{
    (void)state;
    struct box_text t = {0};
    char *piece = calloc(1, 1 << 20);
    memset(piece, 'x', (1 << 20) - 1);
    for (int i = 0; i < 7; i++)
        box_text_add(&t, piece);
    assert_false(t.failed);
    box_text_add(&t, piece);
    box_text_add(&t, piece);
    assert_true(t.failed);
    assert_int_equal(t.len, 0);
    box_text_add(&t, "more");
    assert_int_equal(t.len, 0);
    box_text_clear(&t);
    box_text_quoted(&t, "a\"\\\n\x80", 5);
    assert_string_equal(t.p, "\"a\\\"\\\\\\u000a\\u0080\"");
    box_text_clear(&t);
    box_text_addf(&t, "%s", piece);
    assert_int_equal(t.len, (1 << 20) - 1);
    free(piece);
    box_text_free(&t);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_book_follows),
        CASE(test_publishes_what_is_wanted),
        CASE(test_differences_before_the_snapshot),
        CASE(test_early_differences_are_bounded),
        CASE(test_other_markets_and_damage_are_refused),
        CASE(test_what_the_box_makes_itself_is_passed_over),
        CASE(test_symbols),
        CASE(test_stream_names),
        CASE(test_clock),
        CASE(test_candles_come_from_trades_else_from_aggregates),
        CASE(test_klines_are_pushed),
        CASE(test_text_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every recorded and documented Binance message at hand: those of Spot market data decode to their
 * kind, those of futures, accounts and the WebSocket API are unsupported, none is misread. */
#include "desk.h"

#include "venue/binance_spot_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

enum { KINDS = BINANCE_RESPONSE + 1, LEVELS = 20000 };

static struct level levels[LEVELS];
static struct {
    uint64_t kind[KINDS], err[ERR_COUNT], total;
} count;

static void decode(const char *text, size_t len)
{
    struct binance_message m;
    enum err e = binance_spot_decode(text, len, levels, LEVELS, &m);
    count.total++;
    count.err[e]++;
    if (!e)
        count.kind[m.kind]++;
}

static void l2_line(void *ctx, char *line, size_t len)
{
    (void)ctx;
    char *text = strchr(line, ' ') + 1;
    decode(text, len - (size_t)(text - line));
}

static void session_line(void *ctx, char *line, size_t len)
{
    (void)ctx;
    cJSON *o = cJSON_ParseWithLength(line, len);
    assert_non_null(o);
    if (strcmp(cJSON_GetObjectItem(o, "t")->valuestring, "recv") == 0) {
        const char *data = cJSON_GetObjectItem(o, "data")->valuestring;
        decode(data, strlen(data));
    }
    cJSON_Delete(o);
}

static bool read_all(const char *name, line_fn *fn)
{
    memset(&count, 0, sizeof count);
    const char *path = shared_data(name);
    if (!path)
        return false;
    each_line(path, fn, NULL);
    return true;
}

#define NEED(there)                                                                                \
    do {                                                                                           \
        if (!(there)) {                                                                            \
            print_message("no recordings in the shared data\n");                                   \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static void test_spot_files_in_the_tree(void **state)
{
    (void)state;
    memset(&count, 0, sizeof count);
    each_line("tests/data/binance-spot-btcusdt-20240808.gz", l2_line, NULL);
    each_line("tests/data/binance-spot-btcusdt-20240809.gz", l2_line, NULL);
    assert_int_equal(count.err[ERR_OK], count.total);
    assert_int_equal(count.kind[BINANCE_TRADE], 19904);
    assert_int_equal(count.kind[BINANCE_BOOK_TICKER], 73174);
    assert_int_equal(count.kind[BINANCE_DEPTH], 6495);
    assert_int_equal(count.kind[BINANCE_PARTIAL_DEPTH], 1);
}

static void test_spot_recordings_decode(void **state)
{
    (void)state;
    NEED(read_all("recordings/binance-spot-2021-10-12.jsonl.gz", session_line));
    assert_int_equal(count.total, 265);
    assert_int_equal(count.err[ERR_OK], 265);
    assert_int_equal(count.kind[BINANCE_DEPTH], 177);
    assert_int_equal(count.kind[BINANCE_BOOK_TICKER], 84);
    assert_int_equal(count.kind[BINANCE_AGG_TRADE], 2);
    assert_int_equal(count.kind[BINANCE_KLINE], 2);
}

static void test_futures_recordings_are_unsupported(void **state)
{
    (void)state;
    NEED(read_all("recordings/binance-usdm-2021-07-22.jsonl.gz", session_line));
    assert_int_equal(count.total, 1535);
    assert_int_equal(count.err[ERR_UNSUPPORTED], count.total);
    NEED(read_all("l2/binance-usdm-btcusdt-20240808.gz", l2_line));
    assert_int_equal(count.total, 6551 + 66089 + 21313 + 1);
    assert_int_equal(count.err[ERR_UNSUPPORTED], count.total);
    NEED(read_all("l2/binance-cm-btcusd-perp-20240808.gz", l2_line));
    assert_int_equal(count.total, 26847 + 19136 + 2286 + 1);
    assert_int_equal(count.err[ERR_UNSUPPORTED], count.total);
}

/* ---- single messages and answers ---- */

static char *file_text(const char *name, size_t *len)
{
    const char *path = shared_data(name);
    if (!path)
        return NULL;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static char text[1 << 20];
    *len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[*len] = 0;
    return text;
}

static void ignore_symbol(void *ctx, const struct binance_symbol *s)
{
    unsigned *n = ctx;
    *n += dec_is_pos(s->rules.tick_size);
}

static void test_collected_messages(void **state)
{
    (void)state;
    const struct {
        const char *name;
        enum err err;
        enum binance_kind kind;
    } FILES[] = {
        {"py-ws_messages/ws_spot_agg_trade.json", ERR_OK, BINANCE_AGG_TRADE},
        {"py-ws_messages/ws_spot_ticker_24hr.json", ERR_OK, BINANCE_STATISTICS},
        {"spot/http_json/depth_response.json", ERR_OK, BINANCE_PARTIAL_DEPTH},
        {"futures/market_data_json/agg_trade_stream.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/book_ticker_stream.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/depth_update_stream.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/kline_stream_closed.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/kline_stream_open.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/mark_price_stream.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/ticker_stream.json", ERR_UNSUPPORTED, 0},
        {"futures/market_data_json/trade_stream.json", ERR_UNSUPPORTED, 0},
        {"py-ws_messages/ws_futures_depth_update.json", ERR_UNSUPPORTED, 0},
        {"py-ws_messages/ws_futures_algo_update_triggering.json", ERR_UNSUPPORTED, 0},
        {"py-ws_messages/ws_futures_order_update_adl.json", ERR_UNSUPPORTED, 0},
        {"py-ws_messages/ws_spot_execution_report_trade.json", ERR_UNSUPPORTED, 0},
        {"py-ws_messages/ws_spot_execution_report_new.json", ERR_UNSUPPORTED, 0},
        {"futures/user_data_json/account_update.json", ERR_UNSUPPORTED, 0},
        {"futures/user_data_json/order_update_trade.json", ERR_UNSUPPORTED, 0},
        {"spot/user_data_json/balance_update.json", ERR_UNSUPPORTED, 0},
        {"spot/user_data_json/account_position.json", ERR_UNSUPPORTED, 0},
        {"spot/user_data_json/execution_report_wrapped.json", ERR_UNSUPPORTED, 0},
        {"spot/user_data_json/list_status_wrapped.json", ERR_UNSUPPORTED, 0},
    };
    for (unsigned i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        char name[256];
        size_t len;
        snprintf(name, sizeof name, "exchange-messages/binance/nautilus/%s", FILES[i].name);
        const char *text = file_text(name, &len);
        NEED(text);
        struct binance_message m;
        enum err e = binance_spot_decode(text, len, levels, LEVELS, &m);
        if (e != FILES[i].err || (!e && m.kind != FILES[i].kind))
            fail_msg("%s: %s", FILES[i].name, err_name(e));
    }
}

static void test_collected_answers(void **state)
{
    (void)state;
    const char *const BASE = "exchange-messages/binance/nautilus/";
    char name[256];
    size_t len;
    unsigned n = 0;
    int64_t t;
    snprintf(name, sizeof name, "%spy-http_responses/http_spot_market_exchange_info.json", BASE);
    const char *text = file_text(name, &len);
    NEED(text);
    assert_int_equal(binance_spot_decode_exchange_info(text, len, ignore_symbol, &n, &t), ERR_OK);
    assert_int_equal(n, 2);
    n = 0;
    snprintf(name, sizeof name, "%sspot/http_json/exchange_info_response.json", BASE);
    text = file_text(name, &len);
    assert_int_equal(binance_spot_decode_exchange_info(text, len, ignore_symbol, &n, &t), ERR_OK);
    assert_int_equal(n, 1);
    snprintf(name, sizeof name, "%spy-http_responses/http_futures_market_exchange_info.json", BASE);
    text = file_text(name, &len);
    assert_int_equal(binance_spot_decode_exchange_info(text, len, ignore_symbol, &n, &t),
                     ERR_UNSUPPORTED);
    snprintf(name, sizeof name, "%sspot/http_json/server_time_response.json", BASE);
    text = file_text(name, &len);
    assert_int_equal(binance_spot_decode_time(text, len, &t), ERR_OK);
    snprintf(name, sizeof name, "%spy-http_responses/http_spot_market_klines.json", BASE);
    text = file_text(name, &len);
    struct binance_kline k[64];
    uint32_t klines;
    assert_int_equal(binance_spot_decode_klines(text, len, k, 64, &klines), ERR_OK);
    assert_true(klines > 1 && k[1].open_ns == k[0].close_ns);
}

/* ---- the venue's documentation ---- */

struct docs {
    unsigned streams, foreign;
};

static void docs_line(void *ctx, char *line, size_t len)
{
    struct docs *d = ctx;
    cJSON *o = cJSON_ParseWithLength(line, len);
    assert_non_null(o);
    const char *doc = cJSON_GetObjectItem(o, "doc")->valuestring;
    const cJSON *json = cJSON_GetObjectItem(o, "json");
    char *text = cJSON_PrintUnformatted(json);
    assert_non_null(text);
    struct binance_message m;
    enum err e = binance_spot_decode(text, strlen(text), levels, LEVELS, &m);
    const bool request = cJSON_GetObjectItem(json, "method") != NULL;
    if (strcmp(doc, "web-socket-streams.md") == 0) {
        if (e != (request ? ERR_UNKNOWN : ERR_OK))
            fail_msg("%s: %s", text, err_name(e));
        d->streams += !request;
    } else if (strcmp(doc, "user-data-stream.md") == 0 || strcmp(doc, "web-socket-api.md") == 0) {
        /* Some examples there are fragments, which nothing can know. */
        if (e != ERR_UNSUPPORTED && e != ERR_UNKNOWN)
            fail_msg("%s: %s", text, err_name(e));
        d->foreign++;
    } else if (!e && m.kind != BINANCE_PARTIAL_DEPTH && m.kind != BINANCE_RESPONSE) {
        fail_msg("%s was taken for market data", text);
    }
    free(text);
    cJSON_Delete(o);
}

static void test_documented_messages(void **state)
{
    (void)state;
    const char *path = shared_data("exchange-messages/binance/docs-spot-a.jsonl");
    NEED(path);
    struct docs d = {0};
    each_line(path, docs_line, &d);
    assert_int_equal(d.streams, 9);
    assert_int_equal(d.foreign, 87);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spot_files_in_the_tree),
        cmocka_unit_test(test_spot_recordings_decode),
        cmocka_unit_test(test_futures_recordings_are_unsupported),
        cmocka_unit_test(test_collected_messages),
        cmocka_unit_test(test_collected_answers),
        cmocka_unit_test(test_documented_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

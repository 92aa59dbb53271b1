/* Recorded sessions of the venue, through codec and session into books: the end of each must be
 * exactly the one that was computed independently (replay-expected.json). */
#include "desk.h"

#include "venue/binance_spot_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

/* ---- the l2 files: "<local ns> <message>", snapshots among them ---- */

struct replay {
    struct desk desk;
    int64_t first_ns;
    uint64_t depths;    /* messages seen */
    uint64_t ticker_id; /* of the newest bookTicker */
    uint64_t snapshots;
};

static void l2_line(void *ctx, char *line, size_t len)
{
    struct replay *r = ctx;
    char *message = strchr(line, ' ');
    assert_non_null(message);
    const int64_t ts = strtoll(line, NULL, 10);
    message++;
    if (r->first_ns == 0)
        r->first_ns = ts;
    desk_run_to(&r->desk, 1000 * DESK_S + (ts - r->first_ns));
    len -= (size_t)(message - line);
    if (strncmp(message, "{\"lastUpdateId\"", 15) == 0) {
        assert_non_null(strstr(r->desk.path, "/api/v3/depth?symbol=BTCUSDT&limit="));
        desk_answer_n(&r->desk, 200, -1, message, len);
        r->snapshots++;
        return;
    }
    r->depths += strstr(message, "\"depthUpdate\"") != NULL;
    if (strstr(message, "@bookTicker"))
        r->ticker_id = strtoull(strstr(message, "\"u\":") + 4, NULL, 10);
    desk_say_n(&r->desk, message, len);
}

static void assert_dec(dec is, const char *text)
{
    char out[DEC_TEXT_MAX];
    dec_format(is, out);
    if (!dec_eq(is, dec_lit(text)))
        fail_msg("%s instead of %s", out, text);
}

static void assert_level(const struct level *l, const char *price, const char *qty)
{
    assert_non_null(l);
    assert_dec(l->price, price);
    assert_dec(l->qty, qty);
}

static void replay_l2(struct replay *r)
{
    desk_open(&r->desk, (const char *const[]){"BTC-USDT", NULL});
    r->desk.cross_check = true;
    desk_up(&r->desk);
    each_line("tests/data/binance-spot-btcusdt-20240808.gz", l2_line, r);
    each_line("tests/data/binance-spot-btcusdt-20240809.gz", l2_line, r);
}

/* The figures of replay-expected.json, for a tree without it. */
static void test_the_recording_in_the_tree(void **state)
{
    (void)state;
    static struct replay r;
    memset(&r, 0, sizeof r);
    replay_l2(&r);
    const struct desk_market *m = &r.desk.market[0];
    assert_int_equal(m->snapshots, 1);
    assert_int_equal(m->deltas, 6493);
    assert_int_equal(r.depths - m->deltas, 2);
    assert_int_equal(m->trades, 19904);
    assert_int_equal(m->tops, 73174);
    assert_dec(m->trade_qty, "437.91552");
    assert_true(m->last_update_id == UINT64_C(50093696318));
    assert_true(m->trade.trade_id == UINT64_C(3735703162));
    assert_dec(m->trade.price, "61602.02");
    assert_dec(m->trade.qty, "0.00536");
    assert_true(r.ticker_id == UINT64_C(50093696317));
    assert_dec(m->top.bid_price, "61602.01");
    assert_dec(m->top.ask_price, "61602.02");
    static const char *const BID[][2] = {{"61602.01", "1.67177"},
                                         {"61602.00", "0.09122"},
                                         {"61601.75", "0.03197"},
                                         {"61601.59", "0.00009"},
                                         {"61601.58", "0.32456"}};
    static const char *const ASK[][2] = {{"61602.02", "2.66795"},
                                         {"61602.79", "0.00019"},
                                         {"61602.80", "0.26021"},
                                         {"61603.50", "0.06490"},
                                         {"61604.00", "0.09020"}};
    for (uint32_t i = 0; i < 5; i++) {
        assert_level(book_nth(&m->book.bid, i), BID[i][0], BID[i][1]);
        assert_level(book_nth(&m->book.ask, i), ASK[i][0], ASK[i][1]);
    }
    const struct session_stats st = desk_stats(&r.desk);
    assert_int_equal(st.gaps + st.crossed + st.malformed + st.unsupported + st.unknown + st.stale,
                     0);
    assert_int_equal(st.reconnects, 0);
    assert_int_equal(st.resyncs, 1);
    assert_int_equal(st.messages, r.depths + m->trades + m->tops);
    assert_int_equal(st.state, SESSION_LIVE);
    assert_int_equal(m->feed, FEED_LIVE);
    assert_int_equal(m->feeds, 2); /* invalid at the start, then live throughout */
    desk_close(&r.desk);
}

/* ---- replay-expected.json ---- */

static cJSON *expected(const char *name)
{
    const char *path = shared_data("replay-expected.json");
    if (!path)
        return NULL;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static char text[1 << 20];
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    cJSON *all = cJSON_Parse(text);
    assert_non_null(all);
    cJSON *one = cJSON_DetachItemFromObject(cJSON_GetObjectItem(all, "files"), name);
    assert_non_null(one);
    cJSON_Delete(all);
    return one;
}

/* The expected counts are small; ids are below 2^53, where a double is exact. */
static uint64_t count_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(o, key);
    assert_true(cJSON_IsNumber(v));
    return (uint64_t)v->valuedouble;
}
static const char *text_at(const cJSON *array, int i)
{
    const cJSON *v = cJSON_GetArrayItem(array, i);
    assert_true(cJSON_IsString(v));
    return v->valuestring;
}

static void compare_side(const struct book_side *side, const cJSON *levels)
{
    assert_int_equal(cJSON_GetArraySize(levels), 5);
    for (int i = 0; i < 5; i++) {
        const cJSON *l = cJSON_GetArrayItem(levels, i);
        assert_level(book_nth(side, (uint32_t)i), text_at(l, 0), text_at(l, 1));
    }
}

static void test_the_recording_against_expected_json(void **state)
{
    (void)state;
    cJSON *x = expected("l2/binance-spot-btcusdt: 20240808 then 20240809");
    if (!x) {
        print_message("no replay-expected.json in the shared data\n");
        skip();
    }
    static struct replay r;
    memset(&r, 0, sizeof r);
    replay_l2(&r);
    const struct desk_market *m = &r.desk.market[0];
    assert_int_equal(m->deltas, count_of(x, "depth_applied"));
    assert_int_equal(r.depths - m->deltas, count_of(x, "depth_dropped_before_snapshot"));
    assert_int_equal(desk_stats(&r.desk).gaps, count_of(x, "gaps"));
    assert_int_equal(m->trades, count_of(x, "trades"));
    assert_int_equal(m->tops, count_of(x, "bookTickers"));
    assert_dec(m->trade_qty, cJSON_GetObjectItem(x, "trade_qty")->valuestring);
    assert_true(m->last_update_id == count_of(x, "last_update_id"));
    const cJSON *last = cJSON_GetObjectItem(x, "last_trade");
    assert_true((double)m->trade.trade_id == cJSON_GetArrayItem(last, 0)->valuedouble);
    assert_dec(m->trade.price, text_at(last, 1));
    assert_dec(m->trade.qty, text_at(last, 2));
    last = cJSON_GetObjectItem(x, "last_bookTicker");
    assert_true((double)r.ticker_id == cJSON_GetArrayItem(last, 0)->valuedouble);
    assert_dec(m->top.bid_price, text_at(last, 1));
    assert_dec(m->top.ask_price, text_at(last, 2));
    compare_side(&m->book.bid, cJSON_GetObjectItem(x, "final_bids"));
    compare_side(&m->book.ask, cJSON_GetObjectItem(x, "final_asks"));
    desk_close(&r.desk);
    cJSON_Delete(x);
}

/* ---- the session of 2021: four instruments, answers recorded with their times ---- */

struct answer {
    int64_t ts_ns;
    char symbol[32];
    char *body;
};
struct session_2021 {
    struct desk desk;
    struct answer answer[8];
    uint32_t answers;
    char *rules;
    int64_t first_ns;
    uint64_t depths, other;
};

static int64_t ns_of(double seconds)
{
    return (int64_t)(seconds * 1e6) * 1000;
}

/* Hands out every recorded answer that is due and asked for. */
static void answer_due(struct session_2021 *r)
{
    for (bool again = true; again && r->desk.request;) {
        again = false;
        if (strstr(r->desk.path, "exchangeInfo")) {
            desk_answer(&r->desk, 200, -1, r->rules);
            again = true;
            continue;
        }
        for (uint32_t i = 0; i < r->answers && !again; i++) {
            char wanted[64];
            snprintf(wanted, sizeof wanted, "symbol=%s&", r->answer[i].symbol);
            if (strstr(r->desk.path, wanted) &&
                r->desk.mono_ns >= 1000 * DESK_S + r->answer[i].ts_ns - r->first_ns) {
                desk_answer(&r->desk, 200, -1, r->answer[i].body);
                again = true;
            }
        }
    }
}

static void answers_line(void *ctx, char *line, size_t len)
{
    struct session_2021 *r = ctx;
    cJSON *o = cJSON_ParseWithLength(line, len);
    assert_non_null(o);
    const char *t = cJSON_GetObjectItem(o, "t")->valuestring;
    if (strcmp(t, "http") == 0) {
        const char *url = cJSON_GetObjectItem(o, "url")->valuestring;
        const char *data = cJSON_GetObjectItem(o, "data")->valuestring;
        const char *symbol = strstr(url, "symbol=");
        if (symbol) {
            struct answer *a = &r->answer[r->answers++];
            a->ts_ns = ns_of(cJSON_GetObjectItem(o, "ts")->valuedouble);
            a->body = strdup(data);
            snprintf(a->symbol, sizeof a->symbol, "%.*s", (int)strcspn(symbol + 7, "&"),
                     symbol + 7);
        } else {
            r->rules = strdup(data);
        }
    }
    cJSON_Delete(o);
}

static void messages_line(void *ctx, char *line, size_t len)
{
    struct session_2021 *r = ctx;
    cJSON *o = cJSON_ParseWithLength(line, len);
    const char *t = cJSON_GetObjectItem(o, "t")->valuestring;
    if (strcmp(t, "recv") == 0) {
        const char *data = cJSON_GetObjectItem(o, "data")->valuestring;
        const int64_t ts = ns_of(cJSON_GetObjectItem(o, "ts")->valuedouble);
        if (r->first_ns == 0)
            r->first_ns = ts;
        desk_run_to(&r->desk, 1000 * DESK_S + ts - r->first_ns);
        answer_due(r);
        r->depths += strstr(data, "\"depthUpdate\"") != NULL;
        r->other += strstr(data, "@kline") || strstr(data, "@aggTrade");
        desk_say_n(&r->desk, data, strlen(data));
        answer_due(r);
    }
    cJSON_Delete(o);
}

static void test_the_session_of_2021(void **state)
{
    (void)state;
    const char *path = shared_data("recordings/binance-spot-2021-10-12.jsonl.gz");
    cJSON *x = path ? expected("recordings/binance-spot-2021-10-12") : NULL;
    path = path ? shared_data("recordings/binance-spot-2021-10-12.jsonl.gz") : NULL;
    if (!x) {
        print_message("no recordings in the shared data\n");
        skip();
    }
    static struct session_2021 r;
    memset(&r, 0, sizeof r);
    desk_open(&r.desk, (const char *const[]){"NKN-USDT", "BLZ-ETH", "LRC-BTC", "RUNE-EUR", NULL});
    each_line(path, answers_line, &r);
    assert_int_equal(r.answers, 4);
    desk_start(&r.desk);
    desk_connected(&r.desk);
    answer_due(&r);
    each_line(path, messages_line, &r);
    for (int i = 0; i < 20 && r.desk.request; i++) { /* RUNEEUR's answer is due after its diffs */
        desk_run(&r.desk, DESK_S);
        answer_due(&r);
    }

    const cJSON *counts = cJSON_GetObjectItem(x, "messages");
    const cJSON *final = cJSON_GetObjectItem(x, "final");
    uint64_t deltas = 0, tops = 0;
    for (uint32_t i = 0; i < 4; i++) {
        const struct desk_market *m = &r.desk.market[i];
        char symbol[32];
        assert_int_equal(binance_spot_symbol(r.desk.setup->instrument[i].symbol, symbol), ERR_OK);
        const cJSON *want = cJSON_GetObjectItem(final, symbol);
        assert_non_null(want);
        assert_int_equal(m->rule_events, 1);
        assert_int_equal(m->rules.status, INSTRUMENT_TRADING);
        assert_true(m->book_valid && m->feed != FEED_INVALID);
        assert_int_equal(m->snapshots, 1);
        assert_true(m->last_update_id == count_of(want, "last_update_id"));
        compare_side(&m->book.bid, cJSON_GetObjectItem(want, "bids"));
        compare_side(&m->book.ask, cJSON_GetObjectItem(want, "asks"));
        deltas += m->deltas;
        tops += m->tops;
    }
    assert_int_equal(r.depths, count_of(counts, "depthUpdate"));
    assert_int_equal(tops, count_of(counts, "bookTicker"));
    assert_int_equal(r.depths - deltas, count_of(x, "dropped"));
    assert_int_equal(desk_stats(&r.desk).gaps, count_of(x, "gaps"));
    assert_int_equal(r.other, count_of(counts, "aggTrade") + count_of(counts, "kline"));
    assert_int_equal(desk_stats(&r.desk).unknown, r.other); /* nobody asked for those */
    /* What the venue said of NKNUSDT on that day. */
    assert_dec(r.desk.market[0].rules.tick_size, "0.0001");
    assert_dec(r.desk.market[0].rules.lot_size, "1");
    assert_dec(r.desk.market[0].rules.min_notional, "10");
    for (uint32_t i = 0; i < r.answers; i++)
        free(r.answer[i].body);
    free(r.rules);
    desk_close(&r.desk);
    cJSON_Delete(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_recording_in_the_tree),
        cmocka_unit_test(test_the_recording_against_expected_json),
        cmocka_unit_test(test_the_session_of_2021),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

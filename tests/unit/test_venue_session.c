/* The Binance Spot session: books in step or not used, feeds live, stale or invalid. */
#include "desk.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const BTC[] = {"BTC-USDT", NULL};
static const char *const BTC_ETH[] = {"BTC-USDT", "ETH-USDT", NULL};

static void say_trade(struct desk *d, uint64_t id, int64_t ts_ms, bool buyer_is_maker)
{
    desk_say(
        d,
        "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":%lld,\"s\":\"BTCUSDT\","
        "\"t\":%llu,\"p\":\"100.00000000\",\"q\":\"0.50000000\",\"T\":%lld,\"m\":%s,\"M\":true}}",
        (long long)ts_ms + 1, (unsigned long long)id, (long long)ts_ms,
        buyer_is_maker ? "true" : "false");
}

static void say_top(struct desk *d, uint64_t u)
{
    desk_say(d,
             "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":%llu,\"s\":\"BTCUSDT\",\"b\":"
             "\"99.00000000\",\"B\":\"1.00000000\",\"a\":\"101.00000000\",\"A\":\"2.00000000\"}}",
             (unsigned long long)u);
}

/* ---- the way to live ---- */

static void test_live_needs_rules_and_a_book(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    assert_int_equal(d.market[0].feed, FEED_INVALID); /* told at once: nothing older counts */
    assert_string_equal(d.url, "wss://stream.example:9443/stream?streams=btcusdt@trade/"
                               "btcusdt@bookTicker/btcusdt@depth@100ms");
    assert_string_equal(d.path, "/api/v3/exchangeInfo?showPermissionSets=false&symbol=BTCUSDT");
    const uint32_t rules_request = d.request;
    desk_connected(&d);
    assert_int_equal(desk_stats(&d).state, SESSION_SUBSCRIBING);
    desk_depth(&d, "BTCUSDT", 100, 110);
    assert_int_equal(desk_stats(&d).state, SESSION_LIVE);
    assert_int_equal(d.request, rules_request); /* one request at a time */
    desk_answer_rules(&d);
    assert_int_equal(d.market[0].rule_events, 1);
    assert_true(dec_eq(d.market[0].rules.tick_size, dec_lit("0.01")));
    assert_string_equal(d.path, "/api/v3/depth?symbol=BTCUSDT&limit=1000");
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    const int64_t payload_ns = d.wall_ns;
    desk_run(&d, 50 * DESK_MS);
    desk_answer_book(&d, 105);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_true(d.market[0].ts_last_ns == payload_ns); /* no time that no payload had */
    assert_int_equal(d.market[0].snapshots, 1);
    assert_int_equal(d.market[0].deltas, 1); /* [100,110] goes beyond 105 */
    assert_true(d.market[0].last_update_id == 110);
    desk_close(&d);
}

static void test_the_book_may_come_before_the_rules(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    desk_connected(&d);
    desk_answer(&d, 500, -1, "");
    desk_depth(&d, "BTCUSDT", 100, 110);
    desk_run(&d, 2 * DESK_S);
    /* The rules are due first. */
    assert_non_null(strstr(d.path, "exchangeInfo"));
    desk_answer_rules(&d);
    desk_answer_book(&d, 110);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_close(&d);
}

static void test_trades_and_tops_become_events(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const int64_t ms = d.wall_ns / DESK_MS;
    say_trade(&d, 7, ms, true);
    assert_int_equal(d.newest.kind, EVENT_TRADE);
    assert_int_equal(d.newest.trade.aggressor, SIDE_SELL);
    assert_true(d.newest.ts_event_ns == ms * DESK_MS); /* T, not E */
    assert_true(d.newest.ts_recv_ns == d.wall_ns);
    assert_true(d.newest.trade.trade_id == 7);
    say_trade(&d, 8, ms + 5, false);
    assert_int_equal(d.newest.trade.aggressor, SIDE_BUY);
    say_top(&d, 111);
    assert_int_equal(d.newest.kind, EVENT_TOP);
    assert_true(d.newest.ts_event_ns == (ms + 6) * DESK_MS); /* newest known: E of the trade */
    assert_true(dec_eq(d.newest.top.ask_qty, dec_lit("2")));
    /* The venue's clock goes on between payloads. */
    assert_true(d.ops->venue_now_ns(d.session, d.mono_ns + 250 * DESK_MS) ==
                (ms + 6 + 250) * DESK_MS);
    desk_close(&d);
}

static void test_two_instruments_are_kept_apart(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC_ETH);
    desk_start(&d);
    assert_string_equal(d.path,
                        "/api/v3/exchangeInfo?showPermissionSets=false&symbols=%5B%22BTCUSDT"
                        "%22,%22ETHUSDT%22%5D");
    desk_connected(&d);
    desk_answer_rules(&d);
    desk_depth(&d, "ETHUSDT", 10, 12);
    desk_depth(&d, "BTCUSDT", 100, 110);
    assert_non_null(strstr(d.path, "ETHUSDT"));
    desk_answer_book(&d, 11);
    assert_int_equal(d.market[1].feed, FEED_LIVE);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_non_null(strstr(d.path, "BTCUSDT"));
    desk_answer_book(&d, 105);
    desk_depth(&d, "BTCUSDT", 120, 121); /* gap */
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_int_equal(d.market[1].feed, FEED_LIVE);
    desk_close(&d);
}

/* ---- sequence ---- */

static void test_differences_at_the_edge_of_the_snapshot(void **state)
{
    (void)state;
    const struct {
        uint64_t first, last, snapshot;
        bool live, applied;
    } CASE[] = {
        {100, 110, 98, false, false},                               /* 99 is missing */
        {100, 110, 99, true, true},                                 /* U = lastUpdateId + 1 */
        {100, 110, 109, true, true},  {100, 110, 110, true, false}, /* u = lastUpdateId: had */
        {100, 110, 500, true, false},
    };
    for (unsigned i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        struct desk d;
        desk_open(&d, BTC);
        desk_up(&d);
        desk_depth(&d, "BTCUSDT", CASE[i].first, CASE[i].last);
        desk_answer_book(&d, CASE[i].snapshot);
        assert_int_equal(d.market[0].feed == FEED_LIVE, CASE[i].live);
        assert_int_equal(d.market[0].deltas, CASE[i].applied);
        desk_close(&d);
    }
}

/* A snapshot that is newer than everything kept: the first difference behind it must go on there.
 */
static void test_the_first_difference_behind_the_snapshot(void **state)
{
    (void)state;
    const struct {
        uint64_t first, last;
        bool live, applied;
    } CASE[] = {
        {111, 200, true, false}, /* had */
        {150, 201, true, true},  /* overlaps: U <= lastUpdateId + 1 <= u */
        {201, 203, true, true},
        {202, 203, false, false}, /* 201 is missing */
    };
    for (unsigned i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        struct desk d;
        desk_open(&d, BTC);
        desk_up(&d);
        desk_depth(&d, "BTCUSDT", 100, 110);
        desk_answer_book(&d, 200);
        desk_depth(&d, "BTCUSDT", CASE[i].first, CASE[i].last);
        assert_int_equal(d.market[0].feed == FEED_LIVE, CASE[i].live);
        assert_int_equal(d.market[0].deltas, CASE[i].applied);
        desk_close(&d);
    }
}

static void test_a_snapshot_older_than_the_buffer_is_fetched_again_once_a_second(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_up(&d);
    desk_depth(&d, "BTCUSDT", 100, 110);
    const int64_t asked = d.mono_ns;
    desk_answer_book(&d, 50);
    assert_int_equal(d.request, 0);
    assert_int_equal(d.market[0].snapshots, 0);
    desk_run_to(&d, asked + DESK_S - 1);
    desk_depth(&d, "BTCUSDT", 111, 112);
    assert_int_equal(d.request, 0);
    desk_run_to(&d, asked + DESK_S * 3 / 2);
    assert_int_not_equal(d.request, 0);
    desk_answer_book(&d, 111);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_int_equal(d.market[0].deltas, 1);
    desk_close(&d);
}

static void test_a_gap_invalidates_and_resyncs(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_run(&d, 5 * DESK_S);
    desk_depth(&d, "BTCUSDT", 112, 115); /* 111 is missing */
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_int_equal(d.newest.kind, EVENT_FEED);
    assert_int_equal(desk_stats(&d).gaps, 1);
    assert_non_null(strstr(d.log, "BTC-USDT: gap"));
    desk_depth(&d, "BTCUSDT", 116, 117);
    assert_int_equal(d.market[0].deltas, 1); /* only the one from before */
    assert_int_not_equal(d.request, 0);      /* at once: the last snapshot is 5 s old */
    desk_answer_book(&d, 115);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_int_equal(d.market[0].deltas, 2);
    assert_true(d.market[0].last_update_id == 117);
    assert_int_equal(desk_stats(&d).resyncs, 2);
    desk_close(&d);
}

static void test_gaps_do_not_fetch_more_than_once_a_second(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const uint32_t before = d.requests;
    const int64_t begin = d.mono_ns;
    uint64_t id = 200;
    while (d.mono_ns < begin + 60 * DESK_S) {
        desk_depth(&d, "BTCUSDT", id, id); /* every one behind a gap */
        if (d.request)
            desk_answer_book(&d, id);
        id += 10;
        desk_run(&d, 100 * DESK_MS);
    }
    const uint32_t requests = d.requests - before;
    assert_in_range(requests, 60 * 2 / 3, 60); /* each 1 s to 1.5 s */
    desk_close(&d);
}

static void test_repetition_and_reorder(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_depth(&d, "BTCUSDT", 111, 112);
    assert_int_equal(d.market[0].deltas, 2);
    desk_depth(&d, "BTCUSDT", 111, 112); /* exactly the same again: nothing new in it */
    assert_int_equal(d.market[0].deltas, 2);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_run(&d, 2 * DESK_S);
    desk_depth(&d, "BTCUSDT", 115, 116); /* before 113 to 114 */
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_depth(&d, "BTCUSDT", 113, 114);
    desk_answer_book(&d, 114);
    assert_int_equal(d.market[0].feed, FEED_LIVE); /* the book as of 114, and ... */
    desk_depth(&d, "BTCUSDT", 117, 118);
    assert_int_equal(d.market[0].feed, FEED_INVALID); /* ... not one without 115 to 116 */
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 118);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_close(&d);
}

static void test_what_is_partly_old_is_not_trusted(void **state)
{
    (void)state;
    const uint64_t CASE[][2] = {{110, 112}, {100, 111}, {105, 110}, {90, 99}, {1, UINT64_MAX}};
    for (unsigned i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        struct desk d;
        desk_open(&d, BTC);
        desk_live(&d); /* [100,110] was applied */
        desk_depth(&d, "BTCUSDT", CASE[i][0], CASE[i][1]);
        if (d.market[0].feed != FEED_INVALID)
            fail_msg("[%llu,%llu]", (unsigned long long)CASE[i][0], (unsigned long long)CASE[i][1]);
        desk_close(&d);
    }
}

/* A last id that is too large would make all that follows look old. */
static void test_a_damaged_id_cannot_make_the_book_deaf(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_depth(&d, "BTCUSDT", 111, UINT64_C(1) << 60);
    assert_int_equal(d.market[0].feed, FEED_LIVE); /* it is in order as far as one can see */
    desk_depth(&d, "BTCUSDT", 113, 114);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_close(&d);

    /* The same in a snapshot: after 100 differences that it should have had. */
    desk_open(&d, BTC);
    desk_up(&d);
    desk_depth(&d, "BTCUSDT", 100, 110);
    desk_answer_book(&d, UINT64_C(1) << 60);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(d.market[0].feed, FEED_LIVE);
        desk_depth(&d, "BTCUSDT", 111 + i, 111 + i);
    }
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_depth(&d, "BTCUSDT", 211, 211);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_close(&d);
}

/* The ways in which a delta is damaged: [from] becomes [to], or nothing is left but [to]. */
static const struct {
    const char *from, *to;
} DAMAGE[] = {
    {"\"99.0\"", "\"99.0x\""},
    {"\"99.0\"", "\"-99.0\""},
    {"\"99.0\"", "\"0.0\""},
    {"\"99.0\"", "99.0"},
    {"\"E\":1", "\"E\":9"},
    {"\"E\":1", "\"E\":\"1"},
    {"\"u\":", "\"u\":\"\","},
    {"\"u\":", "\"v\":"},
    {"\"s\":", "\"s\":null,\"S\":"},
    {"[[", "["},
    {"]}", "]"},
    {"", ""},
    {"", "\x80\xff garbage"},
    {"", "{\"e\":\"depthUpdate\""},
};

static void say_damaged(struct desk *d, uint64_t id, unsigned how)
{
    char text[512], damaged[512];
    snprintf(text, sizeof text,
             "{\"e\":\"depthUpdate\",\"E\":1723161255000,\"s\":\"BTCUSDT\",\"U\":%llu,\"u\":%llu,"
             "\"b\":[[\"99.0\",\"1.0\"]],\"a\":[]}",
             (unsigned long long)id, (unsigned long long)id);
    const char *at = strstr(text, DAMAGE[how].from);
    assert_non_null(at);
    if (*DAMAGE[how].from)
        snprintf(damaged, sizeof damaged, "%.*s%s%s", (int)(at - text), text, DAMAGE[how].to,
                 at + strlen(DAMAGE[how].from));
    else
        snprintf(damaged, sizeof damaged, "%s", DAMAGE[how].to);
    desk_say_n(d, damaged, strlen(damaged));
}

/* Delta [k] of a run of ten is damaged in each way; afterwards a snapshot heals the book. */
static void test_a_damaged_delta_at_each_index(void **state)
{
    (void)state;
    for (unsigned how = 0; how < sizeof DAMAGE / sizeof DAMAGE[0]; how++) {
        for (uint64_t k = 0; k < 10; k++) {
            struct desk d;
            desk_open(&d, BTC);
            desk_live(&d);
            desk_run(&d, 2 * DESK_S);
            for (uint64_t i = 0; i < 10; i++) {
                if (i == k)
                    say_damaged(&d, 111 + i, how);
                else
                    desk_depth(&d, "BTCUSDT", 111 + i, 111 + i);
            }
            const struct session_stats st = desk_stats(&d);
            assert_int_equal(st.malformed, 1);
            assert_int_equal(st.gaps, k < 9); /* the last one is missed by nobody yet */
            assert_int_equal(d.market[0].deltas, 1 + k);
            desk_depth(&d, "BTCUSDT", 121, 121);
            assert_int_equal(d.market[0].feed, FEED_INVALID);
            desk_answer_book(&d, 121);
            assert_int_equal(d.market[0].feed, FEED_LIVE);
            desk_close(&d);
        }
    }
}

/* ---- what waits for a snapshot ---- */

static void test_the_buffer_at_its_limit_of_differences(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_up(&d);
    /* 512 are kept; of 513 the first is dropped, and a snapshot must then reach the second. */
    for (uint64_t i = 1; i <= 512; i++)
        desk_depth(&d, "BTCUSDT", i, i);
    desk_answer_book(&d, 0);
    assert_int_equal(d.market[0].deltas, 512);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_close(&d);

    desk_open(&d, BTC);
    desk_up(&d);
    for (uint64_t i = 1; i <= 513; i++)
        desk_depth(&d, "BTCUSDT", i, i);
    desk_answer_book(&d, 0);
    assert_int_equal(d.market[0].snapshots, 0);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 1);
    assert_int_equal(d.market[0].deltas, 512);
    assert_true(d.market[0].last_update_id == 513);
    desk_close(&d);
}

/* One difference with [levels] levels, ids [id, id]: a bid at the price [id], asks
 * from 1000 * id on. */
static void say_wide(struct desk *d, uint64_t id, unsigned levels)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    fprintf(f,
            "{\"e\":\"depthUpdate\",\"E\":%lld,\"s\":\"BTCUSDT\",\"U\":%llu,\"u\":%llu,\"b\":["
            "[\"%llu\",\"7\"]],\"a\":[",
            (long long)(d->wall_ns / DESK_MS), (unsigned long long)id, (unsigned long long)id,
            (unsigned long long)id);
    for (unsigned i = 0; i < levels - 1; i++)
        fprintf(f, "%s[\"%u.00\",\"%llu\"]", i ? "," : "", 1000 * (unsigned)id + i,
                (unsigned long long)id);
    fprintf(f, "]}");
    assert_int_equal(fclose(f), 0);
    desk_say_n(d, text, len);
    free(text);
}

static void test_the_buffer_at_its_limit_of_levels(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_up(&d);
    say_wide(&d, 1, 4096);
    say_wide(&d, 2, 4096); /* 8192 in all: full */
    desk_answer_book(&d, 0);
    assert_int_equal(d.market[0].deltas, 2);
    assert_true(dec_eq(book_qty_at(&d.market[0].book.ask, dec_lit("1000")), dec_lit("1")));
    assert_true(dec_eq(book_qty_at(&d.market[0].book.ask, dec_lit("2000")), dec_lit("2")));
    desk_close(&d);

    desk_open(&d, BTC);
    desk_up(&d);
    say_wide(&d, 1, 4096);
    say_wide(&d, 2, 4096);
    say_wide(&d, 3, 2000); /* drops the first */
    desk_answer_book(&d, 0);
    assert_int_equal(d.market[0].snapshots, 0);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 1);
    assert_int_equal(d.market[0].deltas, 2);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_true(dec_is_zero(book_qty_at(&d.market[0].book.ask, dec_lit("1000"))));
    assert_true(dec_eq(book_qty_at(&d.market[0].book.ask, dec_lit("2000")), dec_lit("2")));
    assert_true(dec_eq(book_qty_at(&d.market[0].book.ask, dec_lit("3000")), dec_lit("3")));
    assert_true(dec_eq(book_qty_at(&d.market[0].book.ask, dec_lit("6094")), dec_lit("2")));
    for (int64_t id = 1; id <= 3; id++)
        assert_true(dec_eq(book_qty_at(&d.market[0].book.bid, dec_from_i64(id, 0)),
                           id == 1 ? DEC_ZERO : dec_lit("7")));
    desk_close(&d);

    desk_open(&d, BTC);
    desk_up(&d);
    say_wide(&d, 1, 1);
    say_wide(&d, 2, 8193); /* more than can wait: it is as if the stream began behind it */
    assert_int_equal(desk_stats(&d).malformed, 0);
    desk_answer_book(&d, 1);
    assert_int_equal(d.market[0].snapshots, 0);
    say_wide(&d, 3, 1);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 1);
    assert_int_equal(d.market[0].snapshots, 0);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 2);
    assert_int_equal(d.market[0].deltas, 1);
    desk_close(&d);
}

static void test_a_message_at_the_limit_of_levels(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    say_wide(&d, 111, 8000);
    assert_int_equal(d.market[0].deltas, 2);
    say_wide(&d, 112, 10001);
    assert_int_equal(desk_stats(&d).malformed, 1);
    assert_non_null(strstr(d.log, "dropped"));
    desk_depth(&d, "BTCUSDT", 113, 113);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_close(&d);
}

/* ---- crossed books ---- */

static void test_a_crossed_book_is_fetched_anew(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    d.cross_check = true;
    desk_live(&d);
    desk_run(&d, 2 * DESK_S);
    desk_say(&d,
             "{\"e\":\"depthUpdate\",\"E\":%lld,\"s\":\"BTCUSDT\",\"U\":111,\"u\":111,\"b\":[[\"101"
             "\",\"1\"]],\"a\":[]}",
             (long long)(d.wall_ns / DESK_MS));
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_int_equal(desk_stats(&d).crossed, 1);
    desk_depth(&d, "BTCUSDT", 112, 112);
    desk_answer_book(&d, 112);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    /* Outside of an event, too; a second complaint about the same is not counted. */
    d.ops->resync(d.session, 0, d.mono_ns);
    d.ops->resync(d.session, 0, d.mono_ns);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_int_equal(desk_stats(&d).crossed, 2);
    desk_close(&d);
}

/* The engine finds the book crossed while kept differences are being applied: the rest of them
 * must not follow. */
static void test_a_book_crossed_while_catching_up(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    d.cross_check = true;
    desk_up(&d);
    desk_depth(&d, "BTCUSDT", 100, 100);
    desk_say(&d,
             "{\"e\":\"depthUpdate\",\"E\":%lld,\"s\":\"BTCUSDT\",\"U\":101,\"u\":101,\"b\":[[\"102"
             "\",\"1\"]],\"a\":[]}",
             (long long)(d.wall_ns / DESK_MS));
    desk_depth(&d, "BTCUSDT", 102, 102);
    desk_answer_book(&d, 99);
    assert_int_equal(d.market[0].deltas, 2);
    assert_int_equal(d.market[0].feeds, 1); /* never called live */
    assert_int_equal(desk_stats(&d).crossed, 1);
    desk_depth(&d, "BTCUSDT", 103, 103);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 103);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_close(&d);
}

static void test_impossible_snapshots_are_refused(void **state)
{
    (void)state;
    const char *const BAD[] = {
        "{\"lastUpdateId\":110,\"bids\":[[\"101\",\"1\"]],\"asks\":[[\"101\",\"1\"]]}", /* crossed
                                                                                         */
        "{\"lastUpdateId\":110,\"bids\":[[\"99\",\"0\"]],\"asks\":[[\"101\",\"1\"]]}",  /* empty */
        "{\"lastUpdateId\":110,\"bids\":[[\"0\",\"1\"]],\"asks\":[[\"101\",\"1\"]]}",
        "{\"lastUpdateId\":110,\"bids\":[[\"99\",\"1\"]]}",
        "{\"lastUpdateId\":110,\"bids\":[[\"99\",\"1\"]],\"asks\":[[\"101\",\"1\"]",
        "{\"lastUpdateId\":110,\"E\":1,\"T\":1,\"bids\":[],\"asks\":[]}", /* futures */
        "<html>maintenance</html>",
        "",
        "{\"code\":-1003,\"msg\":\"Too many requests.\"}",
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct desk d;
        desk_open(&d, BTC);
        desk_up(&d);
        desk_depth(&d, "BTCUSDT", 100, 110);
        desk_answer(&d, 200, -1, BAD[i]);
        assert_int_equal(d.market[0].snapshots, 0);
        assert_int_equal(d.market[0].feed, FEED_INVALID);
        assert_true(d.log_bad);
        desk_run(&d, 2 * DESK_S);
        desk_answer_book(&d, 110);
        assert_int_equal(d.market[0].feed, FEED_LIVE);
        desk_close(&d);
    }
}

static void test_a_crossed_ticker_is_dropped(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_say(&d,
             "{\"u\":111,\"s\":\"BTCUSDT\",\"b\":\"101\",\"B\":\"1\",\"a\":\"101\",\"A\":\"1\"}");
    assert_int_equal(d.market[0].tops, 0);
    assert_int_equal(desk_stats(&d).malformed, 1);
    /* An empty side is no cross. */
    desk_say(&d, "{\"u\":111,\"s\":\"BTCUSDT\",\"b\":\"101\",\"B\":\"1\",\"a\":\"0\",\"A\":\"0\"}");
    assert_int_equal(d.market[0].tops, 1);
    assert_true(dec_is_zero(d.market[0].top.ask_price));
    desk_close(&d);
}

/* ---- staleness ---- */

static void test_stale_at_exactly_the_age_and_live_again(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const int64_t payload = d.mono_ns;
    desk_run_to(&d, payload + 10 * DESK_S - 1);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_run_to(&d, payload + 10 * DESK_S);
    assert_int_equal(d.market[0].feed, FEED_STALE);
    assert_int_equal(desk_stats(&d).stale, 1);
    assert_true(d.newest.ts_event_ns > INT64_C(1723161255) * DESK_S); /* venue time, going on */
    /* Control messages, other instruments' and malformed ones are no payload. */
    desk_say(&d, "{\"result\":null,\"id\":5}");
    desk_say(&d, "{\"u\":1,\"s\":\"ETHUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}");
    desk_say(&d, "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\"}");
    assert_int_equal(d.market[0].feed, FEED_STALE);
    /* The payload comes first: prices are new before the feed is live. */
    desk_depth(&d, "BTCUSDT", 111, 111);
    assert_int_equal(d.newest.kind, EVENT_FEED);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_int_equal(d.market[0].deltas, 2);
    desk_close(&d);
}

/* The process stood still, and the first thing it sees is not its timer: the feed was stale since
 * its own moment, which is told before all that is new. */
static void test_a_standstill_is_told_as_of_its_own_moment(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const int64_t venue_ns = d.ops->venue_now_ns(d.session, d.mono_ns);
    d.mono_ns += 25 * DESK_S; /* no timer fires */
    d.wall_ns += 25 * DESK_S;
    desk_say(&d, "{\"result\":null,\"id\":5}");
    assert_int_equal(d.newest.kind, EVENT_FEED);
    assert_int_equal(d.newest.feed, FEED_STALE);
    assert_int_equal(d.newest.ts_event_ns, venue_ns + 10 * DESK_S);
    desk_depth(&d, "BTCUSDT", 111, 111);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_int_equal(desk_stats(&d).stale, 1);
    desk_close(&d);
}

static void test_each_kind_of_payload_keeps_the_feed_live(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    for (uint64_t i = 0; i < 30; i++) {
        desk_run(&d, 9 * DESK_S);
        assert_int_equal(d.market[0].feed, FEED_LIVE);
        if (i % 3 == 0)
            desk_depth(&d, "BTCUSDT", 111 + i / 3, 111 + i / 3);
        else if (i % 3 == 1)
            say_top(&d, 100);
        else
            say_trade(&d, i, d.wall_ns / DESK_MS, true);
    }
    assert_int_equal(desk_stats(&d).stale, 0);
    desk_close(&d);
}

/* Prices move, but the depth stream is silent: the book is old although payload arrives. */
static void test_a_silent_depth_stream_is_noticed(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const int64_t begin = d.mono_ns;
    desk_run(&d, DESK_S);
    for (uint64_t i = 0; d.market[0].feed == FEED_LIVE && i < 100; i++) {
        say_top(&d, 120 + i);
        desk_run(&d, DESK_S / 2);
    }
    assert_int_equal(d.market[0].feed, FEED_STALE);
    assert_in_range(d.mono_ns - begin, 11 * DESK_S, 12 * DESK_S);
    for (uint64_t i = 0; d.up && i < 300; i++) {
        say_top(&d, 300 + i);
        desk_run(&d, DESK_S / 2);
    }
    assert_false(d.up); /* a new connection is the only way out */
    assert_in_range(d.mono_ns - begin, 61 * DESK_S, 72 * DESK_S);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_close(&d);
}

/* ---- time ---- */

static void test_a_jump_in_time_is_not_believed_at_once(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const int64_t ms = d.wall_ns / DESK_MS, day = 86400000;
    say_trade(&d, 1, ms + 2 * day, true);
    assert_int_equal(d.market[0].trades, 0);
    assert_int_equal(desk_stats(&d).malformed, 1);
    say_trade(&d, 2, ms, true);
    assert_int_equal(d.market[0].trades, 1);
    say_trade(&d, 3, ms + 2 * day, true);
    say_trade(&d, 4, ms + 2 * day, true);
    assert_int_equal(d.market[0].trades, 1);
    say_trade(&d, 5, ms + 2 * day, true); /* three in a row: so it is */
    assert_int_equal(d.market[0].trades, 2);
    /* A trade's own time cannot be far ahead of its message's. */
    desk_say(
        &d,
        "{\"e\":\"trade\",\"E\":%lld,\"s\":\"BTCUSDT\",\"t\":6,\"p\":\"1\",\"q\":\"1\",\"T\":%lld,"
        "\"m\":true,\"M\":true}",
        (long long)(ms + 2 * day), (long long)(ms + 2 * day + 1001));
    assert_int_equal(d.market[0].trades, 2);
    desk_close(&d);
}

/* ---- odd messages ---- */

static void test_dropped_messages_are_counted_by_why_and_logged_rarely(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const uint32_t logs = d.logs;
    const uint64_t events = desk_stats(&d).events;
    for (int i = 0; i < 1000; i++) {
        desk_say(&d, "{\"e\":\"newThing\",\"E\":1723161255000}");
        desk_say(&d, "{\"e\":\"markPriceUpdate\",\"E\":1723161255000,\"s\":\"BTCUSDT\"}");
        desk_say(&d, "{");
        desk_run(&d, 10 * DESK_MS);
    }
    const struct session_stats st = desk_stats(&d);
    assert_int_equal(st.unknown, 1000);
    assert_int_equal(st.unsupported, 1000);
    assert_int_equal(st.malformed, 1000);
    assert_int_equal(st.events - events, d.market[0].feed == FEED_STALE);
    assert_in_range(d.logs - logs, 1, 4); /* 10 s: the first, and one every 10 s (and stale) */
    desk_close(&d);
}

static void test_a_shutdown_message_moves_to_a_new_connection(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_run(&d, 2 * DESK_S);
    desk_say(&d, "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":%lld}}",
             (long long)(d.wall_ns / DESK_MS));
    assert_false(d.up);
    assert_int_equal(d.disconnects, 1);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_run(&d, DESK_S / 2);
    assert_true(d.want_connection);
    desk_close(&d);
}

/* ---- anything at all ---- */

/* Random orders of good, damaged and missing messages, answers, closings and complaints: the desk
 * asserts with every event that a book is whole where it is used. */
static void test_any_order_of_things(void **state)
{
    (void)state;
    const char *given = getenv("TRADEWIND_SEED");
    const uint64_t seed = given ? strtoull(given, NULL, 0) : 20240808;
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    uint64_t live = 0;
    for (uint64_t round = 0; round < 60; round++) {
        struct rng r;
        rng_seed(&r, seed + round);
        struct desk d;
        desk_open(&d, BTC_ETH);
        d.cross_check = true;
        desk_start(&d);
        uint64_t id[2] = {100, 100};
        for (int step = 0; step < 2000; step++) {
            const unsigned k = (unsigned)rng_below(&r, 2);
            const char *symbol = k ? "ETHUSDT" : "BTCUSDT";
            const uint64_t what = rng_below(&r, 100);
            if (!d.up) {
                if (d.want_connection && what < 50)
                    desk_connected(&d);
                else if (d.want_connection && what < 60)
                    desk_closed(&d);
            } else if (what < 60) {
                const uint64_t n = 1 + rng_below(&r, 5);
                desk_depth(&d, symbol, id[k], id[k] + n - 1);
                id[k] += n;
            } else if (what < 63) {
                id[k] += 1 + rng_below(&r, 3); /* lost */
            } else if (what < 66) {
                desk_depth(&d, symbol, id[k] - 1 - rng_below(&r, 4), id[k] + rng_below(&r, 4));
            } else if (what < 68) {
                desk_say(&d, "{\"e\":\"depthUpdate\",\"s\":\"%s\"", symbol);
                id[k]++;
            } else if (what < 70) {
                d.ops->resync(d.session, k, d.mono_ns);
            } else if (what < 71) {
                desk_closed(&d);
            } else if (what < 72) {
                desk_say(&d,
                         "{\"e\":\"depthUpdate\",\"E\":%lld,\"s\":\"%s\",\"U\":%llu,\"u\":%llu,"
                         "\"b\":[[\"102\",\"1\"]],\"a\":[]}",
                         (long long)(d.wall_ns / DESK_MS), symbol, (unsigned long long)id[k],
                         (unsigned long long)id[k]);
                id[k]++;
            } else if (what < 80) {
                say_top(&d, id[0]);
            }
            if (d.request && rng_below(&r, 10) < 3) {
                const uint64_t how = rng_below(&r, 10);
                const unsigned of = strstr(d.path, "ETHUSDT") ? 1 : 0;
                if (how == 0)
                    desk_answer(&d, 500, -1, "");
                else if (how == 1)
                    desk_answer(&d, 0, -1, "");
                else if (strstr(d.path, "exchangeInfo"))
                    desk_answer_rules(&d);
                else
                    desk_answer_book(&d, id[of] - rng_below(&r, 20));
            }
            live += d.market[0].feed == FEED_LIVE;
            desk_run(&d, (int64_t)rng_below(&r, 400) * DESK_MS);
        }
        desk_close(&d);
    }
    assert_true(live > 60 * 2000 / 20); /* and it does come to life */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live_needs_rules_and_a_book),
        cmocka_unit_test(test_the_book_may_come_before_the_rules),
        cmocka_unit_test(test_trades_and_tops_become_events),
        cmocka_unit_test(test_two_instruments_are_kept_apart),
        cmocka_unit_test(test_differences_at_the_edge_of_the_snapshot),
        cmocka_unit_test(test_the_first_difference_behind_the_snapshot),
        cmocka_unit_test(test_a_snapshot_older_than_the_buffer_is_fetched_again_once_a_second),
        cmocka_unit_test(test_a_gap_invalidates_and_resyncs),
        cmocka_unit_test(test_gaps_do_not_fetch_more_than_once_a_second),
        cmocka_unit_test(test_repetition_and_reorder),
        cmocka_unit_test(test_what_is_partly_old_is_not_trusted),
        cmocka_unit_test(test_a_damaged_id_cannot_make_the_book_deaf),
        cmocka_unit_test(test_a_damaged_delta_at_each_index),
        cmocka_unit_test(test_the_buffer_at_its_limit_of_differences),
        cmocka_unit_test(test_the_buffer_at_its_limit_of_levels),
        cmocka_unit_test(test_a_message_at_the_limit_of_levels),
        cmocka_unit_test(test_a_crossed_book_is_fetched_anew),
        cmocka_unit_test(test_a_book_crossed_while_catching_up),
        cmocka_unit_test(test_impossible_snapshots_are_refused),
        cmocka_unit_test(test_a_crossed_ticker_is_dropped),
        cmocka_unit_test(test_stale_at_exactly_the_age_and_live_again),
        cmocka_unit_test(test_a_standstill_is_told_as_of_its_own_moment),
        cmocka_unit_test(test_each_kind_of_payload_keeps_the_feed_live),
        cmocka_unit_test(test_a_silent_depth_stream_is_noticed),
        cmocka_unit_test(test_a_jump_in_time_is_not_believed_at_once),
        cmocka_unit_test(test_dropped_messages_are_counted_by_why_and_logged_rarely),
        cmocka_unit_test(test_a_shutdown_message_moves_to_a_new_connection),
        cmocka_unit_test(test_any_order_of_things),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Recordings of websockets onto a tape: what ends up there, in which order, and what is refused. */
#include "datafiles.h"

#include "base/check.h"
#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define D(text) dec_lit(text)

struct seen {
    uint64_t trades, tops, snapshots, diffs, live, invalid, stale, rules;
    dec trade_qty;
    struct event_top top;
    struct book book[4];
};

static struct seen seen;
static struct level levels[4][2 * 5000];

static int open_files(void **state)
{
    static struct datafiles d;
    datafiles_open(&d);
    struct setup *s = d.setup;
    static const char *const ASSETS[] = {"BTC", "USDT", "ETH"};
    for (; s->assets < 3; s->assets++)
        snprintf(s->asset[s->assets], ASSET_NAME_MAX, "%s", ASSETS[s->assets]);
    s->venues = 1;
    s->instruments = 2; /* BTC-USDT and ETH-USDT on "binance" */
    s->instrument[0].base = 0;
    s->instrument[1].base = 2;
    s->instrument[0].quote = s->instrument[1].quote = 1;
    s->venue[0].stale_after_ns = INT64_C(10000000000);
    snprintf(s->venue[0].ws_url, URL_MAX_BYTES, "wss://stream.example:9443");
    snprintf(s->venue[0].rest_url, URL_MAX_BYTES, "https://api.example");
    *state = &d;
    return 0;
}

static int close_files(void **state)
{
    datafiles_close(*state);
    return 0;
}

/* Walks the tape and counts; times of the merge never fall. */
static void look(const struct datafiles *d)
{
    static struct tape_cursor c;
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 4; i++)
        book_init(&seen.book[i], levels[i], 5000);
    tape_cursor_init(&c, d->tape);
    for (const struct event *e; (e = tape_next(&c)) != NULL;) {
        struct book *b = &seen.book[e->instrument];
        seen.trades += e->kind == EVENT_TRADE;
        seen.tops += e->kind == EVENT_TOP;
        seen.live += e->kind == EVENT_FEED && e->feed == FEED_LIVE;
        seen.stale += e->kind == EVENT_FEED && e->feed == FEED_STALE;
        seen.invalid += e->kind == EVENT_FEED && e->feed == FEED_INVALID;
        seen.rules += e->kind == EVENT_INSTRUMENT;
        if (e->kind == EVENT_TRADE)
            assert_true(dec_add(seen.trade_qty, e->trade.qty, &seen.trade_qty));
        if (e->kind == EVENT_TOP)
            seen.top = e->top;
        if (e->kind != EVENT_BOOK)
            continue;
        seen.snapshots += e->book.snapshot;
        seen.diffs += !e->book.snapshot;
        if (e->book.snapshot)
            book_clear(b);
        for (uint32_t i = 0; i < e->book.bids; i++)
            book_side_set(&b->bid, e->book.bid[i].price, e->book.bid[i].qty);
        for (uint32_t i = 0; i < e->book.asks; i++)
            book_side_set(&b->ask, e->book.ask[i].price, e->book.ask[i].qty);
    }
}

static enum err load(struct datafiles *d, const char *argument)
{
    d->why[0] = 0;
    return datafile_load(d->tape, d->setup, argument, &d->all, &d->info, d->why);
}

#define assert_says(d, words)                                                                      \
    do                                                                                             \
        if (!strstr((d)->why, (words)))                                                            \
            fail_msg("'%s' does not say '%s'", (d)->why, (words));                                 \
    while (0)

/* The two files go on with one session: the snapshot in the first is that of the second, too. */
static void two_files_of_one_session(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(load(d, "tests/data/binance-spot-btcusdt-20240808.gz"), ERR_OK);
    assert_true(d->info.live && d->info.format == DATAFILE_RECORDING);
    assert_int_equal(load(d, "tests/data/binance-spot-btcusdt-20240809.gz"), ERR_OK);
    assert_int_equal(d->info.unused, 0);
    look(d);
    assert_int_equal(seen.trades, 19904);
    assert_int_equal(seen.tops, 73174);
    assert_int_equal(seen.snapshots, 1);
    assert_int_equal(seen.diffs, 6493);
    assert_int_equal(seen.live, 1);
    assert_int_equal(seen.stale, 0);
    assert_int_equal(seen.rules, 0); /* none was recorded, so none is on the tape */
    assert_true(dec_eq(seen.trade_qty, D("437.91552")));
    assert_true(dec_eq(book_best(&seen.book[0].bid)->price, D("61602.01")) &&
                dec_eq(book_best(&seen.book[0].bid)->qty, D("1.67177")));
    assert_true(dec_eq(book_best(&seen.book[0].ask)->price, D("61602.02")) &&
                dec_eq(book_best(&seen.book[0].ask)->qty, D("2.66795")));
    assert_true(dec_eq(seen.top.bid_price, D("61602.01")));
}

static void the_second_file_alone_never_goes_live(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(load(d, "tests/data/binance-spot-btcusdt-20240809.gz"), ERR_OK);
    assert_false(d->info.live);
    look(d);
    assert_int_equal(seen.snapshots + seen.diffs + seen.live, 0);
    assert_true(seen.trades > 9000);
    assert_int_equal(load(d, "tests/data/binance-spot-btcusdt-20240808.gz"), ERR_STATE);
    assert_says(d, "begins before the recording that was given before it ends");
}

static void recorded_rules_and_answers(void **state)
{
    struct datafiles *d = *state;
    const char *path = shared_data("recordings/binance-spot-2021-10-12.jsonl.gz");
    if (!path) {
        print_message("no recordings in the shared data\n");
        skip();
    }
    struct setup *s = d->setup;
    static const char *const ASSETS[] = {"NKN", "USDT", "BLZ", "ETH", "LRC", "BTC", "RUNE", "EUR"};
    s->instruments = 0;
    for (s->assets = 0; s->assets < 8; s->assets++)
        snprintf(s->asset[s->assets], ASSET_NAME_MAX, "%s", ASSETS[s->assets]);
    for (asset_id a = 0; a < 8; a += 2) {
        struct instrument *in = &s->instrument[s->instruments++];
        snprintf(in->symbol, sizeof in->symbol, "%s-%s", ASSETS[a], ASSETS[a + 1]);
        in->venue = 0;
        in->base = a;
        in->quote = (asset_id)(a + 1);
    }
    assert_int_equal(load(d, path), ERR_OK);
    look(d);
    assert_int_equal(seen.rules, 4);
    assert_true(seen.snapshots >= 3 && seen.live >= 3 && seen.tops > 0);
    assert_true(d->info.unused > 0 && d->info.unused < d->info.rows); /* klines, aggTrades */
    for (int i = 0; i < 4; i++)
        assert_false(book_is_crossed(&seen.book[i]));
}

/* ---- made by hand ---- */

#define T0 "1723161254"
#define DEPTH(t, first, last, bid, ask)                                                            \
    T0 t " {\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"             \
         "1723161255208,\"s\":\"BTCUSDT\",\"U\":" first ",\"u\":" last ",\"b\":[[\"" bid           \
         "\",\"1.00000000\"]],\"a\":[[\"" ask "\",\"1.00000000\"]]}}\n"
#define SNAPSHOT(t, last)                                                                          \
    T0 t " {\"lastUpdateId\":" last ",\"bids\":[[\"98.00000000\",\"1.00000000\"]],\"asks\":[["     \
         "\"101.00000000\",\"1.00000000\"]]}\n"
#define TRADE(t, price)                                                                            \
    T0 t " {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,\"s\":"     \
         "\"BTCUSDT\",\"t\":1,\"p\":\"" price "\",\"q\":\"1.00000000\",\"T\":1723161255342,"       \
         "\"m\":true,\"M\":true}}\n"

/* A book that is crossed is not acted on: the session is told, as the engine would tell it. */
static void a_crossed_book_is_invalid_on_the_tape(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(
        datafiles_load(d, "", "BTCUSDT-l2.txt",
                       DEPTH("000000000", "10", "11", "99.00000000", "100.00000000")
                           SNAPSHOT("100000000", "10")
                               DEPTH("200000000", "12", "13", "100.50000000", "102.00000000")
                                   DEPTH("300000000", "14", "15", "97.00000000", "103.00000000")),
        ERR_OK);
    look(d);
    assert_int_equal(seen.live, 1);
    assert_int_equal(seen.invalid, 1);
    assert_int_equal(seen.diffs, 2); /* the kept one and the one that crossed; nothing behind it */
}

static void bad_recordings_are_refused_with_the_line(void **state)
{
    struct datafiles *d = *state;
    static const struct {
        const char *text, *says;
        enum err e;
    } CASES[] = {
        {TRADE("000000000", "100.00000000") T0
         "100000000 {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,"
         "\"T\":1723161255342,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1.0\",\"q\":\"1\",\"X\":"
         "\"MARKET\",\"m\":true}}\n",
         "line 2: unsupported", ERR_UNSUPPORTED},
        {TRADE("000000000", "100.00000000") TRADE("100000000", "12,5"),
         "line 2: not a message of binance-spot", ERR_SYNTAX},
        {TRADE("000000000", "100.00000000") T0 "100000000 {\"stream\":\n", ":2: ", ERR_SYNTAX},
        {T0 "000000000 {\"stream\":\"dogeusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":"
            "1723161255343,\"s\":\"DOGEUSDT\",\"t\":1,\"p\":\"1.00000000\",\"q\":\"1.00000000\","
            "\"T\":1723161255342,\"m\":true,\"M\":true}}\n",
         "none of its 1 messages", ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        enum err e = datafiles_load(d, "", "BTCUSDT-l2.txt", CASES[i].text);
        assert_says(d, CASES[i].says);
        assert_says(d, "BTCUSDT-l2.txt");
        assert_true(e != ERR_OK);
        if (i == 0 || i == 3)
            assert_int_equal(e, CASES[i].e);
        datafile_sessions_close(d->all.sessions);
        assert_int_equal(datafile_sessions_open(&d->all.sessions), ERR_OK);
    }
}

/* An anonymous snapshot is that of the symbol in the file's name; which one must be told. */
static void a_snapshot_needs_a_symbol(void **state)
{
    struct datafiles *d = *state;
    static const char TEXT[] =
        DEPTH("000000000", "10", "11", "99.00000000", "100.00000000") SNAPSHOT("100000000", "10");
    assert_int_equal(datafiles_load(d, "", "session.txt", TEXT), ERR_NOT_FOUND);
    assert_says(d, "SYMBOL=FILE");
    datafile_sessions_close(d->all.sessions);
    assert_int_equal(datafile_sessions_open(&d->all.sessions), ERR_OK);
    assert_int_equal(datafiles_load(d, "BTC-USDT=", "session.txt", TEXT), ERR_OK);
    look(d);
    assert_int_equal(seen.live, 1);
}

static void from_must_not_cut_a_book(void **state)
{
    struct datafiles *d = *state;
    static const char TEXT[] =
        TRADE("000000000", "100.00000000") TRADE("100000000", "101.00000000");
    d->all.from_ns = INT64_C(1723161255342000001);
    assert_int_equal(datafiles_load(d, "", "BTCUSDT-l2.txt", TEXT), ERR_STATE);
    assert_says(d, "--from is in the middle of it");
    datafile_sessions_close(d->all.sessions);
    assert_int_equal(datafile_sessions_open(&d->all.sessions), ERR_OK);
    d->all.from_ns = INT64_C(1723161255342000000);
    d->all.to_ns = INT64_C(1723161255342000000);
    assert_int_equal(datafiles_load(d, "", "BTCUSDT-l2.txt", TEXT), ERR_OK);
    assert_int_equal(d->info.events, 0); /* --to is exclusive */
}

/* A second recording long after the first is a new connection: what was known of the book is gone.
 */
static void a_gap_between_recordings_invalidates(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "BTCUSDT-1.txt",
                                    DEPTH("000000000", "10", "11", "99.00000000", "100.00000000")
                                        SNAPSHOT("100000000", "10")),
                     ERR_OK);
    assert_int_equal(
        datafiles_load(d, "", "BTCUSDT-2.txt",
                       "1723161354000000000 {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":"
                       "\"trade\",\"E\":1723161355343,\"s\":\"BTCUSDT\",\"t\":1,\"p\":"
                       "\"100.00000000\",\"q\":\"1.00000000\",\"T\":1723161355342,\"m\":true,"
                       "\"M\":true}}\n"),
        ERR_OK);
    look(d);
    assert_int_equal(seen.trades, 1); /* the new connection is up before its first message */
    assert_int_equal(seen.live, 1);
    assert_int_equal(seen.invalid, 1);
}

#define test(f) cmocka_unit_test_setup_teardown(f, open_files, close_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(two_files_of_one_session),
        test(the_second_file_alone_never_goes_live),
        test(recorded_rules_and_answers),
        test(a_crossed_book_is_invalid_on_the_tape),
        test(bad_recordings_are_refused_with_the_line),
        test(a_snapshot_needs_a_symbol),
        test(from_must_not_cut_a_book),
        test(a_gap_between_recordings_invalidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

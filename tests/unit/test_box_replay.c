/* Recordings read from files and merged by time into the exchange in a box. */
#include "boxes.h"
#include "io/box_replay.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char path[2][64], why[BOX_REPLAY_WHY_MAX];
static struct box box;
static struct box_replay replay;

static int start(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "/tmp/tw-rec-XXXXXX");
        int fd = mkstemp(path[i]);
        if (fd < 0)
            return -1;
        close(fd);
    }
    why[0] = '\0';
    box_init(&box, NULL, NULL);
    box_replay_init(&replay, &box);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    box_replay_close(&replay);
    box_free(&box);
    unlink(path[0]);
    unlink(path[1]);
    return 0;
}

static void write_file(int i, const char *text)
{
    FILE *f = fopen(path[i], "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

#define TRADE(ts, symbol, lower, id, ms)                                                           \
    ts " {\"stream\":\"" lower "@trade\",\"data\":{\"e\":\"trade\",\"E\":" ms ",\"s\":\"" symbol   \
       "\",\"t\":" id ",\"p\":\"10.0\",\"q\":\"1.0\",\"T\":" ms ",\"m\":true,\"M\":true}}\n"
#define BOOK(ts)                                                                                   \
    ts " {\"lastUpdateId\":5,\"bids\":[[\"9.0\",\"1.0\"]],\"asks\":[[\"11.0\",\"1.0\"]]}\n"
#define HTTP(ts, symbol, id)                                                                       \
    "{\"t\":\"http\",\"conn\":\"x\",\"ts\":" ts                                                    \
    ",\"url\":\"https://api.binance.com/api/v3/depth?symbol=" symbol                               \
    "&limit=1000\",\"data\":\"{\\\"lastUpdateId\\\":" id ",\\\"bids\\\":[],\\\"asks\\\":[]}\"}\n"
#define RECV(ts, n)                                                                                \
    "{\"t\":\"recv\",\"conn\":\"x\",\"ts\":" ts                                                    \
    ",\"data\":\"{\\\"stream\\\":\\\"btcusdt@trade\\\",\\\"data\\\":{\\\"n\\\":" n "}}\"}\n"

static void test_answers_are_put_where_their_time_says(void **state)
{
    (void)state;
    write_file(0, "{\"t\":\"header\",\"format\":2}\n" HTTP("103.5", "BTCUSDT", "7")
                      HTTP("101.5", "ETHUSDT", "8") RECV("101.0", "1") RECV("102.0", "2")
                          RECV("103.5", "3"));
    struct recording_file *f;
    const struct recording *r;
    assert_int_equal(recording_file_open(&f, path[0], why), ERR_OK);
    assert_null(recording_file_at(f));
    static const int64_t TS[] = {101000000000, 101500000000, 102000000000, 103500000000,
                                 103500000000};
    static const unsigned LINE[] = {4, 3, 5, 2, 6};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
        assert_int_equal(r->ts_ns, TS[i]);
        assert_int_equal(recording_file_line(f), LINE[i]);
        if (i == 0) {
            assert_string_equal(recording_file_held(f, 0), "ETHUSDT");
            assert_string_equal(recording_file_held(f, 1), "BTCUSDT");
            assert_null(recording_file_held(f, 2));
        }
    }
    assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
    assert_null(r);
    assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
    assert_null(r);
    recording_file_close(f);
}

static void test_held_answers_are_bounded(void **state)
{
    (void)state;
    FILE *out = fopen(path[0], "w");
    for (int i = 0; i <= RECORDING_FILE_HELD_MAX; i++)
        fprintf(out, HTTP("103.5", "X%dUSDT", "7"), i);
    fclose(out);
    struct recording_file *f;
    const struct recording *r;
    assert_int_equal(recording_file_open(&f, path[0], why), ERR_OK);
    assert_int_equal(recording_file_next(f, &r, why), ERR_FULL);
    assert_non_null(strstr(why, ":65: more than 64"));
    recording_file_close(f);
}

static void test_lines_and_their_limit(void **state)
{
    (void)state;
    struct recording_file *f;
    const struct recording *r;
    /* empty lines, a carriage return, no newline at the end */
    write_file(0,
               "\n" TRADE("1", "BTCUSDT", "btcusdt", "1", "1723161255000") "\n\r\n2 {\"a\":1}\r\n"
                                                                           "3 {\"a\":2}");
    assert_int_equal(recording_file_open(&f, path[0], why), ERR_OK);
    static const unsigned LINE[] = {2, 5, 6};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
        assert_non_null(r);
        assert_int_equal(recording_file_line(f), LINE[i]);
    }
    assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
    assert_null(r);
    recording_file_close(f);
    /* one line of nearly the limit, one over it */
    for (int over = 0; over <= 1; over++) {
        FILE *out = fopen(path[0], "w");
        fputs("1 {\"a\":\"", out);
        for (size_t i = 0; i < RECORDING_LINE_MAX - 64 + (size_t)over * 128; i++)
            fputc('x', out);
        fputs("\"}\n2 {}\n", out);
        fclose(out);
        assert_int_equal(recording_file_open(&f, path[0], why), ERR_OK);
        assert_int_equal(recording_file_next(f, &r, why), over ? ERR_RANGE : ERR_OK);
        if (over)
            assert_non_null(strstr(why, ":1: the line is longer than"));
        recording_file_close(f);
    }
}

static void test_times_may_fall_a_little(void **state)
{
    (void)state;
    struct recording_file *f;
    const struct recording *r;
    write_file(0, "100000000000 {}\n90000000000 {}\n89999999999 {}\n");
    assert_int_equal(recording_file_open(&f, path[0], why), ERR_OK);
    assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
    assert_int_equal(recording_file_next(f, &r, why), ERR_OK);
    assert_int_equal(r->ts_ns, 100000000000);
    assert_int_equal(recording_file_next(f, &r, why), ERR_RANGE);
    assert_non_null(strstr(why, ":3: the time jumps back"));
    recording_file_close(f);
}

static void test_files_are_merged(void **state)
{
    (void)state;
    uint64_t n;
    write_file(0, BOOK("1723161255000000000")
                      TRADE("1723161255000000000", "BTCUSDT", "btcusdt", "1", "1723161255000")
                          TRADE("1723161257000000000", "BTCUSDT", "btcusdt", "3", "1723161257000"));
    write_file(1, BOOK("1723161254000000000")
                      TRADE("1723161256000000000", "ETHUSDT", "ethusdt", "2", "1723161256000")
                          TRADE("1723161257000000000", "ETHUSDT", "ethusdt", "4", "1723161257000"));
    assert_int_equal(box_replay_add(&replay, path[0], "BTC-USDT", why), ERR_OK);
    assert_int_equal(box_replay_add(&replay, path[1], "ETH-USDT", why), ERR_OK);
    assert_int_equal(box_replay_prime(&replay, why), ERR_OK);
    assert_true(box_ready(&box));
    assert_int_equal(replay.now_ns, 1723161255000000000);
    assert_int_equal(box_replay_next_ns(&replay), 1723161255000000000);
    assert_int_equal(box_replay_until(&replay, 1723161255999999999, 100, &n, why), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(box.symbol[0]->trades.count, 1);
    assert_int_equal(replay.now_ns, 1723161255999999999); /* the clock goes on without lines */
    assert_int_equal(box_replay_until(&replay, INT64_MAX, 2, &n, why), ERR_OK);
    assert_int_equal(n, 2); /* of equal times, the first file's line */
    assert_int_equal(box.symbol[0]->trades.count, 2);
    assert_int_equal(box.symbol[1]->trades.count, 1);
    assert_int_equal(replay.now_ns, 1723161257000000000);
    assert_int_equal(box_replay_until(&replay, INT64_MAX, 100, &n, why), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(box_replay_next_ns(&replay), INT64_MAX);
    assert_int_equal(replay.events, 4);
    assert_int_equal(box_replay_until(&replay, INT64_MAX, 100, &n, why), ERR_OK);
    assert_int_equal(n, 0);
}

static void test_a_snapshot_is_of_the_only_symbol(void **state)
{
    (void)state;
    write_file(0, TRADE("1723161254000000000", "BTCUSDT", "btcusdt", "1", "1723161255000")
                      BOOK("1723161255000000000")
                          TRADE("1723161256000000000", "BTCUSDT", "btcusdt", "2", "1723161257000"));
    assert_int_equal(box_replay_add(&replay, path[0], NULL, why), ERR_OK);
    assert_int_equal(box_replay_prime(&replay, why), ERR_OK);
    assert_string_equal(box.symbol[0]->name, "BTC-USDT");
    assert_int_equal(box.symbol[0]->last_update_id, 5);
}

static void test_what_cannot_be_primed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *symbol, *word;
    } CASE[] = {
        {"", NULL, "no market data"},
        {TRADE("1", "BTCUSDT", "btcusdt", "1", "1723161255000"), NULL, "snapshot of BTC-USDT"},
        {BOOK("1") TRADE("2", "BTCUSDT", "btcusdt", "1", "1723161255000"), NULL, "whose it is"},
        {TRADE("1", "BTCUSDT", "btcusdt", "1", "1723161255000") BOOK("2"), NULL, "nothing is left"},
        {BOOK("1") TRADE("2", "BTCUSDT", "btcusdt", "1", "1723161255000"), "BTCUSDT",
         "no symbol like"},
        {TRADE("1", "FOOBAR", "foobar", "1", "1723161255000"), NULL, ":1: cannot tell base"},
        {HTTP("3", "FOOBAR", "7") RECV("2", "1"), NULL, "cannot serve FOOBAR"},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        write_file(0, CASE[i].text);
        struct box b;
        struct box_replay r;
        box_init(&b, NULL, NULL);
        box_replay_init(&r, &b);
        why[0] = '\0';
        enum err e = box_replay_add(&r, path[0], CASE[i].symbol, why);
        if (!e)
            e = box_replay_prime(&r, why);
        if (!e || !strstr(why, CASE[i].word))
            print_message("case %zu: %s\n", i, why);
        assert_int_not_equal(e, ERR_OK);
        assert_non_null(strstr(why, CASE[i].word));
        box_replay_close(&r);
        box_free(&b);
    }
}

static void test_files_are_bounded(void **state)
{
    (void)state;
    write_file(0, "1 {}\n");
    for (int i = 0; i < BOX_REPLAY_FILES_MAX; i++)
        assert_int_equal(box_replay_add(&replay, path[0], NULL, why), ERR_OK);
    assert_int_equal(box_replay_add(&replay, path[0], NULL, why), ERR_FULL);
    assert_int_equal(recording_file_open(&(struct recording_file *){NULL}, "/nowhere", why),
                     ERR_IO);
    assert_non_null(strstr(why, "/nowhere"));
}

/* The recording of the repository, to its end. */
static void test_the_repositorys_recording(void **state)
{
    (void)state;
    static const char *const FILES[] = {"tests/data/binance-spot-btcusdt-20240808.gz",
                                        "tests/data/binance-spot-btcusdt-20240809.gz"};
    for (int i = 0; i < 2; i++)
        assert_int_equal(box_replay_add(&replay, FILES[i], NULL, why), ERR_OK);
    assert_int_equal(box_replay_prime(&replay, why), ERR_OK);
    assert_int_equal(box.symbol[0]->last_update_id, 50093239224); /* one difference around it */
    uint64_t n;
    assert_int_equal(box_replay_until(&replay, INT64_MAX, UINT64_MAX, &n, why), ERR_OK);
    const struct box_symbol *s = box.symbol[0];
    /* figures of another program's plain replay */
    assert_int_equal(s->last_update_id, 50093696318);
    assert_int_equal(box.n.depths, 6493);
    assert_int_equal(box.n.trades, 19904);
    assert_int_equal(box.n.tops, 73174);
    assert_int_equal(box.n.gaps, 0);
    assert_int_equal(box.n.repeated, 2);
    dec volume = DEC_ZERO;
    for (uint32_t i = 0; i < s->candles[1].count; i++)
        assert_true(dec_add(volume, s->candles[1].c[i].volume, &volume));
    assert_true(dec_eq(volume, dec_lit("437.91552")));
    assert_int_equal(s->candles[1].late, 0);
    assert_true(dec_eq(book_best(&s->book.bid)->price, dec_lit("61602.01")));
    assert_true(dec_eq(book_best(&s->book.ask)->qty, dec_lit("2.66795")));
    assert_int_equal(s->book.bid.dropped + s->book.ask.dropped, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_answers_are_put_where_their_time_says),
        CASE(test_held_answers_are_bounded),
        CASE(test_lines_and_their_limit),
        CASE(test_times_may_fall_a_little),
        CASE(test_files_are_merged),
        CASE(test_a_snapshot_is_of_the_only_symbol),
        CASE(test_what_cannot_be_primed),
        CASE(test_files_are_bounded),
        CASE(test_the_repositorys_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

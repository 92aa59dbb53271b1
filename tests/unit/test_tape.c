/* The tape: what goes on it comes back, merged by time, at equal times in the order of streams. */
#include "base/rng.h"
#include "io/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tape_cursor cursor;

static void add_trade(struct tape *t, int64_t ts, uint64_t id)
{
    struct tape_trade *to;
    size_t room;
    assert_int_equal(tape_room(t, &to, &room), ERR_OK);
    assert_true(room >= 1);
    *to = (struct tape_trade){.ts_ns = ts, .id = id, .price = {(i128)id + 1}, .qty = {7}};
    tape_commit(t, 1);
}

static void an_empty_tape_ends_at_once(void **state)
{
    (void)state;
    struct tape *t;
    assert_int_equal(tape_open(&t), ERR_OK);
    for (int i = 0; i < 2; i++) {
        tape_cursor_init(&cursor, t);
        assert_null(tape_next(&cursor));
        assert_null(tape_next(&cursor));
        assert_true(tape_count(t) == 0 && tape_first_ns(t) == 0 && tape_last_ns(t) == 0);
        assert_int_equal(tape_begin_trades(t, 0, 0), ERR_OK); /* a stream without events */
    }
    tape_close(t);
}

static void equal_times_keep_the_order_of_streams(void **state)
{
    (void)state;
    /* Stream 0: 10 20 20 30, stream 1: 5 20 30, stream 2: 20 30 30; the id tells stream and place.
     */
    static const int64_t TIMES[3][5] = {{10, 20, 20, 30, 0}, {5, 20, 30, 0}, {20, 30, 30, 0}};
    static const uint64_t EXPECTED[10] = {100, 0, 1, 2, 101, 200, 3, 102, 201, 202};
    struct tape *t;
    assert_int_equal(tape_open(&t), ERR_OK);
    for (uint32_t s = 0; s < 3; s++) {
        assert_int_equal(tape_begin_trades(t, (venue_id)s, s), ERR_OK);
        for (uint64_t i = 0; TIMES[s][i]; i++)
            add_trade(t, TIMES[s][i], s * 100 + i);
    }
    assert_true(tape_count(t) == 10 && tape_first_ns(t) == 5 && tape_last_ns(t) == 30);
    tape_cursor_init(&cursor, t);
    for (int i = 0; i < 10; i++) {
        const struct event *e = tape_next(&cursor);
        assert_non_null(e);
        assert_true(e->trade.trade_id == EXPECTED[i]);
        assert_int_equal(e->instrument, EXPECTED[i] / 100);
        assert_int_equal(e->venue, EXPECTED[i] / 100);
        assert_int_equal(e->kind, EVENT_TRADE);
        assert_true(e->trade.price.v == (i128)EXPECTED[i] + 1 && e->trade.qty.v == 7);
    }
    assert_null(tape_next(&cursor));
    tape_close(t);
}

static void sides_and_ids(void **state)
{
    (void)state;
    struct tape *t;
    assert_int_equal(tape_open(&t), ERR_OK);
    assert_int_equal(tape_begin_trades(t, 0, 0), ERR_OK);
    add_trade(t, 1, TAPE_ID_MASK);
    add_trade(t, 1, 5 | TAPE_SELLER_TOOK);
    tape_cursor_init(&cursor, t);
    const struct event *e = tape_next(&cursor);
    assert_true(e->trade.trade_id == TAPE_ID_MASK && e->trade.aggressor == SIDE_BUY);
    e = tape_next(&cursor);
    assert_true(e->trade.trade_id == 5 && e->trade.aggressor == SIDE_SELL);
    tape_close(t);
}

/* Books keep their levels though the producer's memory changes; a recording keeps its order though
 * its times fall, and merges by the largest time so far. */
static void events_with_levels(void **state)
{
    (void)state;
    struct tape *t;
    assert_int_equal(tape_open(&t), ERR_OK);
    assert_int_equal(tape_begin_events(t), ERR_OK);
    const uint32_t n = 70000; /* more than a block of levels holds */
    struct level *level = calloc(2 * (size_t)n, sizeof *level);
    assert_non_null(level);
    static const int64_t TIMES[] = {10, 30, 20, 30};
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t k = 0; k < 2 * n; k++)
            level[k] = (struct level){{(i128)k + i}, {(i128)k * i}};
        struct event e = {
            .kind = EVENT_BOOK, .instrument = i, .ts_event_ns = TIMES[i], .ts_recv_ns = 99};
        e.book = (struct event_book){
            .bids = i == 1 ? 0 : n, .asks = i == 2 ? 0 : n, .bid = level, .ask = level + n};
        assert_int_equal(tape_add(t, TIMES[i], &e), ERR_OK);
    }
    assert_int_equal(tape_begin_trades(t, 0, 9), ERR_OK);
    add_trade(t, 25, 0);
    static const uint32_t ORDER[] = {0, 9, 1, 2, 3};
    tape_cursor_init(&cursor, t);
    for (uint32_t i = 0; i < 5; i++) {
        const struct event *e = tape_next(&cursor);
        assert_non_null(e);
        assert_int_equal(e->instrument, ORDER[i]);
        if (e->kind != EVENT_BOOK)
            continue;
        uint32_t k = e->instrument;
        assert_true(e->ts_event_ns == TIMES[k] && e->ts_recv_ns == TIMES[k]);
        assert_int_equal(e->book.bids, k == 1 ? 0 : n);
        assert_int_equal(e->book.asks, k == 2 ? 0 : n);
        for (uint32_t l = 0; l < e->book.bids; l++)
            assert_true(e->book.bid[l].price.v == (i128)l + k &&
                        e->book.bid[l].qty.v == (i128)l * k);
        for (uint32_t l = 0; l < e->book.asks; l++)
            assert_true(e->book.ask[l].price.v == (i128)l + n + k);
    }
    assert_null(tape_next(&cursor));
    free(level);
    tape_close(t);
}

/* Any number of streams, across the borders of blocks, against a plain sort. */
struct seen {
    int64_t ts;
    uint32_t stream;
    uint64_t place;
};
static int by_time(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    if (x->stream != y->stream)
        return x->stream < y->stream ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static void merging_is_a_stable_sort(void **state)
{
    (void)state;
    const char *given = getenv("TRADEWIND_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20240808;
    print_message("# seed %llu (TRADEWIND_SEED)\n", (unsigned long long)seed);
    struct rng r;
    rng_seed(&r, seed);
    for (int round = 0; round < 20; round++) {
        struct tape *t;
        assert_int_equal(tape_open(&t), ERR_OK);
        uint32_t streams = (uint32_t)rng_below(&r, 8) + 1;
        size_t total = 0, cap = 600000;
        struct seen *all = malloc(cap * sizeof *all);
        assert_non_null(all);
        for (uint32_t s = 0; s < streams; s++) {
            bool trades = rng_below(&r, 2);
            uint64_t n = round == 0 && s == 0 ? 530000 : rng_below(&r, 9000);
            uint64_t spread = rng_below(&r, 5) + 1;
            assert_int_equal(trades || n > 9000 ? tape_begin_trades(t, 0, s) : tape_begin_events(t),
                             ERR_OK);
            trades = trades || n > 9000;
            int64_t ts = (int64_t)rng_below(&r, 1000) + 1;
            for (uint64_t i = 0; i < n && total < cap; i++, total++) {
                ts += (int64_t)rng_below(&r, spread);
                all[total] = (struct seen){ts, s, i};
                if (trades) {
                    add_trade(t, ts, i);
                } else {
                    struct event e = {.kind = EVENT_TRADE, .instrument = s, .ts_event_ns = ts};
                    e.trade.trade_id = i;
                    assert_int_equal(tape_add(t, ts, &e), ERR_OK);
                }
            }
        }
        qsort(all, total, sizeof *all, by_time);
        assert_true(tape_count(t) == total);
        tape_cursor_init(&cursor, t);
        for (size_t i = 0; i < total; i++) {
            const struct event *e = tape_next(&cursor);
            assert_non_null(e);
            assert_true(e->ts_event_ns == all[i].ts && e->instrument == all[i].stream &&
                        e->trade.trade_id == all[i].place);
        }
        assert_null(tape_next(&cursor));
        free(all);
        tape_close(t);
    }
}

static void the_number_of_streams_is_limited(void **state)
{
    (void)state;
    struct tape *t;
    assert_int_equal(tape_open(&t), ERR_OK);
    for (int i = 0; i < TAPE_STREAMS_MAX; i++)
        assert_int_equal(i % 2 ? tape_begin_trades(t, 0, 0) : tape_begin_events(t), ERR_OK);
    assert_int_equal(tape_begin_trades(t, 0, 0), ERR_FULL);
    assert_int_equal(tape_begin_events(t), ERR_FULL);
    assert_int_equal(tape_streams(t), TAPE_STREAMS_MAX);
    tape_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tape_ends_at_once),
        cmocka_unit_test(equal_times_keep_the_order_of_streams),
        cmocka_unit_test(sides_and_ids),
        cmocka_unit_test(events_with_levels),
        cmocka_unit_test(merging_is_a_stable_sort),
        cmocka_unit_test(the_number_of_streams_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

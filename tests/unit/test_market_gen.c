/* The generated market: the same bytes for the same seed, three pairs that agree but where they are
 * planted not to, and lines that box and sessions read. */
#include "io/box_replay.h"
#include "main/generate.h"
#include "sim/market_gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN UINT64_C(3051156204811997064) /* of the first second of the defaults */

static uint64_t hash_of(const struct market_gen_setup *setup, uint64_t *ret_lines)
{
    static struct market_gen g;
    struct box_text line = {.p = NULL};
    uint64_t h = UINT64_C(1469598103934665603);
    *ret_lines = 0;
    assert_int_equal(market_gen_init(&g, setup), ERR_OK);
    while (market_gen_next(&g, &line)) {
        assert_false(line.failed);
        ++*ret_lines;
        for (size_t i = 0; i <= line.len; i++)
            h = (h ^ (uint8_t)line.p[i]) * UINT64_C(1099511628211);
    }
    box_text_free(&line);
    return h;
}

static void equal_setups_give_equal_bytes(void **state)
{
    (void)state;
    struct market_gen_setup s = market_gen_defaults();
    uint64_t lines, again;
    s.length_ms = 60000;
    uint64_t h = hash_of(&s, &lines);
    assert_true(hash_of(&s, &again) == h);
    assert_true(lines == again);
    /* rules, books, and per step and symbol a difference and a top, and sometimes a trade */
    assert_true(lines > 4 + 600 * 6 && lines < 4 + 600 * 9);
    /* Everything matters. */
    struct market_gen_setup other[6] = {s, s, s, s, s, s};
    other[0].seed++;
    other[1].length_ms += 100;
    other[2].every_ms /= 2;
    other[3].lasts_ms /= 2;
    other[4].volatility *= 2;
    other[5].spread *= 20;
    for (int i = 0; i < 6; i++)
        assert_true(hash_of(&other[i], &lines) != h);
    s.edge /= 2;
    assert_true(hash_of(&s, &lines) != h);
    /* The same on every machine and with every compiler. */
    s = market_gen_defaults();
    s.length_ms = 1000;
    h = hash_of(&s, &lines);
    if (h != GOLDEN)
        print_error("hash is %llu\n", (unsigned long long)h);
    assert_true(h == GOLDEN);
}

/* ETH-BTC, at the mid of its book, against the other two: within spread and tick of each other, but
 * off by `edge` while a mispricing lasts. */
static void cross_rates_agree_but_for_the_mispricings(void **state)
{
    (void)state;
    static struct market_gen g;
    struct market_gen_setup s = market_gen_defaults();
    s.length_ms = 600000;
    struct box_text line = {.p = NULL};
    assert_int_equal(market_gen_init(&g, &s), ERR_OK);
    uint64_t off = 0, steps = 0, starts = 0;
    bool was = false;
    int64_t last_ms = 0;
    while (market_gen_next(&g, &line)) {
        if (g.symbol != 0 || g.line != 0 || g.now_ms == last_ms)
            continue; /* only once a step, when all three are shown */
        last_ms = g.now_ms;
        steps++;
        double mid[3];
        for (int i = 0; i < 3; i++) {
            assert_true(g.book[i].ask[0].price > g.book[i].bid[0].price);
            mid[i] = (double)(g.book[i].ask[0].price + g.book[i].bid[0].price) / 2e8;
            for (int n = 1; n < MARKET_GEN_LEVELS; n++) {
                assert_true(g.book[i].bid[n].price < g.book[i].bid[n - 1].price);
                assert_true(g.book[i].ask[n].price > g.book[i].ask[n - 1].price);
                assert_true(g.book[i].bid[n].qty > 0 && g.book[i].ask[n].qty > 0);
            }
        }
        double gap = mid[1] * mid[0] / mid[2] - 1;
        double planted = g.shift ? (g.shift > 0 ? 0.006 : -0.006) : 0;
        /* a tick of ETH-BTC is 0.02 %, and prices are rounded down to it */
        assert_true(gap - planted < 0.0004 && gap - planted > -0.0004);
        off += g.shift != 0;
        starts += g.shift != 0 && !was;
        was = g.shift != 0;
    }
    box_text_free(&line);
    assert_int_equal(steps, 6001);                         /* and what it opens with */
    assert_true(starts >= 20 && starts <= 40);             /* every 20 s on average */
    assert_true(off >= starts * 19 && off <= starts * 21); /* 2 s each */
}

static void without_mispricings_there_are_none(void **state)
{
    (void)state;
    static struct market_gen g;
    struct market_gen_setup s = market_gen_defaults();
    s.every_ms = s.lasts_ms = 0;
    struct box_text line = {.p = NULL};
    assert_int_equal(market_gen_init(&g, &s), ERR_OK);
    while (market_gen_next(&g, &line))
        assert_int_equal(g.shift, 0);
    box_text_free(&line);
}

static void the_box_serves_it(void **state)
{
    (void)state;
    static struct generated g;
    struct market_gen_setup s = market_gen_defaults();
    s.length_ms = 5000;
    struct box b;
    struct box_replay r;
    char why[BOX_REPLAY_WHY_MAX] = "";
    uint64_t n;
    box_init(&b, NULL, NULL);
    box_replay_init(&r, &b);
    assert_int_equal(market_gen_init(&g.market, &s), ERR_OK);
    assert_int_equal(box_replay_add_made(&r, "made", generated_line, &g, why), ERR_OK);
    assert_int_equal(box_replay_prime(&r, why), ERR_OK);
    assert_int_equal(b.symbols, 3);
    assert_int_equal(box_replay_until(&r, INT64_MAX, UINT64_MAX, &n, why), ERR_OK);
    assert_int_equal(b.n.gaps, 0);
    assert_int_equal(b.n.ignored, 0);
    for (int i = 0; i < 3; i++) {
        const struct box_symbol *x = b.symbol[i];
        assert_true(x->live);
        const struct level *bid = book_best(&x->book.bid), *ask = book_best(&x->book.ask);
        /* the book and the top of book are one market, and nothing old is left in the book */
        assert_true(dec_eq(bid->price, x->bid) && dec_eq(ask->price, x->ask));
        assert_true(dec_eq(bid->qty, x->bid_qty) && dec_eq(ask->qty, x->ask_qty));
        assert_int_equal(x->book.bid.count, MARKET_GEN_LEVELS);
        assert_int_equal(x->book.ask.count, MARKET_GEN_LEVELS);
        assert_true(x->trades.count > 0);
        assert_non_null(x->info);
    }
    box_replay_close(&r);
    box_text_free(&g.line);
    box_free(&b);
}

static void its_words_are_checked(void **state)
{
    (void)state;
    struct market_gen_setup s;
    char why[GENERATE_WHY_MAX];
    assert_int_equal(generate_parse("seed=7,length=1h,edge=0.01,every=10s,lasts=500ms,"
                                    "volatility=0.0002,spread=0.0003",
                                    &s, why),
                     ERR_OK);
    assert_true(s.seed == 7 && s.length_ms == 3600000 && s.edge == 10000000 &&
                s.every_ms == 10000 && s.lasts_ms == 500 && s.volatility == 200000 &&
                s.spread == 300000);
    assert_int_equal(generate_parse(NULL, &s, why), ERR_OK);
    assert_true(s.seed == 1 && s.length_ms == 600000);
    static const char *const BAD[] = {"seed",         "seed=",       "seed=-1",      "sed=1",
                                      "length=0s",    "length=367d", "edge=0.11",    "edge=1e-10",
                                      "every=-1s",    "lasts=11s",   "every=1s",     "spread=0.02",
                                      "volatility=1", "length=1",    "length=1500us"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        why[0] = 0;
        assert_int_not_equal(generate_parse(BAD[i], &s, why), ERR_OK);
        assert_true(why[0] != 0);
        assert_int_equal(s.seed, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_setups_give_equal_bytes),
        cmocka_unit_test(cross_rates_agree_but_for_the_mispricings),
        cmocka_unit_test(without_mispricings_there_are_none),
        cmocka_unit_test(the_box_serves_it),
        cmocka_unit_test(its_words_are_checked),
    };
    return cmocka_run_group_tests_name("generated markets", tests, NULL, NULL);
}

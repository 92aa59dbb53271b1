/* The order book: against a simple model on random changes, and at its capacity. */
#include "base/rng.h"
#include "model/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAP = 300, PRICES = 1000 };

/* The model: a quantity for every price there can be. */
struct model {
    int64_t qty[PRICES];
};

static dec d(int64_t n)
{
    return dec_from_i64(n, 0);
}

static void compare(const struct book_side *s, const struct model *m)
{
    uint32_t n = 0;
    for (int64_t k = 0; k < PRICES; k++) {
        const int64_t price = s->is_bid ? PRICES - 1 - k : k; /* best first */
        if (m->qty[price] == 0) {
            assert_true(dec_is_zero(book_qty_at(s, d(price))));
            continue;
        }
        const struct level *l = book_nth(s, n++);
        assert_non_null(l);
        assert_true(dec_eq(l->price, d(price)) && dec_eq(l->qty, d(m->qty[price])));
        assert_true(dec_eq(book_qty_at(s, d(price)), d(m->qty[price])));
    }
    assert_int_equal(s->count, n);
    assert_null(book_nth(s, n));
    assert_ptr_equal(book_best(s), n ? book_nth(s, 0) : NULL);
}

static uint64_t seed(void)
{
    const char *given = getenv("TRADEWIND_SEED");
    const uint64_t s = given ? strtoull(given, NULL, 0) : 1;
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)s);
    return s;
}

/* Changes in the order of venues (best first), with some disorder and repetition mixed in. */
static uint32_t some_changes(struct rng *r, bool is_bid, struct level *c, uint32_t max)
{
    const uint32_t n = (uint32_t)rng_below(r, max + 1);
    const uint64_t width = 1 + rng_below(r, PRICES);
    int64_t at = (int64_t)rng_below(r, PRICES / 4);
    for (uint32_t i = 0; i < n; i++) {
        if (rng_below(r, 50) == 0)
            at = (int64_t)rng_below(r, PRICES);
        else
            at += (int64_t)rng_below(r, 1 + width / n) + (rng_below(r, 20) != 0);
        at %= PRICES;
        c[i].price = d(is_bid ? PRICES - 1 - at : at);
        c[i].qty = d(rng_below(r, 2) ? 0 : (int64_t)(1 + rng_below(r, 9)));
    }
    return n;
}

static void test_changes_against_a_model(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, seed());
    static struct level levels[2 * PRICES], change[600];
    for (int round = 0; round < 40; round++) {
        struct book b;
        book_init(&b, levels, PRICES);
        static struct model m[2];
        memset(m, 0, sizeof m);
        for (int step = 0; step < 60; step++) {
            const bool is_bid = rng_below(&r, 2);
            struct book_side *s = is_bid ? &b.bid : &b.ask;
            const uint32_t n = some_changes(&r, is_bid, change, step % 7 ? 40 : 600);
            const bool one_by_one = rng_below(&r, 4) == 0;
            for (uint32_t i = 0; i < n; i++) {
                m[is_bid].qty[change[i].price.v / (i128)DEC_ONE_U64] =
                    (int64_t)(change[i].qty.v / (i128)DEC_ONE_U64);
                if (one_by_one)
                    book_side_set(s, change[i].price, change[i].qty);
            }
            if (!one_by_one)
                book_side_apply(s, change, n);
            compare(&b.bid, &m[true]);
            compare(&b.ask, &m[false]);
        }
        assert_int_equal(b.bid.dropped + b.ask.dropped, 0);
    }
}

/* At the capacity, too, many changes at once are what they are one by one. */
static void test_at_capacity_the_worst_is_dropped(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, seed());
    static struct level la[2 * CAP], lb[2 * CAP], change[600];
    struct book a, b;
    book_init(&a, la, CAP);
    book_init(&b, lb, CAP);
    for (int step = 0; step < 4000; step++) {
        const bool is_bid = rng_below(&r, 2);
        struct book_side *x = is_bid ? &a.bid : &a.ask, *y = is_bid ? &b.bid : &b.ask;
        const uint32_t n = some_changes(&r, is_bid, change, step % 50 ? 30 : 600);
        for (uint32_t i = 0; i < n; i++)
            if (rng_below(&r, 8) != 0)
                change[i].qty = dec_is_zero(change[i].qty) ? d(3) : change[i].qty; /* mostly full */
        for (uint32_t i = 0; i < n; i++)
            book_side_set(x, change[i].price, change[i].qty);
        book_side_apply(y, change, n);
        assert_int_equal(x->count, y->count);
        assert_int_equal(x->dropped, y->dropped);
        assert_true(x->count <= CAP);
        assert_memory_equal(x->level, y->level, x->count * sizeof x->level[0]);
    }
    assert_true(a.bid.dropped > 0 && a.ask.dropped > 0);
}

static void test_a_full_side(void **state)
{
    (void)state;
    struct level levels[4];
    struct book b;
    book_init(&b, levels, 2);
    book_side_set(&b.bid, d(10), d(1));
    book_side_set(&b.bid, d(9), d(1));
    book_side_set(&b.bid, d(8), d(1)); /* worse than all: not taken */
    assert_int_equal(b.bid.count, 2);
    assert_int_equal(b.bid.dropped, 1);
    assert_true(dec_eq(book_nth(&b.bid, 1)->price, d(9)));
    book_side_set(&b.bid, d(11), d(1)); /* the worst makes room */
    assert_int_equal(b.bid.dropped, 2);
    assert_true(dec_eq(book_nth(&b.bid, 0)->price, d(11)));
    assert_true(dec_eq(book_nth(&b.bid, 1)->price, d(10)));
    book_side_set(&b.bid, d(7), DEC_ZERO); /* nothing there: nothing lost */
    book_side_set(&b.bid, d(10), d(5));
    assert_int_equal(b.bid.dropped, 2);
    assert_true(dec_eq(book_qty_at(&b.bid, d(10)), d(5)));
    book_side_set(&b.ask, d(1), d(1));
    book_side_set(&b.ask, d(2), d(1));
    book_side_set(&b.ask, d(3), d(1));
    assert_true(dec_eq(book_best(&b.ask)->price, d(1)));
    assert_int_equal(b.ask.dropped, 1);
}

static void test_crossed_and_cleared(void **state)
{
    (void)state;
    struct level levels[4];
    struct book b;
    book_init(&b, levels, 2);
    assert_false(book_is_crossed(&b));
    assert_null(book_best(&b.bid));
    book_side_set(&b.bid, d(10), d(1));
    assert_false(book_is_crossed(&b)); /* one side alone */
    book_side_set(&b.ask, d(11), d(1));
    assert_false(book_is_crossed(&b));
    book_side_set(&b.ask, d(10), d(1)); /* equal is crossed */
    assert_true(book_is_crossed(&b));
    const uint64_t change = b.change;
    book_clear(&b);
    assert_true(b.change != change);
    assert_int_equal(b.bid.count + b.ask.count, 0);
    assert_false(book_is_crossed(&b));
    book_side_set(&b.ask, d(5), d(1)); /* and can be used again */
    assert_true(dec_eq(book_best(&b.ask)->price, d(5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_against_a_model),
        cmocka_unit_test(test_at_capacity_the_worst_is_dropped),
        cmocka_unit_test(test_a_full_side),
        cmocka_unit_test(test_crossed_and_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

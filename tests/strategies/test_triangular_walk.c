/* The walk of triangular by itself: against enumeration, and against its bound. */
#include "base/rng.h"
#include "strategies/triangular_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define D(text) dec_lit(text)

/* Against a plain enumeration of all quantities: the walk finds the largest that the amount pays
 * for at the worst price it needs. */
static void the_walk_finds_the_largest_order(void **state)
{
    (void)state;
    const char *seed_text = getenv("TRIANGULAR_SEED");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : 1;
    print_message("TRIANGULAR_SEED=%llu\n", (unsigned long long)seed);
    struct rng rng;
    rng_seed(&rng, seed);
    for (int round = 0; round < 3000; round++) {
        struct level levels[10];
        struct book b;
        book_init(&b, levels, 5);
        uint32_t n = 1 + (uint32_t)rng_below(&rng, 5);
        bool buy = rng_below(&rng, 2);
        for (uint32_t i = 0; i < n; i++)
            book_side_set(buy ? &b.ask : &b.bid,
                          dec_from_i64(100 + (buy ? 1 : -1) * (int64_t)(i * 3), 1),
                          dec_from_i64(1 + (int64_t)rng_below(&rng, 40), 1));
        struct instrument in = {.rules = {.status = INSTRUMENT_TRADING,
                                          .tick_size = D("0.5"),
                                          .lot_size = D("0.3"),
                                          .min_qty = D("0.6"),
                                          .min_notional = D("7")}};
        struct triangle_leg leg = {.in = &in,
                                   .side = buy ? SIDE_BUY : SIDE_SELL,
                                   .fee = D("0.0015"),
                                   .levels = buy ? &b.ask : &b.bid,
                                   .levels_max = 5,
                                   .funds = DEC_MAX};
        dec amount = dec_from_i64(1 + (int64_t)rng_below(&rng, buy ? 1500 : 150), 1);
        struct triangle_step got;
        bool ok = triangle_walk(&leg, amount, &got);
        /* Every quantity in lots, with the limit that it needs. */
        dec best = DEC_ZERO, limit = DEC_ZERO, all = DEC_ZERO;
        bool enough = false;
        for (uint32_t i = 0; i < n; i++) {
            const struct level *l = book_nth(leg.levels, i);
            dec at, cost, q = DEC_ZERO;
            assert_true(dec_round_to(l->price, D("0.5"), buy ? DEC_CEIL : DEC_FLOOR, &at));
            assert_true(dec_add(all, l->qty, &all));
            for (dec t = D("0.3"); dec_le(t, all); t.v += D("0.3").v) {
                assert_true(dec_mul(t, buy ? at : DEC_ONE, DEC_UP, &cost));
                if (dec_le(cost, amount))
                    q = t;
            }
            if (dec_gt(q, best)) {
                best = q;
                limit = at;
            }
            dec next = {q.v + D("0.3").v};
            assert_true(dec_mul(next, buy ? at : DEC_ONE, DEC_UP, &cost));
            if (dec_gt(cost, amount)) {
                enough = true; /* the amount, not the book, ends it here */
                break;
            }
        }
        dec notional;
        assert_true(dec_mul(best, limit, DEC_DOWN, &notional));
        bool expected = enough && dec_ge(best, D("0.6")) && dec_ge(notional, D("7"));
        assert_int_equal(ok, expected);
        if (!ok)
            continue;
        assert_true(dec_eq(got.qty, best));
        assert_true(dec_eq(got.limit, limit));
        assert_true(dec_le(got.bound, amount));
        assert_true(dec_le(got.spent, got.bound));
    }
}

/* No walk gains more than the edge at the best prices says: it may stand in front of the search. */
static void the_edge_is_never_less_than_a_walk(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    uint32_t walked = 0;
    for (int round = 0; round < 5000; round++) {
        struct instrument in[3];
        struct level levels[3][8];
        struct book b[3];
        struct triangle_leg leg[3];
        for (int k = 0; k < 3; k++) {
            in[k] = (struct instrument){.rules = {.status = INSTRUMENT_TRADING,
                                                  .tick_size = D("0.00001"),
                                                  .lot_size = D("0.0001")}};
            book_init(&b[k], levels[k], 4);
            bool buy = rng_below(&rng, 2);
            for (int64_t i = 0; i < 3; i++)
                book_side_set(
                    buy ? &b[k].ask : &b[k].bid,
                    dec_from_i64(100000 + (int64_t)rng_below(&rng, 2000) + (buy ? 1 : -1) * i * 5,
                                 5),
                    dec_from_i64(1 + (int64_t)rng_below(&rng, 500), 0));
            leg[k] = (struct triangle_leg){.in = &in[k],
                                           .side = buy ? SIDE_BUY : SIDE_SELL,
                                           .fee = D("0.001"),
                                           .fee_apart = rng_below(&rng, 2),
                                           .levels = buy ? &b[k].ask : &b[k].bid,
                                           .levels_max = 3,
                                           .funds = DEC_MAX};
        }
        struct triangle_plan plan;
        dec edge, amount = dec_from_i64(1 + (int64_t)rng_below(&rng, 100000), 2);
        assert_true(triangle_edge(leg, D("1000"), &edge));
        if (!triangle_evaluate(leg, amount, &plan))
            continue;
        walked++;
        if (leg[0].fee_apart || leg[1].fee_apart || leg[2].fee_apart) {
            assert_true(dec_le(plan.ratio, (dec){edge.v + D("0.00001").v}));
        } else {
            assert_true(dec_le(plan.ratio, edge));
        }
    }
    assert_true(walked > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_finds_the_largest_order),
        cmocka_unit_test(the_edge_is_never_less_than_a_walk),
    };
    return cmocka_run_group_tests_name("the walk of triangular", tests, NULL, NULL);
}

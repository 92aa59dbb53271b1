/* Self-trade prevention: what could trade with an own order, of any strategy and any account of the
 * exchange, is not sent; what could not, is. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

enum { A, B, C }; /* strategies: A and B on venue "sim", C on another account of it */
enum { BTC, BTC_TWO };

static void begin(enum self_trade policy)
{
    world_probe(&w, "4000", "0.4");
    world_strategy(&w, "b", &strategy_probe, "4000", "0.4");
    venue_id two = world_venue(&w, "two", "0.001");
    strcpy(w.setup->venue[two].exchange, "sim");
    world_instrument_at(&w, two, "BTC-USDT", "BTC", "USDT");
    world_balance(&w, two, "USDT", "9000");
    world_balance(&w, two, "BTC", "1");
    struct strategy_setup *c = world_strategy(&w, "c", &strategy_probe, "4000", "0.4");
    c->instrument[0] = BTC_TWO;
    w.setup->risk.self_trade = policy;
}

static void go(void)
{
    world_go(&w);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = BTC_TWO,
                                   .trade = {D("50000"), D("1"), 0, SIDE_BUY}});
}

static order_id ask(strategy_id s, struct order_request r)
{
    r.instrument = s == C ? BTC_TWO : BTC;
    return world_ask_by(&w, s, "50000", r);
}

static order_id resting(strategy_id s, enum side side, const char *price)
{
    order_id id = ask(s, probe_limit(side, price, "0.01"));
    assert_true(id);
    world_order(&w, id, ORDER_ACCEPTED);
    return id;
}

static void denied(strategy_id s, struct order_request r)
{
    assert_int_equal(ask(s, r), 0);
    world_was_denied(&w, REASON_SELF_TRADE, LIMIT_OF_AGENT, 0, NULL, NULL);
}

static struct order_request post_only(struct order_request r)
{
    r.post_only = true;
    return r;
}

static struct order_request ioc(struct order_request r)
{
    r.tif = TIF_IOC;
    return r;
}

static void a_limit_at_an_own_price_is_denied_one_tick_before_it_is_not(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    resting(A, SIDE_SELL, "50100");
    assert_int_equal(ask(B, probe_limit(SIDE_BUY, "50100", "0.01")), 0);
    world_was_denied(&w, REASON_SELF_TRADE, LIMIT_OF_AGENT, 0, "50100", "50100");
    assert_true(ask(B, probe_limit(SIDE_BUY, "50099.99", "0.01")));
    resting(B, SIDE_BUY, "49900");
    denied(A, probe_limit(SIDE_SELL, "49900", "0.01"));
    denied(A, ioc(probe_limit(SIDE_SELL, "49900", "0.01")));
    assert_true(ask(A, probe_limit(SIDE_SELL, "50099.99", "0.01")) == 0); /* B's 50099.99 */
    assert_true(ask(A, probe_limit(SIDE_SELL, "50100", "0.01")));
    world_close(&w);
}

static void a_strategy_does_not_trade_with_itself(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    resting(A, SIDE_SELL, "50100");
    denied(A, probe_limit(SIDE_BUY, "50100", "0.01"));
    world_close(&w);
}

static void accounts_of_one_exchange_meet_in_one_book(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    resting(A, SIDE_SELL, "50100");
    denied(C, probe_limit(SIDE_BUY, "50100", "0.01"));
    resting(C, SIDE_BUY, "49900");
    denied(B, probe_limit(SIDE_SELL, "49900", "0.01"));
    world_close(&w);

    begin(SELF_TRADE_DENY);
    strcpy(w.setup->venue[1].exchange, "another");
    go();
    resting(A, SIDE_SELL, "50100");
    assert_true(ask(C, probe_limit(SIDE_BUY, "50100", "0.01")));
    world_close(&w);

    begin(SELF_TRADE_DENY); /* of another kind the name means another exchange */
    strcpy(w.setup->venue[1].kind, "other-spot");
    go();
    resting(A, SIDE_SELL, "50100");
    assert_true(ask(C, probe_limit(SIDE_BUY, "50100", "0.01")));
    world_close(&w);
}

/* A post-only order takes nothing: the venue rejects it where it would. So two grids of opposite
 * interest run beside each other. */
static void post_only_orders_cannot_take(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    resting(A, SIDE_SELL, "50100");
    assert_true(ask(B, post_only(probe_limit(SIDE_BUY, "50100", "0.01"))));
    /* both under way, both post-only */
    assert_true(ask(A, post_only(probe_limit(SIDE_SELL, "49000", "0.01"))));
    world_close(&w);
}

/* One that is under way takes what it meets: also a post-only order that came before it. */
static void what_is_under_way_or_in_doubt_may_still_take(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    order_id id = ask(A, probe_limit(SIDE_SELL, "50100", "0.01"));
    denied(B, post_only(probe_limit(SIDE_BUY, "50100", "0.01")));
    world_order(&w, id, ORDER_IN_DOUBT);
    denied(B, post_only(probe_limit(SIDE_BUY, "50100", "0.01")));
    denied(B, probe_limit(SIDE_BUY, "50100", "0.01"));
    world_order(&w, id, ORDER_ACCEPTED); /* it rests: it takes nothing any more */
    denied(B, probe_limit(SIDE_BUY, "50100", "0.01"));
    assert_true(ask(B, post_only(probe_limit(SIDE_BUY, "50100", "0.01"))));
    world_close(&w);
}

static void a_cancel_must_be_proven(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    order_id id = resting(A, SIDE_SELL, "50100");
    probe_strategy = A;
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_PENDING_CANCEL);
    probe_strategy = STRATEGY_NONE;
    denied(B, probe_limit(SIDE_BUY, "50100", "0.01"));
    world_order(&w, id, ORDER_CANCELED);
    assert_true(ask(B, probe_limit(SIDE_BUY, "50100", "0.01")));
    world_close(&w);
}

/* Neither rests, so that they cannot meet: whichever comes first has gone when the other comes. */
static void two_that_do_not_rest_cannot_meet(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    assert_true(ask(A, ioc(probe_limit(SIDE_SELL, "49900", "0.01"))));
    assert_true(ask(B, ioc(probe_limit(SIDE_BUY, "50100", "0.01"))));
    assert_true(ask(B, probe_market(SIDE_BUY, "0.01")));
    denied(B, probe_limit(SIDE_BUY, "50000", "0.01")); /* this one would rest in A's way */
    world_close(&w);
}

static void a_market_order_reaches_as_far_as_the_book_says(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    w.setup->venue[0].slippage = D("0.001");
    go();
    const struct level bid[] = {{D("49999"), D("1")}};
    const struct level asks[] = {{D("50000"), D("0.01")}, {D("50050"), D("5")}};
    resting(A, SIDE_SELL, "50050");
    denied(B, probe_market(SIDE_BUY, "0.01")); /* no book: the last trade x 1.001 = 50050 */
    assert_true(world_ask_by(&w, B, "49999.99", probe_market(SIDE_BUY, "0.01"))); /* 50049.98999 */
    world_step(&w, &(struct event){
                       .kind = EVENT_BOOK,
                       .book = {.snapshot = true, .bids = 1, .asks = 2, .bid = bid, .ask = asks}});
    assert_true(ask(B, probe_market(SIDE_BUY, "0.01")));
    denied(B, probe_market(SIDE_BUY, "0.01001")); /* into the second level */
    world_close(&w);
}

/* A market sell under way takes what comes to rest before it, as far as it reaches. */
static void a_market_order_under_way(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    world_top(&w, "49990", "50010");
    order_id id = ask(A, probe_market(SIDE_SELL, "0.01"));
    assert_true(id);
    denied(B, post_only(probe_limit(SIDE_BUY, "49990", "0.01")));
    assert_true(ask(B, post_only(probe_limit(SIDE_BUY, "49989.99", "0.01"))));
    world_order(&w, id, ORDER_EXPIRED);
    assert_true(ask(B, post_only(probe_limit(SIDE_BUY, "49990", "0.01"))));
    world_close(&w);
}

static void what_is_in_the_way_is_cancelled_where_that_is_the_policy(void **state)
{
    (void)state;
    begin(SELF_TRADE_CANCEL_RESTING);
    go();
    order_id near = resting(A, SIDE_SELL, "50100"), far = resting(A, SIDE_SELL, "50200"),
             free_one = resting(A, SIDE_SELL, "50300"), other = resting(C, SIDE_SELL, "50200");
    denied(B, probe_limit(SIDE_BUY, "50200", "0.01"));
    order_id canceled[3] = {0};
    for (uint32_t i = 0; i < 3; i++) {
        const struct effect *fx = world_effect(&w, EFFECT_CANCEL, i);
        assert_non_null(fx);
        canceled[i] = fx->cancel;
    }
    assert_null(world_effect(&w, EFFECT_CANCEL, 3));
    assert_int_equal(canceled[0], near);
    assert_int_equal(canceled[1], far);
    assert_int_equal(canceled[2], other);
    assert_int_equal(engine_order(w.engine, free_one)->state, ORDER_ACCEPTED);
    denied(B, probe_limit(SIDE_BUY, "50200", "0.01")); /* until they are proven gone ... */
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));   /* ... which is asked for once */
    world_order(&w, near, ORDER_CANCELED);
    world_order(&w, far, ORDER_CANCELED);
    denied(B, probe_limit(SIDE_BUY, "50200", "0.01"));
    world_order(&w, other, ORDER_CANCELED);
    assert_true(ask(B, probe_limit(SIDE_BUY, "50200", "0.01")));
    world_close(&w);
}

/* What closes a position clears its way, whatever the policy: it waits for the proof, not for good.
 */
static void an_exit_clears_its_way(void **state)
{
    (void)state;
    begin(SELF_TRADE_DENY);
    go();
    order_id near = resting(B, SIDE_BUY, "49900"), far = resting(B, SIDE_BUY, "49800");
    denied(A, probe_limit(SIDE_SELL, "49900", "0.4")); /* all that it holds */
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, near);
    assert_null(world_effect(&w, EFFECT_CANCEL, 1));
    world_order(&w, near, ORDER_CANCELED);
    assert_true(ask(A, probe_limit(SIDE_SELL, "49900", "0.4")));
    assert_int_equal(engine_order(w.engine, far)->state, ORDER_ACCEPTED);
    (void)resting(B, SIDE_SELL, "50200");
    denied(A, probe_limit(SIDE_BUY, "50200", "0.01")); /* an entry does not */
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_close(&w);
}

/* ... and at most 10 s for one whose cancel nobody answers, or refuses again and again. */
static void an_exit_does_not_wait_for_good(void **state)
{
    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        begin(SELF_TRADE_DENY);
        go();
        order_id id = resting(B, SIDE_BUY, "49900");
        denied(A, probe_limit(SIDE_SELL, "49900", "0.4"));
        int64_t asked_ns = w.now_ns;
        if (refused)
            world_order(&w, id, ORDER_ACCEPTED);
        else
            world_order(&w, id, ORDER_IN_DOUBT);
        w.now_ns = asked_ns + 10 * SECOND - 2;
        denied(A, probe_limit(SIDE_SELL, "49900", "0.4"));
        assert_true(ask(A, probe_limit(SIDE_SELL, "49900", "0.4")));
        world_close(&w);
    }
}

/* An order that is refused anyway moves nothing. */
static void a_refused_order_cancels_nothing(void **state)
{
    (void)state;
    begin(SELF_TRADE_CANCEL_RESTING);
    go();
    resting(A, SIDE_SELL, "50100");
    assert_int_equal(ask(B, probe_limit(SIDE_BUY, "50200", "1")), 0);
    world_was_denied(&w, REASON_BUDGET, LIMIT_OF_NONE, 0, NULL, NULL);
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_close(&w);
}

static void off_leaves_it_to_the_venue(void **state)
{
    (void)state;
    begin(SELF_TRADE_OFF);
    go();
    resting(A, SIDE_SELL, "50100");
    assert_true(ask(B, probe_limit(SIDE_BUY, "50100", "0.01")));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_at_an_own_price_is_denied_one_tick_before_it_is_not),
        cmocka_unit_test(a_strategy_does_not_trade_with_itself),
        cmocka_unit_test(accounts_of_one_exchange_meet_in_one_book),
        cmocka_unit_test(post_only_orders_cannot_take),
        cmocka_unit_test(what_is_under_way_or_in_doubt_may_still_take),
        cmocka_unit_test(a_cancel_must_be_proven),
        cmocka_unit_test(two_that_do_not_rest_cannot_meet),
        cmocka_unit_test(a_market_order_reaches_as_far_as_the_book_says),
        cmocka_unit_test(a_market_order_under_way),
        cmocka_unit_test(what_is_in_the_way_is_cancelled_where_that_is_the_policy),
        cmocka_unit_test(an_exit_clears_its_way),
        cmocka_unit_test(an_exit_does_not_wait_for_good),
        cmocka_unit_test(a_refused_order_cancels_nothing),
        cmocka_unit_test(off_leaves_it_to_the_venue),
    };
    return cmocka_run_group_tests_name("risk_self_trade", tests, NULL, NULL);
}

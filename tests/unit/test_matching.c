/* Requests to the matching engine: when they become visible, what is refused, cancels, limits. */
#include "pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = pit_new(FILL_TOUCH);
    return 0;
}

static int teardown(void **state)
{
    pit_free(*state);
    return 0;
}

/* ---- time ---- */

static void an_order_becomes_visible_after_the_latency(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    order_id id = buy(w, "100", "1");
    expect_nothing(w);
    assert_int_equal(matching_next_ns(w->m), 1050);
    w->now = 1049;
    let_in(w);
    expect_nothing(w);
    w->now = 1050;
    let_in(w);
    const struct event *ev = expect_accepted(w, id);
    assert_int_equal(ev->ts_event_ns, 1050);
    assert_int_equal(ev->instrument, BTC_USDT);
    assert_int_equal(ev->order.venue_order_id, 1);
    assert_int_equal(matching_next_ns(w->m), INT64_MAX);
}

static void at_equal_nanoseconds_the_market_event_comes_first(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    order_id id = buy(w, "100", "1");
    w->now = 1050;
    assert_int_equal(matching_advance(w->m, w->now), ERR_OK); /* strictly before */
    trade(w, BTC_USDT, "99", "5");
    expect_nothing(w); /* the order is not there yet */
    let_in(w);
    /* Now it is, and 99 is the last trade: it takes. */
    expect_accepted(w, id);
    expect_took(w, id, "99", "1");
}

static void requests_are_let_in_by_time_then_by_arrival(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 100;
    w->s.venue[1].order_latency_ns = 10;
    struct order_request r = {.instrument = BTC_USDT,
                              .side = SIDE_BUY,
                              .type = ORDER_LIMIT,
                              .tif = TIF_GTC,
                              .price = dec_lit("100"),
                              .qty = dec_lit("1")};
    order_id slow1 = send_order(w, &r), slow2 = send_order(w, &r);
    w->now = 1050;
    r.instrument = BTC_USDT_2;
    order_id fast1 = send_order(w, &r);
    w->now = 1090;
    order_id equal = send_order(w, &r); /* visible at 1100, as slow1 and slow2, sent later */
    assert_int_equal(matching_next_ns(w->m), 1060);
    assert_int_equal(matching_last_ns(w->m), 1100);
    w->now = 1100;
    let_in(w);
    expect_accepted(w, fast1);
    expect_accepted(w, slow1);
    expect_accepted(w, slow2);
    expect_accepted(w, equal);
}

static void a_step_lets_in_exactly_one_request(void **state)
{
    struct pit *w = *state;
    struct order_request r = {.instrument = BTC_USDT,
                              .side = SIDE_BUY,
                              .type = ORDER_LIMIT,
                              .tif = TIF_GTC,
                              .price = dec_lit("100"),
                              .qty = dec_lit("1")};
    order_id a = send_order(w, &r), b = send_order(w, &r);
    assert_int_equal(matching_step(w->m), ERR_OK);
    expect_accepted(w, a);
    expect_nothing(w);
    assert_int_equal(matching_step(w->m), ERR_OK);
    expect_accepted(w, b);
    assert_int_equal(matching_step(w->m), ERR_NOT_FOUND);
}

static void a_time_that_overflows_is_refused(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    pit_open(w, 4);
    struct order o = {.id = 7,
                      .req = {.instrument = BTC_USDT,
                              .side = SIDE_BUY,
                              .type = ORDER_LIMIT,
                              .tif = TIF_GTC,
                              .price = dec_lit("1"),
                              .qty = dec_lit("1")}};
    assert_int_equal(matching_submit(w->m, &o, INT64_MAX - 50), ERR_OVERFLOW);
    assert_int_equal(matching_submit(w->m, &o, INT64_MAX - 51), ERR_OK);
}

/* ---- rules ---- */

static void expect_breach(struct pit *w, const char *price, const char *qty)
{
    expect_rejected(w, buy(w, price, qty), REASON_VENUE_RULE);
}

static void expect_kept(struct pit *w, const char *price, const char *qty)
{
    order_id id = buy(w, price, qty);
    expect_accepted(w, id);
    send_cancel(w, id);
    let_in(w);
    expect_canceled(w, id);
}

static void a_broken_venue_rule_is_rejected_and_a_value_at_the_limit_is_not(void **state)
{
    struct pit *w = *state;
    struct instrument_rules *r = &w->s.instrument[BTC_USDT].rules;
    r->min_price = dec_lit("10");
    r->max_price = dec_lit("200");
    r->min_qty = dec_lit("0.002");
    r->max_qty = dec_lit("3");
    r->min_notional = dec_lit("0.3");
    r->max_notional = dec_lit("300");
    expect_breach(w, "100.005", "1");
    expect_breach(w, "100", "0.0015");
    expect_breach(w, "9.99", "1");
    expect_breach(w, "200.01", "1");
    expect_breach(w, "150", "0.001");
    expect_breach(w, "50", "3.001");
    expect_breach(w, "149.99", "0.002"); /* 0.29998 */
    expect_breach(w, "100.01", "3");     /* 300.03 */
    expect_breach(w, "100", "0");
    expect_breach(w, "0", "1");
    expect_breach(w, "-100", "1");
    expect_breach(w, "100", "-1");
    expect_kept(w, "100.01", "0.999");
    expect_kept(w, "10", "1");
    expect_kept(w, "200", "1");
    expect_kept(w, "150", "0.002"); /* 0.3 */
    expect_kept(w, "100", "3");     /* 300 */
}

static void an_instrument_that_does_not_trade_takes_no_order(void **state)
{
    struct pit *w = *state;
    struct instrument_rules r = w->s.instrument[BTC_USDT].rules;
    r.status = INSTRUMENT_SUSPENDED;
    pit_open(w, 8);
    expect_kept(w, "100", "1");
    matching_set_rules(w->m, BTC_USDT, &r);
    expect_breach(w, "100", "1");
    r.status = INSTRUMENT_UNKNOWN;
    matching_set_rules(w->m, BTC_USDT, &r);
    expect_breach(w, "100", "1");
    r.status = INSTRUMENT_TRADING;
    r.tick_size = DEC_ZERO; /* rules that were never told */
    matching_set_rules(w->m, BTC_USDT, &r);
    expect_breach(w, "100", "1");
}

static void the_value_of_a_market_order_is_checked_at_its_first_price(void **state)
{
    struct pit *w = *state;
    w->s.instrument[BTC_USDT].rules.min_notional = dec_lit("10");
    show_level(w, BTC_USDT, SIDE_SELL, "100", "5");
    expect_rejected(w, order(w, BTC_USDT, SIDE_BUY, NULL, "0.099", TIF_IOC, false),
                    REASON_VENUE_RULE);
    order_id id = order(w, BTC_USDT, SIDE_BUY, NULL, "0.1", TIF_IOC, false);
    expect_accepted(w, id);
    expect_took(w, id, "100", "0.1");
}

static void a_market_order_cannot_be_post_only(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "5");
    expect_rejected(w, order(w, BTC_USDT, SIDE_BUY, NULL, "1", TIF_IOC, true), REASON_VENUE_RULE);
}

static void a_value_that_cannot_be_computed_is_rejected(void **state)
{
    struct pit *w = *state;
    expect_rejected(w, buy(w, "100000000000", "100000000000"), REASON_OVERFLOW);
}

/* ---- funds ---- */

static void an_order_that_cannot_be_paid_is_rejected_and_one_that_just_can_is_not(void **state)
{
    struct pit *w = *state; /* 1000 USDT, 1000 BTC */
    expect_rejected(w, buy(w, "100", "10.001"), REASON_NOT_ENOUGH_FUNDS);
    order_id all = buy(w, "100", "10");
    expect_accepted(w, all);
    assert_string_equal(locked(w, USDT), "1000");
    expect_rejected(w, buy(w, "0.01", "0.001"), REASON_NOT_ENOUGH_FUNDS);
    expect_rejected(w, sell(w, "200", "1000.001"), REASON_NOT_ENOUGH_FUNDS);
    order_id all_sold = sell(w, "200", "1000");
    expect_accepted(w, all_sold);
    assert_string_equal(locked(w, BTC), "1000");
    send_cancel(w, all);
    send_cancel(w, all_sold);
    let_in(w);
    expect_canceled(w, all);
    expect_canceled(w, all_sold);
    assert_string_equal(locked(w, USDT), "0");
    assert_string_equal(locked(w, BTC), "0");
    assert_string_equal(balance(w, USDT), "1000");
}

static void a_market_buy_must_be_able_to_pay_the_book(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "5");
    show_level(w, BTC_USDT, SIDE_SELL, "200", "5");
    expect_rejected(w, order(w, BTC_USDT, SIDE_BUY, NULL, "7.501", TIF_IOC, false),
                    REASON_NOT_ENOUGH_FUNDS); /* 500 + 500.2 */
    order_id id = order(w, BTC_USDT, SIDE_BUY, NULL, "7.5", TIF_IOC, false);
    expect_accepted(w, id);
    expect_took(w, id, "100", "5");
    expect_took(w, id, "200", "2.5");
    assert_string_equal(balance(w, USDT), "0");
    assert_string_equal(locked(w, USDT), "0");
}

static void a_limit_buy_locks_its_cost_even_where_it_takes_cheaper(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "50", "5");
    expect_rejected(w, buy(w, "100", "10.001"), REASON_NOT_ENOUGH_FUNDS);
    order_id id = buy(w, "100", "10");
    expect_accepted(w, id);
    expect_took(w, id, "50", "5");
    assert_string_equal(balance(w, USDT), "750");
    assert_string_equal(locked(w, USDT), "500"); /* 5 rest at 100 */
}

static void a_cost_below_the_smallest_unit_is_one_unit(void **state)
{
    struct pit *w = *state;
    struct instrument_rules *r = &w->s.instrument[BTC_USDT].rules;
    r->tick_size = dec_lit("0.0000000001");
    r->lot_size = dec_lit("0.0000000001");
    w->s.balance[0].amount = DEC_ZERO;
    expect_rejected(w, buy(w, "0.0000000003", "0.000000001"), REASON_NOT_ENOUGH_FUNDS);
}

/* ---- post_only, fok, ioc ---- */

static void post_only_is_rejected_where_it_would_take(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "5");
    show_level(w, BTC_USDT, SIDE_BUY, "99", "5");
    expect_rejected(w, order(w, BTC_USDT, SIDE_BUY, "100", "1", TIF_GTC, true), REASON_WOULD_TAKE);
    expect_accepted(w, order(w, BTC_USDT, SIDE_BUY, "99.99", "1", TIF_GTC, true));
    expect_rejected(w, order(w, BTC_USDT, SIDE_SELL, "99", "1", TIF_GTC, true), REASON_WOULD_TAKE);
    expect_accepted(w, order(w, BTC_USDT, SIDE_SELL, "99.01", "1", TIF_GTC, true));
    assert_string_equal(balance(w, BTC), "1000");
}

static void would_take_is_told_before_missing_funds(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "5");
    expect_rejected(w, order(w, BTC_USDT, SIDE_BUY, "100", "100", TIF_GTC, true),
                    REASON_WOULD_TAKE);
}

static void fok_fills_completely_or_does_nothing(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "2");
    show_level(w, BTC_USDT, SIDE_SELL, "101", "3");
    show_level(w, BTC_USDT, SIDE_SELL, "102", "3");
    order_id id = order(w, BTC_USDT, SIDE_BUY, "101", "5.001", TIF_FOK, false);
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    expect_nothing(w);
    assert_string_equal(balance(w, USDT), "1000");
    assert_string_equal(locked(w, USDT), "0");
    id = order(w, BTC_USDT, SIDE_BUY, "101", "5", TIF_FOK, false);
    expect_accepted(w, id);
    expect_took(w, id, "100", "2");
    expect_took(w, id, "101", "3");
    expect_nothing(w);
}

static void a_market_fok_fills_completely_or_does_nothing(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "2");
    order_id id = order(w, BTC_USDT, SIDE_SELL, NULL, "2.001", TIF_FOK, false);
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    id = order(w, BTC_USDT, SIDE_SELL, NULL, "2", TIF_FOK, false);
    expect_accepted(w, id);
    expect_took(w, id, "100", "2");
    expect_nothing(w);
}

static void ioc_takes_what_there_is_and_the_rest_expires(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "2");
    show_level(w, BTC_USDT, SIDE_SELL, "101", "3");
    order_id id = order(w, BTC_USDT, SIDE_BUY, "100", "3", TIF_IOC, false);
    expect_accepted(w, id);
    expect_took(w, id, "100", "2");
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    assert_string_equal(locked(w, USDT), "0");
    assert_int_equal(matching_orders(w->m), 0);
    id = order(w, BTC_USDT, SIDE_BUY, "99", "3", TIF_IOC, false);
    expect_accepted(w, id);
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
}

static void the_rest_of_a_gtc_order_rests_at_its_limit(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "2");
    order_id id = buy(w, "101", "3");
    expect_accepted(w, id);
    expect_took(w, id, "100", "2");
    expect_nothing(w);
    trade(w, BTC_USDT, "101", "9");
    expect_made(w, id, "101", "1");
    assert_string_equal(balance(w, USDT), "699");
    assert_string_equal(balance(w, BTC), "1003");
}

/* ---- cancels ---- */

static void a_cancel_closes_a_resting_order_and_unlocks(void **state)
{
    struct pit *w = *state;
    order_id id = buy(w, "100", "2");
    expect_accepted(w, id);
    trade(w, BTC_USDT, "100", "0.5");
    expect_made(w, id, "100", "0.5");
    assert_string_equal(locked(w, USDT), "150");
    send_cancel(w, id);
    let_in(w);
    expect_canceled(w, id);
    assert_string_equal(locked(w, USDT), "0");
    assert_string_equal(balance(w, USDT), "950");
    trade(w, BTC_USDT, "100", "5");
    expect_nothing(w);
}

static void a_cancel_that_loses_the_race_against_a_fill_does_nothing(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    order_id id = buy(w, "100", "2");
    w->now = 1050;
    let_in(w);
    expect_accepted(w, id);
    send_cancel(w, id); /* visible at 1100 */
    w->now = 1100;
    assert_int_equal(matching_advance(w->m, w->now), ERR_OK);
    trade(w, BTC_USDT, "100", "5"); /* the same nanosecond: the market comes first */
    let_in(w);
    expect_made(w, id, "100", "2");
    expect_nothing(w);
}

static void a_cancel_of_an_unknown_or_closed_order_does_nothing(void **state)
{
    struct pit *w = *state;
    order_id id = buy(w, "100", "2");
    expect_accepted(w, id);
    send_cancel(w, id + 1);
    send_cancel(w, id);
    send_cancel(w, id); /* twice */
    let_in(w);
    expect_canceled(w, id);
    send_cancel(w, id);
    let_in(w);
    expect_nothing(w);
}

static void a_cancel_sent_with_its_order_finds_it(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    order_id id = buy(w, "100", "2");
    send_cancel(w, id);
    w->now = 1050;
    let_in(w);
    expect_accepted(w, id);
    expect_canceled(w, id);
    assert_string_equal(locked(w, USDT), "0");
}

static void a_cancel_let_in_before_its_order_does_nothing_and_hinders_no_other(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    order_id id = buy(w, "100", "2"); /* visible at 1050 */
    w->now = 990;
    send_cancel(w, id); /* at 1040 */
    w->now = 1050;
    let_in(w);
    expect_accepted(w, id);
    expect_nothing(w);
    send_cancel(w, id);
    w->now = 1100;
    let_in(w);
    expect_canceled(w, id);
}

static void a_cancel_on_its_way_never_meets_another_order(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    pit_open(w, 1); /* the next order gets the same place */
    order_id id = buy(w, "100", "2");
    w->now = 1050;
    let_in(w);
    send_cancel(w, id);
    trade(w, BTC_USDT, "100", "2");
    order_id other = buy(w, "90", "2");
    w->now = 1100;
    let_in(w);
    expect_accepted(w, id);
    expect_made(w, id, "100", "2");
    expect_accepted(w, other);
    expect_nothing(w);
}

/* ---- limits and misuse ---- */

static void the_order_table_is_full_at_its_limit_and_free_again_after(void **state)
{
    struct pit *w = *state;
    pit_open(w, 3);
    struct order o = {.id = 100,
                      .req = {.instrument = BTC_USDT,
                              .side = SIDE_BUY,
                              .type = ORDER_LIMIT,
                              .tif = TIF_GTC,
                              .price = dec_lit("1"),
                              .qty = dec_lit("1")}};
    order_id first = buy(w, "1", "1");
    buy(w, "1", "1");
    assert_int_equal(matching_submit(w->m, &o, w->now), ERR_OK);
    o.id++;
    assert_int_equal(matching_submit(w->m, &o, w->now), ERR_FULL);
    assert_int_equal(matching_orders(w->m), 3);
    send_cancel(w, first);
    let_in(w);
    assert_int_equal(matching_submit(w->m, &o, w->now), ERR_OK);
}

static void requests_on_their_way_are_full_at_their_limit(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].order_latency_ns = 50;
    pit_open(w, 1); /* two requests */
    order_id a = buy(w, "1", "1");
    w->now = 1050;
    let_in(w);
    send_cancel(w, a);
    trade(w, BTC_USDT, "1", "1");
    order_id b = buy(w, "0.9", "1"); /* the cancel of a is still on its way */
    assert_int_equal(matching_cancel(w->m, b, w->now), ERR_FULL);
    w->now = 1100;
    let_in(w);
    assert_int_equal(matching_cancel(w->m, b, w->now), ERR_OK);
}

static void misuse_is_told_to_the_caller(void **state)
{
    struct pit *w = *state;
    pit_open(w, 8);
    const struct order good = {.id = 5,
                               .req = {.instrument = BTC_USDT,
                                       .side = SIDE_BUY,
                                       .type = ORDER_LIMIT,
                                       .tif = TIF_GTC,
                                       .price = dec_lit("1"),
                                       .qty = dec_lit("1")}};
    struct order o = good;
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_OK);
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_EXISTS);
    o.id = 0;
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_RANGE);
    o = good;
    o.id = 6;
    o.req.instrument = INSTRUMENTS;
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_RANGE);
    o.req = good.req;
    o.req.side = 0;
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_RANGE);
    o.req = good.req;
    o.req.type = 9;
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_RANGE);
    o.req = good.req;
    o.req.tif = 0;
    assert_int_equal(matching_submit(w->m, &o, 0), ERR_RANGE);
    struct event ev = {.kind = EVENT_TRADE, .instrument = INSTRUMENTS};
    assert_int_equal(matching_market_event(w->m, &ev), ERR_RANGE);
    ev.kind = EVENT_TIMER;
    ev.instrument = INSTRUMENT_NONE;
    assert_int_equal(matching_market_event(w->m, &ev), ERR_OK);
}

static enum err try_init(const struct setup *s)
{
    struct matching *m = NULL;
    void *mem = calloc(1, matching_size(s, 4));
    enum err e = matching_init(&m, mem, s, 4, NULL, NULL, NULL);
    assert_true((e == ERR_OK) == (m != NULL));
    free(mem);
    return e;
}

static void a_setup_that_makes_no_sense_is_refused(void **state)
{
    struct pit *w = *state;
    struct setup *s = &w->s;
    assert_int_equal(try_init(s), ERR_OK);
    s->balance[0].amount = dec_lit("-1");
    assert_int_equal(try_init(s), ERR_RANGE);
    s->balance[0].amount = DEC_MAX;
    assert_int_equal(try_init(s), ERR_OK);
    s->balance[1].asset = s->balance[0].asset;
    s->balance[1].venue = s->balance[0].venue;
    assert_int_equal(try_init(s), ERR_OVERFLOW);
    s->balance[0].amount = dec_lit("1");
    s->balance[1].asset = ASSETS;
    assert_int_equal(try_init(s), ERR_RANGE);
    s->balance[1].asset = 0;
    s->venue[1].maker_fee = dec_lit("-0.001");
    assert_int_equal(try_init(s), ERR_RANGE);
    s->venue[1].maker_fee = DEC_ZERO;
    s->venue[1].order_latency_ns = -1;
    assert_int_equal(try_init(s), ERR_RANGE);
    s->venue[1].order_latency_ns = 0;
    s->venue[1].fee_asset = ASSETS;
    assert_int_equal(try_init(s), ERR_RANGE);
    s->venue[1].fee_asset = ASSET_NONE;
    s->instrument[0].quote = ASSETS;
    assert_int_equal(try_init(s), ERR_RANGE);
}

static void opening_balances_of_the_same_asset_add_up(void **state)
{
    struct pit *w = *state;
    w->s.balance[w->s.balances++] =
        (struct balance_setup){.venue = 0, .asset = BTC, .amount = dec_lit("0.5")};
    pit_open(w, 4);
    assert_string_equal(balance(w, BTC), "1000.5");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_order_becomes_visible_after_the_latency),
        T(at_equal_nanoseconds_the_market_event_comes_first),
        T(requests_are_let_in_by_time_then_by_arrival),
        T(a_step_lets_in_exactly_one_request),
        T(a_time_that_overflows_is_refused),
        T(a_broken_venue_rule_is_rejected_and_a_value_at_the_limit_is_not),
        T(an_instrument_that_does_not_trade_takes_no_order),
        T(the_value_of_a_market_order_is_checked_at_its_first_price),
        T(a_market_order_cannot_be_post_only),
        T(a_value_that_cannot_be_computed_is_rejected),
        T(an_order_that_cannot_be_paid_is_rejected_and_one_that_just_can_is_not),
        T(a_market_buy_must_be_able_to_pay_the_book),
        T(a_limit_buy_locks_its_cost_even_where_it_takes_cheaper),
        T(a_cost_below_the_smallest_unit_is_one_unit),
        T(post_only_is_rejected_where_it_would_take),
        T(would_take_is_told_before_missing_funds),
        T(fok_fills_completely_or_does_nothing),
        T(a_market_fok_fills_completely_or_does_nothing),
        T(ioc_takes_what_there_is_and_the_rest_expires),
        T(the_rest_of_a_gtc_order_rests_at_its_limit),
        T(a_cancel_closes_a_resting_order_and_unlocks),
        T(a_cancel_that_loses_the_race_against_a_fill_does_nothing),
        T(a_cancel_of_an_unknown_or_closed_order_does_nothing),
        T(a_cancel_sent_with_its_order_finds_it),
        T(a_cancel_let_in_before_its_order_does_nothing_and_hinders_no_other),
        T(a_cancel_on_its_way_never_meets_another_order),
        T(the_order_table_is_full_at_its_limit_and_free_again_after),
        T(requests_on_their_way_are_full_at_their_limit),
        T(misuse_is_told_to_the_caller),
        T(a_setup_that_makes_no_sense_is_refused),
        T(opening_balances_of_the_same_asset_add_up),
    };
    return cmocka_run_group_tests_name("matching", tests, NULL, NULL);
}

/* Orders that rest: who fills, at what price, how much, and where in the queue. */
#include "pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int touch(void **state)
{
    *state = pit_new(FILL_TOUCH);
    return 0;
}

static int cross(void **state)
{
    *state = pit_new(FILL_CROSS);
    return 0;
}

static int queue(void **state)
{
    *state = pit_new(FILL_QUEUE);
    return 0;
}

static int teardown(void **state)
{
    pit_free(*state);
    return 0;
}

static order_id rest(struct pit *w, enum side side, const char *price, const char *qty)
{
    order_id id = order(w, BTC_USDT, side, price, qty, TIF_GTC, true);
    expect_accepted(w, id);
    return id;
}

/* ---- touch and cross ---- */

static void touch_fills_at_or_through_the_price(void **state)
{
    struct pit *w = *state;
    order_id b = rest(w, SIDE_BUY, "100", "1"), s = rest(w, SIDE_SELL, "101", "1");
    trade(w, BTC_USDT, "100.01", "5");
    trade(w, BTC_USDT, "100.99", "5");
    expect_nothing(w);
    trade(w, BTC_USDT, "100", "0.4");
    expect_made(w, b, "100", "0.4");
    trade(w, BTC_USDT, "99.99", "0.4");
    expect_made(w, b, "100", "0.4"); /* at its own limit price */
    trade(w, BTC_USDT, "101", "0.4");
    expect_made(w, s, "101", "0.4");
    trade(w, BTC_USDT, "101.01", "5");
    expect_made(w, s, "101", "0.6");
    trade(w, BTC_USDT, "101.01", "5");
    expect_nothing(w);
}

static void cross_fills_only_strictly_through_the_price(void **state)
{
    struct pit *w = *state;
    order_id b = rest(w, SIDE_BUY, "100", "1"), s = rest(w, SIDE_SELL, "101", "1");
    trade(w, BTC_USDT, "100", "5");
    trade(w, BTC_USDT, "101", "5");
    expect_nothing(w);
    trade(w, BTC_USDT, "99.99", "5");
    expect_made(w, b, "100", "1");
    trade(w, BTC_USDT, "101.01", "5");
    expect_made(w, s, "101", "1");
}

static void a_trade_reaches_only_its_own_instrument(void **state)
{
    struct pit *w = *state;
    rest(w, SIDE_BUY, "100", "1");
    trade(w, ETH_USDT, "100", "5");
    trade(w, BTC_USDT_2, "100", "5");
    expect_nothing(w);
}

static void nothing_fills_beyond_the_printed_quantity(void **state)
{
    struct pit *w = *state;
    order_id a = rest(w, SIDE_BUY, "100", "1"), b = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "99", "1.5");
    expect_made(w, a, "100", "1");
    expect_made(w, b, "100", "0.5");
    expect_nothing(w);
}

static void a_print_is_shared_by_price_then_arrival(void **state)
{
    struct pit *w = *state;
    order_id low = rest(w, SIDE_BUY, "98", "1"), first = rest(w, SIDE_BUY, "99", "1"),
             second = rest(w, SIDE_BUY, "99", "1"), high = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "97", "3.25");
    expect_made(w, high, "100", "1");
    expect_made(w, first, "99", "1");
    expect_made(w, second, "99", "1");
    expect_made(w, low, "98", "0.25");
    expect_nothing(w);
}

static void sells_share_a_print_from_the_lowest_price_up(void **state)
{
    struct pit *w = *state;
    order_id high = rest(w, SIDE_SELL, "102", "1"), first = rest(w, SIDE_SELL, "101", "1"),
             second = rest(w, SIDE_SELL, "101", "1"), low = rest(w, SIDE_SELL, "100", "1");
    trade(w, BTC_USDT, "103", "3.25");
    expect_made(w, low, "100", "1");
    expect_made(w, first, "101", "1");
    expect_made(w, second, "101", "1");
    expect_made(w, high, "102", "0.25");
    expect_nothing(w);
}

static void buys_share_a_print_before_sells(void **state)
{
    struct pit *w = *state;
    /* Without a market the limits may lie crosswise. */
    order_id s = rest(w, SIDE_SELL, "90", "1"), b = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "95", "1.5");
    expect_made(w, b, "100", "1");
    expect_made(w, s, "90", "0.5");
    expect_nothing(w);
}

static void a_canceled_order_leaves_the_order_of_the_others(void **state)
{
    struct pit *w = *state;
    order_id a = rest(w, SIDE_BUY, "100", "1"), b = rest(w, SIDE_BUY, "100", "1"),
             c = rest(w, SIDE_BUY, "100", "1"), d = rest(w, SIDE_BUY, "99", "1");
    send_cancel(w, b);
    let_in(w);
    expect_canceled(w, b);
    send_cancel(w, a);
    let_in(w);
    expect_canceled(w, a);
    trade(w, BTC_USDT, "99.5", "5"); /* does not reach 99 */
    expect_made(w, c, "100", "1");
    expect_nothing(w);
    trade(w, BTC_USDT, "99", "5");
    expect_made(w, d, "99", "1");
}

static void a_book_update_alone_fills_nothing(void **state)
{
    struct pit *w = *state;
    rest(w, SIDE_BUY, "100", "1");
    tell_level(w, BTC_USDT, SIDE_SELL, "99", "5");
    tell_top(w, BTC_USDT, "98", "1", "99", "5");
    expect_nothing(w);
}

static void a_trade_that_cannot_be_is_refused_where_it_would_match(void **state)
{
    struct pit *w = *state;
    rest(w, SIDE_BUY, "100", "1");
    struct event ev = {.kind = EVENT_TRADE,
                       .instrument = BTC_USDT,
                       .trade = {.price = dec_lit("100"), .qty = DEC_ZERO}};
    /* Candles without volume print quantity 0: nothing trades. */
    assert_int_equal(matching_market_event(w->m, &ev), ERR_OK);
    expect_nothing(w);
    ev.trade.qty = dec_lit("-1");
    assert_int_equal(matching_market_event(w->m, &ev), ERR_RANGE);
    ev.trade = (struct event_trade){.price = DEC_ZERO, .qty = dec_lit("1")};
    assert_int_equal(matching_market_event(w->m, &ev), ERR_RANGE);
    expect_nothing(w);
}

static void a_fill_the_rounding_leaves_unpaid_expires_the_order(void **state)
{
    struct pit *w = *state;
    struct instrument_rules *r = &w->s.instrument[BTC_USDT].rules;
    r->tick_size = dec_lit("0.0000000001");
    r->lot_size = dec_lit("0.0000000001");
    /* Exactly the order's cost: 0.0000000003 x 0.0000000010 is 0.3 units of 10^-18, rounded up. */
    w->s.balance[0].amount = dec_lit("0.000000000000000001");
    order_id id = rest(w, SIDE_BUY, "0.0000000003", "0.000000001");
    trade(w, BTC_USDT, "0.0000000003", "0.0000000005"); /* costs the whole unit, too */
    expect_made(w, id, "0.0000000003", "0.0000000005");
    assert_string_equal(balance(w, USDT), "0");
    assert_string_equal(locked(w, USDT), "0"); /* never more than there is */
    trade(w, BTC_USDT, "0.0000000003", "0.0000000005");
    expect_expired(w, id, REASON_NOT_ENOUGH_FUNDS);
    expect_nothing(w);
    assert_string_equal(balance(w, USDT), "0");
    assert_string_equal(locked(w, USDT), "0");
    assert_int_equal(matching_orders(w->m), 0);
}

/* ---- queue ---- */

static void the_displayed_quantity_must_trade_at_the_price_first(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "5");
    order_id id = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "100", "3");
    trade(w, BTC_USDT, "100", "2"); /* exactly what was ahead */
    expect_nothing(w);
    trade(w, BTC_USDT, "100", "0.25");
    expect_made(w, id, "100", "0.25");
}

static void what_a_print_has_beyond_the_queue_fills(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "101", "5");
    order_id id = rest(w, SIDE_SELL, "101", "1");
    trade(w, BTC_USDT, "101", "5.25");
    expect_made(w, id, "101", "0.25");
    trade(w, BTC_USDT, "101", "9");
    expect_made(w, id, "101", "0.75");
}

static void a_trade_strictly_through_fills_at_once(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "5");
    order_id id = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "99.99", "0.5");
    expect_made(w, id, "100", "0.5");
    trade(w, BTC_USDT, "100", "0.1"); /* nobody is left ahead of it */
    expect_made(w, id, "100", "0.1");
}

static void the_other_side_of_the_book_is_no_queue(void **state)
{
    struct pit *w = *state;
    order_id id = rest(w, SIDE_BUY, "100", "1");
    tell_level(w, BTC_USDT, SIDE_SELL, "100", "5");
    trade(w, BTC_USDT, "100", "1");
    expect_made(w, id, "100", "1");
}

static void an_unknown_queue_is_empty(void **state)
{
    struct pit *w = *state;
    order_id id = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "100", "0.5");
    expect_made(w, id, "100", "0.5");
}

static void the_queue_behind_us_does_not_matter(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "5");
    order_id id = rest(w, SIDE_BUY, "100", "1");
    tell_level(w, BTC_USDT, SIDE_BUY, "100", "50"); /* others came after us */
    trade(w, BTC_USDT, "100", "6");
    expect_made(w, id, "100", "1");
}

static void a_book_decrease_moves_us_forward_to_what_is_displayed(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "5");
    order_id id = rest(w, SIDE_BUY, "100", "1");
    tell_level(w, BTC_USDT, SIDE_BUY, "100", "2");
    trade(w, BTC_USDT, "100", "2");
    expect_nothing(w);
    trade(w, BTC_USDT, "100", "0.5");
    expect_made(w, id, "100", "0.5");
}

static void a_level_that_vanishes_leaves_nobody_ahead(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "5");
    order_id id = rest(w, SIDE_BUY, "100", "1");
    tell_level(w, BTC_USDT, SIDE_BUY, "100", "0");
    trade(w, BTC_USDT, "100", "0.5");
    expect_made(w, id, "100", "0.5");
}

static void a_snapshot_tells_nothing_of_levels_beyond_its_worst(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "5");
    order_id id = rest(w, SIDE_BUY, "100", "1");
    struct level beyond = {dec_lit("101"), dec_lit("1")};
    tell_snapshot(w, BTC_USDT, &beyond, 1, NULL, 0);
    trade(w, BTC_USDT, "100", "4.5");
    expect_nothing(w); /* 0.5 are still ahead */
    struct level around[] = {{dec_lit("101"), dec_lit("1")}, {dec_lit("99"), dec_lit("1")}};
    tell_snapshot(w, BTC_USDT, around, 2, NULL, 0);
    trade(w, BTC_USDT, "100", "0.5");
    expect_made(w, id, "100", "0.5"); /* the level between them is empty */
}

static void a_top_of_book_moves_us_forward_where_there_is_no_depth(void **state)
{
    struct pit *w = *state;
    tell_top(w, BTC_USDT, "100", "5", "101", "5");
    order_id b = rest(w, SIDE_BUY, "100", "1"), s = rest(w, SIDE_SELL, "101", "1");
    tell_top(w, BTC_USDT, "100.5", "7", "100.8", "7"); /* better prices: nothing about ours */
    tell_top(w, BTC_USDT, "100", "3", "101", "2");
    trade(w, BTC_USDT, "100", "3.5");
    expect_made(w, b, "100", "0.5");
    trade(w, BTC_USDT, "101", "2.25");
    expect_made(w, s, "101", "0.25");
    order_id later = rest(w, SIDE_BUY, "100", "1"); /* behind 3 */
    tell_top(w, BTC_USDT, "99", "3", "101", "2");   /* now 100 is before the top */
    trade(w, BTC_USDT, "100", "1");
    expect_made(w, b, "100", "0.5");
    expect_made(w, later, "100", "0.5");
}

static void an_empty_side_of_the_top_tells_nothing(void **state)
{
    struct pit *w = *state;
    tell_top(w, BTC_USDT, "100", "5", "101", "5");
    order_id b = rest(w, SIDE_BUY, "100", "1"), s = rest(w, SIDE_SELL, "101", "1");
    tell_top(w, BTC_USDT, "0", "0", "0", "0");
    trade(w, BTC_USDT, "100", "5");
    trade(w, BTC_USDT, "101", "5");
    expect_nothing(w);
    trade(w, BTC_USDT, "100", "5");
    expect_made(w, b, "100", "1");
    trade(w, BTC_USDT, "101", "5");
    expect_made(w, s, "101", "1");
}

static void each_order_has_its_own_place_in_the_queue(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "2");
    order_id a = rest(w, SIDE_BUY, "100", "1");
    show_level(w, BTC_USDT, SIDE_BUY, "100", "4");
    order_id b = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "100", "3.5");
    expect_made(w, a, "100", "1");
    expect_nothing(w); /* 0.5 ahead of b */
    trade(w, BTC_USDT, "100", "1");
    expect_made(w, b, "100", "0.5");
}

static void an_exhausted_print_still_moves_the_queue(void **state)
{
    struct pit *w = *state;
    order_id a = rest(w, SIDE_BUY, "100", "3");
    show_level(w, BTC_USDT, SIDE_BUY, "100", "2");
    order_id b = rest(w, SIDE_BUY, "100", "1");
    trade(w, BTC_USDT, "100", "2");
    expect_made(w, a, "100", "2");
    trade(w, BTC_USDT, "100", "2");
    expect_made(w, a, "100", "1");
    expect_made(w, b, "100", "1");
}

#define TOUCH(f) cmocka_unit_test_setup_teardown(f, touch, teardown)
#define CROSS(f) cmocka_unit_test_setup_teardown(f, cross, teardown)
#define QUEUE(f) cmocka_unit_test_setup_teardown(f, queue, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOUCH(touch_fills_at_or_through_the_price),
        CROSS(cross_fills_only_strictly_through_the_price),
        TOUCH(a_trade_reaches_only_its_own_instrument),
        TOUCH(nothing_fills_beyond_the_printed_quantity),
        TOUCH(a_print_is_shared_by_price_then_arrival),
        TOUCH(sells_share_a_print_from_the_lowest_price_up),
        TOUCH(buys_share_a_print_before_sells),
        TOUCH(a_canceled_order_leaves_the_order_of_the_others),
        TOUCH(a_book_update_alone_fills_nothing),
        TOUCH(a_trade_that_cannot_be_is_refused_where_it_would_match),
        TOUCH(a_fill_the_rounding_leaves_unpaid_expires_the_order),
        QUEUE(the_displayed_quantity_must_trade_at_the_price_first),
        QUEUE(what_a_print_has_beyond_the_queue_fills),
        QUEUE(a_trade_strictly_through_fills_at_once),
        QUEUE(the_other_side_of_the_book_is_no_queue),
        QUEUE(an_unknown_queue_is_empty),
        QUEUE(the_queue_behind_us_does_not_matter),
        QUEUE(a_book_decrease_moves_us_forward_to_what_is_displayed),
        QUEUE(a_level_that_vanishes_leaves_nobody_ahead),
        QUEUE(a_snapshot_tells_nothing_of_levels_beyond_its_worst),
        QUEUE(a_top_of_book_moves_us_forward_where_there_is_no_depth),
        QUEUE(an_empty_side_of_the_top_tells_nothing),
        QUEUE(each_order_has_its_own_place_in_the_queue),
        QUEUE(an_exhausted_print_still_moves_the_queue),
    };
    return cmocka_run_group_tests_name("matching rest", tests, NULL, NULL);
}

/* What a marketable order trades against, and fees. */
#include "pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

static order_id market(struct pit *w, enum side side, const char *qty)
{
    return order(w, BTC_USDT, side, NULL, qty, TIF_IOC, false);
}

/* ---- prices to trade against ---- */

static void the_depth_book_comes_before_top_and_last(void **state)
{
    struct pit *w = *state;
    show_last(w, BTC_USDT, "90");
    show_top(w, BTC_USDT, "94", "10", "95", "10");
    show_level(w, BTC_USDT, SIDE_SELL, "100", "1");
    show_level(w, BTC_USDT, SIDE_SELL, "101", "1");
    order_id id = market(w, SIDE_BUY, "1.5");
    expect_accepted(w, id);
    expect_took(w, id, "100", "1");
    expect_took(w, id, "101", "0.5");
    expect_nothing(w);
}

static void without_depth_the_top_of_book_is_a_book_of_one_level(void **state)
{
    struct pit *w = *state;
    show_last(w, BTC_USDT, "90");
    show_top(w, BTC_USDT, "94", "2", "95", "1");
    order_id id = market(w, SIDE_BUY, "1.5");
    expect_accepted(w, id);
    expect_took(w, id, "95", "1");
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    id = market(w, SIDE_SELL, "2");
    expect_accepted(w, id);
    expect_took(w, id, "94", "2");
    expect_nothing(w);
}

static void without_both_the_last_trade_is_bid_and_ask_of_unlimited_size(void **state)
{
    struct pit *w = *state;
    show_last(w, BTC_USDT, "0.5");
    order_id id = buy(w, "0.51", "1000");
    expect_accepted(w, id);
    expect_took(w, id, "0.5", "1000");
    id = sell(w, "0.5", "1000"); /* limit orders pay no slippage */
    expect_accepted(w, id);
    expect_took(w, id, "0.5", "1000");
    id = sell(w, "0.51", "1");
    expect_accepted(w, id);
    expect_nothing(w);
}

static void before_any_price_a_market_order_is_rejected_and_a_limit_order_rests(void **state)
{
    struct pit *w = *state;
    expect_rejected(w, market(w, SIDE_BUY, "1"), REASON_NO_LIQUIDITY);
    order_id id = buy(w, "100", "1");
    expect_accepted(w, id);
    expect_nothing(w);
    assert_string_equal(locked(w, USDT), "100");
}

static void a_market_order_that_exhausts_the_book_expires_the_rest(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "100", "1");
    order_id id = market(w, SIDE_BUY, "2");
    expect_accepted(w, id);
    expect_took(w, id, "100", "1");
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    id = market(w, SIDE_SELL, "2"); /* a known book with an empty side */
    expect_accepted(w, id);
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    assert_string_equal(locked(w, BTC), "0");
}

static void a_limit_order_takes_up_to_its_limit_at_the_levels_prices(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "100", "1");
    show_level(w, BTC_USDT, SIDE_BUY, "99", "1");
    show_level(w, BTC_USDT, SIDE_BUY, "98", "1");
    order_id id = sell(w, "99", "5");
    expect_accepted(w, id);
    expect_took(w, id, "100", "1");
    expect_took(w, id, "99", "1");
    expect_nothing(w);
    assert_string_equal(locked(w, BTC), "3");
    assert_string_equal(balance(w, USDT), "1199");
}

static void fill_ids_run_on_over_all_instruments(void **state)
{
    struct pit *w = *state;
    show_last(w, BTC_USDT, "1");
    show_last(w, ETH_USDT, "1");
    order_id a = market(w, SIDE_BUY, "1");
    expect_accepted(w, a);
    assert_int_equal(expect_took(w, a, "1", "1")->fill.fill_id, 1);
    order_id b = order(w, ETH_USDT, SIDE_BUY, NULL, "1", TIF_IOC, false);
    assert_int_equal(expect_accepted(w, b)->order.venue_order_id, 2);
    assert_int_equal(expect_took(w, b, "1", "1")->fill.fill_id, 2);
}

/* ---- slippage ---- */

static void slippage_is_rounded_against_us_to_the_tick(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].slippage = dec_lit("0.0005");
    show_last(w, BTC_USDT, "100.01");
    order_id id = market(w, SIDE_BUY, "1");
    expect_accepted(w, id);
    expect_took(w, id, "100.07", "1"); /* 100.060005 */
    id = market(w, SIDE_SELL, "1");
    expect_accepted(w, id);
    expect_took(w, id, "99.95", "1"); /* 99.959995 */
}

static void slippage_that_hits_the_tick_is_not_rounded(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].slippage = dec_lit("0.0005");
    show_last(w, BTC_USDT, "100");
    order_id id = market(w, SIDE_BUY, "1");
    expect_accepted(w, id);
    expect_took(w, id, "100.05", "1");
    id = market(w, SIDE_SELL, "1");
    expect_accepted(w, id);
    expect_took(w, id, "99.95", "1");
}

static void with_a_book_there_is_no_slippage(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].slippage = dec_lit("0.1");
    show_last(w, BTC_USDT, "100");
    show_top(w, BTC_USDT, "99", "5", "100", "5");
    order_id id = market(w, SIDE_BUY, "1");
    expect_accepted(w, id);
    expect_took(w, id, "100", "1");
}

static void a_sell_whose_slippage_leaves_no_price_finds_nothing(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].slippage = dec_lit("0.9");
    show_last(w, BTC_USDT, "0.09");
    order_id id = market(w, SIDE_SELL, "1"); /* 0.009: down to 0 */
    expect_accepted(w, id);
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
}

/* ---- volume we took ---- */

static void volume_we_took_is_not_given_back_until_the_levels_next_update(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "1", "5");
    show_level(w, BTC_USDT, SIDE_SELL, "2", "5");
    order_id id = market(w, SIDE_BUY, "3");
    expect_accepted(w, id);
    expect_took(w, id, "1", "3");
    id = market(w, SIDE_BUY, "4");
    expect_accepted(w, id);
    expect_took(w, id, "1", "2");
    expect_took(w, id, "2", "2");
    tell_level(w, BTC_USDT, SIDE_SELL, "3", "1"); /* another level */
    tell_level(w, BTC_USDT, SIDE_BUY, "0.5", "1");
    tell_top(w, BTC_USDT, "0.5", "1", "1", "5"); /* not the depth's word */
    id = market(w, SIDE_BUY, "1");
    expect_accepted(w, id);
    expect_took(w, id, "2", "1");
    tell_level(w, BTC_USDT, SIDE_SELL, "1", "5"); /* the same number is an update, too */
    id = market(w, SIDE_BUY, "8");
    expect_accepted(w, id);
    expect_took(w, id, "1", "5");
    expect_took(w, id, "2", "2");
    expect_took(w, id, "3", "1");
    expect_nothing(w);
}

static void so_it_is_on_the_bids(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_BUY, "2", "5");
    show_level(w, BTC_USDT, SIDE_BUY, "1", "5");
    order_id id = market(w, SIDE_SELL, "6");
    expect_accepted(w, id);
    expect_took(w, id, "2", "5");
    expect_took(w, id, "1", "1");
    tell_level(w, BTC_USDT, SIDE_BUY, "2", "3");
    tell_level(w, BTC_USDT, SIDE_SELL, "3", "1");
    id = market(w, SIDE_SELL, "8");
    expect_accepted(w, id);
    expect_took(w, id, "2", "3");
    expect_took(w, id, "1", "4");
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
}

static void a_snapshot_updates_every_level(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "1", "5");
    order_id id = market(w, SIDE_BUY, "5");
    expect_accepted(w, id);
    expect_took(w, id, "1", "5");
    struct level ask = {dec_lit("1"), dec_lit("4")};
    tell_snapshot(w, BTC_USDT, NULL, 0, &ask, 1);
    id = market(w, SIDE_BUY, "4");
    expect_accepted(w, id);
    expect_took(w, id, "1", "4");
    expect_nothing(w);
}

static void a_top_of_book_updates_its_level_where_there_is_no_depth(void **state)
{
    struct pit *w = *state;
    tell_top(w, BTC_USDT, "1", "5", "2", "5");
    order_id id = market(w, SIDE_SELL, "4");
    expect_accepted(w, id);
    expect_took(w, id, "1", "4");
    id = market(w, SIDE_SELL, "4");
    expect_accepted(w, id);
    expect_took(w, id, "1", "1");
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    tell_top(w, BTC_USDT, "1", "3", "2", "5");
    id = market(w, SIDE_SELL, "3");
    expect_accepted(w, id);
    expect_took(w, id, "1", "3");
    expect_nothing(w);
}

static void post_only_does_not_take_what_we_took_already(void **state)
{
    struct pit *w = *state;
    show_level(w, BTC_USDT, SIDE_SELL, "1", "5");
    order_id id = market(w, SIDE_BUY, "5");
    expect_accepted(w, id);
    expect_took(w, id, "1", "5");
    expect_accepted(w, order(w, BTC_USDT, SIDE_BUY, "1", "1", TIF_GTC, true));
}

static void the_rest_beyond_the_remembered_levels_expires(void **state)
{
    struct pit *w = *state;
    char price[16];
    for (unsigned n = 1; n <= MATCHING_TAKEN_MAX + 2; n++) {
        snprintf(price, sizeof price, "0.%04u", n);
        show_level(w, BTC_USDT, SIDE_SELL, price, "0.001");
    }
    show_level(w, ETH_USDT, SIDE_BUY, "1", "1");
    /* A gtc order for two levels more than can be remembered. */
    order_id id = buy(w, "0.99", "4.098");
    expect_accepted(w, id);
    for (unsigned n = 1; n <= MATCHING_TAKEN_MAX; n++) {
        snprintf(price, sizeof price, "0.%04u", n);
        expect_took(w, id, price, "0.001");
    }
    expect_expired(w, id, REASON_BOOK_EXHAUSTED); /* it must not rest across the book */
    id = order(w, ETH_USDT, SIDE_SELL, NULL, "1", TIF_IOC, false); /* shared by all books */
    expect_accepted(w, id);
    expect_expired(w, id, REASON_BOOK_EXHAUSTED);
    tell_level(w, BTC_USDT, SIDE_SELL, "0.0005", "0"); /* room for one */
    id = order(w, ETH_USDT, SIDE_SELL, NULL, "1", TIF_IOC, false);
    expect_accepted(w, id);
    expect_took(w, id, "1", "1");
    assert_string_equal(locked(w, USDT), "0");
}

/* ---- fees ---- */

static const struct event *take_fee(struct pit *w, enum side side, const char *price,
                                    const char *qty)
{
    show_last(w, BTC_USDT, price);
    order_id id = order(w, BTC_USDT, side, price, qty, TIF_IOC, false);
    expect_accepted(w, id);
    return expect_took(w, id, price, qty);
}

#define assert_fee(ev, amount, asset) assert_fee_at(ev, amount, asset, __FILE__, __LINE__)
static void assert_fee_at(const struct event *ev, const char *amount, asset_id asset,
                          const char *file, int line)
{
    _assert_int_equal(ev->fill.fee_asset, asset, file, line);
    _assert_true(dec_eq(ev->fill.fee, dec_lit(amount)), "fee", file, line);
}

static void a_buy_pays_in_base_and_a_sell_in_quote(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    assert_fee(take_fee(w, SIDE_BUY, "100", "2"), "0.002", BTC);
    assert_string_equal(balance(w, BTC), "1001.998");
    assert_string_equal(balance(w, USDT), "800");
    assert_fee(take_fee(w, SIDE_SELL, "100", "1"), "0.1", USDT);
    assert_string_equal(balance(w, BTC), "1000.998");
    assert_string_equal(balance(w, USDT), "899.9");
}

static void makers_pay_the_makers_fee(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].maker_fee = dec_lit("0.0002");
    w->s.venue[0].taker_fee = dec_lit("0.001");
    order_id id = sell(w, "100", "1");
    expect_accepted(w, id);
    trade(w, BTC_USDT, "100", "1");
    assert_fee(expect_made(w, id, "100", "1"), "0.02", USDT);
}

static void a_fee_is_rounded_up_by_one_unit_of_its_asset(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.00075");
    w->s.instrument[BTC_USDT].rules.base_precision = dec_lit("0.0001");
    w->s.instrument[BTC_USDT].rules.quote_precision = dec_lit("0.01");
    assert_fee(take_fee(w, SIDE_BUY, "1", "0.133"), "0.0001", BTC);  /* 0.00009975 */
    assert_fee(take_fee(w, SIDE_BUY, "1", "0.134"), "0.0002", BTC);  /* 0.00010050 */
    assert_fee(take_fee(w, SIDE_BUY, "1", "0.4"), "0.0003", BTC);    /* exact */
    assert_fee(take_fee(w, SIDE_SELL, "1", "40"), "0.03", USDT);     /* exact */
    assert_fee(take_fee(w, SIDE_SELL, "1", "40.001"), "0.04", USDT); /* 0.03000075 */
}

static void the_unit_is_1e_8_unless_told(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.00075");
    w->s.instrument[BTC_USDT].rules.base_precision = DEC_ZERO;
    w->s.instrument[BTC_USDT].rules.lot_size = dec_lit("0.00000001");
    assert_fee(take_fee(w, SIDE_BUY, "1", "1.00000001"), "0.00075001", BTC);
}

static void a_fee_is_at_most_what_was_received(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.instrument[BTC_USDT].rules.lot_size = dec_lit("0.000000000000000001");
    assert_fee(take_fee(w, SIDE_BUY, "1", "0.000000000000000007"), "0.000000000000000007", BTC);
    assert_string_equal(balance(w, BTC), "1000");
}

static void both_sides_pay_in_a_third_asset_at_mark(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = BNB;
    show_mark(w, BNB_USDT, "300");
    assert_fee(take_fee(w, SIDE_BUY, "100", "2"), "0.00066667", BNB); /* 0.2 / 300, up */
    assert_fee(take_fee(w, SIDE_SELL, "90", "2"), "0.0006", BNB);     /* exact */
    assert_string_equal(balance(w, BNB), "999.99873333");
    assert_string_equal(balance(w, BTC), "1000");
    assert_string_equal(balance(w, USDT), "980");
}

static void a_third_asset_is_priced_through_the_agents_quote(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = BNB;
    show_mark(w, BNB_USDT, "300");
    show_last(w, ETH_BTC, "0.05");
    order_id id = order(w, ETH_BTC, SIDE_SELL, "0.05", "100", TIF_IOC, false);
    expect_accepted(w, id);
    assert_fee(expect_took(w, id, "0.05", "100"), "0.005", BTC); /* no mark of BTC yet */
    show_mark(w, BTC_USDT, "60000");
    id = order(w, ETH_BTC, SIDE_SELL, "0.05", "100", TIF_IOC, false);
    expect_accepted(w, id);
    assert_fee(expect_took(w, id, "0.05", "100"), "1", BNB); /* 5 BTC x 0.001 x 60000 / 300 */
}

static void without_a_price_or_balance_of_the_third_asset_the_received_one_pays(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = BNB;
    w->s.balance[6].amount = dec_lit("0.001"); /* BNB on venue 0 */
    assert_int_equal(w->s.balance[6].asset, BNB);
    assert_fee(take_fee(w, SIDE_BUY, "100", "1"), "0.001", BTC); /* no price */
    show_mark(w, BNB_USDT, "99.99");
    assert_fee(take_fee(w, SIDE_BUY, "100", "1"), "0.001", BTC); /* needs 0.00100011 */
    show_mark(w, BNB_USDT, "100");
    assert_fee(take_fee(w, SIDE_BUY, "100", "1"), "0.001", BNB); /* exactly what is there */
    assert_string_equal(balance(w, BNB), "0");
    assert_fee(take_fee(w, SIDE_SELL, "100", "1"), "0.1", USDT);
}

static void what_orders_lock_of_the_third_asset_pays_no_fee(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = BNB;
    show_mark(w, BNB_USDT, "100");
    order_id all = order(w, BNB_USDT, SIDE_SELL, "500", "1000", TIF_GTC, false);
    expect_accepted(w, all);
    assert_fee(take_fee(w, SIDE_BUY, "100", "1"), "0.001", BTC);
}

static void a_fee_asset_that_is_received_pays_as_received(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = USDT;
    assert_fee(take_fee(w, SIDE_SELL, "100", "1"), "0.1", USDT);
    assert_fee(take_fee(w, SIDE_BUY, "100", "1"), "0.1", USDT); /* the quote is not the received */
    assert_string_equal(balance(w, USDT), "999.8");
    assert_string_equal(balance(w, BTC), "1000");
}

static void a_buy_of_the_fee_asset_pays_of_what_it_buys(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = BNB;
    show_mark(w, BNB_USDT, "300"); /* not the price of the fill */
    show_last(w, BNB_USDT, "100");
    order_id id = order(w, BNB_USDT, SIDE_BUY, "100", "2", TIF_IOC, false);
    expect_accepted(w, id);
    assert_fee(expect_took(w, id, "100", "2"), "0.002", BNB);
    assert_string_equal(balance(w, BNB), "1001.998");
}

static void each_step_of_a_fee_is_rounded_up(void **state)
{
    struct pit *w = *state;
    w->s.venue[0].taker_fee = dec_lit("0.001");
    w->s.venue[0].fee_asset = USDT; /* what the buy pays, so that no mark is needed */
    w->s.instrument[BTC_USDT].rules.tick_size = dec_lit("0.000000000000000001");
    /* 1e-5 + 1e-18, of which 0.001 is 1e-8 + 1e-21. */
    assert_fee(take_fee(w, SIDE_BUY, "0.000010000000000001", "1"), "0.00000002", USDT);
    assert_fee(take_fee(w, SIDE_BUY, "0.00001", "1"), "0.00000001", USDT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_depth_book_comes_before_top_and_last),
        T(without_depth_the_top_of_book_is_a_book_of_one_level),
        T(without_both_the_last_trade_is_bid_and_ask_of_unlimited_size),
        T(before_any_price_a_market_order_is_rejected_and_a_limit_order_rests),
        T(a_market_order_that_exhausts_the_book_expires_the_rest),
        T(a_limit_order_takes_up_to_its_limit_at_the_levels_prices),
        T(fill_ids_run_on_over_all_instruments),
        T(slippage_is_rounded_against_us_to_the_tick),
        T(slippage_that_hits_the_tick_is_not_rounded),
        T(with_a_book_there_is_no_slippage),
        T(a_sell_whose_slippage_leaves_no_price_finds_nothing),
        T(volume_we_took_is_not_given_back_until_the_levels_next_update),
        T(so_it_is_on_the_bids),
        T(a_snapshot_updates_every_level),
        T(a_top_of_book_updates_its_level_where_there_is_no_depth),
        T(post_only_does_not_take_what_we_took_already),
        T(the_rest_beyond_the_remembered_levels_expires),
        T(a_buy_pays_in_base_and_a_sell_in_quote),
        T(makers_pay_the_makers_fee),
        T(a_fee_is_rounded_up_by_one_unit_of_its_asset),
        T(the_unit_is_1e_8_unless_told),
        T(a_fee_is_at_most_what_was_received),
        T(both_sides_pay_in_a_third_asset_at_mark),
        T(a_third_asset_is_priced_through_the_agents_quote),
        T(without_a_price_or_balance_of_the_third_asset_the_received_one_pays),
        T(what_orders_lock_of_the_third_asset_pays_no_fee),
        T(a_fee_asset_that_is_received_pays_as_received),
        T(a_buy_of_the_fee_asset_pays_of_what_it_buys),
        T(each_step_of_a_fee_is_rounded_up),
    };
    return cmocka_run_group_tests_name("matching take", tests, NULL, NULL);
}

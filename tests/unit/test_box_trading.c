/* The trading side of the exchange in a box: what orders do to each other, to the market and to
 * balances. */
#include "traders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORDER  "POST /api/v3/order"
#define CANCEL "DELETE /api/v3/order"
#define LIMIT  "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&"

static struct traders t;

static int start(void **state)
{
    (void)state;
    traders_open(&t, "");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    traders_close(&t);
    return 0;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("%s\nlacks %s\n", text, part);
    assert_non_null(strstr(text, part));
}

static void order(const char *key, const char *params, const char *part)
{
    has(traders_get(&t, 200, key, ORDER, params), part);
}

static void refused(const char *key, const char *params, const char *part)
{
    has(traders_get(&t, 400, key, ORDER, params), part);
}

static void balance(const char *account, const char *asset, const char *want)
{
    assert_string_equal(traders_balance(&t, account, asset), want);
}

static void test_a_resting_buy_binds_and_fills(void **state)
{
    (void)state;
    order("anna", LIMIT "side=BUY&price=8&quantity=3&newClientOrderId=a1", "\"status\":\"NEW\"");
    balance("anna", "USDT", "976/24");
    traders_print(&t, "8", "1");
    balance("anna", "USDT", "976/16");
    balance("anna", "BTC", "10.999/0"); /* less commission in what was received */
    has(traders_get(&t, 200, "anna", "GET /api/v3/order", "symbol=BTCUSDT&origClientOrderId=a1"),
        "\"status\":\"PARTIALLY_FILLED\"");
    traders_print(&t, "7", "5"); /* through the price: at the order's own */
    balance("anna", "USDT", "976/0");
    balance("anna", "BTC", "12.997/0");
    has(traders_get(&t, 200, "anna", "GET /api/v3/myTrades", "symbol=BTCUSDT"), "\"isMaker\":true");
}

static void test_a_better_price_gives_money_back(void **state)
{
    (void)state;
    order("anna", LIMIT "side=BUY&price=12&quantity=3", "\"executedQty\":\"2.00000000\"");
    /* 11 + 12 paid; 12 for the rest is bound */
    balance("anna", "USDT", "965/12");
    has(traders_get(&t, 200, "anna", "GET /api/v3/openOrders", ""), "\"PARTIALLY_FILLED\"");
    traders_get(&t, 200, "anna", CANCEL, "symbol=BTCUSDT&orderId=1");
    balance("anna", "USDT", "977/0");
}

static void test_what_was_taken_is_gone_until_told_anew(void **state)
{
    (void)state;
    order("anna", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1", "\"price\":\"11.00000000\"");
    order("ben", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1", "\"price\":\"12.00000000\"");
    order("ben", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1",
          "\"expiryReason\":\"INSUFFICIENT_LIQUIDITY\"");
    boxes_feed(&t.box, "1723161255000000001 {\"stream\":\"btcusdt@depth\",\"data\":{\"e\":"
                       "\"depthUpdate\",\"E\":1723161255000,\"s\":\"BTCUSDT\",\"U\":101,\"u\":102,"
                       "\"b\":[],\"a\":[[\"11.00000000\",\"1.00000000\"]]}}");
    order("ben", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1", "\"status\":\"FILLED\"");
}

/* What the symbol's entry allows is tested below. */
static void allow_every_mode(void)
{
    assert_true(box_trading_market(&t.trading, 0));
    t.trading.market[0].rules.stp_allowed = (1u << BOX_STPS) - 1;
}

static void test_two_accounts_meet(void **state)
{
    (void)state;
    allow_every_mode();
    order("ben", LIMIT "side=SELL&price=10&quantity=1&selfTradePreventionMode=NONE", "\"FILLED\"");
    order("ben", LIMIT "side=SELL&price=11&quantity=2&newClientOrderId=b", "\"NEW\"");
    traders_quiet(&t);
    /* the market's own 1 at 11 first, then ben's */
    order("anna", LIMIT "side=BUY&price=11&quantity=2&selfTradePreventionMode=NONE", "\"FILLED\"");
    balance("anna", "USDT", "978/0");
    balance("anna", "BTC", "11.998/0");
    balance("ben", "BTC", "7/1");
    balance("ben", "USDT", "1020.979/0"); /* 10 + 11 less 0.1 % */
    has(traders_get(&t, 200, "ben", "GET /api/v3/myTrades", "symbol=BTCUSDT"), "\"isMaker\":true");
}

static void test_ioc_fok_and_post_only(void **state)
{
    (void)state;
    const char *ioc = "symbol=BTCUSDT&type=LIMIT&timeInForce=IOC&side=BUY&price=11&quantity=2";
    order("anna", ioc, "\"expiryReason\":\"UNFILLED_IOC_QUANTITY_EXPIRED\"");
    order("anna", "symbol=BTCUSDT&type=LIMIT&timeInForce=FOK&side=SELL&price=9&quantity=3",
          "\"expiryReason\":\"UNFILLED_FOK_ORDER_EXPIRED\"");
    balance("anna", "BTC", "10.999/0");
    order("anna", "symbol=BTCUSDT&type=LIMIT&timeInForce=FOK&side=SELL&price=9&quantity=2",
          "\"FILLED\"");
    refused("anna", "symbol=BTCUSDT&type=LIMIT_MAKER&side=BUY&price=12&quantity=1",
            "{\"code\":-2010,\"msg\":\"Order would immediately match and take.\"}");
    order("anna", "symbol=BTCUSDT&type=LIMIT_MAKER&side=BUY&price=8&quantity=1", "\"orderId\":4");
}

static void test_market_orders_by_amount(void **state)
{
    (void)state;
    order("anna", "symbol=BTCUSDT&type=MARKET&side=BUY&quoteOrderQty=22.5",
          "\"origQty\":\"1.00000000\"");
    order("anna", "symbol=BTCUSDT&type=MARKET&side=SELL&quoteOrderQty=19",
          "\"executedQty\":\"2.00000000\"");
}

static void test_self_trade_prevention(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *taker, *maker;
        const char *resting; /* BTC bound afterwards by what rests of ben's 3 at 11 */
    } CASE[] = {
        {"EXPIRE_TAKER", "\"status\":\"EXPIRED_IN_MATCH\"", "\"status\":\"NEW\"", "3"},
        {"EXPIRE_MAKER", "\"status\":\"PARTIALLY_FILLED\"", "\"status\":\"EXPIRED_IN_MATCH\"", "0"},
        {"EXPIRE_BOTH", "\"status\":\"EXPIRED_IN_MATCH\"", "\"status\":\"EXPIRED_IN_MATCH\"", "0"},
        {"DECREMENT", "\"status\":\"EXPIRED_IN_MATCH\"", "\"status\":\"NEW\"", "2"},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        char params[256];
        traders_close(&t);
        traders_open(&t, "");
        allow_every_mode();
        order("ben", LIMIT "side=SELL&price=11&quantity=3&newClientOrderId=m", "\"NEW\"");
        snprintf(params, sizeof params,
                 LIMIT "side=BUY&price=11&quantity=2&newOrderRespType=RESULT&"
                       "selfTradePreventionMode=%s",
                 CASE[i].mode);
        order("anna", params, CASE[i].taker); /* of the same group; the market's 1 goes first */
        has(traders_get(&t, 200, "ben", "GET /api/v3/order", "symbol=BTCUSDT&origClientOrderId=m"),
            CASE[i].maker);
        assert_string_equal(strchr(traders_balance(&t, "ben", "BTC"), '/') + 1, CASE[i].resting);
        has(traders_get(&t, 200, "ben", "GET /api/v3/myPreventedMatches",
                        "symbol=BTCUSDT&orderId=1"),
            CASE[i].mode);
    }
    traders_close(&t);
    traders_open(&t, "");
    refused("anna", LIMIT "side=BUY&price=8&quantity=1&selfTradePreventionMode=DECREMENT",
            "{\"code\":-1013,\"msg\":\"This symbol does not allow the specified self-trade "
            "prevention mode.\"}");
}

static void test_transfer_moves_goods_between_accounts(void **state)
{
    (void)state;
    allow_every_mode();
    const char *mode = "selfTradePreventionMode=TRANSFER&";
    char params[256];
    snprintf(params, sizeof params, LIMIT "%sside=SELL&price=11&quantity=3", mode);
    order("ben", params, "\"NEW\"");
    snprintf(params, sizeof params, LIMIT "%sside=BUY&price=11&quantity=2", mode);
    order("anna", params, "\"EXPIRED_IN_MATCH\""); /* 1 of the market, 1 of ben without a trade */
    balance("anna", "BTC", "11.999/0");
    balance("anna", "USDT", "978/0");
    balance("ben", "BTC", "7/2");
    balance("ben", "USDT", "1011/0");
    assert_int_equal(t.trading.fills, 1);
}

static void test_conditional_orders(void **state)
{
    (void)state;
    traders_print(&t, "10", "0.5");
    refused("anna", "symbol=BTCUSDT&type=STOP_LOSS&side=SELL&quantity=1&stopPrice=10",
            "{\"code\":-2010,\"msg\":\"Order would trigger immediately.\"}");
    order("anna",
          "symbol=BTCUSDT&type=STOP_LOSS_LIMIT&timeInForce=GTC&side=SELL&quantity=1&stopPrice=9&"
          "price=9&newClientOrderId=s",
          "\"orderId\":1");
    has(traders_get(&t, 200, "anna", "GET /api/v3/openOrders", ""), "\"isWorking\":false");
    balance("anna", "BTC", "9/1");
    traders_print(&t, "9", "0.5");
    has(traders_get(&t, 200, "anna", "GET /api/v3/order", "symbol=BTCUSDT&orderId=1"),
        "\"status\":\"FILLED\""); /* at the bid of 10 */
    balance("anna", "USDT", "1009.99/0");
    order("anna", "symbol=BTCUSDT&type=TAKE_PROFIT&side=SELL&quantity=1&stopPrice=12",
          "\"orderId\":2");
    traders_print(&t, "12", "0.5");
    has(traders_get(&t, 200, "anna", "GET /api/v3/order", "symbol=BTCUSDT&orderId=2"),
        "\"status\":\"FILLED\"");
}

static const char OCO[] = "symbol=BTCUSDT&side=SELL&quantity=2&aboveType=LIMIT_MAKER&abovePrice=13&"
                          "belowType=STOP_LOSS_LIMIT&belowStopPrice=9&belowPrice=8&"
                          "belowTimeInForce=GTC&listClientOrderId=pair";

static void test_pairs(void **state)
{
    (void)state;
    traders_print(&t, "10", "0.5");
    has(traders_get(&t, 200, "anna", "POST /api/v3/orderList/oco", OCO), "\"EXECUTING\"");
    balance("anna", "BTC", "8/2"); /* once for both */
    traders_quiet(&t);
    traders_print(&t, "13", "1"); /* the upper one begins to fill: the lower one ends */
    has(traders_get(&t, 200, "anna", "GET /api/v3/order", "symbol=BTCUSDT&orderId=2"),
        "\"expiryReason\":\"OCO_TRIGGER\"");
    balance("anna", "BTC", "8/1");
    traders_print(&t, "13", "1");
    balance("anna", "BTC", "8/0");
    has(t.event[t.events - 1].text, "\"e\":\"listStatus\"");
    has(t.event[t.events - 1].text, "\"ALL_DONE\"");
    /* and the other way */
    traders_print(&t, "10", "0.5");
    has(traders_get(&t, 200, "anna", "POST /api/v3/orderList/oco", OCO), "\"orderListId\":1");
    traders_print(&t, "9", "0.1");
    has(traders_get(&t, 200, "anna", "GET /api/v3/order", "symbol=BTCUSDT&orderId=3"),
        "\"expiryReason\":\"OCO_TRIGGER\"");
    balance("anna", "BTC", "6/0"); /* 1 at 10 and 1 at 9 */
    has(traders_get(&t, 200, "anna", "GET /api/v3/orderList", "orderListId=1"), "\"ALL_DONE\"");
}

static void test_a_pair_is_cancelled_whole(void **state)
{
    (void)state;
    traders_print(&t, "10", "0.5");
    traders_get(&t, 200, "anna", "POST /api/v3/orderList/oco", OCO);
    has(traders_get(&t, 200, "anna", "DELETE /api/v3/orderList",
                    "symbol=BTCUSDT&listClientOrderId=pair"),
        "\"listOrderStatus\":\"ALL_DONE\"");
    balance("anna", "BTC", "10/0");
    assert_string_equal(traders_get(&t, 200, "anna", "GET /api/v3/openOrders", ""), "[]");
}

static void test_commission_in_a_third_asset(void **state)
{
    (void)state;
    traders_close(&t);
    traders_open(&t, "");
    t.trading.account[0].fee_asset = box_trading_asset(&t.trading, "BNB", 3);
    /* no symbol tells what BNB is worth: paid in what was received */
    order("anna", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1",
          "\"commission\":\"0.00100000\",\"commissionAsset\":\"BTC\"");
    t.trading.account[0].fee_asset = box_trading_asset(&t.trading, "USDT", 4);
    order("anna", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1",
          /* 0.1 % less a quarter of 1 BTC at the last price, its own 12 */
          "\"commission\":\"0.00900000\",\"commissionAsset\":\"USDT\"");
}

static void test_money_is_neither_made_nor_lost(void **state)
{
    (void)state;
    dec sum[2] = {DEC_ZERO, DEC_ZERO};
    allow_every_mode();
    for (int i = 0; i < 200; i++) {
        char params[200];
        snprintf(params, sizeof params,
                 LIMIT "side=%s&price=%d&quantity=1&selfTradePreventionMode=NONE",
                 i % 3 ? "BUY" : "SELL", 8 + i * 7 % 6);
        traders_ask(&t, i % 2 ? "anna" : "ben", ORDER, params);
        if (i % 5 == 0)
            traders_print(&t, i % 2 ? "9" : "12", "0.5");
        if (i % 11 == 0)
            traders_ask(&t, "anna", "DELETE /api/v3/openOrders", "symbol=BTCUSDT");
        t.now_us += 1000000;
        t.mono_ns += INT64_C(60000000000);
    }
    for (uint32_t i = 0; i < t.trading.fills; i++) {
        const struct box_fill *f = &t.trading.fill[i];
        int base = t.trading.market[f->symbol].base;
        sum[0].v += f->side == SIDE_BUY ? f->qty.v : -f->qty.v;
        sum[1].v += f->side == SIDE_BUY ? -f->quote_qty.v : f->quote_qty.v;
        sum[f->commission_asset != base].v -= f->commission.v;
    }
    assert_true(t.trading.fills > 20);
    const int asset[2] = {t.trading.market[0].base, t.trading.market[0].quote};
    const dec opened[2] = {dec_lit("20"), dec_lit("2000")};
    dec locked[BOX_ACCOUNTS_MAX][2] = {{DEC_ZERO}};
    for (uint32_t i = 0; i < t.trading.orders; i++) {
        const struct box_order *o = t.trading.order[i];
        assert_true(box_is_open(o) || dec_is_zero(o->locked));
        locked[o->account][o->side == SIDE_BUY].v += o->locked.v;
    }
    for (int k = 0; k < 2; k++) {
        i128 have = 0;
        for (uint32_t i = 0; i < t.trading.accounts; i++) {
            const struct box_balance *b = &t.trading.account[i].balance[asset[k]];
            assert_false(dec_is_neg(b->free));
            assert_true(dec_eq(b->locked, locked[i][k]));
            have += b->free.v + b->locked.v;
        }
        assert_true(have == opened[k].v + sum[k].v);
    }
}

static void test_user_events(void **state)
{
    (void)state;
    traders_quiet(&t);
    order("anna", LIMIT "side=BUY&price=8&quantity=1&newClientOrderId=e1", "\"NEW\"");
    assert_int_equal(t.events, 2);
    has(t.event[0].text, "\"e\":\"executionReport\"");
    has(t.event[0].text, "\"x\":\"NEW\",\"X\":\"NEW\",\"r\":\"NONE\",\"i\":1");
    has(t.event[1].text, "\"e\":\"outboundAccountPosition\"");
    has(t.event[1].text, "[{\"a\":\"USDT\",\"f\":\"992.00000000\",\"l\":\"8.00000000\"}]");
    traders_get(&t, 200, "anna", CANCEL, "symbol=BTCUSDT&orderId=1&newClientOrderId=c1");
    has(t.event[2].text, "\"c\":\"c1\"");
    has(t.event[2].text, "\"C\":\"e1\"");
    has(t.event[2].text, "\"x\":\"CANCELED\"");
    traders_quiet(&t);
    order("anna", "symbol=BTCUSDT&type=MARKET&side=BUY&quantity=1", "\"FILLED\"");
    has(t.event[2].text, "\"x\":\"TRADE\",\"X\":\"FILLED\"");
    has(t.event[2].text, "\"n\":\"0.00100000\",\"N\":\"BTC\"");
    traders_quiet(&t);
    assert_true(box_deposit(&t.trading, 0, 0, dec_lit("5")));
    has(t.event[0].text, "\"e\":\"balanceUpdate\"");
    has(t.event[0].text, "\"a\":\"USDT\",\"d\":\"5.00000000\"");
    assert_false(box_deposit(&t.trading, 0, 0, dec_lit("-5000")));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_resting_buy_binds_and_fills),
        CASE(test_a_better_price_gives_money_back),
        CASE(test_what_was_taken_is_gone_until_told_anew),
        CASE(test_two_accounts_meet),
        CASE(test_ioc_fok_and_post_only),
        CASE(test_market_orders_by_amount),
        CASE(test_self_trade_prevention),
        CASE(test_transfer_moves_goods_between_accounts),
        CASE(test_conditional_orders),
        CASE(test_pairs),
        CASE(test_a_pair_is_cancelled_whole),
        CASE(test_commission_in_a_third_asset),
        CASE(test_money_is_neither_made_nor_lost),
        CASE(test_user_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

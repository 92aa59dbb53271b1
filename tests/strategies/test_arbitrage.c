/* arbitrage: when a trade begins, how large it is, and at which limits: each parameter that decides
 * that. What becomes of a trade is tested in test_arbitrage_trade.c. */
#include "strategies/arbitrage.h"
#include "twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Fees 0.001 near, 0.002 far. Bought near at 50000 a coin costs 50050.05; sold far it brings
 * 0.998 of the bid. */
#define SIZE       "size = \"0.1\"\n"
#define PLAIN      SIZE "slippage = \"0\"\n"
#define SECONDS(n) ((n)*SECOND)

static void open_with(const char *parameters)
{
    twin_open(&strategy_arbitrage, parameters);
}

/* Near 50000 to buy, far [bid] to sell; the reverse is far from anything. */
static void prices(const char *far_bid)
{
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, far_bid, "5", "60000", "5");
}

static void it_trades_where_the_profit_is_min_profit_and_not_a_tick_less(void **state)
{
    (void)state;
    open_with(PLAIN "min_profit = \"0.001\"\n");
    prices("50200.50"); /* 50100.099 / 50050.05005: not quite */
    twin_sends(0);
    prices("50200.51");
    twin_expect(0, "buy 0.1 near @50000");
    assert_string_equal(twin_figure("under_way"), "1");
}

static void min_profit(void **state)
{
    (void)state;
    open_with(PLAIN "min_profit = \"0.002\"\n");
    prices("50250.64");
    twin_sends(0);
    prices("50250.66"); /* x 0.998 = 50150.15868; / 50050.05005 = 1.0020002 */
    twin_sends(1);
}

static void both_fees_count(void **state)
{
    (void)state;
    twin_near_fees = "0.002"; /* a coin costs 50100.2004 */
    open_with(PLAIN "min_profit = \"0.001\"\n");
    prices("50250.80");
    twin_sends(0);
    prices("50250.81");
    twin_sends(1);
    twin_close(NULL);
    twin_far_fees = "0.004"; /* it brings 0.996 */
    open_with(PLAIN "min_profit = \"0.001\"\n");
    prices("50301.30");
    twin_sends(0);
    prices("50301.31");
    twin_sends(1);
}

static void the_other_way_round(void **state)
{
    (void)state;
    open_with(PLAIN "min_profit = \"0.001\"\n");
    twin_quote(FAR, "49990", "5", "50000", "5");
    twin_quote(NEAR, "50200.50", "5", "60000", "5"); /* the fees are the same two */
    twin_sends(0);
    twin_quote(NEAR, "50200.51", "5", "60000", "5");
    twin_expect(0, "sell 0.0998 near @50200.51"); /* first = instrument; 0.1 less 0.2 % fee */
    twin_fill(0, "50200.51", "0.0998");
    twin_expect(1, "buy 0.1 far @50000");
}

static void slippage_is_in_the_limits_and_in_the_profit(void **state)
{
    (void)state;
    open_with(SIZE "min_profit = 0\nslippage = \"0.001\"\nslippage_other = \"0.002\"\n"
                   "legs = \"concurrent\"\n");
    /* 50050 / 0.999 = 50100.1; bid x 0.998 x 0.998 */
    prices("50301.10");
    twin_sends(0);
    prices("50301.20");
    twin_expect(0, "buy 0.1 near @50050");
    twin_expect(1, "sell 0.0999 far @50200.6"); /* 50200.5976, up to the tick */
}

static void slippage_other_is_slippage_where_it_is_not_given(void **state)
{
    (void)state;
    open_with(SIZE "min_profit = 0\nslippage = \"0.001\"\nlegs = \"concurrent\"\n");
    prices("50300");
    twin_expect(0, "buy 0.1 near @50050");
    twin_expect(1, "sell 0.0999 far @50249.7");
}

static void slippage_has_a_default(void **state)
{
    (void)state;
    open_with(SIZE "legs = \"concurrent\"\n");
    prices("50500");
    twin_expect(0, "buy 0.1 near @50025");
    twin_expect(1, "sell 0.0999 far @50474.75");
}

static void first_says_whose_order_goes_first(void **state)
{
    (void)state;
    open_with(PLAIN "first = \"other\"\n");
    prices("51000");
    twin_expect(0, "sell 0.0999 far @51000");
    twin_sends(1);
    twin_fill(0, "51000", "0.0999");
    twin_expect(1, "buy 0.1 near @50000"); /* 0.0999 / 0.999 */
    twin_close(NULL);
    open_with(PLAIN "first = \"other\"\nlegs = \"concurrent\"\n");
    prices("51000");
    twin_expect(0, "sell 0.0999 far @51000");
    twin_expect(1, "buy 0.1 near @50000");
}

static void legs_one_after_the_other_or_both_at_once(void **state)
{
    (void)state;
    open_with(PLAIN);
    prices("51000");
    twin_sends(1); /* sequential is the default */
    twin_fill(0, "50000", "0.1");
    twin_sends(2);
    twin_expect(1, "sell 0.0999 far @51000");
    twin_close(NULL);
    open_with(PLAIN "legs = \"concurrent\"\n");
    prices("51000");
    twin_sends(2);
}

static void size_and_depth(void **state)
{
    (void)state;
    open_with("size = \"2.5\"\nslippage = \"0\"\nlegs = \"concurrent\"\n");
    twin_quote(NEAR, "49990", "9", "50000", "0.31239"); /* one level of this quantity */
    twin_quote(FAR, "51000", "0.7", "60000", "9");
    twin_expect(0, "buy 0.3123 near @50000");
    twin_expect(1, "sell 0.3119 far @51000"); /* less the fee, in lots */
    twin_close(NULL);
    open_with("size = \"0.25\"\nslippage = \"0\"\n");
    prices("51000");
    twin_expect(0, "buy 0.25 near @50000");
}

/* Levels are taken as long as the worst pair of them earns min_profit. */
static void the_book_is_walked(void **state)
{
    (void)state;
    open_with("size = \"5\"\nslippage = \"0\"\nlegs = \"concurrent\"\nmin_profit = \"0.001\"\n");
    twin_book(NEAR, "49000 9", "50000 0.2 50100 0.3 50200 0.4 50300 9");
    twin_book(FAR, "50500 0.4 50420 0.7 50403 1 50000 9", "60000 9");
    /* 50200 and 50420 earn 0.0013, 50300 and 50420 lose: 0.2 + 0.3 + 0.4 */
    twin_expect(0, "buy 0.9 near @50200");
    twin_expect(1, "sell 0.8991 far @50420");
    twin_close(NULL);
    open_with("size = \"0.45\"\nslippage = \"0\"\nlegs = \"concurrent\"\nmin_profit = \"0.001\"\n");
    twin_book(NEAR, "49000 9", "50000 0.2 50100 0.3 50200 0.4 50300 9");
    twin_book(FAR, "50500 0.4 50420 0.7 50403 1 50000 9", "60000 9");
    twin_expect(0, "buy 0.45 near @50100"); /* no deeper than its size needs */
    twin_expect(1, "sell 0.4495 far @50420");
}

static void min_size(void **state)
{
    (void)state;
    open_with("size = \"1\"\nslippage = \"0\"\nmin_size = \"0.3\"\n");
    twin_quote(NEAR, "49990", "9", "50000", "0.2999");
    twin_quote(FAR, "51000", "9", "60000", "9");
    twin_sends(0);
    twin_quote(NEAR, "49990", "9", "50000", "0.3");
    twin_expect(0, "buy 0.3 near @50000");
}

static void what_the_venues_do_not_take_is_not_tried(void **state)
{
    (void)state;
    twin_far_rules = "tick_size = \"0.01\"\nlot_size = \"0.01\"\nmin_notional = \"600\"\n";
    open_with("size = \"1\"\nslippage = \"0\"\nlegs = \"concurrent\"\n");
    twin_quote(FAR, "51000", "9", "60000", "9");
    twin_quote(NEAR, "49990", "9", "50000", "0.01"); /* 0.00999: no lot there */
    twin_quote(NEAR, "49990", "9", "50000", "0.02"); /* 0.01 x 51000 = 510: below the minimum */
    twin_sends(0);
    twin_quote(NEAR, "49990", "9", "50000", "0.0201"); /* 0.02 */
    twin_expect(0, "buy 0.0201 near @50000");
    twin_expect(1, "sell 0.02 far @51000");
    assert_int_equal(twin.denieds, 0);
}

/* ---- the age of prices ---- */

static void max_age(void **state)
{
    (void)state;
    open_with(PLAIN "max_age = \"3s\"\nmax_age_other = \"5s\"\n");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_wait(SECONDS(3));
    twin_quote(FAR, "51000", "5", "60000", "5"); /* 3 s and 1 ns later */
    twin_sends(0);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_wait(SECONDS(3) - 1);
    twin_quote(FAR, "51000", "5", "60000", "5"); /* 3 s */
    twin_sends(1);
}

static void max_age_other(void **state)
{
    (void)state;
    open_with(PLAIN "max_age = \"3s\"\nmax_age_other = \"5s\"\n");
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_wait(SECONDS(5));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(0);
    twin_quote(FAR, "50100", "5", "60000", "5"); /* no profit in that */
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(1);
    twin_close(NULL);
    open_with(PLAIN "max_age = \"3s\"\nmax_age_other = \"5s\"\n");
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_wait(SECONDS(5) - 1);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(1);
    twin_close(NULL);
    open_with(PLAIN "max_age = \"3s\"\n"); /* absent: as max_age */
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_wait(SECONDS(3));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(0);
}

/* A trade print makes no quote younger. */
static void prints_are_not_quotes(void **state)
{
    (void)state;
    open_with(PLAIN "max_age = \"3s\"\n");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_wait(SECONDS(4));
    twin_trade(NEAR, "50000");
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(0);
}

static void a_feed_that_is_not_live_has_no_price(void **state)
{
    (void)state;
    open_with(PLAIN);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_feed(NEAR, FEED_STALE);
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(0);
    twin_feed(NEAR, FEED_INVALID);
    twin_feed(NEAR, FEED_LIVE);
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(0);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(1);
}

static void use_last(void **state)
{
    (void)state;
    open_with(PLAIN);
    twin_trade(NEAR, "50000");
    twin_trade(FAR, "51000");
    twin_sends(0);
    assert_string_equal(twin_figure("best_edge"), "-"); /* nothing was measured */
    assert_string_equal(twin_figure("last_edge"), "-");
    twin_close(NULL);
    open_with(PLAIN "use_last = true\nmax_age = \"3s\"\n");
    twin_trade(NEAR, "50000");
    twin_wait(SECONDS(3));
    twin_trade(FAR, "51000");
    twin_sends(0); /* prints age, too */
    twin_trade(NEAR, "50000");
    twin_expect(0, "buy 0.1 near @50000");
    twin_close(NULL);
    /* Where there is a quote, it counts. */
    open_with(PLAIN "use_last = true\n");
    twin_quote(NEAR, "49990", "5", "50990", "5");
    twin_trade(NEAR, "50000");
    twin_trade(FAR, "51000");
    twin_sends(0);
}

/* ---- two quote currencies ---- */

#define USDC_FUNDS                                                                                 \
    "[strategy.funds]\nnear = { USDT = \"100000\", BTC = \"10\" }\n"                               \
    "far = { USDC = \"100000\", BTC = \"10\" }\n"

static void open_rate(const char *symbol, const char *parameters)
{
    char text[512];
    twin_far_symbol = "BTC-USDC";
    twin_rate = symbol;
    twin_funds = USDC_FUNDS;
    snprintf(text, sizeof text, "%srate = \"%s@far\"\n", parameters, symbol);
    open_with(text);
}

static void the_rate_converts_at_its_worse_side(void **state)
{
    (void)state;
    open_rate("USDC-USDT", PLAIN "min_profit = 0\n");
    /* Sold for USDC: they are worth the bid. 50050.05005 / 0.998 / 0.98 = 51173.82 */
    twin_quote(RATE, "0.98", "9", "0.99", "9");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51173.81", "5", "60000", "5");
    twin_sends(0);
    twin_quote(FAR, "51173.83", "5", "60000", "5");
    twin_expect(0, "buy 0.1 near @50000");
    twin_close(NULL);
    /* Bought with USDC: they cost the ask. 50000 / 0.998 x 0.99 / 0.999 = 49648.84 */
    open_rate("USDC-USDT", PLAIN "min_profit = 0\n");
    twin_quote(RATE, "0.98", "9", "0.99", "9");
    twin_quote(FAR, "49990", "5", "50000", "5");
    twin_quote(NEAR, "49648.84", "5", "60000", "5");
    twin_sends(0);
    twin_quote(NEAR, "49648.85", "5", "60000", "5");
    twin_expect(0, "sell 0.0998 near @49648.85");
}

static void the_rate_may_be_the_other_way_round(void **state)
{
    (void)state;
    open_rate("USDT-USDC", PLAIN "min_profit = 0\n");
    /* One USDC is worth 1 / 1.02 USDT: 50050.05005 x 1.02 / 0.998 = 51153.36 */
    twin_quote(RATE, "1.01", "9", "1.02", "9");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51153.35", "5", "60000", "5");
    twin_sends(0);
    twin_quote(FAR, "51153.37", "5", "60000", "5");
    twin_sends(1);
    twin_close(NULL);
    /* It costs 1 / 1.01: 50000 / 0.998 / 1.01 / 0.999 = 49653.81 */
    open_rate("USDT-USDC", PLAIN "min_profit = 0\n");
    twin_quote(RATE, "1.01", "9", "1.02", "9");
    twin_quote(FAR, "49990", "5", "50000", "5");
    twin_quote(NEAR, "49653.81", "5", "60000", "5");
    twin_sends(0);
    twin_quote(NEAR, "49653.82", "5", "60000", "5");
    twin_sends(1);
}

static void rate_cost(void **state)
{
    (void)state;
    open_rate("USDC-USDT", PLAIN "min_profit = 0\nrate_cost = \"0.01\"\n");
    twin_quote(RATE, "1", "9", "1", "9");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "50656.91", "5", "60000", "5"); /* 50050.05005 / 0.998 / 0.99 = 50656.92 */
    twin_sends(0);
    twin_quote(FAR, "50656.92", "5", "60000", "5");
    twin_sends(1);
    twin_close(NULL);
    open_rate("USDC-USDT", PLAIN "min_profit = 0\nrate_cost = \"0.01\"\n");
    twin_param(P_RATE_COST, PARAM_DECIMAL, (struct param_value){.decimal = D("0.009")});
    twin_quote(RATE, "1", "9", "1", "9");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "50656.91", "5", "60000", "5");
    twin_sends(1);
}

static void max_age_rate(void **state)
{
    (void)state;
    open_rate("USDC-USDT", PLAIN "max_age = \"3s\"\nmax_age_rate = \"10s\"\n");
    twin_quote(RATE, "1", "9", "1", "9");
    twin_wait(SECONDS(10) - 1);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51000", "5", "60000", "5"); /* 10 s and 1 ns */
    twin_sends(0);
    twin_quote(RATE, "1", "9", "1", "9");
    twin_sends(1);
    twin_close(NULL);
    open_rate("USDC-USDT", PLAIN "max_age = \"3s\"\nmax_age_rate = \"10s\"\n");
    twin_quote(RATE, "1", "9", "1", "9");
    twin_wait(SECONDS(10) - 2);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51000", "5", "60000", "5"); /* 10 s */
    twin_sends(1);
    twin_close(NULL);
    open_rate("USDC-USDT", PLAIN "max_age = \"3s\"\nmax_age_rate = \"9s\"\n");
    twin_param(P_MAX_AGE_RATE, PARAM_DURATION, (struct param_value){.duration_ns = SECONDS(10)});
    twin_quote(RATE, "1", "9", "1", "9");
    twin_wait(SECONDS(10) - 2);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(1);
    twin_close(NULL);
    open_rate("USDC-USDT", PLAIN "max_age = \"3s\"\n"); /* absent: as max_age */
    twin_quote(RATE, "1", "9", "1", "9");
    twin_wait(SECONDS(3));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(0);
}

/* ---- funds and limits ---- */

static void funds_on_both_venues_before_any_leg(void **state)
{
    (void)state;
    static const struct {
        const char *funds, *first, *note;
    } CASE[] = {
        {"near = { USDT = 2500 }\nfar = { BTC = 1 }\n", "buy 0.05 near @50000", NULL},
        {"near = { USDT = 2499.99 }\nfar = { BTC = 1 }\n", "buy 0.0499 near @50000", NULL},
        {"near = { USDT = 9000 }\nfar = { BTC = \"0.03\" }\n", "buy 0.03 near @50000", NULL},
        {"near = { USDT = 9.99 }\nfar = { BTC = 1 }\n", NULL, "no money left to buy `instrument`"},
        {"near = { USDT = 9000, BTC = 1 }\nfar = { USDT = 9000 }\n", NULL,
         "nothing left to sell of `other`"},
    };
    for (size_t k = 0; k < sizeof CASE / sizeof CASE[0]; k++) {
        char funds[256];
        snprintf(funds, sizeof funds, "[strategy.funds]\n%s", CASE[k].funds);
        twin_funds = funds;
        open_with(PLAIN);
        for (int again = 0; again < 3; again++)
            prices("51000");
        if (CASE[k].first) {
            twin_expect(0, CASE[k].first);
            assert_int_equal(twin.notes, 0);
        } else {
            twin_sends(0);
            assert_int_equal(twin_count_notes(CASE[k].note), 1); /* said once */
            assert_int_equal(twin_count_notes("rebalance by hand"), 1);
        }
        assert_int_equal(twin.denieds, 0);
        twin_close(NULL);
    }
}

/* What the second leg of another trade will need is not there for a new one. */
static void funds_that_are_spoken_for(void **state)
{
    (void)state;
    twin_funds = "[strategy.funds]\nnear = { USDT = 50000 }\nfar = { BTC = \"0.15\" }\n";
    open_with(PLAIN "max_open = 3\ncooldown = \"0s\"\n");
    for (int i = 0; i < 3; i++) {
        twin_quote(FAR, "51000", "5", "60000", "5");
        twin_quote(NEAR, "49990", "5", "50000", "5");
    }
    twin_expect(0, "buy 0.1 near @50000");
    twin_expect(1, "buy 0.05 near @50000");
    twin_sends(2);
    twin_close(NULL);
    twin_funds = "[strategy.funds]\nnear = { USDT = 7500 }\nfar = { BTC = 9 }\n";
    open_with(PLAIN "max_open = 3\ncooldown = \"0s\"\nfirst = \"other\"\n");
    for (int i = 0; i < 3; i++) {
        twin_quote(NEAR, "49990", "5", "50000", "5");
        twin_quote(FAR, "51000", "5", "60000", "5");
    }
    twin_expect(0, "sell 0.0999 far @51000");
    twin_expect(1, "sell 0.0499 far @51000"); /* 0.05 for 2500 */
    twin_sends(2);
}

/* A whole trade at the same prices, sequential; the orders are n and n + 1. */
static void complete(uint32_t n)
{
    prices("51000");
    twin_sends(n + 1);
    twin_fill(n, "50000", "0.1");
    twin_fill(n + 1, "51000", "0.0999");
    twin_sends(n + 2);
}

static void a_complete_trade_and_its_figures(void **state)
{
    (void)state;
    open_with(PLAIN "cooldown = \"0s\"\n");
    complete(0);
    assert_string_equal(twin_figure("trades"), "1");
    /* 0.0999 x 51000 x 0.998 - 5000 */
    assert_string_equal(twin_figure("profit"), "84.7102");
    assert_string_equal(twin_figure("imbalance"), "0.0999");
    assert_string_equal(twin_figure("stranded"), "0");
    assert_string_equal(twin_figure("dust"), "0");
    assert_string_equal(twin_figure("under_way"), "0");
    assert_string_equal(twin_figure("best_edge"), twin_figure("last_edge"));
    /* 51000 x 0.998 x 0.999 / 50000 - 1, rounded down */
    assert_string_equal(twin_figure("last_edge"), "0.016942039999999999");
    prices("50100");
    assert_string_equal(twin_figure("last_edge"), "-0.001003996000000001");
    assert_string_equal(twin_figure("best_edge"), "0.016942039999999999");
}

static void cooldown(void **state)
{
    (void)state;
    open_with(PLAIN "cooldown = \"10s\"\n");
    complete(0);
    prices("51000");
    twin_wait(SECONDS(10) - 5);
    prices("51000"); /* the second of them 1 ns too early */
    twin_sends(2);
    prices("51000");
    twin_sends(3);
}

/* The same quotes are not traded twice: after an order a venue must show a new price. */
static void fresh_quotes_after_each_order(void **state)
{
    (void)state;
    open_with(PLAIN "cooldown = \"0s\"\n");
    complete(0);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(2); /* far has not moved since it was sold to */
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_sends(3);
}

static void max_open(void **state)
{
    (void)state;
    for (int max = 1; max <= 8; max++) {
        char text[256];
        snprintf(text, sizeof text, PLAIN "cooldown = \"0s\"\nmax_open = %d\n", max);
        open_with(text);
        for (int i = 0; i < 12; i++) {
            twin_quote(FAR, "51000", "5", "60000", "5");
            twin_quote(NEAR, "49990", "5", "50000", "5");
        }
        twin_sends((uint32_t)max);
        char want[8];
        snprintf(want, sizeof want, "%d", max);
        assert_string_equal(twin_figure("under_way"), want);
        twin_close(NULL);
    }
}

static void max_trades_day(void **state)
{
    (void)state;
    open_with(PLAIN "cooldown = \"0s\"\nmax_trades_day = 3\n");
    for (uint32_t n = 0; n < 6; n += 2)
        complete(n);
    prices("51000");
    twin_sends(6);
    twin_wait(SECONDS(86400));
    prices("51000");
    twin_sends(7);
}

static void max_imbalance(void **state)
{
    (void)state;
    open_with(PLAIN "cooldown = \"0s\"\nmax_imbalance = \"0.15\"\n");
    complete(0); /* 0.0999 */
    prices("51000");
    twin_expect(2, "buy 0.0501 near @50000"); /* up to 0.15, before the fee */
    twin_fill(2, "50000", "0.0501");
    twin_fill(3, "51000", "0.05");
    prices("51000");
    prices("51000");
    twin_sends(4);
    assert_int_equal(twin_count_notes("max_imbalance is reached"), 1);
    /* The other way round there is room, also for more than what was moved. */
    twin_quote(FAR, "49990", "5", "50000", "5");
    twin_quote(NEAR, "51000", "5", "60000", "5");
    twin_expect(4, "sell 0.0998 near @51000");
}

static void trading_states(void **state)
{
    (void)state;
    static const enum command_kind KIND[] = {COMMAND_PAUSE, COMMAND_STOPENTRY, COMMAND_HALT};
    for (int k = 0; k < 3; k++) {
        open_with(PLAIN);
        twin_command(KIND[k], k ? STRATEGY_NONE : 0);
        prices("51000");
        twin_sends(0);
        assert_int_equal(twin.denieds, 0);
        twin_close(NULL);
    }
}

static void live_parameters(void **state)
{
    (void)state;
    open_with(PLAIN);
    twin_param(P_MIN_PROFIT, PARAM_DECIMAL, (struct param_value){.decimal = D("0.1")});
    twin_param(P_SIZE, PARAM_DECIMAL, (struct param_value){.decimal = D("0.2")});
    prices("51000");
    twin_sends(0);
    twin_param(P_MIN_PROFIT, PARAM_DECIMAL, (struct param_value){.decimal = D("0.001")});
    prices("51000");
    twin_expect(0, "buy 0.2 near @50000");
}

/* ---- the configuration ---- */

static void bad(const char *parameters, const char *part)
{
    memset(&twin, 0, sizeof twin);
    assert_int_equal(twin_parse(&strategy_arbitrage, parameters), ERR_RANGE);
    if (!strstr(twin.report.line[0], part))
        fail_msg("%s", twin.report.line[0]);
    assert_int_equal(twin.report.count, 1);
    config_report_clear(&twin.report);
}

static void what_does_not_fit_together(void **state)
{
    (void)state;
    bad(SIZE "min_size = \"0.11\"\n", "strategy.min_size: is more than size");
    bad(SIZE "failure = \"hold\"\nfallback = \"unwind\"\n",
        "strategy.fallback: is not used; allowed: with failure = \"hedge\"");
    bad(SIZE "unwind_market = true\n",
        "strategy.unwind_market: is not used; allowed: with failure or");
    bad(SIZE "rate = \"USDC-USDT\"\n", "strategy.rate: both have the same quote; allowed: none");
    twin_far_symbol = "BTC-USDC";
    twin_funds = "";
    bad(SIZE, "strategy.rate: is missing; needed: an instrument between the two quotes");
    bad(SIZE "rate = \"BNB-USDT\"\n", "strategy.rate: is not between the quotes");
    twin_far_symbol = "BNB-USDT";
    twin_rate = "USDC-USDT";
    bad(SIZE, "strategy.other: has another base than `instrument`; needed: the same");
    twin_close(NULL);
}

static void the_plan(void **state)
{
    (void)state;
    memset(&twin, 0, sizeof twin);
    assert_int_equal(
        twin_parse(&strategy_arbitrage, SIZE "min_profit = \"0.002\"\nslippage = \"0.001\"\n"),
        ERR_OK);
    const struct setup *s = twin.c.setup;
    static struct plan plan;
    memset(&plan, 0, sizeof plan);
    const struct instrument *in[2] = {&s->instrument[0], &s->instrument[1]};
    plan.fees[0].taker = D("0.001");
    plan.fees[1].taker = D("0.002");
    assert_int_equal(strategy_arbitrage.plan(&s->strategy[0].params, in, D("50000"), DEC_ZERO,
                                             D("0.001"), &plan),
                     ERR_OK);
    assert_int_equal(plan.count, 2);
    char text[DEC_TEXT_MAX];
    dec_format_places(plan.row[0].break_even, 2, DEC_UP, text);
    assert_string_equal(text, "50150.36"); /* 50000 / 0.999 / 0.998 */
    dec_format_places(plan.row[1].price, 2, DEC_UP, text);
    assert_string_equal(text, "50351.26"); /* x 1.002 x 1.001 / 0.999 */
    dec_format(plan.capital_quote, text);
    assert_string_equal(text, "5005");
    assert_string_equal(plan.remark[0], "break-even: prices 0.301 % apart pay both taker fees");
    assert_string_equal(
        plan.remark[1],
        "a trade begins where they are 0.703 % apart: slippage and min_profit included");
    twin_close(NULL);
}

#define TEST(name) cmocka_unit_test_teardown(name, twin_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_trades_where_the_profit_is_min_profit_and_not_a_tick_less),
        TEST(min_profit),
        TEST(both_fees_count),
        TEST(the_other_way_round),
        TEST(slippage_is_in_the_limits_and_in_the_profit),
        TEST(slippage_other_is_slippage_where_it_is_not_given),
        TEST(slippage_has_a_default),
        TEST(first_says_whose_order_goes_first),
        TEST(legs_one_after_the_other_or_both_at_once),
        TEST(size_and_depth),
        TEST(the_book_is_walked),
        TEST(min_size),
        TEST(what_the_venues_do_not_take_is_not_tried),
        TEST(max_age),
        TEST(max_age_other),
        TEST(prints_are_not_quotes),
        TEST(a_feed_that_is_not_live_has_no_price),
        TEST(use_last),
        TEST(the_rate_converts_at_its_worse_side),
        TEST(the_rate_may_be_the_other_way_round),
        TEST(rate_cost),
        TEST(max_age_rate),
        TEST(funds_on_both_venues_before_any_leg),
        TEST(funds_that_are_spoken_for),
        TEST(a_complete_trade_and_its_figures),
        TEST(cooldown),
        TEST(fresh_quotes_after_each_order),
        TEST(max_open),
        TEST(max_trades_day),
        TEST(max_imbalance),
        TEST(trading_states),
        TEST(live_parameters),
        TEST(what_does_not_fit_together),
        TEST(the_plan),
    };
    return cmocka_run_group_tests_name("arbitrage", tests, NULL, NULL);
}

/* arbitrage: what becomes of a trade whose orders fill, fill partly, fail, or are in doubt; that
 * its state survives; that it never does more than it said. */
#include "strategies/arbitrage.h"
#include "twin.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLAIN      "size = \"0.1\"\nslippage = \"0\"\n"
#define BOTH       PLAIN "legs = \"concurrent\"\n"
#define SECONDS(n) ((n)*SECOND)

/* Buys near at 50000, sells far at 51000: orders 0 and 1. */
static void open_trade(const char *parameters)
{
    twin_open(&strategy_arbitrage, parameters);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_quote(FAR, "51000", "5", "60000", "5");
}

static void far_bid(const char *bid)
{
    twin_quote(FAR, bid, "5", "60000", "5");
}

static void figure_is(const char *name, const char *want)
{
    const char *have = twin_figure(name);
    if (strcmp(have, want) != 0)
        fail_msg("%s is %s, not %s", name, have, want);
}

/* ---- partial fills ---- */

static void the_second_leg_is_as_large_as_the_first_one_got(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_fill(0, "49999", "0.03");
    twin_fill(0, "50000", "0.0123");
    twin_sends(1); /* its rest may still come */
    twin_expire(0);
    twin_expect(1, "sell 0.0422 far @51000"); /* 0.0423 less 0.1 %, in lots */
    twin_fill(1, "51000", "0.0422");
    figure_is("trades", "1");
    figure_is("under_way", "0");
    figure_is("dust", "0.0000577"); /* 0.0422577 - 0.0422 */
    figure_is("stranded", "0");
    twin_close(NULL);
    open_trade(PLAIN "first = \"other\"\n"); /* sells first */
    twin_expect(0, "sell 0.0999 far @51000");
    twin_fill(0, "51000", "0.05");
    twin_expire(0);
    twin_expect(1, "buy 0.0501 near @50000"); /* 0.05 / 0.999, up to the lot */
}

static void nothing_filled_is_no_trade(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_expire(0);
    twin_sends(1);
    figure_is("under_way", "0");
    figure_is("missed", "1");
    figure_is("trades", "0");
    twin_wait(SECONDS(1));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    twin_sends(2);
}

/* ---- hedge ---- */

/* Paid 50050.05 a coin; 0.5 % may be lost: x 0.995 / 0.998 = 49899.599.. */
static void hedge_completes_on_the_second_venue_up_to_its_price(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_fill(0, "50000", "0.1");
    far_bid("49899.59"); /* gone before the order came */
    twin_expire(1);
    twin_sends(2);
    figure_is("hedged", "1");
    twin_wait(SECONDS(5));
    far_bid("49899.59");
    twin_sends(2);
    far_bid("49899.60");
    twin_expect(2, "sell 0.0999 far @49899.6");
    assert_true(twin.sent[2].req.parent == twin.sent[1].req.parent);
    assert_true(twin.sent[2].req.repeat);
    twin_fill(2, "49899.60", "0.0999");
    figure_is("under_way", "0");
    figure_is("trades", "1");
    figure_is("stranded", "0");
    figure_is("profit", "-24.99990008"); /* 0.0999 x 49899.6 x 0.998 - 5000: 0.5 % */
}

static void max_loss_bounds_hedging_and_unwinding(void **state)
{
    (void)state;
    open_trade(PLAIN "max_loss = \"0.01\"\n");
    twin_fill(0, "50000", "0.1");
    far_bid("49648.84");
    twin_expire(1);
    twin_sends(2);
    far_bid("49648.85"); /* 50050.05 x 0.99 / 0.998 */
    twin_expect(2, "sell 0.0999 far @49648.85");
    twin_close(NULL);
    open_trade(PLAIN "max_loss = \"0.01\"\nfailure = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    twin_quote(NEAR, "49599.14", "5", "49700", "5");
    twin_expire(1);
    twin_sends(2);
    twin_quote(NEAR, "49599.15", "5", "49700", "5"); /* 50050.05 x 0.99 / 0.999 */
    twin_expect(2, "sell 0.0999 near @49599.15");
}

static void hedging_a_sold_leg(void **state)
{
    (void)state;
    open_trade(PLAIN "first = \"other\"\n");
    twin_fill(0, "51000", "0.0999");
    twin_quote(NEAR, "49990", "5", "51104.33", "5");
    twin_expire(1);
    twin_sends(2);
    /* 51000 x 0.998 / 0.995 x 0.999 = 51102.61 */
    twin_quote(NEAR, "49990", "5", "51102.62", "5");
    twin_sends(2);
    twin_quote(NEAR, "49990", "5", "51102.61", "5");
    twin_expect(2, "buy 0.1 near @51102.61");
    assert_true(twin.sent[2].req.parent == twin.sent[1].req.parent);
}

static void retry(void **state)
{
    (void)state;
    open_trade(PLAIN "retry = \"4s\"\n");
    twin_fill(0, "50000", "0.1");
    twin_expire(1); /* at once: the price still stands there */
    twin_expect(2, "sell 0.0999 far @49899.6");
    twin_expire(2);
    far_bid("51000");
    twin_wait(SECONDS(4) - 10);
    far_bid("51000");
    twin_sends(3);
    twin_wait(20); /* by its timer, without an event */
    twin_sends(4);
    twin_fill(3, "51000", "0.05"); /* partly */
    twin_expire(3);
    twin_wait(SECONDS(4));
    twin_expect(4, "sell 0.0499 far @49899.6");
}

static void deadline_ends_hedging(void **state)
{
    (void)state;
    open_trade(PLAIN "deadline = \"20s\"\n");
    twin_fill(0, "50000", "0.1");
    far_bid("40000");
    twin_expire(1);
    twin_wait(SECONDS(20) - 1);
    figure_is("under_way", "1");
    twin_wait(1);
    figure_is("under_way", "0");
    figure_is("stranded", "0.0999");
    figure_is("held", "1");
    assert_true(twin_noted("a leg is stranded: more was bought than sold"));
    far_bid("51000");
    twin_wait(SECONDS(100));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    twin_sends(2); /* max_stranded is 0 */
    assert_int_equal(twin_count_notes("more is stranded than max_stranded"), 1);
}

static void fallback(void **state)
{
    (void)state;
    open_trade(PLAIN "deadline = \"20s\"\nfallback = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    far_bid("40000");
    twin_expire(1);
    twin_wait(SECONDS(20));
    /* 50050.05 x 0.995 / 0.999 */
    twin_expect(2, "sell 0.0999 near @49849.65");
    assert_true(twin.sent[2].req.parent != twin.sent[0].req.parent &&
                twin.sent[2].req.parent != twin.sent[1].req.parent && twin.sent[2].req.parent);
    figure_is("hedged", "1");
    figure_is("unwound", "1");
    twin_quote(NEAR, "49849.64", "5", "50000", "5");
    twin_expire(2);
    twin_wait(SECONDS(20) - 10);
    figure_is("under_way", "1"); /* a deadline of its own */
    twin_wait(10);
    twin_sends(3);
    figure_is("stranded", "0.0999");
}

/* ---- unwind and hold ---- */

static void unwind_trades_the_surplus_back(void **state)
{
    (void)state;
    open_trade(PLAIN "failure = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    twin_fill(1, "51000", "0.04");
    twin_expire(1);
    twin_expect(2, "sell 0.0599 near @49849.65");
    twin_fill(2, "49990", "0.0599");
    figure_is("under_way", "0");
    figure_is("stranded", "0");
    figure_is("unwound", "1");
    figure_is("imbalance", "0.04");
}

static void unwind_market(void **state)
{
    (void)state;
    open_trade(PLAIN "failure = \"unwind\"\nunwind_market = true\n");
    twin_fill(0, "50000", "0.1");
    twin_quote(NEAR, "30000", "5", "50000", "5");
    twin_expire(1);
    twin_expect(2, "sell 0.0999 near");
}

/* A market buy binds more than its price: after a denial it asks for what its money is enough for.
 */
static void unwind_market_with_little_money(void **state)
{
    (void)state;
    twin_funds = "[strategy.funds]\nnear = { USDT = 9000 }\nfar = { BTC = 1 }\n";
    open_trade(PLAIN "first = \"other\"\nfailure = \"unwind\"\nunwind_market = true\n");
    twin_fill(0, "51000", "0.0999"); /* 5084.7102 */
    twin_quote(FAR, "51000", "5", "52000", "5");
    twin_expire(1);
    assert_int_equal(twin.denieds, 1); /* 0.0978 at 103000, with a collar of 100 % */
    assert_int_equal(twin.denied[0].denial.reason, REASON_BUDGET);
    twin_wait(SECONDS(1));
    twin_expect(2, "buy 0.0493 far"); /* 5084.7102 / 103000 */
}

static void hold(void **state)
{
    (void)state;
    open_trade(PLAIN "failure = \"hold\"\n");
    twin_fill(0, "50000", "0.1");
    twin_expire(1);
    twin_sends(2);
    figure_is("under_way", "0");
    figure_is("stranded", "0.0999");
    figure_is("profit", "0"); /* nothing of it was both bought and sold */
    figure_is("missed", "1");
    assert_true(twin_noted("even it out by hand"));
}

static void max_stranded(void **state)
{
    (void)state;
    open_trade(PLAIN "failure = \"hold\"\nmax_stranded = \"0.0999\"\n");
    for (uint32_t n = 0; n < 4; n += 2) {
        if (n) {
            twin_wait(SECONDS(1));
            twin_quote(NEAR, "49990", "5", "50000", "5");
            far_bid("51000");
        }
        twin_sends(n + 1);
        twin_fill(n, "50000", "0.1");
        twin_expire(n + 1);
    }
    figure_is("stranded", "0.1998");
    twin_wait(SECONDS(1));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    twin_sends(4);
    twin_param(P_MAX_STRANDED, PARAM_DECIMAL, (struct param_value){.decimal = D("1")});
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(5);
}

/* What no venue takes is no failure. */
static void dust(void **state)
{
    (void)state;
    twin_rules = "tick_size = \"0.01\"\nlot_size = \"0.0001\"\nmin_notional = \"100\"\n";
    open_trade(BOTH "failure = \"hold\"\n");
    twin_fill(0, "50000", "0.1");
    twin_fill(1, "51000", "0.098");
    twin_expire(1); /* 0.0019 x 51000 = 96.9 */
    figure_is("held", "0");
    figure_is("dust", "0.0019");
    figure_is("trades", "1");
    twin_close(NULL);
    twin_rules = "tick_size = \"0.01\"\nlot_size = \"0.0001\"\nmin_notional = \"100\"\n";
    open_trade(BOTH "failure = \"hold\"\n");
    twin_fill(0, "50000", "0.1");
    twin_fill(1, "51000", "0.0979");
    twin_expire(1); /* 0.002 x 51000 = 102 */
    figure_is("held", "1");
    figure_is("stranded", "0.002");
}

/* ---- both at once ---- */

static void concurrent_legs_are_evened_out_either_way(void **state)
{
    (void)state;
    open_trade(BOTH);
    twin_sends(2);
    twin_fill(0, "50000", "0.06");
    twin_fill(1, "51000", "0.0999");
    twin_expire(0);
    /* 0.0999 - 0.05994 lack: 0.03996 / 0.999 */
    twin_expect(2, "buy 0.04 near @51102.61");
    twin_fill(2, "50000", "0.04");
    figure_is("trades", "1");
    figure_is("stranded", "0");
    twin_close(NULL);
    open_trade(BOTH);
    twin_fill(1, "51000", "0.05");
    twin_fill(0, "50000", "0.1");
    twin_sends(2);
    twin_expire(1);
    twin_expect(2, "sell 0.0499 far @49899.6");
}

static void a_denied_leg(void **state)
{
    (void)state;
    twin_risk = "[risk]\nmax_order_value = \"1e9\"\nmax_position_value = \"1e9\"\n"
                "max_gross_exposure = \"1e9\"\ndaily_loss = \"1e9\"\nmax_drawdown = 1\n"
                "price_collar = 1\nmax_reference_age = \"2s\"\n";
    twin_open(&strategy_arbitrage, BOTH "max_age = \"1m\"\nfailure = \"hold\"\n");
    twin_quote(FAR, "51000", "5", "60000", "5");
    twin_wait(SECONDS(3));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    assert_int_equal(twin.denieds, 1);
    twin_expect(0, "buy 0.1 near @50000");
    twin_fill(0, "50000", "0.05");
    twin_expire(0);
    figure_is("stranded", "0.04995");
    figure_is("under_way", "0");
    twin_close(NULL);
    /* Both denied: nothing happened, and it waits a minute. */
    twin_risk = "[risk]\nmax_order_value = \"1e9\"\nmax_position_value = \"1e9\"\n"
                "max_gross_exposure = \"1e9\"\ndaily_loss = \"1e9\"\nmax_drawdown = 1\n"
                "price_collar = \"0.00005\"\nmax_reference_age = \"1d\"\n";
    open_trade(BOTH);
    assert_int_equal(twin.denieds, 2);
    figure_is("missed", "1");
    twin_wait(SECONDS(60) - 5);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    assert_int_equal(twin.denieds, 2);
    twin_wait(5);
    far_bid("51000");
    assert_int_equal(twin.denieds, 4);
}

static void a_rejected_leg(void **state)
{
    (void)state;
    open_trade(PLAIN "failure = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    twin_answer(1, ORDER_REJECTED, REASON_NOT_ENOUGH_FUNDS);
    twin_expect(2, "sell 0.0999 near @49849.65");
    twin_fill(2, "49990", "0.0999");
    figure_is("under_way", "0");
    twin_wait(SECONDS(59));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    twin_sends(3);
    twin_wait(SECONDS(1));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_sends(4);
}

/* ---- orders of unknown fate ---- */

static void in_doubt_means_no_new_trade_and_no_guess(void **state)
{
    (void)state;
    open_trade(BOTH "max_open = 4\ncooldown = \"0s\"\nfailure = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    twin_answer(1, ORDER_IN_DOUBT, REASON_NONE);
    for (int i = 0; i < 3; i++) {
        twin_wait(SECONDS(60)); /* far beyond the deadline */
        twin_quote(NEAR, "49990", "5", "50000", "5");
        far_bid("51000");
    }
    twin_sends(2); /* neither a new trade nor an unwinding */
    assert_int_equal(twin.cancels, 0);
    assert_int_equal(twin_count_notes("an order is in doubt"), 1);
    figure_is("under_way", "1");
    twin_fill(1, "51000", "0.0999"); /* it had filled */
    figure_is("trades", "1");
    figure_is("under_way", "0");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    assert_true(twin.sents > 2);
    twin_close(NULL);

    open_trade(BOTH "failure = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    twin_answer(1, ORDER_IN_DOUBT, REASON_NONE);
    twin_wait(SECONDS(600));
    twin_sends(2);
    twin_answer(1, ORDER_REJECTED, REASON_NONE); /* it is proven that it never was there */
    twin_expect(2, "sell 0.0999 near @49849.65");
}

static void the_first_leg_in_doubt_sends_no_second(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_answer(0, ORDER_IN_DOUBT, REASON_NONE);
    twin_wait(SECONDS(600));
    far_bid("51000");
    twin_sends(1);
    twin_fill(0, "50000", "0.1");
    twin_expect(1, "sell 0.0999 far @51000");
}

static void an_order_that_does_not_end_is_cancelled(void **state)
{
    (void)state;
    open_trade(PLAIN "deadline = \"10s\"\n");
    twin_answer(0, ORDER_ACCEPTED, REASON_NONE);
    twin_fill(0, "50000", "0.05");
    twin_wait(SECONDS(10) - 10);
    assert_int_equal(twin.cancels, 0);
    twin_wait(20);
    assert_int_equal(twin.cancels, 1);
    assert_true(twin.cancel[0] == twin.sent[0].id);
    twin_sends(1);
    twin_answer(0, ORDER_CANCELED, REASON_NONE);
    twin_expect(1, "sell 0.0499 far @51000");
}

static void a_fill_after_the_end_is_stranded(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_fill(0, "50000", "0.05");
    twin_expire(0);
    twin_fill(1, "51000", "0.0499");
    figure_is("under_way", "0");
    twin_fill(0, "50000", "0.01"); /* the venue's messages came in the wrong order */
    figure_is("stranded", "0.00999");
    assert_true(twin_noted("a fill came after its trade had ended"));
}

/* The same while the trade is still under way: it counts. */
static void a_late_fill_counts_for_its_trade(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_fill(0, "50000", "0.05");
    twin_expire(0);
    twin_sends(2);
    twin_fill(0, "50000", "0.05");
    twin_fill(1, "51000", "0.0499");
    twin_expect(2, "sell 0.05 far @49899.6");
}

/* ---- trading states ---- */

static void reducing_lets_it_sell_what_it_bought(void **state)
{
    (void)state;
    open_trade(PLAIN);
    twin_command(COMMAND_PAUSE, 0);
    twin_fill(0, "50000", "0.1");
    twin_expect(1, "sell 0.0999 far @51000");
    twin_close(NULL);
    /* It may not buy back what it sold: it tries again when it may. */
    open_trade(PLAIN "first = \"other\"\nretry = \"1s\"\ndeadline = \"1h\"\n");
    twin_command(COMMAND_PAUSE, 0);
    twin_fill(0, "51000", "0.0999");
    assert_int_equal(twin.denieds, 1);
    twin_wait(SECONDS(100));
    twin_quote(NEAR, "49990", "5", "50000", "5");
    assert_int_equal(twin.denieds, 1);
    twin_command(COMMAND_RESUME, 0);
    twin_quote(NEAR, "49990", "5", "50000", "5");
    twin_expect(1, "buy 0.1 near @51102.61");
}

/* A daemon that ends between the two legs: the second goes when it begins again. */
static void a_stop_between_the_legs(void **state)
{
    (void)state;
    open_trade(PLAIN "deadline = \"1h\"\non_stop = \"keep\"\n");
    twin_command(COMMAND_STOP, STRATEGY_NONE);
    twin_fill(0, "50000", "0.1");
    twin_sends(1);
    assert_int_equal(twin.denieds, 1); /* RESTING */
    twin_command(COMMAND_START, STRATEGY_NONE);
    far_bid("51000");
    twin_expect(1, "sell 0.0999 far @49899.6");
}

static void halted_waits_until_the_deadline(void **state)
{
    (void)state;
    open_trade(PLAIN "deadline = \"1h\"\n");
    twin_fill(0, "50000", "0.1");
    twin_command(COMMAND_HALT, STRATEGY_NONE);
    assert_int_equal(twin.cancels, 1);
    twin_answer(1, ORDER_CANCELED, REASON_NONE);
    twin_wait(SECONDS(1000));
    far_bid("51000");
    twin_sends(2);
    assert_int_equal(twin.denieds, 0);
    twin_wait(SECONDS(3600));
    figure_is("stranded", "0.0999");
    figure_is("under_way", "0");
}

/* ---- a third asset pays the fees ---- */

static void fees_in_a_third_asset(void **state)
{
    (void)state;
    twin_near_fees = "0.001\"\nfee_asset = \"BNB";
    open_trade(BOTH);
    twin_expect(0, "buy 0.1 near @50000");
    twin_expect(1, "sell 0.1 far @51000"); /* all that is bought is there to be sold */
    twin_step(&(struct event){.kind = EVENT_FILL,
                              .instrument = NEAR,
                              .fill = {.id = twin.sent[0].id,
                                       .fill_id = 900,
                                       .price = D("50000"),
                                       .qty = D("0.1"),
                                       .fee = D("0.01666667"),
                                       .fee_asset = setup_find_asset(twin.c.setup, "BNB")}});
    twin_fill(1, "51000", "0.1");
    figure_is("stranded", "0");
    figure_is("dust", "0");
    figure_is("profit", "84.8"); /* 5100 x 0.998 - 5000 x 1.001 */
    twin_close(NULL);
    /* Where BNB has run out the fee is taken in base, and less came than was sold. */
    twin_near_fees = "0.001\"\nfee_asset = \"BNB";
    open_trade(BOTH);
    twin_fill(0, "50000", "0.1");
    twin_fill(1, "51000", "0.1");
    figure_is("stranded", "-0.0001"); /* 5 USDT: near does not take that, far would */
}

/* ---- its state ---- */

static void save_now(uint8_t *bytes, size_t cap, size_t *len)
{
    struct bufw w = bufw_make(bytes, cap);
    assert_int_equal(engine_strategy_save(twin.w.engine, 0, &w), ERR_OK);
    *len = w.len;
}

/* What is saved and loaded into fresh memory is saved as the same bytes, and nothing shorter or of
 * another version is accepted. */
static void saved_and_loaded(void **state)
{
    (void)state;
    static uint8_t bytes[8192], again[8192];
    static struct arb fresh;
    size_t len, n;
    open_trade(BOTH "max_open = 3\ncooldown = \"0s\"\nfallback = \"unwind\"\n");
    twin_fill(0, "50000", "0.1");
    twin_quote(NEAR, "49990", "5", "50000", "5");
    far_bid("51000");
    twin_expire(1);
    save_now(bytes, sizeof bytes, &len);
    struct bufr in = bufr_make(bytes, len);
    memset(&fresh, 0, sizeof fresh);
    assert_int_equal(strategy_arbitrage.load(&fresh, &in), ERR_OK);
    assert_int_equal(in.pos, len);
    struct bufw w = bufw_make(again, sizeof again);
    assert_int_equal(strategy_arbitrage.save(&fresh, &w), ERR_OK);
    assert_int_equal(w.len, len);
    assert_memory_equal(bytes, again, len);
    for (n = 0; n < len; n++) {
        in = bufr_make(bytes, n);
        memset(&fresh, 0, sizeof fresh);
        assert_int_equal(strategy_arbitrage.load(&fresh, &in), ERR_SYNTAX);
    }
    bytes[0]++;
    in = bufr_make(bytes, len);
    assert_int_equal(strategy_arbitrage.load(&fresh, &in), ERR_SYNTAX);
    w = bufw_make(again, len - 1);
    assert_int_equal(engine_strategy_save(twin.w.engine, 0, &w), ERR_FULL);
}

/* ---- at random ---- */

static const char *random_text(struct rng *r, int64_t from, int64_t span, unsigned places, int slot)
{
    static char text[8][DEC_TEXT_MAX];
    dec_format(dec_from_i64(from + (int64_t)rng_below(r, (uint64_t)span), places), text[slot]);
    return text[slot];
}

/* What an order may still do, as the venue sees it. */
static void answer_something(struct rng *r, uint32_t n)
{
    const struct order *o = engine_order(twin.w.engine, twin.sent[n].id);
    char price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
    if (!o || order_state_is_terminal(o->state))
        return;
    dec open = order_open_qty(o), part;
    switch (rng_below(r, 7)) {
    case 0: twin_answer(n, ORDER_IN_DOUBT, REASON_NONE); return;
    case 1: twin_answer(n, ORDER_REJECTED, REASON_VENUE_RULE); return;
    case 2: twin_expire(n); return;
    case 3: twin_answer(n, ORDER_ACCEPTED, REASON_NONE); return;
    default: break;
    }
    if (rng_below(r, 2) ||
        !dec_round_to((dec){open.v / (i128)(1 + rng_below(r, 3))}, D("0.0001"), DEC_DOWN, &part) ||
        dec_is_zero(part))
        part = open;
    dec_format(o->req.type == ORDER_MARKET ? D("50000") : o->req.price, price);
    dec_format(part, qty);
    twin_fill(n, price, qty);
}

static void random_step(struct rng *r)
{
    instrument_id i = (instrument_id)rng_below(r, 2);
    const char *bid = random_text(r, 495000, 12000, 1, 0);
    char ask[DEC_TEXT_MAX];
    dec a = {D(bid).v + D("0.1").v * (i128)(1 + rng_below(r, 300))};
    dec_format(a, ask);
    switch (rng_below(r, 10)) {
    case 0: twin_wait((int64_t)rng_below(r, 3000000000)); break;
    case 1:
        if (rng_below(r, 20) == 0)
            twin_command(rng_below(r, 2) ? COMMAND_PAUSE : COMMAND_RESUME, 0);
        break;
    case 2:
        if (rng_below(r, 20) == 0) {
            twin_feed(i, FEED_INVALID);
            twin_feed(i, FEED_LIVE);
        }
        break;
    case 3:
    case 4:
    case 5:
        if (twin.sents)
            answer_something(r, twin.sents - 1 -
                                    (uint32_t)rng_below(r, twin.sents < 3 ? twin.sents : 3));
        break;
    default:
        twin_quote(i, bid, random_text(r, 0, 3000, 4, 1), ask, random_text(r, 0, 3000, 4, 2));
        break;
    }
}

/* What must hold at any time: no order of more than size (0.1, and what fees and a lot add to a buy
 * back); the children of a parent within what it said (as far as can be seen from here: the size,
 * and a lot for fees); what is open is at most two orders a trade; the books agree with the
 * figures. */
static void check_always(uint64_t seed, uint32_t from)
{
    for (uint32_t n = from; n < twin.sents; n++) {
        const struct order *o = &twin.sent[n];
        dec sum = DEC_ZERO;
        if (dec_gt(o->req.qty, D("0.1002")) || !o->req.parent || o->req.tif != TIF_IOC)
            fail_msg("seed %llu: order %u: %s %g, parent %llu", (unsigned long long)seed, n,
                     side_name(o->req.side), dec_to_double(o->req.qty),
                     (unsigned long long)o->req.parent);
        for (uint32_t m = 0; m <= n; m++) {
            if (twin.sent[m].req.parent != o->req.parent)
                continue;
            const struct order *x = engine_order(twin.w.engine, twin.sent[m].id);
            dec part = !x || order_state_is_terminal(x->state) ? (x ? x->filled_qty : DEC_ZERO)
                                                               : x->req.qty;
            sum.v += part.v;
        }
        if (dec_gt(sum, D("0.1002")))
            fail_msg("seed %llu: the parent of order %u", (unsigned long long)seed, n);
    }
    if (engine_open_orders(twin.w.engine) > 4)
        fail_msg("seed %llu: %u open orders", (unsigned long long)seed,
                 engine_open_orders(twin.w.engine));
    for (uint32_t i = 0; i < twin.denieds; i++) /* paused, or without a price, between two legs */
        if (twin.denied[i].denial.reason != REASON_STATE_REDUCING &&
            twin.denied[i].denial.reason != REASON_NO_REFERENCE)
            fail_msg("seed %llu: denied: %s", (unsigned long long)seed,
                     reason_name(twin.denied[i].denial.reason));
}

static const char *const RANDOM_PARAMETERS[] = {
    BOTH "cooldown = \"0s\"\nmax_open = 2\nmax_stranded = 100\n",
    PLAIN "cooldown = \"0s\"\nmax_open = 2\nmax_stranded = 100\nfallback = \"unwind\"\n"
          "deadline = \"1s\"\nretry = \"100ms\"\n",
    PLAIN "cooldown = \"0s\"\nmax_open = 2\nmax_stranded = 100\nfailure = \"unwind\"\n"
          "first = \"other\"\nunwind_market = true\n",
    BOTH "cooldown = \"0s\"\nmax_open = 2\nmax_stranded = 100\nfailure = \"hold\"\n",
};

/* Whatever the venues answer, the figures tell exactly what was bought and sold: base that came and
 * did not go is stranded, dust, or part of a trade under way. Half of the runs are saved and loaded
 * in their middle and must end as the others. */
static void whatever_the_venues_answer(void **state)
{
    (void)state;
    const char *given = getenv("TRADEWIND_SEED"), *paths = getenv("TRADEWIND_PATHS");
    uint64_t first = given ? strtoull(given, NULL, 10) : 1;
    uint64_t count = given ? 1 : paths ? strtoull(paths, NULL, 10) : 5000;
    uint64_t trades = 0, uneven = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        char ends[2][512];
        for (int saved = 0; saved < 2; saved++) {
            struct rng r;
            rng_seed(&r, seed);
            twin_open(&strategy_arbitrage, RANDOM_PARAMETERS[seed % 4]);
            for (int i = 0; i < 120 && twin.sents < TWIN_MAX - 8; i++) {
                uint32_t before = twin.sents;
                random_step(&r);
                check_always(seed, before);
                if (saved && i == 60) {
                    static uint8_t bytes[8192];
                    size_t len;
                    save_now(bytes, sizeof bytes, &len);
                    struct bufr in = bufr_make(bytes, len);
                    assert_int_equal(engine_strategy_load(twin.w.engine, 0, &in), ERR_OK);
                }
            }
            /* Everything comes to an end: what is open expires, time passes. */
            for (uint32_t n = 0; n < twin.sents && n < TWIN_MAX - 4; n++) {
                const struct order *o = engine_order(twin.w.engine, twin.sent[n].id);
                if (o && !order_state_is_terminal(o->state))
                    twin_expire(n);
            }
            asset_id btc = setup_find_asset(twin.c.setup, "BTC");
            dec change = {engine_balance(twin.w.engine, 0, 0, btc).v +
                          engine_balance(twin.w.engine, 0, 1, btc).v - D("20").v};
            dec told = {D(twin_figure("stranded")).v + D(twin_figure("dust")).v};
            if (strcmp(twin_figure("under_way"), "0") == 0 && !dec_eq(change, told))
                fail_msg("seed %llu: base changed by %g, stranded and dust say %g",
                         (unsigned long long)seed, dec_to_double(change), dec_to_double(told));
            snprintf(ends[saved], sizeof ends[saved], "%u orders %u notes %s %s", twin.sents,
                     twin.notes, twin_figure("profit"), twin_figure("stranded"));
            trades += strtoull(twin_figure("trades"), NULL, 10);
            uneven += strtoull(twin_figure("held"), NULL, 10);
            twin_close(NULL);
        }
        if (strcmp(ends[0], ends[1]) != 0)
            fail_msg("seed %llu: \"%s\", but saved and loaded \"%s\"", (unsigned long long)seed,
                     ends[0], ends[1]);
    }
    fprintf(stderr, "# seeds %llu..%llu: %llu trades, %llu uneven\n", (unsigned long long)first,
            (unsigned long long)(first + count - 1), (unsigned long long)trades,
            (unsigned long long)uneven);
    assert_true(given || (trades > 100 && uneven > 10));
}

#define TEST(name) cmocka_unit_test_teardown(name, twin_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_leg_is_as_large_as_the_first_one_got),
        TEST(nothing_filled_is_no_trade),
        TEST(hedge_completes_on_the_second_venue_up_to_its_price),
        TEST(max_loss_bounds_hedging_and_unwinding),
        TEST(hedging_a_sold_leg),
        TEST(retry),
        TEST(deadline_ends_hedging),
        TEST(fallback),
        TEST(unwind_trades_the_surplus_back),
        TEST(unwind_market),
        TEST(unwind_market_with_little_money),
        TEST(hold),
        TEST(max_stranded),
        TEST(dust),
        TEST(concurrent_legs_are_evened_out_either_way),
        TEST(a_denied_leg),
        TEST(a_rejected_leg),
        TEST(in_doubt_means_no_new_trade_and_no_guess),
        TEST(the_first_leg_in_doubt_sends_no_second),
        TEST(an_order_that_does_not_end_is_cancelled),
        TEST(a_fill_after_the_end_is_stranded),
        TEST(a_late_fill_counts_for_its_trade),
        TEST(reducing_lets_it_sell_what_it_bought),
        TEST(a_stop_between_the_legs),
        TEST(halted_waits_until_the_deadline),
        TEST(fees_in_a_third_asset),
        TEST(saved_and_loaded),
        TEST(whatever_the_venues_answer),
    };
    return cmocka_run_group_tests_name("arbitrage_trade", tests, NULL, NULL);
}

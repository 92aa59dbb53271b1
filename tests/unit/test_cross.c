/* Crosses: an instrument between two assets that both have one against the agent's quote. What
 * trades on it is a position of those two, so that going around a triangle leaves no position. */
#include "core/internal.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct world w;
static instrument_id eth_btc, eth_usdt;

static void open_world(bool with_eth_usdt)
{
    world_open(&w);
    eth_btc = world_instrument(&w, "ETH-BTC", "ETH", "BTC");
    eth_usdt = world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->instrument[eth_btc].rules.min_notional = D("0.0001");
    w.setup->instrument[eth_btc].rules.tick_size = D("0.001");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "ETH"), D("10")};
    struct strategy_setup *s = world_strategy(&w, "probe", &strategy_probe, "1000", "0.5");
    s->instruments = with_eth_usdt ? 3 : 2;
    s->instrument[1] = eth_btc;
    s->instrument[2] = eth_usdt;
}

static void top(instrument_id i, const char *bid, const char *ask)
{
    world_step(&w, &(struct event){.kind = EVENT_TOP,
                                   .instrument = i,
                                   .top = {D(bid), D("10"), D(ask), D("10")}});
}

static void start(void)
{
    world_start(&w);
    top(0, "60000", "60000");
    top(eth_btc, "0.05", "0.05");
    top(eth_usdt, "3000", "3000");
}

static int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* Sends a limit order and fills it at its price. */
static dec fill(instrument_id i, enum side side, const char *price, const char *qty)
{
    probe_request[0] = probe_limit(side, price, qty);
    probe_request[0].instrument = i;
    probe_requests = 1;
    world_trade(&w, "60000", "1");
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    assert_non_null(fx);
    world_fill(&w, fx->submit.id, price, qty);
    fx = world_effect(&w, EFFECT_FILL, 0);
    assert_non_null(fx);
    return fx->fill.realized;
}

static void assert_position(instrument_id i, const char *qty, const char *cost,
                            const char *realized)
{
    char text[DEC_TEXT_MAX];
    dec got_cost, got_realized, got = engine_position(w.engine, 0, i, &got_cost, &got_realized);
    dec_format(got, text);
    assert_string_equal(text, qty);
    dec_format(got_cost, text);
    assert_string_equal(text, cost);
    dec_format(got_realized, text);
    assert_string_equal(text, realized);
    assert_true(dec_eq(w.engine->ledger.exposure[i].position, got)); /* one strategy */
}

static void a_buy_moves_the_position_home(void **state)
{
    (void)state;
    open_world(true);
    start();
    assert_position(0, "0.5", "30000", "0");
    /* 0.25 BTC for 5 ETH, less 0.005: 0.25 BTC sold for 15000 at the mark, 4.995 ETH bought for it.
     */
    dec realized = fill(eth_btc, SIDE_BUY, "0.05", "5");
    assert_position(0, "0.25", "15000", "0");
    assert_position(eth_btc, "0", "0", "0");
    assert_position(eth_usdt, "4.995", "15000", "0");
    assert_true(dec_is_zero(realized));
}

static void a_sale_moves_it_back_with_its_result(void **state)
{
    (void)state;
    open_world(true);
    start();
    (void)fill(eth_btc, SIDE_BUY, "0.05", "5");
    /* 4.995 ETH for 0.274725 BTC less 0.00027473, which are worth 16467.0162 of 15000. */
    dec realized = fill(eth_btc, SIDE_SELL, "0.055", "4.995");
    assert_position(eth_usdt, "0", "0", "1467.0162");
    assert_position(0, "0.52445027", "31467.0162", "0");
    assert_position(eth_btc, "0", "0", "0");
    /* told in the quote of what was traded: BTC */
    assert_true(dec_eq(realized, D("0.02445027")));
}

/* Around the triangle often: nothing is left, and the result is the money's. */
static void going_around_leaves_no_position(void **state)
{
    (void)state;
    open_world(true);
    w.setup->strategy[0].inventory = DEC_ZERO;
    w.setup->strategy[0].risk.has_max_position_value = true;
    w.setup->strategy[0].risk.max_position_value = D("700");
    w.setup->strategy[0].risk.has_max_gross_exposure = true;
    w.setup->strategy[0].risk.max_gross_exposure = D("1400");
    start();
    for (int i = 0; i < 20; i++) {
        (void)fill(0, SIDE_BUY, "60000", "0.01");
        (void)fill(eth_btc, SIDE_BUY, "0.05", "0.1998");
        (void)fill(eth_usdt, SIDE_SELL, "3000", "0.1996");
    }
    struct engine *e = w.engine;
    dec cost, realized[3], sum = DEC_ZERO, equity;
    for (instrument_id i = 0; i < 3; i++) {
        dec qty = engine_position(e, 0, i, &cost, &realized[i]);
        assert_true(dec_lt(qty, D("0.0001")));
        assert_true(dec_lt(cost, D("0.1")));
        sum.v += realized[i].v;
    }
    assert_true(dec_is_zero(realized[eth_btc]));
    /* Realized is what equity lost, but for the dust. */
    assert_true(valuation_strategy_equity(e, &e->strategy[0], 0, &equity));
    dec lost = {equity.v - D("1000").v - sum.v};
    assert_true(dec_lt(dec_abs(lost), D("0.1")));
    assert_true(dec_lt(sum, D("-30"))); /* 60 fees of 0.6 */
}

static void without_both_homes_it_is_an_instrument_like_others(void **state)
{
    (void)state;
    open_world(false);
    start();
    (void)fill(eth_btc, SIDE_BUY, "0.05", "5");
    assert_position(0, "0.5", "30000", "0");
    assert_position(eth_btc, "4.995", "0.25", "0");
}

static void funds_are_positions_of_the_homes(void **state)
{
    (void)state;
    open_world(true);
    assert_true(setup_set_allotment(w.setup, 0, 0, setup_find_asset(w.setup, "ETH"), D("2")));
    start();
    assert_position(eth_btc, "0", "0", "0");
    assert_position(eth_usdt, "2", "6000", "0");
    assert_position(0, "0.5", "30000", "0");
}

static void assert_denied(instrument_id i, enum side side, const char *price, const char *qty,
                          enum limit_scope scope, uint32_t index)
{
    probe_request[0] = probe_limit(side, price, qty);
    probe_request[0].instrument = i;
    probe_requests = 1;
    world_trade(&w, "60000", "1");
    world_was_denied(&w, REASON_POSITION, scope, index, NULL, NULL);
}

/* What a cross buys becomes a position of its home, so that the home's limit holds for it: with
 * what is held there, and what is under way to it. */
static void a_cross_does_not_go_around_a_position_limit(void **state)
{
    (void)state;
    struct risk_setup *of[4];
    static const enum limit_scope SCOPE[] = {LIMIT_OF_AGENT, LIMIT_OF_VENUE, LIMIT_OF_INSTRUMENT,
                                             LIMIT_OF_STRATEGY};
    for (int k = 0; k < 4; k++) {
        open_world(true);
        of[0] = &w.setup->risk;
        of[1] = &w.setup->venue[0].risk;
        of[2] = &w.setup->instrument_risk[eth_usdt];
        of[3] = &w.setup->strategy[0].risk;
        of[k]->has_max_position_value = true;
        of[k]->max_position_value = D("12000"); /* 4 ETH */
        uint32_t index = SCOPE[k] == LIMIT_OF_INSTRUMENT ? eth_usdt : 0;
        start();
        (void)fill(eth_btc, SIDE_BUY, "0.05", "2");
        assert_position(eth_usdt, "1.998", "6000", "0");
        assert_denied(eth_btc, SIDE_BUY, "0.05", "2.003", SCOPE[k], index);
        (void)fill(eth_btc, SIDE_BUY, "0.05", "1");
        /* one more on its way: 2.997 + 1 of 4 */
        probe_request[0] = probe_limit(SIDE_BUY, "0.05", "1");
        probe_request[0].instrument = eth_btc;
        probe_requests = 1;
        world_trade(&w, "60000", "1");
        assert_non_null(world_effect(&w, EFFECT_SUBMIT, 0));
        assert_denied(eth_btc, SIDE_BUY, "0.049", "0.01", SCOPE[k], index);
        assert_denied(eth_usdt, SIDE_BUY, "3000", "0.01", SCOPE[k], index);
        world_close(&w);
    }
    open_world(true); /* and what a sell of it brings, of the other home */
    w.setup->strategy[0].inventory = D("0.2");
    assert_true(setup_set_allotment(w.setup, 0, 0, setup_find_asset(w.setup, "ETH"), D("6")));
    w.setup->instrument_risk[0].has_max_position_value = true;
    w.setup->instrument_risk[0].max_position_value = D("24000"); /* 0.4 BTC */
    start();
    assert_denied(eth_btc, SIDE_SELL, "0.05", "4.001", LIMIT_OF_INSTRUMENT, 0);
    (void)fill(eth_btc, SIDE_SELL, "0.05", "4");
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, close_world)
    const struct CMUnitTest tests[] = {
        T(a_buy_moves_the_position_home),    T(a_sale_moves_it_back_with_its_result),
        T(going_around_leaves_no_position),  T(without_both_homes_it_is_an_instrument_like_others),
        T(funds_are_positions_of_the_homes), T(a_cross_does_not_go_around_a_position_limit),
    };
    return cmocka_run_group_tests_name("crosses", tests, NULL, NULL);
}

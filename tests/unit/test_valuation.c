/* Accounting (docs/definitions.md): marks, equity, its series, conversions, third-asset fees. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct world w;

static void assert_dec(dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, want);
}

static struct engine_totals totals(strategy_id s)
{
    struct engine_totals t;
    engine_totals(w.engine, s, &t);
    return t;
}

static void mark_is_the_mid_rounded_down_else_the_last_trade(void **state)
{
    (void)state;
    dec mark;
    world_open(&w);
    world_start(&w);
    assert_false(engine_mark(w.engine, 0, &mark));
    world_trade(&w, "50000", "1");
    assert_true(engine_mark(w.engine, 0, &mark));
    assert_dec(mark, "50000");
    world_top(&w, "50000.000000000000000001", "50000.000000000000000002");
    engine_mark(w.engine, 0, &mark);
    assert_dec(mark, "50000.000000000000000001");
    world_trade(&w, "40000", "1"); /* the mid goes first */
    engine_mark(w.engine, 0, &mark);
    assert_dec(mark, "50000.000000000000000001");
    world_top(&w, "0", "50000"); /* an empty side is no mid */
    engine_mark(w.engine, 0, &mark);
    assert_dec(mark, "40000");
    world_close(&w);
}

static void equity_is_unknown_until_every_asset_held_has_a_mark(void **state)
{
    (void)state;
    world_open(&w);
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "ETH"), D("2")};
    world_start(&w);
    world_trade(&w, "50000", "1");
    assert_false(totals(STRATEGY_NONE).valued);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = 1,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
    assert_true(totals(STRATEGY_NONE).valued);
    assert_dec(totals(STRATEGY_NONE).equity_start, "64000");
    world_close(&w);
}

/* The event that gives the last mark that was missing may already be answered with an order. */
static void equity_is_known_before_the_strategies_decide(void **state)
{
    (void)state;
    world_open(&w);
    w.setup->risk.has_max_drawdown = true;
    w.setup->risk.max_drawdown = D("0.5");
    world_strategy(&w, "probe", &strategy_probe, "5000", "0");
    world_start(&w);
    probe_request[0] = probe_limit(SIDE_BUY, "49000", "0.001");
    probe_requests = 1;
    world_trade(&w, "50000", "1");
    assert_null(world_effect(&w, EFFECT_DENIED, 0));
    assert_non_null(world_effect(&w, EFFECT_SUBMIT, 0));
    assert_dec(totals(STRATEGY_NONE).equity_start, "60000");
    world_close(&w);
}

static void conversion_goes_over_an_intermediate_asset(void **state)
{
    (void)state;
    world_open(&w);
    instrument_id xrp = world_instrument(&w, "XRP-BTC", "XRP", "BTC");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "XRP"), D("1000")};
    world_start(&w);
    world_trade(&w, "50000", "1");
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = xrp,
                                   .trade = {D("0.00001"), D("1"), 0, SIDE_BUY}});
    assert_dec(totals(STRATEGY_NONE).equity, "60500"); /* 10000 + 50000 + 1000 * 0.00001 * 50000 */
    world_close(&w);
}

static void an_asset_without_a_path_is_refused(void **state)
{
    (void)state;
    world_open(&w);
    struct setup *s = w.setup;
    strcpy(s->asset[s->assets], "DOGE");
    s->balance[s->balances++] = (struct balance_setup){0, (asset_id)s->assets++, D("1")};
    setup_resolve_conversions(s);
    w.mem = aligned_alloc(64, (engine_size(s) + 63) & ~(size_t)63);
    memset(w.mem, 0, engine_size(s));
    assert_int_equal(engine_init(&w.engine, w.mem, s), ERR_RANGE);
    world_close(&w);
}

static void budgets_beyond_the_balances_are_refused(void **state)
{
    (void)state;
    world_open(&w);
    struct setup *s = w.setup;
    world_strategy(&w, "a", &strategy_probe, "6000", "0");
    world_strategy(&w, "b", &strategy_probe, "4000.00000001", "0");
    setup_resolve_conversions(s);
    w.mem = aligned_alloc(64, (engine_size(s) + 63) & ~(size_t)63);
    memset(w.mem, 0, engine_size(s));
    assert_int_equal(engine_init(&w.engine, w.mem, s), ERR_RANGE);
    world_close(&w);
}

static void sub_ledgers_sum_to_the_account(void **state)
{
    (void)state;
    world_open(&w);
    world_strategy(&w, "a", &strategy_probe, "6000", "0.1");
    world_strategy(&w, "b", &strategy_probe, "4000", "0.2");
    world_start(&w);
    assert_dec(engine_balance(w.engine, 0, 0, 0), "6000");
    assert_dec(engine_balance(w.engine, 1, 0, 0), "4000");
    assert_dec(engine_balance(w.engine, STRATEGY_NONE, 0, 0), "0");
    assert_dec(engine_balance(w.engine, STRATEGY_NONE, 0, 1), "0.7");
    world_close(&w);
}

/* The series: the first known value, each minute before the event that begins it, and the end. */
struct sample {
    int64_t at;
    dec equity;
};
static struct sample samples[16];
static uint32_t sample_count;

static void on_equity(void *ctx, int64_t ts_ns, dec equity)
{
    (void)ctx;
    assert_true(sample_count < 16);
    samples[sample_count++] = (struct sample){ts_ns, equity};
}

static void the_series_is_sampled_each_minute_before_the_event(void **state)
{
    (void)state;
    sample_count = 0;
    world_open(&w);
    world_start(&w);
    engine_on_equity(w.engine, on_equity, NULL);
    int64_t start = w.now_ns - w.now_ns % (60 * SECOND);
    world_trade(&w, "50000", "1");
    assert_int_equal(sample_count, 1);
    world_trade(&w, "40000", "1"); /* same minute: no sample */
    assert_int_equal(sample_count, 1);
    w.now_ns = start + 60 * SECOND - 1;
    world_trade(&w, "45000", "1"); /* exactly at the minute: the value before it */
    assert_int_equal(sample_count, 2);
    assert_dec(samples[1].equity, "50000");
    assert_true(samples[1].at == start + 60 * SECOND);
    w.now_ns = start + 290 * SECOND;
    world_trade(&w, "70000", "1"); /* several minutes passed: the last one */
    assert_int_equal(sample_count, 3);
    assert_true(samples[2].at == start + 240 * SECOND);
    assert_int_equal(engine_finish(w.engine), ERR_OK);
    assert_int_equal(sample_count, 4);
    assert_dec(samples[3].equity, "80000");
    /* 60000 -> 50000 is the largest fall; the 40000 between two samples is not in the series */
    assert_dec(totals(STRATEGY_NONE).max_drawdown, "0.166666666666666667");
    world_close(&w);
}

static void a_third_asset_fee_comes_from_nobody_s_part_and_counts_in_the_result(void **state)
{
    (void)state;
    world_open(&w);
    instrument_id bnb = world_instrument(&w, "BNB-USDT", "BNB", "USDT");
    asset_id bnb_asset = setup_find_asset(w.setup, "BNB");
    w.setup->balance[w.setup->balances++] = (struct balance_setup){0, bnb_asset, D("1")};
    world_strategy(&w, "a", &strategy_probe, "6000", "0");
    world_start(&w);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = bnb,
                                   .trade = {D("500"), D("1"), 0, SIDE_BUY}});
    probe_request[0] = probe_limit(SIDE_BUY, "50000", "0.01");
    probe_requests = 1;
    world_trade(&w, "50000", "1");
    order_id id = world_effect(&w, EFFECT_SUBMIT, 0)->submit.id;
    world_step(&w, &(struct event){.kind = EVENT_FILL,
                                   .fill = {.id = id,
                                            .fill_id = 1,
                                            .price = D("50000"),
                                            .qty = D("0.01"),
                                            .fee = D("0.001"), /* 0.5 USDT */
                                            .fee_asset = bnb_asset,
                                            .liquidity = LIQUIDITY_MAKER}});
    dec cost, realized;
    assert_dec(engine_position(w.engine, 0, 0, &cost, &realized), "0.01");
    assert_dec(cost, "500.5");
    assert_dec(engine_balance(w.engine, 0, 0, 0), "5500");
    assert_dec(engine_balance(w.engine, STRATEGY_NONE, 0, bnb_asset), "0.999");
    assert_dec(totals(STRATEGY_NONE).fees_quote, "0.5");
    world_close(&w);
}

/* Selling BNB for USDT with fees in BNB: the seller's own BNB is not touched beyond what it sold.
 */
static void a_fee_in_the_asset_sold_comes_from_nobody_s_part_too(void **state)
{
    (void)state;
    world_open(&w);
    world_strategy(&w, "a", &strategy_probe, "0", "0.4");
    world_start(&w);
    probe_request[0] = probe_limit(SIDE_SELL, "50000", "0.4");
    probe_requests = 1;
    world_trade(&w, "50000", "1");
    order_id id = world_effect(&w, EFFECT_SUBMIT, 0)->submit.id;
    asset_id btc = w.setup->instrument[0].base;
    world_step(&w, &(struct event){.kind = EVENT_FILL,
                                   .fill = {.id = id,
                                            .fill_id = 1,
                                            .price = D("50000"),
                                            .qty = D("0.4"),
                                            .fee = D("0.0003"),
                                            .fee_asset = btc,
                                            .liquidity = LIQUIDITY_MAKER}});
    dec cost, realized;
    assert_dec(engine_position(w.engine, 0, 0, &cost, &realized), "0");
    assert_dec(realized, "-15"); /* bought at the mark, 50000; the fee is worth 15 */
    assert_dec(engine_balance(w.engine, 0, 0, btc), "0");
    assert_dec(engine_balance(w.engine, STRATEGY_NONE, 0, btc), "0.5997");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mark_is_the_mid_rounded_down_else_the_last_trade),
        cmocka_unit_test(equity_is_unknown_until_every_asset_held_has_a_mark),
        cmocka_unit_test(conversion_goes_over_an_intermediate_asset),
        cmocka_unit_test(equity_is_known_before_the_strategies_decide),
        cmocka_unit_test(an_asset_without_a_path_is_refused),
        cmocka_unit_test(budgets_beyond_the_balances_are_refused),
        cmocka_unit_test(sub_ledgers_sum_to_the_account),
        cmocka_unit_test(the_series_is_sampled_each_minute_before_the_event),
        cmocka_unit_test(a_third_asset_fee_comes_from_nobody_s_part_and_counts_in_the_result),
        cmocka_unit_test(a_fee_in_the_asset_sold_comes_from_nobody_s_part_too),
    };
    return cmocka_run_group_tests_name("valuation", tests, NULL, NULL);
}

/* Keys whose value must only arrive: each, with a value that is not its default, is in the setup.
 */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000000000)

static void agent(void **state)
{
    (void)state;
    struct config c = fixture_good(
        "[agent]\nname = \"demo\"\nquote = \"USDT\"\nstop_timeout = \"7s\"\n"
        "[risk]\nmax_position_value = \"1234\"\ndaily_loss = \"56\"\nmax_drawdown = \"0.07\"\n"
        "[guard.agent]\nprofit_trades = 3\nprofit_lookback = \"2h\"\nmin_profit = \"1.5\"\n"
        "profit_pause = \"3h\"\ncancel_entries = true\n" VENUE PAPER INSTRUMENT STRATEGY);
    assert_int_equal(c.setup->stop_timeout_ns, INT64_C(7000000000));
    fixture_assert_dec(c.setup->risk.max_position_value, "1234");
    fixture_assert_dec(c.setup->risk.daily_loss, "56");
    fixture_assert_dec(c.setup->risk.max_drawdown, "0.07");
    const struct guard_setup *g = &c.setup->guard_agent;
    assert_true(g->has_profit_trades && g->has_profit_lookback && g->has_min_profit &&
                g->has_profit_pause && g->cancel_entries);
    assert_int_equal(g->profit_trades, 3);
    assert_int_equal(g->profit_lookback_ns, 2 * HOUR);
    fixture_assert_dec(g->min_profit, "1.5");
    assert_int_equal(g->profit_pause_ns, 3 * HOUR);
    config_close(&c);
}

static void journal(void **state)
{
    (void)state;
    struct config c = fixture_good("[journal]\nsegment_kib = 300\nsegment_age = \"2h\"\n" GOOD);
    assert_int_equal(c.setup->journal.segment_kib, 300);
    assert_int_equal(c.setup->journal.segment_age_ns, 2 * HOUR);
    config_close(&c);
    c = fixture_good(GOOD);
    assert_int_equal(c.setup->journal.segment_kib, 65536);
    assert_int_equal(c.setup->journal.segment_age_ns, 24 * HOUR);
    config_close(&c);
    fixture_bad_part("[journal]\nsegment_kib = 255\n" GOOD,
                     "journal.segment_kib: 255 is out of range");
}

static void instrument(void **state)
{
    (void)state;
    struct config c =
        fixture_good(AGENT VENUE PAPER INSTRUMENT
                     "tick_size = \"0.01\"\nlot_size = \"0.001\"\n"
                     "min_price = \"0.5\"\nmax_price = \"900000\"\n"
                     "min_notional = \"5\"\nmax_notional = \"80000\"\n"
                     "base_precision = \"0.0001\"\nquote_precision = \"0.001\"\n" STRATEGY);
    const struct instrument_rules *r = &c.setup->instrument[0].rules;
    fixture_assert_dec(r->min_price, "0.5");
    fixture_assert_dec(r->max_price, "900000");
    fixture_assert_dec(r->max_notional, "80000");
    fixture_assert_dec(r->base_precision, "0.0001");
    fixture_assert_dec(r->quote_precision, "0.001");
    config_close(&c);
}

static void strategy(void **state)
{
    (void)state;
    struct config c =
        fixture_good(GOOD "on_stop = \"close\"\non_restart = \"cancel\"\nwarmup = \"none\"\n"
                          "[strategy.risk]\nmax_order_qty = \"0.5\"\nmax_position_value = \"70\"\n"
                          "max_gross_exposure = \"80\"\n");
    const struct strategy_setup *s = &c.setup->strategy[0];
    assert_int_equal(s->on_stop, ON_STOP_CLOSE);
    assert_int_equal(s->on_restart, ON_RESTART_CANCEL);
    assert_int_equal(s->warmup, WARMUP_NONE);
    assert_true(s->risk.has_max_order_qty && s->risk.has_max_position_value &&
                s->risk.has_max_gross_exposure);
    fixture_assert_dec(s->risk.max_order_qty, "0.5");
    fixture_assert_dec(s->risk.max_position_value, "70");
    fixture_assert_dec(s->risk.max_gross_exposure, "80");
    config_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(agent, fixture_cleanup),
        cmocka_unit_test_teardown(journal, fixture_cleanup),
        cmocka_unit_test_teardown(instrument, fixture_cleanup),
        cmocka_unit_test_teardown(strategy, fixture_cleanup),
    };
    return cmocka_run_group_tests_name("config_reach", tests, NULL, NULL);
}

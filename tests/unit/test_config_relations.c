/* The configuration: what must fit together: names, references, money, limits. */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- relations ---- */

static void config_duplicates(void **state)
{
    (void)state;
    fixture_bad(AGENT VENUE VENUE INSTRUMENT,
                "10:8: venue.name: \"binance\" is the name of the venue in "
                "line 4 already; each needs its own");
    fixture_bad(AGENT VENUE INSTRUMENT INSTRUMENT,
                "13:10: instrument.symbol: BTC-USDT@binance is given in line 9 already");
    fixture_bad(
        AGENT VENUE INSTRUMENT STRATEGY STRATEGY,
        "17:8: strategy.name: \"s\" is the name of the strategy in line 12 already; each needs its "
        "own");
}

static void config_references(void **state)
{
    (void)state;
    fixture_bad(
        AGENT VENUE "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binanec\"\n" STRATEGY,
        "11:9: instrument.venue: there is no [[venue]] with the name \"binanec\"; did you mean "
        "\"binance\"?");
    fixture_bad(AGENT VENUE INSTRUMENT
                "[[strategy]]\nname = \"s\"\nkind = \"testr\"\nanything = 1\n",
                "14:8: strategy.kind: \"testr\" is not known; did you mean \"tester\"?; allowed: "
                "\"tester\", \"loner\"");
    fixture_bad(AGENT VENUE INSTRUMENT
                "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDC\"\n",
                "15:14: strategy.instrument: there is no [[instrument]] BTC-USDC; did you mean "
                "\"BTC-USDT\"?");
    fixture_bad(AGENT VENUE INSTRUMENT
                "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@kraken\"\n",
                "15:14: strategy.instrument: there is no [[instrument]] BTC-USDT@kraken");
    fixture_bad_part(
        AGENT "[[venue]]\nname = \"v\"\nkind = \"binance-spt\"\nmaker_fee=0\ntaker_fee=0\n"
              "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"v\"\n",
        "6:8: venue.kind: \"binance-spt\" is not known; did you mean \"binance-spot\"?; "
        "allowed: \"binance-spot\", \"other-spot\"");
    fixture_bad_part(TWO_VENUES STRATEGY,
                     "strategy.instrument: BTC-USDT is traded on several venues; allowed: one of "
                     "BTC-USDT@binance, BTC-USDT@two");
    fixture_is_good(
        TWO_VENUES
        "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@two\"\n");
    fixture_bad_part(fixture_with(GOOD, "other = \"BTC-USDT@\"", ""), "18:9: strategy.other: ");
    fixture_bad_part(fixture_with(GOOD, "other = 5", ""), "18:9: strategy.other: wrong type");
}

static void config_conversions(void **state)
{
    (void)state;
    fixture_bad(
        fixture_with(AGENT VENUE, "fee_asset = \"BNB\"", INSTRUMENT),
        "9:13: venue.fee_asset: BNB on venue binance cannot be valued in USDT, the agent's quote; "
        "add an [[instrument]] that leads there, such as BNB-USDT");
    fixture_bad(
        AGENT VENUE "[venue.paper]\nbalances = { USDT = 1, XRP = \"2\" }\n" INSTRUMENT,
        "10:24: venue.paper.balances.XRP: XRP on venue binance cannot be valued in USDT, the "
        "agent's quote; add an [[instrument]] that leads there, such as XRP-USDT");
    fixture_bad_part(AGENT VENUE INSTRUMENT
                     "[[instrument]]\nsymbol = \"ADA-EUR\"\nvenue = \"binance\"\n",
                     "13:10: instrument.symbol: ADA on venue binance cannot be valued in USDT");
    assert_int_equal(fixture_report.count, 2);
    /* Two steps are enough, three are not. */
    fixture_is_good(AGENT VENUE INSTRUMENT
                    "[[instrument]]\nsymbol = \"ADA-BTC\"\nvenue = \"binance\"\n");
    fixture_bad_part(AGENT VENUE INSTRUMENT
                     "[[instrument]]\nsymbol = \"ADA-BTC\"\nvenue = \"binance\"\n"
                     "[[instrument]]\nsymbol = \"XRP-ADA\"\nvenue = \"binance\"\n",
                     "16:10: instrument.symbol: XRP on venue binance");
    assert_int_equal(fixture_report.count, 1);
}

static void config_balances(void **state)
{
    (void)state;
    fixture_is_good(AGENT VENUE "[venue.paper]\nbalances = { USDT = 0 }\n" INSTRUMENT);
    fixture_bad(
        AGENT VENUE "[venue.paper]\nbalances = { USDT = -1 }\n" INSTRUMENT,
        "10:21: venue.paper.balances.USDT: \"-1\" is out of range; allowed: a decimal from 0");
    fixture_bad_part(
        AGENT VENUE "[venue.paper]\nbalances = { usdt = 1 }\n" INSTRUMENT,
        "10:14: venue.paper.balances.usdt: \"usdt\" is not of the form that is needed");
    fixture_bad_part(AGENT VENUE "[venue.paper]\nbalances = { USDT = true }\n" INSTRUMENT,
                     "venue.paper.balances.USDT: wrong type: a boolean");
}

static void config_budgets(void **state)
{
    (void)state;
    fixture_is_good(fixture_with(GOOD, "budget = \"10000\"\ninventory = \"0.1\"", ""));
    fixture_bad(
        fixture_with(GOOD, "budget = \"10000.000000000000000001\"", ""),
        "18:10: strategy.budget: 10000.000000000000000001 USDT is more than the opening balance on "
        "venue binance has left (10000 of 10000); allowed: at most 10000, or a larger "
        "venue.paper.balances.USDT");
    fixture_bad_part(fixture_with(GOOD, "inventory = \"0.100000000000000001\"", ""),
                     "strategy.inventory: ");
    /* The second one takes what the first has left. */
    static const char SECOND[] =
        "[[strategy]]\nname = \"t\"\nkind = \"tester\"\ninstrument = \"BTC-USDT\"\nbudget = ";
    char after[256];
    snprintf(after, sizeof after, "%s4000\n", SECOND);
    fixture_is_good(fixture_with(GOOD, "budget = 6000", after));
    snprintf(after, sizeof after, "%s4000.01\n", SECOND);
    fixture_bad_part(fixture_with(GOOD, "budget = 6000", after),
                     "(4000 of 10000); allowed: at most 4000");
    assert_int_equal(fixture_report.count, 1);
    fixture_bad_part(fixture_with(GOOD, "budget = 1e20", after), "strategy.budget: ");
    fixture_bad_part(fixture_with(GOOD, "budget = -1", ""),
                     "strategy.budget: \"-1\" is out of range");
    fixture_bad_part(AGENT VENUE INSTRUMENT
                     "[[strategy]]\nname = \"t\"\nkind = \"loner\"\nbudget = 1\n",
                     "15:10: strategy.budget: the strategy names no instrument");
    /* Of another venue's balance nothing can be taken. */
    fixture_bad_part(
        TWO_VENUES
        "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@binance\"\n"
        "budget = 1\n",
        "on venue binance has left (0 of 0)");
}

static void config_strategy_check(void **state)
{
    (void)state;
    fixture_bad(fixture_with(GOOD, "lower = 8", ""),
                "18:9: strategy.lower: is not less than upper; allowed: less");
    fixture_is_good(fixture_with(GOOD, "other = \"BTC-USDT\"", ""));
    fixture_bad(AGENT VENUE INSTRUMENT
                "[[instrument]]\nsymbol = \"DOGE-BTC\"\nvenue = \"binance\"\n" STRATEGY
                "other = \"DOGE-BTC\"\n",
                "19:9: strategy.other: is of another kind than BTC-USDT; allowed: the same");
    /* Not asked while a parameter is wrong. */
    fixture_bad_part(fixture_with(GOOD, "lower = 8\nlevels = 1", ""), "strategy.levels");
    assert_int_equal(fixture_report.count, 1);
}

static void config_risk_relations(void **state)
{
    (void)state;
#define RISK "[risk]\nmax_messages = 30\nmax_order_value = 100\nmax_reference_age = \"5s\"\n"
    fixture_is_good(AGENT RISK "cancel_reserve = 29\n" VENUE INSTRUMENT);
    fixture_bad_part(AGENT RISK "cancel_reserve = 30\n" VENUE INSTRUMENT,
                     "8:18: risk.cancel_reserve: cancel_reserve is 30 and max_messages 30");
    fixture_bad_part(AGENT "[risk]\nmax_messages = 20\n" VENUE INSTRUMENT,
                     "5:16: risk.max_messages: cancel_reserve is 20 and max_messages 20");
    static const char *const SAME[] = {"max_order_value = 100", "max_reference_age = \"5000ms\"",
                                       "max_messages = 30",     "max_messages = 21",
                                       "max_open_orders = 200", "max_order_qty = 1e9",
                                       "price_collar = 0.05",   "daily_loss = 500",
                                       "max_drawdown = 0.2"};
    for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++) {
        char after[128];
        snprintf(after, sizeof after, "%s\n", SAME[i]);
        fixture_is_good(fixture_with(AGENT RISK VENUE PAPER INSTRUMENT STRATEGY "[strategy.risk]\n",
                                     after, ""));
    }
    static const char *const LOOSER[][2] = {
        {"max_order_value = 100.000000000000000001",
         "max_order_value: 100.000000000000000001 is looser than the agent's [risk], which has 100 "
         "(in line 6); allowed: at most its 100"},
        {"max_reference_age = \"5001ms\"",
         "max_reference_age: 5001ms is looser than the agent's [risk], which has 5s (in line 7); "
         "allowed: at most its 5s"},
        {"max_messages = 31", "max_messages: 31 is looser than the agent's [risk], which has 30"},
        {"max_messages = 20", "20 is not more than the agent's cancel_reserve, so that no order "
                              "could be sent; allowed: more than 20"},
        {"max_open_orders = 201", "which has 200 (the default); allowed: at most its 200"},
        {"price_collar = 0.06", "at most its 0.05"},
        {"daily_loss = 501", "at most its 500"},
        {"max_drawdown = 0.21", "at most its 0.2"},
        {"day_start = \"1h\"", "strategy.risk.day_start: unknown key; \"day_start\" belongs in "
                               "[risk]"},
    };
    for (size_t i = 0; i < sizeof LOOSER / sizeof LOOSER[0]; i++) {
        fixture_bad_part(fixture_with(AGENT RISK VENUE PAPER INSTRUMENT STRATEGY
                                      "[strategy.risk]\n",
                                      LOOSER[i][0], ""),
                         LOOSER[i][1]);
        assert_int_equal(fixture_report.count, 1);
    }
}

static void config_rules(void **state)
{
    (void)state;
    fixture_is_good(AGENT VENUE INSTRUMENT
                    "tick_size = 0.01\nlot_size = 0.1\nmin_qty = 2\nmax_qty = 2\n");
    fixture_bad(AGENT VENUE INSTRUMENT "tick_size = 0.01\n",
                "12:13: instrument.tick_size: is given without lot_size; allowed: both or none");
    fixture_bad(AGENT VENUE INSTRUMENT "lot_size = 0.01\n",
                "12:12: instrument.lot_size: is given without tick_size; allowed: both or none");
    fixture_bad(
        AGENT VENUE INSTRUMENT "min_qty = 2\nmax_qty = 1.9\n",
        "13:11: instrument.max_qty: is less than min_qty; allowed: at least that, or 0 for no "
        "limit");
    fixture_bad_part(
        AGENT VENUE INSTRUMENT "tick_size = 0\nlot_size = 1\n",
        "instrument.tick_size: \"0\" is out of range; allowed: a decimal greater than 0");
}

/* ---- lists ---- */

static void config_lists(void **state)
{
    (void)state;
    struct config c = fixture_good(fixture_with(
        GOOD, "steps = [0.25, \"0.000000000000000001\", 1]\nwaits = [\"0s\", \"90s\"]", ""));
    const struct params *p = &c.setup->strategy[0].params;
    const struct param_list *steps = params_list(p, 8), *waits = params_list(p, 9);
    assert_int_equal(steps->count, 3);
    fixture_assert_dec(steps->decimal[0], "0.25");
    assert_true(steps->decimal[1].v == 1);
    fixture_assert_dec(steps->decimal[2], "1");
    assert_int_equal(waits->count, 2);
    assert_true(waits->duration_ns[0] == 0 && waits->duration_ns[1] == INT64_C(90000000000));
    config_close(&c);
    c = fixture_good(GOOD);
    assert_int_equal(params_list(&c.setup->strategy[0].params, 8)->count, 0);
    config_close(&c);
    fixture_is_good(fixture_with(GOOD, "steps = [1,1,1,1,1,1,1,1]", ""));
    fixture_bad(
        fixture_with(GOOD, "steps = [1,1,1,1,1,1,1,1,1]", ""),
        "18:9: strategy.steps: the list is too long; allowed: a list of 1 to 8, each a decimal "
        "from 0 to 1");
    fixture_bad_part(fixture_with(GOOD, "steps = []", ""), "strategy.steps: the list is empty");
    fixture_bad_part(fixture_with(GOOD, "steps = \"1\"", ""), "strategy.steps: is not a list");
    fixture_bad(fixture_with(GOOD, "steps = [0.5, 1.5]", ""),
                "18:15: strategy.steps: \"1.5\" is out of range; allowed: a decimal from 0 to 1");
    fixture_bad_part(fixture_with(GOOD, "waits = [5]", ""),
                     "18:10: strategy.waits: wrong type: an integer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_duplicates, fixture_cleanup),
        cmocka_unit_test_teardown(config_references, fixture_cleanup),
        cmocka_unit_test_teardown(config_conversions, fixture_cleanup),
        cmocka_unit_test_teardown(config_balances, fixture_cleanup),
        cmocka_unit_test_teardown(config_budgets, fixture_cleanup),
        cmocka_unit_test_teardown(config_strategy_check, fixture_cleanup),
        cmocka_unit_test_teardown(config_risk_relations, fixture_cleanup),
        cmocka_unit_test_teardown(config_rules, fixture_cleanup),
        cmocka_unit_test_teardown(config_lists, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

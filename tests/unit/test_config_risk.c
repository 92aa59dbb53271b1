/* The configuration of risk: keys of every scope arrive, narrower scopes may only tighten, groups,
 * and which venues are one exchange. */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void config_risk_agent(void **state)
{
    (void)state;
    struct config c = fixture_good(GOOD);
    const struct risk_setup *r = &c.setup->risk;
    assert_int_equal(r->max_executions, 100);
    assert_true(r->has_max_executions);
    assert_int_equal(r->execution_interval_ns, INT64_C(600000000000));
    assert_int_equal(r->duplicate_window_ns, INT64_C(2000000000));
    assert_int_equal(r->self_trade, SELF_TRADE_DENY);
    assert_false(r->has_max_asset_exposure);
    assert_int_equal(c.setup->groups, 0);
    config_close(&c);
    c = fixture_good(AGENT "[risk]\nmax_asset_exposure = 1234.5\nmax_executions = 7\n"
                           "execution_interval = \"3m\"\nduplicate_window = \"0s\"\n"
                           "self_trade = \"cancel_resting\"\n" VENUE INSTRUMENT);
    r = &c.setup->risk;
    assert_true(r->has_max_asset_exposure);
    fixture_assert_dec(r->max_asset_exposure, "1234.5");
    assert_int_equal(r->max_executions, 7);
    assert_int_equal(r->execution_interval_ns, INT64_C(180000000000));
    assert_int_equal(r->duplicate_window_ns, 0);
    assert_int_equal(r->self_trade, SELF_TRADE_CANCEL_RESTING);
    config_close(&c);
    c = fixture_good(AGENT "[risk]\nself_trade = \"off\"\n" VENUE INSTRUMENT);
    assert_int_equal(c.setup->risk.self_trade, SELF_TRADE_OFF);
    config_close(&c);
    fixture_bad_part(AGENT "[risk]\nmax_executions = 1001\n" VENUE INSTRUMENT,
                     "risk.max_executions: 1001 is out of range");
    fixture_bad_part(AGENT "[risk]\nself_trade = \"allow\"\n" VENUE INSTRUMENT, "risk.self_trade");
}

static void config_risk_of_a_venue(void **state)
{
    (void)state;
    struct config c =
        fixture_good(AGENT VENUE "[venue.risk]\nmax_order_value = 1\nmax_position_value = 2\n"
                                 "max_gross_exposure = 3\nmax_open_orders = 4\nmax_messages = 50\n"
                                 "price_collar = 0.01\nmax_reference_age = \"5s\"\n" INSTRUMENT);
    const struct risk_setup *r = &c.setup->venue[0].risk;
    assert_true(r->has_max_order_value && r->has_max_position_value && r->has_max_gross_exposure &&
                r->has_max_open_orders && r->has_max_messages && r->has_price_collar &&
                r->has_max_reference_age);
    fixture_assert_dec(r->max_order_value, "1");
    fixture_assert_dec(r->max_position_value, "2");
    fixture_assert_dec(r->max_gross_exposure, "3");
    assert_int_equal(r->max_open_orders, 4);
    assert_int_equal(r->max_messages, 50);
    assert_int_equal(r->cancel_reserve, 20);                        /* the agent's */
    assert_int_equal(r->message_interval_ns, INT64_C(10000000000)); /* likewise */
    fixture_assert_dec(r->price_collar, "0.01");
    assert_int_equal(r->max_reference_age_ns, INT64_C(5000000000));
    config_close(&c);
    c = fixture_good(GOOD);
    r = &c.setup->venue[0].risk;
    assert_false(r->has_max_order_value || r->has_max_messages || r->has_price_collar);
    config_close(&c);
    fixture_bad_part(AGENT VENUE "[venue.risk]\nmax_order_qty = 1\n" INSTRUMENT,
                     "venue.risk.max_order_qty: unknown key");
    fixture_bad_part(AGENT VENUE "[venue.risk]\nmax_messages = 20\n" INSTRUMENT,
                     "venue.risk.max_messages: 20 is not more than the agent's cancel_reserve");
}

static void config_risk_of_an_instrument(void **state)
{
    (void)state;
    struct config c = fixture_good(
        AGENT VENUE INSTRUMENT
        "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"binance\"\n[instrument.risk]\n"
        "max_order_value = 1\nmax_order_qty = 2\nmax_position_value = 3\nmax_open_orders = 4\n"
        "price_collar = 0.02\nmax_reference_age = \"6s\"\n");
    const struct risk_setup *r = &c.setup->instrument_risk[1];
    assert_true(r->has_max_order_value && r->has_max_order_qty && r->has_max_position_value &&
                r->has_max_open_orders && r->has_price_collar && r->has_max_reference_age);
    fixture_assert_dec(r->max_order_value, "1");
    fixture_assert_dec(r->max_order_qty, "2");
    fixture_assert_dec(r->max_position_value, "3");
    assert_int_equal(r->max_open_orders, 4);
    fixture_assert_dec(r->price_collar, "0.02");
    assert_int_equal(r->max_reference_age_ns, INT64_C(6000000000));
    assert_false(c.setup->instrument_risk[0].has_max_order_value);
    config_close(&c);
    fixture_bad_part(AGENT VENUE INSTRUMENT "[instrument.risk]\nmax_messages = 30\n",
                     "instrument.risk.max_messages: unknown key");
}

static void config_risk_of_a_strategy(void **state)
{
    (void)state;
    struct config c = fixture_good(GOOD "[strategy.risk]\nmax_executions = 5\n");
    assert_true(c.setup->strategy[0].risk.has_max_executions);
    assert_int_equal(c.setup->strategy[0].risk.max_executions, 5);
    assert_int_equal(c.setup->strategy[0].risk.execution_interval_ns, INT64_C(600000000000));
    config_close(&c);
    fixture_bad_part(GOOD "[strategy.risk]\nmax_executions = 101\n",
                     "strategy.risk.max_executions: 101 is looser than the agent's [risk], which "
                     "has 100 (the default); allowed: at most its 100");
}

/* The narrower scope names the wider one, its value and where that stands. */
static void config_risk_only_tightens(void **state)
{
    (void)state;
#define LIMITS "[risk]\nmax_order_value = 100\nprice_collar = 0.04\n" /* lines 4 to 6 */
    fixture_is_good(AGENT LIMITS VENUE "[venue.risk]\nmax_order_value = 100\n" INSTRUMENT
                                       "[instrument.risk]\nmax_order_value = 100\n");
    fixture_bad(AGENT LIMITS VENUE "[venue.risk]\nmax_order_value = 100.5\n" INSTRUMENT,
                "13:19: venue.risk.max_order_value: 100.5 is looser than the agent's [risk], which "
                "has 100 (in line 5); allowed: at most its 100");
    fixture_bad(AGENT LIMITS VENUE INSTRUMENT "[instrument.risk]\nprice_collar = 0.041\n",
                "16:16: instrument.risk.price_collar: 0.041 is looser than the agent's [risk], "
                "which has 0.04 (in line 6); allowed: at most its 0.04");
    fixture_bad(
        AGENT LIMITS VENUE "[venue.risk]\nmax_order_value = 50\n" INSTRUMENT
                           "[instrument.risk]\nmax_order_value = 51\n",
        "18:19: instrument.risk.max_order_value: 51 is looser than [venue.risk] of binance, "
        "which has 50 (in line 13); allowed: at most its 50");
    fixture_bad_part(AGENT VENUE "[venue.risk]\nmax_reference_age = \"11s\"\n" INSTRUMENT,
                     "11s is looser than the agent's [risk], which has 10s (the default)");
    fixture_bad_part(AGENT VENUE "[venue.risk]\nmax_open_orders = 201\n" INSTRUMENT,
                     "venue.risk.max_open_orders: 201 is looser");
    /* where the agent has none, any is stricter */
    fixture_is_good(AGENT VENUE INSTRUMENT "[instrument.risk]\nmax_order_qty = 1000000\n");
}

#define ETH "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"binance\"\n"

static void config_risk_groups(void **state)
{
    (void)state;
    struct config c = fixture_good(
        AGENT "[[risk_group]]\nname = \"majors\"\nassets = [\"BTC\", \"ETH\"]\n"
              "max_exposure = \"5000\"\n[[risk_group]]\nname = \"eth\"\nassets = [\"ETH\"]\n"
              "max_exposure = 1\n" VENUE INSTRUMENT ETH);
    const struct setup *s = c.setup;
    asset_id btc = setup_find_asset(s, "BTC"), eth = setup_find_asset(s, "ETH");
    assert_int_equal(s->groups, 2);
    assert_string_equal(s->group[0].name, "majors");
    assert_true(s->group[0].assets == (UINT64_C(1) << btc | UINT64_C(1) << eth));
    fixture_assert_dec(s->group[0].max_exposure, "5000");
    assert_true(s->group[1].assets == UINT64_C(1) << eth);
    config_close(&c);
#define GROUP "[[risk_group]]\nname = \"g\"\nmax_exposure = 1\n"
    static const char *const WRONG[][2] = {
        {"", "4:1: risk_group.assets: is missing; needed: a list of base assets"},
        {"assets = []\n", "7:10: risk_group.assets: the list is empty"},
        {"assets = \"BTC\"\n", "7:10: risk_group.assets: is not a list"},
        {"assets = [\"BTC\", 3]\n", "7:18: risk_group.assets: wrong type"},
        {"assets = [\"BTC\", \"DOGE\"]\n",
         "7:18: risk_group.assets: there is no [[instrument]] with the base asset DOGE"},
        {"assets = [\"USDT\"]\n", "no [[instrument]] with the base asset USDT"},
        {"assets = [\"BTC\", \"BTC\"]\n", "7:18: risk_group.assets: BTC is given twice"},
    };
    char text[1024];
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        snprintf(text, sizeof text, "%s%s%s%s", AGENT, GROUP, WRONG[i][0], VENUE INSTRUMENT);
        fixture_bad_part(text, WRONG[i][1]);
        assert_int_equal(fixture_report.count, 1);
    }
    fixture_bad_part(AGENT "[[risk_group]]\nname = \"g\"\nassets = [\"BTC\"]\n" VENUE INSTRUMENT,
                     "risk_group.max_exposure: is missing");
    fixture_bad_part(AGENT GROUP "assets = [\"BTC\"]\n" GROUP
                                 "assets = [\"BTC\"]\n" VENUE INSTRUMENT,
                     "9:8: risk_group.name: \"g\" is the name of another [[risk_group]] already");
    fixture_bad_part(AGENT GROUP "assets = [\"BTC\"]\nlimit = 1\n" VENUE INSTRUMENT,
                     "risk_group.limit: unknown key");
}

static void config_number_of_groups(void **state)
{
    (void)state;
    char text[4096];
    for (int n = SETUP_GROUPS_MAX; n <= SETUP_GROUPS_MAX + 1; n++) {
        size_t len = (size_t)snprintf(text, sizeof text, "%s", AGENT);
        for (int i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    "[[risk_group]]\nname = \"g%d\"\nassets = [\"BTC\"]\n"
                                    "max_exposure = 1\n",
                                    i);
        snprintf(text + len, sizeof text - len, "%s", VENUE INSTRUMENT);
        if (n == SETUP_GROUPS_MAX)
            fixture_is_good(text);
        else
            fixture_bad_part(text, "risk_group: too many: at most 16 are allowed");
    }
}

/* Accounts of one exchange: the same kind and REST host, or the same name. */
static void config_exchange(void **state)
{
    (void)state;
#define SECOND_VENUE(more)                                                                         \
    "[[venue]]\nname = \"two\"\nkind = \"binance-spot\"\nmaker_fee = 0\ntaker_fee = 0\n" more
    struct config c = fixture_good(AGENT VENUE SECOND_VENUE("") INSTRUMENT);
    assert_string_equal(c.setup->venue[0].exchange, "api.binance.com");
    assert_string_equal(c.setup->venue[1].exchange, "api.binance.com");
    config_close(&c);
    c = fixture_good(AGENT VENUE SECOND_VENUE("rest_url = \"http://localhost:8081/api\"\n")
                         INSTRUMENT);
    assert_string_equal(c.setup->venue[1].exchange, "localhost:8081");
    config_close(&c);
    c = fixture_good(AGENT VENUE "exchange = \"one\"\n" SECOND_VENUE("exchange = \"one\"\n")
                         INSTRUMENT);
    assert_string_equal(c.setup->venue[0].exchange, "one");
    assert_string_equal(c.setup->venue[1].exchange, "one");
    config_close(&c);
    fixture_bad_part(AGENT VENUE "exchange = \"One\"\n" INSTRUMENT, "venue.exchange");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_risk_agent, fixture_cleanup),
        cmocka_unit_test_teardown(config_risk_of_a_venue, fixture_cleanup),
        cmocka_unit_test_teardown(config_risk_of_an_instrument, fixture_cleanup),
        cmocka_unit_test_teardown(config_risk_of_a_strategy, fixture_cleanup),
        cmocka_unit_test_teardown(config_risk_only_tightens, fixture_cleanup),
        cmocka_unit_test_teardown(config_risk_groups, fixture_cleanup),
        cmocka_unit_test_teardown(config_number_of_groups, fixture_cleanup),
        cmocka_unit_test_teardown(config_exchange, fixture_cleanup),
    };
    return cmocka_run_group_tests_name("config_risk", tests, NULL, NULL);
}

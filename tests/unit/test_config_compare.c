/* What differs between two configurations: by meaning, never by text; each difference named, and
 * whether it may change while the agent runs. */
#include "config/compare.h"
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct config_changes c;

static void compare(const char *was, const char *is)
{
    struct config a = fixture_good(was), b = fixture_good(is);
    assert_int_equal(config_compare(a.setup, NULL, b.setup, &c), ERR_OK);
    config_close(&a);
    config_close(&b);
}

static void expect(const char *where, const char *key, const char *was, const char *is, bool live)
{
    for (uint32_t i = 0; i < c.count; i++)
        if (strcmp(c.item[i].where, where) == 0 && strcmp(c.item[i].key, key) == 0) {
            assert_string_equal(c.item[i].was, was);
            assert_string_equal(c.item[i].is, is);
            assert_int_equal(c.item[i].live, live);
            return;
        }
    for (uint32_t i = 0; i < c.count; i++)
        print_message("# %s: %s: %s -> %s\n", c.item[i].where, c.item[i].key, c.item[i].was,
                      c.item[i].is);
    fail_msg("no difference in %s: %s", where, key);
}

static void one(const char *was, const char *is, const char *where, const char *key,
                const char *before, const char *after, bool live)
{
    compare(was, is);
    expect(where, key, before, after, live);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.live, live);
    assert_int_equal(c.fixed, !live);
}

static void the_same_in_other_words(void **state)
{
    (void)state;
    compare(GOOD, "# a comment\n" GOOD "# and another\n");
    assert_int_equal(c.live + c.fixed, 0);
    compare(GOOD "lower = 1\n", GOOD "lower = \"1.000\"\nupper = \"8.0\"\nevery = \"300s\"\n");
    assert_int_equal(c.live + c.fixed, 0);
    compare(GOOD "steps = [\"0.1\", \"0.20\"]\n", GOOD "steps = [0.10, 0.2]\n");
    assert_int_equal(c.live + c.fixed, 0);
    compare(TWO_VENUES, TWO_VENUES "# x\n");
    assert_int_equal(c.live + c.fixed, 0);
}

static void live_parameters(void **state)
{
    (void)state;
    one(GOOD, GOOD "lower = 2.5\n", "strategy s", "lower", "absent", "2.5", true);
    one(GOOD "lower = 1\n", GOOD, "strategy s", "lower", "1", "absent", true);
    one(GOOD, GOOD "upper = \"9\"\n", "strategy s", "upper", "8", "9", true);
    one(GOOD, GOOD "style = \"slow\"\n", "strategy s", "style", "fast", "slow", true);
    one(GOOD, GOOD "every = \"90s\"\n", "strategy s", "every", "5m", "90s", true);
    one(GOOD "steps = [0.1]\n", GOOD "steps = [0.1, 0.25]\n", "strategy s", "steps", "[0.1]",
        "[0.1, 0.25]", true);
    one(GOOD, GOOD "waits = [\"1m\", \"2s\"]\n", "strategy s", "waits", "absent", "[1m, 2s]", true);
}

/* How the journal is kept is nothing that the engine or the other keys would notice. */
static void the_journal_may_change(void **state)
{
    (void)state;
    one(GOOD, "[journal]\nsegment_kib = 1024\n" GOOD, "journal", "segment_kib", "65536", "1024",
        true);
    one("[journal]\nsegment_age = \"1h\"\n" GOOD, GOOD, "journal", "segment_age", "1h", "1d", true);
}

static void what_needs_a_restart(void **state)
{
    (void)state;
    one(GOOD, GOOD "levels = 5\n", "strategy s", "levels", "4", "5", false);
    one(GOOD, GOOD "eager = false\n", "strategy s", "eager", "true", "false", false);
    one(GOOD, GOOD "budget = 7\n", "strategy s", "budget", "0", "7", false);
    one(GOOD,
        "[agent]\nname = \"demo\"\nquote = \"USDT\"\nseed = 9\n" VENUE PAPER INSTRUMENT STRATEGY,
        "agent", "seed", "1", "9", false);
    one(GOOD,
        AGENT VENUE
        "[venue.paper]\nbalances = { USDT = \"10000\", BTC = \"0.2\" }\n" INSTRUMENT STRATEGY,
        "venue binance.paper", "balances.BTC", "0.1", "0.2", false);
    one(GOOD,
        AGENT VENUE "[venue.paper]\nslippage = 0.01\nbalances = { USDT = \"10000\", BTC = \"0.1\" "
                    "}\n" INSTRUMENT STRATEGY,
        "venue binance.paper", "slippage", "0.0005", "0.01", false);
    compare(GOOD, AGENT VENUE PAPER INSTRUMENT "tick_size = 1\nlot_size = 2\n" STRATEGY);
    expect("instrument BTC-USDT@binance", "tick_size", "0", "1", false);
    expect("instrument BTC-USDT@binance", "lot_size", "0", "2", false);
    assert_int_equal(c.fixed, 2);
}

static void what_comes_and_goes(void **state)
{
    (void)state;
    static const char SECOND[] = "[[strategy]]\nname = \"t\"\nkind = \"loner\"\n";
    char text[4096];
    snprintf(text, sizeof text, "%s%s", GOOD, SECOND);
    one(GOOD, text, "strategy t", "name", "absent", "t", false);
    one(text, GOOD, "strategy t", "name", "t", "absent", false);
    /* Another order: indices are stored in the journal. */
    char other[4096];
    snprintf(other, sizeof other, "%s%s%s", AGENT VENUE PAPER INSTRUMENT, SECOND, STRATEGY);
    compare(text, other);
    assert_int_equal(c.fixed, 1);
    compare(GOOD, TWO_VENUES "[[strategy]]\nname = \"s\"\nkind = \"tester\"\n"
                             "instrument = \"BTC-USDT@binance\"\n");
    assert_true(c.fixed >= 2);
    expect("venue two", "name", "absent", "two", false);
    expect("instrument BTC-USDT@two", "symbol", "absent", "BTC-USDT", false);
}

/* What is running may have changed since its text was read. */
static void present_parameters_count(void **state)
{
    (void)state;
    struct config a = fixture_good(GOOD), b = fixture_good(GOOD);
    struct params now = a.setup->strategy[0].params;
    now.value[3].decimal = dec_lit("9.5"); /* upper */
    const struct params *all[SETUP_STRATEGIES_MAX] = {&now};
    assert_int_equal(config_compare(a.setup, all, b.setup, &c), ERR_OK);
    expect("strategy s", "upper", "9.5", "8", true);
    assert_int_equal(c.item[0].index, 3);
    struct event ev;
    config_change_event(b.setup, 0, 3, &ev);
    assert_true(ev.kind == EVENT_PARAM && ev.param.index == 3 && ev.param.present &&
                ev.param.type == PARAM_DECIMAL && dec_eq(ev.param.value.decimal, dec_lit("8")));
    config_close(&a);
    config_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_same_in_other_words, fixture_cleanup),
        cmocka_unit_test_teardown(live_parameters, fixture_cleanup),
        cmocka_unit_test_teardown(the_journal_may_change, fixture_cleanup),
        cmocka_unit_test_teardown(what_needs_a_restart, fixture_cleanup),
        cmocka_unit_test_teardown(what_comes_and_goes, fixture_cleanup),
        cmocka_unit_test_teardown(present_parameters_count, fixture_cleanup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

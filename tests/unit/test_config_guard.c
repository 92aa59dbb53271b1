/* The configuration of guards and schedules. */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NS     INT64_C(1000000000)
#define LOSSES "loss_count = 3\nloss_lookback = \"1h\"\nloss_pause = \"30m\"\n"
#define PROFIT                                                                                     \
    "profit_trades = 5\nprofit_lookback = \"1d\"\nmin_profit = \"-2.5\"\nprofit_pause = \"2h\"\n"
#define WHOLE                                                                                      \
    "[guard]\n" LOSSES "cooldown = \"10s\"\ncooldown_after_loss = \"5m\"\n" PROFIT                 \
    "cancel_entries = true\n"

static void config_guards(void **state)
{
    (void)state;
    struct config c = fixture_good(GOOD WHOLE "[guard.agent]\nloss_count = 9\nloss_lookback = "
                                              "\"2h\"\nloss_pause = \"3h\"\n");
    const struct guard_setup *g = &c.setup->guard, *own = &c.setup->strategy[0].guard;
    assert_true(g->has_loss_count && g->has_loss_lookback && g->has_loss_pause);
    assert_int_equal(g->loss_count, 3);
    assert_true(g->loss_lookback_ns == 3600 * NS && g->loss_pause_ns == 1800 * NS);
    assert_true(g->has_cooldown && g->cooldown_ns == 10 * NS);
    assert_true(g->has_cooldown_after_loss && g->cooldown_after_loss_ns == 300 * NS);
    assert_true(g->has_profit_trades && g->has_profit_lookback && g->has_min_profit);
    assert_int_equal(g->profit_trades, 5);
    assert_true(g->profit_lookback_ns == 86400 * NS);
    fixture_assert_dec(g->min_profit, "-2.5");
    assert_true(g->has_profit_pause && g->profit_pause_ns == 7200 * NS);
    assert_true(g->cancel_entries);
    assert_memory_equal(g, own, sizeof *g); /* a strategy without its own has the agent's */
    g = &c.setup->guard_agent;
    assert_int_equal(g->loss_count, 9);
    assert_true(g->loss_lookback_ns == 7200 * NS && g->loss_pause_ns == 10800 * NS);
    assert_false(g->has_min_profit || g->cancel_entries);
    config_close(&c);

    c = fixture_good(GOOD);
    static const struct guard_setup NONE;
    assert_memory_equal(&c.setup->guard, &NONE, sizeof NONE);
    assert_memory_equal(&c.setup->strategy[0].guard, &NONE, sizeof NONE);
    assert_int_equal(c.setup->strategy[0].schedule.count, 0);
    config_close(&c);
}

static void config_guards_are_whole_or_absent(void **state)
{
    (void)state;
    fixture_bad(GOOD "[guard]\nloss_count = 3\nloss_pause = \"1h\"\n",
                "19:14: guard.loss_lookback: is missing, and without it loss_count guards nothing; "
                "allowed: both or none");
    fixture_bad(GOOD "[guard]\nloss_pause = \"1h\"\nloss_lookback = \"1h\"\n",
                "20:17: guard.loss_count: is missing, and without it loss_lookback guards nothing; "
                "allowed: both or none");
    fixture_bad_part(GOOD "[guard]\nmin_profit = 1\nprofit_trades = 2\nprofit_pause = \"1h\"\n",
                     "guard.profit_lookback: is missing");
    fixture_bad_part(
        GOOD "[guard]\nprofit_lookback = \"1h\"\nprofit_trades = 2\nprofit_pause = \"1h\"\n",
        "guard.min_profit: is missing");
    fixture_bad_part(GOOD "[guard.agent]\nloss_count = 3\n", "guard.agent.loss_lookback: is miss");
    fixture_bad_part(GOOD "[strategy.guard]\nloss_count = 3\n",
                     "strategy.guard.loss_lookback: is missing");
    /* what the agent has completes what the strategy says */
    struct config c = fixture_good(GOOD "[strategy.guard]\nloss_count = 2\n" WHOLE);
    assert_int_equal(c.setup->strategy[0].guard.loss_count, 2);
    assert_true(c.setup->strategy[0].guard.loss_lookback_ns == 3600 * NS);
    config_close(&c);
}

static void config_guards_of_a_strategy_are_stricter(void **state)
{
    (void)state;
    static const struct {
        const char *strict, *equal, *loose, *allowed;
    } CASES[] = {
        {"loss_count = 2", "loss_count = 3", "loss_count = 4", "at most 3"},
        {"loss_lookback = \"2h\"", "loss_lookback = \"1h\"", "loss_lookback = \"3599s\"",
         "at least 1h"},
        {"loss_pause = \"31m\"", "loss_pause = \"30m\"", "loss_pause = \"29m\"", "at least 30m"},
        {"cooldown = \"11s\"", "cooldown = \"10s\"", "cooldown = \"9s\"", "at least 10s"},
        {"cooldown_after_loss = \"6m\"", "cooldown_after_loss = \"5m\"",
         "cooldown_after_loss = \"4m\"", "at least 5m"},
        {"profit_trades = 4", "profit_trades = 5", "profit_trades = 6", "at most 5"},
        {"min_profit = 0", "min_profit = \"-2.5\"", "min_profit = \"-2.6\"", "at least -2.5"},
        {"profit_pause = \"3h\"", "profit_pause = \"2h\"", "profit_pause = \"1h\"", "at least 2h"},
        {"profit_lookback = \"1d\"", "profit_lookback = \"24h\"", "profit_lookback = \"2d\"",
         "where [guard] has one, only the same, 1d"},
        {"cancel_entries = true", "cancel_entries = true", "cancel_entries = false", "only true"},
    };
    char text[2048], error[256];
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        snprintf(text, sizeof text, "%s[strategy.guard]\n%s\n%s", GOOD, CASES[i].strict, WHOLE);
        fixture_is_good(text);
        snprintf(text, sizeof text, "%s[strategy.guard]\n%s\n%s", GOOD, CASES[i].equal, WHOLE);
        fixture_is_good(text);
        snprintf(text, sizeof text, "%s[strategy.guard]\n%s\n%s", GOOD, CASES[i].loose, WHOLE);
        snprintf(error, sizeof error, "is looser than [guard]; allowed: %s", CASES[i].allowed);
        fixture_bad_part(text, error);
        assert_int_equal(fixture_report.count, 1);
    }
    /* where [guard] has none of it, a strategy may have what it likes */
    fixture_is_good(GOOD "[strategy.guard]\n" LOSSES PROFIT "cooldown = \"1s\"\n");
}

static void config_guard_ranges(void **state)
{
    (void)state;
    fixture_bad_part(GOOD "[guard]\nloss_count = 0\n", "0 is out of range; allowed: an integer");
    fixture_bad_part(GOOD "[guard]\nloss_count = 1001\n", "1001 is out of range");
    fixture_bad_part(GOOD "[guard]\nprofit_trades = 1001\n", "1001 is out of range");
    fixture_bad_part(GOOD "[guard]\ncooldown = \"0s\"\n", "guard.cooldown: \"0s\" is out of range");
    fixture_bad_part(GOOD "[guard]\ncooldown = \"366d\"\n", "\"366d\" is out of range");
    fixture_is_good(GOOD "[guard]\ncooldown = \"365d\"\ncooldown_after_loss = \"1s\"\n");
    fixture_bad_part(GOOD "[guard]\ncoldown = \"1s\"\n", "did you mean \"cooldown\"?");
    fixture_bad_part(GOOD "[guard.agent]\ncooldown = \"1s\"\n",
                     "guard.agent.cooldown: unknown key; \"cooldown\" belongs in [guard]");
    fixture_bad_part(fixture_with(AGENT, "guard = 3", VENUE INSTRUMENT), "guard: ");
}

/* ---- believable prices ---- */

#define JUMPS "[guard.price]\nmax_jump = \"0.02\"\njump_window = \"20s\"\njump_confirm = \"3s\"\n"

static void config_price_guards(void **state)
{
    (void)state;
    struct config c = fixture_good(TWO_VENUES JUMPS);
    for (uint32_t i = 0; i < 2; i++) { /* each instrument has what is said of all */
        const struct price_guard_setup *p = &c.setup->price_guard[i];
        assert_true(p->has_max_jump && !p->has_max_deviation);
        fixture_assert_dec(p->max_jump, "0.02");
        assert_true(p->jump_window_ns == 20 * NS && p->jump_confirm_ns == 3 * NS);
    }
    config_close(&c);

    c = fixture_good(TWO_VENUES
                     "[instrument.guard]\nmax_jump = \"0.5\"\njump_confirm = \"1s\"\n"
                     "cross_check = \"BTC-USDT@binance\"\nmax_deviation = \"0.01\"\n" JUMPS);
    const struct price_guard_setup *p = &c.setup->price_guard[1];
    fixture_assert_dec(p->max_jump, "0.5");
    assert_true(p->jump_window_ns == 20 * NS && p->jump_confirm_ns == 1 * NS);
    assert_true(p->has_max_deviation);
    fixture_assert_dec(p->max_deviation, "0.01");
    assert_int_equal(p->cross_check, 0);
    fixture_assert_dec(c.setup->price_guard[0].max_jump, "0.02");
    assert_false(c.setup->price_guard[0].has_max_deviation);
    config_close(&c);

    c = fixture_good(GOOD);
    assert_false(c.setup->price_guard[0].has_max_jump);
    config_close(&c);
    c = fixture_good(GOOD "[guard.price]\nmax_jump = \"0.1\"\n"); /* the defaults */
    assert_true(c.setup->price_guard[0].jump_window_ns == 10 * NS);
    assert_true(c.setup->price_guard[0].jump_confirm_ns == 5 * NS);
    config_close(&c);
}

static void config_wrong_price_guards(void **state)
{
    (void)state;
#define OWN AGENT VENUE PAPER INSTRUMENT "[instrument.guard]\n"
    fixture_bad_part(OWN "max_jump = 0\n",
                     "\"0\" is out of range; allowed: a decimal greater than 0");
    fixture_bad_part(OWN "max_jump = \"10.1\"\n", "\"10.1\" is out of range");
    fixture_bad_part(OWN "max_jump = 1\njump_window = \"99ms\"\n", "\"99ms\" is out of range");
    fixture_bad_part(OWN "jump_window = \"9s\"\n",
                     "instrument.guard.jump_window: without a max_jump, here or in [guard.price], "
                     "it guards nothing");
    fixture_bad_part(OWN "jump_confirm = \"9s\"\n", "instrument.guard.jump_confirm: without");
    fixture_bad_part(OWN "max_deviation = \"0.1\"\n",
                     "instrument.guard.cross_check: is missing, and without it max_deviation");
    fixture_bad_part(OWN "cross_check = \"BTC-USDT\"\nmax_deviation = \"0.1\"\n",
                     "an instrument says nothing new about itself; allowed: another instrument of "
                     "BTC");
    fixture_bad_part(OWN "cross_check = \"ETH-USDT\"\nmax_deviation = \"0.1\"\n"
                         "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"binance\"\n",
                     "is of another asset, whose price says nothing about this one's");
    fixture_bad_part(OWN "cross_check = \"BTC-USDX\"\nmax_deviation = \"0.1\"\n",
                     "there is no [[instrument]] BTC-USDX");
    fixture_bad_part(TWO_VENUES "[instrument.guard]\ncross_check = \"BTC-USDT@binance\"\n",
                     "instrument.guard.max_deviation: is missing");
    fixture_bad_part(OWN "max_jmp = 1\n", "did you mean \"max_jump\"?");
    fixture_bad_part(GOOD "[guard.price]\ncross_check = \"BTC-USDT\"\n",
                     "guard.price.cross_check: unknown key; \"cross_check\" belongs in "
                     "[instrument.guard]");
}

/* ---- schedule ---- */

static void assert_windows(const char *entries, const char *expected)
{
    char line[256], shown[1024] = "";
    size_t n = 0;
    snprintf(line, sizeof line, "schedule = [%s]", entries);
    struct config c = fixture_good(fixture_with(GOOD, line, ""));
    const struct schedule *s = &c.setup->strategy[0].schedule;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct schedule_window *x = &s->window[i];
        n += (size_t)snprintf(shown + n, sizeof shown - n, "%s%u+%02u:%02u..%u+%02u:%02u",
                              i ? " " : "", x->from / 1440u, x->from / 60u % 24, x->from % 60u,
                              x->to / 1440u, x->to / 60u % 24, x->to % 60u);
    }
    assert_string_equal(shown, expected);
    config_close(&c);
}

static void config_schedules(void **state)
{
    (void)state;
    assert_windows("\"mon 08:00-20:00\"", "0+08:00..0+20:00");
    assert_windows("\"tue-wed 08:15-20:30\", \"sat 10:00-12:00\"",
                   "1+08:15..1+20:30 2+08:15..2+20:30 5+10:00..5+12:00");
    assert_windows("\"00:00-24:00\"", "0+00:00..7+00:00");
    /* over midnight it belongs to the day it begins on */
    assert_windows("\"mon 22:00-06:00\"", "0+22:00..1+06:00");
    assert_windows("\"sun 22:00-06:00\"", "0+00:00..0+06:00 6+22:00..7+00:00");
    assert_windows("\"sat-mon 10:00-11:00\"", "0+10:00..0+11:00 5+10:00..5+11:00 6+10:00..6+11:00");
    /* entries that touch or overlap are one */
    assert_windows("\"mon 08:00-12:00\", \"mon 11:00-13:00\", \"mon 13:00-14:00\"",
                   "0+08:00..0+14:00");
    assert_windows("\"fri 20:00-24:00\", \"sat 00:00-01:00\"", "4+20:00..5+01:00");
}

static void config_most_windows(void **state)
{
    (void)state;
    /* eight entries that each wrap: 64 windows, were they apart; the most there is room for */
    struct config c = fixture_good(fixture_with(
        GOOD,
        "schedule = [\"23:59-00:01\", \"01:00-01:01\", \"02:00-02:01\", \"03:00-03:01\", "
        "\"04:00-04:01\", \"05:00-05:01\", \"06:00-06:01\", \"07:00-07:01\"]",
        ""));
    assert_int_equal(c.setup->strategy[0].schedule.count, 57);
    config_close(&c);
}

static void config_wrong_schedules(void **state)
{
    (void)state;
    static const struct {
        const char *value, *why;
    } CASES[] = {
        {"\"mon 08:00-20:00\"",
         "18:12: strategy.schedule: is not a list; allowed: a list of 1 to 8"},
        {"[]", "the list is empty"},
        {"[\"mon 08:00-20:00\",\"mon 08:00-20:00\",\"mon 08:00-20:00\",\"mon 08:00-20:00\","
         "\"mon 08:00-20:00\",\"mon 08:00-20:00\",\"mon 08:00-20:00\",\"mon 08:00-20:00\","
         "\"mon 08:00-20:00\"]",
         "the list is too long"},
        {"[1]", "is not a text"},
        {"[\"\"]", "\"\" does not begin with a day"},
        {"[\"monday 08:00-20:00\"]", "has no blank between days and times"},
        {"[\"Mon 08:00-20:00\"]", "does not begin with a day"},
        {"[\"mon-xyz 08:00-20:00\"]", "does not begin with a day"},
        {"[\"mon\"]", "has no blank"},
        {"[\"mon 8:00-20:00\"]", "has no times of the form 08:00-20:00"},
        {"[\"mon 08:00\"]", "has no times"},
        {"[\"mon 08:00-20:00 \"]", "has no times"},
        {"[\"mon 08:60-20:00\"]", "has no times"},
        {"[\"mon 08:00-24:01\"]", "has no times"},
        {"[\"mon 08:00-25:00\"]", "has no times"},
        {"[\"mon 08:00-08:00\"]", "opens nothing"},
        {"[\"mon 24:00-08:00\"]", "opens nothing"},
        {"[\"mon 08:00-20:00\\u0000\"]", "holds a NUL"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char line[512];
        snprintf(line, sizeof line, "schedule = %s", CASES[i].value);
        fixture_bad_part(fixture_with(GOOD, line, ""), CASES[i].why);
        assert_int_equal(fixture_report.count, 1);
    }
}

static void config_explains_guards(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    config_explain(f, &FIXTURE_KINDS);
    fclose(f);
    assert_non_null(strstr(text, "[guard]"));
    assert_non_null(strstr(text, "[guard.agent]"));
    assert_non_null(strstr(text, "[strategy.guard]"));
    assert_non_null(strstr(text, "a list of 1 to 8 texts such as \"mon-fri 08:00-20:00\", in UTC"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_guards, fixture_cleanup),
        cmocka_unit_test_teardown(config_guards_are_whole_or_absent, fixture_cleanup),
        cmocka_unit_test_teardown(config_guards_of_a_strategy_are_stricter, fixture_cleanup),
        cmocka_unit_test_teardown(config_guard_ranges, fixture_cleanup),
        cmocka_unit_test_teardown(config_price_guards, fixture_cleanup),
        cmocka_unit_test_teardown(config_wrong_price_guards, fixture_cleanup),
        cmocka_unit_test_teardown(config_schedules, fixture_cleanup),
        cmocka_unit_test_teardown(config_most_windows, fixture_cleanup),
        cmocka_unit_test_teardown(config_wrong_schedules, fixture_cleanup),
        cmocka_unit_test_teardown(config_explains_guards, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

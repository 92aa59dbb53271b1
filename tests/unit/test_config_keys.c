/* The configuration: wrong syntax, keys and forms, secrets, and the limits of their number. */
#include "config_fixture.h"

#include "config/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- syntax ---- */

static void config_syntax_error_stands_alone(void **state)
{
    (void)state;
    struct config c = {0};
    assert_int_equal(fixture_parse(&c, "[agent]\nnonsense = 1\nname = = 2\n"), ERR_SYNTAX);
    assert_int_equal(fixture_report.count, 1);
    assert_non_null(strstr(fixture_report.line[0], "t.toml:3:"));
    assert_int_equal(fixture_parse(&c, ""), ERR_RANGE); /* empty is TOML, but no configuration */
    assert_int_equal(fixture_report.count, 3);
}

/* ---- keys ---- */

static void config_unknown_keys(void **state)
{
    (void)state;
    fixture_bad(fixture_with(AGENT, "sed = 1", VENUE INSTRUMENT),
                "4:1: agent.sed: unknown key; did you mean \"seed\"?");
    fixture_bad(fixture_with(AGENT, "State-Dir = \"x\"", VENUE INSTRUMENT),
                "4:1: agent.State-Dir: unknown key; did you mean \"state_dir\"?");
    fixture_bad(fixture_with(AGENT, "price_collar = 1", VENUE INSTRUMENT),
                "4:1: agent.price_collar: unknown key; \"price_collar\" belongs in [risk]");
    fixture_bad(
        fixture_with(AGENT, "\"a\\u0007\\u0000b\" = 1", VENUE INSTRUMENT),
        "4:1: agent.a??b: unknown key; `tradewind check --explain` lists those that are allowed");
    fixture_bad(fixture_with(GOOD, "levls = 3", ""),
                "18:1: strategy.levls: unknown key; did you mean \"levels\"?");
    fixture_bad(fixture_with(GOOD, "[instruments]", ""),
                "18:2: instruments: unknown key; did you mean \"instrument\"?");
    fixture_bad(fixture_with(AGENT VENUE INSTRUMENT, "[venue.papr]", ""),
                "12:8: venue.papr: unknown key; did you mean \"paper\"?");
}

static void config_secrets(void **state)
{
    (void)state;
    static const char *const KEYS[] = {"api_key",     "API-Key",     "secret",
                                       "password",    "auth_token",  "passphrase",
                                       "private_key", "my_mnemonic", "apiKeySecret"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        char line[64], expected[64];
        snprintf(line, sizeof line, "%s = \"hunter2\"", KEYS[i]);
        snprintf(expected, sizeof expected, "agent.%s: secrets cannot be given in this file",
                 KEYS[i]);
        fixture_bad_part(fixture_with(AGENT, line, VENUE INSTRUMENT), expected);
        assert_int_equal(fixture_report.count, 1);
        assert_null(strstr(fixture_report.line[0], "hunter2"));
    }
    fixture_bad_part(fixture_with(AGENT VENUE INSTRUMENT, "[secrets]\nx = 1", ""),
                     "secrets cannot be given");
    fixture_bad_part(fixture_with(GOOD, "token = \"hunter2\"", ""),
                     "strategy.token: secrets cannot be given");
    fixture_bad_part(
        fixture_with(AGENT VENUE, "ws_url = \"wss://me:hunter2@x.com\"", INSTRUMENT),
        "venue.ws_url: a URL with a user name or '@' is refused: secrets cannot be given");
    assert_null(strstr(fixture_report.line[0], "hunter2"));
    fixture_bad_part(fixture_with(AGENT VENUE, "ws_url = \"wss://x.com/?key=hunter2\"", INSTRUMENT),
                     "plain path");
    assert_null(strstr(fixture_report.line[0], "hunter2"));
}

static void config_missing(void **state)
{
    (void)state;
    fixture_bad(VENUE INSTRUMENT,
                "1:1: agent: the section [agent] is missing; needed: at least name and "
                "quote");
    fixture_bad_part(AGENT INSTRUMENT,
                     "t.toml:1:1: venue: no [[venue]] is given; at least one is needed");
    fixture_bad(AGENT VENUE, "1:1: instrument: no [[instrument]] is given; at least one is needed");
    fixture_bad(
        "[agent]\nquote = \"USDT\"\n" VENUE INSTRUMENT,
        "1:1: agent.name: is missing; needed: 1 to 16 characters a-z, 0-9 and '-', the first a "
        "letter or digit");
    fixture_bad_part("[agent]\nname = \"x\"\n" VENUE INSTRUMENT, "1:1: agent.quote: is missing");
    fixture_bad_part(AGENT "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\n" INSTRUMENT,
                     "4:1: venue.maker_fee: is missing; needed: a decimal from 0 to 0.1");
    assert_int_equal(fixture_report.count, 2);
    fixture_bad_part(AGENT VENUE "[[instrument]]\nvenue = \"binance\"\n",
                     "9:1: instrument.symbol: is missing");
    fixture_bad_part(AGENT VENUE "[[instrument]]\nsymbol = \"BTC-USDT\"\n",
                     "9:1: instrument.venue: is missing");
    fixture_bad(AGENT VENUE INSTRUMENT "[[strategy]]\nname = \"s\"\nkind = \"tester\"\n",
                "12:1: strategy.instrument: is missing; needed: a configured instrument, such as "
                "\"BTC-USDT\" or \"BTC-USDT@venue\"");
    fixture_bad_part(AGENT VENUE INSTRUMENT "[[strategy]]\n", "12:1: strategy.kind: is missing");
    assert_int_equal(fixture_report.count, 2);
}

static void config_wrong_forms(void **state)
{
    (void)state;
    fixture_bad_part("agent = 1\n" VENUE INSTRUMENT,
                     "1:9: agent: wrong type; allowed: a table, written [agent]");
    fixture_bad_part("[[agent]]\nname = \"x\"\n" VENUE INSTRUMENT,
                     "agent: is given more than once or as an array; write [agent] once");
    fixture_bad_part(AGENT "[venue]\nname = \"binance\"\n" INSTRUMENT,
                     "4:1: venue: wrong form; allowed: tables, each written [[venue]]");
    fixture_bad_part("venue = [1]\n" AGENT INSTRUMENT, "venue: wrong form");
    fixture_bad_part("strategy = [{name=\"s\",kind=\"loner\"}, 2]\n" AGENT VENUE INSTRUMENT,
                     "strategy: every element must be a table");
    fixture_bad_part(fixture_with(AGENT VENUE, "paper = 3", INSTRUMENT),
                     "9:9: venue.paper: wrong type");
    fixture_bad_part(AGENT VENUE "[venue.paper]\nbalances = [1]\n" INSTRUMENT,
                     "10:12: venue.paper.balances: is given more than once or as an array");
    fixture_bad_part(fixture_with(GOOD, "risk = false", ""), "18:8: strategy.risk: wrong type");
}

/* ---- limits ---- */

/* [head], then [count] times [part] with the number in place of each '%'. */
static char *many(const char *head, unsigned count, const char *part)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    fputs(head, f);
    for (unsigned i = 0; i < count; i++)
        for (const char *p = part; *p; p++) {
            if (*p == '%')
                fprintf(f, "%u", i);
            else
                fputc(*p, f);
        }
    fclose(f);
    return text;
}

static void at_most(const char *head, unsigned max, const char *part, const char *error)
{
    char *text = many(head, max, part);
    fixture_is_good(text);
    free(text);
    text = many(head, max + 1, part);
    fixture_bad_part(text, error);
    assert_int_equal(fixture_report.count, 1);
    free(text);
}

static void config_counts(void **state)
{
    (void)state;
    at_most(AGENT VENUE INSTRUMENT, SETUP_VENUES_MAX - 1,
            "[[venue]]\nname = \"v%\"\nkind = \"other-spot\"\nmaker_fee = 0\ntaker_fee = 0\n",
            "venue: too many: at most 8 are allowed");
    at_most(AGENT VENUE INSTRUMENT, SETUP_STRATEGIES_MAX,
            "[[strategy]]\nname = \"s%\"\nkind = \"loner\"\n",
            "strategy: too many: at most 1024 are allowed");
    at_most(AGENT VENUE, SETUP_ASSETS_MAX - 1,
            "[[instrument]]\nsymbol = \"A%-USDT\"\nvenue = \"binance\"\n",
            "instrument.symbol: too many assets: A63 is one more than the 64 allowed");
    /* 64 instruments of few assets on two venues */
    char *text = many(
        AGENT VENUE "[[venue]]\nname = \"two\"\nkind = \"other-spot\"\nmaker_fee=0\ntaker_fee=0\n",
        32,
        "[[instrument]]\nsymbol = \"A%-USDT\"\nvenue = \"binance\"\n"
        "[[instrument]]\nsymbol = \"A%-USDT\"\nvenue = \"two\"\n");
    fixture_is_good(text);
    char *more = malloc(strlen(text) + 100);
    assert_non_null(more);
    sprintf(more, "%s[[instrument]]\nsymbol = \"A1-A2\"\nvenue = \"two\"\n", text);
    fixture_bad_part(more, "instrument: too many: at most 64 are allowed");
    free(more);
    free(text);
}

static void config_error_limit(void **state)
{
    (void)state;
    char *text = many(AGENT VENUE INSTRUMENT "[risk]\n", REPORT_ERRORS_MAX, "k% = 1\n");
    struct config c = {0};
    assert_int_equal(fixture_parse(&c, text), ERR_RANGE);
    assert_int_equal(fixture_report.count, REPORT_ERRORS_MAX);
    free(text);
    text = many(AGENT VENUE INSTRUMENT "[risk]\n", REPORT_ERRORS_MAX + 7, "k% = 1\n");
    assert_int_equal(fixture_parse(&c, text), ERR_RANGE);
    assert_int_equal(fixture_report.count, REPORT_ERRORS_MAX + 1);
    assert_string_equal(fixture_report.line[REPORT_ERRORS_MAX], "t.toml: and 7 more errors");
    free(text);
}

static void config_all_errors_in_order(void **state)
{
    (void)state;
    struct config c = {0};
    assert_int_equal(
        fixture_parse(&c, "[[strategy]]\nname = \"S\"\nkind = \"loner\"\n[agent]\nname = 5\n"
                          "quote = \"USDT\"\nx = 1\n[[venue]]\nname = \"binance\"\n"
                          "kind = \"other-spot\"\nmaker_fee = 1\ntaker_fee = -1\n" INSTRUMENT
                          "tick_size = \"x\"\n"),
        ERR_RANGE);
    static const char *const START[] = {
        "t.toml:2:8: strategy.name: ",     "t.toml:5:8: agent.name: ",
        "t.toml:7:1: agent.x: ",           "t.toml:11:13: venue.maker_fee: ",
        "t.toml:12:13: venue.taker_fee: ", "t.toml:16:13: instrument.tick_size: "};
    assert_int_equal(fixture_report.count, sizeof START / sizeof START[0]);
    for (size_t i = 0; i < fixture_report.count; i++)
        assert_int_equal(strncmp(fixture_report.line[i], START[i], strlen(START[i])), 0);
}

static void config_long_wrong_values(void **state)
{
    (void)state;
    char line[20000];
    snprintf(line, sizeof line, "mode = \"%0*d\"", 19000, 1);
    fixture_bad_part(fixture_with(AGENT, line, VENUE INSTRUMENT),
                     "0000...\" is not known; allowed: \"paper\"");
    assert_true(strlen(fixture_report.line[0]) < 256);
    snprintf(line, sizeof line, "k%0*d = 1", 19000, 1);
    fixture_bad_part(fixture_with(AGENT, line, VENUE INSTRUMENT), "...: unknown key");
    assert_true(strlen(fixture_report.line[0]) < 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_syntax_error_stands_alone, fixture_cleanup),
        cmocka_unit_test_teardown(config_unknown_keys, fixture_cleanup),
        cmocka_unit_test_teardown(config_secrets, fixture_cleanup),
        cmocka_unit_test_teardown(config_missing, fixture_cleanup),
        cmocka_unit_test_teardown(config_wrong_forms, fixture_cleanup),
        cmocka_unit_test_teardown(config_counts, fixture_cleanup),
        cmocka_unit_test_teardown(config_error_limit, fixture_cleanup),
        cmocka_unit_test_teardown(config_all_errors_in_order, fixture_cleanup),
        cmocka_unit_test_teardown(config_long_wrong_values, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

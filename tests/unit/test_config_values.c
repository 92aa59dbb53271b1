/* The configuration: every type of value at its boundaries. */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- types ---- */

static void config_types(void **state)
{
    (void)state;
    fixture_bad(fixture_with(AGENT, "seed = \"1\"", VENUE INSTRUMENT),
                "4:8: agent.seed: wrong type: a string; allowed: an integer from 0 to "
                "9223372036854775807");
    fixture_bad(
        fixture_with(AGENT, "seed = 1.0", VENUE INSTRUMENT),
        "4:8: agent.seed: wrong type: a float; allowed: an integer from 0 to 9223372036854775807");
    fixture_bad(
        fixture_with(AGENT, "seed = -1", VENUE INSTRUMENT),
        "4:8: agent.seed: -1 is out of range; allowed: an integer from 0 to 9223372036854775807");
    fixture_bad(fixture_with(AGENT, "mode = true", VENUE INSTRUMENT),
                "4:8: agent.mode: wrong type: a boolean; allowed: \"paper\" or \"live\"");
    fixture_bad(fixture_with(AGENT, "mode = \"dry\"", VENUE INSTRUMENT),
                "4:8: agent.mode: \"dry\" is not known; allowed: \"paper\" or \"live\"");
    fixture_bad(fixture_with(AGENT, "mode = \"live\"", VENUE INSTRUMENT),
                "4:8: agent.mode: live order entry is not in this version; allowed: \"paper\"");
    fixture_bad(fixture_with(AGENT, "state_dir = \"\"", VENUE INSTRUMENT),
                "4:13: agent.state_dir: the text is empty; allowed: a path of 1 to 255 bytes");
    fixture_bad_part(fixture_with(AGENT, "state_dir = \"a\\u0000b\"", VENUE INSTRUMENT),
                     "holds a control character");
    fixture_bad_part(fixture_with(GOOD, "eager = \"true\"", ""),
                     "18:9: strategy.eager: wrong type: a string; allowed: true or false");
    fixture_bad_part(fixture_with(GOOD, "every = 5", ""),
                     "18:9: strategy.every: wrong type: an integer");
    fixture_bad_part(fixture_with(GOOD, "lower = 1979-05-27", ""),
                     "strategy.lower: wrong type: a date;");
    fixture_bad_part(fixture_with(GOOD, "lower = [1]", ""),
                     "strategy.lower: wrong type: an array;");
    fixture_bad_part(fixture_with(GOOD, "lower = {}", ""), "strategy.lower: wrong type: a table;");
    fixture_bad_part(fixture_with(GOOD, "style = \"Fast\"", ""),
                     "strategy.style: \"Fast\" is not known; allowed: \"slow\" or \"fast\"");
    fixture_bad_part(fixture_with(AGENT VENUE, "[venue.paper]\nfill_model = \"best\"", INSTRUMENT),
                     "allowed: \"touch\", \"cross\" or \"queue\"");
}

static void config_decimals(void **state)
{
    (void)state;
    static const char *const GOOD_ONES[] = {"lower = 0.5",
                                            "lower = \"0.5\"",
                                            "lower = 7.999",
                                            "lower = 0.500000000000000001",
                                            "lower = 0.50000000000000000000000000",
                                            "lower = +1_0e-1",
                                            "lower = 0x7",
                                            "lower = \"1e0\"",
                                            "upper = 9e17"};
    for (size_t i = 0; i < sizeof GOOD_ONES / sizeof GOOD_ONES[0]; i++)
        fixture_is_good(fixture_with(GOOD, GOOD_ONES[i], ""));
    static const char *const BAD_ONES[][2] = {
        {"lower = 0.499999999999999999", "is out of range; allowed: a decimal from 0.5 to 10.25"},
        {"lower = \"10.250000000000000001\"", "is out of range"},
        {"lower = 0.5000000000000000001", "has more than 18 decimal places and would lose"},
        {"lower = \"0.5000000000000000001\"", "has more than 18 decimal places and would lose"},
        {"lower = 1e-19", "has more than 18 decimal places"},
        {"lower = nan", "\"nan\" is not a decimal"},
        {"lower = -inf", "\"-inf\" is not a decimal"},
        {"lower = \"\"", "\"\" is not a decimal"},
        {"lower = \" 1\"", "is not a decimal"},
        {"lower = \"1_0\"", "is not a decimal"},
        {"lower = \"1,5\"", "is not a decimal"},
        {"upper = 0.0", "\"0.0\" is out of range; allowed: a decimal greater than 0"},
        {"upper = 1e21", "\"1e21\" is too large"},
        {"upper = \"1e400\"", "is too large"},
        {"upper = 9223372036854775808.0e30", "is too large"},
    };
    for (size_t i = 0; i < sizeof BAD_ONES / sizeof BAD_ONES[0]; i++)
        fixture_bad_part(fixture_with(GOOD, BAD_ONES[i][0], ""), BAD_ONES[i][1]);
    /* A number that a double cannot hold arrives as it is written. */
    struct config c =
        fixture_good(fixture_with(GOOD, "upper = 12345678901234567.123456789012345678", ""));
    fixture_assert_dec(c.setup->strategy[0].params.value[3].decimal,
                       "12345678901234567.123456789012345678");
    config_close(&c);
}

static void config_integers(void **state)
{
    (void)state;
    fixture_is_good(fixture_with(GOOD, "levels = 2", ""));
    fixture_is_good(fixture_with(GOOD, "levels = 0x1f4", ""));
    fixture_bad_part(fixture_with(GOOD, "levels = 1", ""),
                     "strategy.levels: 1 is out of range; allowed: an integer from 2 to 500");
    fixture_bad_part(fixture_with(GOOD, "levels = 501", ""), "501 is out of range");
}

static void config_durations(void **state)
{
    (void)state;
    static const char *const GOOD_ONES[] = {"1s", "1000ms", "1000000us", "24h", "1d", "86400s"};
    for (size_t i = 0; i < sizeof GOOD_ONES / sizeof GOOD_ONES[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "every = \"%s\"", GOOD_ONES[i]);
        fixture_is_good(fixture_with(GOOD, line, ""));
    }
    static const char *const BAD_ONES[][2] = {
        {"999ms", "\"999ms\" is out of range; allowed: a duration from 1s to 1d: a whole number "
                  "and us, ms, s, m, h or d, such as \"15s\""},
        {"86401s", "is out of range"},
        {"99999999999999999999d", "is out of range"},
        {"9223372036854775807d", "is out of range"},
        {"", "the text"},
        {"5", "is not a duration"},
        {"5 m", "is not a duration"},
        {"m", "is not a duration"},
        {"-5m", "is not a duration"},
        {"1.5h", "is not a duration"},
        {"5M", "is not a duration"},
        {"1h30m", "is not a duration"},
    };
    for (size_t i = 0; i < sizeof BAD_ONES / sizeof BAD_ONES[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "every = \"%s\"", BAD_ONES[i][0]);
        if (BAD_ONES[i][0][0])
            fixture_bad_part(fixture_with(GOOD, line, ""), BAD_ONES[i][1]);
        else
            fixture_bad_part(fixture_with(GOOD, line, ""), "\"\" is not a duration");
    }
}

static void config_names(void **state)
{
    (void)state;
    fixture_is_good(
        "[agent]\nname = \"a234567890-23456\"\nquote = \"A23456789012345\"\n" VENUE
        "[[instrument]]\nsymbol = \"B23456789012345-A23456789012345\"\nvenue = \"binance\"\n");
    fixture_bad_part("[agent]\nname = \"a234567890-234567\"\nquote = \"USDT\"\n" VENUE INSTRUMENT,
                     "2:8: agent.name: the text has 17 bytes, at most 16 are allowed");
    static const char *const BAD_NAMES[] = {"-a", "A", "a b", "a_b", "\xc3\xa4", "a.b", "a@b"};
    for (size_t i = 0; i < sizeof BAD_NAMES / sizeof BAD_NAMES[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "[agent]\nname = \"%s\"\nquote = \"USDT\"\n%s", BAD_NAMES[i],
                 VENUE INSTRUMENT);
        fixture_bad_part(text, "2:8: agent.name: ");
    }
    for (int len = NAME_MAX_BYTES - 1; len <= NAME_MAX_BYTES; len++) {
        char text[512];
        snprintf(text, sizeof text,
                 AGENT VENUE INSTRUMENT "[[strategy]]\nname = \"%0*d\"\nkind = \"loner\"\n", len,
                 1);
        if (len == NAME_MAX_BYTES - 1)
            fixture_is_good(text);
        else
            fixture_bad_part(text, "strategy.name: the text has 32 bytes, at most 31 are allowed");
    }
    static const char *const BAD_ASSETS[] = {"", "usdt", "US-T", "A234567890123456"};
    for (size_t i = 0; i < sizeof BAD_ASSETS / sizeof BAD_ASSETS[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "[agent]\nname = \"x\"\nquote = \"%s\"\n%s", BAD_ASSETS[i],
                 VENUE INSTRUMENT);
        fixture_bad_part(text, "3:9: agent.quote: ");
        assert_int_equal(fixture_report.count, 1); /* nothing that only follows from it */
    }
    static const char *const BAD_SYMBOLS[] = {"",         "BTCUSDT",  "BTC-",
                                              "-USDT",    "BTC-BTC",  "B-U-T",
                                              "btc-usdt", "BTC/USDT", "A234567890123456-USDT"};
    for (size_t i = 0; i < sizeof BAD_SYMBOLS / sizeof BAD_SYMBOLS[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 AGENT VENUE "[[instrument]]\nsymbol = \"%s\"\n"
                             "venue = \"binance\"\n",
                 BAD_SYMBOLS[i]);
        fixture_bad_part(text, "10:10: instrument.symbol: ");
        assert_int_equal(fixture_report.count, 1);
    }
}

static void config_urls(void **state)
{
    (void)state;
    static const char *const GOOD_ONES[] = {
        "wss://a.b-c.com",     "wss://a:1",      "wss://a:65535/x/y", "ws://localhost",
        "ws://127.0.0.1:9443", "ws://127.1.2.3", "ws://[::1]:80",     "wss://[2001:db8::1]:443/ws",
        "wss://localhost/"};
    for (size_t i = 0; i < sizeof GOOD_ONES / sizeof GOOD_ONES[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "ws_url = \"%s\"", GOOD_ONES[i]);
        fixture_is_good(fixture_with(AGENT VENUE, line, INSTRUMENT));
    }
    static const char *const BAD_ONES[][2] = {
        {"", "the text is empty"},
        {"https://a", "does not begin with a scheme of this key; allowed: a URL of at most 255 "
                      "bytes with the scheme \"wss\" or \"ws\""},
        {"wss:/a", "does not begin with a scheme"},
        {"wss://", "has no valid host and port"},
        {"wss://:9443", "has no valid host and port"},
        {"wss://a:", "has no valid host and port"},
        {"wss://a:0", "has no valid host and port"},
        {"wss://a:65536", "has no valid host and port"},
        {"wss://a:99999999999999999999", "has no valid host and port"},
        {"wss://[::1", "has no valid host and port"},
        {"wss://a b", "plain path"},
        {"wss://a/x#y", "plain path"},
        {"wss://a:1x", "plain path"},
        {"ws://a.com", "is not encrypted, which is allowed for localhost"},
        {"ws://127.0.0.1.a.com", "is not encrypted"},
        {"ws://localhost.a.com", "is not encrypted"},
        {"ws://[::2]", "is not encrypted"},
    };
    for (size_t i = 0; i < sizeof BAD_ONES / sizeof BAD_ONES[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "ws_url = \"%s\"", BAD_ONES[i][0]);
        fixture_bad_part(fixture_with(AGENT VENUE, line, INSTRUMENT), BAD_ONES[i][1]);
    }
    for (size_t len = 255; len <= 256; len++) {
        char line[400];
        snprintf(line, sizeof line, "rest_url = \"https://%0*d\"", (int)len - 8, 1);
        if (len == 255)
            fixture_is_good(fixture_with(AGENT VENUE, line, INSTRUMENT));
        else
            fixture_bad_part(fixture_with(AGENT VENUE, line, INSTRUMENT),
                             "the text has 256 bytes, at most 255");
    }
}

static void config_paths(void **state)
{
    (void)state;
    struct config c = {0};
    static const char TEXT[] = AGENT "state_dir = \"/abs\"\n" VENUE INSTRUMENT;
    config_report_clear(&fixture_report);
    assert_int_equal(
        config_parse(&c, "t", "/etc/x/", TEXT, strlen(TEXT), &FIXTURE_KINDS, &fixture_report),
        ERR_OK);
    assert_string_equal(c.setup->state_dir, "/abs");
    assert_string_equal(c.setup->control_socket, "/abs/control.sock");
    config_close(&c);
    static const char RELATIVE[] = AGENT "state_dir = \"a/b\"\n" VENUE INSTRUMENT;
    assert_int_equal(
        config_parse(&c, "t", "/", RELATIVE, strlen(RELATIVE), &FIXTURE_KINDS, &fixture_report),
        ERR_OK);
    assert_string_equal(c.setup->state_dir, "/a/b");
    config_close(&c);
    assert_int_equal(
        config_parse(&c, "t", ".", RELATIVE, strlen(RELATIVE), &FIXTURE_KINDS, &fixture_report),
        ERR_OK);
    assert_string_equal(c.setup->state_dir, "a/b");
    config_close(&c);
    /* 255 bytes with the directory are allowed, one more is not. */
    for (int len = 251; len <= 252; len++) {
        char line[400];
        snprintf(line, sizeof line, "ca_file = \"%0*d\"", len, 1);
        if (len == 251)
            fixture_is_good(fixture_with(AGENT VENUE, line, INSTRUMENT));
        else
            fixture_bad(
                fixture_with(AGENT VENUE, line, INSTRUMENT),
                "9:11: venue.ca_file: with the configuration's directory in front the path has 256 "
                "bytes; allowed: at most 255");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_types, fixture_cleanup),
        cmocka_unit_test_teardown(config_decimals, fixture_cleanup),
        cmocka_unit_test_teardown(config_integers, fixture_cleanup),
        cmocka_unit_test_teardown(config_durations, fixture_cleanup),
        cmocka_unit_test_teardown(config_names, fixture_cleanup),
        cmocka_unit_test_teardown(config_urls, fixture_cleanup),
        cmocka_unit_test_teardown(config_paths, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

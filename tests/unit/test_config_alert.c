/* The configuration of alerts. */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NS    INT64_C(1000000000)
#define ALERT "[[alert]]\nname = \"a\"\n"
#define PRICE ALERT "when = \"price\"\ninstrument = \"BTC-USDT\"\n"

static struct config one(const char *alert)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s", GOOD, alert);
    struct config c = fixture_good(text);
    assert_int_equal(c.setup->alerts, 1);
    return c;
}

static void config_alert_keys(void **state)
{
    (void)state;
    struct config c = one(PRICE "above = \"70000\"\ntext = \"Höhe: \\\"gut\\\"\"\n");
    const struct alert_setup *a = &c.setup->alert[0];
    assert_string_equal(a->name, "a");
    assert_string_equal(a->text, "Höhe: \"gut\"");
    assert_int_equal(a->when, ALERT_OF_PRICE);
    assert_int_equal(a->instrument, 0);
    assert_int_equal(a->strategy, STRATEGY_NONE);
    assert_true(a->has_above && !a->has_below);
    fixture_assert_dec(a->above, "70000");
    assert_int_equal(a->repeat, ALERT_ONCE);
    config_close(&c);

    c = one(ALERT "when = \"change\"\ninstrument = \"BTC-USDT@binance\"\nwindow = \"5m\"\n"
                  "below = \"-0.03\"\nrepeat = \"each_time\"\nhysteresis = \"0.01\"\n"
                  "cooldown = \"1h\"\n");
    a = &c.setup->alert[0];
    assert_int_equal(a->when, ALERT_OF_CHANGE);
    fixture_assert_dec(a->below, "-0.03");
    fixture_assert_dec(a->hysteresis, "0.01");
    assert_true(a->window_ns == 300 * NS && a->cooldown_ns == 3600 * NS);
    assert_int_equal(a->repeat, ALERT_EACH_TIME);
    config_close(&c);

    c = one(ALERT "when = \"rsi\"\ninstrument = \"BTC-USDT\"\ntimeframe = \"1h\"\nperiods = 14\n"
                  "below = 30\n");
    a = &c.setup->alert[0];
    assert_int_equal(a->when, ALERT_OF_RSI);
    assert_true(a->timeframe_ns == 3600 * NS && a->periods == 14);
    config_close(&c);

    c = one(ALERT "when = \"ema_cross\"\ninstrument = \"BTC-USDT\"\ntimeframe = \"1h\"\n"
                  "fast = 12\nslow = 26\nabove = 0\n");
    a = &c.setup->alert[0];
    assert_int_equal(a->when, ALERT_OF_EMA_CROSS);
    assert_true(a->fast == 12 && a->slow == 26);
    config_close(&c);

    c = one(ALERT "when = \"balance\"\nasset = \"BTC\"\nvenue = \"binance\"\nstrategy = \"s\"\n"
                  "below = 1\n");
    a = &c.setup->alert[0];
    assert_int_equal(a->when, ALERT_OF_BALANCE);
    assert_string_equal(c.setup->asset[a->asset], "BTC");
    assert_true(a->venue == 0 && a->strategy == 0);
    config_close(&c);

    c = one(ALERT "when = \"figure\"\nstrategy = \"s\"\nfigure = \"grid_profit\"\nabove = 1\n");
    a = &c.setup->alert[0];
    assert_int_equal(a->when, ALERT_OF_FIGURE);
    assert_string_equal(a->figure, "grid_profit");
    config_close(&c);

    static const struct {
        const char *word;
        enum alert_of when;
    } REST[] = {{"equity", ALERT_OF_EQUITY}, {"drawdown", ALERT_OF_DRAWDOWN}};
    for (int i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text, ALERT "when = \"%s\"\nabove = 1\n", REST[i].word);
        c = one(text);
        assert_int_equal(c.setup->alert[0].when, REST[i].when);
        assert_int_equal(c.setup->alert[0].strategy, STRATEGY_NONE);
        config_close(&c);
    }
    c = one(ALERT "when = \"spread\"\ninstrument = \"BTC-USDT\"\nabove = \"0.01\"\n");
    assert_int_equal(c.setup->alert[0].when, ALERT_OF_SPREAD);
    config_close(&c);
}

/* Each key that a kind needs is missed, and each it has no use for refused. */
static void config_alert_keys_fit_what_is_watched(void **state)
{
    (void)state;
    static const char *const KEYS[][2] = {{"instrument", "\"BTC-USDT\""},
                                          {"window", "\"5m\""},
                                          {"timeframe", "\"1h\""},
                                          {"periods", "14"},
                                          {"fast", "3"},
                                          {"slow", "9"},
                                          {"asset", "\"BTC\""},
                                          {"venue", "\"binance\""},
                                          {"strategy", "\"s\""},
                                          {"figure", "\"x\""}};
    enum { NEEDS = 1, MAY = 2 };
    static const struct {
        const char *when;
        unsigned char use[10];
    } KINDS[] = {
        {"price", {NEEDS}},
        {"change", {NEEDS, NEEDS}},
        {"spread", {NEEDS}},
        {"rsi", {NEEDS, 0, NEEDS, NEEDS}},
        {"ema_cross", {NEEDS, 0, NEEDS, 0, NEEDS, NEEDS}},
        {"balance", {0, 0, 0, 0, 0, 0, NEEDS, MAY, MAY}},
        {"equity", {0, 0, 0, 0, 0, 0, 0, 0, MAY}},
        {"drawdown", {0, 0, 0, 0, 0, 0, 0, 0, MAY}},
        {"figure", {0, 0, 0, 0, 0, 0, 0, 0, NEEDS, NEEDS}},
    };
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++)
        for (int odd = -1; odd < 10; odd++) { /* the key that is left out, or added */
            char text[4096], error[128];
            size_t n = (size_t)snprintf(text, sizeof text, "%s%swhen = \"%s\"\nabove = 1\n", GOOD,
                                        ALERT, KINDS[k].when);
            for (int i = 0; i < 10; i++) {
                bool there = KINDS[k].use[i] != 0;
                if (i == odd)
                    there = !there;
                if (there)
                    n += (size_t)snprintf(text + n, sizeof text - n, "%s = %s\n", KEYS[i][0],
                                          KEYS[i][1]);
            }
            if (odd < 0 || KINDS[k].use[odd] == MAY) {
                fixture_is_good(text);
                continue;
            }
            snprintf(error, sizeof error, "alert.%s: %s when = \"%s\"", KEYS[odd][0],
                     KINDS[k].use[odd] ? "is missing; needed for" : "says nothing to",
                     KINDS[k].when);
            fixture_bad_part(text, error);
            assert_int_equal(fixture_report.count, 1);
        }
}

static void config_wrong_alerts(void **state)
{
    (void)state;
    fixture_bad(GOOD PRICE, "20:8: alert.above: is missing, and below, too; needed: one of them");
    fixture_bad_part(GOOD PRICE "above = 1\nbelow = 2\n",
                     "alert.below: is given beside above; allowed: one of them in an alert");
    fixture_bad_part(GOOD ALERT "above = 1\n", "alert.when: is missing; needed: \"price\", ");
    fixture_bad_part(GOOD ALERT "when = \"prize\"\nabove = 1\n", "\"prize\" is not known");
    fixture_bad_part(GOOD PRICE "above = 1\n" PRICE "above = 2\n",
                     "\"a\" is the name of an alert before; each needs its own");
    fixture_bad_part(GOOD PRICE "above = 1\nhysteresis = 1\n",
                     "alert.hysteresis: says nothing to repeat = \"once\"; remove it");
    fixture_bad_part(GOOD PRICE "above = 1\ncooldown = \"1s\"\n",
                     "alert.cooldown: says nothing to repeat = \"once\"");
    fixture_bad_part(GOOD PRICE "above = 1\nrepeat = \"each_time\"\nhysteresis = -1\n",
                     "\"-1\" is out of range");
    fixture_bad_part(GOOD ALERT "when = \"price\"\ninstrument = \"BTC-USDX\"\nabove = 1\n",
                     "there is no [[instrument]] BTC-USDX; did you mean \"BTC-USDT\"?");
    fixture_bad_part(
        GOOD ALERT "when = \"balance\"\nasset = \"BTX\"\nabove = 1\n",
        "there is no instrument or balance of an asset \"BTX\"; did you mean \"BTC\"?");
    fixture_bad_part(GOOD ALERT
                     "when = \"balance\"\nasset = \"BTC\"\nvenue = \"binanse\"\nabove = 1\n",
                     "there is no [[venue]] \"binanse\"; did you mean \"binance\"?");
    fixture_bad_part(GOOD ALERT "when = \"equity\"\nstrategy = \"t\"\nabove = 1\n",
                     "there is no [[strategy]] \"t\"");
    fixture_bad_part(GOOD ALERT "when = \"ema_cross\"\ninstrument = \"BTC-USDT\"\n"
                                "timeframe = \"1h\"\nfast = 9\nslow = 9\nabove = 0\n",
                     "alert.slow: is not more than fast; allowed: more than 9");
    fixture_bad_part(GOOD PRICE "above = 1\nabov = 2\n", "did you mean \"above\"?");
    fixture_bad_part(GOOD PRICE "above = 1\ntext = \"a\\nb\"\n", "holds a control character");
    char text[4096];
    snprintf(text, sizeof text, "%s%sabove = 1\ntext = \"%0127d\"\n", GOOD, PRICE, 0);
    fixture_is_good(text);
    snprintf(text, sizeof text, "%s%sabove = 1\ntext = \"%0128d\"\n", GOOD, PRICE, 0);
    fixture_bad_part(text, "the text has 128 bytes, at most 127 are allowed");
    fixture_bad_part("alert = 3\n" GOOD,
                     "alert: wrong form; allowed: tables, each written [[alert]]");
}

static void config_most_alerts(void **state)
{
    (void)state;
    static char text[32768];
    for (int count = SETUP_ALERTS_MAX; count <= SETUP_ALERTS_MAX + 1; count++) {
        size_t n = (size_t)snprintf(text, sizeof text, "%s", GOOD);
        for (int i = 0; i < count; i++)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "[[alert]]\nname = \"a%d\"\nwhen = \"equity\"\nbelow = 1\n", i);
        if (count == SETUP_ALERTS_MAX)
            fixture_is_good(text);
        else
            fixture_bad_part(text, "alert: too many: at most 64 are allowed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_alert_keys, fixture_cleanup),
        cmocka_unit_test_teardown(config_alert_keys_fit_what_is_watched, fixture_cleanup),
        cmocka_unit_test_teardown(config_wrong_alerts, fixture_cleanup),
        cmocka_unit_test_teardown(config_most_alerts, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The configuration of the signer, and of the alerts about it. */
#include "config/compare.h"
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SEALED "[[alert]]\nname = \"a\"\nwhen = \"signer_sealed\"\n"

static void config_signer_keys(void **state)
{
    (void)state;
    struct config c = fixture_good(GOOD);
    assert_false(c.setup->signer.given);
    config_close(&c);

    c = fixture_good(GOOD "[signer]\n"); /* all its own */
    assert_true(c.setup->signer.given);
    assert_false(c.setup->signer.required);
    assert_string_equal(c.setup->signer.sockets, "");
    assert_string_equal(c.setup->signer.store, "");
    config_close(&c);

    c = fixture_good(GOOD "[signer]\nsockets = \"/run/tradewind\"\nstore = \"my/keys\"\n"
                          "required = true\n");
    assert_true(c.setup->signer.given && c.setup->signer.required);
    assert_string_equal(c.setup->signer.sockets, "/run/tradewind");
    assert_string_equal(c.setup->signer.store, "dir/my/keys");
    config_close(&c);
}

static void config_wrong_signers(void **state)
{
    (void)state;
    fixture_bad(GOOD "[signer]\nsocket = \"x\"\n",
                "19:1: signer.socket: unknown key; did you mean \"sockets\"?");
    fixture_bad(GOOD "[signer]\nsockets = \"\"\n",
                "19:11: signer.sockets: the text is empty; allowed: a path of 1 to 255 bytes");
    fixture_bad_part(GOOD "[signer]\nrequired = 1\n", "19:12: signer.required: ");
    fixture_bad_part(GOOD "[[signer]]\n", "signer: is given more than once or as an array");
    fixture_bad_part("signer = 3\n" GOOD, "signer: wrong type; allowed: a table, written [signer]");
    fixture_bad_part(GOOD "[signer]\npassphrase = \"hunter2\"\n", "secrets cannot be given");
    assert_null(strstr(fixture_report.line[0], "hunter2"));
}

static void config_signer_alerts(void **state)
{
    (void)state;
    struct config c = fixture_good(GOOD "[signer]\n" SEALED "[[alert]]\nname = \"b\"\n"
                                        "when = \"signer_lost\"\nrepeat = \"each_time\"\n"
                                        "cooldown = \"1m\"\n");
    const struct alert_setup *a = &c.setup->alert[0];
    assert_int_equal(a[0].when, ALERT_OF_SIGNER_SEALED);
    assert_int_equal(a[1].when, ALERT_OF_SIGNER_LOST);
    for (int i = 0; i < 2; i++) {
        assert_true(a[i].has_above && !a[i].has_below && dec_is_zero(a[i].above));
        assert_int_equal(a[i].instrument, INSTRUMENT_NONE);
    }
    config_close(&c);
    fixture_bad(GOOD SEALED, "20:8: alert.when: \"signer_sealed\" needs the section [signer]");
    static const char *const LEVELS[] = {"above = 1", "below = 1", "hysteresis = \"0.1\""};
    for (size_t i = 0; i < sizeof LEVELS / sizeof LEVELS[0]; i++) {
        char text[2048], error[96];
        snprintf(text, sizeof text, "%s[signer]\n%srepeat = \"each_time\"\n%s\n", GOOD, SEALED,
                 LEVELS[i]);
        snprintf(error, sizeof error, "alert.%.*s: says nothing to when = \"signer_sealed\"",
                 (int)strcspn(LEVELS[i], " "), LEVELS[i]);
        fixture_bad_part(text, error);
        assert_int_equal(fixture_report.count, 1);
    }
    fixture_bad_part(GOOD "[signer]\n" SEALED "instrument = \"BTC-USDT\"\n",
                     "alert.instrument: says nothing to when = \"signer_sealed\"");
}

static void config_signer_is_compared(void **state)
{
    (void)state;
    static struct config_changes c;
    static const struct {
        const char *was, *is, *where, *key, *before, *after;
    } CASES[] = {
        {GOOD, GOOD "[signer]\n", "the configuration", "signer", "absent", "given"},
        {GOOD "[signer]\n", GOOD, "the configuration", "signer", "given", "absent"},
        {GOOD "[signer]\nsockets = \"/a\"\n", GOOD "[signer]\nsockets = \"/b\"\n", "signer",
         "sockets", "/a", "/b"},
        {GOOD "[signer]\n", GOOD "[signer]\nstore = \"/b\"\n", "signer", "store", "", "/b"},
        {GOOD "[signer]\nrequired = true\n", GOOD "[signer]\n", "signer", "required", "true",
         "false"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct config a = fixture_good(CASES[i].was), b = fixture_good(CASES[i].is);
        assert_int_equal(config_compare(a.setup, NULL, b.setup, &c), ERR_OK);
        assert_int_equal(c.fixed, 1);
        assert_string_equal(c.item[0].where, CASES[i].where);
        assert_string_equal(c.item[0].key, CASES[i].key);
        assert_string_equal(c.item[0].was, CASES[i].before);
        assert_string_equal(c.item[0].is, CASES[i].after);
        config_close(&a);
        config_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_signer_keys, fixture_cleanup),
        cmocka_unit_test_teardown(config_wrong_signers, fixture_cleanup),
        cmocka_unit_test_teardown(config_signer_alerts, fixture_cleanup),
        cmocka_unit_test_teardown(config_signer_is_compared, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

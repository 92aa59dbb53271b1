/* The example configurations and the one that `tradewind init` writes are good, as they stand. */
#include "config/config.h"
#include "config/value.h"
#include "main/kinds.h"
#include "main/starter.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_good(enum err e, struct config *c, struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        print_message("%s\n", report->line[i]);
    config_report_clear(report);
    assert_int_equal(e, ERR_OK);
    config_close(c);
}

static void config_examples_are_good(void **state)
{
    (void)state;
    DIR *d = opendir("config/examples");
    assert_non_null(d);
    unsigned count = 0;
    for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len < 6 || strcmp(entry->d_name + len - 5, ".toml") != 0)
            continue;
        char path[512];
        snprintf(path, sizeof path, "config/examples/%s", entry->d_name);
        struct config c = {0};
        struct config_report report;
        enum err e = config_load(&c, path, program_kinds(), &report);
        assert_good(e, &c, &report);
        count++;
    }
    closedir(d);
    assert_true(count >= 5);
}

/* What the demonstration promises: the local exchange and nothing else, and fees. */
static void config_demo_stays_here(void **state)
{
    (void)state;
    struct config c = {0};
    struct config_report report;
    assert_int_equal(config_load(&c, "config/examples/demo.toml", program_kinds(), &report),
                     ERR_OK);
    assert_int_equal(c.setup->venues, 1);
    assert_int_equal(strncmp(c.setup->venue[0].ws_url, "wss://127.0.0.1:", 16), 0);
    assert_int_equal(strncmp(c.setup->venue[0].rest_url, "https://127.0.0.1:", 18), 0);
    assert_true(dec_is_pos(c.setup->venue[0].maker_fee) && dec_is_pos(c.setup->venue[0].taker_fee));
    assert_int_equal(c.setup->strategies, 3);
    assert_good(ERR_OK, &c, &report);
}

static enum err parse(struct config *c, const char *text, struct config_report *report)
{
    return config_parse(c, "starter", ".", text, strlen(text), program_kinds(), report);
}

static void config_starter_is_good(void **state)
{
    (void)state;
    struct config c = {0};
    struct config_report report;
    enum err e = parse(&c, STARTER_TOML, &report);
    assert_good(e, &c, &report);
}

/* Also with the commented block switched on, as its comment says. */
static void config_starter_grid_is_good(void **state)
{
    (void)state;
    char *text = strdup(STARTER_TOML);
    assert_non_null(text);
    char *block = strstr(text, "#[[strategy]]");
    assert_non_null(block);
    for (char *line = block; line[0] == '#'; line = strchr(line, '\n') + 1)
        line[0] = ' ';
    struct config c = {0};
    struct config_report report;
    enum err e = parse(&c, text, &report);
    if (!e)
        assert_int_equal(c.setup->strategies, 3);
    assert_good(e, &c, &report);
    free(text);
}

/* What a strategy's table must be, so that the schema can be made from it: a mistake is found here
 * and not by a CHECK in front of a user. */
static void config_registry_is_sane(void **state)
{
    (void)state;
    for (const struct strategy_ops *const *o = strategy_registry; *o; o++) {
        assert_true((*o)->abi == STRATEGY_ABI && (*o)->name[0] && (*o)->summary[0]);
        unsigned count = 0, instruments = 0;
        for (const struct param_spec *p = (*o)->params; p->key; p++, count++) {
            struct key_spec k = schema_param(p);
            struct value v;
            char why[VALUE_WHY_MAX];
            assert_non_null(p->help);
            assert_true(p->type != PARAM_CHOICE || p->choices);
            assert_false(p->flags & PARAM_REQUIRED && p->default_value);
            instruments += p->type == PARAM_INSTRUMENT;
            for (const struct param_spec *q = (*o)->params; q != p; q++)
                assert_string_not_equal(p->key, q->key);
            for (const struct key_spec *c = SECTION_STRATEGY.keys; c->key; c++)
                assert_string_not_equal(p->key, c->key);
            if (p->default_value)
                assert_int_equal(
                    value_parse(&k, p->default_value, strlen(p->default_value), &v, why), ERR_OK);
            if (p->min)
                assert_int_equal(value_parse(&k, p->min, strlen(p->min), &v, why), ERR_OK);
            if (p->max)
                assert_int_equal(value_parse(&k, p->max, strlen(p->max), &v, why), ERR_OK);
        }
        assert_true(count <= PARAM_MAX);
        assert_true(instruments <=
                    sizeof((struct strategy_setup *)0)->instrument / sizeof(instrument_id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_examples_are_good), cmocka_unit_test(config_demo_stays_here),
        cmocka_unit_test(config_starter_is_good),   cmocka_unit_test(config_starter_grid_is_good),
        cmocka_unit_test(config_registry_is_sane),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

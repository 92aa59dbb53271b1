#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a strategy with every type of parameter ---- */

static const struct param_spec PARAMS[] = {
    {.key = "instrument", .type = PARAM_INSTRUMENT, .flags = PARAM_REQUIRED, .help = "first"},
    {.key = "other", .type = PARAM_INSTRUMENT, .help = "second"},
    {.key = "lower",
     .type = PARAM_DECIMAL,
     .flags = PARAM_LIVE,
     .min = "0.5",
     .max = "10.25",
     .help = "low"},
    {.key = "upper",
     .type = PARAM_DECIMAL,
     .flags = PARAM_LIVE,
     .min = "0.000000000000000001",
     .default_value = "8",
     .help = "high"},
    {.key = "levels",
     .type = PARAM_INTEGER,
     .min = "2",
     .max = "500",
     .default_value = "4",
     .help = "how many"},
    {.key = "eager", .type = PARAM_BOOL, .default_value = "true", .help = "whether"},
    {.key = "style",
     .type = PARAM_CHOICE,
     .flags = PARAM_LIVE,
     .choices = "slow|fast",
     .default_value = "fast",
     .help = "how"},
    {.key = "every",
     .type = PARAM_DURATION,
     .flags = PARAM_LIVE,
     .min = "1s",
     .max = "1d",
     .default_value = "5m",
     .help = "when"},
    {.key = "steps",
     .type = PARAM_DECIMALS,
     .flags = PARAM_LIVE,
     .min = "0",
     .max = "1",
     .help = "several"},
    {.key = "waits",
     .type = PARAM_DURATIONS,
     .flags = PARAM_LIVE,
     .min = "0s",
     .max = "1h",
     .help = "several times"},
    {.key = NULL},
};

static enum err check(const struct params *p, const struct instrument *first, const char **key,
                      char *why, size_t cap)
{
    assert_non_null(first);
    if (p->value[2].present && dec_ge(p->value[2].decimal, p->value[3].decimal)) {
        *key = "lower";
        snprintf(why, cap, "is not less than upper; allowed: less");
        return ERR_RANGE;
    }
    return ERR_OK;
}

static enum err check_instruments(const struct params *p, const struct instrument *const *in,
                                  const char **key, char *why, size_t cap)
{
    assert_non_null(in[0]);
    if (p->value[1].present && strcmp(in[1]->symbol, "DOGE-BTC") == 0) {
        *key = "other";
        snprintf(why, cap, "is of another kind than BTC-USDT; allowed: the same");
        return ERR_RANGE;
    }
    return ERR_OK;
}

const struct strategy_ops FIXTURE_TESTER = {.abi = STRATEGY_ABI,
                                            .size = sizeof(struct strategy_ops),
                                            .name = "tester",
                                            .summary = "for tests",
                                            .params = PARAMS,
                                            .check = check,
                                            .check_instruments = check_instruments};

static const struct param_spec NO_PARAMS[] = {{.key = NULL}};
static const struct strategy_ops LONER = {.abi = STRATEGY_ABI,
                                          .size = sizeof(struct strategy_ops),
                                          .name = "loner",
                                          .summary = "names no instrument",
                                          .params = NO_PARAMS};

static const struct strategy_ops *const STRATEGIES[] = {&FIXTURE_TESTER, &LONER, NULL};
static const char *const VENUES[] = {"binance-spot", "other-spot", NULL};
const struct config_kinds FIXTURE_KINDS = {.strategies = STRATEGIES, .venues = VENUES};

struct config_report fixture_report;

enum err fixture_parse(struct config *c, const char *text)
{
    config_report_clear(&fixture_report);
    return config_parse(c, "t.toml", "dir", text, strlen(text), &FIXTURE_KINDS, &fixture_report);
}

static void fixture_print_report(void)
{
    for (size_t i = 0; i < fixture_report.count; i++)
        print_message("  %s\n", fixture_report.line[i]);
}

struct config fixture_good(const char *text)
{
    struct config c = {0};
    enum err e = fixture_parse(&c, text);
    if (e)
        fixture_print_report();
    assert_int_equal(e, ERR_OK);
    assert_int_equal(fixture_report.count, 0);
    return c;
}

void fixture_is_good(const char *text)
{
    struct config c = fixture_good(text);
    config_close(&c);
}

void fixture_bad(const char *text, const char *line)
{
    struct config c = {0};
    enum err e = fixture_parse(&c, text);
    char expected[1024];
    snprintf(expected, sizeof expected, "t.toml:%s", line);
    if (e != ERR_RANGE || fixture_report.count != 1 ||
        strcmp(fixture_report.line[0], expected) != 0) {
        print_message("%s\nexpected %s\ngot %s:\n", text, expected, err_name(e));
        fixture_print_report();
        fail();
    }
    assert_null(c.setup);
}

void fixture_bad_part(const char *text, const char *part)
{
    struct config c = {0};
    enum err e = fixture_parse(&c, text);
    bool found = false;
    for (size_t i = 0; i < fixture_report.count; i++)
        found = found || strstr(fixture_report.line[i], part);
    if (e != ERR_RANGE || !found) {
        print_message("%s\nexpected %s\ngot %s:\n", text, part, err_name(e));
        fixture_print_report();
        fail();
    }
}

const char *fixture_with(const char *before, const char *line, const char *after)
{
    static char text[65536];
    snprintf(text, sizeof text, "%s%s\n%s", before, line, after);
    return text;
}

void fixture_assert_dec(dec d, const char *expected)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    assert_string_equal(text, expected);
}

int fixture_cleanup(void **state)
{
    (void)state;
    config_report_clear(&fixture_report);
    return 0;
}

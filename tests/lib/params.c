#include "params.h"

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum err parse(struct config *c, struct config_report *r, const struct strategy_ops *ops,
                      const char *lines)
{
    static const char *const VENUES[] = {"binance-spot", NULL};
    const struct strategy_ops *const strategies[] = {ops, NULL};
    const struct config_kinds kinds = {.strategies = strategies, .venues = VENUES};
    char text[8192];
    int n = snprintf(text, sizeof text,
                     "[agent]\nname = \"test\"\nquote = \"USDT\"\n"
                     "[[venue]]\nname = \"sim\"\nkind = \"binance-spot\"\nmaker_fee = \"0.001\"\n"
                     "taker_fee = \"0.001\"\n"
                     "[venue.paper]\nbalances = { USDT = \"10000\", BTC = \"1\" }\n"
                     "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"sim\"\ntick_size = "
                     "\"0.01\"\nlot_size = \"0.00001\"\nmin_notional = \"5\"\n"
                     "[[strategy]]\nname = \"s\"\nkind = \"%s\"\n%s\n",
                     ops->name, lines);
    assert_in_range(n, 1, (int)sizeof text - 1);
    return config_parse(c, "test", ".", text, (size_t)n, &kinds, r);
}

void params_read(struct params *ret, const struct strategy_ops *ops, const char *lines)
{
    struct config c;
    struct config_report r;
    enum err e = parse(&c, &r, ops, lines);
    for (size_t i = 0; i < r.count; i++)
        print_message("%s\n", r.line[i]);
    assert_int_equal(e, ERR_OK);
    *ret = c.setup->strategy[0].params;
    config_close(&c);
    config_report_clear(&r);
}

void params_refused(const struct strategy_ops *ops, const char *lines, const char *part)
{
    struct config c;
    struct config_report r;
    bool found = false;
    if (parse(&c, &r, ops, lines) == ERR_OK)
        fail_msg("not refused (%s):\n%s", part, lines);
    for (size_t i = 0; i < r.count; i++)
        found = found || strstr(r.line[i], part);
    if (!found)
        fail_msg("'%s' is not in: %s", part, r.line[0]);
    config_report_clear(&r);
}

uint16_t params_index(const struct strategy_ops *ops, const char *key)
{
    for (uint16_t i = 0; ops->params[i].key; i++)
        if (strcmp(ops->params[i].key, key) == 0)
            return i;
    fail_msg("%s has no parameter %s", ops->name, key);
    return 0;
}

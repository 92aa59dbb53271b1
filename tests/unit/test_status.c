/* The documents of the control socket about strategies, and what a person sees of them. */
#include "io/status.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world w;

static uint32_t figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    dec cost;
    (void)state;
    ret[0] = (struct figure){"open_levels", FIGURE_COUNT, D("12")};
    ret[1] = (struct figure){"grid_profit", FIGURE_QUOTE, D("1.500000001")};
    ret[2] =
        (struct figure){"held", FIGURE_BASE, view_position(v, view_first_instrument(v), &cost)};
    ret[3] = (struct figure){"break_even", FIGURE_PRICE, D("50050.1")};
    ret[4] = (struct figure){"win_rate", FIGURE_RATIO, D("0.75")};
    return 5;
}

static struct status_source a_run(void)
{
    static struct strategy_ops ops;
    ops = strategy_probe;
    ops.figures = figures;
    world_open(&w);
    world_strategy(&w, "one", &ops, "5000", "0.5");
    world_strategy(&w, "two", &strategy_probe, "1000", "0");
    world_start(&w);
    world_trade(&w, "50000", "1");
    return (struct status_source){.engine = w.engine, .build = "b", .journal = "j", .books = ""};
}

static char *printed(const char *what, const char *json)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    assert_int_equal(status_print(f, what, json), ERR_OK);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void strategies_to_the_byte(void **state)
{
    (void)state;
    struct status_source r = a_run();
    char *json = status_strategies(&r);
    assert_non_null(json);
    assert_non_null(strstr(
        json, "{\"strategy\":\"one\",\"kind\":\"probe\",\"state\":\"ACTIVE\",\"budget\":\"5000\","
              "\"budget_asset\":\"USDT\",\"inventory\":\"0.5\",\"equity_start\":\"30000\","
              "\"equity\":\"30000\",\"pnl\":\"0\",\"pnl_realized\":\"0\",\"pnl_unrealized\":\"0\","
              "\"fees_quote\":\"0\",\"fills\":0,\"denials\":[],\"positions\":[{\"instrument\":"
              "\"BTC-USDT@sim\","
              "\"qty\":\"0.5\",\"base\":\"BTC\",\"value\":\"25000\",\"unrealized\":\"0\","
              "\"realized\":\"0\",\"quote\":\"USDT\"}],\"figures\":{"
              "\"open_levels\":{\"value\":\"12\",\"unit\":\"count\"},"
              "\"grid_profit\":{\"value\":\"1.500000001\",\"unit\":\"USDT\"},"
              "\"held\":{\"value\":\"0.5\",\"unit\":\"BTC\"},"
              "\"break_even\":{\"value\":\"50050.1\",\"unit\":\"price\"},"
              "\"win_rate\":{\"value\":\"0.75\",\"unit\":\"ratio\"}}}"));
    assert_non_null(strstr(json, "\"figures\":{}}]}")); /* one that says nothing */
    char *text = printed("strategies", json);
    static const char *const PARTS[] = {"one (probe) is ACTIVE",
                                        "budget                            5000.00 USDT",
                                        "holds BTC-USDT@sim             0.50000000 BTC",
                                        "open levels                            12 \n",
                                        "grid profit                    1.50000000 USDT",
                                        "win rate                       0.75000000 \n",
                                        "two (probe) is ACTIVE"};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        if (!strstr(text, PARTS[i]))
            fail_msg("'%s' is missing in\n%s", PARTS[i], text);
    free(text);
    free(json);
    world_close(&w);
}

static void status_has_the_figures(void **state)
{
    (void)state;
    struct status_source r = a_run();
    char *json = status_overview(&r);
    assert_non_null(json);
    assert_non_null(
        strstr(json, "\"figures\":{\"open_levels\":{\"value\":\"12\",\"unit\":\"count\"}"));
    free(printed("status", json));
    free(json);
    world_close(&w);
}

static void status_says_what_is_locked_and_until_when(void **state)
{
    (void)state;
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "one", &strategy_probe, "5000", "0.5");
    s->schedule.window[s->schedule.count++] = (struct schedule_window){8 * 60, 20 * 60};
    world_strategy(&w, "two", &strategy_probe, "1000", "0");
    world_start(&w);
    struct status_source r = {.engine = w.engine, .build = "b", .journal = "j", .books = ""};
    char *json = status_overview(&r);
    assert_non_null(json);
    assert_non_null(strstr(json, "\"state\":\"ACTIVE\",\"locked_by\":\"SCHEDULE\","
                                 "\"locked_until\":\"2024-01-01T08:00:00"));
    assert_non_null(strstr(json, "\"state\":\"ACTIVE\",\"locked_by\":null,\"locked_until\":null"));
    assert_non_null(strstr(json, "\"locked_by\":null,\"locked_until\":null,\"journal\""));
    char *text = printed("status", json);
    const char *line = strstr(text, "one may only reduce until 2024-01-01T08:00:00");
    assert_non_null(line);
    assert_non_null(strstr(line, "(SCHEDULE)\n"));
    assert_null(strstr(text, "two may only"));
    free(text);
    free(json);
    world_close(&w);
}

static void alerts_to_the_byte(void **state)
{
    (void)state;
    world_open(&w);
    world_strategy(&w, "one", &strategy_probe, "5000", "0.5");
    w.setup->alerts = 2;
    w.setup->alert[0] = (struct alert_setup){.name = "high",
                                             .text = "look",
                                             .when = ALERT_OF_PRICE,
                                             .strategy = STRATEGY_NONE,
                                             .venue = VENUE_NONE,
                                             .asset = ASSET_NONE,
                                             .has_above = true,
                                             .above = D("49000"),
                                             .repeat = ALERT_ONCE};
    w.setup->alert[1] = (struct alert_setup){.name = "poor",
                                             .when = ALERT_OF_BALANCE,
                                             .instrument = INSTRUMENT_NONE,
                                             .asset = w.setup->quote,
                                             .has_below = true,
                                             .below = D("0.5"),
                                             .repeat = ALERT_EACH_TIME};
    world_start(&w);
    struct status_source r = {.engine = w.engine, .build = "b", .journal = "j", .books = ""};
    char *json = status_alerts(&r);
    assert_non_null(strstr(json, "{\"alert\":\"high\",\"state\":\"armed\",\"when\":\"price "
                                 "BTC-USDT@sim\",\"side\":\"above\",\"level\":\"49000\","
                                 "\"value\":null,\"repeat\":\"once\",\"fired\":0,"
                                 "\"last_fired\":null,\"text\":\"look\"}"));
    free(json);
    world_trade(&w, "50000", "1");
    json = status_alerts(&r);
    assert_non_null(strstr(json, "\"state\":\"fired\""));
    assert_non_null(strstr(json, "\"value\":\"50000\",\"repeat\":\"once\",\"fired\":1,"
                                 "\"last_fired\":\"2024-01-01T00:00:00"));
    assert_non_null(strstr(json, "\"when\":\"balance USDT of one on sim\",\"side\":\"below\","
                                 "\"level\":\"0.5\",\"value\":\"5000\","
                                 "\"repeat\":\"each_time\",\"fired\":0"));
    char *text = printed("alerts", json);
    assert_non_null(strstr(text, "high"));
    assert_non_null(strstr(text, "price BTC-USDT@sim"));
    free(text);
    free(json);
    world_close(&w);

    r = a_run();
    json = status_alerts(&r);
    text = printed("alerts", json);
    assert_string_equal(text, "no alert is configured\n");
    free(text);
    free(json);
    world_close(&w);
}

static void another_document_is_refused(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(status_print(f, "strategies", "{\"strategies\":5}"), ERR_SYNTAX);
    assert_int_equal(status_print(f, "strategies", "{}"), ERR_SYNTAX);
    assert_int_equal(fclose(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strategies_to_the_byte),
        cmocka_unit_test(status_has_the_figures),
        cmocka_unit_test(status_says_what_is_locked_and_until_when),
        cmocka_unit_test(alerts_to_the_byte),
        cmocka_unit_test(another_document_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* `tradewind risk`: every limit with its use and state, what is latched and what releases it. */
#include "io/status.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <cmocka.h>

static struct world w;
static char *json;
static cJSON *doc;

static void look(void)
{
    struct status_source r = {.engine = w.engine, .build = "b", .journal = "j", .books = ""};
    json = status_risk(&r);
    assert_non_null(json);
    doc = cJSON_Parse(json);
    assert_non_null(doc);
}

static void done(void)
{
    cJSON_Delete(doc);
    free(json);
    world_close(&w);
}

static void again(void)
{
    cJSON_Delete(doc);
    free(json);
    look();
}

static const cJSON *row(const char *of, const char *limit)
{
    const cJSON *l;
    cJSON_ArrayForEach(l, cJSON_GetObjectItem(doc, "limits"))
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(l, "of")), of) == 0 &&
            strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(l, "limit")), limit) == 0)
            return l;
    }
    return NULL;
}

static void expect_text(const cJSON *o, const char *key, const char *value)
{
    const cJSON *m = cJSON_GetObjectItem(o, key);
    assert_non_null(m);
    if (value)
        assert_string_equal(cJSON_GetStringValue(m), value);
    else
        assert_true(cJSON_IsNull(m));
}

static void expect(const char *of, const char *limit, const char *value, const char *used,
                   const char *percent, const char *state)
{
    const cJSON *l = row(of, limit);
    if (!l)
        print_error("no row %s of %s\n", limit, of);
    assert_non_null(l);
    expect_text(l, "value", value);
    expect_text(l, "used", used);
    expect_text(l, "percent", percent);
    expect_text(l, "state", state);
}

/* 0.5 BTC are held at 50000: 25000; equity is 60000. */
static void every_limit_with_its_use(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    *r = (struct risk_setup){.max_order_value = D("1000"),
                             .max_order_qty = D("2"),
                             .max_position_value = D("50000"),
                             .max_gross_exposure = D("30000"),
                             .max_asset_exposure = D("25490"),
                             .price_collar = D("0.05"),
                             .daily_loss = D("1000"),
                             .max_drawdown = D("0.2"),
                             .max_open_orders = 10,
                             .max_messages = 12,
                             .cancel_reserve = 2,
                             .max_executions = 4,
                             .execution_interval_ns = 600 * SECOND,
                             .message_interval_ns = 10 * SECOND,
                             .max_reference_age_ns = 10 * SECOND,
                             .duplicate_window_ns = 2 * SECOND,
                             .has_max_order_value = true,
                             .has_max_order_qty = true,
                             .has_max_position_value = true,
                             .has_max_gross_exposure = true,
                             .has_max_asset_exposure = true,
                             .has_price_collar = true,
                             .has_daily_loss = true,
                             .has_max_drawdown = true,
                             .has_max_open_orders = true,
                             .has_max_messages = true,
                             .has_max_executions = true,
                             .has_max_reference_age = true};
    w.setup->venue[0].risk.has_max_open_orders = true;
    w.setup->venue[0].risk.max_open_orders = 2;
    w.setup->instrument_risk[0].has_max_position_value = true;
    w.setup->instrument_risk[0].max_position_value = D("26000");
    w.setup->strategy[0].risk.has_max_gross_exposure = true;
    w.setup->strategy[0].risk.max_gross_exposure = D("25490");
    w.setup->groups = 1;
    w.setup->group[0] = (struct risk_group){.name = "majors",
                                            .assets = UINT64_C(1) << w.setup->instrument[0].base,
                                            .max_exposure = D("100000")};
    world_go(&w);
    order_id id = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.0098"));
    world_order(&w, id, ORDER_ACCEPTED);
    world_fill(&w, id, "49000", "0.0048");
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1"); /* held 0.5047952; open 0.005 */
    look();
    assert_memory_equal(json, "{\"schema\":1,", 12);
    expect("agent", "max_order_value", "1000", NULL, NULL, "each order");
    expect("agent", "max_order_qty", "2", NULL, NULL, "each order");
    expect("agent", "price_collar", "0.05", NULL, NULL, "each order");
    expect("agent", "max_reference_age", "10", NULL, NULL, "each order");
    expect("agent", "duplicate_window", "2", NULL, NULL, "each order");
    expect("agent", "max_position_value", "50000", "24979.9648", "49.9", "ok");
    expect_text(row("agent", "max_position_value"), "instrument", "BTC-USDT@sim");
    expect_text(row("agent", "max_position_value"), "unit", "USDT");
    expect("agent", "max_gross_exposure", "30000", "24979.9648", "83.2", "near");
    expect("agent", "max_open_orders", "10", "1", "10.0", "ok");
    expect("agent", "max_messages", "10", "1", "10.0", "ok");
    expect("venue sim", "max_open_orders", "2", "1", "50.0", "ok");
    expect("instrument BTC-USDT@sim", "max_position_value", "26000", "24979.9648", "96.0", "near");
    expect("strategy p", "max_gross_exposure", "25490", "24979.9648", "97.9", "near");
    expect("strategy p", "max_executions", "4", "1", "25.0", "ok");
    expect("asset BTC", "max_asset_exposure", "25490", "24979.9648", "97.9", "near");
    expect("group majors", "max_exposure", "100000", "24979.9648", "24.9", "ok");
    const cJSON *loss = row("agent", "daily_loss");
    expect_text(loss, "state", "hit"); /* one BTC fell by 1000, and the fee */
    expect_text(row("agent", "max_drawdown"), "state", "ok");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "limits")), 17);
    done();
}

static void at_the_limit_is_hit_and_below_four_fifths_is_ok(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_open_orders = true;
    r->max_open_orders = 5;
    world_go(&w);
    static const char *const EXPECTED[] = {"ok", "ok", "ok", "ok", "near", "hit"};
    for (uint32_t n = 0; n < 6; n++) {
        static char used[2], percent[8];
        used[0] = (char)('0' + n);
        snprintf(percent, sizeof percent, "%u.0", n * 20);
        look();
        expect("agent", "max_open_orders", "5", used, percent, EXPECTED[n]);
        cJSON_Delete(doc);
        free(json);
        if (n < 5)
            world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    }
    look();
    done();
}

static void what_is_not_known_is_not_shown_as_zero(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_gross_exposure = r->has_daily_loss = true;
    r->max_gross_exposure = r->daily_loss = D("1000");
    world_start(&w); /* no price yet */
    look();
    expect("agent", "max_gross_exposure", "1000", NULL, NULL, "unknown");
    expect("agent", "daily_loss", "1000", NULL, NULL, "unknown");
    world_trade(&w, "50000", "1");
    again();
    expect("agent", "max_gross_exposure", "1000", "25000", "2500.0", "hit");
    expect("agent", "daily_loss", "1000", "0", "0.0", "ok");
    done();
}

static char *printed(void)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    assert_int_equal(status_print(f, "risk", json), ERR_OK);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void what_is_latched_and_what_releases_it(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_go(&w);
    look();
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "latched")), 0);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1");
    world_command(&w, COMMAND_PAUSE, 0);
    again();
    const cJSON *latched = cJSON_GetObjectItem(doc, "latched");
    assert_int_equal(cJSON_GetArraySize(latched), 2);
    const cJSON *agent = cJSON_GetArrayItem(latched, 0), *p = cJSON_GetArrayItem(latched, 1);
    expect_text(agent, "of", "agent");
    expect_text(agent, "state", "REDUCING");
    expect_text(agent, "reason", "DAILY_LOSS");
    expect_text(agent, "limit", "1000");
    expect_text(agent, "value", "1000");
    expect_text(agent, "since", "2024-01-01T00:00:02.000Z");
    expect_text(agent, "release", "tradewind resume");
    expect_text(p, "of", "strategy p");
    expect_text(p, "reason", "OPERATOR");
    expect_text(p, "limit", NULL);
    expect_text(p, "release", "tradewind resume p");
    char *text = printed();
    assert_non_null(strstr(text, "agent is REDUCING since 2024-01-01T00:00:02.000Z: daily loss"));
    assert_non_null(strstr(text, "(DAILY_LOSS, limit 1000, was 1000)\n  to release it: tradewind "
                                 "resume\n"));
    free(text);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    again();
    expect_text(doc, "state", "HALTED");
    expect_text(doc, "state_below", "REDUCING");
    agent = cJSON_GetArrayItem(cJSON_GetObjectItem(doc, "latched"), 0);
    expect_text(agent, "release", "tradewind unhalt --reason TEXT");
    text = printed();
    assert_non_null(strstr(text, "test is HALTED (unhalt leads back to REDUCING), engine time "));
    free(text);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    world_command(&w, COMMAND_RESUME, 0);
    again();
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "latched")), 0);
    done();
}

static void the_table_is_as_the_columns_say(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_value = r->has_max_gross_exposure = true;
    r->max_order_value = D("1000");
    r->max_gross_exposure = D("30000");
    world_go(&w);
    look();
    char *text = printed();
    assert_non_null(strstr(text,
                           "\n"
                           "of     limit               value      in use  in       %  state   "
                           "    most on\n"
                           "agent  max_order_value      1000           -  USDT     -  each "
                           "order  -\n"
                           "agent  max_gross_exposure  30000  25000.0000  USDT  83.3  near   "
                           "     -\n"));
    free(text);
    done();
    FILE *f = fopen("/dev/null", "w");
    assert_non_null(f);
    assert_int_equal(status_print(f, "risk", "{\"limits\":[]}"), ERR_SYNTAX);
    assert_int_equal(status_print(f, "risk", "{\"latched\":[],\"locked\":[]}"), ERR_SYNTAX);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_limit_with_its_use),
        cmocka_unit_test(at_the_limit_is_hit_and_below_four_fifths_is_ok),
        cmocka_unit_test(what_is_not_known_is_not_shown_as_zero),
        cmocka_unit_test(what_is_latched_and_what_releases_it),
        cmocka_unit_test(the_table_is_as_the_columns_say),
    };
    return cmocka_run_group_tests_name("status_risk", tests, NULL, NULL);
}

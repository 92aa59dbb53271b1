/* The configuration: what a good file becomes, how files are read, and --explain. */
#include "config_fixture.h"

#include "base/clock.h"
#include "config/schema.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what a good file becomes ---- */

static const char FULL[] =
    "[agent]\nname = \"demo\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"st\"\n"
    "control_socket = \"/run/x.sock\"\nseed = 9223372036854775807\n"
    "[risk]\nmax_order_value = 2_000.50\nmax_order_qty = \"0.5\"\nmax_position_value = 1e4\n"
    "max_gross_exposure = 0x2710\nprice_collar = 1\ndaily_loss = +500.0\n"
    "max_drawdown = \"0.2\"\nmax_open_orders = 7\nmax_messages = 50\n"
    "message_interval = \"2s\"\ncancel_reserve = 49\nmax_reference_age = \"90s\"\n"
    "day_start = \"8h\"\n"
    "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\n"
    "ws_url = \"wss://localhost:9443/\"\nrest_url = \"https://localhost:9443\"\n"
    "ca_file = \"ca.pem\"\nmaker_fee = \"0.0009\"\ntaker_fee = 0.001\nfee_asset = \"BNB\"\n"
    "stale_after = \"3s\"\n"
    "[venue.paper]\nfill_model = \"cross\"\norder_latency = \"0ms\"\nslippage = \"0.01\"\n"
    "balances = { USDT = \"10000\", BTC = 0.000000000000000001 }\n"
    "[[venue]]\nname = \"other\"\nkind = \"other-spot\"\nmaker_fee = 0\ntaker_fee = \"0.1\"\n"
    "[venue.paper.balances]\nBTC = 3\nBNB = 2.5\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\ntick_size = \"0.01\"\n"
    "lot_size = \"0.00001\"\nmin_qty = \"0.0001\"\nmax_qty = \"9\"\nmin_notional = 5\n"
    "[[instrument]]\nsymbol = \"BNB-BTC\"\nvenue = \"binance\"\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"other\"\n"
    "[[strategy]]\nname = \"s\"\nkind = \"tester\"\nbudget = \"5000\"\n"
    "inventory = 0.000000000000000001\ninstrument = \"BTC-USDT@binance\"\nother = \"BNB-BTC\"\n"
    "lower = 0.5\nlevels = 500\neager = false\nstyle = \"slow\"\nevery = \"1s\"\n"
    "[strategy.risk]\nmax_order_value = \"2000.5\"\nmax_messages = 50\n"
    "[[strategy]]\nname = \"t\"\nkind = \"loner\"\n";

static void config_agent_and_risk(void **state)
{
    (void)state;
    struct config c = fixture_good(FULL);
    const struct setup *s = c.setup;
    assert_string_equal(s->agent_name, "demo");
    assert_int_equal(s->mode, MODE_PAPER);
    assert_string_equal(s->asset[s->quote], "USDT");
    assert_string_equal(s->state_dir, "dir/st");
    assert_string_equal(s->control_socket, "/run/x.sock");
    assert_true(s->seed == INT64_MAX);
    const struct risk_setup *r = &s->risk;
    fixture_assert_dec(r->max_order_value, "2000.5");
    fixture_assert_dec(r->max_order_qty, "0.5");
    fixture_assert_dec(r->max_position_value, "10000");
    fixture_assert_dec(r->max_gross_exposure, "10000");
    fixture_assert_dec(r->price_collar, "1");
    fixture_assert_dec(r->daily_loss, "500");
    fixture_assert_dec(r->max_drawdown, "0.2");
    assert_int_equal(r->max_open_orders, 7);
    assert_int_equal(r->max_messages, 50);
    assert_int_equal(r->cancel_reserve, 49);
    assert_true(r->message_interval_ns == 2 * NS_PER_S);
    assert_true(r->max_reference_age_ns == 90 * NS_PER_S);
    assert_true(r->day_offset_ns == 8 * 3600 * NS_PER_S);
    assert_true(r->has_max_order_value && r->has_max_order_qty && r->has_max_position_value &&
                r->has_max_gross_exposure && r->has_price_collar && r->has_daily_loss &&
                r->has_max_drawdown && r->has_max_open_orders && r->has_max_messages &&
                r->has_max_reference_age);
    assert_int_equal(c.text_len, strlen(FULL));
    assert_string_equal(c.text, FULL);
    config_close(&c);
}

static void config_venues_and_instruments(void **state)
{
    (void)state;
    struct config c = fixture_good(FULL);
    const struct setup *s = c.setup;
    assert_int_equal(s->venues, 2);
    const struct venue_setup *v = &s->venue[0];
    assert_string_equal(v->name, "binance");
    assert_string_equal(v->kind, "binance-spot");
    assert_string_equal(v->ws_url, "wss://localhost:9443"); /* paths are put behind it */
    assert_string_equal(v->rest_url, "https://localhost:9443");
    assert_string_equal(v->ca_file, "dir/ca.pem");
    fixture_assert_dec(v->maker_fee, "0.0009");
    fixture_assert_dec(v->taker_fee, "0.001");
    assert_string_equal(s->asset[v->fee_asset], "BNB");
    assert_true(v->stale_after_ns == 3 * NS_PER_S);
    assert_int_equal(v->fill_model, FILL_CROSS);
    assert_true(v->order_latency_ns == 0);
    fixture_assert_dec(v->slippage, "0.01");
    v = &s->venue[1];
    assert_string_equal(v->ws_url, "");
    assert_int_equal(v->fee_asset, ASSET_NONE);
    assert_int_equal(v->fill_model, FILL_QUEUE);
    assert_true(v->order_latency_ns == 50 * NS_PER_MS);
    assert_true(v->stale_after_ns == 10 * NS_PER_S);
    fixture_assert_dec(v->slippage, "0.0005");

    assert_int_equal(s->instruments, 3);
    const struct instrument *in = &s->instrument[0];
    assert_string_equal(in->symbol, "BTC-USDT");
    assert_int_equal(in->venue, 0);
    assert_string_equal(s->asset[in->base], "BTC");
    assert_string_equal(s->asset[in->quote], "USDT");
    assert_int_equal(in->rules.status, INSTRUMENT_TRADING);
    fixture_assert_dec(in->rules.tick_size, "0.01");
    fixture_assert_dec(in->rules.lot_size, "0.00001");
    fixture_assert_dec(in->rules.min_qty, "0.0001");
    fixture_assert_dec(in->rules.max_qty, "9");
    fixture_assert_dec(in->rules.min_notional, "5");
    fixture_assert_dec(in->rules.base_precision, "0.00000001");
    assert_int_equal(s->instrument[1].rules.status, INSTRUMENT_UNKNOWN);
    assert_int_equal(s->instrument[2].venue, 1);

    assert_int_equal(s->assets, 3);
    assert_int_equal(s->balances, 4);
    fixture_assert_dec(s->balance[1].amount, "0.000000000000000001");
    assert_int_equal(s->balance[3].venue, 1);
    fixture_assert_dec(s->balance[3].amount, "2.5");
    asset_id bnb = setup_find_asset(s, "BNB");
    assert_true(s->conversion[0][bnb].known);
    assert_int_equal(s->conversion[0][bnb].steps, 2);
    assert_int_equal(s->conversion[0][s->quote].steps, 0);
    config_close(&c);
}

static void config_strategies(void **state)
{
    (void)state;
    struct config c = fixture_good(FULL);
    const struct setup *s = c.setup;
    assert_int_equal(s->strategies, 2);
    const struct strategy_setup *st = &s->strategy[0];
    assert_string_equal(st->name, "s");
    assert_ptr_equal(st->ops, &FIXTURE_TESTER);
    fixture_assert_dec(st->budget, "5000");
    fixture_assert_dec(st->inventory, "0.000000000000000001");
    assert_string_equal(s->asset[st->budget_asset], "USDT");
    assert_int_equal(st->instruments, 2);
    assert_int_equal(st->instrument[0], 0);
    assert_int_equal(st->instrument[1], 1);
    const struct params *p = &st->params;
    assert_int_equal(p->count, 10);
    assert_int_equal(p->value[0].instrument, 0);
    assert_int_equal(p->value[1].instrument, 1);
    fixture_assert_dec(p->value[2].decimal, "0.5");
    fixture_assert_dec(p->value[3].decimal, "8");
    assert_int_equal(p->value[4].integer, 500);
    assert_false(p->value[5].boolean);
    assert_int_equal(p->value[6].choice, 0);
    assert_true(p->value[7].duration_ns == NS_PER_S);
    assert_true(st->risk.has_max_order_value && st->risk.has_max_messages);
    assert_false(st->risk.has_price_collar || st->risk.has_daily_loss);
    fixture_assert_dec(st->risk.max_order_value, "2000.5");
    assert_true(st->risk.message_interval_ns == 2 * NS_PER_S);
    assert_int_equal(st->risk.cancel_reserve, 49);
    assert_int_equal(s->strategy[1].instruments, 0);
    assert_int_equal(s->strategy[1].budget_asset, ASSET_NONE);
    config_close(&c);
}

static void config_defaults(void **state)
{
    (void)state;
    struct config c = fixture_good(GOOD);
    const struct setup *s = c.setup;
    assert_int_equal(s->mode, MODE_PAPER);
    assert_int_equal(s->seed, 1);
    assert_string_equal(s->state_dir, "dir/state");
    assert_string_equal(s->control_socket, "dir/state/control.sock");
    assert_string_equal(s->venue[0].ws_url, "wss://stream.binance.com:9443");
    assert_string_equal(s->venue[0].rest_url, "https://api.binance.com");
    assert_string_equal(s->venue[0].ca_file, "");
    fixture_assert_dec(s->risk.max_order_value, "1000");
    fixture_assert_dec(s->risk.max_position_value, "10000");
    fixture_assert_dec(s->risk.max_gross_exposure, "20000");
    fixture_assert_dec(s->risk.price_collar, "0.05");
    fixture_assert_dec(s->risk.daily_loss, "500");
    fixture_assert_dec(s->risk.max_drawdown, "0.2");
    assert_int_equal(s->risk.max_open_orders, 200);
    assert_int_equal(s->risk.max_messages, 100);
    assert_int_equal(s->risk.cancel_reserve, 20);
    assert_false(s->risk.has_max_order_qty);
    assert_true(s->risk.has_max_order_value && s->risk.has_max_reference_age);
    const struct params *p = &s->strategy[0].params;
    assert_false(p->value[1].present || p->value[2].present);
    fixture_assert_dec(p->value[3].decimal, "8");
    assert_int_equal(p->value[4].integer, 4);
    assert_true(p->value[5].boolean);
    assert_int_equal(p->value[6].choice, 1);
    assert_true(p->value[7].duration_ns == 300 * NS_PER_S);
    config_close(&c);
    c = fixture_good(AGENT VENUE INSTRUMENT); /* watches only */
    assert_int_equal(c.setup->strategies, 0);
    config_close(&c);
}

/* ---- files ---- */

static void config_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/test-config-XXXXXX", path[256];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.toml", dir);
    struct config c = {0};
    config_report_clear(&fixture_report);
    assert_int_equal(config_load(&c, path, &FIXTURE_KINDS, &fixture_report), ERR_IO);
    assert_int_equal(fixture_report.count, 1);
    assert_non_null(strstr(fixture_report.line[0], "No such file"));
    config_report_clear(&fixture_report);
    assert_int_equal(config_load(&c, dir, &FIXTURE_KINDS, &fixture_report), ERR_IO);
    assert_non_null(strstr(fixture_report.line[0], "is not a regular file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    config_report_clear(&fixture_report);
    assert_int_equal(config_load(&c, path, &FIXTURE_KINDS, &fixture_report), ERR_IO);
    assert_non_null(strstr(fixture_report.line[0], "is not a regular file"));
    unlink(path);

    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(GOOD, f);
    fclose(f);
    config_report_clear(&fixture_report);
    assert_int_equal(config_load(&c, path, &FIXTURE_KINDS, &fixture_report), ERR_OK);
    char expected[300];
    snprintf(expected, sizeof expected, "%s/state", dir);
    assert_string_equal(c.setup->state_dir, expected);
    assert_string_equal(c.text, GOOD);
    config_close(&c);

    /* The largest file that is read, and one byte more. */
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(GOOD "#", f);
    for (size_t n = strlen(GOOD) + 1; n < CONFIG_FILE_MAX; n++)
        fputc('x', f);
    fclose(f);
    config_report_clear(&fixture_report);
    assert_int_equal(config_load(&c, path, &FIXTURE_KINDS, &fixture_report), ERR_OK);
    assert_int_equal(c.text_len, CONFIG_FILE_MAX);
    config_close(&c);
    f = fopen(path, "a");
    assert_non_null(f);
    fputc('x', f);
    fclose(f);
    config_report_clear(&fixture_report);
    assert_int_equal(config_load(&c, path, &FIXTURE_KINDS, &fixture_report), ERR_FULL);
    assert_non_null(strstr(fixture_report.line[0], "at most 1048576 are allowed"));
    unlink(path);
    rmdir(dir);
}

static void config_environment_is_ignored(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"TRADEWIND_MODE", "TRADEWIND_AGENT_NAME", "AGENT_NAME",
                                        "STATE_DIR", "seed"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        setenv(NAMES[i], "live", 1);
    struct config c = fixture_good(AGENT "state_dir = \"$STATE_DIR\"\n" VENUE INSTRUMENT);
    assert_string_equal(c.setup->state_dir, "dir/$STATE_DIR");
    assert_int_equal(c.setup->mode, MODE_PAPER);
    config_close(&c);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        unsetenv(NAMES[i]);
}

/* ---- --explain ---- */

static void config_explains_every_key(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    config_explain(f, &FIXTURE_KINDS);
    fclose(f);
    for (const struct section *const *s = SCHEMA; *s; s++)
        for (const struct key_spec *k = (*s)->keys; k->key; k++) {
            char key[64];
            snprintf(key, sizeof key, "\n  %s ", k->key);
            assert_non_null(strstr(text, key));
            assert_non_null(k->help);
        }
    for (const struct param_spec *p = FIXTURE_TESTER.params; p->key; p++) {
        char key[64];
        snprintf(key, sizeof key, "\n  %s ", p->key);
        assert_non_null(strstr(text, key));
    }
    assert_non_null(strstr(text, "kind = \"tester\""));
    assert_non_null(strstr(text, "a decimal from 0.5 to 10.25; optional"));
    assert_non_null(strstr(text, "\"slow\" or \"fast\"; default \"fast\""));
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        assert_true(n <= 110);
        p += n + 1;
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_agent_and_risk, fixture_cleanup),
        cmocka_unit_test_teardown(config_venues_and_instruments, fixture_cleanup),
        cmocka_unit_test_teardown(config_strategies, fixture_cleanup),
        cmocka_unit_test_teardown(config_defaults, fixture_cleanup),
        cmocka_unit_test_teardown(config_files, fixture_cleanup),
        cmocka_unit_test_teardown(config_environment_is_ignored, fixture_cleanup),
        cmocka_unit_test_teardown(config_explains_every_key, fixture_cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

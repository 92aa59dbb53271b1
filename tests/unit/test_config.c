/* The configuration: what a good file becomes, and the message for everything that can be wrong,
 * at its boundary. */
#include "config/config.h"
#include "config/report.h"
#include "config/schema.h"

#include "base/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a strategy with every type of parameter ---- */

static const struct param_spec PARAMS[] = {
    {.key = "instrument", .type = PARAM_INSTRUMENT, .flags = PARAM_REQUIRED, .help = "first"},
    {.key = "other", .type = PARAM_INSTRUMENT, .help = "second"},
    {.key = "lower", .type = PARAM_DECIMAL, .min = "0.5", .max = "10.25", .help = "low"},
    {.key = "upper", .type = PARAM_DECIMAL, .default_value = "8", .help = "high"},
    {.key = "levels",
     .type = PARAM_INTEGER,
     .min = "2",
     .max = "500",
     .default_value = "4",
     .help = "how many"},
    {.key = "eager", .type = PARAM_BOOL, .default_value = "true", .help = "whether"},
    {.key = "style",
     .type = PARAM_CHOICE,
     .choices = "slow|fast",
     .default_value = "fast",
     .help = "how"},
    {.key = "every",
     .type = PARAM_DURATION,
     .min = "1s",
     .max = "1d",
     .default_value = "5m",
     .help = "when"},
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

static const struct strategy_ops TESTER = {.abi = STRATEGY_ABI,
                                           .size = sizeof(struct strategy_ops),
                                           .name = "tester",
                                           .summary = "for tests",
                                           .params = PARAMS,
                                           .check = check};

static const struct param_spec NO_PARAMS[] = {{.key = NULL}};
static const struct strategy_ops LONER = {.abi = STRATEGY_ABI,
                                          .size = sizeof(struct strategy_ops),
                                          .name = "loner",
                                          .summary = "names no instrument",
                                          .params = NO_PARAMS};

static const struct strategy_ops *const STRATEGIES[] = {&TESTER, &LONER, NULL};
static const char *const VENUES[] = {"binance-spot", "other-spot", NULL};
static const struct config_kinds KINDS = {.strategies = STRATEGIES, .venues = VENUES};

/* ---- the pieces of a good file; each test replaces or adds ---- */

#define AGENT "[agent]\nname = \"demo\"\nquote = \"USDT\"\n"
#define VENUE                                                                                      \
    "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\nmaker_fee = \"0.001\"\n"              \
    "taker_fee = \"0.001\"\n"
#define PAPER      "[venue.paper]\nbalances = { USDT = \"10000\", BTC = \"0.1\" }\n"
#define INSTRUMENT "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\n"
#define STRATEGY   "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT\"\n"
#define GOOD       AGENT VENUE PAPER INSTRUMENT STRATEGY
#define TWO_VENUES                                                                                 \
    AGENT VENUE "[[venue]]\nname = \"two\"\nkind = \"other-spot\"\nmaker_fee=0\ntaker_fee=0\n"     \
                "[venue.paper]\nbalances = { USDT = 10 }\n" INSTRUMENT                             \
                "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"two\"\n"

static struct config_report report;

static enum err parse(struct config *c, const char *text)
{
    config_report_clear(&report);
    return config_parse(c, "t.toml", "dir", text, strlen(text), &KINDS, &report);
}

static void print_report(void)
{
    for (size_t i = 0; i < report.count; i++)
        print_message("  %s\n", report.line[i]);
}

static struct config good(const char *text)
{
    struct config c = {0};
    enum err e = parse(&c, text);
    if (e)
        print_report();
    assert_int_equal(e, ERR_OK);
    assert_int_equal(report.count, 0);
    return c;
}

static void is_good(const char *text)
{
    struct config c = good(text);
    config_close(&c);
}

/* Exactly one error, which is [line] behind "t.toml:". */
static void bad(const char *text, const char *line)
{
    struct config c = {0};
    enum err e = parse(&c, text);
    char expected[1024];
    snprintf(expected, sizeof expected, "t.toml:%s", line);
    if (e != ERR_RANGE || report.count != 1 || strcmp(report.line[0], expected) != 0) {
        print_message("%s\nexpected %s\ngot %s:\n", text, expected, err_name(e));
        print_report();
        fail();
    }
    assert_null(c.setup);
}

/* At least one error, one of which holds [part]. */
static void bad_part(const char *text, const char *part)
{
    struct config c = {0};
    enum err e = parse(&c, text);
    bool found = false;
    for (size_t i = 0; i < report.count; i++)
        found = found || strstr(report.line[i], part);
    if (e != ERR_RANGE || !found) {
        print_message("%s\nexpected %s\ngot %s:\n", text, part, err_name(e));
        print_report();
        fail();
    }
}

/* [before], a line of its own, [after]. */
static const char *with(const char *before, const char *line, const char *after)
{
    static char text[65536];
    snprintf(text, sizeof text, "%s%s\n%s", before, line, after);
    return text;
}

static void assert_dec(dec d, const char *expected)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    assert_string_equal(text, expected);
}

static int cleanup(void **state)
{
    (void)state;
    config_report_clear(&report);
    return 0;
}

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
    struct config c = good(FULL);
    const struct setup *s = c.setup;
    assert_string_equal(s->agent_name, "demo");
    assert_int_equal(s->mode, MODE_PAPER);
    assert_string_equal(s->asset[s->quote], "USDT");
    assert_string_equal(s->state_dir, "dir/st");
    assert_string_equal(s->control_socket, "/run/x.sock");
    assert_true(s->seed == INT64_MAX);
    const struct risk_setup *r = &s->risk;
    assert_dec(r->max_order_value, "2000.5");
    assert_dec(r->max_order_qty, "0.5");
    assert_dec(r->max_position_value, "10000");
    assert_dec(r->max_gross_exposure, "10000");
    assert_dec(r->price_collar, "1");
    assert_dec(r->daily_loss, "500");
    assert_dec(r->max_drawdown, "0.2");
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
    struct config c = good(FULL);
    const struct setup *s = c.setup;
    assert_int_equal(s->venues, 2);
    const struct venue_setup *v = &s->venue[0];
    assert_string_equal(v->name, "binance");
    assert_string_equal(v->kind, "binance-spot");
    assert_string_equal(v->ws_url, "wss://localhost:9443"); /* paths are put behind it */
    assert_string_equal(v->rest_url, "https://localhost:9443");
    assert_string_equal(v->ca_file, "dir/ca.pem");
    assert_dec(v->maker_fee, "0.0009");
    assert_dec(v->taker_fee, "0.001");
    assert_string_equal(s->asset[v->fee_asset], "BNB");
    assert_true(v->stale_after_ns == 3 * NS_PER_S);
    assert_int_equal(v->fill_model, FILL_CROSS);
    assert_true(v->order_latency_ns == 0);
    assert_dec(v->slippage, "0.01");
    v = &s->venue[1];
    assert_string_equal(v->ws_url, "");
    assert_int_equal(v->fee_asset, ASSET_NONE);
    assert_int_equal(v->fill_model, FILL_QUEUE);
    assert_true(v->order_latency_ns == 50 * NS_PER_MS);
    assert_true(v->stale_after_ns == 10 * NS_PER_S);
    assert_dec(v->slippage, "0.0005");

    assert_int_equal(s->instruments, 3);
    const struct instrument *in = &s->instrument[0];
    assert_string_equal(in->symbol, "BTC-USDT");
    assert_int_equal(in->venue, 0);
    assert_string_equal(s->asset[in->base], "BTC");
    assert_string_equal(s->asset[in->quote], "USDT");
    assert_int_equal(in->rules.status, INSTRUMENT_TRADING);
    assert_dec(in->rules.tick_size, "0.01");
    assert_dec(in->rules.lot_size, "0.00001");
    assert_dec(in->rules.min_qty, "0.0001");
    assert_dec(in->rules.max_qty, "9");
    assert_dec(in->rules.min_notional, "5");
    assert_dec(in->rules.base_precision, "0.00000001");
    assert_int_equal(s->instrument[1].rules.status, INSTRUMENT_UNKNOWN);
    assert_int_equal(s->instrument[2].venue, 1);

    assert_int_equal(s->assets, 3);
    assert_int_equal(s->balances, 4);
    assert_dec(s->balance[1].amount, "0.000000000000000001");
    assert_int_equal(s->balance[3].venue, 1);
    assert_dec(s->balance[3].amount, "2.5");
    asset_id bnb = setup_find_asset(s, "BNB");
    assert_true(s->conversion[0][bnb].known);
    assert_int_equal(s->conversion[0][bnb].steps, 2);
    assert_int_equal(s->conversion[0][s->quote].steps, 0);
    config_close(&c);
}

static void config_strategies(void **state)
{
    (void)state;
    struct config c = good(FULL);
    const struct setup *s = c.setup;
    assert_int_equal(s->strategies, 2);
    const struct strategy_setup *st = &s->strategy[0];
    assert_string_equal(st->name, "s");
    assert_ptr_equal(st->ops, &TESTER);
    assert_dec(st->budget, "5000");
    assert_dec(st->inventory, "0.000000000000000001");
    assert_string_equal(s->asset[st->budget_asset], "USDT");
    assert_int_equal(st->instruments, 2);
    assert_int_equal(st->instrument[0], 0);
    assert_int_equal(st->instrument[1], 1);
    const struct params *p = &st->params;
    assert_int_equal(p->count, 8);
    assert_int_equal(p->value[0].instrument, 0);
    assert_int_equal(p->value[1].instrument, 1);
    assert_dec(p->value[2].decimal, "0.5");
    assert_dec(p->value[3].decimal, "8");
    assert_int_equal(p->value[4].integer, 500);
    assert_false(p->value[5].boolean);
    assert_int_equal(p->value[6].choice, 0);
    assert_true(p->value[7].duration_ns == NS_PER_S);
    assert_true(st->risk.has_max_order_value && st->risk.has_max_messages);
    assert_false(st->risk.has_price_collar || st->risk.has_daily_loss);
    assert_dec(st->risk.max_order_value, "2000.5");
    assert_true(st->risk.message_interval_ns == 2 * NS_PER_S);
    assert_int_equal(st->risk.cancel_reserve, 49);
    assert_int_equal(s->strategy[1].instruments, 0);
    assert_int_equal(s->strategy[1].budget_asset, ASSET_NONE);
    config_close(&c);
}

static void config_defaults(void **state)
{
    (void)state;
    struct config c = good(GOOD);
    const struct setup *s = c.setup;
    assert_int_equal(s->mode, MODE_PAPER);
    assert_int_equal(s->seed, 1);
    assert_string_equal(s->state_dir, "dir/state");
    assert_string_equal(s->control_socket, "dir/state/control.sock");
    assert_string_equal(s->venue[0].ws_url, "wss://stream.binance.com:9443");
    assert_string_equal(s->venue[0].rest_url, "https://api.binance.com");
    assert_string_equal(s->venue[0].ca_file, "");
    assert_dec(s->risk.max_order_value, "1000");
    assert_dec(s->risk.max_position_value, "10000");
    assert_dec(s->risk.max_gross_exposure, "20000");
    assert_dec(s->risk.price_collar, "0.05");
    assert_dec(s->risk.daily_loss, "500");
    assert_dec(s->risk.max_drawdown, "0.2");
    assert_int_equal(s->risk.max_open_orders, 200);
    assert_int_equal(s->risk.max_messages, 100);
    assert_int_equal(s->risk.cancel_reserve, 20);
    assert_false(s->risk.has_max_order_qty);
    assert_true(s->risk.has_max_order_value && s->risk.has_max_reference_age);
    const struct params *p = &s->strategy[0].params;
    assert_false(p->value[1].present || p->value[2].present);
    assert_dec(p->value[3].decimal, "8");
    assert_int_equal(p->value[4].integer, 4);
    assert_true(p->value[5].boolean);
    assert_int_equal(p->value[6].choice, 1);
    assert_true(p->value[7].duration_ns == 300 * NS_PER_S);
    config_close(&c);
    c = good(AGENT VENUE INSTRUMENT); /* watches only */
    assert_int_equal(c.setup->strategies, 0);
    config_close(&c);
}

/* ---- syntax ---- */

static void config_syntax_error_stands_alone(void **state)
{
    (void)state;
    struct config c = {0};
    assert_int_equal(parse(&c, "[agent]\nnonsense = 1\nname = = 2\n"), ERR_SYNTAX);
    assert_int_equal(report.count, 1);
    assert_non_null(strstr(report.line[0], "t.toml:3:"));
    assert_int_equal(parse(&c, ""), ERR_RANGE); /* empty is TOML, but no configuration */
    assert_int_equal(report.count, 3);
}

/* ---- keys ---- */

static void config_unknown_keys(void **state)
{
    (void)state;
    bad(with(AGENT, "sed = 1", VENUE INSTRUMENT),
        "4:1: agent.sed: unknown key; did you mean \"seed\"?");
    bad(with(AGENT, "State-Dir = \"x\"", VENUE INSTRUMENT),
        "4:1: agent.State-Dir: unknown key; did you mean \"state_dir\"?");
    bad(with(AGENT, "price_collar = 1", VENUE INSTRUMENT),
        "4:1: agent.price_collar: unknown key; \"price_collar\" belongs in [risk]");
    bad(with(AGENT, "\"a\\u0007\\u0000b\" = 1", VENUE INSTRUMENT),
        "4:1: agent.a??b: unknown key; `tradewind check --explain` lists those that are allowed");
    bad(with(GOOD, "levls = 3", ""), "18:1: strategy.levls: unknown key; did you mean \"levels\"?");
    bad(with(GOOD, "[instruments]", ""),
        "18:2: instruments: unknown key; did you mean \"instrument\"?");
    bad(with(AGENT VENUE INSTRUMENT, "[venue.papr]", ""),
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
        bad_part(with(AGENT, line, VENUE INSTRUMENT), expected);
        assert_int_equal(report.count, 1);
        assert_null(strstr(report.line[0], "hunter2"));
    }
    bad_part(with(AGENT VENUE INSTRUMENT, "[secrets]\nx = 1", ""), "secrets cannot be given");
    bad_part(with(GOOD, "token = \"hunter2\"", ""), "strategy.token: secrets cannot be given");
    bad_part(with(AGENT VENUE, "ws_url = \"wss://me:hunter2@x.com\"", INSTRUMENT),
             "venue.ws_url: a URL with a user name or '@' is refused: secrets cannot be given");
    assert_null(strstr(report.line[0], "hunter2"));
    bad_part(with(AGENT VENUE, "ws_url = \"wss://x.com/?key=hunter2\"", INSTRUMENT), "plain path");
    assert_null(strstr(report.line[0], "hunter2"));
}

static void config_missing(void **state)
{
    (void)state;
    bad(VENUE INSTRUMENT, "1:1: agent: the section [agent] is missing; needed: at least name and "
                          "quote");
    bad_part(AGENT INSTRUMENT, "t.toml:1:1: venue: no [[venue]] is given; at least one is needed");
    bad(AGENT VENUE, "1:1: instrument: no [[instrument]] is given; at least one is needed");
    bad("[agent]\nquote = \"USDT\"\n" VENUE INSTRUMENT,
        "1:1: agent.name: is missing; needed: 1 to 16 characters a-z, 0-9 and '-', the first a "
        "letter or digit");
    bad_part("[agent]\nname = \"x\"\n" VENUE INSTRUMENT, "1:1: agent.quote: is missing");
    bad_part(AGENT "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\n" INSTRUMENT,
             "4:1: venue.maker_fee: is missing; needed: a decimal from 0 to 0.1");
    assert_int_equal(report.count, 2);
    bad_part(AGENT VENUE "[[instrument]]\nvenue = \"binance\"\n",
             "9:1: instrument.symbol: is missing");
    bad_part(AGENT VENUE "[[instrument]]\nsymbol = \"BTC-USDT\"\n",
             "9:1: instrument.venue: is missing");
    bad(AGENT VENUE INSTRUMENT "[[strategy]]\nname = \"s\"\nkind = \"tester\"\n",
        "12:1: strategy.instrument: is missing; needed: a configured instrument, such as "
        "\"BTC-USDT\" or \"BTC-USDT@venue\"");
    bad_part(AGENT VENUE INSTRUMENT "[[strategy]]\n", "12:1: strategy.kind: is missing");
    assert_int_equal(report.count, 2);
}

static void config_wrong_forms(void **state)
{
    (void)state;
    bad_part("agent = 1\n" VENUE INSTRUMENT,
             "1:9: agent: wrong type; allowed: a table, written [agent]");
    bad_part("[[agent]]\nname = \"x\"\n" VENUE INSTRUMENT,
             "agent: is given more than once or as an array; write [agent] once");
    bad_part(AGENT "[venue]\nname = \"binance\"\n" INSTRUMENT,
             "4:1: venue: wrong form; allowed: tables, each written [[venue]]");
    bad_part("venue = [1]\n" AGENT INSTRUMENT, "venue: wrong form");
    bad_part("strategy = [{name=\"s\",kind=\"loner\"}, 2]\n" AGENT VENUE INSTRUMENT,
             "strategy: every element must be a table");
    bad_part(with(AGENT VENUE, "paper = 3", INSTRUMENT), "9:9: venue.paper: wrong type");
    bad_part(AGENT VENUE "[venue.paper]\nbalances = [1]\n" INSTRUMENT,
             "10:12: venue.paper.balances: is given more than once or as an array");
    bad_part(with(GOOD, "risk = false", ""), "18:8: strategy.risk: wrong type");
}

/* ---- types ---- */

static void config_types(void **state)
{
    (void)state;
    bad(with(AGENT, "seed = \"1\"", VENUE INSTRUMENT),
        "4:8: agent.seed: wrong type: a string; allowed: an integer from 0 to "
        "9223372036854775807");
    bad(with(AGENT, "seed = 1.0", VENUE INSTRUMENT),
        "4:8: agent.seed: wrong type: a float; allowed: an integer from 0 to 9223372036854775807");
    bad(with(AGENT, "seed = -1", VENUE INSTRUMENT),
        "4:8: agent.seed: -1 is out of range; allowed: an integer from 0 to 9223372036854775807");
    bad(with(AGENT, "mode = true", VENUE INSTRUMENT),
        "4:8: agent.mode: wrong type: a boolean; allowed: \"paper\" or \"live\"");
    bad(with(AGENT, "mode = \"dry\"", VENUE INSTRUMENT),
        "4:8: agent.mode: \"dry\" is not known; allowed: \"paper\" or \"live\"");
    bad(with(AGENT, "mode = \"live\"", VENUE INSTRUMENT),
        "4:8: agent.mode: live order entry is not in this version; allowed: \"paper\"");
    bad(with(AGENT, "state_dir = \"\"", VENUE INSTRUMENT),
        "4:13: agent.state_dir: the text is empty; allowed: a path of 1 to 255 bytes");
    bad_part(with(AGENT, "state_dir = \"a\\u0000b\"", VENUE INSTRUMENT),
             "holds a control character");
    bad_part(with(GOOD, "eager = \"true\"", ""),
             "18:9: strategy.eager: wrong type: a string; allowed: true or false");
    bad_part(with(GOOD, "every = 5", ""), "18:9: strategy.every: wrong type: an integer");
    bad_part(with(GOOD, "lower = 1979-05-27", ""), "strategy.lower: wrong type: a date;");
    bad_part(with(GOOD, "lower = [1]", ""), "strategy.lower: wrong type: an array;");
    bad_part(with(GOOD, "lower = {}", ""), "strategy.lower: wrong type: a table;");
    bad_part(with(GOOD, "style = \"Fast\"", ""),
             "strategy.style: \"Fast\" is not known; allowed: \"slow\" or \"fast\"");
    bad_part(with(AGENT VENUE, "[venue.paper]\nfill_model = \"best\"", INSTRUMENT),
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
        is_good(with(GOOD, GOOD_ONES[i], ""));
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
        {"upper = 1e21", "\"1e21\" is too large"},
        {"upper = \"1e400\"", "is too large"},
        {"upper = 9223372036854775808.0e30", "is too large"},
    };
    for (size_t i = 0; i < sizeof BAD_ONES / sizeof BAD_ONES[0]; i++)
        bad_part(with(GOOD, BAD_ONES[i][0], ""), BAD_ONES[i][1]);
    /* A number that a double cannot hold arrives as it is written. */
    struct config c = good(with(GOOD, "upper = 12345678901234567.123456789012345678", ""));
    assert_dec(c.setup->strategy[0].params.value[3].decimal,
               "12345678901234567.123456789012345678");
    config_close(&c);
}

static void config_integers(void **state)
{
    (void)state;
    is_good(with(GOOD, "levels = 2", ""));
    is_good(with(GOOD, "levels = 0x1f4", ""));
    bad_part(with(GOOD, "levels = 1", ""),
             "strategy.levels: 1 is out of range; allowed: an integer from 2 to 500");
    bad_part(with(GOOD, "levels = 501", ""), "501 is out of range");
}

static void config_durations(void **state)
{
    (void)state;
    static const char *const GOOD_ONES[] = {"1s", "1000ms", "1000000us", "24h", "1d", "86400s"};
    for (size_t i = 0; i < sizeof GOOD_ONES / sizeof GOOD_ONES[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "every = \"%s\"", GOOD_ONES[i]);
        is_good(with(GOOD, line, ""));
    }
    static const char *const BAD_ONES[][2] = {
        {"999ms", "\"999ms\" is out of range; allowed: a duration from 1s to 1d"},
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
            bad_part(with(GOOD, line, ""), BAD_ONES[i][1]);
        else
            bad_part(with(GOOD, line, ""), "\"\" is not a duration");
    }
}

static void config_names(void **state)
{
    (void)state;
    is_good("[agent]\nname = \"a234567890-23456\"\nquote = \"A23456789012345\"\n" VENUE
            "[[instrument]]\nsymbol = \"B23456789012345-A23456789012345\"\nvenue = \"binance\"\n");
    bad_part("[agent]\nname = \"a234567890-234567\"\nquote = \"USDT\"\n" VENUE INSTRUMENT,
             "2:8: agent.name: the text has 17 bytes, at most 16 are allowed");
    static const char *const BAD_NAMES[] = {"-a", "A", "a b", "a_b", "\xc3\xa4", "a.b", "a@b"};
    for (size_t i = 0; i < sizeof BAD_NAMES / sizeof BAD_NAMES[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "[agent]\nname = \"%s\"\nquote = \"USDT\"\n%s", BAD_NAMES[i],
                 VENUE INSTRUMENT);
        bad_part(text, "2:8: agent.name: ");
    }
    static const char *const BAD_ASSETS[] = {"", "usdt", "US-T", "A234567890123456"};
    for (size_t i = 0; i < sizeof BAD_ASSETS / sizeof BAD_ASSETS[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "[agent]\nname = \"x\"\nquote = \"%s\"\n%s", BAD_ASSETS[i],
                 VENUE INSTRUMENT);
        bad_part(text, "3:9: agent.quote: ");
        assert_int_equal(report.count, 1); /* nothing that only follows from it */
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
        bad_part(text, "10:10: instrument.symbol: ");
        assert_int_equal(report.count, 1);
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
        is_good(with(AGENT VENUE, line, INSTRUMENT));
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
        bad_part(with(AGENT VENUE, line, INSTRUMENT), BAD_ONES[i][1]);
    }
    for (size_t len = 255; len <= 256; len++) {
        char line[400];
        snprintf(line, sizeof line, "rest_url = \"https://%0*d\"", (int)len - 8, 1);
        if (len == 255)
            is_good(with(AGENT VENUE, line, INSTRUMENT));
        else
            bad_part(with(AGENT VENUE, line, INSTRUMENT), "the text has 256 bytes, at most 255");
    }
}

static void config_paths(void **state)
{
    (void)state;
    struct config c = {0};
    static const char TEXT[] = AGENT "state_dir = \"/abs\"\n" VENUE INSTRUMENT;
    config_report_clear(&report);
    assert_int_equal(config_parse(&c, "t", "/etc/x/", TEXT, strlen(TEXT), &KINDS, &report), ERR_OK);
    assert_string_equal(c.setup->state_dir, "/abs");
    assert_string_equal(c.setup->control_socket, "/abs/control.sock");
    config_close(&c);
    static const char RELATIVE[] = AGENT "state_dir = \"a/b\"\n" VENUE INSTRUMENT;
    assert_int_equal(config_parse(&c, "t", "/", RELATIVE, strlen(RELATIVE), &KINDS, &report),
                     ERR_OK);
    assert_string_equal(c.setup->state_dir, "/a/b");
    config_close(&c);
    assert_int_equal(config_parse(&c, "t", ".", RELATIVE, strlen(RELATIVE), &KINDS, &report),
                     ERR_OK);
    assert_string_equal(c.setup->state_dir, "a/b");
    config_close(&c);
    /* 255 bytes with the directory are allowed, one more is not. */
    for (int len = 251; len <= 252; len++) {
        char line[400];
        snprintf(line, sizeof line, "ca_file = \"%0*d\"", len, 1);
        if (len == 251)
            is_good(with(AGENT VENUE, line, INSTRUMENT));
        else
            bad(with(AGENT VENUE, line, INSTRUMENT),
                "9:11: venue.ca_file: with the configuration's directory in front the path has 256 "
                "bytes; allowed: at most 255");
    }
}

/* ---- relations ---- */

static void config_duplicates(void **state)
{
    (void)state;
    bad(AGENT VENUE VENUE INSTRUMENT, "10:8: venue.name: \"binance\" is the name of the venue in "
                                      "line 4 already; each needs its own");
    bad(AGENT VENUE INSTRUMENT INSTRUMENT,
        "13:10: instrument.symbol: BTC-USDT@binance is given in line 9 already");
    bad(AGENT VENUE INSTRUMENT STRATEGY STRATEGY,
        "17:8: strategy.name: \"s\" is the name of the strategy in line 12 already; each needs its "
        "own");
}

static void config_references(void **state)
{
    (void)state;
    bad(AGENT VENUE "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binanec\"\n" STRATEGY,
        "11:9: instrument.venue: there is no [[venue]] with the name \"binanec\"; did you mean "
        "\"binance\"?");
    bad(AGENT VENUE INSTRUMENT "[[strategy]]\nname = \"s\"\nkind = \"testr\"\nanything = 1\n",
        "14:8: strategy.kind: \"testr\" is not known; did you mean \"tester\"?; allowed: "
        "\"tester\", \"loner\"");
    bad(AGENT VENUE INSTRUMENT
        "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDC\"\n",
        "15:14: strategy.instrument: there is no [[instrument]] BTC-USDC; did you mean "
        "\"BTC-USDT\"?");
    bad(AGENT VENUE INSTRUMENT
        "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@kraken\"\n",
        "15:14: strategy.instrument: there is no [[instrument]] BTC-USDT@kraken");
    bad_part(AGENT "[[venue]]\nname = \"v\"\nkind = \"binance-spt\"\nmaker_fee=0\ntaker_fee=0\n"
                   "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"v\"\n",
             "6:8: venue.kind: \"binance-spt\" is not known; did you mean \"binance-spot\"?; "
             "allowed: \"binance-spot\", \"other-spot\"");
    bad_part(TWO_VENUES STRATEGY,
             "strategy.instrument: BTC-USDT is traded on several venues; allowed: one of "
             "BTC-USDT@binance, BTC-USDT@two");
    is_good(TWO_VENUES
            "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@two\"\n");
    bad_part(with(GOOD, "other = \"BTC-USDT@\"", ""), "18:9: strategy.other: ");
    bad_part(with(GOOD, "other = 5", ""), "18:9: strategy.other: wrong type");
}

static void config_conversions(void **state)
{
    (void)state;
    bad(with(AGENT VENUE, "fee_asset = \"BNB\"", INSTRUMENT),
        "9:13: venue.fee_asset: BNB on venue binance cannot be valued in USDT, the agent's quote; "
        "add an [[instrument]] that leads there, such as BNB-USDT");
    bad(AGENT VENUE "[venue.paper]\nbalances = { USDT = 1, XRP = \"2\" }\n" INSTRUMENT,
        "10:24: venue.paper.balances.XRP: XRP on venue binance cannot be valued in USDT, the "
        "agent's quote; add an [[instrument]] that leads there, such as XRP-USDT");
    bad_part(AGENT VENUE INSTRUMENT "[[instrument]]\nsymbol = \"ADA-EUR\"\nvenue = \"binance\"\n",
             "13:10: instrument.symbol: ADA on venue binance cannot be valued in USDT");
    assert_int_equal(report.count, 2);
    /* Two steps are enough, three are not. */
    is_good(AGENT VENUE INSTRUMENT "[[instrument]]\nsymbol = \"ADA-BTC\"\nvenue = \"binance\"\n");
    bad_part(AGENT VENUE INSTRUMENT "[[instrument]]\nsymbol = \"ADA-BTC\"\nvenue = \"binance\"\n"
                                    "[[instrument]]\nsymbol = \"XRP-ADA\"\nvenue = \"binance\"\n",
             "16:10: instrument.symbol: XRP on venue binance");
    assert_int_equal(report.count, 1);
}

static void config_balances(void **state)
{
    (void)state;
    is_good(AGENT VENUE "[venue.paper]\nbalances = { USDT = 0 }\n" INSTRUMENT);
    bad(AGENT VENUE "[venue.paper]\nbalances = { USDT = -1 }\n" INSTRUMENT,
        "10:21: venue.paper.balances.USDT: \"-1\" is out of range; allowed: a decimal from 0");
    bad_part(AGENT VENUE "[venue.paper]\nbalances = { usdt = 1 }\n" INSTRUMENT,
             "10:14: venue.paper.balances.usdt: \"usdt\" is not of the form that is needed");
    bad_part(AGENT VENUE "[venue.paper]\nbalances = { USDT = true }\n" INSTRUMENT,
             "venue.paper.balances.USDT: wrong type: a boolean");
}

static void config_budgets(void **state)
{
    (void)state;
    is_good(with(GOOD, "budget = \"10000\"\ninventory = \"0.1\"", ""));
    bad(with(GOOD, "budget = \"10000.000000000000000001\"", ""),
        "18:10: strategy.budget: 10000.000000000000000001 USDT is more than the opening balance on "
        "venue binance has left (10000 of 10000); allowed: at most 10000, or a larger "
        "venue.paper.balances.USDT");
    bad_part(with(GOOD, "inventory = \"0.100000000000000001\"", ""), "strategy.inventory: ");
    /* The second one takes what the first has left. */
    static const char SECOND[] =
        "[[strategy]]\nname = \"t\"\nkind = \"tester\"\ninstrument = \"BTC-USDT\"\nbudget = ";
    char after[256];
    snprintf(after, sizeof after, "%s4000\n", SECOND);
    is_good(with(GOOD, "budget = 6000", after));
    snprintf(after, sizeof after, "%s4000.01\n", SECOND);
    bad_part(with(GOOD, "budget = 6000", after), "(4000 of 10000); allowed: at most 4000");
    assert_int_equal(report.count, 1);
    bad_part(with(GOOD, "budget = 1e20", after), "strategy.budget: ");
    bad_part(with(GOOD, "budget = -1", ""), "strategy.budget: \"-1\" is out of range");
    bad_part(AGENT VENUE INSTRUMENT "[[strategy]]\nname = \"t\"\nkind = \"loner\"\nbudget = 1\n",
             "15:10: strategy.budget: the strategy names no instrument");
    /* Of another venue's balance nothing can be taken. */
    bad_part(TWO_VENUES
             "[[strategy]]\nname = \"s\"\nkind = \"tester\"\ninstrument = \"BTC-USDT@binance\"\n"
             "budget = 1\n",
             "on venue binance has left (0 of 0)");
}

static void config_strategy_check(void **state)
{
    (void)state;
    bad(with(GOOD, "lower = 8", ""), "18:9: strategy.lower: is not less than upper; allowed: less");
    /* Not asked while a parameter is wrong. */
    bad_part(with(GOOD, "lower = 8\nlevels = 1", ""), "strategy.levels");
    assert_int_equal(report.count, 1);
}

static void config_risk_relations(void **state)
{
    (void)state;
#define RISK "[risk]\nmax_messages = 30\nmax_order_value = 100\nmax_reference_age = \"5s\"\n"
    is_good(AGENT RISK "cancel_reserve = 29\n" VENUE INSTRUMENT);
    bad_part(AGENT RISK "cancel_reserve = 30\n" VENUE INSTRUMENT,
             "8:18: risk.cancel_reserve: cancel_reserve is 30 and max_messages 30");
    bad_part(AGENT "[risk]\nmax_messages = 20\n" VENUE INSTRUMENT,
             "5:16: risk.max_messages: cancel_reserve is 20 and max_messages 20");
    static const char *const SAME[] = {"max_order_value = 100", "max_reference_age = \"5000ms\"",
                                       "max_messages = 30",     "max_messages = 21",
                                       "max_open_orders = 200", "max_order_qty = 1e9",
                                       "price_collar = 0.05",   "daily_loss = 500",
                                       "max_drawdown = 0.2"};
    for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++) {
        char after[128];
        snprintf(after, sizeof after, "%s\n", SAME[i]);
        is_good(with(AGENT RISK VENUE PAPER INSTRUMENT STRATEGY "[strategy.risk]\n", after, ""));
    }
    static const char *const LOOSER[][2] = {
        {"max_order_value = 100.000000000000000001",
         "max_order_value: is looser than the agent's [risk]; allowed: at most its 100"},
        {"max_reference_age = \"5001ms\"", "max_reference_age: is looser than the agent's [risk]; "
                                           "allowed: at most its 5s"},
        {"max_messages = 31", "max_messages: is looser than the agent's [risk]; allowed: at most "
                              "its 30"},
        {"max_messages = 20", "20 is not more than the agent's cancel_reserve, so that no order "
                              "could be sent; allowed: more than 20"},
        {"max_open_orders = 201", "at most its 200"},
        {"price_collar = 0.06", "at most its 0.05"},
        {"daily_loss = 501", "at most its 500"},
        {"max_drawdown = 0.21", "at most its 0.2"},
        {"day_start = \"1h\"", "strategy.risk.day_start: unknown key; \"day_start\" belongs in "
                               "[risk]"},
    };
    for (size_t i = 0; i < sizeof LOOSER / sizeof LOOSER[0]; i++) {
        bad_part(
            with(AGENT RISK VENUE PAPER INSTRUMENT STRATEGY "[strategy.risk]\n", LOOSER[i][0], ""),
            LOOSER[i][1]);
        assert_int_equal(report.count, 1);
    }
}

static void config_rules(void **state)
{
    (void)state;
    is_good(AGENT VENUE INSTRUMENT "tick_size = 0.01\nlot_size = 0.1\nmin_qty = 2\nmax_qty = 2\n");
    bad(AGENT VENUE INSTRUMENT "tick_size = 0.01\n",
        "12:13: instrument.tick_size: is given without lot_size; allowed: both or none");
    bad(AGENT VENUE INSTRUMENT "lot_size = 0.01\n",
        "12:12: instrument.lot_size: is given without tick_size; allowed: both or none");
    bad(AGENT VENUE INSTRUMENT "min_qty = 2\nmax_qty = 1.9\n",
        "13:11: instrument.max_qty: is less than min_qty; allowed: at least that, or 0 for no "
        "limit");
    bad_part(AGENT VENUE INSTRUMENT "tick_size = 0\nlot_size = 1\n",
             "instrument.tick_size: \"0\" is out of range; allowed: a decimal greater than 0");
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
    is_good(text);
    free(text);
    text = many(head, max + 1, part);
    bad_part(text, error);
    assert_int_equal(report.count, 1);
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
    is_good(text);
    char *more = malloc(strlen(text) + 100);
    assert_non_null(more);
    sprintf(more, "%s[[instrument]]\nsymbol = \"A1-A2\"\nvenue = \"two\"\n", text);
    bad_part(more, "instrument: too many: at most 64 are allowed");
    free(more);
    free(text);
}

static void config_error_limit(void **state)
{
    (void)state;
    char *text = many(AGENT VENUE INSTRUMENT "[risk]\n", REPORT_ERRORS_MAX, "k% = 1\n");
    struct config c = {0};
    assert_int_equal(parse(&c, text), ERR_RANGE);
    assert_int_equal(report.count, REPORT_ERRORS_MAX);
    free(text);
    text = many(AGENT VENUE INSTRUMENT "[risk]\n", REPORT_ERRORS_MAX + 7, "k% = 1\n");
    assert_int_equal(parse(&c, text), ERR_RANGE);
    assert_int_equal(report.count, REPORT_ERRORS_MAX + 1);
    assert_string_equal(report.line[REPORT_ERRORS_MAX], "t.toml: and 7 more errors");
    free(text);
}

static void config_all_errors_in_order(void **state)
{
    (void)state;
    struct config c = {0};
    assert_int_equal(parse(&c, "[[strategy]]\nname = \"S\"\nkind = \"loner\"\n[agent]\nname = 5\n"
                               "quote = \"USDT\"\nx = 1\n[[venue]]\nname = \"binance\"\n"
                               "kind = \"other-spot\"\nmaker_fee = 1\ntaker_fee = -1\n" INSTRUMENT
                               "tick_size = \"x\"\n"),
                     ERR_RANGE);
    static const char *const START[] = {
        "t.toml:2:8: strategy.name: ",     "t.toml:5:8: agent.name: ",
        "t.toml:7:1: agent.x: ",           "t.toml:11:13: venue.maker_fee: ",
        "t.toml:12:13: venue.taker_fee: ", "t.toml:16:13: instrument.tick_size: "};
    assert_int_equal(report.count, sizeof START / sizeof START[0]);
    for (size_t i = 0; i < report.count; i++)
        assert_int_equal(strncmp(report.line[i], START[i], strlen(START[i])), 0);
}

static void config_long_wrong_values(void **state)
{
    (void)state;
    char line[20000];
    snprintf(line, sizeof line, "mode = \"%0*d\"", 19000, 1);
    bad_part(with(AGENT, line, VENUE INSTRUMENT), "0000...\" is not known; allowed: \"paper\"");
    assert_true(strlen(report.line[0]) < 256);
    snprintf(line, sizeof line, "k%0*d = 1", 19000, 1);
    bad_part(with(AGENT, line, VENUE INSTRUMENT), "...: unknown key");
    assert_true(strlen(report.line[0]) < 256);
}

/* ---- files ---- */

static void config_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/test-config-XXXXXX", path[256];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.toml", dir);
    struct config c = {0};
    config_report_clear(&report);
    assert_int_equal(config_load(&c, path, &KINDS, &report), ERR_IO);
    assert_int_equal(report.count, 1);
    assert_non_null(strstr(report.line[0], "No such file"));
    config_report_clear(&report);
    assert_int_equal(config_load(&c, dir, &KINDS, &report), ERR_IO);
    assert_non_null(strstr(report.line[0], "is not a regular file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    config_report_clear(&report);
    assert_int_equal(config_load(&c, path, &KINDS, &report), ERR_IO);
    assert_non_null(strstr(report.line[0], "is not a regular file"));
    unlink(path);

    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(GOOD, f);
    fclose(f);
    config_report_clear(&report);
    assert_int_equal(config_load(&c, path, &KINDS, &report), ERR_OK);
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
    config_report_clear(&report);
    assert_int_equal(config_load(&c, path, &KINDS, &report), ERR_OK);
    assert_int_equal(c.text_len, CONFIG_FILE_MAX);
    config_close(&c);
    f = fopen(path, "a");
    assert_non_null(f);
    fputc('x', f);
    fclose(f);
    config_report_clear(&report);
    assert_int_equal(config_load(&c, path, &KINDS, &report), ERR_FULL);
    assert_non_null(strstr(report.line[0], "at most 1048576 are allowed"));
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
    struct config c = good(AGENT "state_dir = \"$STATE_DIR\"\n" VENUE INSTRUMENT);
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
    config_explain(f, &KINDS);
    fclose(f);
    for (const struct section *const *s = SCHEMA; *s; s++)
        for (const struct key_spec *k = (*s)->keys; k->key; k++) {
            char key[64];
            snprintf(key, sizeof key, "\n  %s ", k->key);
            assert_non_null(strstr(text, key));
            assert_non_null(k->help);
        }
    for (const struct param_spec *p = PARAMS; p->key; p++) {
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
        cmocka_unit_test_teardown(config_agent_and_risk, cleanup),
        cmocka_unit_test_teardown(config_venues_and_instruments, cleanup),
        cmocka_unit_test_teardown(config_strategies, cleanup),
        cmocka_unit_test_teardown(config_defaults, cleanup),
        cmocka_unit_test_teardown(config_syntax_error_stands_alone, cleanup),
        cmocka_unit_test_teardown(config_unknown_keys, cleanup),
        cmocka_unit_test_teardown(config_secrets, cleanup),
        cmocka_unit_test_teardown(config_missing, cleanup),
        cmocka_unit_test_teardown(config_wrong_forms, cleanup),
        cmocka_unit_test_teardown(config_types, cleanup),
        cmocka_unit_test_teardown(config_decimals, cleanup),
        cmocka_unit_test_teardown(config_integers, cleanup),
        cmocka_unit_test_teardown(config_durations, cleanup),
        cmocka_unit_test_teardown(config_names, cleanup),
        cmocka_unit_test_teardown(config_urls, cleanup),
        cmocka_unit_test_teardown(config_paths, cleanup),
        cmocka_unit_test_teardown(config_duplicates, cleanup),
        cmocka_unit_test_teardown(config_references, cleanup),
        cmocka_unit_test_teardown(config_conversions, cleanup),
        cmocka_unit_test_teardown(config_balances, cleanup),
        cmocka_unit_test_teardown(config_budgets, cleanup),
        cmocka_unit_test_teardown(config_strategy_check, cleanup),
        cmocka_unit_test_teardown(config_risk_relations, cleanup),
        cmocka_unit_test_teardown(config_rules, cleanup),
        cmocka_unit_test_teardown(config_counts, cleanup),
        cmocka_unit_test_teardown(config_error_limit, cleanup),
        cmocka_unit_test_teardown(config_all_errors_in_order, cleanup),
        cmocka_unit_test_teardown(config_long_wrong_values, cleanup),
        cmocka_unit_test_teardown(config_files, cleanup),
        cmocka_unit_test_teardown(config_environment_is_ignored, cleanup),
        cmocka_unit_test_teardown(config_explains_every_key, cleanup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

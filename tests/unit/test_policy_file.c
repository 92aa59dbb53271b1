/* The policy for people: each key does what it says, errors are all named, and one policy has one
 * compiled form. */
#include "main/policy_file.h"
#include "main/policy_schema.h"
#include "main/policy_show.h"
#include "main/policy_warn.h"

#include "wires.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 INT64_C(1700000000000)

/* ---- a file of which single values are exchanged ---- */

static const struct {
    const char *key, *value;
} BASE[] = {
    {"version", "1"},
    {"key.label", "\"trade-1\""},
    {"key.network", "\"binance:mainnet\""},
    {"key.operations", "[\"order\", \"cancel\", \"cancel-replace\", \"cancel-all\", \"query\", "
                       "\"account\", \"stream\"]"},
    {"key.order_types",
     "[\"limit\", \"limit-maker\", \"market\", \"stop-loss-limit\", \"take-profit-limit\"]"},
    {"key.max_validity", "\"5s\""},
    {"key.max_clock_skew", "\"1s\""},
    {"key.max_orders_per_minute", "30"},
    {"key.replays", "1"},
    {"key.instrument.symbol", "\"BTC-USDT\""},
    {"key.instrument.price_floor", "\"100\""},
    {"key.instrument.price_ceiling", "\"100\""},
    {"key.instrument.max_base_per_order", "\"0.5\""},
    {"key.instrument.max_value_per_order", "\"50\""},
    {"key.instrument.max_base_per_hour", "\"0.5\""},
    {"key.instrument.max_value_per_hour", "\"50\""},
    {"key.instrument.max_base_per_day", "\"0.5\""},
    {"key.instrument.max_value_per_day", "\"50\""},
};
#define BASE_COUNT (sizeof BASE / sizeof *BASE)

/* The base file; [key] has [value] instead, or is left out where that is NULL. */
static const char *text_with(const char *key, const char *value)
{
    static char text[4096];
    const char *section = "";
    size_t n = 0;
    for (size_t i = 0; i < BASE_COUNT; i++) {
        const char *name = strrchr(BASE[i].key, '.');
        char in[32] = "";
        snprintf(in, sizeof in, "%.*s", (int)(name ? name - BASE[i].key : 0), BASE[i].key);
        if (strcmp(in, section) != 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "[[%s]]\n", in);
        section = name && strchr(in, '.') ? "key.instrument" : name ? "key" : "";
        bool exchanged = key && strcmp(key, BASE[i].key) == 0;
        if (!exchanged || value)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s = %s\n",
                                  name ? name + 1 : BASE[i].key, exchanged ? value : BASE[i].value);
    }
    return text;
}

static struct policy_file file;
static struct config_report report;

static enum err parse(const char *text)
{
    config_report_clear(&report);
    return policy_file_parse("p.toml", text, strlen(text), &file, &report);
}

static void good(const char *text)
{
    if (parse(text) != ERR_OK)
        fail_msg("%s\n%s", report.count ? report.line[0] : "?", text);
}

static int clear(void **state)
{
    (void)state;
    config_report_clear(&report);
    return 0;
}

/* ---- what each key does ---- */

static struct wire_request sign_order(void)
{
    struct wire_request q = limit_order(1);
    q.signing.timestamp_ms = T0;
    return q;
}

static struct wire_request order_of(enum wire_order_type type, enum wire_side side)
{
    struct wire_request q = sign_order();
    q.order.type = type;
    q.order.side = side;
    if (type == WIRE_LIMIT_MAKER || type == WIRE_MARKET)
        q.order.tif = WIRE_TIF_NONE;
    if (type == WIRE_STOP_LOSS_LIMIT || type == WIRE_TAKE_PROFIT_LIMIT)
        q.order.stop_price = q.order.price;
    if (type == WIRE_MARKET)
        q.order.price = DEC_ZERO;
    return q;
}

static struct wire_request maker(void)
{
    return order_of(WIRE_LIMIT_MAKER, WIRE_BUY);
}

static struct wire_request market(void)
{
    return order_of(WIRE_MARKET, WIRE_SELL);
}

static struct wire_request stop(void)
{
    return order_of(WIRE_STOP_LOSS_LIMIT, WIRE_SELL);
}

static struct wire_request take_profit(void)
{
    return order_of(WIRE_TAKE_PROFIT_LIMIT, WIRE_SELL);
}

static struct wire_request sell(void)
{
    return order_of(WIRE_LIMIT, WIRE_SELL);
}

static struct wire_request early(void)
{
    struct wire_request q = sign_order();
    q.signing.timestamp_ms += 1000;
    return q;
}

static struct wire_request of_type(enum wire_type type)
{
    struct wire_request q = sign_order();
    q.type = type;
    memcpy(q.cancel.symbol, q.order.symbol, sizeof q.cancel.symbol);
    memcpy(q.read.symbol, q.order.symbol, sizeof q.read.symbol);
    if (type != WIRE_SIGN_CANCEL_ALL)
        q.cancel.venue_order_id = q.read.from_id = 9;
    q.read.query = WIRE_QUERY_ORDER;
    return q;
}

static struct wire_request cancel(void)
{
    return of_type(WIRE_SIGN_CANCEL);
}

static struct wire_request cancel_all(void)
{
    return of_type(WIRE_SIGN_CANCEL_ALL);
}

/* What it replaces is not known: that far it comes where it is allowed. */
static struct wire_request replace(void)
{
    struct wire_request q = of_type(WIRE_SIGN_CANCEL_REPLACE);
    q.order.intent.order = 2;
    q.order.replaces = 1;
    return q;
}

static struct wire_request query(void)
{
    return of_type(WIRE_SIGN_QUERY);
}

static struct wire_request account(void)
{
    struct wire_request q = of_type(WIRE_SIGN_QUERY);
    q.read.query = WIRE_QUERY_ACCOUNT;
    q.read.symbol[0] = 0;
    q.read.from_id = 0;
    return q;
}

static struct wire_request stream(void)
{
    struct wire_request q = of_type(WIRE_SIGN_STREAM);
    q.signing.transport = WIRE_WEBSOCKET;
    return q;
}

static const char *reason(const struct wire_request *q)
{
    static struct policy_counters c;
    struct policy_spend ring[4];
    struct policy_subject key = {q->type == WIRE_SIGN_STREAM ? CLASS_STREAM : CLASS_TRADE,
                                 "binance:mainnet", false};
    struct policy_now now = {T0, 1};
    policy_counters_init(&c, ring, 4);
    return wire_reason_name(policy_check(&file.policy, &key, q, &c, now).reason);
}

static const struct {
    const char *key, *value;
    struct wire_request (*request)(void);
    const char *before, *after;
} MATTERS[] = {
    {"key.label", "\"trade-2\"", sign_order, "allowed", "policy-key"},
    {"key.network", "\"binance:testnet\"", sign_order, "allowed", "policy-network"},
    {"key.operations", "[\"cancel\"]", sign_order, "allowed", "policy-operation"},
    {"key.operations", "[\"order\"]", cancel, "allowed", "policy-operation"},
    {"key.operations", "[\"order\", \"cancel\"]", replace, "policy-replaces", "policy-operation"},
    {"key.operations", "[\"order\", \"cancel\"]", cancel_all, "allowed", "policy-operation"},
    {"key.operations", "[\"order\", \"cancel\", \"cancel-all\"]", query, "allowed",
     "policy-operation"},
    {"key.operations", "[\"query\"]", account, "allowed", "policy-operation"},
    {"key.operations", "[\"account\"]", stream, "allowed", "policy-operation"},
    {"key.order_types", "[\"market\"]", sign_order, "allowed", "policy-type"},
    {"key.order_types", "[\"limit\"]", maker, "allowed", "policy-type"},
    {"key.order_types", "[\"limit\"]", market, "allowed", "policy-market"},
    {"key.order_types", "[\"take-profit-limit\"]", stop, "allowed", "policy-type"},
    {"key.order_types", "[\"stop-loss-limit\"]", take_profit, "allowed", "policy-type"},
    {"key.max_validity", "\"4999ms\"", sign_order, "allowed", "policy-window"},
    {"key.max_clock_skew", "\"999ms\"", early, "allowed", "policy-early"},
    {"key.max_orders_per_minute", "0", sign_order, "allowed", "policy-rate"},
    {"key.replays", "2", sign_order, "allowed", "policy-hour-base"},
    {"key.instrument.symbol", "\"BTC-USDC\"", sign_order, "allowed", "policy-symbol"},
    {"key.instrument.price_floor", "\"100.000000000000000001\"", sell, "allowed", "policy-floor"},
    {"key.instrument.price_ceiling", "\"99.999999999999999999\"", sign_order, "allowed",
     "policy-ceiling"},
    {"key.instrument.max_base_per_order", "\"0.499999999999999999\"", sign_order, "allowed",
     "policy-order-base"},
    {"key.instrument.max_value_per_order", "\"49.999999999999999999\"", sign_order, "allowed",
     "policy-order-value"},
    {"key.instrument.max_base_per_hour", "\"0.499999999999999999\"", sign_order, "allowed",
     "policy-hour-base"},
    {"key.instrument.max_value_per_hour", "\"49.999999999999999999\"", sign_order, "allowed",
     "policy-hour-value"},
    {"key.instrument.max_base_per_day", "\"0.499999999999999999\"", sign_order, "allowed",
     "policy-day-base"},
    {"key.instrument.max_value_per_day", "\"49.999999999999999999\"", sign_order, "allowed",
     "policy-day-value"},
};

/* floor and ceiling are the same in the base: moving one past the other moves both. */
static const char *moved(const char *key, const char *value)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s", text_with(key, value));
    const char *other = strcmp(key, "key.instrument.price_floor") == 0 ? "price_ceiling = \"100\""
                        : strcmp(key, "key.instrument.price_ceiling") == 0 ? "price_floor = \"100\""
                                                                           : NULL;
    char *at = other ? strstr(text, other) : NULL;
    if (at)
        memcpy(strchr(at, '"') + 1, strstr(other, "floor") ? "001" : "999", 3);
    return text;
}

static void each_key_matters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MATTERS / sizeof *MATTERS; i++) {
        struct wire_request q = MATTERS[i].request();
        good(text_with(NULL, NULL));
        assert_string_equal(reason(&q), MATTERS[i].before);
        good(moved(MATTERS[i].key, MATTERS[i].value));
        if (strcmp(reason(&q), MATTERS[i].after) != 0)
            fail_msg("%s = %s: %s, not %s", MATTERS[i].key, MATTERS[i].value, reason(&q),
                     MATTERS[i].after);
    }
}

/* Whoever adds a key to the schema adds it to the table above. */
static void no_key_is_forgotten(void **state)
{
    (void)state;
    for (const struct section *const *s = POLICY_SCHEMA; *s; s++)
        for (const struct key_spec *k = (*s)->keys; k->key; k++) {
            char path[64];
            bool found = k->type == KEY_TABLE || strcmp(k->key, "version") == 0;
            snprintf(path, sizeof path, "%s.%s", (*s)->path, k->key);
            for (size_t i = 0; i < sizeof MATTERS / sizeof *MATTERS; i++)
                found = found || strcmp(MATTERS[i].key, path) == 0;
            if (!found)
                fail_msg("%s is in no test", path);
        }
}

static void defaults(void **state)
{
    (void)state;
    good("[[key]]\nlabel = \"a\"\nnetwork = \"n\"\noperations = [\"stream\"]\n");
    const struct policy_key *k = &file.policy.key[0];
    assert_int_equal(k->window_ms, 5000);
    assert_int_equal(k->skew_ms, 1000);
    assert_int_equal(k->rate, 0);
    assert_int_equal(k->replays, 1);
    assert_int_equal(k->ops, POLICY_STREAM);
    assert_int_equal(k->types, 0);
}

static void empty_allows_nothing(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"", "\n", "# nothing\n", "version = 1\n"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct wire_request q = sign_order();
        good(TEXTS[i]);
        assert_int_equal(file.policy.keys, 0);
        assert_int_equal(file.len, 8);
        assert_string_equal(reason(&q), "policy-key");
    }
}

/* ---- errors ---- */

static const struct {
    const char *key, *value, *line;
} WRONG[] = {
    {"version", "2", "p.toml:1:11: version: 2 is out of range; allowed: an integer from 1 to 1"},
    {"key.label", "\"Trade\"",
     "p.toml:3:9: key.label: \"Trade\" is not of the form that is needed; allowed: a name of 1 to "
     "32 characters a-z, 0-9, '-' and '_', the first a letter or digit"},
    {"key.label", NULL,
     "p.toml:2:1: key.label: is missing; needed: a name of 1 to 32 characters a-z, 0-9, '-' and "
     "'_', the first a letter or digit"},
    {"key.network", "\"binance:m\\u00e4innet\"",
     "p.toml:4:11: key.network: holds a character that is not printable ASCII; allowed: what the "
     "key store has, such as \"binance:mainnet\""},
    {"key.operations", "[\"order\", \"withdraw\"]",
     "p.toml:5:24: key.operations: \"withdraw\" is not known; allowed: \"order\", \"cancel\", "
     "\"cancel-replace\", \"cancel-all\", \"query\", \"account\" or \"stream\""},
    {"key.operations", "[\"order\", \"order\"]",
     "p.toml:5:24: key.operations: \"order\" is in the list already"},
    {"key.operations", "[]",
     "p.toml:5:14: key.operations: the list is empty; allowed: a list of 1 to 8, each \"order\", "
     "\"cancel\", \"cancel-replace\", \"cancel-all\", \"query\", \"account\" or \"stream\""},
    {"key.operations", "\"order\"",
     "p.toml:5:14: key.operations: is not a list; allowed: a list of 1 to 8, each \"order\", "
     "\"cancel\", \"cancel-replace\", \"cancel-all\", \"query\", \"account\" or \"stream\""},
    {"key.operations", NULL,
     "p.toml:2:1: key.operations: is missing; needed: a list of 1 to 8, each \"order\", "
     "\"cancel\", \"cancel-replace\", \"cancel-all\", \"query\", \"account\" or \"stream\""},
    {"key.order_types", NULL,
     "p.toml:2:1: key.order_types: is missing; needed where operations has \"order\" or "
     "\"cancel-replace\": a list such as [\"limit\", \"limit-maker\"]"},
    {"key.max_orders_per_minute", NULL,
     "p.toml:2:1: key.max_orders_per_minute: is missing; needed where operations has \"order\" or "
     "\"cancel-replace\": an integer from 0 to 6000"},
    {"key.replays", NULL,
     "p.toml:2:1: key.replays: is missing; needed where operations has \"order\" or "
     "\"cancel-replace\": an integer from 1 to 1000, how often one signed order may be filled by "
     "replay"},
    {"key.max_validity", "\"1500us\"",
     "p.toml:7:16: key.max_validity: is not a whole number of milliseconds; the signer counts no "
     "smaller ones"},
    {"key.max_clock_skew", "\"1ms500us\"",
     "p.toml:8:18: key.max_clock_skew: \"1ms500us\" is not a duration: a whole number and its "
     "unit; allowed: a duration from 0ms to 60s: a whole number and us, ms, s, m, h or d, such as "
     "\"15s\""},
    {"key.instrument.price_floor", "\"0\"",
     "p.toml:13:15: key.instrument.price_floor: \"0\" is out of range; allowed: a decimal greater "
     "than 0"},
    {"key.instrument.price_ceiling", "\"99\"",
     "p.toml:14:17: key.instrument.price_ceiling: is below price_floor; allowed: 100 or more"},
    {"key.instrument.price_ceiling", NULL,
     "p.toml:11:1: key.instrument.price_ceiling: is missing; needed: a decimal greater than 0"},
    {"key.instrument.max_base_per_order", "\"-1\"",
     "p.toml:15:22: key.instrument.max_base_per_order: \"-1\" is out of range; allowed: a decimal "
     "from 0"},
    {"key.instrument.max_base_per_order", "\"0.0000000000000000001\"", NULL},
    {"key.instrument.symbol", "\"BTCUSDT\"", NULL},
    {"key.max_validity", "\"60001ms\"", NULL},
    {"key.max_validity", "\"0ms\"", NULL},
    {"key.max_clock_skew", "\"60001ms\"", NULL},
    {"key.max_orders_per_minute", "6001", NULL},
    {"key.max_orders_per_minute", "-1", NULL},
    {"key.replays", "0", NULL},
    {"key.replays", "1001", NULL},
};

static void errors_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        if (parse(text_with(WRONG[i].key, WRONG[i].value)) != ERR_RANGE || report.count != 1)
            fail_msg("%s = %s: %zu errors", WRONG[i].key, WRONG[i].value ? WRONG[i].value : "",
                     report.count);
        if (WRONG[i].line)
            assert_string_equal(report.line[0], WRONG[i].line);
        else
            assert_non_null(strstr(report.line[0], WRONG[i].key));
    }
}

static void bounds_may_be_reached(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } GOOD[] = {{"key.max_validity", "\"1ms\""},          {"key.max_validity", "\"60s\""},
                {"key.max_clock_skew", "\"0ms\""},        {"key.max_clock_skew", "\"1m\""},
                {"key.max_orders_per_minute", "6000"},    {"key.replays", "1000"},
                {"key.instrument.max_base_per_day", "0"}, {"key.instrument.price_floor", "1e-18"}};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        good(text_with(GOOD[i].key, GOOD[i].value));
}

static void all_errors_at_once(void **state)
{
    (void)state;
    static const char TEXT[] = "version = 3\n"
                               "limits = 5\n"
                               "[[key]]\n"
                               "label = \"a\"\n"
                               "network = \"n\"\n"
                               "operations = [\"order\", \"sell\"]\n"
                               "replay = 4\n"
                               "api_key = \"zzz\"\n"
                               "[[key.instrument]]\n"
                               "symbol = \"BTC-USDT\"\n"
                               "price_floor = 5\n"
                               "price_celing = 4\n"
                               "[[key]]\n"
                               "label = \"a\"\n"
                               "network = \"n\"\n"
                               "operations = [\"stream\"]\n";
    static const char *const PARTS[] = {
        "p.toml:1:11: version: 3 is out of range",
        "p.toml:2:1: limits: unknown key; `tradewind policy check --explain`",
        "p.toml:6:24: key.operations: \"sell\" is not known",
        "p.toml:7:1: key.replay: unknown key; did you mean \"replays\"?",
        "p.toml:8:1: key.api_key: secrets cannot be given in this file",
        "p.toml:9:1: key.instrument.price_ceiling: is missing",
        "p.toml:9:1: key.instrument.max_base_per_order: is missing",
        "p.toml:12:1: key.instrument.price_celing: unknown key; did you mean \"price_ceiling\"?",
        "p.toml:14:9: key.label: \"a\" is given already, in line 3",
    };
    assert_int_equal(parse(TEXT), ERR_RANGE);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        bool found = false;
        for (size_t n = 0; n < report.count; n++) {
            found = found || strncmp(report.line[n], PARTS[i], strlen(PARTS[i])) == 0;
            assert_null(strstr(report.line[n], "zzz"));
        }
        if (!found)
            fail_msg("no line: %s", PARTS[i]);
    }
    assert_int_equal(parse("[[key]\n"), ERR_SYNTAX);
    assert_int_equal(report.count, 1);
    assert_int_equal(parse("key = 5\n"), ERR_RANGE);
    assert_non_null(strstr(report.line[0], "[[key]]"));
}

static const char *instrument_text(const char *symbol)
{
    static char text[512];
    snprintf(text, sizeof text,
             "[[key.instrument]]\nsymbol = \"%s\"\nprice_floor = 1\nprice_ceiling = 2\n"
             "max_base_per_order = 1\nmax_value_per_order = 1\nmax_base_per_hour = 1\n"
             "max_value_per_hour = 1\nmax_base_per_day = 1\nmax_value_per_day = 1\n",
             symbol);
    return text;
}

static const char *key_text(const char *label)
{
    static char text[256];
    snprintf(text, sizeof text,
             "[[key]]\nlabel = \"%s\"\nnetwork = \"n\"\noperations = [\"cancel\"]\n", label);
    return text;
}

static void same_symbols_are_refused(void **state)
{
    (void)state;
    char text[2048];
    snprintf(text, sizeof text, "%s", key_text("a"));
    snprintf(text + strlen(text), 1024, "%s", instrument_text("BTC-USDT"));
    size_t end = strlen(text);
    snprintf(text + end, 512, "%s", instrument_text("BTC-USDT"));
    assert_int_equal(parse(text), ERR_RANGE);
    assert_non_null(strstr(report.line[0], "\"BTC-USDT\" is given for this key already"));
    snprintf(text + end, 512, "%s", instrument_text("BTCU-SDT"));
    assert_int_equal(parse(text), ERR_RANGE);
    assert_non_null(strstr(report.line[0], "cannot tell it from \"BTC-USDT\""));
    snprintf(text + end, 512, "%s", key_text("b"));
    snprintf(text + strlen(text), 512, "%s", instrument_text("BTC-USDT"));
    good(text);
}

static void as_many_as_there_is_room_for(void **state)
{
    (void)state;
    static char text[200000];
    size_t n = 0;
    for (unsigned k = 0; k < POLICY_KEYS_MAX; k++) {
        char name[16];
        snprintf(name, sizeof name, "k%u", k);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", key_text(name));
        for (unsigned i = 0; i < POLICY_INSTRUMENTS_MAX / POLICY_KEYS_MAX; i++) {
            snprintf(name, sizeof name, "A%u-B", i);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", instrument_text(name));
        }
    }
    good(text);
    assert_int_equal(file.policy.keys, POLICY_KEYS_MAX);
    assert_int_equal(file.policy.instruments, POLICY_INSTRUMENTS_MAX);
    snprintf(text + n, sizeof text - n, "%s", instrument_text("C-B"));
    assert_int_equal(parse(text), ERR_RANGE);
    assert_int_equal(report.count, 1);
    assert_non_null(strstr(report.line[0], "too many: at most 128 are allowed"));
    snprintf(text + n, sizeof text - n, "%s", key_text("one-more"));
    assert_int_equal(parse(text), ERR_RANGE);
    assert_int_equal(report.count, 1);
    assert_non_null(strstr(report.line[0], "too many: at most 16 are allowed"));
}

/* ---- one form ---- */

static void order_and_notation_do_not_matter(void **state)
{
    (void)state;
    static const char A[] =
        "[[key]]\nlabel = \"b\"\nnetwork = \"n\"\noperations = [\"order\", \"cancel\"]\n"
        "order_types = [\"market\", \"limit\"]\nmax_validity = \"3s\"\n"
        "max_orders_per_minute = 5\nreplays = 7\n"
        "[[key.instrument]]\nsymbol = \"ETH-USDT\"\nprice_floor = \"1000\"\n"
        "price_ceiling = \"2000.50\"\nmax_base_per_order = \"1\"\nmax_value_per_order = \"2000\"\n"
        "max_base_per_hour = \"2\"\nmax_value_per_hour = \"4000\"\nmax_base_per_day = \"3\"\n"
        "max_value_per_day = \"6000\"\n"
        "[[key.instrument]]\nsymbol = \"BTC-USDT\"\nprice_floor = \"10000\"\n"
        "price_ceiling = \"20000\"\nmax_base_per_order = \"0.1\"\nmax_value_per_order = \"2000\"\n"
        "max_base_per_hour = \"0.2\"\nmax_value_per_hour = \"4000\"\nmax_base_per_day = \"0.3\"\n"
        "max_value_per_day = \"6000\"\n"
        "[[key]]\nlabel = \"a\"\nnetwork = \"n\"\noperations = [\"stream\"]\n";
    static const char B[] =
        "# the same\nversion = 1\n"
        "[[key]]\noperations = ['stream']\nnetwork = 'n'\nlabel = 'a'\nmax_validity = \"5000ms\"\n"
        "max_clock_skew = \"1000000us\"\nmax_orders_per_minute = 0\nreplays = 1\n"
        "[[key]]\nreplays = 0x7\nmax_orders_per_minute = 5\nmax_validity = \"3000ms\"\n"
        "order_types = [\n  \"limit\",\n  \"market\",\n]\noperations = [\"cancel\", \"order\"]\n"
        "network = \"n\"\nlabel = \"b\"\n"
        "instrument = [\n"
        "{symbol = \"BTC-USDT\", price_ceiling = 2e4, price_floor = 10_000, max_base_per_day = "
        "0.30, max_value_per_day = 6000.0, max_base_per_hour = 2e-1, max_value_per_hour = 4000, "
        "max_base_per_order = 0.1, max_value_per_order = \"2000.000\"},\n"
        "{symbol = \"ETH-USDT\", price_ceiling = \"2000.5\", price_floor = 1000, max_base_per_day "
        "= 3, max_value_per_day = 6000, max_base_per_hour = 2, max_value_per_hour = 4000, "
        "max_base_per_order = 1, max_value_per_order = 2000},\n]\n";
    static struct policy_file first;
    good(A);
    first = file;
    good(B);
    assert_int_equal(first.len, file.len);
    assert_memory_equal(first.bytes, file.bytes, file.len);
    assert_string_equal(file.policy.key[0].label, "a");
    assert_string_equal(file.policy.instrument[0].symbol, "BTC-USDT");
    struct policy back;
    assert_int_equal(policy_decode(file.bytes, file.len, &back), ERR_OK);
    assert_memory_equal(&back, &file.policy, sizeof back);
}

/* ---- warnings ---- */

static struct policy_warnings warnings;

static bool warns(const char *part)
{
    policy_warn(&file.policy, &warnings);
    for (uint32_t i = 0; i < warnings.count; i++)
        if (strstr(warnings.text[i], part))
            return true;
    return false;
}

static void dangers_are_said(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *part; /* said of this one, not of the other */
        const char *other;
    } ROWS[] = {
        {"key.order_types", "[\"limit\", \"market\"]", "market orders are allowed", "[\"limit\"]"},
        {"key.replays", "1", "replays = 1 says", "2"},
        {"key.max_validity", "\"5001ms\"", "max_validity is above 5 s", "\"5s\""},
        {"key.max_clock_skew", "\"2001ms\"", "max_clock_skew is above 2 s", "\"2s\""},
        {"key.max_orders_per_minute", "0", "none a minute", "1"},
        {"key.operations", "[\"order\", \"stream\"]", "no key can do both", "[\"order\"]"},
        {"key.operations", "[\"order\", \"account\"]", "bare timestamp", "[\"order\"]"},
        {"key.operations", "[\"order\", \"cancel\", \"query\"]", "query without cancel",
         "[\"order\", \"cancel\", \"cancel-all\", \"query\"]"},
        {"key.operations", "[\"stream\"]", "allow no order", "[\"order\"]"},
        {"key.instrument.price_floor", "\"9.999\"", "more than 10 times", "\"10\""},
        {"key.instrument.max_base_per_hour", "\"0.49\"",
         "no order can have the largest base: it counts 1 times (replays) and an hour allows 0.49; "
         "the largest that fits is 0.49",
         "\"0.5\""},
        {"key.instrument.max_value_per_day", "\"49\"", "and a day allows 49", "\"50\""},
        {"key.instrument.max_value_per_hour", "\"49\"", "and an hour allows 49", "\"50\""},
        {"key.instrument.max_base_per_day", "\"0.4\"", "and a day allows 0.4", "\"0.5\""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        good(text_with(ROWS[i].key, ROWS[i].value));
        if (!warns(ROWS[i].part))
            fail_msg("%s = %s: no warning", ROWS[i].key, ROWS[i].value);
        good(text_with(ROWS[i].key, ROWS[i].other));
        if (warns(ROWS[i].part))
            fail_msg("%s = %s: a warning", ROWS[i].key, ROWS[i].other);
    }
    good("[[key]]\nlabel = \"a\"\nnetwork = \"n\"\noperations = [\"cancel\"]\n");
    assert_true(warns("has no instrument"));
}

/* ---- the worst day ---- */

static void the_most(void **state)
{
    (void)state;
    struct policy_key k = {.ops = POLICY_ORDER, .types = 1u << WIRE_LIMIT, .rate = 1, .replays = 4};
    struct policy_instrument i = {.floor = dec_lit("60"),
                                  .ceiling = dec_lit("100"),
                                  .order_base = dec_lit("2"),
                                  .order_value = dec_lit("150"),
                                  .hour_base = dec_lit("5"),
                                  .hour_value = dec_lit("700"),
                                  .day_base = dec_lit("10"),
                                  .day_value = dec_lit("900")};
    struct policy_most m = policy_most(&k, &i);
    assert_true(dec_eq(m.order, dec_lit("125"))); /* of an hour's 500, 4 times */
    assert_true(dec_eq(m.hour, dec_lit("500")));
    assert_true(dec_eq(m.day, dec_lit("900")));
    assert_true(dec_eq(m.lost, dec_lit("360"))); /* 9 at 100 that are worth 60 */
    k.replays = 1;
    assert_true(dec_eq(policy_most(&k, &i).order, dec_lit("150")));
    k.types |= 1u << WIRE_MARKET;
    assert_true(dec_eq(policy_most(&k, &i).lost, dec_lit("900")));
    k.rate = 0;
    assert_true(dec_is_zero(policy_most(&k, &i).day));
    k.rate = 1;
    i.ceiling = i.day_base = DEC_MAX; /* no number holds their product */
    assert_true(dec_eq(policy_most(&k, &i).day, dec_lit("900")));
}

static void examples_are_good(void **state)
{
    (void)state;
    static const char *const FILES[] = {"config/examples/policy/spot.toml",
                                        "config/examples/policy/market.toml",
                                        "config/examples/policy/stop-only.toml"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        config_report_clear(&report);
        if (policy_file_load(FILES[i], &file, &report) != ERR_OK)
            fail_msg("%s", report.count ? report.line[0] : FILES[i]);
        assert_true(file.policy.keys > 0);
        assert_true(warns("market orders are allowed") == (i == 1));
        assert_int_equal(warnings.count, i == 1 ? 1 : 0);
    }
}

static void compiled_files_are_read(void **state)
{
    (void)state;
    char path[] = "/tmp/tw-policy-file-XXXXXX";
    int fd = mkstemp(path);
    FILE *out = fdopen(fd, "wb");
    good(text_with(NULL, NULL));
    static struct policy_file written;
    written = file;
    assert_non_null(out);
    assert_int_equal(fwrite(written.bytes, 1, written.len, out), written.len);
    assert_int_equal(fclose(out), 0);
    config_report_clear(&report);
    assert_int_equal(policy_file_load(path, &file, &report), ERR_OK);
    assert_memory_equal(&file.policy, &written.policy, sizeof written.policy);
    out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(written.bytes, 1, written.len - 1, out), written.len - 1);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(policy_file_load(path, &file, &report), ERR_SYNTAX);
    assert_non_null(strstr(report.line[0], "was changed or cut"));
    (void)remove(path);
    config_report_clear(&report);
    assert_int_equal(policy_file_load(path, &file, &report), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_key_matters, clear),
        cmocka_unit_test_teardown(no_key_is_forgotten, clear),
        cmocka_unit_test_teardown(defaults, clear),
        cmocka_unit_test_teardown(empty_allows_nothing, clear),
        cmocka_unit_test_teardown(errors_are_named, clear),
        cmocka_unit_test_teardown(bounds_may_be_reached, clear),
        cmocka_unit_test_teardown(all_errors_at_once, clear),
        cmocka_unit_test_teardown(same_symbols_are_refused, clear),
        cmocka_unit_test_teardown(as_many_as_there_is_room_for, clear),
        cmocka_unit_test_teardown(order_and_notation_do_not_matter, clear),
        cmocka_unit_test_teardown(dangers_are_said, clear),
        cmocka_unit_test_teardown(the_most, clear),
        cmocka_unit_test_teardown(examples_are_good, clear),
        cmocka_unit_test_teardown(compiled_files_are_read, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

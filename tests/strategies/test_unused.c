/* Nothing that a configuration gives is ignored in silence: a parameter that the others leave
 * without use is refused by name, with what it would need, and taken with that. */
#include "config/config.h"
#include "strategies/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* [given] without [needs] is refused, the same with it is taken; [never]: what does not help. */
static const struct unused_case {
    const char *kind, *given, *needs, *never;
} CASES[] = {
    {"momentum", "fast = 5", "entry = \"ema_cross\"", "entry = \"macd\""},
    {"momentum", "slow = 50", "filter_ema_cross = true\nentry = \"rsi\"", "entry = \"rsi\""},
    {"momentum", "macd_fast = 5", "entry = \"macd\"", "filter_rsi_min = \"5\""},
    {"momentum", "macd_slow = 50", "filter_macd = true", "entry = \"adx\""},
    {"momentum", "macd_signal = 5", "filter_macd = false", ""},
    {"momentum", "rsi_periods = 5", "filter_rsi_min = \"5\"", "entry = \"adx\""},
    {"momentum", "rsi_periods = 14", "filter_rsi_max = \"50\"", ""}, /* its default */
    {"momentum", "rsi_entry = \"20\"", "entry = \"rsi\"", "filter_rsi_min = \"5\""},
    {"momentum", "rsi_exit = \"80\"", "entry = \"rsi\"", "filter_rsi_min = \"5\""},
    {"momentum", "rsi_exit = \"80\"", "entry = \"rsi\"",
     "entry = \"rsi\"\nexit_signal = false\nstop_loss = \"0.1\""},
    {"momentum", "bollinger_periods = 5", "filter_bollinger_min = \"0.1\"", ""},
    {"momentum", "bollinger_width = \"3\"", "filter_bollinger_max = \"0.9\"", "entry = \"adx\""},
    {"momentum", "bollinger_entry = \"breakout\"", "entry = \"bollinger\"",
     "filter_bollinger_max = \"0.9\""},
    {"momentum", "supertrend_periods = 5", "entry = \"supertrend\"", ""},
    {"momentum", "supertrend_width = \"2\"", "filter_supertrend = true", "filter_macd = true"},
    {"momentum", "adx_periods = 5", "filter_adx_min = \"9\"", ""},
    {"momentum", "adx_min = \"20\"", "entry = \"adx\"", "filter_adx_min = \"9\""},
    {"momentum", "trailing_activation = \"0\"", "trailing_stop = \"0.1\"", "stop_loss = \"0.1\""},
    {"momentum", "atr_periods = 5", "risk_amount = \"20\"", "stop_loss = \"0.1\""},
    {"momentum", "atr_periods = 5", "atr_stop = false", ""},
    {"momentum", "atr_multiple = \"3\"", "atr_stop = true", "atr_stop = false"},
    {"momentum", "limit_offset = \"0\"", "entry_order = \"limit\"", ""},
    {"momentum", "tif = \"ioc\"", "exit_order = \"limit\"", ""},
    {"momentum", "post_only = false", "exit_order = \"limit\"", ""},
    {"momentum", "unfilled_timeout = \"5m\"", "exit_order = \"limit\"",
     "exit_order = \"limit\"\ntif = \"fok\""},
    {"momentum", "reprices = 5", "entry_order = \"limit\"", ""},
    {"grid", "slippage = \"0.01\"", "initial_order = \"market\"", ""},
    {"grid", "slippage = \"0.01\"", "on_exit = \"close\"", "max_open = 2"},
    {"grid", "slippage = \"0.01\"", "stop_loss = \"40000\"", ""},
    {"grid", "slippage = \"0.01\"", "take_profit = \"90000\"", ""},
    {"grid", "reprice = true", "post_only = true", "post_only = false"},
    {"dca", "tif = \"gtc\"", "order_type = \"limit\"", ""},
    {"arbitrage", "rate_cost = \"0\"", NULL, "failure = \"unwind\""},
    {"arbitrage", "max_age_rate = \"1s\"", NULL, "max_age = \"2s\""},
    {"arbitrage", "fallback = \"hold\"", "failure = \"hedge\"", "failure = \"unwind\""},
    {"arbitrage", "unwind_market = false", "fallback = \"unwind\"", "failure = \"hold\""},
    {"arbitrage", "max_loss = \"0.01\"", "failure = \"unwind\"",
     "failure = \"unwind\"\nunwind_market = true"},
    {"arbitrage", "retry = \"2s\"", "failure = \"unwind\"", "failure = \"hold\""},
    {"triangular", "investment_step = \"5\"", "investment_min = \"10\"", ""},
    {"triangular", "unwind_deadline = \"5s\"", "stranded = \"unwind\"", "stranded = \"hold\""},
    {"triangular", "unwind_slippage = \"0.01\"", "", "stranded = \"hold\""},
    {"triangular", "cycle_interval = \"1h\"", "max_cycles = 5", ""},
};

static const char *base_of(const char *kind)
{
    if (strcmp(kind, "momentum") == 0)
        return "instrument = \"BTC-USDT@a\"\ntimeframe = \"1m\"\namount = \"100\"\n";
    if (strcmp(kind, "grid") == 0)
        return "instrument = \"BTC-USDT@a\"\nlower = \"50000\"\nupper = \"60000\"\nlevels = 5\n"
               "size = \"0.01\"\n";
    if (strcmp(kind, "dca") == 0)
        return "instrument = \"BTC-USDT@a\"\ninterval = \"1h\"\namount = \"100\"\n";
    if (strcmp(kind, "arbitrage") == 0)
        return "instrument = \"BTC-USDT@a\"\nother = \"BTC-USDT@b\"\nsize = \"0.1\"\n";
    return "first = \"BTC-USDT@a\"\nsecond = \"ETH-USDT\"\nthird = \"ETH-BTC\"\n"
           "investment_max = \"100\"\n";
}

static bool journaled;

/* The first error into why[512], "" where there is none. */
static enum err read(const char *kind, const char *lines, const char *more, char *why)
{
    static const char *const VENUES[] = {"binance-spot", NULL};
    const struct config_kinds kinds = {
        .strategies = strategy_registry, .venues = VENUES, .journaled = journaled};
    static const struct {
        const char *symbol, *venue;
    } IN[] = {{"BTC-USDT", "a"}, {"ETH-USDT", "a"}, {"ETH-BTC", "a"}, {"BTC-USDT", "b"}};
    static char text[8192];
    int n = snprintf(text, sizeof text,
                     "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\n[risk]\n"
                     "max_order_value = \"5000\"\nmax_position_value = \"100000\"\n"
                     "max_gross_exposure = \"100000\"\n");
    for (int k = 0; k < 2; k++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "[[venue]]\nname = \"%c\"\nkind = \"binance-spot\"\nmaker_fee = \"0.001\"\n"
                      "taker_fee = \"0.001\"\n[venue.paper]\nbalances = { USDT = \"10000\" }\n",
                      'a' + k);
    for (size_t k = 0; k < sizeof IN / sizeof IN[0]; k++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "[[instrument]]\nsymbol = \"%s\"\nvenue = \"%s\"\ntick_size = \"0.01\"\n"
                      "lot_size = \"0.0001\"\nmin_qty = \"0.0001\"\nmin_notional = \"5\"\n",
                      IN[k].symbol, IN[k].venue);
    snprintf(text + n, sizeof text - (size_t)n,
             "[[strategy]]\nname = \"s\"\nkind = \"%s\"\nbudget = \"1000\"\n%s%s\n%s\n", kind,
             base_of(kind), lines, more);
    struct config c;
    struct config_report report = {0};
    enum err e = config_parse(&c, "test", ".", text, strlen(text), &kinds, &report);
    snprintf(why, 512, "%s", e && report.count ? report.line[0] : "");
    config_report_clear(&report);
    if (e == ERR_OK)
        config_close(&c);
    return e;
}

static void what_has_no_use_is_refused_by_name(void **state)
{
    (void)state;
    char why[512], start[96];
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++) {
        const struct unused_case *u = &CASES[k];
        snprintf(start, sizeof start, "strategy.%.*s: ", (int)strcspn(u->given, " "), u->given);
        if (read(u->kind, u->given, u->never, why) != ERR_RANGE || !strstr(why, start))
            fail_msg("%s with %s and \"%s\": %s", u->kind, u->given, u->never, why);
        if (u->needs && read(u->kind, u->given, u->needs, why) != ERR_OK)
            fail_msg("%s with %s and \"%s\": %s", u->kind, u->given, u->needs, why);
    }
}

/* What is not given has its default, whether that is used or not. */
static void defaults_are_not_given(void **state)
{
    (void)state;
    char why[512];
    static const char *const LINES[][2] = {{"momentum", "entry = \"adx\""},
                                           {"momentum", "entry = \"rsi\"\nexit_signal = false\n"
                                                        "stop_loss = \"0.1\"\nrsi_entry = \"80\""},
                                           {"grid", "post_only = false"},
                                           {"arbitrage", "failure = \"hold\""},
                                           {"triangular", "stranded = \"hold\""}};
    for (size_t k = 0; k < sizeof LINES / sizeof LINES[0]; k++)
        if (read(LINES[k][0], LINES[k][1], "", why) != ERR_OK)
            fail_msg("%s: %s", LINES[k][1], why);
}

/* A journal that an earlier build began goes on and replays. */
static void what_a_journal_holds_was_taken_once(void **state)
{
    (void)state;
    char why[512];
    journaled = true;
    enum err e = read("momentum", "adx_min = \"20\"", "", why);
    journaled = false;
    if (e)
        fail_msg("%s", why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_no_use_is_refused_by_name),
        cmocka_unit_test(defaults_are_not_given),
        cmocka_unit_test(what_a_journal_holds_was_taken_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("unused parameters", tests, NULL, NULL);
}

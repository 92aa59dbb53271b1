#include "property_draws.h"

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A text that grows. */
struct text {
    char *at;
    size_t len, cap;
    size_t strategy; /* where the strategy's block begins */
    struct rng *r;
    bool plain;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(t->at + t->len, t->cap - t->len, format, ap);
    va_end(ap);
    assert_true(n >= 0 && t->len + (size_t)n < t->cap);
    t->len += (size_t)n;
}

static uint64_t below(struct text *t, uint64_t n)
{
    return rng_below(t->r, n);
}

static int64_t between(struct text *t, int64_t low, int64_t high)
{
    return low + (int64_t)below(t, (uint64_t)(high - low + 1));
}

static bool maybe(struct text *t, unsigned percent)
{
    return below(t, 100) < percent;
}

/* ---- what a parameter may be ---- */

/* Decimals: [low] to [high] units of 10^-[places]; durations: milliseconds; integers as they are.
 * [percent]: how often an optional one is given. [unplain]: never in plain draws. */
struct hint {
    const char *kind; /* NULL: any */
    const char *key;
    int64_t low, high;
    int places;
    unsigned percent;
    bool unplain;
    const char
        *gate; /* only where the strategy's block so far has this line, or with '!' has not */
};

#define SECONDS(a, b) (a) * 1000ll, (b)*1000ll, 0

#define SAFETY    "mode = \"safety\""
#define SCHEDULED "!mode = \"safety\""
#define LIMIT     "order_type = \"limit\""

static const struct hint HINTS[] = {
    {"grid", "lower", 50000, 59000, 0, 100, false, NULL},
    {"grid", "upper", 59500, 75000, 0, 100, false, NULL},
    {"grid", "levels", 2, 40, 0, 75, false, NULL},
    {"grid", "step", 10, 400, 4, 100, false, "!levels = "},
    {"grid", "size", 1, 30, 3, 50, false, NULL},
    {"grid", "amount", 6, 500, 0, 60, false, "!size = "},
    {"grid", "investment", 100, 9000, 0, 70, false, "!amount = "},
    {"grid", "slippage", 0, 500, 4, 50, false, NULL},
    {"grid", "trigger", 58000, 62000, 0, 20, false, NULL},
    {"grid", "stop_loss", 48000, 59000, 0, 25, false, NULL},
    {"grid", "take_profit", 61000, 80000, 0, 25, false, NULL},
    {"grid", "trail_up_to", 75000, 90000, 0, 40, false, "on_exit = \"trail\""},
    {"grid", "trail_down_to", 40000, 50000, 0, 40, false, "on_exit = \"trail\""},
    /* counts orders: with a level in two parts, as after a partial fill, there are fewer levels */
    {"grid", "max_open", 1, 12, 0, 30, true, NULL},
    /* where a repriced order lies is decided by the price at the second at which it is asked for */
    {"grid", "reprice", 0, 0, 0, 35, true, NULL},
    {"grid", "min_profit", -100, 20, 4, 60, false, NULL},
    {"dca", "interval", SECONDS(60, 20000), 50, false, "!every = "},
    {"dca", "amount", 5, 500, 0, 100, false, NULL},
    {"dca", "price_ceiling", 58000, 64000, 0, 30, false, NULL},
    {"dca", "price_floor", 54000, 60000, 0, 20, false, NULL},
    {"dca", "total", 100, 5000, 0, 30, false, SCHEDULED},
    {"dca", "start_price", 58000, 62000, 0, 20, false, NULL},
    {"dca", "at", SECONDS(0, 86399), 50, false, "every = "},
    {"dca", "monthday", 1, 31, 0, 50, false, "every = \"month\""},
    {"dca", "missed_after", SECONDS(1, 3600), 30, true, "missed = \"skip\""},
    {"dca", "average_candles", 1, 20, 0, 50, false, "average = "},
    {"dca", "average_timeframe", SECONDS(10, 1000), 80, false, "average = "},
    {"dca", "per_percent", 1, 200, 2, 60, false, "average = "},
    {"dca", "min_multiple", 0, 100, 2, 40, false, "average = "},
    {"dca", "max_multiple", 100, 500, 2, 40, false, "average = "},
    {"dca", "safety_amount", 5, 300, 0, 70, false, SAFETY},
    {"dca", "safety_count", 0, 12, 0, 70, false, SAFETY},
    {"dca", "deviation", 1, 200, 4, 70, false, SAFETY},
    {"dca", "volume_scale", 80, 160, 2, 50, false, SAFETY},
    {"dca", "step_scale", 80, 160, 2, 50, false, SAFETY},
    {"dca", "active_count", 1, 6, 0, 50, false, SAFETY},
    {"dca", "take_profit", 10, 300, 4, 90, false, SAFETY},
    {"dca", "take_profit_share", 5, 5, 1, 30, false, SAFETY},
    {"dca", "trailing", 5, 100, 4, 40, false, SAFETY},
    {"dca", "stop_timeout", SECONDS(0, 600), 30, true, "stop_loss = "},
    {"dca", "max_deals", 1, 20, 0, 20, false, SAFETY},
    {"dca", "deal_timeout", SECONDS(300, 40000), 30, true, SAFETY},

    {"momentum", "timeframe", SECONDS(30, 900), 100, false, NULL},
    {"momentum", "fast", 1, 5, 0, 70, false, NULL},
    {"momentum", "slow", 3, 12, 0, 70, false, NULL},
    {"momentum", "amount", 5, 2000, 0, 100, false, NULL},
    {"momentum", "macd_fast", 1, 5, 0, 100, false, NULL},
    {"momentum", "macd_slow", 3, 10, 0, 100, false, NULL},
    {"momentum", "macd_signal", 1, 5, 0, 100, false, NULL},
    {"momentum", "rsi_periods", 2, 8, 0, 100, false, NULL},
    {"momentum", "rsi_entry", 10, 60, 0, 60, false, NULL},
    {"momentum", "rsi_exit", 40, 90, 0, 60, false, NULL},
    {"momentum", "bollinger_periods", 2, 10, 0, 100, false, NULL},
    {"momentum", "bollinger_width", 5, 25, 1, 80, false, NULL},
    {"momentum", "supertrend_periods", 1, 8, 0, 100, false, NULL},
    {"momentum", "supertrend_width", 5, 30, 1, 80, false, NULL},
    {"momentum", "adx_periods", 2, 6, 0, 100, false, NULL},
    {"momentum", "adx_min", 5, 40, 0, 80, false, NULL},
    {"momentum", "filter_rsi_min", 0, 50, 0, 10, false, NULL},
    {"momentum", "filter_rsi_max", 50, 100, 0, 10, false, NULL},
    {"momentum", "filter_bollinger_min", 0, 50, 2, 10, false, NULL},
    {"momentum", "filter_bollinger_max", 50, 120, 2, 10, false, NULL},
    {"momentum", "filter_adx_min", 0, 30, 0, 10, false, NULL},
    {"momentum", "filter_ema", 1, 12, 0, 10, false, NULL},
    {"momentum", "take_profit", 5, 300, 4, 40, false, NULL},
    {"momentum", "trailing_stop", 10, 300, 4, 40, false, NULL},
    {"momentum", "trailing_activation", 5, 200, 4, 40, false, "trailing_stop = "},
    {"momentum", "time_limit", SECONDS(60, 7200), 30, true, NULL},
    {"momentum", "return_after", SECONDS(0, 3600), 25, true, NULL},
    {"momentum", "return_min", 0, 200, 4, 100, true, "return_after = "},
    {"momentum", "risk_amount", 1, 100, 0, 30, false, NULL},
    {"momentum", "atr_periods", 1, 6, 0, 100, false, NULL},
    {"momentum", "atr_multiple", 5, 40, 1, 80, false, NULL},
    {"momentum", "reprices", 0, 4, 0, 60, false, NULL},

    {"triangular", "investment_min", 10, 500, 0, 60, false, NULL},
    {"triangular", "investment_max", 100, 3000, 0, 100, false, NULL},
    {"triangular", "investment_step", 20, 300, 0, 40, false, "investment_min = "},
    {"triangular", "min_profit", 0, 20, 4, 90, false, NULL},
    {"triangular", "max_age", SECONDS(600, 3600), 100, false, NULL},
    {"triangular", "levels", 1, 5, 0, 50, false, NULL},
    {"triangular", "unwind_deadline", SECONDS(1, 600), 80, false, NULL},
    {"triangular", "unwind_slippage", 0, 50, 4, 80, false, NULL},
    {"triangular", "max_stranded", 0, 500, 0, 40, false, NULL},
    {"triangular", "max_cycles", 1, 50, 0, 30, false, NULL},
    {"triangular", "cycle_interval", SECONDS(60, 7200), 50, false, NULL},

    {"arbitrage", "min_profit", 0, 40, 4, 100, false, NULL},
    {"arbitrage", "rate_cost", 0, 10, 4, 10, false, NULL},
    {"arbitrage", "size", 1, 300, 3, 100, false, NULL},
    {"arbitrage", "min_size", 1, 20, 3, 20, false, NULL},
    {"arbitrage", "slippage", 0, 40, 4, 70, false, NULL},
    {"arbitrage", "slippage_other", 0, 40, 4, 30, false, NULL},
    {"arbitrage", "max_age", SECONDS(60, 7200), 90, false, NULL},
    {"arbitrage", "max_age_other", SECONDS(60, 7200), 30, false, NULL},
    {"arbitrage", "max_age_rate", SECONDS(60, 7200), 10, false, NULL},
    {"arbitrage", "max_loss", 0, 300, 4, 70, false, NULL},
    {"arbitrage", "retry", SECONDS(1, 300), 50, false, NULL},
    {"arbitrage", "deadline", SECONDS(1, 3600), 70, false, NULL},
    {"arbitrage", "max_imbalance", 0, 500, 3, 30, false, NULL},
    {"arbitrage", "max_stranded", 0, 999, 3, 60, false, NULL},
    {"arbitrage", "cooldown", SECONDS(0, 60), 50, false, NULL},
    {"arbitrage", "max_open", 1, 8, 0, 50, false, NULL},
    {"arbitrage", "max_trades_day", 1, 50, 0, 20, false, NULL},

    {"dca", "stop_loss", 10, 1000, 4, 35, false, SAFETY},
    {"dca", "limit_offset", 0, 50, 4, 50, false, LIMIT},
    {"dca", "unfilled_timeout", SECONDS(5, 3000), 50, true, LIMIT},
    {"dca", "cooldown", SECONDS(0, 1800), 40, true, SAFETY},
    {"grid", "initial_order", 0, 0, 0, 40, true, NULL},
    /* choices and switches that need something else */
    {"dca", "order_type", 0, 0, 0, 35, true, NULL},
    {"dca", "tif", 0, 0, 0, 35, true, LIMIT},
    {"dca", "post_only", 0, 0, 0, 35, true, LIMIT},
    {"dca", "on_timeout", 0, 0, 0, 30, true, LIMIT},
    {"dca", "every", 0, 0, 0, 30, true, SCHEDULED},
    {"dca", "weekday", 0, 0, 0, 50, true, "every = \"week\""},
    {"dca", "missed", 0, 0, 0, 35, true, SCHEDULED},
    {"dca", "average", 0, 0, 0, 35, false, SCHEDULED},
    {"dca", "stop_to_break_even", 0, 0, 0, 35, false, SAFETY},
    {"dca", "allow_underfunded", 0, 0, 0, 50, false, SAFETY},
    {"momentum", "entry_order", 0, 0, 0, 35, true, NULL},
    {"momentum", "exit_order", 0, 0, 0, 35, true, NULL},
    {NULL, "stop_loss", 10, 1000, 4, 35, false, NULL},
    {NULL, "limit_offset", 0, 50, 4, 50, false, NULL},
    {NULL, "unfilled_timeout", SECONDS(5, 3000), 50, true, NULL},
    {NULL, "cooldown", SECONDS(0, 1800), 40, true, NULL},
};

static const struct hint *hint_of(const char *kind, const char *key, bool needed)
{
    for (size_t k = 0; k < sizeof HINTS / sizeof HINTS[0]; k++)
        if (strcmp(HINTS[k].key, key) == 0 && (!HINTS[k].kind || strcmp(HINTS[k].kind, kind) == 0))
            return &HINTS[k];
    if (!needed)
        return NULL;
    print_message("%s.%s: no draw for this parameter; add one to %s\n", kind, key, __FILE__);
    fail();
    return NULL;
}

static void put_decimal(struct text *t, const struct hint *h)
{
    int64_t v = between(t, h->low, h->high), unit = 1;
    for (int i = 0; i < h->places; i++)
        unit *= 10;
    const char *sign = v < 0 ? "-" : "";
    v = v < 0 ? -v : v;
    if (h->places == 0)
        put(t, "\"%s%lld\"", sign, (long long)v);
    else
        put(t, "\"%s%lld.%0*lld\"", sign, (long long)(v / unit), h->places, (long long)(v % unit));
}

static void put_choice(struct text *t, const char *choices)
{
    unsigned count = 1;
    for (const char *p = choices; *p; p++)
        count += *p == '|';
    for (uint64_t skip = below(t, count); skip > 0; skip--)
        choices = strchr(choices, '|') + 1;
    put(t, "\"%.*s\"", (int)strcspn(choices, "|"), choices);
}

/* Rising, as most lists have to be; for two lists of one draw the same length, by the seed. */
static void put_list(struct text *t, const struct hint *h, bool durations, unsigned count)
{
    int64_t v = h->low;
    put(t, "[");
    for (unsigned k = 0; k < count; k++) {
        struct hint one = *h;
        if (h->high > h->low) {
            v += between(t, 1, (h->high - h->low) / 4);
            one.low = one.high = v;
        }
        put(t, k ? ", " : "");
        if (durations)
            put(t, "\"%lldms\"", (long long)one.low);
        else
            put_decimal(t, &one);
    }
    put(t, "]");
}

static bool passes(const struct text *t, const struct hint *h)
{
    if (!h->gate)
        return true;
    bool wanted = h->gate[0] != '!';
    return (strstr(t->at + t->strategy, h->gate + !wanted) != NULL) == wanted;
}

/* Switches and choices first: what else may be given depends on them. */
static bool is_switch(const struct param_spec *p)
{
    return p->type == PARAM_BOOL || p->type == PARAM_CHOICE;
}

static void put_param(struct text *t, const char *kind, const struct param_spec *p, unsigned count)
{
    bool required = (p->flags & PARAM_REQUIRED) != 0;
    const struct hint *h = hint_of(kind, p->key, !is_switch(p));
    unsigned percent = h ? h->percent : 35;
    if (!required && ((h && ((t->plain && h->unplain) || !passes(t, h))) || !maybe(t, percent)))
        return;
    put(t, "%s = ", p->key);
    switch (p->type) {
    case PARAM_BOOL: put(t, maybe(t, 50) ? "true" : "false"); break;
    case PARAM_CHOICE: put_choice(t, p->choices); break;
    case PARAM_DECIMAL: put_decimal(t, h); break;
    case PARAM_INTEGER: put(t, "%lld", (long long)between(t, h->low, h->high)); break;
    case PARAM_DURATION: put(t, "\"%lldms\"", (long long)between(t, h->low, h->high)); break;
    case PARAM_DECIMALS: put_list(t, h, false, count); break;
    case PARAM_DURATIONS: put_list(t, h, true, count); break;
    case PARAM_INSTRUMENT: break;
    }
    put(t, "\n");
}

/* ---- markets ---- */

static void put_head(struct text *t)
{
    put(t,
        "[agent]\nname = \"property\"\nmode = \"paper\"\nquote = \"USDT\"\nseed = %llu\n"
        "[risk]\nmax_order_value = \"100000\"\nmax_position_value = \"100000\"\n"
        "max_gross_exposure = \"100000\"\nprice_collar = \"0.2\"\ndaily_loss = \"90000\"\n"
        "max_drawdown = \"0.99\"\nmax_open_orders = 500\nmax_messages = 100000\n"
        "message_interval = \"100ms\"\nmax_reference_age = \"1d\"\n",
        (unsigned long long)below(t, 1000));
}

static void put_venue(struct text *t, const char *name, const char *balances)
{
    static const char *const FEES[] = {"0", "0.0002", "0.001", "0.004"};
    const char *maker = t->plain ? "0" : FEES[below(t, 4)];
    const char *taker = t->plain ? "0" : FEES[1 + below(t, 3)];
    put(t,
        "[[venue]]\nname = \"%s\"\nkind = \"binance-spot\"\nmaker_fee = \"%s\"\ntaker_fee = "
        "\"%s\"\n"
        "[venue.paper]\nbalances = { %s }\n",
        name, maker, taker, balances);
}

static void put_instrument(struct text *t, const char *symbol, const char *venue, const char *tick,
                           const char *lot, const char *min_notional)
{
    put(t,
        "[[instrument]]\nsymbol = \"%s\"\nvenue = \"%s\"\ntick_size = \"%s\"\nlot_size = \"%s\"\n"
        "min_qty = \"%s\"\nmin_notional = \"%s\"\n",
        symbol, venue, tick, lot, lot, min_notional);
}

static const char *any_lot(struct text *t)
{
    static const char *const LOTS[] = {"0.00001", "0.0001", "0.001"};
    return LOTS[below(t, 3)];
}

static void put_market(struct text *t, const struct property_draw *d, int64_t *ticks)
{
    put_head(t);
    switch (d->market) {
    case ONE_MARKET:
        put_venue(t, "sim",
                  t->plain ? "USDT = \"200000\", BTC = \"1\"" : "USDT = \"20000\", BTC = \"1\"");
        put_instrument(t, "BTC-USDT", "sim", "0.01", any_lot(t), maybe(t, 50) ? "5" : "10");
        ticks[0] = 6000000;
        break;
    case TRIANGLE:
        put_venue(t, "sim", "USDT = \"20000\", BTC = \"1\", ETH = \"10\"");
        put_instrument(t, "BTC-USDT", "sim", "0.01", any_lot(t), "5");
        put_instrument(t, "ETH-USDT", "sim", "0.01", any_lot(t), "5");
        put_instrument(t, "ETH-BTC", "sim", "0.00001", any_lot(t), "0.0001");
        ticks[0] = 6000000;
        ticks[1] = 300000;
        ticks[2] = 5000;
        break;
    case TWO_VENUES:
        put_venue(t, "one", "USDT = \"20000\", BTC = \"1\"");
        put_venue(t, "two", "USDT = \"20000\", BTC = \"1\"");
        put_instrument(t, "BTC-USDT", "one", "0.01", any_lot(t), "5");
        put_instrument(t, "BTC-USDT", "two", "0.1", any_lot(t), "10");
        ticks[0] = 6000000;
        ticks[1] = 600000;
        break;
    }
}

static void put_strategy(struct text *t, const struct property_draw *d)
{
    put(t, "[[strategy]]\nname = \"s\"\nkind = \"%s\"\n", d->ops->name);
    switch (d->market) {
    case ONE_MARKET:
        /* scarce money goes to who asks first, which a reject may change: enough in plain draws */
        put(t, "instrument = \"BTC-USDT\"\nbudget = \"%lld\"\n",
            t->plain ? 150000ll : (long long)between(t, 100, 10000));
        if (maybe(t, 70))
            put(t, "inventory = \"0.%03lld\"\n", (long long)between(t, 0, 200));
        break;
    case TRIANGLE:
        put(t,
            "first = \"BTC-USDT\"\nsecond = \"ETH-USDT\"\nthird = \"ETH-BTC\"\n"
            "budget = \"%lld\"\ninventory = \"0.%03lld\"\n",
            (long long)between(t, 500, 10000), (long long)between(t, 0, 200));
        break;
    case TWO_VENUES:
        put(t,
            "instrument = \"BTC-USDT@one\"\nother = \"BTC-USDT@two\"\n"
            "funds.one = { USDT = \"%lld\", BTC = \"0.%03lld\" }\n"
            "funds.two = { USDT = \"%lld\", BTC = \"0.%03lld\" }\n",
            (long long)between(t, 500, 10000), (long long)between(t, 0, 400),
            (long long)between(t, 500, 10000), (long long)between(t, 0, 400));
        break;
    }
}

/* The line of [key] in the strategy's block of [text], NULL where there is none; and its length,
 * with the newline. */
static char *find_line(char *text, const char *key, size_t *ret_len)
{
    char start[64];
    snprintf(start, sizeof start, "\n%s = ", key);
    char *line = strstr(strstr(text, "[[strategy]]"), start);
    *ret_len = line ? strcspn(line + 1, "\n") + 1 : 0;
    return line ? line + 1 : NULL;
}

bool property_move(char *to, size_t cap, char *from, const char *key)
{
    size_t n, old;
    char *line = find_line(from, key, &n), *there = find_line(to, key, &old);
    if (n == old && (n == 0 || memcmp(line, there, n) == 0))
        return false;
    if (there)
        memmove(there, there + old, strlen(there + old) + 1);
    assert_true(strlen(to) + n < cap);
    if (line)
        strncat(to, line, n);
    return true;
}

/* Takes out what the strategy says it would not use with the rest of the draw: which parameters
 * belong together is its knowledge, not this file's. */
static void drop_unused(char *text)
{
    static const char *const VENUES[] = {"binance-spot", NULL};
    const struct config_kinds kinds = {.strategies = strategy_registry, .venues = VENUES};
    for (int left = PARAM_MAX; left > 0; left--) {
        struct config c;
        struct config_report report = {0};
        if (config_parse(&c, "draw", "", text, strlen(text), &kinds, &report) == ERR_OK) {
            config_close(&c);
            config_report_clear(&report);
            return;
        }
        char key[64] = "\n";
        const char *path = strstr(report.line[0], ": strategy."), *why = NULL;
        if (path)
            why = strstr(path + 11, ": is not used");
        if (why && why - (path + 11) < 60)
            snprintf(key, sizeof key, "\n%.*s = ", (int)(why - (path + 11)), path + 11);
        config_report_clear(&report);
        char *line = why ? strstr(text, key) : NULL, *end = line ? strchr(line + 1, '\n') : NULL;
        if (!end)
            return;
        memmove(line, end, strlen(end) + 1);
    }
}

void property_draw(const struct property_draw *d, bool plain, struct rng *r, char *text, size_t cap,
                   int64_t *ticks)
{
    struct text t = {.at = text, .cap = cap, .r = r, .plain = plain};
    put_market(&t, d, ticks);
    t.strategy = t.len;
    put_strategy(&t, d);
    unsigned count = 1 + (unsigned)below(&t, 4);
    for (int pass = 0; pass < 2; pass++)
        for (const struct param_spec *p = d->ops->params; p->key; p++)
            if (p->type != PARAM_INSTRUMENT && is_switch(p) == (pass == 0))
                put_param(&t, d->ops->name, p, count);
    static const char *const STOP[] = {"keep", "cancel", "close"};
    if (!plain)
        put(&t, "on_stop = \"%s\"\non_restart = \"%s\"\n", STOP[below(&t, 3)],
            maybe(&t, 50) ? "adopt" : "cancel");
    if (plain && d->plain)
        put(&t, "%s", d->plain);
    drop_unused(text);
}

const struct property_draw PROPERTY_DRAWS[] = {
    {&strategy_grid, ONE_MARKET, true, "reprice = false\n"},
    {&strategy_dca, ONE_MARKET, true, NULL},
    {&strategy_momentum, ONE_MARKET, true, NULL},
    {&strategy_triangular, TRIANGLE, false, NULL},
    {&strategy_arbitrage, TWO_VENUES, false, NULL},
    {NULL, ONE_MARKET, false, NULL},
};

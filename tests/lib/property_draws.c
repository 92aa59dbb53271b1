#include "property_draws.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

/* A text that grows. */
struct text {
    char *at;
    size_t len, cap;
    struct rng *r;
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

/* KEY = "0.00123": [low] to [high] units of 10^-[places]. */
static void put_decimal(struct text *t, const char *key, int64_t low, int64_t high, int places)
{
    int64_t v = between(t, low, high), unit = 1;
    for (int i = 0; i < places; i++)
        unit *= 10;
    if (places == 0)
        put(t, "%s = \"%lld\"\n", key, (long long)v);
    else
        put(t, "%s = \"%lld.%0*lld\"\n", key, (long long)(v / unit), places, (long long)(v % unit));
}

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
    put(t,
        "[[venue]]\nname = \"%s\"\nkind = \"binance-spot\"\nmaker_fee = \"%s\"\ntaker_fee = "
        "\"%s\"\n"
        "[venue.paper]\nbalances = { %s }\n",
        name, FEES[below(t, 4)], FEES[1 + below(t, 3)], balances);
}

static void put_instrument(struct text *t, const char *symbol, const char *venue, const char *tick,
                           const char *lot, const char *min_notional)
{
    put(t,
        "[[instrument]]\nsymbol = \"%s\"\nvenue = \"%s\"\ntick_size = \"%s\"\nlot_size = \"%s\"\n"
        "min_qty = \"%s\"\nmin_notional = \"%s\"\n",
        symbol, venue, tick, lot, lot, min_notional);
}

/* BTC-USDT around 60000. */
static void put_one_market(struct text *t, int64_t *ticks)
{
    static const char *const LOTS[] = {"0.00001", "0.0001", "0.001"};
    put_head(t);
    put_venue(t, "sim", "USDT = \"20000\", BTC = \"1\"");
    put_instrument(t, "BTC-USDT", "sim", "0.01", LOTS[below(t, 3)], below(t, 2) ? "5" : "10");
    ticks[0] = 6000000;
}

static void put_strategy(struct text *t, const char *kind)
{
    put(t, "[[strategy]]\nname = \"s\"\nkind = \"%s\"\ninstrument = \"BTC-USDT\"\n", kind);
    put_decimal(t, "budget", 100, 10000, 0);
    if (maybe(t, 70))
        put_decimal(t, "inventory", 0, 200, 3);
}

static struct text begin(struct rng *r, char *text, size_t cap)
{
    return (struct text){.at = text, .cap = cap, .r = r};
}

static void draw_grid(struct rng *r, char *text, size_t cap, int64_t *ticks)
{
    struct text t = begin(r, text, cap);
    put_one_market(&t, ticks);
    put_strategy(&t, "grid");
    put_decimal(&t, "lower", 50000, 59000, 0);
    put_decimal(&t, "upper", 59500, 75000, 0);
    put(&t, "levels = %lld\n", (long long)between(&t, 2, 40));
    put_decimal(&t, "size", 1, 30, 3);
    if (maybe(&t, 20))
        put(&t, "post_only = false\n");
}

static void draw_dca(struct rng *r, char *text, size_t cap, int64_t *ticks)
{
    struct text t = begin(r, text, cap);
    put_one_market(&t, ticks);
    put_strategy(&t, "dca");
    put(&t, "interval = \"%llds\"\n", (long long)between(&t, 60, 20000));
    put_decimal(&t, "amount", 5, 500, 0);
    if (maybe(&t, 40))
        put_decimal(&t, "price_ceiling", 58000, 64000, 0);
    if (maybe(&t, 40))
        put_decimal(&t, "total", 100, 5000, 0);
}

static void draw_momentum(struct rng *r, char *text, size_t cap, int64_t *ticks)
{
    struct text t = begin(r, text, cap);
    put_one_market(&t, ticks);
    put_strategy(&t, "momentum");
    put(&t, "timeframe = \"%lldm\"\nfast = %lld\nslow = %lld\n", (long long)between(&t, 1, 10),
        (long long)between(&t, 1, 5), (long long)between(&t, 3, 12));
    put_decimal(&t, "amount", 5, 2000, 0);
}

const struct property_draw PROPERTY_DRAWS[] = {{"grid", draw_grid, NULL},
                                               {"dca", draw_dca, NULL},
                                               {"momentum", draw_momentum, NULL},
                                               {NULL, NULL, NULL}};

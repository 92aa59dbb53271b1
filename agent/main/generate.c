#include "main/generate.h"

#include "base/clock.h"
#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 32

const char GENERATE_KEYS[] =
    "                      seed=1            equal seeds give equal markets\n"
    "                      length=10m        up to 366d\n"
    "                      every=20s         mean time between two mispricings; 0s: none\n"
    "                      lasts=2s          how long one lasts, at most half of `every`\n"
    "                      edge=0.006        how far ETH-BTC is off then, up to 0.1\n"
    "                      volatility=0.0001 deviation of a second's change, up to 0.01\n"
    "                      spread=0.0001     between bid and ask, up to 0.01\n";

static enum err read_duration(const char *value, int64_t *ret_ms)
{
    int64_t ns;
    enum err e = duration_parse(value, strlen(value), &ns);
    if (!e && ns % NS_PER_MS)
        e = ERR_PRECISION;
    if (!e)
        *ret_ms = ns / NS_PER_MS;
    return e;
}

static enum err read_ratio(const char *value, int64_t *ret)
{
    dec d;
    enum err e = dec_parse(value, strlen(value), &d);
    return e ? e : dec_to_steps(d, dec_from_i64(1, 9), ret) ? ERR_OK : ERR_PRECISION;
}

static enum err read_seed(const char *value, uint64_t *ret)
{
    char *end;
    if (value[0] < '0' || value[0] > '9' || strlen(value) > 19)
        return ERR_SYNTAX;
    *ret = strtoull(value, &end, 10);
    return *end ? ERR_SYNTAX : ERR_OK;
}

static enum err read_key(const char *key, const char *value, struct market_gen_setup *s)
{
    const struct {
        const char *name;
        int64_t *duration, *ratio;
    } KEY[] = {
        {"length", &s->length_ms, NULL},      {"every", &s->every_ms, NULL},
        {"lasts", &s->lasts_ms, NULL},        {"edge", NULL, &s->edge},
        {"volatility", NULL, &s->volatility}, {"spread", NULL, &s->spread},
    };
    if (strcmp(key, "seed") == 0)
        return read_seed(value, &s->seed);
    for (size_t i = 0; i < sizeof KEY / sizeof KEY[0]; i++)
        if (strcmp(key, KEY[i].name) == 0)
            return KEY[i].duration ? read_duration(value, KEY[i].duration)
                                   : read_ratio(value, KEY[i].ratio);
    return ERR_UNKNOWN;
}

enum err generate_parse(const char *text, struct market_gen_setup *ret, char *why)
{
    struct market_gen_setup s = market_gen_defaults();
    struct market_gen probe;
    const char *at = text ? text : "";
    while (*at) {
        char part[2 * VALUE_MAX];
        size_t n = strcspn(at, ",");
        if (n >= sizeof part) {
            snprintf(why, GENERATE_WHY_MAX, "%.60s...: is too long for one KEY=VALUE", at);
            return ERR_RANGE;
        }
        memcpy(part, at, n);
        part[n] = '\0';
        char *eq = strchr(part, '=');
        if (!eq) {
            snprintf(why, GENERATE_WHY_MAX, "%s: want KEY=VALUE, like seed=7", part);
            return ERR_SYNTAX;
        }
        *eq = '\0';
        enum err e = read_key(part, eq + 1, &s);
        if (e) {
            snprintf(why, GENERATE_WHY_MAX, "%s=%s: %s", part, eq + 1,
                     e == ERR_UNKNOWN
                         ? "there is no such key; allowed: seed, length, every, lasts, edge, "
                           "volatility, spread"
                         : "is no value for it; --help shows one for each");
            return e;
        }
        at += n + (at[n] == ',');
    }
    enum err e = market_gen_init(&probe, &s);
    if (e) {
        snprintf(why, GENERATE_WHY_MAX,
                 "%s: some value is outside its range; --help lists them (`lasts` is at most half "
                 "of `every`)",
                 text ? text : "");
        return e;
    }
    *ret = s;
    return ERR_OK;
}

enum err generated_line(void *ctx, char **ret, size_t *ret_len)
{
    struct generated *g = ctx;
    if (!market_gen_next(&g->market, &g->line))
        return ERR_NOT_FOUND;
    if (g->line.failed)
        return ERR_NOMEM;
    *ret = g->line.p;
    *ret_len = g->line.len;
    return ERR_OK;
}

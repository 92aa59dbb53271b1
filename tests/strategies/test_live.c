/* A parameter that is marked live and changed before anything has happened acts as if the
 * configuration had said so from the start: every live parameter of every strategy, in random
 * configurations, markets and venues in which it makes a difference at all.
 *
 * LIVE_ONLY: one of them, "grid.stop_loss". LIVE_DRAWS: how many configurations are tried until one
 * is found in which it makes a difference (60; those that need more, or something that does not
 * happen here, are left to the program that looks whether every parameter matters). */
#include "chaos.h"
#include "property_draws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE      20261123
#define DRAWS     60
#define EVENTS    60
#define SECOND_NS INT64_C(1000000000)
#define TEXT_MAX  8192

struct pair {
    char text[2][TEXT_MAX]; /* configurations that differ in one parameter */
    int64_t ticks[SETUP_INSTRUMENTS_MAX];
    uint64_t seed;
};

/* What random draws hardly ever give: lines for both, and the two values. */
static const struct given {
    const char *kind, *key, *both, *one, *other;
} GIVEN[] = {
    {"grid", "trail_down_to",
     "lower = \"59000\"\nupper = \"61000\"\nlevels = 5\non_exit = \"trail\"\n",
     "trail_down_to = \"58900\"\n", "trail_down_to = \"50000\"\n"},
    {"dca", "take_profit_share", "take_profit = [\"0.002\", \"0.004\"]\nmode = \"safety\"\n",
     "take_profit_share = [\"0.5\", \"0.5\"]\n", "take_profit_share = [\"0.3\", \"0.7\"]\n"},
    {"dca", "max_deals", "take_profit = [\"0.002\"]\nmode = \"safety\"\n", "max_deals = 1\n",
     "max_deals = 2\n"},
    {"dca", "missed", "mode = \"scheduled\"\ninterval = \"20m\"\n", "missed = \"once\"\n",
     "missed = \"skip\"\n"},
    {"momentum", "return_min", "return_after = [\"1m\"]\n", "return_min = [\"0\"]\n",
     "return_min = [\"0.05\"]\n"},
};

/* Puts [lines] in the place of those with the same keys. */
static void put_lines(char *text, const char *lines)
{
    static char from[TEXT_MAX];
    char key[64];
    snprintf(from, sizeof from, "[[strategy]]\n%s", lines);
    for (; *lines; lines += strcspn(lines, "\n") + 1) {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(lines, " "), lines);
        (void)property_move(text, TEXT_MAX, from, key);
    }
}

static bool draw_pair(const struct property_draw *d, const char *key, struct pair *p)
{
    static char other[TEXT_MAX];
    struct rng r;
    rng_seed(&r, p->seed);
    int64_t unused[SETUP_INSTRUMENTS_MAX];
    property_draw(d, false, &r, p->text[0], TEXT_MAX, p->ticks);
    property_draw(d, false, &r, other, TEXT_MAX, unused);
    memcpy(p->text[1], p->text[0], TEXT_MAX);
    for (size_t k = 0; k < sizeof GIVEN / sizeof GIVEN[0]; k++) {
        const struct given *g = &GIVEN[k];
        if (strcmp(g->kind, d->ops->name) != 0 || strcmp(g->key, key) != 0)
            continue;
        for (int n = 0; n < 2; n++) {
            put_lines(p->text[n], g->both);
            put_lines(p->text[n], n ? g->other : g->one);
        }
        return true;
    }
    return property_move(p->text[1], TEXT_MAX, other, key);
}

static void change(struct chaos *c, uint32_t index, const struct params *to)
{
    enum param_type type = c->setup->strategy[0].ops->params[index].type;
    struct event ev = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    ev.param = (struct event_param){
        .index = (uint16_t)index, .type = type, .present = to->value[index].present};
    if (type == PARAM_DECIMALS || type == PARAM_DURATIONS)
        ev.param.list = *params_list(to, index);
    else
        ev.param.value = to->value[index];
    chaos_event(c, &ev);
}

/* The trace of a run, 0 where the configuration is refused; [to]: parameter [index] is changed to
 * what it is there. */
static uint64_t run(const struct pair *p, int which, uint32_t index, const struct params *to,
                    struct params *ret)
{
    static struct chaos c;
    struct rng r;
    rng_seed(&r, p->seed);
    if (!chaos_prepare(&c, p->seed, p->text[which], CHAOS_ALL))
        return 0;
    *ret = c.setup->strategy[0].params;
    if (to)
        change(&c, index, to);
    c.trace = 1;
    chaos_begin(&c, p->ticks);
    for (int n = 0; n < EVENTS; n++) {
        instrument_id i = (instrument_id)rng_below(&r, c.setup->instruments);
        int64_t size = p->ticks[i] / (rng_below(&r, 20) == 0 ? 20 : 150);
        chaos_market(&c, i, c.ticks[i] + (int64_t)rng_below(&r, (uint64_t)(2 * size + 1)) - size);
        if (rng_below(&r, 3) == 0)
            chaos_pass(&c, (int64_t)rng_below(&r, rng_below(&r, 10) ? 120 : 7200) * SECOND_NS);
    }
    uint64_t trace = c.trace;
    chaos_close(&c);
    return trace;
}

/* Whether a draw was found in which it makes a difference. */
static bool parameter_is_live(const struct property_draw *d, uint32_t index)
{
    static struct pair p;
    static struct params params[2], unused;
    const char *key = d->ops->params[index].key, *draws = getenv("LIVE_DRAWS");
    uint64_t most = draws ? strtoull(draws, NULL, 10) : DRAWS;
    for (uint64_t n = 0; n < most; n++) {
        p.seed = BASE + n;
        if (!draw_pair(d, key, &p))
            continue;
        uint64_t one = run(&p, 0, index, NULL, &params[0]);
        uint64_t other = one ? run(&p, 1, index, NULL, &params[1]) : 0;
        if (!other || one == other)
            continue;
        if (run(&p, 0, index, &params[1], &unused) != other)
            fail_msg("%s.%s, seed %llu: changed, it acts otherwise than from the start\n%s",
                     d->ops->name, key, (unsigned long long)p.seed, p.text[1]);
        return true;
    }
    return false;
}

static void are_live(void **state)
{
    const struct property_draw *d = *state;
    const char *only = getenv("LIVE_ONLY");
    char name[64];
    uint32_t live = 0, found = 0;
    for (uint32_t i = 0; d->ops->params[i].key; i++) {
        snprintf(name, sizeof name, "%s.%s", d->ops->name, d->ops->params[i].key);
        if (!(d->ops->params[i].flags & PARAM_LIVE) || (only && strcmp(only, name) != 0))
            continue;
        live++;
        found += parameter_is_live(d, i);
    }
    print_message("# %s: %u of %u made a difference\n", d->ops->name, found, live);
    assert_true(only || found > live / 4);
}

int main(void)
{
    static struct CMUnitTest tests[8];
    static char names[8][48];
    size_t n = 0;
    for (const struct property_draw *d = PROPERTY_DRAWS; d->ops; d++, n++) {
        assert_true(n < sizeof tests / sizeof tests[0]);
        snprintf(names[n], sizeof names[n], "live_parameters_of_%s", d->ops->name);
        tests[n] = (struct CMUnitTest){
            .name = names[n], .test_func = are_live, .initial_state = (void *)(uintptr_t)d};
    }
    return _cmocka_run_group_tests("live", tests, n, NULL, NULL);
}

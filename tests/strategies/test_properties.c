/* Promises that hold for every built-in strategy, whatever its parameters, the market and the venue
 * do (docs/testing.md, "Properties"): it never spends more than its budget, never asks for what it
 * could know to be refused, never quotes through its own orders, goes on after a save and a load as
 * if nothing had been, and comes to rest when the venue behaves again.
 *
 * PROPERTY_PATHS: market paths per strategy (300; `make test-all` runs 10000). PROPERTY_SEED: the
 * seed of one path, run alone. PROPERTY_ONLY: the kind of strategy. */
#include "chaos.h"
#include "property_draws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PATHS     300
#define EVENTS    90 /* of the market, per path */
#define DRAWS_MAX 200
#define QUIET_MAX 40 /* orders in an hour in which nothing happens */
#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS   (3600 * SECOND_NS)

struct tally {
    uint64_t paths, refused, steps, submits, fills, restarts, idle;
    uint64_t denied[128];
};

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* Now calm, now wild, sometimes a jump; seldom far away from where it began. */
static void walk(struct chaos *c, struct rng *r, const int64_t *begin)
{
    uint64_t wild = 1 + rng_below(r, 3);
    for (int n = 0; n < EVENTS; n++) {
        instrument_id i = (instrument_id)rng_below(r, c->setup->instruments);
        int64_t size = begin[i] / (int64_t)(rng_below(r, 50) == 0 ? 20 : 200 / wild);
        int64_t to = c->ticks[i] + (int64_t)rng_below(r, (uint64_t)(2 * size + 1)) - size;
        if (rng_below(r, 6) == 0)
            to += (begin[i] - to) / 4;
        chaos_market(c, i, to);
        if (rng_below(r, 3) == 0)
            chaos_pass(c, (int64_t)rng_below(r, rng_below(r, 20) ? 120 : 7200) * SECOND_NS);
        if (rng_below(r, 40) == 0)
            chaos_command(c, rng_below(r, 2) ? COMMAND_PAUSE : COMMAND_STOPENTRY, 0);
        if (rng_below(r, 10) == 0) {
            chaos_command(c, COMMAND_RESUME, 0);
            chaos_command(c, COMMAND_RESUME, STRATEGY_NONE);
        }
    }
}

/* The venue behaves, the market stands still: what was tried again is done, and no more. */
static void calm_down(struct chaos *c)
{
    c->faults = false;
    chaos_command(c, COMMAND_RESUME, 0);
    chaos_command(c, COMMAND_RESUME, STRATEGY_NONE);
    for (int n = 0; n < 8; n++) {
        for (instrument_id i = 0; i < c->setup->instruments; i++)
            chaos_market(c, i, c->ticks[i]);
        chaos_settle(c);
        chaos_pass(c, HOUR_NS);
    }
    chaos_settle(c);
    uint64_t before = c->submits;
    chaos_pass(c, HOUR_NS);
    chaos_settle(c);
    if (c->submits - before > QUIET_MAX)
        chaos_fail(c, "%llu orders in an hour in which nothing happens",
                   (unsigned long long)(c->submits - before));
}

static void one_path(const struct property_draw *d, uint64_t seed, struct tally *t)
{
    static struct chaos c;
    static char text[8192];
    struct rng r;
    rng_seed(&r, seed);
    int64_t ticks[SETUP_INSTRUMENTS_MAX];
    int tries = 0;
    while (d->draw(&r, text, sizeof text, ticks), !chaos_open(&c, seed, text, ticks)) {
        t->refused++;
        if (++tries == DRAWS_MAX) {
            print_message("%s: no configuration is accepted\n%s", d->kind, text);
            fail();
        }
    }
    walk(&c, &r, ticks);
    calm_down(&c);
    t->paths++;
    t->steps += c.steps;
    t->submits += c.submits;
    t->fills += c.fills;
    t->restarts += c.restarts_done;
    t->idle += c.fills == 0;
    for (size_t k = 0; k < sizeof t->denied / sizeof t->denied[0]; k++)
        t->denied[k] += c.denied[k];
    chaos_close(&c);
}

static void tell(const struct property_draw *d, const struct tally *t)
{
    print_message("# %s: %llu paths, %llu draws refused, %llu steps, %llu orders, %llu fills, %llu "
                  "restarts, %llu paths without a fill;",
                  d->kind, (unsigned long long)t->paths, (unsigned long long)t->refused,
                  (unsigned long long)t->steps, (unsigned long long)t->submits,
                  (unsigned long long)t->fills, (unsigned long long)t->restarts,
                  (unsigned long long)t->idle);
    for (unsigned k = 0; k < sizeof t->denied / sizeof t->denied[0]; k++)
        if (t->denied[k])
            print_message(" %s %llu", reason_name((enum reason)k),
                          (unsigned long long)t->denied[k]);
    print_message("\n");
}

static void property(void **state)
{
    const struct property_draw *d = *state;
    struct tally t = {0};
    const char *only = getenv("PROPERTY_ONLY");
    if (only && *only && strcmp(only, d->kind) != 0)
        return;
    uint64_t seed = number("PROPERTY_SEED", 0), paths = number("PROPERTY_PATHS", PATHS);
    if (seed) {
        one_path(d, seed, &t);
        tell(d, &t);
        return;
    }
    seed = (uint64_t)time(NULL) * 1000003;
    for (uint64_t n = 0; n < paths; n++)
        one_path(d, seed + n, &t);
    tell(d, &t);
    /* a test in which nothing happens proves nothing */
    assert_true(t.fills > t.paths);
    assert_true(t.idle < t.paths * 3 / 4);
    assert_true(t.restarts > t.paths);
}

int main(void)
{
    static struct CMUnitTest tests[16];
    static char names[16][48];
    size_t n = 0;
    for (const struct property_draw *d = PROPERTY_DRAWS; d->kind; d++, n++) {
        assert_true(n < sizeof tests / sizeof tests[0]);
        snprintf(names[n], sizeof names[n], "%s_keeps_its_promises", d->kind);
        tests[n] = (struct CMUnitTest){
            .name = names[n], .test_func = property, .initial_state = (void *)(uintptr_t)d};
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("properties", tests, n, NULL, NULL);
}

/* Promises that hold for every built-in strategy, whatever its parameters, the market and the venue
 * do (docs/testing.md, "Properties"): it never spends more than its budget, never asks for what it
 * could know to be refused, never quotes through its own orders, goes on after a save and a load as
 * if nothing had been, and comes to rest when the venue behaves again.
 *
 * PROPERTY_PATHS: market paths per strategy (300; `make test-all` runs 10000). PROPERTY_BASE: the
 * first path's seed, for others than the usual ones. PROPERTY_SEED: the seed of one path, run
 * alone. PROPERTY_ONLY: the kind of strategy. PROPERTY_LOG: every event and order is printed. */
#include "chaos.h"
#include "property_draws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATHS     300
#define BASE      20261123 /* the first path's seed: a run is the same everywhere */
#define EVENTS    90       /* of the market, per path */
#define TEXT_MAX  8192
#define STEPS     24 /* prices of a path that is walked in two ways */
#define DRAWS_MAX 200
#define QUIET_MAX 40 /* orders in an hour in which nothing happens */
#define SECOND_NS INT64_C(1000000000)
#define HOUR_NS   (3600 * SECOND_NS)

struct tally {
    uint64_t changes, paths, refused, steps, submits, fills, restarts, idle;
    uint64_t denied[128];
};

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* A reload in the midst of it: some live parameters become what another draw has. */
static void change_some(struct chaos *c, struct rng *r, const struct property_draw *d, char *text)
{
    static char wanted[TEXT_MAX], other[TEXT_MAX];
    int64_t unused[SETUP_INSTRUMENTS_MAX];
    memcpy(wanted, text, TEXT_MAX);
    property_draw(d, false, r, other, TEXT_MAX, unused);
    for (const struct param_spec *p = d->ops->params; p->key; p++)
        if (p->flags & PARAM_LIVE && rng_below(r, 5) == 0)
            (void)property_move(wanted, TEXT_MAX, other, p->key);
    if (chaos_reload(c, wanted))
        memcpy(text, wanted, TEXT_MAX); /* what c->text shows */
}

/* The daemon ends, and another one goes on; now and then it has all the time it needs for that. */
static void stop_and_start(struct chaos *c, struct rng *r)
{
    chaos_command(c, COMMAND_STOP, STRATEGY_NONE);
    if (rng_below(r, 2))
        chaos_pass(c, (int64_t)rng_below(r, 30) * SECOND_NS);
    if (rng_below(r, 2))
        chaos_market(c, 0, c->ticks[0]);
    chaos_command(c, COMMAND_START, STRATEGY_NONE);
}

/* Now calm, now wild, sometimes a jump; seldom far away from where it began. */
static void walk(struct chaos *c, struct rng *r, const struct property_draw *d, char *text,
                 const int64_t *begin)
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
        if (rng_below(r, 30) == 0)
            change_some(c, r, d, text);
        if (rng_below(r, 60) == 0)
            stop_and_start(c, r);
        if (rng_below(r, 10) == 0) {
            chaos_command(c, COMMAND_RESUME, 0);
            chaos_command(c, COMMAND_RESUME, STRATEGY_NONE);
        }
    }
}

/* The venue behaves, the market stands still: what was tried again is done, and no more. */
static void calm_down(struct chaos *c)
{
    c->faults = CHAOS_NONE;
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
    static char text[TEXT_MAX];
    struct rng r;
    rng_seed(&r, seed);
    int64_t ticks[SETUP_INSTRUMENTS_MAX];
    int tries = 0;
    while (property_draw(d, false, &r, text, sizeof text, ticks),
           !chaos_open(&c, seed, text, ticks, CHAOS_ALL)) {
        t->refused++;
        if (++tries == DRAWS_MAX) {
            print_message("%s: no configuration is accepted\n%s", d->ops->name, text);
            fail();
        }
    }
    walk(&c, &r, d, text, ticks);
    calm_down(&c);
    t->paths++;
    t->steps += c.steps;
    t->submits += c.submits;
    t->fills += c.fills;
    t->restarts += c.restarts_done;
    t->changes += c.changes;
    t->idle += c.fills == 0;
    for (size_t k = 0; k < sizeof t->denied / sizeof t->denied[0]; k++)
        t->denied[k] += c.denied[k];
    chaos_close(&c);
}

static void tell(const struct property_draw *d, const struct tally *t)
{
    print_message("# %s: %llu paths, %llu draws refused, %llu steps, %llu orders, %llu fills, %llu "
                  "restarts, %llu changes of parameters, %llu paths without a fill;",
                  d->ops->name, (unsigned long long)t->paths, (unsigned long long)t->refused,
                  (unsigned long long)t->steps, (unsigned long long)t->submits,
                  (unsigned long long)t->fills, (unsigned long long)t->restarts,
                  (unsigned long long)t->changes, (unsigned long long)t->idle);
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
    if (only && *only && strcmp(only, d->ops->name) != 0)
        return;
    uint64_t seed = number("PROPERTY_SEED", 0), paths = number("PROPERTY_PATHS", PATHS);
    if (seed) {
        one_path(d, seed, &t);
        tell(d, &t);
        return;
    }
    seed = number("PROPERTY_BASE", BASE);
    for (uint64_t n = 0; n < paths; n++)
        one_path(d, seed + n, &t);
    tell(d, &t);
    /* a test in which nothing happens proves nothing */
    assert_true(t.fills > t.paths);
    assert_true(t.idle < t.paths * 3 / 4);
    assert_true(t.restarts > t.paths);
    assert_true(t.changes > t.paths);
}

/* ---- the same place ---- */

/* Open quantity at the price and side of [like]: a level may have come in parts. */
static dec open_at(const struct engine *e, const struct order *like)
{
    dec sum = DEC_ZERO;
    for (uint32_t n = 0; n < engine_open_orders(e); n++) {
        const struct order *o = engine_open_order(e, n);
        if (o->req.instrument == like->req.instrument && o->req.side == like->req.side &&
            dec_eq(o->req.price, like->req.price))
            assert_true(dec_add(sum, order_open_qty(o), &sum));
    }
    return sum;
}

static void compare_orders(const struct chaos *a, const struct chaos *b, const char *whose)
{
    for (uint32_t n = 0; n < engine_open_orders(a->engine[0]); n++) {
        const struct order *o = engine_open_order(a->engine[0], n);
        dec one = open_at(a->engine[0], o), other = open_at(b->engine[0], o);
        char price[DEC_TEXT_MAX], have[DEC_TEXT_MAX], want[DEC_TEXT_MAX];
        dec_format(o->req.price, price);
        dec_format(one, want);
        dec_format(other, have);
        if (!dec_eq(one, other))
            chaos_fail(b, "%s at %s: %s is open with %s venue, %s with the other",
                       side_name(o->req.side), price, want, whose, have);
    }
}

static void compare_places(const struct chaos *a, const struct chaos *b)
{
    const struct setup *s = a->setup;
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id k = 0; k < s->assets; k++) {
            char one[DEC_TEXT_MAX], other[DEC_TEXT_MAX];
            dec_format(engine_balance(a->engine[0], 0, v, k), one);
            dec_format(engine_balance(b->engine[0], 0, v, k), other);
            if (strcmp(one, other) != 0)
                chaos_fail(b, "%s: %s with a fair venue, %s with a difficult one", s->asset[k], one,
                           other);
        }
    compare_orders(a, b, "the fair");
    compare_orders(b, a, "the difficult");
}

/* A price, for three hours: what follows from it, tried again as often as it takes. */
static void hold_price(struct chaos *c, int64_t ticks, enum chaos_faults faults)
{
    int64_t until = c->now_ns - c->now_ns % (3 * HOUR_NS) + 3 * HOUR_NS;
    c->faults = faults;
    chaos_market(c, 0, ticks);
    for (int turn = 0; turn < 12; turn++) {
        for (int n = 0; n < 4; n++)
            chaos_venue(c);
        c->faults = CHAOS_NONE; /* whatever was still open before time passes: no chance is lost */
        chaos_settle(c);
        chaos_pass(c, 10 * 60 * SECOND_NS);
        chaos_settle(c);
        c->faults = turn < 4 ? faults : CHAOS_NONE;
        chaos_market(c, 0, ticks);
    }
    chaos_settle(c);
    chaos_pass(c, until - c->now_ns);
    chaos_settle(c);
}

/* The same market twice: once with a venue that fills whole and at once, once with pieces, silence,
 * rejects, cancels and restarts. */
static void two_ways(const struct property_draw *d, uint64_t seed, struct tally *t)
{
    static struct chaos c[2];
    static char text[8192];
    struct rng r;
    rng_seed(&r, seed);
    int64_t ticks[SETUP_INSTRUMENTS_MAX];
    int tries = 0;
    while (property_draw(d, true, &r, text, sizeof text, ticks),
           !chaos_open(&c[0], seed, text, ticks, CHAOS_NONE))
        if (++tries == DRAWS_MAX) {
            print_message("%s: no configuration is accepted\n%s", d->ops->name, text);
            fail();
        }
    assert_true(chaos_open(&c[1], seed, text, ticks, CHAOS_FAIR));
    int64_t price[STEPS], at = ticks[0];
    for (int n = 0; n < STEPS; n++) {
        int64_t size = ticks[0] / 100;
        price[n] = at; /* from the opening on each is held */
        at += (int64_t)rng_below(&r, (uint64_t)(2 * size + 1)) - size;
    }
    for (int way = 0; way < 2; way++)
        for (int n = 0; n < STEPS; n++)
            hold_price(&c[way], price[n], way ? CHAOS_FAIR : CHAOS_NONE);
    compare_places(&c[0], &c[1]);
    t->paths++;
    t->fills += c[1].fills;
    chaos_close(&c[0]);
    chaos_close(&c[1]);
}

static void same_place(void **state)
{
    const struct property_draw *d = *state;
    struct tally t = {0};
    const char *only = getenv("PROPERTY_ONLY");
    if (only && *only && strcmp(only, d->ops->name) != 0)
        return;
    uint64_t seed = number("PROPERTY_SEED", 0), paths = number("PROPERTY_PATHS", PATHS) / 10 + 1;
    if (seed) {
        two_ways(d, seed, &t);
        return;
    }
    seed = number("PROPERTY_BASE", BASE);
    for (uint64_t n = 0; n < paths; n++)
        two_ways(d, seed + n, &t);
    assert_true(t.fills > t.paths);
}

int main(void)
{
    static struct CMUnitTest tests[24];
    static char names[24][48];
    size_t n = 0;
    for (const struct property_draw *d = PROPERTY_DRAWS; d->ops; d++, n++) {
        assert_true(n < sizeof tests / sizeof tests[0]);
        snprintf(names[n], sizeof names[n], "%s_keeps_its_promises", d->ops->name);
        tests[n] = (struct CMUnitTest){
            .name = names[n], .test_func = property, .initial_state = (void *)(uintptr_t)d};
        if (!d->has_place)
            continue;
        n++;
        snprintf(names[n], sizeof names[n], "%s_ends_in_the_same_place", d->ops->name);
        tests[n] = (struct CMUnitTest){
            .name = names[n], .test_func = same_place, .initial_state = (void *)(uintptr_t)d};
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("properties", tests, n, NULL, NULL);
}

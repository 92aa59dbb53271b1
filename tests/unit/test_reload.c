/* Live parameters: values change at once, strategies are told when the whole set stands, a list
 * that comes and goes finds its place, and what is not live is refused. */
#include "strategies/strategy.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { P_INSTRUMENT, P_FIXED, P_A, P_B, P_LIST, P_TIMES };

static const struct param_spec PARAMS[] = {
    {.key = "instrument", .type = PARAM_INSTRUMENT, .flags = PARAM_REQUIRED, .help = "watched"},
    {.key = "fixed", .type = PARAM_INTEGER, .help = "not live"},
    {.key = "a", .type = PARAM_DECIMAL, .flags = PARAM_LIVE, .help = "live"},
    {.key = "b", .type = PARAM_DECIMAL, .flags = PARAM_LIVE, .help = "live"},
    {.key = "list", .type = PARAM_DECIMALS, .flags = PARAM_LIVE, .help = "live"},
    {.key = "times", .type = PARAM_DURATIONS, .flags = PARAM_LIVE, .help = "live"},
    {.key = NULL}};

static struct world w;
static struct told {
    uint16_t index;
    dec a, b;
    struct param_list list;
} told[64];
static uint32_t tells;

static enum err on_event(void *state, const struct strategy_view *v, const struct event *e,
                         struct intents *out)
{
    (void)state, (void)out;
    if (e->kind != EVENT_PARAM)
        return ERR_OK;
    const struct params *p = view_params(v);
    assert_true(tells < 64);
    told[tells++] = (struct told){.index = e->param.index,
                                  .a = p->value[P_A].decimal,
                                  .b = p->value[P_B].decimal,
                                  .list = *params_list(p, P_LIST)};
    assert_true(e->param.present == p->value[e->param.index].present);
    return ERR_OK;
}

static void begin(void)
{
    static struct strategy_ops ops;
    ops = strategy_probe;
    ops.params = PARAMS;
    ops.on_event = on_event;
    tells = 0;
    world_open(&w);
    struct strategy_setup *ss = world_strategy(&w, "one", &ops, "1000", "0");
    ss->params.count = 6;
    ss->params.value[P_A] = (struct param_value){.present = true, .decimal = D("1")};
    ss->params.value[P_B] = (struct param_value){.present = true, .decimal = D("2")};
    world_start(&w);
    world_trade(&w, "50000", "1");
}

static struct event change(uint16_t index, enum param_type type, bool more)
{
    struct event ev = {.kind = EVENT_PARAM,
                       .venue = VENUE_NONE,
                       .instrument = INSTRUMENT_NONE,
                       .ts_event_ns = w.now_ns};
    ev.param.index = index;
    ev.param.type = type;
    ev.param.more = more;
    return ev;
}

static void set(uint16_t index, const char *value, bool more)
{
    struct event ev = change(index, PARAM_DECIMAL, more);
    ev.param.present = ev.param.value.present = true;
    ev.param.value.decimal = D(value);
    world_step(&w, &ev);
}

static void strategies_see_the_whole_set_or_the_old_one(void **state)
{
    (void)state;
    begin();
    set(P_A, "10", true);
    assert_int_equal(tells, 0);
    set(P_B, "20", false);
    assert_int_equal(tells, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(told[i].index, i == 0 ? P_A : P_B);
        assert_true(dec_eq(told[i].a, D("10")) && dec_eq(told[i].b, D("20")));
    }
    assert_true(dec_eq(engine_params(w.engine, 0)->value[P_A].decimal, D("10")));
    set(P_A, "11", false);
    assert_int_equal(tells, 3); /* what was told once is not told again */
    world_close(&w);
}

static void put_list(uint16_t index, bool present, uint32_t n, bool times)
{
    struct event ev = change(index, times ? PARAM_DURATIONS : PARAM_DECIMALS, false);
    ev.param.present = present;
    ev.param.list.count = present ? n : 0;
    for (uint32_t i = 0; present && i < n; i++)
        if (times)
            ev.param.list.duration_ns[i] = (int64_t)i + 5;
        else
            ev.param.list.decimal[i] = dec_from_i64((int64_t)i + 1, 0);
    world_step(&w, &ev);
}

/* More often than there are places: a place that is given back is used again, and never one that
 * another list has. */
static void a_list_comes_and_goes(void **state)
{
    (void)state;
    begin();
    put_list(P_TIMES, true, 3, true);
    for (uint32_t n = 1; n <= 3 * PARAM_LISTS_MAX; n++) {
        put_list(P_LIST, true, 1 + n % PARAM_LIST_MAX, false);
        const struct params *p = engine_params(w.engine, 0);
        assert_int_equal(params_list(p, P_LIST)->count, 1 + n % PARAM_LIST_MAX);
        assert_true(dec_eq(params_list(p, P_LIST)->decimal[0], D("1")));
        assert_int_equal(params_list(p, P_TIMES)->count, 3);
        assert_true(params_list(p, P_TIMES)->duration_ns[2] == 7);
        put_list(P_LIST, false, 0, false);
        assert_int_equal(params_list(p, P_LIST)->count, 0);
    }
    world_close(&w);
}

static void what_is_not_live_is_refused(void **state)
{
    (void)state;
    begin();
    struct effects fx;
    struct event ev = change(P_FIXED, PARAM_INTEGER, false);
    ev.param.present = ev.param.value.present = true;
    assert_int_equal(engine_step(w.engine, &ev, &fx), ERR_RANGE);
    world_close(&w);
    begin();
    ev = change(P_A, PARAM_INTEGER, false); /* of another type */
    ev.ts_event_ns = w.now_ns;
    assert_int_equal(engine_step(w.engine, &ev, &fx), ERR_RANGE);
    world_close(&w);
    begin();
    ev = change(6, PARAM_DECIMAL, false); /* behind the table */
    ev.ts_event_ns = w.now_ns;
    assert_int_equal(engine_step(w.engine, &ev, &fx), ERR_RANGE);
    world_close(&w);
}

/* What the engine takes from the setup once must not be live: routes and candles. */
static void kinds_keep_instruments_fixed(void **state)
{
    (void)state;
    for (const struct strategy_ops *const *k = strategy_registry; *k; k++)
        for (const struct param_spec *p = (*k)->params; p->key; p++)
            if (p->type == PARAM_INSTRUMENT || strcmp(p->key, "timeframe") == 0)
                assert_false(p->flags & PARAM_LIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strategies_see_the_whole_set_or_the_old_one),
        cmocka_unit_test(a_list_comes_and_goes),
        cmocka_unit_test(what_is_not_live_is_refused),
        cmocka_unit_test(kinds_keep_instruments_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What repeats: duplicates of one intent, and executions on one side without end. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

/* ---- duplicates ---- */

static void begin_duplicates(void)
{
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->duplicate_window_ns = 2 * SECOND;
}

static void the_same_order_within_the_window_is_denied(void **state)
{
    (void)state;
    begin_duplicates();
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_advance(&w, 2 * SECOND - 2);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_DUPLICATE, "2", "1.999999999");
    world_was_denied(&w, REASON_DUPLICATE, LIMIT_OF_AGENT, 0, NULL, NULL);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001")); /* exactly the window later */
    world_close(&w);
}

static void another_order_is_no_duplicate(void **state)
{
    (void)state;
    begin_duplicates();
    world_strategy(&w, "q", &strategy_probe, "1000", "0.1");
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_SELL, "51000", "0.001"));
    world_passes(&w, probe_limit(SIDE_SELL, "51000.01", "0.001"));
    world_passes(&w, probe_limit(SIDE_SELL, "51000", "0.00101"));
    world_passes(&w, probe_limit(SIDE_BUY, "51000", "0.001"));
    world_passes(&w, probe_market(SIDE_SELL, "0.001"));
    assert_true(world_ask_by(&w, 1, "50000", probe_limit(SIDE_SELL, "51000", "0.001")));
    struct order_request q = probe_limit(SIDE_SELL, "51000", "0.001");
    q.tag = 7; /* the strategy's own mark makes it no other order */
    world_denied(&w, q, REASON_DUPLICATE, NULL, NULL);
    world_close(&w);
}

static void a_repeat_that_is_meant_passes(void **state)
{
    (void)state;
    begin_duplicates();
    world_go(&w);
    struct order_request q = probe_limit(SIDE_BUY, "49000", "0.001");
    world_passes(&w, q);
    q.repeat = true;
    world_passes(&w, q);
    q.repeat = false; /* the repeated one counts like any other */
    world_denied(&w, q, REASON_DUPLICATE, NULL, NULL);
    world_close(&w);
}

static void without_a_window_nothing_is_looked_for(void **state)
{
    (void)state;
    begin_duplicates();
    w.setup->risk.duplicate_window_ns = 0;
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_close(&w);
}

static void what_was_taken_back_does_not_count(void **state)
{
    (void)state;
    static const struct {
        enum order_state to;
        bool counts;
    } CASES[] = {{ORDER_REJECTED, false},      {ORDER_NOT_SENT, false}, {ORDER_DENIED, false},
                 {ORDER_EXPIRED, false},       {ORDER_CANCELED, false}, {ORDER_ACCEPTED, true},
                 {ORDER_PENDING_CANCEL, true}, {ORDER_IN_DOUBT, true}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        begin_duplicates();
        world_go(&w);
        order_id id = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
        world_order(&w, id, CASES[i].to);
        if (CASES[i].counts)
            world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_DUPLICATE, NULL, NULL);
        else
            world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
        world_close(&w);
    }
}

static void what_was_filled_counts(void **state)
{
    (void)state;
    begin_duplicates();
    world_go(&w);
    order_id id = world_passes(&w, probe_market(SIDE_BUY, "0.01"));
    world_order(&w, id, ORDER_ACCEPTED);
    world_fill(&w, id, "50000", "0.01");
    world_denied(&w, probe_market(SIDE_BUY, "0.01"), REASON_DUPLICATE, NULL, NULL);
    order_id part = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, part, ORDER_ACCEPTED);
    world_fill(&w, part, "49000", "0.004");
    world_order(&w, part, ORDER_CANCELED); /* partly executed: asking for all of it is too much */
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.01"), REASON_DUPLICATE, NULL, NULL);
    world_close(&w);
}

/* A denied intent was never sent. */
static void what_was_denied_does_not_count(void **state)
{
    (void)state;
    begin_duplicates();
    w.setup->risk.has_max_open_orders = true;
    w.setup->risk.max_open_orders = 1;
    world_go(&w);
    order_id id = world_passes(&w, probe_limit(SIDE_BUY, "48000", "0.001"));
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_OPEN_ORDERS, NULL, NULL);
    world_order(&w, id, ORDER_CANCELED);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_close(&w);
}

/* One replayed signal within one event. */
static void a_loop_within_one_event_leaves_one_order(void **state)
{
    (void)state;
    begin_duplicates();
    world_go(&w);
    for (int i = 0; i < 100; i++)
        probe_request[i] = probe_market(SIDE_BUY, "0.001");
    probe_requests = 100;
    world_trade(&w, "50000", "1");
    assert_non_null(world_effect(&w, EFFECT_SUBMIT, 0));
    assert_null(world_effect(&w, EFFECT_SUBMIT, 1));
    assert_non_null(world_effect(&w, EFFECT_DENIED, 17)); /* 16, the 32nd and the 64th are told */
    assert_null(world_effect(&w, EFFECT_DENIED, 18));
    struct engine_denied n;
    engine_denied(w.engine, 0, REASON_DUPLICATE, &n);
    assert_int_equal(n.times, 99);
    world_close(&w);
}

/* ---- executions ---- */

static void begin_executions(void)
{
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_executions = true;
    r->max_executions = 3;
    r->execution_interval_ns = 10 * SECOND;
}

/* An order, and a fill of a part of it. */
static order_id execute(strategy_id s, enum side side)
{
    order_id id = world_ask_by(&w, s, "50000",
                               probe_limit(side, side == SIDE_BUY ? "50000" : "50001", "0.002"));
    assert_true(id);
    world_order(&w, id, ORDER_ACCEPTED);
    world_fill(&w, id, side == SIDE_BUY ? "50000" : "50001", "0.001");
    return id;
}

static enum trading_state state_of(strategy_id s)
{
    return engine_state(w.engine, SCOPE_STRATEGY, s);
}

static void one_more_than_allowed_latches_reducing(void **state)
{
    (void)state;
    begin_executions();
    world_strategy(&w, "q", &strategy_probe, "1000", "0.1");
    world_go(&w);
    for (int i = 0; i < 3; i++)
        execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_SELL); /* another side */
    execute(1, SIDE_BUY);  /* another strategy */
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_BUY);
    const struct effect *fx = world_effect(&w, EFFECT_STATE, 0);
    assert_non_null(fx);
    assert_int_equal(fx->state.scope, SCOPE_STRATEGY);
    assert_int_equal(fx->state.index, 0);
    assert_int_equal(fx->state.to, STATE_REDUCING);
    assert_int_equal(fx->state.reason, REASON_REPEATED_EXECUTION);
    assert_true(dec_eq(fx->state.limit, D("3")) && dec_eq(fx->state.value, D("4")));
    assert_int_equal(state_of(1), STATE_ACTIVE);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_STATE_REDUCING, NULL, NULL);
    world_passes(&w, probe_limit(SIDE_SELL, "51000", "0.1")); /* exits go */
    world_close(&w);
}

/* What rests would go on executing: entries are cancelled, exits stay; another strategy's stay. */
static void open_entries_are_cancelled(void **state)
{
    (void)state;
    begin_executions();
    world_strategy(&w, "q", &strategy_probe, "500", "0");
    world_go(&w);
    order_id buy = world_passes(&w, probe_limit(SIDE_BUY, "40000", "0.001"));
    order_id sell = world_passes(&w, probe_limit(SIDE_SELL, "60000", "0.001"));
    order_id other = world_ask_by(&w, 1, "50000", probe_limit(SIDE_BUY, "40000", "0.001"));
    order_id part[4];
    for (int i = 0; i < 4; i++)
        part[i] = execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_REDUCING);
    order_id canceled[] = {buy, part[0], part[1], part[2], part[3]};
    for (uint32_t i = 0; i < 5; i++) {
        const struct effect *fx = world_effect(&w, EFFECT_CANCEL, i);
        assert_non_null(fx);
        assert_int_equal(fx->cancel, canceled[i]);
    }
    assert_null(world_effect(&w, EFFECT_CANCEL, 5));
    assert_int_equal(engine_order(w.engine, sell)->state, ORDER_SUBMITTED);
    assert_int_equal(engine_order(w.engine, other)->state, ORDER_SUBMITTED);
    world_order(&w, buy, ORDER_ACCEPTED);
    world_order(&w, part[0], ORDER_PARTIALLY_FILLED);
    world_order(&w, buy, ORDER_ACCEPTED); /* the venue refused it: asked again within a second */
    world_advance(&w, SECOND);
    world_trade(&w, "50000", "1");
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, buy);
    world_close(&w);
}

/* A person's pause leaves orders as they are, whatever executes then. */
static void a_paused_strategy_stays_as_it_was(void **state)
{
    (void)state;
    begin_executions();
    world_go(&w);
    order_id id[4];
    for (int i = 0; i < 4; i++) {
        id[i] = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.002"));
        world_order(&w, id[i], ORDER_ACCEPTED);
    }
    world_command(&w, COMMAND_PAUSE, 0);
    for (int i = 0; i < 4; i++) {
        world_fill(&w, id[i], "49000", "0.001");
        assert_null(world_effect(&w, EFFECT_STATE, 0));
        assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    }
    world_close(&w);
}

static void fills_of_one_order_are_one_execution(void **state)
{
    (void)state;
    begin_executions();
    world_go(&w);
    order_id id = world_passes(&w, probe_limit(SIDE_BUY, "50000", "0.01"));
    world_order(&w, id, ORDER_ACCEPTED);
    for (int i = 0; i < 10; i++)
        world_fill(&w, id, "50000", "0.001");
    execute(0, SIDE_BUY);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_REDUCING);
    world_close(&w);
}

static void executions_age(void **state)
{
    (void)state;
    begin_executions();
    world_go(&w);
    for (int i = 0; i < 3; i++)
        execute(0, SIDE_BUY);
    int64_t newest = engine_now_ns(w.engine);
    world_advance(&w, 10 * SECOND - 100);
    order_id id = world_passes(&w, probe_limit(SIDE_BUY, "50000", "0.002"));
    world_order(&w, id, ORDER_ACCEPTED);
    /* exactly the interval after the newest one none of them counts any more */
    world_advance(&w, newest + 10 * SECOND - engine_now_ns(w.engine) - 1);
    world_fill(&w, id, "50000", "0.001");
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_BUY);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_REDUCING);
    world_close(&w);
}

static void only_a_person_releases_it_and_then_it_is_counted_anew(void **state)
{
    (void)state;
    begin_executions();
    world_go(&w);
    for (int i = 0; i < 4; i++)
        execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_REDUCING);
    world_advance(&w, 3600 * SECOND);
    world_trade(&w, "50000", "1");
    assert_int_equal(state_of(0), STATE_REDUCING); /* time does not */
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    assert_int_equal(state_of(0), STATE_REDUCING); /* it is the strategy's state */
    world_command(&w, COMMAND_RESUME, 0);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    for (int i = 0; i < 3; i++)
        execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_REDUCING);
    world_command(&w, COMMAND_RESUME, 0); /* at once: the old ones do not count */
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    world_close(&w);
}

static void a_strategy_s_own_limit_is_the_stricter_one(void **state)
{
    (void)state;
    begin_executions();
    w.setup->strategy[0].risk.has_max_executions = true;
    w.setup->strategy[0].risk.max_executions = 1;
    world_go(&w);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_ACTIVE);
    execute(0, SIDE_BUY);
    assert_int_equal(state_of(0), STATE_REDUCING);
    world_close(&w);
}

/* It never makes a halted strategy looser. */
static void a_halted_strategy_stays_halted(void **state)
{
    (void)state;
    begin_executions();
    w.setup->strategy[0].risk.has_max_drawdown = true;
    w.setup->strategy[0].risk.max_drawdown = D("0.1");
    world_go(&w);
    order_id id[4];
    for (int i = 0; i < 4; i++) {
        id[i] = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.002"));
        world_order(&w, id[i], ORDER_ACCEPTED);
    }
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "40000", "1");
    assert_int_equal(state_of(0), STATE_HALTED);
    for (int i = 0; i < 4; i++)
        world_fill(&w, id[i], "49000", "0.001");
    assert_int_equal(state_of(0), STATE_HALTED);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_order_within_the_window_is_denied),
        cmocka_unit_test(another_order_is_no_duplicate),
        cmocka_unit_test(a_repeat_that_is_meant_passes),
        cmocka_unit_test(without_a_window_nothing_is_looked_for),
        cmocka_unit_test(what_was_taken_back_does_not_count),
        cmocka_unit_test(what_was_filled_counts),
        cmocka_unit_test(what_was_denied_does_not_count),
        cmocka_unit_test(a_loop_within_one_event_leaves_one_order),
        cmocka_unit_test(one_more_than_allowed_latches_reducing),
        cmocka_unit_test(open_entries_are_cancelled),
        cmocka_unit_test(a_paused_strategy_stays_as_it_was),
        cmocka_unit_test(fills_of_one_order_are_one_execution),
        cmocka_unit_test(executions_age),
        cmocka_unit_test(only_a_person_releases_it_and_then_it_is_counted_anew),
        cmocka_unit_test(a_strategy_s_own_limit_is_the_stricter_one),
        cmocka_unit_test(a_halted_strategy_stays_halted),
    };
    return cmocka_run_group_tests_name("risk_repeat", tests, NULL, NULL);
}

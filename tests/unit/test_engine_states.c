/* Trading states and their latches: what a halt cancels, what undoes what, and when losses are
 * looked at. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

static enum trading_state agent(void)
{
    return engine_state(w.engine, SCOPE_AGENT, 0);
}

static void unhalt_leads_back_to_reducing_where_entry_was_stopped(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    world_command(&w, COMMAND_STOPENTRY, STRATEGY_NONE);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_REDUCING);
    assert_int_equal(world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01")), 0);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_ACTIVE);
    world_close(&w);
}

static void entry_can_be_stopped_and_resumed_under_a_halt(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_command(&w, COMMAND_STOPENTRY, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_HALTED);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_REDUCING);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_HALTED);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_ACTIVE);
    world_close(&w);
}

static void unhalt_does_not_undo_a_daily_loss(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "5000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_go(&w);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1"); /* one BTC: 1000 */
    assert_int_equal(agent(), STATE_REDUCING);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    assert_int_equal(agent(), STATE_REDUCING);
    world_close(&w);
}

static void a_loss_during_a_halt_is_latched_after_it(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "5000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_go(&w);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1");
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1");
    assert_int_equal(agent(), STATE_REDUCING);
    world_close(&w);
}

static void a_halted_strategy_s_orders_are_cancelled_and_no_others(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    w.setup->strategy[0].risk.has_max_drawdown = true;
    w.setup->strategy[0].risk.max_drawdown = D("0.1");
    world_strategy(&w, "q", &strategy_probe, "1000", "0");
    world_go(&w);
    order_id own = world_ask(&w, probe_limit(SIDE_BUY, "30000", "0.001"));
    assert_int_equal(order_id_strategy(own), 0);
    world_command(&w, COMMAND_PAUSE, 0);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "20000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 1), STATE_ACTIVE);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, own);
    assert_null(world_effect(&w, EFFECT_CANCEL, 1));
    world_close(&w);
}

static void a_refused_cancel_is_asked_again_each_second_of_a_halt(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, ORDER_ACCEPTED);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_trade(&w, "50000", "1");
    assert_null(world_effect(&w, EFFECT_CANCEL, 0)); /* under way: not twice */
    world_order(&w, id, ORDER_ACCEPTED);             /* refused */
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_advance(&w, SECOND);
    world_trade(&w, "50000", "1");
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    world_close(&w);
}

static void a_cancel_leaves_an_order_in_doubt_in_doubt(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, ORDER_IN_DOUBT);
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_IN_DOUBT);
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    assert_null(world_effect(&w, EFFECT_CANCEL, 0)); /* one is enough until there is an answer */
    world_order(&w, id, ORDER_CANCELED);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_CANCELED);
    assert_int_equal(engine_open_orders(w.engine), 0);
    world_close(&w);
}

/* The cancel overtook the order: what becomes of the order still counts. */
static void an_order_that_never_left_ends_though_its_cancel_is_under_way(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_PENDING_CANCEL);
    world_order(&w, id, ORDER_NOT_SENT);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_NOT_SENT);
    assert_true(dec_is_zero(engine_reserved(w.engine, 0, 0, 0)));
    id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    world_order(&w, id, ORDER_IN_DOUBT);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_IN_DOUBT);
    assert_false(dec_is_zero(engine_reserved(w.engine, 0, 0, 0)));
    world_close(&w);
}

static void losses_are_looked_at_with_the_minute_s_sample(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "5000", "0.5");
    r->has_max_drawdown = true;
    r->max_drawdown = D("0.01");
    world_go(&w);
    /* Within the second after the last look, a fall; then the next minute begins with a rise. */
    world_advance(&w, 60 * SECOND - SECOND / 2);
    world_trade(&w, "50000", "1");
    world_trade(&w, "49000", "1");
    assert_int_equal(agent(), STATE_ACTIVE);
    world_advance(&w, SECOND / 2);
    world_trade(&w, "50000", "1");
    assert_int_equal(agent(), STATE_HALTED);
    world_close(&w);
}

/* A day that begins between two minutes begins for the strategies, too, with whichever sample. */
static void a_day_that_begins_with_a_fill_begins_for_the_strategies(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "5000", "0.5");
    r->day_offset_ns = 30 * SECOND;
    w.setup->strategy[0].risk.has_daily_loss = true;
    w.setup->strategy[0].risk.daily_loss = D("400");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_advance(&w, 86400 * SECOND);
    world_trade(&w, "49400", "1"); /* 00:00 of the next day: still the old trading day */
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    world_advance(&w, 40 * SECOND);
    world_fill(&w, id, "49000", "0.001"); /* the new one's first sample */
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1"); /* 0.5 BTC: 500 since the old day began, 200 since the new */
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    world_close(&w);
}

#define MANY 1000

static void many_strategies_may_lose_at_once(void **state)
{
    (void)state;
    world_open(&w);
    for (int i = 0; i < MANY; i++) {
        struct strategy_setup *s = world_strategy(&w, "p", &strategy_probe, "1", "0.001");
        s->risk.has_max_drawdown = true;
        s->risk.max_drawdown = D("0.1");
    }
    world_go(&w);
    world_advance(&w, 2 * SECOND);
    for (int i = 0; i < 8; i++)
        probe_request[i] = probe_limit(SIDE_SELL, "50000", "0.00011");
    probe_requests = 8;
    world_trade(&w, "30000", "1");
    for (uint16_t i = 0; i < MANY; i++)
        assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, i), STATE_HALTED);
    world_close(&w);
}

/* Asks for many orders at once, each of them. */
static enum err eager_on_event(void *st, const struct strategy_view *v, const struct event *e,
                               struct intents *out)
{
    bool *done = st;
    (void)v;
    struct order_request q = probe_limit(SIDE_BUY, "40000", "0.00013");
    for (int i = 0; e->kind == EVENT_TRADE && !*done && i < INTENTS_MAX; i++)
        intents_submit(out, &q);
    *done |= e->kind == EVENT_TRADE;
    return ERR_OK;
}

/* What one strategy asks for must not be held against another: at one event, as many orders as can
 * be open at all. */
static void many_strategies_may_begin_at_one_event(void **state)
{
    (void)state;
    world_open(&w);
    w.setup->balance[0].amount = D("1000000");
    struct strategy_ops eager = strategy_probe;
    eager.on_event = eager_on_event;
    for (int i = 0; i < 17; i++)
        world_strategy(&w, "p", &eager, "10000", "0");
    world_go(&w);
    assert_int_equal(engine_open_orders(w.engine), 16 * INTENTS_MAX); /* 4096: all there can be */
    for (uint16_t i = 0; i < 17; i++)
        assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, i), STATE_ACTIVE);
    assert_int_equal(world_effect(&w, EFFECT_DENIED, 0)->denied.denial.reason,
                     REASON_ORDER_TABLE_FULL);
    world_close(&w);
}

static void times_out_of_range_are_refused(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    const int64_t bad[] = {-1, INT64_MIN, INT64_MAX, ENGINE_TIME_MAX_NS + 1};
    for (int i = 0; i < 4; i++) {
        struct event ev = {
            .kind = EVENT_TRADE, .ts_event_ns = bad[i], .trade = {D("50000"), D("1"), 0, SIDE_BUY}};
        int64_t before = engine_now_ns(w.engine);
        assert_int_equal(engine_step(w.engine, &ev, w.fx), ERR_RANGE);
        assert_int_equal(engine_now_ns(w.engine), before);
    }
    struct event ev = {.kind = EVENT_TRADE,
                       .ts_event_ns = ENGINE_TIME_MAX_NS,
                       .trade = {D("50000"), D("1"), 0, SIDE_BUY}};
    assert_int_equal(engine_step(w.engine, &ev, w.fx), ERR_OK);
    ev.ts_event_ns = 0;
    assert_int_equal(engine_step(w.engine, &ev, w.fx), ERR_OK);
    assert_int_equal(engine_now_ns(w.engine), ENGINE_TIME_MAX_NS);
    world_close(&w);
}

/* The signer refuses after the order was submitted: nothing left, nothing stays bound. */
static void a_signer_s_denial_ends_the_order(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, ORDER_DENIED);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_DENIED);
    assert_true(dec_is_zero(engine_reserved(w.engine, 0, 0, 0)));
    struct engine_totals t;
    engine_totals(w.engine, STRATEGY_NONE, &t);
    assert_int_equal(t.denied, 1);
    world_close(&w);
}

/* A fill shows the order that was in doubt; its cancel may have been lost, and can be asked again.
 */
static void an_order_that_is_no_longer_in_doubt_can_be_cancelled_again(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, ORDER_IN_DOUBT);
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    world_fill(&w, id, "49000", "0.004");
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_PARTIALLY_FILLED);
    probe_cancel = id;
    world_trade(&w, "50000", "1");
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    world_close(&w);
}

static void states_that_are_none_change_nothing(void **state)
{
    (void)state;
    world_probe(&w, "5000", "0.5");
    world_go(&w);
    order_id id = world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01"));
    world_order(&w, id, (enum order_state)0);
    world_order(&w, id, (enum order_state)13);
    world_order(&w, id, (enum order_state)255);
    assert_int_equal(engine_order(w.engine, id)->state, ORDER_SUBMITTED);
    world_close(&w);
}

/* As a run begins to which a HALTED strategy was carried over. */
static void a_strategy_is_halted_alone(void **state)
{
    (void)state;
    (void)world_probe(&w, "4000", "0.4");
    world_strategy(&w, "b", &strategy_probe, "4000", "0.4");
    world_go(&w);
    order_id id = world_ask_by(&w, 0, "50000", probe_limit(SIDE_BUY, "49000", "0.01"));
    assert_true(id);
    world_command(&w, COMMAND_HALT, 0);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_int_equal(world_ask_by(&w, 0, "50000", probe_limit(SIDE_SELL, "51000", "0.01")), 0);
    assert_true(world_ask_by(&w, 1, "50000", probe_limit(SIDE_BUY, "49000", "0.01")));
    world_command(&w, COMMAND_RESUME, 0);
    assert_true(world_ask_by(&w, 0, "50000", probe_limit(SIDE_SELL, "51000", "0.01")));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unhalt_leads_back_to_reducing_where_entry_was_stopped),
        cmocka_unit_test(entry_can_be_stopped_and_resumed_under_a_halt),
        cmocka_unit_test(unhalt_does_not_undo_a_daily_loss),
        cmocka_unit_test(a_loss_during_a_halt_is_latched_after_it),
        cmocka_unit_test(a_halted_strategy_s_orders_are_cancelled_and_no_others),
        cmocka_unit_test(a_refused_cancel_is_asked_again_each_second_of_a_halt),
        cmocka_unit_test(a_cancel_leaves_an_order_in_doubt_in_doubt),
        cmocka_unit_test(an_order_that_never_left_ends_though_its_cancel_is_under_way),
        cmocka_unit_test(losses_are_looked_at_with_the_minute_s_sample),
        cmocka_unit_test(a_day_that_begins_with_a_fill_begins_for_the_strategies),
        cmocka_unit_test(many_strategies_may_lose_at_once),
        cmocka_unit_test(many_strategies_may_begin_at_one_event),
        cmocka_unit_test(times_out_of_range_are_refused),
        cmocka_unit_test(a_signer_s_denial_ends_the_order),
        cmocka_unit_test(an_order_that_is_no_longer_in_doubt_can_be_cancelled_again),
        cmocka_unit_test(states_that_are_none_change_nothing),
        cmocka_unit_test(a_strategy_is_halted_alone),
    };
    return cmocka_run_group_tests_name("engine states", tests, NULL, NULL);
}

/* on_stop and on_restart in the engine: what is cancelled, what is sold, who hears what meanwhile,
 * and how strategies begin again. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static struct strategy_ops ops;
static uint32_t inits, starts, timers, trades;
static bool want_timer, answer_cancel;

static int64_t init_param;

static enum err on_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)v;
    init_param = p->count ? p->value[0].integer : 0;
    assert_int_equal(*(uint32_t *)state, 0); /* fresh memory */
    *(uint32_t *)state = 7;
    inits++;
    return ERR_OK;
}

static enum err on_event(void *state, const struct strategy_view *v, const struct event *e,
                         struct intents *out)
{
    starts += e->kind == EVENT_STARTED;
    timers += e->kind == EVENT_TIMER;
    trades += e->kind == EVENT_TRADE;
    if (e->kind == EVENT_TRADE && want_timer)
        intents_timer(out, view_now_ns(v) + SECOND);
    want_timer = want_timer && e->kind != EVENT_TRADE;
    if (answer_cancel && e->kind == EVENT_ORDER &&
        (e->order.state == ORDER_CANCELED || e->order.state == ORDER_DENIED)) {
        assert_int_equal(view_state(v), STATE_HALTED);
        struct order_request again = probe_limit(SIDE_BUY, "40000", "0.01");
        intents_submit(out, &again);
    }
    return strategy_probe.on_event(state, v, e, out);
}

static struct strategy_setup *begin(enum on_stop on_stop, enum on_restart on_restart)
{
    ops = strategy_probe;
    ops.init = on_init;
    ops.on_event = on_event;
    inits = starts = timers = trades = probe_seen_count = 0;
    want_timer = answer_cancel = false;
    world_open(&w);
    struct strategy_setup *ss = world_strategy(&w, "one", &ops, "5000", "0.5");
    ss->on_stop = on_stop;
    ss->on_restart = on_restart;
    return ss;
}

static void go(void)
{
    world_start(&w);
    world_top(&w, "49999", "50001");
    world_trade(&w, "50000", "1");
}

static order_id place(const char *price)
{
    probe_request[0] = probe_limit(SIDE_BUY, price, "0.01");
    probe_requests = 1;
    world_trade(&w, "50000", "1");
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    if (!fx)
        return 0;
    world_order(&w, fx->submit.id, ORDER_ACCEPTED);
    return fx->submit.id;
}

static void canceled(order_id id)
{
    world_order(&w, id, ORDER_CANCELED);
}

static bool is_stopped(void)
{
    return engine_is_stopped(w.engine);
}

static void keep_rests_and_keeps(void **state)
{
    (void)state;
    begin(ON_STOP_KEEP, ON_RESTART_ADOPT);
    go();
    place("49000");
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    assert_true(is_stopped());
    uint32_t seen = trades;
    assert_int_equal(place("48000"), 0); /* it does not even hear of the trade */
    assert_int_equal(trades, seen);
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    assert_int_equal(engine_open_orders(w.engine), 1);
    probe_requests = 0;
    assert_int_not_equal(place("48000"), 0);
    assert_int_equal(inits, 1); /* it goes on */
    assert_int_equal(starts, 1);
    world_close(&w);
}

static void cancel_cancels_and_waits(void **state)
{
    (void)state;
    begin(ON_STOP_CANCEL, ON_RESTART_ADOPT);
    go();
    order_id a = place("49000"), b = place("48000");
    answer_cancel = true;
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, a);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 1)->cancel, b);
    assert_false(is_stopped());
    uint32_t seen = probe_seen_count;
    canceled(a);
    assert_int_equal(probe_seen[seen].order.state, ORDER_CANCELED); /* it is told */
    const struct effect *fx = world_effect(&w, EFFECT_DENIED, 0);   /* and may not ask again */
    assert_non_null(fx);
    assert_int_equal(fx->denied.denial.reason, REASON_RESTING);
    assert_null(world_effect(&w, EFFECT_SUBMIT, 0));
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE); /* no flood */
    assert_false(is_stopped());
    /* A refused cancel is asked again, a second later at the latest, without any event. */
    world_order(&w, b, ORDER_ACCEPTED);
    int64_t next_ns = engine_next_timer_ns(w.engine);
    assert_true(next_ns <= w.now_ns + SECOND);
    world_advance(&w, SECOND);
    world_timer(&w);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, b);
    canceled(b);
    assert_true(is_stopped());
    assert_true(dec_eq(engine_balance(w.engine, 0, 0, 1), D("0.5"))); /* positions stay */
    answer_cancel = false;
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_equal(inits, 1);
    world_close(&w);
}

static void timers_wait_while_it_rests(void **state)
{
    (void)state;
    begin(ON_STOP_KEEP, ON_RESTART_ADOPT);
    go();
    want_timer = true;
    world_trade(&w, "50000", "1");
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_true(engine_next_timer_ns(w.engine) == INT64_MAX);
    world_advance(&w, 5 * SECOND);
    world_timer(&w);
    assert_int_equal(timers, 0);
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_true(engine_next_timer_ns(w.engine) <= w.now_ns);
    world_timer(&w);
    assert_int_equal(timers, 1);
    world_close(&w);
}

static const struct order *sold(void)
{
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    if (!fx)
        return NULL;
    assert_int_equal(fx->submit.req.side, SIDE_SELL);
    assert_int_equal(fx->submit.req.type, ORDER_MARKET);
    assert_true(fx->submit.req.reduce_only);
    return &fx->submit;
}

static void close_sells_and_begins_anew(void **state)
{
    (void)state;
    begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    go();
    order_id a = place("49000");
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, a);
    assert_null(sold()); /* first the orders */
    uint32_t seen = probe_seen_count;
    canceled(a);
    const struct order *o = sold();
    assert_non_null(o);
    assert_true(dec_eq(o->req.qty, D("0.5")));
    order_id id = o->id;
    assert_false(is_stopped());
    world_order(&w, id, ORDER_ACCEPTED);
    assert_null(world_effect(&w, EFFECT_CANCEL, 0)); /* its own sell is let alone */
    world_advance(&w, 2 * SECOND);
    world_top(&w, "49999", "50001");
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_fill(&w, id, "49999", "0.5");
    world_top(&w, "49999", "50001");
    if (!is_stopped()) { /* it looks once more, a second after the sell */
        world_advance(&w, SECOND);
        world_timer(&w);
    }
    assert_true(is_stopped());
    assert_int_equal(engine_left_over(w.engine, 0, 0), REASON_NONE);
    assert_int_equal(probe_seen_count, seen); /* the strategy is out of it */
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_equal(inits, 2);
    world_trade(&w, "50000", "1");
    assert_int_equal(starts, 2);
    world_close(&w);
}

static void close_keeps_within_limits(void **state)
{
    (void)state;
    begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    w.setup->instrument[0].rules.max_qty = D("0.2");
    go();
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    dec sum = DEC_ZERO;
    uint32_t parts = 0;
    for (; parts < 10 && !is_stopped(); parts++) {
        const struct order *o = sold();
        if (!o) {
            world_advance(&w, SECOND);
            world_top(&w, "49999", "50001");
            continue;
        }
        dec qty = o->req.qty;
        assert_true(dec_le(qty, D("0.2")));
        assert_true(dec_add(sum, qty, &sum));
        char text[DEC_TEXT_MAX];
        dec_format(qty, text);
        world_fill(&w, o->id, "49999", text);
        world_advance(&w, SECOND);
        world_top(&w, "49999", "50001");
    }
    assert_true(is_stopped());
    assert_true(dec_eq(sum, D("0.5")));
    world_close(&w);
}

static void what_cannot_be_sold_is_told(void **state)
{
    (void)state;
    /* Less than a lot. */
    struct strategy_setup *ss = begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    ss->inventory = D("0.000001");
    go();
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_null(sold());
    assert_true(is_stopped());
    assert_int_equal(engine_left_over(w.engine, 0, 0), REASON_LOT_SIZE);
    world_close(&w);
    /* Below the venue's minimum. */
    ss = begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    ss->inventory = D("0.00009");
    go();
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_true(is_stopped());
    assert_int_equal(engine_left_over(w.engine, 0, 0), REASON_MIN_NOTIONAL);
    world_close(&w);
    /* Without a price it waits for one. */
    begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    go();
    world_feed(&w, FEED_INVALID);
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_null(sold());
    assert_false(is_stopped());
    assert_int_equal(engine_left_over(w.engine, 0, 0), REASON_FEED_INVALID);
    world_feed(&w, FEED_LIVE);
    world_advance(&w, SECOND);
    world_top(&w, "49999", "50001");
    assert_non_null(sold());
    /* Nobody buys: three times, and it is given up. */
    for (int i = 0; i < 3; i++) {
        const struct order *o = sold();
        assert_non_null(o);
        world_order(&w, o->id, ORDER_EXPIRED);
        world_advance(&w, SECOND);
        world_top(&w, "49999", "50001");
    }
    assert_null(sold());
    assert_true(is_stopped());
    assert_int_equal(engine_left_over(w.engine, 0, 0), REASON_NO_LIQUIDITY);
    world_close(&w);
}

static void halted_positions_stay(void **state)
{
    (void)state;
    begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    go();
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    assert_null(sold());
    assert_true(is_stopped());
    assert_int_equal(engine_left_over(w.engine, 0, 0), REASON_STATE_HALTED);
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_equal(inits, 1); /* nothing was closed: it goes on */
    world_close(&w);
}

/* Killed: no stop was told. */
static void restart_adopts_or_cancels(void **state)
{
    (void)state;
    begin(ON_STOP_KEEP, ON_RESTART_ADOPT);
    go();
    place("49000");
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_null(world_effect(&w, EFFECT_CANCEL, 0));
    assert_int_not_equal(place("48000"), 0);
    assert_int_equal(engine_open_orders(w.engine), 2);
    world_close(&w);

    begin(ON_STOP_KEEP, ON_RESTART_CANCEL);
    go();
    order_id a = place("49000");
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, a);
    assert_int_equal(place("48000"), 0); /* not before they are gone */
    probe_requests = 0;
    uint32_t seen = probe_seen_count;
    canceled(a);
    assert_int_equal(probe_seen_count, seen + 1);
    assert_int_not_equal(place("48000"), 0);
    assert_int_equal(inits, 1);
    assert_int_equal(starts, 1);
    world_close(&w);

    begin(ON_STOP_KEEP, ON_RESTART_CANCEL); /* without orders there is nothing to wait for */
    go();
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_not_equal(place("48000"), 0);
    world_close(&w);
}

/* Time was over while the cancels were under way; the next daemon cancels what is left of a closed
 * strategy before it begins anew. */
static void a_close_that_was_cut_off(void **state)
{
    (void)state;
    begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    go();
    order_id a = place("49000");
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    world_order(&w, a, ORDER_ACCEPTED); /* the cancel was refused */
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, a);
    assert_int_equal(place("48000"), 0);
    probe_requests = 0;
    canceled(a);
    assert_null(sold());
    assert_int_not_equal(place("48000"), 0);
    assert_int_equal(inits, 2);
    world_close(&w);
}

static struct param_spec live_spec[] = {{.key = "n", .type = PARAM_INTEGER, .flags = PARAM_LIVE},
                                        {.key = NULL}};

/* It was stopped before it heard of anything: a parameter that changed meanwhile is not lost. */
static void one_that_never_began_knows_its_parameters(void **state)
{
    (void)state;
    struct strategy_setup *ss = begin(ON_STOP_KEEP, ON_RESTART_ADOPT);
    ops.params = live_spec;
    ss->params.count = 1;
    ss->params.value[0].present = true;
    ss->params.value[0].integer = 3;
    world_start(&w);
    assert_int_equal(init_param, 3);
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    struct event ev = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    ev.param.type = PARAM_INTEGER;
    ev.param.present = true;
    ev.param.value.integer = 9;
    world_step(&w, &ev);
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    assert_int_equal(init_param, 9);
    world_close(&w);
}

/* Likewise while it begins anew, as long as it waits for the end of its old orders. */
static void one_that_begins_anew_knows_its_parameters(void **state)
{
    (void)state;
    struct strategy_setup *ss = begin(ON_STOP_CLOSE, ON_RESTART_ADOPT);
    ops.params = live_spec;
    ss->params.count = 1;
    ss->params.value[0].present = true;
    ss->params.value[0].integer = 3;
    world_start(&w);
    order_id a = place("49000");
    world_command(&w, COMMAND_STOP, STRATEGY_NONE);
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    struct event ev = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    ev.param.type = PARAM_INTEGER;
    ev.param.present = true;
    ev.param.value.integer = 9;
    world_step(&w, &ev);
    assert_int_equal(init_param, 9);
    canceled(a);
    assert_int_not_equal(place("48000"), 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_rests_and_keeps),
        cmocka_unit_test(cancel_cancels_and_waits),
        cmocka_unit_test(timers_wait_while_it_rests),
        cmocka_unit_test(close_sells_and_begins_anew),
        cmocka_unit_test(close_keeps_within_limits),
        cmocka_unit_test(what_cannot_be_sold_is_told),
        cmocka_unit_test(halted_positions_stay),
        cmocka_unit_test(restart_adopts_or_cancels),
        cmocka_unit_test(a_close_that_was_cut_off),
        cmocka_unit_test(one_that_never_began_knows_its_parameters),
        cmocka_unit_test(one_that_begins_anew_knows_its_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

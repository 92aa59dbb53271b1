/* Guards: what a close is, when each guard locks and for how long, what a lock lets through, and
 * schedules. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;
static enum trading_state seen; /* by the strategy, at its last event */

static enum err looker_on_event(void *st, const struct strategy_view *v, const struct event *e,
                                struct intents *out)
{
    seen = view_state(v);
    return strategy_probe.on_event(st, v, e, out);
}

static struct guard_setup *begin(void)
{
    static struct strategy_ops looker;
    looker = strategy_probe;
    looker.on_event = looker_on_event;
    world_open(&w);
    return &world_strategy(&w, "p", &looker, "5000", "0.5")->guard;
}

static void losses(struct guard_setup *g, uint32_t count, int64_t lookback_s, int64_t pause_s)
{
    g->has_loss_count = g->has_loss_lookback = g->has_loss_pause = true;
    g->loss_count = count;
    g->loss_lookback_ns = lookback_s * SECOND;
    g->loss_pause_ns = pause_s * SECOND;
}

static void low_profit(struct guard_setup *g, uint32_t trades, int64_t lookback_s, const char *min,
                       int64_t pause_s)
{
    g->has_profit_trades = g->has_profit_lookback = g->has_min_profit = g->has_profit_pause = true;
    g->profit_trades = trades;
    g->profit_lookback_ns = lookback_s * SECOND;
    g->min_profit = D(min);
    g->profit_pause_ns = pause_s * SECOND;
}

static void go(void)
{
    world_start(&w);
    world_trade(&w, "50000", "1");
}

/* What becomes of a request, at one nanosecond after now: its id, or 0 and why in *why. */
static order_id ask(struct order_request r, enum reason *why)
{
    probe_request[0] = r;
    probe_requests = 1;
    world_trade(&w, "50000", "0.01");
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    if (fx)
        return fx->submit.id;
    *why = world_effect(&w, EFFECT_DENIED, 0)->denied.denial.reason;
    return 0;
}

static order_id sends(struct order_request r)
{
    enum reason why = REASON_NONE;
    order_id id = ask(r, &why);
    if (!id)
        fail_msg("denied: %s", reason_name(why));
    return id;
}

static void assert_free(void)
{
    order_id id = sends(probe_limit(SIDE_BUY, "49000", "0.001"));
    world_order(&w, id, ORDER_CANCELED);
}

static void assert_locked(enum reason reason)
{
    enum reason why = REASON_NONE;
    assert_int_equal(ask(probe_limit(SIDE_BUY, "49000", "0.001"), &why), 0);
    assert_string_equal(reason_name(why), reason_name(reason));
}

/* Sells a thousandth at [price], cost 50000; the last step is the fill's. */
static void close_at(const char *price)
{
    order_id id = sends(probe_limit(SIDE_SELL, price, "0.001"));
    world_fill(&w, id, price, "0.001");
}

/* The one guard effect of the last step. */
static const struct effect_guard *told(bool locked, enum reason reason, strategy_id s)
{
    const struct effect *fx = world_effect(&w, EFFECT_GUARD, 0);
    assert_non_null(fx);
    assert_null(world_effect(&w, EFFECT_GUARD, 1));
    assert_int_equal(fx->strategy, s);
    assert_int_equal(fx->guard.reason, reason);
    assert_int_equal(fx->guard.locked, locked);
    return &fx->guard;
}

/* The next step has this time. */
static void next_step_at(int64_t ns)
{
    w.now_ns = ns - 1;
}

/* ---- stop-loss guard ---- */

static void losing_closes_lock_entries_for_the_pause(void **state)
{
    (void)state;
    losses(begin(), 2, 60, 100);
    go();
    close_at("49000");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    assert_free();
    close_at("49000");
    const struct effect_guard *g = told(true, REASON_GUARD_LOSSES, 0);
    int64_t until_ns = w.now_ns + 100 * SECOND, shown_ns = 0;
    assert_true(g->until_ns == until_ns);
    assert_true(dec_eq(g->limit, D("2")) && dec_eq(g->value, D("2")));
    assert_int_equal(seen, STATE_REDUCING); /* already at the fill that locked */
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    assert_int_equal(engine_guard(w.engine, 0, &shown_ns), REASON_GUARD_LOSSES);
    assert_true(shown_ns == until_ns);
    assert_true(engine_next_timer_ns(w.engine) == until_ns);
    assert_locked(REASON_GUARD_LOSSES);
    sends(probe_limit(SIDE_SELL, "51000", "0.001")); /* what reduces goes */
    next_step_at(until_ns - 1);
    assert_locked(REASON_GUARD_LOSSES);
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    world_timer(&w);
    assert_true(w.now_ns == until_ns);
    told(false, REASON_GUARD_LOSSES, 0);
    assert_int_equal(engine_guard(w.engine, 0, NULL), REASON_NONE);
    assert_free();
    assert_int_equal(seen, STATE_ACTIVE);
    assert_true(engine_next_timer_ns(w.engine) == INT64_MAX);
    world_close(&w);
}

static void a_loss_as_old_as_the_lookback_does_not_count(void **state)
{
    (void)state;
    for (int older = 0; older < 2; older++) {
        losses(begin(), 2, 60, 100);
        go();
        close_at("49000");
        int64_t first_ns = w.now_ns;
        order_id id = sends(probe_limit(SIDE_SELL, "49000", "0.001"));
        next_step_at(first_ns + 60 * SECOND - (older ? 0 : 1));
        world_fill(&w, id, "49000", "0.001");
        assert_int_equal(world_effect(&w, EFFECT_GUARD, 0) == NULL, older);
        world_close(&w);
    }
}

static void only_what_lost_is_a_loss(void **state)
{
    (void)state;
    losses(begin(), 1, 60, 100);
    go();
    close_at("50051");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    order_id id = sends(probe_limit(SIDE_SELL, "50000", "0.001"));
    world_step(&w, &(struct event){.kind = EVENT_FILL,
                                   .fill = {.id = id,
                                            .fill_id = 77,
                                            .price = D("50000"),
                                            .qty = D("0.001"),
                                            .fee_asset = w.setup->quote,
                                            .liquidity = LIQUIDITY_MAKER}});
    assert_true(dec_is_zero(world_effect(&w, EFFECT_FILL, 0)->fill.realized));
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    close_at("50050"); /* less than its fee of 50.05 more than it cost */
    told(true, REASON_GUARD_LOSSES, 0);
    world_close(&w);
}

static void an_order_s_fills_are_one_close_when_it_ends(void **state)
{
    (void)state;
    losses(begin(), 2, 60, 100);
    go();
    order_id id = sends(probe_limit(SIDE_SELL, "49000", "0.004"));
    world_fill(&w, id, "49000", "0.001");
    world_fill(&w, id, "49000", "0.001");
    world_fill(&w, id, "49000", "0.001");
    assert_free(); /* three losing fills, and not yet a close */
    world_order(&w, id, ORDER_CANCELED);
    assert_free();
    /* one fill loses more than the other wins */
    id = sends(probe_limit(SIDE_SELL, "49000", "0.002"));
    world_fill(&w, id, "52000", "0.001");
    world_fill(&w, id, "47000", "0.001");
    told(true, REASON_GUARD_LOSSES, 0);
    world_close(&w);
}

static void an_order_that_sold_nothing_and_a_buy_are_no_close(void **state)
{
    (void)state;
    struct guard_setup *g = begin();
    g->has_cooldown = true;
    g->cooldown_ns = 100 * SECOND;
    go();
    order_id id = sends(probe_limit(SIDE_SELL, "51000", "0.001"));
    world_order(&w, id, ORDER_CANCELED);
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    id = sends(probe_limit(SIDE_BUY, "49000", "0.001"));
    world_fill(&w, id, "49000", "0.001");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    assert_free();
    world_close(&w);
}

static void a_fill_behind_its_order_s_end_is_a_close_of_its_own(void **state)
{
    (void)state;
    losses(begin(), 2, 60, 100);
    go();
    order_id id = sends(probe_limit(SIDE_SELL, "49000", "0.002"));
    world_fill(&w, id, "49000", "0.001");
    world_order(&w, id, ORDER_CANCELED);
    assert_free();
    world_fill(&w, id, "49000", "0.001");
    told(true, REASON_GUARD_LOSSES, 0);
    world_close(&w);
}

static void a_further_loss_lengthens_the_lock(void **state)
{
    (void)state;
    losses(begin(), 2, 60, 100);
    go();
    close_at("49000");
    close_at("49000");
    world_advance(&w, 10 * SECOND);
    close_at("49000");
    int64_t until_ns = told(true, REASON_GUARD_LOSSES, 0)->until_ns;
    assert_true(until_ns == w.now_ns + 100 * SECOND);
    next_step_at(until_ns - 1);
    assert_locked(REASON_GUARD_LOSSES);
    assert_free();
    /* the old losses are out of the lookback by now: one more is the first again */
    close_at("49000");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    world_close(&w);
}

/* ---- cooldown ---- */

static void a_cooldown_follows_each_close_and_a_longer_one_a_loss(void **state)
{
    (void)state;
    struct guard_setup *g = begin();
    g->has_cooldown = g->has_cooldown_after_loss = true;
    g->cooldown_ns = 10 * SECOND;
    g->cooldown_after_loss_ns = 30 * SECOND;
    go();
    close_at("52000");
    assert_true(told(true, REASON_GUARD_COOLDOWN, 0)->until_ns == w.now_ns + 10 * SECOND);
    int64_t from_ns = w.now_ns;
    next_step_at(from_ns + 10 * SECOND - 1);
    assert_locked(REASON_GUARD_COOLDOWN);
    assert_free();
    close_at("49000");
    assert_true(told(true, REASON_GUARD_COOLDOWN, 0)->until_ns == w.now_ns + 30 * SECOND);
    from_ns = w.now_ns;
    world_advance(&w, SECOND);
    close_at("52000"); /* its cooldown ends before the other: nothing new */
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    next_step_at(from_ns + 30 * SECOND - 1);
    assert_locked(REASON_GUARD_COOLDOWN);
    assert_free();
    world_close(&w);
}

static void a_cooldown_after_losses_alone_leaves_wins_alone(void **state)
{
    (void)state;
    struct guard_setup *g = begin();
    g->has_cooldown_after_loss = true;
    g->cooldown_after_loss_ns = 30 * SECOND;
    go();
    close_at("52000");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    close_at("49000");
    told(true, REASON_GUARD_COOLDOWN, 0);
    world_close(&w);
}

/* ---- low profit ---- */

static void results_below_the_least_profit_lock_entries(void **state)
{
    (void)state;
    /* a thousandth sold at 51000, cost 50000, fee 0.051: 0.949 */
    low_profit(begin(), 2, 60, "1.898", 100);
    go();
    close_at("51000");
    assert_free(); /* one close is not two */
    close_at("51000");
    assert_null(world_effect(&w, EFFECT_GUARD, 0)); /* exactly the least is enough */
    world_close(&w);

    low_profit(begin(), 2, 60, "1.898000000000000001", 100);
    go();
    close_at("51000");
    close_at("51000");
    const struct effect_guard *g = told(true, REASON_GUARD_LOW_PROFIT, 0);
    assert_true(g->until_ns == w.now_ns + 100 * SECOND);
    assert_true(dec_eq(g->value, D("1.898")) && dec_eq(g->limit, D("1.898000000000000001")));
    assert_locked(REASON_GUARD_LOW_PROFIT);
    world_close(&w);
}

static void results_as_old_as_the_lookback_are_left_out(void **state)
{
    (void)state;
    for (int older = 0; older < 2; older++) {
        low_profit(begin(), 1, 60, "1", 100);
        go();
        close_at("53000"); /* 2.947 */
        int64_t first_ns = w.now_ns;
        order_id id = sends(probe_limit(SIDE_SELL, "51000", "0.001"));
        next_step_at(first_ns + 60 * SECOND - (older ? 0 : 1));
        world_fill(&w, id, "51000", "0.001"); /* 0.949: alone too little */
        assert_int_equal(world_effect(&w, EFFECT_GUARD, 0) != NULL, older);
        world_close(&w);
    }
}

static void of_very_many_closes_the_newest_count(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        low_profit(begin(), GUARD_CLOSES_MAX, 86400, "-1075", 100);
        w.setup->balance[1].amount = D("10");
        w.setup->strategy[0].inventory = D("9");
        go();
        close_at("60000"); /* a win of 9.94, and then a long row of -1.049 */
        for (int i = 0; i < GUARD_CLOSES_MAX - 1 + more; i++)
            close_at("49000");
        /* 1023 of them are -1073.127; one more is -1074.176, were the win not forgotten then */
        assert_null(world_effect(&w, EFFECT_GUARD, 0));
        if (more) {
            w.setup->strategy[0].guard.min_profit = D("-1074");
            close_at("49000");
            assert_true(dec_eq(told(true, REASON_GUARD_LOW_PROFIT, 0)->value, D("-1074.176")));
        }
        world_close(&w);
    }
}

static void results_count_in_the_agent_s_quote(void **state)
{
    (void)state;
    struct guard_setup *g = begin();
    low_profit(g, 1, 60, "0", 100);
    instrument_id eth = world_instrument(&w, "ETH-BTC", "ETH", "BTC");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "ETH"), D("10")};
    w.setup->strategy[0].instrument[0] = eth;
    w.setup->strategy[0].budget = DEC_ZERO;
    w.setup->strategy[0].budget_asset = setup_find_asset(w.setup, "BTC");
    w.setup->strategy[0].params.value[0].instrument = eth;
    w.setup->instrument[eth].rules.min_notional = DEC_ZERO;
    world_start(&w);
    world_trade(&w, "50000", "1");
    struct event t = {
        .kind = EVENT_TRADE, .instrument = eth, .trade = {D("0.06"), D("1"), 0, SIDE_BUY}};
    world_step(&w, &t);
    probe_request[0] = probe_limit(SIDE_SELL, "0.05", "0.1");
    probe_request[0].instrument = eth;
    probe_requests = 1;
    world_step(&w, &t);
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    assert_non_null(fx);
    world_fill(&w, fx->submit.id, "0.05", "0.1");
    /* 0.005 - 0.000005 - 0.006 BTC at 50000 */
    assert_true(dec_eq(told(true, REASON_GUARD_LOW_PROFIT, 0)->value, D("-50.25")));
    world_close(&w);
}

/* ---- all strategies together ---- */

static void the_agent_s_guard_counts_all_and_locks_all(void **state)
{
    (void)state;
    begin();
    instrument_id eth = world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "ETH"), D("10")};
    struct strategy_setup *q = world_strategy(&w, "q", &strategy_probe, "1000", "1");
    q->instrument[0] = q->params.value[0].instrument = eth;
    losses(&w.setup->guard_agent, 2, 60, 100);
    go();
    struct event t = {
        .kind = EVENT_TRADE, .instrument = eth, .trade = {D("3000"), D("1"), 0, SIDE_BUY}};
    world_step(&w, &t);
    probe_request[0] = probe_limit(SIDE_SELL, "2900", "0.1");
    probe_request[0].instrument = eth;
    probe_requests = 1;
    world_step(&w, &t);
    assert_int_equal(world_effect(&w, EFFECT_SUBMIT, 0)->strategy, 1);
    world_fill(&w, world_effect(&w, EFFECT_SUBMIT, 0)->submit.id, "2900", "0.1");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    assert_free();
    close_at("49000"); /* by p: the second of the two */
    told(true, REASON_GUARD_LOSSES, STRATEGY_NONE);
    assert_int_equal(engine_guard(w.engine, STRATEGY_NONE, NULL), REASON_GUARD_LOSSES);
    assert_int_equal(engine_guard(w.engine, 0, NULL), REASON_GUARD_LOSSES);
    assert_int_equal(engine_guard(w.engine, 1, NULL), REASON_GUARD_LOSSES);
    assert_locked(REASON_GUARD_LOSSES);
    world_command(&w, COMMAND_RESUME, 0); /* the strategy has no lock of its own */
    assert_locked(REASON_GUARD_LOSSES);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    told(false, REASON_GUARD_LOSSES, STRATEGY_NONE);
    assert_free();
    world_close(&w);
}

static void a_strategy_s_guard_leaves_the_others_alone(void **state)
{
    (void)state;
    losses(begin(), 1, 60, 100);
    world_strategy(&w, "q", &strategy_probe, "1000", "0.1");
    go();
    close_at("49000");
    told(true, REASON_GUARD_LOSSES, 0);
    assert_int_equal(engine_guard(w.engine, 1, NULL), REASON_NONE);
    assert_int_equal(engine_guard(w.engine, STRATEGY_NONE, NULL), REASON_NONE);
    world_close(&w);
}

/* ---- what a person may do, and what a lock does to open orders ---- */

static void resume_ends_the_locks_and_forgets_the_closes(void **state)
{
    (void)state;
    struct guard_setup *g = begin();
    losses(g, 2, 1000, 100);
    low_profit(g, 3, 1000, "0", 100);
    go();
    close_at("49000");
    close_at("49000");
    assert_locked(REASON_GUARD_LOSSES);
    world_command(&w, COMMAND_RESUME, 0);
    told(false, REASON_GUARD_LOSSES, 0);
    assert_free();
    close_at("49000"); /* the first again, and of three results the first */
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    close_at("49000");
    told(true, REASON_GUARD_LOSSES, 0);
    world_close(&w);
}

static void a_latched_state_is_named_before_a_guard(void **state)
{
    (void)state;
    losses(begin(), 1, 60, 100);
    go();
    close_at("49000");
    world_command(&w, COMMAND_PAUSE, 0);
    assert_locked(REASON_STATE_REDUCING);
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    assert_locked(REASON_STATE_HALTED);
    world_close(&w);
}

static void open_entries_stay_unless_they_are_to_be_cancelled(void **state)
{
    (void)state;
    for (int cancels = 0; cancels < 2; cancels++) {
        struct guard_setup *g = begin();
        losses(g, 1, 60, 100);
        g->cancel_entries = cancels;
        world_strategy(&w, "q", &strategy_probe, "1000", "0.1");
        go();
        order_id buy = sends(probe_limit(SIDE_BUY, "45000", "0.001"));
        sends(probe_limit(SIDE_SELL, "55000", "0.001"));
        close_at("49000");
        const struct effect *fx = world_effect(&w, EFFECT_CANCEL, 0);
        assert_int_equal(fx != NULL, cancels);
        if (cancels) {
            assert_true(fx->cancel == buy);
            assert_null(world_effect(&w, EFFECT_CANCEL, 1));
            world_order(&w, buy, ORDER_ACCEPTED); /* not known before: its cancel is under way */
            world_order(&w, buy, ORDER_ACCEPTED); /* refused: asked again within a second */
            world_advance(&w, SECOND);
            world_trade(&w, "50000", "0.01");
            assert_true(world_effect(&w, EFFECT_CANCEL, 0)->cancel == buy);
        }
        world_close(&w);
    }
}

/* ---- schedule ---- */

#define MONDAY (INT64_C(1704067200) * SECOND) /* 2024-01-01, where the world begins */
#define HOUR   (3600 * SECOND)

static struct schedule *scheduled(uint16_t from, uint16_t to)
{
    begin();
    struct schedule *s = &w.setup->strategy[0].schedule;
    s->window[s->count++] = (struct schedule_window){from, to};
    return s;
}

static void entries_are_locked_outside_of_the_schedule(void **state)
{
    (void)state;
    scheduled(8 * 60, 20 * 60); /* Monday */
    world_start(&w);
    assert_int_equal(engine_guard(w.engine, 0, NULL), REASON_SCHEDULE);
    assert_true(engine_next_timer_ns(w.engine) == MONDAY + 8 * HOUR);
    world_trade(&w, "50000", "1");
    assert_int_equal(seen, STATE_REDUCING);
    next_step_at(MONDAY + 8 * HOUR - 1);
    assert_locked(REASON_SCHEDULE);
    sends(probe_limit(SIDE_SELL, "51000", "0.001"));
    assert_true(w.now_ns == MONDAY + 8 * HOUR);
    told(false, REASON_SCHEDULE, 0);
    assert_free();
    assert_true(engine_next_timer_ns(w.engine) == MONDAY + 20 * HOUR);
    next_step_at(MONDAY + 20 * HOUR - 1);
    assert_free(); /* its second step is at the end */
    assert_true(told(true, REASON_SCHEDULE, 0)->until_ns == MONDAY + (7 * 24 + 8) * HOUR);
    assert_locked(REASON_SCHEDULE);
    world_command(&w, COMMAND_RESUME, 0); /* not a person's to end */
    assert_locked(REASON_SCHEDULE);
    next_step_at(MONDAY + (7 * 24 + 8) * HOUR);
    assert_free();
    world_close(&w);
}

static void a_window_over_the_week_s_end_is_one(void **state)
{
    (void)state;
    struct schedule *s = scheduled(0, 60); /* Sunday 22:00 to Monday 01:00 */
    s->window[s->count++] = (struct schedule_window){(6 * 24 + 22) * 60, WEEK_MINUTES};
    world_start(&w);
    assert_int_equal(engine_guard(w.engine, 0, NULL), REASON_NONE);
    world_advance(&w, HOUR);
    world_trade(&w, "50000", "1");
    told(true, REASON_SCHEDULE, 0);
    world_advance(&w, (6 * 24 + 22) * HOUR);
    world_trade(&w, "50000", "1");
    told(false, REASON_SCHEDULE, 0);
    assert_true(engine_next_timer_ns(w.engine) == MONDAY + (7 * 24 + 1) * HOUR);
    next_step_at(MONDAY + 7 * 24 * HOUR);
    world_trade(&w, "50000", "1");
    assert_null(world_effect(&w, EFFECT_GUARD, 0));
    next_step_at(MONDAY + (7 * 24 + 1) * HOUR);
    assert_locked(REASON_SCHEDULE);
    world_close(&w);
}

static void a_schedule_of_the_whole_week_locks_never(void **state)
{
    (void)state;
    scheduled(0, WEEK_MINUTES);
    go();
    for (int i = 0; i < 20; i++) {
        world_advance(&w, 24 * HOUR - 7 * SECOND);
        assert_free();
        assert_null(world_effect(&w, EFFECT_GUARD, 0));
        assert_true(engine_next_timer_ns(w.engine) > w.now_ns);
    }
    world_close(&w);
}

static void a_schedule_lengthens_no_lock_and_a_lock_no_schedule(void **state)
{
    (void)state;
    scheduled(0, 1);
    losses(&w.setup->strategy[0].guard, 1, 60, 100);
    go();
    close_at("49000");
    next_step_at(MONDAY + 60 * SECOND);
    world_trade(&w, "50000", "1");
    told(true, REASON_SCHEDULE, 0);
    assert_locked(REASON_GUARD_LOSSES); /* the first of the reasons */
    world_advance(&w, 100 * SECOND);
    world_trade(&w, "50000", "1");
    told(false, REASON_GUARD_LOSSES, 0);
    assert_locked(REASON_SCHEDULE);
    world_close(&w);
}

/* ---- a strategy's own drawdown ---- */

static void a_strategy_s_drawdown_stays_until_it_is_resumed(void **state)
{
    (void)state;
    begin();
    w.setup->strategy[0].risk.has_max_drawdown = true;
    w.setup->strategy[0].risk.max_drawdown = D("0.1");
    go(); /* its equity: 5000 + 25000 */
    order_id id = sends(probe_limit(SIDE_BUY, "30000", "0.001"));
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "44000", "1"); /* 27000: exactly a tenth */
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_true(world_effect(&w, EFFECT_CANCEL, 0)->cancel == id);
    world_advance(&w, 86400 * SECOND);
    assert_locked(REASON_STATE_HALTED); /* the price is back, a day has passed: latched */
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE); /* the agent's is not the strategy's */
    assert_locked(REASON_STATE_HALTED);
    world_command(&w, COMMAND_RESUME, 0);
    assert_free();
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "44001", "1"); /* the mark is that of the moment it was resumed, at 50000 */
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "44000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losing_closes_lock_entries_for_the_pause),
        cmocka_unit_test(a_loss_as_old_as_the_lookback_does_not_count),
        cmocka_unit_test(only_what_lost_is_a_loss),
        cmocka_unit_test(an_order_s_fills_are_one_close_when_it_ends),
        cmocka_unit_test(an_order_that_sold_nothing_and_a_buy_are_no_close),
        cmocka_unit_test(a_fill_behind_its_order_s_end_is_a_close_of_its_own),
        cmocka_unit_test(a_further_loss_lengthens_the_lock),
        cmocka_unit_test(a_cooldown_follows_each_close_and_a_longer_one_a_loss),
        cmocka_unit_test(a_cooldown_after_losses_alone_leaves_wins_alone),
        cmocka_unit_test(results_below_the_least_profit_lock_entries),
        cmocka_unit_test(results_as_old_as_the_lookback_are_left_out),
        cmocka_unit_test(of_very_many_closes_the_newest_count),
        cmocka_unit_test(results_count_in_the_agent_s_quote),
        cmocka_unit_test(the_agent_s_guard_counts_all_and_locks_all),
        cmocka_unit_test(a_strategy_s_guard_leaves_the_others_alone),
        cmocka_unit_test(resume_ends_the_locks_and_forgets_the_closes),
        cmocka_unit_test(a_latched_state_is_named_before_a_guard),
        cmocka_unit_test(open_entries_stay_unless_they_are_to_be_cancelled),
        cmocka_unit_test(entries_are_locked_outside_of_the_schedule),
        cmocka_unit_test(a_window_over_the_week_s_end_is_one),
        cmocka_unit_test(a_schedule_of_the_whole_week_locks_never),
        cmocka_unit_test(a_schedule_lengthens_no_lock_and_a_lock_no_schedule),
        cmocka_unit_test(a_strategy_s_drawdown_stays_until_it_is_resumed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Alerts: what each watches, at its boundary; once and each time, hysteresis and cooldown. */
#include "strategies/indicators.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

static uint32_t figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    dec cost;
    (void)state;
    ret[0] = (struct figure){"one", FIGURE_COUNT, D("1")};
    ret[1] = (struct figure){"held", FIGURE_BASE, view_position(v, 0, &cost)};
    return 2;
}

static struct alert_setup *alert(enum alert_of when, const char *above, const char *below)
{
    struct alert_setup *a = &w.setup->alert[w.setup->alerts++];
    *a = (struct alert_setup){.when = when,
                              .instrument = INSTRUMENT_NONE,
                              .strategy = STRATEGY_NONE,
                              .venue = VENUE_NONE,
                              .asset = ASSET_NONE,
                              .has_above = above != NULL,
                              .has_below = below != NULL,
                              .repeat = ALERT_ONCE};
    if (when <= ALERT_OF_EMA_CROSS)
        a->instrument = 0;
    if (above)
        a->above = D(above);
    if (below)
        a->below = D(below);
    return a;
}

static void begin(void)
{
    static struct strategy_ops ops;
    ops = strategy_probe;
    ops.figures = figures;
    world_open(&w);
    world_strategy(&w, "p", &ops, "5000", "0.5");
}

static bool fires(const char *value)
{
    const struct effect *fx = world_effect(&w, EFFECT_ALERT, 0);
    if (fx && value && !dec_eq(fx->alert.value, D(value))) {
        char text[DEC_TEXT_MAX];
        dec_format(fx->alert.value, text);
        fail_msg("it saw %s, not %s", text, value);
    }
    return fx != NULL;
}

static enum alert_state state_of(uint32_t n, uint64_t fired)
{
    struct engine_alert a;
    engine_alert(w.engine, n, &a);
    assert_int_equal(a.fired, fired);
    assert_int_equal(a.fired_ns > 0, fired > 0);
    return a.state;
}

/* ---- once, and each time ---- */

static void a_price_fires_once_beyond_its_level(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_PRICE, "50000", NULL);
    alert(ALERT_OF_PRICE, NULL, "49000");
    world_start(&w);
    world_trade(&w, "50000", "1"); /* at the level is not beyond it */
    assert_false(fires(NULL));
    assert_int_equal(state_of(0, 0), ALERT_ARMED);
    world_trade(&w, "50000.01", "1");
    assert_true(fires("50000.01"));
    const struct effect *fx = world_effect(&w, EFFECT_ALERT, 0);
    assert_int_equal(fx->alert.alert, 0);
    assert_int_equal(fx->strategy, STRATEGY_NONE);
    assert_true(dec_eq(fx->alert.level, D("50000")));
    assert_int_equal(state_of(0, 1), ALERT_FIRED);
    world_trade(&w, "49000", "1");
    assert_false(fires(NULL));
    world_trade(&w, "48999.99", "1");
    assert_true(fires("48999.99"));
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 0)->alert.alert, 1);
    world_trade(&w, "60000", "1");
    world_trade(&w, "40000", "1");
    assert_false(fires(NULL));
    assert_int_equal(state_of(0, 1), ALERT_FIRED);
    assert_int_equal(state_of(1, 1), ALERT_FIRED);
    world_close(&w);
}

static void each_time_needs_the_way_back_by_hysteresis(void **state)
{
    (void)state;
    begin();
    struct alert_setup *a = alert(ALERT_OF_PRICE, "50000", NULL);
    a->repeat = ALERT_EACH_TIME;
    a->hysteresis = D("100");
    a = alert(ALERT_OF_PRICE, NULL, "40000");
    a->repeat = ALERT_EACH_TIME;
    a->hysteresis = D("100");
    world_start(&w);
    world_trade(&w, "50001", "1");
    assert_true(fires(NULL));
    assert_int_equal(state_of(0, 1), ALERT_WAITING);
    world_trade(&w, "50002", "1");
    assert_false(fires(NULL));
    world_trade(&w, "49900.01", "1"); /* not far enough back */
    world_trade(&w, "50001", "1");
    assert_false(fires(NULL));
    world_trade(&w, "49900", "1");
    assert_int_equal(state_of(0, 1), ALERT_ARMED);
    world_trade(&w, "50001", "1");
    assert_true(fires(NULL));
    world_trade(&w, "39999", "1");
    assert_true(fires(NULL));
    world_trade(&w, "40099.99", "1");
    world_trade(&w, "39999", "1");
    assert_false(fires(NULL));
    world_trade(&w, "40100", "1");
    world_trade(&w, "39999", "1");
    assert_true(fires(NULL));
    assert_int_equal(state_of(1, 2), ALERT_WAITING);
    world_close(&w);
}

static void without_hysteresis_the_level_is_the_way_back(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_PRICE, "50000", NULL)->repeat = ALERT_EACH_TIME;
    world_start(&w);
    world_trade(&w, "50001", "1");
    world_trade(&w, "50000", "1");
    world_trade(&w, "50001", "1");
    assert_true(fires(NULL));
    world_close(&w);
}

static void a_cooldown_is_the_least_time_between_two(void **state)
{
    (void)state;
    begin();
    struct alert_setup *a = alert(ALERT_OF_PRICE, "50000", NULL);
    a->repeat = ALERT_EACH_TIME;
    a->cooldown_ns = 60 * SECOND;
    world_start(&w);
    world_trade(&w, "50001", "1");
    int64_t first_ns = w.now_ns;
    world_trade(&w, "49000", "1");
    w.now_ns = first_ns + 60 * SECOND - 2;
    world_trade(&w, "50001", "1"); /* a nanosecond early */
    assert_false(fires(NULL));
    assert_int_equal(state_of(0, 1), ALERT_ARMED);
    world_trade(&w, "50001", "1"); /* still beyond when it is over: told then */
    assert_true(fires(NULL));
    world_close(&w);
}

static void nothing_is_judged_by_a_feed_that_is_not_live_or_a_suspect_price(void **state)
{
    (void)state;
    begin();
    w.setup->price_guard[0] = (struct price_guard_setup){.has_max_jump = true,
                                                         .max_jump = D("0.02"),
                                                         .jump_window_ns = 8 * SECOND,
                                                         .jump_confirm_ns = 0};
    alert(ALERT_OF_PRICE, "60000", NULL);
    world_start(&w);
    world_trade(&w, "50000", "1");
    world_trade(&w, "61000", "1"); /* a jump */
    world_trade(&w, "61000", "1");
    assert_false(fires(NULL));
    world_trade(&w, "61000", "1"); /* confirmed by the third */
    assert_true(fires("61000"));
    world_close(&w);

    begin();
    alert(ALERT_OF_PRICE, "60000", NULL);
    world_start(&w);
    world_feed(&w, FEED_STALE);
    world_trade(&w, "61000", "1");
    assert_false(fires(NULL));
    world_feed(&w, FEED_LIVE);
    world_trade(&w, "61000", "1");
    assert_true(fires(NULL));
    world_close(&w);
}

static void the_price_is_the_mark(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_PRICE, "50000", NULL);
    world_start(&w);
    world_top(&w, "49998", "50002");
    assert_false(fires(NULL));
    world_trade(&w, "50001.5", "1"); /* one print, while the middle is where it was */
    assert_false(fires(NULL));
    world_top(&w, "49999", "50003");
    assert_true(fires("50001"));
    world_close(&w);
}

static void instruments_are_told_apart(void **state)
{
    (void)state;
    begin();
    instrument_id eth = world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    alert(ALERT_OF_PRICE, "2000", NULL)->instrument = eth;
    alert(ALERT_OF_PRICE, "50000", NULL);
    alert(ALERT_OF_PRICE, "2500", NULL)->instrument = eth;
    world_start(&w);
    world_trade(&w, "40000", "1");
    assert_false(fires(NULL));
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = eth,
                                   .trade = {D("3000"), D("1"), 0, SIDE_BUY}});
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 0)->alert.alert, 0); /* in the file's order */
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 1)->alert.alert, 2);
    assert_null(world_effect(&w, EFFECT_ALERT, 2));
    world_close(&w);
}

/* ---- what can be watched ---- */

static void a_change_is_from_the_lowest_or_highest_of_the_window(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_CHANGE, "0.01", NULL)->window_ns = 80 * SECOND;
    alert(ALERT_OF_CHANGE, NULL, "-0.02")->window_ns = 80 * SECOND;
    world_start(&w);
    world_trade(&w, "51000", "1");
    world_advance(&w, SECOND);
    world_trade(&w, "50000", "1"); /* not two percent down */
    world_advance(&w, SECOND);
    world_trade(&w, "50500", "1"); /* exactly one up */
    assert_false(fires(NULL));
    world_trade(&w, "50501", "1");
    assert_true(fires("0.01002"));
    world_trade(&w, "49980", "1"); /* exactly two down */
    assert_false(fires(NULL));
    world_trade(&w, "49979", "1");
    assert_true(fires(NULL));
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 0)->alert.alert, 1);
    world_close(&w);

    begin(); /* out of the window it does not count */
    alert(ALERT_OF_CHANGE, "0.01", NULL)->window_ns = 80 * SECOND;
    world_start(&w);
    world_trade(&w, "50000", "1");
    world_advance(&w, 80 * SECOND);
    world_trade(&w, "60000", "1");
    assert_false(fires(NULL));
    world_advance(&w, 69 * SECOND);
    world_trade(&w, "61000", "1");
    assert_true(fires(NULL));
    world_close(&w);
}

static void a_spread_is_a_ratio_of_the_middle(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_SPREAD, "0.002", NULL);
    world_start(&w);
    world_trade(&w, "50000", "1");
    world_top(&w, "49950", "50050");
    assert_false(fires(NULL));
    world_top(&w, "49949", "50051");
    assert_true(fires("0.00204"));
    world_close(&w);
}

/* Trades at the prices, one a candle of ten seconds; the candle of the last one is closed by a
 * timer. */
static void closes(const char *const *price, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        world_trade(&w, price[i], "1");
        assert_true(engine_next_timer_ns(w.engine) ==
                    w.now_ns - w.now_ns % (10 * SECOND) + 10 * SECOND);
        w.now_ns = engine_next_timer_ns(w.engine) - 1;
        world_timer(&w);
    }
}

static void an_rsi_is_that_of_closed_candles(void **state)
{
    (void)state;
    static const char *const PRICES[] = {"50000", "50010", "50005", "50020", "50000", "49990"};
    static const double VALUES[] = {50000, 50010, 50005, 50020, 50000, 49990};
    struct rsi r;
    rsi_init(&r, 3);
    for (int i = 0; i < 6; i++)
        rsi_add(&r, VALUES[i]);
    for (int above = 0; above < 2; above++) {
        begin();
        /* 100 places of nothing around the value: fires on one side, not on the other */
        dec level = dec_from_i64((int64_t)(r.value * 1e8 + 0.5), 8);
        struct alert_setup *a = alert(ALERT_OF_RSI, NULL, "0");
        a->below = level;
        if (!above)
            a->below.v += 1;
        a->timeframe_ns = 10 * SECOND;
        a->periods = 3;
        world_start(&w);
        closes(PRICES, 3);
        struct engine_alert now;
        engine_alert(w.engine, 0, &now);
        assert_false(now.known); /* not before three changes */
        closes(PRICES + 3, 3);
        engine_alert(w.engine, 0, &now);
        assert_true(now.known && dec_eq(now.value, level));
        assert_int_equal(fires(NULL), !above);
        world_close(&w);
    }
}

static void a_crossing_was_on_the_other_side_before(void **state)
{
    (void)state;
    static const char *const UP[] = {"100", "110", "120", "130"};
    static const char *const DOWN[] = {"100", "90"};
    begin();
    struct alert_setup *a = alert(ALERT_OF_EMA_CROSS, "0", NULL);
    a->timeframe_ns = 10 * SECOND;
    a->fast = 1;
    a->slow = 3;
    a->repeat = ALERT_EACH_TIME;
    world_start(&w);
    assert_int_equal(state_of(0, 0), ALERT_WAITING);
    closes(UP, 4); /* above from its first value on: that is no crossing */
    assert_int_equal(state_of(0, 0), ALERT_WAITING);
    closes(DOWN, 2);
    assert_int_equal(state_of(0, 0), ALERT_ARMED);
    closes(UP, 4);
    assert_int_equal(state_of(0, 1), ALERT_WAITING);
    closes(DOWN, 2);
    closes(UP, 4);
    assert_int_equal(state_of(0, 2), ALERT_WAITING);
    world_close(&w);
}

static order_id asks(struct order_request q)
{
    probe_request[0] = q;
    probe_requests = 1;
    world_trade(&w, "50000", "0.01");
    assert_non_null(world_effect(&w, EFFECT_SUBMIT, 0));
    return world_effect(&w, EFFECT_SUBMIT, 0)->submit.id;
}

static void a_balance_is_looked_at_with_each_fill(void **state)
{
    (void)state;
    begin();
    asset_id usdt = w.setup->quote;
    struct alert_setup *a = alert(ALERT_OF_BALANCE, NULL, "9951"); /* of the account: 10000 */
    a->asset = usdt;
    a = alert(ALERT_OF_BALANCE, NULL, "4951");
    a->asset = usdt;
    a->strategy = 0;
    a->venue = 0;
    world_start(&w);
    world_trade(&w, "50000", "1");
    order_id id = asks(probe_limit(SIDE_BUY, "49000", "0.002"));
    world_fill(&w, id, "49000", "0.001"); /* exactly at both */
    assert_false(fires(NULL));
    world_fill(&w, id, "49000", "0.001");
    assert_true(fires("9902"));
    assert_true(dec_eq(world_effect(&w, EFFECT_ALERT, 1)->alert.value, D("4902")));
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 1)->strategy, 0);
    world_close(&w);
}

static void balances_of_venues_are_added_up_or_told_apart(void **state)
{
    (void)state;
    begin();
    w.setup->venues = 2;
    w.setup->venue[1] = w.setup->venue[0];
    instrument_id there = world_instrument(&w, "BTC-USDT", "BTC", "USDT");
    w.setup->instrument[there].venue = 1;
    w.setup->balance[w.setup->balances++] = (struct balance_setup){1, w.setup->quote, D("500")};
    alert(ALERT_OF_BALANCE, "10499", NULL)->asset = w.setup->quote;
    struct alert_setup *a = alert(ALERT_OF_BALANCE, NULL, "501");
    a->asset = w.setup->quote;
    a->venue = 1;
    a = alert(ALERT_OF_BALANCE, NULL, "501");
    a->asset = w.setup->quote;
    a->venue = 0;
    world_start(&w);
    struct engine_alert now;
    engine_alert(w.engine, 0, &now);
    assert_true(now.fired == 1 && dec_eq(now.value, D("10500")));
    engine_alert(w.engine, 1, &now);
    assert_true(now.fired == 1 && dec_eq(now.value, D("500")));
    engine_alert(w.engine, 2, &now);
    assert_true(now.fired == 0 && dec_eq(now.value, D("10000")));
    world_close(&w);
}

static void equity_and_drawdown_are_looked_at_each_second(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_EQUITY, NULL, "59000");
    alert(ALERT_OF_DRAWDOWN, "0.05", NULL);
    alert(ALERT_OF_EQUITY, "30499", NULL)->strategy = 0; /* 5000 and half a coin */
    alert(ALERT_OF_DRAWDOWN, "0.05", NULL)->strategy = 0;
    world_start(&w);
    world_trade(&w, "50000", "1"); /* 10000 and one coin */
    world_advance(&w, SECOND);
    world_trade(&w, "51000", "1");
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 0)->alert.alert, 2);
    assert_null(world_effect(&w, EFFECT_ALERT, 1));
    world_advance(&w, 60 * SECOND);
    world_trade(&w, "51000", "1"); /* the mark to fall from */
    world_advance(&w, SECOND);
    world_trade(&w, "49000", "1"); /* equity 59000; 2000 of 61000 */
    assert_false(fires(NULL));
    world_trade(&w, "40000", "1"); /* within the second: later */
    assert_false(fires(NULL));
    world_trade(&w, "49000", "1");
    world_advance(&w, SECOND);
    world_trade(&w, "47950", "1"); /* 3050 of 61000 is exactly 5 %; of the strategy 1525 of 30500 */
    assert_true(fires("57950"));
    assert_null(world_effect(&w, EFFECT_ALERT, 1));
    world_advance(&w, SECOND);
    world_trade(&w, "47949", "1");
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 0)->alert.alert, 1);
    assert_int_equal(world_effect(&w, EFFECT_ALERT, 1)->alert.alert, 3);
    world_close(&w);
}

static void a_figure_is_one_that_the_strategy_names(void **state)
{
    (void)state;
    begin();
    struct alert_setup *a = alert(ALERT_OF_FIGURE, "0.5", NULL);
    memcpy(a->figure, "held", 5);
    a->strategy = 0;
    a = alert(ALERT_OF_FIGURE, "0", NULL);
    memcpy(a->figure, "unheard-of", 11);
    a->strategy = 0;
    world_start(&w);
    world_trade(&w, "50000", "1");
    world_advance(&w, SECOND);
    world_trade(&w, "50000", "1");
    struct engine_alert now;
    engine_alert(w.engine, 0, &now);
    assert_true(now.known && dec_eq(now.value, D("0.5")) && now.state == ALERT_ARMED);
    order_id id = asks(probe_limit(SIDE_BUY, "50000", "0.01"));
    world_fill(&w, id, "50000", "0.01");
    assert_true(fires("0.50999"));
    engine_alert(w.engine, 1, &now);
    assert_false(now.known);
    world_close(&w);
}

/* As many as there may be fire at once, and orders still go. */
static void the_most_alerts_fire_at_once(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < SETUP_ALERTS_MAX; i++)
        alert(ALERT_OF_PRICE, "50000", NULL);
    world_start(&w);
    world_trade(&w, "50000", "1");
    for (int i = 0; i < INTENTS_MAX; i++)
        probe_request[i] = probe_limit(SIDE_BUY, "49000", "0.00011");
    probe_requests = INTENTS_MAX;
    world_trade(&w, "50001", "1");
    assert_non_null(world_effect(&w, EFFECT_ALERT, SETUP_ALERTS_MAX - 1));
    assert_non_null(world_effect(&w, EFFECT_SUBMIT, INTENTS_MAX - 1));
    world_close(&w);
}

static bool signer_becomes(enum signer_state to, uint32_t n)
{
    struct event e = {.kind = EVENT_SIGNER,
                      .venue = VENUE_NONE,
                      .instrument = INSTRUMENT_NONE,
                      .ts_event_ns = w.now_ns,
                      .ts_recv_ns = w.now_ns,
                      .signer = to};
    world_step(&w, &e);
    const struct effect *fx = world_effect(&w, EFFECT_ALERT, 0);
    return fx && fx->alert.alert == n && dec_eq(fx->alert.value, DEC_ONE);
}

/* Each state of the signer is one of open, sealed and lost; nothing is said before one is known. */
static void the_signer_is_sealed_or_lost(void **state)
{
    (void)state;
    begin();
    alert(ALERT_OF_SIGNER_SEALED, "0", NULL)->repeat = ALERT_EACH_TIME;
    alert(ALERT_OF_SIGNER_LOST, "0", NULL)->repeat = ALERT_EACH_TIME;
    alert(ALERT_OF_SIGNER_LOST, "0", NULL)->cooldown_ns = 0; /* once */
    world_start(&w);
    world_trade(&w, "50000", "1");
    struct engine_alert a;
    engine_alert(w.engine, 0, &a);
    assert_false(a.known);
    assert_true(signer_becomes(SIGNER_SEALED, 0));
    assert_false(signer_becomes(SIGNER_SEALED, 0)); /* it was told */
    assert_false(signer_becomes(SIGNER_OPEN, 0));
    assert_int_equal(state_of(0, 1), ALERT_ARMED);
    assert_int_equal(state_of(1, 0), ALERT_ARMED);
    assert_true(signer_becomes(SIGNER_ABSENT, 1));
    assert_int_equal(state_of(2, 1), ALERT_FIRED);
    assert_true(signer_becomes(SIGNER_SEALED, 0));
    assert_true(signer_becomes(SIGNER_WRONG_VERSION, 1));
    assert_false(signer_becomes(SIGNER_NOT_ALLOWED, 1)); /* still lost */
    assert_false(signer_becomes(SIGNER_OPEN, 1));
    assert_true(signer_becomes(SIGNER_NOT_ALLOWED, 1));
    assert_int_equal(state_of(0, 2), ALERT_ARMED);
    assert_int_equal(state_of(1, 3), ALERT_WAITING);
    assert_int_equal(state_of(2, 1), ALERT_FIRED);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signer_is_sealed_or_lost),
        cmocka_unit_test(a_price_fires_once_beyond_its_level),
        cmocka_unit_test(each_time_needs_the_way_back_by_hysteresis),
        cmocka_unit_test(without_hysteresis_the_level_is_the_way_back),
        cmocka_unit_test(a_cooldown_is_the_least_time_between_two),
        cmocka_unit_test(nothing_is_judged_by_a_feed_that_is_not_live_or_a_suspect_price),
        cmocka_unit_test(the_price_is_the_mark),
        cmocka_unit_test(instruments_are_told_apart),
        cmocka_unit_test(a_change_is_from_the_lowest_or_highest_of_the_window),
        cmocka_unit_test(a_spread_is_a_ratio_of_the_middle),
        cmocka_unit_test(an_rsi_is_that_of_closed_candles),
        cmocka_unit_test(a_crossing_was_on_the_other_side_before),
        cmocka_unit_test(a_balance_is_looked_at_with_each_fill),
        cmocka_unit_test(balances_of_venues_are_added_up_or_told_apart),
        cmocka_unit_test(equity_and_drawdown_are_looked_at_each_second),
        cmocka_unit_test(a_figure_is_one_that_the_strategy_names),
        cmocka_unit_test(the_most_alerts_fire_at_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

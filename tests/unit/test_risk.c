/* Each control of the risk manager at its boundary: exactly at the limit passes, one unit beyond is
 * denied with the control's reason, the limit's value and the order's. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

static void price_collar(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_price_collar = true;
    r->price_collar = D("0.01");
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "50500", "0.001"));
    world_denied(&w, probe_limit(SIDE_BUY, "50500.01", "0.001"), REASON_PRICE_COLLAR, "50500",
                 "50500.01");
    world_passes(&w, probe_limit(SIDE_SELL, "49500", "0.001"));
    world_denied(&w, probe_limit(SIDE_SELL, "49499.99", "0.001"), REASON_PRICE_COLLAR, "49500",
                 "49499.99");
    world_passes(&w, probe_limit(SIDE_BUY, "30000", "0.001")); /* the passive side is free */
    world_close(&w);
}

static void strategy_collar_tightens(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_price_collar = true;
    r->price_collar = D("0.05");
    w.setup->strategy[0].risk.has_price_collar = true;
    w.setup->strategy[0].risk.price_collar = D("0.01");
    world_go(&w);
    world_denied(&w, probe_limit(SIDE_BUY, "50500.01", "0.001"), REASON_PRICE_COLLAR, "50500",
                 NULL);
    world_close(&w);
}

static void order_value(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_value = true;
    r->max_order_value = D("500");
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "50000", "0.01"));
    world_denied(&w, probe_limit(SIDE_BUY, "50000", "0.01001"), REASON_ORDER_VALUE, "500", "500.5");
    /* a passive limit is valued at the reference, not at its own lower price */
    world_denied(&w, probe_limit(SIDE_BUY, "40000", "0.01001"), REASON_ORDER_VALUE, "500", "500.5");
    /* an aggressive one at its own, higher price */
    world_denied(&w, probe_limit(SIDE_BUY, "50001", "0.01"), REASON_ORDER_VALUE, "500", "500.01");
    world_close(&w);
}

static void market_order_value_is_the_greater_of_collar_and_walk(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_value = r->has_price_collar = true;
    r->max_order_value = D("505");
    r->price_collar = D("0.01");
    world_go(&w);
    world_passes(&w, probe_market(SIDE_BUY, "0.01"));
    world_denied(&w, probe_market(SIDE_BUY, "0.01001"), REASON_ORDER_VALUE, "505", "505.505");
    /* a thin book that costs more than the collar */
    const struct level bid[] = {{D("49999"), D("1")}};
    const struct level ask_levels[] = {{D("50001"), D("0.001")}, {D("60000"), D("5")}};
    world_step(
        &w, &(struct event){
                .kind = EVENT_BOOK,
                .book = {.snapshot = true, .bids = 1, .asks = 2, .bid = bid, .ask = ask_levels}});
    world_denied(&w, probe_market(SIDE_BUY, "0.01"), REASON_ORDER_VALUE, "505", "590.001");
    world_close(&w);
}

static void order_quantity(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_qty = true;
    r->max_order_qty = D("0.02");
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.02001"), REASON_ORDER_QTY, "0.02",
                 "0.02001");
    world_close(&w);
}

static void position_counts_open_orders_at_their_worst_side(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_position_value = true;
    r->max_position_value = D("27500"); /* 0.55 at 50000; 0.5 is held */
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.03"));
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.02001"), REASON_POSITION, "27500",
                 "27500.5");
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.02"));
    world_passes(
        &w, probe_limit(SIDE_SELL, "51000", "0.5")); /* an exit is never stopped by what is held */
    world_close(&w);
}

static void gross_exposure_sums_instruments(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    instrument_id eth = world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    struct strategy_setup *s = &w.setup->strategy[0];
    s->instruments = 2;
    s->instrument[1] = eth;
    r->has_max_gross_exposure = true;
    r->max_gross_exposure = D("26000"); /* 25000 of BTC are held */
    world_go(&w);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = eth,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
    struct order_request q = probe_limit(SIDE_BUY, "2000", "0.5");
    q.instrument = eth;
    world_passes(&w, q);
    q.qty = D("0.01");
    world_denied(&w, q, REASON_GROSS_EXPOSURE, "26000", "26020");
    world_close(&w);
}

static void open_orders(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_open_orders = true;
    r->max_open_orders = 2;
    world_go(&w);
    order_id first = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_passes(&w, probe_limit(SIDE_BUY, "49001", "0.001"));
    world_denied(&w, probe_limit(SIDE_BUY, "49002", "0.001"), REASON_OPEN_ORDERS, "2", "3");
    /* in doubt counts as open */
    world_order(&w, first, ORDER_IN_DOUBT);
    world_denied(&w, probe_limit(SIDE_BUY, "49002", "0.001"), REASON_OPEN_ORDERS, "2", "3");
    world_order(&w, first, ORDER_CANCELED);
    world_passes(&w, probe_limit(SIDE_BUY, "49002", "0.001"));
    world_close(&w);
}

static void message_rate_keeps_a_share_for_cancels(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_messages = true;
    r->max_messages = 4;
    r->cancel_reserve = 2;
    r->message_interval_ns = 10 * SECOND;
    world_go(&w);
    order_id a = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_passes(&w, probe_limit(SIDE_BUY, "49001", "0.001"));
    world_denied(&w, probe_limit(SIDE_BUY, "49002", "0.001"), REASON_MESSAGE_RATE, "2", "3");
    probe_cancel = a;
    world_trade(&w, "50000", "1");
    assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_advance(&w, 10 * SECOND);
    world_passes(&w, probe_limit(SIDE_BUY, "49002", "0.001"));
    world_close(&w);
}

static void cancels_go_even_when_the_rate_is_used_up(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_messages = true;
    r->max_messages = 2;
    r->cancel_reserve = 0;
    r->message_interval_ns = 10 * SECOND;
    world_go(&w);
    order_id a = world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    order_id b = world_passes(&w, probe_limit(SIDE_BUY, "49001", "0.001"));
    probe_cancel = a;
    world_trade(&w, "50000", "1");
    assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
    probe_cancel = b;
    world_trade(&w, "50000", "1");
    assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_close(&w);
}

static void allow_list(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    instrument_id eth = world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    world_go(&w);
    struct order_request q = probe_limit(SIDE_BUY, "2000", "0.5");
    q.instrument = eth;
    world_denied(&w, q, REASON_INSTRUMENT_NOT_ALLOWED, NULL, NULL);
    q.instrument = 4711; /* not an instrument at all */
    world_denied(&w, q, REASON_INSTRUMENT_NOT_ALLOWED, NULL, NULL);
    world_close(&w);
}

static void venue_rules(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    struct instrument_rules *r = &w.setup->instrument[0].rules;
    r->min_qty = D("0.001");
    r->max_qty = D("0.1");
    r->min_price = D("1000");
    r->max_price = D("90000");
    r->min_notional = D("50");
    r->max_notional = D("4000");
    world_go(&w);
    world_denied(&w, probe_limit(SIDE_BUY, "49000.001", "0.002"), REASON_TICK_SIZE, "0.01",
                 "49000.001");
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.002001"), REASON_LOT_SIZE, "0.00001",
                 "0.002001");
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.00099"), REASON_MIN_QTY, "0.001", "0.00099");
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.10001"), REASON_MAX_QTY, "0.1", "0.10001");
    world_denied(&w, probe_limit(SIDE_BUY, "999.99", "0.06"), REASON_PRICE_RANGE, "1000", "999.99");
    world_denied(&w, probe_limit(SIDE_SELL, "90000.01", "0.001"), REASON_PRICE_RANGE, "90000",
                 "90000.01");
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.00102"), REASON_MIN_NOTIONAL, "50", "49.98");
    world_passes(&w, probe_limit(SIDE_BUY, "50000", "0.001"));
    world_passes(&w, probe_limit(SIDE_BUY, "40000", "0.1"));
    world_denied(&w, probe_limit(SIDE_SELL, "40001", "0.1"), REASON_MAX_NOTIONAL, "4000", "4000.1");
    world_close(&w);
}

static void unknown_rules_and_zero_steps_deny(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    w.setup->instrument[0].rules.status = INSTRUMENT_UNKNOWN;
    world_go(&w);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_INSTRUMENT_STATUS, NULL, NULL);
    struct event ev = {.kind = EVENT_INSTRUMENT, .rules = w.setup->instrument[0].rules};
    ev.rules.status = INSTRUMENT_TRADING;
    ev.rules.tick_size = DEC_ZERO;
    world_step(&w, &ev);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_INSTRUMENT_STATUS, NULL, NULL);
    ev.rules.tick_size = D("0.01");
    world_step(&w, &ev);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_close(&w);
}

static void stale_reference(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_reference_age = true;
    r->max_reference_age_ns = 10 * SECOND;
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    world_strategy(&w, "q", &strategy_probe, "0", "0")->instrument[0] = 1;
    w.setup->strategy[0].instruments = 2;
    w.setup->strategy[0].instrument[1] = 1;
    world_go(&w);
    /* the price of BTC ages while trades of ETH move the clock */
    world_advance(&w, 10 * SECOND - 1);
    probe_request[0] = probe_limit(SIDE_BUY, "49000", "0.001");
    probe_requests = 1;
    struct event eth = {
        .kind = EVENT_TRADE, .instrument = 1, .trade = {D("2000"), D("1"), 0, SIDE_BUY}};
    world_step(&w, &eth);
    assert_non_null(world_effect(&w, EFFECT_SUBMIT, 0));
    probe_requests = 1;
    world_step(&w, &eth); /* one nanosecond too old */
    assert_int_equal(world_effect(&w, EFFECT_DENIED, 0)->denied.denial.reason,
                     REASON_STALE_REFERENCE);
    world_close(&w);
}

static void no_reference_and_feeds_that_are_not_live(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->strategy[0].instruments = 2;
    w.setup->strategy[0].instrument[1] = 1;
    world_go(&w);
    struct order_request q = probe_limit(SIDE_BUY, "2000", "0.5");
    q.instrument = 1;
    world_denied(&w, q, REASON_NO_REFERENCE, NULL, NULL);
    world_feed(&w, FEED_STALE);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_FEED_INVALID, NULL, NULL);
    world_feed(&w, FEED_LIVE);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_feed(&w, FEED_INVALID);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_FEED_INVALID, NULL, NULL);
    world_close(&w);
}

static void crossed_book_is_not_acted_on(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    const struct level bid[] = {{D("50002"), D("1")}}, ask_levels[] = {{D("50001"), D("1")}};
    world_step(
        &w, &(struct event){
                .kind = EVENT_BOOK,
                .book = {.snapshot = true, .bids = 1, .asks = 1, .bid = bid, .ask = ask_levels}});
    assert_int_equal(world_effect(&w, EFFECT_RESYNC, 0)->resync, 0);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_FEED_INVALID, NULL, NULL);
    world_close(&w);
}

static void budget(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    world_passes(&w, probe_limit(SIDE_BUY, "45000", "0.2")); /* all of 9000 */
    world_denied(&w, probe_limit(SIDE_BUY, "45000", "0.001"), REASON_BUDGET, "0", "45");
    world_passes(&w, probe_limit(SIDE_SELL, "51000", "0.5"));
    world_denied(&w, probe_limit(SIDE_SELL, "51000", "0.001"), REASON_BUDGET, "0", "0.001");
    world_close(&w);
}

static void reduce_only_is_at_most_the_position(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    struct order_request q = probe_limit(SIDE_SELL, "51000", "0.50001");
    q.reduce_only = true;
    world_denied(&w, q, REASON_REDUCE_ONLY, "0.5", "0.50001");
    q.qty = D("0.5");
    world_passes(&w, q);
    q.qty = D("0.001");
    world_denied(&w, q, REASON_REDUCE_ONLY, "0.5", "0.501"); /* with the open sells */
    q.side = SIDE_BUY;
    world_denied(&w, q, REASON_REDUCE_ONLY, "0.5", "0.001");
    world_close(&w);
}

static void reducing_lets_only_exits_pass(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    world_command(&w, COMMAND_STOPENTRY, STRATEGY_NONE);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_STATE_REDUCING, NULL, NULL);
    world_passes(&w, probe_limit(SIDE_SELL, "51000", "0.5"));
    world_denied(&w, probe_limit(SIDE_SELL, "51000", "0.001"), REASON_STATE_REDUCING, "0.5",
                 "0.501");
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_command(&w, COMMAND_PAUSE, 0);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_STATE_REDUCING, NULL, NULL);
    world_command(&w, COMMAND_RESUME, 0);
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_close(&w);
}

static void malformed_requests(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0"), REASON_MALFORMED, NULL, NULL);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "-0.001"), REASON_MALFORMED, NULL, NULL);
    world_denied(&w, probe_limit(SIDE_BUY, "0", "0.001"), REASON_MALFORMED, NULL, NULL);
    struct order_request q = probe_market(SIDE_BUY, "0.001");
    q.price = D("50000");
    world_denied(&w, q, REASON_MALFORMED, NULL, NULL);
    q = probe_limit(SIDE_BUY, "49000", "0.001");
    q.side = (enum side)9;
    world_denied(&w, q, REASON_MALFORMED, NULL, NULL);
    q = probe_limit(SIDE_BUY, "49000", "0.001");
    q.post_only = true;
    q.tif = TIF_IOC;
    world_denied(&w, q, REASON_MALFORMED, NULL, NULL);
    world_denied(&w, probe_limit(SIDE_BUY, "100000000000", "10000000000"), REASON_OVERFLOW, NULL,
                 NULL);
    world_close(&w);
}

/* Equity at the start: 10000 USDT + 1 BTC at 50000 = 60000. */
static void daily_loss_latches_reducing_until_a_person_resumes(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_go(&w);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000.01", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49000", "1");
    const struct effect *fx = world_effect(&w, EFFECT_STATE, 0);
    assert_non_null(fx);
    assert_int_equal(fx->state.to, STATE_REDUCING);
    assert_int_equal(fx->state.reason, REASON_DAILY_LOSS);
    assert_true(dec_eq(fx->state.value, D("1000")));
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "50000", "1"); /* a recovery does not undo it */
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_REDUCING);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_close(&w);
}

static void resume_counts_the_day_from_the_present_equity(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_go(&w);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "48000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_REDUCING);
    world_command(&w, COMMAND_RESUME, STRATEGY_NONE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "47000.01", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "47000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_REDUCING);
    world_close(&w);
}

static void a_new_day_does_not_undo_a_latch_but_starts_a_new_count(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_go(&w);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "49500", "1"); /* -500 on day one */
    world_advance(&w, 86400 * SECOND);
    world_trade(&w, "49500", "1"); /* day two begins at 59500 */
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "48500.01", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "48500", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_REDUCING);
    world_advance(&w, 86400 * SECOND);
    world_trade(&w, "50000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_REDUCING);
    world_close(&w);
}

static void drawdown_from_the_high_water_mark_halts_and_cancels(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_drawdown = true;
    r->max_drawdown = D("0.1");
    world_go(&w);
    order_id id = world_passes(&w, probe_limit(SIDE_BUY, "30000", "0.001"));
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "60000", "1"); /* high-water mark 70000 */
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "53000.01", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "53000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_HALTED);
    assert_int_equal(world_effect(&w, EFFECT_STATE, 0)->state.reason, REASON_DRAWDOWN);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "53000", "1"); /* the mark is the present equity now */
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_close(&w);
}

static void a_strategy_s_own_drawdown_halts_only_it(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    struct strategy_setup *own = &w.setup->strategy[0];
    own->risk.has_max_drawdown = true;
    own->risk.max_drawdown = D("0.1");
    world_go(&w); /* its equity: 9000 + 25000 */
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "43201", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    world_advance(&w, 2 * SECOND);
    world_trade(&w, "43200", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_close(&w);
}

static void equity_without_a_price_denies_when_losses_are_limited(void **state)
{
    (void)state;
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_daily_loss = true;
    r->daily_loss = D("1000");
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->balance[w.setup->balances++] =
        (struct balance_setup){0, setup_find_asset(w.setup, "ETH"), D("1")};
    world_go(&w);
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.001"), REASON_NO_MARK, NULL, NULL);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = 1,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_close(&w);
}

static void a_flooding_strategy_is_halted_and_nothing_else(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    for (int i = 0; i < 300; i++)
        probe_request[i] = probe_limit(SIDE_BUY, "49000", "0.00011");
    probe_requests = INTENTS_MAX + 1;
    world_trade(&w, "50000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_int_equal(world_effect(&w, EFFECT_STATE, 0)->state.reason, REASON_FLOOD);
    assert_int_equal(engine_state(w.engine, SCOPE_AGENT, 0), STATE_ACTIVE);
    world_close(&w);
}

static void a_burst_of_the_allowed_size_is_no_flood(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    world_go(&w);
    for (int i = 0; i < INTENTS_MAX; i++)
        probe_request[i] = probe_limit(SIDE_BUY, "49000", "0.00011");
    probe_requests = INTENTS_MAX;
    world_trade(&w, "50000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    assert_int_equal(engine_open_orders(w.engine), INTENTS_MAX);
    world_close(&w);
}

/* Answers every denial with the same request again. */
static enum err stubborn_on_event(void *s, const struct strategy_view *v, const struct event *e,
                                  struct intents *out)
{
    (void)s, (void)v;
    if (e->kind == EVENT_TRADE || (e->kind == EVENT_ORDER && e->order.state == ORDER_DENIED)) {
        struct order_request q = probe_limit(SIDE_BUY, "49000", "0.000001");
        intents_submit(out, &q);
    }
    return ERR_OK;
}

static void a_strategy_that_will_not_take_no_is_halted(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    struct strategy_ops stubborn = strategy_probe;
    stubborn.on_event = stubborn_on_event;
    w.setup->strategy[0].ops = &stubborn;
    world_start(&w);
    world_trade(&w, "50000", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    struct engine_totals t;
    engine_totals(w.engine, 0, &t);
    assert_int_equal(t.denied, 4); /* the first and three answers */
    world_close(&w);
}

static void the_order_table_is_bounded(void **state)
{
    (void)state;
    world_probe(&w, "9000", "0.5");
    w.setup->balance[0].amount = D("1000000");
    w.setup->strategy[0].budget = D("900000");
    world_go(&w);
    uint32_t sent = 0;
    for (int burst = 0; burst < 16; burst++) {
        for (int i = 0; i < INTENTS_MAX; i++)
            probe_request[i] = probe_limit(SIDE_BUY, "49000", "0.00011");
        probe_requests = INTENTS_MAX;
        world_trade(&w, "50000", "1");
        sent += INTENTS_MAX;
    }
    assert_int_equal(engine_open_orders(w.engine), sent); /* 4096: exactly full */
    world_denied(&w, probe_limit(SIDE_BUY, "49000", "0.00011"), REASON_ORDER_TABLE_FULL, "4096",
                 NULL);
    /* a halt cancels all of them although one step can tell only about a thousand */
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    uint32_t canceled = 0;
    for (int step = 0; step < 10; step++) {
        for (uint32_t i = 0; i < w.fx->count; i++)
            canceled += w.fx->item[i].kind == EFFECT_CANCEL;
        if (canceled == sent)
            break;
        assert_true(engine_next_timer_ns(w.engine) <= engine_now_ns(w.engine));
        world_timer(&w);
    }
    assert_int_equal(canceled, sent);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(price_collar),
        cmocka_unit_test(strategy_collar_tightens),
        cmocka_unit_test(order_value),
        cmocka_unit_test(market_order_value_is_the_greater_of_collar_and_walk),
        cmocka_unit_test(order_quantity),
        cmocka_unit_test(position_counts_open_orders_at_their_worst_side),
        cmocka_unit_test(gross_exposure_sums_instruments),
        cmocka_unit_test(open_orders),
        cmocka_unit_test(message_rate_keeps_a_share_for_cancels),
        cmocka_unit_test(cancels_go_even_when_the_rate_is_used_up),
        cmocka_unit_test(allow_list),
        cmocka_unit_test(venue_rules),
        cmocka_unit_test(unknown_rules_and_zero_steps_deny),
        cmocka_unit_test(stale_reference),
        cmocka_unit_test(no_reference_and_feeds_that_are_not_live),
        cmocka_unit_test(crossed_book_is_not_acted_on),
        cmocka_unit_test(budget),
        cmocka_unit_test(reduce_only_is_at_most_the_position),
        cmocka_unit_test(reducing_lets_only_exits_pass),
        cmocka_unit_test(malformed_requests),
        cmocka_unit_test(daily_loss_latches_reducing_until_a_person_resumes),
        cmocka_unit_test(resume_counts_the_day_from_the_present_equity),
        cmocka_unit_test(a_new_day_does_not_undo_a_latch_but_starts_a_new_count),
        cmocka_unit_test(drawdown_from_the_high_water_mark_halts_and_cancels),
        cmocka_unit_test(a_strategy_s_own_drawdown_halts_only_it),
        cmocka_unit_test(equity_without_a_price_denies_when_losses_are_limited),
        cmocka_unit_test(a_flooding_strategy_is_halted_and_nothing_else),
        cmocka_unit_test(a_burst_of_the_allowed_size_is_no_flood),
        cmocka_unit_test(a_strategy_that_will_not_take_no_is_halted),
        cmocka_unit_test(the_order_table_is_bounded),
    };
    return cmocka_run_group_tests_name("risk", tests, NULL, NULL);
}

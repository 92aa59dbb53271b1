/* triangular when things go wrong: orders in doubt, refusals by the venue, a restart in the middle,
 * fees in a third asset, parameters that change. Venue answers are told by the test. */
#include "config/config.h"
#include "core/internal.h"
#include "strategies/triangular.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define D(text) dec_lit(text)
#define MS      INT64_C(1000000)
#define SECOND  INT64_C(1000000000)

enum { BTC_USDT, ETH_BTC, ETH_USDT, BNB_USDT };

static const struct strategy_ops *const STRATEGIES[] = {&strategy_triangular, NULL};
static const char *const VENUES[] = {"binance-spot", NULL};
static const struct config_kinds KINDS = {.strategies = STRATEGIES, .venues = VENUES};

static struct config config;
static struct engine *engine;
static void *memory;
static struct effects *fx;
static int64_t now_ns;
static uint64_t fills;
static struct order sent[32]; /* since only() looked last */
static uint32_t sents;

static const char TEXT[] =
    "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\n"
    "[risk]\nmax_order_value = \"5000\"\nmax_position_value = \"100000\"\n"
    "max_gross_exposure = \"100000\"\n"
    "[[venue]]\nname = \"sim\"\nkind = \"binance-spot\"\n"
    "ws_url = \"wss://localhost:1\"\nrest_url = \"https://localhost:1\"\n"
    "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\n%s"
    "[venue.paper]\nfill_model = \"touch\"\nslippage = \"0\"\n"
    "balances = { USDT = \"10000\", BNB = \"10\" }\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"sim\"\n"
    "tick_size = \"0.01\"\nlot_size = \"0.00001\"\nmin_notional = \"5\"\n"
    "[[instrument]]\nsymbol = \"ETH-BTC\"\nvenue = \"sim\"\n"
    "tick_size = \"0.00001\"\nlot_size = \"0.0001\"\nmin_notional = \"0.0001\"\n"
    "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"sim\"\n"
    "tick_size = \"0.01\"\nlot_size = \"0.0001\"\nmin_notional = \"5\"\n"
    "[[instrument]]\nsymbol = \"BNB-USDT\"\nvenue = \"sim\"\n"
    "tick_size = \"0.01\"\nlot_size = \"0.001\"\nmin_notional = \"5\"\n"
    "[[strategy]]\nname = \"tri\"\nkind = \"triangular\"\nbudget = \"3000\"\n"
    "first = \"BTC-USDT\"\nsecond = \"ETH-BTC\"\nthird = \"ETH-USDT\"\n"
    "investment_max = \"600\"\ncooldown = \"1s\"\nmax_age = \"10s\"\n%s";

static void tell(struct event ev)
{
    ev.ts_event_ns = ev.ts_recv_ns = now_ns;
    assert_int_equal(engine_step(engine, &ev, fx), ERR_OK);
    for (uint32_t i = 0; i < fx->count; i++)
        if (fx->item[i].kind == EFFECT_SUBMIT && sents < 32)
            sent[sents++] = fx->item[i].submit;
}

static void open_engine(void)
{
    memory = aligned_alloc(64, (engine_size(config.setup) + 63) & ~(size_t)63);
    assert_non_null(memory);
    memset(memory, 0, engine_size(config.setup));
    assert_int_equal(engine_init(&engine, memory, config.setup), ERR_OK);
}

static void open_world(const char *venue, const char *parameters)
{
    char text[4096];
    struct config_report r = {0};
    snprintf(text, sizeof text, TEXT, venue, parameters);
    enum err e = config_parse(&config, "tri.toml", ".", text, strlen(text), &KINDS, &r);
    for (size_t i = 0; i < r.count; i++)
        print_error("%s\n", r.line[i]);
    assert_int_equal(e, ERR_OK);
    config_report_clear(&r);
    config.setup->risk.has_max_reference_age = false;
    fx = calloc(1, sizeof *fx);
    now_ns = INT64_C(1704067200) * SECOND;
    fills = sents = 0;
    open_engine();
}

static int close_world(void **state)
{
    (void)state;
    free(memory);
    free(fx);
    config_close(&config);
    return 0;
}

static void top(instrument_id i, const char *bid, const char *ask)
{
    tell((struct event){
        .kind = EVENT_TOP, .instrument = i, .top = {D(bid), D("100"), D(ask), D("100")}});
}

static void market(void)
{
    for (instrument_id i = 0; i < 4; i++)
        tell((struct event){.kind = EVENT_FEED, .instrument = i, .feed = FEED_LIVE});
    top(BNB_USDT, "300", "300");
    top(BTC_USDT, "60000", "60000");
    top(ETH_BTC, "0.05", "0.05");
    top(ETH_USDT, "3020", "3020");
}

static order_id only(instrument_id i, enum side side, const char *qty)
{
    assert_int_equal(sents, 1);
    assert_int_equal(sent[0].req.instrument, i);
    assert_int_equal(sent[0].req.side, side);
    assert_true(dec_eq(sent[0].req.qty, D(qty)));
    sents = 0;
    return sent[0].id;
}

static void order(order_id id, enum order_state state, enum reason reason)
{
    tell((struct event){
        .kind = EVENT_ORDER,
        .order = {.id = id, .state = state, .reason = reason, .venue_order_id = id}});
}

static void fill(order_id id, const char *price, const char *qty, const char *fee,
                 const char *asset)
{
    const struct order *o = engine_order(engine, id);
    assert_non_null(o);
    tell((struct event){.kind = EVENT_FILL,
                        .instrument = o->req.instrument,
                        .fill = {.id = id,
                                 .fill_id = ++fills,
                                 .price = D(price),
                                 .qty = D(qty),
                                 .fee = D(fee),
                                 .fee_asset = setup_find_asset(config.setup, asset),
                                 .liquidity = LIQUIDITY_TAKER}});
}

static const struct tri *state_now(void)
{
    return engine->strategy[0].state;
}

static void assert_dec(dec got, const char *expected)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, expected);
}

/* ---- orders ---- */

static void a_leg_in_doubt_blocks_until_it_is_known(void **state)
{
    (void)state;
    open_world("", "");
    market();
    order_id first = only(BTC_USDT, SIDE_BUY, "0.01");
    order(first, ORDER_IN_DOUBT, REASON_NONE);
    for (int i = 0; i < 100; i++) {
        now_ns += 60 * SECOND;
        top(BTC_USDT, "60000", "60000");
        top(ETH_BTC, "0.05", "0.05");
        top(ETH_USDT, "3020", "3020");
        assert_int_equal(sents, 0);
    }
    /* It had traded in part: the cycle goes on with that. */
    fill(first, "60000", "0.004", "0.000004", "BTC");
    assert_int_equal(sents, 0);
    order(first, ORDER_EXPIRED, REASON_NONE);
    (void)only(ETH_BTC, SIDE_BUY, "0.0799");
}

static void a_rejected_first_leg_waits_a_minute(void **state)
{
    (void)state;
    open_world("", "");
    market();
    order(only(BTC_USDT, SIDE_BUY, "0.01"), ORDER_REJECTED, REASON_NOT_ENOUGH_FUNDS);
    assert_int_equal(sents, 0);
    now_ns += 59 * SECOND;
    market();
    assert_int_equal(sents, 0);
    now_ns += SECOND;
    market();
    (void)only(BTC_USDT, SIDE_BUY, "0.01");
    assert_int_equal(state_now()->cycles, 0);
}

static void a_rejected_second_leg_is_unwound(void **state)
{
    (void)state;
    open_world("", "");
    market();
    fill(only(BTC_USDT, SIDE_BUY, "0.01"), "60000", "0.01", "0.00001", "BTC");
    order(only(ETH_BTC, SIDE_BUY, "0.1998"), ORDER_REJECTED, REASON_VENUE_RULE);
    order_id back = only(BTC_USDT, SIDE_SELL, "0.00999");
    assert_dec(sent[0].req.price, "59700");
    /* Rejected, too: again after half a second. */
    order(back, ORDER_REJECTED, REASON_VENUE_RULE);
    assert_int_equal(sents, 0);
    now_ns += TRI_RETRY_NS;
    top(BTC_USDT, "60000", "60000");
    fill(only(BTC_USDT, SIDE_SELL, "0.00999"), "59990", "0.00999", "0.5993001", "USDT");
    assert_int_equal(state_now()->phase, TRI_IDLE);
    assert_int_equal(state_now()->cycles, 1);
    assert_dec(state_now()->profit, "-1.2992001");
}

/* A fill that is told after its order ended still counts, and is settled. */
static void a_late_fill_is_settled(void **state)
{
    (void)state;
    open_world("", "");
    market();
    order_id first = only(BTC_USDT, SIDE_BUY, "0.01");
    order(first, ORDER_EXPIRED, REASON_NONE);
    assert_int_equal(state_now()->phase, TRI_IDLE);
    fill(first, "60000", "0.01", "0.00001", "BTC");
    order_id back = only(BTC_USDT, SIDE_SELL, "0.00999");
    fill(back, "60000", "0.00999", "0.5994", "USDT");
    assert_int_equal(state_now()->phase, TRI_IDLE);
    assert_dec(state_now()->held[1], "0");
    assert_dec(state_now()->profit, "-1.1994");
}

/* Dust that is believed in but is not there (another took it) is not counted on. */
static void a_leg_is_at_most_what_is_free(void **state)
{
    (void)state;
    open_world("", "");
    struct tri *s = engine->strategy[0].state;
    s->held[1] = D("0.005");
    market();
    fill(only(BTC_USDT, SIDE_BUY, "0.01"), "60000", "0.01", "0.00001", "BTC");
    (void)only(ETH_BTC, SIDE_BUY, "0.1998");
}

/* ---- fees ---- */

static void fees_in_a_third_asset(void **state)
{
    (void)state;
    open_world("fee_asset = \"BNB\"\n", "");
    market();
    /* Nothing is taken from what is received: 0.01 BTC, 0.2 ETH, 604 USDT. */
    fill(only(BTC_USDT, SIDE_BUY, "0.01"), "60000", "0.01", "0.002", "BNB");
    fill(only(ETH_BTC, SIDE_BUY, "0.2"), "0.05", "0.2", "0.002", "BNB");
    fill(only(ETH_USDT, SIDE_SELL, "0.2"), "3020", "0.2", "0.00201334", "BNB");
    assert_int_equal(state_now()->cycles, 1);
    /* 4 less 0.6, 0.604 (0.2 ETH at 3020) and 0.604 */
    assert_dec(state_now()->profit, "2.192");
    assert_dec(state_now()->held[1], "0");
    assert_dec(state_now()->held[2], "0");
}

static void fees_in_a_third_asset_count_in_the_decision(void **state)
{
    (void)state;
    /* 2.192 of 600: 0.0036533... */
    static const char *const LEAST[] = {"min_profit = \"0.00365333\"\n",
                                        "min_profit = \"0.00365334\"\n"};
    for (int i = 0; i < 2; i++) {
        open_world("fee_asset = \"BNB\"\n", LEAST[i]);
        market();
        assert_int_equal(sents, i ? 0 : 1);
        if (i == 0)
            close_world(NULL);
    }
}

/* ---- restarts ---- */

/* The state of a cycle under way, in an engine that does not know its order. */
static void a_lost_order_has_ended(void **state)
{
    (void)state;
    open_world("", "");
    market();
    (void)only(BTC_USDT, SIDE_BUY, "0.01");
    uint8_t bytes[4096];
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(engine, 0, &out), ERR_OK);
    free(memory);
    open_engine();
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(engine, 0, &in), ERR_OK);
    assert_int_equal(state_now()->phase, TRI_LEGS);
    now_ns += 2 * SECOND;
    market(); /* EVENT_STARTED comes first */
    assert_int_equal(state_now()->phase, TRI_IDLE);
    assert_int_equal(sents, 0);
    now_ns += SECOND; /* the cooldown */
    market();
    (void)only(BTC_USDT, SIDE_BUY, "0.01");
    assert_int_equal(state_now()->cycles, 0);
}

/* ---- parameters that change ---- */

static void live_parameters_count_at_once(void **state)
{
    (void)state;
    open_world("", "min_profit = \"0.5\"\n");
    market();
    assert_int_equal(sents, 0);
    tell((struct event){.kind = EVENT_PARAM,
                        .venue = VENUE_NONE,
                        .instrument = INSTRUMENT_NONE,
                        .param = {.strategy = 0,
                                  .index = TRI_MIN_PROFIT,
                                  .type = PARAM_DECIMAL,
                                  .present = true,
                                  .value = {.present = true, .decimal = D("0.001")}}});
    (void)only(BTC_USDT, SIDE_BUY, "0.01");
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, close_world)
    const struct CMUnitTest tests[] = {
        T(a_leg_in_doubt_blocks_until_it_is_known),
        T(a_rejected_first_leg_waits_a_minute),
        T(a_rejected_second_leg_is_unwound),
        T(a_late_fill_is_settled),
        T(a_leg_is_at_most_what_is_free),
        T(fees_in_a_third_asset),
        T(fees_in_a_third_asset_count_in_the_decision),
        T(a_lost_order_has_ended),
        T(live_parameters_count_at_once),
    };
    return cmocka_run_group_tests_name("triangular in trouble", tests, NULL, NULL);
}

/* A grid with random parameters at a venue that does what venues do: fills in parts, refuses,
 * cancels by itself, answers late, loses its feed. Whatever happens, the promises hold.
 *
 * GRID_SEED=n runs from that seed on, GRID_CASES=n so many (default 300). */
#include "base/rng.h"
#include "grids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS 400

/* The same events go into two worlds; the second one's grid is saved and loaded now and then. */
static struct world w[2];
static struct rng r;
static struct strategy_setup *setup[2];
static dec mark, unused, started_with;
static bool begun;
/* Told when a case fails, with the checks of cmocka, which do not come back. */
static uint64_t case_seed, orders, trips, stops, moves;
static uint32_t fills;

static uint32_t pick(uint32_t n)
{
    return (uint32_t)rng_below(&r, n);
}

static void set(const char *key, const char *value)
{
    for (int i = 0; i < 2; i++)
        grids_set(setup[i], key, value);
}

static void open_worlds(void)
{
    static const char *const SIZES[][2] = {
        {"size", "0.01"}, {"size", "0.00023"}, {"amount", "130"}, {"investment", "3000"}};
    static const char *const INVENTORY[] = {"0", "0.01", "0.0417", "0.3"};
    const char *inventory = INVENTORY[pick(4)];
    for (int i = 0; i < 2; i++) {
        setup[i] = grids_open(&w[i], "4000", inventory, "lower=48000", "upper=52000",
                              "min_profit=-1", NULL);
        struct instrument_rules *rules = &w[i].setup->instrument[0].rules;
        rules->min_notional = D("10");
    }
    const char *const *size = SIZES[pick(4)];
    set(size[0], size[1]);
    if (pick(4)) {
        static const char *const LEVELS[] = {"2", "3", "9", "40"};
        set("levels", LEVELS[pick(4)]);
        set("spacing", pick(2) ? "geometric" : "arithmetic");
    } else {
        set("step", "431.7");
    }
    static const char *const DIRECTION[] = {"neutral", "long", "short"};
    set("direction", DIRECTION[pick(3)]);
    static const char *const INITIAL[] = {"none", "market", "limit"};
    set("initial_order", INITIAL[pick(3)]);
    if (pick(4) == 0)
        set("trigger", "50500");
    if (pick(3) == 0)
        set("stop_loss", "46900");
    if (pick(4) == 0)
        set("take_profit", "53600");
    if (pick(3) == 0) {
        set("on_exit", "trail");
        set("trail_up_to", "56000");
        set("trail_down_to", pick(2) ? "44000" : NULL);
    } else if (pick(6) == 0) {
        set("on_exit", "close");
    }
    if (pick(2))
        set("max_open", pick(2) ? "1" : "4");
    if (pick(4) == 0)
        set("cooldown", "13s");
    set("reprice", pick(4) ? "true" : "false");
    set("post_only", pick(4) ? "true" : "false");
    for (int i = 0; i < 2; i++) {
        if (i == 0 && pick(4) == 0)
            w[0].setup->strategy[0].risk.has_max_order_qty = true;
        w[i].setup->strategy[0].risk.has_max_order_qty =
            w[0].setup->strategy[0].risk.has_max_order_qty;
        w[i].setup->strategy[0].risk.max_order_qty = D("0.012");
        world_start(&w[i]);
    }
    begun = false;
    mark = D("50000");
}

static void check_effects(void);

static void step(const struct event *e)
{
    for (int i = 0; i < 2; i++)
        world_step(&w[i], e);
    check_effects();
}

/* ---- the promises ---- */

static bool is_form(enum reason reason)
{
    return reason == REASON_TICK_SIZE || reason == REASON_LOT_SIZE || reason == REASON_MIN_QTY ||
           reason == REASON_MIN_NOTIONAL || reason == REASON_MALFORMED || reason == REASON_BUDGET ||
           reason == REASON_REDUCE_ONLY;
}

/* Nothing is asked for that cannot be: no order of a wrong form, none beyond the budget. */
static void check_effects(void)
{
    const struct effect *fx;
    for (uint32_t n = 0; (fx = world_effect(&w[0], EFFECT_DENIED, n)) != NULL; n++)
        if (is_form(fx->denied.denial.reason))
            fail_msg("denied: %s %s %f@%f tag %u", reason_name(fx->denied.denial.reason),
                     side_name(fx->denied.req.side), dec_to_double(fx->denied.req.qty),
                     dec_to_double(fx->denied.req.price), fx->denied.req.tag);
    for (uint32_t n = 0; world_effect(&w[0], EFFECT_SUBMIT, n) != NULL; n++)
        orders++;
    for (uint32_t n = 0; (fx = world_effect(&w[0], EFFECT_NOTE, n)) != NULL; n++) {
        moves += strstr(fx->note, "moved") != NULL;
        stops += strstr(fx->note, "stopped:") != NULL;
    }
}

static void check_books(void)
{
    dec cost, realized, position = engine_position(w[0].engine, 0, 0, &cost, &realized);
    dec inventory = grids_figure(&w[0], "inventory");
    assert_false(dec_is_neg(inventory));
    bool running = dec_is_pos(grids_figure(&w[0], "upper_now"));
    bool first = running && !begun;
    if (first)
        unused = (dec){position.v - inventory.v};
    begun = running;
    if (!begun)
        return;
    assert_true(dec_eq((dec){position.v - inventory.v}, unused)); /* every unit is some slot's */
    /* What it says it made is what its part of the account made, to the units of the roundings. */
    if (engine_feed(w[0].engine, 0) != FEED_LIVE)
        return;
    const struct instrument *in = &w[0].setup->instrument[0];
    dec worth, said, price;
    if (!engine_mark(w[0].engine, 0, &price))
        return;
    assert_true(dec_mul(inventory, price, DEC_DOWN, &worth));
    worth.v += engine_balance(w[0].engine, 0, 0, in->quote).v;
    if (first) {
        started_with = worth;
        return;
    }
    said = (dec){grids_figure(&w[0], "grid_profit").v + grids_figure(&w[0], "floating").v};
    i128 off = worth.v - started_with.v - said.v;
    if (off > 1000 || off < -1000)
        fail_msg("grid_profit and floating are off by %lld units", (long long)off);
}

static void check_orders(void)
{
    const struct engine *e = w[0].engine;
    dec highest = DEC_ZERO, lowest = DEC_MAX;
    uint32_t count[2] = {0, 0};
    static uint8_t of_slot[2][200];
    memset(of_slot, 0, sizeof of_slot);
    assert_int_equal(engine_open_orders(e), engine_open_orders(w[1].engine));
    for (uint32_t i = 0; i < engine_open_orders(e); i++) {
        const struct order *o = engine_open_order(e, i), *twin = engine_open_order(w[1].engine, i);
        assert_true(o->id == twin->id && dec_eq(o->req.price, twin->req.price) &&
                    dec_eq(o->req.qty, twin->req.qty) && o->state == twin->state);
        int side = o->req.side == SIDE_SELL;
        if (side)
            lowest = dec_min(lowest, o->req.price);
        else
            highest = dec_max(highest, o->req.price);
        if (o->req.tag < 200) {
            count[side]++;
            assert_true(++of_slot[side][o->req.tag] <= 2);
        }
    }
    assert_true(dec_lt(highest, lowest)); /* never through its own orders */
    uint32_t n;
    struct param_value v;
    n = grids_value("max_open", "1", &v);
    v = setup[0]->params.value[n];
    if (v.present)
        assert_true(count[0] <= v.integer && count[1] <= v.integer);
    /* Orders may wait for money, but the strategy never has to be stopped. */
    assert_int_not_equal(engine_state(e, SCOPE_STRATEGY, 0), STATE_HALTED);
}

static void check_twin(void)
{
    static uint8_t bytes[2][128 * 1024];
    struct bufw out[2] = {bufw_make(bytes[0], sizeof bytes[0]),
                          bufw_make(bytes[1], sizeof bytes[1])};
    for (int i = 0; i < 2; i++)
        assert_int_equal(engine_strategy_save(w[i].engine, 0, &out[i]), ERR_OK);
    assert_int_equal(out[0].len, out[1].len);
    assert_memory_equal(bytes[0], bytes[1], out[0].len);
    struct bufr in = bufr_make(bytes[1], out[1].len);
    assert_int_equal(engine_strategy_load(w[1].engine, 0, &in), ERR_OK);
}

/* ---- the venue ---- */

static void answer(const struct order *o, enum order_state state, enum reason reason)
{
    step(&(struct event){
        .kind = EVENT_ORDER,
        .order = {.id = o->id, .state = state, .reason = reason, .venue_order_id = o->id}});
}

static void fill(const struct order *o)
{
    dec open = order_open_qty(o), part = open, fee, gross;
    if (pick(2)) {
        assert_true(dec_mul_div(open, dec_from_i64(pick(99) + 1, 0), dec_from_i64(100, 0), DEC_DOWN,
                                &part));
        assert_true(dec_round_to(part, D("0.00001"), DEC_DOWN, &part));
    }
    if (!dec_is_pos(part))
        part = dec_min(open, D("0.00001"));
    gross = part;
    if (o->req.side == SIDE_SELL)
        assert_true(dec_mul(o->req.price, part, DEC_DOWN, &gross));
    assert_true(dec_mul(gross, D("0.001"), DEC_UP, &fee));
    assert_true(dec_round_to(fee, D("0.00000001"), DEC_UP, &fee));
    fills++;
    step(&(struct event){.kind = EVENT_FILL,
                         .fill = {.id = o->id,
                                  .fill_id = fills,
                                  .price = o->req.price,
                                  .qty = part,
                                  .fee = dec_min(fee, gross),
                                  .fee_asset = o->req.side == SIDE_BUY
                                                   ? w[0].setup->instrument[0].base
                                                   : w[0].setup->instrument[0].quote,
                                  .liquidity = LIQUIDITY_MAKER}});
}

/* Something happens to one of the open orders. */
static void act(void)
{
    uint32_t n = engine_open_orders(w[0].engine);
    if (n == 0)
        return;
    const struct order *o = NULL;
    bool through = false;
    for (int i = 0; i < 10 && !through; i++) { /* rather one that trades */
        o = engine_open_order(w[0].engine, pick(n));
        through = o->req.side == SIDE_BUY ? dec_ge(o->req.price, mark) : dec_le(o->req.price, mark);
    }
    if (o->state == ORDER_SUBMITTED && pick(12) == 0)
        answer(o, ORDER_REJECTED, pick(2) ? REASON_WOULD_TAKE : REASON_NOT_ENOUGH_FUNDS);
    else if (o->state == ORDER_SUBMITTED && pick(40) == 0)
        answer(o, ORDER_NOT_SENT, REASON_NONE);
    else if (o->state == ORDER_SUBMITTED && pick(40) == 0)
        answer(o, ORDER_IN_DOUBT, REASON_NONE);
    else if (o->state == ORDER_SUBMITTED && !through)
        answer(o, ORDER_ACCEPTED, REASON_NONE);
    else if (o->state == ORDER_PENDING_CANCEL && pick(2))
        answer(o, pick(8) ? ORDER_CANCELED : ORDER_ACCEPTED, REASON_NONE);
    else if (through)
        fill(o);
    else if (o->req.tif == TIF_IOC)
        answer(o, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED);
    else if (pick(60) == 0)
        answer(o, ORDER_CANCELED, REASON_OPERATOR); /* not by us */
}

static void move_price(void)
{
    static const int64_t FAR[] = {1, 100, 5000, 40000, 90000};
    int64_t by = (int64_t)pick(2001) - 1000;
    mark.v += (i128)(by * FAR[pick(5)] / 1000) * D("0.01").v;
    mark = dec_max(dec_min(mark, D("58000")), D("42000"));
    dec last;
    if (!engine_last(w[0].engine, 0, &last) || pick(2)) {
        step(&(struct event){.kind = EVENT_TRADE, .trade = {mark, D("1"), 0, SIDE_BUY}});
    } else {
        dec bid = {mark.v - D("0.01").v}, ask = {mark.v + D("0.01").v};
        step(&(struct event){.kind = EVENT_TOP, .top = {bid, D("1"), ask, D("1")}});
    }
}

static void pass_time(void)
{
    int64_t by = (int64_t)pick(pick(3) ? 3 : 100) * SECOND;
    for (int i = 0; i < 2; i++)
        world_advance(&w[i], by);
    step(&(struct event){.kind = EVENT_TIMER, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE});
}

static void disturb(void)
{
    enum command_kind kind = pick(4) ? COMMAND_RESUME : COMMAND_PAUSE;
    if (pick(2))
        step(&(struct event){.kind = EVENT_COMMAND,
                             .venue = VENUE_NONE,
                             .instrument = INSTRUMENT_NONE,
                             .command = {.kind = kind, .strategy = 0, .reason = "test"}});
    else
        step(&(struct event){.kind = EVENT_FEED, .feed = pick(4) ? FEED_LIVE : FEED_STALE});
}

static void run_case(void)
{
    rng_seed(&r, case_seed);
    open_worlds();
    for (int i = 0; i < STEPS; i++) {
        uint32_t what = pick(100);
        if (what < 35)
            move_price();
        else if (what < 85)
            act();
        else if (what < 98)
            pass_time();
        else
            disturb();
        check_books();
        check_orders();
        if (pick(20) == 0)
            check_twin();
    }
    trips += (uint64_t)(grids_figure(&w[0], "round_trips").v / DEC_ONE.v);
    world_close(&w[0]);
    world_close(&w[1]);
}

static void promises_hold(void **state)
{
    (void)state;
    const char *seed = getenv("GRID_SEED"), *cases = getenv("GRID_CASES");
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
    uint64_t many = cases ? strtoull(cases, NULL, 10) : 300;
    for (case_seed = first; case_seed < first + many; case_seed++) {
        fills = 0;
        run_case();
    }
    print_message("%llu orders, %llu round trips, %llu stops, %llu moves\n",
                  (unsigned long long)orders, (unsigned long long)trips, (unsigned long long)stops,
                  (unsigned long long)moves);
    if (many >= 100)
        assert_true(trips > many && stops > 5 && moves > 5);
}

static int tell_seed(void **state)
{
    (void)state;
    print_message("GRID_SEED=%llu was the last\n", (unsigned long long)case_seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(promises_hold, tell_seed)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("grid_random", tests, NULL, NULL);
}

/* Warm-up in the engine: candles of the venue and own ones reach a strategy once each, in order,
 * without a hole; nothing is decided before the history is there. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FRAME (60 * SECOND)

static struct world w;
static struct strategy_ops ops;
static struct seen {
    enum event_kind kind;
    int64_t open_ns;
    dec close;
} seen[128];
static uint32_t count, others;
static uint32_t wanted;
static bool buys;
static int64_t t0; /* a whole minute, at which the world begins */

static int64_t timeframe(const struct params *p)
{
    (void)p;
    return FRAME;
}

static uint32_t warmup(const struct params *p)
{
    (void)p;
    return wanted;
}

static enum err on_event(void *state, const struct strategy_view *v, const struct event *e,
                         struct intents *out)
{
    (void)state;
    struct event_top top;
    dec price;
    assert_true(count < 128);
    if (e->kind == EVENT_HISTORY)
        seen[count++] = (struct seen){e->kind, e->history.candle.open_ns, e->history.candle.close};
    else if (e->kind == EVENT_CANDLE)
        seen[count++] = (struct seen){e->kind, e->candle.open_ns, e->candle.close};
    else
        others += e->kind == EVENT_TRADE || e->kind == EVENT_TOP;
    if (e->kind == EVENT_HISTORY && others == 0)
        assert_false(view_top(v, 0, &top) || view_last(v, 0, &price) || view_mark(v, 0, &price));
    struct order_request q = probe_market(SIDE_BUY, "0.01");
    if (buys)
        intents_submit(out, &q);
    return ERR_OK;
}

static void begin(enum warmup how)
{
    ops = strategy_probe;
    ops.on_event = on_event;
    ops.subscribes = SUBSCRIBE_TRADE | SUBSCRIBE_CANDLE;
    ops.candle_timeframe = timeframe;
    ops.warmup_candles = warmup;
    count = others = 0;
    buys = false;
    wanted = 3;
    world_open(&w);
    struct strategy_setup *ss = world_strategy(&w, "one", &ops, "5000", "0");
    ss->warmup = how;
    t0 = w.now_ns - w.now_ns % FRAME;
}

/* At t0 + 30 s. */
static void go(void)
{
    world_start(&w);
    world_command(&w, COMMAND_START, STRATEGY_NONE);
    w.now_ns = t0 + 30 * SECOND;
    world_feed(&w, FEED_INVALID);
    world_feed(&w, FEED_LIVE);
}

static void trade_at(int64_t ns, const char *price)
{
    w.now_ns = ns - 1;
    world_trade(&w, price, "1");
}

/* The [n]th minute from t0. */
static int64_t minute(int n)
{
    return t0 + n * FRAME;
}

static void give(int n, const char *close, bool last)
{
    struct event ev = {.kind = EVENT_HISTORY, .venue = 0, .instrument = 0};
    ev.history.last = last;
    if (close)
        ev.history.candle = (struct event_candle){.open_ns = minute(n),
                                                  .timeframe_ns = FRAME,
                                                  .open = D(close),
                                                  .high = D(close),
                                                  .low = D(close),
                                                  .close = D(close),
                                                  .volume = D("1")};
    world_step(&w, &ev);
}

static void expect(uint32_t n, enum event_kind kind, int m, const char *close)
{
    assert_true(n < count);
    assert_int_equal(seen[n].kind, kind);
    assert_true(seen[n].open_ns == minute(m));
    assert_true(dec_eq(seen[n].close, D(close)));
}

static bool wants(int64_t now_ns, int64_t *from_ns)
{
    return engine_wants_candles(w.engine, 0, now_ns, from_ns);
}

static void history_first_then_prices(void **state)
{
    (void)state;
    begin(WARMUP_VENUE);
    go();
    int64_t from_ns;
    buys = true;
    trade_at(t0 + 31 * SECOND, "50000");
    assert_int_equal(others, 0); /* it waits */
    assert_true(wants(w.now_ns, &from_ns) && from_ns == INT64_MIN);
    give(-3, "1", false);
    assert_null(world_effect(&w, EFFECT_SUBMIT, 0)); /* nothing is decided on half of it */
    give(-2, "2", false);
    buys = false;
    give(-1, "3", true);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++)
        expect((uint32_t)i, EVENT_HISTORY, i - 3, (const char *[]){"1", "2", "3"}[i]);
    trade_at(t0 + 40 * SECOND, "50010");
    assert_int_equal(others, 1);
    assert_false(wants(minute(1) - 1, &from_ns));

    /* Minute 0 began before the feed was live: it is the venue's, and news when it comes. */
    trade_at(minute(1) + SECOND, "50020");
    assert_int_equal(count, 3);
    assert_true(wants(minute(1), &from_ns) && from_ns == minute(0));
    give(0, "4", true);
    expect(3, EVENT_CANDLE, 0, "4");
    /* Minute 1 was seen whole. */
    trade_at(minute(2) + SECOND, "50030");
    expect(4, EVENT_CANDLE, 1, "50020");
    assert_int_equal(count, 5);
    assert_false(wants(minute(3) - 1, &from_ns));
    give(1, "9", true); /* a second time it does not come */
    assert_int_equal(count, 5);
    world_close(&w);
}

static void own_candles_wait_for_those_before(void **state)
{
    (void)state;
    begin(WARMUP_VENUE);
    go();
    give(-1, "3", true);
    trade_at(t0 + 40 * SECOND, "50000");
    trade_at(minute(1) + SECOND, "50001");
    trade_at(minute(2) + SECOND, "50002");
    trade_at(minute(3) + SECOND, "50003");
    assert_int_equal(count, 1); /* minutes 1 and 2 are kept, 0 is missing */
    give(0, "4", true);
    assert_int_equal(count, 4);
    expect(1, EVENT_CANDLE, 0, "4");
    expect(2, EVENT_CANDLE, 1, "50001");
    expect(3, EVENT_CANDLE, 2, "50002");
    /* More than can be kept: the venue is asked for those that fell out. */
    world_feed(&w, FEED_STALE);
    world_feed(&w, FEED_LIVE);
    for (int m = 4; m < 24; m++)
        trade_at(minute(m) + SECOND, "50004");
    assert_int_equal(count, 4);
    int64_t from_ns;
    assert_true(wants(w.now_ns, &from_ns) && from_ns == minute(3));
    for (int m = 3; m < 7; m++)
        give(m, "5", m == 6);
    assert_int_equal(count, 4 + 4 + 16); /* 3 .. 6 of the venue, 7 .. 22 kept */
    for (int m = 3; m < 23; m++)
        assert_true(seen[1 + m].open_ns == minute(m));
    world_close(&w);
}

static void a_gap_comes_from_the_venue(void **state)
{
    (void)state;
    begin(WARMUP_VENUE);
    go();
    give(-1, "3", true);
    trade_at(t0 + 40 * SECOND, "50000");
    give(0, "4", true);
    trade_at(minute(1) + SECOND, "50001");
    trade_at(minute(2) + SECOND, "50002");
    expect(2, EVENT_CANDLE, 1, "50001");
    /* Down from within minute 2 to within minute 5. */
    world_feed(&w, FEED_INVALID);
    w.now_ns = minute(5) + 10 * SECOND;
    world_command(&w, COMMAND_START, STRATEGY_NONE); /* as after a restart */
    world_feed(&w, FEED_LIVE);
    uint32_t before = others;
    trade_at(minute(5) + 20 * SECOND, "50005");
    assert_int_equal(others, before + 1); /* it is warm: it goes on at once */
    assert_int_equal(count, 3);
    int64_t from_ns;
    assert_true(wants(w.now_ns, &from_ns) && from_ns == minute(2));
    give(2, "6", false);
    give(3, "7", false);
    give(4, "8", true);
    expect(3, EVENT_HISTORY, 2, "6"); /* they ended while nobody looked */
    expect(5, EVENT_HISTORY, 4, "8");
    trade_at(minute(6) + SECOND, "50006");
    give(5, "9", true);
    expect(6, EVENT_CANDLE, 5, "9"); /* this one closed in front of it */
    trade_at(minute(7) + SECOND, "50007");
    expect(7, EVENT_CANDLE, 6, "50006");
    assert_int_equal(count, 8);
    world_close(&w);
}

static void a_venue_without_candles(void **state)
{
    (void)state;
    begin(WARMUP_VENUE);
    go();
    give(0, NULL, true);
    int64_t from_ns;
    trade_at(t0 + 40 * SECOND, "50000");
    assert_int_equal(others, 1);
    assert_false(wants(minute(50), &from_ns));
    trade_at(minute(1) + SECOND, "50001");
    assert_int_equal(count, 0); /* minute 0 was not seen whole */
    trade_at(minute(2) + SECOND, "50002");
    expect(0, EVENT_CANDLE, 1, "50001");
    world_close(&w);
}

static void without_it_all_is_as_it_was(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        begin(k == 0 ? WARMUP_NONE : WARMUP_VENUE);
        wanted = k == 0 ? 3 : 0;
        go();
        int64_t from_ns;
        trade_at(t0 + 40 * SECOND, "50000");
        assert_int_equal(others, 1);
        assert_false(wants(minute(9), &from_ns));
        trade_at(minute(1) + SECOND, "50001");
        expect(0, EVENT_CANDLE, 0, "50000"); /* from the first trade on */
        world_close(&w);
    }
}

static struct param_spec live_spec[] = {{.key = "n", .type = PARAM_INTEGER, .flags = PARAM_LIVE},
                                        {.key = NULL}};

/* A parameter that changes while it waits, and a restart: it still waits. */
static void a_restart_does_not_end_the_wait(void **state)
{
    (void)state;
    begin(WARMUP_VENUE);
    ops.params = live_spec;
    w.setup->strategy[0].params.count = 1;
    go();
    struct event ev = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    ev.param.type = PARAM_INTEGER;
    ev.param.present = true;
    ev.param.value.integer = 7;
    world_step(&w, &ev);
    int64_t from_ns;
    for (int i = 0; i < 2; i++) { /* cut off within its history the second time */
        assert_true(wants(w.now_ns, &from_ns) && from_ns == INT64_MIN);
        world_command(&w, COMMAND_START, STRATEGY_NONE);
        world_feed(&w, FEED_INVALID);
        world_feed(&w, FEED_LIVE);
        trade_at(w.now_ns + SECOND, "50000");
        assert_int_equal(others, 0);
        assert_true(wants(w.now_ns, &from_ns) && from_ns == INT64_MIN);
        if (i == 0)
            give(-3, "1", false);
    }
    give(-3, "1", false); /* it has that one */
    give(-2, "2", false);
    give(-1, "3", true);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++)
        expect((uint32_t)i, EVENT_HISTORY, i - 3, (const char *[]){"1", "2", "3"}[i]);
    trade_at(t0 + 45 * SECOND, "50010");
    assert_int_equal(others, 1);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_first_then_prices),
        cmocka_unit_test(own_candles_wait_for_those_before),
        cmocka_unit_test(a_gap_comes_from_the_venue),
        cmocka_unit_test(a_venue_without_candles),
        cmocka_unit_test(without_it_all_is_as_it_was),
        cmocka_unit_test(a_restart_does_not_end_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

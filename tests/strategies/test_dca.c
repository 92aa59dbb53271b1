/* dca, mode "scheduled": when it buys, for how much, and when it does not. */
#include "params.h"
#include "world.h"

#include "strategies/dca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define MINUTE (60 * SECOND)

static struct world w;

static void assert_dec(dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, want);
}

/* A strategy on BTC-USDT with these lines of configuration. */
static void begin_with(const char *budget, const char *lines)
{
    char all[2048];
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "d", &strategy_dca, budget, "0");
    snprintf(all, sizeof all, "budget = \"%s\"\ninstrument = \"BTC-USDT\"\n%s", budget, lines);
    params_read(&s->params, &strategy_dca, all);
    world_start(&w);
}

static void begin(const char *lines)
{
    begin_with("9000", lines);
}

static const struct order *submitted(void)
{
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    return fx ? &fx->submit : NULL;
}

static const char *noted(void)
{
    const struct effect *fx = world_effect(&w, EFFECT_NOTE, 0);
    return fx ? fx->note : "";
}

static void timer_after(int64_t ns)
{
    world_advance(&w, ns);
    world_timer(&w);
}

static int64_t next_timer(void)
{
    return engine_next_timer_ns(w.engine);
}

static void set_decimal(const char *key, const char *value)
{
    struct event e = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    e.param = (struct event_param){.index = params_index(&strategy_dca, key),
                                   .type = PARAM_DECIMAL,
                                   .present = true,
                                   .value = {.present = true, .decimal = D(value)}};
    world_step(&w, &e);
}

/* ---- the core form ---- */

#define EACH_MINUTE "interval = \"60s\"\n"

static void buys_at_once_and_then_each_interval_from_the_first(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"");
    world_trade(&w, "50000", "1");
    int64_t first = w.now_ns;
    assert_non_null(submitted());
    assert_dec(submitted()->req.qty, "0.002");
    assert_int_equal(submitted()->req.type, ORDER_MARKET);
    assert_int_equal(next_timer(), first + 60 * SECOND);
    timer_after(125 * SECOND); /* a late timer does not shift the schedule, nor buy twice */
    assert_non_null(submitted());
    assert_null(world_effect(&w, EFFECT_SUBMIT, 1));
    assert_int_equal(next_timer(), first + 180 * SECOND);
    world_close(&w);
}

static void quantity_is_amount_over_the_ask_rounded_down(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"");
    world_top(&w, "49999", "50001");
    assert_dec(submitted()->req.qty, "0.00199");
    world_close(&w);
}

static void a_price_above_the_ceiling_is_skipped_with_a_note(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"\nprice_ceiling = \"50000\"");
    world_trade(&w, "50000.01", "1");
    assert_null(submitted());
    assert_string_equal(noted(), "purchase skipped: price above price_ceiling");
    world_trade(&w, "50000", "1");
    assert_null(submitted()); /* only at its times */
    timer_after(60 * SECOND);
    assert_non_null(submitted());
    world_close(&w);
}

static void a_price_below_the_floor_is_skipped_with_a_note(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"\nprice_floor = \"50000\"");
    world_trade(&w, "49999.99", "1");
    assert_null(submitted());
    assert_string_equal(noted(), "purchase skipped: price below price_floor");
    world_trade(&w, "50000", "1");
    timer_after(60 * SECOND);
    assert_non_null(submitted());
    world_close(&w);
}

static void the_total_is_never_exceeded(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"\ntotal = \"200\"");
    world_trade(&w, "50000", "1");
    uint32_t bought = 0;
    for (int i = 0; i < 5; i++) {
        if (submitted()) {
            bought++;
            world_fill(&w, submitted()->id, "50000", "0.002");
        }
        timer_after(60 * SECOND);
    }
    assert_int_equal(bought, 2);
    world_close(&w);
}

/* An order whose answer is slow may yet spend its whole amount. */
static void the_total_counts_what_is_under_way(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"\ntotal = \"250\"");
    world_trade(&w, "50000", "1");
    order_id first = submitted()->id;
    timer_after(60 * SECOND);
    assert_non_null(submitted());
    timer_after(60 * SECOND);
    assert_null(submitted());
    world_order(&w, first, ORDER_REJECTED);
    timer_after(60 * SECOND);
    assert_non_null(submitted());
    world_close(&w);
}

static void less_than_a_lot_is_skipped(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"0.4\"");
    world_trade(&w, "50000", "1");
    assert_null(submitted());
    assert_string_equal(noted(), "purchase skipped: amount is less than one lot");
    world_close(&w);
}

static void less_than_the_venue_takes_is_skipped(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"5\"");
    world_trade(&w, "50000.01", "1"); /* 0.00009, of 4.50 */
    assert_null(submitted());
    assert_null(world_effect(&w, EFFECT_DENIED, 0));
    assert_string_equal(noted(), "purchase skipped: amount is less than the venue takes");
    world_close(&w);
}

static void without_a_price_a_purchase_waits_for_one(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"");
    world_trade(&w, "50000", "1");
    world_feed(&w, FEED_INVALID);
    timer_after(60 * SECOND);
    assert_null(submitted());
    world_feed(&w, FEED_LIVE);
    world_advance(&w, 30 * SECOND);
    world_trade(&w, "50000", "1");
    assert_non_null(submitted());
    world_trade(&w, "50000", "1");
    assert_null(submitted()); /* once */
    world_close(&w);
}

static void start_price_is_waited_for_from_either_side(void **state)
{
    (void)state;
    static const char *const WAY[2][3] = {{"51000", "50000.01", "50000"},
                                          {"49000", "49999.99", "50000"}};
    for (int i = 0; i < 2; i++) {
        begin(EACH_MINUTE "amount = \"100\"\nstart_price = \"50000\"");
        world_trade(&w, WAY[i][0], "1");
        world_trade(&w, WAY[i][1], "1");
        assert_null(submitted());
        world_trade(&w, WAY[i][2], "1");
        assert_non_null(submitted());
        world_close(&w);
    }
}

/* ---- the calendar ---- */

/* 2024-01-01 was a Monday; the world's clock begins there. */
static int64_t at(int month, int day, int64_t ns)
{
    static const int BEFORE[] = {0, 31, 60, 91, 121, 152}; /* 2024 */
    return INT64_C(1704067200) * SECOND + (BEFORE[month - 1] + day - 1) * DAY + ns;
}

static void calendar_of_days(void **state)
{
    (void)state;
    int64_t nine = 9 * HOUR;
    assert_int_equal(dca_calendar_next(at(1, 1, 0), DCA_EVERY_DAY, nine, 0, 1), at(1, 1, nine));
    assert_int_equal(dca_calendar_next(at(1, 1, nine), DCA_EVERY_DAY, nine, 0, 1), at(1, 1, nine));
    assert_int_equal(dca_calendar_next(at(1, 1, nine + 1), DCA_EVERY_DAY, nine, 0, 1),
                     at(1, 2, nine));
    assert_int_equal(dca_calendar_next(0, DCA_EVERY_DAY, 0, 0, 1), 0);
}

static void calendar_of_weeks(void **state)
{
    (void)state;
    for (uint32_t day = 0; day < 7; day++)
        assert_int_equal(dca_calendar_next(at(1, 1, 0), DCA_EVERY_WEEK, HOUR, day, 1),
                         at(1, 1 + (int)day, HOUR));
    assert_int_equal(dca_calendar_next(at(1, 1, HOUR + 1), DCA_EVERY_WEEK, HOUR, 0, 1),
                     at(1, 8, HOUR));
    assert_int_equal(dca_calendar_next(at(1, 7, 0), DCA_EVERY_WEEK, HOUR, 5, 1), at(1, 13, HOUR));
    assert_int_equal(dca_calendar_next(0, DCA_EVERY_WEEK, 0, 3, 1), 0); /* a Thursday */
}

static void calendar_of_months_knows_short_ones(void **state)
{
    (void)state;
    assert_int_equal(dca_calendar_next(at(1, 31, HOUR), DCA_EVERY_MONTH, HOUR, 0, 31),
                     at(1, 31, HOUR));
    assert_int_equal(dca_calendar_next(at(1, 31, HOUR + 1), DCA_EVERY_MONTH, HOUR, 0, 31),
                     at(2, 29, HOUR)); /* a leap year */
    assert_int_equal(dca_calendar_next(at(3, 1, 0), DCA_EVERY_MONTH, 0, 0, 30), at(3, 30, 0));
    assert_int_equal(dca_calendar_next(at(4, 2, 0), DCA_EVERY_MONTH, 0, 0, 31), at(4, 30, 0));
    int64_t year = 366 * DAY;
    assert_int_equal(dca_calendar_next(at(2, 1, year), DCA_EVERY_MONTH, 0, 0, 29),
                     at(2, 28, year)); /* 2025 */
    assert_int_equal(dca_calendar_next(at(2, 1, 0) - 32 * DAY, DCA_EVERY_MONTH, 0, 0, 1),
                     at(1, 1, 0)); /* over a year's end */
    assert_int_equal(dca_calendar_next(0, DCA_EVERY_MONTH, 0, 0, 1), 0);
}

/* 2100 has no 29th of February; the days up to there are those of 26 leap years more. */
static void calendar_of_a_year_that_is_no_leap_year(void **state)
{
    (void)state;
    int64_t feb_2100 = (INT64_C(130) * 365 + 32 + 31) * DAY; /* 32 leap days 1972..2096 */
    assert_int_equal(dca_calendar_next(feb_2100, DCA_EVERY_MONTH, 0, 0, 31), feb_2100 + 27 * DAY);
}

static void every_day_at_its_time(void **state)
{
    (void)state;
    begin("every = \"day\"\nat = \"9h\"\namount = \"100\"");
    world_trade(&w, "50000", "1");
    assert_null(submitted());
    assert_int_equal(next_timer(), at(1, 1, 9 * HOUR));
    timer_after(9 * HOUR);
    assert_non_null(submitted());
    assert_int_equal(next_timer(), at(1, 2, 9 * HOUR));
    world_close(&w);
}

static void every_week_on_its_day(void **state)
{
    (void)state;
    begin("every = \"week\"\nweekday = \"friday\"\namount = \"100\"");
    world_trade(&w, "50000", "1");
    assert_null(submitted());
    assert_int_equal(next_timer(), at(1, 5, 0));
    world_close(&w);
}

static void every_month_on_its_day(void **state)
{
    (void)state;
    begin("every = \"month\"\nmonthday = 31\nat = \"30m\"\namount = \"100\"");
    world_trade(&w, "50000", "1");
    assert_int_equal(next_timer(), at(1, 31, 30 * MINUTE));
    timer_after(30 * DAY + 30 * MINUTE);
    assert_non_null(submitted());
    assert_int_equal(next_timer(), at(2, 29, 30 * MINUTE));
    world_close(&w);
}

/* ---- limit orders ---- */

#define LIMIT EACH_MINUTE "amount = \"100\"\norder_type = \"limit\"\n"

static void a_limit_order_is_an_offset_below_the_price(void **state)
{
    (void)state;
    begin(LIMIT "limit_offset = \"0.01\"");
    world_trade(&w, "50000.01", "1");
    const struct order_request *q = &submitted()->req;
    assert_int_equal(q->type, ORDER_LIMIT);
    assert_int_equal(q->tif, TIF_GTC);
    assert_false(q->post_only);
    assert_dec(q->price, "49500"); /* 49500.0099, rounded down to the tick */
    assert_dec(q->qty, "0.00202"); /* of that price */
    world_close(&w);
}

static void limit_orders_have_their_tif_and_may_only_rest(void **state)
{
    (void)state;
    static const char *const LINE[] = {"tif = \"ioc\"", "tif = \"fok\"", "post_only = true"};
    static const enum tif TIFS[] = {TIF_IOC, TIF_FOK, TIF_GTC};
    for (int i = 0; i < 3; i++) {
        char lines[256];
        snprintf(lines, sizeof lines, LIMIT "%s", LINE[i]);
        begin(lines);
        world_trade(&w, "50000", "1");
        assert_int_equal(submitted()->req.tif, TIFS[i]);
        assert_int_equal(submitted()->req.post_only, i == 2);
        assert_dec(submitted()->req.price, i == 2 ? "49999.99" : "50000"); /* to rest it is below */
        world_close(&w);
    }
}

static void an_unfilled_order_is_canceled_in_time(void **state)
{
    (void)state;
    begin(LIMIT "unfilled_timeout = \"20s\"");
    world_trade(&w, "50000", "1");
    order_id id = submitted()->id;
    world_order(&w, id, ORDER_ACCEPTED);
    assert_int_equal(next_timer(), w.now_ns - 1 + 20 * SECOND);
    timer_after(20 * SECOND);
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    world_order(&w, id, ORDER_CANCELED);
    assert_null(submitted()); /* nothing by default */
    world_close(&w);
}

static void the_rest_of_one_that_timed_out_may_be_bought_at_market(void **state)
{
    (void)state;
    begin(LIMIT "unfilled_timeout = \"20s\"\non_timeout = \"market\"");
    world_trade(&w, "50000", "1");
    order_id id = submitted()->id;
    world_order(&w, id, ORDER_ACCEPTED);
    world_fill(&w, id, "50000", "0.0005"); /* 25 of 100 */
    timer_after(20 * SECOND);
    world_order(&w, id, ORDER_CANCELED);
    assert_int_equal(submitted()->req.type, ORDER_MARKET);
    assert_dec(submitted()->req.qty, "0.0015");
    world_close(&w);
}

static void the_next_purchase_waits_for_the_end_of_an_open_limit_order(void **state)
{
    (void)state;
    begin(LIMIT);
    world_trade(&w, "50000", "1");
    order_id id = submitted()->id;
    world_order(&w, id, ORDER_ACCEPTED);
    timer_after(60 * SECOND);
    assert_null(submitted());
    assert_int_equal(world_effect(&w, EFFECT_CANCEL, 0)->cancel, id);
    world_order(&w, id, ORDER_ACCEPTED); /* the venue refuses to cancel: asked again */
    assert_null(submitted());
    timer_after(2 * SECOND);
    assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
    world_order(&w, id, ORDER_CANCELED);
    assert_non_null(submitted());
    world_close(&w);
}

static void a_timer_that_was_lost_is_made_up_for_by_a_price(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"");
    world_trade(&w, "50000", "1");
    world_advance(&w, 60 * SECOND);
    world_trade(&w, "50000", "1"); /* later than the timer that never came */
    assert_non_null(submitted());
    world_timer(&w);
    assert_null(submitted());
    world_close(&w);
}

/* ---- missed purchases ---- */

/* Stops the world, and goes on in a new engine with the saved state. */
static void restart(int64_t after_ns)
{
    static uint8_t bytes[65536];
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(w.engine, 0, &out), ERR_OK);
    memset(w.mem, 0, engine_size(w.setup));
    assert_int_equal(engine_init(&w.engine, w.mem, w.setup), ERR_OK);
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(w.engine, 0, &in), ERR_OK);
    world_advance(&w, after_ns);
    world_feed(&w, FEED_LIVE);
    world_timer(&w); /* the host's first tick: before any price */
}

static void purchases_missed_while_down_are_made_up_for_by_one(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"");
    world_trade(&w, "50000", "1");
    int64_t first = w.now_ns;
    restart(185 * SECOND);
    assert_null(submitted());
    world_trade(&w, "40000", "1");
    if (!submitted())
        world_timer(&w);
    assert_non_null(submitted());
    assert_dec(submitted()->req.qty, "0.0025");
    assert_int_equal(next_timer(), first + 240 * SECOND);
    world_timer(&w);
    assert_null(submitted());
    world_close(&w);
}

static void purchases_missed_while_down_can_be_skipped(void **state)
{
    (void)state;
    begin("interval = \"1h\"\namount = \"100\"\nmissed = \"skip\"\nmissed_after = \"10m\"");
    world_trade(&w, "50000", "1");
    int64_t first = w.now_ns;
    restart(HOUR + 11 * MINUTE);
    assert_null(submitted());
    world_trade(&w, "40000", "1");
    assert_null(submitted()); /* in neither step */
    world_timer(&w);
    assert_null(submitted());
    assert_int_equal(next_timer(), first + 2 * HOUR);
    restart(58 * MINUTE); /* this time it is late by less than ten minutes */
    world_trade(&w, "40000", "1");
    if (!submitted())
        world_timer(&w);
    assert_non_null(submitted());
    world_close(&w);
    begin("interval = \"1h\"\namount = \"100\"\nmissed = \"skip\"\nmissed_after = \"10m\"");
    world_trade(&w, "50000", "1");
    struct event e = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    e.param = (struct event_param){.index = params_index(&strategy_dca, "missed_after"),
                                   .type = PARAM_DURATION,
                                   .present = true,
                                   .value = {.present = true, .duration_ns = HOUR}};
    world_step(&w, &e);
    world_advance(&w, HOUR + 11 * MINUTE);
    world_trade(&w, "40000", "1");
    assert_non_null(submitted());
    world_close(&w);
}

/* ---- the amount by an average ---- */

#define AVERAGE(kind)                                                                              \
    "interval = \"1h\"\namount = \"100\"\naverage = \"" kind "\"\naverage_candles = 3\n"           \
    "average_timeframe = \"1m\"\nper_percent = \"0.1\"\n"

/* A closed candle for warm-up, the [n]th minute. */
static void history(int n, const char *close)
{
    struct event e = {.kind = EVENT_HISTORY, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    e.history.candle = (struct event_candle){.open_ns = n * MINUTE,
                                             .timeframe_ns = MINUTE,
                                             .open = D(close),
                                             .high = D(close),
                                             .low = D(close),
                                             .close = D(close)};
    world_step(&w, &e);
}

static void the_amount_follows_the_distance_from_an_sma(void **state)
{
    (void)state;
    static const struct {
        const char *price, *qty;
    } CASE[] = {{"50000", "0.002"},    /* at the average */
                {"45000", "0.00444"},  /* 10 % below: 1 + 10 x 0.1 = 2 times 100 */
                {"25000", "0.012"},    /* 50 % below: 6 times, but at most 3 */
                {"55000", "0.00181"}}; /* above: 1 at least, unless told */
    for (size_t i = 0; i < 4; i++) {
        begin(AVERAGE("sma"));
        assert_int_equal(strategy_dca.warmup_candles(&w.setup->strategy[0].params), 3);
        assert_int_equal(strategy_dca.candle_timeframe(&w.setup->strategy[0].params), MINUTE);
        history(1, "90000"); /* leaves the window */
        history(2, "40000");
        history(3, "50000");
        history(4, "60000");
        history(4, "99999"); /* told again: not counted again */
        world_trade(&w, CASE[i].price, "1");
        assert_dec(submitted()->req.qty, CASE[i].qty);
        world_close(&w);
    }
}

static void multiples_have_their_bounds(void **state)
{
    (void)state;
    begin(AVERAGE("sma") "min_multiple = \"0.5\"\nmax_multiple = \"1.5\"");
    for (int n = 1; n <= 3; n++)
        history(n, "50000");
    world_trade(&w, "60000", "1");
    assert_dec(submitted()->req.qty, "0.00083"); /* 50 / 60000 */
    timer_after(HOUR);
    world_close(&w);
    begin(AVERAGE("sma") "min_multiple = \"0\"\nmax_multiple = \"1.5\"");
    for (int n = 1; n <= 3; n++)
        history(n, "50000");
    world_trade(&w, "55000", "1"); /* 1 - 10 x 0.1 */
    assert_null(submitted());
    assert_string_equal(noted(), "purchase skipped: price too far above the average");
    world_close(&w);
    begin(AVERAGE("sma") "max_multiple = \"1.5\"");
    for (int n = 1; n <= 3; n++)
        history(n, "50000");
    world_trade(&w, "40000", "1");
    assert_dec(submitted()->req.qty, "0.00375");
    world_close(&w);
}

static void an_ema_begins_with_the_first_close(void **state)
{
    (void)state;
    begin(AVERAGE("ema"));
    history(1, "40000");
    history(2, "50000"); /* 45000 */
    history(3, "55000"); /* 50000 */
    world_trade(&w, "45000", "1");
    assert_dec(submitted()->req.qty, "0.00444");
    world_close(&w);
}

static void an_average_of_too_few_candles_changes_nothing(void **state)
{
    (void)state;
    begin(AVERAGE("sma"));
    history(1, "50000");
    history(2, "50000");
    world_trade(&w, "25000", "1");
    assert_dec(submitted()->req.qty, "0.004");
    world_close(&w);
}

static void an_average_counts_the_candles_of_the_run(void **state)
{
    (void)state;
    begin(AVERAGE("sma"));
    for (int i = 0; i < 3; i++) {
        world_trade(&w, "50000", "1");
        timer_after(MINUTE - w.now_ns % MINUTE);
    }
    world_trade(&w, "45000", "1");
    timer_after(HOUR);
    /* the hour's other candles repeat 45000: the average is there by now */
    assert_dec(submitted()->req.qty, "0.00222");
    world_close(&w);
}

/* ---- live parameters, figures ---- */

static void live_parameters_count_from_the_next_purchase_on(void **state)
{
    (void)state;
    begin(EACH_MINUTE "amount = \"100\"");
    world_trade(&w, "50000", "1");
    int64_t first = w.now_ns;
    set_decimal("amount", "200");
    assert_null(submitted());
    timer_after(60 * SECOND);
    assert_dec(submitted()->req.qty, "0.004");
    struct event e = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    e.param = (struct event_param){.index = params_index(&strategy_dca, "interval"),
                                   .type = PARAM_DURATION,
                                   .present = true,
                                   .value = {.present = true, .duration_ns = 90 * SECOND}};
    world_step(&w, &e);
    assert_int_equal(next_timer(), first + 90 * SECOND);
    world_close(&w);
}

static void figures_say_what_was_bought(void **state)
{
    (void)state;
    struct figure f[FIGURES_MAX];
    begin(EACH_MINUTE "amount = \"100\"");
    world_trade(&w, "50000", "1");
    world_fill(&w, submitted()->id, "50000", "0.002");
    timer_after(60 * SECOND);
    world_fill(&w, submitted()->id, "40000", "0.002");
    assert_int_equal(engine_figures(w.engine, 0, f), 5);
    assert_string_equal(f[0].name, "purchases");
    assert_dec(f[0].value, "2");
    assert_dec(f[1].value, "180");
    assert_dec(f[2].value, "0.004");
    assert_dec(f[3].value, "45000");
    assert_dec(f[4].value, "1");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buys_at_once_and_then_each_interval_from_the_first),
        cmocka_unit_test(quantity_is_amount_over_the_ask_rounded_down),
        cmocka_unit_test(a_price_above_the_ceiling_is_skipped_with_a_note),
        cmocka_unit_test(a_price_below_the_floor_is_skipped_with_a_note),
        cmocka_unit_test(the_total_is_never_exceeded),
        cmocka_unit_test(the_total_counts_what_is_under_way),
        cmocka_unit_test(less_than_a_lot_is_skipped),
        cmocka_unit_test(less_than_the_venue_takes_is_skipped),
        cmocka_unit_test(without_a_price_a_purchase_waits_for_one),
        cmocka_unit_test(start_price_is_waited_for_from_either_side),
        cmocka_unit_test(calendar_of_days),
        cmocka_unit_test(calendar_of_weeks),
        cmocka_unit_test(calendar_of_months_knows_short_ones),
        cmocka_unit_test(calendar_of_a_year_that_is_no_leap_year),
        cmocka_unit_test(every_day_at_its_time),
        cmocka_unit_test(every_week_on_its_day),
        cmocka_unit_test(every_month_on_its_day),
        cmocka_unit_test(a_limit_order_is_an_offset_below_the_price),
        cmocka_unit_test(limit_orders_have_their_tif_and_may_only_rest),
        cmocka_unit_test(an_unfilled_order_is_canceled_in_time),
        cmocka_unit_test(the_rest_of_one_that_timed_out_may_be_bought_at_market),
        cmocka_unit_test(the_next_purchase_waits_for_the_end_of_an_open_limit_order),
        cmocka_unit_test(a_timer_that_was_lost_is_made_up_for_by_a_price),
        cmocka_unit_test(purchases_missed_while_down_are_made_up_for_by_one),
        cmocka_unit_test(purchases_missed_while_down_can_be_skipped),
        cmocka_unit_test(the_amount_follows_the_distance_from_an_sma),
        cmocka_unit_test(multiples_have_their_bounds),
        cmocka_unit_test(an_ema_begins_with_the_first_close),
        cmocka_unit_test(an_average_of_too_few_candles_changes_nothing),
        cmocka_unit_test(an_average_counts_the_candles_of_the_run),
        cmocka_unit_test(live_parameters_count_from_the_next_purchase_on),
        cmocka_unit_test(figures_say_what_was_bought),
    };
    return cmocka_run_group_tests_name("dca, scheduled", tests, NULL, NULL);
}

/* momentum's signals: every entry, filter and exit signal decides where its definition says, on
 * closed candles only; warm-up, live parameters, and the state's bytes. */
#include "base/rng.h"
#include "strategies/momentum.h"
#include "trend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BARS 600

/* ---- a market of trends, storms and calm ---- */

static struct trend_bar bar[BARS];

static void make_bars(uint64_t seed)
{
    static const int64_t DRIFT[] = {6000, -5000, 0, 3000, -9000, 0};
    static const int64_t SPAN[] = {20000, 30000, 6000, 40000, 25000, 50000};
    struct rng r;
    rng_seed(&r, seed);
    int64_t price = 5000000;
    for (int i = 0; i < BARS; i++) {
        int k = i / 25 % 6;
        int64_t open = price;
        price += DRIFT[k] + (int64_t)(rng_u64(&r) % (uint64_t)(2 * SPAN[k])) - SPAN[k];
        price = price < 1000000 ? 1000000 : price;
        int64_t top = open > price ? open : price, low = open > price ? price : open;
        bar[i] = (struct trend_bar){open, top + (int64_t)(rng_u64(&r) % 9000),
                                    low - (int64_t)(rng_u64(&r) % 9000), price};
    }
}

/* ---- what the definitions say, candle by candle ---- */

struct oracle {
    bool ready, up, down, agrees;
};
static struct oracle oracle[BARS];

static double number(const struct params *p, uint32_t i)
{
    return dec_to_double(p->value[i].decimal);
}

static void ask_oracle(const struct params *p)
{
    static struct macd macd;
    static struct rsi rsi;
    static struct bollinger bands;
    static struct supertrend super;
    static struct adx adx;
    struct ema fast, slow, filter;
    const struct param_value *v = p->value;
    ema_init(&fast, v[P_FAST].integer);
    ema_init(&slow, v[P_SLOW].integer);
    ema_init(&filter, v[P_FILTER_EMA].present ? v[P_FILTER_EMA].integer : 1);
    macd_init(&macd, v[P_MACD_FAST].integer, v[P_MACD_SLOW].integer, v[P_MACD_SIGNAL].integer);
    rsi_init(&rsi, v[P_RSI_PERIODS].integer);
    bollinger_init(&bands, v[P_BOLLINGER_PERIODS].integer, number(p, P_BOLLINGER_WIDTH));
    supertrend_init(&super, v[P_SUPERTREND_PERIODS].integer, number(p, P_SUPERTREND_WIDTH));
    adx_init(&adx, v[P_ADX_PERIODS].integer);
    bool filter_rsi = v[P_FILTER_RSI_MIN].present || v[P_FILTER_RSI_MAX].present;
    bool filter_bands = v[P_FILTER_BOLLINGER_MIN].present || v[P_FILTER_BOLLINGER_MAX].present;
    for (int i = 0; i < BARS; i++) {
        double close = (double)bar[i].close / 100;
        struct bar b = {(double)bar[i].high / 100, (double)bar[i].low / 100, close};
        ema_add(&fast, close);
        ema_add(&slow, close);
        ema_add(&filter, close);
        macd_add(&macd, close);
        rsi_add(&rsi, close);
        bollinger_add(&bands, close);
        supertrend_add(&super, &b);
        adx_add(&adx, &b);
        struct oracle *o = &oracle[i];
        bool cross = fast.value > slow.value, line = macd.line > macd.signal;
        bool breakout = v[P_BOLLINGER_ENTRY].choice == BOLLINGER_BREAKOUT;
        o->ready = true;
        switch ((enum entry_kind)v[P_ENTRY].choice) {
        case ENTRY_EMA_CROSS:
            o->ready = i + 1 >= v[P_SLOW].integer;
            o->up = cross;
            o->down = fast.value < slow.value;
            break;
        case ENTRY_MACD:
            o->ready = i + 1 >= v[P_MACD_SLOW].integer + v[P_MACD_SIGNAL].integer - 1;
            o->up = line;
            o->down = macd.line < macd.signal;
            break;
        case ENTRY_RSI:
            o->ready = rsi_ready(&rsi);
            o->up = !o->ready || rsi.value > number(p, P_RSI_ENTRY);
            o->down = rsi.value > number(p, P_RSI_EXIT);
            break;
        case ENTRY_BOLLINGER:
            o->ready = bollinger_ready(&bands);
            o->up = !o->ready || close > (breakout ? bands.upper : bands.lower);
            o->down = breakout ? close < bands.middle : close >= bands.middle;
            break;
        case ENTRY_SUPERTREND:
            o->ready = supertrend_ready(&super);
            o->up = !o->ready || super.direction > 0;
            o->down = super.direction < 0;
            break;
        case ENTRY_ADX:
            o->ready = adx_ready(&adx);
            o->up = !o->ready || (adx.plus_di > adx.minus_di && adx.value >= number(p, P_ADX_MIN));
            o->down = adx.plus_di < adx.minus_di;
            break;
        }
        double place =
            bands.upper > bands.lower ? (close - bands.lower) / (bands.upper - bands.lower) : 0.5;
        o->ready = o->ready && (!filter_rsi || rsi_ready(&rsi)) &&
                   (!filter_bands || bollinger_ready(&bands)) &&
                   (!is_on(p, P_FILTER_EMA_CROSS) || i + 1 >= v[P_SLOW].integer) &&
                   (!is_on(p, P_FILTER_MACD) || macd_ready(&macd)) &&
                   (!is_on(p, P_FILTER_SUPERTREND) || supertrend_ready(&super)) &&
                   (!v[P_FILTER_ADX_MIN].present || adx_ready(&adx)) &&
                   (!v[P_FILTER_EMA].present || i + 1 >= v[P_FILTER_EMA].integer);
        o->agrees =
            (!is_on(p, P_FILTER_EMA_CROSS) || cross) && (!is_on(p, P_FILTER_MACD) || line) &&
            (!v[P_FILTER_RSI_MIN].present || rsi.value >= number(p, P_FILTER_RSI_MIN)) &&
            (!v[P_FILTER_RSI_MAX].present || rsi.value <= number(p, P_FILTER_RSI_MAX)) &&
            (!v[P_FILTER_BOLLINGER_MIN].present || place >= number(p, P_FILTER_BOLLINGER_MIN)) &&
            (!v[P_FILTER_BOLLINGER_MAX].present || place <= number(p, P_FILTER_BOLLINGER_MAX)) &&
            (!is_on(p, P_FILTER_SUPERTREND) || super.direction > 0) &&
            (!v[P_FILTER_ADX_MIN].present || adx.value >= number(p, P_FILTER_ADX_MIN)) &&
            (!v[P_FILTER_EMA].present || close > filter.value);
    }
}

/* What is asked for at each candle's close: 'b', 's' or '.'. */
static char expected[BARS + 1], done[BARS + 1];

static uint32_t expect(const struct params *p)
{
    bool holds = false, was_up = false;
    uint32_t trades = 0;
    ask_oracle(p);
    for (int i = 0; i < BARS; i++) {
        const struct oracle *o = &oracle[i];
        expected[i] = '.';
        bool turned = o->up && !was_up;
        was_up = o->up;
        if (!o->ready)
            continue;
        if (holds && o->down)
            expected[i] = 's';
        else if (!holds && turned && o->agrees)
            expected[i] = 'b';
        if (expected[i] != '.') {
            holds = !holds;
            trades++;
        }
    }
    return trades;
}

static void run_bars(const char *lines, int n)
{
    trend_begin(lines);
    for (int i = 0; i < n; i++) {
        trend_candle(&bar[i]);
        const struct order *o = trend_sent();
        done[i] = '.';
        if (!o)
            continue;
        done[i] = o->req.side == SIDE_BUY ? 'b' : 's';
        char price[DEC_TEXT_MAX];
        dec_format(dec_from_i64(bar[i].close, 2), price);
        trend_fill_all(o->id, price);
    }
    done[n] = 0;
    trend_end();
}

/* Runs both; returns how many trades they agree on. */
static uint32_t trades_as_defined(const char *lines)
{
    struct params p;
    const char *why = trend_params(lines, &p);
    if (why)
        fail_msg("%s", why);
    uint32_t trades = expect(&p);
    expected[BARS] = 0;
    run_bars(lines, BARS);
    if (strcmp(done, expected) != 0)
        fail_msg("%s\n got %s\nwant %s", lines, done, expected);
    return trades;
}

static void every_entry_decides_as_defined(void **state)
{
    (void)state;
    make_bars(1);
    static const char *const ENTRY[] = {"ema_cross", "macd",       "rsi",
                                        "bollinger", "supertrend", "adx"};
    for (int i = 0; i < 6; i++) {
        char lines[128];
        snprintf(lines, sizeof lines, "entry = \"%s\"\n", ENTRY[i]);
        assert_true(trades_as_defined(lines) >= 4);
    }
    assert_true(trades_as_defined("entry = \"bollinger\"\nbollinger_entry = \"breakout\"\n") >= 4);
}

/* One level is not enough: few candles lie close to it. */
static void the_level_of_the_adx_filter_counts(void **state)
{
    (void)state;
    make_bars(1);
    uint32_t trades = UINT32_MAX;
    for (int level = 8; level <= 40; level += 2) {
        char lines[128];
        snprintf(lines, sizeof lines, "entry = \"macd\"\nfilter_adx_min = \"%d\"\n", level);
        uint32_t n = trades_as_defined(lines);
        assert_true(n <= trades);
        trades = n;
    }
}

/* Each line changes what is traded, and to what its definition says. */
static void every_parameter_of_a_signal_counts(void **state)
{
    (void)state;
    make_bars(1);
    static const char *const CASE[][2] = {
        {"", "fast = 5\n"},
        {"", "slow = 40\n"},
        {"entry = \"macd\"\n", "macd_fast = 6\n"},
        {"entry = \"macd\"\n", "macd_slow = 40\n"},
        {"entry = \"macd\"\n", "macd_signal = 4\n"},
        {"entry = \"rsi\"\n", "rsi_periods = 6\n"},
        {"entry = \"rsi\"\n", "rsi_entry = \"40\"\n"},
        {"entry = \"rsi\"\n", "rsi_exit = \"60\"\n"},
        {"entry = \"bollinger\"\n", "bollinger_periods = 10\n"},
        {"entry = \"bollinger\"\n", "bollinger_width = \"1.5\"\n"},
        {"entry = \"bollinger\"\n", "bollinger_entry = \"breakout\"\n"},
        {"entry = \"supertrend\"\n", "supertrend_periods = 4\n"},
        {"entry = \"supertrend\"\n", "supertrend_width = \"1.5\"\n"},
        {"entry = \"adx\"\n", "adx_periods = 7\n"},
        {"entry = \"adx\"\n", "adx_min = \"35\"\n"},
        {"entry = \"supertrend\"\nsupertrend_width = \"1\"\n", "filter_ema_cross = true\n"},
        {"entry = \"supertrend\"\nsupertrend_width = \"1\"\n", "filter_macd = true\n"},
        {"", "filter_rsi_min = \"60\"\n"},
        {"", "filter_rsi_max = \"60\"\n"},
        {"", "filter_bollinger_min = \"0.95\"\n"},
        {"", "filter_bollinger_max = \"0.9\"\n"},
        {"entry = \"macd\"\n", "filter_supertrend = true\n"},
        {"", "filter_adx_min = \"25\"\n"},
        {"entry = \"macd\"\n", "filter_ema = 30\n"},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        static char without[BARS + 1], lines[256];
        assert_true(trades_as_defined(CASE[i][0]) > 0);
        memcpy(without, done, sizeof without);
        snprintf(lines, sizeof lines, "%s%s", CASE[i][0], CASE[i][1]);
        if (trades_as_defined(lines) == 0)
            fail_msg("%s leaves nothing to compare", CASE[i][1]);
        if (strcmp(without, done) == 0)
            fail_msg("%s changes nothing on these candles", CASE[i][1]);
    }
}

static void exit_signal_switched_off_keeps_what_is_held(void **state)
{
    (void)state;
    make_bars(1);
    run_bars("exit_signal = false\ntake_profit = \"90\"\n", BARS);
    assert_non_null(strchr(done, 'b'));
    assert_null(strchr(done, 's'));
}

/* Candles are of the timeframe: of two minutes, every second close of these counts. */
static void the_timeframe_is_the_candles(void **state)
{
    (void)state;
    trend_begin("timeframe = \"2m\"\nfast = 1\nslow = 3\n");
    static const char *const CLOSE[] = {"50000", "49900", "49800", "49700",
                                        "49600", "49500", "50500", "50600"};
    for (int i = 0; i < 8; i++) {
        trend_close(CLOSE[i]);
        if (i < 7)
            trend_assert_nothing_sent(); /* at 50500 the candle is half done */
    }
    trend_assert_sent("buy market 0.01976");
    trend_end();
}

static void no_later_candle_changes_an_intent(void **state)
{
    (void)state;
    static const char LINES[] = "entry = \"macd\"\nfilter_ema = 30\nfilter_rsi_max = \"75\"\n"
                                "filter_supertrend = true\nstop_loss = \"0.02\"\n";
    make_bars(1);
    static char whole[BARS + 1];
    run_bars(LINES, BARS);
    memcpy(whole, done, sizeof whole);
    uint32_t checked = 0;
    for (int n = 60; n < BARS; n++) {
        if (whole[n] == '.' && n % 50 != 0)
            continue;
        for (int sign = -1; sign <= 1; sign += 2) {
            make_bars(1);
            for (int k = n + 1; k < BARS; k++) { /* everything behind n is another market */
                bar[k].open += sign * 400000;
                bar[k].high += sign * 400000;
                bar[k].low += sign * 400000;
                bar[k].close += sign * 400000;
            }
            run_bars(LINES, n + 2 < BARS ? n + 2 : BARS);
            assert_memory_equal(done, whole, (size_t)n + 1);
            checked++;
        }
    }
    assert_true(checked > 20);
    make_bars(1);
}

/* In a market that stands still fast equals slow, MACD is 0 and the close is the middle of its
 * bands: that is no turn, neither up nor down, except where the definition says "at least". */
static void what_is_equal_has_not_crossed(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        bool sells, buys;
    } CASE[] = {
        {"fast = 2\nslow = 3\n", false, true},
        {"entry = \"macd\"\nmacd_fast = 2\nmacd_slow = 3\nmacd_signal = 2\n", false, true},
        {"entry = \"bollinger\"\nbollinger_periods = 3\nbollinger_entry = \"breakout\"\n"
         "bollinger_width = \"0.5\"\n",
         false, true},
        {"entry = \"bollinger\"\nbollinger_periods = 3\n", true, true},
        {"entry = \"adx\"\nadx_periods = 2\n", false, true},
        {"entry = \"rsi\"\nrsi_periods = 2\nrsi_entry = \"50\"\nrsi_exit = \"51\"\n", false, true},
        {"entry = \"rsi\"\nrsi_periods = 2\nrsi_entry = \"10\"\nrsi_exit = \"50\"\n", false, false},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        bool sold = false;
        trend_begin_with(CASE[i].lines, "9000", "0.5");
        for (int k = 0; k < 8 && !sold; k++) {
            trend_close("50000");
            sold = trend_sent() != NULL;
        }
        trend_end();
        trend_begin(CASE[i].lines);
        for (int k = 0; k < 8; k++) {
            trend_close("50000");
            trend_assert_nothing_sent();
        }
        trend_close("51000");
        bool bought = trend_sent() != NULL;
        trend_end();
        if (sold != CASE[i].sells || bought != CASE[i].buys)
            fail_msg("%s sold %d, bought %d", CASE[i].lines, sold, bought);
    }
}

/* Filters include their bounds: after nothing but rises the RSI is 100, the close in flat bands in
 * their middle. */
static void filters_include_their_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        bool buys;
    } CASE[] = {{"rsi_periods = 2\nfilter_rsi_max = \"100\"\n", true},
                {"rsi_periods = 2\nfilter_rsi_max = \"99.99\"\n", false},
                {"rsi_periods = 2\nfilter_rsi_min = \"100\"\n", true},
                {"adx_periods = 2\nfilter_adx_min = \"50\"\n", true},
                {"adx_periods = 2\nfilter_adx_min = \"50.01\"\n", false},
                {"filter_ema = 1\n", false}};
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        char lines[256];
        snprintf(lines, sizeof lines, "fast = 1\nslow = 2\n%s", CASE[i].filter);
        trend_begin(lines);
        for (int k = 0; k < 6; k++)
            trend_close("50000");
        trend_assert_nothing_sent();
        trend_close("51000");
        bool bought = trend_sent() != NULL;
        trend_end();
        if (bought != CASE[i].buys)
            fail_msg("%s bought %d", CASE[i].filter, bought);
    }
}

/* Of candles that close together, after a gap, only the newest can be an entry. */
static void a_turn_inside_a_gap_is_past(void **state)
{
    (void)state;
    static const char LINES[] = "fast = 1\nslow = 3\n";
    for (int late = 0; late < 2; late++) {
        trend_begin(LINES);
        trend_close("50000");
        trend_close("49900");
        trend_close("49800");
        world_trade(&trend, "50000", "1"); /* the turn, in a candle that is still open */
        world_advance(&trend, MINUTE - 1 - trend.now_ns % MINUTE + (late ? MINUTE : MINUTE - 1));
        world_timer(&trend);
        if (late)
            trend_assert_nothing_sent();
        else
            trend_assert_sent("buy market 0.02");
        trend_end();
    }
}

/* ---- warm-up ---- */

static void history(const struct trend_bar *b, int64_t open_ns)
{
    world_step(&trend, &(struct event){.kind = EVENT_HISTORY,
                                       .venue = VENUE_NONE,
                                       .instrument = INSTRUMENT_NONE,
                                       .history = {.strategy = 0,
                                                   .candle = {.open_ns = open_ns,
                                                              .timeframe_ns = MINUTE,
                                                              .open = dec_from_i64(b->open, 2),
                                                              .high = dec_from_i64(b->high, 2),
                                                              .low = dec_from_i64(b->low, 2),
                                                              .close = dec_from_i64(b->close, 2),
                                                              .volume = D("4")}}});
}

static void warm_up_candles_are_what_every_part_needs(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        uint32_t want;
    } CASE[] = {
        {"", 26},
        {"slow = 50\n", 50},
        {"entry = \"macd\"\n", 34},
        {"entry = \"rsi\"\n", 15},
        {"entry = \"bollinger\"\n", 20},
        {"entry = \"supertrend\"\n", 11},
        {"entry = \"adx\"\n", 28},
        {"entry = \"supertrend\"\nfilter_ema = 200\n", 200},
        {"entry = \"supertrend\"\nfilter_macd = true\n", 34},
        {"entry = \"supertrend\"\nfilter_adx_min = \"20\"\n", 28},
        {"entry = \"supertrend\"\nfilter_rsi_max = \"70\"\n", 15},
        {"entry = \"supertrend\"\nfilter_bollinger_max = \"1\"\n", 20},
        {"entry = \"supertrend\"\nfilter_ema_cross = true\n", 26},
        {"entry = \"supertrend\"\nrisk_amount = \"10\"\natr_periods = 40\n", 41},
        {"entry = \"supertrend\"\natr_stop = true\natr_periods = 40\n", 41},
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        struct params p;
        assert_null(trend_params(CASE[i].lines, &p));
        assert_int_equal(strategy_momentum.warmup_candles(&p), CASE[i].want);
    }
}

/* History makes it as ready as live candles would, decides nothing by itself, and what follows is
 * what would have followed. */
static void history_warms_up_and_decides_nothing(void **state)
{
    (void)state;
    make_bars(1);
    struct params p;
    assert_null(trend_params("", &p));
    expect(&p);
    int first = 0; /* the first trade, and a history that ends just before it */
    while (expected[first] != 'b')
        first++;
    trend_begin("");
    assert_string_equal(trend_figure("candles_missing"), "26");
    for (int i = 0; i < first; i++) {
        history(&bar[i], trend.now_ns - trend.now_ns % MINUTE + (i - first) * MINUTE);
        assert_int_equal(trend.fx->count, 0);
    }
    assert_string_equal(trend_figure("candles_missing"), "0");
    trend_candle(&bar[first]);
    assert_non_null(trend_sent());
    assert_int_equal(trend_sent()->req.side, SIDE_BUY);
    trend_end();
    /* Without it the same candle is the first one. */
    trend_begin("");
    trend_candle(&bar[first]);
    trend_assert_nothing_sent();
    trend_end();
}

/* A turn that history ends with is past: nothing is bought late. */
static void a_turn_in_history_is_not_an_entry(void **state)
{
    (void)state;
    make_bars(1);
    struct params p;
    assert_null(trend_params("", &p));
    expect(&p);
    int first = 0;
    while (expected[first] != 'b' || !oracle[first + 1].up)
        first++;
    trend_begin("");
    for (int i = 0; i <= first; i++)
        history(&bar[i], trend.now_ns - trend.now_ns % MINUTE + (i - first - 1) * MINUTE);
    trend_candle(&bar[first + 1]);
    trend_assert_nothing_sent();
    trend_end();
}

/* ---- live parameters ---- */

static void set_param(uint32_t index, enum param_type type, struct param_value value)
{
    world_step(&trend, &(struct event){.kind = EVENT_PARAM,
                                       .venue = VENUE_NONE,
                                       .instrument = INSTRUMENT_NONE,
                                       .param = {.strategy = 0,
                                                 .index = (uint16_t)index,
                                                 .type = type,
                                                 .present = value.present,
                                                 .value = value}});
}

static void a_filter_switched_on_warms_up_first(void **state)
{
    (void)state;
    trend_begin("fast = 1\nslow = 2\n");
    trend_close("50000");
    trend_close("49000");
    set_param(P_FILTER_RSI_MAX, PARAM_DECIMAL,
              (struct param_value){.present = true, .decimal = D("100")});
    trend_close("50000"); /* turns up, but the RSI has one candle */
    trend_assert_nothing_sent();
    for (int i = 0; i < 14; i++) {
        trend_close(i % 2 ? "50000" : "49000");
        if (i < 13)
            trend_assert_nothing_sent();
    }
    trend_assert_sent("buy market 0.02"); /* the fifteenth */
    trend_end();
}

static void amount_changes_while_it_runs(void **state)
{
    (void)state;
    trend_begin("fast = 1\nslow = 2\n");
    trend_close("50000");
    trend_close("49000");
    set_param(P_AMOUNT, PARAM_DECIMAL, (struct param_value){.present = true, .decimal = D("500")});
    trend_close("50000");
    trend_assert_sent("buy market 0.01");
    trend_end();
}

static void lengths_are_not_live(void **state)
{
    (void)state;
    static const uint32_t LIVE[] = {P_AMOUNT,        P_STOP_LOSS,        P_TAKE_PROFIT,
                                    P_TRAILING_STOP, P_TIME_LIMIT,       P_RETURN_AFTER,
                                    P_RETURN_MIN,    P_FILTER_ADX_MIN,   P_RISK_AMOUNT,
                                    P_COOLDOWN,      P_UNFILLED_TIMEOUT, P_REPRICES};
    static const uint32_t FIXED[] = {P_INSTRUMENT,  P_TIMEFRAME,   P_FAST,       P_SLOW,
                                     P_ENTRY,       P_RSI_PERIODS, P_FILTER_EMA, P_ATR_PERIODS,
                                     P_ENTRY_ORDER, P_POST_ONLY};
    for (size_t i = 0; i < sizeof LIVE / sizeof *LIVE; i++)
        assert_true(momentum_params[LIVE[i]].flags & PARAM_LIVE);
    for (size_t i = 0; i < sizeof FIXED / sizeof *FIXED; i++)
        assert_false(momentum_params[FIXED[i]].flags & PARAM_LIVE);
}

/* ---- relations between parameters ---- */

static void assert_refused(const char *lines, const char *key, const char *text)
{
    struct params p;
    const char *why = trend_params(lines, &p);
    if (!why)
        fail_msg("%s was taken", lines);
    if (!strstr(why, key) || !strstr(why, text))
        fail_msg("%s: \"%s\" does not name %s: %s", lines, why, key, text);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    assert_refused("fast = 26\n", "slow", "must be greater than fast");
    assert_refused("entry = \"macd\"\nmacd_fast = 30\n", "macd_slow",
                   "must be greater than macd_fast");
    assert_refused("entry = \"rsi\"\nrsi_exit = \"30\"\n", "rsi_exit",
                   "must be greater than rsi_entry");
    assert_refused("filter_rsi_min = \"60\"\nfilter_rsi_max = \"50\"\n", "filter_rsi_max",
                   "must not be below");
    assert_refused("filter_bollinger_min = \"1\"\nfilter_bollinger_max = \"0\"\n",
                   "filter_bollinger_max", "must not be below");
    assert_refused("return_after = [\"0s\", \"1h\"]\nreturn_min = [\"0.01\"]\n", "return_min",
                   "as many");
    assert_refused("return_min = [\"0.01\"]\n", "return_min", "as many");
    assert_refused("return_after = [\"1h\", \"1h\"]\nreturn_min = [\"0.02\", \"0.01\"]\n",
                   "return_min", "must rise");
    assert_refused("trailing_activation = \"0.01\"\n", "trailing_activation", "trailing_stop");
    assert_refused("exit_signal = false\n", "exit_signal", "never sell");
    assert_refused("post_only = true\n", "post_only", "limit");
    assert_refused("entry_order = \"limit\"\npost_only = true\ntif = \"ioc\"\n", "tif", "gtc");
    assert_refused("entry_order = \"limit\"\npost_only = true\nlimit_offset = \"-0.01\"\n",
                   "limit_offset", "negative");
    assert_refused("amount = \"4\"\n", "amount", "min_notional");
    assert_refused("bollinger_periods = 501\n", "bollinger_periods", "500");
}

/* ---- bytes ---- */

#define SAVE_MAX 20000

/* Whatever happens, a state that is saved and loaded before every event asks for the same. */
static void saved_and_loaded_it_goes_on_as_it_would(void **state)
{
    (void)state;
    static const char *const LINES[] = {
        "fast = 2\nslow = 5\nstop_loss = \"0.01\"\nrisk_amount = \"5\"\natr_stop = true\n"
        "atr_periods = 5\ntime_limit = \"20m\"\ncooldown = \"2m\"\n",
        "entry = \"macd\"\nmacd_fast = 2\nmacd_slow = 5\nmacd_signal = 3\nentry_order = \"limit\"\n"
        "exit_order = \"limit\"\nlimit_offset = \"0.0005\"\nunfilled_timeout = \"30s\"\n"
        "reprices = 1\nfilter_ema = 5\n",
        "entry = \"bollinger\"\nbollinger_periods = 5\nbollinger_width = \"1\"\n"
        "filter_rsi_max = \"90\"\nrsi_periods = 3\ntrailing_stop = \"0.01\"\n",
        "entry = \"supertrend\"\nsupertrend_periods = 3\nsupertrend_width = \"1\"\n"
        "filter_adx_min = \"5\"\nadx_periods = 3\ntake_profit = \"0.01\"\n",
    };
    const char *given = getenv("TRADEWIND_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 11;
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    for (int k = 0; k < 4; k++) {
        static char log[2][200000];
        size_t len[2] = {0, 0};
        for (int run = 0; run < 2; run++) {
            struct rng r;
            rng_seed(&r, seed + (uint64_t)k);
            trend_begin(LINES[k]);
            int64_t price = 5000000;
            order_id open = 0, going = 0; /* going: its cancel is on its way */
            uint32_t orders = 0;
            for (int i = 0; i < 6000; i++) {
                static uint8_t bytes[SAVE_MAX];
                if (run == 1) {
                    struct bufw out = bufw_make(bytes, sizeof bytes);
                    assert_int_equal(engine_strategy_save(trend.engine, 0, &out), ERR_OK);
                    struct bufr in = bufr_make(bytes, out.len);
                    assert_int_equal(engine_strategy_load(trend.engine, 0, &in), ERR_OK);
                }
                uint64_t what = rng_u64(&r) % 16;
                price += (int64_t)(rng_u64(&r) % 20001) - 10000;
                price = price < 1000000 ? 1000000 : price;
                char text[DEC_TEXT_MAX];
                dec_format(dec_from_i64(price, 2), text);
                const struct order *o = open ? engine_order(trend.engine, open) : NULL;
                bool is_open = o && !order_state_is_terminal(o->state);
                world_advance(&trend, (int64_t)(rng_u64(&r) % 20) * SECOND);
                if (going) {
                    trend_answer(going, ORDER_CANCELED, REASON_NONE);
                    going = 0;
                } else if (is_open && what < 4) {
                    trend_fill_all(open, text);
                } else if (is_open && what == 4 && dec_gt(order_open_qty(o), D("0.001"))) {
                    world_fill(&trend, open, text, "0.001");
                } else if (is_open && what == 5) {
                    trend_answer(open, ORDER_CANCELED, REASON_NONE);
                } else if (is_open && what == 6 && o->state == ORDER_SUBMITTED) {
                    trend_answer(open, ORDER_REJECTED, REASON_VENUE_RULE);
                } else if (what == 7) {
                    world_timer(&trend);
                } else {
                    world_trade(&trend, text, "1");
                }
                for (uint32_t n = 0; n < trend.fx->count; n++) {
                    const struct effect *fx = &trend.fx->item[n];
                    if (fx->kind == EFFECT_SUBMIT) {
                        open = fx->submit.id;
                        orders++;
                    }
                    if (fx->kind == EFFECT_CANCEL)
                        going = fx->cancel;
                    struct bufw out = bufw_make(log[run] + len[run], sizeof log[run] - len[run]);
                    if (fx->kind == EFFECT_SUBMIT || fx->kind == EFFECT_CANCEL ||
                        fx->kind == EFFECT_NOTE)
                        effect_encode(fx, &out);
                    assert_false(out.failed);
                    len[run] += out.len;
                }
            }
            if (orders <= 20)
                fail_msg("only %u orders: %s", orders, LINES[k]);
            trend_end();
        }
        assert_int_equal(len[0], len[1]);
        assert_memory_equal(log[0], log[1], len[0]);
    }
}

static void bytes_that_no_save_wrote_are_refused(void **state)
{
    (void)state;
    static uint8_t bytes[SAVE_MAX];
    trend_begin("entry = \"adx\"\nfilter_bollinger_max = \"1\"\n");
    make_bars(1);
    for (int i = 0; i < 40; i++)
        trend_candle(&bar[i]);
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(trend.engine, 0, &out), ERR_OK);
    for (size_t cut = 0; cut < out.len; cut++) {
        struct bufr in = bufr_make(bytes, cut);
        assert_int_equal(engine_strategy_load(trend.engine, 0, &in), ERR_SYNTAX);
    }
    bytes[0]++; /* another version */
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(trend.engine, 0, &in), ERR_SYNTAX);
    bytes[0]--;
    bytes[1] ^= USES_RSI; /* other indicators */
    in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(trend.engine, 0, &in), ERR_SYNTAX);
    bytes[1] ^= USES_RSI;
    in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(trend.engine, 0, &in), ERR_OK);
    trend_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_decides_as_defined),
        cmocka_unit_test(the_level_of_the_adx_filter_counts),
        cmocka_unit_test(every_parameter_of_a_signal_counts),
        cmocka_unit_test(exit_signal_switched_off_keeps_what_is_held),
        cmocka_unit_test(the_timeframe_is_the_candles),
        cmocka_unit_test(no_later_candle_changes_an_intent),
        cmocka_unit_test(what_is_equal_has_not_crossed),
        cmocka_unit_test(filters_include_their_bounds),
        cmocka_unit_test(a_turn_inside_a_gap_is_past),
        cmocka_unit_test(warm_up_candles_are_what_every_part_needs),
        cmocka_unit_test(history_warms_up_and_decides_nothing),
        cmocka_unit_test(a_turn_in_history_is_not_an_entry),
        cmocka_unit_test(a_filter_switched_on_warms_up_first),
        cmocka_unit_test(amount_changes_while_it_runs),
        cmocka_unit_test(lengths_are_not_live),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(saved_and_loaded_it_goes_on_as_it_would),
        cmocka_unit_test(bytes_that_no_save_wrote_are_refused),
    };
    return cmocka_run_group_tests_name("momentum", tests, NULL, NULL);
}

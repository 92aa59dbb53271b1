/* Indicators: against the values of others on real series, against plain sums, and their bytes. */
#include "strategies/indicators.h"

#include "base/rng.h"
#include "desk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cJSON.h>

#include <cmocka.h>

#define ROWS_MAX 2000

/* ---- series of others ---- */

struct row {
    double open, high, low, close, volume, extra[10];
};

struct series {
    uint32_t rows, skip;
    struct row row[ROWS_MAX];
};

/* "date,open,high,low,close,volume,values..." */
static void add_row(void *ctx, char *line, size_t len)
{
    struct series *s = ctx;
    char *at = memchr(line, ',', len);
    if (line[0] == '/' || !at || at[1] < '0' || at[1] > '9' || s->rows == ROWS_MAX)
        return;
    double v[15] = {0};
    for (int i = 0; i < 15 && *at == ','; i++)
        v[i] = strtod(at + 1, &at);
    struct row *r = &s->row[s->rows++];
    *r = (struct row){v[0], v[1], v[2], v[3], v[4], {0}};
    memcpy(r->extra, v + 5, sizeof r->extra);
}

static struct series data;

static void load_series(const char *name)
{
    const char *path = shared_data(name);
    if (!path) {
        print_message("%s is not beside the repository\n", name);
        skip();
    }
    data.rows = 0;
    each_line(path, add_row, &data);
    assert_in_range(data.rows, 300, ROWS_MAX);
}

static struct bar bar_of(const struct row *r)
{
    return (struct bar){r->high, r->low, r->close};
}

static uint32_t compared;

/* 1e-9 relative; [scale]: of the values it is a difference of. */
static void near_of(double got, double want, double scale, const char *what, uint32_t row)
{
    compared++;
    if (!(fabs(got - want) <= 1e-9 * fmax(fabs(want), scale)))
        fail_msg("%s row %u: %.17g, want %.17g", what, row, got, want);
}

static void near(double got, double want, const char *what, uint32_t row)
{
    near_of(got, want, 0, what, row);
}

static cJSON *talib;

static void add_text(void *ctx, char *line, size_t len)
{
    struct bufw *b = ctx;
    bufw_bytes(b, line, len);
}

static void open_talib(void)
{
    load_series("candles/binance-spot-BTCUSDT-1h-2024.csv.gz");
    static char text[2 << 20];
    struct bufw b = bufw_make(text, sizeof text - 1);
    const char *path = shared_data("indicators/talib-BTCUSDT-1h.json.gz");
    if (!path) {
        print_message("indicators/talib-BTCUSDT-1h.json.gz is not beside the repository\n");
        skip();
    }
    each_line(path, add_text, &b);
    assert_false(b.failed);
    text[b.len] = 0;
    talib = cJSON_Parse(text);
    assert_non_null(talib);
    compared = 0;
}

/* TA-Lib's value at a row; NAN before its first. */
static double talib_at(const char *function, int periods, const char *output, uint32_t row)
{
    cJSON *r, *results = cJSON_GetObjectItem(talib, "results");
    cJSON_ArrayForEach(r, results)
    {
        cJSON *n = cJSON_GetObjectItem(cJSON_GetObjectItem(r, "options"), "TimePeriod");
        if (strcmp(cJSON_GetObjectItem(r, "function")->valuestring, function) != 0 ||
            (n && n->valueint != periods))
            continue;
        cJSON *o = cJSON_GetObjectItem(cJSON_GetObjectItem(r, "outputs"), output);
        assert_non_null(o);
        int at = (int)row - cJSON_GetObjectItem(r, "lookback")->valueint;
        static cJSON *last_array, *last_item;
        static int last_at;
        if (at < 0)
            return NAN;
        /* rows are asked for in order: cJSON's arrays are lists */
        cJSON *item =
            last_array == o && last_at == at - 1 ? last_item->next : cJSON_GetArrayItem(o, at);
        last_array = o;
        last_at = at;
        last_item = item;
        assert_non_null(item);
        return item->valuedouble;
    }
    fail_msg("no %s", function);
    return NAN;
}

#define TALIB_ROWS 1000

static void averages_and_bands_agree_with_talib(void **state)
{
    (void)state;
    open_talib();
    struct window w;
    window_init(&w, 20);
    for (uint32_t i = 0; i < TALIB_ROWS; i++) {
        window_add(&w, data.row[i].close);
        double want = talib_at("SMA", 20, "outReal", i);
        assert_int_equal(window_ready(&w), !isnan(want));
        if (window_ready(&w))
            near(window_mean(&w), want, "sma", i);
    }
    window_init(&w, 20);
    for (uint32_t i = 0; i < TALIB_ROWS; i++) {
        window_add(&w, data.row[i].close);
        if (window_ready(&w))
            near(window_stddev(&w), talib_at("STDDEV", 20, "outReal", i), "stddev", i);
    }
    static const char *const BAND[] = {"outRealLowerBand", "outRealMiddleBand", "outRealUpperBand"};
    for (int k = 0; k < 3; k++) {
        struct bollinger b;
        bollinger_init(&b, 20, 2);
        for (uint32_t i = 0; i < TALIB_ROWS; i++) {
            bollinger_add(&b, data.row[i].close);
            if (bollinger_ready(&b))
                near((const double[]){b.lower, b.middle, b.upper}[k],
                     talib_at("BBANDS", 20, BAND[k], i), BAND[k], i);
        }
    }
    assert_int_equal(compared, 5 * (TALIB_ROWS - 19));
    cJSON_Delete(talib);
}

/* TA-Lib starts an EMA with the mean of its first n values, we with the first value: begun from its
 * start ours is the same at every row; begun from ours it is the same once both have forgotten
 * where they began. */
static void ema_agrees_with_talib(void **state)
{
    (void)state;
    open_talib();
    for (int n = 12; n <= 50; n += 38) {
        struct ema own, theirs;
        ema_init(&own, n);
        ema_init(&theirs, n);
        double sum = 0;
        uint32_t forgotten = (uint32_t)n * 12;
        for (uint32_t i = 0; i < TALIB_ROWS; i++) {
            double want = talib_at("EMA", n, "outReal", i);
            ema_add(&own, data.row[i].close);
            sum += data.row[i].close;
            if (i + 1 < (uint32_t)n)
                continue;
            ema_add(&theirs, i + 1 == (uint32_t)n ? sum / n : data.row[i].close);
            near(theirs.value, want, "ema from the mean", i);
            if (i >= forgotten)
                near(own.value, want, "ema from the first", i);
        }
    }
    assert_int_equal(compared, (1000 - 11) + (1000 - 49) + (1000 - 144) + (1000 - 600));
    cJSON_Delete(talib);
}

static void macd_agrees_with_talib(void **state)
{
    (void)state;
    open_talib();
    static const char *const OUT[] = {"outMACD", "outMACDSignal", "outMACDHist"};
    for (int k = 0; k < 3; k++) {
        struct macd m;
        macd_init(&m, 12, 26, 9);
        for (uint32_t i = 0; i < TALIB_ROWS; i++) {
            double want = talib_at("MACD", 0, OUT[k], i);
            macd_add(&m, data.row[i].close);
            assert_int_equal(macd_ready(&m), !isnan(want)); /* both from row 33 on */
            /* the averages are near 42000, their difference near 100 */
            if (i >= 26 * 14)
                near_of((const double[]){m.line, m.signal, m.histogram}[k], want, 1, OUT[k], i);
        }
    }
    assert_int_equal(compared, 3 * (1000 - 26 * 14));
    cJSON_Delete(talib);
}

static void rsi_and_atr_agree_with_talib(void **state)
{
    (void)state;
    open_talib();
    struct rsi r;
    struct atr a;
    rsi_init(&r, 14);
    atr_init(&a, 14);
    for (uint32_t i = 0; i < TALIB_ROWS; i++) {
        double want = talib_at("RSI", 14, "outReal", i);
        rsi_add(&r, data.row[i].close);
        assert_int_equal(rsi_ready(&r), !isnan(want));
        if (rsi_ready(&r))
            near(r.value, want, "rsi", i);
    }
    for (uint32_t i = 0; i < TALIB_ROWS; i++) {
        struct bar b = bar_of(&data.row[i]);
        double want = talib_at("ATR", 14, "outReal", i);
        atr_add(&a, &b);
        assert_int_equal(atr_ready(&a), !isnan(want));
        if (atr_ready(&a))
            near(a.value, want, "atr", i);
    }
    atr_init(&a, 1); /* the true range itself */
    for (uint32_t i = 0; i < TALIB_ROWS; i++) {
        struct bar b = bar_of(&data.row[i]);
        atr_add(&a, &b);
        if (i >= 1)
            near(a.value, talib_at("TRANGE", 0, "outReal", i), "true range", i);
    }
    assert_int_equal(compared, 986 + 986 + 999);
    cJSON_Delete(talib);
}

static void adx_agrees_with_talib(void **state)
{
    (void)state;
    open_talib();
    static const char *const OUT[] = {"PLUS_DI", "MINUS_DI", "ADX"};
    for (int k = 0; k < 3; k++) {
        struct adx a;
        adx_init(&a, 14);
        for (uint32_t i = 0; i < TALIB_ROWS; i++) {
            struct bar b = bar_of(&data.row[i]);
            double want = talib_at(OUT[k], 14, "outReal", i);
            adx_add(&a, &b);
            if (k == 2)
                assert_int_equal(adx_ready(&a), !isnan(want));
            if (!isnan(want))
                near((const double[]){a.plus_di, a.minus_di, a.value}[k], want, OUT[k], i);
        }
    }
    assert_int_equal(compared, 986 + 986 + 973);
    cJSON_Delete(talib);
}

static void ema_and_sma_agree_with_ta4j(void **state)
{
    (void)state;
    load_series("indicators/ta4j-ema-gold-weekly.csv");
    struct ema e;
    ema_init(&e, 13);
    for (uint32_t i = 0; i < data.rows; i++) {
        ema_add(&e, data.row[i].close);
        near(e.value, data.row[i].extra[0], "ema", i);
    }
    load_series("indicators/ta4j-sma-gold-weekly.csv");
    struct window w;
    window_init(&w, 13);
    for (uint32_t i = 0; i < data.rows; i++) {
        window_add(&w, data.row[i].close);
        near(window_mean(&w), data.row[i].extra[0], "sma", i);
    }
}

/* ta4j smooths from 0 on, we from the mean of the first n: the same to 1e-9 once that is forgotten,
 * (12/13)^300. */
static void wilders_indicators_agree_with_ta4j(void **state)
{
    (void)state;
    enum { FORGOTTEN = 300 };
    load_series("indicators/ta4j-rsi-gold-weekly.csv");
    struct rsi r;
    rsi_init(&r, 13);
    for (uint32_t i = 0; i < data.rows; i++) {
        rsi_add(&r, data.row[i].close);
        if (i >= FORGOTTEN)
            near(r.value, data.row[i].extra[4], "rsi", i);
    }
    load_series("indicators/ta4j-adx-gold-weekly.csv");
    struct adx a;
    struct atr range;
    struct wilder smooth; /* the file's ADX smooths over 8 */
    adx_init(&a, 13);
    atr_init(&range, 13);
    wilder_init(&smooth, 8, 8);
    compared = 0;
    for (uint32_t i = 0; i < data.rows; i++) {
        const double *want = data.row[i].extra; /* +DM, avg, -DM, avg, TR, ATR, +DI, -DI, DX, ADX */
        struct bar b = bar_of(&data.row[i]);
        adx_add(&a, &b);
        atr_add(&range, &b);
        wilder_add(&smooth, fabs(a.plus_di - a.minus_di) / fmax(a.plus_di + a.minus_di, 1) * 100);
        if (i < FORGOTTEN + 20)
            continue;
        near(range.value, want[5], "atr", i);
        near(a.plus_di, want[6], "+di", i);
        near(a.minus_di, want[7], "-di", i);
        near(smooth.value, want[9], "adx", i);
    }
    assert_in_range(compared, 100, 1000);
}

/* Published worked examples, given to three or four places. */
static void agrees_with_published_examples(void **state)
{
    (void)state;
    static const double CLOSE[] = {37.8750, 39.5000, 38.7500, 39.8125, 40.0000, 39.8750};
    struct rsi r;
    rsi_init(&r, 5);
    for (int i = 0; i < 6; i++)
        rsi_add(&r, CLOSE[i]);
    assert_true(rsi_ready(&r));
    assert_true(fabs(r.value - 76.6667) < 0.00005);
    static const double PRICE[] = {100, 101, 102, 107};
    struct window w;
    window_init(&w, 3);
    for (int i = 0; i < 3; i++)
        window_add(&w, PRICE[i]);
    assert_true(fabs(window_stddev(&w) - 0.816496581) < 5e-10);
    window_add(&w, PRICE[3]);
    assert_true(fabs(window_stddev(&w) - 2.624669291) < 5e-10);
}

/* ---- against plain sums ---- */

static struct rng random_source(uint64_t fixed)
{
    const char *given = getenv("TRADEWIND_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : fixed;
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    struct rng r;
    rng_seed(&r, seed);
    return r;
}

static double uniform(struct rng *r) /* 0 .. 1 */
{
    return (double)(rng_u64(r) >> 11) / 9007199254740992.0;
}

/* A million candles of a price that moves far from where it began, then hardly at all: that is
 * where sums that are carried on lose their digits. */
static void windows_do_not_drift(void **state)
{
    (void)state;
    enum { LENGTH = 20, CANDLES = 1000000 };
    struct rng rng = random_source(20240101);
    struct window w;
    window_init(&w, LENGTH);
    double last[LENGTH] = {0}, price = 60000, step = 300;
    uint32_t looked = 0;
    for (uint32_t i = 0; i < CANDLES; i++) {
        if (i % 1000 == 0) /* calm and storm in turn */
            step = i % 2000 == 0 ? 300 : 0.01;
        if (i == 500000)
            price *= 1e6;
        if (i == 500001)
            price /= 1e6;
        price += (uniform(&rng) - 0.5) * step;
        price = price < 1000 ? 1000 : price;
        window_add(&w, price);
        last[i % LENGTH] = price;
        bool look = i % 97 == 0 || i > CANDLES - 1000 || (i > 500000 && i < 500100);
        if (i < LENGTH || !look)
            continue;
        long double mean = 0, square = 0;
        for (int k = 0; k < LENGTH; k++)
            mean += last[k];
        mean /= LENGTH;
        for (int k = 0; k < LENGTH; k++)
            square += (last[k] - mean) * (last[k] - mean);
        near(window_mean(&w), (double)mean, "mean", i);
        near(window_stddev(&w), (double)sqrtl(square / LENGTH), "stddev", i);
        looked++;
    }
    assert_true(looked > 10000);
}

static void a_flat_window_has_no_spread(void **state)
{
    (void)state;
    struct window w;
    window_init(&w, 7);
    window_add(&w, 0.1);
    assert_true(window_stddev(&w) == 0);
    for (int i = 0; i < 7; i++) {
        window_add(&w, 60000.01);
        assert_int_equal(window_stddev(&w) == 0, i == 6);
    }
    window_add(&w, 60000.02);
    assert_true(window_stddev(&w) > 0.003);
    struct rsi r;
    rsi_init(&r, 3);
    for (int i = 0; i < 9; i++)
        rsi_add(&r, 5);
    assert_true(r.value == 50);
}

static void the_longest_window_is_whole(void **state)
{
    (void)state;
    struct window w;
    window_init(&w, INDICATOR_WINDOW_MAX);
    for (int i = 1; i <= 2 * INDICATOR_WINDOW_MAX + 3; i++) {
        assert_int_equal(window_ready(&w), i > INDICATOR_WINDOW_MAX);
        window_add(&w, i);
    }
    assert_true(window_mean(&w) == INDICATOR_WINDOW_MAX + 3 + (INDICATOR_WINDOW_MAX + 1) / 2.0);
}

/* From the definition, over the whole history each time. */
static int naive_supertrend(const struct bar *b, uint32_t n, uint32_t periods, double width,
                            double *upper, double *lower)
{
    double atr = 0, up = 0, low = 0;
    int direction = 0;
    for (uint32_t i = 1; i < n; i++) {
        double tr = fmax(b[i].high, b[i - 1].close) - fmin(b[i].low, b[i - 1].close);
        if (i <= periods)
            atr += tr / periods;
        else
            atr = (atr * (periods - 1) + tr) / periods;
        if (i < periods)
            continue;
        double middle = (b[i].high + b[i].low) / 2;
        double u = middle + width * atr, l = middle - width * atr;
        bool first = i == periods;
        up = first || u < up || b[i - 1].close > up ? u : up;
        low = first || l > low || b[i - 1].close < low ? l : low;
        direction = b[i].close > up ? 1 : b[i].close < low ? -1 : direction;
    }
    *upper = up;
    *lower = low;
    return direction;
}

static void supertrend_follows_its_definition(void **state)
{
    (void)state;
    enum { N = 600 };
    static struct bar b[N];
    struct rng rng = random_source(7);
    struct supertrend s;
    supertrend_init(&s, 10, 2);
    double price = 1000;
    int turns = 0, was = 0;
    for (uint32_t i = 0; i < N; i++) {
        double open = price;
        price += (uniform(&rng) - 0.5) * 20;
        b[i] = (struct bar){fmax(open, price) + uniform(&rng) * 4,
                            fmin(open, price) - uniform(&rng) * 4, price};
        supertrend_add(&s, &b[i]);
        assert_int_equal(supertrend_ready(&s), i >= 10);
        double upper, lower;
        int direction = naive_supertrend(b, i + 1, 10, 2, &upper, &lower);
        if (i < 10)
            continue;
        near(s.upper, upper, "upper", i);
        near(s.lower, lower, "lower", i);
        assert_int_equal(s.direction, direction);
        turns += direction != was;
        was = direction;
    }
    assert_true(turns > 5);
}

/* ---- bytes ---- */

struct all {
    struct ema ema;
    struct wilder wilder;
    struct bollinger bollinger;
    struct macd macd;
    struct rsi rsi;
    struct atr atr;
    struct supertrend supertrend;
    struct adx adx;
};

static void all_init(struct all *a, int64_t n)
{
    memset(a, 0, sizeof *a);
    ema_init(&a->ema, n);
    wilder_init(&a->wilder, n, n);
    bollinger_init(&a->bollinger, n, 2);
    macd_init(&a->macd, 3, n, 4);
    rsi_init(&a->rsi, n);
    atr_init(&a->atr, n);
    supertrend_init(&a->supertrend, n, 1.5);
    adx_init(&a->adx, n);
}

static void all_add(struct all *a, const struct bar *b)
{
    ema_add(&a->ema, b->close);
    wilder_add(&a->wilder, b->close);
    bollinger_add(&a->bollinger, b->close);
    macd_add(&a->macd, b->close);
    rsi_add(&a->rsi, b->close);
    atr_add(&a->atr, b);
    supertrend_add(&a->supertrend, b);
    adx_add(&a->adx, b);
}

static size_t all_save(const struct all *a, uint8_t *bytes, size_t cap)
{
    struct bufw w = bufw_make(bytes, cap);
    ema_save(&a->ema, &w);
    wilder_save(&a->wilder, &w);
    bollinger_save(&a->bollinger, &w);
    macd_save(&a->macd, &w);
    rsi_save(&a->rsi, &w);
    atr_save(&a->atr, &w);
    supertrend_save(&a->supertrend, &w);
    adx_save(&a->adx, &w);
    assert_false(w.failed);
    return w.len;
}

static bool all_load(struct all *a, const uint8_t *bytes, size_t len)
{
    struct bufr r = bufr_make(bytes, len);
    ema_load(&a->ema, &r);
    wilder_load(&a->wilder, &r);
    bollinger_load(&a->bollinger, &r);
    macd_load(&a->macd, &r);
    rsi_load(&a->rsi, &r);
    atr_load(&a->atr, &r);
    supertrend_load(&a->supertrend, &r);
    adx_load(&a->adx, &r);
    return !r.failed && r.pos == r.len;
}

static struct bar random_bar(struct rng *rng)
{
    double close = 100 + uniform(rng) * 10;
    return (struct bar){close + uniform(rng), close - uniform(rng), close};
}

static void saved_and_loaded_goes_on_with_every_bit(void **state)
{
    (void)state;
    struct rng rng = random_source(3);
    static struct all a, b;
    static uint8_t bytes[8192], again[8192];
    all_init(&a, 6);
    for (int i = 0; i < 40; i++) {
        size_t n = all_save(&a, bytes, sizeof bytes);
        all_init(&b, 6);
        assert_true(all_load(&b, bytes, n));
        struct rng ahead = rng;
        for (int k = 0; k < 9; k++) {
            struct bar next = random_bar(&ahead);
            all_add(&b, &next);
        }
        static struct all c;
        c = a;
        ahead = rng;
        for (int k = 0; k < 9; k++) {
            struct bar next = random_bar(&ahead);
            all_add(&c, &next);
        }
        n = all_save(&c, bytes, sizeof bytes);
        assert_int_equal(all_save(&b, again, sizeof again), n);
        assert_memory_equal(bytes, again, n);
        struct bar next = random_bar(&rng);
        all_add(&a, &next);
    }
}

static void bytes_of_other_lengths_or_nonsense_are_refused(void **state)
{
    (void)state;
    struct rng rng = random_source(5);
    static struct all a, b;
    static uint8_t bytes[8192];
    all_init(&a, 6);
    for (int i = 0; i < 12; i++) {
        struct bar next = random_bar(&rng);
        all_add(&a, &next);
    }
    size_t n = all_save(&a, bytes, sizeof bytes);
    all_init(&b, 7);
    assert_false(all_load(&b, bytes, n));
    for (size_t cut = 0; cut < n; cut++) {
        all_init(&b, 6);
        assert_false(all_load(&b, bytes, cut));
    }
    uint8_t saved[8];
    memcpy(saved, bytes + 4, 8);
    memset(bytes + 4, 0xff, 8); /* the average: not a number */
    all_init(&b, 6);
    assert_false(all_load(&b, bytes, n));
    memcpy(bytes + 4, saved, 8);
    size_t window = 20 + 32; /* behind the first two: length, count, at, same */
    static const uint8_t BAD[][2] = {{4, 7}, {8, 6}, {12, 7}, {8, 255}};
    for (int i = 0; i < 4; i++) {
        uint8_t was = bytes[window + BAD[i][0]];
        bytes[window + BAD[i][0]] = BAD[i][1];
        all_init(&b, 6);
        assert_false(all_load(&b, bytes, n));
        bytes[window + BAD[i][0]] = was;
    }
    all_init(&b, 6);
    assert_true(all_load(&b, bytes, n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_and_bands_agree_with_talib),
        cmocka_unit_test(ema_agrees_with_talib),
        cmocka_unit_test(macd_agrees_with_talib),
        cmocka_unit_test(rsi_and_atr_agree_with_talib),
        cmocka_unit_test(adx_agrees_with_talib),
        cmocka_unit_test(ema_and_sma_agree_with_ta4j),
        cmocka_unit_test(wilders_indicators_agree_with_ta4j),
        cmocka_unit_test(agrees_with_published_examples),
        cmocka_unit_test(windows_do_not_drift),
        cmocka_unit_test(a_flat_window_has_no_spread),
        cmocka_unit_test(the_longest_window_is_whole),
        cmocka_unit_test(supertrend_follows_its_definition),
        cmocka_unit_test(saved_and_loaded_goes_on_with_every_bit),
        cmocka_unit_test(bytes_of_other_lengths_or_nonsense_are_refused),
    };
    return cmocka_run_group_tests_name("indicators", tests, NULL, NULL);
}

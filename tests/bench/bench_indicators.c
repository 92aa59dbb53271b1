/* What a candle costs in indicators: all of them at once, with short windows and with the longest.
 * A cost that grew with the length would show between the two. */
#include "bench.h"
#include "strategies/indicators.h"

#include <math.h>

#define CANDLES 200000
#define RUNS    9

struct all {
    struct ema fast, slow;
    struct macd macd;
    struct rsi rsi;
    struct bollinger bollinger;
    struct atr atr;
    struct supertrend supertrend;
    struct adx adx;
};

static double run(struct all *a, int64_t length)
{
    ema_init(&a->fast, length);
    ema_init(&a->slow, 2 * length);
    macd_init(&a->macd, length, 2 * length, length);
    rsi_init(&a->rsi, length);
    bollinger_init(&a->bollinger, length, 2);
    atr_init(&a->atr, length);
    supertrend_init(&a->supertrend, length, 3);
    adx_init(&a->adx, length);
    uint64_t x = 1;
    double close = 50000;
    int64_t begin = bench_cpu_ns();
    for (int i = 0; i < CANDLES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        close += (double)(x >> 33) / 4294967296.0 * 200 - 50;
        struct bar b = {close + 20, close - 20, close};
        ema_add(&a->fast, b.close);
        ema_add(&a->slow, b.close);
        macd_add(&a->macd, b.close);
        rsi_add(&a->rsi, b.close);
        bollinger_add(&a->bollinger, b.close);
        atr_add(&a->atr, &b);
        supertrend_add(&a->supertrend, &b);
        adx_add(&a->adx, &b);
    }
    double ns = (double)(bench_cpu_ns() - begin) / CANDLES;
    CHECK(isfinite(a->bollinger.upper + a->adx.value + a->rsi.value + a->supertrend.upper));
    return ns;
}

int main(void)
{
    static struct all a;
    double shorter[RUNS], longest[RUNS];
    for (int i = 0; i < RUNS; i++) {
        shorter[i] = run(&a, 20);
        longest[i] = run(&a, INDICATOR_WINDOW_MAX);
    }
    bench_tell("a candle in all indicators, lengths of 500", bench_median(longest, RUNS), "ns",
               "lengths of 20", bench_median(shorter, RUNS), "flat");
    return 0;
}

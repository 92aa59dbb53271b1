/* Indicators for strategies and alerts: doubles, + - * / and sqrt only, the same bits with every
 * compiler (-ffp-contract=off). A value from here may decide, but never becomes a price or a
 * quantity. Each costs O(1) per candle, amortized; none allocates. Formulas and how each one starts
 * are in docs/strategies/momentum.md.
 *
 * Every kind has NAME_init (lengths are the caller's to check: a breach aborts), NAME_add (the next
 * closed candle), NAME_ready (whether enough candles came for the values to be used), and NAME_save
 * and NAME_load, which keep every bit. A NAME_load is called on a freshly initialised one, of the
 * same lengths, else it marks the reader as failed. */
#ifndef TW_STRATEGIES_INDICATORS_H
#define TW_STRATEGIES_INDICATORS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define INDICATOR_PERIODS_MAX 100000 /* of the recursive ones */
#define INDICATOR_WINDOW_MAX  500    /* of those that keep a window */

/* What of a candle the indicators below take. */
struct bar {
    double high, low, close;
};

void bar_save(const struct bar *b, struct bufw *out);
void bar_load(struct bar *b, struct bufr *in);

/* Exponential moving average: seeded with the first value, then value += alpha * (x - value), alpha
 * = 2 / (n + 1); ready after n values. */
struct ema {
    uint32_t periods;
    double alpha, value;
    uint64_t count; /* values taken in */
};
void ema_init(struct ema *e, int64_t periods); /* periods >= 1 */
void ema_add(struct ema *e, double x);
bool ema_ready(const struct ema *e);
void ema_save(const struct ema *e, struct bufw *out);
void ema_load(struct ema *e, struct bufr *in);

/* Wilder's smoothing: starts as the sum of the first [seed] values divided by n, then value += (x -
 * value) / n. With seed = n that is their mean; ready after n values. */
struct wilder {
    uint32_t periods, seed;
    uint64_t count;
    double sum, value;
};
void wilder_init(struct wilder *w, int64_t periods, int64_t seed);
void wilder_add(struct wilder *w, double x);
bool wilder_ready(const struct wilder *w);
void wilder_save(const struct wilder *w, struct bufw *out);
void wilder_load(struct wilder *w, struct bufr *in);

/* A sum of two doubles that stands for about 106 bits. */
struct twofold {
    double high, low;
};

/* The last n values, with their simple moving average and the standard deviation of the population.
 * The sums are kept to about 30 digits and made anew from the values once a round, so that errors
 * neither grow with time nor survive an absurd value that has left the window. */
struct window {
    uint32_t length, count, at; /* at: where the next value goes */
    uint32_t same;              /* how many of the newest values are equal */
    struct twofold sum, squares;
    double ring[INDICATOR_WINDOW_MAX];
};
void window_init(struct window *w, int64_t length); /* 1 .. INDICATOR_WINDOW_MAX */
void window_add(struct window *w, double x);
bool window_ready(const struct window *w);
double window_mean(const struct window *w);   /* of those it has; needs one at least */
double window_stddev(const struct window *w); /* likewise */
void window_save(const struct window *w, struct bufw *out);
void window_load(struct window *w, struct bufr *in);

/* Bollinger bands: mean +- [width] standard deviations of the last n values. */
struct bollinger {
    struct window window;
    double width;
    double lower, middle, upper; /* of the values so far */
};
void bollinger_init(struct bollinger *b, int64_t length, double width);
void bollinger_add(struct bollinger *b, double x);
bool bollinger_ready(const struct bollinger *b);
void bollinger_save(const struct bollinger *b, struct bufw *out);
void bollinger_load(struct bollinger *b, struct bufr *in);

/* MACD: line = EMA(fast) - EMA(slow), signal = EMA of the line; ready after slow + signal - 1
 * values. */
struct macd {
    struct ema fast, slow, smooth;
    uint64_t needed;
    double line, signal, histogram;
};
void macd_init(struct macd *m, int64_t fast, int64_t slow, int64_t signal);
void macd_add(struct macd *m, double x);
bool macd_ready(const struct macd *m);
void macd_save(const struct macd *m, struct bufw *out);
void macd_load(struct macd *m, struct bufr *in);

/* RSI after Wilder: 100 * gain / (gain + loss) of the smoothed changes, 50 where nothing changed;
 * ready after n + 1 values. */
struct rsi {
    struct wilder gain, loss;
    bool begun;
    double last, value;
};
void rsi_init(struct rsi *r, int64_t periods);
void rsi_add(struct rsi *r, double x);
bool rsi_ready(const struct rsi *r);
void rsi_save(const struct rsi *r, struct bufw *out);
void rsi_load(struct rsi *r, struct bufr *in);

/* ATR: Wilder's smoothing of the true range, which needs a candle before: ready after n + 1. */
struct atr {
    struct wilder range;
    bool begun;
    double last_close, value;
};
void atr_init(struct atr *a, int64_t periods);
void atr_add(struct atr *a, const struct bar *b);
bool atr_ready(const struct atr *a);
void atr_save(const struct atr *a, struct bufw *out);
void atr_load(struct atr *a, struct bufr *in);

/* SuperTrend: bands at (high + low) / 2 +- width * ATR; the upper one only falls and the lower one
 * only rises until a close is beyond it. It turns up when a close is above the upper band, down
 * when one is below the lower; before the first of these it has no direction. Ready with its ATR.
 */
struct supertrend {
    struct atr atr;
    double width;
    bool has_bands;
    double upper, lower, last_close;
    int32_t direction; /* 1 up, -1 down, 0 not known */
};
void supertrend_init(struct supertrend *s, int64_t periods, double width);
void supertrend_add(struct supertrend *s, const struct bar *b);
bool supertrend_ready(const struct supertrend *s);
void supertrend_save(const struct supertrend *s, struct bufw *out);
void supertrend_load(struct supertrend *s, struct bufr *in);

/* Wilder's directional movement: DI+ and DI- (ready after n + 1 candles), and ADX, the smoothed DX
 * (ready after 2n). Seeds of the movements are the first n - 1, as TA-Lib has them. */
struct adx {
    struct wilder plus, minus, range, smooth;
    bool begun;
    struct bar last;
    double plus_di, minus_di, value;
};
void adx_init(struct adx *a, int64_t periods); /* periods >= 2 */
void adx_add(struct adx *a, const struct bar *b);
bool adx_ready(const struct adx *a);
void adx_save(const struct adx *a, struct bufw *out);
void adx_load(struct adx *a, struct bufr *in);

#endif

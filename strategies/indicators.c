/* Averages, windows and what is made of closes alone. */
#include "indicators.h"

#include "base/check.h"

#include <math.h>

/* ---- averages ---- */

void ema_init(struct ema *e, int64_t periods)
{
    CHECK(periods >= 1 && periods <= INDICATOR_PERIODS_MAX);
    *e = (struct ema){.periods = (uint32_t)periods, .alpha = 2.0 / ((double)periods + 1.0)};
}

void ema_add(struct ema *e, double x)
{
    e->value = e->count++ == 0 ? x : e->value + e->alpha * (x - e->value);
}

bool ema_ready(const struct ema *e)
{
    return e->count >= e->periods;
}

void wilder_init(struct wilder *w, int64_t periods, int64_t seed)
{
    CHECK(periods >= 1 && periods <= INDICATOR_PERIODS_MAX && seed >= 1 && seed <= periods);
    *w = (struct wilder){.periods = (uint32_t)periods, .seed = (uint32_t)seed};
}

void wilder_add(struct wilder *w, double x)
{
    double n = w->periods;
    if (w->count++ < w->seed) {
        w->sum += x;
        w->value = w->sum / n;
    } else {
        w->value += (x - w->value) / n;
    }
}

bool wilder_ready(const struct wilder *w)
{
    return w->count >= w->periods;
}

/* ---- twofold arithmetic: each step's rounding error is itself a double, and is kept ---- */

static struct twofold sum_of(double a, double b)
{
    double s = a + b, t = s - a;
    return (struct twofold){s, (a - (s - t)) + (b - t)};
}

/* Two halves of 26 bits each. */
static struct twofold halves(double a)
{
    double t = 134217729.0 * a, high = t - (t - a); /* 2^27 + 1 */
    return (struct twofold){high, a - high};
}

static struct twofold product_of(double a, double b)
{
    struct twofold x = halves(a), y = halves(b);
    double p = a * b;
    return (struct twofold){p, ((x.high * y.high - p) + x.high * y.low + x.low * y.high) +
                                   x.low * y.low};
}

static struct twofold add(struct twofold a, struct twofold b)
{
    struct twofold s = sum_of(a.high, b.high), t = sum_of(a.low, b.low), r;
    r = sum_of(s.high, s.low + t.high);
    return sum_of(r.high, r.low + t.low);
}

static struct twofold negative(struct twofold a)
{
    return (struct twofold){-a.high, -a.low};
}

static struct twofold square(struct twofold a)
{
    struct twofold p = product_of(a.high, a.high);
    return sum_of(p.high, p.low + 2.0 * a.high * a.low);
}

static struct twofold divide(struct twofold a, double n)
{
    double q = a.high / n;
    struct twofold rest = add(a, negative(product_of(q, n)));
    return sum_of(q, rest.high / n);
}

/* ---- window ---- */

void window_init(struct window *w, int64_t length)
{
    CHECK(length >= 1 && length <= INDICATOR_WINDOW_MAX);
    *w = (struct window){.length = (uint32_t)length};
}

static void take_in(struct window *w, double x)
{
    w->sum = add(w->sum, (struct twofold){x, 0});
    w->squares = add(w->squares, product_of(x, x));
}

static void leave_out(struct window *w, double x)
{
    w->sum = add(w->sum, (struct twofold){-x, 0});
    w->squares = add(w->squares, negative(product_of(x, x)));
}

static void make_anew(struct window *w)
{
    w->sum = w->squares = (struct twofold){0, 0};
    for (uint32_t i = 0; i < w->count; i++)
        take_in(w, w->ring[i]);
}

void window_add(struct window *w, double x)
{
    uint32_t newest = (w->at ? w->at : w->length) - 1;
    bool again = w->count > 0 && w->ring[newest] == x;
    w->same = !again ? 1 : w->same < w->length ? w->same + 1 : w->same;
    if (w->count == w->length)
        leave_out(w, w->ring[w->at]);
    else
        w->count++;
    w->ring[w->at++] = x;
    take_in(w, x);
    if (w->at == w->length) {
        w->at = 0;
        make_anew(w);
    }
}

bool window_ready(const struct window *w)
{
    return w->count == w->length;
}

double window_mean(const struct window *w)
{
    return divide(w->sum, w->count).high;
}

double window_stddev(const struct window *w)
{
    if (w->same >= w->count)
        return 0; /* the sums would leave a rest of their rounding */
    struct twofold mean_square = divide(square(w->sum), w->count);
    double variance = divide(add(w->squares, negative(mean_square)), w->count).high;
    return variance > 0 ? sqrt(variance) : 0;
}

/* ---- of closes ---- */

void bollinger_init(struct bollinger *b, int64_t length, double width)
{
    window_init(&b->window, length);
    b->width = width;
    b->lower = b->middle = b->upper = 0;
}

void bollinger_add(struct bollinger *b, double x)
{
    window_add(&b->window, x);
    double spread = b->width * window_stddev(&b->window);
    b->middle = window_mean(&b->window);
    b->lower = b->middle - spread;
    b->upper = b->middle + spread;
}

bool bollinger_ready(const struct bollinger *b)
{
    return window_ready(&b->window);
}

void macd_init(struct macd *m, int64_t fast, int64_t slow, int64_t signal)
{
    *m = (struct macd){.needed = (uint64_t)(slow + signal - 1)};
    ema_init(&m->fast, fast);
    ema_init(&m->slow, slow);
    ema_init(&m->smooth, signal);
}

void macd_add(struct macd *m, double x)
{
    ema_add(&m->fast, x);
    ema_add(&m->slow, x);
    m->line = m->fast.value - m->slow.value;
    ema_add(&m->smooth, m->line);
    m->signal = m->smooth.value;
    m->histogram = m->line - m->signal;
}

bool macd_ready(const struct macd *m)
{
    return m->slow.count >= m->needed;
}

void rsi_init(struct rsi *r, int64_t periods)
{
    *r = (struct rsi){.value = 50};
    wilder_init(&r->gain, periods, periods);
    wilder_init(&r->loss, periods, periods);
}

void rsi_add(struct rsi *r, double x)
{
    double change = x - r->last;
    r->last = x;
    if (!r->begun) {
        r->begun = true;
        return;
    }
    wilder_add(&r->gain, change > 0 ? change : 0);
    wilder_add(&r->loss, change < 0 ? -change : 0);
    double both = r->gain.value + r->loss.value;
    r->value = both > 0 ? 100.0 * r->gain.value / both : 50;
}

bool rsi_ready(const struct rsi *r)
{
    return wilder_ready(&r->gain);
}

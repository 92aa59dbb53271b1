/* The bytes of indicators: every double as its 64 bits, lengths to compare with. */
#include "indicators.h"

static void put(struct bufw *out, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bufw_u64(out, bits);
}

/* Infinities and not-a-numbers come from nobody's save. */
static double get(struct bufr *in)
{
    uint64_t bits = bufr_u64(in);
    double x;
    memcpy(&x, &bits, sizeof x);
    if (!(x - x == 0)) {
        in->failed = true;
        return 0;
    }
    return x;
}

static void expect(struct bufr *in, double want)
{
    if (get(in) != want)
        in->failed = true;
}

static bool get_flag(struct bufr *in)
{
    uint8_t b = bufr_u8(in);
    if (b > 1)
        in->failed = true;
    return b == 1;
}

void bar_save(const struct bar *b, struct bufw *out)
{
    put(out, b->high);
    put(out, b->low);
    put(out, b->close);
}

void bar_load(struct bar *b, struct bufr *in)
{
    b->high = get(in);
    b->low = get(in);
    b->close = get(in);
}

void ema_save(const struct ema *e, struct bufw *out)
{
    bufw_u32(out, e->periods);
    put(out, e->value);
    bufw_u64(out, e->count);
}

void ema_load(struct ema *e, struct bufr *in)
{
    if (bufr_u32(in) != e->periods)
        in->failed = true;
    e->value = get(in);
    e->count = bufr_u64(in);
}

void wilder_save(const struct wilder *w, struct bufw *out)
{
    bufw_u32(out, w->periods);
    bufw_u32(out, w->seed);
    bufw_u64(out, w->count);
    put(out, w->sum);
    put(out, w->value);
}

void wilder_load(struct wilder *w, struct bufr *in)
{
    uint32_t periods = bufr_u32(in), seed = bufr_u32(in);
    if (periods != w->periods || seed != w->seed)
        in->failed = true;
    w->count = bufr_u64(in);
    w->sum = get(in);
    w->value = get(in);
}

void window_save(const struct window *w, struct bufw *out)
{
    bufw_u32(out, w->length);
    bufw_u32(out, w->count);
    bufw_u32(out, w->at);
    bufw_u32(out, w->same);
    put(out, w->sum.high);
    put(out, w->sum.low);
    put(out, w->squares.high);
    put(out, w->squares.low);
    for (uint32_t i = 0; i < w->count; i++)
        put(out, w->ring[i]);
}

void window_load(struct window *w, struct bufr *in)
{
    uint32_t length = bufr_u32(in), count = bufr_u32(in), at = bufr_u32(in), same = bufr_u32(in);
    /* Until it is full, values lie from the ring's start on. */
    bool sound = length == w->length && count <= length && at < length && same <= count &&
                 (count == length || at == count);
    if (!sound) {
        in->failed = true;
        return;
    }
    w->count = count;
    w->at = at;
    w->same = same;
    w->sum.high = get(in);
    w->sum.low = get(in);
    w->squares.high = get(in);
    w->squares.low = get(in);
    for (uint32_t i = 0; i < count; i++)
        w->ring[i] = get(in);
}

void bollinger_save(const struct bollinger *b, struct bufw *out)
{
    window_save(&b->window, out);
    put(out, b->width);
    put(out, b->lower);
    put(out, b->middle);
    put(out, b->upper);
}

void bollinger_load(struct bollinger *b, struct bufr *in)
{
    window_load(&b->window, in);
    expect(in, b->width);
    b->lower = get(in);
    b->middle = get(in);
    b->upper = get(in);
}

void macd_save(const struct macd *m, struct bufw *out)
{
    ema_save(&m->fast, out);
    ema_save(&m->slow, out);
    ema_save(&m->smooth, out);
    put(out, m->line);
    put(out, m->signal);
    put(out, m->histogram);
}

void macd_load(struct macd *m, struct bufr *in)
{
    ema_load(&m->fast, in);
    ema_load(&m->slow, in);
    ema_load(&m->smooth, in);
    m->line = get(in);
    m->signal = get(in);
    m->histogram = get(in);
}

void rsi_save(const struct rsi *r, struct bufw *out)
{
    wilder_save(&r->gain, out);
    wilder_save(&r->loss, out);
    bufw_u8(out, r->begun);
    put(out, r->last);
    put(out, r->value);
}

void rsi_load(struct rsi *r, struct bufr *in)
{
    wilder_load(&r->gain, in);
    wilder_load(&r->loss, in);
    r->begun = get_flag(in);
    r->last = get(in);
    r->value = get(in);
}

void atr_save(const struct atr *a, struct bufw *out)
{
    wilder_save(&a->range, out);
    bufw_u8(out, a->begun);
    put(out, a->last_close);
    put(out, a->value);
}

void atr_load(struct atr *a, struct bufr *in)
{
    wilder_load(&a->range, in);
    a->begun = get_flag(in);
    a->last_close = get(in);
    a->value = get(in);
}

void supertrend_save(const struct supertrend *s, struct bufw *out)
{
    atr_save(&s->atr, out);
    put(out, s->width);
    bufw_u8(out, s->has_bands);
    put(out, s->upper);
    put(out, s->lower);
    put(out, s->last_close);
    bufw_u8(out, (uint8_t)(s->direction + 1));
}

void supertrend_load(struct supertrend *s, struct bufr *in)
{
    atr_load(&s->atr, in);
    expect(in, s->width);
    s->has_bands = get_flag(in);
    s->upper = get(in);
    s->lower = get(in);
    s->last_close = get(in);
    uint8_t direction = bufr_u8(in);
    if (direction > 2)
        in->failed = true;
    else
        s->direction = direction - 1;
}

void adx_save(const struct adx *a, struct bufw *out)
{
    wilder_save(&a->plus, out);
    wilder_save(&a->minus, out);
    wilder_save(&a->range, out);
    wilder_save(&a->smooth, out);
    bufw_u8(out, a->begun);
    bar_save(&a->last, out);
    put(out, a->plus_di);
    put(out, a->minus_di);
    put(out, a->value);
}

void adx_load(struct adx *a, struct bufr *in)
{
    wilder_load(&a->plus, in);
    wilder_load(&a->minus, in);
    wilder_load(&a->range, in);
    wilder_load(&a->smooth, in);
    a->begun = get_flag(in);
    bar_load(&a->last, in);
    a->plus_di = get(in);
    a->minus_di = get(in);
    a->value = get(in);
}

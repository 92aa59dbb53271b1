/* Where the levels of a grid lie.
 *
 * A geometric level is a root: p_k = lower x (upper / lower)^(k / (n - 1)). No root is taken: the
 * highest multiple t of the tick with t^(n-1) <= lower^(n-1-k) x upper^k is searched, both sides
 * computed with 128 significant bits. Each multiplication loses at most 2^-127 of the value and a
 * power of m takes at most 2m of them, so that with m below 10^6 both sides are right to 2^-105;
 * a t within 2^-100 of the root's power counts as reached, so that exact roots are found.
 */
#include "strategies/grid_internal.h"

#define EXPONENT_MAX 1000000 /* of a power: beyond it the stated error would not hold */

/* m x 2^e; the top bit of m is set. */
struct real {
    u128 m;
    int64_t e;
};

static struct real real_of(dec d)
{
    struct real r = {.m = (u128)d.v, .e = 0}; /* positive: the callers look */
    while (!(r.m >> 127)) {
        r.m <<= 1;
        r.e--;
    }
    return r;
}

static struct real real_mul(struct real a, struct real b)
{
    uint64_t a0 = (uint64_t)a.m, a1 = (uint64_t)(a.m >> 64);
    uint64_t b0 = (uint64_t)b.m, b1 = (uint64_t)(b.m >> 64);
    u128 low = (u128)a0 * b0, x = (u128)a0 * b1, y = (u128)a1 * b0;
    u128 middle = (low >> 64) + (uint64_t)x + (uint64_t)y;
    struct real r = {.m = (u128)a1 * b1 + (x >> 64) + (y >> 64) + (middle >> 64),
                     .e = a.e + b.e + 128};
    if (!(r.m >> 127)) {
        r.m = r.m << 1 | (uint64_t)(middle >> 63 & 1);
        r.e--;
    }
    return r;
}

static struct real real_power(struct real a, uint32_t n)
{
    struct real r = {.m = (u128)1 << 127, .e = -127};
    for (; n; n >>= 1) {
        if (n & 1)
            r = real_mul(r, a);
        a = real_mul(a, a);
    }
    return r;
}

/* a <= b, or a greater by at most 2^-100 of it. */
static bool real_reaches(struct real a, struct real b)
{
    const u128 near = (u128)1 << 27;
    if (a.e == b.e)
        return a.m <= b.m || a.m - b.m <= near;
    if (a.e == b.e + 1) /* the same value on two sides of a power of two */
        return a.m - ((u128)1 << 127) <= near && ~b.m <= near;
    return a.e < b.e;
}

/* Searches t with t^root x left <= right. */
struct search {
    uint32_t root;
    struct real left, right;
    dec tick;
};

static bool reaches(const struct search *s, u128 ticks)
{
    dec t = {(i128)(ticks * (u128)s->tick.v)};
    return real_reaches(real_mul(real_power(real_of(t), s->root), s->left), s->right);
}

static bool highest(const struct search *s, dec *ret)
{
    u128 most = (u128)DEC_I128_MAX / (u128)s->tick.v, low = 0, high = 1;
    while (high < most && reaches(s, high)) {
        low = high;
        high = high > most / 2 ? most : high * 2;
    }
    if (low == 0 || (high == most && reaches(s, high)))
        return false;
    while (high - low > 1) {
        u128 middle = low + (high - low) / 2;
        if (reaches(s, middle))
            low = middle;
        else
            high = middle;
    }
    *ret = (dec){(i128)(low * (u128)s->tick.v)};
    return true;
}

static struct real power_of(dec d, uint32_t n)
{
    return real_power(real_of(d), n);
}

static uint32_t magnitude(int32_t k)
{
    return k < 0 ? 0u - (uint32_t)k : (uint32_t)k;
}

static bool geometric_by_count(const struct params *p, dec tick, int32_t k, dec *ret)
{
    dec lower = p->value[P_LOWER].decimal, upper = p->value[P_UPPER].decimal;
    int32_t n1 = (int32_t)p->value[P_LEVELS].integer - 1, rest = n1 - k;
    struct real one = power_of(DEC_ONE, 0), left = one, right = one;
    if (rest >= 0)
        right = real_mul(right, power_of(lower, magnitude(rest)));
    else
        left = real_mul(left, power_of(lower, magnitude(rest)));
    if (k >= 0)
        right = real_mul(right, power_of(upper, magnitude(k)));
    else
        left = real_mul(left, power_of(upper, magnitude(k)));
    struct search s = {.root = (uint32_t)n1, .left = left, .right = right, .tick = tick};
    return highest(&s, ret);
}

/* Both sides of lower x (1 + step)^k, times 10^18 often enough to be integers. */
static struct search geometric_by_step(const struct params *p, dec tick, int32_t k)
{
    dec lower = p->value[P_LOWER].decimal, ratio = DEC_ONE;
    ratio.v += p->value[P_STEP].decimal.v; /* at most 10: the table says so */
    struct real up = power_of(ratio, magnitude(k)), down = power_of(DEC_ONE, magnitude(k));
    return (struct search){.root = 1,
                           .left = k < 0 ? up : down,
                           .right = real_mul(real_of(lower), k < 0 ? down : up),
                           .tick = tick};
}

static bool arithmetic(const struct params *p, dec tick, int32_t k, dec *ret)
{
    dec lower = p->value[P_LOWER].decimal, offset, price;
    bool ok;
    if (p->value[P_STEP].present) {
        ok = dec_mul_int(p->value[P_STEP].decimal, k, &offset);
    } else {
        dec span, n1 = dec_from_i64(p->value[P_LEVELS].integer - 1, 0);
        ok = dec_sub(p->value[P_UPPER].decimal, lower, &span) &&
             dec_mul_div(span, dec_from_i64(k, 0), n1, DEC_FLOOR, &offset);
    }
    if (!ok || !dec_add(lower, offset, &price) || !dec_is_pos(price) ||
        !dec_round_to(price, tick, DEC_DOWN, &price) || !dec_is_pos(price))
        return false;
    *ret = price;
    return true;
}

bool grid_level(const struct params *p, dec tick, int32_t k, dec *ret)
{
    if (k > EXPONENT_MAX || k < -EXPONENT_MAX)
        return false;
    if (p->value[P_SPACING].choice == SPACING_ARITHMETIC)
        return arithmetic(p, tick, k, ret);
    if (!p->value[P_STEP].present)
        return geometric_by_count(p, tick, k, ret);
    struct search s = geometric_by_step(p, tick, k);
    return highest(&s, ret);
}

uint32_t grid_level_count(const struct params *p)
{
    dec lower = p->value[P_LOWER].decimal, upper = p->value[P_UPPER].decimal, span;
    if (!p->value[P_STEP].present)
        return (uint32_t)p->value[P_LEVELS].integer;
    dec step = p->value[P_STEP].decimal;
    uint32_t n = 1;
    if (p->value[P_SPACING].choice == SPACING_ARITHMETIC) {
        if (!dec_sub(upper, lower, &span))
            return 0;
        i128 steps = span.v / step.v;
        n = steps < GRID_LEVELS_MAX ? (uint32_t)steps + 1 : 0;
    } else {
        for (; n <= GRID_LEVELS_MAX; n++) {
            struct search s = geometric_by_step(p, (dec){1}, (int32_t)n);
            if (!real_reaches(s.right, real_mul(real_of(upper), s.left)))
                break;
        }
        n = n <= GRID_LEVELS_MAX ? n : 0;
    }
    return n >= 2 ? n : 0;
}

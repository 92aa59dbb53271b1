#include "base/decimal.h"

#include "base/check.h"

#include <string.h>

static const uint64_t POW10[20] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

static u128 magnitude(i128 v)
{
    return v < 0 ? (u128)0 - (u128)v : (u128)v;
}

/* ---- 256-bit helpers: the only place that needs them ---- */

struct u256 {
    u128 hi, lo;
};

static struct u256 mul_wide(u128 a, u128 b)
{
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    u128 p00 = (u128)a0 * b0, p01 = (u128)a0 * b1, p10 = (u128)a1 * b0, p11 = (u128)a1 * b1;
    u128 mid = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;
    return (struct u256){.hi = p11 + (p01 >> 64) + (p10 >> 64) + (mid >> 64),
                         .lo = (mid << 64) | (uint64_t)p00};
}

/* One base-2^64 digit of a long division (Knuth, TAOCP 4.3.1, algorithm D): rem:digit / d, where d
 * has its top bit set and rem < d. Returns the digit, leaves the remainder in *rem. */
static uint64_t divide_digit(u128 *rem, uint64_t digit, u128 d)
{
    uint64_t d1 = (uint64_t)(d >> 64), d0 = (uint64_t)d;
    uint64_t r1 = (uint64_t)(*rem >> 64);
    u128 q = r1 >= d1 ? (u128)UINT64_MAX : *rem / d1;
    u128 r = *rem - q * d1;
    while ((r >> 64) == 0 && q * d0 > ((r << 64) | digit)) {
        q--;
        r += d1;
    }
    *rem = ((*rem << 64) | digit) - q * d; /* modulo 2^128: the true remainder is below d */
    return (uint64_t)q;
}

/* n / d with the remainder; false where the quotient needs more than 128 bits. d > 0. */
static bool divide_wide(struct u256 n, u128 d, u128 *quotient, u128 *remainder)
{
    if (n.hi == 0) {
        *quotient = n.lo / d;
        *remainder = n.lo % d;
        return true;
    }
    if (n.hi >= d)
        return false;
    if ((d >> 64) == 0) { /* schoolbook with 64-bit digits; n.hi < d < 2^64 */
        u128 r = (n.hi << 64) | (uint64_t)(n.lo >> 64);
        u128 q = (r / d) << 64;
        r = ((r % d) << 64) | (uint64_t)n.lo;
        *quotient = q | (r / d);
        *remainder = r % d;
        return true;
    }
    int shift = __builtin_clzll((uint64_t)(d >> 64));
    if (shift) {
        d <<= shift;
        n.hi = (n.hi << shift) | (n.lo >> (128 - shift));
        n.lo <<= shift;
    }
    u128 rem = n.hi;
    u128 q = (u128)divide_digit(&rem, (uint64_t)(n.lo >> 64), d) << 64;
    q |= divide_digit(&rem, (uint64_t)n.lo, d);
    *quotient = q;
    *remainder = rem >> shift;
    return true;
}

/* Rounds the magnitude q (remainder r of divisor d) and applies the sign; false on overflow. */
static bool round_signed(u128 q, u128 r, u128 d, bool negative, enum dec_rounding rounding,
                         dec *ret)
{
    bool up = false;
    if (r != 0) {
        switch (rounding) {
        case DEC_DOWN: break;
        case DEC_UP: up = true; break;
        case DEC_FLOOR: up = negative; break;
        case DEC_CEIL: up = !negative; break;
        case DEC_HALF_EVEN: up = r > d - r || (r == d - r && (q & 1)); break;
        }
    }
    if (up)
        q++;
    if (q > (u128)DEC_I128_MAX || (up && q == 0))
        return false;
    ret->v = negative ? -(i128)q : (i128)q;
    return true;
}

static bool mul_div_magnitude(u128 a, u128 b, u128 c, bool negative, enum dec_rounding rounding,
                              dec *ret)
{
    u128 q, r;
    if (c == 0 || !divide_wide(mul_wide(a, b), c, &q, &r))
        return false;
    return round_signed(q, r, c, negative, rounding, ret);
}

bool dec_mul(dec a, dec b, enum dec_rounding rounding, dec *ret)
{
    return mul_div_magnitude(magnitude(a.v), magnitude(b.v), DEC_ONE_U64, (a.v < 0) != (b.v < 0),
                             rounding, ret);
}

bool dec_div(dec a, dec b, enum dec_rounding rounding, dec *ret)
{
    return mul_div_magnitude(magnitude(a.v), DEC_ONE_U64, magnitude(b.v), (a.v < 0) != (b.v < 0),
                             rounding, ret);
}

bool dec_mul_div(dec a, dec b, dec c, enum dec_rounding rounding, dec *ret)
{
    bool negative = ((a.v < 0) != (b.v < 0)) != (c.v < 0);
    return mul_div_magnitude(magnitude(a.v), magnitude(b.v), magnitude(c.v), negative, rounding,
                             ret);
}

bool dec_mul_int(dec a, int64_t n, dec *ret)
{
    i128 r;
    if (__builtin_mul_overflow(a.v, (i128)n, &r) || r == -DEC_I128_MAX - 1)
        return false;
    ret->v = r;
    return true;
}

bool dec_round_to(dec a, dec step, enum dec_rounding rounding, dec *ret)
{
    CHECK(step.v > 0);
    u128 m = magnitude(a.v), s = (u128)step.v;
    dec n;
    if (!round_signed(m / s, m % s, s, a.v < 0, rounding, &n))
        return false;
    i128 r;
    if (__builtin_mul_overflow(n.v, step.v, &r) || r == -DEC_I128_MAX - 1)
        return false;
    ret->v = r;
    return true;
}

bool dec_is_multiple(dec a, dec step)
{
    CHECK(step.v > 0);
    return a.v % step.v == 0;
}

bool dec_to_steps(dec a, dec step, int64_t *ret)
{
    CHECK(step.v > 0);
    i128 q = a.v / step.v;
    if (a.v % step.v != 0 || q > INT64_MAX || q < INT64_MIN)
        return false;
    *ret = (int64_t)q;
    return true;
}

bool dec_sqrt(dec a, dec *ret)
{
    if (a.v < 0)
        return false;
    /* floor(sqrt(v * 10^18)) by bisection on the bits: v * 10^18 < 2^187, so the root has at most
     * 94 bits. */
    struct u256 n = mul_wide((u128)a.v, DEC_ONE_U64);
    u128 root = 0;
    for (int bit = 94; bit >= 0; bit--) {
        u128 trial = root | ((u128)1 << bit);
        struct u256 square = mul_wide(trial, trial);
        if (square.hi < n.hi || (square.hi == n.hi && square.lo <= n.lo))
            root = trial;
    }
    ret->v = (i128)root;
    return true;
}

double dec_to_double(dec a)
{
    /* Split so that both conversions are exact to the last bit of the sum on every compiler. */
    i128 whole = a.v / (i128)DEC_ONE_U64, part = a.v % (i128)DEC_ONE_U64;
    return (double)whole + (double)(int64_t)part / 1e18;
}

dec dec_from_i64(int64_t units, unsigned scale)
{
    CHECK(scale <= DEC_SCALE);
    return (dec){(i128)units * (i128)POW10[DEC_SCALE - scale]};
}

/* ---- text ---- */

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Eight ASCII digits at [p] as a number; false when one of them is no digit. (SWAR: three
 * multiplications instead of eight dependent steps; depth messages are mostly 8-digit fractions.)
 */
static bool eight_digits(const char *p, uint64_t *ret)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    x ^= UINT64_C(0x3030303030303030);
    if ((x | (x + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080))
        return false;
    x = x * 10 + (x >> 8);
    *ret = (((x & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
            (((x >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >>
           32;
    return true;
}

/* The general reader of digits[.digits], for what the short path of dec_scan() does not take. */
static enum err scan_long(const char **p, const char *end, dec *ret)
{
    const char *s = *p;
    u128 value = 0;
    const u128 limit = (u128)DEC_I128_MAX / 10;
    if (s == end || !is_digit(*s))
        return ERR_SYNTAX;
    for (; s < end && is_digit(*s); s++) {
        if (value > limit)
            return ERR_RANGE;
        value = value * 10 + (unsigned)(*s - '0');
    }
    unsigned places = 0;
    if (s < end && *s == '.') {
        s++;
        if (s == end || !is_digit(*s))
            return ERR_SYNTAX;
        for (; s < end && is_digit(*s); s++) {
            if (places == DEC_SCALE) {
                if (*s != '0')
                    return ERR_PRECISION;
                continue;
            }
            if (value > limit)
                return ERR_RANGE;
            value = value * 10 + (unsigned)(*s - '0');
            places++;
        }
    }
    u128 scaled;
    if (__builtin_mul_overflow(value, (u128)POW10[DEC_SCALE - places], &scaled) ||
        scaled > (u128)DEC_I128_MAX)
        return ERR_RANGE;
    ret->v = (i128)scaled;
    *p = s;
    return ERR_OK;
}

enum err dec_scan(const char **p, const char *end, dec *ret)
{
    const char *s = *p;
    uint64_t whole = 0;
    unsigned n = 0;
    while (s < end && is_digit(*s) && n < 10) {
        whole = whole * 10 + (unsigned)(*s - '0');
        s++;
        n++;
    }
    uint64_t part;
    /* The shape venues send: up to ten whole digits, a point, exactly eight decimals. */
    if (n > 0 && end - s >= 10 && *s == '.' && eight_digits(s + 1, &part) && !is_digit(s[9])) {
        ret->v = (i128)(whole * POW10[8] + part) * (i128)POW10[10];
        *p = s + 9;
        return ERR_OK;
    }
    return scan_long(p, end, ret);
}

/* Multiplies by ten to the [exponent]; exact or an error. */
static enum err apply_exponent(i128 *v, int exponent)
{
    for (; exponent > 0 && *v != 0; exponent--)
        if (__builtin_mul_overflow(*v, (i128)10, v) || *v == -DEC_I128_MAX - 1)
            return ERR_RANGE;
    for (; exponent < 0 && *v != 0; exponent++) {
        if (*v % 10 != 0)
            return ERR_PRECISION;
        *v /= 10;
    }
    return ERR_OK;
}

enum err dec_parse(const char *text, size_t len, dec *ret)
{
    const char *p = text, *end = text + len;
    bool negative = p < end && *p == '-';
    if (negative)
        p++;
    dec d;
    enum err e = dec_scan(&p, end, &d);
    if (e)
        return e;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool down = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        if (p == end)
            return ERR_SYNTAX;
        int exponent = 0;
        for (; p < end && is_digit(*p); p++)
            if (exponent < 1000) /* beyond that every non-zero number is out of range anyway */
                exponent = exponent * 10 + (*p - '0');
        if (p != end)
            return ERR_SYNTAX;
        e = apply_exponent(&d.v, down ? -exponent : exponent);
        if (e)
            return e;
    }
    if (p != end)
        return ERR_SYNTAX;
    ret->v = negative ? -d.v : d.v;
    return ERR_OK;
}

dec dec_lit(const char *text)
{
    dec d = DEC_ZERO;
    CHECK(dec_parse(text, strlen(text), &d) == ERR_OK);
    return d;
}

/* Writes [v] in decimal, most significant digit first; returns the count. */
static size_t write_u128(u128 v, char *out)
{
    char digits[40];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

size_t dec_format_places(dec d, unsigned places, enum dec_rounding rounding, char *out)
{
    CHECK(places <= DEC_SCALE);
    u128 m = magnitude(d.v), unit = POW10[DEC_SCALE - places];
    dec rounded;
    /* Cannot overflow: the quotient is at most |d|, plus one only when something was dropped. */
    CHECK(round_signed(m / unit, m % unit, unit, d.v < 0, rounding, &rounded));
    u128 q = magnitude(rounded.v);
    size_t n = 0;
    if (rounded.v < 0)
        out[n++] = '-';
    n += write_u128(q / POW10[places], out + n);
    if (places) {
        out[n++] = '.';
        uint64_t part = (uint64_t)(q % POW10[places]);
        for (unsigned i = places; i-- > 0;) {
            out[n + i] = (char)('0' + (int)(part % 10));
            part /= 10;
        }
        n += places;
    }
    out[n] = 0;
    return n;
}

size_t dec_format(dec d, char *out)
{
    size_t n = dec_format_places(d, DEC_SCALE, DEC_DOWN, out);
    while (out[n - 1] == '0')
        n--;
    if (out[n - 1] == '.')
        n--;
    out[n] = 0;
    return n;
}

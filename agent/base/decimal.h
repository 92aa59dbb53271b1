/* Exact decimals: every price, quantity, amount, fee and ratio of the project.
 *
 * A dec is a signed 128-bit integer counting units of 10^-18, so that one type holds 18-decimals
 * token amounts and 1e-10 prices without loss, and values up to about 1.7 * 10^20. There is no
 * other money type and no binary floating point: addition and comparison are exact, and every
 * operation that can lose digits names its rounding. Arithmetic is checked: on overflow the
 * function returns false (or ERR_OVERFLOW) and leaves *ret untouched.
 *
 * Why our own: libmpdec is not in Debian 12, GMP allocates, and the engine may not; a fixed-point
 * 128-bit integer is 300 lines and is tested against GMP on random input.
 */
#ifndef TW_BASE_DECIMAL_H
#define TW_BASE_DECIMAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#define DEC_SCALE    18
#define DEC_ONE_U64  UINT64_C(1000000000000000000) /* 10^18: the integer that stands for 1 */
#define DEC_TEXT_MAX 48                            /* longest text plus NUL */

typedef struct dec {
    i128 v; /* value times 10^18; never INT128_MIN, so that negation cannot overflow */
} dec;

enum dec_rounding {
    DEC_DOWN,      /* towards zero */
    DEC_UP,        /* away from zero */
    DEC_FLOOR,     /* towards minus infinity */
    DEC_CEIL,      /* towards plus infinity */
    DEC_HALF_EVEN, /* nearest, ties to the even last digit */
};

#define DEC_I128_MAX ((i128)((~(u128)0) >> 1))
#define DEC_ZERO     ((dec){0})
#define DEC_ONE      ((dec){(i128)DEC_ONE_U64})
#define DEC_MAX      ((dec){DEC_I128_MAX})

/* Parses [len] bytes: [-]digits[.digits][(e|E)[+-]digits], the whole text, no spaces, no leading
 * '+', at least one digit before a '.' and one after. JSON's leading-zero rule is not enforced
 * ("007" is 7). Returns ERR_SYNTAX, ERR_RANGE (too large), or ERR_PRECISION (a non-zero digit below
 * 10^-18). */
enum err dec_parse(const char *text, size_t len, dec *ret) MUST_CHECK;

/* dec_parse of a NUL-terminated literal that is known to be valid; CHECKs that it is. */
dec dec_lit(const char *text);

/* The hot-path form: reads a plain unsigned number (digits[.digits]) at *p, before [end], and
 * advances *p behind it. Same result as dec_parse on the consumed text; an exponent or a sign is
 * ERR_SYNTAX. */
enum err dec_scan(const char **p, const char *end, dec *ret) MUST_CHECK;

/* Writes the shortest exact text ("0.1", "-3", "61837.63"), NUL-terminated; returns its length.
 * Parsing it back gives the same dec. [out] has DEC_TEXT_MAX bytes. */
size_t dec_format(dec d, char *out);

/* As dec_format, with exactly [places] digits behind the point (0..18), rounded as told: for
 * people. */
size_t dec_format_places(dec d, unsigned places, enum dec_rounding rounding, char *out);

/* From an integer count of 10^-[scale] units: dec_from_i64(12345, 2) is 123.45. scale is 0..18. */
dec dec_from_i64(int64_t units, unsigned scale);

static inline int dec_cmp(dec a, dec b)
{
    return (a.v > b.v) - (a.v < b.v);
}
static inline bool dec_eq(dec a, dec b)
{
    return a.v == b.v;
}
static inline bool dec_lt(dec a, dec b)
{
    return a.v < b.v;
}
static inline bool dec_le(dec a, dec b)
{
    return a.v <= b.v;
}
static inline bool dec_gt(dec a, dec b)
{
    return a.v > b.v;
}
static inline bool dec_ge(dec a, dec b)
{
    return a.v >= b.v;
}
static inline bool dec_is_zero(dec a)
{
    return a.v == 0;
}
static inline bool dec_is_pos(dec a)
{
    return a.v > 0;
}
static inline bool dec_is_neg(dec a)
{
    return a.v < 0;
}
static inline dec dec_neg(dec a)
{
    return (dec){-a.v};
}
static inline dec dec_abs(dec a)
{
    return a.v < 0 ? dec_neg(a) : a;
}
static inline dec dec_min(dec a, dec b)
{
    return a.v < b.v ? a : b;
}
static inline dec dec_max(dec a, dec b)
{
    return a.v > b.v ? a : b;
}

/* Exact; false on overflow. */
static inline bool MUST_CHECK dec_add(dec a, dec b, dec *ret)
{
    i128 r;
    if (__builtin_add_overflow(a.v, b.v, &r) || r == -DEC_I128_MAX - 1)
        return false;
    ret->v = r;
    return true;
}
static inline bool MUST_CHECK dec_sub(dec a, dec b, dec *ret)
{
    return dec_add(a, dec_neg(b), ret);
}

/* a * b, a / b, and a * b / c with one rounding at the end (the product is held in 256 bits); false
 * on overflow or division by zero. */
bool dec_mul(dec a, dec b, enum dec_rounding rounding, dec *ret) MUST_CHECK;
bool dec_div(dec a, dec b, enum dec_rounding rounding, dec *ret) MUST_CHECK;
bool dec_mul_div(dec a, dec b, dec c, enum dec_rounding rounding, dec *ret) MUST_CHECK;

/* Exact product with a small integer. */
bool dec_mul_int(dec a, int64_t n, dec *ret) MUST_CHECK;

/* The multiple of [step] (> 0, CHECKed) next to [a] in the direction of [rounding]; false on
 * overflow. */
bool dec_round_to(dec a, dec step, enum dec_rounding rounding, dec *ret) MUST_CHECK;

/* Whether [a] is a whole multiple of [step] (> 0). */
bool dec_is_multiple(dec a, dec step);

/* a / step for a whole multiple, as an integer; false where it does not divide or does not fit. */
bool dec_to_steps(dec a, dec step, int64_t *ret) MUST_CHECK;

/* floor(sqrt(a)) at 18 places, a >= 0; false where a is negative. */
bool dec_sqrt(dec a, dec *ret) MUST_CHECK;

/* Nearest double, for indicators only: no value that came through here may become money again. */
double dec_to_double(dec a);

#endif

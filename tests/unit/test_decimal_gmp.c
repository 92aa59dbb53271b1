/* Every arithmetic function of base/decimal.h against GMP, on random and on edge values.
 *
 * GMP knows no 128-bit limit and no rounding mode: the expected value is the exact rational,
 * rounded here by its definition, and the expected overflow is "does not fit into +-(2^127 - 1)".
 * DECIMAL_SEED repeats a run, DECIMAL_ROUNDS sets its length.
 */
#include "base/decimal.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <gmp.h>

#define ROUNDS_DEFAULT 1000000

static const enum dec_rounding ROUNDINGS[] = {DEC_DOWN, DEC_UP, DEC_FLOOR, DEC_CEIL, DEC_HALF_EVEN};
static const char *const ROUNDING_NAMES[] = {"down", "up", "floor", "ceil", "half_even"};
#define ROUNDINGS_N (sizeof ROUNDINGS / sizeof *ROUNDINGS)

static uint64_t seed;
static long rounds = ROUNDS_DEFAULT;

static void mpz_from(mpz_t z, i128 v)
{
    u128 m = v < 0 ? (u128)0 - (u128)v : (u128)v;
    uint64_t words[2] = {(uint64_t)m, (uint64_t)(m >> 64)};
    mpz_import(z, 2, -1, sizeof words[0], 0, 0, words);
    if (v < 0)
        mpz_neg(z, z);
}

/* Whether z is a dec; sets *ret if so. */
static bool mpz_to(const mpz_t z, dec *ret)
{
    uint64_t words[2] = {0, 0};
    if (mpz_sizeinbase(z, 2) > 127)
        return false;
    mpz_export(words, NULL, -1, sizeof words[0], 0, 0, z);
    i128 m = (i128)(((u128)words[1] << 64) | words[0]);
    ret->v = mpz_sgn(z) < 0 ? -m : m;
    return true;
}

/* q = n / d rounded as told, by definition: floor and remainder first. */
static void divide(mpz_t q, const mpz_t n, const mpz_t d, enum dec_rounding rounding)
{
    mpz_t r, twice;
    mpz_inits(r, twice, NULL);
    bool negative = mpz_sgn(n) * mpz_sgn(d) < 0;
    switch (rounding) {
    case DEC_DOWN: mpz_tdiv_q(q, n, d); break;
    case DEC_UP:
        if (negative)
            mpz_fdiv_q(q, n, d);
        else
            mpz_cdiv_q(q, n, d);
        break;
    case DEC_FLOOR: mpz_fdiv_q(q, n, d); break;
    case DEC_CEIL: mpz_cdiv_q(q, n, d); break;
    case DEC_HALF_EVEN:
        mpz_fdiv_qr(q, r, n, d);
        mpz_mul_2exp(twice, r, 1);
        {
            int c = mpz_cmpabs(twice, d);
            if (c > 0 || (c == 0 && mpz_odd_p(q)))
                mpz_add_ui(q, q, 1);
        }
        break;
    }
    mpz_clears(r, twice, NULL);
}

/* Values as they occur (few digits, venue scales), as they hurt (near limits, powers), and any. */
static dec random_dec(struct rng *r)
{
    static const char *const EDGES[] = {
        "0",  "1",   "0.000000000000000001", "0.1",      "0.00000001",
        "10", "0.5", "1000000000",           "61837.63", "0.0000000001"};
    i128 v;
    switch (rng_below(r, 8)) {
    case 0: v = dec_lit(EDGES[rng_below(r, sizeof EDGES / sizeof *EDGES)]).v; break;
    case 1: v = DEC_I128_MAX - (i128)rng_below(r, 3); break;
    case 2: v = ((i128)1 << rng_below(r, 127)) + (i128)rng_below(r, 3) - 1; break;
    case 3: /* a price or quantity with up to 8 decimals */
        v = (i128)rng_below(r, UINT64_C(1) << rng_below(r, 60)) * INT64_C(10000000000);
        break;
    case 4: v = (i128)rng_below(r, 1000); break; /* some smallest units */
    default: {
        u128 wide = ((u128)rng_u64(r) << 64) | rng_u64(r);
        v = (i128)(wide >> (1 + rng_below(r, 127)));
        break;
    }
    }
    return (dec){rng_u64(r) & 1 ? -v : v};
}

static void report(const char *what, const char *rounding, dec a, dec b, dec c)
{
    char ta[DEC_TEXT_MAX], tb[DEC_TEXT_MAX], tc[DEC_TEXT_MAX];
    dec_format(a, ta);
    dec_format(b, tb);
    dec_format(c, tc);
    fail_msg("%s %s of %s, %s, %s (DECIMAL_SEED=%llu)", what, rounding, ta, tb, tc,
             (unsigned long long)seed);
}

/* The answer (ok, got) of a function against the exact integer [want]; got must keep its old value
 * where the result does not fit. */
static bool agrees(bool ok, dec got, const mpz_t want)
{
    dec expected;
    const dec untouched = {42};
    if (!mpz_to(want, &expected))
        return !ok && dec_eq(got, untouched);
    return ok && dec_eq(got, expected);
}

struct numbers {
    mpz_t a, b, c, one, n, q;
};

static void check_products(struct numbers *z, dec a, dec b, dec c)
{
    for (size_t i = 0; i < ROUNDINGS_N; i++) {
        enum dec_rounding how = ROUNDINGS[i];
        dec got = {42};
        mpz_mul(z->n, z->a, z->b);
        divide(z->q, z->n, z->one, how);
        bool ok = dec_mul(a, b, how, &got);
        if (!agrees(ok, got, z->q))
            report("mul", ROUNDING_NAMES[i], a, b, c);

        got.v = 42;
        ok = dec_mul_div(a, b, c, how, &got);
        if (dec_is_zero(c)) {
            if (ok || got.v != 42)
                report("mul_div by zero", ROUNDING_NAMES[i], a, b, c);
        } else {
            divide(z->q, z->n, z->c, how);
            if (!agrees(ok, got, z->q))
                report("mul_div", ROUNDING_NAMES[i], a, b, c);
        }

        got.v = 42;
        ok = dec_div(a, b, how, &got);
        if (dec_is_zero(b)) {
            if (ok || got.v != 42)
                report("div by zero", ROUNDING_NAMES[i], a, b, c);
        } else {
            mpz_mul(z->n, z->a, z->one);
            divide(z->q, z->n, z->b, how);
            if (!agrees(ok, got, z->q))
                report("div", ROUNDING_NAMES[i], a, b, c);
        }

        dec step = dec_abs(c);
        if (dec_is_zero(step))
            continue;
        got.v = 42;
        ok = dec_round_to(a, step, how, &got);
        mpz_abs(z->n, z->c);
        divide(z->q, z->a, z->n, how);
        mpz_mul(z->q, z->q, z->n);
        if (!agrees(ok, got, z->q))
            report("round_to", ROUNDING_NAMES[i], a, b, c);
    }
}

static void check_sums(struct numbers *z, dec a, dec b, dec c)
{
    dec got = {42};
    mpz_add(z->q, z->a, z->b);
    bool ok = dec_add(a, b, &got);
    if (!agrees(ok, got, z->q))
        report("add", "", a, b, c);
    got.v = 42;
    mpz_sub(z->q, z->a, z->b);
    ok = dec_sub(a, b, &got);
    if (!agrees(ok, got, z->q))
        report("sub", "", a, b, c);
    int64_t n = (int64_t)b.v;
    got.v = 42;
    mpz_from(z->n, n);
    mpz_mul(z->q, z->a, z->n);
    ok = dec_mul_int(a, n, &got);
    if (!agrees(ok, got, z->q))
        report("mul_int", "", a, b, c);
    int order = mpz_cmp(z->a, z->b);
    if (dec_cmp(a, b) != (order > 0) - (order < 0))
        report("cmp", "", a, b, c);
}

static void check_steps_and_roots(struct numbers *z, dec a, dec b, dec c)
{
    dec got = {42};
    bool ok = dec_sqrt(a, &got);
    if (dec_is_neg(a)) {
        if (ok || got.v != 42)
            report("sqrt of a negative", "", a, b, c);
    } else {
        mpz_mul(z->n, z->a, z->one);
        mpz_sqrt(z->q, z->n);
        if (!agrees(ok, got, z->q))
            report("sqrt", "", a, b, c);
    }
    dec step = dec_abs(c);
    if (dec_is_zero(step))
        return;
    bool divides = mpz_divisible_p(z->a, z->c) != 0;
    if (dec_is_multiple(a, step) != divides)
        report("is_multiple", "", a, b, c);
    mpz_abs(z->n, z->c);
    mpz_tdiv_q(z->q, z->a, z->n);
    int64_t steps = 42;
    ok = dec_to_steps(a, step, &steps);
    bool fits = divides && mpz_fits_slong_p(z->q);
    if (ok != fits || steps != (fits ? mpz_get_si(z->q) : 42))
        report("to_steps", "", a, b, c);
}

/* The exact text of z / 10^18, made by GMP. */
static void gmp_text(const mpz_t z, char *out)
{
    char digits[64];
    mpz_t m;
    mpz_init(m);
    mpz_abs(m, z);
    char *raw = mpz_get_str(NULL, 10, m);
    mpz_clear(m);
    snprintf(digits, sizeof digits, "%019d", 0);
    size_t n = strlen(raw);
    if (n >= 19)
        snprintf(digits, sizeof digits, "%s", raw);
    else
        memcpy(digits + 19 - n, raw, n);
    void (*release)(void *, size_t);
    mp_get_memory_functions(NULL, NULL, &release);
    release(raw, n + 1);
    n = strlen(digits);
    while (n > 0 && digits[n - 1] == '0' && strlen(digits) - n < 18)
        n--;
    size_t whole = strlen(digits) - 18;
    int places = n > whole ? (int)(n - whole) : 0;
    snprintf(out, 64, "%s%.*s%s%.*s", mpz_sgn(z) < 0 ? "-" : "", (int)whole, digits,
             places ? "." : "", places, digits + whole);
}

static void check_text(struct numbers *z, dec a)
{
    char text[DEC_TEXT_MAX], want[64];
    size_t len = dec_format(a, text);
    gmp_text(z->a, want);
    dec back = {42};
    if (strcmp(text, want) != 0 || len != strlen(text))
        fail_msg("format gives %s, exact is %s (DECIMAL_SEED=%llu)", text, want,
                 (unsigned long long)seed);
    if (dec_parse(text, len, &back) != ERR_OK || !dec_eq(back, a))
        fail_msg("%s does not parse back (DECIMAL_SEED=%llu)", text, (unsigned long long)seed);
    const char *p = text + (text[0] == '-');
    back.v = 42;
    if (dec_scan(&p, text + len, &back) != ERR_OK || p != text + len || !dec_eq(back, dec_abs(a)))
        fail_msg("%s does not scan back (DECIMAL_SEED=%llu)", text, (unsigned long long)seed);
}

static void numbers_init(struct numbers *z)
{
    mpz_inits(z->a, z->b, z->c, z->one, z->n, z->q, NULL);
    mpz_ui_pow_ui(z->one, 10, 18);
}

static void numbers_clear(struct numbers *z)
{
    mpz_clears(z->a, z->b, z->c, z->one, z->n, z->q, NULL);
}

static void check_all(struct numbers *z, dec a, dec b, dec c)
{
    mpz_from(z->a, a.v);
    mpz_from(z->b, b.v);
    mpz_from(z->c, c.v);
    check_sums(z, a, b, c);
    check_products(z, a, b, c);
    check_steps_and_roots(z, a, b, c);
    check_text(z, a);
}

static void test_random_values_agree_with_gmp(void **state)
{
    (void)state;
    struct numbers z;
    numbers_init(&z);
    struct rng r;
    rng_seed(&r, seed);
    for (long i = 0; i < rounds; i++) {
        dec a = random_dec(&r), b = random_dec(&r), c = random_dec(&r);
        check_all(&z, a, b, c);
    }
    numbers_clear(&z);
}

/* Ties and their neighbours: random values meet a tie too rarely to prove half_even. */
static void test_ties_agree_with_gmp(void **state)
{
    (void)state;
    struct numbers z;
    numbers_init(&z);
    struct rng r;
    rng_seed(&r, seed + 1);
    for (long i = 0; i < rounds / 20; i++) {
        i128 k = (i128)rng_below(&r, UINT64_C(1) << rng_below(&r, 63));
        i128 d = 2 * (i128)(1 + rng_below(&r, UINT64_C(1) << rng_below(&r, 62)));
        i128 n = k % (DEC_I128_MAX / d / 2) * d + d / 2 + (i128)rng_below(&r, 3) - 1;
        /* n * 1 / d in units: mul_div of (n, 1 unit, d) and round_to(n, d) both meet the tie */
        dec a = {rng_u64(&r) & 1 ? -n : n}, b = {1}, c = {rng_u64(&r) & 1 ? -d : d};
        check_all(&z, a, b, c);
    }
    numbers_clear(&z);
}

static void test_edges_against_each_other(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "0",
        "0.000000000000000001",
        "0.000000000000000002",
        "0.499999999999999999",
        "0.5",
        "0.500000000000000001",
        "0.999999999999999999",
        "1",
        "1.000000000000000001",
        "2",
        "1.5",
        "2.5",
        "10",
        "18.446744073709551615", /* 2^64 - 1 units */
        "18.446744073709551616",
        "18446744073709551616",
        "13043817825.332782212349571806", /* its square just fits */
        "13043817825.332782212349571807",
        "85070591730234615865.843651857942052864", /* 2^126 units */
        "170141183460469231731.687303715884105726",
        "170141183460469231731.687303715884105727", /* 2^127 - 1 units: the largest */
    };
    enum { N = sizeof TEXTS / sizeof *TEXTS };
    struct numbers z;
    numbers_init(&z);
    for (int i = 0; i < 2 * N; i++)
        for (int j = 0; j < 2 * N; j++)
            for (int k = 0; k < 2 * N; k++) {
                dec a = dec_lit(TEXTS[i / 2]), b = dec_lit(TEXTS[j / 2]), c = dec_lit(TEXTS[k / 2]);
                check_all(&z, i & 1 ? dec_neg(a) : a, j & 1 ? dec_neg(b) : b,
                          k & 1 ? dec_neg(c) : c);
            }
    numbers_clear(&z);
}

int main(void)
{
    const char *s = getenv("DECIMAL_SEED"), *n = getenv("DECIMAL_ROUNDS");
    seed = s ? strtoull(s, NULL, 10) : (uint64_t)time(NULL);
    if (n)
        rounds = strtol(n, NULL, 10);
    printf("# DECIMAL_SEED=%llu DECIMAL_ROUNDS=%ld\n", (unsigned long long)seed, rounds);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_values_agree_with_gmp),
        cmocka_unit_test(test_ties_agree_with_gmp),
        cmocka_unit_test(test_edges_against_each_other),
    };
    return cmocka_run_group_tests_name("decimal_gmp", tests, NULL, NULL);
}

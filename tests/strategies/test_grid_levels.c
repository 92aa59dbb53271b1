/* Where the levels of a grid lie: exact, also where that takes a root, against GMP. */
#include "base/rng.h"
#include "grids.h"
#include "strategies/grid_internal.h"

#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct params params(const char *lower, const char *upper, const char *spacing,
                            int64_t levels, const char *step)
{
    struct params p = {.count = P_COUNT};
    p.value[P_LOWER] = (struct param_value){.present = true, .decimal = D(lower)};
    p.value[P_UPPER] = (struct param_value){.present = true, .decimal = D(upper)};
    p.value[P_LEVELS] = (struct param_value){.present = levels > 0, .integer = levels};
    if (step)
        p.value[P_STEP] = (struct param_value){.present = true, .decimal = D(step)};
    p.value[P_SPACING].choice = spacing[0] == 'g' ? SPACING_GEOMETRIC : SPACING_ARITHMETIC;
    return p;
}

static void assert_levels(const struct params *p, const char *tick, const char *want)
{
    char have[2048] = "", text[DEC_TEXT_MAX];
    uint32_t n = grid_level_count(p);
    for (uint32_t k = 0; k < n; k++) {
        dec price;
        assert_true(grid_level(p, D(tick), (int32_t)k, &price));
        dec_format(price, text);
        size_t len = strlen(have);
        snprintf(have + len, sizeof have - len, "%s%s", k ? " " : "", text);
    }
    assert_string_equal(have, want);
}

static void arithmetic_levels(void **state)
{
    (void)state;
    struct params p = params("100", "110", "arithmetic", 4, NULL);
    assert_levels(&p, "0.01", "100 103.33 106.66 110");
    p = params("100", "110", "arithmetic", 0, "3.3");
    assert_levels(&p, "0.01", "100 103.3 106.6 109.9");
    p = params("100", "109.9", "arithmetic", 0, "3.3"); /* the last step ends exactly at upper */
    assert_levels(&p, "0.01", "100 103.3 106.6 109.9");
    p = params("100", "109.89", "arithmetic", 0, "3.3");
    assert_levels(&p, "0.01", "100 103.3 106.6");
}

/* Exact roots are exact: a computation that is a hair too low would give the tick below. */
static void geometric_levels(void **state)
{
    (void)state;
    struct params p = params("100", "1600", "geometric", 5, NULL);
    assert_levels(&p, "0.01", "100 200 400 800 1600");
    p = params("0.00000001", "0.0001", "geometric", 5, NULL);
    assert_levels(&p, "0.00000001", "0.00000001 0.0000001 0.000001 0.00001 0.0001");
    p = params("1000", "2000", "geometric", 4, NULL); /* 1000 x 2^(1/3), 2^(2/3) */
    assert_levels(&p, "0.000001", "1000 1259.921049 1587.401051 2000");
    p = params("100", "121", "geometric", 0, "0.1");
    assert_levels(&p, "0.01", "100 110 121");
    p = params("100", "120.99", "geometric", 0, "0.1");
    assert_levels(&p, "0.01", "100 110");
    p = params("100", "150", "geometric", 0, "0.1");
    assert_levels(&p, "0.01", "100 110 121 133.1 146.41");
}

/* Trailing needs those beyond the range. */
static void levels_outside_the_range(void **state)
{
    (void)state;
    struct params p = params("100", "400", "geometric", 3, NULL);
    dec d;
    assert_true(grid_level(&p, D("0.01"), 3, &d));
    assert_true(dec_eq(d, D("800")));
    assert_true(grid_level(&p, D("0.01"), -2, &d));
    assert_true(dec_eq(d, D("25")));
    assert_true(grid_level(&p, D("0.01"), -13, &d)); /* 0.0122 */
    assert_true(dec_eq(d, D("0.01")));
    assert_false(grid_level(&p, D("0.01"), -14, &d)); /* below a tick */
    assert_false(grid_level(&p, D("0.01"), 70, &d));  /* more than there is */
    assert_false(grid_level(&p, D("0.01"), 2000000, &d));
    p = params("100", "400", "arithmetic", 3, NULL);
    assert_true(grid_level(&p, D("0.01"), 3, &d));
    assert_true(dec_eq(d, D("550")));
    assert_false(grid_level(&p, D("0.01"), -1, &d));
    p = params("100", "201", "arithmetic", 3, NULL);
    assert_true(grid_level(&p, D("1"), -1, &d));
    assert_true(dec_eq(d, D("49"))); /* 49.5, rounded down */
    p = params("100", "121", "geometric", 0, "0.1");
    assert_true(grid_level(&p, D("0.01"), -1, &d));
    assert_true(dec_eq(d, D("90.9")));
}

static void how_many(void **state)
{
    (void)state;
    struct params p = params("100", "110", "arithmetic", 0, "10");
    assert_int_equal(grid_level_count(&p), 2);
    p = params("100", "110", "arithmetic", 0, "10.01");
    assert_int_equal(grid_level_count(&p), 0);
    p = params("100", "299", "arithmetic", 0, "1");
    assert_int_equal(grid_level_count(&p), 200);
    p = params("100", "300", "arithmetic", 0, "1");
    assert_int_equal(grid_level_count(&p), 0);
    p = params("100", "110", "geometric", 0, "0.1");
    assert_int_equal(grid_level_count(&p), 2);
    p = params("100", "110", "geometric", 0, "0.100001");
    assert_int_equal(grid_level_count(&p), 0);
    p = params("100", "1000000", "geometric", 0, "0.001");
    assert_int_equal(grid_level_count(&p), 0);
}

static void set_mpz(mpz_t z, dec d)
{
    char text[DEC_TEXT_MAX];
    size_t n = dec_format_places(d, 18, DEC_DOWN, text);
    memmove(text + n - 19, text + n - 18, 19); /* without the point */
    mpz_set_str(z, text, 10);
}

static void multiply_power(mpz_t z, dec d, uint32_t n)
{
    mpz_t x;
    mpz_init(x);
    set_mpz(x, d);
    mpz_pow_ui(x, x, n);
    mpz_mul(z, z, x);
    mpz_clear(x);
}

/* Whether t^(n-1) <= lower^(n-1-k) x upper^k, in integers. */
static bool reaches(const struct params *p, dec t, int32_t k)
{
    int32_t n1 = (int32_t)p->value[P_LEVELS].integer - 1;
    dec lower = p->value[P_LOWER].decimal, upper = p->value[P_UPPER].decimal;
    mpz_t left, right;
    mpz_init_set_ui(left, 1);
    mpz_init_set_ui(right, 1);
    multiply_power(left, t, (uint32_t)n1);
    multiply_power(n1 >= k ? right : left, lower, (uint32_t)abs(n1 - k));
    multiply_power(k >= 0 ? right : left, upper, (uint32_t)abs(k));
    bool ok = mpz_cmp(left, right) <= 0;
    mpz_clear(left);
    mpz_clear(right);
    return ok;
}

static void roots_agree_with_gmp(void **state)
{
    (void)state;
    const char *text = getenv("GRID_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20261123;
    print_message("GRID_SEED=%llu\n", (unsigned long long)seed);
    struct rng r;
    rng_seed(&r, seed);
    uint32_t compared = 0;
    for (int i = 0; i < 400; i++) {
        unsigned places = (unsigned)rng_below(&r, 12);
        dec tick = dec_from_i64(1, places);
        dec lower = dec_from_i64((int64_t)rng_below(&r, 10000000) + 100, places), upper;
        uint64_t kind = rng_below(&r, 3);
        assert_true(dec_mul_int(lower, (int64_t)rng_below(&r, kind ? 8 : 2000) + 2, &upper));
        if (kind == 2) /* perfect powers are the hard case */
            lower = dec_from_i64((int64_t)1 << rng_below(&r, 20), places),
            assert_true(dec_mul_int(lower, (int64_t)1 << rng_below(&r, 30), &upper));
        if (dec_le(upper, lower))
            continue;
        struct params p = {.count = P_COUNT};
        p.value[P_SPACING].choice = SPACING_GEOMETRIC;
        p.value[P_LOWER] = (struct param_value){.present = true, .decimal = lower};
        p.value[P_UPPER] = (struct param_value){.present = true, .decimal = upper};
        p.value[P_LEVELS] =
            (struct param_value){.present = true, .integer = (int64_t)rng_below(&r, 199) + 2};
        for (int j = 0; j < 6; j++) {
            int32_t k = (int32_t)rng_below(&r, 260) - 30;
            dec t, above;
            if (!grid_level(&p, tick, k, &t))
                continue;
            assert_true(dec_is_multiple(t, tick));
            assert_true(reaches(&p, t, k));
            assert_true(dec_add(t, tick, &above));
            assert_false(reaches(&p, above, k));
            compared++;
        }
    }
    assert_true(compared > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_levels),        cmocka_unit_test(geometric_levels),
        cmocka_unit_test(levels_outside_the_range), cmocka_unit_test(how_many),
        cmocka_unit_test(roots_agree_with_gmp),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("grid_levels", tests, NULL, NULL);
}

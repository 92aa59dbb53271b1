/* Decimal texts: what is read, what is refused and why, and what is written. */
#include "base/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_TEXT "170141183460469231731.687303715884105727"

static enum err parse(const char *text, dec *ret)
{
    /* An exact heap copy, so that AddressSanitizer sees a read past the end. */
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    enum err e = dec_parse(copy, len, ret);
    free(copy);
    return e;
}

static void accepts(const char *text, const char *canonical)
{
    dec d = {42};
    char out[DEC_TEXT_MAX];
    if (parse(text, &d) != ERR_OK)
        fail_msg("%s was refused", text);
    size_t n = dec_format(d, out);
    if (strcmp(out, canonical) != 0 || n != strlen(canonical))
        fail_msg("%s was written as %s, not %s", text, out, canonical);
}

static void refuses(const char *text, enum err why)
{
    dec d = {42};
    enum err e = parse(text, &d);
    if (e != why)
        fail_msg("'%s' gave %s, not %s", text, err_name(e), err_name(why));
    if (d.v != 42)
        fail_msg("'%s' was refused, but changed the output", text);
}

static void test_plain_numbers(void **state)
{
    (void)state;
    accepts("0", "0");
    accepts("-0", "0");
    accepts("0.0", "0");
    accepts("007", "7");
    accepts("1", "1");
    accepts("-1.50", "-1.5");
    accepts("61837.63", "61837.63");
    accepts("61837.63000000", "61837.63");
    accepts("0.0000000001", "0.0000000001");
    accepts("0.000000000000000001", "0.000000000000000001");
    accepts("-0.000000000000000001", "-0.000000000000000001");
    accepts("123456789.123456789123456789", "123456789.123456789123456789");
    accepts("100", "100");
    accepts(MAX_TEXT, MAX_TEXT);
    accepts("-" MAX_TEXT, "-" MAX_TEXT);
}

/* Ten whole digits and eight decimals take a short path: its edges, on both sides. */
static void test_the_short_path_ends_where_it_should(void **state)
{
    (void)state;
    accepts("9999999999.99999999", "9999999999.99999999");
    accepts("99999999999.99999999", "99999999999.99999999");
    accepts("1.1234567", "1.1234567");
    accepts("1.12345678", "1.12345678");
    accepts("1.123456789", "1.123456789");
    accepts("1.12345678e1", "11.2345678");
    accepts("0000000000001.00000001", "1.00000001");
    refuses("1.1234567x", ERR_SYNTAX);
    refuses("1.1234:678", ERR_SYNTAX);
    refuses("1.123/5678", ERR_SYNTAX);
    refuses("1.\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8", ERR_SYNTAX);
    for (int i = 0; i < 8; i++)
        for (int c = 1; c < 256; c++) {
            char text[] = "1.12345678";
            text[2 + i] = (char)c;
            dec d;
            bool digit = c >= '0' && c <= '9';
            bool exponent = c == 'e' || c == 'E'; /* a number of its own, maybe too large */
            enum err e = parse(text, &d);
            if (digit ? e != ERR_OK : !exponent && e != ERR_SYNTAX)
                fail_msg("byte %d at decimal %d: %s", c, i, err_name(e));
        }
}

static void test_exponents(void **state)
{
    (void)state;
    accepts("1e0", "1");
    accepts("1e3", "1000");
    accepts("1E+3", "1000");
    accepts("1e-10", "0.0000000001");
    accepts("12.5e-3", "0.0125");
    accepts("-2.50e1", "-25");
    accepts("1e-18", "0.000000000000000001");
    accepts("1000e-21", "0.000000000000000001");
    accepts("1e20", "100000000000000000000");
    accepts("0e999999999999999999999", "0");
    accepts("0e-999999999999999999999", "0");
    accepts("0.000000000000000001e18", "1");
    refuses("1e21", ERR_RANGE);
    refuses("1e999999999999999999999", ERR_RANGE);
    refuses("1e-19", ERR_PRECISION);
    refuses("1.5e-18", ERR_PRECISION);
    refuses("1e-999999999999999999999", ERR_PRECISION);
    refuses("1e", ERR_SYNTAX);
    refuses("1e+", ERR_SYNTAX);
    refuses("1e-", ERR_SYNTAX);
    refuses("1e1.5", ERR_SYNTAX);
    refuses("1e+-1", ERR_SYNTAX);
    refuses("e1", ERR_SYNTAX);
}

static void test_lost_precision_is_refused(void **state)
{
    (void)state;
    refuses("0.0000000000000000001", ERR_PRECISION);
    refuses("1.0000000000000000001", ERR_PRECISION);
    refuses("0.1234567890123456789", ERR_PRECISION);
    accepts("0.1234567890123456780", "0.123456789012345678");
    accepts("1.00000000000000000000000000000000000000", "1");
}

static void test_too_large_is_refused(void **state)
{
    (void)state;
    refuses("170141183460469231731.687303715884105728", ERR_RANGE);
    refuses("-170141183460469231731.687303715884105728", ERR_RANGE);
    refuses("170141183460469231732", ERR_RANGE);
    refuses("999999999999999999999999999999999999999", ERR_RANGE);
    refuses("340282366920938463463374607431768211456", ERR_RANGE);
    refuses("3402823669209384634633746074317682114560", ERR_RANGE);
    char many[400];
    memset(many, '9', sizeof many - 1);
    many[sizeof many - 1] = 0;
    refuses(many, ERR_RANGE);
}

static void test_what_is_no_number(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",    "-",    "+1",    ".",    ".5",   "5.",   "-.5",
                                      "1.",  "1..2", "1.2.3", "--1",  "1-",   " 1",   "1 ",
                                      "1,5", "1_0",  "0x10",  "nan",  "inf",  "-inf", "1f",
                                      "١",   "1\n",  "\t1",   "1.e5", "1.-5", "$1"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        refuses(BAD[i], ERR_SYNTAX);
    dec d = {42};
    assert_int_equal(dec_parse("1\0002", 3, &d), ERR_SYNTAX); /* a NUL inside is no end */
    assert_true(d.v == 42);
}

static void test_scan_stops_behind_the_number(void **state)
{
    (void)state;
    const char *text = "61837.63000000\",\"q\"", *p = text;
    dec d;
    assert_int_equal(dec_scan(&p, text + strlen(text), &d), ERR_OK);
    assert_ptr_equal(p, text + 14);
    assert_true(dec_eq(d, dec_lit("61837.63")));

    static const char *const BAD[] = {"", "-1", "+1", ".5", "x", "1.", "1.x"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        p = BAD[i];
        d.v = 42;
        assert_int_equal(dec_scan(&p, BAD[i] + strlen(BAD[i]), &d), ERR_SYNTAX);
        assert_ptr_equal(p, BAD[i]);
        assert_true(d.v == 42);
    }
    /* An exponent is not consumed: the caller sees that something follows. */
    text = p = "15e3";
    assert_int_equal(dec_scan(&p, text + 4, &d), ERR_OK);
    assert_ptr_equal(p, text + 2);
}

static void places(const char *text, unsigned n, enum dec_rounding how, const char *want)
{
    char out[DEC_TEXT_MAX];
    size_t len = dec_format_places(dec_lit(text), n, how, out);
    assert_string_equal(out, want);
    assert_int_equal(len, strlen(want));
}

static void test_format_places(void **state)
{
    (void)state;
    places("0", 0, DEC_DOWN, "0");
    places("0", 2, DEC_DOWN, "0.00");
    places("1.005", 2, DEC_HALF_EVEN, "1.00");
    places("1.015", 2, DEC_HALF_EVEN, "1.02");
    places("1.0150000001", 2, DEC_HALF_EVEN, "1.02");
    places("-1.001", 2, DEC_DOWN, "-1.00");
    places("-0.001", 2, DEC_DOWN, "0.00"); /* never "-0.00" */
    places("-0.001", 2, DEC_UP, "-0.01");
    places("-0.001", 2, DEC_FLOOR, "-0.01");
    places("-0.001", 2, DEC_CEIL, "0.00");
    places("0.001", 2, DEC_CEIL, "0.01");
    places("9.999", 2, DEC_UP, "10.00");
    places("2.5", 0, DEC_HALF_EVEN, "2");
    places("3.5", 0, DEC_HALF_EVEN, "4");
    places(MAX_TEXT, 18, DEC_UP, MAX_TEXT);
    places(MAX_TEXT, 0, DEC_UP, "170141183460469231732");
    places("-" MAX_TEXT, 18, DEC_UP, "-" MAX_TEXT);
    assert_true(strlen("-" MAX_TEXT) < DEC_TEXT_MAX);
}

static void test_from_integers(void **state)
{
    (void)state;
    assert_true(dec_eq(dec_from_i64(12345, 2), dec_lit("123.45")));
    assert_true(dec_eq(dec_from_i64(-1, 18), dec_lit("-0.000000000000000001")));
    assert_true(dec_eq(dec_from_i64(INT64_MIN, 0), dec_lit("-9223372036854775808")));
    assert_true(dec_eq(dec_from_i64(INT64_MAX, 0), dec_lit("9223372036854775807")));
}

static void test_to_double(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"0",
                                        "1",
                                        "0.1",
                                        "-0.1",
                                        "61837.63",
                                        "0.0000000001",
                                        "123456789.125",
                                        "-170141183460469231731"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        double want = strtod(TEXTS[i], NULL), got = dec_to_double(dec_lit(TEXTS[i]));
        double error = got > want ? got - want : want - got, size = want < 0 ? -want : want;
        assert_true(error <= size * 2.3e-16);
    }
    assert_true(dec_to_double(dec_lit("0.5")) == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_numbers),
        cmocka_unit_test(test_the_short_path_ends_where_it_should),
        cmocka_unit_test(test_exponents),
        cmocka_unit_test(test_lost_precision_is_refused),
        cmocka_unit_test(test_too_large_is_refused),
        cmocka_unit_test(test_what_is_no_number),
        cmocka_unit_test(test_scan_stops_behind_the_number),
        cmocka_unit_test(test_format_places),
        cmocka_unit_test(test_from_integers),
        cmocka_unit_test(test_to_double),
    };
    return cmocka_run_group_tests_name("decimal_text", tests, NULL, NULL);
}

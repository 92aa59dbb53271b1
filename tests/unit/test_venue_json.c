/* The JSON scanner: what it accepts, what it refuses, and that nothing is read beyond the end. */
#include "venue/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Skips one value of an exact-size heap copy, so that the sanitizer sees every byte too far. */
static enum err skip_value(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    struct json j = json_make(copy, len);
    (void)json_skip(&j);
    enum err e = json_finish(&j);
    free(copy);
    return e;
}

static void test_valid_texts_are_skipped_whole(void **state)
{
    (void)state;
    const char *const GOOD[] = {
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10.25e-3",
        "1E+9",
        "\"\"",
        "\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
        " \t\r\n{ \"a\" : [ 1 , { \"b\" : null } , [ ] ] , \"c\" : { } } \n",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", /* JSON_DEPTH_MAX */
    };
    for (unsigned i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++)
        if (skip_value(GOOD[i], strlen(GOOD[i])) != ERR_OK)
            fail_msg("refused: %s: %s", GOOD[i], err_name(skip_value(GOOD[i], strlen(GOOD[i]))));
}

static void test_wrong_texts_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum err err;
    } BAD[] = {
        {"{]", ERR_SYNTAX},
        {"[}", ERR_SYNTAX},
        {"{,}", ERR_SYNTAX},
        {"[,]", ERR_SYNTAX},
        {"[1,]", ERR_SYNTAX},
        {"{\"a\":1,}", ERR_SYNTAX},
        {"{\"a\" 1}", ERR_SYNTAX},
        {"{\"a\":}", ERR_SYNTAX},
        {"{a:1}", ERR_SYNTAX},
        {"{1:1}", ERR_SYNTAX},
        {"[1 2]", ERR_SYNTAX},
        {"01", ERR_SYNTAX},
        {"+1", ERR_SYNTAX},
        {".5", ERR_SYNTAX},
        {"[1.]", ERR_SYNTAX},
        {"[1e]", ERR_SYNTAX},
        {"[-]", ERR_SYNTAX},
        {"NaN", ERR_SYNTAX},
        {"nulL", ERR_SYNTAX},
        {"True", ERR_SYNTAX},
        {"'a'", ERR_SYNTAX},
        {"\"\x01\"", ERR_SYNTAX},
        {"\"\n\"", ERR_SYNTAX},
        {"\"\\x\"", ERR_SYNTAX},
        {"\"\\u12g4\"", ERR_SYNTAX},
        {"\"\x80\"", ERR_SYNTAX},             /* no UTF-8 begins so */
        {"\"\xc0\x80\"", ERR_SYNTAX},         /* overlong */
        {"\"\xe0\x80\x80\"", ERR_SYNTAX},     /* overlong */
        {"\"\xed\xa0\x80\"", ERR_SYNTAX},     /* surrogate */
        {"\"\xf4\x90\x80\x80\"", ERR_SYNTAX}, /* beyond U+10FFFF */
        {"{} {}", ERR_SYNTAX},
        {"1 1", ERR_SYNTAX},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", ERR_RANGE}, /* JSON_DEPTH_MAX + 1 */
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        enum err e = skip_value(BAD[i].text, strlen(BAD[i].text));
        if (e != BAD[i].err)
            fail_msg("%s: %s instead of %s", BAD[i].text, err_name(e), err_name(BAD[i].err));
    }
    assert_int_equal(skip_value("{\"a\":1\0}", 8), ERR_SYNTAX);
}

static void test_every_truncation_is_noticed(void **state)
{
    (void)state;
    const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",true,false,null,{}],\"b\":{\"c\":[]}}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        enum err e = skip_value(text, n);
        if (e != ERR_TRUNCATED && e != ERR_SYNTAX) /* "\u00" cut short is not an escape */
            fail_msg("%zu bytes: %s", n, err_name(e));
    }
    assert_int_equal(skip_value(text, sizeof text - 1), ERR_OK);
    assert_int_equal(skip_value("{\"a\":1", 6), ERR_TRUNCATED);
    assert_int_equal(skip_value("{\"a", 3), ERR_TRUNCATED);
    assert_int_equal(skip_value("[tru", 4), ERR_TRUNCATED);
}

static void test_deep_nesting_costs_no_stack(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    char *text = malloc(N);
    assert_non_null(text);
    memset(text, '[', N);
    assert_int_equal(skip_value(text, N), ERR_RANGE);
    free(text);
}

static uint64_t u64_of(const char *text, enum err *e)
{
    struct json j = json_make(text, strlen(text));
    json_enter(&j, '[');
    uint64_t v = json_element(&j) ? json_u64(&j) : 0;
    while (json_element(&j))
        (void)json_skip(&j);
    *e = json_finish(&j);
    return v;
}
static int64_t i64_of(const char *text, enum err *e)
{
    struct json j = json_make(text, strlen(text));
    json_enter(&j, '[');
    int64_t v = json_element(&j) ? json_i64(&j) : 0;
    while (json_element(&j))
        (void)json_skip(&j);
    *e = json_finish(&j);
    return v;
}

static void test_integers_at_their_bounds(void **state)
{
    (void)state;
    enum err e;
    assert_true(u64_of("[18446744073709551615]", &e) == UINT64_MAX && e == ERR_OK);
    assert_true(u64_of("[0]", &e) == 0 && e == ERR_OK);
    (void)u64_of("[18446744073709551616]", &e);
    assert_int_equal(e, ERR_RANGE);
    (void)u64_of("[99999999999999999999999]", &e);
    assert_int_equal(e, ERR_RANGE);
    const char *const BAD[] = {"[-1]",   "[1.0]", "[1e3]", "[\"1\"]",
                               "[null]", "[00]",  "[01]",  "[]x"};
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        (void)u64_of(BAD[i], &e);
        if (e != ERR_SYNTAX)
            fail_msg("%s: %s", BAD[i], err_name(e));
    }
    assert_true(i64_of("[-9223372036854775807]", &e) == -INT64_MAX && e == ERR_OK);
    assert_true(i64_of("[9223372036854775807]", &e) == INT64_MAX && e == ERR_OK);
    (void)i64_of("[9223372036854775808]", &e);
    assert_int_equal(e, ERR_RANGE);
    (void)i64_of("[-]", &e);
    assert_int_equal(e, ERR_SYNTAX);
}

static dec dec_of(const char *text, enum err *e)
{
    struct json j = json_make(text, strlen(text));
    dec d = json_quoted_dec(&j);
    *e = json_finish(&j);
    return d;
}

static void test_decimals_are_exact_texts(void **state)
{
    (void)state;
    enum err e;
    assert_true(dec_eq(dec_of("\"61837.63000000\"", &e), dec_lit("61837.63")) && e == ERR_OK);
    assert_true(dec_eq(dec_of("\"0.000000000000000001\"", &e), (dec){1}) && e == ERR_OK);
    const struct {
        const char *text;
        enum err err;
    } BAD[] = {
        {"0.1", ERR_SYNTAX},
        {"\"-0.1\"", ERR_SYNTAX},
        {"\"1e3\"", ERR_SYNTAX},
        {"\"\"", ERR_SYNTAX},
        {"\" 1\"", ERR_SYNTAX},
        {"\"1 \"", ERR_SYNTAX},
        {"\".5\"", ERR_SYNTAX},
        {"\"1.\"", ERR_SYNTAX},
        {"\"0.0000000000000000001\"", ERR_PRECISION},
        {"\"1", ERR_TRUNCATED},
        {"\"", ERR_TRUNCATED},
        {"\"1000000000000000000000\"", ERR_RANGE},
        {"\"1.5x\"", ERR_SYNTAX},
        {"\"0x10\"", ERR_SYNTAX},
        {"\"1,5\"", ERR_SYNTAX},
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        (void)dec_of(BAD[i].text, &e);
        if (e != BAD[i].err)
            fail_msg("%s: %s instead of %s", BAD[i].text, err_name(e), err_name(BAD[i].err));
    }
}

static void test_the_first_failure_sticks(void **state)
{
    (void)state;
    const char text[] = "{\"a\":\"x\",\"b\":2}";
    struct json j = json_make(text, sizeof text - 1);
    struct json_text key;
    json_enter(&j, '{');
    assert_true(json_key(&j, &key));
    assert_true(json_is(key, "a"));
    assert_int_equal(json_u64(&j), 0); /* a string is no number */
    assert_int_equal(j.err, ERR_SYNTAX);
    assert_false(json_key(&j, &key));
    assert_false(json_element(&j));
    assert_false(json_bool(&j));
    assert_int_equal(json_string(&j).len, 0);
    json_fail(&j, ERR_RANGE);
    assert_int_equal(json_finish(&j), ERR_SYNTAX);
}

static void test_texts_point_into_the_input(void **state)
{
    (void)state;
    const char text[] = "{\"k\\u0065y\": [1, {\"a\":2}] }";
    struct json j = json_make(text, sizeof text - 1);
    struct json_text key;
    json_enter(&j, '{');
    assert_true(json_key(&j, &key));
    assert_true(json_is(key, "k\\u0065y")); /* escapes stay as they are */
    struct json_text v = json_skip(&j);
    assert_int_equal(v.len, 12);
    assert_ptr_equal(v.p, text + 13);
    assert_false(json_key(&j, &key));
    assert_int_equal(json_finish(&j), ERR_OK);
}

static void test_random_bytes_never_crash(void **state)
{
    (void)state;
    const char alphabet[] = "{}[]\",:\\u0123.eE-+truefalsn \x80\xc3\xa9";
    uint64_t x = 88172645463325252u;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        size_t n = 0;
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        for (uint64_t y = x; n < sizeof text && y; y >>= 5)
            text[n++] = alphabet[y % (sizeof alphabet - 1)];
        assert_true(skip_value(text, n) < ERR_COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_texts_are_skipped_whole),
        cmocka_unit_test(test_wrong_texts_are_refused),
        cmocka_unit_test(test_every_truncation_is_noticed),
        cmocka_unit_test(test_deep_nesting_costs_no_stack),
        cmocka_unit_test(test_integers_at_their_bounds),
        cmocka_unit_test(test_decimals_are_exact_texts),
        cmocka_unit_test(test_the_first_failure_sticks),
        cmocka_unit_test(test_texts_point_into_the_input),
        cmocka_unit_test(test_random_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

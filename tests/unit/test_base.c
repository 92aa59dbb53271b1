/* The small parts of agent/base: buf, rng, clock, log, err, check. */
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- buf ---- */

static void test_buf_gives_back_what_was_written(void **state)
{
    (void)state;
    uint8_t mem[128];
    struct bufw w = bufw_make(mem, sizeof mem);
    bufw_u8(&w, 0xab);
    bufw_u16(&w, 0xcdef);
    bufw_u32(&w, 0x12345678);
    bufw_u64(&w, UINT64_MAX - 1);
    bufw_i64(&w, INT64_MIN);
    bufw_dec(&w, dec_lit("-61837.63"));
    bufw_text(&w, "BTC-USDT");
    bufw_text(&w, "");
    bufw_bytes(&w, NULL, 0);
    assert_false(w.failed);
    assert_int_equal(w.len, 1 + 2 + 4 + 8 + 8 + 16 + 2 + 8 + 2);
    assert_int_equal(mem[1], 0xef); /* little-endian on disk */
    assert_int_equal(mem[2], 0xcd);

    struct bufr r = bufr_make(mem, w.len);
    char text[16];
    assert_int_equal(bufr_u8(&r), 0xab);
    assert_int_equal(bufr_u16(&r), 0xcdef);
    assert_int_equal(bufr_u32(&r), 0x12345678);
    assert_true(bufr_u64(&r) == UINT64_MAX - 1);
    assert_true(bufr_i64(&r) == INT64_MIN);
    assert_true(dec_eq(bufr_dec(&r), dec_lit("-61837.63")));
    bufr_text(&r, text, sizeof text);
    assert_string_equal(text, "BTC-USDT");
    bufr_text(&r, text, sizeof text);
    assert_string_equal(text, "");
    assert_false(r.failed);
    assert_int_equal(r.pos, r.len);
}

static void test_buf_writer_fails_once_and_for_all(void **state)
{
    (void)state;
    uint8_t mem[9];
    memset(mem, 0x55, sizeof mem);
    struct bufw w = bufw_make(mem, 8);
    bufw_u64(&w, 1); /* fits exactly */
    assert_false(w.failed);
    bufw_u8(&w, 2);
    assert_true(w.failed);
    assert_int_equal(w.len, 8);
    assert_int_equal(mem[8], 0x55);

    w = bufw_make(mem, 8);
    bufw_u32(&w, 1);
    bufw_u64(&w, 1); /* does not fit */
    bufw_u8(&w, 1);  /* would, but the record is broken already */
    assert_true(w.failed);
    assert_int_equal(w.len, 4);

    char *longest = malloc(UINT16_MAX + 2), *room = malloc(UINT16_MAX + 8);
    assert_non_null(longest);
    assert_non_null(room);
    memset(longest, 'x', UINT16_MAX + 1);
    longest[UINT16_MAX + 1] = 0;
    w = bufw_make(room, UINT16_MAX + 8);
    bufw_text(&w, longest); /* one more than a 16-bit length can say */
    assert_true(w.failed);
    longest[UINT16_MAX] = 0;
    w = bufw_make(room, UINT16_MAX + 8);
    bufw_text(&w, longest);
    assert_false(w.failed);
    free(longest);
    free(room);
}

static void test_buf_reader_fails_once_and_for_all(void **state)
{
    (void)state;
    const uint8_t mem[4] = {1, 2, 3, 4};
    struct bufr r = bufr_make(mem, sizeof mem);
    assert_true(bufr_u64(&r) == 0); /* zero, never garbage */
    assert_true(r.failed);
    assert_int_equal(bufr_u8(&r), 0); /* would be there, but the record is broken already */
    assert_int_equal(r.pos, 0);

    r = bufr_make(mem, 0);
    assert_false(r.failed);
    assert_int_equal(bufr_u8(&r), 0);
    assert_true(r.failed);
}

static void test_buf_refuses_a_dec_that_cannot_be(void **state)
{
    (void)state;
    uint8_t mem[16] = {0};
    mem[15] = 0x80; /* INT128_MIN */
    struct bufr r = bufr_make(mem, sizeof mem);
    assert_true(dec_is_zero(bufr_dec(&r)));
    assert_true(r.failed);
    memset(mem, 0, 15);
    mem[0] = 1; /* INT128_MIN + 1: the least dec */
    r = bufr_make(mem, sizeof mem);
    assert_true(dec_eq(bufr_dec(&r), dec_neg(DEC_MAX)));
    assert_false(r.failed);
}

static void test_buf_text_limits(void **state)
{
    (void)state;
    uint8_t mem[16];
    char out[5];
    struct bufw w = bufw_make(mem, sizeof mem);
    bufw_text(&w, "12345");
    struct bufr r = bufr_make(mem, w.len);
    bufr_text(&r, out, sizeof out); /* five characters and no room for the NUL */
    assert_true(r.failed);
    assert_string_equal(out, "");

    w = bufw_make(mem, sizeof mem);
    bufw_text(&w, "1234");
    r = bufr_make(mem, w.len);
    bufr_text(&r, out, sizeof out);
    assert_false(r.failed);
    assert_string_equal(out, "1234");

    r = bufr_make(mem, w.len - 1); /* the length says more than there is */
    bufr_text(&r, out, sizeof out);
    assert_true(r.failed);

    mem[3] = 0; /* a NUL inside */
    r = bufr_make(mem, w.len);
    bufr_text(&r, out, sizeof out);
    assert_true(r.failed);
}

/* ---- rng ---- */

static void test_rng_is_a_function_of_its_seed(void **state)
{
    (void)state;
    struct rng a, b, c;
    rng_seed(&a, 7);
    rng_seed(&b, 7);
    rng_seed(&c, 8);
    int differences = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_u64(&a);
        assert_true(x == rng_u64(&b));
        differences += x != rng_u64(&c);
    }
    assert_int_equal(differences, 1000);
}

/* The stream is part of what a replay reproduces: it may never change. The state words are the
 * authors' SplitMix64 of seed 0; the first output follows from xoshiro256**'s definition by hand:
 * rotl(s1 * 5, 7) * 9. */
static void test_rng_stream_never_changes(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 0);
    assert_true(r.s[0] == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(r.s[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(r.s[2] == UINT64_C(0x06c45d188009454f));
    assert_true(r.s[3] == UINT64_C(0xf88bb8a8724c81ec));
    r = (struct rng){{1, 2, 3, 4}}; /* the reference implementation's outputs from this state */
    static const uint64_t WANT[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < sizeof WANT / sizeof *WANT; i++)
        assert_true(rng_u64(&r) == WANT[i]);
}

static void test_rng_below_stays_below_and_reaches_all(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 1);
    uint64_t seen[6] = {0};
    for (int i = 0; i < 60000; i++) {
        uint64_t x = rng_below(&r, 6);
        assert_true(x < 6);
        seen[x]++;
    }
    for (int i = 0; i < 6; i++)
        assert_in_range(seen[i], 9500, 10500);
    for (int i = 0; i < 100; i++) {
        assert_true(rng_below(&r, 1) == 0);
        assert_true(rng_below(&r, UINT64_MAX) < UINT64_MAX);
        assert_true(rng_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

/* ---- clock ---- */

static void utc(int64_t ns, const char *want)
{
    char out[CLOCK_TEXT_MAX];
    size_t n = clock_format_utc(ns, out);
    assert_string_equal(out, want);
    assert_int_equal(n, strlen(want));
}

static void test_clock_format(void **state)
{
    (void)state;
    utc(0, "1970-01-01T00:00:00.000Z");
    utc(INT64_C(1723161255208) * NS_PER_MS, "2024-08-08T23:54:15.208Z");
    utc(INT64_C(1709164800) * NS_PER_S, "2024-02-29T00:00:00.000Z");
    utc(NS_PER_S - 1, "1970-01-01T00:00:00.999Z"); /* cut, not rounded */
    utc(-1, "1969-12-31T23:59:59.999Z");
    utc(INT64_MAX, "2262-04-11T23:47:16.854Z");
    utc(INT64_MIN, "1677-09-21T00:12:43.145Z");
}

static void test_clocks_run(void **state)
{
    (void)state;
    int64_t a = clock_mono_ns(), b = clock_mono_ns();
    assert_true(a > 0 && b >= a);
    assert_true(clock_wall_ns() > INT64_C(1700000000) * NS_PER_S);
}

/* ---- err ---- */

static void test_every_error_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_true(strlen(err_name((enum err)i)) > 1);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(err_name((enum err)i), err_name((enum err)j));
    }
    assert_string_equal(err_name(ERR_OK), "ok");
    assert_string_equal(err_name(ERR_COUNT), "invalid error code");
}

/* ---- log and check write to stderr: run in a child, and read what it says ---- */

static int in_child(void (*body)(void), char *out, size_t cap)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fd[1], STDERR_FILENO);
        close(fd[0]);
        close(fd[1]);
        signal(SIGABRT, SIG_DFL); /* cmocka catches it; here it is what we want to see */
        body();
        _exit(0);
    }
    close(fd[1]);
    size_t len = 0;
    ssize_t n;
    while (len < cap - 1 && (n = read(fd[0], out + len, cap - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = 0;
    close(fd[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void say_some(void)
{
    char big[3000];
    log_debug("who", "not shown");
    log_info("grid-btc", "order %d filled  qty=%s", 12, "0.001");
    log_warn("binance", "two\nlines\tand \x1b[31mcolour\x7f");
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = 0;
    log_error("who", "%s", big);
    log_error(big, "%s", "a name that leaves no room");
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("who", "not shown either");
}

static void test_log_lines(void **state)
{
    (void)state;
    char out[8192];
    assert_int_equal(in_child(say_some, out, sizeof out), 0);
    char *line[8];
    int n = 0;
    for (char *p = out, *end; n < 8 && (end = strchr(p, '\n')); p = end + 1) {
        *end = 0;
        line[n++] = p;
    }
    assert_int_equal(n, 4);
    assert_int_equal(line[0][10], 'T');
    assert_int_equal(line[0][23], 'Z');
    assert_string_equal(line[0] + 24, " info  grid-btc: order 12 filled  qty=0.001");
    assert_string_equal(line[1] + 24, " warn  binance: two?lines?and ?[31mcolour?");
    assert_memory_equal(line[2] + 24, " error who: xxxxxxxx", 20);
    assert_in_range(strlen(line[2]), 1000, 1024); /* cut at one line's limit, with its newline */
    assert_string_equal(line[3], "a name that leaves no room");
}

static void fail_a_check(void)
{
    int two = 2;
    CHECK(two == 2);
    CHECK(two == 3);
}

static void hook(const char *expression, const char *file, int line)
{
    (void)file, (void)line;
    ssize_t ignored = write(STDERR_FILENO, expression, strlen(expression));
    ignored = write(STDERR_FILENO, " hooked\n", 8);
    (void)ignored;
    CHECK(expression == NULL); /* must not call the hook again */
}

static void fail_a_check_with_hook(void)
{
    check_set_hook(hook);
    fail_a_check();
}

static void test_check_says_where_and_aborts(void **state)
{
    (void)state;
    char out[1024];
    int status = in_child(fail_a_check, out, sizeof out);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(out, "test_base.c:"));
    assert_non_null(strstr(out, "two == 3"));
    assert_null(strstr(out, "two == 2"));

    status = in_child(fail_a_check_with_hook, out, sizeof out);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    char *first = strstr(out, "two == 3 hooked");
    assert_non_null(first);
    assert_null(strstr(first + strlen("two == 3 hooked"), "hooked"));
    assert_non_null(strstr(out, "expression == NULL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_gives_back_what_was_written),
        cmocka_unit_test(test_buf_writer_fails_once_and_for_all),
        cmocka_unit_test(test_buf_reader_fails_once_and_for_all),
        cmocka_unit_test(test_buf_refuses_a_dec_that_cannot_be),
        cmocka_unit_test(test_buf_text_limits),
        cmocka_unit_test(test_rng_is_a_function_of_its_seed),
        cmocka_unit_test(test_rng_stream_never_changes),
        cmocka_unit_test(test_rng_below_stays_below_and_reaches_all),
        cmocka_unit_test(test_clock_format),
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_every_error_has_a_name_of_its_own),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_check_says_where_and_aborts),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

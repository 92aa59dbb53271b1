/* A journal of several segments: read as one, chained so that none can be changed or left out,
 * begun whole or not at all, and with a reserve that a full disk leaves to tell that it is full. */
#include "io/crc32c.h"
#include "io/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KIB      1024u
#define SEGMENTS 4

static char dir[64], file[128];

static int setup_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tw-segments-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/journal-0001.twj", dir);
    return 0;
}

static const char *segment(uint32_t n)
{
    static char path[JOURNAL_NAME_MAX];
    assert_true(journal_segment_path(file, n, path));
    return path;
}

static int clean(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 100; n++)
        unlink(segment(n));
    return 0;
}

static int remove_dir(void **state)
{
    clean(state);
    return rmdir(dir);
}

static struct journal *create(const struct journal_os *os)
{
    char why[JOURNAL_WHY_MAX] = "";
    struct journal_info info = {.build = "b",
                                .config_name = "t.toml",
                                .config_dir = "/etc",
                                .config = "x = 1\n",
                                .config_len = 6,
                                .created_ns = 1000};
    struct journal *j = NULL;
    if (journal_create(&j, file, &info, os, why) != ERR_OK)
        fail_msg("%s", why);
    return j;
}

/* Record n is n, and some bytes more. */
static void put(struct journal *j, uint64_t n)
{
    struct bufw *w = journal_begin(j, JOURNAL_INPUT);
    bufw_u64(w, n);
    for (uint64_t i = 0; i < n % 50; i++)
        bufw_u8(w, (uint8_t)(n + i));
    assert_int_equal(journal_end(j), ERR_OK);
}

static void rotate(struct journal *j, int64_t wall_ns)
{
    char why[JOURNAL_WHY_MAX] = "";
    if (journal_rotate_begin(j, wall_ns, why) != ERR_OK)
        fail_msg("%s", why);
    bufw_text(journal_begin(j, JOURNAL_OPENING), "head");
    assert_int_equal(journal_end(j), ERR_OK);
    if (journal_rotate_end(j, why) != ERR_OK)
        fail_msg("%s", why);
}

/* Reads all inputs from the segment or journal at [path] on: the first one's n and how many follow
 * each other. */
static enum err read_all(const char *path, uint64_t *first, uint64_t *count, char *why)
{
    struct journal_reader *r = NULL;
    struct journal_record rec;
    *first = *count = 0;
    enum err rc = journal_read_open(&r, path, false, why);
    if (rc != ERR_OK)
        return rc;
    while ((rc = journal_read_next(r, &rec)) == ERR_OK) {
        if (rec.type != JOURNAL_INPUT)
            continue;
        struct bufr in = bufr_make(rec.payload, rec.len);
        uint64_t n = bufr_u64(&in);
        *first = *first ? *first : n;
        assert_int_equal(n, *first + *count);
        ++*count;
    }
    snprintf(why, JOURNAL_WHY_MAX, "%s", journal_read_why(r));
    journal_read_close(r);
    return rc;
}

/* Four segments of 100 inputs each, closed. */
static void make_four(void)
{
    char why[JOURNAL_WHY_MAX];
    struct journal *j = create(NULL);
    assert_int_equal(journal_set_segments(j, 64 * KIB, 0, why), ERR_OK);
    for (uint64_t n = 1; n <= SEGMENTS * 100; n++) {
        put(j, n);
        if (n % 30 == 0)
            assert_int_equal(journal_sync(j), ERR_OK);
        if (n % 100 == 0 && n < SEGMENTS * 100)
            rotate(j, 5);
    }
    assert_int_equal(journal_segment(j), SEGMENTS);
    assert_int_equal(journal_close(j), ERR_OK);
}

static void names(void **state)
{
    (void)state;
    char out[JOURNAL_NAME_MAX];
    uint32_t n;
    journal_segment_of("a/j.000002.twj", out, &n);
    assert_string_equal(out, "a/j.twj");
    assert_int_equal(n, 2);
    assert_true(journal_segment_path("a/j.twj", 1, out));
    assert_string_equal(out, "a/j.twj");
    assert_true(journal_segment_path("a/j.twj", 2, out));
    assert_string_equal(out, "a/j.000002.twj");
    assert_true(journal_segment_path("a/j.twj", JOURNAL_SEGMENTS, out));
    assert_false(journal_segment_path("a/j.twj", JOURNAL_SEGMENTS + 1, out));
    assert_false(journal_segment_path("a/j.twj", 0, out));
    assert_false(journal_segment_path("/proc/self/fd/3", 2, out));
    static const char *const OTHERS[] = {"a/j.twj",        "a/j.00002.twj",  "a/j.000001.twj",
                                         "a/j.000000.twj", "a/j.00002x.twj", "a/j.000002.tw",
                                         ".000002.twj",    "000002.twj"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        journal_segment_of(OTHERS[i], out, &n);
        assert_string_equal(out, OTHERS[i]);
        assert_int_equal(n, 1);
    }
}

static void read_as_one(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX];
    uint64_t first, count;
    uint32_t low, high;
    make_four();
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_int_equal(first, 1);
    assert_int_equal(count, SEGMENTS * 100);
    /* From any segment on. */
    for (uint32_t k = 2; k <= SEGMENTS; k++) {
        assert_int_equal(read_all(segment(k), &first, &count, why), ERR_NOT_FOUND);
        assert_int_equal(first, (k - 1) * 100 + 1);
        assert_int_equal(count, (SEGMENTS + 1 - k) * 100);
    }
    /* Without the oldest ones: from the first that is there. */
    assert_int_equal(journal_segments(file, &low, &high), ERR_OK);
    assert_true(low == 1 && high == SEGMENTS);
    unlink(segment(1));
    unlink(segment(2));
    assert_int_equal(journal_segments(file, &low, &high), ERR_OK);
    assert_true(low == 3 && high == SEGMENTS);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_true(first == 201 && count == 200);
    struct journal *none = NULL; /* and what is left is a journal still */
    struct journal_info info = {.build = "b", .config_name = "", .config_dir = "", .config = ""};
    assert_int_equal(journal_create(&none, file, &info, NULL, why), ERR_EXISTS);
}

static uint8_t *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*len + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *len, f), *len);
    fclose(f);
    return p;
}

static void spill(const char *path, const uint8_t *p, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    fclose(f);
}

/* A segment behind which another stands is whole, or damaged: cut anywhere, or any byte changed, it
 * is named. So is one that was left out, exchanged, or taken from another journal. */
static void no_segment_before_the_last_may_change(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX];
    uint64_t first, count;
    size_t len, other_len;
    make_four();
    uint8_t *bytes = slurp(segment(2), &len);
    for (size_t cut = 0; cut < len; cut += cut < 400 ? 1 : 7) {
        spill(segment(2), bytes, cut);
        if (read_all(file, &first, &count, why) != ERR_CORRUPT)
            fail_msg("cut at %zu of %zu: %llu records", cut, len, (unsigned long long)count);
        assert_non_null(strstr(why, "journal-0001.000002.twj: "));
    }
    for (size_t at = 0; at < len; at++) {
        bytes[at] ^= 0x10;
        spill(segment(2), bytes, len);
        bytes[at] ^= 0x10;
        if (read_all(file, &first, &count, why) != ERR_CORRUPT)
            fail_msg("byte %zu of %zu changed: %llu records", at, len, (unsigned long long)count);
    }
    /* Zeros behind it are nothing, anything else is. */
    uint8_t *longer = calloc(1, len + 100);
    assert_non_null(longer);
    memcpy(longer, bytes, len);
    spill(segment(2), longer, len + 100);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_int_equal(count, SEGMENTS * 100);
    free(longer);
    uint8_t *other = slurp(segment(3), &other_len);
    spill(segment(2), other, other_len);
    assert_int_equal(read_all(file, &first, &count, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "renamed"));
    free(other);
    unlink(segment(2)); /* left out: the first one looks like the last one, until one looks */
    assert_int_equal(read_all(file, &first, &count, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "journal-0001.000002.twj"));
    spill(segment(2), bytes, len);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    free(bytes);
}

/* The zeros of a killed process are no interrupted write; it goes on where it was, also in the next
 * segment. */
static void goes_on_after_a_kill(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX];
    uint64_t first, count;
    size_t len;
    struct stat st;
    struct journal *j = create(NULL);
    assert_int_equal(journal_set_segments(j, 64 * KIB, 0, why), ERR_OK);
    assert_int_equal(stat(file, &st), 0);
    assert_true(st.st_size > 64 * KIB && (uint64_t)st.st_blocks * 512 >= 64 * KIB);
    for (uint64_t n = 1; n <= 10; n++)
        put(j, n);
    rotate(j, 5);
    for (uint64_t n = 11; n <= 20; n++)
        put(j, n);
    assert_int_equal(journal_sync(j), ERR_OK);
    uint64_t end = journal_size(j);
    uint8_t *bytes = slurp(segment(2), &len); /* as a kill leaves it */
    assert_true(len > 64 * KIB);
    assert_int_equal(journal_close(j), ERR_OK);
    assert_int_equal(stat(segment(2), &st), 0);
    assert_true((size_t)st.st_size < 64 * KIB); /* an orderly end leaves no zeros */
    spill(segment(2), bytes, len);
    free(bytes);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_int_equal(count, 20);
    struct journal_reader *r = NULL;
    struct journal_record rec;
    assert_int_equal(journal_read_open(&r, file, true, why), ERR_OK);
    while (journal_read_next(r, &rec) == ERR_OK)
        ;
    assert_int_equal(journal_read_torn(r), 0);
    assert_int_equal(journal_read_segment(r), 2);
    assert_int_equal(journal_resume(&j, r, NULL, why), ERR_OK);
    assert_int_equal(journal_set_segments(j, 64 * KIB, 0, why), ERR_OK);
    assert_true(journal_size(j) == end && journal_segment(j) == 2);
    for (uint64_t n = 21; n <= 30; n++)
        put(j, n);
    rotate(j, 6);
    put(j, 31);
    assert_int_equal(journal_close(j), ERR_OK);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_int_equal(count, 31);
}

static void due_by_size_and_age(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX];
    struct journal *j = create(NULL);
    put(j, 1);
    assert_false(journal_rotate_due(j, INT64_MAX)); /* one segment without end */
    assert_int_equal(journal_set_segments(j, 8 * KIB, 500, why), ERR_OK);
    assert_false(journal_rotate_due(j, 1499));
    assert_true(journal_rotate_due(j, 1500));
    rotate(j, 1500);
    assert_false(journal_rotate_due(j, INT64_MAX));  /* nothing in it yet */
    uint64_t head = journal_size(j), room = 6 * KIB; /* a quarter is the reserve */
    uint64_t n = 2;
    while (!journal_rotate_due(j, 0)) {
        assert_true(journal_size(j) < head + room);
        put(j, n++);
    }
    assert_true(journal_size(j) >= head + room);
    assert_int_equal(journal_close(j), ERR_OK);
}

/* ---- trouble ---- */

static int fail_write, fail_sync, fail_allocate; /* the n-th from now; 0: none */

static ssize_t bad_write(int fd, const void *data, size_t len)
{
    if (fail_write && --fail_write == 0) {
        errno = ENOSPC;
        return -1;
    }
    return write(fd, data, len);
}
static int bad_sync(int fd)
{
    (void)fd;
    if (fail_sync && --fail_sync == 0) {
        errno = EIO;
        return -1;
    }
    return 0;
}
static int bad_allocate(int fd, uint64_t len)
{
    if (fail_allocate && --fail_allocate == 0) {
        errno = ENOSPC;
        return -1;
    }
    return ftruncate(fd, (off_t)len);
}
static const struct journal_os BAD = {
    .write = bad_write, .fdatasync = bad_sync, .allocate = bad_allocate};

/* A segment that cannot be begun, at whatever call: nothing is left of it, and the old one still
 * takes what has to be said. */
static void a_segment_begins_whole_or_not_at_all(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        char why[JOURNAL_WHY_MAX] = "";
        uint64_t first, count;
        clean(state);
        fail_write = fail_sync = fail_allocate = 0;
        struct journal *j = create(&BAD);
        assert_int_equal(journal_set_segments(j, 16 * KIB, 0, why), ERR_OK);
        for (uint64_t n = 1; n <= 50; n++)
            put(j, n);
        assert_int_equal(journal_sync(j), ERR_OK);
        uint64_t number = journal_number(j);
        fail_write = kind == 0 ? 2 : kind == 1 ? 3 : 0; /* the block, the header, the head */
        fail_allocate = kind == 2;
        fail_sync = kind == 3 ? 2 : 0;
        enum err rc = journal_rotate_begin(j, 9, why);
        if (rc == ERR_OK) {
            bufw_text(journal_begin(j, JOURNAL_OPENING), "head");
            assert_int_equal(journal_end(j), ERR_OK);
            rc = journal_rotate_end(j, why);
        }
        assert_int_equal(rc, ERR_IO);
        assert_non_null(strstr(why, "journal-0001.000002.twj: "));
        assert_non_null(strstr(why, kind == 3 ? "Input/output error" : "No space left"));
        assert_string_equal(journal_why(j), "");
        assert_int_equal(journal_segment(j), 1);
        assert_int_equal(journal_number(j), number + 1); /* the block that ends it */
        assert_int_not_equal(access(segment(2), F_OK), 0);
        char fresh[JOURNAL_NAME_MAX + 8];
        snprintf(fresh, sizeof fresh, "%s.new", segment(2));
        assert_int_not_equal(access(fresh, F_OK), 0);
        put(j, 51);
        assert_int_equal(journal_sync(j), ERR_OK);
        rotate(j, 9); /* the disk has room again */
        put(j, 52);
        assert_int_equal(journal_close(j), ERR_OK);
        assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
        assert_int_equal(count, 52);
    }
}

/* Where the old segment itself cannot be ended, the journal has failed for good. */
static void a_failed_sync_ends_it_here_too(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX] = "";
    struct journal *j = create(&BAD);
    assert_int_equal(journal_set_segments(j, 16 * KIB, 0, why), ERR_OK);
    put(j, 1);
    fail_sync = 1;
    assert_int_equal(journal_rotate_begin(j, 9, why), ERR_IO);
    assert_non_null(strstr(journal_why(j), "cannot sync"));
    assert_int_equal(journal_sync(j), ERR_IO);
    assert_int_equal(journal_close(j), ERR_IO);
    assert_int_not_equal(access(segment(2), F_OK), 0);
}

/* Preallocated room is there when the disk has none left. */
static void no_room_is_told_at_once(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX] = "";
    struct stat st;
    struct journal *j = create(&BAD);
    put(j, 1);
    fail_allocate = 1;
    assert_int_equal(journal_set_segments(j, 16 * KIB, 0, why), ERR_IO);
    assert_non_null(
        strstr(why, "there is no room for the 16384 bytes of a segment: No space left"));
    assert_string_equal(journal_why(j), "");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal((uint64_t)st.st_size, journal_size(j));
    put(j, 2);
    assert_int_equal(journal_close(j), ERR_OK);
}

/* A crash while the next segment is being made leaves a file of another name: it is not read, and
 * made again. */
static void half_a_segment_is_nothing(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX], fresh[JOURNAL_NAME_MAX + 8];
    uint64_t first, count;
    struct journal *j = create(NULL);
    assert_int_equal(journal_set_segments(j, 16 * KIB, 0, why), ERR_OK);
    put(j, 1);
    snprintf(fresh, sizeof fresh, "%s.new", segment(2));
    spill(fresh, (const uint8_t *)"TWJRNL\r\n and what was written of it", 35);
    assert_int_equal(journal_sync(j), ERR_OK);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_int_equal(count, 1);
    rotate(j, 7);
    put(j, 2);
    assert_int_equal(journal_close(j), ERR_OK);
    assert_int_equal(read_all(file, &first, &count, why), ERR_NOT_FOUND);
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test_teardown(read_as_one, clean),
        cmocka_unit_test_teardown(no_segment_before_the_last_may_change, clean),
        cmocka_unit_test_teardown(goes_on_after_a_kill, clean),
        cmocka_unit_test_teardown(due_by_size_and_age, clean),
        cmocka_unit_test_teardown(a_segment_begins_whole_or_not_at_all, clean),
        cmocka_unit_test_teardown(a_failed_sync_ends_it_here_too, clean),
        cmocka_unit_test_teardown(no_room_is_told_at_once, clean),
        cmocka_unit_test_teardown(half_a_segment_is_nothing, clean),
    };
    return cmocka_run_group_tests_name("journal_segments", tests, setup_dir, remove_dir);
}

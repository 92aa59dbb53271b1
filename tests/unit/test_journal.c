/* The journal: what is written comes back, an interrupted write is cut off at the last whole
 * record, any other change of any bit is found, and a failed disk stops everything. */
#include "io/crc32c.h"
#include "io/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], file[128], copy[128];
static const char CONFIG[] = "[agent]\nname = \"x\"\n";

static struct journal_info info_now(void)
{
    return (struct journal_info){.build = "build-1",
                                 .config_name = "t.toml",
                                 .config_dir = "/etc",
                                 .config = CONFIG,
                                 .config_len = sizeof CONFIG - 1,
                                 .seed = 42,
                                 .created_ns = 1723161255208000000};
}

static int setup_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tw-journal-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/journal-0001.twj", dir);
    snprintf(copy, sizeof copy, "%s/copy.twj", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(file);
    unlink(copy);
    return rmdir(dir);
}

static void put(struct journal *j, enum journal_type type, const void *bytes, size_t len)
{
    bufw_bytes(journal_begin(j, type), bytes, len);
    assert_int_equal(journal_end(j), ERR_OK);
}

static struct journal *create(void)
{
    char why[JOURNAL_WHY_MAX] = "";
    struct journal_info info = info_now();
    struct journal *j = NULL;
    unlink(file);
    if (journal_create(&j, file, &info, NULL, why) != ERR_OK)
        fail_msg("%s", why);
    return j;
}

static struct journal_reader *reader(const char *path, bool writable)
{
    char why[JOURNAL_WHY_MAX] = "";
    struct journal_reader *r = NULL;
    if (journal_read_open(&r, path, writable, why) != ERR_OK)
        fail_msg("%s", why);
    return r;
}

/* Record n of the tests: its payload is a function of n. */
static size_t make_payload(unsigned n, uint8_t *out)
{
    size_t len = n % 7 == 0 ? 0 : n * 37 % 200;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(n + i);
    return len;
}

static void put_numbered(struct journal *j, unsigned n)
{
    uint8_t bytes[256];
    put(j, JOURNAL_INPUT, bytes, make_payload(n, bytes));
}

/* Reads records 1, 2 ... and returns how many came before [*rc]. */
static unsigned count_numbered(struct journal_reader *r, enum err *rc)
{
    struct journal_record rec;
    unsigned n = 0;
    while ((*rc = journal_read_next(r, &rec)) == ERR_OK) {
        uint8_t bytes[256];
        n++;
        assert_int_equal(rec.type, JOURNAL_INPUT);
        assert_int_equal(rec.len, make_payload(n, bytes));
        assert_memory_equal(rec.payload, bytes, rec.len);
    }
    return n;
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

static void checksum_is_crc32c(void **state)
{
    (void)state;
    /* RFC 3720, appendix B.4 */
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++)
        rising[i] = i;
    assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(crc32c(0, rising, 32), 0x46dd794e);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void round_trip(void **state)
{
    (void)state;
    struct journal *j = create();
    for (unsigned n = 1; n <= 500; n++) {
        put_numbered(j, n);
        if (n % 50 == 0)
            assert_int_equal(journal_flush(j), ERR_OK);
        if (n % 120 == 0)
            assert_int_equal(journal_sync(j), ERR_OK);
    }
    assert_true(journal_dirty(j));
    assert_int_equal(journal_sync(j), ERR_OK);
    assert_false(journal_dirty(j));
    assert_int_equal(journal_close(j), ERR_OK);

    struct journal_reader *r = reader(file, false);
    const struct journal_info *info = journal_read_info(r);
    assert_string_equal(info->build, "build-1");
    assert_string_equal(info->config_name, "t.toml");
    assert_string_equal(info->config_dir, "/etc");
    assert_int_equal(info->config_len, sizeof CONFIG - 1);
    assert_memory_equal(info->config, CONFIG, sizeof CONFIG - 1);
    assert_true(info->seed == 42 && info->created_ns == 1723161255208000000);
    uint8_t hash[JOURNAL_HASH_BYTES];
    journal_hash(CONFIG, sizeof CONFIG - 1, hash);
    assert_memory_equal(info->config_hash, hash, sizeof hash);
    enum err rc;
    assert_int_equal(count_numbered(r, &rc), 500);
    assert_int_equal(rc, ERR_NOT_FOUND);
    assert_int_equal(journal_read_torn(r), 0);
    journal_read_close(r);

    /* Anyone but the owner stays outside. */
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct journal_info again = info_now();
    char why[JOURNAL_WHY_MAX];
    struct journal *none;
    assert_int_equal(journal_create(&none, file, &again, NULL, why), ERR_EXISTS);
}

/* Cut at every byte of the last record (and where there is none): the records before are there, the
 * rest is reported, cut off, and the journal goes on as if nothing had been. */
static void torn_tail_at_every_byte(void **state)
{
    (void)state;
    struct journal *j = create();
    for (unsigned n = 1; n <= 20; n++)
        put_numbered(j, n);
    assert_int_equal(journal_sync(j), ERR_OK);
    put_numbered(j, 21);
    assert_int_equal(journal_flush(j), ERR_OK);
    uint64_t before = journal_size(j);
    put_numbered(j, 22);
    assert_int_equal(journal_flush(j), ERR_OK);
    uint64_t after = journal_size(j);
    size_t len;
    uint8_t *bytes = slurp(file, &len);
    assert_int_equal(len, after);
    for (uint64_t cut = before; cut <= after; cut++)
        for (int zeros = 0; zeros < 2; zeros++) { /* or the file was made longer, but not filled */
            uint8_t *part = calloc(1, len + 100);
            assert_non_null(part);
            memcpy(part, bytes, cut);
            spill(copy, part, cut + (zeros ? 100 : 0));
            free(part);
            struct journal_reader *r = reader(copy, true);
            enum err rc;
            unsigned whole = cut == after ? 22 : 21;
            assert_int_equal(count_numbered(r, &rc), whole);
            assert_int_equal(rc, ERR_NOT_FOUND);
            uint64_t torn = cut == after ? 0 : cut - before;
            while (torn && bytes[before + torn - 1] == 0)
                torn--; /* zeros are what was allocated only */
            assert_int_equal(journal_read_torn(r), torn);
            struct journal *more = NULL;
            char why[JOURNAL_WHY_MAX];
            assert_int_equal(journal_resume(&more, r, NULL, why), ERR_OK);
            assert_int_equal(journal_size(more), whole == 22 ? after : before);
            for (unsigned n = whole + 1; n <= 30; n++)
                put_numbered(more, n);
            assert_int_equal(journal_close(more), ERR_OK);
            r = reader(copy, false);
            assert_int_equal(count_numbered(r, &rc), 30);
            assert_int_equal(rc, ERR_NOT_FOUND);
            assert_int_equal(journal_read_torn(r), 0);
            journal_read_close(r);
        }
    free(bytes);
    assert_int_equal(journal_close(j), ERR_OK);
}

/* A closed journal ends with a block record of this size. */
#define LAST_BLOCK (13 + 8 + 8 + 32)

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    struct journal *j = create();
    for (unsigned n = 1; n <= 12; n++) {
        put_numbered(j, n);
        if (n % 5 == 0)
            assert_int_equal(journal_sync(j), ERR_OK);
    }
    assert_int_equal(journal_close(j), ERR_OK);
    size_t len;
    uint8_t *bytes = slurp(file, &len);
    for (size_t at = 0; at < len; at++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1 << bit);
            spill(copy, bytes, len);
            bytes[at] ^= (uint8_t)(1 << bit);
            char why[JOURNAL_WHY_MAX] = "";
            struct journal_reader *r = NULL;
            enum err rc = journal_read_open(&r, copy, false, why);
            if (rc != ERR_OK) {
                assert_int_equal(rc, ERR_CORRUPT);
                assert_non_null(strstr(why, "copy.twj"));
                continue;
            }
            unsigned n = count_numbered(r, &rc);
            if (at >= len - LAST_BLOCK) { /* like an interrupted write: nothing came after it */
                assert_int_equal(rc, ERR_NOT_FOUND);
                assert_int_equal(n, 12);
                assert_int_equal(journal_read_torn(r), LAST_BLOCK);
            } else {
                assert_int_equal(rc, ERR_CORRUPT);
                assert_non_null(strstr(journal_read_why(r), "copy.twj: record "));
                assert_non_null(strstr(journal_read_why(r), " at byte "));
                struct journal_record rec; /* and it stays so */
                assert_int_equal(journal_read_next(r, &rec), ERR_CORRUPT);
            }
            journal_read_close(r);
        }
    free(bytes);
}

/* Somebody who computes checksums, but leaves out, exchanges or repeats records. */
static void tampering_is_found(void **state)
{
    (void)state;
    struct journal *j = create();
    uint64_t start[9];
    for (unsigned n = 1; n <= 8; n++) {
        start[n] = journal_size(j);
        put(j, JOURNAL_INPUT, "0123456789", 10);
    }
    uint64_t end = journal_size(j);
    assert_int_equal(journal_close(j), ERR_OK);
    size_t len, one = 10 + 13;
    uint8_t *bytes = slurp(file, &len), *work = malloc(len + one);
    assert_non_null(work);
    struct journal_record rec;
    for (int kind = 0; kind < 4; kind++) {
        size_t n = len;
        memcpy(work, bytes, len);
        if (kind == 0) { /* exchanged */
            memcpy(work + start[3], bytes + start[4], one);
            memcpy(work + start[4], bytes + start[3], one);
        } else if (kind == 1) { /* left out */
            memmove(work + start[5], work + start[6], len - start[6]);
            n = len - one;
        } else if (kind == 2) { /* repeated */
            memmove(work + start[6], bytes + start[5], len - start[5]);
            n = len + one;
        } else { /* changed, with a checksum that fits */
            work[start[7] + 9] = 'X';
            uint32_t crc = crc32c(0, work + start[7], 9 + 10);
            memcpy(work + start[7] + 19, &crc, 4);
        }
        spill(copy, work, n);
        struct journal_reader *r = reader(copy, false);
        enum err rc;
        while ((rc = journal_read_next(r, &rec)) == ERR_OK)
            ;
        assert_int_equal(rc, ERR_CORRUPT);
        journal_read_close(r);
    }
    assert_true(end < len);
    free(work);
    free(bytes);
}

static void record_size_limit(void **state)
{
    (void)state;
    uint8_t *big = calloc(1, JOURNAL_RECORD_MAX + 1);
    assert_non_null(big);
    struct journal *j = create();
    put(j, JOURNAL_EFFECT, big, JOURNAL_RECORD_MAX);
    put(j, JOURNAL_EFFECT, big, JOURNAL_RECORD_MAX);
    put(j, JOURNAL_EFFECT, "x", 1);
    assert_int_equal(journal_close(j), ERR_OK);
    struct journal_reader *r = reader(file, false);
    struct journal_record rec;
    assert_int_equal(journal_read_next(r, &rec), ERR_OK);
    assert_int_equal(journal_read_next(r, &rec), ERR_OK);
    assert_int_equal(rec.len, JOURNAL_RECORD_MAX);
    assert_int_equal(journal_read_next(r, &rec), ERR_OK);
    assert_int_equal(rec.number, 3);
    assert_int_equal(journal_read_next(r, &rec), ERR_NOT_FOUND);
    journal_read_close(r);

    j = create();
    bufw_bytes(journal_begin(j, JOURNAL_EFFECT), big, JOURNAL_RECORD_MAX + 1);
    assert_int_equal(journal_end(j), ERR_FULL);
    assert_int_equal(journal_flush(j), ERR_IO); /* failed for good */
    assert_non_null(strstr(journal_why(j), "larger than"));
    assert_int_equal(journal_close(j), ERR_IO);
    free(big);
}

static void not_a_journal(void **state)
{
    (void)state;
    char why[JOURNAL_WHY_MAX];
    struct journal_reader *r = NULL;
    assert_int_equal(journal_read_open(&r, "/nonexistent/x.twj", false, why), ERR_NOT_FOUND);
    assert_int_equal(journal_read_open(&r, dir, false, why), ERR_SYNTAX);
    spill(copy, (const uint8_t *)"", 0);
    assert_int_equal(journal_read_open(&r, copy, false, why), ERR_CORRUPT);
    spill(copy, (const uint8_t *)"hello, world. this is text", 26);
    assert_int_equal(journal_read_open(&r, copy, false, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "not a journal"));
    spill(copy, (const uint8_t *)"TWJRNL\r\n\376\0\0\0\xff\0\0\0", 16);
    assert_int_equal(journal_read_open(&r, copy, false, why), ERR_CORRUPT);
    assert_non_null(strstr(why, "version"));
    assert_null(r);
}

static int syncs;
static bool sync_fails;
static ssize_t write_some(int fd, const void *data, size_t len)
{
    return write(fd, data, len < 3 ? len : 3); /* short writes are allowed */
}
static int sync_count(int fd)
{
    (void)fd;
    syncs++;
    if (!sync_fails)
        return 0;
    errno = EIO;
    return -1;
}

static void short_writes_go_on(void **state)
{
    (void)state;
    static const struct journal_os os = {.write = write_some, .fdatasync = sync_count};
    struct journal *j = create();
    assert_int_equal(journal_close(j), ERR_OK);
    struct journal_reader *r = reader(file, true);
    struct journal_record rec;
    assert_int_equal(journal_read_next(r, &rec), ERR_NOT_FOUND);
    char why[JOURNAL_WHY_MAX];
    assert_int_equal(journal_resume(&j, r, &os, why), ERR_OK);
    for (unsigned n = 1; n <= 40; n++)
        put_numbered(j, n);
    assert_int_equal(journal_close(j), ERR_OK);
    r = reader(file, false);
    enum err rc;
    assert_int_equal(count_numbered(r, &rc), 40);
    journal_read_close(r);
}

/* After a failed sync the pages may be gone: a second sync that succeeds would be a lie. */
static void failed_sync_is_final(void **state)
{
    (void)state;
    static const struct journal_os os = {.write = write, .fdatasync = sync_count};
    struct journal_info info = info_now();
    struct journal *j = NULL;
    char why[JOURNAL_WHY_MAX];
    unlink(file);
    sync_fails = false;
    assert_int_equal(journal_create(&j, file, &info, &os, why), ERR_OK);
    put_numbered(j, 1);
    sync_fails = true;
    assert_int_equal(journal_sync(j), ERR_IO);
    sync_fails = false;
    int before = syncs;
    assert_int_equal(journal_sync(j), ERR_IO);
    assert_int_equal(journal_flush(j), ERR_IO);
    bufw_u8(journal_begin(j, JOURNAL_EFFECT), 1);
    assert_int_equal(journal_end(j), ERR_IO);
    assert_int_equal(journal_close(j), ERR_IO);
    assert_int_equal(syncs, before);
}

/* The file may not grow beyond a limit (as with a full disk: a short write, then an error). The
 * journal fails with the reason, and what is whole in it can be read. */
static void full_disk(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
        struct journal_info info = info_now();
        struct journal *j = NULL;
        char why[JOURNAL_WHY_MAX];
        signal(SIGXFSZ, SIG_IGN);
        unlink(file);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
            journal_create(&j, file, &info, NULL, why) != ERR_OK)
            _exit(10);
        for (unsigned n = 1; n <= 1000; n++) {
            uint8_t bytes[256];
            bufw_bytes(journal_begin(j, JOURNAL_INPUT), bytes, make_payload(n, bytes));
            if (journal_end(j) != ERR_OK)
                _exit(11);
            if (journal_flush(j) != ERR_OK)
                _exit(strstr(journal_why(j), "cannot write") &&
                              strstr(journal_why(j), "File too large")
                          ? 0
                          : 12);
        }
        _exit(13);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct journal_reader *r = reader(file, false);
    enum err rc;
    assert_true(count_numbered(r, &rc) > 10);
    assert_int_equal(rc, ERR_NOT_FOUND);
    journal_read_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_is_crc32c),      cmocka_unit_test(round_trip),
        cmocka_unit_test(torn_tail_at_every_byte), cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(tampering_is_found),      cmocka_unit_test(record_size_limit),
        cmocka_unit_test(not_a_journal),           cmocka_unit_test(short_writes_go_on),
        cmocka_unit_test(failed_sync_is_final),    cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests_name("journal", tests, setup_dir, remove_dir);
}

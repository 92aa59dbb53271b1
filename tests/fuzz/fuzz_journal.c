/* Journals of any bytes: nothing crashes; what decodes encodes to the same bytes; and whatever is
 * done to a journal, what is read of it before the damage is what was written.
 *
 * Input: 'f' and a whole file; 'e' and edits (u16 position, u8 xor) of a good journal; 't' and a
 * cut (u16); 'p', a record type and its payload. */
#include "base/check.h"
#include "io/crc32c.h"
#include "io/describe.h"
#include "io/journal.h"
#include "main/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS  40
#define GOOD_MAX 8192

static uint8_t good[GOOD_MAX];
static size_t good_len;
static struct setup *setup;

static size_t payload_of(unsigned n, uint8_t *out)
{
    size_t len = n * 13 % 60;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(n * 7 + i);
    return len;
}

/* A good journal with a sync here and there, made once. */
static void make_good(void)
{
    char dir[] = "/tmp/tw-fuzz-XXXXXX", path[64], why[JOURNAL_WHY_MAX];
    uint8_t bytes[64];
    struct journal_info info = {.build = "b", .config_name = "n", .config_dir = "d", .config = "c"};
    info.config_len = 1;
    struct journal *j;
    setup = calloc(1, sizeof *setup);
    CHECK(setup && mkdtemp(dir));
    setup->venues = setup->instruments = setup->strategies = 1;
    setup->assets = 2;
    memcpy(setup->venue[0].name, "v", 2);
    memcpy(setup->strategy[0].name, "s", 2);
    memcpy(setup->asset[0], "A", 2);
    memcpy(setup->asset[1], "B", 2);
    memcpy(setup->instrument[0].symbol, "A-B", 4);
    setup->instrument[0].quote = 1;
    snprintf(path, sizeof path, "%s/j", dir);
    CHECK(journal_create(&j, path, &info, NULL, why) == ERR_OK);
    for (unsigned n = 1; n <= RECORDS; n++) {
        bufw_bytes(journal_begin(j, JOURNAL_INPUT), bytes, payload_of(n, bytes));
        CHECK(journal_end(j) == ERR_OK);
        CHECK(n % 7 != 0 || journal_sync(j) == ERR_OK);
    }
    CHECK(journal_close(j) == ERR_OK);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    good_len = fread(good, 1, sizeof good, f);
    CHECK(good_len > 0 && good_len < sizeof good);
    fclose(f);
    unlink(path);
    rmdir(dir);
}

/* Reads a file of these bytes to its end, goes on with it where it can be. Returns how many records
 * came; [known]: they must be those of the good one. */
static void read_file(const uint8_t *bytes, size_t len, bool known)
{
    char path[64], why[JOURNAL_WHY_MAX], line[600];
    uint8_t expect[64];
    int fd = memfd_create("journal", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct journal_reader *r = NULL;
    struct journal *j = NULL;
    struct journal_record rec;
    unsigned n = 0;
    enum err rc;
    if (journal_read_open(&r, path, true, why) == ERR_OK) {
        while ((rc = journal_read_next(r, &rec)) == ERR_OK) {
            describe_record(setup, rec.type, rec.payload, rec.len, line, sizeof line);
            n++;
            if (known) {
                CHECK(n <= RECORDS && rec.len == payload_of(n, expect));
                CHECK(memcmp(rec.payload, expect, rec.len) == 0);
            }
        }
        if (rc == ERR_NOT_FOUND) {
            CHECK(journal_resume(&j, r, NULL, why) == ERR_OK);
            bufw_u8(journal_begin(j, JOURNAL_SELF), 1);
            CHECK(journal_end(j) == ERR_OK && journal_close(j) == ERR_OK);
            CHECK(journal_read_open(&r, path, false, why) == ERR_OK);
            unsigned again = 0;
            while ((rc = journal_read_next(r, &rec)) == ERR_OK)
                again++;
            CHECK(rc == ERR_NOT_FOUND && again == n + 1 && journal_read_torn(r) == 0);
        } else {
            CHECK(journal_read_why(r)[0]);
        }
        journal_read_close(r);
    } else {
        CHECK(why[0]);
    }
    close(fd);
}

static void edit(const uint8_t *data, size_t size)
{
    uint8_t bytes[GOOD_MAX];
    memcpy(bytes, good, good_len);
    for (; size >= 3; data += 3, size -= 3)
        bytes[((size_t)data[0] << 8 | data[1]) % good_len] ^= data[2];
    read_file(bytes, good_len, true);
}

static void payload(const uint8_t *data, size_t size)
{
    struct level levels[64];
    struct event ev;
    struct effect fx;
    uint8_t again[8192];
    char line[300], why[CARRY_WHY_MAX];
    if (size < 1)
        return;
    enum journal_type type = (enum journal_type)(1 + data[0] % JOURNAL_BLOCK);
    data++, size--;
    describe_record(setup, type, data, size, line, sizeof line);
    describe_record(setup, type, data, size, line, size % sizeof line);
    struct bufr in = bufr_make(data, size);
    if (event_decode(&in, levels, 64, &ev) == ERR_OK) {
        struct bufw w = bufw_make(again, sizeof again);
        event_encode(&ev, &w);
        CHECK(!w.failed && w.len == in.pos && memcmp(again, data, w.len) == 0);
    }
    in = bufr_make(data, size);
    if (effect_decode(&in, &fx) == ERR_OK) {
        struct bufw w = bufw_make(again, sizeof again);
        effect_encode(&fx, &w);
        CHECK(!w.failed && w.len == in.pos && memcmp(again, data, w.len) == 0);
    }
    if (carry_apply_opening(setup, data, size, why) == ERR_OK)
        for (uint32_t i = 0; i < setup->balances; i++)
            CHECK(!dec_is_neg(setup->balance[i].amount));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!good_len)
        make_good();
    if (size < 1)
        return 0;
    switch (data[0]) {
    case 'f': read_file(data + 1, size - 1, false); break;
    case 'e': edit(data + 1, size - 1); break;
    case 't':
        if (size >= 3)
            read_file(good, ((size_t)data[1] << 8 | data[2]) % (good_len + 1), true);
        break;
    case 'p': payload(data + 1, size - 1); break;
    default: break;
    }
    return 0;
}

/* Writing the journal. */
#include "io/journal.h"

#include "base/check.h"
#include "io/crc32c.h"
#include "io/journal_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The buffer is handed to the system when it holds this much, or when the caller flushes. */
#define FLUSH_AT (64u * 1024u)
#define BUFFER_BYTES                                                                               \
    (FLUSH_AT + JOURNAL_RECORD_MAX + 2u * JOURNAL_FRAME_BYTES + JOURNAL_BLOCK_BYTES)

/* A file that is written. */
struct tail {
    struct journal_chain chain; /* first: it wants an alignment of 64 */
    struct journal_place place;
    int fd;
    bool block_due;
    uint64_t offset; /* of the file, without the buffer */
    uint64_t synced; /* offset known to be on disk */
    uint64_t number; /* of the last record */
    uint64_t head;   /* where that which it begins with ends */
};

struct journal {
    struct tail t;
    struct tail old; /* while rotating: the segment before; else its fd is -1 */
    struct journal_os os;
    struct journal_body body;
    bool failed, open_record;
    uint64_t segment_bytes; /* 0: one segment without end */
    int64_t segment_age_ns;
    enum journal_type type;
    struct bufw payload;
    size_t len;
    char path[JOURNAL_NAME_MAX]; /* of the journal */
    char file[JOURNAL_NAME_MAX]; /* of the segment */
    char why[JOURNAL_WHY_MAX];
    uint8_t buffer[BUFFER_BYTES];
};

static void chain_open(struct journal_chain *c)
{
    crypto_generichash_init(&c->state, NULL, 0, JOURNAL_HASH_BYTES);
    crypto_generichash_update(&c->state, c->last, JOURNAL_HASH_BYTES);
}

void journal_chain_start(struct journal_chain *c, const uint8_t *header, size_t len)
{
    journal_hash(header, len, c->last);
    c->blocks = 0;
    chain_open(c);
}

void journal_chain_add(struct journal_chain *c, const uint8_t *bytes, size_t len)
{
    crypto_generichash_update(&c->state, bytes, len);
}

void journal_chain_block(struct journal_chain *c)
{
    crypto_generichash_final(&c->state, c->last, JOURNAL_HASH_BYTES);
    c->blocks++;
    chain_open(c);
}

static enum err fail(struct journal *j, const char *what)
{
    int e = errno;
    j->failed = true;
    snprintf(j->why, sizeof j->why, "%s: %s at byte %llu: %s", j->file, what,
             (unsigned long long)j->t.offset, e == 0 ? "no progress" : strerror(e));
    return ERR_IO;
}

enum err journal_flush(struct journal *j)
{
    CHECK(!j->open_record);
    if (j->failed)
        return ERR_IO;
    size_t done = 0;
    while (done < j->len) {
        errno = 0;
        ssize_t n = j->os.write(j->t.fd, j->buffer + done, j->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(j, "cannot write");
        done += (size_t)n;
        j->t.offset += (uint64_t)n;
    }
    j->len = 0;
    return ERR_OK;
}

enum err journal_sync(struct journal *j)
{
    enum err rc = journal_flush(j);
    if (rc != ERR_OK || j->t.synced == j->t.offset)
        return rc;
    if (j->os.fdatasync(j->t.fd) != 0)
        return fail(j, "cannot sync to disk");
    j->t.synced = j->t.offset;
    j->t.block_due = true;
    return ERR_OK;
}

/* Adds a whole record to the buffer, whose payload is there already. */
static void finish_record(struct journal *j, enum journal_type type, size_t len)
{
    uint8_t *head = j->buffer + j->len;
    struct bufw w = bufw_make(head, JOURNAL_HEAD_BYTES);
    j->t.number++;
    bufw_u32(&w, (uint32_t)len);
    bufw_u32(&w, (uint32_t)j->t.number);
    bufw_u8(&w, (uint8_t)type);
    size_t all = JOURNAL_HEAD_BYTES + len;
    uint32_t crc = crc32c(0, head, all);
    memcpy(head + all, &crc, sizeof crc);
    all += JOURNAL_TAIL_BYTES;
    if (type != JOURNAL_BLOCK)
        journal_chain_add(&j->t.chain, head, all);
    j->len += all;
}

/* The first record after a sync says so, and ends the block that was synced. */
static void write_block(struct journal *j)
{
    journal_chain_block(&j->t.chain);
    struct bufw w = bufw_make(j->buffer + j->len + JOURNAL_HEAD_BYTES, JOURNAL_BLOCK_BYTES);
    bufw_u64(&w, j->t.chain.blocks);
    bufw_u64(&w, j->t.synced);
    bufw_bytes(&w, j->t.chain.last, JOURNAL_HASH_BYTES);
    CHECK(!w.failed);
    finish_record(j, JOURNAL_BLOCK, w.len);
    j->t.block_due = false;
}

struct bufw *journal_begin(struct journal *j, enum journal_type type)
{
    CHECK(!j->open_record);
    if (j->len >= FLUSH_AT && journal_flush(j) != ERR_OK)
        j->len = 0; /* failed for good: journal_end() says so */
    if (j->t.block_due && !j->failed)
        write_block(j);
    j->open_record = true;
    j->type = type;
    j->payload = bufw_make(j->buffer + j->len + JOURNAL_HEAD_BYTES, JOURNAL_RECORD_MAX);
    return &j->payload;
}

enum err journal_end(struct journal *j)
{
    CHECK(j->open_record);
    j->open_record = false;
    if (j->failed)
        return ERR_IO;
    if (j->payload.failed) {
        j->failed = true;
        snprintf(j->why, sizeof j->why, "%s: record %llu would be larger than %u bytes", j->file,
                 (unsigned long long)j->t.number + 1, JOURNAL_RECORD_MAX);
        return ERR_FULL;
    }
    finish_record(j, j->type, j->payload.len);
    return ERR_OK;
}

bool journal_dirty(const struct journal *j)
{
    return j->t.synced != j->t.offset + j->len;
}

uint64_t journal_number(const struct journal *j)
{
    return j->t.number;
}

uint32_t journal_segment(const struct journal *j)
{
    return j->t.place.segment;
}

uint64_t journal_size(const struct journal *j)
{
    return j->t.offset + j->len;
}

const char *journal_why(const struct journal *j)
{
    return j->why;
}

/* ---- opening and closing ---- */

static ssize_t system_write(int fd, const void *data, size_t len)
{
    return write(fd, data, len);
}

/* File systems without preallocation are written as they come. */
static int system_allocate(int fd, uint64_t len)
{
    return fallocate(fd, 0, 0, (off_t)len) == 0 || errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
}

static const struct journal_os SYSTEM = {
    .write = system_write, .fdatasync = fdatasync, .allocate = system_allocate};

enum err journal_attach(struct journal **ret, const struct journal_at *at,
                        const struct journal_os *os, char *why)
{
    struct journal *j = aligned_alloc(64, (sizeof *j + 63) / 64 * 64);
    if (!j) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", at->path);
        return ERR_NOMEM;
    }
    memset(j, 0, offsetof(struct journal, buffer));
    j->os = os ? *os : SYSTEM;
    if (!j->os.allocate)
        j->os.allocate = system_allocate;
    j->t = (struct tail){.chain = *at->chain,
                         .place = at->place,
                         .fd = at->fd,
                         .offset = at->offset,
                         .synced = at->offset, /* the callers have synced what is there */
                         .number = at->number,
                         .head = at->head};
    j->old.fd = -1;
    j->body = at->body;
    snprintf(j->path, sizeof j->path, "%s", at->path);
    if (!journal_segment_path(at->path, at->place.segment, j->file))
        snprintf(j->file, sizeof j->file, "%s", at->path);
    *ret = j;
    return ERR_OK;
}

/* Everything to disk, and a block that vouches for it. */
static enum err seal(struct journal *j)
{
    enum err rc = journal_sync(j);
    if (rc == ERR_OK && j->t.block_due) {
        write_block(j);
        rc = journal_sync(j);
        j->t.block_due = false; /* this one vouches for itself: nothing stands behind it */
    }
    return rc;
}

/* The zeros behind the end go; where that fails they only take room. */
static void cut(const struct tail *t)
{
    if (ftruncate(t->fd, (off_t)t->offset) != 0)
        errno = 0;
}

enum err journal_close(struct journal *j)
{
    if (!j)
        return ERR_OK;
    CHECK(j->old.fd < 0);
    enum err rc = seal(j);
    if (rc == ERR_OK && j->segment_bytes)
        cut(&j->t);
    if (close(j->t.fd) != 0 && rc == ERR_OK)
        rc = ERR_IO;
    free(j->body.bytes);
    free(j);
    return rc;
}

/* ---- segments ---- */

static uint64_t reserve_of(uint64_t bytes)
{
    return bytes / 4 < JOURNAL_RESERVE ? bytes / 4 : JOURNAL_RESERVE;
}

/* Takes the segment's room from the disk. */
static enum err allocate(struct journal *j, uint64_t bytes, char *why)
{
    if (j->os.allocate(j->t.fd, j->t.head + bytes) == 0)
        return ERR_OK;
    snprintf(why, JOURNAL_WHY_MAX, "%s: there is no room for the %llu bytes of a segment: %s",
             j->file, (unsigned long long)bytes, strerror(errno));
    cut(&j->t);
    return ERR_IO;
}

enum err journal_set_segments(struct journal *j, uint64_t bytes, int64_t age_ns, char *why)
{
    enum err rc = journal_flush(j); /* a failed one must not be cut behind what it did write */
    if (rc != ERR_OK)
        snprintf(why, JOURNAL_WHY_MAX, "%s", j->why);
    else if (bytes)
        rc = allocate(j, bytes, why);
    if (rc == ERR_OK) {
        j->segment_bytes = bytes;
        j->segment_age_ns = age_ns;
    }
    return rc;
}

bool journal_rotate_due(const struct journal *j, int64_t wall_ns)
{
    if (j->failed || !j->segment_bytes || journal_size(j) <= j->t.head)
        return false;
    return journal_size(j) + reserve_of(j->segment_bytes) >= j->t.head + j->segment_bytes ||
           (j->segment_age_ns && wall_ns - j->t.place.begun_ns >= j->segment_age_ns);
}

/* Back to the segment before; what failed is told in [why]. */
static enum err roll_back(struct journal *j, char *why)
{
    char fresh[JOURNAL_NAME_MAX + 8];
    if (j->why[0])
        snprintf(why, JOURNAL_WHY_MAX, "%s", j->why);
    snprintf(fresh, sizeof fresh, "%s.new", j->file);
    if (j->t.fd >= 0) {
        close(j->t.fd);
        unlink(fresh);
    }
    j->t = j->old;
    j->old.fd = -1;
    j->failed = j->open_record = false;
    j->why[0] = 0;
    j->len = 0;
    if (!journal_segment_path(j->path, j->t.place.segment, j->file))
        snprintf(j->file, sizeof j->file, "%s", j->path);
    return ERR_IO;
}

enum err journal_rotate_begin(struct journal *j, int64_t wall_ns, char *why)
{
    CHECK(!j->open_record && j->old.fd < 0);
    char file[JOURNAL_NAME_MAX], fresh[JOURNAL_NAME_MAX + 8];
    struct journal_place place = {.segment = j->t.place.segment + 1, .begun_ns = wall_ns};
    if (place.segment > JOURNAL_SEGMENTS || !journal_segment_path(j->path, place.segment, file)) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: a journal of this name cannot have more segments",
                 j->path);
        return ERR_IO;
    }
    if (seal(j) != ERR_OK) {
        snprintf(why, JOURNAL_WHY_MAX, "%s", j->why);
        return ERR_IO;
    }
    place.number = j->t.number;
    place.before_end = j->t.offset;
    memcpy(place.before, j->t.chain.last, sizeof place.before);
    uint8_t *header = malloc(JOURNAL_HEADER_MAX);
    if (!header) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", file);
        return ERR_IO;
    }
    size_t len = journal_header(&place, &j->body, header);
    j->old = j->t;
    memcpy(j->file, file, sizeof file);
    j->t.place = place;
    snprintf(fresh, sizeof fresh, "%s.new", file);
    j->t.fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    j->t.offset = j->t.synced = 0;
    if (j->t.fd < 0 || j->os.write(j->t.fd, header, len) != (ssize_t)len) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: cannot be made: %s", file,
                 errno ? strerror(errno) : "short write");
        free(header);
        return roll_back(j, why);
    }
    j->t.offset = j->t.head = len;
    journal_chain_start(&j->t.chain, header, len);
    free(header);
    return ERR_OK;
}

enum err journal_rotate_end(struct journal *j, char *why)
{
    CHECK(!j->open_record && j->old.fd >= 0);
    char fresh[JOURNAL_NAME_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", j->file);
    if (journal_flush(j) != ERR_OK)
        return roll_back(j, why);
    j->t.head = j->t.offset;
    if (allocate(j, j->segment_bytes, why) != ERR_OK)
        return roll_back(j, why);
    if (j->os.fdatasync(j->t.fd) != 0 || rename(fresh, j->file) != 0 ||
        journal_sync_directory(j->file) != 0) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: cannot be made: %s", j->file, strerror(errno));
        return roll_back(j, why);
    }
    j->t.synced = j->t.offset;
    j->t.block_due = true;
    cut(&j->old);
    close(j->old.fd);
    j->old.fd = -1;
    return ERR_OK;
}

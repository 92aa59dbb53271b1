/* Reading the journal: checks every byte, tells an interrupted write from damage. */
#include "base/check.h"
#include "io/crc32c.h"
#include "io/journal.h"
#include "io/journal_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW_BYTES (2u * (JOURNAL_RECORD_MAX + JOURNAL_FRAME_BYTES))

struct journal_reader {
    struct journal_chain chain; /* first: it wants an alignment of 64 */
    struct journal_info info;
    char *texts; /* of info */
    struct journal_body body;
    struct journal_place place; /* of the segment at hand */
    int fd;
    bool at_end, writable;
    uint64_t file_size;
    uint64_t head;   /* where that which the segment begins with ends */
    uint64_t offset; /* of the next record */
    uint64_t number; /* of the last record */
    uint64_t torn;
    uint64_t window_offset; /* file offset of window[0] */
    size_t window_len;
    char path[JOURNAL_NAME_MAX]; /* of the journal */
    char file[JOURNAL_NAME_MAX]; /* of the segment */
    char why[JOURNAL_WHY_MAX];
    uint8_t window[WINDOW_BYTES];
};

/* How many bytes of the file lie in the window from [offset] on, after trying to have [want] of
 * them. -1: read error. */
static ssize_t window_at(struct journal_reader *r, uint64_t offset, size_t want)
{
    uint64_t end = r->window_offset + r->window_len;
    if (offset >= r->window_offset && offset + want <= end)
        return (ssize_t)(end - offset);
    size_t keep = 0;
    if (offset >= r->window_offset && offset < end) {
        keep = (size_t)(end - offset);
        memmove(r->window, r->window + (offset - r->window_offset), keep);
    }
    r->window_offset = offset;
    r->window_len = keep;
    while (r->window_len < WINDOW_BYTES) {
        ssize_t n = pread(r->fd, r->window + r->window_len, WINDOW_BYTES - r->window_len,
                          (off_t)(r->window_offset + r->window_len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            snprintf(r->why, sizeof r->why, "%s: cannot read at byte %llu: %s", r->file,
                     (unsigned long long)(r->window_offset + r->window_len), strerror(errno));
            return -1;
        }
        if (n == 0)
            break;
        r->window_len += (size_t)n;
    }
    return (ssize_t)r->window_len;
}

enum frame { FRAME_WHOLE, FRAME_BAD, FRAME_SHORT };

/* Judges the bytes [p, p + have) as a record. */
static enum frame frame_check(const uint8_t *p, size_t have, uint32_t *len, uint32_t *number,
                              uint8_t *type)
{
    if (have < JOURNAL_FRAME_BYTES)
        return FRAME_SHORT;
    memcpy(len, p, 4);
    memcpy(number, p + 4, 4);
    *type = p[8];
    if (*len > JOURNAL_RECORD_MAX || *type < JOURNAL_INPUT || *type > JOURNAL_BLOCK)
        return FRAME_BAD;
    if (have < JOURNAL_FRAME_BYTES + (size_t)*len)
        return FRAME_SHORT;
    uint32_t crc;
    memcpy(&crc, p + JOURNAL_HEAD_BYTES + *len, 4);
    return crc == crc32c(0, p, JOURNAL_HEAD_BYTES + *len) ? FRAME_WHOLE : FRAME_BAD;
}

/* Whether a later block vouches for the byte at [offset]. 1, 0, or -1 for a read error. */
static int vouched_for(struct journal_reader *r, uint64_t offset)
{
    for (uint64_t at = offset + 1; at + JOURNAL_FRAME_BYTES <= r->file_size;) {
        ssize_t have = window_at(r, at, JOURNAL_RECORD_MAX + JOURNAL_FRAME_BYTES);
        if (have < 0)
            return -1;
        if (have < (ssize_t)JOURNAL_FRAME_BYTES)
            break; /* the file became shorter meanwhile */
        const uint8_t *p = r->window + (at - r->window_offset);
        const uint8_t *likely = memchr(p, JOURNAL_BLOCK_BYTES, (size_t)have);
        if (likely != p) { /* a block's length does not begin here */
            at += likely ? (uint64_t)(likely - p) : (uint64_t)have;
            continue;
        }
        uint32_t len, number;
        uint8_t type;
        memcpy(&len, p, 4);
        if (len != JOURNAL_BLOCK_BYTES || p[8] != JOURNAL_BLOCK || /* cheap look first */
            frame_check(p, (size_t)have, &len, &number, &type) != FRAME_WHOLE) {
            at++;
            continue;
        }
        struct bufr in = bufr_make(p + JOURNAL_HEAD_BYTES, len);
        bufr_u64(&in);
        if (bufr_u64(&in) > offset)
            return 1;
        at += JOURNAL_FRAME_BYTES + len;
    }
    return 0;
}

/* How many bytes from [offset] on are more than preallocated zeros. -1: read error. */
static int64_t torn_bytes(struct journal_reader *r, uint64_t offset)
{
    uint64_t end = offset;
    for (uint64_t at = offset; at < r->file_size;) {
        ssize_t have = window_at(r, at, 1);
        if (have <= 0)
            return have < 0 ? -1 : (int64_t)(end - offset);
        const uint8_t *p = r->window + (at - r->window_offset);
        for (ssize_t i = have; i > 0; i--)
            if (p[i - 1]) {
                end = at + (uint64_t)i;
                break;
            }
        at += (uint64_t)have;
    }
    return (int64_t)(end - offset);
}

static enum err corrupt(struct journal_reader *r, uint64_t number, const char *what)
{
    snprintf(r->why, sizeof r->why, "%s: record %llu at byte %llu: %s", r->file,
             (unsigned long long)number, (unsigned long long)r->offset, what);
    return ERR_CORRUPT;
}

static enum err check_block(struct journal_reader *r, const uint8_t *payload, uint32_t len)
{
    uint8_t hash[JOURNAL_HASH_BYTES];
    struct bufr in = bufr_make(payload, len);
    uint64_t block = bufr_u64(&in);
    bufr_u64(&in);
    bufr_bytes(&in, hash, sizeof hash);
    journal_chain_block(&r->chain);
    if (in.failed || in.pos != in.len || block != r->chain.blocks ||
        memcmp(hash, r->chain.last, sizeof hash) != 0)
        return corrupt(r, r->number + 1,
                       "the hash of the block that ends here does not fit: records before it were "
                       "changed, exchanged or left out");
    return ERR_OK;
}

static enum err next_segment(struct journal_reader *r) MUST_CHECK;

/* No whole record stands at the offset: the end, of the segment or of all; or damage. ERR_OK: the
 * next segment has begun. */
static enum err segment_end(struct journal_reader *r)
{
    enum err rc = next_segment(r);
    if (rc != ERR_NOT_FOUND)
        return rc;
    int vouched = vouched_for(r, r->offset);
    if (vouched < 0)
        return ERR_IO;
    if (vouched)
        return corrupt(r, r->number + 1,
                       "damaged, although a later record says that it was on disk");
    int64_t torn = torn_bytes(r, r->offset);
    if (torn < 0)
        return ERR_IO;
    r->torn = (uint64_t)torn;
    r->at_end = true;
    return ERR_NOT_FOUND;
}

/* A whole record at [p]: fits where it stands? */
static enum err accept(struct journal_reader *r, const uint8_t *p, uint32_t len, uint32_t number,
                       uint8_t type)
{
    if (number != (uint32_t)(r->number + 1))
        return corrupt(r, r->number + 1,
                       "a whole record of another number stands here: records were exchanged, "
                       "repeated or left out");
    if (type == JOURNAL_BLOCK)
        return check_block(r, p + JOURNAL_HEAD_BYTES, len);
    journal_chain_add(&r->chain, p, JOURNAL_FRAME_BYTES + (size_t)len);
    return ERR_OK;
}

enum err journal_read_next(struct journal_reader *r, struct journal_record *ret)
{
    if (r->why[0])
        return ERR_CORRUPT;
    while (!r->at_end) {
        ssize_t have = window_at(r, r->offset, JOURNAL_RECORD_MAX + JOURNAL_FRAME_BYTES);
        if (have < 0)
            return ERR_IO;
        const uint8_t *p = r->window + (r->offset - r->window_offset);
        uint32_t len = 0, number = 0;
        uint8_t type = 0;
        if (frame_check(p, (size_t)have, &len, &number, &type) != FRAME_WHOLE) {
            enum err rc = segment_end(r);
            if (rc != ERR_OK)
                return rc;
            continue;
        }
        enum err rc = accept(r, p, len, number, type);
        if (rc != ERR_OK)
            return rc;
        struct journal_record rec = {.type = (enum journal_type)type,
                                     .number = r->number + 1,
                                     .offset = r->offset,
                                     .payload = p + JOURNAL_HEAD_BYTES,
                                     .len = len};
        r->number++;
        r->offset += JOURNAL_FRAME_BYTES + (uint64_t)len;
        if (type == JOURNAL_OPENING)
            r->head = r->offset;
        if (type != JOURNAL_BLOCK) {
            *ret = rec;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* Reads the header out of [p, p + len). NULL: fine; else what is wrong. */
static const char *read_header(struct journal_reader *r, const uint8_t *p, size_t len)
{
    uint32_t version, all, crc;
    if (len < JOURNAL_HEADER_FIXED || memcmp(p, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES) != 0)
        return "this is not a journal of tradewind";
    memcpy(&version, p + JOURNAL_MAGIC_BYTES, 4);
    memcpy(&all, p + JOURNAL_MAGIC_BYTES + 4, 4);
    if (version != JOURNAL_VERSION) {
        snprintf(r->texts, JOURNAL_NAME_MAX,
                 "a journal of format version %lu, this build reads version %u: only the build "
                 "that wrote it can go on with it or print it",
                 (unsigned long)version, JOURNAL_VERSION);
        return r->texts;
    }
    if (all < JOURNAL_HEADER_FIXED + 4 || all > JOURNAL_HEADER_MAX || all > len)
        return "the header is damaged";
    memcpy(&crc, p + all - 4, 4);
    if (crc != crc32c(0, p, all - 4))
        return "the header is damaged";

    if (all < JOURNAL_HEADER_FIXED + JOURNAL_HEADER_OWN + 4)
        return "the header is damaged";
    struct bufr in = bufr_make(p + JOURNAL_HEADER_FIXED, all - 4 - JOURNAL_HEADER_FIXED);
    r->place.segment = bufr_u32(&in);
    r->place.begun_ns = bufr_i64(&in);
    r->place.number = bufr_u64(&in);
    r->place.before_end = bufr_u64(&in);
    bufr_bytes(&in, r->place.before, JOURNAL_HASH_BYTES);
    r->body.len = all - 4 - JOURNAL_HEADER_FIXED - JOURNAL_HEADER_OWN;
    memcpy(r->body.bytes, p + JOURNAL_HEADER_FIXED + JOURNAL_HEADER_OWN, r->body.len);
    char *build = r->texts, *name = build + JOURNAL_NAME_MAX + 1,
         *dir = name + JOURNAL_NAME_MAX + 1, *config = dir + JOURNAL_NAME_MAX + 1;
    r->info.created_ns = bufr_i64(&in);
    r->info.seed = bufr_u64(&in);
    bufr_text(&in, build, JOURNAL_NAME_MAX + 1);
    bufr_text(&in, name, JOURNAL_NAME_MAX + 1);
    bufr_text(&in, dir, JOURNAL_NAME_MAX + 1);
    bufr_bytes(&in, r->info.config_hash, JOURNAL_HASH_BYTES);
    uint32_t config_len = bufr_u32(&in);
    if (in.failed || config_len > JOURNAL_CONFIG_MAX)
        return "the header is damaged";
    bufr_bytes(&in, config, config_len);
    if (in.failed || in.pos != in.len)
        return "the header is damaged";
    config[config_len] = 0;
    uint8_t hash[JOURNAL_HASH_BYTES];
    journal_hash(config, config_len, hash);
    if (memcmp(hash, r->info.config_hash, sizeof hash) != 0)
        return "the configuration in the header is not the one its hash says";
    r->info.build = build;
    r->info.config_name = name;
    r->info.config_dir = dir;
    r->info.config = config;
    r->info.config_len = config_len;
    journal_chain_start(&r->chain, p, all);
    r->offset = r->head = all;
    r->number = r->place.number;
    return NULL;
}

/* Opens segment [n] in place of the one at hand, and reads its header. */
static enum err open_segment(struct journal_reader *r, uint32_t n, char *why)
{
    struct stat st;
    char file[JOURNAL_NAME_MAX];
    if (!journal_segment_path(r->path, n, file))
        return ERR_NOT_FOUND;
    int fd = open(file, (r->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum err rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        snprintf(why, JOURNAL_WHY_MAX, "%s: %s", file, strerror(errno));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: not a regular file", file);
        close(fd);
        return ERR_SYNTAX;
    }
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    r->file_size = (uint64_t)st.st_size;
    r->window_offset = r->window_len = 0;
    memcpy(r->file, file, sizeof file);
    ssize_t have = window_at(r, 0, JOURNAL_HEADER_MAX);
    const char *wrong = have < 0 ? strerror(errno) : read_header(r, r->window, (size_t)have);
    if (!wrong && r->place.segment != n)
        wrong = "the header is that of another segment: files were renamed";
    if (wrong) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: %s", file, wrong);
        return have < 0 ? ERR_IO : ERR_CORRUPT;
    }
    return ERR_OK;
}

/* The segment behind the one at hand, whose records end here. ERR_NOT_FOUND: there is none. */
static enum err next_segment(struct journal_reader *r)
{
    char before[JOURNAL_NAME_MAX], why[JOURNAL_WHY_MAX] = "";
    uint64_t number = r->number, offset = r->offset;
    uint8_t hash[JOURNAL_HASH_BYTES];
    memcpy(before, r->file, sizeof before);
    memcpy(hash, r->chain.last, sizeof hash);
    char file[JOURNAL_NAME_MAX];
    if (!journal_segment_path(r->path, r->place.segment + 1, file))
        return ERR_NOT_FOUND;
    enum err rc = open_segment(r, r->place.segment + 1, why);
    if (rc == ERR_NOT_FOUND) {
        uint32_t first, last;
        if (journal_segments(r->path, &first, &last) != ERR_OK || last <= r->place.segment)
            return rc;
        snprintf(r->why, sizeof r->why, "%s: missing, although segment %lu is there", file,
                 (unsigned long)last);
        return ERR_CORRUPT;
    }
    if (rc != ERR_OK)
        snprintf(r->why, sizeof r->why, "%s", why);
    else if (r->place.before_end != offset || r->place.number != number ||
             memcmp(r->place.before, hash, sizeof hash) != 0) {
        snprintf(r->why, sizeof r->why,
                 "%s: record %llu at byte %llu: damaged, although %s says that it was on disk up "
                 "to record %llu and byte %llu",
                 before, (unsigned long long)number + 1, (unsigned long long)offset,
                 strrchr(r->file, '/') ? strrchr(r->file, '/') + 1 : r->file,
                 (unsigned long long)r->place.number, (unsigned long long)r->place.before_end);
        rc = ERR_CORRUPT;
    }
    return rc;
}

enum err journal_read_open(struct journal_reader **ret, const char *path, bool writable, char *why)
{
    if (strlen(path) >= JOURNAL_NAME_MAX) {
        snprintf(why, JOURNAL_WHY_MAX, "the journal's path is longer than %d bytes",
                 JOURNAL_NAME_MAX - 1);
        return ERR_RANGE;
    }
    struct journal_reader *r = aligned_alloc(64, (sizeof *r + 63) / 64 * 64);
    if (!r) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", path);
        return ERR_NOMEM;
    }
    memset(r, 0, offsetof(struct journal_reader, window));
    r->fd = -1;
    r->writable = writable;
    r->texts = malloc(3 * (JOURNAL_NAME_MAX + 1) + JOURNAL_CONFIG_MAX + 1);
    r->body.bytes = malloc(JOURNAL_BODY_MAX);
    if (!r->texts || !r->body.bytes) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", path);
        journal_read_close(r);
        return ERR_NOMEM;
    }
    uint32_t n, first = 1, last;
    journal_segment_of(path, r->path, &n);
    if (n == 1 && access(path, F_OK) != 0 && journal_segments(path, &first, &last) == ERR_OK)
        n = first;
    enum err rc = open_segment(r, n, why);
    if (rc != ERR_OK) {
        journal_read_close(r);
        return rc;
    }
    *ret = r;
    return ERR_OK;
}

void journal_read_close(struct journal_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->texts);
    free(r->body.bytes);
    free(r);
}

uint32_t journal_read_segment(const struct journal_reader *r)
{
    return r->place.segment;
}

const struct journal_info *journal_read_info(const struct journal_reader *r)
{
    return &r->info;
}

uint64_t journal_read_torn(const struct journal_reader *r)
{
    return r->torn;
}

const char *journal_read_why(const struct journal_reader *r)
{
    return r->why;
}

enum err journal_resume(struct journal **ret, struct journal_reader *r, const struct journal_os *os,
                        char *why)
{
    CHECK(r->writable && r->at_end);
    struct journal_at at = {.fd = r->fd,
                            .path = r->path,
                            .chain = &r->chain,
                            .place = r->place,
                            .body = r->body,
                            .offset = r->offset,
                            .number = r->number,
                            .head = r->head};
    enum err rc = ERR_IO;
    if ((r->file_size > r->offset && ftruncate(r->fd, (off_t)r->offset) != 0) ||
        fsync(r->fd) != 0 || lseek(r->fd, (off_t)r->offset, SEEK_SET) < 0)
        snprintf(why, JOURNAL_WHY_MAX, "%s: cannot be continued: %s", r->file, strerror(errno));
    else
        rc = journal_attach(ret, &at, os, why);
    if (rc == ERR_OK) {
        r->fd = -1;
        r->body.bytes = NULL;
    }
    journal_read_close(r);
    return rc;
}

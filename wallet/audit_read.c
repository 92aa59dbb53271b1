#include "wallet/audit_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int sys_openat(int dir, const char *name, int flags, mode_t mode)
{
    return openat(dir, name, flags, mode);
}

/* posix_fallocate() makes other calls where a file system cannot do this, which the signer may not;
 * there the file grows as it is written. */
static int sys_fallocate(int fd, off_t at, off_t len)
{
    return fallocate(fd, 0, at, len) == 0 || errno == EOPNOTSUPP ? 0 : errno;
}

/* The number in the name of a segment's file; 0: another file. */
static uint32_t number_of(const char *name)
{
    uint32_t n = 0;
    for (int i = 0; i < 8; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        n = 10 * n + (uint32_t)(name[i] - '0');
    }
    return strcmp(name + 8, ".audit") == 0 ? n : 0;
}

static int sys_segments(int dir, uint32_t *lowest, uint32_t *highest)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        int error = errno;
        if (fd >= 0)
            (void)close(fd);
        return error;
    }
    *lowest = *highest = 0;
    errno = 0;
    for (struct dirent *e; (e = readdir(d));) {
        uint32_t n = number_of(e->d_name);
        if (n && (!*lowest || n < *lowest))
            *lowest = n;
        if (n > *highest)
            *highest = n;
    }
    int error = errno;
    (void)closedir(d);
    return error;
}

const struct audit_os AUDIT_SYSTEM = {sys_openat,    pread, pwrite, fdatasync,   fsync,
                                      sys_fallocate, close, flock,  sys_segments};

const char *audit_fault_name(enum audit_fault f)
{
    switch (f) {
    case AUDIT_FINE: return "fine";
    case AUDIT_CHANGED: return "changed";
    case AUDIT_CUT: return "cut";
    case AUDIT_MISSING: return "missing";
    case AUDIT_AGAIN: return "repeated";
    case AUDIT_SPLICED: return "spliced";
    case AUDIT_RECORDS: return "impossible";
    case AUDIT_FORGED: return "forged";
    case AUDIT_ROLLED_BACK: return "rolled-back";
    case AUDIT_UNREADABLE: return "unreadable";
    }
    return "?";
}

void audit_reader_init(struct audit_reader *r, const struct audit_os *os, int fd, uint32_t segment,
                       uint8_t *window)
{
    *r = (struct audit_reader){.os = os, .fd = fd, .segment = segment, .window = window};
}

/* Makes the window hold [len] bytes at [at], as far as the file has them; how many, -1: the disk.
 */
static ssize_t look(struct audit_reader *r, uint64_t at, size_t len, const uint8_t **ret)
{
    bool inside = at >= r->window_at && at + len <= r->window_at + r->window_len;
    if (!inside) {
        r->window_at = at;
        r->window_len = 0;
        while (r->window_len < AUDIT_WINDOW) {
            ssize_t n = r->os->pread(r->fd, r->window + r->window_len, AUDIT_WINDOW - r->window_len,
                                     (off_t)(at + r->window_len));
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0) {
                r->failed = true;
                return -1;
            }
            if (n == 0)
                break;
            r->window_len += (size_t)n;
        }
    }
    *ret = r->window + (at - r->window_at);
    uint64_t there = r->window_at + r->window_len - at;
    return (ssize_t)(there < len ? there : len);
}

static enum audit_step bad(struct audit_trouble *t, enum audit_fault f, const char *reason)
{
    t->fault = f;
    snprintf(t->why, sizeof t->why, "%s", reason);
    return AUDIT_STEP_BAD;
}

enum audit_step audit_reader_next(struct audit_reader *r, struct audit_block *b,
                                  const uint8_t **bytes, struct audit_trouble *t)
{
    ssize_t n = look(r, r->at, AUDIT_HEAD, bytes);
    if (n < 0)
        return bad(t, AUDIT_UNREADABLE, "the disk cannot read it");
    if (n == 0 || sodium_is_zero(*bytes, (size_t)n))
        return AUDIT_STEP_END;
    if (n < AUDIT_HEAD)
        return bad(t, AUDIT_CUT, "the file ends inside it");
    struct audit_block head;
    if (audit_block_head(*bytes, &head))
        return bad(t, AUDIT_CHANGED, "no block begins here: its bytes were changed");
    n = look(r, r->at, head.len, bytes);
    if (n < 0)
        return bad(t, AUDIT_UNREADABLE, "the disk cannot read it");
    if ((size_t)n < head.len)
        return bad(t, AUDIT_CUT, "the file ends inside it");
    t->first = head.first;
    t->last = head.first + head.records - 1;
    if (!audit_block_holds(*bytes, &head))
        return bad(t, AUDIT_CHANGED, "its bytes were changed: they are not what was hashed");
    *b = head;
    r->at += head.len;
    return AUDIT_STEP_BLOCK;
}

/* What follows the last block, 16 MiB of it, is no secret: sodium_is_zero() would look at it byte
 * by byte, and that was most of the signer's start. */
static bool is_blank(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

bool audit_reader_used(struct audit_reader *r, uint64_t from, uint64_t *ret)
{
    const uint8_t *p;
    uint64_t used = from;
    for (uint64_t at = from;;) {
        ssize_t n = look(r, at, AUDIT_WINDOW, &p);
        if (n < 0)
            return false;
        for (ssize_t i = is_blank(p, (size_t)n) ? 0 : n; i > 0; i--)
            if (p[i - 1]) {
                used = at + (uint64_t)i;
                break;
            }
        at += (uint64_t)n;
        if (n < (ssize_t)AUDIT_WINDOW)
            break;
    }
    *ret = used;
    return true;
}

bool audit_chain_next(struct audit_chain *c, const struct audit_block *b, uint32_t segment,
                      struct audit_trouble *t)
{
    char text[128];
    if (b->segment != segment) {
        snprintf(text, sizeof text, "it is a block of segment %u", b->segment);
        bad(t, AUDIT_SPLICED, text);
        return false;
    }
    if (b->number > c->block + 1) {
        snprintf(text, sizeof text, "blocks %" PRIu64 " to %" PRIu64 " are missing", c->block + 1,
                 b->number - 1);
        bad(t, AUDIT_MISSING, text);
        return false;
    }
    if (b->number <= c->block) {
        snprintf(text, sizeof text, "block %" PRIu64 " stands here again, or too late", b->number);
        bad(t, AUDIT_AGAIN, text);
        return false;
    }
    if (b->first != c->record + 1 || memcmp(b->before, c->hash, AUDIT_HASH) != 0) {
        bad(t, AUDIT_SPLICED, "it does not continue the block before it");
        return false;
    }
    c->block = b->number;
    c->record = b->first + b->records - 1;
    memcpy(c->hash, b->hash, AUDIT_HASH);
    return true;
}

void audit_trouble_say(struct audit_trouble *t, enum audit_fault f, const struct audit_reader *r,
                       const struct audit_chain *c, const char *reason)
{
    char text[WHY_MAX], name[AUDIT_NAME_MAX];
    snprintf(text, sizeof text, "%s", reason);
    audit_segment_name(r->segment, name);
    t->fault = f;
    t->segment = r->segment;
    t->offset = r->at;
    t->block = c->block + 1;
    t->first = c->record + 1;
    if (t->last < t->first)
        t->last = t->first;
    if (t->last > t->first)
        snprintf(t->why, sizeof t->why,
                 "%s, offset %" PRIu64 ", block %" PRIu64 ", records %" PRIu64 " to %" PRIu64
                 ": %.140s",
                 name, t->offset, t->block, t->first, t->last, text);
    else
        snprintf(t->why, sizeof t->why,
                 "%s, offset %" PRIu64 ", block %" PRIu64 ", record %" PRIu64 ": %.140s", name,
                 t->offset, t->block, t->first, text);
}

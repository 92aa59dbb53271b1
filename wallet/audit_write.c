/* Blocks to the disk: written, synced, and the next segment. */
#include "wallet/audit_inside.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum err audit_fail(struct audit *a, const char *what)
{
    char name[AUDIT_NAME_MAX];
    int error = errno;
    audit_segment_name(a->segment, name);
    a->failed = true;
    (void)why_say(a->why, ERR_IO, "the audit log cannot %s (%s): %s; nothing is signed any more",
                  what, name, strerror(error));
    a->full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return ERR_IO;
}

void audit_begin(struct audit *a)
{
    a->w = bufw_make(a->bytes, sizeof a->bytes - AUDIT_TAIL);
    a->w.len = AUDIT_HEAD;
    memset(&a->block, 0, sizeof a->block);
    a->block.number = a->chain.block + 1;
    a->block.first = a->chain.record + 1;
    a->block.segment = a->segment;
    memcpy(a->block.before, a->chain.hash, AUDIT_HASH);
}

void audit_put(struct audit *a, struct audit_record *r, struct policy_now now)
{
    r->number = a->block.first + a->block.records++;
    r->wall_ms = now.wall_ms;
    r->boot_ms = now.boot_ms;
    audit_encode(r, &a->w);
    CHECK(!a->w.failed); /* every block's longest content fits: AUDIT_ROOM */
}

static bool write_all(struct audit *a, const uint8_t *p, size_t len, uint64_t at)
{
    while (len) {
        ssize_t n = a->os->pwrite(a->fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return false;
        p += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

enum err audit_end(struct audit *a, struct policy_now now)
{
    if (a->block.records == 0)
        return ERR_OK;
    CHECK(a->at + a->w.len + AUDIT_TAIL <= a->segment_bytes);
    if (a->open)
        secret_open(&a->key);
    audit_seal_block(a->bytes, a->w.len, &a->block, a->open ? a->key.data : NULL);
    if (a->open)
        secret_shut(&a->key);
    if (!write_all(a, a->bytes, a->block.len, a->at))
        return audit_fail(a, "be written");
    a->at += a->block.len;
    a->chain.block = a->block.number;
    a->chain.record = a->block.first + a->block.records - 1;
    memcpy(a->chain.hash, a->block.hash, AUDIT_HASH);
    if (a->open) {
        a->counter.keyed = a->block.number;
        memcpy(a->counter.keyed_hash, a->block.hash, AUDIT_HASH);
    }
    if (!a->unsynced)
        a->unsynced_since_ms = now.boot_ms;
    a->unsynced += a->block.len;
    return ERR_OK;
}

/* The highest order number of each instance that a slice or an order has made durable. */
static void note_instances(struct audit *a)
{
    struct audit_counter *c = &a->counter;
    c->instances = a->counters->instances;
    for (uint32_t i = 0; i < c->instances; i++) {
        c->instance[i].instance = a->counters->instance[i].instance;
        c->instance[i].upto = a->counters->instance[i].top;
        for (uint32_t n = 0; n < a->slices.count; n++)
            if (a->slices.slice[n].instance == c->instance[i].instance &&
                a->slices.slice[n].last > c->instance[i].upto)
                c->instance[i].upto = a->slices.slice[n].last;
    }
}

enum err audit_sync(struct audit *a)
{
    if (!a->unsynced)
        return ERR_OK;
    if (a->os->fdatasync(a->fd) != 0)
        return audit_fail(a, "be synced");
    a->counter.block = a->chain.block;
    a->counter.segment = a->segment;
    memcpy(a->counter.hash, a->chain.hash, AUDIT_HASH);
    if (a->open) {
        note_instances(a);
        secret_open(&a->key);
        audit_counter_prove(&a->counter, a->key.data);
        secret_shut(&a->key);
    }
    if (audit_counter_write(a->os, a->counter_fd, &a->counter))
        return audit_fail(a, "write its counter");
    a->unsynced = 0;
    return ERR_OK;
}

enum err audit_segment_make(struct audit *a, uint32_t segment)
{
    a->segment = segment;
    a->at = 0;
    a->has_snapshot = false;
    a->fd = -1;
    char name[AUDIT_NAME_MAX];
    audit_segment_name(segment, name);
    a->fd = a->os->openat(a->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (a->fd < 0)
        return audit_fail(a, "make a new segment");
    errno = a->os->fallocate(a->fd, 0, (off_t)a->segment_bytes);
    if (errno)
        return audit_fail(a, "get room on the disk");
    return a->os->fsync(a->dir) == 0 ? ERR_OK : audit_fail(a, "sync its directory");
}

enum err audit_snapshot(struct audit *a, struct policy_now now)
{
    struct audit_cursor cursor = {0};
    CHECK(a->open && a->slices.count == 0);
    for (bool last = false; !last;) {
        struct audit_record r;
        memset(&r, 0, sizeof r);
        r.type = AUDIT_SNAPSHOT;
        r.part = cursor.part;
        audit_begin(a);
        audit_put(a, &r, now);
        /* The items behind the record's head, in place; then the head says how many. */
        struct bufw items = bufw_make(a->bytes + a->w.len, AUDIT_PART_MAX);
        last = audit_snapshot_part(a->counters, &cursor, &items);
        a->bytes[a->w.len - 1] = last;
        a->w.len += items.len;
        uint32_t len = (uint32_t)(a->w.len - AUDIT_HEAD - 4);
        memcpy(a->bytes + AUDIT_HEAD, &len, sizeof len);
        enum err e = audit_end(a, now);
        if (e)
            return e;
    }
    a->has_snapshot = true;
    return ERR_OK;
}

enum err audit_rotate(struct audit *a, struct policy_now now)
{
    struct audit_slices kept = a->slices;
    enum err e = ERR_OK;
    if (a->open) {
        audit_begin(a);
        audit_slices_give_back(a, now);
        e = audit_end(a, now);
    }
    if (!e)
        e = audit_sync(a);
    if (e)
        return e;
    int old = a->fd;
    e = audit_segment_make(a, a->segment + 1);
    (void)a->os->close(old);
    if (!e && a->open)
        e = audit_snapshot(a, now);
    if (!e && a->open) {
        /* What was taken counts as taken again: a->taken still tells of it. */
        audit_begin(a);
        for (uint32_t i = 0; i < kept.count; i++) {
            struct audit_record r;
            memset(&r, 0, sizeof r);
            r.type = AUDIT_SLICE;
            r.slice = kept.slice[i];
            audit_put(a, &r, now);
        }
        a->slices = kept;
        e = audit_end(a, now);
    }
    return e ? e : audit_sync(a);
}

/* The start: what the log says, checked against the counter, and where it goes on. */
#include "wallet/audit_inside.h"
#include "wallet/audit_walk.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define ACCEPT "; `tradewind audit verify` says more, `tradewind audit accept` goes on"

void audit_boot_id(uint8_t out[16])
{
    char text[64];
    memset(out, 0, 16);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0)
        (void)close(fd);
    if (n > 0)
        CHECK(crypto_generichash(out, 16, (const uint8_t *)text, (unsigned long long)n, NULL, 0) ==
              0);
}

enum err audit_mac_key(const struct keystore *k, struct secret *ret)
{
    static const char PURPOSE[] = "tradewind audit log, MAC key 1";
    struct secret key;
    enum err e = secret_make(&key, 32);
    if (e)
        return e;
    secret_open(&k->data_key);
    int failed = crypto_generichash(key.data, 32, (const uint8_t *)PURPOSE, sizeof PURPOSE - 1,
                                    k->data_key.data, k->data_key.len);
    secret_shut(&k->data_key);
    CHECK(failed == 0);
    secret_shut(&key);
    *ret = key;
    return ERR_OK;
}

/* ---- reading ---- */

struct start {
    struct audit *a;
    struct audit_walk walk;
    struct audit_replay replay;
    uint8_t window[AUDIT_WINDOW];
    uint32_t lowest, highest;
    uint32_t segment;     /* of the last record */
    uint64_t snapshots;   /* in segments before that one */
    bool found, mismatch; /* the counter's blocks */
};

static bool on_block(void *arg, const struct audit_walk *w, const struct audit_block *b,
                     const uint8_t *bytes)
{
    struct start *s = arg;
    struct audit *a = s->a;
    if (b->segment != s->segment) {
        s->segment = b->segment;
        s->snapshots = s->replay.snapshots;
    }
    if (b->number == a->counter.block) {
        s->found = true;
        s->mismatch |= memcmp(b->hash, a->counter.hash, AUDIT_HASH) != 0;
    }
    if (b->number == a->counter.keyed)
        s->mismatch |= memcmp(b->hash, a->counter.keyed_hash, AUDIT_HASH) != 0;
    if (b->keyed) {
        memcpy(a->keyed, bytes, b->len);
        a->keyed_block = *b;
    }
    return w != NULL;
}

/* Ends a walk at the first whole snapshot. */
static bool on_snapshot(void *arg, const struct audit_walk *w, const struct audit_record *r,
                        bool keyed)
{
    bool *has = arg;
    *has |= keyed && r->type == AUDIT_SNAPSHOT && r->last_part;
    return w && !*has;
}

static bool has_snapshot(struct start *s, uint32_t segment)
{
    bool has = false;
    struct audit_walk w = {.os = s->a->os, .dir = s->a->dir, .window = s->window};
    w.visit.record = on_snapshot;
    w.visit.arg = &has;
    return audit_walk_segment(&w, segment) == ERR_OK && has;
}

/* Drops what an interrupted write left behind the last block: nobody acted upon it. */
static enum err drop_torn(struct start *s, uint64_t used, char *why)
{
    static const uint8_t zeros[4096];
    struct audit *a = s->a;
    for (uint64_t at = a->at; at < used;) {
        size_t n = used - at < sizeof zeros ? (size_t)(used - at) : sizeof zeros;
        ssize_t done = a->os->pwrite(a->fd, zeros, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return why_say(why, ERR_IO, "segment %u of the audit log cannot be written: %s",
                           a->segment, strerror(errno));
        at += (uint64_t)done;
    }
    return used == a->at || a->os->fdatasync(a->fd) == 0
               ? ERR_OK
               : why_say(why, ERR_IO, "segment %u of the audit log cannot be synced: %s",
                         a->segment, strerror(errno));
}

static enum err rolled_back(char *why, const char *what)
{
    return why_say(why, ERR_STATE, "the audit log was rolled back: %s" ACCEPT, what);
}

/* From the last snapshot that lies before what the counter knows. */
static enum err walk_all(struct start *s, char *why)
{
    struct audit *a = s->a;
    uint32_t from = s->highest;
    if (a->counter.segment < s->lowest && (a->counter.block || s->lowest != 1))
        return rolled_back(why, "the segment that the counter knows is gone");
    if (a->counter.segment < from)
        from = a->counter.segment ? a->counter.segment : s->lowest;
    while (from > s->lowest && !has_snapshot(s, from))
        from--;
    if (from > 1 && from == s->lowest && !has_snapshot(s, from))
        return why_say(why, ERR_CORRUPT,
                       "segment %u of the audit log is needed and not there" ACCEPT, from - 1);
    enum err e = audit_replay_init(&s->replay, a->counters, from == 1);
    if (e)
        return why_say(why, e, "the counters have no room for what a crash may lose");
    s->walk = (struct audit_walk){.os = a->os,
                                  .dir = a->dir,
                                  .window = s->window,
                                  .anchored = from == 1,
                                  .replay = &s->replay,
                                  .visit = {.block = on_block, .arg = s}};
    for (uint32_t n = from; n <= s->highest; n++) {
        e = audit_walk_segment(&s->walk, n);
        if (e == ERR_NOT_FOUND)
            return why_say(why, ERR_CORRUPT, "segment %u of the audit log is missing" ACCEPT, n);
        enum audit_fault f = s->walk.trouble.fault;
        bool torn = e == ERR_CORRUPT && (f == AUDIT_CHANGED || f == AUDIT_CUT) && n == s->highest &&
                    s->walk.chain.block >= a->counter.block;
        if (e && !torn)
            return why_say(why, e, "the audit log is damaged: %.160s" ACCEPT, s->walk.trouble.why);
    }
    return ERR_OK;
}

/* Where writing goes on. */
static enum err take_end(struct start *s, uint64_t *dropped, char *why)
{
    struct audit *a = s->a;
    if (s->walk.chain.block < a->counter.block || (a->counter.block && !s->found))
        return rolled_back(why, "it ends before the block that the counter knows");
    if (s->mismatch)
        return rolled_back(why, "it has another block where the counter knows one");
    a->chain = s->walk.chain;
    a->segment = s->highest;
    a->at = s->walk.reader.at;
    a->slices = s->replay.slices;
    a->log_generation = s->replay.generation;
    a->has_snapshot = s->segment == s->highest && s->replay.snapshots > s->snapshots;
    a->fd = audit_segment_open(a->os, a->dir, a->segment, O_RDWR);
    if (a->fd < 0)
        return why_say(why, ERR_IO, "segment %u of the audit log: %s", a->segment, strerror(errno));
    uint64_t used = a->at;
    s->walk.reader.fd = a->fd;
    s->walk.reader.window_len = 0;
    if (!audit_reader_used(&s->walk.reader, a->at, &used))
        return why_say(why, ERR_IO, "segment %u of the audit log cannot be read", a->segment);
    *dropped = used - a->at;
    enum err e = drop_torn(s, used, why);
    if (e)
        return e;
    int error = a->os->fallocate(a->fd, 0, (off_t)a->segment_bytes);
    if (error)
        return why_say(why,
                       error == ENOSPC || error == EDQUOT || error == EFBIG ? ERR_FULL : ERR_IO,
                       "the audit log gets no room on the disk: %s", strerror(error));
    /* In the machine's same run its clocks go on; after a new start the wall clock is believed. */
    struct policy_counters *c = a->counters;
    if (s->replay.known && !sodium_is_zero(a->boot_id, sizeof a->boot_id) &&
        memcmp(a->boot_id, s->replay.boot_id, sizeof a->boot_id) == 0) {
        c->boot_ms = s->replay.at_boot;
        c->boot_known = true;
    }
    return ERR_OK;
}

static enum err read_log(struct audit *a, uint32_t lowest, uint32_t highest, uint64_t *dropped,
                         char *why)
{
    struct start *s = calloc(1, sizeof *s);
    if (!s)
        return why_say(why, ERR_NOMEM, "no memory");
    s->a = a;
    s->lowest = lowest;
    s->highest = highest;
    enum err e = walk_all(s, why);
    if (!e)
        e = take_end(s, dropped, why);
    free(s);
    return e;
}

/* ---- the whole of it ---- */

static enum err lock(const struct audit *a, int fd, char *why)
{
    if (a->os->flock(fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    return why_say(why, ERR_STATE,
                   "another signer, or `tradewind audit accept`, has this audit log");
}

static enum err take_counter(struct audit *a, const char *path, bool empty, char *why)
{
    enum err e = audit_counter_open(a->os, path, true, &a->counter_fd, &a->counter, why);
    if (empty && (e == ERR_NOT_FOUND || e == ERR_TRUNCATED))
        return audit_counter_create(a->os, path, &a->counter_fd, &a->counter, why);
    if (e == ERR_NOT_FOUND || e == ERR_TRUNCATED)
        return why_say(why, ERR_STATE,
                       "%.100s: the audit log's counter is missing while there is a log" ACCEPT,
                       path);
    return e;
}

static enum err start_log(struct audit *a, const char *counter, uint64_t *dropped, char *why)
{
    uint32_t lowest = 0, highest = 0;
    enum err e = lock(a, a->dir, why);
    if (e)
        return e;
    int error = a->os->segments(a->dir, &lowest, &highest);
    if (error)
        return why_say(why, ERR_IO, "the directory of the audit log: %s", strerror(error));
    e = take_counter(a, counter, highest == 0, why);
    if (!e)
        e = lock(a, a->counter_fd, why);
    if (e)
        return e;
    if (highest)
        return read_log(a, lowest, highest, dropped, why);
    if (a->counter.block)
        return rolled_back(why, "it is gone, while its counter is there");
    struct audit_replay *r = calloc(1, sizeof *r);
    if (!r)
        return why_say(why, ERR_NOMEM, "no memory");
    e = audit_replay_init(r, a->counters, true);
    free(r);
    if (e)
        return why_say(why, e, "the counters have no room for what a crash may lose");
    e = audit_segment_make(a, 1);
    return e ? why_say(why, a->full ? ERR_FULL : e, "%s", a->why) : ERR_OK;
}

static enum err record_start(struct audit *a, struct policy_now now, uint64_t dropped, char *why)
{
    struct audit_record r;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_START;
    r.mode = (uint8_t)a->mode;
    r.dropped = dropped;
    r.who.pid = (uint32_t)getpid();
    memcpy(r.build, a->build, sizeof r.build);
    enum err e = a->at + 2 * AUDIT_ROOM > a->segment_bytes ? audit_rotate(a, now) : ERR_OK;
    audit_begin(a);
    if (!e) {
        audit_put(a, &r, now);
        e = audit_end(a, now);
    }
    if (!e)
        e = audit_sync(a);
    return e ? why_say(why, a->full ? ERR_FULL : e, "%s", a->why) : ERR_OK;
}

static void full(struct audit_bucket *b, int64_t burst, struct policy_now now)
{
    *b = (struct audit_bucket){burst * 1000, now.boot_ms};
}

enum err audit_open(struct audit **ret, const struct audit_config *c, struct policy_now now,
                    char *why)
{
    const struct audit_os *os = c->os ? c->os : &AUDIT_SYSTEM;
    struct audit *a = calloc(1, sizeof *a);
    if (!a) {
        (void)os->close(c->dir);
        return why_say(why, ERR_NOMEM, "no memory");
    }
    a->os = os;
    a->dir = c->dir;
    a->fd = a->counter_fd = -1;
    a->mode = c->mode;
    a->segment_bytes = c->segment_bytes;
    a->counters = c->counters;
    snprintf(a->build, sizeof a->build, "%s", c->build);
    memcpy(a->boot_id, c->boot_id, sizeof a->boot_id);
    full(&a->refusals, AUDIT_REFUSALS_BURST, now);
    full(&a->admin, AUDIT_REFUSALS_BURST, now);
    full(&a->asked, AUDIT_SIGNED_BURST, now);
    full(&a->cancels, AUDIT_SIGNED_BURST, now);
    a->more_said_ms = now.boot_ms - AUDIT_MORE_MS;
    uint64_t dropped = 0;
    enum err e =
        c->segment_bytes / 2 < audit_snapshot_max(c->counters->cap) + 4 * AUDIT_ROOM
            ? why_say(why, ERR_RANGE, "a segment of the audit log has no room for a snapshot")
            : start_log(a, c->counter, &dropped, why);
    if (!e)
        e = record_start(a, now, dropped, why);
    if (e) {
        audit_free(a);
        return e;
    }
    *ret = a;
    return ERR_OK;
}

#include "wallet/audit_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int audit_segment_open(const struct audit_os *os, int dir, uint32_t segment, int flags)
{
    char name[AUDIT_NAME_MAX];
    audit_segment_name(segment, name);
    return os->openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* The records of a block, all of them, before any is believed. */
static bool decodes(const uint8_t *bytes, const struct audit_block *b)
{
    struct audit_record rec;
    struct bufr in = bufr_make(bytes, b->len - AUDIT_TAIL);
    in.pos = AUDIT_HEAD;
    for (uint16_t i = 0; i < b->records; i++)
        if (audit_decode(&in, &rec) || rec.number != b->first + i)
            return false;
    return in.pos == in.len;
}

static enum err records(struct audit_walk *w, const uint8_t *bytes, const struct audit_block *b,
                        const struct audit_chain *before)
{
    struct audit_record rec;
    char why[WHY_MAX];
    struct bufr in = bufr_make(bytes, b->len - AUDIT_TAIL);
    in.pos = AUDIT_HEAD;
    for (uint16_t i = 0; i < b->records && !w->stopped; i++) {
        if (audit_decode(&in, &rec))
            return ERR_CORRUPT;
        if (w->replay && audit_replay_record(w->replay, &rec, b->keyed, why)) {
            struct audit_chain at = *before;
            at.record = rec.number - 1;
            w->trouble.last = 0;
            w->reader.at -= b->len;
            audit_trouble_say(&w->trouble, AUDIT_RECORDS, &w->reader, &at, why);
            return ERR_CORRUPT;
        }
        if (w->visit.record && !w->visit.record(w->visit.arg, w, &rec, b->keyed))
            w->stopped = true;
    }
    return ERR_OK;
}

/* An owner's acceptance may begin a segment anywhere behind what was before. */
static bool accepts(const uint8_t *bytes, const struct audit_block *b, const struct audit_chain *c)
{
    struct bufr in = bufr_make(bytes, b->len - AUDIT_TAIL);
    struct audit_record rec;
    in.pos = AUDIT_HEAD;
    return b->keyed && b->number > c->block && b->first > c->record && !audit_decode(&in, &rec) &&
           rec.type == AUDIT_ACCEPT;
}

static void begin(struct audit_walk *w, const struct audit_block *b)
{
    w->chain.block = b->number - 1;
    w->chain.record = b->first - 1;
    memcpy(w->chain.hash, b->before, AUDIT_HASH);
    w->anchored = true;
}

static enum err step(struct audit_walk *w, struct audit_block *b, const uint8_t *bytes, bool first)
{
    struct audit_chain before;
    if (!w->anchored || (first && accepts(bytes, b, &w->chain)))
        begin(w, b);
    before = w->chain;
    w->trouble.last = b->first == before.record + 1 ? b->first + b->records - 1 : 0;
    bool good = audit_chain_next(&w->chain, b, w->reader.segment, &w->trouble);
    bool whole = good && decodes(bytes, b);
    if (!whole) {
        w->chain = before;
        w->reader.at -= b->len;
        if (good)
            audit_trouble_say(&w->trouble, AUDIT_RECORDS, &w->reader, &before,
                              "its records were never written so");
        else
            audit_trouble_say(&w->trouble, w->trouble.fault, &w->reader, &before, w->trouble.why);
        return ERR_CORRUPT;
    }
    if (w->visit.block && !w->visit.block(w->visit.arg, w, b, bytes))
        w->stopped = true;
    return records(w, bytes, b, &before);
}

enum err audit_walk_segment(struct audit_walk *w, uint32_t segment)
{
    struct audit_block b;
    const uint8_t *bytes;
    int fd = audit_segment_open(w->os, w->dir, segment, O_RDONLY);
    audit_reader_init(&w->reader, w->os, fd, segment, w->window);
    memset(&w->trouble, 0, sizeof w->trouble);
    if (fd < 0 && errno == ENOENT)
        return ERR_NOT_FOUND;
    if (fd < 0) {
        audit_trouble_say(&w->trouble, AUDIT_UNREADABLE, &w->reader, &w->chain, strerror(errno));
        return ERR_IO;
    }
    enum err e = ERR_OK;
    while (!e && !w->stopped) {
        bool first = w->reader.at == 0;
        w->trouble.first = w->trouble.last = 0;
        enum audit_step s = audit_reader_next(&w->reader, &b, &bytes, &w->trouble);
        if (s == AUDIT_STEP_END)
            break;
        if (s == AUDIT_STEP_BAD) {
            e = w->trouble.fault == AUDIT_UNREADABLE ? ERR_IO : ERR_CORRUPT;
            if (w->trouble.first != w->chain.record + 1)
                w->trouble.last = 0; /* the head is what was changed */
            audit_trouble_say(&w->trouble, w->trouble.fault, &w->reader, &w->chain, w->trouble.why);
        } else {
            e = step(w, &b, bytes, first);
        }
    }
    (void)w->os->close(fd);
    w->reader.fd = -1;
    return e;
}

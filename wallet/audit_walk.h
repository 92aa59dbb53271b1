/* A walk through the segments of a log: chain, records and what they add up to. Starting and
 * verifying both do it. */
#ifndef TW_WALLET_AUDIT_WALK_H
#define TW_WALLET_AUDIT_WALK_H

#include "wallet/audit_read.h"
#include "wallet/audit_replay.h"

struct audit_walk;

/* What a visitor is told; false ends the walk as if the log had. */
struct audit_visit {
    bool (*block)(void *arg, const struct audit_walk *w, const struct audit_block *b,
                  const uint8_t *bytes); /* may be NULL */
    bool (*record)(void *arg, const struct audit_walk *w, const struct audit_record *r,
                   bool keyed); /* may be NULL */
    void *arg;
};

struct audit_walk {
    const struct audit_os *os;
    int dir;
    struct audit_visit visit;
    uint8_t *window;
    struct audit_chain chain;
    bool anchored;               /* the chain has begun: the next block has to continue it */
    struct audit_replay *replay; /* NULL: records are only decoded */
    struct audit_reader reader;  /* of the last segment: at = behind its last good block */
    struct audit_trouble trouble;
    bool stopped;
};

/* Opens a segment for reading: the descriptor, -1 and errno. */
int audit_segment_open(const struct audit_os *os, int dir, uint32_t segment, int flags);

/* Walks through one segment. ERR_OK: to its end; ERR_NOT_FOUND: there is none; else ERR_CORRUPT or
 * ERR_IO, and [w->trouble] says what is wrong. The block in trouble has not been visited. The walk
 * may begin with any segment: its first block is believed. */
enum err audit_walk_segment(struct audit_walk *w, uint32_t segment) MUST_CHECK;

#endif

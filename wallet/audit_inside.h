/* Inside of the audit log: what its files share. */
#ifndef TW_WALLET_AUDIT_INSIDE_H
#define TW_WALLET_AUDIT_INSIDE_H

#include "wallet/audit.h"
#include "wallet/audit_counter.h"
#include "wallet/audit_format.h"
#include "wallet/audit_read.h"
#include "wallet/audit_replay.h"

/* Takes the items of a part into counters; ERR_CORRUPT. */
enum err audit_snapshot_read(struct policy_counters *c, const uint8_t *bytes,
                             size_t len) MUST_CHECK;
/* The counters' time that the first part begins with; -1: it does not. */
int64_t audit_snapshot_time(const uint8_t *bytes, size_t len);

/* What is left of a slice, as the counters take it. */
struct policy_lost;
void audit_lost(const struct audit_slice *s, int64_t until, struct policy_lost *ret);

/* ---- writing ---- */

struct audit_bucket {
    int64_t tokens, since; /* thousandths; boot time */
};

/* A slice as it was taken, and how it was used. */
struct audit_taken {
    dec base, value;
    uint32_t count;
    uint64_t order;  /* the last one that was taken from it */
    int64_t used_ms; /* boot time of that */
};

struct audit {
    const struct audit_os *os;
    int dir, counter_fd, fd;
    enum audit_mode mode;
    uint64_t segment_bytes;
    struct policy_counters *counters;
    char build[AUDIT_BUILD_MAX];
    uint8_t boot_id[16];
    /* where the log ends */
    uint32_t segment;
    uint64_t at;
    struct audit_chain chain;
    bool has_snapshot; /* the segment has a whole one */
    /* the block that is being built */
    struct bufw w;
    struct audit_block block;
    uint8_t bytes[AUDIT_BLOCK_MAX];
    /* the last keyed block that was found at the start: what the first unlock has to prove */
    uint8_t keyed[AUDIT_BLOCK_MAX];
    struct audit_block keyed_block; /* len 0: none */
    bool open;                      /* keyed */
    struct secret key;
    uint64_t log_generation; /* of the store, as that log says */
    struct audit_slices slices;
    struct audit_taken taken[AUDIT_SLICES_MAX]; /* of each slice */
    struct audit_counter counter;
    /* flooding */
    struct audit_bucket refusals, admin;
    struct audit_bucket asked, cancels; /* of others; of connections that may only cancel */
    uint32_t more[AUDIT_MORE_MAX];      /* by reason */
    bool has_more;
    int64_t more_since_ms, more_said_ms;
    /* written and not synced */
    uint64_t unsynced;
    int64_t unsynced_since_ms;
    bool failed, full; /* full: because the disk is */
    char why[WHY_MAX];
};

/* Fails for ever: what could not be done, and errno. */
enum err audit_fail(struct audit *a, const char *what) MUST_CHECK;

/* One block: begin, records, end (written). */
void audit_begin(struct audit *a);
void audit_put(struct audit *a, struct audit_record *r, struct policy_now now);
enum err audit_end(struct audit *a, struct policy_now now) MUST_CHECK;

/* What was written is on disk, and the counter says so. */
enum err audit_sync(struct audit *a) MUST_CHECK;

/* A new segment, with a snapshot and the slices that were open. */
enum err audit_rotate(struct audit *a, struct policy_now now) MUST_CHECK;
enum err audit_segment_make(struct audit *a, uint32_t segment) MUST_CHECK;
enum err audit_snapshot(struct audit *a, struct policy_now now) MUST_CHECK;

/* Slices; in the block that is being built. The order takes from the result: a slice that was there
 * (then nothing is written), or a new one, which has to be on disk before anything is signed. */
void audit_slice_take(struct audit *a, const struct policy_decision *d, struct policy_now now,
                      bool *fresh);
/* Takes the next ones early, gives back those that nobody uses; how many records that were. */
uint32_t audit_slices_tend(struct audit *a, struct policy_now now);
bool audit_slices_want(const struct audit *a); /* whether some should be taken early */
void audit_slices_give_back(struct audit *a, struct policy_now now);

void audit_free(struct audit *a);

/* The key before: from a REKEY record. ERR_CORRUPT. */
enum err audit_unwrap_key(const uint8_t wrapped[AUDIT_WRAPPED], const uint8_t *next,
                          uint8_t ret[32]) MUST_CHECK;
/* The same, from a block with a REKEY record. ERR_NOT_FOUND: it has none; ERR_CORRUPT. */
enum err audit_unwrap(const uint8_t *bytes, const struct audit_block *b, const uint8_t *next,
                      uint8_t ret[32]) MUST_CHECK;

/* Bytes of the longest block but a snapshot's. */
#define AUDIT_ROOM ((uint64_t)AUDIT_BLOCK_MAX)

#endif

/* What the records of an audit log add up to: the counters, and the slices that are open. */
#ifndef TW_WALLET_AUDIT_REPLAY_H
#define TW_WALLET_AUDIT_REPLAY_H

#include "wallet/audit.h"
#include "wallet/audit_format.h"

/* Room for what is lost in a crash, beside what policy_check() may fill. */
#define AUDIT_SPARE (AUDIT_SLICES_MAX * AUDIT_SLICE_ORDERS)

struct audit_slices {
    uint32_t count;
    struct audit_slice slice[AUDIT_SLICES_MAX];
};

/* Index, or -1. */
int audit_slice_find(const struct audit_slices *s, const char *label, const char *symbol,
                     uint64_t instance);
void audit_slice_drop(struct audit_slices *s, int i); /* the last one takes its place */
/* Whether an order fits in what is left of it. */
bool audit_slice_covers(const struct audit_slice *s, const struct policy_decision *d);
void audit_slice_use(struct audit_slice *s, const struct policy_decision *d);

struct audit_after audit_after(const struct policy_counters *c, const char *label,
                               const char *symbol);

/* ---- snapshots: the counters in parts, each of whole items ---- */

#define AUDIT_PART_MAX (AUDIT_BLOCK_MAX - AUDIT_HEAD - AUDIT_TAIL - AUDIT_RECORD_MIN - 5)

struct audit_cursor {
    uint32_t part;
    int stage;
    uint64_t at;
};

/* The next part; returns whether it is the last one. */
bool audit_snapshot_part(const struct policy_counters *c, struct audit_cursor *at, struct bufw *w);
/* Bytes that the log needs for a whole one of [cap] orders. */
uint64_t audit_snapshot_max(uint64_t cap);

/* ---- replay ---- */

struct audit_replay {
    struct policy_counters *c;
    bool known; /* the counters are: from the first record, or a snapshot */
    struct audit_slices slices;
    struct audit_cursor cursor; /* in the snapshot that is being read */
    bool in_snapshot;
    uint8_t scratch[AUDIT_PART_MAX];
    /* the last that was said of them, by keyed records */
    bool has_store;
    uint8_t store[16], boot_id[16];
    uint64_t generation;
    int64_t at_boot;
    uint64_t snapshots; /* whole ones that were read */
};

/* [c] as policy_counters_init() makes it; sets AUDIT_SPARE aside. [from_first]: the records begin
 * with the first one ever. ERR_RANGE where the ring is too small. */
enum err audit_replay_init(struct audit_replay *r, struct policy_counters *c,
                           bool from_first) MUST_CHECK;

/* ERR_CORRUPT with a sentence in why[WHY_MAX]: the log cannot have been written so. */
enum err audit_replay_record(struct audit_replay *r, const struct audit_record *rec, bool keyed,
                             char *why) MUST_CHECK;

#endif

/* The audit log of the signer: what was asked, what was decided, and what may therefore still be
 * signed. AUDIT.md has every byte.
 *
 * One directory of segments, NNNNNNNN.audit from 1 on, never deleted or rewritten by the signer,
 * each preallocated. A segment is a row of blocks; a block holds records, the hash of the block
 * before it, its own BLAKE2b-256 and, while the key store is open, a MAC under a key derived from
 * the store's data key. The MAC of one block proves all before it. What is written while the store
 * is sealed has no MAC, may hold neither an order nor a slice, and is covered by the next keyed
 * block.
 *
 * What is durable when a call returns ERR_OK:
 *
 *   AUDIT_STRICT   the record itself, whatever it is
 *   AUDIT_SLICED   orders: their slice, a durable record of (instance, key, symbol, order numbers,
 *                  base, value, count) that the order is taken from; the record itself is written
 *                  (survives the death of the process, not that of the machine). After a crash what
 *                  is left of a slice counts as spent, all its order numbers as signed.
 *                  Orders that replace one: the record itself.
 *                  UNLOCK, SEAL, POLICY_SET, GET_SECRET, SIGN_STREAM: the record itself.
 *                  Cancels, queries, refusals, the rest: written; synced within AUDIT_SYNC_MS, by
 *                  audit_idle() or the next record.
 *
 * The counter is a small file kept apart from the log (best on another disk): the last synced block
 * and its hash, the store's id and the highest generation of it seen, the highest order number per
 * instance that may have been signed. A log that does not hold that block was rolled back.
 *
 * A failed write or sync is final: every later call returns ERR_IO, audit_why() says what failed.
 */
#ifndef TW_WALLET_AUDIT_H
#define TW_WALLET_AUDIT_H

#include "wallet/keystore.h"
#include "wallet/policy.h"
#include "wallet/secret.h"
#include "wallet/why.h"

#include <sys/types.h>

#define AUDIT_SEGMENT_BYTES (UINT64_C(16) << 20) /* what the signer uses */
#define AUDIT_ORDERS_DAY    131072u /* what the signer gives policy_counters_init() as [cap] */
#define AUDIT_REQUEST_MAX   512     /* bytes of a request that are recorded; the length is always */
#define AUDIT_SLICES_MAX    64      /* open at one time; the one used longest ago is given back */
#define AUDIT_SLICE_ORDERS  16      /* orders in a slice, each as large as the one that opened it */
#define AUDIT_SLICE_NUMBERS 64      /* order numbers in a slice, from that order's on */
#define AUDIT_SYNC_MS       1000    /* sliced: written records are synced within this ... */
#define AUDIT_SYNC_BYTES    (256u << 10) /* ... or this */

/* Bounds against clients that flood. Refusals, and requests that sign nothing, beyond these are
 * counted and not recorded one by one; cancels and queries beyond theirs are not to be signed. */
#define AUDIT_REFUSALS_BURST 64
#define AUDIT_REFUSALS_SEC   1 /* connections with CAP_ADMIN, and others: each so many */
#define AUDIT_SIGNED_BURST   3000
#define AUDIT_SIGNED_SEC     50    /* connections with CAP_CANCEL, and others: each so many */
#define AUDIT_MORE_MS        10000 /* "N more" is recorded at most so often */

enum audit_mode { AUDIT_STRICT = 1, AUDIT_SLICED = 2 };

/* The calls that can fail on a bad disk; tests put their own here. */
struct audit_os {
    int (*openat)(int dir, const char *name, int flags, mode_t mode);
    ssize_t (*pread)(int fd, void *data, size_t len, off_t at);
    ssize_t (*pwrite)(int fd, const void *data, size_t len, off_t at);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);                          /* of the directory */
    int (*fallocate)(int fd, off_t at, off_t len); /* returns an errno, as posix_fallocate() */
    int (*close)(int fd);
    int (*flock)(int fd, int operation);
    /* The lowest and highest number of a segment's file, 0 where there is none; 0 or an errno. */
    int (*segments)(int dir, uint32_t *lowest, uint32_t *highest);
};

struct audit_config {
    int dir;             /* of the segments; taken over, closed also where audit_open() fails */
    const char *counter; /* path of the counter; its directory exists */
    enum audit_mode mode;
    uint64_t segment_bytes; /* ERR_RANGE where a snapshot of [counters] fills over half */
    struct policy_counters
        *counters;             /* the caller's, initialised, for as long as the log is open */
    const char *build;         /* identity of the binary, for the records */
    uint8_t boot_id[16];       /* of the machine's start: audit_boot_id(); zero: not known */
    const struct audit_os *os; /* NULL: the system's */
};

struct audit;

/* /proc/sys/kernel/random/boot_id; zero where there is none. */
void audit_boot_id(uint8_t out[16]);

/* The key of the MACs, from an open store. ERR_NOMEM. */
enum err audit_mac_key(const struct keystore *k, struct secret *ret) MUST_CHECK;

/* All reading is done here: call it before the sandbox closes. Locks directory and counter, checks
 * the chain from the last snapshot on against the counter, drops what an interrupted write left
 * behind the last synced block, rebuilds [counters]. Records START. An empty directory without a
 * counter begins a new log. The counters are not to be believed, and nothing is to be signed,
 * before audit_unlock(), which also counts what slices lost. Of the ring of [counters] it sets 1024
 * orders aside for that.
 *
 * Afterwards only openat (new segments, through [dir]), pwrite64, fdatasync, fsync, fallocate,
 * close and secret_*()'s mprotect are called, and no heap.
 *
 * ERR_STATE: rolled back, the counter is missing, or another signer has it; ERR_CORRUPT: damaged;
 * names file, offset, record; ERR_FULL: no room on the disk; ERR_RANGE; ERR_IO; ERR_NOMEM. A
 * sentence in why[WHY_MAX]. */
enum err audit_open(struct audit **ret, const struct audit_config *c, struct policy_now now,
                    char *why) MUST_CHECK;

/* One request and what was decided on it. */
struct audit_entry {
    struct policy_now now;
    uint32_t pid, uid, caps, connection; /* of the client; zero for the signer itself */
    const uint8_t *request; /* as received, NULL: none. What of it may hold a secret is left out */
    size_t len;
    enum wire_type type; /* as far as known, else 0 */
    enum wire_reason reason;
    dec limit, value; /* of a refusal, as in the reply */
    /* SIGN_* that is allowed: the decision, after policy_reserve(); else NULL */
    const struct policy_decision *decision;
};

/* What the store that was opened says of itself. */
struct audit_store {
    const uint8_t *id; /* 16 bytes */
    uint64_t generation;
    const uint8_t *policy_hash; /* 32 bytes */
};

/* After the store was opened, at each unlock: proves log and counter with the key (copied), lets
 * policy_clock() run, records UNLOCK and what slices lost. ERR_CORRUPT: the MACs are not this
 * store's or were forged; ERR_STATE: another store's log, or an older version of the store was put
 * back; then the log stays sealed. [e]: who asked; type and reason are not looked at. */
enum err audit_unlock(struct audit *a, const struct audit_entry *e, const struct secret *mac_key,
                      const struct audit_store *s, char *why) MUST_CHECK;

/* Before the store is closed: gives slices back, records SEAL, forgets the key. */
enum err audit_seal(struct audit *a, const struct audit_entry *e) MUST_CHECK;

/* After a policy was set and the store written: records it, and that generation. Also where only
 * the generation has changed. */
enum err audit_policy(struct audit *a, const struct audit_entry *e,
                      const struct audit_store *s) MUST_CHECK;

/* Any other request, allowed or not (a failed UNLOCK too). The caller signs or answers only when
 * this returns ERR_OK. Orders: policy_check(), policy_reserve(), audit_record(), then sign.
 * ERR_FULL: too many cancels and queries: answer POLICY_BUSY (nothing is recorded but their
 * number). ERR_IO: final, answer POLICY_AUDIT. ERR_STATE: an order while the log is sealed. */
enum err audit_record(struct audit *a, const struct audit_entry *e) MUST_CHECK;

/* Nothing to do at the moment: syncs, takes the slices that will be needed next, rotates. Call it
 * whenever no request waits, and at least every AUDIT_SYNC_MS while audit_dirty(). */
enum err audit_idle(struct audit *a, struct policy_now now) MUST_CHECK;
bool audit_dirty(const struct audit *a); /* whether audit_idle() has something to do */

/* The store is about to be written with another data key: records the key of the MACs so far
 * wrapped with the next one, so that both open the log. Nothing else is recorded behind it until
 * audit_close(). */
enum err audit_rekey(struct audit *a, const struct secret *next, struct policy_now now) MUST_CHECK;

/* What the log has open and keeps open: directory, counter, segment. [out] has room for 3. */
size_t audit_descriptors(const struct audit *a, int *out);

/* Orderly end: gives slices back, records STOP, syncs, frees; NULL is fine. */
enum err audit_close(struct audit *a, struct policy_now now) MUST_CHECK;

const char *audit_why(const struct audit *a); /* what failed for ever; "" while nothing has */

#endif

/* The journal: every event that came in and every effect that came out, append-only, in segments.
 *
 * Start-up is recovery: the daemon feeds the inputs of its journal to a fresh engine and has its
 * exact state back; `tradewind replay` does the same and compares.
 *
 *   header   magic, version, number of the segment, where and with which hash the one before it
 *            ends, times, build, the configuration's text and its hash, CRC-32C
 *   record   u32 length of payload | u32 number (low bits) | u8 type | payload | u32 CRC-32C
 *
 * A journal x.twj is one or more files: its first segment is x.twj itself, the others are
 * x.000002.twj, x.000003.twj ... Each begins with a header of its own and can be read without those
 * before it; they are chained, since a header holds the hash that the segment before it ended with.
 * A segment exists only once the one before it is whole on disk: an interrupted write can be at the
 * end of the last one only. Segments are preallocated; behind the last record stand zeros, up to an
 * orderly close, which cuts them off.
 *
 * Numbers count records from 1, through all segments; the checksum covers everything before it. A
 * JOURNAL_BLOCK record ends a block: it holds the BLAKE2b hash of (the previous block's hash, all
 * bytes of the block), so that no block can be changed, exchanged or left out unnoticed, and the
 * offset up to which the file is known to be on disk. A segment's first block's previous hash is
 * that of its header.
 *
 * After a crash the file may end in the middle of a write. What lies behind the last whole record
 * was never acted upon (own orders, fills and commands are synced before anything acts), and is cut
 * off. A damaged record that a later block says was synced is corruption: an error that names file,
 * offset and record.
 */
#ifndef TW_IO_JOURNAL_H
#define TW_IO_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JOURNAL_VERSION    4u
#define JOURNAL_RECORD_MAX (1024u * 1024u) /* bytes of one payload */
#define JOURNAL_CONFIG_MAX (1024u * 1024u) /* bytes of the configuration text */
#define JOURNAL_HASH_BYTES 32
#define JOURNAL_WHY_MAX    768
#define JOURNAL_NAME_MAX   256
#define JOURNAL_SEGMENTS   999999u /* the highest number of one */

/* Stored: never renumber. */
enum journal_type {
    JOURNAL_INPUT = 1,   /* an event from outside, written before the engine sees it */
    JOURNAL_ADVANCE = 2, /* time passed: i64 engine time up to which things due are handled */
    JOURNAL_EVENT = 3,   /* an event made inside (timer, answer, fill) */
    JOURNAL_SELF = 4,    /* events made inside came first: now it is the input's own turn */
    JOURNAL_EFFECT = 5,  /* an effect of the event before it */
    JOURNAL_RUN = 6,     /* the daemon started: i64 wall time, u32 pid, text build */
    JOURNAL_STOP = 7,    /* it stopped: i64 wall time, u8 orderly, text why */
    JOURNAL_OPENING = 8, /* balances carried over from an older journal (main/run.h) */
    JOURNAL_BLOCK = 9,   /* written and checked here, never seen by readers */
};

/* What the header says. Texts belong to whoever made the struct. */
struct journal_info {
    const char *build;                    /* identity of the build that began it */
    const char *config_name, *config_dir; /* of the file as it was loaded */
    const char *config;                   /* its text, not terminated */
    size_t config_len;
    uint64_t seed;
    int64_t created_ns;                      /* wall clock */
    uint8_t config_hash[JOURNAL_HASH_BYTES]; /* out: BLAKE2b of the text */
};

/* The calls that can fail on a bad disk; tests put their own here. */
struct journal_os {
    ssize_t (*write)(int fd, const void *data, size_t len);
    int (*fdatasync)(int fd);
    int (*allocate)(int fd, uint64_t len); /* gives the file that much room; NULL: the system's */
};

/* Path of segment [n] (from 1) of the journal [path]; [out] has JOURNAL_NAME_MAX bytes. False where
 * there can be none: a name without ".twj" has one segment only. */
bool journal_segment_path(const char *path, uint32_t n, char *out);
/* The other way round: the journal that a file belongs to ([base]: JOURNAL_NAME_MAX bytes), and its
 * number there. */
void journal_segment_of(const char *file, char *base, uint32_t *n);
/* Lowest and highest number of the segments of [path] that exist; ERR_NOT_FOUND: none does. */
enum err journal_segments(const char *path, uint32_t *first, uint32_t *last) MUST_CHECK;

/* BLAKE2b of a configuration's text, as in the header. */
void journal_hash(const void *data, size_t len, uint8_t out[JOURNAL_HASH_BYTES]);

/* ---- writing ---- */

struct journal;

/* Makes a new journal [path] (ERR_EXISTS where there is one), on disk when this returns. [os] NULL:
 * the system's. On failure a sentence is written to why (JOURNAL_WHY_MAX bytes). */
enum err journal_create(struct journal **ret, const char *path, const struct journal_info *info,
                        const struct journal_os *os, char *why) MUST_CHECK;

/* Flushes, ends the block, syncs, closes and frees; NULL is fine. An error means that the end of
 * the journal may be missing. */
enum err journal_close(struct journal *j) MUST_CHECK;

/* Begins a record; the caller writes the payload into the result (which fails beyond
 * JOURNAL_RECORD_MAX) and calls journal_end(). One at a time. */
struct bufw *journal_begin(struct journal *j, enum journal_type type);

/* Ends it: in the buffer, not yet in the file. ERR_FULL: the payload was too large; the record is
 * dropped and the journal is failed. */
enum err journal_end(struct journal *j) MUST_CHECK;

/* Buffer to file (the system's cache). */
enum err journal_flush(struct journal *j) MUST_CHECK;

/* Buffer to disk. A failed write or sync is final: the journal is failed, nothing is tried again
 * (the kernel may have dropped the pages), every later call returns ERR_IO. */
enum err journal_sync(struct journal *j) MUST_CHECK;

/* ---- segments ---- */

/* From now on: each segment has room for [bytes] behind what it begins with, which is taken from
 * the disk at once, for this segment, too; one that is older than [age_ns] ends (0: any age). Of
 * the room a reserve is kept that journal_rotate_due() does not let be used up: what a full disk
 * has to be told with. ERR_IO: there is not that much room; the journal is as before. */
enum err journal_set_segments(struct journal *j, uint64_t bytes, int64_t age_ns,
                              char *why) MUST_CHECK;
/* At most a quarter of the room. */
#define JOURNAL_RESERVE (1024u * 1024u)

/* Whether the segment is full but for its reserve, or too old at [wall_ns]. */
bool journal_rotate_due(const struct journal *j, int64_t wall_ns);

/* Between records: puts all on disk and begins the next segment; what is written until
 * journal_rotate_end() is what it begins with. ERR_IO, with a sentence in [why]: where
 * journal_why() is "" the journal goes on in the old segment, which has its reserve left. */
enum err journal_rotate_begin(struct journal *j, int64_t wall_ns, char *why) MUST_CHECK;
/* Syncs that, and gives the new segment its name: from now on it is the last one. Errors as above;
 * nothing of the new one is left then. */
enum err journal_rotate_end(struct journal *j, char *why) MUST_CHECK;

/* Whether something is not yet known to be on disk. */
bool journal_dirty(const struct journal *j);
/* Number of the last record; the number of the segment, and its size with what is in the buffer. */
uint64_t journal_number(const struct journal *j);
uint32_t journal_segment(const struct journal *j);
uint64_t journal_size(const struct journal *j);
/* The sentence about what failed; "" while nothing has. */
const char *journal_why(const struct journal *j);

/* ---- reading ---- */

struct journal_reader;

struct journal_record {
    enum journal_type type;
    uint64_t number, offset;
    const uint8_t *payload; /* valid until the next call */
    uint32_t len;
};

/* Opens [path], and checks the header. [path] is a journal: its first segment that exists is opened
 * (others may have been dropped); or a segment's file: that one is. Reading goes on through all
 * segments behind it. [writable]: for journal_resume(). */
enum err journal_read_open(struct journal_reader **ret, const char *path, bool writable,
                           char *why) MUST_CHECK;
void journal_read_close(struct journal_reader *r); /* NULL is fine */

/* Belongs to the reader. */
const struct journal_info *journal_read_info(const struct journal_reader *r);
/* Number of the segment at hand. */
uint32_t journal_read_segment(const struct journal_reader *r);

/* The next record, blocks apart. ERR_NOT_FOUND at the end (see journal_read_torn), ERR_CORRUPT for
 * damage, ERR_IO; both leave a sentence in journal_read_why(). */
enum err journal_read_next(struct journal_reader *r, struct journal_record *ret) MUST_CHECK;

/* After the end: bytes behind the last whole record, left by an interrupted write; the zeros of
 * what was only preallocated do not count. */
uint64_t journal_read_torn(const struct journal_reader *r);
const char *journal_read_why(const struct journal_reader *r);

/* At the end of a writable reader: cuts off what is torn and goes on writing. Frees the reader in
 * any case. */
enum err journal_resume(struct journal **ret, struct journal_reader *r, const struct journal_os *os,
                        char *why) MUST_CHECK;

#endif

/* Keeps one order book in step with the venue: REST snapshot plus numbered differences.
 *
 * The venue's rules (web-socket-streams.md, "How to manage a local order book correctly"): keep the
 * differences that arrive while a snapshot is fetched; refuse a snapshot that ends before the first
 * kept one begins; drop what the snapshot has already (u <= lastUpdateId); the first applied one
 * has U <= lastUpdateId + 1 <= u, every later one begins where the one before ended. Anything else
 * means that something was missed or damaged: the book is lost and is fetched anew.
 *
 * Stricter than the venue: a difference that is partly or wholly old counts as lost, too, unless it
 * repeats the one before exactly. A damaged number must never make a book deaf.
 *
 * This holds no book, only numbers and the differences that wait. Pure; about 290 kB each, of which
 * only what was used is ever touched.
 */
#ifndef TW_VENUE_DEPTH_SYNC_H
#define TW_VENUE_DEPTH_SYNC_H

#include "model/book.h"

#include <stdbool.h>
#include <stdint.h>

/* What waits for a snapshot at most; beyond, the oldest are dropped, which is safe: a snapshot must
 * then be newer. */
#define DEPTH_DIFFS_MAX  512
#define DEPTH_LEVELS_MAX 8192
/* How many differences in a row a snapshot may have in advance: 10 s of them. */
#define DEPTH_OLD_MAX 100

struct depth_diff {
    uint64_t first_id, last_id; /* U, u */
    int64_t ts_event_ns, ts_recv_ns;
    uint32_t bids, asks;
    const struct level *bid, *ask;
};

enum depth_state {
    DEPTH_WAITING, /* a snapshot is needed: differences are kept */
    DEPTH_SYNCED,  /* the next difference can be applied */
};

enum depth_verdict {
    DEPTH_KEPT,  /* waits for the snapshot */
    DEPTH_APPLY, /* apply it to the book */
    DEPTH_OLD,   /* difference: the book has it already; snapshot: too old, fetch another */
    DEPTH_LOST,  /* the order is broken: the book is not to be used any more, fetch a snapshot; the
                    difference is kept as the first for it */
};

struct depth_sync {
    enum depth_state state;
    bool first;                 /* synced, and nothing was applied since the snapshot */
    uint64_t last_id, begin_id; /* u and U of what was applied last; last_id: of the book */
    uint32_t old;               /* differences in a row that the snapshot had already */
    uint32_t diffs, levels;     /* kept */
    uint32_t next;              /* the first kept one that depth_next() has not given out */
    struct depth_diff diff[DEPTH_DIFFS_MAX]; /* bid and ask point into level[] */
    struct level level[DEPTH_LEVELS_MAX];
};

/* To WAITING, with nothing kept: at the start, after a disconnect, or when the book is found to be
 * broken. */
void depth_reset(struct depth_sync *d);

/* A difference arrived. */
enum depth_verdict depth_take(struct depth_sync *d, const struct depth_diff *diff);

/* A snapshot arrived while WAITING. DEPTH_APPLY: replace the book by it, then apply what
 * depth_next() gives, until NULL; the state is SYNCED. DEPTH_OLD: nothing changed. */
enum depth_verdict depth_take_snapshot(struct depth_sync *d, uint64_t last_update_id);

/* The next kept difference to apply behind the snapshot, valid until the next call of depth_*;
 * NULL when there is none (also after depth_reset()). */
const struct depth_diff *depth_next(struct depth_sync *d);

#endif

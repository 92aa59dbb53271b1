/* A journaled run of the paper host: what comes in is journaled before the engine sees it, what
 * comes out is journaled before anything is done about it.
 *
 * The same code verifies a journal: then each record it would write is compared with the one that
 * stands there, byte for byte. Recovery is verifying up to the end, and writing from there on: what
 * an interrupted write cut off is computed and written again.
 */
#ifndef TW_MAIN_RUN_H
#define TW_MAIN_RUN_H

#include "io/journal.h"
#include "sim/paper.h"

#define RUN_WHY_MAX 1600

/* A step that took part of a second of market time must reach the disk within this time. */
#define RUN_SYNC_INTERVAL_NS INT64_C(1000000000)

struct run;

/* What went wrong, when a function returns an error. */
enum run_trouble {
    RUN_FINE = 0,
    RUN_JOURNAL, /* the journal could not be written or read */
    RUN_DIFFERS, /* the engine does not do what the journal says */
    RUN_ENGINE,  /* the engine could not go on */
    RUN_ROOM,    /* no next segment can be begun: the run goes on in what the journal keeps in
                    reserve, to be halted */
};

/* Told of every step after it was journaled. [again]: it happened before, and is only computed
 * again from the journal. Must not call the run. */
typedef void run_observer(void *ctx, const struct event *ev, const struct effects *fx, bool again);

struct run_counts {
    uint64_t records; /* the last one's number: the journal's own blocks count, as in status */
    uint64_t inputs, advances, events, effects;
    uint64_t runs;     /* starts of the daemon */
    uint64_t torn;     /* bytes behind the last whole record, left by an interrupted write */
    uint64_t restored; /* events and effects that were lost in it, and computed again */
};

/* Opens the paper host for [s], which must outlive the run. */
enum err run_open(struct run **ret, const struct setup *s, run_observer *observer,
                  void *ctx) MUST_CHECK;
void run_close(struct run *r); /* NULL is fine; closes the journal without a word */

/* Reads [reader] from the first record to the end and compares; a JOURNAL_OPENING must have been
 * applied to the setup before. ERR_OK: all is equal. Afterwards only run_close(), counts and views.
 * The caller keeps the reader. */
enum err run_verify(struct run *r, struct journal_reader *reader) MUST_CHECK;

/* The same, and goes on writing the journal behind its end. Takes the reader. */
enum err run_recover(struct run *r, struct journal_reader *reader) MUST_CHECK;

/* Goes on writing a new journal; takes it. */
void run_record(struct run *r, struct journal *j);

/* ---- while recording ---- */

/* First of all in a new journal: the payload of JOURNAL_OPENING, which every segment then begins
 * with. The setup has these balances. On disk when this returns. */
enum err run_opening(struct run *r, const uint8_t *payload, size_t len) MUST_CHECK;

/* How the journal's segments are from now on (io/journal.h). ERR_IO: there is not that much room on
 * the disk, told in [why] (JOURNAL_WHY_MAX); all is as before. */
enum err run_segments(struct run *r, const struct journal_setup *s, char *why) MUST_CHECK;

/* One event from outside. */
enum err run_event(struct run *r, const struct event *ev) MUST_CHECK;
/* Engine time has passed up to [now_ns]: handles what is due. */
enum err run_advance(struct run *r, int64_t now_ns) MUST_CHECK;
/* Journals the start of a daemon, or its end and why. */
enum err run_started(struct run *r, int64_t wall_ns, uint32_t pid, const char *build) MUST_CHECK;
enum err run_stopped(struct run *r, int64_t wall_ns, bool orderly, const char *why) MUST_CHECK;
/* To be called each turn of the loop: journal to the file, and to the disk when it is time; begins
 * the next segment when the present one is too old. */
enum err run_turn(struct run *r, int64_t mono_ns, int64_t wall_ns) MUST_CHECK;
/* Syncs and closes the journal: the end of an orderly run. */
enum err run_finish(struct run *r) MUST_CHECK;

/* ---- views ---- */

struct paper *run_paper(const struct run *r);
const struct run_counts *run_counts(const struct run *r);
enum run_trouble run_trouble(const struct run *r);
/* A sentence, or for RUN_DIFFERS a few lines; "" while all is fine. */
const char *run_why(const struct run *r);
/* Number of the record at hand, and bytes of the journal. */
uint64_t run_record_number(const struct run *r);
uint64_t run_journal_bytes(const struct run *r);

#endif

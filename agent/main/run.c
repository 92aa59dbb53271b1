#include "main/run.h"

#include "base/check.h"
#include "base/clock.h"
#include "io/describe.h"

#include <stdio.h>
#include <stdlib.h>

#define LEVELS_MAX (JOURNAL_RECORD_MAX / sizeof(struct level))

struct run {
    struct paper *paper;
    const struct setup *setup;
    struct journal *journal;       /* recording */
    struct journal_reader *reader; /* verifying; NULL once its end was reached in recovery */
    struct journal_info info;
    bool recovering; /* what comes behind the reader's end is written */
    bool inner;      /* an event made inside was recorded since the last input */
    bool durable;    /* something of this step must be on disk before it is acted upon */
    run_observer *observer;
    void *observer_ctx;
    struct run_counts counts;
    struct journal_record record; /* verifying: the one at hand */
    enum run_trouble trouble;
    int64_t synced_mono_ns;
    enum journal_type type; /* of the record being made for comparison */
    struct bufw scratch;
    uint8_t *opening; /* the JOURNAL_OPENING that every segment begins with; NULL: there is none */
    size_t opening_len;
    uint8_t *scratch_bytes;
    struct level *levels;
    char why[RUN_WHY_MAX];
};

static enum err fail(struct run *r, enum run_trouble trouble, enum err rc, const char *why)
{
    if (r->trouble == RUN_FINE) { /* the first one is the cause */
        r->trouble = trouble;
        snprintf(r->why, sizeof r->why, "%s", why);
    }
    return rc;
}

static enum err journal_trouble(struct run *r, enum err rc)
{
    return fail(r, RUN_JOURNAL, rc, r->journal ? journal_why(r->journal) : "there is no journal");
}

/* ---- making a record: into the journal, or into scratch for comparison ---- */

static struct bufw *begin(struct run *r, enum journal_type type)
{
    if (r->journal)
        return journal_begin(r->journal, type);
    r->type = type;
    r->scratch = bufw_make(r->scratch_bytes, JOURNAL_RECORD_MAX);
    return &r->scratch;
}

static enum err differs(struct run *r, const struct journal_record *rec)
{
    char was[480], is[480];
    if (rec)
        describe_record(r->setup, rec->type, rec->payload, rec->len, was, sizeof was);
    else
        snprintf(was, sizeof was, "nothing more for this input");
    describe_record(r->setup, r->type, r->scratch.data, r->scratch.len, is, sizeof is);
    char why[RUN_WHY_MAX];
    snprintf(why, sizeof why, "record %llu differs\n  the journal has: %s\n  the engine says: %s",
             (unsigned long long)(rec ? rec->number : r->record.number), was, is);
    return fail(r, RUN_DIFFERS, ERR_CORRUPT, why);
}

/* The next record of the reader. At its end ERR_NOT_FOUND; in recovery the journal is open then. */
static enum err next(struct run *r, struct journal_record *ret)
{
    enum err rc = journal_read_next(r->reader, ret);
    if (rc == ERR_OK) {
        r->counts.records = ret->number;
        r->record = *ret;
        return ERR_OK;
    }
    if (rc != ERR_NOT_FOUND)
        return fail(r, RUN_JOURNAL, rc, journal_read_why(r->reader));
    r->counts.torn = journal_read_torn(r->reader);
    if (!r->recovering)
        return ERR_NOT_FOUND;
    char why[JOURNAL_WHY_MAX] = "";
    struct journal_reader *reader = r->reader;
    r->reader = NULL;
    rc = journal_resume(&r->journal, reader, NULL, why);
    return rc == ERR_OK ? ERR_NOT_FOUND : fail(r, RUN_JOURNAL, rc, why);
}

static enum err end(struct run *r)
{
    if (r->journal) {
        enum err rc = journal_end(r->journal);
        return rc == ERR_OK ? ERR_OK : journal_trouble(r, rc);
    }
    CHECK(!r->scratch.failed);
    struct journal_record rec;
    enum err rc = next(r, &rec);
    if (rc == ERR_NOT_FOUND) { /* cut off by a crash: made again here */
        r->counts.restored++;
        if (!r->journal)
            return ERR_OK;
        bufw_bytes(journal_begin(r->journal, r->type), r->scratch.data, r->scratch.len);
        rc = journal_end(r->journal);
        return rc == ERR_OK ? ERR_OK : journal_trouble(r, rc);
    }
    if (rc != ERR_OK)
        return rc;
    if (rec.type != r->type || rec.len != r->scratch.len ||
        memcmp(rec.payload, r->scratch.data, rec.len) != 0)
        return differs(r, &rec);
    return ERR_OK;
}

/* ---- the sink: every step of the engine comes here before it is acted upon ---- */

static bool is_input(enum event_kind k)
{
    switch (k) {
    case EVENT_INSTRUMENT:
    case EVENT_FEED:
    case EVENT_TOP:
    case EVENT_TRADE:
    case EVENT_BOOK:
    case EVENT_CANDLE:
    case EVENT_HISTORY:
    case EVENT_PARAM:
    case EVENT_SIGNER:
    case EVENT_COMMAND: return true;
    case EVENT_TIMER:
    case EVENT_ORDER:
    case EVENT_FILL:
    case EVENT_STARTED: return false;
    }
    return false;
}

/* Whether a step must be on disk before the next thing happens: own orders, fills, commands and
 * latched states. Market data may be lost for a second; it comes again. */
static bool must_be_durable(const struct event *ev, const struct effects *fx)
{
    if (ev->kind == EVENT_COMMAND || (ev->kind == EVENT_PARAM && !ev->param.more))
        return true;
    for (uint32_t i = 0; i < fx->count; i++)
        switch (fx->item[i].kind) {
        case EFFECT_SUBMIT:
        case EFFECT_CANCEL:
        case EFFECT_ALERT: /* or a crash would tell one of once again */
        case EFFECT_FILL:
        case EFFECT_STATE: return true;
        case EFFECT_DENIED:
        case EFFECT_LEDGER:
        case EFFECT_RESYNC:
        case EFFECT_NOTE:
        case EFFECT_GUARD:
        case EFFECT_ORDER: break;
        }
    return false;
}

static enum err sink(void *ctx, const struct event *ev, const struct effects *fx)
{
    struct run *r = ctx;
    enum err rc = ERR_OK;
    bool verifying = r->journal == NULL;
    if (!is_input(ev->kind)) {
        event_encode(ev, begin(r, JOURNAL_EVENT));
        rc = end(r);
        r->inner = true;
        r->counts.events++;
    } else if (r->inner) {
        (void)begin(r, JOURNAL_SELF);
        rc = end(r);
        r->inner = false;
    }
    for (uint32_t i = 0; rc == ERR_OK && i < fx->count; i++) {
        effect_encode(&fx->item[i], begin(r, JOURNAL_EFFECT));
        rc = end(r);
        r->counts.effects++;
    }
    if (rc == ERR_OK && r->journal && must_be_durable(ev, fx) && journal_sync(r->journal) != ERR_OK)
        rc = journal_trouble(r, ERR_IO);
    if (rc == ERR_OK && r->observer)
        r->observer(r->observer_ctx, ev, fx, verifying);
    return rc;
}

static enum err step_done(struct run *r, enum err rc)
{
    if (rc == ERR_OK)
        return ERR_OK;
    char why[RUN_WHY_MAX];
    snprintf(why, sizeof why, "the engine could not go on after record %llu: %s",
             (unsigned long long)run_record_number(r), err_name(rc));
    return fail(r, RUN_ENGINE, rc, why); /* where it was the journal, that came first */
}

/* ---- recording ---- */

static enum err keep_opening(struct run *r, const uint8_t *payload, size_t len)
{
    r->opening = malloc(len ? len : 1);
    if (!r->opening)
        return fail(r, RUN_JOURNAL, ERR_NOMEM, "out of memory");
    memcpy(r->opening, payload, len);
    r->opening_len = len;
    return ERR_OK;
}

/* Whether nothing can be recorded any more. */
static bool stuck(const struct run *r)
{
    return r->trouble != RUN_FINE && r->trouble != RUN_ROOM;
}

static enum err write_opening(struct run *r)
{
    bufw_bytes(journal_begin(r->journal, JOURNAL_OPENING), r->opening, r->opening_len);
    return journal_end(r->journal);
}

/* Begins the next segment where it is time, between two inputs. Where that fails the run goes on in
 * the old one, in what is kept there for this. */
static enum err rotate(struct run *r, int64_t wall_ns)
{
    char why[JOURNAL_WHY_MAX] = "";
    if (r->trouble == RUN_ROOM || !journal_rotate_due(r->journal, wall_ns))
        return ERR_OK;
    enum err rc = journal_rotate_begin(r->journal, clock_wall_ns(), why);
    if (rc == ERR_OK) {
        enum err begun = ERR_OK;
        if (r->opening)
            begun = write_opening(r); /* a failure is told by what follows */
        rc = journal_rotate_end(r->journal, why);
        CHECK(rc != ERR_OK || begun == ERR_OK);
    }
    if (rc == ERR_OK)
        return ERR_OK;
    if (journal_why(r->journal)[0])
        return journal_trouble(r, rc);
    (void)fail(r, RUN_ROOM, rc, why);
    return ERR_OK;
}

enum err run_opening(struct run *r, const uint8_t *payload, size_t len)
{
    CHECK(r->journal && !r->opening && journal_number(r->journal) == 0);
    enum err rc = keep_opening(r, payload, len);
    if (rc != ERR_OK)
        return rc;
    rc = write_opening(r);
    if (rc == ERR_OK)
        rc = journal_sync(r->journal);
    return rc == ERR_OK ? ERR_OK : journal_trouble(r, rc);
}

enum err run_segments(struct run *r, const struct journal_setup *s, char *why)
{
    CHECK(r->journal);
    return journal_set_segments(r->journal, (uint64_t)s->segment_kib * 1024, s->segment_age_ns,
                                why);
}

enum err run_event(struct run *r, const struct event *ev)
{
    CHECK(r->journal && is_input(ev->kind));
    if (stuck(r))
        return ERR_STATE;
    enum err rc = rotate(r, 0);
    if (rc != ERR_OK)
        return rc;
    event_encode(ev, begin(r, JOURNAL_INPUT));
    rc = end(r);
    if (rc != ERR_OK)
        return rc;
    r->inner = false;
    r->counts.inputs++;
    return step_done(r, paper_event(r->paper, ev));
}

enum err run_advance(struct run *r, int64_t now_ns)
{
    CHECK(r->journal);
    if (stuck(r))
        return ERR_STATE;
    if (paper_next_ns(r->paper) > now_ns)
        return ERR_OK; /* nothing is due: not worth a record */
    enum err rc = rotate(r, 0);
    if (rc != ERR_OK)
        return rc;
    bufw_i64(begin(r, JOURNAL_ADVANCE), now_ns);
    rc = end(r);
    if (rc != ERR_OK)
        return rc;
    r->inner = false;
    r->counts.advances++;
    return step_done(r, paper_advance(r->paper, now_ns));
}

enum err run_started(struct run *r, int64_t wall_ns, uint32_t pid, const char *build)
{
    CHECK(r->journal);
    struct bufw *w = begin(r, JOURNAL_RUN);
    bufw_i64(w, wall_ns);
    bufw_u32(w, pid);
    bufw_text(w, build);
    enum err rc = end(r);
    if (rc == ERR_OK && journal_sync(r->journal) != ERR_OK)
        rc = journal_trouble(r, ERR_IO);
    return rc;
}

enum err run_stopped(struct run *r, int64_t wall_ns, bool orderly, const char *why)
{
    CHECK(r->journal);
    struct bufw *w = begin(r, JOURNAL_STOP);
    bufw_i64(w, wall_ns);
    bufw_u8(w, orderly);
    bufw_text(w, why);
    enum err rc = end(r);
    if (rc == ERR_OK && journal_sync(r->journal) != ERR_OK)
        rc = journal_trouble(r, ERR_IO);
    return rc;
}

enum err run_turn(struct run *r, int64_t mono_ns, int64_t wall_ns)
{
    if (!r->journal || stuck(r))
        return ERR_STATE;
    enum err rotated = rotate(r, wall_ns);
    if (rotated != ERR_OK)
        return rotated;
    if (!journal_dirty(r->journal)) {
        r->synced_mono_ns = mono_ns;
        return ERR_OK;
    }
    bool due = mono_ns - r->synced_mono_ns >= RUN_SYNC_INTERVAL_NS;
    if (due)
        r->synced_mono_ns = mono_ns;
    enum err rc = due ? journal_sync(r->journal) : journal_flush(r->journal);
    return rc == ERR_OK ? ERR_OK : journal_trouble(r, rc);
}

enum err run_finish(struct run *r)
{
    enum err rc = journal_close(r->journal);
    r->journal = NULL;
    if (rc != ERR_OK)
        return fail(r, RUN_JOURNAL, rc, "the end of the journal could not be written");
    return ERR_OK;
}

/* ---- verifying ---- */

static enum err feed_input(struct run *r, const struct journal_record *rec)
{
    struct event ev;
    struct bufr in = bufr_make(rec->payload, rec->len);
    char why[128];
    enum err rc = event_decode(&in, r->levels, LEVELS_MAX, &ev);
    if (rc != ERR_OK || in.pos != in.len || !is_input(ev.kind)) {
        snprintf(why, sizeof why, "record %llu: not an event of this version",
                 (unsigned long long)rec->number);
        return fail(r, RUN_JOURNAL, ERR_SYNTAX, why);
    }
    r->counts.inputs++;
    r->inner = false;
    return step_done(r, paper_event(r->paper, &ev));
}

static enum err feed_advance(struct run *r, const struct journal_record *rec)
{
    struct bufr in = bufr_make(rec->payload, rec->len);
    int64_t now_ns = bufr_i64(&in);
    if (in.failed || in.pos != in.len)
        return fail(r, RUN_JOURNAL, ERR_SYNTAX, "a time that is not one");
    r->counts.advances++;
    r->inner = false;
    return step_done(r, paper_advance(r->paper, now_ns));
}

/* The first one was applied to the setup before the run was opened, the others say the same. */
static enum err feed_opening(struct run *r, const struct journal_record *rec)
{
    if (r->opening)
        return rec->len == r->opening_len && memcmp(rec->payload, r->opening, rec->len) == 0
                   ? ERR_OK
                   : fail(r, RUN_JOURNAL, ERR_SYNTAX, "opening balances that changed meanwhile");
    if (r->counts.inputs || r->counts.advances)
        return fail(r, RUN_JOURNAL, ERR_SYNTAX, "opening balances in the middle of a journal");
    return keep_opening(r, rec->payload, rec->len);
}

static enum err feed(struct run *r, const struct journal_record *rec)
{
    switch (rec->type) {
    case JOURNAL_INPUT: return feed_input(r, rec);
    case JOURNAL_ADVANCE: return feed_advance(r, rec);
    case JOURNAL_RUN: r->counts.runs++; return ERR_OK;
    case JOURNAL_STOP: return ERR_OK;
    case JOURNAL_OPENING: return feed_opening(r, rec);
    case JOURNAL_EVENT:
    case JOURNAL_SELF:
    case JOURNAL_EFFECT: {
        char was[480], why[RUN_WHY_MAX];
        describe_record(r->setup, rec->type, rec->payload, rec->len, was, sizeof was);
        snprintf(why, sizeof why,
                 "record %llu differs\n  the journal has: %s\n  the engine says: nothing more for "
                 "this input",
                 (unsigned long long)rec->number, was);
        return fail(r, RUN_DIFFERS, ERR_CORRUPT, why);
    }
    case JOURNAL_BLOCK: break; /* readers never hand it out */
    }
    return fail(r, RUN_JOURNAL, ERR_SYNTAX, "a record of no known type");
}

static enum err feed_all(struct run *r)
{
    r->scratch_bytes = malloc(JOURNAL_RECORD_MAX);
    r->levels = malloc(LEVELS_MAX * sizeof *r->levels);
    enum err rc = r->scratch_bytes && r->levels ? ERR_OK : ERR_NOMEM;
    if (rc != ERR_OK)
        rc = fail(r, RUN_JOURNAL, rc, "out of memory");
    struct journal_record rec;
    while (rc == ERR_OK && r->reader && (rc = next(r, &rec)) == ERR_OK)
        rc = feed(r, &rec);
    free(r->scratch_bytes);
    free(r->levels);
    r->scratch_bytes = NULL;
    r->levels = NULL;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err run_verify(struct run *r, struct journal_reader *reader)
{
    r->reader = reader;
    enum err rc = feed_all(r);
    r->reader = NULL;
    return rc;
}

enum err run_recover(struct run *r, struct journal_reader *reader)
{
    r->reader = reader;
    r->recovering = true;
    enum err rc = feed_all(r);
    r->recovering = false;
    journal_read_close(r->reader); /* NULL where its end was reached */
    r->reader = NULL;
    return rc;
}

void run_record(struct run *r, struct journal *j)
{
    r->journal = j;
}

/* ---- the rest ---- */

enum err run_open(struct run **ret, const struct setup *s, run_observer *observer, void *ctx)
{
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    r->setup = s;
    r->observer = observer;
    r->observer_ctx = ctx;
    enum err rc = paper_open(&r->paper, s, sink, r);
    if (rc != ERR_OK) {
        free(r);
        return rc;
    }
    *ret = r;
    return ERR_OK;
}

void run_close(struct run *r)
{
    if (!r)
        return;
    if (r->journal) {
        enum err ignored = journal_close(r->journal); /* its failure was told before, or is why */
        (void)ignored;
    }
    paper_close(r->paper);
    free(r->opening);
    free(r);
}

struct paper *run_paper(const struct run *r)
{
    return r->paper;
}
const struct run_counts *run_counts(const struct run *r)
{
    return &r->counts;
}
enum run_trouble run_trouble(const struct run *r)
{
    return r->trouble;
}
const char *run_why(const struct run *r)
{
    return r->why;
}
uint64_t run_record_number(const struct run *r)
{
    return r->journal ? journal_number(r->journal) : r->record.number;
}
uint64_t run_journal_bytes(const struct run *r)
{
    return r->journal ? journal_size(r->journal) : 0;
}

#include "wallet/audit_verify.h"

#include "wallet/audit_inside.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verifier {
    const struct audit_verify *v;
    struct audit_report *report;
    struct audit_walk walk;
    struct audit_replay replay;
    uint8_t window[AUDIT_WINDOW];
    uint32_t highest;
    /* the keys before, wrapped each with the next */
    uint32_t rekeys;
    uint8_t wrapped[AUDIT_REKEYS_MAX][AUDIT_WRAPPED];
    /* the second pass */
    struct secret keys; /* one behind the other, the oldest first */
    uint32_t key, good; /* the one in use; those before [good] are not known */
    struct audit_trouble forged;
};

static bool on_block(void *arg, const struct audit_walk *w, const struct audit_block *b,
                     const uint8_t *bytes)
{
    struct verifier *s = arg;
    const struct audit_counter *c = s->v->counter;
    s->report->blocks++;
    s->report->keyed += b->keyed;
    if (c &&
        ((b->number == c->block && memcmp(b->hash, c->hash, AUDIT_HASH) != 0) ||
         (b->number == c->keyed && memcmp(b->hash, c->keyed_hash, AUDIT_HASH) != 0)) &&
        !s->report->trouble.fault) {
        struct audit_trouble *t = &s->report->trouble;
        char name[AUDIT_NAME_MAX];
        audit_segment_name(b->segment, name);
        *t = (struct audit_trouble){
            AUDIT_ROLLED_BACK,         b->segment, w->reader.at - b->len, b->number, b->first,
            b->first + b->records - 1, ""};
        snprintf(t->why, sizeof t->why,
                 "%s, offset %" PRIu64 ", block %" PRIu64 ": the counter knows another block there",
                 name, t->offset, b->number);
    }
    return !s->v->visit.block || s->v->visit.block(s->v->visit.arg, w, b, bytes);
}

static bool on_record(void *arg, const struct audit_walk *w, const struct audit_record *r,
                      bool keyed)
{
    struct verifier *s = arg;
    struct audit_report *p = s->report;
    if (!p->records++)
        p->first_ms = r->wall_ms;
    p->last_ms = r->wall_ms;
    p->orders += r->type == AUDIT_DECISION && r->order;
    p->refusals += r->type == AUDIT_DECISION && r->reason;
    for (uint16_t i = 0; r->type == AUDIT_MORE && i < r->mores; i++)
        p->refusals += r->more[i].reason ? r->more[i].count : 0;
    p->accepted += r->type == AUDIT_ACCEPT;
    if (r->type == AUDIT_REKEY && s->rekeys < AUDIT_REKEYS_MAX)
        memcpy(s->wrapped[s->rekeys++], r->wrapped, AUDIT_WRAPPED);
    return !s->v->visit.record || s->v->visit.record(s->v->visit.arg, w, r, keyed);
}

static bool on_accept(void *arg, const struct audit_walk *w, const struct audit_record *r,
                      bool keyed)
{
    bool *accept = arg;
    *accept = keyed && r->type == AUDIT_ACCEPT;
    return w == NULL; /* only the first one */
}

/* The next segment from [n] on that begins with the owner's acceptance; 0: none. */
static uint32_t accepted_at(const struct verifier *s, uint32_t n)
{
    uint8_t *window = malloc(AUDIT_WINDOW);
    uint32_t found = 0;
    for (; window && !found && n <= s->highest; n++) {
        bool accept = false;
        struct audit_walk w = {.os = s->v->os, .dir = s->v->dir, .window = window};
        w.visit.record = on_accept;
        w.visit.arg = &accept;
        if (audit_walk_segment(&w, n) == ERR_OK && accept)
            found = n;
    }
    free(window);
    return found;
}

static void missing(struct verifier *s, uint32_t n)
{
    char text[64];
    snprintf(text, sizeof text, "segment %u is missing", n);
    s->walk.reader.at = 0;
    s->walk.trouble.last = 0;
    audit_trouble_say(&s->walk.trouble, AUDIT_MISSING, &s->walk.reader, &s->walk.chain, text);
}

/* Behind the last block of a segment there are zeros. */
static enum err behind(struct verifier *s, uint32_t n)
{
    uint64_t used = s->walk.reader.at;
    int fd = audit_segment_open(s->v->os, s->v->dir, n, 0);
    if (fd < 0)
        return ERR_IO;
    s->walk.reader.fd = fd;
    s->walk.reader.window_len = 0;
    bool read = audit_reader_used(&s->walk.reader, s->walk.reader.at, &used);
    (void)s->v->os->close(fd);
    if (!read)
        return ERR_IO;
    if (used == s->walk.reader.at)
        return ERR_OK;
    s->report->torn = used - s->walk.reader.at;
    s->walk.trouble.last = 0;
    audit_trouble_say(&s->walk.trouble, AUDIT_CHANGED, &s->walk.reader, &s->walk.chain,
                      "no block begins here, and there are bytes that are not zero");
    return ERR_CORRUPT;
}

/* The end of the last segment is not whole, but all that the counter knows is there: what an
 * interrupted write leaves. */
static bool is_torn(struct verifier *s, uint32_t n)
{
    const struct audit_trouble *t = &s->walk.trouble;
    if (n != s->highest || !s->v->counter || s->walk.chain.block < s->v->counter->block ||
        (t->fault != AUDIT_CHANGED && t->fault != AUDIT_CUT))
        return false;
    (void)behind(s, n);
    return true;
}

static void first_pass(struct verifier *s)
{
    struct audit_report *p = s->report;
    for (uint32_t n = s->v->from; n <= s->highest && !s->walk.stopped; n++) {
        if (s->v->progress)
            s->v->progress(n, s->highest);
        enum err e = audit_walk_segment(&s->walk, n);
        if (e == ERR_NOT_FOUND)
            missing(s, n);
        else if (!e && !s->walk.stopped)
            e = behind(s, n);
        if (!e) {
            p->segments++;
            continue;
        }
        if (is_torn(s, n))
            return;
        p->torn = 0;
        struct audit_trouble t = s->walk.trouble;
        uint32_t on = accepted_at(s, n + 1);
        if (!on) {
            if (!p->trouble.fault)
                p->trouble = t;
            return;
        }
        if (!p->accepted_trouble.fault)
            p->accepted_trouble = t;
        n = on - 1;
    }
}

static void compare_counter(struct verifier *s)
{
    const struct audit_counter *c = s->v->counter;
    struct audit_trouble *t = &s->report->trouble;
    if (!c || t->fault || s->walk.stopped || s->walk.chain.block >= c->block)
        return;
    t->last = 0;
    char text[128];
    snprintf(text, sizeof text,
             "the log ends here, and the counter knows blocks up to %" PRIu64
             ": it was cut or rolled back",
             c->block);
    audit_trouble_say(t, AUDIT_ROLLED_BACK, &s->walk.reader, &s->walk.chain, text);
}

/* ---- MACs ---- */

static bool on_mac(void *arg, const struct audit_walk *w, const struct audit_block *b,
                   const uint8_t *bytes)
{
    struct verifier *s = arg;
    const uint8_t *key = s->keys.data + 32 * (size_t)s->key;
    if (b->keyed && s->key >= s->good && !audit_block_mac_holds(bytes, b, key)) {
        struct audit_chain before = {b->number - 1, b->first - 1, {0}};
        struct audit_reader at = w->reader;
        at.at -= b->len;
        s->forged.last = b->first + b->records - 1;
        audit_trouble_say(&s->forged, AUDIT_FORGED, &at, &before,
                          "its MAC is not that of this key store");
        return false;
    }
    uint8_t old[32];
    if (b->keyed && s->key < s->rekeys && audit_unwrap(bytes, b, key, old) != ERR_NOT_FOUND)
        s->key++;
    sodium_memzero(old, sizeof old);
    return true;
}

/* From the store's key back to the one before each change of it. */
static enum err take_keys(struct verifier *s)
{
    enum err e = secret_make(&s->keys, 32 * (size_t)(s->rekeys + 1));
    if (e)
        return e;
    secret_open(s->v->key);
    memcpy(s->keys.data + 32 * (size_t)s->rekeys, s->v->key->data, 32);
    secret_shut(s->v->key);
    for (uint32_t n = s->rekeys; n > 0; n--)
        if (audit_unwrap_key(s->wrapped[n - 1], s->keys.data + 32 * (size_t)n,
                             s->keys.data + 32 * (size_t)(n - 1))) {
            s->good = n;
            break;
        }
    return ERR_OK;
}

static enum err second_pass(struct verifier *s)
{
    enum err e = take_keys(s);
    if (e)
        return e;
    s->walk = (struct audit_walk){.os = s->v->os, .dir = s->v->dir, .window = s->window};
    s->walk.visit = (struct audit_visit){.block = on_mac, .arg = s};
    for (uint32_t n = s->v->from; n <= s->highest && !s->forged.fault; n++) {
        /* What is wrong with the chain was said in the first pass. */
        s->walk.anchored = false;
        if (audit_walk_segment(&s->walk, n))
            continue;
    }
    if (s->forged.fault &&
        (!s->report->trouble.fault || s->forged.block < s->report->trouble.block))
        s->report->trouble = s->forged;
    bool proved = !s->v->counter || !audit_counter_has_store(s->v->counter);
    for (uint32_t n = s->good; !proved && n <= s->rekeys; n++)
        proved = audit_counter_proved(s->v->counter, s->keys.data + 32 * (size_t)n);
    if (!proved && !s->report->trouble.fault) {
        s->report->trouble.fault = AUDIT_FORGED;
        snprintf(s->report->trouble.why, sizeof s->report->trouble.why,
                 "the counter: its MAC is not that of this key store");
    }
    secret_free(&s->keys);
    return ERR_OK;
}

enum err audit_verify(const struct audit_verify *v, struct audit_report *ret, char *why)
{
    uint32_t lowest;
    memset(ret, 0, sizeof *ret);
    struct verifier *s = calloc(1, sizeof *s);
    if (!s)
        return why_say(why, ERR_NOMEM, "no memory");
    s->v = v;
    s->report = ret;
    int error = v->os->segments(v->dir, &lowest, &s->highest);
    enum err e = error ? why_say(why, ERR_IO, "the audit log's directory: %s", strerror(error))
                       : audit_replay_init(&s->replay, v->counters, v->from == 1);
    bool wanted = v->counter && v->counter->block;
    if (!e && !s->highest && !wanted)
        e = why_say(why, ERR_NOT_FOUND, "there is no audit log");
    if (!e && s->highest < v->from) /* the one that has to be there is named */
        s->highest = v->from;
    if (!e) {
        s->walk = (struct audit_walk){.os = v->os,
                                      .dir = v->dir,
                                      .window = s->window,
                                      .anchored = v->from == 1,
                                      .replay = &s->replay,
                                      .visit = {on_block, on_record, s}};
        first_pass(s);
        compare_counter(s);
        ret->end = s->walk.chain;
        if (v->key)
            e = second_pass(s);
        if (e)
            (void)why_say(why, e, "no memory for a key");
    }
    free(s);
    return e;
}

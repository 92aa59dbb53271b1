/* What is recorded: requests, the store opened and closed, the end. */
#include "wallet/audit_inside.h"

#include "base/check.h"
#include "wallet/policy_counters.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

const char *audit_why(const struct audit *a)
{
    return a->why;
}

/* ---- bounds ---- */

static bool spend(struct audit_bucket *b, int64_t now_ms, int64_t burst, int64_t a_second)
{
    int64_t passed = now_ms > b->since ? now_ms - b->since : 0;
    int64_t missing = burst * 1000 - b->tokens;
    /* In thousandths: so many a second are so many a millisecond. */
    b->tokens += passed > missing / a_second ? missing : passed * a_second;
    b->since = now_ms;
    if (b->tokens < 1000)
        return false;
    b->tokens -= 1000;
    return true;
}

static void count_more(struct audit *a, enum wire_reason reason, struct policy_now now)
{
    if (!a->has_more)
        a->more_since_ms = now.boot_ms;
    a->has_more = true;
    if ((unsigned)reason < AUDIT_MORE_MAX && a->more[reason] < UINT32_MAX)
        a->more[reason]++;
}

static bool more_due(const struct audit *a, struct policy_now now)
{
    return a->has_more && now.boot_ms - a->more_said_ms >= AUDIT_MORE_MS;
}

static void put_more(struct audit *a, struct policy_now now)
{
    struct audit_record r;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_MORE;
    for (uint16_t i = 0; i < AUDIT_MORE_MAX; i++)
        if (a->more[i])
            r.more[r.mores++] = (struct audit_more){i, a->more[i]};
    audit_put(a, &r, now);
    memset(a->more, 0, sizeof a->more);
    a->has_more = false;
    a->more_said_ms = now.boot_ms;
}

/* Whether the log takes one more entry by itself. ERR_FULL: it may not even be answered. */
static enum err admit(struct audit *a, const struct audit_entry *e, bool *record)
{
    bool allowed = e->reason == WIRE_ALLOWED, order = e->decision && e->decision->is_order;
    *record = true;
    if (allowed && order)
        return ERR_OK; /* the policy bounds them */
    if (allowed && (e->decision || e->type == WIRE_GET_SECRET)) {
        if (spend(e->caps & CAP_CANCEL ? &a->cancels : &a->asked, e->now.boot_ms,
                  AUDIT_SIGNED_BURST, AUDIT_SIGNED_SEC))
            return ERR_OK;
        count_more(a, POLICY_BUSY, e->now);
        return ERR_FULL;
    }
    struct audit_bucket *b = e->caps & CAP_ADMIN ? &a->admin : &a->refusals;
    *record = spend(b, e->now.boot_ms, AUDIT_REFUSALS_BURST, AUDIT_REFUSALS_SEC);
    if (!*record)
        count_more(a, e->reason, e->now);
    return ERR_OK;
}

/* ---- requests ---- */

/* How many bytes of it cannot hold a secret: those of well-formed requests that have none, of
 * others the head. */
static size_t harmless(const struct audit_entry *e)
{
    size_t head = e->len < 8 ? e->len : 8;
    if (!e->request || !e->len)
        return 0;
    if (e->len < 8 || e->reason == POLICY_MESSAGE || e->reason == POLICY_VERSION ||
        (e->request[2] | e->request[3] << 8) != (int)e->type)
        return head;
    switch (e->type) {
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_SIGN_ORDER:
    case WIRE_SIGN_CANCEL:
    case WIRE_SIGN_CANCEL_REPLACE:
    case WIRE_SIGN_CANCEL_ALL:
    case WIRE_SIGN_QUERY:
    case WIRE_SIGN_STREAM:
    case WIRE_GET_SECRET:
    case WIRE_SEAL:
    case WIRE_LIST: return e->len < AUDIT_REQUEST_MAX ? e->len : AUDIT_REQUEST_MAX;
    case WIRE_UNLOCK:
    case WIRE_POLICY_SET: break;
    }
    return head;
}

static struct audit_who who(const struct audit_entry *e)
{
    return (struct audit_who){e->pid, e->uid, e->caps, e->connection};
}

static void put_decision(struct audit *a, const struct audit_entry *e, enum audit_order order)
{
    struct audit_record r;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_DECISION;
    r.who = who(e);
    r.at = a->counters->now_ms;
    r.at_boot = a->counters->boot_ms;
    r.asked = (uint16_t)e->type;
    r.reason = (uint16_t)e->reason;
    r.limit = e->limit;
    r.value = e->value;
    r.request_len = (uint32_t)e->len;
    r.kept = (uint16_t)harmless(e);
    r.request = e->request;
    r.order = order;
    if (order != AUDIT_NO_ORDER) {
        r.decision = *e->decision;
        r.after = audit_after(a->counters, r.decision.label, r.decision.symbol);
    }
    audit_put(a, &r, e->now);
}

static bool sync_due(const struct audit *a, struct policy_now now)
{
    return a->unsynced &&
           (a->unsynced >= AUDIT_SYNC_BYTES || now.boot_ms - a->unsynced_since_ms >= AUDIT_SYNC_MS);
}

/* Whether the record itself has to be on disk, also where orders are taken from slices. */
static bool always_synced(const struct audit_entry *e)
{
    return e->type == WIRE_UNLOCK || e->type == WIRE_SEAL || e->type == WIRE_POLICY_SET ||
           (e->reason == WIRE_ALLOWED &&
            (e->type == WIRE_GET_SECRET || e->type == WIRE_SIGN_STREAM));
}

/* Behind every record: the next one finds room. */
static enum err keep_room(struct audit *a, struct policy_now now)
{
    return a->segment_bytes - a->at < 2 * AUDIT_ROOM ? audit_rotate(a, now) : ERR_OK;
}

enum err audit_record(struct audit *a, const struct audit_entry *e)
{
    bool order = e->reason == WIRE_ALLOWED && e->decision && e->decision->is_order;
    bool record, sync = a->mode == AUDIT_STRICT || always_synced(e), fresh = false;
    enum audit_order how = AUDIT_NO_ORDER;
    if (a->failed)
        return ERR_IO;
    if (order && !a->open)
        return ERR_STATE;
    enum err err = admit(a, e, &record);
    if (err || !record)
        return err;
    audit_begin(a);
    if (more_due(a, e->now))
        put_more(a, e->now);
    if (order) {
        /* What an order replaced must not be replaced again: no slice remembers that. */
        bool alone = a->mode == AUDIT_STRICT || e->decision->replaces;
        how = alone ? AUDIT_ORDER_SYNCED : AUDIT_ORDER_OF_SLICE;
        if (alone)
            sync = true;
        else
            audit_slice_take(a, e->decision, e->now, &fresh);
    }
    put_decision(a, e, how);
    err = audit_end(a, e->now);
    if (!err && (sync || fresh || sync_due(a, e->now)))
        err = audit_sync(a);
    return err ? err : keep_room(a, e->now);
}

/* ---- the store ---- */

static void note_store(struct audit *a, const struct audit_store *s, struct audit_record *r)
{
    memcpy(a->counter.store, s->id, sizeof a->counter.store);
    if (s->generation > a->counter.generation)
        a->counter.generation = s->generation;
    memcpy(r->store, s->id, sizeof r->store);
    r->generation = s->generation;
    memcpy(r->policy_hash, s->policy_hash, sizeof r->policy_hash);
}

/* One record by itself, on disk. */
static enum err alone(struct audit *a, struct audit_record *r, struct policy_now now)
{
    audit_begin(a);
    if (a->has_more)
        put_more(a, now);
    if (r->type == AUDIT_SEAL || r->type == AUDIT_STOP || r->type == AUDIT_REKEY)
        audit_slices_give_back(a, now);
    audit_put(a, r, now);
    enum err e = audit_end(a, now);
    return e ? e : audit_sync(a);
}

enum err audit_policy(struct audit *a, const struct audit_entry *e, const struct audit_store *s)
{
    struct audit_record r;
    if (a->failed)
        return ERR_IO;
    if (!a->open)
        return ERR_STATE;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_POLICY;
    r.who = who(e);
    note_store(a, s, &r);
    enum err err = alone(a, &r, e->now);
    return err ? err : keep_room(a, e->now);
}

enum err audit_seal(struct audit *a, const struct audit_entry *e)
{
    struct audit_record r;
    if (a->failed)
        return ERR_IO;
    if (!a->open)
        return ERR_STATE;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_SEAL;
    r.who = who(e);
    enum err err = alone(a, &r, e->now);
    if (err)
        return err;
    /* What the next unlock has to prove. */
    memcpy(a->keyed, a->bytes, a->block.len);
    a->keyed_block = a->block;
    a->open = false;
    secret_free(&a->key);
    return keep_room(a, e->now);
}

/* The key that was in use: [key], or the one before it, which the log holds wrapped with [key]. */
static enum err known_key(const struct audit *a, const struct secret *key, struct secret *ret)
{
    secret_open(key);
    enum err e = ERR_CORRUPT;
    if (audit_block_mac_holds(a->keyed, &a->keyed_block, key->data)) {
        e = secret_copy(ret, key->data, 32);
    } else {
        uint8_t old[32];
        if (audit_unwrap(a->keyed, &a->keyed_block, key->data, old) == ERR_OK &&
            audit_block_mac_holds(a->keyed, &a->keyed_block, old))
            e = secret_copy(ret, old, 32);
        sodium_memzero(old, sizeof old);
    }
    secret_shut(key);
    return e;
}

static enum err prove(struct audit *a, const struct secret *key, const struct audit_store *s,
                      char *why)
{
    struct secret old = {0};
    if (a->keyed_block.len && known_key(a, key, &old))
        return why_say(why, ERR_CORRUPT,
                       "the audit log was not written with this key store, or was forged: block "
                       "%llu has another MAC",
                       (unsigned long long)a->keyed_block.number);
    bool has = audit_counter_has_store(&a->counter), proved = true;
    if (has && a->keyed_block.len) {
        secret_open(&old);
        proved = audit_counter_proved(&a->counter, old.data);
        secret_shut(&old);
    }
    secret_free(&old);
    if (has && (!a->keyed_block.len || a->keyed_block.number < a->counter.keyed))
        return why_say(why, ERR_STATE,
                       "the audit log was rolled back: it lacks block %llu, which the counter "
                       "knows",
                       (unsigned long long)a->counter.keyed);
    if (!proved)
        return why_say(why, ERR_CORRUPT, "the audit log's counter was changed: its MAC is wrong");
    if (has && memcmp(a->counter.store, s->id, sizeof a->counter.store) != 0)
        return why_say(why, ERR_STATE, "this is the audit log of another key store");
    uint64_t seen =
        a->counter.generation > a->log_generation ? a->counter.generation : a->log_generation;
    if (s->generation < seen)
        return why_say(why, ERR_STATE,
                       "an old key store was put back: its generation is %llu, and %llu was seen",
                       (unsigned long long)s->generation, (unsigned long long)seen);
    return ERR_OK;
}

enum err audit_rekey(struct audit *a, const struct secret *next, struct policy_now now)
{
    struct audit_record r;
    if (a->failed)
        return ERR_IO;
    if (!a->open)
        return ERR_STATE;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_REKEY;
    secret_open(&a->key);
    secret_open(next);
    randombytes_buf(r.wrapped, 24);
    int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(r.wrapped + 24, NULL, a->key.data, 32,
                                                            NULL, 0, NULL, r.wrapped, next->data);
    secret_shut(next);
    secret_shut(&a->key);
    CHECK(failed == 0);
    enum err e = alone(a, &r, now);
    a->open = false; /* STOP has no MAC: this is the last block that has one */
    secret_free(&a->key);
    return e;
}

enum err audit_unwrap_key(const uint8_t wrapped[AUDIT_WRAPPED], const uint8_t *next,
                          uint8_t ret[32])
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, wrapped + 24, 48, NULL, 0,
                                                      wrapped, next) == 0
               ? ERR_OK
               : ERR_CORRUPT;
}

enum err audit_unwrap(const uint8_t *bytes, const struct audit_block *b, const uint8_t *next,
                      uint8_t ret[32])
{
    struct bufr in = bufr_make(bytes, b->len - AUDIT_TAIL);
    struct audit_record r;
    in.pos = AUDIT_HEAD;
    for (uint16_t i = 0; i < b->records; i++) {
        if (audit_decode(&in, &r))
            return ERR_CORRUPT;
        if (r.type == AUDIT_REKEY)
            return audit_unwrap_key(r.wrapped, next, ret);
    }
    return ERR_NOT_FOUND;
}

static void put_unlock(struct audit *a, const struct audit_entry *e, const struct audit_store *s)
{
    struct audit_record r;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_UNLOCK;
    r.who = who(e);
    note_store(a, s, &r);
    r.at = a->counters->now_ms;
    r.at_boot = a->counters->boot_ms;
    memcpy(r.boot_id, a->boot_id, sizeof r.boot_id);
    memcpy(r.build, a->build, sizeof r.build);
    audit_put(a, &r, e->now);
}

/* What a crash left of slices may have been signed, up to now, for as long as anything can be
 * valid. */
static enum err put_lost(struct audit *a, struct policy_now now)
{
    while (a->slices.count) {
        struct audit_record r;
        struct policy_lost lost;
        memset(&r, 0, sizeof r);
        r.slice = a->slices.slice[a->slices.count - 1];
        r.type = r.slice.count ? AUDIT_LOST : AUDIT_SLICE_END; /* all of it is known */
        r.at = a->counters->now_ms;
        r.until = r.at + POLICY_SKEW_MAX + WIRE_WINDOW_MAX;
        audit_lost(&r.slice, r.until, &lost);
        if (r.type == AUDIT_LOST && policy_lose(a->counters, r.at, &lost))
            return ERR_FULL;
        audit_put(a, &r, now);
        a->slices.count--;
    }
    return ERR_OK;
}

enum err audit_unlock(struct audit *a, const struct audit_entry *e, const struct secret *mac_key,
                      const struct audit_store *s, char *why)
{
    if (a->failed)
        return why_say(why, ERR_IO, "%s", a->why);
    if (a->open)
        return why_say(why, ERR_STATE, "the audit log is open already");
    enum err err = prove(a, mac_key, s, why);
    if (err)
        return err;
    secret_open(mac_key);
    err = secret_copy(&a->key, mac_key->data, 32);
    secret_shut(mac_key);
    if (err)
        return why_say(why, err, "no memory for a key");
    a->open = true;
    policy_clock(a->counters, e->now);
    audit_begin(a);
    put_unlock(a, e, s);
    if (put_lost(a, e->now)) {
        a->failed = true;
        return why_say(why, ERR_FULL, "more was lost in a crash than can be counted");
    }
    err = audit_end(a, e->now);
    if (!err && a->segment_bytes - a->at <
                    audit_snapshot_max(a->counters->cap + a->counters->spare) + 2 * AUDIT_ROOM)
        err = audit_rotate(a, e->now);
    if (!err && !a->has_snapshot)
        err = audit_snapshot(a, e->now);
    if (!err)
        err = audit_sync(a);
    return err ? why_say(why, a->full ? ERR_FULL : err, "%s", a->why) : ERR_OK;
}

/* ---- nothing to do, and the end ---- */

bool audit_dirty(const struct audit *a)
{
    return !a->failed && (a->unsynced || a->has_more || audit_slices_want(a));
}

enum err audit_idle(struct audit *a, struct policy_now now)
{
    if (a->failed)
        return ERR_IO;
    audit_begin(a);
    uint32_t tended = a->open ? audit_slices_tend(a, now) : 0;
    if (more_due(a, now))
        put_more(a, now);
    enum err e = audit_end(a, now);
    if (!e && (tended || sync_due(a, now)))
        e = audit_sync(a);
    if (!e && a->open && a->at > a->segment_bytes / 4 * 3)
        e = audit_rotate(a, now);
    return e ? e : keep_room(a, now);
}

void audit_free(struct audit *a)
{
    secret_free(&a->key);
    if (a->fd >= 0)
        (void)a->os->close(a->fd);
    if (a->counter_fd >= 0)
        (void)a->os->close(a->counter_fd);
    (void)a->os->close(a->dir);
    free(a);
}

enum err audit_close(struct audit *a, struct policy_now now)
{
    if (!a)
        return ERR_OK;
    enum err e = a->failed ? ERR_IO : ERR_OK;
    if (!e) {
        struct audit_record r;
        memset(&r, 0, sizeof r);
        r.type = AUDIT_STOP;
        e = alone(a, &r, now);
    }
    audit_free(a);
    return e;
}

size_t audit_descriptors(const struct audit *a, int *out)
{
    out[0] = a->dir;
    out[1] = a->counter_fd;
    out[2] = a->fd;
    return 3;
}

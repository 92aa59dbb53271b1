#include "wallet/audit_replay.h"

#include "base/check.h"
#include "wallet/audit_inside.h"
#include "wallet/policy_counters.h"

/* ---- slices ---- */

int audit_slice_find(const struct audit_slices *s, const char *label, const char *symbol,
                     uint64_t instance)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->slice[i].instance == instance && strcmp(s->slice[i].symbol, symbol) == 0 &&
            strcmp(s->slice[i].label, label) == 0)
            return (int)i;
    return -1;
}

void audit_slice_drop(struct audit_slices *s, int i)
{
    s->slice[i] = s->slice[--s->count];
}

bool audit_slice_covers(const struct audit_slice *s, const struct policy_decision *d)
{
    return s->count > 0 && d->intent.order >= s->first && d->intent.order <= s->last &&
           dec_le(d->base, s->base) && dec_le(d->total, s->value);
}

void audit_slice_use(struct audit_slice *s, const struct policy_decision *d)
{
    s->count--;
    CHECK(dec_sub(s->base, d->base, &s->base) && dec_sub(s->value, d->total, &s->value));
}

struct audit_after audit_after(const struct policy_counters *c, const char *label,
                               const char *symbol)
{
    struct audit_after a;
    memset(&a, 0, sizeof a);
    a.minute = policy_orders_last_minute(c, label);
    int n = policy_slot_find(c, label, symbol);
    if (n < 0 || !c->slot[n].day)
        return a;
    const struct policy_slot *s = &c->slot[n];
    a.day = s->day;
    a.hour_base = s->hour_base;
    a.hour_value = s->hour_value;
    a.day_base = s->day_base;
    a.day_value = s->day_value;
    return a;
}

/* ---- records ---- */

enum err audit_replay_init(struct audit_replay *r, struct policy_counters *c, bool from_first)
{
    memset(r, 0, sizeof *r);
    r->c = c;
    r->known = from_first;
    return c->spare ? ERR_OK : policy_set_aside(c, AUDIT_SPARE);
}

static bool same_after(const struct audit_after *a, const struct audit_after *b)
{
    return a->minute == b->minute && a->day == b->day && dec_eq(a->hour_base, b->hour_base) &&
           dec_eq(a->hour_value, b->hour_value) && dec_eq(a->day_base, b->day_base) &&
           dec_eq(a->day_value, b->day_value);
}

static enum err decision(struct audit_replay *r, const struct audit_record *rec, char *why)
{
    const struct policy_decision *d = &rec->decision;
    r->at_boot = rec->at_boot;
    if (rec->order == AUDIT_NO_ORDER)
        return policy_replay_time(r->c, rec->at)
                   ? why_say(why, ERR_CORRUPT, "the counters' time goes back")
                   : ERR_OK;
    if (rec->order == AUDIT_ORDER_OF_SLICE) {
        int i = audit_slice_find(&r->slices, d->label, d->symbol, d->intent.instance);
        if (i < 0 || !audit_slice_covers(&r->slices.slice[i], d))
            return why_say(why, ERR_CORRUPT, "an order that no slice covers");
        audit_slice_use(&r->slices.slice[i], d);
    }
    if (policy_replay(r->c, rec->at, d))
        return why_say(why, ERR_CORRUPT, "an order that the counters did not allow");
    struct audit_after after = audit_after(r->c, d->label, d->symbol);
    if (!same_after(&after, &rec->after))
        return why_say(why, ERR_CORRUPT, "its counters are not what the records before add up to");
    return ERR_OK;
}

static enum err slice(struct audit_replay *r, const struct audit_record *rec, char *why)
{
    const struct audit_slice *s = &rec->slice;
    int i = audit_slice_find(&r->slices, s->label, s->symbol, s->instance);
    if (rec->type == AUDIT_SLICE) {
        if (s->count > AUDIT_SLICE_ORDERS || s->last - s->first >= AUDIT_SLICE_NUMBERS)
            return why_say(why, ERR_CORRUPT, "a slice larger than any");
        if (i >= 0)
            audit_slice_drop(&r->slices, i);
        if (r->slices.count == AUDIT_SLICES_MAX)
            return why_say(why, ERR_CORRUPT, "more slices than can be open");
        r->slices.slice[r->slices.count++] = *s;
        return ERR_OK;
    }
    if (i < 0)
        return why_say(why, ERR_CORRUPT, "the end of a slice that is not open");
    const struct audit_slice *o = &r->slices.slice[i];
    if (o->count != s->count || o->first != s->first || o->last != s->last ||
        !dec_eq(o->base, s->base) || !dec_eq(o->value, s->value))
        return why_say(why, ERR_CORRUPT, "not what was left of the slice");
    audit_slice_drop(&r->slices, i);
    if (rec->type == AUDIT_SLICE_END)
        return ERR_OK;
    struct policy_lost lost;
    audit_lost(s, rec->until, &lost);
    return policy_lose(r->c, rec->at, &lost)
               ? why_say(why, ERR_CORRUPT, "more is lost than can be counted")
               : ERR_OK;
}

void audit_lost(const struct audit_slice *s, int64_t until, struct policy_lost *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->label, s->label, sizeof ret->label);
    memcpy(ret->symbol, s->symbol, sizeof ret->symbol);
    ret->instance = s->instance;
    ret->first = s->first;
    ret->last = s->last;
    ret->base = s->base;
    ret->value = s->value;
    ret->count = s->count;
    ret->until_ms = until;
}

/* A known state must be what the snapshot says; an unknown one becomes it. */
static enum err snapshot(struct audit_replay *r, const struct audit_record *rec, char *why)
{
    if (rec->part == 0) {
        int64_t at = audit_snapshot_time(rec->bytes, rec->len);
        if (r->slices.count && r->known)
            return why_say(why, ERR_CORRUPT, "a snapshot while slices are open");
        if (r->known && policy_replay_time(r->c, at))
            return why_say(why, ERR_CORRUPT, "the counters' time goes back");
        if (!r->known) {
            struct policy_counters *c = r->c;
            uint32_t spare = c->spare;
            policy_counters_init(c, c->ring, c->cap + spare);
            CHECK(policy_set_aside(c, spare) == ERR_OK);
        }
        r->cursor = (struct audit_cursor){0};
        r->in_snapshot = true;
    }
    if (!r->in_snapshot || rec->part != r->cursor.part)
        return why_say(why, ERR_CORRUPT, "a part of a snapshot out of its turn");
    if (r->known) {
        struct bufw w = bufw_make(r->scratch, sizeof r->scratch);
        bool last = audit_snapshot_part(r->c, &r->cursor, &w);
        if (last != rec->last_part || w.len != rec->len || memcmp(r->scratch, rec->bytes, w.len))
            return why_say(why, ERR_CORRUPT,
                           "the snapshot is not what the records before add up to");
    } else {
        r->cursor.part++;
        if (audit_snapshot_read(r->c, rec->bytes, rec->len))
            return why_say(why, ERR_CORRUPT, "the snapshot holds what counters cannot");
    }
    if (rec->last_part) {
        r->in_snapshot = false;
        r->known = true;
        r->slices.count = 0;
        r->snapshots++;
    }
    return ERR_OK;
}

static enum err keyed_record(struct audit_replay *r, const struct audit_record *rec, char *why)
{
    switch (rec->type) {
    case AUDIT_UNLOCK:
    case AUDIT_POLICY:
        r->has_store = true;
        memcpy(r->store, rec->store, sizeof r->store);
        r->generation = rec->generation;
        if (rec->type == AUDIT_POLICY)
            return ERR_OK;
        memcpy(r->boot_id, rec->boot_id, sizeof r->boot_id);
        r->at_boot = rec->at_boot;
        return r->known && policy_replay_time(r->c, rec->at)
                   ? why_say(why, ERR_CORRUPT, "the counters' time goes back")
                   : ERR_OK;
    case AUDIT_DECISION: return r->known ? decision(r, rec, why) : ERR_OK;
    case AUDIT_SLICE:
    case AUDIT_SLICE_END:
    case AUDIT_LOST: return r->known ? slice(r, rec, why) : ERR_OK;
    case AUDIT_SNAPSHOT: return snapshot(r, rec, why);
    case AUDIT_ACCEPT:
        /* What came before is not believed: the snapshot that follows says what counts. */
        r->known = false;
        r->slices.count = 0;
        r->has_store = true;
        memcpy(r->store, rec->store, sizeof r->store);
        r->generation = rec->generation;
        return ERR_OK;
    case AUDIT_START:
    case AUDIT_MORE:
    case AUDIT_SEAL:
    case AUDIT_STOP:
    case AUDIT_REKEY: break;
    }
    return ERR_OK;
}

enum err audit_replay_record(struct audit_replay *r, const struct audit_record *rec, bool keyed,
                             char *why)
{
    bool free_of_key = rec->type == AUDIT_START || rec->type == AUDIT_MORE ||
                       rec->type == AUDIT_STOP ||
                       (rec->type == AUDIT_DECISION && rec->order == AUDIT_NO_ORDER);
    if (rec->type != AUDIT_SNAPSHOT)
        r->in_snapshot = false;
    if (keyed)
        return keyed_record(r, rec, why);
    return free_of_key ? ERR_OK
                       : why_say(why, ERR_CORRUPT, "a record that needs a MAC and has none");
}

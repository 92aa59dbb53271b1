/* The counters from what an audit log says. It may say anything: nothing here is CHECKed that bytes
 * could make wrong. */
#include "wallet/policy_inside.h"

#include "base/check.h"

/* No log of ours knows a later time; sums of two of them cannot overflow. */
#define TIME_MAX (INT64_C(1) << 52)

enum err policy_set_aside(struct policy_counters *c, uint32_t spare)
{
    CHECK(c->head == 0 && c->spare == 0);
    if (spare >= c->cap)
        return ERR_RANGE;
    c->cap -= spare;
    c->spare = spare;
    return ERR_OK;
}

enum err policy_replay_time(struct policy_counters *c, int64_t at)
{
    if (at < c->now_ms || at > TIME_MAX)
        return ERR_CORRUPT;
    c->now_ms = at;
    policy_expire(c);
    return ERR_OK;
}

/* Whether so much more can be counted there. */
static enum err room(const struct policy_counters *c, int slot, dec base, dec value, int64_t until)
{
    dec sum;
    if (dec_is_neg(base) || dec_is_neg(value) || until < 0 || until > TIME_MAX)
        return ERR_CORRUPT;
    if (slot < 0)
        return ERR_FULL;
    const struct policy_slot *s = &c->slot[slot];
    dec day_base = s->day ? s->day_base : DEC_ZERO, day_value = s->day ? s->day_value : DEC_ZERO;
    return dec_add(day_base, base, &sum) && dec_add(day_value, value, &sum) ? ERR_OK : ERR_CORRUPT;
}

enum err policy_replay(struct policy_counters *c, int64_t at, const struct policy_decision *d)
{
    enum err e = policy_replay_time(c, at);
    if (e)
        return e;
    struct wire_order o;
    memset(&o, 0, sizeof o);
    o.intent = d->intent;
    o.replaces = d->replaces;
    if (d->reason != WIRE_ALLOWED || !d->is_order || policy_ring_full(c) ||
        policy_intent(c, &o, NULL) != WIRE_ALLOWED ||
        room(c, policy_slot_find(c, d->label, d->symbol), d->base, d->total, d->until_ms))
        return ERR_CORRUPT;
    policy_reserve(c, d);
    return ERR_OK;
}

enum err policy_lose(struct policy_counters *c, int64_t at, const struct policy_lost *l)
{
    enum err e = policy_replay_time(c, at);
    if (e)
        return e;
    int n = policy_slot_find(c, l->label, l->symbol);
    if (l->first > l->last || l->last - l->first >= POLICY_INTENTS)
        return ERR_CORRUPT;
    e = room(c, n, l->base, l->value, l->until_ms);
    if (e)
        return e;
    if (c->head - c->day_tail + l->count > c->cap + (uint64_t)c->spare)
        return ERR_FULL;
    struct policy_instance *i = policy_take_instance(c, l->instance, l->first);
    if (!i)
        return ERR_FULL;
    for (uint64_t k = l->first;; k++) {
        if (policy_in_reach(i, k))
            policy_mark(i, k);
        if (k == l->last)
            break;
    }
    if (l->count)
        policy_take_slot(c, n, l->label, l->symbol);
    for (uint32_t k = 0; k < l->count; k++)
        policy_push(c, (uint32_t)n, k ? DEC_ZERO : l->base, k ? DEC_ZERO : l->value, l->until_ms);
    return ERR_OK;
}

enum err policy_burn(struct policy_counters *c, uint64_t instance, uint64_t upto)
{
    struct policy_instance *i = policy_take_instance(c, instance, upto);
    if (!i)
        return ERR_FULL;
    policy_mark(i, upto > i->top ? upto : i->top);
    memset(i->was_signed, 0xff, sizeof i->was_signed);
    memset(i->was_replaced, 0xff, sizeof i->was_replaced);
    return ERR_OK;
}

enum err policy_fill(struct policy_counters *c, const char *label, const char *symbol, dec base,
                     dec value, int64_t until_ms)
{
    int n = policy_slot_find(c, label, symbol);
    enum err e = room(c, n, base, value, until_ms);
    if (e)
        return e;
    if (c->head - c->day_tail >= c->cap + (uint64_t)c->spare)
        return ERR_FULL;
    policy_take_slot(c, n, label, symbol);
    policy_push(c, (uint32_t)n, base, value, until_ms);
    return ERR_OK;
}

enum err policy_restore_time(struct policy_counters *c, int64_t at, int64_t last_until)
{
    if (at < 0 || at > TIME_MAX || last_until < 0 || last_until > TIME_MAX)
        return ERR_CORRUPT;
    c->now_ms = at;
    c->last_until_ms = last_until;
    return ERR_OK;
}

enum err policy_restore_instance(struct policy_counters *c, const struct policy_instance *i)
{
    if (c->instances == POLICY_INSTANCES_MAX)
        return ERR_CORRUPT;
    for (uint32_t n = 0; n < c->instances; n++)
        if (c->instance[n].instance == i->instance)
            return ERR_CORRUPT;
    c->instance[c->instances++] = *i;
    return ERR_OK;
}

enum err policy_restore_slot(struct policy_counters *c, uint32_t slot, const char *label,
                             const char *symbol)
{
    if (slot >= POLICY_SLOTS_MAX || c->slot[slot].label[0])
        return ERR_CORRUPT;
    for (uint32_t n = 0; n < POLICY_SLOTS_MAX; n++)
        if (strcmp(c->slot[n].label, label) == 0 &&
            policy_compare_symbols(c->slot[n].symbol, symbol) == 0)
            return ERR_CORRUPT;
    policy_take_slot(c, (int)slot, label, symbol);
    return ERR_OK;
}

enum err policy_restore_spend(struct policy_counters *c, const struct policy_spend *s)
{
    if (s->slot >= POLICY_SLOTS_MAX || !c->slot[s->slot].label[0] ||
        c->head >= c->cap + (uint64_t)c->spare || c->now_ms - s->until_ms >= POLICY_DAY_MS ||
        s->until_ms > c->last_until_ms)
        return ERR_CORRUPT;
    if (c->head && c->ring[c->head - 1].until_ms > s->until_ms)
        return ERR_CORRUPT;
    enum err e = room(c, (int)s->slot, s->base, s->value, s->until_ms);
    if (e)
        return e;
    int64_t last_until = c->last_until_ms;
    c->last_until_ms = 0;
    policy_push(c, s->slot, s->base, s->value, s->until_ms);
    c->last_until_ms = last_until;
    policy_expire(c);
    return ERR_OK;
}

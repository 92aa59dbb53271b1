/* Slices: a durable allowance from which orders are taken without waiting for the disk. */
#include "wallet/audit_inside.h"

#include "base/check.h"

#define UNUSED_MS INT64_C(600000) /* given back after that */

static void put_slice(struct audit *a, enum audit_type type, const struct audit_slice *s,
                      struct policy_now now)
{
    struct audit_record r;
    memset(&r, 0, sizeof r);
    r.type = type;
    r.slice = *s;
    audit_put(a, &r, now);
}

static void give_back(struct audit *a, int i, struct policy_now now)
{
    put_slice(a, AUDIT_SLICE_END, &a->slices.slice[i], now);
    a->taken[i] = a->taken[a->slices.count - 1];
    audit_slice_drop(&a->slices, i);
}

/* Whether sums can hold many slices of such orders, should they be lost. */
static bool modest(const struct audit *a, const struct policy_decision *d)
{
    struct audit_after now = audit_after(a->counters, d->label, d->symbol);
    dec base, value;
    const int64_t most = AUDIT_SLICE_ORDERS * AUDIT_SLICES_MAX * 2;
    return dec_mul_int(d->base, most, &base) && dec_mul_int(d->total, most, &value) &&
           dec_add(base, now.day_base, &base) && dec_add(value, now.day_value, &value);
}

/* As many orders of its size, or, where that is too much to count, the order alone. */
static struct audit_slice slice_for(const struct audit *a, const struct policy_decision *d)
{
    struct audit_slice s;
    memset(&s, 0, sizeof s);
    memcpy(s.label, d->label, sizeof s.label);
    memcpy(s.symbol, d->symbol, sizeof s.symbol);
    s.instance = d->intent.instance;
    s.first = d->intent.order;
    s.last = s.first;
    s.base = d->base;
    s.value = d->total;
    s.count = 1;
    if (!modest(a, d))
        return s;
    CHECK(dec_mul_int(d->base, AUDIT_SLICE_ORDERS, &s.base) &&
          dec_mul_int(d->total, AUDIT_SLICE_ORDERS, &s.value));
    s.count = AUDIT_SLICE_ORDERS;
    uint64_t room = UINT64_MAX - s.first;
    s.last += room < AUDIT_SLICE_NUMBERS - 1 ? room : AUDIT_SLICE_NUMBERS - 1;
    return s;
}

static int longest_unused(const struct audit *a)
{
    int oldest = 0;
    for (uint32_t i = 1; i < a->slices.count; i++)
        if (a->taken[i].used_ms < a->taken[oldest].used_ms)
            oldest = (int)i;
    return oldest;
}

void audit_slice_take(struct audit *a, const struct policy_decision *d, struct policy_now now,
                      bool *fresh)
{
    int i = audit_slice_find(&a->slices, d->label, d->symbol, d->intent.instance);
    *fresh = i < 0 || !audit_slice_covers(&a->slices.slice[i], d);
    if (*fresh && i < 0) {
        if (a->slices.count == AUDIT_SLICES_MAX)
            give_back(a, longest_unused(a), now);
        i = (int)a->slices.count++;
    }
    if (*fresh) {
        struct audit_slice s = slice_for(a, d);
        put_slice(a, AUDIT_SLICE, &s, now);
        a->slices.slice[i] = s;
        a->taken[i] = (struct audit_taken){.base = s.base, .value = s.value, .count = s.count};
    }
    audit_slice_use(&a->slices.slice[i], d);
    a->taken[i].order = d->intent.order;
    a->taken[i].used_ms = now.boot_ms;
}

static bool half_gone(dec left, dec whole)
{
    dec twice;
    return dec_add(left, left, &twice) && dec_lt(twice, whole);
}

/* Whether the next one should be taken soon. One for a single order is not worth it. */
static bool wanted(const struct audit_slice *s, const struct audit_taken *t)
{
    return t->count > 1 && s->last < UINT64_MAX - AUDIT_SLICE_NUMBERS &&
           (s->count * 2 <= t->count || half_gone(s->base, t->base) ||
            half_gone(s->value, t->value) || s->last - t->order < AUDIT_SLICE_NUMBERS / 2);
}

bool audit_slices_want(const struct audit *a)
{
    for (uint32_t i = 0; i < a->slices.count; i++)
        if (wanted(&a->slices.slice[i], &a->taken[i]))
            return true;
    return false;
}

uint32_t audit_slices_tend(struct audit *a, struct policy_now now)
{
    uint32_t records = 0;
    for (uint32_t i = a->slices.count; i-- > 0;) {
        struct audit_slice *s = &a->slices.slice[i];
        struct audit_taken *t = &a->taken[i];
        if (now.boot_ms - t->used_ms >= UNUSED_MS) {
            give_back(a, (int)i, now);
            records++;
        } else if (wanted(s, t)) {
            s->base = t->base;
            s->value = t->value;
            s->count = t->count;
            s->first = t->order + 1;
            s->last = t->order + AUDIT_SLICE_NUMBERS;
            put_slice(a, AUDIT_SLICE, s, now);
            records++;
        }
    }
    return records;
}

void audit_slices_give_back(struct audit *a, struct policy_now now)
{
    while (a->slices.count)
        give_back(a, (int)a->slices.count - 1, now);
}

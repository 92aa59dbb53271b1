/* What has been signed, in rolling windows, and every order once. */
#include "wallet/policy_inside.h"

#include "base/check.h"

void policy_counters_init(struct policy_counters *c, struct policy_spend *ring, uint32_t cap)
{
    CHECK(cap > 0);
    memset(c, 0, sizeof *c);
    c->ring = ring;
    c->cap = cap;
}

static void take(dec *sum, dec part)
{
    CHECK(dec_sub(*sum, part, sum) && !dec_is_neg(*sum));
}

static void give(dec *sum, dec part)
{
    CHECK(dec_add(*sum, part, sum));
}

/* The next order of a window whose last [ms] are over. */
static struct policy_spend *leaves(struct policy_counters *c, uint64_t *tail, int64_t ms)
{
    if (*tail == c->head)
        return NULL;
    struct policy_spend *s = &c->ring[*tail % (c->cap + c->spare)];
    if (c->now_ms - s->until_ms < ms)
        return NULL;
    ++*tail;
    return s;
}

void policy_expire(struct policy_counters *c)
{
    struct policy_spend *s;
    while ((s = leaves(c, &c->minute_tail, POLICY_MINUTE_MS)))
        c->slot[s->slot].minute--;
    while ((s = leaves(c, &c->hour_tail, POLICY_HOUR_MS))) {
        take(&c->slot[s->slot].hour_base, s->base);
        take(&c->slot[s->slot].hour_value, s->value);
    }
    while ((s = leaves(c, &c->day_tail, POLICY_DAY_MS))) {
        take(&c->slot[s->slot].day_base, s->base);
        take(&c->slot[s->slot].day_value, s->value);
        c->slot[s->slot].day--;
    }
}

void policy_clock(struct policy_counters *c, struct policy_now now)
{
    int64_t to = now.wall_ms;
    if (c->boot_known) {
        int64_t passed = now.boot_ms - c->boot_ms;
        int64_t most = c->now_ms + (passed > 0 ? passed : 0);
        to = to < most ? to : most;
    }
    c->boot_ms = now.boot_ms;
    c->boot_known = true;
    if (to > c->now_ms)
        c->now_ms = to;
    policy_expire(c);
}

int policy_slot_find(const struct policy_counters *c, const char *label, const char *symbol)
{
    int empty = -1;
    for (int i = 0; i < POLICY_SLOTS_MAX; i++) {
        const struct policy_slot *s = &c->slot[i];
        if (s->day && strcmp(s->label, label) == 0 &&
            policy_compare_symbols(s->symbol, symbol) == 0)
            return i;
        if (!s->day && empty < 0)
            empty = i;
    }
    return empty;
}

uint32_t policy_orders_last_minute(const struct policy_counters *c, const char *label)
{
    uint32_t n = 0;
    for (int i = 0; i < POLICY_SLOTS_MAX; i++)
        if (c->slot[i].day && strcmp(c->slot[i].label, label) == 0)
            n += c->slot[i].minute;
    return n;
}

bool policy_ring_full(const struct policy_counters *c)
{
    return c->head - c->day_tail >= c->cap;
}

/* ---- every order once ---- */

static bool bit(const uint64_t *bits, uint64_t order)
{
    return bits[order % POLICY_INTENTS / 64] >> (order % 64) & 1;
}

static void set_bit(uint64_t *bits, uint64_t order)
{
    bits[order % POLICY_INTENTS / 64] |= UINT64_C(1) << (order % 64);
}

static void clear_bit(uint64_t *bits, uint64_t order)
{
    bits[order % POLICY_INTENTS / 64] &= ~(UINT64_C(1) << (order % 64));
}

static const struct policy_instance *find(const struct policy_counters *c, uint64_t instance)
{
    for (uint32_t i = 0; i < c->instances; i++)
        if (c->instance[i].instance == instance)
            return &c->instance[i];
    return NULL;
}

bool policy_in_reach(const struct policy_instance *i, uint64_t order)
{
    return order > i->top || i->top - order < POLICY_INTENTS;
}

enum wire_reason policy_intent(const struct policy_counters *c, const struct wire_order *o,
                               uint64_t *ret_top)
{
    const struct policy_instance *i = find(c, o->intent.instance);
    if (!i)
        return o->replaces                            ? POLICY_REPLACES
               : c->instances == POLICY_INSTANCES_MAX ? POLICY_INSTANCES
                                                      : WIRE_ALLOWED;
    if (ret_top)
        *ret_top = i->top;
    if (!policy_in_reach(i, o->intent.order))
        return POLICY_OLD_INTENT;
    if (o->intent.order <= i->top && bit(i->was_signed, o->intent.order))
        return POLICY_REPEATED;
    if (o->replaces && (o->replaces > i->top || o->replaces >= o->intent.order ||
                        !policy_in_reach(i, o->replaces) || !bit(i->was_signed, o->replaces) ||
                        bit(i->was_replaced, o->replaces)))
        return POLICY_REPLACES;
    return WIRE_ALLOWED;
}

struct policy_instance *policy_take_instance(struct policy_counters *c, uint64_t instance,
                                             uint64_t top)
{
    uint32_t n = 0;
    while (n < c->instances && c->instance[n].instance != instance)
        n++;
    if (n == POLICY_INSTANCES_MAX)
        return NULL;
    struct policy_instance *i = &c->instance[n];
    if (n == c->instances) {
        c->instances++;
        memset(i, 0, sizeof *i);
        i->instance = instance;
        i->top = top;
    }
    return i;
}

void policy_mark(struct policy_instance *i, uint64_t order)
{
    if (order > i->top) {
        uint64_t steps = order - i->top < POLICY_INTENTS ? order - i->top : POLICY_INTENTS;
        for (uint64_t k = 0; k < steps; k++) {
            clear_bit(i->was_signed, order - k);
            clear_bit(i->was_replaced, order - k);
        }
        i->top = order;
    }
    set_bit(i->was_signed, order);
}

static void remember(struct policy_counters *c, const struct policy_decision *d)
{
    uint64_t order = d->intent.order;
    CHECK(find(c, d->intent.instance) || !d->replaces);
    struct policy_instance *i = policy_take_instance(c, d->intent.instance, order);
    CHECK(i && policy_in_reach(i, order));
    /* The replaced one first: the new top may push it out of reach. */
    if (d->replaces) {
        CHECK(d->replaces <= i->top && policy_in_reach(i, d->replaces) &&
              bit(i->was_signed, d->replaces) && !bit(i->was_replaced, d->replaces));
        set_bit(i->was_replaced, d->replaces);
    }
    CHECK(order > i->top || !bit(i->was_signed, order));
    policy_mark(i, order);
}

void policy_take_slot(struct policy_counters *c, int n, const char *label, const char *symbol)
{
    struct policy_slot *s = &c->slot[n];
    if (!s->day) {
        memset(s, 0, sizeof *s);
        memcpy(s->label, label, strnlen(label, sizeof s->label - 1));
        memcpy(s->symbol, symbol, strnlen(symbol, sizeof s->symbol - 1));
    }
}

void policy_push(struct policy_counters *c, uint32_t slot, dec base, dec value, int64_t until_ms)
{
    struct policy_slot *s = &c->slot[slot];
    /* In the order of their ends, so that they leave from the tail: one that ends before another
     * signed earlier counts as long as that. */
    if (until_ms > c->last_until_ms)
        c->last_until_ms = until_ms;
    c->ring[c->head++ % (c->cap + c->spare)] =
        (struct policy_spend){c->last_until_ms, base, value, slot};
    s->minute++;
    s->day++;
    give(&s->hour_base, base);
    give(&s->hour_value, value);
    give(&s->day_base, base);
    give(&s->day_value, value);
}

void policy_reserve(struct policy_counters *c, const struct policy_decision *d)
{
    CHECK(d->reason == WIRE_ALLOWED);
    if (!d->is_order)
        return;
    int n = policy_slot_find(c, d->label, d->symbol);
    CHECK(n >= 0 && !policy_ring_full(c));
    policy_take_slot(c, n, d->label, d->symbol);
    remember(c, d);
    policy_push(c, (uint32_t)n, d->base, d->total, d->until_ms);
}

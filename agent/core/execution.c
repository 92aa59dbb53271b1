#include "core/execution.h"

#include "base/check.h"

static uint32_t hash(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 40);
}

void execution_init(struct execution *x, uint32_t strategies)
{
    for (uint32_t i = 0; i < EXECUTION_HASH; i++)
        x->bucket[i] = SLOT_NONE;
    x->open = x->terminal = (struct order_list){SLOT_NONE, SLOT_NONE, 0};
    for (uint32_t i = 0; i < strategies; i++)
        x->own[i] = x->open;
    x->fresh = 0;
}

static uint32_t *bucket_of(const struct execution *x, order_id id)
{
    return &x->bucket[hash(id) & (EXECUTION_HASH - 1)];
}

static void append(struct execution *x, struct order_list *l, uint32_t i)
{
    struct order_slot *s = &x->slot[i];
    s->prev = l->last;
    s->next = SLOT_NONE;
    if (l->last != SLOT_NONE)
        x->slot[l->last].next = i;
    else
        l->first = i;
    l->last = i;
    l->count++;
}

static void detach(struct execution *x, struct order_list *l, uint32_t i)
{
    struct order_slot *s = &x->slot[i];
    if (s->prev != SLOT_NONE)
        x->slot[s->prev].next = s->next;
    else
        l->first = s->next;
    if (s->next != SLOT_NONE)
        x->slot[s->next].prev = s->prev;
    else
        l->last = s->prev;
    l->count--;
}

static void append_own(struct execution *x, struct order_list *l, uint32_t i)
{
    struct order_slot *s = &x->slot[i];
    s->own_prev = l->last;
    s->own_next = SLOT_NONE;
    if (l->last != SLOT_NONE)
        x->slot[l->last].own_next = i;
    else
        l->first = i;
    l->last = i;
    l->count++;
}

static void detach_own(struct execution *x, struct order_list *l, uint32_t i)
{
    struct order_slot *s = &x->slot[i];
    if (s->own_prev != SLOT_NONE)
        x->slot[s->own_prev].own_next = s->own_next;
    else
        l->first = s->own_next;
    if (s->own_next != SLOT_NONE)
        x->slot[s->own_next].own_prev = s->own_prev;
    else
        l->last = s->own_prev;
    l->count--;
}

static void unhash(struct execution *x, uint32_t i)
{
    uint32_t *link = bucket_of(x, x->slot[i].order.id);
    while (*link != i) {
        CHECK(*link != SLOT_NONE);
        link = &x->slot[*link].hash_next;
    }
    *link = x->slot[i].hash_next;
}

struct order *execution_add(struct execution *x, const struct order *o)
{
    uint32_t i;
    if (x->fresh < EXECUTION_ORDERS) {
        i = x->fresh++;
    } else {
        i = x->terminal.first; /* forget the oldest terminal order */
        if (i == SLOT_NONE)
            return NULL;
        detach(x, &x->terminal, i);
        unhash(x, i);
    }
    struct order_slot *s = &x->slot[i];
    s->order = *o;
    s->cancel_asked = false;
    s->realized = DEC_ZERO;
    uint32_t *b = bucket_of(x, o->id);
    s->hash_next = *b;
    *b = i;
    append(x, &x->open, i);
    append_own(x, &x->own[o->strategy], i);
    return &s->order;
}

struct order *execution_find(const struct execution *x, order_id id)
{
    for (uint32_t i = *bucket_of(x, id); i != SLOT_NONE; i = x->slot[i].hash_next)
        if (x->slot[i].order.id == id)
            return &x->slot[i].order;
    return NULL;
}

struct order_slot *execution_slot(struct order *o)
{
    return (struct order_slot *)(void *)o; /* order is its first member */
}

void execution_close(struct execution *x, struct order *o)
{
    uint32_t i = (uint32_t)(execution_slot(o) - x->slot);
    CHECK(i < EXECUTION_ORDERS && order_state_is_terminal(o->state));
    detach(x, &x->open, i);
    detach_own(x, &x->own[o->strategy], i);
    append(x, &x->terminal, i);
}

const struct order *execution_nth(const struct execution *x, const struct order_list *list,
                                  bool own, uint32_t n)
{
    uint32_t i = list->first;
    while (i != SLOT_NONE && n--)
        i = own ? x->slot[i].own_next : x->slot[i].next;
    return i == SLOT_NONE ? NULL : &x->slot[i].order;
}

bool execution_fill_seen(struct execution *x, order_id id, uint64_t fill_id)
{
    uint32_t set = hash(id * 31 + fill_id) & (EXECUTION_FILLS - 1);
    for (uint32_t i = 0; i < 4; i++)
        if (x->fill[set * 4 + i].id == id && x->fill[set * 4 + i].fill_id == fill_id)
            return true;
    uint32_t i = x->fill_next[set]++ & 3;
    x->fill[set * 4 + i].id = id;
    x->fill[set * 4 + i].fill_id = fill_id;
    return false;
}

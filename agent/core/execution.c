#include "core/execution.h"

#include "base/check.h"

static uint32_t hash(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(x >> 40);
}

static struct order_list *side_list(const struct execution *x, instrument_id i, enum side side)
{
    return &x->side[(size_t)i * 2 + (side == SIDE_SELL)];
}

void execution_init(struct execution *x, uint32_t strategies, uint32_t instruments)
{
    for (uint32_t i = 0; i < EXECUTION_HASH; i++)
        x->bucket[i] = x->alike[i] = SLOT_NONE;
    x->open = x->terminal = (struct order_list){SLOT_NONE, SLOT_NONE, 0};
    for (uint32_t i = 0; i < strategies; i++)
        x->own[i] = x->open;
    for (uint32_t i = 0; i < 2 * instruments; i++)
        x->side[i] = x->open;
    x->fresh = 0;
}

static uint32_t *bucket_of(const struct execution *x, order_id id)
{
    return &x->bucket[hash(id) & (EXECUTION_HASH - 1)];
}

static uint32_t *alike_of(const struct execution *x, strategy_id s, const struct order_request *q)
{
    uint64_t h = (uint64_t)s << 40 | (uint64_t)q->instrument << 8 | (uint64_t)q->side << 4 |
                 (uint64_t)q->type;
    h = h * 31 + (uint64_t)q->price.v;
    h = h * 31 + (uint64_t)(q->price.v >> 64);
    h = h * 31 + (uint64_t)q->qty.v;
    return &x->alike[hash(h) & (EXECUTION_HASH - 1)];
}

static void append(struct execution *x, struct order_list *l, enum order_link k, uint32_t i)
{
    struct order_slot *s = &x->slot[i];
    s->link[k].prev = l->last;
    s->link[k].next = SLOT_NONE;
    if (l->last != SLOT_NONE)
        x->slot[l->last].link[k].next = i;
    else
        l->first = i;
    l->last = i;
    l->count++;
}

static void detach(struct execution *x, struct order_list *l, enum order_link k, uint32_t i)
{
    struct order_slot *s = &x->slot[i];
    if (s->link[k].prev != SLOT_NONE)
        x->slot[s->link[k].prev].link[k].next = s->link[k].next;
    else
        l->first = s->link[k].next;
    if (s->link[k].next != SLOT_NONE)
        x->slot[s->link[k].next].link[k].prev = s->link[k].prev;
    else
        l->last = s->link[k].prev;
    l->count--;
}

static void unhash(struct execution *x, uint32_t i)
{
    const struct order *o = &x->slot[i].order;
    uint32_t *link = bucket_of(x, o->id);
    while (*link != i) {
        CHECK(*link != SLOT_NONE);
        link = &x->slot[*link].hash_next;
    }
    *link = x->slot[i].hash_next;
    uint32_t prev = x->slot[i].alike_prev, next = x->slot[i].alike_next;
    *(prev == SLOT_NONE ? alike_of(x, o->strategy, &o->req) : &x->slot[prev].alike_next) = next;
    if (next != SLOT_NONE)
        x->slot[next].alike_prev = prev;
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
        detach(x, &x->terminal, LINK_AGE, i);
        unhash(x, i);
    }
    struct order_slot *s = &x->slot[i];
    s->order = *o;
    s->cancel_asked = s->at_venue = false;
    s->realized = DEC_ZERO;
    s->in_way_ns = INT64_MAX;
    uint32_t *b = bucket_of(x, o->id), *a = alike_of(x, o->strategy, &o->req);
    s->hash_next = *b;
    *b = i;
    s->alike_next = *a;
    s->alike_prev = SLOT_NONE;
    if (*a != SLOT_NONE)
        x->slot[*a].alike_prev = i;
    *a = i;
    append(x, &x->open, LINK_AGE, i);
    append(x, &x->own[o->strategy], LINK_OWN, i);
    append(x, side_list(x, o->req.instrument, o->req.side), LINK_SIDE, i);
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
    detach(x, &x->open, LINK_AGE, i);
    detach(x, &x->own[o->strategy], LINK_OWN, i);
    detach(x, side_list(x, o->req.instrument, o->req.side), LINK_SIDE, i);
    append(x, &x->terminal, LINK_AGE, i);
}

const struct order *execution_nth(const struct execution *x, const struct order_list *list,
                                  enum order_link link, uint32_t n)
{
    uint32_t i = list->first;
    while (i != SLOT_NONE && n--)
        i = x->slot[i].link[link].next;
    return i == SLOT_NONE ? NULL : &x->slot[i].order;
}

const struct order_list *execution_side(const struct execution *x, instrument_id i, enum side side)
{
    return side_list(x, i, side);
}

const struct order *execution_alike(const struct execution *x, strategy_id s,
                                    const struct order_request *req, const struct order *after)
{
    uint32_t i =
        after ? ((const struct order_slot *)(const void *)after)->alike_next : *alike_of(x, s, req);
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

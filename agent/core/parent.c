#include "core/parent.h"

#include "base/check.h"

size_t parents_size(const struct setup *s)
{
    return (size_t)s->strategies * PARENTS_MAX * sizeof(struct parent);
}

static struct parent *table(const struct parents *p, strategy_id s)
{
    return p->item + (size_t)s * PARENTS_MAX;
}

static struct parent *find(const struct parents *p, strategy_id s, uint64_t id)
{
    struct parent *t = table(p, s);
    for (uint32_t i = 0; id && i < PARENTS_MAX; i++)
        if (t[i].id == id)
            return &t[i];
    return NULL;
}

/* A free place, else that of the oldest without an open child; NULL where every one has some. */
static struct parent *place(const struct parents *p, strategy_id s)
{
    struct parent *t = table(p, s), *oldest = NULL;
    for (uint32_t i = 0; i < PARENTS_MAX; i++) {
        if (t[i].id == 0)
            return &t[i];
        if (t[i].open == 0 && (!oldest || t[i].id < oldest->id))
            oldest = &t[i];
    }
    return oldest;
}

bool parents_declare(struct parents *p, strategy_id s, uint64_t id, instrument_id i, enum side side,
                     dec qty)
{
    struct parent *at = place(p, s);
    if (!at || !dec_is_pos(qty) || (side != SIDE_BUY && side != SIDE_SELL))
        return false;
    *at = (struct parent){
        .id = id, .instrument = i, .side = side, .qty = qty, .used = DEC_ZERO, .open = 0};
    return true;
}

bool parents_allow(const struct parents *p, strategy_id s, const struct order_request *req,
                   struct denial *denial)
{
    if (req->parent == 0)
        return true;
    const struct parent *at = find(p, s, req->parent);
    dec limit = DEC_ZERO, used = req->qty;
    bool known = at && at->instrument == req->instrument && at->side == req->side;
    if (known) {
        limit = at->qty;
        if (dec_add(at->used, req->qty, &used) && dec_le(used, at->qty))
            return true;
    }
    *denial = (struct denial){.reason = REASON_PARENT,
                              .limit = limit,
                              .value = used,
                              .scope = LIMIT_OF_STRATEGY,
                              .index = s};
    return false;
}

void parents_sent(struct parents *p, const struct order *o)
{
    struct parent *at = find(p, o->strategy, o->req.parent);
    if (!at)
        return;
    at->used.v += o->req.qty.v; /* at most qty, as parents_allow() saw */
    at->open++;
}

void parents_ended(struct parents *p, const struct order *o)
{
    struct parent *at = find(p, o->strategy, o->req.parent);
    if (!at)
        return;
    CHECK(at->open > 0 && dec_ge(at->used, order_open_qty(o)));
    at->used.v -= order_open_qty(o).v;
    at->open--;
}

void parents_late_fill(struct parents *p, const struct order *o, dec qty)
{
    struct parent *at = find(p, o->strategy, o->req.parent);
    dec used;
    if (at && dec_add(at->used, qty, &used))
        at->used = used; /* may exceed the parent: it was the venue's last word, not ours */
}

#include "core/outgoing.h"

void outgoing_begin(struct outgoing *o)
{
    o->count = 0;
}

bool outgoing_approve(struct outgoing *o, order_id id, const struct order_request *req)
{
    if (o->count == EFFECTS_MAX)
        return false;
    o->approved[o->count].id = id;
    o->approved[o->count].instrument = req->instrument;
    o->approved[o->count].side = req->side;
    o->approved[o->count].type = req->type;
    o->approved[o->count].price = req->price;
    o->approved[o->count++].qty = req->qty;
    return true;
}

static bool is_approved(const struct outgoing *o, uint32_t n, const struct order *sent)
{
    const struct order_request *q = &sent->req;
    return n < o->count && o->approved[n].id == sent->id &&
           o->approved[n].instrument == q->instrument && o->approved[n].side == q->side &&
           o->approved[n].type == q->type && dec_eq(o->approved[n].price, q->price) &&
           dec_eq(o->approved[n].qty, q->qty);
}

enum err outgoing_check(struct outgoing *o, const struct effects *fx)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < fx->count; i++) {
        if (fx->item[i].kind != EFFECT_SUBMIT)
            continue;
        const struct order *sent = &fx->item[i].submit;
        uint64_t *last = &o->last[order_id_strategy(sent->id)];
        if (!is_approved(o, n++, sent) || order_id_seq(sent->id) <= *last)
            return ERR_STATE;
        *last = order_id_seq(sent->id);
    }
    return n == o->count ? ERR_OK : ERR_STATE;
}

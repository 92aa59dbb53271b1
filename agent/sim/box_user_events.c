/* User events, as user-data-stream.md of the venue's documentation has them. */
#include "sim/box_trading_parts.h"

#include <string.h>

#define MS(us) ((long long)((us) / 1000))

static void money(struct box_text *t, const char *key, dec d)
{
    box_text_addf(t, ",\"%s\":", key);
    box_text_money(t, d);
}

static void text(struct box_text *t, const char *key, const char *value)
{
    box_text_addf(t, ",\"%s\":\"%s\"", key, value);
}

static void number(struct box_text *t, const char *key, long long value)
{
    box_text_addf(t, ",\"%s\":%lld", key, value);
}

static void send(struct box_trading *t, uint32_t account)
{
    if (!t->event.failed)
        t->tell(t->tell_ctx, account, t->event.p, t->event.len);
}

static const char *reject_reason(const struct box_order *o)
{
    return o->expiry == BOX_EXPIRY_REJECTED ? "INSUFFICIENT_BALANCES" : "NONE";
}

static void prevention(struct box_trading *t, const struct box_order *o,
                       const struct box_told *told)
{
    struct box_text *e = &t->event;
    dec value;
    if (o->prevented_match >= 0)
        number(e, "v", (long long)o->prevented_match);
    if (dec_is_pos(o->prevented))
        money(e, "A", o->prevented);
    if (!told->match)
        return;
    money(e, "B", told->prevented);
    number(e, "u", (long long)told->match->group);
    number(e, "U", (long long)told->counter->id);
    text(e, "Cs", t->box->symbol[o->symbol]->venue);
    if (told->match->mode == BOX_STP_TRANSFER) {
        money(e, "pl", told->prevented);
        money(e, "pL", told->match->price);
        money(e, "pY",
              dec_mul(told->match->price, told->prevented, DEC_DOWN, &value) ? value : DEC_ZERO);
    }
}

static void report(struct box_trading *t, const struct box_order *o, const struct box_told *told)
{
    struct box_text *e = &t->event;
    const struct box_fill *f = told->fill;
    bool canceled = told->what == BOX_X_CANCELED;
    int64_t at = o->updated_us;
    box_text_clear(e);
    box_text_addf(e, "{\"e\":\"executionReport\",\"E\":%lld", MS(box_trading_now_us(t)));
    text(e, "s", t->box->symbol[o->symbol]->venue);
    text(e, "c", canceled ? told->client_id : o->client_id);
    text(e, "S", o->side == SIDE_BUY ? "BUY" : "SELL");
    text(e, "o", BOX_TYPE_NAME[o->type]);
    text(e, "f", BOX_TIF_NAME[o->tif]);
    money(e, "q", o->qty);
    money(e, "p", o->price);
    money(e, "P", o->stop);
    money(e, "F", o->iceberg);
    number(e, "g", o->list ? (long long)o->list - 1 : -1);
    text(e, "C", canceled ? o->client_id : "");
    text(e, "x", BOX_EXECUTION_NAME[told->what]);
    text(e, "X", BOX_STATUS_NAME[o->status]);
    text(e, "r", reject_reason(o));
    number(e, "i", (long long)o->id);
    money(e, "l", f ? f->qty : DEC_ZERO);
    money(e, "z", o->executed);
    money(e, "L", f ? f->price : DEC_ZERO);
    if (f && dec_is_pos(f->commission)) {
        money(e, "n", f->commission);
        text(e, "N", t->asset[f->commission_asset]);
    } else {
        box_text_add(e, ",\"n\":\"0\",\"N\":null");
    }
    number(e, "T", MS(at));
    number(e, "t", f ? (long long)f->id : -1);
    prevention(t, o, told);
    number(e, "I", (long long)++t->executions);
    box_text_addf(e, ",\"w\":%s,\"m\":%s,\"M\":false",
                  o->working && box_is_open(o) ? "true" : "false",
                  f && f->maker ? "true" : "false");
    number(e, "O", MS(o->created_us));
    money(e, "Z", o->cost);
    money(e, "Y", f ? f->quote_qty : DEC_ZERO);
    money(e, "Q", o->quote_qty);
    if (o->working_us >= 0)
        number(e, "W", MS(o->working_us));
    text(e, "V", BOX_STP_NAME[o->stp]);
    if (o->has_strategy)
        number(e, "j", (long long)o->strategy);
    if (o->has_strategy_type)
        number(e, "J", (long long)o->strategy_type);
    if (o->expiry != BOX_EXPIRY_NONE)
        text(e, "eR", BOX_EXPIRY_NAME[o->expiry]);
    box_text_add(e, "}");
}

void box_tell_order(struct box_trading *t, const struct box_order *o, const struct box_told *told)
{
    t->account[o->account].updated_us = box_trading_now_us(t);
    if (!t->tell)
        return;
    report(t, o, told);
    send(t, o->account);
    box_tell_balances(t, o->account);
}

void box_tell_balances(struct box_trading *t, uint32_t account)
{
    struct box_account *a = &t->account[account];
    bool any = false;
    if (!t->tell)
        return;
    box_text_clear(&t->event);
    box_text_addf(&t->event, "{\"e\":\"outboundAccountPosition\",\"E\":%lld,\"u\":%lld,\"B\":[",
                  MS(box_trading_now_us(t)), MS(a->updated_us));
    for (uint32_t i = 0; i < t->assets; i++) {
        const struct box_balance *b = &a->balance[i];
        if (dec_eq(b->free, a->told[i].free) && dec_eq(b->locked, a->told[i].locked))
            continue;
        box_text_addf(&t->event, "%s{\"a\":\"%s\"", any ? "," : "", t->asset[i]);
        money(&t->event, "f", b->free);
        money(&t->event, "l", b->locked);
        box_text_add(&t->event, "}");
        a->told[i] = *b;
        any = true;
    }
    box_text_add(&t->event, "]}");
    if (any)
        send(t, account);
}

void box_tell_list(struct box_trading *t, const struct box_list *l)
{
    struct box_text *e = &t->event;
    if (!t->tell)
        return;
    box_text_clear(e);
    box_text_addf(e, "{\"e\":\"listStatus\",\"E\":%lld,\"s\":\"%s\",\"g\":%u,\"c\":\"OCO\"",
                  MS(box_trading_now_us(t)), t->box->symbol[l->symbol]->venue,
                  (unsigned)(l - t->list));
    box_text_addf(e, ",\"l\":\"%s\",\"L\":\"%s\",\"r\":\"NONE\",\"C\":\"%s\",\"T\":%lld,\"O\":[",
                  l->done ? "ALL_DONE" : "EXEC_STARTED", l->done ? "ALL_DONE" : "EXECUTING",
                  l->client_id, MS(l->time_us));
    for (int i = 1; i >= 0; i--) {
        const struct box_order *o = t->order[l->order[i] - 1];
        box_text_addf(e, "%s{\"s\":\"%s\",\"i\":%llu,\"c\":\"%s\"}", i ? "" : ",",
                      t->box->symbol[o->symbol]->venue, (unsigned long long)o->id, o->client_id);
    }
    box_text_add(e, "]}");
    send(t, l->account);
}

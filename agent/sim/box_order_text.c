/* Orders, trades and lists as the venue writes them. */
#include "sim/box_rest_parts.h"

#include <string.h>

void box_key_money(struct box_text *t, const char *key, dec d)
{
    box_text_addf(t, ",\"%s\":", key);
    box_text_money(t, d);
}

void box_time_text(const struct box_call *c, const char *key, int64_t us, struct box_text *out)
{
    int64_t value = us < 0 ? us : c->request->micro ? us : us / 1000;
    box_text_addf(out, ",\"%s\":%lld", key, (long long)value);
}

static long long list_of(const struct box_order *o)
{
    return o->list ? (long long)o->list - 1 : -1;
}

/* What every answer about an order begins with. */
static void head(const struct box_call *c, const struct box_order *o, const char *client_id,
                 const char *original, struct box_text *out)
{
    box_text_addf(out, "{\"symbol\":\"%s\"", c->box->symbol[o->symbol]->venue);
    if (original)
        box_text_addf(out, ",\"origClientOrderId\":\"%s\"", original);
    box_text_addf(out, ",\"orderId\":%llu,\"orderListId\":%lld,\"clientOrderId\":\"%s\"",
                  (unsigned long long)o->id, list_of(o), client_id);
}

static void amounts(const struct box_order *o, struct box_text *out)
{
    box_key_money(out, "price", o->price);
    box_key_money(out, "origQty", o->qty);
    box_key_money(out, "executedQty", o->executed);
    box_key_money(out, "origQuoteOrderQty", o->quote_qty);
    box_key_money(out, "cummulativeQuoteQty", o->cost);
    box_text_addf(out, ",\"status\":\"%s\",\"timeInForce\":\"%s\",\"type\":\"%s\",\"side\":\"%s\"",
                  BOX_STATUS_NAME[o->status], BOX_TIF_NAME[o->tif], BOX_TYPE_NAME[o->type],
                  o->side == SIDE_BUY ? "BUY" : "SELL");
}

/* Fields that appear on a condition. [told]: stopPrice and icebergQty are there already. */
static void conditional(const struct box_order *o, bool told, struct box_text *out)
{
    if (!told && dec_is_pos(o->stop))
        box_key_money(out, "stopPrice", o->stop);
    if (!told && o->has_iceberg)
        box_key_money(out, "icebergQty", o->iceberg);
    if (o->has_strategy)
        box_text_addf(out, ",\"strategyId\":%lld", (long long)o->strategy);
    if (o->has_strategy_type)
        box_text_addf(out, ",\"strategyType\":%lld", (long long)o->strategy_type);
    if (o->prevented_match >= 0) {
        box_text_addf(out, ",\"preventedMatchId\":%lld", (long long)o->prevented_match);
        box_key_money(out, "preventedQuantity", o->prevented);
    }
    if (o->expiry != BOX_EXPIRY_NONE)
        box_text_addf(out, ",\"expiryReason\":\"%s\"", BOX_EXPIRY_NAME[o->expiry]);
}

static void fills(const struct box_call *c, const struct box_order *o, uint32_t from,
                  struct box_text *out)
{
    const struct box_trading *t = c->box->trading;
    bool any = false;
    box_text_add(out, ",\"fills\":[");
    for (uint32_t i = from; i < t->fills; i++) {
        const struct box_fill *f = &t->fill[i];
        if (f->order != o->id)
            continue;
        box_text_add(out, any ? ",{\"price\":" : "{\"price\":");
        box_text_money(out, f->price);
        box_key_money(out, "qty", f->qty);
        box_key_money(out, "commission", f->commission);
        box_text_addf(out, ",\"commissionAsset\":\"%s\",\"tradeId\":%llu}",
                      t->asset[f->commission_asset], (unsigned long long)f->id);
        any = true;
    }
    box_text_add(out, "]");
}

void box_new_order_text(const struct box_call *c, const struct box_order *o, enum box_reply how,
                        uint32_t fill, struct box_text *out)
{
    head(c, o, o->client_id, NULL, out);
    box_time_text(c, "transactTime", o->created_us, out);
    if (how != BOX_ACK) {
        amounts(o, out);
        box_time_text(c, "workingTime", o->working_us, out);
        if (how == BOX_FULL)
            fills(c, o, fill, out);
        conditional(o, false, out);
        box_text_addf(out, ",\"selfTradePreventionMode\":\"%s\"", BOX_STP_NAME[o->stp]);
    }
    box_text_add(out, "}");
}

void box_canceled_text(const struct box_call *c, const struct box_order *o, const char *client_id,
                       struct box_text *out)
{
    head(c, o, client_id, o->client_id, out);
    box_time_text(c, "transactTime", o->updated_us, out);
    amounts(o, out);
    conditional(o, false, out);
    box_text_addf(out, ",\"selfTradePreventionMode\":\"%s\"}", BOX_STP_NAME[o->stp]);
}

void box_order_text(const struct box_call *c, const struct box_order *o, struct box_text *out)
{
    head(c, o, o->client_id, NULL, out);
    amounts(o, out);
    box_key_money(out, "stopPrice", o->stop);
    box_key_money(out, "icebergQty", o->iceberg);
    box_time_text(c, "time", o->created_us, out);
    box_time_text(c, "updateTime", o->updated_us, out);
    box_text_addf(out, ",\"isWorking\":%s", o->working ? "true" : "false");
    box_time_text(c, "workingTime", o->working_us, out);
    conditional(o, true, out);
    box_text_addf(out, ",\"selfTradePreventionMode\":\"%s\"}", BOX_STP_NAME[o->stp]);
}

void box_trade_text(const struct box_call *c, const struct box_fill *f, struct box_text *out)
{
    const struct box_trading *t = c->box->trading;
    box_text_addf(out, "{\"symbol\":\"%s\",\"id\":%llu,\"orderId\":%llu,\"orderListId\":%lld",
                  c->box->symbol[f->symbol]->venue, (unsigned long long)f->id,
                  (unsigned long long)f->order, list_of(t->order[f->order - 1]));
    box_key_money(out, "price", f->price);
    box_key_money(out, "qty", f->qty);
    box_key_money(out, "quoteQty", f->quote_qty);
    box_key_money(out, "commission", f->commission);
    box_text_addf(out, ",\"commissionAsset\":\"%s\"", t->asset[f->commission_asset]);
    box_time_text(c, "time", f->time_us, out);
    box_text_addf(out, ",\"isBuyer\":%s,\"isMaker\":%s,\"isBestMatch\":true}",
                  f->side == SIDE_BUY ? "true" : "false", f->maker ? "true" : "false");
}

void box_list_text(const struct box_call *c, const struct box_list *l, struct box_text *out)
{
    const struct box_trading *t = c->box->trading;
    const char *symbol = c->box->symbol[l->symbol]->venue;
    box_text_addf(out,
                  "{\"orderListId\":%u,\"contingencyType\":\"OCO\",\"listStatusType\":\"%s\","
                  "\"listOrderStatus\":\"%s\",\"listClientOrderId\":\"%s\"",
                  (unsigned)(l - t->list), l->done ? "ALL_DONE" : "EXEC_STARTED",
                  l->done ? "ALL_DONE" : "EXECUTING", l->client_id);
    box_time_text(c, "transactionTime", l->time_us, out);
    box_text_addf(out, ",\"symbol\":\"%s\",\"orders\":[", symbol);
    for (int i = 1; i >= 0; i--) {
        const struct box_order *o = t->order[l->order[i] - 1];
        box_text_addf(out, "%s{\"symbol\":\"%s\",\"orderId\":%llu,\"clientOrderId\":\"%s\"}",
                      i ? "" : ",", symbol, (unsigned long long)o->id, o->client_id);
    }
    box_text_add(out, "]");
}

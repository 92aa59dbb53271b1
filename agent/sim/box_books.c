/* The venue's own books, for whoever wants to judge what a client believes. */
#include "sim/box_trading.h"

#include <string.h>

static void exact(struct box_text *t, const char *key, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    box_text_addf(t, ",\"%s\":\"%s\"", key, text);
}

static void account_text(const struct box_trading *t, const struct box_account *a,
                         struct box_text *out)
{
    bool any = false;
    box_text_addf(out, "{\"name\":\"%s\",\"uid\":%lld,\"openOrders\":%u,\"balances\":[", a->name,
                  (long long)a->uid, a->open_count);
    for (uint32_t i = 0; i < t->assets; i++) {
        if (!a->known[i])
            continue;
        box_text_addf(out, "%s{\"asset\":\"%s\"", any ? "," : "", t->asset[i]);
        exact(out, "free", a->balance[i].free);
        exact(out, "locked", a->balance[i].locked);
        box_text_add(out, "}");
        any = true;
    }
    box_text_add(out, "]}");
}

static void order_text(const struct box_trading *t, const struct box_order *o, struct box_text *out)
{
    box_text_addf(out, "{\"orderId\":%llu,\"account\":\"%s\",\"symbol\":\"%s\"",
                  (unsigned long long)o->id, t->account[o->account].name,
                  t->box->symbol[o->symbol]->venue);
    box_text_addf(out, ",\"clientOrderId\":\"%s\",\"side\":\"%s\",\"type\":\"%s\"", o->client_id,
                  o->side == SIDE_BUY ? "BUY" : "SELL", BOX_TYPE_NAME[o->type]);
    box_text_addf(out, ",\"timeInForce\":\"%s\",\"status\":\"%s\",\"orderListId\":%lld",
                  BOX_TIF_NAME[o->tif], BOX_STATUS_NAME[o->status],
                  o->list ? (long long)o->list - 1 : -1);
    exact(out, "price", o->price);
    exact(out, "stopPrice", o->stop);
    exact(out, "origQty", o->qty);
    exact(out, "origQuoteOrderQty", o->quote_qty);
    exact(out, "executedQty", o->executed);
    exact(out, "cummulativeQuoteQty", o->cost);
    exact(out, "preventedQuantity", o->prevented);
    exact(out, "locked", o->locked);
    box_text_addf(out, ",\"isWorking\":%s,\"timeUs\":%lld,\"updateTimeUs\":%lld}",
                  o->working ? "true" : "false", (long long)o->created_us,
                  (long long)o->updated_us);
}

static void fill_text(const struct box_trading *t, const struct box_fill *f, struct box_text *out)
{
    box_text_addf(out,
                  "{\"id\":%llu,\"orderId\":%llu,\"counterOrderId\":%llu,\"account\":\"%s\","
                  "\"symbol\":\"%s\",\"side\":\"%s\",\"maker\":%s",
                  (unsigned long long)f->id, (unsigned long long)f->order,
                  (unsigned long long)f->counter_order, t->account[f->account].name,
                  t->box->symbol[f->symbol]->venue, f->side == SIDE_BUY ? "BUY" : "SELL",
                  f->maker ? "true" : "false");
    exact(out, "price", f->price);
    exact(out, "qty", f->qty);
    exact(out, "quoteQty", f->quote_qty);
    exact(out, "commission", f->commission);
    box_text_addf(out, ",\"commissionAsset\":\"%s\",\"timeUs\":%lld}",
                  t->asset[f->commission_asset], (long long)f->time_us);
}

void box_books_text(const struct box_trading *t, uint32_t order, uint32_t fill,
                    struct box_text *out)
{
    box_text_addf(out,
                  "{\"timeUs\":%lld,\"orderCount\":%u,\"fillCount\":%u,\"executionReports\":%llu,"
                  "\"accounts\":[",
                  (long long)box_trading_now_us(t), t->orders, t->fills,
                  (unsigned long long)t->executions);
    for (uint32_t i = 0; i < t->accounts; i++) {
        box_text_add(out, i ? "," : "");
        account_text(t, &t->account[i], out);
    }
    box_text_add(out, "],\"orders\":[");
    for (uint32_t i = order; i < t->orders && i - order < BOX_BOOKS_MAX; i++) {
        box_text_add(out, i > order ? "," : "");
        order_text(t, t->order[i], out);
    }
    box_text_add(out, "],\"fills\":[");
    for (uint32_t i = fill; i < t->fills && i - fill < BOX_BOOKS_MAX; i++) {
        box_text_add(out, i > fill ? "," : "");
        fill_text(t, &t->fill[i], out);
    }
    box_text_add(out, "],\"lists\":[");
    for (uint32_t i = 0; i < t->lists; i++)
        box_text_addf(out,
                      "%s{\"orderListId\":%u,\"listClientOrderId\":\"%s\",\"orders\":[%llu,%llu],"
                      "\"done\":%s}",
                      i ? "," : "", i, t->list[i].client_id,
                      (unsigned long long)t->list[i].order[0],
                      (unsigned long long)t->list[i].order[1], t->list[i].done ? "true" : "false");
    box_text_add(out, "]}");
}

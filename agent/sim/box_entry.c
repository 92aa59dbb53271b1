/* Order entry: what is asked becomes an order, a cancel or both. */
#include "sim/box_rest_parts.h"

#include <stdio.h>
#include <string.h>

static struct box_text *body(struct box_call *c)
{
    return &c->answer->body;
}

static struct box_trading *trading(struct box_call *c)
{
    return c->box->trading;
}

bool box_symbol_of(struct box_call *c, uint32_t *symbol)
{
    const char *name = box_word(c, "symbol");
    int i = box_find(c->box, name, strlen(name));
    if (i < 0 || !box_trading_market(trading(c), (uint32_t)i)) {
        box_rest_error(c->answer, 400, -1121, "Invalid symbol.");
        return false;
    }
    *symbol = (uint32_t)i;
    return true;
}

static bool failed(struct box_call *c, int code, const char *msg)
{
    int status = code == -1015 ? 429 : code == -1008 ? 503 : 400;
    box_rest_error(c->answer, status, code, msg);
    return false;
}

/* ---- parameters of an order ---- */

/* Which parameters a type wants (+), takes (?) and does not take (nothing). */
struct needs {
    bool tif, price, stop, iceberg, quote;
};

static struct needs needs_of(enum box_type type)
{
    switch (type) {
    case BOX_LIMIT: return (struct needs){.tif = true, .price = true, .iceberg = true};
    case BOX_LIMIT_MAKER: return (struct needs){.price = true, .iceberg = true};
    case BOX_MARKET: return (struct needs){.quote = true};
    case BOX_STOP_LOSS:
    case BOX_TAKE_PROFIT: return (struct needs){.stop = true};
    case BOX_STOP_LOSS_LIMIT:
    case BOX_TAKE_PROFIT_LIMIT:
        return (struct needs){.tif = true, .price = true, .stop = true, .iceberg = true};
    case BOX_TYPES: break;
    }
    return (struct needs){0};
}

/* One parameter that a type must have or must not have. */
static bool fits(struct box_call *c, const char *name, bool wanted)
{
    bool given = box_given(c, name);
    if (given && !wanted)
        return box_not_required(c, name);
    if (wanted && !given)
        return box_missing(c, name);
    if (given && box_param_at(c, name) >= 0 && dec_is_zero(box_money(c, name))) {
        char msg[64];
        snprintf(msg, sizeof msg, "Invalid %s.", name);
        return failed(c, -1013, msg);
    }
    return true;
}

static bool check_form(struct box_call *c, const struct box_order *o, struct needs n)
{
    bool tif = box_given(c, "timeInForce");
    if (tif != n.tif)
        return tif ? box_not_required(c, "timeInForce") : box_missing(c, "timeInForce");
    if (!fits(c, "price", n.price) || !fits(c, "stopPrice", n.stop))
        return false;
    if (box_given(c, "icebergQty") && !n.iceberg)
        return box_not_required(c, "icebergQty");
    if (o->has_iceberg && o->tif != BOX_GTC)
        return failed(c, -1013, "Unsupported order combination");
    if (box_given(c, "quoteOrderQty") && !n.quote)
        return box_not_required(c, "quoteOrderQty");
    if (box_given(c, "quoteOrderQty") && box_given(c, "quantity"))
        return failed(c, -1128, "Combination of optional parameters invalid.");
    if (n.quote && !box_given(c, "quoteOrderQty") && !box_given(c, "quantity"))
        return failed(
            c, -1102,
            "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!");
    return fits(c, box_given(c, "quoteOrderQty") ? "quoteOrderQty" : "quantity", true);
}

static bool check_unsupported(struct box_call *c, const struct box_order *o)
{
    if (box_given(c, "trailingDelta"))
        return failed(c, -2010, "Trailing stop orders are not supported for this symbol.");
    if (box_given(c, "pegPriceType") || box_given(c, "pegOffsetType") ||
        box_given(c, "pegOffsetValue"))
        return failed(c, -2010, "Pegged orders are not supported for this symbol.");
    if (o->has_strategy_type && o->strategy_type < 1000000)
        return failed(c, -1134, "`strategyType` was less than 1000000.");
    return true;
}

/* The order that the parameters describe; false: answered with an error. */
static bool read_order(struct box_call *c, struct box_order *ret)
{
    struct box_order o = {.account = c->account};
    if (!box_symbol_of(c, &o.symbol))
        return false;
    o.side = box_number(c, "side", 0) ? SIDE_SELL : SIDE_BUY;
    o.type = (enum box_type)box_number(c, "type", 0);
    o.tif = (enum box_tif)box_number(c, "timeInForce", BOX_GTC);
    o.stp = (enum box_stp)box_number(c, "selfTradePreventionMode",
                                     trading(c)->market[o.symbol].rules.stp);
    o.price = box_money(c, "price");
    o.qty = box_money(c, "quantity");
    o.quote_qty = box_money(c, "quoteOrderQty");
    o.stop = box_money(c, "stopPrice");
    o.iceberg = box_money(c, "icebergQty");
    o.has_iceberg = box_given(c, "icebergQty");
    o.has_strategy = box_given(c, "strategyId");
    o.strategy = (int64_t)box_number(c, "strategyId", 0);
    o.has_strategy_type = box_given(c, "strategyType");
    o.strategy_type = (int64_t)box_number(c, "strategyType", 0);
    snprintf(o.client_id, sizeof o.client_id, "%s", box_word(c, "newClientOrderId"));
    if (!check_unsupported(c, &o) || !check_form(c, &o, needs_of(o.type)))
        return false;
    *ret = o;
    return true;
}

static enum box_reply reply_of(const struct box_call *c, enum box_type type)
{
    bool full = type == BOX_MARKET || type == BOX_LIMIT;
    return (enum box_reply)box_number(c, "newOrderRespType", full ? BOX_FULL : BOX_ACK);
}

/* ---- the limit of unfilled orders ---- */

static bool within_limit(struct box_call *c, uint32_t orders, char msg[96])
{
    static const char *const INTERVAL[2] = {"10 SECOND", "1 DAY"};
    for (int i = 0; i < 2; i++)
        if (box_unfilled(trading(c), c->account, i) + orders > box_order_limit(trading(c), i)) {
            snprintf(msg, 96, "Too many new orders; current limit is %u orders per %s.",
                     box_order_limit(trading(c), i), INTERVAL[i]);
            int64_t now = box_trading_now_us(trading(c)) / 1000000, len = i ? 86400 : 10;
            c->answer->retry_after_s = (int)(len - now % len);
            return false;
        }
    return true;
}

static void count(struct box_call *c, uint32_t orders)
{
    struct box_account *a = &trading(c)->account[c->account];
    for (int i = 0; i < 2; i++)
        a->unfilled[i] = box_unfilled(trading(c), c->account, i) + orders;
}

static void show_counts(struct box_call *c)
{
    c->answer->has_counts = true;
    for (int i = 0; i < 2; i++)
        c->answer->count[i] = box_unfilled(trading(c), c->account, i);
}

/* ---- new orders ---- */

void box_answer_new_order(struct box_call *c)
{
    struct box_order want;
    char limit[96];
    int code;
    const char *msg;
    uint32_t fill = trading(c)->fills;
    if (!read_order(c, &want))
        return;
    if (!within_limit(c, 1, limit)) {
        failed(c, -1015, limit);
        return;
    }
    count(c, 1); /* before: what it fills at once counts it out again */
    struct box_order *o = box_place(trading(c), &want, false, &code, &msg);
    if (o) {
        box_new_order_text(c, o, reply_of(c, o->type), fill, body(c));
    } else {
        count(c, UINT32_MAX); /* one less */
        failed(c, code, msg);
    }
    show_counts(c);
}

static void rates(struct box_text *t, const char *key, dec maker, dec taker)
{
    box_text_addf(t, "\"%s\":{\"maker\":", key);
    box_text_money(t, maker);
    box_key_money(t, "taker", taker);
    box_text_add(t, "}");
}

void box_answer_test_order(struct box_call *c)
{
    struct box_order want;
    int code;
    const char *msg;
    if (!read_order(c, &want))
        return;
    (void)box_place(trading(c), &want, true, &code, &msg);
    if (code) {
        failed(c, code, msg);
        return;
    }
    const struct box_account *a = &trading(c)->account[c->account];
    box_text_add(body(c), "{");
    if (box_number(c, "computeCommissionRates", 0)) {
        rates(body(c), "standardCommissionForOrder", a->maker, a->taker);
        box_text_add(body(c), ",");
        rates(body(c), "specialCommissionForOrder", DEC_ZERO, DEC_ZERO);
        box_text_add(body(c), ",");
        rates(body(c), "taxCommissionForOrder", DEC_ZERO, DEC_ZERO);
        bool pays = a->fee_asset >= 0;
        box_text_addf(body(c),
                      ",\"discount\":{\"enabledForAccount\":%s,\"enabledForSymbol\":true,"
                      "\"discountAsset\":\"%s\"",
                      pays ? "true" : "false", pays ? trading(c)->asset[a->fee_asset] : "BNB");
        box_key_money(body(c), "discount", a->fee_discount);
        box_text_add(body(c), "}");
    }
    box_text_add(body(c), "}");
}

/* ---- cancels ---- */

/* The order that an id, a client id or both name; NULL: none, or not both of the same. */
static struct box_order *find(struct box_call *c, uint32_t symbol, const char *id,
                              const char *client_id)
{
    struct box_order *o;
    if (!box_given(c, id))
        return box_order_by_client_id(trading(c), c->account, symbol, box_word(c, client_id));
    o = box_order_by_id(trading(c), c->account, symbol, box_number(c, id, 0));
    return o && box_given(c, client_id) && strcmp(o->client_id, box_word(c, client_id)) != 0 ? NULL
                                                                                             : o;
}

static bool is_named(struct box_call *c, const char *id, const char *client_id)
{
    char msg[160];
    if (box_given(c, id) || box_given(c, client_id))
        return true;
    snprintf(msg, sizeof msg, "Param '%s' or '%s' must be sent, but both were empty/null!",
             client_id, id);
    return failed(c, -1102, msg);
}

/* Why an order cannot be cancelled; NULL where it can. */
static const char *refusal(struct box_call *c, const struct box_order *o)
{
    if (!o || !box_is_open(o))
        return "Unknown order sent.";
    if (!box_given(c, "cancelRestrictions"))
        return NULL;
    bool only_new = box_number(c, "cancelRestrictions", 0) == 0;
    return o->status == (only_new ? BOX_NEW : BOX_PARTIALLY_FILLED)
               ? NULL
               : "Order was not canceled due to cancel restrictions.";
}

/* Cancels, with the id given or a new one, which is left in [used]. */
static void cancel(struct box_call *c, struct box_order *o, const char *client_id,
                   char used[BOX_CLIENT_ID_MAX + 1])
{
    if (client_id[0])
        snprintf(used, BOX_CLIENT_ID_MAX + 1, "%s", client_id);
    else
        box_generate_id(trading(c), used);
    box_cancel(trading(c), o, used);
}

/* The answer to the cancel of an order, which may have ended its whole list. */
static void canceled_text(struct box_call *c, const struct box_order *o, const char *used,
                          struct box_text *out)
{
    const struct box_list *l = o->list ? &trading(c)->list[o->list - 1] : NULL;
    if (!l) {
        box_canceled_text(c, o, used, out);
        return;
    }
    box_list_text(c, l, out);
    box_text_add(out, ",\"orderReports\":[");
    for (int i = 1; i >= 0; i--) {
        box_canceled_text(c, trading(c)->order[l->order[i] - 1], used, out);
        box_text_add(out, i ? "," : "]}");
    }
}

void box_answer_cancel(struct box_call *c)
{
    uint32_t symbol;
    char used[BOX_CLIENT_ID_MAX + 1];
    if (!is_named(c, "orderId", "origClientOrderId") || !box_symbol_of(c, &symbol))
        return;
    struct box_order *o = find(c, symbol, "orderId", "origClientOrderId");
    const char *why = refusal(c, o);
    if (why) {
        failed(c, -2011, why);
        return;
    }
    cancel(c, o, box_word(c, "newClientOrderId"), used);
    canceled_text(c, o, used, body(c));
}

void box_answer_cancel_all(struct box_call *c)
{
    uint32_t symbol;
    char used[BOX_CLIENT_ID_MAX + 1];
    bool any = false;
    if (!box_symbol_of(c, &symbol))
        return;
    box_text_add(body(c), "[");
    struct box_order *o = trading(c)->account[c->account].open;
    while (o) {
        if (o->symbol != symbol) {
            o = o->open_next;
            continue;
        }
        cancel(c, o, "", used);
        box_text_add(body(c), any ? "," : "");
        canceled_text(c, o, used, body(c));
        any = true;
        o = trading(c)->account[c->account].open; /* its list may be gone with it */
    }
    box_text_add(body(c), "]");
    if (!any)
        failed(c, -2011, "Unknown order sent.");
}

void box_answer_cancel_list(struct box_call *c)
{
    uint32_t symbol;
    char used[BOX_CLIENT_ID_MAX + 1];
    if (!is_named(c, "orderListId", "listClientOrderId") || !box_symbol_of(c, &symbol))
        return;
    struct box_trading *t = trading(c);
    for (uint32_t i = t->lists; i-- > 0;) {
        struct box_list *l = &t->list[i];
        if (l->done || l->account != c->account || l->symbol != symbol ||
            (box_given(c, "orderListId") && box_number(c, "orderListId", 0) != i) ||
            (box_given(c, "listClientOrderId") &&
             strcmp(l->client_id, box_word(c, "listClientOrderId")) != 0))
            continue;
        struct box_order *o = t->order[l->order[0] - 1];
        cancel(c, box_is_open(o) ? o : t->order[l->order[1] - 1], box_word(c, "newClientOrderId"),
               used);
        canceled_text(c, o, used, body(c));
        return;
    }
    failed(c, -2011, "Unknown order list sent.");
}

/* ---- cancel and replace ---- */

/* {"code":..,"msg":..} */
static void error_text(struct box_text *t, int code, const char *msg)
{
    box_text_addf(t, "{\"code\":%d,\"msg\":", code);
    box_text_quoted(t, msg, strlen(msg));
    box_text_add(t, "}");
}

/* Both halves; a code of 0: it succeeded, and the text is its answer. */
struct half {
    bool attempted;
    int code;
    const char *msg;
    struct box_text text;
};

static const char *result_of(const struct half *h)
{
    return !h->attempted ? "NOT_ATTEMPTED" : h->code ? "FAILURE" : "SUCCESS";
}

static void half_text(struct box_text *t, const struct half *h)
{
    if (!h->attempted)
        box_text_add(t, "null");
    else if (h->code)
        error_text(t, h->code, h->msg);
    else
        box_text_add_n(t, h->text.p, h->text.len);
}

static void replaced(struct box_call *c, const struct half *old, const struct half *new)
{
    bool both = !old->code && !new->code &&new->attempted;
    bool none = old->code && (new->code || !new->attempted);
    struct box_text *t = body(c);
    c->answer->status = both ? 200 : none ? 400 : 409;
    if (!both)
        box_text_addf(t, "{\"code\":%d,\"msg\":\"%s\",\"data\":", none ? -2022 : -2021,
                      none ? "Order cancel-replace failed."
                           : "Order cancel-replace partially failed.");
    box_text_addf(t, "{\"cancelResult\":\"%s\",\"newOrderResult\":\"%s\",\"cancelResponse\":",
                  result_of(old), result_of(new));
    half_text(t, old);
    box_text_add(t, ",\"newOrderResponse\":");
    half_text(t, new);
    box_text_add(t, both ? "}" : "}}");
}

void box_answer_replace(struct box_call *c)
{
    struct box_order want;
    struct half old = {.attempted = true}, new = {.attempted = true};
    char limit[96], used[BOX_CLIENT_ID_MAX + 1];
    bool stop = box_number(c, "cancelReplaceMode", 0) == 0;
    if (!is_named(c, "cancelOrderId", "cancelOrigClientOrderId") || !read_order(c, &want))
        return;
    if (!trading(c)->market[want.symbol].rules.cancel_replace) {
        failed(c, -2010, "Order cancel-replace is not supported for this symbol.");
        return;
    }
    bool counted = within_limit(c, 1, limit);
    if (!counted && box_number(c, "orderRateLimitExceededMode", 0) == 0) {
        failed(c, -1015, limit);
        return;
    }
    c->answer->retry_after_s = 0;
    /* Filters are looked at before anything happens. */
    (void)box_place(trading(c), &want, true, &new.code, &new.msg);
    if (new.code) {
        failed(c, new.code, new.msg);
        return;
    }
    struct box_order *o = find(c, want.symbol, "cancelOrderId", "cancelOrigClientOrderId");
    old.msg = refusal(c, o);
    old.code = old.msg ? -2011 : 0;
    if (!old.code) {
        cancel(c, o, box_word(c, "cancelNewClientOrderId"), used);
        canceled_text(c, o, used, &old.text);
    }
    new.attempted = !(stop && old.code);
    if (counted)
        count(c, 1); /* also where it is not attempted */
    if (!counted) {
        new.code = -1015;
        new.msg = limit;
    } else if (new.attempted) {
        uint32_t fill = trading(c)->fills;
        struct box_order *made = box_place(trading(c), &want, false, &new.code, &new.msg);
        if (made)
            box_new_order_text(c, made, reply_of(c, made->type), fill, &new.text);
    }
    replaced(c, &old, &new);
    show_counts(c);
    box_text_free(&old.text);
    box_text_free(&new.text);
}

/* ---- pairs ---- */

/* A leg's parameter: "above" and "Price". */
static const char *named(char out[32], const char *leg, const char *what)
{
    snprintf(out, 32, "%s%s", leg, what);
    return out;
}

static bool read_leg(struct box_call *c, const char *leg, struct box_order *o)
{
    char n[32];
    o->type = (enum box_type)box_number(c, named(n, leg, "Type"), 0);
    struct needs needs = needs_of(o->type);
    bool tif = box_given(c, named(n, leg, "TimeInForce"));
    if (tif != needs.tif)
        return tif ? box_not_required(c, n) : box_missing(c, n);
    o->tif = (enum box_tif)box_number(c, n, BOX_GTC);
    if (!fits(c, named(n, leg, "Price"), needs.price) ||
        !fits(c, named(n, leg, "StopPrice"), needs.stop))
        return false;
    o->stop = box_money(c, n);
    o->price = box_money(c, named(n, leg, "Price"));
    o->has_iceberg = box_given(c, named(n, leg, "IcebergQty"));
    o->iceberg = box_money(c, n);
    if (o->has_iceberg && o->tif != BOX_GTC) {
        char msg[128];
        snprintf(msg, sizeof msg, "Parameter '%s' is not supported if `%sTimeInForce` is not GTC.",
                 n, leg);
        return failed(c, -1160, msg);
    }
    o->has_strategy = box_given(c, named(n, leg, "StrategyId"));
    o->strategy = (int64_t)box_number(c, n, 0);
    o->has_strategy_type = box_given(c, named(n, leg, "StrategyType"));
    o->strategy_type = (int64_t)box_number(c, n, 0);
    snprintf(o->client_id, sizeof o->client_id, "%s", box_word(c, named(n, leg, "ClientOrderId")));
    return check_unsupported(c, o);
}

/* Which of the two stops a loss, and whether it lies where it must. */
static bool arrange(struct box_call *c, struct box_order leg[2], bool sell)
{
    bool loss[2];
    for (int i = 0; i < 2; i++) {
        if (leg[i].type == BOX_LIMIT || leg[i].type == BOX_MARKET)
            return failed(c, -1158, "Order type not supported in OCO.");
        loss[i] = leg[i].type == BOX_STOP_LOSS || leg[i].type == BOX_STOP_LOSS_LIMIT;
    }
    if (!loss[0] && !loss[1])
        return leg[0].type == BOX_LIMIT_MAKER && leg[1].type == BOX_LIMIT_MAKER
                   ? failed(c, -1168, "At least one OCO order must be contingent.")
                   : failed(c, -1158, "Order type not supported in OCO.");
    if (loss[0] && loss[1])
        return sell ? failed(c, -1197, "A stop loss order in a sell OCO must be below.")
                    : failed(c, -1196, "A stop loss order in a buy OCO must be above.");
    if (sell && loss[0])
        return failed(c, -1197, "A stop loss order in a sell OCO must be below.");
    if (!sell && loss[1])
        return failed(c, -1196, "A stop loss order in a buy OCO must be above.");
    return true;
}

void box_answer_oco(struct box_call *c)
{
    struct box_order leg[2] = {{.account = c->account}};
    char limit[96];
    int code;
    const char *msg;
    struct box_trading *t = trading(c);
    bool sell = box_number(c, "side", 0) != 0;
    if (!box_symbol_of(c, &leg[0].symbol) || !fits(c, "quantity", true))
        return;
    leg[0].side = sell ? SIDE_SELL : SIDE_BUY;
    leg[0].qty = box_money(c, "quantity");
    leg[0].stp =
        (enum box_stp)box_number(c, "selfTradePreventionMode", t->market[leg[0].symbol].rules.stp);
    leg[1] = leg[0];
    if (!read_leg(c, "above", &leg[0]) || !read_leg(c, "below", &leg[1]) || !arrange(c, leg, sell))
        return;
    if (!within_limit(c, 2, limit)) {
        failed(c, -1015, limit);
        return;
    }
    /* The one that takes a profit may rest: above for a sell, below for a buy. */
    const struct box_order want[2] = {leg[!sell], leg[sell]};
    uint32_t fill = t->fills;
    struct box_list *l = box_place_list(t, want, box_word(c, "listClientOrderId"), &code, &msg);
    if (!l) {
        failed(c, code, msg);
        return;
    }
    count(c, 2);
    box_list_text(c, l, body(c));
    box_text_add(body(c), ",\"orderReports\":[");
    for (int i = 1; i >= 0; i--) {
        box_new_order_text(c, t->order[l->order[i] - 1],
                           (enum box_reply)box_number(c, "newOrderRespType", BOX_RESULT), fill,
                           body(c));
        box_text_add(body(c), i ? "," : "]}");
    }
    show_counts(c);
}

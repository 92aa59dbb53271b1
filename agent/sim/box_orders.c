/* Orders come and go: what the venue checks before it takes one, cancels, and pairs of orders. */
#include "base/check.h"
#include "sim/box_trading_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(int code, const char *msg, int *ret_code, const char **ret_msg)
{
    *ret_code = code;
    *ret_msg = msg;
    return false;
}

/* ---- checks ---- */

static const char *unsupported(enum box_type type)
{
    switch (type) {
    case BOX_LIMIT:
    case BOX_LIMIT_MAKER:
    case BOX_TYPES: return "Unsupported order combination";
    case BOX_MARKET: return "Market orders are not supported for this symbol.";
    case BOX_STOP_LOSS: return "Stop loss orders are not supported for this symbol.";
    case BOX_STOP_LOSS_LIMIT: return "Stop loss limit orders are not supported for this symbol.";
    case BOX_TAKE_PROFIT: return "Take profit orders are not supported for this symbol.";
    case BOX_TAKE_PROFIT_LIMIT:
        return "Take profit limit orders are not supported for this symbol.";
    }
    return "";
}

static struct box_view view_of(const struct box_trading *t, const struct box_order *o)
{
    const struct box_market *m = &t->market[o->symbol];
    const struct box_account *a = &t->account[o->account];
    struct box_view v = {
        .average = {box_average_price(t, o->symbol, m->rules.percent_mins),
                    box_average_price(t, o->symbol, m->rules.notional_mins)},
        .position = {a->balance[m->base].free.v + a->balance[m->base].locked.v},
    };
    for (const struct box_order *k = a->open; k; k = k->open_next) {
        if (k->symbol != o->symbol)
            continue;
        v.open++;
        v.algo += box_is_conditional(k);
        v.iceberg += dec_is_pos(k->iceberg);
        if (k->side == SIDE_BUY)
            v.position.v += box_left(k).v;
    }
    return v;
}

static bool keeps_rules(struct box_trading *t, struct box_order *o, int *code, const char **msg)
{
    const struct box_rules *r = &t->market[o->symbol].rules;
    if (!r->trading)
        return refuse(-1013, "Market is closed.", code, msg);
    if (!r->type[o->type])
        return refuse(-2010, unsupported(o->type), code, msg);
    if (o->has_iceberg && !r->iceberg)
        return refuse(-2010, "Iceberg orders are not supported for this symbol.", code, msg);
    if (dec_gt(o->iceberg, o->qty))
        return refuse(-2010, "IcebergQty exceeds QTY.", code, msg);
    if (!(r->stp_allowed >> o->stp & 1))
        return refuse(-1013, "This symbol does not allow the specified self-trade prevention mode.",
                      code, msg);
    if (dec_is_pos(o->quote_qty)) {
        if (!r->quote_market)
            return refuse(-2010, "Quote order qty market orders are not support for this symbol.",
                          code, msg);
        if (!box_match_quote_qty(t, o, &o->qty) || dec_is_zero(o->qty))
            return refuse(-2010,
                          "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
                          code, msg);
    }
    struct box_view v = view_of(t, o);
    const char *filter = box_rules_check(r, o, &v);
    return !filter || refuse(-1013, filter, code, msg);
}

static bool is_duplicate(const struct box_trading *t, const struct box_order *o)
{
    for (const struct box_order *k = t->account[o->account].open; k; k = k->open_next)
        if (k->symbol == o->symbol && strcmp(k->client_id, o->client_id) == 0)
            return true;
    return false;
}

/* What must be free for it now; false on overflow. */
static bool need_of(const struct box_trading *t, const struct box_order *o, dec *ret)
{
    struct box_plan plan;
    if (o->side == SIDE_SELL) {
        *ret = o->qty;
        return true;
    }
    if (box_is_limit(o))
        return dec_mul(o->price, o->qty, DEC_UP, ret);
    if (box_is_conditional(o)) { /* what it will cost is not known before it works */
        *ret = DEC_ZERO;
        return true;
    }
    if (!box_match_plan(t, o, &plan))
        return false;
    *ret = plan.cost;
    return true;
}

/* What the matching engine refuses. */
static bool is_taken(struct box_trading *t, const struct box_order *o, dec *need, int *code,
                     const char **msg)
{
    if (is_duplicate(t, o))
        return refuse(-2010, "Duplicate order sent.", code, msg);
    if (box_is_conditional(o) && box_match_is_due(t, o))
        return refuse(-2010, "Order would trigger immediately.", code, msg);
    if (o->type == BOX_LIMIT_MAKER && box_match_would_take(t, o))
        return refuse(-2010, "Order would immediately match and take.", code, msg);
    const struct box_balance *b = &t->account[o->account].balance[box_pays_asset(t, o)];
    if (!need_of(t, o, need) || dec_gt(*need, b->free))
        return refuse(-2010, "Account has insufficient balance for requested action.", code, msg);
    return true;
}

/* ---- taking one in ---- */

static struct box_order *add(struct box_trading *t, const struct box_order *want)
{
    if (t->orders == t->order_cap) {
        uint32_t cap = t->order_cap ? t->order_cap * 2 : 256;
        struct box_order **p = realloc(t->order, cap * sizeof *p);
        if (!p)
            return NULL;
        t->order = p;
        t->order_cap = cap;
    }
    struct box_order *o = malloc(sizeof *o);
    if (!o)
        return NULL;
    *o = *want;
    t->order[t->orders++] = o;
    o->id = t->orders;
    o->status = BOX_NEW;
    o->created_us = o->updated_us = box_trading_now_us(t);
    o->working_us = -1;
    o->prevented_match = -1;
    struct box_account *a = &t->account[o->account];
    o->open_next = a->open;
    if (a->open)
        a->open->open_prev = o;
    a->open = o;
    a->open_count++;
    if (!o->client_id[0])
        box_generate_id(t, o->client_id);
    return o;
}

static bool has_room(const struct box_trading *t, uint32_t orders, int *code, const char **msg)
{
    if (t->orders + orders <= BOX_ORDERS_MAX)
        return true;
    return refuse(-1008,
                  "Server is currently overloaded with other requests. Please try again in a few "
                  "minutes.",
                  code, msg);
}

static void tell_new(struct box_trading *t, struct box_order *o)
{
    o->working = !box_is_conditional(o);
    if (o->working)
        o->working_us = o->created_us;
    box_tell_order(t, o, &(struct box_told){.what = BOX_X_NEW});
}

struct box_order *box_place(struct box_trading *t, const struct box_order *want, bool test,
                            int *code, const char **msg)
{
    struct box_order o = *want;
    dec need;
    *code = 0;
    *msg = "";
    if (!keeps_rules(t, &o, code, msg) || !has_room(t, 1, code, msg))
        return NULL;
    if (test) /* the matching engine does not see it */
        return NULL;
    if (!is_taken(t, &o, &need, code, msg))
        return NULL;
    struct box_order *made = add(t, &o);
    if (!made) {
        has_room(t, BOX_ORDERS_MAX + 1, code, msg);
        return NULL;
    }
    CHECK(box_lock(t, made, need));
    tell_new(t, made);
    if (made->working)
        box_match_enter(t, made);
    else
        box_match_wait(t, made);
    box_match_trigger(t, made->symbol);
    return made;
}

/* ---- cancels ---- */

static void cancel_one(struct box_trading *t, struct box_order *o, const char *client_id)
{
    box_close(t, o, BOX_CANCELED, BOX_EXPIRY_NONE);
    box_tell_order(t, o, &(struct box_told){.what = BOX_X_CANCELED, .client_id = client_id});
}

void box_cancel(struct box_trading *t, struct box_order *o, const char *client_id)
{
    struct box_list *l = o->list ? &t->list[o->list - 1] : NULL;
    if (l)
        l->reacted = true; /* the other leg is cancelled, not expired */
    for (int i = 0; i < (l ? 2 : 1); i++) {
        struct box_order *k = l ? t->order[l->order[i] - 1] : o;
        if (box_is_open(k))
            cancel_one(t, k, client_id);
    }
    if (l)
        box_list_react(t, o, true);
}

/* ---- pairs ---- */

void box_list_react(struct box_trading *t, struct box_order *o, bool canceled)
{
    struct box_list *l = o->list ? &t->list[o->list - 1] : NULL;
    if (!l || l->done)
        return;
    struct box_order *leg[2] = {t->order[l->order[0] - 1], t->order[l->order[1] - 1]};
    struct box_order *other = leg[leg[0] == o];
    if (!l->reacted && !canceled) {
        l->reacted = true;
        if (box_is_open(other)) {
            box_close(t, other, BOX_EXPIRED, BOX_EXPIRY_OCO_TRIGGER);
            box_tell_order(t, other, &(struct box_told){.what = BOX_X_EXPIRED});
        }
    }
    if (!box_is_open(leg[0]) && !box_is_open(leg[1])) {
        l->done = true;
        l->time_us = box_trading_now_us(t);
        box_tell_list(t, l);
    }
}

static struct box_list *new_list(struct box_trading *t)
{
    if (t->lists == BOX_LISTS_MAX)
        return NULL;
    if (t->lists == t->list_cap) {
        uint32_t cap = t->list_cap ? t->list_cap * 2 : 64;
        struct box_list *p = realloc(t->list, cap * sizeof *p);
        if (!p)
            return NULL;
        t->list = p;
        t->list_cap = cap;
    }
    return &t->list[t->lists];
}

/* One of the pair must lie above the last price and one below, each where its type belongs. */
static bool prices_fit(const struct box_trading *t, const struct box_order want[2])
{
    const struct box_market *m = &t->market[want[0].symbol];
    bool sell = want[0].side == SIDE_SELL;
    dec first = want[0].type == BOX_TAKE_PROFIT ? want[0].stop : want[0].price;
    if (!m->has_last)
        return true;
    return sell ? dec_gt(first, m->last) && dec_lt(want[1].stop, m->last)
                : dec_lt(first, m->last) && dec_gt(want[1].stop, m->last);
}

struct box_list *box_place_list(struct box_trading *t, const struct box_order want[2],
                                const char *client_id, int *code, const char **msg)
{
    struct box_order o[2] = {want[0], want[1]};
    dec need[2];
    *code = 0;
    *msg = "";
    if (!t->market[o[0].symbol].rules.oco) {
        refuse(-2010, "OCO orders are not supported for this symbol", code, msg);
        return NULL;
    }
    for (int i = 0; i < 2; i++)
        if (!keeps_rules(t, &o[i], code, msg))
            return NULL;
    if (!has_room(t, 2, code, msg))
        return NULL;
    if (!prices_fit(t, o)) {
        refuse(-2010, "The relationship of the prices for the orders is not correct.", code, msg);
        return NULL;
    }
    for (int i = 0; i < 2; i++)
        if (!is_taken(t, &o[i], &need[i], code, msg))
            return NULL;
    struct box_list *l = new_list(t);
    struct box_order *made[2] = {l ? add(t, &o[0]) : NULL, NULL};
    made[1] = made[0] ? add(t, &o[1]) : NULL;
    /* Only one of them will ever pay: the first binds what the dearer one needs. */
    if (!made[1]) {
        has_room(t, BOX_ORDERS_MAX + 1, code, msg);
        return NULL;
    }
    CHECK(box_lock(t, made[0], dec_max(need[0], need[1])));
    *l = (struct box_list){.order = {made[0]->id, made[1]->id},
                           .account = o[0].account,
                           .symbol = o[0].symbol,
                           .time_us = made[0]->created_us};
    t->lists++;
    if (client_id[0])
        snprintf(l->client_id, sizeof l->client_id, "%s", client_id);
    else
        box_generate_id(t, l->client_id);
    made[0]->list = made[1]->list = t->lists;
    for (int i = 1; i >= 0; i--)
        tell_new(t, made[i]);
    box_tell_list(t, l);
    box_match_wait(t, made[1]);
    if (made[0]->working)
        box_match_enter(t, made[0]);
    else
        box_match_wait(t, made[0]);
    return &t->list[made[0]->list - 1];
}

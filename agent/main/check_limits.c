#include "main/check_limits.h"

#include <string.h>

/* ---- what an order counts ---- */

struct context {
    const struct setup *s;
    const struct strategy_setup *st;
    const struct instrument *in;
    const dec *price; /* of all instruments */
    const struct risk_setup *scope[4];
    dec now; /* price of its first instrument; zero: not known */
};

static const enum limit_scope SCOPE[4] = {LIMIT_OF_AGENT, LIMIT_OF_VENUE, LIMIT_OF_INSTRUMENT,
                                          LIMIT_OF_STRATEGY};

/* An amount of the instrument's quote in the agent's. */
static bool in_agent_quote(const struct context *x, dec amount, dec *ret)
{
    const struct conversion *c = &x->s->conversion[x->in->venue][x->in->quote];
    *ret = amount;
    if (x->in->quote == x->s->quote)
        return true;
    for (uint32_t i = 0; c->known && i < c->steps; i++) {
        dec at = x->price[c->instrument[i]];
        if (!dec_is_pos(at) ||
            !(c->inverse[i] ? dec_div(*ret, at, DEC_UP, ret) : dec_mul(*ret, at, DEC_UP, ret)))
            return false;
    }
    return c->known;
}

/* What a market buy binds is more than its amount: the price may run away by the tightest collar,
 * or the venue's slippage. */
static bool bound_of(const struct context *x, const struct plan_row *r, dec *ret)
{
    dec more = x->s->venue[x->in->venue].slippage, collar = DEC_MAX, factor;
    for (int k = 0; k < 4; k++)
        if (x->scope[k]->has_price_collar)
            collar = dec_min(collar, x->scope[k]->price_collar);
    *ret = r->amount;
    if (!r->market)
        return true;
    if (!dec_eq(collar, DEC_MAX))
        more = dec_max(more, collar);
    return dec_add(DEC_ONE, more, &factor) && dec_mul(r->amount, factor, DEC_UP, ret);
}

/* As docs/definitions.md, "Risk values": a resting buy counts at the price that is above it. */
static bool value_of(const struct context *x, const struct plan_row *r, dec *ret)
{
    dec value = DEC_ZERO, bound;
    if (!bound_of(x, r, &bound) || (dec_is_pos(x->now) && !dec_mul(r->qty, x->now, DEC_UP, &value)))
        return false;
    return in_agent_quote(x, dec_max(value, bound), ret);
}

static bool position_of(const struct context *x, dec qty, dec *ret)
{
    return dec_is_pos(x->now) && dec_add(qty, x->st->inventory, &qty) &&
           dec_mul(qty, x->now, DEC_UP, ret) && in_agent_quote(x, *ret, ret);
}

/* ---- the limits ---- */

static dec limit_of(const struct risk_setup *r, enum reason reason)
{
    if (reason == REASON_ORDER_VALUE)
        return r->has_max_order_value ? r->max_order_value : DEC_MAX;
    if (reason == REASON_ORDER_QTY)
        return r->has_max_order_qty ? r->max_order_qty : DEC_MAX;
    return r->has_max_position_value ? r->max_position_value : DEC_MAX;
}

/* The strictest of the four. */
static void find_limit(const struct context *x, struct check_denial *d)
{
    d->limit = DEC_MAX;
    for (int k = 0; k < 4; k++) {
        dec limit = limit_of(x->scope[k], d->reason);
        if (dec_eq(limit, DEC_MAX) || dec_gt(limit, d->limit))
            continue;
        d->limit = limit;
        d->scope = SCOPE[k];
    }
}

static void count(const struct context *x, const struct plan *p, struct check_denial *d)
{
    dec qty = DEC_ZERO, value = DEC_ZERO;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct plan_row *r = &p->row[i];
        bool known = r->side == SIDE_BUY && dec_add(qty, r->qty, &qty);
        if (d->reason == REASON_ORDER_VALUE)
            known = known && value_of(x, r, &value);
        else if (d->reason == REASON_BUDGET)
            known = known && !r->shrinks && bound_of(x, r, &value);
        else if (d->reason == REASON_POSITION)
            known = known && position_of(x, qty, &value);
        else
            value = r->qty;
        if (!known || dec_le(value, d->limit))
            continue;
        d->orders++;
        d->value = dec_max(d->value, value);
    }
}

void check_limits(const struct setup *s, strategy_id id, const struct plan *p, const dec *price,
                  struct check_denials *ret)
{
    static const struct {
        enum reason reason;
        const char *key;
    } ALL[CHECK_DENIALS_MAX] = {{REASON_ORDER_VALUE, "max_order_value"},
                                {REASON_ORDER_QTY, "max_order_qty"},
                                {REASON_POSITION, "max_position_value"},
                                {REASON_BUDGET, "budget"}};
    const struct strategy_setup *st = &s->strategy[id];
    const struct instrument *in = &s->instrument[st->instrument[0]];
    struct context x = {
        s,
        st,
        in,
        price,
        {&s->risk, &s->venue[in->venue].risk, &s->instrument_risk[st->instrument[0]], &st->risk},
        price[st->instrument[0]]};
    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < p->count; i++)
        ret->buys += p->row[i].side == SIDE_BUY;
    for (int k = 0; k < CHECK_DENIALS_MAX; k++) {
        struct check_denial d = {.reason = ALL[k].reason, .key = ALL[k].key};
        if (d.reason == REASON_BUDGET)
            d.limit = st->budget_asset == in->quote ? st->budget : DEC_MAX;
        else
            find_limit(&x, &d);
        count(&x, p, &d);
        if (!d.orders)
            continue;
        ret->item[ret->count++] = d;
        ret->all = ret->all || d.orders == ret->buys;
    }
}

/* ---- for people and programs ---- */

void check_limits_print(FILE *out, const struct setup *s, strategy_id id,
                        const struct check_denials *d)
{
    const struct strategy_setup *st = &s->strategy[id];
    for (uint32_t k = 0; k < d->count; k++) {
        const struct check_denial *one = &d->item[k];
        char limit[DEC_TEXT_MAX], value[DEC_TEXT_MAX], of[96] = "";
        dec_format(one->limit, limit);
        dec_format(one->value, value);
        if (one->scope == LIMIT_OF_VENUE)
            snprintf(of, sizeof of, " of venue %s",
                     s->venue[s->instrument[st->instrument[0]].venue].name);
        else if (one->scope == LIMIT_OF_INSTRUMENT)
            snprintf(of, sizeof of, " of %s", s->instrument[st->instrument[0]].symbol);
        else if (one->scope == LIMIT_OF_STRATEGY)
            snprintf(of, sizeof of, " of the strategy");
        fprintf(out, "  %s: %s %s%s will deny %u of its %u %s, which %s %s\n",
                one->orders == d->buys ? "ERROR" : "note", one->key, limit, of, one->orders,
                d->buys, d->buys == 1 ? "buy" : "buys", one->orders == 1 ? "counts" : "count up to",
                value);
    }
}

static bool add_denial(cJSON *list, const struct check_denial *d)
{
    char limit[DEC_TEXT_MAX], value[DEC_TEXT_MAX];
    cJSON *o = cJSON_CreateObject();
    dec_format(d->limit, limit);
    dec_format(d->value, value);
    return o && cJSON_AddItemToArray(list, o) &&
           cJSON_AddStringToObject(o, "reason", reason_name(d->reason)) &&
           cJSON_AddStringToObject(o, "key", d->key) &&
           cJSON_AddStringToObject(o, "of", limit_scope_name(d->scope)) &&
           cJSON_AddStringToObject(o, "limit", limit) &&
           cJSON_AddStringToObject(o, "value", value) &&
           cJSON_AddNumberToObject(o, "orders", d->orders);
}

bool check_limits_json(cJSON *o, const struct check_denials *d)
{
    cJSON *list = cJSON_AddArrayToObject(o, "denied");
    for (uint32_t k = 0; list && k < d->count; k++)
        if (!add_denial(list, &d->item[k]))
            return false;
    return list != NULL;
}

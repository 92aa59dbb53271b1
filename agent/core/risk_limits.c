/* Limits on value and number, of every scope, and what they are compared with. */
#include "core/risk_internal.h"

#include "base/check.h"

void risk_find_crosses(struct risk *r)
{
    const struct setup *s = r->setup;
    struct cross c;
    r->crosses = 0;
    for (c.strategy = 0; c.strategy < s->strategies; c.strategy++)
        for (uint32_t k = 0; k < s->strategy[c.strategy].instruments; k++) {
            c.instrument = s->strategy[c.strategy].instrument[k];
            if (setup_is_cross(s, c.strategy, c.instrument, c.home))
                r->cross[r->crosses++] = c;
        }
}

bool risk_sides(const struct engine *e, strategy_id s, instrument_id i, enum side side, dec qty,
                dec *ret_up, dec *ret_down)
{
    const struct instrument_exposure *all = &e->ledger.exposure[i];
    struct instrument_exposure x = *all;
    if (s != STRATEGY_NONE) {
        const struct holding *h = ledger_holding(&e->ledger, s, i);
        x = (struct instrument_exposure){h->qty, h->open_buy, h->open_sell};
    }
    dec *grows = side == SIDE_BUY ? &x.open_buy : &x.open_sell;
    return dec_add(*grows, qty, grows) && dec_add(x.position, x.open_buy, ret_up) &&
           dec_sub(x.position, x.open_sell, ret_down);
}

/* The quantity that [add] adds on instrument [i]. */
static dec added(const struct order_request *add, instrument_id i)
{
    return add && add->instrument == i ? add->qty : DEC_ZERO;
}

static enum side added_side(const struct order_request *add)
{
    return add ? add->side : SIDE_BUY;
}

/* A quantity of the instrument's base at mark in agent quote, rounded away from zero. */
static bool value_of(const struct engine *e, instrument_id i, dec qty, dec *ret)
{
    const struct market_instrument *m = &e->market.item[i];
    dec quote, value;
    if (dec_is_zero(qty)) {
        *ret = DEC_ZERO;
        return true;
    }
    if (!m->has_mark || !dec_mul(dec_abs(qty), m->mark, DEC_UP, &quote) ||
        !valuation_convert(e, m->in.venue, m->in.quote, quote, DEC_UP, &value))
        return false;
    *ret = dec_is_neg(qty) ? dec_neg(value) : value;
    return true;
}

/* Inventory that waits for its first mark is exposure of unknown value. */
static bool is_unknown(const struct engine *e, strategy_id s, instrument_id i)
{
    return !e->market.item[i].has_mark && ledger_awaits_mark(&e->ledger, s, i);
}

static dec worse(dec up, dec down)
{
    return dec_max(dec_abs(up), dec_abs(down));
}

/* What open orders on crosses would bring to the position of instrument [i], their home: bought
 * there, or paid for what is sold there, at its mark. */
static bool from_crosses(const struct engine *e, strategy_id s, instrument_id i, dec *ret)
{
    dec sum = DEC_ZERO, paid;
    for (uint32_t k = 0; k < e->risk->crosses; k++) {
        const struct cross *c = &e->risk->cross[k];
        const struct holding *h = ledger_holding(&e->ledger, c->strategy, c->instrument);
        if (s != STRATEGY_NONE && c->strategy != s)
            continue;
        if (c->home[0] == i && !dec_add(sum, h->open_buy, &sum))
            return false;
        if (c->home[1] == i && dec_is_pos(h->open_sell) &&
            (!e->market.item[c->instrument].has_mark ||
             !dec_mul(h->open_sell, e->market.item[c->instrument].mark, DEC_UP, &paid) ||
             !dec_add(sum, paid, &sum)))
            return false;
    }
    *ret = sum;
    return true;
}

static bool sides_value(const struct engine *e, strategy_id s, instrument_id i,
                        const struct order_request *add, dec more, dec *ret)
{
    dec up, down;
    return risk_sides(e, s, i, added_side(add), added(add, i), &up, &down) &&
           dec_add(up, more, &up) && !is_unknown(e, s, i) && value_of(e, i, worse(up, down), ret);
}

bool risk_position_value(const struct engine *e, strategy_id s, instrument_id i,
                         const struct order_request *add, dec *ret)
{
    dec more;
    return from_crosses(e, s, i, &more) && sides_value(e, s, i, add, more, ret);
}

bool risk_gross(const struct engine *e, strategy_id s, venue_id v, const struct order_request *add,
                dec *ret)
{
    dec sum = DEC_ZERO, value;
    for (instrument_id i = 0; i < e->setup->instruments; i++) {
        if (v != VENUE_NONE && e->setup->instrument[i].venue != v)
            continue;
        if (!sides_value(e, s, i, add, DEC_ZERO, &value) || !dec_add(sum, value, &sum))
            return false;
    }
    *ret = sum;
    return true;
}

bool risk_assets_exposure(const struct engine *e, uint64_t assets, const struct order_request *add,
                          dec *ret)
{
    dec ups = DEC_ZERO, downs = DEC_ZERO, up, down;
    for (instrument_id i = 0; i < e->setup->instruments; i++) {
        if (!(assets >> e->setup->instrument[i].base & 1))
            continue;
        if (!risk_sides(e, STRATEGY_NONE, i, added_side(add), added(add, i), &up, &down) ||
            is_unknown(e, STRATEGY_NONE, i) || !value_of(e, i, up, &up) ||
            !value_of(e, i, down, &down) || !dec_add(ups, up, &ups) ||
            !dec_add(downs, down, &downs))
            return false;
    }
    *ret = worse(ups, downs);
    return true;
}

static uint32_t open_on(const struct engine *e, instrument_id i)
{
    return execution_side(&e->execution, i, SIDE_BUY)->count +
           execution_side(&e->execution, i, SIDE_SELL)->count;
}

uint32_t risk_open_orders(const struct engine *e, enum limit_scope scope, uint32_t index)
{
    uint32_t n = 0;
    switch (scope) {
    case LIMIT_OF_AGENT: return e->execution.open.count;
    case LIMIT_OF_VENUE:
        for (instrument_id i = 0; i < e->setup->instruments; i++)
            if (e->setup->instrument[i].venue == index)
                n += open_on(e, i);
        return n;
    case LIMIT_OF_INSTRUMENT: return open_on(e, index);
    case LIMIT_OF_STRATEGY: return e->execution.own[index].count;
    case LIMIT_OF_NONE:
    case LIMIT_OF_ASSET:
    case LIMIT_OF_GROUP: break;
    }
    CHECK(false); /* these count no orders */
    return 0;
}

/* What one order may be. A sell that reduces exposure is never stopped for its value: the position
 * it closes was bounded when it was opened, and a position that cannot be closed is the greater
 * risk. Its quantity is looked at: max_order_qty is there for the slip of a finger. */
static bool check_one_order(const struct subject *x, const struct limits *of)
{
    const struct risk_setup *l = of->l;
    if (l->has_max_order_value && !x->reduces && dec_gt(x->in_quote, l->max_order_value))
        return risk_deny_limit(x, of, REASON_ORDER_VALUE, l->max_order_value, x->in_quote);
    if (l->has_max_order_qty && dec_gt(x->req->qty, l->max_order_qty))
        return risk_deny_limit(x, of, REASON_ORDER_QTY, l->max_order_qty, x->req->qty);
    if (l->has_max_open_orders) {
        uint32_t open = risk_open_orders(x->e, of->scope, of->index);
        if (open >= l->max_open_orders)
            return risk_deny_limit(x, of, REASON_OPEN_ORDERS, dec_from_i64(l->max_open_orders, 0),
                                   dec_from_i64((int64_t)open + 1, 0));
    }
    return true;
}

static strategy_id owner_of(const struct subject *x, const struct limits *of)
{
    return of->scope == LIMIT_OF_STRATEGY ? x->s : STRATEGY_NONE;
}

static bool check_position(const struct subject *x, const struct limits *of,
                           const struct order_request *q)
{
    const struct risk_setup *l = of->l;
    dec value;
    if (!l->has_max_position_value)
        return true;
    if (!risk_position_value(x->e, owner_of(x, of), q->instrument, q, &value))
        return risk_deny(x, REASON_OVERFLOW, DEC_ZERO, q->qty);
    return dec_le(value, l->max_position_value) ||
           risk_deny_limit(x, of, REASON_POSITION, l->max_position_value, value);
}

/* What an order on a cross brings becomes a position of its home: the home's limits, and those of
 * every position, hold for it. */
static bool check_home(const struct subject *x)
{
    const struct setup *s = x->e->setup;
    bool buy = x->req->side == SIDE_BUY;
    instrument_id home[2];
    if (x->e->risk->crosses == 0 || !setup_is_cross(s, x->s, x->req->instrument, home))
        return true;
    struct order_request brings = {.instrument = home[!buy], .side = SIDE_BUY};
    brings.qty = buy ? x->req->qty : x->value;
    for (int i = 0; i < SCOPES; i++) {
        struct limits of = x->limits[i];
        if (of.scope == LIMIT_OF_INSTRUMENT)
            of = (struct limits){LIMIT_OF_INSTRUMENT, brings.instrument,
                                 &s->instrument_risk[brings.instrument]};
        if (!check_position(x, &of, &brings))
            return false;
    }
    return true;
}

/* What may be held with it. */
static bool check_held(const struct subject *x, const struct limits *of)
{
    const struct risk_setup *l = of->l;
    const struct order_request *q = x->req;
    strategy_id owner = owner_of(x, of);
    venue_id venue = of->scope == LIMIT_OF_VENUE ? x->m->in.venue : VENUE_NONE;
    dec value;
    if (!check_position(x, of, q))
        return false;
    if (l->has_max_gross_exposure) {
        if (!risk_gross(x->e, owner, venue, q, &value))
            return risk_deny_limit(x, of, REASON_NO_MARK, l->max_gross_exposure, DEC_ZERO);
        if (dec_gt(value, l->max_gross_exposure))
            return risk_deny_limit(x, of, REASON_GROSS_EXPOSURE, l->max_gross_exposure, value);
    }
    return true;
}

static bool check_assets(const struct subject *x, uint64_t assets, const struct limits *of,
                         enum reason reason, dec limit)
{
    dec value;
    if (!risk_assets_exposure(x->e, assets, x->req, &value))
        return risk_deny_limit(x, of, REASON_NO_MARK, limit, DEC_ZERO);
    return dec_le(value, limit) || risk_deny_limit(x, of, reason, limit, value);
}

/* The order's asset, wherever it is held, and the groups that it is in. */
static bool check_correlated(const struct subject *x)
{
    const struct setup *s = x->e->setup;
    uint64_t asset = UINT64_C(1) << x->m->in.base;
    const struct limits one = {.scope = LIMIT_OF_ASSET, .index = x->m->in.base};
    if (s->risk.has_max_asset_exposure &&
        !check_assets(x, asset, &one, REASON_ASSET_EXPOSURE, s->risk.max_asset_exposure))
        return false;
    for (uint32_t g = 0; g < s->groups; g++) {
        const struct limits of = {.scope = LIMIT_OF_GROUP, .index = g};
        if (s->group[g].assets & asset &&
            !check_assets(x, s->group[g].assets, &of, REASON_GROUP_EXPOSURE,
                          s->group[g].max_exposure))
            return false;
    }
    return true;
}

bool risk_limits(const struct subject *x)
{
    for (int i = 0; i < SCOPES; i++)
        if (!check_one_order(x, &x->limits[i]) || (!x->reduces && !check_held(x, &x->limits[i])))
            return false;
    return x->reduces || (check_home(x) && check_correlated(x));
}

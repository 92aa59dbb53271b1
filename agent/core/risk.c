#include "core/risk_internal.h"

const struct order_request *approved_request(const struct approved_order *a)
{
    return &a->req;
}

order_id approved_id(const struct approved_order *a)
{
    return a->id;
}

dec approved_reserve(const struct approved_order *a)
{
    return a->reserve;
}

/* ---- memory ---- */

static size_t windows_per_strategy(void)
{
    return 1 + 2 * STRATEGY_INSTRUMENTS_MAX; /* messages; executions per instrument and side */
}

size_t risk_size(const struct setup *s)
{
    return sizeof(struct risk) + s->strategies * (windows_per_strategy() * sizeof(struct window) +
                                                  STRATEGY_INSTRUMENTS_MAX * sizeof(struct cross));
}

size_t risk_rings_size(const struct setup *s)
{
    return risk_rate_bytes(s);
}

void risk_init(struct risk *r, void *rings, const struct setup *s)
{
    r->setup = s;
    r->strategy = (struct window *)(r + 1);
    r->executions = r->strategy + s->strategies;
    r->cross = (struct cross *)(r->strategy + s->strategies * windows_per_strategy());
    risk_rate_init(r, rings);
    risk_find_markets(r);
    risk_find_crosses(r);
}

/* ---- the checks, in the order in which they are made ---- */

bool risk_deny(const struct subject *x, enum reason reason, dec limit, dec value)
{
    *x->d = (struct denial){.reason = reason, .limit = limit, .value = value};
    return false;
}

bool risk_deny_limit(const struct subject *x, const struct limits *of, enum reason reason,
                     dec limit, dec value)
{
    *x->d = (struct denial){
        .reason = reason, .limit = limit, .value = value, .scope = of->scope, .index = of->index};
    return false;
}

static bool check_form(const struct subject *x)
{
    const struct order_request *q = x->req;
    bool ok = dec_is_pos(q->qty) && (q->side == SIDE_BUY || q->side == SIDE_SELL) &&
              (q->tif == TIF_GTC || q->tif == TIF_IOC || q->tif == TIF_FOK);
    if (q->type == ORDER_LIMIT)
        ok = ok && dec_is_pos(q->price) && !(q->post_only && q->tif != TIF_GTC);
    else
        ok = ok && q->type == ORDER_MARKET && dec_is_zero(q->price) && !q->post_only;
    return ok || risk_deny(x, REASON_MALFORMED, DEC_ZERO, q->qty);
}

static bool check_allowed(const struct subject *x)
{
    const struct strategy_setup *ss = &x->e->setup->strategy[x->s];
    for (uint32_t i = 0; i < ss->instruments; i++)
        if (ss->instrument[i] == x->req->instrument)
            return true;
    return risk_deny(x, REASON_INSTRUMENT_NOT_ALLOWED, DEC_ZERO, DEC_ZERO);
}

/* Sells up to the position, counting open sells: the only thing that reduces exposure on spot. */
static bool reduces(const struct subject *x, dec *over)
{
    dec sells;
    if (x->req->side != SIDE_SELL || !dec_add(x->own->open_sell, x->req->qty, &sells)) {
        *over = x->req->qty;
        return false;
    }
    *over = sells;
    return dec_le(sells, x->own->qty);
}

static bool check_state(const struct subject *x)
{
    enum trading_state st = states_effective(x->e, x->s, x->m->in.venue);
    dec over = DEC_ZERO;
    switch (st) {
    case STATE_ACTIVE: break;
    case STATE_REDUCING:
        if (!reduces(x, &over))
            return risk_deny(x, states_reducing_reason(x->e, x->s, x->m->in.venue), x->own->qty,
                             over);
        break;
    case STATE_HALTED: return risk_deny(x, REASON_STATE_HALTED, DEC_ZERO, x->req->qty);
    }
    if (x->req->reduce_only && !reduces(x, &over))
        return risk_deny(x, REASON_REDUCE_ONLY, x->own->qty, over);
    return true;
}

static bool check_rules(const struct subject *x)
{
    const struct instrument_rules *r = &x->m->in.rules;
    const struct order_request *q = x->req;
    /* A step of zero (a filter the venue switched off) cannot be met: not tradable until someone
     * says the step. */
    if (r->status != INSTRUMENT_TRADING || !dec_is_pos(r->lot_size) || !dec_is_pos(r->tick_size))
        return risk_deny(x, REASON_INSTRUMENT_STATUS, DEC_ZERO, DEC_ZERO);
    if (!dec_is_multiple(q->qty, r->lot_size))
        return risk_deny(x, REASON_LOT_SIZE, r->lot_size, q->qty);
    if (dec_lt(q->qty, r->min_qty))
        return risk_deny(x, REASON_MIN_QTY, r->min_qty, q->qty);
    if (dec_is_pos(r->max_qty) && dec_gt(q->qty, r->max_qty))
        return risk_deny(x, REASON_MAX_QTY, r->max_qty, q->qty);
    if (q->type != ORDER_LIMIT)
        return true;
    if (!dec_is_multiple(q->price, r->tick_size))
        return risk_deny(x, REASON_TICK_SIZE, r->tick_size, q->price);
    if (dec_lt(q->price, r->min_price))
        return risk_deny(x, REASON_PRICE_RANGE, r->min_price, q->price);
    if (dec_is_pos(r->max_price) && dec_gt(q->price, r->max_price))
        return risk_deny(x, REASON_PRICE_RANGE, r->max_price, q->price);
    return true;
}

static bool check_reference(struct subject *x)
{
    if (x->m->feed != FEED_LIVE)
        return risk_deny(x, REASON_FEED_INVALID, DEC_ZERO, DEC_ZERO);
    if (!x->m->has_reference || !dec_is_pos(x->m->mark))
        return risk_deny(x, REASON_NO_REFERENCE, DEC_ZERO, DEC_ZERO);
    int64_t age = x->e->now_ns - x->m->reference_ns;
    for (int i = 0; i < SCOPES; i++) {
        const struct risk_setup *l = x->limits[i].l;
        if (l->has_max_reference_age && age > l->max_reference_age_ns)
            return risk_deny_limit(x, &x->limits[i], REASON_STALE_REFERENCE,
                                   dec_from_i64(l->max_reference_age_ns, 9), dec_from_i64(age, 9));
    }
    x->reference = x->m->mark;
    return true;
}

/* Entries are made at prices that can be believed; an exit is not held up by a doubt. */
static bool check_believable(const struct subject *x)
{
    return !x->e->suspects || x->reduces || suspect_allows(x->e, x->req->instrument, x->d);
}

/* The tightest collar of the scopes, or NULL where none has one. */
static const struct limits *collar_of(const struct subject *x)
{
    const struct limits *tightest = NULL;
    for (int i = 0; i < SCOPES; i++)
        if (x->limits[i].l->has_price_collar &&
            (!tightest || dec_lt(x->limits[i].l->price_collar, tightest->l->price_collar)))
            tightest = &x->limits[i];
    return tightest;
}

static bool check_collar(const struct subject *x)
{
    const struct limits *of = collar_of(x);
    dec span, bound;
    if (x->req->type != ORDER_LIMIT || !of)
        return true;
    bool buy = x->req->side == SIDE_BUY;
    if (!dec_mul(x->reference, of->l->price_collar, DEC_DOWN, &span) ||
        !(buy ? dec_add(x->reference, span, &bound) : dec_sub(x->reference, span, &bound)))
        return risk_deny(x, REASON_OVERFLOW, DEC_ZERO, x->req->price);
    if (buy ? dec_gt(x->req->price, bound) : dec_lt(x->req->price, bound))
        return risk_deny_limit(x, of, REASON_PRICE_COLLAR, bound, x->req->price);
    return true;
}

/* What a market order can cost, and the worst price it reaches: the book walk for its quantity (a
 * top of book is a book of one level); what lies beyond counts at the last level's price. False on
 * overflow. */
static bool walk(const struct market_instrument *m, enum side side, dec qty, dec *value, dec *worst)
{
    dec left = qty, sum = DEC_ZERO, part;
    const struct book_side *s = side == SIDE_BUY ? &m->book.ask : &m->book.bid;
    dec price = m->mark;
    if (m->has_top)
        price = side == SIDE_BUY ? m->top.ask_price : m->top.bid_price;
    for (uint32_t i = 0; m->has_book && dec_is_pos(left); i++) {
        const struct level *l = book_nth(s, i);
        if (!l)
            break;
        dec take = dec_min(left, l->qty);
        if (!dec_mul(l->price, take, DEC_UP, &part) || !dec_add(sum, part, &sum))
            return false;
        price = l->price;
        left.v -= take.v;
    }
    if (!dec_mul(price, left, DEC_UP, &part) || !dec_add(sum, part, &sum))
        return false;
    *value = sum;
    *worst = price;
    return true;
}

bool risk_reach(const struct market_instrument *m, enum side side, dec qty, dec *ret)
{
    dec value;
    return m->has_mark && walk(m, side, qty, &value, ret);
}

/* Order value (docs/definitions.md, "Risk values") and what the order binds. */
static bool value_order(struct subject *x)
{
    const struct order_request *q = x->req;
    dec value, bound = q->qty;
    if (q->type == ORDER_LIMIT) {
        dec cost;
        if (!dec_mul(q->qty, dec_max(q->price, x->reference), DEC_UP, &value) ||
            !dec_mul(q->qty, q->price, DEC_UP, &cost))
            return risk_deny(x, REASON_OVERFLOW, DEC_ZERO, q->qty);
        if (q->side == SIDE_BUY)
            bound = cost;
    } else {
        dec worst, flat, walked, reached;
        const struct limits *of = collar_of(x);
        dec collar = of ? of->l->price_collar : DEC_ZERO;
        collar = dec_max(collar, x->e->setup->venue[x->m->in.venue].slippage);
        if (!dec_mul(x->reference, collar, DEC_UP, &worst) ||
            !dec_add(worst, x->reference, &worst) ||
            !dec_round_to(worst, x->m->in.rules.tick_size, DEC_CEIL, &worst) ||
            !dec_mul(q->qty, worst, DEC_UP, &flat) ||
            !walk(x->m, q->side, q->qty, &walked, &reached))
            return risk_deny(x, REASON_OVERFLOW, DEC_ZERO, q->qty);
        value = dec_max(flat, walked);
        if (q->side == SIDE_BUY)
            bound = value;
    }
    x->value = value;
    x->reserve = bound;
    return true;
}

static bool check_notional(const struct subject *x)
{
    const struct instrument_rules *r = &x->m->in.rules;
    dec price = x->req->type == ORDER_LIMIT ? x->req->price : x->reference, notional;
    if (!dec_mul(price, x->req->qty, DEC_DOWN, &notional))
        return risk_deny(x, REASON_OVERFLOW, DEC_ZERO, x->req->qty);
    if (dec_lt(notional, r->min_notional))
        return risk_deny(x, REASON_MIN_NOTIONAL, r->min_notional, notional);
    if (dec_is_pos(r->max_notional) && dec_gt(notional, r->max_notional))
        return risk_deny(x, REASON_MAX_NOTIONAL, r->max_notional, notional);
    return true;
}

static bool check_budget(const struct subject *x)
{
    const struct instrument *in = &x->m->in;
    dec available = ledger_free(&x->e->ledger, x->s, in->venue,
                                x->req->side == SIDE_BUY ? in->quote : in->base);
    return dec_le(x->reserve, available) || risk_deny(x, REASON_BUDGET, available, x->reserve);
}

/* Where losses are limited, equity must be known. */
static bool losses_are_known(const struct risk_setup *l, bool equity_known)
{
    return equity_known || !(l->has_daily_loss || l->has_max_drawdown);
}

/* What the order is worth in agent quote, and that its losses could be seen. */
static bool check_valued(struct subject *x)
{
    const struct engine *e = x->e;
    if (!losses_are_known(&e->setup->risk, e->equity_known) ||
        !losses_are_known(&e->setup->strategy[x->s].risk, e->strategy[x->s].equity_known))
        return risk_deny(x, REASON_NO_MARK, DEC_ZERO, DEC_ZERO);
    if (!valuation_convert(e, x->m->in.venue, x->m->in.quote, x->value, DEC_UP, &x->in_quote))
        return risk_deny(x, REASON_NO_MARK, DEC_ZERO, x->value);
    return true;
}

static void find_limits(struct subject *x)
{
    const struct setup *s = x->e->setup;
    venue_id v = x->m->in.venue;
    instrument_id i = x->req->instrument;
    x->limits[0] = (struct limits){LIMIT_OF_AGENT, 0, &s->risk};
    x->limits[1] = (struct limits){LIMIT_OF_VENUE, v, &s->venue[v].risk};
    x->limits[2] = (struct limits){LIMIT_OF_INSTRUMENT, i, &s->instrument_risk[i]};
    x->limits[3] = (struct limits){LIMIT_OF_STRATEGY, x->s, &s->strategy[x->s].risk};
}

const struct approved_order *risk_check(struct engine *e, strategy_id s, order_id id,
                                        const struct order_request *req, struct denial *denial)
{
    struct risk *r = e->risk;
    struct denial why = {.reason = REASON_NONE};
    struct subject x = {.e = e, .s = s, .req = req, .d = &why};
    bool ok = check_form(&x) && check_allowed(&x);
    if (ok) {
        dec over;
        x.m = &e->market.item[req->instrument];
        x.own = ledger_holding(&e->ledger, s, req->instrument);
        x.reduces = reduces(&x, &over);
        find_limits(&x);
        ok = check_state(&x) && check_rules(&x) && check_reference(&x) && check_believable(&x) &&
             check_collar(&x) && value_order(&x) && check_notional(&x) && check_valued(&x) &&
             risk_limits(&x) && check_budget(&x) && risk_rate(&x) && risk_duplicate(&x) &&
             parents_allow(&e->parents, s, req, &why) && risk_self_trade(&x);
    }
    if (ok && !outgoing_approve(e->outgoing, id, req))
        ok = risk_deny(&x, REASON_FLOOD, dec_from_i64(EFFECTS_MAX, 0), DEC_ZERO);
    if (!ok) {
        *denial = why;
        return NULL;
    }
    r->approved = (struct approved_order){.id = id, .req = *req, .reserve = x.reserve};
    return &r->approved;
}

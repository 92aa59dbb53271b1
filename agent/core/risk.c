#include "core/internal.h"

struct approved_order {
    order_id id;
    struct order_request req;
    dec reserve;
};

/* Times of the newest messages: a sliding window, exact. */
struct rate {
    int64_t *at;
    uint32_t cap, first, count;
};

struct risk {
    struct approved_order approved;
    struct rate agent;
    const struct setup *setup;
    struct rate strategy[];
};

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

/* ---- message rate ---- */

size_t risk_size(const struct setup *s)
{
    return sizeof(struct risk) + s->strategies * sizeof(struct rate);
}

static uint32_t ring_cap(const struct risk_setup *r)
{
    return r->has_max_messages ? r->max_messages : 0;
}

size_t risk_rings_size(const struct setup *s)
{
    size_t n = ring_cap(&s->risk);
    for (uint32_t i = 0; i < s->strategies; i++)
        n += ring_cap(&s->strategy[i].risk);
    return n * sizeof(int64_t);
}

void risk_init(struct risk *r, void *rings, const struct setup *s)
{
    int64_t *at = rings;
    r->setup = s;
    r->agent = (struct rate){.at = at, .cap = ring_cap(&s->risk)};
    at += r->agent.cap;
    for (uint32_t i = 0; i < s->strategies; i++) {
        r->strategy[i] = (struct rate){.at = at, .cap = ring_cap(&s->strategy[i].risk)};
        at += r->strategy[i].cap;
    }
}

static void rate_count(struct rate *r, int64_t now_ns)
{
    if (r->cap == 0)
        return;
    if (r->count == r->cap) { /* cancels may exceed the window; the oldest is then forgotten */
        r->first = (r->first + 1) % r->cap;
        r->count--;
    }
    r->at[(r->first + r->count) % r->cap] = now_ns;
    r->count++;
}

void risk_count_message(struct risk *r, strategy_id s, int64_t now_ns)
{
    rate_count(&r->agent, now_ns);
    rate_count(&r->strategy[s], now_ns);
}

static bool rate_allows(struct rate *r, const struct risk_setup *l, int64_t now_ns,
                        struct denial *d)
{
    if (!l->has_max_messages)
        return true;
    while (r->count && r->at[r->first] <= now_ns - l->message_interval_ns) {
        r->first = (r->first + 1) % r->cap;
        r->count--;
    }
    uint32_t allowed =
        l->max_messages > l->cancel_reserve ? l->max_messages - l->cancel_reserve : 0;
    if (r->count < allowed)
        return true;
    *d = (struct denial){REASON_MESSAGE_RATE, dec_from_i64(allowed, 0),
                         dec_from_i64((int64_t)r->count + 1, 0)};
    return false;
}

/* ---- the checks, in the order in which they are made ---- */

/* What the checks share about one request. */
struct subject {
    struct engine *e;
    strategy_id s;
    const struct order_request *req;
    const struct market_instrument *m;
    const struct holding *own;
    dec reference; /* mark of a live feed */
    dec price;     /* worst price it can trade at: limit, or book walk / collar for market orders */
    dec value;     /* order value in the instrument's quote */
    struct denial *d;
};

static bool deny(struct denial *d, enum reason reason, dec limit, dec value)
{
    *d = (struct denial){reason, limit, value};
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
    return ok || deny(x->d, REASON_MALFORMED, DEC_ZERO, q->qty);
}

static bool check_allowed(const struct subject *x)
{
    const struct strategy_setup *ss = &x->e->setup->strategy[x->s];
    for (uint32_t i = 0; i < ss->instruments; i++)
        if (ss->instrument[i] == x->req->instrument)
            return true;
    return deny(x->d, REASON_INSTRUMENT_NOT_ALLOWED, DEC_ZERO, DEC_ZERO);
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
            return deny(x->d, states_reducing_reason(x->e, x->s, x->m->in.venue), x->own->qty,
                        over);
        break;
    case STATE_HALTED: return deny(x->d, REASON_STATE_HALTED, DEC_ZERO, x->req->qty);
    }
    if (x->req->reduce_only && !reduces(x, &over))
        return deny(x->d, REASON_REDUCE_ONLY, x->own->qty, over);
    return true;
}

static bool check_rules(const struct subject *x)
{
    const struct instrument_rules *r = &x->m->in.rules;
    const struct order_request *q = x->req;
    /* A step of zero (a filter the venue switched off) cannot be met: not tradable until someone
     * says the step. */
    if (r->status != INSTRUMENT_TRADING || !dec_is_pos(r->lot_size) || !dec_is_pos(r->tick_size))
        return deny(x->d, REASON_INSTRUMENT_STATUS, DEC_ZERO, DEC_ZERO);
    if (!dec_is_multiple(q->qty, r->lot_size))
        return deny(x->d, REASON_LOT_SIZE, r->lot_size, q->qty);
    if (dec_lt(q->qty, r->min_qty))
        return deny(x->d, REASON_MIN_QTY, r->min_qty, q->qty);
    if (dec_is_pos(r->max_qty) && dec_gt(q->qty, r->max_qty))
        return deny(x->d, REASON_MAX_QTY, r->max_qty, q->qty);
    if (q->type != ORDER_LIMIT)
        return true;
    if (!dec_is_multiple(q->price, r->tick_size))
        return deny(x->d, REASON_TICK_SIZE, r->tick_size, q->price);
    if (dec_lt(q->price, r->min_price))
        return deny(x->d, REASON_PRICE_RANGE, r->min_price, q->price);
    if (dec_is_pos(r->max_price) && dec_gt(q->price, r->max_price))
        return deny(x->d, REASON_PRICE_RANGE, r->max_price, q->price);
    return true;
}

static bool check_reference(struct subject *x)
{
    const struct risk_setup *limits[2] = {&x->e->setup->risk, &x->e->setup->strategy[x->s].risk};
    if (x->m->feed != FEED_LIVE)
        return deny(x->d, REASON_FEED_INVALID, DEC_ZERO, DEC_ZERO);
    if (!x->m->has_reference || !dec_is_pos(x->m->mark))
        return deny(x->d, REASON_NO_REFERENCE, DEC_ZERO, DEC_ZERO);
    int64_t age = x->e->now_ns - x->m->reference_ns;
    for (int i = 0; i < 2; i++)
        if (limits[i]->has_max_reference_age && age > limits[i]->max_reference_age_ns)
            return deny(x->d, REASON_STALE_REFERENCE,
                        dec_from_i64(limits[i]->max_reference_age_ns, 9), dec_from_i64(age, 9));
    x->reference = x->m->mark;
    return true;
}

/* The collar in force: the agent's or the strategy's, whichever is tighter; false where there is
 * none. */
static bool collar_of(const struct engine *e, strategy_id s, dec *ret)
{
    const struct risk_setup *a = &e->setup->risk, *b = &e->setup->strategy[s].risk;
    if (a->has_price_collar)
        *ret = a->price_collar;
    if (b->has_price_collar)
        *ret = a->has_price_collar ? dec_min(a->price_collar, b->price_collar) : b->price_collar;
    return a->has_price_collar || b->has_price_collar;
}

static bool check_collar(const struct subject *x)
{
    dec collar, span, bound;
    if (x->req->type != ORDER_LIMIT || !collar_of(x->e, x->s, &collar))
        return true;
    bool buy = x->req->side == SIDE_BUY;
    if (!dec_mul(x->reference, collar, DEC_DOWN, &span) ||
        !(buy ? dec_add(x->reference, span, &bound) : dec_sub(x->reference, span, &bound)))
        return deny(x->d, REASON_OVERFLOW, DEC_ZERO, x->req->price);
    if (buy ? dec_gt(x->req->price, bound) : dec_lt(x->req->price, bound))
        return deny(x->d, REASON_PRICE_COLLAR, bound, x->req->price);
    return true;
}

/* What a market order can cost: the book walk for its quantity (a top of book is a book of one
 * level); what lies beyond counts at the last level's price. False on overflow. */
static bool walk(const struct market_instrument *m, enum side side, dec qty, dec *value)
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
    return true;
}

/* Order value (docs/definitions.md, "Risk values") and what the order binds. */
static bool value_order(struct subject *x, dec *reserve)
{
    const struct order_request *q = x->req;
    dec value, bound = q->qty;
    if (q->type == ORDER_LIMIT) {
        dec cost;
        if (!dec_mul(q->qty, dec_max(q->price, x->reference), DEC_UP, &value) ||
            !dec_mul(q->qty, q->price, DEC_UP, &cost))
            return deny(x->d, REASON_OVERFLOW, DEC_ZERO, q->qty);
        if (q->side == SIDE_BUY)
            bound = cost;
    } else {
        dec collar = DEC_ZERO, worst, flat, walked;
        (void)collar_of(x->e, x->s, &collar);
        collar = dec_max(collar, x->e->setup->venue[x->m->in.venue].slippage);
        if (!dec_mul(x->reference, collar, DEC_UP, &worst) ||
            !dec_add(worst, x->reference, &worst) ||
            !dec_round_to(worst, x->m->in.rules.tick_size, DEC_CEIL, &worst) ||
            !dec_mul(q->qty, worst, DEC_UP, &flat) || !walk(x->m, q->side, q->qty, &walked))
            return deny(x->d, REASON_OVERFLOW, DEC_ZERO, q->qty);
        value = dec_max(flat, walked);
        if (q->side == SIDE_BUY)
            bound = value;
    }
    x->value = value;
    *reserve = bound;
    return true;
}

static bool check_notional(const struct subject *x)
{
    const struct instrument_rules *r = &x->m->in.rules;
    dec price = x->req->type == ORDER_LIMIT ? x->req->price : x->reference, notional;
    if (!dec_mul(price, x->req->qty, DEC_DOWN, &notional))
        return deny(x->d, REASON_OVERFLOW, DEC_ZERO, x->req->qty);
    if (dec_lt(notional, r->min_notional))
        return deny(x->d, REASON_MIN_NOTIONAL, r->min_notional, notional);
    if (dec_is_pos(r->max_notional) && dec_gt(notional, r->max_notional))
        return deny(x->d, REASON_MAX_NOTIONAL, r->max_notional, notional);
    return true;
}

/* Value of an amount of the instrument's base in agent quote, at the reference. */
static bool exposure_value(const struct subject *x, dec base, dec *ret)
{
    dec quote;
    return dec_mul(dec_abs(base), x->reference, DEC_UP, &quote) &&
           valuation_convert(x->e, x->m->in.venue, x->m->in.quote, quote, DEC_UP, ret);
}

/* Long side: position + open buys; short side: position - open sells; with this order. */
static bool worst_sides(const struct subject *x, dec position, dec open_buy, dec open_sell, dec *up,
                        dec *down)
{
    const struct order_request *q = x->req;
    dec buys = open_buy, sells = open_sell;
    if (q->side == SIDE_BUY ? !dec_add(buys, q->qty, &buys) : !dec_add(sells, q->qty, &sells))
        return false;
    return dec_add(position, buys, up) && dec_sub(position, sells, down);
}

static bool gross_exposure(const struct subject *x, bool whole_agent, dec *ret)
{
    const struct engine *e = x->e;
    dec sum = DEC_ZERO;
    for (instrument_id i = 0; i < e->setup->instruments; i++) {
        const struct market_instrument *m = &e->market.item[i];
        const struct holding *h = ledger_holding(&e->ledger, x->s, i);
        const struct instrument_exposure *a = &e->ledger.exposure[i];
        dec position = whole_agent ? a->position : h->qty;
        dec buys = whole_agent ? a->open_buy : h->open_buy,
            sells = whole_agent ? a->open_sell : h->open_sell;
        dec up, down, quote, value;
        if (i == x->req->instrument) {
            if (!worst_sides(x, position, buys, sells, &up, &down))
                return false;
        } else if (!dec_add(position, buys, &up) || !dec_sub(position, sells, &down)) {
            return false;
        }
        dec worst = dec_max(dec_abs(up), dec_abs(down));
        /* Inventory that waits for its first mark is exposure of unknown value. */
        if (!m->has_mark && ledger_awaits_mark(&e->ledger, whole_agent ? STRATEGY_NONE : x->s, i))
            return false;
        if (dec_is_zero(worst))
            continue;
        if (!m->has_mark || !dec_mul(worst, m->mark, DEC_UP, &quote) ||
            !valuation_convert(e, m->in.venue, m->in.quote, quote, DEC_UP, &value) ||
            !dec_add(sum, value, &sum))
            return false;
    }
    *ret = sum;
    return true;
}

/* The value limits of one set (the agent's, or the strategy's own). [agent_value]: order value in
 * agent quote. */
static bool check_limits(const struct subject *x, const struct risk_setup *l, bool whole_agent,
                         dec agent_value)
{
    const struct instrument_exposure *all = &x->e->ledger.exposure[x->req->instrument];
    if (l->has_max_order_value && dec_gt(agent_value, l->max_order_value))
        return deny(x->d, REASON_ORDER_VALUE, l->max_order_value, agent_value);
    if (l->has_max_order_qty && dec_gt(x->req->qty, l->max_order_qty))
        return deny(x->d, REASON_ORDER_QTY, l->max_order_qty, x->req->qty);
    uint32_t open = whole_agent ? x->e->execution.open.count : x->e->execution.own[x->s].count;
    if (l->has_max_open_orders && open >= l->max_open_orders)
        return deny(x->d, REASON_OPEN_ORDERS, dec_from_i64(l->max_open_orders, 0),
                    dec_from_i64((int64_t)open + 1, 0));
    dec over;
    if (reduces(x, &over))
        return true; /* an exit must never be stopped by a limit on what is held */
    dec up, down, value;
    if (!worst_sides(x, whole_agent ? all->position : x->own->qty,
                     whole_agent ? all->open_buy : x->own->open_buy,
                     whole_agent ? all->open_sell : x->own->open_sell, &up, &down) ||
        !exposure_value(x, dec_max(dec_abs(up), dec_abs(down)), &value))
        return deny(x->d, REASON_OVERFLOW, DEC_ZERO, x->req->qty);
    if (l->has_max_position_value && dec_gt(value, l->max_position_value))
        return deny(x->d, REASON_POSITION, l->max_position_value, value);
    if (l->has_max_gross_exposure) {
        if (!gross_exposure(x, whole_agent, &value))
            return deny(x->d, REASON_NO_MARK, l->max_gross_exposure, DEC_ZERO);
        if (dec_gt(value, l->max_gross_exposure))
            return deny(x->d, REASON_GROSS_EXPOSURE, l->max_gross_exposure, value);
    }
    return true;
}

static bool check_budget(const struct subject *x, dec reserve)
{
    const struct instrument *in = &x->m->in;
    dec available = ledger_free(&x->e->ledger, x->s, in->venue,
                                x->req->side == SIDE_BUY ? in->quote : in->base);
    return dec_le(reserve, available) || deny(x->d, REASON_BUDGET, available, reserve);
}

/* Where losses are limited, equity must be known. */
static bool losses_are_known(const struct risk_setup *l, bool equity_known)
{
    return equity_known || !(l->has_daily_loss || l->has_max_drawdown);
}

const struct approved_order *risk_check(struct engine *e, strategy_id s, order_id id,
                                        const struct order_request *req, struct denial *denial)
{
    struct risk *r = e->risk;
    struct denial why = {REASON_NONE, DEC_ZERO, DEC_ZERO};
    struct subject x = {.e = e, .s = s, .req = req, .d = &why};
    bool ok = check_form(&x) && check_allowed(&x);
    if (ok) {
        x.m = &e->market.item[req->instrument];
        x.own = ledger_holding(&e->ledger, s, req->instrument);
        const struct risk_setup *agent = &e->setup->risk, *own = &e->setup->strategy[s].risk;
        dec reserve = DEC_ZERO, agent_value = DEC_ZERO;
        ok = check_state(&x) && check_rules(&x) && check_reference(&x) && check_collar(&x) &&
             value_order(&x, &reserve) && check_notional(&x);
        if (ok && (!losses_are_known(agent, e->equity_known) ||
                   !losses_are_known(own, e->strategy[s].equity_known)))
            ok = deny(&why, REASON_NO_MARK, DEC_ZERO, DEC_ZERO);
        if (ok &&
            !valuation_convert(e, x.m->in.venue, x.m->in.quote, x.value, DEC_UP, &agent_value))
            ok = deny(&why, REASON_NO_MARK, DEC_ZERO, x.value);
        ok = ok && check_limits(&x, agent, true, agent_value) &&
             check_limits(&x, own, false, agent_value) && check_budget(&x, reserve) &&
             rate_allows(&r->agent, agent, e->now_ns, &why) &&
             rate_allows(&r->strategy[s], own, e->now_ns, &why);
        if (ok) {
            r->approved = (struct approved_order){.id = id, .req = *req, .reserve = reserve};
            return &r->approved;
        }
    }
    *denial = why;
    return NULL;
}

/* Requests: on their way, let in, cancelled. */
#include "sim/matching_internal.h"

#include "base/check.h"

#include <string.h>

/* ---- building ---- */

static size_t aligned(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

/* A power of two with room for twice the orders: chains stay short. */
static uint32_t buckets_for(uint32_t orders_max)
{
    uint32_t n = 16;
    while (n < 2 * orders_max)
        n *= 2;
    return n;
}

/* The parts behind struct matching, in this order. */
struct layout {
    size_t market, slot, bucket, request, taken, end;
};

static struct layout layout_of(const struct setup *s, uint32_t orders_max)
{
    struct layout l;
    l.market = aligned(sizeof(struct matching));
    l.slot = l.market + aligned(s->instruments * sizeof(struct market));
    l.bucket = l.slot + aligned(orders_max * sizeof(struct slot));
    l.request = l.bucket + aligned(buckets_for(orders_max) * sizeof(uint32_t));
    l.taken = l.request + aligned(2 * (size_t)orders_max * sizeof(struct request));
    l.end = l.taken + aligned(MATCHING_TAKEN_MAX * sizeof(struct taken));
    return l;
}

size_t matching_size(const struct setup *s, uint32_t orders_max)
{
    return layout_of(s, orders_max).end;
}

static enum err open_account(struct matching *m, const struct setup *s)
{
    for (uint32_t i = 0; i < s->balances; i++) {
        const struct balance_setup *b = &s->balance[i];
        if (b->venue >= s->venues || b->asset >= s->assets || dec_is_neg(b->amount))
            return ERR_RANGE;
        dec *total = &m->account[b->venue][b->asset].total;
        if (!dec_add(*total, b->amount, total))
            return ERR_OVERFLOW;
    }
    return ERR_OK;
}

static bool venue_is_sound(const struct setup *s, const struct venue_setup *v)
{
    return !dec_is_neg(v->maker_fee) && !dec_is_neg(v->taker_fee) && !dec_is_neg(v->slippage) &&
           v->order_latency_ns >= 0 && (v->fee_asset == ASSET_NONE || v->fee_asset < s->assets);
}

static enum err open_markets(struct matching *m, const struct setup *s)
{
    for (uint32_t i = 0; i < s->venues; i++)
        if (!venue_is_sound(s, &s->venue[i]))
            return ERR_RANGE;
    for (uint32_t i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        if (in->venue >= s->venues || in->base >= s->assets || in->quote >= s->assets)
            return ERR_RANGE;
        m->market[i] = (struct market){.buy_at = DEC_ZERO,
                                       .sell_at = DEC_MAX,
                                       .buys = {NIL, NIL},
                                       .sells = {NIL, NIL},
                                       .taken_bids = NIL,
                                       .taken_asks = NIL,
                                       .model = s->venue[in->venue].fill_model,
                                       .venue = in->venue,
                                       .base = in->base,
                                       .quote = in->quote,
                                       .rules = in->rules};
    }
    return ERR_OK;
}

enum err matching_init(struct matching **ret, void *mem, const struct setup *s, uint32_t orders_max,
                       matching_market_fn *market, matching_sink *sink, void *ctx)
{
    CHECK(orders_max > 0 && orders_max <= UINT32_MAX / 4);
    struct layout l = layout_of(s, orders_max);
    struct matching *m = mem;
    unsigned char *base = mem;
    m->setup = s;
    m->ask_market = market;
    m->sink = sink;
    m->ctx = ctx;
    m->market = (void *)(base + l.market);
    m->slot = (void *)(base + l.slot);
    m->bucket = (void *)(base + l.bucket);
    m->request = (void *)(base + l.request);
    m->taken = (void *)(base + l.taken);
    m->slots = orders_max;
    m->bucket_mask = buckets_for(orders_max) - 1;
    m->request_cap = 2 * orders_max;
    m->takens_free = MATCHING_TAKEN_MAX;
    memset(m->bucket, 0xff, (m->bucket_mask + 1) * sizeof m->bucket[0]); /* NIL */
    for (uint32_t i = 0; i < orders_max; i++)
        m->slot[i].next = i + 1 < orders_max ? i + 1 : NIL;
    for (uint32_t i = 0; i < MATCHING_TAKEN_MAX; i++)
        m->taken[i].next = i + 1 < MATCHING_TAKEN_MAX ? i + 1 : NIL;
    enum err e = open_account(m, s);
    if (!e)
        e = open_markets(m, s);
    if (!e)
        *ret = m;
    return e;
}

void matching_set_rules(struct matching *m, instrument_id i, const struct instrument_rules *rules)
{
    CHECK(i < m->setup->instruments);
    m->market[i].rules = *rules;
}

/* ---- slots, found by order id ---- */

static uint32_t *bucket_of(struct matching *m, order_id id)
{
    uint64_t h = id * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio: spreads the low bits */
    return &m->bucket[(h >> 32) & m->bucket_mask];
}

static uint32_t find(struct matching *m, order_id id)
{
    uint32_t i = *bucket_of(m, id);
    while (i != NIL && m->slot[i].id != id)
        i = m->slot[i].chain;
    return i;
}

static uint32_t take_slot(struct matching *m, const struct order *o)
{
    uint32_t i = m->free_slot, *bucket = bucket_of(m, o->id);
    m->free_slot = m->slot[i].next;
    m->slots_used++;
    m->slot[i] = (struct slot){.id = o->id,
                               .price = o->req.type == ORDER_LIMIT ? o->req.price : DEC_ZERO,
                               .open = o->req.qty,
                               .instrument = o->req.instrument,
                               .chain = *bucket,
                               .side = o->req.side,
                               .type = o->req.type,
                               .tif = o->req.tif,
                               .state = SLOT_PENDING,
                               .post_only = o->req.post_only};
    *bucket = i;
    return i;
}

void matching_release(struct matching *m, uint32_t slot)
{
    struct slot *o = &m->slot[slot];
    matching_unlock(m, o);
    uint32_t *link = bucket_of(m, o->id);
    while (*link != slot)
        link = &m->slot[*link].chain;
    *link = o->chain;
    o->state = SLOT_FREE;
    o->next = m->free_slot;
    m->free_slot = slot;
    m->slots_used--;
}

/* ---- requests on their way ---- */

static struct request *request_at(const struct matching *m, uint32_t n)
{
    uint32_t i = m->request_head + n; /* both below the capacity, which is below 2^31 */
    return &m->request[i < m->request_cap ? i : i - m->request_cap];
}

/* Behind everything visible at the same time or earlier. Requests of one venue come in order; only
 * a venue with less latency than another overtakes. There is room. */
static void request_add(struct matching *m, const struct request *r)
{
    uint32_t n = m->requests++;
    for (; n > 0 && request_at(m, n - 1)->visible_ns > r->visible_ns; n--)
        *request_at(m, n) = *request_at(m, n - 1);
    *request_at(m, n) = *r;
}

static enum err visible_at(const struct matching *m, instrument_id i, int64_t ts_ns, int64_t *ret)
{
    int64_t latency = m->setup->venue[m->market[i].venue].order_latency_ns, at;
    if (__builtin_add_overflow(ts_ns, latency, &at) || at == INT64_MAX)
        return ERR_OVERFLOW;
    *ret = at;
    return ERR_OK;
}

static bool is_well_formed(const struct matching *m, const struct order *o)
{
    const struct order_request *r = &o->req;
    return o->id != 0 && r->instrument < m->setup->instruments &&
           (r->side == SIDE_BUY || r->side == SIDE_SELL) &&
           (r->type == ORDER_LIMIT || r->type == ORDER_MARKET) &&
           (r->tif == TIF_GTC || r->tif == TIF_IOC || r->tif == TIF_FOK);
}

enum err matching_submit(struct matching *m, const struct order *o, int64_t ts_ns)
{
    if (!is_well_formed(m, o))
        return ERR_RANGE;
    if (find(m, o->id) != NIL)
        return ERR_EXISTS;
    if (m->slots_used == m->slots || m->requests == m->request_cap)
        return ERR_FULL;
    struct request r = {.id = o->id};
    enum err e = visible_at(m, o->req.instrument, ts_ns, &r.visible_ns);
    if (e)
        return e;
    r.slot = take_slot(m, o);
    request_add(m, &r);
    return ERR_OK;
}

enum err matching_cancel(struct matching *m, order_id id, int64_t ts_ns)
{
    uint32_t i = find(m, id);
    if (i == NIL || m->slot[i].cancel_pending)
        return ERR_OK;
    if (m->requests == m->request_cap)
        return ERR_FULL;
    struct request r = {.id = id, .slot = NIL};
    enum err e = visible_at(m, m->slot[i].instrument, ts_ns, &r.visible_ns);
    if (e)
        return e;
    m->slot[i].cancel_pending = true;
    request_add(m, &r);
    return ERR_OK;
}

int64_t matching_next_ns(const struct matching *m)
{
    return m->requests ? request_at(m, 0)->visible_ns : INT64_MAX;
}

int64_t matching_last_ns(const struct matching *m)
{
    return m->requests ? request_at(m, m->requests - 1)->visible_ns : INT64_MAX;
}

/* ---- an order becomes visible ---- */

void matching_tell(struct matching *m, const struct slot *o, enum order_state state,
                   enum reason reason, int64_t ts_ns)
{
    struct event ev = {
        .kind = EVENT_ORDER,
        .venue = m->market[o->instrument].venue,
        .instrument = o->instrument,
        .ts_event_ns = ts_ns,
        .ts_recv_ns = ts_ns,
        .order = {
            .id = o->id, .state = state, .reason = reason, .venue_order_id = o->venue_order_id}};
    m->sink(m->ctx, &ev);
}

static void close_order(struct matching *m, uint32_t slot, enum order_state state,
                        enum reason reason, int64_t ts_ns)
{
    matching_tell(m, &m->slot[slot], state, reason, ts_ns);
    matching_release(m, slot);
}

/* A zero limit means that there is none. */
static bool within(dec value, dec min, dec max)
{
    return dec_ge(value, min) && (dec_is_zero(max) || dec_le(value, max));
}

/* Whether the order keeps the rules that need no price of the market. */
static bool keeps_rules(const struct instrument_rules *r, const struct slot *o)
{
    if (r->status != INSTRUMENT_TRADING || !dec_is_pos(r->tick_size) || !dec_is_pos(r->lot_size))
        return false;
    if (!dec_is_pos(o->open) || !dec_is_multiple(o->open, r->lot_size) ||
        !within(o->open, r->min_qty, r->max_qty))
        return false;
    if (o->type == ORDER_MARKET)
        return !o->post_only;
    return dec_is_pos(o->price) && dec_is_multiple(o->price, r->tick_size) &&
           within(o->price, r->min_price, r->max_price);
}

/* What the account must have: a limit buy its cost, a market buy the cost of what it would take, a
 * sell its quantity. False on overflow. */
static bool funds_needed(const struct slot *o, const struct take_plan *p, dec *ret)
{
    if (o->side == SIDE_SELL)
        *ret = o->open;
    else if (o->type == ORDER_MARKET)
        *ret = p->cost;
    else
        return dec_mul(o->price, o->open, DEC_UP, ret);
    return true;
}

/* Why the venue would not have the order; NONE where it locks the funds and accepts. */
static enum reason refusal(struct matching *m, struct slot *o, struct take_plan *ret)
{
    const struct instrument_rules *r = &m->market[o->instrument].rules;
    dec value, needed;
    if (!keeps_rules(r, o))
        return REASON_VENUE_RULE;
    if (matching_plan(m, o, ret) != ERR_OK || !funds_needed(o, ret, &needed))
        return REASON_OVERFLOW;
    if (o->type == ORDER_MARKET && !ret->known)
        return REASON_NO_LIQUIDITY;
    dec price = o->type == ORDER_LIMIT ? o->price : ret->first_price;
    if (!dec_mul(price, o->open, DEC_DOWN, &value))
        return REASON_OVERFLOW;
    /* A market order that finds nothing has no value to be checked: it expires. */
    if (dec_is_pos(price) && !within(value, r->min_notional, r->max_notional))
        return REASON_VENUE_RULE;
    if (o->post_only && dec_is_pos(ret->first_price))
        return REASON_WOULD_TAKE;
    return matching_lock(m, o, needed) ? REASON_NONE : REASON_NOT_ENOUGH_FUNDS;
}

static enum err let_in(struct matching *m, uint32_t slot, int64_t ts_ns)
{
    struct slot *o = &m->slot[slot];
    struct take_plan plan = {0};
    enum reason why = refusal(m, o, &plan);
    if (why != REASON_NONE) {
        close_order(m, slot, ORDER_REJECTED, why, ts_ns);
        return ERR_OK;
    }
    o->venue_order_id = ++m->venue_orders;
    if (o->tif == TIF_FOK && dec_lt(plan.qty, o->open)) {
        close_order(m, slot, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED, ts_ns);
        return ERR_OK;
    }
    matching_tell(m, o, ORDER_ACCEPTED, REASON_NONE, ts_ns);
    bool paid;
    enum err e = matching_take(m, o, ts_ns, &paid);
    if (e)
        return e;
    if (!paid)
        close_order(m, slot, ORDER_EXPIRED, REASON_NOT_ENOUGH_FUNDS, ts_ns);
    else if (dec_is_zero(o->open))
        matching_release(m, slot);
    else if (o->type == ORDER_LIMIT && o->tif == TIF_GTC && !plan.cut)
        matching_rest(m, slot);
    else
        close_order(m, slot, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED, ts_ns);
    return ERR_OK;
}

/* A cancel of an order that is not open any more, or not yet, does nothing. */
static void let_cancel_in(struct matching *m, order_id id, int64_t ts_ns)
{
    uint32_t i = find(m, id);
    if (i == NIL)
        return;
    m->slot[i].cancel_pending = false;
    if (m->slot[i].state != SLOT_RESTING)
        return;
    matching_unrest(m, i);
    close_order(m, i, ORDER_CANCELED, REASON_NONE, ts_ns);
}

enum err matching_step(struct matching *m)
{
    if (m->requests == 0)
        return ERR_NOT_FOUND;
    struct request r = *request_at(m, 0);
    m->request_head = m->request_head + 1 < m->request_cap ? m->request_head + 1 : 0;
    m->requests--;
    if (r.slot != NIL)
        return let_in(m, r.slot, r.visible_ns);
    let_cancel_in(m, r.id, r.visible_ns);
    return ERR_OK;
}

enum err matching_advance(struct matching *m, int64_t ts_ns)
{
    while (m->requests && request_at(m, 0)->visible_ns < ts_ns) {
        enum err e = matching_step(m);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum err matching_market_event(struct matching *m, const struct event *ev)
{
    if (ev->kind != EVENT_TRADE && ev->kind != EVENT_BOOK && ev->kind != EVENT_TOP)
        return ERR_OK;
    if (ev->instrument >= m->setup->instruments)
        return ERR_RANGE;
    struct market *k = &m->market[ev->instrument];
    if (ev->kind == EVENT_TRADE) {
        if (dec_gt(ev->trade.price, k->buy_at) && dec_lt(ev->trade.price, k->sell_at))
            return ERR_OK;
        return matching_trade(m, k, ev);
    }
    if (k->taken_bids != NIL || k->taken_asks != NIL)
        matching_forget(m, k, ev);
    if (k->model == FILL_QUEUE)
        matching_queue_forward(m, k, ev);
    return ERR_OK;
}

/* ---- views ---- */

dec matching_balance(const struct matching *m, venue_id v, asset_id a)
{
    CHECK(v < m->setup->venues && a < m->setup->assets);
    return m->account[v][a].total;
}

dec matching_locked(const struct matching *m, venue_id v, asset_id a)
{
    CHECK(v < m->setup->venues && a < m->setup->assets);
    return m->account[v][a].locked;
}

uint32_t matching_orders(const struct matching *m)
{
    return m->slots_used;
}

/* Bytes of events and effects and back: the journal's payloads. Every enum is one byte, every count
 * and text has its length in front. Decoding is strict, so that bytes which no encoder wrote are
 * refused instead of becoming a false event. */
#include "model/effect.h"
#include "model/event.h"

static uint8_t read_byte_in(struct bufr *in, uint8_t first, uint8_t last)
{
    uint8_t v = bufr_u8(in);
    if (v < first || v > last)
        in->failed = true;
    return v;
}

static bool read_bool(struct bufr *in)
{
    return read_byte_in(in, 0, 1) == 1;
}

static void write_bool(struct bufw *out, bool v)
{
    bufw_u8(out, v ? 1 : 0);
}

/* Enums are stored as one byte. A strategy may hand in any number in a request: what does not fit
 * becomes 255, which no enum uses. */
static void write_enum(struct bufw *out, unsigned v)
{
    bufw_u8(out, v > UINT8_MAX ? UINT8_MAX : (uint8_t)v);
}

/* The numbers have gaps: one is good when it has a name. */
static enum reason read_reason(struct bufr *in)
{
    uint8_t v = bufr_u8(in);
    if (!reason_exists(v))
        in->failed = true;
    return (enum reason)v;
}

static void write_rules(struct bufw *out, const struct instrument_rules *r)
{
    write_enum(out, r->status);
    bufw_dec(out, r->tick_size);
    bufw_dec(out, r->lot_size);
    bufw_dec(out, r->min_price);
    bufw_dec(out, r->max_price);
    bufw_dec(out, r->min_qty);
    bufw_dec(out, r->max_qty);
    bufw_dec(out, r->min_notional);
    bufw_dec(out, r->max_notional);
    bufw_dec(out, r->base_precision);
    bufw_dec(out, r->quote_precision);
}

static void read_rules(struct bufr *in, struct instrument_rules *r)
{
    r->status = (enum instrument_status)read_byte_in(in, INSTRUMENT_UNKNOWN, INSTRUMENT_SUSPENDED);
    r->tick_size = bufr_dec(in);
    r->lot_size = bufr_dec(in);
    r->min_price = bufr_dec(in);
    r->max_price = bufr_dec(in);
    r->min_qty = bufr_dec(in);
    r->max_qty = bufr_dec(in);
    r->min_notional = bufr_dec(in);
    r->max_notional = bufr_dec(in);
    r->base_precision = bufr_dec(in);
    r->quote_precision = bufr_dec(in);
}

static void write_levels(struct bufw *out, const struct level *l, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        bufw_dec(out, l[i].price);
        bufw_dec(out, l[i].qty);
    }
}

static void read_levels(struct bufr *in, struct level *l, uint32_t n)
{
    for (uint32_t i = 0; i < n && !in->failed; i++) {
        l[i].price = bufr_dec(in);
        l[i].qty = bufr_dec(in);
    }
}

static void write_book(struct bufw *out, const struct event_book *b)
{
    write_bool(out, b->snapshot);
    bufw_u32(out, b->bids);
    bufw_u32(out, b->asks);
    write_levels(out, b->bid, b->bids);
    write_levels(out, b->ask, b->asks);
    bufw_u64(out, b->last_update_id);
}

static enum err read_book(struct bufr *in, struct level *levels, uint32_t cap, struct event_book *b)
{
    b->snapshot = read_bool(in);
    b->bids = bufr_u32(in);
    b->asks = bufr_u32(in);
    uint64_t all = (uint64_t)b->bids + b->asks;
    if (in->failed || all > (in->len - in->pos) / (2 * sizeof(dec)))
        return ERR_SYNTAX; /* before ERR_FULL: a count that the bytes cannot hold is garbage */
    if (all > cap)
        return ERR_FULL;
    read_levels(in, levels, b->bids);
    read_levels(in, levels + b->bids, b->asks);
    b->bid = levels;
    b->ask = levels + b->bids;
    b->last_update_id = bufr_u64(in);
    return ERR_OK;
}

static void write_denial(struct bufw *out, const struct denial *d)
{
    write_enum(out, d->reason);
    bufw_dec(out, d->limit);
    bufw_dec(out, d->value);
    write_enum(out, d->scope);
    bufw_u32(out, d->index);
}

static void read_denial(struct bufr *in, struct denial *d)
{
    d->reason = read_reason(in);
    d->limit = bufr_dec(in);
    d->value = bufr_dec(in);
    d->scope = (enum limit_scope)read_byte_in(in, LIMIT_OF_NONE, LIMIT_OF_GROUP);
    d->index = bufr_u32(in);
}

static void write_candle(struct bufw *out, const struct event_candle *c)
{
    bufw_i64(out, c->open_ns);
    bufw_i64(out, c->timeframe_ns);
    bufw_dec(out, c->open);
    bufw_dec(out, c->high);
    bufw_dec(out, c->low);
    bufw_dec(out, c->close);
    bufw_dec(out, c->volume);
    write_bool(out, c->empty);
}

static void read_candle(struct bufr *in, struct event_candle *c)
{
    c->open_ns = bufr_i64(in);
    c->timeframe_ns = bufr_i64(in);
    c->open = bufr_dec(in);
    c->high = bufr_dec(in);
    c->low = bufr_dec(in);
    c->close = bufr_dec(in);
    c->volume = bufr_dec(in);
    c->empty = read_bool(in);
}

static void write_param(struct bufw *out, const struct event_param *p)
{
    bufw_u16(out, p->strategy);
    bufw_u16(out, p->index);
    write_enum(out, p->type);
    write_bool(out, p->present);
    write_bool(out, p->more);
    if (!p->present)
        return;
    switch (p->type) {
    case PARAM_DECIMAL: bufw_dec(out, p->value.decimal); return;
    case PARAM_INTEGER: bufw_i64(out, p->value.integer); return;
    case PARAM_BOOL: write_bool(out, p->value.boolean); return;
    case PARAM_CHOICE: bufw_u32(out, p->value.choice); return;
    case PARAM_DURATION: bufw_i64(out, p->value.duration_ns); return;
    case PARAM_INSTRUMENT: bufw_u32(out, p->value.instrument); return;
    case PARAM_DECIMALS:
        bufw_u32(out, p->list.count);
        for (uint32_t i = 0; i < p->list.count; i++)
            bufw_dec(out, p->list.decimal[i]);
        return;
    case PARAM_DURATIONS:
        bufw_u32(out, p->list.count);
        for (uint32_t i = 0; i < p->list.count; i++)
            bufw_i64(out, p->list.duration_ns[i]);
        return;
    }
    out->failed = true;
}

static uint32_t read_list_count(struct bufr *in)
{
    uint32_t n = bufr_u32(in);
    if (n == 0 || n > PARAM_LIST_MAX)
        in->failed = true;
    return in->failed ? 0 : n;
}

static void read_param(struct bufr *in, struct event_param *p)
{
    p->strategy = bufr_u16(in);
    p->index = bufr_u16(in);
    p->type = (enum param_type)read_byte_in(in, PARAM_DECIMAL, PARAM_DURATIONS);
    p->present = read_bool(in);
    p->more = read_bool(in);
    if (!p->present || in->failed)
        return;
    switch (p->type) {
    case PARAM_DECIMAL: p->value.decimal = bufr_dec(in); break;
    case PARAM_INTEGER: p->value.integer = bufr_i64(in); break;
    case PARAM_BOOL: p->value.boolean = read_bool(in); break;
    case PARAM_CHOICE: p->value.choice = bufr_u32(in); break;
    case PARAM_DURATION: p->value.duration_ns = bufr_i64(in); break;
    case PARAM_INSTRUMENT: p->value.instrument = bufr_u32(in); break;
    case PARAM_DECIMALS:
        p->list.count = read_list_count(in);
        for (uint32_t i = 0; i < p->list.count; i++)
            p->list.decimal[i] = bufr_dec(in);
        return;
    case PARAM_DURATIONS:
        p->list.count = read_list_count(in);
        for (uint32_t i = 0; i < p->list.count; i++)
            p->list.duration_ns[i] = bufr_i64(in);
        return;
    }
    p->value.present = true;
}

void event_encode(const struct event *e, struct bufw *out)
{
    write_enum(out, e->kind);
    bufw_u16(out, e->venue);
    bufw_u32(out, e->instrument);
    bufw_i64(out, e->ts_event_ns);
    bufw_i64(out, e->ts_recv_ns);
    switch (e->kind) {
    case EVENT_INSTRUMENT: write_rules(out, &e->rules); return;
    case EVENT_FEED: write_enum(out, e->feed); return;
    case EVENT_TOP:
        bufw_dec(out, e->top.bid_price);
        bufw_dec(out, e->top.bid_qty);
        bufw_dec(out, e->top.ask_price);
        bufw_dec(out, e->top.ask_qty);
        return;
    case EVENT_TRADE:
        bufw_dec(out, e->trade.price);
        bufw_dec(out, e->trade.qty);
        bufw_u64(out, e->trade.trade_id);
        write_enum(out, e->trade.aggressor);
        return;
    case EVENT_BOOK: write_book(out, &e->book); return;
    case EVENT_CANDLE: write_candle(out, &e->candle); return;
    case EVENT_HISTORY:
        bufw_u16(out, e->history.strategy);
        write_bool(out, e->history.last);
        write_candle(out, &e->history.candle);
        return;
    case EVENT_PARAM: write_param(out, &e->param); return;
    case EVENT_SIGNER: write_enum(out, e->signer); return;
    case EVENT_TIMER:
    case EVENT_STARTED: return;
    case EVENT_ORDER:
        bufw_u64(out, e->order.id);
        write_enum(out, e->order.state);
        write_enum(out, e->order.reason);
        bufw_u64(out, e->order.venue_order_id);
        write_denial(out, &e->order.denial);
        return;
    case EVENT_FILL:
        bufw_u64(out, e->fill.id);
        bufw_u64(out, e->fill.fill_id);
        bufw_dec(out, e->fill.price);
        bufw_dec(out, e->fill.qty);
        bufw_dec(out, e->fill.fee);
        bufw_u16(out, e->fill.fee_asset);
        write_enum(out, e->fill.liquidity);
        return;
    case EVENT_COMMAND:
        write_enum(out, e->command.kind);
        bufw_u16(out, e->command.strategy);
        bufw_text(out, e->command.reason);
        bufw_u32(out, e->command.uid);
        return;
    }
    out->failed = true; /* an event of no kind is never written */
}

enum err event_decode(struct bufr *in, struct level *levels, uint32_t cap, struct event *ret)
{
    struct event e;
    memset(&e, 0, sizeof e);
    e.kind = (enum event_kind)read_byte_in(in, EVENT_INSTRUMENT, EVENT_SIGNER);
    e.venue = bufr_u16(in);
    e.instrument = bufr_u32(in);
    e.ts_event_ns = bufr_i64(in);
    e.ts_recv_ns = bufr_i64(in);
    if (in->failed)
        return ERR_SYNTAX;
    switch (e.kind) {
    case EVENT_INSTRUMENT: read_rules(in, &e.rules); break;
    case EVENT_FEED: e.feed = (enum feed_state)read_byte_in(in, FEED_LIVE, FEED_INVALID); break;
    case EVENT_TOP:
        e.top.bid_price = bufr_dec(in);
        e.top.bid_qty = bufr_dec(in);
        e.top.ask_price = bufr_dec(in);
        e.top.ask_qty = bufr_dec(in);
        break;
    case EVENT_TRADE:
        e.trade.price = bufr_dec(in);
        e.trade.qty = bufr_dec(in);
        e.trade.trade_id = bufr_u64(in);
        e.trade.aggressor = (enum side)read_byte_in(in, SIDE_BUY, SIDE_SELL);
        break;
    case EVENT_BOOK: {
        enum err rc = read_book(in, levels, cap, &e.book);
        if (rc != ERR_OK)
            return rc;
        break;
    }
    case EVENT_CANDLE: read_candle(in, &e.candle); break;
    case EVENT_HISTORY:
        e.history.strategy = bufr_u16(in);
        e.history.last = read_bool(in);
        read_candle(in, &e.history.candle);
        break;
    case EVENT_PARAM: read_param(in, &e.param); break;
    case EVENT_SIGNER:
        e.signer = (enum signer_state)read_byte_in(in, SIGNER_ABSENT, SIGNER_NOT_ALLOWED);
        break;
    case EVENT_TIMER:
    case EVENT_STARTED: break;
    case EVENT_ORDER:
        e.order.id = bufr_u64(in);
        e.order.state = (enum order_state)read_byte_in(in, ORDER_INTENT, ORDER_IN_DOUBT);
        e.order.reason = read_reason(in);
        e.order.venue_order_id = bufr_u64(in);
        read_denial(in, &e.order.denial);
        break;
    case EVENT_FILL:
        e.fill.id = bufr_u64(in);
        e.fill.fill_id = bufr_u64(in);
        e.fill.price = bufr_dec(in);
        e.fill.qty = bufr_dec(in);
        e.fill.fee = bufr_dec(in);
        e.fill.fee_asset = bufr_u16(in);
        e.fill.liquidity = (enum liquidity)read_byte_in(in, LIQUIDITY_MAKER, LIQUIDITY_TAKER);
        break;
    case EVENT_COMMAND:
        e.command.kind = (enum command_kind)read_byte_in(in, COMMAND_PAUSE, COMMAND_START);
        e.command.strategy = bufr_u16(in);
        bufr_text(in, e.command.reason, sizeof e.command.reason);
        e.command.uid = bufr_u32(in);
        break;
    }
    if (in->failed)
        return ERR_SYNTAX;
    *ret = e;
    return ERR_OK;
}

static void write_request(struct bufw *out, const struct order_request *r)
{
    bufw_u32(out, r->instrument);
    write_enum(out, r->side);
    write_enum(out, r->type);
    write_enum(out, r->tif);
    write_bool(out, r->post_only);
    write_bool(out, r->reduce_only);
    bufw_dec(out, r->price);
    bufw_dec(out, r->qty);
    bufw_u32(out, r->tag);
    write_bool(out, r->repeat);
    bufw_u64(out, r->parent);
}

/* [any]: a denied request may hold any number; it was denied (MALFORMED) for that. */
static void read_request(struct bufr *in, bool any, struct order_request *r)
{
    r->instrument = bufr_u32(in);
    uint8_t low = any ? 0 : 1;
    r->side = (enum side)read_byte_in(in, low, any ? UINT8_MAX : SIDE_SELL);
    r->type = (enum order_type)read_byte_in(in, low, any ? UINT8_MAX : ORDER_MARKET);
    r->tif = (enum tif)read_byte_in(in, low, any ? UINT8_MAX : TIF_FOK);
    r->post_only = read_bool(in);
    r->reduce_only = read_bool(in);
    r->price = bufr_dec(in);
    r->qty = bufr_dec(in);
    r->tag = bufr_u32(in);
    r->repeat = read_bool(in);
    r->parent = bufr_u64(in);
}

static void write_order(struct bufw *out, const struct order *o)
{
    bufw_u64(out, o->id);
    write_request(out, &o->req);
    bufw_u16(out, o->strategy);
    write_enum(out, o->state);
    bufw_dec(out, o->filled_qty);
    bufw_dec(out, o->filled_quote);
    bufw_dec(out, o->reserved);
    bufw_i64(out, o->ts_submit_ns);
    bufw_i64(out, o->ts_last_ns);
    bufw_u64(out, o->venue_order_id);
    bufw_u32(out, o->fills);
}

static void read_order(struct bufr *in, struct order *o)
{
    o->id = bufr_u64(in);
    read_request(in, false, &o->req);
    o->strategy = bufr_u16(in);
    o->state = (enum order_state)read_byte_in(in, ORDER_INTENT, ORDER_IN_DOUBT);
    o->filled_qty = bufr_dec(in);
    o->filled_quote = bufr_dec(in);
    o->reserved = bufr_dec(in);
    o->ts_submit_ns = bufr_i64(in);
    o->ts_last_ns = bufr_i64(in);
    o->venue_order_id = bufr_u64(in);
    o->fills = bufr_u32(in);
}

void effect_encode(const struct effect *e, struct bufw *out)
{
    write_enum(out, e->kind);
    bufw_u16(out, e->strategy);
    switch (e->kind) {
    case EFFECT_SUBMIT: write_order(out, &e->submit); return;
    case EFFECT_CANCEL: bufw_u64(out, e->cancel); return;
    case EFFECT_DENIED:
        bufw_u64(out, e->denied.id);
        write_request(out, &e->denied.req);
        write_denial(out, &e->denied.denial);
        return;
    case EFFECT_STATE:
        write_enum(out, e->state.scope);
        bufw_u16(out, e->state.index);
        write_enum(out, e->state.from);
        write_enum(out, e->state.to);
        write_enum(out, e->state.reason);
        bufw_dec(out, e->state.limit);
        bufw_dec(out, e->state.value);
        return;
    case EFFECT_LEDGER:
        bufw_u16(out, e->ledger.strategy);
        bufw_u32(out, e->ledger.instrument);
        bufw_dec(out, e->ledger.base);
        bufw_dec(out, e->ledger.quote);
        bufw_dec(out, e->ledger.position);
        bufw_dec(out, e->ledger.cost);
        bufw_dec(out, e->ledger.realized);
        return;
    case EFFECT_RESYNC: bufw_u32(out, e->resync); return;
    case EFFECT_NOTE: bufw_text(out, e->note); return;
    case EFFECT_ORDER:
        bufw_u64(out, e->order.id);
        write_enum(out, e->order.from);
        write_enum(out, e->order.to);
        write_enum(out, e->order.reason);
        return;
    case EFFECT_FILL:
        bufw_u64(out, e->fill.id);
        write_request(out, &e->fill.req);
        bufw_u64(out, e->fill.fill_id);
        bufw_dec(out, e->fill.price);
        bufw_dec(out, e->fill.qty);
        bufw_dec(out, e->fill.fee);
        bufw_u16(out, e->fill.fee_asset);
        write_enum(out, e->fill.liquidity);
        bufw_dec(out, e->fill.realized);
        return;
    case EFFECT_ALERT:
        bufw_u16(out, e->alert.alert);
        bufw_dec(out, e->alert.level);
        bufw_dec(out, e->alert.value);
        return;
    case EFFECT_GUARD:
        write_enum(out, e->guard.reason);
        bufw_u32(out, e->guard.instrument);
        write_bool(out, e->guard.locked);
        bufw_i64(out, e->guard.until_ns);
        bufw_dec(out, e->guard.limit);
        bufw_dec(out, e->guard.value);
        return;
    }
    out->failed = true; /* an effect of no kind is never written */
}

enum err effect_decode(struct bufr *in, struct effect *ret)
{
    struct effect e;
    memset(&e, 0, sizeof e);
    e.kind = (enum effect_kind)bufr_u8(in);
    if (effect_kind_name(e.kind)[0] == '?')
        return ERR_SYNTAX;
    e.strategy = bufr_u16(in);
    if (in->failed)
        return ERR_SYNTAX;
    switch (e.kind) {
    case EFFECT_SUBMIT: read_order(in, &e.submit); break;
    case EFFECT_CANCEL: e.cancel = bufr_u64(in); break;
    case EFFECT_DENIED:
        e.denied.id = bufr_u64(in);
        read_request(in, true, &e.denied.req);
        read_denial(in, &e.denied.denial);
        break;
    case EFFECT_STATE:
        e.state.scope = (enum state_scope)read_byte_in(in, SCOPE_AGENT, SCOPE_STRATEGY);
        e.state.index = bufr_u16(in);
        e.state.from = (enum trading_state)read_byte_in(in, STATE_ACTIVE, STATE_HALTED);
        e.state.to = (enum trading_state)read_byte_in(in, STATE_ACTIVE, STATE_HALTED);
        e.state.reason = read_reason(in);
        e.state.limit = bufr_dec(in);
        e.state.value = bufr_dec(in);
        break;
    case EFFECT_LEDGER:
        e.ledger.strategy = bufr_u16(in);
        e.ledger.instrument = bufr_u32(in);
        e.ledger.base = bufr_dec(in);
        e.ledger.quote = bufr_dec(in);
        e.ledger.position = bufr_dec(in);
        e.ledger.cost = bufr_dec(in);
        e.ledger.realized = bufr_dec(in);
        break;
    case EFFECT_RESYNC: e.resync = bufr_u32(in); break;
    case EFFECT_NOTE: bufr_text(in, e.note, sizeof e.note); break;
    case EFFECT_ORDER:
        e.order.id = bufr_u64(in);
        e.order.from = (enum order_state)read_byte_in(in, ORDER_INTENT, ORDER_IN_DOUBT);
        e.order.to = (enum order_state)read_byte_in(in, ORDER_INTENT, ORDER_IN_DOUBT);
        e.order.reason = read_reason(in);
        break;
    case EFFECT_FILL:
        e.fill.id = bufr_u64(in);
        read_request(in, false, &e.fill.req);
        e.fill.fill_id = bufr_u64(in);
        e.fill.price = bufr_dec(in);
        e.fill.qty = bufr_dec(in);
        e.fill.fee = bufr_dec(in);
        e.fill.fee_asset = bufr_u16(in);
        e.fill.liquidity = (enum liquidity)read_byte_in(in, LIQUIDITY_MAKER, LIQUIDITY_TAKER);
        e.fill.realized = bufr_dec(in);
        break;
    case EFFECT_ALERT:
        e.alert.alert = bufr_u16(in);
        e.alert.level = bufr_dec(in);
        e.alert.value = bufr_dec(in);
        break;
    case EFFECT_GUARD:
        e.guard.reason = read_reason(in);
        e.guard.instrument = bufr_u32(in);
        e.guard.locked = read_bool(in);
        e.guard.until_ns = bufr_i64(in);
        e.guard.limit = bufr_dec(in);
        e.guard.value = bufr_dec(in);
        break;
    }
    if (in->failed)
        return ERR_SYNTAX;
    *ret = e;
    return ERR_OK;
}

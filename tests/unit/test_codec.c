/* Events and effects to bytes and back: every kind, every field, the limits, and garbage. */
#include "base/rng.h"
#include "model/effect.h"
#include "model/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LEVELS 64

static uint64_t seed_now(void)
{
    const char *text = getenv("TRADEWIND_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : UINT64_C(20240808);
    fprintf(stderr, "# TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static dec any_dec(struct rng *r)
{
    switch (rng_below(r, 6)) {
    case 0: return DEC_ZERO;
    case 1: return DEC_MAX;
    case 2: return dec_neg(DEC_MAX);
    case 3: return (dec){(i128)rng_below(r, 1000)};
    case 4: return (dec){-(i128)rng_u64(r)};
    default: return (dec){(i128)(((u128)rng_u64(r) << 64 | rng_u64(r)) >> 1)};
    }
}

static void any_text(struct rng *r, char *out, size_t cap)
{
    size_t n = rng_below(r, 4) == 0 ? cap - 1 : rng_below(r, cap);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(1 + rng_below(r, 255));
    out[n] = 0;
}

static uint8_t pick(struct rng *r, uint8_t first, uint8_t last)
{
    return (uint8_t)(first + rng_below(r, (uint64_t)last - first + 1u));
}

static enum reason any_reason(struct rng *r)
{
    for (;;) {
        uint8_t n = pick(r, 0, UINT8_MAX);
        if (reason_exists(n))
            return (enum reason)n;
    }
}

static struct denial any_denial(struct rng *r)
{
    struct denial d = {.reason = any_reason(r)};
    d.limit = any_dec(r);
    d.value = any_dec(r);
    d.scope = (enum limit_scope)pick(r, LIMIT_OF_NONE, LIMIT_OF_GROUP);
    d.index = (uint32_t)rng_u64(r);
    return d;
}

static void fill_decs(struct rng *r, dec *d, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d[i] = any_dec(r);
}

static void any_candle(struct rng *r, struct event_candle *c)
{
    c->open_ns = (int64_t)rng_u64(r);
    c->timeframe_ns = (int64_t)rng_u64(r);
    fill_decs(r, &c->open, 5);
    c->empty = rng_below(r, 2) == 1;
}

/* Of every type; *p was zeroed. */
static void any_param(struct rng *r, struct event_param *p)
{
    p->strategy = (strategy_id)rng_u64(r);
    p->index = (uint16_t)rng_u64(r);
    p->type = (enum param_type)pick(r, PARAM_DECIMAL, PARAM_DURATIONS);
    p->present = rng_below(r, 4) > 0;
    p->more = rng_below(r, 2) > 0;
    if (!p->present)
        return;
    if (p->type == PARAM_DECIMALS || p->type == PARAM_DURATIONS) {
        p->list.count = 1 + (uint32_t)rng_below(r, PARAM_LIST_MAX);
        for (uint32_t i = 0; i < p->list.count; i++)
            if (p->type == PARAM_DECIMALS)
                p->list.decimal[i] = any_dec(r);
            else
                p->list.duration_ns[i] = (int64_t)rng_u64(r);
        return;
    }
    p->value.present = true;
    switch (p->type) {
    case PARAM_DECIMAL: p->value.decimal = any_dec(r); break;
    case PARAM_INTEGER: p->value.integer = (int64_t)rng_u64(r); break;
    case PARAM_BOOL: p->value.boolean = rng_below(r, 2) == 1; break;
    case PARAM_CHOICE: p->value.choice = (uint32_t)rng_u64(r); break;
    case PARAM_DURATION: p->value.duration_ns = (int64_t)rng_u64(r); break;
    case PARAM_INSTRUMENT: p->value.instrument = (instrument_id)rng_u64(r); break;
    case PARAM_DECIMALS:
    case PARAM_DURATIONS: break;
    }
}

static struct event any_event(struct rng *r, enum event_kind kind, struct level *levels)
{
    struct event e;
    memset(&e, 0, sizeof e);
    e.kind = kind;
    e.venue = (venue_id)rng_u64(r);
    e.instrument = (instrument_id)rng_u64(r);
    e.ts_event_ns = (int64_t)rng_u64(r);
    e.ts_recv_ns = (int64_t)rng_u64(r);
    switch (kind) {
    case EVENT_INSTRUMENT:
        e.rules.status = (enum instrument_status)pick(r, INSTRUMENT_UNKNOWN, INSTRUMENT_SUSPENDED);
        fill_decs(r, &e.rules.tick_size, 10);
        break;
    case EVENT_FEED: e.feed = (enum feed_state)pick(r, FEED_LIVE, FEED_INVALID); break;
    case EVENT_TOP: fill_decs(r, &e.top.bid_price, 4); break;
    case EVENT_TRADE:
        e.trade.price = any_dec(r);
        e.trade.qty = any_dec(r);
        e.trade.trade_id = rng_u64(r);
        e.trade.aggressor = (enum side)pick(r, SIDE_BUY, SIDE_SELL);
        break;
    case EVENT_BOOK:
        e.book.snapshot = rng_below(r, 2) == 1;
        e.book.bids = (uint32_t)rng_below(r, LEVELS / 2 + 1);
        e.book.asks = rng_below(r, 3) ? (uint32_t)rng_below(r, LEVELS / 2 + 1) : LEVELS / 2;
        for (size_t i = 0; i < LEVELS; i++)
            levels[i] = (struct level){any_dec(r), any_dec(r)};
        e.book.bid = levels;
        e.book.ask = levels + LEVELS / 2;
        e.book.last_update_id = rng_u64(r);
        break;
    case EVENT_CANDLE: any_candle(r, &e.candle); break;
    case EVENT_HISTORY:
        e.history.strategy = (strategy_id)rng_u64(r);
        any_candle(r, &e.history.candle);
        break;
    case EVENT_PARAM: any_param(r, &e.param); break;
    case EVENT_SIGNER:
        e.signer = (enum signer_state)pick(r, SIGNER_ABSENT, SIGNER_NOT_ALLOWED);
        break;
    case EVENT_TIMER:
    case EVENT_STARTED: break;
    case EVENT_ORDER:
        e.order.id = rng_u64(r);
        e.order.state = (enum order_state)pick(r, ORDER_INTENT, ORDER_IN_DOUBT);
        e.order.reason = any_reason(r);
        e.order.venue_order_id = rng_u64(r);
        e.order.denial = any_denial(r);
        break;
    case EVENT_FILL:
        e.fill.id = rng_u64(r);
        e.fill.fill_id = rng_u64(r);
        fill_decs(r, &e.fill.price, 3);
        e.fill.fee_asset = (asset_id)rng_u64(r);
        e.fill.liquidity = (enum liquidity)pick(r, LIQUIDITY_MAKER, LIQUIDITY_TAKER);
        break;
    case EVENT_COMMAND:
        e.command.kind = (enum command_kind)pick(r, COMMAND_PAUSE, COMMAND_UNHALT);
        e.command.strategy = (strategy_id)rng_u64(r);
        any_text(r, e.command.reason, sizeof e.command.reason);
        e.command.uid = (uint32_t)rng_u64(r);
        break;
    }
    return e;
}

static struct order_request any_request(struct rng *r)
{
    return (struct order_request){
        .instrument = (instrument_id)rng_u64(r),
        .side = (enum side)pick(r, SIDE_BUY, SIDE_SELL),
        .type = (enum order_type)pick(r, ORDER_LIMIT, ORDER_MARKET),
        .tif = (enum tif)pick(r, TIF_GTC, TIF_FOK),
        .post_only = rng_below(r, 2) == 1,
        .reduce_only = rng_below(r, 2) == 1,
        .price = any_dec(r),
        .qty = any_dec(r),
        .tag = (uint32_t)rng_u64(r),
        .repeat = rng_below(r, 2) == 1,
        .parent = rng_u64(r),
    };
}

static struct effect any_effect(struct rng *r, enum effect_kind kind)
{
    struct effect e;
    memset(&e, 0, sizeof e);
    e.kind = kind;
    e.strategy = (strategy_id)rng_u64(r);
    switch (kind) {
    case EFFECT_SUBMIT:
        e.submit = (struct order){.id = rng_u64(r),
                                  .req = any_request(r),
                                  .strategy = (strategy_id)rng_u64(r),
                                  .state = (enum order_state)pick(r, ORDER_INTENT, ORDER_IN_DOUBT),
                                  .filled_qty = any_dec(r),
                                  .filled_quote = any_dec(r),
                                  .reserved = any_dec(r),
                                  .ts_submit_ns = (int64_t)rng_u64(r),
                                  .ts_last_ns = (int64_t)rng_u64(r),
                                  .venue_order_id = rng_u64(r),
                                  .fills = (uint32_t)rng_u64(r)};
        break;
    case EFFECT_CANCEL: e.cancel = rng_u64(r); break;
    case EFFECT_DENIED:
        e.denied = (struct effect_denied){rng_u64(r), any_request(r), any_denial(r)};
        break;
    case EFFECT_STATE:
        e.state.scope = (enum state_scope)pick(r, SCOPE_AGENT, SCOPE_STRATEGY);
        e.state.index = (uint16_t)rng_u64(r);
        e.state.from = (enum trading_state)pick(r, STATE_ACTIVE, STATE_HALTED);
        e.state.to = (enum trading_state)pick(r, STATE_ACTIVE, STATE_HALTED);
        e.state.reason = any_reason(r);
        e.state.limit = any_dec(r);
        e.state.value = any_dec(r);
        break;
    case EFFECT_LEDGER:
        e.ledger.strategy = (strategy_id)rng_u64(r);
        e.ledger.instrument = (instrument_id)rng_u64(r);
        fill_decs(r, &e.ledger.base, 5);
        break;
    case EFFECT_RESYNC: e.resync = (instrument_id)rng_u64(r); break;
    case EFFECT_NOTE: any_text(r, e.note, sizeof e.note); break;
    case EFFECT_ORDER:
        e.order.id = rng_u64(r);
        e.order.from = (enum order_state)pick(r, ORDER_INTENT, ORDER_IN_DOUBT);
        e.order.to = (enum order_state)pick(r, ORDER_INTENT, ORDER_IN_DOUBT);
        e.order.reason = any_reason(r);
        break;
    case EFFECT_FILL:
        e.fill.id = rng_u64(r);
        e.fill.req = any_request(r);
        e.fill.fill_id = rng_u64(r);
        fill_decs(r, &e.fill.price, 3);
        e.fill.fee_asset = (asset_id)rng_u64(r);
        e.fill.liquidity = (enum liquidity)pick(r, LIQUIDITY_MAKER, LIQUIDITY_TAKER);
        e.fill.realized = any_dec(r);
        break;
    case EFFECT_ALERT:
        e.alert = (struct effect_alert){(uint16_t)rng_u64(r), any_dec(r), any_dec(r)};
        break;
    case EFFECT_GUARD:
        e.guard = (struct effect_guard){(enum reason)pick(r, REASON_GUARD_LOSSES, REASON_SCHEDULE),
                                        (instrument_id)rng_u64(r),
                                        pick(r, 0, 1) == 1,
                                        (int64_t)rng_u64(r),
                                        any_dec(r),
                                        any_dec(r)};
        break;
    }
    return e;
}

static void assert_dec(dec a, dec b)
{
    assert_true(dec_eq(a, b));
}

static void assert_denial(const struct denial *a, const struct denial *b)
{
    assert_int_equal(a->reason, b->reason);
    assert_dec(a->limit, b->limit);
    assert_dec(a->value, b->value);
    assert_int_equal(a->scope, b->scope);
    assert_int_equal(a->index, b->index);
}

/* Field by field, because padding bytes are nobody's. */
static void assert_candle(const struct event_candle *a, const struct event_candle *b)
{
    assert_true(a->open_ns == b->open_ns && a->timeframe_ns == b->timeframe_ns);
    assert_memory_equal(&a->open, &b->open, 5 * sizeof(dec));
    assert_int_equal(a->empty, b->empty);
}

static void assert_event(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->venue, b->venue);
    assert_int_equal(a->instrument, b->instrument);
    assert_true(a->ts_event_ns == b->ts_event_ns && a->ts_recv_ns == b->ts_recv_ns);
    switch (a->kind) {
    case EVENT_INSTRUMENT:
        assert_int_equal(a->rules.status, b->rules.status);
        assert_memory_equal(&a->rules.tick_size, &b->rules.tick_size, 10 * sizeof(dec));
        break;
    case EVENT_FEED: assert_int_equal(a->feed, b->feed); break;
    case EVENT_TOP: assert_memory_equal(&a->top, &b->top, sizeof a->top); break;
    case EVENT_TRADE:
        assert_dec(a->trade.price, b->trade.price);
        assert_dec(a->trade.qty, b->trade.qty);
        assert_true(a->trade.trade_id == b->trade.trade_id);
        assert_int_equal(a->trade.aggressor, b->trade.aggressor);
        break;
    case EVENT_BOOK:
        assert_int_equal(a->book.snapshot, b->book.snapshot);
        assert_int_equal(a->book.bids, b->book.bids);
        assert_int_equal(a->book.asks, b->book.asks);
        assert_memory_equal(a->book.bid, b->book.bid, a->book.bids * sizeof(struct level));
        assert_memory_equal(a->book.ask, b->book.ask, a->book.asks * sizeof(struct level));
        assert_true(a->book.last_update_id == b->book.last_update_id);
        break;
    case EVENT_CANDLE: assert_candle(&a->candle, &b->candle); break;
    case EVENT_HISTORY:
        assert_int_equal(a->history.strategy, b->history.strategy);
        assert_candle(&a->history.candle, &b->history.candle);
        break;
    case EVENT_PARAM: assert_memory_equal(&a->param, &b->param, sizeof a->param); break;
    case EVENT_SIGNER: assert_int_equal(a->signer, b->signer); break;
    case EVENT_TIMER:
    case EVENT_STARTED: break;
    case EVENT_ORDER:
        assert_true(a->order.id == b->order.id &&
                    a->order.venue_order_id == b->order.venue_order_id);
        assert_int_equal(a->order.state, b->order.state);
        assert_int_equal(a->order.reason, b->order.reason);
        assert_denial(&a->order.denial, &b->order.denial);
        break;
    case EVENT_FILL:
        assert_true(a->fill.id == b->fill.id && a->fill.fill_id == b->fill.fill_id);
        assert_memory_equal(&a->fill.price, &b->fill.price, 3 * sizeof(dec));
        assert_int_equal(a->fill.fee_asset, b->fill.fee_asset);
        assert_int_equal(a->fill.liquidity, b->fill.liquidity);
        break;
    case EVENT_COMMAND:
        assert_int_equal(a->command.kind, b->command.kind);
        assert_int_equal(a->command.strategy, b->command.strategy);
        assert_string_equal(a->command.reason, b->command.reason);
        assert_int_equal(a->command.uid, b->command.uid);
        break;
    }
}

static void assert_request(const struct order_request *a, const struct order_request *b)
{
    assert_int_equal(a->instrument, b->instrument);
    assert_int_equal(a->side, b->side);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->tif, b->tif);
    assert_int_equal(a->post_only, b->post_only);
    assert_int_equal(a->reduce_only, b->reduce_only);
    assert_dec(a->price, b->price);
    assert_dec(a->qty, b->qty);
    assert_int_equal(a->tag, b->tag);
    assert_int_equal(a->repeat, b->repeat);
    assert_true(a->parent == b->parent);
}

static void assert_effect(const struct effect *a, const struct effect *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->strategy, b->strategy);
    switch (a->kind) {
    case EFFECT_SUBMIT:
        assert_true(a->submit.id == b->submit.id);
        assert_request(&a->submit.req, &b->submit.req);
        assert_int_equal(a->submit.strategy, b->submit.strategy);
        assert_int_equal(a->submit.state, b->submit.state);
        assert_memory_equal(&a->submit.filled_qty, &b->submit.filled_qty, 3 * sizeof(dec));
        assert_true(a->submit.ts_submit_ns == b->submit.ts_submit_ns &&
                    a->submit.ts_last_ns == b->submit.ts_last_ns &&
                    a->submit.venue_order_id == b->submit.venue_order_id);
        assert_int_equal(a->submit.fills, b->submit.fills);
        break;
    case EFFECT_CANCEL: assert_true(a->cancel == b->cancel); break;
    case EFFECT_DENIED:
        assert_true(a->denied.id == b->denied.id);
        assert_request(&a->denied.req, &b->denied.req);
        assert_denial(&a->denied.denial, &b->denied.denial);
        break;
    case EFFECT_STATE:
        assert_int_equal(a->state.scope, b->state.scope);
        assert_int_equal(a->state.index, b->state.index);
        assert_int_equal(a->state.from, b->state.from);
        assert_int_equal(a->state.to, b->state.to);
        assert_int_equal(a->state.reason, b->state.reason);
        assert_dec(a->state.limit, b->state.limit);
        assert_dec(a->state.value, b->state.value);
        break;
    case EFFECT_LEDGER:
        assert_int_equal(a->ledger.strategy, b->ledger.strategy);
        assert_int_equal(a->ledger.instrument, b->ledger.instrument);
        assert_memory_equal(&a->ledger.base, &b->ledger.base, 5 * sizeof(dec));
        break;
    case EFFECT_RESYNC: assert_int_equal(a->resync, b->resync); break;
    case EFFECT_NOTE: assert_string_equal(a->note, b->note); break;
    case EFFECT_ORDER:
        assert_true(a->order.id == b->order.id);
        assert_int_equal(a->order.from, b->order.from);
        assert_int_equal(a->order.to, b->order.to);
        assert_int_equal(a->order.reason, b->order.reason);
        break;
    case EFFECT_FILL:
        assert_true(a->fill.id == b->fill.id && a->fill.fill_id == b->fill.fill_id);
        assert_request(&a->fill.req, &b->fill.req);
        assert_memory_equal(&a->fill.price, &b->fill.price, 3 * sizeof(dec));
        assert_int_equal(a->fill.fee_asset, b->fill.fee_asset);
        assert_int_equal(a->fill.liquidity, b->fill.liquidity);
        assert_dec(a->fill.realized, b->fill.realized);
        break;
    case EFFECT_ALERT:
        assert_int_equal(a->alert.alert, b->alert.alert);
        assert_dec(a->alert.level, b->alert.level);
        assert_dec(a->alert.value, b->alert.value);
        break;
    case EFFECT_GUARD:
        assert_int_equal(a->guard.reason, b->guard.reason);
        assert_int_equal(a->guard.instrument, b->guard.instrument);
        assert_int_equal(a->guard.locked, b->guard.locked);
        assert_true(a->guard.until_ns == b->guard.until_ns);
        assert_dec(a->guard.limit, b->guard.limit);
        assert_dec(a->guard.value, b->guard.value);
        break;
    }
}

/* Each kind many times: back equal, all bytes read; one byte less is refused, and so is room for
 * one byte less. */
static void events_round_trip(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, seed_now());
    struct level levels[LEVELS], back_levels[LEVELS];
    uint8_t bytes[8192];
    for (unsigned k = EVENT_INSTRUMENT; k <= EVENT_SIGNER; k++)
        for (int round = 0; round < 300; round++) {
            struct event e = any_event(&r, (enum event_kind)k, levels), back;
            struct bufw w = bufw_make(bytes, sizeof bytes);
            event_encode(&e, &w);
            assert_false(w.failed);
            struct bufr in = bufr_make(bytes, w.len);
            assert_int_equal(event_decode(&in, back_levels, LEVELS, &back), ERR_OK);
            assert_int_equal(in.pos, w.len);
            assert_event(&e, &back);

            struct event untouched;
            memset(&untouched, 0x5a, sizeof untouched);
            in = bufr_make(bytes, w.len - 1);
            assert_int_equal(event_decode(&in, back_levels, LEVELS, &untouched), ERR_SYNTAX);
            for (size_t i = 0; i < sizeof untouched; i++)
                assert_int_equal(((unsigned char *)&untouched)[i], 0x5a);
            struct bufw small = bufw_make(bytes, w.len - 1);
            event_encode(&e, &small);
            assert_true(small.failed);
        }
}

static void effects_round_trip(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, seed_now());
    uint8_t bytes[1024];
    for (unsigned k = EFFECT_SUBMIT; k <= EFFECT_GUARD; k++)
        for (int round = 0; round < 300; round++) {
            struct effect e = any_effect(&r, (enum effect_kind)k), back;
            struct bufw w = bufw_make(bytes, sizeof bytes);
            effect_encode(&e, &w);
            assert_false(w.failed);
            struct bufr in = bufr_make(bytes, w.len);
            assert_int_equal(effect_decode(&in, &back), ERR_OK);
            assert_int_equal(in.pos, w.len);
            assert_effect(&e, &back);

            in = bufr_make(bytes, w.len - 1);
            assert_int_equal(effect_decode(&in, &back), ERR_SYNTAX);
            struct bufw small = bufw_make(bytes, w.len - 1);
            effect_encode(&e, &small);
            assert_true(small.failed);
        }
}

/* The bytes themselves are a promise: journals of yesterday are read tomorrow. */
static void layout_is_fixed(void **state)
{
    (void)state;
    struct event e;
    memset(&e, 0, sizeof e);
    e.kind = EVENT_TRADE;
    e.venue = 0x0102;
    e.instrument = 0x03040506;
    e.ts_event_ns = 7;
    e.ts_recv_ns = -1;
    e.trade.price = (dec){8};
    e.trade.qty = (dec){-1};
    e.trade.trade_id = 9;
    e.trade.aggressor = SIDE_SELL;
    static const uint8_t expect[] = {
        4,    0x02, 0x01, 0x06, 0x05, 0x04, 0x03, 7,    0,    0,    0,    0,    0,
        0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 8,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 9,    0,    0,    0,    0,    0,    0,    0,    2};
    uint8_t bytes[128];
    struct bufw w = bufw_make(bytes, sizeof bytes);
    event_encode(&e, &w);
    assert_int_equal(w.len, sizeof expect);
    assert_memory_equal(bytes, expect, sizeof expect);

    struct effect f;
    memset(&f, 0, sizeof f);
    f.kind = EFFECT_NOTE;
    f.strategy = 0x0a0b;
    memcpy(f.note, "hi", 3);
    static const uint8_t note[] = {7, 0x0b, 0x0a, 2, 0, 'h', 'i'};
    w = bufw_make(bytes, sizeof bytes);
    effect_encode(&f, &w);
    assert_int_equal(w.len, sizeof note);
    assert_memory_equal(bytes, note, sizeof note);
}

static void levels_at_the_limit(void **state)
{
    (void)state;
    struct level levels[LEVELS], back[LEVELS];
    memset(levels, 0, sizeof levels);
    struct event e, got;
    memset(&e, 0, sizeof e);
    e.kind = EVENT_BOOK;
    e.book.bids = LEVELS / 2;
    e.book.asks = LEVELS / 2;
    e.book.bid = levels;
    e.book.ask = levels + LEVELS / 2;
    uint8_t bytes[8192];
    struct bufw w = bufw_make(bytes, sizeof bytes);
    event_encode(&e, &w);
    struct bufr in = bufr_make(bytes, w.len);
    assert_int_equal(event_decode(&in, back, LEVELS, &got), ERR_OK);
    in = bufr_make(bytes, w.len);
    assert_int_equal(event_decode(&in, back, LEVELS - 1, &got), ERR_FULL);
    /* A count beyond what the bytes can hold is garbage, however large the room is. */
    uint32_t huge = UINT32_MAX;
    memcpy(bytes + 24, &huge, 4);
    in = bufr_make(bytes, w.len);
    assert_int_equal(event_decode(&in, back, UINT32_MAX, &got), ERR_SYNTAX);
}

/* A denied request keeps what the strategy handed in; an accepted one cannot hold such numbers. */
static void malformed_requests_are_kept(void **state)
{
    (void)state;
    struct effect e, back;
    memset(&e, 0, sizeof e);
    e.kind = EFFECT_DENIED;
    e.denied.req.side = (enum side)0;
    e.denied.req.type = (enum order_type)77;
    e.denied.req.tif = (enum tif)100000;
    e.denied.denial.reason = REASON_MALFORMED;
    uint8_t bytes[512];
    struct bufw w = bufw_make(bytes, sizeof bytes);
    effect_encode(&e, &w);
    struct bufr in = bufr_make(bytes, w.len);
    assert_int_equal(effect_decode(&in, &back), ERR_OK);
    assert_int_equal(back.denied.req.side, 0);
    assert_int_equal(back.denied.req.type, 77);
    assert_int_equal(back.denied.req.tif, 255);

    memset(&e, 0, sizeof e);
    e.kind = EFFECT_SUBMIT;
    e.submit.req.side = (enum side)3;
    e.submit.req.type = ORDER_LIMIT;
    e.submit.req.tif = TIF_GTC;
    e.submit.state = ORDER_SUBMITTED;
    w = bufw_make(bytes, sizeof bytes);
    effect_encode(&e, &w);
    in = bufr_make(bytes, w.len);
    assert_int_equal(effect_decode(&in, &back), ERR_SYNTAX);
}

/* Whatever bytes decode, encode to the same bytes again: there is one form of each event. */
static void garbage_is_refused_or_exact(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, seed_now());
    struct level levels[LEVELS];
    uint8_t bytes[512], again[512];
    size_t decoded = 0, refused = 0;
    for (int round = 0; round < 200000; round++) {
        size_t n = rng_below(&r, sizeof bytes);
        for (size_t i = 0; i < n; i++)
            bytes[i] = rng_below(&r, 3) ? (uint8_t)rng_below(&r, 4) : (uint8_t)rng_u64(&r);
        struct event e;
        struct bufr in = bufr_make(bytes, n);
        if (event_decode(&in, levels, LEVELS, &e) == ERR_OK) {
            struct bufw w = bufw_make(again, sizeof again);
            event_encode(&e, &w);
            assert_false(w.failed);
            assert_int_equal(w.len, in.pos);
            assert_memory_equal(bytes, again, w.len);
            decoded++;
        } else
            refused++;
        struct effect f;
        in = bufr_make(bytes, n);
        if (effect_decode(&in, &f) == ERR_OK) {
            struct bufw w = bufw_make(again, sizeof again);
            effect_encode(&f, &w);
            assert_false(w.failed);
            assert_int_equal(w.len, in.pos);
            assert_memory_equal(bytes, again, w.len);
        }
    }
    assert_true(decoded > 100 && refused > 100);
}

static void no_kind_is_never_written(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct event e;
    memset(&e, 0, sizeof e);
    struct bufw w = bufw_make(bytes, sizeof bytes);
    event_encode(&e, &w);
    assert_true(w.failed);
    struct effect f;
    memset(&f, 0, sizeof f);
    w = bufw_make(bytes, sizeof bytes);
    effect_encode(&f, &w);
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_round_trip),
        cmocka_unit_test(effects_round_trip),
        cmocka_unit_test(layout_is_fixed),
        cmocka_unit_test(levels_at_the_limit),
        cmocka_unit_test(malformed_requests_are_kept),
        cmocka_unit_test(garbage_is_refused_or_exact),
        cmocka_unit_test(no_kind_is_never_written),
    };
    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}

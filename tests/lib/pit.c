#include "pit.h"

#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_event(void *ctx, const struct event *ev)
{
    struct pit *w = ctx;
    CHECK(w->gots < PIT_EVENTS);
    w->got[w->gots++] = *ev;
}

static void on_market(void *ctx, instrument_id i, struct matching_market *ret)
{
    struct pit *w = ctx;
    *ret = (struct matching_market){
        .book = w->market[i].has_book ? &w->market[i].book : NULL,
        .top = w->market[i].has_top ? &w->market[i].top : NULL,
        .last = w->market[i].has_last ? &w->market[i].last : NULL,
        .mark = w->market[i].has_mark ? &w->market[i].mark : NULL,
    };
}

static void add_instrument(struct setup *s, venue_id v, const char *symbol, asset_id base,
                           asset_id quote)
{
    struct instrument *in = &s->instrument[s->instruments++];
    *in = (struct instrument){.venue = v, .base = base, .quote = quote};
    memcpy(in->symbol, symbol, strlen(symbol) + 1);
    in->rules = (struct instrument_rules){.status = INSTRUMENT_TRADING,
                                          .tick_size = dec_lit("0.01"),
                                          .lot_size = dec_lit("0.001"),
                                          .base_precision = dec_lit("0.00000001"),
                                          .quote_precision = dec_lit("0.00000001")};
}

struct pit *pit_new(enum fill_model model)
{
    static const char *const names[ASSETS] = {"USDT", "BTC", "ETH", "BNB"};
    struct pit *w = calloc(1, sizeof *w);
    CHECK(w);
    struct setup *s = &w->s;
    s->quote = USDT;
    s->venues = 2;
    s->assets = ASSETS;
    for (venue_id v = 0; v < 2; v++)
        s->venue[v] = (struct venue_setup){.fill_model = model, .fee_asset = ASSET_NONE};
    for (asset_id a = 0; a < ASSETS; a++) {
        memcpy(s->asset[a], names[a], strlen(names[a]) + 1);
        for (venue_id v = 0; v < 2; v++)
            s->balance[s->balances++] =
                (struct balance_setup){.venue = v, .asset = a, .amount = dec_lit("1000")};
    }
    add_instrument(s, 0, "BTC-USDT", BTC, USDT);
    add_instrument(s, 0, "ETH-USDT", ETH, USDT);
    add_instrument(s, 0, "BNB-USDT", BNB, USDT);
    add_instrument(s, 0, "ETH-BTC", ETH, BTC);
    add_instrument(s, 1, "BTC-USDT", BTC, USDT);
    setup_resolve_conversions(s);
    for (instrument_id i = 0; i < INSTRUMENTS; i++) {
        w->market[i].level = calloc(2 * PIT_LEVELS, sizeof(struct level));
        CHECK(w->market[i].level);
        book_init(&w->market[i].book, w->market[i].level, PIT_LEVELS);
    }
    w->now = 1000;
    return w;
}

void pit_open(struct pit *w, uint32_t orders_max)
{
    w->mem = calloc(1, matching_size(&w->s, orders_max));
    CHECK(w->mem);
    assert_int_equal(matching_init(&w->m, w->mem, &w->s, orders_max, on_market, on_event, w),
                     ERR_OK);
}

static struct matching *ready(struct pit *w)
{
    if (!w->m)
        pit_open(w, 4096);
    return w->m;
}

void pit_free(struct pit *w)
{
    for (instrument_id i = 0; i < INSTRUMENTS; i++)
        free(w->market[i].level);
    free(w->mem);
    free(w);
}

void show_level(struct pit *w, instrument_id i, enum side side, const char *price, const char *qty)
{
    struct book *b = &w->market[i].book;
    w->market[i].has_book = true;
    book_side_set(side == SIDE_BUY ? &b->bid : &b->ask, dec_lit(price), dec_lit(qty));
}

void show_top(struct pit *w, instrument_id i, const char *bid, const char *bid_qty, const char *ask,
              const char *ask_qty)
{
    w->market[i].has_top = true;
    w->market[i].top = (struct event_top){.bid_price = dec_lit(bid),
                                          .bid_qty = dec_lit(bid_qty),
                                          .ask_price = dec_lit(ask),
                                          .ask_qty = dec_lit(ask_qty)};
}

void show_last(struct pit *w, instrument_id i, const char *price)
{
    w->market[i].has_last = true;
    w->market[i].last = dec_lit(price);
}

void show_mark(struct pit *w, instrument_id i, const char *price)
{
    w->market[i].has_mark = true;
    w->market[i].mark = dec_lit(price);
}

static void tell(struct pit *w, struct event *ev, instrument_id i)
{
    ev->venue = w->s.instrument[i].venue;
    ev->instrument = i;
    ev->ts_event_ns = ev->ts_recv_ns = w->now;
    assert_int_equal(matching_market_event(ready(w), ev), ERR_OK);
}

void tell_level(struct pit *w, instrument_id i, enum side side, const char *price, const char *qty)
{
    struct level l = {dec_lit(price), dec_lit(qty)};
    struct event ev = {.kind = EVENT_BOOK};
    if (side == SIDE_BUY)
        ev.book = (struct event_book){.bids = 1, .bid = &l};
    else
        ev.book = (struct event_book){.asks = 1, .ask = &l};
    show_level(w, i, side, price, qty);
    tell(w, &ev, i);
}

void tell_snapshot(struct pit *w, instrument_id i, const struct level *bid, uint32_t bids,
                   const struct level *ask, uint32_t asks)
{
    struct event ev = {
        .kind = EVENT_BOOK,
        .book = {.snapshot = true, .bids = bids, .asks = asks, .bid = bid, .ask = ask}};
    book_clear(&w->market[i].book);
    w->market[i].has_book = true;
    for (uint32_t n = 0; n < bids; n++)
        book_side_set(&w->market[i].book.bid, bid[n].price, bid[n].qty);
    for (uint32_t n = 0; n < asks; n++)
        book_side_set(&w->market[i].book.ask, ask[n].price, ask[n].qty);
    tell(w, &ev, i);
}

void tell_top(struct pit *w, instrument_id i, const char *bid, const char *bid_qty, const char *ask,
              const char *ask_qty)
{
    show_top(w, i, bid, bid_qty, ask, ask_qty);
    struct event ev = {.kind = EVENT_TOP, .top = w->market[i].top};
    tell(w, &ev, i);
}

void trade(struct pit *w, instrument_id i, const char *price, const char *qty)
{
    struct event ev = {
        .kind = EVENT_TRADE,
        .trade = {.price = dec_lit(price), .qty = dec_lit(qty), .aggressor = SIDE_BUY}};
    show_last(w, i, price);
    tell(w, &ev, i);
}

order_id send_order(struct pit *w, const struct order_request *r)
{
    struct order o = {.id = order_id_make(0, ++w->ids), .req = *r, .state = ORDER_SUBMITTED};
    assert_int_equal(matching_submit(ready(w), &o, w->now), ERR_OK);
    return o.id;
}

void send_cancel(struct pit *w, order_id id)
{
    assert_int_equal(matching_cancel(ready(w), id, w->now), ERR_OK);
}

void let_in(struct pit *w)
{
    assert_int_equal(matching_advance(ready(w), w->now + 1), ERR_OK);
}

order_id order(struct pit *w, instrument_id i, enum side side, const char *price, const char *qty,
               enum tif tif, bool post_only)
{
    struct order_request r = {.instrument = i,
                              .side = side,
                              .type = price ? ORDER_LIMIT : ORDER_MARKET,
                              .tif = tif,
                              .post_only = post_only,
                              .price = price ? dec_lit(price) : DEC_ZERO,
                              .qty = dec_lit(qty)};
    order_id id = send_order(w, &r);
    let_in(w);
    return id;
}

order_id buy(struct pit *w, const char *price, const char *qty)
{
    return order(w, BTC_USDT, SIDE_BUY, price, qty, TIF_GTC, false);
}

order_id sell(struct pit *w, const char *price, const char *qty)
{
    return order(w, BTC_USDT, SIDE_SELL, price, qty, TIF_GTC, false);
}

static const char *text(dec d)
{
    static char ring[4][DEC_TEXT_MAX];
    static unsigned n;
    char *out = ring[n++ % 4];
    dec_format(d, out);
    return out;
}

const char *balance(const struct pit *w, asset_id a)
{
    return text(matching_balance(w->m, 0, a));
}

const char *locked(const struct pit *w, asset_id a)
{
    return text(matching_locked(w->m, 0, a));
}

static const char *describe(const struct event *ev)
{
    static char out[256];
    if (ev->kind == EVENT_ORDER)
        snprintf(out, sizeof out, "order %llu %s %s", (unsigned long long)ev->order.id,
                 order_state_name(ev->order.state), reason_name(ev->order.reason));
    else
        snprintf(out, sizeof out, "fill of %llu: %s at %s, %s", (unsigned long long)ev->fill.id,
                 text(ev->fill.qty), text(ev->fill.price), liquidity_name(ev->fill.liquidity));
    return out;
}

static const struct event *next(struct pit *w, const char *wanted, const char *file, int line)
{
    if (w->read == w->gots) {
        print_error("expected %s, nothing came\n", wanted);
        _fail(file, line);
    }
    const struct event *ev = &w->got[w->read++];
    if (w->read == w->gots)
        w->read = w->gots = 0;
    return ev;
}

const struct event *expect_order_at(struct pit *w, order_id id, enum order_state state,
                                    enum reason reason, const char *file, int line)
{
    struct event wanted = {.kind = EVENT_ORDER,
                           .order = {.id = id, .state = state, .reason = reason}};
    const struct event *ev = next(w, describe(&wanted), file, line);
    if (ev->kind != EVENT_ORDER || ev->order.id != id || ev->order.state != state ||
        ev->order.reason != reason) {
        print_error("expected %s\n", describe(&wanted));
        print_error("got %s\n", describe(ev));
        _fail(file, line);
    }
    return ev;
}

const struct event *expect_fill_at(struct pit *w, order_id id, const char *price, const char *qty,
                                   enum liquidity l, const char *file, int line)
{
    struct event wanted = {
        .kind = EVENT_FILL,
        .fill = {.id = id, .price = dec_lit(price), .qty = dec_lit(qty), .liquidity = l}};
    const struct event *ev = next(w, describe(&wanted), file, line);
    if (ev->kind != EVENT_FILL || ev->fill.id != id || !dec_eq(ev->fill.price, wanted.fill.price) ||
        !dec_eq(ev->fill.qty, wanted.fill.qty) || ev->fill.liquidity != l) {
        print_error("expected %s\n", describe(&wanted));
        print_error("got %s\n", describe(ev));
        _fail(file, line);
    }
    return ev;
}

void expect_nothing_at(struct pit *w, const char *file, int line)
{
    if (w->read != w->gots) {
        print_error("expected nothing, got %s\n", describe(&w->got[w->read]));
        _fail(file, line);
    }
}

/* Random requests and markets against the matching engine, beside a second, naive account of what
 * must have happened. The seed is printed; TRADEWIND_SEED repeats a run. */
#include "base/rng.h"
#include "pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { ROUNDS = 6, STEPS = 20000, ORDERS = 60, SHADOWS = STEPS + 1 };

/* An order as the test remembers it; index = running number of its id. */
struct shadow {
    struct order_request req;
    dec open, ahead;
    uint64_t arrival;
    bool sent, resting, closed;
};

struct account_of_test {
    struct pit *w;
    struct rng rng;
    enum fill_model model;
    struct shadow *o;
    dec total[2][ASSETS];
    uint64_t arrivals, last_fill, fills, trades_that_filled;
};

static uint64_t below(struct account_of_test *t, uint64_t n)
{
    return rng_below(&t->rng, n);
}

/* A multiple of 0.01 around 100; few prices, so that orders meet. */
static dec random_price(struct account_of_test *t)
{
    return dec_from_i64((int64_t)(9990 + below(t, 21)), 2);
}

/* Mostly whole lots; sometimes all 18 digits, as a quarter of a candle's volume has. */
static dec random_volume(struct account_of_test *t)
{
    if (below(t, 4) == 0)
        return dec_from_i64((int64_t)(1 + below(t, UINT64_C(3000000000000000000))), 18);
    return dec_from_i64((int64_t)(1 + below(t, 3000)), 3);
}

static struct shadow *shadow_of(struct account_of_test *t, order_id id)
{
    assert_in_range(order_id_seq(id), 1, t->w->ids);
    struct shadow *o = &t->o[order_id_seq(id)];
    assert_true(o->sent);
    assert_false(o->closed); /* nothing comes after the end */
    return o;
}

static void check(bool ok)
{
    assert_true(ok);
}

static void book_fill(struct account_of_test *t, const struct event *ev)
{
    struct shadow *o = shadow_of(t, ev->fill.id);
    const struct instrument *in = &t->w->s.instrument[o->req.instrument];
    dec *base = &t->total[in->venue][in->base], *quote = &t->total[in->venue][in->quote], value;
    bool buy = o->req.side == SIDE_BUY;
    assert_int_equal(ev->fill.fill_id, ++t->last_fill);
    assert_true(dec_is_pos(ev->fill.qty) && dec_le(ev->fill.qty, o->open));
    if (o->req.type == ORDER_LIMIT) {
        if (ev->fill.liquidity == LIQUIDITY_MAKER)
            assert_true(dec_eq(ev->fill.price, o->req.price));
        assert_true(buy ? dec_le(ev->fill.price, o->req.price)
                        : dec_ge(ev->fill.price, o->req.price));
    }
    check(dec_mul(ev->fill.price, ev->fill.qty, buy ? DEC_UP : DEC_DOWN, &value));
    check(dec_add(*base, buy ? ev->fill.qty : dec_neg(ev->fill.qty), base));
    check(dec_add(*quote, buy ? dec_neg(value) : value, quote));
    assert_false(dec_is_neg(ev->fill.fee));
    dec *fee = &t->total[in->venue][ev->fill.fee_asset];
    check(dec_sub(*fee, ev->fill.fee, fee));
    o->open.v -= ev->fill.qty.v;
    if (dec_is_zero(o->open))
        o->closed = true;
    t->fills++;
}

/* Own side's displayed quantity, looked up the slow way. */
static dec shown_at(const struct pit *w, const struct shadow *o)
{
    instrument_id i = o->req.instrument;
    bool buy = o->req.side == SIDE_BUY;
    if (w->market[i].has_book) {
        const struct book_side *s = buy ? &w->market[i].book.bid : &w->market[i].book.ask;
        for (uint32_t n = 0; n < s->count; n++)
            if (dec_eq(s->level[n].price, o->req.price))
                return s->level[n].qty;
        return DEC_ZERO;
    }
    const struct event_top *top = &w->market[i].top;
    if (w->market[i].has_top && dec_eq(buy ? top->bid_price : top->ask_price, o->req.price))
        return buy ? top->bid_qty : top->ask_qty;
    return DEC_ZERO;
}

static void book_order(struct account_of_test *t, const struct event *ev)
{
    struct shadow *o = shadow_of(t, ev->order.id);
    if (ev->order.state == ORDER_ACCEPTED)
        o->arrival = ++t->arrivals;
    else
        o->closed = true;
}

/* Reads all that came back; what is open after its first answers rests. */
static void settle(struct account_of_test *t)
{
    struct pit *w = t->w;
    for (uint32_t n = 0; n < w->gots; n++)
        if (w->got[n].kind == EVENT_FILL)
            book_fill(t, &w->got[n]);
        else
            book_order(t, &w->got[n]);
    w->gots = 0;
    for (uint64_t n = 1; n <= w->ids; n++) {
        struct shadow *o = &t->o[n];
        if (o->closed)
            o->resting = false;
        else if (o->arrival && !o->resting) {
            o->resting = true;
            o->ahead = t->model == FILL_QUEUE ? shown_at(w, o) : DEC_ZERO;
        }
    }
}

/* ---- what a trade must do, the slow way ---- */

static struct shadow *best_untouched(struct account_of_test *t, instrument_id i, enum side side,
                                     const bool *done)
{
    struct shadow *best = NULL;
    for (uint64_t n = 1; n <= t->w->ids; n++) {
        struct shadow *o = &t->o[n];
        if (!o->resting || done[n] || o->req.instrument != i || o->req.side != side)
            continue;
        int c = best ? dec_cmp(o->req.price, best->req.price) : 0;
        bool better =
            !best || (side == SIDE_BUY ? c > 0 : c < 0) || (c == 0 && o->arrival < best->arrival);
        best = better ? o : best;
    }
    return best;
}

/* Compares the fills of one trade with what the definitions say. */
static void expect_trade(struct account_of_test *t, instrument_id i, dec price, dec qty)
{
    static bool done[SHADOWS];
    memset(done, 0, sizeof done);
    struct pit *w = t->w;
    dec left = qty;
    uint32_t next = 0;
    for (int pass = 0; pass < 2; pass++) {
        enum side side = pass == 0 ? SIDE_BUY : SIDE_SELL;
        struct shadow *o;
        while ((o = best_untouched(t, i, side, done)) != NULL) {
            done[o - t->o] = true;
            bool at = dec_eq(price, o->req.price);
            bool through =
                side == SIDE_BUY ? dec_lt(price, o->req.price) : dec_gt(price, o->req.price);
            if (!through && !(at && t->model != FILL_CROSS))
                continue;
            dec share = left;
            if (through)
                o->ahead = DEC_ZERO;
            else {
                dec passed = dec_min(o->ahead, qty);
                o->ahead.v -= passed.v;
                share = dec_min(left, (dec){qty.v - passed.v});
            }
            share = dec_min(share, o->open);
            if (!dec_is_pos(share))
                continue;
            assert_true(next < w->gots);
            const struct event *ev = &w->got[next++];
            assert_int_equal(order_id_seq(ev->kind == EVENT_FILL ? ev->fill.id : ev->order.id),
                             o - t->o);
            if (ev->kind == EVENT_FILL) {
                assert_true(dec_eq(ev->fill.qty, share));
                assert_int_equal(ev->fill.liquidity, LIQUIDITY_MAKER);
                left.v -= share.v;
            } else { /* only the units of rounding can be missing */
                assert_int_equal(ev->order.reason, REASON_NOT_ENOUGH_FUNDS);
            }
        }
    }
    assert_int_equal(next, w->gots);
    assert_false(dec_is_neg(left)); /* never more than was printed */
    t->trades_that_filled += next > 0;
}

/* ---- what happens ---- */

static void random_order(struct account_of_test *t)
{
    struct pit *w = t->w;
    if (matching_orders(w->m) == ORDERS)
        return;
    struct order_request r = {.instrument = (instrument_id)below(t, INSTRUMENTS),
                              .side = below(t, 2) ? SIDE_BUY : SIDE_SELL,
                              .type = below(t, 4) ? ORDER_LIMIT : ORDER_MARKET,
                              .tif = below(t, 3) ? TIF_GTC : (below(t, 2) ? TIF_IOC : TIF_FOK),
                              .post_only = below(t, 4) == 0,
                              .price = random_price(t),
                              .qty = below(t, 20) ? dec_from_i64((int64_t)below(t, 2000), 3)
                                                  : random_volume(t)};
    order_id id = send_order(w, &r);
    t->o[order_id_seq(id)] = (struct shadow){.req = r, .open = r.qty, .sent = true};
}

static void random_trade(struct account_of_test *t)
{
    instrument_id i = (instrument_id)below(t, INSTRUMENTS);
    dec price = random_price(t), qty = random_volume(t);
    struct pit *w = t->w;
    struct event ev = {.kind = EVENT_TRADE,
                       .instrument = i,
                       .ts_event_ns = w->now,
                       .trade = {.price = price, .qty = qty, .aggressor = SIDE_SELL}};
    w->market[i].last = w->market[i].mark = price;
    w->market[i].has_last = w->market[i].has_mark = true;
    assert_int_equal(matching_market_event(w->m, &ev), ERR_OK);
    expect_trade(t, i, price, qty);
}

/* After depth or top: the shadow's places in the queues. */
static void forward_shadows(struct account_of_test *t, const struct event *ev)
{
    struct pit *w = t->w;
    for (uint64_t n = 1; n <= w->ids; n++) {
        struct shadow *o = &t->o[n];
        if (!o->resting || o->req.instrument != ev->instrument)
            continue;
        bool buy = o->req.side == SIDE_BUY;
        const struct book_side *s =
            buy ? &w->market[ev->instrument].book.bid : &w->market[ev->instrument].book.ask;
        dec told = shown_at(w, o);
        if (ev->kind == EVENT_BOOK && ev->book.snapshot) {
            if (s->count == 0 || (buy ? dec_lt(o->req.price, s->level[0].price)
                                      : dec_gt(o->req.price, s->level[0].price)))
                continue;
        } else if (ev->kind == EVENT_TOP) {
            dec best = buy ? ev->top.bid_price : ev->top.ask_price;
            if (w->market[ev->instrument].has_book ||
                (buy ? dec_lt(o->req.price, best) : dec_gt(o->req.price, best)))
                continue;
        }
        o->ahead = dec_min(o->ahead, told);
    }
}

/* Bids below 100.01, asks above 100.00 at times: crossing books do not hurt the matching. */
static void random_depth(struct account_of_test *t)
{
    struct pit *w = t->w;
    instrument_id i = (instrument_id)below(t, INSTRUMENTS);
    struct level bid[6], ask[6];
    struct event ev = {.kind = EVENT_BOOK, .instrument = i, .ts_event_ns = w->now};
    ev.book = (struct event_book){.snapshot = below(t, 4) == 0 || !w->market[i].has_book,
                                  .bid = bid,
                                  .ask = ask,
                                  .bids = (uint32_t)below(t, 6),
                                  .asks = (uint32_t)below(t, 6)};
    if (ev.book.snapshot)
        book_clear(&w->market[i].book);
    w->market[i].has_book = true;
    for (uint32_t n = 0; n < ev.book.bids + ev.book.asks; n++) {
        bool is_bid = n < ev.book.bids;
        struct level *l = is_bid ? &bid[n] : &ask[n - ev.book.bids];
        *l = (struct level){random_price(t), below(t, 5) ? random_volume(t) : DEC_ZERO};
        book_side_set(is_bid ? &w->market[i].book.bid : &w->market[i].book.ask, l->price, l->qty);
    }
    assert_int_equal(matching_market_event(w->m, &ev), ERR_OK);
    forward_shadows(t, &ev);
}

static void random_top(struct account_of_test *t)
{
    struct pit *w = t->w;
    instrument_id i = (instrument_id)below(t, INSTRUMENTS);
    struct event ev = {.kind = EVENT_TOP, .instrument = i, .ts_event_ns = w->now};
    ev.top.ask_price = random_price(t);
    check(dec_sub(ev.top.ask_price, dec_lit("0.01"), &ev.top.bid_price));
    ev.top.bid_qty = random_volume(t);
    ev.top.ask_qty = random_volume(t);
    w->market[i].top = ev.top;
    w->market[i].has_top = true;
    if (below(t, 8) == 0)
        w->market[i].has_book = false; /* the depth became invalid */
    assert_int_equal(matching_market_event(w->m, &ev), ERR_OK);
    forward_shadows(t, &ev);
}

/* ---- what must hold after each ---- */

static void check_account(struct account_of_test *t)
{
    struct pit *w = t->w;
    static struct {
        dec most;
        uint32_t orders;
    } bound[2][ASSETS];
    memset(bound, 0, sizeof bound);
    for (uint64_t n = 1; n <= w->ids; n++) {
        const struct shadow *o = &t->o[n];
        if (!o->resting)
            continue;
        const struct instrument *in = &w->s.instrument[o->req.instrument];
        dec lock = o->open;
        asset_id a = o->req.side == SIDE_BUY ? in->quote : in->base;
        if (o->req.side == SIDE_BUY)
            check(dec_mul(o->req.price, o->open, DEC_UP, &lock));
        check(dec_add(bound[in->venue][a].most, lock, &bound[in->venue][a].most));
        bound[in->venue][a].orders++;
    }
    for (venue_id v = 0; v < 2; v++)
        for (asset_id a = 0; a < ASSETS; a++) {
            dec total = matching_balance(w->m, v, a), lock = matching_locked(w->m, v, a);
            assert_true(dec_eq(total, t->total[v][a]));
            assert_true(!dec_is_neg(lock) && dec_le(lock, total));
            /* Exactly what the open orders need, less the units that rounding ate. */
            assert_true(dec_le(lock, bound[v][a].most));
            assert_true(bound[v][a].most.v - lock.v <= 1000 * (i128)bound[v][a].orders);
        }
}

static uint64_t seed_of_run(void)
{
    const char *given = getenv("TRADEWIND_SEED");
    return given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

static struct account_of_test *begin(uint64_t seed, unsigned round)
{
    struct account_of_test *t = calloc(1, sizeof *t);
    assert_non_null(t);
    rng_seed(&t->rng, seed + round);
    t->model = (enum fill_model)(FILL_TOUCH + round % 3);
    t->o = calloc(SHADOWS, sizeof *t->o);
    assert_non_null(t->o);
    t->w = pit_new(t->model);
    struct setup *s = &t->w->s;
    for (venue_id v = 0; v < 2; v++) {
        s->venue[v].order_latency_ns = (int64_t)below(t, 20);
        s->venue[v].maker_fee = dec_lit("0.001");
        s->venue[v].taker_fee = dec_lit("0.0017");
        s->venue[v].slippage = dec_lit("0.0005");
    }
    s->venue[0].fee_asset = BNB;
    for (instrument_id i = 0; i < INSTRUMENTS; i++)
        s->instrument[i].rules.lot_size =
            dec_lit(round < 3 ? "0.001" : "0.000000000000000001"); /* with and without rounding */
    for (uint32_t n = 0; n < s->balances; n++) {
        /* Little of some assets, so that funds run out. */
        s->balance[n].amount = dec_lit(below(t, 3) ? "1000" : "3");
        t->total[s->balance[n].venue][s->balance[n].asset] = s->balance[n].amount;
    }
    pit_open(t->w, ORDERS);
    return t;
}

static void run(uint64_t seed, unsigned round)
{
    struct account_of_test *t = begin(seed, round);
    struct pit *w = t->w;
    for (unsigned step = 0; step < STEPS; step++) {
        w->now += (int64_t)below(t, 5);
        assert_int_equal(matching_advance(w->m, w->now), ERR_OK);
        settle(t);
        switch (below(t, 8)) {
        case 0:
        case 1: random_order(t); break;
        case 2:
            if (w->ids) /* of the newest, open or not */
                send_cancel(w, order_id_make(0, w->ids - below(t, w->ids < 80 ? w->ids : 80)));
            break;
        case 3: random_depth(t); break;
        case 4: random_top(t); break;
        default: random_trade(t); break;
        }
        settle(t);
        if (step % 16 == 0)
            check_account(t);
    }
    check_account(t);
    for (uint64_t n = 1; n <= w->ids; n++)
        if (!t->o[n].closed)
            send_cancel(w, order_id_make(0, n));
    w->now += 100;
    let_in(w);
    settle(t);
    check_account(t);
    assert_int_equal(matching_orders(w->m), 0);
    for (venue_id v = 0; v < 2; v++)
        for (asset_id a = 0; a < ASSETS; a++)
            assert_true(dec_is_zero(matching_locked(w->m, v, a)));
    /* The test must have tested something. */
    assert_true(t->fills > STEPS / 50);
    assert_true(t->trades_that_filled > STEPS / 100);
    free(t->o);
    free(t);
    pit_free(w);
}

static void random_events_keep_the_promises(void **state)
{
    (void)state;
    uint64_t seed = seed_of_run();
    print_message("# TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < ROUNDS; round++)
        run(seed, round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_events_keep_the_promises)};
    return cmocka_run_group_tests_name("matching random", tests, NULL, NULL);
}

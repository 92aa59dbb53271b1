/* The pit: a market of our own around the matching engine: tests say what is displayed, what trades
 * and what is sent, and read what comes back event by event. */
#ifndef TW_TESTS_PIT_H
#define TW_TESTS_PIT_H

#include "sim/matching.h"

enum { USDT, BTC, ETH, BNB, ASSETS };
/* BTC-USDT, ETH-USDT, BNB-USDT and ETH-BTC on venue 0; BTC-USDT once more on venue 1. */
enum { BTC_USDT, ETH_USDT, BNB_USDT, ETH_BTC, BTC_USDT_2, INSTRUMENTS };
enum { PIT_LEVELS = 8192, PIT_EVENTS = 8192 };

struct pit {
    struct setup s;
    struct matching *m;
    void *mem;
    struct {
        struct book book;
        struct level *level; /* 2 * PIT_LEVELS */
        struct event_top top;
        dec last, mark;
        bool has_book, has_top, has_last, has_mark;
    } market[INSTRUMENTS];
    struct event got[PIT_EVENTS]; /* what came back and was not read yet */
    uint32_t gots, read;
    int64_t now;
    uint64_t ids;
};

/* Ticks 0.01, lots 0.001, no minima, no fees, no latency; 1000 of each asset on both venues. */
struct pit *pit_new(enum fill_model model);
/* Builds the matching engine from w->s; called by the functions below when it is still missing, so
 * that a test can change the setup first. */
void pit_open(struct pit *w, uint32_t orders_max);
void pit_free(struct pit *w);

/* What the market shows, without telling the matching engine. */
void show_level(struct pit *w, instrument_id i, enum side side, const char *price, const char *qty);
void show_top(struct pit *w, instrument_id i, const char *bid, const char *bid_qty, const char *ask,
              const char *ask_qty);
void show_last(struct pit *w, instrument_id i, const char *price);
void show_mark(struct pit *w, instrument_id i, const char *price);

/* Market events: shown and told, at w->now. */
void tell_level(struct pit *w, instrument_id i, enum side side, const char *price, const char *qty);
void tell_snapshot(struct pit *w, instrument_id i, const struct level *bid, uint32_t bids,
                   const struct level *ask, uint32_t asks);
void tell_top(struct pit *w, instrument_id i, const char *bid, const char *bid_qty, const char *ask,
              const char *ask_qty);
void trade(struct pit *w, instrument_id i, const char *price, const char *qty);

/* Sends at w->now, without letting it in. */
order_id send_order(struct pit *w, const struct order_request *r);
void send_cancel(struct pit *w, order_id id);
/* Lets in what is visible up to and including w->now. */
void let_in(struct pit *w);

/* Sends and lets in, BTC-USDT, limit, gtc. */
order_id buy(struct pit *w, const char *price, const char *qty);
order_id sell(struct pit *w, const char *price, const char *qty);
/* With everything told; price NULL: a market order. */
order_id order(struct pit *w, instrument_id i, enum side side, const char *price, const char *qty,
               enum tif tif, bool post_only);

/* The next event that came back must be this one. */
#define expect_order(w, id, state, reason) expect_order_at(w, id, state, reason, __FILE__, __LINE__)
#define expect_fill(w, id, price, qty, liquidity)                                                  \
    expect_fill_at(w, id, price, qty, liquidity, __FILE__, __LINE__)
#define expect_nothing(w) expect_nothing_at(w, __FILE__, __LINE__)
const struct event *expect_order_at(struct pit *w, order_id id, enum order_state state,
                                    enum reason reason, const char *file, int line);
const struct event *expect_fill_at(struct pit *w, order_id id, const char *price, const char *qty,
                                   enum liquidity l, const char *file, int line);
void expect_nothing_at(struct pit *w, const char *file, int line);
#define expect_accepted(w, id)      expect_order(w, id, ORDER_ACCEPTED, REASON_NONE)
#define expect_rejected(w, id, why) expect_order(w, id, ORDER_REJECTED, why)
#define expect_expired(w, id, why)  expect_order(w, id, ORDER_EXPIRED, why)
#define expect_canceled(w, id)      expect_order(w, id, ORDER_CANCELED, REASON_NONE)
#define expect_made(w, id, p, q)    expect_fill(w, id, p, q, LIQUIDITY_MAKER)
#define expect_took(w, id, p, q)    expect_fill(w, id, p, q, LIQUIDITY_TAKER)

/* The account on venue 0, as text in a buffer of its own that lives until the fourth call after. */
const char *balance(const struct pit *w, asset_id a);
const char *locked(const struct pit *w, asset_id a);

#endif

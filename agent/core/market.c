#include "core/market.h"

void market_init_instrument(struct market_instrument *m, const struct instrument *in,
                            struct level *levels)
{
    *m = (struct market_instrument){.in = *in, .feed = FEED_INVALID};
    book_init(&m->book, levels, MARKET_BOOK_LEVELS);
}

/* mark_price: mid of top of book rounded down, else the last trade. Half the sum cannot overflow:
 * prices are bounded by the codecs far below DEC_MAX / 2, and the halves are added. */
static void update_mark(struct market_instrument *m)
{
    if (m->has_top) {
        i128 a = m->top.bid_price.v, b = m->top.ask_price.v;
        m->mark.v = (a >> 1) + (b >> 1) + (a & b & 1);
        m->has_mark = true;
    } else if (m->has_last) {
        m->mark = m->last;
        m->has_mark = true;
    }
}

static void set_top(struct market_instrument *m, const struct event_top *top)
{
    m->has_top = dec_is_pos(top->bid_price) && dec_is_pos(top->ask_price);
    m->top = *top;
    update_mark(m);
}

void market_rules(struct market_instrument *m, const struct instrument_rules *rules)
{
    m->in.rules = *rules;
}

void market_feed(struct market_instrument *m, enum feed_state feed)
{
    m->feed = feed;
    if (feed == FEED_INVALID) { /* nothing of the old book may be mixed with what comes next */
        m->has_book = m->has_top = m->has_ticker = false;
        book_clear(&m->book);
    }
}

void market_top(struct market_instrument *m, const struct event_top *top, int64_t ts_ns)
{
    m->has_ticker = true;
    m->reference_ns = ts_ns;
    set_top(m, top);
}

void market_trade(struct market_instrument *m, const struct event_trade *trade, int64_t ts_ns)
{
    m->has_last = true;
    m->last = trade->price;
    m->reference_ns = ts_ns;
    if (!m->has_top) {
        m->mark = trade->price;
        m->has_mark = true;
    }
}

bool market_book(struct market_instrument *m, const struct event_book *change, int64_t ts_ns)
{
    if (change->snapshot)
        book_clear(&m->book);
    else if (!m->has_book) {
        m->feed = FEED_INVALID;
        return false;
    }
    book_side_apply(&m->book.bid, change->bid, change->bids);
    book_side_apply(&m->book.ask, change->ask, change->asks);
    m->book.change++;
    if (book_is_crossed(&m->book)) {
        market_feed(m, FEED_INVALID);
        return false;
    }
    m->has_book = true;
    m->reference_ns = ts_ns;
    if (!m->has_ticker) {
        const struct level *bid = book_best(&m->book.bid), *ask = book_best(&m->book.ask);
        struct event_top top = {0};
        if (bid) {
            top.bid_price = bid->price;
            top.bid_qty = bid->qty;
        }
        if (ask) {
            top.ask_price = ask->price;
            top.ask_qty = ask->qty;
        }
        set_top(m, &top);
    }
    return true;
}

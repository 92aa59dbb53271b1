#include "core/market.h"

void market_init_instrument(struct market_instrument *m, const struct instrument *in,
                            struct level *levels)
{
    *m = (struct market_instrument){.in = *in, .feed = FEED_INVALID};
    book_init(&m->book, levels, MARKET_BOOK_LEVELS);
}

/* mark_price: mid of top of book rounded down, else the last trade. The halves are added: their sum
 * cannot overflow. */
static void set_top(struct market_instrument *m, const struct event_top *top, int64_t ts_ns)
{
    m->has_top = dec_is_pos(top->bid_price) && dec_is_pos(top->ask_price);
    m->top = *top;
    if (m->has_top) {
        i128 a = top->bid_price.v, b = top->ask_price.v;
        m->mark.v = (a >> 1) + (b >> 1) + (a & b & 1);
        m->has_mark = m->has_reference = true;
        m->reference_ns = ts_ns;
    } else if (m->has_last) { /* a top with an empty side does not make an old trade younger */
        m->mark = m->last;
        m->reference_ns = m->last_ns;
    }
}

void market_rules(struct market_instrument *m, const struct instrument_rules *rules)
{
    m->in.rules = *rules;
    if (!dec_is_pos(rules->tick_size) || !dec_is_pos(rules->lot_size))
        m->in.rules.status = INSTRUMENT_UNKNOWN;
}

void market_feed(struct market_instrument *m, enum feed_state feed)
{
    m->feed = feed;
    if (feed == FEED_INVALID) { /* nothing of the old book may be mixed with what comes next */
        m->has_book = m->has_top = m->has_ticker = m->has_reference = false;
        book_clear(&m->book);
    }
}

void market_top(struct market_instrument *m, const struct event_top *top, int64_t ts_ns)
{
    m->has_ticker = true;
    set_top(m, top, ts_ns);
}

bool market_trade(struct market_instrument *m, const struct event_trade *trade, int64_t ts_ns)
{
    if (!dec_is_pos(trade->price) || dec_is_neg(trade->qty))
        return false;
    m->has_last = m->has_reference = true;
    m->last = trade->price;
    m->last_ns = m->reference_ns = ts_ns;
    if (!m->has_top) {
        m->mark = trade->price;
        m->has_mark = true;
    }
    return true;
}

/* Whether each of these can be a level, or the end of one. */
static bool are_levels(const struct level *l, uint32_t n)
{
    bool all = true;
    for (uint32_t i = 0; i < n; i++)
        all &= dec_is_pos(l[i].price) && !dec_is_neg(l[i].qty);
    return all;
}

bool market_book(struct market_instrument *m, const struct event_book *change, int64_t ts_ns)
{
    if ((!change->snapshot && !m->has_book) || !are_levels(change->bid, change->bids) ||
        !are_levels(change->ask, change->asks)) {
        market_feed(m, FEED_INVALID);
        return false;
    }
    if (change->snapshot)
        book_clear(&m->book);
    book_side_apply(&m->book.bid, change->bid, change->bids);
    book_side_apply(&m->book.ask, change->ask, change->asks);
    m->book.change++;
    if (book_is_crossed(&m->book)) {
        market_feed(m, FEED_INVALID);
        return false;
    }
    m->has_book = true;
    if (m->has_ticker) {
        if (m->has_top)
            m->reference_ns = ts_ns;
    } else {
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
        set_top(m, &top, ts_ns);
    }
    return true;
}

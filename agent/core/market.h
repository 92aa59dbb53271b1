/* What the engine knows of each instrument: rules, feed state, top of book, last trade, depth,
 * mark. */
#ifndef TW_CORE_MARKET_H
#define TW_CORE_MARKET_H

#include "base/err.h"
#include "model/book.h"
#include "model/event.h"
#include "model/instrument.h"

#define MARKET_BOOK_LEVELS 5000 /* per side; the worst are dropped beyond that */

struct market_instrument {
    struct instrument in; /* with the rules as learnt */
    enum feed_state feed; /* INVALID until the host says otherwise */
    bool has_top, has_last, has_mark;
    bool has_ticker;    /* top comes from EVENT_TOP; before the first one, from the book */
    bool has_book;      /* a snapshot was applied and nothing has contradicted it since */
    bool has_reference; /* a price that the mark is made of came since the feed was INVALID */
    struct event_top top;
    dec last, mark;
    int64_t last_ns;      /* ts_event of the last trade */
    int64_t reference_ns; /* of the newest price; without a usable top, of the last trade */
    struct book book;
};

struct market {
    uint32_t count;
    struct market_instrument *item;
};

void market_init_instrument(struct market_instrument *m, const struct instrument *in,
                            struct level *levels);

/* Apply one event of the kind in the name. Rules without a tick or a lot are not known rules. A
 * trade without a price, or with less than nothing, changes nothing: market_trade() returns false.
 * market_book() returns false where the book is crossed afterwards, has a level that cannot be one,
 * or a change came without a snapshot: the book is then dropped, the feed INVALID, and the caller
 * asks for a resync. */
void market_rules(struct market_instrument *m, const struct instrument_rules *rules);
void market_feed(struct market_instrument *m, enum feed_state feed);
void market_top(struct market_instrument *m, const struct event_top *top, int64_t ts_ns);
bool market_trade(struct market_instrument *m, const struct event_trade *trade, int64_t ts_ns);
bool market_book(struct market_instrument *m, const struct event_book *change, int64_t ts_ns);

#endif

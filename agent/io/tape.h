/* The tape: recorded market events in memory, several files merged by time.
 *
 * Each file is a stream. Files of trades are kept as plain 48-byte records, since a month of them
 * is tens of millions; everything else (tops, books, feed states) as whole events. A cursor merges
 * the streams: by time, at equal times in the order in which the streams were begun. Reading while
 * writing is not allowed.
 */
#ifndef TW_IO_TAPE_H
#define TW_IO_TAPE_H

#include "base/err.h"
#include "model/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAPE_STREAMS_MAX 256 /* files of one run */

struct tape;

#define TAPE_ID_MASK     (UINT64_MAX >> 1) /* the venue's trade id */
#define TAPE_SELLER_TOOK (~TAPE_ID_MASK)   /* set: the taker sold */

struct tape_trade {
    int64_t ts_ns;
    uint64_t id; /* trade id, and the side of the taker in the top bit */
    dec price, qty;
};

enum err tape_open(struct tape **ret) MUST_CHECK;
void tape_close(struct tape *t); /* NULL is fine */

/* ---- writing; each stream's times must not fall (the loader has checked; it is CHECKed at the
 * edges of blocks) ---- */

/* Begin the next stream. ERR_FULL beyond TAPE_STREAMS_MAX. */
enum err tape_begin_trades(struct tape *t, venue_id venue, instrument_id instrument) MUST_CHECK;
enum err tape_begin_events(struct tape *t) MUST_CHECK;

/* Room for trades at the end of the present trade stream: *ret_room >= 1 records at *ret, of which
 * tape_commit() keeps the first [n]. ERR_NOMEM. */
enum err tape_room(struct tape *t, struct tape_trade **ret, size_t *ret_room) MUST_CHECK;
void tape_commit(struct tape *t, size_t n);

/* Adds an event (with its levels, copied) to the present event stream. It goes out at [key_ns] or,
 * where that is less than its predecessor's key, together with its predecessor: a recording keeps
 * its order of arrival. */
enum err tape_add(struct tape *t, int64_t key_ns, const struct event *ev) MUST_CHECK;

/* ---- what is on it ---- */

uint64_t tape_count(const struct tape *t);   /* events */
int64_t tape_first_ns(const struct tape *t); /* time of the first one; 0 while empty */
int64_t tape_last_ns(const struct tape *t);  /* of the last one */
uint64_t tape_bytes(const struct tape *t);   /* memory in use */
uint32_t tape_streams(const struct tape *t);
/* The instrument of a trade stream; false for a stream of events. */
bool tape_stream_instrument(const struct tape *t, uint32_t stream, venue_id *venue,
                            instrument_id *instrument);

/* ---- reading ---- */

struct tape_cursor {
    struct event ev;
    const struct tape_trade *at, *end; /* what is left of the present block of the stream */
    int64_t limit; /* the present stream may go on up to here before another has its turn */
    const struct tape *tape;
    uint32_t stream;                     /* the present one; TAPE_STREAMS_MAX: none yet */
    uint64_t position[TAPE_STREAMS_MAX]; /* how many events of each went out */
};

void tape_cursor_init(struct tape_cursor *c, const struct tape *t);

const struct event *tape_next_slow(struct tape_cursor *c);

/* The next event, valid until the next call; NULL at the end. ts_recv_ns equals ts_event_ns. */
static inline const struct event *tape_next(struct tape_cursor *c)
{
    const struct tape_trade *r = c->at;
    if (r == c->end || r->ts_ns > c->limit)
        return tape_next_slow(c);
    c->at = r + 1;
    c->ev.ts_event_ns = c->ev.ts_recv_ns = r->ts_ns;
    c->ev.trade.price = r->price;
    c->ev.trade.qty = r->qty;
    c->ev.trade.trade_id = r->id & TAPE_ID_MASK;
    c->ev.trade.aggressor = r->id & TAPE_SELLER_TOOK ? SIDE_SELL : SIDE_BUY;
    return &c->ev;
}

#endif

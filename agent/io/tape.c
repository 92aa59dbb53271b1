#include "io/tape.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE        ((size_t)2 * 1024 * 1024)
#define TRADES_PER_BLOCK ((size_t)1 << 18) /* times 48 bytes: six huge pages */
#define EVENTS_PER_BLOCK ((size_t)1 << 12)
#define LEVELS_PER_BLOCK ((size_t)1 << 16)

struct entry {
    int64_t key_ns;
    struct event ev;
};

/* A growing list of memory blocks of equal kind. */
struct blocks {
    void **block;
    size_t count, cap;
};

struct stream {
    bool is_trades;
    venue_id venue;
    instrument_id instrument;
    uint64_t count;
    struct blocks block;            /* of struct tape_trade, or of struct entry */
    struct blocks levels;           /* what the books of an event stream point to */
    size_t levels_used, levels_cap; /* of the last block */
    int64_t last_ns;
};

struct tape {
    struct stream stream[TAPE_STREAMS_MAX];
    uint32_t streams;
    uint64_t bytes;
};

enum err tape_open(struct tape **ret)
{
    struct tape *t = calloc(1, sizeof *t);
    if (!t)
        return ERR_NOMEM;
    *ret = t;
    return ERR_OK;
}

static void blocks_free(struct blocks *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->block[i]);
    free(b->block);
}

void tape_close(struct tape *t)
{
    if (!t)
        return;
    for (uint32_t i = 0; i < t->streams; i++) {
        blocks_free(&t->stream[i].block);
        blocks_free(&t->stream[i].levels);
    }
    free(t);
}

/* Appends a block of [bytes] (a multiple of the huge page size where that matters). */
static enum err blocks_add(struct tape *t, struct blocks *b, size_t bytes)
{
    if (b->count == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 16;
        void **grown = realloc(b->block, cap * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        b->block = grown;
        b->cap = cap;
    }
    bool huge = bytes % HUGE_PAGE == 0;
    void *p = NULL;
    if (posix_memalign(&p, huge ? HUGE_PAGE : 16, bytes) != 0)
        return ERR_NOMEM;
    if (huge) /* a wish: without it the tape is only slower */
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    b->block[b->count++] = p;
    t->bytes += bytes;
    return ERR_OK;
}

static enum err begin(struct tape *t, struct stream fresh)
{
    if (t->streams == TAPE_STREAMS_MAX)
        return ERR_FULL;
    fresh.last_ns = INT64_MIN;
    t->stream[t->streams++] = fresh;
    return ERR_OK;
}

enum err tape_begin_trades(struct tape *t, venue_id venue, instrument_id instrument)
{
    return begin(t, (struct stream){.is_trades = true, .venue = venue, .instrument = instrument});
}

enum err tape_begin_events(struct tape *t)
{
    return begin(t, (struct stream){.is_trades = false});
}

static struct stream *present(struct tape *t)
{
    CHECK(t->streams > 0);
    return &t->stream[t->streams - 1];
}

enum err tape_room(struct tape *t, struct tape_trade **ret, size_t *ret_room)
{
    struct stream *s = present(t);
    CHECK(s->is_trades);
    size_t in_block = (size_t)(s->count % TRADES_PER_BLOCK);
    if (s->count == s->block.count * TRADES_PER_BLOCK) {
        enum err e = blocks_add(t, &s->block, TRADES_PER_BLOCK * sizeof **ret);
        if (e)
            return e;
    }
    *ret = (struct tape_trade *)s->block.block[s->block.count - 1] + in_block;
    *ret_room = TRADES_PER_BLOCK - in_block;
    return ERR_OK;
}

void tape_commit(struct tape *t, size_t n)
{
    struct stream *s = present(t);
    size_t in_block = (size_t)(s->count % TRADES_PER_BLOCK);
    CHECK(n <= TRADES_PER_BLOCK - in_block);
    if (n == 0)
        return;
    const struct tape_trade *first =
        (const struct tape_trade *)s->block.block[s->block.count - 1] + in_block;
    CHECK(first[0].ts_ns >= s->last_ns && first[n - 1].ts_ns >= first[0].ts_ns);
    s->last_ns = first[n - 1].ts_ns;
    s->count += n;
}

/* Copies the levels of a book event into the stream's own memory. */
static enum err keep_levels(struct tape *t, struct stream *s, struct event_book *b)
{
    size_t n = (size_t)b->bids + b->asks;
    if (n == 0)
        return ERR_OK;
    if (s->levels.count == 0 || s->levels_cap - s->levels_used < n) {
        size_t cap = n > LEVELS_PER_BLOCK ? n : LEVELS_PER_BLOCK;
        enum err e = blocks_add(t, &s->levels, cap * sizeof(struct level));
        if (e)
            return e;
        s->levels_used = 0;
        s->levels_cap = cap;
    }
    struct level *to = (struct level *)s->levels.block[s->levels.count - 1] + s->levels_used;
    if (b->bids)
        memcpy(to, b->bid, b->bids * sizeof *to);
    if (b->asks)
        memcpy(to + b->bids, b->ask, b->asks * sizeof *to);
    s->levels_used += n;
    b->bid = to;
    b->ask = to + b->bids;
    return ERR_OK;
}

enum err tape_add(struct tape *t, int64_t key_ns, const struct event *ev)
{
    struct stream *s = present(t);
    CHECK(!s->is_trades);
    if (s->count == s->block.count * EVENTS_PER_BLOCK) {
        enum err e = blocks_add(t, &s->block, EVENTS_PER_BLOCK * sizeof(struct entry));
        if (e)
            return e;
    }
    struct event copy = *ev;
    copy.ts_recv_ns = copy.ts_event_ns;
    if (copy.kind == EVENT_BOOK) {
        enum err e = keep_levels(t, s, &copy.book);
        if (e)
            return e;
    }
    if (key_ns < s->last_ns)
        key_ns = s->last_ns;
    struct entry *to =
        (struct entry *)s->block.block[s->block.count - 1] + (size_t)(s->count % EVENTS_PER_BLOCK);
    *to = (struct entry){.key_ns = key_ns, .ev = copy};
    s->last_ns = key_ns;
    s->count++;
    return ERR_OK;
}

/* ---- what is on it ---- */

uint64_t tape_count(const struct tape *t)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < t->streams; i++)
        n += t->stream[i].count;
    return n;
}

static const struct tape_trade *trade_at(const struct stream *s, uint64_t n)
{
    return (const struct tape_trade *)s->block.block[n / TRADES_PER_BLOCK] + n % TRADES_PER_BLOCK;
}

static const struct entry *entry_at(const struct stream *s, uint64_t n)
{
    return (const struct entry *)s->block.block[n / EVENTS_PER_BLOCK] + n % EVENTS_PER_BLOCK;
}

static int64_t key_at(const struct stream *s, uint64_t n)
{
    return s->is_trades ? trade_at(s, n)->ts_ns : entry_at(s, n)->key_ns;
}

int64_t tape_first_ns(const struct tape *t)
{
    int64_t first = INT64_MAX;
    for (uint32_t i = 0; i < t->streams; i++)
        if (t->stream[i].count && key_at(&t->stream[i], 0) < first)
            first = key_at(&t->stream[i], 0);
    return first == INT64_MAX ? 0 : first;
}

int64_t tape_last_ns(const struct tape *t)
{
    int64_t last = INT64_MIN;
    for (uint32_t i = 0; i < t->streams; i++)
        if (t->stream[i].count && t->stream[i].last_ns > last)
            last = t->stream[i].last_ns;
    return last == INT64_MIN ? 0 : last;
}

uint64_t tape_bytes(const struct tape *t)
{
    return t->bytes;
}

uint32_t tape_streams(const struct tape *t)
{
    return t->streams;
}

bool tape_stream_instrument(const struct tape *t, uint32_t stream, venue_id *venue,
                            instrument_id *instrument)
{
    CHECK(stream < t->streams);
    const struct stream *s = &t->stream[stream];
    if (!s->is_trades)
        return false;
    *venue = s->venue;
    *instrument = s->instrument;
    return true;
}

/* ---- reading ---- */

void tape_cursor_init(struct tape_cursor *c, const struct tape *t)
{
    memset(c, 0, sizeof *c);
    c->tape = t;
    c->stream = TAPE_STREAMS_MAX;
}

/* Books what tape_next() took from the present block. */
static void settle(struct tape_cursor *c)
{
    if (c->stream == TAPE_STREAMS_MAX || !c->at)
        return;
    const struct stream *s = &c->tape->stream[c->stream];
    uint64_t *position = &c->position[c->stream];
    *position += (uint64_t)(c->at - trade_at(s, *position));
    c->at = c->end = NULL;
}

/* Chooses the stream whose turn it is, and how far it may go on. False at the end of all. */
static bool choose(struct tape_cursor *c)
{
    const struct tape *t = c->tape;
    int64_t best = 0, limit = INT64_MAX;
    uint32_t chosen = TAPE_STREAMS_MAX;
    for (uint32_t i = 0; i < t->streams; i++) {
        if (c->position[i] == t->stream[i].count)
            continue;
        int64_t key = key_at(&t->stream[i], c->position[i]);
        if (chosen == TAPE_STREAMS_MAX || key < best) {
            /* The one chosen so far comes earlier in the order: at equal times it goes first. */
            if (chosen != TAPE_STREAMS_MAX)
                limit = best - 1;
            best = key;
            chosen = i;
        } else if (key < limit) {
            limit = key;
        }
    }
    c->stream = chosen;
    c->limit = limit;
    return chosen != TAPE_STREAMS_MAX;
}

const struct event *tape_next_slow(struct tape_cursor *c)
{
    settle(c);
    if (!choose(c))
        return NULL;
    const struct stream *s = &c->tape->stream[c->stream];
    uint64_t *position = &c->position[c->stream];
    if (!s->is_trades)
        return &entry_at(s, (*position)++)->ev;
    c->at = trade_at(s, *position);
    uint64_t left = s->count - *position,
             in_block = TRADES_PER_BLOCK - *position % TRADES_PER_BLOCK;
    c->end = c->at + (left < in_block ? left : in_block);
    c->ev.kind = EVENT_TRADE;
    c->ev.venue = s->venue;
    c->ev.instrument = s->instrument;
    return tape_next(c);
}

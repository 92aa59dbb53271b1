/* An order book: two sorted arrays of price levels.
 *
 * The best level is the last of its array, so that the usual change (near the top) moves few
 * entries; look-up is a binary search. Capacity is fixed; when a side is full its worst level is
 * dropped and counted. The caller owns the memory.
 */
#ifndef TW_MODEL_BOOK_H
#define TW_MODEL_BOOK_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct level {
    dec price, qty; /* qty 0 in a change removes the level */
};

struct book_side {
    struct level *level; /* level[count - 1] is the best */
    uint32_t count, cap;
    uint32_t dropped; /* levels lost because the side was full */
    uint32_t hint;    /* where the last change was: inside of book.c */
    bool is_bid;
};

struct book {
    struct book_side bid, ask;
    uint64_t change; /* rises with every change applied: a cheap "is it still the same book?" */
};

/* [levels] has room for 2 * cap_per_side entries. */
void book_init(struct book *b, struct level *levels, uint32_t cap_per_side);

/* Removes every level. */
void book_clear(struct book *b);

/* Sets, replaces or (qty 0) removes the level at [price]. */
void book_side_set(struct book_side *s, dec price, dec qty);

/* As book_side_set() for each of [n] changes, in order; fast where they go from the best price
 * outwards, as venues send them. */
void book_side_apply(struct book_side *s, const struct level *change, uint32_t n);

/* Best level, or NULL where the side is empty. */
static inline const struct level *book_best(const struct book_side *s)
{
    return s->count ? &s->level[s->count - 1] : NULL;
}

/* The [n]th level counted from the best (0), or NULL. */
static inline const struct level *book_nth(const struct book_side *s, uint32_t n)
{
    return n < s->count ? &s->level[s->count - 1 - n] : NULL;
}

/* Quantity displayed at exactly [price]; zero where there is no such level. */
dec book_qty_at(const struct book_side *s, dec price);

/* Whether best bid >= best ask: such a book must not be acted on. */
bool book_is_crossed(const struct book *b);

#endif

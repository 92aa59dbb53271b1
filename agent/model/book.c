#include "model/book.h"

#include "base/check.h"

#include <string.h>

void book_init(struct book *b, struct level *levels, uint32_t cap_per_side)
{
    CHECK(cap_per_side > 0);
    *b = (struct book){
        .bid = {.level = levels, .cap = cap_per_side, .is_bid = true},
        .ask = {.level = levels + cap_per_side, .cap = cap_per_side, .is_bid = false},
    };
}

void book_clear(struct book *b)
{
    b->bid.count = b->ask.count = b->bid.hint = b->ask.hint = 0;
    b->change++;
}

/* Whether [a] is a worse price than [b]. */
static inline bool worse(bool is_bid, dec a, dec b)
{
    return is_bid ? a.v < b.v : a.v > b.v;
}

/* Index of the first entry that is not worse than [price]. Worst first: bids rise, asks fall.
 *
 * Venues send changes from the best price outwards, and most near the best: the search begins at
 * the entry found last where [price] lies beyond that one, else at the best, and widens by doubling
 * steps. A change costs by its distance, not by the size of the book. Then it halves without
 * branches, which nothing could predict. */
static inline uint32_t find_on(const struct book_side *s, bool is_bid, dec price)
{
    const struct level *l = s->level;
    uint32_t hi = s->count, step = 1; /* the entry at hi, if any, is not worse than [price] */
    if (s->hint < s->count && !worse(is_bid, l[s->hint].price, price))
        hi = s->hint;
    while (step <= hi && !worse(is_bid, l[hi - step].price, price)) {
        hi -= step;
        step *= 2;
    }
    uint32_t lo = step <= hi ? hi - step + 1 : 0; /* all below lo are worse */
    for (uint32_t n = hi - lo; n > 0;) {
        const uint32_t half = (n + 1) / 2;
        lo += half & -(uint32_t)worse(is_bid, l[lo + half - 1].price, price);
        n -= half;
    }
    return lo;
}

static uint32_t find(const struct book_side *s, dec price)
{
    return s->is_bid ? find_on(s, true, price) : find_on(s, false, price);
}

void book_side_set(struct book_side *s, dec price, dec qty)
{
    uint32_t i = s->hint = find(s, price);
    bool there = i < s->count && s->level[i].price.v == price.v;
    if (qty.v == 0) {
        if (there) {
            memmove(&s->level[i], &s->level[i + 1], (s->count - i - 1) * sizeof s->level[0]);
            s->count--;
        }
        return;
    }
    if (there) {
        s->level[i].qty = qty;
        return;
    }
    if (s->count == s->cap) {
        s->dropped++;
        if (i == 0)
            return; /* worse than everything kept */
        memmove(&s->level[0], &s->level[1], (i - 1) * sizeof s->level[0]);
        s->level[i - 1] = (struct level){price, qty};
        return;
    }
    memmove(&s->level[i + 1], &s->level[i], (s->count - i) * sizeof s->level[0]);
    s->level[i] = (struct level){price, qty};
    s->count++;
}

/* ---- many changes at once ---- */

/* A level that comes or goes, by its index before any of them. */
struct shift {
    uint32_t at;
    int32_t grow; /* 1: [level] is put in front of entry [at]; -1: entry [at] goes */
    const struct level *level;
};

enum { RUN_MAX = 256 };

/* How many changes, from the first, go strictly from better to worse prices. */
static uint32_t run_length(const struct book_side *s, const struct level *change, uint32_t n)
{
    uint32_t i = 1;
    while (i < n && i < RUN_MAX && worse(s->is_bid, change[i].price, change[i - 1].price))
        i++;
    return i;
}

/* Moves entries [from, to) by [by]. */
static void move(struct book_side *s, uint32_t from, uint32_t to, int32_t by)
{
    if (from == to)
        return;
    memmove(&s->level[(int64_t)from + by], &s->level[from], (to - from) * sizeof s->level[0]);
}

/* First the entry behind the [k]th shift, counted from the worst price. */
static inline uint32_t above(const struct shift *k)
{
    return k->grow > 0 ? k->at : k->at + 1;
}

/* All moves of a run in one pass. Between two shifts lies a block of entries, which moves by the
 * sum of the shifts below it, mostly by 0. Blocks that go down are moved first, from the worst up,
 * then those that go up, from the best down: none then covers what is still to be moved, because
 * the blocks keep their order. */
static void move_blocks(struct book_side *s, const struct shift *shift, uint32_t n)
{
    int32_t sum = 0;
    for (uint32_t k = n; k-- > 0;) { /* shifts are in order of the changes: best first */
        sum += shift[k].grow;
        if (sum < 0)
            move(s, above(&shift[k]), k ? shift[k - 1].at : s->count, sum);
    }
    const int32_t total = sum;
    for (uint32_t k = 0; k < n; sum -= shift[k++].grow)
        if (sum > 0)
            move(s, above(&shift[k]), k ? shift[k - 1].at : s->count, sum);
    sum = total;
    for (uint32_t k = 0; k < n; k++) {
        sum -= shift[k].grow;
        if (shift[k].grow > 0)
            s->level[(int64_t)shift[k].at + sum] = *shift[k].level;
    }
    s->count = (uint32_t)((int64_t)s->count + total);
}

static void apply_run(struct book_side *s, const struct level *change, uint32_t n)
{
    struct shift shift[RUN_MAX];
    uint32_t shifts = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct level *c = &change[i];
        const uint32_t at = s->hint = find(s, c->price);
        const bool there = at < s->count && s->level[at].price.v == c->price.v;
        if (there && c->qty.v != 0)
            s->level[at].qty = c->qty;
        else if (there || c->qty.v != 0)
            shift[shifts++] = (struct shift){at, there ? -1 : 1, c};
    }
    if (shifts)
        move_blocks(s, shift, shifts);
}

void book_side_apply(struct book_side *s, const struct level *change, uint32_t n)
{
    while (n > 0) {
        uint32_t m = run_length(s, change, n);
        if (m > 1 && m <= s->cap - s->count) {
            apply_run(s, change, m);
        } else { /* in no order, or with levels to be dropped: one by one */
            book_side_set(s, change->price, change->qty);
            m = 1;
        }
        change += m;
        n -= m;
    }
}

dec book_qty_at(const struct book_side *s, dec price)
{
    uint32_t i = find(s, price);
    return i < s->count && s->level[i].price.v == price.v ? s->level[i].qty : DEC_ZERO;
}

bool book_is_crossed(const struct book *b)
{
    const struct level *bid = book_best(&b->bid), *ask = book_best(&b->ask);
    return bid && ask && bid->price.v >= ask->price.v;
}

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
    b->bid.count = b->ask.count = 0;
    b->change++;
}

/* Index of the first entry that is not worse than [price]. Worst first: bids rise, asks fall. */
static uint32_t find(const struct book_side *s, dec price)
{
    uint32_t lo = 0, n = s->count;
    const struct level *l = s->level;
    while (n > 0) {
        uint32_t half = n / 2;
        bool worse = s->is_bid ? l[lo + half].price.v < price.v : l[lo + half].price.v > price.v;
        lo = worse ? lo + half + 1 : lo;
        n = worse ? n - half - 1 : half;
    }
    return lo;
}

void book_side_set(struct book_side *s, dec price, dec qty)
{
    uint32_t i = find(s, price);
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

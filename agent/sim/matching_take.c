/* What a marketable order trades against: the depth book, else the top of book as a book of one
 * level, else the last trade as bid and ask of unlimited size. What we took of a level is
 * remembered until the market tells the level anew, so that the same volume is not sold to us
 * twice. */
#include "sim/matching_internal.h"

/* The levels on the far side of an order, best first. */
struct levels {
    bool known;
    bool remembered;              /* volume that we take is missing afterwards */
    const struct book_side *side; /* NULL: only [one] */
    struct level one;             /* price 0: empty */
};

static struct levels far_side(struct matching *m, const struct slot *o)
{
    struct matching_market market = {0};
    m->ask_market(m->ctx, o->instrument, &market);
    bool buy = o->side == SIDE_BUY;
    if (market.book)
        return (struct levels){
            .known = true, .remembered = true, .side = buy ? &market.book->ask : &market.book->bid};
    if (market.top)
        return (struct levels){
            .known = true,
            .remembered = true,
            .one = buy ? (struct level){market.top->ask_price, market.top->ask_qty}
                       : (struct level){market.top->bid_price, market.top->bid_qty}};
    if (!market.last)
        return (struct levels){.known = false};
    return (struct levels){.known = true, .one = {*market.last, DEC_MAX}};
}

/* Market orders pay for not knowing the book. */
static bool slipped(const struct matching *m, const struct slot *o, dec last, dec *ret)
{
    const struct market *k = &m->market[o->instrument];
    dec factor, price, slippage = m->setup->venue[k->venue].slippage;
    bool buy = o->side == SIDE_BUY;
    if (!dec_add(DEC_ONE, buy ? slippage : dec_neg(slippage), &factor) ||
        !dec_mul(last, factor, buy ? DEC_UP : DEC_DOWN, &price))
        return false;
    return dec_round_to(price, k->rules.tick_size, buy ? DEC_CEIL : DEC_FLOOR, ret);
}

/* The [n]th level within the order's limit; false where there is none. */
static bool level_at(const struct levels *l, const struct slot *o, uint32_t n, struct level *ret)
{
    const struct level *found = l->side ? book_nth(l->side, n) : (n == 0 ? &l->one : NULL);
    if (!found || !dec_is_pos(found->price))
        return false;
    if (o->type == ORDER_LIMIT &&
        (o->side == SIDE_BUY ? dec_gt(found->price, o->price) : dec_lt(found->price, o->price)))
        return false;
    *ret = *found;
    return true;
}

static uint32_t *taken_list(struct market *k, enum side order_side)
{
    return order_side == SIDE_BUY ? &k->taken_asks : &k->taken_bids;
}

/* Moves *link over the entries better than [price]; what was taken at [price] itself. Called with
 * prices from the best on, so that a walk over n levels and m entries costs n + m. */
static dec taken_at(struct matching *m, uint32_t **link, enum side order_side, dec price)
{
    while (**link != NIL) {
        const struct taken *t = &m->taken[**link];
        if (order_side == SIDE_BUY ? dec_ge(t->price, price) : dec_le(t->price, price))
            return dec_eq(t->price, price) ? t->qty : DEC_ZERO;
        *link = &m->taken[**link].next;
    }
    return DEC_ZERO;
}

/* Remembers it at *link, where taken_at() left off. */
static void taken_add(struct matching *m, uint32_t *link, dec price, dec qty)
{
    if (*link != NIL && dec_eq(m->taken[*link].price, price)) {
        m->taken[*link].qty.v += qty.v; /* at most the level's quantity */
        return;
    }
    uint32_t i = m->free_taken;
    m->free_taken = m->taken[i].next;
    m->takens_free--;
    m->taken[i] = (struct taken){.price = price, .qty = qty, .next = *link};
    *link = i;
}

/* One level of a walk. */
struct step {
    dec price, qty; /* qty is what the order takes of it, more than zero */
    bool full;      /* no room to remember it */
};

/* A walk over the levels from the best on; the plan and the taking are the same walk. */
struct walk {
    struct levels levels;
    uint32_t n;     /* next level */
    uint32_t *link; /* place in the list of taken volume */
    uint32_t room;  /* entries that can still be added to it */
};

static struct walk walk_start(struct matching *m, const struct slot *o)
{
    return (struct walk){.levels = far_side(m, o),
                         .link = taken_list(&m->market[o->instrument], o->side),
                         .room = m->takens_free};
}

/* The next level that has something for an order that still wants [open]. */
static bool walk_next(struct matching *m, const struct slot *o, struct walk *w, dec open,
                      struct step *ret)
{
    struct level l;
    while (dec_is_pos(open) && level_at(&w->levels, o, w->n, &l)) {
        w->n++;
        dec taken = w->levels.remembered ? taken_at(m, &w->link, o->side, l.price) : DEC_ZERO;
        dec left = {l.qty.v - taken.v};
        if (!dec_is_pos(left))
            continue;
        *ret = (struct step){.price = l.price, .qty = dec_min(open, left)};
        if (!w->levels.side && !w->levels.remembered && o->type == ORDER_MARKET &&
            (!slipped(m, o, l.price, &ret->price) || !dec_is_pos(ret->price)))
            return false;
        if (w->levels.remembered && dec_is_zero(taken)) {
            ret->full = w->room == 0;
            w->room -= w->room > 0;
        }
        return true;
    }
    return false;
}

enum err matching_plan(struct matching *m, const struct slot *o, struct take_plan *ret)
{
    struct walk w = walk_start(m, o);
    struct take_plan p = {.known = w.levels.known};
    dec open = o->open, value;
    struct step s;
    while (walk_next(m, o, &w, open, &s)) {
        if (s.full) {
            p.cut = true;
            break;
        }
        if (dec_is_zero(p.first_price))
            p.first_price = s.price;
        if (!dec_mul(s.price, s.qty, o->side == SIDE_BUY ? DEC_UP : DEC_DOWN, &value) ||
            !dec_add(p.cost, value, &p.cost))
            return ERR_OVERFLOW;
        open.v -= s.qty.v;
        p.qty.v += s.qty.v;
    }
    *ret = p;
    return ERR_OK;
}

enum err matching_take(struct matching *m, struct slot *o, int64_t ts_ns, bool *ret_paid)
{
    struct walk w = walk_start(m, o);
    struct step s;
    *ret_paid = true;
    while (walk_next(m, o, &w, o->open, &s) && !s.full) {
        enum err e = matching_fill(m, o, s.price, s.qty, LIQUIDITY_TAKER, ts_ns, ret_paid);
        if (e || !*ret_paid)
            return e;
        if (w.levels.remembered)
            taken_add(m, w.link, s.price, s.qty);
    }
    return ERR_OK;
}

static void drop(struct matching *m, uint32_t *link)
{
    uint32_t i = *link;
    *link = m->taken[i].next;
    m->taken[i].next = m->free_taken;
    m->free_taken = i;
    m->takens_free++;
}

static bool is_among(const struct level *level, uint32_t n, dec price)
{
    for (uint32_t i = 0; i < n; i++)
        if (dec_eq(level[i].price, price))
            return true;
    return false;
}

/* Forgets all of a list, or (with levels) what was taken of those. */
static void forget(struct matching *m, uint32_t *link, bool all, const struct level *level,
                   uint32_t n)
{
    while (*link != NIL)
        if (all || is_among(level, n, m->taken[*link].price))
            drop(m, link);
        else
            link = &m->taken[*link].next;
}

void matching_forget(struct matching *m, struct market *k, const struct event *ev)
{
    if (ev->kind == EVENT_BOOK) {
        forget(m, &k->taken_bids, ev->book.snapshot, ev->book.bid, ev->book.bids);
        forget(m, &k->taken_asks, ev->book.snapshot, ev->book.ask, ev->book.asks);
        return;
    }
    /* The top of book tells levels of the depth book nothing new. */
    struct matching_market market = {0};
    m->ask_market(m->ctx, ev->instrument, &market);
    if (!market.book) {
        forget(m, &k->taken_bids, true, NULL, 0);
        forget(m, &k->taken_asks, true, NULL, 0);
    }
}

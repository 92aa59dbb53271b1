/* Which orders of a grid there should be now: placing them, cancelling what lies outside the window
 * of open orders, waiting where it must be waited. */
#include "strategies/grid_internal.h"

bool grid_can_ask(struct grid_call *c)
{
    if (c->asks == GRID_ASKS_MAX) {
        c->more = true;
        return false;
    }
    c->asks++;
    return true;
}

void grid_cancel(struct grid_call *c, struct grid_leg *leg)
{
    if (leg->id == 0 || leg->canceling || leg->cancel_ns > c->now || !grid_can_ask(c))
        return;
    intents_cancel(c->out, leg->id);
    leg->canceling = true;
}

/* ---- prices ---- */

/* On which side of our own orders a new one has to stay. */
struct fence {
    dec lowest_sell; /* of those that are open or would be placed now; DEC_MAX: none */
    dec highest_buy; /* of those that are open; 0: none */
};

/* The side of initial orders. */
static int entry_side(const struct grid_call *c)
{
    return c->p->value[P_DIRECTION].choice == DIRECTION_SHORT ? GRID_SELL : GRID_BUY;
}

static bool is_entry(const struct grid_call *c, const struct grid_slot *s, int side)
{
    return s->entry && side == entry_side(c);
}

/* Whether the next order of a side is an initial one of that kind. */
static bool is_initial(const struct grid_call *c, const struct grid_slot *s, int side,
                       uint32_t kind)
{
    return is_entry(c, s, side) && c->p->value[P_INITIAL_ORDER].choice == kind;
}

/* The worst price of an initial order; false where it cannot be computed. */
static bool entry_cap(const struct grid_call *c, int side, dec *ret)
{
    dec slip = c->p->value[P_SLIPPAGE].decimal, factor, cap;
    if (side == GRID_BUY)
        return dec_add(DEC_ONE, slip, &factor) && dec_mul(c->g->start, factor, DEC_DOWN, &cap) &&
               dec_round_to(cap, c->r->tick_size, DEC_DOWN, ret);
    return dec_sub(DEC_ONE, slip, &factor) && dec_mul(c->g->start, factor, DEC_UP, &cap) &&
           dec_round_to(cap, c->r->tick_size, DEC_UP, ret);
}

/* Best price that a post-only order of that side must not reach. */
static dec opposite(const struct grid_call *c, int side)
{
    struct event_top top;
    if (!view_top(c->v, view_first_instrument(c->v), &top))
        return c->mark;
    return side == GRID_BUY ? top.ask_price : top.bid_price;
}

/* Where a side's next order lies; false where it has no price. */
static bool price_of(const struct grid_call *c, const struct grid_slot *s, int side, dec *ret)
{
    bool buy = side == GRID_BUY;
    enum dec_rounding away = buy ? DEC_DOWN : DEC_UP;
    dec price = buy ? s->low : s->high, near, ticks;
    if (is_initial(c, s, side, INITIAL_LIMIT))
        price = c->mark;
    else if (is_initial(c, s, side, INITIAL_MARKET) && !entry_cap(c, side, &price))
        return false;
    if (!dec_round_to(price, c->r->tick_size, away, &price))
        return false;
    uint32_t took = s->side[side].took;
    if (took && c->p->value[P_REPRICE].boolean) {
        if (!dec_mul_int(c->r->tick_size, buy ? -(int64_t)took : (int64_t)took, &ticks) ||
            !dec_round_to(opposite(c, side), c->r->tick_size, away, &near) ||
            !dec_add(near, ticks, &near))
            return false;
        price = buy ? dec_min(price, near) : dec_max(price, near);
    }
    if (!dec_is_pos(price))
        return false;
    *ret = price;
    return true;
}

/* An initial order stays one tick off our own orders, any other waits until they are gone. */
static bool inside_fence(const struct grid_call *c, const struct grid_slot *s, int side,
                         const struct fence *f, dec *price)
{
    dec tick = c->r->tick_size;
    if (side == GRID_BUY) {
        if (dec_lt(*price, f->lowest_sell))
            return true;
        *price = (dec){f->lowest_sell.v - tick.v};
    } else {
        if (dec_gt(*price, f->highest_buy))
            return true;
        *price = (dec){f->highest_buy.v + tick.v};
    }
    return is_entry(c, s, side) && dec_is_pos(*price);
}

/* ---- what is wanted ---- */

static dec wanted(const struct grid_call *c, const struct grid_slot *s, int side)
{
    return side == GRID_BUY ? grid_wanted(s, c->r) : grid_sellable(s, c->r);
}

/* A sell that has to rest at its level, where it would take: it waits until the price has left. */
static bool is_blocked(const struct grid_call *c, const struct grid_slot *s, int side)
{
    const struct param_value *v = c->p->value;
    return side == GRID_SELL && v[P_POST_ONLY].boolean && !v[P_REPRICE].boolean &&
           !is_entry(c, s, side) && dec_le(s->high, opposite(c, side));
}

/* What each slot would place now, as things are before anything is placed. */
static void find_wishes(struct grid_call *c)
{
    struct grid *g = c->g;
    g->any_blocked = false;
    for (uint32_t i = 0; i < g->slots; i++)
        for (int side = 0; side < 2; side++) {
            const struct grid_slot *s = &g->slot[i];
            dec wish = s->side[side].retry_ns ? DEC_ZERO : wanted(c, s, side);
            bool blocked = dec_is_pos(wish) && is_blocked(c, s, side);
            c->wish[side][i] = blocked ? DEC_ZERO : wish;
            if (blocked && (!g->any_blocked || dec_gt(s->high, g->highest_blocked)))
                g->highest_blocked = s->high;
            g->any_blocked |= blocked;
        }
}

bool grid_unblocks(const struct grid_call *c)
{
    return c->g->any_blocked && dec_gt(c->g->highest_blocked, opposite(c, GRID_SELL));
}

static struct fence find_fence(const struct grid_call *c, bool sells)
{
    struct fence f = {.lowest_sell = DEC_MAX, .highest_buy = DEC_ZERO};
    for (uint32_t i = 0; i < c->g->slots; i++) {
        const struct grid_slot *s = &c->g->slot[i];
        dec price;
        for (int n = 0; n < 2; n++) {
            const struct grid_leg *b = &s->side[GRID_BUY].leg[n], *a = &s->side[GRID_SELL].leg[n];
            if (b->id)
                f.highest_buy = dec_max(f.highest_buy, b->price);
            if (a->id)
                f.lowest_sell = dec_min(f.lowest_sell, a->price);
        }
        if (sells && dec_is_pos(c->wish[GRID_SELL][i]) && price_of(c, s, GRID_SELL, &price))
            f.lowest_sell = dec_min(f.lowest_sell, price);
    }
    return f;
}

/* The quote that a buy binds; DEC_MAX where that cannot be computed. */
static dec bound(dec price, dec qty)
{
    dec cost;
    return dec_mul(price, qty, DEC_UP, &cost) ? cost : DEC_MAX;
}

/* What cancels that make room in the window give back: those under way, and that of the buy
 * furthest away. Without looking at that a buy which is too dear would push another one out again
 * and again.
 */
static dec given_back(struct grid *g)
{
    dec sum = DEC_ZERO, last = DEC_ZERO;
    for (uint32_t i = g->slots; i-- > 0;)
        for (int n = 0; n < 2; n++) {
            const struct grid_leg *leg = &grid_nth(g, i)->side[GRID_BUY].leg[n];
            if (leg->id && !leg->canceling)
                last = bound(leg->price, leg->open);
            else if (leg->id && !dec_add(sum, bound(leg->price, leg->open), &sum))
                return DEC_MAX;
        }
    return dec_add(sum, last, &sum) ? sum : DEC_MAX;
}

/* Whether there is, or will be, the money for a buy. */
static bool can_pay(const struct grid_call *c, dec cost, dec more)
{
    dec money;
    return dec_le(cost, c->free) || !dec_add(c->free, more, &money) || dec_le(cost, money);
}

static void submit(struct grid_call *c, struct grid_slot *s, int side, dec price)
{
    struct grid_side *mine = &s->side[side];
    struct grid_leg *leg = &mine->leg[mine->leg[0].id ? 1 : 0];
    bool taker = is_initial(c, s, side, INITIAL_MARKET);
    struct order_request q = {.instrument = view_first_instrument(c->v),
                              .side = side == GRID_BUY ? SIDE_BUY : SIDE_SELL,
                              .type = ORDER_LIMIT,
                              .tif = taker ? TIF_IOC : TIF_GTC,
                              .post_only = !taker && c->p->value[P_POST_ONLY].boolean,
                              .price = price,
                              .qty = c->wish[side][s - c->g->slot],
                              .tag = (uint32_t)(s - c->g->slot),
                              /* slots may want the same at the same moment */
                              .repeat = true};
    if (!grid_can_ask(c))
        return;
    *leg = (struct grid_leg){.id = intents_submit(c->out, &q), .open = q.qty, .price = price};
}

/* ---- placing ---- */

/* One side, from the price outwards: the nearest orders stay and come, those outside the window go.
 */
static void place_side(struct grid_call *c, int side, struct fence *f)
{
    struct grid *g = c->g;
    const struct param_value *most = &c->p->value[P_MAX_OPEN];
    int64_t window = most->present ? most->integer : INT64_MAX, rank = 0, open = 0;
    dec more = side == GRID_BUY && most->present ? given_back(g) : DEC_ZERO;
    for (uint32_t i = 0; i < g->slots; i++)
        open += grid_legs(&g->slot[i], side);
    for (uint32_t i = 0; i < g->slots; i++) {
        struct grid_slot *s = grid_nth(g, side == GRID_BUY ? g->slots - 1 - i : i);
        dec price;
        for (int n = 0; n < 2; n++)
            if (s->side[side].leg[n].id && !s->side[side].leg[n].canceling && ++rank > window)
                grid_cancel(c, &s->side[side].leg[n]);
        if (dec_is_zero(c->wish[side][s - g->slot]) ||
            (side == GRID_BUY && !is_entry(c, s, side) && dec_ge(s->low, c->mark)) ||
            !price_of(c, s, side, &price) || !inside_fence(c, s, side, f, &price))
            continue;
        if (!grid_worth(c->r, c->wish[side][s - g->slot], price)) {
            s->side[side].retry_ns = c->now + GRID_RETRY_NS; /* lower than its level: too little */
            continue;
        }
        if (rank >= window)
            continue; /* virtual */
        dec cost = side == GRID_BUY ? bound(price, c->wish[side][s - g->slot]) : DEC_ZERO;
        if (!can_pay(c, cost, open < window ? DEC_ZERO : more)) {
            s->side[side].retry_ns = c->now + GRID_RETRY_NS;
            g->due = true; /* the next event finds others in the window */
            continue;
        }
        rank++;
        if (open >= window)
            continue; /* until a cancel has made room */
        submit(c, s, side, price);
        open++;
        if (side == GRID_BUY) {
            c->free.v -= cost.v;
            f->highest_buy = dec_max(f->highest_buy, price);
        }
    }
}

/* What must not be placed now is not asked for: it waits. */
static void wait_side(struct grid_call *c, int side)
{
    for (uint32_t i = 0; i < c->g->slots; i++) {
        if (dec_is_pos(c->wish[side][i]))
            c->g->slot[i].side[side].retry_ns = c->now + GRID_RETRY_NS;
    }
}

/* The instrument does not trade, or its rules are not known: whoever has no order waits. */
static void wait_for_rules(struct grid_call *c)
{
    for (uint32_t i = 0; i < c->g->slots; i++)
        for (int side = 0; side < 2; side++) {
            struct grid_slot *s = &c->g->slot[i];
            if (grid_legs(s, side) == 0 && s->side[side].retry_ns == 0)
                s->side[side].retry_ns = c->now + GRID_RETRY_NS;
        }
    c->g->any_waiting = c->g->any_blocked = false;
}

/* Initial orders are over when they are filled, or when the price went where they are not wanted.
 */
static void look_at_entries(struct grid_call *c)
{
    struct grid *g = c->g;
    int side = entry_side(c);
    dec cap;
    if (g->entries == 0)
        return;
    bool known = entry_cap(c, side, &cap);
    g->entries = 0;
    for (uint32_t i = 0; i < g->slots; i++) {
        struct grid_slot *s = &g->slot[i];
        if (!s->entry)
            continue;
        bool open = grid_legs(s, side) != 0;
        bool done = !open && dec_is_zero(wanted(c, s, side));
        bool gone = !known || (side == GRID_BUY ? dec_lt(s->low, c->mark) || dec_gt(c->mark, cap)
                                                : dec_ge(s->low, c->mark) || dec_lt(c->mark, cap));
        for (int n = 0; n < 2 && gone; n++)
            grid_cancel(c, &s->side[side].leg[n]);
        s->entry = open || !(done || gone);
        g->entries += s->entry;
    }
}

/* Notes which price would bring new orders, so that most events need one comparison. */
static void look_ahead(struct grid_call *c)
{
    struct grid *g = c->g;
    g->any_waiting = false;
    for (uint32_t i = 0; i < g->slots; i++) {
        const struct grid_slot *s = &g->slot[i];
        if (is_entry(c, s, GRID_BUY) || dec_lt(s->low, c->mark) || s->side[GRID_BUY].retry_ns ||
            dec_is_zero(c->wish[GRID_BUY][i]))
            continue;
        if (!g->any_waiting || dec_lt(s->low, g->lowest_waiting))
            g->lowest_waiting = s->low;
        g->any_waiting = true;
    }
}

void grid_place(struct grid_call *c)
{
    enum trading_state st = view_state(c->v);
    bool buys = st == STATE_ACTIVE, sells = st != STATE_HALTED;
    c->g->due = false;
    if (c->r->status != INSTRUMENT_TRADING) {
        wait_for_rules(c);
        return;
    }
    look_at_entries(c);
    find_wishes(c);
    c->free = view_free(c->v, view_instrument(c->v, view_first_instrument(c->v))->quote);
    struct fence f = find_fence(c, sells);
    if (buys)
        place_side(c, GRID_BUY, &f);
    else
        wait_side(c, GRID_BUY);
    if (sells)
        place_side(c, GRID_SELL, &f);
    else
        wait_side(c, GRID_SELL);
    look_ahead(c);
}

void grid_set_timer(struct grid_call *c)
{
    const struct grid *g = c->g;
    int64_t at = c->more ? c->now + 1 : INT64_MAX;
    for (uint32_t i = 0; i < g->slots && g->phase != GRID_STOPPED; i++)
        for (int side = 0; side < 2; side++) {
            const struct grid_side *x = &g->slot[i].side[side];
            /* one that is due at this very moment ends by its timer, too, not by this event */
            if (g->phase == GRID_RUNNING && x->retry_ns && x->retry_ns < at)
                at = x->retry_ns;
            for (int n = 0; n < 2; n++)
                if (x->leg[n].id && x->leg[n].cancel_ns > c->now && x->leg[n].cancel_ns < at)
                    at = x->leg[n].cancel_ns;
        }
    if (g->phase == GRID_CLOSING && g->close_retry_ns > c->now && g->close_retry_ns < at)
        at = g->close_retry_ns;
    intents_timer(c->out, at == INT64_MAX ? 0 : at);
}

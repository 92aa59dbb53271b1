/* What fills and ends of orders mean for the slots of a grid: exact bookkeeping, nothing is lost
 * and nothing is counted twice. */
#include "strategies/grid_internal.h"

#define CLOSE_TRIES 20 /* one after the other, a second apart: halves of any quantity there is */

uint32_t grid_index(const struct grid *g, int32_t level)
{
    int32_t n = (int32_t)g->slots, k = level % n;
    return (uint32_t)(k < 0 ? k + n : k);
}

struct grid_slot *grid_nth(struct grid *g, uint32_t i)
{
    return &g->slot[grid_index(g, g->lowest + (int32_t)i)];
}

const struct grid_slot *grid_nth_const(const struct grid *g, uint32_t i)
{
    return &g->slot[grid_index(g, g->lowest + (int32_t)i)];
}

dec grid_open(const struct grid_slot *s, int side)
{
    const struct grid_leg *l = s->side[side].leg;
    return (dec){l[0].open.v + l[1].open.v}; /* each at most a slot's size: cannot overflow */
}

uint32_t grid_legs(const struct grid_slot *s, int side)
{
    const struct grid_leg *l = s->side[side].leg;
    return (l[0].id ? 1u : 0u) + (l[1].id ? 1u : 0u);
}

/* Whether one more order on a side has its place: the first at any time, the second when nothing
 * is to come that it would have to wait for. */
static bool has_place(const struct grid_slot *s, int side)
{
    uint32_t own = grid_legs(s, side);
    return own == 0 || (own == 1 && grid_legs(s, side == GRID_BUY ? GRID_SELL : GRID_BUY) == 0);
}

dec grid_sellable(const struct grid_slot *s, const struct instrument_rules *r)
{
    dec qty = grid_lots(r, (dec){s->held.v - grid_open(s, GRID_SELL).v});
    return has_place(s, GRID_SELL) && grid_worth(r, qty, s->high) ? qty : DEC_ZERO;
}

/* The least that is worth an order at a price; false where it cannot be computed. */
static bool least_worth(const struct instrument_rules *r, dec price, dec *ret)
{
    dec qty;
    return dec_div(r->min_notional, price, DEC_UP, &qty) &&
           dec_round_to(dec_max(qty, dec_max(r->min_qty, r->lot_size)), r->lot_size, DEC_UP, ret);
}

dec grid_wanted(const struct grid_slot *s, const struct instrument_rules *r)
{
    dec left = grid_lots(r, (dec){s->size.v - s->bought.v - grid_open(s, GRID_BUY).v}), least;
    if (!has_place(s, GRID_BUY))
        return DEC_ZERO;
    if (grid_worth(r, left, s->low))
        return left;
    /* Too little to sell and too little to buy: without more it would never trade again. */
    bool stuck =
        grid_legs(s, GRID_BUY) + grid_legs(s, GRID_SELL) == 0 && dec_is_zero(grid_sellable(s, r));
    return stuck && least_worth(r, s->low, &least) && dec_le(least, s->size) ? least : DEC_ZERO;
}

/* ---- whose order it is ---- */

struct found {
    struct grid_slot *slot;
    struct grid_leg *leg;
    int side;
};

static bool find(struct grid *g, order_id id, struct found *ret)
{
    for (uint32_t i = 0; i < g->slots; i++)
        for (int n = 0; n < 4; n++) {
            struct grid_leg *l = &g->slot[i].side[n / 2].leg[n % 2];
            if (l->id == id) {
                *ret = (struct found){.slot = &g->slot[i], .leg = l, .side = n / 2};
                return true;
            }
        }
    return false;
}

static void forget(struct grid_leg *l)
{
    *l = (struct grid_leg){.id = 0};
}

/* ---- fills ---- */

static enum err add_bought(const struct strategy_view *v, struct grid_slot *s,
                           const struct event_fill *f)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    dec cost, held = s->held, bought = s->bought;
    if (!dec_mul(f->price, f->qty, DEC_UP, &cost) || !dec_add(s->cost, cost, &cost) ||
        !dec_add(held, f->qty, &held) || !dec_add(bought, f->qty, &bought) ||
        (f->fee_asset == in->base && !dec_sub(held, f->fee, &held)) ||
        (f->fee_asset == in->quote && !dec_add(cost, f->fee, &cost)))
        return ERR_OVERFLOW;
    s->held = held;
    s->bought = bought;
    s->cost = cost;
    return ERR_OK;
}

/* [proceeds] for [qty] of what the slot holds. */
static enum err add_sold(struct grid *g, struct grid_slot *s, dec qty, dec proceeds)
{
    dec part = s->cost, held, cost, profit;
    if ((dec_lt(qty, s->held) && !dec_mul_div(s->cost, qty, s->held, DEC_UP, &part)) ||
        !dec_sub(s->held, qty, &held) || !dec_sub(s->cost, part, &cost) ||
        !dec_sub(proceeds, part, &profit) || !dec_add(g->profit, profit, &profit))
        return ERR_OVERFLOW;
    s->held = held;
    s->cost = cost;
    g->profit = profit;
    s->bought = dec_gt(s->bought, qty) ? (dec){s->bought.v - qty.v} : DEC_ZERO;
    return ERR_OK;
}

static bool proceeds_of(const struct strategy_view *v, const struct event_fill *f, dec *ret)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    return dec_mul(f->price, f->qty, DEC_DOWN, ret) &&
           (f->fee_asset != in->quote || dec_sub(*ret, f->fee, ret));
}

/* A slot that has sold all it could has made its round trip; what is left is dust, kept for the
 * next. */
static void end_trip(struct grid *g, struct grid_slot *s, const struct instrument_rules *r)
{
    if (grid_legs(s, GRID_SELL) || dec_is_pos(grid_lots(r, s->held)))
        return;
    s->bought = DEC_ZERO;
    g->round_trips++;
}

enum err grid_take_out(struct grid *g, dec qty, dec proceeds)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; !err && i < g->slots && dec_is_pos(qty); i++) {
        struct grid_slot *s = grid_nth(g, i);
        dec part = dec_min(s->held, qty), share = proceeds;
        if (!dec_is_pos(part))
            continue;
        if (dec_lt(part, qty) && !dec_mul_div(proceeds, part, qty, DEC_DOWN, &share))
            return ERR_OVERFLOW;
        err = add_sold(g, s, part, share);
        qty.v -= part.v;
        proceeds.v -= share.v;
    }
    return err;
}

static enum err fill_of_slot(struct grid *g, const struct strategy_view *v,
                             const struct event_fill *f, struct grid_slot *s, int side)
{
    dec proceeds;
    if (side == GRID_BUY)
        return add_bought(v, s, f);
    if (!proceeds_of(v, f, &proceeds))
        return ERR_OVERFLOW;
    return add_sold(g, s, f->qty, proceeds);
}

/* An order of a side filled completely: its side is in order, and the other may have to wait. */
static void completed(struct grid *g, const struct strategy_view *v, struct grid_slot *s, int side)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    int64_t cooldown = view_params(v)->value[P_COOLDOWN].duration_ns;
    struct grid_side *other = &s->side[side == GRID_BUY ? GRID_SELL : GRID_BUY];
    if (cooldown > 0 && other->retry_ns < view_now_ns(v) + cooldown)
        other->retry_ns = view_now_ns(v) + cooldown;
    if (side == GRID_SELL)
        end_trip(g, s, &in->rules);
}

/* Of an order that ended before its fill came, by what the engine still knows of it. */
static enum err late_fill(struct grid *g, const struct strategy_view *v, const struct event_fill *f)
{
    const struct order *o = view_order(v, f->id);
    dec proceeds;
    if (!o)
        return ERR_OK;
    if (o->req.tag == GRID_TAG_CLOSE)
        return proceeds_of(v, f, &proceeds) ? grid_take_out(g, f->qty, proceeds) : ERR_OVERFLOW;
    if (o->req.tag >= g->slots)
        return ERR_OK;
    struct grid_slot *s = &g->slot[o->req.tag];
    int side = o->req.side == SIDE_BUY ? GRID_BUY : GRID_SELL;
    enum err err = fill_of_slot(g, v, f, s, side);
    if (!err && side == GRID_SELL)
        end_trip(g, s, &view_instrument(v, o->req.instrument)->rules);
    return err;
}

enum err grid_on_fill(struct grid *g, const struct strategy_view *v, const struct event_fill *f)
{
    struct found x;
    dec proceeds;
    g->due = true;
    grid_release(g, view_now_ns(v));
    if (g->closing.id == f->id) {
        g->closing.open.v -= f->qty.v;
        g->close_refused = 0;
        if (!dec_is_pos(g->closing.open))
            forget(&g->closing);
        return proceeds_of(v, f, &proceeds) ? grid_take_out(g, f->qty, proceeds) : ERR_OVERFLOW;
    }
    if (!find(g, f->id, &x))
        return late_fill(g, v, f);
    enum err err = fill_of_slot(g, v, f, x.slot, x.side);
    struct grid_side *side = &x.slot->side[x.side];
    side->refused = side->took = 0;
    x.leg->open.v -= f->qty.v;
    if (!err && !dec_is_pos(x.leg->open)) {
        forget(x.leg);
        completed(g, v, x.slot, x.side);
    }
    return err;
}

/* ---- ends ---- */

/* Whether the same order would be refused again and again: by the venue, or for its form. */
static bool is_refusal(const struct event_order *a)
{
    static const enum reason FORM[] = {
        REASON_TICK_SIZE,    REASON_LOT_SIZE,     REASON_MIN_QTY,     REASON_MAX_QTY,
        REASON_MIN_NOTIONAL, REASON_MAX_NOTIONAL, REASON_PRICE_RANGE, REASON_INSTRUMENT_NOT_ALLOWED,
        REASON_MALFORMED,    REASON_OVERFLOW};
    if (a->state == ORDER_REJECTED)
        return true;
    for (size_t i = 0; a->state == ORDER_DENIED && i < sizeof FORM / sizeof FORM[0]; i++)
        if (a->reason == FORM[i])
            return true;
    return false;
}

static int64_t wait_after(struct grid_side *side, const struct event_order *a)
{
    static const int64_t REFUSED_NS[] = {GRID_RETRY_NS, 5 * GRID_RETRY_NS, 30 * GRID_RETRY_NS};
    if (a->reason == REASON_WOULD_TAKE) {
        side->took += side->took < GRID_TICKS_MAX;
        return GRID_SOON_NS;
    }
    if (!is_refusal(a))
        return GRID_RETRY_NS;
    uint32_t n = side->refused;
    side->refused += n < 2;
    return REFUSED_NS[n];
}

/* An order of the grid goes on: what was refused before is taken now; a cancel of ours that the
 * venue did not do is to be asked for again. */
static void goes_on(struct grid *g, struct found *x, int64_t now)
{
    struct grid_side *side = &x->slot->side[x->side];
    side->refused = side->took = 0;
    if (!x->leg->canceling)
        return;
    x->leg->canceling = false;
    x->leg->cancel_ns = now + GRID_SOON_NS;
    g->due = true;
}

/* Whether less of it might be allowed. */
static bool is_about_size(const struct event_order *a)
{
    return a->state == ORDER_REJECTED || a->reason == REASON_ORDER_VALUE ||
           a->reason == REASON_ORDER_QTY || a->reason == REASON_MAX_QTY ||
           a->reason == REASON_MAX_NOTIONAL;
}

/* The sell of everything ended: it comes again soon, but one that is refused again and again not
 * each second. */
static void closing_order(struct grid *g, const struct strategy_view *v,
                          const struct event_order *a)
{
    if (!order_state_is_terminal(a->state))
        return;
    forget(&g->closing);
    g->due = true;
    bool refused = a->state == ORDER_DENIED || a->state == ORDER_REJECTED;
    bool soon = !refused || g->close_refused < CLOSE_TRIES;
    g->close_refused = refused && soon ? g->close_refused + 1 : 0;
    g->close_retry_ns = view_now_ns(v) + (soon ? GRID_SOON_NS : GRID_RETRY_NS);
    if (!soon)
        g->close_qty = DEC_ZERO; /* from the beginning */
    else if (refused && is_about_size(a))
        g->close_qty = grid_lots(&view_instrument(v, view_first_instrument(v))->rules,
                                 (dec){g->close_qty.v / 2});
    g->close_near |= a->reason == REASON_PRICE_COLLAR;
}

void grid_on_order(struct grid *g, const struct strategy_view *v, const struct event_order *a)
{
    struct found x;
    if (a->state == ORDER_FILLED)
        return; /* its fills say so */
    if (a->id == g->closing.id) {
        closing_order(g, v, a);
        return;
    }
    if (!find(g, a->id, &x))
        return;
    if (!order_state_is_terminal(a->state)) {
        if (a->state == ORDER_ACCEPTED || a->state == ORDER_PARTIALLY_FILLED)
            goes_on(g, &x, view_now_ns(v));
        return;
    }
    struct grid_side *side = &x.slot->side[x.side];
    bool ours = x.leg->canceling;
    forget(x.leg);
    g->due = true;
    /* A denial is told while its order is being judged: what it frees is used with the next event.
     */
    if (a->state != ORDER_DENIED)
        grid_release(g, view_now_ns(v));
    if (ours && a->state == ORDER_CANCELED)
        return;
    side->retry_ns =
        view_now_ns(v) +
        (x.slot->entry && a->state == ORDER_EXPIRED ? GRID_SOON_NS : wait_after(side, a));
}

void grid_release(struct grid *g, int64_t now)
{
    for (uint32_t i = 0; i < g->slots; i++)
        for (int side = 0; side < 2; side++)
            if (g->slot[i].side[side].retry_ns <= now)
                g->slot[i].side[side].retry_ns = 0;
}

/* The ends of a grid's life and of its range: beginning, trailing, closing. */
#include "strategies/grid_internal.h"

/* ---- beginning ---- */

/* A slot's place; what it holds stays, and its size. */
static bool set_level(struct grid_slot *s, const struct params *p, const struct instrument_rules *r,
                      int32_t level)
{
    dec low, high;
    if (!grid_level(p, r->tick_size, level, &low) ||
        !grid_level(p, r->tick_size, level + 1, &high) || dec_le(high, low))
        return false;
    s->level = level;
    s->low = low;
    s->high = high;
    return true;
}

static void hold(struct grid_call *c, struct grid_slot *s, dec *base)
{
    dec cost;
    if (dec_lt(*base, s->size) || !dec_mul(s->size, c->mark, DEC_UP, &cost))
        return;
    base->v -= s->size.v;
    s->held = s->bought = s->size;
    s->cost = cost;
}

/* Who holds of the inventory, and who is to get or give by an initial order. */
static void share_inventory(struct grid_call *c, dec base)
{
    struct grid *g = c->g;
    uint32_t direction = c->p->value[P_DIRECTION].choice, above = 0;
    bool initial = c->p->value[P_INITIAL_ORDER].choice != INITIAL_NONE;
    while (above < g->slots && dec_lt(grid_nth(g, above)->low, c->mark))
        above++;
    for (uint32_t i = above; i < g->slots && direction != DIRECTION_LONG; i++)
        hold(c, grid_nth(g, i), &base);
    for (uint32_t i = above; i-- > 0 && direction == DIRECTION_SHORT;)
        hold(c, grid_nth(g, i), &base);
    for (uint32_t i = 0; i < g->slots && initial; i++) {
        struct grid_slot *s = grid_nth(g, i);
        bool holds = dec_is_pos(s->bought);
        s->entry = direction == DIRECTION_SHORT ? i < above && holds : i >= above && !holds;
        g->entries += s->entry;
    }
}

/* What the last time left: less than can be sold. */
static void keep_dust(struct grid *g)
{
    dec held = DEC_ZERO, cost = DEC_ZERO;
    for (uint32_t i = 0; i < g->slots; i++) {
        held.v += g->slot[i].held.v;
        cost.v += g->slot[i].cost.v;
        g->slot[i] = (struct grid_slot){.level = 0};
    }
    g->slot[0].held = held;
    g->slot[0].cost = cost;
}

enum err grid_begin(struct grid_call *c)
{
    struct grid *g = c->g;
    instrument_id first = view_first_instrument(c->v);
    const struct instrument *in = view_instrument(c->v, first);
    dec fee = view_maker_fee(c->v, first), size = DEC_ZERO, base = view_free(c->v, in->base), low;
    char why[192], note[256];
    const char *key = "";
    enum err err = grid_validate(c->p, in, &fee, &key, why, sizeof why);
    if (err) {
        struct grid_text t = grid_text(note, sizeof note);
        grid_say(&t, key);
        grid_say(&t, ": ");
        grid_say(&t, why);
        intents_note(c->out, note);
        return err;
    }
    keep_dust(g);
    g->lowest = 0;
    g->start = c->mark;
    g->entries = 0;
    if (!c->p->value[P_AMOUNT].present && grid_level(c->p, c->r->tick_size, 0, &low))
        size = grid_slot_size(c->p, c->r, low);
    for (uint32_t i = 0; i < g->slots; i++) {
        struct grid_slot *s = grid_nth(g, i);
        if (!set_level(s, c->p, c->r, (int32_t)i))
            return ERR_RANGE;
        s->size = c->p->value[P_AMOUNT].present ? grid_slot_size(c->p, c->r, s->low) : size;
    }
    share_inventory(c, base);
    grid_find_trail(g, c->p, c->r);
    g->phase = GRID_RUNNING;
    g->due = true;
    return ERR_OK;
}

/* ---- trailing ---- */

void grid_find_trail(struct grid *g, const struct params *p, const struct instrument_rules *r)
{
    const struct param_value *up = &p->value[P_TRAIL_UP_TO], *down = &p->value[P_TRAIL_DOWN_TO];
    bool trails = p->value[P_ON_EXIT].choice == EXIT_TRAIL;
    dec next;
    g->trail_up = g->trail_down = DEC_ZERO;
    trails = trails && r->status == INSTRUMENT_TRADING;
    if (trails && up->present &&
        grid_level(p, r->tick_size, g->lowest + (int32_t)g->slots + 1, &next) &&
        dec_le(next, up->decimal))
        g->trail_up = next;
    if (trails && down->present && grid_level(p, r->tick_size, g->lowest - 1, &next) &&
        dec_ge(next, down->decimal))
        g->trail_down = next;
}

static bool cancel_all(struct grid_call *c, struct grid_slot *s)
{
    for (int n = 0; n < 4; n++)
        grid_cancel(c, &s->side[n / 2].leg[n % 2]);
    return grid_legs(s, GRID_BUY) + grid_legs(s, GRID_SELL) == 0;
}

/* What a slot that has moved trades. The buys of all levels together never come to more than the
 * investment; where nothing is left of it, the slot buys no more. */
static dec moved_size(const struct grid_call *c, const struct grid_slot *from,
                      const struct grid_slot *to)
{
    const struct param_value *v = c->p->value;
    dec left = v[P_INVESTMENT].decimal, lows = to->low, cost, share, rest;
    if (v[P_SIZE].present)
        return from->size;
    if (v[P_AMOUNT].present)
        return grid_slot_size(c->p, c->r, to->low);
    for (uint32_t i = 0; i < c->g->slots; i++) {
        const struct grid_slot *s = &c->g->slot[i];
        if (s != from && (!dec_mul(s->size, s->low, DEC_UP, &cost) || !dec_sub(left, cost, &left) ||
                          !dec_add(lows, s->low, &lows)))
            return DEC_ZERO;
    }
    if (!dec_is_pos(left) || !dec_div(v[P_INVESTMENT].decimal, lows, DEC_DOWN, &share) ||
        !dec_div(left, to->low, DEC_DOWN, &rest))
        return DEC_ZERO;
    return grid_lots(c->r, dec_min(share, rest));
}

/* Moves the range by one level; false where something has to end first. */
static bool move(struct grid_call *c, bool up)
{
    struct grid *g = c->g;
    struct grid_slot *s = grid_nth(g, up ? 0 : g->slots - 1), moved = *s;
    /* Above the range the lowest slot has sold what it had, but for a venue that lags. */
    if (up && grid_worth(c->r, grid_lots(c->r, s->held), s->high))
        return false;
    if (!cancel_all(c, s) ||
        !set_level(&moved, c->p, c->r, s->level + (up ? 1 : -1) * (int32_t)g->slots))
        return false;
    moved.size = moved_size(c, s, &moved);
    for (int side = 0; side < 2; side++)
        moved.side[side] = (struct grid_side){.retry_ns = 0};
    moved.entry = false;
    *s = moved;
    g->lowest += up ? 1 : -1;
    g->due = true;
    return true;
}

void grid_trail(struct grid_call *c)
{
    struct grid *g = c->g;
    bool moved = false, more = true;
    for (uint32_t n = 0; more && n < g->slots; n++) {
        if (dec_is_pos(g->trail_up) && dec_ge(c->mark, g->trail_up))
            more = move(c, true);
        else if (dec_is_pos(g->trail_down) && dec_le(c->mark, g->trail_down))
            more = move(c, false);
        else
            break;
        if (!more)
            break;
        moved = true;
        grid_find_trail(g, c->p, c->r);
    }
    c->more |= more && moved;
    if (moved)
        intents_note(c->out, "the range has moved");
}

/* ---- closing ---- */

uint32_t grid_stop_reason(const struct grid *g, const struct params *p, dec mark)
{
    const struct param_value *v = p->value;
    if (v[P_STOP_LOSS].present && dec_le(mark, v[P_STOP_LOSS].decimal))
        return P_STOP_LOSS;
    if (v[P_TAKE_PROFIT].present && dec_ge(mark, v[P_TAKE_PROFIT].decimal))
        return P_TAKE_PROFIT;
    if (v[P_ON_EXIT].choice == EXIT_CLOSE && g->phase == GRID_RUNNING &&
        (dec_lt(mark, grid_nth_const(g, 0)->low) ||
         dec_gt(mark, grid_nth_const(g, g->slots - 1)->high)))
        return P_ON_EXIT;
    return P_COUNT;
}

void grid_start_closing(struct grid_call *c, uint32_t reason)
{
    char note[160], price[DEC_TEXT_MAX];
    struct grid_text t = grid_text(note, sizeof note);
    dec_format(c->mark, price);
    grid_say(&t, reason == P_STOP_LOSS     ? "stop_loss"
                 : reason == P_TAKE_PROFIT ? "take_profit"
                                           : "the range was left");
    grid_say(&t, " at ");
    grid_say(&t, price);
    grid_say(&t, ": cancels everything, sells what it holds, and stops");
    intents_note(c->out, note);
    c->g->phase = GRID_CLOSING;
    c->g->stopped_by = reason;
    c->g->close_qty = DEC_ZERO;
    c->g->close_retry_ns = 0;
    c->g->close_refused = 0;
    c->g->close_near = false;
    c->g->any_waiting = c->g->any_blocked = false;
    c->g->due = true;
}

static dec total_held(const struct grid *g)
{
    dec sum = DEC_ZERO;
    for (uint32_t i = 0; i < g->slots; i++)
        sum.v += g->slot[i].held.v;
    return sum;
}

/* The price under which closing does not sell. */
static bool close_price(const struct grid_call *c, dec *ret)
{
    struct event_top top;
    dec best = c->mark, factor, price;
    dec slip = c->g->close_near ? DEC_ZERO : c->p->value[P_SLIPPAGE].decimal;
    if (view_top(c->v, view_first_instrument(c->v), &top))
        best = top.bid_price;
    return dec_sub(DEC_ONE, slip, &factor) && dec_mul(best, factor, DEC_UP, &price) &&
           dec_round_to(price, c->r->tick_size, DEC_UP, ret) && dec_is_pos(*ret);
}

static void sell_all(struct grid_call *c, dec all)
{
    struct grid *g = c->g;
    dec price, qty = all;
    if (view_state(c->v) == STATE_HALTED || !close_price(c, &price)) {
        g->close_retry_ns = c->now + GRID_RETRY_NS;
        return;
    }
    if (dec_is_pos(c->r->max_qty))
        qty = dec_min(qty, grid_lots(c->r, c->r->max_qty));
    if (dec_is_pos(g->close_qty))
        qty = dec_min(qty, g->close_qty);
    if (!grid_worth(c->r, qty, price)) { /* the parts became too small: from the beginning */
        g->close_qty = DEC_ZERO;
        g->close_retry_ns = c->now + GRID_RETRY_NS;
        return;
    }
    g->close_qty = qty;
    struct order_request q = {.instrument = view_first_instrument(c->v),
                              .side = SIDE_SELL,
                              .type = ORDER_LIMIT,
                              .tif = TIF_IOC,
                              .price = price,
                              .qty = qty,
                              .tag = GRID_TAG_CLOSE,
                              .repeat = true};
    if (grid_can_ask(c))
        g->closing =
            (struct grid_leg){.id = intents_submit(c->out, &q), .open = qty, .price = price};
}

void grid_close(struct grid_call *c)
{
    struct grid *g = c->g;
    bool gone = true;
    g->due = false;
    for (uint32_t i = 0; i < g->slots; i++)
        gone = cancel_all(c, &g->slot[i]) && gone;
    if (!gone || g->closing.id)
        return;
    dec all = grid_lots(c->r, total_held(g));
    if (c->r->status != INSTRUMENT_TRADING) {
        g->close_retry_ns = c->now + GRID_RETRY_NS;
    } else if (!grid_worth(c->r, all, c->mark)) {
        g->phase = GRID_STOPPED;
        intents_note(c->out, "stopped: nothing is left that could be sold");
    } else if (g->close_retry_ns <= c->now) {
        sell_all(c, all);
    }
}

/* grid: buys a step lower, sells a step higher, again and again, between two prices
 * (docs/definitions.md, "grid").
 *
 * The range is cut into slots. An empty slot waits to buy at its lower price, a holding one to sell
 * at its upper. Each slot has at most one order, so no level is ever doubled. It earns the step
 * less two fees per round trip; it loses when the price leaves the range downwards and the slots
 * hold what they bought.
 */
#include "strategy.h"

#define LEVELS_MAX    200 /* one placement must fit into INTENTS_MAX */
#define RETRY_SOON_NS INT64_C(1000000000)
#define RETRY_NS      INT64_C(60000000000)

enum { P_INSTRUMENT, P_LOWER, P_UPPER, P_LEVELS, P_SIZE, P_POST_ONLY };

static const struct param_spec PARAMS[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is traded"},
    [P_LOWER] = {.key = "lower",
                 .type = PARAM_DECIMAL,
                 .flags = PARAM_REQUIRED,
                 .min = "0.000000000000000001",
                 .help = "lowest price of the range, in quote"},
    [P_UPPER] = {.key = "upper",
                 .type = PARAM_DECIMAL,
                 .flags = PARAM_REQUIRED,
                 .min = "0.000000000000000001",
                 .help = "highest price of the range, in quote"},
    [P_LEVELS] = {.key = "levels",
                  .type = PARAM_INTEGER,
                  .flags = PARAM_REQUIRED,
                  .min = "2",
                  .max = "200",
                  .help = "number of price levels, lower and upper included, equally far apart"},
    [P_SIZE] = {.key = "size",
                .type = PARAM_DECIMAL,
                .flags = PARAM_REQUIRED,
                .min = "0.000000000000000001",
                .help = "quantity of each buy, in base"},
    [P_POST_ONLY] = {.key = "post_only",
                     .type = PARAM_BOOL,
                     .default_value = "true",
                     .help = "orders only ever rest (maker fee); one that would take is tried "
                             "again a second later"},
    {.key = NULL},
};

struct slot {
    bool holding;
    order_id order;   /* 0: none */
    dec held;         /* base it holds; while a buy fills, what came in so far */
    int64_t retry_ns; /* no new order before that */
};

struct grid {
    bool placed; /* the first event with a price has come */
    bool due;    /* something changed, or a timer came, and no order was placed for it yet */
    uint32_t slots;
    dec price[LEVELS_MAX];
    struct slot slot[LEVELS_MAX];
    bool any_waiting;   /* some empty slot waits for a higher price ... */
    dec lowest_waiting; /* ... the lowest of their prices */
};

/* p_k = lower + k * (upper - lower) / (n - 1), rounded down to the tick. */
static bool level_price(const struct params *p, dec tick, uint32_t k, dec *ret)
{
    int64_t n = p->value[P_LEVELS].integer;
    dec span, offset, price;
    return dec_sub(p->value[P_UPPER].decimal, p->value[P_LOWER].decimal, &span) &&
           dec_mul_div(span, dec_from_i64((int64_t)k, 0), dec_from_i64(n - 1, 0), DEC_DOWN,
                       &offset) &&
           dec_add(p->value[P_LOWER].decimal, offset, &price) &&
           dec_round_to(price, tick, DEC_DOWN, ret);
}

static enum err complain(const char *key, const char *text, const char **ret_key, char *why,
                         size_t cap)
{
    size_t n = strlen(text);
    n = n < cap ? n : cap - 1;
    memcpy(why, text, n);
    why[n] = 0;
    *ret_key = key;
    return ERR_RANGE;
}

static enum err grid_check(const struct params *p, const struct instrument *in, const char **key,
                           char *why, size_t cap)
{
    if (dec_le(p->value[P_UPPER].decimal, p->value[P_LOWER].decimal))
        return complain("upper", "must be greater than lower", key, why, cap);
    if (in->rules.status != INSTRUMENT_TRADING)
        return ERR_OK; /* the rest needs the venue's rules: looked at again when they are known */
    dec last = DEC_ZERO, price;
    for (uint32_t k = 0; k < (uint32_t)p->value[P_LEVELS].integer; k++) {
        if (!level_price(p, in->rules.tick_size, k, &price) || dec_le(price, last))
            return complain(
                "levels", "too many: two levels fall on the same tick; use fewer or a wider range",
                key, why, cap);
        last = price;
    }
    if (!dec_is_multiple(p->value[P_SIZE].decimal, in->rules.lot_size))
        return complain("size", "must be a multiple of the instrument's lot_size", key, why, cap);
    /* A slot sells what it bought less the fee, rounded down to the lot: one lot alone could never
     * be sold again. */
    if (dec_le(p->value[P_SIZE].decimal, in->rules.lot_size))
        return complain("size",
                        "must be at least two lots, since the fee is taken from what is bought",
                        key, why, cap);
    return ERR_OK;
}

static enum err grid_init(void *state, const struct params *p, const struct strategy_view *v)
{
    struct grid *g = state;
    (void)v;
    g->slots = (uint32_t)p->value[P_LEVELS].integer - 1;
    return ERR_OK;
}

static void submit(struct grid *g, const struct strategy_view *v, struct intents *out, uint32_t k,
                   enum side side, dec price, dec qty)
{
    struct order_request q = {.instrument = view_first_instrument(v),
                              .side = side,
                              .type = ORDER_LIMIT,
                              .tif = TIF_GTC,
                              .post_only = view_params(v)->value[P_POST_ONLY].boolean,
                              .price = price,
                              .qty = qty,
                              .tag = k,
                              .repeat = true}; /* a level again is what a grid is for; a slot has
                                                  one order at a time */
    g->slot[k].order = intents_submit(out, &q);
}

static void place_buys(struct grid *g, const struct strategy_view *v, dec mark, struct intents *out)
{
    dec size = view_params(v)->value[P_SIZE].decimal;
    int64_t now = view_now_ns(v);
    for (uint32_t k = g->slots; k-- > 0;) {
        struct slot *s = &g->slot[k];
        if (s->holding || s->order || s->retry_ns > now || dec_ge(g->price[k], mark))
            continue;
        s->held = DEC_ZERO;
        submit(g, v, out, k, SIDE_BUY, g->price[k], size);
    }
}

static void place_sells(struct grid *g, const struct strategy_view *v, struct intents *out)
{
    const struct instrument_rules *r = &view_instrument(v, view_first_instrument(v))->rules;
    int64_t now = view_now_ns(v);
    for (uint32_t k = 0; k < g->slots; k++) {
        struct slot *s = &g->slot[k];
        dec qty;
        if (!s->holding || s->order || s->retry_ns > now)
            continue;
        if (dec_round_to(s->held, r->lot_size, DEC_DOWN, &qty) && dec_is_pos(qty))
            submit(g, v, out, k, SIDE_SELL, g->price[k + 1], qty);
    }
}

/* Notes what is still without an order, so that most events need one comparison; asks for a timer
 * for retries. */
static void look_ahead(struct grid *g, int64_t now, struct intents *out)
{
    int64_t retry = INT64_MAX;
    g->any_waiting = false;
    for (uint32_t k = 0; k < g->slots; k++) {
        const struct slot *s = &g->slot[k];
        if (s->order)
            continue;
        if (s->retry_ns > now)
            retry = s->retry_ns < retry ? s->retry_ns : retry;
        else if (!s->holding && !g->any_waiting) {
            g->any_waiting = true;
            g->lowest_waiting = g->price[k];
        }
    }
    intents_timer(out, retry == INT64_MAX ? 0 : retry);
}

static void place(struct grid *g, const struct strategy_view *v, dec mark, struct intents *out)
{
    enum trading_state st = view_state(v);
    bool trades = view_instrument(v, view_first_instrument(v))->rules.status == INSTRUMENT_TRADING;
    g->due = false;
    if (trades && st == STATE_ACTIVE)
        place_buys(g, v, mark, out);
    if (trades && st != STATE_HALTED)
        place_sells(g, v, out);
    look_ahead(g, view_now_ns(v), out);
    /* While orders are forbidden their slots wait: looked at again a retry later, not with every
     * event. */
    if (!trades || st != STATE_ACTIVE) {
        g->any_waiting = false;
        intents_timer(out, view_now_ns(v) + RETRY_NS);
    }
}

/* The first event with a live feed and a mark: who holds, who is empty. */
static enum err begin(struct grid *g, const struct strategy_view *v, dec mark, struct intents *out)
{
    const struct params *p = view_params(v);
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    dec size = p->value[P_SIZE].decimal, base = view_free(v, in->base);
    if (in->rules.status != INSTRUMENT_TRADING)
        return ERR_OK; /* wait for the rules */
    for (uint32_t k = 0; k <= g->slots; k++)
        if (!level_price(p, in->rules.tick_size, k, &g->price[k]) ||
            (k && dec_le(g->price[k], g->price[k - 1]))) {
            /* the venue's tick is coarser than `check` could know */
            intents_note(
                out, "two levels fall on one tick of the venue: use fewer levels or a wider range");
            return ERR_RANGE;
        }
    for (uint32_t k = 0; k < g->slots; k++)
        if (dec_ge(g->price[k], mark) && dec_ge(base, size)) {
            g->slot[k].holding = true;
            g->slot[k].held = size;
            base.v -= size.v;
        }
    g->placed = true;
    return ERR_OK;
}

/* Whether a slot has enough to hold it: at least a lot. */
static bool is_sellable(const struct strategy_view *v, dec held)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    return dec_is_pos(held) && dec_ge(held, in->rules.lot_size);
}

static struct slot *slot_of(struct grid *g, order_id id)
{
    for (uint32_t k = 0; k < g->slots; k++)
        if (g->slot[k].order == id)
            return &g->slot[k];
    return NULL;
}

/* Counts a fill; true where it completed the order. One that comes after the order has ended is
 * its slot's, too. */
static bool on_fill(struct grid *g, const struct strategy_view *v, const struct event_fill *f)
{
    const struct order *o = view_order(v, f->id);
    if (!o || o->req.tag >= g->slots)
        return false;
    struct slot *s = &g->slot[o->req.tag];
    bool fee_in_base = f->fee_asset == view_instrument(v, o->req.instrument)->base;
    if (o->req.side == SIDE_BUY)
        s->held.v +=
            f->qty.v -
            (fee_in_base ? f->fee.v : 0); /* at most the order's quantity: cannot overflow */
    else
        s->held.v -= f->qty.v;
    if (s->order != f->id) {
        if (s->order == 0)
            s->holding = is_sellable(v, s->held);
        return s->order == 0;
    }
    if (o->state != ORDER_FILLED)
        return false;
    s->order = 0;
    s->holding = o->req.side == SIDE_BUY;
    return true;
}

/* An order that ended without filling: what its buy got so far is held, its rest is tried again
 * later. */
static bool on_order(struct grid *g, const struct strategy_view *v, const struct event_order *a)
{
    struct slot *s = slot_of(g, a->id);
    if (!s || !order_state_is_terminal(a->state) || a->state == ORDER_FILLED)
        return false;
    s->order = 0;
    s->retry_ns = view_now_ns(v) + (a->reason == REASON_WOULD_TAKE ? RETRY_SOON_NS : RETRY_NS);
    s->holding = s->holding || is_sellable(v, s->held);
    return true;
}

static enum err grid_on_event(void *state, const struct strategy_view *v, const struct event *e,
                              struct intents *out)
{
    struct grid *g = state;
    dec mark;
    if (e->kind == EVENT_FILL)
        g->due |= on_fill(g, v, &e->fill);
    else if (e->kind == EVENT_ORDER)
        g->due |= on_order(g, v, &e->order);
    else if (e->kind == EVENT_TIMER)
        g->due = true;
    if (!view_mark(v, view_first_instrument(v), &mark))
        return ERR_OK; /* what is due waits for a price */
    if (!g->placed) {
        enum err err = begin(g, v, mark, out);
        if (err || !g->placed)
            return err;
        g->due = true;
    }
    if (g->due || (g->any_waiting && dec_lt(g->lowest_waiting, mark)))
        place(g, v, mark, out);
    return ERR_OK;
}

const struct strategy_ops strategy_grid = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "grid",
    .summary = "buys a step lower and sells a step higher between two prices",
    .params = PARAMS,
    .subscribes = SUBSCRIBE_TOP | SUBSCRIBE_TRADE | SUBSCRIBE_FEED,
    .state_size = sizeof(struct grid),
    .check = grid_check,
    .init = grid_init,
    .on_event = grid_on_event,
};

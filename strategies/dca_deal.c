/* dca, mode "safety": the orders of a deal and what they got. */
#include "dca.h"

#define NEVER          INT64_MAX
#define TAG_ROLE_BITS  8
#define TAG_NUMBERS    (1u << (32 - TAG_ROLE_BITS))
#define RESIZE_WAIT_NS DCA_SECOND_NS

static uint32_t make_tag(const struct dca_safety *s, uint32_t role)
{
    return s->attempt % TAG_NUMBERS << TAG_ROLE_BITS | role;
}

/* The place in the deal that a tag names; NULL where it is of another deal. */
static struct dca_leg *leg_of_tag(struct dca_safety *s, uint32_t tag)
{
    struct dca_deal *d = &s->deal;
    uint32_t role = tag & ((1u << TAG_ROLE_BITS) - 1);
    if (s->phase == DCA_IDLE || tag >> TAG_ROLE_BITS != s->attempt % TAG_NUMBERS)
        return NULL;
    if (role == 0)
        return &d->base;
    if (role >= DCA_TAG_SAFETY && role < DCA_TAG_SAFETY + DCA_SAFETY_MAX)
        return &d->safety[role - DCA_TAG_SAFETY];
    if (role >= DCA_TAG_TAKE && role < DCA_TAG_TAKE + DCA_STEPS_MAX)
        return &d->take[role - DCA_TAG_TAKE];
    return role == DCA_TAG_SELL ? &d->sell : NULL;
}

/* ---- what the venue told ---- */

/* A fill that comes after its deal has ended: what it changed is dust and profit of the past. */
static enum err late_fill(struct dca_safety *s, bool buy, dec qty, dec quote)
{
    dec dust = buy ? qty : dec_neg(qty);
    if (!dec_add(s->dust, dust, &s->dust) ||
        !dec_add(s->profit, buy ? dec_neg(quote) : quote, &s->profit))
        return ERR_OVERFLOW;
    s->dust = dec_max(s->dust, DEC_ZERO);
    return ERR_OK;
}

static bool count_buy(struct dca_deal *d, dec qty, dec got, dec cost)
{
    return dec_add(d->bought, qty, &d->bought) && dec_add(d->net, got, &d->net) &&
           dec_add(d->held, got, &d->held) && dec_add(d->cost, cost, &d->cost);
}

enum err dca_deal_fill(struct dca_safety *s, const struct strategy_view *v,
                       const struct event_fill *f)
{
    const struct order *o = view_order(v, f->id);
    if (!o)
        return ERR_OK; /* of an order that is forgotten: the ledger has it, the deal cannot */
    const struct instrument *in = view_instrument(v, o->req.instrument);
    struct dca_leg *leg = leg_of_tag(s, o->req.tag);
    struct dca_deal *d = &s->deal;
    bool buy = o->req.side == SIDE_BUY;
    dec quote, got = f->qty;
    if (!dec_mul(f->price, f->qty, buy ? DEC_UP : DEC_DOWN, &quote))
        return ERR_OVERFLOW;
    if (buy && f->fee_asset == in->base)
        got.v -= f->fee.v; /* at most what was received */
    if (f->fee_asset == in->quote && !dec_add(quote, buy ? f->fee : dec_neg(f->fee), &quote))
        return ERR_OVERFLOW;
    if (!leg)
        return late_fill(s, buy, got, quote);
    if (buy ? !count_buy(d, f->qty, got, quote) || !dec_add(leg->spent, quote, &leg->spent)
            : !dec_sub(d->held, f->qty, &d->held) || !dec_add(d->proceeds, quote, &d->proceeds))
        return ERR_OVERFLOW;
    d->held = dec_max(d->held, DEC_ZERO);
    d->resize = d->resize || buy;
    leg->fails = 0;
    if (leg->id != f->id)
        return ERR_OK;
    leg->open = order_open_qty(o);
    if (o->state == ORDER_FILLED) {
        leg->id = 0;
        leg->open = DEC_ZERO;
        leg->canceling = false;
        leg->complete = !leg->part;
        d->resize = d->resize || leg->part;
    }
    return ERR_OK;
}

static struct dca_leg *leg_of_order(struct dca_safety *s, order_id id)
{
    struct dca_deal *d = &s->deal;
    if (d->base.id == id)
        return &d->base;
    if (d->sell.id == id)
        return &d->sell;
    for (uint32_t k = 0; k < DCA_SAFETY_MAX; k++)
        if (d->safety[k].id == id)
            return &d->safety[k];
    for (uint32_t k = 0; k < DCA_STEPS_MAX; k++)
        if (d->take[k].id == id)
            return &d->take[k];
    return NULL;
}

static bool is_buy(const struct dca_safety *s, const struct dca_leg *leg)
{
    return leg == &s->deal.base || (leg >= s->deal.safety && leg < s->deal.safety + DCA_SAFETY_MAX);
}

/* Refused for its size alone. */
static bool is_too_large(enum reason r)
{
    return r == REASON_ORDER_VALUE || r == REASON_ORDER_QTY || r == REASON_MAX_QTY ||
           r == REASON_MAX_NOTIONAL;
}

void dca_deal_order(struct dca_safety *s, const struct strategy_view *v,
                    const struct event_order *a)
{
    struct dca_leg *leg = leg_of_order(s, a->id);
    int64_t now = view_now_ns(v);
    if (!leg)
        return;
    if (leg->canceling && a->state == ORDER_ACCEPTED) { /* the cancel was refused: asked again */
        leg->canceling = false;
        leg->retry_ns = now + DCA_SECOND_NS;
    }
    if (!order_state_is_terminal(a->state) || a->state == ORDER_FILLED)
        return;
    if (!leg->canceling) {
        leg->fails++;
        leg->retry_ns = now + dca_backoff_ns(leg->fails, a->reason, leg == &s->deal.sell);
    }
    /* What is too large for a limit is sold in parts: a stop must not fail for that. */
    if (!is_buy(s, leg) && is_too_large(a->reason)) {
        leg->retry_ns = now + DCA_SECOND_NS;
        s->deal.sell_max = (dec){leg->open.v / 2};
    }
    s->deal.resize = s->deal.resize || (leg >= s->deal.take && leg < s->deal.take + DCA_STEPS_MAX);
    leg->id = 0;
    leg->open = DEC_ZERO;
    leg->canceling = false;
}

void dca_deal_forget(struct dca_safety *s, const struct strategy_view *v)
{
    struct dca_deal *d = &s->deal;
    struct dca_leg *all[2 + DCA_SAFETY_MAX + DCA_STEPS_MAX] = {&d->base, &d->sell};
    for (uint32_t k = 0; k < DCA_SAFETY_MAX; k++)
        all[2 + k] = &d->safety[k];
    for (uint32_t k = 0; k < DCA_STEPS_MAX; k++)
        all[2 + DCA_SAFETY_MAX + k] = &d->take[k];
    for (uint32_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        const struct order *o = all[k]->id ? view_order(v, all[k]->id) : NULL;
        if (all[k]->id == 0 || (o && !order_state_is_terminal(o->state)))
            continue;
        all[k]->id = 0;
        all[k]->open = DEC_ZERO;
        all[k]->canceling = false;
        d->resize = true;
    }
}

/* ---- canceling ---- */

void dca_leg_cancel(struct dca_leg *leg, int64_t now, struct intents *out)
{
    if (!leg->id || leg->canceling || leg->retry_ns > now)
        return;
    leg->canceling = true;
    intents_cancel(out, leg->id);
}

void dca_deal_cancel_buys(struct dca_deal *d, int64_t now, struct intents *out)
{
    dca_leg_cancel(&d->base, now, out);
    for (uint32_t k = 0; k < d->terms.safety_count; k++)
        dca_leg_cancel(&d->safety[k], now, out);
}

void dca_deal_cancel_takes(struct dca_deal *d, int64_t now, struct intents *out)
{
    for (uint32_t k = 0; k < d->terms.steps; k++)
        dca_leg_cancel(&d->take[k], now, out);
}

static void least_retry(const struct dca_leg *leg, int64_t now, int64_t *ret)
{
    if (leg->id && !leg->canceling && leg->retry_ns > now && leg->retry_ns < *ret)
        *ret = leg->retry_ns;
}

int64_t dca_deal_next_cancel(const struct dca_deal *d, int64_t now)
{
    int64_t next = NEVER;
    least_retry(&d->base, now, &next);
    for (uint32_t k = 0; k < d->terms.safety_count; k++)
        least_retry(&d->safety[k], now, &next);
    for (uint32_t k = 0; k < d->terms.steps; k++)
        least_retry(&d->take[k], now, &next);
    return next;
}

bool dca_deal_is_open(const struct dca_deal *d)
{
    bool open = d->base.id || d->sell.id;
    for (uint32_t k = 0; k < DCA_SAFETY_MAX; k++)
        open = open || d->safety[k].id;
    for (uint32_t k = 0; k < DCA_STEPS_MAX; k++)
        open = open || d->take[k].id;
    return open;
}

dec dca_deal_free(const struct dca_deal *d)
{
    dec free = d->held;
    for (uint32_t k = 0; k <= DCA_STEPS_MAX; k++) {
        dec bound = k < DCA_STEPS_MAX ? d->take[k].open : d->sell.open;
        if (!dec_sub(free, bound, &free) || dec_is_neg(free))
            return DEC_ZERO;
    }
    return free;
}

/* ---- placing ---- */

void dca_leg_submit(struct dca_safety *s, struct dca_leg *leg, uint32_t role,
                    struct order_request *q, struct intents *out)
{
    q->tag = make_tag(s, role);
    q->repeat = q->repeat || leg->orders > 0; /* replacing what was canceled or refused is meant */
    leg->id = intents_submit(out, q);
    leg->open = leg->id ? q->qty : DEC_ZERO;
    leg->orders++;
}

bool dca_part(const struct instrument_rules *r, dec most, dec *qty)
{
    if (dec_is_pos(r->max_qty) && (dec_is_zero(most) || dec_lt(r->max_qty, most)))
        most = r->max_qty;
    if (dec_is_zero(most) || dec_le(*qty, most) ||
        !dec_round_to(most, r->lot_size, DEC_DOWN, &most) || !dec_is_pos(most))
        return false;
    *qty = most;
    return true;
}

/* A limit price that the market has passed already would be filled at the market's; asked far
 * behind it, risk's price collar would refuse. So it is at most this far behind. */
static bool near(dec price, dec market, enum side side, dec tick, dec *ret)
{
    dec bound, one = dec_from_i64(1, 2);
    bool buy = side == SIDE_BUY;
    if (!dec_mul(market, buy ? (dec){DEC_ONE.v + one.v} : (dec){DEC_ONE.v - one.v}, DEC_DOWN,
                 &bound) ||
        !dec_round_to(bound, tick, buy ? DEC_DOWN : DEC_UP, &bound))
        return false;
    *ret = buy ? dec_min(price, bound) : dec_max(price, bound);
    return true;
}

/* The order that safety order [k] needs now; false where what it lacks is too little for one. */
static bool safety_request(struct dca_deal *d, const struct strategy_view *v, uint32_t k,
                           struct order_request *ret)
{
    instrument_id i = view_first_instrument(v);
    const struct instrument_rules *r = &view_instrument(v, i)->rules;
    const struct dca_rung *rung = &d->ladder.rung[k];
    dec rest, price, now_price, qty;
    if (!dec_sub(rung->amount, d->safety[k].spent, &rest) || !dec_is_pos(rest) ||
        !dca_rung_price(d->first_price, rung->deviation, r->tick_size, &price))
        return false;
    if (dca_buying_price(v, &now_price) && !near(price, now_price, SIDE_BUY, r->tick_size, &price))
        return false;
    if (!dec_is_pos(price) || !dec_div(rest, price, DEC_DOWN, &qty) ||
        !dec_round_to(qty, r->lot_size, DEC_DOWN, &qty) || !dca_is_tradable(r, qty, price))
        return false;
    d->safety[k].part = dca_part(r, DEC_ZERO, &qty);
    *ret = (struct order_request){.instrument = i,
                                  .side = SIDE_BUY,
                                  .type = ORDER_LIMIT,
                                  .tif = TIF_GTC,
                                  .price = price,
                                  .qty = qty};
    return true;
}

int64_t dca_deal_place_buys(struct dca_safety *s, const struct strategy_view *v,
                            struct intents *out)
{
    struct dca_deal *d = &s->deal;
    int64_t now = view_now_ns(v), next = NEVER;
    uint32_t working = 0;
    for (uint32_t k = 0; k < d->terms.safety_count && working < d->terms.active_count; k++) {
        struct dca_leg *leg = &d->safety[k];
        struct order_request q;
        if (leg->complete)
            continue;
        if (!leg->id && !safety_request(d, v, k, &q)) {
            leg->complete = true; /* filled but for less than an order */
            continue;
        }
        working++;
        if (leg->id)
            continue;
        if (leg->retry_ns > now)
            next = leg->retry_ns < next ? leg->retry_ns : next;
        else
            dca_leg_submit(s, leg, DCA_TAG_SAFETY + k, &q, out);
    }
    return next;
}

/* What step [k] sells of [rest]: its part of the parts that are left; the last one all. */
static bool step_qty(const struct dca_deal *d, uint32_t k, dec rest, dec lot, dec *ret)
{
    dec parts = DEC_ZERO, qty;
    for (uint32_t m = k; m < d->terms.steps; m++)
        if (!d->take[m].complete && !dec_add(parts, d->terms.share[m], &parts))
            return false;
    return dec_mul_div(rest, d->terms.share[k], parts, DEC_DOWN, &qty) &&
           dec_round_to(qty, lot, DEC_DOWN, ret);
}

static bool take_price(const struct dca_deal *d, const struct strategy_view *v, uint32_t k,
                       dec *ret)
{
    const struct instrument_rules *r = &view_instrument(v, view_first_instrument(v))->rules;
    dec average, price, now_price;
    if (!dca_average_price(d->cost, d->bought, &average) ||
        !dca_take_price(average, d->terms.take_profit[k], r->tick_size, &price))
        return false;
    if (dca_selling_price(v, &now_price) &&
        !near(price, now_price, SIDE_SELL, r->tick_size, &price))
        return false;
    *ret = price;
    return true;
}

/* All steps that are left, from the lowest; one too small for an order is left to the next. */
static void place_takes(struct dca_safety *s, const struct strategy_view *v, struct intents *out)
{
    struct dca_deal *d = &s->deal;
    instrument_id i = view_first_instrument(v);
    const struct instrument_rules *r = &view_instrument(v, i)->rules;
    dec rest = d->held;
    for (uint32_t k = 0; k < d->terms.steps; k++) {
        dec qty, price, after;
        if (d->take[k].complete || !step_qty(d, k, rest, r->lot_size, &qty) ||
            !take_price(d, v, k, &price) || !dec_sub(rest, qty, &after))
            continue;
        bool last = k + 1 == d->terms.steps;
        /* What this step would leave must be enough for another order, else it sells it, too. */
        if (!last && dec_is_pos(after) && !dca_is_tradable(r, after, price) &&
            dec_round_to(rest, r->lot_size, DEC_DOWN, &qty))
            after = DEC_ZERO;
        if (!dca_is_tradable(r, qty, price))
            continue;
        rest = after;
        d->take[k].part = dca_part(r, d->sell_max, &qty);
        if (last && dec_is_pos(d->terms.trailing))
            continue; /* followed, not placed */
        struct order_request q = {.instrument = i,
                                  .side = SIDE_SELL,
                                  .type = ORDER_LIMIT,
                                  .tif = TIF_GTC,
                                  .price = price,
                                  .qty = qty};
        dca_leg_submit(s, &d->take[k], DCA_TAG_TAKE + k, &q, out);
    }
}

int64_t dca_deal_place_takes(struct dca_safety *s, const struct strategy_view *v,
                             struct intents *out)
{
    struct dca_deal *d = &s->deal;
    int64_t now = view_now_ns(v), next = d->resize_ns;
    bool open = false;
    if (!d->resize)
        return NEVER;
    for (uint32_t k = 0; k < d->terms.steps; k++)
        if (d->take[k].retry_ns > next)
            next = d->take[k].retry_ns;
    if (next > now)
        return next; /* partial fills come in bursts: one change a second is enough */
    dca_deal_cancel_takes(d, now, out);
    for (uint32_t k = 0; k < d->terms.steps; k++)
        open = open || d->take[k].id;
    if (open)
        return NEVER; /* their ends come as events */
    d->resize = false;
    d->resize_ns = now + RESIZE_WAIT_NS;
    place_takes(s, v, out);
    return NEVER;
}

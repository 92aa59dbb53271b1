/* What is left after the legs: unwound within a price and a time, given up, or dust. */
#include "triangular.h"

#define NOTE_BYTES 96 /* as long as a note may be */

/* The best price for turning asset [a] into the start asset, or back where [a] is owed. */
static bool best_price(const struct strategy_view *v, const struct triangle *t, uint32_t a,
                       enum side side, dec *ret)
{
    instrument_id i = t->id[triangle_joint(a, 0)];
    struct event_top top;
    dec last;
    if (view_top(v, i, &top)) {
        *ret = side == SIDE_BUY ? top.ask_price : top.bid_price;
        return dec_is_pos(*ret);
    }
    if (view_params(v)->value[TRI_PRICES].choice != TRI_PRICES_TRADE || !view_mark(v, i, &last))
        return false;
    return view_last(v, i, ret);
}

/* The order that would bring asset [a] back to nothing at [price]. */
static bool order_for(const struct tri *s, const struct triangle *t, uint32_t a, dec price,
                      enum side *side, dec *qty)
{
    const struct instrument *in = t->in[triangle_joint(a, 0)];
    bool owed = dec_is_neg(s->held[a]);
    *side = owed ? triangle_side(t, 0, a) : triangle_side(t, a, 0);
    /* Of what is given away the amount is known, of what is owed that which must come in. */
    return triangle_size(in, owed ? side_opposite(*side) : *side, dec_abs(s->held[a]), price, qty);
}

/* Whether what is left of [a] is enough for an order, at the best price or that of the plan. */
static bool is_tradable(const struct tri *s, const struct strategy_view *v,
                        const struct triangle *t, uint32_t a)
{
    enum side side = triangle_side(t, a, 0);
    dec price = s->limit[(a == 1) == (s->direction == 0) ? 0 : 2], qty;
    if (dec_is_neg(s->held[a]))
        side = side_opposite(side);
    (void)best_price(v, t, a, side, &price);
    return order_for(s, t, a, price, &side, &qty);
}

/* The worst price that is accepted: so far from the one that was there when unwinding began. */
static bool bound_price(struct tri *s, const struct strategy_view *v, const struct triangle *t,
                        uint32_t a, dec best, enum side side, dec *ret)
{
    dec slip = view_params(v)->value[TRI_UNWIND_SLIPPAGE].decimal, factor, bound;
    bool buy = side == SIDE_BUY;
    if (dec_is_zero(s->reference[a]))
        s->reference[a] = best;
    if (!dec_add(DEC_ONE, buy ? slip : dec_neg(slip), &factor) ||
        !dec_mul(s->reference[a], factor, DEC_HALF_EVEN, &bound) ||
        !dec_round_to(bound, t->in[triangle_joint(a, 0)]->rules.tick_size,
                      buy ? DEC_FLOOR : DEC_CEIL, &bound) ||
        (buy ? dec_gt(best, bound) : dec_lt(best, bound)))
        return false;
    *ret = bound;
    return true;
}

/* Parts of one intent as long as it has room for an order; then another begins. */
static void submit(struct tri *s, const struct triangle *t, uint32_t a, enum side side, dec price,
                   dec qty, struct intents *out)
{
    uint32_t joint = triangle_joint(a, 0);
    dec part = dec_min(qty, s->parent_left[a]);
    if (!s->parent[a] || !triangle_allowed(&t->in[joint]->rules, part, price)) {
        s->parent[a] = intents_parent(out, t->id[joint], side, qty);
        s->parent_left[a] = part = qty;
    }
    struct order_request q = {
        .instrument = t->id[joint],
        .side = side,
        .type = ORDER_LIMIT,
        .tif = TIF_IOC,
        .price = price,
        .qty = part,
        .tag = 2 + a,
        .repeat = true,
        .parent = s->parent[a],
    };
    s->order[a] = intents_submit(out, &q);
}

static void attempt(struct tri *s, const struct strategy_view *v, const struct triangle *t,
                    struct intents *out)
{
    int64_t now = view_now_ns(v);
    if (now >= s->retry_ns && view_state(v) != STATE_HALTED) {
        for (uint32_t a = 1; a < 3; a++) {
            enum side side = triangle_side(t, a, 0);
            dec best, bound, qty;
            if (dec_is_neg(s->held[a]))
                side = side_opposite(side);
            if (is_tradable(s, v, t, a) && best_price(v, t, a, side, &best) &&
                bound_price(s, v, t, a, best, side, &bound) &&
                order_for(s, t, a, bound, &side, &qty))
                submit(s, t, a, side, bound, qty, out);
        }
        if (s->order[1] || s->order[2])
            s->retry_ns = now + TRI_RETRY_NS;
    }
    int64_t wake = s->retry_ns > now && s->retry_ns < s->deadline_ns ? s->retry_ns : s->deadline_ns;
    intents_timer(out, wake);
}

static size_t add(char text[static NOTE_BYTES], size_t n, const char *part, size_t len)
{
    len = len < NOTE_BYTES - 1 - n ? len : NOTE_BYTES - 1 - n;
    memcpy(text + n, part, len);
    text[n + len] = 0;
    return n + len;
}

/* "cycle 12, forward: 0.53 USDT" */
static void note_cycle(const struct tri *s, const struct strategy_view *v, dec result,
                       struct intents *out)
{
    const char *symbol = view_instrument(v, view_first_instrument(v))->symbol;
    size_t hyphen = 0;
    while (symbol[hyphen] && symbol[hyphen] != '-')
        hyphen++;
    bool quote = view_params(v)->value[TRI_START].choice == TRI_START_QUOTE;
    char text[NOTE_BYTES], number[DEC_TEXT_MAX];
    size_t n = add(text, 0, "cycle ", 6);
    n = add(text, n, number, dec_format(dec_from_i64((int64_t)s->cycles, 0), number));
    n = s->direction ? add(text, n, ", backward", 10) : add(text, n, ", forward", 9);
    n = s->stranded ? add(text, n, ", stranded: ", 12) : add(text, n, ": ", 2);
    n = add(text, n, number, dec_format_places(result, 8, DEC_FLOOR, number));
    n = add(text, n, " ", 1);
    if (quote && symbol[hyphen])
        (void)add(text, n, symbol + hyphen + 1, strlen(symbol + hyphen + 1));
    else
        (void)add(text, n, symbol, hyphen);
    intents_note(out, text);
}

static enum err finish(struct tri *s, const struct strategy_view *v, struct intents *out)
{
    int64_t ready = view_now_ns(v) + view_params(v)->value[TRI_COOLDOWN].duration_ns;
    s->phase = TRI_IDLE;
    if (s->ready_ns < ready)
        s->ready_ns = ready;
    intents_timer(out, 0);
    if (!s->traded)
        return ERR_OK; /* refused, or too late: nothing happened */
    dec result;
    if (!dec_sub(s->held[0], s->fees, &result) || !dec_add(result, s->kept, &result) ||
        !dec_add(s->profit, result, &s->profit))
        return ERR_OVERFLOW;
    s->held[0] = s->fees = s->kept = DEC_ZERO;
    s->cycles++;
    s->losses += dec_is_neg(result);
    s->last_ns = (uint64_t)(view_now_ns(v) - s->began_ns);
    s->traded = false;
    note_cycle(s, v, result, out);
    return ERR_OK;
}

enum err tri_settle(struct tri *s, const struct strategy_view *v, struct intents *out)
{
    const struct params *p = view_params(v);
    int64_t now = view_now_ns(v);
    struct triangle t;
    tri_triangle(v, &t);
    bool begins = s->phase != TRI_UNWINDING, left = false;
    bool give_up = begins ? p->value[TRI_STRANDED].choice == TRI_HOLD : now >= s->deadline_ns;
    for (uint32_t a = 1; a < 3; a++) {
        if (!is_tradable(s, v, &t, a))
            continue;
        s->strandings += !s->stranded;
        s->stranded = true;
        left = left || !give_up;
        if (!give_up)
            continue;
        if (!dec_add(s->given_up[a], s->held[a], &s->given_up[a]) ||
            !dec_add(s->kept, tri_value(v, &t, a, s->held[a]), &s->kept))
            return ERR_OVERFLOW;
        s->held[a] = DEC_ZERO;
        intents_note(out, begins ? "a stranded asset is kept, as `stranded` wants it"
                                 : "a stranded asset could not be unwound in time and is kept");
    }
    if (!left)
        return finish(s, v, out);
    if (begins) {
        s->phase = TRI_UNWINDING;
        s->deadline_ns = now + p->value[TRI_UNWIND_DEADLINE].duration_ns;
        s->retry_ns = now;
        for (uint32_t a = 1; a < 3; a++) {
            s->reference[a] = s->parent_left[a] = DEC_ZERO;
            s->parent[a] = 0;
        }
        intents_note(out, "a leg did not give what it should: what is stranded is unwound");
    }
    attempt(s, v, &t, out);
    return ERR_OK;
}

/* A cycle: prices, decision, the three legs. */
#include "triangular.h"

void tri_triangle(const struct strategy_view *v, struct triangle *ret)
{
    const struct params *p = view_params(v);
    const struct instrument *in[3];
    for (uint32_t k = 0; k < 3; k++)
        in[k] = view_instrument(v, p->value[TRI_FIRST + k].instrument);
    CHECK(triangle_make(p, in, ret)); /* the configuration was checked */
}

dec tri_value(const struct strategy_view *v, const struct triangle *t, uint32_t a, dec amount)
{
    dec mark, value = DEC_ZERO;
    uint32_t k = triangle_joint(a, 0);
    if (dec_is_zero(amount) || !view_mark(v, t->id[k], &mark) || !dec_is_pos(mark))
        return DEC_ZERO;
    if (!(triangle_side(t, a, 0) == SIDE_SELL ? dec_mul(amount, mark, DEC_FLOOR, &value)
                                              : dec_div(amount, mark, DEC_FLOOR, &value)))
        return DEC_ZERO;
    return value;
}

/* ---- prices ---- */

/* What an order on [side] would trade against, as good as the parameter `prices` wants it; false
 * where it is not known or too old. */
static bool quote_of(const struct tri *s, const struct strategy_view *v, uint32_t parameter,
                     struct triangle_leg *leg)
{
    const struct params *p = view_params(v);
    instrument_id i = p->value[parameter].instrument;
    uint32_t least = p->value[TRI_PRICES].choice;
    const int64_t *told = s->told_ns[parameter];
    int64_t oldest = view_now_ns(v) - p->value[TRI_MAX_AGE].duration_ns;
    bool buy = leg->side == SIDE_BUY;
    const struct book *book = view_book(v, i);
    struct event_top top;
    dec last;
    uint32_t source = TRI_PRICES_BOOK;
    leg->levels = NULL;
    leg->levels_max = (uint32_t)p->value[TRI_LEVELS].integer;
    if (book) {
        leg->levels = buy ? &book->ask : &book->bid;
    } else if (least >= TRI_PRICES_TOP && view_top(v, i, &top)) {
        source = TRI_PRICES_TOP;
        leg->one = buy ? (struct level){top.ask_price, top.ask_qty}
                       : (struct level){top.bid_price, top.bid_qty};
    } else if (least >= TRI_PRICES_TRADE && view_mark(v, i, &last) && view_last(v, i, &last)) {
        source = TRI_PRICES_TRADE;
        leg->one = (struct level){last, s->trade_qty[parameter]};
    } else {
        return false;
    }
    return told[source] >= oldest && told[source] > 0;
}

/* Which parameter (TRI_FIRST ..) names joint [k]. */
static uint32_t parameter_of(const struct strategy_view *v, const struct triangle *t, uint32_t k)
{
    const struct params *p = view_params(v);
    for (uint32_t n = TRI_FIRST; n < TRI_THIRD; n++)
        if (p->value[n].instrument == t->id[k])
            return n;
    return TRI_THIRD;
}

/* Only the first leg can count on nothing but what is there; in parallel all three must. */
static dec funds_of(const struct strategy_view *v, const struct triangle *t, uint32_t from,
                    uint32_t k)
{
    if (k > 0 && view_params(v)->value[TRI_EXECUTION].choice == TRI_LINEAR)
        return DEC_MAX;
    return view_free_at(v, t->id[0], t->asset[from]);
}

static bool legs_of(const struct tri *s, const struct strategy_view *v, const struct triangle *t,
                    uint32_t direction, struct triangle_leg leg[static 3])
{
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t from = triangle_from(direction, k), to = triangle_from(direction, (k + 1) % 3);
        uint32_t joint = triangle_joint(from, to);
        asset_id apart = view_fee_asset(v, t->id[joint]);
        leg[k] = (struct triangle_leg){
            .in = t->in[joint],
            .side = triangle_side(t, from, to),
            .fee = view_taker_fee(v, t->id[joint]),
            .fee_apart = apart != ASSET_NONE && apart != t->asset[to],
            .funds = funds_of(v, t, from, k),
        };
        if (!quote_of(s, v, parameter_of(v, t, joint), &leg[k]))
            return false;
    }
    return true;
}

/* ---- whether ---- */

/* Forgets starts outside the interval; whether one more is allowed. */
static bool may_start(struct tri *s, const struct strategy_view *v, const struct triangle *t)
{
    const struct params *p = view_params(v);
    int64_t now = view_now_ns(v);
    if (view_state(v) != STATE_ACTIVE || now < s->ready_ns)
        return false;
    uint32_t gone = 0;
    while (gone < s->starts && s->start_ns[gone] <= now - p->value[TRI_CYCLE_INTERVAL].duration_ns)
        gone++;
    if (gone) {
        s->starts -= gone;
        memmove(s->start_ns, s->start_ns + gone, s->starts * sizeof s->start_ns[0]);
    }
    if (p->value[TRI_MAX_CYCLES].present && s->starts >= p->value[TRI_MAX_CYCLES].integer)
        return false;
    dec sum = DEC_ZERO, most = p->value[TRI_INVESTMENT_MAX].decimal;
    if (p->value[TRI_MAX_STRANDED].present)
        most = p->value[TRI_MAX_STRANDED].decimal;
    for (uint32_t a = 1; a < 3; a++)
        if (!dec_add(sum, dec_abs(tri_value(v, t, a, s->given_up[a])), &sum))
            return false;
    return dec_le(sum, most);
}

static void note_edge(struct tri *s, dec edge)
{
    s->last_edge = edge;
    s->best_edge = s->seen_edge ? dec_max(s->best_edge, edge) : edge;
    s->seen_edge = true;
}

static dec step_of(const struct params *p, dec min, dec max)
{
    dec step = DEC_ZERO;
    if (p->value[TRI_INVESTMENT_STEP].present)
        return p->value[TRI_INVESTMENT_STEP].decimal;
    return dec_sub(max, min, &step) && dec_div(step, dec_from_i64(10, 0), DEC_DOWN, &step)
               ? step
               : DEC_ZERO;
}

/* ---- the legs ---- */

static void submit_leg(struct tri *s, const struct triangle *t, uint32_t k, dec qty,
                       struct intents *out)
{
    uint32_t from = triangle_from(s->direction, k), to = triangle_from(s->direction, (k + 1) % 3);
    struct order_request q = {
        .instrument = t->id[triangle_joint(from, to)],
        .side = triangle_side(t, from, to),
        .type = ORDER_LIMIT,
        .tif = TIF_IOC,
        .price = s->limit[k],
        .qty = qty,
        .tag = k,
        .repeat = true, /* the same edge may show twice: max_cycles and cooldown are its limits */
    };
    q.parent = intents_parent(out, q.instrument, q.side, qty);
    s->order[k] = intents_submit(out, &q);
}

static void remember_start(struct tri *s, int64_t now)
{
    if (s->starts == TRI_CYCLES_MAX) {
        s->starts--;
        memmove(s->start_ns, s->start_ns + 1, s->starts * sizeof s->start_ns[0]);
    }
    s->start_ns[s->starts++] = now;
}

static enum err begin(struct tri *s, const struct strategy_view *v, const struct triangle *t,
                      uint32_t direction, const struct triangle_plan *plan, struct intents *out)
{
    bool linear = view_params(v)->value[TRI_EXECUTION].choice == TRI_LINEAR;
    s->phase = TRI_LEGS;
    s->direction = direction;
    s->leg = linear ? 0 : 2;
    s->held[0] = s->fees = s->kept = DEC_ZERO;
    s->stranded = s->traded = false;
    s->began_ns = view_now_ns(v);
    remember_start(s, s->began_ns);
    for (uint32_t k = 0; k < 3; k++) {
        s->limit[k] = plan->step[k].limit;
        s->trade_qty[k] = DEC_ZERO;
    }
    for (uint32_t k = 0; k <= s->leg; k++)
        submit_leg(s, t, k, plan->step[k].qty, out);
    return ERR_OK;
}

enum err tri_consider(struct tri *s, const struct strategy_view *v, struct intents *out)
{
    const struct params *p = view_params(v);
    dec max = p->value[TRI_INVESTMENT_MAX].decimal, min = max, edge, best_edge = DEC_ZERO;
    dec least = p->value[TRI_MIN_PROFIT].decimal;
    struct triangle t;
    struct triangle_leg leg[2][3];
    bool known[2], worth[2] = {false, false};
    tri_triangle(v, &t);
    for (uint32_t d = 0; d < 2; d++) {
        known[d] = legs_of(s, v, &t, d, leg[d]) && triangle_edge(leg[d], max, &edge);
        if (!known[d])
            return ERR_OK; /* the same three instruments both ways: some quote is missing or old */
        best_edge = d ? dec_max(best_edge, edge) : edge;
        worth[d] = dec_ge(edge, least);
    }
    note_edge(s, best_edge);
    if ((!worth[0] && !worth[1]) || !may_start(s, v, &t))
        return ERR_OK;
    if (p->value[TRI_INVESTMENT_MIN].present)
        min = p->value[TRI_INVESTMENT_MIN].decimal;
    /* At most one direction can gain: there and back costs three spreads. */
    uint32_t best = !worth[0];
    struct triangle_plan plan;
    if (!triangle_search(leg[best], min, max, step_of(p, min, max), least, &plan))
        return ERR_OK;
    s->opportunities++;
    return begin(s, v, &t, best, &plan, out);
}

/* The leg after the one that ended, for what that one really gave. */
static enum err next_leg(struct tri *s, const struct strategy_view *v, struct intents *out)
{
    struct triangle t;
    tri_triangle(v, &t);
    uint32_t k = s->leg + 1, from = triangle_from(s->direction, k);
    uint32_t joint = triangle_joint(from, triangle_from(s->direction, (k + 1) % 3));
    dec amount = dec_min(s->held[from], view_free_at(v, t.id[0], t.asset[from])), qty;
    if (view_state(v) != STATE_ACTIVE ||
        !triangle_size(t.in[joint],
                       triangle_side(&t, from, triangle_from(s->direction, (k + 1) % 3)), amount,
                       s->limit[k], &qty))
        return tri_settle(s, v, out);
    s->leg = k;
    submit_leg(s, &t, k, qty, out);
    return ERR_OK;
}

static bool all_ended(const struct tri *s)
{
    return !s->order[0] && !s->order[1] && !s->order[2];
}

enum err tri_order_ended(struct tri *s, const struct strategy_view *v, order_id id, bool refused,
                         struct intents *out)
{
    bool own = false;
    for (uint32_t k = 0; k < 3; k++)
        if (s->order[k] == id) {
            s->order[k] = 0;
            own = true;
        }
    if (!own)
        return ERR_OK; /* its last fill has told it already */
    if (refused && s->ready_ns < view_now_ns(v) + TRI_DENIED_NS)
        s->ready_ns = view_now_ns(v) + TRI_DENIED_NS;
    if (!all_ended(s))
        return ERR_OK;
    return s->phase == TRI_LEGS && s->leg < 2 ? next_leg(s, v, out) : tri_settle(s, v, out);
}

/* ---- fills ---- */

/* A fee that nothing received was charged with, in the start asset: the leg's rate of what moved.
 */
static dec apart_in_start(const struct strategy_view *v, const struct triangle *t, uint32_t a,
                          dec amount, instrument_id i)
{
    dec value = a ? tri_value(v, t, a, amount) : amount, fee = DEC_ZERO;
    return dec_mul(dec_abs(value), view_taker_fee(v, i), DEC_UP, &fee) ? fee : DEC_ZERO;
}

static enum err book_fill(struct tri *s, const struct strategy_view *v, const struct triangle *t,
                          const struct event_fill *f, const struct order_request *q)
{
    uint32_t joint = 0;
    while (joint < 2 && t->id[joint] != q->instrument)
        joint++;
    bool buy = q->side == SIDE_BUY;
    uint32_t a = joint, b = (joint + 1) % 3; /* which of them is given away? */
    if (triangle_side(t, a, b) != q->side) {
        a = b;
        b = joint;
    }
    dec value, given, got;
    if (!dec_mul(f->price, f->qty, buy ? DEC_UP : DEC_DOWN, &value))
        return ERR_OVERFLOW;
    given = buy ? value : f->qty;
    got = buy ? f->qty : value;
    if (f->fee_asset == t->asset[b])
        got.v -= dec_min(f->fee, got).v;
    else if (!dec_add(s->fees,
                      apart_in_start(v, t, a == 0 ? a : b, a == 0 ? given : got, q->instrument),
                      &s->fees))
        return ERR_OVERFLOW;
    return dec_sub(s->held[a], given, &s->held[a]) && dec_add(s->held[b], got, &s->held[b])
               ? ERR_OK
               : ERR_OVERFLOW;
}

enum err tri_fill(struct tri *s, const struct strategy_view *v, const struct event *e,
                  struct intents *out)
{
    struct triangle t;
    const struct order *o = view_order(v, e->fill.id);
    CHECK(o != NULL); /* the engine books a fill only for an order it remembers */
    tri_triangle(v, &t);
    bool late = true;
    for (uint32_t k = 0; k < 3; k++)
        late = late && s->order[k] != e->fill.id;
    if (late && s->phase == TRI_IDLE)
        s->held[0] = s->fees = s->kept = DEC_ZERO; /* a cycle that was thought to be over goes on */
    enum err err = book_fill(s, v, &t, &e->fill, &o->req);
    if (err)
        return err;
    s->traded = true;
    if (s->phase == TRI_UNWINDING)
        for (uint32_t a = 1; a < 3; a++)
            if (s->order[a] == e->fill.id)
                s->parent_left[a].v -= e->fill.qty.v;
    if (late && s->phase == TRI_IDLE)
        return tri_settle(s, v, out);
    return order_state_is_terminal(o->state) && !late
               ? tri_order_ended(s, v, e->fill.id, false, out)
               : ERR_OK;
}

enum err tri_forget_lost(struct tri *s, const struct strategy_view *v, struct intents *out)
{
    bool any = false;
    for (uint32_t k = 0; k < 3; k++)
        if (s->order[k] && !view_order(v, s->order[k])) {
            s->order[k] = 0;
            any = true;
        }
    if (!any)
        return ERR_OK;
    intents_note(out, "orders of a cycle are not known after the restart: they count as ended");
    return all_ended(s) ? tri_settle(s, v, out) : ERR_OK;
}

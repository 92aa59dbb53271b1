/* Entries and exits as orders: sent, re-priced, given up (entries) or never given up (exits). */
#include "momentum.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)

/* An exit that was refused is tried again after these; one that an entry's refusal kept from buying
 * rests longer, since nothing is at risk. */
static const int64_t EXIT_WAIT_NS[] = {SECOND, 5 * SECOND, 30 * SECOND, MINUTE};
static const int64_t ENTRY_WAIT_NS[] = {MINUTE, 5 * MINUTE, 30 * MINUTE};
#define PAUSE_NS    SECOND       /* between an order that ended unfilled and the next */
#define AGAIN_NS    SECOND       /* a cancel that did not end its order is asked for again */
#define PATIENCE_NS (5 * SECOND) /* an exit waits for the entry's cancel no longer than that */

static int64_t wait_of(const int64_t *table, uint32_t entries, uint32_t failures)
{
    return table[failures < entries ? failures : entries - 1];
}

/* ---- what became of an order ---- */

enum outcome {
    OUTCOME_FILLED,
    OUTCOME_REFUSED,
    OUTCOME_UNFILLED,  /* by its own terms, or by our cancel */
    OUTCOME_WITHDRAWN, /* by someone else, or nobody knows */
};

static bool ended(const struct strategy_view *v, order_id id)
{
    const struct order *o = view_order(v, id);
    return !o || order_state_is_terminal(o->state);
}

static enum reason reason_for(order_id id, const struct event *e)
{
    return e->kind == EVENT_ORDER && e->order.id == id ? e->order.reason : REASON_NONE;
}

static enum outcome outcome_of(const struct strategy_view *v, order_id id, bool asked,
                               const struct event *e)
{
    const struct order *o = view_order(v, id);
    enum order_state state = ORDER_CANCELED; /* forgotten, or of a run before this one */
    if (o)
        state = o->state;
    else if (e->kind == EVENT_ORDER && e->order.id == id)
        state = e->order.state;
    switch (state) {
    case ORDER_FILLED: return OUTCOME_FILLED;
    case ORDER_DENIED:
    case ORDER_REJECTED:
    case ORDER_NOT_SENT:
        return reason_for(id, e) == REASON_WOULD_TAKE ? OUTCOME_UNFILLED : OUTCOME_REFUSED;
    case ORDER_EXPIRED: return OUTCOME_UNFILLED;
    case ORDER_CANCELED:
    case ORDER_INTENT:
    case ORDER_SUBMITTED:
    case ORDER_ACCEPTED:
    case ORDER_PARTIALLY_FILLED:
    case ORDER_PENDING_CANCEL:
    case ORDER_IN_DOUBT: break;
    }
    return asked ? OUTCOME_UNFILLED : OUTCOME_WITHDRAWN;
}

/* A refusal that says by how much the order of [qty] was too large: what would have fitted, rounded
 * down to the lot. False for any other refusal. */
static bool fitting(const struct strategy_view *v, const struct event *e, order_id id, dec qty,
                    dec *ret)
{
    if (e->kind != EVENT_ORDER || e->order.id != id || e->order.state != ORDER_DENIED)
        return false;
    const struct denial *d = &e->order.denial;
    enum reason r = d->reason;
    bool size = r == REASON_BUDGET || r == REASON_ORDER_QTY || r == REASON_MAX_QTY ||
                r == REASON_MAX_NOTIONAL;
    dec lot = view_instrument(v, view_first_instrument(v))->rules.lot_size, less;
    return size && dec_is_pos(d->limit) && dec_lt(d->limit, d->value) && dec_is_pos(lot) &&
           dec_mul_div(qty, d->limit, d->value, DEC_DOWN, &less) &&
           dec_round_to(less, lot, DEC_DOWN, ret) && dec_is_pos(*ret);
}

static void buy_refused(struct momentum *m, const struct strategy_view *v, const struct event *e,
                        order_id id)
{
    dec less, price, value, binding;
    bool money = reason_for(id, e) == REASON_BUDGET && fitting(v, e, id, m->buy_qty, &less);
    /* The next entry knows how much more than its price an order binds. */
    if (money && trade_price(v, SIDE_BUY, &price) && dec_mul(price, m->buy_qty, DEC_DOWN, &value) &&
        dec_div(e->order.denial.value, value, DEC_UP, &binding))
        m->binding = binding;
    if (money && !m->shrunk) {
        m->shrunk = true;
        m->want = less;
        return;
    }
    m->want = DEC_ZERO;
    m->blocked_until_ns =
        view_now_ns(v) +
        wait_of(ENTRY_WAIT_NS, sizeof ENTRY_WAIT_NS / sizeof *ENTRY_WAIT_NS, m->refusals++);
}

static void buy_ended(struct momentum *m, const struct strategy_view *v, const struct event *e,
                      struct intents *out)
{
    const struct params *p = view_params(v);
    order_id id = m->buy;
    bool asked = m->buy_asked_ns != 0;
    m->buy = 0;
    m->buy_asked_ns = m->buy_again_ns = 0;
    if (m->stage != STAGE_ENTERING)
        return;
    switch (outcome_of(v, id, asked, e)) {
    case OUTCOME_REFUSED: buy_refused(m, v, e, id); break;
    case OUTCOME_UNFILLED:
        if (p->value[P_ENTRY_ORDER].choice == CHOICE_LIMIT &&
            m->tries < (uint64_t)p->value[P_REPRICES].integer) {
            m->tries++;
            m->next_ns = view_now_ns(v) + (asked ? 0 : PAUSE_NS);
            break;
        }
        intents_note(out, "entry given up: what is left was not filled");
        m->want = DEC_ZERO;
        break;
    case OUTCOME_FILLED:
    case OUTCOME_WITHDRAWN: m->want = DEC_ZERO; break;
    }
}

static void sell_ended(struct momentum *m, const struct strategy_view *v, const struct event *e)
{
    order_id id = m->sell;
    bool asked = m->sell_asked_ns != 0;
    dec less;
    m->sell = 0;
    m->sell_asked_ns = m->sell_again_ns = 0;
    m->next_ns = view_now_ns(v);
    switch (outcome_of(v, id, asked, e)) {
    case OUTCOME_FILLED: break;
    case OUTCOME_REFUSED:
        if (reason_for(id, e) == REASON_PARENT)
            m->parent = 0; /* forgotten there: the exit declares another */
        if (fitting(v, e, id, m->sell_qty, &less)) {
            m->part_max = less;
            if (!m->shrunk) {
                m->shrunk = true; /* at once, but once: the smaller one is refused for real */
                break;
            }
        }
        m->next_ns +=
            wait_of(EXIT_WAIT_NS, sizeof EXIT_WAIT_NS / sizeof *EXIT_WAIT_NS, m->failures++);
        break;
    case OUTCOME_UNFILLED:
        m->tries++;
        m->next_ns += asked ? 0 : PAUSE_NS;
        break;
    case OUTCOME_WITHDRAWN: m->next_ns += PAUSE_NS; break;
    }
}

void orders_filled(struct momentum *m, const struct strategy_view *v, const struct event_fill *f)
{
    const struct order *o = view_order(v, f->id);
    if (!o)
        return;
    bool ours = m->parent != 0 && o->req.parent == m->parent;
    if (ours)
        m->parent_left.v -= f->qty.v;
    m->shrunk = false;
    if (o->req.side == SIDE_SELL) {
        m->failures = 0;
        return;
    }
    m->refusals = 0;
    if (ours || f->id == m->buy)
        m->want = dec_max((dec){m->want.v - f->qty.v}, DEC_ZERO);
    if (m->entered_ns == 0)
        m->entered_ns = view_now_ns(v);
    m->peak = dec_max(m->peak, f->price);
}

/* ---- stages ---- */

static void become_flat(struct momentum *m, dec left)
{
    m->stage = STAGE_FLAT;
    m->cause = CAUSE_NONE;
    m->dust = left;
    m->want = m->part_max = m->peak = m->stop_distance = DEC_ZERO;
    m->parent = 0;
    m->entered_ns = 0;
}

/* Where what is held says something else than the stage. */
static enum err follow_position(struct momentum *m, const struct strategy_view *v)
{
    dec cost, qty = view_position(v, view_first_instrument(v), &cost), some = DEC_ZERO;
    bool entry_over = m->stage == STAGE_ENTERING && m->buy == 0 && dec_is_zero(m->want);
    if (m->stage == STAGE_EXITING || (m->stage == STAGE_ENTERING && !entry_over))
        return ERR_OK;
    if (dec_gt(qty, m->dust)) {
        enum err err = orderable(v, qty, &some);
        if (err)
            return err;
    }
    /* What is held and was worth selling stays so until an exit is decided, whatever its price. */
    bool holds = dec_is_pos(some) || (m->stage == STAGE_HOLDING && dec_gt(qty, m->dust));
    if (!holds && m->stage != STAGE_FLAT)
        become_flat(m, qty);
    if (!holds || m->stage == STAGE_HOLDING)
        return ERR_OK;
    m->stage = STAGE_HOLDING;
    m->parent = 0;
    if (m->entered_ns == 0)
        m->entered_ns = view_now_ns(v);
    return ERR_OK;
}

enum err orders_settle(struct momentum *m, const struct strategy_view *v, const struct event *e,
                       struct intents *out)
{
    if (m->buy && ended(v, m->buy))
        buy_ended(m, v, e, out);
    if (m->sell && ended(v, m->sell))
        sell_ended(m, v, e);
    return follow_position(m, v);
}

static const char *cause_note(enum cause cause)
{
    switch (cause) {
    case CAUSE_NONE: break;
    case CAUSE_SIGNAL: return "exit: signal";
    case CAUSE_STOP_LOSS: return "exit: stop-loss";
    case CAUSE_TRAILING_STOP: return "exit: trailing stop";
    case CAUSE_TAKE_PROFIT: return "exit: take profit";
    case CAUSE_RETURN: return "exit: return table";
    case CAUSE_TIME_LIMIT: return "exit: time limit";
    }
    return "exit";
}

static bool is_stop(enum cause c)
{
    return c == CAUSE_STOP_LOSS || c == CAUSE_TRAILING_STOP;
}

void begin_exit(struct momentum *m, const struct strategy_view *v, enum cause cause,
                struct intents *out)
{
    if (m->stage == STAGE_EXITING) { /* a stop hurries an exit that rests at its limit */
        if (!is_stop(cause) || is_stop(m->cause))
            return;
        m->cause = cause;
        intents_note(out, cause_note(cause));
        return;
    }
    m->stage = STAGE_EXITING;
    m->cause = cause;
    m->tries = m->failures = 0;
    m->shrunk = false;
    m->next_ns = view_now_ns(v);
    m->parent = 0;
    m->part_max = m->want = DEC_ZERO;
    intents_note(out, cause_note(cause));
}

enum err begin_entry(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    const struct params *p = view_params(v);
    int64_t now = view_now_ns(v);
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    const char *why = NULL;
    dec price;
    if (m->stage != STAGE_FLAT || view_open_orders(v) > 0 || view_state(v) != STATE_ACTIVE ||
        in->rules.status != INSTRUMENT_TRADING || now < m->idle_until_ns ||
        now < m->blocked_until_ns || !trade_price(v, SIDE_BUY, &price))
        return ERR_OK;
    enum err err = entry_qty(m, v, price, &m->want, &why);
    if (err)
        return err;
    if (!dec_is_pos(m->want)) {
        intents_note(out, why);
        return ERR_OK;
    }
    m->stop_distance = DEC_ZERO;
    if (is_on(p, P_ATR_STOP) &&
        !dec_mul(m->range.value, p->value[P_ATR_MULTIPLE].decimal, DEC_UP, &m->stop_distance))
        return ERR_OVERFLOW;
    m->stage = STAGE_ENTERING;
    m->tries = 0;
    m->shrunk = false;
    m->next_ns = now;
    m->parent = 0;
    return ERR_OK;
}

/* ---- sending ---- */

/* The limit for an order against [price]: better for us by limit_offset, rounded to the tick, again
 * in our favour. */
static enum err limit_price(const struct strategy_view *v, enum side side, dec price, dec *ret)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    dec offset = view_params(v)->value[P_LIMIT_OFFSET].decimal, part;
    if (!dec_mul(price, side == SIDE_BUY ? dec_neg(offset) : offset, DEC_HALF_EVEN, &part) ||
        !dec_add(price, part, &price) ||
        !dec_round_to(price, in->rules.tick_size, side == SIDE_BUY ? DEC_FLOOR : DEC_CEIL, ret))
        return ERR_OVERFLOW;
    return ERR_OK;
}

static enum tif tif_of(const struct params *p)
{
    switch ((enum tif_choice)p->value[P_TIF].choice) {
    case CHOICE_GTC: return TIF_GTC;
    case CHOICE_IOC: return TIF_IOC;
    case CHOICE_FOK: return TIF_FOK;
    }
    return TIF_GTC;
}

/* One order of [qty], part of what the parent bounds; [whole]: all that this entry or exit still
 * has to trade. */
static order_id send(struct momentum *m, const struct strategy_view *v, struct intents *out,
                     struct order_request *q, dec whole)
{
    const struct params *p = view_params(v);
    q->instrument = view_first_instrument(v);
    if (q->type == ORDER_LIMIT) {
        q->tif = tif_of(p);
        q->post_only = is_on(p, P_POST_ONLY);
    } else {
        q->tif = TIF_IOC;
    }
    /* More than was meant at first can be there to sell: a late fill of the entry. */
    if (m->parent == 0 || dec_gt(whole, m->parent_left)) {
        m->parent = intents_parent(out, q->instrument, q->side, whole);
        m->parent_left = whole;
    }
    q->parent = m->parent;
    q->repeat = m->tries > 0 || m->failures > 0;
    return intents_submit(out, q);
}

static enum err send_buy(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    bool limit = view_params(v)->value[P_ENTRY_ORDER].choice == CHOICE_LIMIT;
    struct order_request q = {.side = SIDE_BUY, .type = limit ? ORDER_LIMIT : ORDER_MARKET};
    dec price, most;
    if (!trade_price(v, SIDE_BUY, &price))
        return ERR_OK;
    enum err err = ERR_OK;
    if (limit) {
        err = limit_price(v, SIDE_BUY, price, &q.price);
        price = q.price;
    }
    if (err || !dec_is_pos(price))
        return err;
    err = affordable(m, v, price, &most);
    if (!err)
        err = orderable(v, dec_min(m->want, most), &q.qty);
    if (err)
        return err;
    if (!dec_is_pos(q.qty)) { /* what is left of an entry, or of the money, is too little */
        m->want = DEC_ZERO;
        return ERR_OK;
    }
    m->buy_qty = q.qty;
    m->buy = send(m, v, out, &q, m->want);
    return ERR_OK;
}

static bool sells_at_market(const struct momentum *m, const struct params *p)
{
    return p->value[P_EXIT_ORDER].choice == CHOICE_MARKET || is_stop(m->cause) ||
           m->tries > (uint64_t)p->value[P_REPRICES].integer;
}

static enum err send_sell(struct momentum *m, const struct strategy_view *v, struct intents *out,
                          dec whole)
{
    bool limit = !sells_at_market(m, view_params(v));
    struct order_request q = {
        .side = SIDE_SELL, .type = limit ? ORDER_LIMIT : ORDER_MARKET, .reduce_only = true};
    const struct instrument_rules *r = &view_instrument(v, view_first_instrument(v))->rules;
    dec price;
    if (!trade_price(v, SIDE_SELL, &price))
        return ERR_OK;
    if (limit) {
        enum err err = limit_price(v, SIDE_SELL, price, &q.price);
        if (err)
            return err;
    }
    q.qty = whole;
    if (dec_is_pos(m->part_max))
        q.qty = dec_min(q.qty, m->part_max);
    if (dec_is_pos(r->max_qty))
        q.qty = dec_min(q.qty, r->max_qty);
    if (!dec_round_to(q.qty, r->lot_size, DEC_DOWN, &q.qty))
        return ERR_OVERFLOW;
    m->sell_qty = q.qty;
    m->sell = send(m, v, out, &q, whole);
    return ERR_OK;
}

/* ---- working on it ---- */

static void ask_cancel(const struct strategy_view *v, struct intents *out, order_id id,
                       int64_t *asked_ns, int64_t *again_ns)
{
    int64_t now = view_now_ns(v);
    if (now < *again_ns)
        return;
    if (*asked_ns == 0)
        *asked_ns = now;
    *again_ns = now + AGAIN_NS;
    intents_cancel(out, id);
}

/* Rested long enough. */
static bool is_overdue(const struct strategy_view *v, order_id id)
{
    const struct order *o = view_order(v, id);
    return o && o->req.type == ORDER_LIMIT &&
           view_now_ns(v) - o->ts_submit_ns >=
               view_params(v)->value[P_UNFILLED_TIMEOUT].duration_ns;
}

static enum err work_entry(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    if (m->buy) {
        if (m->buy_asked_ns || is_overdue(v, m->buy))
            ask_cancel(v, out, m->buy, &m->buy_asked_ns, &m->buy_again_ns);
        return ERR_OK;
    }
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    if (view_state(v) != STATE_ACTIVE || in->rules.status != INSTRUMENT_TRADING) {
        m->want = DEC_ZERO;
        return ERR_OK;
    }
    if (!dec_is_pos(m->want) || view_now_ns(v) < m->next_ns)
        return ERR_OK;
    return send_buy(m, v, out);
}

static enum err end_exit(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    instrument_id i = view_first_instrument(v);
    const struct instrument_rules *r = &view_instrument(v, i)->rules;
    dec cost, left = view_position(v, i, &cost), lots = DEC_ZERO;
    if (dec_is_pos(r->lot_size) && !dec_round_to(left, r->lot_size, DEC_DOWN, &lots))
        return ERR_OVERFLOW;
    if (dec_is_pos(lots))
        intents_note(out, "exit ends with a rest that the venue's minimum keeps from being sold");
    become_flat(m, left);
    m->idle_until_ns = view_now_ns(v) + view_params(v)->value[P_COOLDOWN].duration_ns;
    return ERR_OK;
}

static enum err work_exit(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    int64_t now = view_now_ns(v);
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    if (m->buy) {
        ask_cancel(v, out, m->buy, &m->buy_asked_ns, &m->buy_again_ns);
        if (now < m->buy_asked_ns + PATIENCE_NS)
            return ERR_OK;
    }
    if (m->sell) {
        const struct order *o = view_order(v, m->sell);
        bool hurry = o && o->req.type == ORDER_LIMIT && sells_at_market(m, view_params(v));
        if (m->sell_asked_ns || hurry || is_overdue(v, m->sell))
            ask_cancel(v, out, m->sell, &m->sell_asked_ns, &m->sell_again_ns);
        return ERR_OK;
    }
    if (in->rules.status != INSTRUMENT_TRADING)
        return ERR_OK;
    dec whole;
    enum err err = sellable(v, &whole);
    if (err)
        return err;
    if (!dec_is_pos(whole))
        return m->buy ? ERR_OK : end_exit(m, v, out);
    if (view_state(v) == STATE_HALTED || now < m->next_ns)
        return ERR_OK;
    return send_sell(m, v, out, whole);
}

enum err orders_work(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    enum err err = ERR_OK;
    if (m->stage == STAGE_ENTERING)
        err = work_entry(m, v, out);
    else if (m->stage == STAGE_EXITING)
        err = work_exit(m, v, out);
    return err ? err : follow_position(m, v);
}

/* ---- the timer ---- */

static void sooner(int64_t now, int64_t at, int64_t *ret)
{
    if (at > now && (*ret == 0 || at < *ret))
        *ret = at;
}

/* When an open order wants a look: at its time-out if it rests, or to ask for its cancel again. One
 * just asked for is not there yet. */
static void order_times(const struct strategy_view *v, order_id id, bool limit, int64_t again_ns,
                        int64_t *ret)
{
    int64_t now = view_now_ns(v);
    if (!id)
        return;
    const struct order *o = view_order(v, id);
    sooner(now, again_ns, ret);
    if (again_ns == 0 && (o ? o->req.type == ORDER_LIMIT : limit))
        sooner(now,
               (o ? o->ts_submit_ns : now) + view_params(v)->value[P_UNFILLED_TIMEOUT].duration_ns,
               ret);
}

void orders_timer(struct momentum *m, const struct strategy_view *v, struct intents *out)
{
    const struct params *p = view_params(v);
    const struct param_value *limit = &p->value[P_TIME_LIMIT];
    int64_t now = view_now_ns(v), at = 0;
    if (m->timer_ns != 0 && m->timer_ns <= now)
        return; /* due, and about to fire: a candle that closes just now must not take it away */
    order_times(v, m->buy, p->value[P_ENTRY_ORDER].choice == CHOICE_LIMIT, m->buy_again_ns, &at);
    order_times(v, m->sell, !sells_at_market(m, p), m->sell_again_ns, &at);
    if (m->stage == STAGE_ENTERING || m->stage == STAGE_EXITING)
        sooner(now, m->next_ns, &at);
    if (m->stage == STAGE_HOLDING && limit->present)
        sooner(now, m->entered_ns + limit->duration_ns, &at);
    if (at == m->timer_ns)
        return;
    m->timer_ns = at;
    intents_timer(out, at);
}

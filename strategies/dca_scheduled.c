/* dca, mode "scheduled": purchases at their times. It never sells. */
#include "dca.h"

static int64_t interval(const struct params *p)
{
    return dca_duration(p, DCA_INTERVAL, DCA_DAY_NS);
}

/* The first time of the schedule after [now]. */
static int64_t next_after(const struct dca_scheduled *s, const struct params *p, int64_t now)
{
    if (p->value[DCA_EVERY].present)
        return dca_calendar_next(now + 1, (enum dca_every)dca_choice(p, DCA_EVERY),
                                 dca_duration(p, DCA_AT, 0), dca_choice(p, DCA_WEEKDAY),
                                 (uint32_t)dca_integer(p, DCA_MONTHDAY, 1));
    return s->first_ns + ((now - s->first_ns) / interval(p) + 1) * interval(p);
}

static struct dca_purchase *purchase_of(struct dca_scheduled *s, order_id id)
{
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++)
        if (s->open[i].id == id)
            return &s->open[i];
    return NULL;
}

/* What is spent, and what open orders may yet spend of their amounts. */
static bool committed(const struct dca_scheduled *s, dec *ret)
{
    dec sum = s->spent;
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++) {
        const struct dca_purchase *p = &s->open[i];
        if (p->id && dec_gt(p->amount, p->cost) &&
            !dec_add(sum, (dec){p->amount.v - p->cost.v}, &sum))
            return false;
    }
    *ret = sum;
    return true;
}

/* Why a purchase of [amount] at [price] is not made; NULL: it is. */
static const char *refusal(const struct dca_scheduled *s, const struct params *p, dec amount,
                           dec price)
{
    dec sum;
    if (p->value[DCA_CEILING].present && dec_gt(price, p->value[DCA_CEILING].decimal))
        return "purchase skipped: price above price_ceiling";
    if (p->value[DCA_FLOOR].present && dec_lt(price, p->value[DCA_FLOOR].decimal))
        return "purchase skipped: price below price_floor";
    if (p->value[DCA_TOTAL].present && (!committed(s, &sum) || !dec_add(sum, amount, &sum) ||
                                        dec_gt(sum, p->value[DCA_TOTAL].decimal)))
        return "purchase skipped: total would be exceeded";
    return NULL;
}

static void buy(struct dca_scheduled *s, const struct strategy_view *v, dec amount, dec price,
                bool market, struct intents *out)
{
    const struct params *p = view_params(v);
    const struct instrument_rules *rules = &view_instrument(v, view_first_instrument(v))->rules;
    struct dca_purchase *place = purchase_of(s, 0);
    const char *why = refusal(s, p, amount, price);
    struct order_request q;
    if (!why && !place)
        why = "purchase skipped: too many are under way";
    if (!why && dca_buy_request(v, amount, price, market, &q))
        why = "purchase skipped: amount is less than one lot";
    if (!why && !dca_is_tradable(rules, q.qty, q.type == ORDER_LIMIT ? q.price : price))
        why = "purchase skipped: amount is less than the venue takes";
    if (why) {
        intents_note(out, why);
        return;
    }
    order_id id = intents_submit(out, &q);
    bool limit = q.type == ORDER_LIMIT;
    int64_t unfilled = dca_duration(p, DCA_UNFILLED, 0);
    if (id)
        *place =
            (struct dca_purchase){.id = id,
                                  .amount = amount,
                                  .limit = limit,
                                  .until_ns = limit && unfilled ? view_now_ns(v) + unfilled : 0};
}

/* Cancels limit orders whose time is over: all of them where [all]. Returns whether one is open. */
static bool cancel_limits(struct dca_scheduled *s, int64_t now, bool all, struct intents *out)
{
    bool open = false;
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++) {
        struct dca_purchase *p = &s->open[i];
        if (!p->id || !p->limit)
            continue;
        open = true;
        if (p->canceling || p->retry_ns > now || (!all && (p->until_ns == 0 || p->until_ns > now)))
            continue;
        p->canceling = true;
        intents_cancel(out, p->id);
    }
    return open;
}

static enum err purchase(struct dca_scheduled *s, const struct strategy_view *v, dec price,
                         struct intents *out)
{
    const struct params *p = view_params(v);
    dec amount = p->value[DCA_AMOUNT].decimal, multiple;
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    if (!dca_multiple(&s->average, p, price, &multiple) ||
        !dec_mul(amount, multiple, DEC_DOWN, &amount))
        return ERR_OVERFLOW;
    if (p->value[DCA_AVERAGE].present && !dec_is_zero(in->rules.quote_precision) &&
        !dec_round_to(amount, in->rules.quote_precision, DEC_DOWN, &amount))
        return ERR_OVERFLOW;
    s->multiple = multiple;
    if (dec_is_zero(amount))
        intents_note(out, "purchase skipped: price too far above the average");
    else
        buy(s, v, amount, price, false, out);
    return ERR_OK;
}

/* The purchase that is due, once there is a price and no limit order of an earlier one. */
static enum err look(struct dca_scheduled *s, const struct strategy_view *v, struct intents *out)
{
    const struct params *p = view_params(v);
    int64_t now = view_now_ns(v);
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    dec price;
    if (s->due && dca_choice(p, DCA_MISSED) == DCA_MISSED_SKIP &&
        now - s->due_ns > dca_duration(p, DCA_MISSED_AFTER, DCA_MINUTE_NS)) {
        s->due = false;
        intents_note(out, "purchase skipped: its time was missed");
    }
    if ((!s->due && dec_is_zero(s->rest)) || in->rules.status != INSTRUMENT_TRADING ||
        !dca_buying_price(v, &price))
        return ERR_OK;
    if (dec_is_pos(s->rest)) {
        dec rest = s->rest;
        s->rest = DEC_ZERO;
        buy(s, v, rest, price, true, out);
    }
    if (!s->due || cancel_limits(s, now, true, out))
        return ERR_OK;
    s->due = false;
    return purchase(s, v, price, out);
}

static enum err on_fill(struct dca_scheduled *s, const struct strategy_view *v,
                        const struct event_fill *f)
{
    struct dca_purchase *p = purchase_of(s, f->id);
    const struct order *o = view_order(v, f->id);
    dec gross;
    if (!dec_mul(f->price, f->qty, DEC_UP, &gross) || !dec_add(s->spent, gross, &s->spent) ||
        !dec_add(s->bought, f->qty, &s->bought))
        return ERR_OVERFLOW;
    s->purchases += o && o->fills == 1;
    if (!p)
        return ERR_OK; /* a late fill of an order that has ended */
    if (!dec_add(p->cost, gross, &p->cost))
        return ERR_OVERFLOW;
    if (o && o->state == ORDER_FILLED)
        *p = (struct dca_purchase){0};
    return ERR_OK;
}

static void on_order(struct dca_scheduled *s, const struct strategy_view *v,
                     const struct event_order *a)
{
    struct dca_purchase *p = purchase_of(s, a->id);
    if (p && p->canceling && a->state == ORDER_ACCEPTED) { /* the cancel was refused */
        p->canceling = false;
        p->retry_ns = view_now_ns(v) + DCA_SECOND_NS;
    }
    if (!p || !order_state_is_terminal(a->state))
        return;
    bool timed_out = p->canceling && p->until_ns && p->until_ns <= view_now_ns(v);
    if (timed_out && dca_choice(view_params(v), DCA_ON_TIMEOUT) == DCA_TIMEOUT_MARKET &&
        dec_gt(p->amount, p->cost))
        s->rest = (dec){p->amount.v - p->cost.v};
    *p = (struct dca_purchase){0};
}

/* Orders of a loaded state that the engine does not have: they have ended. */
static void forget(struct dca_scheduled *s, const struct strategy_view *v)
{
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++) {
        const struct order *o = s->open[i].id ? view_order(v, s->open[i].id) : NULL;
        if (!o || order_state_is_terminal(o->state))
            s->open[i] = (struct dca_purchase){0};
    }
}

static int64_t next_look(const struct dca_scheduled *s)
{
    int64_t next = s->next_ns;
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++) {
        const struct dca_purchase *p = &s->open[i];
        int64_t at = p->until_ns > p->retry_ns ? p->until_ns : p->retry_ns;
        if (p->id && at && !p->canceling && at < next)
            next = at;
    }
    return next;
}

enum err dca_scheduled_event(struct dca *d, const struct strategy_view *v, const struct event *e,
                             struct intents *out)
{
    struct dca_scheduled *s = &d->scheduled;
    const struct params *p = view_params(v);
    int64_t now = view_now_ns(v);
    enum err err = ERR_OK;
    dec price;
    bool told = e->kind == EVENT_FILL || e->kind == EVENT_ORDER || e->kind == EVENT_TIMER ||
                e->kind == EVENT_STARTED || e->kind == EVENT_PARAM;
    if (e->kind == EVENT_FILL)
        err = on_fill(s, v, &e->fill);
    else if (e->kind == EVENT_ORDER)
        on_order(s, v, &e->order);
    else if (e->kind == EVENT_STARTED)
        forget(s, v);
    else if (e->kind == EVENT_PARAM && s->begun)
        s->next_ns = next_after(s, p, now); /* the interval may be another */
    if (err)
        return err;
    if (!s->begun && d->triggered) {
        if (p->value[DCA_EVERY].present) {
            s->next_ns = next_after(s, p, now - 1);
        } else {
            if (!dca_buying_price(v, &price))
                return ERR_OK;
            s->next_ns = now;
        }
        s->begun = told = true;
        s->first_ns = s->next_ns;
    }
    /* By its timer; one that was lost over a stop is seen by the first price that is later. */
    bool prices = e->kind == EVENT_TRADE || e->kind == EVENT_TOP;
    bool timely = e->kind == EVENT_TIMER || s->next_ns == s->first_ns;
    if (s->begun && ((timely && now >= s->next_ns) || (prices && now > s->next_ns))) {
        s->due = true;
        s->due_ns = s->next_ns;
        s->next_ns = next_after(s, p, now);
    }
    if (!told && !s->due && dec_is_zero(s->rest))
        return ERR_OK; /* most events */
    (void)cancel_limits(s, now, false, out);
    err = look(s, v, out);
    if (!err && s->begun)
        dca_timer(d, out, next_look(s));
    return err;
}

/* dca: its state as bytes and back. What follows from something else (the ladder) is not saved;
 * everything that is read is checked, since bytes on disk are input like any other. */
#include "dca.h"

#define VERSION 1

/* ---- out ---- */

static void put_terms(struct bufw *b, const struct dca_terms *t)
{
    const dec one[] = {t->amount,     t->safety_amount, t->deviation, t->volume_scale,
                       t->step_scale, t->trailing,      t->stop_loss};
    for (size_t k = 0; k < sizeof one / sizeof one[0]; k++)
        bufw_dec(b, one[k]);
    bufw_u32(b, t->safety_count);
    bufw_u32(b, t->active_count);
    bufw_u32(b, t->steps);
    for (uint32_t k = 0; k < DCA_STEPS_MAX; k++) {
        bufw_dec(b, t->take_profit[k]);
        bufw_dec(b, t->share[k]);
    }
    bufw_i64(b, t->stop_timeout_ns);
    bufw_i64(b, t->deal_timeout_ns);
    bufw_i64(b, t->unfilled_ns);
    bufw_u8(b, t->then_market);
    bufw_u8(b, t->break_even);
}

static void put_leg(struct bufw *b, const struct dca_leg *leg)
{
    bufw_u64(b, leg->id);
    bufw_dec(b, leg->open);
    bufw_dec(b, leg->spent);
    bufw_i64(b, leg->retry_ns);
    bufw_u32(b, leg->fails);
    bufw_u32(b, leg->orders);
    bufw_u8(b, leg->complete);
    bufw_u8(b, leg->canceling);
    bufw_u8(b, leg->part);
}

static void put_deal(struct bufw *b, const struct dca_deal *d)
{
    const dec one[] = {d->first_price, d->bought,   d->net,  d->cost,
                       d->held,        d->proceeds, d->high, d->sell_max};
    put_terms(b, &d->terms);
    for (size_t k = 0; k < sizeof one / sizeof one[0]; k++)
        bufw_dec(b, one[k]);
    bufw_i64(b, d->begun_ns);
    bufw_i64(b, d->base_until_ns);
    bufw_i64(b, d->resize_ns);
    bufw_i64(b, d->below_ns);
    bufw_i64(b, d->exit_ns);
    bufw_u8(b, d->resize);
    bufw_u8(b, d->armed);
    bufw_u8(b, d->rest_at_market);
    bufw_u8(b, (uint8_t)d->exit);
    put_leg(b, &d->base);
    put_leg(b, &d->sell);
    for (uint32_t k = 0; k < d->terms.safety_count; k++)
        put_leg(b, &d->safety[k]);
    for (uint32_t k = 0; k < d->terms.steps; k++)
        put_leg(b, &d->take[k]);
}

static void put_safety(struct bufw *b, const struct dca_safety *s)
{
    bufw_u8(b, (uint8_t)s->phase);
    bufw_u32(b, s->attempt);
    bufw_u64(b, s->ended);
    bufw_u64(b, s->won);
    bufw_dec(b, s->profit);
    bufw_dec(b, s->dust);
    bufw_i64(b, s->next_ns);
    bufw_u32(b, s->fails);
    bufw_u32(b, s->told);
    if (s->phase != DCA_IDLE)
        put_deal(b, &s->deal);
}

static void put_scheduled(struct bufw *b, const struct dca_scheduled *s)
{
    uint32_t open = 0;
    bufw_u8(b, s->begun);
    bufw_u8(b, s->due);
    bufw_i64(b, s->first_ns);
    bufw_i64(b, s->next_ns);
    bufw_i64(b, s->due_ns);
    bufw_dec(b, s->spent);
    bufw_dec(b, s->bought);
    bufw_u64(b, s->purchases);
    bufw_dec(b, s->rest);
    bufw_dec(b, s->multiple);
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++)
        open += s->open[i].id != 0;
    bufw_u32(b, open);
    for (uint32_t i = 0; i < DCA_PENDING_MAX; i++) {
        const struct dca_purchase *p = &s->open[i];
        if (!p->id)
            continue;
        bufw_u64(b, p->id);
        bufw_dec(b, p->amount);
        bufw_dec(b, p->cost);
        bufw_u8(b, p->limit);
        bufw_u8(b, p->canceling);
        bufw_i64(b, p->until_ns);
        bufw_i64(b, p->retry_ns);
    }
}

static void put_average(struct bufw *b, const struct dca_average *a)
{
    bufw_u32(b, a->count);
    bufw_u32(b, a->next);
    bufw_i64(b, a->open_ns);
    bufw_dec(b, a->sum);
    bufw_dec(b, a->ema);
    for (uint32_t i = 0; i < a->count; i++)
        bufw_dec(b, a->close[i]);
}

enum err dca_save(const void *state, struct bufw *out)
{
    const struct dca *d = state;
    bufw_u8(out, VERSION);
    bufw_u8(out, d->triggered);
    bufw_dec(out, d->trigger_from);
    put_scheduled(out, &d->scheduled);
    put_average(out, &d->scheduled.average);
    put_safety(out, &d->safety);
    return out->failed ? ERR_FULL : ERR_OK;
}

/* ---- in ---- */

/* A reader that also remembers a value that no save wrote. */
static bool get_bool(struct bufr *b)
{
    uint8_t v = bufr_u8(b);
    b->failed = b->failed || v > 1;
    return v == 1;
}

static uint32_t get_below(struct bufr *b, uint32_t bound)
{
    uint32_t v = bufr_u32(b);
    if (v < bound)
        return v;
    b->failed = true;
    return 0;
}

static uint8_t get_word(struct bufr *b, uint8_t last)
{
    uint8_t v = bufr_u8(b);
    if (v <= last)
        return v;
    b->failed = true;
    return 0;
}

/* Money and quantities of a state are never below zero. */
static dec get_amount(struct bufr *b)
{
    dec d = bufr_dec(b);
    b->failed = b->failed || dec_is_neg(d);
    return d;
}

static void get_terms(struct bufr *b, struct dca_terms *t)
{
    dec *const one[] = {&t->amount,     &t->safety_amount, &t->deviation, &t->volume_scale,
                        &t->step_scale, &t->trailing,      &t->stop_loss};
    for (size_t k = 0; k < sizeof one / sizeof one[0]; k++)
        *one[k] = get_amount(b);
    t->safety_count = get_below(b, DCA_SAFETY_MAX + 1);
    t->active_count = get_below(b, DCA_SAFETY_MAX + 1);
    t->steps = get_below(b, DCA_STEPS_MAX + 1);
    for (uint32_t k = 0; k < DCA_STEPS_MAX; k++) {
        t->take_profit[k] = get_amount(b);
        t->share[k] = get_amount(b);
    }
    t->stop_timeout_ns = bufr_i64(b);
    t->deal_timeout_ns = bufr_i64(b);
    t->unfilled_ns = bufr_i64(b);
    t->then_market = get_bool(b);
    t->break_even = get_bool(b);
    b->failed = b->failed || t->steps == 0;
}

static void get_leg(struct bufr *b, struct dca_leg *leg)
{
    leg->id = bufr_u64(b);
    leg->open = get_amount(b);
    leg->spent = get_amount(b);
    leg->retry_ns = bufr_i64(b);
    leg->fails = bufr_u32(b);
    leg->orders = bufr_u32(b);
    leg->complete = get_bool(b);
    leg->canceling = get_bool(b);
    leg->part = get_bool(b);
}

static void get_deal(struct bufr *b, struct dca_deal *d)
{
    dec *const one[] = {&d->first_price, &d->bought,   &d->net,  &d->cost,
                        &d->held,        &d->proceeds, &d->high, &d->sell_max};
    get_terms(b, &d->terms);
    for (size_t k = 0; k < sizeof one / sizeof one[0]; k++)
        *one[k] = get_amount(b);
    d->begun_ns = bufr_i64(b);
    d->base_until_ns = bufr_i64(b);
    d->resize_ns = bufr_i64(b);
    d->below_ns = bufr_i64(b);
    d->exit_ns = bufr_i64(b);
    d->resize = get_bool(b);
    d->armed = get_bool(b);
    d->rest_at_market = get_bool(b);
    d->exit = (enum dca_exit)get_word(b, DCA_EXIT_DUST);
    get_leg(b, &d->base);
    get_leg(b, &d->sell);
    for (uint32_t k = 0; k < d->terms.safety_count; k++)
        get_leg(b, &d->safety[k]);
    for (uint32_t k = 0; k < d->terms.steps; k++)
        get_leg(b, &d->take[k]);
    if (!b->failed && !dca_ladder_make(&d->terms, &d->ladder))
        b->failed = true;
}

static void get_safety(struct bufr *b, struct dca_safety *s)
{
    s->phase = (enum dca_phase)get_word(b, DCA_EXIT);
    s->attempt = bufr_u32(b);
    s->ended = bufr_u64(b);
    s->won = bufr_u64(b);
    s->profit = bufr_dec(b);
    s->dust = get_amount(b);
    s->next_ns = bufr_i64(b);
    s->fails = bufr_u32(b);
    s->told = get_below(b, DCA_HELD_COUNT);
    if (s->phase != DCA_IDLE)
        get_deal(b, &s->deal);
}

static void get_scheduled(struct bufr *b, struct dca_scheduled *s)
{
    s->begun = get_bool(b);
    s->due = get_bool(b);
    s->first_ns = bufr_i64(b);
    s->next_ns = bufr_i64(b);
    s->due_ns = bufr_i64(b);
    s->spent = get_amount(b);
    s->bought = get_amount(b);
    s->purchases = bufr_u64(b);
    s->rest = get_amount(b);
    s->multiple = get_amount(b);
    uint32_t open = get_below(b, DCA_PENDING_MAX + 1);
    for (uint32_t i = 0; i < open; i++) {
        struct dca_purchase *p = &s->open[i];
        p->id = bufr_u64(b);
        p->amount = get_amount(b);
        p->cost = get_amount(b);
        p->limit = get_bool(b);
        p->canceling = get_bool(b);
        p->until_ns = bufr_i64(b);
        p->retry_ns = bufr_i64(b);
    }
}

static void get_average(struct bufr *b, struct dca_average *a)
{
    a->count = get_below(b, DCA_AVERAGE_MAX + 1);
    a->next = get_below(b, DCA_AVERAGE_MAX);
    a->open_ns = bufr_i64(b);
    a->sum = get_amount(b);
    a->ema = get_amount(b);
    for (uint32_t i = 0; i < a->count; i++)
        a->close[i] = get_amount(b);
}

/* Times are those of engine events, or a wait after one. */
static bool is_time(int64_t t)
{
    return t >= 0 && t <= INT64_MAX / 2;
}

enum err dca_load(void *state, struct bufr *in)
{
    struct dca *d = state;
    if (bufr_u8(in) != VERSION)
        return ERR_SYNTAX;
    d->timer_ns = -1; /* whatever the host has: it is asked anew */
    d->triggered = get_bool(in);
    d->trigger_from = get_amount(in);
    get_scheduled(in, &d->scheduled);
    get_average(in, &d->scheduled.average);
    get_safety(in, &d->safety);
    const struct dca_scheduled *s = &d->scheduled;
    const struct dca_deal *deal = &d->safety.deal;
    bool times = is_time(s->first_ns) && is_time(s->next_ns) && is_time(s->due_ns) &&
                 is_time(d->safety.next_ns) && is_time(deal->begun_ns) && is_time(deal->below_ns) &&
                 is_time(deal->exit_ns) && is_time(deal->resize_ns) &&
                 is_time(deal->terms.stop_timeout_ns) && is_time(deal->terms.deal_timeout_ns) &&
                 is_time(deal->terms.unfilled_ns);
    return in->failed || in->pos != in->len || !times ? ERR_SYNTAX : ERR_OK;
}

/* Strategies: calling them, and doing what they ask for after risk agreed. */
#include "base/check.h"
#include "core/internal.h"

#define DENIAL_ROUNDS 3 /* a strategy may answer its denials this often within one event */

/* Halts a strategy that cannot be let go on. */
static void halt_strategy(struct engine *e, strategy_id s, enum reason reason)
{
    states_set(e, SCOPE_STRATEGY, s, STATE_HALTED, reason, DEC_ZERO, DEC_ZERO);
}

/* Submits what risk approved; anything but an approved_order cannot come here. */
static enum err submit(struct engine *e, strategy_id s, const struct approved_order *a)
{
    struct order fresh = {
        .id = approved_id(a),
        .req = *approved_request(a),
        .strategy = s,
        .state = ORDER_SUBMITTED,
        .reserved = approved_reserve(a),
        .ts_submit_ns = e->now_ns,
        .ts_last_ns = e->now_ns,
    };
    struct order *o = execution_add(&e->execution, &fresh);
    CHECK(o != NULL); /* room was looked at before risk was asked */
    enum err err = ledger_reserve(&e->ledger, o, o->reserved);
    if (!err)
        err = ledger_open_qty(&e->ledger, o, o->req.qty);
    if (err)
        return err;
    parents_sent(&e->parents, o);
    risk_count_message(e->risk, s, e->setup->instrument[o->req.instrument].venue, e->now_ns);
    e->totals.orders++;
    e->strategy[s].totals.orders++;
    struct effect *fx = engine_effect(e, EFFECT_SUBMIT, s);
    CHECK(fx != NULL);
    fx->submit = *o;
    return ERR_OK;
}

/* Counts a denial. Whether the world is to hear of it: the first ones in a row are, then fewer and
 * fewer, or a strategy that asks in vain for months would fill the disk with it. */
static bool is_worth_telling(struct engine *e, strategy_id s, enum reason reason)
{
    CHECK((unsigned)reason < DENIED_REASONS);
    struct denied *n = &e->strategy[s].denied[reason];
    if (n->times && e->now_ns - n->last_ns > DENIED_QUIET_NS)
        n->in_row = 0;
    n->times++;
    n->in_row++;
    n->last_ns = e->now_ns;
    return n->in_row <= DENIED_TOLD || (n->in_row & (n->in_row - 1)) == 0;
}

static void deny(struct engine *e, strategy_id s, order_id id, const struct order_request *req,
                 const struct denial *d)
{
    e->totals.denied++;
    e->strategy[s].totals.denied++;
    if (!is_worth_telling(e, s, d->reason))
        return;
    struct effect *fx = engine_effect(e, EFFECT_DENIED, s);
    CHECK(fx != NULL);
    fx->denied = (struct effect_denied){.id = id, .req = *req, .denial = *d};
}

static bool has_room(const struct engine *e)
{
    return e->execution.fresh < EXECUTION_ORDERS || e->execution.terminal.count > 0;
}

enum err dispatch_submit(struct engine *e, strategy_id s, order_id id,
                         const struct order_request *req, bool *denied, struct denial *why)
{
    *denied = true;
    enum err err = states_check_limits(e, s);
    if (err)
        return err;
    if (!has_room(e)) {
        *why = (struct denial){.reason = REASON_ORDER_TABLE_FULL,
                               .limit = dec_from_i64(EXECUTION_ORDERS, 0)};
    } else {
        const struct approved_order *a = risk_check(e, s, id, req, why);
        if (a) {
            *denied = false;
            return submit(e, s, a);
        }
    }
    deny(e, s, id, req, why);
    return ERR_OK;
}

static enum err handle_submit(struct engine *e, strategy_id s, const struct intent *in,
                              bool *denied, struct denial *why)
{
    if (e->strategy[s].life.rest == REST_NONE && !e->strategy[s].history.waits)
        return dispatch_submit(e, s, in->id, &in->req, denied, why);
    *denied = true;
    *why = (struct denial){.reason = REASON_RESTING};
    deny(e, s, in->id, &in->req, why);
    return ERR_OK;
}

static void handle_cancel(struct engine *e, strategy_id s, order_id id)
{
    struct order *o = execution_find(&e->execution, id);
    /* An order that ended meanwhile needs none; another's is not its to cancel. */
    if (o && o->strategy == s && !order_state_is_terminal(o->state))
        orders_cancel(e, o);
}

static void handle_note(struct engine *e, strategy_id s, const char *note)
{
    struct effect *fx = engine_effect(e, EFFECT_NOTE, s);
    CHECK(fx != NULL);
    memcpy(fx->note, note, NOTE_MAX);
}

/* Where a parent is not taken its children will be denied: the strategy's log says why. */
static void handle_parent(struct engine *e, strategy_id s, const struct intent *in)
{
    static const char NOT_TAKEN[NOTE_MAX] =
        "parent not taken: wrong side or quantity, or all 64 have open orders";
    if (!parents_declare(&e->parents, s, in->id, in->req.instrument, in->req.side, in->req.qty))
        handle_note(e, s, NOT_TAKEN);
}

/* What a failing strategy asked for is not to be trusted; what it said may be the reason. */
static void keep_notes(struct intents *in)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < in->count; i++)
        if (in->item[i].kind == INTENT_NOTE)
            in->item[kept++] = in->item[i];
    in->count = kept;
}

static enum err call(struct engine *e, strategy_id s, const struct event *ev)
{
    struct strategy_slot *slot = &e->strategy[s];
    struct strategy_view view = {.engine = e, .id = s};
    struct intents *in = e->intents;
    in->owner = slot;
    in->strategy = s;
    in->count = 0;
    in->overflow = in->timer_set = false;
    if (slot->setup->ops->on_event(slot->state, &view, ev, in) != ERR_OK) {
        slot->broken = true;
        halt_strategy(e, s, REASON_STRATEGY_ERROR);
        keep_notes(in);
    }
    if (in->overflow)
        halt_strategy(e, s, REASON_FLOOD);
    if (in->timer_set) {
        slot->timer_ns = in->timer_ns;
        dispatch_find_next_wake(e);
    }
    return ERR_OK;
}

/* Remembers a denial, to be told to the strategy once its present intents are dealt with. */
static void remember_denial(struct engine *e, strategy_id s, const struct intent *in,
                            const struct denial *why, uint32_t round)
{
    struct denial_queue *q = e->denials;
    if (round > DENIAL_ROUNDS && e->strategy[s].life.rest != REST_NONE)
        return; /* it does not know that it rests: no reason to halt it beyond that */
    if (q->count == DENIALS_MAX || round > DENIAL_ROUNDS) {
        halt_strategy(e, s, REASON_FLOOD);
        return;
    }
    q->item[q->count++] = (struct denial_told){in->id, in->req.instrument, *why, round};
}

/* Carries out the intents of the last call. [round]: how many denials deep this is. */
static enum err carry_out(struct engine *e, strategy_id s, uint32_t round)
{
    struct intents *in = e->intents;
    enum err err = ERR_OK;
    for (uint32_t i = 0; !err && i < in->count; i++) {
        const struct intent *it = &in->item[i];
        if (engine_effects_full(e)) {
            halt_strategy(e, s, REASON_FLOOD);
            break;
        }
        struct denial why;
        bool denied = false;
        switch (it->kind) {
        case INTENT_SUBMIT:
            err = handle_submit(e, s, it, &denied, &why);
            if (!err && denied)
                remember_denial(e, s, it, &why, round + 1);
            break;
        case INTENT_CANCEL: handle_cancel(e, s, it->id); break;
        case INTENT_NOTE: handle_note(e, s, it->note); break;
        case INTENT_PARENT: handle_parent(e, s, it); break;
        }
    }
    return err;
}

/* One event to a strategy, and what follows from it: its denials are told to it in order, and it
 * may answer them, DENIAL_ROUNDS deep; beyond that it is halted (FLOOD). */
static enum err deliver(struct engine *e, strategy_id s, const struct event *ev)
{
    struct denial_queue *q = e->denials;
    q->count = 0;
    enum err err = call(e, s, ev);
    if (err || e->intents->count == 0)
        return err; /* most events: nothing is asked for */
    err = carry_out(e, s, 0);
    for (uint32_t i = 0; !err && i < q->count && !e->strategy[s].broken; i++) {
        const struct denial_told *d = &q->item[i];
        struct event told = {
            .kind = EVENT_ORDER,
            .venue = VENUE_NONE,
            .instrument = d->instrument,
            .ts_event_ns = e->now_ns,
            .ts_recv_ns = e->now_ns,
            .order = {
                .id = d->id, .state = ORDER_DENIED, .reason = d->why.reason, .denial = d->why}};
        uint32_t round = d->round;
        err = call(e, s, &told);
        if (!err)
            err = carry_out(e, s, round);
    }
    return err;
}

static enum err tell_started(struct engine *e, strategy_id s)
{
    struct event started = {.kind = EVENT_STARTED,
                            .venue = VENUE_NONE,
                            .instrument = INSTRUMENT_NONE,
                            .ts_event_ns = e->now_ns,
                            .ts_recv_ns = e->now_ns};
    e->strategy[s].started = true;
    return deliver(e, s, &started);
}

enum err dispatch_event(struct engine *e, strategy_id s, const struct event *ev)
{
    struct strategy_slot *slot = &e->strategy[s];
    if (slot->broken || !lifecycle_hears(slot, ev->kind))
        return ERR_OK;
    if (!slot->started) {
        enum err err = tell_started(e, s);
        if (err || slot->broken)
            return err;
    }
    return deliver(e, s, ev);
}

void dispatch_find_next_wake(struct engine *e)
{
    int64_t next = INT64_MAX;
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        const struct strategy_slot *slot = &e->strategy[s];
        int64_t end = candle_end_ns(&slot->candle);
        next = end < next ? end : next;
        if (slot->life.rest == REST_NONE && !slot->history.waits)
            next = slot->timer_ns < next ? slot->timer_ns : next;
    }
    e->next_wake_ns = next;
}

static enum err close_candles(struct engine *e, strategy_id s)
{
    struct strategy_slot *slot = &e->strategy[s];
    const struct candle_builder *c = &slot->candle;
    if (c->building && (e->now_ns - c->open_ns) / c->timeframe_ns > CANDLES_AT_ONCE_MAX)
        return ERR_RANGE;
    while (candle_end_ns(&slot->candle) <= e->now_ns) {
        struct event_candle closed;
        candle_close(&slot->candle, &closed);
        if (!(slot->setup->ops->subscribes & SUBSCRIBE_CANDLE))
            continue;
        enum err err = history_own_candle(e, s, &closed);
        if (err)
            return err;
    }
    return ERR_OK;
}

enum err dispatch_due(struct engine *e, bool timers)
{
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        enum err err = close_candles(e, s);
        if (!err && timers && slot->timer_ns <= e->now_ns && slot->life.rest == REST_NONE &&
            !slot->history.waits) {
            struct event ev = {.kind = EVENT_TIMER,
                               .venue = VENUE_NONE,
                               .instrument = INSTRUMENT_NONE,
                               .ts_event_ns = e->now_ns,
                               .ts_recv_ns = e->now_ns};
            slot->timer_ns = INT64_MAX;
            err = dispatch_event(e, s, &ev);
        }
        if (err)
            return err;
    }
    dispatch_find_next_wake(e);
    return ERR_OK;
}

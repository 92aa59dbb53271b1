/* The end and the beginning of a daemon, as the strategies live through them: on_stop and
 * on_restart (docs/definitions.md, "Stop and restart"). */
#include "base/check.h"
#include "core/internal.h"

#define LOOK_NS   NS_SECOND /* between two looks while time passes without events */
#define SIZES_MAX 8         /* a sell that a limit denies for its size is made smaller as often */
#define TRIES_MAX 3         /* sells in a row that sold nothing */

bool lifecycle_hears(const struct strategy_slot *slot, enum event_kind kind)
{
    bool waits = slot->history.waits;
    if (slot->life.rest == REST_NONE && !waits)
        return true;
    if (slot->life.closes || (!slot->started && !waits))
        return false; /* it begins anew, or has not begun */
    switch (kind) {
    case EVENT_ORDER:
    case EVENT_FILL:
    case EVENT_CANDLE:
    case EVENT_HISTORY:
    case EVENT_PARAM: return true;
    case EVENT_INSTRUMENT:
    case EVENT_FEED:
    case EVENT_TOP:
    case EVENT_TRADE:
    case EVENT_BOOK:
    case EVENT_TIMER:
    case EVENT_COMMAND:
    case EVENT_SIGNER:
    case EVENT_STARTED: return false;
    }
    return false;
}

bool lifecycle_cancels(const struct engine *e, const struct order *o)
{
    const struct lifecycle *l = &e->strategy[o->strategy].life;
    return l->rest != REST_NONE && l->cancels && order_id_seq(o->id) <= l->last_seq;
}

/* Whether an order that is to be cancelled is still open. */
static bool has_orders_to_cancel(const struct engine *e, strategy_id s)
{
    const struct order *oldest = execution_nth(&e->execution, &e->execution.own[s], LINK_OWN, 0);
    return oldest && lifecycle_cancels(e, oldest);
}

/* ---- selling what a closing strategy holds ---- */

/* What becomes of a sell that risk denied: smaller, later, or not at all. */
enum verdict { VERDICT_SMALLER, VERDICT_LATER, VERDICT_NEVER };

static bool is_one_of(enum reason r, const enum reason *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == r)
            return true;
    return false;
}

static enum verdict verdict_on(enum reason r)
{
    static const enum reason SIZE[] = {REASON_ORDER_VALUE, REASON_ORDER_QTY, REASON_MAX_QTY,
                                       REASON_MAX_NOTIONAL};
    static const enum reason PASSING[] = {
        REASON_INSTRUMENT_STATUS, REASON_NO_REFERENCE, REASON_STALE_REFERENCE,
        REASON_FEED_INVALID,      REASON_NO_MARK,      REASON_MESSAGE_RATE,
        REASON_OPEN_ORDERS,       REASON_SELF_TRADE,   REASON_ORDER_TABLE_FULL};
    if (is_one_of(r, SIZE, sizeof SIZE / sizeof SIZE[0]))
        return VERDICT_SMALLER;
    return is_one_of(r, PASSING, sizeof PASSING / sizeof PASSING[0]) ? VERDICT_LATER
                                                                     : VERDICT_NEVER;
}

/* What may be asked for at once by the limit that was named, else half; whole lots. */
static dec smaller(dec qty, const struct denial *why, dec lot)
{
    dec part, less;
    if (!dec_is_pos(why->limit) || !dec_is_pos(why->value) ||
        !dec_div(why->limit, why->value, DEC_DOWN, &part) || !dec_mul(qty, part, DEC_DOWN, &less) ||
        dec_ge(less, qty))
        less = (dec){qty.v / 2};
    return dec_round_to(less, lot, DEC_DOWN, &less) ? less : DEC_ZERO;
}

/* The quantity that can be sold: whole lots of the position, as far as its ledger has them free. */
static dec sellable(const struct engine *e, strategy_id s, instrument_id i, dec *ret_position)
{
    const struct instrument *in = &e->market.item[i].in;
    const struct balance *b = ledger_balance(&e->ledger, s, in->venue, in->base);
    dec qty = ledger_holding(&e->ledger, s, i)->qty, spare;
    *ret_position = qty;
    if (!dec_sub(b->total, b->reserved, &spare))
        return DEC_ZERO;
    qty = dec_min(qty, spare);
    if (!dec_is_pos(qty) || !dec_is_pos(in->rules.lot_size) ||
        !dec_round_to(qty, in->rules.lot_size, DEC_DOWN, &qty))
        return DEC_ZERO;
    return qty;
}

static enum err sell(struct engine *e, strategy_id s, uint32_t k)
{
    struct strategy_slot *slot = &e->strategy[s];
    struct closing *c = &slot->life.closing[k];
    dec position, lot = e->market.item[slot->setup->instrument[k]].in.rules.lot_size;
    dec qty = sellable(e, s, slot->setup->instrument[k], &position);
    if (!dec_is_pos(qty)) {
        c->done = true;
        c->left = !dec_is_pos(position) ? REASON_NONE
                  : dec_is_pos(lot)     ? REASON_LOT_SIZE
                                        : REASON_INSTRUMENT_STATUS;
        return ERR_OK;
    }
    c->tries = c->tries > 0 && dec_eq(position, c->position) ? c->tries + 1 : 1;
    c->position = position;
    if (c->tries > TRIES_MAX) {
        c->done = true;
        c->left = REASON_NO_LIQUIDITY;
        return ERR_OK;
    }
    for (uint32_t n = 0; n <= SIZES_MAX && dec_is_pos(qty); n++) {
        struct order_request req = {.instrument = slot->setup->instrument[k],
                                    .side = SIDE_SELL,
                                    .type = ORDER_MARKET,
                                    .tif = TIF_IOC,
                                    .reduce_only = true,
                                    .repeat = true,
                                    .qty = qty};
        struct denial why = {.reason = REASON_NONE};
        bool denied;
        if (engine_effects_full(e)) {
            c->tries--;
            return ERR_OK; /* with the next look */
        }
        order_id id = order_id_make(s, ++slot->next_seq);
        enum err err = dispatch_submit(e, s, id, &req, &denied, &why);
        if (err || !denied)
            return err;
        c->left = why.reason;
        switch (verdict_on(why.reason)) {
        case VERDICT_SMALLER: qty = smaller(qty, &why, lot); break;
        case VERDICT_LATER: c->tries--; return ERR_OK;
        case VERDICT_NEVER: c->done = true; return ERR_OK;
        }
    }
    c->done = true; /* even the smallest is denied */
    return ERR_OK;
}

static enum err close_positions(struct engine *e, strategy_id s)
{
    struct strategy_slot *slot = &e->strategy[s];
    if (e->now_ns < slot->life.retry_ns || e->execution.own[s].count > 0)
        return ERR_OK;
    slot->life.retry_ns = e->now_ns + LOOK_NS;
    for (uint32_t k = 0; k < slot->setup->instruments; k++) {
        enum err err = slot->life.closing[k].done ? ERR_OK : sell(e, s, k);
        if (err)
            return err;
    }
    return ERR_OK;
}

static bool is_closed(const struct strategy_slot *slot)
{
    for (uint32_t k = 0; k < slot->setup->instruments; k++)
        if (!slot->life.closing[k].done)
            return false;
    return true;
}

/* Whether something of the strategy is still under way. */
static bool is_busy(const struct engine *e, strategy_id s)
{
    const struct strategy_slot *slot = &e->strategy[s];
    if (slot->life.rest == REST_NONE)
        return false;
    return has_orders_to_cancel(e, s) ||
           (slot->life.closes && (e->execution.own[s].count > 0 || !is_closed(slot)));
}

/* ---- the two commands ---- */

static bool is_halted(const struct engine *e, strategy_id s)
{
    const struct strategy_setup *ss = e->strategy[s].setup;
    bool halted = e->agent_state == STATE_HALTED || e->strategy[s].trading == STATE_HALTED;
    for (uint32_t k = 0; k < ss->instruments && !halted; k++)
        halted = e->venue_state[e->setup->instrument[ss->instrument[k]].venue] == STATE_HALTED;
    return halted;
}

void lifecycle_stop(struct engine *e)
{
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        if (slot->life.rest == REST_STOPPING)
            continue; /* told twice */
        enum on_stop how = slot->setup->on_stop;
        slot->life = (struct lifecycle){.rest = REST_STOPPING,
                                        .cancels = how == ON_STOP_CANCEL || how == ON_STOP_CLOSE,
                                        .closes = how == ON_STOP_CLOSE && !is_halted(e, s),
                                        .last_seq = slot->next_seq,
                                        .retry_ns = INT64_MIN};
    }
    e->resting = e->cancel_halted = true;
    dispatch_find_next_wake(e);
}

void lifecycle_begin_anew(struct engine *e, strategy_id s)
{
    struct strategy_slot *slot = &e->strategy[s];
    struct strategy_view view = {.engine = e, .id = s};
    memset(slot->state, 0, slot->setup->ops->state_size);
    slot->started = false;
    slot->timer_ns = INT64_MAX;
    slot->params_untold = 0;
    if (slot->setup->ops->init(slot->state, &slot->params, &view) != ERR_OK) {
        slot->broken = true;
        states_set(e, SCOPE_STRATEGY, s, STATE_HALTED, REASON_STRATEGY_ERROR, DEC_ZERO, DEC_ZERO);
    }
}

enum err lifecycle_start(struct engine *e)
{
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        /* One that has not begun may not have heard of a parameter that changed. */
        bool anew = (slot->life.closes || !slot->started) && !slot->broken;
        slot->life = (struct lifecycle){.rest = REST_NONE, .retry_ns = INT64_MIN};
        if (anew)
            lifecycle_begin_anew(e, s);
        if ((anew || slot->setup->on_restart == ON_RESTART_CANCEL) &&
            e->execution.own[s].count > 0) {
            slot->life.rest = REST_STARTING;
            slot->life.cancels = true;
            slot->life.last_seq = slot->next_seq;
        }
    }
    history_start(e);
    e->resting = e->cancel_halted = true;
    dispatch_find_next_wake(e);
    return params_tell(e); /* a reload may have been cut off */
}

/* ---- in every step while somebody rests ---- */

enum err lifecycle_look(struct engine *e)
{
    bool busy = false, rests = false, woke = false;
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        if (slot->life.rest == REST_STARTING && !has_orders_to_cancel(e, s)) {
            slot->life.rest = REST_NONE;
            woke = true;
        }
        if (slot->life.rest == REST_NONE)
            continue;
        rests = true;
        if (slot->life.rest == REST_STOPPING && slot->life.closes && !is_closed(slot)) {
            enum err err = close_positions(e, s);
            if (err)
                return err;
        }
        busy = busy || is_busy(e, s);
    }
    e->resting = rests;
    e->next_look_ns = busy ? e->now_ns + LOOK_NS : INT64_MAX;
    if (woke)
        dispatch_find_next_wake(e);
    return ERR_OK;
}

/* ---- views ---- */

bool engine_is_stopped(const struct engine *e)
{
    for (strategy_id s = 0; s < e->setup->strategies; s++)
        if (e->strategy[s].life.rest != REST_STOPPING || is_busy(e, s))
            return false;
    return true;
}

enum reason engine_left_over(const struct engine *e, strategy_id s, uint32_t k)
{
    CHECK(s < e->setup->strategies && k < STRATEGY_INSTRUMENTS_MAX);
    const struct lifecycle *l = &e->strategy[s].life;
    return l->closes ? l->closing[k].left : REASON_STATE_HALTED;
}

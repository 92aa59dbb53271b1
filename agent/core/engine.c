/* The engine's wiring: memory, the step, and the read-only views. */
#include "base/check.h"
#include "core/internal.h"

/* ---- memory: one block from the host, handed out in order; the same walk computes its size ----
 */

struct arena {
    uint8_t *at; /* NULL while sizes are only added up */
    size_t used;
};

static void *take(struct arena *a, size_t bytes)
{
    void *p = a->at ? a->at + a->used : NULL;
    a->used += (bytes + 63) & ~(size_t)63; /* a cache line each: neighbours do not share one */
    return p;
}

static uint32_t routes(const struct setup *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->strategies; i++)
        n += s->strategy[i].instruments;
    return n;
}

/* Where everything lies. [e] is a scratch engine while sizes are added up. */
static void lay_out(struct engine *e, struct arena *a, const struct setup *s, struct level **levels,
                    void **rings, void **closes, uint8_t **states)
{
    size_t strategies = s->strategies, instruments = s->instruments;
    size_t cells = (size_t)s->venues * s->assets;
    e->market.item = take(a, instruments * sizeof *e->market.item);
    *levels = take(a, instruments * 2 * MARKET_BOOK_LEVELS * sizeof **levels);
    e->ledger.balance = take(a, (strategies + 1) * cells * sizeof *e->ledger.balance);
    e->ledger.account = take(a, cells * sizeof *e->ledger.account);
    e->ledger.holding = take(a, strategies * instruments * sizeof *e->ledger.holding);
    e->ledger.exposure = take(a, instruments * sizeof *e->ledger.exposure);
    e->execution.slot = take(a, EXECUTION_ORDERS * sizeof *e->execution.slot);
    e->execution.bucket = take(a, EXECUTION_HASH * sizeof *e->execution.bucket);
    e->execution.alike = take(a, EXECUTION_HASH * sizeof *e->execution.alike);
    e->execution.own = take(a, strategies * sizeof *e->execution.own);
    e->execution.side = take(a, 2 * instruments * sizeof *e->execution.side);
    e->execution.fill = take(a, EXECUTION_FILLS * 4 * sizeof *e->execution.fill);
    e->execution.fill_next = take(a, EXECUTION_FILLS);
    e->risk = take(a, risk_size(s));
    e->parents.item = take(a, parents_size(s));
    e->outgoing = take(a, sizeof *e->outgoing);
    uint64_t *last = take(a, strategies * sizeof *last);
    if (a->at)
        e->outgoing->last = last;
    *rings = take(a, risk_rings_size(s));
    e->guard = take(a, guard_size(s));
    *closes = take(a, guard_rings_size(s));
    e->suspect = take(a, suspect_size(s));
    e->alerts = take(a, alert_size(s));
    e->strategy = take(a, strategies * sizeof *e->strategy);
    e->route = take(a, routes(s) * sizeof *e->route);
    e->routes = take(a, instruments * sizeof *e->routes);
    e->venue_state = take(a, s->venues * sizeof *e->venue_state);
    e->venue_latch = take(a, s->venues * sizeof *e->venue_latch);
    e->intents = take(a, sizeof *e->intents);
    e->denials = take(a, sizeof *e->denials);
    size_t bytes = 0;
    for (size_t i = 0; i < strategies; i++)
        bytes += (s->strategy[i].ops->state_size + 63) & ~(size_t)63;
    *states = take(a, bytes);
}

size_t engine_size(const struct setup *s)
{
    struct arena a = {0};
    struct engine scratch;
    struct level *levels;
    void *rings, *closes;
    uint8_t *states;
    (void)take(&a, sizeof scratch);
    lay_out(&scratch, &a, s, &levels, &rings, &closes, &states);
    return a.used;
}

/* ---- set-up ---- */

static bool watches(const struct strategy_setup *ss, instrument_id i)
{
    for (uint32_t k = 0; k < ss->instruments; k++)
        if (ss->instrument[k] == i)
            return true;
    return false;
}

static void make_routes(struct engine *e)
{
    const struct setup *s = e->setup;
    uint32_t n = 0;
    for (instrument_id i = 0; i < s->instruments; i++) {
        struct routes *r = &e->routes[i];
        r->begin = n;
        for (strategy_id k = 0; k < s->strategies; k++) {
            const struct strategy_setup *ss = &s->strategy[k];
            if (!watches(ss, i))
                continue;
            bool candles = ss->ops->candle_timeframe && ss->instrument[0] == i;
            e->route[n++] = (struct route){ss->ops->subscribes, k, candles};
            r->candles |= candles;
        }
        r->end = n;
    }
}

static void add_holding(struct strategy_slot *slot, venue_id v, asset_id a)
{
    for (uint32_t i = 0; i < slot->holds_count; i++)
        if (slot->holds[i].venue == v && slot->holds[i].asset == a)
            return;
    CHECK(slot->holds_count < STRATEGY_ASSETS_MAX);
    slot->holds[slot->holds_count].venue = v;
    slot->holds[slot->holds_count++].asset = a;
}

static enum err start_strategies(struct engine *e, uint8_t *states)
{
    const struct setup *s = e->setup;
    for (strategy_id id = 0; id < s->strategies; id++) {
        const struct strategy_setup *ss = &s->strategy[id];
        struct strategy_slot *slot = &e->strategy[id];
        CHECK(ss->ops->abi == STRATEGY_ABI && ss->ops->size == sizeof *ss->ops);
        slot->setup = ss;
        slot->params = ss->params;
        for (uint32_t i = 0; i < slot->params.count; i++)
            slot->params.value[i].given = false; /* a reload says what it is, not who said it */
        slot->state = states;
        states += (ss->ops->state_size + 63) & ~(size_t)63;
        slot->timer_ns = INT64_MAX;
        slot->trading = STATE_ACTIVE;
        rng_seed(&slot->rng, s->seed + id);
        if (ss->ops->candle_timeframe)
            slot->candle.timeframe_ns = ss->ops->candle_timeframe(&ss->params);
        for (uint32_t i = 0; i < ss->instruments; i++) {
            const struct instrument *in = &s->instrument[ss->instrument[i]];
            add_holding(slot, in->venue, in->base);
            add_holding(slot, in->venue, in->quote);
        }
        if (ss->risk.has_daily_loss || ss->risk.has_max_drawdown)
            e->strategy_loss_limits = true;
        struct strategy_view view = {.engine = e, .id = id};
        if (ss->ops->init(slot->state, &slot->params, &view) != ERR_OK)
            return ERR_RANGE;
    }
    return ERR_OK;
}

enum err engine_init(struct engine **ret, void *mem, const struct setup *s)
{
    struct arena a = {.at = mem};
    struct engine *e = take(&a, sizeof *e);
    struct level *levels;
    void *rings, *closes;
    uint8_t *states;
    lay_out(e, &a, s, &levels, &rings, &closes, &states);
    e->setup = s;
    e->now_ns = INT64_MIN;
    e->next_wake_ns = e->next_minute_ns = INT64_MAX;
    e->next_limits_ns = INT64_MIN;
    e->next_look_ns = INT64_MAX;
    e->agent_state = STATE_ACTIVE;
    for (venue_id v = 0; v < s->venues; v++)
        e->venue_state[v] = STATE_ACTIVE;
    e->market.count = s->instruments;
    for (instrument_id i = 0; i < s->instruments; i++)
        market_init_instrument(&e->market.item[i], &s->instrument[i],
                               levels + (size_t)i * 2 * MARKET_BOOK_LEVELS);
    e->ledger.setup = s;
    execution_init(&e->execution, s->strategies, s->instruments);
    risk_init(e->risk, rings, s);
    e->next_guard_ns = guard_init(e->guard, closes, s);
    e->suspects = suspect_init(e->suspect, s);
    alert_init(e->alerts, s);
    e->alerted = s->alerts > 0;
    e->next_alert_ns = INT64_MAX;
    make_routes(e);
    enum err err = ledger_open(&e->ledger);
    for (uint32_t i = 0; !err && i < s->balances; i++)
        if (!s->conversion[s->balance[i].venue][s->balance[i].asset].known)
            err = ERR_RANGE;
    for (uint32_t k = 0; !err && k < s->strategies; k++)
        for (uint32_t j = 0; !err && j < s->strategy[k].instruments; j++) {
            const struct instrument *in = &s->instrument[s->strategy[k].instrument[j]];
            if (!s->conversion[in->venue][in->base].known ||
                !s->conversion[in->venue][in->quote].known)
                err = ERR_RANGE;
        }
    if (!err)
        err = start_strategies(e, states);
    if (err)
        return err;
    *ret = e;
    return ERR_OK;
}

/* ---- the step ---- */

struct effect *engine_effect(struct engine *e, enum effect_kind kind, strategy_id strategy)
{
    if (e->out->count == EFFECTS_MAX)
        return NULL;
    struct effect *fx = &e->out->item[e->out->count++];
    fx->kind = kind;
    fx->strategy = strategy;
    return fx;
}

bool engine_effects_full(const struct engine *e)
{
    return e->out->count + EFFECTS_RESERVE >= EFFECTS_MAX;
}

/* Gives an event of an instrument to the strategies that watch it and asked for its kind. */
static enum err route(struct engine *e, const struct event *ev, uint32_t subscription)
{
    const struct routes *r = &e->routes[ev->instrument];
    for (const struct route *to = e->route + r->begin; to < e->route + r->end; to++) {
        if (!(to->subscribes & subscription))
            continue;
        enum err err = dispatch_event(e, to->strategy, ev);
        if (err)
            return err;
    }
    return ERR_OK;
}

/* The first sample of the equity series, as soon as equity is known. */
static enum err first_sample(struct engine *e)
{
    if (e->equity.valued)
        return ERR_OK;
    enum err err = valuation_sample(e, e->now_ns, true);
    if (e->equity.valued)
        e->next_minute_ns = e->now_ns - e->now_ns % NS_MINUTE + NS_MINUTE;
    return err;
}

/* An instrument's first mark books the opening inventory, and may be what equity waited for: the
 * strategies that see the event may have orders already. */
static enum err first_mark(struct engine *e, const struct event *ev)
{
    const struct market_instrument *m = &e->market.item[ev->instrument];
    if (!m->has_mark)
        return ERR_OK;
    enum err err = ledger_book_inventory(&e->ledger, ev->instrument, m->mark);
    return err ? err : first_sample(e);
}

static enum err add_to_candles(struct engine *e, const struct event *ev)
{
    const struct routes *r = &e->routes[ev->instrument];
    for (const struct route *to = e->route + r->begin; to < e->route + r->end; to++) {
        struct strategy_slot *slot = &e->strategy[to->strategy];
        if (!to->candles || slot->candle.timeframe_ns == 0)
            continue;
        bool was_building = slot->candle.building, late;
        enum err err =
            candle_trade(&slot->candle, ev->ts_event_ns, ev->trade.price, ev->trade.qty, &late);
        if (err)
            return err;
        e->anomalies.late_trades += late;
        if (!was_building)
            dispatch_find_next_wake(e);
    }
    return ERR_OK;
}

static enum err step_trade(struct engine *e, const struct event *ev)
{
    struct market_instrument *m = &e->market.item[ev->instrument];
    bool had_mark = m->has_mark;
    if (!market_trade(m, &ev->trade, ev->ts_event_ns)) {
        e->anomalies.senseless_trades++;
        return ERR_OK;
    }
    if (e->suspects)
        suspect_price(e, ev->instrument, ev->trade.price);
    if (e->alerted) {
        alert_price(e, ev->instrument);
        enum err candles = alert_trade(e, ev->instrument, ev);
        if (candles)
            return candles;
    }
    enum err err = had_mark ? ERR_OK : first_mark(e, ev);
    if (!err && e->routes[ev->instrument].candles)
        err = add_to_candles(e, ev);
    return err ? err : route(e, ev, SUBSCRIBE_TRADE);
}

static enum err step_top(struct engine *e, const struct event *ev)
{
    struct market_instrument *m = &e->market.item[ev->instrument];
    bool had_mark = m->has_mark;
    market_top(m, &ev->top, ev->ts_event_ns);
    if (e->suspects && m->has_top)
        suspect_price(e, ev->instrument, m->mark);
    if (e->alerted)
        alert_price(e, ev->instrument);
    enum err err = had_mark ? ERR_OK : first_mark(e, ev);
    return err ? err : route(e, ev, SUBSCRIBE_TOP);
}

static enum err step_book(struct engine *e, const struct event *ev)
{
    struct market_instrument *m = &e->market.item[ev->instrument];
    bool had_mark = m->has_mark;
    if (!market_book(m, &ev->book, ev->ts_event_ns)) {
        struct effect *fx = engine_effect(e, EFFECT_RESYNC, STRATEGY_NONE);
        if (fx)
            fx->resync = ev->instrument;
        return ERR_OK;
    }
    if (e->suspects && m->has_top)
        suspect_price(e, ev->instrument, m->mark);
    if (e->alerted)
        alert_price(e, ev->instrument);
    enum err err = had_mark ? ERR_OK : first_mark(e, ev);
    return err ? err : route(e, ev, SUBSCRIBE_BOOK);
}

static enum err step_command(struct engine *e, const struct event_command *c)
{
    if (c->kind == COMMAND_START)
        return lifecycle_start(e);
    if (c->kind == COMMAND_STOP)
        lifecycle_stop(e);
    else
        states_command(e, c);
    return ERR_OK;
}

static enum err step_fill(struct engine *e, const struct event *ev)
{
    enum err err = orders_fill(e, ev);
    if (!err && e->alerted)
        alert_look(e);
    return err;
}

static enum err step_kind(struct engine *e, const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_TRADE: return step_trade(e, ev);
    case EVENT_TOP: return step_top(e, ev);
    case EVENT_BOOK: return step_book(e, ev);
    case EVENT_INSTRUMENT: market_rules(&e->market.item[ev->instrument], &ev->rules); return ERR_OK;
    case EVENT_FEED:
        market_feed(&e->market.item[ev->instrument], ev->feed);
        history_feed(e, ev->instrument, ev->feed);
        return route(e, ev, SUBSCRIBE_FEED);
    case EVENT_ORDER: return orders_event(e, ev);
    case EVENT_FILL: return step_fill(e, ev);
    case EVENT_COMMAND: return step_command(e, &ev->command);
    case EVENT_TIMER: return dispatch_due(e, true);
    case EVENT_HISTORY: return history_event(e, ev);
    case EVENT_PARAM: return params_event(e, ev);
    case EVENT_SIGNER:
        e->signer = ev->signer;
        alert_signer(e);
        return ERR_OK;
    case EVENT_CANDLE: /* the venue's own candles: nothing uses them yet, candles come from trades
                        */
    case EVENT_STARTED: /* made by the engine, never given to it */ return ERR_OK;
    }
    return ERR_RANGE;
}

/* Whether the event's instrument index can be used as one. */
static bool is_addressed(const struct engine *e, const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_TRADE:
    case EVENT_TOP:
    case EVENT_BOOK:
    case EVENT_INSTRUMENT:
    case EVENT_FEED:
    case EVENT_CANDLE: return ev->instrument < e->setup->instruments;
    case EVENT_HISTORY: return ev->history.strategy < e->setup->strategies;
    case EVENT_PARAM:
        return ev->param.strategy < e->setup->strategies &&
               ev->param.index < e->strategy[ev->param.strategy].params.count;
    case EVENT_ORDER:
    case EVENT_FILL:
    case EVENT_COMMAND:
    case EVENT_TIMER:
    case EVENT_SIGNER:
    case EVENT_STARTED: return true;
    }
    return false;
}

enum err engine_step(struct engine *e, const struct event *ev, struct effects *out)
{
    out->count = 0;
    outgoing_begin(e->outgoing);
    int64_t ts = ev->ts_event_ns;
    if (!is_addressed(e, ev) || (uint64_t)ts > (uint64_t)ENGINE_TIME_MAX_NS)
        return ERR_RANGE;
    e->out = out;
    e->totals.events++;
    enum err err = ERR_OK;
    if (ts >= e->next_minute_ns) {
        int64_t minute = ts - ts % NS_MINUTE;
        e->next_minute_ns = minute + NS_MINUTE;
        err = valuation_sample(e, minute, true);
        if (!err)
            err = states_look(e);
    }
    if (ts > e->now_ns)
        e->now_ns = ts;
    if (e->now_ns >= e->next_guard_ns)
        guard_due(e);
    if (!err && e->now_ns >= e->next_alert_ns)
        err = alert_due(e);
    if (!err && e->now_ns >= e->next_wake_ns && ev->kind != EVENT_TIMER)
        err = dispatch_due(e, false);
    if (!err)
        err = step_kind(e, ev);
    if (!err)
        err = first_sample(e);
    if (!err && e->now_ns >= e->next_limits_ns) {
        err = states_look(e);
        if (e->alerted)
            alert_look(e);
    }
    if (!err && e->resting)
        err = lifecycle_look(e);
    if (!err && e->cancel_halted)
        states_cancel_halted(e);
    if (!err && (out->count || e->outgoing->count))
        err = outgoing_check(e->outgoing, out);
    if (!err && out->count == EFFECTS_MAX)
        err = ERR_FULL; /* something could not be told: the host must not go on as if it had been */
    e->out = NULL;
    return err;
}

enum err engine_finish(struct engine *e)
{
    if (!e->equity.valued)
        return ERR_OK;
    return valuation_sample(e, e->now_ns, true);
}

int64_t engine_next_timer_ns(const struct engine *e)
{
    if (e->cancel_halted)
        return e->now_ns;
    /* before the first event there is no time at which something could be due */
    int64_t due = e->next_wake_ns < e->next_look_ns ? e->next_wake_ns : e->next_look_ns;
    int64_t guard_ns = e->next_guard_ns != INT64_MIN ? e->next_guard_ns : INT64_MAX;
    due = e->next_alert_ns < due ? e->next_alert_ns : due;
    return guard_ns < due ? guard_ns : due;
}

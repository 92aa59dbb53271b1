/* The engine's inside, shared by the files of agent/core only. */
#ifndef TW_CORE_INTERNAL_H
#define TW_CORE_INTERNAL_H

#include "base/rng.h"
#include "core/alert.h"
#include "core/candle.h"
#include "core/engine.h"
#include "core/execution.h"
#include "core/guard.h"
#include "core/ledger.h"
#include "core/market.h"
#include "core/outgoing.h"
#include "core/parent.h"
#include "core/risk.h"
#include "core/suspect.h"
#include "strategies/strategy.h"

#define NS_DAY    (INT64_C(86400) * 1000000000)
#define NS_MINUTE (INT64_C(60) * 1000000000)
#define NS_SECOND INT64_C(1000000000)

/* A series of equity samples and what is kept of it. */
struct equity_series {
    bool valued;
    dec start, last, peak, max_drawdown;
};

/* Whether a strategy rests because the daemon stops, or starts with orders to cancel first. */
enum rest { REST_NONE, REST_STOPPING, REST_STARTING };

/* How far the selling of one instrument's position is. */
struct closing {
    bool done;
    enum reason left; /* why something stays; REASON_NONE: nothing does */
    uint32_t tries;   /* in a row with the same position */
    dec position;
};

struct lifecycle {
    enum rest rest;
    bool cancels, closes; /* its open orders from before; its positions */
    uint64_t last_seq;    /* of its orders from before */
    int64_t retry_ns;     /* no sell earlier */
    struct closing closing[STRATEGY_INSTRUMENTS_MAX];
};

/* The candles of a strategy that is completed from the venue. */
#define HISTORY_KEPT_MAX 16
struct history {
    bool from_venue, waits; /* waits: it has seen no history yet, and gets nothing else */
    int64_t next_ns;        /* where the next candle it is to get begins; INT64_MIN: not known */
    int64_t live_ns;        /* since when its feed is live; INT64_MAX: it is not */
    uint32_t kept;          /* own candles that wait for earlier ones */
    struct event_candle keep[HISTORY_KEPT_MAX];
};

/* Denials of one strategy for one reason: orders that are asked for again and again are each judged
 * and each told to the strategy, but not each to the world. */
struct denied {
    uint64_t times;  /* in all */
    uint64_t in_row; /* since there was none for DENIED_QUIET_NS */
    int64_t last_ns; /* engine time of the newest one */
};
#define DENIED_REASONS  64 /* larger than any reason that risk gives */
#define DENIED_TOLD     16 /* in a row; of further ones the 32nd, 64th, 128th ... */
#define DENIED_QUIET_NS INT64_C(600000000000)

struct strategy_slot {
    const struct strategy_setup *setup;
    struct params params;   /* the setup's, with the live ones as they are now */
    uint64_t params_untold; /* bit i: parameter i changed, and the strategy was not told yet */
    void *state;
    struct rng rng;
    uint64_t next_seq;
    int64_t timer_ns; /* INT64_MAX: none */
    struct candle_builder candle;
    struct lifecycle life;
    struct history history;
    bool started, broken; /* broken: it returned an error and is not called again */
    enum trading_state trading;
    struct engine_latch latch; /* where that is not ACTIVE */
    struct {
        venue_id venue;
        asset_id asset;
    } holds[STRATEGY_ASSETS_MAX];
    uint32_t holds_count;
    struct equity_series equity;
    dec day_start_equity, high_water; /* for its own loss limits */
    bool equity_known;                /* at the last look, where it has any */
    struct engine_totals totals;      /* the counting part */
    struct denied denied[DENIED_REASONS];
    struct engine_closes closes;
};

/* Denials waiting to be told to the strategy whose event is under way. */
#define DENIALS_MAX 1024
struct denial_told {
    order_id id;
    instrument_id instrument;
    struct denial why;
    uint32_t round;
};
struct denial_queue {
    uint32_t count;
    struct denial_told item[DENIALS_MAX];
};

/* A strategy that watches an instrument, with all that decides whether an event is for it: looking
 * that up through the strategy's slot would cost more than the rest. */
struct route {
    uint32_t subscribes; /* its ops' */
    strategy_id strategy;
    bool candles; /* its candles, if it wants any, are made of this instrument's trades */
};

/* Those of one instrument: route[begin] .. route[end - 1]. */
struct routes {
    uint32_t begin, end;
    bool candles; /* of some of them */
};

struct engine {
    const struct setup *setup;
    int64_t now_ns;
    struct market market;
    struct ledger ledger;
    struct execution execution;
    struct risk *risk;
    struct parents parents;
    struct outgoing *outgoing;
    struct guard *guard;
    struct suspect *suspect;
    struct alerts *alerts;
    bool alerted;             /* there are alerts */
    enum signer_state signer; /* 0: not known, or there is none */
    bool suspects;            /* some instrument's prices are looked at before they are believed */
    struct strategy_slot *strategy;
    struct route *route;
    struct routes *routes;

    enum trading_state agent_state;
    enum trading_state agent_below; /* while HALTED: what unhalt leads back to */
    enum trading_state *venue_state;
    struct engine_latch agent_latch, *venue_latch;
    bool cancel_halted; /* there may be orders to cancel that a HALTED scope, or one with a lock
                           that cancels, still has */
    bool strategy_loss_limits; /* some strategy has a daily loss or drawdown limit of its own */

    bool resting;         /* a strategy may rest: lifecycle_look() is due with each step */
    int64_t next_look_ns; /* ... and at this time, without one; INT64_MAX: none */

    int64_t next_alert_ns;  /* end of a candle of theirs; INT64_MAX: none */
    int64_t next_guard_ns;  /* end of a lock, or change of a schedule; INT64_MAX: none */
    int64_t next_wake_ns;   /* least of candle ends and strategy timers */
    int64_t next_minute_ns; /* next sample of the equity series */
    int64_t next_limits_ns; /* next look at daily loss and drawdown */
    int64_t day;            /* index of the trading day of day_start_equity */
    dec day_start_equity, high_water;
    bool equity_known; /* at the last look: every asset held has a mark */
    struct equity_series equity;
    struct engine_totals totals;
    struct engine_anomalies anomalies;
    engine_equity_fn *on_equity;
    void *on_equity_ctx;

    struct effects *out; /* of the step under way */
    struct intents *intents;
    struct denial_queue *denials;
};

/* What a strategy asked for during one call. */
enum intent_kind { INTENT_SUBMIT, INTENT_CANCEL, INTENT_NOTE, INTENT_PARENT };
struct intent {
    enum intent_kind kind;
    order_id id;
    struct order_request req;
    char note[NOTE_MAX];
};
struct intents {
    struct strategy_slot *owner;
    strategy_id strategy;
    uint32_t count;
    bool overflow;
    bool timer_set;
    int64_t timer_ns;
    struct intent item[INTENTS_MAX];
};
struct strategy_view {
    struct engine *engine;
    strategy_id id;
};

/* engine.c: appends an effect; NULL where the list is full. */
struct effect *engine_effect(struct engine *e, enum effect_kind kind, strategy_id strategy);
#define EFFECTS_RESERVE 64 /* kept free of orders, so that a halt can always be told */
bool engine_effects_full(const struct engine *e);

/* valuation.c */
/* Amount of an asset in the agent's quote currency; false while a price is missing; ERR_OVERFLOW
 * reported as false. */
bool valuation_convert(const struct engine *e, venue_id v, asset_id a, dec amount,
                       enum dec_rounding r, dec *ret);
bool valuation_equity(const struct engine *e, dec *ret);
bool valuation_strategy_equity(const struct engine *e, const struct strategy_slot *s,
                               strategy_id id, dec *ret);
/* Takes a sample of the agent's series (and, at minutes, of every strategy's) stamped [ts_ns]. */
enum err valuation_sample(struct engine *e, int64_t ts_ns, bool all_strategies) MUST_CHECK;
enum err valuation_sample_strategy(struct engine *e, strategy_id id) MUST_CHECK;

/* states.c: trading states, latched limits, operator commands */
enum trading_state states_effective(const struct engine *e, strategy_id s, venue_id v);
/* What makes a strategy REDUCING there: REASON_STATE_REDUCING, else the guard that locks it. */
enum reason states_reducing_reason(const struct engine *e, strategy_id s, venue_id v);
void states_set(struct engine *e, enum state_scope scope, uint16_t index, enum trading_state to,
                enum reason reason, dec limit, dec value);
void states_command(struct engine *e, const struct event_command *c);
/* More executions than max_executions: latches the strategy REDUCING, and cancels its open buys. */
void states_repeated_execution(struct engine *e, strategy_id s);
/* Looks at daily loss and drawdown, with the present equity, of the agent and of strategy [s]. */
enum err states_check_limits(struct engine *e, strategy_id s) MUST_CHECK;
/* The same of all strategies, and once more at what is HALTED and still has open orders: each
 * second. */
enum err states_look(struct engine *e) MUST_CHECK;
/* Cancels the open orders of what is HALTED, and the entries that a lock cancels, as far as this
 * step's effects have room. */
void states_cancel_halted(struct engine *e);

/* params.c */
enum err params_event(struct engine *e, const struct event *ev) MUST_CHECK;
/* Tells the strategies what changed and was not told: with the last of a reload. */
enum err params_tell(struct engine *e) MUST_CHECK;

/* lifecycle.c */
void lifecycle_stop(struct engine *e);                 /* COMMAND_STOP */
enum err lifecycle_start(struct engine *e) MUST_CHECK; /* COMMAND_START */
/* What the strategy remembers is of no use any more: it was closed and its position is sold, or it
 * has not begun and a parameter changed. */
void lifecycle_begin_anew(struct engine *e, strategy_id s);
/* Goes on with what resting strategies have under way. */
enum err lifecycle_look(struct engine *e) MUST_CHECK;
/* Whether events of that kind come to the strategy, which may rest. */
bool lifecycle_hears(const struct strategy_slot *slot, enum event_kind kind);
/* Whether an open order is one that its resting strategy must lose. */
bool lifecycle_cancels(const struct engine *e, const struct order *o);

/* history.c */
void history_start(struct engine *e); /* COMMAND_START: what was seen whole begins anew */
void history_feed(struct engine *e, instrument_id i, enum feed_state feed);
enum err history_event(struct engine *e, const struct event *ev) MUST_CHECK;
/* A candle that the engine built has closed. */
enum err history_own_candle(struct engine *e, strategy_id s,
                            const struct event_candle *c) MUST_CHECK;

/* dispatch.c: strategies and what they ask for */
enum err dispatch_event(struct engine *e, strategy_id s, const struct event *ev) MUST_CHECK;
/* Asks for an order in the strategy's name: risk decides. [why] is filled where it is denied; a
 * denial is told by an effect. Needs room for effects. */
enum err dispatch_submit(struct engine *e, strategy_id s, order_id id,
                         const struct order_request *req, bool *denied,
                         struct denial *why) MUST_CHECK;
/* A gap of more candles than these (three years of seconds) is a wrong clock, not a quiet market.
 */
#define CANDLES_AT_ONCE_MAX 100000000
/* Closes due candles and fires due strategy timers, up to engine time. */
enum err dispatch_due(struct engine *e, bool timers) MUST_CHECK;
void dispatch_find_next_wake(struct engine *e);

/* orders.c: answers of the venue */
enum err orders_event(struct engine *e, const struct event *ev) MUST_CHECK;
enum err orders_fill(struct engine *e, const struct event *ev) MUST_CHECK;
/* Asks the venue to cancel an open order, once until it answers. Needs room for one effect. */
void orders_cancel(struct engine *e, struct order *o);
/* Ends the order in terminal state [to]: releases what it binds, tells effects. */
enum err orders_finish(struct engine *e, struct order *o, enum order_state to,
                       enum reason reason) MUST_CHECK;

#endif

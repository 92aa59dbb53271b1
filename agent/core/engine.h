/* The pure engine: event in, effects out.
 *
 *   market -> strategies -> risk -> execution -> effects
 *
 * engine_step() depends on nothing but the engine's memory and the event. Time is the events' (the
 * largest ts_event_ns seen), randomness a seeded stream per strategy. Nothing here blocks,
 * allocates, formats or calls the operating system; `make lint` checks the objects' undefined
 * symbols.
 */
#ifndef TW_CORE_ENGINE_H
#define TW_CORE_ENGINE_H

#include "base/err.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/setup.h"

#include <stddef.h>

struct engine;

/* Bytes that engine_init() needs for this setup. */
size_t engine_size(const struct setup *s);

/* Builds an engine in [mem] (engine_size() bytes, 16-aligned, zeroed by the caller; calloc and mmap
 * give that). [s] must outlive it. Returns ERR_RANGE where budgets exceed the opening balances or
 * an asset cannot be valued. */
enum err engine_init(struct engine **ret, void *mem, const struct setup *s) MUST_CHECK;

/* Times are 0 .. this (the year 2116): sums with intervals cannot overflow. */
#define ENGINE_TIME_MAX_NS (INT64_C(1) << 62)

/* One step. [out] is emptied first. Returns an error only when the engine can not go on exactly
 * (an index or a time out of range, overflow in accounting, a fill that contradicts an order): the
 * host must then latch HALT with the event's number and not step again; the effects so far are
 * still to be journaled. */
enum err engine_step(struct engine *e, const struct event *ev, struct effects *out) MUST_CHECK;

/* Engine time at which the engine wants an EVENT_TIMER; INT64_MAX for never. The host sends timers
 * when every event up to and including that time has been delivered. */
int64_t engine_next_timer_ns(const struct engine *e);

/* ---- read-only views for reports and control ---- */

int64_t engine_now_ns(const struct engine *e);
const struct setup *engine_setup(const struct engine *e);
const struct instrument *engine_instrument(const struct engine *e,
                                           instrument_id i);             /* with learnt rules */
const struct book *engine_book(const struct engine *e, instrument_id i); /* NULL while unusable */
bool engine_top(const struct engine *e, instrument_id i, struct event_top *ret);
bool engine_mark(const struct engine *e, instrument_id i, dec *ret);
bool engine_last(const struct engine *e, instrument_id i, dec *ret);
enum feed_state engine_feed(const struct engine *e, instrument_id i);
enum trading_state engine_state(const struct engine *e, enum state_scope scope, uint16_t index);
/* What locks the entries of a strategy (STRATEGY_NONE: of all): a guard's reason and the engine
 * time at which it ends, or REASON_NONE. Not part of its trading state. */
enum reason engine_guard(const struct engine *e, strategy_id s, int64_t *ret_until_ns);
/* Whether the price of an instrument jumped and is not confirmed: no entries at it. */
bool engine_suspect(const struct engine *e, instrument_id i);

/* What set a trading state that is not ACTIVE. */
struct engine_latch {
    enum reason reason;
    dec limit, value; /* what tripped it, where a limit did */
    int64_t since_ns; /* engine time */
};
/* False where the scope is ACTIVE. */
bool engine_latch(const struct engine *e, enum state_scope scope, uint16_t index,
                  struct engine_latch *ret);
/* What unhalt leads the agent back to; ACTIVE where it is not HALTED. */
enum trading_state engine_state_below(const struct engine *e);

/* A limit of the configuration and its present use. */
enum limit_unit {
    LIMIT_IN_QUOTE = 1,
    LIMIT_IN_BASE,
    LIMIT_AS_RATIO,
    LIMIT_AS_COUNT,
    LIMIT_IN_SECONDS
};
struct limit_use {
    enum limit_scope scope;
    uint32_t index;  /* of the venue, instrument, strategy, asset, group */
    const char *key; /* as in the configuration */
    enum limit_unit unit;
    dec limit;
    bool each;  /* it bounds every order by itself: there is no use */
    bool known; /* else the use is not known: a mark is missing */
    dec used;
    instrument_id
        instrument; /* that of the largest use, where it is of one; else INSTRUMENT_NONE */
};
typedef void engine_limit_fn(void *ctx, const struct limit_use *u);
/* Calls [fn] for every limit that is set: the agent's, then venues', instruments', strategies',
 * assets' and groups'. */
void engine_limits(const struct engine *e, engine_limit_fn *fn, void *ctx);

/* Whether strategy [s] lacks candles that have closed by [now_ns], which the host is to get from
 * the venue: from *ret_from_ns on; INT64_MIN: as many as it wants for its warm-up. */
bool engine_wants_candles(const struct engine *e, strategy_id s, int64_t now_ns,
                          int64_t *ret_from_ns);

/* After COMMAND_STOP: whether all is done that on_stop asks for, as far as it can be. */
bool engine_is_stopped(const struct engine *e);
/* After COMMAND_STOP: why a position in the k-th instrument of a strategy with on_stop "close" is
 * not sold; REASON_NONE where it is, or could be later. */
enum reason engine_left_over(const struct engine *e, strategy_id s, uint32_t k);

/* Orders that are not terminal, by age; NULL past the end. */
const struct order *engine_open_order(const struct engine *e, uint32_t n);
uint32_t engine_open_orders(const struct engine *e);
const struct order *engine_order(const struct engine *e, order_id id);

/* Sub-ledger of a strategy (STRATEGY_NONE: what is allotted to none): total balance and what orders
 * reserve. */
dec engine_balance(const struct engine *e, strategy_id s, venue_id v, asset_id a);
dec engine_reserved(const struct engine *e, strategy_id s, venue_id v, asset_id a);
/* Position of a strategy; *ret_cost in the instrument's quote, *ret_realized likewise. */
dec engine_position(const struct engine *e, strategy_id s, instrument_id i, dec *ret_cost,
                    dec *ret_realized);

struct engine_totals {
    uint64_t events, orders, fills, denied, rejected, canceled;
    dec volume_quote; /* sum of price * quantity of own fills, in agent quote at fill time */
    dec fees_quote;   /* fees valued in agent quote at fill time */
    bool valued;      /* equity is known */
    dec equity, equity_start, equity_peak;
    dec max_drawdown; /* ratio */
    dec day_start_equity;
};
/* Totals of the agent (STRATEGY_NONE) or of one strategy (its equity counts its own sub-ledger). */
void engine_totals(const struct engine *e, strategy_id s, struct engine_totals *ret);

/* Closes of a strategy (docs/definitions.md, "Guards": sells that ended with a fill) by the sign of
 * their results, fees included; the best and the worst result in its instrument's quote, 0 where
 * none was better, or worse, than that. */
struct engine_closes {
    uint64_t won, lost, even;
    dec best, worst;
};
void engine_closes(const struct engine *e, strategy_id s, struct engine_closes *ret);

/* Orders of a strategy (STRATEGY_NONE: of all) that risk denied for [r]: in all, in a row until now
 * (one strategy; of all: 0), and when the newest was. */
struct engine_denied {
    uint64_t times, in_row;
    int64_t last_ns;
};
void engine_denied(const struct engine *e, strategy_id s, enum reason r, struct engine_denied *ret);

/* A strategy's parameters as they are now: the setup's, with what EVENT_PARAM changed. */
const struct params *engine_params(const struct engine *e, strategy_id s);

enum alert_state {
    ALERT_ARMED = 1,   /* fires when its value is beyond the level */
    ALERT_WAITING = 2, /* for the value to come back, before it is armed (again) */
    ALERT_FIRED = 3,   /* it was to fire once, and did */
};
struct engine_alert {
    enum alert_state state;
    bool known; /* there was a value */
    dec value;  /* the last one */
    uint64_t fired;
    int64_t fired_ns; /* engine time of the last one; 0 where there was none */
};
/* Alert [n] of the setup. */
void engine_alert(const struct engine *e, uint32_t n, struct engine_alert *ret);

/* What a strategy says of itself: fills [ret] (FIGURES_MAX) and returns how many. */
struct figure;
uint32_t engine_figures(const struct engine *e, strategy_id s, struct figure *ret);

/* A strategy's own state as bytes, and back into a fresh one. ERR_STATE where its kind has none;
 * after a failed load the strategy must not be used. */
enum err engine_strategy_save(const struct engine *e, strategy_id s, struct bufw *out) MUST_CHECK;
enum err engine_strategy_load(struct engine *e, strategy_id s, struct bufr *in) MUST_CHECK;

/* Anomalies that were absorbed: late and repeated messages, ids nobody knows, trades without a
 * price or of less than nothing. */
struct engine_anomalies {
    uint64_t late_order_events, repeated_fills, unknown_order_ids, late_trades, senseless_trades;
};
void engine_anomalies(const struct engine *e, struct engine_anomalies *ret);

/* Called whenever the equity series gets a sample: at each minute of engine time, each fill, and
 * the end. For reports; must not touch the engine. */
typedef void engine_equity_fn(void *ctx, int64_t ts_ns, dec equity);
void engine_on_equity(struct engine *e, engine_equity_fn *fn, void *ctx);
/* Takes the closing sample; the host calls it once, after the last event. */
enum err engine_finish(struct engine *e) MUST_CHECK;

#endif

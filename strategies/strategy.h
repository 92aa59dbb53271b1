/* The strategy ABI: all that a strategy sees, and all that it may do.
 *
 * A strategy is one const table of functions. It gets (its state, a read-only view, an event) and
 * answers with bounded intents. It does no I/O, reads no clock, allocates nothing: the same events
 * give the same intents, live, on paper, in a backtest and in a replay. Its objects are checked by
 * `make lint` against an allow-list of symbols: this header's functions, dec_*, and memcpy and
 * friends.
 *
 * To write one: copy null.c, state the parameters as a table, write one test. README.md beside this
 * file.
 */
#ifndef TW_STRATEGIES_STRATEGY_H
#define TW_STRATEGIES_STRATEGY_H

#include "base/buf.h"
#include "base/check.h"
#include "base/decimal.h"
#include "base/err.h"
#include "model/event.h"
#include "model/instrument.h"
#include "model/order.h"
#include "model/param.h"
#include "model/state.h"

#include <stdbool.h>
#include <stdint.h>

#define STRATEGY_ABI 2u

struct strategy_view; /* read-only, owned by the host, valid during one call */
struct intents;       /* bounded sink; when it is full the host halts the strategy (FLOOD) */

/* Which events on_event() wants, for the instruments its parameters name. Its own order and fill
 * events, EVENT_STARTED, EVENT_HISTORY, EVENT_PARAM and the timers it asked for always come. */
#define SUBSCRIBE_TOP    (1u << 0)
#define SUBSCRIBE_TRADE  (1u << 1)
#define SUBSCRIBE_BOOK   (1u << 2) /* after the engine has applied it */
#define SUBSCRIBE_CANDLE (1u << 3) /* of the timeframe that candle_timeframe() names */
#define SUBSCRIBE_FEED   (1u << 4)

/* ---- what `tradewind check` prints of it before it starts ---- */

#define PLAN_ROWS_MAX 256
#define PLAN_TEXT_MAX 48

/* One order that would follow, in the order in which they would; what is not known is zero. */
struct plan_row {
    char what[PLAN_TEXT_MAX]; /* "safety order 3", "level 12" */
    enum side side;
    bool market;                  /* an order without a limit */
    bool shrinks;                 /* it is asked for smaller where the money does not suffice */
    dec deviation;                /* of its price from the first order's, as a ratio; below: < 0 */
    dec price, qty, amount;       /* amount: in quote, without fee */
    dec total_amount, total_fees; /* of this and all orders above it on the same side */
    dec average, break_even;      /* prices, when all up to this one are filled; break-even pays the
                                     fees of both ways */
};

/* Fees of a venue, as ratios. */
struct plan_fees {
    dec maker, taker;
};

struct plan {
    struct plan_fees fees[4]; /* given: of the venue of its k-th instrument */
    uint32_t count;
    struct plan_row row[PLAN_ROWS_MAX];
    dec capital_quote, capital_base;   /* needed at most at one time, fees included */
    const char *unless;                /* not NULL: capital beyond the budget is an error of the
                                          configuration, which this bool parameter would allow */
    char remark[4][2 * PLAN_TEXT_MAX]; /* sentences for people; "" ends them */
};

/* ---- what it says of itself while it runs ---- */

enum figure_unit { FIGURE_QUOTE, FIGURE_BASE, FIGURE_PRICE, FIGURE_RATIO, FIGURE_COUNT };
struct figure {
    const char *name;      /* "grid_profit": a key in JSON, words with '_' */
    enum figure_unit unit; /* quote and base: of its first instrument */
    dec value;             /* FIGURE_UNKNOWN: nothing was measured yet, which is not 0 */
};
#define FIGURES_MAX    16
#define FIGURE_UNKNOWN ((dec){-DEC_I128_MAX - 1}) /* the number that no decimal has */
static inline bool figure_known(const struct figure *f)
{
    return f->value.v != FIGURE_UNKNOWN.v;
}

struct strategy_ops {
    uint32_t abi;        /* STRATEGY_ABI */
    uint32_t size;       /* sizeof(struct strategy_ops): members are only added at the end */
    const char *name;    /* equals the file name and `kind` in TOML */
    const char *summary; /* one sentence for people */
    const struct param_spec *params; /* ends with a NULL key */
    uint32_t subscribes;
    size_t state_size; /* the host gives that much zeroed memory, aligned to 16 */

    /* What a table cannot say: relations between parameters. Called at configuration time and by
     * `check`, before any state exists. On failure writes a sentence (what is wrong, what is
     * allowed) into why[cap], and the key it is about into *key, and returns ERR_RANGE. May be
     * NULL. */
    enum err (*check)(const struct params *p, const struct instrument *first, const char **key,
                      char *why, size_t cap);

    /* Candle length in nanoseconds wanted on its first instrument, 0 for none. May be NULL. */
    int64_t (*candle_timeframe)(const struct params *p);

    /* Once, before any event. */
    enum err (*init)(void *state, const struct params *p, const struct strategy_view *v);

    /* One event. An error halts the strategy (STRATEGY_ERROR). */
    enum err (*on_event)(void *state, const struct strategy_view *v, const struct event *e,
                         struct intents *out);

    /* Everything that on_event() depends on, versioned by the strategy itself: a state that was
     * saved, and loaded into fresh memory after init(), goes on as the old one would have. load()
     * returns ERR_SYNTAX for bytes that no save() wrote, and leaves the state to be thrown away.
     * Optional for a strategy without state; the built-in ones have it. */
    enum err (*save)(const void *state, struct bufw *out);
    enum err (*load)(void *state, struct bufr *in);

    /* How many closed candles of its timeframe it wants to have seen before it decides; the host
     * sends what it can get as EVENT_HISTORY. May be NULL. */
    uint32_t (*warmup_candles)(const struct params *p);

    /* The whole ladder, the capital it needs and its break-even, for `tradewind check`. [in][k]: of
     * its k-th instrument parameter; [price]: of the first one, or zero where none is known (rows
     * then have deviations and amounts only); the fees are the first one's, ret->fees has all.
     * Returns ERR_RANGE where nothing can be said. May be
     * NULL. */
    enum err (*plan)(const struct params *p, const struct instrument *const *in, dec price,
                     dec maker_fee, dec taker_fee, struct plan *ret);

    /* Fills [ret] (FIGURES_MAX) and returns how many: for status, reports and alerts; the names and
     * their order do not change during a run. May be NULL. */
    uint32_t (*figures)(const void *state, const struct strategy_view *v, struct figure *ret);

    /* As check(), after it, for what concerns several instruments: [in] has those that its
     * parameters name, in table order, without the ones not given. May be NULL. */
    enum err (*check_instruments)(const struct params *p, const struct instrument *const *in,
                                  const char **key, char *why, size_t cap);

    /* As check(), after it, for what depends on the fees of the first instrument's venue. May be
     * NULL. */
    enum err (*check_fees)(const struct params *p, const struct instrument *first, dec maker_fee,
                           dec taker_fee, const char **key, char *why, size_t cap);

    /* What would have to be in the configuration for it to trade where there are only trades or
     * candles ("use_last = true"); NULL where it does, or needs none. May be NULL. */
    const char *(*needs_quotes)(const struct params *p);
};

/* ---- what a strategy can see ---- */

int64_t view_now_ns(const struct strategy_view *v); /* engine time: the newest event's */
const struct params *view_params(const struct strategy_view *v);
instrument_id view_first_instrument(const struct strategy_view *v);
const struct instrument *view_instrument(const struct strategy_view *v, instrument_id i);

/* Best bid and ask; false while the feed is not live or a side is empty. */
bool view_top(const struct strategy_view *v, instrument_id i, struct event_top *ret);
/* Price of the last trade; false before the first. */
bool view_last(const struct strategy_view *v, instrument_id i, dec *ret);
/* mark_price: mid of top of book, else last trade; false while the feed is not live, or neither
 * came since it is. */
bool view_mark(const struct strategy_view *v, instrument_id i, dec *ret);
/* The book, or NULL while there is none that may be used. */
const struct book *view_book(const struct strategy_view *v, instrument_id i);

/* Own sub-ledger: balance not reserved by own open orders; on the venue of its first instrument, or
 * of instrument [i]. */
dec view_free(const struct strategy_view *v, asset_id asset);
dec view_free_at(const struct strategy_view *v, instrument_id i, asset_id asset);
/* Own position of an instrument: quantity, and its cost in quote with fees (average cost = cost /
 * qty). */
dec view_position(const struct strategy_view *v, instrument_id i, dec *ret_cost);

/* Own orders that are not terminal, oldest first. */
uint32_t view_open_orders(const struct strategy_view *v);
const struct order *view_open_order(const struct strategy_view *v, uint32_t n);
/* One own order by id, terminal ones too while the engine remembers them; NULL where it does not.
 */
const struct order *view_order(const struct strategy_view *v, order_id id);

enum trading_state view_state(const struct strategy_view *v); /* strictest of agent, venue, own */
/* The same with the venue of instrument [i]. */
enum trading_state view_state_at(const struct strategy_view *v, instrument_id i);
dec view_maker_fee(const struct strategy_view *v, instrument_id i);
dec view_taker_fee(const struct strategy_view *v, instrument_id i);
/* The third asset that pays the fees of its venue while there is some of it, or ASSET_NONE: then
 * they are taken from what an order receives. */
asset_id view_fee_asset(const struct strategy_view *v, instrument_id i);
/* Next number of the strategy's own seeded random stream. */
uint64_t view_random(const struct strategy_view *v);

/* ---- what a strategy can do ---- */

#define INTENTS_MAX 256 /* per call of on_event() */

/* Asks for an order; risk decides after on_event() returns. The id is final: EVENT_ORDER and
 * EVENT_FILL will carry it, also when it is denied. Returns 0 where the sink is full. */
order_id intents_submit(struct intents *out, const struct order_request *req);
/* Asks to cancel one of its own orders. Cancels are never refused by risk. */
void intents_cancel(struct intents *out, order_id id);
/* Declares that it means to trade [qty] of [i] in all, on one side; orders that are parts of it
 * name the id as their parent. What is open and filled of them never exceeds [qty]: a module apart
 * from the strategy counts, and denies (PARENT) what does. Returns the id, 0 where the sink is
 * full. */
uint64_t intents_parent(struct intents *out, instrument_id i, enum side side, dec qty);
/* Asks for EVENT_TIMER at engine time [at_ns] or soon after; a later call replaces the earlier
 * wish; 0 cancels. */
void intents_timer(struct intents *out, int64_t at_ns);
/* A sentence for the log and the journal; cut at NOTE_MAX - 1 bytes. */
void intents_note(struct intents *out, const char *text);

/* ---- the built-in strategies; registry.c lists them ---- */

extern const struct strategy_ops strategy_null;
extern const struct strategy_ops strategy_grid;
extern const struct strategy_ops strategy_dca;
extern const struct strategy_ops strategy_momentum;
extern const struct strategy_ops strategy_arbitrage;
extern const struct strategy_ops strategy_triangular;

/* Ends with NULL. */
extern const struct strategy_ops *const strategy_registry[];

#endif

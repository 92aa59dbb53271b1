/* What the files of the grid share; nobody else includes it. docs/definitions.md, "grid", is what
 * they implement.
 *
 *   grid.c         the parameters and the events
 *   grid_levels.c  where the levels lie
 *   grid_check.c   what parameters may be together, and how much each slot trades
 *   grid_slots.c   what fills and ends of orders mean for the slots
 *   grid_place.c   which orders there should be now
 *   grid_range.c   what happens at the ends of the range: trailing, closing
 *   grid_plan.c    what `tradewind check` shows, and the figures
 *   grid_state.c   saving and loading
 */
#ifndef TW_STRATEGIES_GRID_INTERNAL_H
#define TW_STRATEGIES_GRID_INTERNAL_H

#include "strategies/strategy.h"

enum {
    P_INSTRUMENT,
    P_LOWER,
    P_UPPER,
    P_LEVELS,
    P_SIZE,
    P_POST_ONLY,
    P_SPACING,
    P_STEP,
    P_AMOUNT,
    P_INVESTMENT,
    P_DIRECTION,
    P_INITIAL_ORDER,
    P_SLIPPAGE,
    P_TRIGGER,
    P_STOP_LOSS,
    P_TAKE_PROFIT,
    P_ON_EXIT,
    P_TRAIL_UP_TO,
    P_TRAIL_DOWN_TO,
    P_MAX_OPEN,
    P_MIN_PROFIT,
    P_REPRICE,
    P_COOLDOWN,
    P_COUNT
};

/* The choices, in the order of the parameter table. */
enum { SPACING_ARITHMETIC, SPACING_GEOMETRIC };
enum { DIRECTION_NEUTRAL, DIRECTION_LONG, DIRECTION_SHORT };
enum { INITIAL_NONE, INITIAL_MARKET, INITIAL_LIMIT };
enum { EXIT_HOLD, EXIT_CLOSE, EXIT_TRAIL };

#define GRID_LEVELS_MAX 200 /* the placement of all slots fits into one call's intents */
#define GRID_ASKS_MAX   200 /* orders and cancels per call; what is left over follows at once */
#define GRID_TICKS_MAX  10  /* how far away a refused post-only order is put at most */
#define GRID_TAG_CLOSE  UINT32_C(0xffffffff) /* of orders that sell everything */

#define GRID_SOON_NS  INT64_C(1000000000)
#define GRID_RETRY_NS INT64_C(60000000000)

enum grid_phase {
    GRID_WAITING, /* for a price, rules, or the trigger */
    GRID_RUNNING,
    GRID_CLOSING, /* everything is cancelled, then sold */
    GRID_STOPPED, /* until a person changes what stopped it */
};

/* One order of a slot. */
struct grid_leg {
    order_id id; /* 0: none */
    dec open;    /* what it has not filled yet */
    dec price;
    bool canceling;    /* we asked for its end ... */
    int64_t cancel_ns; /* ... and the venue would not: not again before that */
};

/* Index of the arrays below. */
enum { GRID_BUY, GRID_SELL };

/* A slot never has more than two orders on a side: one that came early, for a part, and one for the
 * rest. */
struct grid_side {
    struct grid_leg leg[2];
    int64_t retry_ns; /* nothing new before a timer, a fill or an end at or after that; 0: not
                         waiting */
    uint32_t refused; /* by the venue or for its form, one after the other */
    uint32_t took;    /* WOULD_TAKE, one after the other */
};

struct grid_slot {
    int32_t level; /* k: it lies between p_k and p_(k+1) */
    dec low, high, size;
    dec held;   /* base it holds */
    dec bought; /* quantity of its buys that has not been sold again; what it holds and the fee */
    dec cost;   /* of what it holds, in quote */
    struct grid_side side[2];
    bool entry; /* its initial order is still wanted */
};

struct grid {
    enum grid_phase phase;
    bool due; /* something changed since orders were looked at */
    uint32_t slots;
    int32_t lowest; /* level of the lowest slot; slot of level k is slot[k mod slots] */
    dec start;      /* mark when it began */
    bool trigger_armed, trigger_above; /* the price came from below it */
    bool any_waiting;                  /* some empty slot waits for a higher price ... */
    dec lowest_waiting;                /* ... the lowest of them */
    bool any_blocked;                  /* some sell waits for a lower price ... */
    dec highest_blocked;               /* ... the highest of them */
    uint32_t entries;                  /* slots whose initial order is still wanted */
    dec trail_up, trail_down;          /* marks at which it moves; 0: never */
    struct grid_slot slot[GRID_LEVELS_MAX];
    /* closing */
    uint32_t stopped_by;     /* parameter that made it stop */
    struct grid_leg closing; /* the sell of everything */
    dec close_qty;           /* at most at once; 0: all of it */
    int64_t close_retry_ns;
    uint32_t close_refused; /* one after the other */
    bool close_near;        /* the collar does not allow the slippage: at the bid */
    /* the result */
    dec profit; /* of what was sold, over its cost, in quote */
    uint64_t round_trips;
};

/* ---- levels ---- */

/* p_k for any k, also outside the range; false where it leaves what can be computed or is not
 * positive. The root of a geometric level is right where it is not within 1e-30 (relative) of a
 * tick: there the tick counts as reached. */
bool grid_level(const struct params *p, dec tick, int32_t k, dec *ret);
/* How many levels; 0 where fewer than 2 or more than GRID_LEVELS_MAX. */
uint32_t grid_level_count(const struct params *p);

/* ---- parameters ---- */

extern const struct param_spec grid_params[];
/* Relations between parameters, with the rules where they are known and the fee where [maker_fee]
 * is not NULL; as strategy_ops.check. */
enum err grid_validate(const struct params *p, const struct instrument *in, const dec *maker_fee,
                       const char **key, char *why, size_t cap);
/* What a slot with that lower price trades; 0 where that is less than a lot. */
dec grid_slot_size(const struct params *p, const struct instrument_rules *r, dec low);
/* high / low less two fees, less 1, rounded down: what a round trip earns; false on overflow. */
bool grid_step_profit(dec low, dec high, dec fee, dec *ret);
/* Whether a quantity may be an order at that price: at least a lot, min_qty and min_notional. */
bool grid_worth(const struct instrument_rules *r, dec qty, dec price);
/* Rounded down to the lot; 0 while there is none. */
dec grid_lots(const struct instrument_rules *r, dec qty);

/* ---- sentences ---- */

struct grid_text {
    char *out;
    size_t cap, len;
};
struct grid_text grid_text(char *out, size_t cap);
void grid_say(struct grid_text *t, const char *words);
void grid_say_dec(struct grid_text *t, dec d);
/* A ratio in percent, with at most three places, rounded down. */
void grid_say_percent(struct grid_text *t, dec ratio);

/* ---- slots ---- */

/* The [i]th slot from below. */
struct grid_slot *grid_nth(struct grid *g, uint32_t i);
const struct grid_slot *grid_nth_const(const struct grid *g, uint32_t i);
/* Index of the slot of a level. */
uint32_t grid_index(const struct grid *g, int32_t level);
dec grid_open(const struct grid_slot *s, int side); /* of its orders on that side */
uint32_t grid_legs(const struct grid_slot *s, int side);
/* What its next order on a side would be for, 0 where there is none to place. */
dec grid_sellable(const struct grid_slot *s, const struct instrument_rules *r);
dec grid_wanted(const struct grid_slot *s, const struct instrument_rules *r);

/* A fill, and another state, of an order of the grid; they set [due] where orders may be wanted
 * then. ERR_OVERFLOW where a sum leaves what can be counted. */
enum err grid_on_fill(struct grid *g, const struct strategy_view *v, const struct event_fill *f);
void grid_on_order(struct grid *g, const struct strategy_view *v, const struct event_order *a);
/* Waits that are over end. */
void grid_release(struct grid *g, int64_t now);
/* Takes [qty] out of the slots, from the lowest, for [proceeds] in quote. */
enum err grid_take_out(struct grid *g, dec qty, dec proceeds);

/* ---- orders ---- */

/* Asks of one call are counted, so that no call asks for too much. */
struct grid_call {
    struct grid *g;
    const struct strategy_view *v;
    struct intents *out;
    const struct params *p;
    const struct instrument_rules *r;
    dec mark;
    int64_t now;
    uint32_t asks;
    dec free;                     /* quote that no order binds, also none of this call */
    dec wish[2][GRID_LEVELS_MAX]; /* what each slot would place now */
    bool more;                    /* there was no room for all: to be called again at once */
};
bool grid_can_ask(struct grid_call *c); /* counts one */
void grid_cancel(struct grid_call *c, struct grid_leg *leg);
/* Whether the price has left a sell that had to wait for that. */
bool grid_unblocks(const struct grid_call *c);
/* Puts what should be there now. */
void grid_place(struct grid_call *c);
/* Asks for the timer of what waits longest until then. */
void grid_set_timer(struct grid_call *c);

/* ---- the range ---- */

/* Levels and slots as they are at the beginning, at mark [c->mark]. An error where the venue's
 * rules do not allow them. */
enum err grid_begin(struct grid_call *c);
/* Moves the range where it should be moved; cancels what is in the way. */
void grid_trail(struct grid_call *c);
void grid_find_trail(struct grid *g, const struct params *p, const struct instrument_rules *r);
/* Whether something tells the grid to close: the parameter that does, else P_COUNT. */
uint32_t grid_stop_reason(const struct grid *g, const struct params *p, dec mark);
void grid_start_closing(struct grid_call *c, uint32_t reason);
void grid_close(struct grid_call *c);

/* ---- the rest of the strategy's table ---- */

enum err grid_plan(const struct params *p, const struct instrument *const *in, dec price,
                   dec maker_fee, dec taker_fee, struct plan *ret);
uint32_t grid_figures(const void *state, const struct strategy_view *v, struct figure *ret);
enum err grid_save(const void *state, struct bufw *out);
enum err grid_load(void *state, struct bufr *in);

#endif

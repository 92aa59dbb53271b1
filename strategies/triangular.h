/* Between the files of the strategy `triangular`: its parameters, its state, and the shape of a
 * triangle. What it does is in docs/definitions.md, "triangular". */
#ifndef TW_STRATEGIES_TRIANGULAR_H
#define TW_STRATEGIES_TRIANGULAR_H

#include "triangular_walk.h"

enum {
    TRI_FIRST,
    TRI_SECOND,
    TRI_THIRD,
    TRI_START,
    TRI_INVESTMENT_MIN,
    TRI_INVESTMENT_MAX,
    TRI_INVESTMENT_STEP,
    TRI_MIN_PROFIT,
    TRI_MAX_AGE,
    TRI_PRICES,
    TRI_LEVELS,
    TRI_EXECUTION,
    TRI_STRANDED,
    TRI_UNWIND_DEADLINE,
    TRI_UNWIND_SLIPPAGE,
    TRI_MAX_STRANDED,
    TRI_COOLDOWN,
    TRI_MAX_CYCLES,
    TRI_CYCLE_INTERVAL,
};

enum { TRI_START_QUOTE, TRI_START_BASE };
enum { TRI_PRICES_BOOK, TRI_PRICES_TOP, TRI_PRICES_TRADE };
enum { TRI_LINEAR, TRI_PARALLEL };
enum { TRI_UNWIND, TRI_HOLD };

#define TRI_CYCLES_MAX 256                        /* of max_cycles */
#define TRI_RETRY_NS   INT64_C(500000000)         /* between two attempts to unwind */
#define TRI_DENIED_NS  (60 * INT64_C(1000000000)) /* after a first leg that was refused */

/* Assets by their part: 0 the start asset, 1 the other one of the first instrument, 2 the third.
 * Joint k is the instrument between assets k and (k + 1) % 3. */
struct triangle {
    instrument_id id[3];
    const struct instrument *in[3];
    asset_id asset[3];
};

/* [in]: first, second, third. False where they do not close. */
bool triangle_make(const struct params *p, const struct instrument *const in[static 3],
                   struct triangle *ret);
/* The joint between assets [a] and [b], and the side that turns [a] into [b]. */
uint32_t triangle_joint(uint32_t a, uint32_t b);
enum side triangle_side(const struct triangle *t, uint32_t a, uint32_t b);
/* Asset in which leg [k] (0..2) of a direction begins: 0, 1, 2 forward, 0, 2, 1 backward. */
uint32_t triangle_from(uint32_t direction, uint32_t k);

enum tri_phase { TRI_IDLE = 0, TRI_LEGS = 1, TRI_UNWINDING = 2 };

struct tri {
    enum tri_phase phase;
    uint32_t direction, leg;
    int64_t told_ns[3][3]; /* of first, second, third: newest by enum of `prices` */
    dec trade_qty[3];      /* of the newest trade; zero once a cycle counted on it */
    dec limit[3];          /* of the plan, per leg */
    order_id order[3];     /* open: of a leg; while unwinding of asset 1 or 2; 0: none */
    dec held[3];           /* what the cycle gained of each asset; of 1 and 2 it stays as dust */
    dec fees;              /* of this cycle, paid apart, in the start asset */
    dec kept;              /* value at mark of what this cycle gave up */
    dec given_up[3];       /* of 1 and 2: stranded, and left to the owner */
    dec reference[3]; /* of 1 and 2: the price from which unwinding is bounded; zero: none yet */
    uint64_t parent[3];
    dec parent_left[3];
    bool stranded; /* this cycle had to unwind, or gave something up */
    bool traded;   /* this cycle had a fill */
    int64_t began_ns, ready_ns, deadline_ns, retry_ns;
    dec profit, last_edge, best_edge;
    bool seen_edge;
    uint64_t cycles, losses, strandings, opportunities, last_ns;
    uint32_t starts; /* entries of start_ns, the oldest first */
    int64_t start_ns[TRI_CYCLES_MAX];
};

/* The triangle of a running strategy. */
void tri_triangle(const struct strategy_view *v, struct triangle *ret);
/* Value of [amount] of asset [a] in the start asset at mark, rounded down; zero without a mark. */
dec tri_value(const struct strategy_view *v, const struct triangle *t, uint32_t a, dec amount);

/* Looks whether a cycle is worth it, and begins it (triangular_cycle.c). */
enum err tri_consider(struct tri *s, const struct strategy_view *v, struct intents *out);
/* One of its orders ended: the next leg, or what remains. */
enum err tri_order_ended(struct tri *s, const struct strategy_view *v, order_id id, bool refused,
                         struct intents *out);
enum err tri_fill(struct tri *s, const struct strategy_view *v, const struct event *e,
                  struct intents *out);
/* Orders that the engine does not know (after a restart) have ended. */
enum err tri_forget_lost(struct tri *s, const struct strategy_view *v, struct intents *out);

/* With no order open: what is left of assets 1 and 2 is unwound, given up, or dust; then the cycle
 * is over (triangular_unwind.c). */
enum err tri_settle(struct tri *s, const struct strategy_view *v, struct intents *out);

enum err tri_save(const void *state, struct bufw *out);
enum err tri_load(void *state, struct bufr *in);

#endif

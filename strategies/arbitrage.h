/* arbitrage, inside: shared by the files strategies/arbitrage*.c only. The rules are those of
 * docs/definitions.md, "arbitrage". */
#ifndef TW_STRATEGIES_ARBITRAGE_H
#define TW_STRATEGIES_ARBITRAGE_H

#include "strategy.h"

#define ARB_OPEN_MAX  8   /* trades under way at a time */
#define ARB_DEPTH_MAX 100 /* levels of a book that one look goes through, both sides together */

enum {
    P_INSTRUMENT,
    P_OTHER,
    P_RATE,
    P_MIN_PROFIT,
    P_RATE_COST,
    P_SIZE,
    P_MIN_SIZE,
    P_SLIPPAGE,
    P_SLIPPAGE_OTHER,
    P_MAX_AGE,
    P_MAX_AGE_OTHER,
    P_MAX_AGE_RATE,
    P_USE_LAST,
    P_LEGS,
    P_FIRST,
    P_FAILURE,
    P_FALLBACK,
    P_MAX_LOSS,
    P_UNWIND_MARKET,
    P_RETRY,
    P_DEADLINE,
    P_MAX_IMBALANCE,
    P_MAX_STRANDED,
    P_COOLDOWN,
    P_MAX_OPEN,
    P_MAX_TRADES_DAY,
};

enum { LEGS_CONCURRENT, LEGS_SEQUENTIAL };
enum { FAILURE_HEDGE, FAILURE_UNWIND, FAILURE_HOLD };
enum { FALLBACK_HOLD, FALLBACK_UNWIND };

/* The three it watches. */
enum { ARB_A, ARB_B, ARB_RATE, ARB_WATCHED };

/* What all orders of one leg are parts of. */
struct arb_leg {
    uint64_t parent;
    dec left; /* of the parent's quantity, not yet filled */
};

/* Stored by save(): never renumber. */
enum arb_step {
    STEP_NONE = 0,
    STEP_LEGS = 1,   /* the two orders it began with */
    STEP_HEDGE = 2,  /* what one leg has more than the other is traded on the other's venue ... */
    STEP_UNWIND = 3, /* ... or back on its own */
};

struct arb_trade {
    enum arb_step step;
    uint32_t serial;   /* tag of its orders */
    uint8_t buy;       /* which instrument is bought; the other is sold */
    bool second_due;   /* sequential: the second order has not been sent */
    bool cancel_asked; /* of what is open past the deadline */
    bool refused;      /* an order was denied or rejected */
    order_id order[2]; /* open, by instrument */
    dec limit[2];      /* price limits of the first two orders, by instrument */
    struct arb_leg leg[2], unwind;
    int64_t deadline_ns, next_ns; /* next_ns: no attempt before */
    dec asked, market_unit; /* last attempt's quantity; what a unit of a market buy binds, once
                               that is known */
    dec bought, sold;       /* base; bought: less a fee in base */
    dec paid, received;     /* quote of `instrument`, fees included */
};

struct arb {
    uint32_t serial;
    struct arb_trade trade[ARB_OPEN_MAX];
    int64_t quote_ns[ARB_WATCHED], last_ns[ARB_WATCHED]; /* 0: none */
    int64_t sent_ns[2];                                  /* last order on each */
    int64_t timer_ns;                                    /* asked for; 0: none */
    int64_t not_before_ns;
    int64_t day;
    int64_t trades_today;
    dec rate_buy, rate_sell; /* last known: of one unit of the other's quote, in `instrument`'s */
    bool told_funds[4];      /* [buy * 2 + which fund]: the note was given */
    bool told_imbalance, told_stranded, told_doubt;
    /* figures */
    uint64_t trades, missed, hedged, unwound, held;
    dec profit, imbalance, stranded, dust, last_edge, best_edge;
    bool has_edge;
};

/* ---- arbitrage_edge.c: what there is to earn ---- */

/* What one look at the markets needs again and again. */
struct arb_look {
    const struct params *p;
    const struct strategy_view *v;
    instrument_id id[ARB_WATCHED];
    const struct instrument *in[2];
    dec fee[2], keep[2]; /* keep = 1 - fee */
    bool base_fee[2];    /* a buy there pays its fee out of what it bought */
    dec slippage[2];
    dec rate_buy, rate_sell, cost_up, cost_down; /* cost: 1 + rate_cost, 1 - rate_cost */
};

/* An opportunity, sized. */
struct arb_plan {
    uint8_t buy;
    dec qty[2], limit[2]; /* by instrument */
};

enum arb_answer {
    ANSWER_GO,
    ANSWER_NO_EDGE,
    ANSWER_NO_QUOTE_FUNDS, /* on the venue where it would buy */
    ANSWER_NO_BASE_FUNDS,  /* on the venue where it would sell */
    ANSWER_IMBALANCE,
    ANSWER_TOO_SMALL, /* depth, lots or minima do not allow it */
};

void arb_look_init(struct arb_look *l, const struct arb *a, const struct strategy_view *v);
/* Best price and quantity ([n] = 0), or deeper levels, that an order of [side] on instrument [k]
 * (ARB_A, ARB_B, ARB_RATE) would take. */
bool arb_level(const struct arb_look *l, uint32_t k, enum side side, uint32_t n, struct level *ret);
/* Takes the rate from its instrument, where there is one. False: it is not known. */
bool arb_read_rate(struct arb_look *l, dec *ret_buy, dec *ret_sell);
/* The net profit of buying on instrument [buy] and selling on the other at these prices, each worse
 * by its slippage: as a ratio of the cost. False where there is none to speak of (overflow, a limit
 * of 0). [limit]: by instrument. */
bool arb_edge(const struct arb_look *l, uint8_t buy, dec ask, dec bid, dec limit[2], dec *ret_edge);
/* The trade that buys on [buy]. */
enum arb_answer arb_size(const struct arb_look *l, const struct arb *a, uint8_t buy,
                         struct arb_plan *ret);
/* Quantity to buy on [k] so that [net] is left after a fee in base, in lots. */
bool arb_gross(const struct arb_look *l, uint32_t k, dec net, dec *ret);
/* Whether the venue of [k] takes an order of [qty] (in lots) at [price]. */
bool arb_tradable(const struct arb_look *l, uint32_t k, dec qty, dec price);
/* An amount of the quote of instrument [k] in that of `instrument`. */
bool arb_paid_in_a(const struct arb_look *l, uint32_t k, dec amount, dec *ret);
bool arb_received_in_a(const struct arb_look *l, uint32_t k, dec amount, dec *ret);

/* ---- arbitrage_trade.c: one trade from its first order to its end ---- */

void arb_open(struct arb *a, const struct arb_look *l, const struct arb_plan *plan,
              struct intents *out);
/* Whatever the trade can do now. ERR_OVERFLOW only. */
enum err arb_progress(struct arb *a, const struct arb_look *l, struct arb_trade *t,
                      struct intents *out) MUST_CHECK;
/* What a trade will still send without having an order for it: where, which side, how much base.
 * [first]: the parameter. False where that is nothing. */
bool arb_pending(const struct arb_trade *t, uint32_t first, uint32_t *ret_k, enum side *ret_side,
                 dec *ret_left);
/* A fill or an answer to one of its orders. */
enum err arb_on_fill(struct arb *a, const struct arb_look *l, const struct event_fill *f,
                     struct intents *out) MUST_CHECK;
struct arb_trade *arb_on_order(struct arb *a, const struct event_order *o);
bool arb_in_doubt(const struct arb *a, const struct strategy_view *v);

/* ---- arbitrage_params.c, arbitrage_save.c ---- */

extern const struct param_spec arb_params[];
enum err arb_check(const struct params *p, const struct instrument *first, const char **key,
                   char *why, size_t cap);
enum err arb_check_instruments(const struct params *p, const struct instrument *const *in,
                               const char **key, char *why, size_t cap);
enum err arb_plan_print(const struct params *p, const struct instrument *const *in, dec price,
                        dec maker_fee, dec taker_fee, struct plan *ret);
enum err arb_save(const void *state, struct bufw *out);
enum err arb_load(void *state, struct bufr *in);

#endif

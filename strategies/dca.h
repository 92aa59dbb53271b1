/* The inside of the dca strategy, shared by strategies/dca*.c only. What it does, exactly, stands
 * in docs/definitions.md ("dca"); docs/strategies/dca.md is for people.
 *
 *   dca.c            the table of functions, events, figures
 *   dca_params.c     parameters, what must fit together, the terms of a deal
 *   dca_orders.c     prices, requests, back-off: what both modes need
 *   dca_scheduled.c  mode "scheduled": purchases at their times
 *   dca_calendar.c   ... by the calendar
 *   dca_average.c    ... of an amount that depends on an average
 *   dca_ladder.c     mode "safety": the ladder of a deal as numbers
 *   dca_safety.c     ... the deal: when it begins, what it does, how it ends
 *   dca_deal.c       ... its orders and what they got
 *   dca_plan.c       what `tradewind check` shows
 *   dca_saved.c      state to bytes and back
 */
#ifndef TW_STRATEGIES_DCA_H
#define TW_STRATEGIES_DCA_H

#include "strategy.h"

#define DCA_SAFETY_MAX  50  /* safety orders of a deal */
#define DCA_STEPS_MAX   4   /* take-profit steps */
#define DCA_PENDING_MAX 64  /* purchases under way at once */
#define DCA_AVERAGE_MAX 500 /* candles of an average */
#define DCA_NOTE_MAX    96  /* bytes of a note, with NUL */

#define DCA_SECOND_NS INT64_C(1000000000)
#define DCA_MINUTE_NS (60 * DCA_SECOND_NS)
#define DCA_DAY_NS    (86400 * DCA_SECOND_NS)

enum {
    DCA_INSTRUMENT,
    DCA_INTERVAL,
    DCA_AMOUNT,
    DCA_CEILING,
    DCA_TOTAL,
    DCA_MODE,
    DCA_FLOOR,
    DCA_START_PRICE,
    DCA_ORDER_TYPE,
    DCA_OFFSET,
    DCA_TIF,
    DCA_POST_ONLY,
    DCA_UNFILLED,
    DCA_ON_TIMEOUT,
    DCA_EVERY,
    DCA_AT,
    DCA_WEEKDAY,
    DCA_MONTHDAY,
    DCA_MISSED,
    DCA_MISSED_AFTER,
    DCA_AVERAGE,
    DCA_AVERAGE_CANDLES,
    DCA_AVERAGE_TIMEFRAME,
    DCA_PER_PERCENT,
    DCA_MIN_MULTIPLE,
    DCA_MAX_MULTIPLE,
    DCA_SAFETY_AMOUNT,
    DCA_SAFETY_COUNT,
    DCA_DEVIATION,
    DCA_VOLUME_SCALE,
    DCA_STEP_SCALE,
    DCA_ACTIVE_COUNT,
    DCA_TAKE_PROFIT,
    DCA_SHARE,
    DCA_TRAILING,
    DCA_STOP_LOSS,
    DCA_STOP_TIMEOUT,
    DCA_BREAK_EVEN,
    DCA_COOLDOWN,
    DCA_MAX_DEALS,
    DCA_DEAL_TIMEOUT,
    DCA_UNDERFUNDED,
};

/* In the order of the choices in the table. */
enum dca_mode { DCA_MODE_SCHEDULED, DCA_MODE_SAFETY };
enum dca_type { DCA_TYPE_MARKET, DCA_TYPE_LIMIT };
enum dca_tif { DCA_TIF_GTC, DCA_TIF_IOC, DCA_TIF_FOK };
enum dca_on_timeout { DCA_TIMEOUT_CANCEL, DCA_TIMEOUT_MARKET };
enum dca_every { DCA_EVERY_DAY, DCA_EVERY_WEEK, DCA_EVERY_MONTH };
enum dca_missed { DCA_MISSED_ONCE, DCA_MISSED_SKIP };
enum dca_average_kind { DCA_AVERAGE_SMA, DCA_AVERAGE_EMA };

/* ---- dca_params.c ---- */

extern const struct param_spec DCA_PARAMS[];
enum err dca_check(const struct params *p, const struct instrument *in, const char **key, char *why,
                   size_t cap);

/* Values with their defaults: an optional parameter that is not given has the one that its help
 * names. */
int64_t dca_integer(const struct params *p, uint32_t i, int64_t otherwise);
int64_t dca_duration(const struct params *p, uint32_t i, int64_t otherwise);
uint32_t dca_choice(const struct params *p, uint32_t i);
bool dca_flag(const struct params *p, uint32_t i);
dec dca_decimal(const struct params *p, uint32_t i, dec otherwise);

/* What a deal was begun with: changes of parameters are for the next one. */
struct dca_terms {
    dec amount, safety_amount, deviation, volume_scale, step_scale;
    uint32_t safety_count, active_count;
    uint32_t steps;
    dec take_profit[DCA_STEPS_MAX], share[DCA_STEPS_MAX]; /* the last share is what is left */
    dec trailing, stop_loss;                              /* zero: none */
    int64_t stop_timeout_ns, deal_timeout_ns;             /* deal: 0 is none */
    int64_t unfilled_ns;                                  /* of a limit base order; 0: none */
    bool then_market;
    bool break_even;
};
void dca_terms(const struct params *p, struct dca_terms *ret);

/* ---- dca_orders.c ---- */

/* What a buy pays now: the best ask, else the last trade; a sell gets: the best bid, else the last
 * trade. False while the feed is not live. */
bool dca_buying_price(const struct strategy_view *v, dec *ret);
bool dca_selling_price(const struct strategy_view *v, dec *ret);
/* Mode "scheduled" and the base order: a buy for [amount] of quote by order_type and its options,
 * at a buying price of [price]. ERR_RANGE where that is less than a lot. */
enum err dca_buy_request(const struct strategy_view *v, dec amount, dec price, bool market,
                         struct order_request *ret);
/* Whether the venue would take [qty] at [price]: a lot, and its minima. */
bool dca_is_tradable(const struct instrument_rules *r, dec qty, dec price);
/* [qty] of [price], rounded up at 18 places, saturating. */
dec dca_cost(dec price, dec qty);
/* After the [fails]th failure in a row (from 1): 1, 5, 30 minutes; exits: seconds. */
int64_t dca_backoff_ns(uint32_t fails, enum reason reason, bool exit);

/* Text for notes and remarks, cut where it does not fit; always terminated. */
struct dca_text {
    char *at;
    size_t left;
};
struct dca_text dca_text_make(char *out, size_t cap);
void dca_put(struct dca_text *t, const char *text);
void dca_put_dec(struct dca_text *t, dec d, unsigned places);
void dca_put_count(struct dca_text *t, uint64_t n);

/* ---- dca_calendar.c ---- */

/* The first time at or after [from_ns] that is [at_ns] after midnight UTC of a day that [every]
 * means: each; each [weekday] (0 is Monday); the [monthday]th (1..31), or the last day of a month
 * that is shorter. */
int64_t dca_calendar_next(int64_t from_ns, enum dca_every every, int64_t at_ns, uint32_t weekday,
                          uint32_t monthday);

/* ---- dca_average.c ---- */

struct dca_average {
    uint32_t count;  /* candles seen, at most n */
    uint32_t next;   /* place of the oldest in the ring */
    int64_t open_ns; /* of the last candle: one that comes again is not counted again */
    dec sum, ema;
    dec close[DCA_AVERAGE_MAX];
};
/* Counts a closed candle. */
enum err dca_average_add(struct dca_average *a, const struct params *p,
                         const struct event_candle *c);
/* False until n candles were seen. */
bool dca_average_value(const struct dca_average *a, const struct params *p, dec *ret);
/* What the amount is multiplied by at [price]; one where there is no average (yet). */
bool dca_multiple(const struct dca_average *a, const struct params *p, dec price, dec *ret);

/* ---- mode "scheduled" ---- */

struct dca_purchase {
    order_id id; /* 0: free place */
    dec amount, cost;
    bool limit, canceling;
    int64_t until_ns; /* of a limit order: canceled then; 0: when the next is due */
    int64_t retry_ns; /* a cancel that was refused is asked for again then */
};
struct dca_scheduled {
    bool begun;
    int64_t first_ns, next_ns; /* engine time of the first purchase; when the next is due */
    dec spent;                 /* price times quantity of all fills */
    dec bought;                /* their quantity */
    uint64_t purchases;        /* orders that bought something */
    bool due;                  /* a purchase waits for a price, or for a limit order's end */
    int64_t due_ns;            /* its time */
    dec rest;                  /* of a timed-out order, to be bought at market; zero: none */
    dec multiple;              /* of the last purchase */
    struct dca_purchase open[DCA_PENDING_MAX];
    struct dca_average average;
};

/* ---- mode "safety" ---- */

/* The ladder as ratios and amounts; prices follow from the first price. */
struct dca_rung {
    dec deviation; /* below the first price, as a ratio > 0, rounded up */
    dec amount;    /* of quote, rounded down */
};
struct dca_ladder {
    struct dca_rung rung[DCA_SAFETY_MAX];
    dec capital; /* the base order's amount and all of these */
};
/* False where a value overflows, or the deviations reach 1. */
bool dca_ladder_make(const struct dca_terms *t, struct dca_ladder *ret);
/* first x (1 - deviation), rounded down to the tick (or 18 places where it is not known). */
bool dca_rung_price(dec first, dec deviation, dec tick, dec *ret);
/* cost / qty rounded up; average x (1 + ratio) rounded up to the tick. */
bool dca_average_price(dec cost, dec qty, dec *ret);
bool dca_take_price(dec average, dec ratio, dec tick, dec *ret);
/* The price at which selling [net] at [fee] gives [cost] back, rounded up to the tick. */
bool dca_break_even(dec cost, dec net, dec fee, dec tick, dec *ret);
bool dca_round_tick(dec price, dec tick, enum dec_rounding r, dec *ret);

enum dca_phase { DCA_IDLE, DCA_BASE, DCA_RUN, DCA_EXIT };
enum dca_exit {
    DCA_EXIT_NONE,
    DCA_EXIT_TAKE_PROFIT,
    DCA_EXIT_TRAILING,
    DCA_EXIT_STOP_LOSS,
    DCA_EXIT_BREAK_EVEN,
    DCA_EXIT_TIMEOUT,
    DCA_EXIT_DUST,
};

/* Why no deal begins. */
enum dca_held { DCA_HELD_NOTHING, DCA_HELD_DEALS, DCA_HELD_BUDGET, DCA_HELD_TERMS, DCA_HELD_COUNT };

/* One place of the deal at which an order works: the base order, a safety order, a take-profit
 * step, the exit. It never has two orders at once. */
struct dca_leg {
    order_id id;      /* 0: none */
    dec open;         /* what that order has not filled yet */
    dec spent;        /* buys: cost of what all its orders got */
    int64_t retry_ns; /* no new order before */
    uint32_t fails;   /* in a row */
    uint32_t orders;  /* it has had */
    bool complete, canceling;
    bool part; /* its order is a part of what it should be, for sell_max */
};

/* The state machine of a deal (enum dca_phase), what leads on in brackets:
 *
 *   IDLE -> [price, cooldown, limits, budget] -> BASE -> [a fill of a limit order, or the end of a
 *   market order that bought something] -> RUN -> [all sold, trailing, stop, time] -> EXIT ->
 *   [nothing open, nothing left to sell] -> IDLE; and BASE -> [ended without a fill] -> IDLE
 */
struct dca_deal {
    struct dca_terms terms;
    struct dca_ladder ladder; /* follows from the terms */
    dec first_price;
    int64_t begun_ns, base_until_ns;
    dec bought, net, cost; /* quantity of its buys, the same less fees, price times quantity */
    dec held;              /* what it may sell: net and carried dust, less what it sold */
    dec proceeds;          /* of its sells, less fees in quote */
    bool resize;           /* take-profit orders no longer fit what is held */
    int64_t resize_ns;     /* not before */
    bool armed;            /* trailing: the last take-profit price was reached ... */
    dec high;              /* ... and the highest price since */
    int64_t below_ns;      /* since when the price is at or below the stop; 0: it is not */
    dec sell_max;          /* larger sells were refused; zero: none was */
    bool rest_at_market;   /* the base order timed out: what it lacks is bought at market */
    enum dca_exit exit;
    int64_t exit_ns; /* since when; 0: it has just begun */
    struct dca_leg base, safety[DCA_SAFETY_MAX], take[DCA_STEPS_MAX], sell;
};

struct dca_safety {
    enum dca_phase phase;
    uint32_t attempt; /* in the tags of its orders: one more for each base order's start */
    uint64_t ended;   /* deals that have */
    uint64_t won;     /* of these: with a profit above 0 */
    dec profit;       /* of these, fees in quote and base counted */
    dec dust;         /* base that was left of them, too little to sell */
    int64_t next_ns;  /* no new deal before */
    uint32_t fails;   /* base orders in a row that bought nothing */
    uint32_t told;    /* why no deal begins, as told last */
    struct dca_deal deal;
};

struct dca {
    enum trading_state seen_state;
    bool triggered;   /* start_price was reached, or there is none */
    dec trigger_from; /* the price at which it was first looked for */
    int64_t timer_ns; /* as asked for last; 0: none, < 0: not known */
    struct dca_scheduled scheduled;
    struct dca_safety safety;
};

/* Asks for a timer at [at_ns] (INT64_MAX: none) unless that is what was asked for last. */
void dca_timer(struct dca *d, struct intents *out, int64_t at_ns);

/* dca_scheduled.c: one event, start_price being reached. */
enum err dca_scheduled_event(struct dca *d, const struct strategy_view *v, const struct event *e,
                             struct intents *out);

/* dca_safety.c: the same. */
enum err dca_safety_event(struct dca *d, const struct strategy_view *v, const struct event *e,
                          struct intents *out);
/* The stop's price of a deal that holds something; false where it has none. */
bool dca_stop_price(const struct dca_deal *deal, const struct strategy_view *v, dec *ret);

/* dca_deal.c */
#define DCA_TAG_SAFETY 1u   /* + n: safety order n (from 0) */
#define DCA_TAG_TAKE   101u /* + n: take-profit step n */
#define DCA_TAG_SELL   201u
/* Counts a fill. */
enum err dca_deal_fill(struct dca_safety *s, const struct strategy_view *v,
                       const struct event_fill *f);
/* Counts the end of an order. */
void dca_deal_order(struct dca_safety *s, const struct strategy_view *v,
                    const struct event_order *a);
/* Orders of a state that was loaded which the engine does not know as open. */
void dca_deal_forget(struct dca_safety *s, const struct strategy_view *v);
bool dca_deal_is_open(const struct dca_deal *deal); /* any order is */
/* Asked once, until the venue refuses. */
void dca_leg_cancel(struct dca_leg *leg, int64_t now, struct intents *out);
void dca_deal_cancel_buys(struct dca_deal *deal, int64_t now, struct intents *out);
void dca_deal_cancel_takes(struct dca_deal *deal, int64_t now, struct intents *out);
/* When a refused cancel may be asked for again; INT64_MAX: there is none. */
int64_t dca_deal_next_cancel(const struct dca_deal *deal, int64_t now);
/* What no own sell binds. */
dec dca_deal_free(const struct dca_deal *deal);
/* Cuts a quantity to the venue's max_qty, and to [most] (zero: none); true where it did. */
bool dca_part(const struct instrument_rules *r, dec most, dec *qty);
/* Places the safety orders that are due, up to active_count. Returns when the next becomes due. */
int64_t dca_deal_place_buys(struct dca_safety *s, const struct strategy_view *v,
                            struct intents *out);
/* Brings the take-profit orders in line with what is held. Returns when to look again. */
int64_t dca_deal_place_takes(struct dca_safety *s, const struct strategy_view *v,
                             struct intents *out);
/* [role]: 0 is the base order, else DCA_TAG_... */
void dca_leg_submit(struct dca_safety *s, struct dca_leg *leg, uint32_t role,
                    struct order_request *q, struct intents *out);

/* ---- dca_plan.c, dca_saved.c ---- */

enum err dca_plan(const struct params *p, const struct instrument *const *in, dec price,
                  dec maker_fee, dec taker_fee, struct plan *ret);
enum err dca_save(const void *state, struct bufw *out);
enum err dca_load(void *state, struct bufr *in);

#endif

/* momentum's inside, shared by the files strategies/momentum*.c only. What it does is in
 * docs/definitions.md, "momentum", and in docs/strategies/momentum.md. */
#ifndef TW_STRATEGIES_MOMENTUM_H
#define TW_STRATEGIES_MOMENTUM_H

#include "indicators.h"
#include "strategy.h"

/* ---- momentum_params.c: the table ---- */

enum {
    P_INSTRUMENT,
    P_TIMEFRAME,
    P_FAST,
    P_SLOW,
    P_AMOUNT,
    P_ENTRY,
    P_MACD_FAST,
    P_MACD_SLOW,
    P_MACD_SIGNAL,
    P_RSI_PERIODS,
    P_RSI_ENTRY,
    P_RSI_EXIT,
    P_BOLLINGER_PERIODS,
    P_BOLLINGER_WIDTH,
    P_BOLLINGER_ENTRY,
    P_SUPERTREND_PERIODS,
    P_SUPERTREND_WIDTH,
    P_ADX_PERIODS,
    P_ADX_MIN,
    P_FILTER_EMA_CROSS,
    P_FILTER_MACD,
    P_FILTER_RSI_MIN,
    P_FILTER_RSI_MAX,
    P_FILTER_BOLLINGER_MIN,
    P_FILTER_BOLLINGER_MAX,
    P_FILTER_SUPERTREND,
    P_FILTER_ADX_MIN,
    P_FILTER_EMA,
    P_EXIT_SIGNAL,
    P_TAKE_PROFIT,
    P_STOP_LOSS,
    P_TRAILING_STOP,
    P_TRAILING_ACTIVATION,
    P_TIME_LIMIT,
    P_RETURN_AFTER,
    P_RETURN_MIN,
    P_RISK_AMOUNT,
    P_ATR_PERIODS,
    P_ATR_MULTIPLE,
    P_ATR_STOP,
    P_ENTRY_ORDER,
    P_EXIT_ORDER,
    P_LIMIT_OFFSET,
    P_TIF,
    P_POST_ONLY,
    P_UNFILLED_TIMEOUT,
    P_REPRICES,
    P_COOLDOWN,
};

/* Indices into the choices of the table. */
enum entry_kind {
    ENTRY_EMA_CROSS,
    ENTRY_MACD,
    ENTRY_RSI,
    ENTRY_BOLLINGER,
    ENTRY_SUPERTREND,
    ENTRY_ADX
};
enum bollinger_entry { BOLLINGER_REVERSAL, BOLLINGER_BREAKOUT };
enum order_choice { CHOICE_MARKET, CHOICE_LIMIT };
enum tif_choice { CHOICE_GTC, CHOICE_IOC, CHOICE_FOK };

extern const struct param_spec momentum_params[];
enum err momentum_check(const struct params *p, const struct instrument *in, const char **key,
                        char *why, size_t cap);

/* Whether a switch is on: it is given, and true. */
static inline bool is_on(const struct params *p, uint32_t i)
{
    return p->value[i].present && p->value[i].boolean;
}

/* Whether sizes or stops need the average true range. */
static inline bool needs_range(const struct params *p)
{
    return p->value[P_RISK_AMOUNT].present || is_on(p, P_ATR_STOP);
}

/* ---- momentum_plan.c ---- */

enum err momentum_plan(const struct params *p, const struct instrument *const *in, dec price,
                       dec maker_fee, dec taker_fee, struct plan *ret);

/* ---- momentum_signal.c: what candles say; the only file here that computes with doubles ---- */

enum {
    USES_EMA_CROSS = 1u << 0,
    USES_MACD = 1u << 1,
    USES_RSI = 1u << 2,
    USES_BOLLINGER = 1u << 3,
    USES_SUPERTREND = 1u << 4,
    USES_ADX = 1u << 5,
    USES_EMA = 1u << 6,
    USES_ALL = (1u << 7) - 1,
};

struct signal {
    uint32_t uses; /* the indicators that run */
    uint64_t candles;
    struct bar last; /* the newest candle */
    bool was_up;     /* what the entry looks for was so at the newest candle */
    bool turned;     /* and was not so at the one before */
    struct ema fast, slow, filter;
    struct macd macd;
    struct rsi rsi;
    struct bollinger bollinger;
    struct supertrend supertrend;
    struct adx adx;
};

void signal_init(struct signal *s, const struct params *p);
/* Live parameters changed: an indicator that was not needed before starts anew. */
void signal_params(struct signal *s, const struct params *p);
void signal_add(struct signal *s, const struct params *p, const struct event_candle *c);
/* Whether every indicator in use has seen enough candles. */
bool signal_ready(const struct signal *s);
/* At the newest candle: the entry's condition has become true, and every filter agrees. */
bool signal_enters(const struct signal *s, const struct params *p);
bool signal_leaves(const struct signal *s, const struct params *p);
/* Candles that signal_ready() needs. */
uint32_t signal_warmup(const struct params *p);
/* What the entry looks at and what it compares that with, and others; zero for what does not run.
 */
struct signal_figures {
    dec value, level, adx, rsi, ema;
};
void signal_figures(const struct signal *s, const struct params *p, struct signal_figures *ret);
void signal_save(const struct signal *s, struct bufw *out);
void signal_load(struct signal *s, struct bufr *in); /* on one that signal_init() made */

/* ---- the state ---- */

enum stage {
    STAGE_FLAT,     /* holds nothing that could be sold */
    STAGE_ENTERING, /* a buy is open, or another is to follow */
    STAGE_HOLDING,
    STAGE_EXITING, /* sells until nothing is left */
};

enum cause {
    CAUSE_NONE,
    CAUSE_SIGNAL,
    CAUSE_STOP_LOSS,
    CAUSE_TRAILING_STOP,
    CAUSE_TAKE_PROFIT,
    CAUSE_RETURN,
    CAUSE_TIME_LIMIT,
};

/* The average true range in decimals, since quantities come from it: Wilder's, as indicators.h has
 * it. */
struct range {
    uint64_t count; /* true ranges taken in */
    bool begun;
    dec last_close, sum, value;
};

struct momentum {
    struct signal signal;
    struct range range;
    enum stage stage;
    enum cause cause;      /* of the exit under way */
    order_id buy, sell;    /* the open ones, or 0 */
    dec buy_qty, sell_qty; /* what they were asked for */
    int64_t buy_asked_ns;  /* when the cancel of the buy was asked for first, and last; 0: not */
    int64_t buy_again_ns;
    int64_t sell_asked_ns, sell_again_ns;
    uint64_t parent; /* of the entry's or the exit's orders */
    dec parent_left;
    dec binding;  /* what a buy binds, as a ratio of quantity x price: from a refusal; 0: not known
                   */
    dec want;     /* still to be bought */
    dec part_max; /* of an exit: no order of more; 0: no such bound */
    bool shrunk;  /* the next refusal for size waits like any other */
    uint32_t tries;           /* orders of this entry or exit that ended with something left */
    uint32_t failures;        /* sells refused in a row */
    uint32_t refusals;        /* entries refused in a row */
    int64_t next_ns;          /* no order of this entry or exit before */
    int64_t idle_until_ns;    /* cooldown */
    int64_t blocked_until_ns; /* entries rest after a refusal */
    int64_t entered_ns;       /* first fill of what is held; 0: none */
    dec peak;                 /* highest price since then */
    dec stop_distance;        /* below the entry price; 0: not known */
    dec dust;                 /* what was held when the last exit ended: too little to sell */
    int64_t timer_ns;         /* the timer asked for; 0: none */
};

/* ---- momentum_size.c ---- */

enum err range_add(struct range *r, int64_t periods, const struct event_candle *c) MUST_CHECK;
/* Price of a buy (ask) or a sell (bid), else the last trade; false while the feed is not live. */
bool trade_price(const struct strategy_view *v, enum side side, dec *ret);
/* The most that the free money buys at [price]. */
enum err affordable(const struct momentum *m, const struct strategy_view *v, dec price,
                    dec *ret) MUST_CHECK;
/* The entry's quantity at [price], rounded down to the lot, within what is free; 0 with *why where
 * it cannot be. */
enum err entry_qty(const struct momentum *m, const struct strategy_view *v, dec price, dec *ret,
                   const char **why) MUST_CHECK;
/* [qty] rounded down to the lot; 0 where the venue takes no order of so little at the mark. */
enum err orderable(const struct strategy_view *v, dec qty, dec *ret) MUST_CHECK;
/* What of the position can be sold now. */
enum err sellable(const struct strategy_view *v, dec *ret) MUST_CHECK;
/* Average cost of the position, fees included; false where there is none. */
bool entry_price(const struct strategy_view *v, dec *ret);

/* ---- momentum_exits.c ---- */

/* The price at which stop-loss or trailing stop sell, whichever is higher; 0: neither is set. The
 * trailing stop counts once it is active: *trailing tells that it is the one. */
enum err stop_price(const struct momentum *m, const struct strategy_view *v, dec entry, dec *ret,
                    bool *trailing) MUST_CHECK;
/* Whether a protective exit is due at the price now; raises the peak. */
enum err exits_look(struct momentum *m, const struct strategy_view *v, enum cause *ret) MUST_CHECK;

/* ---- momentum_orders.c ---- */

void orders_filled(struct momentum *m, const struct strategy_view *v, const struct event_fill *f);
/* Looks at what became of the open orders, and at what is held. */
enum err orders_settle(struct momentum *m, const struct strategy_view *v, const struct event *e,
                       struct intents *out) MUST_CHECK;
enum err begin_entry(struct momentum *m, const struct strategy_view *v,
                     struct intents *out) MUST_CHECK;
void begin_exit(struct momentum *m, const struct strategy_view *v, enum cause cause,
                struct intents *out);
/* Sends and cancels what the stage asks for. */
enum err orders_work(struct momentum *m, const struct strategy_view *v,
                     struct intents *out) MUST_CHECK;
void orders_timer(struct momentum *m, const struct strategy_view *v, struct intents *out);

/* ---- momentum_save.c ---- */

enum err momentum_save(const void *state, struct bufw *out);
enum err momentum_load(void *state, struct bufr *in);

#endif

/* The setup of a run: what the configuration file says, resolved to indices and exact values.
 *
 * config/ makes one from TOML; the engine, the simulator and the sessions read it. It is constant
 * for a run.
 */
#ifndef TW_MODEL_SETUP_H
#define TW_MODEL_SETUP_H

#include "base/decimal.h"
#include "model/instrument.h"
#include "model/param.h"

#include <stdbool.h>
#include <stdint.h>

#define SETUP_VENUES_MAX      8
#define SETUP_ASSETS_MAX      64
#define SETUP_INSTRUMENTS_MAX 64
#define SETUP_STRATEGIES_MAX  1024
#define SETUP_GROUPS_MAX      16
#define URL_MAX_BYTES         256
#define PATH_MAX_BYTES        256

struct strategy_ops; /* strategies/strategy.h */

enum agent_mode { MODE_PAPER = 1, MODE_LIVE = 2 };
enum fill_model { FILL_TOUCH = 1, FILL_CROSS = 2, FILL_QUEUE = 3 };

/* What becomes of an order that could trade with an own one; 0: it is let go (setups made by hand).
 */
enum self_trade {
    SELF_TRADE_DENY = 1,           /* it is denied */
    SELF_TRADE_CANCEL_RESTING = 2, /* denied, and the other is cancelled: the next try may pass */
    SELF_TRADE_OFF = 3,            /* it is let go: the venue's own prevention is relied upon */
};

/* Limits; a limit that is absent (present bit unset) does not apply in paper mode. Values in agent
 * quote. One struct for every scope; which of them a scope can be given says the schema, and a
 * narrower scope's is never looser than a wider one's. */
struct risk_setup {
    dec max_order_value, max_order_qty, max_position_value, max_gross_exposure;
    dec max_asset_exposure; /* of any one base asset, over all venues and quote assets */
    dec price_collar;       /* ratio from the reference, aggressive side */
    dec daily_loss;         /* agent quote */
    dec max_drawdown;       /* ratio from the high-water mark */
    uint32_t max_open_orders;
    uint32_t max_messages;   /* orders and cancels per message_interval */
    uint32_t cancel_reserve; /* of max_messages, kept for cancels */
    uint32_t max_executions; /* orders of a strategy, on one instrument and side, that got a fill */
    int64_t execution_interval_ns; /* ... within this time */
    int64_t message_interval_ns;
    int64_t max_reference_age_ns;
    int64_t duplicate_window_ns; /* 0: duplicates are not looked for */
    int64_t day_offset_ns;       /* start of the trading day after midnight UTC */
    enum self_trade self_trade;
    bool has_max_order_value, has_max_order_qty, has_max_position_value, has_max_gross_exposure,
        has_max_asset_exposure, has_price_collar, has_daily_loss, has_max_drawdown,
        has_max_open_orders, has_max_messages, has_max_executions, has_max_reference_age;
};

/* Assets that move together: what is held of all of them counts as one exposure. */
struct risk_group {
    char name[NAME_MAX_BYTES];
    uint64_t assets; /* bit n: asset n */
    dec max_exposure;
};

struct venue_setup {
    char name[NAME_MAX_BYTES]; /* as in the file: "binance" */
    char kind[NAME_MAX_BYTES]; /* the dialect: "binance-spot" */
    char ws_url[URL_MAX_BYTES], rest_url[URL_MAX_BYTES];
    char ca_file[PATH_MAX_BYTES]; /* "" = the system's store */
    dec maker_fee, taker_fee;     /* ratios: 0.001 is 0.1 % */
    asset_id fee_asset;           /* third asset that pays fees, or ASSET_NONE */
    int64_t stale_after_ns;       /* payload age at which a feed is stale */
    /* paper and backtest */
    enum fill_model fill_model;
    int64_t order_latency_ns;
    dec slippage; /* ratio, for market orders where there is no book */
    /* Two venues of the same kind with the same exchange are accounts of one exchange: orders of
     * both meet in one book. */
    char exchange[URL_MAX_BYTES];
    struct risk_setup risk;
};

/* How one asset of one venue is valued in the agent's quote currency: a chain of at most two
 * instruments. */
struct conversion {
    bool known;
    uint8_t steps; /* 0: it is the quote currency */
    instrument_id instrument[2];
    bool inverse[2]; /* divide by the mark instead of multiplying */
};

/* What a strategy has of one asset on one venue at the start. */
struct allotment {
    venue_id venue;
    asset_id asset;
    dec amount;
};

#define STRATEGY_INSTRUMENTS_MAX 4
#define STRATEGY_ASSETS_MAX      (2 * STRATEGY_INSTRUMENTS_MAX) /* base and quote of each */

/* Guards that act on results: [guard], [guard.agent], [strategy.guard]; what each means is in
 * docs/definitions.md. The members of one guard are given together or not at all. */
struct guard_setup {
    uint32_t loss_count;    /* losing closes ... */
    uint32_t profit_trades; /* closes ... */
    int64_t loss_lookback_ns, loss_pause_ns;
    int64_t cooldown_ns, cooldown_after_loss_ns;
    int64_t profit_lookback_ns, profit_pause_ns;
    dec min_profit;      /* agent quote; may be negative */
    bool cancel_entries; /* a lock also cancels the open buys */
    bool has_loss_count, has_loss_lookback, has_loss_pause, has_cooldown, has_cooldown_after_loss,
        has_profit_trades, has_profit_lookback, has_profit_pause, has_min_profit;
};
#define GUARD_LOSSES_MAX 1000
#define GUARD_CLOSES_MAX 1024 /* of more than these within profit_lookback the newest count */

/* Which prices of an instrument are believed: [guard.price], [instrument.guard]. */
struct price_guard_setup {
    dec max_jump; /* ratio */
    int64_t jump_window_ns, jump_confirm_ns;
    instrument_id cross_check; /* of has_max_deviation */
    dec max_deviation;         /* ratio, of the other's price */
    bool has_max_jump, has_max_deviation;
};
#define JUMP_UPDATES 3 /* consistent prices that confirm a jump, after jump_confirm */

/* When a strategy may enter: minutes of the week from Monday 00:00 UTC, [from, to), ascending,
 * apart. */
#define WEEK_MINUTES         (7 * 24 * 60)
#define SCHEDULE_ENTRIES_MAX 8 /* in the file; each makes at most one window a day */
#define SCHEDULE_WINDOWS_MAX 64
struct schedule {
    uint32_t count; /* 0: always */
    struct schedule_window {
        uint16_t from, to;
    } window[SCHEDULE_WINDOWS_MAX];
};

/* What becomes of a strategy's orders and positions when the daemon stops, and of its orders when
 * it starts again; 0 (setups made by hand): kept, adopted. */
enum on_stop { ON_STOP_CANCEL = 1, ON_STOP_CLOSE = 2, ON_STOP_KEEP = 3 };
enum on_restart { ON_RESTART_ADOPT = 1, ON_RESTART_CANCEL = 2 };

/* Where the candles that a strategy wants to have seen come from. */
enum warmup { WARMUP_VENUE = 1, WARMUP_NONE = 2 };

struct strategy_setup {
    char name[NAME_MAX_BYTES];
    const struct strategy_ops *ops;
    struct params params;
    /* Those its parameters name, in table order: also its allow-list. */
    instrument_id instrument[STRATEGY_INSTRUMENTS_MAX];
    uint32_t instruments;
    asset_id budget_asset; /* the quote asset of its first instrument */
    dec budget;            /* of budget_asset, moved into its sub-ledger at the start */
    dec inventory;         /* of the first instrument's base asset, likewise */
    struct allotment fund[STRATEGY_ASSETS_MAX]; /* of its other assets, likewise */
    uint32_t funds;
    enum on_stop on_stop;
    enum on_restart on_restart;
    enum warmup warmup;
    struct risk_setup risk;   /* may only be stricter than the agent's */
    struct guard_setup guard; /* the agent's [guard], made stricter by its own */
    struct schedule schedule;
};

/* Something a person wants to be told of; docs/definitions.md, "Alerts". */
#define SETUP_ALERTS_MAX 64
#define ALERT_TEXT_MAX   128
enum alert_of {
    ALERT_OF_PRICE = 1,
    ALERT_OF_CHANGE = 2,
    ALERT_OF_SPREAD = 3,
    ALERT_OF_RSI = 4,
    ALERT_OF_EMA_CROSS = 5,
    ALERT_OF_BALANCE = 6,
    ALERT_OF_EQUITY = 7,
    ALERT_OF_DRAWDOWN = 8,
    ALERT_OF_FIGURE = 9,
    ALERT_OF_SIGNER_SEALED = 10,
    ALERT_OF_SIGNER_LOST = 11,
};
enum alert_repeat { ALERT_ONCE = 1, ALERT_EACH_TIME = 2 };
struct alert_setup {
    char name[NAME_MAX_BYTES], text[ALERT_TEXT_MAX];
    enum alert_of when;
    instrument_id instrument; /* INSTRUMENT_NONE where it needs none */
    strategy_id strategy;     /* STRATEGY_NONE: the agent, all */
    venue_id venue;           /* VENUE_NONE: all */
    asset_id asset;           /* ASSET_NONE where it needs none */
    char figure[NAME_MAX_BYTES];
    dec above, below; /* one of them */
    dec hysteresis;
    int64_t window_ns, timeframe_ns, cooldown_ns;
    uint32_t periods, fast, slow;
    enum alert_repeat repeat;
    bool has_above, has_below, has_window, has_timeframe, has_periods, has_fast, has_slow,
        has_hysteresis, has_cooldown;
};

/* The process that holds the keys: [signer]. "" is its own default, which the programs look up when
 * they need it, so that a setup is a function of the file. */
struct signer_setup {
    bool given;    /* there is a [signer]: it is asked, and `tradewind run` starts it */
    bool required; /* without it the agent is not started */
    char sockets[PATH_MAX_BYTES]; /* directory */
    char store[PATH_MAX_BYTES];   /* the key store's file */
};

/* Opening balance of one asset on one venue: paper and backtest. */
struct balance_setup {
    venue_id venue;
    asset_id asset;
    dec amount;
};

/* How the journal is kept: no part of what the engine is. */
struct journal_setup {
    uint32_t segment_kib;
    int64_t segment_age_ns;
};

struct setup {
    char agent_name[NAME_MAX_BYTES]; /* also the tag in client order ids */
    enum agent_mode mode;
    asset_id quote; /* the currency of reports and limits */
    char state_dir[PATH_MAX_BYTES], control_socket[PATH_MAX_BYTES];
    uint64_t seed;
    int64_t stop_timeout_ns; /* on_stop has that long */
    struct journal_setup journal;

    struct signer_setup signer;
    uint32_t alerts;
    struct alert_setup alert[SETUP_ALERTS_MAX];
    uint32_t venues, assets, instruments, strategies, balances;
    struct venue_setup venue[SETUP_VENUES_MAX];
    char asset[SETUP_ASSETS_MAX][ASSET_NAME_MAX];
    struct instrument instrument[SETUP_INSTRUMENTS_MAX]; /* rules: from the file, or unknown */
    struct price_guard_setup price_guard[SETUP_INSTRUMENTS_MAX];
    struct strategy_setup strategy[SETUP_STRATEGIES_MAX];
    struct balance_setup balance[SETUP_VENUES_MAX * SETUP_ASSETS_MAX];
    struct conversion conversion[SETUP_VENUES_MAX][SETUP_ASSETS_MAX];
    struct risk_setup risk;         /* the agent's */
    struct guard_setup guard;       /* of each strategy, where its own is not stricter */
    struct guard_setup guard_agent; /* over the closes of all strategies together */
    struct risk_setup instrument_risk[SETUP_INSTRUMENTS_MAX];
    uint32_t groups;
    struct risk_group group[SETUP_GROUPS_MAX];
};

const char *alert_of_name(enum alert_of a); /* "ema_cross" */
bool alert_of_signer(enum alert_of a);      /* it is so or not, and has no level */

/* "BTC-USDT" on a venue -> index, or INSTRUMENT_NONE. */
instrument_id setup_find_instrument(const struct setup *s, venue_id venue, const char *symbol);
/* Asset name -> index, or ASSET_NONE. */
asset_id setup_find_asset(const struct setup *s, const char *name);
/* Strategy name -> index, or STRATEGY_NONE. */
strategy_id setup_find_strategy(const struct setup *s, const char *name);

/* Every asset that strategy [id] may hold, once: base and quote of each of its instruments, in
 * their order, on their venues; with what it has of them at the start. Returns how many. */
uint32_t setup_allotments(const struct setup *s, strategy_id id,
                          struct allotment ret[STRATEGY_ASSETS_MAX]);

/* Sets what strategy [id] has of an asset at the start. False, and nothing is changed, where none
 * of its instruments on that venue has the asset. */
bool setup_set_allotment(struct setup *s, strategy_id id, venue_id venue, asset_id asset,
                         dec amount);

/* Whether instrument [i] is a cross to strategy [id]: it trades none of the agent's quote, and the
 * strategy has, on its venue, an instrument of each of its two assets against that. These are then
 * home[0] (of the base) and home[1] (of the quote): what trades on the cross is booked as positions
 * of them. */
bool setup_is_cross(const struct setup *s, strategy_id id, instrument_id i, instrument_id home[2]);

/* The instrument that an allotment is a position of: on that venue with this base, the one against
 * the agent's quote, else the first. INSTRUMENT_NONE for what is money to the strategy: the quote
 * of its first instrument (unless that is a cross), and what is no instrument's base. */
instrument_id setup_inventory_instrument(const struct setup *s, strategy_id id, venue_id venue,
                                         asset_id asset);

/* Fills conversion[][] for every asset of every venue: directly, else over one intermediate asset;
 * instruments of the same venue first, then lower indices. Called after instruments, assets and
 * quote are set. */
void setup_resolve_conversions(struct setup *s);

#endif

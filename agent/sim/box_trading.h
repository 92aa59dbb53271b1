/* The exchange in a box, trading side: accounts, orders and what they trade against.
 *
 * Pure of sockets, clocks and files. What is asked comes in through sim/box_entry.h, the market
 * through box_trading_print() and box_trading_levels(); what accounts should hear goes out through
 * a callback as the venue's user events. Matching follows docs/definitions.md ("Matching") with
 * what a venue has beyond paper: many accounts that meet each other, self-trade prevention,
 * conditional orders. The market's own volume is better known than ours: at one price it goes
 * first.
 *
 * Money is exact: quantities and amounts are decs, a fill moves exactly price x quantity.
 */
#ifndef TW_SIM_BOX_TRADING_H
#define TW_SIM_BOX_TRADING_H

#include "model/order.h"
#include "sim/box.h"
#include "sim/box_faults.h"

#define BOX_ACCOUNTS_MAX  16
#define BOX_KEYS_MAX      8 /* of one account */
#define BOX_ASSETS_MAX    128
#define BOX_ORDERS_MAX    262144  /* ever; beyond, the venue is too busy for new ones */
#define BOX_FILLS_MAX     1048576 /* ever; beyond, nothing trades any more */
#define BOX_LISTS_MAX     65536
#define BOX_PREVENTED_MAX 65536
#define BOX_TAKEN_MAX     4096 /* levels of one symbol of which it is known what was taken */
#define BOX_CLIENT_ID_MAX 36
#define BOX_KEY_TEXT_MAX  128 /* an API key, and an HMAC secret */
#define BOX_KEY_BYTES     32  /* of an Ed25519 public key */
#define BOX_ACCOUNT_NAME  32

/* What the clients of the venue call a type, a status ... : box_order_names.c has the words. */
enum box_type {
    BOX_LIMIT,
    BOX_MARKET,
    BOX_STOP_LOSS,
    BOX_STOP_LOSS_LIMIT,
    BOX_TAKE_PROFIT,
    BOX_TAKE_PROFIT_LIMIT,
    BOX_LIMIT_MAKER,
    BOX_TYPES
};
enum box_tif { BOX_GTC, BOX_IOC, BOX_FOK, BOX_TIFS };
enum box_status {
    BOX_NEW,
    BOX_PARTIALLY_FILLED,
    BOX_FILLED,
    BOX_CANCELED,
    BOX_REJECTED,
    BOX_EXPIRED,
    BOX_EXPIRED_IN_MATCH,
    BOX_STATUSES
};
enum box_stp {
    BOX_STP_NONE,
    BOX_STP_EXPIRE_MAKER,
    BOX_STP_EXPIRE_TAKER,
    BOX_STP_EXPIRE_BOTH,
    BOX_STP_DECREMENT,
    BOX_STP_TRANSFER,
    BOX_STPS
};
/* Why an order expired. */
enum box_expiry {
    BOX_EXPIRY_NONE,
    BOX_EXPIRY_REJECTED,
    BOX_EXPIRY_OCO_TRIGGER,
    BOX_EXPIRY_IOC,
    BOX_EXPIRY_FOK,
    BOX_EXPIRY_LIQUIDITY,
    BOX_EXPIRIES
};
/* What happened to an order, as the user events name it. */
enum box_execution {
    BOX_X_NEW,
    BOX_X_CANCELED,
    BOX_X_TRADE,
    BOX_X_EXPIRED,
    BOX_X_TRADE_PREVENTION,
    BOX_EXECUTIONS
};

extern const char *const BOX_TYPE_NAME[BOX_TYPES],
    *const BOX_TIF_NAME[BOX_TIFS], *const BOX_STATUS_NAME[BOX_STATUSES],
                                       *const BOX_STP_NAME[BOX_STPS],
                                           *const BOX_EXPIRY_NAME[BOX_EXPIRIES],
                                               *const BOX_EXECUTION_NAME[BOX_EXECUTIONS];
/* Index of [text] in [count] names, or -1. */
int box_name_find(const char *const *name, int count, const char *text);

/* ---- accounts ---- */

enum box_key_kind { BOX_KEY_HMAC, BOX_KEY_ED25519 };

struct box_key {
    char id[BOX_KEY_TEXT_MAX + 1];
    enum box_key_kind kind;
    char secret[BOX_KEY_TEXT_MAX + 1]; /* HMAC */
    uint8_t public_key[BOX_KEY_BYTES]; /* Ed25519 */
    bool can_read, can_trade, can_withdraw, bound_to_address;
};

struct box_balance {
    dec free, locked;
};

struct box_account {
    char name[BOX_ACCOUNT_NAME + 1];
    int64_t uid;
    int64_t trade_group; /* -1: none */
    dec maker, taker;    /* commission rates */
    int fee_asset;       /* paid in where there is enough of it (BNB); -1: in what was received */
    dec fee_discount;    /* of the rates when paid so */
    uint32_t keys;
    struct box_key key[BOX_KEYS_MAX];
    struct box_balance balance[BOX_ASSETS_MAX];
    bool known[BOX_ASSETS_MAX];              /* ever had something of it */
    struct box_balance told[BOX_ASSETS_MAX]; /* as in the last user event */
    int64_t updated_us;
    int64_t interval[2];    /* the running 10 s and day of the two counts below */
    uint32_t unfilled[2];   /* orders that count against the limits */
    struct box_order *open; /* newest first */
    uint32_t open_count;
};

/* ---- orders ---- */

struct box_order {
    uint64_t id;
    uint32_t account, symbol;
    char client_id[BOX_CLIENT_ID_MAX + 1];
    enum side side;
    enum box_type type;
    enum box_tif tif;
    enum box_status status;
    enum box_stp stp;
    enum box_expiry expiry;
    dec price, qty, quote_qty, stop, iceberg; /* zero: not given */
    dec executed, cost;                       /* filled so far, in base and in quote */
    dec prevented;
    dec locked;   /* in quote (buys) or base (sells) */
    bool working; /* on the book or through the matching; conditional orders wait before that */
    bool was_conditional;
    bool filled_once, rested;
    bool has_strategy, has_strategy_type, has_iceberg;
    int64_t strategy, strategy_type;
    int64_t created_us, updated_us, working_us; /* working_us: -1 before */
    int64_t prevented_match;                    /* -1: none */
    uint64_t list;                              /* 0: none; else its index + 1 */
    struct box_order *next, *prev;           /* of its side, best first, or of the waiting ones */
    struct box_order *open_next, *open_prev; /* of its account */
};

struct box_fill {
    uint64_t id;                   /* of the trade; both sides of one share it */
    uint64_t order, counter_order; /* counter_order 0: the market */
    uint32_t account, symbol;
    enum side side;
    bool maker;
    dec price, qty, quote_qty, commission;
    int commission_asset;
    int64_t time_us;
};

/* Two orders of which at most one trades. Of a list not its leg 1 but leg 0 may rest. */
struct box_list {
    uint64_t order[2];
    uint32_t account, symbol;
    char client_id[BOX_CLIENT_ID_MAX + 1];
    bool reacted; /* one leg traded, worked or ended, and so the other one ended */
    bool done;    /* both are over */
    int64_t time_us;
};

struct box_prevented {
    uint64_t id, taker, maker;
    uint32_t symbol;
    int64_t group;
    enum box_stp mode;
    dec price, taker_qty, maker_qty; /* zero: not told */
    int64_t time_us;
};

/* ---- rules of a symbol ---- */

struct box_rules {
    bool trading, iceberg, oco, quote_market, cancel_replace;
    bool type[BOX_TYPES];
    dec min_price, max_price, tick;
    dec min_qty, max_qty, step;
    dec market_min, market_max, market_step;
    bool by_side; /* PERCENT_PRICE_BY_SIDE, else PERCENT_PRICE with the bid's numbers */
    dec bid_up, bid_down, ask_up, ask_down; /* zero: no such filter */
    int percent_mins, notional_mins;
    bool is_notional; /* NOTIONAL, else MIN_NOTIONAL */
    dec min_notional, max_notional, max_position;
    bool min_to_market, max_to_market;
    uint32_t max_orders, max_algo, max_iceberg, iceberg_parts; /* 0: no limit */
    enum box_stp stp;
    uint32_t stp_allowed; /* bits */
};

/* Reads an entry of exchangeInfo. Filters it does not know are left out. ERR_SYNTAX and so on where
 * it is damaged. */
enum err box_rules_read(const char *info, size_t len, struct box_rules *ret) MUST_CHECK;

/* What the filters look at beside the order. */
struct box_view {
    dec average[2]; /* of percent_mins, of notional_mins; zero: unknown */
    uint32_t open, algo, iceberg;
    dec position; /* of the base asset: balance and open buys */
};
/* The first filter that the order fails, in the venue's words ("Filter failure: PRICE_FILTER"), or
 * NULL. */
const char *box_rules_check(const struct box_rules *r, const struct box_order *o,
                            const struct box_view *v);

/* ---- the whole ---- */

enum box_fill_model { BOX_TOUCH, BOX_CROSS };

struct box_market {
    bool ready;
    struct box_rules rules;
    int base, quote;           /* assets */
    struct box_order *side[2]; /* resting, best first, by enum side */
    struct box_order *waiting; /* conditional orders */
    bool has_last;
    dec last;
    struct {
        dec price, qty;
    } * taken[2]; /* of the levels that buys (SIDE_BUY) and sells took; BOX_TAKEN_MAX each */
    uint32_t takens[2];
};

/* A user event of an account: one JSON object, valid during the call. */
typedef void box_user_fn(void *ctx, uint32_t account, const char *text, size_t len);
typedef int64_t box_clock_fn(void *ctx);
/* Whether [signature], as text, is the key's of [payload]. */
typedef bool box_verify_fn(const struct box_key *k, const char *payload, size_t len,
                           const char *signature);

struct box_trading {
    struct box *box;
    char asset[BOX_ASSETS_MAX][SYMBOL_MAX];
    uint32_t assets, accounts;
    struct box_account account[BOX_ACCOUNTS_MAX];
    struct box_market market[BOX_SYMBOLS_MAX];
    struct box_order **order; /* by id - 1 */
    uint32_t orders, order_cap;
    struct box_fill *fill;
    uint32_t fills, fill_cap;
    struct box_list *list;
    uint32_t lists, list_cap;
    struct box_prevented *prevented;
    uint32_t prevents, prevented_cap;
    uint64_t trades, generated, executions; /* running numbers */
    enum box_fill_model model;
    uint32_t order_limit[2]; /* per 10 s and day; 0: as documented */
    uint32_t weight_limit;
    box_clock_fn *clock; /* the venue's time in microseconds */
    void *clock_ctx;
    int64_t skew_us; /* added to it */
    box_verify_fn *verify;
    box_user_fn *tell;
    void *tell_ctx;
    struct box_faults faults;
    struct box_text event; /* room for user events */
};

/* [box] may get symbols later. Without a clock, time is the box's replay clock. */
void box_trading_init(struct box_trading *t, struct box *box);
void box_trading_free(struct box_trading *t);

/* Reads accounts and limits (docs/exchange.md tells the form). On failure nothing is usable and
 * [why] (BOX_WHY_MAX bytes) names line, field and what is wanted. */
enum err box_trading_read(struct box_trading *t, const char *text, size_t len,
                          char *why) MUST_CHECK;

int64_t box_trading_now_us(const struct box_trading *t);
/* Index, adding it where it is new; -1: BOX_ASSETS_MAX. */
int box_trading_asset(struct box_trading *t, const char *name, size_t len);
/* The account and key that [id] names; false: unknown. */
bool box_trading_key(struct box_trading *t, const char *id, uint32_t *account,
                     const struct box_key **key);

/* The symbol's rules are read at its first use; false: no live symbol. */
bool box_trading_market(struct box_trading *t, uint32_t symbol);

/* ---- what the market does (called by the box) ---- */

void box_trading_print(struct box_trading *t, uint32_t symbol, dec price, dec qty);
/* The market told these levels anew: what was taken of them is history. */
void box_trading_levels(struct box_trading *t, uint32_t symbol, enum side of,
                        const struct level *level, uint32_t count);

/* ---- orders ---- */

/* Places a filled-in order (id, status, times and amounts are set here). On refusal NULL, and
 * *code and *msg are the venue's; nothing happened then. [test]: checked only, and NULL with
 * code 0 when it would have been taken. */
struct box_order *box_place(struct box_trading *t, const struct box_order *want, bool test,
                            int *code, const char **msg);
/* Places both legs or none; want[0] is the one that may rest. */
struct box_list *box_place_list(struct box_trading *t, const struct box_order want[2],
                                const char *client_id, int *code, const char **msg);
/* Cancels an open order, and with it its list. [client_id]: of the cancel. */
void box_cancel(struct box_trading *t, struct box_order *o, const char *client_id);

bool box_is_open(const struct box_order *o);
static inline dec box_left(const struct box_order *o)
{
    return (dec){o->qty.v - o->executed.v - o->prevented.v};
}
struct box_order *box_order_by_id(const struct box_trading *t, uint32_t account, uint32_t symbol,
                                  uint64_t id);
/* The newest with this client id. */
struct box_order *box_order_by_client_id(const struct box_trading *t, uint32_t account,
                                         uint32_t symbol, const char *client_id);
/* A client id as the venue makes them; [out] has BOX_CLIENT_ID_MAX + 1 bytes. */
void box_generate_id(struct box_trading *t, char *out);

/* Weighted average price of the last [mins] minutes; 0: the last price. Zero where unknown. */
dec box_average_price(const struct box_trading *t, uint32_t symbol, int mins);

/* Books a deposit (or, negative, a withdrawal) and tells it; false where there is not that much. */
bool box_deposit(struct box_trading *t, uint32_t account, int asset, dec amount);

/* Unfilled orders of the account: the limits' intervals are 0: 10 s, 1: a day. */
uint32_t box_order_limit(const struct box_trading *t, int interval);
uint32_t box_unfilled(struct box_trading *t, uint32_t account, int interval);

/* Everything as JSON, with all digits: accounts, balances, orders, fills, lists. At most
 * BOX_BOOKS_MAX orders from the [order]th on and as many fills; "orderCount" and
 * "fillCount" of the answer tell how many there are. */
#define BOX_BOOKS_MAX 5000
void box_books_text(const struct box_trading *t, uint32_t order, uint32_t fill,
                    struct box_text *out);

#endif

/* Between the table of routes, what is checked before a handler runs, and the handlers. */
#ifndef TW_SIM_BOX_REST_PARTS_H
#define TW_SIM_BOX_REST_PARTS_H

#include "sim/box_rest.h"
#include "sim/box_trading.h"

#define BOX_SPECS_MAX 32

enum box_form {
    BOX_FORM_TEXT,      /* anything that is not empty */
    BOX_FORM_SYMBOL,    /* BTCUSDT */
    BOX_FORM_SYMBOLS,   /* ["BTCUSDT","ETHUSDT"] */
    BOX_FORM_NUMBER,    /* digits */
    BOX_FORM_STATUS,    /* TRADING, HALT, BREAK */
    BOX_FORM_MONEY,     /* 0.10000000 */
    BOX_FORM_CLIENT_ID, /* what clients name orders */
    BOX_FORM_FLAG,      /* true, false */
    BOX_FORM_SIDE,
    BOX_FORM_TYPE,
    BOX_FORM_TIF,
    BOX_FORM_STP,
    BOX_FORM_REPLY,       /* ACK, RESULT, FULL */
    BOX_FORM_MODE,        /* STOP_ON_FAILURE, ALLOW_FAILURE */
    BOX_FORM_RATE_MODE,   /* DO_NOTHING, CANCEL_ONLY */
    BOX_FORM_RESTRICTION, /* ONLY_NEW, ONLY_PARTIALLY_FILLED */
};

struct box_spec {
    const char *name; /* with '+' in front: mandatory; NULL ends the list */
    enum box_form form;
};

/* Who may ask. */
enum box_security {
    BOX_OPEN,   /* everybody */
    BOX_READ,   /* USER_DATA: a signed request of a key that may read */
    BOX_TRADE,  /* TRADE: of a key that may trade */
    BOX_STREAM, /* USER_STREAM: of any key */
};

struct box_row;

/* One request under way. Arrays are indexed like the row's parameters. */
struct box_call {
    struct box *box;
    const struct box_request *request;
    const struct box_row *row;
    struct box_answer *answer;
    uint32_t account; /* where the row needs one */
    const struct box_key *key;
    bool has[BOX_SPECS_MAX];
    const char *value[BOX_SPECS_MAX];
    uint64_t number[BOX_SPECS_MAX]; /* also the place among the words of an enumeration */
    dec money[BOX_SPECS_MAX];
};

typedef void box_answer_fn(struct box_call *c);

struct box_row {
    const char *path; /* NULL: websocket API only */
    enum box_method method;
    const char *call; /* in the websocket API; NULL: REST only */
    uint32_t weight;
    enum box_security security;
    bool free; /* costs nothing where it succeeds */
    box_answer_fn *answer;
    const struct box_spec *spec;
};

extern const struct box_row BOX_ROUTES[];
extern const size_t BOX_ROUTE_COUNT;

/* Checks key, time and signature (box_access.c). False: answered with an error. */
bool box_access(struct box_call *c);
/* Parameters that any signed request may have. */
bool box_is_access_param(const struct box_call *c, const char *name);

/* Parameters by name, as the row spells them (without '+'). */
int box_param_at(const struct box_call *c, const char *name); /* -1: the row has none such */
static inline bool box_given(const struct box_call *c, const char *name)
{
    int k = box_param_at(c, name);
    return k >= 0 && c->has[k];
}
static inline const char *box_word(const struct box_call *c, const char *name)
{
    int k = box_param_at(c, name);
    return k >= 0 && c->has[k] ? c->value[k] : "";
}
static inline dec box_money(const struct box_call *c, const char *name)
{
    int k = box_param_at(c, name);
    return k >= 0 && c->has[k] ? c->money[k] : DEC_ZERO;
}
static inline uint64_t box_number(const struct box_call *c, const char *name, uint64_t otherwise)
{
    int k = box_param_at(c, name);
    return k >= 0 && c->has[k] ? c->number[k] : otherwise;
}

/* The market of parameter "symbol", for orders; false: answered with an error. */
bool box_symbol_of(struct box_call *c, uint32_t *symbol);

/* -1102, -1106 and the like. Always false. */
bool box_missing(struct box_call *c, const char *name);
bool box_not_required(struct box_call *c, const char *name);

/* The venue's time, where it has accounts; else the replay's. Milliseconds. */
int64_t box_server_ms(const struct box *b);

/* ---- answers ---- */

box_answer_fn box_answer_ping, box_answer_time, box_answer_exchange_info, box_answer_depth,
    box_answer_trades, box_answer_agg_trades, box_answer_klines, box_answer_average,
    box_answer_price, box_answer_book_ticker, box_answer_24hr;
/* box_entry.c */
box_answer_fn box_answer_new_order, box_answer_test_order, box_answer_cancel, box_answer_cancel_all,
    box_answer_replace, box_answer_oco, box_answer_cancel_list;
/* box_queries.c */
box_answer_fn box_answer_order, box_answer_open_orders, box_answer_all_orders, box_answer_my_trades,
    box_answer_account, box_answer_commission, box_answer_order_counts, box_answer_restrictions,
    box_answer_list, box_answer_open_lists, box_answer_all_lists, box_answer_prevented,
    box_answer_coins, box_answer_nothing;

/* ---- texts of orders (box_order_text.c) ---- */

enum box_reply { BOX_ACK, BOX_RESULT, BOX_FULL };
/* The answer to a new order; its fills are those from [fill] on. */
void box_new_order_text(const struct box_call *c, const struct box_order *o, enum box_reply how,
                        uint32_t fill, struct box_text *out);
void box_canceled_text(const struct box_call *c, const struct box_order *o, const char *client_id,
                       struct box_text *out);
void box_order_text(const struct box_call *c, const struct box_order *o, struct box_text *out);
void box_trade_text(const struct box_call *c, const struct box_fill *f, struct box_text *out);
/* An order list without its closing brace, so that reports may follow. */
void box_list_text(const struct box_call *c, const struct box_list *l, struct box_text *out);
void box_time_text(const struct box_call *c, const char *key, int64_t us, struct box_text *out);
void box_key_money(struct box_text *t, const char *key, dec d);

#endif

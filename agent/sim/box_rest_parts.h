/* Between the dispatch table (box_rest.c) and the answers (box_answers.c). */
#ifndef TW_SIM_BOX_REST_PARTS_H
#define TW_SIM_BOX_REST_PARTS_H

#include "sim/box_rest.h"

#define BOX_SPECS_MAX  5
#define BOX_ANY_METHOD (-1)

enum box_form {
    BOX_FORM_TEXT,    /* anything that is not empty */
    BOX_FORM_SYMBOL,  /* BTCUSDT */
    BOX_FORM_SYMBOLS, /* ["BTCUSDT","ETHUSDT"] */
    BOX_FORM_NUMBER,  /* digits */
    BOX_FORM_STATUS,  /* TRADING, HALT, BREAK */
};

struct box_spec {
    const char *name; /* with '+' in front: mandatory; NULL ends the list */
    enum box_form form;
};

/* One request under way. Arrays are indexed like the row's parameters. */
struct box_call {
    struct box *box;
    const struct box_request *request;
    struct box_answer *answer;
    bool has[BOX_SPECS_MAX];
    const char *value[BOX_SPECS_MAX];
    uint64_t number[BOX_SPECS_MAX];
};

typedef void box_answer_fn(struct box_call *c);

struct box_row {
    const char *path;
    int method; /* enum box_method or BOX_ANY_METHOD */
    uint32_t weight;
    box_answer_fn *answer;
    struct box_spec spec[BOX_SPECS_MAX];
};

box_answer_fn box_answer_ping, box_answer_time, box_answer_exchange_info, box_answer_depth,
    box_answer_trades, box_answer_agg_trades, box_answer_klines, box_answer_average,
    box_answer_price, box_answer_book_ticker, box_answer_24hr;

#endif

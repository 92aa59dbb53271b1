/* Faults of the exchange in a box, ordered by its accounts' file or while it runs.
 *
 * A fault waits for something to happen to (a request, a user event, a message of the market), lets
 * [after] of them pass, and then strikes [count] times. Faults of requests say whether the request
 * is carried out all the same: then its sender cannot know.
 */
#ifndef TW_SIM_BOX_FAULTS_H
#define TW_SIM_BOX_FAULTS_H

#include "base/err.h"
#include "sim/box_rest.h"

#include <stdbool.h>
#include <stdint.h>

#define BOX_FAULTS_MAX     64
#define BOX_FAULT_WORD_MAX 64
#define BOX_FAULT_WHY_MAX  200

enum box_fault_kind {
    /* requests */
    BOX_FAULT_LOST,     /* no answer: the connection ends (REST), or stays silent (websocket) */
    BOX_FAULT_DELAY,    /* the answer comes [ms] later */
    BOX_FAULT_STATUS,   /* answered with HTTP [status] and error [code] */
    BOX_FAULT_HTML,     /* answered with a page of HTML and HTTP [status] */
    BOX_FAULT_TRUNCATE, /* half of the answer */
    /* user events */
    BOX_FAULT_EVENT_LOST,
    BOX_FAULT_EVENT_TWICE,
    BOX_FAULT_EVENT_SWAP, /* comes after the next one */
    /* the market */
    BOX_FAULT_BOOK_GAP, /* a message of a depth stream is left out */
    BOX_FAULT_FREEZE,   /* nothing of the market for [ms], pings go on */
    BOX_FAULT_KINDS
};

struct box_fault {
    uint64_t id;
    enum box_fault_kind kind;
    char match[BOX_FAULT_WORD_MAX]; /* "POST /api/v3/order", "order.place", "executionReport",
                                       "btcusdt@depth", or "" for any */
    uint64_t after, count;
    uint32_t ms;
    int status, code;
    bool execute;
};

struct box_faults {
    uint32_t count;
    struct box_fault fault[BOX_FAULTS_MAX];
    uint64_t next_id, struck;
};

/* Orders a fault from words like kind=lost, match=..., after=2, count=1, ms=500, status=504,
 * code=-1007, execute=true. ERR_UNKNOWN, ERR_RANGE, ERR_FULL with a sentence in [why]
 * (BOX_FAULT_WHY_MAX bytes). */
enum err box_fault_add(struct box_faults *f, const struct box_param *p, uint32_t params,
                       uint64_t *ret_id, char *why) MUST_CHECK;
void box_faults_clear(struct box_faults *f);

/* Whether one of the kinds from [first] to [last] strikes [what] now. A [match] that ends with '*'
 * matches what begins so. */
bool box_fault_strikes(struct box_faults *f, enum box_fault_kind first, enum box_fault_kind last,
                       const char *what, struct box_fault *ret);

void box_faults_text(const struct box_faults *f, struct box_text *out);

/* What is left of an answer. LOST and DELAY are the server's. */
void box_fault_answer(const struct box_fault *f, struct box_answer *a);

#endif

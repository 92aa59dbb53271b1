/* Two venues for tests of strategies that trade on both: an engine made from a configuration,
 * prices and the venues' answers by hand, and a record of all that was asked for. */
#ifndef TW_TESTS_TWIN_H
#define TW_TESTS_TWIN_H

#include "config/config.h"
#include "core/engine.h"
#include "world.h"

#define TWIN_MAX 256
enum { NEAR, FAR, RATE }; /* BTC-USDT@near, BTC-USDT@far (or BTC-USDC@far), USDC-USDT@far */

struct twin {
    struct config c;
    struct config_report report;
    struct world w; /* its setup is c's */
    struct order sent[TWIN_MAX];
    uint32_t sents, cancels, denieds;
    order_id cancel[TWIN_MAX];
    struct effect_denied denied[TWIN_MAX];
    char note[TWIN_MAX][NOTE_MAX];
    uint32_t notes;
    int64_t next_timer_checked;
};
extern struct twin twin;

/* Texts in place of the usual ones; reset by twin_close(). */
extern const char *twin_near_fees, *twin_far_fees; /* usual: 0.001 and 0.002 */
extern const char *twin_rules;      /* of both: tick 0.01, lot 0.0001, min_notional 10 */
extern const char *twin_far_rules;  /* NULL: as twin_rules */
extern const char *twin_funds;      /* 100000 USDT and 10 BTC on each */
extern const char *twin_risk;       /* limits that are never reached */
extern const char *twin_far_symbol; /* BTC-USDT */
extern const char *twin_rate;       /* symbol of the rate instrument: USDC-USDT */

/* Parses a configuration with one strategy of kind [kind] on both, with these [parameters] behind
 * `instrument` and `other`. */
enum err twin_parse(const struct strategy_ops *kind, const char *parameters);
/* The same, which must be good, and an engine with live feeds. */
void twin_open(const struct strategy_ops *kind, const char *parameters);
int twin_close(void **state);

/* Events, one nanosecond apart. */
void twin_step(struct event *ev);
void twin_quote(instrument_id i, const char *bid, const char *bid_qty, const char *ask,
                const char *ask_qty);
/* Books: "price qty price qty ...", best first. */
void twin_book(instrument_id i, const char *bids, const char *asks);
void twin_trade(instrument_id i, const char *price);
void twin_feed(instrument_id i, enum feed_state feed);
/* Time passes; timers due meanwhile fire at their times. */
void twin_wait(int64_t ns);
void twin_command(enum command_kind kind, strategy_id s);
void twin_param(uint32_t index, enum param_type type, struct param_value value);

/* Answers to the [n]th order sent. A fill pays the venue's taker fee in what it receives. */
void twin_fill(uint32_t n, const char *price, const char *qty);
void twin_answer(uint32_t n, enum order_state state, enum reason reason);
void twin_expire(uint32_t n); /* what is left of an ioc order */

/* The [n]th order sent is this: "buy 0.1 near @50000", a market order "sell 0.1 far". */
#define twin_expect(n, text) twin_expect_at(n, text, __FILE__, __LINE__)
void twin_expect_at(uint32_t n, const char *text, const char *file, int line);
#define twin_sends(n) assert_int_equal(twin.sents, n)

/* A figure as text, in a buffer that lives until the fourth call after. */
const char *twin_figure(const char *name);
bool twin_noted(const char *part);
uint32_t twin_count_notes(const char *part);

#endif

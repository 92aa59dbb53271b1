/* The report of a run: what the engine knows at the end, as JSON, as a table for people, and as
 * rows of the CSV files. docs/backtest.md documents each of them. Equal runs give equal bytes:
 * fixed order, exact decimals, no locale. */
#ifndef TW_IO_REPORT_H
#define TW_IO_REPORT_H

#include "core/engine.h"
#include "io/returns.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define REPORT_BOOKS_MAX 256
#define REPORT_REASONS   128 /* above every number in REASON_TABLE */
#define REPORT_STOPS_MAX 16  /* of more than so many the first ones are told, and how many */

/* A trading state that changed: a strategy, a venue or the agent that was stopped in the run. */
struct report_stop {
    int64_t ts_ns;
    struct effect_state state;
};

struct report {
    const struct engine *engine; /* after engine_finish() */
    uint64_t events;             /* market events of the data */
    int64_t first_ns, last_ns;   /* time of the first and the last one */
    bool books_balance;
    char books[REPORT_BOOKS_MAX];                              /* where they do not: the numbers */
    uint64_t denied[REPORT_REASONS], rejected[REPORT_REASONS]; /* orders, by reason */
    uint64_t locked[REPORT_REASONS]; /* locks of guards that began or lengthened, by reason */
    uint64_t stops;
    struct report_stop stop[REPORT_STOPS_MAX];
    /* filled by report_make() */
    struct engine_totals totals;
    bool valued; /* equity_start to pnl are known */
    dec pnl, pnl_realized;
    dec max_drawdown; /* rounded up at 8 places */
    bool has_sharpe;
    double sharpe;
};

/* A fall from the peak as reports show it: rounded up at 8 places. */
dec report_drawdown(dec ratio);

/* Counts refusals, stops and locks among what a step at engine time [ts_ns] did. */
void report_effects(struct report *r, int64_t ts_ns, const struct effects *fx);

/* Whose state it is: the name of a strategy or a venue, "the agent". */
const char *report_stop_who(const struct report *r, const struct report_stop *stop);

/* Computes the rest of [r]. ERR_OVERFLOW where a sum leaves what can be held. */
enum err report_make(struct report *r, const struct returns *daily) MUST_CHECK;

void report_json(const struct report *r, FILE *out);
void report_table(const struct report *r, FILE *out);

/* "2024-08-08T23:54:15.208000001Z" */
#define REPORT_TIME_MAX 40
void report_format_time(int64_t ts_ns, char *out);

/* time,venue,symbol,strategy,order,side,liquidity,price,qty,fee,fee_asset,realized */
void report_fills_header(FILE *out);
void report_fill(FILE *out, const struct setup *s, int64_t ts_ns, strategy_id strategy,
                 const struct effect_fill *f);
/* time,equity */
void report_equity_header(FILE *out);
void report_equity(FILE *out, int64_t ts_ns, dec equity);

#endif

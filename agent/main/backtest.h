/* A backtest: files onto a tape, the tape through the paper host, the numbers into a report. */
#ifndef TW_MAIN_BACKTEST_H
#define TW_MAIN_BACKTEST_H

#include "io/chart.h"
#include "io/datafile.h"
#include "io/outfile.h"
#include "io/report.h"
#include "sim/paper.h"

#include <signal.h>

#define BACKTEST_WHY_MAX (OUTFILE_WHY_MAX + 128)

enum backtest_phase { BACKTEST_LOADING, BACKTEST_RUNNING };

struct backtest {
    /* set by the caller, the rest zero */
    struct setup *setup; /* candles and quote bars set the fill model of their venue to touch */
    int64_t from_ns, to_ns;
    FILE *fills, *equity;              /* CSV rows go there; NULL: none */
    bool wants_chart;                  /* gather what pictures need, in [chart] */
    const volatile sig_atomic_t *stop; /* not 0: end as soon as possible; NULL: never */
    /* Told of progress, [done] of [size], now and then; may be NULL. */
    void (*progress)(void *ctx, enum backtest_phase phase, uint64_t done, uint64_t size);
    /* A sentence the user should know; may be NULL. */
    void (*note)(void *ctx, const char *text);
    void *ctx;
    /* inside */
    struct tape *tape;
    struct datafile_sessions *sessions;
    struct paper *paper;
    struct tape_cursor cursor;
    struct returns daily;
    struct chart *chart;
    struct backtest_history *history; /* [strategies] */
    bool begun;                       /* an event at or after from_ns was reached */
    struct report report;
    bool has_data[SETUP_INSTRUMENTS_MAX], has_quotes[SETUP_INSTRUMENTS_MAX];
    bool wants_feed[SETUP_INSTRUMENTS_MAX]; /* its files have no feed states of their own */
    enum err failed;                        /* in a callback that cannot return it */
    uint64_t rows;
};

/* Puts a file on the tape. On failure, here and below, a sentence in why[BACKTEST_WHY_MAX]. */
enum err backtest_load(struct backtest *b, const char *argument, char *why) MUST_CHECK;

/* Whether the configuration can be run on what was loaded: rules of the instruments, data for the
 * strategies (without it: a note). ERR_NOT_FOUND: no event at all; ERR_RANGE: no rules. */
enum err backtest_check(struct backtest *b, char *why) MUST_CHECK;

/* Opens the host; then runs the whole tape and makes b->report. ERR_STATE: stopped. */
enum err backtest_open(struct backtest *b, char *why) MUST_CHECK;
enum err backtest_run(struct backtest *b, char *why) MUST_CHECK;

/* backtest_history.c */
/* How long before from_ns data is of use; 0: no strategy wants any. */
int64_t backtest_history_span(const struct backtest *b);
enum err backtest_history_open(struct backtest *b) MUST_CHECK;
void backtest_history_close(struct backtest *b);
/* Takes an event from before from_ns; then gives the strategies their candles, stamped [ts_ns]. */
enum err backtest_history_add(struct backtest *b, const struct event *ev) MUST_CHECK;
enum err backtest_history_give(struct backtest *b, int64_t ts_ns) MUST_CHECK;

/* Frees what the functions above made; the setup and the files stay the caller's. */
void backtest_close(struct backtest *b);

#endif

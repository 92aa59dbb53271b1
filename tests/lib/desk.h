/* The desk: a session driven by hand. It is the session's host: keeps what the session asked for,
 * keeps books from its events as the engine does, and checks with every event what must always be
 * so (see desk_event in desk.c). */
#ifndef TW_TESTS_DESK_H
#define TW_TESTS_DESK_H

#include "model/book.h"
#include "model/setup.h"
#include "venue/venue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESK_MS INT64_C(1000000)
#define DESK_S  INT64_C(1000000000)

/* What one instrument shows. */
struct desk_market {
    struct book book;
    struct level *level;
    bool book_valid; /* a snapshot came, and neither INVALID nor a disconnect since */
    uint64_t last_update_id;
    enum feed_state feed; /* 0: never told */
    struct instrument_rules rules;
    struct event_top top;
    struct event_trade trade;
    dec trade_qty; /* sum */
    uint64_t snapshots, deltas, tops, trades, feeds, rule_events;
    int64_t ts_last_ns;
};

struct desk {
    struct setup *setup;
    const struct session_ops *ops;
    void *mem;
    struct session *session;
    int64_t mono_ns, wall_ns; /* wall_ns runs along with mono_ns */

    /* what the session asked for */
    bool want_connection; /* connect() was called; cleared by disconnect() and desk_closed() */
    bool up;
    char url[1024];
    uint32_t connects, disconnects, sends, requests;
    char sent[8192];  /* the newest message */
    uint32_t request; /* the newest unanswered one; 0: none */
    char path[4096];
    int64_t timer_ns;
    char log[512]; /* the newest line */
    uint32_t logs;
    bool log_bad;

    struct desk_market market[SETUP_INSTRUMENTS_MAX];
    uint64_t deltas_on_invalid; /* the property: stays 0 (asserted at each event, too) */
    bool cross_check;    /* as the engine: calls resync() from within the event when crossed */
    struct event newest; /* without levels */
};

/* A desk for the symbols ("BTC-USDT", ..., NULL) on one venue "binance", stale after 10 s. The
 * clock begins at 1000 s. */
void desk_open(struct desk *d, const char *const *symbols);
/* A desk whose setup is made by the caller first: desk_setup(), changes, desk_init(). */
void desk_setup(struct desk *d, const char *const *symbols);
void desk_init(struct desk *d);
void desk_close(struct desk *d);

/* Moves the clock to [mono_ns], calling the session's timer whenever it is due on the way. */
void desk_run_to(struct desk *d, int64_t mono_ns);
void desk_run(struct desk *d, int64_t ns);

void desk_start(struct desk *d);
void desk_connected(struct desk *d);
void desk_closed(struct desk *d);
/* A message from the venue, as printf. */
__attribute__((format(printf, 2, 3))) void desk_say(struct desk *d, const char *format, ...);
void desk_say_n(struct desk *d, const char *text, size_t len);
/* Answers the open request. */
void desk_answer(struct desk *d, int status, int retry_after_s, const char *body);
void desk_answer_n(struct desk *d, int status, int retry_after_s, const char *body, size_t len);
/* Answers with an exchangeInfo of all configured instruments, in all their rules. */
void desk_answer_rules(struct desk *d);
/* The text of that. Freed by the caller. */
char *desk_rules_text(const struct setup *s, const char *status);

/* start, connected, rules answered. */
void desk_up(struct desk *d);
/* A depth message [first, last] of BTCUSDT (or [symbol]), one bid and one ask changed. */
void desk_depth(struct desk *d, const char *symbol, uint64_t first, uint64_t last);
/* Answers the open request with a small book that ends at [last]. */
void desk_answer_book(struct desk *d, uint64_t last);
/* Also in step: BTCUSDT's diff [100,110] and a snapshot at 105. */
void desk_live(struct desk *d);

struct session_stats desk_stats(const struct desk *d);

/* ---- recordings ---- */

/* $TRADEWIND_SHARED or ../shared, joined with "data/" and [name], in a static buffer; NULL where
 * there is no such file. */
const char *shared_data(const char *name);

/* Calls [fn] with each line (without its newline) of a plain or gzip file; fails the test where it
 * cannot be read. */
typedef void line_fn(void *ctx, char *line, size_t len);
void each_line(const char *path, line_fn *fn, void *ctx);

#endif

/* Log lines a person can read, from events and effects: one per event worth their time, prices with
 * units; the fills of an
 * order are one line, when it is filled or ends. Of the same kind at most DAEMON_LOG_BURST lines
 * per DAEMON_LOG_PERIOD are written; the rest is counted and told when it is over. */
#ifndef TW_MAIN_DAEMON_LOG_H
#define TW_MAIN_DAEMON_LOG_H

#include "core/engine.h"

#include <stdint.h>

/* Orders whose fills are being added up; the fills of more are told one by one. */
#define DAEMON_LOG_ORDERS 256

#define DAEMON_LOG_BURST  40
#define DAEMON_LOG_PERIOD INT64_C(10000000000)

enum daemon_log_kind {
    LOG_ORDERS,
    LOG_FILLS,
    LOG_DENIALS,
    LOG_NOTES,
    LOG_FEEDS,
    LOG_GUARDS,
    LOG_ALERTS,
    LOG_KINDS,
};

/* The fills of an order so far. */
struct daemon_log_fills {
    order_id id; /* 0: free */
    struct effect_fill last;
    dec qty, quote, fee, realized;
    uint32_t count;
    bool two_fee_assets;
};

struct daemon_log {
    struct daemon_log_fills order[DAEMON_LOG_ORDERS];
    struct {
        int64_t since_ns; /* monotonic */
        uint32_t lines, left_out;
    } kind[LOG_KINDS];
    enum feed_state feed[SETUP_INSTRUMENTS_MAX]; /* as told last; 0: not yet */
};

/* What a step is worth in lines. */
void daemon_log_step(struct daemon_log *l, const struct engine *e, const struct event *ev,
                     const struct effects *fx, int64_t mono_ns);
/* Tells what was left out, once a period is over. */
void daemon_log_tick(struct daemon_log *l, int64_t mono_ns);

#endif

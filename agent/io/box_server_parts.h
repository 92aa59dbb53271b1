/* Between the files of the exchange in a box's server; nobody else includes it. */
#ifndef TW_IO_BOX_SERVER_PARTS_H
#define TW_IO_BOX_SERVER_PARTS_H

#include "io/box_client.h"
#include "io/box_http.h"
#include "io/box_server.h"
#include "sim/box_trading.h"

enum box_phase { PHASE_WAITING, PHASE_RUNNING, PHASE_STEPPING, PHASE_ENDED, PHASE_FAILED };

struct box_server {
    struct loop *loop;
    struct box_server_setup setup;
    struct box *box;
    struct box_replay *replay;
    struct lws_vhost *vhost;
    struct box_usage usage;
    struct box_client *clients;
    unsigned client_count, next_number;
    enum box_phase phase;
    bool stopping;
    int64_t stop_ns;                 /* the farewell is over */
    int64_t start_mono_ns, start_ns; /* where the replay's clock began */
    struct loop_timer replay_timer, sweep_timer;
    int64_t progress_ns, warned_ns;
    uint64_t progress_events;
    struct box_text frame, reply;
};

/* The replay has no more lines; it cannot go on. */
void box_server_end_of_replay(struct box_server *s);
void box_server_fail(struct box_server *s, const char *why);

/* ---- box_control.c ---- */

/* Answers a request: those of /box/... itself, the venue's through the box. */
void box_control_answer(struct box_server *s, const struct box_http_request *q,
                        struct box_answer *a);

#endif

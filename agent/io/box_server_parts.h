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
    struct box_text frame, reply, after;
    int64_t frozen_until_ns; /* a fault: nothing of the market is published before */
    bool maintenance;
    char *held; /* a user event that is to come after the next one of its account */
    size_t held_len;
    uint32_t held_account;
};

/* The replay has no more lines; it cannot go on. */
void box_server_end_of_replay(struct box_server *s);
void box_server_fail(struct box_server *s, const char *why);

/* ---- box_control.c ---- */

/* Answers a request: those of /box/... itself, the venue's through the box. */
void box_control_answer(struct box_server *s, const struct box_http_request *q,
                        struct box_answer *a);

/* Ends every websocket connection. */
void box_server_disconnect(struct box_server *s, const char *why);

/* ---- box_private.c ---- */

/* User events go to those who listen from now on. */
void box_private_open(struct box_server *s);
void box_private_close(struct box_server *s);
/* Makes it a client of the websocket API; ERR_NOMEM. */
enum err box_private_client(struct box_server *s, struct box_client *c,
                            const struct box_http_request *q) MUST_CHECK;
bool box_private_is_path(const char *path);
/* A message of such a client; non-zero ends the connection. */
int box_private_receive(struct box_server *s, struct box_client *c, const char *in, size_t len);
/* Answers a whole request, with the faults that were ordered for it; non-zero ends the connection.
 */
int box_private_request(struct box_server *s, struct lws *wsi, struct box_http *h);
/* Whether a fault keeps this message of a stream from its readers. */
bool box_private_mutes(struct box_server *s, const char *stream);

#endif

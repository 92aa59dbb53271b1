/* The exchange in a box on the network: REST and websocket over TLS, and the pace of the replay.
 *
 * One libwebsockets vhost serves https and wss on one port, as the venue's paths name them, and
 * beside them two of its own:
 *   GET  /box/status                what is being replayed, how far, who listens
 *   POST /box/step?events=N | ?ms=N  moves a stepped replay on and tells how far
 */
#ifndef TW_IO_BOX_SERVER_H
#define TW_IO_BOX_SERVER_H

#include "io/box_replay.h"
#include "io/ca.h"
#include "io/loop.h"

#define BOX_CLIENTS_LIMIT   256        /* websocket connections */
#define BOX_QUEUE_MESSAGES  16384      /* waiting for one client */
#define BOX_QUEUE_BYTES     (8u << 20) /* likewise; beyond either, it is disconnected */
#define BOX_READS_MIN       1000       /* messages a second: a client worth waiting for */
#define BOX_STEP_EVENTS_MAX 10000      /* of one POST /box/step */
#define BOX_STEP_MS_MAX     10000
#define BOX_SPEED_MAX       10000
#define BOX_PING_EVERY_NS   (20 * INT64_C(1000000000)) /* as documented */
#define BOX_PONG_WITHIN_NS  (60 * INT64_C(1000000000))
#define BOX_CONNECTION_NS   (24 * 3600 * INT64_C(1000000000))

struct box_server_setup {
    const char *name;    /* of the instance: in log lines and /box/status */
    const char *address; /* numeric */
    uint16_t port;       /* 0: the system chooses */
    struct ca_files ca;
    uint32_t speed_milli; /* 1000: as recorded */
    bool step;            /* moves only when told */
    bool wait_for_client; /* the clock starts with the first subscription */
    bool exit_at_end;
    int64_t connection_ns; /* connections are ended at this age */
    int64_t ping_ns, pong_ns;
};

struct box_server;

/* Starts to listen and, on the loop, to replay ([replay] is primed). The setup's texts, the box and
 * the replay must stay until box_server_close(). Ends the loop by itself when the replay is over
 * and exit_at_end is set, or when a recording turns out to be damaged. On failure [why]
 * (BOX_REPLAY_WHY_MAX bytes) is a sentence: ERR_EXISTS where the port is taken, ERR_IO. */
enum err box_server_open(struct box_server **ret, struct loop *loop,
                         const struct box_server_setup *setup, struct box *box,
                         struct box_replay *replay, char *why) MUST_CHECK;

/* Tells the clients (serverShutdown), gives them a moment to read what is queued, and stops the
 * loop. */
void box_server_stop(struct box_server *s);

/* After the loop was closed (libwebsockets tells the connections' ends then). */
void box_server_free(struct box_server *s);

uint16_t box_server_port(const struct box_server *s);

/* Whether the replay ended in an error, which was logged. */
bool box_server_failed(const struct box_server *s);

#endif

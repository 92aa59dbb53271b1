/* One websocket connection of the exchange in a box: its queue, and how it ends. */
#ifndef TW_IO_BOX_CLIENT_H
#define TW_IO_BOX_CLIENT_H

#include "sim/box_conn.h"

struct lws;

/* A message, shared by all who wait to send it. */
struct box_shared {
    uint32_t users;
    size_t len;
    unsigned char text[]; /* LWS_PRE bytes, then the message */
};

struct box_api;

struct box_client {
    struct box_client *next;
    struct lws *wsi;
    struct box_conn conn;
    struct box_api *api;   /* of the websocket API: not NULL, and [conn] has no streams */
    int64_t hold_until_ns; /* a fault: nothing is sent before */
    char address[48];
    unsigned number; /* in log lines */
    int64_t opened_ns, pinged_ns, pong_ns;
    bool ping_due, saw_end;
    struct box_shared **queue; /* a ring */
    uint32_t head, count, cap;
    size_t queued_bytes;
    struct box_text in; /* a message that is arriving */
    bool in_binary;
    uint64_t sent;
    int64_t behind_ns; /* since when its queue is more than half full; 0: it is not */
    uint64_t behind_sent;
};

/* NULL without memory. Has one user: the caller. */
struct box_shared *box_shared_new(const char *text, size_t len);
void box_shared_drop(struct box_shared *m);

/* Appends (a user more). Beyond the limits of box_server.h the queue is given up: the client is
 * marked for disconnection. */
void box_client_queue(struct box_client *c, struct box_shared *m);

/* Whether a replay that runs faster than the market should wait for this client: its queue is more
 * than half full, and it reads with vigour (BOX_READS_MIN messages a second). */
bool box_client_lags(struct box_client *c, int64_t mono_ns);

/* Its subscriptions from the [from]th on, for a log line: "btcusdt@trade, btcusdt@depth and 3
 * more".
 */
void box_client_streams(const struct box_client *c, uint32_t from, char *out, size_t cap);

/* Frees what it owns, not itself. */
void box_client_free(struct box *b, struct box_client *c);

/* libwebsockets' callbacks, LWS_CALLBACK_SERVER_WRITEABLE and LWS_CALLBACK_RECEIVE; non-zero ends
 * the connection. */
int box_client_writable(struct box_client *c);
int box_client_receive(struct box *b, struct box_client *c, const char *in, size_t len,
                       struct box_text *reply);
/* Gathers a message in c->in; true when it is whole, or too long. */
bool box_client_gather(struct box_client *c, const char *in, size_t len);
/* Queues a text of its own; non-zero ends the connection. */
int box_client_send(struct box_client *c, const char *text, size_t len);

#endif

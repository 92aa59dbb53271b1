/* One websocket client of the exchange in a box: its subscriptions and what it asks.
 *
 * Source: web-socket-streams.md of the venue's documentation; error objects as they come over the
 * wire, {"error":{"code":2,"msg":"..."},"id":1}. As on the venue a well-formed name of a stream
 * that does not exist is accepted and stays silent; a malformed one is an error and ends the
 * connection, as does text that is not JSON.
 */
#ifndef TW_SIM_BOX_CONN_H
#define TW_SIM_BOX_CONN_H

#include "sim/box.h"

#define BOX_CONN_STREAMS_MAX   1024       /* streams per connection, as documented */
#define BOX_CONN_MESSAGES_MAX  5          /* messages per second, as documented */
#define BOX_CONN_REQUEST_BYTES (64 << 10) /* longest request taken */

/* Websocket close codes (RFC 6455, 7.4.1) the box uses. */
enum box_close {
    BOX_CLOSE_NOT = 0,
    BOX_CLOSE_NORMAL = 1000,
    BOX_CLOSE_GOING_AWAY = 1001,
    BOX_CLOSE_UNSUPPORTED = 1003, /* binary data */
    BOX_CLOSE_POLICY = 1008,
    BOX_CLOSE_TOO_BIG = 1009,
};

struct box_conn {
    bool combined;                     /* payloads are wrapped with their stream's name */
    uint32_t mask[BOX_SYMBOLS_MAX];    /* of streams that exist */
    char (*name)[BOX_STREAM_NAME_MAX]; /* every subscription, in the order they were made */
    uint32_t names, cap;
    int64_t recent_ns[BOX_CONN_MESSAGES_MAX]; /* when the last messages came, a ring */
    uint32_t received;                        /* messages ever, and the ring's position */
    enum box_close close;                     /* set: close after sending what is in the reply */
    const char *why;                          /* reason for the close frame and the log */
};

void box_conn_init(struct box_conn *c);
/* Gives up its subscriptions and memory. */
void box_conn_free(struct box *b, struct box_conn *c);

/* The request that opens the connection: [path] "/ws", "/ws/btcusdt@trade", "/ws/a/b", "/stream";
 * [streams] the value of ?streams= or NULL. ERR_NOT_FOUND: no such path, ERR_SYNTAX: a malformed
 * stream, ERR_FULL: more than BOX_CONN_STREAMS_MAX, ERR_NOMEM. */
enum err box_conn_open(struct box *b, struct box_conn *c, const char *path,
                       const char *streams) MUST_CHECK;

/* Counts a frame of the client (also its pongs); sets close beyond BOX_CONN_MESSAGES_MAX within a
 * second. */
void box_conn_count(struct box_conn *c, int64_t mono_ns);

/* A whole message of the client. Counts it; the answer goes to [reply] (cleared first, may stay
 * empty). Look at c->close afterwards. */
void box_conn_message(struct box *b, struct box_conn *c, const char *text, size_t len, bool binary,
                      int64_t mono_ns, struct box_text *reply);

static inline bool box_conn_wants(const struct box_conn *c, uint32_t symbol, int stream)
{
    return c->mask[symbol] >> stream & 1;
}

/* The frame for [payload] of a stream: wrapped, where the connection is combined. */
void box_conn_frame(const struct box_conn *c, const char *stream_name, const char *payload,
                    size_t len, struct box_text *out);

#endif

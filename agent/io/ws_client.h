/* A websocket client: one object is one connection.
 *
 * It resolves the name off the loop, tries the addresses in turn, checks the certificate and the
 * host name (also for an address, against the name of the URL), negotiates permessage-deflate,
 * joins fragments and hands out whole text messages (a binary one ends the connection). Pings are
 * answered by themselves; a connection from which nothing came is asked by a ping, and closed when
 * nothing answers. Redirects and proxies of the environment are not followed.
 */
#ifndef TW_IO_WS_CLIENT_H
#define TW_IO_WS_CLIENT_H

#include "base/clock.h"
#include "base/err.h"
#include "io/loop.h"
#include "io/tls.h"

#include <stddef.h>
#include <stdint.h>

#define WS_MESSAGE_MAX    (8u << 20) /* bytes of one received message, decompressed */
#define WS_QUEUE_MAX      64         /* messages waiting to be sent */
#define WS_QUEUE_BYTES    (256u << 10)
#define WS_CONNECT_NS     (10 * NS_PER_S)
#define WS_PING_AFTER_NS  (15 * NS_PER_S)
#define WS_CLOSE_AFTER_NS (30 * NS_PER_S)

struct ws_client;

struct ws_events {
    void (*connected)(void *ctx);
    /* One whole message. [text] belongs to the client, is NUL-terminated behind [len], and valid
     * during the call. */
    void (*message)(void *ctx, const char *text, size_t len);
    /* The last call: not connected, or not any more; [why] is a sentence without a full stop. The
     * object is still to be given to ws_client_close(). */
    void (*closed)(void *ctx, const char *why);
};

/* Zero means the default above. */
struct ws_options {
    int64_t connect_ns;     /* from the start until the websocket is open */
    int64_t ping_after_ns;  /* nothing received for so long: ask by a ping */
    int64_t close_after_ns; /* nothing received for so long: closed */
    size_t message_max;     /* a longer message closes the connection; at most WS_MESSAGE_MAX */
};

/* Starts to connect to [url] (ws:// or wss://). [tls] is needed for wss:// and must live as long.
 * All callbacks come later, from the loop; everything that can go wrong from the URL on is told by
 * closed(). [events] is kept, [o] and [url] are not. Returns ERR_NOMEM. */
enum err ws_client_open(struct ws_client **ret, struct loop *l, const char *url,
                        const struct tls *tls, const struct ws_options *o,
                        const struct ws_events *events, void *ctx) MUST_CHECK;

/* Queues one text message. ERR_STATE before connected() and after closed(), ERR_FULL beyond the
 * limits of the queue, ERR_NOMEM. */
enum err ws_client_send(struct ws_client *c, const char *text, size_t len) MUST_CHECK;

/* Says goodbye where connected, drops what is queued, frees. No callback comes any more; allowed in
 * a callback. NULL is allowed. */
void ws_client_close(struct ws_client *c);

#endif

/* Venues: the shape every exchange adapter has.
 *
 * A session is a pure state machine: bytes, answers, timers and connection changes go in; requests
 * to connect, send, fetch and wake up, and finished market events, come out through struct
 * session_host. No socket, no clock, no heap, no libwebsockets or libcurl type. agent/io runs it on
 * the real network, tests drive it by hand.
 */
#ifndef TW_VENUE_VENUE_H
#define TW_VENUE_VENUE_H

#include "base/err.h"
#include "model/event.h"
#include "model/setup.h"

#include <stddef.h>
#include <stdint.h>

struct session;

/* What a session may ask of its host. Calls return at once; answers come later as session_* calls.
 * Texts are valid during the call only. */
struct session_host {
    void *ctx;
    /* Open the one websocket of the session; later session_connected() or session_closed(). The URL
     * has at most 1023 bytes. */
    void (*connect)(void *ctx, const char *url);
    /* Close it, or give up connecting. No session_closed() and no message follows. */
    void (*disconnect)(void *ctx, const char *why);
    void (*send)(void *ctx, const char *text, size_t len);
    /* HTTPS GET of [path] on the venue's REST host; later session_http() with the same [request].
     */
    void (*http_get)(void *ctx, uint32_t request, const char *path);
    /* Wake the session with session_timer() at monotonic time [at_ns]; a later call replaces the
     * earlier. */
    void (*set_timer)(void *ctx, int64_t at_ns);
    /* A finished event, in order. Levels in it are valid during the call. */
    void (*event)(void *ctx, const struct event *ev);
    /* A sentence worth a log line; [bad] for trouble. */
    void (*log)(void *ctx, bool bad, const char *text);
};

enum session_state {
    SESSION_IDLE = 0,
    SESSION_CONNECTING = 1,
    SESSION_SUBSCRIBING = 2,
    SESSION_LIVE = 3,
    SESSION_WAITING = 4, /* backoff before the next attempt */
    SESSION_STOPPED = 5,
};

struct session_stats {
    enum session_state state;
    uint64_t messages, bytes, events;
    uint64_t malformed, unsupported, unknown; /* dropped messages, by why */
    uint64_t gaps, crossed, resyncs, reconnects, stale;
    int64_t last_payload_mono_ns;
};

struct session_ops {
    const char *kind; /* "binance-spot" */
    size_t (*size)(const struct setup *s, venue_id v);
    /* Builds a session for all instruments of venue [v] in [mem] (size() bytes, zeroed). [seed]
     * feeds the jitter. */
    enum err (*init)(struct session **ret, void *mem, const struct setup *s, venue_id v,
                     const struct session_host *host, uint64_t seed);
    void (*start)(struct session *s, int64_t mono_ns);
    void (*stop)(struct session *s);
    void (*connected)(struct session *s, int64_t mono_ns);
    /* One whole text message (fragments joined, decompressed). */
    void (*message)(struct session *s, const char *text, size_t len, int64_t mono_ns,
                    int64_t wall_ns);
    void (*closed)(struct session *s, const char *why, int64_t mono_ns);
    /* [status] 0: no answer at all. [retry_after_s] -1 where the header was absent. */
    void (*http)(struct session *s, uint32_t request, int status, int retry_after_s,
                 const char *body, size_t len, int64_t mono_ns, int64_t wall_ns);
    void (*timer)(struct session *s, int64_t mono_ns);
    /* The engine found the book of [i] crossed or broken. May be called from within event(). */
    void (*resync)(struct session *s, instrument_id i, int64_t mono_ns);
    /* Venue time now, as well as it is known: newest payload's time plus what passed since. */
    int64_t (*venue_now_ns)(const struct session *s, int64_t mono_ns);
    void (*stats)(const struct session *s, struct session_stats *ret);
};

extern const struct session_ops session_binance_spot;

/* The adapter for a venue kind, or NULL. */
const struct session_ops *venue_find(const char *kind);
/* Kinds, ends with NULL: for `check` and `check --explain`. */
extern const struct session_ops *const venue_registry[];

#endif

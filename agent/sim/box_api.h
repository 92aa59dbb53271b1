/* One connection of the websocket API: its requests, its session and its user data streams.
 *
 * Source: web-socket-api.md of the venue's documentation. Calls that REST has too go through the
 * same routes (sim/box_rest.h); the ones about the session itself are answered here. Sessions are
 * for Ed25519 keys only, and the old listen keys are gone, as on the venue.
 */
#ifndef TW_SIM_BOX_API_H
#define TW_SIM_BOX_API_H

#include "sim/box_rest.h"
#include "sim/box_trading.h"

#define BOX_API_STREAMS_ALL 65535 /* user data streams of one connection, ever */
#define BOX_API_ID_MAX      64

struct box_api_stream {
    uint32_t id, account;
    bool by_logon;
};

struct box_api {
    bool shows_limits, micro;
    int64_t connected_ms, authorized_ms;
    const struct box_key *key; /* of session.logon; NULL: none */
    uint32_t account;
    uint32_t streams, next_id;
    struct box_api_stream stream[BOX_ACCOUNTS_MAX]; /* one an account at most */
};

/* [limits]: ?returnRateLimits=, [unit]: ?timeUnit=; both may be NULL. */
void box_api_open(struct box_api *a, struct box *b, const char *limits, const char *unit);

/* Answers one message into [reply] (cleared first). What user data streams must be told of it
 * (eventStreamTerminated) goes behind the answer into [after], one frame a line; both texts are the
 * caller's. [fault]: not NULL where one was ordered for it; STATUS is done here. */
void box_api_message(struct box *b, struct box_usage *u, struct box_api *a, const char *text,
                     size_t len, const char *client, int64_t mono_ns, const struct box_fault *fault,
                     struct box_text *reply, struct box_text *after);

/* The call that a message asks for ("order.place"), for who orders faults; false: none. [out] has
 * [cap] bytes. */
bool box_api_call(const char *text, size_t len, char *out, size_t cap);

/* The frame of a user event for this connection; false: it does not listen to that account. */
bool box_api_event(const struct box_api *a, uint32_t account, const char *payload, size_t len,
                   struct box_text *out);

#endif

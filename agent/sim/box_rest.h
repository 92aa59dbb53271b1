/* Requests of the exchange in a box, over REST and over the websocket API, and their answers.
 *
 * Source: rest-api.md, web-socket-api.md, errors.md and filters.md of the venue's documentation.
 * Both doors lead to one table of routes (sim/box_routes.c) with parameters, weight, who may ask,
 * and handler. Routes that need an account answer only where the box has some (box->trading).
 */
#ifndef TW_SIM_BOX_REST_H
#define TW_SIM_BOX_REST_H

#include "sim/box.h"

#define BOX_PARAMS_MAX        40
#define BOX_WEIGHT_PER_MINUTE 6000 /* per client address, as exchangeInfo tells */
#define BOX_CLIENTS_MAX       64   /* addresses whose use is remembered */
#define BOX_PAYLOAD_MAX       8192 /* of a signed request */
#define BOX_REFUSED_MAX                                                                            \
    10 /* requests after a 429, in that minute, before the address is banned                       \
        */

enum box_method { BOX_GET, BOX_POST, BOX_PUT, BOX_DELETE, BOX_OTHER_METHOD };

struct box_param {
    const char *name, *value; /* decoded, NUL-terminated */
};

struct box_key;

struct box_request {
    enum box_method method;
    const char *path; /* REST; else NULL */
    const char *call; /* websocket API: "order.place"; else NULL */
    uint32_t params;  /* how many were sent; those beyond BOX_PARAMS_MAX are not in the array */
    struct box_param param[BOX_PARAMS_MAX];
    const char *client; /* numeric address */
    int64_t mono_ns;
    const char *api_key; /* header X-MBX-APIKEY or parameter apiKey; NULL: none */
    const char *payload; /* what the signature is of; see box_payload_*() */
    size_t payload_len;
    const struct box_key *session_key; /* of session.logon; needs no signature */
    uint32_t session_account;
    bool micro; /* times are wanted in microseconds */
};

/* What is signed in a REST request: the query as sent, then the body as sent, each without the
 * signature. The query arrives decoded here, so it is encoded again, as RFC 3986 says and the
 * venue demands. Both give the bytes used of [out], or 0 where BOX_PAYLOAD_MAX is too small. */
size_t box_payload_query(const struct box_param *p, uint32_t params, char *out);
/* [used]: bytes in [out] already. */
size_t box_payload_body(const char *body, size_t len, char *out, size_t used);
/* Takes a body of form parameters apart, in place; those whose name is there already (in the
 * query) are dropped. False: not of that form. */
bool box_form_read(char *body, struct box_request *r);

struct box_answer {
    int status;
    const char *content_type;
    uint32_t used_weight; /* of the client in this minute: X-MBX-USED-WEIGHT-1M */
    int retry_after_s;    /* 0: no header */
    bool has_counts;      /* X-MBX-ORDER-COUNT-10S and -1D */
    uint32_t count[2];
    struct box_text body; /* owned by the caller: box_text_free() */
};

/* Used weight by client address, per minute. Zeroed to begin with. */
struct box_usage {
    struct {
        char client[48];
        int64_t minute;         /* of the monotonic clock */
        uint32_t used, refused; /* in that minute */
        uint32_t bans;          /* so far: each lasts longer */
        int64_t banned_ns;      /* until then, by the monotonic clock */
    } entry[BOX_CLIENTS_MAX];
};

/* Answers; any request has an answer. Does not know /box/..., which is the server's. */
void box_rest(struct box *b, struct box_usage *u, const struct box_request *r,
              struct box_answer *ret);

/* Adds to what the client used in this minute, and tells the sum. */
uint32_t box_use_weight(struct box_usage *u, const struct box_request *r, uint32_t weight);

/* Bans the requester's address from now on; 0 lifts the ban. */
void box_ban(struct box_usage *u, const struct box_request *r, int64_t for_ns);

/* Whether there is a call of that name in the websocket API. */
bool box_has_call(const char *name);

/* An error in the venue's form: {"code":-1121,"msg":"Invalid symbol."} */
void box_rest_error(struct box_answer *a, int status, int code, const char *msg);

#endif

/* HTTP requests of the exchange in a box: from libwebsockets to struct box_request and back. */
#ifndef TW_IO_BOX_HTTP_H
#define TW_IO_BOX_HTTP_H

#include "sim/box_rest.h"

struct lws;

#define BOX_PEER_MAX      48
#define BOX_HTTP_BODY_MAX (64u << 10) /* of a request */
#define BOX_API_KEY_TEXT  160         /* of a header; real ones have 64 */

struct box_http_request;

/* A request under way; memory of libwebsockets, zeroed by it. */
struct box_http {
    struct box_answer answer;
    size_t sent; /* of the body */
    bool headers_sent;
    struct box_http_request *waiting; /* for its body */
    struct box_text body;             /* of the request, so far */
};

/* What a request asks, taken out of the connection. */
struct box_http_request {
    struct box_request r;
    char path[256];
    char client[BOX_PEER_MAX];
    char *args; /* decoded "name\0value\0..." */
    char api_key[BOX_API_KEY_TEXT];
    char payload[BOX_PAYLOAD_MAX];
    bool body_follows; /* answer when it is there */
};

/* ERR_RANGE: path too long; ERR_NOMEM. */
enum err box_http_read(struct lws *wsi, struct box_http_request *ret) MUST_CHECK;
/* Takes in the request's whole body: its parameters, and what was signed. [body] is changed and
 * must stay as long as the request. False: it is no form. */
bool box_http_body(struct box_http_request *q, char *body, size_t len);
void box_http_request_free(struct box_http_request *q);

/* The client's numeric address. */
void box_http_peer(struct lws *wsi, char out[static BOX_PEER_MAX]);

/* The value of a parameter, or NULL. */
const char *box_http_param(const struct box_http_request *q, const char *name);

/* Forgets the request and the answer. */
void box_http_clear(struct box_http *h);

/* Writes a part of the answer; non-zero ends the connection. To be called when the answer is
 * complete and whenever the connection is writable after. */
int box_http_write(struct lws *wsi, struct box_http *h);

#endif

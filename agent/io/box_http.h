/* HTTP requests of the exchange in a box: from libwebsockets to struct box_request and back. */
#ifndef TW_IO_BOX_HTTP_H
#define TW_IO_BOX_HTTP_H

#include "sim/box_rest.h"

struct lws;

#define BOX_PEER_MAX      48
#define BOX_HTTP_BODY_MAX (64u << 10) /* of a request; read and left */

/* A request under way; memory of libwebsockets, zeroed by it. */
struct box_http {
    struct box_answer answer;
    size_t sent; /* of the body */
    bool headers_sent;
    uint64_t body_in; /* bytes of the request's body so far */
};

/* What a request asks, taken out of the connection. */
struct box_http_request {
    struct box_request r;
    char path[256];
    char client[BOX_PEER_MAX];
    char *args;        /* decoded "name\0value\0..." */
    bool upgrade_body; /* a body follows: answer when it is there */
};

/* ERR_RANGE: path too long; ERR_NOMEM. */
enum err box_http_read(struct lws *wsi, struct box_http_request *ret) MUST_CHECK;
void box_http_request_free(struct box_http_request *q);

/* The client's numeric address. */
void box_http_peer(struct lws *wsi, char out[static BOX_PEER_MAX]);

/* The value of a parameter, or NULL. */
const char *box_http_param(const struct box_http_request *q, const char *name);

/* Writes a part of the answer; non-zero ends the connection. To be called when the answer is
 * complete and whenever the connection is writable after. */
int box_http_write(struct lws *wsi, struct box_http *h);

#endif

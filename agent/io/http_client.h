/* An HTTP client for one server: GET, on the loop, with kept-alive connections.
 *
 * libcurl does the talking; the name is resolved by resolve.h, the certificate is checked against
 * the same store as the websocket's. Redirects are not followed (the 3xx status is the answer),
 * proxies of the environment are not used, only http and https are spoken.
 */
#ifndef TW_IO_HTTP_CLIENT_H
#define TW_IO_HTTP_CLIENT_H

#include "base/clock.h"
#include "base/err.h"
#include "io/loop.h"
#include "io/tls.h"

#include <stddef.h>
#include <stdint.h>

#define HTTP_REQUESTS_MAX    64          /* of one client, under way at the same time */
#define HTTP_CONNECTIONS_MAX 4           /* of one client; further requests wait for one */
#define HTTP_BODY_MAX        (32u << 20) /* bytes of an answer, decompressed */
#define HTTP_CONNECT_NS      (5 * NS_PER_S)
#define HTTP_TOTAL_NS        (15 * NS_PER_S)

struct http_client;

/* Zero means the default above. */
struct http_options {
    int64_t connect_ns; /* for the name, the connection and TLS, each */
    int64_t total_ns;   /* from http_get() to the end of the answer */
    size_t body_max;    /* a longer answer is a failure; at most HTTP_BODY_MAX */
};

struct http_answer {
    int status;        /* 0: there was no whole answer, [why] says what happened */
    int retry_after_s; /* of the Retry-After header, also for a date; -1 where it is absent */
    const char *body;  /* NUL-terminated behind [len], valid during the call */
    size_t len;
    const char *why; /* a sentence without a full stop; "" where there was an answer */
};

/* Called once for every request, from the loop. May start and cancel requests, and close the
 * client. */
typedef void http_fn(void *ctx, const struct http_answer *a);

/* [base] is http:// or https:// with a host and no path. [tls] is needed for https and must live as
 * long. *why is a sentence where the base is refused. ERR_SYNTAX, ERR_UNSUPPORTED, ERR_RANGE (the
 * base), ERR_NOMEM. */
enum err http_client_open(struct http_client **ret, struct loop *l, const char *base,
                          const struct tls *tls, const struct http_options *o,
                          const char **why) MUST_CHECK;

/* Drops all requests without calling anybody. NULL is allowed. */
void http_client_close(struct http_client *c);

/* GETs [path] (begins with '/', with the query). ERR_FULL at HTTP_REQUESTS_MAX, ERR_RANGE where the
 * path is not one, ERR_NOMEM. */
enum err http_get(struct http_client *c, const char *path, http_fn *fn, void *ctx) MUST_CHECK;

#endif

/* REST answers of the exchange in a box.
 *
 * Source: rest-api.md, errors.md and filters.md of the venue's documentation. Paths stand in one
 * dispatch table with their parameters, weight and handler; order entry, which this version does
 * not offer, has its rows there too.
 */
#ifndef TW_SIM_BOX_REST_H
#define TW_SIM_BOX_REST_H

#include "sim/box.h"

#define BOX_PARAMS_MAX        16
#define BOX_WEIGHT_PER_MINUTE 6000 /* per client address, as exchangeInfo tells */
#define BOX_CLIENTS_MAX       64   /* addresses whose use is remembered */

enum box_method { BOX_GET, BOX_POST, BOX_PUT, BOX_DELETE, BOX_OTHER_METHOD };

struct box_param {
    const char *name, *value; /* decoded, NUL-terminated */
};

struct box_request {
    enum box_method method;
    const char *path;
    uint32_t params; /* how many were sent; those beyond BOX_PARAMS_MAX are not in the array */
    struct box_param param[BOX_PARAMS_MAX];
    const char *client; /* numeric address */
    int64_t mono_ns;
};

struct box_answer {
    int status;
    const char *content_type;
    uint32_t used_weight; /* of the client in this minute: X-MBX-USED-WEIGHT-1M */
    int retry_after_s;    /* 0: no header */
    struct box_text body; /* owned by the caller: box_text_free() */
};

/* Used weight by client address, per minute. Zeroed to begin with. */
struct box_usage {
    struct {
        char client[48];
        int64_t minute; /* of the monotonic clock */
        uint32_t used;
    } entry[BOX_CLIENTS_MAX];
};

/* Answers; any request has an answer. Does not know /box/..., which is the server's. */
void box_rest(struct box *b, struct box_usage *u, const struct box_request *r,
              struct box_answer *ret);

/* An error in the venue's form: {"code":-1121,"msg":"Invalid symbol."} */
void box_rest_error(struct box_answer *a, int status, int code, const char *msg);

#endif

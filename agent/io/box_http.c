#include "io/box_http.h"

#include "base/clock.h"
#include "io/lws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK       (16u << 10)
#define HEADERS_MAX 1024

static enum box_method method_of(struct lws *wsi)
{
    return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI)      ? BOX_GET
           : lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI)   ? BOX_POST
           : lws_hdr_total_length(wsi, WSI_TOKEN_PUT_URI)    ? BOX_PUT
           : lws_hdr_total_length(wsi, WSI_TOKEN_DELETE_URI) ? BOX_DELETE
                                                             : BOX_OTHER_METHOD;
}

void box_http_peer(struct lws *wsi, char out[static BOX_PEER_MAX])
{
    out[0] = '\0';
    lws_get_peer_simple(wsi, out, BOX_PEER_MAX);
    if (strncmp(out, "::ffff:", 7) == 0) /* IPv4 in the clothes of IPv6 */
        memmove(out, out + 7, strlen(out + 7) + 1);
}

/* libwebsockets has split at '&' and decoded; each fragment is "name=value". */
static enum err read_args(struct lws *wsi, struct box_http_request *q)
{
    int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    if (total <= 0)
        return ERR_OK;
    /* The total counts a separator a fragment; each gets a NUL for it and one for its value. */
    size_t room = (size_t)total + 2 * BOX_PARAMS_MAX + 16, used = 0;
    q->args = malloc(room);
    if (!q->args)
        return ERR_NOMEM;
    for (int n = 0;; n++) {
        int len = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, n);
        if (len <= 0)
            break;
        if (q->r.params >= BOX_PARAMS_MAX) {
            q->r.params++; /* counted, so that too many are told as such */
            continue;
        }
        if (room - used < (size_t)len + 2)
            return ERR_RANGE;
        char *name = q->args + used;
        int got = lws_hdr_copy_fragment(wsi, name, len + 1, WSI_TOKEN_HTTP_URI_ARGS, n);
        if (got < 0)
            return ERR_RANGE;
        size_t end = strnlen(name, (size_t)got);
        name[end] = '\0';
        char *value = memchr(name, '=', end);
        if (value)
            *value++ = '\0';
        else
            value = name + end; /* no value: the empty text */
        q->r.param[q->r.params++] = (struct box_param){name, value};
        used += end + 1;
    }
    return ERR_OK;
}

/* A header that libwebsockets has no name for; NULL where it is missing. */
static const char *own_header(struct lws *wsi, const char *name, char *out, int cap)
{
    int n = lws_hdr_custom_length(wsi, name, (int)strlen(name));
    if (n < 0)
        return NULL;
    if (n >= cap || lws_hdr_custom_copy(wsi, out, cap, name, (int)strlen(name)) < 0)
        out[0] = '\0'; /* longer than any: not a key, which is what it will be told */
    return out;
}

static void read_own_headers(struct lws *wsi, struct box_http_request *q)
{
    char unit[24];
    q->r.api_key = own_header(wsi, "x-mbx-apikey:", q->api_key, sizeof q->api_key);
    const char *wanted = own_header(wsi, "x-mbx-time-unit:", unit, sizeof unit);
    q->r.micro =
        wanted && (strcmp(wanted, "MICROSECOND") == 0 || strcmp(wanted, "microsecond") == 0);
}

enum err box_http_read(struct lws *wsi, struct box_http_request *q)
{
    char *uri = NULL;
    int len = 0;
    enum err e;
    *q = (struct box_http_request){.r = {.method = method_of(wsi), .mono_ns = clock_mono_ns()}};
    if (lws_http_get_uri_and_method(wsi, &uri, &len) < 0) {
        /* A method the list of libwebsockets lacks. */
        uri = (char *)(uintptr_t) "/";
        len = 1;
    }
    if (len <= 0 || (size_t)len >= sizeof q->path)
        return ERR_RANGE;
    memcpy(q->path, uri, (size_t)len);
    q->path[len] = '\0';
    box_http_peer(wsi, q->client);
    char length[24] = "";
    bool given = lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
    /* libwebsockets tells the end of a body of 0 bytes only for POST. */
    q->body_follows = given && (q->r.method == BOX_POST || strtoull(length, NULL, 10) > 0);
    e = read_args(wsi, q);
    if (e) {
        free(q->args);
        return e;
    }
    read_own_headers(wsi, q);
    q->r.path = q->path;
    q->r.client = q->client;
    q->r.payload = q->payload;
    q->r.payload_len = box_payload_query(q->r.param, q->r.params, q->payload);
    return ERR_OK;
}

bool box_http_body(struct box_http_request *q, char *body, size_t len)
{
    q->r.payload_len = box_payload_body(body, len, q->payload, q->r.payload_len);
    return box_form_read(body, &q->r);
}

void box_http_clear(struct box_http *h)
{
    if (h->waiting) {
        box_http_request_free(h->waiting);
        free(h->waiting);
    }
    box_text_free(&h->body);
    box_text_free(&h->answer.body);
    *h = (struct box_http){0};
}

void box_http_request_free(struct box_http_request *q)
{
    free(q->args);
    q->args = NULL;
}

const char *box_http_param(const struct box_http_request *q, const char *name)
{
    for (uint32_t i = 0; i < q->r.params && i < BOX_PARAMS_MAX; i++)
        if (strcmp(q->r.param[i].name, name) == 0)
            return q->r.param[i].value;
    return NULL;
}

static bool add_header(struct lws *wsi, const char *name, const char *value, unsigned char **p,
                       unsigned char *end)
{
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), p,
                                       end) == 0;
}

static bool write_headers(struct lws *wsi, struct box_http *h)
{
    unsigned char buf[LWS_PRE + HEADERS_MAX], *start = buf + LWS_PRE, *p = start;
    unsigned char *end = buf + sizeof buf - 1;
    char weight[16], wait[16];
    snprintf(weight, sizeof weight, "%u", h->answer.used_weight);
    snprintf(wait, sizeof wait, "%d", h->answer.retry_after_s);
    if (lws_add_http_common_headers(wsi, (unsigned int)h->answer.status, h->answer.content_type,
                                    h->answer.body.len, &p, end) ||
        !add_header(wsi, "x-mbx-used-weight:", weight, &p, end) ||
        !add_header(wsi, "x-mbx-used-weight-1m:", weight, &p, end) ||
        !add_header(wsi, "cache-control:", "no-store", &p, end))
        return false;
    for (int i = 0; i < 2 && h->answer.has_counts; i++) {
        snprintf(weight, sizeof weight, "%u", h->answer.count[i]);
        if (!add_header(wsi, i ? "x-mbx-order-count-1d:" : "x-mbx-order-count-10s:", weight, &p,
                        end))
            return false;
    }
    if (h->answer.retry_after_s && !add_header(wsi, "retry-after:", wait, &p, end))
        return false;
    return lws_finalize_write_http_header(wsi, start, &p, end) == 0;
}

int box_http_write(struct lws *wsi, struct box_http *h)
{
    if (!h->headers_sent) {
        if (!write_headers(wsi, h))
            return -1;
        h->headers_sent = true;
        lws_callback_on_writable(wsi);
        return 0;
    }
    size_t rest = h->answer.body.len - h->sent, n = rest < CHUNK ? rest : CHUNK;
    unsigned char buf[LWS_PRE + CHUNK];
    if (n)
        memcpy(buf + LWS_PRE, h->answer.body.p + h->sent, n);
    enum lws_write_protocol how = n == rest ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
    if (lws_write(wsi, buf + LWS_PRE, n, how) != (int)n)
        return -1;
    h->sent += n;
    if (n < rest) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    box_http_clear(h);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

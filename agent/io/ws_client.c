#include "io/ws_client.h"

#include "base/check.h"
#include "io/lws.h"
#include "io/resolve.h"
#include "io/url.h"
#include "io/ws_deflate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frames come from libwebsockets in pieces of at most this. */
#define PIECE_BYTES WS_DEFLATE_PIECE_MAX
/* Those of a frame's first byte that nobody negotiated; libwebsockets does not look. */
#define RESERVED_BITS  0x30
#define GOODBYE_SECS   2
#define WHY_MAX        512
#define USER_AGENT     "tradewind"
#define VHOST_NAME_MAX 48

struct outgoing {
    unsigned char *data; /* LWS_PRE bytes, then the text */
    size_t len;
};

struct ws_client {
    struct loop *loop;
    const struct ws_events *events;
    void *ctx;
    struct ws_options o;
    const struct tls *tls;
    struct url url;
    const char *bad_url; /* a constant sentence, or NULL */

    struct resolve *resolve;
    struct addresses addresses;
    uint32_t next_address;
    struct lws *wsi; /* the attempt or the connection; its opaque pointer is this object */
    bool connected, closed, ping_wanted;
    void *deflate;           /* the extension's, from its making until connected */
    struct loop_timer timer; /* until connected the time-out, then the look at received_ns */
    struct loop_timer step;  /* the next thing to do, from the loop */
    int64_t received_ns, pinged_ns;

    char *joined; /* a message of which the end has not come yet */
    size_t joined_len, joined_cap;

    struct outgoing queue[WS_QUEUE_MAX];
    uint32_t queue_first, queue_count;
    size_t queue_bytes;

    char why[WHY_MAX]; /* a reason that was known before the connection ended, or "" */
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len);
static int on_deflate(struct lws_context *context, const struct lws_extension *ext, struct lws *wsi,
                      enum lws_extension_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {
    {.name = "ws-client", .callback = on_lws, .rx_buffer_size = PIECE_BYTES},
    {.name = NULL},
};

static const struct lws_extension extensions[] = {
    {"permessage-deflate", on_deflate, "permessage-deflate"},
    {NULL, NULL, NULL},
};

/* Where the server's answer is refused after the extension was made, libwebsockets does not free
 * it: on_failed() does, and needs to know it. */
static int on_deflate(struct lws_context *context, const struct lws_extension *ext, struct lws *wsi,
                      enum lws_extension_callback_reasons reason, void *user, void *in, size_t len)
{
    int r = ws_deflate_client(context, ext, wsi, reason, user, in, len);
    struct ws_client *c = lws_get_opaque_user_data(wsi);
    if (reason == LWS_EXT_CB_CLIENT_CONSTRUCT && r == 0 && c)
        c->deflate = *(void **)user;
    return r;
}

/* What a vhost needs for as long as it lives: libwebsockets copies neither. */
struct vhost_life {
    SSL_CTX *context; /* a reference, so that the pointer in the name stays unique */
    char name[VHOST_NAME_MAX];
};

static void free_vhost_life(struct lws_vhost *vhost, void *arg)
{
    (void)vhost;
    struct vhost_life *life = arg;
    SSL_CTX_free(life->context);
    free(life);
}

/* The vhost that carries the clients of [context] (NULL: without TLS); made when first needed. */
static struct lws_vhost *vhost_for(struct loop *l, SSL_CTX *context)
{
    char name[VHOST_NAME_MAX];
    snprintf(name, sizeof name, "ws-client %p", (void *)context);
    struct lws_vhost *v = lws_get_vhost_by_name(loop_lws(l), name);
    if (v)
        return v;
    struct vhost_life *life = malloc(sizeof *life);
    if (!life)
        return NULL;
    life->context = context;
    memcpy(life->name, name, sizeof name);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = life->name,
        .protocols = protocols,
        .extensions = extensions,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .provided_client_ssl_ctx = context,
        .http_proxy_address = "", /* else it looks into the environment */
        .finalize = free_vhost_life,
        .finalize_arg = life,
    };
    if (context)
        SSL_CTX_up_ref(context);
    /* Where it fails, memory is missing, and it is not told whether finalize was called: [life] is
     * rather left than freed twice. */
    return lws_create_vhost(loop_lws(l), &info);
}

/* Ends. */

/* Cuts the tie to libwebsockets' connection, which then ends by itself. */
static void detach(struct ws_client *c)
{
    struct lws *wsi = c->wsi;
    if (!wsi)
        return;
    c->wsi = NULL;
    lws_set_opaque_user_data(wsi, NULL);
    if (c->connected) {
        /* The goodbye needs a writable socket; a dead one is dropped after a moment. */
        lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, GOODBYE_SECS);
        lws_callback_on_writable(wsi);
    } else {
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

/* Ends a connection that nobody owns any more, with a goodbye where that is safe: until it is sent,
 * libwebsockets does not read, and where TLS holds more of the peer's data it would look for that
 * again and again, and never come to send. */
static int say_goodbye(struct lws *wsi)
{
    SSL *ssl = lws_get_ssl(wsi);
    if (!ssl || SSL_pending(ssl) == 0)
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
    return -1;
}

static void quiet(struct ws_client *c)
{
    loop_timer_cancel(&c->timer);
    loop_timer_cancel(&c->step);
    resolve_cancel(c->resolve);
    c->resolve = NULL;
}

/* Tells the owner; he may free [c] in it. */
static void finish(struct ws_client *c, const char *why)
{
    char text[WHY_MAX];
    snprintf(text, sizeof text, "%s", why);
    quiet(c);
    detach(c);
    c->connected = false;
    c->closed = true;
    c->events->closed(c->ctx, text);
}

void ws_client_close(struct ws_client *c)
{
    if (!c)
        return;
    quiet(c);
    detach(c);
    for (uint32_t i = 0; i < c->queue_count; i++)
        free(c->queue[(c->queue_first + i) % WS_QUEUE_MAX].data);
    free(c->joined);
    free(c);
}

/* Connecting. */

static void on_connect_timeout(void *ctx)
{
    struct ws_client *c = ctx;
    char why[WHY_MAX];
    snprintf(why, sizeof why, "no connection to %s within %.3g s", c->url.host,
             (double)c->o.connect_ns / (double)NS_PER_S);
    finish(c, why);
}

static void on_next_address(void *ctx)
{
    struct ws_client *c = ctx;
    CHECK(c->next_address < c->addresses.count);
    const char *address = c->addresses.text[c->next_address++];
    char authority[URL_AUTHORITY_MAX];
    url_authority(&c->url, authority);
    SSL_CTX *context = c->url.tls ? tls_context(c->tls) : NULL;
    struct lws_vhost *vhost = vhost_for(c->loop, context);
    if (!vhost) {
        finish(c, "out of memory");
        return;
    }
    struct lws_client_connect_info info = {
        .context = loop_lws(c->loop),
        .vhost = vhost,
        .address = address,
        .port = c->url.port,
        .path = c->url.path,
        .host = authority, /* also what the certificate must name */
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (c->url.tls ? LCCSCF_USE_SSL : 0),
        .alpn = "http/1.1",
        .local_protocol_name = protocols[0].name,
        .opaque_user_data = c,
        .ietf_version_or_minus_one = -1,
        .pwsi = &c->wsi,
    };
    errno = 0;
    if (lws_client_connect_via_info(&info))
        return;
    /* It failed at once, and nothing was called back. */
    int code = errno;
    c->wsi = NULL;
    if (c->next_address < c->addresses.count) {
        loop_timer_set(c->loop, &c->step, 0, on_next_address, c);
        return;
    }
    char why[WHY_MAX];
    snprintf(why, sizeof why, "cannot connect to %s (%s) port %u: %s", c->url.host, address,
             c->url.port, code ? strerror(code) : "refused or unreachable");
    finish(c, why);
}

static void on_resolved(void *ctx, const struct addresses *a, const char *why)
{
    struct ws_client *c = ctx;
    c->resolve = NULL;
    if (!a) {
        finish(c, why);
        return;
    }
    c->addresses = *a;
    on_next_address(c);
}

static void on_start(void *ctx)
{
    struct ws_client *c = ctx;
    if (c->bad_url) {
        finish(c, c->bad_url);
        return;
    }
    enum err e = resolve_start(&c->resolve, c->loop, c->url.host, c->o.connect_ns, on_resolved, c);
    if (e) {
        char why[WHY_MAX];
        snprintf(why, sizeof why, "cannot look up %s: %s", c->url.host, err_name(e));
        finish(c, why);
    }
}

enum err ws_client_open(struct ws_client **ret, struct loop *l, const char *url,
                        const struct tls *tls, const struct ws_options *o,
                        const struct ws_events *events, void *ctx)
{
    struct ws_client *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_NOMEM;
    c->loop = l;
    c->events = events;
    c->ctx = ctx;
    c->tls = tls;
    if (o)
        c->o = *o;
    c->o.connect_ns = c->o.connect_ns ? c->o.connect_ns : WS_CONNECT_NS;
    c->o.ping_after_ns = c->o.ping_after_ns ? c->o.ping_after_ns : WS_PING_AFTER_NS;
    c->o.close_after_ns = c->o.close_after_ns ? c->o.close_after_ns : WS_CLOSE_AFTER_NS;
    c->o.message_max = c->o.message_max ? c->o.message_max : WS_MESSAGE_MAX;
    CHECK(c->o.message_max <= WS_MESSAGE_MAX);
    if (url_parse(url, &c->url, &c->bad_url) != ERR_OK) {
        CHECK(c->bad_url);
    } else if (!c->url.websocket) {
        c->bad_url = "the URL of a websocket must begin with wss:// or ws://";
    } else if (strchr(c->url.host, ':') && c->url.tls) {
        c->bad_url = "wss:// with an IPv6 address cannot be verified: use the host's name";
    } else {
        c->bad_url = NULL;
        CHECK(!c->url.tls || tls);
    }
    loop_timer_set(l, &c->timer, clock_mono_ns() + c->o.connect_ns, on_connect_timeout, c);
    loop_timer_set(l, &c->step, 0, on_start, c);
    *ret = c;
    return ERR_OK;
}

/* Why it failed, for people. [text] is libwebsockets' word for it. */
static void explain_failure(struct ws_client *c, struct lws *wsi, const char *text, char *out)
{
    unsigned status = lws_http_client_http_response(wsi);
    SSL *ssl = lws_get_ssl(wsi);
    long verify = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (verify != X509_V_OK)
        tls_explain(verify, c->url.host, out);
    else if (strncmp(text, "connect S", 9) == 0 || /* "connect SSL err", "connect SYSCALL" */
             strcmp(text, "Timed out waiting SSL") == 0)
        snprintf(out, WHY_MAX, "no TLS connection to %s: %s", c->url.host,
                 reason ? reason : "the handshake failed (is TLS spoken at this port?)");
    else if (status && status != 101)
        snprintf(out, WHY_MAX, "%s refused the websocket with HTTP status %u", c->url.host, status);
    else if (strncmp(text, "HS: ", 4) == 0)
        snprintf(out, WHY_MAX, "%s did not answer as a websocket server: %s", c->url.host,
                 text + 4);
    else if (strcmp(text, "Unable to connect") == 0)
        snprintf(out, WHY_MAX, "cannot connect to %s port %u: refused or unreachable", c->url.host,
                 c->url.port);
    else
        snprintf(out, WHY_MAX, "no websocket at %s: %s", c->url.host,
                 *text ? text : "the connection was closed");
    ERR_clear_error();
}

static void on_failed(struct ws_client *c, struct lws *wsi, const char *in, size_t len)
{
    char text[128], why[WHY_MAX];
    snprintf(text, sizeof text, "%.*s", in ? (int)len : 0, in ? in : "");
    explain_failure(c, wsi, text, why);
    lws_set_opaque_user_data(wsi, NULL);
    c->wsi = NULL;
    if (c->deflate)
        ws_deflate_client(lws_get_context(wsi), extensions, wsi, LWS_EXT_CB_DESTROY, c->deflate,
                          NULL, 0);
    c->deflate = NULL;
    if (strcmp(text, "Unable to connect") == 0 && c->next_address < c->addresses.count)
        loop_timer_set(c->loop, &c->step, 0, on_next_address, c);
    else
        finish(c, why);
}

/* Connected. */

static void on_look(void *ctx)
{
    struct ws_client *c = ctx;
    int64_t now = clock_mono_ns();
    int64_t ping_ns = c->received_ns + c->o.ping_after_ns;
    int64_t close_ns = c->received_ns + c->o.close_after_ns;
    if (now >= close_ns) {
        char why[WHY_MAX];
        snprintf(why, sizeof why, "nothing came from %s for %.3g s, not even the answer to a ping",
                 c->url.host, (double)(now - c->received_ns) / (double)NS_PER_S);
        finish(c, why);
        return;
    }
    if (now >= ping_ns && c->pinged_ns < c->received_ns) {
        c->pinged_ns = now;
        c->ping_wanted = true;
        lws_callback_on_writable(c->wsi);
    }
    loop_timer_set(c->loop, &c->timer, now >= ping_ns ? close_ns : ping_ns, on_look, c);
}

static void on_connected(struct ws_client *c)
{
    c->connected = true;
    c->deflate = NULL; /* from now on freed with the connection */
    c->received_ns = clock_mono_ns();
    on_look(c);
    c->events->connected(c->ctx);
}

static bool keep_piece(struct ws_client *c, const char *in, size_t len)
{
    size_t need = c->joined_len + len + 1;
    if (need > c->joined_cap) {
        size_t cap = c->joined_cap ? c->joined_cap : 4 * PIECE_BYTES;
        while (cap < need)
            cap *= 2;
        char *p = realloc(c->joined, cap);
        if (!p)
            return false;
        c->joined = p;
        c->joined_cap = cap;
    }
    memcpy(c->joined + c->joined_len, in, len);
    c->joined_len += len;
    c->joined[c->joined_len] = '\0';
    return true;
}

static void on_piece(struct ws_client *c, struct lws *wsi, const char *in, size_t len)
{
    c->received_ns = clock_mono_ns();
    if (c->joined_len + len > c->o.message_max) {
        char why[WHY_MAX];
        snprintf(why, sizeof why, "%s sent a message of more than %zu bytes", c->url.host,
                 c->o.message_max);
        finish(c, why);
        return;
    }
    if (lws_get_reserved_bits(wsi) & RESERVED_BITS) {
        finish(c, "a frame broke the websocket protocol");
        return;
    }
    if (lws_frame_is_binary(wsi)) {
        finish(c, "a binary message came where only text is spoken");
        return;
    }
    bool last = lws_is_final_fragment(wsi) != 0;
    if (last && c->joined_len == 0) {
        c->events->message(c->ctx, in, len);
        return;
    }
    if (!keep_piece(c, in, len)) {
        finish(c, "out of memory for a message");
        return;
    }
    if (!last)
        return;
    /* The owner may free [c] while he still reads the text. */
    char *text = c->joined;
    len = c->joined_len;
    c->joined = NULL;
    c->joined_len = 0;
    c->events->message(c->ctx, text, len);
    if (lws_get_opaque_user_data(wsi))
        c->joined = text;
    else
        free(text);
}

static const char *close_code_name(unsigned code)
{
    switch (code) {
    case 1000: return "normal end";
    case 1001: return "going away";
    case 1002: return "protocol error, or a code that libwebsockets does not know";
    case 1003: return "unsupported data";
    case 1007: return "invalid text";
    case 1008: return "policy violation";
    case 1009: return "message too big";
    case 1011: return "internal error";
    default: return "no known code";
    }
}

static void on_peer_close(struct ws_client *c, const unsigned char *in, size_t len)
{
    if (len < 2) {
        snprintf(c->why, sizeof c->why, "%s closed the connection", c->url.host);
        return;
    }
    unsigned code = (unsigned)in[0] << 8 | in[1];
    snprintf(c->why, sizeof c->why, "%s closed the connection: %u (%s)%s%.*s", c->url.host, code,
             close_code_name(code), len > 2 ? ": " : "", (int)(len - 2), (const char *)in + 2);
}

enum err ws_client_send(struct ws_client *c, const char *text, size_t len)
{
    if (!c->connected)
        return ERR_STATE;
    if (c->queue_count == WS_QUEUE_MAX || len > WS_QUEUE_BYTES - c->queue_bytes)
        return ERR_FULL;
    unsigned char *data = malloc(LWS_PRE + len + 1);
    if (!data)
        return ERR_NOMEM;
    memcpy(data + LWS_PRE, text, len);
    c->queue[(c->queue_first + c->queue_count++) % WS_QUEUE_MAX] = (struct outgoing){data, len};
    c->queue_bytes += len;
    lws_callback_on_writable(c->wsi);
    return ERR_OK;
}

/* Sends one thing; false where the connection is broken. */
static bool on_writable(struct ws_client *c)
{
    if (c->ping_wanted) {
        unsigned char empty[LWS_PRE + 1];
        c->ping_wanted = false;
        if (lws_write(c->wsi, empty + LWS_PRE, 0, LWS_WRITE_PING) < 0)
            return false;
    } else if (c->queue_count) {
        struct outgoing o = c->queue[c->queue_first];
        c->queue_first = (c->queue_first + 1) % WS_QUEUE_MAX;
        c->queue_count--;
        c->queue_bytes -= o.len;
        int n = lws_write(c->wsi, o.data + LWS_PRE, o.len, LWS_WRITE_TEXT);
        free(o.data);
        if (n < (int)o.len)
            return false;
    }
    if (c->queue_count || c->ping_wanted)
        lws_callback_on_writable(c->wsi);
    return true;
}

static bool add_header(struct lws *wsi, unsigned char **p, size_t room)
{
    return lws_add_http_header_by_name(
               wsi, (const unsigned char *)"user-agent:", (const unsigned char *)USER_AGENT,
               sizeof USER_AGENT - 1, p, *p + room) == 0;
}

/* After each call into the owner's code the connection may have been given up, and the object
 * freed: libwebsockets then closes on -1. */
static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    (void)user;
    struct ws_client *c = lws_get_opaque_user_data(wsi);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum" /* of its hundred reasons, these are ours */
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return add_header(wsi, in, len) ? 0 : -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        if (c)
            on_failed(c, wsi, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        if (c)
            on_connected(c);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (c)
            on_piece(c, wsi, in, len);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        if (c)
            c->received_ns = clock_mono_ns();
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (c)
            on_peer_close(c, in, len);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (!c)
            return say_goodbye(wsi);
        return on_writable(c) ? 0 : -1;
    case LWS_CALLBACK_CLIENT_CLOSED:
        if (c) {
            c->wsi = NULL;
            lws_set_opaque_user_data(wsi, NULL);
            finish(c, *c->why ? c->why : "the connection was lost");
        }
        return 0;
    default: return 0;
    }
#pragma GCC diagnostic pop
    /* Given up while it was read: without a goodbye, for the same reason. */
    return lws_get_opaque_user_data(wsi) ? 0 : -1;
}

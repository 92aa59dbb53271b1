#include "io/control.h"

#include "base/log.h"
#include "io/lws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define KEEPALIVE_S 10

struct control {
    control_fn *fn;
    void *ctx;
    char path[PATH_MAX_BYTES];
};

/* One connection: libwebsockets allocates it, zeroed. */
struct talk {
    bool post;
    uint32_t uid, limit;
    char path[CONTROL_PATH_MAX];
    size_t body_len;
    char body[CONTROL_BODY_MAX + 1];
    int status;
    char *answer; /* with LWS_PRE bytes in front */
    size_t answer_len;
};

static struct control *control_of(struct lws *wsi)
{
    return lws_vhost_user(lws_get_vhost(wsi));
}

static int send_head(struct lws *wsi, struct talk *t)
{
    unsigned char buffer[LWS_PRE + 1024], *start = buffer + LWS_PRE, *p = start,
                                          *end = buffer + sizeof buffer - 1;
    if (lws_add_http_common_headers(wsi, (unsigned)t->status, "application/json", t->answer_len, &p,
                                    end) ||
        lws_finalize_write_http_header(wsi, start, &p, end))
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

/* Takes over the malloc'd [json]; NULL is out of memory: the connection closes. */
static int answer(struct lws *wsi, struct talk *t, int status, char *json)
{
    if (!json)
        return -1;
    size_t len = strlen(json);
    free(t->answer);
    t->answer = malloc(LWS_PRE + len + 1);
    if (t->answer) {
        memcpy(t->answer + LWS_PRE, json, len);
        t->answer[LWS_PRE + len] = '\n';
        t->answer_len = len + 1;
        t->status = status;
    }
    free(json);
    return t->answer ? send_head(wsi, t) : -1;
}

static int refuse(struct lws *wsi, struct talk *t, int status, const char *text)
{
    return answer(wsi, t, status, control_error(text));
}

static int ask(struct lws *wsi, struct talk *t)
{
    struct control *c = control_of(wsi);
    t->body[t->body_len] = 0;
    struct control_request request = {.post = t->post,
                                      .path = t->path,
                                      .limit = t->limit,
                                      .body = t->body,
                                      .len = t->body_len,
                                      .uid = t->uid};
    struct control_answer a = {.status = 500, .json = NULL};
    c->fn(c->ctx, &request, &a);
    return answer(wsi, t, a.status, a.json);
}

static bool may_ask(struct lws *wsi, uint32_t *uid)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    *uid = peer.uid;
    return peer.uid == geteuid() || peer.uid == 0;
}

static uint32_t read_limit(struct lws *wsi)
{
    char text[16];
    const char *value = lws_get_urlarg_by_name(wsi, "limit=", text, sizeof text);
    uint32_t n = 0;
    for (; value && *value >= '0' && *value <= '9' && n < 100000; value++)
        n = n * 10 + (uint32_t)(*value - '0');
    return value && *value ? 0 : n;
}

static int on_request(struct lws *wsi, struct talk *t, const char *path, size_t len)
{
    memset(t->path, 0, sizeof t->path);
    t->body_len = 0;
    t->status = 0;
    t->post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;
    if (!may_ask(wsi, &t->uid))
        return refuse(wsi, t, 403, "only the daemon's own user and root are answered");
    if (!t->post && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0)
        return refuse(wsi, t, 405, "only GET and POST are understood");
    if (len >= sizeof t->path)
        return refuse(wsi, t, 404, "there is nothing under that path");
    memcpy(t->path, path, len);
    t->limit = read_limit(wsi);
    if (!t->post)
        return ask(wsi, t);
    char length[24];
    int n = lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    if (n <= 0)
        return refuse(wsi, t, 411, "a POST needs a Content-Length");
    if (strspn(length, "0123456789") != (size_t)n || strtoull(length, NULL, 10) > CONTROL_BODY_MAX)
        return refuse(wsi, t, 413, "the body may have at most 4096 bytes");
    return 0; /* the body follows */
}

static int on_body(struct talk *t, const void *bytes, size_t len)
{
    if (t->status)
        return 0; /* refused already */
    if (len > CONTROL_BODY_MAX - t->body_len)
        return -1;
    if (len) /* an empty body comes as NULL */
        memcpy(t->body + t->body_len, bytes, len);
    t->body_len += len;
    return 0;
}

/* -1, and nothing else, closes the connection: with 1 libwebsockets 4.1 keeps it half dead and
 * spins on its hang-up. */
static int on_writable(struct lws *wsi, struct talk *t)
{
    if (!t->answer)
        return 0;
    int n =
        lws_write(wsi, (unsigned char *)t->answer + LWS_PRE, t->answer_len, LWS_WRITE_HTTP_FINAL);
    free(t->answer);
    t->answer = NULL;
    if (n < 0)
        return -1;
    /* An early refusal leaves a body unread: such a connection is not used again. */
    bool unread = t->status == 413 || t->status == 411 || (t->post && t->status == 403);
    return lws_http_transaction_completed(wsi) || unread ? -1 : 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct talk *t = user;
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP: return on_request(wsi, t, in, len);
    case LWS_CALLBACK_HTTP_BODY: return on_body(t, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return t->status ? 0 : ask(wsi, t);
    case LWS_CALLBACK_HTTP_WRITEABLE: return on_writable(wsi, t);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return -1; /* no websockets here */
    case LWS_CALLBACK_CLOSED_HTTP:
        if (t) {
            free(t->answer);
            t->answer = NULL;
        }
        return 0;
    default: return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "control", .callback = on_lws, .per_session_data_size = sizeof(struct talk)},
    {.name = NULL},
};

/* Removes a socket file whose owner is gone. */
static enum err clear_path(const char *path, char *why)
{
    struct stat st;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(why, CONTROL_WHY_MAX, "%.100s...: a socket's path may have at most %zu bytes",
                 path, sizeof address.sun_path - 1);
        return ERR_RANGE;
    }
    if (lstat(path, &st) != 0) {
        if (errno == ENOENT)
            return ERR_OK;
        snprintf(why, CONTROL_WHY_MAX, "%.150s: %s", path, strerror(errno));
        return ERR_IO;
    }
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(why, CONTROL_WHY_MAX, "%.150s: is there and is not a socket", path);
        return ERR_IO;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive = fd >= 0 &&
                 (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    if (alive) {
        snprintf(why, CONTROL_WHY_MAX, "%.150s: somebody listens there already", path);
        return ERR_EXISTS;
    }
    if (unlink(path) != 0) {
        snprintf(why, CONTROL_WHY_MAX, "%.150s: cannot be replaced: %s", path, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

enum err control_open(struct control **ret, struct loop *l, const char *path, control_fn *fn,
                      void *ctx, char *why)
{
    enum err rc = clear_path(path, why);
    if (rc != ERR_OK)
        return rc;
    struct control *c = calloc(1, sizeof *c);
    if (!c) {
        snprintf(why, CONTROL_WHY_MAX, "out of memory");
        return ERR_NOMEM;
    }
    c->fn = fn;
    c->ctx = ctx;
    snprintf(c->path, sizeof c->path, "%s", path);
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_UNIX_SOCK,
        .iface = c->path,
        .port = 0, /* what it takes for a Unix socket */
        .vhost_name = "control",
        .protocols = protocols,
        .user = c,
        .keepalive_timeout = KEEPALIVE_S,
    };
    (void)loop_lws_error(l);
    mode_t before = umask(0177); /* 0600 from its first moment */
    struct lws_vhost *vhost = lws_create_vhost(loop_lws(l), &info);
    umask(before);
    struct stat st;
    if (!vhost || lstat(c->path, &st) != 0) {
        const char *error = loop_lws_error(l);
        snprintf(why, CONTROL_WHY_MAX, "%.120s: cannot listen: %.100s", c->path,
                 error[0] ? error : strerror(errno));
        if (vhost)
            lws_vhost_destroy(vhost);
        free(c);
        return ERR_IO;
    }
    if (chmod(c->path, 0600) != 0)
        log_warn("control", "%s: chmod 600: %s", c->path, strerror(errno));
    *ret = c;
    return ERR_OK;
}

void control_close(struct control *c)
{
    if (!c)
        return;
    unlink(c->path);
    free(c);
}

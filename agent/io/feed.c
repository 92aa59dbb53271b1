#include "io/feed.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "io/http_client.h"
#include "io/tls.h"
#include "io/ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pending {
    struct feed *feed; /* NULL: free slot */
    uint32_t request;
    struct loop_timer failed; /* answers a request that could not even begin */
};

struct feed {
    struct loop *loop;
    const char *name; /* the venue's, in the setup */
    const struct session_ops *ops;
    void *memory; /* of the session */
    struct session *session;
    struct session_host host;
    feed_event_fn *fn;
    void (*before)(void *ctx); /* NULL: nobody */
    void *ctx;
    struct tls *tls;
    struct ws_client *ws;
    struct http_client *http;
    struct loop_timer start, timer, unconnected;
    unsigned inside;     /* depth of calls into the session */
    uint64_t connection; /* counts what was opened and left */
    struct pending pending[FEED_REQUESTS_MAX];
};

/* What the websocket and the timer tell. */

static void on_connected(void *ctx)
{
    struct feed *f = ctx;
    f->inside++;
    f->ops->connected(f->session, clock_mono_ns());
    f->inside--;
}

static void on_message(void *ctx, const char *text, size_t len)
{
    struct feed *f = ctx;
    const uint64_t from = f->connection;
    if (f->before)
        f->before(f->ctx);
    if (f->connection != from) /* the session has left it */
        return;
    f->inside++;
    f->ops->message(f->session, text, len, clock_mono_ns(), clock_wall_ns());
    f->inside--;
}

static void on_closed(void *ctx, const char *why)
{
    struct feed *f = ctx;
    ws_client_close(f->ws);
    f->ws = NULL;
    f->inside++;
    f->ops->closed(f->session, why, clock_mono_ns());
    f->inside--;
}

static void on_no_memory(void *ctx)
{
    on_closed(ctx, "out of memory");
}

static const struct ws_events ws_events = {
    .connected = on_connected,
    .message = on_message,
    .closed = on_closed,
};

static void on_timer(void *ctx)
{
    struct feed *f = ctx;
    f->inside++;
    f->ops->timer(f->session, clock_mono_ns());
    f->inside--;
}

static void on_start(void *ctx)
{
    struct feed *f = ctx;
    f->inside++;
    f->ops->start(f->session, clock_mono_ns());
    f->inside--;
}

static void deliver(struct pending *p, const struct http_answer *a)
{
    struct feed *f = p->feed;
    uint32_t request = p->request;
    p->feed = NULL;
    f->inside++;
    f->ops->http(f->session, request, a->status, a->retry_after_s, a->body, a->len, clock_mono_ns(),
                 clock_wall_ns());
    f->inside--;
}

static void on_answer(void *ctx, const struct http_answer *a)
{
    struct pending *p = ctx;
    if (!a->status)
        log_warn(p->feed->name, "%s", a->why);
    deliver(p, a);
}

static void on_never_begun(void *ctx)
{
    static const struct http_answer none = {.retry_after_s = -1, .body = "", .why = ""};
    deliver(ctx, &none);
}

/* What the session asks for. */

static void host_connect(void *ctx, const char *url)
{
    struct feed *f = ctx;
    ws_client_close(f->ws);
    f->ws = NULL;
    f->connection++;
    if (ws_client_open(&f->ws, f->loop, url, f->tls, NULL, &ws_events, f) != ERR_OK)
        loop_timer_set(f->loop, &f->unconnected, 0, on_no_memory, f);
}

static void host_disconnect(void *ctx, const char *why)
{
    struct feed *f = ctx;
    log_debug(f->name, "disconnecting: %s", why);
    ws_client_close(f->ws);
    f->ws = NULL;
    f->connection++;
    loop_timer_cancel(&f->unconnected);
}

static void host_send(void *ctx, const char *text, size_t len)
{
    struct feed *f = ctx;
    enum err e = f->ws ? ws_client_send(f->ws, text, len) : ERR_STATE;
    if (e)
        log_warn(f->name, "a message was not sent: %s", err_name(e));
}

static void host_http_get(void *ctx, uint32_t request, const char *path)
{
    struct feed *f = ctx;
    struct pending *p = NULL;
    for (size_t i = 0; i < FEED_REQUESTS_MAX && !p; i++)
        if (!f->pending[i].feed)
            p = &f->pending[i];
    if (!p) {
        log_error(f->name, "more than %d requests are unanswered: one was dropped",
                  FEED_REQUESTS_MAX);
        return;
    }
    p->feed = f;
    p->request = request;
    enum err e = http_get(f->http, path, on_answer, p);
    if (e) {
        log_warn(f->name, "a request could not begin: %s", err_name(e));
        loop_timer_set(f->loop, &p->failed, 0, on_never_begun, p);
    }
}

static void host_set_timer(void *ctx, int64_t at_ns)
{
    struct feed *f = ctx;
    loop_timer_set(f->loop, &f->timer, at_ns, on_timer, f);
}

static void host_event(void *ctx, const struct event *ev)
{
    struct feed *f = ctx;
    f->fn(f->ctx, ev);
}

static void host_log(void *ctx, bool bad, const char *text)
{
    const struct feed *f = ctx;
    log_line(bad ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, f->name, "%s", text);
}

/* Life. */

static enum err open_network(struct feed *f, const struct venue_setup *v, char *why)
{
    enum err e = tls_open(&f->tls, v->ca_file);
    if (e) {
        snprintf(why, FEED_WHY_MAX, "ca_file %s: %s", v->ca_file,
                 e == ERR_NOT_FOUND ? "the file cannot be read"
                 : e == ERR_SYNTAX  ? "there is no PEM certificate in it"
                                    : err_name(e));
        return e;
    }
    const char *reason = "";
    e = http_client_open(&f->http, f->loop, v->rest_url, f->tls, NULL, &reason);
    if (e)
        snprintf(why, FEED_WHY_MAX, "rest_url \"%s\": %s", v->rest_url, reason);
    return e;
}

static enum err open_session(struct feed *f, const struct setup *s, venue_id v, uint64_t seed,
                             char *why)
{
    f->host = (struct session_host){
        .ctx = f,
        .connect = host_connect,
        .disconnect = host_disconnect,
        .send = host_send,
        .http_get = host_http_get,
        .set_timer = host_set_timer,
        .event = host_event,
        .log = host_log,
    };
    f->memory = calloc(1, f->ops->size(s, v));
    enum err e = ERR_NOMEM;
    if (f->memory)
        e = f->ops->init(&f->session, f->memory, s, v, &f->host, seed);
    if (e)
        snprintf(why, FEED_WHY_MAX, "the session of kind %s cannot begin: %s", f->ops->kind,
                 err_name(e));
    return e;
}

enum err feed_open(struct feed **ret, struct loop *l, const struct setup *s, venue_id v,
                   const struct session_ops *ops, uint64_t seed, feed_event_fn *fn, void *ctx,
                   char *why)
{
    CHECK(v < s->venues);
    struct feed *f = calloc(1, sizeof *f);
    if (!f) {
        snprintf(why, FEED_WHY_MAX, "out of memory");
        return ERR_NOMEM;
    }
    f->loop = l;
    f->name = s->venue[v].name;
    f->ops = ops;
    f->fn = fn;
    f->ctx = ctx;
    enum err e = open_network(f, &s->venue[v], why);
    if (!e)
        e = open_session(f, s, v, seed, why);
    if (e) {
        feed_close(f);
        return e;
    }
    loop_timer_set(l, &f->start, 0, on_start, f);
    *ret = f;
    return ERR_OK;
}

void feed_close(struct feed *f)
{
    if (!f)
        return;
    CHECK(!f->inside);
    if (f->session)
        f->ops->stop(f->session);
    loop_timer_cancel(&f->start);
    loop_timer_cancel(&f->timer);
    loop_timer_cancel(&f->unconnected);
    for (size_t i = 0; i < FEED_REQUESTS_MAX; i++)
        loop_timer_cancel(&f->pending[i].failed);
    ws_client_close(f->ws);
    http_client_close(f->http);
    tls_close(f->tls);
    free(f->memory);
    free(f);
}

void feed_before_message(struct feed *f, void (*before)(void *ctx))
{
    f->before = before;
}

void feed_stats(const struct feed *f, struct session_stats *ret)
{
    f->ops->stats(f->session, ret);
}

void feed_resync(struct feed *f, instrument_id i)
{
    f->inside++;
    f->ops->resync(f->session, i, clock_mono_ns());
    f->inside--;
}

void feed_catch_up(struct feed *f)
{
    on_timer(f);
}

int64_t feed_venue_now_ns(const struct feed *f)
{
    return f->ops->venue_now_ns(f->session, clock_mono_ns());
}

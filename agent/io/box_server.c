#include "io/box_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/box_client.h"
#include "io/box_http.h"
#include "io/box_listen.h"
#include "io/box_server_parts.h"
#include "io/lws.h"
#include "io/ws_deflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_PER_PASS 512 /* replayed before sockets have their turn */
#define WAIT_NS        (2 * NS_PER_MS)
#define SWEEP_NS       (100 * NS_PER_MS) /* timed streams, pings, ages */
#define PROGRESS_NS    (5 * NS_PER_S)
#define LATE_NS        (2 * NS_PER_S) /* behind the clock by this: worth a warning */
#define FAREWELL_NS    (3 * NS_PER_S) /* for clients to read what is queued at the end */

/* What libwebsockets keeps for a connection: a request, or a websocket client. */
struct per_connection {
    struct box_http http;
    struct box_client *client;
};

/* ---- publishing ---- */

static void send_to(struct box_server *s, struct box_client *c, const char *name,
                    const char *payload, size_t len, struct box_shared *made[2])
{
    struct box_shared **m = &made[c->conn.combined];
    if (!*m) {
        box_conn_frame(&c->conn, name, payload, len, &s->frame);
        if (!s->frame.failed)
            *m = box_shared_new(s->frame.p, s->frame.len);
    }
    if (*m)
        box_client_queue(c, *m);
}

static void drop_made(struct box_shared *made[2])
{
    for (int i = 0; i < 2; i++)
        if (made[i])
            box_shared_drop(made[i]);
}

static void on_publish(void *ctx, uint32_t symbol, int stream, const char *payload, size_t len)
{
    struct box_server *s = ctx;
    struct box_shared *made[2] = {NULL, NULL};
    char name[BOX_STREAM_NAME_MAX];
    box_stream_name(s->box->symbol[symbol]->venue, stream, name);
    if (box_private_mutes(s, name))
        return;
    for (struct box_client *c = s->clients; c; c = c->next)
        if (box_conn_wants(&c->conn, symbol, stream))
            send_to(s, c, name, payload, len, made);
    drop_made(made);
}

/* ---- the replay's pace ---- */

static void replay_some(void *ctx);

void box_server_end_of_replay(struct box_server *s)
{
    const struct box_counts *n = &s->box->n;
    s->phase = PHASE_ENDED;
    log_info(
        s->setup.name,
        "the recording is over: %llu lines replayed (%llu trades, %llu book changes, %llu "
        "tops of book; %llu repeated, %llu gaps, %llu not served), %llu messages published; %s",
        (unsigned long long)s->replay->events, (unsigned long long)(n->trades + n->agg_trades),
        (unsigned long long)n->depths, (unsigned long long)n->tops, (unsigned long long)n->repeated,
        (unsigned long long)n->gaps, (unsigned long long)n->ignored,
        (unsigned long long)n->published, s->setup.exit_at_end ? "ending" : "REST goes on");
    if (s->setup.exit_at_end)
        box_server_stop(s);
}

void box_server_fail(struct box_server *s, const char *why)
{
    s->phase = PHASE_FAILED;
    log_error(s->setup.name, "%s", why);
    box_server_stop(s);
}

/* Where the recorder's clock should stand now. */
static int64_t due_ns(const struct box_server *s)
{
    i128 passed = (i128)(clock_mono_ns() - s->start_mono_ns) * s->setup.speed_milli / 1000;
    i128 due = s->start_ns + passed;
    return due < INT64_MAX ? (int64_t)due : INT64_MAX - 1;
}

static void plan(struct box_server *s)
{
    int64_t next_ns = box_replay_next_ns(s->replay);
    if (next_ns == INT64_MAX) {
        box_server_end_of_replay(s);
        return;
    }
    i128 wait = (i128)(next_ns - s->start_ns) * 1000 / s->setup.speed_milli;
    loop_timer_set(s->loop, &s->replay_timer, s->start_mono_ns + (int64_t)wait, replay_some, s);
}

/* Faster than the market, lines come as fast as clients that do read can take them. At the market's
 * own pace nobody is waited for. */
static bool must_wait(struct box_server *s, int64_t now)
{
    bool wait = false;
    for (struct box_client *c = s->clients; c && s->setup.speed_milli > 1000; c = c->next)
        wait = box_client_lags(c, now) || wait;
    return wait;
}

static void replay_some(void *ctx)
{
    struct box_server *s = ctx;
    char why[BOX_REPLAY_WHY_MAX];
    uint64_t n;
    int64_t due = due_ns(s), started = clock_mono_ns();
    if (must_wait(s, started)) {
        loop_timer_set(s->loop, &s->replay_timer, started + WAIT_NS, replay_some, s);
        return;
    }
    if (box_replay_until(s->replay, due, LINES_PER_PASS, &n, why) != ERR_OK) {
        box_server_fail(s, why);
        return;
    }
    int64_t now = clock_mono_ns();
    if (due - s->replay->now_ns > LATE_NS / 1000 * s->setup.speed_milli &&
        now - s->warned_ns > PROGRESS_NS) {
        s->warned_ns = now;
        log_warn(s->setup.name, "this machine cannot keep up with --speed %u.%03u",
                 s->setup.speed_milli / 1000, s->setup.speed_milli % 1000);
    }
    plan(s);
}

static void start_clock(struct box_server *s)
{
    s->phase = PHASE_RUNNING;
    s->start_mono_ns = clock_mono_ns();
    s->start_ns = s->replay->now_ns;
    plan(s);
}

/* ---- housekeeping ---- */

static bool all_sent(const struct box_server *s)
{
    for (const struct box_client *c = s->clients; c; c = c->next)
        if (c->count)
            return false;
    return true;
}

static void end_client(struct box_client *c, enum box_close code, const char *why)
{
    if (c->conn.close != BOX_CLOSE_NOT)
        return;
    c->conn.close = code;
    c->conn.why = why;
    lws_callback_on_writable(c->wsi);
}

static void look_after(struct box_server *s, struct box_client *c, int64_t now)
{
    if (now - c->opened_ns >= s->setup.connection_ns)
        end_client(c, BOX_CLOSE_GOING_AWAY, "the connection has reached its age limit (24 h)");
    if (now - c->pong_ns >= s->setup.pong_ns)
        end_client(c, BOX_CLOSE_POLICY, "no pong within the time allowed");
    if (c->conn.close != BOX_CLOSE_NOT && !c->saw_end) {
        /* The closing handshake must not depend on a client that does not read. */
        c->saw_end = true;
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, 5);
    }
    if (now - c->pinged_ns >= s->setup.ping_ns) {
        c->pinged_ns = now;
        c->ping_due = true;
        lws_callback_on_writable(c->wsi);
    }
}

static void tell_progress(struct box_server *s, int64_t now)
{
    if (now - s->progress_ns < PROGRESS_NS || s->replay->events == s->progress_events)
        return;
    char when[CLOCK_TEXT_MAX];
    clock_format_utc(s->box->now_ms * NS_PER_MS, when);
    log_info(s->setup.name, "replayed up to %s  lines=%llu clients=%u published=%llu", when,
             (unsigned long long)s->replay->events, s->client_count,
             (unsigned long long)s->box->n.published);
    s->progress_ns = now;
    s->progress_events = s->replay->events;
}

static void sweep(void *ctx)
{
    struct box_server *s = ctx;
    int64_t now = clock_mono_ns();
    if (s->stopping && (now >= s->stop_ns || all_sent(s))) {
        loop_stop(s->loop);
        return;
    }
    if (s->phase == PHASE_RUNNING) {
        /* Timed streams go on between two recorded lines, but not past lines that are due. */
        int64_t due = due_ns(s), next = box_replay_next_ns(s->replay);
        box_advance(s->box, due < next ? due : next);
    }
    tell_progress(s, now);
    for (struct box_client *c = s->clients; c; c = c->next)
        look_after(s, c, now);
    loop_timer_set(s->loop, &s->sweep_timer, now + SWEEP_NS, sweep, s);
}

static void tell_shutdown(struct box_server *s, struct box_client *c)
{
    char text[80];
    int n = snprintf(text, sizeof text, "{\"event\":{\"e\":\"serverShutdown\",\"E\":%lld}}",
                     (long long)(box_trading_now_us(s->box->trading) / 1000));
    (void)box_client_send(c, text, (size_t)n); /* it is told by its end in any case */
}

void box_server_disconnect(struct box_server *s, const char *why)
{
    for (struct box_client *c = s->clients; c; c = c->next)
        end_client(c, BOX_CLOSE_GOING_AWAY, why);
}

void box_server_stop(struct box_server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_ns = clock_mono_ns() + FAREWELL_NS;
    loop_timer_cancel(&s->replay_timer);
    char payload[80];
    int n = snprintf(payload, sizeof payload, "{\"e\":\"serverShutdown\",\"E\":%lld}",
                     (long long)s->box->now_ms);
    struct box_shared *made[2] = {NULL, NULL};
    for (struct box_client *c = s->clients; c; c = c->next) {
        if (c->api)
            tell_shutdown(s, c);
        else
            send_to(s, c, "!serverShutdown", payload, (size_t)n, made);
        end_client(c, BOX_CLOSE_GOING_AWAY, "the exchange shuts down");
    }
    drop_made(made);
    loop_timer_set(s->loop, &s->sweep_timer, clock_mono_ns() + SWEEP_NS, sweep, s);
}

/* ---- requests ---- */

/* The request is here with its body: answer it. */
static int on_complete(struct box_server *s, struct lws *wsi, struct box_http *h)
{
    struct box_http_request *q = h->waiting;
    if (!h->body.len || box_http_body(q, h->body.p, h->body.len))
        return box_private_request(s, wsi, h);
    box_rest_error(&h->answer, 400, -1100, "Illegal characters found in a parameter.");
    return box_http_write(wsi, h);
}

static int on_request(struct box_server *s, struct lws *wsi, struct box_http *h)
{
    box_http_clear(h);
    h->waiting = malloc(sizeof *h->waiting);
    enum err e = h->waiting ? box_http_read(wsi, h->waiting) : ERR_NOMEM;
    if (e) {
        free(h->waiting);
        h->waiting = NULL;
        h->answer =
            (struct box_answer){.status = e == ERR_RANGE ? 414 : 500, .content_type = "text/html"};
        return box_http_write(wsi, h);
    }
    return h->waiting->body_follows ? 0 : on_complete(s, wsi, h);
}

static int on_body(struct box_http *h, const char *in, size_t len)
{
    if (h->body.len + len > BOX_HTTP_BODY_MAX)
        return -1;
    box_text_add_n(&h->body, in, len);
    return h->body.failed ? -1 : 0;
}

/* Opens what the request of a websocket asks for: streams by ?streams= and the path, or the API. */
static enum err open_conn(struct box_server *s, struct lws *wsi, struct box_client *c)
{
    struct box_http_request *q = malloc(sizeof *q);
    box_conn_init(&c->conn);
    enum err e = q ? box_http_read(wsi, q) : ERR_NOMEM;
    if (e) {
        free(q);
        return e;
    }
    if (s->box->trading && box_private_is_path(q->path))
        e = box_private_client(s, c, q);
    else
        e = box_conn_open(s->box, &c->conn, q->path, box_http_param(q, "streams"));
    box_http_request_free(q);
    free(q);
    if (e)
        box_conn_free(s->box, &c->conn);
    return e;
}

/* A look before the handshake: a bad path or stream is refused in HTTP. */
static int on_filter(struct box_server *s, struct lws *wsi)
{
    struct box_client c = {0};
    enum err e = s->client_count >= BOX_CLIENTS_LIMIT || s->stopping || s->maintenance
                     ? ERR_STATE
                     : open_conn(s, wsi, &c);
    if (!e) {
        box_client_free(s->box, &c);
        return 0;
    }
    int status = e == ERR_NOT_FOUND ? 404 : e == ERR_STATE || e == ERR_NOMEM ? 503 : 400;
    lws_return_http_status(wsi, (unsigned int)status, NULL);
    return -1;
}

static void note_subscriptions(struct box_server *s, const struct box_client *c)
{
    if (s->phase == PHASE_WAITING && c->conn.names)
        start_clock(s);
}

static int on_open(struct box_server *s, struct lws *wsi, struct per_connection *p)
{
    struct box_client *c = calloc(1, sizeof *c);
    if (!c)
        return -1;
    if (open_conn(s, wsi, c) != ERR_OK) {
        free(c);
        return -1;
    }
    c->wsi = wsi;
    c->number = ++s->next_number;
    box_http_peer(wsi, c->address);
    c->opened_ns = c->pinged_ns = c->pong_ns = clock_mono_ns();
    c->next = s->clients;
    s->clients = c;
    s->client_count++;
    p->client = c;
    char list[5 * BOX_STREAM_NAME_MAX];
    box_client_streams(c, 0, list, sizeof list);
    log_info(s->setup.name, "client %u connected from %s%s%s", c->number, c->address,
             list[0] ? ": " : "", list);
    note_subscriptions(s, c);
    return 0;
}

static void on_closed(struct box_server *s, struct per_connection *p)
{
    struct box_client *c = p->client;
    if (!c)
        return;
    p->client = NULL;
    log_info(s->setup.name, "client %u left after %llu messages%s%s", c->number,
             (unsigned long long)c->sent, c->conn.close ? ": " : "",
             c->conn.close ? c->conn.why : "");
    for (struct box_client **at = &s->clients; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    s->client_count--;
    box_client_free(s->box, c);
    free(c);
}

static int on_receive(struct box_server *s, struct box_client *c, const char *in, size_t len)
{
    uint32_t before = c->conn.names;
    if (c->api)
        return box_private_receive(s, c, in, len);
    box_text_clear(&s->reply);
    int r = box_client_receive(s->box, c, in, len, &s->reply);
    if (c->conn.names > before) {
        char list[5 * BOX_STREAM_NAME_MAX];
        box_client_streams(c, before, list, sizeof list);
        log_info(s->setup.name, "client %u subscribed to %s", c->number, list);
    }
    note_subscriptions(s, c);
    return r;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct per_connection *p = user;
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    struct box_server *s = vhost ? lws_get_vhost_user(vhost) : NULL;
    if (!s)
        return 0;
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP: return on_request(s, wsi, &p->http);
    case LWS_CALLBACK_HTTP_BODY: return on_body(&p->http, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return p->http.waiting         ? on_complete(s, wsi, &p->http)
               : p->http.answer.status ? box_http_write(wsi, &p->http)
                                       : 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return p->http.answer.status ? box_http_write(wsi, &p->http) : 0;
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (p)
            box_http_clear(&p->http);
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return on_filter(s, wsi);
    case LWS_CALLBACK_ESTABLISHED: return on_open(s, wsi, p);
    case LWS_CALLBACK_RECEIVE: return p->client ? on_receive(s, p->client, in, len) : -1;
    case LWS_CALLBACK_RECEIVE_PONG:
        if (p->client) {
            p->client->pong_ns = clock_mono_ns();
            if (!p->client->api)
                box_conn_count(&p->client->conn, p->client->pong_ns);
            if (p->client->conn.close != BOX_CLOSE_NOT)
                lws_callback_on_writable(wsi);
        }
        return 0;
    case LWS_CALLBACK_TIMER: /* what a fault held back */
        if (p->client)
            lws_callback_on_writable(wsi);
        else if (p->http.waiting)
            return box_http_write(wsi, &p->http);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return p->client ? box_client_writable(p->client) : -1;
    case LWS_CALLBACK_CLOSED: on_closed(s, p); return 0;
    default: return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols PROTOCOLS[] = {
    {.name = "box",
     .callback = on_lws,
     .per_session_data_size = sizeof(struct per_connection),
     .rx_buffer_size = 4096},
    {.name = NULL},
};

static const struct lws_extension EXTENSIONS[] = {
    {"permessage-deflate", ws_deflate_server, "permessage-deflate"},
    {NULL, NULL, NULL},
};

/* ---- opening ---- */

enum err box_server_open(struct box_server **ret, struct loop *loop,
                         const struct box_server_setup *setup, struct box *box,
                         struct box_replay *replay, char *why)
{
    enum err e = box_try_port(setup->address, setup->port, why, BOX_REPLAY_WHY_MAX);
    if (e)
        return e;
    struct box_server *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, BOX_REPLAY_WHY_MAX, "out of memory");
        return ERR_NOMEM;
    }
    s->loop = loop;
    s->setup = *setup;
    s->box = box;
    s->replay = replay;
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
        .port = setup->port,
        .iface = setup->address,
        .vhost_name = "box",
        .protocols = PROTOCOLS,
        .extensions = EXTENSIONS,
        .ssl_cert_filepath = s->setup.ca.server_cert,
        .ssl_private_key_filepath = s->setup.ca.server_key,
        .ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1,
        .alpn = "http/1.1",
        .user = s,
        .keepalive_timeout = 60,
        .gid = -1,
        .uid = -1,
    };
    s->vhost = lws_create_vhost(loop_lws(loop), &info);
    if (!s->vhost) {
        snprintf(why, BOX_REPLAY_WHY_MAX, "cannot listen on %s port %u: %s", setup->address,
                 setup->port, loop_lws_error(loop));
        free(s);
        return ERR_IO;
    }
    box->publish = on_publish;
    box->ctx = s;
    box->publishing = true;
    box_private_open(s);
    s->progress_ns = clock_mono_ns();
    loop_timer_set(loop, &s->sweep_timer, s->progress_ns + SWEEP_NS, sweep, s);
    if (setup->step)
        s->phase = PHASE_STEPPING;
    else if (!setup->wait_for_client)
        start_clock(s);
    *ret = s;
    return ERR_OK;
}

void box_server_free(struct box_server *s)
{
    if (!s)
        return;
    box_private_close(s);
    box_text_free(&s->frame);
    box_text_free(&s->reply);
    free(s);
}

uint16_t box_server_port(const struct box_server *s)
{
    return s->setup.port ? s->setup.port : (uint16_t)lws_get_vhost_listen_port(s->vhost);
}

bool box_server_failed(const struct box_server *s)
{
    return s->phase == PHASE_FAILED;
}

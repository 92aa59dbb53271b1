/* What only those with an account hear: the websocket API, user events, and faults on the way. */
#include "base/clock.h"
#include "io/box_server_parts.h"
#include "io/lws.h"
#include "sim/box_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API_PATH    "/ws-api/v3"
#define API_CONNECT 2 /* weight of a connection */

bool box_private_is_path(const char *path)
{
    return strcmp(path, API_PATH) == 0;
}

/* ---- user events ---- */

static void deliver(struct box_server *s, uint32_t account, const char *text, size_t len)
{
    for (struct box_client *c = s->clients; c; c = c->next)
        if (c->api && box_api_event(c->api, account, text, len, &s->frame) &&
            box_client_send(c, s->frame.p, s->frame.len))
            lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
}

/* The name of an event: {"e":"NAME", */
static void name_of(const char *text, size_t len, char out[BOX_FAULT_WORD_MAX])
{
    static const char HEAD[] = "{\"e\":\"";
    size_t n = 0, at = sizeof HEAD - 1;
    while (at + n < len && text[at + n] != '"' && n < BOX_FAULT_WORD_MAX - 1) {
        out[n] = text[at + n];
        n++;
    }
    out[n] = '\0';
}

static void release_held(struct box_server *s)
{
    if (!s->held)
        return;
    char *text = s->held;
    s->held = NULL;
    deliver(s, s->held_account, text, s->held_len);
    free(text);
}

static void on_user_event(void *ctx, uint32_t account, const char *text, size_t len)
{
    struct box_server *s = ctx;
    struct box_fault f = {.kind = BOX_FAULT_KINDS};
    char name[BOX_FAULT_WORD_MAX];
    name_of(text, len, name);
    bool struck = box_fault_strikes(&s->box->trading->faults, BOX_FAULT_EVENT_LOST,
                                    BOX_FAULT_EVENT_SWAP, name, &f);
    if (struck && f.kind == BOX_FAULT_EVENT_LOST)
        return;
    if (struck && f.kind == BOX_FAULT_EVENT_SWAP && !s->held) {
        s->held = malloc(len);
        if (s->held) {
            memcpy(s->held, text, len);
            s->held_len = len;
            s->held_account = account;
            return;
        }
    }
    deliver(s, account, text, len);
    if (struck && f.kind == BOX_FAULT_EVENT_TWICE)
        deliver(s, account, text, len);
    if (s->held && s->held_account == account)
        release_held(s);
}

void box_private_open(struct box_server *s)
{
    if (!s->box->trading)
        return;
    s->box->trading->tell = on_user_event;
    s->box->trading->tell_ctx = s;
}

void box_private_close(struct box_server *s)
{
    free(s->held);
    box_text_free(&s->after);
}

/* ---- the market ---- */

bool box_private_mutes(struct box_server *s, const char *stream)
{
    struct box_fault f;
    if (!s->box->trading)
        return false;
    struct box_faults *faults = &s->box->trading->faults;
    if (faults->count && box_fault_strikes(faults, BOX_FAULT_FREEZE, BOX_FAULT_FREEZE, stream, &f))
        s->frozen_until_ns = clock_mono_ns() + f.ms * NS_PER_MS;
    if (s->frozen_until_ns && clock_mono_ns() < s->frozen_until_ns)
        return true;
    s->frozen_until_ns = 0;
    return faults->count && strstr(stream, "@depth") &&
           box_fault_strikes(faults, BOX_FAULT_BOOK_GAP, BOX_FAULT_BOOK_GAP, stream, &f);
}

/* ---- the websocket API ---- */

enum err box_private_client(struct box_server *s, struct box_client *c,
                            const struct box_http_request *q)
{
    c->api = malloc(sizeof *c->api);
    if (!c->api)
        return ERR_NOMEM;
    box_api_open(c->api, s->box, box_http_param(q, "returnRateLimits"),
                 box_http_param(q, "timeUnit"));
    (void)box_use_weight(&s->usage, &q->r, API_CONNECT);
    return ERR_OK;
}

/* What a fault leaves of the reply; false: nothing is sent. */
static bool spoil(struct box_client *c, const struct box_fault *f, struct box_text *reply)
{
    if (f->kind == BOX_FAULT_LOST)
        return false;
    if (f->kind == BOX_FAULT_DELAY)
        c->hold_until_ns = clock_mono_ns() + f->ms * NS_PER_MS;
    if (f->kind == BOX_FAULT_TRUNCATE)
        reply->len /= 2;
    if (f->kind == BOX_FAULT_HTML) {
        struct box_answer a = {0};
        box_fault_answer(f, &a);
        box_text_clear(reply);
        box_text_add_n(reply, a.body.p, a.body.len);
        box_text_free(&a.body);
    }
    return true;
}

/* Each line is a frame. */
static int send_lines(struct box_client *c, const struct box_text *t)
{
    for (size_t at = 0; at < t->len;) {
        const char *end = memchr(t->p + at, '\n', t->len - at);
        size_t n = end ? (size_t)(end - t->p) - at : t->len - at;
        if (box_client_send(c, t->p + at, n))
            return -1;
        at += n + 1;
    }
    return 0;
}

int box_private_receive(struct box_server *s, struct box_client *c, const char *in, size_t len)
{
    if (c->conn.close != BOX_CLOSE_NOT)
        return 0;
    if (!box_client_gather(c, in, len))
        return 0;
    const char *text = c->in.p ? c->in.p : "";
    if (c->in_binary || c->in.len > BOX_CONN_REQUEST_BYTES) {
        c->conn.close = c->in_binary ? BOX_CLOSE_UNSUPPORTED : BOX_CLOSE_TOO_BIG;
        c->conn.why = c->in_binary ? "binary messages are not accepted" : "the request is too long";
        lws_callback_on_writable(c->wsi);
        return 0;
    }
    struct box_fault f;
    char call[BOX_FAULT_WORD_MAX] = "";
    bool struck = box_api_call(text, c->in.len, call, sizeof call) &&
                  box_fault_strikes(&s->box->trading->faults, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE,
                                    strncmp(call, "v3/", 3) == 0 ? call + 3 : call, &f);
    box_api_message(s->box, &s->usage, c->api, text, c->in.len, c->address, clock_mono_ns(),
                    struck ? &f : NULL, &s->reply, &s->after);
    box_text_clear(&c->in);
    if ((!struck || spoil(c, &f, &s->reply)) && s->reply.len &&
        box_client_send(c, s->reply.p, s->reply.len))
        return -1;
    return send_lines(c, &s->after);
}

/* ---- requests ---- */

static const char *const METHOD[] = {"GET", "POST", "PUT", "DELETE", "?"};

int box_private_request(struct box_server *s, struct lws *wsi, struct box_http *h)
{
    struct box_http_request *q = h->waiting;
    struct box_fault f;
    char what[320];
    snprintf(what, sizeof what, "%s %s", METHOD[q->r.method], q->path);
    bool struck =
        s->box->trading && strncmp(q->path, "/box/", 5) != 0 &&
        box_fault_strikes(&s->box->trading->faults, BOX_FAULT_LOST, BOX_FAULT_TRUNCATE, what, &f);
    if (!struck || f.execute)
        box_control_answer(s, q, &h->answer);
    if (!struck)
        return box_http_write(wsi, h);
    box_fault_answer(&f, &h->answer);
    if (f.kind == BOX_FAULT_LOST)
        return -1;
    if (f.kind != BOX_FAULT_DELAY)
        return box_http_write(wsi, h);
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    lws_set_timer_usecs(wsi, (lws_usec_t)f.ms * 1000);
    return 0;
}

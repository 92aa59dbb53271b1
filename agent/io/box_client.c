#include "io/box_client.h"

#include "base/clock.h"
#include "io/box_server.h"
#include "io/lws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITES_PER_PASS 512 /* messages of one client before others have their turn */

struct box_shared *box_shared_new(const char *text, size_t len)
{
    struct box_shared *m = malloc(sizeof *m + LWS_PRE + len);
    if (!m)
        return NULL;
    m->users = 1;
    m->len = len;
    memcpy(m->text + LWS_PRE, text, len);
    return m;
}

void box_shared_drop(struct box_shared *m)
{
    if (--m->users == 0)
        free(m);
}

static struct box_shared *take(struct box_client *c)
{
    struct box_shared *m = c->queue[c->head];
    c->head = (c->head + 1) % c->cap;
    c->count--;
    c->queued_bytes -= m->len;
    return m;
}

static bool grow(struct box_client *c)
{
    uint32_t cap = c->cap ? c->cap * 2 : 64;
    struct box_shared **q = malloc(cap * sizeof(struct box_shared *));
    if (!q)
        return false;
    for (uint32_t i = 0; i < c->count; i++)
        q[i] = c->queue[(c->head + i) % c->cap];
    free(c->queue);
    c->queue = q;
    c->head = 0;
    c->cap = cap;
    return true;
}

static void give_up(struct box_client *c, const char *why)
{
    if (c->conn.close != BOX_CLOSE_NOT)
        return;
    c->conn.close = BOX_CLOSE_POLICY;
    c->conn.why = why;
    while (c->count)
        box_shared_drop(take(c));
    /* It does not read, so it will not read a close frame either. */
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
}

void box_client_queue(struct box_client *c, struct box_shared *m)
{
    if (c->conn.close != BOX_CLOSE_NOT)
        return;
    if (c->count == BOX_QUEUE_MESSAGES || c->queued_bytes + m->len > BOX_QUEUE_BYTES) {
        give_up(c, "too slow: it does not read what it subscribed to");
        return;
    }
    if (c->count == c->cap && !grow(c)) {
        give_up(c, "the exchange is out of memory");
        return;
    }
    c->queue[(c->head + c->count++) % c->cap] = m;
    c->queued_bytes += m->len;
    m->users++;
    lws_callback_on_writable(c->wsi);
}

bool box_client_lags(struct box_client *c, int64_t mono_ns)
{
    if (c->conn.close != BOX_CLOSE_NOT ||
        (c->count <= BOX_QUEUE_MESSAGES / 2 && c->queued_bytes <= BOX_QUEUE_BYTES / 2)) {
        c->behind_ns = 0;
        return false;
    }
    if (!c->behind_ns) {
        c->behind_ns = mono_ns;
        c->behind_sent = c->sent;
    }
    int64_t seconds = (mono_ns - c->behind_ns) / NS_PER_S;
    return c->sent - c->behind_sent >= (uint64_t)seconds * BOX_READS_MIN;
}

void box_client_free(struct box *b, struct box_client *c)
{
    while (c->count)
        box_shared_drop(take(c));
    free(c->queue);
    free(c->api);
    box_text_free(&c->in);
    box_conn_free(b, &c->conn);
}

void box_client_streams(const struct box_client *c, uint32_t from, char *out, size_t cap)
{
    size_t n = 0;
    uint32_t i = from;
    out[0] = '\0';
    for (; i < c->conn.names && i < from + 4; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s", i > from ? ", " : "", c->conn.name[i]);
    if (i < c->conn.names)
        snprintf(out + n, cap - n, " and %u more", c->conn.names - i);
}

static int write_ping(struct box_client *c)
{
    unsigned char buf[LWS_PRE + 32];
    int n = snprintf((char *)buf + LWS_PRE, 32, "%lld",
                     (long long)(clock_wall_ns() / NS_PER_MS)); /* as the venue: its time */
    c->ping_due = false;
    return lws_write(c->wsi, buf + LWS_PRE, (size_t)n, LWS_WRITE_PING) < n ? -1 : 0;
}

int box_client_writable(struct box_client *c)
{
    if (c->ping_due && write_ping(c))
        return -1;
    int64_t wait = c->hold_until_ns ? c->hold_until_ns - clock_mono_ns() : 0;
    if (wait > 0) {
        lws_set_timer_usecs(c->wsi, (lws_usec_t)(wait / NS_PER_US) + 1);
        return 0;
    }
    c->hold_until_ns = 0;
    for (int i = 0; i < WRITES_PER_PASS && c->count && !lws_send_pipe_choked(c->wsi); i++) {
        struct box_shared *m = take(c);
        int n = lws_write(c->wsi, m->text + LWS_PRE, m->len, LWS_WRITE_TEXT);
        box_shared_drop(m);
        if (n < 0)
            return -1;
        c->sent++;
    }
    if (c->count) {
        lws_callback_on_writable(c->wsi);
        return 0;
    }
    if (c->conn.close == BOX_CLOSE_NOT)
        return 0;
    unsigned char why[124];
    size_t n = strnlen(c->conn.why, sizeof why);
    memcpy(why, c->conn.why, n);
    lws_close_reason(c->wsi, (enum lws_close_status)c->conn.close, why, n);
    return -1;
}

bool box_client_gather(struct box_client *c, const char *in, size_t len)
{
    if (lws_is_first_fragment(c->wsi)) {
        box_text_clear(&c->in);
        c->in_binary = lws_frame_is_binary(c->wsi);
    }
    /* One byte over the limit is kept, to be seen as too long. */
    size_t room = BOX_CONN_REQUEST_BYTES + 1 - c->in.len;
    box_text_add_n(&c->in, in, len < room ? len : room);
    bool whole = lws_is_final_fragment(c->wsi) && !lws_remaining_packet_payload(c->wsi);
    return whole || c->in.len > BOX_CONN_REQUEST_BYTES;
}

int box_client_send(struct box_client *c, const char *text, size_t len)
{
    struct box_shared *m = box_shared_new(text, len);
    if (!m)
        return -1;
    box_client_queue(c, m);
    box_shared_drop(m);
    return 0;
}

int box_client_receive(struct box *b, struct box_client *c, const char *in, size_t len,
                       struct box_text *reply)
{
    if (c->conn.close != BOX_CLOSE_NOT)
        return 0; /* on its way out: what it still says does not matter */
    if (!box_client_gather(c, in, len))
        return 0;
    box_conn_message(b, &c->conn, c->in.p ? c->in.p : "", c->in.len, c->in_binary, clock_mono_ns(),
                     reply);
    box_text_clear(&c->in);
    /* A reply goes out also when it is the last thing the client hears. */
    enum box_close close = c->conn.close;
    if (reply->len) {
        c->conn.close = BOX_CLOSE_NOT;
        if (box_client_send(c, reply->p, reply->len))
            return -1;
        if (c->conn.close == BOX_CLOSE_NOT)
            c->conn.close = close;
    }
    lws_callback_on_writable(c->wsi);
    return 0;
}

#include "io/signer.h"

#include "base/check.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SLOT_BITS 5
_Static_assert(SIGNER_IN_FLIGHT_MAX == 1u << SLOT_BITS, "an id names its slot");

enum phase { PHASE_CLOSED, PHASE_HELLO, PHASE_READY };

/* A request under way. */
struct slot {
    signer_done *done; /* NULL: free */
    void *ctx;
    uint32_t id;
    enum wire_type type;
    int64_t by_ns;
};

struct signer {
    struct loop *loop;
    struct sockaddr_un address;
    unsigned needs;
    signer_changed *changed;
    void *changed_ctx;
    int fd;
    enum phase phase;
    uint32_t sent; /* requests, ever: the upper bits of their ids */
    uint32_t free; /* bit n: slot n is */
    struct slot slot[SIGNER_IN_FLIGHT_MAX];
    int64_t backoff_ns, hello_by_ns;
    int64_t patience_ns; /* of a recv() that waits; 0: for ever, not set yet */
    struct loop_timer retry, due, status;
    struct signer_view view;
    char why[SIGNER_WHY_MAX];
    struct wire_reply reply;
    uint8_t in[WIRE_MESSAGE_MAX + 1], out[WIRE_BUFFER_MAX];
};

static void on_due(void *ctx);
static void on_retry(void *ctx);
static void on_status_time(void *ctx);

/* ---- the state ---- */

__attribute__((format(printf, 3, 4))) static void become(struct signer *s, enum signer_state state,
                                                         const char *format, ...)
{
    char why[SIGNER_WHY_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    if (s->view.state == state && strcmp(s->why, why) == 0)
        return;
    if (s->view.state != state)
        s->view.since_ns = clock_wall_ns();
    s->view.state = state;
    memcpy(s->why, why, sizeof why);
    s->changed(s->changed_ctx, &s->view);
}

static void become_sealed_or_open(struct signer *s, bool sealed)
{
    if (!(s->view.caps & s->needs))
        become(s, SIGNER_NOT_ALLOWED, "it lets this process ask for other things only, on %s",
               s->address.sun_path);
    else if (sealed)
        become(s, SIGNER_SEALED, "its key store is not open: `tradewind signer unlock` opens it");
    else
        become(s, SIGNER_OPEN, "%s", "");
}

/* ---- requests under way ---- */

static void end_slot(struct signer *s, uint32_t n, enum signer_outcome outcome)
{
    struct slot one = s->slot[n];
    s->slot[n].done = NULL;
    s->free |= 1u << n;
    if (one.type != WIRE_STATUS) {
        s->view.refused += outcome == SIGNER_ANSWERED && s->reply.reason != WIRE_ALLOWED;
        s->view.late += outcome == SIGNER_LATE;
        s->view.lost += outcome == SIGNER_LOST;
    }
    one.done(one.ctx, outcome, outcome == SIGNER_ANSWERED ? &s->reply : NULL);
}

/* One timer for all of them: it is set for the first, and set again by itself. In most of its times
 * nothing is due any more, and requests in a row do not pay for it. */
static void arm_due(struct signer *s, int64_t by_ns)
{
    if (!s->due.loop || by_ns < s->due.at_ns)
        loop_timer_set(s->loop, &s->due, by_ns, on_due, s);
}

/* Gives the connection up; it is tried again after a while. */
static void lose(struct signer *s)
{
    if (s->fd < 0)
        return;
    loop_unwatch(s->loop, s->fd);
    close(s->fd);
    s->fd = -1;
    s->phase = PHASE_CLOSED;
    s->view.caps = 0;
    loop_timer_cancel(&s->status);
    loop_timer_set(s->loop, &s->retry, clock_mono_ns() + s->backoff_ns, on_retry, s);
    s->backoff_ns =
        s->backoff_ns * 2 > SIGNER_BACKOFF_MAX_NS ? SIGNER_BACKOFF_MAX_NS : s->backoff_ns * 2;
    for (uint32_t n = 0; n < SIGNER_IN_FLIGHT_MAX; n++)
        if (s->slot[n].done)
            end_slot(s, n, SIGNER_LOST);
}

/* ---- sending ---- */

static enum err send_out(struct signer *s, size_t len)
{
    ssize_t n = send(s->fd, s->out, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n == (ssize_t)len)
        return ERR_OK;
    /* The loop finds out that it is gone, if it is: nobody is called back from here. */
    return errno == EAGAIN || errno == ENOBUFS ? ERR_FULL : ERR_STATE;
}

static enum err send_request(struct signer *s, struct wire_request *r, int64_t deadline_ns,
                             signer_done *done, void *ctx, uint32_t *ret_id)
{
    if (!s->free)
        return ERR_FULL;
    uint32_t n = (uint32_t)__builtin_ctz(s->free);
    r->id = s->sent << SLOT_BITS | n;
    size_t len;
    enum err rc = wire_encode_request(r, s->out, &len);
    if (rc == ERR_OK)
        rc = send_out(s, len);
    if (rc != ERR_OK)
        return rc;
    s->sent++;
    int64_t by_ns = clock_mono_ns() + deadline_ns;
    s->free &= ~(1u << n);
    s->slot[n] =
        (struct slot){.done = done, .ctx = ctx, .id = r->id, .type = r->type, .by_ns = by_ns};
    arm_due(s, by_ns);
    *ret_id = r->id;
    return ERR_OK;
}

enum err signer_request(struct signer *s, struct wire_request *r, int64_t deadline_ns,
                        signer_done *done, void *ctx, uint32_t *ret_id)
{
    CHECK(done && deadline_ns >= 0);
    if (s->phase != PHASE_READY)
        return ERR_STATE;
    /* The last place is kept for STATUS: a flood of requests must not look like a dead signer. */
    if (!(s->free & (s->free - 1)))
        return ERR_FULL;
    enum err rc = send_request(s, r, deadline_ns, done, ctx, ret_id);
    s->view.requests += rc == ERR_OK;
    return rc;
}

static void on_status(void *ctx, enum signer_outcome outcome, const struct wire_reply *r)
{
    struct signer *s = ctx;
    switch (outcome) {
    case SIGNER_LOST: return;
    case SIGNER_LATE:
        lose(s);
        become(s, SIGNER_ABSENT, "it does not answer");
        return;
    case SIGNER_ANSWERED: break;
    }
    if (r->reason != WIRE_ALLOWED)
        return; /* busy: the next one tells */
    s->backoff_ns = SIGNER_BACKOFF_MIN_NS;
    s->view.keys = r->keys;
    s->view.generation = r->generation;
    memcpy(s->view.policy_hash, r->policy_hash, sizeof s->view.policy_hash);
    become_sealed_or_open(s, r->sealed);
}

static void on_status_time(void *ctx)
{
    struct signer *s = ctx;
    struct wire_request r = {.type = WIRE_STATUS};
    uint32_t id;
    /* Where the socket is full, requests are under way, and their answers show that it lives. */
    enum err ignored = send_request(s, &r, SIGNER_PATIENCE_NS, on_status, s, &id);
    (void)ignored;
    loop_timer_set(s->loop, &s->status, clock_mono_ns() + SIGNER_STATUS_NS, on_status_time, s);
}

/* ---- receiving ---- */

static void on_hello(struct signer *s)
{
    const struct wire_reply *r = &s->reply;
    if (r->type != WIRE_HELLO) {
        lose(s);
        become(s, SIGNER_WRONG_VERSION, "it answers a HELLO with something else");
    } else if (r->reason == POLICY_VERSION) {
        lose(s);
        become(s, SIGNER_WRONG_VERSION, "it does not speak version %u of the protocol",
               WIRE_VERSION);
    } else if (r->reason == POLICY_BUSY) {
        lose(s);
        become(s, SIGNER_ABSENT, "it has too many connections");
    } else if (r->reason != WIRE_ALLOWED) {
        lose(s);
        become(s, SIGNER_NOT_ALLOWED, "it refuses: %s", wire_reason_name(r->reason));
    } else {
        s->phase = PHASE_READY;
        s->view.connections++;
        s->view.caps = r->caps;
        on_status_time(s); /* its answer makes it sealed or open: one that says no more is stuck */
    }
}

/* One message in s->in. */
static void on_message(struct signer *s, size_t len)
{
    enum err rc = wire_decode_reply(s->in, len, &s->reply);
    if (rc != ERR_OK) {
        lose(s);
        become(s, rc == ERR_UNSUPPORTED ? SIGNER_WRONG_VERSION : SIGNER_ABSENT,
               rc == ERR_UNSUPPORTED ? "it speaks another version of the protocol"
                                     : "it said something that is no reply");
        return;
    }
    if (s->phase == PHASE_HELLO) {
        on_hello(s);
        return;
    }
    uint32_t n = s->reply.id & (SIGNER_IN_FLIGHT_MAX - 1);
    struct slot *slot = &s->slot[n];
    if (!slot->done || slot->id != s->reply.id)
        return; /* its deadline has passed, and that was told */
    if (slot->type != s->reply.type) {
        lose(s);
        become(s, SIGNER_ABSENT, "it answered a request with another one's reply");
        return;
    }
    bool sealed = s->reply.reason == POLICY_SEALED;
    end_slot(s, n, SIGNER_ANSWERED);
    if (sealed && s->phase == PHASE_READY)
        become_sealed_or_open(s, true);
}

/* One message, if there is one, or as long as set_patience() says where [flags] is not
 * MSG_DONTWAIT. False: there is none, or there is nobody any more. */
static bool receive(struct signer *s, int flags)
{
    ssize_t n = recv(s->fd, s->in, sizeof s->in, flags | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        bool early = s->phase == PHASE_HELLO;
        lose(s);
        if (early)
            become(s, SIGNER_NOT_ALLOWED, "it hung up before it said a word, on %s",
                   s->address.sun_path);
        else
            become(s, SIGNER_ABSENT, "the connection was lost");
        return false;
    }
    bool secret = false;
    if ((size_t)n > sizeof s->in)
        n = sizeof s->in; /* one byte more than may be: the decoder refuses it */
    on_message(s, (size_t)n);
    secret = s->reply.type == WIRE_GET_SECRET;
    if (secret) {
        sodium_memzero(s->in, sizeof s->in);
        s->reply.secret = NULL;
    }
    return s->fd >= 0;
}

static void on_readable(void *ctx, int fd, uint32_t ready)
{
    (void)fd, (void)ready;
    struct signer *s = ctx;
    for (int i = 0; i < SIGNER_IN_FLIGHT_MAX && receive(s, MSG_DONTWAIT); i++)
        ;
}

/* How long a recv() that waits does. By the socket's own timer, which counts ticks of the kernel:
 * one to the nanosecond, as of poll(), has to be set up and taken down each time, which takes as
 * long as a signature. */
static bool set_patience(struct signer *s, int64_t ns)
{
    if (s->patience_ns == ns)
        return true;
    int64_t us = (ns + NS_PER_US - 1) / NS_PER_US;
    struct timeval t = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    s->patience_ns = setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) == 0 ? ns : 0;
    return s->patience_ns != 0;
}

bool signer_wait(struct signer *s, uint32_t id, int64_t ns)
{
    const struct slot *slot = &s->slot[id & (SIGNER_IN_FLIGHT_MAX - 1)];
    int64_t end_ns = 0, left_ns = ns;
    while (slot->done && slot->id == id) {
        if (left_ns <= 0 || s->fd < 0 || !set_patience(s, left_ns))
            return false;
        if (!end_ns)
            end_ns = clock_mono_ns() + ns;
        (void)receive(s, 0);
        left_ns = end_ns - clock_mono_ns();
    }
    return true;
}

/* ---- time ---- */

static void on_due(void *ctx)
{
    struct signer *s = ctx;
    /* What has arrived is not late, however long this program was held up. */
    if (s->fd >= 0)
        on_readable(s, s->fd, 0);
    int64_t now_ns = clock_mono_ns(), next_ns = INT64_MAX;
    if (s->phase == PHASE_HELLO && now_ns >= s->hello_by_ns) {
        lose(s);
        become(s, SIGNER_ABSENT, "it does not answer");
    }
    for (uint32_t n = 0; n < SIGNER_IN_FLIGHT_MAX; n++)
        if (s->slot[n].done && s->slot[n].by_ns <= now_ns)
            end_slot(s, n, SIGNER_LATE);
    for (uint32_t n = 0; n < SIGNER_IN_FLIGHT_MAX; n++)
        if (s->slot[n].done && s->slot[n].by_ns < next_ns)
            next_ns = s->slot[n].by_ns;
    if (s->phase == PHASE_HELLO && s->hello_by_ns < next_ns)
        next_ns = s->hello_by_ns;
    if (next_ns != INT64_MAX)
        arm_due(s, next_ns);
}

/* ---- connecting ---- */

static void cannot(struct signer *s, int error)
{
    char text[128];
    loop_timer_set(s->loop, &s->retry, clock_mono_ns() + s->backoff_ns, on_retry, s);
    s->backoff_ns =
        s->backoff_ns * 2 > SIGNER_BACKOFF_MAX_NS ? SIGNER_BACKOFF_MAX_NS : s->backoff_ns * 2;
    if (error == EACCES || error == EPERM)
        become(s, SIGNER_NOT_ALLOWED, "this user may not connect to %s", s->address.sun_path);
    else
        become(s, SIGNER_ABSENT, "nobody listens at %s: %s", s->address.sun_path,
               strerror_r(error, text, sizeof text));
}

static void on_retry(void *ctx)
{
    struct signer *s = ctx;
    struct wire_request hello = {.type = WIRE_HELLO};
    size_t len;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        cannot(s, errno);
        return;
    }
    CHECK(wire_encode_request(&hello, s->out, &len) == ERR_OK);
    s->fd = fd;
    s->patience_ns = 0;
    if (connect(fd, (const struct sockaddr *)&s->address, sizeof s->address) != 0 ||
        send_out(s, len) != ERR_OK || fcntl(fd, F_SETFL, 0) != 0 ||
        loop_watch(s->loop, fd, EPOLLIN, on_readable, s) != ERR_OK) {
        int error = errno;
        s->fd = -1;
        close(fd);
        cannot(s, error);
        return;
    }
    s->phase = PHASE_HELLO;
    s->hello_by_ns = clock_mono_ns() + SIGNER_PATIENCE_NS;
    arm_due(s, s->hello_by_ns);
}

enum err signer_open(struct signer **ret, struct loop *l, const char *path, unsigned needs,
                     signer_changed *changed, void *ctx)
{
    size_t len = strlen(path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (len == 0 || len >= sizeof address.sun_path)
        return ERR_RANGE;
    memcpy(address.sun_path, path, len);
    struct signer *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    s->loop = l;
    s->address = address;
    s->needs = needs;
    s->changed = changed;
    s->changed_ctx = ctx;
    s->fd = -1;
    s->free = UINT32_MAX;
    s->backoff_ns = SIGNER_BACKOFF_MIN_NS;
    s->view.why = s->why;
    s->view.path = s->address.sun_path;
    loop_timer_set(l, &s->retry, clock_mono_ns(), on_retry, s);
    *ret = s;
    return ERR_OK;
}

static void nobody(void *ctx, const struct signer_view *v)
{
    (void)ctx, (void)v;
}

void signer_close(struct signer *s)
{
    if (!s)
        return;
    s->changed = nobody;
    lose(s);
    loop_timer_cancel(&s->retry);
    loop_timer_cancel(&s->due);
    loop_timer_cancel(&s->status);
    free(s);
}

const struct signer_view *signer_view(const struct signer *s)
{
    return &s->view;
}

#include "wallet/server.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WHO "signer"

#define IDLE_MS     20 /* after the last request: then what is written is synced */
#define LINES       20 /* of refusals, at once; then one a second */
#define CONNECTIONS (SERVER_SOCKETS * SERVER_CONNECTIONS)

static struct policy_now now(void)
{
    return (struct policy_now){clock_wall_ns() / NS_PER_MS, clock_mono_ns() / NS_PER_MS};
}

void server_notify(const struct server *s, const char *text)
{
    if (s->notify >= 0) {
        ssize_t ignored = write(s->notify, text, strlen(text));
        (void)ignored; /* whoever asked to be told and does not listen has his own log */
    }
}

/* ---- limits ---- */

/* A line for the log, unless there were too many of late. */
static bool may_say(struct server *s, int64_t boot_ms)
{
    int64_t more = (boot_ms - s->lines_since_ms) / 1000;
    if (more > 0) {
        s->lines = s->lines + more < LINES ? s->lines + more : LINES;
        s->lines_since_ms += more * 1000;
    }
    if (s->lines == 0) {
        s->unsaid++;
        return false;
    }
    s->lines--;
    if (s->unsaid)
        log_warn(WHO, "%u refusals more were not told", s->unsaid);
    s->unsaid = 0;
    return true;
}

static bool take_token(struct server_peer *p, int64_t boot_ms)
{
    p->tokens += (boot_ms - p->since_ms) * SERVER_RATE;
    if (p->tokens > SERVER_BURST * 1000)
        p->tokens = SERVER_BURST * 1000;
    p->since_ms = boot_ms;
    if (p->tokens < 1000)
        return false;
    p->tokens -= 1000;
    return true;
}

/* ---- connections ---- */

static void end(struct server_connection *c)
{
    close(c->fd);
    c->fd = -1;
    c->waits = false;
}

/* Now or never: who does not take his answer is let go. */
static bool send_out(struct server *s, int fd, size_t len)
{
    bool sent = write(fd, s->out, len) == (ssize_t)len;
    sodium_memzero(s->out, len);
    return sent;
}

static struct server_peer *find_peer(struct server_listener *l, uid_t uid)
{
    for (unsigned i = 0; i < l->peers; i++)
        if (l->peer[i].uid == uid)
            return &l->peer[i];
    return NULL;
}

static struct server_connection *free_connection(struct server *s, enum server_socket socket)
{
    for (int i = 0; i < SERVER_CONNECTIONS; i++)
        if (s->connection[(int)socket * SERVER_CONNECTIONS + i].fd < 0)
            return &s->connection[(int)socket * SERVER_CONNECTIONS + i];
    return NULL;
}

/* A refusal to somebody who gets no connection. */
static void turn_away(struct server *s, int fd, const struct dispatch_client *c,
                      enum wire_reason reason, struct policy_now t)
{
    size_t len = 0;
    dispatch_refuse(s->dispatch, c, NULL, 0, reason, t, s->out, &len);
    (void)send_out(s, fd, len);
    close(fd);
    if (may_say(s, t.boot_ms))
        log_warn(WHO, "refused a connection of user %u, process %u: %s", c->uid, c->pid,
                 wire_reason_name(reason));
}

static void accept_one(struct server *s, enum server_socket socket, struct policy_now t)
{
    struct server_listener *l = &s->listener[socket];
    struct ucred peer;
    socklen_t len = sizeof peer;
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        close(fd);
        return;
    }
    struct dispatch_client client = {.pid = (uint32_t)peer.pid,
                                     .uid = peer.uid,
                                     .caps = server_socket_caps(socket),
                                     .connection = ++s->connections};
    struct server_peer *known = find_peer(l, peer.uid);
    struct server_connection *c = free_connection(s, socket);
    if (!known || !c) {
        client.caps = known ? client.caps : 0;
        turn_away(s, fd, &client, known ? POLICY_BUSY : POLICY_CAPABILITY, t);
        return;
    }
    *c = (struct server_connection){
        .fd = fd, .socket = socket, .peer = known, .client = client, .since_ms = t.boot_ms};
}

static void say_refusal(struct server *s, const struct server_connection *c, const uint8_t *reply,
                        struct policy_now t)
{
    uint16_t reason;
    memcpy(&reason, reply + 8, sizeof reason);
    if (reason && may_say(s, t.boot_ms))
        log_info(WHO, "refused user %u on %s: %s", c->client.uid, server_socket_name(c->socket),
                 wire_reason_name((enum wire_reason)reason));
}

static void read_one(struct server *s, struct server_connection *c, struct policy_now t)
{
    ssize_t n = read(c->fd, s->in, WIRE_BUFFER_MAX + 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* gone; or a packet without a byte, which looks the same */
        end(c);
        return;
    }
    size_t len = 0;
    enum dispatch_next next;
    bool granted = take_token(c->peer, t.boot_ms);
    if (granted) {
        c->busy -= c->busy > 0;
        next = dispatch_message(s->dispatch, &c->client, s->in, (size_t)n, t, s->out, &len);
    } else {
        if (c->busy++ == 0 && may_say(s, t.boot_ms))
            log_warn(WHO, "user %u on %s asks too much: %d requests a second are answered",
                     c->client.uid, server_socket_name(c->socket), SERVER_RATE);
        dispatch_refuse(s->dispatch, &c->client, s->in, (size_t)n, POLICY_BUSY, t, s->out, &len);
        next = c->busy < SERVER_PATIENCE ? DISPATCH_ANSWER : DISPATCH_END;
    }
    sodium_memzero(s->in, (size_t)n);
    c->waits = next == DISPATCH_WAIT;
    if (c->waits)
        return;
    if (granted)
        say_refusal(s, c, s->out, t);
    if (!send_out(s, c->fd, len) || next == DISPATCH_END)
        end(c);
}

/* ---- the opener ---- */

static void tell_state(struct server *s)
{
    if (s->told_open != s->dispatch->ring.open) {
        s->told_open = s->dispatch->ring.open;
        server_notify(s, s->told_open ? "STATUS=unlocked" : "STATUS=sealed");
    }
}

/* Whoever waits for this may send requests; where it opens its key store by itself, not before. */
static void tell_ready(struct server *s)
{
    s->told_open = s->dispatch->ring.open;
    server_notify(s, s->told_open ? "READY=1\nSTATUS=unlocked" : "READY=1\nSTATUS=sealed");
    if (s->ready < 0)
        return;
    ssize_t ignored = write(s->ready, "READY\n", 6);
    (void)ignored; /* who does not listen does not want to know */
    close(s->ready);
    s->ready = -1;
}

static enum err take_opened(struct server *s, struct policy_now t)
{
    uint32_t connection = 0;
    enum wire_reason reason = WIRE_ALLOWED;
    size_t len = 0;
    enum err e = dispatch_opened(s->dispatch, t, &connection, &reason, s->out, &len);
    if (e) {
        log_error(WHO, "the process that opens the key store is gone");
        return ERR_STATE;
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        struct server_connection *c = &s->connection[i];
        if (c->fd < 0 || !c->waits || c->client.connection != connection)
            continue;
        c->waits = false;
        if (!send_out(s, c->fd, len))
            end(c);
    }
    if (s->must_open && connection == 0 && reason != WIRE_ALLOWED)
        return ERR_STATE; /* its reason is in the log */
    if (s->must_open && connection == 0) {
        s->must_open = false;
        tell_ready(s);
    }
    return ERR_OK;
}

/* ---- the loop ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What time brings: unfinished greetings, records to sync, the watchdog. Returns when the next of
 * them is due. */
static int64_t on_time(struct server *s, bool idle, struct policy_now t)
{
    int64_t due = t.boot_ms + 3600000;
    for (int i = 0; i < CONNECTIONS; i++) {
        struct server_connection *c = &s->connection[i];
        if (c->fd < 0 || c->client.greeted)
            continue;
        if (t.boot_ms - c->since_ms >= SERVER_HELLO_MS)
            end(c);
        else
            due = earlier(due, c->since_ms + SERVER_HELLO_MS);
    }
    if (audit_dirty(s->dispatch->audit) && !s->dispatch->audit_failed) {
        if (idle || t.boot_ms - s->idle_ms >= AUDIT_SYNC_MS) {
            if (audit_idle(s->dispatch->audit, t) != ERR_OK) {
                log_error(WHO, "%s", audit_why(s->dispatch->audit));
                s->dispatch->audit_failed = true;
            }
            s->idle_ms = t.boot_ms;
        } else {
            due = earlier(due, t.boot_ms + IDLE_MS);
        }
    } else {
        s->idle_ms = t.boot_ms;
    }
    if (s->watchdog_ms) {
        if (t.boot_ms - s->told_ms >= s->watchdog_ms) {
            server_notify(s, "WATCHDOG=1");
            s->told_ms = t.boot_ms;
        }
        due = earlier(due, s->told_ms + s->watchdog_ms);
    }
    return due;
}

/* True: there was a signal to stop. */
static bool stopped(int signals)
{
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof info) == (ssize_t)sizeof info;
}

/* What is ready before the connections have their turn. *ret_stop: there was a signal to stop. */
static enum err take_seldom(struct server *s, struct policy_now t, bool *ret_accept, bool *ret_stop)
{
    enum { SIGNALS, OPENER, LISTENERS };
    static const struct timespec AT_ONCE;
    struct pollfd p[LISTENERS + SERVER_SOCKETS];
    p[SIGNALS] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    p[OPENER] = (struct pollfd){.fd = s->dispatch->opener->fd, .events = POLLIN};
    for (int i = 0; i < SERVER_SOCKETS; i++)
        p[LISTENERS + i] = (struct pollfd){.fd = s->listener[i].fd, .events = POLLIN};
    if (ppoll(p, sizeof p / sizeof *p, &AT_ONCE, NULL) < 0)
        return errno == EINTR ? ERR_OK : ERR_IO;
    for (int i = 0; i < SERVER_SOCKETS; i++)
        ret_accept[i] = p[LISTENERS + i].revents;
    *ret_stop = p[SIGNALS].revents && stopped(s->signals);
    return !*ret_stop && p[OPENER].revents ? take_opened(s, t) : ERR_OK;
}

/* Only what is open, as each costs time in each turn: [p] and whose it is; how many. */
static nfds_t gather(struct server *s, struct pollfd *p, struct server_connection **who)
{
    nfds_t n = 0;
    p[n] = (struct pollfd){.fd = s->seldom, .events = POLLIN};
    who[n++] = NULL;
    for (int i = 0; i < CONNECTIONS; i++)
        if (s->connection[i].fd >= 0 && !s->connection[i].waits) {
            p[n] = (struct pollfd){.fd = s->connection[i].fd, .events = POLLIN};
            who[n++] = &s->connection[i];
        }
    return n;
}

static enum err loop(struct server *s)
{
    struct pollfd p[1 + CONNECTIONS];
    struct server_connection *who[1 + CONNECTIONS];
    bool idle = false;
    for (;;) {
        struct policy_now t = now();
        int64_t left = on_time(s, idle, t) - t.boot_ms;
        const struct timespec wait = {left / 1000, left % 1000 * 1000000};
        nfds_t polled = gather(s, p, who);
        int n = ppoll(p, polled, &wait, NULL);
        if (n < 0 && errno != EINTR)
            return ERR_IO;
        idle = n == 0;
        if (n <= 0)
            continue;
        t = now();
        bool accepts[SERVER_SOCKETS] = {false}, stop = false;
        enum err e = p[0].revents ? take_seldom(s, t, accepts, &stop) : ERR_OK;
        if (e || stop)
            return e;
        for (nfds_t i = 1; i < polled; i++)
            if (p[i].revents && who[i]->fd >= 0)
                read_one(s, who[i], t);
        for (int i = 0; i < SERVER_SOCKETS; i++)
            if (accepts[i])
                accept_one(s, (enum server_socket)i, t);
        tell_state(s);
    }
}

enum err server_run(struct server *s)
{
    struct policy_now t = now();
    s->lines = LINES;
    s->lines_since_ms = s->told_ms = s->idle_ms = t.boot_ms;
    for (int i = 0; i < SERVER_SOCKETS; i++)
        for (unsigned n = 0; n < s->listener[i].peers; n++) {
            s->listener[i].peer[n].tokens = SERVER_BURST * 1000;
            s->listener[i].peer[n].since_ms = t.boot_ms;
        }
    if (!s->must_open)
        tell_ready(s);
    enum err e = loop(s);
    for (int i = 0; i < CONNECTIONS; i++)
        if (s->connection[i].fd >= 0)
            end(&s->connection[i]);
    return e;
}

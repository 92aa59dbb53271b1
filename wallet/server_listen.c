/* The signer's sockets: made in a directory, or given by systemd. */
#include "wallet/server.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_GIVEN 3 /* SD_LISTEN_FDS_START */
#define GIVEN_MAX   16
#define BACKLOG     16

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

const char *server_socket_name(enum server_socket s)
{
    switch (s) {
    case SERVER_TRADE: return "trade";
    case SERVER_CANCEL: return "cancel";
    case SERVER_WIRE: return "wire";
    case SERVER_ADMIN: return "admin";
    case SERVER_SOCKETS: break;
    }
    return "?";
}

unsigned server_socket_caps(enum server_socket s)
{
    switch (s) {
    case SERVER_TRADE: return CAP_STATUS | CAP_TRADE;
    case SERVER_CANCEL: return CAP_STATUS | CAP_CANCEL;
    case SERVER_WIRE: return CAP_STATUS | CAP_WIRE;
    case SERVER_ADMIN: return CAP_STATUS | CAP_ADMIN;
    case SERVER_SOCKETS: break;
    }
    return 0;
}

void server_init(struct server *s, struct dispatch *d)
{
    s->dispatch = d;
    s->signals = s->seldom = s->notify = s->ready = -1;
    for (int i = 0; i < SERVER_SOCKETS; i++)
        s->listener[i].fd = -1;
    for (int i = 0; i < SERVER_SOCKETS * SERVER_CONNECTIONS; i++)
        s->connection[i].fd = -1;
}

enum err server_add_peer(struct server *s, enum server_socket socket, uid_t uid)
{
    struct server_listener *l = &s->listener[socket];
    for (unsigned i = 0; i < l->peers; i++)
        if (l->peer[i].uid == uid)
            return ERR_OK;
    if (l->peers == SERVER_PEERS)
        return ERR_FULL;
    l->peer[l->peers++] = (struct server_peer){.uid = uid};
    return ERR_OK;
}

static bool has_foreign(const struct server_listener *l)
{
    for (unsigned i = 0; i < l->peers; i++)
        if (l->peer[i].uid != getuid())
            return true;
    return false;
}

/* A directory that only we, or root, can put sockets into. */
static enum err own_directory(const char *dir, bool foreign, char *why)
{
    struct stat st;
    if (mkdir(dir, 0700) == 0) {
        if (foreign && chmod(dir, 0711) != 0)
            return why_say(why, ERR_IO, "%.140s: %s", dir, strerror(errno));
    } else if (errno != EEXIST) {
        return why_say(why, ERR_IO, "%.140s: cannot be made: %s", dir, strerror(errno));
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return why_say(why, ERR_IO, "%.140s: is no directory", dir);
    if ((st.st_uid != getuid() && st.st_uid != 0) || st.st_mode & (S_IWGRP | S_IWOTH))
        return why_say(why, ERR_RANGE,
                       "%.140s: others may put sockets there: it has to be yours, of mode 0700 or "
                       "0711",
                       dir);
    return ERR_OK;
}

/* Nobody sends descriptors along: the last one of a socket that lingers holds up whoever reads or
 * closes, for as long as its sender likes. Connections have it from their listener. */
static void without_descriptors(int fd)
{
    int no = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no) != 0)
        log_warn("signer",
                 "descriptors sent along: not refused by this kernel: %s (before Linux 6.16): who "
                 "may connect can hold the signer up",
                 strerror(errno));
}

/* Whether somebody answers at [a]; what a dead signer left is removed. */
static enum err make_room(const struct sockaddr_un *a, char *why)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return ERR_OK;
    if (!S_ISSOCK(st.st_mode))
        return why_say(why, ERR_RANGE, "%.108s: is there, and is no socket", a->sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool dead =
        fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!dead)
        return why_say(why, ERR_STATE, "%.108s: another signer serves there", a->sun_path);
    return unlink(a->sun_path) == 0
               ? ERR_OK
               : why_say(why, ERR_IO, "%.108s: %s", a->sun_path, strerror(errno));
}

static enum err listen_on(struct server *s, enum server_socket which, const char *dir, char *why)
{
    struct server_listener *l = &s->listener[which];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s.sock", dir, server_socket_name(which));
    if (n < 0 || (size_t)n >= sizeof a.sun_path)
        return why_say(why, ERR_RANGE, "%.120s: too long for the path of a socket", dir);
    enum err e = make_room(&a, why);
    if (e)
        return e;
    l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Bound for the owner only (umask). Others get in where the socket is theirs, too: who they are
     * is asked at each connection. */
    if (l->fd >= 0)
        without_descriptors(l->fd);
    if (l->fd < 0 || bind(l->fd, (const struct sockaddr *)&a, sizeof a) != 0 ||
        (has_foreign(l) && chmod(a.sun_path, 0666) != 0) || listen(l->fd, BACKLOG) != 0)
        return why_say(why, ERR_IO, "%.108s: %s", a.sun_path, strerror(errno));
    return ERR_OK;
}

enum err server_listen(struct server *s, const char *dir, char *why)
{
    bool foreign = false;
    for (int i = 0; i < SERVER_SOCKETS; i++)
        foreign = foreign || has_foreign(&s->listener[i]);
    enum err e = own_directory(dir, foreign, why);
    for (int i = 0; !e && i < SERVER_SOCKETS; i++)
        e = listen_on(s, (enum server_socket)i, dir, why);
    return e;
}

/* ---- systemd ---- */

static bool is_listener(int fd)
{
    int type = 0, domain = 0, listens = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET &&
           getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

static int socket_of(const char *name, size_t len)
{
    for (int i = 0; i < SERVER_SOCKETS; i++) {
        const char *known = server_socket_name((enum server_socket)i);
        if (strlen(known) == len && strncmp(known, name, len) == 0)
            return i;
    }
    return -1;
}

enum err server_inherit(struct server *s, char *why)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"),
               *names = getenv("LISTEN_FDNAMES");
    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
        return ERR_NOT_FOUND;
    char *end;
    long n = strtol(count, &end, 10);
    if (*end || n < 1 || n > GIVEN_MAX || !names)
        return why_say(why, ERR_RANGE, "systemd gives no sockets with names (FileDescriptorName=)");
    for (int i = 0; i < (int)n; i++) {
        size_t len = strcspn(names, ":");
        int which = socket_of(names, len), fd = FIRST_GIVEN + i;
        if (which < 0 || s->listener[which].fd >= 0 || !is_listener(fd))
            return why_say(why, ERR_RANGE,
                           "socket %d of systemd: allowed is ListenSequentialPacket= with "
                           "FileDescriptorName=trade, cancel, wire or admin, each once",
                           i + 1);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        without_descriptors(fd);
        s->listener[which].fd = fd;
        names += len + (names[len] == ':');
    }
    if (*names)
        return why_say(why, ERR_RANGE, "systemd names more sockets than it gives");
    return ERR_OK;
}

static bool add(int seldom, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    return fd < 0 || epoll_ctl(seldom, EPOLL_CTL_ADD, fd, &e) == 0;
}

enum err server_gather(struct server *s, char *why)
{
    s->seldom = epoll_create1(EPOLL_CLOEXEC);
    bool good =
        s->seldom >= 0 && add(s->seldom, s->signals) && add(s->seldom, s->dispatch->opener->fd);
    for (int i = 0; good && i < SERVER_SOCKETS; i++)
        good = add(s->seldom, s->listener[i].fd);
    return good ? ERR_OK : why_say(why, ERR_IO, "sockets cannot be watched: %s", strerror(errno));
}

size_t server_descriptors(const struct server *s, int *out)
{
    size_t n = 0;
    for (int i = 0; i < SERVER_SOCKETS; i++)
        if (s->listener[i].fd >= 0)
            out[n++] = s->listener[i].fd;
    if (s->signals >= 0)
        out[n++] = s->signals;
    if (s->seldom >= 0)
        out[n++] = s->seldom;
    if (s->notify >= 0)
        out[n++] = s->notify;
    if (s->ready >= 0)
        out[n++] = s->ready;
    out[n++] = s->dispatch->opener->fd;
    return n;
}

#include "wallet/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum err ask_signer(int fd, const struct wire_request *r, uint8_t *buffer, struct wire_reply *ret,
                    char *why)
{
    size_t len = 0;
    ssize_t n;
    enum err e = wire_encode_request(r, buffer, &len);
    if (e)
        return why_say(why, e, "the request is not one that a signer takes");
    if (send(fd, buffer, len, MSG_NOSIGNAL) != (ssize_t)len)
        return why_say(why, ERR_IO, "the signer cannot be asked: %s", strerror(errno));
    do
        n = recv(fd, buffer, WIRE_BUFFER_MAX, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return why_say(why, ERR_IO, "the signer has ended the connection");
    if (wire_decode_reply(buffer, (size_t)n, ret) || ret->id != r->id || ret->type != r->type)
        return why_say(why, ERR_CORRUPT, "the signer's answer is not of this version");
    return ERR_OK;
}

static enum err greet(int fd, char *why)
{
    uint8_t buffer[WIRE_BUFFER_MAX];
    struct wire_request r;
    struct wire_reply y;
    memset(&r, 0, sizeof r);
    r.type = WIRE_HELLO;
    enum err e = ask_signer(fd, &r, buffer, &y, why);
    if (!e && y.reason != WIRE_ALLOWED)
        e = why_say(why, ERR_STATE, "the signer refuses: %s", wire_reason_name(y.reason));
    return e;
}

enum err ask_open(const char *dir, const char *name, int *ret_fd, char *why)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s.sock", dir, name);
    if (n < 0 || (size_t)n >= sizeof a.sun_path)
        return why_say(why, ERR_RANGE, "%.120s: too long for the path of a socket", dir);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        bool absent = errno == ENOENT || errno == ECONNREFUSED;
        enum err e = why_say(why, absent ? ERR_NOT_FOUND : ERR_IO, "%.108s: %s", a.sun_path,
                             absent ? "no signer serves there" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return e;
    }
    enum err e = greet(fd, why);
    if (e)
        close(fd);
    else
        *ret_fd = fd;
    return e;
}

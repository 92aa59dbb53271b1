#include "io/box_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum err box_try_port(const char *address, uint16_t port, char *why, size_t why_cap)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    if (!is6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1) {
        snprintf(why, why_cap, "'%s' is no numeric address", address);
        return ERR_SYNTAX;
    }
    int fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(fd, is6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
                   is6 ? sizeof v6 : sizeof v4) == 0 &&
              listen(fd, 1) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (ok)
        return ERR_OK;
    if (error == EADDRINUSE)
        snprintf(why, why_cap,
                 "port %u of %s is in use (another exchange?); choose a free one with --listen "
                 "%s:PORT",
                 port, address, address);
    else
        snprintf(why, why_cap, "cannot listen on %s port %u: %s", address, port, strerror(error));
    return error == EADDRINUSE ? ERR_EXISTS : ERR_IO;
}

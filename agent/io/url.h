/* Addresses of venues: scheme://host[:port][/path]. */
#ifndef TW_IO_URL_H
#define TW_IO_URL_H

#include "base/err.h"
#include "model/setup.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest host: what libwebsockets can check a certificate against, with room for a port. */
#define URL_HOST_MAX 120

struct url {
    bool tls;                /* wss, https */
    bool websocket;          /* ws, wss */
    uint16_t port;           /* of the URL, else 80 or 443 */
    bool default_port;       /* port is the scheme's own */
    char host[URL_HOST_MAX]; /* name or IPv4 address, lower case; IPv6 without its brackets */
    char path[1024];         /* begins with '/', with the query; "/" where the URL has none */
};

/* Reads [text]. User names, passwords and fragments are refused: secrets do not belong into a URL.
 * Returns ERR_SYNTAX, ERR_UNSUPPORTED (scheme), ERR_RANGE (port, or too long), and a sentence for
 * people in *why (a constant). */
enum err url_parse(const char *text, struct url *ret, const char **why) MUST_CHECK;

#define URL_AUTHORITY_MAX (URL_HOST_MAX + 8)
/* "host" or "host:port" as a Host header has it, into [out] (URL_AUTHORITY_MAX bytes). */
void url_authority(const struct url *u, char *out);

#endif

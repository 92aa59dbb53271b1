#include "io/url.h"

#include <stdio.h>
#include <string.h>

struct scheme {
    const char *prefix;
    bool tls, websocket;
    uint16_t port;
};

static const struct scheme schemes[] = {
    {"wss://", true, true, 443},
    {"ws://", false, true, 80},
    {"https://", true, false, 443},
    {"http://", false, false, 80},
};

static enum err fail(enum err e, const char **why, const char *text)
{
    *why = text;
    return e;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool is_v6_char(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.';
}

/* [*p] stands at the host; leaves it behind the host. */
static enum err parse_host(const char **p, struct url *u, const char **why)
{
    bool v6 = **p == '[';
    const char *start = *p + v6, *q = start;
    while (v6 ? is_v6_char(*q) : is_host_char(*q))
        q++;
    size_t len = (size_t)(q - start);
    if (len == 0)
        return fail(ERR_SYNTAX, why, "there is no host name after ://");
    if (len >= sizeof u->host)
        return fail(ERR_RANGE, why, "the host name is too long");
    for (size_t i = 0; i < len; i++)
        u->host[i] = start[i] >= 'A' && start[i] <= 'Z' ? (char)(start[i] + 32) : start[i];
    u->host[len] = '\0';
    if (v6 && *q++ != ']')
        return fail(ERR_SYNTAX, why, "the IPv6 address is not closed by ']'");
    *p = q;
    return ERR_OK;
}

static enum err parse_port(const char **p, struct url *u, const char **why)
{
    if (**p != ':')
        return ERR_OK;
    unsigned port = 0;
    const char *q = *p + 1;
    while (*q >= '0' && *q <= '9' && port <= UINT16_MAX)
        port = port * 10 + (unsigned)(*q++ - '0');
    if (q == *p + 1 || port == 0 || port > UINT16_MAX)
        return fail(ERR_RANGE, why, "the port must be a number from 1 to 65535");
    u->default_port = port == u->port;
    u->port = (uint16_t)port;
    *p = q;
    return ERR_OK;
}

enum err url_parse(const char *text, struct url *ret, const char **why)
{
    const struct scheme *s = NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && !s; i++)
        if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            s = &schemes[i];
    if (!s)
        return fail(ERR_UNSUPPORTED, why, "it must begin with wss://, ws://, https:// or http://");
    struct url u = {
        .tls = s->tls, .websocket = s->websocket, .port = s->port, .default_port = true};
    const char *p = text + strlen(s->prefix);
    enum err e = parse_host(&p, &u, why);
    if (!e)
        e = parse_port(&p, &u, why);
    if (e)
        return e;
    if (*p == '@')
        return fail(ERR_SYNTAX, why, "user names and passwords are not allowed in it");
    if (*p != '\0' && *p != '/' && *p != '?')
        return fail(ERR_SYNTAX, why, "the host name has a character that is not allowed");
    for (const char *q = p; *q; q++) {
        if (*q == '#')
            return fail(ERR_SYNTAX, why, "a fragment (#) is not allowed in it");
        if (*q <= ' ' || *q >= 0x7f)
            return fail(ERR_SYNTAX, why, "the path has a character that is not allowed");
    }
    int n = snprintf(u.path, sizeof u.path, "%s%s", *p == '/' ? "" : "/", p);
    if (n < 0 || (size_t)n >= sizeof u.path)
        return fail(ERR_RANGE, why, "the path is too long");
    *ret = u;
    return ERR_OK;
}

void url_authority(const struct url *u, char *out)
{
    bool v6 = strchr(u->host, ':') != NULL;
    int n = snprintf(out, URL_AUTHORITY_MAX, "%s%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "");
    if (!u->default_port)
        snprintf(out + n, URL_AUTHORITY_MAX - (size_t)n, ":%u", u->port);
}

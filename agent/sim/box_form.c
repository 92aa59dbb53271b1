/* What arrives as text: forms, and what of a request is signed. */
#include "sim/box_rest.h"

#include <string.h>

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

/* Appends; false where the room ends. */
static bool put(char *out, size_t *n, char c)
{
    if (*n == BOX_PAYLOAD_MAX)
        return false;
    out[(*n)++] = c;
    return true;
}

static bool put_encoded(char *out, size_t *n, const char *text)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool ok = is_plain(*text)
                      ? put(out, n, *text)
                      : put(out, n, '%') && put(out, n, HEX[c >> 4]) && put(out, n, HEX[c & 15]);
        if (!ok)
            return false;
    }
    return true;
}

size_t box_payload_query(const struct box_param *p, uint32_t params, char *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < params && i < BOX_PARAMS_MAX; i++) {
        if (strcmp(p[i].name, "signature") == 0)
            continue;
        if ((n && !put(out, &n, '&')) || !put_encoded(out, &n, p[i].name) || !put(out, &n, '=') ||
            !put_encoded(out, &n, p[i].value))
            return 0;
    }
    return n;
}

size_t box_payload_body(const char *body, size_t len, char *out, size_t used)
{
    static const char SIGNATURE[] = "signature=";
    bool first = true;
    for (size_t i = 0; i < len;) {
        const char *end = memchr(body + i, '&', len - i);
        size_t n = end ? (size_t)(end - body) - i : len - i;
        if (n < sizeof SIGNATURE - 1 || memcmp(body + i, SIGNATURE, sizeof SIGNATURE - 1) != 0) {
            if (BOX_PAYLOAD_MAX - used < n + 1)
                return 0;
            if (!first)
                out[used++] = '&';
            memcpy(out + used, body + i, n);
            used += n;
            first = false;
        }
        i += n + 1;
    }
    return used;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes in place up to [end], which becomes the NUL. False: a broken escape, or a NUL. */
static bool decode(char *p, char *end)
{
    char *out = p;
    for (; p < end; p++) {
        char c = *p == '+' ? ' ' : *p;
        if (*p == '%') {
            int high = end - p > 2 ? hex(p[1]) : -1, low = end - p > 2 ? hex(p[2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            p += 2;
        }
        if (c == '\0')
            return false;
        *out++ = c;
    }
    *out = '\0';
    return true;
}

static bool is_there(const struct box_request *r, uint32_t params, const char *name)
{
    for (uint32_t i = 0; i < params && i < BOX_PARAMS_MAX; i++)
        if (strcmp(r->param[i].name, name) == 0)
            return true;
    return false;
}

bool box_form_read(char *body, struct box_request *r)
{
    uint32_t of_query = r->params;
    while (*body) {
        char *end = body + strcspn(body, "&"), *next = *end ? end + 1 : end;
        char *equals = memchr(body, '=', (size_t)(end - body));
        char *name_end = equals ? equals : end;
        char *value = equals ? equals + 1 : end;
        if (end == body) {
            body = next;
            continue;
        }
        /* The value first: what ends the name is overwritten, what ends the value is, too. */
        if (!decode(value, end) || !decode(body, name_end))
            return false;
        if (!is_there(r, of_query, body)) {
            if (r->params < BOX_PARAMS_MAX)
                r->param[r->params] = (struct box_param){body, value};
            r->params++;
        }
        body = next;
    }
    return true;
}

/* The look at the raw bytes before toml++ gets them. */
#include "config/toml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct scan {
    const unsigned char *p, *end;
    struct toml_pos at;
    struct toml_error *error;
};

__attribute__((format(printf, 3, 4))) static enum err refuse(const struct scan *s, enum err e,
                                                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    s->error->at = s->at;
    vsnprintf(s->error->text, sizeof s->error->text, format, args);
    va_end(args);
    return e;
}

/* Length of the well-formed UTF-8 sequence at [p] (RFC 3629: shortest form, no surrogates, at most
 * U+10FFFF), 0 where there is none. */
static size_t utf8_length(const unsigned char *p, const unsigned char *end)
{
    size_t left = (size_t)(end - p);
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
               : p[0] >= 0xe0 && p[0] <= 0xef ? 3
               : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                              : 0;
    if (n == 0 || left < n)
        return 0;
    unsigned low = 0x80, high = 0xbf;
    switch (p[0]) {
    case 0xe0: low = 0xa0; break;
    case 0xed: high = 0x9f; break;
    case 0xf0: low = 0x90; break;
    case 0xf4: high = 0x8f; break;
    default: break;
    }
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return n;
}

static enum err check_bytes(struct scan s)
{
    while (s.p < s.end) {
        size_t n = utf8_length(s.p, s.end);
        if (n == 0)
            return refuse(&s, ERR_SYNTAX, "byte 0x%02x is not valid UTF-8; save the file as UTF-8",
                          s.p[0]);
        if (s.p[0] == 0)
            return refuse(&s, ERR_SYNTAX, "a NUL byte; the file must be text");
        if (s.p[0] == '\n') {
            s.at.line++;
            s.at.column = 1;
        } else {
            s.at.column++;
        }
        s.p += n;
    }
    return ERR_OK;
}

static void step(struct scan *s)
{
    if (*s->p == '\n') {
        s->at.line++;
        s->at.column = 1;
    } else if ((*s->p & 0xc0) != 0x80) {
        s->at.column++;
    }
    s->p++;
}

static bool triple(const struct scan *s, unsigned char quote)
{
    return s->end - s->p >= 3 && s->p[0] == quote && s->p[1] == quote && s->p[2] == quote;
}

/* Steps over the string at s->p. An unfinished one is left to toml++, which refuses it. */
static void skip_string(struct scan *s)
{
    unsigned char quote = *s->p;
    bool multi = triple(s, quote);
    for (int i = multi ? 3 : 1; i > 0; i--)
        step(s);
    while (s->p < s->end) {
        if (*s->p == '\\' && quote == '"' && s->end - s->p >= 2) {
            step(s);
            step(s);
        } else if (multi && triple(s, quote)) {
            for (int i = 0; i < 3; i++)
                step(s);
            for (int i = 0; i < 2 && s->p < s->end && *s->p == quote; i++)
                step(s); /* up to two more quotes belong to the content */
            return;
        } else if (!multi && (*s->p == quote || *s->p == '\n')) {
            step(s);
            return;
        } else {
            step(s);
        }
    }
}

/* As long as the text is valid so far, this sees strings, comments and keys as toml++ does; behind
 * the first mistake toml++ does not build anything any more, and it does not matter. */
static enum err check_keys(struct scan s)
{
    unsigned parts = 1;
    while (s.p < s.end) {
        switch (*s.p) {
        case '"':
        case '\'': skip_string(&s); break;
        case '#':
            while (s.p < s.end && *s.p != '\n')
                step(&s);
            break;
        case '.':
            if (++parts > TOML_KEY_PARTS_MAX)
                return refuse(&s, ERR_FULL, "a dotted key may have at most %d parts",
                              TOML_KEY_PARTS_MAX);
            step(&s);
            break;
        case '\n':
        case '=':
        case ',':
        case '[':
        case ']':
        case '{':
        case '}':
            parts = 1;
            step(&s);
            break;
        default: step(&s); break;
        }
    }
    return ERR_OK;
}

enum err toml_prescan(const char *text, size_t len, struct toml_error *error)
{
    struct scan s = {.p = (const unsigned char *)text,
                     .end = (const unsigned char *)text + len,
                     .at = {.line = 1, .column = 1},
                     .error = error};
    if (len > TOML_SIZE_MAX)
        return refuse(&s, ERR_FULL, "the file has %zu bytes; at most %d are allowed", len,
                      TOML_SIZE_MAX);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* toml++ would skip a second one */
        return refuse(&s, ERR_SYNTAX, "a byte order mark may stand only once, at the start");
    enum err e = check_bytes(s);
    return e ? e : check_keys(s);
}

const char *toml_type_name(enum toml_type t)
{
    switch (t) {
    case TOML_NODE_TABLE: return "a table";
    case TOML_NODE_ARRAY: return "an array";
    case TOML_NODE_STRING: return "a string";
    case TOML_NODE_INTEGER: return "an integer";
    case TOML_NODE_FLOAT: return "a float";
    case TOML_NODE_BOOL: return "a boolean";
    case TOML_NODE_OFFSET_DATETIME:
    case TOML_NODE_LOCAL_DATETIME: return "a date with time";
    case TOML_NODE_LOCAL_DATE: return "a date";
    case TOML_NODE_LOCAL_TIME: return "a time";
    }
    return "?";
}

const struct toml_node *toml_get(const struct toml_node *table, const char *key)
{
    if (!table || table->type != TOML_NODE_TABLE)
        return NULL;
    size_t len = strlen(key);
    for (const struct toml_node *n = table->first; n; n = n->next)
        if (n->key_len == len && memcmp(n->key, key, len) == 0)
            return n;
    return NULL;
}

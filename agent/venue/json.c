#include "venue/json.h"

void json_fail(struct json *j, enum err e)
{
    if (!j->err)
        j->err = e;
    j->p = j->end;
}

static inline void space(struct json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\t' || *j->p == '\r'))
        j->p++;
}

/* The end of the text is ERR_TRUNCATED wherever something else was due. */
static void fail_here(struct json *j)
{
    json_fail(j, j->p == j->end ? ERR_TRUNCATED : ERR_SYNTAX);
}

static inline bool take(struct json *j, char c)
{
    if (j->p < j->end && *j->p == c) {
        j->p++;
        return true;
    }
    fail_here(j);
    return false;
}

enum err json_finish(struct json *j)
{
    space(j);
    if (!j->err && (j->p != j->end || j->depth != 0))
        fail_here(j);
    return j->err;
}

char json_peek(struct json *j)
{
    space(j);
    return j->p < j->end ? *j->p : 0;
}

void json_enter(struct json *j, char bracket)
{
    space(j);
    if (!take(j, bracket))
        return;
    if (j->depth == JSON_DEPTH_MAX) {
        json_fail(j, ERR_RANGE);
        return;
    }
    j->depth++;
    j->first = true;
}

/* Comma or closing bracket; true where another entry must follow. */
static inline bool next(struct json *j, char closing)
{
    space(j);
    if (j->p < j->end && *j->p == closing) {
        j->p++;
        j->depth--;
        j->first = false;
        return false;
    }
    if (j->first)
        j->first = false;
    else if (!take(j, ','))
        return false;
    space(j);
    return j->p < j->end || (fail_here(j), false);
}

bool json_key(struct json *j, struct json_text *key)
{
    if (!next(j, '}'))
        return false;
    *key = json_string(j);
    space(j);
    if (!take(j, ':'))
        return false;
    space(j);
    return true;
}

bool json_element(struct json *j)
{
    return next(j, ']');
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}
static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the UTF-8 sequence at [p] (first byte >= 0x80), 0 where it is none. RFC 3629. */
static size_t utf8_len(const char *p, const char *end)
{
    const unsigned char a = (unsigned char)p[0];
    size_t n = a >= 0xc2 && a <= 0xdf ? 2 : (a & 0xf0) == 0xe0 ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 0;
    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 0;
    const unsigned char b = (unsigned char)p[1];
    bool overlong = (a == 0xe0 && b < 0xa0) || (a == 0xf0 && b < 0x90);
    bool surrogate = a == 0xed && b > 0x9f;
    bool beyond = a == 0xf4 && b > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

/* Length of the escape at [p] ('\\'), 0 where it is none. */
static size_t escape_len(const char *p, const char *end)
{
    if (end - p < 2)
        return 0;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return 2;
    case 'u':
        return end - p >= 6 && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]) ? 6 : 0;
    default: return 0;
    }
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The first byte from [p] on that does not simply stand for itself in a string: a quote, a
 * backslash, a control character or the begin of a UTF-8 sequence. Eight bytes at a time; the
 * subtractions may borrow into bytes above a hit, never below the first. */
static inline const char *plain_end(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        const uint64_t quote = w ^ EACH_BYTE('"'), slash = w ^ EACH_BYTE('\\');
        const uint64_t hit =
            (((quote - EACH_BYTE(1)) & ~quote) | ((slash - EACH_BYTE(1)) & ~slash) |
             ((w - EACH_BYTE(0x20)) & ~w) | w) &
            EACH_BYTE(0x80);
        if (hit)
            return p + __builtin_ctzll(hit) / 8; /* little-endian: see base/buf.c */
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (signed char)*p >= 0x20)
        p++;
    return p;
}

struct json_text json_string(struct json *j)
{
    const struct json_text none = {"", 0};
    space(j);
    if (!take(j, '"'))
        return none;
    const char *start = j->p;
    for (const char *p = start;;) {
        p = plain_end(p, j->end);
        if (p < j->end && *p == '"') {
            j->p = p + 1;
            return (struct json_text){start, (size_t)(p - start)};
        }
        size_t n = p == j->end           ? 0
                   : *p == '\\'          ? escape_len(p, j->end)
                   : (signed char)*p < 0 ? utf8_len(p, j->end)
                                         : 0;
        if (n == 0) {
            json_fail(j, p == j->end ? ERR_TRUNCATED : ERR_SYNTAX);
            return none;
        }
        p += n;
    }
}

uint64_t json_u64(struct json *j)
{
    space(j);
    const char *p = j->p;
    const char *safe = j->end - p > 18 ? p + 18 : j->end; /* no overflow up to there */
    uint64_t v = 0;
    for (; p < safe && is_digit(*p); p++)
        v = v * 10 + (unsigned)(*p - '0');
    for (; p < j->end && is_digit(*p); p++)
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (unsigned)(*p - '0'), &v)) {
            json_fail(j, ERR_RANGE);
            return 0;
        }
    /* A number that ends with the text could have had more digits. */
    if (p == j->end) {
        json_fail(j, ERR_TRUNCATED);
        return 0;
    }
    bool leading_zero = p - j->p > 1 && *j->p == '0';
    if (p == j->p || leading_zero || *p == '.' || *p == 'e' || *p == 'E') {
        json_fail(j, ERR_SYNTAX);
        return 0;
    }
    j->p = p;
    return v;
}

int64_t json_i64(struct json *j)
{
    bool negative = json_peek(j) == '-';
    if (negative)
        j->p++;
    uint64_t v = json_u64(j);
    if (v > INT64_MAX) {
        json_fail(j, ERR_RANGE);
        return 0;
    }
    return negative ? -(int64_t)v : (int64_t)v;
}

static bool word(struct json *j, const char *text, size_t len)
{
    size_t there = (size_t)(j->end - j->p);
    if (there >= len && memcmp(j->p, text, len) == 0) {
        j->p += len;
        return true;
    }
    json_fail(j, there < len && memcmp(j->p, text, there) == 0 ? ERR_TRUNCATED : ERR_SYNTAX);
    return false;
}

bool json_bool(struct json *j)
{
    return json_peek(j) == 't' ? word(j, "true", 4) : (word(j, "false", 5), false);
}

bool json_null(struct json *j)
{
    return json_peek(j) == 'n' && word(j, "null", 4);
}

dec json_quoted_dec(struct json *j)
{
    dec d;
    space(j);
    if (!take(j, '"'))
        return DEC_ZERO;
    const char *p = j->p;
    enum err e = dec_scan(&p, j->end, &d);
    if (e) {
        json_fail(j, p == j->end ? ERR_TRUNCATED : e);
        return DEC_ZERO;
    }
    j->p = p;
    return take(j, '"') ? d : DEC_ZERO;
}

/* A number of any form: -0.1e+5. */
static void skip_number(struct json *j)
{
    const char *p = j->p, *end = j->end;
    if (*p == '-')
        p++;
    const char *digits = p;
    if (p < end && *p == '0')
        p++; /* and no other digit behind it */
    else
        while (p < end && is_digit(*p))
            p++;
    bool good = p > digits && (p == end || !is_digit(*p));
    if (good && p < end && *p == '.') {
        digits = ++p;
        while (p < end && is_digit(*p))
            p++;
        good = p > digits;
    }
    if (good && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        digits = p;
        while (p < end && is_digit(*p))
            p++;
        good = p > digits;
    }
    j->p = p;
    if (!good)
        fail_here(j);
}

static void skip_scalar(struct json *j)
{
    switch (*j->p) {
    case '"': (void)json_string(j); break;
    case 't':
    case 'f': (void)json_bool(j); break;
    case 'n': (void)json_null(j); break;
    default: skip_number(j);
    }
}

struct json_text json_skip(struct json *j)
{
    space(j);
    const char *start = j->p;
    const uint8_t outer = j->depth;
    uint32_t is_object = 0; /* bit per open bracket */
    do {
        char c = json_peek(j);
        if (c == 0) {
            fail_here(j);
        } else if (c == '{' || c == '[') {
            json_enter(j, c);
            is_object = is_object << 1 | (c == '{');
        } else {
            skip_scalar(j);
        }
        /* Behind a value, or in a fresh container: go on to the next entry, closing what ends. */
        while (!j->err && j->depth > outer) {
            struct json_text key;
            if (is_object & 1 ? json_key(j, &key) : json_element(j))
                break;
            is_object >>= 1;
        }
    } while (!j->err && j->depth > outer);
    if (j->err)
        return (struct json_text){"", 0};
    return (struct json_text){start, (size_t)(j->p - start)};
}

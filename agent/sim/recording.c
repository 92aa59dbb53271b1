#include "sim/recording.h"

#include "base/clock.h"
#include "venue/binance_spot_names.h"
#include "venue/json.h"

#include <stdio.h>
#include <string.h>

static enum err fail(enum err e, char *why, const char *text)
{
    snprintf(why, RECORDING_WHY_MAX, "%s", text);
    return e;
}

static enum err fail_json(enum err e, char *why, const char *what)
{
    snprintf(why, RECORDING_WHY_MAX, "%s %s", what,
             e == ERR_TRUNCATED ? "ends in the middle" : "is not valid JSON of the expected form");
    return e;
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Replaces escapes in place; the text only gets shorter. The scanner has checked their form; what
 * it cannot know is whether surrogates come in pairs. */
static bool unescape(char *p, size_t *len)
{
    char *out = p;
    const char *in = p, *end = p + *len;
    while (in < end) {
        if (*in != '\\') {
            *out++ = *in++;
            continue;
        }
        if (end - in < 2)
            return false;
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *known = strchr(from, in[1]);
        if (in[1] && known) {
            *out++ = to[known - from];
            in += 2;
            continue;
        }
        if (in[1] != 'u' || end - in < 6)
            return false;
        int c = hex4(in + 2);
        in += 6;
        uint32_t code = (uint32_t)c;
        if (c >= 0xd800 && c < 0xdc00) {
            int low = end - in >= 6 && in[0] == '\\' && in[1] == 'u' ? hex4(in + 2) : -1;
            if (low < 0xdc00 || low > 0xdfff)
                return false;
            code = 0x10000 + ((uint32_t)(c - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
            in += 6;
        } else if (c < 0 || (c >= 0xdc00 && c < 0xe000)) {
            return false;
        }
        out += put_utf8(out, code);
    }
    *len = (size_t)(out - p);
    return true;
}

/* The payload as the venue sent it: wrapped with its stream's name, or bare. */
static enum err parse_message(char *text, size_t len, struct recording *r, char *why)
{
    struct json j = json_make(text, len);
    struct json_text key, stream = {0}, data = {0};
    bool book = false;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "stream"))
            stream = json_string(&j);
        else if (json_is(key, "data"))
            data = json_skip(&j);
        else {
            book = book || json_is(key, "lastUpdateId");
            (void)json_skip(&j);
        }
    }
    enum err e = json_finish(&j);
    if (e)
        return fail_json(e, why, "the message");
    if (stream.p && !data.p)
        return fail(ERR_SYNTAX, why, "the message names a stream but has no data");
    *r = (struct recording){
        .kind = book && !stream.p ? RECORDING_BOOK : RECORDING_MESSAGE,
        .ts_ns = r->ts_ns,
        .stream = stream.p,
        .stream_len = stream.len,
        .data = stream.p ? data.p : text,
        .data_len = stream.p ? data.len : len,
    };
    return ERR_OK;
}

static enum err parse_raw(char *line, size_t len, struct recording *r, char *why)
{
    int64_t ts = 0;
    size_t i = 0;
    for (; i < len && line[i] >= '0' && line[i] <= '9'; i++)
        if (__builtin_mul_overflow(ts, 10, &ts) || __builtin_add_overflow(ts, line[i] - '0', &ts))
            return fail(ERR_RANGE, why, "the time at the line's start is too large");
    if (i == 0 || i == len || line[i] != ' ')
        return fail(i == len ? ERR_TRUNCATED : ERR_SYNTAX, why,
                    "a line must be a time in nanoseconds, a space and a message, or a JSON object "
                    "with \"t\", \"ts\" and \"data\"");
    r->ts_ns = ts;
    return parse_message(line + i + 1, len - i - 1, r, why);
}

/* "https://host/api/v3/depth?symbol=NKNUSDT&limit=1000" */
static void read_url(struct json_text url, struct recording *r)
{
    char text[256];
    if (url.len >= sizeof text)
        return;
    memcpy(text, url.p, url.len);
    text[url.len] = '\0';
    if (strstr(text, "/api/v3/exchangeInfo"))
        r->kind = RECORDING_EXCHANGE_INFO;
    if (!strstr(text, "/api/v3/depth?"))
        return;
    r->kind = RECORDING_BOOK;
    const char *symbol = strstr(text, "symbol=");
    size_t n = symbol ? strcspn(symbol + 7, "&") : 0;
    if (n > 0 && n < sizeof r->symbol)
        memcpy(r->symbol, symbol + 7, n);
}

static enum err parse_object(char *line, size_t len, struct recording *r, char *why)
{
    struct json j = json_make(line, len);
    struct json_text key, t = {0}, ts = {0}, data = {0}, url = {0};
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "t"))
            t = json_string(&j);
        else if (json_is(key, "ts"))
            ts = json_skip(&j);
        else if (json_is(key, "data"))
            data = json_peek(&j) == '"' ? json_string(&j) : (json_skip(&j), data);
        else if (json_is(key, "url"))
            url = json_string(&j);
        else
            (void)json_skip(&j);
    }
    enum err e = json_finish(&j);
    if (e)
        return fail_json(e, why, "the line");
    if (!t.p)
        return fail(ERR_SYNTAX, why, "the line has no \"t\"");
    if (json_is(t, "header") || json_is(t, "connect") || json_is(t, "send"))
        return ERR_OK;
    if (!json_is(t, "recv") && !json_is(t, "http"))
        return fail(ERR_SYNTAX, why, "\"t\" is none of header, http, connect, send, recv");
    dec seconds;
    if (!ts.p || dec_parse(ts.p, ts.len, &seconds) != ERR_OK)
        return fail(ERR_SYNTAX, why, "the line has no time (\"ts\", in seconds)");
    i128 ns = seconds.v / (i128)(DEC_ONE_U64 / (uint64_t)NS_PER_S);
    if (ns < 0 || ns > INT64_MAX)
        return fail(ERR_RANGE, why, "\"ts\" is no time");
    r->ts_ns = (int64_t)ns;
    if (!data.p)
        return fail(ERR_SYNTAX, why, "the line has no \"data\" text");
    char *text = line + (data.p - line);
    size_t n = data.len;
    /* The URL lies apart from the data and is read first: unescaping moves bytes. */
    if (json_is(t, "http"))
        read_url(url, r);
    if (!unescape(text, &n))
        return fail(ERR_SYNTAX, why, "\"data\" has an escape that stands for no character");
    if (json_is(t, "recv"))
        return parse_message(text, n, r, why);
    r->data = text;
    r->data_len = n;
    return ERR_OK;
}

enum err recording_parse(char *line, size_t len, struct recording *ret, char *why)
{
    struct recording r = {.kind = RECORDING_NOTHING};
    enum err e =
        len && line[0] == '{' ? parse_object(line, len, &r, why) : parse_raw(line, len, &r, why);
    if (!e)
        *ret = r;
    return e;
}

#include "sim/box_conn.h"

#include "base/clock.h"
#include "venue/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_TEXT_MAX 40

void box_conn_init(struct box_conn *c)
{
    *c = (struct box_conn){0};
}

static void set_close(struct box_conn *c, enum box_close code, const char *why)
{
    if (c->close != BOX_CLOSE_NOT)
        return;
    c->close = code;
    c->why = why;
}

/* ---- subscriptions ---- */

/* The bit of a stream that exists; -1 for others. */
static int find_stream(const struct box *b, const char *name, size_t len, uint32_t *symbol)
{
    const char *at = memchr(name, '@', len);
    char upper[SYMBOL_MAX];
    size_t n = at ? (size_t)(at - name) : 0;
    if (!n || n >= sizeof upper)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z')
            return -1; /* symbols of streams are lower case; others stay silent, as on the venue */
        upper[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    }
    int i = box_find(b, upper, n);
    int stream = i < 0 ? -1 : box_stream_find(at + 1, len - n - 1);
    if (stream >= 0)
        *symbol = (uint32_t)i;
    return stream;
}

/* "btcusdt@trade", "!miniTicker@arr": some letters and one or more parts behind an '@'. */
static bool well_formed(const char *name, size_t len)
{
    bool at = false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-' || c == '.' || c == '+' || c == ':';
        if (c == '@' && i > 0 && i + 1 < len && name[i - 1] != '@')
            at = true;
        else if (!plain && !(c == '!' && i == 0))
            return false;
    }
    return at && len < BOX_STREAM_NAME_MAX;
}

static uint32_t find_name(const struct box_conn *c, const char *name, size_t len)
{
    uint32_t i = 0;
    while (i < c->names && !(strlen(c->name[i]) == len && memcmp(c->name[i], name, len) == 0))
        i++;
    return i;
}

static enum err subscribe(struct box *b, struct box_conn *c, const char *name, size_t len)
{
    if (!well_formed(name, len))
        return ERR_SYNTAX;
    if (find_name(c, name, len) < c->names)
        return ERR_OK;
    if (c->names == BOX_CONN_STREAMS_MAX)
        return ERR_FULL;
    if (c->names == c->cap) {
        uint32_t cap = c->cap ? c->cap * 2 : 8;
        void *p = realloc(c->name, cap * sizeof *c->name);
        if (!p)
            return ERR_NOMEM;
        c->name = p;
        c->cap = cap;
    }
    memcpy(c->name[c->names], name, len);
    c->name[c->names++][len] = '\0';
    uint32_t symbol;
    int stream = find_stream(b, name, len, &symbol);
    if (stream >= 0) {
        c->mask[symbol] |= UINT32_C(1) << stream;
        b->symbol[symbol]->wanted[stream]++;
    }
    return ERR_OK;
}

static void unsubscribe(struct box *b, struct box_conn *c, const char *name, size_t len)
{
    uint32_t i = find_name(c, name, len);
    if (i == c->names)
        return; /* the venue says nothing of it either */
    memmove(c->name + i, c->name + i + 1, (c->names - i - 1) * sizeof *c->name);
    c->names--;
    uint32_t symbol;
    int stream = find_stream(b, name, len, &symbol);
    if (stream >= 0 && box_conn_wants(c, symbol, stream)) {
        c->mask[symbol] &= ~(UINT32_C(1) << stream);
        b->symbol[symbol]->wanted[stream]--;
    }
}

void box_conn_free(struct box *b, struct box_conn *c)
{
    for (uint32_t i = 0; i < b->symbols; i++)
        for (int s = 0; s < BOX_STREAMS; s++)
            if (box_conn_wants(c, i, s))
                b->symbol[i]->wanted[s]--;
    free(c->name);
    box_conn_init(c);
}

/* Names between slashes. */
static enum err subscribe_list(struct box *b, struct box_conn *c, const char *list)
{
    while (*list) {
        size_t n = strcspn(list, "/");
        enum err e = n ? subscribe(b, c, list, n) : ERR_OK;
        if (e)
            return e;
        list += n + (list[n] == '/');
    }
    return ERR_OK;
}

enum err box_conn_open(struct box *b, struct box_conn *c, const char *path, const char *streams)
{
    if (strcmp(path, "/stream") == 0 || strcmp(path, "/stream/") == 0) {
        c->combined = true;
        return streams ? subscribe_list(b, c, streams) : ERR_OK;
    }
    if (strcmp(path, "/ws") == 0)
        return ERR_OK;
    if (strncmp(path, "/ws/", 4) != 0)
        return ERR_NOT_FOUND;
    /* Clients that subscribe later come with any path: ccxt with /ws/0, others with /ws/stream. */
    if (!strchr(path + 4, '@'))
        return ERR_OK;
    return subscribe_list(b, c, path + 4);
}

/* ---- requests ---- */

enum method {
    METHOD_NONE,
    METHOD_SUBSCRIBE,
    METHOD_UNSUBSCRIBE,
    METHOD_LIST,
    METHOD_SET,
    METHOD_GET,
    METHOD_UNKNOWN
};

struct request {
    enum method method;
    struct json_text method_text, params; /* params: the array, or empty */
    bool has_id, id_ok;
    char id[ID_TEXT_MAX + 2]; /* as JSON */
};

static void reply_error(struct box_text *reply, const struct request *r, int code, const char *msg)
{
    box_text_clear(reply);
    box_text_addf(reply, "{\"error\":{\"code\":%d,\"msg\":", code);
    box_text_quoted(reply, msg, strlen(msg));
    box_text_add(reply, "}");
    if (r->has_id && r->id_ok)
        box_text_addf(reply, ",\"id\":%s", r->id);
    box_text_add(reply, "}");
}

static void reply_result(struct box_text *reply, const struct request *r, const char *result)
{
    box_text_addf(reply, "{\"result\":%s,\"id\":%s}", result, r->id);
}

static bool is_int64(struct json_text t)
{
    int64_t v = 0;
    size_t i = t.p[0] == '-';
    bool ok = i < t.len;
    for (; i < t.len && ok; i++)
        ok = t.p[i] >= '0' && t.p[i] <= '9' && !__builtin_mul_overflow(v, 10, &v) &&
             !(t.p[0] == '-' ? __builtin_sub_overflow(v, t.p[i] - '0', &v)
                             : __builtin_add_overflow(v, t.p[i] - '0', &v));
    return ok;
}

static void read_id(struct json *j, struct request *r)
{
    r->has_id = true;
    char first = json_peek(j);
    struct json_text t = json_skip(j);
    if (j->err || t.len > ID_TEXT_MAX)
        return;
    if (first == '"') {
        r->id_ok = t.len <= 36 + 2;
        for (size_t i = 1; i + 1 < t.len; i++) {
            char c = t.p[i];
            bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_';
            r->id_ok = r->id_ok && plain;
        }
    } else if (first == '-' || (first >= '0' && first <= '9')) {
        r->id_ok = is_int64(t);
    } else {
        r->id_ok = json_is(t, "null");
    }
    if (r->id_ok) {
        memcpy(r->id, t.p, t.len);
        r->id[t.len] = '\0';
    }
}

static enum method method_of(struct json_text t)
{
    return json_is(t, "SUBSCRIBE")            ? METHOD_SUBSCRIBE
           : json_is(t, "UNSUBSCRIBE")        ? METHOD_UNSUBSCRIBE
           : json_is(t, "LIST_SUBSCRIPTIONS") ? METHOD_LIST
           : json_is(t, "SET_PROPERTY")       ? METHOD_SET
           : json_is(t, "GET_PROPERTY")       ? METHOD_GET
                                              : METHOD_UNKNOWN;
}

/* Column (from 1) of a byte offset in the last line, and the line. */
static void place(const char *text, size_t offset, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset; i++) {
        (*column)++;
        if (text[i] == '\n') {
            (*line)++;
            *column = 1;
        }
    }
}

/* How far the text is JSON: the longest prefix in which the scanner has no quarrel but the end. */
static size_t good_prefix(const char *text, size_t len)
{
    size_t lo = 0, hi = len;
    while (lo < hi) { /* prefixes of a good prefix are good: search by halves */
        size_t mid = lo + (hi - lo + 1) / 2;
        struct json j = json_make(text, mid);
        (void)json_skip(&j);
        enum err e = json_finish(&j);
        if (e == ERR_OK || e == ERR_TRUNCATED)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

static bool parse_request(const char *text, size_t len, struct request *r)
{
    struct json j = json_make(text, len);
    struct json_text key;
    if (json_peek(&j) != '{')
        return false;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "method") && json_peek(&j) == '"') {
            r->method_text = json_string(&j);
            r->method = method_of(r->method_text);
        } else if (json_is(key, "params") && json_peek(&j) == '[') {
            r->params = json_skip(&j);
        } else if (json_is(key, "id")) {
            read_id(&j, r);
        } else {
            (void)json_skip(&j);
        }
    }
    return json_finish(&j) == ERR_OK;
}

#define PARAMS_SHOWN 3

/* Strings, and what else, in "params". */
struct params {
    uint32_t count;
    bool all_strings;
    struct json_text value[PARAMS_SHOWN]; /* the first ones, with quotes */
};

static struct params look_at_params(const struct request *r)
{
    struct params p = {.all_strings = true};
    if (!r->params.p)
        return p;
    struct json j = json_make(r->params.p, r->params.len);
    json_enter(&j, '[');
    while (json_element(&j)) {
        p.all_strings = p.all_strings && json_peek(&j) == '"';
        struct json_text v = json_skip(&j);
        if (p.count < PARAMS_SHOWN)
            p.value[p.count] = v;
        p.count++;
    }
    return p;
}

static void on_property(struct box_conn *c, const struct request *r, struct box_text *reply)
{
    struct params p = look_at_params(r);
    bool set = r->method == METHOD_SET;
    if (p.count > (set ? 2u : 1u))
        reply_error(reply, r, 2, "Invalid request: too many parameters");
    else if (p.count == 0 || p.value[0].p[0] != '"')
        reply_error(reply, r, 2, "Invalid request: property name must be a string");
    else if (!json_is(p.value[0], "\"combined\""))
        reply_error(reply, r, 0, "Unknown property");
    else if (!set)
        reply_result(reply, r, c->combined ? "true" : "false");
    else if (p.count < 2 || !(json_is(p.value[1], "true") || json_is(p.value[1], "false")))
        reply_error(reply, r, 1, "Invalid value type: expected Boolean");
    else {
        c->combined = json_is(p.value[1], "true");
        reply_result(reply, r, "null");
    }
}

static void on_streams(struct box *b, struct box_conn *c, const struct request *r,
                       struct box_text *reply)
{
    struct params p = look_at_params(r);
    if (!r->params.p || !p.all_strings) {
        reply_error(reply, r, 2, "Invalid request: params must be an array of stream names");
        return;
    }
    struct json j = json_make(r->params.p, r->params.len);
    json_enter(&j, '[');
    while (json_element(&j)) {
        struct json_text name = json_string(&j);
        enum err e = ERR_OK;
        if (r->method == METHOD_SUBSCRIBE)
            e = subscribe(b, c, name.p, name.len);
        else
            unsubscribe(b, c, name.p, name.len);
        if (e == ERR_SYNTAX) {
            reply_error(reply, r, 2, "Invalid request: invalid stream");
            set_close(c, BOX_CLOSE_POLICY, "invalid stream name");
            return;
        }
        if (e == ERR_FULL) {
            reply_error(reply, r, 2,
                        "Invalid request: a connection can listen to at most 1024 streams");
            return;
        }
        if (e) {
            set_close(c, BOX_CLOSE_POLICY, "the exchange is out of memory");
            return;
        }
    }
    reply_result(reply, r, "null");
}

static void on_list(const struct box_conn *c, const struct request *r, struct box_text *reply)
{
    if (look_at_params(r).count > 0) {
        reply_error(reply, r, 2, "Invalid request: too many parameters");
        return;
    }
    box_text_add(reply, "{\"result\":[");
    for (uint32_t i = 0; i < c->names; i++)
        box_text_addf(reply, "%s\"%s\"", i ? "," : "", c->name[i]);
    box_text_addf(reply, "],\"id\":%s}", r->id);
}

void box_conn_count(struct box_conn *c, int64_t mono_ns)
{
    int64_t *slot = &c->recent_ns[c->received % BOX_CONN_MESSAGES_MAX];
    if (c->received >= BOX_CONN_MESSAGES_MAX && mono_ns - *slot < NS_PER_S)
        set_close(c, BOX_CLOSE_POLICY, "Too many requests: more than 5 messages per second");
    *slot = mono_ns;
    c->received++;
}

void box_conn_message(struct box *b, struct box_conn *c, const char *text, size_t len, bool binary,
                      int64_t mono_ns, struct box_text *reply)
{
    box_text_clear(reply);
    box_conn_count(c, mono_ns);
    if (binary)
        set_close(c, BOX_CLOSE_UNSUPPORTED, "binary messages are not accepted");
    if (len > BOX_CONN_REQUEST_BYTES)
        set_close(c, BOX_CLOSE_TOO_BIG, "the request is too long");
    if (c->close != BOX_CLOSE_NOT)
        return;
    struct request r = {.method = METHOD_NONE};
    unsigned line, column;
    char msg[320];
    if (!parse_request(text, len, &r)) {
        r.has_id = false;
        place(text, good_prefix(text, len), &line, &column);
        snprintf(msg, sizeof msg, "Invalid JSON: expected value at line %u column %u", line,
                 column);
        reply_error(reply, &r, 3, msg);
        set_close(c, BOX_CLOSE_POLICY, "invalid JSON");
        return;
    }
    place(text, len, &line, &column);
    if (r.method == METHOD_NONE) {
        snprintf(msg, sizeof msg, "Invalid request: missing field `method` at line %u column %u",
                 line, column - 1);
        reply_error(reply, &r, 2, msg);
        return;
    }
    if (r.method == METHOD_UNKNOWN) {
        snprintf(msg, sizeof msg,
                 "Invalid request: unknown variant `%.*s`, expected one of `SUBSCRIBE`, "
                 "`UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line %u "
                 "column %u",
                 r.method_text.len < 64 ? (int)r.method_text.len : 64, r.method_text.p, line,
                 column - 1);
        reply_error(reply, &r, 2, msg);
        return;
    }
    if (!r.has_id || !r.id_ok) {
        reply_error(reply, &r, 2, "Invalid request: request ID must be an unsigned integer");
        return;
    }
    switch (r.method) {
    case METHOD_SUBSCRIBE:
    case METHOD_UNSUBSCRIBE: on_streams(b, c, &r, reply); break;
    case METHOD_LIST: on_list(c, &r, reply); break;
    case METHOD_SET:
    case METHOD_GET: on_property(c, &r, reply); break;
    case METHOD_NONE:
    case METHOD_UNKNOWN: break; /* answered above */
    }
}

void box_conn_frame(const struct box_conn *c, const char *stream_name, const char *payload,
                    size_t len, struct box_text *out)
{
    box_text_clear(out);
    if (c->combined)
        box_text_addf(out, "{\"stream\":\"%s\",\"data\":", stream_name);
    box_text_add_n(out, payload, len);
    if (c->combined)
        box_text_add(out, "}");
}

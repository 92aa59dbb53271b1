#include "sim/box_api.h"

#include "base/clock.h"
#include "sim/box_rest_parts.h"
#include "venue/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MAX 64

/* One message taken apart. Names and values stand in [room], each with its NUL. */
struct message {
    char id[BOX_API_ID_MAX + 3]; /* as JSON */
    char call[CALL_MAX];
    bool has_id, has_call;
    char *room;
    struct box_request r;
    char payload[BOX_PAYLOAD_MAX];
};

void box_api_open(struct box_api *a, struct box *b, const char *limits, const char *unit)
{
    *a = (struct box_api){
        .shows_limits = !limits || strcmp(limits, "false") != 0,
        .micro = unit && (strcmp(unit, "MICROSECOND") == 0 || strcmp(unit, "microsecond") == 0),
        .connected_ms = box_server_ms(b)};
}

/* ---- reading ---- */

static char *keep(char **at, struct json_text t)
{
    char *p = *at;
    memcpy(p, t.p, t.len);
    p[t.len] = '\0';
    *at += t.len + 1;
    return p;
}

static void read_params(struct json *j, struct message *m, char **at)
{
    struct json_text key;
    json_enter(j, '{');
    while (json_key(j, &key)) {
        struct json_text value = json_peek(j) == '"' ? json_string(j) : json_skip(j);
        if (j->err)
            return;
        if (m->r.params < BOX_PARAMS_MAX) {
            char *name = keep(at, key);
            m->r.param[m->r.params] = (struct box_param){name, keep(at, value)};
        }
        m->r.params++;
    }
}

static bool read_message(const char *text, size_t len, struct message *m)
{
    struct json j = json_make(text, len);
    struct json_text key;
    /* What is kept is shorter than its JSON by a quote or a colon at least. */
    char *at = m->room;
    if (json_peek(&j) != '{')
        return false;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        char first = json_peek(&j);
        if (json_is(key, "id")) {
            struct json_text id = json_skip(&j);
            m->has_id = first != '{' && first != '[' && id.len < sizeof m->id;
            if (m->has_id && !j.err) {
                memcpy(m->id, id.p, id.len);
                m->id[id.len] = '\0';
            }
        } else if (json_is(key, "method") && first == '"') {
            struct json_text call = json_string(&j);
            m->has_call = call.len < sizeof m->call;
            if (m->has_call && !j.err) {
                memcpy(m->call, call.p, call.len);
                m->call[call.len] = '\0';
            }
        } else if (json_is(key, "params") && first == '{') {
            read_params(&j, m, &at);
        } else {
            (void)json_skip(&j);
        }
    }
    return json_finish(&j) == ERR_OK;
}

bool box_api_call(const char *text, size_t len, char *out, size_t cap)
{
    struct json j = json_make(text, len);
    struct json_text key, call = {"", 0};
    if (json_peek(&j) != '{')
        return false;
    json_enter(&j, '{');
    while (json_key(&j, &key))
        if (json_is(key, "method") && json_peek(&j) == '"')
            call = json_string(&j);
        else
            (void)json_skip(&j);
    if (json_finish(&j) != ERR_OK || !call.len || call.len >= cap)
        return false;
    memcpy(out, call.p, call.len);
    out[call.len] = '\0';
    return true;
}

static const char *value_of(const struct message *m, const char *name)
{
    for (uint32_t i = 0; i < m->r.params && i < BOX_PARAMS_MAX; i++)
        if (strcmp(m->r.param[i].name, name) == 0)
            return m->r.param[i].value;
    return NULL;
}

/* name=value of all but the signature, sorted by name. */
static size_t payload_of(struct message *m)
{
    const struct box_param *sorted[BOX_PARAMS_MAX];
    uint32_t n = 0;
    size_t used = 0;
    for (uint32_t i = 0; i < m->r.params && i < BOX_PARAMS_MAX; i++) {
        const struct box_param *p = &m->r.param[i];
        if (strcmp(p->name, "signature") == 0)
            continue;
        uint32_t at = n++;
        for (; at > 0 && strcmp(sorted[at - 1]->name, p->name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = p;
    }
    for (uint32_t i = 0; i < n; i++) {
        int more = snprintf(m->payload + used, sizeof m->payload - used, "%s%s=%s", i ? "&" : "",
                            sorted[i]->name, sorted[i]->value);
        if (more < 0 || (size_t)more >= sizeof m->payload - used)
            return 0;
        used += (size_t)more;
    }
    return used;
}

/* ---- answering ---- */

static void limit_text(struct box_text *t, const char *type, const char *interval, int num,
                       uint32_t limit, uint32_t count, bool first)
{
    box_text_addf(t,
                  "%s{\"rateLimitType\":\"%s\",\"interval\":\"%s\",\"intervalNum\":%d,"
                  "\"limit\":%u,\"count\":%u}",
                  first ? "" : ",", type, interval, num, limit, count);
}

static void wrap(struct box *b, const struct box_api *a, const struct message *m,
                 const struct box_answer *answer, struct box_text *reply)
{
    const char *wanted = value_of(m, "returnRateLimits");
    bool limits = wanted ? strcmp(wanted, "false") != 0 : a->shows_limits;
    box_text_addf(reply, "{\"id\":%s,\"status\":%d,\"%s\":", m->has_id ? m->id : "null",
                  answer->status, answer->status == 200 ? "result" : "error");
    box_text_add_n(reply, answer->body.p ? answer->body.p : "null",
                   answer->body.p ? answer->body.len : 4);
    if (limits) {
        const struct box_trading *t = b->trading;
        box_text_add(reply, ",\"rateLimits\":[");
        if (answer->has_counts) {
            limit_text(reply, "ORDERS", "SECOND", 10, box_order_limit(t, 0), answer->count[0],
                       true);
            limit_text(reply, "ORDERS", "DAY", 1, box_order_limit(t, 1), answer->count[1], false);
        }
        limit_text(reply, "REQUEST_WEIGHT", "MINUTE", 1, t->weight_limit, answer->used_weight,
                   !answer->has_counts);
        box_text_add(reply, "]");
    }
    box_text_add(reply, "}");
}

/* ---- the session's own calls ---- */

static void session_text(const struct box *b, const struct box_api *a, struct box_text *t)
{
    box_text_add(t, "{\"apiKey\":");
    if (a->key)
        box_text_addf(t, "\"%s\",\"authorizedSince\":%lld", a->key->id,
                      (long long)a->authorized_ms);
    else
        box_text_add(t, "null,\"authorizedSince\":null");
    box_text_addf(t,
                  ",\"connectedSince\":%lld,\"returnRateLimits\":%s,\"serverTime\":%lld,"
                  "\"userDataStream\":%s}",
                  (long long)a->connected_ms, a->shows_limits ? "true" : "false",
                  (long long)box_server_ms(b), a->streams ? "true" : "false");
}

static void subscribe(struct box_api *a, uint32_t account, bool by_logon, struct box_answer *ret)
{
    for (uint32_t i = 0; i < a->streams; i++)
        if (a->stream[i].account == account) {
            box_rest_error(ret, 400, -2035, "User Data Stream subscription already active.");
            return;
        }
    if (a->next_id == BOX_API_STREAMS_ALL) {
        box_rest_error(ret, 400, -2042, "Maximum subscription ID reached for this connection.");
        return;
    }
    a->stream[a->streams++] = (struct box_api_stream){a->next_id, account, by_logon};
    box_text_addf(&ret->body, "{\"subscriptionId\":%u}", a->next_id++);
}

static void end_stream(struct box *b, struct box_api *a, uint32_t i, struct box_text *after)
{
    box_text_addf(after,
                  "{\"subscriptionId\":%u,\"event\":{\"e\":\"eventStreamTerminated\",\"E\":%lld}}"
                  "\n",
                  a->stream[i].id, (long long)box_server_ms(b));
    a->stream[i] = a->stream[--a->streams];
}

static void unsubscribe(struct box *b, struct box_api *a, const char *id, struct box_answer *ret,
                        struct box_text *after)
{
    bool any = false;
    char text[16];
    for (uint32_t i = a->streams; i-- > 0;) {
        snprintf(text, sizeof text, "%u", a->stream[i].id);
        if (id && strcmp(id, text) != 0)
            continue;
        end_stream(b, a, i, after);
        any = true;
    }
    if (any || !id)
        box_text_add(&ret->body, "{}");
    else
        box_rest_error(ret, 400, -2036, "User Data Stream subscription not active.");
}

static void streams_text(const struct box_api *a, struct box_text *t)
{
    box_text_add(t, "[");
    for (uint32_t i = 0; i < a->streams; i++)
        box_text_addf(t, "%s{\"subscriptionId\":%u}", i ? "," : "", a->stream[i].id);
    box_text_add(t, "]");
}

/* A signed call about the session: who asks. */
static bool who(struct box *b, const struct message *m, struct box_answer *ret, uint32_t *account,
                const struct box_key **key)
{
    static const struct box_spec NONE = {NULL, BOX_FORM_TEXT};
    static const struct box_row ROW = {.security = BOX_STREAM, .spec = &NONE};
    struct box_call c = {.box = b, .request = &m->r, .row = &ROW, .answer = ret};
    if (!box_access(&c))
        return false;
    *account = c.account;
    *key = c.key;
    return true;
}

static void logon(struct box *b, struct box_api *a, const struct message *m, struct box_answer *ret)
{
    uint32_t account;
    const struct box_key *key;
    if (!m->r.api_key)
        box_rest_error(ret, 400, -1102,
                       "Mandatory parameter 'apiKey' was not sent, was empty/null, or malformed.");
    else if (!who(b, m, ret, &account, &key))
        return;
    else if (key->kind != BOX_KEY_ED25519)
        box_rest_error(ret, 400, -4056, "HMAC_SHA256 API key is not supported.");
    else {
        a->key = key;
        a->account = account;
        a->authorized_ms = box_server_ms(b);
        session_text(b, a, &ret->body);
    }
}

static void logout(struct box *b, struct box_api *a, struct box_answer *ret, struct box_text *after)
{
    for (uint32_t i = a->streams; i-- > 0;)
        if (a->stream[i].by_logon)
            end_stream(b, a, i, after);
    a->key = NULL;
    session_text(b, a, &ret->body);
}

enum own {
    OWN_LOGON,
    OWN_STATUS,
    OWN_LOGOUT,
    OWN_STREAMS,
    OWN_SUBSCRIBE,
    OWN_SUBSCRIBE_SIGNED,
    OWN_UNSUBSCRIBE,
    OWNS
};

static const char *const OWN[OWNS] = {
    [OWN_LOGON] = "session.logon",
    [OWN_STATUS] = "session.status",
    [OWN_LOGOUT] = "session.logout",
    [OWN_STREAMS] = "session.subscriptions",
    [OWN_SUBSCRIBE] = "userDataStream.subscribe",
    [OWN_SUBSCRIBE_SIGNED] = "userDataStream.subscribe.signature",
    [OWN_UNSUBSCRIBE] = "userDataStream.unsubscribe",
};

static void own_call(struct box *b, struct box_api *a, const struct message *m, enum own call,
                     struct box_answer *ret, struct box_text *after)
{
    uint32_t account;
    const struct box_key *key;
    switch (call) {
    case OWN_LOGON: logon(b, a, m, ret); break;
    case OWN_STATUS: session_text(b, a, &ret->body); break;
    case OWN_LOGOUT: logout(b, a, ret, after); break;
    case OWN_STREAMS: streams_text(a, &ret->body); break;
    case OWN_SUBSCRIBE:
        if (a->key)
            subscribe(a, a->account, true, ret);
        else
            box_rest_error(ret, 401, -2015, "Invalid API-key, IP, or permissions for action.");
        break;
    case OWN_SUBSCRIBE_SIGNED:
        if (who(b, m, ret, &account, &key))
            subscribe(a, account, false, ret);
        break;
    case OWN_UNSUBSCRIBE: unsubscribe(b, a, value_of(m, "subscriptionId"), ret, after); break;
    case OWNS: break;
    }
}

/* ---- messages ---- */

static void answer(struct box *b, struct box_usage *u, struct box_api *a, struct message *m,
                   struct box_answer *ret, struct box_text *after)
{
    const char *call = strncmp(m->call, "v3/", 3) == 0 ? m->call + 3 : m->call;
    int own = box_name_find(OWN, OWNS, call);
    m->r.call = call;
    m->r.method = BOX_OTHER_METHOD;
    m->r.micro = a->micro;
    m->r.api_key = value_of(m, "apiKey");
    m->r.payload = m->payload;
    m->r.payload_len = payload_of(m);
    m->r.session_key = a->key;
    m->r.session_account = a->account;
    if (!m->has_call || !m->has_id || (own < 0 && !box_has_call(call))) {
        ret->used_weight = box_use_weight(u, &m->r, 1);
        if (!m->has_id)
            box_rest_error(ret, 400, -1102,
                           "Mandatory parameter 'id' was not sent, was empty/null, or malformed.");
        else if (!m->has_call)
            box_rest_error(
                ret, 400, -1102,
                "Mandatory parameter 'method' was not sent, was empty/null, or malformed.");
        else
            box_rest_error(ret, 400, -1020, "This operation is not supported.");
        return;
    }
    if (own < 0) {
        box_rest(b, u, &m->r, ret);
        return;
    }
    ret->used_weight = box_use_weight(u, &m->r, 2);
    own_call(b, a, m, (enum own)own, ret, after);
}

void box_api_message(struct box *b, struct box_usage *u, struct box_api *a, const char *text,
                     size_t len, const char *client, int64_t mono_ns, const struct box_fault *fault,
                     struct box_text *reply, struct box_text *after)
{
    struct box_answer ret = {.status = 200};
    struct message *m = calloc(1, sizeof *m);
    box_text_clear(reply);
    box_text_clear(after);
    if (m)
        m->room = malloc(len + 1);
    if (!m || !m->room) {
        free(m);
        box_text_add(reply,
                     "{\"id\":null,\"status\":500,\"error\":{\"code\":-1001,\"msg\":\"Internal "
                     "error; unable to process your request. Please try again.\"}}");
        return;
    }
    m->r.client = client;
    m->r.mono_ns = mono_ns;
    if (read_message(text, len, m)) {
        if (!fault || fault->execute)
            answer(b, u, a, m, &ret, after);
        if (fault && fault->kind == BOX_FAULT_STATUS)
            box_fault_answer(fault, &ret);
    } else {
        m->has_id = false;
        m->r.params = 0;
        ret.used_weight = box_use_weight(u, &m->r, 1);
        box_rest_error(&ret, 400, -1135, "Invalid JSON Request");
    }
    wrap(b, a, m, &ret, reply);
    box_text_free(&ret.body);
    free(m->room);
    free(m);
}

bool box_api_event(const struct box_api *a, uint32_t account, const char *payload, size_t len,
                   struct box_text *out)
{
    for (uint32_t i = 0; i < a->streams; i++) {
        if (a->stream[i].account != account)
            continue;
        box_text_clear(out);
        box_text_addf(out, "{\"subscriptionId\":%u,\"event\":", a->stream[i].id);
        box_text_add_n(out, payload, len);
        box_text_add(out, "}");
        return !out->failed;
    }
    return false;
}

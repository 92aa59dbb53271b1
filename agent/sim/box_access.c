/* Who asks: key, permission, time and signature of a request. */
#include "sim/box_rest_parts.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_US     INT64_C(5000000)
#define WINDOW_MAX_US INT64_C(60000000)
#define AHEAD_US      INT64_C(1000000)
#define MICRO_FROM    INT64_C(100000000000000) /* larger timestamps are microseconds */

static const char *value_of(const struct box_call *c, const char *name)
{
    const struct box_request *r = c->request;
    for (uint32_t i = 0; i < r->params && i < BOX_PARAMS_MAX; i++)
        if (strcmp(r->param[i].name, name) == 0)
            return r->param[i].value;
    return NULL;
}

bool box_is_access_param(const struct box_call *c, const char *name)
{
    return strcmp(name, "timestamp") == 0 || strcmp(name, "recvWindow") == 0 ||
           strcmp(name, "signature") == 0 ||
           (c->request->call &&
            (strcmp(name, "apiKey") == 0 || strcmp(name, "returnRateLimits") == 0));
}

static bool illegal(struct box_call *c, const char *name, const char *range)
{
    char msg[160];
    snprintf(msg, sizeof msg, "Illegal characters found in parameter '%s'; legal range is '%s'.",
             name, range);
    box_rest_error(c->answer, 400, -1100, msg);
    return false;
}

/* Milliseconds with up to three places. */
static bool window_of(struct box_call *c, int64_t *ret)
{
    const char *text = value_of(c, "recvWindow");
    dec d;
    int64_t us;
    *ret = WINDOW_US;
    if (!text)
        return true;
    if (dec_parse(text, strlen(text), &d) != ERR_OK || dec_is_neg(d) ||
        !dec_to_steps(d, dec_from_i64(1, 3), &us))
        return illegal(c, "recvWindow", "^[0-9]{1,5}(\\\\.[0-9]{1,3})?$");
    if (us > WINDOW_MAX_US) {
        box_rest_error(c->answer, 400, -1102,
                       "'recvWindow' contains unexpected value. Cannot be greater than 60000.");
        return false;
    }
    *ret = us;
    return true;
}

static bool is_in_time(struct box_call *c)
{
    const char *text = value_of(c, "timestamp");
    int64_t at = 0, window, now = box_trading_now_us(c->box->trading);
    if (!text || !text[0])
        return box_missing(c, "timestamp");
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 17)
        return illegal(c, "timestamp", "^[0-9]{1,17}$");
    if (!window_of(c, &window))
        return false;
    for (const char *p = text; *p; p++)
        at = at * 10 + (*p - '0');
    if (at < MICRO_FROM)
        at *= 1000;
    if (at >= now + AHEAD_US) {
        box_rest_error(c->answer, 400, -1021,
                       "Timestamp for this request was 1000ms ahead of the server's time.");
        return false;
    }
    if (now - at > window) {
        box_rest_error(c->answer, 400, -1021,
                       "Timestamp for this request is outside of the recvWindow.");
        return false;
    }
    return true;
}

static bool rejected(struct box_call *c)
{
    box_rest_error(c->answer, 401, -2015, "Invalid API-key, IP, or permissions for action.");
    return false;
}

static bool may(const struct box_row *row, const struct box_key *k)
{
    switch (row->security) {
    case BOX_READ: return k->can_read;
    case BOX_TRADE: return k->can_trade;
    case BOX_OPEN:
    case BOX_STREAM: break;
    }
    return true;
}

static bool is_key_form(const char *id)
{
    size_t n = strlen(id);
    for (size_t i = 0; i < n; i++)
        if (id[i] <= 0x20 || id[i] > 0x7e)
            return false;
    return n >= 1 && n <= BOX_KEY_TEXT_MAX;
}

bool box_access(struct box_call *c)
{
    const struct box_request *r = c->request;
    bool session = !r->api_key && r->session_key;
    const char *signature = value_of(c, "signature");
    if (session) {
        c->account = r->session_account;
        c->key = r->session_key;
    } else if (!r->api_key || !is_key_form(r->api_key)) {
        if (r->call && !r->api_key)
            return box_missing(c, "apiKey");
        box_rest_error(c->answer, 401, -2014, "API-key format invalid.");
        return false;
    } else if (!box_trading_key(c->box->trading, r->api_key, &c->account, &c->key)) {
        return rejected(c);
    }
    if (!may(c->row, c->key))
        return rejected(c);
    if (!session && (!signature || !signature[0]))
        return box_missing(c, "signature");
    if (!is_in_time(c))
        return false;
    if (!session && !c->box->trading->verify(c->key, r->payload, r->payload_len, signature)) {
        box_rest_error(c->answer, 400, -1022, "Signature for this request is not valid.");
        return false;
    }
    return true;
}

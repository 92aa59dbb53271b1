/* Everything that is checked of a request before its handler runs. */
#include "base/clock.h"
#include "sim/box_rest_parts.h"

#include <stdio.h>
#include <string.h>

#define JSON_TYPE "application/json;charset=UTF-8"

void box_rest_error(struct box_answer *a, int status, int code, const char *msg)
{
    a->status = status;
    a->content_type = JSON_TYPE;
    box_text_clear(&a->body);
    box_text_addf(&a->body, "{\"code\":%d,\"msg\":", code);
    box_text_quoted(&a->body, msg, strlen(msg));
    box_text_add(&a->body, "}");
}

/* ---- weight ---- */

/* Of unknown clients the longest silent gives way. */
static uint32_t place_of(struct box_usage *u, const struct box_request *r)
{
    int64_t minute = r->mono_ns / (60 * NS_PER_S);
    uint32_t at = 0;
    for (uint32_t i = 0; i < BOX_CLIENTS_MAX; i++) {
        if (strcmp(u->entry[i].client, r->client) == 0) {
            at = i;
            break;
        }
        if (!u->entry[i].client[0] || u->entry[i].minute < u->entry[at].minute)
            at = i;
    }
    if (strcmp(u->entry[at].client, r->client) != 0) {
        u->entry[at].bans = 0;
        u->entry[at].banned_ns = 0;
        u->entry[at].minute = -1;
    }
    if (u->entry[at].minute != minute)
        u->entry[at].used = u->entry[at].refused = 0;
    snprintf(u->entry[at].client, sizeof u->entry[at].client, "%s", r->client);
    u->entry[at].minute = minute;
    return at;
}

uint32_t box_use_weight(struct box_usage *u, const struct box_request *r, uint32_t weight)
{
    return u->entry[place_of(u, r)].used += weight;
}

void box_ban(struct box_usage *u, const struct box_request *r, int64_t for_ns)
{
    u->entry[place_of(u, r)].banned_ns = for_ns ? r->mono_ns + for_ns : 0;
}

static uint32_t weight_limit(const struct box_call *c)
{
    return c->box->trading ? c->box->trading->weight_limit : BOX_WEIGHT_PER_MINUTE;
}

/* When a time of the monotonic clock comes, as the venue's clock will show it. */
static int64_t venue_ms_at(const struct box_call *c, int64_t mono_ns)
{
    return box_server_ms(c->box) + (mono_ns - c->request->mono_ns) / NS_PER_MS;
}

static void too_much(struct box_call *c, int status, int64_t until_ns, const char *msg)
{
    struct box_answer *a = c->answer;
    int64_t wait = until_ns - c->request->mono_ns;
    box_rest_error(a, status, -1003, msg);
    a->retry_after_s = (int)((wait + NS_PER_S - 1) / NS_PER_S);
    if (!c->request->call)
        return;
    a->body.len--; /* the websocket API tells the time in the error itself */
    box_text_addf(&a->body, ",\"data\":{\"serverTime\":%lld,\"retryAfter\":%lld}}",
                  (long long)box_server_ms(c->box), (long long)venue_ms_at(c, until_ns));
}

/* Whether the client may not ask (any more). Who goes on after a 429 is banned, every time for
 * longer; a box without accounts bans nobody. */
static bool is_refused(struct box_call *c, struct box_usage *u)
{
    uint32_t at = place_of(u, c->request);
    int64_t now = c->request->mono_ns, minute_ends = (now / (60 * NS_PER_S) + 1) * 60 * NS_PER_S;
    char msg[240];
    if (u->entry[at].banned_ns <= now && u->entry[at].used <= weight_limit(c))
        return false;
    if (u->entry[at].banned_ns <= now && c->box->trading &&
        ++u->entry[at].refused > BOX_REFUSED_MAX) {
        int64_t minutes = 2;
        for (uint32_t i = 0; i < u->entry[at].bans && minutes < 3 * 24 * 60; i++)
            minutes *= 2;
        u->entry[at].bans++;
        u->entry[at].banned_ns =
            now + (minutes < 3 * 24 * 60 ? minutes : 3 * 24 * 60) * 60 * NS_PER_S;
    }
    if (u->entry[at].banned_ns > now) {
        snprintf(msg, sizeof msg,
                 "Way too much request weight used; IP banned until %lld. Please use WebSocket "
                 "Streams for live updates to avoid bans.",
                 (long long)venue_ms_at(c, u->entry[at].banned_ns));
        too_much(c, 418, u->entry[at].banned_ns, msg);
        return true;
    }
    snprintf(msg, sizeof msg,
             "Too much request weight used; current limit is %u request weight per 1 MINUTE. "
             "Please use WebSocket Streams for live updates to avoid polling the API.",
             weight_limit(c));
    too_much(c, 429, minute_ends, msg);
    return true;
}

static uint32_t weight_of(const struct box_row *row, const struct box_call *c)
{
    if (row->answer == box_answer_depth) {
        uint64_t limit = c->has[1] ? c->number[1] : 100;
        return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
    }
    bool ticker = row->answer == box_answer_price || row->answer == box_answer_book_ticker;
    if (ticker && !c->has[0])
        return 4;
    if (row->answer == box_answer_24hr && !c->has[0])
        return c->has[1] ? 2 : 80;
    if (row->answer == box_answer_open_orders && !c->has[0])
        return 80;
    if (row->answer == box_answer_my_trades && box_given(c, "orderId"))
        return 5;
    if (row->answer == box_answer_test_order &&
        strcmp(box_word(c, "computeCommissionRates"), "true") == 0)
        return 20;
    return row->weight;
}

/* ---- parameters ---- */

static bool all_of(const char *text, size_t max, bool (*allowed)(char c))
{
    size_t n = 0;
    for (; text[n]; n++)
        if (n == max || !allowed(text[n]))
            return false;
    return n > 0;
}

static bool symbol_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ["BTCUSDT","BNBUSDT"] without spaces, as the venue wants it. */
static bool symbols_form(const char *t)
{
    if (*t++ != '[')
        return false;
    if (strcmp(t, "]") == 0)
        return true;
    for (;;) {
        if (*t++ != '"')
            return false;
        size_t n = 0;
        while (symbol_char(t[n]))
            n++;
        if (n == 0 || n > 20 || t[n] != '"')
            return false;
        t += n + 1;
        if (strcmp(t, "]") == 0)
            return true;
        if (*t++ != ',')
            return false;
    }
}

static void illegal(struct box_answer *a, const char *name, const char *range)
{
    char msg[200];
    snprintf(msg, sizeof msg, "Illegal characters found in parameter '%s'; legal range is '%s'.",
             name, range);
    box_rest_error(a, 400, -1100, msg);
}

static bool client_id_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || digit(c) || c == '-' || c == '_';
}

/* Digits, perhaps a point and more digits: 1 to 20 each. */
static bool read_money(struct box_call *c, unsigned k, const char *name, const char *value)
{
    size_t whole = strspn(value, "0123456789"), more = 0;
    char msg[160];
    if (value[whole] == '.')
        more = strspn(value + whole + 1, "0123456789");
    if (whole < 1 || whole > 20 || more > 20 || value[whole] != (more ? '.' : '\0') ||
        value[whole + more + (more > 0)]) {
        illegal(c->answer, name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$");
        return false;
    }
    size_t len = strlen(value);
    while (more > 8 && value[len - 1] == '0') {
        len--;
        more--;
    }
    if (more > 8) {
        snprintf(msg, sizeof msg, "Parameter '%s' has too much precision.", name);
        box_rest_error(c->answer, 400, -1111, msg);
        return false;
    }
    if (dec_parse(value, len, &c->money[k]) != ERR_OK ||
        dec_gt(c->money[k], dec_from_i64(INT64_C(100000000000), 0))) {
        snprintf(msg, sizeof msg, "Parameter '%s' overflowed.", name);
        box_rest_error(c->answer, 400, -1108, msg);
        return false;
    }
    return true;
}

/* One of some words; others are an error with its own code. */
static bool read_word(struct box_call *c, unsigned k, const struct box_spec *spec,
                      const char *value)
{
    static const char *const SIDE[] = {"BUY", "SELL"}, *const REPLY[] = {"ACK", "RESULT", "FULL"},
                             *const MODE[] = {"STOP_ON_FAILURE", "ALLOW_FAILURE"},
                             *const RATE[] = {"DO_NOTHING", "CANCEL_ONLY"},
                             *const ONLY[] = {"ONLY_NEW", "ONLY_PARTIALLY_FILLED"},
                             *const FLAG[] = {"false", "true"},
                             *const STATUS[] = {"TRADING", "HALT", "BREAK"};
    static const struct {
        enum box_form form;
        const char *const *words;
        int count, code;
        const char *msg; /* NULL: "Data sent for parameter ..." */
    } KINDS[] = {
        {BOX_FORM_STATUS, STATUS, 3, -1122, "Invalid symbolStatus."},
        {BOX_FORM_SIDE, SIDE, 2, -1117, "Invalid side."},
        {BOX_FORM_TYPE, BOX_TYPE_NAME, BOX_TYPES, -1116, "Invalid orderType."},
        {BOX_FORM_TIF, BOX_TIF_NAME, BOX_TIFS, -1115, "Invalid timeInForce."},
        {BOX_FORM_STP, BOX_STP_NAME, BOX_STPS, -1130, NULL},
        {BOX_FORM_REPLY, REPLY, 3, -1130, NULL},
        {BOX_FORM_MODE, MODE, 2, -1130, NULL},
        {BOX_FORM_RATE_MODE, RATE, 2, -1130, NULL},
        {BOX_FORM_RESTRICTION, ONLY, 2, -1145, "Invalid cancelRestrictions"},
        {BOX_FORM_FLAG, FLAG, 2, -1130, NULL},
    };
    char msg[160];
    size_t i = 0;
    while (KINDS[i].form != spec->form)
        i++;
    int found = box_name_find(KINDS[i].words, KINDS[i].count, value);
    if (found < 0) {
        snprintf(msg, sizeof msg, "Data sent for parameter '%s' is not valid.",
                 spec->name + (spec->name[0] == '+'));
        box_rest_error(c->answer, 400, KINDS[i].code, KINDS[i].msg ? KINDS[i].msg : msg);
        return false;
    }
    c->number[k] = (uint64_t)found;
    return true;
}

/* Reads the value of parameter [k] of the row. False: answered with an error. */
static bool read_param(struct box_call *c, unsigned k, const struct box_spec *spec,
                       const char *value)
{
    const char *name = spec->name + (spec->name[0] == '+');
    char msg[160];
    if (!value[0]) {
        snprintf(msg, sizeof msg, "Parameter '%s' was empty.", name);
        box_rest_error(c->answer, 400, -1105, msg);
        return false;
    }
    c->has[k] = true;
    c->value[k] = value;
    switch (spec->form) {
    case BOX_FORM_TEXT: return true;
    case BOX_FORM_STATUS:
    case BOX_FORM_SIDE:
    case BOX_FORM_TYPE:
    case BOX_FORM_TIF:
    case BOX_FORM_STP:
    case BOX_FORM_REPLY:
    case BOX_FORM_MODE:
    case BOX_FORM_RATE_MODE:
    case BOX_FORM_RESTRICTION:
    case BOX_FORM_FLAG: return read_word(c, k, spec, value);
    case BOX_FORM_MONEY: return read_money(c, k, name, value);
    case BOX_FORM_CLIENT_ID:
        if (all_of(value, BOX_CLIENT_ID_MAX, client_id_char))
            return true;
        illegal(c->answer, name, "^[a-zA-Z0-9-_]{1,36}$");
        return false;
    case BOX_FORM_SYMBOL:
        if (all_of(value, 20, symbol_char))
            return true;
        illegal(c->answer, name, "^[A-Z0-9-_.]{1,20}$");
        return false;
    case BOX_FORM_SYMBOLS:
        if (symbols_form(value))
            return true;
        illegal(c->answer, name,
                "^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$");
        return false;
    case BOX_FORM_NUMBER: break;
    }
    if (!all_of(value, 20, digit)) {
        illegal(c->answer, name, "^[0-9]{1,20}$");
        return false;
    }
    uint64_t v = 0;
    for (const char *p = value; *p; p++)
        if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v) || v > INT64_MAX) {
            snprintf(msg, sizeof msg, "Parameter '%s' overflowed.", name);
            box_rest_error(c->answer, 400, -1108, msg);
            return false;
        }
    if (v == 0 && strcmp(name, "limit") == 0) {
        snprintf(msg, sizeof msg, "Data sent for parameter '%s' is not valid.", name);
        box_rest_error(c->answer, 400, -1130, msg);
        return false;
    }
    c->number[k] = v;
    return true;
}

static bool read_params(struct box_call *c, const struct box_row *row)
{
    const struct box_request *r = c->request;
    char msg[160];
    if (r->params > BOX_PARAMS_MAX) {
        snprintf(msg, sizeof msg, "Too many parameters; expected '%d' and received '%u'.",
                 BOX_PARAMS_MAX, r->params);
        box_rest_error(c->answer, 400, -1101, msg);
        return false;
    }
    for (uint32_t i = 0; i < r->params; i++)
        for (uint32_t k = i + 1; k < r->params; k++)
            if (strcmp(r->param[i].name, r->param[k].name) == 0) {
                box_rest_error(c->answer, 400, -1101, "Duplicate values for a parameter detected.");
                return false;
            }
    uint32_t read = 0;
    for (uint32_t i = 0; i < r->params && row->security != BOX_OPEN; i++)
        read += box_is_access_param(c, r->param[i].name);
    for (uint32_t i = 0; i < r->params && row->security == BOX_OPEN && r->call; i++)
        read += strcmp(r->param[i].name, "returnRateLimits") == 0;
    for (unsigned k = 0; k < BOX_SPECS_MAX && row->spec[k].name; k++) {
        bool mandatory = row->spec[k].name[0] == '+';
        const char *name = row->spec[k].name + mandatory;
        const char *value = NULL;
        for (uint32_t i = 0; i < r->params; i++)
            if (strcmp(r->param[i].name, name) == 0)
                value = r->param[i].value;
        if (mandatory && (!value || !value[0]))
            return box_missing(c, name);
        if (!value)
            continue;
        read++;
        if (!read_param(c, k, &row->spec[k], value))
            return false;
    }
    if (read < r->params) {
        snprintf(msg, sizeof msg,
                 "Not all sent parameters were read; read '%u' parameter(s) but was sent '%u'.",
                 read, r->params);
        box_rest_error(c->answer, 400, -1104, msg);
        return false;
    }
    return true;
}

int box_param_at(const struct box_call *c, const char *name)
{
    for (int k = 0; c->row->spec[k].name; k++)
        if (strcmp(c->row->spec[k].name + (c->row->spec[k].name[0] == '+'), name) == 0)
            return k;
    return -1;
}

bool box_missing(struct box_call *c, const char *name)
{
    char msg[160];
    snprintf(msg, sizeof msg,
             "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name);
    box_rest_error(c->answer, 400, -1102, msg);
    return false;
}

bool box_not_required(struct box_call *c, const char *name)
{
    char msg[160];
    snprintf(msg, sizeof msg, "Parameter '%s' sent when not required.", name);
    box_rest_error(c->answer, 400, -1106, msg);
    return false;
}

int64_t box_server_ms(const struct box *b)
{
    return b->trading ? box_trading_now_us(b->trading) / 1000 : b->now_ms;
}

/* ---- dispatch ---- */

static void run(struct box_call *c, struct box_usage *u)
{
    const struct box_row *row = c->row;
    struct box_answer *a = c->answer;
    if (row->security != BOX_OPEN && !c->box->trading) {
        a->used_weight = box_use_weight(u, c->request, 1);
        box_rest_error(a, 400, -1020,
                       "This operation is not supported: this exchange in a box has no accounts "
                       "and offers no order entry.");
        return;
    }
    a->used_weight = box_use_weight(u, c->request, 0);
    /* The weight depends on the parameters, and is due for requests that are wrong, too. */
    bool ok = row->security == BOX_OPEN || box_access(c);
    ok = ok && read_params(c, row);
    uint32_t weight = ok ? weight_of(row, c) : row->weight;
    a->used_weight = box_use_weight(u, c->request, weight);
    if (is_refused(c, u))
        return;
    if (ok)
        row->answer(c);
    if (row->free && a->status == 200)
        a->used_weight = box_use_weight(u, c->request, 0 - weight);
}

static bool is_asked(const struct box_row *row, const struct box_request *r, bool any_method)
{
    if (r->call)
        return row->call && strcmp(row->call, r->call) == 0;
    return row->path && strcmp(row->path, r->path) == 0 && (any_method || row->method == r->method);
}

bool box_has_call(const char *name)
{
    for (size_t i = 0; i < BOX_ROUTE_COUNT; i++)
        if (BOX_ROUTES[i].call && strcmp(BOX_ROUTES[i].call, name) == 0)
            return true;
    return false;
}

void box_rest(struct box *b, struct box_usage *u, const struct box_request *r,
              struct box_answer *ret)
{
    *ret = (struct box_answer){.status = 200, .content_type = JSON_TYPE};
    struct box_call c = {.box = b, .request = r, .answer = ret};
    bool known = false;
    for (size_t i = 0; i < BOX_ROUTE_COUNT && !c.row; i++) {
        known = known || is_asked(&BOX_ROUTES[i], r, true);
        if (is_asked(&BOX_ROUTES[i], r, false))
            c.row = &BOX_ROUTES[i];
    }
    if (c.row) {
        run(&c, u);
    } else {
        ret->used_weight = box_use_weight(u, r, 1);
        if (known) {
            box_rest_error(ret, 405, -1020, "This operation is not supported.");
        } else {
            ret->status = 404;
            ret->content_type = "text/html";
            box_text_add(&ret->body, "<html><body><h2>404 Not found</h2></body></html>");
        }
    }
    if (ret->body.failed)
        box_rest_error(ret, 500, -1000, "An unknown error occurred while processing the request.");
}

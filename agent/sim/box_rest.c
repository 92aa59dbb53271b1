/* The dispatch table and everything that is checked before a handler runs. */
#include "sim/box_rest.h"

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

/* Order entry and account endpoints come with a later version: their rows point here. */
static void no_orders(struct box_call *c)
{
    box_rest_error(c->answer, 400, -1020,
                   "This operation is not supported: this version of the exchange in a box serves "
                   "market data only and offers no order entry.");
}

/* Parameters; a mandatory one has a '+' in front. */
#define SYMBOL                                                                                     \
    {                                                                                              \
        "+symbol", BOX_FORM_SYMBOL                                                                 \
    }
#define ANY                                                                                        \
    {"symbol", BOX_FORM_SYMBOL},                                                                   \
    {                                                                                              \
        "symbols", BOX_FORM_SYMBOLS                                                                \
    }
#define STATUS                                                                                     \
    {                                                                                              \
        "symbolStatus", BOX_FORM_STATUS                                                            \
    }
#define TEXT(n)                                                                                    \
    {                                                                                              \
        n, BOX_FORM_TEXT                                                                           \
    }
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        n, BOX_FORM_NUMBER                                                                         \
    }
#define LIMIT NUMBER("limit")
#define RANGE NUMBER("startTime"), NUMBER("endTime")
#define NOTHING                                                                                    \
    {                                                                                              \
        NULL, BOX_FORM_TEXT                                                                        \
    }
#define KLINES SYMBOL, TEXT("+interval"), RANGE, LIMIT

/* path, method, weight, handler, parameters: the handlers know their places */
/* clang-format off */
static const struct box_row TABLE[] = {
    {"/api/v3/ping", BOX_GET, 1, box_answer_ping, {NOTHING}},
    {"/api/v3/time", BOX_GET, 1, box_answer_time, {NOTHING}},
    {"/api/v3/exchangeInfo", BOX_GET, 20, box_answer_exchange_info,
     {ANY, TEXT("permissions"), TEXT("showPermissionSets"), STATUS}},
    {"/api/v3/depth", BOX_GET, 5, box_answer_depth, {SYMBOL, LIMIT, STATUS}},
    {"/api/v3/trades", BOX_GET, 25, box_answer_trades, {SYMBOL, LIMIT}},
    {"/api/v3/historicalTrades", BOX_GET, 25, box_answer_trades,
     {SYMBOL, LIMIT, NUMBER("fromId")}},
    {"/api/v3/aggTrades", BOX_GET, 4, box_answer_agg_trades,
     {SYMBOL, LIMIT, NUMBER("fromId"), RANGE}},
    {"/api/v3/klines", BOX_GET, 2, box_answer_klines, {KLINES}},
    {"/api/v3/uiKlines", BOX_GET, 2, box_answer_klines, {KLINES}},
    {"/api/v3/avgPrice", BOX_GET, 2, box_answer_average, {SYMBOL}},
    {"/api/v3/ticker/price", BOX_GET, 2, box_answer_price, {ANY, STATUS}},
    {"/api/v3/ticker/bookTicker", BOX_GET, 2, box_answer_book_ticker, {ANY, STATUS}},
    {"/api/v3/ticker/24hr", BOX_GET, 2, box_answer_24hr, {ANY, TEXT("type"), STATUS}},
    {"/api/v3/order", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/order/test", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/order/cancelReplace", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/order/amend/keepPriority", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/orderList", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/orderList/oco", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/openOrders", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/allOrders", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/account", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/account/commission", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/myTrades", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/rateLimit/order", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
    {"/api/v3/userDataStream", BOX_ANY_METHOD, 1, no_orders, {NOTHING}},
};
/* clang-format on */

/* ---- weight ---- */

/* Adds to what the client used in this minute; of unknown clients the longest silent gives way. */
static uint32_t use_weight(struct box_usage *u, const struct box_request *r, uint32_t weight)
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
    if (strcmp(u->entry[at].client, r->client) != 0 || u->entry[at].minute != minute)
        u->entry[at].used = 0;
    snprintf(u->entry[at].client, sizeof u->entry[at].client, "%s", r->client);
    u->entry[at].minute = minute;
    return u->entry[at].used += weight;
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
        if (strcmp(value, "TRADING") == 0 || strcmp(value, "HALT") == 0 ||
            strcmp(value, "BREAK") == 0)
            return true;
        box_rest_error(c->answer, 400, -1122, "Invalid symbolStatus.");
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
    for (unsigned k = 0; k < BOX_SPECS_MAX && row->spec[k].name; k++) {
        bool mandatory = row->spec[k].name[0] == '+';
        const char *name = row->spec[k].name + mandatory;
        const char *value = NULL;
        for (uint32_t i = 0; i < r->params; i++)
            if (strcmp(r->param[i].name, name) == 0)
                value = r->param[i].value;
        if (mandatory && (!value || !value[0])) {
            snprintf(msg, sizeof msg,
                     "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name);
            box_rest_error(c->answer, 400, -1102, msg);
            return false;
        }
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

/* ---- dispatch ---- */

static void run(struct box_call *c, const struct box_row *row, struct box_usage *u)
{
    struct box_answer *a = c->answer;
    bool open = row->answer == no_orders; /* its parameters are nobody's business yet */
    if (row->method != BOX_ANY_METHOD && row->method != (int)c->request->method) {
        a->used_weight = use_weight(u, c->request, 1);
        box_rest_error(a, 405, -1020, "This operation is not supported.");
        return;
    }
    bool ok = open || read_params(c, row);
    a->used_weight = use_weight(u, c->request, ok ? weight_of(row, c) : row->weight);
    if (a->used_weight > BOX_WEIGHT_PER_MINUTE) {
        char msg[240];
        snprintf(msg, sizeof msg,
                 "Too much request weight used; current limit is %d request weight per 1 MINUTE. "
                 "Please use WebSocket Streams for live updates to avoid polling the API.",
                 BOX_WEIGHT_PER_MINUTE);
        box_rest_error(a, 429, -1003, msg);
        a->retry_after_s = (int)(60 - c->request->mono_ns % (60 * NS_PER_S) / NS_PER_S);
        return;
    }
    if (ok)
        row->answer(c);
}

void box_rest(struct box *b, struct box_usage *u, const struct box_request *r,
              struct box_answer *ret)
{
    *ret = (struct box_answer){.status = 200, .content_type = JSON_TYPE};
    struct box_call c = {.box = b, .request = r, .answer = ret};
    const struct box_row *row = NULL;
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0] && !row; i++)
        if (strcmp(TABLE[i].path, r->path) == 0)
            row = &TABLE[i];
    if (row) {
        run(&c, row, u);
    } else {
        ret->used_weight = use_weight(u, r, 1);
        ret->status = 404;
        ret->content_type = "text/html";
        box_text_add(&ret->body, "<html><body><h2>404 Not found</h2></body></html>");
    }
    if (ret->body.failed)
        box_rest_error(ret, 500, -1000, "An unknown error occurred while processing the request.");
}

/* Binance Spot, REST and websocket API.
 *
 * REST: the parameters as name=value joined by '&' in the order in which they are sent, signed as
 * they stand, and the signature behind them: the query of GET and DELETE, the body of POST.
 * Websocket: an object of parameters; what is signed are its members and the API key, sorted by
 * name, as name=value joined by '&'. Quantities and prices are JSON strings. Either way the
 * signature covers every parameter; it does not cover method and path: a signed query of the open
 * orders of a symbol cancels them when it is sent with DELETE. The policy knows (binds_path).
 *
 * An order always carries its client order id, and asks for the full answer. The user data stream
 * is subscribed to by a signature of its own, never by a log-in: a connection that is logged in
 * could place orders without one.
 *
 * Nothing here needs percent-encoding but a base64 signature: texts are [A-Za-z0-9-_], numbers have
 * digits and a point.
 */
#include "wallet/encode.h"

#include "base/check.h"

#include <string.h>

#define PARAMS_MAX 20
#define VALUE_MAX  SIGN_API_KEY_MAX /* the longest value, with NUL */

struct param {
    const char *name;
    bool number; /* in JSON */
    char value[VALUE_MAX];
};

struct params {
    unsigned n;
    struct param at[PARAMS_MAX];
};

/* A bounded text; one that is too long is a mistake in the sizes, which the tests would find. */
struct text {
    char *at;
    size_t len, cap;
};

static void put(struct text *t, const char *s)
{
    size_t n = strlen(s);
    CHECK(t->cap - t->len > n);
    memcpy(t->at + t->len, s, n + 1);
    t->len += n;
}

static void add(struct params *p, const char *name, const char *value)
{
    size_t n = strlen(value);
    CHECK(p->n < PARAMS_MAX && n < VALUE_MAX);
    p->at[p->n].name = name;
    p->at[p->n].number = false;
    memcpy(p->at[p->n++].value, value, n + 1);
}

static void add_number(struct params *p, const char *name, uint64_t v)
{
    char digits[21];
    size_t i = sizeof digits - 1;
    digits[i] = 0;
    do
        digits[--i] = (char)('0' + v % 10);
    while (v /= 10);
    add(p, name, digits + i);
    p->at[p->n - 1].number = true;
}

static void add_dec(struct params *p, const char *name, dec d)
{
    char text[DEC_TEXT_MAX];
    if (dec_is_zero(d))
        return;
    dec_format(d, text);
    add(p, name, text);
}

/* "BTC-USDT" is "BTCUSDT" there. */
static void add_symbol(struct params *p, const char *symbol)
{
    char out[WIRE_SYMBOL_MAX];
    size_t n = 0;
    for (; *symbol; symbol++)
        if (*symbol != '-')
            out[n++] = *symbol;
    out[n] = 0;
    add(p, "symbol", out);
}

static const char *type_name(enum wire_order_type t)
{
    switch (t) {
    case WIRE_LIMIT: return "LIMIT";
    case WIRE_LIMIT_MAKER: return "LIMIT_MAKER";
    case WIRE_MARKET: return "MARKET";
    case WIRE_STOP_LOSS_LIMIT: return "STOP_LOSS_LIMIT";
    case WIRE_TAKE_PROFIT_LIMIT: return "TAKE_PROFIT_LIMIT";
    }
    check_failed("an order type", __FILE__, __LINE__);
}

static const char *tif_name(enum wire_tif t)
{
    switch (t) {
    case WIRE_TIF_NONE: return NULL;
    case WIRE_GTC: return "GTC";
    case WIRE_IOC: return "IOC";
    case WIRE_FOK: return "FOK";
    }
    check_failed("a time in force", __FILE__, __LINE__);
}

static void add_order(struct params *p, const struct wire_order *o)
{
    const char *tif = tif_name(o->tif);
    add_symbol(p, o->symbol);
    add(p, "side", o->side == WIRE_BUY ? "BUY" : "SELL");
    add(p, "type", type_name(o->type));
    if (tif)
        add(p, "timeInForce", tif);
    add_dec(p, "quantity", o->qty);
    add_dec(p, "quoteOrderQty", o->quote_qty);
    add_dec(p, "price", o->price);
    add_dec(p, "stopPrice", o->stop_price);
    add(p, "newClientOrderId", o->client_order_id);
    add(p, "newOrderRespType", "FULL");
}

/* How an existing order is named: exactly one of the two. */
static void add_named(struct params *p, const char *by_venue, uint64_t id, const char *by_client,
                      const char *client_order_id)
{
    if (id)
        add_number(p, by_venue, id);
    else
        add(p, by_client, client_order_id);
}

static void add_range(struct params *p, const char *id_name, const struct wire_read *r)
{
    if (r->from_id)
        add_number(p, id_name, r->from_id);
    if (r->from_ms)
        add_number(p, "startTime", (uint64_t)r->from_ms);
    if (r->to_ms)
        add_number(p, "endTime", (uint64_t)r->to_ms);
    if (r->limit)
        add_number(p, "limit", r->limit);
}

/* Where it goes: REST's method and path, and the websocket's method. */
struct target {
    enum wire_method method;
    const char *path, *call;
};

static struct target query(struct params *p, const struct wire_read *r)
{
    if (r->symbol[0])
        add_symbol(p, r->symbol);
    switch (r->query) {
    case WIRE_QUERY_ORDER:
        add_named(p, "orderId", r->from_id, "origClientOrderId", r->client_order_id);
        return (struct target){WIRE_GET, "/api/v3/order", "order.status"};
    case WIRE_QUERY_OPEN:
        return (struct target){WIRE_GET, "/api/v3/openOrders", "openOrders.status"};
    case WIRE_QUERY_ALL:
        add_range(p, "orderId", r);
        return (struct target){WIRE_GET, "/api/v3/allOrders", "allOrders"};
    case WIRE_QUERY_TRADES:
        add_range(p, "fromId", r);
        return (struct target){WIRE_GET, "/api/v3/myTrades", "myTrades"};
    case WIRE_QUERY_ACCOUNT: return (struct target){WIRE_GET, "/api/v3/account", "account.status"};
    case WIRE_QUERY_KEY: return (struct target){WIRE_GET, "/sapi/v1/account/apiRestrictions", NULL};
    case WIRE_QUERY_RATE:
        return (struct target){WIRE_GET, "/api/v3/rateLimit/order", "account.rateLimits.orders"};
    }
    check_failed("a query", __FILE__, __LINE__);
}

static struct target gather(struct params *p, const struct wire_request *r)
{
    switch (r->type) {
    case WIRE_SIGN_ORDER:
        add_order(p, &r->order);
        return (struct target){WIRE_POST, "/api/v3/order", "order.place"};
    case WIRE_SIGN_CANCEL:
        add_symbol(p, r->cancel.symbol);
        add_named(p, "orderId", r->cancel.venue_order_id, "origClientOrderId",
                  r->cancel.client_order_id);
        return (struct target){WIRE_DELETE, "/api/v3/order", "order.cancel"};
    case WIRE_SIGN_CANCEL_REPLACE:
        add_order(p, &r->order);
        /* An order that could not be cancelled may have been filled: then there is no second one.
         */
        add(p, "cancelReplaceMode", "STOP_ON_FAILURE");
        add_named(p, "cancelOrderId", r->cancel.venue_order_id, "cancelOrigClientOrderId",
                  r->cancel.client_order_id);
        return (struct target){WIRE_POST, "/api/v3/order/cancelReplace", "order.cancelReplace"};
    case WIRE_SIGN_CANCEL_ALL:
        add_symbol(p, r->cancel.symbol);
        return (struct target){WIRE_DELETE, "/api/v3/openOrders", "openOrders.cancelAll"};
    case WIRE_SIGN_QUERY: return query(p, &r->read);
    case WIRE_SIGN_STREAM:
        return (struct target){WIRE_CALL, NULL, "userDataStream.subscribe.signature"};
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_GET_SECRET:
    case WIRE_UNLOCK:
    case WIRE_SEAL:
    case WIRE_LIST:
    case WIRE_POLICY_SET: break;
    }
    check_failed("a request to sign", __FILE__, __LINE__);
}

static void sort(struct params *p)
{
    for (unsigned i = 1; i < p->n; i++)
        for (unsigned k = i; k && strcmp(p->at[k].name, p->at[k - 1].name) < 0; k--) {
            struct param swap = p->at[k];
            p->at[k] = p->at[k - 1];
            p->at[k - 1] = swap;
        }
}

static void put_query(struct text *t, const struct params *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        put(t, i ? "&" : "");
        put(t, p->at[i].name);
        put(t, "=");
        put(t, p->at[i].value);
    }
}

static void put_object(struct text *t, const struct params *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        const char *quote = p->at[i].number ? "" : "\"";
        put(t, i ? ",\"" : "{\"");
        put(t, p->at[i].name);
        put(t, "\":");
        put(t, quote);
        put(t, p->at[i].value);
        put(t, quote);
    }
    put(t, "}");
}

/* The three characters of base64 that mean something in a query. */
static void put_escaped(struct text *t, const char *s)
{
    for (; *s; s++) {
        char one[2] = {*s, 0};
        put(t, *s == '+' ? "%2B" : *s == '/' ? "%2F" : *s == '=' ? "%3D" : one);
    }
}

static enum err encode(const struct wire_request *r, struct sign_key *key, struct wire_signed *ret)
{
    struct params p;
    struct wire_signed s;
    struct text t = {s.text, 0, sizeof s.text};
    char signature[SIGN_TEXT_MAX];
    if (wire_shape(r) != WIRE_ALLOWED)
        return ERR_RANGE;
    p.n = 0;
    memset(&s, 0, sizeof s);
    struct target target = gather(&p, r);
    add_number(&p, "recvWindow", r->signing.window_ms);
    add_number(&p, "timestamp", (uint64_t)r->signing.timestamp_ms);
    bool rest = r->signing.transport == WIRE_REST;
    if (!rest) {
        add(&p, "apiKey", key->api_key);
        sort(&p);
    }
    put_query(&t, &p);
    enum err err = sign_text(key, s.text, t.len, signature);
    if (err)
        return err;
    struct text path = {s.path, 0, sizeof s.path};
    if (rest) {
        struct text api_key = {s.api_key, 0, sizeof s.api_key};
        put(&t, "&signature=");
        put_escaped(&t, signature);
        put(&path, target.path);
        put(&api_key, key->api_key);
    } else {
        add(&p, "signature", signature);
        t.len = 0;
        put_object(&t, &p);
        put(&path, target.call);
        target.method = WIRE_CALL;
    }
    s.transport = r->signing.transport;
    s.method = target.method;
    s.binds_body = ENCODE_BINANCE_SPOT.binds_body;
    *ret = s;
    return ERR_OK;
}

const struct encoder ENCODE_BINANCE_SPOT = {
    .network = "binance:", .binds_body = true, .binds_path = false, .encode = encode};

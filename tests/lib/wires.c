#include "wires.h"

#include <stdio.h>

const enum wire_type WIRE_TYPES[] = {WIRE_HELLO,
                                     WIRE_STATUS,
                                     WIRE_SIGN_ORDER,
                                     WIRE_SIGN_CANCEL,
                                     WIRE_SIGN_CANCEL_REPLACE,
                                     WIRE_SIGN_CANCEL_ALL,
                                     WIRE_SIGN_QUERY,
                                     WIRE_SIGN_STREAM,
                                     WIRE_GET_SECRET,
                                     WIRE_UNLOCK,
                                     WIRE_SEAL,
                                     WIRE_LIST,
                                     WIRE_POLICY_SET};
const unsigned WIRE_TYPES_COUNT = sizeof WIRE_TYPES / sizeof *WIRE_TYPES;

static const uint8_t BYTES[WIRE_POLICY_MAX] = {1, 2, 3};

static unsigned pick(struct rng *r, unsigned first, unsigned last)
{
    return first + (unsigned)rng_below(r, last - first + 1);
}

static void text(struct rng *r, char *out, size_t cap, const char *of, size_t least)
{
    size_t n = least + rng_below(r, cap - least);
    for (size_t i = 0; i < n; i++)
        out[i] = of[rng_below(r, strlen(of))];
    out[n] = 0;
}

static void label(struct rng *r, char *out)
{
    text(r, out, WIRE_LABEL_MAX, "abcxyz019-_", 1);
    out[0] = 'k';
}

static void symbol(struct rng *r, char *out)
{
    char a[16], b[16];
    text(r, a, sizeof a, "ABCXYZ019", 1);
    text(r, b, sizeof b, "ABCXYZ019", 1);
    snprintf(out, WIRE_SYMBOL_MAX, "%s-%s", a, b);
}

static void coid(struct rng *r, char *out)
{
    text(r, out, WIRE_COID_MAX, "abzABZ019-_", 0);
}

static uint64_t number(struct rng *r)
{
    return rng_u64(r) >> rng_below(r, 64);
}

static int64_t ms(struct rng *r)
{
    return (int64_t)(number(r) >> 1);
}

static dec amount(struct rng *r)
{
    u128 v = ((u128)number(r) << 63 | number(r)) >> rng_below(r, 120);
    return (dec){(i128)(v & (u128)DEC_I128_MAX)};
}

struct wire_request random_request(struct rng *r, enum wire_type type)
{
    struct wire_request q;
    memset(&q, 0, sizeof q);
    q.type = type;
    q.id = (uint32_t)rng_u64(r);
    if (type >= WIRE_SIGN_ORDER && type <= WIRE_SIGN_STREAM) {
        label(r, q.signing.key);
        q.signing.transport = (enum wire_transport)pick(r, WIRE_REST, WIRE_WEBSOCKET);
        q.signing.timestamp_ms = ms(r);
        q.signing.window_ms = pick(r, 1, WIRE_WINDOW_MAX);
    }
    if (type == WIRE_SIGN_CANCEL || type == WIRE_SIGN_CANCEL_REPLACE) {
        symbol(r, q.cancel.symbol);
        coid(r, q.cancel.client_order_id);
        q.cancel.venue_order_id = number(r);
    }
    if (type == WIRE_SIGN_CANCEL_ALL)
        symbol(r, q.cancel.symbol);
    if (type == WIRE_SIGN_ORDER || type == WIRE_SIGN_CANCEL_REPLACE) {
        q.order.intent.instance = number(r);
        q.order.intent.order = number(r);
        q.order.replaces = number(r);
        symbol(r, q.order.symbol);
        coid(r, q.order.client_order_id);
        q.order.side = (enum wire_side)pick(r, WIRE_BUY, WIRE_SELL);
        q.order.type = (enum wire_order_type)pick(r, WIRE_LIMIT, WIRE_TAKE_PROFIT_LIMIT);
        q.order.tif = (enum wire_tif)pick(r, WIRE_TIF_NONE, WIRE_FOK);
        q.order.qty = amount(r);
        q.order.quote_qty = amount(r);
        q.order.price = amount(r);
        q.order.stop_price = amount(r);
    }
    if (type == WIRE_SIGN_QUERY) {
        q.read.query = (enum wire_query)pick(r, WIRE_QUERY_ORDER, WIRE_QUERY_RATE);
        if (rng_below(r, 4))
            symbol(r, q.read.symbol);
        coid(r, q.read.client_order_id);
        q.read.from_id = number(r);
        q.read.from_ms = ms(r);
        q.read.to_ms = ms(r);
        q.read.limit = (uint32_t)number(r);
    }
    if (type == WIRE_GET_SECRET)
        label(r, q.label);
    if (type == WIRE_LIST)
        q.first = (uint32_t)number(r);
    if (type == WIRE_UNLOCK || type == WIRE_POLICY_SET) {
        q.unlock = (enum wire_unlock)pick(r, WIRE_PASSPHRASE, WIRE_CREDENTIAL);
        q.secret_len = pick(r, 1, WIRE_SECRET_MAX);
        q.secret = BYTES;
    }
    if (type == WIRE_POLICY_SET) {
        q.policy_len = pick(r, 0, WIRE_POLICY_MAX);
        q.policy = BYTES;
    }
    return q;
}

static const enum wire_reason REASONS[] = {
#define X(symbol, number, name) symbol,
    WIRE_REASONS(X)
#undef X
};

struct wire_reply random_reply(struct rng *r, enum wire_type type)
{
    struct wire_reply a;
    memset(&a, 0, sizeof a);
    a.type = type;
    a.id = (uint32_t)rng_u64(r);
    if (rng_below(r, 3) == 0)
        a.reason = REASONS[rng_below(r, sizeof REASONS / sizeof *REASONS)];
    if (a.reason != WIRE_ALLOWED) {
        a.limit = amount(r);
        a.value = dec_neg(amount(r));
        return a;
    }
    if (type == WIRE_HELLO)
        a.caps = pick(r, 0, CAP_ALL);
    if (type == WIRE_HELLO || type == WIRE_STATUS)
        a.sealed = rng_below(r, 2);
    if (type == WIRE_STATUS) {
        a.keys = (uint32_t)number(r);
        a.generation = number(r);
        for (unsigned i = 0; i < sizeof a.policy_hash; i++)
            a.policy_hash[i] = (uint8_t)rng_u64(r);
    }
    if (type >= WIRE_SIGN_ORDER && type <= WIRE_SIGN_STREAM) {
        struct wire_signed *s = &a.signed_;
        s->transport = (enum wire_transport)pick(r, WIRE_REST, WIRE_WEBSOCKET);
        s->method = s->transport == WIRE_REST ? (enum wire_method)pick(r, WIRE_GET, WIRE_DELETE)
                                              : WIRE_CALL;
        s->binds_body = rng_below(r, 2);
        text(r, s->path, sizeof s->path, "/abc.", 1);
        if (s->transport == WIRE_REST)
            text(r, s->api_key, sizeof s->api_key, "aZ9", 1);
        text(r, s->text, sizeof s->text, "a=&{}\",:~ ", 1);
    }
    if (type == WIRE_GET_SECRET) {
        a.secret_len = pick(r, 1, WIRE_SECRET_MAX);
        a.secret = BYTES;
    }
    if (type == WIRE_LIST) {
        a.listed = pick(r, 0, WIRE_LIST_MAX);
        a.keys = a.listed + pick(r, 0, 50);
        for (unsigned i = 0; i < a.listed; i++) {
            struct wire_key *k = &a.key[i];
            label(r, k->label);
            k->class = (uint8_t)pick(r, 1, 4);
            k->kind = (uint8_t)pick(r, 1, 6);
            text(r, k->network, sizeof k->network, "binance:evm1", 1);
            k->public_len = (uint16_t)pick(r, 0, WIRE_PUBLIC_MAX);
            for (unsigned n = 0; n < k->public_len; n++)
                k->public_part[n] = (uint8_t)rng_u64(r);
        }
    }
    return a;
}

struct wire_request limit_order(uint64_t order)
{
    struct wire_request q;
    memset(&q, 0, sizeof q);
    q.type = WIRE_SIGN_ORDER;
    q.id = 7;
    snprintf(q.signing.key, sizeof q.signing.key, "trade-1");
    q.signing.transport = WIRE_REST;
    q.signing.timestamp_ms = 1700000000000;
    q.signing.window_ms = 5000;
    q.order.intent.instance = 0x1122334455667788;
    q.order.intent.order = order;
    snprintf(q.order.symbol, sizeof q.order.symbol, "BTC-USDT");
    snprintf(q.order.client_order_id, sizeof q.order.client_order_id, "tw-1");
    q.order.side = WIRE_BUY;
    q.order.type = WIRE_LIMIT;
    q.order.tif = WIRE_GTC;
    q.order.qty = dec_lit("0.5");
    q.order.price = dec_lit("100");
    return q;
}

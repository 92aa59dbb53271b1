/* Binance Spot's requests: the venue's documented examples, another implementation's requests, and
 * properties of random ones. TRADEWIND_SEED repeats a random run.
 *
 * documented.json: payloads and signatures that the venue publishes. Ours are byte for byte the
 * REST example's parameters, with the client order id and the answer's form beside them (which we
 * always send), so that the documented payload itself goes through sign_text().
 * ccxt-binance.json: what ccxt sends for the same wishes. It begins with the timestamp and ends
 * with recvWindow; the venue takes any order, ours is another one. Compared are method, path, and
 * the set of parameters; and its payload signed by us has its signature. */
#include "wallet/encode.h"

#include "desk.h"
#include "wires.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define API_KEY "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
#define SECRET  "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"

static struct sign_key hmac, ed25519;
static uint8_t public_key[32];
static struct wire_signed s;

static int keys(void **state)
{
    (void)state;
    uint8_t seed[32], secret[64];
    for (unsigned i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    assert_int_equal(secret_init(), ERR_OK);
    assert_int_equal(
        sign_key_make(&hmac, KIND_BINANCE_HMAC, API_KEY, (const uint8_t *)SECRET, strlen(SECRET)),
        ERR_OK);
    assert_int_equal(sign_key_make(&ed25519, KIND_BINANCE_ED25519, API_KEY, seed, sizeof seed),
                     ERR_OK);
    crypto_sign_seed_keypair(public_key, secret, seed);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    sign_key_free(&hmac);
    sign_key_free(&ed25519);
    return 0;
}

static void encodes(const struct wire_request *q, struct sign_key *k)
{
    const struct encoder *e = encoder_find(k->kind, "binance:mainnet");
    assert_non_null(e);
    assert_int_equal(e->encode(q, k, &s), ERR_OK);
}

static cJSON *load(const char *name)
{
    const char *path = shared_data(name);
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (!f)
        skip(); /* the directory of shared test data is not here */
    static char text[200000];
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    cJSON *j = cJSON_Parse(text);
    assert_non_null(j);
    return j;
}

static const char *member(const cJSON *j, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, name));
}

static void documented(void **state)
{
    (void)state;
    cJSON *all = load("signed-requests/documented.json"), *one;
    unsigned seen = 0;
    cJSON_ArrayForEach(one, all)
    {
        char out[SIGN_TEXT_MAX];
        if (strcmp(member(one, "venue"), "binance") != 0)
            continue;
        seen++;
        assert_string_equal(member(one, "secret"), SECRET);
        assert_int_equal(
            sign_text(&hmac, member(one, "payload"), strlen(member(one, "payload")), out), ERR_OK);
        assert_string_equal(out, member(one, "signature"));
    }
    cJSON_Delete(all);
    assert_int_equal(seen, 2);
}

static void exact_rest(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    encodes(&q, &hmac);
    assert_int_equal(s.method, WIRE_POST);
    assert_string_equal(s.path, "/api/v3/order");
    assert_string_equal(s.api_key, API_KEY);
    assert_true(s.binds_body);
    static const char payload[] =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100&"
        "newClientOrderId=tw-1&newOrderRespType=FULL&recvWindow=5000&timestamp=1700000000000";
    char expect[WIRE_TEXT_MAX], sig[SIGN_TEXT_MAX];
    assert_int_equal(sign_text(&hmac, payload, strlen(payload), sig), ERR_OK);
    snprintf(expect, sizeof expect, "%s&signature=%s", payload, sig);
    assert_string_equal(s.text, expect);
}

static void exact_websocket(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    q.signing.transport = WIRE_WEBSOCKET;
    encodes(&q, &hmac);
    assert_int_equal(s.method, WIRE_CALL);
    assert_string_equal(s.path, "order.place");
    assert_string_equal(s.api_key, "");
    static const char payload[] =
        "apiKey=" API_KEY "&newClientOrderId=tw-1&newOrderRespType=FULL&price=100&quantity=0.5&"
        "recvWindow=5000&side=BUY&symbol=BTCUSDT&timeInForce=GTC&timestamp=1700000000000&type="
        "LIMIT";
    char expect[WIRE_TEXT_MAX], sig[SIGN_TEXT_MAX];
    assert_int_equal(sign_text(&hmac, payload, strlen(payload), sig), ERR_OK);
    snprintf(expect, sizeof expect,
             "{\"apiKey\":\"" API_KEY
             "\",\"newClientOrderId\":\"tw-1\",\"newOrderRespType\":\"FULL\",\"price\":\"100\","
             "\"quantity\":\"0.5\",\"recvWindow\":5000,\"side\":\"BUY\",\"symbol\":\"BTCUSDT\","
             "\"timeInForce\":\"GTC\","
             "\"timestamp\":1700000000000,\"type\":\"LIMIT\",\"signature\":\"%s\"}",
             sig);
    assert_string_equal(s.text, expect);
    q.type = WIRE_SIGN_STREAM;
    encodes(&q, &hmac);
    assert_string_equal(s.path, "userDataStream.subscribe.signature"); /* never session.logon */
}

/* ---- ccxt ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The parameters of a query without its signature, sorted. */
static void sorted(const char *query, char *out, size_t cap)
{
    static char copy[WIRE_TEXT_MAX];
    char *part[32];
    size_t n = 0, len = 0;
    snprintf(copy, sizeof copy, "%s", query);
    for (char *save, *p = strtok_r(copy, "&", &save); p; p = strtok_r(NULL, "&", &save))
        if (strncmp(p, "signature=", 10) != 0 && n < 32)
            part[n++] = p;
    qsort(part, n, sizeof *part, by_text);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, cap - len, "%s\n", part[i]);
}

/* The request that says what ccxt's [query] says. False where none can: by the words of its
 * parameters. */
static bool as_request(const char *method, const char *path, char *query, struct wire_request *q)
{
    static const char *const types[] = {"",       "LIMIT",           "LIMIT_MAKER",
                                        "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"};
    static const char *const tifs[] = {"", "GTC", "IOC", "FOK"};
    memset(q, 0, sizeof *q);
    strcpy(q->signing.key, "k");
    q->signing.transport = WIRE_REST;
    q->order.intent.order = 2;
    q->order.replaces = strstr(path, "cancelReplace") ? 1 : 0;
    bool get = strcmp(method, "GET") == 0, del = strcmp(method, "DELETE") == 0;
    if (strcmp(path, "/api/v3/order") == 0)
        q->type = get ? WIRE_SIGN_QUERY : del ? WIRE_SIGN_CANCEL : WIRE_SIGN_ORDER;
    else if (strcmp(path, "/api/v3/openOrders") == 0)
        q->type = get ? WIRE_SIGN_QUERY : WIRE_SIGN_CANCEL_ALL;
    else if (strcmp(path, "/api/v3/order/cancelReplace") == 0)
        q->type = WIRE_SIGN_CANCEL_REPLACE;
    else
        q->type = WIRE_SIGN_QUERY;
    q->read.query = strstr(path, "openOrders") ? WIRE_QUERY_OPEN
                    : strstr(path, "myTrades") ? WIRE_QUERY_TRADES
                    : strstr(path, "account")  ? WIRE_QUERY_ACCOUNT
                                               : WIRE_QUERY_ORDER;
    for (char *save, *p = strtok_r(query, "&", &save); p; p = strtok_r(NULL, "&", &save)) {
        char *v = strchr(p, '=');
        *v++ = 0;
        if (strcmp(p, "symbol") == 0) {
            snprintf(q->order.symbol, WIRE_SYMBOL_MAX, "%.3s-%s", v, v + 3);
            strcpy(q->cancel.symbol, q->order.symbol);
            strcpy(q->read.symbol, q->order.symbol);
        } else if (strcmp(p, "side") == 0)
            q->order.side = strcmp(v, "BUY") == 0 ? WIRE_BUY : WIRE_SELL;
        else if (strcmp(p, "newClientOrderId") == 0)
            snprintf(q->order.client_order_id, WIRE_COID_MAX, "%s", v);
        else if (strcmp(p, "type") == 0) {
            for (int i = 1; i < 6; i++)
                if (strcmp(types[i], v) == 0)
                    q->order.type = (enum wire_order_type)i;
            if (!q->order.type)
                return false; /* STOP_LOSS: a market order that waits */
        } else if (strcmp(p, "timeInForce") == 0) {
            for (int i = 1; i < 4; i++)
                if (strcmp(tifs[i], v) == 0)
                    q->order.tif = (enum wire_tif)i;
        } else if (strcmp(p, "quantity") == 0)
            q->order.qty = dec_lit(v);
        else if (strcmp(p, "price") == 0)
            q->order.price = dec_lit(v);
        else if (strcmp(p, "stopPrice") == 0)
            q->order.stop_price = dec_lit(v);
        else if (strcmp(p, "timestamp") == 0)
            q->signing.timestamp_ms = strtoll(v, NULL, 10);
        else if (strcmp(p, "recvWindow") == 0)
            q->signing.window_ms = (uint32_t)strtoul(v, NULL, 10);
        else if (strcmp(p, "startTime") == 0)
            q->read.from_ms = strtoll(v, NULL, 10);
        else if (strcmp(p, "limit") == 0)
            q->read.limit = (uint32_t)strtoul(v, NULL, 10);
        else if (strcmp(p, "orderId") == 0 || strcmp(p, "cancelOrderId") == 0)
            q->cancel.venue_order_id = q->read.from_id = strtoull(v, NULL, 10);
        else if (strcmp(p, "origClientOrderId") == 0)
            snprintf(q->cancel.client_order_id, WIRE_COID_MAX, "%s", v);
        else if (strcmp(p, "newOrderRespType") != 0 && strcmp(p, "signature") != 0 &&
                 strcmp(p, "cancelReplaceMode") != 0)
            return false;
    }
    return q->type != WIRE_SIGN_ORDER || q->order.type != WIRE_MARKET || q->order.side == WIRE_SELL;
}

static void ccxt(void **state)
{
    (void)state;
    cJSON *file = load("signed-requests/ccxt-binance.json"), *one;
    unsigned same = 0, signed_only = 0;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(file, "cases"))
    {
        const cJSON *r = cJSON_GetObjectItem(one, "request");
        static const char host[] = "https://api.binance.com";
        const char *url = member(r, "url"), *body = member(r, "body");
        if (!cJSON_IsTrue(cJSON_GetObjectItem(one, "signed")))
            continue;
        char path[128] = "", query[WIRE_TEXT_MAX], text[WIRE_TEXT_MAX], sig[SIGN_TEXT_MAX],
             a[WIRE_TEXT_MAX], b[WIRE_TEXT_MAX];
        const char *mark = strchr(url, '?');
        snprintf(query, sizeof query, "%s", body ? body : mark + 1);
        snprintf(text, sizeof text, "%s", query);
        /* Whatever it is of, its payload has its signature. */
        char *tail = strstr(text, "&signature=");
        assert_non_null(tail);
        assert_int_equal(sign_text(&hmac, text, (size_t)(tail - text), sig), ERR_OK);
        assert_string_equal(tail + 11, sig);
        signed_only++;
        if (strncmp(url, host, sizeof host - 1) != 0)
            continue; /* futures: no encoder */
        snprintf(path, sizeof path, "%.*s",
                 (int)(mark ? mark - url : (long)strlen(url)) - (int)sizeof host + 1,
                 url + sizeof host - 1);
        struct wire_request q;
        snprintf(text, sizeof text, "%s", query);
        if (!as_request(member(r, "method"), path, text, &q)) {
            print_message("no such request: %s\n", member(one, "description"));
            continue;
        }
        encodes(&q, &hmac);
        assert_string_equal(s.path, path);
        assert_string_equal(s.method == WIRE_GET    ? "GET"
                            : s.method == WIRE_POST ? "POST"
                                                    : "DELETE",
                            member(r, "method"));
        sorted(query, a, sizeof a);
        sorted(s.text, b, sizeof b);
        assert_string_equal(a, b);
        same++;
    }
    cJSON_Delete(file);
    print_message("%u with the same parameters, %u signatures\n", same, signed_only);
    assert_int_equal(same, 16);
    assert_int_equal(signed_only, 38);
}

/* ---- random ones ---- */

static uint8_t from_hex(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* The signature at the end verifies over what is before it, whoever signed. */
static void verify(const char *payload, size_t len, const char *sig, const struct sign_key *k)
{
    char plain[SIGN_TEXT_MAX], expect[SIGN_TEXT_MAX];
    size_t n = 0;
    for (; *sig && *sig != '"'; sig++) {
        assert_true(n + 1 < sizeof plain);
        if (*sig == '%') {
            plain[n++] = (char)(from_hex(sig[1]) << 4 | from_hex(sig[2]));
            sig += 2;
        } else {
            plain[n++] = *sig;
        }
    }
    plain[n] = 0;
    if (k == &hmac) {
        uint8_t mac[32];
        crypto_auth_hmacsha256_state st;
        crypto_auth_hmacsha256_init(&st, (const uint8_t *)SECRET, strlen(SECRET));
        crypto_auth_hmacsha256_update(&st, (const uint8_t *)payload, len);
        crypto_auth_hmacsha256_final(&st, mac);
        sodium_bin2hex(expect, sizeof expect, mac, sizeof mac);
        assert_string_equal(plain, expect);
        return;
    }
    uint8_t raw[64];
    size_t raw_len;
    assert_int_equal(sodium_base642bin(raw, sizeof raw, plain, n, NULL, &raw_len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(raw_len, 64);
    assert_int_equal(crypto_sign_verify_detached(raw, (const uint8_t *)payload, len, public_key),
                     0);
}

/* name=value of a flat JSON object, without quotes and without the signature. */
static void payload_of(const char *json, char *out, size_t cap)
{
    cJSON *j = cJSON_Parse(json), *m;
    const char *before = "";
    size_t n = 0;
    assert_non_null(j);
    cJSON_ArrayForEach(m, j)
    {
        if (strcmp(m->string, "signature") == 0)
            continue;
        assert_true(strcmp(before, m->string) < 0); /* sorted, each once */
        before = m->string;
        const char *at = strstr(json, m->string) + strlen(m->string) + 2;
        int quoted = *at == '"';
        size_t len = strcspn(at + quoted, quoted ? "\"" : ",}");
        n += (size_t)snprintf(out + n, cap - n, "%s%s=%.*s", n ? "&" : "", m->string, (int)len,
                              at + quoted);
    }
    cJSON_Delete(j);
}

static void random_requests(void **state)
{
    (void)state;
    struct rng r;
    const char *env = getenv("TRADEWIND_SEED");
    uint64_t seed = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&r, seed);
    unsigned good = 0, bad = 0;
    for (unsigned n = 0; n < 40000; n++) {
        struct wire_request q = random_request(&r, WIRE_TYPES[rng_below(&r, WIRE_TYPES_COUNT)]);
        /* Most random fields do not go together: leave some out. */
        if (rng_below(&r, 2))
            q.order.quote_qty = q.order.stop_price = DEC_ZERO, q.order.tif = WIRE_GTC,
            q.order.type = WIRE_LIMIT;
        if (rng_below(&r, 2))
            q.cancel.venue_order_id = 0, q.read.client_order_id[0] = 0,
            q.read.from_ms = q.read.to_ms = 0, q.read.limit %= 1001;
        if (rng_below(&r, 2))
            strcpy(q.cancel.symbol, q.order.symbol[0] ? q.order.symbol : "A-B");
        struct sign_key *k = rng_below(&r, 2) ? &hmac : &ed25519;
        memset(&s, 0x5a, sizeof s);
        struct wire_signed untouched = s;
        if (wire_shape(&q) != WIRE_ALLOWED) {
            assert_int_equal(ENCODE_BINANCE_SPOT.encode(&q, k, &s), ERR_RANGE);
            assert_memory_equal(&s, &untouched, sizeof s);
            bad++;
            continue;
        }
        good++;
        encodes(&q, k);
        char payload[WIRE_TEXT_MAX];
        if (q.signing.transport == WIRE_REST) {
            const char *tail = strstr(s.text, "&signature=");
            tail = tail ? tail : strstr(s.text, "signature=");
            verify(s.text, (size_t)(tail - s.text), tail + 11, k);
            for (const char *p = s.text; *p; p++)
                assert_true((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
                            (*p >= 'a' && *p <= 'z') || strchr("-_.=&%", *p));
        } else {
            payload_of(s.text, payload, sizeof payload);
            verify(payload, strlen(payload), strstr(s.text, "\"signature\":\"") + 13, k);
        }
        /* Numbers are the exact ones. */
        const char *at = q.signing.transport == WIRE_REST ? strstr(s.text, "&price=") : NULL;
        if (at) {
            dec back;
            assert_int_equal(dec_parse(at + 7, strcspn(at + 7, "&"), &back), ERR_OK);
            assert_true(dec_eq(back, q.order.price));
        }
        /* What the signer says of it can be said. */
        struct wire_reply a;
        uint8_t out[WIRE_BUFFER_MAX];
        size_t len;
        memset(&a, 0, sizeof a);
        a.type = q.type;
        a.signed_ = s;
        assert_int_equal(wire_encode_reply(&a, out, &len), ERR_OK);
    }
    print_message("%u encoded, %u refused\n", good, bad);
    assert_true(good > 1000 && bad > 1000);
}

static void longest(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    char key[SIGN_API_KEY_MAX];
    struct sign_key k;
    uint8_t seed[32] = {1};
    memset(key, 'K', sizeof key - 1);
    key[sizeof key - 1] = 0;
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_ED25519, key, seed, sizeof seed), ERR_OK);
    q.type = WIRE_SIGN_CANCEL_REPLACE;
    q.order.type = WIRE_TAKE_PROFIT_LIMIT;
    q.order.qty = q.order.price = q.order.stop_price = DEC_MAX;
    q.order.replaces = 1;
    memset(q.order.symbol, 'A', WIRE_SYMBOL_MAX - 1);
    q.order.symbol[5] = '-';
    memset(q.order.client_order_id, 'c', WIRE_COID_MAX - 1);
    strcpy(q.cancel.symbol, q.order.symbol);
    strcpy(q.cancel.client_order_id, q.order.client_order_id);
    q.signing.timestamp_ms = INT64_MAX;
    q.signing.window_ms = WIRE_WINDOW_MAX;
    encodes(&q, &k);
    q.signing.transport = WIRE_WEBSOCKET;
    encodes(&q, &k);
    assert_non_null(strstr(s.text, "\"price\":\"170141183460469231731.687303715884105727\""));
    sign_key_free(&k);
}

static void no_encoder(void **state)
{
    (void)state;
    assert_null(encoder_find(KIND_EVM, "evm:1"));
    assert_null(encoder_find(KIND_SECRET_TEXT, "binance:mainnet"));
    assert_null(encoder_find(KIND_BINANCE_HMAC, "evm:1"));
    assert_null(encoder_find(KIND_BINANCE_HMAC, "binance"));
    assert_non_null(encoder_find(KIND_BINANCE_ED25519, "binance:testnet"));
}

static void bad_keys(void **state)
{
    (void)state;
    struct sign_key k;
    uint8_t bytes[300] = {0};
    char key[SIGN_API_KEY_MAX + 1];
    memset(key, 'K', SIGN_API_KEY_MAX);
    key[SIGN_API_KEY_MAX] = 0;
    assert_int_equal(sign_key_make(&k, KIND_EVM, "k", bytes, 32), ERR_UNSUPPORTED);
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_HMAC, "", bytes, 32), ERR_RANGE);
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_HMAC, "a&b", bytes, 32), ERR_RANGE);
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_HMAC, key, bytes, 32), ERR_RANGE);
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_HMAC, "k", bytes, 15), ERR_RANGE);
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_HMAC, "k", bytes, 257), ERR_RANGE);
    assert_int_equal(sign_key_make(&k, KIND_BINANCE_ED25519, "k", bytes, 31), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented),      cmocka_unit_test(exact_rest),
        cmocka_unit_test(exact_websocket), cmocka_unit_test(ccxt),
        cmocka_unit_test(random_requests), cmocka_unit_test(longest),
        cmocka_unit_test(no_encoder),      cmocka_unit_test(bad_keys),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, keys, drop);
}

/* The signer's messages: fixed bytes, random round trips, and that nothing else is taken.
 * TRADEWIND_SEED repeats a random run. */
#include "wires.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static uint8_t out[WIRE_BUFFER_MAX], again[WIRE_BUFFER_MAX];
static size_t len, again_len;
static struct rng rng;

static int seed(void **state)
{
    (void)state;
    const char *text = getenv("TRADEWIND_SEED");
    uint64_t s = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)s);
    rng_seed(&rng, s);
    return 0;
}

static void order_bytes(void **state)
{
    (void)state;
    static const uint8_t expect[] = {
        1,    0,    16,   0,    7,    0,    0,    0,            /* version, type, id */
        7,    0,    't',  'r',  'a',  'd',  'e',  '-',  '1', 1, /* key, REST */
        0x00, 0x68, 0xe5, 0xcf, 0x8b, 0x01, 0,    0,            /* 1700000000000 */
        0x88, 0x13, 0,    0,                                    /* 5000 */
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,         /* instance */
        3,    0,    0,    0,    0,    0,    0,    0,    2,   0,
        0,    0,    0,    0,    0,    0,                          /* order, replaces */
        8,    0,    'B',  'T',  'C',  '-',  'U',  'S',  'D', 'T', /* symbol */
        4,    0,    't',  'w',  '-',  '1',  1,    1,    1,        /* id, buy, limit, GTC */
        0x00, 0x00, 0xb2, 0xd3, 0x59, 0x5b, 0xf0, 0x06,           /* 0.5 */
        0,    0,    0,    0,    0,    0,    0,    0,              /* */
        0,    0,    0,    0,    0,    0,    0,    0,    0,   0,
        0,    0,    0,    0,    0,    0,                /* by quote */
        0x00, 0x00, 0x10, 0x63, 0x2d, 0x5e, 0xc7, 0x6b, /* 100 */
        0x05, 0,    0,    0,    0,    0,    0,    0,    /* */
        0,    0,    0,    0,    0,    0,    0,    0,    0,   0,
        0,    0,    0,    0,    0,    0, /* stop */
    };
    struct wire_request q = limit_order(3);
    q.order.replaces = 2;
    assert_int_equal(wire_encode_request(&q, out, &len), ERR_OK);
    assert_int_equal(len, sizeof expect);
    assert_memory_equal(out, expect, len);
}

static void reply_bytes(void **state)
{
    (void)state;
    static const uint8_t expect[] = {
        1,    0,    16,   0x80, 9,    0,    0,    0,    35,   0,    0,    0,    0x64, 0xa7,
        0xb3, 0xb6, 0xe0, 0x0d, 0,    0,    0,    0,    0,    0,    0,    0,    0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct wire_reply a;
    memset(&a, 0, sizeof a);
    a.type = WIRE_SIGN_ORDER;
    a.id = 9;
    a.reason = POLICY_FLOOR;
    a.limit = dec_lit("1");
    a.value = (dec){-1};
    assert_int_equal(wire_encode_reply(&a, out, &len), ERR_OK);
    assert_int_equal(len, sizeof expect);
    assert_memory_equal(out, expect, len);
}

/* Whatever one bit or byte more or less makes of it: refused, or a message of exactly these bytes.
 */
static void disturb(bool reply)
{
    struct wire_request q, before;
    struct wire_reply a, a_before;
    memset(&before, 0x5a, sizeof before);
    memset(&a_before, 0x5a, sizeof a_before);
    for (size_t n = 0; n <= len + 1; n++) {
        if (n == len)
            continue;
        out[len] = 0;
        memcpy(&q, &before, sizeof q);
        memcpy(&a, &a_before, sizeof a);
        assert_int_not_equal(
            reply ? wire_decode_reply(out, n, &a) : wire_decode_request(out, n, &q), ERR_OK);
        assert_memory_equal(&q, &before, sizeof q);
        assert_memory_equal(&a, &a_before, sizeof a);
        if (n > 300 && n + 300 < len)
            n = len - 300;
    }
    for (int n = 0; n < 30; n++) {
        size_t at = rng_below(&rng, len);
        uint8_t was = out[at];
        out[at] = (uint8_t)(out[at] ^ (1u << rng_below(&rng, 8)));
        if (reply ? !wire_decode_reply(out, len, &a) : !wire_decode_request(out, len, &q)) {
            assert_int_equal(reply ? wire_encode_reply(&a, again, &again_len)
                                   : wire_encode_request(&q, again, &again_len),
                             ERR_OK);
            assert_int_equal(again_len, len);
            assert_memory_equal(again, out, len);
        }
        out[at] = was;
    }
}

static void requests_round(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 200; n++)
        for (unsigned t = 0; t < WIRE_TYPES_COUNT; t++) {
            struct wire_request q = random_request(&rng, WIRE_TYPES[t]), back;
            assert_int_equal(wire_encode_request(&q, out, &len), ERR_OK);
            assert_true(len <= (q.type == WIRE_POLICY_SET ? WIRE_BUFFER_MAX : WIRE_MESSAGE_MAX));
            assert_int_equal(wire_decode_request(out, len, &back), ERR_OK);
            assert_int_equal(back.type, q.type);
            assert_int_equal(back.id, q.id);
            assert_memory_equal(&back.signing, &q.signing, sizeof q.signing.key);
            assert_true(dec_eq(back.order.stop_price, q.order.stop_price));
            assert_string_equal(back.read.symbol, q.read.symbol);
            assert_int_equal(back.policy_len, q.policy_len);
            assert_int_equal(wire_encode_request(&back, again, &again_len), ERR_OK);
            assert_int_equal(again_len, len);
            assert_memory_equal(again, out, len);
            disturb(false);
        }
}

static void replies_round(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 200; n++)
        for (unsigned t = 0; t < WIRE_TYPES_COUNT; t++) {
            struct wire_reply a = random_reply(&rng, WIRE_TYPES[t]), back;
            assert_int_equal(wire_encode_reply(&a, out, &len), ERR_OK);
            assert_true(len <= WIRE_MESSAGE_MAX);
            assert_int_equal(wire_decode_reply(out, len, &back), ERR_OK);
            assert_int_equal(back.reason, a.reason);
            assert_string_equal(back.signed_.text, a.signed_.text);
            assert_int_equal(wire_encode_reply(&back, again, &again_len), ERR_OK);
            assert_int_equal(again_len, len);
            assert_memory_equal(again, out, len);
            disturb(true);
        }
}

#define REFUSED(change)                                                                            \
    do {                                                                                           \
        struct wire_request q = random_request(&rng, WIRE_SIGN_CANCEL_REPLACE);                    \
        change;                                                                                    \
        len = 12345;                                                                               \
        assert_int_equal(wire_encode_request(&q, out, &len), ERR_RANGE);                           \
        assert_int_equal(len, 12345);                                                              \
    } while (0)

static void bad_fields(void **state)
{
    (void)state;
    REFUSED(q.type = (enum wire_type)3);
    REFUSED(q.type = (enum wire_type)(0x8000 | WIRE_HELLO));
    REFUSED(memset(q.signing.key, 'k', sizeof q.signing.key));
    REFUSED(q.signing.key[0] = 0);
    REFUSED(q.signing.key[0] = '-');
    REFUSED(q.signing.key[0] = 'K');
    REFUSED(q.signing.transport = (enum wire_transport)0);
    REFUSED(q.signing.transport = (enum wire_transport)257); /* not 1 */
    REFUSED(q.signing.timestamp_ms = -1);
    REFUSED(q.signing.window_ms = 0);
    REFUSED(q.signing.window_ms = WIRE_WINDOW_MAX + 1);
    REFUSED(strcpy(q.order.symbol, "BTCUSDT"));
    REFUSED(strcpy(q.order.symbol, "BTC-"));
    REFUSED(strcpy(q.order.symbol, "-BTC"));
    REFUSED(strcpy(q.order.symbol, "A-B-C"));
    REFUSED(strcpy(q.order.symbol, "btc-usdt"));
    REFUSED(strcpy(q.order.symbol, ""));
    REFUSED(strcpy(q.order.client_order_id, "a&b"));
    REFUSED(strcpy(q.order.client_order_id, "a\"b"));
    REFUSED(strcpy(q.order.client_order_id, "a%b"));
    REFUSED(q.order.side = (enum wire_side)3);
    REFUSED(q.order.type = (enum wire_order_type)6);
    REFUSED(q.order.tif = (enum wire_tif)4);
    REFUSED(q.order.qty = (dec){-1});
    REFUSED(q.order.quote_qty = (dec){-1});
    REFUSED(q.order.price = (dec){-1});
    REFUSED(q.order.stop_price = (dec){-DEC_I128_MAX - 1});
    REFUSED(strcpy(q.cancel.symbol, "x"));
    REFUSED(strcpy(q.cancel.client_order_id, " "));
    REFUSED(q = random_request(&rng, WIRE_UNLOCK); q.secret_len = 0);
    REFUSED(q = random_request(&rng, WIRE_UNLOCK); q.secret_len = WIRE_SECRET_MAX + 1);
    REFUSED(q = random_request(&rng, WIRE_UNLOCK); q.unlock = (enum wire_unlock)3);
    REFUSED(q = random_request(&rng, WIRE_POLICY_SET); q.policy_len = WIRE_POLICY_MAX + 1);
    REFUSED(q = random_request(&rng, WIRE_GET_SECRET); q.label[0] = 0);
}

static void versions(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    assert_int_equal(wire_encode_request(&q, out, &len), ERR_OK);
    out[0] = 2;
    assert_int_equal(wire_decode_request(out, len, &q), ERR_UNSUPPORTED);
    out[0] = 1;
    out[3] |= 0x80; /* a reply is no request */
    assert_int_equal(wire_decode_request(out, len, &q), ERR_SYNTAX);
    assert_int_equal(wire_decode_request(out, 0, &q), ERR_SYNTAX);
}

static void garbage(void **state)
{
    (void)state;
    struct wire_request q;
    struct wire_reply a;
    for (unsigned n = 0; n < 100000; n++) {
        size_t size = rng_below(&rng, 200);
        for (size_t i = 0; i < size; i++)
            out[i] = (uint8_t)rng_u64(&rng);
        if (size > 3) {
            out[0] = 1;
            out[1] = out[3] = 0;
        }
        if (!wire_decode_request(out, size, &q)) {
            assert_int_equal(wire_encode_request(&q, again, &again_len), ERR_OK);
            assert_int_equal(again_len, size);
            assert_memory_equal(again, out, size);
        }
        if (size > 3)
            out[3] = 0x80;
        if (!wire_decode_reply(out, size, &a)) {
            assert_int_equal(wire_encode_reply(&a, again, &again_len), ERR_OK);
            assert_int_equal(again_len, size);
            assert_memory_equal(again, out, size);
        }
    }
}

/* Who may ask what, written down a second time. */
static void capabilities(void **state)
{
    (void)state;
    static const struct {
        unsigned cap;
        const char *may; /* in the order of WIRE_TYPES */
    } table[] = {{0, "1000000000000"},         {CAP_STATUS, "1100000000000"},
                 {CAP_TRADE, "1111111000000"}, {CAP_CANCEL, "1101011000000"},
                 {CAP_WIRE, "1100000110000"},  {CAP_ADMIN, "1100000001111"},
                 {CAP_ALL, "1111111111111"}};
    for (unsigned n = 0; n < sizeof table / sizeof *table; n++)
        for (unsigned t = 0; t < WIRE_TYPES_COUNT; t++)
            assert_int_equal(wire_may(WIRE_TYPES[t], table[n].cap), table[n].may[t] == '1');
}

/* Each name once, each beginning as promised. */
static void reasons(void **state)
{
    (void)state;
    static const struct {
        unsigned number;
        const char *name;
    } all[] = {
#define X(symbol, number, name) {number, name},
        WIRE_REASONS(X)
#undef X
    };
    unsigned found = 0;
    for (unsigned n = 0; n < 70000; n++)
        found += wire_reason_name((enum wire_reason)n) != NULL;
    assert_int_equal(found, sizeof all / sizeof *all);
    for (unsigned n = 0; n < found; n++) {
        assert_string_equal(wire_reason_name((enum wire_reason)all[n].number), all[n].name);
        assert_true(n == 0 || strncmp(all[n].name, "policy-", 7) == 0);
        for (unsigned k = 0; k < n; k++)
            assert_string_not_equal(all[n].name, all[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_bytes),    cmocka_unit_test(reply_bytes),
        cmocka_unit_test(requests_round), cmocka_unit_test(replies_round),
        cmocka_unit_test(bad_fields),     cmocka_unit_test(versions),
        cmocka_unit_test(garbage),        cmocka_unit_test(capabilities),
        cmocka_unit_test(reasons),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, seed, NULL);
}

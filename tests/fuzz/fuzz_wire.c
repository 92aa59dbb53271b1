/* The signer's messages and policies of any bytes: nothing crashes; what decodes encodes to the
 * same bytes; what a request has the shape for is encoded for the venue, and signed.
 *
 * Input: 'q' and a request, 'a' and a reply, 'p' and a policy. */
#include "base/check.h"
#include "wallet/encode.h"
#include "wallet/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[WIRE_BUFFER_MAX];
static size_t len;

static void same(const uint8_t *data, size_t size)
{
    CHECK(len == size && memcmp(out, data, len) == 0);
}

/* A request to sign under a policy that allows what it asks as far as one can. */
static void decide(const struct wire_request *q)
{
    static struct sign_key key;
    static struct policy p;
    static struct policy_counters c;
    static struct policy_spend ring[4];
    static const uint8_t seed[32];
    struct wire_signed s;
    if (!key.ed25519.data) {
        CHECK(secret_init() == ERR_OK);
        CHECK(sign_key_make(&key, KIND_BINANCE_ED25519, "k", seed, sizeof seed) == ERR_OK);
    }
    bool good = wire_shape(q) == WIRE_ALLOWED;
    CHECK((ENCODE_BINANCE_SPOT.encode(q, &key, &s) == ERR_OK) == good);
    policy_counters_init(&c, ring, 4);
    memset(&p, 0, sizeof p);
    struct policy_key *k = &p.key[0];
    struct policy_instrument *i = &p.instrument[0];
    p.keys = p.instruments = k->instruments = 1;
    memcpy(k->label, q->signing.key, sizeof k->label);
    memcpy(k->network, "n", 2);
    memcpy(i->symbol, q->type == WIRE_SIGN_QUERY ? q->read.symbol : q->order.symbol,
           sizeof i->symbol);
    k->ops = POLICY_OPS;
    k->types = POLICY_TYPES;
    k->window_ms = WIRE_WINDOW_MAX;
    k->rate = k->replays = 1;
    i->floor = DEC_ONE;
    i->ceiling = i->order_base = i->order_value = i->hour_base = i->hour_value = DEC_MAX;
    i->day_base = i->day_value = DEC_MAX;
    struct policy_subject subject = {CLASS_TRADE, "n", false};
    struct policy_now now = {q->signing.timestamp_ms % (INT64_MAX / 2), 1};
    struct policy_decision d = policy_check(&p, &subject, q, &c, now);
    CHECK(good || d.reason == POLICY_SHAPE);
    if (d.reason != WIRE_ALLOWED)
        return;
    policy_reserve(&c, &d);
    if (d.is_order)
        CHECK(policy_check(&p, &subject, q, &c, now).reason == POLICY_REPEATED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char what = (char)*data++;
    size--;
    /* Its own block: a read past the end is seen. */
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    if (what == 'q') {
        struct wire_request q;
        if (wire_decode_request(bytes, size, &q) == ERR_OK) {
            CHECK(wire_encode_request(&q, out, &len) == ERR_OK);
            same(bytes, size);
            decide(&q);
        }
    } else if (what == 'a') {
        struct wire_reply a;
        if (wire_decode_reply(bytes, size, &a) == ERR_OK) {
            CHECK(wire_encode_reply(&a, out, &len) == ERR_OK);
            same(bytes, size);
        }
    } else if (what == 'p') {
        struct policy p;
        if (policy_decode(bytes, size, &p) == ERR_OK) {
            CHECK(policy_encode(&p, out, &len) == ERR_OK);
            same(bytes, size);
        }
    }
    free(bytes);
    return 0;
}

/* The policy's decision and the encoder without a signer around them, for a judge in another
 * language: frames on standard input, one answer to each on standard output. tests/oracle/DRIVER.md
 * has the bytes; it is the same in words for people who do not read C.
 *
 *   frame   u32 length of what follows, u8 kind, body; an answer has the kind of its question
 *   'P'     a policy, all of the body                              -> u8 result
 *   'R'     u32 how many orders a day are remembered               -> nothing
 *   'C'     i64 wall, i64 boot, u8 class, text network, u8 binds_path, u8 reserve, message
 *           -> u8 result; then u16 reason, dec limit, dec value, i64 T, u8 is an order;
 *              then dec base, dec total, i64 until
 *   'E'     u8 key's kind, text network, text API key, u16 length and bytes of a secret, message
 *           -> u8 result; then the reply's message
 *
 * What is not a frame ends the program with code 2 and a sentence on standard error.
 */
#include "wallet/encode.h"
#include "wallet/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_MAX (64u * 1024u)
#define RING_MAX  (1u << 20)
#define TIME_MAX  (INT64_C(1) << 60)

enum result { GOOD = 0, MALFORMED = 1, OTHER_VERSION = 2, NO_ENCODER = 3, BAD_SHAPE = 4 };

static uint8_t input[1u << 20];
static size_t begin, end;
static uint8_t output[FRAME_MAX];

static struct policy policy;
static struct policy_counters counters;
static struct policy_spend *ring;

static _Noreturn void die(const char *why)
{
    (void)fflush(stdout);
    fprintf(stderr, "policy_driver: %s\n", why);
    exit(2);
}

/* The next [n] bytes; NULL at the end of the input. Answers leave before more is waited for. */
static const uint8_t *take(size_t n, bool may_end)
{
    if (end - begin < n && begin > 0) {
        memmove(input, input + begin, end - begin);
        end -= begin;
        begin = 0;
    }
    while (end - begin < n) {
        if (fflush(stdout) != 0)
            die("standard output cannot be written");
        ssize_t got = read(0, input + end, sizeof input - end);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            die("standard input cannot be read");
        if (got == 0) {
            if (may_end && end == begin)
                return NULL;
            die("the input ends inside a frame");
        }
        end += (size_t)got;
    }
    const uint8_t *at = input + begin;
    begin += n;
    return at;
}

static void start(uint32_t ring_cap)
{
    free(ring);
    ring = calloc(ring_cap, sizeof *ring);
    if (!ring)
        die("no memory");
    policy_counters_init(&counters, ring, ring_cap);
}

static enum result result_of(enum err e)
{
    return e == ERR_OK ? GOOD : e == ERR_UNSUPPORTED ? OTHER_VERSION : MALFORMED;
}

/* A policy that is refused leaves the one before. */
static void set_policy(struct bufr *in, struct bufw *out)
{
    static uint8_t again[WIRE_POLICY_MAX];
    size_t len = 0;
    enum err e = policy_decode(in->data + in->pos, in->len - in->pos, &policy);
    if (!e && (policy_encode(&policy, again, &len) || len != in->len - in->pos ||
               memcmp(again, in->data + in->pos, len) != 0))
        die("a policy has two forms");
    in->pos = in->len;
    bufw_u8(out, (uint8_t)result_of(e));
}

static void reset(struct bufr *in)
{
    uint32_t cap = bufr_u32(in);
    if (in->failed || cap == 0 || cap > RING_MAX)
        die("'R': 1 to 1048576 orders can be remembered");
    start(cap);
}

static enum err message(struct bufr *in, struct wire_request *ret)
{
    enum err e = wire_decode_request(in->data + in->pos, in->len - in->pos, ret);
    in->pos = in->len;
    return e;
}

static void check(struct bufr *in, struct bufw *out)
{
    static struct wire_request q;
    char network[WIRE_NETWORK_MAX];
    struct policy_now now = {bufr_i64(in), bufr_i64(in)};
    enum key_class class = (enum key_class)bufr_u8(in);
    bufr_text(in, network, sizeof network);
    uint8_t binds_path = bufr_u8(in), reserve = bufr_u8(in);
    if (in->failed || now.wall_ms < 0 || now.wall_ms > TIME_MAX || now.boot_ms < 0 ||
        now.boot_ms > TIME_MAX || binds_path > 1 || reserve > 1)
        die("'C': a field is missing or out of its range");
    enum err e = message(in, &q);
    bufw_u8(out, (uint8_t)result_of(e));
    if (e)
        return;
    struct policy_subject subject = {class, network, binds_path};
    struct policy_decision d = policy_check(&policy, &subject, &q, &counters, now);
    if (reserve && d.reason == WIRE_ALLOWED)
        policy_reserve(&counters, &d);
    bufw_u16(out, (uint16_t)d.reason);
    bufw_dec(out, d.limit);
    bufw_dec(out, d.value);
    bufw_i64(out, counters.now_ms);
    bufw_u8(out, d.is_order);
    if (d.is_order) {
        bufw_dec(out, d.base);
        bufw_dec(out, d.total);
        bufw_i64(out, d.until_ms);
    }
}

static enum result sign(const struct wire_request *q, enum key_kind kind, const char *network,
                        const char *api_key, const uint8_t *secret, size_t len, struct bufw *out)
{
    static struct wire_reply a;
    static uint8_t bytes[WIRE_BUFFER_MAX];
    struct sign_key key;
    size_t reply_len = 0;
    const struct encoder *encoder = encoder_find(kind, network);
    if (!encoder || sign_key_make(&key, kind, api_key, secret, len) != ERR_OK)
        return NO_ENCODER;
    memset(&a, 0, sizeof a);
    a.type = q->type;
    a.id = q->id;
    enum err e = encoder->encode(q, &key, &a.signed_);
    sign_key_free(&key);
    if (e)
        return BAD_SHAPE;
    if (wire_encode_reply(&a, bytes, &reply_len) != ERR_OK)
        die("a reply cannot be encoded");
    bufw_u8(out, GOOD);
    bufw_bytes(out, bytes, reply_len);
    return GOOD;
}

static void encode(struct bufr *in, struct bufw *out)
{
    static struct wire_request q;
    char network[WIRE_NETWORK_MAX], api_key[WIRE_API_KEY_MAX];
    uint8_t secret[WIRE_SECRET_MAX];
    enum key_kind kind = (enum key_kind)bufr_u8(in);
    bufr_text(in, network, sizeof network);
    bufr_text(in, api_key, sizeof api_key);
    uint16_t len = bufr_u16(in);
    if (in->failed || len > sizeof secret)
        die("'E': a field is missing or out of its range");
    bufr_bytes(in, secret, len);
    if (in->failed)
        die("'E': the secret is cut");
    enum result r = result_of(message(in, &q));
    if (r == GOOD)
        r = sign(&q, kind, network, api_key, secret, len, out);
    if (r != GOOD)
        bufw_u8(out, (uint8_t)r);
}

static void answer(uint8_t kind, struct bufr *in, struct bufw *out)
{
    switch (kind) {
    case 'P': set_policy(in, out); break;
    case 'R': reset(in); break;
    case 'C': check(in, out); break;
    case 'E': encode(in, out); break;
    default: die("there is no such kind of frame");
    }
    if (in->pos != in->len)
        die("a frame has more bytes than its kind");
}

int main(void)
{
    const uint8_t *at;
    if (secret_init() != ERR_OK)
        die("libsodium does not work here");
    start(1024);
    while ((at = take(sizeof(uint32_t), true))) {
        uint32_t len;
        memcpy(&len, at, sizeof len);
        if (len == 0 || len > FRAME_MAX)
            die("a frame has 1 to 65536 bytes behind its length");
        at = take(len, false);
        struct bufr in = bufr_make(at + 1, len - 1);
        struct bufw out = bufw_make(output + sizeof len, sizeof output - sizeof len);
        bufw_u8(&out, at[0]);
        answer(at[0], &in, &out);
        uint32_t out_len = (uint32_t)out.len;
        memcpy(output, &out_len, sizeof out_len);
        if (out.failed || fwrite(output, 1, sizeof out_len + out.len, stdout) == 0)
            die("an answer cannot be written");
    }
    free(ring);
    if (fflush(stdout) != 0)
        die("standard output cannot be written");
    return 0;
}

/* What the signer does with a message: which check comes first, what is recorded, what is answered
 * when it cannot be; with the real log on a frail disk, and the real opener on a real key store. */
#include "audit_rig.h"
#include "base/log.h"
#include "wallet/dispatch.h"
#include "wallet/hash.h"
#include "wallet/policy_store.h"
#include "wires.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OK(x) assert_int_equal((x), ERR_OK)

static const char PHRASE[] = "correct horse battery staple";

static char dir[64], store_path[128], policy_path[128];
static struct dispatch d;
static struct opener opener;
static struct dispatch_client client;
static uint8_t out[WIRE_BUFFER_MAX], in[WIRE_BUFFER_MAX + 1];
static size_t out_len, in_len;
static struct wire_reply reply;

/* ---- a signer ---- */

static void add_key(struct keystore *k, const char *label, enum key_class class, enum key_kind kind,
                    const char *network, const char *api_key, const char *secret, size_t len)
{
    char why[WHY_MAX];
    struct keystore_entry e;
    memset(&e, 0, sizeof e);
    snprintf(e.label, sizeof e.label, "%s", label);
    snprintf(e.network, sizeof e.network, "%s", network);
    e.class = class;
    e.kind = kind;
    OK(keystore_add(k, &e, api_key, (const uint8_t *)secret, len, why));
}

static void make_store(void)
{
    static struct keystore k;
    static uint8_t bytes[WIRE_POLICY_MAX];
    static struct policy p;
    char why[WHY_MAX];
    size_t len = 0;
    const struct keystore_unlock u = {SLOT_PASSPHRASE, (const uint8_t *)PHRASE, strlen(PHRASE)};
    snprintf(dir, sizeof dir, "/tmp/tw-dispatch-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(store_path, sizeof store_path, "%s/keys", dir);
    snprintf(policy_path, sizeof policy_path, "%s/keys.policy", dir);
    memset(&k, 0, sizeof k);
    OK(keystore_create(&k, &u, "main", KEYSTORE_MEMORY_MIN, 1));
    add_key(&k, "trade-1", CLASS_TRADE, KIND_BINANCE_HMAC, "binance:mainnet", "apikey",
            "0123456789abcdef0123456789abcdef", 32);
    add_key(&k, "elsewhere", CLASS_TRADE, KIND_BINANCE_HMAC, "kraken:mainnet", "apikey",
            "0123456789abcdef0123456789abcdef", 32);
    add_key(&k, "later", CLASS_TRADE, KIND_BINANCE_ED25519, "binance:mainnet", NULL,
            "0123456789abcdef0123456789abcdef", 32);
    add_key(&k, "wallet", CLASS_CHAIN, KIND_EVM, "evm:1", NULL, "0123456789abcdef0123456789abcdef",
            32);
    add_key(&k, "token", CLASS_WIRE, KIND_TELEGRAM_TOKEN, "", NULL, "123456:abcdefghijklmnopqrst",
            27);
    OK(keystore_write(&k, store_path, true, why));
    /* The rig's policy, for three of the keys. */
    static const char *const LABELS[] = {"elsewhere", "later", "trade-1"};
    memset(&p, 0, sizeof p);
    p.keys = 3;
    p.instruments = 6;
    for (uint32_t i = 0; i < 3; i++) {
        p.key[i] = rig.policy.key[0];
        p.key[i].first = 2 * i;
        snprintf(p.key[i].label, sizeof p.key[i].label, "%s", LABELS[i]);
        if (i == 0)
            snprintf(p.key[i].network, sizeof p.key[i].network, "kraken:mainnet");
        p.instrument[2 * i] = rig.policy.instrument[0];
        p.instrument[2 * i + 1] = rig.policy.instrument[1];
    }
    OK(policy_encode(&p, bytes, &len));
    OK(policy_store_write(&k, store_path, policy_path, bytes, len, why));
    keystore_close(&k);
}

static int start_up(void **state)
{
    static struct sandbox none;
    char why[WHY_MAX];
    (void)state;
    rig_reset(AUDIT_STRICT);
    make_store();
    const struct opener_config c = {store_path, policy_path, false, &none, NULL};
    memset(&none, 0, sizeof none);
    if (opener_start(&opener, &c, why) != ERR_OK)
        return 1;
    memset(&d, 0, sizeof d);
    OK(rig_open());
    d.audit = rig.a;
    d.counters = &rig.c;
    d.opener = &opener;
    client = (struct dispatch_client){.pid = 9, .uid = 1000, .caps = CAP_ALL, .connection = 1};
    return 0;
}

static int shut_down(void **state)
{
    static const char *const ENDS[] = {"",        ".previous",        ".new",
                                       ".policy", ".policy.previous", ".policy.new"};
    char path[192];
    (void)state;
    close(opener.fd);
    (void)waitpid(opener.pid, NULL, 0);
    keyring_clear(&d.ring);
    rig_drop();
    disk_free();
    for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
        snprintf(path, sizeof path, "%s%s", store_path, ENDS[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

/* ---- asking ---- */

static enum dispatch_next send_bytes(void)
{
    enum dispatch_next next = dispatch_message(&d, &client, in, in_len, rig.now, out, &out_len);
    if (next != DISPATCH_WAIT)
        OK(wire_decode_reply(out, out_len, &reply));
    return next;
}

static enum dispatch_next send_request(const struct wire_request *r)
{
    OK(wire_encode_request(r, in, &in_len));
    return send_bytes();
}

static enum wire_reason ask(enum wire_type type)
{
    struct wire_request r = {.type = type, .id = 77};
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    assert_int_equal(reply.type, type);
    assert_int_equal(reply.id, 77);
    return reply.reason;
}

static enum wire_reason opened(void)
{
    uint32_t connection = 0;
    enum wire_reason reason = POLICY_MESSAGE;
    OK(dispatch_opened(&d, rig.now, &connection, &reason, out, &out_len));
    OK(wire_decode_reply(out, out_len, &reply));
    assert_int_equal(connection, client.connection);
    assert_int_equal(reply.reason, reason);
    return reason;
}

static struct wire_request unlock_request(const char *phrase)
{
    return (struct wire_request){.type = WIRE_UNLOCK,
                                 .id = 5,
                                 .unlock = WIRE_PASSPHRASE,
                                 .secret = (const uint8_t *)phrase,
                                 .secret_len = (uint32_t)strlen(phrase)};
}

static void unlock(void)
{
    struct wire_request r = unlock_request(PHRASE);
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(opened(), WIRE_ALLOWED);
    assert_true(d.ring.open);
}

static enum wire_reason order(uint64_t number, const char *key)
{
    struct wire_request r = limit_order(number);
    snprintf(r.signing.key, sizeof r.signing.key, "%s", key);
    r.signing.timestamp_ms = rig.now.wall_ms;
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    return reply.reason;
}

/* ---- tests ---- */

/* Written down once more, from PROTOCOL.md. */
static unsigned needs(enum wire_type type)
{
    static const struct {
        enum wire_type type;
        unsigned caps;
    } TABLE[] = {{WIRE_HELLO, 31},
                 {WIRE_STATUS, 31},
                 {WIRE_SIGN_ORDER, 2},
                 {WIRE_SIGN_CANCEL, 2 | 4},
                 {WIRE_SIGN_CANCEL_REPLACE, 2},
                 {WIRE_SIGN_CANCEL_ALL, 2 | 4},
                 {WIRE_SIGN_QUERY, 2 | 4},
                 {WIRE_SIGN_STREAM, 8},
                 {WIRE_GET_SECRET, 8},
                 {WIRE_UNLOCK, 16},
                 {WIRE_SEAL, 16},
                 {WIRE_LIST, 16},
                 {WIRE_POLICY_SET, 16}};
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++)
        if (TABLE[i].type == type)
            return TABLE[i].caps;
    fail();
    return 0;
}

/* Every type with every set of capabilities, sealed and not: refused for want of one exactly where
 * it has none, and before anything else is looked at. */
static void capabilities(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 1);
    for (int open = 0; open < 2; open++) {
        client.caps = CAP_ALL;
        if (open)
            unlock();
        for (unsigned t = 0; t < WIRE_TYPES_COUNT; t++)
            for (unsigned caps = 0; caps <= CAP_ALL; caps++) {
                enum wire_type type = WIRE_TYPES[t];
                struct wire_request q = random_request(&r, type);
                client.caps = caps;
                client.greeted = true;
                enum dispatch_next next = send_request(&q);
                bool may = type == WIRE_HELLO || (needs(type) & caps);
                if (next == DISPATCH_WAIT) {
                    assert_true(may && (type == WIRE_UNLOCK || type == WIRE_POLICY_SET));
                    (void)opened();
                    rig_pass(DISPATCH_WAIT_MAX_MS);
                } else {
                    assert_int_equal(next, DISPATCH_ANSWER);
                    assert_int_equal(reply.reason == POLICY_CAPABILITY, !may);
                }
                if (open && type == WIRE_SEAL && may) {
                    client.caps = CAP_ALL;
                    unlock();
                }
            }
    }
}

static void hello_comes_first(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 2);
    for (unsigned t = 0; t < WIRE_TYPES_COUNT; t++) {
        struct wire_request q = random_request(&r, WIRE_TYPES[t]);
        client.greeted = false;
        bool hello = WIRE_TYPES[t] == WIRE_HELLO;
        assert_int_equal(send_request(&q), hello ? DISPATCH_ANSWER : DISPATCH_END);
        assert_int_equal(reply.reason, hello ? WIRE_ALLOWED : POLICY_NO_HELLO);
        assert_int_equal(client.greeted, hello);
        if (hello)
            assert_true(reply.caps == CAP_ALL && reply.sealed);
    }
}

static void what_is_no_message(void **state)
{
    (void)state;
    struct wire_request r = {.type = WIRE_STATUS, .id = 9};
    OK(wire_encode_request(&r, in, &in_len));
    in[in_len++] = 0; /* a byte too many */
    assert_int_equal(send_bytes(), DISPATCH_END);
    assert_int_equal(reply.reason, POLICY_MESSAGE);
    assert_true(reply.type == WIRE_STATUS && reply.id == 9);
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    OK(wire_encode_request(&r, in, &in_len));
    in[0] = 2; /* another version */
    assert_int_equal(send_bytes(), DISPATCH_ANSWER);
    assert_int_equal(reply.reason, POLICY_VERSION);
    in_len = 3;
    assert_int_equal(send_bytes(), DISPATCH_ANSWER);
    assert_true(reply.reason == POLICY_MESSAGE && reply.type == WIRE_HELLO && reply.id == 0);
    memset(in, 0xff, sizeof in);
    in_len = 64;
    assert_int_equal(send_bytes(), DISPATCH_ANSWER);
    assert_int_equal(reply.reason, POLICY_VERSION);
    in[0] = WIRE_VERSION, in[1] = 0;
    in_len = sizeof in; /* the longest packet that is read, a byte above the longest message */
    assert_int_equal(send_bytes(), DISPATCH_ANSWER);
    assert_int_equal(reply.reason, POLICY_MESSAGE);
}

static void sealed_signs_nothing(void **state)
{
    (void)state;
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    assert_int_equal(order(1, "trade-1"), POLICY_SEALED);
    assert_int_equal(order(1, "nobody"), POLICY_SEALED);
    assert_int_equal(ask(WIRE_LIST), POLICY_SEALED);
    assert_int_equal(ask(WIRE_SEAL), WIRE_ALLOWED);
    assert_int_equal(ask(WIRE_STATUS), WIRE_ALLOWED);
    assert_true(reply.sealed && reply.keys == 0 && reply.generation == 0);
}

static void an_order_is_signed(void **state)
{
    (void)state;
    unlock();
    assert_int_equal(order(1, "trade-1"), WIRE_ALLOWED);
    assert_string_equal(reply.signed_.path, "/api/v3/order");
    assert_string_equal(reply.signed_.api_key, "apikey");
    const char *signature = strstr(reply.signed_.text, "&signature=");
    uint8_t mac[32];
    char hex[65];
    assert_non_null(signature);
    hash_hmac_sha256("0123456789abcdef0123456789abcdef", 32, reply.signed_.text,
                     (size_t)(signature - reply.signed_.text), mac);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    assert_string_equal(signature + 11, hex);
    assert_int_equal(order(1, "trade-1"), POLICY_REPEATED);
    assert_int_equal(order(2, "trade-1"), WIRE_ALLOWED);
}

static void which_key(void **state)
{
    (void)state;
    unlock();
    assert_int_equal(order(1, "nobody"), POLICY_KEY);
    assert_int_equal(order(1, "token"), POLICY_KEY); /* of the store, not of the policy */
    assert_int_equal(order(1, "elsewhere"), POLICY_ENCODER);
    assert_int_equal(order(1, "later"), POLICY_ENCODER); /* has no API key yet */
    struct wire_request r = limit_order(1);
    r.order.tif = WIRE_TIF_NONE;
    snprintf(r.signing.key, sizeof r.signing.key, "nobody");
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    assert_int_equal(reply.reason, POLICY_SHAPE);        /* before the key */
    assert_int_equal(order(1, "trade-1"), WIRE_ALLOWED); /* none of these counted */
}

static enum wire_reason secret_of(const char *label)
{
    struct wire_request r = {.type = WIRE_GET_SECRET, .id = 3};
    snprintf(r.label, sizeof r.label, "%s", label);
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    return reply.reason;
}

static void only_wire_secrets_are_given(void **state)
{
    (void)state;
    unlock();
    assert_int_equal(secret_of("token"), WIRE_ALLOWED);
    assert_int_equal(reply.secret_len, 27);
    assert_memory_equal(reply.secret, "123456:abcdefghijklmnopqrst", 27);
    assert_int_equal(secret_of("trade-1"), POLICY_CLASS);
    assert_int_equal(secret_of("wallet"), POLICY_CLASS);
    assert_int_equal(secret_of("nobody"), POLICY_KEY);
    /* A chain key has not even left the key store. */
    assert_null(keyring_find(&d.ring, "wallet")->content.data);
    assert_null(keyring_find(&d.ring, "wallet")->sign.hmac.data);
}

static void the_list(void **state)
{
    (void)state;
    unlock();
    assert_int_equal(ask(WIRE_LIST), WIRE_ALLOWED);
    assert_true(reply.keys == 5 && reply.listed == 5);
    assert_string_equal(reply.key[4].label, "token");
    struct wire_request r = {.type = WIRE_LIST, .first = 4};
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    assert_true(reply.keys == 5 && reply.listed == 1);
    r.first = UINT32_MAX;
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    assert_true(reply.reason == WIRE_ALLOWED && reply.listed == 0);
}

/* A disk that fails: no signature, no secret, no unlocking; the state is still told. */
static void what_cannot_be_recorded(void **state)
{
    (void)state;
    unlock();
    disk.calls = 0;
    disk.fail_at = 1;
    disk.fail_all = true;
    disk.fail_errno = ENOSPC;
    assert_int_equal(order(1, "trade-1"), POLICY_AUDIT);
    disk.fail_at = 0;
    disk.fail_all = false;
    assert_int_equal(order(2, "trade-1"), POLICY_AUDIT); /* for good */
    assert_int_equal(secret_of("token"), POLICY_AUDIT);
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    assert_int_equal(ask(WIRE_STATUS), WIRE_ALLOWED);
    assert_false(reply.sealed);
    struct wire_request r = unlock_request(PHRASE);
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    assert_int_equal(reply.reason, POLICY_AUDIT);
    assert_int_equal(ask(WIRE_SEAL), WIRE_ALLOWED);
    assert_int_equal(ask(WIRE_STATUS), WIRE_ALLOWED);
    assert_true(reply.sealed);
}

static void guessing_takes_ever_longer(void **state)
{
    (void)state;
    struct wire_request r = unlock_request("wrong horse");
    static const int64_t WAITS[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 64000};
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    for (size_t i = 0; i < sizeof WAITS / sizeof *WAITS; i++) {
        assert_int_equal(send_request(&r), DISPATCH_WAIT);
        assert_int_equal(opened(), POLICY_SECRET);
        struct wire_reply failed = reply;
        rig_pass(WAITS[i] - 1);
        r = unlock_request(PHRASE); /* right, and too soon: the same words */
        assert_int_equal(send_request(&r), DISPATCH_ANSWER);
        assert_int_equal(reply.reason, POLICY_SECRET);
        assert_true(dec_eq(reply.limit, failed.limit) && dec_eq(reply.value, failed.value));
        rig_pass(1);
        r = unlock_request("wrong horse");
    }
    unlock();
    r = unlock_request("wrong horse");
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(opened(), POLICY_SECRET);
    assert_true(d.ring.open); /* a wrong passphrase closes nothing */
    rig_pass(1000);           /* and the count has begun anew */
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(opened(), POLICY_SECRET);
}

static void one_passphrase_at_a_time(void **state)
{
    (void)state;
    struct wire_request r = unlock_request(PHRASE);
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(send_request(&r), DISPATCH_ANSWER);
    assert_int_equal(reply.reason, POLICY_BUSY);
    assert_int_equal(ask(WIRE_STATUS), WIRE_ALLOWED); /* others are answered meanwhile */
    assert_int_equal(opened(), WIRE_ALLOWED);
    /* Unlocked, it is read again. */
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(opened(), WIRE_ALLOWED);
    assert_int_equal(order(1, "trade-1"), WIRE_ALLOWED);
}

/* Who was told that it is sealed finds it so, whatever was on its way. */
static void a_seal_holds_against_what_is_being_opened(void **state)
{
    (void)state;
    struct wire_request r = unlock_request(PHRASE);
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    for (int was_open = 0; was_open < 2; was_open++) {
        assert_int_equal(send_request(&r), DISPATCH_WAIT);
        assert_int_equal(ask(WIRE_SEAL), WIRE_ALLOWED);
        assert_int_equal(opened(), POLICY_SEALED);
        assert_false(d.ring.open);
        assert_int_equal(order(1, "trade-1"), POLICY_SEALED);
        unlock(); /* the next one counts again */
    }
    assert_int_equal(order(1, "trade-1"), WIRE_ALLOWED);
}

static enum wire_reason set_policy(const uint8_t *bytes, size_t len, const char *phrase)
{
    struct wire_request r = unlock_request(phrase);
    r.type = WIRE_POLICY_SET;
    r.policy = bytes;
    r.policy_len = (uint32_t)len;
    enum dispatch_next next = send_request(&r);
    return next == DISPATCH_WAIT ? opened() : reply.reason;
}

static void a_policy_is_set(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_POLICY_MAX];
    size_t len = 0;
    OK(policy_encode(&rig.policy, bytes, &len));
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    assert_int_equal(set_policy(bytes, len, PHRASE), POLICY_SEALED);
    unlock();
    uint64_t generation = d.ring.generation;
    assert_int_equal(order(1, "later"), POLICY_ENCODER);
    assert_int_equal(set_policy(bytes, len - 1, PHRASE), POLICY_BAD_POLICY);
    assert_int_equal(set_policy(bytes, len, "wrong horse"), POLICY_SECRET);
    assert_int_equal(d.ring.generation, generation);
    assert_int_equal(d.ring.policy.keys, 3);
    rig_pass(1000);
    assert_int_equal(set_policy(bytes, len, PHRASE), WIRE_ALLOWED);
    assert_int_equal(d.ring.generation, generation + 1);
    assert_int_equal(order(1, "later"), POLICY_KEY);
    assert_int_equal(order(1, "trade-1"), WIRE_ALLOWED);
    uint8_t hash[POLICY_HASH_BYTES];
    policy_hash(bytes, len, hash);
    assert_int_equal(ask(WIRE_STATUS), WIRE_ALLOWED);
    assert_memory_equal(reply.policy_hash, hash, sizeof hash);
    assert_int_equal(ask(WIRE_SEAL), WIRE_ALLOWED);
    unlock(); /* the store attests it */
    assert_int_equal(order(2, "trade-1"), WIRE_ALLOWED);
    assert_int_equal(order(1, "trade-1"), POLICY_REPEATED); /* what was signed stays so */
}

static void a_changed_policy_opens_nothing(void **state)
{
    (void)state;
    FILE *f = fopen(policy_path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 20, SEEK_SET), 0);
    fputc('x', f);
    fclose(f);
    struct wire_request r = unlock_request(PHRASE);
    assert_int_equal(ask(WIRE_HELLO), WIRE_ALLOWED);
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(opened(), POLICY_BAD_POLICY);
    assert_false(d.ring.open);
    assert_int_equal(order(1, "trade-1"), POLICY_SEALED);
}

/* Another store's log, or an older version of this store put back. */
static void a_log_that_does_not_go_with_the_store(void **state)
{
    (void)state;
    char path[192], before[192];
    unlock();
    assert_int_equal(order(1, "trade-1"), WIRE_ALLOWED);
    snprintf(path, sizeof path, "%s", store_path);
    snprintf(before, sizeof before, "%s.older", store_path);
    FILE *from = fopen(path, "rb"), *to = fopen(before, "wb");
    static uint8_t bytes[KEYSTORE_FILE_MAX], policy[WIRE_POLICY_MAX];
    size_t n = fread(bytes, 1, sizeof bytes, from), len = 0;
    assert_int_equal(fwrite(bytes, 1, n, to), n);
    fclose(from);
    fclose(to);
    OK(policy_encode(&rig.policy, policy, &len));
    assert_int_equal(set_policy(policy, len, PHRASE), WIRE_ALLOWED);
    assert_int_equal(rename(before, path), 0);
    assert_int_equal(chmod(path, 0600), 0);
    struct wire_request r = unlock_request(PHRASE);
    assert_int_equal(send_request(&r), DISPATCH_WAIT);
    assert_int_equal(opened(), POLICY_AUDIT);
    assert_false(d.ring.open);
}

static void the_opener_dies(void **state)
{
    (void)state;
    uint32_t connection;
    enum wire_reason reason;
    (void)kill(opener.pid, SIGKILL);
    assert_int_equal(dispatch_opened(&d, rig.now, &connection, &reason, out, &out_len), ERR_IO);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start_up, shut_down)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        CASE(capabilities),
        CASE(hello_comes_first),
        CASE(what_is_no_message),
        CASE(sealed_signs_nothing),
        CASE(an_order_is_signed),
        CASE(which_key),
        CASE(only_wire_secrets_are_given),
        CASE(the_list),
        CASE(what_cannot_be_recorded),
        CASE(guessing_takes_ever_longer),
        CASE(one_passphrase_at_a_time),
        CASE(a_seal_holds_against_what_is_being_opened),
        CASE(a_policy_is_set),
        CASE(a_changed_policy_opens_nothing),
        CASE(a_log_that_does_not_go_with_the_store),
        CASE(the_opener_dies),
    };
    return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}

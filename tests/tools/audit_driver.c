/* The audit log with real files and no signer around it: for scenarios that want a log of any kind.
 *
 *   audit_driver STORE PASSPHRASE DIRECTORY COUNTER strict|sliced KIB
 *
 * KIB is the size of a segment. Commands come line by line, answers go line by line:
 *
 *   order INSTANCE NUMBER REPLACES SYMBOL QTY   signed, or why not
 *   cancel | refuse | idle | seal | unlock | stop
 *   pass MS                                     time goes on
 *   key                                         the key of the MACs, in hex
 *
 * Without `stop` it ends as if it had crashed. It knows one policy: BTC-USDT and ETH-USDT with key
 * trade-1, 100 of base a day. The passphrase is a test's own. */
#include "wallet/audit.h"
#include "wallet/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ORDERS 4096

static struct policy policy;
static struct policy_counters counters;
static struct policy_spend ring[ORDERS];
static struct keystore store;
static struct secret mac_key;
static struct audit *audit;
static struct policy_now now;
static char why[WHY_MAX];
static bool is_open;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "audit_driver: %s\n", what);
    exit(1);
}

static void make_policy(void)
{
    static const char *const SYMBOLS[] = {"BTC-USDT", "ETH-USDT"};
    policy.keys = 1;
    policy.instruments = 2;
    struct policy_key *k = &policy.key[0];
    snprintf(k->label, sizeof k->label, "trade-1");
    snprintf(k->network, sizeof k->network, "binance:mainnet");
    k->ops = POLICY_OPS;
    k->types = POLICY_TYPES;
    k->window_ms = 5000;
    k->skew_ms = 1000;
    k->rate = 6000;
    k->replays = 1;
    k->instruments = 2;
    for (int n = 0; n < 2; n++) {
        struct policy_instrument *i = &policy.instrument[n];
        snprintf(i->symbol, sizeof i->symbol, "%s", SYMBOLS[n]);
        i->floor = dec_lit("50");
        i->ceiling = dec_lit("200");
        i->order_base = i->hour_base = i->day_base = dec_lit("100");
        i->order_value = i->hour_value = i->day_value = dec_lit("100000");
    }
}

static struct audit_entry entry(enum wire_type type, enum wire_reason reason, unsigned caps)
{
    struct audit_entry e = {.now = now,
                            .pid = (uint32_t)getpid(),
                            .uid = (uint32_t)getuid(),
                            .caps = caps,
                            .connection = 1,
                            .type = type,
                            .reason = reason};
    return e;
}

static const char *said(enum err e, const char *good)
{
    return e ? err_name(e) : good;
}

static const char *order(const char *line)
{
    static uint8_t bytes[WIRE_BUFFER_MAX];
    static const struct policy_subject KEY = {CLASS_TRADE, "binance:mainnet", false};
    unsigned long long instance, number, replaces;
    char symbol[WIRE_SYMBOL_MAX], qty[32];
    size_t len;
    if (sscanf(line, "%llu %llu %llu %32s %31s", &instance, &number, &replaces, symbol, qty) != 5)
        die("order INSTANCE NUMBER REPLACES SYMBOL QTY");
    struct wire_request q = {.type = replaces ? WIRE_SIGN_CANCEL_REPLACE : WIRE_SIGN_ORDER};
    snprintf(q.signing.key, sizeof q.signing.key, "trade-1");
    q.signing.transport = WIRE_REST;
    q.signing.timestamp_ms = now.wall_ms;
    q.signing.window_ms = 5000;
    q.order.intent = (struct wire_intent){instance, number};
    q.order.replaces = replaces;
    memcpy(q.order.symbol, symbol, sizeof q.order.symbol);
    snprintf(q.order.client_order_id, sizeof q.order.client_order_id, "tw-%llu", number);
    q.order.side = WIRE_BUY;
    q.order.type = WIRE_LIMIT;
    q.order.tif = WIRE_GTC;
    q.order.qty = dec_lit(qty);
    q.order.price = dec_lit("100");
    memcpy(q.cancel.symbol, symbol, sizeof q.cancel.symbol);
    q.cancel.venue_order_id = 5;
    if (wire_encode_request(&q, bytes, &len))
        die("that is no order");
    struct policy_decision d = policy_check(&policy, &KEY, &q, &counters, now);
    struct audit_entry e = entry(q.type, d.reason, CAP_TRADE);
    e.request = bytes;
    e.len = len;
    e.limit = d.limit;
    e.value = d.value;
    if (d.reason == WIRE_ALLOWED) {
        policy_reserve(&counters, &d);
        e.decision = &d;
    }
    enum err err = audit_record(audit, &e);
    return said(err, d.reason == WIRE_ALLOWED ? "signed" : wire_reason_name(d.reason));
}

static const char *other(enum wire_type type, enum wire_reason reason)
{
    struct policy_decision d = {.reason = WIRE_ALLOWED};
    struct audit_entry e = entry(type, reason, CAP_TRADE);
    e.decision = reason == WIRE_ALLOWED ? &d : NULL;
    return said(audit_record(audit, &e), "recorded");
}

static const char *unlock(void)
{
    struct audit_entry e = entry(WIRE_UNLOCK, WIRE_ALLOWED, CAP_ADMIN);
    struct audit_store s = {store.id, store.generation, store.policy_hash};
    is_open = audit_unlock(audit, &e, &mac_key, &s, why) == ERR_OK;
    return is_open ? "unlocked" : why;
}

static const char *seal(void)
{
    struct audit_entry e = entry(WIRE_SEAL, WIRE_ALLOWED, CAP_ADMIN);
    is_open = false;
    return said(audit_seal(audit, &e), "sealed");
}

static const char *key_text(void)
{
    static char text[65];
    secret_open(&mac_key);
    hex_encode(mac_key.data, 32, text);
    secret_shut(&mac_key);
    return text;
}

static const char *obey(char *line)
{
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "order ", 6) == 0)
        return is_open ? order(line + 6) : wire_reason_name(POLICY_SEALED);
    if (strncmp(line, "pass ", 5) == 0) {
        long long ms = strtoll(line + 5, NULL, 10);
        now.wall_ms += ms;
        now.boot_ms += ms;
        return "passed";
    }
    if (strcmp(line, "cancel") == 0)
        return other(WIRE_SIGN_CANCEL, WIRE_ALLOWED);
    if (strcmp(line, "refuse") == 0)
        return other(WIRE_SIGN_ORDER, POLICY_KEY);
    if (strcmp(line, "idle") == 0)
        return said(audit_idle(audit, now), "idle");
    if (strcmp(line, "seal") == 0)
        return seal();
    if (strcmp(line, "unlock") == 0)
        return unlock();
    if (strcmp(line, "key") == 0)
        return key_text();
    if (strcmp(line, "stop") == 0) {
        enum err e = audit_close(audit, now);
        audit = NULL;
        return said(e, "stopped");
    }
    die("there is no such command");
}

static void open_store(const char *path, const char *phrase)
{
    struct keystore_unlock u = {SLOT_PASSPHRASE, (const uint8_t *)phrase, strlen(phrase)};
    if (secret_init() || keystore_read(&store, path, why) || keystore_open(&store, &u) ||
        audit_mac_key(&store, &mac_key))
        die("the key store does not open");
}

static void open_log(char **argv)
{
    struct timespec boot, wall;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    now.wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    now.boot_ms = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
    policy_counters_init(&counters, ring, ORDERS);
    struct audit_config c = {.dir = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                             .counter = argv[4],
                             .mode = strcmp(argv[5], "strict") == 0 ? AUDIT_STRICT : AUDIT_SLICED,
                             .segment_bytes = strtoull(argv[6], NULL, 10) << 10,
                             .counters = &counters,
                             .build = "audit-driver"};
    audit_boot_id(c.boot_id);
    if (c.dir < 0)
        die(strerror(errno));
    if (audit_open(&audit, &c, now, why))
        die(why);
}

int main(int argc, char **argv)
{
    char line[256];
    if (argc != 7)
        die("STORE PASSPHRASE DIRECTORY COUNTER strict|sliced KIB");
    make_policy();
    open_store(argv[1], argv[2]);
    open_log(argv);
    puts("open");
    (void)fflush(stdout);
    while (audit && fgets(line, sizeof line, stdin)) {
        puts(obey(line));
        (void)fflush(stdout);
    }
    _exit(0);
}

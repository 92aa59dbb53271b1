#include "audit_rig.h"

#include "base/check.h"
#include "wires.h"

#include <errno.h>
#include <stdio.h>

struct rig rig;

static void instrument(struct policy_instrument *i, const char *symbol)
{
    snprintf(i->symbol, sizeof i->symbol, "%s", symbol);
    i->floor = dec_lit("50");
    i->ceiling = dec_lit("200");
    i->order_base = i->hour_base = i->day_base = dec_lit("1000000");
    i->order_value = i->hour_value = i->day_value = dec_lit("1000000000");
}

void rig_reset(enum audit_mode mode)
{
    disk_reset();
    CHECK(secret_init() == ERR_OK);
    memset(&rig, 0, sizeof rig);
    rig.policy.keys = 1;
    rig.policy.instruments = 2;
    struct policy_key *k = &rig.policy.key[0];
    snprintf(k->label, sizeof k->label, "trade-1");
    snprintf(k->network, sizeof k->network, "binance:mainnet");
    k->ops = POLICY_OPS;
    k->types = POLICY_TYPES;
    k->window_ms = 5000;
    k->skew_ms = 1000;
    k->rate = 6000;
    k->replays = 1;
    k->instruments = 2;
    instrument(&rig.policy.instrument[0], "BTC-USDT");
    instrument(&rig.policy.instrument[1], "ETH-USDT");
    rig.subject = (struct policy_subject){CLASS_TRADE, "binance:mainnet", false};
    rig.now = (struct policy_now){INT64_C(1700000000000), 100000};
    rig.mode = mode;
    rig.segment_bytes = 640u << 10;
    memset(rig.store, 7, sizeof rig.store);
    memset(rig.policy_hash, 8, sizeof rig.policy_hash);
    memset(rig.boot_id, 9, sizeof rig.boot_id);
    memset(rig.key, 10, sizeof rig.key);
    rig.generation = 1;
}

enum err rig_open(void)
{
    policy_counters_init(&rig.c, rig.ring, RIG_ORDERS);
    struct audit_config c = {.dir = DISK_DIR,
                             .counter = "counter",
                             .mode = rig.mode,
                             .segment_bytes = rig.segment_bytes,
                             .counters = &rig.c,
                             .build = "build-1",
                             .os = &DISK_OS};
    memcpy(c.boot_id, rig.boot_id, sizeof c.boot_id);
    rig.why[0] = 0;
    rig.a = NULL;
    return audit_open(&rig.a, &c, rig.now, rig.why);
}

struct audit_entry rig_blank(enum wire_type type, enum wire_reason reason, uint32_t caps)
{
    struct audit_entry e;
    memset(&e, 0, sizeof e);
    e.now = rig.now;
    e.pid = 100;
    e.uid = 1000;
    e.caps = caps;
    e.connection = 1;
    e.type = type;
    e.reason = reason;
    return e;
}

enum err rig_unlock(void)
{
    struct secret key;
    struct audit_entry e = rig_blank(WIRE_UNLOCK, WIRE_ALLOWED, CAP_ADMIN);
    struct audit_store s = {rig.store, rig.generation, rig.policy_hash};
    CHECK(secret_copy(&key, rig.key, sizeof rig.key) == ERR_OK);
    enum err err = audit_unlock(rig.a, &e, &key, &s, rig.why);
    secret_free(&key);
    return err;
}

void rig_start(void)
{
    bool good = !rig_open() && !rig_unlock();
    if (!good)
        fprintf(stderr, "# %s\n", rig.why);
    CHECK(good);
}

void rig_drop(void)
{
    /* What it would still write fails: the log ends where it is. */
    if (!rig.a)
        return;
    struct disk before = disk;
    disk.fail_at = 1;
    disk.fail_all = true;
    disk.short_writes = false;
    disk.fail_errno = EIO;
    disk.calls = 0;
    CHECK(audit_close(rig.a, rig.now) != ERR_OK);
    disk.calls = before.calls;
    disk.fail_at = before.fail_at;
    disk.fail_all = before.fail_all;
    disk.short_writes = before.short_writes;
    disk.fail_errno = before.fail_errno;
    rig.a = NULL;
}

void rig_stop(void)
{
    CHECK(audit_close(rig.a, rig.now) == ERR_OK);
    rig.a = NULL;
}

void rig_pass(int64_t ms)
{
    rig.now.wall_ms += ms;
    rig.now.boot_ms += ms;
}

void rig_reboot(int64_t down_ms)
{
    rig.now.wall_ms += down_ms;
    rig.now.boot_ms = 5000;
    rig.boot_id[0]++;
}

static struct wire_request request(uint64_t instance, uint64_t order, uint64_t replaces,
                                   const char *symbol, const char *qty)
{
    struct wire_request q = limit_order(order);
    q.order.intent.instance = instance;
    q.order.replaces = replaces;
    q.order.qty = dec_lit(qty);
    snprintf(q.order.symbol, sizeof q.order.symbol, "%s", symbol);
    q.signing.timestamp_ms = rig.now.wall_ms;
    if (replaces) {
        q.type = WIRE_SIGN_CANCEL_REPLACE;
        snprintf(q.cancel.symbol, sizeof q.cancel.symbol, "%s", symbol);
        q.cancel.venue_order_id = 5;
    }
    return q;
}

enum wire_reason rig_ask(uint64_t instance, uint64_t order, uint64_t replaces, const char *symbol,
                         const char *qty)
{
    struct wire_request q = request(instance, order, replaces, symbol, qty);
    rig.d = policy_check(&rig.policy, &rig.subject, &q, &rig.c, rig.now);
    return rig.reason = rig.d.reason;
}

enum err rig_order(uint64_t instance, uint64_t order, uint64_t replaces, const char *symbol,
                   const char *qty)
{
    uint8_t bytes[WIRE_BUFFER_MAX];
    size_t len;
    struct wire_request q = request(instance, order, replaces, symbol, qty);
    CHECK(wire_encode_request(&q, bytes, &len) == ERR_OK);
    rig.d = policy_check(&rig.policy, &rig.subject, &q, &rig.c, rig.now);
    rig.reason = rig.d.reason;
    struct audit_entry e = rig_blank(q.type, rig.d.reason, CAP_TRADE);
    e.request = bytes;
    e.len = len;
    e.limit = rig.d.limit;
    e.value = rig.d.value;
    if (rig.d.reason == WIRE_ALLOWED) {
        policy_reserve(&rig.c, &rig.d);
        e.decision = &rig.d;
    }
    enum err err = audit_record(rig.a, &e);
    return err || rig.d.reason == WIRE_ALLOWED ? err : ERR_STATE;
}

enum err rig_entry(enum wire_type type, enum wire_reason reason, uint32_t caps)
{
    struct audit_entry e = rig_blank(type, reason, caps);
    struct policy_decision d;
    memset(&d, 0, sizeof d);
    if (reason == WIRE_ALLOWED && (type == WIRE_SIGN_CANCEL || type == WIRE_SIGN_QUERY))
        e.decision = &d;
    return audit_record(rig.a, &e);
}

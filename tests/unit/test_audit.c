/* The audit log: what is recorded, when it is on disk, and what a start makes of it. */
#include "audit_rig.h"
#include "wallet/audit_counter.h"
#include "wallet/audit_walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int sliced(void **state)
{
    (void)state;
    rig_reset(AUDIT_SLICED);
    return 0;
}

static int strict(void **state)
{
    (void)state;
    rig_reset(AUDIT_STRICT);
    return 0;
}

static int done(void **state)
{
    (void)state;
    rig_drop();
    disk_free();
    return 0;
}

#define OK(x) assert_int_equal((x), ERR_OK)

/* ---- what the log holds, read without the writer ---- */

#define RECORDS 4096
static struct audit_record record[RECORDS];
static bool record_keyed[RECORDS];
static uint8_t request_bytes[RECORDS][AUDIT_KEPT_MAX];
static unsigned records;

static bool keep(void *arg, const struct audit_walk *w, const struct audit_record *r, bool keyed)
{
    (void)arg;
    (void)w;
    if (records == RECORDS)
        return true;
    record[records] = *r;
    if (r->kept)
        memcpy(request_bytes[records], r->request, r->kept);
    record_keyed[records++] = keyed;
    return true;
}

/* The whole log from its first segment; replayed, too. The first RECORDS are kept. */
static void read_all(void)
{
    static uint8_t window[AUDIT_WINDOW];
    static struct audit_replay replay;
    static struct policy_counters c;
    static struct policy_spend ring[RIG_ORDERS];
    policy_counters_init(&c, ring, RIG_ORDERS);
    OK(audit_replay_init(&replay, &c, true));
    struct audit_walk w = {.os = &DISK_OS, .window = window, .anchored = true, .replay = &replay};
    w.visit.record = keep;
    records = 0;
    uint32_t lowest, highest;
    DISK_OS.segments(DISK_DIR, &lowest, &highest);
    for (uint32_t n = 1; n <= highest; n++)
        if (audit_walk_segment(&w, n)) {
            fprintf(stderr, "%s\n", w.trouble.why);
            fail();
        }
}

static unsigned count(enum audit_type type)
{
    unsigned n = 0;
    for (unsigned i = 0; i < records; i++)
        n += record[i].type == type;
    return n;
}

static void a_life(void **state)
{
    (void)state;
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    OK(rig_order(1, 2, 0, "ETH-USDT", "0.25"));
    assert_int_equal(rig_order(1, 2, 0, "BTC-USDT", "0.5"), ERR_STATE);
    OK(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE));
    rig_stop();
    read_all();
    static const enum audit_type EXPECT[] = {AUDIT_START,     AUDIT_UNLOCK,    AUDIT_SNAPSHOT,
                                             AUDIT_SLICE,     AUDIT_DECISION,  AUDIT_SLICE,
                                             AUDIT_DECISION,  AUDIT_DECISION,  AUDIT_DECISION,
                                             AUDIT_SLICE_END, AUDIT_SLICE_END, AUDIT_STOP};
    assert_int_equal(records, sizeof EXPECT / sizeof EXPECT[0]);
    for (unsigned i = 0; i < records; i++) {
        assert_int_equal(record[i].type, EXPECT[i]);
        assert_int_equal(record[i].number, i + 1);
        assert_int_equal(record_keyed[i], i > 0);
    }
    assert_string_equal(record[0].build, "build-1");
    assert_memory_equal(record[1].store, rig.store, 16);
    assert_int_equal(record[1].generation, 1);
    assert_int_equal(record[4].who.uid, 1000);
    assert_int_equal(record[4].asked, WIRE_SIGN_ORDER);
    assert_int_equal(record[4].request_len, record[4].kept);
    struct wire_request q;
    OK(wire_decode_request(request_bytes[4], record[4].kept, &q));
    assert_int_equal(q.order.intent.order, 1);
    assert_true(dec_eq(record[4].after.day_base, dec_lit("0.5")));
    assert_true(dec_eq(record[4].after.day_value, dec_lit("100")));
    assert_int_equal(record[7].reason, POLICY_REPEATED);
    assert_int_equal(record[8].asked, WIRE_SIGN_CANCEL);
}

static void counters_come_back(void **state)
{
    (void)state;
    rig_start();
    for (uint64_t n = 1; n <= 40; n++) {
        OK(rig_order(1 + n % 3, n, 0, n % 2 ? "BTC-USDT" : "ETH-USDT", "0.5"));
        rig_pass(1700);
    }
    OK(rig_order(2, 41, 40, "BTC-USDT", "0.5"));
    static struct policy_counters before;
    before = rig.c;
    rig_stop();
    rig_start();
    assert_int_equal(rig.c.instances, before.instances);
    assert_memory_equal(rig.c.instance, before.instance, sizeof before.instance);
    assert_memory_equal(rig.c.slot, before.slot, sizeof before.slot);
    assert_int_equal(rig.c.head - rig.c.day_tail, before.head - before.day_tail);
    assert_int_equal(rig.c.last_until_ms, before.last_until_ms);
    assert_int_equal(rig.c.now_ms, before.now_ms);
    /* each order once, each replaced once */
    assert_int_equal(rig_order(2, 40, 0, "BTC-USDT", "0.5"), ERR_STATE);
    assert_int_equal(rig.reason, POLICY_REPEATED);
    assert_int_equal(rig_order(2, 50, 40, "BTC-USDT", "0.5"), ERR_STATE);
    assert_int_equal(rig.reason, POLICY_REPLACES);
    OK(rig_order(2, 42, 0, "BTC-USDT", "0.5"));
}

static void clock_steps(void **state)
{
    (void)state;
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    rig_stop();
    /* In the same run of the machine a step frees nothing, also where nobody was there to see it.
     */
    rig.now.wall_ms += 2 * POLICY_DAY_MS;
    rig_start();
    assert_int_equal(rig_ask(1, 2, 0, "BTC-USDT", "0.5"), WIRE_ALLOWED);
    assert_int_equal(rig.c.slot[0].day, 1);
    rig_stop();
    rig.now.wall_ms -= 4 * POLICY_DAY_MS;
    rig_start();
    assert_int_equal(rig.c.slot[0].day, 1);
    rig_stop();
    /* A day that has passed does. */
    rig.now.wall_ms += 2 * POLICY_DAY_MS;
    rig_pass(POLICY_DAY_MS + 10000);
    rig_start();
    assert_int_equal(rig.c.slot[0].day, 0);
    rig_stop();
}

static void reboot_believes_the_wall_clock(void **state)
{
    (void)state;
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    rig_stop();
    rig_reboot(POLICY_HOUR_MS / 2);
    rig_start();
    assert_int_equal(rig.c.now_ms, rig.now.wall_ms);
    assert_true(dec_eq(rig.c.slot[0].hour_base, dec_lit("0.5")));
    rig_stop();
    rig_reboot(-10 * POLICY_DAY_MS);
    rig_start();
    assert_true(dec_eq(rig.c.slot[0].hour_base, dec_lit("0.5")));
    rig_stop();
}

/* ---- durability ---- */

static void strict_is_on_disk(void **state)
{
    (void)state;
    rig_start();
    for (uint64_t n = 1; n <= 5; n++) {
        OK(rig_order(1, n, 0, "BTC-USDT", "0.5"));
        OK(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE));
        OK(rig_entry(WIRE_SIGN_ORDER, POLICY_KEY, CAP_TRADE));
    }
    assert_false(audit_dirty(rig.a));
    rig_drop();
    disk_power_loss(NULL);
    rig_start();
    read_all();
    assert_int_equal(count(AUDIT_DECISION), 15);
    assert_int_equal(count(AUDIT_SLICE), 0);
    assert_int_equal(rig.c.slot[0].day, 5);
    OK(rig_order(1, 6, 0, "BTC-USDT", "0.5"));
}

static void slices_save_syncs(void **state)
{
    (void)state;
    rig_start();
    unsigned syncs = disk.syncs;
    for (uint64_t n = 1; n <= AUDIT_SLICE_ORDERS; n++)
        OK(rig_order(1, n, 0, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs - syncs, 2); /* log and counter, for the slice */
    OK(rig_order(1, AUDIT_SLICE_ORDERS + 1, 0, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs - syncs, 4);
    /* one that is not covered: larger than what is left, a number beyond, another pair */
    OK(rig_order(1, AUDIT_SLICE_ORDERS + 2, 0, "BTC-USDT", "9"));
    assert_int_equal(disk.syncs - syncs, 6);
    OK(rig_order(1, 500, 0, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs - syncs, 8);
    OK(rig_order(2, 500, 0, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs - syncs, 10);
    /* one that replaces waits for its own record */
    OK(rig_order(1, 501, 500, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs - syncs, 12);
}

static void idle_takes_slices_early(void **state)
{
    (void)state;
    rig_start();
    for (uint64_t n = 1; n <= 100; n++) {
        unsigned syncs = disk.syncs;
        OK(rig_order(1, n, 0, "BTC-USDT", "0.5"));
        if (n > 1)
            assert_int_equal(disk.syncs, syncs);
        OK(audit_idle(rig.a, rig.now));
        rig_pass(1);
    }
    OK(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE));
    assert_true(audit_dirty(rig.a));
    rig_pass(AUDIT_SYNC_MS);
    OK(audit_idle(rig.a, rig.now));
    assert_false(audit_dirty(rig.a));
    rig_pass(600000);
    OK(audit_idle(rig.a, rig.now));
    read_all();
    assert_int_equal(record[records - 1].type, AUDIT_SLICE_END);
}

static void written_is_synced_in_time(void **state)
{
    (void)state;
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    unsigned syncs = disk.syncs;
    OK(rig_order(1, 2, 0, "BTC-USDT", "0.5"));
    rig_pass(AUDIT_SYNC_MS - 1);
    OK(rig_order(1, 3, 0, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs, syncs);
    rig_pass(1);
    OK(rig_order(1, 4, 0, "BTC-USDT", "0.5"));
    assert_int_equal(disk.syncs, syncs + 2);
}

/* After a crash: what the slice had left is spent, its numbers signed. */
static void a_crash_spends_slices(void **state)
{
    (void)state;
    for (int power = 0; power < 2; power++) {
        rig_reset(AUDIT_SLICED);
        rig_start();
        for (uint64_t n = 1; n <= 4; n++)
            OK(rig_order(1, n, 0, "BTC-USDT", "0.5"));
        rig_drop();
        if (power)
            disk_power_loss(NULL);
        rig_pass(1000);
        rig_start();
        assert_int_equal(rig.c.slot[0].day, AUDIT_SLICE_ORDERS);
        assert_true(dec_eq(rig.c.slot[0].day_base, dec_lit("8")));
        for (uint64_t n = 1; n <= AUDIT_SLICE_NUMBERS; n++)
            assert_int_equal(rig_ask(1, n, 0, "BTC-USDT", "0.5"), POLICY_REPEATED);
        assert_int_equal(rig_ask(1, AUDIT_SLICE_NUMBERS + 1, 0, "BTC-USDT", "0.5"), WIRE_ALLOWED);
        assert_int_equal(rig_ask(2, 1, 0, "BTC-USDT", "0.5"), WIRE_ALLOWED);
        /* and not again at the next start */
        rig_stop();
        rig_start();
        assert_int_equal(rig.c.slot[0].day, AUDIT_SLICE_ORDERS);
        rig_drop();
        read_all();
        assert_int_equal(count(AUDIT_LOST), 1);
    }
}

static void many_slices(void **state)
{
    (void)state;
    rig_start();
    /* 16 instances, two symbols: 32 are open; none is refused */
    for (uint64_t n = 1; n <= 3; n++)
        for (uint64_t i = 1; i <= POLICY_INSTANCES_MAX; i++) {
            OK(rig_order(i, 2 * n, 0, "BTC-USDT", "0.5"));
            OK(rig_order(i, 2 * n + 1, 0, "ETH-USDT", "0.5"));
        }
    rig_drop();
    rig_start();
    assert_int_equal(rig.c.slot[0].day + rig.c.slot[1].day, 32 * AUDIT_SLICE_ORDERS);
    /* more than the ring's own part: refused until a day has passed, but not forgotten */
    assert_int_equal(rig_ask(1, 1000, 0, "BTC-USDT", "0.5"), POLICY_MEMORY);
}

/* ---- flooding ---- */

static void floods_are_counted(void **state)
{
    (void)state;
    rig_start();
    unsigned writes = disk.writes;
    for (int n = 0; n < 1000; n++)
        OK(rig_entry(WIRE_SIGN_ORDER, POLICY_KEY, CAP_TRADE));
    assert_int_equal(disk.writes - writes, AUDIT_REFUSALS_BURST);
    /* an administrator's are apart */
    writes = disk.writes;
    OK(rig_entry(WIRE_LIST, POLICY_SEALED, CAP_ADMIN));
    assert_int_equal(disk.writes - writes, 1);
    for (int n = 0; n < 100; n++)
        OK(rig_entry(WIRE_STATUS, WIRE_ALLOWED, CAP_TRADE));
    rig_pass(AUDIT_MORE_MS);
    OK(audit_idle(rig.a, rig.now));
    assert_false(audit_dirty(rig.a));
    read_all();
    uint32_t refused = 0, allowed = 0;
    for (unsigned i = 0; i < records; i++)
        for (unsigned m = 0; record[i].type == AUDIT_MORE && m < record[i].mores; m++) {
            refused += record[i].more[m].reason == POLICY_KEY ? record[i].more[m].count : 0;
            allowed += record[i].more[m].reason == WIRE_ALLOWED ? record[i].more[m].count : 0;
        }
    assert_int_equal(refused, 1000 - AUDIT_REFUSALS_BURST);
    assert_int_equal(allowed, 100);
    rig_pass(3000);
    writes = disk.writes;
    for (int n = 0; n < 100; n++)
        OK(rig_entry(WIRE_SIGN_ORDER, POLICY_KEY, CAP_TRADE));
    assert_int_equal(disk.writes - writes, 13); /* one a second */
}

static void too_many_cancels(void **state)
{
    (void)state;
    rig_start();
    for (int n = 0; n < AUDIT_SIGNED_BURST; n++)
        OK(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE));
    assert_int_equal(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE), ERR_FULL);
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    rig_pass(1000);
    for (int n = 0; n < AUDIT_SIGNED_SEC; n++)
        OK(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE));
    assert_int_equal(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE), ERR_FULL);
}

/* ---- secrets ---- */

static bool somewhere(const char *text)
{
    for (int i = 0; i < DISK_FILES; i++)
        if (disk.file[i].there &&
            memmem(disk.file[i].now, disk.file[i].len, text, strlen(text)) != NULL)
            return true;
    return false;
}

static void no_secret(void **state)
{
    (void)state;
    static const char SECRET[] = "correct horse battery staple";
    uint8_t bytes[WIRE_BUFFER_MAX];
    size_t len;
    struct wire_request q;
    memset(&q, 0, sizeof q);
    q.unlock = WIRE_PASSPHRASE;
    q.secret = (const uint8_t *)SECRET;
    q.secret_len = sizeof SECRET - 1;
    q.policy = (const uint8_t *)SECRET;
    q.policy_len = sizeof SECRET - 1;
    rig_start();
    static const enum wire_type TYPES[] = {WIRE_UNLOCK, WIRE_POLICY_SET};
    static const enum wire_type CLAIMED[] = {0, WIRE_UNLOCK, WIRE_POLICY_SET, WIRE_STATUS,
                                             WIRE_SIGN_ORDER};
    for (unsigned t = 0; t < 2; t++)
        for (unsigned c = 0; c < 5; c++) {
            q.type = TYPES[t];
            OK(wire_encode_request(&q, bytes, &len));
            struct audit_entry e = rig_blank(CLAIMED[c], POLICY_SECRET, CAP_ADMIN);
            e.request = bytes;
            e.len = len;
            OK(audit_record(rig.a, &e));
            e.reason = POLICY_MESSAGE;
            bytes[2] = (uint8_t)CLAIMED[c]; /* a secret in a message of another type */
            OK(audit_record(rig.a, &e));
        }
    rig_stop();
    assert_false(somewhere("horse"));
    read_all();
    assert_int_equal(count(AUDIT_DECISION), 20);
    assert_int_equal(record[4].kept, 8);
    assert_int_equal(record[4].request_len, len - 4 - sizeof SECRET + 1);
}

/* ---- sealed ---- */

static enum err order_while_sealed(void)
{
    assert_int_equal(rig_ask(1, 1, 0, "BTC-USDT", "0.5"), WIRE_ALLOWED);
    struct audit_entry e = rig_blank(WIRE_SIGN_ORDER, WIRE_ALLOWED, CAP_TRADE);
    e.decision = &rig.d;
    return audit_record(rig.a, &e);
}

static void sealed(void **state)
{
    (void)state;
    OK(rig_open());
    assert_int_equal(order_while_sealed(), ERR_STATE);
    OK(rig_entry(WIRE_UNLOCK, POLICY_SECRET, CAP_ADMIN));
    OK(rig_unlock());
    assert_int_equal(rig_unlock(), ERR_STATE);
    OK(rig_order(1, 2, 0, "BTC-USDT", "0.5"));
    struct audit_entry e = rig_blank(WIRE_SEAL, WIRE_ALLOWED, CAP_ADMIN);
    OK(audit_seal(rig.a, &e));
    assert_int_equal(order_while_sealed(), ERR_STATE);
    assert_int_equal(audit_seal(rig.a, &e), ERR_STATE);
    rig.key[0] ^= 1;
    assert_int_equal(rig_unlock(), ERR_CORRUPT);
    rig.key[0] ^= 1;
    OK(rig_unlock());
    OK(rig_order(1, 4, 0, "BTC-USDT", "0.5"));
    rig_stop();
    read_all();
    assert_int_equal(count(AUDIT_SEAL), 1);
    assert_int_equal(count(AUDIT_UNLOCK), 2);
    for (unsigned i = 0; i < records; i++)
        if (record[i].type == AUDIT_DECISION && record[i].order)
            assert_true(record_keyed[i]);
}

static void policy_is_recorded(void **state)
{
    (void)state;
    rig_start();
    struct audit_entry e = rig_blank(WIRE_POLICY_SET, WIRE_ALLOWED, CAP_ADMIN);
    rig.policy_hash[3] = 99;
    struct audit_store s = {rig.store, 5, rig.policy_hash};
    OK(audit_policy(rig.a, &e, &s));
    rig_stop();
    read_all();
    assert_int_equal(count(AUDIT_POLICY), 1);
    /* the store of before is an old one now */
    OK(rig_open());
    rig.generation = 4;
    assert_int_equal(rig_unlock(), ERR_STATE);
    assert_non_null(strstr(rig.why, "old key store"));
    rig.generation = 5;
    OK(rig_unlock());
}

static void rekey(void **state)
{
    (void)state;
    uint8_t next[32];
    memset(next, 77, sizeof next);
    for (int went_through = 0; went_through < 2; went_through++) {
        rig_reset(AUDIT_SLICED);
        rig_start();
        OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
        struct secret key;
        OK(secret_copy(&key, next, sizeof next));
        OK(audit_rekey(rig.a, &key, rig.now));
        secret_free(&key);
        rig_stop();
        OK(rig_open());
        rig.key[5] ^= 1;
        assert_int_equal(rig_unlock(), ERR_CORRUPT);
        rig.key[5] ^= 1;
        if (went_through)
            memcpy(rig.key, next, sizeof next);
        OK(rig_unlock());
        assert_int_equal(rig_order(1, 1, 0, "BTC-USDT", "0.5"), ERR_STATE);
        rig_stop();
        rig_start();
        rig_stop();
    }
}

/* ---- segments ---- */

static void segments_go_on(void **state)
{
    (void)state;
    rig_start();
    uint64_t order = 1;
    for (int n = 0; n < 3000; n++) {
        rig_pass(400000);
        if (n % 10 == 0)
            OK(rig_order(1 + order % 2, order, 0, "BTC-USDT", "0.5")), order++;
        else
            OK(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE));
        if (n % 100 == 0)
            OK(audit_idle(rig.a, rig.now));
    }
    uint32_t lowest, highest;
    DISK_OS.segments(DISK_DIR, &lowest, &highest);
    assert_in_range(highest, 2, 6);
    static struct policy_counters before;
    policy_clock(&rig.c, rig.now);
    before = rig.c;
    rig_stop();
    /* nothing before the last snapshot is needed */
    disk_find("00000001.audit")->there = false;
    rig_start();
    assert_memory_equal(rig.c.slot, before.slot, sizeof before.slot);
    assert_memory_equal(rig.c.instance, before.instance, sizeof before.instance);
}

static void sealed_segments_go_on(void **state)
{
    (void)state;
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    struct audit_entry e = rig_blank(WIRE_SEAL, WIRE_ALLOWED, CAP_ADMIN);
    OK(audit_seal(rig.a, &e));
    uint32_t lowest, highest = 0;
    while (highest < 3) {
        rig_pass(1000);
        OK(rig_entry(WIRE_UNLOCK, POLICY_SECRET, CAP_ADMIN));
        DISK_OS.segments(DISK_DIR, &lowest, &highest);
    }
    rig_drop();
    OK(rig_open());
    OK(rig_unlock());
    assert_int_equal(rig_order(1, 1, 0, "BTC-USDT", "0.5"), ERR_STATE);
    rig_stop();
    read_all();
}

int main(void)
{
#define SLICED(t) cmocka_unit_test_setup_teardown(t, sliced, done)
    const struct CMUnitTest tests[] = {
        SLICED(a_life),
        SLICED(counters_come_back),
        SLICED(clock_steps),
        SLICED(reboot_believes_the_wall_clock),
        cmocka_unit_test_setup_teardown(strict_is_on_disk, strict, done),
        SLICED(slices_save_syncs),
        SLICED(idle_takes_slices_early),
        SLICED(written_is_synced_in_time),
        SLICED(a_crash_spends_slices),
        SLICED(many_slices),
        SLICED(floods_are_counted),
        SLICED(too_many_cancels),
        SLICED(no_secret),
        SLICED(sealed),
        SLICED(policy_is_recorded),
        SLICED(rekey),
        SLICED(segments_go_on),
        SLICED(sealed_segments_go_on),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

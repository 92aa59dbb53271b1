/* Audit logs of any bytes: reading never crashes, what decodes encodes to the same bytes, and a
 * changed log is never taken for the good one.
 *
 * Input: 'r' and a record; 'c' and a counter's slot; 'f' and a segment; 'e' and edits (u16
 * position, u8 xor) of a good log; 's' and blocks of records: (u8 keyed, u16 length, record)...
 * with hashes put right. */
#include "audit_rig.h"
#include "base/check.h"
#include "wallet/audit_counter.h"
#include "wallet/audit_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GOOD_MAX 16384

static uint8_t good[GOOD_MAX];
static size_t good_len;
static uint64_t good_records;
static struct policy_counters counters;
static struct policy_spend ring[RIG_ORDERS];

static void make_good(void)
{
    rig_reset(AUDIT_SLICED);
    rig_start();
    for (uint64_t n = 1; n <= 8; n++)
        CHECK(rig_order(1 + n % 2, n, 0, "BTC-USDT", "0.5") == ERR_OK);
    CHECK(rig_order(1, 20, 7, "BTC-USDT", "0.5") == ERR_STATE); /* of the other instance */
    rig_stop();
    const struct disk_file *f = disk_find("00000001.audit");
    for (good_len = f->len; !f->now[good_len - 1]; good_len--) {}
    CHECK(good_len < GOOD_MAX - 64);
    memcpy(good, f->now, good_len);
    disk_free();
}

static enum audit_fault verify(const uint8_t *bytes, size_t len, struct audit_report *report)
{
    char why[WHY_MAX];
    disk_reset();
    disk_put(disk_make("00000001.audit"), bytes, len);
    struct audit_verify v = {.os = &DISK_OS, .dir = DISK_DIR, .from = 1, .counters = &counters};
    policy_counters_init(&counters, ring, RIG_ORDERS);
    CHECK(audit_verify(&v, report, why) == ERR_OK);
    CHECK(!report->trouble.fault == !report->trouble.why[0]);
    disk_free();
    return report->trouble.fault;
}

static void record(const uint8_t *data, size_t size)
{
    static uint8_t again[AUDIT_BLOCK_MAX];
    struct bufr in = bufr_make(data, size);
    struct audit_record r;
    if (audit_decode(&in, &r) != ERR_OK)
        return;
    struct bufw w = bufw_make(again, sizeof again);
    audit_encode(&r, &w);
    CHECK(w.failed || (w.len == in.pos && memcmp(again, data, w.len) == 0));
}

static void counter(const uint8_t *data, size_t size)
{
    uint8_t slot[AUDIT_COUNTER_SLOT] = {0}, again[AUDIT_COUNTER_SLOT];
    struct audit_counter c;
    memcpy(slot, data, size < sizeof slot ? size : sizeof slot);
    audit_hash(slot, sizeof slot - AUDIT_HASH, NULL, slot + sizeof slot - AUDIT_HASH);
    if (audit_counter_decode(slot, &c) == ERR_OK)
        audit_counter_encode(&c, again);
}

static void edit(const uint8_t *data, size_t size)
{
    static uint8_t bytes[GOOD_MAX];
    struct audit_report report;
    bool same = true;
    memcpy(bytes, good, good_len);
    for (; size >= 3; data += 3, size -= 3)
        bytes[((size_t)data[0] << 8 | data[1]) % good_len] ^= data[2];
    same = memcmp(bytes, good, good_len) == 0;
    enum audit_fault f = verify(bytes, good_len, &report);
    CHECK(same == (f == AUDIT_FINE) && report.records <= good_records);
}

/* Records that chain well, whatever they say. */
static void chained(const uint8_t *data, size_t size)
{
    static uint8_t log[8 * AUDIT_BLOCK_MAX];
    static const uint8_t key[32] = {1};
    struct audit_block b = {.segment = 1, .number = 1, .first = 1, .records = 1};
    struct audit_report report;
    size_t at = 0;
    while (size >= 3) {
        bool keyed = data[0] & 1;
        size_t len = (size_t)data[1] | (size_t)data[2] << 8;
        data += 3, size -= 3;
        len = len < size ? len : size;
        if (len < AUDIT_RECORD_MIN || at + AUDIT_HEAD + len + AUDIT_TAIL > sizeof log ||
            AUDIT_HEAD + len + AUDIT_TAIL > AUDIT_BLOCK_MAX)
            break;
        uint8_t *p = log + at;
        uint32_t body = (uint32_t)len - 4;
        memcpy(p + AUDIT_HEAD, data, len);
        memcpy(p + AUDIT_HEAD, &body, sizeof body);
        memcpy(p + AUDIT_HEAD + 5, &b.first, sizeof b.first);
        audit_seal_block(p, AUDIT_HEAD + len, &b, keyed ? key : NULL);
        at += b.len;
        b.number++;
        b.first++;
        memcpy(b.before, b.hash, sizeof b.before);
        data += len, size -= len;
    }
    if (at)
        (void)verify(log, at, &report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_report report;
    if (!good_len) {
        make_good();
        CHECK(verify(good, good_len, &report) == AUDIT_FINE);
        good_records = report.records;
    }
    if (size < 1)
        return 0;
    switch (data[0]) {
    case 'r': record(data + 1, size - 1); break;
    case 'c': counter(data + 1, size - 1); break;
    case 'f':
        if (size > 1)
            (void)verify(data + 1, size - 1, &report);
        break;
    case 'e': edit(data + 1, size - 1); break;
    case 's': chained(data + 1, size - 1); break;
    default: break;
    }
    return 0;
}

/* Verifying an audit log: the first thing that was done to it is named, with its record. */
#include "audit_rig.h"
#include "wallet/audit_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OK(x)      assert_int_equal((x), ERR_OK)
#define BLOCKS_MAX 4000

/* ---- a good log, and where its blocks are ---- */

static struct {
    uint32_t segment;
    uint64_t offset, len, number, first, last;
} block[BLOCKS_MAX];
static unsigned blocks;
static struct disk_copy copy;
static struct audit_counter counter;
static struct policy_counters counters;
static struct policy_spend ring[RIG_ORDERS];
static struct audit_report report;
static struct secret key;
static bool with_key, with_counter;
static uint32_t from;

static bool keep(void *arg, const struct audit_walk *w, const struct audit_block *b,
                 const uint8_t *bytes)
{
    (void)arg;
    (void)bytes;
    assert_true(blocks < BLOCKS_MAX);
    block[blocks].segment = b->segment;
    block[blocks].offset = w->reader.at - b->len;
    block[blocks].len = b->len;
    block[blocks].number = b->number;
    block[blocks].first = b->first;
    block[blocks++].last = b->first + b->records - 1;
    return true;
}

static enum audit_fault verify(bool collect)
{
    char why[WHY_MAX];
    struct audit_verify v = {.os = &DISK_OS,
                             .dir = DISK_DIR,
                             .from = from,
                             .counter = with_counter ? &counter : NULL,
                             .key = with_key ? &key : NULL,
                             .counters = &counters};
    policy_counters_init(&counters, ring, RIG_ORDERS);
    if (collect)
        v.visit.block = keep;
    OK(audit_verify(&v, &report, why));
    return report.trouble.fault;
}

static void read_counter(void)
{
    int fd;
    char why[WHY_MAX];
    OK(audit_counter_open(&DISK_OS, "counter", false, &fd, &counter, why));
}

static struct disk_file *segment(uint32_t n)
{
    char name[AUDIT_NAME_MAX];
    audit_segment_name(n, name);
    return disk_find(name);
}

/* Files as long as what they hold: a disk of this test is quick to read. */
static void make(unsigned orders)
{
    rig_reset(AUDIT_SLICED);
    rig_start();
    for (unsigned n = 1; n <= orders; n++) {
        OK(rig_order(1 + n % 2, n, 0, n % 3 ? "BTC-USDT" : "ETH-USDT", "0.5"));
        if (n % 4 == 0)
            OK(rig_entry(WIRE_SIGN_ORDER, POLICY_KEY, CAP_TRADE));
        rig_pass(orders > 100 ? 400000 : 100);
    }
    rig_stop();
    with_counter = true;
    with_key = false;
    from = 1;
    blocks = 0;
    read_counter();
    assert_int_equal(verify(true), AUDIT_FINE);
    for (unsigned i = 0; i < blocks; i++)
        if (i + 1 == blocks || block[i + 1].segment != block[i].segment)
            segment(block[i].segment)->len = block[i].offset + block[i].len + 32;
    disk_save(&copy);
    OK(secret_copy(&key, rig.key, sizeof rig.key));
}

static int short_log(void **state)
{
    (void)state;
    make(12);
    return 0;
}

static int long_log(void **state)
{
    (void)state;
    make(1500);
    assert_true(block[blocks - 1].segment >= 2);
    return 0;
}

static int done(void **state)
{
    (void)state;
    disk_copy_free(&copy);
    disk_free();
    secret_free(&key);
    return 0;
}

static unsigned at_offset(uint64_t at)
{
    for (unsigned i = 0; i < blocks; i++)
        if (at < block[i].offset + block[i].len)
            return i;
    return blocks;
}

static void names(unsigned i, const char *what)
{
    const struct audit_trouble *t = &report.trouble;
    bool good = i < blocks ? t->block == block[i].number && t->offset == block[i].offset &&
                                 t->first == block[i].first && t->last >= t->first
                           : t->block == block[blocks - 1].number + 1;
    if (!good || !strstr(t->why, ".audit, offset "))
        fail_msg("%s of block %u: %s", what, i, t->why);
}

/* ---- what is done to it ---- */

static void flipped_anywhere(void **state)
{
    (void)state;
    for (with_key = false;; with_key = true) {
        for (size_t at = 0; at < segment(1)->len; at++) {
            uint8_t bit = (uint8_t)(1u << at % 8);
            segment(1)->now[at] ^= bit;
            /* Behind the end it is what an interrupted write leaves. */
            bool behind = at_offset(at) == blocks;
            enum audit_fault f = verify(false);
            if (!behind) {
                assert_int_not_equal(f, AUDIT_FINE);
                names(at_offset(at), "a flipped bit");
            } else {
                assert_int_equal(f, AUDIT_FINE);
                assert_true(report.torn > 0);
                with_counter = false;
                assert_int_not_equal(verify(false), AUDIT_FINE);
                with_counter = true;
            }
            segment(1)->now[at] ^= bit;
        }
        if (with_key)
            break;
    }
    assert_int_equal(verify(false), AUDIT_FINE);
}

static void cut_anywhere(void **state)
{
    (void)state;
    size_t whole = segment(1)->len;
    for (size_t at = 0; at + 32 < whole; at++) {
        segment(1)->len = at;
        assert_int_not_equal(verify(false), AUDIT_FINE);
        names(at_offset(at), "a cut");
        with_counter = false;
        bool between = at == 0;
        for (unsigned i = 0; i < blocks; i++)
            between |= at == block[i].offset;
        assert_int_equal(verify(false), between ? AUDIT_FINE : AUDIT_CUT);
        with_counter = true;
    }
}

static void left_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < blocks; i++) {
        disk_restore(&copy);
        struct disk_file *f = segment(1);
        size_t end = block[i].offset + block[i].len;
        memmove(f->now + block[i].offset, f->now + end, f->len - end);
        f->len -= block[i].len;
        assert_int_equal(verify(false), AUDIT_MISSING);
        names(i, "a block left out");
    }
}

static void twice(void **state)
{
    (void)state;
    for (unsigned i = 0; i < blocks; i++) {
        disk_restore(&copy);
        struct disk_file *f = segment(1);
        size_t end = block[i].offset + block[i].len;
        uint8_t *all = malloc(f->len + block[i].len);
        memcpy(all, f->now, end);
        memcpy(all + end, f->now + block[i].offset, block[i].len);
        memcpy(all + end + block[i].len, f->now + end, f->len - end);
        disk_put(f, all, f->len + block[i].len);
        free(all);
        assert_int_equal(verify(false), AUDIT_AGAIN);
        assert_int_equal(report.trouble.block, block[i].number + 1);
        assert_int_equal(report.trouble.offset, end);
    }
}

static void exchanged(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < blocks; i++) {
        disk_restore(&copy);
        struct disk_file *f = segment(1);
        size_t a = block[i].len, b = block[i + 1].len, at = block[i].offset;
        uint8_t *both = malloc(a + b);
        memcpy(both, f->now + at + a, b);
        memcpy(both + b, f->now + at, a);
        memcpy(f->now + at, both, a + b);
        free(both);
        assert_int_equal(verify(false), AUDIT_MISSING);
        names(i, "two exchanged");
    }
}

/* Somebody who can hash, and has no key, writes history anew from block [i] on. */
static void rewrite(unsigned i, bool keep_macs)
{
    struct disk_file *f = segment(1);
    struct audit_block b, before;
    for (unsigned n = i; n < blocks; n++) {
        uint8_t *p = f->now + block[n].offset, mac[AUDIT_HASH];
        OK(audit_block_head(p, &b));
        if (n > 0) {
            OK(audit_block_head(f->now + block[n - 1].offset, &before));
            (void)audit_block_holds(f->now + block[n - 1].offset, &before);
            memcpy(b.before, before.hash, AUDIT_HASH);
        }
        memcpy(mac, p + b.len - AUDIT_TAIL, AUDIT_HASH);
        bool keyed = b.keyed;
        uint8_t other[32] = {1};
        audit_seal_block(p, b.len - AUDIT_TAIL, &b, keyed ? other : NULL);
        if (keep_macs && keyed) {
            memcpy(p + b.len - AUDIT_TAIL, mac, AUDIT_HASH);
            audit_hash(p, b.len - AUDIT_HASH, NULL, p + b.len - AUDIT_HASH);
        }
    }
}

static void written_anew(void **state)
{
    (void)state;
    for (unsigned i = 3; i < blocks; i++)
        for (int macs = 0; macs < 2; macs++) {
            disk_restore(&copy);
            /* another pid in the first record's head, say */
            segment(1)->now[block[i].offset + AUDIT_HEAD + 13] ^= 1;
            rewrite(i, macs);
            with_key = false;
            with_counter = false;
            assert_int_equal(verify(false), AUDIT_FINE); /* a good chain */
            with_counter = true;
            assert_int_equal(verify(false), AUDIT_ROLLED_BACK);
            with_key = true;
            with_counter = false;
            struct audit_block b;
            OK(audit_block_head(segment(1)->now + block[i].offset, &b));
            if (!b.keyed)
                continue;
            assert_int_equal(verify(false), AUDIT_FORGED);
            names(i, "another history");
        }
}

static void counters_that_do_not_add_up(void **state)
{
    (void)state;
    disk_restore(&copy);
    with_counter = false;
    unsigned found = 0;
    for (unsigned i = 0; i < blocks; i++) {
        struct audit_record r;
        uint8_t *p = segment(1)->now + block[i].offset;
        struct bufr in = bufr_make(p, block[i].len - AUDIT_TAIL);
        in.pos = AUDIT_HEAD;
        for (uint64_t n = block[i].first; n <= block[i].last; n++) {
            OK(audit_decode(&in, &r));
            if (r.type != AUDIT_DECISION || !r.order)
                continue;
            p[in.pos - 16] ^= 1; /* day value */
            rewrite(i, false);
            assert_int_equal(verify(false), AUDIT_RECORDS);
            assert_int_equal(report.trouble.first, n);
            assert_non_null(strstr(report.trouble.why, "add up"));
            disk_restore(&copy);
            found++;
        }
    }
    assert_int_equal(found, 12);
}

static void whole_segments(void **state)
{
    (void)state;
    uint32_t last = block[blocks - 1].segment;
    with_key = true;
    assert_int_equal(verify(false), AUDIT_FINE);
    for (uint32_t n = 1; n <= last; n++) {
        disk_restore(&copy);
        segment(n)->there = false;
        enum audit_fault f = verify(false);
        assert_int_equal(f, n == last ? AUDIT_ROLLED_BACK : AUDIT_MISSING);
        assert_int_equal(report.trouble.segment, n == last ? n - 1 : n);
    }
    disk_restore(&copy);
    /* exchanged */
    char a[64], b[64];
    memcpy(a, segment(1)->name, sizeof a);
    memcpy(b, segment(2)->name, sizeof b);
    struct disk_file *one = segment(1), *two = segment(2);
    memcpy(one->name, b, sizeof b);
    memcpy(two->name, a, sizeof a);
    assert_int_equal(verify(false), AUDIT_SPLICED);
    assert_int_equal(report.trouble.segment, 1);
    assert_int_equal(report.trouble.offset, 0);
    disk_restore(&copy);
    /* put elsewhere */
    segment(1)->there = false;
    from = 2;
    assert_int_equal(verify(false), AUDIT_FINE);
    from = 1;
    assert_int_equal(verify(false), AUDIT_MISSING);
}

/* The signer refuses what the counter does not know. */
static enum err restart(void)
{
    enum err e = rig_open();
    if (!e)
        e = rig_unlock();
    if (rig.a)
        rig_drop();
    return e;
}

static void the_signer_refuses(void **state)
{
    (void)state;
    /* an older log under a newer counter */
    disk_restore(&copy);
    struct disk_copy newer;
    rig_start();
    OK(rig_order(1, 5000, 0, "BTC-USDT", "0.5"));
    rig_stop();
    disk_save(&newer);
    disk_restore(&copy);
    struct disk_file *f = disk_find("counter");
    for (int i = 0; i < DISK_FILES; i++)
        if (newer.file[i].there && strcmp(newer.file[i].name, "counter") == 0)
            disk_put(f, newer.file[i].now, newer.file[i].len);
    assert_int_equal(restart(), ERR_STATE);
    assert_non_null(strstr(rig.why, "rolled back"));
    /* no counter */
    disk_restore(&copy);
    disk_find("counter")->there = false;
    assert_int_equal(restart(), ERR_STATE);
    assert_non_null(strstr(rig.why, "counter is missing"));
    /* no log */
    disk_restore(&copy);
    for (uint32_t n = 1; n <= block[blocks - 1].segment; n++)
        segment(n)->there = false;
    assert_int_equal(restart(), ERR_STATE);
    /* another store's, an older store */
    disk_restore(&copy);
    rig.store[0] ^= 1;
    assert_int_equal(restart(), ERR_STATE);
    assert_non_null(strstr(rig.why, "another key store"));
    rig.store[0] ^= 1;
    rig.generation--;
    assert_int_equal(restart(), ERR_STATE);
    rig.generation++;
    rig.key[0] ^= 1;
    assert_int_equal(restart(), ERR_CORRUPT);
    rig.key[0] ^= 1;
    OK(restart());
    disk_copy_free(&newer);
}

/* Any byte of the counter changed: its other slot is believed, or none; nothing is forgotten. */
static void the_counter_flipped(void **state)
{
    (void)state;
    size_t len = disk_find("counter")->len;
    unsigned refused = 0, went_on = 0;
    for (size_t at = 0; at < len; at += at % 4096 >= 520 && at < 4000 ? 97 : 1) {
        disk_restore(&copy);
        disk_find("counter")->now[at] ^= 0x10;
        enum err e = restart();
        went_on += e == ERR_OK;
        refused += e != ERR_OK;
    }
    assert_true(went_on > 0); /* the slot of before knows an earlier block of the same log */
    assert_int_equal(refused, 0);
    disk_restore(&copy);
    disk_find("counter")->now[10] ^= 1;
    disk_find("counter")->now[4096 + 10] ^= 1;
    assert_int_equal(restart(), ERR_CORRUPT);
    assert_non_null(strstr(rig.why, "accept"));
}

/* Any byte of the log changed: the signer does not start, or what was changed was never synced. */
static void the_signer_and_flips(void **state)
{
    (void)state;
    for (size_t at = 0; at + 32 < segment(1)->len; at += 7) {
        disk_restore(&copy);
        segment(1)->now[at] ^= (uint8_t)(1u << at % 8);
        enum err e = restart();
        if (e != ERR_STATE && e != ERR_CORRUPT)
            fail_msg("a flip at %zu: %s", at, err_name(e));
    }
}

int main(void)
{
#define SHORT(t) cmocka_unit_test_setup_teardown(t, short_log, done)
#define LONG(t)  cmocka_unit_test_setup_teardown(t, long_log, done)
    const struct CMUnitTest tests[] = {
        SHORT(flipped_anywhere),
        SHORT(cut_anywhere),
        SHORT(left_out),
        SHORT(twice),
        SHORT(exchanged),
        SHORT(written_anew),
        SHORT(counters_that_do_not_add_up),
        LONG(whole_segments),
        SHORT(the_signer_refuses),
        SHORT(the_counter_flipped),
        SHORT(the_signer_and_flips),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

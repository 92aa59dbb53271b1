/* The audit log when the disk fails, fills up, or the power goes, at every call: nothing is signed
 * twice, no limit is passed, and a start goes on.
 *
 * TRADEWIND_TEST_SEED repeats a random run. */
#include "audit_rig.h"

#include "base/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define OK(x) assert_int_equal((x), ERR_OK)

/* ---- what left the signer ---- */

#define SIGNED_MAX 4096
struct signed_order {
    uint64_t instance, order, replaces;
    int symbol;
    int64_t at; /* wall time */
};
static struct signed_order gone[SIGNED_MAX];
static unsigned gone_count;
static uint64_t seed;

static const char *const SYMBOL[] = {"BTC-USDT", "ETH-USDT"};

/* 40 orders of a half each day and symbol; a slice is 16 of them. */
static void limits(void)
{
    for (int i = 0; i < 2; i++) {
        rig.policy.instrument[i].day_base = dec_lit("20");
        rig.policy.instrument[i].hour_base = dec_lit("15");
    }
}

static enum err sign(uint64_t instance, uint64_t order, uint64_t replaces, int symbol)
{
    enum err e = rig_order(instance, order, replaces, SYMBOL[symbol], "0.5");
    if (!e) {
        assert_true(gone_count < SIGNED_MAX);
        gone[gone_count++] =
            (struct signed_order){instance, order, replaces, symbol, rig.now.wall_ms};
    }
    return e;
}

/* No two are the same, none was replaced twice, and no hour or day has more than its limit. */
static void check_gone(void)
{
    for (unsigned i = 0; i < gone_count; i++) {
        unsigned hour = 0, day = 0;
        for (unsigned j = 0; j <= i; j++) {
            const struct signed_order *a = &gone[i], *b = &gone[j];
            bool same = j < i && a->instance == b->instance;
            if (same && (a->order == b->order || (a->replaces && a->replaces == b->replaces)))
                fail_msg("seed %llu: order %llu of %llu twice", (unsigned long long)seed,
                         (unsigned long long)a->order, (unsigned long long)a->instance);
            hour += a->symbol == b->symbol && a->at - b->at < POLICY_HOUR_MS;
            day += a->symbol == b->symbol && a->at - b->at < POLICY_DAY_MS;
        }
        if (hour > 30 || day > 40)
            fail_msg("seed %llu: %u orders an hour, %u a day", (unsigned long long)seed, hour, day);
    }
}

/* Whatever was signed is refused now. */
static void check_refused(void)
{
    for (unsigned i = 0; i < gone_count; i++) {
        const struct signed_order *g = &gone[i];
        enum wire_reason r = rig_ask(g->instance, g->order, 0, SYMBOL[g->symbol], "0.5");
        if (r != POLICY_REPEATED && r != POLICY_OLD_INTENT)
            fail_msg("seed %llu: order %llu would be signed again: %s", (unsigned long long)seed,
                     (unsigned long long)g->order, wire_reason_name(r));
    }
}

/* ---- one short life, the same each time ---- */

static enum err life(void)
{
    enum err e = rig_open();
    if (e)
        return e;
    e = rig_entry(WIRE_UNLOCK, POLICY_SECRET, CAP_ADMIN);
    if (!e)
        e = rig_unlock();
    for (uint64_t n = 1; !e && n <= 20; n++) {
        e = sign(1, n, n == 10 ? 9 : 0, (int)(n % 2));
        rig_pass(200);
        if (!e && n % 7 == 0)
            e = rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE);
        if (!e && n % 3 == 0)
            e = audit_idle(rig.a, rig.now);
        if (!e && n == 15) {
            struct audit_entry seal = rig_blank(WIRE_SEAL, WIRE_ALLOWED, CAP_ADMIN);
            e = audit_seal(rig.a, &seal);
            if (!e)
                e = rig_unlock();
        }
        assert_true(e != ERR_STATE);
    }
    if (!e) {
        e = audit_close(rig.a, rig.now);
        rig.a = NULL;
    }
    return e;
}

enum loss { PROCESS, POWER, TORN };

static unsigned a_failure_at(unsigned k, enum audit_mode mode, enum loss loss, bool all, int error)
{
    struct rng rng;
    rng_seed(&rng, seed + k);
    rig_reset(mode);
    limits();
    gone_count = 0;
    disk.fail_at = k;
    disk.fail_all = all;
    disk.fail_errno = error;
    disk.short_writes = k % 2;
    enum err e = life();
    unsigned calls = disk.calls;
    if (k && k <= calls) {
        assert_int_not_equal(e, ERR_OK);
        if (rig.a) {
            /* final, with a reason */
            assert_int_equal(rig_entry(WIRE_SIGN_CANCEL, WIRE_ALLOWED, CAP_TRADE), ERR_IO);
            assert_true(audit_why(rig.a)[0]);
        } else if (rig.why[0]) {
            assert_true(e == ERR_IO || e == ERR_FULL);
        }
    } else {
        OK(e);
    }
    rig_drop();
    disk.fail_at = 0;
    if (loss != PROCESS)
        disk_power_loss(loss == TORN ? &rng : NULL);
    rig_pass(1000);
    if (loss == POWER)
        rig_reboot(1000);
    if (rig_open() || rig_unlock())
        fail_msg("seed %llu, call %u: %s", (unsigned long long)seed, k, rig.why);
    check_refused();
    for (uint64_t n = 1; n <= 400; n++)
        if (n != 10)
            (void)sign(1, n, 0, (int)(n % 2));
    (void)sign(1, 401, 9, 1);
    check_gone();
    rig_stop();
    return calls;
}

static void every_call_fails(void **state)
{
    (void)state;
    static const int ERRORS[] = {EIO, ENOSPC};
    for (int mode = AUDIT_STRICT; mode <= AUDIT_SLICED; mode++)
        for (int loss = PROCESS; loss <= TORN; loss++)
            for (int all = 0; all < 2; all++) {
                unsigned calls =
                    a_failure_at(0, (enum audit_mode)mode, (enum loss)loss, all, ERRORS[all]);
                assert_in_range(calls, 50, 400);
                for (unsigned k = 1; k <= calls; k++)
                    (void)a_failure_at(k, (enum audit_mode)mode, (enum loss)loss, all, ERRORS[all]);
            }
    disk_free();
}

/* ---- long random lives ---- */

struct agent {
    uint64_t next[3];
    uint64_t last[3];
};

/* Something happens; whether the signer still works. */
static bool something(struct rng *r, struct agent *g)
{
    unsigned i = (unsigned)rng_below(r, 3);
    int symbol = (int)rng_below(r, 2);
    struct audit_entry e;
    enum err err = ERR_OK;
    switch (rng_below(r, 10)) {
    case 0: err = rig_entry(WIRE_SIGN_QUERY, WIRE_ALLOWED, CAP_TRADE); break;
    case 1: err = rig_entry(WIRE_SIGN_ORDER, POLICY_KEY, CAP_TRADE); break;
    case 2: err = audit_idle(rig.a, rig.now); break;
    case 3: err = sign(i + 1, g->next[i]++, g->last[i], symbol); break;
    case 4: /* again, or one that was left out */
        err = sign(i + 1, g->next[i] - rng_below(r, g->next[i] < 50 ? g->next[i] : 50), 0, symbol);
        break;
    case 5:
        if (rng_below(r, 20) == 0) {
            e = rig_blank(WIRE_SEAL, WIRE_ALLOWED, CAP_ADMIN);
            err = audit_seal(rig.a, &e);
            rig_pass(1000);
            err = err ? err : rig_unlock();
        }
        break;
    default:
        err = sign(i + 1, g->next[i], 0, symbol);
        g->last[i] = g->next[i];
        g->next[i] += 1 + rng_below(r, 3) / 2;
    }
    rig_pass((int64_t)rng_below(r, rng_below(r, 100) ? 2000 : 3 * POLICY_HOUR_MS));
    return err == ERR_OK || err == ERR_STATE || err == ERR_FULL;
}

static void a_long_life(uint64_t s, unsigned lives)
{
    struct rng r;
    struct agent g = {{1, 1, 1}, {0, 0, 0}};
    seed = s;
    rng_seed(&r, s);
    rig_reset(rng_below(&r, 4) ? AUDIT_SLICED : AUDIT_STRICT);
    limits();
    gone_count = 0;
    for (unsigned n = 0; n < lives; n++) {
        disk.calls = 0;
        disk.fail_at = 0;
        if (rig_open() || rig_unlock())
            fail_msg("seed %llu: %s", (unsigned long long)seed, rig.why);
        check_refused();
        disk.fail_at = disk.calls + 1 + (unsigned)rng_below(&r, 60);
        disk.fail_all = true;
        disk.short_writes = rng_below(&r, 2);
        unsigned steps = 1 + (unsigned)rng_below(&r, 100);
        while (steps-- && something(&r, &g)) {}
        if (rng_below(&r, 4) == 0) {
            enum err err = audit_close(rig.a, rig.now);
            assert_true(!err || err == ERR_IO);
            rig.a = NULL;
        }
        rig_drop();
        if (rng_below(&r, 3))
            disk_power_loss(rng_below(&r, 2) ? &r : NULL);
        rig_pass((int64_t)rng_below(&r, 5000));
        if (rng_below(&r, 3) == 0)
            rig_reboot((int64_t)rng_below(&r, 10000));
        for (int i = 0; i < 3; i++)
            g.next[i] += rng_below(&r, 2) * AUDIT_SLICE_NUMBERS;
    }
    check_gone();
}

static void random_lives(void **state)
{
    (void)state;
    const char *one = getenv("TRADEWIND_TEST_SEED");
    uint64_t first = one ? strtoull(one, NULL, 10) : (uint64_t)time(NULL);
    printf("# seeds from %llu\n", (unsigned long long)first);
    for (uint64_t n = 0; n < (one ? 1 : 40); n++)
        a_long_life(first + n, 25);
    disk_free();
}

/* ---- the disk is full ---- */

static void full_at_the_start(void **state)
{
    (void)state;
    rig_reset(AUDIT_SLICED);
    disk.capacity = rig.segment_bytes;
    assert_int_equal(rig_open(), ERR_FULL);
    assert_non_null(strstr(rig.why, "No space"));
    disk.capacity *= 2;
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    rig_stop();
    disk_free();
}

static void full_at_a_new_segment(void **state)
{
    (void)state;
    rig_reset(AUDIT_SLICED);
    disk.capacity = rig.segment_bytes * 2 - 10000;
    rig_start();
    uint64_t n = 1;
    while (rig_order(1, n, 0, "BTC-USDT", "0.5") == ERR_OK || rig.reason != WIRE_ALLOWED) {
        n++;
        rig_pass(POLICY_HOUR_MS);
        assert_true(n < 10000);
    }
    assert_non_null(strstr(audit_why(rig.a), "No space"));
    assert_int_equal(rig_order(1, n + 1, 0, "BTC-USDT", "0.5"), ERR_IO);
    rig_drop();
    assert_int_equal(rig_open(), ERR_FULL);
    disk.capacity *= 2;
    rig_start();
    assert_int_equal(rig_ask(1, n - 1, 0, "BTC-USDT", "0.5"), POLICY_REPEATED);
    OK(rig_order(1, n + 100, 0, "BTC-USDT", "0.5"));
    rig_stop();
    disk_free();
}

/* ---- the end of the log is cut or torn ---- */

/* At every byte: a start drops what was not synced, and refuses to go on without what was. */
static void cut_anywhere(void **state)
{
    (void)state;
    rig_reset(AUDIT_SLICED);
    rig_start();
    OK(rig_order(1, 1, 0, "BTC-USDT", "0.5"));
    size_t synced = 0, end = 0;
    static struct disk_copy copy;
    for (uint64_t n = 2; n <= 4; n++)
        OK(rig_order(1, n, 0, "BTC-USDT", "0.5"));
    rig_drop();
    struct disk_file *f = disk_find("00000001.audit");
    for (end = f->len; end && !f->now[end - 1]; end--) {}
    for (synced = f->len; synced && !f->synced[synced - 1]; synced--) {}
    assert_true(synced < end);
    disk_save(&copy);
    for (size_t at = 0; at <= end; at++) {
        disk_restore(&copy);
        f = disk_find("00000001.audit");
        if (at % 2)
            f->len = at; /* the file ends there */
        else
            memset(f->now + at, 0, f->len - at); /* the pages were lost */
        enum err e = rig_open();
        if (at >= synced) {
            OK(e);
            OK(rig_unlock());
            for (uint64_t n = 1; n <= 4; n++)
                assert_int_equal(rig_ask(1, n, 0, "BTC-USDT", "0.5"), POLICY_REPEATED);
        } else if (e != ERR_STATE && e != ERR_CORRUPT) {
            fail_msg("cut at %zu of %zu: %s", at, end, err_name(e));
        }
        rig_drop();
    }
    disk_copy_free(&copy);
    disk_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails),  cmocka_unit_test(random_lives),
        cmocka_unit_test(full_at_the_start), cmocka_unit_test(full_at_a_new_segment),
        cmocka_unit_test(cut_anywhere),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

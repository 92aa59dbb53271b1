#include "wallet/audit_accept.h"

#include "base/clock.h"
#include "wallet/audit_inside.h"
#include "wallet/audit_verify.h"
#include "wallet/key_store.h"
#include "wallet/policy_counters.h"
#include "wallet/policy_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct acceptance {
    struct key_store store;
    struct policy policy;
    struct policy_counters counters;
    struct policy_spend *ring;
    struct audit_report report;
    struct audit log; /* dir, counter, key */
    bool has_counter;
    char wrong[WHY_MAX]; /* what is: a sentence */
};

static enum err open_files(struct acceptance *x, const struct audit_args *a, char *why)
{
    struct audit *l = &x->log;
    enum err e = audit_place_make(a->log, why);
    if (!e)
        e = audit_place_make_for(a->counter, why);
    if (e)
        return e;
    l->dir = open(a->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->dir < 0)
        return why_say(why, ERR_IO, "%.120s: %s", a->log, strerror(errno));
    if (flock(l->dir, LOCK_EX | LOCK_NB) != 0)
        return why_say(why, ERR_STATE, "the signer has the log: stop it first");
    e = audit_counter_open(l->os, a->counter, true, &l->counter_fd, &l->counter, why);
    x->has_counter = e == ERR_OK;
    if (e == ERR_IO)
        return e;
    if (e)
        snprintf(x->wrong, sizeof x->wrong, "the counter: %.200s", why);
    return ERR_OK;
}

/* What is wrong with it, as far as the log can be read. */
static enum err examine(struct acceptance *x, char *why)
{
    struct audit *l = &x->log;
    uint32_t lowest, highest;
    int error = l->os->segments(l->dir, &lowest, &highest);
    if (error)
        return why_say(why, ERR_IO, "the audit log's directory: %s", strerror(error));
    struct audit_verify v = {.os = l->os,
                             .dir = l->dir,
                             .counter = x->has_counter ? &l->counter : NULL,
                             .from = lowest ? lowest : 1,
                             .key = &l->key,
                             .counters = &x->counters};
    enum err e = audit_verify(&v, &x->report, why);
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    if (e)
        return e;
    l->segment = highest > l->counter.segment ? highest : l->counter.segment;
    const struct keystore *k = &x->store.k;
    if (x->report.trouble.fault)
        snprintf(x->wrong, sizeof x->wrong, "%s", x->report.trouble.why);
    else if (x->has_counter && audit_counter_has_store(&l->counter) &&
             memcmp(l->counter.store, k->id, sizeof k->id) != 0)
        snprintf(x->wrong, sizeof x->wrong, "it is the log of another key store");
    else if (x->has_counter && k->generation < l->counter.generation)
        snprintf(x->wrong, sizeof x->wrong,
                 "an old key store was put back: generation %llu where %llu was seen",
                 (unsigned long long)k->generation, (unsigned long long)l->counter.generation);
    return x->wrong[0] ? ERR_OK
                       : why_say(why, ERR_STATE, "nothing is wrong: there is nothing to accept");
}

static enum err ask(const struct acceptance *x, const struct audit_args *a, char *why)
{
    const struct input terminal = {.has_fd = false};
    struct secret typed;
    printf(
        "%s: %s\n"
        "If you go on, that is recorded, nothing is removed, and all that the policy allows in an "
        "hour and a day counts as spent.\n",
        a->log, x->wrong);
    if (a->yes)
        return ERR_OK;
    enum err e = input_read(&terminal, "the word accept, to go on", 32, INPUT_SHOWN, &typed, why);
    if (e == ERR_NOT_FOUND)
        return why_say(why, e, "there is no terminal to ask on; --yes does not ask");
    if (e)
        return e;
    secret_open(&typed);
    bool yes = strcmp((const char *)typed.data, "accept") == 0;
    secret_free(&typed);
    return yes ? ERR_OK : why_say(why, ERR_STATE, "that is another word: nothing is changed");
}

/* All that may have been signed. */
static enum err spend(struct acceptance *x, struct policy_now now)
{
    struct policy_counters *c = &x->counters;
    const struct audit_counter *known = &x->log.counter;
    if (x->report.trouble.fault == AUDIT_FORGED) { /* who knows what it says */
        policy_counters_init(c, x->ring, AUDIT_ORDERS_DAY);
        if (policy_set_aside(c, AUDIT_SPARE))
            return ERR_FULL;
    }
    policy_clock(c, now);
    enum err e = ERR_OK;
    for (uint32_t i = 0; !e && i < known->instances; i++)
        e = policy_burn(c, known->instance[i].instance, known->instance[i].upto);
    for (uint32_t i = 0; !e && i < c->instances; i++) {
        uint64_t top = c->instance[i].top;
        uint64_t more = UINT64_MAX - top < AUDIT_SLICE_NUMBERS ? 0 : AUDIT_SLICE_NUMBERS;
        e = policy_burn(c, c->instance[i].instance, top + more);
    }
    for (uint32_t k = 0; k < x->policy.keys; k++)
        for (uint32_t n = 0; !e && n < x->policy.key[k].instruments; n++) {
            const struct policy_instrument *i = &x->policy.instrument[x->policy.key[k].first + n];
            e = policy_fill(c, x->policy.key[k].label, i->symbol, i->day_base, i->day_value,
                            c->now_ms);
        }
    return e;
}

static enum err record(struct acceptance *x, const struct audit_args *args, struct policy_now now,
                       char *why)
{
    struct audit *a = &x->log;
    struct audit_record r;
    memset(&r, 0, sizeof r);
    r.type = AUDIT_ACCEPT;
    memcpy(r.store, x->store.k.id, sizeof r.store);
    r.generation = x->store.k.generation;
    memcpy(r.policy_hash, x->store.k.policy_hash, sizeof r.policy_hash);
    r.at = x->counters.now_ms;
    r.counter_block = a->counter.block;
    r.log_block = x->report.end.block;
    memcpy(r.text, x->wrong, sizeof r.text);
    a->chain = x->report.end;
    if (a->counter.block > a->chain.block)
        a->chain.block = a->counter.block;
    memcpy(a->counter.store, x->store.k.id, sizeof a->counter.store);
    a->counter.generation = x->store.k.generation;
    enum err e = x->has_counter
                     ? ERR_OK
                     : audit_counter_create(a->os, args->counter, &a->counter_fd, &a->counter, why);
    if (e)
        return e;
    memcpy(a->counter.store, x->store.k.id, sizeof a->counter.store);
    a->counter.generation = x->store.k.generation;
    e = audit_segment_make(a, a->segment + 1);
    audit_begin(a);
    if (!e) {
        audit_put(a, &r, now);
        e = audit_end(a, now);
    }
    if (!e)
        e = audit_snapshot(a, now);
    if (!e)
        e = audit_sync(a);
    return e ? why_say(why, e, "%s", a->why) : ERR_OK;
}

static enum err go_on(struct acceptance *x, const struct audit_args *a, char *why)
{
    struct timespec boot = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    struct policy_now now = {clock_wall_ns() / NS_PER_MS,
                             (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / NS_PER_MS};
    enum err e = key_store_open(&x->store, &a->keys, why);
    if (!e)
        e = policy_store_read(&x->store.k, a->policy, &x->policy, why);
    if (!e && audit_mac_key(&x->store.k, &x->log.key))
        e = why_say(why, ERR_NOMEM, "no memory for a key");
    if (!e)
        e = open_files(x, a, why);
    if (!e)
        e = examine(x, why);
    if (!e)
        e = ask(x, a, why);
    if (e)
        return e;
    if (spend(x, now))
        return why_say(why, ERR_FULL, "more was signed than can be counted");
    e = record(x, a, now, why);
    if (!e)
        printf("accepted: segment %u begins with it. The limits of a day count as spent until a "
               "day from now.\n",
               x->log.segment);
    return e;
}

enum err audit_accept(const struct audit_args *a, char *why)
{
    struct acceptance *x = calloc(1, sizeof *x);
    struct policy_spend *ring = calloc(AUDIT_ORDERS_DAY, sizeof *ring);
    if (!x || !ring) {
        free(x);
        free(ring);
        return why_say(why, ERR_NOMEM, "no memory");
    }
    x->ring = ring;
    x->store.lock = -1;
    x->log.os = &AUDIT_SYSTEM;
    x->log.dir = x->log.fd = x->log.counter_fd = -1;
    x->log.mode = AUDIT_STRICT;
    x->log.segment_bytes = AUDIT_SEGMENT_BYTES;
    x->log.counters = &x->counters;
    x->log.open = true; /* every block has a MAC */
    policy_counters_init(&x->counters, ring, AUDIT_ORDERS_DAY);
    enum err e = go_on(x, a, why);
    secret_free(&x->log.key);
    key_store_close(&x->store);
    for (int *fd = (int[]){x->log.fd, x->log.counter_fd, x->log.dir, -2}; *fd != -2; fd++)
        if (*fd >= 0)
            close(*fd);
    free(ring);
    free(x);
    return e;
}

#include "wallet/key_log.h"

#include "base/clock.h"
#include "wallet/audit_inside.h"
#include "wallet/audit_place.h"
#include "wallet/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct place {
    char log[AUDIT_PATH_MAX], counter[AUDIT_PATH_MAX];
};

static enum err find(const struct key_args *a, struct place *ret, char *why)
{
    enum err e = ERR_OK;
    if ((a->audit && strlen(a->audit) >= sizeof ret->log) ||
        (a->counter && strlen(a->counter) >= sizeof ret->counter))
        return why_say(why, ERR_RANGE, "the path of the audit log or its counter is too long");
    if (a->audit)
        (void)snprintf(ret->log, sizeof ret->log, "%s", a->audit);
    else
        e = audit_place_log(a->store, ret->log, why);
    if (e)
        return e;
    if (a->counter)
        (void)snprintf(ret->counter, sizeof ret->counter, "%s", a->counter);
    else
        e = audit_place_counter(a->store, ret->counter, why);
    return e;
}

/* ERR_NOT_FOUND: no signer has ever served with this store. */
static enum err open_directory(const struct key_args *a, const struct place *p, int *ret, char *why)
{
    uint32_t lowest = 0, highest = 0;
    bool counter = access(p->counter, F_OK) == 0;
    int dir = open(p->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0 && errno == ENOENT && !a->audit && !counter)
        return ERR_NOT_FOUND;
    if (dir < 0)
        return why_say(why, ERR_IO, "%.120s: %s", p->log, strerror(errno));
    int error = AUDIT_SYSTEM.segments(dir, &lowest, &highest);
    if (error || (!highest && !counter)) {
        close(dir);
        return error ? why_say(why, ERR_IO, "%.120s: %s", p->log, strerror(error)) : ERR_NOT_FOUND;
    }
    *ret = dir;
    return ERR_OK;
}

static enum err tell(const struct keystore *k, const struct audit_config *c,
                     const struct secret *before, char *why)
{
    struct timespec boot = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    const struct audit_entry self = {
        .now = {clock_wall_ns() / NS_PER_MS,
                (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / NS_PER_MS}};
    const struct audit_store store = {k->id, k->generation, k->policy_hash};
    struct secret next = {0};
    struct audit *log;
    enum err e = audit_open(&log, c, self.now, why);
    if (e)
        return e;
    e = audit_mac_key(k, &next);
    if (e)
        (void)why_say(why, e, "no memory for a key");
    else
        e = audit_unlock(log, &self, before, &store, why);
    if (!e) {
        e = audit_rekey(log, &next, self.now);
        if (e)
            (void)why_say(why, e, "%s", audit_why(log));
    }
    secret_free(&next);
    enum err end = audit_close(log, self.now);
    return e || !end ? e : why_say(why, end, "the end of the audit log cannot be written");
}

enum err key_log_rekey(const struct key_store *s, const struct key_args *a,
                       const struct secret *before, char *why)
{
    struct place p;
    struct audit_config c = {
        .mode = AUDIT_STRICT, .segment_bytes = AUDIT_SEGMENT_BYTES, .build = "tradewind key rekey"};
    char log[WHY_MAX];
    if (a->no_audit)
        return ERR_OK;
    enum err e = find(a, &p, why);
    if (!e)
        e = open_directory(a, &p, &c.dir, why);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    c.counter = p.counter;
    struct policy_spend *ring = calloc(AUDIT_ORDERS_DAY, sizeof *ring);
    c.counters = calloc(1, sizeof *c.counters);
    if (ring && c.counters) {
        policy_counters_init(c.counters, ring, AUDIT_ORDERS_DAY);
        audit_boot_id(c.boot_id);
        e = tell(&s->k, &c, before, log);
        if (e)
            (void)why_say(
                why, e,
                "nothing is changed; the audit log: %.130s; --no-audit goes on without it "
                "(then `tradewind audit accept`)",
                log);
    } else {
        close(c.dir);
        e = why_say(why, ERR_NOMEM, "no memory");
    }
    free(c.counters);
    free(ring);
    return e;
}

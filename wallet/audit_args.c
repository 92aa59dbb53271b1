#include "wallet/audit_args.h"

#include "wallet/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool number(const char *text, uint32_t *ret)
{
    uint32_t n = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || p - text >= 8)
            return false;
        n = 10 * n + (uint32_t)(*p - '0');
    }
    *ret = n;
    return n > 0;
}

/* 2026-11-23, 2026-11-23T05:40 or with seconds and Z; UTC. */
static bool date(const char *text, int64_t *ret)
{
    static const char *const FORMS[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
                                        "%Y-%m-%dT%H:%M:%SZ"};
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        struct tm tm;
        memset(&tm, 0, sizeof tm);
        const char *end = strptime(text, FORMS[i], &tm);
        if (!end || *end)
            continue;
        time_t t = timegm(&tm);
        *ret = (int64_t)t * 1000;
        return t > 0;
    }
    return false;
}

static bool reason(const char *text, struct audit_args *a)
{
    for (int i = 0; i < 128; i++) {
        const char *name = wire_reason_name((enum wire_reason)i);
        if (!name || strcmp(name, text) != 0)
            continue;
        a->reason = (enum wire_reason)i;
        return a->has_reason = true;
    }
    return false;
}

static bool path(const char *value, char to[AUDIT_PATH_MAX])
{
    if (to[0] || !value[0] || strlen(value) >= AUDIT_PATH_MAX)
        return false;
    memcpy(to, value, strlen(value) + 1);
    return true;
}

/* 1: taken, with its value; 0: not one of them; -1: a bad value. */
static int take(struct audit_args *a, const char *option, const char *value)
{
    bool good;
    if (strcmp(option, "--audit") == 0)
        good = path(value, a->log);
    else if (strcmp(option, "--counter") == 0)
        good = a->counter_given = path(value, a->counter);
    else if (strcmp(option, "--policy") == 0)
        good = path(value, a->policy);
    else if (strcmp(option, "--from") == 0)
        good = number(value, &a->from);
    else if (strcmp(option, "--since") == 0)
        good = date(value, &a->since_ms);
    else if (strcmp(option, "--reason") == 0)
        good = reason(value, a);
    else if (strcmp(option, "--key") == 0) {
        a->key = value;
        good = wire_label_ok(value);
    } else {
        return 0;
    }
    return good ? 1 : -1;
}

static bool flag(struct audit_args *a, const char *option)
{
    if (strcmp(option, "--json") == 0)
        return a->json = true;
    if (strcmp(option, "--refused") == 0)
        return a->refused = true;
    if (strcmp(option, "--macs") == 0)
        return a->macs = true;
    if (strcmp(option, "--yes") == 0)
        return a->yes = true;
    if (strcmp(option, "--no-counter") == 0)
        return a->no_counter = true;
    return false;
}

enum err audit_args_parse(int argc, char **argv, struct audit_args *ret, char *why)
{
    struct audit_args a;
    char *rest[32];
    int others = 1;
    memset(&a, 0, sizeof a);
    a.from = 1;
    rest[0] = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        int taken = take(&a, argv[i], value);
        if (taken < 0)
            return why_say(why, ERR_SYNTAX,
                           "argument %d is an option that is given twice, or its value is missing "
                           "or cannot be",
                           i);
        if (taken)
            i++;
        else if (!flag(&a, argv[i]) && others < (int)(sizeof rest / sizeof rest[0]))
            rest[others++] = argv[i];
    }
    enum err e = key_args_parse(others, rest, false, &a.keys, why);
    if (!e && !a.log[0])
        e = audit_place_log(a.keys.store, a.log, why);
    if (!e && !a.counter[0] && !a.no_counter)
        e = audit_place_counter(a.keys.store, a.counter, why);
    if (!e && !a.policy[0])
        snprintf(a.policy, sizeof a.policy, "%s.policy", a.keys.store);
    a.macs |= !input_is_terminal(&a.keys.passphrase);
    if (!e)
        *ret = a;
    return e;
}

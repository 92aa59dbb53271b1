#include "wallet/audit_cmd.h"

#include "base/exit_code.h"
#include "wallet/audit.h"
#include "wallet/audit_accept.h"
#include "wallet/audit_args.h"
#include "wallet/audit_show.h"
#include "wallet/audit_verify.h"
#include "wallet/key_store.h"

#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HELP[] =
    "usage: tradewind audit COMMAND [OPTIONS]\n"
    "\n"
    "  verify           every block of the signer's audit log: nothing changed, cut or left out\n"
    "  show             what was asked, what was decided, and the counters after it\n"
    "  accept           go on after the signer refused its log: keeps all, records what happened,\n"
    "                   counts the limits of a whole day as spent\n"
    "\n"
    "  --store FILE     the key store (default ~/.local/share/tradewind/keys)\n"
    "  --audit DIR      the log (default FILE.audit)\n"
    "  --counter FILE   its counter (default ~/.local/state/tradewind/NAME.counter)\n"
    "  --no-counter     verify, show: do not look at the counter\n"
    "  --policy FILE    accept: the compiled policy (default FILE.policy)\n"
    "  --from N         verify, show: segments before N were put elsewhere\n"
    "  --macs           verify: ask for the passphrase, and check who wrote each block\n"
    "  --passphrase-fd N, --passphrase-file FILE   the same, not from the terminal\n"
    "  --since TIME     show: from 2026-01-31 or 2026-01-31T12:00:00Z on (UTC)\n"
    "  --key NAME       show: with this key\n"
    "  --reason NAME    show: with this reason, for example policy-day-value\n"
    "  --refused        show: refusals only\n"
    "  --json           for programs\n"
    "  --yes            accept: do not ask\n"
    "\n"
    "Exit codes: 0 fine, 1 not, 2 usage.\n";

static int fail(const char *why)
{
    fprintf(stderr, "tradewind audit: %s\n", why);
    return EXIT_CODE_ERROR;
}

static void progress(uint32_t segment, uint32_t of)
{
    if (of > 1 && isatty(STDERR_FILENO))
        fprintf(stderr, "\rsegment %u of %u%s", segment, of, segment == of ? "\n" : "");
}

static bool show_record(void *arg, const struct audit_walk *w, const struct audit_record *r,
                        bool keyed)
{
    audit_show(arg, r, keyed);
    return w != NULL;
}

/* The counter where there is one; it may be missing unless it was named. */
static enum err take_counter(const struct audit_args *a, struct audit_counter *c, bool *has,
                             char *why)
{
    int fd;
    *has = false;
    if (a->no_counter)
        return ERR_OK;
    enum err e = audit_counter_open(&AUDIT_SYSTEM, a->counter, false, &fd, c, why);
    if (e)
        return e;
    close(fd);
    *has = true;
    return ERR_OK;
}

static void report_json(const struct audit_report *p, bool counter, bool macs)
{
    char first[AUDIT_TIME_MAX], last[AUDIT_TIME_MAX];
    cJSON *o = cJSON_CreateObject();
    const struct audit_trouble *t = &p->trouble;
    audit_time_text(p->first_ms, first);
    audit_time_text(p->last_ms, last);
    cJSON_AddBoolToObject(o, "good", t->fault == AUDIT_FINE);
    cJSON_AddStringToObject(o, "fault", audit_fault_name(t->fault));
    cJSON_AddNumberToObject(o, "segments", p->segments);
    cJSON_AddNumberToObject(o, "blocks", (double)p->blocks);
    cJSON_AddNumberToObject(o, "blocks_with_mac", (double)p->keyed);
    cJSON_AddNumberToObject(o, "records", (double)p->records);
    cJSON_AddNumberToObject(o, "orders", (double)p->orders);
    cJSON_AddNumberToObject(o, "refusals", (double)p->refusals);
    cJSON_AddNumberToObject(o, "accepted", (double)p->accepted);
    cJSON_AddNumberToObject(o, "torn_bytes", (double)p->torn);
    cJSON_AddStringToObject(o, "first", first);
    cJSON_AddStringToObject(o, "last", last);
    cJSON_AddBoolToObject(o, "counter_checked", counter);
    cJSON_AddBoolToObject(o, "macs_checked", macs);
    if (t->fault) {
        cJSON_AddStringToObject(o, "why", t->why);
        cJSON_AddNumberToObject(o, "segment", t->segment);
        cJSON_AddNumberToObject(o, "offset", (double)t->offset);
        cJSON_AddNumberToObject(o, "block", (double)t->block);
        cJSON_AddNumberToObject(o, "record", (double)t->first);
        cJSON_AddNumberToObject(o, "last_record", (double)t->last);
    }
    char *out = cJSON_Print(o);
    if (out)
        puts(out);
    free(out);
    cJSON_Delete(o);
}

static void report_text(const struct audit_report *p, bool counter, bool macs)
{
    char first[AUDIT_TIME_MAX], last[AUDIT_TIME_MAX];
    audit_time_text(p->first_ms, first);
    audit_time_text(p->last_ms, last);
    printf("%" PRIu64 " records in %" PRIu64 " blocks and %u segments, %s to %s\n", p->records,
           p->blocks, p->segments, first, last);
    printf("%" PRIu64 " orders allowed, %" PRIu64 " requests refused\n", p->orders, p->refusals);
    if (p->accepted)
        printf("the owner accepted %" PRIu64 " times that something is missing: `tradewind audit "
               "show` says what\n",
               p->accepted);
    if (p->accepted_trouble.fault)
        printf("before that: %s\n", p->accepted_trouble.why);
    if (p->torn)
        printf("%" PRIu64 " bytes of an interrupted write behind the end: nothing that was synced "
               "is lost, the next start drops them\n",
               p->torn);
    puts(counter ? "the counter agrees" : "not compared with the counter");
    printf(macs ? "all %" PRIu64 " MACs are those of this key store\n"
                : "%" PRIu64 " MACs not checked: whoever can write here could have written the "
                  "whole log anew; --macs checks them\n",
           p->keyed);
}

static enum err store_key(const struct audit_args *a, struct secret *ret, char *why)
{
    struct key_store *s = calloc(1, sizeof *s);
    if (!s)
        return why_say(why, ERR_NOMEM, "no memory");
    s->lock = -1;
    enum err e = key_store_open(s, &a->keys, why);
    if (!e && audit_mac_key(&s->k, ret))
        e = why_say(why, ERR_NOMEM, "no memory for a key");
    key_store_close(s);
    free(s);
    return e;
}

/* verify and show are one walk; show prints on its way. */
static int walk(const struct audit_args *a, bool show)
{
    char why[WHY_MAX];
    struct audit_counter counter;
    struct secret key = {0};
    struct audit_report report;
    bool has_counter = false;
    static struct policy_counters counters;
    enum err e = take_counter(a, &counter, &has_counter, why);
    if (e)
        return fail(why);
    int dir = open(a->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        (void)why_say(why, ERR_IO, "%.120s: %s", a->log, strerror(errno));
        return fail(why);
    }
    struct policy_spend *ring = calloc(AUDIT_ORDERS_DAY, sizeof *ring);
    if (!ring)
        e = why_say(why, ERR_NOMEM, "no memory");
    else
        policy_counters_init(&counters, ring, AUDIT_ORDERS_DAY);
    if (!e && a->macs && !show)
        e = store_key(a, &key, why);
    struct audit_verify v = {.os = &AUDIT_SYSTEM,
                             .dir = dir,
                             .counter = has_counter ? &counter : NULL,
                             .from = a->from,
                             .key = key.data ? &key : NULL,
                             .counters = &counters,
                             .progress = show ? NULL : progress};
    struct audit_args args = *a;
    if (show) {
        audit_show_head(a);
        v.visit = (struct audit_visit){.record = show_record, .arg = &args};
    }
    if (!e)
        e = audit_verify(&v, &report, why);
    free(ring);
    secret_free(&key);
    close(dir);
    if (e)
        return fail(why);
    if (!show && a->json)
        report_json(&report, has_counter, a->macs);
    else if (!show && !report.trouble.fault)
        report_text(&report, has_counter, a->macs);
    if (!report.trouble.fault)
        return EXIT_CODE_OK;
    fprintf(stderr, "tradewind audit: %s: %s\n", audit_fault_name(report.trouble.fault),
            report.trouble.why);
    return EXIT_CODE_ERROR;
}

static int verify(const struct audit_args *a)
{
    return walk(a, false);
}

static int show(const struct audit_args *a)
{
    return walk(a, true);
}

static int accept_log(const struct audit_args *a)
{
    char why[WHY_MAX];
    return audit_accept(a, why) ? fail(why) : EXIT_CODE_OK;
}

int audit_cmd(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct audit_args *a);
    } COMMANDS[] = {{"verify", verify}, {"show", show}, {"accept", accept_log}};
    char why[WHY_MAX];
    struct audit_args a;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    for (size_t i = 0; argc > 1 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0)
            continue;
        if (audit_args_parse(argc - 1, argv + 1, &a, why)) {
            fprintf(stderr, "tradewind audit %s: %s; `tradewind audit --help` says more\n",
                    COMMANDS[i].name, why);
            return EXIT_CODE_USAGE;
        }
        if (secret_init())
            return fail("libsodium does not work here");
        int code = COMMANDS[i].run(&a);
        return fflush(stdout) == 0 ? code : fail("the output cannot be written");
    }
    fputs(argc > 1 ? "tradewind audit: there is no such command\n\n" : "", stderr);
    fputs(HELP, stderr);
    return EXIT_CODE_USAGE;
}

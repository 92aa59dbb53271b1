#include "wallet/serve_cmd.h"

#include "base/clock.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "wallet/audit_place.h"
#include "wallet/harden.h"
#include "wallet/serve_args.h"
#include "wallet/serve_unlock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WHO "signer"

static const char HELP[] =
    "usage: tradewind-signer serve [OPTIONS]\n"
    "\n"
    "Signs what the policy allows, for programs that connect to its sockets.\n"
    "\n"
    "  --store FILE      the key store (default ~/.local/share/tradewind/keys)\n"
    "  --policy FILE     its policy (default: the store's name and .policy)\n"
    "  --audit DIR       where it records everything (default: the store's name and .audit)\n"
    "  --counter FILE    what shows that the record was put back to an older one; best on another\n"
    "                    disk (default below ~/.local/state/tradewind)\n"
    "  --sockets DIR     where it makes trade.sock, cancel.sock, wire.sock and admin.sock "
    "(default\n"
    "                    $XDG_RUNTIME_DIR/tradewind, else /run/tradewind). Not where systemd\n"
    "                    gives them\n"
    "  --peer SOCKET=USER  who may use a socket: trade, cancel, wire, admin; can be given again.\n"
    "                    Without: the user that this runs as\n"
    "  --durability strict|sliced  whether every record is on the disk before its signature is\n"
    "                    given (strict, the default), or the slice that orders are taken from\n"
    "  --unlock HOW      none (default; then `tradewind signer unlock`), prompt, ask-password (of\n"
    "                    systemd), credential (of systemd)\n"
    "  --credential NAME --unlock credential: its name (default tradewind-keys)\n"
    "  --passphrase-fd N, --passphrase-file FILE  --unlock prompt: instead of the terminal\n"
    "  --strict, --no-strict  whether to refuse where the system lacks a protection (default "
    "under\n"
    "                    systemd) or to say so and go on\n"
    "  --ready-fd N      gets READY and a line end once the sockets are served, and the key store\n"
    "                    is open where --unlock is to open it\n"
    "  --show-sandbox    enters the sandbox, says what it consists of, and ends; with --json, too\n"
    "\n"
    "SIGTERM and SIGINT end it in order; SIGHUP does nothing.\n"
    "Exit codes: 0 ended in order, 1 error, 2 usage.\n";

static int fail(const char *why)
{
    log_error(WHO, "%s", why);
    return EXIT_CODE_ERROR;
}

/* ---- the sandbox ---- */

static bool is_refused(const struct serve_args *a, const struct sandbox *s)
{
    const struct sandbox_measure *missing = sandbox_missing(s);
    for (unsigned i = 0; i < s->count; i++)
        if (s->measure[i].state != SANDBOX_ON)
            log_warn(WHO, "%s: %s: %s", s->measure[i].name, sandbox_state_name(s->measure[i].state),
                     s->measure[i].detail);
    if (missing && a->strict)
        log_error(WHO, "strict: it does not run without \"%s\"; --no-strict goes on",
                  missing->name);
    return missing && a->strict;
}

static void print_calls(enum sandbox_role role, const char *who, bool json)
{
    const char *names[SANDBOX_CALLS_MAX];
    size_t n = sandbox_calls_of(role, names);
    if (json)
        printf("\"%s\": [", who);
    else
        printf("system calls of %s: %zu\n ", who, n);
    for (size_t i = 0; i < n; i++)
        printf(json ? "%s\"%s\"" : "%s%s",
               i == 0 ? (json ? "" : " ")
               : json ? ", "
                      : " ",
               names[i]);
    fputs(json ? "]" : "\n", stdout);
}

/* [s] holds what was done to this very process. */
static void print_sandbox(const struct sandbox *s, bool json)
{
    if (json)
        fputs("{\"measures\": [", stdout);
    for (unsigned i = 0; i < s->count; i++) {
        const struct sandbox_measure *m = &s->measure[i];
        if (json)
            printf("%s{\"name\": \"%s\", \"state\": \"%s\", \"detail\": \"%s\"}", i ? ", " : "",
                   m->name, sandbox_state_name(m->state), m->detail);
        else
            printf("%-18s %-14s %s\n", m->name, sandbox_state_name(m->state), m->detail);
    }
    if (json)
        fputs("], ", stdout);
    print_calls(SANDBOX_SERVE, json ? "serve" : "the process that signs", json);
    if (json)
        fputs(", ", stdout);
    print_calls(SANDBOX_OPEN, json ? "open" : "the one that opens key stores", json);
    if (json)
        fputs("}\n", stdout);
}

static int show_sandbox(const struct serve_args *a, struct sandbox *s)
{
    static char buffer[16384];
    int keep[] = {fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    if (keep[0] < 0)
        return fail("there is no standard output");
    sandbox_memory(s, KEYRING_SECRETS);
    sandbox_descriptors(s, keep, 1);
    if (dup2(keep[0], STDOUT_FILENO) < 0)
        return fail("there is no standard output");
    (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    sandbox_calls(s, SANDBOX_SERVE);
    print_sandbox(s, a->json);
    (void)fflush(stdout);
    _exit(sandbox_missing(s) && a->strict ? EXIT_CODE_ERROR : EXIT_CODE_OK);
}

/* ---- the parts ---- */

/* All that lives as long as the process; far too much for a stack. */
static struct policy_counters counters;
static struct dispatch dispatch;
static struct server server;

static enum err open_audit(const struct serve_args *a, const char *build, struct audit **ret,
                           char *why)
{
    struct policy_spend *ring = calloc(AUDIT_ORDERS_DAY, sizeof *ring);
    enum err e =
        ring ? audit_place_make_for(a->counter, why) : why_say(why, ERR_NOMEM, "no memory");
    if (!e)
        e = audit_place_make(a->audit, why);
    if (e)
        return e;
    policy_counters_init(&counters, ring, AUDIT_ORDERS_DAY);
    struct audit_config c = {.dir = open(a->audit, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW),
                             .counter = a->counter,
                             .mode = a->durability,
                             .segment_bytes = AUDIT_SEGMENT_BYTES,
                             .counters = &counters,
                             .build = build};
    if (c.dir < 0)
        return file_fail(why, ERR_IO, a->audit, "cannot be opened");
    audit_boot_id(c.boot_id);
    const struct policy_now now = {clock_wall_ns() / NS_PER_MS, clock_mono_ns() / NS_PER_MS};
    return audit_open(ret, &c, now, why);
}

/* The descriptor that systemd listens at, connected; -1: there is none. */
static int connect_notify(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return -1;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = 0; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to,
                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int64_t watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    int64_t us = strtoll(usec, NULL, 10);
    return us > 0 ? us / 3000 + 1 : 0;
}

/* SIGTERM and SIGINT are read; SIGHUP and SIGPIPE change nothing. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)
                                                   : -1;
}

static enum err add_peers(struct server *s, const struct serve_args *a, char *why)
{
    for (int i = 0; i < SERVER_SOCKETS; i++) {
        bool told = false;
        enum err e = ERR_OK;
        for (unsigned n = 0; !e && n < a->peers; n++)
            if (a->peer[n].socket == (enum server_socket)i) {
                e = server_add_peer(s, (enum server_socket)i, a->peer[n].uid);
                told = true;
            }
        if (!told)
            e = server_add_peer(s, (enum server_socket)i, getuid());
        if (e)
            return why_say(why, e, "--peer: more than %d users of %s", SERVER_PEERS,
                           server_socket_name((enum server_socket)i));
    }
    return ERR_OK;
}

/* Others can be told from each other only where they have numbers of their own. */
static bool has_foreign(const struct serve_args *a)
{
    bool foreign = getuid() == SANDBOX_NOBODY;
    for (unsigned i = 0; i < a->peers; i++)
        foreign = foreign || a->peer[i].uid != getuid();
    return foreign;
}

/* ---- from start to end ---- */

static enum err set_up(const struct serve_args *a, bool given, struct secret *unlock,
                       struct sandbox *s, struct audit **ret_audit, struct opener *opener,
                       const char *build, char *why)
{
    char when[CLOCK_TEXT_MAX];
    (void)clock_format_utc(0, when); /* reads the time zone's file now: later nobody may */
    enum err e = given ? ERR_OK : server_listen(&server, a->sockets, why);
    if (!e)
        e = open_audit(a, build, ret_audit, why);
    if (!e && (server.signals = open_signals()) < 0)
        e = why_say(why, ERR_IO, "signals cannot be read: %s", strerror(errno));
    if (e)
        return e;
    server.in = sodium_malloc(WIRE_BUFFER_MAX + 1);
    server.out = sodium_malloc(WIRE_BUFFER_MAX + 1);
    if (!server.in || !server.out)
        return why_say(why, ERR_NOMEM, "no memory");
    const struct opener_config c = {a->store, a->policy, a->strict, s, unlock};
    e = opener_start(opener, &c, why);
    dispatch.audit = *ret_audit;
    dispatch.counters = &counters;
    dispatch.opener = opener;
    return e ? e : server_gather(&server, why);
}

/* Serves until it is told to end. [unlock] is given up. */
static int serve(const struct serve_args *a, struct sandbox *s, struct secret *unlock)
{
    int keep[SANDBOX_KEEP_MAX];
    size_t n = server_descriptors(&server, keep);
    n += audit_descriptors(dispatch.audit, keep + n);
    bool opens = unlock->data != NULL;
    if (opens) {
        secret_open(unlock);
        enum err e = dispatch_unlock(&dispatch, unlock->data, unlock->len);
        secret_free(unlock);
        server.must_open = true;
        if (e)
            return fail("the process that opens the key store is gone");
    }
    sandbox_memory(s, KEYRING_SECRETS);
    sandbox_descriptors(s, keep, n);
    sandbox_calls(s, SANDBOX_SERVE);
    if (is_refused(a, s))
        return EXIT_CODE_ERROR;
    const char *names[SANDBOX_CALLS_MAX];
    log_info(WHO, "serves %s in %s mode; system calls left: %zu, and %zu for the opener", a->store,
             a->durability == AUDIT_STRICT ? "strict" : "sliced",
             sandbox_calls_of(SANDBOX_SERVE, names), sandbox_calls_of(SANDBOX_OPEN, names));
    enum err e = server_run(&server);
    server_notify(&server, "STOPPING=1");
    const struct policy_now now = {clock_wall_ns() / NS_PER_MS, clock_mono_ns() / NS_PER_MS};
    keyring_clear(&dispatch.ring);
    if (audit_close(dispatch.audit, now) != ERR_OK)
        return fail("the audit log could not be ended in order");
    log_info(WHO, "ended");
    return e ? EXIT_CODE_ERROR : EXIT_CODE_OK;
}

int serve_cmd(int argc, char **argv, const char *build)
{
    static struct serve_args a;
    static struct sandbox s;
    static struct opener opener;
    char why[WHY_MAX];
    struct audit *audit = NULL;
    struct secret unlock = {NULL, 0};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    if (serve_args_parse(argc, argv, &a, why) != ERR_OK) {
        fprintf(stderr, "tradewind-signer serve: %s; `tradewind-signer serve --help` says more\n",
                why);
        return EXIT_CODE_USAGE;
    }
    sandbox_heap();
    server_init(&server, &dispatch);
    server.ready = a.ready_fd;
    server.notify = connect_notify(); /* an abstract name is of the network that is there now */
    server.watchdog_ms = server.notify >= 0 ? watchdog_ms() : 0;
    sandbox_network(&s, has_foreign(&a));
    enum err e = harden(why);
    if (e)
        return fail(why);
    sandbox_hardened(&s);
    if (a.show_sandbox)
        return show_sandbox(&a, &s);
    if (a.strict)
        secret_require_lock();
    /* Before anybody is asked for a passphrase, and by a program that is not to have them. */
    e = add_peers(&server, &a, why);
    if (!e)
        e = server_inherit(&server, why);
    bool given = !e;
    if (!e || e == ERR_NOT_FOUND)
        e = serve_unlock_read(&a, &unlock, why);
    if (!e)
        e = set_up(&a, given, &unlock, &s, &audit, &opener, build, why);
    if (e)
        return fail(why);
    return serve(&a, &s, &unlock);
}

/* tradewind run: a small supervisor. It has no socket and reads no network; it starts the signer,
 * where one is configured, and tradewindd beside it, starts each again after a crash, and hands
 * signals on. No secret passes through it: it asks for none, and the signer asks for its own. */
#include "base/log.h"
#include "config/config.h"
#include "main/cmd.h"
#include "main/kinds.h"
#include "main/signer_paths.h"
#include "main/supervise.h"
#include "main/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16
/* Then it is killed: longer than the longest stop_timeout; after a second signal, which the daemon
 * obeys at once, less. */
#define STOP_NS        (330 * NS_PER_S)
#define AGAIN_NS       (30 * NS_PER_S)
#define SIGNER_STOP_NS (10 * NS_PER_S)
#define SIGNER_UP_NS   (30 * NS_PER_S) /* until it is ready */

static const char HELP[] =
    "usage: tradewind run CONFIG [--log-level LEVEL] [--fresh]\n"
    "\n"
    "Starts the daemon (tradewindd, beside this program) and starts it again after a crash, later\n"
    "each time; after 8 crashes in a row it gives up. SIGTERM and SIGINT stop it. The options are\n"
    "tradewindd's; --fresh counts for the first start only.\n"
    "\n"
    "Where the configuration has [signer] and its key store is there, tradewind-signer is started\n"
    "first and kept running likewise, unless one serves those sockets already. At a terminal it\n"
    "then asks for the passphrase; an empty one leaves it sealed, and `tradewind signer unlock`\n"
    "opens it at any time. It is stopped after the daemon.\n"
    "Exit codes: those of tradewindd; 1 after too many crashes, or without a required signer.\n";

struct run_all {
    sigset_t taken;
    struct supervised daemon, signer, unlock;
    bool wants_signer, required;
    char sockets[PATH_MAX_BYTES], store[PATH_MAX_BYTES], ready_text[16];
    int ready_fd; /* what the signer writes when it is ready comes out here */
};

/* ---- the signer ---- */

/* Whether somebody listens there, whoever may connect. */
static bool is_served(const struct signer_setup *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char path[PATH_MAX_BYTES];
    if (signer_socket_path(s, "trade.sock", path) != ERR_OK)
        return false;
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool served = fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return served;
}

/* What the configuration wants; one that is wrong wants nothing: the daemon says what is wrong. */
static enum err read_wishes(struct run_all *r, const char *path)
{
    struct config c;
    struct config_report report = {.line = NULL};
    enum err rc = config_load(&c, path, program_kinds(), &report);
    config_report_clear(&report);
    if (rc != ERR_OK)
        return ERR_OK;
    const struct signer_setup *s = &c.setup->signer;
    r->required = s->given && s->required;
    if (s->given && is_served(s)) {
        log_info("run", "a signer serves already: it is used");
    } else if (s->given) {
        rc = signer_sockets_dir(s, r->sockets);
        if (rc == ERR_OK)
            rc = signer_store_path(s, r->store);
        if (rc != ERR_OK)
            log_error("run", "where are the signer's key store and sockets? Give [signer] store "
                             "and sockets");
        else if (access(r->store, F_OK) == 0)
            r->wants_signer = true;
        else
            log_warn("run",
                     "there is no key store %s, so no signer is started: `tradewind key init` "
                     "makes one",
                     r->store);
        rc = r->required && !r->wants_signer ? ERR_NOT_FOUND : ERR_OK;
    }
    config_close(&c);
    return rc;
}

static bool prepare_signer(struct run_all *r)
{
    int ends[2];
    if (!supervise_find(&r->signer, "tradewind-signer") || pipe2(ends, O_CLOEXEC) != 0) {
        log_error("run", "tradewind-signer is not beside this program (%s)", r->signer.program);
        return false;
    }
    r->ready_fd = ends[0];
    fcntl(r->ready_fd, F_SETFL, O_NONBLOCK);
    r->signer.pass_fd = ends[1];
    snprintf(r->ready_text, sizeof r->ready_text, "%d", ends[1]);
    char *line[] = {r->signer.program, "serve",       "--store",  r->store,
                    "--sockets",       r->sockets,    "--unlock", "none",
                    "--ready-fd",      r->ready_text, NULL};
    memcpy(r->signer.argument, line, sizeof line);
    r->signer.name = "the signer";
    r->signer.own_session = true;
    memcpy(r->unlock.program, r->signer.program, sizeof r->unlock.program);
    char *ask[] = {r->unlock.program, "signer", "unlock", "--sockets", r->sockets, NULL};
    memcpy(r->unlock.argument, ask, sizeof ask);
    r->unlock.name = "the prompt";
    r->unlock.once = true;
    return true;
}

/* ---- both ---- */

/* One signal, or some time. */
static void take_turn(struct run_all *r, int64_t end_ns)
{
    struct supervised *all[] = {&r->daemon, &r->signer, &r->unlock};
    for (int i = 0; i < 3; i++) {
        int64_t due_ns = supervise_due_ns(all[i]);
        end_ns = due_ns < end_ns ? due_ns : end_ns;
    }
    int signo = supervise_wait(&r->taken, end_ns);
    if (signo && signo != SIGCHLD)
        supervise_signal(&r->daemon, signo, r->daemon.stopping ? AGAIN_NS : STOP_NS);
    for (int i = 0; i < 3; i++)
        supervise_look(all[i], &r->taken);
}

/* Until it is ready. False: it is not, or there was a signal to stop. */
static bool start_signer(struct run_all *r)
{
    char byte;
    int64_t end_ns = clock_mono_ns() + SIGNER_UP_NS;
    if (!prepare_signer(r) || !supervise_start(&r->signer, &r->taken))
        return false;
    while (!r->signer.over && !r->daemon.stopping && clock_mono_ns() < end_ns) {
        if (read(r->ready_fd, &byte, 1) == 1)
            return true;
        /* The pipe has no signal of its own. */
        int64_t soon_ns = clock_mono_ns() + 5 * NS_PER_MS;
        take_turn(r, soon_ns < end_ns ? soon_ns : end_ns);
    }
    if (!r->daemon.stopping)
        log_error("run", "the signer does not come up");
    return false;
}

/* The passphrase goes from the terminal to that program and from there to the signer. */
static void offer_unlock(struct run_all *r)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || !supervise_start(&r->unlock, &r->taken))
        return;
    while (!r->unlock.over) {
        if (r->daemon.stopping && !r->unlock.stopping)
            supervise_signal(&r->unlock, SIGTERM, SIGNER_STOP_NS);
        take_turn(r, INT64_MAX);
    }
    if (r->unlock.code != EXIT_CODE_OK && !r->daemon.stopping)
        log_warn("run", "the signer stays sealed; `tradewind signer unlock` opens it");
}

static int stop_signer(struct run_all *r, int code)
{
    if (r->signer.pid || r->signer.again_ns)
        supervise_signal(&r->signer, SIGTERM, SIGNER_STOP_NS);
    while (r->signer.pid)
        take_turn(r, INT64_MAX);
    return code;
}

static int supervise(struct run_all *r)
{
    if (r->wants_signer) {
        bool up = start_signer(r);
        if (up)
            offer_unlock(r);
        else if (r->required && !r->daemon.stopping)
            return stop_signer(r, EXIT_CODE_ERROR);
        if (r->daemon.stopping)
            return stop_signer(r, EXIT_CODE_OK);
    }
    if (!supervise_start(&r->daemon, &r->taken))
        return stop_signer(r, EXIT_CODE_ERROR);
    /* --fresh is for the first start only. */
    int to = 0;
    for (int i = 0; r->daemon.argument[i]; i++)
        if (strcmp(r->daemon.argument[i], "--fresh") != 0)
            r->daemon.argument[to++] = r->daemon.argument[i];
    r->daemon.argument[to] = NULL;
    while (!r->daemon.over)
        take_turn(r, INT64_MAX);
    return stop_signer(r, r->daemon.code);
}

int cmd_run(int argc, char **argv)
{
    static struct run_all r;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    if (argc < 2 || argc > ARGUMENTS_MAX) {
        usage_wrong("tradewind run", argc < 2 ? NULL : argv[ARGUMENTS_MAX]);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    if (!supervise_find(&r.daemon, "tradewindd")) {
        fprintf(stderr, "tradewind run: tradewindd is not beside this program (%s)\n",
                r.daemon.program);
        return EXIT_CODE_ERROR;
    }
    r.daemon.name = "the daemon";
    r.daemon.argument[0] = r.daemon.program;
    for (int i = 1; i < argc; i++)
        r.daemon.argument[i] = argv[i];
    sigemptyset(&r.taken);
    sigaddset(&r.taken, SIGTERM);
    sigaddset(&r.taken, SIGINT);
    sigaddset(&r.taken, SIGHUP);
    sigaddset(&r.taken, SIGCHLD);
    sigprocmask(SIG_BLOCK, &r.taken, NULL);
    const char *path = argv[1];
    for (int i = 1; i < argc; i++)
        if (argv[i][0] != '-' && !(i > 1 && strcmp(argv[i - 1], "--log-level") == 0))
            path = argv[i];
    if (read_wishes(&r, path) != ERR_OK)
        return EXIT_CODE_ERROR;
    return supervise(&r);
}

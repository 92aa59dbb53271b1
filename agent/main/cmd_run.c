/* tradewind run: a small supervisor. It has no socket and reads no network; it starts tradewindd,
 * starts it again after a crash, and hands signals on. */
#include "base/clock.h"
#include "base/log.h"
#include "main/cmd.h"
#include "main/usage.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX  16
#define BACKOFF_MIN_NS (200 * NS_PER_MS)
#define BACKOFF_MAX_NS (10 * NS_PER_S)
#define CRASHES_MAX    8               /* in a row */
#define WELL_NS        (60 * NS_PER_S) /* a run of that length ends the row */
/* An error of a daemon that ran well so far is worth another start (which begins HALTED where that
 * was the trouble); an error at the start would only come again. */
#define RAN_NS (10 * NS_PER_S)
/* Then it is killed: longer than the longest stop_timeout; after a second signal, which the daemon
 * obeys at once, less. */
#define STOP_NS  (330 * NS_PER_S)
#define AGAIN_NS (30 * NS_PER_S)

static const char HELP[] =
    "usage: tradewind run CONFIG [--log-level LEVEL] [--fresh]\n"
    "\n"
    "Starts the daemon (tradewindd, beside this program) and starts it again after a crash, later\n"
    "each time; after 8 crashes in a row it gives up. SIGTERM and SIGINT stop both. The options "
    "are\n"
    "tradewindd's; --fresh counts for the first start only.\n"
    "Exit codes: those of tradewindd; 1 after too many crashes.\n";

struct supervisor {
    sigset_t taken;
    char *argument[ARGUMENTS_MAX + 1];
    char program[PATH_MAX];
    pid_t child;
    unsigned stopping; /* how often it was told to */
};

static bool find_daemon(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);
    if (n <= 0)
        return false;
    out[n] = 0;
    char *slash = strrchr(out, '/');
    static const char NAME[] = "/tradewindd";
    if (!slash || (size_t)(slash - out) + sizeof NAME > cap)
        return false;
    memcpy(slash, NAME, sizeof NAME);
    return access(out, X_OK) == 0;
}

static bool start(struct supervisor *s)
{
    pid_t me = getpid();
    s->child = fork();
    if (s->child < 0) {
        log_error("run", "cannot fork: %s", strerror(errno));
        return false;
    }
    if (s->child == 0) {
        sigprocmask(SIG_UNBLOCK, &s->taken, NULL);
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* it must not outlive us unseen */
        if (getppid() != me)
            _exit(EXIT_CODE_ERROR);
        execv(s->program, s->argument);
        fprintf(stderr, "tradewind run: %s: %s\n", s->program, strerror(errno));
        _exit(EXIT_CODE_ERROR);
    }
    return true;
}

/* Waits at most until [end_ns] for a signal; hands it on. False: time is over. */
static bool next_signal(struct supervisor *s, int64_t end_ns)
{
    int64_t left_ns = end_ns - clock_mono_ns();
    struct timespec t = {.tv_sec = 0};
    if (left_ns > 0) {
        t.tv_sec = left_ns / NS_PER_S;
        t.tv_nsec = left_ns % NS_PER_S;
    }
    int signo = sigtimedwait(&s->taken, NULL, &t);
    if (signo < 0)
        return errno != EAGAIN;
    if (signo == SIGTERM || signo == SIGINT)
        s->stopping++;
    if (signo != SIGCHLD && s->child > 0)
        kill(s->child, signo);
    return true;
}

/* Until the daemon is gone; its wait status. */
static int wait_for_end(struct supervisor *s)
{
    int status = 0;
    int64_t kill_ns = INT64_MAX;
    bool twice = false;
    while (waitpid(s->child, &status, WNOHANG) == 0) {
        if (s->stopping && kill_ns == INT64_MAX)
            kill_ns = clock_mono_ns() + STOP_NS;
        if (s->stopping > 1 && !twice) {
            twice = true;
            kill_ns = clock_mono_ns() + AGAIN_NS;
        }
        int64_t end_ns = clock_mono_ns() + NS_PER_S;
        (void)next_signal(s, end_ns < kill_ns ? end_ns : kill_ns);
        if (clock_mono_ns() >= kill_ns) {
            log_error("run", "the daemon does not stop; it is killed");
            kill(s->child, SIGKILL);
            kill_ns = INT64_MAX - 1;
        }
    }
    s->child = 0;
    return status;
}

static void sleep_ns(struct supervisor *s, int64_t ns)
{
    int64_t end_ns = clock_mono_ns() + ns;
    while (!s->stopping && next_signal(s, end_ns))
        ;
}

/* Whether to start again after [status]; else *code is the exit code. */
static bool again(const struct supervisor *s, int status, int64_t ran_ns, int *code)
{
    if (WIFEXITED(status)) {
        *code = WEXITSTATUS(status);
        if (*code != EXIT_CODE_ERROR || ran_ns < RAN_NS || s->stopping)
            return false;
        log_error("run", "the daemon ended with an error");
        return true;
    }
    *code = EXIT_CODE_ERROR;
    if (s->stopping)
        return false;
    log_error("run", "the daemon crashed: %s", strsignal(WTERMSIG(status)));
    return true;
}

static void drop_argument(struct supervisor *s, const char *name)
{
    int to = 0;
    for (int i = 0; s->argument[i]; i++)
        if (strcmp(s->argument[i], name) != 0)
            s->argument[to++] = s->argument[i];
    s->argument[to] = NULL;
}

static int supervise(struct supervisor *s)
{
    int64_t backoff_ns = BACKOFF_MIN_NS;
    int crashes = 0, code = EXIT_CODE_ERROR;
    for (;;) {
        int64_t since_ns = clock_mono_ns();
        if (!start(s))
            return EXIT_CODE_ERROR;
        int status = wait_for_end(s);
        int64_t ran_ns = clock_mono_ns() - since_ns;
        if (!again(s, status, ran_ns, &code))
            return code;
        drop_argument(s, "--fresh");
        if (ran_ns >= WELL_NS) {
            crashes = 0;
            backoff_ns = BACKOFF_MIN_NS;
        }
        if (++crashes == CRASHES_MAX) {
            log_error("run", "%d crashes in a row: giving up", crashes);
            return EXIT_CODE_ERROR;
        }
        log_warn("run", "it is started again in %.1f s", (double)(backoff_ns / NS_PER_MS) / 1000.0);
        sleep_ns(s, backoff_ns);
        if (s->stopping)
            return EXIT_CODE_ERROR;
        backoff_ns = backoff_ns * 2 > BACKOFF_MAX_NS ? BACKOFF_MAX_NS : backoff_ns * 2;
    }
}

int cmd_run(int argc, char **argv)
{
    struct supervisor s = {.child = 0};
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
    if (!find_daemon(s.program, sizeof s.program)) {
        fprintf(stderr, "tradewind run: tradewindd is not beside this program (%s)\n", s.program);
        return EXIT_CODE_ERROR;
    }
    s.argument[0] = s.program;
    for (int i = 1; i < argc; i++)
        s.argument[i] = argv[i];
    sigemptyset(&s.taken);
    sigaddset(&s.taken, SIGTERM);
    sigaddset(&s.taken, SIGINT);
    sigaddset(&s.taken, SIGHUP);
    sigaddset(&s.taken, SIGCHLD);
    sigprocmask(SIG_BLOCK, &s.taken, NULL);
    return supervise(&s);
}

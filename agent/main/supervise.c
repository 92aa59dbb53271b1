#include "main/supervise.h"

#include "base/exit_code.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool supervise_find(struct supervised *s, const char *name)
{
    ssize_t n = readlink("/proc/self/exe", s->program, sizeof s->program - 1);
    if (n <= 0)
        return false;
    s->program[n] = 0;
    char *slash = strrchr(s->program, '/');
    size_t len = strlen(name);
    if (!slash || (size_t)(slash + 1 - s->program) + len >= sizeof s->program)
        return false;
    memcpy(slash + 1, name, len + 1);
    return access(s->program, X_OK) == 0;
}

bool supervise_start(struct supervised *s, const sigset_t *taken)
{
    pid_t me = getpid();
    s->again_ns = 0;
    s->since_ns = clock_mono_ns();
    s->pid = fork();
    if (s->pid < 0) {
        log_error("run", "cannot fork: %s", strerror(errno));
        s->pid = 0;
        s->over = true;
        s->code = EXIT_CODE_ERROR;
        return false;
    }
    if (s->pid == 0) {
        sigprocmask(SIG_UNBLOCK, taken, NULL);
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* it must not outlive us unseen */
        if (getppid() != me)
            _exit(EXIT_CODE_ERROR);
        if (s->own_session)
            setsid();
        if (s->pass_fd)
            fcntl(s->pass_fd, F_SETFD, 0);
        execv(s->program, s->argument);
        fprintf(stderr, "tradewind run: %s: %s\n", s->program, strerror(errno));
        _exit(EXIT_CODE_ERROR);
    }
    return true;
}

void supervise_signal(struct supervised *s, int signo, int64_t patience_ns)
{
    if (signo == SIGTERM || signo == SIGINT) {
        s->stopping++;
        int64_t by_ns = clock_mono_ns() + patience_ns;
        if (s->stopping == 1 || by_ns < s->kill_ns)
            s->kill_ns = by_ns;
        if (!s->pid)
            s->over = true; /* it is not started again */
    }
    if (s->pid)
        kill(s->pid, signo);
}

/* It has ended with [status]: whether it is worth another start. */
static bool is_worth_it(struct supervised *s, int status, int64_t ran_ns)
{
    s->code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CODE_ERROR;
    if (s->stopping || s->once)
        return false;
    if (WIFEXITED(status)) {
        if (s->code != EXIT_CODE_ERROR || ran_ns < SUPERVISE_RAN_NS)
            return false;
        log_error("run", "%s ended with an error", s->name);
        return true;
    }
    log_error("run", "%s crashed: %s", s->name, strsignal(WTERMSIG(status)));
    return true;
}

static void has_ended(struct supervised *s, int status)
{
    int64_t now_ns = clock_mono_ns(), ran_ns = now_ns - s->since_ns;
    s->pid = 0;
    s->kill_ns = 0;
    if (!is_worth_it(s, status, ran_ns)) {
        s->over = true;
        return;
    }
    if (ran_ns >= SUPERVISE_WELL_NS)
        s->crashes = 0;
    if (s->crashes == 0)
        s->backoff_ns = SUPERVISE_BACKOFF_MIN_NS;
    s->code = EXIT_CODE_ERROR;
    if (++s->crashes == SUPERVISE_CRASHES_MAX) {
        log_error("run", "%s: %d crashes in a row: giving up", s->name, s->crashes);
        s->over = true;
        return;
    }
    log_warn("run", "it is started again in %.1f s", (double)(s->backoff_ns / NS_PER_MS) / 1000.0);
    s->again_ns = now_ns + s->backoff_ns;
    s->backoff_ns =
        s->backoff_ns * 2 > SUPERVISE_BACKOFF_MAX_NS ? SUPERVISE_BACKOFF_MAX_NS : s->backoff_ns * 2;
}

void supervise_look(struct supervised *s, const sigset_t *taken)
{
    int status = 0;
    if (s->pid && waitpid(s->pid, &status, WNOHANG) == s->pid)
        has_ended(s, status);
    if (s->pid && s->kill_ns && clock_mono_ns() >= s->kill_ns) {
        log_error("run", "%s does not stop; it is killed", s->name);
        kill(s->pid, SIGKILL);
        s->kill_ns = 0;
    }
    if (!s->pid && !s->over && s->again_ns && clock_mono_ns() >= s->again_ns)
        (void)supervise_start(s, taken);
}

int64_t supervise_due_ns(const struct supervised *s)
{
    if (s->over)
        return INT64_MAX;
    int64_t due_ns = s->pid ? s->kill_ns : s->again_ns;
    return due_ns ? due_ns : INT64_MAX;
}

int supervise_wait(const sigset_t *taken, int64_t end_ns)
{
    int64_t left_ns = end_ns == INT64_MAX ? INT64_MAX : end_ns - clock_mono_ns();
    if (left_ns > NS_PER_S)
        left_ns = NS_PER_S; /* a child's end that nobody signalled is seen then */
    if (left_ns < 0)
        left_ns = 0;
    struct timespec t = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
    int signo = sigtimedwait(taken, NULL, &t);
    return signo > 0 ? signo : 0;
}

#include "wallet/sandbox.h"

#include "base/check.h"
#include "wallet/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

__attribute__((format(printf, 4, 5))) static void
measure(struct sandbox *s, const char *name, enum sandbox_state state, const char *format, ...)
{
    CHECK(s->count < SANDBOX_MEASURES_MAX);
    struct sandbox_measure *m = &s->measure[s->count++];
    m->name = name;
    m->state = state;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(m->detail, sizeof m->detail, format, ap);
    va_end(ap);
}

/* ---- network ---- */

/* Whether this network has nothing but a loopback. */
static bool network_is_empty(void)
{
    char text[4096], *line, *rest = text;
    int fd = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0 || n == (ssize_t)sizeof text - 1)
        return false;
    text[n] = 0;
    while ((line = strsep(&rest, "\n")) != NULL) {
        const char *colon = strchr(line, ':');
        line += strspn(line, " ");
        if (colon && (colon - line != 2 || strncmp(line, "lo", 2) != 0))
            return false;
    }
    return true;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return good;
}

/* A user name space in which this user is himself and nobody else has a name. */
static bool own_users(void)
{
    char uids[64], gids[64];
    (void)snprintf(uids, sizeof uids, "%u %u 1\n", (unsigned)getuid(), (unsigned)getuid());
    (void)snprintf(gids, sizeof gids, "%u %u 1\n", (unsigned)getgid(), (unsigned)getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    /* These files are root's while the process hides; there is no secret in it yet. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", gids) &&
        write_file("/proc/self/uid_map", uids))
        return true;
    fputs("tradewind-signer: the user name space cannot be set up\n", stderr);
    exit(1); /* half of it is worse than none: this user has no name here */
}

void sandbox_network(struct sandbox *s, bool foreign)
{
    static const char NAME[] = "empty network";
    if (unshare(CLONE_NEWNET) == 0)
        measure(s, NAME, SANDBOX_ON, "a name space of its own");
    else if (network_is_empty())
        measure(s, NAME, SANDBOX_ON, "the one that was given has only a loopback");
    else if (foreign)
        measure(s, NAME, SANDBOX_MISSING,
                "needs PrivateNetwork= or root where another user has a socket (--peer)");
    else if (own_users())
        measure(s, NAME, SANDBOX_ON, "a name space of its own, in a user name space");
    else
        measure(s, NAME, SANDBOX_MISSING, "the kernel refuses: %s", strerror(errno));
}

/* ---- the process ---- */

void sandbox_hardened(struct sandbox *s)
{
    measure(s, "no core file", SANDBOX_ON, "RLIMIT_CORE is 0");
    measure(s, "hidden memory", SANDBOX_ON, "not dumpable: nobody of this user can look into it");
    measure(s, "no new privileges", SANDBOX_ON, "no_new_privs");
}

void sandbox_memory(struct sandbox *s, size_t places)
{
    bool locked = false;
    struct rlimit limit = {0, 0};
    if (secret_reserve(places, &locked) != ERR_OK)
        measure(s, "locked secrets", SANDBOX_MISSING, "there is no memory for them");
    else if (!locked)
        measure(s, "locked secrets", SANDBOX_MISSING,
                "memory cannot be locked (ulimit -l, LimitMEMLOCK=): they may reach the swap");
    else
        measure(s, "locked secrets", SANDBOX_ON,
                "%zu pages between guard pages, unreadable between uses", places);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
        measure(s, "locked memory", SANDBOX_ON, "all of the signing process");
        return;
    }
    int error = errno;
    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    measure(s, "locked memory", SANDBOX_PARTLY,
            "only the secrets: %s, the limit is %llu KiB (LimitMEMLOCK=)", strerror(error),
            (unsigned long long)limit.rlim_cur >> 10);
}

static int compare(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void sandbox_descriptors(struct sandbox *s, int *keep, size_t n)
{
    static const char NAME[] = "few descriptors";
    unsigned from = STDERR_FILENO + 1;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    qsort(keep, n, sizeof *keep, compare);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        measure(s, NAME, SANDBOX_MISSING, "/dev/null: %s", strerror(errno));
        return;
    }
    for (size_t i = 0; i <= n; i++) {
        unsigned to = i < n ? (unsigned)keep[i] : ~0u;
        if (to > from && close_range(from, i < n ? to - 1 : to, 0) != 0) {
            measure(s, NAME, SANDBOX_MISSING, "close_range: %s", strerror(errno));
            return;
        }
        if (to >= from)
            from = to + 1;
    }
    measure(s, NAME, SANDBOX_ON, "standard error and %zu", n);
}

const struct sandbox_measure *sandbox_missing(const struct sandbox *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->measure[i].state == SANDBOX_MISSING)
            return &s->measure[i];
    return NULL;
}

const char *sandbox_state_name(enum sandbox_state state)
{
    switch (state) {
    case SANDBOX_ON: return "on";
    case SANDBOX_PARTLY: return "partly";
    case SANDBOX_MISSING: return "not available";
    }
    return "?";
}

/* The system calls that are left: two lists, and what is loaded of them. */
#include "wallet/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#define ONLY_NEW_FILES (O_CREAT | O_EXCL)

/* No page ever becomes code, and no file that is there is opened. */
#define NOT_CODE                                                                                   \
    {                                                                                              \
        2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0                                                        \
    }
#define NEW_FILES                                                                                  \
    {                                                                                              \
        2, SCMP_CMP_MASKED_EQ, ONLY_NEW_FILES, ONLY_NEW_FILES                                      \
    }

struct call {
    const char *name;
    struct scmp_arg_cmp when; /* op 0: whatever the arguments */
};

static const struct call SERVE[] = {
    {"ppoll", {0}},
    {"accept4", {0}},
    {"getsockopt", {0}}, /* who is at the other end */
    {"read", {0}},
    {"write", {0}},
    {"close", {0}},
    {"mprotect", NOT_CODE}, /* secrets: readable, unreadable */
    {"clock_gettime", {0}},
    {"exit_group", {0}},
    /* the audit log */
    {"pwrite64", {0}},
    {"fdatasync", {0}},
    {"openat", NEW_FILES},
    {"fallocate", {0}},
    {"fsync", {0}},
};

static const struct call OPEN[] = {
    {"read", {0}},
    {"write", {0}},
    {"close", {0}},
    {"clock_gettime", {0}},
    {"exit_group", {0}},
    /* key store and policy: read, written anew, renamed */
    {"openat", {0}},
    {"newfstatat", {0}},
    {"fsync", {0}},
#ifdef __NR_rename
    {"access", {0}},
    {"rename", {0}},
    {"link", {0}},
    {"unlink", {0}},
#else
    {"faccessat", {0}},
    {"renameat", {0}},
    {"linkat", {0}},
    {"unlinkat", {0}},
#endif
    {"flock", {0}},
    /* stretching a passphrase, and the heap */
    {"mmap", NOT_CODE},
    {"munmap", {0}},
    {"mprotect", NOT_CODE},
    {"madvise", {0}},
    {"mlock", {0}},
    {"munlock", {0}},
    {"brk", {0}},
    {"getrandom", {0}},
};

/* What the sanitizers' runtime needs besides; never in a program that is installed. */
static const struct call SANITIZER[] = {
#ifdef SANITIZED
    {"mmap", {0}},
    {"munmap", {0}},
    {"madvise", {0}},
    {"brk", {0}},
    {"futex", {0}},
    {"sched_yield", {0}},
    {"gettid", {0}},
    {"getpid", {0}},
    {"tgkill", {0}},
    {"kill", {0}},
    {"sigaltstack", {0}},
    {"readlink", {0}},
    {"rt_sigprocmask", {0}},
    {"rt_sigaction", {0}},
    {"prctl", {0}},
    {"mremap", {0}},
    {"rt_sigreturn", {0}},
    {"getrandom", {0}},
    {"lseek", {0}},
#endif
    {NULL, {0}},
};

/* What is freed after the filter is loaded stays with the process. */
void sandbox_heap(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
    (void)mallopt(M_MMAP_MAX, 0);
}

static size_t list_of(enum sandbox_role role, const struct call **ret)
{
    switch (role) {
    case SANDBOX_SERVE: *ret = SERVE; return sizeof SERVE / sizeof *SERVE;
    case SANDBOX_OPEN: *ret = OPEN; return sizeof OPEN / sizeof *OPEN;
    }
    return 0;
}

/* Another processor may do without some of them: renameat for rename. */
static int number_of(const char *name)
{
    return seccomp_syscall_resolve_name(name);
}

size_t sandbox_calls_of(enum sandbox_role role, const char **ret_name)
{
    const struct call *list = NULL;
    size_t n = list_of(role, &list), count = 0;
    for (size_t i = 0; i < n; i++)
        if (number_of(list[i].name) >= 0)
            ret_name[count++] = list[i].name;
    return count;
}

static int allow(scmp_filter_ctx filter, const struct call *c)
{
    int number = number_of(c->name);
    if (number < 0)
        return 0;
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, c->when.op ? 1 : 0, &c->when);
}

static int load(enum sandbox_role role)
{
    const struct call *list = NULL;
    size_t n = list_of(role, &list);
    int error = 0;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return -ENOMEM;
    for (size_t i = 0; i < n && !error; i++)
        error = allow(filter, &list[i]);
    for (const struct call *c = SANITIZER; c->name && !error; c++)
        error = allow(filter, c);
    return error ? error : seccomp_load(filter); /* [filter] stays: it is freed by nobody */
}

void sandbox_calls(struct sandbox *s, enum sandbox_role role)
{
    const char *names[SANDBOX_CALLS_MAX];
    struct sandbox_measure *m = &s->measure[s->count++];
    m->name = "system calls";
    (void)snprintf(m->detail, sizeof m->detail, "%zu are left, any other one ends the process",
                   sandbox_calls_of(role, names));
    m->state = SANDBOX_ON;
    int error = load(role);
    if (error) {
        m->state = SANDBOX_MISSING;
        (void)snprintf(m->detail, sizeof m->detail, "the kernel refuses the filter: %s",
                       strerror(-error));
    }
}

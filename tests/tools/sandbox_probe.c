/* Enters a sandbox of the signer and then does one thing: a thing that the list has ends it with 0,
 * any other one the kernel ends with SIGSYS.
 *
 * usage: sandbox_probe serve|open THING DIRECTORY
 */
#include "wallet/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dir;
static void *page;

static int do_nothing(void)
{
    return 0;
}

static int do_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int do_internet(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int do_connect(void)
{
    const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "x"};
    return connect(dir, (const struct sockaddr *)&a, sizeof a);
}

static int do_read_file(void)
{
    return openat(AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static int do_write_file(void)
{
    return openat(dir, "there", O_WRONLY);
}

static int do_create(void)
{
    return openat(dir, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int do_exec(void)
{
    char *const line[] = {"true", NULL}, *const none[] = {NULL};
    return execve("/bin/true", line, none);
}

static int do_fork(void)
{
    return fork();
}

static int do_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int do_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int do_unlink(void)
{
    return unlink("there");
}

static int do_code(void)
{
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int do_no_access(void)
{
    return mprotect(page, 4096, PROT_NONE);
}

static const struct {
    const char *name;
    int (*run)(void);
} THINGS[] = {
    {"nothing", do_nothing}, {"socket", do_socket},       {"internet", do_internet},
    {"connect", do_connect}, {"read-file", do_read_file}, {"write-file", do_write_file},
    {"create", do_create},   {"exec", do_exec},           {"fork", do_fork},
    {"ptrace", do_ptrace},   {"dumpable", do_dumpable},   {"unlink", do_unlink},
    {"code", do_code},       {"no-access", do_no_access},
};

int main(int argc, char **argv)
{
    static struct sandbox s;
    if (argc != 4)
        return 2;
    dir = open(argv[3], O_RDONLY | O_DIRECTORY);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (dir < 0 || fchdir(dir) != 0 || page == MAP_FAILED ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 2;
    sandbox_heap();
    sandbox_calls(&s, strcmp(argv[1], "open") == 0 ? SANDBOX_OPEN : SANDBOX_SERVE);
    if (sandbox_missing(&s))
        return 3;
    for (size_t i = 0; i < sizeof THINGS / sizeof *THINGS; i++)
        if (strcmp(argv[2], THINGS[i].name) == 0)
            _exit(THINGS[i].run() < 0 ? 1 : 0);
    _exit(2);
}

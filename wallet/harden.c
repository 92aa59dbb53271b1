#include "wallet/harden.h"

#include "wallet/secret.h"
#include "wallet/why.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static enum err refused(char *why, const char *what)
{
    return why_say(why, ERR_IO, "the kernel refuses %s (%s): no secret is read", what,
                   strerror(errno));
}

enum err harden(char *why)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return refused(why, "to do without core files");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refused(why, "to hide this process's memory");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refused(why, "to give up new privileges");
    umask(077);
    /* a write beyond a limit is an error like a full disk, and not the end in the midst of it */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (secret_init() != ERR_OK)
        return why_say(why, ERR_STATE, "libsodium cannot start: no secret is read");
    uint8_t page[64];
    if (sodium_mlock(page, sizeof page) != 0)
        fputs(
            "tradewind-signer: memory cannot be locked here (see ulimit -l): secrets may reach the "
            "swap\n",
            stderr);
    else
        (void)sodium_munlock(page, sizeof page);
    return ERR_OK;
}

#include "main/signer_exec.h"

#include "base/exit_code.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int signer_exec(const char *who, int argc, char **argv)
{
    static const char NAME[] = "/tradewind-signer";
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof NAME);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0) {
        fprintf(stderr, "%s: cannot find its own directory: %s\n", who, strerror(errno));
        return EXIT_CODE_ERROR;
    }
    memcpy(path + n - 1, NAME, sizeof NAME);
    char *rest[64] = {path};
    int count = 1;
    for (int i = 0; i < argc; i++) {
        if (count + 1 == (int)(sizeof rest / sizeof rest[0])) {
            fprintf(stderr, "%s: too many arguments\n", who);
            return EXIT_CODE_USAGE;
        }
        rest[count++] = argv[i];
    }
    rest[count] = NULL;
    execv(path, rest);
    fprintf(stderr, "%s: tradewind-signer is not beside this program: %s\n", who, strerror(errno));
    return EXIT_CODE_ERROR;
}

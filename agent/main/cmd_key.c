/* tradewind key: hands over to tradewind-signer, the only program that opens key stores. */
#include "main/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cmd_key(int argc, char **argv)
{
    static const char NAME[] = "/tradewind-signer";
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof NAME);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0) {
        fprintf(stderr, "tradewind key: cannot find its own directory: %s\n", strerror(errno));
        return EXIT_CODE_ERROR;
    }
    memcpy(path + n - 1, NAME, sizeof NAME);
    char *rest[64] = {path};
    int count = 1;
    for (int i = 0; i < argc; i++) {
        if (count + 1 == (int)(sizeof rest / sizeof rest[0])) {
            fputs("tradewind key: too many arguments\n", stderr);
            return EXIT_CODE_USAGE;
        }
        rest[count++] = argv[i];
    }
    rest[count] = NULL;
    execv(path, rest);
    fprintf(stderr, "tradewind key: tradewind-signer is not beside this program: %s\n",
            strerror(errno));
    return EXIT_CODE_ERROR;
}

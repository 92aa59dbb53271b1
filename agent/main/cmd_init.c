/* tradewind init: writes a commented configuration to start from. */
#include "main/cmd.h"
#include "main/starter.h"
#include "main/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char HELP[] =
    "usage: tradewind init [FILE]   write a commented starter configuration (tradewind.toml)\n"
    "\n"
    "It is in paper mode: real market data, simulated fills, no keys. An existing file is left\n"
    "alone. Exit codes: 0 written, 1 not written, 2 usage.\n";

/* Writes it all and makes it durable, or says why not by errno. */
static bool write_text(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

int cmd_init(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_CODE_OK;
    }
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        usage_wrong("tradewind init", argv[1][0] == '-' ? argv[1] : argv[2]);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    const char *path = argc == 2 ? argv[1] : "tradewind.toml";
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        fprintf(stderr, "tradewind init: %s: %s%s\n", path, strerror(errno),
                errno == EEXIST ? "; it is left as it is, give another name" : "");
        return EXIT_CODE_ERROR;
    }
    bool ok = write_text(fd, STARTER_TOML);
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        unlink(path); /* half a configuration helps nobody */
        fprintf(stderr, "tradewind init: %s: %s\n", path, strerror(error));
        return EXIT_CODE_ERROR;
    }
    printf("%s is written. Next:\n"
           "  tradewind check %s   say what it would run\n"
           "  tradewind run %s     run it: real market data, simulated fills, no keys\n",
           path, path, path);
    return EXIT_CODE_OK;
}

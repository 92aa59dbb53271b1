/* tradewind-signer: the one program that opens key stores. */
#include "base/exit_code.h"
#include "wallet/audit_cmd.h"
#include "wallet/harden.h"
#include "wallet/key_args.h"
#include "wallet/key_cmd.h"
#include "wallet/policy_cmd.h"
#include "wallet/why.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"

static const char HELP[] =
    "usage: tradewind-signer key COMMAND [ARGUMENTS]\n"
    "       tradewind-signer policy set [ARGUMENTS]\n"
    "       tradewind-signer audit COMMAND [ARGUMENTS]\n"
    "\n"
    "Makes, fills and shows key stores, and sets what their keys may sign; `tradewind-signer key\n"
    "--help` and `tradewind-signer policy --help` list the commands.\n";

int main(int argc, char **argv)
{
    char why[WHY_MAX];
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("tradewind-signer %s\n", TW_BUILD_ID);
        return EXIT_CODE_OK;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_CODE_OK;
    }
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } COMMANDS[] = {{"key", key_cmd}, {"policy", policy_cmd}, {"audit", audit_cmd}};
    size_t c = 0, count = sizeof COMMANDS / sizeof COMMANDS[0];
    while (argc > 1 && c < count && strcmp(argv[1], COMMANDS[c].name) != 0)
        c++;
    if (argc < 2 || c == count) {
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    enum err e = key_args_environment(environ, why);
    if (e) {
        fprintf(stderr, "tradewind-signer: %s\n", why);
        return EXIT_CODE_USAGE;
    }
    e = harden(why);
    if (e) {
        fprintf(stderr, "tradewind-signer: %s\n", why);
        return EXIT_CODE_ERROR;
    }
    return COMMANDS[c].run(argc - 1, argv + 1);
}

/* tradewind-signer: the one program that opens key stores. */
#include "base/exit_code.h"
#include "wallet/audit_cmd.h"
#include "wallet/harden.h"
#include "wallet/key_args.h"
#include "wallet/key_cmd.h"
#include "wallet/policy_cmd.h"
#include "wallet/serve_cmd.h"
#include "wallet/signer_cmd.h"
#include "wallet/why.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"

static const char HELP[] =
    "usage: tradewind-signer key COMMAND [ARGUMENTS]\n"
    "       tradewind-signer policy set [ARGUMENTS]\n"
    "       tradewind-signer audit COMMAND [ARGUMENTS]\n"
    "       tradewind-signer serve [ARGUMENTS]\n"
    "       tradewind-signer signer status|unlock|seal [ARGUMENTS]\n"
    "\n"
    "Makes, fills and shows key stores, sets what their keys may sign, and signs it. Each of key,\n"
    "policy, audit, serve and signer has a --help.\n";

static int serve(int argc, char **argv)
{
    return serve_cmd(argc, argv, "tradewind-signer " TW_BUILD_ID);
}

static const struct {
    const char *name;
    bool hardens_itself; /* in its own order */
    int (*run)(int argc, char **argv);
} COMMANDS[] = {
    {"key", false, key_cmd}, {"policy", false, policy_cmd}, {"audit", false, audit_cmd},
    {"serve", true, serve},  {"signer", false, signer_cmd},
};

int main(int argc, char **argv)
{
    char why[WHY_MAX];
    size_t n = 0, count = sizeof COMMANDS / sizeof *COMMANDS;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("tradewind-signer %s\n", TW_BUILD_ID);
        return EXIT_CODE_OK;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(HELP, stdout);
        return EXIT_CODE_OK;
    }
    while (n < count && (argc < 2 || strcmp(argv[1], COMMANDS[n].name) != 0))
        n++;
    if (n == count) {
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    enum err e = key_args_environment(environ, why);
    if (e) {
        fprintf(stderr, "tradewind-signer: %s\n", why);
        return EXIT_CODE_USAGE;
    }
    e = COMMANDS[n].hardens_itself ? ERR_OK : harden(why);
    if (e) {
        fprintf(stderr, "tradewind-signer: %s\n", why);
        return EXIT_CODE_ERROR;
    }
    return COMMANDS[n].run(argc - 1, argv + 1);
}

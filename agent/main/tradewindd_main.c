/* tradewindd: the daemon. It reads one configuration and trades until it is told to stop. */
#include "base/log.h"
#include "main/cmd.h"
#include "main/daemon.h"
#include "main/kinds.h"
#include "main/usage.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_id.h"

static const char HELP[] =
    "usage: tradewindd CONFIG [--log-level debug|info|warn|error] [--fresh]\n"
    "\n"
    "Trades as the configuration says, until SIGTERM or SIGINT. Log lines go to standard error, "
    "the\n"
    "summary at the end to standard output. `tradewind run CONFIG` starts it and restarts it "
    "after\n"
    "a crash.\n"
    "\n"
    "It goes on where the journal in the configuration's state_dir ends. --fresh begins a new\n"
    "journal with the balances of the configuration instead; older journals stay where they are.\n"
    "Exit codes: 0 told to stop, 1 error, 2 usage, 4 configuration.\n";

static bool read_level(const char *text)
{
    static const char *const NAMES[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(text, NAMES[i]) == 0) {
            log_set_level((enum log_level)i);
            return true;
        }
    return false;
}

static int load_and_run(const char *path, struct daemon_options *o)
{
    struct config c;
    struct config_report report = {.line = NULL};
    enum err rc = config_load(&c, path, program_kinds(), &report);
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.line[i]);
    config_report_clear(&report);
    if (rc != ERR_OK)
        return EXIT_CODE_CONFIG;
    char real[PATH_MAX], dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", realpath(path, real) ? real : path);
    char *slash = strrchr(dir, '/');
    o->path = path;
    o->name = slash ? slash + 1 : path;
    o->dir = slash ? dir : ".";
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s", o->name);
    o->name = name;
    if (slash)
        *slash = 0;
    int code = daemon_run(&c, o);
    config_close(&c);
    return code;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    struct daemon_options o = {.fresh = false};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("tradewindd %s\n", TW_BUILD_ID);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--fresh") == 0)
            o.fresh = true;
        else if (strcmp(argv[i], "--log-level") == 0 && i + 1 < argc && read_level(argv[i + 1]))
            i++;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else {
            usage_wrong("tradewindd", argv[i]);
            fputs(HELP, stderr);
            return EXIT_CODE_USAGE;
        }
    }
    if (!path) {
        usage_wrong("tradewindd", NULL);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    return load_and_run(path, &o);
}

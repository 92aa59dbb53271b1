/* tradewind status, strategies, orders, positions, balances, risk, alerts, fills: what the daemon
 * knows. */
#include "io/status.h"
#include "main/client.h"
#include "main/cmd.h"
#include "main/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(FILE *out, const char *what)
{
    fprintf(out, "usage: tradewind %s [CONFIG] [--json]%s\n\n", what,
            strcmp(what, "fills") == 0 ? " [--limit N]" : "");
    fprintf(out, "Asks the running daemon and prints a table; --json prints its answer as it is.\n"
                 "Money in the table is rounded where it is a value; in JSON it is exact.\n");
    fprintf(out, CLIENT_OPTIONS_HELP);
}

static int show(const char *what, int argc, char **argv)
{
    struct client_where where = {.config = NULL};
    const char *limit = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(stdout, what);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(what, "fills") == 0 && strcmp(argv[i], "--limit") == 0 && i + 1 < argc &&
                 argv[i + 1][0] && strspn(argv[i + 1], "0123456789") == strlen(argv[i + 1]) &&
                 strlen(argv[i + 1]) < 6)
            limit = argv[++i];
        else if (client_option(&where, argc, argv, &i))
            continue;
        else if (argv[i][0] != '-' && !where.config)
            where.config = argv[i];
        else {
            char program[32];
            snprintf(program, sizeof program, "tradewind %s", what);
            usage_wrong(program, argv[i]);
            print_help(stderr, what);
            return EXIT_CODE_USAGE;
        }
    }
    char socket[PATH_MAX_BYTES], path[64];
    int code = client_find(&where, what, socket);
    if (code != EXIT_CODE_OK)
        return code;
    snprintf(path, sizeof path, "/v1/%s%s%s", what, limit ? "?limit=" : "", limit ? limit : "");
    char *answer = NULL;
    code = client_ask(what, socket, path, NULL, &answer);
    if (code != EXIT_CODE_OK)
        return code;
    if (json) {
        fputs(answer, stdout);
    } else if (status_print(stdout, what, answer) != ERR_OK) {
        fprintf(stderr, "tradewind %s: the daemon's answer is of another version\n", what);
        code = EXIT_CODE_ERROR;
    }
    free(answer);
    return code;
}

int cmd_status(int argc, char **argv)
{
    return show("status", argc, argv);
}
int cmd_orders(int argc, char **argv)
{
    return show("orders", argc, argv);
}
int cmd_positions(int argc, char **argv)
{
    return show("positions", argc, argv);
}
int cmd_balances(int argc, char **argv)
{
    return show("balances", argc, argv);
}
int cmd_strategies(int argc, char **argv)
{
    return show("strategies", argc, argv);
}
int cmd_risk(int argc, char **argv)
{
    return show("risk", argc, argv);
}
int cmd_alerts(int argc, char **argv)
{
    return show("alerts", argc, argv);
}
int cmd_fills(int argc, char **argv)
{
    return show("fills", argc, argv);
}

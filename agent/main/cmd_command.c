/* tradewind pause, resume, stopentry, halt, unhalt: the owner's wishes. */
#include "main/client.h"
#include "main/cmd.h"
#include "main/usage.h"
#include "model/event.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum command_kind kind;
    const char *usage, *help;
} COMMANDS[] = {
    {COMMAND_PAUSE, "STRATEGY [CONFIG] [--reason TEXT]",
     "The strategy may only reduce what it holds; its orders stay."},
    {COMMAND_RESUME, "[STRATEGY] [CONFIG] [--reason TEXT]",
     "Undoes pause, a latched daily loss (the day's starting equity becomes the present one) and\n"
     "the strategy's own HALTED after a drawdown or a flood; without a strategy undoes stopentry\n"
     "and the agent's daily loss."},
    {COMMAND_STOPENTRY, "[CONFIG] [--reason TEXT]",
     "All strategies may only reduce what they hold; orders stay."},
    {COMMAND_HALT, "[CONFIG] [--reason TEXT]",
     "No new order; every open order is cancelled; positions stay."},
    {COMMAND_UNHALT, "--reason TEXT [CONFIG]",
     "Undoes halt, and a latched drawdown: the high-water mark becomes the present equity."},
};

static void print_help(FILE *out, enum command_kind kind)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        if (COMMANDS[i].kind == kind)
            fprintf(out, "usage: tradewind %s %s\n\n%s\n", command_kind_name(kind),
                    COMMANDS[i].usage, COMMANDS[i].help);
    fprintf(out, CLIENT_OPTIONS_HELP);
}

static int wrong(enum command_kind kind, const char *argument)
{
    char program[32];
    snprintf(program, sizeof program, "tradewind %s", command_kind_name(kind));
    usage_wrong(program, argument);
    print_help(stderr, kind);
    return EXIT_CODE_USAGE;
}

static int send_command(enum command_kind kind, const char *strategy, const char *reason,
                        const char *socket)
{
    const char *who = command_kind_name(kind);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "command", who);
    if (strategy)
        cJSON_AddStringToObject(o, "strategy", strategy);
    if (reason)
        cJSON_AddStringToObject(o, "reason", reason);
    char *body = cJSON_PrintUnformatted(o), *answer = NULL;
    cJSON_Delete(o);
    int code = body ? client_ask(who, socket, "/v1/command", body, &answer) : EXIT_CODE_ERROR;
    free(body);
    if (code != EXIT_CODE_OK)
        return code;
    o = cJSON_Parse(answer);
    const char *of = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "of"));
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "state"));
    printf("%s is %s\n", of ? of : "?", state ? state : "?");
    cJSON_Delete(o);
    free(answer);
    return EXIT_CODE_OK;
}

static int command(enum command_kind kind, int argc, char **argv)
{
    struct client_where where = {.config = NULL};
    const char *strategy = NULL, *reason = NULL;
    bool takes = kind == COMMAND_PAUSE || kind == COMMAND_RESUME;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(stdout, kind);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--reason") == 0 && i + 1 < argc)
            reason = argv[++i];
        else if (client_option(&where, argc, argv, &i))
            continue;
        else if (argv[i][0] != '-' && client_is_config(argv[i]) && !where.config)
            where.config = argv[i];
        else if (argv[i][0] != '-' && takes && !strategy)
            strategy = argv[i];
        else
            return wrong(kind, argv[i]);
    }
    if ((kind == COMMAND_PAUSE && !strategy) || (kind == COMMAND_UNHALT && !reason))
        return wrong(kind, NULL);
    char socket[PATH_MAX_BYTES];
    int code = client_find(&where, command_kind_name(kind), socket);
    return code == EXIT_CODE_OK ? send_command(kind, strategy, reason, socket) : code;
}

int cmd_pause(int argc, char **argv)
{
    return command(COMMAND_PAUSE, argc, argv);
}
int cmd_resume(int argc, char **argv)
{
    return command(COMMAND_RESUME, argc, argv);
}
int cmd_stopentry(int argc, char **argv)
{
    return command(COMMAND_STOPENTRY, argc, argv);
}
int cmd_halt(int argc, char **argv)
{
    return command(COMMAND_HALT, argc, argv);
}
int cmd_unhalt(int argc, char **argv)
{
    return command(COMMAND_UNHALT, argc, argv);
}

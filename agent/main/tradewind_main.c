/* tradewind: the command line. Each command is a file of its own beside this one. */
#include "main/cmd.h"

#include <stdio.h>
#include <string.h>

#include "build_id.h"

static const struct cmd COMMANDS[] = {
    /* name, summary, function: keep the order in which a newcomer needs them */
    {"init", "write a commented starter configuration", cmd_init},
    {"check", "check a configuration, say what it would run; --explain lists the keys", cmd_check},
    {"exchange", "a local exchange that replays recorded market data over TLS", cmd_exchange},
    {"generate", "write a generated market of three pairs to a file", cmd_generate},
    {"backtest", "run a configuration on recorded market data", cmd_backtest},
    {"run", "start the agent, and start it again after a crash", cmd_run},
    {"status", "what the agent does: equity, result, strategies, feeds", cmd_status},
    {"strategies", "each strategy: state, budget, position, result, its own figures",
     cmd_strategies},
    {"orders", "its open orders", cmd_orders},
    {"positions", "its positions", cmd_positions},
    {"balances", "its balances, and whose they are", cmd_balances},
    {"fills", "its newest fills", cmd_fills},
    {"risk", "its limits and their use, what is latched and what releases it", cmd_risk},
    {"alerts", "what it is to tell of, and what it told", cmd_alerts},
    {"pause", "let a strategy only reduce what it holds", cmd_pause},
    {"resume", "undo pause, or stopentry", cmd_resume},
    {"stopentry", "let all strategies only reduce what they hold", cmd_stopentry},
    {"halt", "no new order, cancel every open one", cmd_halt},
    {"unhalt", "undo halt", cmd_unhalt},
    {"reload", "read the configuration again, apply what may change while it runs", cmd_reload},
    {"key", "make and fill the encrypted key store (by tradewind-signer)", cmd_key},
    {"policy", "check, show and set what the signer may sign", cmd_policy},
    {"audit", "verify and show what the signer was asked and did", cmd_audit},
    {"signer", "status, unlock and seal of a running tradewind-signer", cmd_signer},
    {"doctor", "look at all that a run needs", cmd_doctor},
    {"replay", "run a journal again and compare every event and effect", cmd_replay},
    {"journal", "print a journal, one line per record", cmd_journal},
    {NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
    fprintf(out,
            "tradewind: an autonomous trading agent (build %s)\n\nusage: tradewind COMMAND "
            "[ARGUMENTS]\n\n",
            TW_BUILD_ID);
    for (const struct cmd *c = COMMANDS; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    fprintf(out, "\n`tradewind COMMAND --help` says more. Exit codes: 0 ok, 1 error, 2 usage, 3 "
                 "not running,\n"
                 "4 configuration, 5 time-out.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_CODE_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tradewind %s\n", TW_BUILD_ID);
        return EXIT_CODE_OK;
    }
    for (const struct cmd *c = COMMANDS; c->name; c++)
        if (strcmp(argv[1], c->name) == 0)
            return c->run(argc - 1, argv + 1);
    fprintf(stderr, "tradewind: there is no command '%s'; `tradewind help` lists them\n", argv[1]);
    return EXIT_CODE_USAGE;
}

/* The commands of `tradewind`: one file cmd_<name>.c each, listed in tradewind_main.c. */
#ifndef TW_MAIN_CMD_H
#define TW_MAIN_CMD_H

#include "base/exit_code.h"

struct cmd {
    const char *name;
    const char *summary;               /* one line for `tradewind help` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit code */
};

int cmd_init(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_exchange(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_backtest(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_strategies(int argc, char **argv);
int cmd_orders(int argc, char **argv);
int cmd_positions(int argc, char **argv);
int cmd_balances(int argc, char **argv);
int cmd_fills(int argc, char **argv);
int cmd_risk(int argc, char **argv);
int cmd_alerts(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_stopentry(int argc, char **argv);
int cmd_halt(int argc, char **argv);
int cmd_unhalt(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_journal(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_signer(int argc, char **argv);

#endif

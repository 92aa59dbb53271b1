/* tradewindd: one configuration, one state directory, one loop.
 *
 *   venue -> feed -> run (journal, engine, matching) -> log lines
 *                     ^ commands from the control socket
 */
#ifndef TW_MAIN_DAEMON_H
#define TW_MAIN_DAEMON_H

#include "config/config.h"

#include <stdbool.h>

struct daemon_options {
    const char *path;       /* of the configuration file, to read it again */
    const char *name, *dir; /* of the configuration file: the journal keeps them */
    bool fresh; /* begin with the configuration's balances, whatever older journals hold */
};

/* Runs until SIGTERM or SIGINT; returns the exit code of the program. Takes over [c]'s setup: a run
 * that is carried over changes its balances. */
int daemon_run(struct config *c, const struct daemon_options *o);

#endif

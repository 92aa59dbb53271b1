/* The command line's side of the control socket, and the options that say where it is. */
#ifndef TW_MAIN_CLIENT_H
#define TW_MAIN_CLIENT_H

#include "model/setup.h"

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_CONFIG_DEFAULT "tradewind.toml"
#define CLIENT_TIMEOUT_MS     5000
#define CLIENT_ANSWER_MAX     (16u * 1024u * 1024u)

#define CLIENT_OPTIONS_HELP                                                                        \
    "Which daemon: CONFIG or --config FILE (default ./tradewind.toml) names its configuration,\n"  \
    "--state-dir DIR its state directory, --socket PATH its control socket.\n"                     \
    "Exit codes: 0 ok, 1 error, 2 usage, 3 no daemon runs there, 4 the configuration is wrong,\n"  \
    "5 no answer in time.\n"

struct client_where {
    const char *config, *state_dir, *socket;
};

/* Reads one of --config, --state-dir, --socket with its value at argv[*i]; moves *i to the value.
 * False: it is none of them, or the value is missing. */
bool client_option(struct client_where *w, int argc, char **argv, int *i);
/* Whether a plain argument must be a configuration file: no name of a strategy has '.' or '/'. */
bool client_is_config(const char *argument);

/* Finds the path of the socket: [out] has PATH_MAX_BYTES. Returns an exit code; where it is not 0 a
 * sentence was printed. [who]: the command, for messages. */
int client_find(const struct client_where *w, const char *who, char *out);

/* One request; [body] NULL: GET, else POST. Returns an exit code. On 0 *ret_json is the answer,
 * malloc'd. Else a sentence was printed. */
int client_ask(const char *who, const char *socket, const char *path, const char *body,
               char **ret_json);

#endif

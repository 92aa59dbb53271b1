/* The command line of `tradewind-signer serve`. */
#ifndef TW_WALLET_SERVE_ARGS_H
#define TW_WALLET_SERVE_ARGS_H

#include "wallet/audit.h"
#include "wallet/file.h"
#include "wallet/input.h"
#include "wallet/server.h"

#include <limits.h>

enum serve_unlock { UNLOCK_NONE, UNLOCK_PROMPT, UNLOCK_ASK_PASSWORD, UNLOCK_CREDENTIAL };

#define SERVE_PEERS_MAX (SERVER_SOCKETS * SERVER_PEERS)

struct serve_args {
    char store[FILE_PATH_MAX], policy[FILE_PATH_MAX], audit[FILE_PATH_MAX], counter[FILE_PATH_MAX],
        sockets[FILE_PATH_MAX];
    enum audit_mode durability;
    enum serve_unlock unlock;
    const char *credential; /* its name in $CREDENTIALS_DIRECTORY */
    struct input passphrase;
    bool strict;
    bool show_sandbox, json;
    int ready_fd; /* -1: none */
    unsigned peers;
    struct {
        enum server_socket socket;
        uid_t uid;
    } peer[SERVE_PEERS_MAX];
};

/* Reads argv[1] and on, and fills in what is usual. ERR_SYNTAX, ERR_RANGE with a sentence in
 * why[WHY_MAX]. */
enum err serve_args_parse(int argc, char **argv, struct serve_args *ret, char *why) MUST_CHECK;

#endif

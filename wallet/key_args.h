/* The command line of `tradewind-signer key`. */
#ifndef TW_WALLET_KEY_ARGS_H
#define TW_WALLET_KEY_ARGS_H

#include "wallet/input.h"

#include <stdbool.h>
#include <stdint.h>

#define KEY_PATH_MAX 960 /* of a store: room for .previous and .new behind it */

struct key_args {
    const char *argument; /* NAME of a key, or where a backup goes; NULL: none */
    char store[KEY_PATH_MAX];
    const char *kind, *class, *network, *format, *path;
    struct input passphrase, credential, new_passphrase, secret, api_key, import_passphrase;
    struct input new_credential; /* where one goes, not where it comes from */
    uint64_t memory;             /* bytes */
    uint32_t passes;
    const char *audit, *counter; /* of rekey; NULL: at their usual places */
    bool json, yes, unverified, no_audit;
};

/* Reads argv[1] and on, in which [argument] says whether one is expected beside the options.
 * ERR_SYNTAX, ERR_RANGE with a sentence in why[WHY_MAX]; it repeats no argument, one could be a
 * secret. */
enum err key_args_parse(int argc, char **argv, bool argument, struct key_args *ret,
                        char *why) MUST_CHECK;

/* Whether the environment holds a secret for us, where it is not safe. ERR_RANGE, as above. */
enum err key_args_environment(char **environment, char *why) MUST_CHECK;

#endif

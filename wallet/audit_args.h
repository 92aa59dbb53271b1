/* The command line of `tradewind-signer audit`. */
#ifndef TW_WALLET_AUDIT_ARGS_H
#define TW_WALLET_AUDIT_ARGS_H

#include "wallet/audit_place.h"
#include "wallet/key_args.h"
#include "wallet/wire.h"

struct audit_args {
    struct key_args keys; /* store and passphrase */
    char log[AUDIT_PATH_MAX], counter[AUDIT_PATH_MAX], policy[AUDIT_PATH_MAX];
    bool counter_given, no_counter, macs, json, refused, yes;
    uint32_t from;
    int64_t since_ms;        /* 0: from the beginning */
    const char *key;         /* NULL: all */
    enum wire_reason reason; /* with has_reason */
    bool has_reason;
};

/* argv[1] and on. ERR_SYNTAX, ERR_RANGE with a sentence in why[WHY_MAX], which repeats nothing. */
enum err audit_args_parse(int argc, char **argv, struct audit_args *ret, char *why) MUST_CHECK;

#endif

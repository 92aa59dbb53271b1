/* How keys come into a store. */
#ifndef TW_WALLET_KEY_MAKE_H
#define TW_WALLET_KEY_MAKE_H

#include "wallet/key_args.h"
#include "wallet/keystore.h"

/* The entry that the options describe, before a passphrase is asked for: kind, class, network.
 * ERR_RANGE with a sentence in why[WHY_MAX]. */
enum err key_make_check(const struct key_args *a, struct keystore_entry *ret, char *why) MUST_CHECK;

/* Reads or draws the secret and adds it to the open store. Any error, with a sentence. */
typedef enum err key_maker(struct keystore *k, const struct key_args *a,
                           struct keystore_entry *entry, char *why);
key_maker key_make_add, key_make_import, key_make_generate;

#endif

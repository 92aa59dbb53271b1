/* `tradewind-signer key slots|add-slot|remove-slot`: the ways to open a store. */
#ifndef TW_WALLET_KEY_SLOTS_H
#define TW_WALLET_KEY_SLOTS_H

#include "wallet/key_store.h"

#define KEY_CREDENTIAL_LEN 64 /* random bytes of a new credential */

/* Each with a sentence in why[WHY_MAX] where it fails. */
enum err key_slots_list(struct key_store *s, const struct key_args *a, char *why) MUST_CHECK;
/* A passphrase, or a credential that is made here and goes to a file or descriptor, never to the
 * screen. The store is opened with the new slot before the version before goes. */
enum err key_slots_add(struct key_store *s, const struct key_args *a, char *why) MUST_CHECK;
enum err key_slots_remove(struct key_store *s, const struct key_args *a, char *why) MUST_CHECK;

#endif

/* The owner goes on after the signer refused its audit log. */
#ifndef TW_WALLET_AUDIT_ACCEPT_H
#define TW_WALLET_AUDIT_ACCEPT_H

#include "wallet/audit_args.h"

/* Opens the key store, says what is wrong with the log, asks, and begins a new segment with a
 * record of it. Nothing is removed. What the policy allows in a day counts as spent from now on,
 * and every order number that was ever seen as signed. ERR_STATE: nothing is wrong, another one
 * uses the log, or the owner said no; errors of files and store. A sentence in why[WHY_MAX]. */
enum err audit_accept(const struct audit_args *a, char *why) MUST_CHECK;

#endif

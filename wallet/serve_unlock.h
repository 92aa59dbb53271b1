/* What the key store is opened with at the start. */
#ifndef TW_WALLET_SERVE_UNLOCK_H
#define TW_WALLET_SERVE_UNLOCK_H

#include "wallet/serve_args.h"

/* Reads it, before the process gives up what that needs, as the WIRE_UNLOCK message that the opener
 * takes: guarded, shut; empty where nothing is to be unlocked. A sentence in why[WHY_MAX]. */
enum err serve_unlock_read(const struct serve_args *a, struct secret *ret, char *why) MUST_CHECK;

/* The message of a secret, to whoever is asked; [s] is shut. */
enum err serve_unlock_message(enum wire_unlock how, const struct secret *s,
                              struct secret *ret) MUST_CHECK;

#endif

/* Where the audit log of a key store is unless somebody says otherwise: the directory STORE.audit,
 * and the counter apart from it, $XDG_STATE_HOME/tradewind/NAME.counter (by default below
 * ~/.local/state), NAME being the last part of STORE. */
#ifndef TW_WALLET_AUDIT_PLACE_H
#define TW_WALLET_AUDIT_PLACE_H

#include "base/err.h"

#define AUDIT_PATH_MAX 1024

/* ERR_RANGE with a sentence in why[WHY_MAX]: too long, or no home directory. */
enum err audit_place_log(const char *store, char ret[AUDIT_PATH_MAX], char *why) MUST_CHECK;
enum err audit_place_counter(const char *store, char ret[AUDIT_PATH_MAX], char *why) MUST_CHECK;

/* Makes the directory of the log, or of a counter's path, mode 0700, with those above it. ERR_IO.
 */
enum err audit_place_make(const char *directory, char *why) MUST_CHECK;
enum err audit_place_make_for(const char *path, char *why) MUST_CHECK;

#endif

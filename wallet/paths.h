/* Where things are unless told otherwise. Each [out] has FILE_PATH_MAX bytes. ERR_RANGE with a
 * sentence in why[WHY_MAX]. */
#ifndef TW_WALLET_PATHS_H
#define TW_WALLET_PATHS_H

#include "wallet/file.h"

/* Sockets: below $XDG_RUNTIME_DIR, else in /run. */
enum err paths_sockets(char *out, char *why) MUST_CHECK;

/* STORE.audit/ */
enum err paths_audit(const char *store, char *out, char *why) MUST_CHECK;

/* The audit log's counter, away from the store: below $XDG_STATE_HOME or ~/.local/state, named by
 * the store's whole path, so that each store has its own. */
enum err paths_counter(const char *store, char *out, char *why) MUST_CHECK;

/* Makes the directories that [path] is in, of mode 0700, as far as they are missing. ERR_IO. */
enum err paths_make(const char *path, char *why) MUST_CHECK;

#endif

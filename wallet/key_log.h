/* The audit log learns that the store gets another data key: its MACs are made with that. */
#ifndef TW_WALLET_KEY_LOG_H
#define TW_WALLET_KEY_LOG_H

#include "wallet/key_store.h"

/* [s] is open, and was given another data key, which is not on disk yet; [before] is the key of the
 * log's MACs until then. Records both in the log that belongs to the store, where there is one, so
 * that it can be opened with either: whatever happens before the store is written, nothing has to
 * be accepted. A sentence in why[WHY_MAX]: what the log has against it; nothing is to be written
 * then. */
enum err key_log_rekey(const struct key_store *s, const struct key_args *a,
                       const struct secret *before, char *why) MUST_CHECK;

#endif

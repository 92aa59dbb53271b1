/* A signer that is running and unlocked, as `policy set` sees it: what it has, and how it takes
 * over another policy. */
#ifndef TW_WALLET_POLICY_LIVE_H
#define TW_WALLET_POLICY_LIVE_H

#include "wallet/keystore.h"
#include "wallet/policy.h"
#include "wallet/secret.h"

struct policy_live {
    int fd;
    uint8_t *buffer; /* WIRE_BUFFER_MAX, guarded */
    bool sealed;
    uint8_t policy_hash[32];
};

/* Connects to DIR/admin.sock. ERR_NOT_FOUND: no signer serves there; others of ask_open(). A
 * sentence in why[WHY_MAX] here and below. To be closed in any case. */
enum err policy_live_open(struct policy_live *ret, const char *sockets, char *why) MUST_CHECK;
void policy_live_close(struct policy_live *l);

/* Label, class, kind and network of its keys: ret[KEYSTORE_ENTRIES_MAX]. */
enum err policy_live_keys(struct policy_live *l, struct keystore_entry *ret, uint32_t *ret_count,
                          char *why) MUST_CHECK;

/* Has it write the policy and take it over. ERR_STATE: it refuses. */
enum err policy_live_set(struct policy_live *l, const struct secret *passphrase,
                         const uint8_t *policy, size_t len, char *why) MUST_CHECK;

#endif

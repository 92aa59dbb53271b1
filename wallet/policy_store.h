/* The compiled policy on disk: a file beside the key store, whose hash the store attests.
 *
 *   FILE.policy            the policy of the store FILE
 *   FILE.policy.new        written before the store that attests it; then takes its place
 *   FILE.policy.previous   the one before, until the next one is set
 *
 * The policy is the one of these three whose BLAKE2b-256 is the hash in the store's header, which
 * the store authenticates once it is open. Writing makes .new durable, then the store, then
 * renames: whatever moment it ends at, the store that is there finds its policy, the old one or the
 * new one; so does FILE.previous of the store, where FILE does not open. A store whose hash is zero
 * attests no policy: then nothing is allowed.
 */
#ifndef TW_WALLET_POLICY_STORE_H
#define TW_WALLET_POLICY_STORE_H

#include "wallet/keystore.h"
#include "wallet/policy.h"

#define POLICY_HASH_BYTES 32

/* The hash that a store attests a policy by. */
void policy_hash(const uint8_t *bytes, size_t len, uint8_t out[static POLICY_HASH_BYTES]);

/* Where the policy of a store is unless told otherwise: [out] has FILE_PATH_MAX bytes. ERR_RANGE.
 */
enum err policy_store_path(const char *store, char *out, char *why) MUST_CHECK;

/* Reads the policy that [k], which is open, attests; changes nothing. Without one: an empty policy.
 * ERR_CORRUPT: the file is missing, was changed, or another one was put in its place, also where
 * none is attested; ERR_IO, ERR_NOMEM. A sentence in why[WHY_MAX]. */
enum err policy_store_read(const struct keystore *k, const char *path, struct policy *ret,
                           char *why) MUST_CHECK;

/* The same where the attested hash is known otherwise: from a signer that has the store open. */
enum err policy_store_find(const uint8_t hash[static POLICY_HASH_BYTES], const char *path,
                           struct policy *ret, char *why) MUST_CHECK;

/* Writes a compiled policy to [path] and [k], which is open, to [store], attesting it. ERR_SYNTAX
 * or ERR_UNSUPPORTED: not a compiled policy; ERR_STATE: the store on disk attests another policy
 * than [k]; ERR_IO and others of keystore_write(). On failure k->policy_hash is as it was; on disk
 * is either. */
enum err policy_store_write(struct keystore *k, const char *store, const char *path,
                            const uint8_t *bytes, size_t len, char *why) MUST_CHECK;

#endif

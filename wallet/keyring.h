/* The keys that the signing process holds while the key store is open, ready to use: no data key,
 * nothing of chain keys, which nothing here can sign with. */
#ifndef TW_WALLET_KEYRING_H
#define TW_WALLET_KEYRING_H

#include "wallet/encode.h"
#include "wallet/keystore.h"
#include "wallet/policy.h"
#include "wallet/sign.h"

struct keyring_entry {
    struct wire_key info;
    const struct encoder *encoder; /* NULL: nothing is signed with it */
    struct sign_key sign;          /* with an encoder */
    struct secret content;         /* class wire: what is given out */
};

struct keyring {
    bool open;
    uint8_t id[16], policy_hash[32]; /* of the key store */
    uint64_t generation;
    struct policy policy;
    struct secret mac_key; /* of the audit log */
    uint32_t count;
    struct keyring_entry entry[KEYSTORE_ENTRIES_MAX];
};

/* Places for secrets that a ring can take, one that is on its way included. */
#define KEYRING_SECRETS (KEYSTORE_ENTRIES_MAX + 2)

/* What of an entry leaves the key store. */
bool keyring_wants(const struct keystore_entry *e);

/* Adds a key; [content] as keystore_content() has it, or empty, shut; it is copied or taken over.
 * ERR_NOMEM. */
enum err keyring_add(struct keyring *r, const struct keystore_entry *e,
                     struct secret *content) MUST_CHECK;

const struct keyring_entry *keyring_find(const struct keyring *r, const char *label); /* or NULL */
struct sign_key *keyring_sign_key(struct keyring *r, const struct keyring_entry *e);

/* Wipes. */
void keyring_clear(struct keyring *r);

#endif

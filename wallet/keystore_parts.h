/* Inside the key store: what its files share. */
#ifndef TW_WALLET_KEYSTORE_PARTS_H
#define TW_WALLET_KEYSTORE_PARTS_H

#include "base/buf.h"
#include "wallet/keystore.h"

#include <sodium.h>

#define MAGIC      "TWKS"
#define PREFIX_LEN (4 + 2 + 2 + 4)
#define TAG_LEN    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_LEN  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define KEY_LEN    crypto_aead_xchacha20poly1305_ietf_KEYBYTES

_Static_assert(KEY_LEN == 32 && NONCE_LEN == 24 && TAG_LEN == 16, "sizes in struct keystore_slot");
_Static_assert(crypto_pwhash_SALTBYTES == 16, "salt in struct keystore_slot");

/* A slot's part of the header that its wrapped key is bound to. */
void keystore_write_slot(struct bufw *w, const struct keystore_slot *s);

/* Wraps the data key of [k] for [s], drawing salt and nonce. ERR_NOMEM. */
enum err keystore_wrap(const struct keystore *k, struct keystore_slot *s,
                       const struct keystore_unlock *u) MUST_CHECK;
/* The other way. ERR_CORRUPT, ERR_NOMEM. */
enum err keystore_unwrap(const struct keystore *k, const struct keystore_slot *s,
                         const struct keystore_unlock *u, struct secret *ret) MUST_CHECK;

#endif

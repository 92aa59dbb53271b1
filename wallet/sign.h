/* A key that is ready to sign text: HMAC-SHA256 with a kept state, or Ed25519 (libsodium's).
 *
 * For encoders only: nothing that comes from a socket gets here as it came. Both stay in guarded
 * memory that is unreadable between signatures.
 */
#ifndef TW_WALLET_SIGN_H
#define TW_WALLET_SIGN_H

#include "base/err.h"
#include "wallet/hmac.h"
#include "wallet/kind.h"
#include "wallet/secret.h"

#include <stddef.h>
#include <stdint.h>

#define SIGN_API_KEY_MAX 129
#define SIGN_TEXT_MAX    96 /* of a signature as text, with NUL: 64 hex digits, or 88 of base64 */

struct sign_key {
    enum key_kind kind;
    char api_key[SIGN_API_KEY_MAX];
    struct secret hmac;    /* its state after the key; empty for the other kind */
    struct secret ed25519; /* seed and public key, 64 bytes */
};

/* Binance's two kinds; [secret] is copied. ERR_UNSUPPORTED for other kinds; ERR_RANGE for an API
 * key that is empty, too long or not of letters and digits, or a secret of a length that the kind
 * does not have. */
enum err sign_key_make(struct sign_key *ret, enum key_kind kind, const char *api_key,
                       const uint8_t *secret, size_t len) MUST_CHECK;
void sign_key_free(struct sign_key *k);

/* Lower-case hex of the HMAC, or base64 of the Ed25519 signature. */
enum err sign_text(struct sign_key *k, const char *text, size_t len,
                   char out[static SIGN_TEXT_MAX]) MUST_CHECK;

#endif

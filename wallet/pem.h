/* Private keys in PEM: PKCS#8, in clear or encrypted (PBES2 with PBKDF2, what OpenSSL writes), and
 * OpenSSL's "EC PRIVATE KEY". Only Ed25519 and secp256k1. */
#ifndef TW_WALLET_PEM_H
#define TW_WALLET_PEM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define PEM_FILE_MAX    16384
#define PEM_PUBLIC_TEXT 128 /* bytes for an Ed25519 public key in PEM, with NUL */

enum pem_type { PEM_ED25519 = 1, PEM_SECP256K1 = 2 };

/* The first private key in the text: an Ed25519 seed, or the number of a secp256k1 key. [password]
 * NULL: the key is in clear. ERR_SYNTAX (no such thing in it), ERR_UNSUPPORTED (another algorithm
 * or encryption), ERR_RANGE (too long; absurd parameters; no key), ERR_STATE (it is encrypted, and
 * there is no password), ERR_CORRUPT (wrong password or changed); a sentence in why[WHY_MAX], [key]
 * untouched. */
enum err pem_private(const char *text, size_t len, const uint8_t *password, size_t password_len,
                     enum pem_type *ret_type, uint8_t key[32], char *why) MUST_CHECK;

/* The public half of an Ed25519 seed. */
void pem_ed25519_public(const uint8_t seed[32], uint8_t out[32]);

/* An Ed25519 public key as venues take it: SubjectPublicKeyInfo in PEM. */
void pem_ed25519_text(const uint8_t public_key[32], char out[PEM_PUBLIC_TEXT]);

#endif

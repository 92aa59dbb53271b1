/* Keys in Web3 Secret Storage, version 3: the JSON files of geth and other Ethereum wallets.
 *
 * What such a file may ask for is bounded before anything is allocated or computed: scrypt up to
 * 1 GiB of memory (n = 2^20 with r = 8; p up to 16), PBKDF2 up to ten million rounds.
 */
#ifndef TW_WALLET_WEB3_H
#define TW_WALLET_WEB3_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define WEB3_FILE_MAX 16384

/* The private key in the [len] bytes of JSON at [text]. ERR_SYNTAX (no JSON, or a field that is
 * missing or malformed), ERR_UNSUPPORTED (version, cipher, kdf), ERR_RANGE (absurd parameters),
 * ERR_CORRUPT (wrong password or changed file; or an address that is not the key's), ERR_NOMEM; a
 * sentence in why[WHY_MAX], [key] untouched. */
enum err web3_decrypt(const char *text, size_t len, const uint8_t *password, size_t password_len,
                      uint8_t key[32], char *why) MUST_CHECK;

#endif

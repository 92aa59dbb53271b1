/* Hashes of the venues' and chains' formats. All take any length, none fails; what they kept of
 * their input is wiped. */
#ifndef TW_WALLET_HASH_H
#define TW_WALLET_HASH_H

#include <stddef.h>
#include <stdint.h>

void hash_sha256(const void *data, size_t len, uint8_t out[32]);
void hash_sha512(const void *data, size_t len, uint8_t out[64]);
void hash_ripemd160(const void *data, size_t len, uint8_t out[20]);
/* Keccak-256 as Ethereum has it: the padding of the competition, not that of SHA3-256. */
void hash_keccak256(const void *data, size_t len, uint8_t out[32]);

void hash_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t out[32]);
void hash_hmac_sha512(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t out[64]);

#endif

/* secp256k1 keys and the Ethereum addresses that belong to them. */
#ifndef TW_WALLET_SECP_H
#define TW_WALLET_SECP_H

#include "base/err.h"

#include <stdint.h>

#define SECP_ADDRESS_LEN  20
#define SECP_ADDRESS_TEXT 43 /* "0x", 40 digits, NUL */

/* The public key, compressed. ERR_RANGE where [key] is not in 1..n-1. */
enum err secp_public(const uint8_t key[32], uint8_t out[33]) MUST_CHECK;

/* The address: the last 20 bytes of the public key's Keccak-256. ERR_RANGE as above. */
enum err secp_address(const uint8_t key[32], uint8_t out[SECP_ADDRESS_LEN]) MUST_CHECK;

/* [key] + [tweak] modulo n, in place. ERR_RANGE, [key] untouched, where either is not a number
 * that BIP-32 allows or the sum is zero. */
enum err secp_add(uint8_t key[32], const uint8_t tweak[32]) MUST_CHECK;

/* An address with its checksum in the case of its letters (EIP-55). */
void secp_address_text(const uint8_t address[SECP_ADDRESS_LEN], char out[SECP_ADDRESS_TEXT]);

#endif

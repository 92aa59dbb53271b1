/* JSON files with test vectors: in tests/data/crypto, or outside of the repository
 * ($TRADEWIND_SHARED/data/crypto-vectors, default ../shared), plain or gzip. */
#ifndef TW_TESTS_VECTORS_H
#define TW_TESTS_VECTORS_H

#include <cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* The file; fails the test where it is there and no JSON, skips it where it is not there. The
 * caller deletes it. */
cJSON *vectors_outside(const char *name); /* "hashes/ethers-hashes.json" */
cJSON *vectors_here(const char *name);    /* "bip32-spec.json"; fails where it is not there */

/* A member that is text; fails the test where it is not. */
const char *vectors_text(const cJSON *o, const char *key);

/* A member that is hexadecimal text, 0x in front or not, as at most [cap] bytes; how many. */
size_t vectors_bytes(const cJSON *o, const char *key, uint8_t *out, size_t cap);

#endif

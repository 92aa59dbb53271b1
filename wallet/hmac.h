/* HMAC-SHA256 with a key that is kept ready: OpenSSL's EVP_MAC, which uses the processor's SHA
 * instructions. Its header and base/err.h want the same names, therefore this one shows neither. */
#ifndef TW_WALLET_HMAC_H
#define TW_WALLET_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_BYTES 32

struct hmac; /* what OpenSSL keeps of the key is on the heap, and wiped by hmac_free() */

struct hmac *hmac_make(const uint8_t *key, size_t len); /* NULL: OpenSSL could not */
void hmac_free(struct hmac *h);                         /* NULL is fine */
bool hmac_of(struct hmac *h, const void *data, size_t len, uint8_t out[static HMAC_BYTES]);

#endif

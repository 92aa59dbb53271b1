/* HMAC-SHA256 with a key that is kept ready: nettle's, whose state is a plain struct (it can live
 * in guarded memory, unreadable between uses) and which uses the processor's SHA instructions. */
#ifndef TW_WALLET_HMAC_H
#define TW_WALLET_HMAC_H

#include "wallet/secret.h"

#include <stddef.h>
#include <stdint.h>

#define HMAC_BYTES 32

/* The state after the key, guarded and shut. secret_free() wipes it. ERR_NOMEM. */
enum err hmac_make(struct secret *ret, const uint8_t *key, size_t len) MUST_CHECK;
void hmac_of(struct secret *hmac, const void *data, size_t len, uint8_t out[static HMAC_BYTES]);

#endif

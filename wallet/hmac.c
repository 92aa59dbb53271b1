#include "wallet/hmac.h"

#include <nettle/hmac.h>

enum err hmac_make(struct secret *ret, const uint8_t *key, size_t len)
{
    struct secret s;
    enum err err = secret_make(&s, sizeof(struct hmac_sha256_ctx));
    if (err)
        return err;
    hmac_sha256_set_key((struct hmac_sha256_ctx *)(void *)s.data, len, key);
    secret_shut(&s);
    *ret = s;
    return ERR_OK;
}

/* nettle_hmac_digest() leaves the state as it was after the key. */
void hmac_of(struct secret *hmac, const void *data, size_t len, uint8_t out[static HMAC_BYTES])
{
    struct hmac_sha256_ctx *ctx = (struct hmac_sha256_ctx *)(void *)hmac->data;
    secret_edit(hmac);
    hmac_sha256_update(ctx, len, data);
    hmac_sha256_digest(ctx, HMAC_BYTES, out);
    secret_shut(hmac);
}

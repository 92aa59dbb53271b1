#include "wallet/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* struct hmac is OpenSSL's context under a name of ours. */
static EVP_MAC_CTX *context(struct hmac *h)
{
    return (EVP_MAC_CTX *)h;
}

struct hmac *hmac_make(const uint8_t *key, size_t len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    if (ctx && !EVP_MAC_init(ctx, key, len, params)) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    return (struct hmac *)ctx;
}

void hmac_free(struct hmac *h)
{
    EVP_MAC_CTX_free(context(h));
}

bool hmac_of(struct hmac *h, const void *data, size_t len, uint8_t out[static HMAC_BYTES])
{
    size_t n = 0;
    return EVP_MAC_init(context(h), NULL, 0, NULL) && EVP_MAC_update(context(h), data, len) &&
           EVP_MAC_final(context(h), out, &n, HMAC_BYTES) && n == HMAC_BYTES;
}

#include "io/box_sign.h"

#include "io/lws.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define HMAC_BYTES    32
#define ED25519_BYTES 64

static bool verify_hmac(const struct box_key *k, const char *payload, size_t len,
                        const char *signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0, wrong = 0;
    if (strlen(signature) != 2 * HMAC_BYTES ||
        !HMAC(EVP_sha256(), k->secret, (int)strlen(k->secret), (const unsigned char *)payload, len,
              mac, &n))
        return false;
    for (unsigned i = 0; i < 2 * HMAC_BYTES; i++) {
        unsigned digit = i % 2 ? mac[i / 2] & 15u : mac[i / 2] >> 4;
        char c = signature[i];
        unsigned got = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                              : 99;
        wrong |= digit ^ got;
    }
    return wrong == 0;
}

static bool verify_ed25519(const struct box_key *k, const char *payload, size_t len,
                           const char *signature)
{
    unsigned char raw[ED25519_BYTES + 2];
    /* 88 characters, of which the last two are padding, give 66 bytes with two zeros. */
    if (strlen(signature) != 88 ||
        EVP_DecodeBlock(raw, (const unsigned char *)signature, 88) != ED25519_BYTES + 2)
        return false;
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->public_key, BOX_KEY_BYTES);
    EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
    bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(ctx, raw, ED25519_BYTES, (const unsigned char *)payload, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

bool box_sign_verify(const struct box_key *k, const char *payload, size_t len,
                     const char *signature)
{
    return k->kind == BOX_KEY_HMAC ? verify_hmac(k, payload, len, signature)
                                   : verify_ed25519(k, payload, len, signature);
}

#include "wallet/sign.h"

#include <sodium.h>
#include <string.h>

static bool api_key_ok(const char *key)
{
    size_t n = 0;
    for (; key[n]; n++) {
        char c = key[n];
        if (n + 1 == SIGN_API_KEY_MAX ||
            !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return false;
    }
    return n > 0;
}

static enum err make_ed25519(struct secret *ret, const uint8_t *seed)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    struct secret s;
    enum err err = secret_make(&s, crypto_sign_SECRETKEYBYTES);
    if (err)
        return err;
    crypto_sign_seed_keypair(public_key, s.data, seed);
    secret_shut(&s);
    *ret = s;
    return ERR_OK;
}

enum err sign_key_make(struct sign_key *ret, enum key_kind kind, const char *api_key,
                       const uint8_t *secret, size_t len)
{
    struct sign_key k;
    memset(&k, 0, sizeof k);
    const struct kind_info *info = kind_get(kind);
    if (kind != KIND_BINANCE_HMAC && kind != KIND_BINANCE_ED25519)
        return ERR_UNSUPPORTED;
    if (!api_key_ok(api_key) || len < info->secret_min || len > info->secret_max)
        return ERR_RANGE;
    k.kind = kind;
    memcpy(k.api_key, api_key, strlen(api_key) + 1);
    enum err err = kind == KIND_BINANCE_HMAC ? hmac_make(&k.hmac, secret, len)
                                             : make_ed25519(&k.ed25519, secret);
    if (err)
        return err;
    *ret = k;
    return ERR_OK;
}

void sign_key_free(struct sign_key *k)
{
    secret_free(&k->hmac);
    secret_free(&k->ed25519);
    memset(k, 0, sizeof *k);
}

enum err sign_text(struct sign_key *k, const char *text, size_t len, char out[static SIGN_TEXT_MAX])
{
    if (k->hmac.data) {
        uint8_t mac[HMAC_BYTES];
        hmac_of(&k->hmac, text, len, mac);
        sodium_bin2hex(out, SIGN_TEXT_MAX, mac, sizeof mac);
        return ERR_OK;
    }
    if (!k->ed25519.data)
        return ERR_STATE;
    uint8_t sig[crypto_sign_BYTES];
    secret_open(&k->ed25519);
    int failed = crypto_sign_detached(sig, NULL, (const uint8_t *)text, len, k->ed25519.data);
    secret_shut(&k->ed25519);
    if (failed)
        return ERR_STATE;
    sodium_bin2base64(out, SIGN_TEXT_MAX, sig, sizeof sig, sodium_base64_VARIANT_ORIGINAL);
    return ERR_OK;
}

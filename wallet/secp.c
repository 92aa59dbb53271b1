#include "wallet/secp.h"

#include "base/check.h"
#include "wallet/hash.h"
#include "wallet/hex.h"

#include <secp256k1.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

/* Made once: blinding a context against side channels costs more than a signature. */
static const secp256k1_context *context(void)
{
    static secp256k1_context *c;
    if (!c) {
        uint8_t seed[32];
        c = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        randombytes_buf(seed, sizeof seed);
        CHECK(c && secp256k1_context_randomize(c, seed));
        sodium_memzero(seed, sizeof seed);
    }
    return c;
}

static enum err public_as(const uint8_t key[32], unsigned flags, uint8_t *out, size_t len)
{
    secp256k1_pubkey p;
    if (!secp256k1_ec_pubkey_create(context(), &p, key))
        return ERR_RANGE;
    size_t got = len;
    CHECK(secp256k1_ec_pubkey_serialize(context(), out, &got, &p, flags) && got == len);
    return ERR_OK;
}

enum err secp_public(const uint8_t key[32], uint8_t out[33])
{
    return public_as(key, SECP256K1_EC_COMPRESSED, out, 33);
}

enum err secp_address(const uint8_t key[32], uint8_t out[SECP_ADDRESS_LEN])
{
    uint8_t point[65], digest[32];
    enum err e = public_as(key, SECP256K1_EC_UNCOMPRESSED, point, sizeof point);
    if (e)
        return e;
    hash_keccak256(point + 1, sizeof point - 1, digest); /* without the format byte */
    memcpy(out, digest + sizeof digest - SECP_ADDRESS_LEN, SECP_ADDRESS_LEN);
    return ERR_OK;
}

enum err secp_add(uint8_t key[32], const uint8_t tweak[32])
{
    uint8_t sum[32];
    memcpy(sum, key, sizeof sum);
    bool good = secp256k1_ec_seckey_tweak_add(context(), sum, tweak) == 1;
    if (good)
        memcpy(key, sum, sizeof sum);
    sodium_memzero(sum, sizeof sum);
    return good ? ERR_OK : ERR_RANGE;
}

void secp_address_text(const uint8_t address[SECP_ADDRESS_LEN], char out[SECP_ADDRESS_TEXT])
{
    uint8_t digest[32];
    memcpy(out, "0x", 2);
    hex_encode(address, SECP_ADDRESS_LEN, out + 2);
    hash_keccak256(out + 2, 2 * SECP_ADDRESS_LEN, digest);
    for (size_t i = 0; i < 2 * SECP_ADDRESS_LEN; i++) {
        unsigned nibble = i % 2 ? digest[i / 2] & 15u : digest[i / 2] >> 4;
        if (nibble >= 8 && out[2 + i] >= 'a')
            out[2 + i] = (char)(out[2 + i] - 'a' + 'A');
    }
}

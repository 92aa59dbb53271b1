#include "wallet/hash.h"

#include "base/check.h"

#include <nettle/ripemd160.h>
#include <nettle/sha3.h>
#include <sodium.h>
#include <string.h>

#define KECCAK256_RATE 136

void hash_sha256(const void *data, size_t len, uint8_t out[32])
{
    CHECK(crypto_hash_sha256(out, data, len) == 0);
}

void hash_sha512(const void *data, size_t len, uint8_t out[64])
{
    CHECK(crypto_hash_sha512(out, data, len) == 0);
}

void hash_ripemd160(const void *data, size_t len, uint8_t out[20])
{
    struct ripemd160_ctx c;
    ripemd160_init(&c);
    ripemd160_update(&c, len, data);
    ripemd160_digest(&c, RIPEMD160_DIGEST_SIZE, out);
    sodium_memzero(&c, sizeof c);
}

static void absorb(struct sha3_state *s, const uint8_t block[KECCAK256_RATE])
{
    for (size_t i = 0; i < KECCAK256_RATE / 8; i++) {
        uint64_t lane; /* little-endian, as the machine (base/buf.c asserts it) */
        memcpy(&lane, block + 8 * i, sizeof lane);
        s->a[i] ^= lane;
    }
    sha3_permute(s);
}

void hash_keccak256(const void *data, size_t len, uint8_t out[32])
{
    struct sha3_state s = {{0}};
    uint8_t last[KECCAK256_RATE] = {0};
    const uint8_t *p = data;
    for (; len >= KECCAK256_RATE; len -= KECCAK256_RATE, p += KECCAK256_RATE)
        absorb(&s, p);
    if (len)
        memcpy(last, p, len);
    last[len] = 0x01;
    last[KECCAK256_RATE - 1] |= 0x80;
    absorb(&s, last);
    memcpy(out, s.a, 32);
    sodium_memzero(&s, sizeof s);
    sodium_memzero(last, sizeof last);
}

void hash_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t out[32])
{
    crypto_auth_hmacsha256_state s;
    crypto_auth_hmacsha256_init(&s, key, key_len);
    crypto_auth_hmacsha256_update(&s, data, len);
    crypto_auth_hmacsha256_final(&s, out);
    sodium_memzero(&s, sizeof s);
}

void hash_hmac_sha512(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t out[64])
{
    crypto_auth_hmacsha512_state s;
    crypto_auth_hmacsha512_init(&s, key, key_len);
    crypto_auth_hmacsha512_update(&s, data, len);
    crypto_auth_hmacsha512_final(&s, out);
    sodium_memzero(&s, sizeof s);
}

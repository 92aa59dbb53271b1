/* What the libraries do under the wallet is what Project Wycheproof's vectors say, in the calls
 * that the wallet makes: the cipher of the key store, the stretching of imported files, Ed25519,
 * and the curve of Ethereum's keys. (HMAC, which the wallet wraps, is in test_wallet_hash.c.) */
#include "vectors.h"
#include "wallet/openssl.h"
#include "wallet/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <secp256k1.h>
#include <sodium.h>

#define BYTES_MAX 8192

static uint8_t message[BYTES_MAX], out[BYTES_MAX], sealed[BYTES_MAX];

struct counts {
    int valid, invalid;
};

static bool is_valid(const cJSON *c)
{
    return strcmp(vectors_text(c, "result"), "invalid") != 0;
}

static void count(struct counts *n, bool valid)
{
    n->valid += valid;
    n->invalid += !valid;
}

/* The key store's cipher: one nonce length, one tag length; vectors of others cannot even be asked.
 */
static void xchacha20_poly1305(void **state)
{
    (void)state;
    struct counts n = {0};
    cJSON *root = vectors_outside("wycheproof/xchacha20_poly1305_test.json.gz"), *group, *c;
    cJSON_ArrayForEach(group, cJSON_GetObjectItem(root, "testGroups"))
    {
        if (cJSON_GetObjectItem(group, "ivSize")->valueint != 192)
            continue;
        cJSON_ArrayForEach(c, cJSON_GetObjectItem(group, "tests"))
        {
            static uint8_t aad[BYTES_MAX];
            uint8_t key[32], nonce[24], tag[16];
            unsigned long long got = 0;
            assert_int_equal(vectors_bytes(c, "key", key, 32), 32);
            assert_int_equal(vectors_bytes(c, "iv", nonce, 24), 24);
            assert_int_equal(vectors_bytes(c, "tag", tag, 16), 16);
            size_t aad_len = vectors_bytes(c, "aad", aad, sizeof aad);
            size_t len = vectors_bytes(c, "msg", message, sizeof message);
            assert_int_equal(vectors_bytes(c, "ct", sealed, sizeof sealed - 16), len);
            memcpy(sealed + len, tag, 16);
            bool opens = crypto_aead_xchacha20poly1305_ietf_decrypt(
                             out, &got, NULL, sealed, len + 16, aad, aad_len, nonce, key) == 0;
            assert_int_equal(opens, is_valid(c));
            count(&n, opens);
            if (!opens)
                continue;
            assert_int_equal(got, len);
            assert_memory_equal(out, message, len);
            crypto_aead_xchacha20poly1305_ietf_encrypt(out, &got, message, len, aad, aad_len, NULL,
                                                       nonce, key);
            assert_int_equal(got, len + 16);
            assert_memory_equal(out, sealed, len + 16);
        }
    }
    assert_true(n.valid > 50 && n.invalid > 10);
    cJSON_Delete(root);
}

static void ed25519(void **state)
{
    (void)state;
    struct counts n = {0};
    cJSON *root = vectors_outside("wycheproof/ed25519_test.json.gz"), *group, *c;
    cJSON_ArrayForEach(group, cJSON_GetObjectItem(root, "testGroups"))
    {
        uint8_t public_key[32], signature[256];
        assert_int_equal(
            vectors_bytes(cJSON_GetObjectItem(group, "publicKey"), "pk", public_key, 32), 32);
        cJSON_ArrayForEach(c, cJSON_GetObjectItem(group, "tests"))
        {
            size_t len = vectors_bytes(c, "msg", message, sizeof message);
            size_t size = vectors_bytes(c, "sig", signature, sizeof signature);
            bool good = size == 64 && crypto_sign_ed25519_verify_detached(signature, message, len,
                                                                          public_key) == 0;
            assert_int_equal(good, is_valid(c));
            count(&n, good);
        }
    }
    assert_true(n.valid > 20 && n.invalid > 20);
    cJSON_Delete(root);
}

static void pbkdf2(const char *name, const EVP_MD *md)
{
    int n = 0;
    cJSON *root = vectors_outside(name), *group, *c;
    cJSON_ArrayForEach(group, cJSON_GetObjectItem(root, "testGroups"))
        cJSON_ArrayForEach(c, cJSON_GetObjectItem(group, "tests"))
    {
        static uint8_t password[BYTES_MAX], salt[BYTES_MAX];
        size_t password_len = vectors_bytes(c, "password", password, sizeof password);
        size_t salt_len = vectors_bytes(c, "salt", salt, sizeof salt);
        size_t len = vectors_bytes(c, "dk", sealed, sizeof sealed);
        assert_int_equal(len, (size_t)cJSON_GetObjectItem(c, "dkLen")->valueint);
        assert_int_equal(PKCS5_PBKDF2_HMAC(
                             (const char *)password, (int)password_len, salt, (int)salt_len,
                             cJSON_GetObjectItem(c, "iterationCount")->valueint, md, (int)len, out),
                         1);
        assert_int_equal(memcmp(out, sealed, len) == 0, is_valid(c));
        n++;
    }
    assert_true(n > 20);
    cJSON_Delete(root);
}

static void pbkdf2_of_web3_files(void **state)
{
    (void)state;
    pbkdf2("wycheproof/pbkdf2_hmacsha256_test.json.gz", EVP_sha256());
}

static void pbkdf2_of_mnemonics(void **state)
{
    (void)state;
    pbkdf2("wycheproof/pbkdf2_hmacsha512_test.json.gz", EVP_sha512());
}

/* Strict DER; a large s is a signature, too (only ours have to be the small one). */
static void ecdsa_on_secp256k1(void **state)
{
    (void)state;
    struct counts n = {0};
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
    cJSON *root = vectors_outside("wycheproof/ecdsa_secp256k1_sha256_test.json.gz"), *group, *c;
    cJSON_ArrayForEach(group, cJSON_GetObjectItem(root, "testGroups"))
    {
        uint8_t point[65];
        secp256k1_pubkey key;
        size_t len = vectors_bytes(cJSON_GetObjectItem(group, "publicKey"), "uncompressed", point,
                                   sizeof point);
        assert_int_equal(secp256k1_ec_pubkey_parse(ctx, &key, point, len), 1);
        cJSON_ArrayForEach(c, cJSON_GetObjectItem(group, "tests"))
        {
            uint8_t digest[32];
            secp256k1_ecdsa_signature signature;
            len = vectors_bytes(c, "msg", message, sizeof message);
            crypto_hash_sha256(digest, message, len);
            len = vectors_bytes(c, "sig", sealed, sizeof sealed);
            bool good = secp256k1_ecdsa_signature_parse_der(ctx, &signature, sealed, len) == 1;
            if (good) {
                (void)secp256k1_ecdsa_signature_normalize(ctx, &signature, &signature);
                good = secp256k1_ecdsa_verify(ctx, &signature, digest, &key) == 1;
            }
            assert_int_equal(good, is_valid(c));
            count(&n, good);
        }
    }
    assert_true(n.valid > 50 && n.invalid > 50);
    cJSON_Delete(root);
    secp256k1_context_destroy(ctx);
}

static int setup(void **state)
{
    (void)state;
    return secret_init() == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xchacha20_poly1305),   cmocka_unit_test(ed25519),
        cmocka_unit_test(pbkdf2_of_web3_files), cmocka_unit_test(pbkdf2_of_mnemonics),
        cmocka_unit_test(ecdsa_on_secp256k1),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("wycheproof", tests, setup, NULL);
}

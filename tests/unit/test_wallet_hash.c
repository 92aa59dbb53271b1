/* Hashes, MACs, hexadecimal text and addresses of wallet/, against official vectors. */
#include "vectors.h"
#include "wallet/hash.h"
#include "wallet/hex.h"
#include "wallet/secp.h"
#include "wallet/secret.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint8_t data[1 << 16], expected[64];

static void keccak_sha256_sha512_of_ethers(void **state)
{
    (void)state;
    cJSON *all = vectors_outside("hashes/ethers-hashes.json"), *c;
    int n = 0;
    cJSON_ArrayForEach(c, all)
    {
        uint8_t out[64];
        size_t len = vectors_bytes(c, "data", data, sizeof data);
        assert_int_equal(vectors_bytes(c, "keccak256", expected, 32), 32);
        hash_keccak256(data, len, out);
        assert_memory_equal(out, expected, 32);
        assert_int_equal(vectors_bytes(c, "sha256", expected, 32), 32);
        hash_sha256(data, len, out);
        assert_memory_equal(out, expected, 32);
        assert_int_equal(vectors_bytes(c, "sha512", expected, 64), 64);
        hash_sha512(data, len, out);
        assert_memory_equal(out, expected, 64);
        n++;
    }
    assert_int_equal(n, 258);
    cJSON_Delete(all);
}

static void is_hash(const uint8_t *out, size_t n, const char *hex)
{
    char text[129];
    hex_encode(out, n, text);
    assert_string_equal(text, hex);
}

/* What the files outside do not have, and lengths at the edges of a block. */
static void known_values(void **state)
{
    (void)state;
    uint8_t out[64];
    hash_keccak256("", 0, out);
    is_hash(out, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    hash_keccak256("abc", 3, out);
    is_hash(out, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    hash_ripemd160("", 0, out);
    is_hash(out, 20, "9c1185a5c5e9fc54612808977ee8f548b2258d31");
    hash_ripemd160("abc", 3, out);
    is_hash(out, 20, "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
    hash_ripemd160("abcdefghijklmnopqrstuvwxyz", 26, out);
    is_hash(out, 20, "f71c27109c692c1b56bbdceb5b9d2865b3708dbc");
    hash_sha256("abc", 3, out);
    is_hash(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, case 2 */
    hash_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    is_hash(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hash_hmac_sha512("Jefe", 4, "what do ya want for nothing?", 28, out);
    is_hash(out, 64,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    /* 135, 136 and 137 zero bytes: one block short of, at, and past the rate of Keccak-256 */
    memset(data, 0, 137);
    uint8_t one[32], two[32], three[32];
    hash_keccak256(data, 135, one);
    hash_keccak256(data, 136, two);
    hash_keccak256(data, 137, three);
    assert_memory_not_equal(one, two, 32);
    assert_memory_not_equal(two, three, 32);
    is_hash(two, 32, "3a5912a7c5faa06ee4fe906253e339467a9ce87d533c65be3c15cb231cdb25f9");
}

static void hmac_of_wycheproof(const char *name,
                               void mac(const void *, size_t, const void *, size_t, uint8_t *))
{
    cJSON *root = vectors_outside(name), *group, *c;
    int valid = 0, invalid = 0;
    cJSON_ArrayForEach(group, cJSON_GetObjectItem(root, "testGroups"))
    {
        size_t size = (size_t)cJSON_GetObjectItem(group, "tagSize")->valuedouble / 8;
        cJSON_ArrayForEach(c, cJSON_GetObjectItem(group, "tests"))
        {
            static uint8_t key[256];
            uint8_t out[64];
            size_t key_len = vectors_bytes(c, "key", key, sizeof key);
            size_t len = vectors_bytes(c, "msg", data, sizeof data);
            assert_int_equal(vectors_bytes(c, "tag", expected, 64), size);
            mac(key, key_len, data, len, out);
            bool good = strcmp(vectors_text(c, "result"), "valid") == 0;
            assert_int_equal(memcmp(out, expected, size) == 0, good);
            valid += good;
            invalid += !good;
        }
    }
    assert_true(valid > 20 && invalid > 20);
    cJSON_Delete(root);
}

static void hmac_sha256_of_wycheproof(void **state)
{
    (void)state;
    hmac_of_wycheproof("wycheproof/hmac_sha256_test.json.gz", hash_hmac_sha256);
}

static void hmac_sha512_of_wycheproof(void **state)
{
    (void)state;
    hmac_of_wycheproof("wycheproof/hmac_sha512_test.json.gz", hash_hmac_sha512);
}

static void hexadecimal(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    const uint8_t untouched[4] = {9, 9, 9, 9};
    assert_int_equal(hex_decode("0011aaFF", 8, out, 4), ERR_OK);
    assert_memory_equal(out, "\x00\x11\xaa\xff", 4);
    assert_int_equal(hex_decode("0x12345678", 10, out, 4), ERR_OK);
    assert_memory_equal(out, "\x12\x34\x56\x78", 4);
    memcpy(out, untouched, 4);
    const char *const wrong[] = {"0011aaFg", "0011 aaF", "0x12345g", "001:aaFF"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        enum err e = hex_decode(wrong[i], 8, out, 4);
        assert_true(e == ERR_SYNTAX || e == ERR_RANGE);
    }
    assert_int_equal(hex_decode("0011aa", 6, out, 4), ERR_RANGE);
    assert_int_equal(hex_decode("0011aaFF00", 10, out, 4), ERR_RANGE);
    assert_int_equal(hex_decode("0x0011aaF", 9, out, 4), ERR_RANGE);
    assert_int_equal(hex_decode("", 0, out, 4), ERR_RANGE);
    assert_memory_equal(out, untouched, 4);
    char text[9];
    hex_encode((const uint8_t *)"\x00\xab\xcd\xef", 4, text);
    assert_string_equal(text, "00abcdef");
}

/* ---- addresses ---- */

static void checksummed_as(const char *text)
{
    char lower[SECP_ADDRESS_TEXT], out[SECP_ADDRESS_TEXT];
    uint8_t address[SECP_ADDRESS_LEN];
    snprintf(lower, sizeof lower, "%s", text);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    assert_int_equal(hex_decode(lower, strlen(lower), address, sizeof address), ERR_OK);
    secp_address_text(address, out);
    assert_string_equal(out, text);
}

static void checksums_of_eip55(void **state)
{
    (void)state;
    cJSON *root = vectors_here("eip55.json"), *list, *c;
    int n = 0;
    cJSON_ArrayForEach(list, root) cJSON_ArrayForEach(c, list)
    {
        checksummed_as(cJSON_GetStringValue(c));
        n++;
    }
    assert_int_equal(n, 8);
    cJSON_Delete(root);
}

static void accounts_of_ethers(void **state)
{
    (void)state;
    cJSON *all = vectors_outside("addresses/ethers-accounts.json"), *c;
    int keys = 0, addresses = 0;
    cJSON_ArrayForEach(c, all)
    {
        checksummed_as(vectors_text(c, "checksumAddress"));
        addresses++;
        if (!cJSON_GetObjectItem(c, "privateKey"))
            continue;
        uint8_t key[32], address[SECP_ADDRESS_LEN];
        assert_int_equal(vectors_bytes(c, "privateKey", key, 32), 32);
        assert_int_equal(vectors_bytes(c, "address", expected, 20), 20);
        assert_int_equal(secp_address(key, address), ERR_OK);
        assert_memory_equal(address, expected, 20);
        keys++;
    }
    assert_int_equal(addresses, 519);
    assert_true(keys > 200);
    cJSON_Delete(all);
}

static void addresses_of_ethereum_tests(void **state)
{
    (void)state;
    cJSON *all = vectors_here("keyaddrtest.json"), *c;
    int n = 0;
    cJSON_ArrayForEach(c, all)
    {
        uint8_t key[32], address[SECP_ADDRESS_LEN];
        vectors_bytes(c, "key", expected, 32);
        const char *seed = vectors_text(c, "seed");
        hash_keccak256(seed, strlen(seed), key);
        assert_memory_equal(key, expected, 32);
        assert_int_equal(secp_address(key, address), ERR_OK);
        vectors_bytes(c, "addr", expected, 20);
        assert_memory_equal(address, expected, 20);
        n++;
    }
    assert_int_equal(n, 2);
    cJSON_Delete(all);
}

#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

/* Zero, the order of the curve, and what lies beside them. */
static void numbers_that_are_no_keys(void **state)
{
    (void)state;
    uint8_t key[32] = {0}, n[32], kept[32], one[32] = {0}, out[33], address[20];
    one[31] = 1;
    assert_int_equal(secp_public(key, out), ERR_RANGE);
    assert_int_equal(secp_address(key, address), ERR_RANGE);
    assert_int_equal(hex_decode(ORDER, 64, n, 32), ERR_OK);
    assert_int_equal(secp_public(n, out), ERR_RANGE);
    memset(key, 0xff, 32);
    assert_int_equal(secp_public(key, out), ERR_RANGE);
    n[31]--;
    assert_int_equal(secp_public(n, out), ERR_OK);
    memcpy(kept, n, 32);
    assert_int_equal(secp_add(n, one), ERR_RANGE); /* n - 1 + 1 = 0 */
    assert_memory_equal(n, kept, 32);
    assert_int_equal(secp_public(one, out), ERR_OK);
    is_hash(out, 33, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
}

static int setup(void **state)
{
    (void)state;
    return secret_init() == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keccak_sha256_sha512_of_ethers),
        cmocka_unit_test(known_values),
        cmocka_unit_test(hmac_sha256_of_wycheproof),
        cmocka_unit_test(hmac_sha512_of_wycheproof),
        cmocka_unit_test(hexadecimal),
        cmocka_unit_test(checksums_of_eip55),
        cmocka_unit_test(accounts_of_ethers),
        cmocka_unit_test(addresses_of_ethereum_tests),
        cmocka_unit_test(numbers_that_are_no_keys),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, NULL);
}

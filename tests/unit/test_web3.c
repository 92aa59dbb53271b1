/* Wallet files (Web3 Secret Storage v3) and PEM: official vectors, and what must be refused. */
#include "vectors.h"
#include "wallet/hex.h"
#include "wallet/openssl.h"
#include "wallet/pem.h"
#include "wallet/secp.h"
#include "wallet/secret.h"
#include "wallet/web3.h"
#include "wallet/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char why[WHY_MAX];
static uint8_t key[32], expected[32];

static enum err decrypt(const char *text, const char *password)
{
    memset(key, 0xee, sizeof key);
    return web3_decrypt(text, strlen(text), (const uint8_t *)password, strlen(password), key, why);
}

static void opens(const char *text, const char *password, const char *name)
{
    enum err e = decrypt(text, password);
    if (e)
        print_message("# %s: %s\n", name, why);
    assert_int_equal(e, ERR_OK);
    assert_memory_equal(key, expected, 32);
}

static void wallets_of_ethereum_tests(void **state)
{
    (void)state;
    cJSON *all = vectors_here("web3-ethereum-tests.json"), *c;
    int n = 0;
    cJSON_ArrayForEach(c, all)
    {
        char *text = cJSON_Print(cJSON_GetObjectItem(c, "json"));
        vectors_bytes(c, "priv", expected, 32);
        opens(text, vectors_text(c, "password"), c->string);
        if (n == 0) {
            assert_int_equal(decrypt(text, "testpasswore"), ERR_CORRUPT);
            assert_int_equal(decrypt(text, ""), ERR_CORRUPT);
        }
        free(text);
        n++;
    }
    assert_int_equal(n, 2);
    cJSON_Delete(all);
}

static void wallets_of_ethers(void **state)
{
    (void)state;
    cJSON *all = vectors_outside("keystore/ethers-wallets.json"), *c;
    int n = 0;
    cJSON_ArrayForEach(c, all)
    {
        vectors_bytes(c, "privateKey", expected, 32);
        opens(vectors_text(c, "json"), vectors_text(c, "password"), vectors_text(c, "name"));
        n++;
    }
    assert_int_equal(n, 4);
    cJSON_Delete(all);
}

/* A file that opens in a millisecond: ethereum/tests' key under one round of PBKDF2, made by this.
 */
static const char PARITY[] =
    "{\"version\":3,\"address\":\"%s\",\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{"
    "\"iv\":\"%s\"},\"ciphertext\":\"%s\",\"kdf\":\"pbkdf2\","
    "\"kdfparams\":{\"c\":10240,\"dklen\":32,\"prf\":\"hmac-sha256\",\"salt\":"
    "\"7d2ebe49878f15e031bcdf9f0be47e7d49542252145850b7862a08a0c209a0e9\"},\"mac\":\"%s\"}}";

#define PARITY_ADDRESS "00a329c0648769a73afac7f9381e08fb43dbea72"
#define PARITY_SEALED  "951ca34a268314c0cde0409566bcac4d4907dc87f34764fe8542786415cb5726"
#define PARITY_MAC     "dc595787a3d08d98e2d808a981b8e9566d8ed1087c0257481ffc1196e13d8c0a"
#define PARITY_KEY     "4d5db4107d237df6a3d58ee5f70ae63d73d7658d4026f2eefd2f204c81682cb7"
#define PARITY_IV      "1de99c07c6592eaac911ae9cf07db88d"

static char text[20000];

/* The wallet with [from] replaced by [to]. */
static enum err changed(const char *from, const char *to)
{
    char good[2048];
    snprintf(good, sizeof good, PARITY, PARITY_ADDRESS, PARITY_IV, PARITY_SEALED, PARITY_MAC);
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return decrypt(text, "");
}

static void what_a_wallet_file_may_say(void **state)
{
    (void)state;
    assert_int_equal(hex_decode(PARITY_KEY, 64, expected, 32), ERR_OK);
    assert_int_equal(changed("3", "3"), ERR_OK);
    assert_memory_equal(key, expected, 32);
    assert_int_equal(changed("\"crypto\"", "\"Crypto\""), ERR_OK);
    assert_int_equal(changed("}}", "}} \r\n\t"), ERR_OK);
    assert_int_equal(changed(PARITY_ADDRESS, "0x" PARITY_ADDRESS), ERR_OK);
    assert_int_equal(changed("\"address\":\"" PARITY_ADDRESS "\",", ""), ERR_OK);
    static const struct {
        const char *from, *to;
        enum err e;
        const char *says;
    } CASES[] = {
        {"{", "", ERR_SYNTAX, "JSON"},
        {"}}", "}", ERR_SYNTAX, "JSON"},
        {"}}", "}}{}", ERR_SYNTAX, "JSON"},
        {"}}", "}}x", ERR_SYNTAX, "JSON"},
        {"\"version\":3", "\"version\":2", ERR_UNSUPPORTED, "version 2"},
        {"\"version\":3", "\"version\":\"3\"", ERR_SYNTAX, "'version'"},
        {"\"version\":3,", "", ERR_SYNTAX, "'version'"},
        {"\"crypto\"", "\"cripto\"", ERR_SYNTAX, "'crypto'"},
        {"aes-128-ctr", "aes-128-cbc", ERR_UNSUPPORTED, "'cipher'"},
        {"pbkdf2", "argon2", ERR_UNSUPPORTED, "'kdf'"},
        {"hmac-sha256", "hmac-sha512", ERR_UNSUPPORTED, "'prf'"},
        {"10240", "0", ERR_RANGE, "'c'"},
        {"10240", "-1", ERR_RANGE, "'c'"},
        {"10240", "10000001", ERR_RANGE, "'c'"},
        {"10240", "1e300", ERR_RANGE, "'c'"},
        {"10240", "10240.5", ERR_SYNTAX, "'c'"},
        {"10240", "null", ERR_SYNTAX, "'c'"},
        {"\"dklen\":32", "\"dklen\":64", ERR_RANGE, "'dklen'"},
        {"\"dklen\":32", "\"dklen\":16", ERR_RANGE, "'dklen'"},
        {"7d2e", "7d2", ERR_SYNTAX, "'salt'"},
        {"7d2e", "zd2e", ERR_SYNTAX, "'salt'"},
        {PARITY_MAC, "", ERR_SYNTAX, "'mac'"},
        {PARITY_SEALED, PARITY_SEALED "00", ERR_SYNTAX, "'ciphertext'"},
        {PARITY_IV, "00", ERR_SYNTAX, "'iv'"},
        {PARITY_ADDRESS, "00a329", ERR_SYNTAX, "'address'"},
        /* opens, and is another account's */
        {"00a329c0", "10a329c0", ERR_CORRUPT, "not its key's"},
        {"951ca34a", "951ca34b", ERR_CORRUPT, "does not open"},
        {"dc595787", "dc595786", ERR_CORRUPT, "does not open"},
        {"7d2ebe49", "7d2ebe48", ERR_CORRUPT, "does not open"},
        /* scrypt: absurd demands are refused at once, or this test would not end */
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":1073741824,\"r\":8,\"p\":1", ERR_RANGE, "1 GiB"},
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":2097152,\"r\":8,\"p\":1", ERR_RANGE, "1 GiB"},
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":4294967296,\"r\":8,\"p\":1", ERR_RANGE, "'n'"},
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":1000,\"r\":8,\"p\":1", ERR_RANGE, "power of two"},
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":1,\"r\":8,\"p\":1", ERR_RANGE, "'n'"},
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":1024,\"r\":65,\"p\":1", ERR_RANGE, "'r'"},
        {"\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":10240",
         "\"kdf\":\"scrypt\",\"kdfparams\":{\"n\":1024,\"r\":8,\"p\":17", ERR_RANGE, "'p'"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        enum err e = changed(CASES[i].from, CASES[i].to);
        if (e != CASES[i].e || !strstr(why, CASES[i].says))
            print_message("# %s -> %s: %s\n", CASES[i].from, CASES[i].to, why);
        assert_int_equal(e, CASES[i].e);
        assert_non_null(strstr(why, CASES[i].says));
        assert_int_equal(key[0], 0xee); /* untouched */
    }
    memset(text, ' ', sizeof text);
    assert_int_equal(web3_decrypt(text, WEB3_FILE_MAX + 1, NULL, 0, key, why), ERR_RANGE);
    assert_int_equal(web3_decrypt(text, WEB3_FILE_MAX, NULL, 0, key, why), ERR_SYNTAX);
    assert_int_equal(web3_decrypt(text, 0, NULL, 0, key, why), ERR_SYNTAX);
    memset(text, '[', sizeof text); /* deep */
    assert_int_equal(web3_decrypt(text, WEB3_FILE_MAX, NULL, 0, key, why), ERR_SYNTAX);
}

/* Every length of a good file. */
static void cut_wallet_files(void **state)
{
    (void)state;
    assert_int_equal(changed("3", "3"), ERR_OK);
    for (size_t n = 0; n < strlen(text); n++)
        assert_int_equal(web3_decrypt(text, n, NULL, 0, key, why), ERR_SYNTAX);
}

/* ---- PEM ---- */

/* RFC 8410, section 10.3 */
static const char RFC8410[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                              "-----END PRIVATE KEY-----\n";
#define RFC8410_SEED "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"

static enum err pem(const char *pem_text, const char *password, enum pem_type *type)
{
    memset(key, 0xee, sizeof key);
    return pem_private(pem_text, strlen(pem_text), (const uint8_t *)password,
                       password ? strlen(password) : 0, type, key, why);
}

static void ed25519_of_rfc8410(void **state)
{
    (void)state;
    enum pem_type type;
    uint8_t public_key[32];
    char out[PEM_PUBLIC_TEXT];
    assert_int_equal(pem(RFC8410, NULL, &type), ERR_OK);
    assert_int_equal(type, PEM_ED25519);
    assert_int_equal(hex_decode(RFC8410_SEED, 64, expected, 32), ERR_OK);
    assert_memory_equal(key, expected, 32);
    pem_ed25519_public(key, public_key);
    pem_ed25519_text(public_key, out); /* section 10.1 */
    assert_string_equal(out, "-----BEGIN PUBLIC KEY-----\n"
                             "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                             "-----END PUBLIC KEY-----\n");
}

static EVP_PKEY *generated(const char *type, const char *group)
{
    EVP_PKEY *k = group ? EVP_PKEY_Q_keygen(NULL, NULL, type, group)
                        : EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048);
    assert_non_null(k);
    return k;
}

/* What OpenSSL writes of [k]; [sealed] NULL: in clear. */
static void write_pem(EVP_PKEY *k, const EVP_CIPHER *sealed, bool old, char *out, size_t cap)
{
    BIO *b = BIO_new(BIO_s_mem());
    int good = old ? PEM_write_bio_PrivateKey_traditional(b, k, sealed, NULL, 0, NULL,
                                                          sealed ? "pw" : NULL)
                   : PEM_write_bio_PKCS8PrivateKey(b, k, sealed, sealed ? "pw" : NULL,
                                                   sealed ? 2 : 0, NULL, NULL);
    assert_int_equal(good, 1);
    int n = BIO_read(b, out, (int)cap - 1);
    assert_true(n > 0);
    out[n] = 0;
    BIO_free(b);
}

static void keys_that_openssl_wrote(void **state)
{
    (void)state;
    char out[4096], more[8192];
    enum pem_type type = 0;
    EVP_PKEY *ed = generated("ED25519", ""), *ec = generated("EC", "secp256k1");
    size_t n = 32;
    assert_int_equal(EVP_PKEY_get_raw_private_key(ed, expected, &n), 1);
    write_pem(ed, NULL, false, out, sizeof out);
    assert_int_equal(pem(out, NULL, &type), ERR_OK);
    assert_memory_equal(key, expected, 32);
    write_pem(ed, EVP_aes_256_cbc(), false, out, sizeof out);
    assert_int_equal(pem(out, "pw", &type), ERR_OK);
    assert_memory_equal(key, expected, 32);
    assert_int_equal(type, PEM_ED25519);
    assert_int_equal(pem(out, "pW", &type), ERR_CORRUPT);
    assert_int_equal(pem(out, "", &type), ERR_CORRUPT);
    assert_int_equal(pem(out, NULL, &type), ERR_STATE);

    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(ec, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    assert_int_equal(BN_bn2binpad(number, expected, 32), 32);
    BN_free(number);
    for (int form = 0; form < 4; form++) {
        write_pem(ec, form & 1 ? EVP_aes_128_cbc() : NULL, form & 2, out, sizeof out);
        enum err e = pem(out, form & 1 ? "pw" : NULL, &type);
        if (form == 3) { /* "Proc-Type: 4,ENCRYPTED": MD5, one round */
            assert_int_equal(e, ERR_UNSUPPORTED);
            assert_non_null(strstr(why, "-topk8"));
            continue;
        }
        assert_int_equal(e, ERR_OK);
        assert_int_equal(type, PEM_SECP256K1);
        assert_memory_equal(key, expected, 32);
    }
    /* parameters in front, as `openssl ecparam -genkey` writes them */
    write_pem(ec, NULL, true, out, sizeof out);
    snprintf(more, sizeof more,
             "-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n%s", out);
    assert_int_equal(pem(more, NULL, &type), ERR_OK);
    assert_memory_equal(key, expected, 32);
    EVP_PKEY_free(ed);
    EVP_PKEY_free(ec);
}

static void pem_that_is_refused(void **state)
{
    (void)state;
    char out[8192];
    enum pem_type type;
    static const char *const OTHERS[][2] = {
        {"EC", "P-256"}, {"ED448", ""}, {"X25519", ""}, {"RSA", NULL}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        EVP_PKEY *k = generated(OTHERS[i][0], OTHERS[i][1]);
        write_pem(k, NULL, false, out, sizeof out);
        assert_int_equal(pem(out, NULL, &type), ERR_UNSUPPORTED);
        assert_non_null(strstr(why, "neither Ed25519 nor"));
        EVP_PKEY_free(k);
    }
    assert_int_equal(pem("", NULL, &type), ERR_SYNTAX);
    assert_int_equal(pem("no PEM", NULL, &type), ERR_SYNTAX);
    assert_int_equal(
        pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", NULL, &type),
        ERR_SYNTAX);
    const char *part = "-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n";
    snprintf(out, sizeof out, "%s%s%s%s%s", part, part, part, part, RFC8410);
    assert_int_equal(pem(out, NULL, &type), ERR_SYNTAX);
    memset(text, 'x', sizeof text);
    assert_int_equal(pem_private(text, PEM_FILE_MAX + 1, NULL, 0, &type, key, why), ERR_RANGE);
    for (size_t n = 0; n < strlen(RFC8410) - 2; n++) {
        enum err e = pem_private(RFC8410, n, NULL, 0, &type, key, why);
        assert_true(e == ERR_SYNTAX);
    }
}

/* A secp256k1 key that says it is zero, or the order of the curve. */
static void pem_with_a_number_that_is_no_key(void **state)
{
    (void)state;
    uint8_t der[] = {0x30, 0x2e, 0x02, 0x01, 0x01, 0x04, 0x20, 0,    0,    0,    0,    0,
                     0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                     0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                     0,    0,    0,    0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
    static const char ORDER[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (int i = 0; i < 2; i++) {
        if (i)
            assert_int_equal(hex_decode(ORDER, 64, der + 7, 32), ERR_OK);
        BIO *b = BIO_new(BIO_s_mem());
        assert_true(PEM_write_bio(b, PEM_STRING_ECPRIVATEKEY, "", der, sizeof der) > 0);
        char out[512];
        int n = BIO_read(b, out, sizeof out - 1);
        assert_true(n > 0);
        out[n] = 0;
        BIO_free(b);
        enum pem_type type;
        enum err e = pem(out, NULL, &type);
        assert_true(e == ERR_RANGE || e == ERR_SYNTAX);
        assert_int_equal(key[0], 0xee);
    }
}

/* Takes [how]. */
static void encrypted_as(X509_ALGOR *how, enum err expected_error)
{
    X509_SIG *sig = X509_SIG_new();
    X509_ALGOR *algor;
    ASN1_OCTET_STRING *content;
    assert_non_null(how);
    X509_SIG_getm(sig, &algor, &content);
    assert_int_equal(X509_ALGOR_copy(algor, how), 1);
    assert_int_equal(ASN1_OCTET_STRING_set(content, (const uint8_t *)"0123456789abcdef", 16), 1);
    BIO *b = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8(b, sig), 1);
    char out[2048];
    int n = BIO_read(b, out, sizeof out - 1);
    assert_true(n > 0);
    out[n] = 0;
    enum pem_type type;
    assert_int_equal(pem(out, "pw", &type), expected_error);
    BIO_free(b);
    X509_SIG_free(sig);
    X509_ALGOR_free(how);
}

static X509_ALGOR *rounds(int n)
{
    return PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), n, NULL, 0, NULL, NID_hmacWithSHA256);
}

/* Passwords stretched absurdly often, by scrypt, or by MD5: refused before anything is computed. */
static void pem_with_absurd_encryption(void **state)
{
    (void)state;
    encrypted_as(rounds(1000), ERR_CORRUPT); /* bearable, and not a key */
    encrypted_as(rounds(10000001), ERR_RANGE);
    encrypted_as(rounds(INT32_MAX), ERR_RANGE);
    encrypted_as(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 1024, 8, 1),
                 ERR_UNSUPPORTED);
    encrypted_as(PKCS5_pbe_set(NID_pbeWithMD5AndDES_CBC, 1000, NULL, 0), ERR_UNSUPPORTED);
}

static int setup(void **state)
{
    (void)state;
    return secret_init() == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wallets_of_ethereum_tests),
        cmocka_unit_test(wallets_of_ethers),
        cmocka_unit_test(what_a_wallet_file_may_say),
        cmocka_unit_test(cut_wallet_files),
        cmocka_unit_test(ed25519_of_rfc8410),
        cmocka_unit_test(keys_that_openssl_wrote),
        cmocka_unit_test(pem_that_is_refused),
        cmocka_unit_test(pem_with_a_number_that_is_no_key),
        cmocka_unit_test(pem_with_absurd_encryption),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, NULL);
}

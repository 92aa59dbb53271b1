#include "wallet/pem.h"

#include "base/check.h"
#include "wallet/openssl.h"
#include "wallet/secp.h"
#include "wallet/why.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_MAX 10000000
#define BLOCKS_MAX 4 /* openssl writes parameters in front of a key */

/* PBES2 with PBKDF2 and a bearable number of rounds; anything else is slow or weak by intent. */
static enum err check_encryption(const X509_SIG *sealed, char *why)
{
    const X509_ALGOR *outer;
    const ASN1_OBJECT *name;
    const void *value;
    int type;
    X509_SIG_get0(sealed, &outer, NULL);
    X509_ALGOR_get0(&name, &type, &value, outer);
    if (OBJ_obj2nid(name) != NID_pbes2 || type != V_ASN1_SEQUENCE)
        return why_say(
            why, ERR_UNSUPPORTED,
            "the PEM file is encrypted in an old way; `openssl pkcs8 -topk8` writes PBES2");
    PBE2PARAM *both = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBE2PARAM));
    PBKDF2PARAM *kdf = NULL;
    if (both) {
        X509_ALGOR_get0(&name, &type, &value, both->keyfunc);
        if (OBJ_obj2nid(name) == NID_id_pbkdf2 && type == V_ASN1_SEQUENCE)
            kdf = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBKDF2PARAM));
    }
    int64_t rounds = 0;
    enum err e = ERR_OK;
    if (!kdf)
        e = why_say(why, ERR_UNSUPPORTED,
                    "the PEM file's password is not stretched by PBKDF2; `openssl pkcs8 -topk8` "
                    "without -scrypt writes that");
    else if (ASN1_INTEGER_get_int64(&rounds, kdf->iter) != 1 || rounds < 1 || rounds > ROUNDS_MAX)
        e = why_say(why, ERR_RANGE,
                    "the PEM file asks for a stretching that is out of bounds "
                    "(1 to 10000000 rounds)");
    PBKDF2PARAM_free(kdf);
    PBE2PARAM_free(both);
    return e;
}

static enum err open_sealed(const uint8_t *der, long len, const uint8_t *password,
                            size_t password_len, EVP_PKEY **ret, char *why)
{
    if (!password)
        return why_say(why, ERR_STATE, "the PEM file is encrypted, and no password was given");
    const uint8_t *p = der;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &p, len);
    if (!sealed || p != der + len) {
        X509_SIG_free(sealed);
        return why_say(why, ERR_SYNTAX, "the PEM file is damaged");
    }
    enum err e = check_encryption(sealed, why);
    PKCS8_PRIV_KEY_INFO *info = NULL;
    if (!e)
        info = PKCS8_decrypt(sealed, (const char *)password, (int)password_len);
    if (info)
        *ret = EVP_PKCS82PKEY(info);
    if (!e && !*ret)
        e = why_say(why, ERR_CORRUPT,
                    "the PEM file does not open: its password is another one, or it was changed");
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
    return e;
}

static enum err open_plain(const char *name, const uint8_t *der, long len, EVP_PKEY **ret,
                           char *why)
{
    const uint8_t *p = der;
    if (strcmp(name, PEM_STRING_PKCS8INF) == 0) {
        PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len);
        *ret = info ? EVP_PKCS82PKEY(info) : NULL;
        PKCS8_PRIV_KEY_INFO_free(info);
    } else {
        *ret = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, len);
    }
    return *ret
               ? ERR_OK
               : why_say(why, ERR_SYNTAX, "the PEM file is damaged, or its key of an unknown type");
}

/* The bytes of the key, if it is of one of our types. */
static enum err take(EVP_PKEY *pkey, enum pem_type *ret_type, uint8_t key[32], char *why)
{
    char group[64] = "";
    size_t n = 32, name_len;
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        if (EVP_PKEY_get_raw_private_key(pkey, key, &n) != 1 || n != 32)
            return why_say(why, ERR_SYNTAX, "the PEM file has no private key");
        *ret_type = PEM_ED25519;
        return ERR_OK;
    }
    if (!EVP_PKEY_is_a(pkey, "EC") ||
        EVP_PKEY_get_group_name(pkey, group, sizeof group, &name_len) != 1 ||
        strcmp(group, "secp256k1") != 0)
        return why_say(why, ERR_UNSUPPORTED,
                       "the key in the PEM file is neither Ed25519 nor of the curve secp256k1");
    BIGNUM *number = NULL;
    bool good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
                BN_bn2binpad(number, key, 32) == 32;
    BN_clear_free(number);
    uint8_t point[33];
    if (!good || secp_public(key, point) != ERR_OK)
        return why_say(why, ERR_RANGE, "the PEM file holds a number that is no key");
    *ret_type = PEM_SECP256K1;
    return ERR_OK;
}

/* The block at [bio]: ERR_NOT_FOUND where it is none that holds a key. */
static enum err read_block(BIO *bio, const uint8_t *password, size_t password_len, EVP_PKEY **ret,
                           char *why)
{
    char *name = NULL, *header = NULL;
    uint8_t *der = NULL;
    long len = 0;
    if (PEM_read_bio(bio, &name, &header, &der, &len) != 1)
        return why_say(why, ERR_SYNTAX, "there is no private key in PEM in it");
    enum err e = ERR_NOT_FOUND;
    if (strcmp(name, PEM_STRING_PKCS8) == 0)
        e = open_sealed(der, len, password, password_len, ret, why);
    else if (header[0] != 0)
        e = why_say(why, ERR_UNSUPPORTED,
                    "the PEM file is encrypted in an old way; `openssl pkcs8 -topk8` writes PBES2");
    else if (strcmp(name, PEM_STRING_PKCS8INF) == 0 || strcmp(name, PEM_STRING_ECPRIVATEKEY) == 0)
        e = open_plain(name, der, len, ret, why);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)len);
    return e;
}

enum err pem_private(const char *text, size_t len, const uint8_t *password, size_t password_len,
                     enum pem_type *ret_type, uint8_t key[32], char *why)
{
    if (len > PEM_FILE_MAX)
        return why_say(why, ERR_RANGE, "the PEM file has more than %d bytes", PEM_FILE_MAX);
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *pkey = NULL;
    enum err e = bio ? ERR_NOT_FOUND : why_say(why, ERR_NOMEM, "no memory to read the PEM file");
    for (int block = 0; e == ERR_NOT_FOUND && block < BLOCKS_MAX; block++)
        e = read_block(bio, password, password_len, &pkey, why);
    if (e == ERR_NOT_FOUND)
        e = why_say(why, ERR_SYNTAX, "the first %d parts of the PEM file hold no private key",
                    BLOCKS_MAX);
    uint8_t opened[32];
    enum pem_type type = PEM_ED25519;
    if (!e)
        e = take(pkey, &type, opened, why);
    if (!e) {
        memcpy(key, opened, sizeof opened);
        *ret_type = type;
    }
    sodium_memzero(opened, sizeof opened);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    ERR_clear_error();
    return e;
}

void pem_ed25519_public(const uint8_t seed[32], uint8_t out[32])
{
    uint8_t pair[crypto_sign_SECRETKEYBYTES];
    CHECK(crypto_sign_seed_keypair(out, pair, seed) == 0);
    sodium_memzero(pair, sizeof pair);
}

void pem_ed25519_text(const uint8_t public_key[32], char out[PEM_PUBLIC_TEXT])
{
    /* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING } (RFC 8410) */
    uint8_t der[12 + 32] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    char text[sodium_base64_ENCODED_LEN(sizeof der, sodium_base64_VARIANT_ORIGINAL)];
    memcpy(der + 12, public_key, 32);
    CHECK(sodium_bin2base64(text, sizeof text, der, sizeof der, sodium_base64_VARIANT_ORIGINAL));
    snprintf(out, PEM_PUBLIC_TEXT, "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
             text);
}

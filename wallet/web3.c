#include "wallet/web3.h"

#include "wallet/hash.h"
#include "wallet/hex.h"
#include "wallet/openssl.h"
#include "wallet/secp.h"
#include "wallet/why.h"

#include <cJSON.h>

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define SALT_MAX          64
#define SCRYPT_MEMORY_MAX (UINT64_C(1) << 30)
#define SCRYPT_P_MAX      16
#define SCRYPT_R_MAX      64
#define PBKDF2_ROUNDS_MAX 10000000

/* Everything the file says that is used. */
struct web3_file {
    bool scrypt;
    uint32_t n, r, p, rounds;
    uint8_t salt[SALT_MAX], iv[16], sealed[32], mac[32], address[SECP_ADDRESS_LEN];
    size_t salt_len;
    bool has_address;
};

static const cJSON *field(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

/* A whole number in [least, most]. The doubles of cJSON are exact in this range. */
static enum err take_number(const cJSON *o, const char *key, uint32_t least, uint32_t most,
                            uint32_t *ret, char *why)
{
    const cJSON *v = field(o, key);
    if (!cJSON_IsNumber(v))
        return why_say(why, ERR_SYNTAX, "the wallet file: '%s' is not a number", key);
    double d = v->valuedouble;
    if (!(d >= least && d <= most))
        return why_say(why, ERR_RANGE, "the wallet file: '%s' is out of bounds (%u to %u)", key,
                       least, most);
    *ret = (uint32_t)d;
    if ((double)*ret != d)
        return why_say(why, ERR_SYNTAX, "the wallet file: '%s' is not a whole number", key);
    return ERR_OK;
}

static enum err take_hex(const cJSON *o, const char *key, uint8_t *out, size_t n, char *why)
{
    const char *s = cJSON_GetStringValue(field(o, key));
    if (!s || hex_decode(s, strlen(s), out, n) != ERR_OK)
        return why_say(why, ERR_SYNTAX,
                       "the wallet file: '%s' is not text of %zu hexadecimal digits", key, 2 * n);
    return ERR_OK;
}

static bool is_text(const cJSON *o, const char *key, const char *expected)
{
    const char *s = cJSON_GetStringValue(field(o, key));
    return s && strcmp(s, expected) == 0;
}

static enum err read_kdf(const cJSON *crypto, struct web3_file *f, char *why)
{
    const cJSON *k = field(crypto, "kdfparams");
    uint32_t dklen;
    enum err e = take_number(k, "dklen", 32, 32, &dklen, why);
    if (e)
        return e;
    const char *salt = cJSON_GetStringValue(field(k, "salt"));
    f->salt_len = salt ? strlen(salt) / 2 : 0;
    if (f->salt_len == 0 || f->salt_len > SALT_MAX)
        return why_say(why, ERR_SYNTAX,
                       "the wallet file: 'salt' is not text of 2 to %d hexadecimal digits",
                       2 * SALT_MAX);
    e = take_hex(k, "salt", f->salt, f->salt_len, why);
    if (e)
        return e;
    if (is_text(crypto, "kdf", "pbkdf2")) {
        if (!is_text(k, "prf", "hmac-sha256"))
            return why_say(why, ERR_UNSUPPORTED,
                           "the wallet file: 'prf' is not hmac-sha256, the only one supported");
        return take_number(k, "c", 1, PBKDF2_ROUNDS_MAX, &f->rounds, why);
    }
    if (!is_text(crypto, "kdf", "scrypt"))
        return why_say(why, ERR_UNSUPPORTED, "the wallet file: 'kdf' is neither scrypt nor pbkdf2");
    f->scrypt = true;
    e = take_number(k, "n", 2, UINT32_C(1) << 30, &f->n, why);
    if (!e)
        e = take_number(k, "r", 1, SCRYPT_R_MAX, &f->r, why);
    if (!e)
        e = take_number(k, "p", 1, SCRYPT_P_MAX, &f->p, why);
    if (!e && (f->n & (f->n - 1)))
        e = why_say(why, ERR_RANGE, "the wallet file: 'n' is not a power of two");
    if (!e && UINT64_C(128) * f->n * f->r > SCRYPT_MEMORY_MAX)
        e = why_say(
            why, ERR_RANGE,
            "the wallet file: scrypt with these 'n' and 'r' needs more than 1 GiB of memory");
    return e;
}

static enum err read_file(const cJSON *root, struct web3_file *f, char *why)
{
    uint32_t version;
    enum err e = take_number(root, "version", 0, UINT32_MAX, &version, why);
    if (e)
        return e;
    if (version != 3)
        return why_say(why, ERR_UNSUPPORTED, "the wallet file is of version %u; only 3 is known",
                       version);
    const cJSON *crypto = field(root, "crypto");
    if (!crypto)
        crypto = field(root, "Crypto"); /* older writers */
    if (!cJSON_IsObject(crypto))
        return why_say(why, ERR_SYNTAX, "the wallet file has no 'crypto'");
    if (!is_text(crypto, "cipher", "aes-128-ctr"))
        return why_say(why, ERR_UNSUPPORTED,
                       "the wallet file: 'cipher' is not aes-128-ctr, the only one supported");
    e = take_hex(field(crypto, "cipherparams"), "iv", f->iv, sizeof f->iv, why);
    if (!e)
        e = take_hex(crypto, "ciphertext", f->sealed, sizeof f->sealed, why);
    if (!e)
        e = take_hex(crypto, "mac", f->mac, sizeof f->mac, why);
    f->has_address = field(root, "address") != NULL;
    if (!e && f->has_address)
        e = take_hex(root, "address", f->address, sizeof f->address, why);
    return e ? e : read_kdf(crypto, f, why);
}

/* JSON and nothing behind it. */
static enum err parse(const char *text, size_t len, struct web3_file *f, char *why)
{
    if (len > WEB3_FILE_MAX)
        return why_say(why, ERR_RANGE, "the wallet file has more than %d bytes", WEB3_FILE_MAX);
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, len, &end, false);
    while (root && end < text + len && strchr(" \t\r\n", *end) && *end)
        end++;
    enum err e = cJSON_IsObject(root) && end == text + len
                     ? read_file(root, f, why)
                     : why_say(why, ERR_SYNTAX, "the wallet file is not one object of JSON");
    cJSON_Delete(root);
    return e;
}

static bool stretch(const struct web3_file *f, const uint8_t *password, size_t len, uint8_t out[32])
{
    if (f->scrypt)
        return crypto_pwhash_scryptsalsa208sha256_ll(password, len, f->salt, f->salt_len, f->n,
                                                     f->r, f->p, out, 32) == 0;
    return PKCS5_PBKDF2_HMAC(len ? (const char *)password : "", (int)len, f->salt, (int)f->salt_len,
                             (int)f->rounds, EVP_sha256(), 32, out) == 1;
}

/* AES-128-CTR both ways. */
static bool aes_ctr(const uint8_t key[16], const uint8_t iv[16], const uint8_t *in, size_t len,
                    uint8_t *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool good = c && EVP_DecryptInit_ex(c, EVP_aes_128_ctr(), NULL, key, iv) == 1 &&
                EVP_DecryptUpdate(c, out, &n, in, (int)len) == 1 && n == (int)len;
    EVP_CIPHER_CTX_free(c);
    return good;
}

/* Opens what the stretched password [derived] locks. */
static enum err unseal(const struct web3_file *f, const uint8_t derived[32], uint8_t key[32],
                       char *why)
{
    uint8_t text[16 + 32], mac[32], address[SECP_ADDRESS_LEN];
    memcpy(text, derived + 16, 16);
    memcpy(text + 16, f->sealed, sizeof f->sealed);
    hash_keccak256(text, sizeof text, mac);
    sodium_memzero(text, sizeof text);
    if (sodium_memcmp(mac, f->mac, sizeof mac) != 0)
        return why_say(
            why, ERR_CORRUPT,
            "the wallet file does not open: its password is another one, or it was changed");
    if (!aes_ctr(derived, f->iv, f->sealed, sizeof f->sealed, key))
        return why_say(why, ERR_NOMEM, "no memory to open the wallet file");
    if (secp_address(key, address) != ERR_OK)
        return why_say(why, ERR_RANGE, "the wallet file holds a number that is no key");
    if (f->has_address && memcmp(address, f->address, sizeof address) != 0)
        return why_say(why, ERR_CORRUPT, "the wallet file names an address that is not its key's");
    return ERR_OK;
}

enum err web3_decrypt(const char *text, size_t len, const uint8_t *password, size_t password_len,
                      uint8_t key[32], char *why)
{
    struct web3_file f = {.scrypt = false};
    enum err e = parse(text, len, &f, why);
    if (e)
        return e;
    uint8_t derived[32], opened[32];
    if (!stretch(&f, password, password_len, derived))
        e = why_say(why, ERR_NOMEM, "no memory to stretch the password of the wallet file");
    if (!e)
        e = unseal(&f, derived, opened, why);
    if (!e)
        memcpy(key, opened, sizeof opened);
    sodium_memzero(derived, sizeof derived);
    sodium_memzero(opened, sizeof opened);
    return e;
}

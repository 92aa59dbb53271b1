#include "wallet/import.h"

#include "wallet/hdkey.h"
#include "wallet/hex.h"
#include "wallet/mnemonic.h"
#include "wallet/pem.h"
#include "wallet/secp.h"
#include "wallet/web3.h"
#include "wallet/why.h"

#include <sodium.h>
#include <string.h>

enum err import_format_parse(const char *name, enum import_format *ret)
{
    static const char *const NAMES[] = {[IMPORT_HEX] = "hex",
                                        [IMPORT_MNEMONIC] = "mnemonic",
                                        [IMPORT_XPRV] = "xprv",
                                        [IMPORT_WEB3] = "web3",
                                        [IMPORT_PEM] = "pem"};
    for (unsigned f = IMPORT_HEX; f <= IMPORT_PEM; f++)
        if (strcmp(NAMES[f], name) == 0) {
            *ret = (enum import_format)f;
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

/* [text] without the blanks around it. */
static void trim(const char **text, size_t *len)
{
    while (*len && strchr(" \t\r\n", (*text)[*len - 1]) && (*text)[*len - 1])
        --*len;
    while (*len && strchr(" \t\r\n", **text) && **text) {
        ++*text;
        --*len;
    }
}

static enum err from_tree(enum import_format format, const char *text, size_t len,
                          const struct secret *password, const char *path, uint8_t key[32],
                          char *why)
{
    struct hdkey k;
    uint8_t seed[MNEMONIC_SEED_LEN];
    enum err e;
    if (format == IMPORT_XPRV) {
        trim(&text, &len);
        e = hdkey_parse(text, len, &k, why);
    } else {
        e = mnemonic_seed(text, len, password ? (const char *)password->data : "",
                          password ? password->len : 0, seed, why);
        if (!e && hdkey_root(seed, sizeof seed, &k) != ERR_OK)
            e = why_say(why, ERR_RANGE, "this phrase has no key");
    }
    if (!e)
        e = hdkey_derive(&k, path, why);
    if (!e)
        memcpy(key, k.key, sizeof k.key);
    sodium_memzero(&k, sizeof k);
    sodium_memzero(seed, sizeof seed);
    return e;
}

static enum err from_pem(enum key_kind kind, const char *text, size_t len,
                         const struct secret *password, uint8_t key[32], char *why)
{
    enum pem_type type;
    enum err e = pem_private(text, len, password ? password->data : NULL,
                             password ? password->len : 0, &type, key, why);
    if (!e && (type == PEM_ED25519) != (kind == KIND_BINANCE_ED25519))
        e = why_say(why, ERR_RANGE, "the PEM file holds a key of %s, the kind needs one of %s",
                    type == PEM_ED25519 ? "Ed25519" : "secp256k1",
                    type == PEM_ED25519 ? "secp256k1" : "Ed25519");
    return e;
}

static enum err convert(enum import_format format, enum key_kind kind, const struct secret *from,
                        const struct secret *password, const char *path, uint8_t key[32], char *why)
{
    const char *text = (const char *)from->data;
    size_t len = from->len;
    switch (format) {
    case IMPORT_HEX:
        trim(&text, &len);
        if (hex_decode(text, len, key, 32) != ERR_OK)
            return why_say(why, ERR_SYNTAX, "the key is not text of 64 hexadecimal digits");
        return ERR_OK;
    case IMPORT_MNEMONIC:
    case IMPORT_XPRV: return from_tree(format, text, len, password, path, key, why);
    case IMPORT_WEB3:
        if (!password)
            return why_say(why, ERR_STATE, "the wallet file needs its password");
        return web3_decrypt(text, len, password->data, password->len, key, why);
    case IMPORT_PEM: return from_pem(kind, text, len, password, key, why);
    }
    return why_say(why, ERR_UNSUPPORTED, "this format is not known");
}

enum err import_key(enum import_format format, enum key_kind kind, const struct secret *text,
                    const struct secret *password, const char *path, struct secret *ret, char *why)
{
    bool tree = format == IMPORT_MNEMONIC || format == IMPORT_XPRV;
    if (kind != KIND_EVM && kind != KIND_BINANCE_ED25519)
        return why_say(why, ERR_UNSUPPORTED,
                       "only keys of kind evm and binance-ed25519 are imported; others are added");
    if (kind != KIND_EVM && (tree || format == IMPORT_WEB3))
        return why_say(why, ERR_UNSUPPORTED, "this format holds keys of kind evm only");
    if (tree != (path != NULL))
        return why_say(why, ERR_RANGE,
                       tree ? "which key? Give --path m/44'/60'/0'/0/0 or the like"
                            : "this format holds one key: it has no --path");
    struct secret key;
    enum err e = secret_make(&key, 32);
    if (e)
        return why_say(why, e, "no memory that could be locked");
    secret_open(text);
    if (password)
        secret_open(password);
    e = convert(format, kind, text, password, path, key.data, why);
    if (password)
        secret_shut(password);
    secret_shut(text);
    uint8_t point[33];
    if (!e && kind == KIND_EVM && secp_public(key.data, point) != ERR_OK)
        e = why_say(why, ERR_RANGE, "this number is no key of secp256k1");
    if (e) {
        secret_free(&key);
        return e;
    }
    secret_shut(&key);
    *ret = key;
    return ERR_OK;
}

#include "wallet/hdkey.h"

#include "wallet/hash.h"
#include "wallet/secp.h"
#include "wallet/why.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define XPRV_VERSION 0x0488ade4u
#define XPUB_VERSION 0x0488b21eu
#define XKEY_LEN     78 /* without the checksum */
#define XKEY_TEXT    111

static void put32(uint8_t out[4], uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t in[4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

enum err hdkey_root(const uint8_t *seed, size_t len, struct hdkey *ret)
{
    if (len < HDKEY_SEED_MIN || len > HDKEY_SEED_MAX)
        return ERR_RANGE;
    static const char NAME[] = "Bitcoin seed"; /* BIP-32's, for every chain */
    uint8_t both[64], point[33];
    hash_hmac_sha512(NAME, sizeof NAME - 1, seed, len, both);
    enum err e = secp_public(both, point);
    if (!e) {
        *ret = (struct hdkey){.depth = 0};
        memcpy(ret->key, both, 32);
        memcpy(ret->chain, both + 32, 32);
    }
    sodium_memzero(both, sizeof both);
    return e;
}

enum err hdkey_child(const struct hdkey *parent, uint32_t index, struct hdkey *ret)
{
    if (parent->depth == UINT8_MAX)
        return ERR_RANGE;
    uint8_t data[37], both[64], sha[32], id[20], point[33];
    enum err e = secp_public(parent->key, point);
    if (e)
        return e;
    struct hdkey child = *parent;
    if (index & HDKEY_HARDENED) {
        data[0] = 0;
        memcpy(data + 1, parent->key, 32);
    } else {
        memcpy(data, point, sizeof point);
    }
    put32(data + 33, index);
    hash_hmac_sha512(parent->chain, 32, data, sizeof data, both);
    e = secp_add(child.key, both);
    if (!e) {
        memcpy(child.chain, both + 32, 32);
        hash_sha256(point, sizeof point, sha);
        hash_ripemd160(sha, sizeof sha, id);
        memcpy(child.parent, id, sizeof child.parent);
        child.index = index;
        child.depth++;
        *ret = child;
    }
    sodium_memzero(&child, sizeof child);
    sodium_memzero(data, sizeof data);
    sodium_memzero(both, sizeof both);
    return e;
}

/* ---- paths ---- */

/* Reads "/44'" and moves [p] behind it. */
static enum err path_level(const char **p, uint32_t *ret)
{
    const char *s = *p;
    if (*s++ != '/' || *s < '0' || *s > '9')
        return ERR_SYNTAX;
    uint64_t n = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        n = 10 * n + (uint64_t)(*s - '0');
        if (n >= HDKEY_HARDENED)
            return ERR_RANGE;
    }
    if (*s == '\'' || *s == 'h' || *s == 'H') {
        n += HDKEY_HARDENED;
        s++;
    }
    *p = s;
    *ret = (uint32_t)n;
    return ERR_OK;
}

enum err hdkey_derive(struct hdkey *k, const char *path, char *why)
{
    const char *p = path;
    struct hdkey at = *k;
    enum err e = ERR_OK;
    if (*p++ != 'm')
        e = ERR_SYNTAX;
    for (int level = 0; !e && *p; level++) {
        uint32_t index = 0;
        e = level == HDKEY_DEPTH_MAX ? ERR_RANGE : path_level(&p, &index);
        if (!e && hdkey_child(&at, index, &at) != ERR_OK) {
            sodium_memzero(&at, sizeof at);
            return why_say(why, ERR_RANGE,
                           "this path has no key at its level %d: take the next index", level + 1);
        }
    }
    if (!e)
        *k = at;
    sodium_memzero(&at, sizeof at);
    if (e)
        return why_say(why, e,
                       "the path is not of the form m/44'/60'/0'/0/0: at most %d levels, each 0 to "
                       "2147483647, ' for a hardened one",
                       HDKEY_DEPTH_MAX);
    return ERR_OK;
}

/* ---- extended keys as text ---- */

static const char BASE58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* XKEY_TEXT digits to XKEY_LEN + 4 bytes, which hold the largest of them; false: not base 58. */
static bool base58(const char *text, uint8_t out[XKEY_LEN + 4])
{
    memset(out, 0, XKEY_LEN + 4);
    for (size_t i = 0; i < XKEY_TEXT; i++) {
        const char *digit = text[i] ? strchr(BASE58, text[i]) : NULL;
        if (!digit)
            return false;
        uint32_t carry = (uint32_t)(digit - BASE58);
        for (size_t j = XKEY_LEN + 4; j-- > 0;) {
            carry += 58u * out[j];
            out[j] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    return true;
}

static enum err parse_bytes(const uint8_t bytes[XKEY_LEN + 4], struct hdkey *ret, char *why)
{
    uint8_t once[32], twice[32], point[33];
    hash_sha256(bytes, XKEY_LEN, once);
    hash_sha256(once, sizeof once, twice);
    bool sum = sodium_memcmp(twice, bytes + XKEY_LEN, 4) == 0;
    sodium_memzero(once, sizeof once);
    if (!sum)
        return why_say(why, ERR_CORRUPT, "the checksum of the extended key does not hold");
    uint32_t version = get32(bytes);
    if (version == XPUB_VERSION)
        return why_say(why, ERR_UNSUPPORTED, "this extended key is a public one; xprv is needed");
    if (version != XPRV_VERSION)
        return why_say(why, ERR_UNSUPPORTED, "the extended key is of an unknown version");
    if (bytes[45] != 0)
        return why_say(why, ERR_RANGE, "the extended key says private, and holds something else");
    struct hdkey k = {.depth = bytes[4], .index = get32(bytes + 9)};
    memcpy(k.parent, bytes + 5, 4);
    memcpy(k.chain, bytes + 13, 32);
    memcpy(k.key, bytes + 46, 32);
    enum err e = ERR_OK;
    if (k.depth == 0 && (k.index != 0 || get32(k.parent) != 0))
        e = why_say(why, ERR_RANGE, "the extended key is a root and has a parent");
    else if (secp_public(k.key, point) != ERR_OK)
        e = why_say(why, ERR_RANGE, "the extended key holds a number that is no key");
    if (!e)
        *ret = k;
    sodium_memzero(&k, sizeof k);
    return e;
}

enum err hdkey_parse(const char *text, size_t len, struct hdkey *ret, char *why)
{
    uint8_t bytes[XKEY_LEN + 4];
    enum err e = ERR_OK;
    if (len != XKEY_TEXT || !base58(text, bytes))
        e = why_say(why, ERR_SYNTAX,
                    "an extended private key is %d characters of base 58 and starts with xprv",
                    XKEY_TEXT);
    if (!e)
        e = parse_bytes(bytes, ret, why);
    sodium_memzero(bytes, sizeof bytes);
    return e;
}

/* Hierarchical keys: BIP-32 private derivation on secp256k1, paths as BIP-44 writes them.
 *
 * A struct hdkey is secret as a whole: it belongs in the memory of a struct secret.
 */
#ifndef TW_WALLET_HDKEY_H
#define TW_WALLET_HDKEY_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define HDKEY_HARDENED  0x80000000u
#define HDKEY_DEPTH_MAX 10 /* levels that a path may have; BIP-44 has five */
#define HDKEY_SEED_MIN  16
#define HDKEY_SEED_MAX  64

struct hdkey {
    uint8_t key[32], chain[32];
    uint8_t parent[4]; /* the first bytes of RIPEMD-160 of SHA-256 of the parent's public key */
    uint32_t index;    /* among its parent's children, HDKEY_HARDENED added */
    uint8_t depth;
};

/* The root for a seed of HDKEY_SEED_MIN to _MAX bytes. ERR_RANGE: another length, or (once in
 * 2^127) a seed that gives no key. */
enum err hdkey_root(const uint8_t *seed, size_t len, struct hdkey *ret) MUST_CHECK;

/* An extended private key in base 58 ("xprv..."). ERR_SYNTAX, ERR_RANGE, ERR_CORRUPT (checksum),
 * ERR_UNSUPPORTED (a public one, or another version) with a sentence in why[WHY_MAX]. */
enum err hdkey_parse(const char *text, size_t len, struct hdkey *ret, char *why) MUST_CHECK;

/* One level down. ERR_RANGE: this index has no key (once in 2^127), BIP-32 says to take the next;
 * or the tree ends here. */
enum err hdkey_child(const struct hdkey *parent, uint32_t index, struct hdkey *ret) MUST_CHECK;

/* All the way down [path], "m/44'/60'/0'/0/0" (h and H are ', too), in place. ERR_SYNTAX, ERR_RANGE
 * with a sentence in why[WHY_MAX]; [k] is untouched then. */
enum err hdkey_derive(struct hdkey *k, const char *path, char *why) MUST_CHECK;

#endif

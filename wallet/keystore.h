/* The key store: one encrypted file that only tradewind-signer opens.
 *
 *   magic "TWKS", version, suite, length of the header
 *   header     id, generation, policy hash, slots, entry headers; authenticated as a whole
 *   seal       XChaCha20-Poly1305 of nothing, over the header: proves it even without entries
 *   entries    each XChaCha20-Poly1305 with the whole header and its own header as associated data
 *
 * A random data key encrypts the entries; each slot wraps that key: a passphrase by Argon2id, a
 * credential (32 random bytes or more, from systemd) by BLAKE2b. Every number is little-endian.
 * Bounds are checked before anything is allocated or stretched. A file that does not authenticate
 * at every byte opens nothing; the error does not say whether it was the passphrase or the file.
 *
 * Writing replaces the file as a whole: temporary file, fsync, rename, fsync of the directory. The
 * version before stays beside it as NAME.previous until the new one has been opened once.
 */
#ifndef TW_WALLET_KEYSTORE_H
#define TW_WALLET_KEYSTORE_H

#include "base/err.h"
#include "wallet/kind.h"
#include "wallet/secret.h"
#include "wallet/why.h"

#include <stddef.h>
#include <stdint.h>

#define KEYSTORE_VERSION     1u
#define KEYSTORE_SUITE       1u /* argon2id v1.3, XChaCha20-Poly1305 (IETF), BLAKE2b */
#define KEYSTORE_FILE_MAX    (256u * 1024u)
#define KEYSTORE_SLOTS_MAX   8
#define KEYSTORE_ENTRIES_MAX 64
#define KEYSTORE_LABEL_MAX   33 /* with NUL: [a-z0-9-_], the first a letter or digit */
#define KEYSTORE_NETWORK_MAX 65 /* with NUL: "binance:mainnet", "evm:1"; printable ASCII */
#define KEYSTORE_PUBLIC_MAX  64 /* address, public key */
#define KEYSTORE_API_KEY_MAX 129
#define KEYSTORE_SECRET_MAX  1024
#define KEYSTORE_WHY_MAX     WHY_MAX

/* Argon2id. The least is for tests, the most what a store may ask of the machine that opens it. */
#define KEYSTORE_MEMORY_MIN     (8u << 10 << 10)
#define KEYSTORE_MEMORY_DEFAULT (256u << 10 << 10)
#define KEYSTORE_MEMORY_MAX     (4096ull << 10 << 10)
#define KEYSTORE_PASSES_MIN     1u
#define KEYSTORE_PASSES_DEFAULT 3u
#define KEYSTORE_PASSES_MAX     16u

enum slot_kind { SLOT_PASSPHRASE = 1, SLOT_CREDENTIAL = 2 };

struct keystore_slot {
    enum slot_kind kind;
    char label[KEYSTORE_LABEL_MAX];
    uint64_t memory; /* bytes; passphrase slots */
    uint32_t passes;
    uint8_t salt[16], nonce[24], wrapped[32 + 16];
};

/* What is known of an entry without opening it. */
struct keystore_entry {
    char label[KEYSTORE_LABEL_MAX];
    enum key_class class;
    enum key_kind kind;
    char network[KEYSTORE_NETWORK_MAX]; /* what it is bound to */
    uint64_t created_s;                 /* UTC */
    uint16_t public_len;
    uint8_t public_part[KEYSTORE_PUBLIC_MAX];
    uint16_t sealed_len; /* of its ciphertext */
};

struct keystore {
    uint8_t id[16];          /* of the store, random, for ever */
    uint64_t generation;     /* counts writes */
    uint8_t policy_hash[32]; /* of the compiled policy; zero: none, nothing is allowed */
    uint32_t slots, entries;
    struct keystore_slot slot[KEYSTORE_SLOTS_MAX];
    struct keystore_entry entry[KEYSTORE_ENTRIES_MAX];
    /* inside */
    struct secret data_key;                      /* empty while it is not unlocked */
    struct secret content[KEYSTORE_ENTRIES_MAX]; /* empty while it is not unlocked */
    uint8_t *file;                               /* as it was read */
    size_t file_len, header_len;
};

/* Whether a name of a key or slot may be this. */
bool keystore_is_label(const char *text);

/* What a slot is opened with, or made for. */
struct keystore_unlock {
    enum slot_kind kind;
    const uint8_t *secret;
    size_t len;
};

/* A new store in memory, unlocked, with one slot. [memory] and [passes] are for passphrases. */
enum err keystore_create(struct keystore *ret, const struct keystore_unlock *u, const char *label,
                         uint64_t memory, uint32_t passes) MUST_CHECK;

/* Reads [path], or [len] bytes, locked. ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT (not a key store, or not
 * one that this version may open), a sentence in why[KEYSTORE_WHY_MAX]. */
enum err keystore_read(struct keystore *ret, const char *path, char *why) MUST_CHECK;
enum err keystore_parse(struct keystore *ret, const uint8_t *bytes, size_t len,
                        char *why) MUST_CHECK;

/* Opens it: every slot of the kind is tried. ERR_CORRUPT for a wrong secret and for a file that was
 * changed, the two are not told apart; ERR_NOMEM where the machine cannot stretch the passphrase.
 */
enum err keystore_open(struct keystore *k, const struct keystore_unlock *u) MUST_CHECK;
bool keystore_is_open(const struct keystore *k);
void keystore_close(struct keystore *k); /* wipes; the struct may be used for another one */

/* ---- while open ---- */

/* Adds an entry; its content is copied into guarded memory. [api_key] NULL where the kind has none,
 * or where it follows later (keystore_set_api_key). ERR_EXISTS, ERR_FULL, ERR_RANGE with a sentence
 * in [why]. */
enum err keystore_add(struct keystore *k, const struct keystore_entry *header, const char *api_key,
                      const uint8_t *secret, size_t len, char *why) MUST_CHECK;
enum err keystore_remove(struct keystore *k, const char *label) MUST_CHECK; /* ERR_NOT_FOUND */

/* Sets or replaces the API key of an entry whose kind lets it follow. ERR_NOT_FOUND, ERR_RANGE with
 * a sentence in [why]. */
enum err keystore_set_api_key(struct keystore *k, const char *label, const char *api_key,
                              char *why) MUST_CHECK;

/* Index of an entry; -1 where there is none. */
int keystore_find(const struct keystore *k, const char *label);
/* Its parts, inside guarded memory that the caller has opened with secret_open(content). */
const struct secret *keystore_content(const struct keystore *k, int entry);
void keystore_parts(const struct secret *opened, const char **api_key, const uint8_t **secret,
                    size_t *len);

/* Index of a slot; -1 where there is none. Of a store that is not open, too. */
int keystore_find_slot(const struct keystore *k, const char *label);
/* Slots: ERR_RANGE, ERR_EXISTS, ERR_FULL, ERR_NOMEM. The last one cannot be removed (ERR_STATE). */
enum err keystore_add_slot(struct keystore *k, const struct keystore_unlock *u, const char *label,
                           uint64_t memory, uint32_t passes) MUST_CHECK;
enum err keystore_remove_slot(struct keystore *k, const char *label) MUST_CHECK;

/* Draws a new data key and wraps it in one new slot. Every other slot goes: it knew the key before,
 * and who opens it is not here to open it again. ERR_RANGE, ERR_NOMEM; then nothing has changed. */
enum err keystore_rekey(struct keystore *k, const struct keystore_unlock *u, const char *label,
                        uint64_t memory, uint32_t passes) MUST_CHECK;

/* ---- to the disk ---- */

/* The bytes of the store as it is now, with fresh nonces and the next generation. [out] has
 * KEYSTORE_FILE_MAX bytes. */
enum err keystore_encode(struct keystore *k, uint8_t *out, size_t *ret_len) MUST_CHECK;

/* Writes it to [path] with mode 0600; what was there becomes PATH.previous. Creating refuses to
 * replace anything (ERR_EXISTS). */
enum err keystore_write(struct keystore *k, const char *path, bool create, char *why) MUST_CHECK;

/* Called after an opened store of [path] was found good: removes PATH.previous. */
void keystore_confirm(const char *path);

#endif

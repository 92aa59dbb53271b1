/* The store that a `key` command works on: found, locked against a second writer, opened. */
#ifndef TW_WALLET_KEY_STORE_H
#define TW_WALLET_KEY_STORE_H

#include "wallet/key_args.h"
#include "wallet/keystore.h"

#define KEY_PASSPHRASE_MIN 12
#define KEY_PASSPHRASE_MAX 1024
#define KEY_CREDENTIAL_MAX 1024
#define KEY_TRIES          3 /* at the terminal */

struct key_store {
    struct keystore k;
    const char *path;
    int lock; /* the directory, while this works on it */
};

/* Both want [s] zeroed. The store is closed by key_store_close() whatever they return. Errors come
 * with a sentence in why[WHY_MAX]. */

/* Only looks: the header, which nothing has authenticated yet. */
enum err key_store_read(struct key_store *s, const struct key_args *a, char *why) MUST_CHECK;
/* Reads it and opens it with the credential that is given, else asks for the passphrase, at a
 * terminal up to KEY_TRIES times. Each failure costs
 * twice the time of the one before, from one second on; what failed is not told. */
enum err key_store_open(struct key_store *s, const struct key_args *a, char *why) MUST_CHECK;
/* A new one where there is none. */
enum err key_store_create(struct key_store *s, const struct key_args *a, char *why) MUST_CHECK;

enum err key_store_write(struct key_store *s, char *why) MUST_CHECK;
void key_store_close(struct key_store *s);

/* A passphrase that is made now: twice at a terminal, of a length that is worth stretching. */
enum err key_store_new_passphrase(const struct input *from, const char *name, struct secret *ret,
                                  char *why) MUST_CHECK;

/* Opens what was written, with the new passphrase or credential, and lets the version before go. */
enum err key_store_prove(const char *path, enum slot_kind kind, const struct secret *secret,
                         char *why) MUST_CHECK;

#endif

/* Memory for secrets: between guard pages, locked, out of core dumps, unreadable while nobody uses
 * it, and wiped when it is freed (libsodium's sodium_malloc). */
#ifndef TW_WALLET_SECRET_H
#define TW_WALLET_SECRET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
    uint8_t *data; /* readable only between secret_open() and secret_shut() */
    size_t len;
};

/* libsodium once per process; ERR_STATE where it cannot work. */
enum err secret_init(void) MUST_CHECK;

/* [len] zeroed bytes, open for writing. ERR_NOMEM, also where the memory cannot be locked and
 * [strict] locking was asked for by secret_require_lock(). */
enum err secret_make(struct secret *ret, size_t len) MUST_CHECK;
enum err secret_copy(struct secret *ret, const void *from, size_t len) MUST_CHECK;
void secret_free(struct secret *s); /* an empty one is fine */

void secret_open(const struct secret *s); /* readable */
void secret_edit(struct secret *s);       /* readable and writable */
void secret_shut(const struct secret *s); /* neither */

/* From now on memory that cannot be locked is an error (the strict mode of the signer). */
void secret_require_lock(void);

/* Takes [n] places of SECRET_PLACE bytes from the system now. From then on secret_make() takes what
 * fits from them, and secret_free() wipes and gives back, without the system calls that getting
 * memory needs: for a process that gives those up. Once per process. *ret_locked: whether all of it
 * is locked. ERR_NOMEM. */
#define SECRET_PLACE 1280 /* the longest content of an entry of the key store */
enum err secret_reserve(size_t n, bool *ret_locked) MUST_CHECK;

#endif

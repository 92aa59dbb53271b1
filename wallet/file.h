/* Files that are read and replaced as a whole: the key store, the policy. */
#ifndef TW_WALLET_FILE_H
#define TW_WALLET_FILE_H

#include "wallet/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_PATH_MAX 1024

/* [path] with [suffix]; false where it is too long. [out] has FILE_PATH_MAX bytes. */
bool file_beside(char *out, const char *path, const char *suffix);

/* ERR_[e] with "path: what: " and the text of errno. */
enum err file_fail(char *why, enum err e, const char *path, const char *what);

/* Reads a plain file, no link, of at most [max] bytes; *ret_bytes is to be freed. A file with more
 * is read to max + 1. ERR_NOT_FOUND, ERR_IO, ERR_RANGE (others may read or write it), ERR_NOMEM. */
enum err file_read(const char *path, size_t max, uint8_t **ret_bytes, size_t *ret_len,
                   char *why) MUST_CHECK;

/* A new file of mode 0600 in the place of what an interrupted write left at [path]; synced, but for
 * its directory. ERR_IO. */
enum err file_write_new(const char *path, const uint8_t *bytes, size_t len, char *why) MUST_CHECK;

/* A new file of mode 0600 where there is none: synced, with its directory, or not there. ERR_IO. */
enum err file_create(const char *path, const uint8_t *bytes, size_t len, char *why) MUST_CHECK;

/* The directory that [path] is in, so that what was renamed stays so. ERR_IO. */
enum err file_sync_directory(const char *path, char *why) MUST_CHECK;

/* What stands at [path] gets [name], too, in the place of what had it: a link, so that there is no
 * moment without a [path]. ERR_IO. */
enum err file_keep(const char *path, const char *name, char *why) MUST_CHECK;

#endif

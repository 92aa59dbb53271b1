/* Reads a file that may be plain, gzip or zstd: told by its first bytes, never by its name.
 *
 * Members of a gzip file and frames of a zstd file that follow each other are one stream, as the
 * tools treat them. A file that ends inside its compressed data, whose checksum is wrong, or that
 * goes on with something else is an error: half a file must never pass for a whole one.
 */
#ifndef TW_IO_INFLATE_H
#define TW_IO_INFLATE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct inflate;

#define INFLATE_WHY_MAX 256

/* Opens [path]. On failure writes a sentence without the file's name into why[INFLATE_WHY_MAX].
 * ERR_UNSUPPORTED: an archive (zip, xz, bzip2, 7z) that has to be unpacked first. */
enum err inflate_open(struct inflate **ret, const char *path, char *why) MUST_CHECK;

/* Fills out[cap] with the next bytes of the content; *ret_len is below [cap] only at the end, 0
 * when nothing is left. */
enum err inflate_read(struct inflate *z, void *out, size_t cap, size_t *ret_len,
                      char *why) MUST_CHECK;

/* Bytes of the file (compressed, if it is) read so far, and its size; for progress. */
uint64_t inflate_position(const struct inflate *z);
uint64_t inflate_size(const struct inflate *z);

void inflate_close(struct inflate *z); /* NULL is fine */

#endif

/* Reads a recording (sim/recording.h) line by line, plain or compressed, with bounded memory.
 *
 * Order book snapshots that a file puts in front of its messages, with later times, are held back
 * and given out where their time says. The present record stays until recording_file_next().
 */
#ifndef TW_IO_RECORDING_FILE_H
#define TW_IO_RECORDING_FILE_H

#include "sim/recording.h"

#define RECORDING_FILE_WHY_MAX  512
#define RECORDING_FILE_HELD_MAX 64                         /* snapshots held back at a time */
#define RECORDING_FILE_BACK_NS  (10 * INT64_C(1000000000)) /* times may fall by as much */

struct recording_file;

/* On failure, here and below, [why] (RECORDING_FILE_WHY_MAX bytes) is a sentence that names the
 * file, and the line where there is one. */
enum err recording_file_open(struct recording_file **ret, const char *path, char *why) MUST_CHECK;

/* The same with lines that a function makes: it sets *ret to the next one, which it may reuse at
 * the next call, and *ret_len, and returns ERR_NOT_FOUND at the end. [name] is what errors call it.
 */
typedef enum err recording_line_fn(void *ctx, char **ret, size_t *ret_len);
enum err recording_file_open_made(struct recording_file **ret, const char *name,
                                  recording_line_fn *make, void *ctx, char *why) MUST_CHECK;
void recording_file_close(struct recording_file *f); /* NULL is fine */

/* Goes to the next record with market data. *ret is NULL at the end of the file; times never fall:
 * a line that is a little older than its predecessor counts as of the same time. ERR_FULL: more
 * snapshots held back than there is room for; ERR_RANGE: a line too long, or times that jump back;
 * ERR_TRUNCATED: the file ends inside a line or inside its compressed data. */
enum err recording_file_next(struct recording_file *f, const struct recording **ret,
                             char *why) MUST_CHECK;

/* The record last given out; NULL at the end and before the first. */
const struct recording *recording_file_at(const struct recording_file *f);
const char *recording_file_path(const struct recording_file *f);
uint64_t recording_file_line(const struct recording_file *f);

/* The venue's symbols of the snapshots held back: [n] from 0, NULL behind the last. */
const char *recording_file_held(const struct recording_file *f, unsigned n);

#endif

/* An output file that is there whole or not at all: written beside its final place, synced, and
 * renamed when it is complete. */
#ifndef TW_IO_OUTFILE_H
#define TW_IO_OUTFILE_H

#include "base/err.h"

#include <stdio.h>

#define OUTFILE_PATH_MAX 1024
#define OUTFILE_WHY_MAX  (OUTFILE_PATH_MAX + 128)

struct outfile {
    FILE *f; /* to write to; NULL while not open */
    char path[OUTFILE_PATH_MAX], temporary[OUTFILE_PATH_MAX + 32];
};

/* On failure a sentence with the path in why[OUTFILE_WHY_MAX]. */
enum err outfile_open(struct outfile *o, const char *path, char *why) MUST_CHECK;

/* Everything was written: makes it visible under its name. On failure nothing is there, and what
 * was there before still is. Errors of writing that were not looked at are found here. */
enum err outfile_commit(struct outfile *o, char *why) MUST_CHECK;

/* Removes what was written; nothing where it is not open. */
void outfile_discard(struct outfile *o);

#endif

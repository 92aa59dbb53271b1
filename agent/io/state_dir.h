/* The state directory: one daemon at a time, its journals, and the halt latch.
 *
 *   lock               held (flock) by the daemon that runs; contains its process id
 *   latch              why the next start must begin HALTED; its blocks are there from the start,
 *                      so that it can be written on a full disk and from a failed assertion
 *   journal-0001.twj   journals; the highest number is the present one
 *   control.sock       the control socket
 */
#ifndef TW_IO_STATE_DIR_H
#define TW_IO_STATE_DIR_H

#include "base/err.h"
#include "model/setup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_DIR_WHY_MAX      512
#define STATE_DIR_LATCH_MAX    256 /* longest sentence of the latch, with NUL */
#define STATE_DIR_JOURNALS_MAX 9999
#define STATE_DIR_FILE_MAX     (PATH_MAX_BYTES + 32)

/* What was the matter when the latch was set. */
enum latch_kind {
    LATCH_NONE = 0,
    LATCH_HOST = 1, /* something outside the engine (disk, program): its journal can be replayed */
    LATCH_ENGINE = 2, /* the engine could not go on: replaying its journal would end there again */
};

struct latch {
    enum latch_kind kind;
    uint32_t journal; /* number of the journal that was being written */
    uint64_t record;  /* number of its last record */
    char text[STATE_DIR_LATCH_MAX];
};

struct state_dir {
    char path[PATH_MAX_BYTES];
    int lock_fd, latch_fd;
    bool tightened; /* others could look in; now they cannot */
};

/* Makes the directory where there is none (mode 0700; its parent must exist), takes the lock,
 * prepares the latch. ERR_EXISTS: another daemon holds it; the sentence in why
 * (STATE_DIR_WHY_MAX bytes) names its process id. ERR_IO: all else. */
enum err state_dir_open(struct state_dir *ret, const char *path, char *why) MUST_CHECK;
void state_dir_close(struct state_dir *d);

/* Writes the latch, to the disk. Neither allocates nor formats with stdio: may be called from
 * a failed assertion. */
enum err state_dir_set_latch(const struct state_dir *d, const struct latch *l) MUST_CHECK;
/* Reads it. A latch that cannot be understood counts as LATCH_ENGINE: rather halted than wrong. */
enum err state_dir_get_latch(const struct state_dir *d, struct latch *ret) MUST_CHECK;

/* Highest number of a journal, 0 where there is none. */
enum err state_dir_last_journal(const char *path, uint32_t *ret) MUST_CHECK;
/* Path of a journal; [out] has STATE_DIR_FILE_MAX bytes. */
void state_dir_journal_path(const char *path, uint32_t number, char *out);

#endif

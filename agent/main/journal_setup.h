/* The setup a journal was written with: its embedded configuration, with the balances that were
 * carried into it. */
#ifndef TW_MAIN_JOURNAL_SETUP_H
#define TW_MAIN_JOURNAL_SETUP_H

#include "config/config.h"
#include "io/state_dir.h"

#define JOURNAL_SETUP_WHY_MAX 1024

/* On ERR_OK *ret is to be closed with config_close(). Else a sentence is written to why
 * (JOURNAL_SETUP_WHY_MAX bytes). */
enum err journal_setup_read(struct config *ret, const char *path, char *why) MUST_CHECK;

/* The journal that [argument] means: itself, or the newest one where it is a state directory. [out]
 * has STATE_DIR_FILE_MAX bytes. */
enum err journal_setup_find(const char *argument, char *out, char *why) MUST_CHECK;

/* Applies what was carried into the journal at [path] to [s], made from the same configuration. */
enum err journal_setup_opening(struct setup *s, const char *path, char *why) MUST_CHECK;

#endif

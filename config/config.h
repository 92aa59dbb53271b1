/* The configuration: one TOML file, checked whole against one schema, turned into a struct setup.
 *
 * The schema lives in schema.c; a strategy's keys come from its parameter specification. Unknown
 * keys, wrong types, values out of range, numbers that lose precision, duplicate names and dangling
 * references are all errors, each reported as "file:line:col: key: what is wrong, what is allowed".
 * A syntax error is reported alone (the rest cannot be trusted), semantic errors all together.
 */
#ifndef TW_CONFIG_CONFIG_H
#define TW_CONFIG_CONFIG_H

#include "base/err.h"
#include "model/setup.h"
#include "strategies/strategy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONFIG_FILE_MAX (1024 * 1024) /* bytes; a larger file is refused */

/* What a configuration may name; supplied by the program. */
struct config_kinds {
    const struct strategy_ops *const *strategies; /* ends with NULL */
    const char *const *venues;                    /* ends with NULL */
    /* The text is a journal's: an earlier build took it, and parameters that have no use in it were
     * no errors then. It runs again as it did. */
    bool journaled;
};

struct config {
    struct setup *setup;
    char *text; /* the file as it was read: the journal keeps it */
    size_t text_len;
};

struct config_report {
    char **line; /* one text per error, in file order */
    size_t count;
};

/* Reads and checks. On ERR_OK *ret is to be closed with config_close(). Otherwise *ret is untouched
 * and the report has at least one line (but for ERR_NOMEM, where it may be empty). [report] is to
 * be cleared with config_report_clear() in both cases. Relative paths in the file are relative to
 * its directory. */
enum err config_load(struct config *ret, const char *path, const struct config_kinds *kinds,
                     struct config_report *report) MUST_CHECK;

/* The same from memory; [name] stands for the file in messages, [dir] for its directory. */
enum err config_parse(struct config *ret, const char *name, const char *dir, const char *text,
                      size_t len, const struct config_kinds *kinds,
                      struct config_report *report) MUST_CHECK;

/* The bytes of a file, at most CONFIG_FILE_MAX + 1 of them; *ret is to be freed. ERR_IO with one
 * line in the report, which is to be cleared in both cases. */
enum err config_read_file(const char *path, char **ret, size_t *ret_len,
                          struct config_report *report) MUST_CHECK;

void config_close(struct config *c);
void config_report_clear(struct config_report *r);

/* Prints every key with type, range, default and meaning, the strategies' too. */
void config_explain(FILE *out, const struct config_kinds *kinds);

#endif

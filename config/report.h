/* Collecting errors while a configuration is checked, and finding the word a person meant. */
#ifndef TW_CONFIG_REPORT_H
#define TW_CONFIG_REPORT_H

#include "config/config.h"
#include "config/toml.h"

#include <stdarg.h>

/* More errors than these are counted, not kept: the last line then says how many. */
#define REPORT_ERRORS_MAX 1000

/* Longest key path and longest sentence; what is longer is cut. */
#define REPORT_PATH_MAX 128
#define REPORT_TEXT_MAX 768

struct errors {
    const char *file; /* for messages */
    struct error_item {
        struct toml_pos at;
        size_t order; /* of finding: keeps equal positions in it */
        char *line;
    } * item;
    size_t count, cap;
    size_t dropped; /* beyond REPORT_ERRORS_MAX */
    bool nomem;
};

/* Adds "file:line:col: path: text". An empty [path] leaves that part out. Control characters become
 * '?'. */
__attribute__((format(printf, 4, 5))) void errors_add(struct errors *e, struct toml_pos at,
                                                      const char *path, const char *format, ...);

/* Sorts by position and moves the lines into [ret]; [e] is empty afterwards. */
void errors_finish(struct errors *e, struct config_report *ret);

/* One line that stands for itself: a syntax error, a file that cannot be read. Returns [e], or
 * ERR_NOMEM. */
enum err report_one(struct config_report *report, const char *name, struct toml_pos at, enum err e,
                    const char *text) MUST_CHECK;

/* Makes a printable one-line copy: control characters become '?', more than [cap] - 1 bytes are cut
 * between characters, with "..." at the end. Returns [out]. */
char *printable(char *out, size_t cap, const char *text, size_t len);

/* The nearest of several candidates, if one is near enough to be what was meant. */
struct suggestion {
    const char *given;
    const char *best; /* NULL: none; points to the candidate */
    unsigned distance;
};
void suggestion_offer(struct suggestion *s, const char *candidate);

#endif

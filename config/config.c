#include "config/config.h"

#include "base/check.h"
#include "config/section.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void unknown_sections(struct build *b)
{
    /* At the root a section is a key like any other. */
    struct key_spec names[16] = {{.key = NULL}};
    size_t n = 0;
    for (const struct section *const *s = SCHEMA; *s; s++)
        if (!strchr((*s)->path, '.')) {
            CHECK(n < sizeof names / sizeof names[0] - 1);
            names[n++] = (struct key_spec){.key = (*s)->path, .type = KEY_TABLE};
        }
    const struct section root = {.path = "", .keys = names};
    section_unknown(b, &root, b->root, NULL);
}

static enum err build(struct build *b, struct config_report *report)
{
    unknown_sections(b);
    build_agent(b);
    build_signer(b);
    build_guard(b);
    build_venues(b);
    build_instruments(b);
    build_groups(b);
    build_price_guards(b);
    build_conversions(b);
    build_strategies(b);
    build_alerts(b);
    bool failed = b->errors.count > 0;
    errors_finish(&b->errors, report);
    return b->errors.nomem ? ERR_NOMEM : failed ? ERR_RANGE : ERR_OK;
}

enum err config_parse(struct config *ret, const char *name, const char *dir, const char *text,
                      size_t len, const struct config_kinds *kinds, struct config_report *report)
{
    *report = (struct config_report){0};
    struct toml_doc *doc = NULL;
    struct toml_error error;
    enum err e = toml_parse(&doc, text, len, &error);
    if (e)
        return report_one(report, name, error.at, e, error.text);
    struct config c = {.setup = calloc(1, sizeof *c.setup), .text = malloc(len + 1)};
    struct build *b = calloc(1, sizeof *b);
    if (c.setup && c.text && b) {
        *b = (struct build){.setup = c.setup,
                            .kinds = kinds,
                            .root = toml_root(doc),
                            .dir = strcmp(dir, ".") == 0 ? "" : dir,
                            .schema = SCHEMA,
                            .explain = "tradewind check --explain",
                            .errors = {.file = name}};
        e = build(b, report);
    } else {
        e = ERR_NOMEM;
    }
    free(b);
    toml_close(doc);
    if (e) {
        config_close(&c);
        return e;
    }
    if (len)
        memcpy(c.text, text, len);
    c.text[len] = 0;
    c.text_len = len;
    *ret = c;
    return ERR_OK;
}

void config_close(struct config *c)
{
    free(c->setup);
    free(c->text);
    *c = (struct config){0};
}

/* Reads the whole file; at most CONFIG_FILE_MAX + 1 bytes, so that one too many is seen. */
static char *read_file(int fd, size_t *len)
{
    size_t cap = CONFIG_FILE_MAX + 1;
    char *text = malloc(cap);
    *len = 0;
    while (text && *len < cap) {
        ssize_t n = read(fd, text + *len, cap - *len);
        if (n == 0)
            break;
        if (n > 0) {
            *len += (size_t)n;
        } else if (errno != EINTR) {
            free(text);
            text = NULL;
        }
    }
    return text;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup("");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum err report_errno(struct config_report *report, const char *path, int error)
{
    char text[256], message[128];
    snprintf(text, sizeof text, "the file cannot be read: %s",
             strerror_r(error, message, sizeof message));
    return report_one(report, path, (struct toml_pos){1, 1}, ERR_IO, text);
}

enum err config_read_file(const char *path, char **ret, size_t *ret_len,
                          struct config_report *report)
{
    *report = (struct config_report){0};
    /* Without O_NONBLOCK a FIFO would hold the program up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return report_errno(report, path, errno);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return report_one(report, path, (struct toml_pos){1, 1}, ERR_IO, "is not a regular file");
    }
    size_t len = 0;
    char *text = read_file(fd, &len);
    int error = errno;
    close(fd);
    if (!text)
        return report_errno(report, path, error);
    *ret = text;
    *ret_len = len;
    return ERR_OK;
}

enum err config_load(struct config *ret, const char *path, const struct config_kinds *kinds,
                     struct config_report *report)
{
    char *text = NULL;
    size_t len = 0;
    enum err e = config_read_file(path, &text, &len, report);
    if (e)
        return e;
    char *dir = directory_of(path);
    e = dir ? config_parse(ret, path, dir, text, len, kinds, report) : ERR_NOMEM;
    free(dir);
    free(text);
    return e;
}

#include "io/recording_file.h"

#include "io/inflate.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUFFER (256u << 10)

struct held {
    struct recording r; /* its data is [text] */
    char *text;
    uint64_t line;
};

struct recording_file {
    char *path;
    struct inflate *z; /* NULL: lines come from [make] */
    recording_line_fn *make;
    void *make_ctx;
    char *buf;
    size_t pos, len, cap;   /* unread bytes are buf[pos..len) */
    bool ended;             /* nothing more in the file */
    uint64_t lines;         /* read so far */
    struct recording ahead; /* read from the file, waiting for its turn */
    uint64_t ahead_line;
    bool has_ahead;
    struct held held[RECORDING_FILE_HELD_MAX]; /* by time */
    unsigned held_count;
    struct held out; /* the held one that was given out last: owns its text */
    struct recording at;
    uint64_t at_line;
    bool has_at;
    int64_t last_ns;
};

__attribute__((format(printf, 5, 6))) static enum err
fail(const struct recording_file *f, enum err e, uint64_t line, char *why, const char *format, ...)
{
    va_list a;
    int n =
        line ? snprintf(why, RECORDING_FILE_WHY_MAX, "%s:%llu: ", f->path, (unsigned long long)line)
             : snprintf(why, RECORDING_FILE_WHY_MAX, "%s: ", f->path);
    if (n < 0 || n >= RECORDING_FILE_WHY_MAX)
        return e;
    va_start(a, format);
    vsnprintf(why + n, RECORDING_FILE_WHY_MAX - (size_t)n, format, a);
    va_end(a);
    return e;
}

static struct recording_file *new_file(const char *path, char *why)
{
    struct recording_file *f = calloc(1, sizeof *f);
    char *name = strdup(path);
    if (!f || !name) {
        free(f);
        free(name);
        snprintf(why, RECORDING_FILE_WHY_MAX, "%s: out of memory", path);
        return NULL;
    }
    f->path = name;
    return f;
}

enum err recording_file_open_made(struct recording_file **ret, const char *name,
                                  recording_line_fn *make, void *ctx, char *why)
{
    struct recording_file *f = new_file(name, why);
    if (!f)
        return ERR_NOMEM;
    f->make = make;
    f->make_ctx = ctx;
    *ret = f;
    return ERR_OK;
}

enum err recording_file_open(struct recording_file **ret, const char *path, char *why)
{
    struct recording_file *f = new_file(path, why);
    if (!f)
        return ERR_NOMEM;
    char detail[INFLATE_WHY_MAX];
    enum err e = inflate_open(&f->z, path, detail);
    if (e) {
        e = fail(f, e, 0, why, "%s", detail);
        recording_file_close(f);
        return e;
    }
    *ret = f;
    return ERR_OK;
}

void recording_file_close(struct recording_file *f)
{
    if (!f)
        return;
    inflate_close(f->z);
    for (unsigned i = 0; i < f->held_count; i++)
        free(f->held[i].text);
    free(f->out.text);
    free(f->buf);
    free(f->path);
    free(f);
}

/* Makes room and reads on. */
static enum err fill(struct recording_file *f, char *why)
{
    if (f->pos) {
        memmove(f->buf, f->buf + f->pos, f->len - f->pos);
        f->len -= f->pos;
        f->pos = 0;
    }
    if (f->len == f->cap) {
        if (f->cap >= RECORDING_LINE_MAX)
            return fail(f, ERR_RANGE, f->lines + 1, why, "the line is longer than %u bytes",
                        RECORDING_LINE_MAX);
        size_t cap = f->cap ? f->cap * 2 : FIRST_BUFFER;
        char *p = realloc(f->buf, cap);
        if (!p)
            return fail(f, ERR_NOMEM, 0, why, "out of memory");
        f->buf = p;
        f->cap = cap;
    }
    size_t n = 0;
    char detail[INFLATE_WHY_MAX];
    enum err e = inflate_read(f->z, f->buf + f->len, f->cap - f->len, &n, detail);
    if (e)
        return fail(f, e, f->lines + 1, why, "%s", detail);
    f->ended = n < f->cap - f->len;
    f->len += n;
    return ERR_OK;
}

/* The next line without its newline; *ret NULL at the end. */
static enum err next_line(struct recording_file *f, char **ret, size_t *ret_len, char *why)
{
    size_t searched = 0;
    if (f->make) {
        enum err e = f->make(f->make_ctx, ret, ret_len);
        if (e == ERR_NOT_FOUND)
            *ret = NULL;
        f->lines += e == ERR_OK;
        return e && e != ERR_NOT_FOUND ? fail(f, e, 0, why, "cannot make a line") : ERR_OK;
    }
    for (;;) {
        char *start = f->buf ? f->buf + f->pos : NULL;
        size_t rest = f->len - f->pos;
        char *nl = rest > searched ? memchr(start + searched, '\n', rest - searched) : NULL;
        if (nl || f->ended) {
            size_t n = nl ? (size_t)(nl - start) : rest;
            f->pos += n + (nl != NULL);
            if (!nl && n == 0) {
                *ret = NULL;
                return ERR_OK;
            }
            f->lines++;
            *ret = start;
            *ret_len = n && start[n - 1] == '\r' ? n - 1 : n;
            return ERR_OK;
        }
        searched = rest;
        enum err e = fill(f, why);
        if (e)
            return e;
    }
}

static enum err hold(struct recording_file *f, const struct recording *r, char *why)
{
    if (f->held_count == RECORDING_FILE_HELD_MAX)
        return fail(f, ERR_FULL, f->lines, why, "more than %d order book snapshots at once",
                    RECORDING_FILE_HELD_MAX);
    char *text = malloc(r->data_len ? r->data_len : 1);
    if (!text)
        return fail(f, ERR_NOMEM, 0, why, "out of memory");
    memcpy(text, r->data, r->data_len);
    unsigned i = f->held_count++;
    for (; i > 0 && f->held[i - 1].r.ts_ns > r->ts_ns; i--)
        f->held[i] = f->held[i - 1];
    f->held[i] = (struct held){*r, text, f->lines};
    f->held[i].r.data = text;
    return ERR_OK;
}

/* Reads until something can be given out from the file itself. */
static enum err look_ahead(struct recording_file *f, char *why)
{
    while (!f->has_ahead) {
        char *line, detail[RECORDING_WHY_MAX];
        size_t len;
        enum err e = next_line(f, &line, &len, why);
        if (e || !line)
            return e;
        if (len == 0)
            continue;
        struct recording r;
        e = recording_parse(line, len, &r, detail);
        if (e)
            return fail(f, e, f->lines, why, "%s", detail);
        if (r.kind == RECORDING_NOTHING)
            continue;
        /* Snapshots of the kind of file that puts them in front say whose they are. */
        if (r.kind == RECORDING_BOOK && r.symbol[0]) {
            e = hold(f, &r, why);
            if (e)
                return e;
            continue;
        }
        f->ahead = r;
        f->ahead_line = f->lines;
        f->has_ahead = true;
    }
    return ERR_OK;
}

enum err recording_file_next(struct recording_file *f, const struct recording **ret, char *why)
{
    enum err e = look_ahead(f, why);
    if (e)
        return e;
    free(f->out.text);
    f->out = (struct held){.text = NULL};
    bool held = f->held_count && (!f->has_ahead || (f->held[0].r.ts_ns <= f->ahead.ts_ns &&
                                                    f->ahead.kind != RECORDING_EXCHANGE_INFO));
    f->has_at = held || f->has_ahead;
    if (held) {
        f->out = f->held[0];
        f->held_count--;
        memmove(f->held, f->held + 1, f->held_count * sizeof f->held[0]);
        f->at = f->out.r;
        f->at_line = f->out.line;
    } else if (f->has_ahead) {
        f->at = f->ahead;
        f->at_line = f->ahead_line;
        f->has_ahead = false;
    }
    if (f->has_at && f->at.ts_ns < f->last_ns) {
        if (f->last_ns - f->at.ts_ns > RECORDING_FILE_BACK_NS)
            return fail(f, ERR_RANGE, f->at_line, why,
                        "the time jumps back by more than 10 s; is the file sorted?");
        f->at.ts_ns = f->last_ns;
    }
    if (f->has_at)
        f->last_ns = f->at.ts_ns;
    *ret = recording_file_at(f);
    return ERR_OK;
}

const struct recording *recording_file_at(const struct recording_file *f)
{
    return f->has_at ? &f->at : NULL;
}

const char *recording_file_path(const struct recording_file *f)
{
    return f->path;
}

uint64_t recording_file_line(const struct recording_file *f)
{
    return f->at_line;
}

const char *recording_file_held(const struct recording_file *f, unsigned n)
{
    return n < f->held_count ? f->held[n].r.symbol : NULL;
}

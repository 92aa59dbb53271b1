#include "config/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *printable(char *out, size_t cap, const char *text, size_t len)
{
    bool cut = len > cap - 1;
    size_t n = cut ? cap - 4 : len;
    while (cut && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    memcpy(out + n, cut ? "..." : "", cut ? 4 : 1);
    return out;
}

static bool grow(struct errors *e)
{
    if (e->count < e->cap)
        return true;
    size_t cap = e->cap ? 2 * e->cap : 16;
    struct error_item *item = realloc(e->item, cap * sizeof *item);
    if (!item)
        return false;
    e->item = item;
    e->cap = cap;
    return true;
}

void errors_add(struct errors *e, struct toml_pos at, const char *path, const char *format, ...)
{
    if (e->count == REPORT_ERRORS_MAX) {
        e->dropped++;
        return;
    }
    char raw[REPORT_TEXT_MAX], text[REPORT_TEXT_MAX], file[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    printable(text, sizeof text, raw, len);
    printable(file, sizeof file, e->file, strlen(e->file));
    char *line = NULL;
    if (!grow(e) || asprintf(&line, "%s:%u:%u: %s%s%s", file, at.line, at.column, path,
                             path[0] ? ": " : "", text) < 0) {
        e->nomem = true;
        return;
    }
    e->item[e->count] = (struct error_item){.at = at, .order = e->count, .line = line};
    e->count++;
}

static int by_position(const void *a, const void *b)
{
    const struct error_item *x = a, *y = b;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void errors_finish(struct errors *e, struct config_report *ret)
{
    if (e->count > 0)
        qsort(e->item, e->count, sizeof *e->item, by_position);
    char *more = NULL;
    if (e->dropped && asprintf(&more, "%s: and %zu more errors", e->file, e->dropped) < 0)
        more = NULL;
    ret->line = e->count ? calloc(e->count + 1, sizeof *ret->line) : NULL;
    for (size_t i = 0; i < e->count; i++) {
        if (ret->line)
            ret->line[ret->count++] = e->item[i].line;
        else
            free(e->item[i].line);
    }
    if (ret->line && more)
        ret->line[ret->count++] = more;
    else
        free(more);
    e->nomem = e->nomem || (e->count && !ret->line);
    free(e->item);
    e->item = NULL;
    e->count = e->cap = e->dropped = 0;
}

enum err report_one(struct config_report *report, const char *name, struct toml_pos at, enum err e,
                    const char *text)
{
    struct errors errors = {.file = name};
    errors_add(&errors, at, "", "%s", text);
    errors_finish(&errors, report);
    return errors.nomem ? ERR_NOMEM : e;
}

void config_report_clear(struct config_report *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->line[i]);
    free(r->line);
    *r = (struct config_report){0};
}

#define WORD_MAX 40

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn [a] into [b], regardless of
 * case and of '-' against '_' (the restricted Damerau-Levenshtein distance). */
static unsigned distance(const char *a, size_t la, const char *b, size_t lb)
{
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= la; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= lb; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++)
        for (size_t j = 1; j <= lb; j++) {
            unsigned same = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            d[i][j] = least(least(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[la][lb];
}

void suggestion_offer(struct suggestion *s, const char *candidate)
{
    size_t la = strlen(s->given), lb = strlen(candidate);
    if (la == 0 || la > WORD_MAX || lb > WORD_MAX)
        return;
    unsigned n = distance(s->given, la, candidate, lb);
    /* A third of the letters may be wrong, or the word was not finished. */
    bool near = n <= (lb + 2) / 3 || (la >= 3 && lb > la && strncmp(s->given, candidate, la) == 0);
    if (near && (!s->best || n < s->distance)) {
        s->best = candidate;
        s->distance = n;
    }
}

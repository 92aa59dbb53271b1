#include "sim/box_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void box_text_free(struct box_text *t)
{
    free(t->p);
    *t = (struct box_text){0};
}

void box_text_clear(struct box_text *t)
{
    t->len = 0;
    t->failed = false;
    if (t->p)
        t->p[0] = '\0';
}

/* Makes room for [n] more bytes and the NUL. */
static bool reserve(struct box_text *t, size_t n)
{
    if (t->failed)
        return false;
    if (n < t->cap - t->len)
        return true;
    size_t cap = t->cap ? t->cap : 256;
    while (cap - t->len <= n && cap <= BOX_TEXT_MAX)
        cap *= 2;
    char *p = cap <= BOX_TEXT_MAX ? realloc(t->p, cap) : NULL;
    if (!p) {
        box_text_clear(t);
        t->failed = true;
        return false;
    }
    t->p = p;
    t->cap = cap;
    return true;
}

void box_text_add_n(struct box_text *t, const char *p, size_t n)
{
    if (n > BOX_TEXT_MAX) {
        box_text_clear(t);
        t->failed = true;
    }
    if (!reserve(t, n))
        return;
    if (n)
        memcpy(t->p + t->len, p, n);
    t->len += n;
    t->p[t->len] = '\0';
}

void box_text_add(struct box_text *t, const char *text)
{
    box_text_add_n(t, text, strlen(text));
}

void box_text_addf(struct box_text *t, const char *format, ...)
{
    va_list a;
    va_start(a, format);
    char small[512];
    int n = vsnprintf(small, sizeof small, format, a);
    va_end(a);
    if (n < 0)
        n = 0;
    if ((size_t)n < sizeof small) {
        box_text_add_n(t, small, (size_t)n);
        return;
    }
    if (!reserve(t, (size_t)n))
        return;
    va_start(a, format);
    vsnprintf(t->p + t->len, (size_t)n + 1, format, a);
    va_end(a);
    t->len += (size_t)n;
}

void box_text_money(struct box_text *t, dec d)
{
    char text[DEC_TEXT_MAX];
    size_t n = dec_format_places(d, 8, DEC_DOWN, text);
    box_text_add_n(t, "\"", 1);
    box_text_add_n(t, text, n);
    box_text_add_n(t, "\"", 1);
}

void box_text_quoted(struct box_text *t, const char *text, size_t len)
{
    box_text_add_n(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            box_text_addf(t, "\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            box_text_addf(t, "\\u%04x", c);
        else
            box_text_add_n(t, text + i, 1);
    }
    box_text_add_n(t, "\"", 1);
}

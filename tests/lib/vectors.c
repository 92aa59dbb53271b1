#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define FILE_MAX (64 << 20)

static cJSON *load(const char *path)
{
    gzFile f = gzopen(path, "rb");
    if (!f)
        return NULL;
    size_t cap = 1 << 20, len = 0;
    char *text = malloc(cap);
    for (;;) {
        assert_non_null(text);
        int n = gzread(f, text + len, (unsigned)(cap - len));
        assert_true(n >= 0);
        if (n == 0)
            break;
        len += (size_t)n;
        if (len == cap) {
            assert_true(cap < FILE_MAX);
            text = realloc(text, cap *= 2);
        }
    }
    gzclose(f);
    cJSON *o = cJSON_ParseWithLength(text, len);
    free(text);
    if (!o)
        fail_msg("%s is not JSON", path);
    return o;
}

cJSON *vectors_outside(const char *name)
{
    const char *shared = getenv("TRADEWIND_SHARED");
    char path[512];
    snprintf(path, sizeof path, "%s/data/crypto-vectors/%s", shared ? shared : "../shared", name);
    cJSON *o = load(path);
    if (!o) {
        print_message("# %s is not there\n", path);
        skip();
    }
    return o;
}

cJSON *vectors_here(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "tests/data/crypto/%s", name);
    cJSON *o = load(path);
    if (!o)
        fail_msg("%s is not there", path);
    return o;
}

const char *vectors_text(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    if (!s)
        fail_msg("there is no text '%s'", key);
    return s;
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Not the decoder under test. */
size_t vectors_bytes(const cJSON *o, const char *key, uint8_t *out, size_t cap)
{
    const char *s = vectors_text(o, key);
    if (s[0] == '0' && s[1] == 'x')
        s += 2;
    size_t n = strlen(s) / 2;
    assert_true(strlen(s) % 2 == 0 && n <= cap);
    for (size_t i = 0; i < n; i++) {
        int high = digit(s[2 * i]), low = digit(s[2 * i + 1]);
        assert_true(high >= 0 && low >= 0);
        out[i] = (uint8_t)(high * 16 + low);
    }
    return n;
}

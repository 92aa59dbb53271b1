/* The JSON scanner on any bytes: nothing crashes or reads too far; skipping a value and walking
 * through it find the same texts well formed; no text of a value lies outside the input.
 *
 * Input: a text. */
#include "base/check.h"
#include "venue/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks a value key by key; the depth is bounded by the scanner. */
static void walk(struct json *j)
{
    struct json_text key;
    switch (json_peek(j)) {
    case '{':
        json_enter(j, '{');
        while (json_key(j, &key)) {
            CHECK(key.len == 0 || key.p[key.len] == '"');
            walk(j);
        }
        break;
    case '[':
        json_enter(j, '[');
        while (json_element(j))
            walk(j);
        break;
    case '"': (void)json_string(j); break;
    case 't':
    case 'f': (void)json_bool(j); break;
    case 'n': (void)json_null(j); break;
    default: (void)json_skip(j); /* a number, or nothing that is known */
    }
}

/* Each reader in turn on the same text: an error or a value, never anything else. */
static void read_as(const char *text, size_t size, unsigned kind)
{
    struct json j = json_make(text, size);
    dec d = DEC_ZERO;
    switch (kind) {
    case 0: (void)json_u64(&j); break;
    case 1: (void)json_i64(&j); break;
    case 2: (void)json_bool(&j); break;
    case 3: (void)json_string(&j); break;
    default: d = json_quoted_dec(&j);
    }
    CHECK(!dec_is_neg(d) && (!j.err || j.p == j.end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1); /* its own block: a read past the end is seen */
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    struct json a = json_make(text, size), b = a;
    const struct json_text whole = json_skip(&a);
    CHECK(whole.len <= size && (a.err || (whole.p >= text && whole.p + whole.len == a.p)));
    walk(&b);
    const enum err ea = json_finish(&a), eb = json_finish(&b);
    CHECK((ea == ERR_OK) == (eb == ERR_OK));
    for (unsigned kind = 0; kind < 5; kind++)
        read_as(text, size, kind);
    free(text);
    return 0;
}

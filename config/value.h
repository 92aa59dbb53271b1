/* One value: from TOML, or from the text of a default or a bound, to its exact form. */
#ifndef TW_CONFIG_VALUE_H
#define TW_CONFIG_VALUE_H

#include "config/schema.h"
#include "config/toml.h"

#define VALUE_WHY_MAX 512

struct value {
    union {
        dec decimal;
        int64_t integer;
        bool boolean;
        uint32_t choice; /* index into the choices */
        int64_t duration_ns;
        struct {
            const char *text; /* of the node or the default; without control characters */
            size_t len;
        };
    };
};

/* Reads what the file gives for [k]: the type, the form, the range. On failure writes a sentence
 * (what is wrong, what is allowed) into why[VALUE_WHY_MAX] and leaves *ret untouched. */
enum err value_read(const struct key_spec *k, const struct toml_node *n, struct value *ret,
                    char *why) MUST_CHECK;

/* The same from a default's text. */
enum err value_parse(const struct key_spec *k, const char *text, size_t len, struct value *ret,
                     char *why) MUST_CHECK;

/* What is allowed for [k], in words: "a decimal greater than 0, at most 1". Returns [out]. */
const char *value_allowed(const struct key_spec *k, char *out, size_t cap);

/* "1500ms", "10s", "5m", "1h", "1d" to nanoseconds. Returns ERR_SYNTAX or ERR_RANGE. */
enum err duration_parse(const char *text, size_t len, int64_t *ret) MUST_CHECK;

/* The longest unit that divides it: 90000000000 is "90s". [out] has 32 bytes; returns it. */
const char *duration_format(int64_t ns, char *out);

#endif

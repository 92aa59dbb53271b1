/* TOML 1.0 as a tree that C can read: toml++ behind a C header.
 *
 * Every node knows where it stands in the text, and every number keeps its exact source text: money
 * is read from that text, never from a double. Strings, keys and tokens may hold any UTF-8, also
 * NUL (by "\u0000"), so they come with a length.
 *
 * Limits, each refused with its position: TOML_SIZE_MAX bytes, TOML_DEPTH_MAX nested values,
 * TOML_KEY_PARTS_MAX parts in a dotted key; toml++ adds its own of 128 digits in a number. A byte
 * order mark is accepted at the start only.
 */
#ifndef TW_CONFIG_TOML_H
#define TW_CONFIG_TOML_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOML_SIZE_MAX      (1024 * 1024)
#define TOML_DEPTH_MAX     32
#define TOML_KEY_PARTS_MAX 32
#define TOML_ERROR_MAX     256

enum toml_type {
    TOML_NODE_TABLE,
    TOML_NODE_ARRAY,
    TOML_NODE_STRING,
    TOML_NODE_INTEGER,
    TOML_NODE_FLOAT,
    TOML_NODE_BOOL,
    TOML_NODE_OFFSET_DATETIME,
    TOML_NODE_LOCAL_DATETIME,
    TOML_NODE_LOCAL_DATE,
    TOML_NODE_LOCAL_TIME,
};

/* Both count from 1; columns count characters (code points), a byte order mark is not counted. */
struct toml_pos {
    uint32_t line, column;
};

struct toml_node {
    enum toml_type type;
    struct toml_pos at;     /* the value; of a table the header or the brace */
    const char *key;        /* NULL in an array and for the root; NUL-terminated */
    size_t key_len;         /* without that NUL */
    struct toml_pos key_at; /* equals [at] where there is no key */
    const char *text;       /* string: its content. Other scalars: the token as it was written */
    size_t len;             /* of [text], which is NUL-terminated; 0 for tables and arrays */
    int64_t integer;        /* TOML_NODE_INTEGER */
    bool boolean;           /* TOML_NODE_BOOL */
    const struct toml_node *first; /* members in the order of the file, elements in theirs */
    const struct toml_node *next;  /* sibling */
    uint32_t count;                /* of children */
};

struct toml_doc;

struct toml_error {
    struct toml_pos at;
    char text[TOML_ERROR_MAX]; /* one line, without control characters */
};

/* Parses [len] bytes. Returns ERR_OK, ERR_SYNTAX (*error says where and what), ERR_FULL (a limit;
 * *error likewise) or ERR_NOMEM. On ERR_OK *ret is to be closed; it does not refer to [text]. */
enum err toml_parse(struct toml_doc **ret, const char *text, size_t len,
                    struct toml_error *error) MUST_CHECK;
void toml_close(struct toml_doc *doc); /* NULL is fine */

/* The root table; lives as long as the document. */
const struct toml_node *toml_root(const struct toml_doc *doc);

/* The member [key] of a table, or NULL; NULL too where [table] is NULL or no table. */
const struct toml_node *toml_get(const struct toml_node *table, const char *key);

/* "a string", "a table", ...: for messages. */
const char *toml_type_name(enum toml_type t);

/* What is looked at before toml++ sees the text: size, NUL bytes, UTF-8, the length of dotted keys
 * (its destructor recurses once per part). [text] is behind the byte order mark. Returns as
 * toml_parse(). */
enum err toml_prescan(const char *text, size_t len, struct toml_error *error) MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif

/* The one scanner for what venues send: walks JSON text in place, without a tree and without a
 * heap.
 *
 *   struct json j = json_make(text, len);
 *   struct json_text key;
 *   json_enter(&j, '{');
 *   while (json_key(&j, &key)) {
 *       if (json_is(key, "p"))
 *           price = json_quoted_dec(&j);
 *       else
 *           json_skip(&j);
 *   }
 *   enum err e = json_finish(&j);
 *
 * Keys come in any order. The reader remembers its first failure ("sticky", like struct bufr): it
 * then stands at the end, every further call gives zero or false, and json_finish() tells which it
 * was. So a result may be used only after json_finish() or `!j.err` was seen.
 *
 * What is skipped is validated like what is read: brackets, literals, numbers, escapes, UTF-8.
 * Errors: ERR_TRUNCATED (the text ends inside a value), ERR_SYNTAX (not JSON, or not of the asked
 * type), ERR_RANGE (nested deeper than JSON_DEPTH_MAX, or a number that does not fit), and those of
 * dec_scan(). Texts are given as they stand between the quotes: escapes are checked, not replaced,
 * so that a name written with escapes equals no name.
 */
#ifndef TW_VENUE_JSON_H
#define TW_VENUE_JSON_H

#include "base/decimal.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSON_DEPTH_MAX 16 /* venues use at most 6 */

struct json {
    const char *p, *end;
    enum err err;
    uint8_t depth;
    bool first; /* directly behind an opening bracket: no comma is due */
};

/* A piece of the input: valid as long as the input is. */
struct json_text {
    const char *p;
    size_t len;
};

static inline struct json json_make(const char *text, size_t len)
{
    return (struct json){.p = text, .end = text + len, .err = ERR_OK};
}

/* Whether [t] is exactly [word]. */
static inline bool json_is(struct json_text t, const char *word)
{
    size_t n = strlen(word);
    return t.len == n && memcmp(t.p, word, n) == 0;
}

/* Remembers [e] unless there is an error already, and moves to the end. */
void json_fail(struct json *j, enum err e);

/* The rest of the text must be white space. Returns the first error of the whole walk. */
enum err json_finish(struct json *j) MUST_CHECK;

/* First byte of the next value, behind white space, without consuming it; 0 at the end. */
char json_peek(struct json *j);

/* Steps into an object ('{') or array ('['). */
void json_enter(struct json *j, char bracket);

/* The next member of the object: true with its key, standing at its value, which must then be read
 * or skipped; false behind the closing bracket or on failure. */
bool json_key(struct json *j, struct json_text *key);

/* The next element of the array: true standing at it; false behind the closing bracket or on
 * failure. */
bool json_element(struct json *j);

/* Reads and validates any value; returns its bytes. */
struct json_text json_skip(struct json *j);

struct json_text json_string(struct json *j);
uint64_t json_u64(struct json *j);   /* 12 */
int64_t json_i64(struct json *j);    /* -12 */
bool json_bool(struct json *j);      /* true */
dec json_quoted_dec(struct json *j); /* "0.10": unsigned, no exponent */
bool json_null(struct json *j);      /* consumes null and tells whether it was there */

#endif

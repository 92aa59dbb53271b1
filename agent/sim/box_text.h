/* A text that grows: answers and messages of the exchange in a box.
 *
 * Failure (no memory, or longer than BOX_TEXT_MAX) is remembered: the text is then empty, every
 * further call does nothing, and the owner looks at [failed] once at the end.
 */
#ifndef TW_SIM_BOX_TEXT_H
#define TW_SIM_BOX_TEXT_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOX_TEXT_MAX                                                                               \
    (8u << 20) /* bytes; the largest answer, a book of 2 x 5000 levels, has 400 k */

struct box_text {
    char *p; /* NUL-terminated once anything was added */
    size_t len, cap;
    bool failed;
};

void box_text_free(struct box_text *t);
/* Empties it and forgets a failure; keeps the memory. */
void box_text_clear(struct box_text *t);

void box_text_add_n(struct box_text *t, const char *p, size_t n);
void box_text_add(struct box_text *t, const char *text);
__attribute__((format(printf, 2, 3))) void box_text_addf(struct box_text *t, const char *format,
                                                         ...);
/* A number as the venue writes money: in quotes, 8 places, rounded down: "61837.63000000". */
void box_text_money(struct box_text *t, dec d);
/* Quoted and escaped; bytes that are not printable ASCII become escapes of their value. */
void box_text_quoted(struct box_text *t, const char *text, size_t len);

#endif

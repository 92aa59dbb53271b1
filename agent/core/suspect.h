/* Whether a price can be believed: one that jumps is suspect until it stayed, and one that another
 * source contradicts is not to be entered at. Orders that reduce are not held up.
 * docs/definitions.md, "Believable prices".
 */
#ifndef TW_CORE_SUSPECT_H
#define TW_CORE_SUSPECT_H

#include "model/reason.h"
#include "model/setup.h"

struct engine;
struct suspect;

size_t suspect_size(const struct setup *s);
/* Returns whether any instrument is to be looked at: else nothing below has to be called. */
bool suspect_init(struct suspect *x, const struct setup *s);

/* A new price of instrument [i] at engine time; before strategies see it. O(1). */
void suspect_price(struct engine *e, instrument_id i, dec price);

/* Whether entries may be made at the prices of instrument [i] now; else false, with *why filled. */
bool suspect_allows(const struct engine *e, instrument_id i, struct denial *why);

/* Whether its newest price jumped and is not confirmed. */
bool suspect_is(const struct suspect *x, instrument_id i);

#endif

/* Guards that act on results and on the clock: after losses, after closes, while results are low,
 * and outside of a schedule entries are locked; what reduces stays allowed. docs/definitions.md
 * ("Guards") says what a close and its result are.
 *
 * A lock is of one strategy or (STRATEGY_NONE) of all, and ends by itself at a time that is known
 * when it begins. Each beginning, lengthening and end is told by EFFECT_GUARD. Everything here is a
 * function of fills and engine time, so that a replay has the same locks.
 */
#ifndef TW_CORE_GUARD_H
#define TW_CORE_GUARD_H

#include "base/err.h"
#include "model/order.h"
#include "model/reason.h"
#include "model/setup.h"

struct engine;
struct guard;

size_t guard_size(const struct setup *s);
/* What the counting of closes needs beside that. */
size_t guard_rings_size(const struct setup *s);
/* Returns what the engine's next_guard_ns begins with. */
int64_t guard_init(struct guard *g, void *rings, const struct setup *s);

/* An order of strategy [s] for instrument [i] that sold has ended (or a fill came after its end):
 * [result] is what it realized, in the instrument's quote. */
enum err guard_close(struct engine *e, strategy_id s, instrument_id i, dec result) MUST_CHECK;

/* Ends the locks, and follows the schedules, up to engine time; to be called from the engine's
 * next_guard_ns on, which says when the next thing is due. */
void guard_due(struct engine *e);

/* A person resumed the strategy (STRATEGY_NONE: the agent): its locks end, its closes are
 * forgotten; the schedule stays. */
void guard_release(struct engine *e, strategy_id s);

/* What locks strategy [s], itself or with all (for STRATEGY_NONE: all): REASON_NONE where nothing
 * does. */
enum reason guard_reason(const struct guard *g, strategy_id s, int64_t *ret_until_ns);

/* Whether an open order is one that a lock is configured to cancel. */
bool guard_cancels(const struct guard *g, const struct order *o);

#endif

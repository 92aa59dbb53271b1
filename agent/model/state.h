/* Trading states. Per strategy, per venue and for the agent; the strictest wins; latched on disk.
 */
#ifndef TW_MODEL_STATE_H
#define TW_MODEL_STATE_H

/* Ordered: a larger value is stricter. Stored in journals. */
enum trading_state { STATE_ACTIVE = 1, STATE_REDUCING = 2, STATE_HALTED = 3 };
enum state_scope { SCOPE_AGENT = 1, SCOPE_VENUE = 2, SCOPE_STRATEGY = 3 };

const char *trading_state_name(enum trading_state s); /* "ACTIVE" */
const char *state_scope_name(enum state_scope s);     /* "agent" */

static inline enum trading_state trading_state_stricter(enum trading_state a, enum trading_state b)
{
    return a > b ? a : b;
}

#endif

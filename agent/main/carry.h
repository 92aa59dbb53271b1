/* Carrying a paper account over from one journal to the next, where the next run cannot continue
 * it: the configuration changed, or the engine does.
 *
 * The account comes from the old journal's opening and its fills alone (exact arithmetic, no engine
 * needed), and is compared with the books the old engine kept. What a strategy of the same name,
 * venue and assets held, it keeps; what belonged to a strategy that is gone belongs to nobody. Open
 * paper orders end. Results begin anew. Latched trading states stay. Nothing is lost or invented:
 * what cannot be placed is an error.
 */
#ifndef TW_MAIN_CARRY_H
#define TW_MAIN_CARRY_H

#include "base/buf.h"
#include "io/journal.h"
#include "model/setup.h"
#include "model/state.h"

#define CARRY_WHY_MAX   640
#define CARRY_NOTES_MAX 64
#define CARRY_NOTE_MAX  256

/* The end of an old run, by its own setup's indices. */
struct carried {
    const struct setup *setup; /* of the old run; the caller's */
    uint32_t from;             /* number of its journal */
    dec account[SETUP_VENUES_MAX][SETUP_ASSETS_MAX];
    struct allotment held[SETUP_STRATEGIES_MAX][STRATEGY_ASSETS_MAX]; /* as setup_allotments() */
    uint32_t held_count[SETUP_STRATEGIES_MAX];
    enum trading_state agent, strategy[SETUP_STRATEGIES_MAX]; /* venues count for the agent */
    enum trading_state agent_below; /* while HALTED: what it was halted from */
    uint32_t open_orders;
};

/* Sentences for the log about what was carried and what was not. */
struct carry_notes {
    uint32_t count;
    char line[CARRY_NOTES_MAX][CARRY_NOTE_MAX];
};

/* Reads the old journal [reader] to its end. [s]: its configuration, to which carry_apply_opening()
 * has been applied where it has one. */
enum err carry_scan(struct carried *ret, const struct setup *s, uint32_t from,
                    struct journal_reader *reader, char *why) MUST_CHECK;

/* Puts what was carried into the new setup: its balances and what the strategies have of them.
 * ERR_RANGE where something has no place there; [s] is spoilt then. */
enum err carry_place(const struct carried *c, struct setup *s, struct carry_notes *notes,
                     char *why) MUST_CHECK;

/* The payload of JOURNAL_OPENING: the balances of [s], and what its strategies have of them, by
 * name. */
void carry_write_opening(const struct setup *s, uint32_t from, struct bufw *out);
/* Applies it to the setup made from the configuration text of the same journal. */
enum err carry_apply_opening(struct setup *s, const uint8_t *payload, size_t len,
                             char *why) MUST_CHECK;

#endif

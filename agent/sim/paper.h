/* The paper host: the engine and the matching engine wired together, the same code for paper
 * trading, backtest and replay.
 *
 * The order of things at one market event (docs/definitions.md):
 *   1. timers and requests due strictly before it are handled, by time; timers first at equal times
 *   2. the engine sees the event            (strategies may decide)
 *   3. resting orders match against it      (orders from 2 are not visible yet)
 *   4. the engine sees those fills
 */
#ifndef TW_SIM_PAPER_H
#define TW_SIM_PAPER_H

#include "core/engine.h"
#include "sim/matching.h"

struct paper;

/* Timers, answers and fills handled while engine time stands still; more is a strategy that answers
 * itself without end (possible only without latency), and ERR_FULL. */
#define PAPER_STEPS_MAX 65536u

/* Sees each event with its effects after the engine did and before anything is done about them: the
 * journal. An error stops the host. Must not call the host. */
typedef enum err paper_sink(void *ctx, const struct event *ev, const struct effects *fx);

/* [s] must outlive the host. Returns what engine_init() and matching_init() refuse, and ERR_NOMEM.
 */
enum err paper_open(struct paper **ret, const struct setup *s, paper_sink *sink,
                    void *ctx) MUST_CHECK;
void paper_close(struct paper *p); /* NULL is fine */

/* An external event: market data, feed state, rules, command; ERR_RANGE for the kinds that the host
 * makes itself (timer, order, fill, started). Any error is final: this and the functions below
 * return it again. The event that the engine failed at was shown to the sink with the effects so
 * far. */
enum err paper_event(struct paper *p, const struct event *ev) MUST_CHECK;

/* Time passed without an event: handles timers and requests due up to and including [now_ns]. */
enum err paper_advance(struct paper *p, int64_t now_ns) MUST_CHECK;

/* When paper_advance() is next needed (engine time); INT64_MAX for never. */
int64_t paper_next_ns(const struct paper *p);

/* End of data: time passes until the last request that is pending now is visible, and the closing
 * equity sample is taken. What those requests cause after that time does not happen. */
enum err paper_finish(struct paper *p) MUST_CHECK;

struct engine *paper_engine(struct paper *p);
const struct matching *paper_matching(const struct paper *p);

/* Whether the engine's sub-ledgers sum to the matching engine's account for every venue and asset;
 * on a difference fills *venue, *asset and the two amounts. */
bool paper_books_balance(const struct paper *p, venue_id *venue, asset_id *asset, dec *ledgers,
                         dec *account);

#endif

/* The risk manager: in front of every order, without exception.
 *
 * Only risk_check() can make an approved_order, and the engine submits nothing else. Each control
 * has a name, a reason code (model/reason.h) and a test at its boundary; a value exactly at a limit
 * is allowed. Cancels are never refused, only counted. Limits exist for the agent and for each
 * strategy; both must be met.
 */
#ifndef TW_CORE_RISK_H
#define TW_CORE_RISK_H

#include "model/order.h"
#include "model/reason.h"
#include "model/setup.h"

struct engine;
struct risk;

/* An order that passed: opaque, owned by the risk manager, valid until the next risk_check(). */
struct approved_order;
const struct order_request *approved_request(const struct approved_order *a);
order_id approved_id(const struct approved_order *a);
dec approved_reserve(
    const struct approved_order *a); /* what it binds: quote for buys, base for sells */

size_t risk_size(const struct setup *s);
void risk_init(struct risk *r, void *rings, const struct setup *s);
size_t risk_rings_size(const struct setup *s);

/* Checks one request of strategy [s] against everything. Returns the approval, or NULL with *denial
 * filled. */
const struct approved_order *risk_check(struct engine *e, strategy_id s, order_id id,
                                        const struct order_request *req, struct denial *denial);

/* A message (order or cancel) of strategy [s] goes out to venue [v] now. */
void risk_count_message(struct risk *r, strategy_id s, venue_id v, int64_t now_ns);

/* max_executions of a strategy: the lower of the agent's and its own; 0: no limit. */
uint32_t risk_max_executions(const struct setup *s, strategy_id id);
/* An order got its first fill. False: that is one more within execution_interval, for its strategy,
 * instrument and side, than max_executions allows. */
bool risk_count_execution(struct risk *r, const struct order *o, int64_t now_ns);
/* A person looked at it: the strategy's executions are counted anew. */
void risk_forget_executions(struct risk *r, strategy_id s);

#endif

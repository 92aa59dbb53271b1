/* The last look at what leaves: the orders that a step sends are those that risk approved in it,
 * each once, none of them larger or other.
 *
 * It is made apart from the code that approves and the code that sends, since what it guards
 * against is a mistake in one of these: one approval that is sent again and again.
 */
#ifndef TW_CORE_OUTGOING_H
#define TW_CORE_OUTGOING_H

#include "base/err.h"
#include "model/effect.h"
#include "model/setup.h"

struct outgoing {
    uint32_t count; /* approvals of the step under way */
    uint64_t *last; /* [strategies] number of the last order that left */
    struct {
        order_id id;
        instrument_id instrument;
        enum side side;
        enum order_type type;
        dec price, qty;
    } approved[EFFECTS_MAX];
};

void outgoing_begin(struct outgoing *o);

/* Risk approved this request. False where a step's approvals are more than it could send. */
bool outgoing_approve(struct outgoing *o, order_id id, const struct order_request *req);

/* At the step's end: ERR_STATE where the orders among its effects are not the approved ones in
 * their order, or one has left before. Nothing of such a step may be sent. */
enum err outgoing_check(struct outgoing *o, const struct effects *fx) MUST_CHECK;

#endif

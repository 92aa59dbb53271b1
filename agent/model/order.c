#include "model/order.h"

bool order_state_is_terminal(enum order_state s)
{
    switch (s) {
    case ORDER_DENIED:
    case ORDER_REJECTED:
    case ORDER_FILLED:
    case ORDER_CANCELED:
    case ORDER_EXPIRED:
    case ORDER_NOT_SENT: return true;
    case ORDER_INTENT:
    case ORDER_SUBMITTED:
    case ORDER_ACCEPTED:
    case ORDER_PARTIALLY_FILLED:
    case ORDER_PENDING_CANCEL:
    case ORDER_IN_DOUBT: return false;
    }
    return false;
}

/* Bit n of row s: state s may be followed by state n. Filled and partially_filled are reached by
 * fills, too. */
#define TO(s) (1u << (s))
bool order_state_may_follow(enum order_state from, enum order_state to)
{
    unsigned allowed = 0;
    if (to < ORDER_INTENT || to > ORDER_IN_DOUBT)
        return false; /* no state at all */
    switch (from) {
    case ORDER_INTENT: allowed = TO(ORDER_DENIED) | TO(ORDER_SUBMITTED); break;
    case ORDER_SUBMITTED:
        allowed = TO(ORDER_ACCEPTED) | TO(ORDER_REJECTED) | TO(ORDER_PARTIALLY_FILLED) |
                  TO(ORDER_FILLED) | TO(ORDER_PENDING_CANCEL) | TO(ORDER_CANCELED) |
                  TO(ORDER_EXPIRED) | TO(ORDER_NOT_SENT) | TO(ORDER_IN_DOUBT) |
                  TO(ORDER_DENIED); /* by the signer */
        break;
    case ORDER_IN_DOUBT: /* left only by what the venue shows, or by proof of absence (not_sent) */
        allowed = TO(ORDER_ACCEPTED) | TO(ORDER_REJECTED) | TO(ORDER_PARTIALLY_FILLED) |
                  TO(ORDER_FILLED) | TO(ORDER_PENDING_CANCEL) | TO(ORDER_CANCELED) |
                  TO(ORDER_EXPIRED) | TO(ORDER_NOT_SENT);
        break;
    case ORDER_ACCEPTED:
        allowed = TO(ORDER_PARTIALLY_FILLED) | TO(ORDER_FILLED) | TO(ORDER_PENDING_CANCEL) |
                  TO(ORDER_CANCELED) | TO(ORDER_EXPIRED);
        break;
    case ORDER_PARTIALLY_FILLED:
        allowed = TO(ORDER_PARTIALLY_FILLED) | TO(ORDER_FILLED) | TO(ORDER_PENDING_CANCEL) |
                  TO(ORDER_CANCELED) | TO(ORDER_EXPIRED);
        break;
    case ORDER_PENDING_CANCEL: /* a refused cancel leads back to what the order was */
        /* or, where the cancel overtook the order itself, to what became of that */
        allowed = TO(ORDER_ACCEPTED) | TO(ORDER_PARTIALLY_FILLED) | TO(ORDER_FILLED) |
                  TO(ORDER_REJECTED) | TO(ORDER_CANCELED) | TO(ORDER_EXPIRED) | TO(ORDER_NOT_SENT) |
                  TO(ORDER_IN_DOUBT) | TO(ORDER_DENIED);
        break;
    case ORDER_DENIED:
    case ORDER_REJECTED:
    case ORDER_FILLED:
    case ORDER_CANCELED:
    case ORDER_EXPIRED:
    case ORDER_NOT_SENT: break; /* terminal states absorb */
    }
    return (allowed & TO(to)) != 0;
}

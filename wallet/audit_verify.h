/* Whether a log is what the signer wrote: every block, from the first segment to the last. */
#ifndef TW_WALLET_AUDIT_VERIFY_H
#define TW_WALLET_AUDIT_VERIFY_H

#include "wallet/audit_counter.h"
#include "wallet/audit_walk.h"

#define AUDIT_REKEYS_MAX 256 /* changes of the key that can be followed back */

struct audit_verify {
    const struct audit_os *os;
    int dir;
    const struct audit_counter *counter; /* NULL: it is not compared */
    uint32_t from;                       /* the first segment that has to be there; usually 1 */
    const struct secret *key;            /* NULL: MACs are not checked */
    struct policy_counters *counters;    /* to add up in, as policy_counters_init() makes them */
    void (*progress)(uint32_t segment, uint32_t of); /* NULL: none */
    struct audit_visit visit;                        /* of what is good, in order; NULLs: nobody */
};

struct audit_report {
    uint32_t segments;
    uint64_t blocks, keyed, records, orders, refusals, accepted;
    uint64_t torn; /* bytes behind the last block, from an interrupted write of nothing synced */
    int64_t first_ms, last_ms;
    struct audit_trouble accepted_trouble; /* the first one that an acceptance lies behind */
    struct audit_trouble trouble;          /* AUDIT_FINE: everything is */
    struct audit_chain end;                /* of what is good */
};

/* ERR_OK: it could be read to its end; the report says what was found. ERR_IO, ERR_NOMEM,
 * ERR_NOT_FOUND (there is no segment) with a sentence in why[WHY_MAX]. */
enum err audit_verify(const struct audit_verify *v, struct audit_report *ret, char *why) MUST_CHECK;

#endif

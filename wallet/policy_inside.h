/* Inside of the counters: what deciding and rebuilding share. */
#ifndef TW_WALLET_POLICY_INSIDE_H
#define TW_WALLET_POLICY_INSIDE_H

#include "wallet/policy_counters.h"

/* Lets go what no longer counts at the counters' time. */
void policy_expire(struct policy_counters *c);

/* The instance, added with [top] where it is not known; NULL: there is no room. */
struct policy_instance *policy_take_instance(struct policy_counters *c, uint64_t instance,
                                             uint64_t top);

/* Whether the order is near enough to the last one to be remembered; it is signed now. */
bool policy_in_reach(const struct policy_instance *i, uint64_t order);
void policy_mark(struct policy_instance *i, uint64_t order);

/* Gives slot [n] to a key and a symbol unless it is theirs. */
void policy_take_slot(struct policy_counters *c, int n, const char *label, const char *symbol);

/* One more order in a slot. The sums are known to hold it. */
void policy_push(struct policy_counters *c, uint32_t slot, dec base, dec value, int64_t until_ms);

#endif

/* Inside of the policy: what policy_check() asks the counters. */
#ifndef TW_WALLET_POLICY_COUNTERS_H
#define TW_WALLET_POLICY_COUNTERS_H

#include "wallet/policy.h"

/* Index of the slot of a key and a symbol, or of an empty one (day == 0); -1: there is none. */
int policy_slot_find(const struct policy_counters *c, const char *label, const char *symbol);

/* Orders of a key that count in the last minute. */
uint32_t policy_orders_last_minute(const struct policy_counters *c, const char *label);

bool policy_ring_full(const struct policy_counters *c);

/* Whether the order may be signed as far as its intent goes. */
enum wire_reason policy_intent(const struct policy_counters *c, const struct wire_order *o);

#endif

/* Inside of the policy: what policy_check() asks the counters. */
#ifndef TW_WALLET_POLICY_COUNTERS_H
#define TW_WALLET_POLICY_COUNTERS_H

#include "wallet/policy.h"

/* Index of the slot of a key and a market, or of an empty one (day == 0); -1: there is none.
 * Symbols that a venue cannot tell apart, since it writes no hyphen, are one market. */
int policy_slot_find(const struct policy_counters *c, const char *label, const char *symbol);

/* Orders of a key that count in the last minute. */
uint32_t policy_orders_last_minute(const struct policy_counters *c, const char *label);

bool policy_ring_full(const struct policy_counters *c);

/* Whether the order may be signed as far as its intent goes. [ret_top]: the highest number of its
 * instance that counts as signed, untouched where the instance is not known; NULL: not wanted. */
enum wire_reason policy_intent(const struct policy_counters *c, const struct wire_order *o,
                               uint64_t *ret_top);

/* ---- rebuilding them from the audit log, which may say anything ---- */

/* Sets [spare] of the ring aside, for what is counted after a crash; once, before anything counts.
 * ERR_RANGE where nothing would be left. */
enum err policy_set_aside(struct policy_counters *c, uint32_t spare) MUST_CHECK;

/* Time and order as policy_clock() and policy_reserve() had them when the counters' time was [at].
 * ERR_CORRUPT where it cannot have been so; then only time has passed. */
enum err policy_replay(struct policy_counters *c, int64_t at,
                       const struct policy_decision *d) MUST_CHECK;
enum err policy_replay_time(struct policy_counters *c, int64_t at) MUST_CHECK;

/* Orders that may have been signed and are not known one by one. */
struct policy_lost {
    char label[WIRE_LABEL_MAX], symbol[WIRE_SYMBOL_MAX];
    uint64_t instance, first, last; /* order numbers, at most POLICY_INTENTS of them */
    dec base, value;                /* of all together, replays included */
    uint32_t count;
    int64_t until_ms;
};

/* Counts them, and all their numbers as signed. ERR_CORRUPT, ERR_FULL as far as it cannot be. */
enum err policy_lose(struct policy_counters *c, int64_t at, const struct policy_lost *l) MUST_CHECK;

/* The numbers of an instance up to [upto] count as signed, and so much of a key and symbol, in one
 * order. ERR_CORRUPT, ERR_FULL. */
enum err policy_burn(struct policy_counters *c, uint64_t instance, uint64_t upto) MUST_CHECK;
enum err policy_fill(struct policy_counters *c, const char *label, const char *symbol, dec base,
                     dec value, int64_t until_ms) MUST_CHECK;

/* From nothing, in this order: time, instances, orders by their ends with the number of their slot.
 * ERR_CORRUPT. */
enum err policy_restore_time(struct policy_counters *c, int64_t at, int64_t last_until) MUST_CHECK;
enum err policy_restore_instance(struct policy_counters *c,
                                 const struct policy_instance *i) MUST_CHECK;
enum err policy_restore_slot(struct policy_counters *c, uint32_t slot, const char *label,
                             const char *symbol) MUST_CHECK;
enum err policy_restore_spend(struct policy_counters *c, const struct policy_spend *s) MUST_CHECK;

#endif

/* What changes from one policy to another, and in which direction: what the owner is asked about
 * before a policy is set.
 *
 * A change is looser where something may be signed that could not be before, tighter where
 * something may not any more; one that is both is told twice.
 */
#ifndef TW_WALLET_POLICY_DIFF_H
#define TW_WALLET_POLICY_DIFF_H

#include "wallet/policy.h"

#define POLICY_CHANGE_MAX 384

enum policy_direction { POLICY_LOOSER, POLICY_TIGHTER };

struct policy_changes {
    uint32_t looser, tighter, same; /* fields, whole keys and whole instruments */
};

/* Called for each change with a line without its end: "trade-1 BTC-USDT: price_floor 50 -> 40". */
typedef void policy_change_fn(void *arg, enum policy_direction direction, const char *line);

struct policy_changes policy_diff(const struct policy *before, const struct policy *after,
                                  policy_change_fn *tell, void *arg);

#endif

/* What is dangerous or useless in a policy that is good, in words. */
#ifndef TW_MAIN_POLICY_WARN_H
#define TW_MAIN_POLICY_WARN_H

#include "wallet/policy.h"

#define POLICY_WARNINGS_MAX 400
#define POLICY_WARNING_MAX  320

struct policy_warnings {
    uint32_t count; /* of all; what is beyond the room is not kept */
    char text[POLICY_WARNINGS_MAX][POLICY_WARNING_MAX];
};

void policy_warn(const struct policy *p, struct policy_warnings *ret);

#endif

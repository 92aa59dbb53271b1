/* Which orders of a plan risk would refuse, as far as that is known before anything starts: by the
 * limits of the agent, the venue, the instrument and the strategy, and by the strategy's own money.
 */
#ifndef TW_MAIN_CHECK_LIMITS_H
#define TW_MAIN_CHECK_LIMITS_H

#include "model/setup.h"
#include "strategies/strategy.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* The buys of a plan that one limit refuses. */
struct check_denial {
    enum reason reason;     /* ORDER_VALUE, ORDER_QTY, POSITION or BUDGET */
    const char *key;        /* of the limit: "max_order_value", "budget" */
    enum limit_scope scope; /* the narrowest that has so strict a limit */
    dec limit, value;       /* the largest value among those refused */
    uint32_t orders;
};
#define CHECK_DENIALS_MAX 4

struct check_denials {
    uint32_t buys; /* in the plan */
    uint32_t count;
    struct check_denial item[CHECK_DENIALS_MAX];
    bool all; /* one limit refuses every buy: the strategy would never buy */
};

/* [price]: of the setup's instruments, zero where not known. What needs a price that is not known
 * is left out. */
void check_limits(const struct setup *s, strategy_id id, const struct plan *p, const dec *price,
                  struct check_denials *ret);
/* A line for each, indented below the strategy. */
void check_limits_print(FILE *out, const struct setup *s, strategy_id id,
                        const struct check_denials *d);
/* Adds them to [o] as "denied"; false without memory. */
bool check_limits_json(cJSON *o, const struct check_denials *d);

#endif

/* A policy for people and for programs: what each key may do, and the worst day. */
#ifndef TW_MAIN_POLICY_SHOW_H
#define TW_MAIN_POLICY_SHOW_H

#include "wallet/policy.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* What may be signed of an instrument at most, in quote: quantities at the ceiling. What a sum of
 * one hour or day allows is divided among replays for a single order. */
struct policy_most {
    dec order, hour, day;
    dec lost; /* of a day, where all is bought at the ceiling or sold at the floor, and the market's
                 price is between the two; market orders: all of it */
};

struct policy_most policy_most(const struct policy_key *k, const struct policy_instrument *i);

void policy_show(FILE *out, const struct policy *p);

/* Adds "keys" and "worst_day" to an object, exact. False: no memory. */
bool policy_show_json(cJSON *to, const struct policy *p) MUST_CHECK;

#endif

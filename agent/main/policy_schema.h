/* The schema of policy files: what drives their reading and `tradewind policy check --explain`. */
#ifndef TW_MAIN_POLICY_SCHEMA_H
#define TW_MAIN_POLICY_SCHEMA_H

#include "config/schema.h"
#include "wallet/wire.h"

/* The values of a [[key]] that are no lists. */
struct policy_key_text {
    char label[WIRE_LABEL_MAX], network[WIRE_NETWORK_MAX];
    int64_t validity_ns, skew_ns;
    uint32_t rate, replays;
    bool has_rate, has_replays;
};

extern const struct section SECTION_POLICY;            /* ... uint32_t: the version */
extern const struct section SECTION_POLICY_KEY;        /* ... struct policy_key_text */
extern const struct section SECTION_POLICY_INSTRUMENT; /* ... struct policy_instrument */
extern const struct section *const POLICY_SCHEMA[];    /* ends with NULL */

/* The lists of SECTION_POLICY_KEY, for their reader. */
extern const struct key_spec POLICY_KEY_OPERATIONS, POLICY_KEY_TYPES;

#endif

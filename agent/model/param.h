/* Parameter specifications: a strategy states its own part of the configuration as a table; the
 * TOML schema, `tradewind check`, `check --explain` and the documentation are made from it. */
#ifndef TW_MODEL_PARAM_H
#define TW_MODEL_PARAM_H

#include "base/decimal.h"
#include "model/instrument.h"

#include <stdbool.h>
#include <stdint.h>

enum param_type {
    PARAM_DECIMAL,    /* exact; in TOML a string "0.001" or a number taken by its text */
    PARAM_INTEGER,    /* TOML integer */
    PARAM_BOOL,       /* true, false */
    PARAM_CHOICE,     /* one of a list of words */
    PARAM_DURATION,   /* "250ms", "15s", "5m", "1h", "1d"; nanoseconds inside */
    PARAM_INSTRUMENT, /* "BTC-USDT" or "BTC-USDT@venue": must be configured */
};

/* Flags. */
#define PARAM_REQUIRED 1u
#define PARAM_LIVE     2u /* may change on reload without a restart */

struct param_spec {
    const char *key; /* NULL ends the table */
    enum param_type type;
    unsigned flags;
    const char *min, *max; /* inclusive, as text in the type's own notation; NULL: none */
    const char
        *default_value;  /* as text; NULL with PARAM_REQUIRED, or "absent" (present = false) */
    const char *choices; /* "a|b|c" for PARAM_CHOICE */
    const char *help;    /* one sentence, with the unit */
};

#define PARAM_MAX 48 /* parameters per strategy */

/* The value of table entry i is params->value[i]. */
struct param_value {
    bool present; /* given in the file or by default */
    union {
        dec decimal;
        int64_t integer;
        bool boolean;
        uint32_t choice; /* index into the choices */
        int64_t duration_ns;
        instrument_id instrument;
    };
};

struct params {
    uint32_t count;
    struct param_value value[PARAM_MAX];
};

#endif

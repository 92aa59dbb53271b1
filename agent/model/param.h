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
    PARAM_DECIMALS,   /* a list of 1 to PARAM_LIST_MAX of them; without a default */
    PARAM_DURATIONS,  /* likewise */
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

#define PARAM_MAX       64 /* parameters per strategy */
#define PARAM_LIST_MAX  8  /* elements of a list */
#define PARAM_LISTS_MAX 6  /* lists per strategy */

struct param_list {
    uint32_t count; /* 0: not given */
    union {
        dec decimal[PARAM_LIST_MAX];
        int64_t duration_ns[PARAM_LIST_MAX];
    };
};

/* The value of table entry i is params->value[i]. */
struct param_value {
    bool present; /* given in the file or by default */
    bool given; /* in the file: what only a strategy's check() may ask, to refuse what it would not
                   use; never stored, and false in an engine that runs on */
    union {
        dec decimal;
        int64_t integer;
        bool boolean;
        uint32_t choice; /* index into the choices */
        int64_t duration_ns;
        instrument_id instrument;
        uint32_t list; /* index into params->list */
    };
};

struct params {
    uint32_t count;
    struct param_value value[PARAM_MAX];
    uint32_t lists;
    struct param_list list[PARAM_LISTS_MAX];
};

/* Whether table entry [i] of both has the same value, or is not given in either. */
bool params_same(const struct param_spec *spec, uint32_t i, const struct params *a,
                 const struct params *b);

/* The list of table entry [i]; one with count 0 where it is not given. */
const struct param_list *params_list(const struct params *p, uint32_t i);

#endif

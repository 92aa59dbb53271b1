/* The schema: every section and key of the configuration, in one place. It drives the reading, what
 * `tradewind check` says, and `tradewind check --explain`. A strategy's own keys come from its
 * parameter table and are brought into the same form.
 */
#ifndef TW_CONFIG_SCHEMA_H
#define TW_CONFIG_SCHEMA_H

#include "model/param.h"
#include "model/setup.h"

#include <stddef.h>
#include <stdio.h>

enum key_type {
    KEY_DECIMAL,    /* exact: a string, or a number taken by its text */
    KEY_INTEGER,    /* TOML integer */
    KEY_BOOL,       /* true, false */
    KEY_CHOICE,     /* one of [choices] */
    KEY_DURATION,   /* "250ms", "15s", ...; nanoseconds inside */
    KEY_NAME,       /* [a-z0-9_-]: name of a venue, strategy, kind */
    KEY_TAG,        /* [a-z0-9-], 1..16: the agent's name, part of client order ids */
    KEY_ASSET,      /* [A-Z0-9]: "BTC" */
    KEY_SYMBOL,     /* "BASE-QUOTE" */
    KEY_PATH,       /* of a file, relative to the configuration's directory */
    KEY_URL,        /* one of the schemes in [choices], the unencrypted ones for loopback only */
    KEY_INSTRUMENT, /* "BTC-USDT" or "BTC-USDT@venue" */
    KEY_TEXT,       /* a sentence for people: anything without control characters */
    KEY_SCHEDULE,   /* a list of "mon-fri 08:00-20:00"; build_schedule() reads it */
    KEY_TABLE,      /* a section of its own below this one */
};

#define KEY_REQUIRED 1u
#define KEY_POSITIVE 2u  /* decimal or duration greater than 0 */
#define KEY_EMPTY_OK 4u  /* a text that may be "" */
#define KEY_LIST     8u  /* a list of values of the type: assets, or 1 to PARAM_LIST_MAX */
#define KEY_LIVE     16u /* of a strategy: may change on reload without a restart */

#define KEY_NOT_STORED SIZE_MAX

struct key_spec {
    const char *key; /* NULL ends a table */
    enum key_type type;
    unsigned flags;
    const char *min, *max;     /* inclusive, in the type's own notation; NULL: none */
    const char *default_value; /* text; NULL: required, or absent */
    const char *choices;       /* "a|b|c" */
    const char *help;
    size_t offset, size; /* of the member in the section's struct; offset may be KEY_NOT_STORED,
                            [size] is then the most bytes a text may have, with NUL */
    size_t has_offset;   /* of the bool that says "given"; 0: there is none */
};

struct section {
    const char *path; /* "venue.paper" */
    bool array;       /* [[path]]: may be given several times */
    unsigned max;     /* how many times, of an array */
    const char *help;
    const struct key_spec *keys; /* into ... */
};

extern const struct section SECTION_AGENT;            /* ... struct setup */
extern const struct section SECTION_SIGNER;           /* ... struct signer_setup */
extern const struct section SECTION_JOURNAL;          /* ... struct journal_setup */
extern const struct section SECTION_RISK;             /* ... struct risk_setup */
extern const struct section SECTION_RISK_GROUP;       /* ... struct risk_group */
extern const struct section SECTION_VENUE;            /* ... struct venue_setup */
extern const struct section SECTION_PAPER;            /* ... struct venue_setup */
extern const struct section SECTION_VENUE_RISK;       /* ... struct risk_setup */
extern const struct section SECTION_INSTRUMENT;       /* ... struct instrument */
extern const struct section SECTION_INSTRUMENT_RISK;  /* ... struct risk_setup */
extern const struct section SECTION_STRATEGY;         /* ... struct strategy_setup */
extern const struct section SECTION_STRATEGY_RISK;    /* ... struct risk_setup */
extern const struct section SECTION_GUARD;            /* ... struct guard_setup */
extern const struct section SECTION_GUARD_AGENT;      /* ... struct guard_setup */
extern const struct section SECTION_GUARD_PRICE;      /* ... struct price_guard_setup */
extern const struct section SECTION_INSTRUMENT_GUARD; /* ... struct price_guard_setup */
extern const struct section SECTION_ALERT;            /* ... struct alert_setup */
extern const struct section SECTION_STRATEGY_GUARD;   /* ... struct guard_setup */

/* All of them in the order of --explain; ends with NULL. */
extern const struct section *const SCHEMA[];

/* Prints a section's keys with type, range, default and meaning. */
void schema_explain(FILE *out, const struct section *s);

/* Public endpoints of a venue kind, taken where the file gives no URL; NULL where there are none.
 */
const char *schema_public_ws_url(const char *kind);
const char *schema_public_rest_url(const char *kind);

/* Whether venues of that kind tell past candles: what a warm-up needs. */
bool schema_has_candles(const char *kind);

/* A strategy's parameter in the schema's form; not stored by offset. */
struct key_spec schema_param(const struct param_spec *p);

#endif

/* Reading one section of the file into its struct, as the schema says. */
#ifndef TW_CONFIG_SECTION_H
#define TW_CONFIG_SECTION_H

#include "config/report.h"
#include "config/schema.h"
#include "config/value.h"

/* What the parts of the build share. */
struct build {
    struct setup *setup;
    const struct config_kinds *kinds;
    const struct toml_node *root;
    const char *dir;                     /* of the file; "" for the working directory */
    const struct section *const *schema; /* all sections of this kind of file */
    const char *explain;                 /* the command that lists their keys */
    struct errors errors;
    /* Venues, assets, instruments or balances are wrong already: what follows from them
     * (conversions, budgets) is not judged, it would only repeat the first error. */
    bool unsure;
    struct price_guard_setup price_guard; /* [guard.price] */
    /* Where they stand in the file, by index. */
    const struct toml_node *venue[SETUP_VENUES_MAX];
    const struct toml_node *instrument[SETUP_INSTRUMENTS_MAX];
    const struct toml_node *strategy[SETUP_STRATEGIES_MAX];
};

/* Reads the values of [sec] from [table] (NULL: defaults only) into [base], the struct that the
 * section's offsets are of; absent required keys, wrong values and texts are errors. Lists are for
 * the caller. Returns whether every value is good. */
bool section_read(struct build *b, const struct section *sec, const struct toml_node *table,
                  void *base);

/* Reports the members of [table] that neither [sec] nor [params] (may be NULL) has. */
void section_unknown(struct build *b, const struct section *sec, const struct toml_node *table,
                     const struct param_spec *params);

/* The subtable [key] of [table]; NULL where it is absent or, which is an error, no table. */
const struct toml_node *section_subtable(struct build *b, const struct toml_node *table,
                                         const char *path, const char *key);

/* The tables of a root [[section]]: *first and how many are to be read; their form and number are
 * checked. */
uint32_t section_array(struct build *b, const struct section *sec, const struct toml_node **first);

/* The same of a [[section]] that is inside of [table]. */
uint32_t section_array_in(struct build *b, const struct section *sec, const struct toml_node *table,
                          const struct toml_node **first);

/* Joins section and key for messages: "venue" and "name" to "venue.name"; the key is made
 * printable. [out] has REPORT_PATH_MAX bytes; returns it. */
const char *key_path(char *out, const char *section, const char *key, size_t len);

/* Index of an asset's name, adding it to the setup. ASSET_NONE, with an error at [at], where the
 * table is full. */
asset_id intern_asset(struct build *b, const char *name, size_t len, struct toml_pos at,
                      const char *path);

/* "BTC-USDT" where one venue has it, "BTC-USDT@venue" else; INSTRUMENT_NONE, with an error at [at],
 * where there is none, or no single one. */
instrument_id resolve_instrument(struct build *b, struct toml_pos at, const char *path,
                                 const char *text);

/* Position of the value of [key], else of the table itself. */
struct toml_pos key_position(const struct toml_node *table, const char *key);

/* The parts, in the order in which config_parse() runs them. */
void build_agent(struct build *b);       /* [agent], [journal] and [risk] */
void build_signer(struct build *b);      /* [signer] */
void build_venues(struct build *b);      /* [[venue]] */
void build_instruments(struct build *b); /* [[instrument]], then balances and fee assets */
void build_conversions(struct build *b); /* every asset to the agent's quote */
void build_strategies(struct build *b);  /* [[strategy]] with their parameters, limits, budgets */

/* budget, inventory and [strategy.funds] of strategy [id], whose table has been read: which assets
 * they are of. */
void build_funds(struct build *b, const struct toml_node *table, strategy_id id);
/* Whether the opening balances cover what the strategies have, in the order of the file. */
void check_funds(struct build *b);
/* [guard] and [guard.agent]; after them [strategy.guard] of [table], NULL: what [guard] says. */
void build_guard(struct build *b);
void build_strategy_guard(struct build *b, const struct toml_node *table,
                          struct strategy_setup *out);
/* [guard.price] and each [instrument.guard]; after the instruments. */
void build_price_guards(struct build *b);
/* [[alert]]; after the strategies. */
void build_alerts(struct build *b);
/* The key "schedule" of a strategy. */
void build_schedule(struct build *b, const struct toml_node *table, struct schedule *out);

/* [venue.risk], [instrument.risk], [strategy.risk] of [owner]: [table], which may be NULL, into
 * [out], with what is taken over from the agent; each stricter than the wider scopes. */
void build_venue_risk(struct build *b, const struct toml_node *table, struct risk_setup *out);
void build_instrument_risk(struct build *b, const struct toml_node *table, venue_id venue,
                           struct risk_setup *out);
void build_strategy_risk(struct build *b, const struct toml_node *table, struct risk_setup *out);
void build_groups(struct build *b); /* [[risk_group]] */

#endif

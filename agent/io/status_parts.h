/* What the files that make status documents share. */
#ifndef TW_IO_STATUS_PARTS_H
#define TW_IO_STATUS_PARTS_H

#include "io/status.h"

#include <cJSON.h>

/* {"schema":1,"agent":...}, to be ended with status_finish(). */
cJSON *status_document(const struct status_source *r);
char *status_finish(cJSON *o);

/* A decimal as text; null where it is not [known]. */
void status_add_dec(cJSON *o, const char *key, bool known, dec d);
void status_add_count(cJSON *o, const char *key, uint64_t n);
void status_add_time(cJSON *o, const char *key, int64_t ns); /* null for 0 */
/* "figures": what a strategy says of itself. */
void status_add_signer(const struct status_source *r, cJSON *o);
void status_print_signer(FILE *out, const cJSON *o);
void status_add_figures(const struct status_source *r, cJSON *o, strategy_id id);

struct status_holding {
    bool marked;                                      /* value and unrealized are known */
    dec qty, cost, realized, mark, value, unrealized; /* in the instrument's quote */
};
struct status_holding status_holding_of(const struct engine *e, strategy_id s, instrument_id i);

/* Starts as {.known = true}; the results of a strategy are added up in the agent's quote. */
struct status_results {
    bool known;
    dec realized, unrealized;
};
void status_add_results(const struct engine *e, strategy_id s, struct status_results *r);

/* status_print.c: the one decimal of [o] under [key], rounded; "-" where it is not known. */
const char *status_text_of(const cJSON *o, const char *key);
const char *status_rounded(const char *text, int places, char *out);
/* A table of the objects in the array [key], as wide as its widest cells; [none] where it is empty.
 */
struct status_column {
    const char *key, *title;
    bool right; /* numbers */
    int places; /* digits behind the point of a decimal; -1: as it is */
};
enum err status_print_list(FILE *out, const cJSON *o, const char *key, const char *none,
                           const struct status_column *column, int n) MUST_CHECK;
/* status_risk.c */
enum err status_print_risk(FILE *out, const cJSON *o) MUST_CHECK;
/* status_alerts.c */
enum err status_print_alerts(FILE *out, const cJSON *o) MUST_CHECK;
/* status_strategies.c */
enum err status_print_strategies(FILE *out, const cJSON *o) MUST_CHECK;

#endif

/* What the engine knows, as JSON for the control socket and as tables for people.
 *
 * JSON: "schema":1 first, keys in a fixed order, money as strings, counts as numbers, times as
 * "2024-08-08T23:54:15.208Z"; documented in docs/operations.md.
 */
#ifndef TW_IO_STATUS_H
#define TW_IO_STATUS_H

#include "core/engine.h"
#include "io/signer_view.h"
#include "venue/venue.h"

#include <stdint.h>
#include <stdio.h>

#define STATUS_FILLS_MAX 512 /* the newest fills that are remembered */

struct status_fill {
    int64_t ts_ns; /* engine time */
    struct effect_fill fill;
};

/* The newest fills, a ring. */
struct status_fills {
    uint64_t count; /* in all; the newest is item[(count - 1) % STATUS_FILLS_MAX] */
    struct status_fill item[STATUS_FILLS_MAX];
};
void status_fills_add(struct status_fills *f, int64_t ts_ns, const struct effect_fill *fill);

/* What the report is about, besides the engine. */
struct status_source {
    const struct engine *engine;
    const char *build, *journal;
    uint64_t journal_records, journal_bytes;
    uint32_t pid;
    int64_t started_ns, now_ns;          /* wall clock */
    const struct session_stats *session; /* one per venue; NULL: none is connected */
    const struct signer_view *signer;    /* NULL: none is configured */
    bool books_balance;
    const char *books; /* the sentence about it */
    /* The account as the venue sees it, [venues][assets]. */
    dec (*account)(void *ctx, venue_id v, asset_id a);
    void *account_ctx;
};

/* Each returns one malloc'd JSON text, NULL where memory is short. */
char *status_overview(const struct status_source *r);
char *status_orders(const struct status_source *r);
char *status_positions(const struct status_source *r);
char *status_balances(const struct status_source *r);
char *status_risk(const struct status_source *r);
char *status_strategies(const struct status_source *r);
char *status_alerts(const struct status_source *r);
/* The newest [limit] fills, newest last; 0 means 50. */
char *status_fills(const struct status_source *r, const struct status_fills *fills, uint32_t limit);

/* Prints such a text as a table. [what] is "status", "orders", "positions", "balances",
 * "strategies", "risk", "alerts" or "fills".
 * ERR_SYNTAX: it is not of that form. */
enum err status_print(FILE *out, const char *what, const char *json) MUST_CHECK;

/* An amount of an asset in the agent's quote at the present marks; false where a mark is missing.
 */
bool status_value(const struct engine *e, venue_id v, asset_id a, dec amount,
                  enum dec_rounding rounding, dec *ret);

#endif

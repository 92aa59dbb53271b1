/* Daily returns of an equity series, and their Sharpe ratio (docs/definitions.md, "Accounting").
 *
 * A day's equity is its last sample, days without a sample are left out, the first return is
 * against the first sample of all.
 */
#ifndef TW_IO_RETURNS_H
#define TW_IO_RETURNS_H

#include "base/decimal.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RETURNS_MIN 10 /* below that there is no ratio */

struct returns {
    bool any;
    dec start;   /* the first sample */
    int64_t day; /* of the last sample, counted from 1970 */
    dec last;
    dec *equity; /* of the days that are over */
    size_t count, cap;
};

/* Start with a zeroed struct. Samples come in time order; times before 1970 are not expected. */
enum err returns_add(struct returns *r, int64_t ts_ns, dec equity) MUST_CHECK;
void returns_free(struct returns *r);

/* mean / standard deviation (n - 1) * sqrt(365); false with fewer than RETURNS_MIN returns, with
 * returns that are all equal, and where a day's equity is not above 0. The only doubles of the
 * report: + - * / and sqrt in a fixed order. */
bool returns_sharpe(const struct returns *r, double *ret);

#endif

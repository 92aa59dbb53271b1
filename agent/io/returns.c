#include "io/returns.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

enum err returns_add(struct returns *r, int64_t ts_ns, dec equity)
{
    int64_t day = ts_ns / NS_PER_DAY;
    if (!r->any) {
        r->any = true;
        r->start = equity;
        r->day = day;
    }
    if (day != r->day) {
        if (r->count == r->cap) {
            size_t cap = r->cap ? 2 * r->cap : 64;
            dec *grown = realloc(r->equity, cap * sizeof *grown);
            if (!grown)
                return ERR_NOMEM;
            r->equity = grown;
            r->cap = cap;
        }
        r->equity[r->count++] = r->last;
        r->day = day;
    }
    r->last = equity;
    return ERR_OK;
}

void returns_free(struct returns *r)
{
    free(r->equity);
    *r = (struct returns){.any = false};
}

/* The return of day [n], 0 being the first; the last day is still open. */
static double day_return(const struct returns *r, size_t n)
{
    dec before = n == 0 ? r->start : r->equity[n - 1];
    dec after = n == r->count ? r->last : r->equity[n];
    return (dec_to_double(after) - dec_to_double(before)) / dec_to_double(before);
}

bool returns_sharpe(const struct returns *r, double *ret)
{
    if (!r->any || r->count + 1 < RETURNS_MIN || !dec_is_pos(r->start))
        return false;
    size_t n = r->count + 1;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (i < r->count && !dec_is_pos(r->equity[i]))
            return false; /* a return against nothing */
        sum += day_return(r, i);
    }
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = day_return(r, i) - mean;
        squares += d * d;
    }
    double deviation = sqrt(squares / (double)(n - 1));
    if (!(deviation > 0))
        return false;
    *ret = mean / deviation * sqrt(365.0);
    return true;
}

/* What every bench program needs: a clock, and the one line in which a result is told.
 *
 *   bench <TAB> name <TAB> value <TAB> unit <TAB> peer <TAB> peer's value <TAB> aim
 *
 * The peer is the floor, or the other way to do the same work, measured in the same run: the ratio
 * counts, an absolute time does not. Peer "-" and value 0: none. Aim "-": none; else "<= 250". */
#ifndef TW_TESTS_BENCH_H
#define TW_TESTS_BENCH_H

#include "base/check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Processor time of this process: what others do on the machine meanwhile does not count. */
static inline int64_t bench_cpu_ns(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void bench_tell(const char *name, double value, const char *unit, const char *peer,
                              double peer_value, const char *aim)
{
    printf("bench\t%s\t%.6g\t%s\t%s\t%.6g\t%s\n", name, value, unit, peer, peer_value, aim);
    fflush(stdout);
}

static inline int bench_compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Middle of n values; sorts them. */
static inline double bench_median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, bench_compare);
    return v[n / 2];
}

#endif

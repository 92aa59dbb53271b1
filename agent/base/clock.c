#include "base/clock.h"

#include "base/check.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    CHECK(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

size_t clock_format_utc(int64_t wall_ns, char *out)
{
    int64_t s = wall_ns / NS_PER_S, ns = wall_ns % NS_PER_S;
    if (ns < 0) {
        ns += NS_PER_S;
        s--;
    }
    time_t t = (time_t)s;
    struct tm tm;
    CHECK(gmtime_r(&t, &tm) != NULL);
    int n = snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                     (int)(ns / NS_PER_MS));
    CHECK(n > 0 && n < CLOCK_TEXT_MAX);
    return (size_t)n;
}

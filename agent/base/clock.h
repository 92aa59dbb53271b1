/* The one door to the machine's clocks. The core never comes here: its time is the event's. */
#ifndef TW_BASE_CLOCK_H
#define TW_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US  INT64_C(1000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

/* Nanoseconds since 1970 UTC: for reports and for talking to venues. */
int64_t clock_wall_ns(void);

/* Nanoseconds since boot, counting suspend, never stepping: for every timer, limit and age. */
int64_t clock_mono_ns(void);

#define CLOCK_TEXT_MAX 32
/* "2024-08-08T23:54:15.208Z" into [out] (CLOCK_TEXT_MAX bytes); returns the length. Any int64 is
 * accepted. */
size_t clock_format_utc(int64_t wall_ns, char *out);

#endif

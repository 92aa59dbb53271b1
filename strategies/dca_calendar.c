/* dca: times by the calendar, UTC, without leap seconds, as Unix time has it. */
#include "dca.h"

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of_month(int64_t year, int month)
{
    static const int8_t DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return DAYS[month] + (month == 1 && is_leap(year));
}

/* The first day of the month that day [day] (0 is 1970-01-01) lies in, its year and month (0..11).
 * Engine time ends in 2116: counting years and months is 160 additions at most, once a purchase. */
static int64_t month_begin(int64_t day, int64_t *year, int *month)
{
    int64_t begin = 0;
    *year = 1970;
    *month = 0;
    while (begin + 365 + is_leap(*year) <= day)
        begin += 365 + is_leap((*year)++);
    while (begin + days_of_month(*year, *month) <= day)
        begin += days_of_month(*year, (*month)++);
    return begin;
}

static int64_t next_month(int64_t from_ns, int64_t at_ns, uint32_t monthday)
{
    int64_t year;
    int month;
    int64_t begin = month_begin(from_ns / DCA_DAY_NS, &year, &month);
    for (;;) {
        int64_t last = days_of_month(year, month);
        int64_t day = (int64_t)monthday < last ? (int64_t)monthday : last;
        int64_t t = (begin + day - 1) * DCA_DAY_NS + at_ns;
        if (t >= from_ns)
            return t; /* in the second month at the latest */
        begin += last;
        year += month == 11;
        month = (month + 1) % 12;
    }
}

int64_t dca_calendar_next(int64_t from_ns, enum dca_every every, int64_t at_ns, uint32_t weekday,
                          uint32_t monthday)
{
    if (every == DCA_EVERY_MONTH)
        return next_month(from_ns, at_ns, monthday);
    int64_t day = from_ns / DCA_DAY_NS;
    if (every == DCA_EVERY_WEEK)
        day += (weekday + 7 - (uint32_t)((day + 3) % 7)) % 7; /* day 0 was a Thursday */
    int64_t t = day * DCA_DAY_NS + at_ns;
    return t >= from_ns ? t : t + (every == DCA_EVERY_WEEK ? 7 : 1) * DCA_DAY_NS;
}

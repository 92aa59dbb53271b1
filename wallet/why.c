#include "wallet/why.h"

#include <stdarg.h>
#include <stdio.h>

enum err why_say(char *why, enum err e, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(why, WHY_MAX, format, ap);
    va_end(ap);
    return e;
}

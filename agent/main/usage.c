#include "main/usage.h"

#include <stdio.h>

void usage_wrong(const char *program, const char *argument)
{
    if (!argument)
        fprintf(stderr, "%s: an argument is missing\n\n", program);
    else if (argument[0] == '-')
        fprintf(stderr, "%s: option '%s' is unknown here, or its value is missing or wrong\n\n",
                program, argument);
    else
        fprintf(stderr, "%s: '%s' is one argument too many\n\n", program, argument);
}

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

static check_hook *hook_now;

void check_set_hook(check_hook *hook)
{
    hook_now = hook;
}

void check_failed(const char *expression, const char *file, int line)
{
    check_hook *hook = hook_now;
    fprintf(stderr, "tradewind: internal check failed at %s:%d: %s\n", file, line, expression);
    hook_now = 0; /* a check that fails inside the hook must not call it again */
    if (hook)
        hook(expression, file, line);
    abort();
}

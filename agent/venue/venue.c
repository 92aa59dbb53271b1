#include "venue/venue.h"

#include <string.h>

const struct session_ops *const venue_registry[] = {
    &session_binance_spot,
    NULL,
};

const struct session_ops *venue_find(const char *kind)
{
    for (const struct session_ops *const *o = venue_registry; *o; o++)
        if (strcmp((*o)->kind, kind) == 0)
            return *o;
    return NULL;
}

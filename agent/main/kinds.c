#include "main/kinds.h"

#include "base/check.h"
#include "strategies/strategy.h"
#include "venue/venue.h"

#define VENUE_KINDS_MAX 16

const struct config_kinds *program_kinds(void)
{
    static const char *venues[VENUE_KINDS_MAX + 1]; /* ends with NULL; the same at every call */
    static const struct config_kinds KINDS = {.strategies = strategy_registry, .venues = venues};
    for (size_t i = 0; venue_registry[i]; i++) {
        CHECK(i < VENUE_KINDS_MAX);
        venues[i] = venue_registry[i]->kind;
    }
    return &KINDS;
}

const struct config_kinds *journal_kinds(void)
{
    static struct config_kinds kinds; /* the same at every call */
    kinds = *program_kinds();
    kinds.journaled = true;
    return &kinds;
}

#include "main/kinds.h"

#include "strategies/strategy.h"

static const char *const VENUES[] = {"binance-spot", NULL};

const struct config_kinds *program_kinds(void)
{
    static const struct config_kinds KINDS = {.strategies = strategy_registry, .venues = VENUES};
    return &KINDS;
}

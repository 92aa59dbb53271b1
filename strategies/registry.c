/* The strategies built into the programs. */
#include "strategy.h"

const struct strategy_ops *const strategy_registry[] = {
    &strategy_null,
    NULL,
};

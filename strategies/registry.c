/* The strategies built into the programs. */
#include "strategy.h"

const struct strategy_ops *const strategy_registry[] = {
    &strategy_grid, &strategy_dca, &strategy_momentum, &strategy_arbitrage, &strategy_triangular,
    &strategy_null, NULL,
};

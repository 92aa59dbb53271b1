/* A strategy's parameters for tests, written as in a configuration file. */
#ifndef TW_TESTS_PARAMS_H
#define TW_TESTS_PARAMS_H

#include "strategies/strategy.h"

/* [lines] are those of a [[strategy]] block behind its kind: "instrument = \"BTC-USDT\"\n...", for
 * the world of world.h (BTC-USDT, tick 0.01, lot 0.00001, min_notional 5, fees 0.001, 10000 USDT).
 * Fails the test where they are not good. */
void params_read(struct params *ret, const struct strategy_ops *ops, const char *lines);

/* The same of lines that must be refused, with an error that holds [part]. */
void params_refused(const struct strategy_ops *ops, const char *lines, const char *part);

/* The index of a parameter; fails the test where there is none of that key. */
uint16_t params_index(const struct strategy_ops *ops, const char *key);

#endif

/* What must always be so of an engine's books, whatever events came: CHECKed, so that unit tests
 * and fuzz targets can both ask for it. Looks inside the engine. */
#ifndef TW_TESTS_BOOKS_H
#define TW_TESTS_BOOKS_H

#include "core/engine.h"

/* Rows sum to the account; reserves and open quantities are those of the open orders, never
 * negative; exposures are the sums of the holdings; no order is filled beyond its quantity. */
void books_check(const struct engine *e);

/* Nothing is open: nothing is reserved, and no quantity counts as open. */
void books_check_empty(const struct engine *e);

#endif

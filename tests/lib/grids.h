/* A grid in a small world (world.h), with parameters given as in a file. */
#ifndef TW_TESTS_GRIDS_H
#define TW_TESTS_GRIDS_H

#include "world.h"

/* Opens [w] with one grid on BTC-USDT: every parameter at its default, then "key=value" texts up to
 * a NULL. Fails the test for a key or a value that the table does not know. */
struct strategy_setup *grids_open(struct world *w, const char *budget, const char *inventory, ...);
void grids_set(struct strategy_setup *s, const char *key, const char *value);
/* Parses into *ret as a file would; returns the index of the key. */
uint32_t grids_value(const char *key, const char *value, struct param_value *ret);

/* Gives a live parameter a new value while it runs; NULL: not given any more. */
void grids_change(struct world *w, const char *key, const char *value);

/* The open orders, oldest first, without those whose cancel is under way: "buy 0.01@49000, ..." */
void grids_assert_open(const struct world *w, const char *want);
/* The open order at a price, or 0. */
order_id grids_at(const struct world *w, const char *price);
/* One of its figures. */
dec grids_figure(const struct world *w, const char *name);
/* The venue does the cancels that were asked for. */
void grids_cancels_happen(struct world *w);

#endif

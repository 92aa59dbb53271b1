/* What strategies would do, before anything starts: the plans (strategies/strategy.h) that
 * `tradewind check` prints, against the budgets that must pay them. */
#ifndef TW_MAIN_CHECK_PLAN_H
#define TW_MAIN_CHECK_PLAN_H

#include "main/check_limits.h"
#include "model/setup.h"
#include "strategies/strategy.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Prices that the caller of the command gave. */
struct check_prices {
    dec price[SETUP_INSTRUMENTS_MAX]; /* of the setup's instruments; zero: none given */
};

/* Takes "BTC-USDT=61000" or "BTC-USDT@binance=61000". Returns false with a sentence in why[cap]:
 * not of that form, not above 0, an instrument that the setup does not have, or has on several
 * venues. */
bool check_price(const struct setup *s, const char *text, struct check_prices *ret, char *why,
                 size_t cap);

/* The plan of strategy [s], and what its budget and inventory lack for it. */
struct check_plan {
    bool has;   /* its kind has plans */
    bool needs; /* ... but nothing can be said without a price */
    dec price;  /* what it was made for; zero: without one */
    struct plan plan;
    dec lacks_quote, lacks_base; /* zero where they suffice */
    bool lacks;                  /* ... and the strategy does not allow that */
    struct check_denials denials;
    bool refused; /* for either, or since a limit denies all that it would buy */
};
void check_plan(const struct setup *s, strategy_id id, const struct check_prices *prices,
                struct check_plan *ret);

/* A table for people, indented below the strategy; nothing where its kind has no plans. */
void check_plan_print(FILE *out, const struct setup *s, strategy_id id, const struct check_plan *p);

/* The same as an object: exact, money as text; null where its kind has no plans. NULL without
 * memory. */
cJSON *check_plan_json(const struct check_plan *p);

#endif

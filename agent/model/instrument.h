/* What is traded, where: venues, assets and instruments, known by small indices everywhere inside.
 */
#ifndef TW_MODEL_INSTRUMENT_H
#define TW_MODEL_INSTRUMENT_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

/* Indices into struct setup's tables; stable for the life of a run. */
typedef uint16_t venue_id;
typedef uint16_t asset_id;
typedef uint32_t instrument_id;
typedef uint16_t strategy_id;

#define ASSET_NONE      ((asset_id)UINT16_MAX)
#define INSTRUMENT_NONE ((instrument_id)UINT32_MAX)
#define STRATEGY_NONE   ((strategy_id)UINT16_MAX)
#define VENUE_NONE      ((venue_id)UINT16_MAX)

#define ASSET_NAME_MAX 16 /* with NUL */
#define SYMBOL_MAX     32 /* "BASE-QUOTE", with NUL */
#define NAME_MAX_BYTES 32 /* venue, strategy and agent names, with NUL */

enum instrument_status {
    INSTRUMENT_UNKNOWN = 0, /* rules not yet learnt: no order */
    INSTRUMENT_TRADING = 1,
    INSTRUMENT_SUSPENDED = 2,
};

/* The rules an order must meet. A zero limit means the venue sets none. */
struct instrument_rules {
    enum instrument_status status;
    dec tick_size; /* > 0 once the status is known */
    dec lot_size;  /* > 0 once the status is known */
    dec min_price, max_price;
    dec min_qty, max_qty;
    dec min_notional, max_notional; /* in quote: price times quantity */
    dec base_precision,
        quote_precision; /* smallest unit of a fee in that asset; 1e-8 unless told */
};

struct instrument {
    char symbol[SYMBOL_MAX]; /* "BTC-USDT"; the venue's own spelling stays in its codec */
    venue_id venue;
    asset_id base, quote;
    struct instrument_rules rules;
};

#endif

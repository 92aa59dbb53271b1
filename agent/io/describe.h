/* One line of text for an event, an effect, a journal record: for `tradewind journal`, for replay's
 * differences, and for logs. Indices are shown as the names they have in [s]; an index that [s]
 * does not have is shown as a number. */
#ifndef TW_IO_DESCRIBE_H
#define TW_IO_DESCRIBE_H

#include "io/journal.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/setup.h"
#include "strategies/strategy.h"

#include <stddef.h>

/* Each writes at most [cap] bytes with the NUL; what does not fit is cut. */
void describe_event(const struct setup *s, const struct event *e, char *out, size_t cap);
void describe_effect(const struct setup *s, const struct effect *e, char *out, size_t cap);
void describe_record(const struct setup *s, enum journal_type type, const uint8_t *payload,
                     size_t len, char *out, size_t cap);

/* Names, "?" for what is not there. */
const char *describe_strategy(const struct setup *s, strategy_id i);
const char *describe_asset(const struct setup *s, asset_id a);
/* "BTC-USDT@binance" into [out] (DESCRIBE_INSTRUMENT_MAX bytes); returns it. */
#define DESCRIBE_INSTRUMENT_MAX (SYMBOL_MAX + NAME_MAX_BYTES)
const char *describe_instrument(const struct setup *s, instrument_id i, char *out);
/* The unit of a strategy's figure: "USDT", "BTC" (of its first instrument), "price", "ratio",
 * "count". */
const char *describe_figure_unit(const struct setup *s, strategy_id i, enum figure_unit unit);
/* Whose limit: "agent", "venue binance", "asset BTC"; "" for none. [out] has DESCRIBE_LIMIT_MAX
 * bytes; returns it. */
#define DESCRIBE_LIMIT_MAX (DESCRIBE_INSTRUMENT_MAX + 16)
const char *describe_limit(const struct setup *s, enum limit_scope scope, uint32_t index,
                           char *out);

#endif

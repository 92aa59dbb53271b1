/* Alerts: what a person wants to be told of. Each compares one value with one level, and fires
 * EFFECT_ALERT when it is beyond; they change nothing else. docs/definitions.md, "Alerts".
 *
 * Whoever delivers them (the log; other channels) looks at the effects. A function of the events: a
 * replay fires the same ones.
 */
#ifndef TW_CORE_ALERT_H
#define TW_CORE_ALERT_H

#include "base/err.h"
#include "core/engine.h"

struct alerts;

size_t alert_size(const struct setup *s);
void alert_init(struct alerts *a, const struct setup *s);

/* A new price of instrument [i], believed or not: those of its price, change and spread. */
void alert_price(struct engine *e, instrument_id i);

/* A trade of instrument [i]: into the candles of those with an indicator. */
enum err alert_trade(struct engine *e, instrument_id i, const struct event *ev) MUST_CHECK;

/* Closes candles that are due; to be called from the engine's next_alert_ns on. */
enum err alert_due(struct engine *e) MUST_CHECK;

/* The signer's state has become known or changed: those about it. */
void alert_signer(struct engine *e);

/* What is looked at each second and after fills: balances, equity, drawdown, figures. */
void alert_look(struct engine *e);

/* Fills [ret] with alert [n] of the setup. */
void alert_view(const struct alerts *a, uint32_t n, struct engine_alert *ret);

#endif

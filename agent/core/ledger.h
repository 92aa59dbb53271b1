/* The books: sub-ledgers per strategy, venue and asset, and positions per strategy and instrument.
 *
 * Row strategies (the last) belongs to nobody: what the opening balances hold beyond the allotted
 * budgets, and what third-asset fees are paid from. The rows of a venue's asset always sum to the
 * account (kept in account[]).
 */
#ifndef TW_CORE_LEDGER_H
#define TW_CORE_LEDGER_H

#include "base/err.h"
#include "model/event.h"
#include "model/order.h"
#include "model/setup.h"

struct balance {
    dec total, reserved;
};

struct holding {
    dec qty, cost, realized; /* base, quote, quote */
    dec open_buy, open_sell; /* open quantity of its own orders */
    dec inventory;           /* allotted, not yet booked at a mark */
};

/* Per instrument over all strategies. */
struct instrument_exposure {
    dec position, open_buy, open_sell;
};

struct ledger {
    const struct setup *setup;
    struct balance *balance;              /* [strategies + 1][venues][assets] */
    dec *account;                         /* [venues][assets] */
    struct holding *holding;              /* [strategies][instruments] */
    struct instrument_exposure *exposure; /* [instruments] */
};

/* Books the opening balances and what the strategies have of them. ERR_RANGE where they do not add
 * up. */
enum err ledger_open(struct ledger *l) MUST_CHECK;

struct balance *ledger_balance(const struct ledger *l, strategy_id s, venue_id v, asset_id a);
struct holding *ledger_holding(const struct ledger *l, strategy_id s, instrument_id i);

/* total - reserved, never below zero. */
dec ledger_free(const struct ledger *l, strategy_id s, venue_id v, asset_id a);

/* Opening inventory of instrument [i] enters the positions at [mark]. */
enum err ledger_book_inventory(struct ledger *l, instrument_id i, dec mark) MUST_CHECK;

/* Whether strategy [s] (STRATEGY_NONE: any) holds inventory of instrument [i] not yet booked. */
bool ledger_awaits_mark(const struct ledger *l, strategy_id s, instrument_id i);

/* An order of strategy [s] begins or ceases to bind: its reserve, and its open quantity in the
 * exposures. */
enum err ledger_reserve(struct ledger *l, const struct order *o, dec amount) MUST_CHECK;
enum err ledger_release(struct ledger *l, const struct order *o, dec amount) MUST_CHECK;
enum err ledger_open_qty(struct ledger *l, const struct order *o, dec change) MUST_CHECK;

/* Books a fill. [fee_value] is a third-asset fee in the instrument's quote (else zero); [mark] that
 * of the second home of a cross (setup_is_cross), zero for any other instrument and where there is
 * none: then the cross keeps a position of its own. *ret_realized: the result, in the instrument's
 * quote. */
enum err ledger_fill(struct ledger *l, const struct order *o, const struct event_fill *fill,
                     dec fee_value, dec mark, dec *ret_realized) MUST_CHECK;

#endif

#include "books.h"

#include "base/check.h"
#include "core/internal.h"

static void add(dec *sum, dec x)
{
    CHECK(dec_add(*sum, x, sum));
}

static void check_rows(const struct engine *e)
{
    const struct setup *s = e->setup;
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            dec sum = ledger_balance(&e->ledger, STRATEGY_NONE, v, a)->total;
            CHECK(dec_is_zero(ledger_balance(&e->ledger, STRATEGY_NONE, v, a)->reserved));
            for (strategy_id k = 0; k < s->strategies; k++) {
                const struct balance *b = ledger_balance(&e->ledger, k, v, a);
                CHECK(!dec_is_neg(b->reserved));
                add(&sum, b->total);
            }
            CHECK(dec_eq(sum, e->ledger.account[(size_t)v * s->assets + a]));
        }
}

/* What the open orders of a strategy bind of an asset. */
static dec bound(const struct engine *e, strategy_id k, venue_id v, asset_id a)
{
    dec sum = DEC_ZERO;
    const struct order *o;
    for (uint32_t n = 0; (o = engine_open_order(e, n)) != NULL; n++) {
        const struct instrument *in = &e->setup->instrument[o->req.instrument];
        if (o->strategy == k && in->venue == v &&
            (o->req.side == SIDE_BUY ? in->quote : in->base) == a)
            add(&sum, o->reserved);
    }
    return sum;
}

/* The open quantity on one side. */
static dec open_qty(const struct engine *e, strategy_id k, instrument_id i, enum side side)
{
    dec sum = DEC_ZERO;
    const struct order *o;
    for (uint32_t n = 0; (o = engine_open_order(e, n)) != NULL; n++)
        if (o->strategy == k && o->req.instrument == i && o->req.side == side)
            add(&sum, order_open_qty(o));
    return sum;
}

static void check_orders(const struct engine *e)
{
    const struct order *o;
    for (uint32_t n = 0; (o = engine_open_order(e, n)) != NULL; n++) {
        CHECK(!order_state_is_terminal(o->state) && o->state != ORDER_INTENT);
        CHECK(!dec_is_neg(o->filled_qty) && dec_lt(o->filled_qty, o->req.qty));
        CHECK(!dec_is_neg(o->reserved) && engine_order(e, o->id) == o);
    }
    for (strategy_id k = 0; k < e->setup->strategies; k++)
        for (venue_id v = 0; v < e->setup->venues; v++)
            for (asset_id a = 0; a < e->setup->assets; a++)
                CHECK(dec_eq(ledger_balance(&e->ledger, k, v, a)->reserved, bound(e, k, v, a)));
}

static void check_exposures(const struct engine *e)
{
    for (instrument_id i = 0; i < e->setup->instruments; i++) {
        dec position = DEC_ZERO, buys = DEC_ZERO, sells = DEC_ZERO;
        for (strategy_id k = 0; k < e->setup->strategies; k++) {
            const struct holding *h = ledger_holding(&e->ledger, k, i);
            CHECK(dec_eq(h->open_buy, open_qty(e, k, i, SIDE_BUY)));
            CHECK(dec_eq(h->open_sell, open_qty(e, k, i, SIDE_SELL)));
            CHECK(!dec_is_neg(h->qty) && !dec_is_neg(h->cost));
            add(&position, h->qty);
            add(&buys, h->open_buy);
            add(&sells, h->open_sell);
        }
        const struct instrument_exposure *x = &e->ledger.exposure[i];
        CHECK(dec_eq(x->position, position) && dec_eq(x->open_buy, buys) &&
              dec_eq(x->open_sell, sells));
    }
}

void books_check(const struct engine *e)
{
    check_rows(e);
    check_orders(e);
    check_exposures(e);
}

void books_check_empty(const struct engine *e)
{
    books_check(e);
    CHECK(engine_open_orders(e) == 0);
    for (strategy_id k = 0; k < e->setup->strategies; k++) {
        for (venue_id v = 0; v < e->setup->venues; v++)
            for (asset_id a = 0; a < e->setup->assets; a++)
                CHECK(dec_is_zero(ledger_balance(&e->ledger, k, v, a)->reserved));
        for (instrument_id i = 0; i < e->setup->instruments; i++) {
            const struct holding *h = ledger_holding(&e->ledger, k, i);
            CHECK(dec_is_zero(h->open_buy) && dec_is_zero(h->open_sell));
        }
    }
}

/* dca: buys for a fixed amount at fixed intervals, whatever the price (docs/definitions.md, "dca").
 *
 * It never sells. It loses when the price falls and stays low; a price_ceiling keeps it from buying
 * high, a total from spending more than was meant.
 */
#include "strategy.h"

enum { P_INSTRUMENT, P_INTERVAL, P_AMOUNT, P_CEILING, P_TOTAL };

static const struct param_spec PARAMS[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is bought"},
    [P_INTERVAL] = {.key = "interval",
                    .type = PARAM_DURATION,
                    .flags = PARAM_REQUIRED,
                    .min = "1s",
                    .max = "366d",
                    .help = "time between two purchases, counted from the first"},
    [P_AMOUNT] = {.key = "amount",
                  .type = PARAM_DECIMAL,
                  .flags = PARAM_REQUIRED,
                  .min = "0.000000000000000001",
                  .help = "quote currency for each purchase"},
    [P_CEILING] = {.key = "price_ceiling",
                   .type = PARAM_DECIMAL,
                   .min = "0.000000000000000001",
                   .help = "a purchase is skipped while the price is above; absent: never"},
    [P_TOTAL] = {.key = "total",
                 .type = PARAM_DECIMAL,
                 .min = "0.000000000000000001",
                 .help =
                     "stop before more than this is spent, in quote; absent: the budget ends it"},
    {.key = NULL},
};

struct dca {
    bool begun;
    int64_t first_ns; /* engine time of the first purchase */
    dec spent;        /* price times quantity of all fills */
};

static enum err dca_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

/* Best ask, else last trade; false while the feed is not live. */
static bool buying_price(const struct strategy_view *v, instrument_id i, dec *ret)
{
    struct event_top top;
    dec mark;
    if (view_top(v, i, &top)) {
        *ret = top.ask_price;
        return true;
    }
    return view_mark(v, i, &mark) && view_last(v, i, ret);
}

static void buy(struct dca *d, const struct strategy_view *v, struct intents *out)
{
    const struct params *p = view_params(v);
    instrument_id i = view_first_instrument(v);
    const struct instrument *in = view_instrument(v, i);
    dec amount = p->value[P_AMOUNT].decimal, price, qty, after;
    if (in->rules.status != INSTRUMENT_TRADING || !buying_price(v, i, &price)) {
        intents_note(out, "purchase skipped: no usable price");
        return;
    }
    if (p->value[P_CEILING].present && dec_gt(price, p->value[P_CEILING].decimal)) {
        intents_note(out, "purchase skipped: price above price_ceiling");
        return;
    }
    if (p->value[P_TOTAL].present &&
        (!dec_add(d->spent, amount, &after) || dec_gt(after, p->value[P_TOTAL].decimal))) {
        intents_note(out, "purchase skipped: total would be exceeded");
        return;
    }
    if (!dec_div(amount, price, DEC_DOWN, &qty) ||
        !dec_round_to(qty, in->rules.lot_size, DEC_DOWN, &qty) || !dec_is_pos(qty)) {
        intents_note(out, "purchase skipped: amount is less than one lot");
        return;
    }
    struct order_request q = {
        .instrument = i, .side = SIDE_BUY, .type = ORDER_MARKET, .tif = TIF_IOC, .qty = qty};
    intents_submit(out, &q);
}

static enum err dca_on_event(void *state, const struct strategy_view *v, const struct event *e,
                             struct intents *out)
{
    struct dca *d = state;
    int64_t interval = view_params(v)->value[P_INTERVAL].duration_ns, now = view_now_ns(v);
    if (e->kind == EVENT_FILL) {
        dec gross;
        if (!dec_mul(e->fill.price, e->fill.qty, DEC_UP, &gross) ||
            !dec_add(d->spent, gross, &d->spent))
            return ERR_OVERFLOW;
        return ERR_OK;
    }
    if (!d->begun) {
        dec price;
        if (!buying_price(v, view_first_instrument(v), &price))
            return ERR_OK;
        d->begun = true;
        d->first_ns = now;
    } else if (e->kind != EVENT_TIMER) {
        return ERR_OK;
    }
    buy(d, v, out);
    intents_timer(out, d->first_ns + ((now - d->first_ns) / interval + 1) * interval);
    return ERR_OK;
}

const struct strategy_ops strategy_dca = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "dca",
    .summary = "buys for a fixed amount at fixed intervals",
    .params = PARAMS,
    .subscribes = SUBSCRIBE_TOP | SUBSCRIBE_TRADE,
    .state_size = sizeof(struct dca),
    .init = dca_init,
    .on_event = dca_on_event,
};

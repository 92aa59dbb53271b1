/* Balances, locks, fees and fills: the account as the venue keeps it. */
#include "sim/matching_internal.h"

/* Smallest unit of a fee where the instrument says nothing. */
#define FEE_PRECISION ((dec){(i128)10000000000}) /* 1e-8 */

dec matching_free(const struct matching *m, venue_id v, asset_id a)
{
    const struct account *c = &m->account[v][a];
    return (dec){c->total.v - c->locked.v}; /* 0 <= locked <= total */
}

static struct account *locks_in(struct matching *m, const struct slot *o)
{
    const struct market *k = &m->market[o->instrument];
    return &m->account[k->venue][o->side == SIDE_BUY ? k->quote : k->base];
}

bool matching_lock(struct matching *m, struct slot *o, dec amount)
{
    struct account *c = locks_in(m, o);
    if (amount.v > c->total.v - c->locked.v)
        return false;
    c->locked.v += amount.v;
    o->locked = amount;
    return true;
}

void matching_unlock(struct matching *m, struct slot *o)
{
    locks_in(m, o)->locked.v -= o->locked.v;
    o->locked = DEC_ZERO;
}

static dec fee_precision(const struct market *k, asset_id a)
{
    dec p = a == k->base ? k->rules.base_precision
                         : (a == k->quote ? k->rules.quote_precision : DEC_ZERO);
    return dec_is_pos(p) ? p : FEE_PRECISION;
}

/* One instrument of a conversion: [amount] through its mark, rounded up. */
static bool convert(struct matching *m, instrument_id i, bool divide, dec *amount)
{
    struct matching_market market = {0};
    m->ask_market(m->ctx, i, &market);
    if (!market.mark || !dec_is_pos(*market.mark))
        return false;
    return divide ? dec_div(*amount, *market.mark, DEC_UP, amount)
                  : dec_mul(*amount, *market.mark, DEC_UP, amount);
}

/* Turns an amount of [from] into [to] at mark, through the agent's quote currency. */
static bool value_in(struct matching *m, venue_id v, asset_id from, asset_id to, dec *amount)
{
    if (from == to)
        return true;
    const struct conversion *there = &m->setup->conversion[v][from],
                            *back = &m->setup->conversion[v][to];
    if (!there->known || !back->known)
        return false;
    for (uint8_t n = 0; n < there->steps; n++)
        if (!convert(m, there->instrument[n], there->inverse[n], amount))
            return false;
    for (uint8_t n = back->steps; n-- > 0;)
        if (!convert(m, back->instrument[n], !back->inverse[n], amount))
            return false;
    return true;
}

/* The fee in the venue's third asset; false where it is not to be had there. */
static bool third_asset_fee(struct matching *m, const struct market *k, asset_id received,
                            dec quote_amount, dec rate, dec *ret)
{
    asset_id third = m->setup->venue[k->venue].fee_asset;
    dec fee;
    if (third == ASSET_NONE || third == received)
        return false;
    if (!dec_mul(quote_amount, rate, DEC_UP, &fee) ||
        !value_in(m, k->venue, k->quote, third, &fee) ||
        !dec_round_to(fee, fee_precision(k, third), DEC_CEIL, &fee) ||
        dec_gt(fee, matching_free(m, k->venue, third)))
        return false;
    *ret = fee;
    return true;
}

/* What the fill costs in fees, and in which asset. [received] got [amount]; [quote_amount] is the
 * fill's value. */
static enum err fee_of(struct matching *m, const struct market *k, asset_id received, dec amount,
                       dec quote_amount, enum liquidity l, dec *ret, asset_id *ret_asset)
{
    const struct venue_setup *v = &m->setup->venue[k->venue];
    dec rate = l == LIQUIDITY_MAKER ? v->maker_fee : v->taker_fee, fee = DEC_ZERO;
    *ret_asset = received;
    if (dec_is_zero(rate)) {
        *ret = fee;
        return ERR_OK;
    }
    if (third_asset_fee(m, k, received, quote_amount, rate, &fee)) {
        *ret_asset = v->fee_asset;
        *ret = fee;
        return ERR_OK;
    }
    if (!dec_mul(amount, rate, DEC_UP, &fee) ||
        !dec_round_to(fee, fee_precision(k, received), DEC_CEIL, &fee))
        return ERR_OVERFLOW;
    *ret = dec_min(fee, amount); /* the rounding must not take more than there is */
    return ERR_OK;
}

/* Moves what is paid and what is received; the fee comes after it, from what is there then. */
static enum err book_buy(struct matching *m, struct slot *o, dec cost, dec qty, bool *ret_paid)
{
    const struct market *k = &m->market[o->instrument];
    struct account *quote = &m->account[k->venue][k->quote], *base = &m->account[k->venue][k->base];
    dec rest, received;
    i128 have = quote->total.v - quote->locked.v + o->locked.v;
    *ret_paid = cost.v <= have;
    if (!*ret_paid)
        return ERR_OK;
    if (o->type == ORDER_MARKET)
        rest = dec_sub(o->locked, cost, &rest) ? rest : DEC_ZERO;
    else if (!dec_mul(o->price, (dec){o->open.v - qty.v}, DEC_UP, &rest))
        return ERR_OVERFLOW;
    if (!dec_add(base->total, qty, &received))
        return ERR_OVERFLOW;
    rest = dec_max(DEC_ZERO, dec_min(rest, (dec){have - cost.v}));
    base->total = received;
    quote->total.v -= cost.v;
    quote->locked.v += rest.v - o->locked.v;
    o->locked = rest;
    return ERR_OK;
}

static enum err book_sell(struct matching *m, struct slot *o, dec proceeds, dec qty)
{
    const struct market *k = &m->market[o->instrument];
    struct account *quote = &m->account[k->venue][k->quote], *base = &m->account[k->venue][k->base];
    if (!dec_add(quote->total, proceeds, &quote->total))
        return ERR_OVERFLOW;
    base->total.v -= qty.v; /* qty <= open <= locked */
    base->locked.v -= qty.v;
    o->locked.v -= qty.v;
    return ERR_OK;
}

enum err matching_fill(struct matching *m, struct slot *o, dec price, dec qty, enum liquidity l,
                       int64_t ts_ns, bool *ret_paid)
{
    const struct market *k = &m->market[o->instrument];
    bool buy = o->side == SIDE_BUY, paid = true;
    struct event ev = {.kind = EVENT_FILL,
                       .venue = k->venue,
                       .instrument = o->instrument,
                       .ts_event_ns = ts_ns,
                       .ts_recv_ns = ts_ns,
                       .fill = {.id = o->id, .price = price, .qty = qty, .liquidity = l}};
    dec quote_amount;
    if (!dec_mul(price, qty, buy ? DEC_UP : DEC_DOWN, &quote_amount))
        return ERR_OVERFLOW;
    enum err e =
        buy ? book_buy(m, o, quote_amount, qty, &paid) : book_sell(m, o, quote_amount, qty);
    *ret_paid = paid;
    if (e || !paid)
        return e;
    o->open.v -= qty.v;
    e = fee_of(m, k, buy ? k->base : k->quote, buy ? qty : quote_amount, quote_amount, l,
               &ev.fill.fee, &ev.fill.fee_asset);
    if (e)
        return e;
    m->account[k->venue][ev.fill.fee_asset].total.v -= ev.fill.fee.v; /* at most what is free */
    ev.fill.fill_id = ++m->fills;
    m->sink(m->ctx, &ev);
    return ERR_OK;
}

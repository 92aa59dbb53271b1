/* dca: prices, requests, back-off and text, for both modes. */
#include "dca.h"

bool dca_buying_price(const struct strategy_view *v, dec *ret)
{
    instrument_id i = view_first_instrument(v);
    struct event_top top;
    dec mark;
    if (view_top(v, i, &top)) {
        *ret = top.ask_price;
        return true;
    }
    return view_mark(v, i, &mark) && view_last(v, i, ret);
}

bool dca_selling_price(const struct strategy_view *v, dec *ret)
{
    instrument_id i = view_first_instrument(v);
    struct event_top top;
    dec mark;
    if (view_top(v, i, &top)) {
        *ret = top.bid_price;
        return true;
    }
    return view_mark(v, i, &mark) && view_last(v, i, ret);
}

static bool limit_price(const struct strategy_view *v, dec price, dec *ret)
{
    const struct instrument *in = view_instrument(v, view_first_instrument(v));
    dec part, limit, rests;
    if (!dec_sub(DEC_ONE, dca_decimal(view_params(v), DCA_OFFSET, DEC_ZERO), &part) ||
        !dec_mul(price, part, DEC_FLOOR, &limit) ||
        !dec_round_to(limit, in->rules.tick_size, DEC_FLOOR, &limit))
        return false;
    /* at the ask itself it would take, and be refused for ever */
    if (dca_flag(view_params(v), DCA_POST_ONLY)) {
        if (!dec_sub(price, in->rules.tick_size, &rests) ||
            !dec_round_to(rests, in->rules.tick_size, DEC_UP, &rests))
            return false;
        limit = dec_min(limit, rests);
    }
    *ret = limit;
    return dec_is_pos(limit);
}

enum err dca_buy_request(const struct strategy_view *v, dec amount, dec price, bool market,
                         struct order_request *ret)
{
    static const enum tif TIFS[] = {TIF_GTC, TIF_IOC, TIF_FOK};
    const struct params *p = view_params(v);
    instrument_id i = view_first_instrument(v);
    const struct instrument *in = view_instrument(v, i);
    struct order_request q = {.instrument = i,
                              .side = SIDE_BUY,
                              .type = ORDER_MARKET,
                              .tif = TIF_IOC,
                              .repeat = true}; /* the same again is what this strategy is for */
    if (!market && dca_choice(p, DCA_ORDER_TYPE) == DCA_TYPE_LIMIT) {
        if (!limit_price(v, price, &price))
            return ERR_RANGE;
        q.type = ORDER_LIMIT;
        q.price = price;
        q.tif = TIFS[dca_choice(p, DCA_TIF)];
        q.post_only = dca_flag(p, DCA_POST_ONLY);
    }
    if (!dec_div(amount, price, DEC_DOWN, &q.qty) ||
        !dec_round_to(q.qty, in->rules.lot_size, DEC_DOWN, &q.qty) || !dec_is_pos(q.qty))
        return ERR_RANGE;
    *ret = q;
    return ERR_OK;
}

bool dca_is_tradable(const struct instrument_rules *r, dec qty, dec price)
{
    dec value;
    return dec_is_pos(qty) && dec_ge(qty, r->min_qty) && dec_mul(qty, price, DEC_DOWN, &value) &&
           dec_ge(value, r->min_notional);
}

dec dca_cost(dec price, dec qty)
{
    dec cost;
    return dec_mul(price, qty, DEC_UP, &cost) ? cost : DEC_MAX;
}

int64_t dca_backoff_ns(uint32_t fails, enum reason reason, bool exit)
{
    if (reason == REASON_WOULD_TAKE)
        return DCA_SECOND_NS;
    int64_t unit = exit ? DCA_SECOND_NS : DCA_MINUTE_NS;
    return unit * (fails <= 1 ? 1 : fails == 2 ? 5 : 30);
}

/* ---- text ---- */

struct dca_text dca_text_make(char *out, size_t cap)
{
    CHECK(cap > 0);
    out[0] = 0;
    return (struct dca_text){out, cap - 1};
}

void dca_put(struct dca_text *t, const char *text)
{
    size_t n = strlen(text);
    n = n < t->left ? n : t->left;
    memcpy(t->at, text, n);
    t->at += n;
    t->left -= n;
    *t->at = 0;
}

void dca_put_dec(struct dca_text *t, dec d, unsigned places)
{
    char text[DEC_TEXT_MAX];
    dec_format_places(d, places, DEC_HALF_EVEN, text);
    dca_put(t, text);
}

void dca_put_count(struct dca_text *t, uint64_t n)
{
    char text[DEC_TEXT_MAX];
    dec_format(dec_from_i64((int64_t)n, 0), text);
    dca_put(t, text);
}

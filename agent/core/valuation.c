/* Equity: what is held, at mark, in the agent's quote currency; and the series of its samples. */
#include "core/internal.h"

bool valuation_convert(const struct engine *e, venue_id v, asset_id a, dec amount,
                       enum dec_rounding r, dec *ret)
{
    const struct conversion *c = &e->setup->conversion[v][a];
    if (!c->known)
        return false;
    dec value = amount;
    for (uint32_t i = 0; i < c->steps; i++) {
        const struct market_instrument *m = &e->market.item[c->instrument[i]];
        if (!m->has_mark || !dec_is_pos(m->mark))
            return false;
        if (!(c->inverse[i] ? dec_div(value, m->mark, r, &value)
                            : dec_mul(value, m->mark, r, &value)))
            return false;
    }
    *ret = value;
    return true;
}

bool valuation_equity(const struct engine *e, dec *ret)
{
    const struct setup *s = e->setup;
    dec sum = DEC_ZERO, value;
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            dec amount = e->ledger.account[(size_t)v * s->assets + a];
            if (dec_is_zero(amount))
                continue;
            if (!valuation_convert(e, v, a, amount, DEC_FLOOR, &value) ||
                !dec_add(sum, value, &sum))
                return false;
        }
    *ret = sum;
    return true;
}

bool valuation_strategy_equity(const struct engine *e, const struct strategy_slot *s,
                               strategy_id id, dec *ret)
{
    dec sum = DEC_ZERO, value;
    for (uint32_t i = 0; i < s->holds_count; i++) {
        dec amount = ledger_balance(&e->ledger, id, s->holds[i].venue, s->holds[i].asset)->total;
        if (dec_is_zero(amount))
            continue;
        if (!valuation_convert(e, s->holds[i].venue, s->holds[i].asset, amount, DEC_FLOOR,
                               &value) ||
            !dec_add(sum, value, &sum))
            return false;
    }
    *ret = sum;
    return true;
}

static bool series_add(struct equity_series *s, dec equity)
{
    if (!s->valued) {
        s->valued = true;
        s->start = s->peak = equity;
    }
    s->last = equity;
    if (dec_gt(equity, s->peak))
        s->peak = equity;
    dec fall;
    if (dec_is_pos(s->peak)) {
        if (!dec_sub(s->peak, equity, &fall))
            return false;
        if (dec_is_pos(fall)) {
            dec ratio;
            if (!dec_div(fall, s->peak, DEC_UP, &ratio))
                return false;
            s->max_drawdown = dec_max(s->max_drawdown, ratio);
        }
    }
    return true;
}

enum err valuation_sample_strategy(struct engine *e, strategy_id id)
{
    struct strategy_slot *s = &e->strategy[id];
    dec equity;
    if (!valuation_strategy_equity(e, s, id, &equity))
        return ERR_OK; /* not known yet */
    return series_add(&s->equity, equity) ? ERR_OK : ERR_OVERFLOW;
}

enum err valuation_sample(struct engine *e, int64_t ts_ns, bool all_strategies)
{
    dec equity;
    if (!valuation_equity(e, &equity))
        return ERR_OK;
    bool first = !e->equity.valued;
    if (!series_add(&e->equity, equity))
        return ERR_OVERFLOW;
    int64_t day = (ts_ns - e->setup->risk.day_offset_ns) / NS_DAY;
    bool new_day = first || day != e->day;
    e->day = day;
    if (new_day)
        e->day_start_equity = equity;
    e->high_water = first ? equity : dec_max(e->high_water, equity);
    if (e->on_equity)
        e->on_equity(e->on_equity_ctx, ts_ns, equity);
    if (!all_strategies && !new_day)
        return ERR_OK;
    for (strategy_id id = 0; id < e->setup->strategies; id++) {
        struct strategy_slot *s = &e->strategy[id];
        bool its_first = !s->equity.valued;
        enum err err = valuation_sample_strategy(e, id);
        if (err)
            return err;
        if (!s->equity.valued)
            continue;
        if (new_day || its_first)
            s->day_start_equity = s->equity.last;
        s->high_water = its_first ? s->equity.last : dec_max(s->high_water, s->equity.last);
    }
    return ERR_OK;
}

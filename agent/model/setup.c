#include "model/setup.h"

#include <string.h>

instrument_id setup_find_instrument(const struct setup *s, venue_id venue, const char *symbol)
{
    for (uint32_t i = 0; i < s->instruments; i++)
        if (s->instrument[i].venue == venue && strcmp(s->instrument[i].symbol, symbol) == 0)
            return i;
    return INSTRUMENT_NONE;
}

asset_id setup_find_asset(const struct setup *s, const char *name)
{
    for (uint32_t i = 0; i < s->assets; i++)
        if (strcmp(s->asset[i], name) == 0)
            return (asset_id)i;
    return ASSET_NONE;
}

strategy_id setup_find_strategy(const struct setup *s, const char *name)
{
    for (uint32_t i = 0; i < s->strategies; i++)
        if (strcmp(s->strategy[i].name, name) == 0)
            return (strategy_id)i;
    return STRATEGY_NONE;
}

/* ---- what strategies have at the start ---- */

/* Where a strategy's amount of an asset is kept; NULL where nothing is kept yet. */
static dec *amount_of(const struct setup *s, struct strategy_setup *ss, venue_id venue,
                      asset_id asset)
{
    const struct instrument *first = &s->instrument[ss->instrument[0]];
    if (first->venue == venue && first->quote == asset)
        return &ss->budget;
    if (first->venue == venue && first->base == asset)
        return &ss->inventory;
    for (uint32_t i = 0; i < ss->funds; i++)
        if (ss->fund[i].venue == venue && ss->fund[i].asset == asset)
            return &ss->fund[i].amount;
    return NULL;
}

static uint32_t add_once(struct allotment *list, uint32_t n, venue_id venue, asset_id asset)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i].venue == venue && list[i].asset == asset)
            return n;
    list[n] = (struct allotment){.venue = venue, .asset = asset};
    return n + 1;
}

uint32_t setup_allotments(const struct setup *s, strategy_id id,
                          struct allotment ret[STRATEGY_ASSETS_MAX])
{
    const struct strategy_setup *ss = &s->strategy[id];
    uint32_t n = 0;
    for (uint32_t k = 0; k < ss->instruments; k++) {
        const struct instrument *in = &s->instrument[ss->instrument[k]];
        n = add_once(ret, n, in->venue, in->base);
        n = add_once(ret, n, in->venue, in->quote);
    }
    if (n == 0)
        return 0;
    const struct instrument *first = &s->instrument[ss->instrument[0]];
    for (uint32_t i = 0; i < n; i++) {
        if (ret[i].venue == first->venue && ret[i].asset == first->quote)
            ret[i].amount = ss->budget;
        else if (ret[i].venue == first->venue && ret[i].asset == first->base)
            ret[i].amount = ss->inventory;
        for (uint32_t k = 0; k < ss->funds; k++)
            if (ret[i].venue == ss->fund[k].venue && ret[i].asset == ss->fund[k].asset)
                ret[i].amount = ss->fund[k].amount;
    }
    return n;
}

bool setup_set_allotment(struct setup *s, strategy_id id, venue_id venue, asset_id asset,
                         dec amount)
{
    struct allotment may[STRATEGY_ASSETS_MAX];
    uint32_t n = setup_allotments(s, id, may), i = 0;
    while (i < n && (may[i].venue != venue || may[i].asset != asset))
        i++;
    if (i == n)
        return false;
    struct strategy_setup *ss = &s->strategy[id];
    dec *at = amount_of(s, ss, venue, asset);
    if (at)
        *at = amount;
    else
        ss->fund[ss->funds++] =
            (struct allotment){.venue = venue, .asset = asset, .amount = amount};
    return true;
}

/* The strategy's instrument of an asset against [quote]. */
static instrument_id find_pair(const struct setup *s, const struct strategy_setup *ss,
                               venue_id venue, asset_id asset, asset_id quote)
{
    for (uint32_t k = 0; k < ss->instruments; k++) {
        const struct instrument *in = &s->instrument[ss->instrument[k]];
        if (in->venue == venue && in->base == asset && (quote == ASSET_NONE || in->quote == quote))
            return ss->instrument[k];
    }
    return INSTRUMENT_NONE;
}

bool setup_is_cross(const struct setup *s, strategy_id id, instrument_id i, instrument_id home[2])
{
    const struct strategy_setup *ss = &s->strategy[id];
    const struct instrument *in = &s->instrument[i];
    if (ss->instruments < 3 || in->base == s->quote || in->quote == s->quote)
        return false;
    instrument_id base = find_pair(s, ss, in->venue, in->base, s->quote),
                  quote = find_pair(s, ss, in->venue, in->quote, s->quote);
    if (base == INSTRUMENT_NONE || quote == INSTRUMENT_NONE)
        return false;
    home[0] = base;
    home[1] = quote;
    return true;
}

instrument_id setup_inventory_instrument(const struct setup *s, strategy_id id, venue_id venue,
                                         asset_id asset)
{
    const struct strategy_setup *ss = &s->strategy[id];
    instrument_id home[2];
    if (ss->instruments == 0)
        return INSTRUMENT_NONE;
    const struct instrument *first = &s->instrument[ss->instrument[0]];
    if (first->venue == venue && first->quote == asset &&
        !setup_is_cross(s, id, ss->instrument[0], home))
        return INSTRUMENT_NONE;
    instrument_id found = find_pair(s, ss, venue, asset, s->quote);
    return found == INSTRUMENT_NONE ? find_pair(s, ss, venue, asset, ASSET_NONE) : found;
}

/* ---- conversions ---- */

/* Finds an instrument that turns [from] into [to]; those of [venue] first. */
static bool find_step(const struct setup *s, venue_id venue, asset_id from, asset_id to,
                      instrument_id *ret, bool *inverse)
{
    for (int own_venue = 1; own_venue >= 0; own_venue--)
        for (uint32_t i = 0; i < s->instruments; i++) {
            const struct instrument *in = &s->instrument[i];
            if ((in->venue == venue) != (own_venue == 1))
                continue;
            if ((in->base == from && in->quote == to) || (in->quote == from && in->base == to)) {
                *ret = i;
                *inverse = in->quote == from;
                return true;
            }
        }
    return false;
}

static struct conversion resolve(const struct setup *s, venue_id venue, asset_id asset)
{
    struct conversion c = {.known = true};
    if (asset == s->quote)
        return c;
    if (find_step(s, venue, asset, s->quote, &c.instrument[0], &c.inverse[0])) {
        c.steps = 1;
        return c;
    }
    for (asset_id mid = 0; mid < s->assets; mid++)
        if (mid != asset && mid != s->quote &&
            find_step(s, venue, asset, mid, &c.instrument[0], &c.inverse[0]) &&
            find_step(s, venue, mid, s->quote, &c.instrument[1], &c.inverse[1])) {
            c.steps = 2;
            return c;
        }
    return (struct conversion){.known = false};
}

void setup_resolve_conversions(struct setup *s)
{
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++)
            s->conversion[v][a] = resolve(s, v, a);
}

bool alert_of_signer(enum alert_of a)
{
    return a == ALERT_OF_SIGNER_SEALED || a == ALERT_OF_SIGNER_LOST;
}

const char *alert_of_name(enum alert_of a)
{
    switch (a) {
    case ALERT_OF_PRICE: return "price";
    case ALERT_OF_CHANGE: return "change";
    case ALERT_OF_SPREAD: return "spread";
    case ALERT_OF_RSI: return "rsi";
    case ALERT_OF_EMA_CROSS: return "ema_cross";
    case ALERT_OF_BALANCE: return "balance";
    case ALERT_OF_EQUITY: return "equity";
    case ALERT_OF_DRAWDOWN: return "drawdown";
    case ALERT_OF_FIGURE: return "figure";
    case ALERT_OF_SIGNER_SEALED: return "signer_sealed";
    case ALERT_OF_SIGNER_LOST: return "signer_lost";
    }
    return "?";
}

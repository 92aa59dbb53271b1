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

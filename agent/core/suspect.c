#include "core/suspect.h"

#include "base/check.h"
#include "core/extremes.h"
#include "core/internal.h"

/* Prices within are near enough to what they are compared with. */
struct band {
    dec low, high;
};

struct slot {
    const struct price_guard_setup *set; /* NULL: anything is believed */
    struct extremes trusted;             /* prices of the window */
    bool known;                          /* there is a trusted price */
    bool alone; /* [band] is that of the newest trusted price, older than the window */
    dec newest; /* trusted */
    dec low, high;
    struct band band;
    /* while the newest price is suspect: the price it jumped to */
    bool suspect;
    struct band jumped;
    int64_t since_ns;
    uint32_t updates;
};

struct suspect {
    uint32_t count;
    struct slot slot[];
};

size_t suspect_size(const struct setup *s)
{
    return sizeof(struct suspect) + s->instruments * sizeof(struct slot);
}

bool suspect_init(struct suspect *x, const struct setup *s)
{
    bool any = false;
    x->count = s->instruments;
    for (uint32_t i = 0; i < s->instruments; i++) {
        const struct price_guard_setup *p = &s->price_guard[i];
        any |= p->has_max_jump || p->has_max_deviation;
        if (!p->has_max_jump)
            continue;
        x->slot[i].set = p;
        extremes_init(&x->slot[i].trusted, p->jump_window_ns);
    }
    return any;
}

bool suspect_is(const struct suspect *x, instrument_id i)
{
    CHECK(i < x->count);
    return x->slot[i].suspect;
}

/* Above low x (1 + jump) and below high x (1 - jump) is a jump. Where that cannot be computed there
 * is no bound. */
static struct band around(dec low, dec high, dec jump)
{
    struct band b = {DEC_ZERO, {DEC_I128_MAX}};
    dec span, bound;
    if (dec_mul(low, jump, DEC_UP, &span) && dec_add(low, span, &bound))
        b.high = bound;
    if (dec_mul(high, jump, DEC_UP, &span) && dec_sub(high, span, &bound))
        b.low = bound;
    return b;
}

static bool within(const struct band *b, dec price)
{
    return dec_ge(price, b->low) && dec_le(price, b->high);
}

/* Makes the band of the trusted prices that are still in the window; of the newest one where none
 * is. */
static void make_band(struct slot *s)
{
    s->alone = !extremes_range(&s->trusted, &s->low, &s->high);
    if (s->alone)
        s->low = s->high = s->newest;
    s->band = around(s->low, s->high, s->set->max_jump);
}

static void trust(struct slot *s, dec price)
{
    extremes_add(&s->trusted, price);
    bool inside = s->known && !s->alone && dec_ge(price, s->low) && dec_le(price, s->high);
    s->known = true;
    s->newest = price;
    if (!inside)
        make_band(s);
}

static void tell(struct engine *e, instrument_id i, bool suspect, dec limit, dec price)
{
    struct effect *fx = engine_effect(e, EFFECT_GUARD, STRATEGY_NONE);
    if (fx)
        fx->guard = (struct effect_guard){.reason = REASON_PRICE_JUMP,
                                          .instrument = i,
                                          .locked = suspect,
                                          .limit = limit,
                                          .value = price};
}

/* The price is no longer suspect: nothing older than it is to compare with when it was confirmed.
 */
static void believe(struct engine *e, instrument_id i, dec price, bool confirmed)
{
    struct slot *s = &e->suspect->slot[i];
    if (confirmed)
        extremes_clear(&s->trusted);
    s->suspect = false;
    trust(s, price);
    if (confirmed)
        make_band(s);
    tell(e, i, false, DEC_ZERO, price);
}

static void begin(struct slot *s, dec price, int64_t now_ns)
{
    s->suspect = true;
    s->jumped = around(price, price, s->set->max_jump);
    s->since_ns = now_ns;
    s->updates = 1;
}

void suspect_price(struct engine *e, instrument_id i, dec price)
{
    struct slot *s = &e->suspect->slot[i];
    if (!s->set)
        return;
    if (extremes_advance(&s->trusted, e->now_ns) && s->known)
        make_band(s);
    if (!s->known) {
        trust(s, price);
    } else if (within(&s->band, price)) {
        if (s->suspect)
            believe(e, i, price, false);
        else
            trust(s, price);
    } else if (!s->suspect) {
        begin(s, price, e->now_ns);
        tell(e, i, true, dec_gt(price, s->band.high) ? s->band.high : s->band.low, price);
    } else if (!within(&s->jumped, price)) {
        begin(s, price, e->now_ns);
    } else if (++s->updates >= JUMP_UPDATES && e->now_ns - s->since_ns >= s->set->jump_confirm_ns) {
        believe(e, i, price, true);
    }
}

/* A source that is not live, or has no price of late, contradicts nothing. */
static bool speaks(const struct engine *e, const struct market_instrument *m)
{
    const struct risk_setup *r = &e->setup->risk;
    return m->feed == FEED_LIVE && m->has_reference && dec_is_pos(m->mark) &&
           !(r->has_max_reference_age && e->now_ns - m->reference_ns > r->max_reference_age_ns);
}

bool suspect_allows(const struct engine *e, instrument_id i, struct denial *why)
{
    const struct price_guard_setup *p = &e->setup->price_guard[i];
    const struct slot *s = &e->suspect->slot[i];
    const struct market_instrument *own = &e->market.item[i];
    if (s->suspect) {
        dec limit = dec_gt(own->mark, s->band.high) ? s->band.high : s->band.low;
        *why = (struct denial){.reason = REASON_PRICE_JUMP, .limit = limit, .value = own->mark};
        return false;
    }
    if (!p->has_max_deviation)
        return true;
    const struct market_instrument *other = &e->market.item[p->cross_check];
    if (!speaks(e, other))
        return true;
    dec apart, ratio;
    if (!dec_sub(own->mark, other->mark, &apart) ||
        !dec_div(dec_abs(apart), other->mark, DEC_UP, &ratio)) {
        *why = (struct denial){.reason = REASON_OVERFLOW, .value = own->mark};
        return false;
    }
    if (dec_le(ratio, p->max_deviation))
        return true;
    *why =
        (struct denial){.reason = REASON_CROSS_SOURCE, .limit = p->max_deviation, .value = ratio};
    return false;
}

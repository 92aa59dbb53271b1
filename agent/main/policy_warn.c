#include "main/policy_warn.h"

#include <stdarg.h>
#include <stdio.h>

#define LONG_VALIDITY_MS 5000u
#define WIDE_SKEW_MS     2000u
#define WIDE_RATIO       10

#define ORDERS (POLICY_ORDER | POLICY_CANCEL_REPLACE)
#define TRADES (ORDERS | POLICY_CANCEL | POLICY_CANCEL_ALL)

/* What the key's operations need a symbol for. */
#define WITH_SYMBOL (TRADES | POLICY_QUERY)

__attribute__((format(printf, 3, 4))) static void say(struct policy_warnings *w, const char *where,
                                                      const char *format, ...)
{
    char text[POLICY_WARNING_MAX];
    if (w->count++ >= POLICY_WARNINGS_MAX)
        return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    char *to = w->text[w->count - 1];
    if (snprintf(to, POLICY_WARNING_MAX, "%s: %s", where, text) >= POLICY_WARNING_MAX)
        memcpy(to + POLICY_WARNING_MAX - 4, "...", 4);
}

static void warn_types(const struct policy_key *k, struct policy_warnings *w)
{
    if (!(k->ops & ORDERS))
        return;
    if (!k->types)
        say(w, k->label, "orders are allowed, but no order type: none can be signed");
    if (!k->rate)
        say(w, k->label, "orders are allowed, but none a minute: none can be signed");
    if (k->types >> WIRE_MARKET & 1)
        say(w, k->label,
            "market orders are allowed: they fill at any price, price_floor and price_ceiling do "
            "not hold them; a thin or manipulated book can take all that a day allows");
    if (k->replays == 1)
        say(w, k->label,
            "replays = 1 says that you know the venue to refuse a signed order that comes again. "
            "Binance takes it again once the first one was filled: the limits then hold for one "
            "fill of each order, not for all of them");
}

static void warn_operations(const struct policy_key *k, struct policy_warnings *w)
{
    if (k->ops & POLICY_STREAM && k->ops & TRADES)
        say(w, k->label,
            "stream is for keys of class stream, orders and cancels are for class trade: no key "
            "can do both");
    if (k->ops & POLICY_ACCOUNT && k->ops & TRADES)
        say(w, k->label,
            "account with a key that trades: over REST it is a signed bare timestamp, which opens "
            "every address of the venue that needs no parameter; give it to a stream key");
    if (k->ops & POLICY_QUERY && k->ops & TRADES &&
        (k->ops & (POLICY_CANCEL | POLICY_CANCEL_ALL)) != (POLICY_CANCEL | POLICY_CANCEL_ALL))
        say(w, k->label,
            "query without cancel and cancel-all: queries of a trade key have the signature of the "
            "cancel, some or all of them are refused");
    if (k->ops & WITH_SYMBOL && !k->instruments)
        say(w, k->label, "it has no instrument: nothing that has a symbol can be signed");
    if (!(k->ops & ORDERS) && k->types)
        say(w, k->label, "it has order types, but operations allow no order");
}

static void warn_times(const struct policy_key *k, struct policy_warnings *w)
{
    if (k->window_ms > LONG_VALIDITY_MS)
        say(w, k->label,
            "max_validity is above %u s: so long whoever holds a signed request can send it again",
            LONG_VALIDITY_MS / 1000);
    if (k->skew_ms > WIDE_SKEW_MS)
        say(w, k->label,
            "max_clock_skew is above %u s: a timestamp in the future makes a request valid for so "
            "much longer",
            WIDE_SKEW_MS / 1000);
}

/* An order of the largest size counts so often that the hour or day has no room for it. */
static void warn_cap(const char *where, const char *what, const char *window, dec order, dec sum,
                     uint32_t replays, struct policy_warnings *w)
{
    dec counted;
    char text[DEC_TEXT_MAX], most[DEC_TEXT_MAX];
    dec fits = sum;
    if (dec_mul_int(order, replays, &counted) && dec_le(counted, sum))
        return;
    if (!dec_div(sum, dec_from_i64(replays, 0), DEC_DOWN, &fits))
        return;
    dec_format(sum, text);
    dec_format(fits, most);
    say(w, where,
        "no order can have the largest %s: it counts %u times (replays) and a%s allows %s; the "
        "largest that fits is %s",
        what, replays, window, text, most);
}

static void warn_instrument(const struct policy_key *k, const struct policy_instrument *i,
                            struct policy_warnings *w)
{
    char where[WIRE_LABEL_MAX + WIRE_SYMBOL_MAX + 1];
    dec wide;
    if (!(k->ops & ORDERS))
        return;
    snprintf(where, sizeof where, "%s %s", k->label, i->symbol);
    warn_cap(where, "base", "n hour", i->order_base, i->hour_base, k->replays, w);
    warn_cap(where, "base", " day", i->order_base, i->day_base, k->replays, w);
    warn_cap(where, "value", "n hour", i->order_value, i->hour_value, k->replays, w);
    warn_cap(where, "value", " day", i->order_value, i->day_value, k->replays, w);
    if (dec_mul_int(i->floor, WIDE_RATIO, &wide) && dec_gt(i->ceiling, wide))
        say(w, where,
            "price_ceiling is more than %d times price_floor: an order far from the market's price "
            "is not stopped",
            WIDE_RATIO);
}

void policy_warn(const struct policy *p, struct policy_warnings *ret)
{
    ret->count = 0;
    for (uint32_t n = 0; n < p->keys; n++) {
        const struct policy_key *k = &p->key[n];
        warn_types(k, ret);
        warn_operations(k, ret);
        warn_times(k, ret);
        for (uint32_t i = k->first; i < k->first + k->instruments; i++)
            warn_instrument(k, &p->instrument[i], ret);
    }
}

#include "wallet/policy_diff.h"

#include "wallet/policy_words.h"

#include <stdarg.h>
#include <stdio.h>

struct diff {
    struct policy_changes n;
    policy_change_fn *tell;
    void *arg;
    char where[WIRE_LABEL_MAX + WIRE_SYMBOL_MAX + 1]; /* "trade-1", "trade-1 BTC-USDT" */
};

__attribute__((format(printf, 3, 4))) static void tell(struct diff *d, enum policy_direction way,
                                                       const char *format, ...)
{
    char line[POLICY_CHANGE_MAX], text[POLICY_CHANGE_MAX - sizeof d->where - 2];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    snprintf(line, sizeof line, "%s: %s", d->where, text);
    if (way == POLICY_LOOSER)
        d->n.looser++;
    else
        d->n.tighter++;
    d->tell(d->arg, way, line);
}

/* ---- fields ---- */

/* A number of which more means that more may be signed; [less] where it is the other way round. */
static void number(struct diff *d, const char *name, const char *unit, uint32_t before,
                   uint32_t after, bool less)
{
    if (before == after)
        d->n.same++;
    else
        tell(d, (after > before) != less ? POLICY_LOOSER : POLICY_TIGHTER, "%s %u -> %u%s", name,
             before, after, unit);
}

static void amount(struct diff *d, const char *name, dec before, dec after)
{
    char a[DEC_TEXT_MAX], b[DEC_TEXT_MAX];
    dec_format(before, a);
    dec_format(after, b);
    if (dec_eq(before, after))
        d->n.same++;
    else
        tell(d, dec_gt(after, before) ? POLICY_LOOSER : POLICY_TIGHTER, "%s %s -> %s", name, a, b);
}

static void bits(struct diff *d, const char *name, unsigned before, unsigned after,
                 const char *(*words)(unsigned, char[static POLICY_WORDS_MAX]))
{
    char text[POLICY_WORDS_MAX];
    if (before == after)
        d->n.same++;
    if (after & ~before)
        tell(d, POLICY_LOOSER, "%s: %s added", name, words(after & ~before, text));
    if (before & ~after)
        tell(d, POLICY_TIGHTER, "%s: %s taken away", name, words(before & ~after, text));
}

/* Both bounds hold one side of the orders and value all of them. */
static void floor_of(struct diff *d, dec before, dec after, bool market)
{
    char a[DEC_TEXT_MAX], b[DEC_TEXT_MAX];
    dec_format(before, a);
    dec_format(after, b);
    if (dec_eq(before, after)) {
        d->n.same++;
        return;
    }
    bool up = dec_gt(after, before);
    tell(d, up ? POLICY_TIGHTER : POLICY_LOOSER, "price_floor %s -> %s: sells", a, b);
    if (market)
        tell(d, up ? POLICY_LOOSER : POLICY_TIGHTER,
             "price_floor %s -> %s: a market buy counts for %s base", a, b, up ? "less" : "more");
}

static void ceiling_of(struct diff *d, dec before, dec after)
{
    char a[DEC_TEXT_MAX], b[DEC_TEXT_MAX];
    dec_format(before, a);
    dec_format(after, b);
    if (dec_eq(before, after)) {
        d->n.same++;
        return;
    }
    bool up = dec_gt(after, before);
    tell(d, up ? POLICY_LOOSER : POLICY_TIGHTER, "price_ceiling %s -> %s: buys", a, b);
    tell(d, up ? POLICY_TIGHTER : POLICY_LOOSER,
         "price_ceiling %s -> %s: the values of all orders count %s", a, b,
         up ? "higher" : "lower");
}

/* ---- instruments ---- */

static void here(struct diff *d, const struct policy_key *k, const struct policy_instrument *i)
{
    snprintf(d->where, sizeof d->where, "%s%s%s", k->label, i ? " " : "", i ? i->symbol : "");
}

static void whole_instrument(struct diff *d, enum policy_direction way,
                             const struct policy_instrument *i)
{
    char base[DEC_TEXT_MAX], value[DEC_TEXT_MAX];
    dec_format(i->day_base, base);
    dec_format(i->day_value, value);
    tell(d, way, "%s: a day %s of base, %s in value",
         way == POLICY_LOOSER ? "new instrument" : "instrument removed", base, value);
}

static void instrument(struct diff *d, const struct policy_instrument *a,
                       const struct policy_instrument *b, bool market)
{
    floor_of(d, a->floor, b->floor, market);
    ceiling_of(d, a->ceiling, b->ceiling);
    amount(d, "max_base_per_order", a->order_base, b->order_base);
    amount(d, "max_value_per_order", a->order_value, b->order_value);
    amount(d, "max_base_per_hour", a->hour_base, b->hour_base);
    amount(d, "max_value_per_hour", a->hour_value, b->hour_value);
    amount(d, "max_base_per_day", a->day_base, b->day_base);
    amount(d, "max_value_per_day", a->day_value, b->day_value);
}

/* Both are sorted; a symbol that is written otherwise is another one. */
static void instruments(struct diff *d, const struct policy *before, const struct policy_key *a,
                        const struct policy *after, const struct policy_key *b)
{
    const struct policy_instrument *x = before->instrument + a->first, *x_end = x + a->instruments;
    const struct policy_instrument *y = after->instrument + b->first, *y_end = y + b->instruments;
    bool market = (a->types | b->types) >> WIRE_MARKET & 1;
    while (x < x_end || y < y_end) {
        int order = x == x_end ? 1 : y == y_end ? -1 : policy_compare_symbols(x->symbol, y->symbol);
        bool same = order == 0 && strcmp(x->symbol, y->symbol) == 0;
        here(d, a, order > 0 ? y : x);
        if (same)
            instrument(d, x, y, market);
        else if (order <= 0)
            whole_instrument(d, POLICY_TIGHTER, x);
        if (order == 0 && !same)
            here(d, a, y);
        if (order >= 0 && !same)
            whole_instrument(d, POLICY_LOOSER, y);
        x += order <= 0;
        y += order >= 0;
    }
}

/* ---- keys ---- */

static void whole_key(struct diff *d, enum policy_direction way, const struct policy *p,
                      const struct policy_key *k)
{
    char ops[POLICY_WORDS_MAX], types[POLICY_WORDS_MAX];
    here(d, k, NULL);
    tell(d, way, "%s, on %s: %s; orders: %s", way == POLICY_LOOSER ? "new key" : "key removed",
         k->network, policy_op_words(k->ops, ops), policy_type_words(k->types, types));
    for (uint32_t i = k->first; i < k->first + k->instruments; i++) {
        here(d, k, &p->instrument[i]);
        whole_instrument(d, way, &p->instrument[i]);
    }
}

static void key(struct diff *d, const struct policy *before, const struct policy_key *a,
                const struct policy *after, const struct policy_key *b)
{
    here(d, a, NULL);
    if (strcmp(a->network, b->network) != 0) {
        tell(d, POLICY_LOOSER, "network %s added", b->network);
        tell(d, POLICY_TIGHTER, "network %s taken away", a->network);
    } else {
        d->n.same++;
    }
    bits(d, "operations", a->ops, b->ops, policy_op_words);
    bits(d, "order_types", a->types, b->types, policy_type_words);
    number(d, "max_validity", " ms", a->window_ms, b->window_ms, false);
    number(d, "max_clock_skew", " ms", a->skew_ms, b->skew_ms, false);
    number(d, "max_orders_per_minute", "", a->rate, b->rate, false);
    number(d, "replays", "", a->replays, b->replays, true);
    instruments(d, before, a, after, b);
}

struct policy_changes policy_diff(const struct policy *before, const struct policy *after,
                                  policy_change_fn *tell_change, void *arg)
{
    struct diff d = {.tell = tell_change, .arg = arg};
    uint32_t x = 0, y = 0;
    while (x < before->keys || y < after->keys) {
        const struct policy_key *a = &before->key[x], *b = &after->key[y];
        int order = x == before->keys ? 1 : y == after->keys ? -1 : strcmp(a->label, b->label);
        if (order == 0)
            key(&d, before, a, after, b);
        else if (order < 0)
            whole_key(&d, POLICY_TIGHTER, before, a);
        else
            whole_key(&d, POLICY_LOOSER, after, b);
        x += order <= 0;
        y += order >= 0;
    }
    return d.n;
}

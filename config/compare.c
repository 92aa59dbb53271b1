#include "config/compare.h"

#include "base/check.h"
#include "config/schema.h"
#include "config/value.h"
#include "strategies/strategy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

static struct config_change *add(struct config_changes *c, bool live, const char *where,
                                 const char *key)
{
    static struct config_change beyond; /* written, never read */
    *(live ? &c->live : &c->fixed) += 1;
    struct config_change *one = c->count < COMPARE_ITEMS_MAX ? &c->item[c->count++] : &beyond;
    *one = (struct config_change){.live = live, .strategy = STRATEGY_NONE};
    snprintf(one->where, sizeof one->where, "%s", where);
    snprintf(one->key, sizeof one->key, "%s", key);
    return one;
}

static void add_texts(struct config_changes *c, const char *where, const char *key, const char *was,
                      const char *is)
{
    struct config_change *one = add(c, false, where, key);
    snprintf(one->was, sizeof one->was, "%s", was);
    snprintf(one->is, sizeof one->is, "%s", is);
}

static const char *put(char *out, const char *text)
{
    snprintf(out, COMPARE_TEXT_MAX, "%s", text);
    return out;
}

/* ---- keys of the schema ---- */

static const char *choice_text(const char *choices, uint32_t n, char *out)
{
    for (; n > 0 && choices && *choices; choices++)
        n -= *choices == '|';
    size_t len = choices ? strcspn(choices, "|") : 0;
    snprintf(out, COMPARE_TEXT_MAX, "%.*s", (int)len, choices ? choices : "");
    return out;
}

/* The value of [k] in [base], a part of setup [s], as a person would write it. */
static const char *key_text(const struct setup *s, const struct key_spec *k, const void *base,
                            char *out)
{
    const char *at = (const char *)base + k->offset;
    dec d;
    int64_t ns;
    uint64_t wide = 0;
    uint32_t n = 0;
    asset_id a;
    if (k->has_offset && !*(const bool *)((const char *)base + k->has_offset))
        return put(out, "absent");
    switch (k->type) {
    case KEY_DECIMAL:
        memcpy(&d, at, sizeof d);
        dec_format(d, out);
        return out;
    case KEY_INTEGER:
        if (k->size == sizeof n) {
            memcpy(&n, at, sizeof n);
            wide = n;
        } else {
            memcpy(&wide, at, sizeof wide);
        }
        snprintf(out, COMPARE_TEXT_MAX, "%llu", (unsigned long long)wide);
        return out;
    case KEY_BOOL: return put(out, *(const bool *)at ? "true" : "false");
    case KEY_CHOICE: /* enums that count from 1 */
        memcpy(&n, at, sizeof n);
        return choice_text(k->choices, n ? n - 1 : 0, out);
    case KEY_DURATION: memcpy(&ns, at, sizeof ns); return duration_format(ns, out);
    case KEY_ASSET:
        memcpy(&a, at, sizeof a);
        snprintf(out, COMPARE_TEXT_MAX, "%s", a < s->assets ? s->asset[a] : "absent");
        return out;
    case KEY_NAME:
    case KEY_TAG:
    case KEY_SYMBOL:
    case KEY_PATH:
    case KEY_URL:
    case KEY_TEXT:
    case KEY_INSTRUMENT: snprintf(out, COMPARE_TEXT_MAX, "%s", at); return out;
    case KEY_SCHEDULE:
    case KEY_TABLE: break;
    }
    return put(out, "");
}

static void compare_keys(struct config_changes *c, const char *where, const struct section *sec,
                         const struct setup *was, const void *a, const struct setup *is,
                         const void *b)
{
    char x[COMPARE_TEXT_MAX], y[COMPARE_TEXT_MAX];
    for (const struct key_spec *k = sec->keys; k->key; k++) {
        if (k->type == KEY_TABLE || k->type == KEY_SCHEDULE || k->flags & KEY_LIST ||
            k->offset == KEY_NOT_STORED)
            continue;
        if (strcmp(key_text(was, k, a, x), key_text(is, k, b, y)) != 0)
            add_texts(c, where, k->key, x, y);
    }
}

/* ---- parameters ---- */

static void append(char *out, const char *text)
{
    size_t n = strlen(out);
    snprintf(out + n, COMPARE_TEXT_MAX - n, "%s", text);
}

static const char *list_text(const struct param_list *l, bool decimals, char *out)
{
    put(out, "[");
    for (uint32_t i = 0; i < l->count; i++) {
        char one[DEC_TEXT_MAX];
        if (decimals)
            dec_format(l->decimal[i], one);
        else
            duration_format(l->duration_ns[i], one);
        append(out, i ? ", " : "");
        append(out, one);
    }
    append(out, "]");
    return out;
}

static const char *param_text(const struct setup *s, const struct param_spec *spec,
                              const struct params *p, uint32_t i, char *out)
{
    const struct param_value *v = &p->value[i];
    if (!v->present)
        return put(out, "absent");
    switch (spec[i].type) {
    case PARAM_DECIMAL: dec_format(v->decimal, out); return out;
    case PARAM_INTEGER: snprintf(out, COMPARE_TEXT_MAX, "%lld", (long long)v->integer); return out;
    case PARAM_BOOL: return put(out, v->boolean ? "true" : "false");
    case PARAM_CHOICE: return choice_text(spec[i].choices, v->choice, out);
    case PARAM_DURATION: return duration_format(v->duration_ns, out);
    case PARAM_INSTRUMENT:
        snprintf(out, COMPARE_TEXT_MAX, "%s@%s", s->instrument[v->instrument].symbol,
                 s->venue[s->instrument[v->instrument].venue].name);
        return out;
    case PARAM_DECIMALS: return list_text(params_list(p, i), true, out);
    case PARAM_DURATIONS: return list_text(params_list(p, i), false, out);
    }
    return put(out, "");
}

static void compare_params(struct config_changes *c, const char *where, const struct setup *was,
                           const struct params *a, const struct setup *is, strategy_id s)
{
    const struct strategy_setup *b = &is->strategy[s];
    const struct param_spec *spec = b->ops->params;
    for (uint16_t i = 0; spec[i].key; i++) {
        char x[COMPARE_TEXT_MAX], y[COMPARE_TEXT_MAX];
        param_text(was, spec, a, i, x);
        param_text(is, spec, &b->params, i, y);
        /* an instrument by its name: its number may be another's there */
        bool same = spec[i].type == PARAM_INSTRUMENT ? strcmp(x, y) == 0
                                                     : params_same(spec, i, a, &b->params);
        if (same)
            continue;
        struct config_change *one = add(c, spec[i].flags & PARAM_LIVE, where, spec[i].key);
        one->strategy = s;
        one->index = i;
        memcpy(one->was, x, sizeof x);
        memcpy(one->is, y, sizeof y);
    }
}

void config_change_event(const struct setup *is, strategy_id s, uint16_t index, struct event *ret)
{
    const struct strategy_setup *ss = &is->strategy[s];
    memset(&ret->param, 0, sizeof ret->param);
    ret->kind = EVENT_PARAM;
    ret->param.strategy = s;
    ret->param.index = index;
    ret->param.type = ss->ops->params[index].type;
    ret->param.present = ss->params.value[index].present;
    if (!ret->param.present)
        return;
    if (ret->param.type == PARAM_DECIMALS || ret->param.type == PARAM_DURATIONS)
        ret->param.list = *params_list(&ss->params, index);
    else
        ret->param.value = ss->params.value[index];
    ret->param.value.given = false;
}

/* ---- the parts ---- */

__attribute__((format(printf, 2, 3))) static const char *named(char *out, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(out, COMPARE_TEXT_MAX, format, ap);
    va_end(ap);
    return out;
}

static uint32_t find_venue(const struct setup *s, const char *name)
{
    uint32_t v = 0;
    while (v < s->venues && strcmp(s->venue[v].name, name) != 0)
        v++;
    return v;
}

static uint32_t find_instrument(const struct setup *s, const struct setup *of,
                                const struct instrument *in)
{
    uint32_t v = find_venue(s, of->venue[in->venue].name);
    instrument_id i =
        v < s->venues ? setup_find_instrument(s, (venue_id)v, in->symbol) : INSTRUMENT_NONE;
    return i == INSTRUMENT_NONE ? s->instruments : i;
}

static bool balance_of(const struct setup *s, const char *venue, const char *asset, dec *ret)
{
    for (uint32_t i = 0; i < s->balances; i++)
        if (strcmp(s->venue[s->balance[i].venue].name, venue) == 0 &&
            strcmp(s->asset[s->balance[i].asset], asset) == 0) {
            *ret = s->balance[i].amount;
            return true;
        }
    return false;
}

/* Those of [a] that [b] has otherwise; those that only [b] has are left to the call the other way
 * round, with [added]. */
static void compare_balances(struct config_changes *c, const struct setup *a, const struct setup *b,
                             bool added)
{
    for (uint32_t i = 0; i < a->balances; i++) {
        const char *venue = a->venue[a->balance[i].venue].name;
        const char *asset = a->asset[a->balance[i].asset];
        char where[COMPARE_TEXT_MAX], key[COMPARE_TEXT_MAX], x[DEC_TEXT_MAX],
            y[DEC_TEXT_MAX] = "absent";
        dec other;
        bool found = balance_of(b, venue, asset, &other);
        if (found && (added || dec_eq(other, a->balance[i].amount)))
            continue;
        dec_format(a->balance[i].amount, x);
        if (found)
            dec_format(other, y);
        add_texts(c, named(where, "venue %s.paper", venue), named(key, "balances.%s", asset),
                  added ? y : x, added ? x : y);
    }
}

static void compare_venues(struct config_changes *c, const struct setup *was,
                           const struct setup *is)
{
    char where[COMPARE_TEXT_MAX];
    for (uint32_t v = 0; v < was->venues; v++) {
        const char *name = was->venue[v].name;
        uint32_t n = find_venue(is, name);
        if (n == is->venues) {
            add_texts(c, named(where, "venue %s", name), "name", name, "absent");
            continue;
        }
        compare_keys(c, named(where, "venue %s", name), &SECTION_VENUE, was, &was->venue[v], is,
                     &is->venue[n]);
        compare_keys(c, named(where, "venue %s.paper", name), &SECTION_PAPER, was, &was->venue[v],
                     is, &is->venue[n]);
        compare_keys(c, named(where, "venue %s.risk", name), &SECTION_VENUE_RISK, was,
                     &was->venue[v].risk, is, &is->venue[n].risk);
    }
    for (uint32_t v = 0; v < is->venues; v++)
        if (find_venue(was, is->venue[v].name) == was->venues)
            add_texts(c, named(where, "venue %s", is->venue[v].name), "name", "absent",
                      is->venue[v].name);
    compare_balances(c, was, is, false);
    compare_balances(c, is, was, true);
}

static void compare_instruments(struct config_changes *c, const struct setup *was,
                                const struct setup *is)
{
    char where[COMPARE_TEXT_MAX];
    for (uint32_t i = 0; i < was->instruments; i++) {
        const struct instrument *in = &was->instrument[i];
        named(where, "instrument %s@%s", in->symbol, was->venue[in->venue].name);
        uint32_t n = find_instrument(is, was, in);
        if (n == is->instruments)
            add_texts(c, where, "symbol", in->symbol, "absent");
        else
            compare_keys(c, where, &SECTION_INSTRUMENT, was, in, is, &is->instrument[n]);
        if (n == is->instruments)
            continue;
        named(where, "instrument %s@%s.risk", in->symbol, was->venue[in->venue].name);
        compare_keys(c, where, &SECTION_INSTRUMENT_RISK, was, &was->instrument_risk[i], is,
                     &is->instrument_risk[n]);
        named(where, "instrument %s@%s.guard", in->symbol, was->venue[in->venue].name);
        compare_keys(c, where, &SECTION_INSTRUMENT_GUARD, was, &was->price_guard[i], is,
                     &is->price_guard[n]);
    }
    for (uint32_t i = 0; i < is->instruments; i++) {
        const struct instrument *in = &is->instrument[i];
        if (find_instrument(was, is, in) < was->instruments)
            continue;
        named(where, "instrument %s@%s", in->symbol, is->venue[in->venue].name);
        add_texts(c, where, "symbol", "absent", in->symbol);
    }
}

static void compare_strategies(struct config_changes *c, const struct setup *was,
                               const struct params *const *now, const struct setup *is)
{
    char where[COMPARE_TEXT_MAX];
    for (strategy_id s = 0; s < was->strategies; s++) {
        const struct strategy_setup *a = &was->strategy[s];
        named(where, "strategy %s", a->name);
        strategy_id n = setup_find_strategy(is, a->name);
        if (n == STRATEGY_NONE) {
            add_texts(c, where, "name", a->name, "absent");
            continue;
        }
        const struct strategy_setup *b = &is->strategy[n];
        compare_keys(c, where, &SECTION_STRATEGY, was, a, is, b);
        if (a->ops != b->ops) {
            add_texts(c, where, "kind", a->ops->name, b->ops->name);
            continue;
        }
        compare_params(c, where, was, now ? now[s] : &a->params, is, n);
        named(where, "strategy %s.risk", a->name);
        compare_keys(c, where, &SECTION_STRATEGY_RISK, was, &a->risk, is, &b->risk);
        named(where, "strategy %s.guard", a->name);
        compare_keys(c, where, &SECTION_STRATEGY_GUARD, was, &a->guard, is, &b->guard);
        named(where, "strategy %s", a->name);
        if (memcmp(&a->schedule, &b->schedule, sizeof a->schedule) != 0)
            add_texts(c, where, "schedule", "one", "another");
    }
    for (strategy_id s = 0; s < is->strategies; s++)
        if (setup_find_strategy(was, is->strategy[s].name) == STRATEGY_NONE)
            add_texts(c, named(where, "strategy %s", is->strategy[s].name), "name", "absent",
                      is->strategy[s].name);
}

static uint32_t find_alert(const struct setup *s, const char *name)
{
    uint32_t n = 0;
    while (n < s->alerts && strcmp(s->alert[n].name, name) != 0)
        n++;
    return n;
}

static void compare_alerts(struct config_changes *c, const struct setup *was,
                           const struct setup *is)
{
    char where[COMPARE_TEXT_MAX];
    for (uint32_t i = 0; i < was->alerts; i++) {
        const char *name = was->alert[i].name;
        uint32_t n = find_alert(is, name);
        named(where, "alert %s", name);
        if (n == is->alerts)
            add_texts(c, where, "name", name, "absent");
        else
            compare_keys(c, where, &SECTION_ALERT, was, &was->alert[i], is, &is->alert[n]);
    }
    for (uint32_t i = 0; i < is->alerts; i++)
        if (find_alert(was, is->alert[i].name) == was->alerts)
            add_texts(c, named(where, "alert %s", is->alert[i].name), "name", "absent",
                      is->alert[i].name);
}

static void forget_params(struct setup *s)
{
    for (uint32_t i = 0; i < s->strategies; i++)
        memset(&s->strategy[i].params, 0, sizeof s->strategy[i].params);
}

/* How the journal is kept can change at any time. */
static void compare_journal(struct config_changes *c, const struct setup *was,
                            const struct setup *is)
{
    uint32_t fixed = c->fixed, count = c->count;
    compare_keys(c, "journal", &SECTION_JOURNAL, was, &was->journal, is, &is->journal);
    c->live += c->fixed - fixed;
    c->fixed = fixed;
    for (uint32_t i = count; i < c->count; i++) {
        c->item[i].live = true;
        c->item[i].strategy = STRATEGY_NONE;
    }
}

/* Whatever the schema does not name (order, what a table of its own holds): any byte that differs.
 * Setups begin as zeros, and the same text makes the same bytes. */
static enum err compare_rest(struct config_changes *c, const struct setup *was,
                             const struct setup *is)
{
    struct setup *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    enum err rc = a && b ? ERR_OK : ERR_NOMEM;
    if (rc == ERR_OK) {
        memcpy(a, was, sizeof *a);
        memcpy(b, is, sizeof *b);
        forget_params(a);
        forget_params(b);
        a->journal = b->journal;
        if (memcmp(a, b, sizeof *a) != 0)
            add_texts(c, "the configuration", "tables or their order", "one", "another");
    }
    free(a);
    free(b);
    return rc;
}

enum err config_compare(const struct setup *was, const struct params *const *now,
                        const struct setup *is, struct config_changes *ret)
{
    ret->live = ret->fixed = ret->count = 0;
    compare_keys(ret, "agent", &SECTION_AGENT, was, was, is, is);
    if (was->signer.given == is->signer.given)
        compare_keys(ret, "signer", &SECTION_SIGNER, was, &was->signer, is, &is->signer);
    else
        add_texts(ret, "the configuration", "signer", was->signer.given ? "given" : "absent",
                  is->signer.given ? "given" : "absent");
    compare_journal(ret, was, is);
    compare_keys(ret, "risk", &SECTION_RISK, was, &was->risk, is, &is->risk);
    compare_keys(ret, "guard", &SECTION_GUARD, was, &was->guard, is, &is->guard);
    compare_keys(ret, "guard.agent", &SECTION_GUARD_AGENT, was, &was->guard_agent, is,
                 &is->guard_agent);
    compare_venues(ret, was, is);
    compare_instruments(ret, was, is);
    compare_strategies(ret, was, now, is);
    compare_alerts(ret, was, is);
    return ret->fixed ? ERR_OK : compare_rest(ret, was, is);
}

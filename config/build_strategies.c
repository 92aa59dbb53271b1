/* [[strategy]]: its kind and its own parameters. */
#include "config/section.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct strategy_ops *find_kind(struct build *b, const struct toml_node *table)
{
    const struct toml_node *n = toml_get(table, "kind");
    if (!n || n->type != TOML_NODE_STRING)
        return NULL; /* reported with the section */
    struct suggestion near = {.given = n->text};
    char known[256] = "";
    size_t len = 0;
    for (const struct strategy_ops *const *k = b->kinds->strategies; *k; k++) {
        if (strlen((*k)->name) == n->len && memcmp((*k)->name, n->text, n->len) == 0)
            return *k;
        suggestion_offer(&near, (*k)->name);
        int wrote =
            snprintf(known + len, sizeof known - len, "%s\"%s\"", len ? ", " : "", (*k)->name);
        len += wrote > 0 && len + (size_t)wrote < sizeof known ? (size_t)wrote : 0;
    }
    errors_add(&b->errors, n->at, "strategy.kind", "\"%s\" is not known%s%s%s; allowed: %s",
               n->text, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
               near.best ? "\"?" : "", known);
    return NULL;
}

/* ---- references to instruments ---- */

/* Whether [symbol] is that of an [[instrument]] which is not in the setup because of errors of its
 * own: then these are enough. */
static bool is_reported(const struct build *b, const char *symbol, size_t len)
{
    const struct toml_node *all = toml_get(b->root, "instrument");
    for (const struct toml_node *t = all ? all->first : NULL; t; t = t->next) {
        const struct toml_node *n = toml_get(t, "symbol");
        bool same =
            n && n->type == TOML_NODE_STRING && n->len == len && memcmp(n->text, symbol, len) == 0;
        for (uint32_t i = 0; i < b->setup->instruments && same; i++)
            same = b->instrument[i] != t;
        if (same)
            return true;
    }
    return false;
}

static void unknown_instrument(struct build *b, struct toml_pos at, const char *path,
                               const char *text)
{
    const struct setup *s = b->setup;
    struct suggestion near = {.given = text};
    for (uint32_t i = 0; i < s->instruments; i++)
        suggestion_offer(&near, s->instrument[i].symbol);
    errors_add(&b->errors, at, path, "there is no [[instrument]] %s%s%s%s", text,
               near.best ? "; did you mean \"" : "", near.best ? near.best : "",
               near.best ? "\"?" : "");
}

instrument_id resolve_instrument(struct build *b, struct toml_pos at, const char *path,
                                 const char *text)
{
    const struct setup *s = b->setup;
    const char *venue = strchr(text, '@');
    size_t len = venue ? (size_t)(venue - text) : strlen(text);
    instrument_id found = INSTRUMENT_NONE;
    unsigned matches = 0;
    char candidates[SETUP_VENUES_MAX * (SYMBOL_MAX + NAME_MAX_BYTES)] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        if (strlen(in->symbol) != len || memcmp(in->symbol, text, len) != 0 ||
            (venue && strcmp(s->venue[in->venue].name, venue + 1) != 0))
            continue;
        int wrote = snprintf(candidates + n, sizeof candidates - n, "%s%s@%s", n ? ", " : "",
                             in->symbol, s->venue[in->venue].name);
        n += wrote > 0 && n + (size_t)wrote < sizeof candidates ? (size_t)wrote : 0;
        found = i;
        matches++;
    }
    if (matches == 1)
        return found;
    if (matches == 0 && is_reported(b, text, len))
        return INSTRUMENT_NONE;
    if (matches == 0)
        unknown_instrument(b, at, path, text);
    else
        errors_add(&b->errors, at, path, "%s is traded on several venues; allowed: one of %s", text,
                   candidates);
    return INSTRUMENT_NONE;
}

/* ---- parameters ---- */

/* The elements of a list into the next free one of [params]. */
static bool read_list(struct build *b, const struct key_spec *k, const struct toml_node *n,
                      const char *path, struct params *params, struct param_value *out)
{
    char why[VALUE_WHY_MAX];
    struct key_spec element = *k;
    element.flags &= ~KEY_LIST;
    if (n->type != TOML_NODE_ARRAY || n->count == 0 || n->count > PARAM_LIST_MAX) {
        errors_add(&b->errors, n->at, path, "%s; allowed: %s",
                   n->type != TOML_NODE_ARRAY ? "is not a list"
                   : n->count                 ? "the list is too long"
                                              : "the list is empty",
                   value_allowed(k, why, sizeof why));
        return false;
    }
    CHECK(params->lists < PARAM_LISTS_MAX);
    struct param_list *list = &params->list[params->lists];
    for (const struct toml_node *e = n->first; e; e = e->next) {
        struct value v = {0};
        if (value_read(&element, e, &v, why)) {
            errors_add(&b->errors, e->at, path, "%s", why);
            return false;
        }
        if (k->type == KEY_DURATION)
            list->duration_ns[list->count++] = v.duration_ns;
        else
            list->decimal[list->count++] = v.decimal;
    }
    out->list = params->lists++;
    out->present = true;
    out->given = !b->kinds->journaled;
    return true;
}

static bool read_param(struct build *b, const struct param_spec *p, const struct toml_node *table,
                       struct params *params, struct param_value *out)
{
    struct key_spec k = schema_param(p);
    char path[REPORT_PATH_MAX], why[VALUE_WHY_MAX];
    key_path(path, "strategy", k.key, strlen(k.key));
    const struct toml_node *n = toml_get(table, k.key);
    struct toml_pos at = key_position(table, k.key);
    struct value v = {0};
    if (n && k.flags & KEY_LIST)
        return read_list(b, &k, n, path, params, out);
    if (n) {
        if (value_read(&k, n, &v, why)) {
            errors_add(&b->errors, at, path, "%s", why);
            return false;
        }
    } else if (k.default_value) {
        CHECK(value_parse(&k, k.default_value, strlen(k.default_value), &v, why) == ERR_OK);
    } else if (k.flags & KEY_REQUIRED) {
        errors_add(&b->errors, at, path, "is missing; needed: %s",
                   value_allowed(&k, why, sizeof why));
        return false;
    } else {
        return true;
    }
    switch (p->type) {
    case PARAM_DECIMAL: out->decimal = v.decimal; break;
    case PARAM_INTEGER: out->integer = v.integer; break;
    case PARAM_BOOL: out->boolean = v.boolean; break;
    case PARAM_CHOICE: out->choice = v.choice; break;
    case PARAM_DURATION: out->duration_ns = v.duration_ns; break;
    case PARAM_INSTRUMENT:
        out->instrument = resolve_instrument(b, at, path, v.text);
        if (out->instrument == INSTRUMENT_NONE)
            return false;
        break;
    case PARAM_DECIMALS:
    case PARAM_DURATIONS: CHECK(false); /* has no default, and was read above */
    }
    out->present = true;
    out->given = n != NULL && !b->kinds->journaled;
    return true;
}

static bool build_params(struct build *b, const struct toml_node *table, struct strategy_setup *st)
{
    bool ok = true;
    for (const struct param_spec *p = st->ops->params; p->key; p++) {
        CHECK(st->params.count < PARAM_MAX);
        struct param_value *v = &st->params.value[st->params.count++];
        if (!read_param(b, p, table, &st->params, v))
            ok = false;
        else if (p->type == PARAM_INSTRUMENT && v->present) {
            CHECK(st->instruments < STRATEGY_INSTRUMENTS_MAX);
            st->instrument[st->instruments++] = v->instrument;
        }
    }
    return ok;
}

/* The relations between parameters, which only the strategy knows. */
static bool check_relations(struct build *b, const struct toml_node *table,
                            const struct strategy_setup *st)
{
    const struct instrument *in[STRATEGY_INSTRUMENTS_MAX] = {NULL};
    const char *key = NULL;
    char why[VALUE_WHY_MAX] = "", path[REPORT_PATH_MAX];
    for (uint32_t i = 0; i < st->instruments; i++)
        in[i] = &b->setup->instrument[st->instrument[i]];
    enum err e = ERR_OK;
    if (st->ops->check)
        e = st->ops->check(&st->params, in[0], &key, why, sizeof why);
    if (!e && st->ops->check_instruments)
        e = st->ops->check_instruments(&st->params, in, &key, why, sizeof why);
    if (!e && st->ops->check_fees && in[0]) {
        const struct venue_setup *v = &b->setup->venue[in[0]->venue];
        e = st->ops->check_fees(&st->params, in[0], v->maker_fee, v->taker_fee, &key, why,
                                sizeof why);
    }
    if (!e)
        return true;
    const char *shown = key ? key : "kind";
    errors_add(&b->errors, key_position(table, shown),
               key_path(path, "strategy", shown, strlen(shown)), "%s",
               why[0] ? why : "the strategy refuses its parameters");
    return false;
}

/* ---- what it may spend ---- */

/* What a strategy's own plan needs, where it insists that its budget can pay it. Prices are not
 * known yet: a plan that depends on them is looked at by `check --price` and by the strategy
 * itself. */
static void check_capital(struct build *b, const struct toml_node *table,
                          const struct strategy_setup *st)
{
    const struct instrument *in[STRATEGY_INSTRUMENTS_MAX];
    if (!st->ops->plan || st->instruments == 0)
        return;
    struct plan *plan = calloc(1, sizeof *plan);
    if (!plan) {
        errors_add(&b->errors, table->at, "strategy", "out of memory");
        return;
    }
    for (uint32_t k = 0; k < st->instruments; k++) {
        in[k] = &b->setup->instrument[st->instrument[k]];
        const struct venue_setup *of = &b->setup->venue[in[k]->venue];
        plan->fees[k] = (struct plan_fees){of->maker_fee, of->taker_fee};
    }
    const struct venue_setup *v = &b->setup->venue[in[0]->venue];
    if (st->ops->plan(&st->params, in, DEC_ZERO, v->maker_fee, v->taker_fee, plan) == ERR_OK &&
        plan->unless && dec_gt(plan->capital_quote, st->budget)) {
        char need[DEC_TEXT_MAX], have[DEC_TEXT_MAX];
        dec_format(plan->capital_quote, need);
        dec_format(st->budget, have);
        errors_add(&b->errors, key_position(table, "budget"), "strategy.budget",
                   "%s cannot pay all orders of the strategy, which need %s at most at a time; "
                   "allowed: at least %s, smaller or fewer orders, or %s = true",
                   have, need, need, plan->unless);
    }
    free(plan);
}

/* ---- the section ---- */

/* Where its candles come from, unless the file says so. */
static void choose_warmup(struct build *b, const struct toml_node *table, struct strategy_setup *st)
{
    const struct setup *s = b->setup;
    const char *kind = st->instruments ? s->venue[s->instrument[st->instrument[0]].venue].kind : "";
    bool has = schema_has_candles(kind);
    if (st->warmup == WARMUP_VENUE && !has)
        errors_add(&b->errors, key_position(table, "warmup"), "strategy.warmup",
                   "the venue of its first instrument does not tell past candles; allowed: none");
    if (st->warmup == 0)
        st->warmup = has ? WARMUP_VENUE : WARMUP_NONE;
}

static void build_strategy(struct build *b, const struct toml_node *table)
{
    struct setup *s = b->setup;
    struct strategy_setup *st = &s->strategy[s->strategies];
    st->budget_asset = ASSET_NONE;
    section_read(b, &SECTION_STRATEGY, table, st);
    st->ops = find_kind(b, table);
    if (st->ops) {
        section_unknown(b, &SECTION_STRATEGY, table, st->ops->params);
        if (build_params(b, table, st)) {
            choose_warmup(b, table, st);
            bool related = check_relations(b, table, st);
            build_funds(b, table, (strategy_id)s->strategies);
            if (related)
                check_capital(b, table, st);
        }
    }
    build_strategy_risk(b, section_subtable(b, table, "strategy", "risk"), &st->risk);
    build_strategy_guard(b, section_subtable(b, table, "strategy", "guard"), st);
    build_schedule(b, table, &st->schedule);
    strategy_id same = st->name[0] ? setup_find_strategy(s, st->name) : STRATEGY_NONE;
    if (same != STRATEGY_NONE)
        errors_add(&b->errors, key_position(table, "name"), "strategy.name",
                   "\"%s\" is the name of the strategy in line %u already; each needs its own",
                   st->name, b->strategy[same]->at.line);
    b->strategy[s->strategies++] = table;
}

void build_strategies(struct build *b)
{
    const struct toml_node *t;
    uint32_t n = section_array(b, &SECTION_STRATEGY, &t);
    for (uint32_t i = 0; i < n; i++, t = t->next)
        build_strategy(b, t);
    if (!b->unsure)
        check_funds(b);
}

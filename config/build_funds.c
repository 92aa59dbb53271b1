/* What a strategy may spend: budget, inventory and [strategy.funds]. */
#include "config/section.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

static venue_id find_venue(struct build *b, const struct toml_node *n)
{
    const struct setup *s = b->setup;
    struct suggestion near = {.given = n->key};
    for (uint32_t v = 0; v < s->venues; v++) {
        if (strlen(s->venue[v].name) == n->key_len && strcmp(s->venue[v].name, n->key) == 0)
            return (venue_id)v;
        suggestion_offer(&near, s->venue[v].name);
    }
    char path[REPORT_PATH_MAX];
    if (!b->unsure)
        errors_add(&b->errors, n->key_at, key_path(path, "strategy.funds", n->key, n->key_len),
                   "there is no [[venue]] of that name%s%s%s", near.best ? "; did you mean \"" : "",
                   near.best ? near.best : "", near.best ? "\"?" : "");
    return VENUE_NONE;
}

/* "BTC, USDT": what the strategy may have on venue [v]. */
static void list_assets(const struct setup *s, strategy_id id, venue_id v, char *out, size_t cap)
{
    struct allotment a[STRATEGY_ASSETS_MAX];
    uint32_t n = setup_allotments(s, id, a);
    size_t len = 0;
    snprintf(out, cap, "none");
    for (uint32_t i = 0; i < n; i++) {
        if (a[i].venue != v)
            continue;
        int wrote = snprintf(out + len, cap - len, "%s%s", len ? ", " : "", s->asset[a[i].asset]);
        len += wrote > 0 && len + (size_t)wrote < cap ? (size_t)wrote : 0;
    }
}

/* The key that is short for this asset of the strategy; NULL where none is. */
static const char *short_key(const struct setup *s, strategy_id id, venue_id v, asset_id a)
{
    const struct instrument *first = &s->instrument[s->strategy[id].instrument[0]];
    if (first->venue != v)
        return NULL;
    return a == first->quote ? "budget" : a == first->base ? "inventory" : NULL;
}

static void read_fund(struct build *b, const struct toml_node *table, strategy_id id, venue_id v,
                      const struct toml_node *n)
{
    static const struct key_spec AMOUNT = {.type = KEY_DECIMAL, .min = "0"};
    struct setup *s = b->setup;
    char section[REPORT_PATH_MAX], path[REPORT_PATH_MAX], why[VALUE_WHY_MAX];
    snprintf(section, sizeof section, "strategy.funds.%s", s->venue[v].name);
    key_path(path, section, n->key, n->key_len);
    struct value amount;
    if (value_read(&AMOUNT, n, &amount, why)) {
        errors_add(&b->errors, n->at, path, "%s", why);
        return;
    }
    asset_id a = strlen(n->key) == n->key_len ? setup_find_asset(s, n->key) : ASSET_NONE;
    const char *brief = a == ASSET_NONE ? NULL : short_key(s, id, v, a);
    if (brief && toml_get(table, brief))
        errors_add(&b->errors, n->key_at, path, "is given as strategy.%s already; allowed: once",
                   brief);
    else if (a == ASSET_NONE || !setup_set_allotment(s, id, v, a, amount.decimal)) {
        char allowed[STRATEGY_ASSETS_MAX * (ASSET_NAME_MAX + 2)];
        list_assets(s, id, v, allowed, sizeof allowed);
        errors_add(&b->errors, n->key_at, path,
                   "the strategy trades no such asset on this venue; allowed: %s", allowed);
    }
}

static void require_instrument(struct build *b, const struct toml_node *table, const char *key)
{
    char path[REPORT_PATH_MAX];
    errors_add(&b->errors, key_position(table, key), key_path(path, "strategy", key, strlen(key)),
               "the strategy names no instrument, so that there is no asset it could be of; "
               "allowed: 0");
}

void build_funds(struct build *b, const struct toml_node *table, strategy_id id)
{
    struct setup *s = b->setup;
    struct strategy_setup *st = &s->strategy[id];
    const struct toml_node *funds = section_subtable(b, table, "strategy", "funds");
    if (!st->instruments) {
        if (!dec_is_zero(st->budget) || !dec_is_zero(st->inventory))
            require_instrument(b, table, dec_is_zero(st->budget) ? "inventory" : "budget");
        if (funds && funds->first)
            require_instrument(b, table, "funds");
        return;
    }
    st->budget_asset = s->instrument[st->instrument[0]].quote;
    for (const struct toml_node *n = funds ? funds->first : NULL; n; n = n->next) {
        venue_id v = find_venue(b, n);
        if (v == VENUE_NONE)
            continue;
        const struct toml_node *assets =
            section_subtable(b, funds, "strategy.funds", s->venue[v].name);
        for (const struct toml_node *a = assets ? assets->first : NULL; a; a = a->next)
            read_fund(b, table, id, v, a);
    }
}

/* ---- against the opening balances ---- */

static dec opening_balance(const struct setup *s, venue_id v, asset_id a)
{
    for (uint32_t i = 0; i < s->balances; i++)
        if (s->balance[i].venue == v && s->balance[i].asset == a)
            return s->balance[i].amount;
    return DEC_ZERO;
}

/* The value in the file that an allotment comes from; its whole key to path[REPORT_PATH_MAX]. */
static struct toml_pos origin(const struct setup *s, const struct toml_node *table, strategy_id id,
                              const struct allotment *a, char *path)
{
    const char *venue = s->venue[a->venue].name, *asset = s->asset[a->asset];
    const struct toml_node *n = toml_get(toml_get(toml_get(table, "funds"), venue), asset);
    if (n) {
        char section[REPORT_PATH_MAX];
        snprintf(section, sizeof section, "strategy.funds.%s", venue);
        key_path(path, section, asset, strlen(asset));
        return n->at;
    }
    const char *key = short_key(s, id, a->venue, a->asset);
    CHECK(key);
    key_path(path, "strategy", key, strlen(key));
    return key_position(table, key);
}

/* Adds an allotment to what the strategies take of that asset; an error where that is more than
 * there is. */
static void take(struct build *b, strategy_id id, const struct allotment *a, dec *taken)
{
    struct setup *s = b->setup;
    dec have = opening_balance(s, a->venue, a->asset), sum;
    if (dec_is_zero(a->amount))
        return;
    if (dec_add(*taken, a->amount, &sum) && dec_le(sum, have)) {
        *taken = sum;
        return;
    }
    char path[REPORT_PATH_MAX], want[DEC_TEXT_MAX], left[DEC_TEXT_MAX], whole[DEC_TEXT_MAX];
    struct toml_pos at = origin(s, b->strategy[id], id, a, path);
    dec rest = DEC_ZERO;
    if (!dec_sub(have, *taken, &rest) || dec_is_neg(rest))
        rest = DEC_ZERO;
    dec_format(a->amount, want);
    dec_format(rest, left);
    dec_format(have, whole);
    const char *asset = s->asset[a->asset];
    errors_add(&b->errors, at, path,
               "%s %s is more than the opening balance on venue %s has left (%s of %s); "
               "allowed: at most %s, or a larger venue.paper.balances.%s",
               want, asset, s->venue[a->venue].name, left, whole, left, asset);
    /* the rest of the file is judged without it */
}

void check_funds(struct build *b)
{
    struct setup *s = b->setup;
    dec taken[SETUP_VENUES_MAX][SETUP_ASSETS_MAX] = {{{0}}};
    for (strategy_id id = 0; id < s->strategies; id++) {
        struct allotment a[STRATEGY_ASSETS_MAX];
        uint32_t n = setup_allotments(s, id, a);
        for (uint32_t i = 0; i < n; i++)
            take(b, id, &a[i], &taken[a[i].venue][a[i].asset]);
    }
}

/* [agent], [journal], [risk], [[venue]], [[instrument]]: what is traded, where, and how it is
 * valued. */
#include "config/section.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

/* ---- [agent] and [risk] ---- */

static const struct toml_node *root_table(struct build *b, const struct section *sec)
{
    return section_subtable(b, b->root, "", sec->path);
}

static void check_messages(struct build *b, const struct toml_node *table)
{
    const struct risk_setup *r = &b->setup->risk;
    if (r->cancel_reserve < r->max_messages)
        return;
    const char *key = toml_get(table, "cancel_reserve") ? "cancel_reserve" : "max_messages";
    char path[REPORT_PATH_MAX];
    errors_add(&b->errors, key_position(table, key), key_path(path, "risk", key, strlen(key)),
               "cancel_reserve is %u and max_messages %u, so that no order could be sent; allowed: "
               "a reserve less than max_messages",
               r->cancel_reserve, r->max_messages);
}

void build_agent(struct build *b)
{
    struct setup *s = b->setup;
    const struct toml_node *agent = root_table(b, &SECTION_AGENT);
    s->quote = ASSET_NONE;
    if (!toml_get(b->root, "agent"))
        errors_add(&b->errors, (struct toml_pos){1, 1}, "agent",
                   "the section [agent] is missing; needed: at least name and quote");
    else if (agent)
        section_read(b, &SECTION_AGENT, agent, s);
    section_unknown(b, &SECTION_AGENT, agent, NULL);
    if (s->quote == ASSET_NONE)
        b->unsure = true;
    if (s->mode == MODE_LIVE)
        errors_add(&b->errors, key_position(agent, "mode"), "agent.mode",
                   "live order entry is not in this version; allowed: \"paper\"");
    if (!toml_get(agent, "control_socket")) {
        int n =
            snprintf(s->control_socket, sizeof s->control_socket, "%s/control.sock", s->state_dir);
        if (n < 0 || (size_t)n >= sizeof s->control_socket)
            errors_add(&b->errors, key_position(agent, "state_dir"), "agent.state_dir",
                       "the path of its control.sock has %d bytes; allowed: at most %zu", n,
                       sizeof s->control_socket - 1);
    }

    const struct toml_node *journal = root_table(b, &SECTION_JOURNAL);
    section_unknown(b, &SECTION_JOURNAL, journal, NULL);
    section_read(b, &SECTION_JOURNAL, journal, &s->journal);

    const struct toml_node *risk = root_table(b, &SECTION_RISK);
    section_unknown(b, &SECTION_RISK, risk, NULL);
    if (section_read(b, &SECTION_RISK, risk, &s->risk))
        check_messages(b, risk);
}

/* ---- [[venue]] ---- */

static void check_kind(struct build *b, const struct toml_node *table, const char *kind)
{
    struct suggestion near = {.given = kind};
    char known[256] = "";
    size_t n = 0;
    for (const char *const *k = b->kinds->venues; *k; k++) {
        if (strcmp(*k, kind) == 0)
            return;
        suggestion_offer(&near, *k);
        int wrote = snprintf(known + n, sizeof known - n, "%s\"%s\"", n ? ", " : "", *k);
        n += wrote > 0 && n + (size_t)wrote < sizeof known ? (size_t)wrote : 0;
    }
    errors_add(&b->errors, key_position(table, "kind"), "venue.kind",
               "\"%s\" is not known%s%s%s; allowed: %s", kind, near.best ? "; did you mean \"" : "",
               near.best ? near.best : "", near.best ? "\"?" : "", known);
}

/* The public endpoints where none are given. Only texts of the schema come here. */
static void default_urls(struct venue_setup *v)
{
    const char *ws = schema_public_ws_url(v->kind), *rest = schema_public_rest_url(v->kind);
    if (!v->ws_url[0] && ws)
        snprintf(v->ws_url, sizeof v->ws_url, "%s", ws);
    if (!v->rest_url[0] && rest)
        snprintf(v->rest_url, sizeof v->rest_url, "%s", rest);
}

/* The host and port of a URL. [out] has URL_MAX_BYTES. */
static void host_of(const char *url, char *out)
{
    const char *host = strstr(url, "://");
    if (host)
        snprintf(out, URL_MAX_BYTES, "%.*s", (int)strcspn(host + 3, "/"), host + 3);
}

static void build_venue(struct build *b, const struct toml_node *table)
{
    struct setup *s = b->setup;
    struct venue_setup *v = &s->venue[s->venues];
    v->fee_asset = ASSET_NONE;
    if (!section_read(b, &SECTION_VENUE, table, v))
        b->unsure = true;
    section_unknown(b, &SECTION_VENUE, table, NULL);
    const struct toml_node *paper = section_subtable(b, table, "venue", "paper");
    section_read(b, &SECTION_PAPER, paper, v);
    section_unknown(b, &SECTION_PAPER, paper, NULL);
    build_venue_risk(b, section_subtable(b, table, "venue", "risk"), &v->risk);
    if (v->kind[0])
        check_kind(b, table, v->kind);
    default_urls(v);
    if (!v->exchange[0])
        host_of(v->rest_url, v->exchange);
    for (uint32_t i = 0; i < s->venues && v->name[0]; i++)
        if (strcmp(s->venue[i].name, v->name) == 0) {
            errors_add(&b->errors, key_position(table, "name"), "venue.name",
                       "\"%s\" is the name of the venue in line %u already; each needs its own",
                       v->name, b->venue[i]->at.line);
            break;
        }
    b->venue[s->venues++] = table;
}

void build_venues(struct build *b)
{
    const struct toml_node *t;
    uint32_t n = section_array(b, &SECTION_VENUE, &t);
    for (uint32_t i = 0; i < n; i++, t = t->next)
        build_venue(b, t);
    if (!toml_get(b->root, "venue"))
        errors_add(&b->errors, (struct toml_pos){1, 1}, "venue",
                   "no [[venue]] is given; at least one is needed");
}

/* ---- [[instrument]] ---- */

static venue_id find_venue(const struct setup *s, const char *name, size_t len)
{
    for (venue_id v = 0; v < s->venues; v++)
        if (strlen(s->venue[v].name) == len && memcmp(s->venue[v].name, name, len) == 0)
            return v;
    return VENUE_NONE;
}

static venue_id resolve_venue(struct build *b, const struct toml_node *table)
{
    const struct toml_node *n = toml_get(table, "venue");
    if (!n || n->type != TOML_NODE_STRING)
        return VENUE_NONE; /* reported with the section */
    venue_id v = find_venue(b->setup, n->text, n->len);
    if (v != VENUE_NONE)
        return v;
    struct suggestion near = {.given = n->text};
    for (venue_id i = 0; i < b->setup->venues; i++)
        suggestion_offer(&near, b->setup->venue[i].name);
    errors_add(&b->errors, n->at, "instrument.venue",
               "there is no [[venue]] with the name \"%s\"%s%s%s", n->text,
               near.best ? "; did you mean \"" : "", near.best ? near.best : "",
               near.best ? "\"?" : "");
    return VENUE_NONE;
}

static void check_order_of(struct build *b, const struct toml_node *table, const char *min_key,
                           dec min, const char *max_key, dec max)
{
    char path[REPORT_PATH_MAX];
    if (!dec_is_zero(max) && dec_lt(max, min))
        errors_add(&b->errors, key_position(table, max_key),
                   key_path(path, "instrument", max_key, strlen(max_key)),
                   "is less than %s; allowed: at least that, or 0 for no limit", min_key);
}

static void check_rules(struct build *b, const struct toml_node *table, struct instrument_rules *r)
{
    bool tick = dec_is_pos(r->tick_size), lot = dec_is_pos(r->lot_size);
    if (tick != lot)
        errors_add(&b->errors, key_position(table, tick ? "tick_size" : "lot_size"),
                   tick ? "instrument.tick_size" : "instrument.lot_size",
                   "is given without %s; allowed: both or none", tick ? "lot_size" : "tick_size");
    r->status = tick && lot ? INSTRUMENT_TRADING : INSTRUMENT_UNKNOWN;
    check_order_of(b, table, "min_price", r->min_price, "max_price", r->max_price);
    check_order_of(b, table, "min_qty", r->min_qty, "max_qty", r->max_qty);
    check_order_of(b, table, "min_notional", r->min_notional, "max_notional", r->max_notional);
}

static void build_instrument(struct build *b, const struct toml_node *table)
{
    struct setup *s = b->setup;
    struct instrument *in = &s->instrument[s->instruments];
    in->base = in->quote = ASSET_NONE;
    bool good = section_read(b, &SECTION_INSTRUMENT, table, in);
    section_unknown(b, &SECTION_INSTRUMENT, table, NULL);
    if (good)
        check_rules(b, table, &in->rules);
    in->venue = resolve_venue(b, table);
    const struct toml_node *risk = section_subtable(b, table, "instrument", "risk");
    const char *dash = strchr(in->symbol, '-');
    if (dash) {
        struct toml_pos at = key_position(table, "symbol");
        in->base =
            intern_asset(b, in->symbol, (size_t)(dash - in->symbol), at, "instrument.symbol");
        in->quote = intern_asset(b, dash + 1, strlen(dash + 1), at, "instrument.symbol");
    }
    if (in->venue == VENUE_NONE || in->base == ASSET_NONE || in->quote == ASSET_NONE) {
        b->unsure = true;
        return; /* it is not in the setup: references to it are reported as unknown, too */
    }
    instrument_id same = setup_find_instrument(s, in->venue, in->symbol);
    if (same != INSTRUMENT_NONE)
        errors_add(&b->errors, key_position(table, "symbol"), "instrument.symbol",
                   "%s@%s is given in line %u already", in->symbol, s->venue[in->venue].name,
                   b->instrument[same]->at.line);
    build_instrument_risk(b, risk, in->venue, &s->instrument_risk[s->instruments]);
    b->instrument[s->instruments++] = table;
}

/* ---- balances ---- */

static void build_balance(struct build *b, venue_id venue, const struct toml_node *n)
{
    static const struct key_spec AMOUNT = {.type = KEY_DECIMAL, .min = "0"};
    static const struct key_spec ASSET = {.type = KEY_ASSET, .size = ASSET_NAME_MAX};
    struct setup *s = b->setup;
    char path[REPORT_PATH_MAX], why[VALUE_WHY_MAX];
    struct value asset, amount;
    key_path(path, "venue.paper.balances", n->key, n->key_len);
    if (value_parse(&ASSET, n->key, n->key_len, &asset, why)) {
        errors_add(&b->errors, n->key_at, path, "%s", why);
        b->unsure = true;
        return;
    }
    if (value_read(&AMOUNT, n, &amount, why)) {
        errors_add(&b->errors, n->at, path, "%s", why);
        b->unsure = true;
        return;
    }
    asset_id id = intern_asset(b, n->key, n->key_len, n->key_at, path);
    if (id != ASSET_NONE)
        s->balance[s->balances++] =
            (struct balance_setup){.venue = venue, .asset = id, .amount = amount.decimal};
}

static void build_balances(struct build *b, venue_id v)
{
    const struct toml_node *paper = toml_get(b->venue[v], "paper");
    if (!paper || paper->type != TOML_NODE_TABLE)
        return;
    const struct toml_node *balances = section_subtable(b, paper, "venue.paper", "balances");
    if (toml_get(paper, "balances") && !balances)
        b->unsure = true;
    for (const struct toml_node *n = balances ? balances->first : NULL; n; n = n->next)
        build_balance(b, v, n);
}

void build_instruments(struct build *b)
{
    const struct toml_node *t;
    uint32_t n = section_array(b, &SECTION_INSTRUMENT, &t);
    for (uint32_t i = 0; i < n; i++, t = t->next)
        build_instrument(b, t);
    if (!toml_get(b->root, "instrument"))
        errors_add(&b->errors, (struct toml_pos){1, 1}, "instrument",
                   "no [[instrument]] is given; at least one is needed");
    for (venue_id v = 0; v < b->setup->venues; v++)
        build_balances(b, v);
}

/* ---- conversions ---- */

static void require_conversion(struct build *b, venue_id v, asset_id a, struct toml_pos at,
                               const char *path)
{
    struct setup *s = b->setup;
    struct conversion *c = &s->conversion[v][a];
    if (c->known)
        return;
    errors_add(&b->errors, at, path,
               "%s on venue %s cannot be valued in %s, the agent's quote; add an [[instrument]] "
               "that leads there, such as %s-%s",
               s->asset[a], s->venue[v].name, s->asset[s->quote], s->asset[a], s->asset[s->quote]);
    c->known = true; /* say it once */
}

void build_conversions(struct build *b)
{
    struct setup *s = b->setup;
    if (b->unsure)
        return;
    setup_resolve_conversions(s);
    for (uint32_t i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        struct toml_pos at = key_position(b->instrument[i], "symbol");
        require_conversion(b, in->venue, in->base, at, "instrument.symbol");
        require_conversion(b, in->venue, in->quote, at, "instrument.symbol");
    }
    for (venue_id v = 0; v < s->venues; v++)
        if (s->venue[v].fee_asset != ASSET_NONE)
            require_conversion(b, v, s->venue[v].fee_asset, key_position(b->venue[v], "fee_asset"),
                               "venue.fee_asset");
    for (uint32_t i = 0; i < s->balances; i++) {
        const struct balance_setup *h = &s->balance[i];
        const struct toml_node *balances =
            toml_get(toml_get(b->venue[h->venue], "paper"), "balances");
        const struct toml_node *n = toml_get(balances, s->asset[h->asset]);
        CHECK(n);
        char path[REPORT_PATH_MAX];
        require_conversion(b, h->venue, h->asset, n->key_at,
                           key_path(path, "venue.paper.balances", n->key, n->key_len));
    }
}

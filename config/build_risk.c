/* The limits of venues, instruments, strategies and groups. A narrower scope may only be stricter:
 * what it says beyond a wider one's limit would never be reached, and is an error. */
#include "config/section.h"

#include <stdio.h>
#include <string.h>

/* A set of limits and where it stands in the file. */
struct scope {
    const char *name; /* "the agent's [risk]" */
    const struct toml_node *table;
    const struct risk_setup *limits;
};

/* Whether a set has the limit. All sets are of one struct, so that a limit of one finds that of
 * another by its offset. */
static bool has(const struct risk_setup *r, const struct key_spec *k)
{
    return *(const bool *)((const char *)r + k->has_offset);
}

/* Whether [own] is looser than [wide]; [own_text] and [wide_text] get their values. */
static bool is_looser(const struct key_spec *k, const struct risk_setup *own,
                      const struct risk_setup *wide, char *own_text, char *wide_text)
{
    const char *a = (const char *)own + k->offset, *b = (const char *)wide + k->offset;
    if (k->type == KEY_DECIMAL) {
        dec x, y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        dec_format(x, own_text);
        dec_format(y, wide_text);
        return dec_gt(x, y);
    }
    if (k->type == KEY_DURATION) {
        int64_t x, y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        duration_format(x, own_text);
        duration_format(y, wide_text);
        return x > y;
    }
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    dec_format(dec_from_i64(x, 0), own_text);
    dec_format(dec_from_i64(y, 0), wide_text);
    return x > y;
}

static void check_stricter(struct build *b, const struct section *sec,
                           const struct toml_node *table, const struct risk_setup *own,
                           const struct scope *wide)
{
    for (const struct key_spec *k = sec->keys; k->key; k++) {
        char mine[DEC_TEXT_MAX], theirs[DEC_TEXT_MAX], path[REPORT_PATH_MAX], line[48];
        const struct toml_node *n = toml_get(wide->table, k->key);
        if (!toml_get(table, k->key) || !has(own, k) || !has(wide->limits, k) ||
            !is_looser(k, own, wide->limits, mine, theirs))
            continue;
        if (n)
            snprintf(line, sizeof line, "in line %u", n->at.line);
        else
            snprintf(line, sizeof line, "the default");
        errors_add(&b->errors, key_position(table, k->key),
                   key_path(path, sec->path, k->key, strlen(k->key)),
                   "%s is looser than %s, which has %s (%s); allowed: at most its %s", mine,
                   wide->name, theirs, line, theirs);
    }
}

static void check_messages(struct build *b, const struct section *sec,
                           const struct toml_node *table, const struct risk_setup *own)
{
    char path[REPORT_PATH_MAX];
    if (own->has_max_messages && own->max_messages <= own->cancel_reserve)
        errors_add(&b->errors, key_position(table, "max_messages"),
                   key_path(path, sec->path, "max_messages", strlen("max_messages")),
                   "%u is not more than the agent's cancel_reserve, so that no order could be "
                   "sent; allowed: more than %u",
                   own->max_messages, own->cancel_reserve);
}

static struct scope agent_scope(const struct build *b)
{
    return (struct scope){"the agent's [risk]", toml_get(b->root, "risk"), &b->setup->risk};
}

/* Limits that are absent stay absent: the wider ones hold anyway. What is no limit but says how
 * limits are meant is the agent's. */
static void build_limits(struct build *b, const struct section *sec, const struct toml_node *table,
                         struct risk_setup *out)
{
    const struct scope agent = agent_scope(b);
    out->message_interval_ns = agent.limits->message_interval_ns;
    out->cancel_reserve = agent.limits->cancel_reserve;
    out->execution_interval_ns = agent.limits->execution_interval_ns;
    out->day_offset_ns = agent.limits->day_offset_ns;
    section_read(b, sec, table, out);
    section_unknown(b, sec, table, NULL);
    check_stricter(b, sec, table, out, &agent);
    check_messages(b, sec, table, out);
}

void build_venue_risk(struct build *b, const struct toml_node *table, struct risk_setup *out)
{
    build_limits(b, &SECTION_VENUE_RISK, table, out);
}

void build_instrument_risk(struct build *b, const struct toml_node *table, venue_id venue,
                           struct risk_setup *out)
{
    char name[NAME_MAX_BYTES + 32];
    snprintf(name, sizeof name, "[venue.risk] of %s", b->setup->venue[venue].name);
    const struct scope wide = {name, toml_get(b->venue[venue], "risk"),
                               &b->setup->venue[venue].risk};
    build_limits(b, &SECTION_INSTRUMENT_RISK, table, out);
    check_stricter(b, &SECTION_INSTRUMENT_RISK, table, out, &wide);
}

void build_strategy_risk(struct build *b, const struct toml_node *table, struct risk_setup *out)
{
    build_limits(b, &SECTION_STRATEGY_RISK, table, out);
}

/* ---- [[risk_group]] ---- */

static bool is_base(const struct setup *s, asset_id a)
{
    for (uint32_t i = 0; i < s->instruments; i++)
        if (s->instrument[i].base == a)
            return true;
    return false;
}

static void build_group_asset(struct build *b, const struct toml_node *n, struct risk_group *g)
{
    static const struct key_spec ASSET = {.type = KEY_ASSET, .size = ASSET_NAME_MAX};
    char why[VALUE_WHY_MAX], name[ASSET_NAME_MAX] = "";
    struct value v;
    if (value_read(&ASSET, n, &v, why)) {
        errors_add(&b->errors, n->at, "risk_group.assets", "%s", why);
        return;
    }
    memcpy(name, v.text, v.len);
    asset_id a = setup_find_asset(b->setup, name);
    if (a == ASSET_NONE || !is_base(b->setup, a)) {
        if (!b->unsure)
            errors_add(&b->errors, n->at, "risk_group.assets",
                       "there is no [[instrument]] with the base asset %s", name);
        return;
    }
    if (g->assets >> a & 1)
        errors_add(&b->errors, n->at, "risk_group.assets", "%s is given twice", name);
    g->assets |= UINT64_C(1) << a;
}

static void build_group(struct build *b, const struct toml_node *table)
{
    struct setup *s = b->setup;
    struct risk_group *g = &s->group[s->groups++];
    section_read(b, &SECTION_RISK_GROUP, table, g);
    section_unknown(b, &SECTION_RISK_GROUP, table, NULL);
    const struct toml_node *assets = toml_get(table, "assets");
    if (!assets || assets->type != TOML_NODE_ARRAY || assets->count == 0)
        errors_add(&b->errors, key_position(table, "assets"), "risk_group.assets",
                   "%s; needed: a list of base assets, such as [\"BTC\", \"ETH\"]",
                   !assets                           ? "is missing"
                   : assets->type != TOML_NODE_ARRAY ? "is not a list"
                                                     : "the list is empty");
    else
        for (const struct toml_node *e = assets->first; e; e = e->next)
            build_group_asset(b, e, g);
    for (uint32_t i = 0; i + 1 < s->groups && g->name[0]; i++)
        if (strcmp(s->group[i].name, g->name) == 0) {
            errors_add(&b->errors, key_position(table, "name"), "risk_group.name",
                       "\"%s\" is the name of another [[risk_group]] already", g->name);
            break;
        }
}

void build_groups(struct build *b)
{
    const struct toml_node *t;
    uint32_t n = section_array(b, &SECTION_RISK_GROUP, &t);
    for (uint32_t i = 0; i < n; i++, t = t->next)
        build_group(b, t);
}

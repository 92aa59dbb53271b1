/* [[alert]]: which keys belong to what it watches, and what they refer to. */
#include "config/section.h"

#include <string.h>

/* Keys by what is watched; those it needs, and those it may have. The others it must not have. */
static const struct {
    enum alert_of when;
    const char *needs[4], *may[3];
} KEYS[] = {
    {ALERT_OF_PRICE, {"instrument"}, {NULL}},
    {ALERT_OF_CHANGE, {"instrument", "window"}, {NULL}},
    {ALERT_OF_SPREAD, {"instrument"}, {NULL}},
    {ALERT_OF_RSI, {"instrument", "timeframe", "periods"}, {NULL}},
    {ALERT_OF_EMA_CROSS, {"instrument", "timeframe", "fast", "slow"}, {NULL}},
    {ALERT_OF_BALANCE, {"asset"}, {"venue", "strategy"}},
    {ALERT_OF_EQUITY, {NULL}, {"strategy"}},
    {ALERT_OF_DRAWDOWN, {NULL}, {"strategy"}},
    {ALERT_OF_FIGURE, {"strategy", "figure"}, {NULL}},
    {ALERT_OF_SIGNER_SEALED, {NULL}, {NULL}},
    {ALERT_OF_SIGNER_LOST, {NULL}, {NULL}},
};
static const char *const PARTICULAR[] = {"instrument", "window", "timeframe", "periods",  "fast",
                                         "slow",       "asset",  "venue",     "strategy", "figure"};

static bool is_in(const char *const *list, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] && strcmp(list[i], key) == 0)
            return true;
    return false;
}

/* Whether the keys are those of what it watches. */
static bool check_keys(struct build *b, const struct toml_node *t, const struct alert_setup *a)
{
    const char *const *needs = KEYS[a->when - 1].needs, *const *may = KEYS[a->when - 1].may;
    char path[REPORT_PATH_MAX];
    bool good = true;
    for (size_t i = 0; i < sizeof PARTICULAR / sizeof PARTICULAR[0]; i++) {
        const char *key = PARTICULAR[i];
        const struct toml_node *n = toml_get(t, key);
        bool needed = is_in(needs, 4, key);
        if ((n && (needed || is_in(may, 3, key))) || (!n && !needed))
            continue;
        good = false;
        key_path(path, "alert", key, strlen(key));
        if (n)
            errors_add(&b->errors, n->key_at, path, "says nothing to when = \"%s\"; remove it",
                       alert_of_name(a->when));
        else
            errors_add(&b->errors, key_position(t, "when"), path,
                       "is missing; needed for when = \"%s\"", alert_of_name(a->when));
    }
    return good;
}

static void check_level(struct build *b, const struct toml_node *t, struct alert_setup *a)
{
    if (alert_of_signer(a->when)) {
        static const char *const LEVEL[] = {"above", "below", "hysteresis"};
        char path[REPORT_PATH_MAX];
        for (size_t i = 0; i < sizeof LEVEL / sizeof LEVEL[0]; i++)
            if (toml_get(t, LEVEL[i]))
                errors_add(&b->errors, key_position(t, LEVEL[i]),
                           key_path(path, "alert", LEVEL[i], strlen(LEVEL[i])),
                           "says nothing to when = \"%s\"; remove it", alert_of_name(a->when));
        if (!b->setup->signer.given)
            errors_add(&b->errors, key_position(t, "when"), "alert.when",
                       "\"%s\" needs the section [signer]", alert_of_name(a->when));
        a->has_above = true; /* it is 1 while it is so, else 0 */
        a->above = DEC_ZERO;
    } else if (a->has_above == a->has_below)
        errors_add(&b->errors, key_position(t, a->has_above ? "below" : "when"),
                   a->has_above ? "alert.below" : "alert.above",
                   a->has_above ? "is given beside above; allowed: one of them in an alert"
                                : "is missing, and below, too; needed: one of them");
    if (a->when == ALERT_OF_EMA_CROSS && a->slow <= a->fast)
        errors_add(&b->errors, key_position(t, "slow"), "alert.slow",
                   "is not more than fast; allowed: more than %u", a->fast);
    for (int i = 0; i < 2; i++) {
        static const char *const KEY[] = {"hysteresis", "cooldown"};
        char path[REPORT_PATH_MAX];
        if (a->repeat == ALERT_ONCE && (i ? a->has_cooldown : a->has_hysteresis))
            errors_add(&b->errors, key_position(t, KEY[i]),
                       key_path(path, "alert", KEY[i], strlen(KEY[i])),
                       "says nothing to repeat = \"once\"; remove it, or set \"each_time\"");
    }
}

/* ---- references ---- */

static void no_such(struct build *b, const struct toml_node *n, const char *path, const char *what,
                    const struct suggestion *near)
{
    errors_add(&b->errors, n->at, path, "there is no %s \"%s\"%s%s%s", what, n->text,
               near->best ? "; did you mean \"" : "", near->best ? near->best : "",
               near->best ? "\"?" : "");
}

static void find_references(struct build *b, const struct toml_node *t, struct alert_setup *a)
{
    const struct setup *s = b->setup;
    const struct toml_node *n;
    if ((n = toml_get(t, "instrument")))
        a->instrument = resolve_instrument(b, n->at, "alert.instrument", n->text);
    if ((n = toml_get(t, "asset"))) {
        struct suggestion near = {.given = n->text};
        for (uint32_t i = 0; i < s->assets; i++)
            suggestion_offer(&near, s->asset[i]);
        a->asset = setup_find_asset(s, n->text);
        if (a->asset == ASSET_NONE)
            no_such(b, n, "alert.asset", "instrument or balance of an asset", &near);
    }
    if ((n = toml_get(t, "venue"))) {
        struct suggestion near = {.given = n->text};
        for (venue_id v = 0; v < s->venues; v++) {
            suggestion_offer(&near, s->venue[v].name);
            if (strcmp(s->venue[v].name, n->text) == 0)
                a->venue = v;
        }
        if (a->venue == VENUE_NONE)
            no_such(b, n, "alert.venue", "[[venue]]", &near);
    }
    if ((n = toml_get(t, "strategy"))) {
        struct suggestion near = {.given = n->text};
        for (uint32_t i = 0; i < s->strategies; i++)
            suggestion_offer(&near, s->strategy[i].name);
        a->strategy = setup_find_strategy(s, n->text);
        if (a->strategy == STRATEGY_NONE)
            no_such(b, n, "alert.strategy", "[[strategy]]", &near);
    }
}

/* ---- the section ---- */

static void build_alert(struct build *b, const struct toml_node *t)
{
    struct setup *s = b->setup;
    struct alert_setup *a = &s->alert[s->alerts];
    a->instrument = INSTRUMENT_NONE;
    a->strategy = STRATEGY_NONE;
    a->venue = VENUE_NONE;
    a->asset = ASSET_NONE;
    bool good = section_read(b, &SECTION_ALERT, t, a);
    section_unknown(b, &SECTION_ALERT, t, NULL);
    if (good && check_keys(b, t, a)) {
        check_level(b, t, a);
        if (!b->unsure)
            find_references(b, t, a);
    }
    for (uint32_t i = 0; a->name[0] && i < s->alerts; i++)
        if (strcmp(s->alert[i].name, a->name) == 0)
            errors_add(&b->errors, key_position(t, "name"), "alert.name",
                       "\"%s\" is the name of an alert before; each needs its own", a->name);
    s->alerts++;
}

void build_alerts(struct build *b)
{
    const struct toml_node *t;
    uint32_t n = section_array(b, &SECTION_ALERT, &t);
    for (uint32_t i = 0; i < n; i++, t = t->next)
        build_alert(b, t);
}

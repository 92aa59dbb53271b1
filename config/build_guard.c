/* [guard], [guard.agent], [strategy.guard] and a strategy's schedule. */
#include "config/section.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

/* ---- what belongs together ---- */

struct member {
    const char *key;
    bool given;
};

/* All of them, or none. */
static void require_all(struct build *b, const struct toml_node *table, const char *section,
                        const struct member *m, size_t n)
{
    const char *first = NULL, *missing = NULL;
    for (size_t i = 0; i < n; i++) {
        if (m[i].given && !first)
            first = m[i].key;
        if (!m[i].given && !missing)
            missing = m[i].key;
    }
    if (!first || !missing)
        return;
    char path[REPORT_PATH_MAX];
    errors_add(&b->errors, key_position(table, first),
               key_path(path, section, missing, strlen(missing)),
               "is missing, and without it %s guards nothing; allowed: both or none", first);
}

static void check_whole(struct build *b, const struct toml_node *table, const char *section,
                        const struct guard_setup *g)
{
    const struct member losses[] = {{"loss_count", g->has_loss_count},
                                    {"loss_lookback", g->has_loss_lookback},
                                    {"loss_pause", g->has_loss_pause}};
    const struct member profit[] = {{"profit_trades", g->has_profit_trades},
                                    {"profit_lookback", g->has_profit_lookback},
                                    {"min_profit", g->has_min_profit},
                                    {"profit_pause", g->has_profit_pause}};
    require_all(b, table, section, losses, sizeof losses / sizeof losses[0]);
    require_all(b, table, section, profit, sizeof profit / sizeof profit[0]);
}

void build_guard(struct build *b)
{
    struct setup *s = b->setup;
    const struct toml_node *table = section_subtable(b, b->root, "", "guard");
    section_unknown(b, &SECTION_GUARD, table, NULL);
    if (section_read(b, &SECTION_GUARD, table, &s->guard))
        check_whole(b, table, "guard", &s->guard);
    const struct toml_node *agent = section_subtable(b, table, "guard", "agent");
    section_unknown(b, &SECTION_GUARD_AGENT, agent, NULL);
    if (section_read(b, &SECTION_GUARD_AGENT, agent, &s->guard_agent))
        check_whole(b, agent, "guard.agent", &s->guard_agent);
}

/* ---- believable prices ---- */

/* The other source, which must be one of the same asset. */
static instrument_id read_cross_check(struct build *b, const struct toml_node *table,
                                      instrument_id own)
{
    static const char PATH[] = "instrument.guard.cross_check";
    static const struct key_spec KEY = {.type = KEY_INSTRUMENT,
                                        .size = SYMBOL_MAX + NAME_MAX_BYTES};
    const struct setup *s = b->setup;
    const struct toml_node *n = toml_get(table, "cross_check");
    char why[VALUE_WHY_MAX];
    struct value v;
    if (value_read(&KEY, n, &v, why)) {
        errors_add(&b->errors, n->at, PATH, "%s", why);
        return INSTRUMENT_NONE;
    }
    instrument_id other = resolve_instrument(b, n->at, PATH, v.text);
    if (other == INSTRUMENT_NONE)
        return INSTRUMENT_NONE;
    if (other != own && s->instrument[other].base == s->instrument[own].base)
        return other;
    errors_add(&b->errors, n->at, PATH, "%s; allowed: another instrument of %s",
               other == own ? "an instrument says nothing new about itself"
                            : "is of another asset, whose price says nothing about this one's",
               s->asset[s->instrument[own].base]);
    return INSTRUMENT_NONE;
}

static void build_price_guard(struct build *b, instrument_id i)
{
    struct price_guard_setup *p = &b->setup->price_guard[i];
    const struct toml_node *t = section_subtable(b, b->instrument[i], "instrument", "guard");
    *p = b->price_guard;
    section_unknown(b, &SECTION_INSTRUMENT_GUARD, t, NULL);
    bool good = section_read(b, &SECTION_INSTRUMENT_GUARD, t, p);
    bool named = toml_get(t, "cross_check");
    const struct member cross[] = {{"cross_check", named}, {"max_deviation", p->has_max_deviation}};
    if (good)
        require_all(b, t, "instrument.guard", cross, 2);
    p->cross_check = named ? read_cross_check(b, t, i) : INSTRUMENT_NONE;
    for (size_t k = 0; k < 2 && good && !p->has_max_jump; k++) {
        static const char *const IDLE[] = {"jump_window", "jump_confirm"};
        char path[REPORT_PATH_MAX];
        if (toml_get(t, IDLE[k]))
            errors_add(&b->errors, key_position(t, IDLE[k]),
                       key_path(path, "instrument.guard", IDLE[k], strlen(IDLE[k])),
                       "without a max_jump, here or in [guard.price], it guards nothing");
    }
}

void build_price_guards(struct build *b)
{
    const struct toml_node *guard = toml_get(b->root, "guard");
    const struct toml_node *t = guard && guard->type == TOML_NODE_TABLE
                                    ? section_subtable(b, guard, "guard", "price")
                                    : NULL;
    section_unknown(b, &SECTION_GUARD_PRICE, t, NULL);
    (void)section_read(b, &SECTION_GUARD_PRICE, t, &b->price_guard);
    for (instrument_id i = 0; i < b->setup->instruments; i++)
        build_price_guard(b, i);
}

/* ---- a strategy's own: only stricter ---- */

static void looser(struct build *b, const struct toml_node *table, const char *key,
                   const char *allowed, const char *value)
{
    char path[REPORT_PATH_MAX];
    errors_add(&b->errors, key_position(table, key),
               key_path(path, "strategy.guard", key, strlen(key)),
               "is looser than [guard]; allowed: %s %s", allowed, value);
}

static void at_most(struct build *b, const struct toml_node *table, const char *key, bool has,
                    uint32_t own, uint32_t most)
{
    char text[32];
    snprintf(text, sizeof text, "%u", most);
    if (has && own > most)
        looser(b, table, key, "at most", text);
}

static void at_least(struct build *b, const struct toml_node *table, const char *key, bool has,
                     int64_t own_ns, int64_t least_ns)
{
    char text[32];
    if (has && own_ns < least_ns)
        looser(b, table, key, "at least", duration_format(least_ns, text));
}

static void check_stricter(struct build *b, const struct toml_node *t,
                           const struct guard_setup *own, const struct guard_setup *all)
{
    char text[DEC_TEXT_MAX];
    at_most(b, t, "loss_count", all->has_loss_count, own->loss_count, all->loss_count);
    at_least(b, t, "loss_lookback", all->has_loss_lookback, own->loss_lookback_ns,
             all->loss_lookback_ns);
    at_least(b, t, "loss_pause", all->has_loss_pause, own->loss_pause_ns, all->loss_pause_ns);
    at_least(b, t, "cooldown", all->has_cooldown, own->cooldown_ns, all->cooldown_ns);
    at_least(b, t, "cooldown_after_loss", all->has_cooldown_after_loss, own->cooldown_after_loss_ns,
             all->cooldown_after_loss_ns);
    at_most(b, t, "profit_trades", all->has_profit_trades, own->profit_trades, all->profit_trades);
    at_least(b, t, "profit_pause", all->has_profit_pause, own->profit_pause_ns,
             all->profit_pause_ns);
    if (all->has_min_profit && dec_lt(own->min_profit, all->min_profit)) {
        dec_format(all->min_profit, text);
        looser(b, t, "min_profit", "at least", text);
    }
    /* Over a longer window the sum may be higher as well as lower: neither is the stricter. */
    if (all->has_profit_lookback && own->profit_lookback_ns != all->profit_lookback_ns)
        looser(b, t, "profit_lookback", "where [guard] has one, only the same,",
               duration_format(all->profit_lookback_ns, text));
    if (all->cancel_entries && !own->cancel_entries)
        looser(b, t, "cancel_entries", "only", "true");
}

void build_strategy_guard(struct build *b, const struct toml_node *table,
                          struct strategy_setup *out)
{
    out->guard = b->setup->guard;
    section_unknown(b, &SECTION_STRATEGY_GUARD, table, NULL);
    if (!section_read(b, &SECTION_STRATEGY_GUARD, table, &out->guard))
        return;
    if (table) /* else what is wrong is said of [guard] */
        check_whole(b, table, "strategy.guard", &out->guard);
    check_stricter(b, table, &out->guard, &b->setup->guard);
}

/* ---- schedule ---- */

#define DAY_MINUTES (24 * 60)

static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* "mon" at *p, which moves behind it; 7 where there is no day. */
static unsigned read_day(const char **p)
{
    unsigned d = 0;
    while (d < 7 && strncmp(*p, DAYS[d], 3) != 0)
        d++;
    if (d < 7)
        *p += 3;
    return d;
}

/* "08:00" to minutes; 24:00 is the end of the day. False for anything else. */
static bool read_clock(const char **p, unsigned *ret)
{
    const char *t = *p;
    for (int i = 0; i < 5; i++)
        if (i == 2 ? t[i] != ':' : t[i] < '0' || t[i] > '9')
            return false;
    unsigned hour = (unsigned)(t[0] - '0') * 10 + (unsigned)(t[1] - '0');
    unsigned minute = (unsigned)(t[3] - '0') * 10 + (unsigned)(t[4] - '0');
    if (hour * 60 + minute > DAY_MINUTES || minute > 59)
        return false;
    *ret = hour * 60 + minute;
    *p = t + 5;
    return true;
}

/* One entry: sets the minutes of the week that it opens. NULL, or what is wrong with it. */
static const char *read_entry(const char *text, bool *open)
{
    const char *p = text;
    unsigned first = 0, last = 6, from, to;
    if (*p < '0' || *p > '9') {
        first = last = read_day(&p);
        if (first < 7 && *p == '-') {
            p++;
            last = read_day(&p);
        }
        if (first == 7 || last == 7)
            return "does not begin with a day (mon, tue, wed, thu, fri, sat, sun), a range of days "
                   "or a time";
        if (*p != ' ')
            return "has no blank between days and times";
        p++;
    }
    if (!read_clock(&p, &from) || *p++ != '-' || !read_clock(&p, &to) || *p)
        return "has no times of the form 08:00-20:00 (to 24:00)";
    if (from == to || from == DAY_MINUTES)
        return "opens nothing: from and to must differ, and from must be before 24:00";
    unsigned length = to > from ? to - from : DAY_MINUTES - from + to;
    for (unsigned d = first;; d = (d + 1) % 7) {
        for (unsigned m = 0; m < length; m++)
            open[(d * DAY_MINUTES + from + m) % WEEK_MINUTES] = true;
        if (d == last)
            return NULL;
    }
}

static void make_windows(const bool *open, struct schedule *out)
{
    for (unsigned m = 0; m < WEEK_MINUTES; m++) {
        if (!open[m])
            continue;
        unsigned to = m;
        while (to < WEEK_MINUTES && open[to])
            to++;
        CHECK(out->count < SCHEDULE_WINDOWS_MAX); /* an entry makes eight at most */
        out->window[out->count++] = (struct schedule_window){(uint16_t)m, (uint16_t)to};
        m = to;
    }
}

void build_schedule(struct build *b, const struct toml_node *table, struct schedule *out)
{
    static const char ALLOWED[] =
        "allowed: a list of 1 to 8 texts such as \"mon-fri 08:00-20:00\", in UTC";
    const struct toml_node *n = toml_get(table, "schedule");
    bool open[WEEK_MINUTES] = {false};
    if (!n)
        return;
    if (n->type != TOML_NODE_ARRAY || n->count == 0 || n->count > SCHEDULE_ENTRIES_MAX) {
        errors_add(&b->errors, n->at, "strategy.schedule", "%s; %s",
                   n->type != TOML_NODE_ARRAY ? "is not a list"
                   : n->count                 ? "the list is too long"
                                              : "the list is empty",
                   ALLOWED);
        return;
    }
    for (const struct toml_node *e = n->first; e; e = e->next) {
        const char *why = "is not a text";
        if (e->type == TOML_NODE_STRING)
            why = strlen(e->text) == e->len ? read_entry(e->text, open) : "holds a NUL";
        if (why) {
            char shown[64] = "";
            if (e->type == TOML_NODE_STRING)
                printable(shown, sizeof shown, e->text, e->len);
            errors_add(&b->errors, e->at, "strategy.schedule", "\"%s\" %s; %s", shown, why,
                       ALLOWED);
        }
    }
    make_windows(open, out);
}

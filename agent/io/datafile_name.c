#include "io/datafile_name.h"

#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.' || c == '/' || c == 0;
}

enum err datafile_split_argument(const char *argument, struct datafile_argument *ret, char *why,
                                 size_t cap)
{
    struct datafile_argument a = {.path = argument};
    const char *equals = strchr(argument, '='), *slash = strchr(argument, '/');
    if (equals && !(slash && slash < equals)) {
        a.has_prefix = true;
        a.path = equals + 1;
        const char *at = memchr(argument, '@', (size_t)(equals - argument));
        size_t symbol = (size_t)((at ? at : equals) - argument);
        size_t venue = at ? (size_t)(equals - at - 1) : 0;
        if (symbol >= sizeof a.symbol || venue >= sizeof a.venue || (symbol == 0 && venue == 0) ||
            (at && venue == 0)) {
            snprintf(why, cap, "'%.*s' before '=' is not SYMBOL, SYMBOL@VENUE or @VENUE",
                     (int)(equals - argument), argument);
            return ERR_SYNTAX;
        }
        for (size_t i = 0; i < symbol; i++)
            a.symbol[i] = (char)toupper((unsigned char)argument[i]);
        if (at)
            memcpy(a.venue, at + 1, venue);
    }
    if (a.path[0] == 0) {
        snprintf(why, cap, "'%s' names no file", argument);
        return ERR_SYNTAX;
    }
    *ret = a;
    return ERR_OK;
}

/* Upper case, and XBT as BTC: the same asset by two names. */
static void normalize(const char *text, char *out, size_t cap)
{
    size_t n = 0;
    for (; text[n] && n + 1 < cap; n++)
        out[n] = (char)toupper((unsigned char)text[n]);
    out[n] = 0;
    for (char *p = out; (p = strstr(p, "XBT")) != NULL; p += 3)
        memcpy(p, "BTC", 3);
}

/* Whether [word] stands in [text] between separators. */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
        if ((p == text || is_separator(p[-1])) && is_separator(p[len]))
            return true;
    return false;
}

/* Whether [name] (upper case) tells of instrument [in]: "BTC-USDT", "BTC_USDT" or "BTCUSDT". */
static bool tells_symbol(const char *name, const struct instrument *in)
{
    char symbol[SYMBOL_MAX], other[SYMBOL_MAX], joined[SYMBOL_MAX];
    normalize(in->symbol, symbol, sizeof symbol);
    char *dash = strchr(symbol, '-');
    if (!dash)
        return has_word(name, symbol);
    memcpy(other, symbol, sizeof other);
    other[dash - symbol] = '_';
    snprintf(joined, sizeof joined, "%.*s%s", (int)(dash - symbol), symbol, dash + 1);
    return has_word(name, symbol) || has_word(name, other) || has_word(name, joined);
}

/* How well the beginning of [name] fits venue [v]: its name counts more than its kind, which
 * several venues may share; 0 for not at all. */
static size_t begins_with_venue(const char *name, const struct venue_setup *v)
{
    size_t len = strlen(v->name);
    if (strncasecmp(name, v->name, len) == 0 && is_separator(name[len]))
        return 1000 + len;
    len = strlen(v->kind);
    return strncasecmp(name, v->kind, len) == 0 && is_separator(name[len]) ? len : 0;
}

enum err datafile_find_instrument(const struct setup *s, const struct datafile_argument *a,
                                  instrument_id *ret, char *why, size_t cap)
{
    const char *file = base_name(a->path);
    char name[256];
    normalize(a->symbol[0] ? a->symbol : file, name, sizeof name);
    instrument_id found = INSTRUMENT_NONE;
    size_t found_weight = 0;
    bool doubtful = false, other_symbol = false;
    for (instrument_id i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        const struct venue_setup *v = &s->venue[in->venue];
        if (!tells_symbol(name, in) || (a->venue[0] && strcmp(a->venue, v->name) != 0))
            continue;
        size_t weight = a->venue[0] ? 1 : begins_with_venue(file, v);
        if (found != INSTRUMENT_NONE && strcmp(s->instrument[found].symbol, in->symbol) != 0)
            other_symbol = true;
        if (found == INSTRUMENT_NONE || weight > found_weight) {
            found = i;
            found_weight = weight;
            doubtful = false;
        } else if (weight == found_weight) {
            doubtful = true;
        }
    }
    if (found == INSTRUMENT_NONE) {
        if (a->has_prefix)
            snprintf(why, cap, "the configuration has no instrument %s%s%s",
                     a->symbol[0] ? a->symbol : "(symbol not given)", a->venue[0] ? "@" : "",
                     a->venue);
        else
            snprintf(why, cap,
                     "the name tells no configured instrument: write SYMBOL=FILE or "
                     "SYMBOL@VENUE=FILE, for instance --data %s=%s",
                     s->instruments ? s->instrument[0].symbol : "BTC-USDT", a->path);
        return ERR_NOT_FOUND;
    }
    if (doubtful || other_symbol) {
        snprintf(why, cap,
                 "the name fits more than one configured instrument: write %s@%s=FILE, or as is "
                 "meant",
                 s->instrument[found].symbol, s->venue[s->instrument[found].venue].name);
        return ERR_NOT_FOUND;
    }
    *ret = found;
    return ERR_OK;
}

enum err datafile_find_venue(const struct setup *s, const struct datafile_argument *a,
                             venue_id *ret, char *why, size_t cap)
{
    const char *file = base_name(a->path);
    venue_id found = VENUE_NONE;
    size_t found_weight = 0;
    bool doubtful = false;
    for (venue_id v = 0; v < s->venues; v++) {
        if (a->venue[0] && strcmp(a->venue, s->venue[v].name) != 0)
            continue;
        size_t weight = a->venue[0] ? 1 : begins_with_venue(file, &s->venue[v]);
        if (found == VENUE_NONE || weight > found_weight) {
            found = v;
            found_weight = weight;
            doubtful = false;
        } else if (weight == found_weight) {
            doubtful = true;
        }
    }
    if (found == VENUE_NONE || doubtful) {
        snprintf(why, cap, "%s: write @VENUE=FILE with the name of a configured venue",
                 found == VENUE_NONE ? "there is no such venue in the configuration"
                                     : "several venues are configured, and the name tells none");
        return ERR_NOT_FOUND;
    }
    *ret = found;
    return ERR_OK;
}

int64_t datafile_name_timeframe(const char *path)
{
    static const struct {
        char unit;
        int64_t ns;
    } UNITS[] = {{'s', NS_PER_S},
                 {'m', 60 * NS_PER_S},
                 {'h', 3600 * NS_PER_S},
                 {'d', NS_PER_DAY},
                 {'w', 7 * NS_PER_DAY}};
    for (const char *p = base_name(path); *p;) {
        size_t digits = strspn(p, "0123456789");
        if (digits > 0 && digits <= 3 && p[0] != '0' && p[digits] && is_separator(p[digits + 1]))
            for (size_t u = 0; u < sizeof UNITS / sizeof UNITS[0]; u++)
                if (p[digits] == UNITS[u].unit) {
                    int64_t n = 0;
                    for (size_t i = 0; i < digits; i++)
                        n = n * 10 + (p[i] - '0');
                    return n * UNITS[u].ns;
                }
        while (!is_separator(*p))
            p++;
        while (*p && is_separator(*p))
            p++;
    }
    return 0;
}

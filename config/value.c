#include "config/value.h"

#include "base/check.h"
#include "base/clock.h"
#include "config/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 48 /* of a wrong value, in a message */

/* ---- durations ---- */

static const struct unit {
    const char *name;
    int64_t ns;
} UNITS[] = {
    {"d", NS_PER_DAY}, {"h", 3600 * NS_PER_S}, {"m", 60 * NS_PER_S},
    {"s", NS_PER_S},   {"ms", NS_PER_MS},      {"us", NS_PER_US},
};
#define UNIT_COUNT (sizeof UNITS / sizeof UNITS[0])

enum err duration_parse(const char *text, size_t len, int64_t *ret)
{
    size_t i = 0;
    int64_t n = 0;
    bool overflow = false;
    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        if (__builtin_mul_overflow(n, (int64_t)10, &n) ||
            __builtin_add_overflow(n, (int64_t)(text[i] - '0'), &n)) {
            overflow = true;
            n = 0;
        }
    if (i == 0)
        return ERR_SYNTAX;
    for (size_t u = 0; u < UNIT_COUNT; u++)
        if (strlen(UNITS[u].name) == len - i && memcmp(UNITS[u].name, text + i, len - i) == 0) {
            if (overflow || __builtin_mul_overflow(n, UNITS[u].ns, &n))
                return ERR_RANGE;
            *ret = n;
            return ERR_OK;
        }
    return ERR_SYNTAX;
}

const char *duration_format(int64_t ns, char *out)
{
    for (size_t u = 0; u < UNIT_COUNT; u++)
        if (ns != 0 && ns % UNITS[u].ns == 0) {
            snprintf(out, 32, "%" PRId64 "%s", ns / UNITS[u].ns, UNITS[u].name);
            return out;
        }
    snprintf(out, 32, ns ? "%" PRId64 "ns" : "0s", ns);
    return out;
}

/* ---- what is allowed, in words ---- */

/* Whether zero is the first value that is too small: said so, or by a bound of the smallest step
 * there is. */
static bool is_above_zero(const struct key_spec *k)
{
    return k->flags & KEY_POSITIVE ||
           (k->type == KEY_DECIMAL && k->min && dec_eq(dec_lit(k->min), (dec){1}));
}

static const char *range_words(const struct key_spec *k, char *out, size_t cap)
{
    bool positive = is_above_zero(k);
    const char *low = positive ? " greater than 0" : k->min ? " from " : "";
    const char *min = positive || !k->min ? "" : k->min;
    const char *high = !k->max ? "" : k->min && !positive ? " to " : ", at most ";
    snprintf(out, cap, "%s%s%s%s", low, min, high, k->max ? k->max : "");
    return out;
}

/* "a|b|c" as "a", "b" or "c". */
static const char *choice_words(const char *choices, char *out, size_t cap)
{
    size_t n = 0;
    for (const char *p = choices; *p && n + 8 < cap;) {
        size_t len = strcspn(p, "|");
        const char *rest = p[len] ? p + len + 1 : p + len;
        const char *before = p == choices ? "" : *rest ? ", " : " or ";
        int wrote = snprintf(out + n, cap - n, "%s\"%.*s\"", before, (int)len, p);
        n += wrote < 0 ? 0 : (size_t)wrote;
        p = rest;
    }
    return out;
}

static const char *list_allowed(const struct key_spec *k, char *out, size_t cap)
{
    struct key_spec element = *k;
    char one[256];
    element.flags &= ~KEY_LIST;
    snprintf(out, cap, "a list of 1 to %d, each %s",
             k->type == KEY_ASSET ? SETUP_ASSETS_MAX : PARAM_LIST_MAX,
             value_allowed(&element, one, sizeof one));
    return out;
}

const char *value_allowed(const struct key_spec *k, char *out, size_t cap)
{
    if (k->flags & KEY_LIST)
        return list_allowed(k, out, cap);
    char a[160];
    size_t most = k->size ? k->size - 1 : 0;
    switch (k->type) {
    case KEY_DECIMAL: snprintf(out, cap, "a decimal%s", range_words(k, a, sizeof a)); return out;
    case KEY_INTEGER: snprintf(out, cap, "an integer%s", range_words(k, a, sizeof a)); return out;
    case KEY_BOOL: snprintf(out, cap, "true or false"); return out;
    case KEY_CHOICE: return choice_words(k->choices, out, cap);
    case KEY_DURATION:
        snprintf(out, cap, "a duration%s: a whole number and us, ms, s, m, h or d, such as \"15s\"",
                 range_words(k, a, sizeof a));
        return out;
    case KEY_NAME:
        snprintf(out, cap,
                 "a name of 1 to %zu characters a-z, 0-9, '-' and '_', the first a letter "
                 "or digit",
                 most);
        return out;
    case KEY_TAG:
        snprintf(out, cap, "1 to 16 characters a-z, 0-9 and '-', the first a letter or digit");
        return out;
    case KEY_ASSET:
        snprintf(out, cap, "an asset of 1 to %d characters A-Z and 0-9, such as \"USDT\"",
                 ASSET_NAME_MAX - 1);
        return out;
    case KEY_SYMBOL:
        snprintf(out, cap, "BASE-QUOTE of two different assets, such as \"BTC-USDT\"");
        return out;
    case KEY_PATH:
        snprintf(out, cap, "a path of %s%zu bytes", k->flags & KEY_EMPTY_OK ? "0 to " : "1 to ",
                 most);
        return out;
    case KEY_URL:
        snprintf(out, cap, "a URL of at most %zu bytes with the scheme %s", most,
                 choice_words(k->choices, a, sizeof a));
        return out;
    case KEY_INSTRUMENT:
        snprintf(out, cap, "a configured instrument, such as \"BTC-USDT\" or \"BTC-USDT@venue\"");
        return out;
    case KEY_TEXT:
        snprintf(out, cap, "a text of %s%zu bytes", k->flags & KEY_EMPTY_OK ? "0 to " : "1 to ",
                 most);
        return out;
    case KEY_SCHEDULE:
        snprintf(out, cap, "a list of 1 to %d texts such as \"mon-fri 08:00-20:00\", in UTC",
                 SCHEDULE_ENTRIES_MAX);
        return out;
    case KEY_TABLE: snprintf(out, cap, "a table"); return out;
    }
    return "?";
}

/* Writes "[problem]; allowed: ..." and returns [e]. */
static enum err refuse(const struct key_spec *k, enum err e, const char *problem, char *why)
{
    char allowed[256];
    snprintf(why, VALUE_WHY_MAX, "%s; allowed: %s", problem,
             value_allowed(k, allowed, sizeof allowed));
    return e;
}

static enum err refuse_shown(const struct key_spec *k, enum err e, const char *text, size_t len,
                             const char *problem, char *why)
{
    char shown[SHOWN_MAX], both[SHOWN_MAX + 128];
    printable(shown, sizeof shown, text, len);
    snprintf(both, sizeof both, "\"%s\" %s", shown, problem);
    return refuse(k, e, both, why);
}

/* ---- numbers ---- */

static enum err check_decimal(const struct key_spec *k, dec d, const char *text, size_t len,
                              struct value *ret, char *why)
{
    if ((k->flags & KEY_POSITIVE && !dec_is_pos(d)) || (k->min && dec_lt(d, dec_lit(k->min))) ||
        (k->max && dec_gt(d, dec_lit(k->max))))
        return refuse_shown(k, ERR_RANGE, text, len, "is out of range", why);
    ret->decimal = d;
    return ERR_OK;
}

static enum err parse_decimal(const struct key_spec *k, const char *text, size_t len,
                              struct value *ret, char *why)
{
    dec d;
    enum err e = dec_parse(text, len, &d);
    if (e == ERR_PRECISION)
        return refuse_shown(k, e, text, len,
                            "has more than 18 decimal places and would lose precision", why);
    if (e == ERR_RANGE)
        return refuse_shown(k, e, text, len, "is too large", why);
    if (e)
        return refuse_shown(k, e, text, len, "is not a decimal", why);
    return check_decimal(k, d, text, len, ret, why);
}

/* A TOML float by its token: dec_parse()'s notation but for underscores and a plus sign. */
static enum err read_float(const struct key_spec *k, const struct toml_node *n, struct value *ret,
                           char *why)
{
    char plain[256]; /* toml++ takes 128 digits */
    size_t len = 0;
    for (size_t i = n->len && n->text[0] == '+' ? 1 : 0; i < n->len; i++) {
        if (len == sizeof plain)
            return refuse_shown(k, ERR_SYNTAX, n->text, n->len, "is too long", why);
        if (n->text[i] != '_')
            plain[len++] = n->text[i];
    }
    return parse_decimal(k, plain, len, ret, why);
}

/* Default and bounds of integers are plain decimal text that fits; others are programmer errors. */
static int64_t integer_literal(const char *text)
{
    int64_t n = 0;
    CHECK(dec_to_steps(dec_lit(text), DEC_ONE, &n));
    return n;
}

static enum err check_integer(const struct key_spec *k, int64_t n, struct value *ret, char *why)
{
    if ((k->min && n < integer_literal(k->min)) || (k->max && n > integer_literal(k->max))) {
        char problem[64];
        snprintf(problem, sizeof problem, "%" PRId64 " is out of range", n);
        return refuse(k, ERR_RANGE, problem, why);
    }
    ret->integer = n;
    return ERR_OK;
}

static int64_t duration_literal(const char *text)
{
    int64_t ns = 0;
    CHECK(duration_parse(text, strlen(text), &ns) == ERR_OK);
    return ns;
}

static enum err parse_duration(const struct key_spec *k, const char *text, size_t len,
                               struct value *ret, char *why)
{
    int64_t ns;
    enum err e = duration_parse(text, len, &ns);
    if (e == ERR_SYNTAX)
        return refuse_shown(k, e, text, len, "is not a duration: a whole number and its unit", why);
    if (e || (k->flags & KEY_POSITIVE && ns == 0) || (k->min && ns < duration_literal(k->min)) ||
        (k->max && ns > duration_literal(k->max)))
        return refuse_shown(k, ERR_RANGE, text, len, "is out of range", why);
    ret->duration_ns = ns;
    return ERR_OK;
}

static enum err parse_choice(const struct key_spec *k, const char *text, size_t len,
                             struct value *ret, char *why)
{
    uint32_t index = 0;
    for (const char *p = k->choices; *p; index++) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, text, n) == 0) {
            ret->choice = index;
            return ERR_OK;
        }
        p += n + (p[n] ? 1 : 0);
    }
    return refuse_shown(k, ERR_RANGE, text, len, "is not known", why);
}

/* ---- texts ---- */

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name(const char *text, size_t len, bool underscore)
{
    for (size_t i = 0; i < len; i++)
        if (!is_lower_or_digit(text[i]) &&
            (i == 0 || (text[i] != '-' && !(underscore && text[i] == '_'))))
            return false;
    return len > 0;
}

static bool is_asset(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_upper_or_digit(text[i]))
            return false;
    return len > 0 && len < ASSET_NAME_MAX;
}

static bool is_symbol(const char *text, size_t len)
{
    const char *dash = memchr(text, '-', len);
    if (!dash)
        return false;
    size_t base = (size_t)(dash - text), quote = len - base - 1;
    return is_asset(text, base) && is_asset(dash + 1, quote) &&
           !(base == quote && memcmp(text, dash + 1, base) == 0);
}

/* "SYMBOL" or "SYMBOL@venue". */
static bool is_instrument(const char *text, size_t len)
{
    const char *at = memchr(text, '@', len);
    size_t symbol = at ? (size_t)(at - text) : len;
    return is_symbol(text, symbol) &&
           (!at || (is_name(at + 1, len - symbol - 1, true) && len - symbol - 1 < NAME_MAX_BYTES));
}

static bool is_loopback(const char *host, size_t len)
{
    return (len == 9 && memcmp(host, "localhost", 9) == 0) ||
           (len == 5 && memcmp(host, "[::1]", 5) == 0) ||
           (len > 4 && memcmp(host, "127.", 4) == 0 && strspn(host + 4, "0123456789.") >= len - 4);
}

static size_t host_length(const char *p)
{
    if (*p == '[') {
        size_t n = 1 + strspn(p + 1, "0123456789abcdefABCDEF:.");
        return n > 1 && p[n] == ']' ? n + 1 : 0;
    }
    return strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
}

/* ":1" to ":65535", or nothing. */
static bool skip_port(const char **p)
{
    if (**p != ':')
        return true;
    unsigned port = 0;
    const char *s = *p + 1;
    for (; *s >= '0' && *s <= '9' && port <= 65535; s++)
        port = port * 10 + (unsigned)(*s - '0');
    bool ok = s > *p + 1 && port >= 1 && port <= 65535;
    *p = s;
    return ok;
}

/* The text is NUL-terminated at [len] and holds no control character. */
static enum err parse_url(const struct key_spec *k, const char *text, size_t len, struct value *ret,
                          char *why)
{
    const char *p = text;
    bool encrypted = false, known = false;
    for (const char *c = k->choices; *c && !known;) {
        size_t n = strcspn(c, "|");
        known = strncmp(text, c, n) == 0 && strncmp(text + n, "://", 3) == 0;
        encrypted = c == k->choices;
        p = text + n + 3;
        c += n + (c[n] ? 1 : 0);
    }
    if (!known)
        return refuse_shown(k, ERR_RANGE, text, len, "does not begin with a scheme of this key",
                            why);
    if (memchr(p, '@', strlen(p)))
        return refuse(k, ERR_RANGE,
                      "a URL with a user name or '@' is refused: secrets cannot be given in this "
                      "file",
                      why);
    const char *host = p;
    size_t host_len = host_length(p);
    p += host_len;
    if (host_len == 0 || !skip_port(&p))
        return refuse_shown(k, ERR_SYNTAX, text, len, "has no valid host and port", why);
    size_t path = strspn(p, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-");
    if ((path && *p != '/') || p[path]) /* not shown: a query may hold a token */
        return refuse(k, ERR_SYNTAX, "the URL has more than scheme, host, port and a plain path",
                      why);
    if (!encrypted && !is_loopback(host, host_len))
        return refuse_shown(k, ERR_RANGE, text, len,
                            "is not encrypted, which is allowed for localhost, 127.x.x.x and "
                            "[::1] only",
                            why);
    while (len > 0 && path > 0 && text[len - 1] == '/') { /* paths are put behind it */
        len--;
        path--;
    }
    ret->text = text;
    ret->len = len;
    return ERR_OK;
}

static enum err parse_text(const struct key_spec *k, const char *text, size_t len,
                           struct value *ret, char *why)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return refuse_shown(k, ERR_SYNTAX, text, len, "holds a control character", why);
    if (len == 0 && !(k->flags & KEY_EMPTY_OK))
        return refuse(k, ERR_RANGE, "the text is empty", why);
    size_t most = k->type == KEY_TAG ? 16 : k->type == KEY_ASSET ? ASSET_NAME_MAX - 1 : k->size - 1;
    if (len > most) {
        char problem[96];
        snprintf(problem, sizeof problem, "the text has %zu bytes, at most %zu are allowed", len,
                 most);
        return refuse(k, ERR_RANGE, problem, why);
    }
    bool ok = true;
    switch (k->type) {
    case KEY_NAME: ok = is_name(text, len, true); break;
    case KEY_TAG: ok = is_name(text, len, false); break;
    case KEY_ASSET: ok = is_asset(text, len); break;
    case KEY_SYMBOL: ok = is_symbol(text, len); break;
    case KEY_INSTRUMENT: ok = is_instrument(text, len); break;
    case KEY_URL: return parse_url(k, text, len, ret, why);
    case KEY_PATH:
    case KEY_TEXT:
    case KEY_DECIMAL:
    case KEY_INTEGER:
    case KEY_BOOL:
    case KEY_CHOICE:
    case KEY_DURATION:
    case KEY_SCHEDULE:
    case KEY_TABLE: break;
    }
    if (!ok)
        return refuse_shown(k, ERR_SYNTAX, text, len, "is not of the form that is needed", why);
    ret->text = text;
    ret->len = len;
    return ERR_OK;
}

/* ---- both ways in ---- */

enum err value_parse(const struct key_spec *k, const char *text, size_t len, struct value *ret,
                     char *why)
{
    switch (k->type) {
    case KEY_DECIMAL: return parse_decimal(k, text, len, ret, why);
    case KEY_INTEGER: return check_integer(k, integer_literal(text), ret, why);
    case KEY_BOOL: ret->boolean = strcmp(text, "true") == 0; return ERR_OK;
    case KEY_CHOICE: return parse_choice(k, text, len, ret, why);
    case KEY_DURATION: return parse_duration(k, text, len, ret, why);
    case KEY_NAME:
    case KEY_TAG:
    case KEY_ASSET:
    case KEY_SYMBOL:
    case KEY_PATH:
    case KEY_TEXT:
    case KEY_URL:
    case KEY_INSTRUMENT: return parse_text(k, text, len, ret, why);
    case KEY_SCHEDULE:
    case KEY_TABLE: break;
    }
    return refuse(k, ERR_SYNTAX, "there is no such value", why);
}

static enum err wrong_type(const struct key_spec *k, const struct toml_node *n, char *why)
{
    char problem[64];
    snprintf(problem, sizeof problem, "wrong type: %s", toml_type_name(n->type));
    return refuse(k, ERR_SYNTAX, problem, why);
}

enum err value_read(const struct key_spec *k, const struct toml_node *n, struct value *ret,
                    char *why)
{
    switch (k->type) {
    case KEY_DECIMAL:
        if (n->type == TOML_NODE_STRING)
            return parse_decimal(k, n->text, n->len, ret, why);
        if (n->type == TOML_NODE_FLOAT)
            return read_float(k, n, ret, why);
        if (n->type == TOML_NODE_INTEGER)
            return check_decimal(k, dec_from_i64(n->integer, 0), n->text, n->len, ret, why);
        return wrong_type(k, n, why);
    case KEY_INTEGER:
        return n->type == TOML_NODE_INTEGER ? check_integer(k, n->integer, ret, why)
                                            : wrong_type(k, n, why);
    case KEY_BOOL:
        if (n->type != TOML_NODE_BOOL)
            return wrong_type(k, n, why);
        ret->boolean = n->boolean;
        return ERR_OK;
    case KEY_CHOICE:
    case KEY_DURATION:
    case KEY_NAME:
    case KEY_TAG:
    case KEY_ASSET:
    case KEY_SYMBOL:
    case KEY_PATH:
    case KEY_TEXT:
    case KEY_URL:
    case KEY_INSTRUMENT:
        return n->type == TOML_NODE_STRING ? value_parse(k, n->text, n->len, ret, why)
                                           : wrong_type(k, n, why);
    case KEY_SCHEDULE:
    case KEY_TABLE: break;
    }
    return wrong_type(k, n, why);
}

#include "io/datafile_row.h"

#include "base/check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- what the columns mean ---- */

struct known_column {
    const char *names; /* "a|b|c", lower case */
    struct column column;
    bool needed;
};

/* The first needed names of each table are what tells the formats apart. */
static const struct known_column TRADE_COLUMNS[] = {
    {"price|p", {COLUMN_VALUE, TRADE_PRICE, "price"}, true},
    {"quantity|qty|amount|volume|q", {COLUMN_SIZE, TRADE_QTY, "quantity"}, true},
    {"agg_trade_id|aggtradeid|trade_id|tradeid|id|a|t", {COLUMN_ID, 0, "trade id"}, false},
    {"first_trade_id|firsttradeid|f", {COLUMN_FIRST_ID, 0, "first trade id"}, false},
    {"last_trade_id|lasttradeid|l", {COLUMN_INTEGER, 0, "last trade id"}, false},
    {"quote_qty|quoteqty|quote_quantity|quote_volume", {COLUMN_NUMBER, 0, "quote quantity"}, false},
    {"is_buyer_maker|isbuyermaker|m", {COLUMN_BUYER_MAKER, 0, "is buyer maker"}, false},
    {"is_best_match|isbestmatch|was_best_price", {COLUMN_BOOL, 0, "is best match"}, false},
    {"time|timestamp|transact_time", {COLUMN_TIME, 0, "time"}, false},
    {"time_s", {COLUMN_TIME_S, 0, "time"}, false},
    {"time_ms", {COLUMN_TIME_MS, 0, "time"}, false},
    {"time_us", {COLUMN_TIME_US, 0, "time"}, false},
    {"time_ns", {COLUMN_TIME_NS, 0, "time"}, false},
    {NULL, {COLUMN_INTEGER, 0, NULL}, false},
};

#define OPEN_TIME_COLUMNS                                                                          \
    {"open_time|time|timestamp", {COLUMN_TIME, 0, "open time"}, false},                            \
        {"open_time_s", {COLUMN_TIME_S, 0, "open time"}, false},                                   \
        {"open_time_ms", {COLUMN_TIME_MS, 0, "open time"}, false},                                 \
        {"open_time_us", {COLUMN_TIME_US, 0, "open time"}, false},                                 \
    {                                                                                              \
        "open_time_ns", {COLUMN_TIME_NS, 0, "open time"}, false                                    \
    }

static const struct known_column CANDLE_COLUMNS[] = {
    {"open", {COLUMN_VALUE, CANDLE_OPEN, "open"}, true},
    {"high", {COLUMN_VALUE, CANDLE_HIGH, "high"}, true},
    {"low", {COLUMN_VALUE, CANDLE_LOW, "low"}, true},
    {"close", {COLUMN_VALUE, CANDLE_CLOSE, "close"}, true},
    {"volume", {COLUMN_SIZE, CANDLE_VOLUME, "volume"}, true},
    OPEN_TIME_COLUMNS,
    {"close_time|close_time_ms", {COLUMN_INTEGER, 0, "close time"}, false},
    {"quote_volume|quote_asset_volume", {COLUMN_NUMBER, 0, "quote volume"}, false},
    {"trades|count|number_of_trades", {COLUMN_INTEGER, 0, "count"}, false},
    {"taker_buy_volume|taker_buy_base_asset_volume", {COLUMN_NUMBER, 0, "taker volume"}, false},
    {"taker_buy_quote_volume|taker_buy_quote_asset_volume",
     {COLUMN_NUMBER, 0, "taker quote volume"},
     false},
    {"ignore", {COLUMN_NUMBER, 0, "ignore"}, false},
    {NULL, {COLUMN_INTEGER, 0, NULL}, false},
};

static const struct known_column QUOTE_COLUMNS[] = {
    {"bid_open", {COLUMN_VALUE, QUOTE_BID + 0, "bid_open"}, true},
    {"bid_high", {COLUMN_VALUE, QUOTE_BID + 1, "bid_high"}, true},
    {"bid_low", {COLUMN_VALUE, QUOTE_BID + 2, "bid_low"}, true},
    {"bid_close", {COLUMN_VALUE, QUOTE_BID + 3, "bid_close"}, true},
    {"bid_size", {COLUMN_SIZE, QUOTE_BID_SIZE, "bid_size"}, true},
    {"ask_open", {COLUMN_VALUE, QUOTE_ASK + 0, "ask_open"}, true},
    {"ask_high", {COLUMN_VALUE, QUOTE_ASK + 1, "ask_high"}, true},
    {"ask_low", {COLUMN_VALUE, QUOTE_ASK + 2, "ask_low"}, true},
    {"ask_close", {COLUMN_VALUE, QUOTE_ASK + 3, "ask_close"}, true},
    {"ask_size", {COLUMN_SIZE, QUOTE_ASK_SIZE, "ask_size"}, true},
    OPEN_TIME_COLUMNS,
    {NULL, {COLUMN_INTEGER, 0, NULL}, false},
};

static const struct {
    enum datafile_format format;
    const char *sign; /* a column that no other format has */
    const struct known_column *columns;
} FORMATS[] = {
    {DATAFILE_TRADES, "price", TRADE_COLUMNS},
    {DATAFILE_CANDLES, "open", CANDLE_COLUMNS},
    {DATAFILE_QUOTES, "bid_open", QUOTE_COLUMNS},
};

struct field {
    const char *text;
    size_t len;
};

/* Splits at commas; returns the number of fields, of which the first [cap] are in out[]. */
static unsigned split(const char *line, size_t len, struct field *out, unsigned cap)
{
    unsigned n = 0;
    const char *p = line, *end = line + len;
    for (;;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        if (n < cap)
            out[n] = (struct field){p, (size_t)((comma ? comma : end) - p)};
        n++;
        if (!comma)
            return n;
        p = comma + 1;
    }
}

/* Whether the field is one of the words "a|b|c", whatever its case. */
static bool is_one_of(struct field f, const char *words)
{
    for (const char *w = words; *w;) {
        size_t len = strcspn(w, "|");
        if (len == f.len) {
            size_t i = 0;
            while (i < len && tolower((unsigned char)f.text[i]) == w[i])
                i++;
            if (i == len)
                return true;
        }
        w += len;
        if (*w == '|')
            w++;
    }
    return false;
}

static bool is_time(enum column_kind k)
{
    return k >= COLUMN_TIME && k <= COLUMN_TIME_NS;
}

/* As much of a field as a message can show. */
static int shown(struct field f)
{
    return (int)(f.len < 40 ? f.len : 40);
}

static bool same_column(const struct column *a, const struct column *b)
{
    return (a->kind == b->kind && a->value == b->value && a->title == b->title) ||
           (is_time(a->kind) && is_time(b->kind));
}

static enum err plan_from_names(struct row_plan *plan, const struct known_column *known,
                                const struct field *f, char *why, size_t cap)
{
    for (unsigned i = 0; i < plan->columns; i++) {
        const struct known_column *k = known;
        while (k->names && !is_one_of(f[i], k->names))
            k++;
        if (!k->names) {
            snprintf(why, cap, "column %u: '%.*s' is no column name known for %s", i + 1,
                     shown(f[i]), f[i].text, datafile_format_name(plan->format));
            return ERR_SYNTAX;
        }
        for (unsigned j = 0; j < i; j++)
            if (same_column(&plan->column[j], &k->column)) {
                snprintf(why, cap, "columns %u and %u ('%.*s') both are the %s", j + 1, i + 1,
                         shown(f[i]), f[i].text, k->column.title);
                return ERR_SYNTAX;
            }
        plan->column[i] = k->column;
    }
    bool has_time = false;
    for (unsigned i = 0; i < plan->columns; i++)
        has_time |= is_time(plan->column[i].kind);
    for (const struct known_column *k = known; k->names; k++) {
        bool there = !k->needed;
        for (unsigned i = 0; i < plan->columns; i++)
            there |= same_column(&plan->column[i], &k->column);
        if (!there) {
            snprintf(why, cap, "the header has no column %.*s", (int)strcspn(k->names, "|"),
                     k->names);
            return ERR_SYNTAX;
        }
    }
    if (!has_time) {
        snprintf(why, cap, "the header has no column for the time");
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

/* The layouts of Binance's public data, which come without a header. */
static enum err plan_from_count(struct row_plan *plan, const struct field *f, char *why, size_t cap)
{
    static const struct {
        enum datafile_format format;
        const char *names;
    } LAYOUTS[] = {
        {DATAFILE_TRADES, "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,"
                          "is_buyer_maker,is_best_match"},
        {DATAFILE_TRADES, "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match"},
        {DATAFILE_TRADES, "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,"
                          "is_buyer_maker"},
        {DATAFILE_CANDLES, "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
                           "taker_buy_volume,taker_buy_quote_volume,ignore"},
    };
    int layout = -1;
    if (plan->columns == 8)
        layout = 0;
    else if (plan->columns == 7) /* the sixth is a time only in aggregated trades */
        layout = f[5].len > 0 && isdigit((unsigned char)f[5].text[0]) ? 2 : 1;
    else if (plan->columns == 12)
        layout = 3;
    if (layout < 0) {
        snprintf(why, cap,
                 "no header, and %u columns: known without a header are aggTrades (8), trades (7) "
                 "and klines (12)",
                 plan->columns);
        return ERR_SYNTAX;
    }
    plan->format = LAYOUTS[layout].format;
    struct field names[ROW_COLUMNS_MAX];
    CHECK(split(LAYOUTS[layout].names, strlen(LAYOUTS[layout].names), names, ROW_COLUMNS_MAX) ==
          plan->columns);
    return plan_from_names(plan, plan->format == DATAFILE_TRADES ? TRADE_COLUMNS : CANDLE_COLUMNS,
                           names, why, cap);
}

enum err row_plan_make(struct row_plan *ret, const char *line, size_t len, char *why, size_t cap)
{
    struct row_plan plan = {.columns = 0};
    struct field f[ROW_COLUMNS_MAX] = {{NULL, 0}};
    plan.columns = split(line, len, f, ROW_COLUMNS_MAX);
    if (plan.columns > ROW_COLUMNS_MAX) {
        snprintf(why, cap, "%u columns, more than any known format has", plan.columns);
        return ERR_SYNTAX;
    }
    enum err e;
    if (f[0].len > 0 && (isdigit((unsigned char)f[0].text[0]) || f[0].text[0] == '-')) {
        e = plan_from_count(&plan, f, why, cap);
    } else {
        plan.has_header = true;
        const struct known_column *known = NULL;
        for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0] && !known; i++)
            for (unsigned c = 0; c < plan.columns && !known; c++)
                if (is_one_of(f[c], FORMATS[i].sign)) {
                    plan.format = FORMATS[i].format;
                    known = FORMATS[i].columns;
                }
        if (!known) {
            snprintf(why, cap,
                     "the header '%.*s%s' is not that of trades (price, quantity ...), candles "
                     "(open, high ...) or quote bars (bid_open ...)",
                     (int)(len < 80 ? len : 80), line, len > 80 ? "..." : "");
            return ERR_SYNTAX;
        }
        e = plan_from_names(&plan, known, f, why, cap);
    }
    if (e)
        return e;
    *ret = plan;
    return ERR_OK;
}

/* ---- time stamps ---- */

/* Years 1973 to 2262, so that no time is in two ranges. */
#define MS_MIN UINT64_C(100000000000)
#define MS_MAX UINT64_C(9200000000000)
#define US_MIN UINT64_C(100000000000000)
#define US_MAX UINT64_C(9200000000000000)

static bool to_ns(enum column_kind kind, uint64_t v, int64_t *ret)
{
    uint64_t factor = 0;
    switch (kind) {
    case COLUMN_TIME:
        if (v >= MS_MIN && v <= MS_MAX)
            factor = 1000000;
        else if (v >= US_MIN && v <= US_MAX)
            factor = 1000;
        break;
    case COLUMN_TIME_S: factor = 1000000000; break;
    case COLUMN_TIME_MS: factor = 1000000; break;
    case COLUMN_TIME_US: factor = 1000; break;
    case COLUMN_TIME_NS: factor = 1; break;
    case COLUMN_INTEGER:
    case COLUMN_NUMBER:
    case COLUMN_BOOL:
    case COLUMN_ID:
    case COLUMN_FIRST_ID:
    case COLUMN_BUYER_MAKER:
    case COLUMN_VALUE:
    case COLUMN_SIZE: break;
    }
    uint64_t ns;
    if (factor == 0 || v == 0 || __builtin_mul_overflow(v, factor, &ns) || ns > INT64_MAX)
        return false;
    *ret = (int64_t)ns;
    return true;
}

/* ---- the fast reader ---- */

/* An unsigned integer of at most 18 digits; false for none or more. Ends at a non-digit, at the
 * latest at the '\n' of the row. */
static inline bool fast_integer(const char **p, uint64_t *ret)
{
    const char *s = *p;
    uint64_t v = 0;
    while ((unsigned char)(*s - '0') < 10)
        v = v * 10 + (unsigned char)(*s++ - '0');
    if (s == *p || s - *p > 18)
        return false;
    *p = s;
    *ret = v;
    return true;
}

static inline bool fast_number(const char **p)
{
    const char *s = *p;
    while ((unsigned char)(*s - '0') < 10)
        s++;
    if (s == *p)
        return false;
    if (*s == '.') {
        const char *point = s++;
        while ((unsigned char)(*s - '0') < 10)
            s++;
        if (s == point + 1)
            return false;
    }
    *p = s;
    return true;
}

static inline bool fast_bool(const char **p, const char *end, bool *ret)
{
    const char *s = *p;
    if (end - s >= 5 && (s[0] | 0x20) == 't' && memcmp(s + 1, "rue", 3) == 0) {
        *ret = true;
        *p = s + 4;
        return true;
    }
    if (end - s >= 6 && (s[0] | 0x20) == 'f' && memcmp(s + 1, "alse", 4) == 0) {
        *ret = false;
        *p = s + 5;
        return true;
    }
    return false;
}

bool row_read_fast(const struct row_plan *plan, const char **p, const char *end, struct row *ret)
{
    const char *s = *p;
    uint64_t v;
    bool b;
    ret->id = 0;
    ret->buyer_maker = ret->placeholder = ret->rounded = false;
    for (unsigned c = 0; c < plan->columns; c++) {
        const struct column *col = &plan->column[c];
        switch (col->kind) {
        case COLUMN_INTEGER:
        case COLUMN_FIRST_ID:
            if (!fast_integer(&s, &v))
                return false;
            break;
        case COLUMN_NUMBER:
            if (!fast_number(&s))
                return false;
            break;
        case COLUMN_BOOL:
            if (!fast_bool(&s, end, &b))
                return false;
            break;
        case COLUMN_ID:
            if (!fast_integer(&s, &ret->id))
                return false;
            break;
        case COLUMN_TIME:
        case COLUMN_TIME_S:
        case COLUMN_TIME_MS:
        case COLUMN_TIME_US:
        case COLUMN_TIME_NS:
            if (!fast_integer(&s, &v) || !to_ns(col->kind, v, &ret->ts_ns))
                return false;
            break;
        case COLUMN_BUYER_MAKER:
            if (!fast_bool(&s, end, &ret->buyer_maker))
                return false;
            break;
        case COLUMN_VALUE:
        case COLUMN_SIZE:
            if (dec_scan(&s, end, &ret->value[col->value]) != ERR_OK)
                return false;
            break;
        }
        if (*s++ != (c + 1 < plan->columns ? ',' : '\n'))
            return false;
    }
    *p = s;
    return true;
}

/* ---- the exact reader ---- */

static bool exact_integer(struct field f, bool sign_allowed, uint64_t *ret, bool *negative)
{
    size_t i = 0;
    *negative = sign_allowed && f.len > 0 && f.text[0] == '-';
    if (*negative)
        i++;
    uint64_t v = 0;
    if (i == f.len)
        return false;
    for (; i < f.len; i++)
        if (!isdigit((unsigned char)f.text[i]) || __builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)(f.text[i] - '0'), &v))
            return false;
    *ret = v;
    return true;
}

static enum err exact_time(const struct column *col, struct field f, int64_t *ret, char *why,
                           size_t cap)
{
    uint64_t v;
    bool negative;
    if (!exact_integer(f, false, &v, &negative)) {
        snprintf(why, cap, "'%.*s' is not a time stamp (whole number)", shown(f), f.text);
        return ERR_SYNTAX;
    }
    if (!to_ns(col->kind, v, ret)) {
        snprintf(why, cap, "'%.*s' is not a time in %s since 1970 (years 1973 to 2262)", shown(f),
                 f.text, col->kind == COLUMN_TIME ? "milliseconds or microseconds" : "that unit");
        return ERR_RANGE;
    }
    return ERR_OK;
}

static enum err exact_value(struct field f, dec *ret, char *why, size_t cap)
{
    enum err e = dec_parse(f.text, f.len, ret);
    if (e == ERR_PRECISION)
        snprintf(why, cap, "'%.*s' has more than 18 decimals", shown(f), f.text);
    else if (e == ERR_RANGE)
        snprintf(why, cap, "'%.*s' is too large", shown(f), f.text);
    else if (e)
        snprintf(why, cap, "'%.*s' is not a number", shown(f), f.text);
    return e;
}

/* Sizes that went through someone's binary floating point have digits that mean nothing
 * ("0.0038217599999999996"): rounded down at 18 places. False where that is not the case. */
static bool round_size(struct field f, dec *ret)
{
    dec d;
    const char *point = memchr(f.text, '.', f.len);
    if (!point || dec_parse(f.text, f.len, &d) != ERR_PRECISION)
        return false;
    size_t kept = (size_t)(point - f.text) + 1 + DEC_SCALE;
    if (kept >= f.len || dec_parse(f.text, kept, &d) != ERR_OK)
        return false;
    for (size_t i = kept; i < f.len; i++)
        if (!isdigit((unsigned char)f.text[i]))
            return false;
    *ret = d;
    return true;
}

/* Reads one field into [ret]; the sentence in why[cap] does not name the column yet. */
static enum err exact_field(const struct column *col, struct field f, struct row *ret, char *why,
                            size_t cap)
{
    uint64_t v;
    bool negative;
    dec number;
    switch (col->kind) {
    case COLUMN_INTEGER:
    case COLUMN_FIRST_ID:
    case COLUMN_ID:
        if (!exact_integer(f, true, &v, &negative) || v > TAPE_ID_MASK ||
            (negative && col->kind == COLUMN_ID)) {
            snprintf(why, cap, "'%.*s' is not a whole number", shown(f), f.text);
            return ERR_SYNTAX;
        }
        if (col->kind == COLUMN_ID)
            ret->id = v;
        if (col->kind == COLUMN_FIRST_ID)
            ret->placeholder = negative;
        return ERR_OK;
    case COLUMN_NUMBER: /* not used: any number of digits will do */
        if (f.len > 0 && strspn(f.text, "0123456789.eE+-") >= f.len &&
            dec_parse(f.text, f.len, &number) != ERR_SYNTAX)
            return ERR_OK;
        snprintf(why, cap, "'%.*s' is not a number", shown(f), f.text);
        return ERR_SYNTAX;
    case COLUMN_BOOL:
    case COLUMN_BUYER_MAKER:
        if (!is_one_of(f, "true|false")) {
            snprintf(why, cap, "'%.*s' is neither true nor false", shown(f), f.text);
            return ERR_SYNTAX;
        }
        if (col->kind == COLUMN_BUYER_MAKER)
            ret->buyer_maker = f.len == 4;
        return ERR_OK;
    case COLUMN_TIME:
    case COLUMN_TIME_S:
    case COLUMN_TIME_MS:
    case COLUMN_TIME_US:
    case COLUMN_TIME_NS: return exact_time(col, f, &ret->ts_ns, why, cap);
    case COLUMN_SIZE:
        if (round_size(f, &ret->value[col->value])) {
            ret->rounded = true;
            return ERR_OK;
        }
        return exact_value(f, &ret->value[col->value], why, cap);
    case COLUMN_VALUE: return exact_value(f, &ret->value[col->value], why, cap);
    }
    return ERR_UNSUPPORTED;
}

enum err row_read_exact(const struct row_plan *plan, const char *line, size_t len, struct row *ret,
                        char *why, size_t cap)
{
    struct field f[ROW_COLUMNS_MAX] = {{NULL, 0}};
    unsigned n = split(line, len, f, ROW_COLUMNS_MAX);
    if (n != plan->columns) {
        snprintf(why, cap, "%u columns instead of %u%s", n, plan->columns,
                 len == 0 ? " (an empty line)" : "");
        return ERR_SYNTAX;
    }
    struct row r = {.ts_ns = 0};
    for (unsigned c = 0; c < n; c++) {
        char detail[160];
        enum err e = exact_field(&plan->column[c], f[c], &r, detail, sizeof detail);
        if (e) {
            snprintf(why, cap, "column %u (%s): %s", c + 1, plan->column[c].title, detail);
            return e;
        }
    }
    *ret = r;
    return ERR_OK;
}

#include "venue/binance_spot_names.h"

#include "base/check.h"

#include <stdbool.h>
#include <string.h>

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

enum err binance_spot_symbol(const char *symbol, char out[static BINANCE_SYMBOL_MAX])
{
    size_t len = strlen(symbol), n = 0, hyphen = 0;
    if (len >= SYMBOL_MAX)
        return ERR_RANGE;
    char text[BINANCE_SYMBOL_MAX];
    for (size_t i = 0; i < len; i++) {
        if (symbol[i] == '-') {
            if (hyphen || i == 0)
                return ERR_SYNTAX;
            hyphen = i;
        } else if (is_name_char(symbol[i])) {
            text[n++] = symbol[i];
        } else {
            return ERR_SYNTAX;
        }
    }
    if (!hyphen || hyphen == len - 1)
        return ERR_SYNTAX;
    memcpy(out, text, n);
    out[n] = 0;
    return ERR_OK;
}

/* What follows the symbol. NULL: several spellings, see stream_kind(). */
static const char *const SUFFIX[] = {
    [BINANCE_STREAM_TRADE] = "@trade",
    [BINANCE_STREAM_AGG_TRADE] = "@aggTrade",
    [BINANCE_STREAM_BOOK_TICKER] = "@bookTicker",
    [BINANCE_STREAM_DEPTH_100MS] = "@depth@100ms",
    [BINANCE_STREAM_DEPTH] = "@depth",
    [BINANCE_STREAM_DEPTH_PARTIAL] = NULL,
    [BINANCE_STREAM_KLINE] = NULL,
    [BINANCE_STREAM_MINI_TICKER] = "@miniTicker",
    [BINANCE_STREAM_TICKER] = NULL,
    [BINANCE_STREAM_AVG_PRICE] = "@avgPrice",
    [BINANCE_STREAM_BLOCK_TRADE] = "@blockTrade",
    [BINANCE_STREAM_REFERENCE_PRICE] = "@referencePrice",
};
enum { SUFFIXES = sizeof SUFFIX / sizeof SUFFIX[0] };

size_t binance_spot_stream_name(const char *venue_symbol, enum binance_stream kind,
                                char out[static BINANCE_STREAM_MAX])
{
    const char *suffix = SUFFIX[kind];
    size_t n = strlen(venue_symbol);
    CHECK(suffix && n < BINANCE_SYMBOL_MAX);
    for (size_t i = 0; i < n; i++) {
        char c = venue_symbol[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    size_t m = strlen(suffix);
    memcpy(out + n, suffix, m + 1);
    return n + m;
}

static bool equals(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}
static bool starts(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len > n && memcmp(text, word, n) == 0;
}

static enum err stream_kind(const char *suffix, size_t len, enum binance_stream *ret)
{
    static const char *const PARTIAL[] = {"@depth5",       "@depth10",       "@depth20",
                                          "@depth5@100ms", "@depth10@100ms", "@depth20@100ms"};
    for (unsigned i = 0; i < SUFFIXES; i++) {
        if (SUFFIX[i] && equals(suffix, len, SUFFIX[i])) {
            *ret = (enum binance_stream)i;
            return ERR_OK;
        }
    }
    for (unsigned i = 0; i < sizeof PARTIAL / sizeof PARTIAL[0]; i++) {
        if (equals(suffix, len, PARTIAL[i])) {
            *ret = BINANCE_STREAM_DEPTH_PARTIAL;
            return ERR_OK;
        }
    }
    if (starts(suffix, len, "@kline_")) {
        *ret = BINANCE_STREAM_KLINE;
        return ERR_OK;
    }
    if (equals(suffix, len, "@ticker") || starts(suffix, len, "@ticker_")) {
        *ret = BINANCE_STREAM_TICKER;
        return ERR_OK;
    }
    return ERR_UNKNOWN;
}

enum err binance_spot_stream_parse(const char *name, size_t len,
                                   char symbol[static BINANCE_SYMBOL_MAX],
                                   enum binance_stream *kind)
{
    size_t n = 0;
    while (n < len && name[n] != '@')
        n++;
    if (n == 0 || n == len)
        return ERR_SYNTAX;
    if (n >= BINANCE_SYMBOL_MAX)
        return ERR_RANGE;
    char text[BINANCE_SYMBOL_MAX];
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        text[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        if (!is_name_char(text[i]))
            return ERR_SYNTAX;
    }
    enum err e = stream_kind(name + n, len - n, kind);
    if (e)
        return e;
    memcpy(symbol, text, n);
    symbol[n] = 0;
    return ERR_OK;
}

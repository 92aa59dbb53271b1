/* The symbols of the box and their names. What recorded lines do to them is in box_apply.c. */
#include "sim/box.h"

#include "venue/binance_spot_names.h"
#include "venue/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const STREAM[BOX_STREAM_KLINE] = {
    [BOX_STREAM_TRADE] = "trade",
    [BOX_STREAM_AGG_TRADE] = "aggTrade",
    [BOX_STREAM_BOOK_TICKER] = "bookTicker",
    [BOX_STREAM_DEPTH_100MS] = "depth@100ms",
    [BOX_STREAM_DEPTH] = "depth",
    [BOX_STREAM_MINI_TICKER] = "miniTicker",
    [BOX_STREAM_TICKER] = "ticker",
    [BOX_STREAM_DEPTH5] = "depth5",
    [BOX_STREAM_DEPTH10] = "depth10",
    [BOX_STREAM_DEPTH20] = "depth20",
    [BOX_STREAM_DEPTH5_100MS] = "depth5@100ms",
    [BOX_STREAM_DEPTH10_100MS] = "depth10@100ms",
    [BOX_STREAM_DEPTH20_100MS] = "depth20@100ms",
};

size_t box_stream_name(const char *venue_symbol, int stream, char out[static BOX_STREAM_NAME_MAX])
{
    size_t n = 0;
    for (; venue_symbol[n] && n < SYMBOL_MAX; n++) {
        char c = venue_symbol[n];
        out[n] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    int more = stream < BOX_STREAM_KLINE
                   ? snprintf(out + n, BOX_STREAM_NAME_MAX - n, "@%s", STREAM[stream])
                   : snprintf(out + n, BOX_STREAM_NAME_MAX - n, "@kline_%s",
                              box_interval_name(stream - BOX_STREAM_KLINE));
    return n + (size_t)more;
}

int box_stream_find(const char *kind, size_t len)
{
    for (int i = 0; i < BOX_STREAM_KLINE; i++)
        if (strlen(STREAM[i]) == len && memcmp(STREAM[i], kind, len) == 0)
            return i;
    int interval =
        len > 6 && memcmp(kind, "kline_", 6) == 0 ? box_interval_find(kind + 6, len - 6) : -1;
    return interval < 0 ? -1 : BOX_STREAM_KLINE + interval;
}

void box_init(struct box *b, box_publish_fn *publish, void *ctx)
{
    *b = (struct box){.publish = publish, .ctx = ctx};
}

static void free_symbol(struct box_symbol *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->early_count; i++)
        free(s->early[i]);
    free(s->early);
    free(s->levels);
    free(s->trades.p);
    free(s->agg_trades.p);
    for (int i = 0; i < BOX_INTERVALS; i++)
        box_candles_free(&s->candles[i]);
    free(s->info);
    free(s);
}

void box_free(struct box *b)
{
    for (uint32_t i = 0; i < b->symbols; i++)
        free_symbol(b->symbol[i]);
    free(b->exchange_info);
    free(b->room);
    box_text_free(&b->scratch);
    *b = (struct box){0};
}

int box_find(const struct box *b, const char *venue_symbol, size_t len)
{
    for (uint32_t i = 0; i < b->symbols; i++)
        if (strlen(b->symbol[i]->venue) == len &&
            memcmp(b->symbol[i]->venue, venue_symbol, len) == 0)
            return (int)i;
    return -1;
}

bool box_ready(const struct box *b)
{
    for (uint32_t i = 0; i < b->symbols; i++)
        if (!b->symbol[i]->live)
            return false;
    return b->symbols > 0;
}

/* Takes the symbol's own entry out of the recorded exchangeInfo, as it stands; base and quote asset
 * from it too. Returns whether there was one. */
static bool find_info(const struct box *b, const char *venue, struct json_text *entry,
                      struct json_text *base, struct json_text *quote)
{
    if (!b->exchange_info)
        return false;
    struct json j = json_make(b->exchange_info, strlen(b->exchange_info));
    struct json_text key;
    bool found = false;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (!json_is(key, "symbols")) {
            (void)json_skip(&j);
            continue;
        }
        json_enter(&j, '[');
        while (json_element(&j)) {
            struct json_text one = json_skip(&j);
            struct json in = json_make(one.p, one.len);
            struct json_text field, b_asset = {0}, q_asset = {0};
            bool mine = false;
            json_enter(&in, '{');
            while (json_key(&in, &field)) {
                if (json_is(field, "symbol"))
                    mine = json_is(json_string(&in), venue);
                else if (json_is(field, "baseAsset"))
                    b_asset = json_string(&in);
                else if (json_is(field, "quoteAsset"))
                    q_asset = json_string(&in);
                else
                    (void)json_skip(&in);
            }
            if (json_finish(&in) == ERR_OK && mine && b_asset.len && q_asset.len && !found) {
                found = true;
                *entry = one;
                *base = b_asset;
                *quote = q_asset;
            }
        }
    }
    return json_finish(&j) == ERR_OK && found;
}

static void take_info(struct box *b, struct box_symbol *s)
{
    struct json_text entry, base, quote;
    if (!s->info && find_info(b, s->venue, &entry, &base, &quote))
        s->info = strndup(entry.p, entry.len);
}

enum err box_add_symbol(struct box *b, const char *name)
{
    char venue[BINANCE_SYMBOL_MAX];
    enum err e = binance_spot_symbol(name, venue);
    if (e)
        return e;
    if (box_find(b, venue, strlen(venue)) >= 0)
        return ERR_OK;
    if (b->symbols == BOX_SYMBOLS_MAX)
        return ERR_FULL;
    struct box_symbol *s = calloc(1, sizeof *s);
    struct level *levels = malloc(sizeof *levels * 2 * BOX_LEVELS_MAX);
    if (!s || !levels) {
        free(s);
        free(levels);
        return ERR_NOMEM;
    }
    s->levels = levels;
    book_init(&s->book, levels, BOX_LEVELS_MAX);
    const char *hyphen = strchr(name, '-');
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->venue, sizeof s->venue, "%s", venue);
    snprintf(s->base, sizeof s->base, "%.*s", (int)(hyphen - name), name);
    snprintf(s->quote, sizeof s->quote, "%s", hyphen + 1);
    take_info(b, s);
    b->symbol[b->symbols++] = s;
    return ERR_OK;
}

enum err box_add_venue_symbol(struct box *b, const char *venue_symbol)
{
    size_t len = strlen(venue_symbol);
    if (box_find(b, venue_symbol, len) >= 0)
        return ERR_OK;
    char name[SYMBOL_MAX];
    struct json_text entry, base, quote;
    if (find_info(b, venue_symbol, &entry, &base, &quote)) {
        if (base.len + quote.len + 2 > sizeof name)
            return ERR_UNKNOWN;
        snprintf(name, sizeof name, "%.*s-%.*s", (int)base.len, base.p, (int)quote.len, quote.p);
        return box_add_symbol(b, name);
    }
    /* Longer ones first: FDUSD before USD. */
    static const char *const QUOTE[] = {"FDUSD", "USDT", "USDC", "TUSD", "BUSD", "DAI", "TRY",
                                        "BRL",   "EUR",  "GBP",  "JPY",  "BTC",  "ETH", "BNB"};
    for (size_t i = 0; i < sizeof QUOTE / sizeof QUOTE[0]; i++) {
        size_t n = strlen(QUOTE[i]);
        if (len > n && len + 2 <= sizeof name && strcmp(venue_symbol + len - n, QUOTE[i]) == 0) {
            snprintf(name, sizeof name, "%.*s-%s", (int)(len - n), venue_symbol, QUOTE[i]);
            return box_add_symbol(b, name);
        }
    }
    return ERR_UNKNOWN;
}

void box_drop_exchange_info(struct box *b)
{
    for (uint32_t i = 0; i < b->symbols; i++)
        take_info(b, b->symbol[i]);
    free(b->exchange_info);
    b->exchange_info = NULL;
}

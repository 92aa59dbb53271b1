#include "sim/market_gen.h"

#include "base/clock.h"

#define PARTS      INT64_C(1000000000) /* of a ratio */
#define BTC_START  (60000 * MARKET_GEN_UNITS)
#define ETH_START  (3000 * MARKET_GEN_UNITS)
#define REST_MS    50 /* after the step: when an answer over REST came */
#define PRICE_SPAN 4  /* no price leaves a fourth to four times of where it began */

/* Tick, lot and the distance of the levels behind the best, all in 10^-8; the value of a lot. */
static const struct pair {
    const char *venue, *stream, *base, *quote;
    int64_t tick, lot, grid;
    int64_t lots_per_value; /* lots that are worth 1000 USDT at the prices of the start */
    const char *tick_text, *lot_text, *min_notional;
} PAIR[MARKET_GEN_SYMBOLS] = {
    {"BTCUSDT", "btcusdt", "BTC", "USDT", 1000000, 1000, 600000000, 1666, "0.01000000",
     "0.00001000", "5.00000000"},
    {"ETHBTC", "ethbtc", "ETH", "BTC", 1000, 10000, 1000, 3333, "0.00001000", "0.00010000",
     "0.00010000"},
    {"ETHUSDT", "ethusdt", "ETH", "USDT", 1000000, 10000, 30000000, 3333, "0.01000000",
     "0.00010000", "5.00000000"},
};
enum { BTC_USDT, ETH_BTC, ETH_USDT };

struct market_gen_setup market_gen_defaults(void)
{
    return (struct market_gen_setup){.seed = 1,
                                     .length_ms = 600000,
                                     .every_ms = 20000,
                                     .lasts_ms = 2000,
                                     .edge = 6000000,
                                     .volatility = 100000,
                                     .spread = 100000};
}

/* [-n, n] */
static int64_t around(struct market_gen *g, int64_t n)
{
    return (int64_t)rng_below(&g->rng, (uint64_t)n * 2 + 1) - n;
}

static int64_t ratio_of(int64_t value, int64_t parts)
{
    return (int64_t)((i128)value * parts / PARTS);
}

static void plan_mispricing(struct market_gen *g)
{
    int64_t every = g->setup.every_ms;
    g->next_ms =
        every ? g->now_ms + every / 2 + (int64_t)rng_below(&g->rng, (uint64_t)every) : INT64_MAX;
}

static enum err check(const struct market_gen_setup *s)
{
    bool ok = s->length_ms > 0 && s->length_ms <= MARKET_GEN_LENGTH_MAX && s->every_ms >= 0 &&
              s->every_ms <= MARKET_GEN_LENGTH_MAX && s->lasts_ms >= 0 &&
              s->lasts_ms <= s->every_ms / 2 && s->edge >= 0 && s->edge <= PARTS / 10 &&
              s->volatility >= 0 && s->volatility <= PARTS / 100 && s->spread >= 0 &&
              s->spread <= PARTS / 100;
    return ok ? ERR_OK : ERR_RANGE;
}

/* ---- prices and books ---- */

static int64_t walk(struct market_gen *g, int64_t price, int64_t start)
{
    /* A step of 100 ms, evenly distributed: sqrt(3 / 10) of a second's deviation to each side. */
    int64_t most = g->setup.volatility * 5477 / 10000;
    price += ratio_of(price, around(g, most));
    price = price < start / PRICE_SPAN ? start / PRICE_SPAN : price;
    return price > start * PRICE_SPAN ? start * PRICE_SPAN : price;
}

static void move(struct market_gen *g)
{
    g->now_ms += MARKET_GEN_STEP_MS;
    g->btc = walk(g, g->btc, BTC_START);
    g->eth = walk(g, g->eth, ETH_START);
    if (g->shift && g->now_ms >= g->until_ms)
        g->shift = 0;
    if (g->now_ms >= g->next_ms) {
        g->shift = rng_below(&g->rng, 2) ? g->setup.edge : -g->setup.edge;
        g->until_ms = g->now_ms + g->setup.lasts_ms;
        plan_mispricing(g);
    }
}

static int64_t fair(const struct market_gen *g, uint32_t symbol)
{
    if (symbol == BTC_USDT)
        return g->btc;
    if (symbol == ETH_USDT)
        return g->eth;
    int64_t cross = (int64_t)((i128)g->eth * MARKET_GEN_UNITS / g->btc);
    return cross + ratio_of(cross, g->shift);
}

/* What a level behind the best shows: the same as long as it is there. */
static int64_t quantity_at(const struct market_gen *g, uint32_t symbol, bool bid, int64_t price)
{
    uint64_t x = g->setup.seed ^ (uint64_t)price * 2 ^ (uint64_t)bid ^ (uint64_t)symbol << 60;
    x = (x ^ x >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    int64_t value = 2000 + (int64_t)((x ^ x >> 32) % 6001); /* USDT */
    return value * PAIR[symbol].lots_per_value / 1000 * PAIR[symbol].lot;
}

static void show(struct market_gen *g, uint32_t symbol)
{
    const struct pair *p = &PAIR[symbol];
    struct market_gen_book *b = &g->book[symbol];
    int64_t price = fair(g, symbol), half = ratio_of(price, g->setup.spread) / 2;
    g->before[symbol] = *b;
    int64_t bid = (price - half) / p->tick * p->tick, ask = (price + half) / p->tick * p->tick;
    if (ask <= bid)
        ask = bid + p->tick;
    for (int side = 0; side < 2; side++) {
        struct market_gen_level *l = side ? b->ask : b->bid;
        int64_t best = side ? ask : bid;
        int64_t value = 1000 + (int64_t)rng_below(&g->rng, 4001);
        l[0] = (struct market_gen_level){best, value * p->lots_per_value / 1000 * p->lot};
        int64_t at = side ? best / p->grid * p->grid : (best - 1) / p->grid * p->grid + p->grid;
        for (uint32_t n = 1; n < MARKET_GEN_LEVELS; n++) {
            at += side ? p->grid : -p->grid;
            l[n] = (struct market_gen_level){at, quantity_at(g, symbol, !side, at)};
        }
    }
}

/* ---- texts ---- */

static void add_units(struct box_text *t, int64_t v)
{
    box_text_addf(t, "%lld.%08lld", (long long)(v / MARKET_GEN_UNITS),
                  (long long)(v % MARKET_GEN_UNITS));
}

/* [quote] is what stands around texts: a quotation mark, escaped inside of another text. */
static void add_level(struct box_text *t, bool *first, const struct market_gen_level *l,
                      const char *quote)
{
    box_text_addf(t, "%s[%s", *first ? "" : ",", quote);
    add_units(t, l->price);
    box_text_addf(t, "%s,%s", quote, quote);
    add_units(t, l->qty);
    box_text_addf(t, "%s]", quote);
    *first = false;
}

static void rest_head(const struct market_gen *g, struct box_text *t, const char *path)
{
    box_text_addf(t,
                  "{\"t\":\"http\",\"conn\":\"rest\",\"ts\":%lld.%03lld,\"url\":"
                  "\"https://api.binance.com/api/v3/%s",
                  (long long)((g->now_ms + REST_MS) / 1000),
                  (long long)((g->now_ms + REST_MS) % 1000), path);
}

static void rules_line(const struct market_gen *g, struct box_text *t)
{
    rest_head(g, t, "exchangeInfo\",\"data\":\"");
    box_text_addf(t,
                  "{\\\"timezone\\\":\\\"UTC\\\",\\\"serverTime\\\":%lld,\\\"rateLimits\\\":[],"
                  "\\\"symbols\\\":[",
                  (long long)g->now_ms);
    for (uint32_t i = 0; i < MARKET_GEN_SYMBOLS; i++) {
        const struct pair *p = &PAIR[i];
        box_text_addf(
            t,
            "%s{\\\"symbol\\\":\\\"%s\\\",\\\"status\\\":\\\"TRADING\\\",\\\"baseAsset\\\":"
            "\\\"%s\\\",\\\"baseAssetPrecision\\\":8,\\\"quoteAsset\\\":\\\"%s\\\","
            "\\\"quotePrecision\\\":8,\\\"quoteAssetPrecision\\\":8,"
            "\\\"baseCommissionPrecision\\\":8,\\\"quoteCommissionPrecision\\\":8,"
            "\\\"orderTypes\\\":[\\\"LIMIT\\\",\\\"LIMIT_MAKER\\\",\\\"MARKET\\\","
            "\\\"STOP_LOSS\\\",\\\"STOP_LOSS_LIMIT\\\",\\\"TAKE_PROFIT\\\","
            "\\\"TAKE_PROFIT_LIMIT\\\"],\\\"icebergAllowed\\\":true,\\\"ocoAllowed\\\":true,"
            "\\\"quoteOrderQtyMarketAllowed\\\":true,\\\"cancelReplaceAllowed\\\":true,"
            "\\\"isSpotTradingAllowed\\\":true,\\\"defaultSelfTradePreventionMode\\\":"
            "\\\"EXPIRE_MAKER\\\",\\\"allowedSelfTradePreventionModes\\\":[\\\"NONE\\\","
            "\\\"EXPIRE_TAKER\\\",\\\"EXPIRE_MAKER\\\",\\\"EXPIRE_BOTH\\\",\\\"DECREMENT\\\","
            "\\\"TRANSFER\\\"],"
            "\\\"filters\\\":[{\\\"filterType\\\":\\\"PRICE_FILTER\\\",\\\"minPrice\\\":\\\"%s\\\","
            "\\\"maxPrice\\\":\\\"1000000.00000000\\\",\\\"tickSize\\\":\\\"%s\\\"},"
            "{\\\"filterType\\\":\\\"LOT_SIZE\\\",\\\"minQty\\\":\\\"%s\\\",\\\"maxQty\\\":"
            "\\\"9000.00000000\\\",\\\"stepSize\\\":\\\"%s\\\"},{\\\"filterType\\\":"
            "\\\"NOTIONAL\\\",\\\"minNotional\\\":\\\"%s\\\",\\\"applyMinToMarket\\\":true}],"
            "\\\"permissions\\\":[]}",
            i ? "," : "", p->venue, p->base, p->quote, p->tick_text, p->tick_text, p->lot_text,
            p->lot_text, p->min_notional);
    }
    box_text_add(t, "]}\"}");
}

static void book_line(const struct market_gen *g, uint32_t symbol, struct box_text *t)
{
    const struct market_gen_book *b = &g->book[symbol];
    rest_head(g, t, "depth?symbol=");
    box_text_addf(t, "%s&limit=1000\",\"data\":\"{\\\"lastUpdateId\\\":%llu,\\\"bids\\\":[",
                  PAIR[symbol].venue, (unsigned long long)g->update_id[symbol]);
    for (int side = 0; side < 2; side++) {
        bool first = true;
        for (uint32_t n = 0; n < MARKET_GEN_LEVELS; n++)
            add_level(t, &first, side ? &b->ask[n] : &b->bid[n], "\\\"");
        box_text_add(t, side ? "]}\"}" : "],\\\"asks\\\":[");
    }
}

static void message_head(const struct market_gen *g, uint32_t symbol, struct box_text *t,
                         const char *stream)
{
    box_text_addf(t, "%lld {\"stream\":\"%s@%s\",\"data\":{",
                  (long long)(g->now_ms * NS_PER_MS) + (long long)symbol * 1000000 + g->line,
                  PAIR[symbol].stream, stream);
}

static const struct market_gen_level *find(const struct market_gen_level *side, int64_t price)
{
    for (uint32_t n = 0; n < MARKET_GEN_LEVELS; n++)
        if (side[n].price == price)
            return &side[n];
    return NULL;
}

static void side_changes(struct box_text *t, const struct market_gen_level *was,
                         const struct market_gen_level *is)
{
    bool first = true;
    for (uint32_t n = 0; n < MARKET_GEN_LEVELS; n++)
        if (!find(is, was[n].price))
            add_level(t, &first, &(struct market_gen_level){was[n].price, 0}, "\"");
    for (uint32_t n = 0; n < MARKET_GEN_LEVELS; n++) {
        const struct market_gen_level *old = find(was, is[n].price);
        if (!old || old->qty != is[n].qty || n == 0)
            add_level(t, &first, &is[n], "\"");
    }
}

static void depth_line(struct market_gen *g, uint32_t symbol, struct box_text *t)
{
    g->update_id[symbol]++;
    message_head(g, symbol, t, "depth@100ms");
    box_text_addf(t, "\"e\":\"depthUpdate\",\"E\":%lld,\"s\":\"%s\",\"U\":%llu,\"u\":%llu,\"b\":[",
                  (long long)(g->now_ms + symbol), PAIR[symbol].venue,
                  (unsigned long long)g->update_id[symbol],
                  (unsigned long long)g->update_id[symbol]);
    side_changes(t, g->before[symbol].bid, g->book[symbol].bid);
    box_text_add(t, "],\"a\":[");
    side_changes(t, g->before[symbol].ask, g->book[symbol].ask);
    box_text_add(t, "]}}");
}

static void top_line(const struct market_gen *g, uint32_t symbol, struct box_text *t)
{
    const struct market_gen_level *bid = &g->book[symbol].bid[0], *ask = &g->book[symbol].ask[0];
    message_head(g, symbol, t, "bookTicker");
    box_text_addf(t, "\"u\":%llu,\"s\":\"%s\",\"b\":\"", (unsigned long long)g->update_id[symbol],
                  PAIR[symbol].venue);
    add_units(t, bid->price);
    box_text_add(t, "\",\"B\":\"");
    add_units(t, bid->qty);
    box_text_add(t, "\",\"a\":\"");
    add_units(t, ask->price);
    box_text_add(t, "\",\"A\":\"");
    add_units(t, ask->qty);
    box_text_add(t, "\"}}");
}

static void trade_line(struct market_gen *g, uint32_t symbol, struct box_text *t)
{
    bool sold = rng_below(&g->rng, 2);
    const struct market_gen_level *l = sold ? &g->book[symbol].bid[0] : &g->book[symbol].ask[0];
    int64_t lots = l->qty / PAIR[symbol].lot;
    int64_t qty = (1 + (int64_t)rng_below(&g->rng, (uint64_t)lots / 8 + 1)) * PAIR[symbol].lot;
    message_head(g, symbol, t, "trade");
    box_text_addf(t, "\"e\":\"trade\",\"E\":%lld,\"s\":\"%s\",\"t\":%llu,\"p\":\"",
                  (long long)(g->now_ms + symbol), PAIR[symbol].venue,
                  (unsigned long long)++g->trade_id[symbol]);
    add_units(t, l->price);
    box_text_add(t, "\",\"q\":\"");
    add_units(t, qty);
    box_text_addf(t, "\",\"T\":%lld,\"m\":%s,\"M\":true}}", (long long)(g->now_ms + symbol),
                  sold ? "true" : "false");
}

/* ---- lines ---- */

enum { LINE_DEPTH, LINE_TOP, LINE_TRADE, LINES };

enum err market_gen_init(struct market_gen *g, const struct market_gen_setup *setup)
{
    enum err e = check(setup);
    if (e)
        return e;
    *g = (struct market_gen){.setup = *setup,
                             .now_ms = MARKET_GEN_START_MS,
                             .btc = BTC_START,
                             .eth = ETH_START,
                             .update_id = {1000, 1000, 1000}};
    rng_seed(&g->rng, setup->seed);
    plan_mispricing(g);
    for (uint32_t i = 0; i < MARKET_GEN_SYMBOLS; i++)
        show(g, i);
    return ERR_OK;
}

bool market_gen_next(struct market_gen *g, struct box_text *out)
{
    box_text_clear(out);
    if (!g->opened) {
        g->opened = true;
        rules_line(g, out);
        return true;
    }
    if (g->books > 0) {
        book_line(g, MARKET_GEN_SYMBOLS - g->books--, out);
        return true;
    }
    if (g->symbol == 0 && g->line == LINE_DEPTH) {
        if (g->now_ms + MARKET_GEN_STEP_MS > MARKET_GEN_START_MS + g->setup.length_ms)
            return false;
        move(g);
    }
    uint32_t symbol = g->symbol;
    if (g->line == LINE_DEPTH) {
        show(g, symbol);
        depth_line(g, symbol, out);
    } else if (g->line == LINE_TOP) {
        top_line(g, symbol, out);
    } else {
        trade_line(g, symbol, out);
    }
    g->line++;
    if (g->line == LINE_TRADE && rng_below(&g->rng, 4) != 0) /* a trade in one of four steps */
        g->line++;
    if (g->line < LINES)
        return true;
    g->line = LINE_DEPTH;
    g->symbol = (symbol + 1) % MARKET_GEN_SYMBOLS;
    /* As a client has it: a book is asked for once its differences come, and lies among them. */
    if (g->symbol == 0 && g->now_ms == MARKET_GEN_START_MS + MARKET_GEN_STEP_MS)
        g->books = MARKET_GEN_SYMBOLS;
    return true;
}

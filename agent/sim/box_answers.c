/* The answers of the market-data endpoints. */
#include "base/clock.h"
#include "sim/box_rest_parts.h"

#include <string.h>

static struct box_text *body(struct box_call *c)
{
    return &c->answer->body;
}

static void key_money(struct box_text *t, const char *key, dec d)
{
    box_text_addf(t, ",\"%s\":", key);
    box_text_money(t, d);
}

/* A live symbol by parameter 0; NULL: answered with an error. */
static struct box_symbol *one_symbol(struct box_call *c)
{
    int i = box_find(c->box, c->value[0], strlen(c->value[0]));
    if (i < 0 || !c->box->symbol[i]->live) {
        box_rest_error(c->answer, 400, -1121, "Invalid symbol.");
        return NULL;
    }
    return c->box->symbol[i];
}

/* Everything here is TRADING: asked for another status, a single symbol does not match. */
static bool status_matches(struct box_call *c, unsigned k, bool single)
{
    bool match = !c->has[k] || strcmp(c->value[k], "TRADING") == 0;
    if (!match && single)
        box_rest_error(c->answer, 400, -1220,
                       "The symbol's status does not match the requested "
                       "symbolStatus.");
    return match;
}

static uint64_t limit_of(const struct box_call *c, unsigned k, uint64_t normal, uint64_t max)
{
    uint64_t n = c->has[k] ? c->number[k] : normal;
    return n < max ? n : max;
}

void box_answer_ping(struct box_call *c)
{
    box_text_add(body(c), "{}");
}

void box_answer_time(struct box_call *c)
{
    box_text_addf(body(c), "{\"serverTime\":%lld}",
                  (long long)(box_server_ms(c->box) * (c->request->micro ? 1000 : 1)));
}

/* ---- several symbols ---- */

typedef void symbol_fn(struct box_call *c, struct box_symbol *s);

/* Walks ["A","B"]; the form was checked. Returns whether all exist; calls [fn] with commas where
 * given. */
static bool listed_symbols(struct box_call *c, symbol_fn *fn)
{
    const char *p = c->value[1] + 1;
    bool first = true;
    while (*p == '"') {
        size_t n = strcspn(p + 1, "\"");
        int i = box_find(c->box, p + 1, n);
        if (i < 0 || !c->box->symbol[i]->live)
            return false;
        if (fn) {
            box_text_add(body(c), first ? "" : ",");
            fn(c, c->box->symbol[i]);
        }
        first = false;
        p += n + 2;
        p += *p == ',';
    }
    return true;
}

/* parameters 0 symbol, 1 symbols, [status]: one object for symbol=, an array otherwise. */
static void per_symbol(struct box_call *c, unsigned status, bool always_array, symbol_fn *fn)
{
    if (c->has[0] && c->has[1]) {
        box_rest_error(c->answer, 400, -1128, "Combination of optional parameters invalid.");
        return;
    }
    if (c->has[0]) {
        struct box_symbol *s = one_symbol(c);
        if (!s || !status_matches(c, status, true))
            return;
        box_text_add(body(c), always_array ? "[" : "");
        fn(c, s);
        box_text_add(body(c), always_array ? "]" : "");
        return;
    }
    if (c->has[1] && !listed_symbols(c, NULL)) {
        box_rest_error(c->answer, 400, -1121, "Invalid symbol.");
        return;
    }
    box_text_add(body(c), "[");
    if (status_matches(c, status, false)) {
        bool first = true;
        if (c->has[1])
            listed_symbols(c, fn);
        else
            for (uint32_t i = 0; i < c->box->symbols; i++)
                if (c->box->symbol[i]->live) {
                    box_text_add(body(c), first ? "" : ",");
                    fn(c, c->box->symbol[i]);
                    first = false;
                }
    }
    box_text_add(body(c), "]");
}

/* ---- exchangeInfo ---- */

/* Rules for a symbol whose recording has no exchangeInfo: tick and lot as fine as its order book,
 * the rest as the venue said of BTCUSDT in 2024. */
static void default_info(struct box_text *t, const struct box_symbol *s)
{
    bool dollars = strstr(s->quote, "USD") != NULL;
    dec max_qty, max_market;
    if (!dec_mul_int(s->lot, 900000000, &max_qty) || !dec_mul_int(s->lot, 10000000, &max_market))
        max_qty = max_market = DEC_ZERO; /* lot is at most 1 */
    box_text_addf(t,
                  "{\"symbol\":\"%s\",\"status\":\"TRADING\",\"baseAsset\":\"%s\","
                  "\"baseAssetPrecision\":8,\"quoteAsset\":\"%s\",\"quotePrecision\":8,"
                  "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,"
                  "\"quoteCommissionPrecision\":8,",
                  s->venue, s->base, s->quote);
    box_text_add(
        t, "\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\",\"STOP_LOSS\",\"STOP_LOSS_LIMIT\","
           "\"TAKE_PROFIT\",\"TAKE_PROFIT_LIMIT\"],\"icebergAllowed\":true,\"ocoAllowed\":true,"
           "\"otoAllowed\":true,\"quoteOrderQtyMarketAllowed\":true,\"allowTrailingStop\":true,"
           "\"cancelReplaceAllowed\":true,\"isSpotTradingAllowed\":true,"
           "\"isMarginTradingAllowed\":false,\"filters\":[{\"filterType\":\"PRICE_FILTER\"");
    key_money(t, "minPrice", s->tick);
    key_money(t, "maxPrice", dec_from_i64(1000000, 0));
    key_money(t, "tickSize", s->tick);
    box_text_add(t, "},{\"filterType\":\"LOT_SIZE\"");
    key_money(t, "minQty", s->lot);
    key_money(t, "maxQty", max_qty);
    key_money(t, "stepSize", s->lot);
    box_text_add(t, "},{\"filterType\":\"ICEBERG_PARTS\",\"limit\":10},"
                    "{\"filterType\":\"MARKET_LOT_SIZE\"");
    key_money(t, "minQty", DEC_ZERO);
    key_money(t, "maxQty", max_market);
    key_money(t, "stepSize", DEC_ZERO);
    box_text_add(
        t, "},{\"filterType\":\"PERCENT_PRICE_BY_SIDE\",\"bidMultiplierUp\":\"5\","
           "\"bidMultiplierDown\":\"0.2\",\"askMultiplierUp\":\"5\",\"askMultiplierDown\":\"0.2\","
           "\"avgPriceMins\":5},{\"filterType\":\"NOTIONAL\"");
    key_money(t, "minNotional", dollars ? dec_from_i64(5, 0) : dec_from_i64(1, 4));
    box_text_add(t, ",\"applyMinToMarket\":true");
    key_money(t, "maxNotional", dec_from_i64(9000000, 0));
    box_text_add(t, ",\"applyMaxToMarket\":false,\"avgPriceMins\":5},"
                    "{\"filterType\":\"MAX_NUM_ORDERS\",\"maxNumOrders\":200},"
                    "{\"filterType\":\"MAX_NUM_ALGO_ORDERS\",\"maxNumAlgoOrders\":5}],"
                    "\"permissions\":[],\"permissionSets\":[[\"SPOT\"]],"
                    "\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\","
                    "\"allowedSelfTradePreventionModes\":[\"EXPIRE_TAKER\",\"EXPIRE_MAKER\","
                    "\"EXPIRE_BOTH\"]}");
}

void box_info_text(const struct box_symbol *s, struct box_text *out)
{
    if (s->info)
        box_text_add(out, s->info);
    else
        default_info(out, s);
}

static void info_of(struct box_call *c, struct box_symbol *s)
{
    box_info_text(s, body(c));
}

void box_answer_exchange_info(struct box_call *c)
{
    const struct box_trading *t = c->box->trading;
    if (c->has[4] && (c->has[0] || c->has[1])) {
        box_rest_error(c->answer, 400, -1128, "Combination of optional parameters invalid.");
        return;
    }
    box_text_addf(body(c),
                  "{\"timezone\":\"UTC\",\"serverTime\":%lld,\"rateLimits\":["
                  "{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\","
                  "\"intervalNum\":1,\"limit\":%u},"
                  "{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,"
                  "\"limit\":%u},"
                  "{\"rateLimitType\":\"ORDERS\",\"interval\":\"DAY\",\"intervalNum\":1,"
                  "\"limit\":%u},"
                  "{\"rateLimitType\":\"RAW_REQUESTS\",\"interval\":\"MINUTE\",\"intervalNum\":5,"
                  "\"limit\":61000}],\"exchangeFilters\":[],\"symbols\":",
                  (long long)box_server_ms(c->box), t ? t->weight_limit : BOX_WEIGHT_PER_MINUTE,
                  t ? box_order_limit(t, 0) : 100, t ? box_order_limit(t, 1) : 200000);
    per_symbol(c, 4, true, info_of);
    if (c->answer->status == 200)
        box_text_add(body(c), "}");
}

/* ---- book and trades ---- */

void box_answer_depth(struct box_call *c)
{
    struct box_symbol *s = one_symbol(c);
    if (s && status_matches(c, 2, true))
        box_depth_text(s, (uint32_t)limit_of(c, 1, 100, 5000), body(c));
}

/* The range [from, count) of a ring's running numbers that is still there. */
static uint64_t oldest(const struct box_ring *r)
{
    return r->count > BOX_PRINTS_MAX ? r->count - BOX_PRINTS_MAX : 0;
}

static const struct box_print *print_at(const struct box_ring *r, uint64_t n)
{
    return &r->p[n % BOX_PRINTS_MAX];
}

void box_answer_trades(struct box_call *c)
{
    struct box_symbol *s = one_symbol(c);
    if (!s)
        return;
    const struct box_ring *r = &s->trades;
    uint64_t limit = limit_of(c, 1, 500, 1000), from = oldest(r);
    if (c->has[2])
        while (from < r->count && print_at(r, from)->id < (int64_t)c->number[2])
            from++;
    else if (r->count - from > limit)
        from = r->count - limit;
    box_text_add(body(c), "[");
    for (uint64_t i = from; i < r->count && i - from < limit; i++) {
        const struct box_print *p = print_at(r, i);
        dec quote;
        box_text_addf(body(c), "%s{\"id\":%lld", i > from ? "," : "", (long long)p->id);
        key_money(body(c), "price", p->price);
        key_money(body(c), "qty", p->qty);
        key_money(body(c), "quoteQty",
                  dec_mul(p->price, p->qty, DEC_DOWN, &quote) ? quote : DEC_ZERO);
        box_text_addf(body(c), ",\"time\":%lld,\"isBuyerMaker\":%s,\"isBestMatch\":true}",
                      (long long)p->time_ms, p->buyer_maker ? "true" : "false");
    }
    box_text_add(body(c), "]");
}

/* Recorded aggregates, or, where only trades were recorded, each trade as its own aggregate. */
void box_answer_agg_trades(struct box_call *c)
{
    struct box_symbol *s = one_symbol(c);
    if (!s)
        return;
    const struct box_ring *r = s->agg_trades.count ? &s->agg_trades : &s->trades;
    uint64_t limit = limit_of(c, 1, 500, 1000), from = oldest(r), end = r->count;
    if (c->has[2] && (c->has[3] || c->has[4])) {
        box_rest_error(c->answer, 400, -1128, "Combination of optional parameters invalid.");
        return;
    }
    if (c->has[2])
        while (from < end && print_at(r, from)->id < (int64_t)c->number[2])
            from++;
    if (c->has[3])
        while (from < end && print_at(r, from)->time_ms < (int64_t)c->number[3])
            from++;
    if (c->has[4])
        while (end > from && print_at(r, end - 1)->time_ms > (int64_t)c->number[4])
            end--;
    if (!c->has[2] && !c->has[3] && end - from > limit)
        from = end - limit;
    box_text_add(body(c), "[");
    for (uint64_t i = from; i < end && i - from < limit; i++) {
        const struct box_print *p = print_at(r, i);
        box_text_addf(body(c), "%s{\"a\":%lld", i > from ? "," : "", (long long)p->id);
        key_money(body(c), "p", p->price);
        key_money(body(c), "q", p->qty);
        box_text_addf(body(c), ",\"f\":%lld,\"l\":%lld,\"T\":%lld,\"m\":%s,\"M\":true}",
                      (long long)p->first_id, (long long)p->last_id, (long long)p->time_ms,
                      p->buyer_maker ? "true" : "false");
    }
    box_text_add(body(c), "]");
}

/* ---- klines ---- */

static void kline_text(struct box_text *t, const struct box_candle *k)
{
    const dec money[] = {k->open, k->high, k->low, k->close, k->volume};
    box_text_addf(t, "[%lld", (long long)k->start_ms);
    for (size_t i = 0; i < sizeof money / sizeof money[0]; i++) {
        box_text_add(t, ",");
        box_text_money(t, money[i]);
    }
    box_text_addf(t, ",%lld,", (long long)(k->end_ms - 1));
    box_text_money(t, k->quote);
    box_text_addf(t, ",%llu,", (unsigned long long)k->trades);
    box_text_money(t, k->taker_volume);
    box_text_add(t, ",");
    box_text_money(t, k->taker_quote);
    box_text_add(t, ",\"0\"]");
}

void box_answer_klines(struct box_call *c)
{
    int interval = box_interval_find(c->value[1], strlen(c->value[1]));
    struct box_symbol *s = one_symbol(c);
    if (!s)
        return;
    if (interval < 0) {
        box_rest_error(c->answer, 400, -1120, "Invalid interval.");
        return;
    }
    const struct box_candles *k = &s->candles[interval];
    uint64_t limit = limit_of(c, 4, 500, 1000);
    uint32_t from = 0, end = k->count;
    while (c->has[2] && from < end && k->c[from].start_ms < (int64_t)c->number[2])
        from++;
    while (c->has[3] && end > from && k->c[end - 1].start_ms > (int64_t)c->number[3])
        end--;
    if (!c->has[2] && end - from > limit)
        from = end - (uint32_t)limit;
    box_text_add(body(c), "[");
    for (uint32_t i = from; i < end && i - from < limit; i++) {
        box_text_add(body(c), i > from ? "," : "");
        kline_text(body(c), &k->c[i]);
    }
    box_text_add(body(c), "]");
}

/* Of the last five minutes, counted in whole candles of a minute. */
void box_answer_average(struct box_call *c)
{
    struct box_symbol *s = one_symbol(c);
    if (!s)
        return;
    const struct box_candles *k = &s->candles[1];
    struct box_day d = {0};
    for (uint32_t i = k->count > 5 ? k->count - 5 : 0; i < k->count; i++) {
        dec v, q;
        if (dec_add(d.volume, k->c[i].volume, &v) && dec_add(d.quote, k->c[i].quote, &q)) {
            d.volume = v;
            d.quote = q;
        }
    }
    const struct box_ring *r = s->has_trades ? &s->trades : &s->agg_trades;
    box_text_add(body(c), "{\"mins\":5");
    key_money(body(c), "price", box_average(&d));
    box_text_addf(body(c), ",\"closeTime\":%lld}",
                  r->count ? (long long)print_at(r, r->count - 1)->time_ms : 0);
}

/* ---- tickers ---- */

static dec last_price(const struct box_symbol *s)
{
    const struct box_candles *k = &s->candles[0];
    return k->count ? k->c[k->count - 1].close : DEC_ZERO;
}

static void price_of(struct box_call *c, struct box_symbol *s)
{
    box_text_addf(body(c), "{\"symbol\":\"%s\"", s->venue);
    key_money(body(c), "price", last_price(s));
    box_text_add(body(c), "}");
}

void box_answer_price(struct box_call *c)
{
    per_symbol(c, 2, false, price_of);
}

/* The newest bookTicker; where none was recorded, the top of the book. */
static void top_of(const struct box_symbol *s, struct level *bid, struct level *ask)
{
    const struct level *b = book_best(&s->book.bid), *a = book_best(&s->book.ask);
    *bid = s->has_top ? (struct level){s->bid, s->bid_qty} : b ? *b : (struct level){0};
    *ask = s->has_top ? (struct level){s->ask, s->ask_qty} : a ? *a : (struct level){0};
}

static void book_ticker_of(struct box_call *c, struct box_symbol *s)
{
    struct level bid, ask;
    top_of(s, &bid, &ask);
    box_text_addf(body(c), "{\"symbol\":\"%s\"", s->venue);
    key_money(body(c), "bidPrice", bid.price);
    key_money(body(c), "bidQty", bid.qty);
    key_money(body(c), "askPrice", ask.price);
    key_money(body(c), "askQty", ask.qty);
    box_text_add(body(c), "}");
}

void box_answer_book_ticker(struct box_call *c)
{
    per_symbol(c, 2, false, book_ticker_of);
}

static void day_of(struct box_call *c, struct box_symbol *s)
{
    struct box_text *t = body(c);
    bool full = !c->has[2] || strcmp(c->value[2], "FULL") == 0;
    struct box_day d;
    dec change;
    struct level bid, ask;
    box_day_of(c->box, s, &d);
    top_of(s, &bid, &ask);
    const struct box_ring *r = s->has_trades ? &s->trades : &s->agg_trades;
    box_text_addf(t, "{\"symbol\":\"%s\"", s->venue);
    if (full) {
        key_money(t, "priceChange", dec_sub(d.close, d.open, &change) ? change : DEC_ZERO);
        box_text_add(t, ",\"priceChangePercent\":");
        box_percent_text(t, d.open, d.close);
        key_money(t, "weightedAvgPrice", box_average(&d));
        key_money(t, "prevClosePrice", d.open); /* the day before is not in the recording */
        key_money(t, "lastPrice", last_price(s));
        key_money(t, "lastQty", r->count ? print_at(r, r->count - 1)->qty : DEC_ZERO);
        key_money(t, "bidPrice", bid.price);
        key_money(t, "bidQty", bid.qty);
        key_money(t, "askPrice", ask.price);
        key_money(t, "askQty", ask.qty);
    }
    key_money(t, "openPrice", d.open);
    key_money(t, "highPrice", d.high);
    key_money(t, "lowPrice", d.low);
    if (!full)
        key_money(t, "lastPrice", last_price(s));
    key_money(t, "volume", d.volume);
    key_money(t, "quoteVolume", d.quote);
    box_text_addf(t,
                  ",\"openTime\":%lld,\"closeTime\":%lld,\"firstId\":%lld,\"lastId\":%lld,"
                  "\"count\":%llu}",
                  (long long)d.open_ms, (long long)d.close_ms, (long long)d.first_id,
                  (long long)d.last_id, (unsigned long long)d.trades);
}

void box_answer_24hr(struct box_call *c)
{
    if (c->has[2] && strcmp(c->value[2], "FULL") != 0 && strcmp(c->value[2], "MINI") != 0) {
        box_rest_error(c->answer, 400, -1130, "Data sent for parameter 'type' is not valid.");
        return;
    }
    per_symbol(c, 3, false, day_of);
}

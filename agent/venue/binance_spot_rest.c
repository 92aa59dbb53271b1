#include "venue/binance_spot_codec.h"

#include "venue/binance_spot_parse.h"

enum err binance_spot_decode_snapshot(const char *text, size_t len, struct level *levels,
                                      uint32_t cap, struct binance_depth *ret)
{
    struct json j = json_make(text, len);
    struct binance_depth d = {.bid = levels, .ask = levels};
    uint32_t used = 0;
    unsigned seen = 0;
    struct json_text key;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        unsigned bit = 0;
        if (json_is(key, "lastUpdateId")) {
            bit = 1;
            d.first_id = d.last_id = json_u64(&j);
        } else if (json_is(key, "bids")) {
            bit = 2;
            d.bid = levels + used;
            d.bids = binance_levels(&j, levels + used, cap - used);
            used += d.bids;
        } else if (json_is(key, "asks")) {
            bit = 4;
            d.ask = levels + used;
            d.asks = binance_levels(&j, levels + used, cap - used);
            used += d.asks;
        } else if (json_is(key, "E") || json_is(key, "T") || json_is(key, "pair")) {
            json_fail(&j, ERR_UNSUPPORTED); /* futures */
        } else {
            (void)json_skip(&j);
        }
        if (seen & bit)
            json_fail(&j, ERR_SYNTAX);
        seen |= bit;
    }
    enum err e = json_finish(&j);
    if (e)
        return e;
    if (seen != 7)
        return ERR_SYNTAX;
    *ret = d;
    return ERR_OK;
}

enum err binance_spot_decode_time(const char *text, size_t len, int64_t *ret_ns)
{
    struct json j = json_make(text, len);
    struct json_text key;
    uint64_t time = 0;
    bool seen = false;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "serverTime") && !seen) {
            time = json_u64(&j);
            seen = true;
        } else {
            (void)json_skip(&j);
        }
    }
    enum err e = json_finish(&j);
    if (e)
        return e;
    return seen ? binance_time(time, ret_ns) : ERR_SYNTAX;
}

enum err binance_spot_decode_error(const char *text, size_t len, struct binance_error *ret)
{
    struct json j = json_make(text, len);
    struct json_text key;
    struct binance_error r = {0};
    unsigned seen = 0;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "code")) {
            r.code = json_i64(&j);
            seen |= 1;
        } else if (json_is(key, "msg")) {
            r.msg = json_string(&j);
            seen |= 2;
        } else {
            (void)json_skip(&j);
        }
    }
    enum err e = json_finish(&j);
    if (e)
        return e;
    if (seen != 3)
        return ERR_SYNTAX;
    *ret = r;
    return ERR_OK;
}

/* ---- exchangeInfo ---- */

/* The filters of one symbol; zero means "no such limit", as the venue has it. */
struct filters {
    dec tick_size, min_price, max_price;
    dec lot_size, min_qty, max_qty;
    dec market_min_qty, market_max_qty;
    dec min_notional, max_notional;
};

static dec larger(dec a, dec b)
{
    return dec_max(a, b);
}
/* Of two upper limits; zero is none. */
static dec smaller_limit(dec a, dec b)
{
    return dec_is_zero(a) ? b : dec_is_zero(b) ? a : dec_min(a, b);
}

/* One filter object. Its type may stand behind its values, therefore all of them are read first. */
static void read_filter(struct json *j, struct filters *f)
{
    struct json_text key, type = {"", 0};
    dec min_price = DEC_ZERO, max_price = DEC_ZERO, tick_size = DEC_ZERO;
    dec min_qty = DEC_ZERO, max_qty = DEC_ZERO, step_size = DEC_ZERO;
    dec min_notional = DEC_ZERO, max_notional = DEC_ZERO;
    const struct {
        const char *name;
        dec *value;
    } VALUE[] = {
        {"minPrice", &min_price},       {"maxPrice", &max_price},       {"tickSize", &tick_size},
        {"minQty", &min_qty},           {"maxQty", &max_qty},           {"stepSize", &step_size},
        {"minNotional", &min_notional}, {"maxNotional", &max_notional},
    };
    json_enter(j, '{');
    while (json_key(j, &key)) {
        if (json_is(key, "filterType")) {
            type = json_string(j);
            continue;
        }
        dec *value = NULL;
        for (unsigned i = 0; i < sizeof VALUE / sizeof VALUE[0]; i++)
            if (json_is(key, VALUE[i].name))
                value = VALUE[i].value;
        if (value)
            *value = json_quoted_dec(j);
        else
            (void)json_skip(j);
    }
    if (json_is(type, "PRICE_FILTER")) {
        f->tick_size = tick_size;
        f->min_price = min_price;
        f->max_price = max_price;
    } else if (json_is(type, "LOT_SIZE")) {
        f->lot_size = step_size;
        f->min_qty = min_qty;
        f->max_qty = max_qty;
    } else if (json_is(type, "MARKET_LOT_SIZE")) {
        f->market_min_qty = min_qty;
        f->market_max_qty = max_qty;
    } else if (json_is(type, "MIN_NOTIONAL") || json_is(type, "NOTIONAL")) {
        f->min_notional = larger(f->min_notional, min_notional);
        f->max_notional = smaller_limit(f->max_notional, max_notional);
    }
}

/* 10^-places */
static dec unit(struct json *j, uint64_t places)
{
    if (places > DEC_SCALE) {
        json_fail(j, ERR_RANGE);
        return DEC_ONE;
    }
    return dec_from_i64(1, (unsigned)places);
}

static void make_rules(const struct filters *f, bool trading, dec price_unit, dec qty_unit,
                       struct instrument_rules *r)
{
    r->status = trading ? INSTRUMENT_TRADING : INSTRUMENT_SUSPENDED;
    r->tick_size = dec_is_zero(f->tick_size) ? price_unit : f->tick_size;
    r->lot_size = dec_is_zero(f->lot_size) ? qty_unit : f->lot_size;
    r->min_price = f->min_price;
    r->max_price = f->max_price;
    r->min_qty = larger(f->min_qty, f->market_min_qty);
    r->max_qty = smaller_limit(f->max_qty, f->market_max_qty);
    r->min_notional = f->min_notional;
    r->max_notional = f->max_notional;
}

static void read_symbol(struct json *j, struct binance_symbol *s)
{
    struct filters f = {0};
    struct json_text key;
    uint64_t base_precision = 8, quote_precision = 8;
    uint64_t base_fee_precision = UINT64_MAX, quote_fee_precision = UINT64_MAX;
    bool spot_allowed = true;
    json_enter(j, '{');
    while (json_key(j, &key)) {
        if (json_is(key, "symbol")) {
            s->symbol = json_string(j);
        } else if (json_is(key, "baseAsset")) {
            s->base = json_string(j);
        } else if (json_is(key, "quoteAsset")) {
            s->quote = json_string(j);
        } else if (json_is(key, "status")) {
            s->status = json_string(j);
        } else if (json_is(key, "isSpotTradingAllowed")) {
            spot_allowed = json_bool(j);
        } else if (json_is(key, "baseAssetPrecision")) {
            base_precision = json_u64(j);
        } else if (json_is(key, "quoteAssetPrecision")) {
            quote_precision = json_u64(j);
        } else if (json_is(key, "baseCommissionPrecision")) {
            base_fee_precision = json_u64(j);
        } else if (json_is(key, "quoteCommissionPrecision")) {
            quote_fee_precision = json_u64(j);
        } else if (json_is(key, "filters")) {
            json_enter(j, '[');
            while (json_element(j))
                read_filter(j, &f);
        } else if (json_is(key, "contractType") || json_is(key, "contractSize")) {
            json_fail(j, ERR_UNSUPPORTED); /* futures */
        } else {
            (void)json_skip(j);
        }
    }
    if (!s->symbol.len || !s->base.len || !s->quote.len || !s->status.len)
        json_fail(j, ERR_SYNTAX);
    make_rules(&f, spot_allowed && json_is(s->status, "TRADING"), unit(j, quote_precision),
               unit(j, base_precision), &s->rules);
    s->rules.base_precision =
        unit(j, base_fee_precision == UINT64_MAX ? base_precision : base_fee_precision);
    s->rules.quote_precision =
        unit(j, quote_fee_precision == UINT64_MAX ? quote_precision : quote_fee_precision);
}

enum err binance_spot_decode_exchange_info(const char *text, size_t len, binance_symbol_fn *fn,
                                           void *ctx, int64_t *ret_time_ns)
{
    struct json j = json_make(text, len);
    struct json_text key;
    uint64_t time = 0;
    unsigned seen = 0;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        unsigned bit = 0;
        if (json_is(key, "serverTime")) {
            bit = 1;
            time = json_u64(&j);
        } else if (json_is(key, "futuresType")) {
            json_fail(&j, ERR_UNSUPPORTED);
        } else if (json_is(key, "symbols")) {
            bit = 2;
            json_enter(&j, '[');
            while (json_element(&j)) {
                struct binance_symbol s = {
                    .symbol = {"", 0}, .base = {"", 0}, .quote = {"", 0}, .status = {"", 0}};
                read_symbol(&j, &s);
                if (!j.err)
                    fn(ctx, &s);
            }
        } else {
            (void)json_skip(&j);
        }
        if (seen & bit)
            json_fail(&j, ERR_SYNTAX);
        seen |= bit;
    }
    enum err e = json_finish(&j);
    if (e)
        return e;
    return seen == 3 ? binance_time(time, ret_time_ns) : ERR_SYNTAX;
}

/* ---- klines ---- */

/* [open time, "open", "high", "low", "close", "volume", close time, "quote volume", trades, ...] */
static void read_kline_row(struct json *j, struct binance_kline *k)
{
    uint64_t open_time = 0, last_time = 0;
    unsigned n = 0;
    json_enter(j, '[');
    for (; json_element(j); n++) {
        switch (n) {
        case 0: open_time = json_u64(j); break;
        case 1: k->open = json_quoted_dec(j); break;
        case 2: k->high = json_quoted_dec(j); break;
        case 3: k->low = json_quoted_dec(j); break;
        case 4: k->close = json_quoted_dec(j); break;
        case 5: k->volume = json_quoted_dec(j); break;
        case 6: last_time = json_u64(j); break;
        case 8: k->trades = json_u64(j); break;
        default: (void)json_skip(j);
        }
    }
    enum err e = n < 9 ? ERR_SYNTAX : binance_time(open_time, &k->open_ns);
    if (!e)
        e = binance_time(last_time + 1, &k->close_ns);
    if (!e && !binance_kline_ok(k))
        e = ERR_RANGE;
    if (e)
        json_fail(j, e);
    k->interval = (struct json_text){"", 0};
    k->closed = true;
}

enum err binance_spot_decode_klines(const char *text, size_t len, struct binance_kline *ret,
                                    uint32_t cap, uint32_t *ret_count)
{
    struct json j = json_make(text, len);
    uint32_t n = 0;
    json_enter(&j, '[');
    while (json_element(&j)) {
        struct binance_kline k = {0};
        read_kline_row(&j, &k);
        if (n == cap)
            json_fail(&j, ERR_FULL);
        if (!j.err)
            ret[n++] = k;
    }
    enum err e = json_finish(&j);
    if (e)
        return e;
    *ret_count = n;
    return ERR_OK;
}

/* The Binance Spot market-data dialect: bytes to messages. Pure functions over bytes.
 *
 * Source: binance/binance-spot-api-docs, web-socket-streams.md, rest-api.md, filters.md, enums.md
 * (as of 2026-07). Keys may come in any order, unknown keys are validated and skipped, a known key
 * that comes twice is an error. Prices and quantities are taken exactly, by their text.
 *
 * Errors of the decoders, besides those of venue/json.h; nothing is returned with any of them:
 *   ERR_UNSUPPORTED  a message of another dialect (USD-M or COIN-M futures, user data, WebSocket
 *                    API): recognised by what only they have, never read as Spot
 *   ERR_UNKNOWN      well formed, but of no known type
 *   ERR_SYNTAX       not JSON, a needed key is missing or of the wrong type, a contradiction
 *   ERR_RANGE        a number or time that cannot be true (BINANCE_NUMBER_MAX ...)
 *   ERR_FULL         more levels than there is room for
 *
 * Spot is told from futures by "M" in trades and aggTrades (futures: none, or "X"), by the absence
 * of "e", "E" and "T" in bookTickers, of "T", "pu" and "ps" in depth updates, of "E" and "T" in
 * depth snapshots, of "ps" anywhere, of "contractType" in exchangeInfo, and by the eight decimals
 * of every amount in a kline, the one thing in which a Spot kline differs from a futures one.
 */
#ifndef TW_VENUE_BINANCE_SPOT_CODEC_H
#define TW_VENUE_BINANCE_SPOT_CODEC_H

#include "base/err.h"
#include "model/book.h"
#include "model/instrument.h"
#include "model/order.h"
#include "venue/json.h"

#include <stdbool.h>
#include <stdint.h>

/* The matching engine of the venue counts 10^-8 in 63 bits: nothing is above 9.3 * 10^10. */
#define BINANCE_NUMBER_MAX (DEC_ONE_U64 / 1000000 * (u128)DEC_ONE_U64) /* 10^12, as dec */
/* Times from 2001-09-09 to 2255-03-14, told in milliseconds or microseconds. */
#define BINANCE_TIME_MIN_MS UINT64_C(1000000000000)
#define BINANCE_TIME_MAX_MS UINT64_C(8999999999999)

enum binance_kind {
    BINANCE_TRADE,
    BINANCE_AGG_TRADE,
    BINANCE_BOOK_TICKER,
    BINANCE_DEPTH,         /* depthUpdate: differences */
    BINANCE_PARTIAL_DEPTH, /* the best 5, 10 or 20 levels; also the shape of a REST snapshot */
    BINANCE_KLINE,
    BINANCE_STATISTICS, /* tickers, averages, block trades: recognised, not taken apart */
    BINANCE_SHUTDOWN,   /* the server is about to close the connection */
    BINANCE_RESPONSE,   /* answer to a SUBSCRIBE and the like */
};

struct binance_trade { /* also aggTrade: id is that of the aggregate */
    uint64_t id;
    int64_t ts_trade_ns; /* T */
    dec price, qty;      /* > 0 */
    enum side aggressor; /* from m, "the buyer is the maker" */
};
struct binance_book_ticker {
    uint64_t update_id;
    dec bid_price, bid_qty, ask_price, ask_qty; /* price 0: the side is empty */
};
struct binance_depth {
    uint64_t first_id, last_id;    /* U, u; a snapshot has both = lastUpdateId */
    uint32_t bids, asks;           /* counts */
    const struct level *bid, *ask; /* in the caller's array */
};
struct binance_kline {
    int64_t open_ns, close_ns; /* [open, close): the venue's T is the last millisecond, ours behind
                                  it */
    struct json_text interval; /* "1m" */
    dec open, high, low, close, volume;
    uint64_t trades;
    bool closed; /* x: it will not change any more */
};
struct binance_response {
    bool has_id, ok;
    int64_t id;           /* of the request, where it is a number */
    int64_t code;         /* where not ok */
    struct json_text msg; /* where not ok */
};

struct binance_message {
    enum binance_kind kind;
    struct json_text stream; /* of the combined wrapper; empty for a raw stream */
    struct json_text symbol; /* the venue's spelling; empty where the message has none (partial
                                depth: take it from the stream) */
    int64_t ts_event_ns;     /* E; 0 where the message has none */
    union {
        struct binance_trade trade;
        struct binance_book_ticker book_ticker;
        struct binance_depth depth;
        struct binance_kline kline;
        struct binance_response response;
    };
};

/* One websocket message, of a combined or a raw stream. Levels go to [levels], of room for [cap].
 * Texts in *ret point into [text]. */
enum err binance_spot_decode(const char *text, size_t len, struct level *levels, uint32_t cap,
                             struct binance_message *ret) MUST_CHECK;

/* ---- REST answers ---- */

/* GET /api/v3/depth: bids and asks in the order sent. */
enum err binance_spot_decode_snapshot(const char *text, size_t len, struct level *levels,
                                      uint32_t cap, struct binance_depth *ret) MUST_CHECK;

/* GET /api/v3/time */
enum err binance_spot_decode_time(const char *text, size_t len, int64_t *ret_ns) MUST_CHECK;

/* {"code":-1121,"msg":"Invalid symbol."}, the answer that comes with HTTP status 4xx and 5xx. */
struct binance_error {
    int64_t code;
    struct json_text msg;
};
enum err binance_spot_decode_error(const char *text, size_t len,
                                   struct binance_error *ret) MUST_CHECK;

/* One symbol of exchangeInfo. rules: tick_size and lot_size from PRICE_FILTER and LOT_SIZE, or,
 * where the venue switched these off, from the precisions; minimum and maximum quantity from
 * LOT_SIZE and MARKET_LOT_SIZE, the stricter, so that an order within them is within the rules
 * whatever its type; notional limits from MIN_NOTIONAL and NOTIONAL, the stricter; precisions of
 * fees from base/quoteCommissionPrecision. Status TRADING with isSpotTradingAllowed is
 * INSTRUMENT_TRADING, everything else INSTRUMENT_SUSPENDED. */
struct binance_symbol {
    struct json_text symbol, base, quote; /* "BTCUSDT", "BTC", "USDT" */
    struct json_text status;              /* "TRADING" */
    struct instrument_rules rules;
};
/* Called for each symbol, in order. */
typedef void binance_symbol_fn(void *ctx, const struct binance_symbol *symbol);

/* GET /api/v3/exchangeInfo. [fn] is called while the text is walked: what it was told counts only
 * when the result is ERR_OK. *ret_time_ns is serverTime. */
enum err binance_spot_decode_exchange_info(const char *text, size_t len, binance_symbol_fn *fn,
                                           void *ctx, int64_t *ret_time_ns) MUST_CHECK;

/* GET /api/v3/klines: an array of arrays. [ret] gets up to [cap], oldest first; *ret_count how many
 * there were; ERR_FULL beyond [cap]. symbol-less; interval is empty, closed is true for all (the
 * caller knows the time). */
enum err binance_spot_decode_klines(const char *text, size_t len, struct binance_kline *ret,
                                    uint32_t cap, uint32_t *ret_count) MUST_CHECK;

#endif

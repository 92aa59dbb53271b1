/* Binance Spot's own spelling: symbols and stream names, in both directions.
 *
 * Inside the project an instrument is "BTC-USDT". The venue writes "BTCUSDT" in messages and
 * "btcusdt" in stream names: the way back is ambiguous without a list of instruments, therefore
 * there is none here; the owner of such a list compares binance_spot_symbol() of its entries.
 */
#ifndef TW_VENUE_BINANCE_SPOT_NAMES_H
#define TW_VENUE_BINANCE_SPOT_NAMES_H

#include "base/err.h"
#include "model/instrument.h"

#include <stddef.h>

#define BINANCE_SYMBOL_MAX SYMBOL_MAX /* with NUL: ours less the hyphen */
#define BINANCE_STREAM_MAX 64         /* with NUL: the longest name made here */

/* "BTC-USDT" -> "BTCUSDT" in [out]. ERR_SYNTAX unless it is two groups of A-Z and 0-9 around one
 * hyphen; ERR_RANGE where it is too long. */
enum err binance_spot_symbol(const char *symbol, char out[static BINANCE_SYMBOL_MAX]) MUST_CHECK;

enum binance_stream {
    BINANCE_STREAM_TRADE,          /* btcusdt@trade */
    BINANCE_STREAM_AGG_TRADE,      /* btcusdt@aggTrade */
    BINANCE_STREAM_BOOK_TICKER,    /* btcusdt@bookTicker */
    BINANCE_STREAM_DEPTH_100MS,    /* btcusdt@depth@100ms: differences */
    BINANCE_STREAM_DEPTH,          /* btcusdt@depth: differences, once a second */
    BINANCE_STREAM_DEPTH_PARTIAL,  /* btcusdt@depth5|10|20 with or without @100ms: whole tops */
    BINANCE_STREAM_KLINE,          /* btcusdt@kline_1m: any interval */
    BINANCE_STREAM_MINI_TICKER,    /* btcusdt@miniTicker */
    BINANCE_STREAM_TICKER,         /* btcusdt@ticker, btcusdt@ticker_1h */
    BINANCE_STREAM_AVG_PRICE,      /* btcusdt@avgPrice */
    BINANCE_STREAM_BLOCK_TRADE,    /* btcusdt@blockTrade */
    BINANCE_STREAM_REFERENCE_PRICE /* btcusdt@referencePrice */
};

/* Name of a stream that has exactly one spelling (not DEPTH_PARTIAL, KLINE, TICKER: CHECKed) for
 * the venue's symbol "BTCUSDT", NUL-terminated; returns its length. The symbol must come from
 * binance_spot_symbol(). */
size_t binance_spot_stream_name(const char *venue_symbol, enum binance_stream kind,
                                char out[static BINANCE_STREAM_MAX]);

/* Takes "btcusdt@depth@100ms" apart: the symbol, in upper case, goes to [symbol]. ERR_UNKNOWN for a
 * kind that is not in the list, ERR_SYNTAX where there is no symbol, ERR_RANGE where it is too
 * long. */
enum err binance_spot_stream_parse(const char *name, size_t len,
                                   char symbol[static BINANCE_SYMBOL_MAX],
                                   enum binance_stream *kind) MUST_CHECK;

#endif

/* The exchange in a box, market-data side: the state of a venue that replays a recording.
 *
 * Pure of sockets and clocks: recorded lines go in (sim/recording.h), payloads of streams come out
 * through a callback, and answers to REST requests (sim/box_rest.h) and websocket requests
 * (sim/box_conn.h) are texts made from this state. io/box_server.h puts it on the network.
 *
 * A symbol is *live* once its order book is known: from the recording's REST snapshot and the
 * recorded differences around it. Before that nothing of it is published or answered.
 */
#ifndef TW_SIM_BOX_H
#define TW_SIM_BOX_H

#include "base/err.h"
#include "model/book.h"
#include "sim/box_candles.h"
#include "sim/box_text.h"
#include "sim/recording.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOX_SYMBOLS_MAX 64
#define BOX_LEVELS_MAX                                                                             \
    16384 /* per side; a snapshot brings at most 5000, differences add to them                     \
           */
#define BOX_PRINTS_MAX         1000 /* recent trades kept, as many as the venue answers */
#define BOX_EARLY_MAX          1000 /* depth differences kept until the snapshot arrives */
#define BOX_WHY_MAX            256
#define BOX_MESSAGE_LEVELS_MAX 20000 /* of one message: a full snapshot has 2 x 5000 */

/* Streams a symbol has; the number is also the bit in masks of subscriptions. */
enum box_stream {
    BOX_STREAM_TRADE,
    BOX_STREAM_AGG_TRADE,
    BOX_STREAM_BOOK_TICKER,
    BOX_STREAM_DEPTH_100MS,
    BOX_STREAM_DEPTH, /* as recorded, not thinned out to one a second */
    BOX_STREAM_MINI_TICKER,
    BOX_STREAM_TICKER,
    BOX_STREAM_DEPTH5,
    BOX_STREAM_DEPTH10,
    BOX_STREAM_DEPTH20,
    BOX_STREAM_DEPTH5_100MS,
    BOX_STREAM_DEPTH10_100MS,
    BOX_STREAM_DEPTH20_100MS,
    BOX_STREAM_KLINE, /* the first of BOX_INTERVALS */
    BOX_STREAMS = BOX_STREAM_KLINE + BOX_INTERVALS,
};
_Static_assert(BOX_STREAMS <= 32, "a mask of streams has 32 bits");

#define BOX_STREAM_NAME_MAX 64
/* "btcusdt@kline_1m" of a venue symbol "BTCUSDT", in [out]; returns its length. */
size_t box_stream_name(const char *venue_symbol, int stream, char out[static BOX_STREAM_NAME_MAX]);
/* The part behind the '@' ("kline_1m") -> 0..BOX_STREAMS-1, or -1. */
int box_stream_find(const char *kind, size_t len);

struct box_ring {
    struct box_print *p; /* BOX_PRINTS_MAX entries once the first arrived */
    uint64_t count;      /* ever added: the newest is p[(count - 1) % BOX_PRINTS_MAX] */
};

struct box_symbol {
    char name[SYMBOL_MAX];  /* "BTC-USDT" */
    char venue[SYMBOL_MAX]; /* "BTCUSDT" */
    char base[SYMBOL_MAX], quote[SYMBOL_MAX];
    bool live;
    uint64_t last_update_id; /* of the book; the snapshot's, or the last difference's */
    struct book book;
    struct level *levels;
    bool has_top; /* newest bookTicker */
    dec bid, bid_qty, ask, ask_qty;
    struct box_ring trades, agg_trades;
    bool has_trades; /* candles come from trades, else from aggTrades */
    struct box_candles candles[BOX_INTERVALS];
    int64_t pushed_ms[BOX_STREAMS]; /* when a timed stream was last published */
    uint64_t printed;               /* prints so far, for "did anything change?" */
    uint64_t pushed_printed[BOX_STREAMS];
    uint32_t wanted[BOX_STREAMS]; /* connections subscribed */
    dec tick, lot; /* as coarse as the snapshot allows: rules where the recording tells none */
    char *info;    /* its entry of the recorded exchangeInfo, or NULL */
    char **early;  /* payloads of differences before the snapshot */
    uint32_t early_count;
};

struct box_counts {
    uint64_t lines, trades, agg_trades, tops, depths;
    uint64_t published; /* payloads handed to the callback */
    uint64_t repeated;  /* differences and trades that were known already: left out */
    uint64_t gaps;      /* differences that do not follow their predecessor */
    uint64_t ignored;   /* messages of kinds the box makes itself or does not serve */
};

/* [payload] is one JSON value, valid during the call. */
typedef void box_publish_fn(void *ctx, uint32_t symbol, int stream, const char *payload,
                            size_t len);

struct box_trading;

struct box {
    uint32_t symbols;
    struct box_symbol *symbol[BOX_SYMBOLS_MAX];
    bool fixed;      /* only symbols named by the owner; others in recordings are passed over */
    bool publishing; /* set by the owner when clients may hear */
    int64_t now_ms;  /* the replay clock: the venue's time of what was replayed; never falls */
    bool has_shift;
    int64_t shift_ns; /* venue clock less the recorder's */
    int64_t swept_ms; /* when timed streams were last looked at */
    struct box_counts n;
    char *exchange_info; /* the recorded answer, until the symbols took their parts */
    box_publish_fn *publish;
    void *ctx;
    struct box_trading *trading; /* the owner's; NULL: market data only */
    struct level *room;          /* levels of the message in hand */
    struct box_text scratch;
};

void box_init(struct box *b, box_publish_fn *publish, void *ctx);
void box_free(struct box *b);

/* Adds "BTC-USDT". ERR_SYNTAX, ERR_FULL, ERR_NOMEM; known already: ERR_OK. */
enum err box_add_symbol(struct box *b, const char *name) MUST_CHECK;
/* The same from the venue's spelling: split where a known quote asset ends it, or as the recorded
 * exchangeInfo says. ERR_UNKNOWN where neither tells. */
enum err box_add_venue_symbol(struct box *b, const char *venue_symbol) MUST_CHECK;

/* Index by the venue's spelling ("BTCUSDT"), or -1. */
int box_find(const struct box *b, const char *venue_symbol, size_t len);

/* Whether there is a symbol and every symbol is live. */
bool box_ready(const struct box *b);

/* Replays one line. Publishes what it carries, where box->publishing. On failure (bad content:
 * ERR_SYNTAX, ERR_RANGE ...; ERR_UNSUPPORTED: not Binance Spot; ERR_UNKNOWN: a symbol that cannot
 * be split) [why] (BOX_WHY_MAX bytes) has a sentence. [default_symbol]: the venue symbol a snapshot
 * without one belongs to, or "". */
enum err box_apply(struct box *b, const struct recording *r, const char *default_symbol,
                   char *why) MUST_CHECK;

/* Moves the replay clock to where the recorder's clock shows [ts_ns] and publishes the timed
 * streams (klines, tickers) that are due. */
void box_advance(struct box *b, int64_t ts_ns);

/* Forgets the text of the recorded exchangeInfo once every symbol has taken its entry. */
void box_drop_exchange_info(struct box *b);

/* What the answers and the timed streams share (box_tick.c). */

/* Statistics of the last 24 hours; trades == 0: there are none. */
struct box_day {
    dec open, high, low, close, volume, quote;
    int64_t open_ms, close_ms, first_id, last_id;
    uint64_t trades;
};
void box_day_of(const struct box *b, const struct box_symbol *s, struct box_day *ret);
/* "lastUpdateId":..,"bids":[..],"asks":[..] in braces, the best [limit] levels of each side. */
void box_depth_text(const struct box_symbol *s, uint32_t limit, struct box_text *out);
/* Publishes klines and tickers that are due at b->now_ms. */
void box_sweep(struct box *b);
/* Publishes a candle. */
void box_publish_candle(struct box *b, uint32_t symbol, int interval, const struct box_candle *c,
                        bool closed);
/* A box_candle_fn that publishes a candle as closed; its context is a struct box_closing. */
struct box_closing {
    struct box *box;
    uint32_t symbol;
};
void box_candle_closed(void *ctx, int interval, const struct box_candle *c);
/* Counts and hands to the callback, if anybody may hear. */
void box_publish(struct box *b, uint32_t symbol, int stream, const char *payload, size_t len);
/* Change in percent with 3 places, quoted; "0.000" where [from] is zero. */
void box_percent_text(struct box_text *out, dec from, dec to);
dec box_average(const struct box_day *d);
/* Its entry of exchangeInfo: the recorded one, else one made of what is known. */
void box_info_text(const struct box_symbol *s, struct box_text *out);

#endif

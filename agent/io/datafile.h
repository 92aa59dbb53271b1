/* Recorded market data from files onto a tape: docs/backtest.md lists the formats and the rules.
 *
 * A file is told apart by its content (packing by the first bytes, format by the header or the
 * number of columns), its instrument and timeframe by its name or by the argument. Whatever is
 * wrong with a file is an error that names the file, the row, the column and the reason; nothing
 * is repaired or left out in silence.
 */
#ifndef TW_IO_DATAFILE_H
#define TW_IO_DATAFILE_H

#include "base/err.h"
#include "io/tape.h"
#include "model/setup.h"

#include <stdbool.h>
#include <stdint.h>

#define DATAFILE_WHY_MAX 1024
#define DATAFILE_ROW_MAX 4096 /* bytes of a CSV row */

enum datafile_format {
    DATAFILE_TRADES = 1,    /* CSV of trades or aggregated trades */
    DATAFILE_CANDLES = 2,   /* CSV of candles: four prints each */
    DATAFILE_QUOTES = 3,    /* CSV of quote bars: four tops of book each */
    DATAFILE_RECORDING = 4, /* messages of a websocket, through the venue's session */
};
const char *datafile_format_name(enum datafile_format f); /* "candles" */

/* The venues' sessions, for recordings: those of one venue that follow each other go on with the
 * same session, since the book of the second begins in the first. */
struct datafile_sessions;
enum err datafile_sessions_open(struct datafile_sessions **ret) MUST_CHECK;
void datafile_sessions_close(struct datafile_sessions *s); /* NULL is fine */

struct datafile_options {
    int64_t from_ns, to_ns; /* only events with from <= time < to; INT64_MIN, INT64_MAX: all */
    int64_t history_ns;     /* of trades and bars also those of that long before from_ns */
    struct datafile_sessions *sessions;
    /* Called every few megabytes; true stops the loading (ERR_STATE). May be NULL. */
    bool (*progress)(void *ctx, uint64_t done, uint64_t size);
    void *ctx;
};

struct datafile_info {
    enum datafile_format format;
    venue_id venue;
    instrument_id instrument; /* INSTRUMENT_NONE for a recording: it may hold several */
    uint64_t rows;            /* rows or messages read */
    uint64_t events;          /* events put on the tape */
    uint64_t unused;          /* messages of streams or symbols that nobody asked for */
    uint64_t left_out;        /* placeholder rows of the venue (quantity 0, ids -1) */
    uint64_t rounded;         /* rows with a size of more than 18 decimals, rounded down */
    bool live;                /* recordings: a feed has been live by its end */
    int64_t timeframe_ns;     /* of candles and quote bars, else 0 */
};

/* Loads [argument]: FILE, SYMBOL=FILE, SYMBOL@VENUE=FILE or @VENUE=FILE, as a new stream of [t].
 * On failure why[DATAFILE_WHY_MAX] holds a sentence that begins with the file's name; the stream
 * may then be on the tape in part. ERR_NOT_FOUND: the instrument is not told or not configured. */
enum err datafile_load(struct tape *t, const struct setup *s, const char *argument,
                       const struct datafile_options *o, struct datafile_info *ret,
                       char *why) MUST_CHECK;

/* Date "2024-01-31" or time "2024-01-31T23:59:59[.fraction][Z]", UTC, in nanoseconds since 1970.
 */
enum err datafile_parse_time(const char *text, int64_t *ret_ns) MUST_CHECK;

#endif

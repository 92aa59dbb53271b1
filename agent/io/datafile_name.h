/* What a file's name tells: its instrument and its timeframe. */
#ifndef TW_IO_DATAFILE_NAME_H
#define TW_IO_DATAFILE_NAME_H

#include "base/err.h"
#include "model/setup.h"

#include <stdbool.h>
#include <stddef.h>

/* The parts of an argument [SYMBOL][@VENUE]=FILE. */
struct datafile_argument {
    const char *path;
    bool has_prefix;
    char symbol[SYMBOL_MAX];    /* "" where not given */
    char venue[NAME_MAX_BYTES]; /* likewise */
};

/* ERR_SYNTAX with a sentence in why[cap] where the part before '=' is no instrument. A text whose
 * first '=' comes after a '/' is a path. */
enum err datafile_split_argument(const char *argument, struct datafile_argument *ret, char *why,
                                 size_t cap) MUST_CHECK;

/* The instrument of a file: by the prefix, else by its name, in which the symbol stands between
 * separators ("binance-spot-BTCUSDT-1h-2024.csv.gz", "coinbase-BTC-USD-1m.csv"; XBT is read as
 * BTC). Of several venues the one is meant whose name or kind the file's name begins with.
 * ERR_NOT_FOUND with a sentence in why[cap]. */
enum err datafile_find_instrument(const struct setup *s, const struct datafile_argument *a,
                                  instrument_id *ret, char *why, size_t cap) MUST_CHECK;

/* The venue of a recording: by the prefix, by the beginning of the name, or the only one. */
enum err datafile_find_venue(const struct setup *s, const struct datafile_argument *a,
                             venue_id *ret, char *why, size_t cap) MUST_CHECK;

/* "-1h-" -> an hour in ns; 0 where no part of the name is a timeframe (1s..1w). */
int64_t datafile_name_timeframe(const char *path);

#endif

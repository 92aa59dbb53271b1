/* CSV rows: what the columns of a file mean, and the reading of one row.
 *
 * Two readers give the same values: a fast one for the shape venues write, without any diagnosis,
 * and an exact one that is asked when the fast one gives up, and either reads the row or says what
 * is wrong with it.
 */
#ifndef TW_IO_DATAFILE_ROW_H
#define TW_IO_DATAFILE_ROW_H

#include "base/err.h"
#include "io/datafile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROW_COLUMNS_MAX 16
#define ROW_VALUES_MAX  10

enum column_kind {
    COLUMN_INTEGER, /* checked and not used */
    COLUMN_NUMBER,  /* likewise */
    COLUMN_BOOL,    /* likewise */
    COLUMN_ID,
    COLUMN_FIRST_ID, /* of an aggregated trade: -1 marks a placeholder */
    COLUMN_TIME,     /* ms or us since 1970, by magnitude */
    COLUMN_TIME_S,
    COLUMN_TIME_MS,
    COLUMN_TIME_US,
    COLUMN_TIME_NS,
    COLUMN_BUYER_MAKER,
    COLUMN_VALUE,
    COLUMN_SIZE, /* a value that is rounded down where it has more than 18 decimals */
};

struct column {
    enum column_kind kind;
    uint8_t value;     /* index into row.value for COLUMN_VALUE and _SIZE */
    const char *title; /* for messages */
};

/* Indices of row.value. */
enum { TRADE_PRICE = 0, TRADE_QTY = 1 };
enum { CANDLE_OPEN = 0, CANDLE_HIGH, CANDLE_LOW, CANDLE_CLOSE, CANDLE_VOLUME };
enum { QUOTE_BID = 0, QUOTE_BID_SIZE = 4, QUOTE_ASK = 5, QUOTE_ASK_SIZE = 9 };

struct row_plan {
    enum datafile_format format;
    bool has_header;
    unsigned columns;
    struct column column[ROW_COLUMNS_MAX];
};

struct row {
    int64_t ts_ns;
    uint64_t id;      /* 0 where the file has none */
    bool buyer_maker; /* false where the file has none */
    bool placeholder; /* first id -1 */
    bool rounded;     /* a size had more than 18 decimals */
    dec value[ROW_VALUES_MAX];
};

/* The plan of a file from its first line [line, line + len), without the line break: by the names
 * of a header, else by the number of columns. On failure a sentence in why[cap]. */
enum err row_plan_make(struct row_plan *ret, const char *line, size_t len, char *why,
                       size_t cap) MUST_CHECK;

/* Reads the row at *p, which ends with '\n' before [end], and moves *p behind it. False, with *p
 * and *ret of no meaning, where the exact reader has to be asked. */
bool row_read_fast(const struct row_plan *plan, const char **p, const char *end, struct row *ret);

/* The exact reader; [line, line + len) without the line break. On failure a sentence in why[cap]
 * that begins with the column. */
enum err row_read_exact(const struct row_plan *plan, const char *line, size_t len, struct row *ret,
                        char *why, size_t cap) MUST_CHECK;

#endif

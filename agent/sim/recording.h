/* Lines of recorded Binance Spot sessions.
 *
 * Two kinds of files are understood, told apart by the line itself:
 *   1723161254087896568 {"stream":"btcusdt@trade","data":{...}}     local time in ns, message
 *   1723161254206652067 {"lastUpdateId":...,"bids":[...],...}        an order book over REST
 *   {"t":"recv","conn":"...","ts":1633998512.06,"data":"<message as JSON text>"}
 *   {"t":"http","conn":"...","ts":...,"url":"https://...","data":"<answer as JSON text>"}
 * In files of the second kind the REST answers stand in front of the messages, with later times:
 * whoever reads them puts them where their time says (io/recording_file.h does).
 */
#ifndef TW_SIM_RECORDING_H
#define TW_SIM_RECORDING_H

#include "base/err.h"
#include "model/instrument.h"

#include <stddef.h>
#include <stdint.h>

#define RECORDING_LINE_MAX (8u << 20) /* an exchangeInfo answer of all symbols has 2 MiB */
#define RECORDING_WHY_MAX  160

enum recording_kind {
    RECORDING_NOTHING,       /* a line without market data: header, connect, send, other answers */
    RECORDING_MESSAGE,       /* of a websocket */
    RECORDING_BOOK,          /* GET /api/v3/depth */
    RECORDING_EXCHANGE_INFO, /* GET /api/v3/exchangeInfo */
};

/* Texts point into the line. */
struct recording {
    enum recording_kind kind;
    int64_t ts_ns;           /* of the recorder's clock */
    char symbol[SYMBOL_MAX]; /* BOOK: the venue's spelling, "" where the line does not say */
    const char *stream;      /* MESSAGE: "btcusdt@trade", not terminated; NULL in a raw stream */
    size_t stream_len;
    const char *data; /* the payload: one JSON value */
    size_t data_len;
};

/* Takes a line (without its newline) apart; the line is changed (texts are unescaped in place).
 * Only the envelope is checked: the payload is one well-formed JSON value, nothing more is known of
 * it. On failure [why] (RECORDING_WHY_MAX bytes) says what is wrong: ERR_SYNTAX, ERR_TRUNCATED,
 * ERR_RANGE (a time that cannot be). */
enum err recording_parse(char *line, size_t len, struct recording *ret, char *why) MUST_CHECK;

#endif

/* An exchange in a box with two accounts, asked directly: no sockets, a clock that stands still,
 * and "good" for every signature. */
#ifndef TW_TESTS_TRADERS_H
#define TW_TESTS_TRADERS_H

#include "boxes.h"
#include "sim/box_api.h"
#include "sim/box_rest.h"
#include "sim/box_trading.h"

#define TRADERS_EVENTS 64
#define TRADERS_NOW_US INT64_C(1700000000000000)

struct traders {
    struct box box;
    struct heard heard;
    struct box_trading trading;
    struct box_usage usage;
    struct box_answer answer;
    int64_t now_us, mono_ns;
    unsigned events; /* since traders_quiet() */
    struct {
        uint32_t account;
        char text[1024]; /* cut */
    } event[TRADERS_EVENTS];
};

/* Accounts "anna" (key "anna", 1000 USDT, 10 BTC, 5 BNB; group 7) and "ben" (key "ben", 1000 USDT,
 * 10 BTC; group 7); bids 10 and 9, asks 11 and 12 of 1 BTC each; commission 0.1 %. [more] is
 * further JSON of the file behind the accounts, or "". */
void traders_open(struct traders *t, const char *more);
void traders_close(struct traders *t);
void traders_quiet(struct traders *t);

/* Asks as [key] (NULL: nobody): "POST /api/v3/order" and "symbol=BTCUSDT&..."; adds timestamp and
 * signature to those of a key unless the parameters have a timestamp. Returns the answer's body. */
const char *traders_ask(struct traders *t, const char *key, const char *what, const char *params);
/* The same, where [status] is expected; CHECKs it and shows the answer where it is another. */
const char *traders_get(struct traders *t, int status, const char *key, const char *what,
                        const char *params);
/* A trade of the market. */
void traders_print(struct traders *t, const char *price, const char *qty);
/* "free/locked" of an asset: "989/11". */
const char *traders_balance(const struct traders *t, const char *account, const char *asset);

#endif

/* A small exchange in a box for tests: fed with lines, publishing into a list. */
#ifndef TW_TESTS_BOXES_H
#define TW_TESTS_BOXES_H

#include "sim/box.h"

struct heard {
    unsigned count;
    struct {
        uint32_t symbol;
        int stream;
        char text[1024]; /* cut */
    } last[64];          /* a ring */
};

/* A box with one live symbol, BTC-USDT, lastUpdateId 100, bids 10 and 9, asks 11 and 12 of 1 each;
 * everything published goes to [h]. */
void boxes_open(struct box *b, struct heard *h);

/* Applies one line as it stands in a recording; CHECKs that it is understood. */
void boxes_feed(struct box *b, const char *line);

/* The same where an error is expected; returns it. */
enum err boxes_try(struct box *b, const char *line, char *why);

#endif

/* Files of market data made by tests, and a setup whose instruments they can name. */
#ifndef TW_TESTS_DATAFILES_H
#define TW_TESTS_DATAFILES_H

#include "io/datafile.h"

struct datafiles {
    char dir[64];
    struct setup *setup; /* venues "binance" (0) and "kraken" (1), kind "binance-spot" both;
                            BTC-USDT and ETH-USDT on 0, BTC-USDT and XRP-ETH on 1 */
    struct tape *tape;
    struct datafile_options all; /* everything, with sessions for recordings */
    struct datafile_info info;   /* of the last load that went well */
    char why[DATAFILE_WHY_MAX];
};

enum datafiles_packing { PACK_PLAIN, PACK_GZIP, PACK_ZSTD };

void datafiles_open(struct datafiles *d);
void datafiles_close(struct datafiles *d); /* removes the files */

/* Writes a file into the directory; returns its path, valid until the next call. */
const char *datafiles_write(struct datafiles *d, const char *name, const void *content, size_t len,
                            enum datafiles_packing packing);

/* Writes [text] as [name] and loads it, with [prefix] ("" or "BTC-USDT=") before the path. */
enum err datafiles_load(struct datafiles *d, const char *prefix, const char *name,
                        const char *text);

/* The [n]th event of the tape; fails the test where there is none. */
struct event datafiles_event(const struct datafiles *d, uint64_t n);

#endif

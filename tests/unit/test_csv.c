/* The CSV files of market data: every format, every refusal. */
#include "datafiles.h"

#include "base/rng.h"
#include "io/datafile_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define D(text) dec_lit(text)

static int open_files(void **state)
{
    static struct datafiles d;
    datafiles_open(&d);
    *state = &d;
    return 0;
}

static int close_files(void **state)
{
    datafiles_close(*state);
    return 0;
}

#define assert_dec(a, b)      assert_true(dec_eq((a), D(b)))
#define assert_says(d, words) assert_non_null(strstr((d)->why, (words)))

/* ---- formats ---- */

static void agg_trades_without_header(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(
        datafiles_load(d, "", "BTCUSDT-aggTrades-2024-01.csv",
                       "100,42283.58000000,0.00100000,200,201,1704067200000,True,True\n"
                       "101,42283.59000000,2.5,202,202,1704067200001,false,True\n"),
        ERR_NOT_FOUND); /* two venues have it, and the name tells none */
    assert_says(d, "more than one");
    assert_int_equal(
        datafiles_load(d, "BTC-USDT@binance=", "BTCUSDT-aggTrades-2024-01.csv",
                       "100,42283.58000000,0.00100000,200,201,1704067200000,True,True\n"
                       "101,42283.59000000,2.5,202,202,1704067200001,false,True\n"),
        ERR_OK);
    assert_int_equal(d->info.format, DATAFILE_TRADES);
    assert_int_equal(d->info.rows, 2);
    assert_int_equal(d->info.events, 2);
    struct event e = datafiles_event(d, 0);
    assert_int_equal(e.kind, EVENT_TRADE);
    assert_int_equal(e.venue, 0);
    assert_int_equal(e.instrument, 0);
    assert_true(e.ts_event_ns == INT64_C(1704067200000000000) && e.ts_recv_ns == e.ts_event_ns);
    assert_dec(e.trade.price, "42283.58");
    assert_dec(e.trade.qty, "0.001");
    assert_int_equal(e.trade.trade_id, 100);
    assert_int_equal(e.trade.aggressor, SIDE_SELL); /* the buyer was the maker */
    e = datafiles_event(d, 1);
    assert_true(e.ts_event_ns == INT64_C(1704067200001000000));
    assert_int_equal(e.trade.aggressor, SIDE_BUY);
    assert_dec(e.trade.qty, "2.5");
}

static void trades_without_header(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-trades-2024-01-01.csv",
                                    "7,2281.87,0.5,1140.935,1704067200000,True,True\n"
                                    "8,2281.88,1,2281.88,1704067200000,False,True"),
                     ERR_OK); /* without a last line break, too */
    assert_int_equal(d->info.rows, 2);
    assert_int_equal(d->info.instrument, 1);
    struct event e = datafiles_event(d, 1);
    assert_int_equal(e.trade.trade_id, 8);
    assert_dec(e.trade.qty, "1");
}

static void trades_with_headers(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-a.csv",
                                    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,"
                                    "transact_time,is_buyer_maker\r\n"
                                    "1,2,3,4,5,1704067200000,true\r\n"),
                     ERR_OK);
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-b.csv",
                                    "\xef\xbb\xbftime_s,price,volume\n1704067201,2.5,4\n"),
                     ERR_OK);
    assert_int_equal(
        datafiles_load(d, "", "ETHUSDT-c.csv", "time_ns,qty,price\n1704067202000000001,1,2\n"),
        ERR_OK);
    assert_true(datafiles_event(d, 1).ts_event_ns == INT64_C(1704067201000000000));
    assert_int_equal(datafiles_event(d, 1).trade.trade_id, 0);
    assert_true(datafiles_event(d, 2).ts_event_ns == INT64_C(1704067202000000001));
    assert_dec(datafiles_event(d, 2).trade.price, "2");
}

/* Binance writes microseconds since 2025: told row by row, by magnitude. */
static void milliseconds_and_microseconds(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-trades-2025.csv",
                                    "1,2,3,6,1735689599999,True,True\n"
                                    "2,2,3,6,1735689600000001,True,True\n"),
                     ERR_OK);
    assert_true(datafiles_event(d, 0).ts_event_ns == INT64_C(1735689599999000000));
    assert_true(datafiles_event(d, 1).ts_event_ns == INT64_C(1735689600000001000));
    /* The bounds of the two ranges; seconds and nanoseconds are in neither. */
    static const struct {
        const char *time;
        int64_t ns; /* 0: refused */
    } CASES[] = {
        {"99999999999", 0},
        {"100000000000", INT64_C(100000000000000000)},
        {"9200000000000", INT64_C(9200000000000000000)},
        {"9200000000001", 0},
        {"99999999999999", 0},
        {"100000000000000", INT64_C(100000000000000000)},
        {"9200000000000000", INT64_C(9200000000000000000)},
        {"9200000000000001", 0},
        {"1704067200", 0},
        {"1704067200000000000", 0},
        {"-1704067200000", 0},
        {"0", 0},
        {"1.7e12", 0},
        {"99999999999999999999999", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[128];
        tape_close(d->tape);
        assert_int_equal(tape_open(&d->tape), ERR_OK);
        snprintf(text, sizeof text, "1,2,3,6,%s,True,True\n", CASES[i].time);
        enum err e = datafiles_load(d, "", "ETHUSDT-x.csv", text);
        assert_int_equal(e == ERR_OK, CASES[i].ns != 0);
        if (e) {
            assert_says(d, "ETHUSDT-x.csv: row 1: column 5 (time): ");
        } else {
            assert_true(datafiles_event(d, 0).ts_event_ns == CASES[i].ns);
        }
    }
}

static void klines(void **state)
{
    struct datafiles *d = *state;
    const char *rows = "1704067200000,10,14,8,12,5,1704067259999,50,9,2,20,0\n"
                       "1704067260000000,12,12,6,7,0.0000000000000001,1704067319999999,1,1,1,1,0\n";
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-1m-2024-01.csv", rows), ERR_OK);
    assert_int_equal(d->info.format, DATAFILE_CANDLES);
    assert_int_equal(d->info.events, 8);
    assert_true(d->info.timeframe_ns == INT64_C(60000000000));
    /* Rose: open, low, high, close; fell: open, high, low, close. */
    static const char *const PRICES[8] = {"10", "8", "14", "12", "12", "12", "6", "7"};
    static const int64_t OFFSETS[4] = {0, INT64_C(15000000000), INT64_C(30000000000),
                                       INT64_C(59999999999)};
    dec sum[2] = {DEC_ZERO, DEC_ZERO};
    for (unsigned i = 0; i < 8; i++) {
        struct event e = datafiles_event(d, i);
        assert_dec(e.trade.price, PRICES[i]);
        assert_true(e.ts_event_ns ==
                    INT64_C(1704067200000000000) + (i / 4) * INT64_C(60000000000) + OFFSETS[i % 4]);
        assert_true(dec_add(sum[i / 4], e.trade.qty, &sum[i / 4]));
    }
    assert_dec(datafiles_event(d, 0).trade.qty, "1.25");
    assert_dec(sum[0], "5");
    /* 100 units of the 18th place: a quarter each. */
    assert_dec(datafiles_event(d, 7).trade.qty, "0.000000000000000025");
    assert_dec(sum[1], "0.0000000000000001");
}

/* What does not divide by four goes to the last print. */
static void volume_remainder(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-1h.csv",
                                    "open_time_ms,open,high,low,close,volume\n"
                                    "1704067200000,1,1,1,1,0.000000000000000007\n"
                                    "1704070800000,1,1,1,1,0\n"),
                     ERR_OK);
    for (unsigned i = 0; i < 8; i++)
        assert_true(datafiles_event(d, i).trade.qty.v == (i < 3 ? 1 : i == 3 ? 4 : 0));
}

static void timeframe_from_spacing(void **state)
{
    struct datafiles *d = *state;
    /* The smallest distance counts: minutes without a trade are absent. */
    assert_int_equal(datafiles_load(d, "", "ETHUSDT.csv",
                                    "open_time_ms,open,high,low,close,volume\n"
                                    "1704067200000,1,1,1,1,4\n1704067380000,1,1,1,1,4\n"
                                    "1704067440000,1,1,1,1,4\n"),
                     ERR_OK);
    assert_true(d->info.timeframe_ns == INT64_C(60000000000));
    assert_int_equal(d->info.rows, 3);
    assert_int_equal(d->info.events, 12);
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-one.csv",
                                    "open_time_ms,open,high,low,close,volume\n"
                                    "1704067200000,1,1,1,1,4\n"),
                     ERR_UNKNOWN);
    assert_says(d, "how long a bar is");
    /* The name counts more than the spacing; a bar inside another is a contradiction. */
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-1h-2024.csv",
                                    "open_time_ms,open,high,low,close,volume\n"
                                    "1704067200000,1,1,1,1,4\n1704070799999,1,1,1,1,4\n"),
                     ERR_RANGE);
    assert_says(d, "row 3: it begins before the bar of the row above has ended (3600 s each)");
    assert_true(datafile_name_timeframe("/x-1h-/BTC-1s-.csv") == INT64_C(1000000000));
    assert_true(datafile_name_timeframe("A-15m.csv") == 15 * INT64_C(60000000000));
    assert_true(datafile_name_timeframe("A_1w_.csv") == 7 * 24 * INT64_C(3600000000000));
    assert_true(datafile_name_timeframe("A-0m-1x-h-1000s-2024.csv") == 0);
}

static void quote_bars(void **state)
{
    struct datafiles *d = *state;
    const char *header = "open_time_ms,bid_open,bid_high,bid_low,bid_close,bid_size,"
                         "ask_open,ask_high,ask_low,ask_close,ask_size\n";
    char text[1024];
    snprintf(text, sizeof text,
             "%s1704067200000,10,20,5,12,1.5,11,21,6,13,2.5\n"
             "1704067260000,12,13,4,5,1,13,14,5,6,0\n",
             header);
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-1m-quote.csv", text), ERR_OK);
    assert_int_equal(d->info.format, DATAFILE_QUOTES);
    assert_int_equal(d->info.events, 8);
    static const char *const BIDS[8] = {"10", "5", "20", "12", "12", "13", "4", "5"};
    for (unsigned i = 0; i < 8; i++) {
        struct event e = datafiles_event(d, i);
        assert_int_equal(e.kind, EVENT_TOP);
        assert_int_equal(e.instrument, 1);
        assert_dec(e.top.bid_price, BIDS[i]);
        assert_true(e.top.ask_price.v - e.top.bid_price.v == DEC_ONE.v);
        assert_dec(e.top.bid_qty, i < 4 ? "1.5" : "1");
        assert_dec(e.top.ask_qty, i < 4 ? "2.5" : "0");
    }
    snprintf(text, sizeof text, "%s1704067200000,10,20,5,12,1.5,10,21,6,13,2.5\n", header);
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-1m-bad.csv", text), ERR_RANGE);
    assert_says(d, "row 2: the bid is not below the ask");
    snprintf(text, sizeof text, "%s1704067200000,10,20,5,12,-1,11,21,6,13,2.5\n", header);
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-1m-bad.csv", text), ERR_RANGE);
    assert_says(d, "a size is below 0");
}

/* ---- refusals ---- */

static void corrupt_rows_are_named(void **state)
{
    struct datafiles *d = *state;
    static const char *const GOOD = "1,2.5,3,6,1704067200000,True,True\n";
    static const struct {
        const char *row, *says;
    } CASES[] = {
        {"2,x,3,6,1704067200000,True,True\n", "row 2: column 2 (price): 'x' is not a number"},
        {"2,,3,6,1704067200000,True,True\n", "row 2: column 2 (price): '' is not a number"},
        {"2,2.5 ,3,6,1704067200000,True,True\n", "row 2: column 2 (price): '2.5 ' is not"},
        {"2,1.2.3,3,6,1704067200000,True,True\n", "row 2: column 2 (price): '1.2.3' is not"},
        {"2,nan,3,6,1704067200000,True,True\n", "row 2: column 2 (price): 'nan' is not a number"},
        {"2,0,3,6,1704067200000,True,True\n", "row 2: the price is not above 0"},
        {"2,-1,3,6,1704067200000,True,True\n", "row 2: the price is not above 0"},
        {"2,1,0.00000000,6,1704067200000,True,True\n", "row 2: the quantity is not above 0"},
        {"2,0.1234567890123456789,3,6,1704067200000,True,True\n",
         "row 2: column 2 (price): '0.1234567890123456789' has more than 18 decimals"},
        {"2,999999999999999999999,3,6,1704067200000,True,True\n",
         "row 2: column 2 (price): '999999999999999999999' is too large"},
        {"2,1,3,y,1704067200000,True,True\n", "column 4 (quote quantity): 'y' is not a number"},
        {"2,1,3,6,1704067200000,Perhaps,True\n", "column 6 (is buyer maker): 'Perhaps' is neither"},
        {"2,1,3,6,1704067200000,True,1\n", "column 7 (is best match): '1' is neither"},
        {"-2,1,3,6,1704067200000,True,True\n", "column 1 (trade id): '-2' is not a whole number"},
        {"2,1,3,6,1704067199999,True,True\n",
         "row 2: the time goes back from 2024-01-01T00:00:00.000Z to 2023-12-31T23:59:59.999Z"},
        {"2,1,3,6,1704067200000,True\n", "row 2: 6 columns instead of 7"},
        {"2,1,3,6,1704067200000,True,True,True\n", "row 2: 8 columns instead of 7"},
        {"\n2,1,3,6,1704067200000,True,True\n", "row 2: 1 columns instead of 7 (an empty line)"},
        {"2,1,3", "row 2: 3 columns instead of 7"},
        {"2,\x1b[31m,3,6,1704067200000,True,True\n", "column 2 (price): '?[31m' is not a number"},
        {"2,\"1\",3,6,1704067200000,True,True\n", "column 2 (price): '\"1\"' is not a number"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s%s", GOOD, CASES[i].row);
        enum err e = datafiles_load(d, "", "ETHUSDT-x.csv", text);
        if (e == ERR_OK || !strstr(d->why, CASES[i].says) || !strstr(d->why, "ETHUSDT-x.csv: "))
            fail_msg("case %zu: %s, '%s'", i, err_name(e), d->why);
    }
}

static void corrupt_candles_are_named(void **state)
{
    struct datafiles *d = *state;
    static const struct {
        const char *row, *says;
    } CASES[] = {
        {"1704070800000,10,9,8,9,1\n", "row 3: high and low do not enclose"},
        {"1704070800000,10,12,11,12,1\n", "row 3: high and low do not enclose"},
        {"1704070800000,10,12,9,13,1\n", "row 3: high and low do not enclose"},
        {"1704070800000,0,12,0,12,1\n", "row 3: a price"},
        {"1704070800000,10,12,9,12,-1\n", "row 3: the volume is below 0"},
        {"1704067200000,10,12,9,12,1\n", "row 3: the time goes back"},
        {"1704069000000,10,12,9,12,1\n", "row 3: it begins before"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "open_time_ms,open,high,low,close,volume\n1704067200000,10,12,9,12,1\n%s",
                 CASES[i].row);
        enum err e = datafiles_load(d, "", "ETHUSDT-1h.csv", text);
        if (e == ERR_OK || !strstr(d->why, CASES[i].says))
            fail_msg("case %zu: %s, '%s'", i, err_name(e), d->why);
    }
}

static void corrupt_files_are_named(void **state)
{
    struct datafiles *d = *state;
    static const struct {
        const char *text, *says;
    } CASES[] = {
        {"", "is empty"},
        {"time_s,price,volume\n", "has no data rows"},
        {"time_s,price,volume,colour\n1,2,3,4\n", "row 1: column 4: 'colour' is no column name"},
        {"time_s,price\n1,2\n", "row 1: the header has no column quantity"},
        {"price,volume\n1,2\n", "row 1: the header has no column for the time"},
        {"time_s,time_ms,price,volume\n1,2,3,4\n", "row 1: columns 1 and 2"},
        {"time_s,price,volume,amount\n1,2,3,4\n", "row 1: columns 3 and 4 ('amount') both are"},
        {"when,what\n1,2\n", "row 1: the header 'when,what' is not that of"},
        {"1,2,3\n", "row 1: no header, and 3 columns"},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", "row 1: 17 columns"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        enum err e = datafiles_load(d, "", "ETHUSDT-x.csv", CASES[i].text);
        if (e == ERR_OK || !strstr(d->why, CASES[i].says) || !strstr(d->why, "ETHUSDT-x.csv: "))
            fail_msg("case %zu: %s, '%s'", i, err_name(e), d->why);
    }
    static const struct datafile_options ALL = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    assert_int_equal(
        datafile_load(d->tape, d->setup, "/tmp/not-there-ETHUSDT.csv", &ALL, &d->info, d->why),
        ERR_IO);
    assert_says(d, "/tmp/not-there-ETHUSDT.csv: cannot be opened: No such file");
    assert_int_equal(datafile_load(d->tape, d->setup, d->dir, &ALL, &d->info, d->why), ERR_IO);
    assert_says(d, "is a directory");
    const char *path = datafiles_write(d, "ETHUSDT.zip", "PK\3\4....", 8, PACK_PLAIN);
    assert_int_equal(datafile_load(d->tape, d->setup, path, &ALL, &d->info, d->why),
                     ERR_UNSUPPORTED);
    assert_says(d, "unzip");
}

/* At the limit a row is read; one byte more is refused. */
static void row_length_limit(void **state)
{
    struct datafiles *d = *state;
    static const char HEAD[] = "900,2,3,", TAIL[] = ",1704067200000,True,True";
    for (size_t over = 0; over <= 1; over++) {
        char text[DATAFILE_ROW_MAX + 2];
        size_t len = DATAFILE_ROW_MAX + over;
        memset(text, '6', len);
        memcpy(text, HEAD, sizeof HEAD - 1);
        memcpy(text + len - (sizeof TAIL - 1), TAIL, sizeof TAIL - 1);
        text[len] = 0;
        assert_int_equal(datafiles_load(d, "", "ETHUSDT-x.csv", text), over ? ERR_FULL : ERR_OK);
    }
    assert_says(d, "row 1: longer than 4096 bytes");
    /* A file that is one endless line must not be held in memory. */
    size_t size = (size_t)3 * 1024 * 1024;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '1', size - 1);
    text[size - 1] = 0;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-x.csv", text), ERR_FULL);
    assert_says(d, "row 1: longer than 4096 bytes");
    free(text);
}

/* Sizes that someone's floating point has been at are rounded down, and counted. */
static void sizes_beyond_18_places(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-x.csv",
                                    "time_s,price,volume\n1704067200,2,33.35399601000002\n"
                                    "1704067200,2,0.0038217599999999996\n"),
                     ERR_OK);
    assert_int_equal(d->info.rounded, 1);
    assert_dec(datafiles_event(d, 0).trade.qty, "33.35399601000002");
    assert_dec(datafiles_event(d, 1).trade.qty, "0.003821759999999999");
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-x.csv",
                                    "time_s,price,volume\n1704067200,2,0.0000000000000000009\n"),
                     ERR_RANGE);
    assert_says(d, "row 2: the quantity is not above 0");
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-x.csv",
                                    "time_s,price,volume\n1704067200,2,0.003821759999999999x\n"),
                     ERR_SYNTAX);
    /* An exponent is exact where it can be. */
    assert_int_equal(
        datafiles_load(d, "", "ETHUSDT-x.csv", "time_s,price,volume\n1704067200,1e-05,2.5E3\n"),
        ERR_OK);
}

static void placeholders_are_counted(void **state)
{
    struct datafiles *d = *state;
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-aggTrades.csv",
                                    "1,2,3,4,4,1704067200000,True,True\n"
                                    "2,0.00000000,0.00000000,-1,-1,1704067200001,False,True\n"
                                    "3,2,3,5,5,1704067200002,True,True\n"),
                     ERR_OK);
    assert_int_equal(d->info.rows, 3);
    assert_int_equal(d->info.events, 2);
    assert_int_equal(d->info.left_out, 1);
    /* A quantity of 0 with an id is corrupt. */
    assert_int_equal(datafiles_load(d, "", "ETHUSDT-aggTrades.csv",
                                    "2,0.00000000,0.00000000,4,4,1704067200001,False,True\n"),
                     ERR_RANGE);
}

/* ---- packing ---- */

static void plain_gzip_and_zstd_are_equal(void **state)
{
    struct datafiles *d = *state;
    static const struct datafile_options ALL = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    size_t cap = 8 * 1024 * 1024, len = 0;
    char *text = malloc(cap);
    assert_non_null(text);
    struct rng r;
    rng_seed(&r, 1);
    uint64_t rows = 0;
    for (; len < 4 * 1024 * 1024; rows++)
        len +=
            (size_t)sprintf(text + len, "%llu,%llu.%08llu,0.%08llu,1,1,%llu,True,True\n",
                            (unsigned long long)rows, (unsigned long long)rng_below(&r, 100000) + 1,
                            (unsigned long long)rng_below(&r, 100000000),
                            (unsigned long long)rng_below(&r, 99999999) + 1,
                            (unsigned long long)(1704067200000 + rows / 3));
    static struct tape_cursor c[3];
    struct tape *one[3];
    for (int packing = PACK_PLAIN; packing <= PACK_ZSTD; packing++) {
        const char *path =
            datafiles_write(d, "ETHUSDT-aggTrades.csv", text, len, (enum datafiles_packing)packing);
        assert_int_equal(tape_open(&one[packing]), ERR_OK);
        assert_int_equal(datafile_load(one[packing], d->setup, path, &ALL, &d->info, d->why),
                         ERR_OK);
        assert_int_equal(d->info.rows, rows);
        tape_cursor_init(&c[packing], one[packing]);
    }
    for (uint64_t i = 0; i < rows; i++) {
        const struct event *a = tape_next(&c[0]);
        assert_non_null(a);
        for (int k = 1; k < 3; k++) {
            const struct event *b = tape_next(&c[k]);
            assert_non_null(b);
            assert_true(
                a->ts_event_ns == b->ts_event_ns && dec_eq(a->trade.price, b->trade.price) &&
                dec_eq(a->trade.qty, b->trade.qty) && a->trade.trade_id == b->trade.trade_id);
        }
    }
    for (int k = 0; k < 3; k++) {
        assert_null(tape_next(&c[k]));
        tape_close(one[k]);
    }
    free(text);
}

static void damaged_packing_is_an_error(void **state)
{
    struct datafiles *d = *state;
    static const struct datafile_options ALL = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    size_t len = 0;
    static char text[200000], packed[200000];
    for (int i = 0; i < 2000; i++)
        len += (size_t)sprintf(text + len, "%d,2.%d,3,6,1704067200000,True,True\n", i,
                               i * 7919 % 1000);
    for (int packing = PACK_GZIP; packing <= PACK_ZSTD; packing++) {
        const char *path =
            datafiles_write(d, "ETHUSDT-x.csv", text, len, (enum datafiles_packing)packing);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t n = fread(packed, 1, sizeof packed, f);
        fclose(f);
        assert_true(n > 100 && n < len);
        /* Cut short at every length: never half a file as a whole one. */
        for (size_t cut = 5; cut < n; cut += cut < 64 ? 1 : n / 50) {
            path = datafiles_write(d, "ETHUSDT-cut.csv", packed, cut, PACK_PLAIN);
            assert_int_not_equal(datafile_load(d->tape, d->setup, path, &ALL, &d->info, d->why),
                                 ERR_OK);
        }
        assert_says(d, "ends in the middle of its");
        /* Something behind it. */
        memcpy(packed + n, "1,2,3,6,17", 10);
        path = datafiles_write(d, "ETHUSDT-more.csv", packed, n + 10, PACK_PLAIN);
        assert_int_equal(datafile_load(d->tape, d->setup, path, &ALL, &d->info, d->why),
                         ERR_CORRUPT);
        /* Two members are one file. */
        memcpy(packed + n, packed, n);
        path = datafiles_write(d, "ETHUSDT-two.csv", packed, 2 * n, PACK_PLAIN);
        assert_int_equal(datafile_load(d->tape, d->setup, path, &ALL, &d->info, d->why), ERR_OK);
        assert_int_equal(d->info.rows, 4000);
        if (packing == PACK_GZIP) { /* zstd frames have no checksum unless asked for */
            packed[n - 6] ^= 1;
            path = datafiles_write(d, "ETHUSDT-flip.csv", packed, n, PACK_PLAIN);
            assert_int_equal(datafile_load(d->tape, d->setup, path, &ALL, &d->info, d->why),
                             ERR_CORRUPT);
        }
    }
}

/* ---- names and arguments ---- */

static void instruments_by_name(void **state)
{
    struct datafiles *d = *state;
    static const struct {
        const char *argument;
        instrument_id instrument; /* INSTRUMENT_NONE: refused */
    } CASES[] = {
        {"kraken-XBTUSDT-1m-2023.csv.gz", 2},
        {"dir/binance-spot-BTCUSDT-1h-2024.csv.gz", 0}, /* the name counts more than the kind */
        {"binance-BTCUSDT-1h-2024.csv.gz", 0},
        {"BTC-USDT@kraken=x.csv", 2},
        {"btcusdt@binance=x.csv", 0},
        {"XBT-USDT@kraken=x.csv", 2},
        {"@kraken=BTCUSDT.csv", 2},
        {"@binance=XRPETH.csv", INSTRUMENT_NONE},
        {"BTC-USDT=binance-x.csv", 0},
        {"BTC-USDT=x.csv", INSTRUMENT_NONE},
        {"ethusdt-trades.csv", 1},
        {"eth_usdt-trades.csv", 1},
        {"/a=b/ETH-USDT.csv", 1},
        {"METHUSDT.csv", INSTRUMENT_NONE},
        {"ETHUSDTX-1.csv", INSTRUMENT_NONE},
        {"XRPETH-ETHUSDT.csv", INSTRUMENT_NONE}, /* two symbols */
        {"DOGE-USDT=x.csv", INSTRUMENT_NONE},
        {"ETH-USDT@nowhere=x.csv", INSTRUMENT_NONE},
        {"trades.csv", INSTRUMENT_NONE},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct datafile_argument a;
        char why[256] = "";
        instrument_id found = INSTRUMENT_NONE;
        assert_int_equal(datafile_split_argument(CASES[i].argument, &a, why, sizeof why), ERR_OK);
        enum err e = datafile_find_instrument(d->setup, &a, &found, why, sizeof why);
        if (found != CASES[i].instrument || (e == ERR_OK) != (found != INSTRUMENT_NONE) ||
            (e && why[0] == 0))
            fail_msg("%s: %u, '%s'", CASES[i].argument, found, why);
    }
    struct datafile_argument a;
    char why[256];
    static const char *const WRONG[] = {"=x.csv", "@=x.csv", "BTC-USDT@=x.csv", "BTC-USDT=",
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=x.csv"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++)
        assert_int_equal(datafile_split_argument(WRONG[i], &a, why, sizeof why), ERR_SYNTAX);
}

static void times_on_the_command_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } CASES[] = {
        {"1970-01-01", 0},
        {"2024-02-29", INT64_C(1709164800000000000)},
        {"2023-02-29", -1},
        {"2024-04-31", -1},
        {"2024-13-01", -1},
        {"2024-01-01T00:00:00Z", INT64_C(1704067200000000000)},
        {"2024-01-01T23:59:59.000000001", INT64_C(1704153599000000001)},
        {"2024-01-01 00:00:01", INT64_C(1704067201000000000)},
        {"2024-01-01T24:00:00", -1},
        {"2024-01-01T00:00", -1},
        {"2024-01-01T00:00:00.", -1},
        {"2024-01-01T00:00:00.0000000001", -1},
        {"2024-01-01T00:00:00+01:00", -1},
        {"2024-1-1", -1},
        {"", -1},
        {"now", -1},
        {"1704067200000", -1},
        {"1969-12-31", -1},
        {"2262-01-01", -1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t ns = -1;
        enum err e = datafile_parse_time(CASES[i].text, &ns);
        if (ns != CASES[i].ns || (e == ERR_OK) != (ns >= 0))
            fail_msg("%s: %lld", CASES[i].text, (long long)ns);
    }
}

/* from <= time < to, to the nanosecond. */
static void a_part_of_a_file(void **state)
{
    struct datafiles *d = *state;
    static const char TEXT[] = "time_ns,price,volume\n10,1,1\n11,2,1\n12,3,1\n13,4,1\n";
    const char *path = datafiles_write(d, "ETHUSDT-x.csv", TEXT, sizeof TEXT - 1, PACK_PLAIN);
    struct datafile_options o = {.from_ns = 11, .to_ns = 13};
    assert_int_equal(datafile_load(d->tape, d->setup, path, &o, &d->info, d->why), ERR_OK);
    assert_int_equal(d->info.rows, 4);
    assert_int_equal(d->info.events, 2);
    assert_true(datafiles_event(d, 0).ts_event_ns == 11 && datafiles_event(d, 1).ts_event_ns == 12);
}

static bool stop_now(void *ctx, uint64_t done, uint64_t size)
{
    assert_true(done <= size);
    ++*(int *)ctx;
    return true;
}

static void loading_can_be_stopped(void **state)
{
    struct datafiles *d = *state;
    static const char TEXT[] = "time_ns,price,volume\n10,1,1\n";
    const char *path = datafiles_write(d, "ETHUSDT-x.csv", TEXT, sizeof TEXT - 1, PACK_PLAIN);
    int calls = 0;
    struct datafile_options o = {
        .from_ns = INT64_MIN, .to_ns = INT64_MAX, .progress = stop_now, .ctx = &calls};
    assert_int_equal(datafile_load(d->tape, d->setup, path, &o, &d->info, d->why), ERR_STATE);
    assert_int_equal(calls, 1);
    assert_says(d, "interrupted");
}

/* ---- real files ---- */

static const char *shared(const char *name)
{
    static char path[512];
    const char *dir = getenv("TRADEWIND_SHARED");
    snprintf(path, sizeof path, "%s/data/%s", dir ? dir : "../shared", name);
    return path;
}

/* The aggregated trades of XRPETH rebuild the 1-minute candles beside them. */
static void real_trades_rebuild_real_candles(void **state)
{
    struct datafiles *d = *state;
    static const struct datafile_options ALL = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    enum err e = datafile_load(d->tape, d->setup,
                               shared("trades/binance-spot-XRPETH-aggtrades-2019-10-11_13.csv.gz"),
                               &ALL, &d->info, d->why);
    if (e == ERR_IO) {
        print_message("the shared data is not here\n");
        skip();
    }
    assert_int_equal(e, ERR_OK);
    assert_int_equal(d->info.rows, 12477);
    struct tape *candles;
    assert_int_equal(tape_open(&candles), ERR_OK);
    assert_int_equal(datafile_load(candles, d->setup,
                                   shared("trades/binance-spot-XRPETH-1m-2019-10-11_13.csv"), &ALL,
                                   &d->info, d->why),
                     ERR_OK);
    assert_int_equal(d->info.rows, 2469);
    assert_true(d->info.timeframe_ns == INT64_C(60000000000));
    static struct tape_cursor t, c;
    tape_cursor_init(&t, d->tape);
    tape_cursor_init(&c, candles);
    const struct event *trade = tape_next(&t);
    unsigned minutes = 0;
    for (const struct event *print; (print = tape_next(&c)) != NULL; minutes++) {
        int64_t open_ns = print->ts_event_ns;
        dec price[4], volume = DEC_ZERO, sum = DEC_ZERO, high = DEC_ZERO, low = DEC_MAX, last;
        for (int i = 0; i < 4; i++) {
            price[i] = print->trade.price;
            assert_true(dec_add(volume, print->trade.qty, &volume));
            if (i < 3)
                assert_non_null(print = tape_next(&c));
        }
        assert_non_null(trade);
        assert_true(trade->ts_event_ns >= open_ns && dec_eq(trade->trade.price, price[0]));
        last = price[0];
        for (; trade && trade->ts_event_ns < open_ns + INT64_C(60000000000);
             trade = tape_next(&t)) {
            high = dec_max(high, trade->trade.price);
            low = dec_min(low, trade->trade.price);
            last = trade->trade.price;
            assert_true(dec_add(sum, trade->trade.qty, &sum));
        }
        assert_true(dec_eq(sum, volume) && dec_eq(last, price[3]));
        assert_true(dec_eq(high, dec_max(price[1], price[2])) &&
                    dec_eq(low, dec_min(price[1], price[2])));
    }
    assert_int_equal(minutes, 2469);
    assert_null(trade);
    tape_close(candles);
}

#define test(f) cmocka_unit_test_setup_teardown(f, open_files, close_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(agg_trades_without_header),
        test(trades_without_header),
        test(trades_with_headers),
        test(milliseconds_and_microseconds),
        test(klines),
        test(volume_remainder),
        test(timeframe_from_spacing),
        test(quote_bars),
        test(corrupt_rows_are_named),
        test(corrupt_candles_are_named),
        test(corrupt_files_are_named),
        test(row_length_limit),
        test(sizes_beyond_18_places),
        test(placeholders_are_counted),
        test(plain_gzip_and_zstd_are_equal),
        test(damaged_packing_is_an_error),
        test(instruments_by_name),
        test(times_on_the_command_line),
        test(a_part_of_a_file),
        test(loading_can_be_stopped),
        test(real_trades_rebuild_real_candles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The backtest: loading of plain CSV (aggTrades), and the run after loading with a 20-order grid.
 *
 * The trades are a seeded random walk of 1-cent steps, one every 20 ms. Floors of the same run: a
 * read of the same file that only counts line breaks, and a walk over the same tape that only adds
 * up prices. All in processor time (everything is in memory and on one thread), so that what else
 * the machine does counts less. */
#include "bench.h"

#include "base/check.h"
#include "base/rng.h"
#include "config/config.h"
#include "main/backtest.h"
#include "main/kinds.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROWS 2000000
#define RUNS 7

static const char CONFIG[] =
    "[agent]\nname = \"bench\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\n"
    "[risk]\nmax_open_orders = 200\nmax_messages = 1000\nmessage_interval = \"1s\"\n"
    "cancel_reserve = 20\nmax_reference_age = \"10s\"\n"
    "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\n"
    "ws_url = \"wss://stream.example:9443\"\nrest_url = \"https://api.example\"\n"
    "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\nstale_after = \"10s\"\n"
    "[venue.paper]\nfill_model = \"touch\"\norder_latency = \"1ms\"\nslippage = \"0.0005\"\n"
    "balances = { USDT = \"10000\", BTC = \"0.05\" }\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\ntick_size = \"0.01\"\n"
    "lot_size = \"0.00001\"\nmin_qty = \"0.00001\"\nmin_notional = \"5\"\n"
    "[[strategy]]\nname = \"grid\"\nkind = \"grid\"\nbudget = \"10000\"\ninventory = \"0.05\"\n"
    "instrument = \"BTC-USDT\"\nlower = \"66962\"\nupper = \"67062\"\nlevels = 21\n"
    "size = \"0.001\"\nmin_profit = \"-1\"\n";

static char dir[] = "/tmp/tradewind-bench-XXXXXX", csv[64];

static void write_csv(void)
{
    CHECK(mkdtemp(dir) != NULL);
    snprintf(csv, sizeof csv, "%s/BTCUSDT-aggTrades-2025-10.csv", dir);
    FILE *f = fopen(csv, "w");
    CHECK(f != NULL);
    struct rng r;
    rng_seed(&r, 9);
    int64_t cents = 6701200, ms = INT64_C(1760000000000);
    for (int i = 0; i < ROWS; i++) {
        cents += (int64_t)rng_below(&r, 11) - 5;
        ms += (int64_t)rng_below(&r, 40);
        uint64_t qty = rng_below(&r, 100000) * rng_below(&r, 1000) / 10 + 1000;
        fprintf(f, "%lld,%lld.%02lld000000,%llu.%08llu,%lld,%lld,%lld,%s,True\n", 3312455000LL + i,
                (long long)(cents / 100), (long long)(cents % 100),
                (unsigned long long)(qty / 100000000), (unsigned long long)(qty % 100000000),
                3912455000LL + 2 * i, 3912455001LL + 2 * i, (long long)ms,
                rng_below(&r, 2) ? "True" : "False");
    }
    CHECK(fclose(f) == 0);
}

/* Rows per second of counting line breaks. */
static double count_lines(void)
{
    static char block[1024 * 1024];
    int fd = open(csv, O_RDONLY);
    CHECK(fd >= 0);
    uint64_t lines = 0;
    int64_t start = bench_cpu_ns();
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;)
        for (const char *p = block, *end = block + n;
             (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
            lines++;
    double s = (double)(bench_cpu_ns() - start) / 1e9;
    CHECK(lines == ROWS);
    close(fd);
    return ROWS / s;
}

/* Events per second of a walk over the tape. */
static double walk(const struct tape *t)
{
    static struct tape_cursor c;
    i128 sum = 0;
    int64_t start = bench_cpu_ns();
    tape_cursor_init(&c, t);
    for (const struct event *ev; (ev = tape_next(&c)) != NULL;)
        sum += ev->trade.price.v;
    double s = (double)(bench_cpu_ns() - start) / 1e9;
    CHECK(sum > 0);
    return ROWS / s;
}

static double load(struct setup *setup, struct backtest *b)
{
    char why[BACKTEST_WHY_MAX] = "";
    memset(b, 0, sizeof *b);
    b->setup = setup;
    b->from_ns = INT64_MIN;
    b->to_ns = INT64_MAX;
    int64_t start = bench_cpu_ns();
    enum err e = backtest_load(b, csv, why);
    double s = (double)(bench_cpu_ns() - start) / 1e9;
    if (e)
        fprintf(stderr, "%s\n", why);
    CHECK(!e && tape_count(b->tape) == ROWS);
    return ROWS / s;
}

static double run(struct backtest *b)
{
    char why[BACKTEST_WHY_MAX] = "";
    CHECK(backtest_check(b, why) == ERR_OK && backtest_open(b, why) == ERR_OK);
    int64_t start = bench_cpu_ns();
    enum err e = backtest_run(b, why);
    double s = (double)(bench_cpu_ns() - start) / 1e9;
    if (e)
        fprintf(stderr, "%s\n", why);
    /* A run in which nothing is traded would measure nothing. */
    CHECK(!e && b->report.books_balance && b->report.totals.fills > 20 &&
          engine_open_orders(paper_engine(b->paper)) >= 15);
    return ROWS / s;
}

int main(void)
{
    struct config c;
    struct config_report report;
    enum err e =
        config_parse(&c, "bench.toml", "/tmp", CONFIG, sizeof CONFIG - 1, program_kinds(), &report);
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.line[i]);
    CHECK(!e);
    config_report_clear(&report);
    static struct backtest b;
    double loads[RUNS], lines[RUNS], runs[RUNS], walks[RUNS];
    write_csv();
    (void)count_lines(); /* the page cache, for both */
    for (int i = 0; i < RUNS; i++) {
        lines[i] = count_lines();
        loads[i] = load(c.setup, &b);
        walks[i] = walk(b.tape);
        runs[i] = run(&b);
        backtest_close(&b);
    }
    bench_tell("CSV aggTrades to tape", bench_median(loads, RUNS), "rows/s",
               "counting line breaks of the same file", bench_median(lines, RUNS), ">= 10000000");
    bench_tell("backtest, touch, 20-order grid, after loading", bench_median(runs, RUNS),
               "events/s", "walk over the same tape", bench_median(walks, RUNS), ">= 50000000");
    config_close(&c);
    unlink(csv);
    rmdir(dir);
    return 0;
}

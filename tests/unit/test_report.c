/* The report of a run: exact bytes of the JSON, what the table says, CSV rows, the Sharpe ratio,
 * and output files that are there whole or not at all. */
#include "io/outfile.h"
#include "io/report.h"
#include "world.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct world w;
static struct returns daily;

static void on_equity(void *ctx, int64_t ts_ns, dec equity)
{
    (void)ctx;
    assert_int_equal(returns_add(&daily, ts_ns, equity), ERR_OK);
}

static uint32_t figures(const void *state, const struct strategy_view *v, struct figure *ret)
{
    (void)state, (void)v;
    ret[0] = (struct figure){"probe_count", FIGURE_COUNT, D("2")};
    ret[1] = (struct figure){"probe_profit", FIGURE_QUOTE, D("-1.25")};
    return 2;
}

/* 0.5 BTC from the inventory at 50000, 0.1 bought at 49000, 0.2 sold at 51000. */
static void a_run(struct report *r)
{
    memset(&daily, 0, sizeof daily);
    world_open(&w);
    static struct strategy_ops ops;
    ops = strategy_probe;
    ops.figures = figures;
    world_strategy(&w, "probe \"1\"", &ops, "5000", "0.5");
    world_start(&w);
    engine_on_equity(w.engine, on_equity, NULL);
    world_trade(&w, "50000", "1");
    probe_request[0] = probe_limit(SIDE_BUY, "49000", "0.1");
    probe_request[1] = probe_limit(SIDE_SELL, "51000", "0.2");
    probe_requests = 2;
    world_trade(&w, "50000", "1");
    order_id buy = engine_open_order(w.engine, 0)->id, sell = engine_open_order(w.engine, 1)->id;
    world_order(&w, buy, ORDER_ACCEPTED);
    world_order(&w, sell, ORDER_ACCEPTED);
    world_trade(&w, "49000", "1");
    world_fill(&w, buy, "49000", "0.1");
    world_trade(&w, "51000", "1");
    world_fill(&w, sell, "51000", "0.2");
    assert_int_equal(engine_finish(w.engine), ERR_OK);
    *r = (struct report){.engine = w.engine,
                         .events = 4,
                         .first_ns = INT64_C(1704067200000000000),
                         .last_ns = INT64_C(1704067260000000000),
                         .books_balance = true};
    assert_int_equal(report_make(r, &daily), ERR_OK);
}

static char *text_of(void (*render)(const struct report *, FILE *), const struct report *r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    render(r, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* Buy: 0.1 at 49000 = 4900, fee 0.0001 BTC: position 0.5999, cost 25000 + 4900.
 * Sell: 0.2 at 51000 = 10200, fee 10.2; cost taken 29900 * 0.2 / 0.5999, rounded up.
 * Equity: 60000 at first; at last 15289.8 + 0.8999 * 51000. */
static void json_to_the_byte(void **state)
{
    (void)state;
    struct report r;
    a_run(&r);
    char *text = text_of(report_json, &r);
    assert_string_equal(
        text,
        "{\n"
        "  \"schema\": 1,\n"
        "  \"events\": 4,\n"
        "  \"orders\": 2,\n"
        "  \"fills\": 2,\n"
        "  \"volume_quote\": \"15100\",\n"
        "  \"fees_quote\": \"15.1\",\n"
        "  \"balances\": [\n"
        "    {\"venue\": \"sim\", \"asset\": \"USDT\", \"amount\": \"15289.8\"},\n"
        "    {\"venue\": \"sim\", \"asset\": \"BTC\", \"amount\": \"0.8999\"}\n"
        "  ],\n"
        "  \"positions\": [\n"
        "    {\"strategy\": \"probe \\\"1\\\"\", \"venue\": \"sim\", \"symbol\": \"BTC-USDT\", "
        "\"quantity\": \"0.3999\", \"cost\": \"19931.67194532422070345\", "
        "\"realized\": \"221.47194532422070345\"}\n"
        "  ],\n"
        "  \"equity_start\": \"60000\",\n"
        "  \"equity_end\": \"61184.7\",\n"
        "  \"pnl\": \"1184.7\",\n"
        "  \"pnl_realized\": \"221.47194532422070345\",\n"
        "  \"max_drawdown\": \"0.01674834\",\n"
        "  \"sharpe\": null,\n"
        "  \"per_strategy\": [\n"
        "    {\"name\": \"probe \\\"1\\\"\", \"kind\": \"probe\", \"orders\": 2, \"denied\": 0, "
        "\"rejected\": 0, \"canceled\": 0, \"fills\": 2, \"volume_quote\": \"15100\", "
        "\"fees_quote\": \"15.1\", \"equity_start\": \"30000\", \"equity_end\": \"30684.7\", "
        "\"pnl\": \"684.7\", \"pnl_realized\": \"221.47194532422070345\", "
        "\"max_drawdown\": \"0.01683\", \"figures\": {"
        "\"probe_count\": {\"value\": \"2\", \"unit\": \"count\"}, "
        "\"probe_profit\": {\"value\": \"-1.25\", \"unit\": \"USDT\"}}}\n"
        "  ],\n"
        "  \"stops\": [\n"
        "  ],\n"
        "  \"locks\": 0\n"
        "}\n");
    free(text);
    returns_free(&daily);
    world_close(&w);
}

static void table_for_people(void **state)
{
    (void)state;
    struct report r;
    a_run(&r);
    r.denied[REASON_PRICE_COLLAR] = 7;
    char *text = text_of(report_table, &r);
    static const char *const PARTS[] = {
        "2024-01-01T00:00:00.000Z to 2024-01-01T00:01:00.000Z",
        "15100.00 USDT",
        "15.10 USDT",
        "1184.70 USDT",
        "1.97%",
        "1.67%",
        "7 PRICE_COLLAR: limit price too far",
        "0.3999",
        "19931.67194532",
        "probe \"1\": probe_count 2, probe_profit -1.25 USDT\n",
        "books balance: yes",
        "(needs 10 days)",
    };
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        if (!strstr(text, PARTS[i]))
            fail_msg("'%s' is missing in\n%s", PARTS[i], text);
    free(text);
    r.books_balance = false;
    snprintf(r.books, sizeof r.books, "books balance: NO: of BTC");
    text = text_of(report_table, &r);
    assert_non_null(strstr(text, "books balance: NO: of BTC"));
    free(text);
    returns_free(&daily);
    world_close(&w);
}

/* Whoever reads a result is told of what kept a strategy from running to the end. */
static void stops_and_locks_are_told(void **state)
{
    (void)state;
    struct report r;
    a_run(&r);
    static struct effects fx;
    fx.count = 3;
    fx.item[0] = (struct effect){.kind = EFFECT_STATE, .strategy = STRATEGY_NONE};
    fx.item[0].state = (struct effect_state){.scope = SCOPE_STRATEGY,
                                             .index = 0,
                                             .from = STATE_ACTIVE,
                                             .to = STATE_HALTED,
                                             .reason = REASON_DRAWDOWN};
    fx.item[1] = (struct effect){.kind = EFFECT_GUARD, .strategy = 0};
    fx.item[1].guard = (struct effect_guard){.reason = REASON_GUARD_LOSSES, .locked = true};
    fx.item[2] = fx.item[1];
    fx.item[2].guard.locked = false; /* its end is not another one */
    report_effects(&r, 1704067230000000000, &fx);
    char *text = text_of(report_table, &r);
    assert_non_null(strstr(text, "2024-01-01T00:00:30.000Z probe \"1\" is HALTED: DRAWDOWN: "));
    assert_non_null(strstr(text, " 1 GUARD_LOSSES: "));
    free(text);
    text = text_of(report_json, &r);
    assert_non_null(strstr(text, "\"stops\": [\n    {\"time\": \"2024-01-01T00:00:30.000000000Z\", "
                                 "\"who\": \"probe \\\"1\\\"\", \"state\": \"HALTED\", "
                                 "\"reason\": \"DRAWDOWN\"}\n  ],\n  \"locks\": 1\n}"));
    free(text);
    fx.count = 1;
    for (int i = 0; i < REPORT_STOPS_MAX; i++)
        report_effects(&r, 1704067230000000000, &fx);
    text = text_of(report_table, &r);
    assert_non_null(strstr(text, " 1 more changes of states\n"));
    free(text);
    returns_free(&daily);
    world_close(&w);
}

/* An asset without a price: unknown, not 0. */
static void unknown_equity_is_null(void **state)
{
    (void)state;
    world_open(&w);
    world_start(&w);
    memset(&daily, 0, sizeof daily);
    struct report r = {.engine = w.engine, .books_balance = true};
    assert_int_equal(report_make(&r, &daily), ERR_OK);
    char *text = text_of(report_json, &r);
    assert_non_null(
        strstr(text, "\"equity_start\": null,\n  \"equity_end\": null,\n  \"pnl\": null"));
    assert_non_null(strstr(text, "\"positions\": [\n  ],"));
    assert_non_null(strstr(text, "\"per_strategy\": [\n  ],\n"));
    free(text);
    text = text_of(report_table, &r);
    assert_non_null(strstr(text, "equity           unknown"));
    free(text);
    world_close(&w);
}

static void csv_rows(void **state)
{
    (void)state;
    world_open(&w);
    world_strategy(&w, "probe", &strategy_probe, "5000", "0.5");
    world_start(&w);
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    struct effect_fill fill = {.id = order_id_make(0, 12),
                               .req = {.instrument = 0, .side = SIDE_SELL},
                               .price = D("51000.5"),
                               .qty = D("0.000000000000000001"),
                               .fee = D("0.00000001"),
                               .fee_asset = 0,
                               .liquidity = LIQUIDITY_TAKER,
                               .realized = D("-1.5")};
    report_fills_header(f);
    report_fill(f, w.setup, INT64_C(1704067200000000001), 0, &fill);
    report_equity_header(f);
    report_equity(f, INT64_C(1704067259999999999), D("60000.000000000000000001"));
    assert_int_equal(fclose(f), 0);
    assert_string_equal(
        text, "time,venue,symbol,strategy,order,side,liquidity,price,qty,fee,fee_asset,realized\n"
              "2024-01-01T00:00:00.000000001Z,sim,BTC-USDT,probe,12,sell,taker,51000.5,"
              "0.000000000000000001,0.00000001,USDT,-1.5\n"
              "time,equity\n"
              "2024-01-01T00:00:59.999999999Z,60000.000000000000000001\n");
    free(text);
    world_close(&w);
}

/* ---- the Sharpe ratio ---- */

#define DAY (INT64_C(86400) * 1000000000)

static void add(struct returns *r, int64_t ts, const char *equity)
{
    assert_int_equal(returns_add(r, ts, D(equity)), ERR_OK);
}

static void sharpe_of_daily_returns(void **state)
{
    (void)state;
    struct returns r = {.any = false};
    double ratio = 7;
    assert_false(returns_sharpe(&r, &ratio));
    /* Day 0: return +1 % against the first sample; then -0.5 %, +1 %, ... The samples before the
     * last of a day count for nothing, days without one are left out. */
    double equity = 1000, expected[10], sum = 0, squares = 0;
    add(&r, 5, "1000");
    for (int i = 0; i < 10; i++) {
        char text[64];
        double before = equity;
        equity = i % 2 ? floor(equity * 0.995) : floor(equity * 1.01);
        expected[i] = (equity - before) / before;
        snprintf(text, sizeof text, "%.0f", equity);
        add(&r, i * 3 * DAY + 10, "12345");
        add(&r, i * 3 * DAY + DAY - 1, text);
        /* Nine returns are too few, ten are enough. */
        assert_int_equal(returns_sharpe(&r, &ratio), i == 9);
    }
    for (int i = 0; i < 10; i++)
        sum += expected[i];
    for (int i = 0; i < 10; i++)
        squares += (expected[i] - sum / 10) * (expected[i] - sum / 10);
    assert_true(fabs(ratio - sum / 10 / sqrt(squares / 9) * sqrt(365.0)) < 1e-12);
    returns_free(&r);
}

static void no_sharpe_without_variation_or_capital(void **state)
{
    (void)state;
    double ratio = 7;
    struct returns r = {.any = false};
    for (int i = 0; i < 20; i++)
        add(&r, i * DAY, "1000");
    assert_false(returns_sharpe(&r, &ratio));
    returns_free(&r);
    for (int i = 0; i < 20; i++)
        add(&r, i * DAY, i == 5 ? "0" : "1000");
    assert_false(returns_sharpe(&r, &ratio));
    returns_free(&r);
    assert_true(ratio == 7);
}

/* ---- output files ---- */

static void output_files_are_whole_or_absent(void **state)
{
    (void)state;
    char dir[] = "/tmp/tradewind-test-XXXXXX", path[64], why[OUTFILE_WHY_MAX], line[16];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out.csv", dir);
    struct outfile o;
    struct stat st;
    assert_int_equal(outfile_open(&o, path, why), ERR_OK);
    fputs("first\n", o.f);
    assert_int_equal(stat(path, &st), -1); /* not before it is complete */
    assert_int_equal(outfile_commit(&o, why), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    /* What was there stays when the next attempt is given up. */
    assert_int_equal(outfile_open(&o, path, why), ERR_OK);
    fputs("second\n", o.f);
    outfile_discard(&o);
    outfile_discard(&o);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "first\n");
    fclose(f);
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* nothing is left beside it */
    assert_int_equal(outfile_open(&o, path, why), ERR_IO);
    assert_non_null(strstr(why, "/out.csv: cannot be written: No such file or directory"));
    assert_int_equal(outfile_open(&o, "/tmp", why), ERR_IO);
    assert_non_null(strstr(why, "/tmp: is not a file"));
    static char endless[OUTFILE_PATH_MAX + 1];
    memset(endless, 'x', OUTFILE_PATH_MAX);
    assert_int_equal(outfile_open(&o, endless, why), ERR_IO);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    /* /dev/full refuses every byte; it is put in the place of the temporary file. */
    char dir[] = "/tmp/tradewind-test-XXXXXX", path[64], temporary[96], why[OUTFILE_WHY_MAX];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out.csv", dir);
    snprintf(temporary, sizeof temporary, "%s.new-%ld", path, (long)getpid());
    assert_int_equal(symlink("/dev/full", temporary), 0);
    struct outfile o;
    struct stat st;
    assert_int_equal(outfile_open(&o, path, why), ERR_OK);
    for (int i = 0; i < 100000; i++)
        fputs("more than a buffer holds\n", o.f);
    assert_int_equal(outfile_commit(&o, why), ERR_IO);
    assert_non_null(strstr(why, "No space left on device"));
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_to_the_byte),
        cmocka_unit_test(table_for_people),
        cmocka_unit_test(stops_and_locks_are_told),
        cmocka_unit_test(unknown_equity_is_null),
        cmocka_unit_test(csv_rows),
        cmocka_unit_test(sharpe_of_daily_returns),
        cmocka_unit_test(no_sharpe_without_variation_or_capital),
        cmocka_unit_test(output_files_are_whole_or_absent),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

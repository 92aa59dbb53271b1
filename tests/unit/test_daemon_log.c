/* The daemon's log lines: what they say, and that repeats are bounded; and the ring of the newest
 * fills. */
#include "main/daemon_log.h"

#include "config/config.h"
#include "io/status.h"
#include "main/kinds.h"
#include "sim/paper.h"

#include <cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char CONFIG[] =
    "[agent]\nname = \"t\"\nquote = \"USDT\"\n"
    "[[venue]]\nname = \"binance\"\nkind = \"binance-spot\"\nmaker_fee = \"0.001\"\n"
    "taker_fee = \"0.001\"\n[venue.paper]\nbalances = { USDT = \"10000\", BTC = \"0.1\" }\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"binance\"\n"
    "[[strategy]]\nname = \"quiet\"\nkind = \"null\"\ninstrument = \"BTC-USDT\"\n"
    "[[alert]]\nname = \"high\"\nwhen = \"price\"\ninstrument = \"BTC-USDT\"\nabove = 70000\n"
    "text = \"look\"\n"
    "[[alert]]\nname = \"poor\"\nwhen = \"equity\"\nbelow = 100\n";

static struct config config;
static struct paper *paper;
static struct daemon_log *logs;
static struct effects *fx;
static struct event ev;
static int64_t mono_ns;
static char said[1 << 16];

static enum err no_sink(void *ctx, const struct event *e, const struct effects *f)
{
    (void)ctx, (void)e, (void)f;
    return ERR_OK;
}

static int make(void **state)
{
    (void)state;
    struct config_report report = {.line = NULL};
    enum err rc = config_parse(&config, "t", ".", CONFIG, strlen(CONFIG), program_kinds(), &report);
    if (rc != ERR_OK)
        fprintf(stderr, "%s\n", report.count ? report.line[0] : err_name(rc));
    config_report_clear(&report);
    logs = calloc(1, sizeof *logs);
    fx = calloc(1, sizeof *fx);
    return rc != ERR_OK || !logs || !fx ||
           paper_open(&paper, config.setup, no_sink, NULL) != ERR_OK;
}

static int clean(void **state)
{
    (void)state;
    paper_close(paper);
    config_close(&config);
    free(logs);
    free(fx);
    return 0;
}

static int saved = -1;
static FILE *caught;
static void catch_begin(void)
{
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    caught = tmpfile();
    assert_non_null(caught);
    dup2(fileno(caught), STDERR_FILENO);
}
/* Lines that were written since; their text in said[]. */
static unsigned catch_end(void)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(caught);
    size_t n = fread(said, 1, sizeof said - 1, caught);
    said[n] = 0;
    fclose(caught);
    unsigned lines = 0;
    for (const char *p = said; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    return lines;
}

static struct effect *one(enum effect_kind kind)
{
    memset(&ev, 0, sizeof ev);
    ev.kind = EVENT_TIMER;
    fx->count = 1;
    memset(&fx->item[0], 0, sizeof fx->item[0]);
    fx->item[0].kind = kind;
    return &fx->item[0];
}

static void tell(void)
{
    daemon_log_step(logs, paper_engine(paper), &ev, fx, mono_ns);
}

static struct order_request request(enum side side)
{
    return (struct order_request){.side = side,
                                  .type = ORDER_LIMIT,
                                  .tif = TIF_GTC,
                                  .price = dec_lit("61500.5"),
                                  .qty = dec_lit("0.002")};
}

static void fresh_log(void)
{
    memset(logs, 0, sizeof *logs);
    mono_ns = 1000 * DAEMON_LOG_PERIOD;
}

static void lines_are_for_people(void **state)
{
    (void)state;
    fresh_log();
    catch_begin();
    one(EFFECT_SUBMIT)->submit.req = request(SIDE_BUY);
    tell();
    struct effect *e = one(EFFECT_DENIED);
    e->denied.req = request(SIDE_SELL);
    e->denied.denial = (struct denial){
        .reason = REASON_PRICE_COLLAR, .limit = dec_lit("0.05"), .value = dec_lit("0.0625")};
    tell();
    e = one(EFFECT_STATE);
    e->state = (struct effect_state){.scope = SCOPE_AGENT,
                                     .from = STATE_ACTIVE,
                                     .to = STATE_HALTED,
                                     .reason = REASON_DRAWDOWN,
                                     .limit = dec_lit("0.2"),
                                     .value = dec_lit("0.21")};
    tell();
    e = one(EFFECT_NOTE);
    memcpy(e->note, "hello\nworld", 12);
    tell();
    ev = (struct event){.kind = EVENT_FEED, .feed = FEED_LIVE};
    fx->count = 0;
    tell();
    tell(); /* the same again is no news */
    ev.kind = EVENT_COMMAND;
    ev.command =
        (struct event_command){.kind = COMMAND_PAUSE, .strategy = 0, .reason = "x", .uid = 5};
    tell();
    assert_int_equal(catch_end(), 6);
    assert_non_null(strstr(said, "info  quiet: order: buy 0.002 BTC at 61500.5 USDT on binance\n"));
    assert_non_null(
        strstr(said, "warn  quiet: denied: sell 0.002 BTC at 61500.5 USDT on binance: "));
    assert_non_null(strstr(said, "(PRICE_COLLAR; limit 0.05, this order 0.0625)\n"));
    assert_non_null(strstr(said, "warn  agent: ACTIVE -> HALTED: "));
    assert_non_null(strstr(said, "(limit 0.2, now 0.21)\n"));
    assert_non_null(strstr(said, "info  quiet: hello?world\n"));
    assert_non_null(strstr(said, "info  market: BTC-USDT on binance is live\n"));
    assert_non_null(strstr(said, "info  control: pause quiet by user 5: x\n"));
}

static void locks_say_until_when_and_why(void **state)
{
    (void)state;
    fresh_log();
    catch_begin();
    struct effect *e = one(EFFECT_GUARD);
    e->strategy = 0;
    e->guard = (struct effect_guard){.reason = REASON_GUARD_LOSSES,
                                     .instrument = INSTRUMENT_NONE,
                                     .locked = true,
                                     .until_ns = INT64_C(1704067200000000000),
                                     .limit = dec_lit("3"),
                                     .value = dec_lit("3")};
    tell();
    e->guard.locked = false;
    tell();
    e->strategy = STRATEGY_NONE;
    e->guard = (struct effect_guard){.reason = REASON_SCHEDULE,
                                     .instrument = INSTRUMENT_NONE,
                                     .locked = true,
                                     .until_ns = INT64_C(1704067200000000000)};
    tell();
    e->guard = (struct effect_guard){.reason = REASON_PRICE_JUMP,
                                     .locked = true,
                                     .limit = dec_lit("61500"),
                                     .value = dec_lit("71000.5")};
    tell();
    e->guard.locked = false;
    tell();
    assert_int_equal(catch_end(), 5);
    assert_non_null(
        strstr(said, "warn  market: BTC-USDT on binance jumped to 71000.5, beyond 61500: "));
    assert_non_null(strstr(said, "info  market: BTC-USDT on binance is at 71000.5 and believed "));
    assert_non_null(strstr(said, "warn  quiet: until 2024-01-01T00:00:00"));
    assert_non_null(strstr(said, "(GUARD_LOSSES; limit 3, now 3)\n"));
    assert_non_null(strstr(said, "info  quiet: entries are free again (GUARD_LOSSES has ended)\n"));
    assert_non_null(strstr(said, "info  agent: until 2024-01-01T00:00:00"));
    assert_non_null(strstr(said, "(SCHEDULE)\n"));
}

static void alerts_are_warnings_with_what_was_seen(void **state)
{
    (void)state;
    fresh_log();
    catch_begin();
    one(EFFECT_ALERT)->alert =
        (struct effect_alert){.alert = 0, .level = dec_lit("70000"), .value = dec_lit("70001.5")};
    tell();
    one(EFFECT_ALERT)->alert =
        (struct effect_alert){.alert = 1, .level = dec_lit("100"), .value = dec_lit("99")};
    tell();
    assert_int_equal(catch_end(), 2);
    assert_non_null(strstr(said, "warn  alert: high: look (price 70001.5 above 70000)\n"));
    assert_non_null(strstr(said, "warn  alert: poor (equity 99 below 100)\n"));
}

static void fill(order_id id, const char *price, const char *qty)
{
    struct effect *e = one(EFFECT_FILL);
    e->fill = (struct effect_fill){.id = id,
                                   .req = request(SIDE_SELL),
                                   .price = dec_lit(price),
                                   .qty = dec_lit(qty),
                                   .fee = dec_lit("0.1"),
                                   .fee_asset = setup_find_asset(config.setup, "USDT"),
                                   .liquidity = LIQUIDITY_MAKER,
                                   .realized = dec_lit("-0.25")};
    tell();
}

static void filled(order_id id)
{
    struct effect *e = one(EFFECT_ORDER);
    e->order = (struct effect_order){.id = id, .from = ORDER_PARTIALLY_FILLED, .to = ORDER_FILLED};
    tell();
}

static void fills_of_an_order_are_one_line(void **state)
{
    (void)state;
    fresh_log();
    catch_begin();
    fill(1, "100", "1");
    fill(2, "7", "1");
    fill(1, "103", "2");
    assert_int_equal(catch_end(), 0);
    catch_begin();
    filled(1);
    filled(2);
    assert_int_equal(catch_end(), 2);
    assert_non_null(strstr(said, "quiet: sold 3 BTC at 102 USDT (maker, 2 fills), fee 0.2 USDT, "
                                 "result -0.5000 USDT\n"));
    assert_non_null(strstr(said, "quiet: sold 1 BTC at 7 USDT (maker), fee 0.1 USDT, result"));

    /* At the limit of remembered orders: the one beyond is told at once, fill by fill. */
    catch_begin();
    for (order_id id = 1; id <= DAEMON_LOG_ORDERS; id++)
        fill(id, "1", "1");
    assert_int_equal(catch_end(), 0);
    catch_begin();
    fill(DAEMON_LOG_ORDERS + 1, "1", "1");
    assert_int_equal(catch_end(), 1);
}

static void repeats_are_bounded(void **state)
{
    (void)state;
    fresh_log();
    catch_begin();
    for (int i = 0; i < DAEMON_LOG_BURST; i++) {
        one(EFFECT_SUBMIT)->submit.req = request(SIDE_BUY);
        tell();
    }
    assert_int_equal(catch_end(), DAEMON_LOG_BURST);
    catch_begin();
    for (int i = 0; i < 1000; i++) {
        one(EFFECT_SUBMIT)->submit.req = request(SIDE_BUY);
        tell();
        mono_ns += DAEMON_LOG_PERIOD / 2000;
        daemon_log_tick(logs, mono_ns);
    }
    assert_int_equal(catch_end(), 0);
    catch_begin();
    one(EFFECT_NOTE); /* another kind has its own bound */
    tell();
    assert_int_equal(catch_end(), 1);
    catch_begin();
    mono_ns += DAEMON_LOG_PERIOD;
    daemon_log_tick(logs, mono_ns);
    daemon_log_tick(logs, mono_ns);
    one(EFFECT_SUBMIT)->submit.req = request(SIDE_BUY);
    tell();
    assert_int_equal(catch_end(), 2);
    assert_non_null(strstr(said, "1000 more order lines were left out\n"));
}

static dec no_account(void *ctx, venue_id v, asset_id a)
{
    (void)ctx, (void)v, (void)a;
    return DEC_ZERO;
}

static int fills_shown(const struct status_source *r, const struct status_fills *f, uint32_t limit,
                       double *first)
{
    char *json = status_fills(r, f, limit);
    cJSON *o = cJSON_Parse(json);
    const cJSON *list = cJSON_GetObjectItem(o, "fills");
    int n = cJSON_GetArraySize(list);
    *first = cJSON_GetNumberValue(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "order"));
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "fills_in_all")), f->count);
    cJSON_Delete(o);
    free(json);
    return n;
}

static void newest_fills_are_remembered(void **state)
{
    (void)state;
    struct status_fills *f = calloc(1, sizeof *f);
    struct status_source r = {.engine = paper_engine(paper),
                              .build = "",
                              .journal = "",
                              .books = "",
                              .account = no_account};
    struct effect_fill one_fill = {.req = request(SIDE_BUY)};
    double first;
    assert_non_null(f);
    assert_int_equal(fills_shown(&r, f, 0, &first), 0);
    for (uint64_t n = 1; n <= STATUS_FILLS_MAX + 1; n++) {
        one_fill.id = order_id_make(0, n);
        status_fills_add(f, 1, &one_fill);
        if (n == STATUS_FILLS_MAX) {
            assert_int_equal(fills_shown(&r, f, UINT32_MAX, &first), STATUS_FILLS_MAX);
            assert_true(first > 0.5 && first < 1.5);
        }
    }
    assert_int_equal(fills_shown(&r, f, UINT32_MAX, &first), STATUS_FILLS_MAX);
    assert_true(first > 1.5 && first < 2.5);
    assert_int_equal(fills_shown(&r, f, 0, &first), 50);
    assert_int_equal(fills_shown(&r, f, 3, &first), 3);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_for_people),
        cmocka_unit_test(locks_say_until_when_and_why),
        cmocka_unit_test(alerts_are_warnings_with_what_was_seen),
        cmocka_unit_test(fills_of_an_order_are_one_line),
        cmocka_unit_test(repeats_are_bounded),
        cmocka_unit_test(newest_fills_are_remembered),
    };
    return cmocka_run_group_tests_name("daemon_log", tests, make, clean);
}

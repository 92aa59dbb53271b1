/* A strategy that is not built in: one file, one table, one TOML block. It proves that strategies
 * are pluggable: the configuration, its checks, its explanation, the engine and the paper host take
 * it as it is.
 *
 * breakout: buys once when the price rises `rise` above the lowest seen, sells `keep` later. */
#include "config/config.h"
#include "sim/paper.h"
#include "strategies/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the strategy ---- */

enum { P_INSTRUMENT, P_RISE, P_SIZE, P_KEEP };

static const struct param_spec PARAMS[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is traded"},
    [P_RISE] = {.key = "rise",
                .type = PARAM_DECIMAL,
                .flags = PARAM_REQUIRED,
                .min = "0.01",
                .max = "1000000",
                .help = "rise above the lowest price that makes it buy, in quote"},
    [P_SIZE] = {.key = "size",
                .type = PARAM_DECIMAL,
                .flags = PARAM_REQUIRED,
                .min = "0.00001",
                .help = "base to buy"},
    [P_KEEP] = {.key = "keep",
                .type = PARAM_DURATION,
                .min = "1s",
                .max = "1d",
                .default_value = "1m",
                .help = "how long it is kept"},
    {.key = NULL},
};

struct breakout {
    bool seen, bought;
    dec lowest;
};

static enum err breakout_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

static void order(const struct strategy_view *v, struct intents *out, enum side side, dec qty)
{
    struct order_request q = {.instrument = view_first_instrument(v),
                              .side = side,
                              .type = ORDER_MARKET,
                              .tif = TIF_IOC,
                              .qty = qty};
    intents_submit(out, &q);
}

static enum err breakout_on_event(void *state, const struct strategy_view *v, const struct event *e,
                                  struct intents *out)
{
    struct breakout *b = state;
    const struct params *p = view_params(v);
    if (e->kind == EVENT_TRADE) {
        dec trigger;
        b->lowest = b->seen ? dec_min(b->lowest, e->trade.price) : e->trade.price;
        b->seen = true;
        if (!b->bought && dec_add(b->lowest, p->value[P_RISE].decimal, &trigger) &&
            dec_ge(e->trade.price, trigger)) {
            b->bought = true;
            order(v, out, SIDE_BUY, p->value[P_SIZE].decimal);
            intents_timer(out, view_now_ns(v) + p->value[P_KEEP].duration_ns);
        }
    } else if (e->kind == EVENT_TIMER) {
        dec cost, qty, lot = view_instrument(v, view_first_instrument(v))->rules.lot_size;
        if (dec_round_to(view_position(v, view_first_instrument(v), &cost), lot, DEC_DOWN, &qty))
            order(v, out, SIDE_SELL, qty);
    }
    return ERR_OK;
}

static const struct strategy_ops strategy_breakout = {.abi = STRATEGY_ABI,
                                                      .size = sizeof(struct strategy_ops),
                                                      .name = "breakout",
                                                      .summary = "buys a rise",
                                                      .params = PARAMS,
                                                      .subscribes = SUBSCRIBE_TRADE,
                                                      .state_size = sizeof(struct breakout),
                                                      .init = breakout_init,
                                                      .on_event = breakout_on_event};

/* ---- the proof ---- */

static const struct strategy_ops *const FIVE[] = {
    &strategy_grid, &strategy_dca, &strategy_momentum, &strategy_breakout, &strategy_null, NULL};
static const char *const VENUES[] = {"binance-spot", NULL};
static const struct config_kinds KINDS = {.strategies = FIVE, .venues = VENUES};

static const char HEAD[] =
    "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\n"
    "[[venue]]\nname = \"sim\"\nkind = \"binance-spot\"\n"
    "ws_url = \"wss://localhost:1\"\nrest_url = \"https://localhost:1\"\n"
    "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"\n"
    "[venue.paper]\nfill_model = \"touch\"\norder_latency = \"1ms\"\nslippage = \"0\"\n"
    "balances = { USDT = \"10000\" }\n"
    "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"sim\"\n"
    "tick_size = \"0.01\"\nlot_size = \"0.00001\"\nmin_notional = \"5\"\n"
    "[[strategy]]\nname = \"b\"\nkind = \"breakout\"\nbudget = \"5000\"\n"
    "instrument = \"BTC-USDT\"\n";

static enum err parse(struct config *c, const char *block, struct config_report *r)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s", HEAD, block);
    return config_parse(c, "fifth.toml", ".", text, strlen(text), &KINDS, r);
}

static void its_block_is_checked_against_its_own_table(void **state)
{
    (void)state;
    struct config c;
    struct config_report r = {0};
    assert_int_not_equal(
        parse(&c, "rise = \"0.001\"\nsize = \"0.01\"\nkeep = \"2d\"\nkep = 1\n", &r), ERR_OK);
    assert_int_equal(r.count, 3);
    assert_non_null(strstr(r.line[0], "rise"));
    assert_non_null(strstr(r.line[1], "keep"));
    assert_non_null(strstr(r.line[2], "kep"));
    config_report_clear(&r);
}

static void explain_prints_its_parameters(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    config_explain(f, &KINDS);
    fclose(f);
    assert_non_null(strstr(text, "breakout"));
    assert_non_null(strstr(text, "rise above the lowest price that makes it buy"));
    free(text);
}

static enum err count_events(void *ctx, const struct event *ev, const struct effects *fx)
{
    (void)ev, (void)fx;
    ++*(uint64_t *)ctx;
    return ERR_OK;
}

static void it_trades(void **state)
{
    (void)state;
    struct config c;
    struct config_report r = {0};
    struct paper *p;
    uint64_t events = 0;
    enum err err = parse(&c, "rise = \"100\"\nsize = \"0.01\"\n", &r);
    for (size_t i = 0; i < r.count; i++)
        print_error("%s\n", r.line[i]);
    assert_int_equal(err, ERR_OK);
    c.setup->risk.has_max_reference_age = false;
    assert_int_equal(paper_open(&p, c.setup, count_events, &events), ERR_OK);
    struct event ev = {.kind = EVENT_FEED, .feed = FEED_LIVE, .ts_event_ns = 1, .ts_recv_ns = 1};
    assert_int_equal(paper_event(p, &ev), ERR_OK);
    const char *path[] = {"50000", "49900", "49950", "50000", "50200", "50300", "50300"};
    for (int i = 0; i < 7; i++) {
        ev = (struct event){.kind = EVENT_TRADE,
                            .ts_event_ns = (i + 1) * INT64_C(30000000000),
                            .trade = {dec_lit(path[i]), dec_lit("1"), 0, SIDE_BUY}};
        assert_int_equal(paper_event(p, &ev), ERR_OK);
    }
    assert_int_equal(paper_finish(p), ERR_OK);
    struct engine_totals t;
    engine_totals(paper_engine(p), 0, &t);
    assert_int_equal(t.orders, 2); /* in at 50000, out one minute later at 50300 */
    assert_int_equal(t.fills, 2);
    dec cost, realized, ledgers, account;
    engine_position(paper_engine(p), 0, 0, &cost, &realized);
    assert_true(dec_is_pos(realized));
    venue_id v;
    asset_id a;
    assert_true(paper_books_balance(p, &v, &a, &ledgers, &account));
    assert_true(events > 6);
    paper_close(p);
    config_close(&c);
    config_report_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_block_is_checked_against_its_own_table),
        cmocka_unit_test(explain_prints_its_parameters),
        cmocka_unit_test(it_trades),
    };
    return cmocka_run_group_tests_name("a fifth strategy", tests, NULL, NULL);
}

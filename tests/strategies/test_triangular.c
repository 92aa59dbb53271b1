/* triangular: the walk through three instruments, and each parameter. Markets are books told by the
 * tests; fills come from the matching engine. */
#include "config/config.h"
#include "core/internal.h"
#include "sim/paper.h"
#include "strategies/triangular.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define D(text) dec_lit(text)
#define MS      INT64_C(1000000)
#define SECOND  INT64_C(1000000000)

enum { BTC_USDT, ETH_BTC, ETH_USDT };

/* ---- a market ---- */

static const struct strategy_ops *const KINDS_OF_STRATEGY[] = {&strategy_triangular, NULL};
static const char *const VENUES[] = {"binance-spot", NULL};
static const struct config_kinds KINDS = {.strategies = KINDS_OF_STRATEGY, .venues = VENUES};

struct trade_desk {
    struct config c;
    struct config_report r;
    struct paper *p;
    int64_t now_ns;
    /* of the effects */
    struct order sent[64];
    uint32_t sents;
    struct effect_denied denied[64];
    uint32_t denieds;
    char note[32][NOTE_MAX];
    uint32_t notes;
};

static struct trade_desk desk;

#define FEE "0.001"
static const char *fees = "maker_fee = \"" FEE "\"\ntaker_fee = \"" FEE "\"\n";
static const char *balances = "USDT = \"10000\", BTC = \"1\", ETH = \"10\"";
#define LIMITS                                                                                     \
    "[risk]\nmax_order_value = \"5000\"\nmax_position_value = \"100000\"\n"                        \
    "max_gross_exposure = \"100000\"\n"
static const char *risk = LIMITS;
static const char *budget = "budget = \"1000\"\n";
static const char *names = "first = \"BTC-USDT\"\nsecond = \"ETH-BTC\"\nthird = \"ETH-USDT\"\n";

static enum err sink(void *ctx, const struct event *ev, const struct effects *fx)
{
    struct trade_desk *d = ctx;
    (void)ev;
    for (uint32_t i = 0; i < fx->count; i++) {
        const struct effect *f = &fx->item[i];
        if (f->kind == EFFECT_SUBMIT && d->sents < 64)
            d->sent[d->sents++] = f->submit;
        if (f->kind == EFFECT_DENIED && d->denieds < 64)
            d->denied[d->denieds++] = f->denied;
        if (f->kind == EFFECT_DENIED && getenv("SHOW"))
            print_message("denied %s\n", reason_name(f->denied.denial.reason));
        if (f->kind == EFFECT_NOTE && getenv("SHOW"))
            print_message("note %s\n", f->note);
        if (f->kind == EFFECT_NOTE && d->notes < 32)
            memcpy(d->note[d->notes++], f->note, NOTE_MAX);
    }
    return ERR_OK;
}

static enum err parse(const char *parameters)
{
    char text[4096];
    snprintf(text, sizeof text,
             "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\n%s"
             "[[venue]]\nname = \"sim\"\nkind = \"binance-spot\"\n"
             "ws_url = \"wss://localhost:1\"\nrest_url = \"https://localhost:1\"\n%s"
             "[venue.paper]\nfill_model = \"touch\"\norder_latency = \"1ms\"\nslippage = \"0\"\n"
             "balances = { %s }\n"
             "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"sim\"\n"
             "tick_size = \"0.01\"\nlot_size = \"0.00001\"\nmin_notional = \"5\"\n"
             "[[instrument]]\nsymbol = \"ETH-BTC\"\nvenue = \"sim\"\n"
             "tick_size = \"0.00001\"\nlot_size = \"0.0001\"\nmin_notional = \"0.0001\"\n"
             "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"sim\"\n"
             "tick_size = \"0.01\"\nlot_size = \"0.0001\"\nmin_notional = \"5\"\n"
             "[[strategy]]\nname = \"tri\"\nkind = \"triangular\"\n%s%s%s",
             risk, fees, balances, names, parameters, budget);
    return config_parse(&desk.c, "tri.toml", ".", text, strlen(text), &KINDS, &desk.r);
}

static void open_desk(const char *parameters)
{
    memset(&desk, 0, sizeof desk);
    enum err err = parse(parameters);
    for (size_t i = 0; i < desk.r.count; i++)
        print_error("%s\n", desk.r.line[i]);
    assert_int_equal(err, ERR_OK);
    desk.c.setup->risk.has_max_reference_age = false;
    assert_int_equal(paper_open(&desk.p, desk.c.setup, sink, &desk), ERR_OK);
    desk.now_ns = INT64_C(1704067200) * SECOND;
}

static int close_desk(void **state)
{
    (void)state;
    if (desk.p) {
        venue_id v;
        asset_id a;
        dec ledgers, account;
        assert_true(paper_books_balance(desk.p, &v, &a, &ledgers, &account));
        paper_close(desk.p);
    }
    desk.p = NULL;
    config_close(&desk.c);
    config_report_clear(&desk.r);
    return 0;
}

static void tell(struct event *ev)
{
    ev->ts_event_ns = ev->ts_recv_ns = desk.now_ns;
    assert_int_equal(paper_event(desk.p, ev), ERR_OK);
}

static void feeds(enum feed_state f)
{
    for (instrument_id i = 0; i < 3; i++)
        tell(&(struct event){.kind = EVENT_FEED, .instrument = i, .feed = f});
}

/* A book of up to three levels a side: "price qty price qty ...". */
static uint32_t read_levels(const char *text, struct level *out)
{
    uint32_t n = 0;
    char price[32], qty[32];
    int used;
    while (sscanf(text, "%31s %31s%n", price, qty, &used) == 2) {
        out[n++] = (struct level){D(price), D(qty)};
        text += used;
    }
    return n;
}

static void book(instrument_id i, const char *bids, const char *asks)
{
    struct level bid[8], ask[8];
    struct event ev = {.kind = EVENT_BOOK,
                       .instrument = i,
                       .book = {.snapshot = true, .bid = bid, .ask = ask, .last_update_id = 1}};
    ev.book.bids = read_levels(bids, bid);
    ev.book.asks = read_levels(asks, ask);
    tell(&ev);
}

static void run(int64_t ns)
{
    desk.now_ns += ns;
    assert_int_equal(paper_advance(desk.p, desk.now_ns), ERR_OK);
}

static void command(enum command_kind kind, strategy_id s)
{
    tell(&(struct event){.kind = EVENT_COMMAND,
                         .venue = VENUE_NONE,
                         .instrument = INSTRUMENT_NONE,
                         .command = {.kind = kind, .strategy = s, .reason = "test"}});
}

/* Fair: 60000, 0.05, 3000. Forward gains with [bid] of ETH-USDT above 3000. */
static void market(const char *eth_bid)
{
    book(BTC_USDT, "59999.99 5", "60000 5");
    book(ETH_BTC, "0.04999 100", "0.05 100");
    char bids[64];
    snprintf(bids, sizeof bids, "%s 100", eth_bid);
    book(ETH_USDT, bids, "3100 100");
}

static dec figure(const char *name)
{
    struct figure f[FIGURES_MAX];
    struct engine *e = paper_engine(desk.p);
    struct strategy_view v = {.engine = e, .id = 0};
    uint32_t n = strategy_triangular.figures(e->strategy[0].state, &v, f);
    assert_true(n <= FIGURES_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0)
            return f[i].value;
    fail_msg("no figure %s", name);
    return DEC_ZERO;
}

static void assert_dec(dec got, const char *expected)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, expected);
}
#define assert_figure(name, expected) assert_dec(figure(name), expected)

static void assert_sent(uint32_t n, instrument_id i, enum side side, const char *price,
                        const char *qty)
{
    assert_true(n < desk.sents);
    const struct order_request *q = &desk.sent[n].req;
    assert_int_equal(q->instrument, i);
    assert_int_equal(q->side, side);
    assert_dec(q->price, price);
    assert_dec(q->qty, qty);
    assert_int_equal(q->type, ORDER_LIMIT);
    assert_int_equal(q->tif, TIF_IOC);
    assert_true(q->parent != 0);
}

static dec own(const char *asset)
{
    struct engine *e = paper_engine(desk.p);
    return ledger_balance(&e->ledger, 0, 0, setup_find_asset(desk.c.setup, asset))->total;
}

#define BASIC "investment_max = \"600\"\ncooldown = \"1h\"\n"

/* ---- cycles ---- */

static void a_forward_cycle_is_exact(void **state)
{
    (void)state;
    open_desk(BASIC);
    feeds(FEED_LIVE);
    market("3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    /* 600 USDT buy 0.01 BTC, less 0.1 %: 0.00999 BTC, which buy 0.1998 ETH for 0.00999 BTC, less
     * 0.0001998: 0.1996002 ETH, of which 0.1996 are sold for 602.792, less 0.602792. */
    assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.01");
    assert_sent(1, ETH_BTC, SIDE_BUY, "0.05", "0.1998");
    assert_sent(2, ETH_USDT, SIDE_SELL, "3020", "0.1996");
    assert_figure("cycles", "1");
    assert_figure("cycle_profit", "2.189208");
    assert_figure("losing_cycles", "0");
    assert_figure("stranded_cycles", "0");
    assert_dec(own("USDT"), "1002.189208");
    assert_dec(own("BTC"), "0");
    assert_dec(own("ETH"), "0.0000002");
    /* 0.0000002 ETH at the mid of 3020 and 3100 */
    assert_figure("dust_third", "0.000612");
    assert_figure("dust_middle", "0");
    /* 3020 x 20 / 60000 x 0.999^3 - 1 */
    assert_true(
        dec_lt(dec_abs((dec){figure("last_edge").v - D("0.003649685659").v}), D("0.000000001")));
    assert_figure("last_cycle_us", "3000");
}

static void a_backward_cycle_is_exact(void **state)
{
    (void)state;
    open_desk(BASIC);
    feeds(FEED_LIVE);
    book(BTC_USDT, "60000 5", "60000.01 5");
    book(ETH_BTC, "0.0504 100", "0.0505 100");
    book(ETH_USDT, "2999 100", "3000 100");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    assert_sent(0, ETH_USDT, SIDE_BUY, "3000", "0.2");
    assert_sent(1, ETH_BTC, SIDE_SELL, "0.0504", "0.1998");
    /* 0.01006992 - 0.00001007 (rounded up) */
    assert_sent(2, BTC_USDT, SIDE_SELL, "60000", "0.01005");
    assert_dec(own("BTC"), "0.00000985");
    assert_figure("cycle_profit", "2.397");
    assert_figure("cycles", "1");
}

/* The same three instruments in any order and in either direction of their symbols. */
static void any_order_closes(void **state)
{
    (void)state;
    static const char *const ORDER[] = {"BTC-USDT", "ETH-BTC",  "ETH-USDT", "BTC-USDT",
                                        "ETH-USDT", "ETH-BTC",  "ETH-USDT", "ETH-BTC",
                                        "BTC-USDT", "ETH-USDT", "BTC-USDT", "ETH-BTC"};
    char text[160];
    names = text;
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "first = \"%s\"\nsecond = \"%s\"\nthird = \"%s\"\n",
                 ORDER[3 * i], ORDER[3 * i + 1], ORDER[3 * i + 2]);
        open_desk(BASIC);
        feeds(FEED_LIVE);
        market("3020");
        run(20 * MS);
        assert_int_equal(desk.sents, 3);
        assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.01");
        assert_sent(2, ETH_USDT, SIDE_SELL, "3020", "0.1996");
        close_desk(NULL);
    }
    names = "first = \"BTC-USDT\"\nsecond = \"ETH-BTC\"\nthird = \"ETH-USDT\"\n";
}

static void start_names_the_asset(void **state)
{
    (void)state;
    budget = "inventory = \"0.5\"\n";
    open_desk("investment_max = \"0.01\"\ncooldown = \"1h\"\nstart = \"base\"\n");
    budget = "budget = \"1000\"\n";
    feeds(FEED_LIVE);
    market("3020");
    run(20 * MS);
    /* BTC -> ETH -> USDT -> BTC */
    assert_int_equal(desk.sents, 3);
    assert_sent(0, ETH_BTC, SIDE_BUY, "0.05", "0.2");
    assert_sent(1, ETH_USDT, SIDE_SELL, "3020", "0.1998");
    assert_sent(2, BTC_USDT, SIDE_BUY, "60000", "0.01004");
    /* 0.01004 - 0.00001004 - 0.01 */
    assert_figure("cycle_profit", "0.00002996");
}

/* ---- sizes ---- */

static void the_best_size_is_chosen(void **state)
{
    (void)state;
    /* The first 0.01 BTC are cheap; what lies behind would cost the edge. */
    open_desk("investment_min = \"200\"\ninvestment_max = \"1000\"\ninvestment_step = \"200\"\n"
              "cooldown = \"1h\"\nmin_profit = \"0.001\"\n");
    feeds(FEED_LIVE);
    book(ETH_BTC, "0.04999 100", "0.05 100");
    book(ETH_USDT, "3020 100", "3100 100");
    book(BTC_USDT, "59999.99 5", "60000 0.01 60500 5");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.01");
}

static void investment_max_bounds(void **state)
{
    (void)state;
    open_desk("investment_max = \"300\"\ncooldown = \"1h\"\n");
    feeds(FEED_LIVE);
    market("3020");
    run(20 * MS);
    assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.005");
}

static void investment_min_bounds(void **state)
{
    (void)state;
    /* Only 0.005 BTC are there; at least 600 are wanted. */
    open_desk("investment_min = \"600\"\ninvestment_max = \"900\"\ncooldown = \"1h\"\n");
    feeds(FEED_LIVE);
    book(ETH_BTC, "0.04999 100", "0.05 100");
    book(ETH_USDT, "3020 100", "3100 100");
    book(BTC_USDT, "59999.99 5", "60000 0.005");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
    assert_true(dec_gt(figure("last_edge"), D("0.003")));
}

static void investment_step_is_the_grid_of_sizes(void **state)
{
    (void)state;
    /* The book has 0.0091 BTC = 546 USDT: with steps of 100 from 300 on 500 is the most; without a
     * step (a tenth: 30) 540 is tried. */
    static const char *const STEP[] = {"investment_step = \"100\"\n", ""};
    static const char *const QTY[] = {"0.00833", "0.009"};
    for (int i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "investment_min = \"300\"\ninvestment_max = \"600\"\ncooldown = \"1h\"\n%s",
                 STEP[i]);
        open_desk(text);
        feeds(FEED_LIVE);
        book(ETH_BTC, "0.04999 100", "0.05 100");
        book(ETH_USDT, "3020 100", "3100 100");
        book(BTC_USDT, "59999.99 5", "60000 0.0091");
        run(20 * MS);
        assert_sent(0, BTC_USDT, SIDE_BUY, "60000", QTY[i]);
        close_desk(NULL);
    }
}

static void min_profit_is_after_all_fees(void **state)
{
    (void)state;
    /* 3020 leaves 2.189208 of 600: a ratio of 0.00364868. */
    static const char *const LEAST[] = {"0.00364868", "0.00364869"};
    for (int i = 0; i < 2; i++) {
        char text[160];
        snprintf(text, sizeof text, BASIC "min_profit = \"%s\"\n", LEAST[i]);
        open_desk(text);
        feeds(FEED_LIVE);
        market("3020");
        run(20 * MS);
        assert_int_equal(desk.sents, i ? 0 : 3);
        close_desk(NULL);
    }
    /* Without fees there would be a profit of 0.3 %; three fees leave none. */
    open_desk(BASIC "min_profit = \"0\"\n");
    feeds(FEED_LIVE);
    market("3009");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
}

static void the_funds_bound_it(void **state)
{
    (void)state;
    open_desk("investment_min = \"600\"\ninvestment_max = \"1600\"\ninvestment_step = \"200\"\n"
              "cooldown = \"1h\"\n");
    feeds(FEED_LIVE);
    market("3020");
    run(20 * MS);
    assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.01666"); /* 1000 USDT */
    assert_int_equal(desk.denieds, 0);
}

/* ---- prices ---- */

static void max_age_counts_for_each_quote(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_desk(i ? BASIC "max_age = \"300ms\"\n" : BASIC "max_age = \"299ms\"\n");
        feeds(FEED_LIVE);
        book(ETH_BTC, "0.04999 100", "0.05 100");
        run(300 * MS);
        book(BTC_USDT, "59999.99 5", "60000 5");
        book(ETH_USDT, "3020 100", "3100 100");
        run(20 * MS);
        assert_int_equal(desk.sents, i ? 3 : 0);
        close_desk(NULL);
    }
}

static void top(instrument_id i, const char *bid, const char *ask, const char *qty)
{
    tell(&(struct event){
        .kind = EVENT_TOP, .instrument = i, .top = {D(bid), D(qty), D(ask), D(qty)}});
}

static void trade(instrument_id i, const char *price)
{
    tell(&(struct event){
        .kind = EVENT_TRADE, .instrument = i, .trade = {D(price), D("1"), 0, SIDE_BUY}});
}

/* A top of book that comes does not make the depth younger that is traded on. */
static void a_book_is_as_old_as_its_depth(void **state)
{
    (void)state;
    open_desk(BASIC "max_age = \"299ms\"\n");
    feeds(FEED_LIVE);
    book(ETH_BTC, "0.04999 100", "0.05 100");
    run(300 * MS);
    top(ETH_BTC, "0.04999", "0.05", "100");
    book(BTC_USDT, "59999.99 5", "60000 5");
    book(ETH_USDT, "3020 100", "3100 100");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
}

static void prices_names_the_least_that_is_good_enough(void **state)
{
    (void)state;
    static const char *const WANTED[] = {"book", "top", "trade"};
    for (int wanted = 0; wanted < 3; wanted++)
        for (int told = 1; told < 3; told++) {
            char text[160];
            snprintf(text, sizeof text, BASIC "prices = \"%s\"\n", WANTED[wanted]);
            open_desk(text);
            feeds(FEED_LIVE);
            if (told == 1) {
                top(BTC_USDT, "59999.99", "60000", "100");
                top(ETH_BTC, "0.04999", "0.05", "100");
                top(ETH_USDT, "3020", "3100", "100");
            } else {
                trade(BTC_USDT, "60000");
                trade(ETH_BTC, "0.05");
                trade(ETH_USDT, "3020");
            }
            run(20 * MS);
            assert_int_equal(desk.sents, wanted >= told ? 3 : 0);
            close_desk(NULL);
        }
    /* A top of book is worth its size: 0.005 BTC. */
    open_desk(BASIC);
    feeds(FEED_LIVE);
    top(ETH_BTC, "0.04999", "0.05", "100");
    top(ETH_USDT, "3020", "3100", "100");
    top(BTC_USDT, "59999.99", "60000", "0.005");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
}

/* A trade is worth its quantity, once; one of nothing, as of a candle without trades, is none. */
static void a_trade_is_worth_its_quantity_once(void **state)
{
    (void)state;
    open_desk("investment_min = \"600\"\ninvestment_max = \"900\"\ncooldown = \"0s\"\n"
              "investment_step = \"300\"\nprices = \"trade\"\n");
    feeds(FEED_LIVE);
    trade(ETH_BTC, "0.05");
    trade(ETH_USDT, "3020");
    tell(&(struct event){
        .kind = EVENT_TRADE, .instrument = BTC_USDT, .trade = {D("60000"), D("0"), 0, SIDE_BUY}});
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
    tell(&(struct event){.kind = EVENT_TRADE,
                         .instrument = BTC_USDT,
                         .trade = {D("60000"), D("0.012"), 0, SIDE_BUY}});
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.01"); /* 900 would take 0.015 */
    trade(ETH_BTC, "0.05");
    trade(ETH_USDT, "3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
}

static void levels_bound_the_walk(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { /* 2: by a reload */
        open_desk(i == 1 ? BASIC "levels = 2\n" : BASIC "levels = 1\n");
        feeds(FEED_LIVE);
        if (i == 2)
            tell(&(struct event){.kind = EVENT_PARAM,
                                 .venue = VENUE_NONE,
                                 .instrument = INSTRUMENT_NONE,
                                 .param = {.index = TRI_LEVELS,
                                           .type = PARAM_INTEGER,
                                           .present = true,
                                           .value = {.present = true, .integer = 2}}});
        book(ETH_BTC, "0.04999 100", "0.05 100");
        book(ETH_USDT, "3020 100", "3100 100");
        book(BTC_USDT, "59999.99 5", "60000 0.005 60001 5");
        run(20 * MS);
        if (i) {
            /* 600 / 60001, rounded down to the lot */
            assert_sent(0, BTC_USDT, SIDE_BUY, "60001", "0.00999");
        } else {
            assert_int_equal(desk.sents, 0);
        }
        close_desk(NULL);
    }
}

/* ---- execution ---- */

static void linear_goes_on_with_what_it_got(void **state)
{
    (void)state;
    open_desk(BASIC);
    feeds(FEED_LIVE);
    market("3020");
    assert_int_equal(desk.sents, 1);
    /* Before the order arrives, half of the asks are gone. */
    book(BTC_USDT, "59999.99 5", "60000 0.005");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    assert_sent(1, ETH_BTC, SIDE_BUY, "0.05", "0.0999");
    assert_sent(2, ETH_USDT, SIDE_SELL, "3020", "0.0998");
    assert_figure("cycles", "1");
    assert_figure("losing_cycles", "0");
}

#define ALL_THREE "[strategy.funds]\nsim = { USDT = \"1000\", BTC = \"0.5\", ETH = \"5\" }\n"

static void parallel_sends_all_at_once(void **state)
{
    (void)state;
    budget = ALL_THREE;
    open_desk(BASIC "execution = \"parallel\"\n");
    feeds(FEED_LIVE);
    market("3020");
    assert_int_equal(desk.sents, 3);
    assert_sent(0, BTC_USDT, SIDE_BUY, "60000", "0.01");
    assert_sent(1, ETH_BTC, SIDE_BUY, "0.05", "0.1998");
    assert_sent(2, ETH_USDT, SIDE_SELL, "3020", "0.1996");
    run(20 * MS);
    assert_figure("cycle_profit", "2.189208");
    assert_figure("last_cycle_us", "1000"); /* one latency, not two after the first */
    close_desk(NULL);
    /* Without ETH it cannot begin. */
    budget = "[strategy.funds]\nsim = { USDT = \"1000\", BTC = \"0.5\" }\n";
    open_desk(BASIC "execution = \"parallel\"\n");
    feeds(FEED_LIVE);
    market("3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
    assert_int_equal(desk.denieds, 0);
    budget = "budget = \"1000\"\n";
}

static void parallel_buys_back_what_it_owes(void **state)
{
    (void)state;
    budget = ALL_THREE;
    open_desk(BASIC "execution = \"parallel\"\n");
    budget = "budget = \"1000\"\n";
    feeds(FEED_LIVE);
    market("3020");
    /* ETH-BTC moves away: BTC is bought, ETH sold, and what was to join them is not. */
    book(ETH_BTC, "0.0505 100", "0.0506 100");
    run(20 * MS);
    assert_int_equal(desk.sents, 5);
    assert_sent(3, BTC_USDT, SIDE_SELL, "59700", "0.00999");
    assert_sent(4, ETH_USDT, SIDE_BUY, "3115.5", "0.1996"); /* 3100 x 1.005 */
    assert_dec(own("BTC"), "0.5");
    assert_dec(own("ETH"), "4.9998004"); /* the fee of buying it back is owed still: dust */
    assert_true(dec_is_neg(figure("dust_third")));
    assert_figure("cycles", "1");
    assert_figure("losing_cycles", "1");
}

/* ---- what is stranded ---- */

/* Begins a cycle whose second leg finds nothing. */
static void strand(const char *parameters)
{
    char text[512];
    snprintf(text, sizeof text, BASIC "%s", parameters);
    open_desk(text);
    feeds(FEED_LIVE);
    market("3020");
    assert_int_equal(desk.sents, 1);
    book(ETH_BTC, "0.0505 100", "0.0506 100");
}

static void a_stranded_asset_is_unwound(void **state)
{
    (void)state;
    strand("");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    assert_sent(1, ETH_BTC, SIDE_BUY, "0.05", "0.1998");
    /* 59999.99 x 0.995, rounded up to the tick */
    assert_sent(2, BTC_USDT, SIDE_SELL, "59700", "0.00999");
    assert_dec(own("BTC"), "0");
    assert_figure("cycles", "1");
    assert_figure("losing_cycles", "1");
    assert_figure("stranded_cycles", "1");
    assert_true(dec_is_neg(figure("cycle_profit")));
}

static void hold_keeps_it(void **state)
{
    (void)state;
    strand("stranded = \"hold\"\n");
    run(20 * MS);
    assert_int_equal(desk.sents, 2);
    assert_dec(own("BTC"), "0.00999");
    assert_figure("cycles", "1");
    assert_true(dec_gt(figure("stranded_middle"), D("599")));
    assert_figure("dust_middle", "0");
    /* Its result is what is there: 0.00999 BTC at the mark, less 600. */
    assert_figure("cycle_profit", "-0.60004995");
}

static void unwind_slippage_bounds_the_price(void **state)
{
    (void)state;
    strand("unwind_slippage = \"0.001\"\n");
    run(MS + MS); /* the second leg has failed; the order to unwind is on its way */
    assert_int_equal(desk.sents, 3);
    assert_sent(2, BTC_USDT, SIDE_SELL, "59940", "0.00999");
    book(BTC_USDT, "59939.99 5", "60000 5");
    run(5 * SECOND);
    book(BTC_USDT, "59939.99 5", "60000 5");
    assert_int_equal(desk.sents, 3); /* worse than the bound: waits */
    book(BTC_USDT, "59940 5", "60000 5");
    run(20 * MS);
    assert_int_equal(desk.sents, 4);
    assert_dec(own("BTC"), "0");
}

static void unwind_deadline_ends_it(void **state)
{
    (void)state;
    strand("unwind_deadline = \"2s\"\n");
    run(2 * MS);
    assert_int_equal(desk.sents, 3);
    book(BTC_USDT, "50000 5", "60000 5");
    run(1900 * MS);
    assert_figure("stranded_middle", "0");
    run(200 * MS);
    assert_true(dec_is_pos(figure("stranded_middle")));
    assert_figure("cycles", "1");
    book(BTC_USDT, "60000 5", "60000.01 5");
    run(SECOND);
    assert_int_equal(desk.sents, 3); /* it is the owner's now */
}

static void what_is_unwound_is_part_of_one_intent(void **state)
{
    (void)state;
    strand("");
    run(2 * MS);
    assert_int_equal(desk.sents, 3);
    book(BTC_USDT, "59999.99 0.004", "60000 5");
    run(20 * MS);
    book(BTC_USDT, "59999.99 0.004", "60000 5");
    run(600 * MS);
    book(BTC_USDT, "59999.99 5", "60000 5");
    run(600 * MS);
    assert_int_equal(desk.sents, 5);
    assert_sent(3, BTC_USDT, SIDE_SELL, "59700", "0.00599");
    assert_sent(4, BTC_USDT, SIDE_SELL, "59700", "0.00199");
    assert_true(desk.sent[3].req.parent == desk.sent[2].req.parent);
    assert_true(desk.sent[4].req.parent == desk.sent[2].req.parent);
    assert_true(desk.sent[2].req.parent != desk.sent[0].req.parent);
    assert_dec(own("BTC"), "0");
}

static void max_stranded_stops_new_cycles(void **state)
{
    (void)state;
    /* the 0.00999 BTC that it keeps are worth 599.39995 */
    static const char *const MOST[] = {"", "max_stranded = \"599.3999\"\n",
                                       "max_stranded = \"599.4\"\n"};
    static const uint32_t SENTS[] = {2 + 1, 2, 2 + 1};
    budget = "budget = \"5000\"\n";
    for (int i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "stranded = \"hold\"\n%s", MOST[i]);
        strand(text);
        run(2 * 3600 * SECOND);
        market("3020");
        assert_int_equal(desk.sents, SENTS[i]);
        close_desk(NULL);
    }
    budget = "budget = \"1000\"\n";
}

/* ---- how often ---- */

static void cooldown_separates_cycles(void **state)
{
    (void)state;
    open_desk("investment_max = \"300\"\ncooldown = \"3s\"\n");
    feeds(FEED_LIVE);
    market("3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    run(2900 * MS);
    market("3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 3);
    run(100 * MS);
    market("3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 6);
}

static void max_cycles_bounds_an_interval(void **state)
{
    (void)state;
    open_desk("investment_max = \"300\"\ncooldown = \"0s\"\nmax_cycles = 2\n"
              "cycle_interval = \"10s\"\n");
    feeds(FEED_LIVE);
    for (int i = 0; i < 4; i++) {
        market("3020");
        run(SECOND);
    }
    assert_figure("cycles", "2");
    run(6 * SECOND); /* ten seconds after the first */
    market("3020");
    run(20 * MS);
    assert_figure("cycles", "3");
    market("3020");
    run(20 * MS);
    assert_figure("cycles", "3");
}

/* ---- trouble ---- */

static void states_are_obeyed(void **state)
{
    (void)state;
    open_desk(BASIC);
    feeds(FEED_LIVE);
    command(COMMAND_PAUSE, 0);
    market("3020");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
    command(COMMAND_RESUME, 0);
    market("3020");
    assert_int_equal(desk.sents, 1);
    /* Reduced in the middle: no further leg, the way back is allowed. */
    command(COMMAND_PAUSE, 0);
    run(20 * MS);
    assert_int_equal(desk.sents, 2);
    assert_sent(1, BTC_USDT, SIDE_SELL, "59700", "0.00999");
    assert_int_equal(desk.denieds, 0);
    assert_dec(own("BTC"), "0");
    assert_figure("cycles", "1");
}

static void halted_waits_for_its_deadline(void **state)
{
    (void)state;
    open_desk(BASIC);
    feeds(FEED_LIVE);
    market("3020");
    desk.now_ns += MS; /* the order is at the venue: a halt cannot cancel what is filled */
    book(BTC_USDT, "59999.99 5", "60000 5");
    command(COMMAND_HALT, STRATEGY_NONE);
    run(5 * SECOND);
    uint32_t before = desk.sents;
    run(20 * SECOND);
    assert_int_equal(desk.sents, before);
    assert_int_equal(desk.denieds, 0);
}

static void a_denied_first_leg_waits_a_minute(void **state)
{
    (void)state;
    risk = "[risk]\nmax_order_value = \"100\"\n";
    open_desk("investment_max = \"300\"\ncooldown = \"0s\"\n");
    risk = LIMITS;
    feeds(FEED_LIVE);
    market("3020");
    assert_int_equal(desk.sents, 0);
    assert_int_equal(desk.denieds, 1);
    run(59 * SECOND);
    market("3020");
    assert_int_equal(desk.denieds, 1);
    run(SECOND);
    market("3020");
    assert_int_equal(desk.denieds, 2);
    assert_figure("cycles", "0");
}

static void an_invalid_feed_stops_it(void **state)
{
    (void)state;
    open_desk(BASIC);
    feeds(FEED_LIVE);
    book(BTC_USDT, "59999.99 5", "60000 5");
    book(ETH_BTC, "0.04999 100", "0.05 100");
    tell(&(struct event){.kind = EVENT_FEED, .instrument = ETH_BTC, .feed = FEED_INVALID});
    book(ETH_USDT, "3020 100", "3100 100");
    run(20 * MS);
    assert_int_equal(desk.sents, 0);
}

/* ---- state ---- */

static void a_saved_state_goes_on(void **state)
{
    (void)state;
    strand("unwind_slippage = \"0.001\"\n");
    run(2 * MS);
    uint8_t bytes[8192], again[8192];
    struct bufw out = bufw_make(bytes, sizeof bytes);
    struct engine *e = paper_engine(desk.p);
    assert_int_equal(strategy_triangular.save(e->strategy[0].state, &out), ERR_OK);
    struct tri *fresh = calloc(1, sizeof *fresh);
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(strategy_triangular.load(fresh, &in), ERR_OK);
    assert_int_equal(in.pos, out.len);
    assert_memory_equal(fresh, e->strategy[0].state, sizeof *fresh);
    struct bufw second = bufw_make(again, sizeof again);
    assert_int_equal(strategy_triangular.save(fresh, &second), ERR_OK);
    assert_int_equal(second.len, out.len);
    assert_memory_equal(again, bytes, out.len);
    /* Any cut, and any other version, is refused. */
    for (size_t n = 0; n < out.len; n++) {
        memset(fresh, 0, sizeof *fresh);
        in = bufr_make(bytes, n);
        assert_int_equal(strategy_triangular.load(fresh, &in), ERR_SYNTAX);
    }
    bytes[0] = 2;
    in = bufr_make(bytes, out.len);
    assert_int_equal(strategy_triangular.load(fresh, &in), ERR_SYNTAX);
    free(fresh);
}

/* ---- configuration ---- */

static void assert_refused(const char *parameters, const char *part)
{
    memset(&desk, 0, sizeof desk);
    assert_int_not_equal(parse(parameters), ERR_OK);
    bool found = false;
    for (size_t i = 0; i < desk.r.count; i++)
        found = found || strstr(desk.r.line[i], part);
    if (!found)
        for (size_t i = 0; i < desk.r.count; i++)
            print_error("%s\n", desk.r.line[i]);
    assert_true(found);
    config_report_clear(&desk.r);
    memset(&desk, 0, sizeof desk);
}

static void relations_are_checked(void **state)
{
    (void)state;
    assert_refused("", "investment_max: is missing");
    assert_refused("investment_max = \"5\"\ninvestment_min = \"6\"\n",
                   "investment_min: is more than investment_max");
    assert_refused("investment_max = \"5\"\ninvestment_step = \"1\"\n",
                   "investment_step: is not used; allowed: with investment_min");
    assert_refused("investment_max = \"102\"\ninvestment_min = \"1\"\ninvestment_step = \"1\"\n",
                   "investment_step: makes more than 100 amounts");
    names = "first = \"BTC-USDT\"\nsecond = \"ETH-USDT\"\nthird = \"ETH-USDT\"\n";
    assert_refused("investment_max = \"5\"\n", "third: first, second and third do not close");
    names = "first = \"BTC-USDT\"\nsecond = \"ETH-BTC\"\nthird = \"ETH-USDT\"\n";
    open_desk("investment_max = \"101\"\ninvestment_min = \"1\"\ninvestment_step = \"1\"\n");
}

static void the_plan_tells_the_break_even(void **state)
{
    (void)state;
    open_desk(BASIC);
    static struct plan plan;
    const struct setup *s = desk.c.setup;
    const struct instrument *in[3] = {&s->instrument[0], &s->instrument[1], &s->instrument[2]};
    assert_int_equal(strategy_triangular.plan(&s->strategy[0].params, in, DEC_ZERO, D("0.001"),
                                              D("0.001"), &plan),
                     ERR_OK);
    assert_dec(plan.capital_quote, "600");
    assert_string_equal(plan.remark[0], "forward: buy BTC-USDT, buy ETH-BTC, sell ETH-USDT");
    assert_string_equal(plan.remark[1], "backward: buy ETH-USDT, sell ETH-BTC, sell BTC-USDT");
    assert_string_equal(plan.remark[2],
                        "break-even: prices must be off by 0.00300602 to pay three taker fees");
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, close_desk)
    const struct CMUnitTest tests[] = {
        T(a_forward_cycle_is_exact),
        T(a_backward_cycle_is_exact),
        T(any_order_closes),
        T(start_names_the_asset),
        T(the_best_size_is_chosen),
        T(investment_max_bounds),
        T(investment_min_bounds),
        T(investment_step_is_the_grid_of_sizes),
        T(min_profit_is_after_all_fees),
        T(the_funds_bound_it),
        T(max_age_counts_for_each_quote),
        T(a_book_is_as_old_as_its_depth),
        T(prices_names_the_least_that_is_good_enough),
        T(a_trade_is_worth_its_quantity_once),
        T(levels_bound_the_walk),
        T(linear_goes_on_with_what_it_got),
        T(parallel_sends_all_at_once),
        T(parallel_buys_back_what_it_owes),
        T(a_stranded_asset_is_unwound),
        T(hold_keeps_it),
        T(unwind_slippage_bounds_the_price),
        T(unwind_deadline_ends_it),
        T(what_is_unwound_is_part_of_one_intent),
        T(max_stranded_stops_new_cycles),
        T(cooldown_separates_cycles),
        T(max_cycles_bounds_an_interval),
        T(states_are_obeyed),
        T(halted_waits_for_its_deadline),
        T(a_denied_first_leg_waits_a_minute),
        T(an_invalid_feed_stops_it),
        T(a_saved_state_goes_on),
        T(relations_are_checked),
        T(the_plan_tells_the_break_even),
    };
    return cmocka_run_group_tests_name("triangular", tests, NULL, NULL);
}

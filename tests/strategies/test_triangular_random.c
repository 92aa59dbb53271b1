/* triangular on random markets, with partial fills, refusals, dead feeds, commands and restarts of
 * its state in the middle: what it believes to have is what the books have, after every event; and
 * a state that was saved and loaded goes on as the old one would.
 *
 * TRIANGULAR_SEED: of the first path; TRIANGULAR_PATHS: how many. */
#include "base/rng.h"
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
#define PATHS   10000
#define STEPS   40

static const struct strategy_ops *const STRATEGIES[] = {&strategy_triangular, NULL};
static const char *const VENUES[] = {"binance-spot", NULL};
static const struct config_kinds KINDS = {.strategies = STRATEGIES, .venues = VENUES};

struct run {
    struct config c;
    struct paper *p;
    uint64_t hash; /* of all effects */
    uint64_t orders, cycles, kept;
    bool budget_denied;
};

static enum err sink(void *ctx, const struct event *ev, const struct effects *fx)
{
    struct run *r = ctx;
    uint8_t bytes[1024];
    (void)ev;
    for (uint32_t i = 0; i < fx->count; i++) {
        struct bufw out = bufw_make(bytes, sizeof bytes);
        effect_encode(&fx->item[i], &out);
        assert_false(out.failed);
        for (size_t n = 0; n < out.len; n++)
            r->hash = (r->hash ^ bytes[n]) * UINT64_C(1099511628211);
        r->orders += fx->item[i].kind == EFFECT_SUBMIT;
        r->budget_denied |=
            fx->item[i].kind == EFFECT_DENIED && fx->item[i].denied.denial.reason == REASON_BUDGET;
    }
    return ERR_OK;
}

static void open_run(struct run *r, struct rng *g, char text[static 4096])
{
    bool parallel = rng_below(g, 2), base = rng_below(g, 4) == 0, hold = rng_below(g, 3) == 0;
    char unwinding[96];
    snprintf(unwinding, sizeof unwinding, "unwind_slippage = \"%s\"\nunwind_deadline = \"%ds\"\n",
             rng_below(g, 2) ? "0.01" : "0.0001", 1 + (int)rng_below(g, 5));
    snprintf(text, 4096,
             "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\n"
             "[risk]\nmax_order_value = \"%s\"\nmax_position_value = \"100000\"\n"
             "max_gross_exposure = \"200000\"\n"
             "[[venue]]\nname = \"sim\"\nkind = \"binance-spot\"\n"
             "ws_url = \"wss://localhost:1\"\nrest_url = \"https://localhost:1\"\n"
             "maker_fee = \"%s\"\ntaker_fee = \"%s\"\n"
             "[venue.paper]\nfill_model = \"touch\"\norder_latency = \"%dms\"\nslippage = \"0\"\n"
             "balances = { USDT = \"10000\", BTC = \"1\", ETH = \"20\" }\n"
             "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"sim\"\n"
             "tick_size = \"0.01\"\nlot_size = \"0.00001\"\nmin_notional = \"5\"\n"
             "[[instrument]]\nsymbol = \"ETH-BTC\"\nvenue = \"sim\"\n"
             "tick_size = \"0.00001\"\nlot_size = \"0.0001\"\nmin_notional = \"0.0001\"\n"
             "[[instrument]]\nsymbol = \"ETH-USDT\"\nvenue = \"sim\"\n"
             "tick_size = \"0.01\"\nlot_size = \"0.0001\"\nmin_notional = \"5\"\n"
             "[[strategy]]\nname = \"tri\"\nkind = \"triangular\"\n"
             "first = \"BTC-USDT\"\nsecond = \"%s\"\nthird = \"%s\"\n"
             "start = \"%s\"\ninvestment_min = \"%s\"\ninvestment_max = \"%s\"\n"
             "min_profit = \"0\"\nexecution = \"%s\"\nstranded = \"%s\"\nmax_stranded = \"%s\"\n"
             "cooldown = \"%dms\"\n%s"
             "[strategy.funds]\nsim = { USDT = \"3000\", BTC = \"0.5\", ETH = \"10\" }\n",
             rng_below(g, 4) ? "5000" : "400", "0.001", rng_below(g, 2) ? "0.001" : "0.00075",
             (int)rng_below(g, 3) * 40, parallel ? "ETH-BTC" : "ETH-USDT",
             parallel ? "ETH-USDT" : "ETH-BTC", base ? "base" : "quote", base ? "0.002" : "100",
             base ? "0.02" : "1200", parallel ? "parallel" : "linear", hold ? "hold" : "unwind",
             base ? "1" : "100000", (int)rng_below(g, 400), hold ? "" : unwinding);
    struct config_report report = {0};
    memset(r, 0, sizeof *r);
    enum err e = config_parse(&r->c, "tri.toml", ".", text, strlen(text), &KINDS, &report);
    for (size_t i = 0; i < report.count; i++)
        print_error("%s\n", report.line[i]);
    assert_int_equal(e, ERR_OK);
    config_report_clear(&report);
    r->c.setup->risk.has_max_reference_age = false;
    assert_int_equal(paper_open(&r->p, r->c.setup, sink, r), ERR_OK);
}

static void close_run(struct run *r)
{
    paper_close(r->p);
    config_close(&r->c);
}

static struct tri *state_of(struct run *r)
{
    return paper_engine(r->p)->strategy[0].state;
}

/* What it believes against the books: exactly. */
static void check_run(struct run *r)
{
    const struct engine *e = paper_engine(r->p);
    const struct tri *s = state_of(r);
    const struct setup *st = r->c.setup;
    bool base = st->strategy[0].params.value[TRI_START].choice == TRI_START_BASE;
    const char *const name[3] = {base ? "BTC" : "USDT", base ? "USDT" : "BTC", "ETH"};
    uint32_t open = 0;
    for (int k = 0; k < 3; k++) {
        asset_id a = setup_find_asset(st, name[k]);
        dec had = a == setup_find_asset(st, "USDT")  ? D("3000")
                  : a == setup_find_asset(st, "BTC") ? D("0.5")
                                                     : D("10");
        dec now = ledger_balance(&e->ledger, 0, 0, a)->total;
        assert_false(dec_is_neg(now));
        if (k > 0)
            assert_true(now.v - had.v == s->held[k].v + s->given_up[k].v);
        else if (s->strandings == 0 || (dec_is_zero(s->given_up[1]) && dec_is_zero(s->given_up[2])))
            assert_true(now.v - had.v == s->profit.v + s->held[0].v - s->fees.v);
        open += s->order[k] != 0;
        if (s->order[k]) {
            const struct order *o = execution_find(&e->execution, s->order[k]);
            assert_non_null(o);
            assert_false(order_state_is_terminal(o->state));
        }
    }
    assert_int_equal(open, e->execution.open.count);
    assert_true(s->phase == TRI_IDLE ? open == 0 : true);
    venue_id v;
    asset_id a;
    dec ledgers, account;
    assert_true(paper_books_balance(r->p, &v, &a, &ledgers, &account));
}

static void reload(struct run *r)
{
    struct tri *s = state_of(r);
    uint8_t bytes[4096];
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(strategy_triangular.save(s, &out), ERR_OK);
    memset(s, 0, sizeof *s);
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(strategy_triangular.load(s, &in), ERR_OK);
}

static void tell(struct run *r, int64_t now, struct event ev)
{
    ev.ts_event_ns = ev.ts_recv_ns = now;
    assert_int_equal(paper_event(r->p, &ev), ERR_OK);
    check_run(r);
}

/* A book of some levels around [mid], in [unit]s of 10^-[places]. */
static void tell_book(struct run *r, struct rng *g, int64_t now, instrument_id i, int64_t mid,
                      unsigned places, int64_t unit, unsigned qty_places, uint64_t qty)
{
    struct level level[2][4];
    struct event ev = {.kind = EVENT_BOOK,
                       .instrument = i,
                       .book = {.snapshot = true, .bid = level[0], .ask = level[1]}};
    ev.book.bids = ev.book.asks = 1 + (uint32_t)rng_below(g, 4);
    for (uint32_t n = 0; n < ev.book.bids; n++)
        for (int side = 0; side < 2; side++)
            level[side][n] = (struct level){
                dec_from_i64(mid + (side ? 1 + (int64_t)n : -(int64_t)n) * unit, places),
                dec_from_i64(1 + (int64_t)rng_below(g, qty), qty_places)};
    tell(r, now, ev);
}

static void command(struct run *r, int64_t now, enum command_kind kind, strategy_id s)
{
    tell(r, now,
         (struct event){.kind = EVENT_COMMAND,
                        .venue = VENUE_NONE,
                        .instrument = INSTRUMENT_NONE,
                        .command = {.kind = kind, .strategy = s, .reason = "test"}});
}

static void feed(struct run *r, int64_t now, instrument_id i, enum feed_state f)
{
    tell(r, now, (struct event){.kind = EVENT_FEED, .instrument = i, .feed = f});
}

static void step(struct run *r, struct rng *g, int64_t now)
{
    int64_t off = (int64_t)rng_below(g, 21) - 10; /* of ETH-BTC, in 0.1 % */
    switch (rng_below(g, 24)) {
    case 0: command(r, now, COMMAND_PAUSE, 0); break;
    case 1:
    case 2: command(r, now, COMMAND_RESUME, 0); break;
    case 3: command(r, now, COMMAND_HALT, STRATEGY_NONE); break;
    case 4:
    case 5:
        command(r, now, COMMAND_UNHALT, STRATEGY_NONE);
        command(r, now, COMMAND_RESUME, STRATEGY_NONE);
        break;
    case 6: feed(r, now, (instrument_id)rng_below(g, 3), FEED_INVALID); break;
    case 7:
    case 8:
        for (instrument_id i = 0; i < 3; i++)
            feed(r, now, i, FEED_LIVE);
        break;
    default: break;
    }
    tell_book(r, g, now, 0, 6000000 + (int64_t)rng_below(g, 4000), 2, 300, 4, 400);
    tell_book(r, g, now, 1, 5000 + off * 5, 5, 2, 2, 80);
    tell_book(r, g, now, 2, 300000 + (int64_t)rng_below(g, 200), 2, 15, 2, 80);
}

static void run_path(uint64_t seed, bool reloads, struct run *r)
{
    static char text[4096];
    struct rng g, when;
    rng_seed(&g, seed);
    rng_seed(&when, seed + 1);
    open_run(r, &g, text);
    int64_t now = INT64_C(1704067200) * 1000000000;
    for (instrument_id i = 0; i < 3; i++)
        feed(r, now, i, FEED_LIVE);
    for (int n = 0; n < STEPS; n++) {
        now += INT64_C(1000000) * (1 + (int64_t)rng_below(&g, 300));
        assert_int_equal(paper_advance(r->p, now), ERR_OK);
        check_run(r);
        if (reloads && rng_below(&when, 3) == 0)
            reload(r);
        step(r, &g, now);
    }
    /* Whatever happened, it comes to rest: nothing open, and able to begin again. */
    command(r, now, COMMAND_UNHALT, STRATEGY_NONE);
    command(r, now, COMMAND_RESUME, STRATEGY_NONE);
    command(r, now, COMMAND_RESUME, 0);
    assert_int_equal(paper_advance(r->p, now + INT64_C(3600) * 1000000000), ERR_OK);
    check_run(r);
    assert_int_equal(state_of(r)->phase, TRI_IDLE);
    assert_false(r->budget_denied);
    r->cycles = state_of(r)->cycles;
    r->kept = !dec_is_zero(state_of(r)->given_up[1]) || !dec_is_zero(state_of(r)->given_up[2]);
    close_run(r);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void what_it_believes_is_what_the_books_have(void **state)
{
    (void)state;
    uint64_t first = number("TRIANGULAR_SEED", 1), paths = number("TRIANGULAR_PATHS", PATHS);
    uint64_t cycles = 0, orders = 0, kept = 0;
    print_message("TRIANGULAR_SEED=%llu TRIANGULAR_PATHS=%llu\n", (unsigned long long)first,
                  (unsigned long long)paths);
    for (uint64_t n = 0; n < paths; n++) {
        static struct run plain, restarted;
        run_path(first + n, false, &plain);
        if (n % 4 == 0) {
            run_path(first + n, true, &restarted);
            if (plain.hash != restarted.hash)
                print_error("TRIANGULAR_SEED=%llu\n", (unsigned long long)(first + n));
            assert_true(plain.hash == restarted.hash);
        }
        cycles += plain.cycles;
        orders += plain.orders;
        kept += plain.kept;
    }
    print_message("%llu orders, %llu cycles, %llu paths kept something\n",
                  (unsigned long long)orders, (unsigned long long)cycles, (unsigned long long)kept);
    assert_true(paths < 100 || (cycles > paths && kept > paths / 50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_believes_is_what_the_books_have),
    };
    return cmocka_run_group_tests_name("triangular on random markets", tests, NULL, NULL);
}

/* dca on random markets, with random parameters, pauses, halts, stale feeds and restarts: what must
 * hold after every event, and that a state which was saved and loaded goes on as one that was not.
 *
 * TRADEWIND_SEED repeats a path, TRADEWIND_PATHS says how many (default 300). */
#include "params.h"
#include "world.h"

#include "base/rng.h"
#include "core/internal.h"
#include "sim/paper.h"
#include "strategies/dca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE (60 * SECOND)

static struct world w;
static struct rng rng;
static uint64_t seed;
static uint64_t trail; /* of everything that was sent and booked */
static uint32_t deals, fills, exits[8];

static uint64_t below(uint64_t n)
{
    return rng_below(&rng, n);
}

static void mix(const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        trail = (trail ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
}

static enum err sink(void *ctx, const struct event *ev, const struct effects *fx)
{
    (void)ctx, (void)ev;
    for (uint32_t i = 0; i < fx->count; i++) {
        const struct effect *f = &fx->item[i];
        if (f->kind == EFFECT_SUBMIT) {
            mix(&f->submit.req.price, sizeof(dec));
            mix(&f->submit.req.qty, sizeof(dec));
            mix(&f->submit.req.tag, sizeof f->submit.req.tag);
        } else if (f->kind == EFFECT_CANCEL) {
            mix(&f->cancel, sizeof f->cancel);
        } else if (f->kind == EFFECT_FILL) {
            fills++;
        }
    }
    return ERR_OK;
}

/* ---- a run ---- */

static const char *pick(const char *a, const char *b, const char *c)
{
    uint64_t n = below(3);
    return n == 0 ? a : n == 1 ? b : c;
}

static void random_safety(char *out, size_t cap)
{
    static const char *const LADDERS[] = {
        "",
        ("safety_amount = 60\nsafety_count = 4\ndeviation = \"0.003\"\nvolume_scale = \"1.4\"\n"
         "step_scale = \"1.3\"\n"),
        "safety_amount = 30\nsafety_count = 12\ndeviation = \"0.002\"\n",
    };
    size_t ladder = below(3);
    snprintf(
        out, cap,
        "budget = 2000\ninstrument = \"BTC-USDT\"\nmode = \"safety\"\namount = %s\n%s%s%s%s%s%s"
        "%s%s",
        pick("20", "77.7", "300"), LADDERS[ladder],
        ladder ? pick("", "active_count = 1\n", "active_count = 3\n") : "",
        pick("take_profit = [\"0.004\"]\n",
             "take_profit = [\"0.003\", \"0.006\", \"0.009\"]\n"
             "take_profit_share = [\"0.5\", \"0.3\", \"0.2\"]\nstop_to_break_even = true\n",
             "take_profit = [\"0.003\", \"0.005\"]\n"),
        pick("", "trailing = \"0.001\"\n", "trailing = \"0.003\"\n"),
        pick("", "stop_loss = \"0.01\"\n", "stop_loss = \"0.02\"\nstop_timeout = \"3m\"\n"),
        pick("", "deal_timeout = \"2h\"\n", "cooldown = \"5m\"\n"),
        pick("", "order_type = \"limit\"\nlimit_offset = \"0.0005\"\n",
             "order_type = \"limit\"\nunfilled_timeout = \"2m\"\non_timeout = \"market\"\n"),
        pick("", "price_ceiling = 50500\n", "start_price = 49900\n"));
}

static void random_scheduled(char *out, size_t cap)
{
    snprintf(
        out, cap,
        "budget = 2000\ninstrument = \"BTC-USDT\"\namount = %s\ninterval = %s\ntotal = %s\n%s%s%s",
        pick("20", "77.7", "100"), pick("\"1s\"", "\"1m\"", "\"10m\""), pick("500", "1000", "1999"),
        pick("", "price_floor = 49000\n", "missed = \"skip\"\n"),
        pick("",
             "average = \"sma\"\naverage_candles = 5\naverage_timeframe = \"1m\"\n"
             "per_percent = 1\nmin_multiple = 0\n",
             "average = \"ema\"\naverage_candles = 9\naverage_timeframe = \"1m\"\n"
             "per_percent = \"0.5\"\n"),
        pick("", "order_type = \"limit\"\nlimit_offset = \"0.0005\"\n",
             "order_type = \"limit\"\nunfilled_timeout = \"2m\"\non_timeout = \"market\"\n"));
}

static const struct dca *state_of(const struct engine *e)
{
    return e->strategy[0].state;
}

/* Saves the state, and goes on with what was loaded from the bytes. */
static void reload(struct engine *e)
{
    static uint8_t bytes[65536];
    struct bufw out = bufw_make(bytes, sizeof bytes);
    assert_int_equal(engine_strategy_save(e, 0, &out), ERR_OK);
    struct bufr in = bufr_make(bytes, out.len);
    assert_int_equal(engine_strategy_load(e, 0, &in), ERR_OK);
}

/* ---- what must hold ---- */

static dec sum_of(dec a, dec b)
{
    dec sum = DEC_ZERO;
    assert_true(dec_add(a, b, &sum));
    return sum;
}

static dec balance(const struct engine *e, const char *asset)
{
    return engine_balance(e, 0, 0, setup_find_asset(w.setup, asset));
}

static void check_safety(const struct engine *e)
{
    const struct dca_safety *s = &state_of(e)->safety;
    const struct dca_deal *d = &s->deal;
    bool idle = s->phase == DCA_IDLE;
    dec selling = DEC_ZERO;
    /* The strategy's own books are the ledger's, to the last unit. */
    assert_true(dec_eq(idle ? s->dust : d->held, balance(e, "BTC")));
    dec quote = sum_of(D("2000"), s->profit);
    if (!idle)
        quote = sum_of(sum_of(quote, d->proceeds), dec_neg(d->cost));
    assert_true(dec_eq(quote, balance(e, "USDT")));
    if (idle)
        assert_int_equal(engine_open_orders(e), 0);
    for (uint32_t n = 0; n < engine_open_orders(e); n++) {
        const struct order *o = engine_open_order(e, n);
        uint32_t role = o->req.tag & 0xff;
        if (o->req.side == SIDE_SELL) {
            selling = sum_of(selling, order_open_qty(o));
            continue;
        }
        if (role == 0)
            continue;
        /* A safety order never costs more than its amount, and has one order at a time. */
        assert_in_range(role, DCA_TAG_SAFETY, DCA_TAG_SAFETY + d->terms.safety_count - 1);
        const struct dca_leg *leg = &d->safety[role - DCA_TAG_SAFETY];
        assert_int_equal(leg->id, o->id);
        assert_true(dec_le(sum_of(leg->spent, dca_cost(o->req.price, order_open_qty(o))),
                           d->ladder.rung[role - DCA_TAG_SAFETY].amount));
    }
    assert_true(dec_le(selling, idle ? DEC_ZERO : d->held));
}

static void check_scheduled(const struct engine *e)
{
    const struct params *p = &w.setup->strategy[0].params;
    const struct dca_scheduled *s = &state_of(e)->scheduled;
    dec quote = sum_of(balance(e, "USDT"), s->spent), over;
    assert_true(dec_eq(quote, D("2000")));
    /* Market orders may cost a little more than the amount that they were asked for. */
    assert_true(dec_mul(p->value[DCA_TOTAL].decimal, D("1.01"), DEC_UP, &over));
    assert_true(dec_le(s->spent, over));
}

static void check(const struct engine *e, bool safety)
{
    assert_int_equal(e->strategy[0].trading == STATE_HALTED && e->strategy[0].broken, 0);
    assert_false(dec_is_neg(balance(e, "USDT")));
    assert_false(dec_is_neg(balance(e, "BTC")));
    if (safety)
        check_safety(e);
    else
        check_scheduled(e);
}

/* ---- the market ---- */

static void step(struct paper *p, int64_t now, int64_t *cents, bool *paused, bool *halted)
{
    struct event e = {.ts_event_ns = now, .ts_recv_ns = now};
    uint64_t what = below(400);
    e.venue = VENUE_NONE;
    e.instrument = INSTRUMENT_NONE;
    if (what == 0) {
        e.kind = EVENT_COMMAND;
        e.command.kind = *paused ? COMMAND_RESUME : COMMAND_PAUSE;
        *paused = !*paused;
    } else if (what == 1) {
        e.kind = EVENT_COMMAND;
        e.command.kind = *halted ? COMMAND_UNHALT : COMMAND_HALT;
        e.command.strategy = STRATEGY_NONE;
        strcpy(e.command.reason, "test");
        *halted = !*halted;
    } else if (what < 5) {
        e.kind = EVENT_FEED;
        e.venue = 0;
        e.instrument = 0;
        e.feed = below(2) ? FEED_STALE : FEED_LIVE;
    } else {
        int64_t jump = below(100) == 0 ? 100000 : 4000;
        *cents += (int64_t)below((uint64_t)jump * 2 + 1) - jump;
        *cents = *cents < 3000000 ? 3000000 : *cents;
        e.kind = EVENT_TRADE;
        e.venue = 0;
        e.instrument = 0;
        e.trade.price = dec_from_i64(*cents, 2);
        e.trade.qty = dec_from_i64((int64_t)below(below(10) ? 300 : 100000) + 1, 5);
        e.trade.aggressor = SIDE_BUY;
    }
    assert_int_equal(paper_event(p, &e), ERR_OK);
}

/* One path; with [often] > 0 the state is saved and loaded after every so many events. */
static uint64_t run(uint64_t path_seed, uint64_t often)
{
    char lines[2048];
    struct paper *p;
    bool paused = false, halted = false;
    rng_seed(&rng, path_seed);
    bool safety = below(4) != 0;
    if (safety)
        random_safety(lines, sizeof lines);
    else
        random_scheduled(lines, sizeof lines);
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "d", &strategy_dca, "2000", "0");
    params_read(&s->params, &strategy_dca, lines);
    w.setup->venue[0].order_latency_ns = (int64_t)below(3) * 40 * SECOND / 1000;
    setup_resolve_conversions(w.setup);
    trail = path_seed;
    assert_int_equal(paper_open(&p, w.setup, sink, NULL), ERR_OK);
    int64_t now = w.now_ns, cents = 5000000;
    struct event live = {.kind = EVENT_FEED, .ts_event_ns = now, .ts_recv_ns = now};
    live.feed = FEED_LIVE;
    assert_int_equal(paper_event(p, &live), ERR_OK);
    for (uint64_t i = 0; i < 1500; i++) {
        now += (int64_t)below(20 * (uint64_t)SECOND) + 1;
        step(p, now, &cents, &paused, &halted);
        struct engine *e = paper_engine(p);
        check(e, safety);
        if (often && i % often == 0)
            reload(e);
    }
    if (safety && !often) {
        deals += (uint32_t)state_of(paper_engine(p))->safety.ended;
        exits[state_of(paper_engine(p))->safety.deal.exit]++;
    }
    paper_close(p);
    free(w.setup);
    free(w.fx);
    return trail;
}

static void random_paths_keep_their_books(void **state)
{
    (void)state;
    const char *given = getenv("TRADEWIND_SEED"), *many = getenv("TRADEWIND_PATHS");
    uint64_t first = given ? strtoull(given, NULL, 10) : 1;
    uint64_t paths = many ? strtoull(many, NULL, 10) : given ? 1 : 300;
    for (uint64_t i = 0; i < paths; i++) {
        seed = first + i;
        print_message("# seed %llu\n", (unsigned long long)seed);
        uint64_t plain = run(seed, 0);
        if (i % 3 == 0 && plain != run(seed, 1 + i % 7))
            fail_msg("seed %llu: a state that was saved and loaded goes on differently",
                     (unsigned long long)seed);
    }
    print_message("# %u deals, %u fills; ends %u %u %u %u %u %u\n", deals, fills, exits[1],
                  exits[2], exits[3], exits[4], exits[5], exits[6]);
    if (paths < 300)
        return;
    assert_true(deals > 300 && fills > 4000); /* the paths do what they are meant for */
    for (int k = DCA_EXIT_TAKE_PROFIT; k <= DCA_EXIT_TIMEOUT; k++)
        assert_true(exits[k] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_paths_keep_their_books)};
    return cmocka_run_group_tests_name("dca, random markets", tests, NULL, NULL);
}

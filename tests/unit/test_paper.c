/* The paper host: the order of things, time, errors, and books that balance. */
#include "sim/paper.h"

#include "base/rng.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- a strategy that does what the test says ---- */

typedef void script_fn(const struct strategy_view *v, const struct event *ev, struct intents *out);
static script_fn *script;

static enum err script_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

static enum err script_on_event(void *state, const struct strategy_view *v, const struct event *ev,
                                struct intents *out)
{
    (void)state;
    if (script)
        script(v, ev, out);
    return ERR_OK;
}

static const struct param_spec SCRIPT_PARAMS[] = {
    {.key = "instrument", .type = PARAM_INSTRUMENT, .flags = PARAM_REQUIRED, .help = "watched"},
    {.key = NULL}};

static const struct strategy_ops strategy_script = {.abi = STRATEGY_ABI,
                                                    .size = sizeof(struct strategy_ops),
                                                    .name = "script",
                                                    .summary = "does what the test says",
                                                    .params = SCRIPT_PARAMS,
                                                    .subscribes = SUBSCRIBE_TRADE,
                                                    .state_size = 16,
                                                    .init = script_init,
                                                    .on_event = script_on_event};

/* ---- a host under test; all that it shows is written down ---- */

enum { SEEN_MAX = 4096 };

struct host {
    struct world w; /* for its setup only */
    struct paper *p;
    int64_t t0; /* times in tests count from here */
    struct {
        struct event ev;
        uint32_t submits, cancels, orders_at_venue; /* in its effects; and there at that moment */
    } seen[SEEN_MAX];
    uint32_t seens, read;
    enum err sink_says;
    uint64_t hash; /* of every byte of every event and effect */
};

static void hash_bytes(struct host *h, const struct bufw *b)
{
    for (size_t i = 0; i < b->len; i++)
        h->hash = (h->hash ^ b->data[i]) * UINT64_C(1099511628211); /* FNV-1a */
}

static enum err on_step(void *ctx, const struct event *ev, const struct effects *fx)
{
    struct host *h = ctx;
    static uint8_t room[4096];
    struct bufw b = bufw_make(room, sizeof room);
    event_encode(ev, &b);
    hash_bytes(h, &b);
    uint32_t submits = 0, cancels = 0;
    for (uint32_t i = 0; i < fx->count; i++) {
        submits += fx->item[i].kind == EFFECT_SUBMIT;
        cancels += fx->item[i].kind == EFFECT_CANCEL;
        b = bufw_make(room, sizeof room);
        effect_encode(&fx->item[i], &b);
        hash_bytes(h, &b);
    }
    uint32_t n = h->seens % SEEN_MAX;
    h->seen[n].ev = *ev;
    h->seen[n].submits = submits;
    h->seen[n].cancels = cancels;
    h->seen[n].orders_at_venue = matching_orders(paper_matching(h->p));
    h->seens++;
    return h->sink_says;
}

static void open_host(struct host *h)
{
    setup_resolve_conversions(h->w.setup);
    assert_int_equal(paper_open(&h->p, h->w.setup, on_step, h), ERR_OK);
    struct event ev = {.kind = EVENT_FEED,
                       .instrument = 0,
                       .ts_event_ns = h->t0,
                       .ts_recv_ns = h->t0,
                       .feed = FEED_LIVE};
    assert_int_equal(paper_event(h->p, &ev), ERR_OK);
    h->read = h->seens;
}

static int setup(void **state)
{
    struct host *h = calloc(1, sizeof *h);
    assert_non_null(h);
    world_open(&h->w);
    h->t0 = h->w.now_ns;
    h->w.setup->venue[0].order_latency_ns = 10;
    world_strategy(&h->w, "one", &strategy_script, "5000", "0.5");
    script = NULL;
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    struct host *h = *state;
    paper_close(h->p);
    world_close(&h->w);
    free(h);
    return 0;
}

static enum err try_trade(struct host *h, int64_t at, const char *price, const char *qty)
{
    struct event ev = {.kind = EVENT_TRADE,
                       .ts_event_ns = h->t0 + at,
                       .ts_recv_ns = h->t0 + at,
                       .trade = {dec_lit(price), dec_lit(qty), 0, SIDE_BUY}};
    return paper_event(h->p, &ev);
}

static void trade_at(struct host *h, int64_t at, const char *price, const char *qty)
{
    assert_int_equal(try_trade(h, at, price, qty), ERR_OK);
}

/* The next thing the sink saw. */
#define expect_seen(h, kind, at) expect_seen_at(h, kind, at, __FILE__, __LINE__)
static const struct event *expect_seen_at(struct host *h, enum event_kind kind, int64_t at,
                                          const char *file, int line)
{
    if (h->read == h->seens || h->seen[h->read].ev.kind != kind ||
        h->seen[h->read].ev.ts_event_ns != h->t0 + at) {
        print_error("expected %s at %lld, ", event_kind_name(kind), (long long)at);
        if (h->read == h->seens)
            print_error("nothing came\n");
        else
            print_error("got %s at %lld\n", event_kind_name(h->seen[h->read].ev.kind),
                        (long long)(h->seen[h->read].ev.ts_event_ns - h->t0));
        _fail(file, line);
    }
    return &h->seen[h->read++].ev;
}

static void expect_no_more(const struct host *h)
{
    assert_int_equal(h->read, h->seens);
}

static void assert_books_balance(const struct host *h)
{
    venue_id v;
    asset_id a;
    dec ledgers, account;
    assert_true(paper_books_balance(h->p, &v, &a, &ledgers, &account));
}

/* ---- the order of things ---- */

static void buy_on_the_first_trade(const struct strategy_view *v, const struct event *ev,
                                   struct intents *out)
{
    (void)v;
    struct order_request r = probe_limit(SIDE_BUY, "100", "0.1");
    if (ev->kind == EVENT_TRADE && dec_eq(ev->trade.qty, dec_lit("1")))
        intents_submit(out, &r);
}

static void an_order_does_not_match_the_event_that_caused_it(void **state)
{
    struct host *h = *state;
    h->w.setup->venue[0].order_latency_ns = 0;
    script = buy_on_the_first_trade;
    open_host(h);
    trade_at(h, 100, "101", "1");
    trade_at(h, 100, "100", "2"); /* the same nanosecond: still not visible */
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_TRADE, 100);
    expect_no_more(h);
    trade_at(h, 101, "105", "2");
    /* Let in at 100, when the last trade was 100. */
    assert_int_equal(expect_seen(h, EVENT_ORDER, 100)->order.state, ORDER_ACCEPTED);
    assert_int_equal(expect_seen(h, EVENT_FILL, 100)->fill.liquidity, LIQUIDITY_TAKER);
    expect_seen(h, EVENT_TRADE, 101);
    expect_no_more(h);
    assert_books_balance(h);
}

static void a_request_is_visible_after_the_latency_and_the_event_at_that_time(void **state)
{
    struct host *h = *state;
    script = buy_on_the_first_trade;
    open_host(h);
    trade_at(h, 100, "101", "1");
    assert_int_equal(paper_next_ns(h->p), h->t0 + 110);
    trade_at(h, 109, "101", "2");
    trade_at(h, 110, "101", "2");
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_TRADE, 109);
    expect_seen(h, EVENT_TRADE, 110);
    expect_no_more(h);
    trade_at(h, 111, "100", "2");
    expect_seen(h, EVENT_ORDER, 110);
    expect_seen(h, EVENT_TRADE, 111);
    /* The fill follows the event that caused it. */
    assert_int_equal(expect_seen(h, EVENT_FILL, 111)->fill.liquidity, LIQUIDITY_MAKER);
    expect_no_more(h);
    assert_books_balance(h);
}

static void answer_each_fill(const struct strategy_view *v, const struct event *ev,
                             struct intents *out)
{
    buy_on_the_first_trade(v, ev, out);
    struct order_request r = probe_limit(SIDE_SELL, "110", "0.1");
    if (ev->kind == EVENT_FILL)
        intents_submit(out, &r);
}

static void what_a_fill_causes_has_the_time_of_the_event(void **state)
{
    struct host *h = *state;
    script = answer_each_fill;
    open_host(h);
    trade_at(h, 100, "101", "1");
    trade_at(h, 200, "100", "2");
    assert_int_equal(paper_next_ns(h->p), h->t0 + 210);
    trade_at(h, 300, "110", "2");
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_ORDER, 110);
    expect_seen(h, EVENT_TRADE, 200);
    expect_seen(h, EVENT_FILL, 200);
    expect_seen(h, EVENT_ORDER, 210);
    expect_seen(h, EVENT_TRADE, 300);
    expect_seen(h, EVENT_FILL, 300);
    assert_books_balance(h);
}

static void timer_beside_an_order(const struct strategy_view *v, const struct event *ev,
                                  struct intents *out)
{
    buy_on_the_first_trade(v, ev, out);
    if (ev->kind == EVENT_TRADE && dec_eq(ev->trade.qty, dec_lit("1")))
        intents_timer(out, ev->ts_event_ns + 10);
}

static void at_equal_times_the_timer_comes_before_the_request(void **state)
{
    struct host *h = *state;
    script = timer_beside_an_order;
    open_host(h);
    trade_at(h, 100, "101", "1");
    trade_at(h, 110, "101", "2"); /* a timer due at 110 fires after every event of 110 */
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_TRADE, 110);
    expect_no_more(h);
    trade_at(h, 111, "101", "2");
    expect_seen(h, EVENT_TIMER, 110);
    expect_seen(h, EVENT_ORDER, 110);
    expect_seen(h, EVENT_TRADE, 111);
    expect_no_more(h);
    assert_int_equal(paper_next_ns(h->p), INT64_MAX);
}

static void two_timers(const struct strategy_view *v, const struct event *ev, struct intents *out)
{
    buy_on_the_first_trade(v, ev, out);
    if (ev->kind == EVENT_TRADE && dec_eq(ev->trade.qty, dec_lit("1")))
        intents_timer(out, ev->ts_event_ns + 5);
    if (ev->kind == EVENT_TIMER && view_now_ns(v) % 10 == 5)
        intents_timer(out, view_now_ns(v) + 10);
}

static void timers_and_requests_are_handled_by_their_times(void **state)
{
    struct host *h = *state;
    script = two_timers;
    open_host(h);
    trade_at(h, 100, "101", "1");
    trade_at(h, 120, "101", "2");
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_TIMER, 105);
    expect_seen(h, EVENT_ORDER, 110);
    expect_seen(h, EVENT_TIMER, 115);
    expect_seen(h, EVENT_TRADE, 120);
    expect_no_more(h);
}

static void advance_handles_what_is_due_up_to_and_including_now(void **state)
{
    struct host *h = *state;
    script = timer_beside_an_order;
    open_host(h);
    trade_at(h, 100, "101", "1");
    assert_int_equal(paper_advance(h->p, h->t0 + 109), ERR_OK);
    expect_seen(h, EVENT_TRADE, 100);
    expect_no_more(h);
    assert_int_equal(paper_advance(h->p, h->t0 + 110), ERR_OK);
    expect_seen(h, EVENT_TIMER, 110);
    expect_seen(h, EVENT_ORDER, 110);
    expect_no_more(h);
}

static void a_late_event_is_taken_as_it_is(void **state)
{
    struct host *h = *state;
    script = buy_on_the_first_trade;
    open_host(h);
    trade_at(h, 100, "101", "2");
    trade_at(h, 50, "101", "1"); /* asks at engine time 100 */
    assert_int_equal(paper_next_ns(h->p), h->t0 + 110);
}

/* ---- the sink ---- */

static void the_sink_sees_effects_before_they_are_done(void **state)
{
    struct host *h = *state;
    script = buy_on_the_first_trade;
    open_host(h);
    trade_at(h, 100, "101", "1");
    expect_seen(h, EVENT_TRADE, 100);
    assert_int_equal(h->seen[h->read - 1].submits, 1);
    assert_int_equal(h->seen[h->read - 1].orders_at_venue, 0);
    assert_int_equal(matching_orders(paper_matching(h->p)), 1);
}

static void a_sink_that_fails_stops_the_host_before_it_acts(void **state)
{
    struct host *h = *state;
    script = buy_on_the_first_trade;
    open_host(h);
    h->sink_says = ERR_IO;
    assert_int_equal(try_trade(h, 100, "101", "1"), ERR_IO);
    assert_int_equal(matching_orders(paper_matching(h->p)), 0);
    h->sink_says = ERR_OK;
    uint32_t seens = h->seens;
    assert_int_equal(try_trade(h, 101, "101", "1"), ERR_IO);
    assert_int_equal(paper_advance(h->p, h->t0 + 500), ERR_IO);
    assert_int_equal(paper_finish(h->p), ERR_IO);
    assert_int_equal(h->seens, seens);
}

static void an_error_of_the_engine_is_shown_and_final(void **state)
{
    struct host *h = *state;
    open_host(h);
    struct event ev = {.kind = EVENT_FEED, .instrument = 99, .ts_event_ns = h->t0 + 1};
    assert_int_equal(paper_event(h->p, &ev), ERR_RANGE);
    expect_seen(h, EVENT_FEED, 1);
    assert_int_equal(try_trade(h, 100, "101", "1"), ERR_RANGE);
    expect_no_more(h);
}

static void the_hosts_own_kinds_are_refused_from_outside(void **state)
{
    static const enum event_kind kinds[] = {EVENT_TIMER, EVENT_ORDER, EVENT_FILL, EVENT_STARTED};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct host *h = *state;
        open_host(h);
        struct event ev = {.kind = kinds[i], .ts_event_ns = h->t0 + 1};
        assert_int_equal(paper_event(h->p, &ev), ERR_RANGE);
        expect_no_more(h);
        paper_close(h->p);
        h->p = NULL;
    }
}

/* ---- effects reach the venue ---- */

static order_id to_cancel;
static void cancel_on_2(const struct strategy_view *v, const struct event *ev, struct intents *out)
{
    (void)v;
    struct order_request r = probe_limit(SIDE_BUY, "100", "0.1");
    if (ev->kind == EVENT_TRADE && dec_eq(ev->trade.qty, dec_lit("1")))
        to_cancel = intents_submit(out, &r);
    if (ev->kind == EVENT_TRADE && dec_eq(ev->trade.qty, dec_lit("2")))
        intents_cancel(out, to_cancel);
}

static void a_cancel_reaches_the_order(void **state)
{
    struct host *h = *state;
    script = cancel_on_2;
    open_host(h);
    trade_at(h, 100, "101", "1");
    trade_at(h, 200, "101", "2");
    trade_at(h, 300, "99", "3");
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_ORDER, 110);
    expect_seen(h, EVENT_TRADE, 200);
    assert_int_equal(h->seen[h->read - 1].cancels, 1);
    assert_int_equal(expect_seen(h, EVENT_ORDER, 210)->order.state, ORDER_CANCELED);
    expect_seen(h, EVENT_TRADE, 300);
    expect_no_more(h);
    assert_int_equal(engine_open_orders(paper_engine(h->p)), 0);
    assert_true(dec_is_zero(matching_locked(paper_matching(h->p), 0, 0)));
}

static void new_rules_reach_the_venue(void **state)
{
    struct host *h = *state;
    script = buy_on_the_first_trade;
    open_host(h);
    trade_at(h, 100, "101", "1");
    struct event ev = {.kind = EVENT_INSTRUMENT,
                       .ts_event_ns = h->t0 + 105,
                       .rules = h->w.setup->instrument[0].rules};
    ev.rules.status = INSTRUMENT_SUSPENDED;
    assert_int_equal(paper_event(h->p, &ev), ERR_OK);
    assert_int_equal(paper_advance(h->p, h->t0 + 110), ERR_OK);
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_INSTRUMENT, 105);
    const struct event *answer = expect_seen(h, EVENT_ORDER, 110);
    assert_int_equal(answer->order.state, ORDER_REJECTED);
    assert_int_equal(answer->order.reason, REASON_VENUE_RULE);
}

/* ---- the end ---- */

static void finish_lets_in_what_is_pending_and_nothing_later(void **state)
{
    struct host *h = *state;
    script = answer_each_fill;
    open_host(h);
    trade_at(h, 100, "100", "1");
    assert_int_equal(paper_finish(h->p), ERR_OK);
    expect_seen(h, EVENT_TRADE, 100);
    expect_seen(h, EVENT_ORDER, 110);
    expect_seen(h, EVENT_FILL, 110); /* takes at the last price */
    expect_no_more(h);               /* the sell would be visible at 120 */
    assert_int_equal(matching_orders(paper_matching(h->p)), 1);
    assert_books_balance(h);
}

static void finish_without_any_event_is_fine(void **state)
{
    struct host *h = *state;
    setup_resolve_conversions(h->w.setup);
    assert_int_equal(paper_open(&h->p, h->w.setup, on_step, h), ERR_OK);
    assert_int_equal(paper_next_ns(h->p), INT64_MAX);
    assert_int_equal(paper_finish(h->p), ERR_OK);
    expect_no_more(h);
}

/* ---- limits ---- */

static uint32_t answers_left;
static void never_satisfied(const struct strategy_view *v, const struct event *ev,
                            struct intents *out)
{
    (void)v;
    struct order_request r = probe_limit(SIDE_BUY, "99", "0.1");
    r.tif = TIF_FOK; /* one answer per order: expired */
    if ((ev->kind == EVENT_TRADE || ev->kind == EVENT_ORDER) && answers_left > 0) {
        answers_left--;
        intents_submit(out, &r);
    }
}

static enum err run_away(struct host *h, uint32_t answers)
{
    h->w.setup->venue[0].order_latency_ns = 0;
    script = never_satisfied;
    answers_left = answers;
    open_host(h);
    trade_at(h, 100, "100", "1");
    return paper_advance(h->p, h->t0 + 100);
}

static void a_strategy_that_answers_itself_without_end_stops_the_host(void **state)
{
    struct host *h = *state;
    assert_int_equal(run_away(h, PAPER_STEPS_MAX + 1), ERR_FULL);
    assert_int_equal(try_trade(h, 101, "100", "1"), ERR_FULL);
}

static void one_that_just_ends_in_time_does_not(void **state)
{
    struct host *h = *state;
    assert_int_equal(run_away(h, PAPER_STEPS_MAX), ERR_OK);
    assert_int_equal(h->seens - h->read, PAPER_STEPS_MAX + 1);
    answers_left = PAPER_STEPS_MAX; /* another nanosecond, another count */
    trade_at(h, 101, "100", "1");
    assert_int_equal(paper_advance(h->p, h->t0 + 101), ERR_OK);
}

static void a_setup_that_is_refused_leaves_nothing_open(void **state)
{
    struct host *h = *state;
    setup_resolve_conversions(h->w.setup);
    h->w.setup->venue[0].slippage = dec_lit("-1"); /* the matching engine's objection */
    assert_int_equal(paper_open(&h->p, h->w.setup, on_step, h), ERR_RANGE);
    h->w.setup->venue[0].slippage = DEC_ZERO;
    h->w.setup->strategy[0].budget = dec_lit("10001"); /* the engine's */
    assert_int_equal(paper_open(&h->p, h->w.setup, on_step, h), ERR_RANGE);
    assert_null(h->p);
}

/* ---- books ---- */

static struct rng rng;
static void random_orders(const struct strategy_view *v, const struct event *ev,
                          struct intents *out)
{
    if (ev->kind == EVENT_TRADE && rng_below(&rng, 3) == 0) {
        struct order_request r = {
            .instrument = 0,
            .side = rng_below(&rng, 2) ? SIDE_BUY : SIDE_SELL,
            .type = rng_below(&rng, 4) ? ORDER_LIMIT : ORDER_MARKET,
            .tif = rng_below(&rng, 3) ? TIF_GTC : TIF_IOC,
            .post_only = false,
            .qty = dec_from_i64((int64_t)(6000 + rng_below(&rng, 20000)), 5),
        };
        if (r.type == ORDER_LIMIT)
            r.price = dec_from_i64((int64_t)(9900 + rng_below(&rng, 200)), 2);
        intents_submit(out, &r);
    }
    uint32_t open = view_open_orders(v);
    if (open > 0 && rng_below(&rng, 4) == 0)
        intents_cancel(out, view_open_order(v, (uint32_t)rng_below(&rng, open))->id);
    if (rng_below(&rng, 8) == 0)
        intents_timer(out, view_now_ns(v) + (int64_t)rng_below(&rng, 30));
}

/* A trade, a top of book or a whole book of BTC-USDT, sometimes a trade of the fee's asset. */
static void random_market_event(struct rng *r, struct event *ev, struct level *level)
{
    int64_t price = (int64_t)(9900 + rng_below(r, 200));
    dec qty = dec_from_i64((int64_t)(1 + rng_below(r, 30000)), 5);
    switch (rng_below(r, 8)) {
    case 0:
        ev->kind = EVENT_TOP;
        ev->top = (struct event_top){dec_from_i64(price, 2), qty, dec_from_i64(price + 3, 2), qty};
        return;
    case 1:
        for (int64_t i = 0; i < 3; i++) {
            level[i] = (struct level){dec_from_i64(price - i, 2), qty};
            level[3 + i] = (struct level){dec_from_i64(price + 2 + i, 2), qty};
        }
        ev->kind = EVENT_BOOK;
        ev->book = (struct event_book){true, 3, 3, level, level + 3, 0};
        return;
    case 2: ev->instrument = 1; break;
    default: break;
    }
    ev->kind = EVENT_TRADE;
    ev->trade = (struct event_trade){dec_from_i64(price, 2), qty, 0, SIDE_SELL};
}

/* Two strategies at random over a market at random; returns the hash of all that happened. */
static uint64_t random_run(struct host *h, uint64_t seed, unsigned events)
{
    rng_seed(&rng, seed);
    struct rng market;
    rng_seed(&market, seed + 1);
    script = random_orders;
    h->hash = 0;
    open_host(h);
    int64_t at = 0;
    for (unsigned i = 0; i < events; i++) {
        at += (int64_t)rng_below(&market, 8);
        struct level level[6];
        struct event ev = {.ts_event_ns = h->t0 + at, .ts_recv_ns = h->t0 + at};
        random_market_event(&market, &ev, level);
        assert_int_equal(paper_event(h->p, &ev), ERR_OK);
        assert_books_balance(h);
    }
    assert_int_equal(paper_finish(h->p), ERR_OK);
    assert_books_balance(h);
    struct engine_totals totals;
    engine_totals(paper_engine(h->p), STRATEGY_NONE, &totals);
    assert_true(totals.fills > events / 50);
    paper_close(h->p);
    h->p = NULL;
    return h->hash;
}

static void books_balance_and_a_run_repeats_itself(void **state)
{
    struct host *h = *state;
    world_strategy(&h->w, "two", &strategy_script, "3000", "0.25");
    /* Fees in a third asset, of which there is not enough for all. */
    struct setup *s = h->w.setup;
    s->instrument[world_instrument(&h->w, "BNB-USDT", "BNB", "USDT")].rules.min_notional = DEC_ZERO;
    s->venue[0].fee_asset = setup_find_asset(s, "BNB");
    s->balance[s->balances++] = (struct balance_setup){0, s->venue[0].fee_asset, dec_lit("0.02")};
    const char *given = getenv("TRADEWIND_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("# TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    for (int model = FILL_TOUCH; model <= FILL_QUEUE; model++) {
        s->venue[0].fill_model = (enum fill_model)model;
        uint64_t first = random_run(h, seed, 3000);
        assert_int_equal(first, random_run(h, seed, 3000));
        assert_int_not_equal(first, random_run(h, seed + 7, 3000));
    }
}

static void books_that_do_not_balance_are_told(void **state)
{
    struct host *h = *state;
    world_strategy(&h->w, "two", &strategy_script, "3000", "0.25");
    open_host(h);
    assert_books_balance(h);
    h->w.setup->strategies = 1; /* so that one sub-ledger is missing in the sum */
    venue_id v = 9;
    asset_id a = 9;
    dec ledgers, account;
    assert_false(paper_books_balance(h->p, &v, &a, &ledgers, &account));
    h->w.setup->strategies = 2;
    assert_int_equal(v, 0);
    assert_int_equal(a, 0);
    assert_true(dec_lt(ledgers, account));
    assert_true(dec_eq(account, dec_lit("10000")));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_order_does_not_match_the_event_that_caused_it),
        T(a_request_is_visible_after_the_latency_and_the_event_at_that_time),
        T(what_a_fill_causes_has_the_time_of_the_event),
        T(at_equal_times_the_timer_comes_before_the_request),
        T(timers_and_requests_are_handled_by_their_times),
        T(advance_handles_what_is_due_up_to_and_including_now),
        T(a_late_event_is_taken_as_it_is),
        T(the_sink_sees_effects_before_they_are_done),
        T(a_sink_that_fails_stops_the_host_before_it_acts),
        T(an_error_of_the_engine_is_shown_and_final),
        T(the_hosts_own_kinds_are_refused_from_outside),
        T(a_cancel_reaches_the_order),
        T(new_rules_reach_the_venue),
        T(finish_lets_in_what_is_pending_and_nothing_later),
        T(finish_without_any_event_is_fine),
        T(a_strategy_that_answers_itself_without_end_stops_the_host),
        T(one_that_just_ends_in_time_does_not),
        T(a_setup_that_is_refused_leaves_nothing_open),
        T(books_balance_and_a_run_repeats_itself),
        T(books_that_do_not_balance_are_told),
    };
    return cmocka_run_group_tests_name("paper", tests, NULL, NULL);
}

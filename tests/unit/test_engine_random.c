/* Random orders of several strategies on several instruments, and random answers to them in any
 * order: late, repeated, after the end. The books hold after every step; when everything has ended
 * nothing is bound; the account is what the fills say; the same events give the same bytes.
 *
 * TRADEWIND_SEED repeats a run. */
#include "base/rng.h"
#include "books.h"
#include "core/execution.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define STEPS 3000
#define KNOWN 4096

static const char *const PRICES[] = {"50000", "2500", "0.05"}; /* BTC-USDT, ETH-USDT, ETH-BTC */

/* The account as the fills make it, without the engine. */
struct run {
    struct world w;
    struct rng rng;
    order_id known[KNOWN]; /* every order that left */
    uint32_t orders;
    struct event last_fill;
    dec account[3];
    uint64_t hash; /* of every effect's bytes */
    uint64_t fills, submits, cancels;
};

/* ---- a strategy that asks for anything ---- */

static enum err any_on_event(void *state, const struct strategy_view *v, const struct event *e,
                             struct intents *out)
{
    (void)state;
    if (e->kind != EVENT_TRADE)
        return ERR_OK;
    for (uint64_t n = view_random(v) % 3; n > 0; n--) {
        instrument_id i = (instrument_id)(view_random(v) % 3);
        const struct instrument *in = view_instrument(v, i);
        dec price = D(PRICES[i]), factor = dec_from_i64(900 + (int64_t)(view_random(v) % 200), 3);
        struct order_request q = {.instrument = i,
                                  .side = view_random(v) % 2 ? SIDE_BUY : SIDE_SELL,
                                  .type = view_random(v) % 4 ? ORDER_LIMIT : ORDER_MARKET,
                                  .tif = TIF_GTC,
                                  .reduce_only = view_random(v) % 8 == 0,
                                  .qty = dec_from_i64(1 + (int64_t)(view_random(v) % 3000), 5)};
        if (q.type == ORDER_LIMIT &&
            (!dec_mul(price, factor, DEC_DOWN, &q.price) ||
             !dec_round_to(q.price, in->rules.tick_size, DEC_DOWN, &q.price)))
            return ERR_OVERFLOW;
        intents_submit(out, &q);
    }
    uint32_t open = view_open_orders(v);
    if (open && view_random(v) % 4 == 0)
        intents_cancel(out, view_open_order(v, (uint32_t)(view_random(v) % open))->id);
    return ERR_OK;
}

static void open_run(struct run *r, uint64_t seed, int junk)
{
    static struct strategy_ops any;
    any = strategy_probe;
    any.on_event = any_on_event;
    memset(r, 0, sizeof *r);
    rng_seed(&r->rng, seed);
    struct world *w = &r->w;
    world_open(w);
    memset(w->fx, junk, sizeof *w->fx); /* what an earlier step left must not be seen */
    struct setup *s = w->setup;
    s->seed = seed;
    world_instrument(w, "ETH-USDT", "ETH", "USDT");
    instrument_id pair = world_instrument(w, "ETH-BTC", "ETH", "BTC");
    s->instrument[pair].rules.tick_size = D("0.000001");
    s->instrument[pair].rules.min_notional = D("0.0001");
    s->balance[s->balances++] = (struct balance_setup){0, setup_find_asset(s, "ETH"), D("30")};
    for (int i = 0; i < 3; i++) {
        struct strategy_setup *ss = world_strategy(w, "any", &any, "3000", "0.3");
        ss->instruments = 3;
        for (instrument_id k = 0; k < 3; k++)
            ss->instrument[k] = k;
        ss->risk.has_max_open_orders = i == 1;
        ss->risk.max_open_orders = 5;
    }
    s->risk.has_max_open_orders = true;
    s->risk.max_open_orders = 40;
    if (seed & 1) { /* with all that looks at other orders */
        s->risk.self_trade = seed & 2 ? SELF_TRADE_DENY : SELF_TRADE_CANCEL_RESTING;
        s->risk.duplicate_window_ns = SECOND;
        s->risk.has_max_asset_exposure = s->risk.has_max_executions = true;
        s->risk.max_asset_exposure = D("80000");
        s->risk.max_executions = 200;
        s->risk.execution_interval_ns = 3600 * SECOND;
        s->venue[0].risk.has_max_open_orders = s->instrument_risk[0].has_max_open_orders = true;
        s->venue[0].risk.max_open_orders = 30;
        s->instrument_risk[0].max_open_orders = 20;
    }
    for (uint32_t i = 0; i < s->balances; i++)
        r->account[s->balance[i].asset] = s->balance[i].amount;
    world_start(w);
}

/* ---- answers ---- */

static void note_effects(struct run *r)
{
    static uint8_t bytes[4096];
    for (uint32_t i = 0; i < r->w.fx->count; i++) {
        const struct effect *fx = &r->w.fx->item[i];
        struct bufw out = bufw_make(bytes, sizeof bytes);
        effect_encode(fx, &out);
        assert_false(out.failed);
        for (size_t k = 0; k < out.len; k++)
            r->hash = (r->hash ^ bytes[k]) * UINT64_C(0x100000001b3);
        if (fx->kind == EFFECT_SUBMIT && r->orders < KNOWN) {
            r->known[r->orders++] = fx->submit.id;
            r->submits++;
        }
        r->cancels += fx->kind == EFFECT_CANCEL;
    }
}

/* Whether a buy was in the way of exits for 10 s when this sell left: it waits no longer. */
static bool has_waited(const struct order *buy, const struct order *sell)
{
    int64_t since_ns = ((const struct order_slot *)(const void *)buy)->in_way_ns;
    return since_ns != INT64_MAX && sell->ts_submit_ns - since_ns >= 10 * SECOND;
}

/* Own orders that could meet in the venue's book are never open together. */
static void check_no_self_trade(const struct run *r)
{
    const struct engine *e = r->w.engine;
    const struct order *open[64];
    uint32_t n = engine_open_orders(e);
    assert_true(n <= 40);
    for (uint32_t i = 0; i < n; i++)
        open[i] = engine_open_order(e, i);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < n; k++) {
            const struct order_request *a = &open[i]->req, *b = &open[k]->req;
            if (a->instrument == b->instrument && a->side == SIDE_BUY && b->side == SIDE_SELL &&
                a->type == ORDER_LIMIT && b->type == ORDER_LIMIT)
                assert_true(dec_lt(a->price, b->price) || has_waited(open[i], open[k]));
        }
}

static void step(struct run *r, const struct event *ev)
{
    bool halted = engine_state(r->w.engine, SCOPE_AGENT, 0) == STATE_HALTED;
    world_step(&r->w, ev);
    if (r->w.setup->risk.self_trade)
        check_no_self_trade(r);
    if (halted && engine_state(r->w.engine, SCOPE_AGENT, 0) == STATE_HALTED)
        assert_null(world_effect(&r->w, EFFECT_SUBMIT, 0));
    note_effects(r);
    books_check(r->w.engine);
    assert_true(engine_open_orders(r->w.engine) <= 40);
}

static void fill(struct run *r, const struct order *o)
{
    const struct instrument *in = &r->w.setup->instrument[o->req.instrument];
    bool buy = o->req.side == SIDE_BUY;
    dec rest = order_open_qty(o), price = buy ? o->req.price : D(PRICES[o->req.instrument]), gross;
    if (dec_is_zero(rest))
        return;
    if (dec_is_zero(price))
        price = D(PRICES[o->req.instrument]);
    dec qty =
        rng_below(&r->rng, 2) ? rest : (dec){1 + (i128)rng_below(&r->rng, UINT64_MAX) % rest.v};
    assert_true(dec_mul(price, qty, buy ? DEC_UP : DEC_DOWN, &gross));
    asset_id fee_asset = (asset_id)rng_below(&r->rng, 3);
    struct event ev = {.kind = EVENT_FILL,
                       .instrument = o->req.instrument,
                       .fill = {.id = o->id,
                                .fill_id = ++r->w.next_fill,
                                .price = price,
                                .qty = qty,
                                .fee_asset = fee_asset,
                                .liquidity = LIQUIDITY_MAKER}};
    if (!dec_mul(buy ? qty : gross, D("0.001"), DEC_UP, &ev.fill.fee))
        fail();
    if (dec_gt(ev.fill.fee, buy ? qty : gross))
        ev.fill.fee = DEC_ZERO;
    r->account[in->base].v += buy ? qty.v : -qty.v;
    r->account[in->quote].v += buy ? -gross.v : gross.v;
    r->account[fee_asset].v -= ev.fill.fee.v;
    r->last_fill = ev;
    r->fills++;
    step(r, &ev);
}

static void answer(struct run *r, order_id id)
{
    static const enum order_state STATES[] = {
        ORDER_ACCEPTED,       ORDER_ACCEPTED, ORDER_REJECTED, ORDER_PARTIALLY_FILLED,
        ORDER_FILLED,         ORDER_CANCELED, ORDER_EXPIRED,  ORDER_NOT_SENT,
        ORDER_PENDING_CANCEL, ORDER_IN_DOUBT, ORDER_DENIED,   ORDER_SUBMITTED};
    struct event ev = {.kind = EVENT_ORDER,
                       .order = {.id = id,
                                 .state = STATES[rng_below(&r->rng, 12)],
                                 .venue_order_id = rng_below(&r->rng, 2) ? id : 0}};
    step(r, &ev);
}

static void price(struct run *r)
{
    instrument_id i = (instrument_id)rng_below(&r->rng, 3);
    dec p, factor = dec_from_i64(980 + (int64_t)rng_below(&r->rng, 41), 3);
    assert_true(dec_mul(D(PRICES[i]), factor, DEC_DOWN, &p));
    world_advance(&r->w, (int64_t)rng_below(&r->rng, 2 * (uint64_t)SECOND));
    step(r,
         &(struct event){.kind = EVENT_TRADE, .instrument = i, .trade = {p, D("1"), 0, SIDE_BUY}});
}

static void command(struct run *r)
{
    struct event ev = {.kind = EVENT_COMMAND,
                       .venue = VENUE_NONE,
                       .instrument = INSTRUMENT_NONE,
                       .command = {.kind = (enum command_kind)(1 + rng_below(&r->rng, 5)),
                                   .strategy = rng_below(&r->rng, 2)
                                                   ? STRATEGY_NONE
                                                   : (strategy_id)rng_below(&r->rng, 4)}};
    step(r, &ev);
    for (enum command_kind k = COMMAND_RESUME; rng_below(&r->rng, 2) && k <= COMMAND_UNHALT;
         k += COMMAND_UNHALT - COMMAND_RESUME) {
        ev.command = (struct event_command){.kind = k, .strategy = STRATEGY_NONE};
        step(r, &ev);
    }
    for (strategy_id s = 0; s < 3; s++) { /* overdrawn ones go on, too */
        ev.command = (struct event_command){.kind = COMMAND_RESUME, .strategy = s};
        step(r, &ev);
    }
}

static void once(struct run *r)
{
    const struct order *o =
        r->orders ? engine_order(r->w.engine, r->known[rng_below(&r->rng, r->orders)]) : NULL;
    uint32_t open = engine_open_orders(r->w.engine);
    if (open && rng_below(&r->rng, 3))
        o = engine_open_order(r->w.engine, (uint32_t)rng_below(&r->rng, open));
    switch (rng_below(&r->rng, 8)) {
    case 0:
    case 1:
    case 2: price(r); return;
    case 3:
    case 4:
        if (o)
            fill(r, o); /* also of orders that ended */
        return;
    case 5:
        if (o)
            answer(r, o->id);
        return;
    case 6:
        if (r->fills)
            step(r, &r->last_fill); /* once more */
        return;
    case 7:
        if (rng_below(&r->rng, 16) == 0)
            command(r);
        else
            answer(r, order_id_make((strategy_id)rng_below(&r->rng, 4), rng_below(&r->rng, 9999)));
        return;
    }
}

static uint64_t run(uint64_t seed, int junk)
{
    struct run *r = malloc(sizeof *r);
    assert_non_null(r);
    open_run(r, seed, junk);
    for (int i = 0; i < STEPS; i++)
        once(r);
    const struct order *o;
    while ((o = engine_open_order(r->w.engine, 0)) != NULL) {
        /* a venue's last word reaches every order, whatever it went through */
        step(r,
             &(struct event){.kind = EVENT_ORDER, .order = {.id = o->id, .state = ORDER_CANCELED}});
    }
    books_check_empty(r->w.engine);
    for (asset_id a = 0; a < 3; a++) {
        dec sum = engine_balance(r->w.engine, STRATEGY_NONE, 0, a);
        for (strategy_id s = 0; s < 3; s++)
            sum.v += engine_balance(r->w.engine, s, 0, a).v;
        assert_true(dec_eq(sum, r->account[a]));
    }
    assert_true(r->submits > 100 && r->fills > 100 && r->cancels > 10);
    uint64_t hash = r->hash;
    world_close(&r->w);
    free(r);
    return hash;
}

static void books_hold_in_any_order_of_events(void **state)
{
    (void)state;
    const char *text = getenv("TRADEWIND_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("# TRADEWIND_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < 4; i++) {
        uint64_t once_over = run(seed + (uint64_t)i, 0x00), again = run(seed + (uint64_t)i, 0xa5);
        assert_true(once_over == again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(books_hold_in_any_order_of_events)};
    return cmocka_run_group_tests_name("engine random", tests, NULL, NULL);
}

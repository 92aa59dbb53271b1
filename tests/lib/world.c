#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct order_request probe_request[512];
uint32_t probe_requests;
strategy_id probe_strategy;
order_id probe_cancel;
struct event probe_seen[1024];
uint32_t probe_seen_count;

struct order_request probe_limit(enum side side, const char *price, const char *qty)
{
    return (struct order_request){.instrument = 0,
                                  .side = side,
                                  .type = ORDER_LIMIT,
                                  .tif = TIF_GTC,
                                  .price = D(price),
                                  .qty = D(qty)};
}

struct order_request probe_market(enum side side, const char *qty)
{
    return (struct order_request){
        .instrument = 0, .side = side, .type = ORDER_MARKET, .tif = TIF_IOC, .qty = D(qty)};
}

static enum err probe_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

static enum err probe_on_event(void *state, const struct strategy_view *v, const struct event *e,
                               struct intents *out)
{
    (void)state;
    if ((e->kind == EVENT_ORDER || e->kind == EVENT_FILL) && probe_seen_count < 1024)
        probe_seen[probe_seen_count++] = *e;
    if (e->kind != EVENT_TRADE ||
        (probe_strategy != STRATEGY_NONE && view_params(v)->value[1].integer != probe_strategy))
        return ERR_OK;
    for (uint32_t i = 0; i < probe_requests; i++)
        intents_submit(out, &probe_request[i]);
    probe_requests = 0;
    if (probe_cancel)
        intents_cancel(out, probe_cancel);
    probe_cancel = 0;
    return ERR_OK;
}

static const struct param_spec PROBE_PARAMS[] = {
    {.key = "instrument", .type = PARAM_INSTRUMENT, .flags = PARAM_REQUIRED, .help = "watched"},
    {.key = NULL}};

const struct strategy_ops strategy_probe = {.abi = STRATEGY_ABI,
                                            .size = sizeof(struct strategy_ops),
                                            .name = "probe",
                                            .summary = "asks for what the test says",
                                            .params = PROBE_PARAMS,
                                            .subscribes = SUBSCRIBE_TRADE,
                                            .state_size = 16,
                                            .init = probe_init,
                                            .on_event = probe_on_event};

static asset_id asset(struct setup *s, const char *name)
{
    asset_id a = setup_find_asset(s, name);
    if (a != ASSET_NONE)
        return a;
    strcpy(s->asset[s->assets], name);
    return (asset_id)s->assets++;
}

void world_open(struct world *w)
{
    *w = (struct world){.now_ns = INT64_C(1704067200) * SECOND, .next_fill = 1};
    w->setup = calloc(1, sizeof *w->setup);
    w->fx = calloc(1, sizeof *w->fx);
    assert_non_null(w->setup);
    assert_non_null(w->fx);
    struct setup *s = w->setup;
    strcpy(s->agent_name, "test");
    s->mode = MODE_PAPER;
    s->seed = 1;
    s->venues = 1;
    s->venue[0] = (struct venue_setup){.name = "sim",
                                       .kind = "binance-spot",
                                       .exchange = "sim",
                                       .maker_fee = D("0.001"),
                                       .taker_fee = D("0.001"),
                                       .fee_asset = ASSET_NONE,
                                       .fill_model = FILL_TOUCH,
                                       .stale_after_ns = 10 * SECOND};
    s->quote = asset(s, "USDT");
    world_instrument(w, "BTC-USDT", "BTC", "USDT");
    s->balances = 2;
    s->balance[0] = (struct balance_setup){0, asset(s, "USDT"), D("10000")};
    s->balance[1] = (struct balance_setup){0, asset(s, "BTC"), D("1")};
    probe_requests = probe_seen_count = 0;
    probe_cancel = 0;
    probe_strategy = STRATEGY_NONE;
}

venue_id world_venue(struct world *w, const char *name, const char *fee)
{
    struct setup *s = w->setup;
    struct venue_setup *v = &s->venue[s->venues];
    *v = s->venue[0];
    snprintf(v->name, sizeof v->name, "%s", name);
    snprintf(v->exchange, sizeof v->exchange, "%s", name);
    v->maker_fee = v->taker_fee = D(fee);
    return (venue_id)s->venues++;
}

instrument_id world_instrument_at(struct world *w, venue_id v, const char *symbol, const char *base,
                                  const char *quote)
{
    instrument_id i = world_instrument(w, symbol, base, quote);
    w->setup->instrument[i].venue = v;
    return i;
}

void world_balance(struct world *w, venue_id v, const char *name, const char *amount)
{
    struct setup *s = w->setup;
    s->balance[s->balances++] = (struct balance_setup){v, asset(s, name), D(amount)};
}

void world_fund(struct world *w, strategy_id id, venue_id v, const char *name, const char *amount)
{
    assert_true(setup_set_allotment(w->setup, id, v, asset(w->setup, name), D(amount)));
}

instrument_id world_instrument(struct world *w, const char *symbol, const char *base,
                               const char *quote)
{
    struct setup *s = w->setup;
    struct instrument *in = &s->instrument[s->instruments];
    strcpy(in->symbol, symbol);
    in->base = asset(s, base);
    in->quote = asset(s, quote);
    in->rules = (struct instrument_rules){.status = INSTRUMENT_TRADING,
                                          .tick_size = D("0.01"),
                                          .lot_size = D("0.00001"),
                                          .min_qty = D("0.00001"),
                                          .min_notional = D("5"),
                                          .base_precision = D("0.00000001"),
                                          .quote_precision = D("0.00000001")};
    return s->instruments++;
}

struct strategy_setup *world_strategy(struct world *w, const char *name,
                                      const struct strategy_ops *ops, const char *budget,
                                      const char *inventory)
{
    struct setup *s = w->setup;
    struct strategy_setup *ss = &s->strategy[s->strategies++];
    strcpy(ss->name, name);
    ss->ops = ops;
    ss->instruments = 1;
    ss->instrument[0] = 0;
    ss->params.count = 1;
    ss->params.value[0] = (struct param_value){.present = true, .instrument = 0};
    ss->params.value[1].integer = s->strategies - 1; /* the probe's number; see probe_strategy */
    ss->budget_asset = s->instrument[0].quote;
    ss->budget = D(budget);
    ss->inventory = D(inventory);
    return ss;
}

void world_start(struct world *w)
{
    setup_resolve_conversions(w->setup);
    w->mem = aligned_alloc(64, (engine_size(w->setup) + 63) & ~(size_t)63);
    assert_non_null(w->mem);
    memset(w->mem, 0, engine_size(w->setup));
    assert_int_equal(engine_init(&w->engine, w->mem, w->setup), ERR_OK);
    world_feed(w, FEED_LIVE);
}

void world_close(struct world *w)
{
    free(w->mem);
    free(w->fx);
    free(w->setup);
}

void world_step(struct world *w, const struct event *ev)
{
    struct event e = *ev;
    w->now_ns++;
    e.ts_event_ns = e.ts_recv_ns = w->now_ns;
    assert_int_equal(engine_step(w->engine, &e, w->fx), ERR_OK);
}

void world_trade(struct world *w, const char *price, const char *qty)
{
    world_step(w, &(struct event){.kind = EVENT_TRADE, .trade = {D(price), D(qty), 0, SIDE_BUY}});
}

void world_top(struct world *w, const char *bid, const char *ask)
{
    world_step(w, &(struct event){.kind = EVENT_TOP, .top = {D(bid), D("1"), D(ask), D("1")}});
}

void world_feed(struct world *w, enum feed_state feed)
{
    for (instrument_id i = 0; i < w->setup->instruments; i++)
        world_step(w, &(struct event){.kind = EVENT_FEED, .instrument = i, .feed = feed});
}

void world_timer(struct world *w)
{
    world_step(w, &(struct event){
                      .kind = EVENT_TIMER, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE});
}

void world_advance(struct world *w, int64_t ns)
{
    w->now_ns += ns;
}

void world_command(struct world *w, enum command_kind kind, strategy_id s)
{
    world_step(w, &(struct event){.kind = EVENT_COMMAND,
                                  .venue = VENUE_NONE,
                                  .instrument = INSTRUMENT_NONE,
                                  .command = {.kind = kind, .strategy = s, .reason = "test"}});
}

void world_order(struct world *w, order_id id, enum order_state state)
{
    world_step(w, &(struct event){.kind = EVENT_ORDER,
                                  .order = {.id = id, .state = state, .venue_order_id = id}});
}

void world_fill(struct world *w, order_id id, const char *price, const char *qty)
{
    const struct order *o = engine_order(w->engine, id);
    assert_non_null(o);
    const struct instrument *in = &w->setup->instrument[o->req.instrument];
    dec fee, gross = D(qty);
    if (o->req.side == SIDE_SELL)
        assert_true(dec_mul(D(price), D(qty), DEC_DOWN, &gross));
    assert_true(dec_mul(gross, D("0.001"), DEC_UP, &fee));
    assert_true(dec_round_to(fee, D("0.00000001"), DEC_UP, &fee));
    world_step(w,
               &(struct event){.kind = EVENT_FILL,
                               .fill = {.id = id,
                                        .fill_id = w->next_fill++,
                                        .price = D(price),
                                        .qty = D(qty),
                                        .fee = fee,
                                        .fee_asset = o->req.side == SIDE_BUY ? in->base : in->quote,
                                        .liquidity = LIQUIDITY_MAKER}});
}

const struct effect *world_effect(const struct world *w, enum effect_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < w->fx->count; i++)
        if (w->fx->item[i].kind == kind && n-- == 0)
            return &w->fx->item[i];
    return NULL;
}

/* ---- asking ---- */

struct risk_setup *world_probe(struct world *w, const char *budget, const char *inventory)
{
    world_open(w);
    world_strategy(w, "p", &strategy_probe, budget, inventory);
    return &w->setup->risk;
}

void world_go(struct world *w)
{
    world_start(w);
    world_trade(w, "50000", "1");
}

static order_id sent(const struct world *w)
{
    const struct effect *fx = world_effect(w, EFFECT_SUBMIT, 0);
    return fx ? fx->submit.id : 0;
}

order_id world_ask(struct world *w, struct order_request r)
{
    probe_request[0] = r;
    probe_requests = 1;
    world_trade(w, "50000", "0.01");
    return sent(w);
}

order_id world_ask_by(struct world *w, strategy_id s, const char *price, struct order_request r)
{
    probe_strategy = s;
    probe_request[0] = r;
    probe_requests = 1;
    world_step(w, &(struct event){.kind = EVENT_TRADE,
                                  .instrument = w->setup->strategy[s].instrument[0],
                                  .trade = {D(price), D("0.01"), 0, SIDE_BUY}});
    probe_strategy = STRATEGY_NONE;
    assert_int_equal(probe_requests, 0);
    return sent(w);
}

order_id world_passes(struct world *w, struct order_request r)
{
    order_id id = world_ask(w, r);
    const struct effect *no = world_effect(w, EFFECT_DENIED, 0);
    if (no)
        print_error("denied: %s\n", reason_name(no->denied.denial.reason));
    assert_true(id != 0);
    return id;
}

static void assert_amount(dec d, const char *expected)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    if (expected)
        assert_string_equal(text, expected);
}

void world_denied(struct world *w, struct order_request r, enum reason reason, const char *limit,
                  const char *value)
{
    assert_int_equal(world_ask(w, r), 0);
    const struct effect *fx = world_effect(w, EFFECT_DENIED, 0);
    assert_non_null(fx);
    assert_string_equal(reason_name(fx->denied.denial.reason), reason_name(reason));
    assert_amount(fx->denied.denial.limit, limit);
    assert_amount(fx->denied.denial.value, value);
    /* the strategy is told the same */
    assert_true(probe_seen_count > 0);
    const struct event *told = &probe_seen[probe_seen_count - 1];
    assert_int_equal(told->order.state, ORDER_DENIED);
    assert_int_equal(told->order.reason, reason);
    assert_int_equal(told->order.denial.scope, fx->denied.denial.scope);
}

void world_was_denied(const struct world *w, enum reason reason, enum limit_scope scope,
                      uint32_t index, const char *limit, const char *value)
{
    const struct effect *fx = world_effect(w, EFFECT_DENIED, 0);
    assert_null(world_effect(w, EFFECT_SUBMIT, 0));
    assert_non_null(fx);
    const struct denial *d = &fx->denied.denial;
    assert_string_equal(reason_name(d->reason), reason_name(reason));
    assert_string_equal(limit_scope_name(d->scope), limit_scope_name(scope));
    assert_int_equal(d->index, index);
    assert_amount(d->limit, limit);
    assert_amount(d->value, value);
}

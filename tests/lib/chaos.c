#include "chaos.h"

#include "base/clock.h"
#include "config/compare.h"
#include "strategies/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STATE_MAX (256 * 1024)
#define FX_BYTES  (8 * 1024 * 1024)
#define BEGIN_NS  (INT64_C(1704067200) * NS_PER_S)
#define IDLE_STEPS                                                                                 \
    20000 /* answers without the market moving: more is a strategy that answers itself */

void chaos_fail(const struct chaos *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char text[512];
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    printf("# PROPERTY_SEED=%llu, step %llu: %s\n", (unsigned long long)c->seed,
           (unsigned long long)c->steps, text);
    for (const char *line = c->text; *line; line += strcspn(line, "\n") + 1)
        printf("#   %.*s\n", (int)strcspn(line, "\n"), line);
    fail();
    abort();
}

static bool chance(struct chaos *c, unsigned percent)
{
    return rng_below(&c->rng, 100) < percent;
}

dec chaos_bid(const struct chaos *c, instrument_id i)
{
    dec d;
    assert_true(dec_mul_int(c->setup->instrument[i].rules.tick_size, c->ticks[i], &d));
    return d;
}

dec chaos_ask(const struct chaos *c, instrument_id i)
{
    dec d;
    assert_true(
        dec_mul_int(c->setup->instrument[i].rules.tick_size, c->ticks[i] + c->spread[i], &d));
    return d;
}

/* ---- promises ---- */

static void check_quotes(const struct chaos *c)
{
    dec buy[SETUP_INSTRUMENTS_MAX] = {{0}}, sell[SETUP_INSTRUMENTS_MAX] = {{0}};
    for (uint32_t n = 0; n < engine_open_orders(c->engine[0]); n++) {
        const struct order *o = engine_open_order(c->engine[0], n);
        instrument_id i = o->req.instrument;
        if (o->req.type != ORDER_LIMIT || o->req.tif != TIF_GTC || o->state == ORDER_PENDING_CANCEL)
            continue;
        if (o->req.side == SIDE_BUY && dec_gt(o->req.price, buy[i]))
            buy[i] = o->req.price;
        if (o->req.side == SIDE_SELL && (dec_is_zero(sell[i]) || dec_lt(o->req.price, sell[i])))
            sell[i] = o->req.price;
    }
    for (instrument_id i = 0; i < c->setup->instruments; i++)
        if (dec_is_pos(sell[i]) && dec_ge(buy[i], sell[i]))
            chaos_fail(c, "quotes through its own orders");
}

static void check_books(const struct chaos *c)
{
    const struct setup *s = c->setup;
    for (strategy_id k = 0; k < s->strategies; k++)
        for (uint32_t n = 0; n < s->strategy[k].instruments; n++) {
            const struct instrument *in = &s->instrument[s->strategy[k].instrument[n]];
            for (int side = 0; side < 2; side++) {
                asset_id a = side ? in->base : in->quote;
                dec total = engine_balance(c->engine[0], k, in->venue, a);
                dec reserved = engine_reserved(c->engine[0], k, in->venue, a);
                char have[DEC_TEXT_MAX], want[DEC_TEXT_MAX];
                dec_format(total, have);
                dec_format(c->account[k][in->venue][a], want);
                if (!dec_eq(total, c->account[k][in->venue][a]))
                    chaos_fail(c, "%s: ledger %s, by the fills %s", s->asset[a], have, want);
                if (dec_is_neg(total) || dec_is_neg(reserved) || dec_gt(reserved, total))
                    chaos_fail(c, "%s: budget exceeded: total %s", s->asset[a], have);
            }
        }
}

/* Denials that a strategy could have known of are its mistakes. */
static void check_denial(const struct chaos *c, const struct effect_denied *d)
{
    static const enum reason MISTAKES[] = {REASON_MALFORMED,    REASON_TICK_SIZE,
                                           REASON_LOT_SIZE,     REASON_MIN_QTY,
                                           REASON_MIN_NOTIONAL, REASON_INSTRUMENT_NOT_ALLOWED,
                                           REASON_REDUCE_ONLY,  REASON_FLOOD,
                                           REASON_OVERFLOW,     REASON_PARENT};
    for (size_t k = 0; k < sizeof MISTAKES / sizeof MISTAKES[0]; k++) {
        char price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
        if (d->denial.reason != MISTAKES[k])
            continue;
        dec_format(d->req.price, price);
        dec_format(d->req.qty, qty);
        chaos_fail(c, "denied %s: %s %s at %s", reason_name(d->denial.reason),
                   side_name(d->req.side), qty, price);
    }
}

static void check_twins(struct chaos *c)
{
    static uint8_t bytes[2][FX_BYTES];
    struct bufw w[2];
    for (int t = 0; t < 2; t++) {
        w[t] = bufw_make(bytes[t], FX_BYTES);
        for (uint32_t i = 0; i < c->fx[t]->count; i++)
            effect_encode(&c->fx[t]->item[i], &w[t]);
        assert_false(w[t].failed);
    }
    if (w[0].len != w[1].len || memcmp(bytes[0], bytes[1], w[0].len) != 0)
        chaos_fail(c, "a strategy that was saved and loaded does something else");
    for (size_t i = 0; i < w[0].len; i++)
        c->trace = (c->trace ^ bytes[0][i]) * UINT64_C(1099511628211); /* FNV-1a */
}

/* ---- PROPERTY_LOG: what happened, for people who look for a cause ---- */

static bool is_told(void)
{
    static int told = -1;
    if (told < 0)
        told = getenv("PROPERTY_LOG") != NULL;
    return told;
}

static void tell_event(const struct chaos *c, const struct event *e)
{
    char a[DEC_TEXT_MAX], b[DEC_TEXT_MAX];
    double s = (double)(c->now_ns - BEGIN_NS) / 1e9;
    if (e->kind == EVENT_TOP) {
        dec_format(e->top.bid_price, a);
        dec_format(e->top.ask_price, b);
        printf("# %.6f %u: bid %s ask %s\n", s, e->instrument, a, b);
    } else if (e->kind == EVENT_FILL) {
        dec_format(e->fill.price, a);
        dec_format(e->fill.qty, b);
        printf("# %.6f   %llx fills %s at %s\n", s, (unsigned long long)e->fill.id, b, a);
    } else if (e->kind == EVENT_ORDER) {
        printf("# %.6f   %llx %s %s\n", s, (unsigned long long)e->order.id,
               order_state_name(e->order.state), reason_name(e->order.reason));
    } else if (e->kind == EVENT_COMMAND) {
        printf("# %.6f command %s\n", s, command_kind_name(e->command.kind));
    }
}

static void tell_effect(const struct effect *e)
{
    const struct order_request *q = e->kind == EFFECT_SUBMIT ? &e->submit.req : &e->denied.req;
    char price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
    if (e->kind == EFFECT_SUBMIT || e->kind == EFFECT_DENIED) {
        dec_format(q->price, price);
        dec_format(q->qty, qty);
        printf("#     %s %llx %s %s %s at %s\n", e->kind == EFFECT_SUBMIT ? "asks" : "denied",
               (unsigned long long)(e->kind == EFFECT_SUBMIT ? e->submit.id : 0),
               e->kind == EFFECT_SUBMIT ? "" : reason_name(e->denied.denial.reason),
               side_name(q->side), qty, price);
    } else if (e->kind == EFFECT_CANCEL) {
        printf("#     cancels %llx\n", (unsigned long long)e->cancel);
    } else if (e->kind == EFFECT_NOTE) {
        printf("#     notes: %s\n", e->note);
    }
}

/* ---- steps ---- */

static void take_submit(struct chaos *c, const struct order *o)
{
    if (c->orders == CHAOS_ORDERS_MAX)
        chaos_fail(c, "more than %d open orders", CHAOS_ORDERS_MAX);
    c->order[c->orders++] = (struct chaos_order){.id = o->id, .req = o->req, .open = o->req.qty};
    c->submits++;
}

static void take_effects(struct chaos *c)
{
    for (uint32_t i = 0; i < c->fx[0]->count; i++) {
        const struct effect *e = &c->fx[0]->item[i];
        if (is_told())
            tell_effect(e);
        if (e->kind == EFFECT_SUBMIT)
            take_submit(c, &e->submit);
        for (uint32_t n = 0; e->kind == EFFECT_CANCEL && n < c->orders; n++)
            if (c->order[n].id == e->cancel)
                c->order[n].cancel_asked = true;
        if (e->kind == EFFECT_DENIED) {
            c->denied[e->denied.denial.reason]++;
            if (!c->stopping)
                check_denial(c, &e->denied);
        }
        if (e->kind == EFFECT_STATE &&
            (e->state.reason == REASON_STRATEGY_ERROR || e->state.reason == REASON_FLOOD))
            chaos_fail(c, "the strategy was halted: %s", reason_name(e->state.reason));
    }
}

static void step(struct chaos *c, struct event *ev)
{
    ev->ts_recv_ns = ev->ts_event_ns = c->now_ns;
    if (is_told())
        tell_event(c, ev);
    for (int t = 0; t < 2; t++) {
        enum err e = engine_step(c->engine[t], ev, c->fx[t]);
        if (e)
            chaos_fail(c, "engine_step: %s at %s", err_name(e), event_kind_name(ev->kind));
    }
    c->steps++;
    check_twins(c);
    take_effects(c);
    check_books(c);
    check_quotes(c);
}

static void restart_second(struct chaos *c)
{
    static uint8_t bytes[STATE_MAX];
    for (strategy_id k = 0; k < c->setup->strategies; k++) {
        struct bufw w = bufw_make(bytes, sizeof bytes);
        enum err e = engine_strategy_save(c->engine[1], k, &w);
        if (e)
            chaos_fail(c, "save: %s", err_name(e));
        struct bufr r = bufr_make(bytes, w.len);
        e = engine_strategy_load(c->engine[1], k, &r);
        if (e)
            chaos_fail(c, "load: %s", err_name(e));
    }
    c->restarts_done++;
}

static void tick(struct chaos *c)
{
    if (c->restarts && chance(c, 10))
        restart_second(c);
    c->now_ns += 1 + (int64_t)rng_below(&c->rng, 1000);
}

/* ---- the venue ---- */

static struct event of_order(const struct chaos *c, const struct chaos_order *o, enum event_kind k)
{
    return (struct event){.kind = k,
                          .venue = c->setup->instrument[o->req.instrument].venue,
                          .instrument = o->req.instrument};
}

static void say(struct chaos *c, const struct chaos_order *o, enum order_state state,
                enum reason reason)
{
    struct event ev = of_order(c, o, EVENT_ORDER);
    ev.order = (struct event_order){.id = o->id, .state = state, .reason = reason};
    tick(c);
    step(c, &ev);
}

static void forget(struct chaos *c, uint32_t n)
{
    memmove(&c->order[n], &c->order[n + 1], (c->orders - n - 1) * sizeof c->order[0]);
    c->orders--;
}

static void end(struct chaos *c, uint32_t n, enum order_state state, enum reason reason)
{
    struct chaos_order o = c->order[n];
    forget(c, n);
    say(c, &o, state, reason);
}

static void book_fill(struct chaos *c, const struct chaos_order *o, const struct event_fill *f)
{
    const struct instrument *in = &c->setup->instrument[o->req.instrument];
    dec *base = &c->account[order_id_strategy(o->id)][in->venue][in->base];
    dec *quote = &c->account[order_id_strategy(o->id)][in->venue][in->quote];
    dec amount;
    bool buy = o->req.side == SIDE_BUY;
    assert_true(dec_mul(f->price, f->qty, buy ? DEC_UP : DEC_DOWN, &amount));
    base->v += (buy ? f->qty.v : -f->qty.v);
    quote->v += (buy ? -amount.v : amount.v);
    if (f->fee_asset == (buy ? in->base : in->quote))
        *(buy ? base : quote) = (dec){(buy ? base : quote)->v - f->fee.v};
}

/* Fills [qty] of order [n] at [price], with the fee of the venue in what is received. */
static void fill(struct chaos *c, uint32_t n, dec price, dec qty, bool maker)
{
    struct chaos_order *o = &c->order[n];
    const struct instrument *in = &c->setup->instrument[o->req.instrument];
    const struct venue_setup *v = &c->setup->venue[in->venue];
    bool buy = o->req.side == SIDE_BUY;
    struct event ev = of_order(c, o, EVENT_FILL);
    dec received = qty, fee;
    if (!buy)
        assert_true(dec_mul(price, qty, DEC_DOWN, &received));
    assert_true(dec_mul(received, maker ? v->maker_fee : v->taker_fee, DEC_UP, &fee) &&
                dec_round_to(fee, dec_lit("0.00000001"), DEC_UP, &fee));
    ev.fill = (struct event_fill){.id = o->id,
                                  .fill_id = c->next_fill++,
                                  .price = price,
                                  .qty = qty,
                                  .fee = fee,
                                  .fee_asset = buy ? in->base : in->quote,
                                  .liquidity = maker ? LIQUIDITY_MAKER : LIQUIDITY_TAKER};
    book_fill(c, o, &ev.fill);
    o->open.v -= qty.v;
    c->fills++;
    if (dec_is_zero(o->open))
        forget(c, n);
    tick(c);
    step(c, &ev);
}

static bool crosses(const struct chaos *c, const struct chaos_order *o)
{
    instrument_id i = o->req.instrument;
    if (o->req.type == ORDER_MARKET)
        return true;
    return o->req.side == SIDE_BUY ? dec_ge(o->req.price, chaos_ask(c, i))
                                   : dec_le(o->req.price, chaos_bid(c, i));
}

/* The fewest lots that a fair venue fills at once: worth an order by themselves, also at a price
 * that is lower by a half. Less is dust to a strategy, until more is added to it. */
static int64_t fewest_lots(const struct chaos *c, const struct chaos_order *o)
{
    const struct instrument_rules *r = &c->setup->instrument[o->req.instrument].rules;
    dec bid = chaos_bid(c, o->req.instrument), qty;
    int64_t lots = 0;
    assert_true(dec_div(r->min_notional, bid, DEC_UP, &qty) && dec_mul_int(qty, 2, &qty) &&
                dec_round_to(dec_max(qty, r->min_qty), r->lot_size, DEC_UP, &qty) &&
                dec_to_steps(qty, r->lot_size, &lots));
    return lots;
}

/* A part of what is open: whole lots. */
static dec piece(struct chaos *c, const struct chaos_order *o)
{
    dec lot = c->setup->instrument[o->req.instrument].rules.lot_size, part;
    int64_t lots = 0, least = c->faults == CHAOS_FAIR ? fewest_lots(c, o) : 1;
    if (!dec_to_steps(o->open, lot, &lots) || !c->faults || lots < 2 * least || chance(c, 40))
        return o->open;
    /* of a fair venue the rest, too, is worth an order */
    int64_t most = c->faults == CHAOS_FAIR ? lots - least : lots;
    least += (int64_t)rng_below(&c->rng, (uint64_t)(most - least + 1));
    assert_true(dec_mul_int(lot, least, &part));
    return part;
}

/* A new order arrives. True where it stays. */
static bool arrive(struct chaos *c, uint32_t n)
{
    struct chaos_order *o = &c->order[n];
    bool may_end = c->faults == CHAOS_ALL || (c->faults == CHAOS_FAIR && !crosses(c, o));
    if (may_end && chance(c, 4)) {
        end(c, n, ORDER_REJECTED, chance(c, 50) ? REASON_VENUE_RULE : REASON_NOT_ENOUGH_FUNDS);
        return false;
    }
    if (c->faults && !o->doubtful && chance(c, 4)) {
        o->doubtful = true;
        say(c, o, ORDER_IN_DOUBT, REASON_NONE);
        return true;
    }
    if (o->doubtful && may_end && chance(c, 30)) {
        end(c, n, ORDER_REJECTED, REASON_VENUE_RULE); /* proven absent */
        return false;
    }
    if (o->req.post_only && crosses(c, o)) {
        end(c, n, ORDER_REJECTED, REASON_WOULD_TAKE);
        return false;
    }
    o->accepted = true;
    struct chaos_order copy = *o;
    say(c, &copy, ORDER_ACCEPTED, REASON_NONE);
    return true;
}

/* The venue's turn with order [n], which it has accepted. True where it is still there. */
static bool act(struct chaos *c, uint32_t n)
{
    struct chaos_order *o = &c->order[n];
    order_id id = o->id;
    bool ioc = o->req.tif != TIF_GTC || o->req.type == ORDER_MARKET;
    if (crosses(c, o) && !(c->faults == CHAOS_ALL && ioc && chance(c, 10))) {
        bool maker = !ioc;
        instrument_id i = o->req.instrument;
        dec price = maker                     ? o->req.price
                    : o->req.side == SIDE_BUY ? chaos_ask(c, i)
                                              : chaos_bid(c, i);
        fill(c, n, price, piece(c, o), maker);
        if (n >= c->orders || c->order[n].id != id)
            return false;
        o = &c->order[n];
    }
    if (ioc && c->faults == CHAOS_FAIR)
        return true; /* the rest fills later: nothing is missed */
    if (ioc) {
        end(c, n, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED);
        return false;
    }
    if (c->faults == CHAOS_FAIR && crosses(c, o))
        return true; /* the same rest, before a cancel that was under way as it began to trade */
    if (o->cancel_asked || (c->faults && chance(c, 1))) {
        end(c, n, ORDER_CANCELED, REASON_NONE);
        return false;
    }
    return true;
}

void chaos_venue(struct chaos *c)
{
    /* those there are now; what they cause comes next time. By id, since the list moves. */
    order_id ids[CHAOS_ORDERS_MAX];
    uint32_t count = c->orders;
    for (uint32_t n = 0; n < count; n++)
        ids[n] = c->order[n].id;
    for (uint32_t k = 0; k < count; k++) {
        if (c->faults && chance(c, 30))
            continue; /* silent about it for now */
        for (uint32_t n = 0; n < c->orders; n++)
            if (c->order[n].id == ids[k]) {
                if (c->order[n].accepted || arrive(c, n))
                    for (n = 0; n < c->orders; n++)
                        if (c->order[n].id == ids[k] && c->order[n].accepted) {
                            (void)act(c, n);
                            break;
                        }
                break;
            }
    }
}

static bool is_pending(const struct chaos *c)
{
    for (uint32_t n = 0; n < c->orders; n++)
        if (!c->order[n].accepted || c->order[n].cancel_asked || crosses(c, &c->order[n]))
            return true;
    return false;
}

void chaos_settle(struct chaos *c)
{
    enum chaos_faults faults = c->faults;
    uint64_t begun = c->steps;
    c->faults = CHAOS_NONE;
    while (is_pending(c)) {
        chaos_venue(c);
        if (c->steps - begun > IDLE_STEPS)
            chaos_fail(c, "does not come to rest");
    }
    c->faults = faults;
}

/* ---- time and market ---- */

static void fire_timers(struct chaos *c, int64_t until_ns)
{
    uint64_t begun = c->steps;
    for (int64_t due; (due = engine_next_timer_ns(c->engine[0])) <= until_ns;) {
        struct event ev = {.kind = EVENT_TIMER, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
        c->now_ns = due > c->now_ns ? due : c->now_ns;
        step(c, &ev);
        if (engine_next_timer_ns(c->engine[1]) != engine_next_timer_ns(c->engine[0]))
            chaos_fail(c, "timers differ after save and load");
        chaos_venue(c);
        if (c->steps - begun > 50 * IDLE_STEPS)
            chaos_fail(c, "timers without end");
    }
}

void chaos_pass(struct chaos *c, int64_t ns)
{
    int64_t until = c->now_ns + ns;
    fire_timers(c, until);
    c->now_ns = until > c->now_ns ? until : c->now_ns;
    chaos_venue(c);
}

void chaos_market(struct chaos *c, instrument_id i, int64_t ticks)
{
    c->ticks[i] = ticks > 1 ? ticks : 1;
    struct event ev = {.kind = EVENT_TOP, .venue = c->setup->instrument[i].venue, .instrument = i};
    ev.top = (struct event_top){.bid_price = chaos_bid(c, i),
                                .bid_qty = dec_from_i64(1000, 0),
                                .ask_price = chaos_ask(c, i),
                                .ask_qty = dec_from_i64(1000, 0)};
    tick(c);
    fire_timers(c, c->now_ns - 1);
    step(c, &ev);
    ev = (struct event){.kind = EVENT_TRADE, .venue = ev.venue, .instrument = i};
    bool up = ticks % 2 != 0; /* not drawn: two runs of one market must see the same trades */
    ev.trade = (struct event_trade){.price = up ? chaos_ask(c, i) : chaos_bid(c, i),
                                    .qty = DEC_ONE,
                                    .trade_id = c->steps + 1,
                                    .aggressor = up ? SIDE_BUY : SIDE_SELL};
    tick(c);
    step(c, &ev);
    chaos_venue(c);
}

void chaos_command(struct chaos *c, enum command_kind kind, strategy_id s)
{
    struct event ev = {.kind = EVENT_COMMAND, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    ev.command = (struct event_command){.kind = kind, .strategy = s, .reason = "test"};
    tick(c);
    if (kind == COMMAND_STOP)
        c->stopping = true;
    step(c, &ev);
    if (kind == COMMAND_START)
        c->stopping = false;
}

bool chaos_reload(struct chaos *c, const char *text)
{
    static const char *const VENUES[] = {"binance-spot", NULL};
    const struct config_kinds kinds = {.strategies = strategy_registry, .venues = VENUES};
    struct config to;
    struct config_report report = {0};
    enum err e = config_parse(&to, "reload.toml", "", text, strlen(text), &kinds, &report);
    config_report_clear(&report);
    if (e)
        return false;
    for (strategy_id s = 0; s < c->setup->strategies; s++) {
        const struct param_spec *spec = c->setup->strategy[s].ops->params;
        const struct params *now = engine_params(c->engine[0], s),
                            *then = &to.setup->strategy[s].params;
        uint32_t changed[PARAM_MAX], n = 0;
        for (uint32_t i = 0; spec[i].key; i++)
            if (spec[i].flags & PARAM_LIVE && !params_same(spec, i, now, then))
                changed[n++] = i;
        for (uint32_t k = 0; k < n; k++) {
            struct event ev;
            config_change_event(to.setup, s, (uint16_t)changed[k], &ev);
            ev.venue = VENUE_NONE;
            ev.instrument = INSTRUMENT_NONE;
            ev.param.more = k + 1 < n;
            if (k == 0)
                tick(c); /* nothing comes between them, and no restart */
            step(c, &ev);
            c->changes++;
        }
    }
    config_close(&to);
    return true;
}

/* ---- making one ---- */

static void book_opening(struct chaos *c)
{
    for (strategy_id k = 0; k < c->setup->strategies; k++)
        for (venue_id v = 0; v < c->setup->venues; v++)
            for (asset_id a = 0; a < c->setup->assets; a++)
                c->account[k][v][a] = engine_balance(c->engine[0], k, v, a);
}

bool chaos_prepare(struct chaos *c, uint64_t seed, const char *text, enum chaos_faults faults)
{
    static const char *const VENUES[] = {"binance-spot", NULL};
    const struct config_kinds kinds = {.strategies = strategy_registry, .venues = VENUES};
    struct config config;
    struct config_report report = {0};
    memset(c, 0, sizeof *c);
    c->seed = seed;
    c->text = text;
    enum err e = config_parse(&config, "property.toml", "", text, strlen(text), &kinds, &report);
    if (e) {
        static int shown;
        if (getenv("PROPERTY_VERBOSE") && shown++ < 20)
            for (size_t i = 0; i < report.count; i++)
                print_message("refused: %s\n", report.line[i]);
        config_report_clear(&report);
        return false;
    }
    config_report_clear(&report);
    c->setup = config.setup;
    free(config.text);
    rng_seed(&c->rng, seed);
    c->now_ns = BEGIN_NS;
    c->next_fill = 1;
    c->faults = faults;
    c->restarts = true;
    for (int t = 0; t < 2; t++) {
        c->mem[t] = calloc(1, engine_size(c->setup));
        c->fx[t] = calloc(1, sizeof *c->fx[t]);
        assert_non_null(c->mem[t]);
        assert_non_null(c->fx[t]);
        e = engine_init(&c->engine[t], c->mem[t], c->setup);
        if (e)
            chaos_fail(c, "engine_init: %s", err_name(e));
    }
    book_opening(c);
    return true;
}

void chaos_begin(struct chaos *c, const int64_t *ticks)
{
    for (instrument_id i = 0; i < c->setup->instruments; i++) {
        struct event ev = {
            .kind = EVENT_FEED, .venue = c->setup->instrument[i].venue, .instrument = i};
        ev.feed = FEED_LIVE;
        c->spread[i] = 1 + (int64_t)rng_below(&c->rng, 4);
        step(c, &ev);
    }
    for (instrument_id i = 0; i < c->setup->instruments; i++)
        chaos_market(c, i, ticks[i]);
}

bool chaos_open(struct chaos *c, uint64_t seed, const char *text, const int64_t *ticks,
                enum chaos_faults faults)
{
    if (!chaos_prepare(c, seed, text, faults))
        return false;
    chaos_begin(c, ticks);
    return true;
}

void chaos_event(struct chaos *c, struct event *ev)
{
    step(c, ev);
}

void chaos_close(struct chaos *c)
{
    for (int t = 0; t < 2; t++) {
        free(c->mem[t]);
        free(c->fx[t]);
    }
    struct config config = {.setup = c->setup};
    config_close(&config);
}

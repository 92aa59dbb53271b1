#include "twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct twin twin;

#define USUAL_NEAR_FEES "0.001"
#define USUAL_FAR_FEES  "0.002"
#define USUAL_RULES     "tick_size = \"0.01\"\nlot_size = \"0.0001\"\nmin_notional = \"10\"\n"
#define USUAL_FUNDS                                                                                \
    "[strategy.funds]\nnear = { USDT = \"100000\", BTC = \"10\" }\n"                               \
    "far = { USDT = \"100000\", BTC = \"10\" }\n"
#define USUAL_RISK                                                                                 \
    "[risk]\nmax_order_value = \"1e9\"\nmax_position_value = \"1e9\"\n"                            \
    "max_gross_exposure = \"1e9\"\ndaily_loss = \"1e9\"\nmax_drawdown = 1\n"                       \
    "price_collar = 1\nmax_messages = 10000\nmax_open_orders = 1000\nmax_reference_age = \"1d\"\n"
#define USUAL_SYMBOL "BTC-USDT"
#define USUAL_RATE   "USDC-USDT"

const char *twin_near_fees = USUAL_NEAR_FEES, *twin_far_fees = USUAL_FAR_FEES,
           *twin_rules = USUAL_RULES, *twin_far_rules, *twin_funds = USUAL_FUNDS,
           *twin_risk = USUAL_RISK, *twin_far_symbol = USUAL_SYMBOL, *twin_rate = USUAL_RATE;

static void usual(void)
{
    twin_near_fees = USUAL_NEAR_FEES;
    twin_far_fees = USUAL_FAR_FEES;
    twin_rules = USUAL_RULES;
    twin_far_rules = NULL;
    twin_funds = USUAL_FUNDS;
    twin_risk = USUAL_RISK;
    twin_far_symbol = USUAL_SYMBOL;
    twin_rate = USUAL_RATE;
}

static const char *const VENUES[] = {"binance-spot", NULL};

enum err twin_parse(const struct strategy_ops *kind, const char *parameters)
{
    const struct strategy_ops *const strategies[] = {kind, NULL};
    const struct config_kinds kinds = {.strategies = strategies, .venues = VENUES};
    static char text[16384];
    int n = snprintf(
        text, sizeof text,
        "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\nstate_dir = \"state\"\n%s"
        "[[venue]]\nname = \"near\"\nkind = \"binance-spot\"\nmaker_fee = \"0\"\n"
        "taker_fee = \"%s\"\n"
        "[venue.paper]\norder_latency = \"1ms\"\n"
        "balances = { USDT = \"1000000\", USDC = \"1000000\", BTC = \"100\", BNB = \"100\" }\n"
        "[[venue]]\nname = \"far\"\nkind = \"binance-spot\"\nmaker_fee = \"0\"\n"
        "taker_fee = \"%s\"\n"
        "[venue.paper]\norder_latency = \"1ms\"\n"
        "balances = { USDT = \"1000000\", USDC = \"1000000\", BTC = \"100\", BNB = \"100\" }\n"
        "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"near\"\n%s"
        "[[instrument]]\nsymbol = \"%s\"\nvenue = \"far\"\n%s"
        "[[instrument]]\nsymbol = \"%s\"\nvenue = \"far\"\n%s"
        "[[instrument]]\nsymbol = \"BNB-USDT\"\nvenue = \"near\"\n%s"
        "[[strategy]]\nname = \"s\"\nkind = \"%s\"\ninstrument = \"BTC-USDT@near\"\n"
        "other = \"%s@far\"\n%s%s",
        twin_risk, twin_near_fees, twin_far_fees, twin_rules, twin_far_symbol,
        twin_far_rules ? twin_far_rules : twin_rules, twin_rate, USUAL_RULES, USUAL_RULES,
        kind->name, twin_far_symbol, parameters, twin_funds);
    assert_true(n > 0 && (size_t)n < sizeof text);
    return config_parse(&twin.c, "twin.toml", ".", text, strlen(text), &kinds, &twin.report);
}

void twin_open(const struct strategy_ops *kind, const char *parameters)
{
    memset(&twin, 0, sizeof twin);
    enum err err = twin_parse(kind, parameters);
    for (size_t i = 0; i < twin.report.count; i++)
        print_error("%s\n", twin.report.line[i]);
    assert_int_equal(err, ERR_OK);
    twin.w.setup = twin.c.setup;
    twin.w.fx = calloc(1, sizeof *twin.w.fx);
    assert_non_null(twin.w.fx);
    twin.w.now_ns = INT64_C(1704067200) * SECOND;
    twin.w.next_fill = 1;
    world_start(&twin.w);
    /* All that is held has a price before the strategy sees one. */
    twin_trade(3, "300");
    twin_trade(RATE, "1");
}

int twin_close(void **state)
{
    (void)state;
    free(twin.w.mem);
    free(twin.w.fx);
    config_close(&twin.c);
    config_report_clear(&twin.report);
    memset(&twin, 0, sizeof twin);
    usual();
    return 0;
}

/* ---- events ---- */

static void record(void)
{
    for (uint32_t i = 0; i < twin.w.fx->count; i++) {
        const struct effect *f = &twin.w.fx->item[i];
        if (f->kind == EFFECT_SUBMIT) {
            assert_true(twin.sents < TWIN_MAX);
            twin.sent[twin.sents++] = f->submit;
        } else if (f->kind == EFFECT_CANCEL) {
            assert_true(twin.cancels < TWIN_MAX);
            twin.cancel[twin.cancels++] = f->cancel;
        } else if (f->kind == EFFECT_DENIED) {
            assert_true(twin.denieds < TWIN_MAX);
            twin.denied[twin.denieds++] = f->denied;
        } else if (f->kind == EFFECT_NOTE) {
            assert_true(twin.notes < TWIN_MAX);
            memcpy(twin.note[twin.notes++], f->note, NOTE_MAX);
        }
    }
}

void twin_step(struct event *ev)
{
    if (ev->kind == EVENT_TOP || ev->kind == EVENT_TRADE || ev->kind == EVENT_BOOK ||
        ev->kind == EVENT_FEED)
        ev->venue = twin.c.setup->instrument[ev->instrument].venue;
    world_step(&twin.w, ev);
    record();
}

void twin_quote(instrument_id i, const char *bid, const char *bid_qty, const char *ask,
                const char *ask_qty)
{
    twin_step(&(struct event){
        .kind = EVENT_TOP, .instrument = i, .top = {D(bid), D(bid_qty), D(ask), D(ask_qty)}});
}

static uint32_t read_levels(const char *text, struct level *out)
{
    char price[32], qty[32];
    uint32_t n = 0;
    int used;
    while (sscanf(text, "%31s %31s%n", price, qty, &used) == 2) {
        out[n++] = (struct level){D(price), D(qty)};
        text += used;
    }
    return n;
}

void twin_book(instrument_id i, const char *bids, const char *asks)
{
    struct level bid[16], ask[16];
    uint32_t nb = read_levels(bids, bid), na = read_levels(asks, ask);
    twin_step(&(struct event){
        .kind = EVENT_BOOK,
        .instrument = i,
        .book = {.snapshot = true, .bids = nb, .asks = na, .bid = bid, .ask = ask}});
}

void twin_trade(instrument_id i, const char *price)
{
    twin_step(&(struct event){
        .kind = EVENT_TRADE, .instrument = i, .trade = {D(price), D("1"), 0, SIDE_BUY}});
}

void twin_feed(instrument_id i, enum feed_state feed)
{
    twin_step(&(struct event){.kind = EVENT_FEED, .instrument = i, .feed = feed});
}

void twin_wait(int64_t ns)
{
    int64_t end = twin.w.now_ns + ns;
    for (int64_t at; (at = engine_next_timer_ns(twin.w.engine)) <= end;) {
        twin.w.now_ns = (at > twin.w.now_ns ? at : twin.w.now_ns) - 1;
        twin_step(&(struct event){
            .kind = EVENT_TIMER, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE});
    }
    twin.w.now_ns = end > twin.w.now_ns ? end : twin.w.now_ns;
}

void twin_command(enum command_kind kind, strategy_id s)
{
    twin_step(&(struct event){.kind = EVENT_COMMAND,
                              .venue = VENUE_NONE,
                              .instrument = INSTRUMENT_NONE,
                              .command = {.kind = kind, .strategy = s, .reason = "test"}});
}

void twin_param(uint32_t index, enum param_type type, struct param_value value)
{
    value.present = true;
    twin_step(&(struct event){.kind = EVENT_PARAM,
                              .venue = VENUE_NONE,
                              .instrument = INSTRUMENT_NONE,
                              .param = {.strategy = 0,
                                        .index = (uint16_t)index,
                                        .type = type,
                                        .present = true,
                                        .value = value}});
}

/* ---- answers ---- */

void twin_fill(uint32_t n, const char *price, const char *qty)
{
    assert_true(n < twin.sents);
    const struct order *o = &twin.sent[n];
    const struct instrument *in = &twin.c.setup->instrument[o->req.instrument];
    bool buy = o->req.side == SIDE_BUY;
    dec amount = D(qty), fee;
    if (!buy)
        assert_true(dec_mul(D(price), D(qty), DEC_DOWN, &amount));
    assert_true(dec_mul(amount, twin.c.setup->venue[in->venue].taker_fee, DEC_UP, &fee));
    assert_true(dec_round_to(fee, D("0.00000001"), DEC_UP, &fee));
    twin_step(&(struct event){.kind = EVENT_FILL,
                              .venue = in->venue,
                              .instrument = o->req.instrument,
                              .fill = {.id = o->id,
                                       .fill_id = twin.w.next_fill++,
                                       .price = D(price),
                                       .qty = D(qty),
                                       .fee = fee,
                                       .fee_asset = buy ? in->base : in->quote,
                                       .liquidity = LIQUIDITY_TAKER}});
}

void twin_answer(uint32_t n, enum order_state state, enum reason reason)
{
    assert_true(n < twin.sents);
    const struct order *o = &twin.sent[n];
    twin_step(&(struct event){
        .kind = EVENT_ORDER,
        .venue = twin.c.setup->instrument[o->req.instrument].venue,
        .instrument = o->req.instrument,
        .order = {.id = o->id, .state = state, .reason = reason, .venue_order_id = n + 1}});
}

void twin_expire(uint32_t n)
{
    twin_answer(n, ORDER_EXPIRED, REASON_BOOK_EXHAUSTED);
}

/* ---- what came of it ---- */

void twin_expect_at(uint32_t n, const char *text, const char *file, int line)
{
    char have[256] = "(none)", price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
    if (n < twin.sents) {
        const struct order_request *q = &twin.sent[n].req;
        dec_format(q->price, price);
        dec_format(q->qty, qty);
        bool limit = q->type == ORDER_LIMIT;
        snprintf(have, sizeof have, "%s %s %s%s%s", side_name(q->side), qty,
                 q->instrument == NEAR ? "near" : "far", limit ? " @" : "", limit ? price : "");
        if (q->tif != TIF_IOC)
            snprintf(have, sizeof have, "not ioc");
    }
    if (strcmp(have, text) != 0) {
        print_error("%s:%d: order %u is \"%s\", not \"%s\"\n", file, line, n, have, text);
        for (uint32_t i = 0; i < twin.notes; i++)
            print_error("note: %s\n", twin.note[i]);
        for (uint32_t i = 0; i < twin.denieds; i++)
            print_error("denied: %s\n", reason_name(twin.denied[i].denial.reason));
        fail();
    }
}

const char *twin_figure(const char *name)
{
    static char text[4][DEC_TEXT_MAX];
    static uint32_t turn;
    struct figure f[FIGURES_MAX];
    uint32_t n = engine_figures(twin.w.engine, 0, f);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0) {
            turn = (turn + 1) % 4;
            if (!figure_known(&f[i]))
                return "-";
            dec_format(f[i].value, text[turn]);
            return text[turn];
        }
    fail_msg("there is no figure %s", name);
    return "";
}

uint32_t twin_count_notes(const char *part)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < twin.notes; i++)
        found += strstr(twin.note[i], part) != NULL;
    return found;
}

bool twin_noted(const char *part)
{
    return twin_count_notes(part) > 0;
}

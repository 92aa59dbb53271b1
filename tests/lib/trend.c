#include "trend.h"

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct world trend;

static const struct strategy_ops *const STRATEGIES[] = {&strategy_momentum, NULL};
static const char *const VENUES[] = {"binance-spot", NULL};
static const struct config_kinds KINDS = {.strategies = STRATEGIES, .venues = VENUES};

const char *trend_params(const char *lines, struct params *ret)
{
    static char text[4096], why[1024];
    static struct config_report report;
    snprintf(text, sizeof text,
             "[agent]\nname = \"t\"\nmode = \"paper\"\nquote = \"USDT\"\n"
             "[risk]\nmax_order_value = \"5000\"\nmax_position_value = \"100000\"\n"
             "max_gross_exposure = \"100000\"\n"
             "[[venue]]\nname = \"sim\"\nkind = \"binance-spot\"\nmaker_fee = \"0.001\"\n"
             "taker_fee = \"0.001\"\n[venue.paper]\nbalances = { USDT = \"10000\" }\n"
             "[[instrument]]\nsymbol = \"BTC-USDT\"\nvenue = \"sim\"\ntick_size = \"0.01\"\n"
             "lot_size = \"0.00001\"\nmin_qty = \"0.00001\"\nmin_notional = \"5\"\n"
             "[[strategy]]\nname = \"m\"\nkind = \"momentum\"\nbudget = \"9000\"\n"
             "instrument = \"BTC-USDT\"\n%s%s%s\n",
             strstr(lines, "timeframe =") ? "" : "timeframe = \"1m\"\n",
             strstr(lines, "amount = \"") && lines == strstr(lines, "amount =")
                 ? ""
                 : "amount = \"1000\"\n",
             lines);
    struct config c = {0};
    why[0] = 0;
    if (config_parse(&c, "test", ".", text, strlen(text), &KINDS, &report) != ERR_OK) {
        snprintf(why, sizeof why, "%s", report.count ? report.line[0] : "?");
        config_report_clear(&report);
        return why;
    }
    *ret = c.setup->strategy[0].params;
    config_report_clear(&report);
    config_close(&c);
    return NULL;
}

void trend_begin_with(const char *lines, const char *budget, const char *inventory)
{
    world_open(&trend);
    struct strategy_setup *s = world_strategy(&trend, "m", &strategy_momentum, budget, inventory);
    const char *why = trend_params(lines, &s->params);
    if (why)
        fail_msg("%s", why);
    world_start(&trend);
}

void trend_begin(const char *lines)
{
    trend_begin_with(lines, "9000", "0");
}

void trend_end(void)
{
    world_close(&trend);
}

static void trade(int64_t cents)
{
    world_step(&trend, &(struct event){.kind = EVENT_TRADE,
                                       .trade = {dec_from_i64(cents, 2), D("1"), 0, SIDE_BUY}});
}

static void end_minute(void)
{
    world_advance(&trend, MINUTE - 1 - trend.now_ns % MINUTE);
    world_timer(&trend);
}

void trend_candle(const struct trend_bar *b)
{
    trade(b->open);
    trade(b->high);
    trade(b->low);
    trade(b->close);
    end_minute();
}

void trend_close(const char *price)
{
    world_trade(&trend, price, "1");
    end_minute();
}

void trend_wait(int64_t ns)
{
    int64_t until = trend.now_ns + ns;
    for (;;) {
        int64_t at = engine_next_timer_ns(trend.engine);
        if (at > until)
            break;
        trend.now_ns = at > trend.now_ns ? at - 1 : trend.now_ns;
        world_timer(&trend);
        if (trend_sent() || trend_cancel())
            return;
    }
    trend.now_ns = until;
}

void trend_price(const char *text)
{
    world_trade(&trend, text, "1");
}

void trend_turn_up(void)
{
    trend_close("50000");
    trend_close("49000");
    trend_assert_nothing_sent();
    trend_close("50000");
}

order_id trend_enter(const char *lines)
{
    trend_begin(lines);
    trend_turn_up();
    return trend_assert_sent("buy market 0.02");
}

void trend_hold(const char *lines)
{
    trend_fill_all(trend_enter(lines), "50000");
    assert_string_equal(trend_figure("stage"), "2");
}

const struct order *trend_sent(void)
{
    const struct effect *fx = world_effect(&trend, EFFECT_SUBMIT, 0);
    return fx ? &fx->submit : NULL;
}

order_id trend_cancel(void)
{
    const struct effect *fx = world_effect(&trend, EFFECT_CANCEL, 0);
    return fx ? fx->cancel : 0;
}

const char *trend_note(void)
{
    const struct effect *fx = world_effect(&trend, EFFECT_NOTE, 0);
    return fx ? fx->note : "";
}

order_id trend_assert_sent(const char *want)
{
    const struct order *o = trend_sent();
    if (!o)
        fail_msg("nothing was sent, want %s (%s)", want, trend_note());
    char got[128], qty[DEC_TEXT_MAX], price[DEC_TEXT_MAX];
    dec_format(o->req.qty, qty);
    dec_format(o->req.price, price);
    bool limit = o->req.type == ORDER_LIMIT;
    snprintf(got, sizeof got, "%s %s %s%s%s", side_name(o->req.side), order_type_name(o->req.type),
             qty, limit ? " " : "", limit ? price : "");
    assert_string_equal(got, want);
    assert_null(world_effect(&trend, EFFECT_SUBMIT, 1));
    assert_true(o->req.parent != 0); /* bounded by what it declared */
    return o->id;
}

void trend_assert_nothing_sent(void)
{
    const struct order *o = trend_sent();
    if (o)
        fail_msg("%s %s was sent", side_name(o->req.side), order_type_name(o->req.type));
}

void trend_assert_cancel(order_id id)
{
    assert_int_equal(trend_cancel(), id);
}

void trend_answer(order_id id, enum order_state state, enum reason reason)
{
    world_step(&trend,
               &(struct event){
                   .kind = EVENT_ORDER,
                   .order = {.id = id, .state = state, .reason = reason, .venue_order_id = id}});
}

void trend_fill_all(order_id id, const char *price)
{
    char qty[DEC_TEXT_MAX];
    const struct order *o = engine_order(trend.engine, id);
    assert_non_null(o);
    dec_format(order_open_qty(o), qty);
    world_fill(&trend, id, price, qty);
}

const char *trend_figure(const char *name)
{
    static char text[DEC_TEXT_MAX];
    struct figure f[FIGURES_MAX];
    uint32_t n = engine_figures(trend.engine, 0, f);
    assert_in_range(n, 1, FIGURES_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0) {
            if (!figure_known(&f[i]))
                return "-";
            dec_format(f[i].value, text);
            return text;
        }
    fail_msg("no figure %s", name);
    return NULL;
}

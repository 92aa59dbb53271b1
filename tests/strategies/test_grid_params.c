/* grid: what each parameter does, at its boundary. */
#include "grids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct world w;

#define RANGE "lower=48000", "upper=52000"

static void assert_figure(const char *name, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(grids_figure(&w, name), text);
    assert_string_equal(text, want);
}

static void fill_all(const char *price)
{
    const struct order *o = engine_order(w.engine, grids_at(&w, price));
    char qty[DEC_TEXT_MAX];
    assert_non_null(o);
    dec_format(order_open_qty(o), qty);
    world_fill(&w, o->id, price, qty);
}

static void reject(order_id id, enum reason reason)
{
    world_step(&w, &(struct event){.kind = EVENT_ORDER,
                                   .order = {.id = id, .state = ORDER_REJECTED, .reason = reason}});
}

static void wait(int64_t seconds)
{
    world_advance(&w, seconds * SECOND);
    world_timer(&w);
}

static void spacing_levels_and_step(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", "lower=40000", "upper=64000", "levels=3", "size=0.01",
               "spacing=geometric", NULL);
    world_start(&w);
    world_trade(&w, "60000", "1");
    grids_assert_open(&w, "buy 0.01@50596.44, buy 0.01@40000"); /* sqrt(40000 x 64000) */
    world_close(&w);
    grids_open(&w, "9000", "0", RANGE, "step=1500", "size=0.01", NULL);
    world_start(&w);
    world_trade(&w, "51500", "1"); /* 48000, 49500, 51000: the last slot ends at 51000 */
    grids_assert_open(&w, "buy 0.01@49500, buy 0.01@48000");
    assert_figure("upper_now", "51000");
    world_close(&w);
    grids_open(&w, "9000", "0", RANGE, "step=0.02", "spacing=geometric", "size=0.01", NULL);
    world_start(&w);
    world_trade(&w, "51900", "1"); /* 48000, 48960, 49939.2, 50937.984, 51956.74 */
    grids_assert_open(&w, "buy 0.01@50937.98, buy 0.01@49939.2, buy 0.01@48960, buy 0.01@48000");
    world_close(&w);
}

static void size_by_amount_and_by_investment(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=3", "amount=500", NULL);
    world_start(&w);
    world_trade(&w, "51000", "1"); /* 500 / 50000, 500 / 48000 rounded down to the lot */
    grids_assert_open(&w, "buy 0.01@50000, buy 0.01041@48000");
    world_close(&w);
    grids_open(&w, "9000", "0", RANGE, "levels=3", "investment=980", NULL);
    world_start(&w);
    world_trade(&w, "51000", "1"); /* 980 / (50000 + 48000) */
    grids_assert_open(&w, "buy 0.01@50000, buy 0.01@48000");
    world_close(&w);
    grids_open(&w, "9000", "0", RANGE, "levels=3", "investment=979.99", NULL);
    world_start(&w);
    world_trade(&w, "51000", "1");
    grids_assert_open(&w, "buy 0.00999@50000, buy 0.00999@48000");
    world_close(&w);
}

static void post_only(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        grids_open(&w, "9000", "0", RANGE, "levels=3", "size=0.01",
                   i ? "post_only=true" : "post_only=false", NULL);
        world_start(&w);
        world_trade(&w, "51000", "1");
        assert_int_equal(engine_open_order(w.engine, 0)->req.post_only, i);
        world_close(&w);
    }
}

static void direction(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.05", RANGE, "levels=5", "size=0.01", "direction=neutral", NULL);
    world_start(&w);
    world_trade(&w, "50000", "1");
    grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000, sell 0.01@51000, sell 0.01@52000");
    world_close(&w);
    /* long: the inventory is not touched */
    grids_open(&w, "9000", "0.05", RANGE, "levels=5", "size=0.01", "direction=long", NULL);
    world_start(&w);
    world_trade(&w, "50000", "1");
    grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000");
    world_close(&w);
    /* short: all slots hold while it lasts, those above the price first */
    grids_open(&w, "9000", "0.03", RANGE, "levels=5", "size=0.01", "direction=short", NULL);
    world_start(&w);
    world_trade(&w, "50000", "1");
    grids_assert_open(&w, "buy 0.01@48000, sell 0.01@50000, sell 0.01@51000, sell 0.01@52000");
    assert_figure("inventory", "0.03");
    world_close(&w);
}

static void initial_order_at_the_market(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.01", RANGE, "levels=5", "size=0.01", "initial_order=market",
               "slippage=0.001", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1"); /* 50-51 holds, 51-52 is bought for: at 49549.5 at most */
    grids_assert_open(&w, "buy 0.01@49549.5, buy 0.01@49000, buy 0.01@48000, sell 0.01@51000");
    const struct order *o = engine_open_order(w.engine, 0);
    assert_int_equal(o->req.tif, TIF_IOC);
    assert_false(o->req.post_only);
    world_fill(&w, o->id, "49510", "0.004");
    grids_assert_open(&w, "buy 0.006@49549.5, buy 0.01@49000, buy 0.01@48000, sell 0.01@51000, "
                          "sell 0.00399@52000");
    world_order(&w, o->id, ORDER_EXPIRED);
    world_advance(&w, SECOND);
    world_timer(&w); /* the rest comes again a second later */
    grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000, sell 0.01@51000, sell 0.00399@52000, "
                          "buy 0.006@49549.5");
    world_order(&w, grids_at(&w, "49549.5"), ORDER_EXPIRED);
    world_trade(&w, "49549.51", "1"); /* beyond the cap: the slot waits as any other */
    world_advance(&w, SECOND);
    world_timer(&w);
    grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000, sell 0.01@51000, sell 0.00399@52000");
    world_close(&w);
}

static void initial_order_at_the_price(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=3", "size=0.01", "initial_order=limit",
               "slippage=0.001", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    grids_assert_open(&w, "buy 0.01@49500, buy 0.01@48000");
    assert_int_equal(engine_open_order(w.engine, 0)->req.tif, TIF_GTC);
    world_trade(&w, "49549.5", "1"); /* exactly the cap is not beyond it */
    grids_assert_open(&w, "buy 0.01@49500, buy 0.01@48000");
    world_trade(&w, "49549.51", "1");
    grids_assert_open(&w, "buy 0.01@48000");
    grids_cancels_happen(&w);
    world_trade(&w, "50100", "1");
    grids_assert_open(&w, "buy 0.01@48000, buy 0.01@50000");
    world_close(&w);
}

static void initial_order_of_short_sells(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.02", RANGE, "levels=3", "size=0.01", "initial_order=market",
               "direction=short", "slippage=0.001", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1"); /* 48-50 holds and shall be sold; 50-52 holds */
    grids_assert_open(&w, "sell 0.01@49450.5, sell 0.01@52000");
    fill_all("49450.5");
    grids_assert_open(&w, "sell 0.01@52000, buy 0.01@48000");
    world_close(&w);
}

static void trigger(void **state)
{
    (void)state;
    for (int from_below = 0; from_below < 2; from_below++) {
        grids_open(&w, "9000", "0", RANGE, "levels=3", "size=0.01", "trigger=51000", NULL);
        world_start(&w);
        world_trade(&w, from_below ? "49000" : "53000", "1");
        world_trade(&w, from_below ? "50999.99" : "51000.01", "1");
        grids_assert_open(&w, "");
        world_trade(&w, "51000", "1");
        grids_assert_open(&w, "buy 0.01@50000, buy 0.01@48000");
        world_close(&w);
    }
}

/* Cancels, sells what the slots hold together, stops; and begins anew when a person says so. */
static void stop_loss(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.01", RANGE, "levels=5", "size=0.01", "stop_loss=47000",
               "slippage=0.01", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    fill_all("49000");
    fill_all("48000");
    grids_assert_open(&w, "sell 0.01@51000, sell 0.00999@50000, sell 0.00999@49000");
    world_trade(&w, "47000.01", "1");
    grids_assert_open(&w, "sell 0.01@51000, sell 0.00999@50000, sell 0.00999@49000");
    world_trade(&w, "47000", "1");
    grids_assert_open(&w, ""); /* three cancels are under way */
    grids_cancels_happen(&w);
    grids_assert_open(&w, "sell 0.02998@46530");
    const struct order *o = engine_open_order(w.engine, 0);
    assert_int_equal(o->req.tif, TIF_IOC);
    world_fill(&w, o->id, "46990", "0.02");
    world_order(&w, o->id, ORDER_EXPIRED);
    grids_assert_open(&w, "");
    world_trade(&w, "46000", "1");
    grids_assert_open(&w, "");
    world_advance(&w, SECOND);
    world_timer(&w);
    grids_assert_open(&w, "sell 0.00998@45540"); /* the price is asked for again */
    fill_all("45540");
    assert_figure("inventory", "0");
    assert_figure("stopped", "1");
    world_trade(&w, "49500", "1"); /* latched */
    world_advance(&w, 3600 * SECOND);
    world_timer(&w);
    grids_assert_open(&w, "");
    grids_change(&w, "max_open", "7"); /* not what stopped it */
    grids_assert_open(&w, "");
    grids_change(&w, "stop_loss", "46000");
    grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000");
    assert_figure("stopped", "0");
    world_close(&w);
}

static void take_profit(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.02", RANGE, "levels=5", "size=0.01", "take_profit=52500",
               "slippage=0", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_trade(&w, "52499.99", "1");
    grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000, sell 0.01@51000, sell 0.01@52000");
    world_trade(&w, "52500", "1");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "sell 0.02@52500");
    fill_all("52500");
    assert_figure("stopped", "1");
    world_close(&w);
}

/* A sell of everything that is refused for its size comes in halves. */
static void closing_in_parts(void **state)
{
    (void)state;
    struct strategy_setup *s =
        grids_open(&w, "9000", "0.04", RANGE, "levels=5", "size=0.02", "stop_loss=47000", NULL);
    s->risk.has_max_order_qty = true;
    s->risk.max_order_qty = D("0.02");
    world_start(&w);
    world_trade(&w, "48500", "1");
    grids_assert_open(&w, "buy 0.02@48000, sell 0.02@50000, sell 0.02@51000");
    world_trade(&w, "47000", "1");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "");
    world_advance(&w, SECOND);
    world_timer(&w);
    grids_assert_open(&w, "sell 0.02@46765");
    fill_all("46765");
    grids_assert_open(&w, "sell 0.02@46765");
    fill_all("46765");
    assert_figure("stopped", "1");
    world_close(&w);
}

/* A stop must not fail for a slippage that the collar forbids. */
static void closing_within_the_collar(void **state)
{
    (void)state;
    struct strategy_setup *s = grids_open(&w, "9000", "0.02", RANGE, "levels=5", "size=0.01",
                                          "stop_loss=47000", "slippage=0.03", NULL);
    s->risk.has_price_collar = true;
    s->risk.price_collar = D("0.02");
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_trade(&w, "46990", "1");
    grids_cancels_happen(&w);
    grids_assert_open(&w, ""); /* 3 % below was denied */
    wait(1);
    grids_assert_open(&w, "sell 0.02@46990");
    world_close(&w);
}

/* While no order is allowed it is asked for each second at first, and then each minute. */
static void closing_is_patient(void **state)
{
    (void)state;
    struct strategy_setup *s =
        grids_open(&w, "9000", "0.02", RANGE, "levels=5", "size=0.01", "stop_loss=47000", NULL);
    s->risk.has_max_order_qty = true;
    s->risk.max_order_qty = D("0.000001");
    world_start(&w);
    world_trade(&w, "46000", "1");
    int64_t until = w.now_ns + 600 * SECOND;
    while (w.now_ns < until) {
        world_advance(&w, SECOND);
        world_timer(&w);
    }
    struct engine_totals t;
    engine_totals(w.engine, 0, &t);
    assert_true(t.denied > 20 && t.denied < 150);
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_ACTIVE);
    world_close(&w);
}

/* Paused, its orders stay where they are. */
static void a_paused_grid_does_not_trail(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=3", "size=0.01", "on_exit=trail",
               "trail_up_to=60000", NULL);
    world_start(&w);
    world_trade(&w, "51000", "1");
    world_command(&w, COMMAND_PAUSE, 0);
    world_trade(&w, "55000", "1");
    grids_assert_open(&w, "buy 0.01@50000, buy 0.01@48000");
    world_command(&w, COMMAND_RESUME, 0);
    world_trade(&w, "55000", "1");
    grids_assert_open(&w, "buy 0.01@50000");
    world_close(&w);
}

static void on_exit_hold_and_close(void **state)
{
    (void)state;
    for (int close = 0; close < 2; close++) {
        grids_open(&w, "9000", "0", RANGE, "levels=5", "size=0.01",
                   close ? "on_exit=close" : "on_exit=hold", NULL);
        world_start(&w);
        world_trade(&w, "52000.01", "1"); /* closing: begins inside only */
        if (close)
            grids_assert_open(&w, "");
        world_trade(&w, "49500", "1");
        world_trade(&w, "52000", "1"); /* the boundary belongs to the range */
        assert_figure("stopped", "0");
        world_trade(&w, "52000.01", "1");
        assert_figure("stopped", close ? "1" : "0");
        world_close(&w);
    }
}

static void trailing_up_to_its_cap(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=5", "size=0.01", "on_exit=trail",
               "trail_up_to=54000", NULL);
    world_start(&w);
    world_trade(&w, "52999.99", "1");
    grids_assert_open(&w, "buy 0.01@51000, buy 0.01@50000, buy 0.01@49000, buy 0.01@48000");
    world_trade(&w, "53000", "1");
    assert_figure("upper_now", "52000"); /* the lowest level's order has to go first */
    grids_cancels_happen(&w);
    grids_assert_open(&w, "buy 0.01@51000, buy 0.01@50000, buy 0.01@49000, buy 0.01@52000");
    assert_figure("lower_now", "49000");
    assert_figure("upper_now", "53000");
    world_trade(&w, "60000", "1");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "buy 0.01@51000, buy 0.01@50000, buy 0.01@52000, buy 0.01@53000");
    world_trade(&w, "60000", "1"); /* not beyond the cap ... */
    assert_figure("upper_now", "54000");
    grids_change(&w, "trail_up_to", "55000"); /* ... until that is moved */
    grids_cancels_happen(&w);
    assert_figure("upper_now", "55000");
    grids_change(&w, "on_exit", "hold");
    grids_change(&w, "trail_up_to", "70000");
    world_trade(&w, "60000", "1");
    assert_figure("upper_now", "55000");
    world_close(&w);
}

/* At higher prices the same quantity would cost more than was to be invested. */
static void trailing_keeps_to_the_investment(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=5", "investment=1980", "on_exit=trail",
               "trail_up_to=54000", NULL);
    world_start(&w);
    world_trade(&w, "53000", "1");
    grids_cancels_happen(&w);
    /* 0.01 each of 51000, 50000, 49000 leave 480 of 1980; 480 / 52000 */
    grids_assert_open(&w, "buy 0.00923@52000, buy 0.01@51000, buy 0.01@50000, buy 0.01@49000");
    world_close(&w);
}

/* What the budget does not pay is not asked for; the nearest come first. */
static void money_that_is_not_there_is_waited_for(void **state)
{
    (void)state;
    grids_open(&w, "1010", "0", RANGE, "levels=5", "size=0.01", NULL);
    world_start(&w);
    world_trade(&w, "51500", "1");
    grids_assert_open(&w, "buy 0.01@51000, buy 0.01@50000"); /* exactly 1010 */
    struct engine_totals t;
    engine_totals(w.engine, 0, &t);
    assert_int_equal(t.denied, 0);
    world_order(&w, grids_at(&w, "50000"), ORDER_CANCELED);
    wait(60);
    grids_assert_open(&w, "buy 0.01@51000, buy 0.01@50000");
    world_close(&w);
}

static void trailing_down_takes_along_what_it_holds(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.01", RANGE, "levels=3", "size=0.01", "on_exit=trail",
               "trail_down_to=46000", NULL);
    world_start(&w);
    world_trade(&w, "49500", "1");
    grids_assert_open(&w, "buy 0.01@48000, sell 0.01@52000");
    fill_all("48000");
    world_trade(&w, "46000.01", "1");
    grids_assert_open(&w, "sell 0.01@52000, sell 0.00999@50000");
    world_trade(&w, "46000", "1");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "sell 0.00999@50000, sell 0.01@48000");
    assert_figure("lower_now", "46000");
    world_trade(&w, "40000", "1"); /* the cap is reached */
    grids_cancels_happen(&w);
    assert_figure("lower_now", "46000");
    fill_all("48000"); /* bought at 49500, sold at 48000 */
    assert_true(dec_is_neg(grids_figure(&w, "grid_profit")));
    world_close(&w);
}

static void max_open(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0.02", RANGE, "levels=9", "size=0.01", "max_open=1", NULL);
    world_start(&w);
    world_trade(&w, "49800", "1");
    grids_assert_open(&w, "buy 0.01@49500, sell 0.01@50500");
    world_trade(&w, "50600", "1"); /* 50000-50500 holds; the next to buy is 50500 - but that would
                                      cross the sell there */
    grids_assert_open(&w, "buy 0.01@49500, sell 0.01@50500");
    fill_all("50500");
    /* the nearest is 50000 now (and 50500 waits for nothing: its slot holds) */
    grids_assert_open(&w, "sell 0.01@51000");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "sell 0.01@51000, buy 0.01@50000");
    fill_all("50000");
    grids_assert_open(&w, "buy 0.01@49500");
    grids_cancels_happen(&w);
    grids_assert_open(&w, "buy 0.01@49500, sell 0.00999@50500");
    grids_change(&w, "max_open", "2");
    grids_assert_open(&w, "buy 0.01@49500, sell 0.00999@50500, buy 0.01@49000, sell 0.01@51000");
    grids_change(&w, "max_open", NULL);
    assert_int_equal(engine_open_orders(w.engine), 6);
    world_close(&w);
}

static enum err check_fees(struct strategy_setup *s, const char *fee, const char **key, char *why)
{
    return strategy_grid.check_fees(&s->params, &w.setup->instrument[0], D(fee), D("0.1"), key, why,
                                    256);
}

/* A step of 1 % on the lower price, sold a level higher: (1.01 x 0.999^2 - 1) = 0.00798101. */
/* A buy that a full window could not pay, even without its furthest order, does not push that out
 * again and again. */
static void a_window_that_cannot_pay_stays(void **state)
{
    (void)state;
    static const char *const BUDGET[] = {"980", "995"};
    for (int i = 0; i < 2; i++) {
        grids_open(&w, BUDGET[i], "0", RANGE, "levels=5", "size=0.01", "max_open=2", NULL);
        world_start(&w);
        world_trade(&w, "49500", "1");
        grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000");
        world_trade(&w, "50500", "1");
        if (i == 0) { /* 10 + 480 do not pay 500 */
            for (int n = 0; n < 5; n++) {
                grids_assert_open(&w, "buy 0.01@49000, buy 0.01@48000");
                assert_null(world_effect(&w, EFFECT_CANCEL, 0));
                wait(60);
            }
        } else {
            assert_non_null(world_effect(&w, EFFECT_CANCEL, 0));
            world_order(&w, world_effect(&w, EFFECT_CANCEL, 0)->cancel, ORDER_CANCELED);
            grids_assert_open(&w, "buy 0.01@49000, buy 0.01@50000");
        }
        world_close(&w);
    }
}

static void min_profit(void **state)
{
    (void)state;
    struct strategy_setup *s = grids_open(&w, "9000", "0", "lower=50000", "upper=50500", "levels=2",
                                          "size=0.01", "min_profit=0.00798101", NULL);
    const char *key = "";
    char why[256];
    assert_int_equal(check_fees(s, "0.001", &key, why), ERR_OK);
    grids_set(s, "min_profit", "0.007981010000000001");
    assert_int_equal(check_fees(s, "0.001", &key, why), ERR_RANGE);
    assert_string_equal(key, "levels");
    assert_string_equal(why,
                        "the step from 50000 to 50500 earns 0.798 % after two maker fees of 0.1 "
                        "%; at least min_profit = 0.007981010000000001 is wanted: use fewer "
                        "levels or a wider range");
    grids_set(s, "min_profit", "0"); /* two fees of 0.5 % are 1 %, and a little less */
    assert_int_equal(check_fees(s, "0.00496", &key, why), ERR_OK);
    assert_int_equal(check_fees(s, "0.00497", &key, why), ERR_RANGE);
    /* and when it begins, with the rules that the venue has by then */
    grids_set(s, "min_profit", "0.008");
    world_start(&w);
    world_trade(&w, "50100", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_non_null(world_effect(&w, EFFECT_NOTE, 0));
    world_close(&w);
}

/* A tick off the market, then two; a market that comes back finds it at its level. */
static void reprice(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=3", "size=0.01", "reprice=true", NULL);
    world_start(&w);
    world_top(&w, "50001", "50002");
    assert_true(grids_at(&w, "50000") != 0);
    reject(grids_at(&w, "50000"), REASON_WOULD_TAKE);
    world_top(&w, "49990", "49991");
    wait(1);
    grids_assert_open(&w, "buy 0.01@48000"); /* a buy is below the mark only */
    world_top(&w, "50000", "50000.02");
    grids_assert_open(&w, "buy 0.01@48000, buy 0.01@50000"); /* not above its level */
    reject(grids_at(&w, "50000"), REASON_WOULD_TAKE);
    world_step(&w,
               &(struct event){.kind = EVENT_TOP, .top = {D("49999"), D("1"), D("50003"), D("1")}});
    wait(1);
    grids_assert_open(&w, "buy 0.01@48000, buy 0.01@50000");
    world_fill(&w, grids_at(&w, "50000"), "50000", "0.01");
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52000");
    reject(grids_at(&w, "52000"), REASON_WOULD_TAKE);
    world_top(&w, "52100", "52101");
    wait(1);
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52100.01");
    reject(grids_at(&w, "52100.01"), REASON_WOULD_TAKE);
    wait(1);
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52100.02");
    for (int i = 3; i < 14; i++) {
        reject(engine_open_order(w.engine, 1)->id, REASON_WOULD_TAKE);
        wait(1);
    }
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52100.1"); /* ten at most */
    order_id id = engine_open_order(w.engine, 1)->id;
    world_order(&w, id, ORDER_ACCEPTED);
    reject(id, REASON_WOULD_TAKE); /* late: the venue took it */
    world_order(&w, id, ORDER_CANCELED);
    wait(60);
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52000");
    grids_change(&w, "reprice", "false");
    reject(grids_at(&w, "52000"), REASON_WOULD_TAKE);
    wait(1);
    grids_assert_open(&w, "buy 0.01@48000"); /* it would be refused for ever */
    wait(4000);
    grids_assert_open(&w, "buy 0.01@48000");
    world_top(&w, "52000", "52001"); /* still there */
    grids_assert_open(&w, "buy 0.01@48000");
    world_top(&w, "51999.99", "52001"); /* the market has left its level */
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52000");
    world_close(&w);
}

static void cooldown(void **state)
{
    (void)state;
    grids_open(&w, "9000", "0", RANGE, "levels=3", "size=0.01", "cooldown=90s", NULL);
    world_start(&w);
    world_trade(&w, "51000", "1");
    fill_all("50000");
    int64_t filled = w.now_ns;
    grids_assert_open(&w, "buy 0.01@48000");
    assert_int_equal(engine_next_timer_ns(w.engine), filled + 90 * SECOND);
    w.now_ns = filled + 90 * SECOND - 2;
    world_timer(&w);
    grids_assert_open(&w, "buy 0.01@48000");
    world_timer(&w);
    grids_assert_open(&w, "buy 0.01@48000, sell 0.00999@52000");
    grids_change(&w, "cooldown", "0s");
    fill_all("48000");
    grids_assert_open(&w, "sell 0.00999@52000, sell 0.00999@50000");
    world_close(&w);
}

static void checks(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *complains;
    } CASES[] = {
        {"upper", "48000", "upper"},
        {"step", "100", "step"},
        {"levels", NULL, "levels"},
        {"amount", "100", "amount"},
        {"investment", "100", "investment"},
        {"size", NULL, "size"},
        {"stop_loss", "48000", "stop_loss"},
        {"stop_loss", "47999.99", NULL},
        {"take_profit", "52000", "take_profit"},
        {"take_profit", "52000.01", NULL},
        {"trail_up_to", "52000", "trail_up_to"},
        {"trail_up_to", "52000.01", "trail_up_to"},
        {"trail_down_to", "48000", "trail_down_to"},
        {"trail_down_to", "47999.99", "trail_down_to"},
        {"on_exit", "trail", "on_exit"},
        {"trail_up_to=52000", "trail", "trail_up_to"}, /* beside on_exit */
        {"trail_up_to=52000.01", "trail", NULL},
        {"trail_down_to=48000", "trail", "trail_down_to"},
        {"trail_down_to=47999.99", "trail", NULL},
        {"size", "0.00011", NULL},
        {"size", "0.0001", "size"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct strategy_setup *s =
            grids_open(&w, "9000", "0", RANGE, "levels=5", "size=0.01", NULL);
        const char *beside = strchr(CASES[i].key, '=');
        if (beside) {
            char other[32];
            snprintf(other, sizeof other, "%.*s", (int)(beside - CASES[i].key), CASES[i].key);
            grids_set(s, other, beside + 1);
        }
        grids_set(s, beside ? "on_exit" : CASES[i].key, CASES[i].value);
        const char *key = "";
        char why[256] = "";
        enum err err =
            strategy_grid.check(&s->params, &w.setup->instrument[0], &key, why, sizeof why);
        if (err != (CASES[i].complains ? ERR_RANGE : ERR_OK) ||
            (err && (strcmp(key, CASES[i].complains) != 0 || !why[0])))
            fail_msg("%s = %s: %d, %s: %s", CASES[i].key, CASES[i].value ? CASES[i].value : "none",
                     (int)err, key, why);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spacing_levels_and_step),
        cmocka_unit_test(size_by_amount_and_by_investment),
        cmocka_unit_test(post_only),
        cmocka_unit_test(direction),
        cmocka_unit_test(initial_order_at_the_market),
        cmocka_unit_test(initial_order_at_the_price),
        cmocka_unit_test(initial_order_of_short_sells),
        cmocka_unit_test(trigger),
        cmocka_unit_test(stop_loss),
        cmocka_unit_test(take_profit),
        cmocka_unit_test(closing_in_parts),
        cmocka_unit_test(closing_within_the_collar),
        cmocka_unit_test(closing_is_patient),
        cmocka_unit_test(a_paused_grid_does_not_trail),
        cmocka_unit_test(on_exit_hold_and_close),
        cmocka_unit_test(trailing_up_to_its_cap),
        cmocka_unit_test(trailing_down_takes_along_what_it_holds),
        cmocka_unit_test(trailing_keeps_to_the_investment),
        cmocka_unit_test(money_that_is_not_there_is_waited_for),
        cmocka_unit_test(max_open),
        cmocka_unit_test(a_window_that_cannot_pay_stays),
        cmocka_unit_test(min_profit),
        cmocka_unit_test(reprice),
        cmocka_unit_test(cooldown),
        cmocka_unit_test(checks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("grid_params", tests, NULL, NULL);
}

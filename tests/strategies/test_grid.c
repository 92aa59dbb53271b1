/* grid: where its orders lie, what a fill turns into, what happens to orders that end otherwise. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct world w;

static struct strategy_setup *begin(const char *lower, const char *upper, int64_t levels,
                                    const char *size, const char *inventory)
{
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "g", &strategy_grid, "9000", inventory);
    s->params = (struct params){.count = 6};
    s->params.value[0] = (struct param_value){.present = true, .instrument = 0};
    s->params.value[1] = (struct param_value){.present = true, .decimal = D(lower)};
    s->params.value[2] = (struct param_value){.present = true, .decimal = D(upper)};
    s->params.value[3] = (struct param_value){.present = true, .integer = levels};
    s->params.value[4] = (struct param_value){.present = true, .decimal = D(size)};
    s->params.value[5] = (struct param_value){.present = true, .boolean = true};
    return s;
}

static void assert_open(const char *want)
{
    char have[1024] = "", price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
    for (uint32_t i = 0; i < engine_open_orders(w.engine); i++) {
        const struct order *o = engine_open_order(w.engine, i);
        if (o->state == ORDER_PENDING_CANCEL)
            continue;
        dec_format(o->req.price, price);
        dec_format(o->req.qty, qty);
        size_t n = strlen(have);
        snprintf(have + n, sizeof have - n, "%s%s %s@%s", n ? ", " : "", side_name(o->req.side),
                 qty, price);
    }
    assert_string_equal(have, want);
}

static order_id order_at(const char *price)
{
    for (uint32_t i = 0; i < engine_open_orders(w.engine); i++)
        if (dec_eq(engine_open_order(w.engine, i)->req.price, D(price)))
            return engine_open_order(w.engine, i)->id;
    return 0;
}

static void buys_below_sells_above_nearest_first(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0.02");
    world_start(&w);
    world_trade(&w, "50500", "1");
    /* slots 48-49, 49-50, 50-51 buy; slot 51-52 holds and sells at 52000 */
    assert_open("buy 0.01@50000, buy 0.01@49000, buy 0.01@48000, sell 0.01@52000");
    world_close(&w);
}

static void without_inventory_upper_slots_wait_until_the_price_is_above_them(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "50000", "1"); /* a level exactly at the price is not below it */
    assert_open("buy 0.01@49000, buy 0.01@48000");
    world_trade(&w, "50000.01", "1");
    assert_open("buy 0.01@49000, buy 0.01@48000, buy 0.01@50000");
    world_trade(&w, "51000", "1");
    assert_open("buy 0.01@49000, buy 0.01@48000, buy 0.01@50000");
    world_close(&w);
}

static void a_filled_buy_becomes_a_sell_one_level_higher_less_the_fee(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_fill(&w, order_at("49000"), "49000", "0.01");
    assert_open("buy 0.01@48000, sell 0.00999@50000");
    world_close(&w);
}

static void a_partly_filled_buy_is_mirrored_and_the_rest_follows(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = order_at("49000");
    world_fill(&w, id, "49000", "0.004");
    assert_open("buy 0.01@49000, buy 0.01@48000, sell 0.00399@50000");
    world_fill(&w, id, "49000", "0.003"); /* one order for a part is enough until the buy ends */
    assert_open("buy 0.01@49000, buy 0.01@48000, sell 0.00399@50000");
    world_fill(&w, id, "49000", "0.003"); /* held: 0.00999, of which 0.00399 is on sale */
    assert_open("buy 0.01@48000, sell 0.00399@50000, sell 0.006@50000");
    world_close(&w);
}

static void a_filled_sell_becomes_a_buy_one_level_lower(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_fill(&w, order_at("49000"), "49000", "0.01");
    world_trade(&w, "50000", "1");
    world_fill(&w, order_at("50000"), "50000", "0.00999");
    assert_open("buy 0.01@48000, buy 0.01@49000");
    dec cost, realized;
    engine_position(w.engine, 0, 0, &cost, &realized);
    assert_true(dec_is_pos(realized)); /* a step of 1000 pays for two fees of 50 */
    world_close(&w);
}

static void no_level_ever_has_two_orders(void **state)
{
    (void)state;
    begin("48000", "52000", 9, "0.01", "0.05");
    world_start(&w);
    const char *path[] = {"50100", "49400", "50600", "51200", "48200", "50100", "51900", "49000"};
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        world_trade(&w, path[i], "1");
        for (uint32_t n = 0; n < engine_open_orders(w.engine);) {
            const struct order *o = engine_open_order(w.engine, n);
            bool through = o->req.side == SIDE_BUY ? dec_ge(o->req.price, D(path[i]))
                                                   : dec_le(o->req.price, D(path[i]));
            char price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
            dec_format(o->req.price, price);
            dec_format(o->req.qty, qty);
            if (through)
                world_fill(&w, o->id, price, qty);
            n = through ? 0 : n + 1;
        }
        uint64_t slots = 0;
        for (uint32_t n = 0; n < engine_open_orders(w.engine); n++) {
            uint32_t tag = engine_open_order(w.engine, n)->req.tag;
            assert_false(slots >> tag & 1);
            slots |= UINT64_C(1) << tag;
        }
    }
    world_close(&w);
}

static void a_rejected_order_is_tried_again_after_its_time(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = order_at("49000");
    world_step(&w, &(struct event){
                       .kind = EVENT_ORDER,
                       .order = {.id = id, .state = ORDER_REJECTED, .reason = REASON_WOULD_TAKE}});
    assert_open("buy 0.01@48000");
    world_trade(&w, "49500", "1");
    assert_open("buy 0.01@48000");
    assert_true(engine_next_timer_ns(w.engine) <= w.now_ns + SECOND);
    world_advance(&w, SECOND);
    world_timer(&w);
    assert_open("buy 0.01@48000, buy 0.01@49000");
    world_close(&w);
}

static void what_a_canceled_buy_had_got_is_sold(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = order_at("49000");
    world_fill(&w, id, "49000", "0.004");
    world_order(&w, id, ORDER_CANCELED);
    assert_open("buy 0.01@48000, sell 0.00399@50000");
    world_advance(&w, 60 * SECOND);
    world_timer(&w);
    assert_open("buy 0.01@48000, sell 0.00399@50000, buy 0.006@49000");
    world_close(&w);
}

static void a_halt_is_followed_by_silence_and_unhalt_by_the_grid(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_command(&w, COMMAND_HALT, STRATEGY_NONE);
    while (engine_open_orders(w.engine))
        world_order(&w, engine_open_order(w.engine, 0)->id, ORDER_CANCELED);
    world_advance(&w, 61 * SECOND);
    world_timer(&w);
    assert_open("");
    struct engine_totals t;
    engine_totals(w.engine, 0, &t);
    assert_int_equal(t.denied, 0); /* it looks before it asks */
    world_command(&w, COMMAND_UNHALT, STRATEGY_NONE);
    world_advance(&w, 61 * SECOND);
    world_timer(&w);
    assert_open("buy 0.01@49000, buy 0.01@48000");
    world_close(&w);
}

static void nothing_is_placed_before_the_feed_is_live(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_feed(&w, FEED_INVALID);
    world_trade(&w, "49500", "1");
    assert_open("");
    world_feed(&w, FEED_LIVE);
    assert_open("buy 0.01@49000, buy 0.01@48000");
    world_close(&w);
}

/* A setup made without the venue's rules, which turn out coarser than the grid's steps. */
static void a_tick_coarser_than_the_step_halts_it_with_the_reason(void **state)
{
    (void)state;
    begin("48000", "48001", 11, "0.01", "0");
    w.setup->instrument[0].rules.tick_size = D("1");
    world_start(&w);
    world_trade(&w, "49500", "1");
    assert_int_equal(engine_state(w.engine, SCOPE_STRATEGY, 0), STATE_HALTED);
    assert_int_equal(world_effect(&w, EFFECT_STATE, 0)->state.reason, REASON_STRATEGY_ERROR);
    assert_string_equal(
        world_effect(&w, EFFECT_NOTE, 0)->note,
        "levels: too many: two levels fall on the same tick; use fewer or a wider range");
    world_trade(&w, "49500", "1"); /* it is not called again */
    assert_null(world_effect(&w, EFFECT_NOTE, 0));
    assert_open("");
    world_close(&w);
}

static void check_names_what_is_wrong(void **state)
{
    (void)state;
    struct strategy_setup *s = begin("48000", "48000", 5, "0.01", "0");
    const struct instrument *in = &w.setup->instrument[0];
    const char *key = NULL;
    char why[128];
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_RANGE);
    assert_string_equal(key, "upper");
    s->params.value[2].decimal = D("48000.03");
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_RANGE);
    assert_string_equal(key, "levels");
    s->params.value[3].integer = 4; /* 48000.00, .01, .02, .03: just fits */
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_OK);
    s->params.value[4].decimal = D("0.000015");
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_RANGE);
    assert_string_equal(key, "size");
    s->params.value[4].decimal = D("0.00001"); /* one lot: less the fee it could never be sold */
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_RANGE);
    s->params.value[4].decimal = D("0.0001"); /* 4.8 at the lowest level */
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_RANGE);
    s->params.value[4].decimal = D("0.00011");
    assert_int_equal(strategy_grid.check(&s->params, in, &key, why, sizeof why), ERR_OK);
    world_close(&w);
}

/* What is due while there is no price is done when there is one. */
static void a_fill_while_the_feed_is_stale_is_sold_when_it_is_live_again(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = order_at("49000");
    world_feed(&w, FEED_STALE);
    world_fill(&w, id, "49000", "0.01");
    assert_open("buy 0.01@48000");
    world_feed(&w, FEED_LIVE);
    assert_open("buy 0.01@48000, sell 0.00999@50000");
    world_close(&w);
}

static void a_retry_that_comes_due_while_the_feed_is_stale_is_not_lost(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    world_order(&w, order_at("48000"), ORDER_REJECTED);
    world_feed(&w, FEED_STALE);
    world_advance(&w, 61 * SECOND);
    world_timer(&w);
    assert_open("buy 0.01@49000");
    world_feed(&w, FEED_LIVE);
    assert_open("buy 0.01@49000, buy 0.01@48000");
    world_close(&w);
}

static void less_than_a_lot_does_not_hold_a_slot(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = order_at("49000");
    world_fill(&w, id, "49000", "0.00001"); /* less the fee: not a lot any more */
    world_order(&w, id, ORDER_CANCELED);
    world_advance(&w, 61 * SECOND);
    world_timer(&w);
    world_trade(&w, "49500", "1");
    assert_open("buy 0.01@48000, buy 0.00999@49000"); /* what it has is a part of its size */
    world_close(&w);
}

static void a_fill_after_its_order_ended_counts_for_the_slot(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    order_id id = order_at("49000");
    world_order(&w, id, ORDER_CANCELED);
    world_fill(&w, id, "49000", "0.004");
    assert_open("buy 0.01@48000, sell 0.00399@50000");
    world_advance(&w, 61 * SECOND);
    world_timer(&w);
    assert_open("buy 0.01@48000, sell 0.00399@50000, buy 0.006@49000");
    world_close(&w);
}

static void rules_that_become_unknown_make_the_grid_wait(void **state)
{
    (void)state;
    begin("48000", "52000", 5, "0.01", "0");
    world_start(&w);
    world_trade(&w, "49500", "1");
    struct instrument_rules r = w.setup->instrument[0].rules, none = r;
    none.lot_size = none.tick_size = DEC_ZERO;
    world_step(&w, &(struct event){.kind = EVENT_INSTRUMENT, .rules = none});
    world_fill(&w, order_at("49000"), "49000", "0.01");
    assert_open("buy 0.01@48000");
    world_step(&w, &(struct event){.kind = EVENT_INSTRUMENT, .rules = r});
    world_advance(&w, 61 * SECOND);
    world_timer(&w);
    assert_open("buy 0.01@48000, sell 0.00999@50000");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buys_below_sells_above_nearest_first),
        cmocka_unit_test(without_inventory_upper_slots_wait_until_the_price_is_above_them),
        cmocka_unit_test(a_filled_buy_becomes_a_sell_one_level_higher_less_the_fee),
        cmocka_unit_test(a_partly_filled_buy_is_mirrored_and_the_rest_follows),
        cmocka_unit_test(a_filled_sell_becomes_a_buy_one_level_lower),
        cmocka_unit_test(no_level_ever_has_two_orders),
        cmocka_unit_test(a_rejected_order_is_tried_again_after_its_time),
        cmocka_unit_test(what_a_canceled_buy_had_got_is_sold),
        cmocka_unit_test(a_halt_is_followed_by_silence_and_unhalt_by_the_grid),
        cmocka_unit_test(nothing_is_placed_before_the_feed_is_live),
        cmocka_unit_test(a_tick_coarser_than_the_step_halts_it_with_the_reason),
        cmocka_unit_test(check_names_what_is_wrong),
        cmocka_unit_test(a_fill_while_the_feed_is_stale_is_sold_when_it_is_live_again),
        cmocka_unit_test(a_retry_that_comes_due_while_the_feed_is_stale_is_not_lost),
        cmocka_unit_test(less_than_a_lot_does_not_hold_a_slot),
        cmocka_unit_test(a_fill_after_its_order_ended_counts_for_the_slot),
        cmocka_unit_test(rules_that_become_unknown_make_the_grid_wait),
    };
    return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}

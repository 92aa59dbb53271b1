/* dca and momentum: when they ask, for how much, and when they do not. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct world w;

static void assert_dec(dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    dec_format(got, text);
    assert_string_equal(text, want);
}

static struct strategy_setup *begin_dca(const char *amount)
{
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "d", &strategy_dca, "9000", "0");
    s->params = (struct params){.count = 5};
    s->params.value[0] = (struct param_value){.present = true, .instrument = 0};
    s->params.value[1] = (struct param_value){.present = true, .duration_ns = 60 * SECOND};
    s->params.value[2] = (struct param_value){.present = true, .decimal = D(amount)};
    return s;
}

static const struct order *submitted(void)
{
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    return fx ? &fx->submit : NULL;
}

static void buys_at_once_and_then_each_interval_from_the_first(void **state)
{
    (void)state;
    begin_dca("100");
    world_start(&w);
    world_trade(&w, "50000", "1");
    int64_t first = w.now_ns;
    assert_non_null(submitted());
    assert_dec(submitted()->req.qty, "0.002");
    assert_int_equal(submitted()->req.type, ORDER_MARKET);
    assert_int_equal(engine_next_timer_ns(w.engine), first + 60 * SECOND);
    world_advance(&w, 125 * SECOND); /* a late timer does not shift the schedule, nor buy twice */
    world_timer(&w);
    assert_non_null(submitted());
    assert_null(world_effect(&w, EFFECT_SUBMIT, 1));
    assert_int_equal(engine_next_timer_ns(w.engine), first + 180 * SECOND);
    world_close(&w);
}

static void quantity_is_amount_over_the_ask_rounded_down(void **state)
{
    (void)state;
    begin_dca("100");
    world_start(&w);
    world_top(&w, "49999", "50001");
    assert_dec(submitted()->req.qty, "0.00199");
    world_close(&w);
}

static void a_price_above_the_ceiling_is_skipped_with_a_note(void **state)
{
    (void)state;
    struct strategy_setup *s = begin_dca("100");
    s->params.value[3] = (struct param_value){.present = true, .decimal = D("50000")};
    world_start(&w);
    world_trade(&w, "50000.01", "1");
    assert_null(submitted());
    assert_string_equal(world_effect(&w, EFFECT_NOTE, 0)->note,
                        "purchase skipped: price above price_ceiling");
    world_trade(&w, "50000", "1");
    assert_null(submitted()); /* only at its times */
    world_advance(&w, 60 * SECOND);
    world_timer(&w);
    assert_non_null(submitted());
    world_close(&w);
}

static void the_total_is_never_exceeded(void **state)
{
    (void)state;
    struct strategy_setup *s = begin_dca("100");
    s->params.value[4] = (struct param_value){.present = true, .decimal = D("200")};
    world_start(&w);
    world_trade(&w, "50000", "1");
    uint32_t bought = 0;
    for (int i = 0; i < 5; i++) {
        if (submitted()) {
            bought++;
            world_fill(&w, submitted()->id, "50000", "0.002");
        }
        world_advance(&w, 60 * SECOND);
        world_timer(&w);
    }
    assert_int_equal(bought, 2);
    world_close(&w);
}

static void less_than_a_lot_is_skipped(void **state)
{
    (void)state;
    begin_dca("0.4");
    world_start(&w);
    world_trade(&w, "50000", "1");
    assert_null(submitted());
    assert_non_null(world_effect(&w, EFFECT_NOTE, 0));
    world_close(&w);
}

static void begin_momentum(int64_t fast, int64_t slow)
{
    world_open(&w);
    struct strategy_setup *s = world_strategy(&w, "m", &strategy_momentum, "9000", "0");
    s->params = (struct params){.count = 5};
    s->params.value[0] = (struct param_value){.present = true, .instrument = 0};
    s->params.value[1] = (struct param_value){.present = true, .duration_ns = 60 * SECOND};
    s->params.value[2] = (struct param_value){.present = true, .integer = fast};
    s->params.value[3] = (struct param_value){.present = true, .integer = slow};
    s->params.value[4] = (struct param_value){.present = true, .decimal = D("1000")};
    world_start(&w);
}

/* One trade, then the end of its minute. */
static void candle(const char *price)
{
    world_trade(&w, price, "1");
    world_advance(&w, 60 * SECOND - w.now_ns % (60 * SECOND));
    world_timer(&w);
}

static void enters_on_the_cross_up_and_leaves_on_the_cross_down(void **state)
{
    (void)state;
    begin_momentum(1, 3);
    const char *falling[] = {"50000", "49900", "49800", "49700"};
    for (int i = 0; i < 4; i++) {
        candle(falling[i]);
        assert_null(submitted());
    }
    candle("50000");
    assert_non_null(submitted());
    assert_int_equal(submitted()->req.side, SIDE_BUY);
    assert_dec(submitted()->req.qty, "0.02");
    world_fill(&w, submitted()->id, "50000", "0.02");
    candle("50100");
    assert_null(submitted());
    candle("49000");
    assert_non_null(submitted());
    assert_int_equal(submitted()->req.side, SIDE_SELL);
    assert_dec(submitted()->req.qty, "0.01998"); /* bought less fee */
    world_close(&w);
}

static void decides_nothing_while_warming_up(void **state)
{
    (void)state;
    begin_momentum(1, 5);
    candle("50000");
    candle("49000");
    candle("51000"); /* crosses up at the third of five candles */
    assert_null(submitted());
    candle("52000");
    candle("53000"); /* warm, but the cross is past */
    assert_null(submitted());
    world_close(&w);
}

static void changing_the_next_candle_changes_no_earlier_intent(void **state)
{
    (void)state;
    const char *next[] = {"60000", "40000"};
    for (int run = 0; run < 2; run++) {
        begin_momentum(1, 3);
        candle("50000");
        candle("49900");
        candle("49800");
        candle("50000");
        assert_non_null(submitted());
        assert_dec(submitted()->req.qty, "0.02");
        candle(next[run]);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buys_at_once_and_then_each_interval_from_the_first),
        cmocka_unit_test(quantity_is_amount_over_the_ask_rounded_down),
        cmocka_unit_test(a_price_above_the_ceiling_is_skipped_with_a_note),
        cmocka_unit_test(the_total_is_never_exceeded),
        cmocka_unit_test(less_than_a_lot_is_skipped),
        cmocka_unit_test(enters_on_the_cross_up_and_leaves_on_the_cross_down),
        cmocka_unit_test(decides_nothing_while_warming_up),
        cmocka_unit_test(changing_the_next_candle_changes_no_earlier_intent),
    };
    return cmocka_run_group_tests_name("dca and momentum", tests, NULL, NULL);
}

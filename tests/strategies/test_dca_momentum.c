/* momentum: when it asks, for how much, and when it does not. */
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

static const struct order *submitted(void)
{
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    return fx ? &fx->submit : NULL;
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
        cmocka_unit_test(enters_on_the_cross_up_and_leaves_on_the_cross_down),
        cmocka_unit_test(decides_nothing_while_warming_up),
        cmocka_unit_test(changing_the_next_candle_changes_no_earlier_intent),
    };
    return cmocka_run_group_tests_name("momentum", tests, NULL, NULL);
}

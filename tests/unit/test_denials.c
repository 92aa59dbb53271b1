/* A strategy that asks in vain, again and again: each request is judged and answered, and counted;
 * the world hears of the first ones in a row and then ever more seldom. */
#include "world.h"

#include "core/internal.h"
#include "io/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world w;

static void begin(void)
{
    struct risk_setup *r = world_probe(&w, "9000", "0.5");
    r->has_max_order_value = true;
    r->max_order_value = D("100");
    world_go(&w);
}

/* Asks for what is too large; whether the world was told. The strategy always is. */
static bool told(void)
{
    uint32_t seen = probe_seen_count;
    assert_int_equal(world_ask(&w, probe_limit(SIDE_BUY, "49000", "0.01")), 0);
    assert_int_equal(probe_seen_count, (seen + 1) % (sizeof probe_seen / sizeof probe_seen[0]));
    assert_int_equal(probe_seen[seen].order.state, ORDER_DENIED);
    assert_int_equal(probe_seen[seen].order.reason, REASON_ORDER_VALUE);
    return world_effect(&w, EFFECT_DENIED, 0) != NULL;
}

static struct engine_denied count(enum reason r)
{
    struct engine_denied n;
    engine_denied(w.engine, 0, r, &n);
    return n;
}

static void the_world_hears_of_fewer_and_fewer(void **state)
{
    (void)state;
    begin();
    uint32_t heard = 0;
    for (uint32_t n = 1; n <= 512; n++) {
        probe_seen_count = 0;
        bool one = told();
        heard += one;
        assert_int_equal(one, n <= DENIED_TOLD || (n & (n - 1)) == 0);
        world_advance(&w, 60 * SECOND);
    }
    assert_int_equal(heard, 16 + 5); /* 32, 64, 128, 256, 512 */
    assert_int_equal(count(REASON_ORDER_VALUE).times, 512);
    assert_int_equal(count(REASON_ORDER_VALUE).in_row, 512);
    struct engine_totals t;
    engine_totals(w.engine, 0, &t);
    assert_int_equal(t.denied, 512);
    world_close(&w);
}

static void another_reason_is_another_row(void **state)
{
    (void)state;
    begin();
    for (uint32_t n = 1; n <= DENIED_TOLD + 1; n++) {
        probe_seen_count = 0;
        assert_int_equal(told(), n <= DENIED_TOLD);
    }
    world_denied(&w, probe_limit(SIDE_BUY, "49000.001", "0.001"), REASON_TICK_SIZE, NULL, NULL);
    assert_int_equal(count(REASON_TICK_SIZE).in_row, 1);
    assert_int_equal(count(REASON_ORDER_VALUE).in_row, DENIED_TOLD + 1);
    world_close(&w);
}

static void after_quiet_it_is_news_again(void **state)
{
    (void)state;
    begin();
    for (uint32_t n = 1; n <= DENIED_TOLD + 1; n++) {
        probe_seen_count = 0;
        told();
    }
    probe_seen_count = 0;
    world_advance(&w, DENIED_QUIET_NS - 1); /* the next event is a nanosecond later */
    assert_false(told());
    probe_seen_count = 0;
    world_advance(&w, DENIED_QUIET_NS);
    assert_true(told());
    assert_int_equal(count(REASON_ORDER_VALUE).in_row, 1);
    assert_int_equal(count(REASON_ORDER_VALUE).times, DENIED_TOLD + 3);
    world_close(&w);
}

/* What is judged is judged by the limits as they are: once it is allowed it goes at once. */
static void no_order_is_held_up(void **state)
{
    (void)state;
    begin();
    for (uint32_t n = 1; n <= 40; n++) {
        probe_seen_count = 0;
        told();
    }
    world_passes(&w, probe_limit(SIDE_BUY, "49000", "0.001"));
    world_close(&w);
}

static void status_shows_how_often(void **state)
{
    (void)state;
    begin();
    for (uint32_t n = 1; n <= 40; n++) {
        probe_seen_count = 0;
        told();
    }
    struct status_source r = {.engine = w.engine, .build = "b", .journal = "j", .books = ""};
    char *json = status_strategies(&r), *text = NULL;
    size_t len;
    assert_non_null(json);
    assert_non_null(strstr(json, "\"denials\":[{\"reason\":\"ORDER_VALUE\",\"times\":40,"
                                 "\"in_row\":40,\"last\":\"2024-01-01T"));
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    assert_int_equal(status_print(f, "strategies", json), ERR_OK);
    assert_int_equal(fclose(f), 0);
    assert_non_null(strstr(text, "  denied ORDER_VALUE                     40 times\n"));
    free(text);
    free(json);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_world_hears_of_fewer_and_fewer),
        cmocka_unit_test(another_reason_is_another_row),
        cmocka_unit_test(after_quiet_it_is_news_again),
        cmocka_unit_test(no_order_is_held_up),
        cmocka_unit_test(status_shows_how_often),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("denials", tests, NULL, NULL);
}

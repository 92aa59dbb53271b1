/* Parents and what leaves: children never exceed their parent, and a step sends what risk approved
 * in it, each once. */
#include "world.h"

#include "core/outgoing.h"
#include "core/parent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct world w;

/* ---- a strategy with parents: what the test wants is done at the next trade ---- */

static struct {
    uint32_t declare; /* so many parents */
    struct order_request parent;
    uint64_t id; /* of the last one declared */
    uint32_t children;
    struct order_request child;
} wish;

static enum err parental_event(void *state, const struct strategy_view *v, const struct event *e,
                               struct intents *out)
{
    (void)state, (void)v;
    if (e->kind != EVENT_TRADE)
        return ERR_OK;
    for (; wish.declare; wish.declare--)
        wish.id = intents_parent(out, wish.parent.instrument, wish.parent.side, wish.parent.qty);
    for (; wish.children; wish.children--)
        intents_submit(out, &wish.child);
    return ERR_OK;
}

static void begin(void)
{
    static struct strategy_ops parental;
    world_probe(&w, "9000", "0.5");
    parental = strategy_probe;
    parental.on_event = parental_event;
    w.setup->strategy[0].ops = &parental;
    world_instrument(&w, "ETH-USDT", "ETH", "USDT");
    w.setup->strategy[0].instruments = 2;
    w.setup->strategy[0].instrument[1] = 1;
    memset(&wish, 0, sizeof wish);
    world_go(&w);
    world_step(&w, &(struct event){.kind = EVENT_TRADE,
                                   .instrument = 1,
                                   .trade = {D("2000"), D("1"), 0, SIDE_BUY}});
}

static uint64_t declare(enum side side, const char *qty)
{
    wish.declare = 1;
    wish.parent = (struct order_request){.instrument = 0, .side = side, .qty = D(qty)};
    world_trade(&w, "50000", "1");
    return wish.id;
}

static order_id child(uint64_t parent, struct order_request r)
{
    wish.child = r;
    wish.child.parent = parent;
    wish.children = 1;
    world_trade(&w, "50000", "1");
    const struct effect *fx = world_effect(&w, EFFECT_SUBMIT, 0);
    return fx ? fx->submit.id : 0;
}

static struct order_request buy(const char *qty)
{
    return probe_limit(SIDE_BUY, "49000", qty);
}

static void was_denied(const char *limit, const char *value)
{
    world_was_denied(&w, REASON_PARENT, LIMIT_OF_STRATEGY, 0, limit, value);
}

static void children_take_at_most_the_parent(void **state)
{
    (void)state;
    begin();
    uint64_t p = declare(SIDE_BUY, "0.01");
    order_id first = child(p, buy("0.004"));
    assert_true(first);
    assert_int_equal(child(p, buy("0.00601")), 0);
    was_denied("0.01", "0.01001");
    order_id second = child(p, buy("0.006"));
    assert_true(second); /* exactly all of it */
    assert_int_equal(child(p, buy("0.001")), 0);
    world_order(&w, first, ORDER_IN_DOUBT); /* counts in full */
    assert_int_equal(child(p, buy("0.001")), 0);
    /* what ends unfilled is free again, what was filled is not */
    world_order(&w, first, ORDER_ACCEPTED);
    world_fill(&w, first, "49000", "0.001");
    world_order(&w, first, ORDER_CANCELED);
    assert_int_equal(child(p, buy("0.00301")), 0);
    was_denied("0.01", "0.01001");
    assert_true(child(p, buy("0.003")));
    world_order(&w, second, ORDER_REJECTED);
    assert_true(child(p, buy("0.006")));
    world_close(&w);
}

static void a_fill_after_the_end_counts(void **state)
{
    (void)state;
    begin();
    uint64_t p = declare(SIDE_BUY, "0.01");
    order_id id = child(p, buy("0.01"));
    world_order(&w, id, ORDER_CANCELED);
    world_fill(&w, id, "49000", "0.004");
    assert_int_equal(child(p, buy("0.00601")), 0);
    was_denied("0.01", "0.01001");
    assert_true(child(p, buy("0.006")));
    world_close(&w);
}

static void a_parent_is_of_one_strategy_instrument_and_side(void **state)
{
    (void)state;
    begin();
    uint64_t p = declare(SIDE_BUY, "1");
    struct order_request eth = probe_limit(SIDE_BUY, "2000", "0.1");
    eth.instrument = 1;
    assert_int_equal(child(p, eth), 0);
    was_denied("0", "0.1");
    assert_int_equal(child(p, probe_limit(SIDE_SELL, "51000", "0.001")), 0);
    was_denied("0", "0.001");
    assert_int_equal(child(p + 1000, buy("0.001")), 0); /* nobody's */
    was_denied("0", "0.001");
    assert_int_equal(child(order_id_make(1, order_id_seq(p)), buy("0.001")), 0); /* another's */
    was_denied("0", "0.001");
    assert_true(child(0, buy("0.001"))); /* without a parent there is none to exceed */
    world_close(&w);
}

static void a_parent_of_nothing_is_not_taken(void **state)
{
    (void)state;
    begin();
    uint64_t p = declare(SIDE_BUY, "0");
    assert_non_null(world_effect(&w, EFFECT_NOTE, 0));
    assert_int_equal(child(p, buy("0.001")), 0);
    p = declare((enum side)7, "1");
    assert_non_null(world_effect(&w, EFFECT_NOTE, 0));
    world_close(&w);
}

/* The router of 2012 that lost count of its parents: it sends the same child with every price. */
static void a_planted_loop_is_stopped(void **state)
{
    (void)state;
    begin();
    uint64_t p = declare(SIDE_BUY, "0.01");
    uint32_t sent = 0;
    for (int i = 0; i < 500; i++) {
        order_id id = child(p, probe_market(SIDE_BUY, "0.01"));
        if (!id)
            continue;
        sent++;
        world_order(&w, id, ORDER_ACCEPTED);
        world_fill(&w, id, "50000", "0.01");
    }
    assert_int_equal(sent, 1);
    struct engine_totals t;
    engine_totals(w.engine, 0, &t);
    assert_int_equal(t.denied, 499);
    world_close(&w);
}

static void a_loop_within_one_event_is_stopped(void **state)
{
    (void)state;
    begin();
    uint64_t p = declare(SIDE_BUY, "0.005");
    wish.child = buy("0.001");
    wish.child.parent = p;
    wish.children = 200;
    world_trade(&w, "50000", "1");
    assert_non_null(world_effect(&w, EFFECT_SUBMIT, 4));
    assert_null(world_effect(&w, EFFECT_SUBMIT, 5));
    world_close(&w);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    begin();
    uint64_t first = declare(SIDE_BUY, "0.01"), kept = 0;
    for (uint32_t i = 1; i < PARENTS_MAX; i++) {
        uint64_t p = declare(SIDE_BUY, "0.01");
        if (i == 1)
            kept = p;
    }
    assert_true(child(kept, buy("0.001")));    /* the second oldest has an open child */
    uint64_t last = declare(SIDE_BUY, "0.01"); /* the oldest gives way */
    assert_null(world_effect(&w, EFFECT_NOTE, 0));
    assert_int_equal(child(first, buy("0.001")), 0);
    was_denied("0", "0.001");
    assert_true(child(last, buy("0.001")));
    (void)declare(SIDE_BUY, "0.01"); /* the next without an open child does, not the second */
    assert_true(child(kept, buy("0.001")));
    world_close(&w);
}

static void a_full_table_takes_no_more(void **state)
{
    (void)state;
    begin();
    uint64_t p[PARENTS_MAX];
    for (uint32_t i = 0; i < PARENTS_MAX; i++) {
        p[i] = declare(SIDE_BUY, "0.01");
        assert_true(child(p[i], buy("0.0002")));
    }
    uint64_t more = declare(SIDE_BUY, "0.01");
    assert_non_null(world_effect(&w, EFFECT_NOTE, 0));
    assert_int_equal(child(more, buy("0.001")), 0);
    was_denied("0", "0.001");
    assert_true(child(p[0], buy("0.0002")));
    world_close(&w);
}

/* ---- what leaves ---- */

struct street {
    struct outgoing *o;
    struct effects *fx;
    uint64_t last[4];
};

static struct street street_open(void)
{
    struct street s = {.o = calloc(1, sizeof *s.o), .fx = calloc(1, sizeof *s.fx)};
    assert_non_null(s.o);
    assert_non_null(s.fx);
    return s;
}

static void send(struct street *s, order_id id, struct order_request r)
{
    struct effect *e = &s->fx->item[s->fx->count++];
    *e = (struct effect){.kind = EFFECT_SUBMIT, .submit = {.id = id, .req = r}};
}

static void approve(struct street *s, order_id id, struct order_request r)
{
    assert_true(outgoing_approve(s->o, id, &r));
}

static void step(struct street *s)
{
    s->o->last = s->last;
    outgoing_begin(s->o);
    s->fx->count = 0;
}

static void what_was_approved_leaves_once(void **state)
{
    (void)state;
    struct street s = street_open();
    order_id a = order_id_make(1, 1), b = order_id_make(2, 1), c = order_id_make(1, 2);
    step(&s);
    assert_int_equal(outgoing_check(s.o, s.fx), ERR_OK); /* nothing of nothing */
    approve(&s, a, buy("1"));
    approve(&s, b, buy("2"));
    approve(&s, c, buy("1"));
    send(&s, a, buy("1"));
    send(&s, b, buy("2"));
    s.fx->item[s.fx->count++].kind = EFFECT_NOTE;
    send(&s, c, buy("1"));
    assert_int_equal(outgoing_check(s.o, s.fx), ERR_OK);
    step(&s); /* the same approval in a later step: it has left already */
    approve(&s, a, buy("1"));
    send(&s, a, buy("1"));
    assert_int_equal(outgoing_check(s.o, s.fx), ERR_STATE);
    free(s.o);
    free(s.fx);
}

static void what_leaves_more_often_larger_or_other_is_stopped(void **state)
{
    (void)state;
    struct street s = street_open();
    order_id a = order_id_make(1, 1);
    step(&s); /* one approval, sent in a loop */
    approve(&s, a, buy("1"));
    for (int i = 0; i < 50; i++)
        send(&s, a, buy("1"));
    assert_int_equal(outgoing_check(s.o, s.fx), ERR_STATE);

    struct order_request other[6];
    for (int i = 0; i < 6; i++)
        other[i] = buy("1");
    other[0].qty = D("1.000000000000000001");
    other[1].price = D("49000.01");
    other[2].side = SIDE_SELL;
    other[3].type = ORDER_MARKET;
    other[4].instrument = 3;
    for (int i = 0; i < 6; i++) {
        memset(s.last, 0, sizeof s.last);
        step(&s);
        approve(&s, a, buy("1"));
        send(&s, i < 5 ? a : a + 1, other[i]);
        assert_int_equal(outgoing_check(s.o, s.fx), ERR_STATE);
    }
    step(&s); /* never approved */
    send(&s, a, buy("1"));
    assert_int_equal(outgoing_check(s.o, s.fx), ERR_STATE);
    step(&s); /* approved, and lost */
    approve(&s, a, buy("1"));
    assert_int_equal(outgoing_check(s.o, s.fx), ERR_STATE);
    free(s.o);
    free(s.fx);
}

static void approvals_of_one_step_are_bounded(void **state)
{
    (void)state;
    struct street s = street_open();
    step(&s);
    for (uint32_t i = 0; i < EFFECTS_MAX; i++)
        approve(&s, order_id_make(1, i + 1), buy("1"));
    struct order_request r = buy("1");
    assert_false(outgoing_approve(s.o, order_id_make(1, EFFECTS_MAX + 1), &r));
    free(s.o);
    free(s.fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_take_at_most_the_parent),
        cmocka_unit_test(a_fill_after_the_end_counts),
        cmocka_unit_test(a_parent_is_of_one_strategy_instrument_and_side),
        cmocka_unit_test(a_parent_of_nothing_is_not_taken),
        cmocka_unit_test(a_planted_loop_is_stopped),
        cmocka_unit_test(a_loop_within_one_event_is_stopped),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(a_full_table_takes_no_more),
        cmocka_unit_test(what_was_approved_leaves_once),
        cmocka_unit_test(what_leaves_more_often_larger_or_other_is_stopped),
        cmocka_unit_test(approvals_of_one_step_are_bounded),
    };
    return cmocka_run_group_tests_name("parent", tests, NULL, NULL);
}

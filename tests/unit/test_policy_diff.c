/* What becomes looser and tighter: each field says it, and nothing that changes a decision is left
 * out. */
#include "base/rng.h"
#include "wallet/policy_diff.h"

#include "wires.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct policy a, b;
static char lines[2][8192];

static void keep(void *arg, enum policy_direction way, const char *line)
{
    (void)arg;
    size_t n = strlen(lines[way]);
    snprintf(lines[way] + n, sizeof lines[way] - n, "%s\n", line);
}

static struct policy_changes diff(void)
{
    lines[0][0] = lines[1][0] = 0;
    return policy_diff(&a, &b, keep, NULL);
}

static void instrument(struct policy_instrument *i, const char *symbol)
{
    snprintf(i->symbol, sizeof i->symbol, "%s", symbol);
    i->floor = dec_lit("50");
    i->ceiling = dec_lit("200");
    i->order_base = dec_lit("1");
    i->order_value = dec_lit("200");
    i->hour_base = dec_lit("2");
    i->hour_value = dec_lit("400");
    i->day_base = dec_lit("3");
    i->day_value = dec_lit("600");
}

static int fresh(void **state)
{
    (void)state;
    memset(&a, 0, sizeof a);
    a.keys = 2;
    a.instruments = 3;
    for (uint32_t n = 0; n < 2; n++) {
        struct policy_key *k = &a.key[n];
        snprintf(k->label, sizeof k->label, "trade-%u", n + 1);
        snprintf(k->network, sizeof k->network, "binance:mainnet");
        k->ops = POLICY_ORDER | POLICY_CANCEL;
        k->types = 1u << WIRE_LIMIT | 1u << WIRE_LIMIT_MAKER;
        k->window_ms = 5000;
        k->skew_ms = 1000;
        k->rate = 30;
        k->replays = 2;
    }
    a.key[0].instruments = 2;
    a.key[1].first = 2;
    a.key[1].instruments = 1;
    instrument(&a.instrument[0], "BTC-USDT");
    instrument(&a.instrument[1], "ETH-USDT");
    instrument(&a.instrument[2], "BTC-USDT");
    b = a;
    return 0;
}

static void none(void **state)
{
    (void)state;
    struct policy_changes c = diff();
    assert_int_equal(c.looser, 0);
    assert_int_equal(c.tighter, 0);
    assert_int_equal(c.same, 2 * 7 + 3 * 8);
}

static void expect(const char *looser, const char *tighter)
{
    struct policy_changes c = diff();
    assert_string_equal(lines[POLICY_LOOSER], looser);
    assert_string_equal(lines[POLICY_TIGHTER], tighter);
    assert_int_equal(c.looser, looser[0] != 0 ? strchr(looser, '\n')[1] ? 2 : 1 : 0);
    b = a;
}

/* One more is looser, one less is tighter; [less] the other way round. */
static void numbers(uint32_t *field, const char *name, const char *unit, bool less)
{
    char up[128], down[128];
    uint32_t was = *field;
    snprintf(up, sizeof up, "trade-1: %s %u -> %u%s\n", name, was, was + 1, unit);
    snprintf(down, sizeof down, "trade-1: %s %u -> %u%s\n", name, was, was - 1, unit);
    *field = was + 1;
    expect(less ? "" : up, less ? up : "");
    *field = was - 1;
    expect(less ? down : "", less ? "" : down);
}

static void amounts(dec *field, const char *name)
{
    char up[160], down[160], was[DEC_TEXT_MAX];
    dec before = *field;
    dec_format(before, was);
    snprintf(up, sizeof up, "trade-1 ETH-USDT: %s %s -> %s.000000000000000001\n", name, was, was);
    *field = (dec){before.v + 1};
    expect(up, "");
    snprintf(down, sizeof down, "trade-1 ETH-USDT: %s %s -> 0\n", name, was);
    *field = DEC_ZERO;
    expect("", down);
}

static void every_number(void **state)
{
    (void)state;
    struct policy_key *k = &b.key[0];
    struct policy_instrument *i = &b.instrument[1];
    numbers(&k->window_ms, "max_validity", " ms", false);
    numbers(&k->skew_ms, "max_clock_skew", " ms", false);
    numbers(&k->rate, "max_orders_per_minute", "", false);
    numbers(&k->replays, "replays", "", true);
    amounts(&i->order_base, "max_base_per_order");
    amounts(&i->order_value, "max_value_per_order");
    amounts(&i->hour_base, "max_base_per_hour");
    amounts(&i->hour_value, "max_value_per_hour");
    amounts(&i->day_base, "max_base_per_day");
    amounts(&i->day_value, "max_value_per_day");
}

static void words(void **state)
{
    (void)state;
    b.key[0].ops = POLICY_CANCEL | POLICY_QUERY | POLICY_STREAM;
    expect("trade-1: operations: query, stream added\n", "trade-1: operations: order taken away\n");
    b.key[1].types = 1u << WIRE_MARKET;
    expect("trade-2: order_types: market added\n",
           "trade-2: order_types: limit, limit-maker taken away\n");
    snprintf(b.key[1].network, sizeof b.key[1].network, "binance:testnet");
    expect("trade-2: network binance:testnet added\n",
           "trade-2: network binance:mainnet taken away\n");
}

static void prices(void **state)
{
    (void)state;
    struct policy_instrument *i = &b.instrument[0];
    i->floor = dec_lit("51");
    expect("", "trade-1 BTC-USDT: price_floor 50 -> 51: sells\n");
    i->floor = dec_lit("49");
    expect("trade-1 BTC-USDT: price_floor 50 -> 49: sells\n", "");
    b.key[0].types = a.key[0].types |= 1u << WIRE_MARKET;
    i->floor = dec_lit("51");
    expect("trade-1 BTC-USDT: price_floor 50 -> 51: a market buy counts for less base\n",
           "trade-1 BTC-USDT: price_floor 50 -> 51: sells\n");
    i->ceiling = dec_lit("201");
    expect("trade-1 BTC-USDT: price_ceiling 200 -> 201: buys\n",
           "trade-1 BTC-USDT: price_ceiling 200 -> 201: the values of all orders count higher\n");
    i->ceiling = dec_lit("199");
    expect("trade-1 BTC-USDT: price_ceiling 200 -> 199: the values of all orders count lower\n",
           "trade-1 BTC-USDT: price_ceiling 200 -> 199: buys\n");
}

static void whole_ones(void **state)
{
    (void)state;
    snprintf(b.instrument[1].symbol, sizeof b.instrument[1].symbol, "XRP-USDT");
    expect("trade-1 XRP-USDT: new instrument: a day 3 of base, 600 in value\n",
           "trade-1 ETH-USDT: instrument removed: a day 3 of base, 600 in value\n");
    snprintf(b.instrument[1].symbol, sizeof b.instrument[1].symbol, "ETHU-SDT");
    expect("trade-1 ETHU-SDT: new instrument: a day 3 of base, 600 in value\n",
           "trade-1 ETH-USDT: instrument removed: a day 3 of base, 600 in value\n");
    b.keys = 1;
    b.instruments = 2;
    expect("", "trade-2: key removed, on binance:mainnet: order, cancel; orders: limit, "
               "limit-maker\ntrade-2 BTC-USDT: instrument removed: a day 3 of base, 600 in "
               "value\n");
    a.keys = 1;
    a.instruments = 2;
    snprintf(b.key[1].network, sizeof b.key[1].network, "n");
    expect("trade-2: new key, on n: order, cancel; orders: limit, limit-maker\n"
           "trade-2 BTC-USDT: new instrument: a day 3 of base, 600 in value\n",
           "");
}

/* ---- what it must not leave out ---- */

static dec draw_amount(struct rng *r, unsigned least, unsigned most)
{
    return dec_from_i64((int64_t)(least + rng_below(r, most - least + 1)), 1);
}

/* Near the limits of what the requests ask. */
static void draw(struct rng *r, struct policy *p)
{
    memset(p, 0, sizeof *p);
    p->keys = 1;
    struct policy_key *k = &p->key[0];
    snprintf(k->label, sizeof k->label, "%s", rng_below(r, 12) ? "trade-1" : "trade-2");
    snprintf(k->network, sizeof k->network, "%s", rng_below(r, 12) ? "n" : "m");
    k->ops = rng_below(r, 3) ? POLICY_OPS : (unsigned)rng_below(r, POLICY_OPS + 1);
    k->types = rng_below(r, 3) ? POLICY_TYPES : (unsigned)rng_below(r, 64) & POLICY_TYPES;
    k->window_ms = (uint32_t)(4999 + rng_below(r, 2));
    k->skew_ms = rng_below(r, 8) ? 1 : 0;
    k->rate = rng_below(r, 8) ? 2 : (uint32_t)rng_below(r, 2);
    k->replays = rng_below(r, 4) ? 1 : 1 + (uint32_t)rng_below(r, 3);
    k->instruments = p->instruments = 1;
    struct policy_instrument *i = &p->instrument[0];
    snprintf(i->symbol, sizeof i->symbol, "%s", rng_below(r, 12) ? "BTC-USDT" : "ETH-USDT");
    i->floor = draw_amount(r, 990, 1000);
    i->ceiling = draw_amount(r, 1000, 1010);
    i->order_base = draw_amount(r, 4, 6);
    i->order_value = draw_amount(r, 490, 510);
    i->hour_base = draw_amount(r, 4, 15);
    i->hour_value = draw_amount(r, 490, 1500);
    i->day_base = draw_amount(r, 4, 15);
    i->day_value = draw_amount(r, 490, 1500);
}

/* [b] is [a] with a field or two of another one. */
static void draw_other(struct rng *r)
{
    static struct policy other;
    draw(r, &a);
    draw(r, &other);
    b = a;
    for (unsigned n = rng_below(r, 4) ? 1 : 2; n > 0; n--) {
        struct policy_key *k = &b.key[0];
        struct policy_instrument *i = &b.instrument[0];
        const struct policy_key *ok = &other.key[0];
        const struct policy_instrument *oi = &other.instrument[0];
        switch (rng_below(r, 17)) {
        case 0: memcpy(k->label, ok->label, sizeof k->label); break;
        case 1: memcpy(k->network, ok->network, sizeof k->network); break;
        case 2: k->ops = ok->ops; break;
        case 3: k->types = ok->types; break;
        case 4: k->window_ms = ok->window_ms; break;
        case 5: k->skew_ms = ok->skew_ms; break;
        case 6: k->rate = ok->rate; break;
        case 7: k->replays = ok->replays; break;
        case 8: memcpy(i->symbol, oi->symbol, sizeof i->symbol); break;
        case 9: i->floor = oi->floor; break;
        case 10: i->ceiling = oi->ceiling; break;
        case 11: i->order_base = oi->order_base; break;
        case 12: i->order_value = oi->order_value; break;
        case 13: i->hour_base = oi->hour_base; break;
        case 14: i->hour_value = oi->hour_value; break;
        case 15: i->day_base = oi->day_base; break;
        case 16: i->day_value = oi->day_value; break;
        }
    }
}

static struct wire_request draw_request(struct rng *r)
{
    struct wire_request q = limit_order(2);
    q.signing.timestamp_ms += (int64_t)rng_below(r, 3) - 1;
    q.signing.window_ms = 5000;
    q.order.side = rng_below(r, 2) ? WIRE_BUY : WIRE_SELL;
    q.order.qty = draw_amount(r, 4, 6);
    q.order.price = draw_amount(r, 990, 1010);
    q.order.type = (enum wire_order_type)(1 + rng_below(r, 5));
    if (q.order.type == WIRE_LIMIT_MAKER || q.order.type == WIRE_MARKET)
        q.order.tif = WIRE_TIF_NONE;
    if (q.order.type == WIRE_STOP_LOSS_LIMIT || q.order.type == WIRE_TAKE_PROFIT_LIMIT)
        q.order.stop_price = q.order.price;
    if (q.order.type == WIRE_MARKET) {
        q.order.price = DEC_ZERO;
        if (q.order.side == WIRE_BUY) {
            q.order.qty = DEC_ZERO;
            q.order.quote_qty = draw_amount(r, 490, 510);
        }
    }
    if (rng_below(r, 4) == 0) {
        q.type = WIRE_SIGN_CANCEL;
        memcpy(q.cancel.symbol, q.order.symbol, sizeof q.cancel.symbol);
        q.cancel.venue_order_id = 1;
    }
    return q;
}

/* [q], after one more order where [before] says so: the same state for both policies. */
static bool allowed(const struct policy *p, const struct wire_request *q, bool before)
{
    static struct policy_counters c;
    struct policy_spend ring[8];
    struct policy_subject key = {CLASS_TRADE, "n", false};
    struct policy_now now = {1700000000000, 1};
    struct policy_decision d = {.is_order = true,
                                .label = "trade-1",
                                .symbol = "BTC-USDT",
                                .until_ms = 1700000000000,
                                .base = dec_lit("0.5"),
                                .total = dec_lit("50"),
                                .intent = {1, 1}};
    policy_counters_init(&c, ring, 8);
    policy_clock(&c, now);
    if (before)
        policy_reserve(&c, &d);
    return policy_check(p, &key, q, &c, now).reason == WIRE_ALLOWED;
}

static void nothing_is_left_out(void **state)
{
    (void)state;
    const char *text = getenv("POLICY_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("POLICY_SEED=%llu\n", (unsigned long long)seed);
    struct rng r;
    rng_seed(&r, seed);
    unsigned looser = 0, tighter = 0;
    for (unsigned n = 0; n < 300000; n++) {
        draw_other(&r);
        struct wire_request q = draw_request(&r);
        bool second = rng_below(&r, 2);
        bool was = allowed(&a, &q, second), is = allowed(&b, &q, second);
        if (was == is)
            continue;
        struct policy_changes c = diff();
        if (is ? c.looser == 0 : c.tighter == 0)
            fail_msg("case %u: %s now, and nothing %s; the other way: %s", n,
                     is ? "allowed" : "refused", is ? "looser" : "tighter", lines[is]);
        looser += is;
        tighter += !is;
    }
    print_message("%u looser, %u tighter\n", looser, tighter);
    assert_true(looser > 1000 && tighter > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(none, fresh),       cmocka_unit_test_setup(every_number, fresh),
        cmocka_unit_test_setup(words, fresh),      cmocka_unit_test_setup(prices, fresh),
        cmocka_unit_test_setup(whole_ones, fresh), cmocka_unit_test(nothing_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

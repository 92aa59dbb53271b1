/* The policy: its one binary form, and each limit: at it allowed, one unit beyond refused. */
#include "wallet/policy.h"
#include "wallet/policy_counters.h"

#include "wires.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define T0   INT64_C(1700000000000)
#define RING 64

static struct policy p;
static struct policy_counters c;
static struct policy_spend ring[RING];
static struct policy_subject key;
static struct policy_now now;
static struct policy_decision d;

static void set(dec *d_, const char *text)
{
    *d_ = dec_lit(text);
}

static void instrument(struct policy_instrument *i, const char *symbol)
{
    memset(i, 0, sizeof *i);
    snprintf(i->symbol, sizeof i->symbol, "%s", symbol);
    set(&i->floor, "50");
    set(&i->ceiling, "200");
    set(&i->order_base, "1");
    set(&i->order_value, "200");
    set(&i->hour_base, "2");
    set(&i->hour_value, "400");
    set(&i->day_base, "3");
    set(&i->day_value, "600");
}

static int fresh(void **state)
{
    (void)state;
    memset(&p, 0, sizeof p);
    p.keys = 1;
    p.instruments = 2;
    struct policy_key *k = &p.key[0];
    snprintf(k->label, sizeof k->label, "trade-1");
    snprintf(k->network, sizeof k->network, "binance:mainnet");
    k->ops = POLICY_OPS;
    k->types = POLICY_TYPES;
    k->window_ms = 5000;
    k->skew_ms = 1000;
    k->rate = 30;
    k->replays = 1;
    k->instruments = 2;
    instrument(&p.instrument[0], "BTC-USDT");
    instrument(&p.instrument[1], "ETH-USDT");
    policy_counters_init(&c, ring, RING);
    key = (struct policy_subject){CLASS_TRADE, "binance:mainnet", false};
    now = (struct policy_now){T0, 1000};
    return 0;
}

static struct wire_request order(uint64_t n, enum wire_side side, const char *qty,
                                 const char *price)
{
    struct wire_request q = limit_order(n);
    q.order.side = side;
    set(&q.order.qty, qty);
    set(&q.order.price, price);
    q.signing.timestamp_ms = now.wall_ms;
    return q;
}

static enum wire_reason check(const struct wire_request *q)
{
    d = policy_check(&p, &key, q, &c, now);
    return d.reason;
}

static enum wire_reason sign(struct wire_request q)
{
    enum wire_reason r = check(&q);
    if (r == WIRE_ALLOWED)
        policy_reserve(&c, &d);
    return r;
}

static void pass(int64_t ms)
{
    now.wall_ms += ms;
    now.boot_ms += ms;
}

#define ALLOWED(q)      assert_string_equal(wire_reason_name(check(&q)), "allowed")
#define REFUSED(q, why) assert_string_equal(wire_reason_name(check(&q)), why)
#define SIGNED(q)       assert_string_equal(wire_reason_name(sign(q)), "allowed")
#define LIMIT(limit_, val)                                                                         \
    (assert_true(dec_eq(d.limit, dec_lit(limit_))), assert_true(dec_eq(d.value, dec_lit(val))))

static void empty_allows_nothing(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 1);
    memset(&p, 0, sizeof p);
    for (unsigned n = 0; n < 1000; n++) {
        struct wire_request q = random_request(&r, WIRE_TYPES[n % WIRE_TYPES_COUNT]);
        assert_int_not_equal(check(&q), WIRE_ALLOWED);
    }
    struct wire_request q = limit_order(1);
    REFUSED(q, "policy-key");
}

static void the_key(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    ALLOWED(q);
    snprintf(q.signing.key, sizeof q.signing.key, "trade-2");
    REFUSED(q, "policy-key");
    q = limit_order(1);
    key.network = "binance:testnet";
    REFUSED(q, "policy-network");
    key.network = "binance:mainnet";
    key.class = CLASS_STREAM;
    REFUSED(q, "policy-class");
    key.class = CLASS_WIRE;
    REFUSED(q, "policy-class");
    key.class = CLASS_TRADE;
    snprintf(q.order.symbol, sizeof q.order.symbol, "BT-CUSDT"); /* the same there, not here */
    REFUSED(q, "policy-symbol");
    q = limit_order(1);
    p.key[0].ops = POLICY_OPS & ~POLICY_ORDER;
    REFUSED(q, "policy-operation");
}

static struct wire_request other(enum wire_type type, const char *symbol)
{
    struct wire_request q = limit_order(1);
    q.type = type;
    snprintf(q.cancel.symbol, sizeof q.cancel.symbol, "%s", symbol);
    snprintf(q.read.symbol, sizeof q.read.symbol, "%s", symbol);
    if (type != WIRE_SIGN_CANCEL_ALL)
        q.cancel.venue_order_id = 5;
    q.order.replaces = 0;
    return q;
}

/* Each operation needs its own bit and no other, but queries that could be sent as cancels. */
static void operations(void **state)
{
    (void)state;
    struct wire_request q = other(WIRE_SIGN_CANCEL, "BTC-USDT");
    p.key[0].ops = POLICY_CANCEL;
    ALLOWED(q);
    p.key[0].ops = POLICY_OPS & ~POLICY_CANCEL;
    REFUSED(q, "policy-operation");
    q = other(WIRE_SIGN_CANCEL, "XRP-USDT");
    p.key[0].ops = POLICY_OPS;
    REFUSED(q, "policy-symbol");

    q = other(WIRE_SIGN_CANCEL_ALL, "BTC-USDT");
    p.key[0].ops = POLICY_CANCEL_ALL;
    ALLOWED(q);
    p.key[0].ops = POLICY_OPS & ~POLICY_CANCEL_ALL;
    REFUSED(q, "policy-operation");

    q = other(WIRE_SIGN_QUERY, "BTC-USDT");
    q.read.query = WIRE_QUERY_OPEN;
    REFUSED(q, "policy-operation"); /* the same signature cancels them */
    key.binds_path = true;
    ALLOWED(q);
    key.binds_path = false;
    key.class = CLASS_STREAM; /* cannot cancel whatever it signs */
    ALLOWED(q);
    key.class = CLASS_TRADE;
    p.key[0].ops = POLICY_QUERY | POLICY_CANCEL_ALL;
    ALLOWED(q);
    q.read.query = WIRE_QUERY_ORDER;
    q.read.from_id = 5;
    REFUSED(q, "policy-operation");
    p.key[0].ops = POLICY_QUERY | POLICY_CANCEL;
    ALLOWED(q);
    q.read.query = WIRE_QUERY_TRADES;
    REFUSED(q, "policy-operation");
    p.key[0].ops |= POLICY_CANCEL_ALL;
    ALLOWED(q);

    q = other(WIRE_SIGN_QUERY, "");
    q.read.query = WIRE_QUERY_ACCOUNT;
    p.key[0].ops = POLICY_OPS & ~POLICY_ACCOUNT;
    REFUSED(q, "policy-operation");
    p.key[0].ops = POLICY_ACCOUNT;
    ALLOWED(q);
    q.signing.transport = WIRE_WEBSOCKET; /* the same signature logs in */
    REFUSED(q, "policy-class");
    key.class = CLASS_STREAM;
    ALLOWED(q);
    q.type = WIRE_SIGN_STREAM;
    REFUSED(q, "policy-operation");
    p.key[0].ops = POLICY_STREAM;
    ALLOWED(q);
    key.class = CLASS_TRADE;
    REFUSED(q, "policy-class");
}

static void shapes(void **state)
{
    (void)state;
    struct wire_request q;
#define BAD(change)                                                                                \
    do {                                                                                           \
        q = limit_order(1);                                                                        \
        change;                                                                                    \
        REFUSED(q, "policy-shape");                                                                \
    } while (0)
    BAD(q.order.price = DEC_ZERO);
    BAD(q.order.qty = DEC_ZERO);
    BAD(q.order.tif = WIRE_TIF_NONE);
    BAD(q.order.quote_qty = DEC_ONE);
    BAD(q.order.stop_price = DEC_ONE);
    BAD(q.order.client_order_id[0] = 0);
    BAD(q.order.intent.order = 0);
    BAD(q.order.type = WIRE_LIMIT_MAKER);     /* has no time in force */
    BAD(q.order.type = WIRE_STOP_LOSS_LIMIT); /* needs a stop price */
    BAD(q.order.type = WIRE_MARKET);          /* has no price */
    BAD(q.order.type = WIRE_MARKET; q.order.price = DEC_ZERO;
        q.order.tif = WIRE_TIF_NONE); /* buys by quote */
    BAD(q.type = WIRE_SIGN_STREAM);   /* websocket only */
    BAD(q.type = WIRE_SIGN_CANCEL);   /* of no order */
    BAD(q.type = WIRE_SIGN_CANCEL; q.cancel.venue_order_id = 1;
        strcpy(q.cancel.client_order_id, "a"));
    BAD(q.type = WIRE_SIGN_CANCEL_REPLACE; q.cancel.venue_order_id = 1;
        strcpy(q.cancel.symbol, "BTC-USDT"));
    BAD(q.type = WIRE_SIGN_CANCEL_REPLACE; q.cancel.venue_order_id = 1; q.order.replaces = 1;
        strcpy(q.cancel.symbol, "ETH-USDT"));
    BAD(q.type = WIRE_SIGN_QUERY; q.read.query = WIRE_QUERY_ACCOUNT; q.read.limit = 1);
    BAD(q.type = WIRE_SIGN_QUERY; q.read.query = WIRE_QUERY_ALL);
    BAD(q.type = WIRE_STATUS);
}

static void order_types(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    p.key[0].types = 1u << WIRE_LIMIT;
    ALLOWED(q);
    p.key[0].types = POLICY_TYPES & ~(1u << WIRE_LIMIT);
    REFUSED(q, "policy-type");
    q.order.type = WIRE_MARKET;
    q.order.tif = WIRE_TIF_NONE;
    q.order.qty = q.order.price = DEC_ZERO;
    set(&q.order.quote_qty, "50");
    ALLOWED(q);
    p.key[0].types = POLICY_TYPES & ~(1u << WIRE_MARKET);
    REFUSED(q, "policy-market");
}

/* What may be spent is the value; what it buys at most, at the floor, is the base. */
static void market_orders(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    q.order.type = WIRE_MARKET;
    q.order.tif = WIRE_TIF_NONE;
    q.order.qty = q.order.price = DEC_ZERO;
    set(&q.order.quote_qty, "50");
    ALLOWED(q);
    assert_true(dec_eq(d.base, DEC_ONE) && dec_eq(d.total, dec_lit("50")));
    set(&q.order.quote_qty, "50.000000000000000001"); /* a part of a unit is a unit */
    REFUSED(q, "policy-order-base");
    LIMIT("1", "1.000000000000000001");
    set(&p.instrument[0].order_base, "10");
    set(&p.instrument[0].hour_base, "10");
    set(&p.instrument[0].day_base, "10");
    set(&q.order.quote_qty, "200");
    ALLOWED(q);
    set(&q.order.quote_qty, "200.000000000000000001");
    REFUSED(q, "policy-order-value");
    q.order.side = WIRE_SELL;
    q.order.quote_qty = DEC_ZERO;
    set(&q.order.qty, "1");
    ALLOWED(q);
    assert_true(dec_eq(d.base, DEC_ONE) && dec_eq(d.total, dec_lit("200")));
}

static void floor_and_ceiling(void **state)
{
    (void)state;
    struct wire_request q = order(1, WIRE_SELL, "0.5", "50");
    ALLOWED(q);
    q = order(1, WIRE_SELL, "0.5", "49.999999999999999999");
    REFUSED(q, "policy-floor");
    LIMIT("50", "49.999999999999999999");
    q = order(1, WIRE_BUY, "0.5", "200");
    ALLOWED(q);
    q = order(1, WIRE_BUY, "0.5", "200.000000000000000001");
    REFUSED(q, "policy-ceiling");
    LIMIT("200", "200.000000000000000001");
    q = order(1, WIRE_BUY, "0.5", "1"); /* cheap is not dangerous */
    ALLOWED(q);
    assert_true(dec_eq(d.total, dec_lit("100"))); /* at the ceiling, not at its price */
    q = order(1, WIRE_SELL, "0.5", "1000");
    ALLOWED(q);
}

static void times(void **state)
{
    (void)state;
    struct wire_request q = limit_order(1);
    q.signing.window_ms = 5001;
    REFUSED(q, "policy-window");
    LIMIT("5000", "5001");
    q.signing.window_ms = 1;
    q.signing.timestamp_ms = T0 + 1000;
    ALLOWED(q);
    q.signing.timestamp_ms = T0 + 1001;
    REFUSED(q, "policy-early");
    LIMIT("1700000001000", "1700000001001");
    q.signing.timestamp_ms = T0 - 1000;
    ALLOWED(q);
    q.signing.timestamp_ms = T0 - 1001;
    REFUSED(q, "policy-late");
    q.signing.timestamp_ms = INT64_MAX;
    REFUSED(q, "policy-early");
    q.signing.timestamp_ms = 0;
    REFUSED(q, "policy-late");
}

static void per_order(void **state)
{
    (void)state;
    struct wire_request q = order(1, WIRE_BUY, "1", "100");
    ALLOWED(q);
    q = order(1, WIRE_BUY, "1.000000000000000001", "100");
    REFUSED(q, "policy-order-base");
    LIMIT("1", "1.000000000000000001");
    set(&p.instrument[0].order_value, "199.999999999999999999");
    q = order(1, WIRE_BUY, "1", "100");
    REFUSED(q, "policy-order-value");
    LIMIT("199.999999999999999999", "200");
    q = order(1, WIRE_BUY, "100000000000000000000", "100");
    REFUSED(q, "policy-overflow");
}

static void per_hour_and_day(void **state)
{
    (void)state;
    struct wire_request unit = order(9, WIRE_SELL, "0.000000000000000001", "100");
    SIGNED(order(1, WIRE_BUY, "1", "100"));
    SIGNED(order(2, WIRE_SELL, "1", "100")); /* both sides count */
    REFUSED(unit, "policy-hour-base");
    LIMIT("2", "2.000000000000000001");
    set(&p.instrument[0].hour_base, "3");
    REFUSED(unit, "policy-hour-value");
    LIMIT("400", "400.0000000000000002");
    snprintf(unit.order.symbol, sizeof unit.order.symbol, "ETH-USDT"); /* has sums of its own */
    ALLOWED(unit);
    set(&p.instrument[0].hour_base, "2");
    /* They count until an hour after they can take effect no more: timestamp + 5000. */
    pass(POLICY_HOUR_MS + 5000 - 1);
    unit = order(9, WIRE_SELL, "0.000000000000000001", "100");
    REFUSED(unit, "policy-hour-base");
    pass(1);
    SIGNED(order(3, WIRE_SELL, "1", "100"));
    unit = order(9, WIRE_SELL, "0.000000000000000001", "100");
    REFUSED(unit, "policy-day-base");
    LIMIT("3", "3.000000000000000001");
    set(&p.instrument[0].day_base, "4");
    REFUSED(unit, "policy-day-value");
    LIMIT("600", "600.0000000000000002");
    set(&p.instrument[0].day_base, "3");
    pass(POLICY_DAY_MS - POLICY_HOUR_MS - 1);
    unit = order(9, WIRE_SELL, "1", "100");
    REFUSED(unit, "policy-day-base");
    pass(1); /* two of the three leave */
    SIGNED(order(4, WIRE_SELL, "1", "100"));
    SIGNED(order(5, WIRE_SELL, "1", "100"));
    unit = order(9, WIRE_SELL, "0.000000000000000001", "100");
    REFUSED(unit, "policy-hour-base");
}

static void replays_count(void **state)
{
    (void)state;
    p.key[0].replays = 4;
    struct wire_request q = order(1, WIRE_BUY, "0.5", "100");
    ALLOWED(q); /* 4 * 0.5 = the hour's 2 */
    q = order(1, WIRE_BUY, "0.500000000000000001", "100");
    REFUSED(q, "policy-hour-base");
    LIMIT("2", "2.000000000000000004");
    SIGNED(order(1, WIRE_BUY, "0.5", "100"));
    assert_true(dec_eq(c.slot[0].hour_base, dec_lit("2")));
    assert_true(dec_eq(c.slot[0].day_value, dec_lit("400")));
}

static void per_minute(void **state)
{
    (void)state;
    p.key[0].rate = 2;
    SIGNED(order(1, WIRE_BUY, "0.1", "100"));
    struct wire_request q = order(2, WIRE_BUY, "0.1", "100");
    snprintf(q.order.symbol, sizeof q.order.symbol, "ETH-USDT"); /* of the key, not of the symbol */
    SIGNED(q);
    q = order(3, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-rate");
    LIMIT("2", "3");
    struct wire_request cancel = other(WIRE_SIGN_CANCEL, "BTC-USDT");
    ALLOWED(cancel); /* always */
    pass(POLICY_MINUTE_MS + 5000 - 1);
    q = order(3, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-rate");
    pass(1);
    q = order(3, WIRE_BUY, "0.1", "100");
    ALLOWED(q);
    p.key[0].rate = 0;
    REFUSED(q, "policy-rate");
}

/* A step of the wall clock, back or forward, frees nothing. */
static void clock_steps(void **state)
{
    (void)state;
    SIGNED(order(1, WIRE_BUY, "1", "100"));
    SIGNED(order(2, WIRE_BUY, "1", "100"));
    struct wire_request q;
    now.wall_ms += 2 * POLICY_DAY_MS;
    now.boot_ms += 10;
    q = order(3, WIRE_BUY, "1", "100");
    REFUSED(q, "policy-hour-base");
    now.wall_ms -= 4 * POLICY_DAY_MS;
    q = order(3, WIRE_BUY, "1", "100");
    REFUSED(q, "policy-hour-base");
    now.wall_ms = T0 + POLICY_HOUR_MS + 4999;
    now.boot_ms = 1000 + POLICY_HOUR_MS + 4999;
    q = order(3, WIRE_BUY, "1", "100");
    REFUSED(q, "policy-hour-base");
    now.boot_ms += 10;
    now.wall_ms -= 5000; /* slower than the time since start: time waits */
    q = order(3, WIRE_BUY, "1", "100");
    REFUSED(q, "policy-hour-base");
    now.wall_ms += 5001;
    now.boot_ms += 1;
    q = order(3, WIRE_BUY, "1", "100");
    ALLOWED(q);
}

static void an_intent_once(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        set(&p.instrument[i].hour_base, "1000");
        set(&p.instrument[i].day_base, "1000");
        set(&p.instrument[i].hour_value, "100000");
        set(&p.instrument[i].day_value, "100000");
    }
    SIGNED(order(5000, WIRE_BUY, "0.1", "100"));
    struct wire_request q = order(5000, WIRE_SELL, "0.2", "150");
    REFUSED(q, "policy-repeated");
    LIMIT("5000", "5000");     /* who is told goes on above it */
    q.order.intent.instance++; /* another agent's */
    ALLOWED(q);
    q = order(5000 - POLICY_INTENTS + 1, WIRE_BUY, "0.1", "100"); /* as far back as it goes */
    ALLOWED(q);
    q = order(5000 - POLICY_INTENTS, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-old-intent");
    LIMIT("5000", "3976");
    SIGNED(order(4999, WIRE_BUY, "0.1", "100"));
    q = order(4999, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-repeated");
    LIMIT("5000", "4999");
    pass(40 * POLICY_DAY_MS); /* and for ever */
    q = order(5000, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-repeated");

    /* A replacement: of one that was signed, once, by a later one. */
    q = order(5001, WIRE_BUY, "0.1", "100");
    q.order.replaces = 4998;
    REFUSED(q, "policy-replaces");
    q.order.replaces = 5001;
    REFUSED(q, "policy-replaces");
    q.order.replaces = 5002;
    REFUSED(q, "policy-replaces");
    q.order.replaces = 5000;
    SIGNED(q);
    q = order(5002, WIRE_BUY, "0.1", "100");
    q.order.replaces = 5000;
    REFUSED(q, "policy-replaces");
    q.order.replaces = 5001;
    q.type = WIRE_SIGN_CANCEL_REPLACE;
    q.cancel.venue_order_id = 1;
    strcpy(q.cancel.symbol, "BTC-USDT");
    SIGNED(q);
    REFUSED(q, "policy-repeated");
    q = order(1, WIRE_BUY, "0.1", "100");
    q.order.intent.instance = 77;
    q.order.replaces = 1;
    REFUSED(q, "policy-replaces"); /* nothing is known of that agent */

    /* Far ahead: what lies between is not signed, what was is too old. */
    SIGNED(order(5002 + POLICY_INTENTS, WIRE_BUY, "0.1", "100"));
    q = order(5002, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-old-intent");
    q = order(5003, WIRE_BUY, "0.1", "100");
    ALLOWED(q);
    SIGNED(order(UINT64_MAX, WIRE_BUY, "0.1", "100"));
    q = order(UINT64_MAX - 1, WIRE_BUY, "0.1", "100");
    ALLOWED(q);
    q = order(UINT64_MAX, WIRE_BUY, "0.1", "100");
    REFUSED(q, "policy-repeated");
    LIMIT("18446744073709551615", "18446744073709551615");
}

/* A venue writes no hyphen: a policy that moves it does not begin the limits anew. */
static void one_market_however_written(void **state)
{
    (void)state;
    set(&p.instrument[0].day_base, "1");
    set(&p.instrument[0].hour_base, "1");
    SIGNED(order(1, WIRE_BUY, "0.6", "100"));
    strcpy(p.instrument[0].symbol, "BTCU-SDT");
    struct wire_request q = order(2, WIRE_BUY, "0.5", "100");
    strcpy(q.order.symbol, "BTCU-SDT");
    REFUSED(q, "policy-hour-base");
    LIMIT("1", "1.1");
    set(&q.order.qty, "0.4");
    SIGNED(q);
    strcpy(p.instrument[0].symbol, "BTC-USDT"); /* and back */
    q = order(3, WIRE_BUY, "0.000000000000000001", "100");
    REFUSED(q, "policy-hour-base");
    q = order(3, WIRE_BUY, "0.1", "100");
    strcpy(q.order.symbol, "ETH-USDT");
    ALLOWED(q);
    /* Nor are they two for a log that is read again. */
    assert_int_equal(policy_restore_slot(&c, 7, "trade-1", "BT-CUSDT"), ERR_CORRUPT);
    assert_int_equal(policy_restore_slot(&c, 7, "trade-2", "BT-CUSDT"), ERR_OK);
}

static void what_is_full(void **state)
{
    (void)state;
    p.key[0].rate = POLICY_RATE_MAX;
    struct wire_request q;
    for (unsigned n = 0; n < POLICY_INSTANCES_MAX; n++) {
        q = order(1, WIRE_BUY, "0.000000000000000001", "100");
        q.order.intent.instance = n;
        SIGNED(q);
    }
    q.order.intent.instance = POLICY_INSTANCES_MAX;
    REFUSED(q, "policy-instances");
    for (unsigned n = POLICY_INSTANCES_MAX; n < RING; n++) {
        q = order(n, WIRE_BUY, "0.000000000000000001", "100");
        q.order.intent.instance = 1;
        SIGNED(q);
    }
    q = order(RING, WIRE_BUY, "0.000000000000000001", "100");
    q.order.intent.instance = 1;
    REFUSED(q, "policy-memory");
    LIMIT("64", "65");
    pass(POLICY_DAY_MS + 5000);
    q = order(RING, WIRE_BUY, "0.000000000000000001", "100");
    q.order.intent.instance = 1;
    SIGNED(q);
    assert_true(dec_eq(c.slot[0].day_base, dec_lit("0.000000000000000001")));
}

/* Random orders and times against sums made anew each time from the list of all that was signed. */
static void random_windows(void **state)
{
    (void)state;
    static struct {
        int64_t until;
        dec qty;
        bool eth;
    } done[4000];
    struct rng r;
    const char *text = getenv("TRADEWIND_SEED");
    uint64_t s = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
    print_message("TRADEWIND_SEED=%llu\n", (unsigned long long)s);
    rng_seed(&r, s);
    p.key[0].rate = 3;
    unsigned n = 0, refusals = 0;
    int64_t last = 0;
    for (unsigned step = 1; step < 4000; step++) {
        pass((int64_t)rng_below(&r, rng_below(&r, 10) ? 30000 : 5000000));
        struct wire_request q = order(step, WIRE_BUY, "1", "100");
        bool eth = rng_below(&r, 2);
        q.order.qty.v = (i128)rng_below(&r, DEC_ONE_U64) + 1;
        q.signing.timestamp_ms += (int64_t)rng_below(&r, 2001) - 1000;
        q.signing.window_ms = 1 + (uint32_t)rng_below(&r, 5000);
        if (eth)
            snprintf(q.order.symbol, sizeof q.order.symbol, "ETH-USDT");
        i128 hour = q.order.qty.v, day = hour;
        unsigned minute = 0;
        for (unsigned i = 0; i < n; i++) {
            int64_t age = now.wall_ms - done[i].until;
            minute += age < POLICY_MINUTE_MS;
            if (done[i].eth != eth)
                continue;
            hour += age < POLICY_HOUR_MS ? done[i].qty.v : 0;
            day += age < POLICY_DAY_MS ? done[i].qty.v : 0;
        }
        enum wire_reason expect = minute >= 3                    ? POLICY_RATE
                                  : hour > 2 * (i128)DEC_ONE_U64 ? POLICY_HOUR_BASE
                                  : day > 3 * (i128)DEC_ONE_U64  ? POLICY_DAY_BASE
                                                                 : WIRE_ALLOWED;
        assert_string_equal(wire_reason_name(sign(q)), wire_reason_name(expect));
        refusals += expect != WIRE_ALLOWED;
        if (expect == WIRE_ALLOWED) {
            int64_t until = q.signing.timestamp_ms + q.signing.window_ms;
            until = until > now.wall_ms ? until : now.wall_ms;
            last = until > last ? until : last;
            done[n].until = last;
            done[n].qty = q.order.qty;
            done[n++].eth = eth;
        }
    }
    assert_true(n > 100 && refusals > 100);
}

/* ---- the binary ---- */

static uint8_t bytes[WIRE_POLICY_MAX], again[WIRE_POLICY_MAX];
static size_t len, again_len;

static void fixed_bytes(void **state)
{
    (void)state;
    static const uint8_t head[] = {
        'T', 'W', 'P', 'L', 1,   0,    1,    0,         /* version, keys */
        7,   0,   't', 'r', 'a', 'd',  'e',  '-',  '1', /* label */
        15,  0,   'b', 'i', 'n', 'a',  'n',  'c',  'e', ':', 'm',  'a', 'i',
        'n', 'n', 'e', 't', 127, 0x3e, 0x88, 0x13, 0,   0,   0xe8, 3,   0,
        0,   30,  0,   0,   0,   1,    0,    0,    0,   2,   0, /* ... instruments */
        8,   0,   'B', 'T', 'C', '-',  'U',  'S',  'D', 'T',    /* symbol, then eight numbers */
    };
    static const uint8_t empty[] = {'T', 'W', 'P', 'L', 1, 0, 0, 0};
    assert_int_equal(policy_encode(&p, bytes, &len), ERR_OK);
    assert_int_equal(len, sizeof head + 8 * 16 + 10 + 8 * 16);
    assert_memory_equal(bytes, head, sizeof head);
    struct policy back;
    assert_int_equal(policy_decode(bytes, len, &back), ERR_OK);
    assert_memory_equal(&back, &p, sizeof p);
    memset(&p, 0, sizeof p);
    assert_int_equal(policy_encode(&p, bytes, &len), ERR_OK);
    assert_int_equal(len, sizeof empty);
    assert_memory_equal(bytes, empty, len);
}

static void one_form_only(void **state)
{
    (void)state;
    struct policy back;
    assert_int_equal(policy_encode(&p, bytes, &len), ERR_OK);
    for (size_t n = 0; n < len; n++)
        assert_int_equal(policy_decode(bytes, n, &back), ERR_SYNTAX);
    bytes[len] = 0;
    assert_int_equal(policy_decode(bytes, len + 1, &back), ERR_SYNTAX);
    unsigned taken = 0;
    for (size_t at = 0; at < len; at++)
        for (unsigned b = 0; b < 8; b++) {
            bytes[at] = (uint8_t)(bytes[at] ^ (1u << b));
            if (!policy_decode(bytes, len, &back)) {
                taken++;
                assert_int_equal(policy_encode(&back, again, &again_len), ERR_OK);
                assert_int_equal(again_len, len);
                assert_memory_equal(again, bytes, len);
            }
            bytes[at] = (uint8_t)(bytes[at] ^ (1u << b));
        }
    assert_true(taken > 100);
    bytes[4] = 2;
    assert_int_equal(policy_decode(bytes, len, &back), ERR_UNSUPPORTED);
}

static void bounds(void **state)
{
    (void)state;
#define WRONG(change)                                                                              \
    do {                                                                                           \
        fresh(NULL);                                                                               \
        change;                                                                                    \
        assert_int_equal(policy_encode(&p, bytes, &len), ERR_RANGE);                               \
    } while (0)
#define RIGHT(change)                                                                              \
    do {                                                                                           \
        fresh(NULL);                                                                               \
        change;                                                                                    \
        assert_int_equal(policy_encode(&p, bytes, &len), ERR_OK);                                  \
    } while (0)
    RIGHT(p.key[0].window_ms = WIRE_WINDOW_MAX);
    WRONG(p.key[0].window_ms = WIRE_WINDOW_MAX + 1);
    WRONG(p.key[0].window_ms = 0);
    RIGHT(p.key[0].skew_ms = POLICY_SKEW_MAX);
    WRONG(p.key[0].skew_ms = POLICY_SKEW_MAX + 1);
    RIGHT(p.key[0].rate = POLICY_RATE_MAX);
    WRONG(p.key[0].rate = POLICY_RATE_MAX + 1);
    RIGHT(p.key[0].replays = POLICY_REPLAYS_MAX);
    WRONG(p.key[0].replays = POLICY_REPLAYS_MAX + 1);
    WRONG(p.key[0].replays = 0);
    WRONG(p.key[0].ops = POLICY_OPS + 1);
    WRONG(p.key[0].types = POLICY_TYPES | 1);
    WRONG(p.key[0].types = 256);
    WRONG(p.key[0].label[0] = 0);
    WRONG(memset(p.key[0].label, 'a', sizeof p.key[0].label));
    WRONG(p.key[0].network[0] = 0);
    WRONG(p.key[0].first = 1);
    WRONG(p.key[0].instruments = 1);
    WRONG(p.key[0].instruments = 3);
    WRONG(p.instrument[0].floor = DEC_ZERO);
    RIGHT(p.instrument[0].floor = p.instrument[0].ceiling);
    WRONG(p.instrument[0].floor.v = p.instrument[0].ceiling.v + 1);
    WRONG(p.instrument[0].day_value.v = -1);
    WRONG(strcpy(p.instrument[0].symbol, "BTCUSDT"));
    WRONG(strcpy(p.instrument[0].symbol, "ETH-USDT")); /* twice */
    WRONG(strcpy(p.instrument[0].symbol, "ETHU-SDT")); /* the same at the venue */
    WRONG(strcpy(p.instrument[0].symbol, "XRP-USDT")); /* not sorted */
    WRONG(p.key[1] = p.key[0]; p.keys = 2; p.key[1].first = 2; p.key[1].instruments = 0);
    RIGHT(p.key[1] = p.key[0]; p.keys = 2; p.key[1].first = 2; p.key[1].instruments = 0;
          strcpy(p.key[1].label, "u"));
    WRONG(p.key[1] = p.key[0]; p.keys = 2; p.key[1].first = 2; p.key[1].instruments = 0;
          strcpy(p.key[1].label, "a"));
}

/* The largest policy there can be is one that can be written and sent. */
static void the_largest(void **state)
{
    (void)state;
    memset(&p, 0, sizeof p);
    p.keys = POLICY_KEYS_MAX;
    for (unsigned n = 0; n < POLICY_KEYS_MAX; n++) {
        struct policy_key *k = &p.key[n];
        snprintf(k->label, sizeof k->label, "%032u", n);
        memset(k->network, 'n', sizeof k->network - 1);
        k->window_ms = k->replays = 1;
        k->first = p.instruments;
        k->instruments = POLICY_INSTRUMENTS_MAX / POLICY_KEYS_MAX;
        for (unsigned i = 0; i < k->instruments; i++) {
            char symbol[WIRE_SYMBOL_MAX];
            snprintf(symbol, sizeof symbol, "%026u-USDT%c", i, 'A');
            instrument(&p.instrument[p.instruments++], symbol);
        }
    }
    assert_int_equal(policy_encode(&p, bytes, &len), ERR_OK);
    struct wire_request q;
    uint8_t message[WIRE_BUFFER_MAX], secret[WIRE_SECRET_MAX] = {0};
    memset(&q, 0, sizeof q);
    q.type = WIRE_POLICY_SET;
    q.unlock = WIRE_PASSPHRASE;
    q.secret = secret;
    q.secret_len = sizeof secret;
    q.policy = bytes;
    q.policy_len = (uint32_t)len;
    assert_int_equal(wire_encode_request(&q, message, &again_len), ERR_OK);
    p.key[POLICY_KEYS_MAX - 1].instruments++;
    p.instruments++;
    assert_int_equal(policy_encode(&p, bytes, &len), ERR_RANGE);
    p.instruments--;
    p.keys++;
    assert_int_equal(policy_encode(&p, bytes, &len), ERR_RANGE);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(empty_allows_nothing),
        TEST(the_key),
        TEST(operations),
        TEST(shapes),
        TEST(order_types),
        TEST(market_orders),
        TEST(floor_and_ceiling),
        TEST(times),
        TEST(per_order),
        TEST(per_hour_and_day),
        TEST(replays_count),
        TEST(per_minute),
        TEST(clock_steps),
        TEST(an_intent_once),
        TEST(one_market_however_written),
        TEST(what_is_full),
        TEST(random_windows),
        TEST(fixed_bytes),
        TEST(one_form_only),
        TEST(bounds),
        TEST(the_largest),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

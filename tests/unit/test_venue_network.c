/* The Binance Spot session against a network and a venue that misbehave: connections, backoff,
 * subscriptions, REST answers, bans, limits. */
#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const BTC[] = {"BTC-USDT", NULL};
static const char *const BTC_ETH[] = {"BTC-USDT", "ETH-USDT", NULL};

#define HOUR (3600 * DESK_S)

/* ---- connections ---- */

static void test_a_disconnect_invalidates_and_a_new_connection_starts_over(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_closed(&d);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_int_equal(desk_stats(&d).state, SESSION_WAITING);
    assert_int_equal(desk_stats(&d).reconnects, 1);
    desk_depth(&d, "BTCUSDT", 111, 111); /* of the dead connection */
    assert_int_equal(desk_stats(&d).messages, 1);
    desk_run(&d, DESK_S / 2);
    desk_connected(&d);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_depth(&d, "BTCUSDT", 120, 121);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 120);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_int_equal(d.market[0].rule_events, 1); /* still known */
    desk_close(&d);
}

static void test_an_answer_for_an_earlier_connection_is_not_used(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_up(&d);
    desk_depth(&d, "BTCUSDT", 100, 110);
    assert_int_not_equal(d.request, 0);
    desk_closed(&d);
    desk_run(&d, DESK_S / 2);
    desk_connected(&d);
    desk_depth(&d, "BTCUSDT", 120, 121);
    desk_answer_book(&d, 125); /* asked before */
    assert_int_equal(d.market[0].snapshots, 0);
    desk_run(&d, 2 * DESK_S);
    desk_answer_book(&d, 120);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_close(&d);
}

/* Until the next connect(); fails the test where there is none within 31 s. */
static int64_t wait_for_connect(struct desk *d)
{
    const int64_t begin = d->mono_ns;
    while (!d->want_connection) {
        assert_true(d->timer_ns != INT64_MAX && d->mono_ns - begin <= 31 * DESK_S);
        desk_run_to(d, d->timer_ns);
    }
    return d->mono_ns - begin;
}

static void test_backoff_grows_within_its_bounds(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 20; round++) {
        struct desk d;
        desk_open(&d, BTC);
        d.mono_ns += (int64_t)round;
        desk_start(&d);
        int64_t most = DESK_S / 2, total = 0;
        for (int n = 0; n < 20; n++) {
            desk_closed(&d);
            const int64_t waited = wait_for_connect(&d);
            assert_in_range(waited, most / 2, most);
            assert_in_range(waited, DESK_S / 4, 30 * DESK_S);
            most = most * 2 > 30 * DESK_S ? 30 * DESK_S : most * 2;
            total += waited;
        }
        assert_true(total > 100 * DESK_S);
        desk_close(&d);
    }
}

static void test_backoff_starts_anew_only_after_ten_healthy_seconds(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    for (int n = 0; n < 10; n++) {
        desk_connected(&d); /* accepted and closed at once: no success */
        desk_closed(&d);
        (void)wait_for_connect(&d);
    }
    desk_connected(&d);
    for (int i = 0; i < 9; i++) {
        desk_say(&d, "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}");
        desk_run(&d, DESK_S);
    }
    desk_closed(&d);
    assert_true(wait_for_connect(&d) >= 15 * DESK_S);
    desk_connected(&d);
    for (int i = 0; i < 10; i++) {
        desk_say(&d, "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}");
        desk_run(&d, DESK_S);
    }
    desk_closed(&d);
    assert_true(wait_for_connect(&d) <= DESK_S / 2);
    desk_close(&d);
}

/* The venue allows 300 connections per 5 minutes. */
static void test_connections_stay_within_the_limit(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    const int64_t begin = d.mono_ns;
    while (d.mono_ns < begin + 300 * DESK_S) {
        desk_connected(&d);
        desk_closed(&d);
        (void)wait_for_connect(&d);
    }
    assert_in_range(d.connects, 5, 30);
    desk_close(&d);
}

static void test_a_connection_attempt_without_an_answer_is_given_up(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    desk_run(&d, 15 * DESK_S - 1);
    assert_int_equal(d.disconnects, 0);
    desk_run(&d, 1);
    assert_int_equal(d.disconnects, 1);
    (void)wait_for_connect(&d);
    assert_int_equal(d.connects, 2);
    desk_close(&d);
}

static void test_a_new_connection_before_the_venue_ends_it_after_24_hours(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    const int64_t begin = d.mono_ns;
    while (d.up && d.mono_ns < begin + 25 * HOUR) {
        desk_say(&d, "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}");
        if (d.request) /* the hourly look at the rules */
            desk_answer_rules(&d);
        desk_run(&d, 9 * DESK_S);
    }
    assert_in_range(d.mono_ns - begin, 23 * HOUR, 23 * HOUR + 31 * HOUR / 60);
    assert_int_equal(desk_stats(&d).stale, 0);
    assert_int_equal(desk_stats(&d).reconnects, 1);
    assert_true(wait_for_connect(&d) <= DESK_S / 2);
    assert_int_equal(d.market[0].rule_events, 1); /* looked at 23 times, never changed */
    desk_close(&d);
}

static void test_a_silent_connection_is_dead(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    desk_run(&d, 90 * DESK_S - 1); /* 60 s and three times stale_after */
    assert_true(d.up);
    assert_int_equal(d.market[0].feed, FEED_STALE);
    desk_run(&d, 1);
    assert_false(d.up);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    desk_close(&d);
}

static void test_stop_and_start(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    d.ops->stop(d.session);
    assert_int_equal(d.market[0].feed, FEED_INVALID);
    assert_false(d.want_connection);
    assert_int_equal(desk_stats(&d).state, SESSION_STOPPED);
    const uint32_t asked = d.requests;
    desk_run(&d, HOUR);
    assert_int_equal(d.connects, 1);
    assert_int_equal(d.requests, asked);
    desk_start(&d);
    desk_connected(&d);
    desk_answer_rules(&d);
    desk_depth(&d, "BTCUSDT", 200, 210);
    desk_answer_book(&d, 205);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    desk_close(&d);
}

/* ---- subscriptions ---- */

/* "AAUSD", "ABUSD" ... the [i]th of up to 64 instruments, in the venue's spelling. */
static const char *many_symbol(unsigned i)
{
    static char text[16];
    snprintf(text, sizeof text, "A%c%s", 'A' + (int)(i % 22),
             i < 22   ? "USD"
             : i < 44 ? "EUR"
                      : "GBP");
    return text;
}

static void many(struct desk *d, unsigned n)
{
    static char names[64][20];
    const char *symbols[65] = {0};
    for (unsigned i = 0; i < n; i++) {
        const char *s = many_symbol(i);
        snprintf(names[i], sizeof names[i], "%.2s-%s", s, s + 2);
        symbols[i] = names[i];
    }
    desk_open(d, symbols);
}

static unsigned count_streams(const char *text)
{
    unsigned n = 0;
    for (const char *p = text; (p = strchr(p, '@')); p++)
        n += strncmp(p, "@trade", 6) == 0 || strncmp(p, "@bookTicker", 11) == 0 ||
             strncmp(p, "@depth@100ms", 12) == 0;
    return n;
}

static void test_streams_beyond_the_url_are_subscribed_in_paced_batches(void **state)
{
    (void)state;
    static struct desk d;
    many(&d, 64);
    desk_start(&d);
    unsigned streams = count_streams(d.url);
    assert_in_range(streams, 30, 64 * 3 - 1);
    assert_int_equal(streams % 3, 0); /* whole instruments */
    desk_connected(&d);
    int64_t last = 0;
    for (int i = 0; streams < 64 * 3; i++) {
        assert_true(i < 20);
        assert_int_equal(d.sends, i + 1);
        const unsigned n = count_streams(d.sent);
        assert_in_range(n, 3, 30);
        streams += n;
        assert_true(last == 0 || d.mono_ns - last >= DESK_S / 2); /* 5 a second are allowed */
        last = d.mono_ns;
        char id[32];
        snprintf(id, sizeof id, "],\"id\":%d}", i + 1);
        assert_non_null(strstr(d.sent, id));
        desk_run(&d, 100 * DESK_MS);
        assert_int_equal(d.sends, i + 1); /* none before the answer */
        desk_say(&d, "{\"result\":null,\"id\":%d}", i + 1);
        desk_run(&d, DESK_S / 2);
    }
    assert_int_equal(streams, 64 * 3);
    assert_int_equal(desk_stats(&d).unknown, 0);
    desk_say(&d, "{\"u\":1,\"s\":\"AAUSD\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}");
    assert_int_equal(desk_stats(&d).state, SESSION_LIVE);
    desk_close(&d);
}

static void test_a_refused_or_unanswered_subscription_is_a_lost_connection(void **state)
{
    (void)state;
    static struct desk d;
    many(&d, 64);
    desk_start(&d);
    desk_connected(&d);
    desk_say(&d, "{\"result\":null,\"id\":77}"); /* not ours */
    desk_say(&d, "{\"code\":2,\"msg\":\"Invalid request\",\"id\":78}");
    assert_int_equal(desk_stats(&d).unknown, 2);
    assert_true(d.up);
    desk_say(&d, "{\"error\":{\"code\":2,\"msg\":\"Invalid request\"},\"id\":1}");
    assert_false(d.up);
    assert_int_equal(desk_stats(&d).state, SESSION_WAITING);
    (void)wait_for_connect(&d);
    desk_connected(&d);
    assert_non_null(strstr(d.sent, "],\"id\":2}"));
    desk_run(&d, 10 * DESK_S - 1);
    assert_true(d.up);
    desk_run(&d, 1);
    assert_false(d.up);
    desk_close(&d);
}

static void test_the_url_takes_slashes_and_long_hosts(void **state)
{
    (void)state;
    struct desk d;
    desk_setup(&d, BTC_ETH);
    strcpy(d.setup->venue[0].ws_url, "wss://stream.example:9443//");
    desk_init(&d);
    desk_start(&d);
    assert_string_equal(d.url, "wss://stream.example:9443/stream?streams=btcusdt@trade/"
                               "btcusdt@bookTicker/btcusdt@depth@100ms/ethusdt@trade/"
                               "ethusdt@bookTicker/ethusdt@depth@100ms");
    desk_close(&d);
    desk_setup(&d, BTC_ETH);
    memset(d.setup->venue[0].ws_url, 'a', URL_MAX_BYTES - 1);
    desk_init(&d);
    desk_start(&d);
    assert_int_equal(strlen(d.url), 255 + 16 + 2 * (13 + 18 + 19) + 5);
    desk_close(&d);
}

/* ---- REST ---- */

/* No answer has no status: the log does not invent one. */
static void test_no_answer_is_told_as_such(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_up(&d);
    desk_depth(&d, "BTCUSDT", 100, 110);
    desk_answer(&d, 0, -1, "");
    assert_non_null(strstr(d.log, "REST request failed: no answer; next try in "));
    desk_close(&d);
    desk_open(&d, BTC);
    desk_up(&d);
    desk_depth(&d, "BTCUSDT", 100, 110);
    desk_answer(&d, 503, -1, "");
    assert_non_null(strstr(d.log, "REST request failed: HTTP status 503; next try in "));
    desk_close(&d);
}

static void test_bans_are_obeyed(void **state)
{
    (void)state;
    const struct {
        int status, retry_after_s;
        int64_t least_s;
    } CASE[] = {
        {429, 7, 7},
        {429, 0, 0},
        {429, -1, 60},
        {418, 300, 300},
        {418, -1, 120},
        {403, -1, 60},
        {418, 259200, 259200}, /* three days */
        {418, INT32_MAX, 4 * 86400},
        {429, 3600, 3600},
    };
    for (unsigned i = 0; i < sizeof CASE / sizeof CASE[0]; i++) {
        struct desk d;
        desk_open(&d, BTC);
        desk_up(&d);
        desk_depth(&d, "BTCUSDT", 100, 110);
        desk_answer(&d, CASE[i].status, CASE[i].retry_after_s,
                    "{\"code\":-1003,\"msg\":\"Too much request weight used; IP banned.\"}");
        const int64_t begin = d.mono_ns;
        assert_non_null(strstr(d.log, "-1003 Too much request weight"));
        uint64_t id = 111;
        while (!d.request && d.mono_ns < begin + 5 * 24 * HOUR) {
            if (!d.up && d.want_connection)
                desk_connected(&d); /* of a day's age */
            if (d.up)
                desk_depth(&d, "BTCUSDT", id, id);
            id++;
            desk_run(&d, CASE[i].least_s > 3600 ? 60 * DESK_S : DESK_S / 10);
        }
        assert_true(d.mono_ns - begin >= CASE[i].least_s * DESK_S);
        assert_true(d.mono_ns - begin <= (CASE[i].least_s + 2) * DESK_S + 60 * DESK_S);
        assert_true(d.up || CASE[i].least_s > 86400); /* the websocket is another matter */
        desk_close(&d);
    }
}

static void test_failed_requests_are_repeated_ever_later(void **state)
{
    (void)state;
    const int STATUS[] = {0, 500, 503, 404, 200};
    for (unsigned i = 0; i < sizeof STATUS / sizeof STATUS[0]; i++) {
        struct desk d;
        desk_open(&d, BTC);
        desk_start(&d);
        int64_t most = DESK_S / 2;
        for (int n = 0; n < 12; n++) {
            assert_int_not_equal(d.request, 0);
            const int64_t asked = d.mono_ns;
            desk_answer(&d, STATUS[i], -1, n % 2 ? "" : "{\"no\":");
            assert_true(d.log_bad);
            while (!d.request) {
                assert_true(d.mono_ns - asked <= 30 * DESK_S);
                if (d.want_connection && !d.up)
                    desk_closed(&d);
                desk_run(&d, DESK_S / 20);
            }
            assert_in_range(d.mono_ns - asked, most / 2, most + DESK_S / 20);
            most = most * 2 > 30 * DESK_S ? 30 * DESK_S : most * 2;
        }
        desk_close(&d);
    }
}

static void test_a_request_without_an_answer_is_given_up(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    desk_connected(&d);
    const uint32_t first = d.request;
    desk_run(&d, 22 * DESK_S);
    assert_int_equal(d.requests, 2);
    assert_true(d.request != first);
    /* The late answer to the first is nobody's. */
    char *text = desk_rules_text(d.setup, "TRADING");
    d.ops->http(d.session, first, 200, -1, text, strlen(text), d.mono_ns, d.wall_ns);
    free(text);
    assert_int_equal(d.market[0].rule_events, 0);
    desk_answer_rules(&d);
    assert_int_equal(d.market[0].rule_events, 1);
    desk_close(&d);
}

static void test_rules_are_looked_at_hourly_and_told_when_they_change(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_live(&d);
    for (int i = 0; i < 3; i++) {
        const uint64_t before = d.market[0].rule_events;
        while (!d.request) {
            desk_say(&d,
                     "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}");
            desk_run(&d, 9 * DESK_S);
        }
        char *text = desk_rules_text(d.setup, i == 1 ? "HALT" : "TRADING");
        desk_answer(&d, 200, -1, text);
        free(text);
        assert_int_equal(d.market[0].rule_events - before, i > 0);
        assert_int_equal(d.market[0].rules.status,
                         i == 1 ? INSTRUMENT_SUSPENDED : INSTRUMENT_TRADING);
        assert_int_equal(d.market[0].feed, FEED_LIVE);
    }
    desk_close(&d);
}

/* One symbol that the venue does not know spoils the answer for all: they are then asked for one by
 * one, and the others work. */
static void test_an_unknown_symbol_does_not_take_the_others_along(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC_ETH);
    desk_start(&d);
    desk_connected(&d);
    desk_answer(&d, 400, -1, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    assert_non_null(strstr(d.path, "symbol=BTCUSDT"));
    char *text = desk_rules_text(d.setup, "TRADING");
    desk_answer(&d, 200, -1, text);
    free(text);
    assert_int_equal(d.market[0].rule_events, 1);
    assert_non_null(strstr(d.path, "symbol=ETHUSDT"));
    desk_answer(&d, 400, -1, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    assert_string_equal(d.log, "ETH-USDT: no market data: the venue does not know this symbol");
    desk_depth(&d, "ETHUSDT", 100, 110);
    assert_int_equal(d.request, 0); /* no book for it */
    desk_depth(&d, "BTCUSDT", 100, 110);
    desk_answer_book(&d, 105);
    assert_int_equal(d.market[0].feed, FEED_LIVE);
    assert_int_equal(d.market[1].feed, FEED_INVALID);
    desk_close(&d);
}

static void test_a_pair_of_other_assets_is_not_ours(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, (const char *const[]){"BTCU-SDT", NULL});
    desk_start(&d);
    desk_connected(&d);
    desk_answer(&d, 200, -1,
                "{\"serverTime\":1723161255000,\"symbols\":[{\"symbol\":\"BTCUSDT\",\"status\":"
                "\"TRADING\",\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"filters\":[]}]}");
    assert_int_equal(d.market[0].rule_events, 0);
    assert_non_null(strstr(d.log, "no such pair"));
    desk_close(&d);
    desk_open(&d, BTC);
    desk_start(&d);
    desk_connected(&d);
    desk_answer(&d, 200, -1,
                "{\"serverTime\":1723161255000,\"symbols\":[{\"symbol\":\"BTCUSDT\",\"status\":"
                "\"TRADING\",\"baseAsset\":\"XBT\",\"quoteAsset\":\"USDT\",\"filters\":[]}]}");
    assert_int_equal(d.market[0].rule_events, 0);
    desk_close(&d);
}

static void test_a_futures_venue_is_refused_in_words(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, BTC);
    desk_start(&d);
    desk_connected(&d);
    desk_answer(&d, 200, -1,
                "{\"timezone\":\"UTC\",\"serverTime\":1723161255000,\"futuresType\":\"U_MARGINED\","
                "\"symbols\":[]}");
    assert_int_equal(d.market[0].rule_events, 0);
    assert_non_null(strstr(d.log, "futures venue: check rest_url"));
    desk_close(&d);
}

/* The session's own share of the venue's 6000 weight a minute is half of it. */
static void test_request_weight_stays_within_the_share(void **state)
{
    (void)state;
    static struct desk d;
    many(&d, 64);
    desk_start(&d);
    desk_connected(&d);
    desk_answer_rules(&d);
    const int64_t begin = d.mono_ns;
    const uint32_t before = d.requests;
    uint64_t id = 100;
    uint32_t acknowledged = 0;
    /* A venue whose snapshots are always too old: asked for as often as allowed. */
    while (d.mono_ns < begin + 60 * DESK_S) {
        for (unsigned i = 0; i < 64; i++)
            desk_say(&d,
                     "{\"e\":\"depthUpdate\",\"E\":1723161255000,\"s\":\"%s\",\"U\":%llu,\"u\":"
                     "%llu,\"b\":[],\"a\":[]}",
                     many_symbol(i), (unsigned long long)id, (unsigned long long)id);
        id++;
        for (; acknowledged < d.sends; acknowledged++)
            desk_say(&d, "{\"result\":null,\"id\":%u}", acknowledged + 1);
        for (int i = 0; i < 10 && d.request; i++)
            desk_answer_book(&d, 1);
        desk_run(&d, DESK_S / 10);
    }
    const uint32_t weight = (d.requests - before) * 50;
    assert_in_range(weight, 3000, 4000); /* 3000 a minute and 1000 at once */
    desk_close(&d);
}

/* ---- what init refuses ---- */

static enum err init_of(struct desk *d)
{
    const struct session_ops *ops = venue_find("binance-spot");
    const struct session_host host = {0};
    struct session *s;
    void *mem = calloc(1, ops->size(d->setup, 0));
    assert_non_null(mem);
    enum err e = ops->init(&s, mem, d->setup, 0, &host, 1);
    free(mem);
    free(d->setup);
    return e;
}

static void test_init_refuses_what_cannot_work(void **state)
{
    (void)state;
    struct desk d;
    assert_null(venue_find("binance-futures"));
    assert_ptr_equal(venue_find("binance-spot"), venue_registry[0]);
    desk_setup(&d, BTC);
    d.setup->venue[0].stale_after_ns = 0;
    assert_int_equal(init_of(&d), ERR_RANGE);
    desk_setup(&d, BTC);
    d.setup->instruments = 0;
    assert_int_equal(init_of(&d), ERR_NOT_FOUND);
    desk_setup(&d, (const char *const[]){"BTC-USDT", "BTCU-SDT", NULL});
    assert_int_equal(init_of(&d), ERR_EXISTS);
    desk_setup(&d, (const char *const[]){"btc-usdt", NULL});
    assert_int_equal(init_of(&d), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_disconnect_invalidates_and_a_new_connection_starts_over),
        cmocka_unit_test(test_an_answer_for_an_earlier_connection_is_not_used),
        cmocka_unit_test(test_backoff_grows_within_its_bounds),
        cmocka_unit_test(test_backoff_starts_anew_only_after_ten_healthy_seconds),
        cmocka_unit_test(test_connections_stay_within_the_limit),
        cmocka_unit_test(test_a_connection_attempt_without_an_answer_is_given_up),
        cmocka_unit_test(test_a_new_connection_before_the_venue_ends_it_after_24_hours),
        cmocka_unit_test(test_a_silent_connection_is_dead),
        cmocka_unit_test(test_stop_and_start),
        cmocka_unit_test(test_streams_beyond_the_url_are_subscribed_in_paced_batches),
        cmocka_unit_test(test_a_refused_or_unanswered_subscription_is_a_lost_connection),
        cmocka_unit_test(test_the_url_takes_slashes_and_long_hosts),
        cmocka_unit_test(test_no_answer_is_told_as_such),
        cmocka_unit_test(test_bans_are_obeyed),
        cmocka_unit_test(test_failed_requests_are_repeated_ever_later),
        cmocka_unit_test(test_a_request_without_an_answer_is_given_up),
        cmocka_unit_test(test_rules_are_looked_at_hourly_and_told_when_they_change),
        cmocka_unit_test(test_an_unknown_symbol_does_not_take_the_others_along),
        cmocka_unit_test(test_a_pair_of_other_assets_is_not_ours),
        cmocka_unit_test(test_a_futures_venue_is_refused_in_words),
        cmocka_unit_test(test_request_weight_stays_within_the_share),
        cmocka_unit_test(test_init_refuses_what_cannot_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

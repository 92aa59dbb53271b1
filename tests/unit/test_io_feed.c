/* A feed gives its session what struct session_host promises, on the real network. */
#include "io/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/http_client.h"
#include "odd_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A session that writes down what it is told, and does what the test says. */
struct session {
    const struct session_host *host;
    char url[256];
};

static struct {
    char trace[4096];
    void (*on_start)(struct session *s);
    void (*on_message)(struct session *s, const char *text);
    void (*on_closed)(struct session *s);
    void (*on_answers)(struct session *s);
    uint32_t answers, failed, expected;
    int64_t timer_ns, fired_ns;
    enum err init_error;
    void (*before)(void *ctx);
    struct session *session;
} script;

static struct odd_server server;
static struct loop *loop;
static struct feed *feed;
static struct setup *setup_now;
static struct loop_timer guard;
static uint32_t events;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    size_t len = strlen(script.trace);
    va_list ap;
    va_start(ap, format);
    vsnprintf(script.trace + len, sizeof script.trace - len, format, ap);
    va_end(ap);
}

static size_t fake_size(const struct setup *s, venue_id v)
{
    (void)s, (void)v;
    return sizeof(struct session);
}

static enum err fake_init(struct session **ret, void *mem, const struct setup *s, venue_id v,
                          const struct session_host *host, uint64_t seed)
{
    if (script.init_error)
        return script.init_error;
    struct session *f = mem;
    assert_int_equal(seed, 77);
    f->host = host;
    snprintf(f->url, sizeof f->url, "%s", s->venue[v].ws_url);
    *ret = f;
    return ERR_OK;
}

static void fake_start(struct session *s, int64_t mono_ns)
{
    assert_in_range(clock_mono_ns() - mono_ns, 0, NS_PER_S);
    note("start ");
    script.on_start(s);
}

static void fake_stop(struct session *s)
{
    note("stop ");
    s->host->disconnect(s->host->ctx, "stopped");
}

static void fake_connected(struct session *s, int64_t mono_ns)
{
    (void)mono_ns;
    note("connected ");
    s->host->send(s->host->ctx, "subscribe", 9);
}

static void fake_message(struct session *s, const char *text, size_t len, int64_t mono_ns,
                         int64_t wall_ns)
{
    assert_in_range(clock_mono_ns() - mono_ns, 0, NS_PER_S);
    assert_in_range(clock_wall_ns() - wall_ns, 0, NS_PER_S);
    note("message(%.*s) ", (int)len, text);
    const struct event e = {.kind = EVENT_TOP};
    s->host->event(s->host->ctx, &e);
    if (script.on_message)
        script.on_message(s, text);
}

static void fake_closed(struct session *s, const char *why, int64_t mono_ns)
{
    (void)mono_ns;
    note("closed(%s) ", why);
    if (script.on_closed)
        script.on_closed(s);
}

static void fake_http(struct session *s, uint32_t request, int status, int retry_after_s,
                      const char *body, size_t len, int64_t mono_ns, int64_t wall_ns)
{
    (void)mono_ns, (void)wall_ns;
    script.answers++;
    script.failed += status == 0;
    if (script.expected <= 4)
        note("http(%u %d %d %.*s) ", request, status, retry_after_s, (int)len, body);
    if (script.answers == script.expected)
        script.on_answers(s);
}

static void fake_timer(struct session *s, int64_t mono_ns)
{
    (void)s;
    note("timer ");
    script.fired_ns = mono_ns;
    loop_stop(loop);
}

static void fake_resync(struct session *s, instrument_id i, int64_t mono_ns)
{
    (void)s, (void)mono_ns;
    note("resync(%u) ", i);
}

static int64_t fake_now(const struct session *s, int64_t mono_ns)
{
    (void)s;
    return mono_ns + 5;
}

static void fake_stats(const struct session *s, struct session_stats *ret)
{
    (void)s;
    *ret = (struct session_stats){.messages = 42};
}

static const struct session_ops fake = {
    .kind = "fake",
    .size = fake_size,
    .init = fake_init,
    .start = fake_start,
    .stop = fake_stop,
    .connected = fake_connected,
    .message = fake_message,
    .closed = fake_closed,
    .http = fake_http,
    .timer = fake_timer,
    .resync = fake_resync,
    .venue_now_ns = fake_now,
    .stats = fake_stats,
};

static void on_event(void *ctx, const struct event *ev)
{
    assert_ptr_equal(ctx, &events);
    assert_int_equal(ev->kind, EVENT_TOP);
    events++;
}

static void on_guard(void *ctx)
{
    (void)ctx;
    note("GUARD ");
    loop_stop(loop);
}

static void use_urls(const char *ws_path)
{
    struct venue_setup *v = &setup_now->venue[0];
    snprintf(v->name, sizeof v->name, "venue");
    snprintf(v->ws_url, sizeof v->ws_url, "wss://localhost:%d%s", server.port[ODD_GOOD], ws_path);
    snprintf(v->rest_url, sizeof v->rest_url, "https://localhost:%d", server.port[ODD_GOOD]);
    snprintf(v->ca_file, sizeof v->ca_file, "%s", server.ca_file);
}

static int setup(void **state)
{
    (void)state;
    memset(&script, 0, sizeof script);
    events = 0;
    setup_now = calloc(1, sizeof *setup_now);
    setup_now->venues = 1;
    use_urls("/echo");
    assert_int_equal(loop_open(&loop), ERR_OK);
    loop_timer_set(loop, &guard, clock_mono_ns() + 20 * NS_PER_S, on_guard, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    feed_close(feed);
    feed = NULL;
    loop_timer_cancel(&guard);
    loop_close(loop);
    free(setup_now);
    return 0;
}

static int start_server(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    odd_server_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    odd_server_stop(&server);
    return 0;
}

static void run(void)
{
    char why[FEED_WHY_MAX] = "";
    assert_int_equal(feed_open(&feed, loop, setup_now, 0, &fake, 77, on_event, &events, why),
                     ERR_OK);
    assert_string_equal(script.trace, ""); /* nothing before the loop */
    feed_before_message(feed, script.before);
    assert_int_equal(loop_run(loop), ERR_OK);
}

static void connect_it(struct session *s)
{
    s->host->connect(s->host->ctx, s->url);
}

static void stop_on_message(struct session *s, const char *text)
{
    (void)s, (void)text;
    loop_stop(loop);
}

static void a_connection_and_its_events(void **state)
{
    (void)state;
    script.on_start = connect_it;
    script.on_message = stop_on_message;
    run();
    assert_string_equal(script.trace, "start connected message(subscribe) ");
    assert_int_equal(events, 1);
    struct session_stats stats;
    feed_stats(feed, &stats);
    assert_int_equal(stats.messages, 42);
    int64_t before = clock_mono_ns();
    assert_in_range(feed_venue_now_ns(feed) - before, 5, NS_PER_S);
    feed_resync(feed, 3);
    feed_close(feed);
    feed = NULL;
    assert_string_equal(script.trace, "start connected message(subscribe) resync(3) stop ");
    feed_close(NULL);
}

static int rounds;

static void reconnect_twice(struct session *s)
{
    if (++rounds == 3)
        loop_stop(loop);
    else
        connect_it(s);
}

static void a_lost_connection_is_told_and_can_be_opened_again(void **state)
{
    (void)state;
    rounds = 0;
    use_urls("/drop");
    script.on_start = connect_it;
    script.on_closed = reconnect_twice;
    run();
    assert_string_equal(script.trace,
                        "start connected message(last words) closed(the connection was lost) "
                        "connected message(last words) closed(the connection was lost) "
                        "connected message(last words) closed(the connection was lost) ");
}

static void leave_and_come_back(struct session *s, const char *text)
{
    /* The text stays readable after the connection was given up. */
    s->host->disconnect(s->host->ctx, "enough");
    assert_string_equal(text, "subscribe");
    s->host->send(s->host->ctx, "into the void", 13);
    if (++rounds == 3)
        loop_stop(loop);
    else
        connect_it(s);
}

static void a_disconnect_of_its_own_is_not_told(void **state)
{
    (void)state;
    rounds = 0;
    script.on_start = connect_it;
    script.on_message = leave_and_come_back;
    run();
    assert_string_equal(script.trace, "start connected message(subscribe) "
                                      "connected message(subscribe) "
                                      "connected message(subscribe) ");
}

static void leave_once(void *ctx)
{
    assert_ptr_equal(ctx, &events);
    note("before ");
    if (++rounds > 1)
        return;
    script.session->host->disconnect(script.session->host->ctx, "it stood still");
    connect_it(script.session);
}

static void connect_and_keep(struct session *s)
{
    script.session = s;
    connect_it(s);
}

static void what_comes_before_a_message_may_leave_its_connection(void **state)
{
    (void)state;
    rounds = 0;
    script.on_start = connect_and_keep;
    script.on_message = stop_on_message;
    script.before = leave_once;
    run();
    assert_string_equal(script.trace,
                        "start connected before connected before message(subscribe) ");
}

static void stop_it(struct session *s)
{
    (void)s;
    loop_stop(loop);
}

static void refused_certificates_are_told(void **state)
{
    (void)state;
    snprintf(setup_now->venue[0].ws_url, URL_MAX_BYTES, "wss://localhost:%d/echo",
             server.port[ODD_EXPIRED]);
    script.on_start = connect_it;
    script.on_closed = stop_it;
    run();
    assert_string_equal(script.trace, "start closed(the certificate of localhost has expired) ");
}

static void fetch_first(struct session *s)
{
    s->host->http_get(s->host->ctx, 11, "/503-zero");
}

/* Each answer asks for the next. */
static void fetch_next(struct session *s)
{
    static const char *const paths[] = {"/truncated", "not a path", "/429"};
    if (script.answers > 3) {
        loop_stop(loop);
        return;
    }
    s->host->http_get(s->host->ctx, 11 + script.answers, paths[script.answers - 1]);
    script.expected++;
}

static void requests_and_their_answers(void **state)
{
    (void)state;
    script.on_start = fetch_first;
    script.on_answers = fetch_next;
    script.expected = 1;
    run();
    assert_string_equal(script.trace, "start http(11 503 0 {}) http(12 0 -1 ) http(13 0 -1 ) "
                                      "http(14 429 17 {}) ");
}

static void fetch_many(struct session *s)
{
    for (uint32_t i = 0; i < FEED_REQUESTS_MAX + 3; i++)
        s->host->http_get(s->host->ctx, i, "/ok");
}

/* All are answered: up to HTTP_REQUESTS_MAX by the server, the next ones as failures, and those
 * for which there is no room are dropped (and logged). */
static void requests_are_bounded(void **state)
{
    (void)state;
    script.on_start = fetch_many;
    script.on_answers = stop_it;
    script.expected = FEED_REQUESTS_MAX;
    run();
    assert_int_equal(script.answers, FEED_REQUESTS_MAX);
    assert_int_equal(script.failed, FEED_REQUESTS_MAX - HTTP_REQUESTS_MAX);
    assert_null(strstr(script.trace, "GUARD"));
}

static void set_timers(struct session *s)
{
    script.timer_ns = clock_mono_ns() + 60 * NS_PER_MS;
    s->host->set_timer(s->host->ctx, script.timer_ns - 50 * NS_PER_MS);
    s->host->set_timer(s->host->ctx, script.timer_ns);
}

static void a_later_timer_replaces_the_earlier(void **state)
{
    (void)state;
    script.on_start = set_timers;
    run();
    assert_string_equal(script.trace, "start timer ");
    assert_in_range(script.fired_ns - script.timer_ns, 0, NS_PER_S);
}

static void fetch_and_leave(struct session *s)
{
    connect_it(s);
    s->host->http_get(s->host->ctx, 1, "/slow?s=5");
    s->host->http_get(s->host->ctx, 2, "not a path");
    s->host->set_timer(s->host->ctx, clock_mono_ns() + NS_PER_S);
    loop_stop(loop);
}

static void closing_with_everything_under_way(void **state)
{
    (void)state;
    script.on_start = fetch_and_leave;
    run();
    feed_close(feed);
    feed = NULL;
    assert_string_equal(script.trace, "start stop ");
}

static void cannot_start(void (*damage)(struct venue_setup *), enum err e, const char *part)
{
    char why[FEED_WHY_MAX] = "";
    use_urls("/echo");
    if (damage)
        damage(&setup_now->venue[0]);
    assert_int_equal(feed_open(&feed, loop, setup_now, 0, &fake, 77, on_event, &events, why), e);
    assert_null(feed);
    if (!strstr(why, part))
        fail_msg("\"%s\" is not in \"%s\"", part, why);
}

static void no_ca(struct venue_setup *v)
{
    snprintf(v->ca_file, sizeof v->ca_file, "/nonexistent/ca.pem");
}

static void odd_ca(struct venue_setup *v)
{
    snprintf(v->ca_file, sizeof v->ca_file, "/proc/self/status");
}

static void odd_rest_url(struct venue_setup *v)
{
    snprintf(v->rest_url, sizeof v->rest_url, "wss://localhost");
}

static void what_cannot_start_says_why(void **state)
{
    (void)state;
    cannot_start(no_ca, ERR_NOT_FOUND, "ca_file /nonexistent/ca.pem: the file cannot be read");
    cannot_start(odd_ca, ERR_SYNTAX, "there is no PEM certificate in it");
    cannot_start(odd_rest_url, ERR_SYNTAX, "rest_url \"wss://localhost\": it must be https://");
    script.init_error = ERR_FULL;
    cannot_start(NULL, ERR_FULL, "the session of kind fake cannot begin: full");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_connection_and_its_events),
        T(a_lost_connection_is_told_and_can_be_opened_again),
        T(a_disconnect_of_its_own_is_not_told),
        T(what_comes_before_a_message_may_leave_its_connection),
        T(refused_certificates_are_told),
        T(requests_and_their_answers),
        T(requests_are_bounded),
        T(a_later_timer_replaces_the_earlier),
        T(closing_with_everything_under_way),
        T(what_cannot_start_says_why),
    };
    return cmocka_run_group_tests_name("feed", tests, start_server, stop_server);
}

/* The HTTP client on real sockets and real TLS, against a server that misbehaves on demand. */
#include "io/http_client.h"

#include "odd_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct odd_server server;
static struct loop *loop;
static struct tls *tls;
static struct http_client *client;
static struct loop_timer guard;

static struct {
    int answers, expected, status, retry_after_s;
    size_t len;
    char body[256], why[512];
    const char *then_get;
    bool close_in_answer;
} seen;

static void on_guard(void *ctx)
{
    (void)ctx;
    snprintf(seen.why, sizeof seen.why, "the test waited in vain");
    loop_stop(loop);
}

static void on_answer(void *ctx, const struct http_answer *a)
{
    assert_ptr_equal(ctx, &seen);
    seen.answers++;
    seen.status = a->status;
    seen.retry_after_s = a->retry_after_s;
    seen.len = a->len;
    assert_int_equal(a->body[a->len], '\0');
    snprintf(seen.body, sizeof seen.body, "%s", a->body);
    snprintf(seen.why, sizeof seen.why, "%s", a->why);
    assert_int_equal(a->status == 0, *a->why != '\0');
    if (seen.then_get) {
        assert_int_equal(http_get(client, seen.then_get, on_answer, ctx), ERR_OK);
        seen.then_get = NULL;
        return;
    }
    if (seen.close_in_answer) {
        http_client_close(client);
        client = NULL;
        loop_stop(loop);
    }
    if (seen.answers >= seen.expected)
        loop_stop(loop);
}

static void open_client(enum odd_port port, const char *host, const struct http_options *o)
{
    char base[128];
    const char *why;
    http_client_close(client);
    snprintf(base, sizeof base, "%s://%s:%d", port == ODD_PLAIN ? "http" : "https", host,
             server.port[port]);
    assert_int_equal(http_client_open(&client, loop, base, tls, o, &why), ERR_OK);
}

static void run(void)
{
    loop_timer_set(loop, &guard, clock_mono_ns() + 20 * NS_PER_S, on_guard, NULL);
    assert_int_equal(loop_run(loop), ERR_OK);
    loop_timer_cancel(&guard);
}

static void get(const char *path)
{
    memset(&seen, 0, sizeof seen);
    seen.expected = 1;
    assert_int_equal(http_get(client, path, on_answer, &seen), ERR_OK);
    run();
    assert_int_equal(seen.answers, 1);
}

#define assert_why(part)                                                                           \
    do {                                                                                           \
        assert_int_equal(seen.status, 0);                                                          \
        if (!strstr(seen.why, part))                                                               \
            fail_msg("\"%s\" is not in \"%s\"", part, seen.why);                                   \
    } while (0)

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    assert_int_equal(loop_open(&loop), ERR_OK);
    assert_int_equal(tls_open(&tls, server.ca_file), ERR_OK);
    open_client(ODD_GOOD, "localhost", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_client_close(client);
    client = NULL;
    tls_close(tls);
    loop_close(loop);
    return 0;
}

static int start_server(void **state)
{
    (void)state;
    /* Proxies of the environment are not used: with these, nothing would connect. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    odd_server_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    odd_server_stop(&server);
    return 0;
}

static void an_answer(void **state)
{
    (void)state;
    get("/ok?a=b%20c");
    char expected[128];
    snprintf(expected, sizeof expected,
             "{\"path\":\"/ok\",\"host\":\"localhost:%d\",\"query\":\"b c\"}",
             server.port[ODD_GOOD]);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, expected);
    assert_int_equal(seen.len, strlen(expected));
    assert_int_equal(seen.retry_after_s, -1);
    open_client(ODD_PLAIN, "127.0.0.1", NULL);
    get("/ok");
    assert_int_equal(seen.status, 200);
}

static void statuses_and_retry_after(void **state)
{
    (void)state;
    get("/429");
    assert_int_equal(seen.status, 429);
    assert_int_equal(seen.retry_after_s, 17);
    get("/418-date");
    assert_int_equal(seen.status, 418);
    assert_in_range(seen.retry_after_s, 55, 61);
    get("/503-zero");
    assert_int_equal(seen.status, 503);
    assert_int_equal(seen.retry_after_s, 0);
    get("/500");
    assert_int_equal(seen.status, 500);
    assert_string_equal(seen.body, "oops");
    assert_int_equal(seen.retry_after_s, -1);
    get("/404");
    assert_int_equal(seen.status, 404);
    assert_int_equal(seen.len, 0);
    get("/html");
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "<html><body>Maintenance</body></html>");
}

static void broken_answers(void **state)
{
    (void)state;
    get("/truncated");
    assert_why("the answer of localhost ended before its end");
    assert_int_equal(seen.len, 0);
    get("/nothing");
    assert_why("no answer from localhost");
    get("/ok"); /* and it goes on */
    assert_int_equal(seen.status, 200);
}

static void the_body_is_bounded_also_when_it_is_packed(void **state)
{
    (void)state;
    const struct http_options o = {.body_max = 100000};
    open_client(ODD_GOOD, "localhost", &o);
    static const char *const kinds[] = {"/large", "/gzip"};
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s?n=100000", kinds[i]);
        get(path);
        assert_int_equal(seen.status, 200);
        assert_int_equal(seen.len, 100000);
        snprintf(path, sizeof path, "%s?n=100001", kinds[i]);
        get(path);
        assert_why("localhost sent more than 100000 bytes");
    }
}

static void redirects_are_answers(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "/moved?to=http://127.0.0.1:%d/ok", server.port[ODD_PLAIN]);
    get(path);
    assert_int_equal(seen.status, 302);
}

static void time_outs(void **state)
{
    (void)state;
    const struct http_options o = {.total_ns = 150 * NS_PER_MS};
    open_client(ODD_GOOD, "localhost", &o);
    int64_t begin = clock_mono_ns();
    get("/slow?s=8");
    assert_why("no answer from localhost");
    assert_true(clock_mono_ns() - begin >= 140 * NS_PER_MS);
    assert_true(clock_mono_ns() - begin < 7 * NS_PER_S);
}

static void connections_are_kept(void **state)
{
    (void)state;
    open_client(ODD_PLAIN, "localhost", NULL);
    get("/connections");
    int before = atoi(seen.body);
    for (int i = 0; i < 5; i++)
        get("/ok");
    get("/connections");
    assert_int_equal(atoi(seen.body), before);
}

static void bad_certificates_are_refused_and_told_why(void **state)
{
    (void)state;
    static const struct {
        enum odd_port port;
        const char *host, *why;
    } bad[] = {
        {ODD_EXPIRED, "localhost", "the certificate of localhost has expired"},
        {ODD_FUTURE, "localhost", "the certificate of localhost is not valid yet"},
        {ODD_OTHER_HOST, "localhost", "the certificate of localhost is for another host"},
        {ODD_OTHER_HOST, "127.0.0.1", "the certificate of 127.0.0.1 is for another host"},
        {ODD_OTHER_CA, "localhost",
         "the certificate of localhost is signed by an authority that is not trusted"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        open_client(bad[i].port, bad[i].host, NULL);
        get("/ok");
        assert_why(bad[i].why);
    }
    struct tls *ours = tls;
    assert_int_equal(tls_open(&tls, ""), ERR_OK);
    open_client(ODD_GOOD, "localhost", NULL);
    get("/ok");
    assert_why("is signed by an authority that is not trusted");
    http_client_close(client);
    client = NULL;
    tls_close(tls);
    tls = ours;
}

static void nobody_there(void **state)
{
    (void)state;
    const char *why;
    http_client_close(client);
    assert_int_equal(http_client_open(&client, loop, "http://localhost:1", tls, NULL, &why),
                     ERR_OK);
    get("/ok");
    assert_why("localhost");
    http_client_close(client);
    const struct http_options o = {.connect_ns = 2 * NS_PER_S};
    assert_int_equal(http_client_open(&client, loop, "https://no-such-host.invalid", tls, &o, &why),
                     ERR_OK);
    get("/ok");
    assert_why("the name no-such-host.invalid cannot be resolved");
    get("/ok");
    assert_why("the name no-such-host.invalid cannot be resolved");
}

static void bad_bases_and_paths(void **state)
{
    (void)state;
    static const char *const bad[] = {"localhost",           "wss://localhost",
                                      "ftp://localhost",     "https://localhost/path",
                                      "https://localhost:0", "https://"};
    struct http_client *c = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = "";
        assert_int_not_equal(http_client_open(&c, loop, bad[i], tls, NULL, &why), ERR_OK);
        assert_null(c);
        assert_string_not_equal(why, "");
    }
    assert_int_equal(http_get(client, "ok", on_answer, &seen), ERR_RANGE);
    assert_int_equal(http_get(client, "", on_answer, &seen), ERR_RANGE);
}

static void requests_are_bounded_and_all_answered(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        memset(&seen, 0, sizeof seen);
        seen.expected = HTTP_REQUESTS_MAX;
        for (int i = 0; i < HTTP_REQUESTS_MAX; i++)
            assert_int_equal(http_get(client, "/ok", on_answer, &seen), ERR_OK);
        assert_int_equal(http_get(client, "/ok", on_answer, &seen), ERR_FULL);
        run();
        assert_int_equal(seen.answers, HTTP_REQUESTS_MAX);
        assert_int_equal(seen.status, 200);
    }
}

static void the_next_request_from_an_answer(void **state)
{
    (void)state;
    seen.expected = 2;
    seen.then_get = "/429";
    assert_int_equal(http_get(client, "/ok", on_answer, &seen), ERR_OK);
    run();
    assert_int_equal(seen.answers, 2);
    assert_int_equal(seen.status, 429);
}

static void closing_from_an_answer_and_with_requests_under_way(void **state)
{
    (void)state;
    seen.expected = 3;
    seen.close_in_answer = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(http_get(client, "/ok", on_answer, &seen), ERR_OK);
    run();
    assert_int_equal(seen.answers, 1);
    open_client(ODD_GOOD, "localhost", NULL);
    seen.close_in_answer = false;
    assert_int_equal(http_get(client, "/slow?s=5", on_answer, &seen), ERR_OK);
    struct loop_timer enough = {0};
    loop_timer_set(loop, &enough, clock_mono_ns() + 100 * NS_PER_MS, on_guard, NULL);
    run();
    http_client_close(client);
    client = NULL;
    /* The same where the name did not resolve. */
    const char *why;
    const struct http_options o = {.connect_ns = NS_PER_MS};
    assert_int_equal(http_client_open(&client, loop, "https://no-such-host.invalid", tls, &o, &why),
                     ERR_OK);
    memset(&seen, 0, sizeof seen);
    seen.expected = 3;
    seen.close_in_answer = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(http_get(client, "/ok", on_answer, &seen), ERR_OK);
    run();
    assert_int_equal(seen.answers, 1);
    assert_null(client);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_answer),
        T(statuses_and_retry_after),
        T(broken_answers),
        T(the_body_is_bounded_also_when_it_is_packed),
        T(redirects_are_answers),
        T(time_outs),
        T(connections_are_kept),
        T(bad_certificates_are_refused_and_told_why),
        T(nobody_there),
        T(bad_bases_and_paths),
        T(requests_are_bounded_and_all_answered),
        T(the_next_request_from_an_answer),
        T(closing_from_an_answer_and_with_requests_under_way),
    };
    return cmocka_run_group_tests_name("http_client", tests, start_server, stop_server);
}

/* The websocket client on real sockets and real TLS, against a server that misbehaves on demand. */
#include "io/ws_client.h"

#include "io/lws.h"
#include "odd_server.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct odd_server server;
static struct loop *loop;
static struct tls *tls;
static struct ws_client *client;
static struct loop_timer guard;

/* What the last connection told. */
static struct {
    int connected, closed;
    uint32_t messages;
    size_t bytes;
    char first[256], last[256], why[512];
    const char *send[8]; /* sent once connected */
    uint32_t stop_after; /* messages after which the loop is left; 0: at the end */
    bool close_in_message, close_in_connected, stop_in_connected;
} seen;

static void on_guard(void *ctx)
{
    (void)ctx;
    snprintf(seen.why, sizeof seen.why, "the test waited in vain");
    loop_stop(loop);
}

static void on_connected(void *ctx)
{
    (void)ctx;
    seen.connected++;
    for (size_t i = 0; i < sizeof seen.send / sizeof seen.send[0] && seen.send[i]; i++)
        assert_int_equal(ws_client_send(client, seen.send[i], strlen(seen.send[i])), ERR_OK);
    if (seen.close_in_connected) {
        ws_client_close(client);
        client = NULL;
        loop_stop(loop);
    }
    if (seen.stop_in_connected)
        loop_stop(loop);
}

static void on_message(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    assert_int_equal(text[len], '\0');
    seen.messages++;
    seen.bytes += len;
    if (seen.messages == 1)
        snprintf(seen.first, sizeof seen.first, "%s", text);
    snprintf(seen.last, sizeof seen.last, "%s", text);
    if (seen.close_in_message) {
        ws_client_close(client);
        client = NULL;
        /* Still ours until the return. */
        assert_int_equal(strlen(text), len);
        loop_stop(loop);
    } else if (seen.messages == seen.stop_after) {
        loop_stop(loop);
    }
}

static void on_closed(void *ctx, const char *why)
{
    (void)ctx;
    seen.closed++;
    snprintf(seen.why, sizeof seen.why, "%s", why);
    loop_stop(loop);
}

static const struct ws_events events = {on_connected, on_message, on_closed};

static char *url_of(enum odd_port port, const char *host, const char *path)
{
    static char url[2048];
    snprintf(url, sizeof url, "%s://%s:%d%s", port == ODD_PLAIN ? "ws" : "wss", host,
             server.port[port], path);
    return url;
}

static void start(const char *url, const struct ws_options *o)
{
    assert_int_equal(ws_client_open(&client, loop, url, tls, o, &events, NULL), ERR_OK);
}

static void run(void)
{
    loop_timer_set(loop, &guard, clock_mono_ns() + 20 * NS_PER_S, on_guard, NULL);
    assert_int_equal(loop_run(loop), ERR_OK);
    loop_timer_cancel(&guard);
}

static void run_url(const char *url, const struct ws_options *o)
{
    start(url, o);
    run();
}

#define assert_why(part)                                                                           \
    do {                                                                                           \
        if (!strstr(seen.why, part))                                                               \
            fail_msg("\"%s\" is not in \"%s\"", part, seen.why);                                   \
    } while (0)

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    assert_int_equal(loop_open(&loop), ERR_OK);
    assert_int_equal(tls_open(&tls, server.ca_file), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ws_client_close(client);
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

static void echo_over(enum odd_port port, const char *path)
{
    static char long_text[70001];
    memset(long_text, 'a', sizeof long_text - 1);
    seen.send[0] = "hello";
    seen.send[1] = "";
    seen.send[2] = long_text;
    seen.send[3] = "bye";
    seen.stop_after = 4;
    run_url(url_of(port, "localhost", path), NULL);
    assert_int_equal(seen.connected, 1);
    assert_int_equal(seen.messages, 4);
    assert_int_equal(seen.bytes, 5 + 0 + 70000 + 3);
    assert_string_equal(seen.first, "hello");
    assert_string_equal(seen.last, "bye");
    assert_int_equal(seen.closed, 0);
}

static void echo(void **state)
{
    (void)state;
    echo_over(ODD_PLAIN, "/plain-echo");
}

static void echo_over_tls(void **state)
{
    (void)state;
    echo_over(ODD_GOOD, "/echo");
}

static void echo_compressed(void **state)
{
    (void)state;
    echo_over(ODD_GOOD, "/packed-echo");
}

static void an_address_is_checked_too(void **state)
{
    (void)state;
    seen.send[0] = "x";
    seen.stop_after = 1;
    run_url(url_of(ODD_GOOD, "127.0.0.1", "/echo"), NULL);
    assert_int_equal(seen.messages, 1);
}

static void a_message_right_behind_the_answer_is_not_lost(void **state)
{
    (void)state;
    seen.stop_after = 1;
    run_url(url_of(ODD_GOOD, "localhost", "/greet"), NULL);
    assert_string_equal(seen.first, "hello");
}

static void host_and_agent_are_sent(void **state)
{
    (void)state;
    seen.stop_after = 1;
    run_url(url_of(ODD_GOOD, "localhost", "/headers?a=b"), NULL);
    char expected[64];
    snprintf(expected, sizeof expected, "localhost:%d|tradewind", server.port[ODD_GOOD]);
    assert_string_equal(seen.first, expected);
}

static void fragments_are_joined_and_pings_answered(void **state)
{
    (void)state;
    seen.stop_after = 3;
    run_url(url_of(ODD_PLAIN, "localhost", "/fragments"), NULL);
    assert_string_equal(seen.first, "one two three");
    assert_int_equal(seen.messages, 3);
    assert_int_equal(seen.bytes, strlen("one two three") + strlen("pong ping"));
    assert_string_equal(seen.last, "");
}

/* As the server makes them; tests/tools/odd_server.py. */
static size_t packed_bytes(uint32_t count, size_t max)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += i * 7919 % max;
    return sum;
}

static void compressed_messages_of_all_sizes(void **state)
{
    (void)state;
    seen.stop_after = 400;
    run_url(url_of(ODD_GOOD, "localhost", "/packed?count=400&max=70000"), NULL);
    assert_string_equal(seen.why, "");
    assert_int_equal(seen.messages, 400);
    assert_int_equal(seen.bytes, packed_bytes(400, 70000));
}

/* Here libwebsockets 4.1.6 alone cuts the message where its buffer is just full (ws_client.c). */
static void a_highly_compressed_message_is_whole(void **state)
{
    (void)state;
    char path[64];
    for (size_t n = 8100; n < 8300; n += 7) {
        memset(&seen, 0, sizeof seen);
        seen.stop_after = 1;
        snprintf(path, sizeof path, "/zeros?n=%zu", n);
        run_url(url_of(ODD_PLAIN, "localhost", path), NULL);
        assert_string_equal(seen.why, "");
        assert_int_equal(seen.bytes, n);
        ws_client_close(client);
        client = NULL;
    }
}

/* The names of libwebsockets' own settings are no business of the other side. */
static void a_server_cannot_set_our_buffers(void **state)
{
    (void)state;
    static const char *const options[] = {",rx_buf_size=1", ",rx_buf_size=60,tx_buf_size=60",
                                          ",compression_level=99,mem_level=99"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char path[128];
        memset(&seen, 0, sizeof seen);
        seen.stop_after = 40;
        seen.send[0] = "x";
        snprintf(path, sizeof path, "/packed?count=40&max=70000&options=%s", options[i]);
        run_url(url_of(ODD_PLAIN, "localhost", path), NULL);
        assert_string_equal(seen.why, "");
        assert_int_equal(seen.bytes, packed_bytes(40, 70000));
        ws_client_close(client);
        client = NULL;
    }
}

static void the_largest_message_is_taken(void **state)
{
    (void)state;
    char path[64];
    static const char *const kinds[] = {"/zeros", "/plain-big"};
    for (size_t i = 0; i < 2; i++) {
        memset(&seen, 0, sizeof seen);
        seen.stop_after = 1;
        snprintf(path, sizeof path, "%s?n=%u", kinds[i], WS_MESSAGE_MAX);
        run_url(url_of(ODD_PLAIN, "localhost", path), NULL);
        assert_string_equal(seen.why, "");
        assert_int_equal(seen.bytes, WS_MESSAGE_MAX);
        ws_client_close(client);
        client = NULL;
    }
}

static void a_larger_one_is_refused(void **state)
{
    (void)state;
    char path[64];
    static const char *const kinds[] = {"/zeros", "/plain-big"};
    for (size_t i = 0; i < 2; i++) {
        memset(&seen, 0, sizeof seen);
        snprintf(path, sizeof path, "%s?n=%u", kinds[i], WS_MESSAGE_MAX + 1);
        run_url(url_of(ODD_GOOD, "localhost", path), NULL);
        assert_int_equal(seen.messages, 0);
        assert_int_equal(seen.closed, 1);
        assert_why("more than 8388608 bytes");
        ws_client_close(client);
        client = NULL;
    }
}

static void on_enough(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void a_bomb_of_a_gigabyte_is_refused(void **state)
{
    (void)state;
    /* With TLS, too: there libwebsockets must not wait for a goodbye while data is left. */
    static const enum odd_port ports[] = {ODD_PLAIN, ODD_GOOD};
    for (size_t i = 0; i < 2; i++) {
        memset(&seen, 0, sizeof seen);
        run_url(url_of(ports[i], "localhost", "/zeros?n=200000000"), NULL);
        assert_int_equal(seen.messages, 0);
        assert_why("more than 8388608 bytes");
        ws_client_close(client);
        client = NULL;
        /* The loop goes on: what is left of the connection does not hold it up. */
        struct loop_timer enough = {0};
        loop_timer_set(loop, &enough, clock_mono_ns() + 100 * NS_PER_MS, on_enough, NULL);
        run();
    }
}

static void a_limit_of_its_own(void **state)
{
    (void)state;
    const struct ws_options o = {.message_max = 5};
    seen.send[0] = "12345";
    seen.send[1] = "123456";
    run_url(url_of(ODD_GOOD, "localhost", "/echo"), &o);
    assert_int_equal(seen.messages, 1);
    assert_why("more than 5 bytes");
}

static void broken_frames_end_the_connection(void **state)
{
    (void)state;
    static const char *const paths[] = {"/garbage-deflate", "/reserved"};
    for (size_t i = 0; i < 2; i++) {
        memset(&seen, 0, sizeof seen);
        run_url(url_of(ODD_PLAIN, "localhost", paths[i]), NULL);
        assert_int_equal(seen.connected, 1);
        assert_int_equal(seen.messages, 0);
        assert_int_equal(seen.closed, 1);
        assert_string_not_equal(seen.why, "");
        ws_client_close(client);
        client = NULL;
    }
}

static void refused(enum odd_port port, const char *host, const char *path, const char *why)
{
    memset(&seen, 0, sizeof seen);
    run_url(url_of(port, host, path), NULL);
    assert_int_equal(seen.connected, 0);
    assert_int_equal(seen.closed, 1);
    assert_why(why);
    ws_client_close(client);
    client = NULL;
}

static void bad_certificates_are_refused_and_told_why(void **state)
{
    (void)state;
    refused(ODD_EXPIRED, "localhost", "/echo", "the certificate of localhost has expired");
    refused(ODD_FUTURE, "localhost", "/echo", "the certificate of localhost is not valid yet");
    refused(ODD_OTHER_HOST, "localhost", "/echo", "the certificate of localhost is for another");
    refused(ODD_OTHER_HOST, "127.0.0.1", "/echo", "the certificate of 127.0.0.1 is for another");
    refused(ODD_OTHER_CA, "localhost", "/echo",
            "the certificate of localhost is signed by an authority that is not trusted");
}

static void our_authority_is_not_in_the_systems_store(void **state)
{
    (void)state;
    struct tls *ours = tls;
    assert_int_equal(tls_open(&tls, ""), ERR_OK);
    refused(ODD_GOOD, "localhost", "/echo", "is signed by an authority that is not trusted");
    tls_close(tls);
    tls = ours;
}

static void tls_that_is_none(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof url, "wss://localhost:%d/echo", server.port[ODD_PLAIN]);
    run_url(url, NULL);
    assert_int_equal(seen.connected, 0);
    assert_why("no TLS connection to localhost");
}

static void servers_that_do_not_want_to(void **state)
{
    (void)state;
    refused(ODD_GOOD, "localhost", "/401", "HTTP status 401");
    refused(ODD_GOOD, "localhost", "/moved", "HTTP status 302");
    refused(ODD_GOOD, "localhost", "/bad-accept", "did not answer as a websocket server");
    refused(ODD_GOOD, "localhost", "/hangup", "localhost");
    char url[64];
    snprintf(url, sizeof url, "ws://localhost:1/");
    memset(&seen, 0, sizeof seen);
    run_url(url, NULL);
    assert_why("cannot connect to localhost");
    assert_why("port 1");
}

static void bad_urls(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"localhost:1", "it must begin with wss://"},
        {"https://localhost/", "must begin with wss:// or ws://"},
        {"wss://[::1]:1/", "use the host's name"},
        {"wss://user:secret@localhost/", "the port must be a number"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&seen, 0, sizeof seen);
        run_url(bad[i][0], NULL);
        assert_int_equal(seen.closed, 1);
        assert_why(bad[i][1]);
        ws_client_close(client);
        client = NULL;
    }
}

static void a_name_that_does_not_exist(void **state)
{
    (void)state;
    const struct ws_options o = {.connect_ns = 3 * NS_PER_S};
    run_url("wss://no-such-host.invalid/", &o);
    assert_int_equal(seen.connected, 0);
    assert_int_equal(seen.closed, 1);
    assert_why("no-such-host.invalid");
}

static void a_server_that_never_answers(void **state)
{
    (void)state;
    const struct ws_options o = {.connect_ns = 200 * NS_PER_MS};
    int64_t begin = clock_mono_ns();
    run_url(url_of(ODD_GOOD, "localhost", "/hang"), &o);
    assert_int_equal(seen.connected, 0);
    assert_why("no connection to localhost within 0.2 s");
    assert_true(clock_mono_ns() - begin >= 200 * NS_PER_MS);
    assert_true(clock_mono_ns() - begin < 3 * NS_PER_S);
}

/* Connected by the kernel, accepted by nobody. */
static void a_server_that_does_not_even_speak_tls(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    const struct ws_options o = {.connect_ns = 150 * NS_PER_MS};
    char url[64];
    snprintf(url, sizeof url, "wss://localhost:%d/", ntohs(at.sin_port));
    run_url(url, &o);
    assert_why("no connection to localhost within 0.15 s");
    close(fd);
}

static void a_half_open_connection_is_noticed(void **state)
{
    (void)state;
    const struct ws_options o = {.ping_after_ns = 100 * NS_PER_MS,
                                 .close_after_ns = 300 * NS_PER_MS};
    int64_t begin = clock_mono_ns();
    run_url(url_of(ODD_GOOD, "localhost", "/silent"), &o);
    assert_int_equal(seen.connected, 1);
    assert_int_equal(seen.closed, 1);
    assert_why("nothing came from localhost for ");
    assert_true(clock_mono_ns() - begin >= 300 * NS_PER_MS);
    assert_true(clock_mono_ns() - begin < 10 * NS_PER_S);
}

static void pongs_keep_a_quiet_connection(void **state)
{
    (void)state;
    const struct ws_options o = {.ping_after_ns = 50 * NS_PER_MS, .close_after_ns = NS_PER_S};
    struct loop_timer enough = {0};
    start(url_of(ODD_GOOD, "localhost", "/pongs"), &o);
    loop_timer_set(loop, &enough, clock_mono_ns() + 2200 * NS_PER_MS, on_enough, NULL);
    run();
    assert_int_equal(seen.connected, 1);
    assert_int_equal(seen.closed, 0);
}

static void the_servers_reason_is_told(void **state)
{
    (void)state;
    run_url(url_of(ODD_GOOD, "localhost", "/close?code=1001"), NULL);
    assert_int_equal(seen.messages, 1);
    assert_string_equal(seen.last, "last words");
    assert_why("localhost closed the connection: 1001 (going away): maintenance");
}

static void a_lost_connection(void **state)
{
    (void)state;
    run_url(url_of(ODD_GOOD, "localhost", "/drop"), NULL);
    assert_int_equal(seen.messages, 1);
    assert_int_equal(seen.closed, 1);
    assert_string_equal(seen.why, "the connection was lost");
}

static void closing_inside_callbacks(void **state)
{
    (void)state;
    seen.close_in_message = true;
    run_url(url_of(ODD_GOOD, "localhost", "/fragments"), NULL);
    assert_int_equal(seen.messages, 1);
    assert_int_equal(seen.closed, 0);
    memset(&seen, 0, sizeof seen);
    seen.close_in_connected = true;
    run_url(url_of(ODD_GOOD, "localhost", "/echo"), NULL);
    assert_int_equal(seen.closed, 0);
}

static void closing_while_connecting(void **state)
{
    (void)state;
    /* At every stage: before the first pass, and after some time of it. */
    for (int us = 0; us < 3000; us += 100) {
        struct loop_timer enough = {0};
        start(url_of(ODD_GOOD, "localhost", "/echo"), NULL);
        loop_timer_set(loop, &enough, clock_mono_ns() + us * NS_PER_US, on_enough, NULL);
        run();
        ws_client_close(client);
        client = NULL;
    }
    assert_int_equal(seen.closed, 0);
}

/* The goodbyes that the server has seen, asked from outside. */
static void read_goodbyes(char *line, int size)
{
    char command[256];
    snprintf(command, sizeof command,
             "no_proxy='*' python3 -c \"import urllib.request as u; "
             "print(u.urlopen('http://127.0.0.1:%d/goodbyes').read().decode())\"",
             server.port[ODD_PLAIN]);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, size, f));
    pclose(f);
}

static void says_goodbye(void **state)
{
    (void)state;
    seen.stop_in_connected = true;
    run_url(url_of(ODD_GOOD, "localhost", "/goodbye"), NULL);
    assert_int_equal(seen.connected, 1);
    ws_client_close(client);
    client = NULL;
    char line[64] = "";
    for (int tries = 0; tries < 20 && strlen(line) < 2; tries++) {
        struct loop_timer enough = {0};
        loop_timer_set(loop, &enough, clock_mono_ns() + 50 * NS_PER_MS, on_enough, NULL);
        run();
        read_goodbyes(line, sizeof line);
    }
    assert_string_equal(line, "1000\n");
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    static char text[WS_QUEUE_BYTES + 1];
    memset(text, 'q', sizeof text);
    start(url_of(ODD_PLAIN, "localhost", "/plain-echo"), NULL);
    assert_int_equal(ws_client_send(client, "early", 5), ERR_STATE);
    seen.stop_in_connected = true;
    run();
    assert_int_equal(seen.connected, 1);
    assert_int_equal(ws_client_send(client, text, WS_QUEUE_BYTES + 1), ERR_FULL);
    for (int i = 0; i < WS_QUEUE_MAX; i++)
        assert_int_equal(ws_client_send(client, "x", 1), ERR_OK);
    assert_int_equal(ws_client_send(client, "x", 1), ERR_FULL);
    seen.stop_after = WS_QUEUE_MAX;
    run();
    assert_int_equal(seen.messages, WS_QUEUE_MAX);
    seen.stop_after = WS_QUEUE_MAX + 1;
    assert_int_equal(ws_client_send(client, text, WS_QUEUE_BYTES), ERR_OK);
    assert_int_equal(ws_client_send(client, "x", 1), ERR_FULL);
    run();
    assert_int_equal(seen.bytes, WS_QUEUE_MAX + WS_QUEUE_BYTES);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(echo),
        T(echo_over_tls),
        T(echo_compressed),
        T(an_address_is_checked_too),
        T(a_message_right_behind_the_answer_is_not_lost),
        T(host_and_agent_are_sent),
        T(fragments_are_joined_and_pings_answered),
        T(compressed_messages_of_all_sizes),
        T(a_highly_compressed_message_is_whole),
        T(a_server_cannot_set_our_buffers),
        T(the_largest_message_is_taken),
        T(a_larger_one_is_refused),
        T(a_bomb_of_a_gigabyte_is_refused),
        T(a_limit_of_its_own),
        T(broken_frames_end_the_connection),
        T(bad_certificates_are_refused_and_told_why),
        T(our_authority_is_not_in_the_systems_store),
        T(tls_that_is_none),
        T(servers_that_do_not_want_to),
        T(bad_urls),
        T(a_name_that_does_not_exist),
        T(a_server_that_never_answers),
        T(a_server_that_does_not_even_speak_tls),
        T(a_half_open_connection_is_noticed),
        T(pongs_keep_a_quiet_connection),
        T(the_servers_reason_is_told),
        T(a_lost_connection),
        T(closing_inside_callbacks),
        T(closing_while_connecting),
        T(says_goodbye),
        T(the_queue_is_bounded),
    };
    return cmocka_run_group_tests_name("ws_client", tests, start_server, stop_server);
}

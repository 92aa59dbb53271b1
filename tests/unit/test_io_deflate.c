/* Compression as a server: what libwebsockets' own extension would abort on. */
#include "io/ws_deflate.h"

#include "base/clock.h"
#include "base/rng.h"
#include "io/loop.h"
#include "io/ws_client.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MESSAGES 3000
#define LONGEST  (3u << 20)

static struct loop *loop;
static struct ws_client *client;
static struct loop_timer guard;
static uint32_t sent, received;
static unsigned char *outgoing;
static char url[64];
static int port;

/* The text of message [n], the same for both sides; returns its length. */
static size_t text_of(uint32_t n, char *out)
{
    struct rng r;
    rng_seed(&r, n);
    size_t len = n % 50 == 7 ? 0 : (size_t)rng_below(&r, 6000);
    if (n == 1000)
        len = LONGEST;
    /* Digits in between zeros: it compresses to anything from a few bytes to some thousand. */
    uint64_t noise = rng_below(&r, 101);
    for (size_t i = 0; i < len; i++)
        out[i] = rng_below(&r, 100) < noise ? (char)('a' + rng_below(&r, 26)) : '0';
    return len;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    (void)user, (void)in, (void)len;
    if (reason == LWS_CALLBACK_ESTABLISHED)
        lws_callback_on_writable(wsi);
    if (reason != LWS_CALLBACK_SERVER_WRITEABLE || sent == MESSAGES)
        return 0;
    size_t n = text_of(sent++, (char *)outgoing + LWS_PRE);
    if (lws_write(wsi, outgoing + LWS_PRE, n, LWS_WRITE_TEXT) < (int)n)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "server", .callback = on_lws, .rx_buffer_size = 4096},
    {.name = NULL},
};

static const struct lws_extension extensions[] = {
    {"permessage-deflate", ws_deflate_server, "permessage-deflate"},
    {NULL, NULL, NULL},
};

static void on_guard(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void on_connected(void *ctx)
{
    (void)ctx;
}

static void on_message(void *ctx, const char *text, size_t len)
{
    char *expected = ctx;
    assert_int_equal(len, text_of(received, expected));
    assert_memory_equal(text, expected, len);
    if (++received == MESSAGES)
        loop_stop(loop);
}

static void on_closed(void *ctx, const char *why)
{
    (void)ctx;
    fail_msg("closed: %s", why);
}

static const struct ws_events events = {on_connected, on_message, on_closed};

static int setup(void **state)
{
    (void)state;
    sent = received = 0;
    outgoing = malloc(LWS_PRE + LONGEST);
    assert_int_equal(loop_open(&loop), ERR_OK);
    struct lws_context_creation_info info = {
        .port = 0,
        .iface = "127.0.0.1",
        .vhost_name = "server",
        .protocols = protocols,
        .extensions = extensions,
    };
    struct lws_vhost *vhost = lws_create_vhost(loop_lws(loop), &info);
    assert_non_null(vhost);
    port = lws_get_vhost_listen_port(vhost);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", port);
    loop_timer_set(loop, &guard, clock_mono_ns() + 60 * NS_PER_S, on_guard, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_timer_cancel(&guard);
    ws_client_close(client);
    client = NULL;
    loop_close(loop);
    free(outgoing);
    return 0;
}

static void every_message_arrives_as_it_was(void **state)
{
    (void)state;
    char *expected = malloc(LONGEST);
    assert_int_equal(ws_client_open(&client, loop, url, NULL, NULL, &events, expected), ERR_OK);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_int_equal(received, MESSAGES);
    free(expected);
}

static size_t raw_bytes;
static char raw_head[16];

static void on_raw(void *ctx, int fd, uint32_t ready)
{
    (void)ctx, (void)ready;
    char buf[4096];
    ssize_t n = read(fd, buf, sizeof buf);
    if (n <= 0) {
        loop_stop(loop);
        return;
    }
    if (!raw_bytes)
        memcpy(raw_head, buf, n < 15 ? (size_t)n : 15);
    raw_bytes += (size_t)n;
    if (raw_bytes > 100000)
        loop_stop(loop);
}

/* With the bare extension this client would choose the server's buffers. */
static void a_client_cannot_set_our_buffers(void **state)
{
    (void)state;
    static const char *const options[] = {"tx_buf_size=1; rx_buf_size=1",
                                          "tx_buf_size=60; rx_buf_size=60",
                                          "compression_level=99; mem_level=99"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        char request[512];
        int n =
            snprintf(request, sizeof request,
                     "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Extensions: permessage-deflate; %s\r\n\r\n",
                     options[i]);
        assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(write(fd, request, (size_t)n), n);
        raw_bytes = sent = 0;
        assert_int_equal(loop_watch(loop, fd, EPOLLIN, on_raw, NULL), ERR_OK);
        assert_int_equal(loop_run(loop), ERR_OK);
        assert_memory_equal(raw_head, "HTTP/1.1 101", 12);
        assert_true(raw_bytes > 100000);
        loop_unwatch(loop, fd);
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_message_arrives_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_cannot_set_our_buffers, setup, teardown),
    };
    return cmocka_run_group_tests_name("ws_deflate", tests, NULL, NULL);
}

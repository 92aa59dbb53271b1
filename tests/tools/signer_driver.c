/* Drives the daemon's client of the signer (agent/io/signer.h) for tests and measurements.
 *
 *   signer_driver orders SOCKET KEY INSTANCE COUNT WARMUP WAIT_US
 *       signs that many orders one after the other, and prints the round trips' times as JSON.
 *       WAIT_US 0: each answer comes through the loop; else signer_wait() for so long first.
 *   signer_driver floor COUNT REQUEST REPLY    a bare SEQPACKET ping-pong with a child process
 *   signer_driver primitive hmac|ed25519 COUNT the bare primitive, on a text as an order's
 *   signer_driver kdf MIB PASSES               a bare crypto_pwhash
 *   signer_driver hold TRADE WIRE KEY INSTANCE COUNT LABEL
 *       signs COUNT orders, fetches wire secret LABEL, prints "holding", and stays until its
 *       standard input ends, as a daemon that has all it may have
 *
 * Times are in microseconds. */
#include "base/check.h"
#include "base/clock.h"
#include "io/signer.h"
#include "io/wire_secret.h"
#include "wallet/hmac.h"
#include "wallet/sign.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 200000

static double *took_us;
static unsigned taken;

static int64_t now_ns(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_times(const char *more)
{
    qsort(took_us, taken, sizeof *took_us, by_size);
    printf("{\"count\": %u, \"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"least\": %.3f, "
           "\"most\": %.3f%s}\n",
           taken, took_us[taken / 2], took_us[(size_t)taken * 99 / 100],
           took_us[(size_t)taken * 999 / 1000], took_us[0], took_us[taken - 1], more);
}

static void fail(const char *what)
{
    fprintf(stderr, "signer_driver: %s\n", what);
    exit(1);
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || end == text)
        fail("an argument is no number");
    return n;
}

/* ---- orders through the client ---- */

static struct loop *loop;
static struct signer *trade;
static struct wire_request order;
static uint64_t next_order = 1;
static unsigned left, warmup;
static int64_t sent_ns, wait_ns;
static size_t reply_text;
static bool waiting_here;

static void on_done(void *ctx, enum signer_outcome outcome, const struct wire_reply *r);

static void ask(void)
{
    uint32_t id;
    order.signing.timestamp_ms = clock_wall_ns() / NS_PER_MS;
    order.order.intent.order = next_order++;
    snprintf(order.order.client_order_id, sizeof order.order.client_order_id, "bench-%08x",
             (unsigned)order.order.intent.order);
    sent_ns = now_ns();
    if (signer_request(trade, &order, 30 * NS_PER_S, on_done, NULL, &id) != ERR_OK)
        fail("a request cannot be sent");
    if (wait_ns) {
        waiting_here = true;
        (void)signer_wait(trade, id, wait_ns);
        waiting_here = false;
    }
}

static void on_pass(void *ctx);
static struct loop_timer pass;

static void on_done(void *ctx, enum signer_outcome outcome, const struct wire_reply *r)
{
    (void)ctx;
    int64_t done_ns = now_ns();
    if (outcome != SIGNER_ANSWERED)
        fail("a request has no answer");
    if (r->reason != WIRE_ALLOWED) {
        char limit[DEC_TEXT_MAX], value[DEC_TEXT_MAX];
        dec_format(r->limit, limit);
        dec_format(r->value, value);
        fprintf(stderr, "signer_driver: order %llu is refused: %s, limit %s, value %s\n",
                (unsigned long long)order.order.intent.order, wire_reason_name(r->reason), limit,
                value);
        exit(1);
    }
    reply_text = strlen(r->signed_.text) + strlen(r->signed_.path) + strlen(r->signed_.api_key);
    if (warmup)
        warmup--;
    else
        took_us[taken++] = (double)(done_ns - sent_ns) / 1000.0;
    left--;
    if (left && !wait_ns)
        ask();
    else if (!left || !waiting_here)
        loop_timer_set(loop, &pass, clock_mono_ns(), on_pass, NULL);
}

/* Waits where requests are made, as the daemon would after a step. */
static void on_pass(void *ctx)
{
    (void)ctx;
    while (left) {
        unsigned before = left;
        ask();
        if (left == before)
            return; /* the answer comes through the loop, and starts the next pass */
        if (!wait_ns)
            return;
    }
    loop_stop(loop);
}

static void on_open(void *ctx, const struct signer_view *v)
{
    (void)ctx;
    if (v->state != SIGNER_OPEN) {
        fprintf(stderr, "signer_driver: the signer is %s: %s\n", signer_state_name(v->state),
                v->why);
        exit(1);
    }
    loop_stop(loop);
}

static void connect_to(const char *path)
{
    if (signer_open(&trade, loop, path, CAP_TRADE, on_open, NULL) != ERR_OK ||
        loop_run(loop) != ERR_OK)
        fail("cannot connect");
}

static void sign_orders(const char *key, uint64_t instance, unsigned count)
{
    order = (struct wire_request){.type = WIRE_SIGN_ORDER,
                                  .signing = {.transport = WIRE_REST, .window_ms = 5000},
                                  .order = {.intent = {.instance = instance},
                                            .symbol = "BTC-USDT",
                                            .side = WIRE_BUY,
                                            .type = WIRE_LIMIT,
                                            .tif = WIRE_GTC,
                                            .qty = dec_lit("0.00123"),
                                            .price = dec_lit("61234.56")}};
    snprintf(order.signing.key, sizeof order.signing.key, "%s", key);
    left = count;
    on_pass(NULL);
    if (left && loop_run(loop) != ERR_OK)
        fail("the loop broke");
}

static int orders(char **argv)
{
    unsigned count = (unsigned)number(argv[3]);
    warmup = (unsigned)number(argv[4]);
    wait_ns = (int64_t)number(argv[5]) * NS_PER_US;
    connect_to(argv[0]);
    sign_orders(argv[1], number(argv[2]), count + warmup);
    size_t len;
    uint8_t bytes[WIRE_BUFFER_MAX];
    CHECK(wire_encode_request(&order, bytes, &len) == ERR_OK);
    char more[96];
    snprintf(more, sizeof more, ", \"request_bytes\": %zu, \"reply_bytes\": %zu", len,
             reply_text + 8 + 2 + 3 + 6);
    signer_close(trade);
    loop_close(loop);
    print_times(more);
    return 0;
}

/* ---- floors ---- */

static int ping_pong(char **argv)
{
    unsigned count = (unsigned)number(argv[0]);
    size_t request = number(argv[1]), reply = number(argv[2]);
    static uint8_t bytes[WIRE_MESSAGE_MAX];
    int ends[2];
    if (request > sizeof bytes || reply > sizeof bytes ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
        fail("no socket pair");
    pid_t child = fork();
    if (child < 0)
        fail("no child");
    if (child == 0) {
        close(ends[0]);
        while (recv(ends[1], bytes, sizeof bytes, 0) > 0)
            if (send(ends[1], bytes, reply, MSG_NOSIGNAL) < 0)
                break;
        _exit(0);
    }
    close(ends[1]);
    for (unsigned n = 0; n < count + count / 10; n++) {
        int64_t start_ns = now_ns();
        if (send(ends[0], bytes, request, MSG_NOSIGNAL) < 0 ||
            recv(ends[0], bytes, sizeof bytes, 0) != (ssize_t)reply)
            fail("the child is gone");
        if (n >= count / 10)
            took_us[taken++] = (double)(now_ns() - start_ns) / 1000.0;
    }
    close(ends[0]);
    (void)waitpid(child, NULL, 0);
    print_times("");
    return 0;
}

static int primitive(char **argv)
{
    unsigned count = (unsigned)number(argv[1]);
    static const char TEXT[] =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00123&price=61234.56&"
        "newClientOrderId=bench-00000001&newOrderRespType=ACK&recvWindow=5000&"
        "timestamp=1700000000000";
    struct sign_key key;
    uint8_t secret[64];
    char out[SIGN_TEXT_MAX];
    bool hmac = strcmp(argv[0], "hmac") == 0;
    randombytes_buf(secret, sizeof secret);
    for (size_t i = 0; hmac && i < sizeof secret; i++)
        secret[i] = (uint8_t)('a' + secret[i] % 26);
    if (sign_key_make(&key, hmac ? KIND_BINANCE_HMAC : KIND_BINANCE_ED25519, "key", secret,
                      hmac ? 64 : 32) != ERR_OK)
        fail("no key");
    for (unsigned n = 0; n < count + count / 10; n++) {
        int64_t start_ns = now_ns();
        CHECK(sign_text(&key, TEXT, sizeof TEXT - 1, out) == ERR_OK);
        if (n >= count / 10)
            took_us[taken++] = (double)(now_ns() - start_ns) / 1000.0;
    }
    sign_key_free(&key);
    print_times("");
    return 0;
}

static int kdf(char **argv)
{
    uint8_t key[32], salt[crypto_pwhash_SALTBYTES] = {0};
    int64_t start_ns = now_ns();
    if (crypto_pwhash(key, sizeof key, "passphrase", 10, salt, number(argv[1]),
                      number(argv[0]) << 20, crypto_pwhash_ALG_ARGON2ID13) != 0)
        fail("no memory");
    took_us[taken++] = (double)(now_ns() - start_ns) / 1000.0;
    print_times("");
    return 0;
}

/* ---- a process to be looked into ---- */

static bool is_fetched;

static void on_secret(void *ctx, enum signer_outcome outcome, enum wire_reason reason)
{
    (void)ctx;
    if (outcome != SIGNER_ANSWERED || reason != WIRE_ALLOWED)
        fail("the wire secret does not come");
    is_fetched = true;
    loop_stop(loop);
}

static void on_input(void *ctx, int fd, uint32_t ready)
{
    (void)ctx, (void)ready;
    char byte;
    if (read(fd, &byte, 1) <= 0)
        loop_stop(loop);
}

static int hold(char **argv)
{
    struct wire_secret secret = {.data = NULL};
    struct wire_secret_fetch f = {.into = &secret, .done = on_secret};
    struct signer *wire = NULL;
    connect_to(argv[0]);
    sign_orders(argv[2], number(argv[3]), (unsigned)number(argv[4]));
    if (signer_open(&wire, loop, argv[1], CAP_WIRE, on_open, NULL) != ERR_OK ||
        loop_run(loop) != ERR_OK)
        fail("cannot connect for wire secrets");
    if (wire_secret_fetch(wire, &f, argv[5], 10 * NS_PER_S) != ERR_OK || loop_run(loop) != ERR_OK ||
        !is_fetched)
        fail("the wire secret cannot be asked for");
    printf("holding\n");
    fflush(stdout);
    if (loop_watch(loop, STDIN_FILENO, EPOLLIN, on_input, NULL) != ERR_OK ||
        loop_run(loop) != ERR_OK)
        fail("the loop broke");
    loop_unwatch(loop, STDIN_FILENO);
    wire_secret_free(&secret);
    signer_close(wire);
    signer_close(trade);
    loop_close(loop);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        int (*run)(char **argv);
        bool loop;
    } MODES[] = {{"orders", 6, orders, true},
                 {"floor", 3, ping_pong, false},
                 {"primitive", 2, primitive, false},
                 {"kdf", 2, kdf, false},
                 {"hold", 6, hold, true}};
    took_us = calloc(COUNT_MAX, sizeof *took_us);
    if (sodium_init() < 0 || !took_us)
        fail("cannot start");
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++) {
        if (argc < 2 || strcmp(argv[1], MODES[i].name) != 0 || argc - 2 != MODES[i].arguments)
            continue;
        if (MODES[i].loop && loop_open(&loop) != ERR_OK)
            fail("no loop");
        return MODES[i].run(argv + 2);
    }
    fail("usage: see the top of tests/tools/signer_driver.c");
}

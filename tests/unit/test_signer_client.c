/* The daemon's side of the signer's socket, against a thread that plays the signer. */
#include "base/clock.h"
#include "io/signer.h"
#include "io/wire_secret.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_NS (20 * NS_PER_S)
#define SECRET      "wire-canary-1234567890"

/* What the thread does with requests. */
enum mode {
    MODE_ANSWER,   /* allowed */
    MODE_REFUSE,   /* POLICY_ORDER_VALUE, 100 and 250 */
    MODE_SEALED,   /* POLICY_SEALED */
    MODE_SILENT,   /* nothing is said to what is to be signed */
    MODE_HOLD,     /* kept, and all answered when the mode changes */
    MODE_HANG_UP,  /* ends the connection */
    MODE_GARBAGE,  /* bytes that are no reply */
    MODE_LONG,     /* more bytes than a message may have */
    MODE_ANOTHER,  /* the reply to another type of request */
    MODE_DEAF,     /* says nothing at all, to HELLO either */
    MODE_EARLY,    /* hangs up at once */
    MODE_VERSION,  /* refuses HELLO: another version */
    MODE_VERSION2, /* answers in version 2 */
    MODE_BUSY,     /* refuses HELLO: too many connections */
    MODE_NO_TRADE, /* lets ask for cancels only */
};

static struct fake {
    char dir[64], path[96];
    pthread_t thread;
    int listener;
    bool runs;
    atomic_int mode;
    atomic_bool sealed, ends;
    atomic_uint connections, requests, held;
} fake;

static void say(int fd, const struct wire_reply *r)
{
    uint8_t out[WIRE_BUFFER_MAX];
    size_t len;
    assert_int_equal(wire_encode_reply(r, out, &len), ERR_OK);
    (void)!send(fd, out, len, MSG_NOSIGNAL);
}

static void fill(struct wire_reply *a, const struct wire_request *q)
{
    if (q->type == WIRE_GET_SECRET) {
        a->secret = (const uint8_t *)SECRET;
        a->secret_len = sizeof SECRET - 1;
        return;
    }
    a->signed_.transport = WIRE_REST;
    a->signed_.method = WIRE_POST;
    a->signed_.binds_body = true;
    strcpy(a->signed_.path, "/api/v3/order");
    strcpy(a->signed_.api_key, "key");
    snprintf(a->signed_.text, sizeof a->signed_.text, "order=%llu",
             (unsigned long long)q->order.intent.order);
}

/* False: hang up. */
static bool hello(int fd, struct wire_reply *a, enum mode m)
{
    if (m == MODE_DEAF)
        return true;
    if (m == MODE_VERSION2) {
        const uint8_t two[] = {2, 0, 1, 0x80, 0, 0, 0, 0, 0, 0};
        (void)!send(fd, two, sizeof two, MSG_NOSIGNAL);
        return true;
    }
    a->reason = m == MODE_VERSION ? POLICY_VERSION : m == MODE_BUSY ? POLICY_BUSY : WIRE_ALLOWED;
    a->caps = m == MODE_NO_TRADE ? CAP_STATUS | CAP_CANCEL : CAP_STATUS | CAP_TRADE | CAP_WIRE;
    a->sealed = fake.sealed;
    say(fd, a);
    return true;
}

static struct wire_request hold[64];

static bool answer(int fd, const struct wire_request *q, enum mode m)
{
    struct wire_reply a = {.type = q->type, .id = q->id};
    uint8_t junk[WIRE_MESSAGE_MAX + 100] = {WIRE_VERSION};
    if (q->type == WIRE_HELLO)
        return hello(fd, &a, m);
    if (m == MODE_DEAF)
        return true;
    if (q->type == WIRE_STATUS) {
        a.sealed = fake.sealed;
        a.keys = 3;
        a.generation = 7;
        a.policy_hash[0] = 0xab;
        say(fd, &a);
        return true;
    }
    fake.requests++;
    switch (m) {
    case MODE_REFUSE:
        a.reason = POLICY_ORDER_VALUE;
        a.limit = dec_lit("100");
        a.value = dec_lit("250");
        break;
    case MODE_SEALED: a.reason = POLICY_SEALED; break;
    case MODE_SILENT: return true;
    case MODE_HOLD: hold[fake.held++] = *q; return true;
    case MODE_HANG_UP: return false;
    case MODE_GARBAGE: (void)!send(fd, junk, 20, MSG_NOSIGNAL); return true;
    case MODE_LONG: (void)!send(fd, junk, sizeof junk, MSG_NOSIGNAL); return true;
    case MODE_ANOTHER:
        a.type = WIRE_SEAL;
        say(fd, &a);
        return true;
    case MODE_ANSWER:
    case MODE_NO_TRADE:
    case MODE_DEAF:
    case MODE_EARLY:
    case MODE_VERSION:
    case MODE_VERSION2:
    case MODE_BUSY: fill(&a, q); break;
    }
    say(fd, &a);
    return true;
}

static void serve(int fd)
{
    static uint8_t in[WIRE_BUFFER_MAX];
    struct wire_request q;
    while (!fake.ends) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        while (fake.mode != MODE_HOLD && fake.held > 0)
            (void)answer(fd, &hold[--fake.held], MODE_ANSWER);
        if (poll(&p, 1, 1) <= 0)
            continue;
        ssize_t n = recv(fd, in, sizeof in, 0);
        if (n <= 0 || wire_decode_request(in, (size_t)n, &q) != ERR_OK ||
            !answer(fd, &q, (enum mode)fake.mode))
            return;
    }
}

static void *run_fake(void *unused)
{
    (void)unused;
    while (!fake.ends) {
        struct pollfd p = {.fd = fake.listener, .events = POLLIN};
        if (poll(&p, 1, 1) <= 0)
            continue;
        int fd = accept(fake.listener, NULL, NULL);
        if (fd < 0)
            continue;
        fake.connections++;
        fake.held = 0;
        if (fake.mode != MODE_EARLY)
            serve(fd);
        close(fd);
    }
    return NULL;
}

static void start_fake(enum mode m)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, fake.path);
    unlink(fake.path);
    fake.mode = (int)m;
    fake.ends = fake.sealed = false;
    fake.connections = fake.requests = fake.held = 0;
    fake.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fake.listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fake.listener, 8), 0);
    assert_int_equal(pthread_create(&fake.thread, NULL, run_fake, NULL), 0);
    fake.runs = true;
}

static void stop_fake(void)
{
    if (!fake.runs)
        return;
    fake.ends = true;
    pthread_join(fake.thread, NULL);
    close(fake.listener);
    unlink(fake.path);
    fake.runs = false;
}

/* ---- the client ---- */

static struct loop *loop;
static struct signer *client;
static unsigned changes;
static struct signer_view seen;
static struct loop_timer poller;
static int64_t give_up_ns;
static bool (*condition)(void);

static void on_change(void *ctx, const struct signer_view *v)
{
    (void)ctx;
    changes++;
    seen = *v;
}

static void on_poll(void *ctx)
{
    (void)ctx;
    if (condition() || clock_mono_ns() > give_up_ns)
        loop_stop(loop);
    else
        loop_timer_set(loop, &poller, clock_mono_ns() + NS_PER_MS, on_poll, NULL);
}

static bool until(bool (*holds)(void))
{
    condition = holds;
    give_up_ns = clock_mono_ns() + PATIENCE_NS;
    on_poll(NULL);
    assert_int_equal(loop_run(loop), ERR_OK);
    loop_timer_cancel(&poller);
    return holds();
}

static enum signer_state wanted;
static bool is_wanted(void)
{
    return signer_view(client)->state == wanted;
}
static bool becomes(enum signer_state s)
{
    wanted = s;
    return until(is_wanted);
}

static void open_client(void)
{
    assert_int_equal(signer_open(&client, loop, fake.path, CAP_TRADE, on_change, NULL), ERR_OK);
}

/* What became of requests, in order. */
static struct end {
    enum signer_outcome outcome;
    enum wire_reason reason;
    dec limit, value;
    char text[64];
} ended[64];
static unsigned ends;

static void on_done(void *ctx, enum signer_outcome outcome, const struct wire_reply *r)
{
    (void)ctx;
    struct end *e = &ended[ends++ % 64];
    *e = (struct end){.outcome = outcome};
    assert_true((r != NULL) == (outcome == SIGNER_ANSWERED));
    if (!r)
        return;
    e->reason = r->reason;
    e->limit = r->limit;
    e->value = r->value;
    snprintf(e->text, sizeof e->text, "%.63s", r->signed_.text);
}

static unsigned want_ends;
static bool has_ends(void)
{
    return ends >= want_ends;
}
static bool all_end(unsigned n)
{
    want_ends = n;
    return until(has_ends);
}

static struct wire_request order(uint64_t n)
{
    struct wire_request r = {
        .type = WIRE_SIGN_ORDER,
        .signing = {.key = "bin", .transport = WIRE_REST, .timestamp_ms = 1, .window_ms = 1000},
        .order = {.intent = {1, n},
                  .symbol = "BTC-USDT",
                  .client_order_id = "x",
                  .side = WIRE_BUY,
                  .type = WIRE_LIMIT,
                  .tif = WIRE_GTC,
                  .qty = dec_lit("1"),
                  .price = dec_lit("2")}};
    return r;
}

static enum err ask(uint64_t n, int64_t deadline_ns, uint32_t *id)
{
    struct wire_request r = order(n);
    uint32_t unused;
    return signer_request(client, &r, deadline_ns, on_done, NULL, id ? id : &unused);
}

static int setup(void **state)
{
    (void)state;
    strcpy(fake.dir, "/tmp/tw-signer-XXXXXX");
    if (sodium_init() < 0 || !mkdtemp(fake.dir))
        return -1;
    snprintf(fake.path, sizeof fake.path, "%s/trade.sock", fake.dir);
    changes = ends = 0;
    return loop_open(&loop) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    signer_close(client);
    client = NULL;
    loop_close(loop);
    stop_fake();
    return rmdir(fake.dir);
}

/* ---- its state ---- */

static bool has_status(void)
{
    return signer_view(client)->keys == 3;
}

static void signer_state_is_told(void **state)
{
    (void)state;
    open_client();
    assert_int_equal(signer_view(client)->state, 0);
    assert_true(becomes(SIGNER_ABSENT));
    assert_non_null(strstr(seen.why, fake.path));
    assert_int_equal(changes, 1);
    assert_int_equal(ask(1, NS_PER_S, NULL), ERR_STATE);
    start_fake(MODE_ANSWER);
    assert_true(becomes(SIGNER_OPEN));
    assert_int_equal(changes, 2);
    assert_string_equal(seen.why, "");
    assert_true(until(has_status));
    assert_int_equal(signer_view(client)->generation, 7);
    assert_int_equal(signer_view(client)->policy_hash[0], 0xab);
    assert_true(signer_view(client)->caps & CAP_TRADE);
    fake.sealed = true; /* seen by the next STATUS */
    assert_true(becomes(SIGNER_SEALED));
    fake.sealed = false;
    assert_true(becomes(SIGNER_OPEN));
    stop_fake();
    assert_true(becomes(SIGNER_ABSENT));
    start_fake(MODE_ANSWER);
    assert_true(becomes(SIGNER_OPEN));
    assert_int_equal(signer_view(client)->connections, 2);
    assert_int_equal(signer_view(client)->late + signer_view(client)->lost, 0);
}

static void signer_that_cannot_be_asked(void **state)
{
    (void)state;
    static const struct {
        enum mode mode;
        enum signer_state state;
        const char *why;
    } CASES[] = {
        {MODE_VERSION, SIGNER_WRONG_VERSION, "version 1"},
        {MODE_VERSION2, SIGNER_WRONG_VERSION, "another version"},
        {MODE_EARLY, SIGNER_NOT_ALLOWED, "hung up"},
        {MODE_NO_TRADE, SIGNER_NOT_ALLOWED, "other things only"},
        {MODE_BUSY, SIGNER_ABSENT, "too many connections"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        start_fake(CASES[i].mode);
        open_client();
        assert_true(becomes(CASES[i].state));
        assert_non_null(strstr(seen.why, CASES[i].why));
        signer_close(client);
        client = NULL;
        stop_fake();
    }
}

/* A signer that is stuck is noticed, given up, and found again. */
static void signer_that_is_stuck(void **state)
{
    (void)state;
    start_fake(MODE_DEAF);
    open_client();
    assert_true(becomes(SIGNER_ABSENT));
    assert_string_equal(seen.why, "it does not answer");
    fake.mode = MODE_ANSWER;
    assert_true(becomes(SIGNER_OPEN));
    fake.mode = MODE_DEAF;
    assert_true(becomes(SIGNER_ABSENT));
    assert_string_equal(seen.why, "it does not answer");
}

/* ---- requests ---- */

static void signer_answers(void **state)
{
    (void)state;
    start_fake(MODE_ANSWER);
    open_client();
    assert_true(becomes(SIGNER_OPEN));
    assert_int_equal(ask(17, NS_PER_S * 10, NULL), ERR_OK);
    assert_int_equal(ends, 0); /* never before the request has returned */
    assert_true(all_end(1));
    assert_int_equal(ended[0].outcome, SIGNER_ANSWERED);
    assert_int_equal(ended[0].reason, WIRE_ALLOWED);
    assert_string_equal(ended[0].text, "order=17");
    fake.mode = MODE_REFUSE;
    assert_int_equal(ask(18, NS_PER_S * 10, NULL), ERR_OK);
    assert_true(all_end(2));
    assert_int_equal(ended[1].reason, POLICY_ORDER_VALUE);
    assert_true(dec_eq(ended[1].limit, dec_lit("100")) && dec_eq(ended[1].value, dec_lit("250")));
    assert_int_equal(signer_view(client)->requests, 2);
    assert_int_equal(signer_view(client)->refused, 1);
    assert_int_equal(signer_view(client)->state, SIGNER_OPEN);
    fake.mode = MODE_SEALED; /* known at once, not with the next STATUS */
    assert_int_equal(ask(19, NS_PER_S * 10, NULL), ERR_OK);
    assert_true(all_end(3));
    assert_int_equal(ended[2].reason, POLICY_SEALED);
    assert_int_equal(signer_view(client)->state, SIGNER_SEALED);
    struct wire_request bad = order(20);
    bad.order.qty = dec_lit("-1");
    uint32_t id;
    assert_int_equal(signer_request(client, &bad, NS_PER_S, on_done, NULL, &id), ERR_RANGE);
    assert_int_equal(ends, 3);
}

static bool none_held(void)
{
    return fake.held == 0;
}

static void signer_is_late(void **state)
{
    (void)state;
    start_fake(MODE_HOLD);
    open_client();
    assert_true(becomes(SIGNER_OPEN));
    int64_t since_ns = clock_mono_ns();
    assert_int_equal(ask(1, 300 * NS_PER_MS, NULL), ERR_OK);
    assert_int_equal(ask(2, 30 * NS_PER_MS, NULL), ERR_OK);
    assert_true(all_end(2));
    assert_true(clock_mono_ns() - since_ns >= 300 * NS_PER_MS);
    assert_int_equal(ended[0].outcome, SIGNER_LATE);
    assert_int_equal(ended[1].outcome, SIGNER_LATE);
    assert_int_equal(signer_view(client)->late, 2);
    fake.mode = MODE_ANSWER; /* both come now: nobody hears of them, and their places are reused */
    assert_true(until(none_held));
    assert_int_equal(ask(3, 10 * NS_PER_S, NULL), ERR_OK);
    assert_true(all_end(3));
    assert_string_equal(ended[2].text, "order=3");
    assert_int_equal(signer_view(client)->state, SIGNER_OPEN);
    assert_int_equal(fake.connections, 1);
}

static void signer_is_lost(void **state)
{
    (void)state;
    static const enum mode MODES[] = {MODE_HANG_UP, MODE_GARBAGE, MODE_LONG, MODE_ANOTHER};
    start_fake(MODE_SILENT);
    open_client();
    assert_true(becomes(SIGNER_OPEN));
    for (unsigned i = 0; i < sizeof MODES / sizeof MODES[0]; i++) {
        fake.mode = MODE_SILENT;
        ends = 0;
        assert_int_equal(ask(1, 60 * NS_PER_S, NULL), ERR_OK);
        while (fake.requests < 2 * i + 1)
            usleep(1000);
        fake.mode = (int)MODES[i];
        assert_int_equal(ask(2, 60 * NS_PER_S, NULL), ERR_OK);
        assert_true(all_end(2));
        assert_int_equal(ended[0].outcome, SIGNER_LOST);
        assert_int_equal(ended[1].outcome, SIGNER_LOST);
        assert_int_equal(signer_view(client)->state, SIGNER_ABSENT);
        assert_int_equal(ask(3, NS_PER_S, NULL), ERR_STATE);
        assert_true(becomes(SIGNER_OPEN));
    }
    fake.mode = MODE_SILENT;
    ends = 0;
    assert_int_equal(ask(4, 60 * NS_PER_S, NULL), ERR_OK);
    signer_close(client); /* whoever waits hears of it */
    client = NULL;
    assert_int_equal(ends, 1);
    assert_int_equal(ended[0].outcome, SIGNER_LOST);
}

/* One place is kept, so that a flood does not look like a dead signer. */
static void signer_has_bounds(void **state)
{
    (void)state;
    start_fake(MODE_HOLD);
    open_client();
    assert_true(becomes(SIGNER_OPEN));
    assert_true(until(has_status));
    unsigned n = 0;
    enum err rc;
    while ((rc = ask(n + 1, 60 * NS_PER_S, NULL)) == ERR_OK && n < 100)
        n++;
    assert_int_equal(rc, ERR_FULL);
    assert_int_equal(n, SIGNER_IN_FLIGHT_MAX - 1);
    fake.sealed = true;
    assert_true(becomes(SIGNER_SEALED)); /* STATUS has its place */
    fake.mode = MODE_ANSWER;
    assert_true(all_end(n));
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(ended[i].outcome, SIGNER_ANSWERED);
    assert_int_equal(ask(99, 10 * NS_PER_S, NULL), ERR_OK);
    assert_true(all_end(n + 1));
}

static void signer_is_waited_for(void **state)
{
    (void)state;
    uint32_t id;
    start_fake(MODE_ANSWER);
    open_client();
    assert_true(becomes(SIGNER_OPEN));
    assert_int_equal(ask(5, 10 * NS_PER_S, &id), ERR_OK);
    assert_true(signer_wait(client, id, 10 * NS_PER_S));
    assert_int_equal(ends, 1);
    assert_string_equal(ended[0].text, "order=5");
    assert_true(signer_wait(client, id, 10 * NS_PER_S)); /* it has ended */
    fake.mode = MODE_HOLD;
    assert_int_equal(ask(6, 10 * NS_PER_S, &id), ERR_OK);
    int64_t since_ns = clock_mono_ns();
    assert_false(signer_wait(client, id, 20 * NS_PER_MS));
    assert_true(clock_mono_ns() - since_ns >= 20 * NS_PER_MS);
    assert_int_equal(ends, 1);
    fake.mode = MODE_ANSWER;
    assert_true(all_end(2)); /* from the loop */
    fake.mode = MODE_HANG_UP;
    assert_int_equal(ask(7, 10 * NS_PER_S, &id), ERR_OK);
    assert_true(signer_wait(client, id, 10 * NS_PER_S));
    assert_int_equal(ended[2].outcome, SIGNER_LOST);
}

/* ---- wire secrets ---- */

static unsigned fetched;
static enum signer_outcome fetch_outcome;
static enum wire_reason fetch_reason;

static void on_secret(void *ctx, enum signer_outcome outcome, enum wire_reason reason)
{
    (void)ctx;
    fetched++;
    fetch_outcome = outcome;
    fetch_reason = reason;
}
static unsigned want_fetched;
static bool is_fetched(void)
{
    return fetched >= want_fetched;
}

static void wire_secret_is_fetched(void **state)
{
    (void)state;
    struct wire_secret w = {.data = NULL};
    struct wire_secret_fetch f = {.into = &w, .done = on_secret};
    fetched = 0;
    start_fake(MODE_ANSWER);
    open_client();
    assert_true(becomes(SIGNER_OPEN));
    assert_int_equal(wire_secret_fetch(client, &f, "telegram", 10 * NS_PER_S), ERR_OK);
    want_fetched = 1;
    assert_true(until(is_fetched));
    assert_true(fetch_outcome == SIGNER_ANSWERED && fetch_reason == WIRE_ALLOWED);
    assert_string_equal(w.label, "telegram");
    wire_secret_open(&w);
    assert_int_equal(w.len, strlen(SECRET));
    assert_memory_equal(w.data, SECRET, w.len);
    wire_secret_shut(&w);
    fake.mode = MODE_REFUSE; /* what was there stays */
    assert_int_equal(wire_secret_fetch(client, &f, "telegram", 10 * NS_PER_S), ERR_OK);
    want_fetched = 2;
    assert_true(until(is_fetched));
    assert_int_equal(fetch_reason, POLICY_ORDER_VALUE);
    assert_int_equal(w.len, strlen(SECRET));
    assert_int_equal(wire_secret_fetch(client, &f, "No Label", NS_PER_S), ERR_RANGE);
    wire_secret_free(&w);
    assert_null(w.data);
    wire_secret_free(&w);
}

static void signer_path_has_a_bound(void **state)
{
    (void)state;
    char path[200];
    struct signer *s;
    memset(path, 'x', sizeof path);
    path[107] = 0;
    assert_int_equal(signer_open(&s, loop, path, CAP_TRADE, on_change, NULL), ERR_OK);
    signer_close(s);
    path[107] = 'x';
    path[108] = 0;
    assert_int_equal(signer_open(&s, loop, path, CAP_TRADE, on_change, NULL), ERR_RANGE);
    assert_int_equal(signer_open(&s, loop, "", CAP_TRADE, on_change, NULL), ERR_RANGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(signer_state_is_told),   TEST(signer_that_cannot_be_asked),
        TEST(signer_that_is_stuck),   TEST(signer_answers),
        TEST(signer_is_late),         TEST(signer_is_lost),
        TEST(signer_has_bounds),      TEST(signer_is_waited_for),
        TEST(wire_secret_is_fetched), TEST(signer_path_has_a_bound),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The event loop: descriptors, timers, signals, limits, and its life with libwebsockets. */
#include "base/clock.h"
#include "io/loop.h"
#include "io/lws.h"

#include <errno.h>
#include <fcntl.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static char trace[256];

static void say(const char *text)
{
    strncat(trace, text, sizeof trace - strlen(trace) - 1);
}

static int setup(void **state)
{
    (void)state;
    trace[0] = '\0';
    assert_int_equal(loop_open(&loop), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_close(loop);
    loop = NULL;
    return 0;
}

static void on_stop(void *ctx)
{
    (void)ctx;
    say("stop ");
    loop_stop(loop);
}

static void on_name(void *ctx)
{
    say(ctx);
    say(" ");
}

static void timers_fire_in_order_and_not_early(void **state)
{
    (void)state;
    struct loop_timer a = {0}, b = {0}, c = {0}, d = {0}, end = {0};
    int64_t t = clock_mono_ns();
    loop_timer_set(loop, &c, t + 30 * NS_PER_MS, on_name, "c");
    loop_timer_set(loop, &a, t + 10 * NS_PER_MS, on_name, "a");
    loop_timer_set(loop, &b, t + 10 * NS_PER_MS, on_name, "b");
    loop_timer_set(loop, &d, t + 15 * NS_PER_MS, on_name, "d");
    loop_timer_set(loop, &end, t + 40 * NS_PER_MS, on_stop, NULL);
    loop_timer_cancel(&d);
    loop_timer_cancel(&d);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_string_equal(trace, "a b c stop ");
    int64_t late = clock_mono_ns() - (t + 40 * NS_PER_MS);
    assert_true(late >= 0);
    assert_true(late < 10 * NS_PER_S);
}

static void a_timer_in_the_past_fires_and_a_moved_one_only_once(void **state)
{
    (void)state;
    struct loop_timer a = {0}, b = {0}, end = {0};
    int64_t t = clock_mono_ns();
    loop_timer_set(loop, &a, t - NS_PER_S, on_name, "a");
    loop_timer_set(loop, &b, t + 5 * NS_PER_MS, on_name, "b");
    loop_timer_set(loop, &b, t + 10 * NS_PER_MS, on_name, "B");
    loop_timer_set(loop, &end, t + 20 * NS_PER_MS, on_stop, NULL);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_string_equal(trace, "a B stop ");
    assert_null(a.loop);
}

static void a_timer_at_zero_is_not_lost(void **state)
{
    (void)state;
    struct loop_timer end = {0};
    loop_timer_set(loop, &end, 0, on_stop, NULL);
    assert_int_equal(loop_run(loop), ERR_OK);
}

static struct loop_timer again;
static int rounds;

static void on_again(void *ctx)
{
    rounds++;
    loop_timer_set(loop, &again, 0, on_again, ctx);
}

static void on_ready_stop(void *ctx, int fd, uint32_t ready)
{
    (void)fd;
    *(uint32_t *)ctx = ready;
    loop_stop(loop);
}

/* A timer that always sets itself to "now" may not starve the descriptors. */
static void a_restless_timer_leaves_room(void **state)
{
    (void)state;
    rounds = 0;
    loop_timer_set(loop, &again, 0, on_again, NULL);
    int p[2];
    uint32_t ready = 0;
    assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(loop_watch(loop, p[0], EPOLLIN, on_ready_stop, &ready), ERR_OK);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_true(ready & EPOLLIN);
    assert_true(rounds < 100);
    loop_timer_cancel(&again);
    loop_unwatch(loop, p[0]);
    close(p[0]);
    close(p[1]);
}

static int other_fd;

static void on_ready_drop_other(void *ctx, int fd, uint32_t ready)
{
    (void)ready;
    say(ctx);
    uint64_t n;
    assert_int_equal(read(fd, &n, sizeof n), sizeof n);
    /* The second descriptor is ready as well and may be in the same batch. */
    loop_unwatch(loop, other_fd);
    assert_int_equal(loop_watch(loop, other_fd, 0, on_ready_drop_other, "never "), ERR_OK);
    loop_stop(loop);
}

static void readiness_is_not_delivered_after_unwatch(void **state)
{
    (void)state;
    int a = eventfd(1, EFD_CLOEXEC), b = eventfd(1, EFD_CLOEXEC);
    other_fd = b;
    assert_int_equal(loop_watch(loop, a, EPOLLIN, on_ready_drop_other, "a "), ERR_OK);
    assert_int_equal(loop_watch(loop, b, EPOLLIN, on_ready_drop_other, "b "), ERR_OK);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_string_equal(trace, "a ");
    loop_unwatch(loop, a);
    loop_unwatch(loop, b);
    close(a);
    close(b);
}

static void a_watch_can_change_its_events(void **state)
{
    (void)state;
    int p[2];
    uint32_t ready = 0;
    assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(loop_watch(loop, p[1], 0, on_ready_stop, &ready), ERR_OK);
    assert_int_equal(loop_watch(loop, p[1], EPOLLOUT, on_ready_stop, &ready), ERR_OK);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_int_equal(ready, EPOLLOUT);
    loop_unwatch(loop, p[1]);
    close(p[0]);
    close(p[1]);
}

/* libcurl may close a socket and get the same number for the next one. */
static void a_number_that_was_closed_and_opened_again_is_watched(void **state)
{
    (void)state;
    uint32_t ready = 0;
    int a = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(loop_watch(loop, a, EPOLLIN, on_ready_stop, &ready), ERR_OK);
    close(a);
    int b = eventfd(1, EFD_CLOEXEC);
    assert_int_equal(a, b);
    assert_int_equal(loop_watch(loop, b, EPOLLIN, on_ready_stop, &ready), ERR_OK);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_int_equal(ready, EPOLLIN);
    loop_unwatch(loop, b);
    close(b);
}

static void the_table_of_watches_is_bounded(void **state)
{
    (void)state;
    int fd[LOOP_WATCHES_MAX], n = 0;
    enum err e = ERR_OK;
    while (n < LOOP_WATCHES_MAX) {
        fd[n] = eventfd(0, EFD_CLOEXEC);
        assert_true(fd[n] >= 0);
        e = loop_watch(loop, fd[n], EPOLLIN, on_ready_stop, NULL);
        n++;
        if (e)
            break;
    }
    assert_int_equal(e, ERR_FULL);
    assert_int_equal(n, LOOP_WATCHES_MAX - 2 + 1); /* the loop itself uses two */
    loop_unwatch(loop, fd[0]);
    assert_int_equal(loop_watch(loop, fd[n - 1], EPOLLIN, on_ready_stop, NULL), ERR_OK);
    for (int i = 0; i < n; i++) {
        loop_unwatch(loop, fd[i]);
        close(fd[i]);
    }
}

static void a_regular_file_is_refused(void **state)
{
    (void)state;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(loop_watch(loop, fd, EPOLLIN, on_ready_stop, NULL), ERR_UNSUPPORTED);
    close(fd);
}

static void on_signal(void *ctx, int signo)
{
    *(int *)ctx = signo;
    loop_stop(loop);
}

static void signals_arrive_in_the_loop(void **state)
{
    (void)state;
    static const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int got = 0;
        loop_on_signal(loop, all[i], on_signal, &got);
        assert_int_equal(kill(getpid(), all[i]), 0);
        assert_int_equal(loop_run(loop), ERR_OK);
        assert_int_equal(got, all[i]);
        loop_on_signal(loop, all[i], NULL, NULL);
    }
}

static void a_signal_without_handler_is_ignored(void **state)
{
    (void)state;
    struct loop_timer end = {0};
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    loop_timer_set(loop, &end, clock_mono_ns() + 10 * NS_PER_MS, on_stop, NULL);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_string_equal(trace, "stop ");
}

static void the_mask_is_given_back(void **state)
{
    (void)state;
    sigset_t before, during, after;
    sigprocmask(SIG_BLOCK, NULL, &before);
    assert_false(sigismember(&before, SIGTERM));
    struct loop *l;
    assert_int_equal(loop_open(&l), ERR_OK);
    sigprocmask(SIG_BLOCK, NULL, &during);
    assert_true(sigismember(&during, SIGTERM));
    loop_close(l);
    sigprocmask(SIG_BLOCK, NULL, &after);
    assert_false(sigismember(&after, SIGTERM));
    loop_close(NULL);
}

static void only_one_loop_at_a_time(void **state)
{
    (void)state;
    struct loop *second = NULL;
    assert_int_equal(loop_open(&second), ERR_STATE);
    assert_null(second);
}

static void stop_before_run_returns_at_once(void **state)
{
    (void)state;
    loop_stop(loop);
    assert_int_equal(loop_run(loop), ERR_OK);
}

static void on_sul_stop(struct lws_sorted_usec_list *sul)
{
    (void)sul;
    loop_stop(loop);
}

/* libwebsockets runs its timers just before it waits; nothing else would wake this loop. */
static void stop_from_a_timer_of_libwebsockets(void **state)
{
    (void)state;
    lws_sorted_usec_list_t sul = {0};
    struct loop_timer late = {0};
    loop_timer_set(loop, &late, clock_mono_ns() + 3 * NS_PER_S, on_stop, NULL);
    lws_sul_schedule(loop_lws(loop), 0, &sul, on_sul_stop, 20000);
    assert_int_equal(loop_run(loop), ERR_OK);
    assert_string_equal(trace, "");
    loop_timer_cancel(&late);
}

static int on_server(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                     size_t len)
{
    (void)wsi, (void)reason, (void)user, (void)in, (void)len;
    return 0;
}

static void the_reason_of_a_failed_vhost_can_be_told(void **state)
{
    (void)state;
    static const struct lws_protocols protocols[] = {{.name = "s", .callback = on_server}, {0}};
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    assert_int_equal(bind(taken, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(taken, 1), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&at, &size), 0);
    struct lws_context_creation_info info = {
        .port = ntohs(at.sin_port),
        .iface = "127.0.0.1",
        .vhost_name = "server",
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
    };
    assert_string_equal(loop_lws_error(loop), "");
    assert_null(lws_create_vhost(loop_lws(loop), &info));
    assert_string_not_equal(loop_lws_error(loop), "");
    assert_string_equal(loop_lws_error(loop), "");
    close(taken);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(timers_fire_in_order_and_not_early),
        T(a_timer_in_the_past_fires_and_a_moved_one_only_once),
        T(a_timer_at_zero_is_not_lost),
        T(a_restless_timer_leaves_room),
        T(readiness_is_not_delivered_after_unwatch),
        T(a_watch_can_change_its_events),
        T(a_number_that_was_closed_and_opened_again_is_watched),
        T(the_table_of_watches_is_bounded),
        T(a_regular_file_is_refused),
        T(signals_arrive_in_the_loop),
        T(a_signal_without_handler_is_ignored),
        cmocka_unit_test(the_mask_is_given_back),
        T(only_one_loop_at_a_time),
        T(stop_before_run_returns_at_once),
        T(stop_from_a_timer_of_libwebsockets),
        T(the_reason_of_a_failed_vhost_can_be_told),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}

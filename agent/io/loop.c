#include "io/loop.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "io/lws.h"

#include <errno.h>
#include <fcntl.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_PER_PASS 32
#define READ_BYTES      16384 /* of one connection at a time: a whole TLS record */

/* A slot of the table of watched descriptors. Its generation is part of what epoll hands back, so
 * that readiness fetched before loop_unwatch() cannot reach whoever took the slot afterwards. */
struct watch {
    int fd; /* -1: free */
    uint32_t generation;
    loop_fd_fn *fn;
    void *ctx;
};

struct handler {
    void (*fn)(void *ctx, int signo);
    void *ctx;
};

static const int signals_taken[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
#define SIGNALS_TAKEN (sizeof signals_taken / sizeof signals_taken[0])

struct loop {
    struct lws_context *lws;
    int epoll_fd, timer_fd, signal_fd;
    bool stopping;
    struct loop_timer *first, *last; /* by time */
    int64_t armed_ns;                /* what timer_fd is set to; INT64_MAX: nothing */
    int64_t firing_ns;               /* during timers: the time they are fired for, else 0 */
    sigset_t mask_before;
    struct handler handler[SIGNALS_TAKEN];
    struct watch watch[LOOP_WATCHES_MAX];
};

/* libwebsockets' log has no context argument. */
static struct loop *loop_now;
static char lws_error[256];

static void on_lws_log(int level, const char *line)
{
    size_t len = strcspn(line, "\r\n");
    if (level == LLL_ERR) {
        size_t n = len < sizeof lws_error ? len : sizeof lws_error - 1;
        memcpy(lws_error, line, n);
        lws_error[n] = '\0';
    }
    /* Even its errors are only debug lines: whoever asked for the failed thing tells the user, in
     * words that mean something to him. */
    log_debug("libwebsockets", "%.*s", (int)len, line);
}

static void dispatch(struct loop *l)
{
    struct epoll_event ready[EVENTS_PER_PASS];
    int n = epoll_wait(l->epoll_fd, ready, EVENTS_PER_PASS, 0);
    for (int i = 0; i < n; i++) {
        struct watch *w = &l->watch[ready[i].data.u64 & 0xffffffff];
        if (w->fd >= 0 && w->generation == ready[i].data.u64 >> 32)
            w->fn(w->ctx, w->fd, ready[i].events);
    }
}

/* The first vhost's first protocol also hears everything that concerns the whole context; 0 means
 * "carry on" for all of it, and for OPENSSL_PERFORM_SERVER_CERT_VERIFICATION "no further opinion".
 */
static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    (void)user, (void)in, (void)len;
    if (reason == LWS_CALLBACK_RAW_RX_FILE)
        dispatch(lws_context_user(lws_get_context(wsi)));
    return 0;
}

static const struct lws_protocols loop_protocols[] = {
    {.name = "loop", .callback = on_lws},
    {.name = NULL},
};

/* Timers. */

static void arm(struct loop *l)
{
    int64_t at = l->first ? l->first->at_ns : INT64_MAX;
    if (at == l->armed_ns)
        return;
    l->armed_ns = at;
    struct itimerspec when = {0};
    if (at != INT64_MAX) {
        int64_t t = at > 0 ? at : 1; /* zero would disarm */
        when.it_value.tv_sec = t / NS_PER_S;
        when.it_value.tv_nsec = t % NS_PER_S;
    }
    CHECK(timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}

static void unlink_timer(struct loop_timer *t)
{
    struct loop *l = t->loop;
    *(t->prev ? &t->prev->next : &l->first) = t->next;
    *(t->next ? &t->next->prev : &l->last) = t->prev;
    t->prev = t->next = NULL;
    t->loop = NULL;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns, void (*fn)(void *ctx),
                    void *ctx)
{
    if (t->loop)
        unlink_timer(t);
    /* A timer that sets itself to a past time waits for the next pass, so that descriptors get
     * their turn. */
    if (at_ns <= l->firing_ns)
        at_ns = l->firing_ns + 1;
    *t = (struct loop_timer){.loop = l, .at_ns = at_ns, .fn = fn, .ctx = ctx};
    struct loop_timer *before = l->last;
    while (before && before->at_ns > at_ns)
        before = before->prev;
    t->prev = before;
    t->next = before ? before->next : l->first;
    *(before ? &before->next : &l->first) = t;
    *(t->next ? &t->next->prev : &l->last) = t;
    if (!l->firing_ns)
        arm(l);
}

void loop_timer_cancel(struct loop_timer *t)
{
    if (!t->loop)
        return;
    struct loop *l = t->loop;
    unlink_timer(t);
    if (!l->firing_ns)
        arm(l);
}

static void on_timer_fd(void *ctx, int fd, uint32_t ready)
{
    (void)ready;
    struct loop *l = ctx;
    uint64_t expirations;
    if (read(fd, &expirations, sizeof expirations) != sizeof expirations)
        return; /* rearmed in the meantime */
    l->firing_ns = clock_mono_ns();
    while (l->first && l->first->at_ns <= l->firing_ns) {
        struct loop_timer *t = l->first;
        unlink_timer(t);
        t->fn(t->ctx);
    }
    l->firing_ns = 0;
    l->armed_ns = INT64_MAX;
    arm(l);
}

/* Signals. */

static void on_signal_fd(void *ctx, int fd, uint32_t ready)
{
    (void)ready;
    struct loop *l = ctx;
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == sizeof info)
        for (size_t i = 0; i < SIGNALS_TAKEN; i++)
            if ((int)info.ssi_signo == signals_taken[i] && l->handler[i].fn)
                l->handler[i].fn(l->handler[i].ctx, signals_taken[i]);
}

void loop_on_signal(struct loop *l, int signo, void (*fn)(void *ctx, int signo), void *ctx)
{
    size_t i = 0;
    while (i < SIGNALS_TAKEN && signals_taken[i] != signo)
        i++;
    CHECK(i < SIGNALS_TAKEN);
    l->handler[i] = (struct handler){fn, ctx};
}

/* Descriptors. */

static struct watch *find_watch(struct loop *l, int fd)
{
    for (size_t i = 0; i < LOOP_WATCHES_MAX; i++)
        if (l->watch[i].fd == fd)
            return &l->watch[i];
    return NULL;
}

enum err loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *ctx)
{
    CHECK(fd >= 0);
    struct watch *w = find_watch(l, fd);
    bool fresh = !w;
    if (fresh)
        w = find_watch(l, -1);
    if (!w)
        return ERR_FULL;
    struct epoll_event e = {
        .events = events,
        .data.u64 = (uint64_t)w->generation << 32 | (uint64_t)(w - l->watch),
    };
    int r = epoll_ctl(l->epoll_fd, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e);
    if (r != 0 && !fresh && errno == ENOENT) /* closed and opened again behind our back */
        r = epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e);
    if (r != 0)
        return errno == EPERM ? ERR_UNSUPPORTED : ERR_IO;
    w->fd = fd;
    w->fn = fn;
    w->ctx = ctx;
    return ERR_OK;
}

void loop_unwatch(struct loop *l, int fd)
{
    struct watch *w = fd >= 0 ? find_watch(l, fd) : NULL;
    if (!w)
        return;
    (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* fails where it is closed already */
    *w = (struct watch){.fd = -1, .generation = w->generation + 1};
}

/* The loop itself. */

static enum err open_lws(struct loop *l)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
        .port = CONTEXT_PORT_NO_LISTEN,
        .user = l,
        .gid = -1,
        .uid = -1,
        /* Its tables are sized by this; the process's limit may be a million. */
        .fd_limit_per_thread = LOOP_CONNECTIONS_MAX,
        /* A venue's URL may name 1024 streams; memory is taken only while headers arrive. */
        .max_http_header_data2 = 32768,
        .pt_serv_buf_size = READ_BYTES,
    };
    l->lws = lws_create_context(&info);
    if (!l->lws)
        return ERR_NOMEM;
    struct lws_context_creation_info host = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "loop",
        .protocols = loop_protocols,
    };
    struct lws_vhost *vhost = lws_create_vhost(l->lws, &host);
    if (!vhost)
        return ERR_NOMEM;
    /* What is adopted is closed by libwebsockets, also when that fails: it gets a duplicate. */
    lws_sock_file_fd_type fd = {.filefd = fcntl(l->epoll_fd, F_DUPFD_CLOEXEC, 0)};
    if (fd.filefd < 0)
        return ERR_IO;
    if (!lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, fd, loop_protocols[0].name,
                                    NULL))
        return ERR_NOMEM;
    return ERR_OK;
}

static enum err open_fds(struct loop *l)
{
    sigset_t taken;
    sigemptyset(&taken);
    for (size_t i = 0; i < SIGNALS_TAKEN; i++)
        sigaddset(&taken, signals_taken[i]);
    CHECK(pthread_sigmask(SIG_BLOCK, &taken, &l->mask_before) == 0);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    l->signal_fd = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
    if (l->epoll_fd < 0 || l->timer_fd < 0 || l->signal_fd < 0)
        return ERR_IO;
    enum err e = loop_watch(l, l->timer_fd, EPOLLIN, on_timer_fd, l);
    if (!e)
        e = loop_watch(l, l->signal_fd, EPOLLIN, on_signal_fd, l);
    return e;
}

enum err loop_open(struct loop **ret)
{
    if (loop_now)
        return ERR_STATE;
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_NOMEM;
    l->epoll_fd = l->timer_fd = l->signal_fd = -1;
    l->armed_ns = INT64_MAX;
    for (size_t i = 0; i < LOOP_WATCHES_MAX; i++)
        l->watch[i].fd = -1;
    loop_now = l;
    lws_error[0] = '\0';
    enum err e = open_fds(l);
    if (!e)
        e = open_lws(l);
    if (e) {
        int saved = errno;
        loop_close(l);
        errno = saved;
        return e;
    }
    *ret = l;
    return ERR_OK;
}

void loop_close(struct loop *l)
{
    if (!l)
        return;
    if (l->lws)
        lws_context_destroy(l->lws);
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->timer_fd >= 0)
        close(l->timer_fd);
    if (l->signal_fd >= 0)
        close(l->signal_fd);
    CHECK(pthread_sigmask(SIG_SETMASK, &l->mask_before, NULL) == 0);
    while (l->first)
        unlink_timer(l->first);
    free(l);
    loop_now = NULL;
}

enum err loop_run(struct loop *l)
{
    enum err e = ERR_OK;
    while (!l->stopping && !e)
        if (lws_service(l->lws, 0) < 0)
            e = ERR_IO;
    l->stopping = false;
    return e;
}

void loop_stop(struct loop *l)
{
    l->stopping = true;
    /* libwebsockets calls its own timers just before it waits: it must not wait after them. */
    lws_cancel_service(l->lws);
}

struct lws_context *loop_lws(struct loop *l)
{
    return l->lws;
}

const char *loop_lws_error(struct loop *l)
{
    (void)l;
    static char last[sizeof lws_error];
    memcpy(last, lws_error, sizeof last);
    lws_error[0] = '\0';
    return last;
}

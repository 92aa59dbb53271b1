#include "io/resolve.h"

#include "base/clock.h"
#include "io/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024) /* the resolver's plug-ins use more than the smallest stack */

/* What the thread and the loop share; the last of the two frees it. */
struct job {
    atomic_int owners;
    int done_fd; /* eventfd, written once the answer stands */
    char host[URL_HOST_MAX];
    atomic_bool done; /* what follows is written before it is set, and read after */
    int code;         /* of getaddrinfo */
    struct addresses found;
};

struct resolve {
    struct loop *loop;
    resolve_fn *fn;
    void *ctx;
    struct loop_timer timer; /* the time-out; or, for an answer that stands already, now */
    struct job *job;
    bool known; /* the answer stands without a thread */
};

static atomic_int threads;

static void release(struct job *j)
{
    if (atomic_fetch_sub(&j->owners, 1) != 1)
        return;
    if (j->done_fd >= 0)
        close(j->done_fd);
    free(j);
}

static void add(struct addresses *a, int family, const void *address)
{
    if (a->count < RESOLVE_ADDRESSES_MAX &&
        inet_ntop(family, address, a->text[a->count], RESOLVE_TEXT_MAX))
        a->count++;
}

static bool known_without_asking(const char *host, struct addresses *a)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        add(a, AF_INET, &v4);
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        add(a, AF_INET6, &v6);
    } else if (strcmp(host, "localhost") == 0) {
        v4.s_addr = htonl(INADDR_LOOPBACK);
        add(a, AF_INET, &v4);
        add(a, AF_INET6, &in6addr_loopback);
    }
    return a->count > 0;
}

static void *look_up(void *arg)
{
    struct job *j = arg;
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    j->code = getaddrinfo(j->host, NULL, &hints, &list);
    if (j->code == 0) {
        for (const struct addrinfo *i = list; i; i = i->ai_next) {
            if (i->ai_family == AF_INET)
                add(&j->found, AF_INET,
                    &((const struct sockaddr_in *)(const void *)i->ai_addr)->sin_addr);
            else if (i->ai_family == AF_INET6)
                add(&j->found, AF_INET6,
                    &((const struct sockaddr_in6 *)(const void *)i->ai_addr)->sin6_addr);
        }
        freeaddrinfo(list);
    }
    atomic_store(&j->done, true);
    uint64_t one = 1;
    ssize_t ignored = write(j->done_fd, &one, sizeof one); /* cannot fail: it is written once */
    (void)ignored;
    release(j);
    atomic_fetch_sub(&threads, 1);
    return NULL;
}

static void finish(struct resolve *r, const struct addresses *a, const char *why)
{
    resolve_fn *fn = r->fn;
    void *ctx = r->ctx;
    struct addresses copy;
    if (a)
        copy = *a;
    resolve_cancel(r);
    fn(ctx, a ? &copy : NULL, why);
}

static void on_done(void *ctx, int fd, uint32_t ready)
{
    (void)fd, (void)ready;
    struct resolve *r = ctx;
    char why[URL_HOST_MAX + 128];
    if (!atomic_load(&r->job->done))
        return;
    if (r->job->code == 0 && r->job->found.count > 0) {
        finish(r, &r->job->found, "");
        return;
    }
    snprintf(why, sizeof why, "the name %s cannot be resolved: %s", r->job->host,
             r->job->code ? gai_strerror(r->job->code) : "it has no address");
    finish(r, NULL, why);
}

static void on_timer(void *ctx)
{
    struct resolve *r = ctx;
    if (r->known) {
        finish(r, &r->job->found, "");
        return;
    }
    char why[URL_HOST_MAX + 128];
    snprintf(why, sizeof why, "the name %s cannot be resolved: no answer in time", r->job->host);
    finish(r, NULL, why);
}

static enum err start_thread(struct resolve *r)
{
    if (atomic_fetch_add(&threads, 1) >= RESOLVE_THREADS_MAX) {
        atomic_fetch_sub(&threads, 1);
        return ERR_FULL;
    }
    enum err e = ERR_IO;
    pthread_attr_t attr;
    bool has_attr = false;
    sigset_t all, before;
    struct job *j = r->job;
    j->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (j->done_fd < 0)
        goto failed;
    e = loop_watch(r->loop, j->done_fd, EPOLLIN, on_done, r);
    if (e)
        goto failed;
    e = ERR_NOMEM;
    has_attr = pthread_attr_init(&attr) == 0;
    if (!has_attr || pthread_attr_setstacksize(&attr, STACK_BYTES) != 0 ||
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) != 0)
        goto failed;
    /* No signal may ever be delivered to such a thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_fetch_add(&j->owners, 1);
    pthread_t id;
    int code = pthread_create(&id, &attr, look_up, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (code == 0)
        return ERR_OK;
    has_attr = false;
    atomic_fetch_sub(&j->owners, 1);
failed:
    if (has_attr)
        pthread_attr_destroy(&attr);
    atomic_fetch_sub(&threads, 1);
    return e;
}

enum err resolve_start(struct resolve **ret, struct loop *l, const char *host, int64_t timeout_ns,
                       resolve_fn *fn, void *ctx)
{
    if (strlen(host) >= URL_HOST_MAX)
        return ERR_RANGE;
    struct resolve *r = calloc(1, sizeof *r);
    struct job *j = calloc(1, sizeof *j);
    if (!r || !j) {
        free(r);
        free(j);
        return ERR_NOMEM;
    }
    *r = (struct resolve){.loop = l, .fn = fn, .ctx = ctx, .job = j};
    atomic_init(&j->owners, 1);
    j->done_fd = -1;
    memcpy(j->host, host, strlen(host) + 1);
    r->known = known_without_asking(host, &j->found);
    enum err e = r->known ? ERR_OK : start_thread(r);
    if (e) {
        resolve_cancel(r);
        return e;
    }
    loop_timer_set(l, &r->timer, r->known ? 0 : clock_mono_ns() + timeout_ns, on_timer, r);
    *ret = r;
    return ERR_OK;
}

void resolve_cancel(struct resolve *r)
{
    if (!r)
        return;
    loop_timer_cancel(&r->timer);
    if (r->job->done_fd >= 0)
        loop_unwatch(r->loop, r->job->done_fd);
    release(r->job);
    free(r);
}

/* The event loop: one thread, one libwebsockets context, everything a program waits for.
 *
 * libwebsockets polls its own connections; every other descriptor (libcurl's sockets, signals,
 * timers, pipes) sits in an epoll set that is itself one descriptor of libwebsockets. All callbacks
 * run inside loop_run(), one after the other, and may call any function here, also to remove what
 * is being called. A callback that blocks stops the whole program.
 *
 * Servers and websocket clients make their own vhosts in loop_lws(); the context was created with
 * LWS_SERVER_OPTION_EXPLICIT_VHOSTS and DO_SSL_GLOBAL_INIT, its user pointer is the struct loop.
 * A vhost lives until the context goes, so its protocols must be static or outlive the loop.
 */
#ifndef TW_IO_LOOP_H
#define TW_IO_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct lws_context;
struct loop;

#define LOOP_WATCHES_MAX     256  /* descriptors watched at the same time */
#define LOOP_CONNECTIONS_MAX 1024 /* sockets of libwebsockets, servers and clients together */

/* Opens a loop and takes the signals SIGTERM, SIGINT, SIGHUP and SIGCHLD away from their default
 * action (blocked, read from a signalfd; without a handler they are ignored). Threads and children
 * started later inherit that mask: unblock it in a child before exec. Routes libwebsockets' log to
 * log_debug. One loop per process at a time. ERR_IO where the system refuses (errno), ERR_NOMEM,
 * ERR_STATE where one is open. */
enum err loop_open(struct loop **ret) MUST_CHECK;

/* Closes every connection of the context (their owners hear of it as usual), then the loop, and
 * gives the signals back. Not from a callback. NULL is allowed. */
void loop_close(struct loop *l);

/* Runs callbacks until loop_stop(). ERR_IO where libwebsockets gives up. May be called again. */
enum err loop_run(struct loop *l) MUST_CHECK;

/* Makes loop_run() return after the present callback; before loop_run(), it returns at once. */
void loop_stop(struct loop *l);

/* For servers and clients that are made of libwebsockets connections. */
struct lws_context *loop_lws(struct loop *l);

/* The newest error line of libwebsockets, "" where there was none since the last call: the reason
 * to print when lws_create_vhost() and the like return NULL. Valid until the next call into lws. */
const char *loop_lws_error(struct loop *l);

/* Descriptors. [events] and [ready] are EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP. */
typedef void loop_fd_fn(void *ctx, int fd, uint32_t ready);

/* Calls [fn] whenever [fd] is ready (level triggered). A descriptor that is already watched gets
 * the new events, fn and ctx. The caller owns [fd] and calls loop_unwatch() before closing it.
 * ERR_FULL at LOOP_WATCHES_MAX, ERR_UNSUPPORTED for what cannot be waited for (a regular file),
 * ERR_IO else. */
enum err loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *ctx) MUST_CHECK;

/* Stops watching; readiness that was already seen is not delivered any more. Unknown: nothing. */
void loop_unwatch(struct loop *l, int fd);

/* Timers: memory of the caller (zeroed before the first use), one shot, on clock_mono_ns(). */
struct loop_timer {
    struct loop_timer *prev, *next;
    struct loop *loop; /* NULL: not set */
    int64_t at_ns;
    void (*fn)(void *ctx);
    void *ctx;
};

/* Calls [fn] once at [at_ns] (at the next pass where that is past); set again, it moves. Timers
 * fire in the order of their times, equal ones in the order they were set. Cannot fail. Setting
 * walks the pending timers: made for some hundreds of them. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns, void (*fn)(void *ctx),
                    void *ctx);
/* Not set: nothing. Every timer must be cancelled or fired before its memory goes. */
void loop_timer_cancel(struct loop_timer *t);

/* Handler of SIGTERM, SIGINT, SIGHUP or SIGCHLD (CHECKed), called from the loop, not from a signal
 * frame; NULL ignores the signal. */
void loop_on_signal(struct loop *l, int signo, void (*fn)(void *ctx, int signo), void *ctx);

#endif

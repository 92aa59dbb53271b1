/* Host names to addresses without stopping the loop.
 *
 * getaddrinfo() runs in a thread of its own, which only ever touches its own job; the answer comes
 * back through the loop. Numeric addresses and "localhost" (always this machine, RFC 6761) need no
 * thread. A look-up that is given up lives on in its thread until the system's resolver returns, so
 * their number is bounded.
 */
#ifndef TW_IO_RESOLVE_H
#define TW_IO_RESOLVE_H

#include "base/err.h"
#include "io/loop.h"

#include <stdint.h>

#define RESOLVE_ADDRESSES_MAX 8
#define RESOLVE_THREADS_MAX   16
#define RESOLVE_TEXT_MAX      46 /* an IPv6 address as text */

struct resolve;

/* The answer, in the order in which to try them. */
struct addresses {
    uint32_t count; /* 1..RESOLVE_ADDRESSES_MAX */
    char text[RESOLVE_ADDRESSES_MAX][RESOLVE_TEXT_MAX];
};

/* [a] is NULL where there is none, [why] then says so in a sentence. Both are valid during the
 * call; the look-up is over and its handle gone. */
typedef void resolve_fn(void *ctx, const struct addresses *a, const char *why);

/* Looks [host] up, at most for [timeout_ns]; [fn] is called once, later, from the loop.
 * ERR_FULL where RESOLVE_THREADS_MAX threads are waiting already, ERR_NOMEM, ERR_IO. */
enum err resolve_start(struct resolve **ret, struct loop *l, const char *host, int64_t timeout_ns,
                       resolve_fn *fn, void *ctx) MUST_CHECK;

/* Forgets the look-up: [fn] is not called any more. NULL is allowed. */
void resolve_cancel(struct resolve *r);

#endif

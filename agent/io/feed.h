/* A feed: one venue's session on the real network.
 *
 * The session decides everything (when to connect, what to subscribe, when data is stale); the feed
 * gives it a websocket, an HTTP client, a timer and the clocks, and hands its events on. A
 * disconnect that the session asked for is not reported back to it as closed().
 */
#ifndef TW_IO_FEED_H
#define TW_IO_FEED_H

#include "base/err.h"
#include "io/loop.h"
#include "model/setup.h"
#include "venue/venue.h"

#include <stddef.h>
#include <stdint.h>

/* Unanswered requests of one session; what is beyond HTTP_REQUESTS_MAX fails, what is beyond this
 * is dropped with a log line. */
#define FEED_REQUESTS_MAX 128
#define FEED_WHY_MAX      512

struct feed;

/* A finished event, in order; levels in it are valid during the call. Not the place to close the
 * feed. */
typedef void feed_event_fn(void *ctx, const struct event *ev);

/* Builds the session of [ops] for venue [v] of [s] (kept, not copied) and starts it with the first
 * pass of the loop. [seed] feeds the jitter. Where it cannot start, a sentence goes into [why]
 * (FEED_WHY_MAX bytes): a bad URL, a CA file that cannot be read, what the session's init says. */
enum err feed_open(struct feed **ret, struct loop *l, const struct setup *s, venue_id v,
                   const struct session_ops *ops, uint64_t seed, feed_event_fn *fn, void *ctx,
                   char *why) MUST_CHECK;

/* [before] is called with the ctx of feed_open() before each message is given to the session: for
 * who has to notice first that the process stood still. What it does may reach the session, too. */
void feed_before_message(struct feed *f, void (*before)(void *ctx));

/* Stops the session, closes its connections. Not from an event. NULL is allowed. */
void feed_close(struct feed *f);

void feed_stats(const struct feed *f, struct session_stats *ret);
/* The engine found the book of [i] crossed or broken. */
void feed_resync(struct feed *f, instrument_id i);
/* After the loop stood still: what is overdue, above all that prices have become old, is told at
 * once, before other timers act. Not from an event. */
void feed_catch_up(struct feed *f);
/* Venue time now, as well as it is known. */
int64_t feed_venue_now_ns(const struct feed *f);

#endif

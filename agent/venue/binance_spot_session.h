/* Inside the Binance Spot session: its state, and what its two halves call of each other. Others
 * use venue/venue.h. The limits here are what tests hold it to.
 *
 *   binance_spot_session.c  the websocket: connecting, subscribing, messages to events, feed states
 *   binance_spot_fetch.c    REST: rules and book snapshots, request weight, bans
 *
 * Both are driven by one timer: whatever is due at some time calls session_wake() with it, and
 * session_timer() looks through all of it.
 */
#ifndef TW_VENUE_BINANCE_SPOT_SESSION_H
#define TW_VENUE_BINANCE_SPOT_SESSION_H

#include "base/clock.h"
#include "base/rng.h"
#include "venue/binance_spot_codec.h"
#include "venue/binance_spot_names.h"
#include "venue/depth_sync.h"
#include "venue/venue.h"

/* Websocket. Venue limits: 24 h per connection, 1024 streams per connection, 300 connections per
 * 5 minutes, 5 messages a second from us (pongs count). */
#define SESSION_BACKOFF_MIN_NS     (NS_PER_S / 4)
#define SESSION_BACKOFF_MAX_NS     (30 * NS_PER_S)
#define SESSION_HEALTHY_NS         (10 * NS_PER_S) /* lived so long: backoff starts anew */
#define SESSION_CONNECT_TIMEOUT_NS (15 * NS_PER_S)
#define SESSION_AGE_MAX_NS         (23 * 3600 * NS_PER_S) /* then less than 30 min of jitter */
#define SESSION_AGE_JITTER_NS      (1800 * NS_PER_S)
#define SESSION_SILENCE_NS         (60 * NS_PER_S) /* and 3 * stale_after: connection dead */
#define SESSION_SUBSCRIBE_GAP_NS   (NS_PER_S / 2)
#define SESSION_ACK_TIMEOUT_NS     (10 * NS_PER_S)
#define SESSION_URL_BYTES          1024 /* streams that do not fit are subscribed afterwards */
#define SESSION_BATCH              30   /* streams per SUBSCRIBE */
#define SESSION_LOG_EVERY_NS       (10 * NS_PER_S) /* dropped messages: one line, with counts */
/* A message this far ahead of the venue's time is damaged: time never goes back in the engine. */
#define SESSION_TIME_JUMP_NS   NS_PER_DAY
#define SESSION_TRADE_AHEAD_NS NS_PER_S /* of a trade's own time before its message's */
#define SESSION_TIME_JUMPS     3        /* so many in a row are believed */

/* REST. Venue limit: 6000 weight a minute; ours is half of it. */
#define FETCH_WEIGHT_NS      (20 * NS_PER_MS) /* per unit of weight: 50 a second */
#define FETCH_BURST_NS       (20 * NS_PER_S)  /* 1000 units at once */
#define FETCH_WEIGHT_RULES   20
#define FETCH_WEIGHT_BOOK    50
#define FETCH_TIMEOUT_NS     (20 * NS_PER_S)
#define FETCH_BOOK_EVERY_NS  NS_PER_S /* per instrument, and up to half of it more */
#define FETCH_RULES_EVERY_NS (3600 * NS_PER_S)
#define FETCH_LIMITED_NS     (60 * NS_PER_S)  /* HTTP 429 or 403 without Retry-After */
#define FETCH_BANNED_NS      (120 * NS_PER_S) /* HTTP 418 without Retry-After: its least duration */
#define FETCH_WAIT_MAX_NS    (4 * NS_PER_DAY) /* the venue bans for 3 days at most */
#define FETCH_BOOK_LIMIT     "1000"

#define SESSION_LEVELS_MAX 10000 /* of one message: a full snapshot of 5000 a side */

/* One instrument of the session. */
struct feed {
    instrument_id id;
    char symbol[BINANCE_SYMBOL_MAX]; /* "BTCUSDT" */
    uint32_t hash_next;              /* 1 + index of the next feed in its hash slot */
    enum feed_state told;            /* the newest EVENT_FEED */
    int64_t payload_mono_ns;         /* newest payload on this connection; 0: none yet */
    /* rules */
    bool rules_known, refused; /* refused: the venue does not have it as configured */
    bool answered;             /* in the answer that is being read */
    struct instrument_rules rules, new_rules;
    /* book */
    int64_t book_at_ns;     /* not before: the next snapshot request */
    uint64_t ticker_id;     /* update id of the newest bookTicker */
    int64_t behind_mono_ns; /* since when the book is older than that; 0: it is not */
    bool resync_asked;
    struct depth_sync depth;
};

enum fetch_kind { FETCH_NONE, FETCH_RULES, FETCH_BOOK };

struct fetch {
    enum fetch_kind kind; /* of the one request under way */
    uint32_t request;     /* its number */
    uint32_t feed;        /* FETCH_BOOK; FETCH_RULES in one_by_one mode */
    uint32_t connection;  /* FETCH_BOOK: for which connection's differences */
    int64_t deadline_ns;
    int64_t weight_ns;     /* when the weight used so far is paid off */
    int64_t blocked_until; /* after a failure or a ban */
    uint32_t failures;     /* in a row */
    int64_t rules_at_ns;   /* when to ask for the rules next */
    bool one_by_one;       /* a symbol unknown to the venue spoils the request for all */
    uint32_t rules_next;   /* one_by_one: the feed to ask for next */
    uint32_t book_next;    /* round robin */
};

#define SESSION_HASH 128

struct session {
    const struct setup *setup;
    const struct venue_setup *venue;
    venue_id venue_id;
    struct session_host host;
    struct rng rng;
    struct session_stats stats;

    bool connected;
    uint32_t connection; /* number of the present one */
    uint32_t attempts;   /* failed in a row: backoff */
    int64_t due_ns;      /* of the state: connect timeout, end of backoff, end of life */
    int64_t since_ns;    /* connected, or payload: for silence */
    int64_t connected_ns;
    uint32_t subscribed;  /* feeds whose streams were asked for */
    int64_t subscribe_at; /* next SUBSCRIBE, or the deadline of the one under way */
    int64_t subscribe_id; /* the one under way; 0: none */
    int64_t next_id;

    int64_t timer_ns; /* what the host was asked for */
    int64_t mono_ns;  /* of the newest call */
    int64_t wall_ns, wall_mono_ns;
    int64_t venue_ns, venue_mono_ns; /* newest venue time, and when it was seen; 0: none */
    bool venue_time_old;             /* of an earlier connection */
    uint32_t time_jumps;

    uint64_t logged_drops;
    int64_t log_drops_at;
    enum err drop_err;

    bool in_event, resync_asked;
    struct fetch fetch;
    uint32_t slot[SESSION_HASH]; /* 1 + index of a feed; 0: empty */
    uint32_t feeds;
    struct level levels[SESSION_LEVELS_MAX];
    struct feed feed[];
};

/* ---- of binance_spot_session.c ---- */

void session_wake(struct session *s, int64_t at_ns);
/* A line for the log: the instrument's symbol (NULL: none) and a few texts, ended by NULL. */
void session_log(struct session *s, bool bad, const struct feed *f, const char *const *words);
#define SESSION_LOG(s, bad, f, ...) session_log(s, bad, f, (const char *const[]){__VA_ARGS__, NULL})
/* Decimal text of [v] in [out]; returns out. */
#define SESSION_NUMBER_BYTES 24
const char *session_number(int64_t v, char out[static SESSION_NUMBER_BYTES]);
/* Uniform in [least, most]. */
int64_t session_jitter(struct session *s, int64_t least, int64_t most);
/* Delay of the [n]th attempt in a row (0..). */
int64_t session_backoff(struct session *s, uint32_t n);
/* Emits, filling in venue, instrument and ts_recv. */
void session_emit(struct session *s, const struct feed *f, struct event *ev);
/* Sends EVENT_FEED where the state of the feed changed. */
void session_tell_feed(struct session *s, struct feed *f);
/* Takes [ts_ns] as the venue's time; false where it cannot be. */
bool session_take_time(struct session *s, int64_t ts_ns);
int64_t session_venue_now(const struct session *s, int64_t mono_ns);
void session_emit_diff(struct session *s, struct feed *f, const struct depth_diff *d);

/* ---- of binance_spot_fetch.c ---- */

void fetch_start(struct session *s);
/* Sends the next request if one is due and allowed, else wakes the session when it will be: rules
 * at their time, and a snapshot for every book that waits for one. */
void fetch_pump(struct session *s);
void fetch_answer(struct session *s, uint32_t request, int status, int retry_after_s,
                  const char *body, size_t len);

#endif

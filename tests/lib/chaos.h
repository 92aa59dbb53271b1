/* A venue without manners and two engines that see the same of it, for property tests of
 * strategies: the second engine's strategies are saved and loaded again at random moments, and
 * must do the same, byte for byte. After every step the promises that hold for every strategy are
 * checked; a failed one ends the test with the seed in its message.
 */
#ifndef TW_TESTS_CHAOS_H
#define TW_TESTS_CHAOS_H

#include "base/rng.h"
#include "config/config.h"
#include "core/engine.h"

#define CHAOS_ORDERS_MAX 1024

struct chaos_order {
    order_id id;
    struct order_request req;
    dec open; /* still to be filled */
    bool accepted, cancel_asked, doubtful;
};

enum chaos_faults {
    CHAOS_NONE, /* a well-behaved venue: everything at once and whole */
    CHAOS_FAIR, /* pieces, silence, and rejects and cancels of what would not have traded anyway:
                   in the end nothing is missed */
    CHAOS_ALL,  /* also rejects, cancels and losses of what could have traded */
};

struct chaos {
    struct rng rng;
    uint64_t seed;    /* shown when something fails */
    const char *text; /* the configuration, likewise */
    struct setup *setup;
    void *mem[2];
    struct engine *engine[2];
    struct effects *fx[2];
    int64_t now_ns;
    enum chaos_faults faults;
    bool stopping; /* after STOP: what is asked for then is the engine's, for on_stop */
    bool restarts; /* save and load the second engine's strategies */
    int64_t ticks[SETUP_INSTRUMENTS_MAX],
        spread[SETUP_INSTRUMENTS_MAX]; /* bid in ticks; ask above */
    struct chaos_order order[CHAOS_ORDERS_MAX];
    uint32_t orders;
    dec account[SETUP_STRATEGIES_MAX > 4 ? 4 : SETUP_STRATEGIES_MAX][SETUP_VENUES_MAX]
               [SETUP_ASSETS_MAX]; /* by the fills alone */
    uint64_t next_fill, steps, submits, fills, restarts_done, changes;
    uint64_t denied[128]; /* by reason */
    uint64_t trace;       /* a hash of all effects so far: equal for runs that do the same */
};

/* Parses [text] (the program's own strategy kinds) and builds both engines; feeds live, the bid of
 * every instrument at [ticks]. False, with nothing to close, where the configuration is refused:
 * the caller draws another one. */
bool chaos_open(struct chaos *c, uint64_t seed, const char *text, const int64_t *ticks,
                enum chaos_faults faults);
void chaos_close(struct chaos *c);
/* The two halves of it, for what has to happen between: the engines are built; the feeds live. */
bool chaos_prepare(struct chaos *c, uint64_t seed, const char *text, enum chaos_faults faults);
void chaos_begin(struct chaos *c, const int64_t *ticks);
/* Any event, at the present time. */
void chaos_event(struct chaos *c, struct event *ev);

/* One event of the market: instrument [i] moves to [ticks] as its bid; a top of book, and a trade
 * at the bid or ask. */
void chaos_market(struct chaos *c, instrument_id i, int64_t ticks);
/* Time passes: timers fire when they are due, and the venue answers and fills meanwhile. */
void chaos_pass(struct chaos *c, int64_t ns);
/* The venue acts once for every order it has, as faults allow. */
void chaos_venue(struct chaos *c);
void chaos_command(struct chaos *c, enum command_kind kind, strategy_id s);
/* A reload: the live parameters that [text] has otherwise become so. False, and nothing happens,
 * where [text] is refused. */
bool chaos_reload(struct chaos *c, const char *text);

/* Everything at once that the venue still has to say, without faults, until nothing is pending. */
void chaos_settle(struct chaos *c);

dec chaos_bid(const struct chaos *c, instrument_id i);
dec chaos_ask(const struct chaos *c, instrument_id i);

/* Fails the test, with seed and configuration. */
void chaos_fail(const struct chaos *c, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

#endif

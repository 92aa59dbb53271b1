/* Events: everything that can make the engine do something, and nothing else can.
 *
 * Market data, answers of venues, time, operator commands and learnt rules all enter as one of
 * these; they are journaled before the engine sees them, so that a replay is the same run. An event
 * is a value; where it carries levels they belong to the producer and are valid during the call
 * only.
 */
#ifndef TW_MODEL_EVENT_H
#define TW_MODEL_EVENT_H

#include "base/buf.h"
#include "base/decimal.h"
#include "model/book.h"
#include "model/instrument.h"
#include "model/order.h"
#include "model/param.h"
#include "model/reason.h"
#include "model/state.h"

#include <stdbool.h>
#include <stdint.h>

/* Stored in journals: never renumber. */
enum event_kind {
    EVENT_INSTRUMENT = 1, /* rules of an instrument became known or changed */
    EVENT_FEED = 2,       /* the feed of an instrument became live, stale or invalid */
    EVENT_TOP = 3,        /* best bid and ask */
    EVENT_TRADE = 4,      /* someone's trade */
    EVENT_BOOK = 5,       /* depth: a snapshot, or changes to apply */
    EVENT_CANDLE = 6,   /* a closed candle; made by the engine from trades, or sent by the venue */
    EVENT_TIMER = 7,    /* time passed */
    EVENT_ORDER = 8,    /* the state of one of our orders changed */
    EVENT_FILL = 9,     /* one of our orders traded */
    EVENT_COMMAND = 10, /* an operator's wish */
    EVENT_STARTED =
        11, /* to one strategy, once, before its first other event; made by the engine */
    EVENT_HISTORY =
        12,           /* a closed candle from before the run, to one strategy that asked for them */
    EVENT_PARAM = 13, /* a live parameter of one strategy has a new value */
    EVENT_SIGNER = 14, /* whether the signer can be asked became known or changed */
};

enum feed_state {
    FEED_LIVE = 1,    /* payload is arriving and consistent */
    FEED_STALE = 2,   /* no payload for longer than allowed: keep observing, take no risk */
    FEED_INVALID = 3, /* gap, crossed book or disconnected: prices must not be used */
};

/* Whether the process with the keys can be asked to sign. */
enum signer_state {
    SIGNER_ABSENT = 1,        /* nobody is there, or the connection was lost */
    SIGNER_SEALED = 2,        /* it is there; its key store is not open */
    SIGNER_OPEN = 3,          /* it signs what its policy allows */
    SIGNER_WRONG_VERSION = 4, /* it speaks another version of the protocol */
    SIGNER_NOT_ALLOWED = 5,   /* it does not let this process ask */
};

enum command_kind {
    COMMAND_PAUSE = 1,     /* strategy REDUCING, its orders stay */
    COMMAND_RESUME = 2,    /* strategy (or, without one, the agent from REDUCING) ACTIVE */
    COMMAND_STOPENTRY = 3, /* agent REDUCING */
    COMMAND_HALT = 4,      /* agent (or, carried over from an older journal, a strategy) HALTED,
                              its open orders cancelled, positions stay */
    COMMAND_UNHALT = 5,    /* agent ACTIVE; needs a reason text */
    COMMAND_STOP = 6,      /* the daemon is going to end: every strategy rests, on_stop is done */
    COMMAND_START = 7,     /* a daemon begins, maybe with what another left: on_restart is done */
};

struct event_top {
    dec bid_price, bid_qty, ask_price, ask_qty; /* a side that is empty has price 0 */
};
struct event_trade {
    dec price, qty;
    uint64_t trade_id;   /* the venue's; 0 where the source has none */
    enum side aggressor; /* side of the taker */
};
struct event_book {
    bool snapshot; /* true: these levels are the whole book; false: changes, qty 0 removes */
    uint32_t bids, asks;
    const struct level *bid, *ask; /* snapshot: any order */
    uint64_t last_update_id;
};
struct event_candle {
    int64_t open_ns, timeframe_ns; /* covers [open_ns, open_ns + timeframe_ns) by ts_event */
    dec open, high, low, close, volume;
    bool empty; /* no trade inside: repeats the last close */
};
struct event_order {
    order_id id;
    enum order_state state;
    enum reason reason; /* for denied, rejected, canceled, expired */
    uint64_t venue_order_id;
    struct denial denial; /* for denied */
};
struct event_fill {
    order_id id;
    uint64_t fill_id; /* the venue's trade id: a repeated one is ignored */
    dec price, qty;
    dec fee; /* >= 0, in fee_asset */
    asset_id fee_asset;
    enum liquidity liquidity;
};
/* Candles of the venue, in order of time; which of them the strategy gets, and that those which
 * closed since its feed is live come to it as EVENT_CANDLE, says docs/definitions.md, "Warm-up". */
struct event_history {
    strategy_id strategy;
    bool last; /* no more are known now; a candle of timeframe 0 is none */
    struct event_candle candle;
};
/* To the strategy it comes when all of a reload are set, once for each changed parameter. */
struct event_param {
    strategy_id strategy;
    uint16_t index; /* in the table of its kind; the entry is flagged PARAM_LIVE */
    enum param_type type;
    bool present; /* false: the optional parameter is no longer given */
    bool more;    /* others of the same reload follow: strategies are told with the last one */
    union {
        struct param_value value; /* of the single types; its [present] is set, too */
        struct param_list list;   /* of the lists */
    };
};
#define COMMAND_REASON_MAX 128
struct event_command {
    enum command_kind kind;
    strategy_id strategy; /* STRATEGY_NONE: the agent */
    char reason[COMMAND_REASON_MAX];
    uint32_t uid; /* who asked: the peer's user id */
};

struct event {
    enum event_kind kind;
    venue_id venue;           /* VENUE_NONE where it has none */
    instrument_id instrument; /* INSTRUMENT_NONE where it has none */
    int64_t ts_event_ns;      /* venue time */
    int64_t ts_recv_ns;       /* ours; equals ts_event_ns in backtests */
    union {
        struct instrument_rules rules;
        enum feed_state feed;
        enum signer_state signer;
        struct event_top top;
        struct event_trade trade;
        struct event_book book;
        struct event_candle candle;
        struct event_order order;
        struct event_fill fill;
        struct event_command command;
        struct event_history history;
        struct event_param param;
    };
};

const char *event_kind_name(enum event_kind k);
const char *feed_state_name(enum feed_state s);
const char *signer_state_name(enum signer_state s); /* "wrong version" */
const char *command_kind_name(enum command_kind k); /* "stopentry" */

/* Bytes of an event and back, for the journal: little-endian, fields in declaration order, no
 * padding. event_decode puts levels into [levels] (room for [cap] of them in all). Returns
 * ERR_SYNTAX for bytes that no event_encode wrote, ERR_FULL where the levels do not fit. */
void event_encode(const struct event *e, struct bufw *out);
enum err event_decode(struct bufr *in, struct level *levels, uint32_t cap,
                      struct event *ret) MUST_CHECK;

#endif

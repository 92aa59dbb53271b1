/* Effects: what one engine step wants done or made known, in order. The host journals them with the
 * event that caused them, and only then acts (submit, cancel) or tells (all others). */
#ifndef TW_MODEL_EFFECT_H
#define TW_MODEL_EFFECT_H

#include "base/buf.h"
#include "model/event.h"
#include "model/order.h"
#include "model/reason.h"
#include "model/state.h"

#include <stdint.h>

/* Stored in journals: never renumber. */
enum effect_kind {
    EFFECT_SUBMIT = 1, /* send this order */
    EFFECT_CANCEL = 2, /* ask the venue to cancel this order */
    EFFECT_DENIED = 3, /* an intent was refused by risk; nothing leaves */
    EFFECT_STATE = 4,  /* a trading state was latched */
    EFFECT_LEDGER = 5, /* a strategy's sub-ledger changed: its whole new value */
    EFFECT_RESYNC = 6, /* the book of an instrument is crossed or broken: fetch it anew */
    EFFECT_NOTE = 7,   /* a sentence from a strategy, for the log and the journal */
    EFFECT_ORDER = 8,  /* the state of an order changed by a venue's answer */
    EFFECT_FILL = 9,   /* a fill was booked */
    EFFECT_ALERT = 10, /* an alert fired */
    EFFECT_GUARD = 11, /* a guard began, lengthened or ended a lock of entries */
};

#define NOTE_MAX 96

struct effect_denied {
    order_id id;
    struct order_request req;
    struct denial denial;
};
struct effect_state {
    enum state_scope scope;
    uint16_t index; /* venue or strategy; 0 for the agent */
    enum trading_state from, to;
    enum reason reason;
    dec limit, value; /* what tripped it, where a limit did */
};
/* One strategy's holding of one instrument, after the change. */
struct effect_ledger {
    strategy_id strategy;
    instrument_id instrument;
    dec base, quote;    /* balances of the strategy's sub-ledger in the two assets */
    dec position, cost; /* quantity and its cost in quote, fees included */
    dec realized;       /* since the run began, in quote */
};
struct effect_order {
    order_id id;
    enum order_state from, to;
    enum reason reason;
};
struct effect_fill {
    order_id id;
    struct order_request req;
    uint64_t fill_id;
    dec price, qty, fee;
    asset_id fee_asset;
    enum liquidity liquidity;
    dec realized; /* result this fill realized, in quote; 0 for one that opens */
};
struct effect_alert {
    uint16_t alert;   /* in the setup's table */
    dec level, value; /* what it was set to, and what it saw */
};
/* Of an instrument; of the effect's strategy; or (STRATEGY_NONE) of all strategies. */
struct effect_guard {
    enum reason reason;
    instrument_id instrument; /* whose price it is about, or INSTRUMENT_NONE */
    bool locked;              /* false: the lock has ended */
    int64_t until_ns;         /* engine time at which it ends by itself; 0 where none is known */
    dec limit, value;         /* what tripped it: counts, agent quote, or prices */
};

struct effect {
    enum effect_kind kind;
    strategy_id strategy; /* who caused it; STRATEGY_NONE for the engine itself */
    union {
        struct order submit; /* the order as accepted by risk */
        order_id cancel;
        struct effect_denied denied;
        struct effect_state state;
        struct effect_ledger ledger;
        instrument_id resync;
        char note[NOTE_MAX];
        struct effect_order order;
        struct effect_fill fill;
        struct effect_alert alert;
        struct effect_guard guard;
    };
};

/* A bounded list, owned by the host, emptied before each step. */
#define EFFECTS_MAX 8192 /* twice the orders that can be open */
struct effects {
    uint32_t count;
    struct effect item[EFFECTS_MAX];
};

const char *effect_kind_name(enum effect_kind k);

/* As event_encode / event_decode. */
void effect_encode(const struct effect *e, struct bufw *out);
enum err effect_decode(struct bufr *in, struct effect *ret) MUST_CHECK;

#endif

/* What the signer may sign: the policy, its one binary form, and the decision.
 *
 * Pure: no clock, no file, nothing allocated. Nothing is allowed that is not written in the policy,
 * so an empty one allows nothing. No price comes from outside: an order is worth its quantity times
 * the ceiling that the owner set for the instrument, a market buy what it may spend. Every limit
 * may be reached and not passed. PROTOCOL.md has the bytes and the order of the checks.
 */
#ifndef TW_WALLET_POLICY_H
#define TW_WALLET_POLICY_H

#include "wallet/kind.h"
#include "wallet/wire.h"

#define POLICY_FORMAT          1u /* version of its binary form */
#define POLICY_KEYS_MAX        16
#define POLICY_INSTRUMENTS_MAX 128    /* of all keys together */
#define POLICY_SKEW_MAX        60000u /* ms */
#define POLICY_RATE_MAX        6000u  /* orders a minute */
#define POLICY_REPLAYS_MAX     1000u

/* Operations. Queries without a symbol have their own: such a signature says nothing but the time.
 */
#define POLICY_ORDER          1u
#define POLICY_CANCEL         2u
#define POLICY_CANCEL_REPLACE 4u
#define POLICY_CANCEL_ALL     8u
#define POLICY_QUERY          16u
#define POLICY_ACCOUNT        32u /* queries without a symbol */
#define POLICY_STREAM         64u
#define POLICY_OPS            127u

/* Order types: bit 1 << enum wire_order_type. Market orders are allowed by theirs. */
#define POLICY_TYPES 0x3eu

struct policy_instrument {
    char symbol[WIRE_SYMBOL_MAX];
    dec floor, ceiling; /* 0 < floor <= ceiling: sells from, buys up to; in quote */
    dec order_base, order_value;
    dec hour_base, hour_value;
    dec day_base, day_value;
};

struct policy_key {
    char label[WIRE_LABEL_MAX];
    char network[WIRE_NETWORK_MAX]; /* must be the one the key is bound to */
    unsigned ops, types;
    uint32_t window_ms; /* longest validity: 1 .. WIRE_WINDOW_MAX */
    uint32_t skew_ms;   /* between a timestamp and the signer's clock: 0 .. POLICY_SKEW_MAX */
    uint32_t rate;      /* orders a minute: 0 .. POLICY_RATE_MAX */
    uint32_t replays;   /* how often one signed order may take effect before it is no longer valid,
                           by replay: 1 .. POLICY_REPLAYS_MAX. Hour and day count all of them. */
    uint32_t first, instruments; /* in policy.instrument */
};

struct policy {
    uint32_t keys, instruments;
    struct policy_key key[POLICY_KEYS_MAX];
    struct policy_instrument instrument[POLICY_INSTRUMENTS_MAX];
};

/* The one form of it. Keys are sorted by label, the instruments of a key by symbol without its
 * hyphen (no two may be the same without it: a venue could not tell them apart), first is what went
 * before. ERR_RANGE where it is not so or a bound is not kept. [out] has WIRE_POLICY_MAX bytes. */
enum err policy_encode(const struct policy *p, uint8_t *out, size_t *ret_len) MUST_CHECK;

/* The order of two symbols as venues see them, without hyphens: below, at or above 0. */
int policy_compare_symbols(const char *a, const char *b);

/* And back: only what policy_encode() writes. ERR_UNSUPPORTED: another version; ERR_SYNTAX. */
enum err policy_decode(const uint8_t *bytes, size_t len, struct policy *ret) MUST_CHECK;

/* ---- what has been signed ---- */

#define POLICY_INSTANCES_MAX 16
#define POLICY_INTENTS       1024 /* how far back a single order is remembered, per instance */
#define POLICY_SLOTS_MAX     256  /* pairs of key and market of which something counts */

#define POLICY_MINUTE_MS INT64_C(60000)
#define POLICY_HOUR_MS   INT64_C(3600000)
#define POLICY_DAY_MS    INT64_C(86400000)

struct policy_spend {
    int64_t until_ms; /* counts from now until a minute, an hour, a day after this */
    dec base, value;  /* replays included */
    uint32_t slot;
};

struct policy_slot {
    char label[WIRE_LABEL_MAX];
    char symbol[WIRE_SYMBOL_MAX]; /* as written first: where the hyphen stands makes no other */
    uint32_t minute, day;         /* how many orders count */
    dec hour_base, hour_value, day_base, day_value;
};

struct policy_instance {
    uint64_t instance, top; /* highest order signed */
    uint64_t was_signed[POLICY_INTENTS / 64], was_replaced[POLICY_INTENTS / 64];
};

/* Rolling sums over a ring of orders. Belongs to no policy: it stays when the policy changes. */
struct policy_counters {
    int64_t now_ms, boot_ms; /* of the last policy_clock() */
    bool boot_known;
    int64_t last_until_ms;
    struct policy_spend *ring;                       /* the caller's, of cap + spare */
    uint32_t cap;                                    /* orders a day that policy_check() allows */
    uint32_t spare;                                  /* room that only policy_lose() takes */
    uint64_t head, minute_tail, hour_tail, day_tail; /* counted from the first ever */
    struct policy_slot slot[POLICY_SLOTS_MAX];
    uint32_t instances;
    struct policy_instance instance[POLICY_INSTANCES_MAX];
};

/* [cap] orders a day can be remembered, of all keys; what does not fit is refused. */
void policy_counters_init(struct policy_counters *c, struct policy_spend *ring, uint32_t cap);

/* The signer's clocks: time of day, and time since start of the machine, suspended time included.
 */
struct policy_now {
    int64_t wall_ms, boot_ms;
};

/* Lets time pass for the counters. A step of the wall clock does not move them: back, they wait for
 * it; forward, they go on with the other clock. Only the first call after a start has to believe
 * the wall clock, and even then time never goes back. */
void policy_clock(struct policy_counters *c, struct policy_now now);

/* ---- the decision ---- */

/* What the caller knows of the key. */
struct policy_subject {
    enum key_class class;
    const char *network;
    bool binds_path; /* the encoder's */
};

struct policy_decision {
    enum wire_reason reason;
    dec limit, value; /* where a number was compared: quantity, value, price, ms, count */
    /* allowed orders: what policy_reserve() writes down */
    bool is_order;
    char label[WIRE_LABEL_MAX], symbol[WIRE_SYMBOL_MAX];
    int64_t until_ms;
    dec base, total; /* base and value, replays included */
    struct wire_intent intent;
    uint64_t replaces;
};

/* Decides on a request of type WIRE_SIGN_*; changes nothing but the counters' time. */
struct policy_decision policy_check(const struct policy *p, const struct policy_subject *key,
                                    const struct wire_request *r, struct policy_counters *c,
                                    struct policy_now now);

/* Counts an allowed order from now on, whatever becomes of its signature. The decision must be of
 * the latest policy_check() of these counters (CHECKed as far as it can be). */
void policy_reserve(struct policy_counters *c, const struct policy_decision *d);

#endif

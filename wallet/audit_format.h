/* The bytes of the audit log: blocks and records. AUDIT.md says the same for other languages. */
#ifndef TW_WALLET_AUDIT_FORMAT_H
#define TW_WALLET_AUDIT_FORMAT_H

#include "base/buf.h"
#include "wallet/policy.h"

#define AUDIT_VERSION    1u
#define AUDIT_HASH       32
#define AUDIT_HEAD       64 /* of a block, before its records */
#define AUDIT_TAIL       64 /* MAC, hash */
#define AUDIT_BLOCK_MAX  32768
#define AUDIT_RECORD_MIN 29 /* length, type, number, two times */
#define AUDIT_NAME_MAX   16 /* "00000001.audit" */
#define AUDIT_BUILD_MAX  96
#define AUDIT_KEPT_MAX   512 /* bytes of a request */
#define AUDIT_WRAPPED    (24 + 32 + 16)

/* Stored: never renumber. */
enum audit_type {
    AUDIT_START = 1,     /* the signer started */
    AUDIT_DECISION = 2,  /* a request and what became of it */
    AUDIT_MORE = 3,      /* requests that were only counted */
    AUDIT_UNLOCK = 4,    /* the store was opened */
    AUDIT_SEAL = 5,      /* and closed */
    AUDIT_POLICY = 6,    /* another policy or generation of the store */
    AUDIT_STOP = 7,      /* an orderly end */
    AUDIT_SLICE = 8,     /* taken; what was left of the one before with the same names goes back */
    AUDIT_SLICE_END = 9, /* given back */
    AUDIT_LOST = 10,     /* what a crash left of a slice, counted as spent */
    AUDIT_SNAPSHOT = 11, /* a part of the counters */
    AUDIT_ACCEPT = 12,   /* the owner went on after a refusal */
    AUDIT_REKEY = 13,    /* the key of the MACs so far, wrapped with the next one */
};

/* How far an order is durable. */
enum audit_order { AUDIT_NO_ORDER = 0, AUDIT_ORDER_SYNCED = 1, AUDIT_ORDER_OF_SLICE = 2 };

struct audit_who {
    uint32_t pid, uid, caps, connection;
};

/* Of key and symbol, after an order was counted. */
struct audit_after {
    uint32_t minute, day; /* orders of the key in the minute; of both in the day */
    dec hour_base, hour_value, day_base, day_value;
};

struct audit_slice {
    char label[WIRE_LABEL_MAX], symbol[WIRE_SYMBOL_MAX];
    uint64_t instance, first, last; /* order numbers */
    dec base, value;                /* replays included */
    uint32_t count;
};

#define AUDIT_MORE_MAX 80

struct audit_more {
    uint16_t reason;
    uint32_t count;
};

struct audit_record {
    enum audit_type type;
    uint64_t number;
    int64_t wall_ms, boot_ms;
    struct audit_who who; /* DECISION, UNLOCK, SEAL, POLICY */
    int64_t at;           /* the counters' time: DECISION, UNLOCK, LOST, ACCEPT */
    int64_t at_boot;      /* time since the machine's start that goes with it: DECISION, UNLOCK */
    /* DECISION */
    uint16_t asked; /* enum wire_type, 0: not known */
    uint16_t reason;
    dec limit, value;
    uint32_t request_len; /* as received */
    uint16_t kept;        /* of it, in [request] */
    const uint8_t *request;
    enum audit_order order;
    struct policy_decision decision; /* of an order: what was reserved */
    struct audit_after after;
    /* START */
    uint8_t mode;
    uint64_t dropped; /* bytes behind the last block that an interrupted write had left */
    char build[AUDIT_BUILD_MAX];
    uint8_t boot_id[16]; /* UNLOCK */
    /* UNLOCK, POLICY, ACCEPT */
    uint8_t store[16];
    uint64_t generation;
    uint8_t policy_hash[32];
    /* SLICE, SLICE_END, LOST */
    struct audit_slice slice;
    int64_t until; /* LOST */
    /* MORE */
    uint16_t mores;
    struct audit_more more[AUDIT_MORE_MAX];
    /* SNAPSHOT: of one snapshot, in turn */
    uint32_t part;
    bool last_part;
    uint32_t len;
    const uint8_t *bytes;
    /* ACCEPT: what the counter knew, and where the log that could be read ended */
    uint64_t counter_block, log_block;
    char text[256];
    uint8_t wrapped[AUDIT_WRAPPED]; /* REKEY */
};

/* A block's place and links. */
struct audit_block {
    uint32_t len;
    uint64_t number, first; /* of the block; of its first record */
    uint16_t records;
    bool keyed;
    uint32_t segment;
    uint8_t before[AUDIT_HASH], mac[AUDIT_HASH], hash[AUDIT_HASH];
};

/* One record with its head; bufw remembers where it did not fit. */
void audit_encode(const struct audit_record *r, struct bufw *w);
/* Exactly one record of those bytes, all of it; texts and bytes are checked. Pointers go into them.
 * ERR_SYNTAX. */
enum err audit_decode(struct bufr *in, struct audit_record *ret) MUST_CHECK;

/* Completes a block: [bytes] has AUDIT_HEAD free bytes, records up to [len], room for AUDIT_TAIL.
 * [key] NULL: not keyed. Fills in b->len, mac and hash. */
void audit_seal_block(uint8_t *bytes, size_t len, struct audit_block *b, const uint8_t *key);

/* The head of a block; ERR_SYNTAX where it is none. */
enum err audit_block_head(const uint8_t bytes[AUDIT_HEAD], struct audit_block *ret) MUST_CHECK;
/* The tail of b->len bytes; whether the hash holds. */
bool audit_block_holds(const uint8_t *bytes, struct audit_block *b);
bool audit_block_mac_holds(const uint8_t *bytes, const struct audit_block *b, const uint8_t *key);

void audit_hash(const void *data, size_t len, const uint8_t *key, uint8_t out[AUDIT_HASH]);
void audit_segment_name(uint32_t segment, char out[AUDIT_NAME_MAX]);

#endif

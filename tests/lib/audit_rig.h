/* A signer without keys around the audit log: clocks, policy, counters, and the log on a frail
 * disk. One at a time. */
#ifndef TW_TESTS_AUDIT_RIG_H
#define TW_TESTS_AUDIT_RIG_H

#include "frail_disk.h"

#define RIG_ORDERS 1400 /* of which 1024 are set aside for what a crash loses */

struct rig {
    struct policy policy;
    struct policy_subject subject;
    struct policy_counters c;
    struct policy_spend ring[RIG_ORDERS];
    struct policy_now now;
    enum audit_mode mode;
    uint64_t segment_bytes;
    uint8_t store[16], policy_hash[32], boot_id[16], key[32];
    uint64_t generation;
    struct audit *a;
    char why[WHY_MAX];
    struct policy_decision d; /* the last one */
    enum wire_reason reason;
};

extern struct rig rig;

/* A new machine with an empty disk. BTC-USDT and ETH-USDT with key trade-1; no limit is near. */
void rig_reset(enum audit_mode mode);
enum err rig_open(void);
enum err rig_unlock(void);
void rig_start(void);             /* both, CHECKed */
void rig_drop(void);              /* the process is gone; nothing is written any more */
void rig_stop(void);              /* orderly, CHECKed */
void rig_pass(int64_t ms);        /* time */
void rig_reboot(int64_t down_ms); /* another start of the machine */

/* Asks for an order as the signer does. ERR_OK: it would be signed; ERR_STATE: the policy refused
 * (rig.reason, recorded, too); else what the log said. */
enum err rig_order(uint64_t instance, uint64_t order, uint64_t replaces, const char *symbol,
                   const char *qty);
/* Only decides; nothing is counted or recorded. */
enum wire_reason rig_ask(uint64_t instance, uint64_t order, uint64_t replaces, const char *symbol,
                         const char *qty);
/* Any other entry. */
enum err rig_entry(enum wire_type type, enum wire_reason reason, uint32_t caps);
struct audit_entry rig_blank(enum wire_type type, enum wire_reason reason, uint32_t caps);

#endif

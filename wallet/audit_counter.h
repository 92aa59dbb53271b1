/* The counter of an audit log: what the log has to hold, kept apart from it.
 *
 * Two slots, written in turn, each with a checksum: one that was torn by a crash leaves the other.
 * What a store's key has to prove has a MAC of its own, from the last time that the store was open.
 */
#ifndef TW_WALLET_AUDIT_COUNTER_H
#define TW_WALLET_AUDIT_COUNTER_H

#include "wallet/audit.h"
#include "wallet/audit_format.h"

#define AUDIT_COUNTER_SLOT 512  /* bytes that are written at a time */
#define AUDIT_COUNTER_STEP 4096 /* from slot to slot: no two in one sector or page */

struct audit_counter {
    uint64_t writes; /* which slot is the later one */
    uint64_t block;  /* the last one known to be on disk; 0: none */
    uint8_t hash[AUDIT_HASH];
    uint32_t segment; /* that it is in */
    /* proved by [mac], which is zero before the first unlock */
    uint8_t store[16];
    uint64_t generation; /* the highest of the store that was seen */
    uint64_t keyed;      /* the last keyed block then */
    uint8_t keyed_hash[AUDIT_HASH];
    uint32_t instances;
    struct {
        uint64_t instance, upto; /* no order number above this can have been signed */
    } instance[POLICY_INSTANCES_MAX];
    uint8_t mac[AUDIT_HASH];
};

bool audit_counter_has_store(const struct audit_counter *c);

/* Sets the MAC; whether it holds. */
void audit_counter_prove(struct audit_counter *c, const uint8_t *key);
bool audit_counter_proved(const struct audit_counter *c, const uint8_t *key);

/* One slot's bytes; and back: ERR_SYNTAX where the checksum does not hold. */
void audit_counter_encode(const struct audit_counter *c, uint8_t out[AUDIT_COUNTER_SLOT]);
enum err audit_counter_decode(const uint8_t in[AUDIT_COUNTER_SLOT],
                              struct audit_counter *ret) MUST_CHECK;

/* Opens and reads it. ERR_NOT_FOUND: there is none; ERR_TRUNCATED: it was made and never written;
 * ERR_CORRUPT: neither slot holds; ERR_IO. With a sentence in why[WHY_MAX]. The descriptor is open
 * where it returns ERR_OK. */
enum err audit_counter_open(const struct audit_os *os, const char *path, bool writable, int *ret_fd,
                            struct audit_counter *ret, char *why) MUST_CHECK;
/* Makes an empty one, or fills one that was never written: on disk when this returns. ERR_FULL,
 * ERR_IO. */
enum err audit_counter_create(const struct audit_os *os, const char *path, int *ret_fd,
                              struct audit_counter *ret, char *why) MUST_CHECK;
/* Writes the next slot and syncs; ERR_IO. */
enum err audit_counter_write(const struct audit_os *os, int fd, struct audit_counter *c) MUST_CHECK;

#endif

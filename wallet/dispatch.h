/* What is done with a message: every check in its order, the record, the signature.
 *
 *   a message of the protocol - HELLO was said - the connection may ask it - the store is open -
 *   the key's class and the policy - there is an encoder - counted, and recorded - signed
 *
 * Nothing is signed, and no secret given, that was not recorded before. No clock, no socket: the
 * server brings the bytes and the time. While the opener works on a passphrase the answer to that
 * request waits, and only that one.
 */
#ifndef TW_WALLET_DISPATCH_H
#define TW_WALLET_DISPATCH_H

#include "wallet/audit.h"
#include "wallet/opener.h"

/* After a failed secret the next is looked at no sooner than this, then twice that, ... */
#define DISPATCH_WAIT_MS     1000
#define DISPATCH_WAIT_MAX_MS 64000

/* Who asks; the server keeps one for each connection. */
struct dispatch_client {
    uint32_t pid, uid;
    uint32_t caps;
    uint32_t connection; /* its number since the start, from 1 on; 0: the signer itself */
    bool greeted;
};

struct dispatch {
    struct audit *audit;
    struct policy_counters *counters;
    const struct opener *opener;
    struct keyring ring; /* open: unlocked */
    /* what the opener works on; connection 0 and not busy: nothing */
    bool opener_busy, sealed_meanwhile; /* what it opens then is not wanted any more */
    struct dispatch_client asked_by;
    enum wire_type asked_type;
    uint32_t asked_id;
    /* against guessing */
    unsigned failures;
    int64_t next_try_ms; /* boot time */
    bool audit_failed;
};

enum dispatch_next {
    DISPATCH_ANSWER, /* [out] is the reply */
    DISPATCH_END,    /* it is, and then the connection ends */
    DISPATCH_WAIT,   /* dispatch_opened() will have it */
};

/* [d] zeroed but for audit, counters and opener. [out] has WIRE_BUFFER_MAX bytes; a reply has at
 * most WIRE_MESSAGE_MAX of them. */
enum dispatch_next dispatch_message(struct dispatch *d, struct dispatch_client *c,
                                    const uint8_t *bytes, size_t len, struct policy_now now,
                                    uint8_t *out, size_t *ret_len) MUST_CHECK;

/* A refusal that the server decides on: too many requests, too many connections. Recorded. */
void dispatch_refuse(struct dispatch *d, const struct dispatch_client *c, const uint8_t *bytes,
                     size_t len, enum wire_reason reason, struct policy_now now, uint8_t *out,
                     size_t *ret_len);

/* Asks the opener on the signer's own behalf (a passphrase given at the start). */
enum err dispatch_unlock(struct dispatch *d, const uint8_t *message, size_t len) MUST_CHECK;

/* The opener is readable. *ret_connection is who waits for [out], 0: the signer itself; *ret_reason
 * what became of it. ERR_IO: the opener is gone. */
enum err dispatch_opened(struct dispatch *d, struct policy_now now, uint32_t *ret_connection,
                         enum wire_reason *ret_reason, uint8_t *out, size_t *ret_len) MUST_CHECK;

/* Wipes the keys; recorded. */
void dispatch_seal(struct dispatch *d, const struct dispatch_client *by, struct policy_now now);

#endif

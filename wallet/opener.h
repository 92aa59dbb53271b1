/* The process that opens the key store: a child of the one that serves, started before that one
 * gives up its system calls. It alone reads and writes the key store and the policy, stretches
 * passphrases, and holds the data key while it does; then it wipes all of it. What the other one
 * needs to sign goes to it through a socket pair, and nothing else ever does. So the process that
 * clients talk to goes on answering while a passphrase is stretched, and cannot open a file.
 *
 * One request at a time: the bytes of a WIRE_UNLOCK or WIRE_POLICY_SET message.
 */
#ifndef TW_WALLET_OPENER_H
#define TW_WALLET_OPENER_H

#include "wallet/keyring.h"
#include "wallet/sandbox.h"

#include <sys/types.h>

struct opener {
    int fd; /* readable: there is an answer, or it is gone */
    pid_t pid;
};

struct opener_config {
    const char *store, *policy; /* paths */
    bool strict;
    struct sandbox *sandbox; /* the measures taken so far */
    struct secret *not_its;  /* wiped in the opener: it gets what it needs when it is asked */
};

/* Starts it. ERR_IO with a sentence in why[WHY_MAX]. */
enum err opener_start(struct opener *ret, const struct opener_config *c, char *why) MUST_CHECK;

enum err opener_ask(const struct opener *o, const uint8_t *message, size_t len) MUST_CHECK;

struct opener_answer {
    enum wire_reason reason; /* WIRE_ALLOWED: [ring] holds what the store has now */
    char why[WHY_MAX];       /* for the log, where refused */
};

/* Takes the answer, waiting for the rest of it. Where it is good, what [ring] held is wiped first;
 * else it is as it was. ERR_IO: the opener is gone, or there is no room; [ring] is empty. */
enum err opener_take(const struct opener *o, struct keyring *ring,
                     struct opener_answer *ret) MUST_CHECK;

#endif

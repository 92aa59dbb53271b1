/* What there is to be told of the signer. */
#ifndef TW_IO_SIGNER_VIEW_H
#define TW_IO_SIGNER_VIEW_H

#include "model/event.h"

#define SIGNER_WHY_MAX 256

struct signer_view {
    enum signer_state state; /* 0: not known yet, the first answer is being waited for */
    const char *why;         /* a sentence to it, "" while it is open */
    const char *path;        /* of the socket */
    int64_t since_ns;        /* wall clock; 0: not known yet */
    /* as it said last; zeros before */
    uint32_t caps, keys;
    uint64_t generation;     /* of the key store */
    uint8_t policy_hash[32]; /* zeros: no policy, nothing is allowed */
    /* since the start */
    uint64_t connections, requests, refused, late, lost;
};

#endif

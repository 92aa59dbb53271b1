/* Reading a log: block by block, each checked against the one before it. */
#ifndef TW_WALLET_AUDIT_READ_H
#define TW_WALLET_AUDIT_READ_H

#include "wallet/audit.h"
#include "wallet/audit_format.h"

#define AUDIT_WINDOW (256u << 10)

extern const struct audit_os AUDIT_SYSTEM;

/* The end of what has been read: the last block, and the last record in it. */
struct audit_chain {
    uint64_t block, record;
    uint8_t hash[AUDIT_HASH];
};

/* What is wrong with the first thing that is. */
enum audit_fault {
    AUDIT_FINE,
    AUDIT_CHANGED,     /* the bytes are not those that were hashed, or no block at all */
    AUDIT_CUT,         /* the file ends in the middle of a block */
    AUDIT_MISSING,     /* blocks or segments are left out */
    AUDIT_AGAIN,       /* a block that was there before: repeated, or in another order */
    AUDIT_SPLICED,     /* a block that continues another one, or belongs to another segment */
    AUDIT_RECORDS,     /* records that were never written so */
    AUDIT_FORGED,      /* a MAC that is not the store's */
    AUDIT_ROLLED_BACK, /* not what the counter knows */
    AUDIT_UNREADABLE,  /* the disk */
};
const char *audit_fault_name(enum audit_fault f); /* "changed"; never NULL */

struct audit_trouble {
    enum audit_fault fault;
    uint32_t segment;
    uint64_t offset, block;
    uint64_t first, last; /* records: it is one of these */
    char why[WHY_MAX];    /* a sentence, with all of that */
};

/* A segment file that is being read. */
struct audit_reader {
    const struct audit_os *os;
    int fd;
    uint32_t segment;
    uint64_t at;        /* of the next block */
    uint64_t window_at; /* what [window] holds of the file */
    size_t window_len;
    bool failed;
    uint8_t *window; /* AUDIT_WINDOW bytes, the caller's */
};

void audit_reader_init(struct audit_reader *r, const struct audit_os *os, int fd, uint32_t segment,
                       uint8_t *window);

enum audit_step {
    AUDIT_STEP_BLOCK,
    AUDIT_STEP_END, /* zeros, or the end of the file */
    AUDIT_STEP_BAD, /* with fault, offset and a reason in the trouble */
};

/* The next block, whole and with the right hash; [bytes] until the next call. Moves behind it. */
enum audit_step audit_reader_next(struct audit_reader *r, struct audit_block *b,
                                  const uint8_t **bytes, struct audit_trouble *t);

/* Offset behind the last byte that is not zero, from [from] on; [from] where there is none. False:
 * the disk. */
bool audit_reader_used(struct audit_reader *r, uint64_t from, uint64_t *ret);

/* Whether a whole block follows the one before; then moves the chain to it. [t] has the reason. */
bool audit_chain_next(struct audit_chain *c, const struct audit_block *b, uint32_t segment,
                      struct audit_trouble *t);

/* Puts the sentence together, from where in the log it is and [reason]. */
void audit_trouble_say(struct audit_trouble *t, enum audit_fault f, const struct audit_reader *r,
                       const struct audit_chain *c, const char *reason);

#endif

/* What journal.c and journal_read.c share: the bytes of the file. For nobody else. */
#ifndef TW_IO_JOURNAL_FORMAT_H
#define TW_IO_JOURNAL_FORMAT_H

#include "io/journal.h"

#include <sodium.h>

#define JOURNAL_MAGIC       "TWJRNL\r\n"
#define JOURNAL_MAGIC_BYTES 8
#define JOURNAL_HEADER_FIXED                                                                       \
    (JOURNAL_MAGIC_BYTES + 4 + 4) /* magic, version, length of the header */
/* Then, of each segment: its number, when it began, the last record's number before it, the offset
 * at which the one before it ends, and the hash of its last block. */
#define JOURNAL_HEADER_OWN (4 + 8 + 8 + 8 + JOURNAL_HASH_BYTES)
/* Then what all segments have alike. */
#define JOURNAL_BODY_MAX                                                                           \
    (16 + 3 * (2 + JOURNAL_NAME_MAX) + JOURNAL_HASH_BYTES + 4 + JOURNAL_CONFIG_MAX)
#define JOURNAL_HEADER_MAX  (JOURNAL_HEADER_FIXED + JOURNAL_HEADER_OWN + JOURNAL_BODY_MAX + 4)
#define JOURNAL_HEAD_BYTES  9 /* of a record: length, number, type */
#define JOURNAL_TAIL_BYTES  4 /* its checksum */
#define JOURNAL_FRAME_BYTES (JOURNAL_HEAD_BYTES + JOURNAL_TAIL_BYTES)

/* Payload of JOURNAL_BLOCK: number of the block from 1, offset known to be on disk, hash. */
#define JOURNAL_BLOCK_BYTES (8 + 8 + JOURNAL_HASH_BYTES)

/* The running hash of the open block. */
struct journal_chain {
    crypto_generichash_state state; /* needs its alignment of 64 */
    uint8_t last[JOURNAL_HASH_BYTES];
    uint64_t blocks;
};

/* Begins the chain behind a header. */
void journal_chain_start(struct journal_chain *c, const uint8_t *header, size_t len);
void journal_chain_add(struct journal_chain *c, const uint8_t *bytes, size_t len);
/* Ends the open block; its hash is in c->last; the next block is open. */
void journal_chain_block(struct journal_chain *c);

/* Where a segment stands among the others. */
struct journal_place {
    uint32_t segment;
    int64_t begun_ns;    /* wall clock */
    uint64_t number;     /* of the last record before it */
    uint64_t before_end; /* where the one before it ends; 0: there is none */
    uint8_t before[JOURNAL_HASH_BYTES];
};

/* What a header holds that all segments have alike. */
struct journal_body {
    uint8_t *bytes; /* malloc'd */
    size_t len;
};

/* Makes a header of them; returns its length. [out] has JOURNAL_HEADER_MAX bytes. */
size_t journal_header(const struct journal_place *p, const struct journal_body *body, uint8_t *out);

/* A writer that goes on behind [offset]; takes over the descriptor and the body. [path]: of the
 * journal, its first segment's; [head]: where that which the segment begins with ends. */
struct journal_at {
    int fd;
    const char *path;
    const struct journal_chain *chain;
    struct journal_place place;
    struct journal_body body;
    uint64_t offset, number, head;
};
enum err journal_attach(struct journal **ret, const struct journal_at *at,
                        const struct journal_os *os, char *why) MUST_CHECK;

/* Makes the entry of [path] in its directory durable, too. */
int journal_sync_directory(const char *path);

#endif

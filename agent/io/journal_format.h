/* What journal.c and journal_read.c share: the bytes of the file. For nobody else. */
#ifndef TW_IO_JOURNAL_FORMAT_H
#define TW_IO_JOURNAL_FORMAT_H

#include "io/journal.h"

#include <sodium.h>

#define JOURNAL_MAGIC       "TWJRNL\r\n"
#define JOURNAL_MAGIC_BYTES 8
#define JOURNAL_HEADER_FIXED                                                                       \
    (JOURNAL_MAGIC_BYTES + 4 + 4) /* magic, version, length of the header */
#define JOURNAL_HEADER_MAX                                                                         \
    (JOURNAL_HEADER_FIXED + 16 + 3 * (2 + JOURNAL_NAME_MAX) + JOURNAL_HASH_BYTES + 4 +             \
     JOURNAL_CONFIG_MAX + 4)
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

/* A writer that goes on behind [offset]; takes over the descriptor. */
enum err journal_attach(struct journal **ret, int fd, const char *path,
                        const struct journal_chain *chain, uint64_t offset, uint64_t number,
                        const struct journal_os *os, char *why) MUST_CHECK;

#endif

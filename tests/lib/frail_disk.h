/* A disk in memory for the audit log: it loses what was not synced, tears it, fails the nth call,
 * and fills up. One at a time. */
#ifndef TW_TESTS_FRAIL_DISK_H
#define TW_TESTS_FRAIL_DISK_H

#include "base/rng.h"
#include "wallet/audit.h"

#define DISK_FILES 24
#define DISK_DIR   900 /* the descriptor of the directory of segments */

struct disk_file {
    char name[64];
    uint8_t *now, *synced; /* as the program sees it; as a loss of power leaves it at least */
    size_t len, synced_len;
    size_t cap;
    bool there, named;           /* named: its name is on disk, too */
    size_t dirty_from, dirty_to; /* not synced */
};

struct disk {
    struct disk_file file[DISK_FILES];
    unsigned calls;   /* that can fail */
    unsigned fail_at; /* this one does; 0: none */
    int fail_errno;
    bool fail_all;          /* and all after it */
    bool short_writes;      /* a failing write has written half of it */
    size_t capacity;        /* bytes that can be allocated */
    unsigned syncs, writes; /* that worked */
};

extern struct disk disk;
extern const struct audit_os DISK_OS;

void disk_reset(void);
void disk_free(void);

/* The program dies: everything that was written stays. Power is lost: what was not synced is lost;
 * [rng]: or was written in part, sector by sector. */
void disk_power_loss(struct rng *rng);

struct disk_file *disk_find(const char *name); /* NULL */
struct disk_file *disk_make(const char *name);
void disk_put(struct disk_file *f, const void *data, size_t len); /* content, synced */

/* Copies of everything, to come back to. */
struct disk_copy {
    struct disk_file file[DISK_FILES];
};
void disk_save(struct disk_copy *c);
void disk_restore(const struct disk_copy *c);
void disk_copy_free(struct disk_copy *c);

#endif

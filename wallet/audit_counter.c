#include "wallet/audit_counter.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

#define MAGIC        "TWAC"
#define CHECKSUMMED  (AUDIT_COUNTER_SLOT - AUDIT_HASH)
#define PROVED_BYTES (16 + 8 + 8 + AUDIT_HASH + 4 + POLICY_INSTANCES_MAX * 16)

static void put_proved(struct bufw *w, const struct audit_counter *c)
{
    bufw_bytes(w, c->store, sizeof c->store);
    bufw_u64(w, c->generation);
    bufw_u64(w, c->keyed);
    bufw_bytes(w, c->keyed_hash, AUDIT_HASH);
    bufw_u32(w, c->instances);
    for (int i = 0; i < POLICY_INSTANCES_MAX; i++) {
        bufw_u64(w, c->instance[i].instance);
        bufw_u64(w, c->instance[i].upto);
    }
}

bool audit_counter_has_store(const struct audit_counter *c)
{
    return !sodium_is_zero(c->mac, sizeof c->mac);
}

static void mac_of(const struct audit_counter *c, const uint8_t *key, uint8_t out[AUDIT_HASH])
{
    uint8_t bytes[4 + PROVED_BYTES];
    struct bufw w = bufw_make(bytes, sizeof bytes);
    bufw_bytes(&w, MAGIC, 4);
    put_proved(&w, c);
    CHECK(!w.failed && w.len == sizeof bytes);
    audit_hash(bytes, sizeof bytes, key, out);
}

void audit_counter_prove(struct audit_counter *c, const uint8_t *key)
{
    mac_of(c, key, c->mac);
}

bool audit_counter_proved(const struct audit_counter *c, const uint8_t *key)
{
    uint8_t mac[AUDIT_HASH];
    mac_of(c, key, mac);
    return sodium_memcmp(mac, c->mac, AUDIT_HASH) == 0;
}

void audit_counter_encode(const struct audit_counter *c, uint8_t out[AUDIT_COUNTER_SLOT])
{
    memset(out, 0, AUDIT_COUNTER_SLOT);
    struct bufw w = bufw_make(out, CHECKSUMMED);
    bufw_bytes(&w, MAGIC, 4);
    bufw_u32(&w, AUDIT_VERSION);
    bufw_u64(&w, c->writes);
    bufw_u64(&w, c->block);
    bufw_bytes(&w, c->hash, AUDIT_HASH);
    bufw_u32(&w, c->segment);
    put_proved(&w, c);
    bufw_bytes(&w, c->mac, AUDIT_HASH);
    CHECK(!w.failed);
    audit_hash(out, CHECKSUMMED, NULL, out + CHECKSUMMED);
}

enum err audit_counter_decode(const uint8_t in[AUDIT_COUNTER_SLOT], struct audit_counter *ret)
{
    uint8_t hash[AUDIT_HASH];
    struct audit_counter c;
    memset(&c, 0, sizeof c);
    audit_hash(in, CHECKSUMMED, NULL, hash);
    if (memcmp(hash, in + CHECKSUMMED, AUDIT_HASH) != 0)
        return ERR_SYNTAX;
    struct bufr r = bufr_make(in, CHECKSUMMED);
    char magic[4];
    bufr_bytes(&r, magic, 4);
    uint32_t version = bufr_u32(&r);
    c.writes = bufr_u64(&r);
    c.block = bufr_u64(&r);
    bufr_bytes(&r, c.hash, AUDIT_HASH);
    c.segment = bufr_u32(&r);
    bufr_bytes(&r, c.store, sizeof c.store);
    c.generation = bufr_u64(&r);
    c.keyed = bufr_u64(&r);
    bufr_bytes(&r, c.keyed_hash, AUDIT_HASH);
    c.instances = bufr_u32(&r);
    for (int i = 0; i < POLICY_INSTANCES_MAX; i++) {
        c.instance[i].instance = bufr_u64(&r);
        c.instance[i].upto = bufr_u64(&r);
    }
    bufr_bytes(&r, c.mac, AUDIT_HASH);
    if (r.failed || memcmp(magic, MAGIC, 4) != 0 || version != AUDIT_VERSION ||
        c.instances > POLICY_INSTANCES_MAX || c.segment > 99999999u || (c.block && !c.segment) ||
        c.keyed > c.block)
        return ERR_SYNTAX;
    *ret = c;
    return ERR_OK;
}

static bool write_all(const struct audit_os *os, int fd, const uint8_t *p, size_t len, off_t at)
{
    while (len) {
        ssize_t n = os->pwrite(fd, p, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

enum err audit_counter_write(const struct audit_os *os, int fd, struct audit_counter *c)
{
    uint8_t slot[AUDIT_COUNTER_SLOT];
    c->writes++;
    audit_counter_encode(c, slot);
    return write_all(os, fd, slot, sizeof slot, (off_t)(c->writes % 2 * AUDIT_COUNTER_STEP)) &&
                   os->fdatasync(fd) == 0
               ? ERR_OK
               : ERR_IO;
}

static bool read_slot(const struct audit_os *os, int fd, int slot, struct audit_counter *ret,
                      bool *disk, bool *blank)
{
    uint8_t bytes[AUDIT_COUNTER_SLOT];
    size_t have = 0;
    while (have < sizeof bytes) {
        ssize_t n = os->pread(fd, bytes + have, sizeof bytes - have,
                              (off_t)(slot * AUDIT_COUNTER_STEP + (int)have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            *disk = false;
        if (n <= 0)
            return false;
        have += (size_t)n;
        if (!sodium_is_zero(bytes, have))
            *blank = false;
    }
    return audit_counter_decode(bytes, ret) == ERR_OK;
}

enum err audit_counter_open(const struct audit_os *os, const char *path, bool writable, int *ret_fd,
                            struct audit_counter *ret, char *why)
{
    int fd = os->openat(AT_FDCWD, path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return why_say(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%.120s: %s", path,
                       strerror(errno));
    struct audit_counter c[2];
    bool disk = true, blank = true;
    bool good[2] = {read_slot(os, fd, 0, &c[0], &disk, &blank),
                    read_slot(os, fd, 1, &c[1], &disk, &blank)};
    if (!disk || (!good[0] && !good[1])) {
        (void)os->close(fd);
        if (!disk)
            return why_say(why, ERR_IO, "%.120s: cannot be read", path);
        if (blank)
            return why_say(why, ERR_TRUNCATED, "%.120s: was made and never written", path);
        return why_say(why, ERR_CORRUPT,
                       "%.120s: is no counter of an audit log, or was damaged; `tradewind audit "
                       "accept` goes on without it",
                       path);
    }
    *ret = good[0] && (!good[1] || c[0].writes > c[1].writes) ? c[0] : c[1];
    *ret_fd = fd;
    return ERR_OK;
}

/* The file's name is on disk, too. */
static bool sync_directory(const struct audit_os *os, const char *path)
{
    char dir[4096] = ".";
    const char *slash = strrchr(path, '/');
    if (slash && (size_t)(slash - path) < sizeof dir - 1) {
        size_t n = (size_t)(slash - path) + (slash == path);
        memcpy(dir, path, n);
        dir[n] = 0;
    }
    int fd = os->openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool good = os->fsync(fd) == 0;
    (void)os->close(fd);
    return good;
}

enum err audit_counter_create(const struct audit_os *os, const char *path, int *ret_fd,
                              struct audit_counter *ret, char *why)
{
    struct audit_counter c;
    memset(&c, 0, sizeof c);
    int fd = os->openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return why_say(why, errno == ENOSPC ? ERR_FULL : ERR_IO, "%.120s: %s", path,
                       strerror(errno));
    /* Both slots, so that neither is ever missing. */
    if (audit_counter_write(os, fd, &c) || audit_counter_write(os, fd, &c) ||
        !sync_directory(os, path)) {
        enum err e =
            why_say(why, errno == ENOSPC ? ERR_FULL : ERR_IO, "%.120s: %s", path, strerror(errno));
        (void)os->close(fd);
        return e;
    }
    *ret_fd = fd;
    *ret = c;
    return ERR_OK;
}

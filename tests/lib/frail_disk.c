#include "frail_disk.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define SECTOR   512
#define FD_BASE  1000
#define FD_OTHER 901 /* any directory */

struct disk disk;

static bool fails(void)
{
    disk.calls++;
    if (!disk.fail_at || disk.calls < disk.fail_at || (disk.calls > disk.fail_at && !disk.fail_all))
        return false;
    errno = disk.fail_errno;
    return true;
}

static struct disk_file *of(int fd)
{
    CHECK(fd >= FD_BASE && fd < FD_BASE + DISK_FILES);
    return &disk.file[fd - FD_BASE];
}

struct disk_file *disk_find(const char *name)
{
    for (int i = 0; i < DISK_FILES; i++)
        if (disk.file[i].there && strcmp(disk.file[i].name, name) == 0)
            return &disk.file[i];
    return NULL;
}

struct disk_file *disk_make(const char *name)
{
    int i = 0;
    while (i < DISK_FILES && disk.file[i].there)
        i++;
    CHECK(i < DISK_FILES);
    struct disk_file *f = &disk.file[i];
    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    f->there = true;
    return f;
}

static void grow(struct disk_file *f, size_t len)
{
    if (len > f->cap) {
        f->now = realloc(f->now, len);
        f->synced = realloc(f->synced, len);
        CHECK(f->now && f->synced);
        memset(f->now + f->cap, 0, len - f->cap);
        memset(f->synced + f->cap, 0, len - f->cap);
        f->cap = len;
    }
    if (len > f->len)
        f->len = len;
}

static void soil(struct disk_file *f, size_t from, size_t to)
{
    if (f->dirty_from == f->dirty_to) {
        f->dirty_from = from;
        f->dirty_to = to;
    }
    f->dirty_from = from < f->dirty_from ? from : f->dirty_from;
    f->dirty_to = to > f->dirty_to ? to : f->dirty_to;
}

static void settle(struct disk_file *f)
{
    if (f->dirty_to > f->dirty_from)
        memcpy(f->synced + f->dirty_from, f->now + f->dirty_from, f->dirty_to - f->dirty_from);
    f->dirty_from = f->dirty_to = 0;
    f->synced_len = f->len;
}

void disk_put(struct disk_file *f, const void *data, size_t len)
{
    f->len = 0;
    grow(f, len);
    if (len)
        memcpy(f->now, data, len);
    f->len = len;
    f->dirty_from = 0;
    f->dirty_to = len;
    settle(f);
    f->named = true;
}

static int d_openat(int dir, const char *name, int flags, mode_t mode)
{
    (void)dir;
    (void)mode;
    if (flags & O_DIRECTORY)
        return fails() ? -1 : FD_OTHER;
    if ((flags & O_CREAT) && fails())
        return -1;
    struct disk_file *f = disk_find(name);
    if (f && (flags & O_EXCL)) {
        errno = EEXIST;
        return -1;
    }
    if (!f && !(flags & O_CREAT)) {
        errno = ENOENT;
        return -1;
    }
    if (!f)
        f = disk_make(name);
    return FD_BASE + (int)(f - disk.file);
}

static ssize_t d_pread(int fd, void *data, size_t len, off_t at)
{
    struct disk_file *f = of(fd);
    if ((size_t)at >= f->len)
        return 0;
    size_t n = f->len - (size_t)at < len ? f->len - (size_t)at : len;
    memcpy(data, f->now + at, n);
    return (ssize_t)n;
}

static void put(struct disk_file *f, const void *data, size_t len, size_t at)
{
    grow(f, at + len);
    memcpy(f->now + at, data, len);
    soil(f, at, at + len);
}

static ssize_t d_pwrite(int fd, const void *data, size_t len, off_t at)
{
    struct disk_file *f = of(fd);
    if (fails()) {
        if (disk.short_writes)
            put(f, data, len / 2, (size_t)at);
        return -1;
    }
    put(f, data, len, (size_t)at);
    disk.writes++;
    return (ssize_t)len;
}

static int d_fdatasync(int fd)
{
    if (fails())
        return -1;
    settle(of(fd));
    disk.syncs++;
    return 0;
}

static int d_fsync(int fd)
{
    if (fails())
        return -1;
    (void)fd;
    for (int i = 0; i < DISK_FILES; i++)
        disk.file[i].named |= disk.file[i].there;
    return 0;
}

static int d_fallocate(int fd, off_t at, off_t len)
{
    if (fails())
        return errno;
    size_t all = 0, want = (size_t)(at + len);
    struct disk_file *f = of(fd);
    for (int i = 0; i < DISK_FILES; i++)
        all += disk.file[i].there && &disk.file[i] != f ? disk.file[i].len : 0;
    if (all + want > disk.capacity)
        return ENOSPC;
    if (want > f->len) {
        grow(f, want);
        f->synced_len = f->len; /* zeros either way */
    }
    return 0;
}

static int d_close(int fd)
{
    (void)fd;
    return 0;
}

static int d_flock(int fd, int operation)
{
    (void)fd;
    (void)operation;
    return 0;
}

static int d_segments(int dir, uint32_t *lowest, uint32_t *highest)
{
    (void)dir;
    *lowest = *highest = 0;
    for (int i = 0; i < DISK_FILES; i++) {
        const struct disk_file *f = &disk.file[i];
        if (!f->there || !strstr(f->name, ".audit"))
            continue;
        uint32_t n = (uint32_t)strtoul(f->name, NULL, 10);
        if (!*lowest || n < *lowest)
            *lowest = n;
        if (n > *highest)
            *highest = n;
    }
    return 0;
}

const struct audit_os DISK_OS = {d_openat,    d_pread, d_pwrite, d_fdatasync, d_fsync,
                                 d_fallocate, d_close, d_flock,  d_segments};

void disk_free(void)
{
    for (int i = 0; i < DISK_FILES; i++) {
        free(disk.file[i].now);
        free(disk.file[i].synced);
    }
    memset(&disk, 0, sizeof disk);
}

void disk_reset(void)
{
    disk_free();
    disk.capacity = SIZE_MAX / 2;
    disk.fail_errno = EIO;
}

static void lose(struct disk_file *f, struct rng *rng)
{
    for (size_t at = f->dirty_from; at < f->dirty_to;) {
        size_t end = (at / SECTOR + 1) * SECTOR;
        if (end > f->dirty_to)
            end = f->dirty_to;
        if (!rng || rng_u64(rng) % 2)
            memcpy(f->now + at, f->synced + at, end - at);
        at = end;
    }
    if (f->len > f->synced_len)
        f->len = rng && rng_u64(rng) % 2 ? f->len : f->synced_len;
    settle(f);
}

void disk_power_loss(struct rng *rng)
{
    for (int i = 0; i < DISK_FILES; i++) {
        struct disk_file *f = &disk.file[i];
        if (!f->there)
            continue;
        lose(f, rng);
        if (!f->named && (!rng || rng_u64(rng) % 2)) {
            free(f->now);
            free(f->synced);
            memset(f, 0, sizeof *f);
        }
    }
}

static void copy_files(struct disk_file *to, const struct disk_file *from)
{
    for (int i = 0; i < DISK_FILES; i++) {
        to[i] = from[i];
        if (!from[i].cap)
            continue;
        to[i].now = malloc(from[i].cap);
        to[i].synced = malloc(from[i].cap);
        CHECK(to[i].now && to[i].synced);
        memcpy(to[i].now, from[i].now, from[i].cap);
        memcpy(to[i].synced, from[i].synced, from[i].cap);
    }
}

void disk_save(struct disk_copy *c)
{
    copy_files(c->file, disk.file);
}

void disk_restore(const struct disk_copy *c)
{
    for (int i = 0; i < DISK_FILES; i++) {
        free(disk.file[i].now);
        free(disk.file[i].synced);
    }
    copy_files(disk.file, c->file);
}

void disk_copy_free(struct disk_copy *c)
{
    for (int i = 0; i < DISK_FILES; i++) {
        free(c->file[i].now);
        free(c->file[i].synced);
    }
    memset(c, 0, sizeof *c);
}

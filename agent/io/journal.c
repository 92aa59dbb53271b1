/* Writing the journal. */
#include "io/journal.h"

#include "base/check.h"
#include "io/crc32c.h"
#include "io/journal_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The buffer is handed to the system when it holds this much, or when the caller flushes. */
#define FLUSH_AT (64u * 1024u)
#define BUFFER_BYTES                                                                               \
    (FLUSH_AT + JOURNAL_RECORD_MAX + 2u * JOURNAL_FRAME_BYTES + JOURNAL_BLOCK_BYTES)

struct journal {
    struct journal_chain chain; /* first: it wants an alignment of 64 */
    struct journal_os os;
    int fd;
    bool failed, open_record, block_due;
    enum journal_type type;
    uint64_t offset; /* of the file, without the buffer */
    uint64_t synced; /* offset known to be on disk */
    uint64_t number; /* of the last record */
    struct bufw payload;
    size_t len;
    char path[JOURNAL_NAME_MAX];
    char why[JOURNAL_WHY_MAX];
    uint8_t buffer[BUFFER_BYTES];
};

void journal_hash(const void *data, size_t len, uint8_t out[JOURNAL_HASH_BYTES])
{
    crypto_generichash(out, JOURNAL_HASH_BYTES, data, len, NULL, 0);
}

static void chain_open(struct journal_chain *c)
{
    crypto_generichash_init(&c->state, NULL, 0, JOURNAL_HASH_BYTES);
    crypto_generichash_update(&c->state, c->last, JOURNAL_HASH_BYTES);
}

void journal_chain_start(struct journal_chain *c, const uint8_t *header, size_t len)
{
    journal_hash(header, len, c->last);
    c->blocks = 0;
    chain_open(c);
}

void journal_chain_add(struct journal_chain *c, const uint8_t *bytes, size_t len)
{
    crypto_generichash_update(&c->state, bytes, len);
}

void journal_chain_block(struct journal_chain *c)
{
    crypto_generichash_final(&c->state, c->last, JOURNAL_HASH_BYTES);
    c->blocks++;
    chain_open(c);
}

static enum err fail(struct journal *j, const char *what)
{
    int e = errno;
    j->failed = true;
    snprintf(j->why, sizeof j->why, "%s: %s at byte %llu: %s", j->path, what,
             (unsigned long long)j->offset, e == 0 ? "no progress" : strerror(e));
    return ERR_IO;
}

enum err journal_flush(struct journal *j)
{
    CHECK(!j->open_record);
    if (j->failed)
        return ERR_IO;
    size_t done = 0;
    while (done < j->len) {
        errno = 0;
        ssize_t n = j->os.write(j->fd, j->buffer + done, j->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(j, "cannot write");
        done += (size_t)n;
        j->offset += (uint64_t)n;
    }
    j->len = 0;
    return ERR_OK;
}

enum err journal_sync(struct journal *j)
{
    enum err rc = journal_flush(j);
    if (rc != ERR_OK || j->synced == j->offset)
        return rc;
    if (j->os.fdatasync(j->fd) != 0)
        return fail(j, "cannot sync to disk");
    j->synced = j->offset;
    j->block_due = true;
    return ERR_OK;
}

/* Adds a whole record to the buffer, whose payload is there already. */
static void finish_record(struct journal *j, enum journal_type type, size_t len)
{
    uint8_t *head = j->buffer + j->len;
    struct bufw w = bufw_make(head, JOURNAL_HEAD_BYTES);
    j->number++;
    bufw_u32(&w, (uint32_t)len);
    bufw_u32(&w, (uint32_t)j->number);
    bufw_u8(&w, (uint8_t)type);
    size_t all = JOURNAL_HEAD_BYTES + len;
    uint32_t crc = crc32c(0, head, all);
    memcpy(head + all, &crc, sizeof crc);
    all += JOURNAL_TAIL_BYTES;
    if (type != JOURNAL_BLOCK)
        journal_chain_add(&j->chain, head, all);
    j->len += all;
}

/* The first record after a sync says so, and ends the block that was synced. */
static void write_block(struct journal *j)
{
    journal_chain_block(&j->chain);
    struct bufw w = bufw_make(j->buffer + j->len + JOURNAL_HEAD_BYTES, JOURNAL_BLOCK_BYTES);
    bufw_u64(&w, j->chain.blocks);
    bufw_u64(&w, j->synced);
    bufw_bytes(&w, j->chain.last, JOURNAL_HASH_BYTES);
    CHECK(!w.failed);
    finish_record(j, JOURNAL_BLOCK, w.len);
    j->block_due = false;
}

struct bufw *journal_begin(struct journal *j, enum journal_type type)
{
    CHECK(!j->open_record);
    if (j->len >= FLUSH_AT && journal_flush(j) != ERR_OK)
        j->len = 0; /* failed for good: journal_end() says so */
    if (j->block_due && !j->failed)
        write_block(j);
    j->open_record = true;
    j->type = type;
    j->payload = bufw_make(j->buffer + j->len + JOURNAL_HEAD_BYTES, JOURNAL_RECORD_MAX);
    return &j->payload;
}

enum err journal_end(struct journal *j)
{
    CHECK(j->open_record);
    j->open_record = false;
    if (j->failed)
        return ERR_IO;
    if (j->payload.failed) {
        j->failed = true;
        snprintf(j->why, sizeof j->why, "%s: record %llu would be larger than %u bytes", j->path,
                 (unsigned long long)j->number + 1, JOURNAL_RECORD_MAX);
        return ERR_FULL;
    }
    finish_record(j, j->type, j->payload.len);
    return ERR_OK;
}

bool journal_dirty(const struct journal *j)
{
    return j->synced != j->offset + j->len;
}

uint64_t journal_number(const struct journal *j)
{
    return j->number;
}

uint64_t journal_size(const struct journal *j)
{
    return j->offset + j->len;
}

const char *journal_why(const struct journal *j)
{
    return j->why;
}

static ssize_t system_write(int fd, const void *data, size_t len)
{
    return write(fd, data, len);
}
static const struct journal_os SYSTEM = {.write = system_write, .fdatasync = fdatasync};

enum err journal_attach(struct journal **ret, int fd, const char *path,
                        const struct journal_chain *chain, uint64_t offset, uint64_t number,
                        const struct journal_os *os, char *why)
{
    struct journal *j = aligned_alloc(64, (sizeof *j + 63) / 64 * 64);
    if (!j) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", path);
        return ERR_NOMEM;
    }
    memset(j, 0, offsetof(struct journal, buffer));
    j->chain = *chain;
    j->os = os ? *os : SYSTEM;
    j->fd = fd;
    j->offset = offset;
    j->synced = offset; /* the callers have synced what is there */
    j->number = number;
    snprintf(j->path, sizeof j->path, "%s", path);
    *ret = j;
    return ERR_OK;
}

/* The header's bytes; 0 where something does not fit. */
static size_t make_header(const struct journal_info *info, uint8_t *out, size_t cap)
{
    uint8_t hash[JOURNAL_HASH_BYTES];
    journal_hash(info->config, info->config_len, hash);
    if (info->config_len > JOURNAL_CONFIG_MAX || strlen(info->build) > JOURNAL_NAME_MAX ||
        strlen(info->config_name) > JOURNAL_NAME_MAX || strlen(info->config_dir) > JOURNAL_NAME_MAX)
        return 0;
    struct bufw w = bufw_make(out, cap);
    bufw_bytes(&w, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES);
    bufw_u32(&w, JOURNAL_VERSION);
    bufw_u32(&w, 0); /* length, below */
    bufw_i64(&w, info->created_ns);
    bufw_u64(&w, info->seed);
    bufw_text(&w, info->build);
    bufw_text(&w, info->config_name);
    bufw_text(&w, info->config_dir);
    bufw_bytes(&w, hash, sizeof hash);
    bufw_u32(&w, (uint32_t)info->config_len);
    bufw_bytes(&w, info->config, info->config_len);
    CHECK(!w.failed);
    uint32_t all = (uint32_t)w.len + 4;
    memcpy(out + JOURNAL_MAGIC_BYTES + 4, &all, sizeof all);
    bufw_u32(&w, crc32c(0, out, w.len));
    CHECK(!w.failed);
    return w.len;
}

/* Makes the directory's entry durable, too. */
static int sync_directory_of(const char *path)
{
    char dir[JOURNAL_NAME_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof dir)
        return -1;
    memcpy(dir, path, n);
    dir[n] = 0;
    int fd = open(n ? dir : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    close(fd);
    return rc;
}

enum err journal_create(struct journal **ret, const char *path, const struct journal_info *info,
                        const struct journal_os *os, char *why)
{
    const struct journal_os *use = os ? os : &SYSTEM;
    char fresh[JOURNAL_NAME_MAX + 8];
    if (strlen(path) >= JOURNAL_NAME_MAX) {
        snprintf(why, JOURNAL_WHY_MAX, "the journal's path is longer than %d bytes",
                 JOURNAL_NAME_MAX - 1);
        return ERR_RANGE;
    }
    if (access(path, F_OK) == 0) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: exists already", path);
        return ERR_EXISTS;
    }
    uint8_t *header = malloc(JOURNAL_HEADER_MAX);
    if (!header) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", path);
        return ERR_NOMEM;
    }
    enum err rc = ERR_IO;
    struct journal_chain *chain = aligned_alloc(64, (sizeof *chain + 63) / 64 * 64);
    int fd = -1;
    size_t len = make_header(info, header, JOURNAL_HEADER_MAX);
    if (!chain) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", path);
        rc = ERR_NOMEM;
        goto done;
    }
    if (len == 0) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: the configuration or a name is too long for the header",
                 path);
        rc = ERR_RANGE;
        goto done;
    }
    /* Under another name until it is on disk: a journal never has half a header. */
    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || use->write(fd, header, len) != (ssize_t)len || use->fdatasync(fd) != 0 ||
        rename(fresh, path) != 0 || sync_directory_of(path) != 0) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: cannot be made: %s", path,
                 errno ? strerror(errno) : "short write");
        if (fd >= 0)
            unlink(fresh);
        goto done;
    }
    journal_chain_start(chain, header, len);
    rc = journal_attach(ret, fd, path, chain, len, 0, os, why);
    if (rc == ERR_OK)
        fd = -1;
done:
    if (fd >= 0)
        close(fd);
    free(chain);
    free(header);
    return rc;
}

enum err journal_close(struct journal *j)
{
    if (!j)
        return ERR_OK;
    enum err rc = journal_sync(j);
    if (rc == ERR_OK && j->block_due) {
        write_block(j); /* vouches for everything before it */
        rc = journal_sync(j);
    }
    if (close(j->fd) != 0 && rc == ERR_OK)
        rc = ERR_IO;
    free(j);
    return rc;
}

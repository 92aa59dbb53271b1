/* The files of a journal: their names, their headers, and making the first. */
#include "base/check.h"
#include "io/crc32c.h"
#include "io/journal.h"
#include "io/journal_format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDING ".twj"
#define DIGITS 6 /* of a segment's number in its name */

/* ---- names ---- */

bool journal_segment_path(const char *path, uint32_t n, char *out)
{
    size_t len = strlen(path), end = strlen(ENDING);
    bool named = len > end && strcmp(path + len - end, ENDING) == 0;
    if (len >= JOURNAL_NAME_MAX || n == 0 || n > JOURNAL_SEGMENTS || (n > 1 && !named) ||
        (n > 1 && len + 1 + DIGITS >= JOURNAL_NAME_MAX))
        return false;
    if (n == 1)
        memcpy(out, path, len + 1);
    else
        snprintf(out, JOURNAL_NAME_MAX, "%.*s.%0*lu" ENDING, (int)(len - end), path, DIGITS,
                 (unsigned long)n);
    return true;
}

void journal_segment_of(const char *file, char *base, uint32_t *n)
{
    size_t len = strlen(file), end = strlen(ENDING), tail = 1 + DIGITS + end;
    snprintf(base, JOURNAL_NAME_MAX, "%s", file);
    *n = 1;
    if (len <= tail || len >= JOURNAL_NAME_MAX || strcmp(file + len - end, ENDING) != 0 ||
        file[len - tail] != '.')
        return;
    const char *digits = file + len - tail + 1;
    uint32_t number = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return;
        number = number * 10 + (uint32_t)(digits[i] - '0');
    }
    if (number < 2)
        return;
    *n = number;
    snprintf(base + (len - tail), JOURNAL_NAME_MAX - (len - tail), ENDING);
}

static size_t directory_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    snprintf(out, JOURNAL_NAME_MAX, "%.*s", (int)n, path);
    if (n == 0)
        snprintf(out, JOURNAL_NAME_MAX, "%s", slash ? "/" : ".");
    return slash ? n + 1 : 0;
}

enum err journal_segments(const char *path, uint32_t *first, uint32_t *last)
{
    char dir[JOURNAL_NAME_MAX], base[JOURNAL_NAME_MAX];
    if (strlen(path) >= JOURNAL_NAME_MAX)
        return ERR_RANGE;
    const char *name = path + directory_of(path, dir);
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    uint32_t low = 0, high = 0;
    struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        uint32_t n;
        if (strlen(e->d_name) >= sizeof base)
            continue;
        journal_segment_of(e->d_name, base, &n);
        if (strcmp(base, name) != 0)
            continue;
        low = low == 0 || n < low ? n : low;
        high = n > high ? n : high;
    }
    closedir(d);
    if (high == 0)
        return ERR_NOT_FOUND;
    *first = low;
    *last = high;
    return ERR_OK;
}

int journal_sync_directory(const char *path)
{
    char dir[JOURNAL_NAME_MAX];
    directory_of(path, dir);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    close(fd);
    return rc;
}

/* ---- headers ---- */

void journal_hash(const void *data, size_t len, uint8_t out[JOURNAL_HASH_BYTES])
{
    crypto_generichash(out, JOURNAL_HASH_BYTES, data, len, NULL, 0);
}

size_t journal_header(const struct journal_place *p, const struct journal_body *body, uint8_t *out)
{
    struct bufw w = bufw_make(out, JOURNAL_HEADER_MAX);
    bufw_bytes(&w, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES);
    bufw_u32(&w, JOURNAL_VERSION);
    bufw_u32(&w, (uint32_t)(JOURNAL_HEADER_FIXED + JOURNAL_HEADER_OWN + body->len + 4));
    bufw_u32(&w, p->segment);
    bufw_i64(&w, p->begun_ns);
    bufw_u64(&w, p->number);
    bufw_u64(&w, p->before_end);
    bufw_bytes(&w, p->before, JOURNAL_HASH_BYTES);
    bufw_bytes(&w, body->bytes, body->len);
    CHECK(!w.failed);
    bufw_u32(&w, crc32c(0, out, w.len));
    CHECK(!w.failed);
    return w.len;
}

/* ERR_RANGE where something does not fit. */
static enum err make_body(const struct journal_info *info, struct journal_body *ret)
{
    uint8_t hash[JOURNAL_HASH_BYTES];
    if (info->config_len > JOURNAL_CONFIG_MAX || strlen(info->build) > JOURNAL_NAME_MAX ||
        strlen(info->config_name) > JOURNAL_NAME_MAX || strlen(info->config_dir) > JOURNAL_NAME_MAX)
        return ERR_RANGE;
    uint8_t *bytes = malloc(JOURNAL_BODY_MAX);
    if (!bytes)
        return ERR_NOMEM;
    journal_hash(info->config, info->config_len, hash);
    struct bufw w = bufw_make(bytes, JOURNAL_BODY_MAX);
    bufw_i64(&w, info->created_ns);
    bufw_u64(&w, info->seed);
    bufw_text(&w, info->build);
    bufw_text(&w, info->config_name);
    bufw_text(&w, info->config_dir);
    bufw_bytes(&w, hash, sizeof hash);
    bufw_u32(&w, (uint32_t)info->config_len);
    bufw_bytes(&w, info->config, info->config_len);
    CHECK(!w.failed);
    *ret = (struct journal_body){bytes, w.len};
    return ERR_OK;
}

/* ---- making the first ---- */

/* Under another name until it is on disk: a journal never has half a header. */
static int put_header(const char *path, const uint8_t *header, size_t len,
                      const struct journal_os *os)
{
    char fresh[JOURNAL_NAME_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    errno = 0;
    if ((os ? os->write(fd, header, len) : write(fd, header, len)) == (ssize_t)len &&
        (os ? os->fdatasync(fd) : fdatasync(fd)) == 0 && rename(fresh, path) == 0 &&
        journal_sync_directory(path) == 0)
        return fd;
    int e = errno;
    close(fd);
    unlink(fresh);
    errno = e;
    return -1;
}

static enum err create(struct journal **ret, const char *path, struct journal_body *body,
                       int64_t created_ns, const struct journal_os *os, char *why)
{
    uint8_t *header = malloc(JOURNAL_HEADER_MAX);
    struct journal_chain *chain = aligned_alloc(64, (sizeof *chain + 63) / 64 * 64);
    struct journal_at at = {.fd = -1,
                            .path = path,
                            .chain = chain,
                            .place = {.segment = 1, .begun_ns = created_ns},
                            .body = *body};
    enum err rc = header && chain ? ERR_OK : ERR_NOMEM;
    if (rc == ERR_OK) {
        at.offset = at.head = journal_header(&at.place, body, header);
        at.fd = put_header(path, header, at.offset, os);
        if (at.fd < 0) {
            snprintf(why, JOURNAL_WHY_MAX, "%s: cannot be made: %s", path,
                     errno ? strerror(errno) : "short write");
            rc = ERR_IO;
        } else {
            journal_chain_start(chain, header, at.offset);
            rc = journal_attach(ret, &at, os, why);
        }
    } else {
        snprintf(why, JOURNAL_WHY_MAX, "%s: out of memory", path);
    }
    if (rc != ERR_OK && at.fd >= 0)
        close(at.fd);
    free(chain);
    free(header);
    return rc;
}

enum err journal_create(struct journal **ret, const char *path, const struct journal_info *info,
                        const struct journal_os *os, char *why)
{
    if (strlen(path) + 1 + DIGITS >= JOURNAL_NAME_MAX) {
        snprintf(why, JOURNAL_WHY_MAX, "the journal's path is longer than %d bytes",
                 JOURNAL_NAME_MAX - 2 - DIGITS);
        return ERR_RANGE;
    }
    uint32_t first, last;
    if (access(path, F_OK) == 0 || journal_segments(path, &first, &last) == ERR_OK) {
        snprintf(why, JOURNAL_WHY_MAX, "%s: exists already", path);
        return ERR_EXISTS;
    }
    struct journal_body body = {NULL, 0};
    enum err rc = make_body(info, &body);
    if (rc == ERR_OK)
        rc = create(ret, path, &body, info->created_ns, os, why);
    else
        snprintf(why, JOURNAL_WHY_MAX, "%s: %s", path,
                 rc == ERR_NOMEM ? "out of memory"
                                 : "the configuration or a name is too long for the header");
    if (rc != ERR_OK)
        free(body.bytes);
    return rc;
}

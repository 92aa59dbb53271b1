/* The key store on disk: replaced as a whole or not at all. */
#include "wallet/keystore.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYSTORE_PATH_MAX 1024

static enum err fail(char *why, enum err e, const char *path, const char *what)
{
    snprintf(why, KEYSTORE_WHY_MAX, "%.140s: %s: %s", path, what, strerror(errno));
    return e;
}

/* [path] with [suffix]; false where it is too long. */
static bool beside(char *out, const char *path, const char *suffix)
{
    return snprintf(out, KEYSTORE_PATH_MAX, "%s%s", path, suffix) < KEYSTORE_PATH_MAX;
}

enum err keystore_read(struct keystore *ret, const char *path, char *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, path, "cannot be opened");
    struct stat st;
    enum err e = ERR_OK;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        errno = EINVAL;
        e = fail(why, ERR_IO, path, "is not a plain file");
    } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        snprintf(why, KEYSTORE_WHY_MAX,
                 "%.140s: others may read or write it; allowed: mode 0600 (chmod 600)", path);
        e = ERR_RANGE;
    } else if (!(bytes = malloc(KEYSTORE_FILE_MAX + 1))) {
        e = fail(why, ERR_NOMEM, path, "cannot be read");
    }
    while (!e && len <= KEYSTORE_FILE_MAX) {
        ssize_t n = read(fd, bytes + len, KEYSTORE_FILE_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            e = fail(why, ERR_IO, path, "cannot be read");
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    close(fd);
    if (!e) {
        char what[KEYSTORE_WHY_MAX];
        e = keystore_parse(ret, bytes, len, what);
        if (e)
            snprintf(why, KEYSTORE_WHY_MAX, "%.100s: %.150s", path, what);
    }
    free(bytes);
    return e;
}

static enum err sync_directory(const char *path, char *why)
{
    char copy[KEYSTORE_PATH_MAX];
    (void)beside(copy, path, "");
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        enum err e = fail(why, ERR_IO, path, "its directory cannot be synced");
        if (fd >= 0)
            close(fd);
        return e;
    }
    close(fd);
    return ERR_OK;
}

static enum err write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        bytes += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

/* The store that stands there keeps its name as .previous: a link first, so that there is no moment
 * without one. */
static enum err keep_previous(const char *path, char *why)
{
    char previous[KEYSTORE_PATH_MAX];
    if (!beside(previous, path, ".previous"))
        return fail(why, ERR_RANGE, path, "the path is too long");
    if (unlink(previous) != 0 && errno != ENOENT)
        return fail(why, ERR_IO, previous, "cannot be removed");
    if (link(path, previous) != 0)
        return fail(why, ERR_IO, previous, "cannot be made");
    return ERR_OK;
}

enum err keystore_write(struct keystore *k, const char *path, bool create, char *why)
{
    char temporary[KEYSTORE_PATH_MAX];
    if (!beside(temporary, path, ".new") || strlen(path) + 10 >= KEYSTORE_PATH_MAX) {
        errno = ENAMETOOLONG;
        return fail(why, ERR_RANGE, path, "cannot be written");
    }
    if (create && access(path, F_OK) == 0) {
        snprintf(why, KEYSTORE_WHY_MAX, "%.140s: is there already; it is not replaced", path);
        return ERR_EXISTS;
    }
    uint8_t *bytes = malloc(KEYSTORE_FILE_MAX);
    size_t len = 0;
    enum err e = bytes ? keystore_encode(k, bytes, &len) : ERR_NOMEM;
    if (e) {
        free(bytes);
        snprintf(why, KEYSTORE_WHY_MAX, "%.140s: cannot be written: %s", path, err_name(e));
        return e;
    }
    (void)unlink(temporary); /* what an interrupted write left */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write_all(fd, bytes, len) != ERR_OK)
        e = fail(why, ERR_IO, temporary, "cannot be written");
    if (fd >= 0 && close(fd) != 0 && !e)
        e = fail(why, ERR_IO, temporary, "cannot be written");
    if (!e && !create)
        e = keep_previous(path, why);
    if (!e && rename(temporary, path) != 0)
        e = fail(why, ERR_IO, path, "cannot be replaced");
    if (!e)
        e = sync_directory(path, why);
    if (e)
        (void)unlink(temporary);
    free(bytes);
    return e;
}

void keystore_confirm(const char *path)
{
    char previous[KEYSTORE_PATH_MAX];
    if (beside(previous, path, ".previous"))
        (void)unlink(previous);
}

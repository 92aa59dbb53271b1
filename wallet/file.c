#include "wallet/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_beside(char *out, const char *path, const char *suffix)
{
    return snprintf(out, FILE_PATH_MAX, "%s%s", path, suffix) < FILE_PATH_MAX;
}

enum err file_fail(char *why, enum err e, const char *path, const char *what)
{
    return why_say(why, e, "%.140s: %s: %s", path, what, strerror(errno));
}

static enum err read_all(int fd, const char *path, uint8_t *bytes, size_t cap, size_t *ret_len,
                         char *why)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t n = read(fd, bytes + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_fail(why, ERR_IO, path, "cannot be read");
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return ERR_OK;
}

enum err file_read(const char *path, size_t max, uint8_t **ret_bytes, size_t *ret_len, char *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return file_fail(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, path, "cannot be opened");
    struct stat st;
    enum err e = ERR_OK;
    uint8_t *bytes = NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        errno = EINVAL;
        e = file_fail(why, ERR_IO, path, "is not a plain file");
    } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        e = why_say(why, ERR_RANGE,
                    "%.140s: others may read or write it; allowed: mode 0600 (chmod 600)", path);
    } else if (!(bytes = malloc(max + 1))) {
        e = file_fail(why, ERR_NOMEM, path, "cannot be read");
    } else {
        e = read_all(fd, path, bytes, max + 1, ret_len, why);
    }
    close(fd);
    if (e)
        free(bytes);
    else
        *ret_bytes = bytes;
    return e;
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

static enum err write_file(const char *path, const uint8_t *bytes, size_t len, char *why)
{
    enum err e = ERR_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write_all(fd, bytes, len) != ERR_OK)
        e = file_fail(why, ERR_IO, path, "cannot be written");
    if (fd >= 0 && close(fd) != 0 && !e)
        e = file_fail(why, ERR_IO, path, "cannot be written");
    return e;
}

enum err file_write_new(const char *path, const uint8_t *bytes, size_t len, char *why)
{
    (void)unlink(path);
    return write_file(path, bytes, len, why);
}

enum err file_create(const char *path, const uint8_t *bytes, size_t len, char *why)
{
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return file_fail(why, ERR_IO, path, "cannot be made");
    }
    enum err e = write_file(path, bytes, len, why);
    if (!e)
        e = file_sync_directory(path, why);
    if (e)
        (void)unlink(path);
    return e;
}

enum err file_sync_directory(const char *path, char *why)
{
    char copy[FILE_PATH_MAX];
    (void)file_beside(copy, path, "");
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = ERR_OK;
    if (fd < 0 || fsync(fd) != 0)
        e = file_fail(why, ERR_IO, path, "its directory cannot be synced");
    if (fd >= 0)
        close(fd);
    return e;
}

enum err file_keep(const char *path, const char *name, char *why)
{
    if (unlink(name) != 0 && errno != ENOENT)
        return file_fail(why, ERR_IO, name, "cannot be removed");
    if (link(path, name) != 0)
        return file_fail(why, ERR_IO, name, "cannot be made");
    return ERR_OK;
}

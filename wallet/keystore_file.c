/* The key store on disk: replaced as a whole or not at all. */
#include "wallet/file.h"
#include "wallet/keystore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err keystore_read(struct keystore *ret, const char *path, char *why)
{
    char what[KEYSTORE_WHY_MAX];
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum err e = file_read(path, KEYSTORE_FILE_MAX, &bytes, &len, why);
    if (e)
        return e;
    e = keystore_parse(ret, bytes, len, what);
    if (e)
        snprintf(why, KEYSTORE_WHY_MAX, "%.100s: %.150s", path, what);
    free(bytes);
    return e;
}

enum err keystore_write(struct keystore *k, const char *path, bool create, char *why)
{
    char temporary[FILE_PATH_MAX], previous[FILE_PATH_MAX];
    if (!file_beside(temporary, path, ".new") || !file_beside(previous, path, ".previous")) {
        errno = ENAMETOOLONG;
        return file_fail(why, ERR_RANGE, path, "cannot be written");
    }
    if (create && access(path, F_OK) == 0)
        return why_say(why, ERR_EXISTS, "%.140s: is there already; it is not replaced", path);
    uint8_t *bytes = malloc(KEYSTORE_FILE_MAX);
    size_t len = 0;
    enum err e = bytes ? keystore_encode(k, bytes, &len) : ERR_NOMEM;
    if (e) {
        free(bytes);
        return why_say(why, e, "%.140s: cannot be written: %s", path, err_name(e));
    }
    e = file_write_new(temporary, bytes, len, why);
    free(bytes);
    if (!e && !create)
        e = file_keep(path, previous, why);
    if (!e && rename(temporary, path) != 0)
        e = file_fail(why, ERR_IO, path, "cannot be replaced");
    if (!e)
        e = file_sync_directory(path, why);
    if (e)
        (void)unlink(temporary);
    return e;
}

void keystore_confirm(const char *path)
{
    char previous[FILE_PATH_MAX];
    if (file_beside(previous, path, ".previous"))
        (void)unlink(previous);
}

#include "io/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (256 * 1024)

static enum err fail(const char *path, char *why, const char *what)
{
    snprintf(why, OUTFILE_WHY_MAX, "%s: %s: %s", path, what, strerror(errno));
    return ERR_IO;
}

enum err outfile_open(struct outfile *o, const char *path, char *why)
{
    *o = (struct outfile){.f = NULL};
    struct stat st;
    if (strlen(path) >= sizeof o->path) {
        errno = ENAMETOOLONG;
        return fail(path, why, "cannot be written");
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        snprintf(why, OUTFILE_WHY_MAX, "%s: is not a file that could be replaced", path);
        return ERR_IO;
    }
    memcpy(o->path, path, strlen(path) + 1);
    snprintf(o->temporary, sizeof o->temporary, "%s.new-%ld", path, (long)getpid());
    int fd = open(o->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail(path, why, "cannot be written");
    o->f = fdopen(fd, "w");
    if (!o->f) {
        enum err e = fail(path, why, "cannot be written");
        close(fd);
        unlink(o->temporary);
        return e;
    }
    (void)setvbuf(o->f, NULL, _IOFBF, BUFFER_BYTES); /* a wish: without it writing is slower */
    return ERR_OK;
}

enum err outfile_commit(struct outfile *o, char *why)
{
    /* Only the first failure tells why: later calls would overwrite errno. */
    errno = ENOSPC;
    bool good = !ferror(o->f) && fflush(o->f) == 0 && fsync(fileno(o->f)) == 0;
    int reason = errno;
    if (fclose(o->f) != 0 && good) {
        good = false;
        reason = errno;
    }
    o->f = NULL;
    if (good && rename(o->temporary, o->path) != 0) {
        good = false;
        reason = errno;
    }
    if (good)
        return ERR_OK;
    unlink(o->temporary);
    errno = reason;
    return fail(o->path, why, "cannot be written");
}

void outfile_discard(struct outfile *o)
{
    if (!o->f)
        return;
    fclose(o->f);
    o->f = NULL;
    unlink(o->temporary);
}
